"""`kindling events` at work: lists of events and fields, and the page of one event in the terminal."""

from __future__ import annotations

import json
import textwrap
from argparse import Namespace
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from kindling.catalogue.event_page import SOURCES
from kindling.catalogue.model import MACHINES, Category, Definition, Direction, Source
from kindling.catalogue.model import Field as Argument
from kindling.catalogue.registry import catalogue
from kindling.catalogue.tables.common import errno_meaning
from kindling.catalogue.types import Enum, Flags, Type
from kindling.catalogue.walk import cases, members, named_structures
from kindling.cli.output import Target
from kindling.cli.terminal import Style, cut, wants_colour, width_of
from kindling.errors import UsageError

PIPED = 100
"""Columns of a page that goes to a file or pipe."""

MOST_NAMES = 60
"""A table with more names than this is not listed on an event's page."""


def run(arguments: Namespace) -> int:
    """Write the list or page that is asked for."""
    target = Target(None)
    if arguments.fields:
        text = _fields(arguments, target)
    else:
        chosen, exact = _chosen(arguments)
        if not chosen:
            raise UsageError("no event is like that; 'kindling events' lists them all")
        if arguments.output == "json":
            text = "".join(json.dumps(as_dict(d), ensure_ascii=False) + "\n" for d in chosen)
        elif exact:
            text = "\n".join(_Page(target, d).text() for d in chosen)
        else:
            text = _list(target, chosen)
    target.write(text)
    return 0


def _chosen(arguments: Namespace) -> tuple[list[Definition], bool]:
    """The definitions asked for, and whether each by its very name."""
    known = catalogue()
    names: list[str] = arguments.names
    exact = bool(names) and not arguments.search and all(name in known for name in names)
    chosen = list(known) if not names else known.select(*(_pattern(name) for name in names))
    if arguments.category is not None:
        wanted = arguments.category.removeprefix("category:")
        if wanted not in set(Category):
            raise UsageError(f"there is no category {wanted!r}; there are {', '.join(Category)}")
        chosen = [d for d in chosen if d.category == wanted]
    if arguments.search is not None:
        words = arguments.search.lower().split()
        chosen = [d for d in chosen if all(word in _haystack(d) for word in words)]
    return chosen, exact


def _pattern(name: str) -> str:
    return f"category:{name}" if name in set(Category) and name not in catalogue() else name


def _haystack(definition: Definition) -> str:
    parts = [definition.name, definition.description, definition.fires, *definition.aliases]
    parts += [text for a in definition.arguments for text in (a.name, a.description, a.type.meaning())]
    if definition.result is not None:
        parts += [definition.result.description, *definition.result.errors, *definition.result.errors.values()]
    return "\n".join(parts).lower()


def _list(target: Target, definitions: Sequence[Definition]) -> str:
    style, width = Style(wants_colour(target.descriptor)), width_of(target.descriptor)
    names = max(len(d.name) for d in definitions)
    kinds = max(len(d.category) for d in definitions)
    lines = []
    for d in definitions:
        words = d.description if width is None else cut(d.description, max(width - names - kinds - 4, 20))
        lines.append(f"{style('bold', d.name)}{' ' * (names - len(d.name))}  {d.category:{kinds}}  {words}\n")
    return "".join(lines)


def as_dict(definition: Definition) -> dict[str, object]:
    """A definition as the JSON form has it."""
    result = definition.result
    return {
        "name": definition.name,
        "source": str(definition.source),
        "category": str(definition.category),
        "description": definition.description,
        "fires": definition.fires,
        "aliases": list(definition.aliases),
        "descriptor": definition.descriptor,
        "arguments": [
            {
                "name": a.name,
                "type": a.type.meaning(),
                "direction": str(a.direction),
                "description": a.description,
                "values": _names(a.type) or None,
            }
            for a in definition.arguments
        ],
        "result": None
        if result is None
        else {"type": result.type.meaning(), "description": result.description, "errors": dict(result.errors)},
        "numbers": dict(definition.numbers),
        "since": definition.since or None,
        "manual": definition.manual or None,
        "related": list(definition.related),
    }


def _names(type: Type) -> list[str]:
    """The symbolic names that a value can have."""
    return list(type.values) if isinstance(type, Enum | Flags) else []


