"""The events of one piece of a capture as columns: the entry of each return, and the parameters of many at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from kindling.catalogue.numbers import NUMBERS
from kindling.probes.scap.blocks import Bools, Events, Group, Ints, gather
from kindling.probes.scap.shapes import NO_RETURN, Place, Places
from kindling.probes.scap.table import EventPair, events, system_calls

_GENERIC_ENTRY, _GENERIC_EXIT = 0, 1
_EXECVE_EXITS = tuple(sorted(number for number, pair in events().items() if pair.name == "execve" and number & 1))
_EXECVEAT_ENTRIES = tuple(sorted(n for n, pair in events().items() if pair.name == "execveat" and not n & 1))
_SHOWN_TRACES = ("procexit", "signaldeliver")

_SIZE = max(events()) + 2
_IS_CALL = np.zeros(_SIZE, np.bool_)
_IS_SHOWN = np.zeros(_SIZE, np.bool_)
for _number, _pair in events().items():
    _IS_CALL[_number] = _pair.kind == "call"
    _IS_SHOWN[_number] = _pair.name in _SHOWN_TRACES and not _number & 1
_NO_RETURN = [code for code, name in enumerate(system_calls()) if name in NO_RETURN]


@dataclass(slots=True)
class Column:
    """One parameter of several events: where its bytes stand and how many they are (0: none)."""

    offsets: Ints
    lengths: Ints


@dataclass(slots=True)
class Selection:
    """Events of one kind: those of `own` at `own_places`, each with the entry of its call in `entry` at `entry_places`.

    `rows` are theirs among all events. `call` is the name of the system call for events that carry nothing else.
    """

    buffer: npt.NDArray[np.uint8]
    pair: EventPair
    exit: bool
    rows: Ints
    own: Group
    own_places: Ints
    entry: Group | None
    entry_places: Ints
    call: str | None = None

    @property
    def own_count(self) -> int:
        """Parameters that the events have, as far as they are known."""
        return min(int(self.own.offsets.shape[1]), len(self.pair.side(self.own.number).names))

    @property
    def entry_count(self) -> int:
        """The same of the entries, -1 if there are none."""
        if self.entry is None:
            return -1
        return min(int(self.entry.offsets.shape[1]), len(events()[self.entry.number].entry.names))

    def subset(self, chosen: Ints) -> Selection:
        """Some of the events."""
        return Selection(
            self.buffer, self.pair, self.exit, self.rows[chosen], self.own, self.own_places[chosen], self.entry,
            self.entry_places[chosen], self.call,
        )  # fmt: skip

    def column(self, places: Places) -> Column:
        """A parameter: for each event the first of `places` at which it has something."""
        found = self._at(places[0])
        for place in places[1:]:
            empty = found.lengths == 0
            if not empty.any():
                break
            other = self._at(place)
            found = Column(np.where(empty, other.offsets, found.offsets), np.where(empty, other.lengths, found.lengths))
        return found

    def _at(self, place: Place) -> Column:
        if place.exit == self.exit:
            group, places = self.own, self.own_places
        else:
            assert self.entry is not None
            group, places = self.entry, self.entry_places
        return Column(group.offsets[places, place.index], group.lengths[places, place.index])

    def numbers(self, column: Column, signed: bool) -> tuple[npt.NDArray[np.uint64], Bools]:
        """Numbers of one to eight bytes as registers, and which events have one."""
        lengths = column.lengths
        count = len(lengths)
        sizes = [int(lengths[0])] if count and (lengths == lengths[0]).all() else np.unique(lengths).tolist()
        values = np.zeros(count, np.uint64)
        present = np.zeros(count, np.bool_)
        for size in sizes:
            if size not in (1, 2, 4, 8):
                continue
            chosen = np.flatnonzero(lengths == size) if len(sizes) > 1 else slice(None)
            raw = gather(self.buffer, column.offsets[chosen], f"<{'i' if signed else 'u'}{size}")
            values[chosen] = raw.astype(np.int64).view(np.uint64) if signed else raw.astype(np.uint64)
            present[chosen] = True
        return values, present

    def bytes(self, column: Column) -> list[bytes]:
        """The bytes of each event."""
        data = self.buffer.data
        return [
            bytes(data[start : start + length])
            for start, length in zip(column.offsets.tolist(), column.lengths.tolist(), strict=True)
        ]


@dataclass(slots=True)
class Pairing:
    """What is in one piece of a capture.

    `rows` are the events that are shown, in order, `entries` the row of each one's entry (-1: none). `waiting` are rows
    of calls that have not returned yet.
    """

    rows: Ints
    entries: Ints
    waiting: Ints
    unreturned: int
    untold: dict[str, int] = field(default_factory=dict)


def pair_up(found: Events, carried: int) -> Pairing:
    """Find for each return of a call the entry; the first `carried` rows are entries from earlier pieces."""
    number = found.number
    valid = found.group >= 0
    calls = valid & _IS_CALL[np.where(valid, number, _SIZE - 1)]
    shown = valid & _IS_SHOWN[np.where(valid, number, _SIZE - 1)]
    rows = np.flatnonzero(calls)
    order = rows[np.argsort(found.tid[rows], kind="stable")]
    tids, numbers = found.tid[order], number[order]
    is_exit = (numbers & 1).astype(np.bool_)
    ending = np.zeros(len(number), np.bool_)
    ending[_ending(found)] = True
    entries = np.full(len(number), -1, np.int64)
    same = tids[1:] == tids[:-1]
    fits = (numbers[1:] == numbers[:-1] + 1) & is_exit[1:]
    fits |= np.isin(numbers[1:], _EXECVE_EXITS) & np.isin(numbers[:-1], _EXECVEAT_ENTRIES)
    match = same & fits
    entries[order[1:][match]] = order[:-1][match]
    last = np.ones(len(order), np.bool_)
    last[:-1] = ~same
    open_ = ~is_exit & ~ending[order]
    waiting = np.sort(order[last & open_])
    matched = np.zeros(len(order), np.bool_)
    matched[:-1] = match
    unreturned = int((open_ & ~last & ~matched).sum())
    exits = calls & (number & 1).astype(np.bool_)
    chosen = np.flatnonzero(exits | shown | ending)
    untold: dict[str, int] = {}
    others = valid & ~calls & ~shown
    others[:carried] = False
    if others.any():
        for one, count in zip(*(part.tolist() for part in np.unique(number[others], return_counts=True)), strict=True):
            name = events()[one].name
            untold[name] = untold.get(name, 0) + count
    return Pairing(chosen, entries[chosen], waiting, unreturned, untold)


def _ending(found: Events) -> Ints:
    """Entries of calls that do not return."""
    rows: list[Ints] = [np.empty(0, np.int64)]
    for group in found.groups:
        if group.number == _GENERIC_ENTRY and group.offsets.shape[1]:
            rows.append(group.rows[np.isin(_codes(found.buffer, group), _NO_RETURN)])
    return np.concatenate(rows)


def _codes(buffer: npt.NDArray[np.uint8], group: Group) -> Ints:
    """Numbers of system calls; -1 where there is none."""
    codes = np.full(len(group.rows), -1, np.int64)
    good = group.lengths[:, 0] == 2
    codes[good] = gather(buffer, group.offsets[good, 0], "<u2").astype(np.int64)
    return codes


def selections(found: Events, pairing: Pairing) -> Iterator[Selection]:
    """The events that are shown, kind by kind."""
    rows, entries = pairing.rows, pairing.entries
    if not len(rows):
        return
    entry_group = np.where(entries >= 0, found.group[np.maximum(entries, 0)], -1)
    key = found.group[rows] * (len(found.groups) + 1) + entry_group + 1
    order = np.argsort(key, kind="stable")
    begins = np.flatnonzero(np.diff(key[order])) + 1
    for part in np.split(order, begins):
        chosen, partner = rows[part], entries[part]
        own = found.groups[int(found.group[chosen[0]])]
        pair = events()[own.number]
        paired = bool(partner[0] >= 0)
        selection = Selection(
            found.buffer,
            pair,
            bool(own.number & 1),
            chosen,
            own,
            found.place[chosen],
            found.groups[int(found.group[partner[0]])] if paired else None,
            found.place[partner] if paired else np.zeros(len(part), np.int64),
        )
        if own.number not in (_GENERIC_ENTRY, _GENERIC_EXIT):
            yield selection
            continue
        codes = _call_codes(selection)
        for code in np.unique(codes).tolist():
            some = selection.subset(np.flatnonzero(codes == code))
            some.call = _call_name(code)
            yield some


_NATIVE = 1 << 16
"""What is added to the machine's own numbers of system calls, where sysdig had none for them."""
_NATIVE_NAMES = {numbers["x86_64"]: name for name, numbers in NUMBERS.items() if "x86_64" in numbers}


def _call_codes(selection: Selection) -> Ints:
    """Which system calls these are: sysdig's numbers, or the machine's own where that is 0 (unknown)."""
    own = (Place(selection.exit, 0, "u"),) if selection.own_count > 0 else ()
    entry = (Place(False, 0, "u"),) if selection.exit and selection.entry_count > 0 else ()
    native: Places = (Place(selection.exit, 1, "u"),) if selection.own_count > 1 else ()
    native += (Place(False, 1, "u"),) if selection.exit and selection.entry_count > 1 else ()
    codes = np.full(len(selection.rows), -1, np.int64)
    if own + entry:
        value, there = selection.numbers(selection.column(own + entry), False)
        codes = np.where(there, value.astype(np.int64), -1)
    if native and (codes == 0).any():
        value, there = selection.numbers(selection.column(native), False)
        codes = np.where((codes == 0) & there, value.astype(np.int64) + _NATIVE, codes)
    return codes


def _call_name(code: int) -> str:
    names = system_calls()
    if code >= _NATIVE:
        return _NATIVE_NAMES.get(code - _NATIVE, names[0])
    return names[code] if 0 <= code < len(names) else names[0]
