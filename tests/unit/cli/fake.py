"""A probe that plays what a test gives it: a live one, as far as the command line can tell."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from kindling.catalogue.model import Definition
from kindling.catalogue.registry import catalogue
from kindling.enrich.objects import Descriptor, Thread
from kindling.probes import layout
from kindling.probes.base import Loss, ProbeStatistics, RawBatch, Refusal, Slots, Wanted
from kindling.probes.plan import slot_of

CLOCK = 1_766_430_000_000_000_000

THREADS = (
    Thread(tid=812, pid=812, ppid=1, comm=b"nginx", uid=33, gid=33, exe=b"/usr/sbin/nginx"),
    Thread(tid=815, pid=812, ppid=1, comm=b"nginx: \x1b[2Jhi", uid=33, gid=33, exe=b"/usr/sbin/nginx"),
    Thread(tid=900, pid=900, ppid=812, comm=b"cat", uid=0, gid=0, container_id="0123456789abcdef" * 4),
)
DESCRIPTORS = (
    Descriptor(id=1, type="file", path=b"/etc/host\nname", inode=7),
    Descriptor(
        id=2, type="ipv4", protocol="tcp", role="server", sip="127.0.0.1", sport=51842, dip="127.0.0.1", dport=80
    ),
)


def piece(number: int, content: bytes, marks: int = 0) -> bytes:
    """One copied piece, padded as in the ring."""
    return (bytes((number, marks)) + len(content).to_bytes(2, "little") + content).ljust(
        (4 + len(content) + 7) & ~7, b"\0"
    )


@dataclass
class Made:
    """One event to be."""

    name: str
    args: Sequence[int] = ()
    ret: int = 0
    latency: int | None = 1834
    tid: int = 812
    fd: int | None = None
    object: int = 0
    pieces: Mapping[int, bytes] = field(default_factory=dict)
    marks: int = 0
    at: int = 0


READ = Made("read", (7, 0x1000, 1024), ret=78, fd=7, object=2)
OPEN = Made(
    "openat", (-100 & 0xFFFFFFFFFFFFFFFF, 0x1000, 0o2000000), ret=3, fd=3, object=1, pieces={1: b"/etc/host\nname"}
)
FAILED = Made(
    "openat", (-100 & 0xFFFFFFFFFFFFFFFF, 0x1000, 0), ret=-2, latency=25_000_000, tid=815, pieces={1: b"/no\x1b"}
)
EXIT = Made("process_exit", (0x100, 1), latency=None, tid=900)
CALLS = (READ, OPEN, FAILED, EXIT)


class FakeProbe:
    """A live probe whose events are given: `rounds` of batches, then silence until it is flushed."""

    name = "fake"

    def __init__(self) -> None:
        self.rounds: list[Sequence[Made]] = [CALLS]
        self.losses: list[Loss] = []
        self.refused: dict[str, str] = {}
        self.error: Exception | None = None
        self.wanted: Wanted | None = None
        self.closed = False
        self._events = self._lost = 0
        self._time = 1_000

    def refusals(self, definitions: Sequence[Definition]) -> Sequence[Refusal]:
        return [Refusal(d.name, self.refused[d.name]) for d in definitions if d.name in self.refused]

    def start(self, wanted: Wanted) -> Slots:
        if self.error is not None:
            raise self.error
        self.wanted = wanted
        return self._slots(wanted)

    def change(self, wanted: Wanted) -> Slots:
        self.wanted = wanted
        return self._slots(wanted)

    def _slots(self, wanted: Wanted) -> Slots:
        slots = {slot_of(d, "x86_64"): d for d in wanted.definitions}
        return Slots({slot: d for slot, d in slots.items() if slot is not None})

    def next_batch(self, timeout: float) -> RawBatch | None:
        if not self.rounds:
            time.sleep(min(timeout, 0.001))
            return RawBatch(np.empty(0, layout.RECORD), clock_offset=CLOCK)
        return self._batch(self.rounds.pop(0))

    def _batch(self, made: Sequence[Made]) -> RawBatch:
        assert self.wanted is not None
        names = {d.name for d in self.wanted.definitions}
        made = [m for m in made if m.name in names]
        records, data = np.zeros(len(made), layout.RECORD), b""
        threads = {thread.tid: thread for thread in THREADS}
        for row, m in zip(records, made, strict=True):
            self._time += 1000
            row["event"] = slot_of(catalogue().get(m.name), "x86_64") or 0
            row["time"] = m.at or self._time
            row["ret"], row["tid"], row["pid"] = m.ret, m.tid, threads[m.tid].pid
            row["latency"] = layout.NO_LATENCY if m.latency is None else m.latency
            row["fd"] = layout.NO_FD if m.fd is None else m.fd
            row["object"], row["marks"] = m.object, m.marks
            row["args"][: len(m.args)] = m.args
            copied = b"".join(piece(number, content) for number, content in m.pieces.items())
            row["data"], row["length"] = len(data), len(copied)
            data += copied
        losses, self.losses = self.losses, []
        self._events += len(records)
        self._lost += sum(loss.count for loss in losses)
        return RawBatch(records, data, THREADS, DESCRIPTORS, losses, CLOCK)

    def flush(self) -> RawBatch:
        rest, self.rounds = [m for made in self.rounds for m in made], []
        return self._batch(rest)

    def resend_objects(self) -> None:
        """It sends all of them with every batch."""

    def statistics(self) -> ProbeStatistics:
        return ProbeStatistics(
            events=self._events, lost=self._lost, losses={("read", "ring_full"): self._lost} if self._lost else {}
        )

    def close(self) -> None:
        self.closed = True


@dataclass
class Ran:
    """What a command line did."""

    status: int
    out: str
    err: str


Run = Callable[..., Ran]
