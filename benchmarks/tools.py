"""What the benchmarks share: helper programs in C, processes on a CPU of their own, and the consumer of the events."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROGRAMS = Path(__file__).parent / "programs"
ROOT = Path(__file__).parent.parent
CONSUMER_CPU = 0
PRODUCER_CPU = 1
"""Producer and consumer have a core each, as far as the machine has two."""


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Put this process and its children before all others on the machine, so that a core is theirs when they need one.

    Among themselves they share as ever. Where the kernel groups processes by session, only the group's priority counts.
    """
    group = Path("/proc/self/autogroup")
    try:
        before = group.read_text().rpartition(" ")[2]
    except OSError:
        os.setpriority(os.PRIO_PROCESS, 0, -20)
        yield
        return
    with contextlib.suppress(PermissionError):
        # A shell's job leads a group and has to stay in the shell's session.
        os.setsid()
        before = "0"
    group.write_text("-20")
    try:
        yield
    finally:
        group.write_text(before)


@functools.cache
def program(name: str) -> str:
    """The path of a helper program, compiled when it is first asked for."""
    directory = _directory()
    binary = Path(directory.name) / name
    source = PROGRAMS / f"{name}.c"
    subprocess.run(["gcc", "-O2", "-Wall", "-Wno-unused-result", "-o", str(binary), str(source)], check=True)
    return str(binary)


@functools.cache
def _directory() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="kindling-bench-")


def scratch(name: str) -> Path:
    """A path for a file that is gone when the benchmarks are over."""
    return Path(_directory().name) / name


def environment() -> dict[str, str]:
    """The environment for Python processes: they find the checkout's Kindling, installed or not."""
    return {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}


@dataclass(frozen=True, slots=True)
class Cost:
    """Nanoseconds per call: by the wall clock, and of the thread's CPU time."""

    wall: float
    cpu: float


def spin(kind: str, calls: int, rounds: int, size: int = 1, prefix: Sequence[str] = ()) -> Cost:
    """The cheapest of some rounds of a tight loop of calls on the producer's CPU, perhaps run by another program."""
    done = subprocess.run(
        [*prefix, program("spin"), kind, str(calls), str(rounds), str(PRODUCER_CPU), str(size)],
        check=True,
        capture_output=True,
        text=True,
    )
    pairs = [line.split() for line in done.stdout.splitlines()]
    return Cost(min(float(pair[0]) for pair in pairs), min(float(pair[1]) for pair in pairs))


@dataclass(frozen=True, slots=True)
class Produced:
    """What a paced producer did: calls made, and nanoseconds it took."""

    calls: int
    nanoseconds: int

    @property
    def rate(self) -> float:
        """Calls per second."""
        return self.calls * 1e9 / self.nanoseconds


def paced(rate: int, seconds: float, size: int = 1) -> Produced:
    """Run the paced producer on its CPU; a rate of 0 is as fast as it can."""
    done = subprocess.run(
        [program("paced"), str(rate), str(seconds), str(PRODUCER_CPU), str(size)],
        check=True,
        capture_output=True,
        text=True,
    )
    calls, nanoseconds = done.stdout.split()
    return Produced(int(calls), int(nanoseconds))


class Consumer:
    """A process that reads events (`benchmarks.consumer`), attached when the constructor returns.

    `outcome` ends it and gives what it tells: events, lost, cpu (seconds of CPU time since it was ready) and so on.
    """

    def __init__(self, sink: str = "drain", *, cpu: int | None = CONSUMER_CPU, **options: Any) -> None:
        settings = {"sink": sink, "cpu": cpu, **options}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.consumer", json.dumps(settings)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment(),
            cwd=ROOT,
        )
        assert self._process.stdout is not None
        if self._process.stdout.readline() != b"ready\n":
            self._process.wait()
            raise RuntimeError(f"the consumer could not start: {settings}")

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def outcome(self) -> dict[str, Any]:
        """Let it finish, and say what it did."""
        out, _ = self._process.communicate(b"")
        if self._process.returncode:
            raise RuntimeError(f"the consumer failed with status {self._process.returncode}")
        result: dict[str, Any] = json.loads(out)
        return result


@contextlib.contextmanager
def consuming(sink: str = "drain", **options: Any) -> Iterator[Consumer]:
    """A consumer around a block; what it did does not matter."""
    consumer = Consumer(sink, **options)
    try:
        yield consumer
    finally:
        consumer.outcome()


@contextlib.contextmanager
def running(command: Sequence[str], settle: float, cpu: int | None = CONSUMER_CPU) -> Iterator[None]:
    """Another tracer around a block, on one CPU or (None) on all; it has `settle` seconds to attach."""
    process = subprocess.Popen(
        [*(() if cpu is None else ("taskset", "-c", str(cpu))), *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        time.sleep(settle)
        if process.poll() is not None:
            raise RuntimeError(f"{command[0]} ended with status {process.returncode} before it traced anything")
        yield
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def cpu_seconds(pid: int) -> float:
    """CPU time of all threads of a process so far, to the nanosecond (schedstat's first number)."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):
            total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9
