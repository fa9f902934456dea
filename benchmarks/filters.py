"""What a filter costs: as a mask over a batch, and in the kernel."""

from __future__ import annotations

import subprocess
import time

import numpy as np

from benchmarks.report import Report
from benchmarks.tools import PRODUCER_CPU, Cost, consuming, program, spin
from kindling.stream.batch import Batch, concatenate
from kindling.stream.filter import compile as compile_filter

EVENTS = 100_000
MASKS = (
    "evt.latency > 1ms",
    "proc.name = spin",
    "proc.name startswith sp and evt.rawres >= 0",
    "fd.name = /dev/zero",
    "evt.type in (read, readv, pread64) and fd.type = char",
    "evt.arg.count > 1000",
    "proc.aname = bash or proc.pname contains ssh",
    "fd.name glob /dev/z* and not proc.name in (a, b, c, d)",
)
PUSHED = (
    ("no filter", None),
    ("another process alone: proc.pid = 1", "proc.pid = 1"),
    ("another program alone: proc.name = nobody", "proc.name = nobody"),
    ("a container: container.id = 0123456789ab", "container.id = 0123456789ab"),
    ("slow calls alone: evt.latency > 1s", "evt.latency > 1s"),
    ("sockets alone: fd.type = ipv4", "fd.type = ipv4"),
    ("one port: fd.port = 80", "fd.port = 80"),
    ("failed calls: evt.failed = true", "evt.failed = true"),
    (
        "four tests: proc.name = spin and evt.rawres >= 0 and evt.latency > 1s and fd.type = char",
        "proc.name = spin and evt.rawres >= 0 and evt.latency > 1s and fd.type = char",
    ),
)


def run(rounds: int) -> Report:
    """Masks over one batch of real events, and the loop of `syscall` with the filter in the kernel."""
    report = Report("filters", f"a mask over {EVENTS:,} events; nanoseconds per call that a filter in the kernel adds")
    batch = _batch()
    for text in MASKS:
        compiled = compile_filter(text)
        times = []
        for _ in range(rounds * 3):
            # A batch keeps what was asked of it before: each time a new one.
            fresh = batch.slice(0, len(batch))
            start = time.perf_counter()
            kept = int(np.count_nonzero(compiled.mask(fresh)))
            times.append(time.perf_counter() - start)
        report.add(
            f"mask: {text}", min(times) * 1e3, "ms", note=f"{min(times) / len(batch) * 1e9:.0f} ns/event, {kept:,} kept"
        )
    costs: dict[str, list[Cost]] = {name: [] for name, _ in PUSHED}
    plain: list[Cost] = []
    for _ in range(rounds):
        for name, where in PUSHED:
            plain.append(spin("rw", 400_000, 3))
            with consuming(**({} if where is None else {"where": where})):
                spin("rw", 40_000, 1)
                costs[name].append(spin("rw", 400_000, 3))
    base = min(cost.cpu for cost in plain)
    report.add("kernel: untraced", base, "ns")
    for name, _ in PUSHED:
        best = min(cost.cpu for cost in costs[name])
        report.add(f"kernel: {name}", best - base, "ns added", ratio=best / base)
    return report


def _batch() -> Batch:
    """So many real events, mostly of a producer, as one batch."""
    import kindling

    with (
        kindling.open(ring_bytes=32 << 20) as stream,
        subprocess.Popen([program("spin"), "rw", str(EVENTS), "2", str(PRODUCER_CPU)], stdout=subprocess.PIPE),
    ):
        batches: list[Batch] = []
        while sum(map(len, batches)) < EVENTS:
            batch = stream.next_batch()
            assert batch is not None
            batches.append(batch)
        return concatenate(batches).slice(0, EVENTS)
