"""`kindling summary`: the figures are right, whatever they are grouped by."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.cli.fake import FakeProbe, Run

from kindling.cli.aggregate import BUCKETS, bucket, middle
from kindling.probes.base import Loss


def figures(run: Run, *words: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in run("summary", "-o", "json", "--duration", "50ms", *words).out.splitlines()]


def test_by_event_and_process(run: Run, probe: FakeProbe) -> None:
    found = figures(run)
    events = {f["event"]: f for f in found if f["by"] == "event"}
    assert (events["openat"]["calls"], events["openat"]["errors"]) == (2, 1)
    assert events["openat"]["time"] == 25_001_834
    assert events["openat"]["max"] == 25_000_000
    assert events["process_exit"]["mean"] is None
    processes = {f["pid"]: f for f in found if f["by"] == "process"}
    assert (processes[812]["calls"], processes[900]["comm"]) == (3, "cat")


def test_by_file_and_container(run: Run, probe: FakeProbe) -> None:
    found = figures(run, "--by", "fd", "--by", "container")
    assert {(f["type"], f["fd"]) for f in found if f["by"] == "fd"} == {
        ("tcp", "127.0.0.1:80"),
        ("file", "/etc/host\nname"),
    }
    assert {f["container"]: f["calls"] for f in found if f["by"] == "container"} == {
        "host": 3,
        "0123456789abcdef" * 4: 1,
    }


def test_percentiles(run: Run, probe: FakeProbe) -> None:
    (read,) = [m for made in probe.rounds for m in made if m.name == "read"]
    probe.rounds = [[replace(read, latency=1000 * n) for n in range(1, 101)]]
    (found,) = figures(run, "--by", "event")
    assert found["calls"] == 100
    assert found["mean"] == 50_500
    for share, value in (("p50", 50_000), ("p95", 95_000), ("p99", 99_000)):
        assert found[share] == pytest.approx(value, rel=1 / 32)


def test_the_table(run: Run, probe: FakeProbe) -> None:
    probe.losses = [Loss("read", 5, "ring_full", 1)]
    ran = run("summary", "--duration", "50ms", "--top", "1")
    lines = ran.out.splitlines()
    assert lines[0].split() == ["%TIME", "TOTAL", "CALLS", "ERRORS", "MEAN", "P50", "P95", "P99", "MAX", "EVENT"]
    assert lines[1].split()[:4] == ["100.0", "25.0ms", "2", "1"]
    assert lines[2].endswith("total, 2 more not shown")
    assert "nginx[812]" in ran.out
    assert "4 events, 5 lost" in ran.err


def test_sorting(run: Run, probe: FakeProbe) -> None:
    assert [f["event"] for f in figures(run, "--by", "event", "--sort", "name")] == ["openat", "process_exit", "read"]


def test_intervals_add_up(run: Run, probe: FakeProbe, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="pyarrow is not installed (the extra 'arrow')")
    (read,) = [m for made in probe.rounds for m in made if m.name == "read"]
    second = 1_000_000_000
    probe.rounds = [[replace(read, at=second * n // 4) for n in range(4, 17)]]
    path = str(tmp_path / "run.kindling")
    run("record", "-o", path, "--count", "13")
    lines = run("summary", path, "--by", "event", "--interval", "1s", "-o", "json").out.splitlines()
    found = {f["interval"]: f["calls"] for f in map(json.loads, lines)}
    assert found == {1: 4, 2: 4, 3: 4, None: 13}


def test_a_command(run: Run, probe: FakeProbe) -> None:
    ran = run("summary", "--", "sh", "-c", "echo out; exit 3")
    assert (ran.status, ran.out) == (3, "out\n")
    assert "%TIME" in ran.err


@given(st.lists(st.integers(0, 1 << 47), min_size=1))
def test_buckets_hold_their_middle(times: list[int]) -> None:
    found = bucket(np.array(times, np.int64))
    assert ((found >= 0) & (found < BUCKETS)).all()
    for time, number in zip(times, found.tolist(), strict=True):
        assert abs(middle(number) - time) <= max(time / 32, 1)
