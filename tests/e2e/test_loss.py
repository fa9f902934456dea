"""What is captured plus what `lost` reports is what happened, to the event, however small the rings."""

from __future__ import annotations

import json
import os
import signal
import time
from collections import Counter
from typing import Any

import pytest
from tests.e2e.support.workers import Worker

import kindling

pytestmark = pytest.mark.root

PRIME = 10_007
THREADS = 3
TINY = 16_384
PAUSE = 2.0


def counted(stream: kindling.Stream) -> tuple[Counter[str], Counter[str]]:
    """Captured and lost events by name, from a stream that was stopped."""
    captured: Counter[str] = Counter()
    lost: Counter[str] = Counter()
    for event in stream:
        if event.name == "lost":
            arguments: dict[str, Any] = dict(event.args)
            lost[arguments["event"].decode()] += arguments["count"]
            assert arguments["cause"] == "ring_full"
            assert event.timestamp >= arguments["since"] > 0
        else:
            captured[event.name] += 1
    return captured, lost


@pytest.mark.parametrize("ring_bytes", [TINY, 1 << 20, 64 << 20])
def test_reader_that_does_not_read(ring_bytes: int) -> None:
    """Nobody reads until all is over: the rings hold what they can, the rest is counted by event."""
    with Worker("calls.py", THREADS) as worker:
        with kindling.open("pread64", "getppid", "lseek", pids=[worker.pid], ring_bytes=ring_bytes) as stream:
            assert worker.do(f"pread64 {PRIME} getppid 7 lseek 101") == "done"
            stream.stop()
            captured, lost = counted(stream)
            statistics = stream.statistics()
        assert worker.end() == 0
    for name, count in (("pread64", PRIME), ("getppid", 7), ("lseek", 101)):
        assert captured[name] + lost[name] == THREADS * count, (name, captured, lost)
    assert (statistics.events, statistics.lost) == (captured.total(), lost.total())
    assert {name: count for (name, _), count in statistics.losses.items()} == dict(lost)
    assert (lost.total() > 0) == (ring_bytes < 64 << 20)


def test_reader_that_is_too_slow() -> None:
    """The reader takes pauses between batches while calls are made: gaps come and go, and nothing is counted twice."""
    captured: Counter[str] = Counter()
    lost: Counter[str] = Counter()
    rounds = 7
    with Worker("calls.py", THREADS) as worker:
        with kindling.open("pread64", "getppid", pids=[worker.pid], ring_bytes=TINY) as stream:
            for _ in range(rounds):
                worker.tell(f"pread64 {PRIME} getppid 3")
                time.sleep(0.02)
                for _ in range(5):
                    batch = stream.next_batch(0)
                    assert batch is not None
                    _add(batch, captured, lost)
                assert worker.hear() == "done"
            stream.stop()
            for batch in stream.batches():
                _add(batch, captured, lost)
            statistics = stream.statistics()
        assert worker.end() == 0
    assert captured["pread64"] + lost["pread64"] == rounds * THREADS * PRIME
    assert captured["getppid"] + lost["getppid"] == rounds * THREADS * 3
    assert lost["pread64"] > 0
    assert statistics.lost == lost.total()


def _add(batch: kindling.Batch, captured: Counter[str], lost: Counter[str]) -> None:
    previous = 0
    for event in batch:
        assert event.timestamp >= previous
        previous = event.timestamp
        if event.name == "lost":
            arguments: dict[str, Any] = dict(event.args)
            lost[arguments["event"].decode()] += arguments["count"]
        else:
            captured[event.name] += 1


@pytest.mark.parametrize("ring_bytes", [TINY, 256 << 20])
def test_agent_that_is_stopped(ring_bytes: int) -> None:
    """SIGSTOP to the agent for some seconds while two CPUs make calls."""
    with (
        Worker("calls.py", THREADS) as worker,
        Worker("count.py", worker.pid, ring_bytes, "pread64", "lseek") as agent,
    ):
        assert worker.do("lseek 11") == "done"
        os.kill(agent.pid, signal.SIGSTOP)
        begin = time.monotonic()
        rounds = 0
        while time.monotonic() - begin < PAUSE:
            assert worker.do(f"pread64 {PRIME} lseek 3") == "done"
            rounds += 1
        os.kill(agent.pid, signal.SIGCONT)
        assert worker.do("lseek 5") == "done"
        assert worker.end() == 0
        told = json.loads(agent.hear())
    captured, lost = Counter(told["captured"]), Counter(told["lost"])
    assert captured["pread64"] + lost["pread64"] == THREADS * rounds * PRIME
    assert captured["lseek"] + lost["lseek"] == THREADS * (11 + rounds * 3 + 5)
    assert told["statistics"] == [captured.total(), lost.total()]
    assert (lost.total() > 0) == (ring_bytes == TINY)
