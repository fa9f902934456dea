"""Which definition a captured event has: the catalogue's, without what this event does not tell.

Captures of different versions of sysdig tell different things of the same call, and the entry of a call may be missing.
Every combination is a shape, with a definition and a slot of its own, so what was not captured is absent, never a zero.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass

from kindling.catalogue.model import Category, Definition, Direction, Field, Source
from kindling.catalogue.own import EVENTS
from kindling.catalogue.registry import catalogue
from kindling.catalogue.types import SIZE, Array, Bytes, Descriptor, Path, SocketAddress, Structure, Switch
from kindling.probes.plan import LOST_SLOT
from kindling.probes.scap.calls import NAMES, Origin, Parameter, origins
from kindling.probes.scap.effects import NEEDS
from kindling.probes.scap.table import EventPair, Side, events, system_calls

NO_RETURN = frozenset({"exit", "exit_group"})
"""Calls that are an event when they are entered."""

_NO_SIDE = Side((), ())
_UNTOLD = frozenset({"syscall", "switch", "page_fault"})
MAX_SHAPES = 8192

EXTRA = {
    "data": Field("data", Bytes("ret", payload=True), "bytes that were transferred, of all buffers in a row"),
    "size": Field("size", SIZE, "bytes that were asked for, in all buffers together"),
    "address": Field("address", SocketAddress(128), "address of the other side"),
    "control": Field("control", Bytes("ret"), "control data as the kernel wrote it", Direction.OUT),
}
"""Arguments in place of I/O vectors and message headers, of which a capture tells only this."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a parameter stands: of the return (`exit`) or the entry, which one, and of which kind."""

    exit: bool
    index: int
    kind: str


Places = tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """One argument of a shape.

    `places` are tried in turn for every event (or, if `joined`, each alternative is one of several values). `number` is
    its first copy's number. `role`: "number" (a register), "bytes" (a copy as it is), "text" (the same without its
    NUL), "built" (a copy that is made by `form`), "registers" (a register that is made from several).
    """

    argument: str
    position: int
    role: str
    places: tuple[Places, ...]
    form: str
    number: int
    payload: bool = False
    object: bool = False
    """Whether the descriptor's id is a copy too."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A kind of event as it is captured here: its definition and slot, and where everything comes from."""

    name: str
    slot: int
    definition: Definition
    parts: tuple[Part, ...]
    result: Place | None
    descriptor: Places
    """Where the number of the event's own descriptor stands; empty if that is the result or if there is none."""
    from_result: bool
    handler: str
    needs: tuple[Places, ...]
    working_directory: bool
    directories: tuple[int, ...]
    """The arguments (as indices of `parts`) whose descriptors' ids are copied too."""
    lacking: frozenset[str] = frozenset()
    """Arguments that are left out of this shape because they are empty in these events."""


