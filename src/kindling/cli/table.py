"""Events as the lines of a table, for people who know strace."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from kindling.catalogue.tables.common import errno_meaning
from kindling.catalogue.types import Value
from kindling.cli.terminal import Style, columns_of, cut, harmless
from kindling.stream.batch import Batch
from kindling.stream.event import Event, quoted, result_text, value_text
from kindling.stream.text import argument_texts, clock, duration, line, result

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

    def header(self) -> str:
        """The line above the first event."""
        titles = f"{'TIME':{_time_of(self._width())}} {'PROCESS[TID]':{self._process}} {'LATENCY':>{LATENCY}}  EVENT"
        return self._style("bold", titles) + "\n"

    def lines(self, batch: Batch) -> Iterator[str]:
        """One line per event, each with its newline."""
        width = self._width()
        for event in batch:
            yield self._line(event, width)

    def _line(self, event: Event, width: int | None) -> str:
        style = self._style
        process = f"{harmless(quoted(event.comm)[1:-1])}[{event.tid}]"
        taken = columns_of(process)
        if taken > self._process:
            self._process = min(taken, MAX_PROCESS)
        latency = event.latency
        took = "-" if latency is None else duration(latency)
        gap = " " * (LATENCY - len(took))
        when = _time_of(width)
        before = when + 1 + max(self._process, taken) + 1 + LATENCY + 2
        call = self._call(event) if width is None else self._call_within(event, width - before)
        return (
            f"{style('dim', clock(event.timestamp)[:when])} "
            f"{style('cyan', process)}{' ' * (self._process - taken)} "
            f"{gap}{style('yellow', took) if latency is not None and latency >= SLOW else took}  "
            f"{call}\n"
        )

    def _call(self, event: Event) -> str:
        inside = harmless(", ".join(f"{name}={text}" for name, text in argument_texts(event)))
        return self._shown(event, inside, _result(event), _marks(event))

    def _call_within(self, event: Event, room: int) -> str:
        """The call in `room` columns: what tells least is given up first, and the result last."""
        room -= len(event.name) + 2
        pairs = argument_texts(event, brief)
        full, after, marks = _result(event), _bare_result(event), _marks(event)
        named = harmless(", ".join(f"{name}={text}" for name, text in pairs))
        bare = harmless(", ".join(text for _, text in pairs))
        for inside, outcome in ((named, full), (bare, full), (bare, after)):
            if columns_of(inside) + columns_of(outcome) + len(marks) <= room:
                return self._shown(event, inside, outcome, marks)
        bare = fitted([harmless(text) for _, text in pairs], max(room - columns_of(after) - len(marks), LEAST))
        marks = cut(marks, max(room - columns_of(bare) - columns_of(after), 0))
        return self._shown(event, bare, cut(after, max(room - columns_of(bare), 0)), marks)

    def _shown(self, event: Event, inside: str, result: str, marks: str) -> str:
        style = self._style
        if not style.colour:
            return f"{event.name}({inside}){result}{marks}"
        name = style("error" if event.source == "kindling" else "bold", event.name)
        error = event.error
        if error is not None:
            result = style("yellow" if error in PASSING else "red", result)
        return f"{name}({inside}){result}{style('dim', marks)}"


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
    return "/" in text and text[-1] in '">'


def _shortened(text: str, columns: int) -> str:
    """A path loses its middle, since its end tells most; anything else its end."""
    if columns_of(text) <= columns:
        return text
    if text.isascii() and _is_path(text):
        tail = columns * 2 // 3
        return f"{text[: columns - 1 - tail]}…{text[-tail:]}"
    return cut(text, columns)


def _marks(event: Event) -> str:
    marks = event.quality
    return f" [{', '.join(marks)}]" if marks else ""


def _result(event: Event) -> str:
    """The result as strace gives it, with what an error means or what a new descriptor stands for."""
    if event.definition.result is None:
        return ""
    error = event.error
    if error is None:
        return f" = {harmless(result(event))}"
    meaning = errno_meaning(error)
    return f" = -1 {error} ({meaning})" if meaning else f" = -1 {error}"


def _bare_result(event: Event) -> str:
    return f" = {harmless(result_text(event))}" if event.definition.result is not None else ""


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


def text_lines(batch: Batch) -> Iterator[str]:
    """One plain line per event, never cut: `str(event)`, harmless to a terminal."""
    for event in batch:
        yield f"{harmless(line(event))}\n"
