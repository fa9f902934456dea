"""python -m benchmarks [NAME...]: run benchmarks, print their tables, keep their figures."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from pathlib import Path
from typing import Protocol, cast

from benchmarks.report import RESULTS, Report
from benchmarks.tools import undisturbed

BENCHMARKS = {
    "syscall": "what a traced system call costs more, beside other tracers",
    "reader": "CPU time of the consumer per event, and at which rates nothing is lost",
    "redis": "what is left of a server's throughput on a machine that is busy already",
    "startup": "time to the first event, memory, many processes and open files at the start",
    "filters": "filters over batches and in the kernel",
    "capture": "writing and reading capture files",
}
"""All benchmarks; each is the module of its name."""

ROUNDS = {"syscall": 5, "reader": 3, "redis": 9, "startup": 5, "filters": 5, "capture": 3}


class Benchmark(Protocol):
    """What the module of a benchmark gives."""

    def run(self, rounds: int) -> Report:
        """Measure."""
        ...


def main() -> int:
    """Run what is named, or all."""
    listed = "\n".join(f"  {name:9} {what}" for name, what in BENCHMARKS.items())
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        epilog=f"benchmarks:\n{listed}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="which ones; all if none is given")
    parser.add_argument("--rounds", type=int, help="how often each measurement is repeated")
    parser.add_argument("--results", type=Path, default=RESULTS, metavar="DIR", help="where the JSON files go")
    arguments = parser.parse_args()
    for name in arguments.names:
        if name not in BENCHMARKS:
            parser.error(f"there is no benchmark {name!r}; there are {', '.join(BENCHMARKS)}")
    if os.geteuid() != 0:
        parser.error("capturing needs root: run it with sudo")
    missed = 0
    for name in arguments.names or BENCHMARKS:
        rounds = arguments.rounds or ROUNDS[name]
        with undisturbed():
            report = cast(Benchmark, importlib.import_module(f"benchmarks.{name}")).run(rounds)
        path = report.write(rounds, arguments.results)
        print(f"{report.table()}\n  kept in {path}\n", flush=True)
        missed += sum(figure.met is False for figure in report.figures)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
