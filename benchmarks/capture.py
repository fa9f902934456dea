"""Capture files: how fast they are written and read, and how large they are."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from benchmarks.report import Report
from benchmarks.tools import ROOT, Consumer, Produced, environment, paced, scratch

RATES = (300_000, 500_000, 1_000_000)
READ = """\
import sys, time, kindling
start, events = time.process_time(), 0
with kindling.open(sys.argv[1]) as stream:
    for batch in stream.batches():
        events += len(batch)
print(events, time.process_time() - start)
"""


def run(rounds: int) -> Report:
    """Record a producer at some rates, then read the last file in every way."""
    report = Report("capture", "capture files of reads and writes, written while the events come and read afterwards")
    path = scratch("bench.kindling")
    told: dict[tuple[int, int], list[tuple[Produced, dict[str, Any]]]] = {}
    for _ in range(rounds):
        for rate in RATES:
            told.setdefault((rate, 0), []).append(_record(str(path), rate, 0))
        told.setdefault((100_000, 256), []).append(_record(str(scratch("payload.kindling")), 100_000, 256))
    for (rate, snaplen), runs in told.items():
        name = f"{rate:,} events/s" + (f" with {snaplen} bytes of payload" if snaplen else "")
        lost = sum(outcome["lost"] for _, outcome in runs)
        events = sum(outcome["events"] for _, outcome in runs)
        cost = min(outcome["cpu"] / outcome["events"] for _, outcome in runs)
        report.add(f"CPU per event: {name}", cost * 1e6, "us", note=f"{lost:,} of {lost + events:,} lost")
    for key, name in (((RATES[-1], 0), "read and write"), ((100_000, 256), "with 256 bytes of payload")):
        sizes = [outcome["bytes"] / outcome["events"] for _, outcome in told[key]]
        report.add(f"size: {name}", statistics.median(sizes), "bytes/event")
    code = [sys.executable, "-c", READ, str(path)]
    events, seconds = _best([_read(code) for _ in range(rounds)])
    report.add("replay in batches", events / seconds / 1e6, "million events/s of CPU", note=f"{events:,} events")
    for form in ("json", "text", "table"):
        command = [sys.executable, "-m", "kindling.cli", "replay", str(path), "-o", form, "-w", "/dev/null", "-q"]
        took = min(_user_seconds(command) for _ in range(rounds))
        report.add(f"kindling replay -o {form}", events / took / 1e6, "million events/s of CPU")
    for suffix in ("parquet", "ndjson"):
        target = scratch(f"bench.{suffix}")
        command = [sys.executable, "-m", "kindling.cli", "convert", str(path), str(target)]
        took = min(_user_seconds(command) for _ in range(rounds))
        size = target.stat().st_size / events
        report.add(
            f"kindling convert to {suffix}",
            events / took / 1e6,
            "million events/s of CPU",
            note=f"{size:.1f} bytes/event",
        )
    return report


def _record(path: str, rate: int, snaplen: int) -> tuple[Produced, dict[str, Any]]:
    consumer = Consumer("capture", path=path, snaplen=snaplen)
    produced = paced(rate, 3, snaplen or 1)
    return produced, consumer.outcome()


def _read(command: Sequence[str]) -> tuple[int, float]:
    done = subprocess.run(command, check=True, env=environment(), cwd=ROOT, capture_output=True, text=True)
    events, seconds = done.stdout.split()
    return int(events), float(seconds)


def _best(runs: Sequence[tuple[int, float]]) -> tuple[int, float]:
    return min(runs, key=lambda one: one[1])


def _user_seconds(command: Sequence[str]) -> float:
    """CPU seconds of a command, its start included."""
    before = os.times()
    subprocess.run(command, check=True, env=environment(), cwd=ROOT, stdout=subprocess.DEVNULL)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system
