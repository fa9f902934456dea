"""Batch: many events as columns. The unit that travels; `Event` objects are made from it on demand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from kindling.catalogue.model import Definition
from kindling.catalogue.tables.common import errno_name
from kindling.catalogue.types import Call, Copy, Value
from kindling.enrich.objects import Descriptor, Objects, Thread
from kindling.errors import MissingPackageError
from kindling.probes import layout
from kindling.probes.base import Records
from kindling.probes.layout import Mark

if TYPE_CHECKING:
    import pandas
    import pyarrow

    from kindling.stream.event import Event

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Indexed:
    """A column whose rows refer to few distinct values: row i has `values[index[i]]`."""

    index: Indices
    values: Sequence[object]


class Batch:
    """Events in time order, as columns.

    `batch["latency"]` is a NumPy array; names are those of the filter fields (`kindling events --fields`) and the short
    ones of the JSON form: timestamp, name, latency, ret, cpu, pid, tid, fd. Iterating gives `Event` objects.
    """

    def __init__(
        self,
        records: Records,
        data: bytes,
        definitions: Mapping[int, Definition],
        objects: Objects,
        clock_offset: int,
        machine: str = "x86_64",
    ) -> None:
        self.records = records
        self.data = data
        self.definitions = definitions
        self.objects = objects
        self.clock_offset = clock_offset
        self.machine = machine

    def __len__(self) -> int:
        return len(self.records)

    def __bool__(self) -> bool:
        return len(self.records) > 0

    def __iter__(self) -> Iterator[Event]:
        from kindling.stream.event import Event

        for row in range(len(self.records)):
            yield Event(self, row)

    def event(self, row: int) -> Event:
        """The event in row `row`."""
        from kindling.stream.event import Event

        return Event(self, range(len(self.records))[row])

    def select(self, rows: npt.NDArray[np.bool_] | Indices) -> Batch:
        """The rows for which the mask holds (or with these indices), as a batch that shares everything else."""
        # Taking whole rows is several times faster than indexing, which copies field by field.
        chosen = np.take(self.records, np.flatnonzero(rows) if rows.dtype == np.bool_ else rows)
        return Batch(chosen, self.data, self.definitions, self.objects, self.clock_offset, self.machine)

    def slice(self, start: int, stop: int) -> Batch:
        """Rows `start` to `stop`, as a batch that shares everything."""
        return Batch(
            self.records[start:stop], self.data, self.definitions, self.objects, self.clock_offset, self.machine
        )

    @cached_property
    def timestamp(self) -> npt.NDArray[np.int64]:
        """Nanoseconds since the epoch at which each event completed."""
        return self.records["time"].astype(np.int64) + self.clock_offset

    @cached_property
    def definition_index(self) -> Indexed:
        """Each row's definition."""
        events = self.records["event"]
        slots = np.flatnonzero(np.bincount(events))
        places = np.zeros(slots[-1] + 1 if len(slots) else 0, np.int64)
        places[slots] = np.arange(len(slots))
        return Indexed(places[events], [self.definitions[int(slot)] for slot in slots])

    @cached_property
    def thread_index(self) -> Indexed:
        """Each row's `Thread`, None where its description was lost."""
        keys = self.records["tid"].astype(np.uint64) << np.uint64(32) | self.records["thread"]
        unique, index = np.unique(keys, return_inverse=True)
        threads = self.objects.threads
        return Indexed(index, [threads.get((int(k) >> 32, int(k) & 0xFFFFFFFF)) for k in unique])

    @cached_property
    def descriptor_index(self) -> Indexed:
        """Each row's `Descriptor`, None where the event has none or it is not known."""
        unique, index = np.unique(self.records["object"], return_inverse=True)
        descriptors = self.objects.descriptors
        return Indexed(index, [descriptors.get(int(k)) if k else None for k in unique])

    def thread(self, row: int) -> Thread | None:
        """The thread of row `row`."""
        record = self.records[row]
        return self.objects.threads.get((int(record["tid"]), int(record["thread"])))

    def descriptor(self, row: int) -> Descriptor | None:
        """What the descriptor of row `row` stands for."""
        identity = int(self.records["object"][row])
        return self.objects.descriptors.get(identity) if identity else None

    def pieces(self, row: int) -> dict[int, tuple[bytes, int]]:
        """The variable part of row `row`: capture number to (bytes, marks)."""
        record = self.records[row]
        at, end = int(record["data"]), int(record["data"]) + int(record["length"])
        found: dict[int, tuple[bytes, int]] = {}
        data = self.data
        while at + 4 <= end:
            number, marks = data[at], data[at + 1]
            length = data[at + 2] | data[at + 3] << 8
            if number in found:
                marks |= found[number][1]
            found[number] = (data[at + 4 : at + 4 + length], marks)
            at += (4 + length + 7) & ~7
        return found

    def directories(self, row: int) -> dict[str, Descriptor]:
        """The descriptors among the arguments of row `row`, by argument; "" is the cwd that a path started from."""
        definition = self.definitions[int(self.records["event"][row])]
        pieces = self.pieces(row) if self.records["length"][row] else {}
        numbers = {layout.CWD_PIECE: ""}
        number = 0
        for argument in definition.arguments:
            captures = argument.type.captures(self.machine)
            if captures and captures[0].kind is Copy.OBJECT:
                numbers[number] = argument.name
            number += len(captures)
        found: dict[str, Descriptor] = {}
        for number, (data, _) in pieces.items():
            descriptor = self.objects.descriptors.get(int.from_bytes(data, "little"))
            if number in numbers and descriptor is not None:
                found[numbers[number]] = descriptor
        return found

    def arguments(self, row: int) -> dict[str, Value]:
        """All arguments of row `row`, decoded."""
        record = self.records[row]
        definition = self.definitions[int(record["event"])]
        raw = {a.name: int(v) for a, v in zip(definition.arguments, record["args"].tolist(), strict=False)}
        call = Call(raw, int(record["ret"]), self.machine)
        pieces = self.pieces(row) if record["length"] else {}
        result: dict[str, Value] = {}
        number = 0
        for argument in definition.arguments:
            width = len(argument.type.captures(self.machine))
            data = [_readable(pieces.get(n)) for n in range(number, number + width)]
            number += width
            result[argument.name] = argument.type.decode(raw[argument.name], data, call)
        return result

    def error(self, row: int) -> str | None:
        """The errno name of row `row`, None if the call did not fail."""
        return errno_name(int(self.records["ret"][row]))

    def to_arrow(self, *, arguments: bool = False) -> pyarrow.Table:
        """The batch as a table, columns as in `docs/reference/arrow-schema.md`; `arguments` adds them as JSON text.

        Raises MissingPackageError without pyarrow.
        """
        from kindling.stream.arrow import to_table

        return to_table(self, arguments=arguments)

    def to_pandas(self, *, arguments: bool = False) -> pandas.DataFrame:
        """The same table as a DataFrame. Raises MissingPackageError without pyarrow or pandas."""
        try:
            import pandas  # noqa: F401 - only pyarrow uses it
        except ImportError:
            raise MissingPackageError("pandas", "a DataFrame") from None
        return self.to_arrow(arguments=arguments).to_pandas()

    def __getitem__(self, name: str) -> npt.NDArray[np.generic]:
        from kindling.stream.columns import column

        return column(self, name)


def _readable(piece: tuple[bytes, int] | None) -> bytes | None:
    """The bytes of a piece; None where there is none, or where the memory could not be read."""
    if piece is None or (not piece[0] and piece[1] & Mark.FAULT):
        return None
    return piece[0]


def concatenate(batches: Sequence[Batch]) -> Batch:
    """Several batches of one stream as one."""
    first = batches[0]
    parts: list[Records] = []
    base = 0
    for batch in batches:
        records = batch.records.copy()
        records["data"] += base
        # Clock offsets may differ when the wall clock was set in between: keep each row's own time of day.
        records["time"] += np.uint64((batch.clock_offset - first.clock_offset) % (1 << 64))
        base += len(batch.data)
        parts.append(records)
    return Batch(
        np.concatenate(parts),
        b"".join(batch.data for batch in batches),
        first.definitions,
        first.objects,
        first.clock_offset,
        first.machine,
    )


assert layout.RECORD.itemsize == 112
