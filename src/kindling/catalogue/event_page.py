"""The reference's page of one event, as Markdown made from its definition."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kindling.catalogue.model import MACHINES, Definition, Direction, Field, Source
from kindling.catalogue.tables.common import errno_meaning
from kindling.catalogue.types import Capture, Copy, Enum, Flags, LengthFrom, Structure, Type
from kindling.catalogue.walk import Cases, cases, members, named_structures, walk

SOURCES: Mapping[Source, str] = {
    Source.SYSCALL: "system call, at its return",
    Source.SYSCALL_ENTER: "system call, at its entry",
    Source.TRACEPOINT: "kernel tracepoint",
    Source.KPROBE: "kernel function, at its entry",
    Source.KRETPROBE: "kernel function, at its return",
    Source.UPROBE: "user function, at its entry",
    Source.URETPROBE: "user function, at its return",
    Source.USDT: "user tracepoint",
    Source.KINDLING: "Kindling itself",
}

NO_STRUCTURES: Mapping[str, Structure] = {}


def slug(name: str) -> str:
    """The file name of a table: "AT_* flags" becomes "at-flags", "FS_*_QUOTA" "fs-x-quota"."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower().replace("*_", "x_")).strip("-")


def text(words: str) -> str:
    """`words` so that Markdown shows them as they are, in a table too."""
    return re.sub(r"([\\|*<\[\]])", r"\\\1", words)


def code(words: str) -> str:
    """`words` as code, in a table too."""
    return "`" + words.replace("|", "\\|") + "`"


def row(*cells: str) -> str:
    """One row of a Markdown table."""
    return f"| {' | '.join(cells)} |\n"


def head(*cells: str) -> str:
    """The first two rows of a Markdown table."""
    return row(*cells) + row(*("---" for _ in cells))


@dataclass(frozen=True, slots=True)
class Notes:
    """What only the layers above the catalogue know of an event: the hooks it needs, when its category is another."""

    hooks: str = ""
    category: str = ""


NO_NOTES = Notes()


def event_page(definition: Definition, example: object = None, notes: Notes = NO_NOTES) -> str:
    """The page of one event; `example` is a captured JSON object."""
    named = named_structures(definition)
    parts = [
        f"# {definition.name}\n\n{text(definition.description)}\n",
        _facts(definition, notes),
        _arguments(definition, named),
        *_structures(definition, named),
        _result(definition),
        _cost(definition, notes.hooks),
        _related(definition),
        "## Example\n\n" + (_example(example) if example is not None else "No example captured yet.\n"),
    ]
    return "\n".join(part for part in parts if part)


def _facts(definition: Definition, notes: Notes) -> str:
    facts = {
        "Category": f"[{definition.category}](../index.md#{definition.category})" + text(notes.category),
        "Source": SOURCES[definition.source],
        "Fires": text(definition.fires) + _failures(definition),
        "Also called": ", ".join(f"`{alias}`" for alias in definition.aliases),
        "At its entry": f"`syscall_enter-{definition.name}`" if definition.source is Source.SYSCALL else "",
        "Descriptor": _descriptor(definition),
        "Since": f"Linux {definition.since}" if definition.since else "before Linux 3.10",
        "Number": _numbers(definition),
        "Probes": _probes(definition),
        "Manual page": definition.manual,
    }
    if definition.source is Source.KINDLING:
        del facts["Since"]
    return head("", "") + "".join(row(name, fact) for name, fact in facts.items() if fact)


def _failures(definition: Definition) -> str:
    return "; failed calls too" if definition.result is not None and definition.result.errors else ""


def _descriptor(definition: Definition) -> str:
    name = definition.descriptor
    if name is None:
        return ""
    return "the result: `fd` describes the new one" if name == "ret" else f"argument `{name}`: `fd` describes it"


def _numbers(definition: Definition) -> str:
    if not definition.numbers:
        return ""
    return ", ".join(
        f"{machine}: {definition.numbers[machine]}" if machine in definition.numbers else f"not on {machine}"
        for machine in MACHINES
    )


def _probes(definition: Definition) -> str:
    if definition.source is Source.KINDLING:
        return "all"
    return "`ebpf`; `replay` of a capture that holds it"


def _arguments(definition: Definition, named: Mapping[str, Structure]) -> str:
    if not definition.arguments:
        return "## Arguments\n\nNone.\n"
    return (
        "## Arguments\n\n"
        + head("name", "[type](../types.md)", "direction", "meaning")
        + "".join(
            row(
                f"`{argument.name}`", _type_text(argument.type, named), _direction(argument), text(argument.description)
            )
            for argument in definition.arguments
        )
    )


def _direction(argument: Field) -> str:
    return "in, out" if argument.direction is Direction.INOUT else str(argument.direction)


