"""Kindling: every kernel event, documented, tied to its process, thread and file descriptor, delivered as columns.

import kindling

with kindling.open("openat", "category:net", where="proc.name = nginx and evt.latency > 1ms") as stream:
    for event in stream:
        print(event.thread.comm, event.name, event.fd, event.args, event.error)
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

# The package comes before the function of the same name: importing it later would put it in the function's place.
import kindling.catalogue  # noqa: F401

if TYPE_CHECKING:
    from kindling.catalogue.model import Definition
    from kindling.catalogue.registry import Catalogue
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

    `events` are names ("openat"), aliases, globs ("epoll_*"), categories ("category:net"), sources
    ("source:syscall"), each with a "-" before it to leave it out; none means all. If the first is the path of a capture
    file, the events come from it. `where` is a filter in the syntax of sysdig and Falco. `pids` limits to these
    processes and what they start from now on; `command` starts one, traces it and its children, and ends the stream
    with it. `duration` is in seconds. `snaplen` is how many bytes of payload to take of each read, write, send and
    receive; `environment` how many of an executed program's.

    Raises UnknownEventError, FilterError, or ProbeError with what to do about it.
    """
    from kindling.stream.subscription import Options, Stream

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


def catalogue() -> Catalogue:
    """All event definitions, by name, alias, glob, category or source."""
    from kindling.catalogue.registry import catalogue

    return catalogue()


def _is_capture(name: str) -> bool:
    from pathlib import Path

    return ("/" in name or "." in name) and Path(name).is_file()


# What is imported when it is first asked for: NumPy and the catalogue take a quarter of a second, and `kindling --help`
# or a program that only handles the errors needs neither.
_HOMES = {
    "kindling.catalogue.model": ("Definition",),
    "kindling.catalogue.registry": ("Catalogue",),
    "kindling.enrich.objects": ("Descriptor", "Thread"),
    "kindling.errors": (
        "CaptureError",
        "FilterError",
        "KindlingError",
        "LibraryError",
        "LoadError",
        "MissingPackageError",
        "PrivilegeError",
        "ProbeError",
        "UnknownEventError",
        "UsageError",
    ),
    "kindling.probes.base": ("Probe",),
    "kindling.stream.batch": ("Batch",),
    "kindling.stream.event": ("Event",),
    "kindling.stream.filter": ("Filter",),
    "kindling.stream.subscription": ("Options", "Statistics", "Stream"),
}


def __getattr__(name: str) -> object:
    for home, names in _HOMES.items():
        if name in names:
            found: object = getattr(importlib.import_module(home), name)
            globals()[name] = found
            return found
    raise AttributeError(f"module 'kindling' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


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
