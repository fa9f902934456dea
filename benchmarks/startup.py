"""How long until the first event, how much memory, and what a machine full of processes and open files changes."""

from __future__ import annotations

import contextlib
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence

from benchmarks.report import Report
from benchmarks.tools import ROOT, Consumer, environment, paced, program

IMPORTS = (
    ("python alone", "pass"),
    ("import numpy", "import numpy"),
    ("import kindling", "import kindling"),
    ("import kindling, with its catalogue", "import kindling; kindling.catalogue()"),
    ("import kindling, with a stream", "import kindling; kindling.Stream"),
)
LIBRARY = """\
import sys, time, kindling
with kindling.open({events}) as stream:
    for event in stream:
        print(time.monotonic_ns())
        break
"""
PROCESSES, FILES_OF_EACH = 10_000, 10


def run(rounds: int) -> Report:
    """Everything in fresh processes."""
    report = Report("startup", "from the start of a program to its first event, and its memory")
    for name, code in IMPORTS:
        report.add(name, _seconds([sys.executable, "-c", code], rounds), "s")
    library = [sys.executable, "-c", LIBRARY.format(events="")]
    one = [sys.executable, "-c", LIBRARY.format(events='"openat"')]
    command = [sys.executable, "-m", "kindling.cli", "trace", "-o", "json", "--count", "1"]
    with _activity():
        report.add("first event: library, every call", _first_event(library, rounds), "s", target=1)
        report.add("first event: library, openat alone", _first_event(one, rounds), "s", target=1)
        report.add("first event: kindling trace -o json", _first_line(command, rounds), "s", target=1)
    with _crowd() as waiting:
        report.note(f"the crowd: {PROCESSES:,} processes that hold {PROCESSES * FILES_OF_EACH:,} open files")
        with _activity():
            report.add("first event with the crowd", _first_event(library, rounds), "s", target=2)
            report.add("the same: kindling trace -o json", _first_line(command, rounds), "s", target=2)
        consumer = Consumer("count", cpu=None)
        assert waiting.stdin is not None
        waiting.stdin.close()
        waiting.wait()
        told = consumer.outcome()
        report.add(
            "the crowd wakes up and exits: lost",
            told["lost"],
            "events",
            target=0,
            note=f"of {told['events'] + told['lost']:,}; {len(told['pids']):,} processes; {told['peak_mib']:.0f} MiB",
        )
    for name, sink, rate in (("batches", "drain", 1_000_000), ("JSON lines", "json", 300_000)):
        consumer = Consumer(sink, path="/dev/null")
        produced = paced(rate, 10)
        told = consumer.outcome()
        report.add(
            f"resident memory after 10 s, {name}",
            told["resident_mib"],
            "MiB",
            target=80,
            note=f"{produced.rate:,.0f} events/s; the highest it ever was: {told['peak_mib']:.0f}",
        )
    return report


def _seconds(command: Sequence[str], rounds: int) -> float:
    times = []
    for _ in range(rounds):
        start = time.monotonic()
        subprocess.run(command, check=True, env=environment(), cwd=ROOT)
        times.append(time.monotonic() - start)
    return min(times)


def _first_event(command: Sequence[str], rounds: int) -> float:
    """Seconds from exec to the moment that the program notes at its first event: the median."""
    times = []
    for _ in range(rounds):
        start = time.monotonic_ns()
        done = subprocess.run(command, check=True, env=environment(), cwd=ROOT, capture_output=True)
        times.append((int(done.stdout) - start) / 1e9)
    return statistics.median(times)


def _first_line(command: Sequence[str], rounds: int) -> float:
    """Seconds from exec to the first byte on standard output: the median."""
    times = []
    for _ in range(rounds):
        start = time.monotonic()
        with subprocess.Popen(
            command, env=environment(), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0
        ) as process:
            assert process.stdout is not None
            process.stdout.read(1)
            times.append(time.monotonic() - start)
    return statistics.median(times)


@contextlib.contextmanager
def _activity() -> Iterator[None]:
    """Something that makes calls all the time, so that the first event is not waited for."""
    with subprocess.Popen(
        ["sh", "-c", "while sleep 0.01; do cat /dev/null; done"], stdout=subprocess.DEVNULL
    ) as process:
        try:
            yield
        finally:
            process.kill()


@contextlib.contextmanager
def _crowd() -> Iterator[subprocess.Popen[bytes]]:
    """Many processes with open files; they end when the standard input of the first one is closed."""
    enough = PROCESSES + 4096
    soft, hard = resource.getrlimit(resource.RLIMIT_NPROC)
    resource.setrlimit(resource.RLIMIT_NPROC, (max(soft, enough), max(hard, enough)))
    process = subprocess.Popen(
        [program("crowd"), str(PROCESSES), str(FILES_OF_EACH)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        if not process.stdout.readline():
            raise RuntimeError(f"the crowd could not be made: status {process.wait()}")
        yield process
    finally:
        process.stdin.close()
        process.stdout.close()
        process.wait()
