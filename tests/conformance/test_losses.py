"""Losses: what a probe could not deliver is counted, so that events and losses add up to what happened."""

from __future__ import annotations

import os
import warnings
from collections import Counter

from tests.conformance.harness import MACHINE, Actor, Watch, system

from kindling.catalogue.registry import catalogue
from kindling.enrich.objects import Objects
from kindling.probes.base import Loss, RawBatch, Wanted
from kindling.stream.batch import Batch

CALLS = 70_001
"""More than the smallest buffers hold, and prime."""


def test_nothing_is_lost_in_silence(watch: Watch) -> None:
    def act() -> None:
        call = system.getppid
        for _ in range(CALLS):
            call()

    actor = Actor(act)
    probe = watch.new_probe()
    counted: Counter[str] = Counter()
    lost = 0
    try:
        definition = catalogue().get("getppid")
        slots = probe.start(Wanted(definitions=[definition], follow=(actor.pid,), ring_bytes=1 << 16))
        actor.begin()
        # Nobody reads until it is over: the buffers must overflow.
        actor.end()

        def take(raw: RawBatch) -> None:
            nonlocal lost
            names = Batch(raw.records, raw.data, slots.definitions, Objects(), raw.clock_offset, MACHINE)
            counted.update(event.name for event in names)
            lost += sum(loss.count for loss in raw.losses)
            assert all(loss.event == "getppid" for loss in raw.losses), raw.losses

        while (raw := probe.next_batch(0.1)) is not None and (len(raw.records) or raw.losses):
            take(raw)
        take(probe.flush())
        statistics = probe.statistics()
    finally:
        probe.close()
        actor.close()
    assert counted["getppid"] + lost == CALLS
    assert lost > 0, "the buffers were large enough for everything, so this test says nothing"
    assert (statistics.events, statistics.lost) == (counted["getppid"], lost)
    assert sum(statistics.losses.values()) == lost


def test_processes_that_take_turns_on_one_cpu(watch: Watch) -> None:
    """A process that is interrupted in the middle of a call by another one costs neither of them an event."""
    calls, processes = 10_007, 4
    gate, opened = os.pipe()
    pids = []
    for _ in range(processes):
        with warnings.catch_warnings():
            # Libraries may keep threads that do nothing; the children do not use those libraries.
            warnings.simplefilter("ignore", DeprecationWarning)
            pid = os.fork()
        if pid == 0:
            os.close(opened)
            os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
            os.read(gate, 1)
            call = system.getppid
            for _ in range(calls):
                call()
            os._exit(0)
        pids.append(pid)
    os.close(gate)
    probe = watch.new_probe()
    counted: Counter[int] = Counter()
    losses: list[Loss] = []
    try:
        probe.start(Wanted(definitions=[catalogue().get("getppid")], follow=pids, ring_bytes=32 << 20))
        os.close(opened)
        left = set(pids)
        while left:
            raw = probe.next_batch(0.05)
            assert raw is not None
            counted.update(raw.records["pid"].tolist())
            losses += raw.losses
            left = {pid for pid in left if os.waitpid(pid, os.WNOHANG)[0] == 0}
        raw = probe.flush()
        counted.update(raw.records["pid"].tolist())
        losses += raw.losses
    finally:
        probe.close()
    if losses and {loss.cause for loss in losses} == {"nested"}:
        # What the kernel skipped is counted by hook, wanted or not: never less than what is missing.
        assert counted.total() + sum(loss.count for loss in losses) >= calls * processes
        watch.degraded(
            "hooks can be preempted: while one waits, those of other threads on its CPU are lost, and counted"
        )
    assert not losses
    assert counted == dict.fromkeys(pids, calls)
