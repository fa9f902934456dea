"""A probe that plays what a test gives it, and command lines that run in this process."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

# For `tests.unit.cli.fake`, however pytest was started.
sys.path.insert(0, str(Path(__file__).parents[3]))

from tests.unit.cli.fake import FakeProbe, Ran, Run

from kindling.cli import live, main


@pytest.fixture
def probe(monkeypatch: pytest.MonkeyPatch) -> FakeProbe:
    """The probe that every live command uses in this test."""
    made = FakeProbe()
    monkeypatch.setitem(live.PROBES, "ebpf", lambda: made)
    return made


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Run:
    """Runs a command line in this process."""

    def run(*words: str) -> Ran:
        capfd.readouterr()
        status = main(list(words))
        captured = capfd.readouterr()
        return Ran(status, captured.out, captured.err)

    return run
