"""What the consumer pays per event, and at which rates nothing is lost."""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from benchmarks.report import Report
from benchmarks.tools import CONSUMER_CPU, ROOT, Consumer, Produced, paced, scratch


@dataclass(frozen=True, slots=True)
class Case:
    """A way to consume: what the consumer does, and how fast events come (0: as fast as they can)."""

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)
    rate: int = 1_000_000
    size: int = 1
    target: float | None = None
    piped: bool = False
    lossless: bool = False
    """Whether losing nothing is a target."""


MIXED = f"ls -lR /etc /usr/include >/dev/null; git -C {ROOT} status >/dev/null 2>&1"

CASES = (
    Case("batches", rate=1_000_000, target=0.15, lossless=True),
    Case("batches, as fast as the producer can", rate=0),
    Case("batches, counted by process", {"sink": "count"}, lossless=True),
    Case("batches, two columns", {"sink": "columns", "columns": ["latency", "timestamp"]}, lossless=True),
    Case("batches, 256 bytes of payload", {"snaplen": 256}, size=256, target=0.8, lossless=True),
    Case("JSON lines to /dev/null", {"sink": "json", "path": "/dev/null"}, rate=300_000, target=1.5, lossless=True),
    Case("JSON lines to a pipe", {"sink": "json"}, rate=300_000, target=1.5, piped=True, lossless=True),
    Case(
        "JSON lines, 256 bytes of payload",
        {"sink": "json", "path": "/dev/null", "snaplen": 256},
        rate=100_000,
        size=256,
    ),
    Case("a capture file", {"sink": "capture"}, rate=300_000),
)


def run(rounds: int) -> Report:
    """Every case in every round: a producer with a steady rate on one core, the consumer on the other."""
    report = Report(
        "reader", "CPU time of the consumer per event in microseconds; producer and consumer on a core each"
    )
    seconds = 3.0
    told: dict[str, list[tuple[Produced, dict[str, Any]]]] = {case.name: [] for case in CASES}
    for _ in range(rounds):
        for case in CASES:
            told[case.name].append(_measure(case, seconds))
    for case in CASES:
        runs = told[case.name]
        waited = max(outcome["waited"] for _, outcome in runs)
        costs = [outcome["cpu"] / outcome["events"] * 1e6 for _, outcome in runs]
        rate = statistics.median(produced.rate for produced, _ in runs)
        sizes = statistics.median(outcome["events"] / outcome["batches"] for _, outcome in runs)
        report.add(
            case.name,
            min(costs),
            "us",
            target=case.target,
            note=f"median {statistics.median(costs):.3f}; {rate:,.0f} events/s in batches of {sizes:,.0f}, "
            f"{waited:.1f} s waited for the CPU",
        )
    events, cost = _mixed(rounds)
    report.add(
        "JSON lines of ls -lR and git status", cost, "us", note=f"{events:,} events, most of them with structures"
    )
    for case in CASES:
        runs = told[case.name]
        lost = sum(outcome["lost"] for _, outcome in runs)
        events = sum(outcome["events"] for _, outcome in runs)
        rate = statistics.median(produced.rate for produced, _ in runs)
        report.add(
            f"lost: {case.name}",
            lost,
            "events",
            ratio=lost / (lost + events),
            target=0 if case.lossless else None,
            note=f"of {lost + events:,} at {rate:,.0f}/s; wanted {case.rate:,}/s"
            if case.rate
            else f"of {lost + events:,}",
        )
    for case in CASES:
        missing = sum(outcome["no_room"] for _, outcome in told[case.name])
        if case.options.get("snaplen"):
            report.add(f"payload left out: {case.name}", missing, "events", target=0 if case.lossless else None)
    report.add(
        "resident memory, batches", max(outcome["resident_mib"] for _, outcome in told["batches"]), "MiB", target=80
    )
    json = told["JSON lines to /dev/null"]
    report.add("resident memory, JSON lines", max(outcome["resident_mib"] for _, outcome in json), "MiB", target=80)
    return report


def _measure(case: Case, seconds: float) -> tuple[Produced, dict[str, Any]]:
    # What other programs do on the machine meanwhile shall not be in the figures.
    options = {"sink": "drain", "where": "proc.name = paced", **case.options}
    if options["sink"] == "capture":
        options["path"] = str(scratch("reader.kindling"))
    reader = None
    if case.piped:
        reader = _Pipe()
        options["path"] = reader.path
    consumer = Consumer(**options)
    produced = paced(case.rate, seconds, case.size)
    outcome = consumer.outcome()
    if reader is not None:
        reader.close()
    return produced, outcome


def _mixed(rounds: int) -> tuple[int, float]:
    """Formatting alone, of what ordinary programs do: events, and CPU microseconds for each."""
    import kindling
    from kindling.stream.batch import concatenate
    from kindling.stream.jsonlines import JsonLines

    with kindling.open(command=["sh", "-c", MIXED], ring_bytes=64 << 20) as stream:
        batch = concatenate(list(stream.batches()))
        lines = JsonLines(stream.objects, stream.machine)
        costs = []
        for _ in range(rounds):
            start = time.process_time()
            for _chunk in lines.chunks(batch):
                pass
            costs.append(time.process_time() - start)
    return len(batch), min(costs) / len(batch) * 1e6


class _Pipe:
    """A named pipe that cat reads, on the consumer's core."""

    def __init__(self) -> None:
        self.path = str(scratch("reader.pipe"))
        subprocess.run(["rm", "-f", self.path], check=True)
        subprocess.run(["mkfifo", self.path], check=True)
        self._cat = subprocess.Popen(["taskset", "-c", str(CONSUMER_CPU), "cat", self.path], stdout=subprocess.DEVNULL)

    def close(self) -> None:
        """Wait for cat, which ends with the writer."""
        self._cat.wait()
