"""Kindling: every kernel event, documented, tied to its process, thread and file descriptor, delivered as columns.

    import kindling

    with kindling.open("openat", "category:net", where="proc.name = nginx and evt.latency > 1ms") as stream:
        for event in stream:
            print(event.thread.comm, event.name, event.fd, event.args, event.error)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from kindling.catalogue.model import Definition
from kindling.catalogue.registry import Catalogue, catalogue
from kindling.enrich.objects import Descriptor, Thread
from kindling.errors import (
    CaptureError,
    FilterError,
    KindlingError,
    LibraryError,
    LoadError,
    MissingPackageError,
    PrivilegeError,
    ProbeError,
    UnknownEventError,
    UsageError,
)
from kindling.probes.base import Probe
from kindling.stream.batch import Batch
from kindling.stream.event import Event
from kindling.stream.filter import Filter
from kindling.stream.subscription import Options, Statistics, Stream

__version__ = "0.1.0"


def open(
    *events: str,
    where: str | Filter | None = None,
    pids: Iterable[int] | None = None,
    command: Sequence[str] | None = None,
    duration: float | None = None,
    count: int | None = None,
    snaplen: int = 0,
    latency: bool = True,
    environment: int = 0,
    ring_bytes: int = 8 << 20,
    include_self: bool = False,
    exclude_children: bool = False,
    probe: Probe | None = None,
) -> Stream:
    """Open a stream of events, live or from a capture file.

    `events` are names ("openat"), aliases, globs ("epoll_*"), categories ("category:net"), sources ("source:syscall"), each
    with a "-" before it to leave it out; none means all. If the first is the path of a capture file, the events come from it.
    `where` is a filter in the syntax of sysdig and Falco. `pids` limits to these processes and what they start from now on;
    `command` starts one, traces it and its children, and ends the stream with it. `duration` is in seconds. `snaplen` is how
    many bytes of payload to take of each read, write, send and receive; `environment` how many of an executed program's.

    Raises UnknownEventError, FilterError, or ProbeError with what to do about it.
    """
    chosen = probe
    if chosen is None and events and _is_capture(events[0]):
        from kindling.probes.replay import ReplayProbe

        chosen, events = ReplayProbe(events[0]), events[1:]
    if chosen is None:
        from kindling.probes.ebpf import EbpfProbe

        chosen = EbpfProbe()
    return Stream(
        chosen,
        events,
        where=where,
        pids=pids,
        command=command,
        duration=duration,
        count=count,
        options=Options(
            snaplen=snaplen,
            latency=latency,
            environment_limit=environment,
            ring_bytes=ring_bytes,
            include_self=include_self,
            exclude_children=exclude_children,
        ),
    )


def _is_capture(name: str) -> bool:
    return ("/" in name or "." in name) and Path(name).is_file()


__all__ = [
    "Batch",
    "CaptureError",
    "Catalogue",
    "Definition",
    "Descriptor",
    "Event",
    "Filter",
    "FilterError",
    "KindlingError",
    "LibraryError",
    "LoadError",
    "MissingPackageError",
    "Options",
    "PrivilegeError",
    "Probe",
    "ProbeError",
    "Statistics",
    "Stream",
    "Thread",
    "UnknownEventError",
    "UsageError",
    "catalogue",
    "open",
]
