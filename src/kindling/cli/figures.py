"""`kindling summary`'s output: the figures of groups of events, as tables or as JSON lines."""

from __future__ import annotations

import json
import time
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from kindling.catalogue.text import escape
from kindling.cli.aggregate import KEYS, OTHERS, Aggregate, Figures, Label
from kindling.cli.output import Target
from kindling.cli.terminal import Style, columns_of, cut, harmless, height_of, wants_colour, width_of
from kindling.enrich.objects import Objects
from kindling.stream.batch import Batch
from kindling.stream.event import quoted
from kindling.stream.subscription import Stream
from kindling.stream.text import clock, duration

TITLES = {"event": "EVENT", "process": "PROCESS[PID]", "fd": "FILE OR SERVER", "container": "CONTAINER"}

_SORT: Mapping[str, Callable[[Figures], int]] = {
    "time": lambda f: f.time,
    "calls": lambda f: f.calls,
    "errors": lambda f: f.errors,
    "mean": lambda f: f.mean or 0,
    "p50": lambda f: f.p50 or 0,
    "p95": lambda f: f.p95 or 0,
    "p99": lambda f: f.p99 or 0,
    "max": lambda f: f.max or 0,
}

_CLEAR = "\x1b[H\x1b[2J"


class SummarySink:
    """Adds up what comes, and shows it at the end, and of each interval if one is asked for."""

    def __init__(self, target: Target, arguments: Namespace) -> None:
        self._target = target
        self._by: list[str] = list(dict.fromkeys(arguments.by or ("event", "process")))
        self._sort: str = arguments.sort
        self._top: int | None = arguments.top
        self._json: bool = arguments.output == "json"
        self._interval: int | None = int(arguments.interval * 1e9) if arguments.interval else None
        self._style = Style(wants_colour(target.descriptor))
        self._all = {by: Aggregate(KEYS[by]) for by in self._by}
        self._now = {by: Aggregate(KEYS[by]) for by in self._by} if self._interval else {}
        self._names = _Names()
        self._end = 0
        self._number = 0
        self._live = True
        self._begun = False

    def begin(self, stream: Stream) -> None:
        self._names.objects = stream.objects
        self._live = stream.probe.name != "replay"
        self._end = time.time_ns() + (self._interval or 0) if self._live else 0
        self._begun = True

    def write(self, batch: Batch) -> None:
        """Count a batch. Events that tell of a loss are no calls."""
        if len(batch):
            lost = [slot for slot, definition in batch.definitions.items() if definition.name == "lost"]
            batch = batch.select(~np.isin(batch.records["event"], np.array(lost, np.uint16)))
        if self._interval is None:
            self._add(self._all, batch)
            return
        while len(batch):
            first = int(batch.timestamp[0])
            if not self._end or (not self._live and first >= self._end + self._interval):
                # Nothing was recorded for longer than an interval: no empty tables for that.
                self._end = first + self._interval
            inside = int(np.searchsorted(batch.timestamp, self._end))
            self._add(self._all, part := batch.select(np.arange(inside)))
            self._add(self._now, part)
            batch = batch.select(np.arange(inside, len(batch)))
            if len(batch):
                self._tick()
        while self._live and time.time_ns() >= self._end + 20_000_000:
            self._tick()

    def _add(self, aggregates: Mapping[str, Aggregate], batch: Batch) -> None:
        self._names.see(batch)
        for aggregate in aggregates.values():
            aggregate.add(batch)

    def _tick(self) -> None:
        """An interval is over."""
        assert self._interval is not None
        self._number += 1
        self._show(self._now, self._number)
        for aggregate in self._now.values():
            aggregate.clear()
        self._end += self._interval

    def close(self) -> None:
        try:
            if self._begun:
                self._show(self._all, None)
        finally:
            self._target.close()

    # Showing

    def _show(self, aggregates: Mapping[str, Aggregate], number: int | None) -> None:
        if self._json:
            self._target.write("".join(self._lines(aggregates, number)))
            return
        height = height_of(self._target.descriptor) if number is not None else None
        text = _CLEAR if height is not None else ""
        if number is not None:
            text += f"{clock(self._end)}\n"
        room = None if height is None else max((height - 2) // len(aggregates) - 4, 3)
        tables = [self._table(by, aggregate.figures(), room) for by, aggregate in aggregates.items()]
        self._target.write(text + "\n".join(tables) + ("\n" if number is not None and height is None else ""))

    def _sorted(self, by: str, figures: Sequence[Figures]) -> list[Figures]:
        if self._sort == "name":
            return sorted(figures, key=lambda f: self._names.name(by, f.label))
        order = _SORT[self._sort]
        return sorted(figures, key=lambda f: (-order(f), -f.calls, self._names.name(by, f.label)))

    def _table(self, by: str, figures: Sequence[Figures], room: int | None) -> str:
        if not figures:
            return "no events\n"
        limit = min((n for n in (self._top, room) if n is not None), default=None)
        total = sum(f.time for f in figures)
        shown = self._sorted(by, figures)[:limit]
        rows = [_cells(f, total) for f in shown]
        if len(figures) > 1:
            rows.append(
                ["100.0" if total else "-", duration(total), str(sum(f.calls for f in figures)),
                 str(sum(f.errors for f in figures) or ""), "", "", "", "", ""]
            )  # fmt: skip
        titles = ["%TIME", "TOTAL", "CALLS", "ERRORS", "MEAN", "P50", "P95", "P99", "MAX"]
        widths = [max(len(cells[i]) for cells in [titles, *rows]) for i in range(len(titles))]
        style = self._style
        columns = width_of(self._target.descriptor)
        left = None if columns is None else columns - sum(widths) - len(widths) - 1

        def line(cells: Sequence[str], name: str) -> str:
            words = [cell.rjust(width) for cell, width in zip(cells, widths, strict=True)]
            if cells[3] and cells[3].isdigit():
                words[3] = style("red", words[3])
            return " ".join(words) + "  " + name

        def named(name: str) -> str:
            return name if left is None or columns_of(name) <= left else cut(name, max(left, 8))

        text = style("bold", line(titles, TITLES[by])) + "\n"
        for f, cells in zip(shown, rows, strict=False):
            text += line(cells, style("bold", named(self._names.name(by, f.label)))) + "\n"
        if len(figures) > 1:
            rest = len(figures) - len(shown)
            text += line(rows[-1], style("dim", "total" + (f", {rest} more not shown" if rest else ""))) + "\n"
        return text

    def _lines(self, aggregates: Mapping[str, Aggregate], number: int | None) -> list[str]:
        lines = []
        for by, aggregate in aggregates.items():
            for f in self._sorted(by, aggregate.figures())[: self._top]:
                shown = {
                    "by": by,
                    **self._names.fields(by, f.label),
                    "calls": f.calls,
                    "errors": f.errors,
                    "time": f.time,
                    "mean": f.mean,
                    "p50": f.p50,
                    "p95": f.p95,
                    "p99": f.p99,
                    "max": f.max,
                    "interval": number,
                }
                lines.append(json.dumps(shown, ensure_ascii=False) + "\n")
        return lines


def _cells(f: Figures, total: int) -> list[str]:
    def shown(value: int | None) -> str:
        return "-" if value is None else duration(value)

    return [
        f"{100 * f.time / total:.1f}" if total and f.timed else "-",
        duration(f.time) if f.timed else "-",
        str(f.calls),
        str(f.errors) if f.errors else "",
        *(shown(value) for value in (f.mean, f.p50, f.p95, f.p99, f.max)),
    ]


class _Names:
    """What groups are called. Processes are remembered here, since the stream's table of them may forget."""

    def __init__(self) -> None:
        self.objects = Objects()
        self._commands: dict[int, bytes] = {}

    def see(self, batch: Batch) -> None:
        """Note the names of the processes in a batch."""
        known = self.objects.pids
        for pid in np.unique(batch.records["pid"]).tolist():
            thread = known.get(pid)
            if thread is not None:
                self._commands[pid] = thread.comm

    def name(self, by: str, label: Label) -> str:
        """A label as a line of the table has it."""
        if label == (OTHERS,):
            return OTHERS
        if by == "process":
            pid = label[0]
            assert isinstance(pid, int)
            return f"{harmless(quoted(self._commands.get(pid, b'?'))[1:-1])}[{pid}]"
        if by == "fd":
            kind, place = label
            assert isinstance(place, bytes)
            shown = harmless(quoted(place)[1:-1])
            return shown if kind in ("file", "directory") or shown.startswith(f"{kind}:") else f"{shown} ({kind})"
        text = str(label[0])
        return text[:12] if by == "container" else text

    def fields(self, by: str, label: Label) -> dict[str, object]:
        """A label as a JSON line has it."""
        if label == (OTHERS,):
            return {by if by != "process" else "comm": OTHERS}
        if by == "process":
            pid = label[0]
            assert isinstance(pid, int)
            command = self._commands.get(pid)
            return {"pid": pid, "comm": None if command is None else escape(command)}
        if by == "fd":
            kind, place = label
            assert isinstance(place, bytes)
            return {"type": kind, "fd": escape(place)}
        return {by: label[0]}
