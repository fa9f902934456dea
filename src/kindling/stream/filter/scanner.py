"""The words of a filter: fields, operators, bare and quoted values. What is a word depends on where it stands."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kindling.errors import FilterError

MAX_LENGTH = 64 << 10
"""How long a filter may be, in characters."""

_BLANK = re.compile(r"[ \t\r\n\f\v\b]*")
_FIELD = re.compile(r"[A-Za-z_]\w*(?:\.\w+)*(?:\[[^\]\[]*\])?", re.ASCII)
_KEYWORD = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_SYMBOL = re.compile(r"==|=|!=|<=|<|>=|>")
_WORD = re.compile(r"[^()\"'\s=,\b]+")
_ESCAPES = {"\\": "\\", "/": "/", '"': '"', "'": "'", "n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}


@dataclass(frozen=True, slots=True)
class Word:
    """A value as it was written, escapes resolved."""

    text: bytes
    quoted: bool
    position: int


class Scanner:
    """Reads a filter from left to right. `position` is where the next word begins."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        if len(text) > MAX_LENGTH:
            # The whole text would drown the message.
            raise FilterError(f"longer than {MAX_LENGTH} characters", text[:60], min(60, len(text)))
        try:
            text.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError as error:
            raise self.error("half of a surrogate pair is not text", error.start) from None
        self._skip()

    def error(self, message: str, position: int | None = None) -> FilterError:
        """A FilterError at `position`, by default here."""
        return FilterError(message, self.text, self.position if position is None else position)

    @property
    def at_end(self) -> bool:
        """Whether nothing is left."""
        return self.position >= len(self.text)

    def accept(self, character: str) -> bool:
        """Step over `character` if it comes next."""
        if self.text.startswith(character, self.position):
            self._advance(self.position + len(character))
            return True
        return False

    def peek_keyword(self) -> str:
        """The keyword that comes next, in lower case; "" if there is none."""
        match = _KEYWORD.match(self.text, self.position)
        return match[0].lower() if match else ""

    def keyword(self, word: str) -> bool:
        """Step over `word`, in any case, if it comes next as a whole word."""
        match = _KEYWORD.match(self.text, self.position)
        if match and match[0].lower() == word and not self.text.startswith((".", "["), match.end()):
            self._advance(match.end())
            return True
        return False

    def field(self) -> str | None:
        """Step over the name of a field; None if none comes."""
        return self._take(_FIELD)

    def symbol(self) -> str | None:
        """Step over an operator of signs; None if none comes."""
        return self._take(_SYMBOL)

    def value(self) -> Word | None:
        """Step over a quoted string or a bare word; None if neither comes."""
        start = self.position
        if self.text.startswith(('"', "'"), start):
            return self._quoted()
        word = self._take(_WORD)
        return None if word is None else Word(word.encode("utf-8", "surrogateescape"), False, start)

    def _quoted(self) -> Word:
        text, start = self.text, self.position
        mark = text[start]
        at = start + 1
        parts: list[bytes] = []
        while at < len(text):
            stop = at
            while stop < len(text) and text[stop] not in (mark, "\\"):
                stop += 1
            parts.append(text[at:stop].encode("utf-8", "surrogateescape"))
            if stop >= len(text):
                break
            if text[stop] == mark:
                self._advance(stop + 1)
                return Word(b"".join(parts), True, start)
            escape = text[stop + 1 : stop + 2]
            if escape == "x":
                digits = text[stop + 2 : stop + 4]
                if not re.fullmatch("[0-9A-Fa-f]{2}", digits):
                    raise self.error("\\x needs two hexadecimal digits", stop)
                parts.append(bytes((int(digits, 16),)))
                at = stop + 4
            elif escape in _ESCAPES and escape:
                parts.append(_ESCAPES[escape].encode())
                at = stop + 2
            else:
                raise self.error(f"\\{escape} is no escape: write \\\\ for a backslash", stop)
        raise self.error(f"the string that begins here has no closing {mark}", start)

    def _take(self, pattern: re.Pattern[str]) -> str | None:
        match = pattern.match(self.text, self.position)
        if match is None:
            return None
        self._advance(match.end())
        return match[0]

    def _advance(self, position: int) -> None:
        self.position = position
        self._skip()

    def _skip(self) -> None:
        match = _BLANK.match(self.text, self.position)
        if match:
            self.position = match.end()
