"""Counts, errors and times per group of events, added up batch by batch without a step per event."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from kindling.catalogue.model import Definition
from kindling.enrich.objects import Descriptor, Thread
from kindling.probes import layout
from kindling.stream.batch import Batch, Indexed

STEPS = 16
"""Buckets for each doubling of a time: what a percentile says is off by 1/32 at most."""
BUCKETS = 48 * STEPS
"""Up to 2^48 nanoseconds: more than three days."""

MAX_GROUPS = 4096
"""Groups that are kept apart; the rest is one group, so that memory is bounded."""

OTHERS = "(others)"

Label = tuple[Hashable, ...]


@dataclass(frozen=True, slots=True)
class Figures:
    """One group. Times are nanoseconds; None where no event of the group has one."""

    label: Label
    calls: int
    errors: int
    time: int
    timed: int
    p50: int | None
    p95: int | None
    p99: int | None
    max: int | None

    @property
    def mean(self) -> int | None:
        """The mean time of a call."""
        return self.time // self.timed if self.timed else None


class Aggregate:
    """Adds up batches by what `key` gives for their rows: labels, None for rows that do not count."""

    def __init__(self, key: Callable[[Batch], Indexed]) -> None:
        self._key = key
        self._numbers: dict[object, int] = {}
        self._labels: list[Label] = []
        self._reserve(64)

    def _reserve(self, size: int) -> None:
        self._calls = np.zeros(size, np.int64)
        self._errors = np.zeros(size, np.int64)
        self._time = np.zeros(size, np.int64)
        self._timed = np.zeros(size, np.int64)
        self._max = np.zeros(size, np.int64)
        self._times = np.zeros((size, BUCKETS), np.uint32)

    def _columns(self) -> list[npt.NDArray[Any]]:
        return [self._calls, self._errors, self._time, self._timed, self._max, self._times]

    def _grow(self) -> None:
        before = self._columns()
        size = len(self._calls)
        self._reserve(size * 2)
        for old, new in zip(before, self._columns(), strict=True):
            new[:size] = old

    def _number(self, label: object) -> int:
        number = self._numbers.get(label)
        if number is None:
            if len(self._labels) >= MAX_GROUPS:
                label = (OTHERS,)
                number = self._numbers.get(label)
                if number is not None:
                    return number
            number = self._numbers[label] = len(self._labels)
            self._labels.append(label)  # type: ignore[arg-type]
            if number >= len(self._calls):
                self._grow()
        return number

    def add(self, batch: Batch) -> None:
        """Count the events of a batch."""
        if not len(batch):
            return
        indexed = self._key(batch)
        numbers = np.array([-1 if label is None else self._number(label) for label in indexed.values], np.int64)
        group = numbers[indexed.index]
        records = batch.records
        keep = group >= 0
        if not keep.all():
            group, records = group[keep], records[keep]
        groups = len(self._labels)
        self._calls[:groups] += np.bincount(group, minlength=groups)
        ret = records["ret"]
        failed = (ret < 0) & (ret >= -4095) & ~_without_result(batch)[records["event"]]
        self._errors[:groups] += np.bincount(group[failed], minlength=groups)
        timed = records["latency"] != layout.NO_LATENCY
        latency = records["latency"][timed].astype(np.int64)
        group = group[timed]
        self._timed[:groups] += np.bincount(group, minlength=groups)
        # Exact for sums up to 2^53 ns in one batch, which is a hundred days.
        self._time[:groups] += np.bincount(group, latency, minlength=groups).astype(np.int64)
        np.maximum.at(self._max, group, latency)
        cells, counts = np.unique(group * BUCKETS + bucket(latency), return_counts=True)
        self._times.reshape(-1)[cells] += counts.astype(np.uint32)

    def clear(self) -> None:
        """Start anew."""
        self._numbers.clear()
        self._labels.clear()
        self._reserve(len(self._calls))

    def figures(self) -> list[Figures]:
        """One for each group that has events."""
        found = []
        for number, label in enumerate(self._labels):
            timed = int(self._timed[number])
            most = int(self._max[number])
            shares = _percentiles(self._times[number], timed, (0.5, 0.95, 0.99))
            p50, p95, p99 = (most if timed == 1 else None if share is None else min(share, most) for share in shares)
            found.append(
                Figures(
                    label,
                    int(self._calls[number]),
                    int(self._errors[number]),
                    int(self._time[number]),
                    timed,
                    p50,
                    p95,
                    p99,
                    most if timed else None,
                )
            )
        return [figures for figures in found if figures.calls]


def bucket(times: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Which bucket each time (nanoseconds) falls into."""
    mantissa, exponent = np.frexp(np.maximum(times, 0).astype(np.float64))
    found = (exponent.astype(np.int64) - 1) * STEPS + ((mantissa * 2 - 1) * STEPS).astype(np.int64)
    return np.clip(found, 0, BUCKETS - 1)


def middle(number: int) -> int:
    """The time in the middle of a bucket."""
    exponent, step = divmod(number, STEPS)
    return int(2.0**exponent * (1 + (step + 0.5) / STEPS))


def _percentiles(times: npt.NDArray[np.uint32], count: int, shares: Sequence[float]) -> list[int | None]:
    if not count:
        return [None for _ in shares]
    sums = np.cumsum(times, dtype=np.int64)
    return [middle(int(np.searchsorted(sums, max(1, int(np.ceil(share * count)))))) for share in shares]


def _without_result(batch: Batch) -> npt.NDArray[np.bool_]:
    """By slot: events whose `ret` means nothing."""
    found = np.zeros(1 << 16, np.bool_)
    for slot, definition in batch.definitions.items():
        found[slot] = definition.result is None
    return found


# Keys -----------------------------------------------------------------------------------------------------------------


def _by_event(batch: Batch) -> Indexed:
    column = batch.definition_index
    return Indexed(column.index, [(d.name,) if isinstance(d, Definition) else None for d in column.values])


def _by_process(batch: Batch) -> Indexed:
    pids, index = np.unique(batch.records["pid"], return_inverse=True)
    return Indexed(index, [(int(pid),) for pid in pids])


def _by_descriptor(batch: Batch) -> Indexed:
    column = batch.descriptor_index
    return Indexed(column.index, [_place(d) if isinstance(d, Descriptor) else None for d in column.values])


def _place(descriptor: Descriptor) -> Label:
    """What a descriptor stands for: a path, or a connection's server, whatever port the client had."""
    kind = descriptor.protocol or descriptor.type
    if descriptor.path is None and descriptor.dip is not None:
        host = f"[{descriptor.dip}]" if ":" in descriptor.dip else descriptor.dip
        return kind, f"{host}:{descriptor.dport}".encode() if descriptor.dport else host.encode()
    return descriptor.type, descriptor.name


def _by_container(batch: Batch) -> Indexed:
    column = batch.thread_index
    return Indexed(
        column.index, [(t.container_id or "host",) if isinstance(t, Thread) else ("unknown",) for t in column.values]
    )


KEYS: Mapping[str, Callable[[Batch], Indexed]] = {
    "event": _by_event,
    "process": _by_process,
    "fd": _by_descriptor,
    "container": _by_container,
}
"""What events can be counted by, as --by names it."""
