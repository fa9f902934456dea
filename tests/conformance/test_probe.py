"""The protocol: what a probe promises beside its events."""

from __future__ import annotations

import os

from tests.conformance.harness import MACHINE, Actor, Expected, Watch, system

from kindling.catalogue.model import Category, Definition, Source
from kindling.catalogue.registry import catalogue
from kindling.probes.base import Probe, Wanted


def test_it_has_a_name_and_says_what_it_cannot_give(watch: Watch) -> None:
    probe: Probe = watch.new_probe()
    assert probe.name
    nonsense = Definition(
        name="no_such_thing", source=Source.TRACEPOINT, category=Category.OTHER, description="Does not exist."
    )
    refusals = probe.refusals([nonsense, catalogue().get("getpid")])
    assert [refusal.event for refusal in refusals] == ["no_such_thing"]
    assert refusals[0].reason
    missing = [d for d in catalogue() if d.numbers and MACHINE not in d.numbers]
    assert {refusal.event for refusal in probe.refusals(missing)} == {d.name for d in missing}


def test_closing_twice_and_without_a_start(watch: Watch) -> None:
    probe = watch.new_probe()
    probe.close()
    probe.close()
    probe = watch.new_probe()
    probe.start(Wanted(definitions=[catalogue().get("getpid")], follow=(os.getpid(),)))
    probe.close()
    probe.close()


def test_only_what_is_wanted(watch: Watch) -> None:
    def act() -> None:
        system.getpid()
        system.gettid()
        system.getppid()

    seen = watch(act, "gettid")
    seen.expect(Expected("gettid", {}, seen.pid))
    seen = watch(act, "getpid", "getppid")
    seen.expect(Expected("getpid", {}, seen.pid), Expected("getppid", {}, os.getpid()))


def test_descendants_are_followed_and_others_are_not(watch: Watch) -> None:
    def act() -> list[int]:
        pids = [os.getpid()]
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            grandchild = os.fork()
            if grandchild == 0:
                system.getuid()
                os.write(writer, os.getpid().to_bytes(4, "little"))
                os._exit(0)
            os.waitpid(grandchild, 0)
            system.getuid()
            os._exit(0)
        os.waitpid(child, 0)
        pids += [int.from_bytes(os.read(reader, 4), "little"), child]
        system.getuid()
        return pids

    stranger = Actor(lambda: [system.getuid() for _ in range(101)])
    try:
        stranger.begin()
        seen = watch(act, "getuid")
    finally:
        stranger.close()
    own, grandchild, child = seen.value
    assert [event.pid for event in seen.events] == [grandchild, child, own]
    assert [event.thread.ppid for event in seen.events] == [child, own, os.getpid()]


def test_a_flush_gives_the_rest_and_stops(watch: Watch) -> None:
    calls = 1009
    actor = Actor(lambda: [system.getuid() for _ in range(calls)])
    probe = watch.new_probe()
    try:
        definition = catalogue().get("getuid")
        probe.start(Wanted(definitions=[definition], follow=(actor.pid,)))
        actor.begin()
        actor.end()
        rest = probe.flush()
        assert not rest.losses
        assert len(rest.records) == calls
        assert list(rest.records["time"]) == sorted(rest.records["time"])
        assert probe.next_batch(0) is None
        assert probe.statistics().events == calls
    finally:
        probe.close()
        actor.close()


def test_processes_that_are_left_out(watch: Watch) -> None:
    """An excluded process makes no events; its children do, unless they are excluded with it."""

    def act() -> None:
        system.getuid()
        child = os.fork()
        if child == 0:
            system.getuid()
            system.getuid()
            os._exit(0)
        os.waitpid(child, 0)

    for children, wanted in ((False, 2), (True, 0)):
        actor = Actor(act)
        probe = watch.new_probe()
        try:
            slots = probe.start(
                Wanted(definitions=[catalogue().get("getuid")], exclude=(actor.pid,), exclude_children=children)
            )
            actor.begin()
            actor.end()
            rest = probe.flush()
            slot = next(number for number, d in slots.definitions.items() if d.name == "getuid")
            family = {t.pid for t in rest.threads if actor.pid in (t.pid, t.ppid)}
            mine = [r for r in rest.records if r["event"] == slot and int(r["pid"]) in family]
            assert len(mine) == wanted
            assert all(int(r["pid"]) != actor.pid for r in mine)
        finally:
            probe.close()
            actor.close()
