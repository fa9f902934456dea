"""The definitions of the events in a capture file, so that a reader with another catalogue knows what it can decode.

A definition is written with its arguments' names and types. A reader uses its own catalogue's definition where both
agree on what the kernel copied; an argument for which they do not is shown as the raw number that was recorded.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kindling.catalogue import types
from kindling.catalogue.model import Category, Definition, Direction, Field, Result, Source
from kindling.catalogue.types import Call, Capture, Copy, Scalar, Type, Value
from kindling.errors import UnknownEventError
from kindling.probes.capture_format import digest, pack, unpack
from kindling.probes.layout import MAX_ARGUMENTS

MAX_WIDTH = 32
"""Copies that one argument may have, as far as a file is believed."""
_REBUILT: Mapping[str, type[Type]] = {
    cls.__name__: cls
    for cls in (
        types.Scalar,
        types.Quantity,
        types.Hexadecimal,
        types.Octal,
        types.Boolean,
        types.Descriptor,
        types.DeviceNumber,
        types.String,
        types.Path,
        types.Bytes,
        types.StringArray,
        types.SocketAddress,
    )
}
"""Types that are made again from what the file says of them, for events that no catalogue has (kprobes, uprobes)."""

_IRRELEVANT = {"limit", "unit", "zero", "null", "payload", "length", "count", "directory"}
"""Members of types that do not decide how recorded bytes are read."""

_NO_CALL = Call({})

Lookup = Callable[[str, str], Definition | None]

_SPECIAL = re.compile(r"[^\w:./@+-]", re.ASCII)


@dataclass(frozen=True, slots=True)
class Recorded(Type):
    """An argument of a type that this version of Kindling does not know: its raw number, and what was copied for it."""

    name: str
    width: int = 0
    """How many copies the kernel side made for it at most."""

    def captures(self, machine: str = "x86_64") -> tuple[Capture, ...]:
        return (Capture(Copy.BYTES),) * self.width

    def decode(self, raw: int, data: Sequence[bytes | None] = (), call: Call = _NO_CALL) -> Value:
        copied: list[Value] = [piece for piece in data if piece is not None]
        return {"raw": f"{raw:#x}", "data": copied} if copied else f"{raw:#x}"

    def schema(self) -> dict[str, object]:
        return {"type": ["string", "object"]}

    def meaning(self) -> str:
        return f"{self.name}, which this version of Kindling does not know"


def encode_definitions(definitions: Mapping[int, Definition], machine: str) -> str:
    """Definitions by slot, as text."""
    return pack({str(slot): _describe(definition, machine) for slot, definition in sorted(definitions.items())})


def fingerprint(definitions: Iterable[Definition], machine: str) -> str:
    """A short name for these definitions, equal for equal ones in whatever order."""
    return digest("\n".join(sorted(pack(_describe(definition, machine)) for definition in definitions)))


def lookup(known: Iterable[Definition] | None) -> Lookup:
    """Finds a definition by source and name among `known` ones, by default in the catalogue."""
    if known is None:
        return _in_catalogue
    table = {(str(definition.source), definition.name): definition for definition in known}
    return lambda source, name: table.get((source, name))


def _in_catalogue(source: str, name: str) -> Definition | None:
    from kindling.catalogue.registry import catalogue

    try:
        found = catalogue().get(name)
    except UnknownEventError:
        return None
    return found if found.source == source and found.name == name else None


def decode_definitions(text: str, machine: str, known: Lookup) -> tuple[dict[int, Definition], list[str]]:
    """Definitions by slot, `known` ones where they fit, and in words what cannot be decoded. Raises ValueError."""
    described = unpack(text)
    if not isinstance(described, dict):
        raise ValueError("not a table of events")
    found: dict[int, Definition] = {}
    notes: list[str] = []
    for slot, description in described.items():
        if not (slot.isascii() and slot.isdigit() and len(slot) < 6 and int(slot) < 1 << 16):
            raise ValueError("an event's number is none")
        if not isinstance(description, dict):
            raise ValueError("an event is not described")
        ours = known(str(description.get("source")), str(description.get("name")))
        found[int(slot)] = _definition(description, machine, ours, notes)
    return found, notes


def unknown_event(slot: int) -> Definition:
    """What stands for an event whose definition is missing in the file."""
    return Definition(
        name=f"event-{slot}",
        source=Source.KINDLING,
        category=Category.OTHER,
        description="An event whose definition is missing in the capture file.",
        arguments=tuple(Field(f"arg{n}", Recorded("raw"), "raw argument") for n in range(MAX_ARGUMENTS)),
    )


def _describe(definition: Definition, machine: str) -> dict[str, object]:
    described: dict[str, object] = {
        "name": definition.name,
        "source": str(definition.source),
        "category": str(definition.category),
        "description": definition.description,
        "arguments": [
            {
                "name": argument.name,
                "type": _describe_type(argument.type),
                "captures": len(argument.type.captures(machine)),
                "direction": str(argument.direction),
                "description": argument.description,
            }
            for argument in definition.arguments
        ],
    }
    if definition.result is not None:
        described["result"] = {
            "type": _describe_type(definition.result.type),
            "description": definition.result.description,
        }
    if definition.fd is not None:
        described["fd"] = definition.fd
    return described


def _describe_type(kind: Type) -> dict[str, object]:
    described: dict[str, object] = {"class": type(kind).__name__}
    for field in dataclasses.fields(kind):
        value = getattr(kind, field.name)
        if not field.init or (value == field.default and not isinstance(value, Type)):
            continue
        if isinstance(value, Type):
            described[field.name] = _describe_type(value)
        elif isinstance(value, int | str):
            described[field.name] = value
    return described


def _decides(described: object) -> object:
    """The part of a described type that both sides must agree on."""
    if not isinstance(described, dict):
        return described
    return {name: _decides(value) for name, value in described.items() if name not in _IRRELEVANT}


def _definition(described: Mapping[str, Any], machine: str, ours: Definition | None, notes: list[str]) -> Definition:
    name = _text(described, "name")
    listed = described.get("arguments", [])
    if (
        not isinstance(listed, list)
        or len(listed) > MAX_ARGUMENTS
        or not all(isinstance(entry, dict) for entry in listed)
    ):
        raise ValueError(f"the arguments of {name} are not described")
    own = {argument.name: argument for argument in ours.arguments} if ours is not None else {}
    arguments: list[Field] = []
    foreign: list[str] = []
    for entry in listed:
        argument = own.get(_text(entry, "name"))
        width = entry.get("captures", 0)
        if type(width) is not int or not 0 <= width <= MAX_WIDTH:
            raise ValueError(f"the arguments of {name} are not described")
        if argument is None or not _agree(argument.type, entry.get("type"), width, machine):
            argument = _argument(entry, width, machine)
            if isinstance(argument.type, Recorded):
                foreign.append(argument.name)
        arguments.append(argument)
    if foreign:
        notes.append(
            f"{name}: {', '.join(foreign)} shown as recorded, for this version of Kindling does not know the type"
        )
    if ours is not None and tuple(arguments) == ours.arguments:
        return ours
    # A type that depends on an argument which the file does not have cannot be kept.
    names = {argument.name for argument in arguments}
    arguments = [
        dataclasses.replace(argument, type=Recorded("switch", len(argument.type.captures(machine))))
        if isinstance(argument.type, types.Switch) and argument.type.on not in names
        else argument
        for argument in arguments
    ]
    source, category, fd = str(described.get("source")), str(described.get("category")), described.get("fd")
    return Definition(
        name=name,
        source=Source(source) if source in list(Source) else Source.KINDLING,
        category=Category(category) if category in list(Category) else Category.OTHER,
        description=_printable(described.get("description")),
        arguments=tuple(arguments),
        result=ours.result if ours is not None else _result(described.get("result")),
        aliases=ours.aliases if ours is not None else (),
        fd=fd if isinstance(fd, str) and (not fd or fd == "ret" or fd in names) else None,
    )


def _agree(ours: Type, theirs: object, width: int, machine: str) -> bool:
    return len(ours.captures(machine)) == width and _decides(_describe_type(ours)) == _decides(theirs)


def _argument(entry: Mapping[str, Any], width: int, machine: str) -> Field:
    kind = _rebuild(entry.get("type"))
    if kind is None or len(kind.captures(machine)) != width:
        described = entry.get("type")
        kind = Recorded(_text(described, "class") if isinstance(described, dict) else "unknown", width)
    direction = str(entry.get("direction"))
    return Field(
        _text(entry, "name"),
        kind,
        _printable(entry.get("description")),
        Direction(direction) if direction in list(Direction) else Direction.IN,
    )


def _result(described: object) -> Result | None:
    if not isinstance(described, dict):
        return None
    kind = _rebuild(described.get("type"))
    return Result(kind if isinstance(kind, Scalar) else types.I64, _printable(described.get("description")))


def _rebuild(described: object) -> Type | None:
    if not isinstance(described, dict):
        return None
    cls = _REBUILT.get(str(described.get("class")))
    if cls is None:
        return None
    members = {field.name: field.default for field in dataclasses.fields(cls) if field.init}
    given = {name: value for name, value in described.items() if name != "class"}
    for name, value in given.items():
        if name not in members or type(value) not in (int, str, bool) or len(str(value)) > 256:
            return None
        # `length` alone may be of two types: a number or the name of an argument.
        if name != "length" and type(value) is not type(members[name]):
            return None
    if issubclass(cls, Scalar) and given.get("size", 8) not in (1, 2, 4, 8):
        return None
    return cls(**given)


def _printable(value: object) -> str:
    return "".join(character if character.isprintable() else " " for character in str(value or ""))


def _text(described: Mapping[str, Any], name: str) -> str:
    value = described.get(name)
    if not isinstance(value, str) or not value or len(value) > 8192:
        raise ValueError(f"an event or argument has no {name}")
    # Names end up in terminals and in generated code: nothing that means something there may come from a file.
    return _SPECIAL.sub("_", value)
