"""The replay probe: events from a capture file, through the same protocol as events from the kernel."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from kindling.catalogue.model import Definition
from kindling.catalogue.own import EVENTS, LOSS_CAUSE
from kindling.catalogue.text import escape
from kindling.enrich.objects import Descriptor, Thread, ThreadKey
from kindling.errors import ProbeError
from kindling.probes import layout
from kindling.probes.base import ProbeStatistics, RawBatch, Records, Refusal, Slots, Wanted
from kindling.probes.capture_format import CaptureInfo
from kindling.probes.capture_reader import RawCapture, looks_like_capture
from kindling.probes.ipc import Input
from kindling.probes.plan import LOST_SLOT
from kindling.probes.scap.reader import ScapCapture, looks_like_scap

HEAD = 1 << 16
"""Bytes from the beginning of a file that a format is recognised by."""


MAX_LOSSES = 4096
"""Kinds of losses that are counted apart."""

LOST = next(definition for definition in EVENTS if definition.name == "lost")

_FILE_TYPES = {
    **dict.fromkeys(("ipv4", "ipv6", "unix", "netlink", "packet", "socket"), stat.S_IFSOCK >> 12),
    "pipe": stat.S_IFIFO >> 12,
    "file": stat.S_IFREG >> 12,
    "directory": stat.S_IFDIR >> 12,
    "char": stat.S_IFCHR >> 12,
    "block": stat.S_IFBLK >> 12,
    "symlink": stat.S_IFLNK >> 12,
}
"""File types (mode >> 12) of descriptors, which `Wanted.only` speaks of; anonymous inodes have none."""


class Recording(Protocol):
    """What a file format must give: `RawCapture` is the example."""

    name: str
    problem: str | None
    notes: list[str]
    definitions: dict[int, Definition]
    damaged_events: int
    anew: bool
    info: CaptureInfo

    def ready(self, timeout: float) -> bool: ...

    def next_batch(self) -> RawBatch | None: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Format:
    """A file format: how it is recognised by its first bytes, and what reads it with these definitions."""

    name: str
    recognises: Callable[[bytes], bool]
    open: Callable[[Input, Iterable[Definition] | None], Recording]


FORMATS: tuple[Format, ...] = (
    Format("Kindling capture", looks_like_capture, RawCapture),
    Format("sysdig capture", looks_like_scap, ScapCapture),
)
"""The formats that can be replayed, tried in this order."""


def open_recording(path: str | os.PathLike[str], known: Iterable[Definition] | None = None) -> Recording:
    """The file, or standard input ("-"), in whichever format it is. Raises CaptureError."""
    source = Input(path)
    try:
        head = source.peek(HEAD)
        for format in FORMATS:
            if format.recognises(head):
                return format.open(source, known)
        # The reader of our own format has the best words for what is wrong with a file.
        return RawCapture(source, known)
    except BaseException:
        source.close()
        raise


class ReplayProbe:
    """Events from a capture file or standard input ("-").

    Gives records, data and objects as they were recorded, narrowed to what is wanted. There is no kernel to evaluate
    filters: a plan with some is refused, so the caller keeps the whole filter to itself. `problem` says what is wrong
    with the file, as far as it was read. Raises CaptureError if the file cannot be read at all. `known` are the
    definitions to use, by default the catalogue's.
    """

    name = "replay"

    def __init__(self, path: str | os.PathLike[str], known: Iterable[Definition] | None = None) -> None:
        self._recording = open_recording(path, known)
        self._wanted: Wanted | None = None
        self._names: set[tuple[str, str]] = set()
        self._pass = np.zeros(layout.LOST_MARKER + 1, np.bool_)
        self._decided: dict[int, Definition] = {}
        self._slots: dict[int, Definition] = {}
        self._followed: set[int] = set()
        self._excluded: set[int] = set()
        self._threads: dict[ThreadKey, Thread] = {}
        self._descriptors: dict[int, Descriptor] = {}
        self._resend = False
        self._stopped = False
        self._events = self._objects = self._drains = 0
        self._losses: dict[tuple[str, str], int] = {}

    @property
    def info(self) -> CaptureInfo:
        """Where and when the capture was made."""
        return self._recording.info

    @property
    def definitions(self) -> Mapping[int, Definition]:
        """All events that the file holds or may hold, each once, by slot: also those that no catalogue has."""
        # A capture of another tool has several definitions of an event, which differ in what was captured of it.
        once: dict[tuple[str, str], int] = {}
        for slot, definition in self._recording.definitions.items():
            once.setdefault(_name(definition), slot)
        return {slot: self._recording.definitions[slot] for slot in once.values()}

    @property
    def problem(self) -> str | None:
        """What is wrong with the file, None if nothing was found yet."""
        return self._recording.problem

    @property
    def notes(self) -> Sequence[str]:
        """What of the events this version of Kindling cannot decode."""
        return self._recording.notes

    def refusals(self, definitions: Sequence[Definition]) -> Sequence[Refusal]:
        """Those of `definitions` that were not recorded."""
        held = {_name(definition) for definition in self.definitions.values()}
        return [
            Refusal(definition.name, f"{self._recording.name} does not hold it; it must be asked for when recording")
            for definition in definitions
            if _name(definition) not in held and definition.name != "lost"
        ]

    def start(self, wanted: Wanted) -> Slots:
        """Begin to deliver what is wanted. The slots' table grows if the file brings more events later."""
        self._followed.clear()
        self._excluded.clear()
        return self.change(wanted)

    def change(self, wanted: Wanted) -> Slots:
        """Deliver something else from the next batch on."""
        if wanted.thread_filter is not None or wanted.event_filter is not None:
            raise ProbeError("a capture file has no kernel that could filter; evaluate the whole filter on the batches")
        self._wanted = wanted
        # Whoever would be followed from its next program on is followed from the start: the file is about it anyway.
        self._followed |= {*(wanted.follow or ()), *wanted.follow_from_exec}
        self._excluded |= set(wanted.exclude)
        self._names = {_name(definition) for definition in wanted.definitions}
        self._decided.clear()
        self._slots.clear()
        self._decide()
        return Slots(self._slots, self.info.machine)

    def _decide(self) -> None:
        """Sort the events that came to be known since the last time into wanted and not."""
        for slot, definition in self._recording.definitions.items():
            if self._decided.get(slot) is not definition:
                self._decided[slot] = definition
                # What was lost is told to everyone.
                self._pass[slot] = _name(definition) in self._names or definition.name == "lost"
                if self._pass[slot]:
                    self._slots[slot] = definition
                else:
                    self._slots.pop(slot, None)

    def next_batch(self, timeout: float) -> RawBatch | None:
        """The file's next batch; an empty one if a pipe gives nothing for `timeout` seconds; None at the end."""
        if self._wanted is None:
            raise ProbeError("the probe was not started; call start first")
        if self._stopped:
            return None
        if not self._recording.ready(timeout):
            return RawBatch(np.empty(0, layout.RECORD))
        batch = self._recording.next_batch()
        if batch is None:
            self._stopped = True
            return None
        return self._narrowed(batch)

    def _narrowed(self, batch: RawBatch) -> RawBatch:
        threads, descriptors = self._remember(batch)
        self._decide()
        self._count_losses(batch)
        records = batch.records
        keep = self._pass[records["event"]]
        assert self._wanted is not None
        if self._wanted.follow is not None or self._wanted.follow_from_exec:
            _add_descendants(self._followed, threads)
            keep &= _among(records["pid"], self._followed) | self._is_lost()[records["event"]]
        if self._excluded:
            if self._wanted.exclude_children:
                _add_descendants(self._excluded, threads)
            keep &= ~_among(records["pid"], self._excluded)
        if self._wanted.only:
            keep &= self._on_wanted_types(records)
        if not keep.all():
            records = np.take(records, np.flatnonzero(keep))
        if batch.losses:
            self._slots.setdefault(LOST_SLOT, LOST)
        self._events += len(records)
        self._objects += len(threads) + len(descriptors)
        self._drains += 1
        return RawBatch(records, batch.data, threads, descriptors, batch.losses, batch.clock_offset)

    def _remember(self, batch: RawBatch) -> tuple[Sequence[Thread], Sequence[Descriptor]]:
        """The objects to send with this batch: its own, and all others in use when they were asked for anew."""
        if self._recording.anew:
            self._threads, self._descriptors = {}, {}
        self._threads.update((thread.key, thread) for thread in batch.threads)
        self._descriptors.update((descriptor.id, descriptor) for descriptor in batch.descriptors)
        if not self._resend:
            return batch.threads, batch.descriptors
        self._resend = False
        return tuple(self._threads.values()), tuple(self._descriptors.values())

    def _on_wanted_types(self, records: Records) -> npt.NDArray[np.bool_]:
        """Which records are about a descriptor of a type on which their event is wanted, or about an unknown one."""
        assert self._wanted is not None
        masks = np.full(layout.LOST_MARKER + 1, 0xFFFF, np.int64)
        for slot, definition in self._slots.items():
            masks[slot] = self._wanted.only.get(definition.name, 0xFFFF)
        identities, index = np.unique(records["object"], return_inverse=True)
        known = [self._descriptors.get(identity) for identity in identities.tolist()]
        bits = np.array([0xFFFF if d is None else 1 << _FILE_TYPES.get(d.type, 0) for d in known], np.int64)
        wanted: npt.NDArray[np.bool_] = (masks[records["event"]] & bits[index]) != 0
        return wanted

    def _is_lost(self) -> npt.NDArray[np.bool_]:
        mask = np.zeros(layout.LOST_MARKER + 1, np.bool_)
        mask[[slot for slot, definition in self._slots.items() if definition.name == "lost"]] = True
        return mask

    def _count_losses(self, batch: RawBatch) -> None:
        records, data = batch.records, batch.data
        for loss in batch.losses:
            self._lose(loss.event, loss.cause, loss.count)
        for slot, definition in self._slots.items():
            if definition.name == "lost" and definition.arguments[:3] == LOST.arguments[:3]:
                for row in np.flatnonzero(records["event"] == slot).tolist():
                    count, _, cause = records["args"][row, :3].tolist()
                    start = int(records["data"][row]) + layout.DATA_HEADER.itemsize
                    name = data[start : start + int.from_bytes(data[start - 2 : start], "little")]
                    self._lose(escape(name) or "*", str(LOSS_CAUSE.decode(cause)), count)

    def _lose(self, event: str, cause: str, count: int) -> None:
        if (event, cause) not in self._losses and len(self._losses) >= MAX_LOSSES:
            event, cause = "*", "other"
        self._losses[event, cause] = self._losses.get((event, cause), 0) + count

    def flush(self) -> RawBatch:
        """Stop reading. Nothing is held back, so nothing is given."""
        self._stopped = True
        return RawBatch(np.empty(0, layout.RECORD))

    def resend_objects(self) -> None:
        """Send every object again with the next batch."""
        self._resend = True

    def statistics(self) -> ProbeStatistics:
        """Counts so far. Losses are those that were recorded, and events of damaged batches as the cause "damaged"."""
        losses = dict(self._losses)
        if self._recording.damaged_events:
            losses["*", "damaged"] = self._recording.damaged_events
        return ProbeStatistics(
            events=self._events, lost=sum(losses.values()), losses=losses, objects=self._objects, drains=self._drains
        )

    def close(self) -> None:
        """Close the file. May be called twice."""
        self._stopped = True
        self._recording.close()


def _name(definition: Definition) -> tuple[str, str]:
    return str(definition.source), definition.name


def _add_descendants(pids: set[int], threads: Sequence[Thread]) -> None:
    """Add the descendants of these processes; a child may stand before its parent."""
    while found := {thread.pid for thread in threads if thread.ppid in pids and thread.pid not in pids}:
        pids |= found


def _among(pids: npt.NDArray[np.uint32], wanted: set[int]) -> npt.NDArray[np.bool_]:
    return np.isin(pids, np.array(sorted(pid for pid in wanted if 0 <= pid < 1 << 32), np.uint32))
