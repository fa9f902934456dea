"""The scheduler: policies, priorities, affinity."""

from __future__ import annotations

import ctypes
import errno
import os

from tests.conformance.harness import ANY, Expected, Having, Watch, system

ROUNDS = 11


def test_yielding(watch: Watch) -> None:
    def act() -> None:
        for _ in range(ROUNDS):
            system.sched_yield()

    watch(act, "sched_yield").expect(*[Expected("sched_yield", {}, 0, category="scheduler")] * ROUNDS)


def test_affinity(watch: Watch) -> None:
    mask, got = ctypes.c_ulong(1), (ctypes.c_ulong * 128)()
    cpu, node = ctypes.c_uint(), ctypes.c_uint()

    def act() -> int:
        system.sched_setaffinity(0, 8, mask)
        system.getcpu(cpu, node, None)
        return system.sched_getaffinity(0, 1024, got)

    seen = watch(act, "sched_setaffinity", "sched_getaffinity", "getcpu")
    seen.expect(
        Expected("sched_setaffinity", {"pid": 0, "len": 8, "mask": "0"}, 0),
        Expected("getcpu", {"cpu": 0, "node": 0, "tcache": None}, 0),
        Expected("sched_getaffinity", {"pid": 0, "len": 1024, "mask": "0"}, seen.value),
    )
    assert [event.cpu for event in seen.events[1:]] == [0, 0], "the events come from the CPU that it ran on"


def test_priorities_and_policies(watch: Watch) -> None:
    parameter, attributes = ctypes.c_int(0), ctypes.create_string_buffer(56)

    def act() -> None:
        system.setpriority(0, 0, 7)
        system.getpriority(0, 0)
        system.sched_setscheduler(0, 3, parameter)
        system.sched_getscheduler(0)
        system.sched_getparam(0, parameter)
        system.sched_getattr(0, attributes, 56, 0)
        system.sched_setscheduler(os.getpid(), 99, parameter)

    names = "setpriority getpriority sched_setscheduler sched_getscheduler sched_getparam sched_getattr".split()
    seen = watch(act, *names)
    seen.expect(
        Expected("setpriority", {"which": "PRIO_PROCESS", "who": 0, "niceval": 7}, 0),
        Expected("getpriority", {"which": "PRIO_PROCESS", "who": 0}, 13),
        Expected("sched_setscheduler", {"pid": 0, "policy": "SCHED_BATCH", "param": Having(sched_priority=0)}, 0),
        Expected("sched_getscheduler", {"pid": 0}, 3),
        Expected("sched_getparam", {"pid": 0, "param": Having(sched_priority=0)}, 0),
        Expected(
            "sched_getattr",
            {"pid": 0, "attr": Having(sched_policy="SCHED_BATCH", sched_nice=7), "size": 56, "flags": "0"},
            0,
        ),
        Expected(
            "sched_setscheduler",
            {"pid": seen.pid, "policy": ANY, "param": Having(sched_priority=0)},
            -errno.EINVAL,
        ),
    )
