"""One run: the batches of a stream into a sink, until the stream ends, a limit is reached or a signal comes."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from kindling.cli import complain
from kindling.cli.output import Sink
from kindling.cli.signals import Signals, from_terminal
from kindling.cli.values import plural
from kindling.errors import KindlingError
from kindling.stream.batch import Batch
from kindling.stream.subscription import Statistics, Stream

WAIT = 0.05
"""Seconds between looks whether a command has ended whose trace is over."""


@dataclass(slots=True)
class Outcome:
    """What a run came to. `seconds` is how long it took, of a capture how long was recorded."""

    events: int = 0
    seconds: float = 0.0
    statistics: Statistics = field(default_factory=Statistics)
    unread: bool = False
    """Whether the reader went away."""
    failure: KindlingError | None = None
    status: int | None = None
    """The exit status of the command, None if there was none."""


class Session:
    """Runs a stream. `count` and `seconds` limit it; of a capture the seconds are those of the recording.

    `alone` are the processes that are wanted without their children; None for no such limit.
    """

    def __init__(
        self,
        stream: Stream,
        sink: Sink,
        *,
        count: int | None = None,
        recorded: float | None = None,
        alone: Iterable[int] | None = None,
        pids: Iterable[int] = (),
    ) -> None:
        self._stream = stream
        self._sink = sink
        self._count = count
        self._recorded = recorded
        self._alone = None if alone is None else np.array(sorted(alone), np.uint32)
        self._pids = tuple(pids)
        self._first: int | None = None
        self._last = 0
        self._started = 0.0
        self._interrupted = False
        self.outcome = Outcome()

    def run(self) -> Outcome:
        """Until the end; then wait for the command, if there is one. What fails on the way is in the outcome."""
        outcome, stream = self.outcome, self._stream
        self._started = time.monotonic()
        with Signals(self._ask):
            try:
                self._sink.begin(stream)
                self._deliver()
            except BrokenPipeError:
                outcome.unread = True
            except KindlingError as error:
                outcome.failure = error
            outcome.statistics = stream.statistics()
            outcome.seconds = self._duration()
            try:
                self._sink.close()
            except BrokenPipeError:
                outcome.unread = True
            except KindlingError as error:
                outcome.failure = outcome.failure or error
            stream.close()
        if stream.command is not None:
            if outcome.failure is not None:
                complain(str(outcome.failure))
            outcome.status = self._wait()
        return outcome

    def _ask(self, number: signal.Signals) -> bool:
        """A signal has come. True: the next one is to end this process at once."""
        command = self._stream.command
        if command is not None and command.poll() is None:
            if number is signal.SIGINT and not self._interrupted and from_terminal():
                # The command got it too, and may well live on: what Ctrl-C means is its own affair.
                self._interrupted = True
                return False
            if not (number is signal.SIGINT and from_terminal()):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(command.pid, number)
        self._stream.stop()
        return True

    def _deliver(self) -> None:
        stream, sink = self._stream, self._sink
        with _Processes(self._pids) as processes:
            while (batch := stream.next_batch()) is not None:
                batch = self._narrow(batch)
                self.outcome.events += _events(batch)
                sink.write(batch)
                if self._count is not None and self.outcome.events >= self._count:
                    break
                if self._recorded is not None and self._first is not None and self._last >= self._end():
                    break
                if processes.ended():
                    stream.stop()

    def _narrow(self, batch: Batch) -> Batch:
        """The events of `batch` that are wanted."""
        if not len(batch):
            return batch
        if self._alone is not None:
            keep = np.isin(batch.records["pid"], self._alone)
            command = self._stream.command
            if command is not None:
                keep |= batch.records["pid"] == command.pid
            batch = batch.select(keep | _lost(batch))
        if not len(batch):
            return batch
        if self._first is None:
            self._first = int(batch.timestamp[0])
        self._last = int(batch.timestamp[-1])
        if self._recorded is not None and self._last >= self._end():
            batch = batch.select(batch.timestamp < self._end())
        if self._count is not None and self.outcome.events + len(batch) > self._count:
            wanted = np.cumsum(~_lost(batch)) <= self._count - self.outcome.events
            batch = batch.select(wanted)
        return batch

    def _end(self) -> int:
        assert self._recorded is not None
        return (self._first or 0) + int(self._recorded * 1e9)

    def _duration(self) -> float:
        if self._stream.probe.name == "replay":
            return (self._last - self._first) / 1e9 if self._first is not None else 0.0
        return time.monotonic() - self._started

    def _wait(self) -> int:
        """The command's exit status, when it has ended. The trace is over, so signals do here what they always do."""
        command = self._stream.command
        assert command is not None
        while (status := command.poll()) is None:
            time.sleep(WAIT)
        return status


class _Processes:
    """Watches processes; without any, they never end."""

    def __init__(self, pids: Iterable[int]) -> None:
        self._open: dict[int, int] = {}
        self._poll = select.poll()
        for pid in pids:
            with contextlib.suppress(OSError):
                self._open[os.pidfd_open(pid)] = pid
        for descriptor in self._open:
            self._poll.register(descriptor, select.POLLIN)
        self._watched = bool(self._open)

    def ended(self) -> bool:
        """Whether all of them have ended."""
        if not self._watched:
            return False
        for descriptor, _ in self._poll.poll(0):
            self._poll.unregister(descriptor)
            del self._open[descriptor]
            os.close(descriptor)
        return not self._open

    def __enter__(self) -> _Processes:
        return self

    def __exit__(self, *_: object) -> None:
        for descriptor in self._open:
            os.close(descriptor)
        self._open.clear()


def _lost(batch: Batch) -> npt.NDArray[np.bool_]:
    """Which rows are not events but tell of lost ones."""
    slots = [slot for slot, definition in batch.definitions.items() if definition.name == "lost"]
    return np.isin(batch.records["event"], np.array(slots, np.uint16))


def _events(batch: Batch) -> int:
    return int((~_lost(batch)).sum()) if len(batch) else 0


def closing(outcome: Outcome, extra: str = "") -> str:
    """The closing line: events, lost, how long."""
    statistics = outcome.statistics
    line = f"{plural(outcome.events, 'event')}, {statistics.lost:,} lost, in {seconds(outcome.seconds)}{extra}"
    if not statistics.lost:
        return line
    causes: dict[str, list[tuple[int, str]]] = {}
    for (event, cause), count in statistics.losses.items():
        causes.setdefault(cause, []).append((count, event))
    told = "; ".join(f"{cause}: {_most(found)}" for cause, found in causes.items())
    advice = "; a larger --buffer or fewer events help" if {"ring_full", "objects"} & causes.keys() else ""
    return f"{line} ({told}{advice})"


def _most(found: list[tuple[int, str]]) -> str:
    found.sort(reverse=True)
    shown = ", ".join(f"{count:,} {event}" for count, event in found[:4])
    rest = sum(count for count, _ in found[4:])
    return f"{shown}, {rest:,} others" if rest else shown


def seconds(value: float) -> str:
    """A time as the closing line tells it."""
    return f"{value:.2f} s" if value < 100 else f"{value:,.0f} s"
