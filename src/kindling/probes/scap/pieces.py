"""Writes the variable parts of many records at once: from places in a buffer to `layout.DATA_HEADER` and the bytes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kindling.probes.layout import DATA_HEADER, MAX_DATA, Mark

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]
_HEADER = DATA_HEADER.itemsize
_LONG = 512
"""Bytes from which on copying a piece by itself is faster than byte by byte with all others."""


@dataclass(slots=True)
class Pieces:
    """One copy of many events: its number, where its bytes stand in `source`, how many, and its marks.

    `present` says which events have it at all.
    """

    number: int
    source: Bytes
    offsets: Ints
    lengths: Ints
    marks: npt.NDArray[np.uint8]
    present: npt.NDArray[np.bool_]


def from_list(number: int, values: list[bytes | None]) -> Pieces:
    """Copies that were made one by one; None where an event has none."""
    lengths = np.array([0 if value is None else len(value) for value in values], np.int64)
    source = np.frombuffer(b"".join(value for value in values if value) or b"\0", np.uint8)
    present = np.array([value is not None for value in values], np.bool_)
    return Pieces(number, source, np.cumsum(lengths) - lengths, lengths, np.zeros(len(values), np.uint8), present)


def from_numbers(number: int, values: npt.NDArray[np.uint64]) -> Pieces:
    """Copies of eight bytes, one for every event."""
    count = len(values)
    return Pieces(
        number,
        np.ascontiguousarray(values, "<u8").view(np.uint8),
        np.arange(count) * 8,
        np.full(count, 8, np.int64),
        np.zeros(count, np.uint8),
        np.ones(count, np.bool_),
    )


class Writer:
    """Collects variable parts. `marks` of the records that are cut because there is no room for so much are set."""

    def __init__(self) -> None:
        self._parts: list[Bytes] = []
        self._length = 0

    def add(self, pieces: list[Pieces], count: int) -> tuple[Ints, Ints, npt.NDArray[np.uint16]]:
        """Add the copies of `count` events; returns where each event's begin, how long they are, and its marks."""
        sizes = np.zeros(count, np.int64)
        marks = np.zeros(count, np.uint16)
        places: list[Ints] = []
        for piece in pieces:
            room = np.maximum(MAX_DATA - sizes - _HEADER, 0)
            cut = piece.present & (piece.lengths > room)
            if cut.any():
                piece.lengths = np.where(cut, room, piece.lengths)
                piece.marks = piece.marks | np.where(cut, int(Mark.TRUNCATED), 0).astype(np.uint8)
            places.append(sizes.copy())
            sizes += np.where(piece.present, piece.lengths + _HEADER + 7 & ~7, 0)
            marks |= np.where(piece.present, piece.marks, 0).astype(np.uint16)
        starts = np.cumsum(sizes) - sizes
        out = np.zeros(int(sizes.sum()), np.uint8)
        for piece, place in zip(pieces, places, strict=True):
            chosen = np.flatnonzero(piece.present)
            if not len(chosen):
                continue
            at, lengths = (starts + place)[chosen], piece.lengths[chosen]
            out[at] = piece.number
            out[at + 1] = piece.marks[chosen]
            out[at + 2] = lengths & 0xFF
            out[at + 3] = lengths >> 8
            _copy(out, at + _HEADER, piece.source, piece.offsets[chosen], lengths)
        begin = starts + self._length
        self._parts.append(out)
        self._length += len(out)
        return begin, sizes, marks

    def data(self) -> bytes:
        """All variable parts."""
        return b"".join(part.tobytes() for part in self._parts)


def _copy(out: Bytes, at: Ints, source: Bytes, offsets: Ints, lengths: Ints) -> None:
    """Copy `lengths` bytes each from `offsets` in `source` to `at` in `out`."""
    if len(lengths) and (lengths == lengths[0]).all():
        size = int(lengths[0])
        if 0 < size < _LONG:
            step = np.arange(size)
            out[at[:, None] + step] = source[offsets[:, None] + step]
            return
    short = lengths < _LONG
    for target, origin, length in zip(
        at[~short].tolist(), offsets[~short].tolist(), lengths[~short].tolist(), strict=True
    ):
        out[target : target + length] = source[origin : origin + length]
    at, offsets, lengths = at[short], offsets[short], lengths[short]
    total = int(lengths.sum())
    if total:
        step = np.arange(total) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        out[np.repeat(at, lengths) + step] = source[np.repeat(offsets, lengths) + step]
