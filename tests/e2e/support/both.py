"""Runs a program under strace and Kindling at once: both see the very same calls. Lines them up per thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.support import strace

import kindling

SNAPLEN = 64
"""Bytes of every string and payload that both are asked for."""


@dataclass(frozen=True)
class Run:
    """What both saw, per thread id, and how the program ended."""

    strace: dict[int, list[strace.Line]]
    kindling: dict[int, list[kindling.Event]]
    status: int | None
    lost: int


def run(command: Sequence[str], directory: Path) -> Run:
    """Run `command` to its end under both, in `directory`."""
    directory.mkdir(parents=True)
    prefix = directory / "strace"
    where = directory / "work"
    where.mkdir(mode=0o755)
    tracer = ["strace", "-ff", "-q", "-v", "-xx", "-X", "abbrev", "-s", str(SNAPLEN), "-o", str(prefix)]
    events: dict[int, list[kindling.Event]] = {}
    with kindling.open(
        "source:syscall",
        "signal_deliver",
        "process_exit",
        command=[*tracer, "--", "env", "-C", str(where), *command],
        snaplen=SNAPLEN,
        environment=1 << 15,
        ring_bytes=32 << 20,
    ) as stream:
        assert stream.command is not None
        # The calls of strace itself are most of what comes. Events are looked at when there are no more: who takes his
        # time here makes the rings run full.
        batches = [batch.select(batch["pid"] != stream.command.pid) for batch in stream.batches()]
        status = stream.command.poll()
        lost = stream.statistics().lost
    for batch in batches:
        for event in batch:
            events.setdefault(event.tid, []).append(event)
    lines = strace.threads(prefix)
    # Before its first exec, and in the children with which it tries what the kernel can do, strace watches nobody.
    watched = {tid: seen for tid, seen in events.items() if tid in lines or seen[-1].comm != b"strace"}
    return Run(lines, {tid: _from_exec(seen, lines.get(tid)) for tid, seen in watched.items()}, status, lost)


def _from_exec(events: list[kindling.Event], lines: list[strace.Line] | None) -> list[kindling.Event]:
    """The events from the first exec on: before it the thread was one of strace itself, which nobody watched."""
    first = lines[0] if lines else None
    if not isinstance(first, strace.Call) or first.name != "execve":
        return events
    for position, event in enumerate(events):
        if event.name == "execve":
            return events[position:]
    return events