class Shapes:
    """All shapes that were met, by what they are made of."""

    def __init__(self, known: Iterable[Definition] | None) -> None:
        definitions = catalogue() if known is None else known
        self._known = {(str(definition.source), definition.name): definition for definition in definitions}
        self.definitions: dict[int, Definition] = {}
        self._names: dict[str, Definition] = {}
        self._found: dict[tuple[object, ...], Shape] = {}
        self._slots: dict[tuple[object, ...], int] = {}
        self._declare()

    def _declare(self) -> None:
        """Every event that a capture may hold, so that it can be asked for before it is met."""
        names = {pair.name for pair in events().values() if pair.kind in ("call", "trace")}
        for name in sorted({NAMES.get(name, name) for name in (*names - _UNTOLD, *system_calls())}):
            self._slot(self._definition(name))
        self.definitions[LOST_SLOT] = next(event for event in EVENTS if event.name == "lost")

    def _definition(self, name: str) -> Definition:
        """The definition of a call; one that says nothing for a call that the catalogue does not have."""
        found = self._names.get(name) or self._known.get(("syscall", name)) or self._known.get(("tracepoint", name))
        if found is None:
            found = Definition(
                name=name,
                source=Source.SYSCALL,
                category=Category.OTHER,
                description="A system call of another kind of machine, of which the capture tells no arguments.",
                fd="",
            )
        self._names[name] = found
        return found

    def _slot(self, definition: Definition) -> int:
        # Definitions hold tables, which cannot be keys; what one of them can lack is this.
        key = (
            definition.name,
            tuple((argument.name, argument.type.meaning(), _members(argument)) for argument in definition.arguments),
            definition.result is None,
            definition.fd,
        )
        slot = self._slots.get(key)
        if slot is None:
            slot = len(self._slots)
            if slot >= LOST_SLOT:
                slot += 1
            self._slots[key] = slot
            self.definitions[slot] = definition
        return slot

    def plain(self, name: str) -> Shape:
        """A call that carries nothing but its number."""
        key = ("plain", name)
        shape = self._found.get(key)
        if shape is None:
            # There are only so many names.
            ours = self._definition(NAMES.get(name, name))
            definition = dataclasses.replace(ours, arguments=(), result=None, fd="")
            shape = Shape(definition.name, self._slot(definition), definition, (), None, (), False, "", (), False, ())
            self._found[key] = shape
        return shape

    def of(
        self, pair: EventPair, exit: bool, own: int, entry: int, lacking: frozenset[str] = frozenset()
    ) -> Shape | None:
        """The shape of an event of `pair` whose side has `own` parameters, with an entry of `entry` ones (-1: none).

        None if there are too many: no version of sysdig makes so many kinds of events.
        """
        key = (pair.number, exit, own, entry, lacking)
        shape = self._found.get(key)
        if shape is None and len(self._found) < MAX_SHAPES:
            shape = self._found[key] = self._make(pair, exit, own, entry, lacking)
        return shape

    def _make(self, pair: EventPair, exit: bool, own: int, entry: int, lacking: frozenset[str]) -> Shape:
        name = NAMES.get(pair.name, pair.name)
        ours = self._definition(name)
        sides = _Sides(pair, exit, own, entry)
        fields: list[Field] = []
        made: list[tuple[Origin, Field, tuple[Places, ...]]] = []
        by_argument = {origin.argument: origin for origin in origins().get(name, ())}
        order = [argument.name for argument in ours.arguments]
        chosen = [by_argument[each] for each in order if each in by_argument and not by_argument[each].extra]
        chosen += [origin for origin in by_argument.values() if origin.extra]
        for origin in chosen:
            places = sides.places(origin)
            if places is None or origin.argument in lacking:
                continue
            field = EXTRA[origin.argument] if origin.extra else ours.argument(origin.argument)
            if origin.form == "poll" and not places[0]:
                field = dataclasses.replace(field, type=_results_only(field))
                origin = dataclasses.replace(origin, form="poll_results")
                places = places[1:]
            made.append((origin, field, places))
            fields.append(field)
        names = {field.name for field in fields}
        kept = [
            (origin, field, places)
            for origin, field, places in made
            if not isinstance(field.type, Switch) or field.type.on in names
        ]
        descriptor = ours.descriptor
        if descriptor is not None and descriptor != "ret" and descriptor not in names:
            descriptor = ""
        result_place = sides.result()
        result = ours.result if result_place is not None else None
        if descriptor == "ret" and result is None:
            descriptor = ""
        definition = dataclasses.replace(
            ours,
            arguments=tuple(field for _, field, _ in kept[:6]),
            result=result,
            fd=descriptor or "",
        )
        if definition.arguments == ours.arguments and definition.result == ours.result:
            definition = ours
        parts = tuple(_parts(kept[:6], descriptor or ""))
        if name == "prctl":
            parts += sides.thread_name(parts)
        own_descriptor = next((part.places[0] for part in parts if part.argument == descriptor), ())
        handler, needs = NEEDS.get(name, ("", ())) if exit else ("", ())
        return Shape(
            definition.name,
            self._slot(definition),
            definition,
            parts,
            result_place,
            own_descriptor,
            descriptor == "ret",
            handler,
            tuple(sides.alternatives(need) for need in needs),
            _has_relative_path(definition),
            tuple(index for index, part in enumerate(parts) if part.object),
            lacking,
        )


