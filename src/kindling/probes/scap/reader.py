"""Reads a capture of sysdig or Falco (.scap) as the records, data and objects that the probes of a kernel give."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from kindling.catalogue.model import Definition
from kindling.errors import CaptureError
from kindling.probes.base import RawBatch
from kindling.probes.capture_format import CaptureInfo
from kindling.probes.ipc import Input
from kindling.probes.scap import blocks, lists
from kindling.probes.scap.blocks import Events
from kindling.probes.scap.columns import pair_up
from kindling.probes.scap.records import Recorder
from kindling.probes.scap.shapes import Shapes
from kindling.probes.scap.source import Source, unpacked
from kindling.probes.scap.state import State
from kindling.probes.scap.table import events

FIRST_PIECE, PIECE = 1 << 20, 4 << 20
"""Bytes of the capture that one batch is made of: few at first, so that the first event comes at once."""

MAX_WAITING = 65_536
"""Calls that have not returned, of which the entry is kept."""

MAX_INTERRUPTIONS = 4096
"""Lists that may stand behind the first events: sysdig writes them at the beginning, and there only."""

_FIRST_KINDS = blocks.KNOWN - {blocks.SECTION}


def looks_like_scap(head: bytes) -> bool:
    """Whether a file that begins with `head` may be a capture of sysdig's: pcapng, but with blocks of its own."""
    head = unpacked(head)
    if len(head) < 12 or int.from_bytes(head[:4], "little") != blocks.SECTION:
        return False
    order = "little"
    if int.from_bytes(head[8:12], "little") == blocks.SWAPPED_MAGIC:
        order = "big"
    elif int.from_bytes(head[8:12], "little") != blocks.MAGIC:
        return False
    length = int.from_bytes(head[4:8], order)  # type: ignore[arg-type]
    following = head[length : length + 4]
    if len(following) < 4:
        # All that is there is the section's header, or a part of it.
        return len(head) <= length + 4
    return int.from_bytes(following, order) in _FIRST_KINDS  # type: ignore[arg-type]


