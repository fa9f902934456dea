"""Lines of the table: they fit the terminal, and say the same as the plain form of an event."""

from __future__ import annotations

import os
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.cli.fake import FakeProbe

from kindling.catalogue.registry import catalogue
from kindling.catalogue.types import Value
from kindling.cli.table import TableLines, TextLines, brief, fitted
from kindling.cli.terminal import Style, columns_of, cut, harmless, wants_colour
from kindling.enrich.objects import Objects
from kindling.probes.base import RawBatch, Wanted
from kindling.stream.batch import Batch


@pytest.fixture
def batch(probe: FakeProbe) -> Batch:
    """A few events of every kind."""
    slots = probe.start(Wanted(definitions=list(catalogue())))
    raw = probe.next_batch(0)
    assert isinstance(raw, RawBatch)
    objects = Objects()
    objects.add(raw.threads, raw.descriptors)
    return Batch(raw.records, raw.data, slots.definitions, objects, raw.clock_offset)


def test_text_is_what_events_give(batch: Batch) -> None:
    assert list(TextLines().lines(batch)) == [f"{harmless(str(event))}\n" for event in batch]


@pytest.mark.parametrize("width", [70, 80, 99, 100, 120, 200])
def test_lines_fit_the_terminal(batch: Batch, width: int) -> None:
    lines = list(TableLines(Style(False), lambda: width).lines(batch))
    assert all(columns_of(line.rstrip("\n")) <= width for line in lines)
    assert width < 80 or any("ENOENT" in line for line in lines)


def test_nothing_is_cut_in_a_pipe(batch: Batch) -> None:
    assert not any("…" in line for line in TableLines(Style(False), lambda: None).lines(batch))


def test_colour_changes_nothing_else(batch: Batch) -> None:
    plain = list(TableLines(Style(False), lambda: 90).lines(batch))
    coloured = list(TableLines(Style(True), lambda: 90).lines(batch))
    assert [re.sub("\x1b\\[[0-9;]*m", "", line) for line in coloured] == plain
    assert any("\x1b[31m" in line for line in coloured)


def test_colour_is_for_terminals_that_want_it() -> None:
    controller, terminal = os.openpty()
    try:
        assert wants_colour(terminal, {"TERM": "xterm"})
        assert not wants_colour(terminal, {"TERM": "dumb"})
        assert not wants_colour(terminal, {"TERM": "xterm", "NO_COLOR": "1"})
    finally:
        os.close(controller)
        os.close(terminal)
    assert not wants_colour(terminal, {"TERM": "xterm"})


def test_large_structures_show_what_tells_most() -> None:
    stat: dict[str, Value] = {"st_dev": "1:2", "st_mode": "S_IFREG|0644", "st_size": 5, "a": 1, "b": 2, "c": 3}
    assert brief(dict(stat)) == "{st_mode=S_IFREG|0644, st_size=5, ...}"
    assert brief({"a": 1, "b": b"x"}) == '{a=1, b="x"}'


def test_paths_are_shortened_last() -> None:
    assert fitted(["AT_FDCWD", '"/usr/lib/locale"', "O_RDONLY|O_CLOEXEC"], 30) == '"/usr/lib/locale", O_RDONLY|O…'
    assert fitted(['"/usr/lib/locale/C.utf8/LC_PAPER"', "O_RDONLY|O_CLOEXEC"], 24).endswith('LC_PAPER", …')


@given(st.lists(st.text(max_size=40), max_size=6), st.integers(1, 60))
def test_any_texts_fit(texts: list[str], room: int) -> None:
    assert columns_of(fitted(texts, room)) <= room


@given(st.text(), st.integers(0, 30))
def test_cutting(text: str, columns: int) -> None:
    assert columns_of(cut(text, columns)) <= max(columns, 0) or columns_of(text) <= columns


@given(st.text())
def test_harmless_text_has_no_control_characters(text: str) -> None:
    assert all(c.isprintable() or not (ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0) for c in harmless(text))