class _Sides:
    """Where the parameters of an event stand."""

    def __init__(self, pair: EventPair, exit: bool, own: int, entry: int) -> None:
        self._exit = exit
        side = pair.exit if exit else pair.entry
        self._own = _named(side, own)
        # A successful execveat returns as execve: its entry has other parameters, which do not meet these names.
        self._entry = _named(pair.entry if exit else _NO_SIDE, entry)

    def result(self) -> Place | None:
        """The result: the first parameter of the return, if that is a number."""
        if not self._exit:
            return None
        for name, (index, kind) in self._own.items():
            return Place(True, index, kind) if kind in "iu" and name not in ("ID", "nativeID") else None
        return None

    def find(self, parameter: Parameter) -> Places:
        """The places of a parameter, in the order in which they are tried."""
        own = self._own.get(parameter.name)
        entry = self._entry.get(parameter.name)
        first = (Place(self._exit, *own),) if own is not None and parameter.side != "<" else ()
        second = (Place(False, *entry),) if entry is not None and parameter.side != ">" else ()
        return second + first if parameter.side == "^" else first + second

    def alternatives(self, need: str) -> Places:
        """The places of "a|b": those of a, then those of b."""
        return tuple(place for word in need.split("|") for place in self.find(_parameter(word)))

    def places(self, origin: Origin) -> tuple[Places, ...] | None:
        """The places of an argument's parameters; None if it cannot be had."""
        if not origin.joined:
            found = tuple(place for parameter in origin.parameters for place in self.find(parameter))
            return (found,) if found else None
        each = tuple(self.find(parameter) for parameter in origin.parameters)
        if origin.form in ("destination", "poll", "argv"):
            return each if any(each) else None
        return each if all(each) else None

    def thread_name(self, parts: tuple[Part, ...]) -> tuple[Part, ...]:
        """The copy of a string for prctl's second argument, whose number is captured apart from it."""
        option, name = self.find(Parameter("option")), self.find(Parameter("arg2_str"))
        second = next((part for part in parts if part.argument == "arg2"), None)
        if not option or not name or second is None:
            return ()
        return (
            dataclasses.replace(
                second, role="built", places=(option, name), form="prctl_name", number=second.number + 1
            ),
        )


def _parameter(word: str) -> Parameter:
    return Parameter(word.lstrip("^<>"), word[0] if word[0] in "^<>" else "")


def _named(side: Side, count: int) -> dict[str, tuple[int, str]]:
    return {
        name: (index, kind)
        for index, (name, kind) in enumerate(zip(side.names, side.kinds, strict=True))
        if index < count
    }


def _parts(made: list[tuple[Origin, Field, tuple[Places, ...]]], descriptor: str) -> Iterable[Part]:
    number = 0
    for position, (origin, field, places) in enumerate(made):
        copies = field.type.captures()
        payload = bool(copies) and copies[0].payload
        is_descriptor = isinstance(field.type, Descriptor)
        if origin.form == "quota":
            role = "registers"
        elif origin.joined or origin.form in _BUILT:
            role = "built"
        elif origin.form in ("dynamic", "count") or places[0][0].kind in "iu":
            role = "number"
        elif places[0][0].kind == "s":
            role = "text"
        else:
            role = "bytes"
        yield Part(
            field.name, position, role, places, origin.form, number, payload,
            is_descriptor and field.name != descriptor,
        )  # fmt: skip
        number += len(copies)


_BUILT = frozenset({"sockaddr", "source", "target", "i32", "timespec", "clone_args", "option"})


def _results_only(field: Field) -> Array:
    """The list of poll without what was asked for."""
    kind = field.type
    assert isinstance(kind, Array) and isinstance(kind.of, Structure)
    members = tuple(member for member in kind.of.members if member.name != "events")
    return dataclasses.replace(kind, of=dataclasses.replace(kind.of, members=tuple(
        dataclasses.replace(member, offset=4) if member.name == "revents" else member for member in members
    )))  # fmt: skip


def _members(argument: Field) -> int:
    kind = argument.type
    return len(kind.of.members) if isinstance(kind, Array) and isinstance(kind.of, Structure) else 0


def _has_relative_path(definition: Definition) -> bool:
    return definition.name not in ("execve", "execveat") and any(
        isinstance(argument.type, Path) and not argument.type.directory for argument in definition.arguments
    )
