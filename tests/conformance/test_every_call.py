"""Every system call: with arguments that are all wrong it is one event with those, its result and its error."""

from __future__ import annotations

import errno
import signal

from tests.conformance.harness import MACHINE, MARKER, Watch, error_name, system

from kindling.catalogue.model import Definition, Source
from kindling.catalogue.registry import catalogue
from kindling.stream.event import Event

ALL_ONES = 0xFFFFFFFFFFFFFFFF

DIFFERENT = {
    "exit": "ends the actor; see test_processes",
    "exit_group": "ends the actor; see test_processes",
    "rt_sigreturn": "takes its registers from the stack; see test_signals",
    "fork": "makes a process; see test_processes",
    "vfork": "makes a process; see test_processes",
    "clone": "makes a process; see test_processes",
    "pause": "waits for ever",
    "vhangup": "takes the terminal away",
    "sync": "flushes the whole machine",
    "munlockall": "takes no argument that could be wrong",
    "set_tid_address": "succeeds, with an address that the kernel writes to at the end",
    "uprobe": "kills who calls it without a probe",
    "uretprobe": "kills who calls it without a probe",
    "seccomp": "is tried by itself below",
    MARKER: "is what actions are marked with",
}
"""Calls that are not made here, and why."""


def chosen() -> list[Definition]:
    """All system calls of this machine but the different ones."""
    return [
        definition
        for definition in catalogue()
        if definition.source is Source.SYSCALL and MACHINE in definition.numbers and definition.name not in DIFFERENT
    ]


def test_with_wrong_arguments(watch: Watch) -> None:
    definitions = chosen()
    assert len(definitions) > 280

    def act() -> dict[str, int]:
        # Some of them change what happens on a signal, or set an alarm.
        signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 32))
        return {d.name: getattr(system, d.name)(*[-1] * 6) for d in definitions}

    seen = watch(act, *(d.name for d in definitions), unknown=True)
    problems = []
    for definition in definitions:
        name, ret = definition.name, seen.value[definition.name]
        # The interpreter makes calls, too, but not with such registers.
        events = [
            event for event in seen.of(name) if event.pid == seen.pid and (not definition.arguments or _all_ones(event))
        ]
        if len(events) != 1:
            problems.append(f"{name}: {len(events)} events instead of one")
            continue
        event = events[0]
        error = error_name(ret)
        if (event.ret, event.error) != (ret, error):
            problems.append(f"{name}: gave {ret} ({error}), but the event says {event.ret} ({event.error})")
        if event.latency is None:
            problems.append(f"{name}: no latency")
        if list(event.args) != [argument.name for argument in definition.arguments]:
            problems.append(f"{name}: arguments {list(event.args)}")
        other = [mark for mark in event.quality if not mark.startswith(("fault:", "truncated:"))]
        if other:
            problems.append(f"{name}: quality {other}")
        if str(event).count("\n"):
            problems.append(f"{name}: its text has more than one line")
    assert not problems, "\n".join(problems)


def _all_ones(event: Event) -> bool:
    return bool((event.batch.records["args"][event.row] == ALL_ONES).all())


def test_unknown_to_the_kernel(watch: Watch) -> None:
    """A call that the kernel does not have is an event, too: somebody tried."""
    name = "afs_syscall" if MACHINE == "x86_64" else "nfsservctl"
    seen = watch(lambda: getattr(system, name)(1, 2, 3), name)
    event = seen.one(name)
    assert (event.ret, event.error) == (-errno.ENOSYS, "ENOSYS")


def test_seccomp_with_a_wrong_operation(watch: Watch) -> None:
    seen = watch(lambda: system.seccomp(99, 0, None), "seccomp")
    event = seen.one("seccomp")
    assert (event.args["operation"], event.error) == ("0x63", "EINVAL")
