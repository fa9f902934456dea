"""The framing of a capture: pcapng blocks, found one after the other in a buffer.

Source: falcosecurity/libs, `userspace/libscap/scap_savefile.h`. A block is its type, its length (with this header and
the trailer), its content, and the length again. The numbers from 0x80000000 on are those of sysdig before its first
release.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from kindling.probes.scap.table import events

SECTION = 0x0A0D0D0A
MAGIC = 0x1A2B3C4D
SWAPPED_MAGIC = 0x4D3C2B1A
MAJOR_VERSION = 1
MACHINE = {0x201, 0x8002ABCD}
PROCESSES = {
    0x202: 1, 0x8000ABCD: 1, 0x207: 2, 0x8013ABCD: 2, 0x209: 3, 0x8014ABCD: 3,
    0x210: 4, 0x211: 5, 0x212: 6, 0x213: 7, 0x214: 8, 0x215: 9,
}  # fmt: skip
"""The versions of the list of processes."""
DESCRIPTORS = {0x203: 1, 0x8001ABCD: 1, 0x218: 2}
INTERFACES = {0x205: 1, 0x8011ABCD: 1, 0x219: 2}
USERS = {0x206: 1, 0x8012ABCD: 1, 0x220: 2}
_OLD_EVENT, _FLAGGED_OLD_EVENT = (0x204, 0x8010ABCD), (0x208,)
_EVENT, _FLAGGED_EVENT = (0x216, 0x221), (0x217, 0x222)
EVENT_HEADERS = (
    dict.fromkeys(_OLD_EVENT, (10, 22))
    | dict.fromkeys(_FLAGGED_OLD_EVENT, (14, 22))
    | dict.fromkeys(_EVENT, (10, 26))
    | dict.fromkeys(_FLAGGED_EVENT, (14, 26))
)
"""Blocks that are events: where in them the event begins, and how long its header is (22: no number of parameters)."""
TOLD = {SECTION, *MACHINE, *PROCESSES, *DESCRIPTORS}
"""Blocks that events depend on."""
KNOWN = {SECTION, *MACHINE, *PROCESSES, *DESCRIPTORS, *INTERFACES, *USERS, *EVENT_HEADERS}

MAX_BLOCK = 256 << 20
"""Bytes of a block as far as a file is believed. The list of all processes is a single one."""

_HEADER = struct.Struct("<II")
_MOST_PARAMETERS = 64

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(slots=True)
class Walk:
    """The events from some place of a buffer on.

    `next` is where the walk stopped: at a block of `TOLD` (`kind` and `length` are its own), at one of which `needed`
    bytes must be there (`kind` is None), or at `damage`. Blocks that tell nothing of use are passed over.
    """

    starts: list[int]
    next: int
    kind: int | None = None
    length: int = 0
    damage: str | None = None
    needed: int = 0


def walk(buffer: bytes, at: int) -> Walk:
    """The events that stand in `buffer` from `at` on, one after the other."""
    starts: list[int] = []
    size = len(buffer)
    header = _HEADER.unpack_from
    event_kinds = EVENT_HEADERS
    while at + 8 <= size:
        kind, length = header(buffer, at)
        if length < 12 or length > MAX_BLOCK:
            return Walk(starts, at, damage=f"a block claims to be {length} bytes long")
        if kind not in event_kinds:
            if at + length > size:
                return Walk(starts, at, needed=length)
            if kind in TOLD:
                return Walk(starts, at, kind, length)
            if kind not in KNOWN and _trailer(buffer, at, length) != length:
                return Walk(starts, at, damage="there is something else where a block should begin")
            at += length
            continue
        if at + length > size:
            return Walk(starts, at, needed=length)
        starts.append(at)
        at += length
    return Walk(starts, at, needed=8)


def _trailer(buffer: bytes, at: int, length: int) -> int:
    return int.from_bytes(buffer[at + length - 4 : at + length], "little")


@dataclass(slots=True)
class Group:
    """Events of one number with as many parameters: their rows, and where each parameter stands and how long it is."""

    number: int
    rows: Ints
    offsets: Ints
    lengths: Ints


@dataclass(slots=True)
class Events:
    """The events of a buffer, as columns; those that are damaged are left out and counted.

    `start` and `end` are the places of the blocks. `group` says for every row which of `groups` it is in, `place`
    where.
    """

    buffer: npt.NDArray[np.uint8]
    start: Ints
    end: Ints
    time: npt.NDArray[np.uint64]
    tid: Ints
    number: Ints
    cpu: Ints
    group: Ints
    place: Ints
    groups: list[Group] = field(default_factory=list)
    damaged: int = 0
    unknown: int = 0


def gather(buffer: npt.NDArray[np.uint8], at: Ints, dtype: str) -> npt.NDArray[Any]:
    """The numbers of type `dtype` that stand at these places."""
    size = np.dtype(dtype).itemsize
    found: npt.NDArray[Any] = buffer[at[:, None] + np.arange(size)].view(dtype).reshape(-1)
    return found


def read_events(buffer: npt.NDArray[np.uint8], starts: list[int]) -> Events:
    """The events whose blocks begin at `starts`; all blocks are wholly in `buffer`."""
    start = np.array(starts, np.int64)
    kind_length = buffer[start[:, None] + np.arange(8)].view("<u4")
    end = start + kind_length[:, 1]
    kinds, index = np.unique(kind_length[:, 0], return_inverse=True)
    shapes = np.array([EVENT_HEADERS[kind] for kind in kinds.tolist()], np.int64).reshape(-1, 2)[index]
    header, size = start + shapes[:, 0], shapes[:, 1]
    whole = header + size + 4 <= end
    damaged = int(len(start) - whole.sum())
    if damaged:
        start, end, header, size = start[whole], end[whole], header[whole], size[whole]
    fields = (
        buffer[header[:, None] + np.arange(22)]
        .view(np.dtype([("time", "<u8"), ("tid", "<u8"), ("length", "<u4"), ("number", "<u2")]))
        .reshape(-1)
    )
    number = fields["number"].astype(np.int64)
    known = number < _LIMIT
    unknown = int(len(number) - known.sum())
    events_ = Events(
        buffer,
        start,
        end,
        fields["time"].copy(),
        fields["tid"].astype(np.int64),
        number,
        gather(buffer, start + 8, "<u2").astype(np.int64),
        np.full(len(start), -1, np.int64),
        np.zeros(len(start), np.int64),
        damaged=damaged,
        unknown=unknown,
    )
    # Where the parameters end: the event says so itself; blocks are padded.
    last = header + fields["length"].astype(np.int64)
    # Two kinds of old events are longer than they say.
    last -= np.where((size == 22) & np.isin(number, _LONGER), 3, 0)
    fits = known & (last <= end - 4) & (last >= header + size)
    order = np.flatnonzero(fits)
    order = order[np.argsort(number[order].astype(np.uint16), kind="stable")]
    numbers, begins = np.unique(number[order], return_index=True)
    for one, rows in zip(numbers.tolist(), np.split(order, begins[1:]) if len(order) else [], strict=False):
        _read_group(events_, one, rows, header[rows], size[rows], last[rows])
    events_.damaged += int((known & (events_.group < 0)).sum())
    return events_


_LIMIT = max(events()) + 1
_LONGER = (280, 286)


def _read_group(events_: Events, number: int, rows: Ints, header: Ints, size: Ints, last: Ints) -> None:
    """Find the parameters of the events of one number."""
    pair = events()[number]
    width = 4 if pair.wide else 2
    told = size == 26
    most = len(pair.side(number).names)
    counts = np.full(len(rows), -1, np.int64)
    if told.any():
        counts[told] = gather(events_.buffer, header[told] + 22, "<u4").astype(np.int64)
    for count in np.unique(counts[told]).tolist():
        if count <= _MOST_PARAMETERS:
            chosen = np.flatnonzero(told & (counts == count))
            _add(events_, number, rows[chosen], (header + size)[chosen], last[chosen], count, width, exact=False)
    rest = np.flatnonzero(~told)
    # Captures of old do not say how many parameters there are: as many as make up the length, the most if several do.
    for count in range(most, -1, -1):
        if not len(rest):
            break
        taken = _add(events_, number, rows[rest], (header + size)[rest], last[rest], count, width, exact=True)
        rest = rest[~taken]


def _add(events_: Events, number: int, rows: Ints, at: Ints, last: Ints, count: int, width: int, exact: bool) -> Bools:
    """Take those rows as a group whose parameters, `count` of them, fit; returns which."""
    content = at + count * width
    taken = content <= last
    fitting = np.flatnonzero(taken)
    lengths = np.zeros((len(fitting), count), np.int64)
    if count:
        raw = events_.buffer[at[fitting][:, None] + np.arange(count * width)].view(f"<u{width}")
        lengths = raw.reshape(len(fitting), count).astype(np.int64)
    offsets = content[fitting][:, None] + np.cumsum(lengths, axis=1) - lengths
    end = content[fitting] + lengths.sum(axis=1)
    good = (end == last[fitting]) if exact else (end <= last[fitting])
    taken[fitting] = good
    if not good.any():
        return taken
    rows, offsets, lengths = rows[taken], offsets[good], lengths[good]
    events_.group[rows] = len(events_.groups)
    events_.place[rows] = np.arange(len(rows))
    events_.groups.append(Group(number, rows, offsets, lengths))
    return taken
