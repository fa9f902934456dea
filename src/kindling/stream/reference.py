"""Writes the reference: `python -m kindling.stream.reference docs/reference`.

Pages about events come from `kindling.catalogue.reference`; here are added those about filter fields and columns, and
what the capture plan says about an event.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from kindling.catalogue.event_page import Notes, head, row, text
from kindling.catalogue.model import Definition, Source
from kindling.catalogue.reference import GENERATED, pages
from kindling.catalogue.registry import catalogue
from kindling.enrich.categories import category_of
from kindling.enrich.kinds import FdType
from kindling.probes.base import Wanted
from kindling.probes.layout import EventFlag
from kindling.probes.plan import make_plan
from kindling.stream.arrow import Column, columns
from kindling.stream.fields import Field, Level, fields

LEVELS: Mapping[Level, tuple[str, str]] = {
    Level.EVENT: ("The event", "One value for each event."),
    Level.DEFINITION: (
        "What kind of event it is",
        "The same for all events of one name: they cost nothing to filter by.",
    ),
    Level.ARGUMENT: ("Arguments", "Decoded from the event's own data, event by event: the slowest to filter by."),
    Level.THREAD: (
        "Thread and process",
        "As they were when the event happened; on the host's side unless it says otherwise.",
    ),
    Level.DESCRIPTOR: ("File or socket", "What the event's descriptor stood for; absent where the event has none."),
}

MOST_VALUES = 40
"""Longer lists of values have a page of their own (errno)."""


def hooks(definition: Definition) -> str:
    """Which hooks the kernel side needs for an event, as its capture plan has it. Empty for what needs none."""
    if definition.source is Source.KINDLING:
        return ""
    machine = next(iter(definition.numbers), "x86_64")
    slots = [
        int(flags)
        for flags in make_plan(Wanted(definitions=[definition], latency=False), machine).entries["flags"]
        if flags
    ]
    if not slots:
        return ""
    if not definition.numbers:
        return "A tracepoint of its own; the hooks of system calls are not needed."
    together = EventFlag(0)
    for flags in slots:
        together |= EventFlag(flags)
    if EventFlag.EMIT_ENTRY in together:
        return "Made by the entry hook alone."
    if EventFlag.ENTRY in together:
        return "Needs the entry hook as well as the return hook: what it is about is gone when the call returns."
    return "Needs the return hook alone; the entry hook too when latency is asked for, as it is unless `latency=False`."


def notes(definition: Definition) -> Notes:
    """What the catalogue itself cannot say on an event's page."""
    others: dict[str, list[str]] = {}
    for kind in FdType:
        category = category_of(definition, kind.text)
        if category is not definition.category:
            others.setdefault(category, []).append(kind.text)
    words = "".join(f"; {other} if the descriptor's type is {', '.join(kinds)}" for other, kinds in others.items())
    return Notes(hooks(definition), words)


def fields_page() -> str:
    """The page of all filter fields."""
    parts = [
        "# Filter fields\n\n"
        "What `--where` and `where=` can ask for, and what `batch[...]` gives as a column. Names are sysdig's where it "
        "has one. A field that an event does not have makes every comparison with it false, `!=` too; `exists` "
        "tells.\n\n"
        "*Kernel*: a comparison with it can be decided in the kernel, before the event costs anything more "
        "(`--explain` says which part of a filter runs where).\n"
    ]
    for level, (title, words) in LEVELS.items():
        rows = "".join(_field(field) for field in fields() if field.level is level)
        if rows:
            parts.append(f"## {title}\n\n{words}\n\n" + head("field", "type", "kernel", "meaning") + rows)
    return "\n".join(parts)


def _field(field: Field) -> str:
    meaning = text(field.description)
    if field.parameter:
        meaning += f"; in brackets: {text(field.parameter)}"
    if field.aliases:
        meaning += "; also " + ", ".join(f"`{alias}`" for alias in field.aliases)
    if field.values and len(field.values) <= MOST_VALUES:
        meaning += "; one of " + ", ".join(f"`{value}`" for value in field.values)
    kind = field.type_text + (f", {field.unit}" if field.unit else "")
    return row(f"`{field.name}`", kind, "yes" if field.kernel is not None else "", meaning)


def arrow_page() -> str:
    """The page of the Arrow columns."""
    plain = {column.name for column in columns(arguments=True)}
    shown = (
        "# Arrow schema\n\n"
        "The columns of `batch.to_arrow()`, of `-o arrow` and of capture files. Every column may hold nulls: what is "
        "not known or does not exist is null. Text that stems from bytes (names, paths) is escaped: a backslash is "
        "written as two, a byte that is not part of valid UTF-8 as `\\xHH`.\n\n"
    )
    shown += head("column", "type", "meaning") + "".join(_column(column) for column in columns(arguments=True))
    shown += (
        "\n## Raw columns\n\n"
        "In capture files: what the records are restored from, exactly, when a capture is replayed.\n\n"
    )
    raw = [column for column in columns(raw=True) if column.name not in plain]
    return shown + head("column", "type", "meaning") + "".join(_column(column) for column in raw)


def _column(column: Column) -> str:
    kind = re.sub(r"dictionary<values=(\w+).*>", r"\1 (dictionary)", column.type)
    return row(f"`{column.name}`", f"`{kind}`" if "(" not in kind else kind, text(column.description))


def main(folder: Path) -> None:
    """Write every page below `folder`; pages of events and tables that are no more are removed."""
    examples = folder / "examples.json"
    captured: dict[str, object] = json.loads(examples.read_text(encoding="utf-8")) if examples.exists() else {}
    definitions = sorted(catalogue(), key=lambda definition: definition.name)
    wanted = pages(definitions, captured, notes)
    wanted["fields.md"] = GENERATED + fields_page()
    wanted["arrow-schema.md"] = GENERATED + arrow_page()
    for old in [*folder.glob("events/*.md"), *folder.glob("tables/*.md")]:
        if str(old.relative_to(folder)) not in wanted:
            old.unlink()
    for path, content in wanted.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content, encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m kindling.stream.reference FOLDER")
    main(Path(sys.argv[1]))
