"""Watches what the test itself does between two points: the events of its own process, deterministically.

The stream is read only after the block has ended, so that reading it is no part of what is seen.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import kindling


class Seen:
    """The events of a `watching` block, there when it has ended."""

    def __init__(self) -> None:
        self.events: list[kindling.Event] = []

    def named(self, *names: str) -> list[kindling.Event]:
        """The events with one of these names, in order."""
        return [event for event in self.events if event.name in names]

    def on(self, number: int, name: str | None = None) -> list[kindling.Event]:
        """The events on the descriptor `number`, in order."""
        return [
            event
            for event in self.events
            if event.fd is not None and event.fd.num == number and name in (None, event.name)
        ]


@contextmanager
def watching(*events: str, pids: tuple[int, ...] = (), **options: Any) -> Iterator[Seen]:
    """See `events` of this process (or of `pids`) and of what it starts."""
    seen = Seen()
    with kindling.open(*events, pids=pids or (os.getpid(),), include_self=True, **options) as stream:
        yield seen
        stream.stop()
        seen.events = list(stream)
        assert stream.statistics().lost == 0


def descriptor(event: kindling.Event) -> kindling.Descriptor:
    """What an event's descriptor stood for; fails if it is not known."""
    assert event.fd is not None, event
    assert event.fd.descriptor is not None, event
    assert "fd_unknown" not in event.quality
    return event.fd.descriptor
