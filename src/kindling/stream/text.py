"""An event as one line that a reader of strace understands."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from kindling.catalogue.types import Hexadecimal, Scalar, StringArray, Type, Value
from kindling.stream.event import Event, quoted, result_text, value_text


def duration(nanoseconds: int) -> str:
    """A duration with three digits and its unit: "1.83us"."""
    if nanoseconds < 1_000:
        return f"{nanoseconds}ns"
    value, unit = float(nanoseconds), ""
    for unit in ("us", "ms", "s"):
        value /= 1_000
        if value < 999.5 or unit == "s":
            break
    digits = 2 if value < 9.995 else 1 if value < 99.95 else 0
    return f"{value:.{digits}f}{unit}"


def clock(nanoseconds: int) -> str:
    """The local time of day, to the microsecond."""
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    return f"{datetime.fromtimestamp(seconds):%H:%M:%S}.{rest // 1000:06d}"


def arguments(event: Event) -> str:
    """The arguments as in a call; the descriptor with what it stands for."""
    return ", ".join(f"{name}={text}" for name, text in argument_texts(event))


def argument_texts(event: Event, shown: Callable[[Value], str] = value_text) -> list[tuple[str, str]]:
    """The arguments as names and texts, the values by `shown`.

    What does not apply (a mode without O_CREAT) is left out; what was not or could not be copied is "...".
    """
    parts: list[tuple[str, str]] = []
    fd = event.fd
    definition = event.definition
    for position, (name, value) in enumerate(event.args.items()):
        if name == definition.descriptor and fd is not None:
            parts.append((name, descriptor(value, fd.descriptor and fd.descriptor.name)))
        elif value is not None:
            parts.append((name, shown(value)))
        elif (text := _nothing(event, definition.arguments[position].type, position)) is not None:
            parts.append((name, text))
    return parts


def _nothing(event: Event, kind: Type, position: int) -> str | None:
    """How an argument without a value is shown; None if it is not."""
    if isinstance(kind, Hexadecimal):
        return "NULL"
    if isinstance(kind, Scalar) or not kind.captures(event.batch.machine):
        return None
    # A program that was executed has registers of its own: nothing is known of those of the call.
    known = not isinstance(kind, StringArray)
    return "NULL" if known and not event.batch.records["args"][event.row][position] else "..."


def descriptor(number: object, name: object) -> str:
    """A descriptor's number with what it stands for: 7<127.0.0.1:51842->127.0.0.1:80>."""
    if isinstance(name, bytes) and name:
        return f"{number}<{quoted(name)[1:-1]}>"
    return str(number)


def result(event: Event) -> str:
    """The result, with what a new descriptor stands for."""
    text = result_text(event)
    fd = event.fd
    if fd is not None and event.definition.descriptor == "ret" and fd.descriptor is not None and event.error is None:
        return descriptor(text, fd.descriptor.name)
    return text


def line(event: Event) -> str:
    """The whole event in one line."""
    latency = event.latency
    took = f" <{duration(latency)}>" if latency is not None else ""
    returned = f" = {result(event)}" if event.definition.result is not None else ""
    marks = f" [{', '.join(event.quality)}]" if event.quality else ""
    return (
        f"{clock(event.timestamp)} {quoted(event.comm)[1:-1]}[{event.tid}] "
        f"{event.name}({arguments(event)}){returned}{took}{marks}"
    )
