"""Turns the events of one piece of a capture into records, their variable parts, and the objects they refer to.

In three passes: the parameters of all events of a kind at once, the state event by event, then the records of a kind at
once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from kindling.enrich.objects import Descriptor, Thread
from kindling.probes import layout
from kindling.probes.base import RawBatch
from kindling.probes.layout import Mark
from kindling.probes.scap import values
from kindling.probes.scap.blocks import Bools, Events, Ints
from kindling.probes.scap.columns import Pairing, Selection, selections
from kindling.probes.scap.descriptors import NOTHING, Known
from kindling.probes.scap.effects import Effects
from kindling.probes.scap.pieces import Pieces, Writer, from_list, from_numbers
from kindling.probes.scap.shapes import Part, Places, Shape, Shapes
from kindling.probes.scap.state import State

_NA = np.frombuffer(b"<NA>", np.uint8)
_NO_NUMBER, _BY_NUMBER, _BY_CALL, _EXIT, _EXTRAS = 0, 1, 2, 3, 4
"""What is to be done with an event's state; EXTRAS beside it: copies of directories' ids too."""
_NUMBER_KINDS = frozenset("iu")
_EBADF = -9

Registers = npt.NDArray[np.uint64]


@dataclass(slots=True)
class Work:
    """Events of one shape, between reading their parameters and writing their records."""

    selection: Selection
    shape: Shape
    at: Ints
    registers: dict[int, Registers]
    result: Registers | None

    @property
    def own(self) -> Ints:
        """The numbers of the events' own descriptors."""
        name = self.shape.definition.descriptor
        part = next(part for part in self.shape.parts if part.argument == name)
        return _clipped(self.registers[part.position])


@dataclass(slots=True)
class Plan:
    """What the second pass is to do with each event that is shown, by its place among them."""

    position: Ints
    codes: Ints
    numbers: Ints
    actions: dict[int, tuple[Any, ...]] = field(default_factory=dict)
    extras: dict[int, tuple[int, ...]] = field(default_factory=dict)
    work: list[Work] = field(default_factory=list)


@dataclass(slots=True)
class Followed:
    """What the second pass found: for each event the ids of its objects, and the objects that were not sent before."""

    objects: list[int]
    versions: list[int]
    pids: list[int]
    bases: Ints
    threads: list[Thread]
    descriptors: list[Descriptor]