class _Page:
    """All that is known of one event."""

    def __init__(self, target: Target, definition: Definition) -> None:
        self._style = Style(wants_colour(target.descriptor))
        self._width = min(width_of(target.descriptor) or PIPED, 110)
        self._definition = definition
        self._lines: list[str] = []

    def text(self) -> str:
        """The page."""
        definition = self._definition
        self._lines.append(
            f"{self._style('bold', definition.name)}  {definition.category}, {SOURCES[definition.source]}"
        )
        self._paragraph(definition.description)
        self._rows("", self._facts())
        self._rows("arguments", [(a.name, _about(a), _names(a.type)) for a in definition.arguments])
        self._structures()
        self._result()
        return "\n".join(self._lines) + "\n"

    def _facts(self) -> list[tuple[str, str, list[str]]]:
        definition = self._definition
        facts = {
            "fires": definition.fires,
            "also called": ", ".join(definition.aliases),
            "its entry": f"syscall_enter-{definition.name}" if definition.source is Source.SYSCALL else "",
            "descriptor": _descriptor(definition),
            "number": ", ".join(
                f"{machine} {definition.numbers[machine]}" if machine in definition.numbers else f"not on {machine}"
                for machine in MACHINES
            )
            if definition.numbers
            else "",
            "since": f"Linux {definition.since}" if definition.since else "",
            "manual page": definition.manual,
            "related": ", ".join(definition.related),
        }
        return [(name, fact, []) for name, fact in facts.items() if fact]

    def _structures(self) -> None:
        for argument in self._definition.arguments:
            known = cases(self._definition, argument)
            if known is not None and known.types:
                self._rows(
                    f"{argument.name}, by {known.on}",
                    [(name, case.meaning(), []) for name, case in known.types.items()],
                )
        for title, structure in named_structures(self._definition).items():
            self._rows(title, [(m.name, f"{m.type.meaning()}: {m.description}", []) for m in members(structure)])

    def _result(self) -> None:
        result = self._definition.result
        if result is None:
            return
        self._rows("result", [("ret", f"{result.type.meaning()}: {result.description}", [])])
        self._rows("errors", [(e, f"{why} ({errno_meaning(e)})", []) for e, why in result.errors.items()])

    def _paragraph(self, words: str) -> None:
        self._lines += ["", *textwrap.wrap(words, self._width - 2, initial_indent="  ", subsequent_indent="  ")]

    def _rows(self, title: str, rows: Iterable[tuple[str, str, list[str]]]) -> None:
        rows = list(rows)
        if not rows:
            return
        self._lines.append("")
        if title:
            self._lines.append(self._style("bold", title.upper() if title.islower() and "," not in title else title))
        column = min(max(len(name) for name, _, _ in rows), 24) + 2
        for name, words, values in rows:
            wrapped = textwrap.wrap(words, max(self._width - column - 2, 20)) or [""]
            if 0 < len(values) <= MOST_NAMES:
                wrapped += textwrap.wrap(
                    " ".join(values), max(self._width - column - 4, 20), initial_indent="  ", subsequent_indent="  ",
                    break_long_words=False, break_on_hyphens=False,
                )  # fmt: skip
            head = f"  {self._style('cyan', name)}{' ' * (column - len(name))}"
            if len(name) >= column:
                self._lines.append(head.rstrip())
                head = " " * (column + 2)
            self._lines.append(f"{head}{wrapped[0]}".rstrip())
            self._lines += [" " * (column + 2) + line for line in wrapped[1:]]


def _about(argument: Argument) -> str:
    direction = {Direction.IN: "", Direction.OUT: "out, ", Direction.INOUT: "in and out, "}[argument.direction]
    return f"{direction}{argument.type.meaning()}: {argument.description}"


def _descriptor(definition: Definition) -> str:
    name = definition.descriptor
    if name is None:
        return ""
    return "the result: fd describes the new one" if name == "ret" else f"argument {name}: fd describes it"


# Fields ---------------------------------------------------------------------------------------------------------------


def _fields(arguments: Namespace, target: Target) -> str:
    from kindling.stream.fields import Field, fields

    def wanted(field: Field) -> bool:
        names = (field.name, *field.aliases)
        if arguments.names and not any(
            pattern in name or fnmatchcase(name, pattern) for pattern in arguments.names for name in names
        ):
            return False
        words = (arguments.search or "").lower().split()
        text = " ".join((*names, field.description)).lower()
        return all(word in text for word in words)

    if arguments.category is not None:
        raise UsageError("fields have no category; leave --category out, or --fields")
    chosen = [field for field in fields() if wanted(field)]
    if not chosen:
        raise UsageError("no field is like that; 'kindling events --fields' lists them all")
    if arguments.output == "json":
        return "".join(
            json.dumps(
                {
                    "name": field.name,
                    "type": field.type_text,
                    "unit": field.unit or None,
                    "description": field.description,
                    "aliases": list(field.aliases),
                    "values": list(field.values) or None,
                    "parameter": field.parameter or None,
                    "kernel": field.kernel is not None,
                    "level": str(field.level),
                },
                ensure_ascii=False,
            )
            + "\n"
            for field in chosen
        )
    style, width = Style(wants_colour(target.descriptor)), width_of(target.descriptor)
    names = max(len(field.name) for field in chosen)
    kinds = max(len(_kind(field.type_text, field.unit)) for field in chosen)
    lines = []
    for field in chosen:
        words = field.description
        if field.aliases:
            words += f"; also {', '.join(field.aliases)}"
        if width is not None:
            words = cut(words, max(width - names - kinds - 6, 20))
        mark = style("green", "k") if field.kernel is not None else " "
        kind = _kind(field.type_text, field.unit)
        lines.append(f"{style('bold', field.name)}{' ' * (names - len(field.name))}  {kind:{kinds}} {mark} {words}\n")
    return "".join(lines) + "k: can be decided in the kernel, before an event costs anything more\n"


def _kind(type_text: str, unit: str) -> str:
    return f"{type_text} ({unit})" if unit and unit != type_text else type_text
