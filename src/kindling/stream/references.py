"""What the variable parts of a batch hold, without a step per event; and which objects a batch refers to."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from kindling.catalogue.model import Definition
from kindling.catalogue.types import Copy
from kindling.enrich.objects import Descriptor, Thread
from kindling.probes import layout
from kindling.probes.base import Records
from kindling.stream.batch import Batch

_CAPTURES = 256
_HEADER = layout.DATA_HEADER.itemsize


Positions = npt.NDArray[np.int64]


def walk(records: Records, data: bytes, rows: Positions) -> Iterator[tuple[Positions, Positions, Positions, Positions]]:
    """Walk through the variable parts of `rows` at once, one piece of each per step.

    Each step gives the rows that still have a piece, where its content begins in `data`, the number of its capture and
    its length, as far as it lies within its record's part.
    """
    octets = np.frombuffer(data, np.uint8)
    rows = rows[records["length"][rows] > 0]
    at = records["data"][rows].astype(np.int64)
    end = np.minimum(at + records["length"][rows], len(octets))
    while len(rows):
        inside = at + _HEADER <= end
        rows, at, end = rows[inside], at[inside], end[inside]
        length = octets[at + 2] | octets[at + 3].astype(np.int64) << 8
        if len(rows):
            yield rows, at + _HEADER, octets[at].astype(np.int64), np.minimum(length, end - at - _HEADER)
        at = at + (_HEADER + length + 7 & ~7)


class References:
    """Finds the objects that batches of one stream refer to."""

    def __init__(self) -> None:
        self._flags: dict[int, tuple[Definition, npt.NDArray[np.bool_]]] = {}

    def of(self, batch: Batch) -> tuple[list[Thread], list[Descriptor]]:
        """The threads and descriptors that `batch` refers to, as far as they are known, each once."""
        records = batch.records
        keys = np.unique(records["tid"].astype(np.uint64) << np.uint64(32) | records["thread"])
        threads = (batch.objects.threads.get((key >> 32, key & 0xFFFFFFFF)) for key in keys.tolist())
        ids = np.unique(np.concatenate((records["object"], self._among_arguments(batch))))
        descriptors = (batch.objects.descriptors.get(identity) for identity in ids.tolist() if identity)
        return [t for t in threads if t is not None], [d for d in descriptors if d is not None]

    def _among_arguments(self, batch: Batch) -> npt.NDArray[np.uint64]:
        """The ids in the variable parts."""
        records, data = batch.records, np.frombuffer(batch.data, np.uint8)
        slots = np.flatnonzero(np.bincount(records["event"])).tolist()
        if not any(self._objects_of(batch.definitions[slot], slot, batch.machine).any() for slot in slots):
            return np.empty(0, np.uint64)
        is_object = np.array([self._objects_of(batch.definitions[slot], slot, batch.machine) for slot in slots])
        position = np.zeros(slots[-1] + 1, np.int64)
        position[slots] = np.arange(len(slots))
        event = position[records["event"]]
        having: npt.NDArray[np.bool_] = np.logical_or.reduce(is_object, axis=1)
        found: list[npt.NDArray[np.uint64]] = [np.empty(0, np.uint64)]
        for rows, at, number, length in walk(records, batch.data, np.flatnonzero(having[event])):
            content = at[is_object[event[rows], number] & (length == 8)]
            found.append(data[content[:, None] + np.arange(8)].view(np.uint64).reshape(-1))
        return np.concatenate(found)

    def _objects_of(self, definition: Definition, slot: int, machine: str) -> npt.NDArray[np.bool_]:
        """Which captures of an event copy a descriptor's id. Kept by slot, for asking every type takes long."""
        known = self._flags.get(slot)
        if known is not None and known[0] is definition:
            return known[1]
        flags = np.zeros(_CAPTURES, np.bool_)
        kinds = [
            capture.kind is Copy.OBJECT
            for argument in definition.arguments
            for capture in argument.type.captures(machine)
        ]
        flags[: len(kinds)] = kinds[:_CAPTURES]
        flags[layout.CWD_PIECE] = True
        self._flags[slot] = definition, flags
        return flags