class Recorder:
    """Makes batches; keeps nothing but the state. `left_out` counts events that no sysdig can have written."""

    def __init__(self, state: State, shapes: Shapes) -> None:
        self._state = state
        self._effects = Effects(state)
        self._shapes = shapes
        self.left_out = 0

    def batch(self, found: Events, pairing: Pairing, lost_entry: Bools) -> RawBatch:
        """The events that `pairing` says are shown. `lost_entry`: those whose entry should have been there."""
        rows = pairing.rows
        count = len(rows)
        position = np.zeros(len(found.number), np.int64)
        position[rows] = np.arange(count)
        plan = Plan(position, np.zeros(count, np.int64), np.full(count, layout.NO_FD, np.int64))
        for selection in selections(found, pairing):
            self._prepare(found, selection, plan, frozenset())
        followed = self._follow(found.tid[rows].tolist(), plan)
        records = np.zeros(count, layout.RECORD)
        records["event"] = layout.LOST_MARKER
        records["time"] = found.time[rows]
        records["cpu"] = found.cpu[rows]
        records["tid"] = found.tid[rows] & 0xFFFFFFFF
        records["pid"] = followed.pids
        records["thread"] = followed.versions
        records["object"] = followed.objects
        entered = found.time[np.maximum(pairing.entries, 0)]
        good = (pairing.entries >= 0) & (entered <= found.time[rows])
        records["latency"] = np.where(good, found.time[rows] - entered, np.uint64(layout.NO_LATENCY))
        writer = Writer()
        for work in plan.work:
            _write(work, records, writer, followed.bases, lost_entry)
        kept = (records["event"] != layout.LOST_MARKER) & (records["time"] < 1 << 63)
        if not kept.all():
            self.left_out += int((~kept).sum())
            records = np.take(records, np.flatnonzero(kept))
        return RawBatch(records, writer.data(), followed.threads, followed.descriptors)

    def _prepare(self, found: Events, selection: Selection, plan: Plan, lacking: frozenset[str]) -> None:
        """First pass: registers, and what the state needs."""
        shape = (
            self._shapes.plain(selection.call)
            if selection.call is not None
            else self._shapes.of(selection.pair, selection.exit, selection.own_count, selection.entry_count, lacking)
        )
        if shape is None:
            return
        registers: dict[int, Registers] = {}
        missing: list[tuple[str, Bools]] = []
        for part in shape.parts:
            if part.role in ("number", "registers"):
                registers[part.position], present = _register(selection, part)
                if not present.all():
                    missing.append((part.argument, present))
        if not missing:
            self._shaped(found, selection, shape, registers, plan)
            return
        # What is empty in some of the events is left out of their definition.
        pattern = np.zeros(len(selection.rows), np.int64)
        for bit, (_, present) in enumerate(missing):
            pattern |= np.where(present, 0, 1 << bit)
        for one in np.unique(pattern).tolist():
            absent = {name for bit, (name, _) in enumerate(missing) if one >> bit & 1}
            some = selection.subset(np.flatnonzero(pattern == one))
            if absent:
                self._prepare(found, some, plan, lacking | absent)
            else:
                chosen = {at: value[pattern == one] for at, value in registers.items()}
                self._shaped(found, some, shape, chosen, plan)

    def _shaped(
        self, found: Events, selection: Selection, shape: Shape, registers: dict[int, Registers], plan: Plan
    ) -> None:
        at = plan.position[selection.rows]
        result = None
        if shape.result is not None:
            result, _ = selection.numbers(selection.column((shape.result,)), shape.result.kind == "i")
        work = Work(selection, shape, at, registers, result)
        plan.work.append(work)
        if shape.descriptor:
            plan.numbers[at] = work.own
            plan.codes[at] = _BY_NUMBER
        listed = at.tolist()
        if shape.handler:
            plan.codes[at] = _BY_CALL
            returned = result.view(np.int64).tolist() if result is not None else [0] * len(listed)
            function = self._effects.handlers[shape.handler]
            given = [returned, *(_needed(selection, places) for places in shape.needs)]
            if shape.handler == "clone":
                given[1:1] = [found.time[selection.rows].tolist(), [shape.name] * len(listed)]
            plan.actions.update(
                (where, (function, *each)) for where, each in zip(listed, zip(*given, strict=True), strict=True)
            )
        elif shape.name == "process_exit":
            plan.codes[at] = _EXIT
        if shape.working_directory or shape.directories:
            plan.codes[at] |= _EXTRAS
            columns = [_clipped(registers[shape.parts[index].position]).tolist() for index in shape.directories[:2]]
            plan.extras.update(zip(listed, zip(*columns, strict=True) if columns else [()] * len(listed), strict=True))

    def _follow(self, tids: list[int], plan: Plan) -> Followed:
        """Second pass: the state, event by event."""
        state, tasks = self._state, self._state.tasks
        actions, extras = plan.actions, plan.extras
        threads: list[Thread] = []
        unsent: dict[int, Known] = {}
        objects: list[int] = []
        versions: list[int] = []
        pids: list[int] = []
        bases = np.zeros((len(tids), 3), np.int64)
        for at, (tid, code, number) in enumerate(zip(tids, plan.codes.tolist(), plan.numbers.tolist(), strict=True)):
            task = tasks.get(tid) or state.task(tid)
            if code & _EXTRAS:
                code &= ~_EXTRAS
                known = state.working_directory(task)
                bases[at, 2] = known.id
                if not known.sent:
                    known.sent = True
                    unsent[known.id] = known
                for column, directory in enumerate(extras[at]):
                    known = state.directory(task, directory)
                    bases[at, column] = known.id
                    if not known.sent:
                        known.sent = True
                        unsent[known.id] = known
            if code == _BY_NUMBER:
                known = task.table.get(number, NOTHING)
            elif code == _BY_CALL:
                function, *given = actions[at]
                known = function(task, *given)
                # A child that tells of itself takes the place of what was known of its number.
                task = tasks.get(tid, task)
            else:
                known = NOTHING
            if task.told < 0:
                thread = state.tell(task)
                if thread is not None:
                    threads.append(thread)
            if not known.sent:
                known.sent = True
                unsent[known.id] = known
            objects.append(known.id)
            versions.append(task.told)
            pids.append(task.pid & 0xFFFFFFFF)
            if code == _EXIT:
                state.end(task)
        return Followed(objects, versions, pids, bases, threads, [known.told() for known in unsent.values()])


def _write(work: Work, records: npt.NDArray[np.void], writer: Writer, bases: Ints, lost_entry: Bools) -> None:
    """Third pass: records and their variable parts."""
    shape, selection, at = work.shape, work.selection, work.at
    count = len(at)
    arguments = np.zeros((count, layout.MAX_ARGUMENTS), np.uint64)
    for index, value in work.registers.items():
        arguments[:, index] = value
    result = work.result.view(np.int64) if work.result is not None else np.zeros(count, np.int64)
    marks = np.zeros(count, np.uint16)
    pieces: list[Pieces] = []
    for index, part in enumerate(shape.parts):
        if part.object and index in shape.directories[:2]:
            ids = bases[at, shape.directories.index(index)]
            pieces.append(from_numbers(part.number, ids.astype(np.uint64)))
        elif part.role in ("text", "bytes"):
            pieces.append(_copied(selection, part, result, marks))
        elif part.role == "built":
            pieces.append(from_list(part.number, _built(selection, part)))
    if shape.working_directory:
        pieces.append(from_numbers(layout.CWD_PIECE, bases[at, 2].astype(np.uint64)))
    records["event"][at] = shape.slot
    records["args"][at] = arguments
    records["ret"][at] = result
    number = np.full(count, layout.NO_FD, np.int64)
    if shape.from_result:
        number = np.where((result >= 0) & (result < 1 << 31), result, layout.NO_FD)
    elif shape.descriptor:
        number = work.own
        unknown = np.where(result == _EBADF, int(Mark.BAD_FD), int(Mark.NO_OBJECT))
        marks |= np.where((number >= 0) & (records["object"][at] == 0), unknown, 0).astype(np.uint16)
    records["fd"][at] = number
    if pieces:
        begins, sizes, cut = writer.add(pieces, count)
        records["data"][at] = begins
        records["length"][at] = sizes
        marks |= cut
    # A new process returns from a call that it did not make.
    child = (result == 0) & (shape.handler == "clone")
    marks |= np.where(lost_entry[at] & ~child, int(Mark.NO_ENTRY), 0).astype(np.uint16)
    records["marks"][at] = marks


