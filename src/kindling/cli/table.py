"""Events as the lines of a table, for people who know strace."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from kindling.catalogue.tables.common import errno_meaning
from kindling.catalogue.types import Value
from kindling.cli.calls import Calls, Clock, Row
from kindling.cli.terminal import Style, columns_of, cut
from kindling.stream.batch import Batch
from kindling.stream.event import value_text
from kindling.stream.text import duration

TIME = 15
PROCESS = 12
MAX_PROCESS = 28
LATENCY = 7

SLOW = 10_000_000
"""Nanoseconds from which a latency is shown in colour."""

PASSING = frozenset(
    "EAGAIN EINPROGRESS EINTR EALREADY ERESTARTSYS ERESTARTNOINTR ERESTARTNOHAND ERESTART_RESTARTBLOCK".split()
)
"""Errors that say "not yet": nothing went wrong."""

NARROW = 100
"""Terminals with fewer columns get milliseconds instead of microseconds."""

SHORTEST = 8
"""Columns that each argument keeps before the last are cut off."""

LEAST = 16
"""Columns that arguments keep before the result is cut as well."""


class TableLines:
    """Formats the events of one stream. The column of processes grows with them, and never shrinks again."""

    def __init__(self, style: Style, width: Callable[[], int | None]) -> None:
        self._style = style
        self._width = width
        self._process = PROCESS
        self._clock = Clock()
        self._full = Calls(value_text)
        self._brief = Calls(brief)

    def header(self) -> str:
        """The line above the first event."""
        titles = f"{'TIME':{_time_of(self._width())}} {'PROCESS[TID]':{self._process}} {'LATENCY':>{LATENCY}}  EVENT"
        return self._style("bold", titles) + "\n"

    def lines(self, batch: Batch) -> Iterator[str]:
        """One line per event, each with its newline."""
        width = self._width()
        for row in (self._full if width is None else self._brief).rows(batch):
            yield self._line(row, width)

    def _line(self, row: Row, width: int | None) -> str:
        style = self._style
        taken = columns_of(row.process)
        if taken > self._process:
            self._process = min(taken, MAX_PROCESS)
        took = "-" if row.latency is None else duration(row.latency)
        gap = " " * (LATENCY - len(took))
        pad = " " * (self._process - taken)
        when = self._clock(row.seconds, row.nanoseconds)
        if width is None:
            call = self._shown(row, _named(row.arguments), _result(row), _marks(row))
        else:
            columns = _time_of(width)
            when = when[:columns]
            call = self._within(row, width - (columns + 1 + max(self._process, taken) + 1 + LATENCY + 2))
        if not style.colour:
            return f"{when} {row.process}{pad} {gap}{took}  {call}\n"
        if row.latency is not None and row.latency >= SLOW:
            took = style("yellow", took)
        return f"{style('dim', when)} {style('cyan', row.process)}{pad} {gap}{took}  {call}\n"

    def _within(self, row: Row, room: int) -> str:
        """The call in `room` columns: what tells least is given up first, and the result last."""
        room -= len(row.name) + 2
        full, after, marks = _result(row), f" = {row.result}" if row.result is not None else "", _marks(row)
        named = _named(row.arguments)
        texts = [text for _, text in row.arguments]
        bare = ", ".join(texts)
        for inside, outcome in ((named, full), (bare, full), (bare, after)):
            if columns_of(inside) + columns_of(outcome) + len(marks) <= room:
                return self._shown(row, inside, outcome, marks)
        bare = fitted(texts, max(room - columns_of(after) - len(marks), min(LEAST, room // 2)))
        marks = cut(marks, max(room - columns_of(bare) - columns_of(after), 0))
        return self._shown(row, bare, cut(after, max(room - columns_of(bare), 0)), marks)

    def _shown(self, row: Row, inside: str, result: str, marks: str) -> str:
        style = self._style
        if not style.colour:
            return f"{row.name}({inside}){result}{marks}"
        if row.error is not None:
            result = style("yellow" if row.error in PASSING else "red", result)
        return f"{style('error' if row.own else 'bold', row.name)}({inside}){result}{style('dim', marks)}"


class TextLines:
    """Formats events as plain lines, never cut: what `str(event)` gives, harmless to a terminal."""

    def __init__(self) -> None:
        self._calls = Calls(value_text)
        self._clock = Clock()

    def lines(self, batch: Batch) -> Iterator[str]:
        """One line per event, each with its newline."""
        for row in self._calls.rows(batch):
            took = f" <{duration(row.latency)}>" if row.latency is not None else ""
            returned = f" = {row.described}" if row.described is not None else ""
            yield (
                f"{self._clock(row.seconds, row.nanoseconds)} {row.process} "
                f"{row.name}({_named(row.arguments)}){returned}{took}{_marks(row)}\n"
            )


def _named(arguments: list[tuple[str, str]]) -> str:
    return ", ".join([f"{name}={text}" for name, text in arguments])


def _marks(row: Row) -> str:
    return f" [{', '.join(row.marks)}]" if row.marks else ""


def _result(row: Row) -> str:
    """The result as strace gives it, with what an error means or what a new descriptor stands for."""
    if row.error is None:
        return f" = {row.described}" if row.described is not None else ""
    meaning = errno_meaning(row.error)
    return f" = -1 {row.error} ({meaning})" if meaning else f" = -1 {row.error}"


def _time_of(width: int | None) -> int:
    return TIME if width is None or width >= NARROW else TIME - 3


def fitted(texts: list[str], room: int) -> str:
    """Texts with commas between within `room` columns. Paths tell most: they are the last to be shortened."""
    texts = [text for text in texts if text != "AT_FDCWD"]
    texts = _evenly(texts, room, paths=False)
    while _columns(texts) > room and any(map(_is_path, texts)) and not _is_path(texts[-1]):
        # What is left out leaves one mark behind, however much it is.
        texts = [*texts[: -2 if texts[-1] == "…" else -1], "…"]
        if len(texts) < 2 or _is_path(texts[-2]):
            break
    return cut(", ".join(_evenly(texts, room, paths=True)), room)


def _evenly(texts: list[str], room: int, paths: bool) -> list[str]:
    """The longest shortened until all have room, none below SHORTEST; those that are paths, or those that are not."""
    chosen = [_is_path(text) is paths for text in texts]
    lengths = [columns_of(text) for text in texts]
    total, longest = _columns(texts), max(lengths, default=0)
    while longest > SHORTEST and total > room:
        longest -= 1
        total -= sum(1 for length, mine in zip(lengths, chosen, strict=True) if mine and length > longest)
    return [_shortened(text, longest) if mine else text for text, mine in zip(texts, chosen, strict=True)]


def _columns(texts: list[str]) -> int:
    return sum(map(columns_of, texts)) + 2 * (len(texts) - 1)


def _is_path(text: str) -> bool:
    """A path, or a descriptor with what it stands for. Payload has slashes too, but blanks or escapes as well."""
    return text[-1:] == ">" or (text[-1:] == '"' and "/" in text and not (" " in text or "\\" in text))


def _shortened(text: str, columns: int) -> str:
    """A path loses its middle, since its end tells most; anything else its end."""
    if columns_of(text) <= columns:
        return text
    if text.isascii() and _is_path(text):
        tail = columns * 2 // 3
        return f"{text[: columns - 1 - tail]}…{text[-tail:]}"
    return cut(text, columns)


TELLING = frozenset(
    "st_mode st_size stx_mode stx_size f_type f_bavail ru_utime ru_stime uptime freeram sysname release machine".split()
)
"""Members that are what one wants to see of a large structure."""

MANY = 5
"""A structure with more members is large."""


def brief(value: Value) -> str:
    """An argument for a terminal: of large structures the members that tell most, as strace does it."""
    if isinstance(value, dict):
        members = value
        if len(value) > MANY:
            members = {name: value[name] for name in value if name in TELLING} or dict(list(value.items())[:3])
        inside = ", ".join(f"{name}={brief(member)}" for name, member in members.items())
        return "{" + inside + (", ...}" if len(members) < len(value) else "}")
    if isinstance(value, list):
        return "[" + ", ".join(brief(member) for member in value) + "]"
    return value_text(value)
