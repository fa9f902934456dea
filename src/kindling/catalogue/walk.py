"""Walks over definitions: the types inside a type, the tables in use, and what is not documented."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields

from kindling.catalogue.model import Definition, Field
from kindling.catalogue.types import Enum, Flags, Member, Pointer, Structure, Type

DEPENDS = "depends on "
"""How the meaning of a type begins that depends on another argument, whose name follows."""


def inner(type: Type) -> Iterator[Type]:
    """The types that `type` is directly made of: what it points to, its elements, members and cases."""
    for part in fields(type):
        yield from _types(getattr(type, part.name))


def _types(value: object) -> Iterator[Type]:
    if isinstance(value, Type):
        yield value
    elif isinstance(value, Member):
        yield value.type
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _types(item)
    elif isinstance(value, tuple | list):
        for item in value:
            yield from _types(item)


def walk(type: Type) -> Iterator[Type]:
    """`type` and every type inside it, outermost first."""
    yield type
    for part in inner(type):
        yield from walk(part)


@dataclass(frozen=True, slots=True)
class Use:
    """One place where a type stands: an argument of an event, or its result ("ret")."""

    event: str
    argument: str


def types_of(definition: Definition) -> Iterator[tuple[str, Type]]:
    """Every type of an event, nested ones too, with the argument (or "ret") that it belongs to."""
    for argument in definition.arguments:
        for type in walk(argument.type):
            yield argument.name, type
    if definition.result is not None:
        for type in walk(definition.result.type):
            yield "ret", type


@dataclass(slots=True)
class Variant:
    """A table's names as some arguments show them: some calls know fewer names than others, or other ones."""

    type: Enum | Flags
    uses: list[Use]


@dataclass(slots=True)
class Table:
    """A table of names in all its variants."""

    name: str
    variants: list[Variant]

    @property
    def events(self) -> list[str]:
        """The events that use it, each once."""
        return list(dict.fromkeys(use.event for variant in self.variants for use in variant.uses))


def tables(definitions: Iterable[Definition]) -> dict[str, Table]:
    """All flag and enumeration tables that the definitions use, by name, sorted."""
    found: dict[str, Table] = {}
    for definition in definitions:
        for argument, type in types_of(definition):
            if not isinstance(type, Enum | Flags):
                continue
            table = found.setdefault(type.table, Table(type.table, []))
            variant = next((variant for variant in table.variants if same_names(type, variant.type)), None)
            if variant is None:
                variant = Variant(type, [])
                table.variants.append(variant)
            use = Use(definition.name, argument)
            if use not in variant.uses:
                variant.uses.append(use)
    return dict(sorted(found.items(), key=lambda item: item[0].lower()))


def same_names(one: Enum | Flags, other: Enum | Flags) -> bool:
    """Whether two types show the same names; they may differ in size, as a family in a sockaddr and an argument do."""
    return (
        dict(one.values) == dict(other.values)
        and {m: dict(v) for m, v in one.machines.items()} == {m: dict(v) for m, v in other.machines.items()}
        and _fields(one) == _fields(other)
    )


def _fields(type: Enum | Flags) -> dict[int, dict[str, int]]:
    return {mask: dict(names) for mask, names in type.fields.items()} if isinstance(type, Flags) else {}


def structures(type: Type) -> list[Structure]:
    """The structures inside `type`, outermost first, each once; structures that are members of another are left out."""
    found: list[Structure] = []
    if isinstance(type, Structure):
        return [type]
    for part in inner(type):
        found += [structure for structure in structures(part) if structure not in found]
    return found


def named_structures(definition: Definition) -> dict[str, Structure]:
    """The structures of all arguments by a name for each: `struct open_how`, `struct bpf_attr (BPF_MAP_CREATE)`.

    What stands in brackets is the case that a structure is used in, where several have one name.
    """
    found: dict[str, Structure] = {}
    for argument in definition.arguments:
        mapped = [pair for type in walk(argument.type) for pair in _mapped(type)]
        parts = structures(argument.type)
        names = [part.name for part in parts]
        for part in parts:
            label = ", ".join(dict.fromkeys(key for key, case in mapped if case == part))
            found.setdefault(part.meaning() + (f" ({label})" if names.count(part.name) > 1 and label else ""), part)
    return found


def _mapped(type: Type) -> Iterator[tuple[str, Structure]]:
    for part in fields(type):
        value = getattr(type, part.name)
        if isinstance(value, Mapping):
            yield from ((str(key), case) for key, case in value.items() if isinstance(case, Structure))


def members(structure: Structure) -> list[Member]:
    """All members with those of nested structures in their place: `it_value.tv_sec`, described by both."""
    found: list[Member] = []
    for member in structure.members:
        if isinstance(member.type, Structure):
            found += [
                Member(
                    f"{member.name}.{part.name}",
                    0,
                    part.type,
                    ": ".join(filter(None, (member.description, part.description))),
                )
                for part in members(member.type)
            ]
        else:
            found.append(member)
    return found


@dataclass(frozen=True, slots=True)
class Cases:
    """What an argument is, by the values of the argument `on`; `default` for all others, None if there are none."""

    on: str
    types: Mapping[str, Type]
    default: Type | None


def cases(definition: Definition, argument: Field) -> Cases | None:
    """The cases of an argument whose type depends on another one: a Switch, or a type that tells so in its meaning."""
    on = argument.type.meaning().removeprefix(DEPENDS)
    if on == argument.type.meaning():
        return None
    deciding = definition.argument(on).type
    shift: int = getattr(argument.type, "shift", 0)
    found: dict[str, Type] = {}
    parts = [part.name for part in fields(argument.type)]
    for part in ["cases"] if "cases" in parts else parts:
        value = getattr(argument.type, part)
        if isinstance(value, Mapping):
            for key, case in value.items():
                if isinstance(case, Type):
                    found[str(deciding.decode(key << shift)) if isinstance(key, int) else str(key)] = case
    # FutexArgument names the cases in which it points to a structure.
    pointed: tuple[str, ...] = getattr(argument.type, "pointed", ())
    found |= {name: Pointer(case) for name in pointed if isinstance(case := getattr(argument.type, "to", None), Type)}
    default = getattr(argument.type, "default", None)
    return Cases(on, found, default if isinstance(default, Type) else None)


def undocumented(definitions: Sequence[Definition]) -> list[str]:
    """What lacks a description or leads nowhere, one line each; empty when all is well."""
    names = {definition.name for definition in definitions}
    problems: list[str] = []
    for definition in definitions:
        problems += _undocumented(definition, names)
    for table in tables(definitions).values():
        if not table.name:
            problems.append(f"a table without a name is used by {', '.join(table.events[:4])}")
    return problems


def _undocumented(definition: Definition, names: set[str]) -> Iterator[str]:
    event = definition.name
    if not definition.description.endswith("."):
        yield f"{event}: its description is missing or is no sentence"
    if not definition.fires:
        yield f"{event}: does not say when it fires"
    for argument in definition.arguments:
        if not argument.description:
            yield f"{event}: argument {argument.name} has no description"
        for structure in (type for type in walk(argument.type) if isinstance(type, Structure)):
            for member in structure.members:
                if not member.description and not isinstance(member.type, Structure):
                    yield f"{event}: struct {structure.name}: member {member.name} has no description"
    if definition.result is not None:
        if not definition.result.description:
            yield f"{event}: its result has no description"
        for error, reason in definition.result.errors.items():
            if not reason:
                yield f"{event}: error {error} has no description"
    for other in definition.related:
        if other not in names:
            yield f"{event}: related to {other}, which does not exist"
