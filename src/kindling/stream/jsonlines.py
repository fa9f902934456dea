"""Batches as JSON lines, fast: for each definition a function is made once that formats a row with a single f-string.

`Event.json` is the plain form of the same; a test holds the two against each other.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from kindling.catalogue.model import Definition
from kindling.catalogue.tables.common import errno_name
from kindling.catalogue.text import escape
from kindling.catalogue.types import Bytes, Call, Hexadecimal, Quantity, Scalar, String, Value
from kindling.enrich.categories import category_of
from kindling.enrich.objects import Objects
from kindling.probes import layout
from kindling.probes.base import Records
from kindling.probes.layout import Mark
from kindling.stream.batch import Batch
from kindling.stream.event import MARKS, descriptor_fields, quality, thread_fields

_string: Callable[[str], str] = json.encoder.encode_basestring

_CACHE_LIMIT = 65_536
CHUNK = 1_000
"""Lines made at a time: more, and their memory comes fresh from the kernel; fewer, and columns cost more than lines."""


def to_json(value: Value) -> str:
    """A value as JSON text. Bytes become text by the project's escape rule; text stays UTF-8."""
    if isinstance(value, str):
        # Arguments that are text come from tables, but a surrogate must never reach a strict reader.
        return _string(value.encode("utf-8", "replace").decode())
    if isinstance(value, bytes):
        return _string(escape(value))
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, dict):
        return "{" + ", ".join([f"{_string(key)}: {to_json(member)}" for key, member in value.items()]) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join([to_json(member) for member in value]) + "]"
    return repr(value) if isinstance(value, float) else str(value)


class _Memo(dict[int, str]):
    """Texts by number, made when first needed; bounded by starting over."""

    def __init__(self, make: Callable[[int], str], limit: int = _CACHE_LIMIT) -> None:
        super().__init__()
        self._make = make
        self._limit = limit

    def __missing__(self, key: int) -> str:
        if len(self) >= self._limit:
            self.clear()
        text = self[key] = self._make(key)
        return text


class _Part:
    """A part of the line that depends on several columns, kept by a 64-bit hash of them.

    `make` gives the text of a row of the batch at hand, and whether it may be kept for the batches to come.
    """

    def __init__(self, make: Callable[[int], tuple[str, bool]]) -> None:
        self.texts = _Memo(self._missing, 16_384)
        self._make = make
        self._keys: npt.NDArray[np.uint64] = np.empty(0, np.uint64)
        self._passing: list[int] = []

    def begin(self, keys: npt.NDArray[np.uint64]) -> list[int]:
        """The keys of the rows of a new batch."""
        for key in self._passing:
            self.texts.pop(key, None)
        self._passing.clear()
        self._keys = keys
        listed: list[int] = keys.tolist()
        return listed

    def unknown(self) -> npt.NDArray[np.bool_]:
        """The rows of this batch whose text may not be kept."""
        if not self._passing:
            return np.zeros(len(self._keys), np.bool_)
        return np.isin(self._keys, np.array(self._passing, np.uint64))

    def _missing(self, key: int) -> str:
        text, lasting = self._make(int(np.argmax(self._keys == np.uint64(key))))
        if not lasting:
            self._passing.append(key)
        return text


_SHOWN_MARKS = sum(MARKS)
_MIX = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F), np.uint64(0x165667B19E3779F9))


def _error(ret: int) -> str:
    name = errno_name(ret)
    return "null" if name is None else f'"{name}"'


_ERRORS = _Memo(_error)


class JsonLines:
    """Formats the batches of one stream. Keeps the texts of threads, descriptors and values that recur."""

    def __init__(self, objects: Objects, machine: str) -> None:
        self.objects = objects
        self._machine = machine
        self._formatters: dict[int, tuple[Definition, _Formatter]] = {}

    def text(self, batch: Batch) -> str:
        """The whole batch: one line per event, each with its newline."""
        return "".join(self.lines(batch))

    def chunks(self, batch: Batch) -> Iterator[bytes]:
        """The whole batch in UTF-8, in pieces that stay in the processor's cache while they are made."""
        for start in range(0, len(batch), CHUNK):
            yield self.text(batch.slice(start, start + CHUNK)).encode()

    def lines(self, batch: Batch) -> list[str]:
        """One line per event, each with its newline."""
        records = batch.records
        if not len(records):
            return []
        events = records["event"]
        slots = np.flatnonzero(np.bincount(events)).tolist()
        if len(slots) == 1:
            return self._format(batch, records, slots[0], None)
        lines = np.empty(len(records), object)
        for slot in slots:
            rows = np.flatnonzero(events == slot)
            lines[rows] = self._format(batch, np.take(records, rows), slot, rows)
        joined: list[str] = lines.tolist()
        return joined

    def _format(self, batch: Batch, records: Records, slot: int, rows: npt.NDArray[np.int64] | None) -> list[str]:
        definition = batch.definitions[slot]
        known = self._formatters.get(slot)
        if known is None or known[0] is not definition:
            known = self._formatters[slot] = definition, _Formatter(definition, self._machine, self.objects)
        formatter = known[1]
        lines = formatter(batch, records)
        # Marked rows are rare: only they look at their marks, and at their thread.
        for at in np.flatnonzero(formatter.marked(records)).tolist():
            row = at if rows is None else int(rows[at])
            lines[at] = f"{lines[at][:-4]}{to_json(list(quality(batch, row)))}}}\n"
        return lines


