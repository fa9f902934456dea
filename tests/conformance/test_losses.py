"""Losses: what a probe could not deliver is counted, so that events and losses add up to what happened."""

from __future__ import annotations

import os
from collections import Counter

from tests.conformance.harness import MACHINE, Actor, Watch, system

from kindling.catalogue.registry import catalogue
from kindling.enrich.objects import Objects
from kindling.probes.base import RawBatch, Wanted
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
    assert os.getppid() > 0
