"""The Probe protocol: the seam between where events come from and everything above.

A probe says what it can give here and why not the rest, starts a plan, gives batches, tells its statistics, and closes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from kindling.catalogue.model import Definition
from kindling.enrich.objects import Descriptor, Thread

Records = npt.NDArray[np.void]


@dataclass(frozen=True, slots=True)
class Loss:
    """Events that had to be dropped: of which event, how many, why, and since when (CLOCK_MONOTONIC nanoseconds)."""

    event: str
    count: int
    cause: str
    since: int


@dataclass(frozen=True, slots=True)
class RawBatch:
    """What a probe delivers: records in time order, their variable parts, the objects they are the first to refer to.

    `records` has the dtype `layout.RECORD`; its `data` is an offset into `data`. `clock_offset` added to a record's
    `time` gives nanoseconds since the epoch.
    """

    records: Records
    data: bytes = b""
    threads: Sequence[Thread] = ()
    descriptors: Sequence[Descriptor] = ()
    losses: Sequence[Loss] = ()
    clock_offset: int = 0


@dataclass(frozen=True, slots=True)
class Slots:
    """Which definition a record's `event` number stands for, with the captures its variable part was made by."""

    definitions: Mapping[int, Definition]
    machine: str = "x86_64"


@dataclass(frozen=True, slots=True)
class Refusal:
    """An event that this probe cannot give here, and why, with what to do about it."""

    event: str
    reason: str


@dataclass(frozen=True, slots=True)
class ProbeStatistics:
    """What a probe did so far. Losses are counted by (event, cause)."""

    events: int = 0
    lost: int = 0
    losses: Mapping[tuple[str, str], int] = field(default_factory=dict)
    objects: int = 0
    drains: int = 0
    buffer_bytes: int = 0
    kernel_nanoseconds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a subscription asks of a probe.

    `filter` is the part of the filter that the kernel evaluates (`layout.FILTER` instructions: those about the thread,
    and those about the event). `follow` are processes whose threads and descendants alone are wanted; None for all.
    """

    definitions: Sequence[Definition]
    only: Mapping[str, int] = field(default_factory=dict)
    """Events that are wanted on some kinds of descriptors alone: name to a mask of the bits (mode >> 12)."""
    snaplen: int = 0
    latency: bool = True
    arguments_limit: int = 4096
    environment_limit: int = 0
    thread_filter: Records | None = None
    event_filter: Records | None = None
    follow: Sequence[int] | None = None
    follow_from_exec: Sequence[int] = ()
    """Processes that are followed once they have executed another program."""
    exclude: Sequence[int] = ()
    exclude_children: bool = False
    ring_bytes: int = 8 << 20
    account: bool = False


class Probe(Protocol):
    """Where events come from."""

    name: str

    def refusals(self, definitions: Sequence[Definition]) -> Sequence[Refusal]:
        """Those of `definitions` that cannot be had here, each with its reason."""
        ...

    def start(self, wanted: Wanted) -> Slots:
        """Begin to deliver what is wanted. Raises ProbeError if nothing can be delivered at all."""
        ...

    def change(self, wanted: Wanted) -> Slots:
        """Deliver something else from now on, without a gap for what was wanted before and still is."""
        ...

    def next_batch(self, timeout: float) -> RawBatch | None:
        """The next records, after at most `timeout` seconds (then perhaps empty); None when there will be no more."""
        ...

    def flush(self) -> RawBatch:
        """Stop capturing, and give all that was still in the buffers."""
        ...

    def resend_objects(self) -> None:
        """Send every object again when it is next referred to: the tables above have forgotten some."""
        ...

    def statistics(self) -> ProbeStatistics:
        """Counts so far."""
        ...

    def close(self) -> None:
        """Detach everything from the kernel and free it. May be called twice."""
        ...