def _type_text(type: Type, named: Mapping[str, Structure] = NO_STRUCTURES) -> str:
    """A type's name, with links to its table, or to the section of its structure among `named`."""
    shown = text(type.meaning())
    for part in walk(type):
        if isinstance(part, Enum | Flags) and text(part.table) in shown:
            return shown.replace(text(part.table), f"[{text(part.table)}](../tables/{slug(part.table)}.md)")
        if isinstance(part, Structure) and (name := text(part.meaning())) in shown:
            title = next((title for title, structure in named.items() if structure == part), None)
            return shown if title is None else shown.replace(name, f"[{name}](#{_anchor(title)})")
    return shown


def _anchor(title: str) -> str:
    """The anchor of a heading, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-")


def _structures(definition: Definition, named: Mapping[str, Structure]) -> Iterable[str]:
    """What the arguments point to, and what they are when that depends on another argument."""
    for argument in definition.arguments:
        known = cases(definition, argument)
        if known is not None and known.types:
            yield _cases(argument, known, named)
    for title, structure in named.items():
        rows = [row(code(m.name), _type_text(m.type, named), text(m.description)) for m in members(structure)]
        yield f"### {title}\n\n" + head("member", "type", "meaning") + "".join(rows)


def _cases(argument: Field, known: Cases, named: Mapping[str, Structure]) -> str:
    rows: dict[str, list[str]] = {}
    for name, case in known.types.items():
        rows.setdefault(_type_text(case, named), []).append(code(name))
    shown = f"### `{argument.name}` by `{known.on}`\n\n" + head(f"`{known.on}`", f"`{argument.name}` is")
    shown += "".join(row(", ".join(names), type) for type, names in rows.items())
    return shown + (row("anything else", _type_text(known.default)) if known.default is not None else "")


def _result(definition: Definition) -> str:
    result = definition.result
    if result is None:
        return "## Result\n\nNone: `ret` is null.\n" if definition.source is Source.SYSCALL else ""
    shown = f"## Result\n\n{_sentence(text(result.description))}.\n\nType: {_type_text(result.type)}.\n"
    if not result.errors:
        return shown
    return (
        shown
        + "\n### Errors\n\nA call that failed has the negative errno in `ret` and its name in `error`.\n\n"
        + head("`error`", "in general", "here")
        + "".join(row(f"`{name}`", text(errno_meaning(name)), text(why)) for name, why in result.errors.items())
    )


def _sentence(words: str) -> str:
    """`words` with a capital first letter, unless the first word is a name of the kernel's."""
    first = words.split(" ", 1)[0]
    return words[:1].upper() + words[1:] if first.isalpha() and first.islower() else words


def _cost(definition: Definition, hooks: str) -> str:
    if definition.source is Source.KINDLING:
        return ""
    lines: list[str] = []
    for argument in definition.arguments:
        known = cases(definition, argument)
        if known is not None:
            limits = [_limit(capture) for capture in argument.type.captures() if capture.kind is not Copy.OBJECT]
            if limits:
                lines.append(f"- `{argument.name}`: up to {max(limits)} bytes, depending on `{known.on}`\n")
            continue
        for capture in argument.type.captures():
            # The event's own descriptor stands in the record itself.
            if capture.kind is not Copy.OBJECT or argument.name != definition.descriptor:
                lines.append(f"- `{argument.name}`: {_copied(argument, capture)}\n")
    record = "One fixed record, and beside it:\n\n" + "".join(lines) if lines else "One fixed record.\n"
    return f"## Cost\n\n{record}" + (f"\n{hooks}\n" if hooks else "")


def _limit(capture: Capture) -> int:
    fixed = capture.kind is Copy.BYTES and capture.length_from is LengthFrom.FIXED
    return min(capture.length, capture.limit) if fixed else capture.limit


def _copied(argument: Field, capture: Capture) -> str:
    """One copy in words."""
    limit = _limit(capture)
    if argument.name == "envp":
        return f"the environment, only when asked for, up to {limit} bytes in all"
    if capture.payload:
        return "its payload, only when asked for, up to `--snaplen` bytes"
    if capture.kind is Copy.OBJECT:
        return "8 bytes that say which file or socket it stands for"
    if capture.kind is Copy.STRING:
        return f"the string, up to {limit} bytes"
    if capture.kind is Copy.STRINGS:
        return f"the strings, up to {limit} bytes in all"
    if capture.kind is Copy.MSGHDR:
        return "the struct msghdr, 56 bytes"
    if capture.kind is Copy.MSG_NAME:
        return f"the address, up to {limit} bytes"
    if capture.kind is Copy.MSG_CONTROL:
        return f"the control data, up to {limit} bytes"
    if capture.length_from is LengthFrom.FIXED:
        return f"{limit} bytes"
    return f"up to {limit} bytes"


def _related(definition: Definition) -> str:
    if not definition.related:
        return ""
    return "## Related\n\n" + ", ".join(f"[{name}]({name}.md)" for name in definition.related) + "\n"


def _example(example: object) -> str:
    return f"```json\n{json.dumps(example, ensure_ascii=False)}\n```\n"
