"""Bytes as text, without loss: how names and payload that need not be UTF-8 are written in JSON and Arrow.

A backslash is written as two, a byte that is not part of valid UTF-8 as \\xHH; everything else is the text itself.
"""

from __future__ import annotations

import re

_ESCAPE = re.compile(rb"\\(?:(\\)|x([0-9a-fA-F]{2})|)")


def escape(data: bytes) -> str:
    """`data` as text; two different byte strings never give the same text."""
    return data.replace(b"\\", b"\\\\").decode("utf-8", "backslashreplace")


def unescape(text: str) -> bytes:
    """The bytes that `escape` wrote as `text`. Raises ValueError for a backslash that begins no escape."""
    data = text.encode("utf-8")
    return _ESCAPE.sub(_original, data) if b"\\" in data else data


def _original(match: re.Match[bytes]) -> bytes:
    if match[1]:
        return b"\\"
    if match[2]:
        return bytes((int(match[2], 16),))
    raise ValueError(f"a backslash at byte {match.start()} is neither doubled nor followed by x and two digits")
