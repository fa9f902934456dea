"""The escape rule for bytes as text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kindling.catalogue.text import escape, unescape


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", ""),
        (b"/etc/passwd", "/etc/passwd"),
        ("/tmp/\u00e4 \u4e2d".encode(), "/tmp/\u00e4 \u4e2d"),
        (b"C:\\x41", "C:\\\\x41"),
        (b"\xff\x00\n", "\\xff\x00\n"),
        (b"\xed\xa0\x80", "\\xed\\xa0\\x80"),
        (b"\xe4\xb8", "\\xe4\\xb8"),
    ],
)
def test_escape(data: bytes, text: str) -> None:
    assert escape(data) == text
    assert unescape(text) == data


@given(st.binary() | st.lists(st.sampled_from([b"\\", b"x", b"4", b"1", b"\xff", b"\xc3", b"\xa4"])).map(b"".join))
def test_lossless(data: bytes) -> None:
    text = escape(data)
    text.encode("utf-8")
    assert unescape(text) == data


def test_upper_case_digits_are_read_too() -> None:
    assert unescape("\\xFF") == b"\xff"


@pytest.mark.parametrize("text", ["\\", "a\\b", "\\x4", "\\xg0"])
def test_text_that_was_not_escaped(text: str) -> None:
    with pytest.raises(ValueError, match="backslash"):
        unescape(text)
