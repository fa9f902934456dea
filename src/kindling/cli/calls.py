"""Events as the pieces of a line, fast: what recurs (processes, descriptors, flags) is made into text once.

`kindling.stream.text` is the plain form of the same; a test holds the two against each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from kindling.catalogue.model import Definition, Source
from kindling.catalogue.tables.common import errno_name
from kindling.catalogue.types import Call, Hexadecimal, Scalar, StringArray, Value
from kindling.cli.terminal import harmless
from kindling.enrich.objects import Descriptor, Thread
from kindling.probes import layout
from kindling.stream.batch import Batch
from kindling.stream.event import quality, quoted

Show = Callable[[Value], str]

LIMIT = 16_384
"""So many texts of a kind are kept."""

_MARKED = 0x3F


@dataclass(slots=True)
class Row:
    """One event. `arguments` are names and texts; `result` is None where there is none; no text can harm a terminal."""

    seconds: int
    nanoseconds: int
    process: str
    latency: int | None
    name: str
    arguments: list[tuple[str, str]]
    result: str | None
    described: str | None
    """The result with what a new descriptor stands for."""
    error: str | None
    marks: Sequence[str]
    own: bool
    """Whether it is an event of Kindling's own."""


class _Memo(dict[int, "str | None"]):
    """The texts of an argument's values, by register; None for one that does not apply."""

    def __init__(self, kind: Scalar, machine: str, show: Show) -> None:
        super().__init__()
        self._kind, self._call, self._show = kind, Call({}, None, machine), show

    def __missing__(self, register: int) -> str | None:
        if len(self) >= LIMIT:
            self.clear()
        value = self._kind.decode(register, (), self._call)
        if value is not None:
            text: str | None = harmless(self._show(value))
        else:
            text = "NULL" if isinstance(self._kind, Hexadecimal) else None
        self[register] = text
        return text


class _Arguments:
    """The arguments of one definition."""

    def __init__(self, definition: Definition, machine: str, show: Show) -> None:
        self.definition = definition
        self._machine, self._show = machine, show
        self._names = [argument.name for argument in definition.arguments]
        self._plain: list[tuple[str, int, _Memo | None, int, int]] = []
        number = 0
        self._general = False
        for position, argument in enumerate(definition.arguments):
            width = len(argument.type.captures(machine))
            kind = argument.type
            memo = None
            if isinstance(kind, Scalar) and kind.pure and type(kind).decode is Scalar.decode:
                memo = _Memo(kind, machine, show)
            else:
                self._general = True
            self._plain.append((argument.name, position, memo, number, width))
            number += width
        self._total = number

    def texts(self, batch: Batch, registers: list[int], ret: int, row: int, own: str | None) -> list[tuple[str, str]]:
        """Names and texts. `own` is what the event's descriptor stands for, None where it has none."""
        found: list[tuple[str, str]] = []
        descriptor = self.definition.descriptor if own is not None else None
        call, pieces = None, {}
        if self._general:
            call = Call(dict(zip(self._names, registers, strict=False)), ret, self._machine)
            pieces = batch.pieces(row)
        for name, position, memo, first, width in self._plain:
            if memo is not None:
                text = memo[registers[position]]
                if name == descriptor and own:
                    text = f"{text}<{own}>"
            else:
                assert call is not None
                kind = self.definition.arguments[position].type
                data = [pieces[n][0] if n in pieces else None for n in range(first, first + width)]
                register = registers[position] if position < len(registers) else 0
                value = kind.decode(register, data, call)
                if value is not None:
                    text = harmless(self._show(value))
                    if name == descriptor and own:
                        text = f"{text}<{own}>"
                elif isinstance(kind, Hexadecimal):
                    text = "NULL"
                elif isinstance(kind, Scalar) or not width:
                    text = None
                else:
                    text = "NULL" if not register and not isinstance(kind, StringArray) else "..."
            if text is not None:
                found.append((name, text))
        return found


class Calls:
    """Turns the batches of one stream into rows; keeps what recurs."""

    def __init__(self, show: Show) -> None:
        self._show = show
        self._arguments: dict[int, _Arguments] = {}
        self._processes: dict[tuple[int, int], tuple[Thread, str]] = {}
        self._descriptors: dict[int, tuple[Descriptor, str]] = {}

    def rows(self, batch: Batch) -> Iterator[Row]:
        """One for each event."""
        records = batch.records
        times = (records["time"].astype("i8") + batch.clock_offset).tolist()
        columns = [
            records[name].tolist() for name in ("event", "tid", "thread", "latency", "ret", "fd", "object", "marks")
        ]
        for row, (time, slot, tid, version, latency, ret, fd, identity, marks, registers) in enumerate(
            zip(times, *columns, records["args"].tolist(), strict=True)
        ):
            known = self._of(batch, slot)
            definition = known.definition
            thread = batch.objects.threads.get((tid, version))
            own = None if fd == layout.NO_FD else self._descriptor(batch, identity)
            error = text = described = None
            if definition.result is not None:
                error = errno_name(ret)
                if error is not None:
                    text = described = f"-1 {error}"
                else:
                    is_address = isinstance(definition.result.type, Hexadecimal)
                    text = described = f"{ret & 0xFFFFFFFFFFFFFFFF:#x}" if is_address else str(ret)
                    if own and definition.descriptor == "ret":
                        described = f"{text}<{own}>"
            seconds, rest = divmod(time, 1_000_000_000)
            yield Row(
                seconds,
                rest,
                f"[{tid}]" if thread is None else self._process(thread),
                None if latency == layout.NO_LATENCY else latency,
                definition.name,
                known.texts(batch, registers, ret, row, own),
                text,
                described,
                error,
                quality(batch, row) if marks & _MARKED or thread is None else (),
                definition.source is Source.KINDLING,
            )

    def _of(self, batch: Batch, slot: int) -> _Arguments:
        definition = batch.definitions[slot]
        known = self._arguments.get(slot)
        if known is None or known.definition is not definition:
            known = self._arguments[slot] = _Arguments(definition, batch.machine, self._show)
        return known

    def _process(self, thread: Thread) -> str:
        known = self._processes.get(thread.key)
        if known is None or known[0] is not thread:
            if len(self._processes) >= LIMIT:
                self._processes.clear()
            known = self._processes[thread.key] = thread, harmless(f"{quoted(thread.comm)[1:-1]}[{thread.tid}]")
        return known[1]

    def _descriptor(self, batch: Batch, identity: int) -> str:
        """What a descriptor stands for, "" where that is not known."""
        descriptor = batch.objects.descriptors.get(identity) if identity else None
        if descriptor is None:
            return ""
        known = self._descriptors.get(identity)
        if known is None or known[0] is not descriptor:
            if len(self._descriptors) >= LIMIT:
                self._descriptors.clear()
            known = self._descriptors[identity] = descriptor, harmless(quoted(descriptor.name)[1:-1])
        return known[1]


class Clock:
    """Times of day, to the microsecond."""

    def __init__(self) -> None:
        self._second = -1
        self._text = ""

    def __call__(self, seconds: int, nanoseconds: int) -> str:
        if seconds != self._second:
            self._second, self._text = seconds, f"{datetime.fromtimestamp(seconds):%H:%M:%S}"
        return f"{self._text}.{nanoseconds // 1000:06d}"
