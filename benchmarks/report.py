"""Figures: how they are printed, judged against their targets, and kept as JSON."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"

TOOLS: Mapping[str, Sequence[str]] = {
    "strace": ("strace", "-V"),
    "perf": ("perf", "--version"),
    "bpftrace": ("bpftrace", "--version"),
    "redis": ("redis-server", "--version"),
}
"""What is compared with or measured on, where it is installed, and how each tells its version."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number. `ratio` is to the baseline of the same run; `at_least` turns the direction of the target."""

    name: str
    value: float
    unit: str
    ratio: float | None = None
    target: float | None = None
    at_least: bool = False
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None without one."""
        if self.target is None:
            return None
        return self.value >= self.target if self.at_least else self.value <= self.target


@dataclass(slots=True)
class Report:
    """The figures of one benchmark, in the order in which they are shown."""

    benchmark: str
    what: str
    figures: list[Figure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, name: str, value: float, unit: str, **more: Any) -> None:
        """Add a figure; `more` are the other fields of Figure."""
        self.figures.append(Figure(name, value, unit, **more))

    def note(self, text: str) -> None:
        """Say something about the run, such as what was left out and why."""
        self.notes.append(text)

    def table(self) -> str:
        """The figures as aligned text."""
        rows = [("", "", "ratio", "target", "", "")]
        for figure in self.figures:
            sign = "" if figure.target is None else (">= " if figure.at_least else "<= ") + number(figure.target)
            met = {None: "", True: "met", False: "MISSED"}[figure.met]
            ratio = "" if figure.ratio is None else number(figure.ratio)
            rows.append((figure.name, f"{number(figure.value)} {figure.unit}", ratio, sign, met, figure.note))
        widths = [max(len(row[column]) for row in rows) for column in range(6)]
        lines = [f"{self.benchmark}: {self.what}"]
        for row in rows:
            left = row[0].ljust(widths[0])
            right = "  ".join(text.rjust(width) for text, width in zip(row[1:4], widths[1:4], strict=True))
            lines.append(f"  {left}  {right}  {row[4].ljust(widths[4])}  {row[5]}".rstrip())
        lines += [f"  note: {note}" for note in self.notes]
        return "\n".join(lines)

    def write(self, rounds: int, directory: Path = RESULTS) -> Path:
        """Keep the figures as JSON, in place of those of the run before."""
        directory.mkdir(parents=True, exist_ok=True)
        path = directory / f"{self.benchmark}.json"
        figures = [{**asdict(figure), "value": rounded(figure.value), "met": figure.met} for figure in self.figures]
        for figure in figures:
            if figure["ratio"] is not None:
                figure["ratio"] = rounded(figure["ratio"])
        document = {
            "benchmark": self.benchmark,
            "what": self.what,
            "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "rounds": rounds,
            "machine": machine(),
            "figures": figures,
            "notes": self.notes,
        }
        path.write_text(json.dumps(document, indent=1) + "\n")
        return path


def rounded(value: float) -> float:
    """Four significant digits: more would be noise."""
    return float(f"{value:.4g}")


def number(value: float) -> str:
    """A figure for people."""
    if value == int(value) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"


def machine() -> dict[str, Any]:
    """Where this was measured: processor, memory, kernel, and the tools it is compared with."""
    import numpy

    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    memory = re.search(r"MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text())
    return {
        "processor": model[1] if model else platform.machine(),
        "cpus": os.cpu_count(),
        "memory_mib": int(memory[1]) // 1024 if memory else None,
        "virtual": "hypervisor" in Path("/proc/cpuinfo").read_text(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "numpy": numpy.__version__,
        "load_average": os.getloadavg()[0],
        "tools": {name: version for name, command in TOOLS.items() if (version := version_of(command))},
    }


def version_of(command: Sequence[str]) -> str | None:
    """The version number that a program tells; None if it is not installed."""
    if shutil.which(command[0]) is None:
        return None
    done = subprocess.run(command, capture_output=True, text=True)
    found = re.search(r"\d+\.\d+[\w.]*", done.stdout + done.stderr)
    return found[0] if found else "unknown"
