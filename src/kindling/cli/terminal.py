"""What a terminal can show: its width, colours, and text that cannot disturb it."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Mapping

# C0 and C1 controls, DEL, and what turns the direction of text around or separates lines.
_HARMFUL = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")

_STYLES = {
    "bold": "1",
    "dim": "2",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "blue": "34",
    "magenta": "35",
    "cyan": "36",
    "error": "1;31",
}


def harmless(text: str) -> str:
    """`text` with every control character written as an escape."""
    return _HARMFUL.sub(lambda match: _escaped(ord(match[0])), text)


def _escaped(code: int) -> str:
    return {9: "\\t", 10: "\\n", 13: "\\r"}.get(code) or (f"\\x{code:02x}" if code < 0x80 else f"\\u{code:04x}")


class Style:
    """Colours, or none: `style("red", "text")`."""

    def __init__(self, colour: bool) -> None:
        self.colour = colour

    def __call__(self, style: str, text: str) -> str:
        if not self.colour or not text:
            return text
        return f"\x1b[{_STYLES[style]}m{text}\x1b[0m"


def wants_colour(descriptor: int, environment: Mapping[str, str] | None = None) -> bool:
    """Whether colours are right for this output: a terminal that can, and nobody who said no (https://no-color.org)."""
    variables = os.environ if environment is None else environment
    return is_terminal(descriptor) and not variables.get("NO_COLOR") and variables.get("TERM", "") != "dumb"


def is_terminal(descriptor: int) -> bool:
    """Whether the output is a terminal."""
    try:
        return os.isatty(descriptor)
    except OSError:
        return False


def width_of(descriptor: int) -> int | None:
    """Columns of the terminal; None if the output is not one."""
    if not is_terminal(descriptor):
        return None
    try:
        return os.get_terminal_size(descriptor).columns or 80
    except OSError:
        return 80


def height_of(descriptor: int) -> int | None:
    """Lines of the terminal; None if the output is not one."""
    if not is_terminal(descriptor):
        return None
    try:
        return os.get_terminal_size(descriptor).lines or 24
    except OSError:
        return 24


def columns_of(text: str) -> int:
    """How many columns `text` takes: East Asian wide characters take two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Cf", "Me", "Mn"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def cut(text: str, columns: int) -> str:
    """`text` in at most `columns` columns; what was left out is marked with an ellipsis."""
    if columns_of(text) <= columns:
        return text
    if columns <= 0:
        return ""
    if text.isascii():
        return text[: columns - 1] + "…"
    kept, used = 0, 0
    for character in text:
        used += _columns(character)
        if used > columns - 1:
            break
        kept += 1
    return text[:kept] + "…"