def _literal(text: str) -> str:
    """Text as it must stand in the generated f-string: names may come from a file."""
    return text.replace("\\", "\\\\").replace("{", "{{").replace("}", "}}").replace("'", "\\'")


class _Formatter:
    """Formats the rows of one definition: a generated function over columns as Python lists."""

    def __init__(self, definition: Definition, machine: str, objects: Objects) -> None:
        self._definition = definition
        self._machine = machine
        self._objects = objects
        self._records: Records = np.empty(0, layout.RECORD)
        self._first = _Part(self._first_text)
        self._second = _Part(self._second_text)
        self._names = [argument.name for argument in definition.arguments]
        self._namespace: dict[str, Any] = {"errors": _ERRORS, "to_json": to_json, "escape": escape, "string": _string}
        self._columns: list[tuple[str, str]] = []
        self._function = self._compile()

    def _compile(self) -> Callable[..., list[str]]:
        definition, space = self._definition, self._namespace
        parts: list[str] = []
        generic = False
        number = 0
        captured = False
        for position, argument in enumerate(definition.arguments):
            kind = argument.type
            width = len(kind.captures(self._machine))
            name = f"a{position}"
            exact = type(kind)
            if exact in (Scalar, Quantity) and isinstance(kind, Scalar):
                self._columns.append((name, f"{position}:{'i' if kind.signed else 'u'}{kind.size}"))
                shown = f"{{{name}}}"
            elif exact is Hexadecimal and isinstance(kind, Hexadecimal):
                self._columns.append((name, f"{position}:u{kind.size}"))
                shown = f'{{f\'"{{{name}:#x}}"\' if {name} else "null"}}' if kind.null else f'"{{{name}:#x}}"'
            elif isinstance(kind, Scalar) and kind.pure and exact.decode is Scalar.decode:
                self._columns.append((name, f"{position}:u8"))
                space[f"memo{position}"] = _Memo(self._memo(kind))
                shown = f"{{memo{position}[{name}]}}"
            elif width == 1 and not captured and exact in (Bytes, String) and self._only_capture(position):
                captured = True
                shown = "{payload(start, length)}"
            else:
                generic = True
                shown = f"{{values[{position}]}}"
            number += width
            parts.append(f"{_literal(to_json(argument.name))}: {shown}")
        result = '"ret": {r}, "error": {errors[r] if -4096 < r < 0 else "null"}'
        if definition.result is None:
            result = '"ret": null, "error": null'
        latency = "{l if l >= 0 else 'null'}"
        body = (
            f'{{{{"timestamp": {{t}}, "name": {_literal(to_json(definition.name))}, "source": "{definition.source}", '
            f'{{first[x]}}"latency": {latency}, {{second[y]}}"args": {{{{{", ".join(parts)}}}}}, {result}, '
            '"quality": []}}\\n'
        )
        self._order = ["t", "x", "l", "y"]
        if definition.result is not None:
            self._order.append("r")
        self._order += [name for name, _ in self._columns]
        if captured:
            self._order += ["start", "length"]
        if generic:
            self._order.append("values")
        source = (
            "def lines(columns, first, second, payload):\n"
            f"    return [f'''{body}''' for {', '.join(self._order)} in zip(*columns)]\n"
        )
        exec(compile(source, f"<json of {definition.name}>", "exec"), space)  # made from the catalogue alone
        function: Callable[..., list[str]] = space["lines"]
        return function

    def _first_text(self, row: int) -> tuple[str, bool]:
        """Category and CPU."""
        record = self._records[row]
        descriptor = self._objects.descriptors.get(int(record["object"]))
        category = category_of(self._definition, descriptor.type if descriptor else None)
        return f'"category": "{category}", "cpu": {record["cpu"]}, ', descriptor is not None or not record["object"]

    def _second_text(self, row: int) -> tuple[str, bool]:
        """Thread and descriptor."""
        record = self._records[row]
        tid, pid, identity, number = int(record["tid"]), int(record["pid"]), int(record["object"]), int(record["fd"])
        thread = self._objects.threads.get((tid, int(record["thread"])))
        descriptor = self._objects.descriptors.get(identity)
        fd: dict[str, Value] | None = None
        if number != layout.NO_FD:
            fd = (
                {"num": number, "type": None}
                if descriptor is None
                else {"num": number, **descriptor_fields(descriptor)}
            )
        text = f'"thread": {to_json(thread_fields(thread, pid, tid))}, "fd": {to_json(fd)}, '
        return text, thread is not None and (descriptor is not None or not identity)

    def _only_capture(self, position: int) -> bool:
        """Whether the argument at `position` has the definition's one capture, but for the descriptor's own."""
        definition = self._definition
        return all(
            not argument.type.captures(self._machine) or at == position or argument.name == definition.descriptor
            for at, argument in enumerate(definition.arguments)
        )

    def _memo(self, kind: Scalar) -> Callable[[int], str]:
        call = Call({}, None, self._machine)
        return lambda raw: to_json(kind.decode(raw, (), call))

    def __call__(self, batch: Batch, records: Records) -> list[str]:
        self._records = records
        data = batch.data
        string = _string

        def payload(start: int, length: int) -> str:
            if not length:
                return "null"
            size = data[start + 2] | data[start + 3] << 8
            if not size and data[start + 1] & Mark.FAULT:
                return "null"
            return string(escape(data[start + 4 : start + 4 + size]))

        columns = [self._column(name, batch, records) for name in self._order]
        lines = self._function(columns, self._first.texts, self._second.texts, payload)
        self._records = np.empty(0, layout.RECORD)
        return lines

    def marked(self, records: Records) -> npt.NDArray[np.bool_]:
        """Which of the rows just formatted have something to say in `quality`."""
        marked: npt.NDArray[np.bool_] = (records["marks"] & _SHOWN_MARKS != 0) | self._second.unknown()
        return marked

    def _column(self, name: str, batch: Batch, records: Records) -> Any:
        if name == "t":
            return (records["time"].astype(np.int64) + batch.clock_offset).tolist()
        if name == "x":
            return self._first.begin((records["object"] ^ records["cpu"] * _MIX[0]) * _MIX[1])
        if name == "l":
            return records["latency"].astype(np.int64).tolist()
        if name == "y":
            thread = records["tid"].astype(np.uint64) << np.uint64(32) | records["thread"]
            fd = records["fd"].astype(np.uint64)
            return self._second.begin(((thread * _MIX[0]) ^ records["object"]) * _MIX[1] + fd * _MIX[2])
        if name == "r":
            return records["ret"].tolist()
        if name == "start":
            return records["data"].tolist()
        if name == "length":
            return records["length"].tolist()
        if name == "values":
            return self._values(batch, records)
        position, kind = dict(self._columns)[name].split(":")
        column = records["args"][:, int(position)]
        return column.astype(np.dtype(f"<{kind}")).tolist()

    def _values(self, batch: Batch, records: Records) -> Iterator[list[str]]:
        """For each row the texts of the arguments that need the general way."""
        definition = self._definition
        general: list[tuple[int, int, int]] = []
        number = 0
        fast = {name for name, _ in self._columns}
        for position, argument in enumerate(definition.arguments):
            width = len(argument.type.captures(self._machine))
            if f"a{position}" not in fast:
                general.append((position, number, width))
            number += width
        names, total = self._names, number
        types = [argument.type for argument in definition.arguments]
        data = batch.data
        machine = self._machine
        texts = [""] * len(types)
        for registers, ret, start, length in zip(
            records["args"].tolist(), records["ret"].tolist(), records["data"].tolist(), records["length"].tolist(),
            strict=True,
        ):  # fmt: skip
            pieces: list[bytes | None] = [None] * total
            at, end = start, start + length
            while at + 4 <= end:
                size = data[at + 2] | data[at + 3] << 8
                if data[at] < total and (size or not data[at + 1] & Mark.FAULT):
                    pieces[data[at]] = data[at + 4 : at + 4 + size]
                at += (size + 11) & ~7
            call = Call(dict(zip(names, registers, strict=False)), ret, machine)
            for position, first, width in general:
                texts[position] = to_json(
                    types[position].decode(registers[position], pieces[first : first + width], call)
                )
            yield texts


def lines(batch: Batch) -> list[bytes]:
    """The batch as JSON lines in UTF-8, each with its newline. For one-off use; a stream keeps a `JsonLines`."""
    return [line.encode() for line in JsonLines(batch.objects, batch.machine).lines(batch)]
