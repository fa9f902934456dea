"""What is written on the command line, as values: durations, sizes, counts, process ids."""

from __future__ import annotations

import re
from argparse import ArgumentTypeError

_DURATIONS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0, "": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_SIZES = {"": 0, "k": 10, "m": 20, "g": 30}
_DURATION = re.compile(r"(\d+(?:\.\d+)?|\.\d+)([a-z]*)", re.ASCII)
_SIZE = re.compile(r"(\d+(?:\.\d+)?)([kmg]?)(?:i?b)?", re.ASCII)

# Longer than anyone waits, and short enough for every clock.
_LONGEST = 1e9


def duration(text: str) -> float:
    """Seconds, from "5s", "200ms", "1.5h", "1m30s" or plain seconds."""
    words = text.strip().lower()
    seconds, at = 0.0, 0
    while at < len(words) or not at:
        part = _DURATION.match(words, at)
        if part is None or part[2] not in _DURATIONS:
            raise ArgumentTypeError(f"{text!r} is no duration: write 5s, 200ms, 2m, 1h30m or plain seconds")
        seconds += float(part[1]) * _DURATIONS[part[2]]
        at = part.end()
    if not 0 < seconds <= _LONGEST:
        raise ArgumentTypeError(f"{text!r} is no duration that one can wait for: write 5s, 200ms or 2m")
    return seconds


def size(text: str) -> int:
    """Bytes, from "64k", "8MiB" or a plain number. Powers of 1024."""
    part = _SIZE.fullmatch(text.strip().lower())
    if part is None:
        raise ArgumentTypeError(f"{text!r} is no size: write 512, 64k or 8MiB")
    return int(float(part[1]) * (1 << _SIZES[part[2]]))


def buffer(text: str) -> int:
    """The size of a ring buffer, in bytes."""
    value = size(text)
    if not 4096 <= value <= 1 << 30:
        raise ArgumentTypeError(f"{text!r}: the buffer of a CPU has from 4KiB to 1GiB")
    return value


def payload(text: str) -> int:
    """How many bytes to copy of something, at most the 32 KiB that the kernel side can."""
    value = size(text)
    if value > 32 << 10:
        raise ArgumentTypeError(f"{text!r}: at most 32KiB can be taken of one event")
    return value


def count(text: str) -> int:
    """A number from 1 on; "10k" is ten thousand."""
    part = re.fullmatch(r"(\d{1,15})([kmKM]?)", text.strip(), re.ASCII)
    value = int(part[1]) * {"": 1, "k": 1_000, "m": 1_000_000}[part[2].lower()] if part else 0
    if value < 1:
        raise ArgumentTypeError(f"{text!r} is no count: write a whole number from 1 on")
    return value


def pids(text: str) -> list[int]:
    """Process ids, separated by commas or blanks, as pidof and pgrep print them."""
    words = text.replace(",", " ").split()
    if not words or not all(re.fullmatch(r"[1-9]\d{0,9}", word, re.ASCII) for word in words):
        raise ArgumentTypeError(f"{text!r} is no process id: write 812, or 812,815")
    return [int(word) for word in words]


def bytes_text(count: int) -> str:
    """A number of bytes with its unit: "1.5 MiB"."""
    value = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 1024 or unit == "GiB":
            break
        value /= 1024
    return f"{count} B" if unit == "B" else f"{value:.1f} {unit}"


def plural(count: int, word: str) -> str:
    """A count with its noun: "1 event", "1,234 events"."""
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"
