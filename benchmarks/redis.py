"""What is left of a server's throughput: redis-server and redis-benchmark on all CPUs, the consumer beside them."""

from __future__ import annotations

import contextlib
import csv
import io
import shutil
import socket
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from benchmarks.report import Report
from benchmarks.tools import Consumer, cpu_seconds, running, scratch

PORT = 17379
REQUESTS = 200_000
CLIENTS = 50
NETWORK = ["category:net", "read", "write", "readv", "writev"]
EMPTY = "tracepoint:raw_syscalls:sys_enter {} tracepoint:raw_syscalls:sys_exit {}"
COUNT = "tracepoint:raw_syscalls:sys_exit { @[args->id] = count(); }"
PRINT = (
    "tracepoint:syscalls:sys_exit_read,tracepoint:syscalls:sys_exit_write "
    '{ printf("%d %s %d\\n", tid, comm, args->ret); }'
)


@dataclass(frozen=True, slots=True)
class Case:
    """What is traced meanwhile: by Kindling with these options, or by another program."""

    name: str
    options: Mapping[str, Any] | None = None
    other: Callable[[int], AbstractContextManager[None]] | None = None
    """Given the server's process id."""
    target: float | None = None
    requests: int = REQUESTS
    needs: str = ""


CASES = (
    Case("network, read and write calls", {"events": NETWORK}, target=0.92),
    Case("every call of the machine", {}, target=0.82),
    Case("every call, without latency", {"latency": False}),
    Case("every call, into a capture file", {"sink": "capture"}),
    Case("attached, but no call asked for", {"events": ["umask"]}),
    Case("bpftrace, programs that do nothing", other=lambda pid: _free(["bpftrace", "-e", EMPTY], 3), needs="bpftrace"),
    Case("bpftrace, counting every call", other=lambda pid: _free(["bpftrace", "-e", COUNT], 3), needs="bpftrace"),
    Case(
        "bpftrace, printing read and write",
        other=lambda pid: _free(["bpftrace", "-o", str(scratch("bpftrace.out")), "-e", PRINT], 3),
        needs="bpftrace",
    ),
    Case(
        "perf trace of every call",
        other=lambda pid: _free(["perf", "trace", "-a", "-o", "/dev/null"], 3),
        requests=10_000,
        needs="perf",
    ),
    Case(
        "strace -f of the server",
        other=lambda pid: _free(["strace", "-f", "-o", "/dev/null", "-p", str(pid)], 1),
        requests=10_000,
        needs="strace",
    ),
)


def _free(command: list[str], settle: float) -> AbstractContextManager[None]:
    """Another tracer, on whatever CPU: server and client need both of them."""
    return running(command, settle, cpu=None)


@dataclass(frozen=True, slots=True)
class Load:
    """One run of redis-benchmark: requests per second, and CPU microseconds of the server for each."""

    rate: float
    server: float


def run(rounds: int) -> Report:
    """Each traced run between two untraced ones; medians of the ratios to these."""
    report = Report("redis", f"redis-benchmark SET, {CLIENTS} clients, on the CPUs that the consumer needs as well")
    if shutil.which("redis-server") is None or shutil.which("redis-benchmark") is None:
        report.note("not measured: redis-server and redis-benchmark are not installed")
        return report
    kept: dict[str, list[float]] = {case.name: [] for case in CASES}
    server: dict[str, list[float]] = {case.name: [] for case in CASES}
    consumer: dict[str, list[dict[str, Any]]] = {case.name: [] for case in CASES}
    plain: list[Load] = []
    with _server() as pid:
        _load(pid, REQUESTS)
        before = _load(pid, REQUESTS)
        for number in range(rounds):
            for case in CASES:
                if case.needs and (shutil.which(case.needs) is None or number % 3):
                    continue
                load, told = _traced(case, pid)
                after = _load(pid, REQUESTS)
                kept[case.name].append(load.rate / ((before.rate + after.rate) / 2))
                server[case.name].append(load.server / ((before.server + after.server) / 2))
                if told is not None:
                    consumer[case.name].append(told)
                plain.append(before)
                before = after
    report.add("untraced", statistics.median(load.rate for load in plain), "requests/s")
    report.add("untraced, CPU of the server", statistics.median(load.server for load in plain), "us/request")
    for case in CASES:
        ratios = kept[case.name]
        if not ratios:
            report.note(f"{case.name}: not measured, {case.needs} is not installed")
            continue
        quartiles = f"from {min(ratios):.2f} to {max(ratios):.2f}"
        told_all = consumer[case.name]
        if told_all:
            busy = statistics.median(told["cpu"] / told["seconds"] for told in told_all)
            lost = sum(told["lost"] for told in told_all)
            each = statistics.median(told["events"] / REQUESTS for told in told_all)
            quartiles += f"; {each:.1f} events/request, consumer {busy:.0%} of a CPU, {lost:,} lost"
        report.add(
            f"kept: {case.name}",
            statistics.median(ratios),
            "of untraced",
            target=case.target,
            at_least=True,
            note=quartiles,
        )
    for case in CASES:
        if server[case.name]:
            report.add(f"CPU of the server: {case.name}", statistics.median(server[case.name]), "x untraced")
    return report


def _traced(case: Case, pid: int) -> tuple[Load, dict[str, Any] | None]:
    if case.other is not None:
        with case.other(pid):
            return _load(pid, case.requests), None
    options = {"sink": "drain", **(case.options or {})}
    if options["sink"] == "capture":
        options["path"] = str(scratch("redis.kindling"))
    consumer = Consumer(cpu=None, **options)
    try:
        load = _load(pid, case.requests)
    finally:
        told = consumer.outcome()
    return load, told


def _load(pid: int, requests: int) -> Load:
    before = cpu_seconds(pid)
    done = subprocess.run(
        ["redis-benchmark", "-p", str(PORT), "-t", "set", "-n", str(requests), "-c", str(CLIENTS), "-P", "1", "--csv"],
        check=True,
        capture_output=True,
        text=True,
    )
    spent = cpu_seconds(pid) - before
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    return Load(float(rows[0]["rps"]), spent / requests * 1e6)


@contextlib.contextmanager
def _server() -> Iterator[int]:
    """A redis-server of our own that keeps nothing on disk."""
    with tempfile.TemporaryDirectory() as directory:
        process = subprocess.Popen(
            ["redis-server", "--port", str(PORT), "--bind", "127.0.0.1", "--save", "", "--dir", directory],
            stdout=subprocess.DEVNULL,
        )
        try:
            for _ in range(100):
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", PORT), 1):
                    break
                time.sleep(0.05)
            yield process.pid
        finally:
            process.terminate()
            process.wait()
