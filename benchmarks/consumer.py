"""The consumer: a process that reads a stream until its standard input ends, then tells as JSON what that took.

python -m benchmarks.consumer '{"sink": "drain", "events": ["read"], "snaplen": 0}'
"""

from __future__ import annotations

import json
import os
import resource
import sys
import threading
import time
from typing import Any

import numpy as np

import kindling
from kindling.probes.layout import Mark
from kindling.stream.batch import Batch
from kindling.stream.subscription import Stream


class Drain:
    """Takes the batches and does nothing with them."""

    def __init__(self, stream: Stream, settings: dict[str, Any]) -> None:
        self.details: dict[str, Any] = {}

    def take(self, batch: Batch) -> None:
        """One batch."""

    def finish(self) -> None:
        """After the last one."""


class Columns(Drain):
    """Asks every batch for columns, as a program that computes with them does."""

    def __init__(self, stream: Stream, settings: dict[str, Any]) -> None:
        super().__init__(stream, settings)
        self._names: list[str] = settings["columns"]

    def take(self, batch: Batch) -> None:
        for name in self._names:
            batch[name].max()


class Count(Drain):
    """Counts the events of each process."""

    def __init__(self, stream: Stream, settings: dict[str, Any]) -> None:
        super().__init__(stream, settings)
        self.details = {"pids": {}}

    def take(self, batch: Batch) -> None:
        pids, counts = np.unique(batch.records["pid"], return_counts=True)
        seen = self.details["pids"]
        for pid, count in zip(pids.tolist(), counts.tolist(), strict=True):
            seen[pid] = seen.get(pid, 0) + count


class Json(Drain):
    """JSON lines to a file, as `kindling trace -o json` writes them."""

    def __init__(self, stream: Stream, settings: dict[str, Any]) -> None:
        from kindling.cli.output import JsonSink, Target

        super().__init__(stream, settings)
        self._sink = JsonSink(Target(settings["path"]))
        self._sink.begin(stream)

    def take(self, batch: Batch) -> None:
        self._sink.write(batch)

    def finish(self) -> None:
        self._sink.close()


class Capture(Drain):
    """A capture file, as `kindling record` writes it."""

    def __init__(self, stream: Stream, settings: dict[str, Any]) -> None:
        from kindling.cli.output import CaptureSink

        super().__init__(stream, settings)
        self._sink = CaptureSink(settings["path"])
        self._sink.begin(stream)

    def take(self, batch: Batch) -> None:
        self._sink.write(batch)

    def finish(self) -> None:
        self._sink.close()
        self.details["bytes"] = self._sink.bytes


SINKS = {"drain": Drain, "columns": Columns, "count": Count, "json": Json, "capture": Capture}
OPTIONS = ("where", "pids", "snaplen", "latency", "ring_bytes")


def main(settings: dict[str, Any]) -> None:
    """Read until the standard input ends."""
    if settings.get("cpu") is not None:
        os.sched_setaffinity(0, [settings["cpu"]])
    with kindling.open(
        *settings.get("events", ()), **{key: settings[key] for key in OPTIONS if key in settings}
    ) as stream:
        sink = SINKS[settings["sink"]](stream, settings)

        def wait_for_end() -> None:
            sys.stdin.buffer.read()
            stream.stop()

        threading.Thread(target=wait_for_end, daemon=True).start()
        # Let the first events, which describe every thread, pass.
        stream.next_batch(0.2)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        events = batches = longest = no_room = 0
        payload = settings.get("snaplen", 0) > 0
        wall, cpu, waited = time.monotonic(), time.process_time(), seconds_waited()
        for batch in stream.batches():
            sink.take(batch)
            events += len(batch)
            batches += 1
            if payload:
                no_room += int(np.count_nonzero(batch.records["marks"] & Mark.NO_ROOM))
            longest = max(longest, len(batch))
        sink.finish()
        cpu, wall = time.process_time() - cpu, time.monotonic() - wall
        statistics = stream.statistics()
        told = {
            "events": events,
            "batches": batches,
            "longest": longest,
            "lost": statistics.lost,
            "cpu": cpu,
            "waited": seconds_waited() - waited,
            "seconds": wall,
            "no_room": no_room,
            "resident_mib": resident_mib(),
            "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            **sink.details,
        }
        sys.stdout.write(json.dumps(told))


def seconds_waited() -> float:
    """How long this thread could have run while something else did: other work on the machine."""
    with open("/proc/self/schedstat") as file:
        return int(file.read().split()[1]) / 1e9


def resident_mib() -> float:
    """Resident memory of this process in MiB."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