class ScapCapture:
    """A capture of sysdig or Falco, as raw batches.

    Calls come at their return with the parameters of both sides; threads and descriptors are rebuilt from the capture's
    lists and calls. What is damaged ends the batches without an exception: `problem` then says what is missing. Raises
    CaptureError if nothing of the file can be read. `known` are the definitions to use, by default the catalogue's.
    """

    def __init__(self, source: Input, known: Iterable[Definition] | None = None) -> None:
        self.name = source.name
        self.problem: str | None = None
        self.notes: list[str] = []
        self.damaged_events = 0
        self.anew = False
        """Objects are never sent anew: versions and ids are used once in a file."""
        self._source = Source(source)
        self._shapes = Shapes(known)
        self.definitions = self._shapes.definitions
        """The events that the capture holds or may hold, by slot; grows while reading."""
        self._state = State()
        self._recorder = Recorder(self._state, self._shapes)
        self._buffer = b""
        self._at = 0
        self._passed = 0
        self._complete = False
        self._ended = False
        self._carried: list[bytes] = []
        self._entered = np.zeros(max(events()) + 2, np.bool_)
        self._machine: lists.Machine | None = None
        self._untold: dict[str, int] = {}
        self._unreturned = 0
        self._unknown = 0
        self._events = 0
        self._listing = False
        self._interruptions = 0
        self.info = CaptureInfo(clock="CLOCK_REALTIME")
        try:
            self._open()
        except BaseException:
            self._source.close()
            raise

    def _open(self) -> None:
        self._fill(FIRST_PIECE, 24)
        head = self._buffer[:24]
        if len(head) >= 12 and int.from_bytes(head[8:12], "little") == blocks.SWAPPED_MAGIC:
            raise CaptureError(
                f"{self.name} was made on a big-endian machine, which cannot be read here; sysdig can neither"
            )
        if len(head) < 24:
            raise CaptureError(f"{self.name} ends within its first bytes, so nothing of it can be read")
        self._section(head)
        start = 0
        while not self._ended:
            # The lists come before the events; they tell where the capture was made.
            found = blocks.walk(self._buffer, self._at)
            if found.starts:
                at = found.starts[0]
                at += blocks.EVENT_HEADERS[int.from_bytes(self._buffer[at : at + 4], "little")][0]
                start = int.from_bytes(self._buffer[at : at + 8], "little")
            if found.starts or found.damage or (found.kind is None and self._complete):
                break
            self._advance(found)
        hostname = self._machine.hostname.decode("utf-8", "backslashreplace") if self._machine else ""
        self.info = CaptureInfo(hostname=hostname, start=min(start, (1 << 63) - 1), clock="CLOCK_REALTIME")

    def _section(self, head: bytes) -> None:
        major = int.from_bytes(head[12:14], "little")
        if int.from_bytes(head[8:12], "little") != blocks.MAGIC:
            raise CaptureError(f"{self.name} is no capture of sysdig's: its header is damaged")
        if major > blocks.MAJOR_VERSION:
            raise CaptureError(
                f"{self.name} was made by a newer sysdig (its format is {major}, known here is {blocks.MAJOR_VERSION})"
            )

    def ready(self, timeout: float) -> bool:
        """Whether `next_batch` will find something at once, after at most `timeout` seconds."""
        return self._ended or self._complete or self._at < len(self._buffer) or self._source.ready(timeout)

    def next_batch(self) -> RawBatch | None:
        """The next batch; None at the end, or where the damage begins."""
        while not self._ended:
            found = blocks.walk(self._buffer, self._at)
            batch = self._batch(found) if found.starts else None
            self._advance(found)
            if batch is not None:
                return batch
        return None

    def _fill(self, wanted: int, least: int) -> None:
        """Read until `wanted` bytes are there, or the end, or `least` and all that a pipe has now."""
        parts = [self._buffer[self._at :]]
        self._passed += self._at
        self._at = 0
        have = len(parts[0])
        while not self._complete and (have < least or (have < wanted and self._source.ready(0))):
            part = self._source.some(max(wanted, least) - have)
            if not part:
                self._complete = True
                break
            parts.append(part)
            have += len(part)
        self._buffer = b"".join(parts)

    def _advance(self, found: blocks.Walk) -> None:
        """Go on behind the events of `found`, and read the block that stands there."""
        self._at = found.next
        if found.damage is not None:
            self._finish(f"damaged at byte {self._passed + self._at}: {found.damage}; what is before it was read")
        elif found.kind is not None:
            self._at += found.length
            self._interruptions += self._events > 0
            if self._interruptions > MAX_INTERRUPTIONS:
                self._finish("damaged: lists stand between its events again and again; what is before them was read")
                return
            self._block(found.kind, self._buffer[found.next + 8 : found.next + found.length - 4])
        elif self._complete:
            left = len(self._buffer) - self._at
            self._finish(
                f"cut off: it ends within a block ({left} bytes of it are there); what is before it was read"
                if left
                else None
            )
        elif not found.starts:
            self._fill(PIECE, found.needed)

    def _finish(self, problem: str | None) -> None:
        self._ended = True
        if self._source.damage is not None:
            problem = f"damaged: {self._source.damage}; what is before it was read"
        if problem is not None:
            self._tell(problem)
        if self._carried:
            self._unreturned += len(self._carried)
        if self._untold:
            told = ", ".join(f"{count} {name}" for name, count in sorted(self._untold.items()))
            self.notes.append(f"not shown, for they are no events of the catalogue: {told}")
        if self._unknown:
            self.notes.append(f"not shown: {self._unknown} events of kinds that a newer sysdig has added")
        if self._unreturned:
            self.notes.append(f"not shown: {self._unreturned} calls whose return was not captured")
        if self._state.forgotten:
            self.notes.append(f"{self._state.forgotten} threads or descriptors were too many and are not known")

    def _tell(self, problem: str) -> None:
        # The first problem says most; later ones are often its consequence.
        self.problem = self.problem or f"{self.name} is {problem}"

    def _block(self, kind: int, content: bytes) -> None:
        """Read a block that is no event."""
        damaged = False
        if kind in blocks.MACHINE:
            self._machine = lists.machine(content) or self._machine
        elif kind in blocks.PROCESSES:
            self._listing = True
            for process in lists.processes(content, blocks.PROCESSES[kind]):
                if process is None:
                    damaged = True
                else:
                    self._state.list_process(process)
        elif kind in blocks.DESCRIPTORS:
            self._listing = True
            tid, entries = lists.descriptors(content, blocks.DESCRIPTORS[kind])
            whole = list(entries)
            damaged = None in whole
            self._state.list_descriptors(tid, [entry for entry in whole if entry is not None])
        elif kind == blocks.SECTION:
            # Captures that were written one behind the other: each begins with lists of its own.
            self._state.clear()
            self._carried = []
        if damaged:
            self._tell("damaged in its lists: some threads or descriptors are not known")

    def _batch(self, found: blocks.Walk) -> RawBatch | None:
        if self._listing:
            self._state.listed()
            self._listing = False
        base = sum(len(block) for block in self._carried)
        shift = base - self._at
        starts: list[int] = []
        at = 0
        for block in self._carried:
            starts.append(at)
            at += len(block)
        carried = len(starts)
        starts += [start + shift for start in found.starts]
        region = b"".join((*self._carried, self._buffer[self._at : found.next]))
        events_ = blocks.read_events(np.frombuffer(region, np.uint8), starts)
        return self._converted(events_, region, carried)

    def _converted(self, found: Events, region: bytes, carried: int) -> RawBatch | None:
        self._events += len(found.start) - carried
        self._unknown += found.unknown
        if found.damaged:
            self.damaged_events += found.damaged
            self._tell(f"damaged: {found.damaged} or more events do not fit into their blocks and are left out")
        pairing = pair_up(found, carried)
        self._entered[found.number[(found.group >= 0) & (found.number & 1 == 0)]] = True
        self._unreturned += pairing.unreturned
        for name, count in pairing.untold.items():
            self._untold[name] = self._untold.get(name, 0) + count
        batch = None
        if len(pairing.rows):
            number = found.number[pairing.rows]
            expected = (pairing.entries < 0) & (number & 1 == 1) & self._entered[number & ~1]
            batch = self._recorder.batch(found, pairing, expected)
            if self._recorder.left_out:
                self.damaged_events += self._recorder.left_out
                self._recorder.left_out = 0
                self._tell("damaged: some events are of no kind that any sysdig writes and are left out")
        waiting = pairing.waiting
        if len(waiting) > MAX_WAITING:
            self._unreturned += len(waiting) - MAX_WAITING
            waiting = waiting[-MAX_WAITING:]
        self._carried = [
            region[start:end]
            for start, end in zip(found.start[waiting].tolist(), found.end[waiting].tolist(), strict=True)
        ]
        return batch

    def close(self) -> None:
        """Close the file. May be called twice."""
        self._ended = True
        self._source.close()
