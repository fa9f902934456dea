"""Entries of system calls, for those who ask for them: an event of its own before the call."""

from __future__ import annotations

import os
from pathlib import Path

from tests.conformance.harness import Watch, system

ROUNDS = 5


def test_entry_and_return(watch: Watch, tmp_path: Path) -> None:
    path = os.fsencode(tmp_path / "file")

    def act() -> int:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT)
        for _ in range(ROUNDS):
            system.write(fd, b"abc", 3)
        return fd

    seen = watch(act, "write", "syscall_enter-write")
    assert [event.source for event in seen.events] == ["syscall_enter", "syscall"] * ROUNDS
    for enter, leave in zip(seen.events[::2], seen.events[1::2], strict=True):
        assert enter.args["fd"] == leave.args["fd"] == seen.value
        assert enter.args["count"] == leave.args["count"] == 3
        assert (enter.ret, enter.error, enter.latency) == (None, None, None)
        assert enter.fd is not None
        assert enter.fd.path == path
        assert leave.latency is not None
        assert enter.timestamp <= leave.timestamp
        assert leave.timestamp - enter.timestamp >= leave.latency - 1000
        assert enter.quality == leave.quality == []


def test_a_call_that_does_not_return(watch: Watch) -> None:
    def act() -> int:
        child = os.fork()
        if child == 0:
            system.exit_group(41)
        os.waitpid(child, 0)
        return child

    seen = watch(act, "syscall_enter-exit_group")
    event = seen.events[0]
    assert len(seen.events) == 1
    assert (event.pid, event.args["status"], event.ret) == (seen.value, 41, None)
