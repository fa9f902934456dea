"""Durations, sizes and counts as people write them."""

from __future__ import annotations

from argparse import ArgumentTypeError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kindling.cli import values


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("5", 5), ("5s", 5), ("200ms", 0.2), ("1.5h", 5400), ("1m30s", 90), ("2min", 120), ("10us", 1e-5), (" 1 ", 1)],
)
def test_durations(text: str, seconds: float) -> None:
    assert values.duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "5x", "s", "-1", "0", "1e9", "5 s", "9999999999999h", "nan", "1m-3s", "٣"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ArgumentTypeError, match="write"):
        values.duration(text)


@pytest.mark.parametrize(
    ("text", "size"),
    [("512", 512), ("64k", 65536), ("8MiB", 8 << 20), ("8M", 8 << 20), ("1.5kb", 1536), ("1g", 1 << 30)],
)
def test_sizes(text: str, size: int) -> None:
    assert values.size(text) == size


@pytest.mark.parametrize("text", ["", "k", "-1", "1x", "1 k", "1ib2"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(ArgumentTypeError, match="write"):
        values.size(text)


def test_limits_are_told() -> None:
    with pytest.raises(ArgumentTypeError, match="4KiB to 1GiB"):
        values.buffer("1k")
    with pytest.raises(ArgumentTypeError, match="at most 32KiB"):
        values.payload("33k")
    assert values.payload("0") == 0


def test_counts_and_pids() -> None:
    assert values.count("10k") == 10_000
    assert values.pids("1, 2 3") == [1, 2, 3]
    for text in ("0", "-1", "x", ""):
        with pytest.raises(ArgumentTypeError):
            values.count(text)
        with pytest.raises(ArgumentTypeError):
            values.pids(text)


@given(st.text(max_size=20))
def test_any_text_gives_a_value_or_an_error(text: str) -> None:
    for parse in (values.duration, values.size, values.buffer, values.payload, values.count, values.pids):
        try:
            parse(text)
        except ArgumentTypeError:
            continue


def test_byte_counts() -> None:
    assert values.bytes_text(0) == "0 B"
    assert values.bytes_text(1536) == "1.5 KiB"
    assert values.bytes_text(5 << 30) == "5.0 GiB"