def _clipped(value: Registers) -> Ints:
    """Descriptor numbers as 32-bit numbers."""
    return value.astype(np.uint32).astype(np.int32).astype(np.int64)


def _register(selection: Selection, part: Part) -> tuple[Registers, Bools]:
    """An argument's register, and for which events it was captured."""
    if part.role == "registers":
        columns, present = [], np.ones(len(selection.rows), np.bool_)
        for places in part.places:
            value, there = selection.numbers(selection.column(places), places[0].kind == "i")
            columns.append(value.tolist())
            present &= there
        function = values.JOINED[part.form]
        found = [function(*each) for each in zip(*columns, strict=True)]
    elif part.form in values.LENIENT:
        lenient = values.LENIENT[part.form]
        loose = [lenient(each) for each in selection.bytes(selection.column(part.places[0]))]
        present = np.array([each is not None for each in loose], np.bool_)
        return np.array([each or 0 for each in loose], np.uint64), present
    else:
        places = part.places[0]
        value, present = selection.numbers(selection.column(places), places[0].kind == "i")
        translate = values.NUMBERS.get(part.form)
        if translate is None:
            return value, present
        unique, index = np.unique(value, return_inverse=True)
        translated = [translate(each) for each in unique.tolist()]
        there = np.array([each >= 0 for each in translated], np.bool_)
        return np.array([max(each, 0) for each in translated], np.uint64)[index], present & there[index]
    there = np.array([each >= 0 for each in found], np.bool_)
    return np.array([max(each, 0) for each in found], np.uint64), present & there


def _needed(selection: Selection, places: Places) -> list[Any]:
    """A parameter as the state needs it: numbers with None where there is none, or bytes without their NUL."""
    if not places:
        return [None] * len(selection.rows)
    column = selection.column(places)
    if places[0].kind in _NUMBER_KINDS:
        value, present = selection.numbers(column, places[0].kind == "i")
        listed = value.view(np.int64).tolist() if places[0].kind == "i" else value.tolist()
        if present.all():
            return listed  # type: ignore[no-any-return]
        return [each if there else None for each, there in zip(listed, present.tolist(), strict=True)]
    found = selection.bytes(column)
    return [each.rstrip(b"\0") for each in found] if places[0].kind == "s" else found


def _copied(selection: Selection, part: Part, result: npt.NDArray[np.int64], marks: npt.NDArray[np.uint16]) -> Pieces:
    """Bytes that are copied as they are; a string's NUL and what could not be read are left out."""
    column = selection.column(part.places[0])
    lengths = column.lengths
    present = lengths > 0
    own = np.zeros(len(lengths), np.uint8)
    if part.role == "text":
        ends = selection.buffer[np.maximum(column.offsets + lengths - 1, 0)]
        lengths = lengths - ((ends == 0) & present)
        maybe = np.flatnonzero(lengths == len(_NA))
        if len(maybe):
            texts = selection.buffer[column.offsets[maybe][:, None] + np.arange(len(_NA))]
            unread = maybe[(texts == _NA).all(axis=1)]
            present[unread] = False
            marks[unread] |= int(Mark.FAULT)
    elif part.payload:
        own = np.where(present & (result > lengths), int(Mark.TRUNCATED), 0).astype(np.uint8)
        # Nothing was read or written, or nothing of it was kept: these differ.
        present = present | (result == 0)
    return Pieces(part.number, selection.buffer, column.offsets, lengths, own, present)


def _built(selection: Selection, part: Part) -> list[bytes | None]:
    """Copies that are made from one or several parameters."""
    build = values.BUILDERS[part.form]
    columns: list[list[Any]] = []
    for places in part.places:
        if not places:
            columns.append([None] * len(selection.rows))
            continue
        column = selection.column(places)
        if places[0].kind in _NUMBER_KINDS:
            value, present = selection.numbers(column, places[0].kind == "i")
            columns.append(
                [each if there else None for each, there in zip(value.tolist(), present.tolist(), strict=True)]
            )
        else:
            found = selection.bytes(column)
            if places[0].kind == "s":
                found = [each.rstrip(b"\0") for each in found]
            columns.append([each or None for each in found])
    lenient = part.form in ("destination", "poll", "poll_results", "argv")
    return [build(*each) if lenient or None not in each else None for each in zip(*columns, strict=True)]
