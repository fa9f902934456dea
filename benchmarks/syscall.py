"""What a system call costs more while it is traced: a tight loop of reads and writes of one byte on one CPU."""

from __future__ import annotations

import contextlib
import shutil
import statistics
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from benchmarks.report import Report
from benchmarks.tools import Cost, consuming, running, scratch, spin

REFERENCE = 215
"""Nanoseconds of an untraced call on the machine that the targets were set for."""


@dataclass(frozen=True, slots=True)
class Case:
    """A way to run the loop. `around` gives the tracer; `prefix` is a program that runs the loop itself."""

    name: str
    kind: str = "rw"
    around: Callable[[], AbstractContextManager[Any]] = contextlib.nullcontext
    prefix: Sequence[str] = ()
    target: float | None = None
    size: int = 1
    divide: int = 1
    """How much shorter the loop is: for tracers that stop every call."""
    needs: str = ""


EMPTY = "tracepoint:raw_syscalls:sys_enter {} tracepoint:raw_syscalls:sys_exit {}"
COUNT = "tracepoint:raw_syscalls:sys_exit { @[args->id] = count(); }"
PRINT = 'tracepoint:raw_syscalls:sys_exit { printf("%d %s %d %d\\n", tid, comm, args->id, args->ret); }'


def _bpftrace(script: str) -> Callable[[], AbstractContextManager[Any]]:
    """bpftrace, into a file: a pipe would wait for us. It tells that it begins to attach, not when it has."""
    return lambda: running(["bpftrace", "-o", str(scratch("bpftrace.out")), "-e", script], 3)


CASES: tuple[Case, ...] = (
    Case("all calls, descriptor and latency", around=lambda: consuming(), target=350),
    Case("all calls, descriptor, no latency", around=lambda: consuming(latency=False), target=260),
    Case("read and write alone", around=lambda: consuming(events=["read", "write"])),
    Case("all calls, 256 bytes read and written", around=lambda: consuming(), size=256),
    Case("the same with 256 bytes of payload", around=lambda: consuming(snaplen=256), size=256),
    Case("all calls: a pair of unix sockets", kind="socket", around=lambda: consuming()),
    Case("all calls: a TCP connection", kind="tcp", around=lambda: consuming()),
    Case("all calls: getppid (no descriptor)", kind="getppid", around=lambda: consuming()),
    Case("all calls: epoll_ctl (a structure)", kind="epoll_ctl", around=lambda: consuming()),
    Case("all calls: epoll_wait (a list)", kind="epoll_wait", around=lambda: consuming()),
    Case("all calls: fstat (a structure)", kind="fstat", around=lambda: consuming()),
    Case("all calls: openat and close (a path)", kind="openat", around=lambda: consuming()),
    Case("nobody asked for: getppid, openat wanted", "getppid", lambda: consuming(events=["openat"]), target=140),
    Case("nobody asked for: read+write, openat wanted", around=lambda: consuming(events=["openat"]), target=140),
    Case("bpftrace, programs that do nothing", around=_bpftrace(EMPTY), needs="bpftrace"),
    Case("bpftrace, counting by number", around=_bpftrace(COUNT), needs="bpftrace"),
    Case("bpftrace, printing", around=_bpftrace(PRINT), divide=20, needs="bpftrace"),
    Case("perf trace", around=lambda: running(["perf", "trace", "-a", "-o", "/dev/null"], 3), divide=50, needs="perf"),
    Case("strace -f", prefix=("strace", "-f", "-o", "/dev/null"), divide=200, needs="strace"),
)


STOP_THE_CALLER = ("strace -f", "perf trace")


@dataclass(slots=True)
class _Series:
    """What was measured of one case, round by round."""

    untraced: list[Cost] = field(default_factory=list)
    traced: list[Cost] = field(default_factory=list)


def run(rounds: int) -> Report:
    """Every case in every round, each beside an untraced loop of its own."""
    report = Report("syscall", "nanoseconds per call, one byte read from /dev/zero and written to /dev/null")
    calls = 400_000
    series = {case.name: _Series() for case in CASES}
    for _ in range(rounds):
        for case in CASES:
            if case.needs and shutil.which(case.needs) is None:
                continue
            series[case.name].untraced.append(spin(case.kind, calls, 3, case.size))
            with case.around():
                spin(case.kind, calls // case.divide // 10, 1, case.size, case.prefix)  # describes the thread
                cost = spin(case.kind, calls // case.divide, 3, case.size, case.prefix)
            series[case.name].traced.append(cost)
    plain = min(
        cost.cpu for case in CASES if case.kind == "rw" and case.size == 1 for cost in series[case.name].untraced
    )
    report.add("untraced", plain, "ns")
    for case in CASES:
        one = series[case.name]
        if not one.traced:
            report.note(f"{case.name}: not measured, {case.needs} is not installed")
            continue
        # What stops the caller shows by the wall clock only; what runs in its own thread, best in its CPU time.
        stops = case.name in STOP_THE_CALLER
        before = min(cost.wall if stops else cost.cpu for cost in one.untraced)
        after = min(cost.wall if stops else cost.cpu for cost in one.traced)
        middle = statistics.median(cost.wall if stops else cost.cpu for cost in one.traced)
        report.add(
            case.name,
            after - before,
            "ns added",
            ratio=after / before,
            target=case.target,
            note=f"median {middle - before:.0f}"
            + (f"; {plain / REFERENCE * case.target:.0f} for this machine's {plain:.0f}" if case.target else ""),
        )
    return report
