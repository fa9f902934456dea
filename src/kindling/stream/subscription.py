"""Stream: a live subscription to a probe's events, or the events of a capture; iterated as events or as batches."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import numpy as np

from kindling.catalogue.model import Definition
from kindling.catalogue.own import LOSS_CAUSES
from kindling.catalogue.registry import Catalogue, catalogue
from kindling.enrich.objects import Objects
from kindling.errors import ProbeError, UsageError
from kindling.probes import layout
from kindling.probes.base import Probe, RawBatch, Records, Refusal, Slots, Wanted
from kindling.probes.facts import machine
from kindling.probes.plan import LOST_SLOT, slot_of
from kindling.stream.batch import Batch
from kindling.stream.event import Event
from kindling.stream.filter import Filter, Pushed, explain, push_down
from kindling.stream.filter import compile as compile_filter
from kindling.stream.launch import Command
from kindling.stream.selection import Selection, select

RENEWAL = 100_000_000
"""Nanoseconds after which a probe holds back no record any more from before it was told to send objects anew."""
POLL = 0.1
"""Seconds after which a waiting reader looks whether it shall stop."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """What a stream did so far. Losses are counted by (event, cause); seconds since the start."""

    events: int = 0
    delivered: int = 0
    lost: int = 0
    losses: Mapping[tuple[str, str], int] = field(default_factory=dict)
    objects: int = 0
    seconds: float = 0.0
    buffer_bytes: int = 0
    probe: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a stream captures. `payload` and limits are bytes; `ring_bytes` is the buffer of each CPU."""

    snaplen: int = 0
    latency: bool = True
    arguments_limit: int = 4096
    environment_limit: int = 0
    ring_bytes: int = 8 << 20
    exclude_children: bool = False
    include_self: bool = False


class Stream:
    """Events, as they come. Use it in a `with` block; iterate it once.

    `for event in stream`, `for batch in stream.batches()`, and the same with `async for`. A live stream ends when
    `stop` is called, when its `command` has ended, or after `duration` seconds or `count` events; a capture's ends
    with it.
    """

    def __init__(
        self,
        probe: Probe,
        patterns: Sequence[str] = (),
        *,
        where: str | Filter | None = None,
        pids: Iterable[int] | None = None,
        command: Sequence[str] | None = None,
        duration: float | None = None,
        count: int | None = None,
        options: Options | None = None,
        known: Catalogue | None = None,
    ) -> None:
        self._probe = probe
        self._catalogue = known or _catalogue_of(probe)
        self._patterns = tuple(patterns)
        self._filter = _filter(where)
        self._pids = None if pids is None else tuple(pids)
        self._options = options or Options()
        self._duration = duration
        self._count = count
        self._command = Command(command) if command else None
        self._stopping = threading.Event()
        self._objects = Objects()
        self._renewal: int | None = None
        self._forget = False
        self._definitions: Mapping[int, Definition] = {}
        self._machine = "x86_64"
        self._residual: Filter | None = None
        self._refusals: Sequence[Refusal] = ()
        self._delivered = 0
        self._started = time.monotonic()
        self._finished = False
        self._closed = False
        try:
            self._use(probe.start(self._plan()))
            # Loading takes a while that a duration does not include.
            self._started = time.monotonic()
        except BaseException:
            self.close()
            raise
        if self._command is not None:
            self._command.release()

    # What is wanted

    def _plan(self) -> Wanted:
        chosen = select(self._catalogue, self._patterns)
        refused = {refusal.event: refusal for refusal in self._probe.refusals(chosen.definitions)}
        self._refusals = tuple(refused.values())
        definitions = [d for d in chosen.definitions if d.name not in refused]
        if not definitions:
            reasons = "; ".join(sorted({f"{r.event}: {r.reason}" for r in self._refusals})[:3])
            raise ProbeError(f"none of these events can be had here ({reasons}); 'kindling doctor' tells more")
        pushed = self._push(definitions)
        self._residual = self._filter if pushed is None else pushed.residual
        options = self._options
        live = self._is_live
        return Wanted(
            definitions=definitions if pushed is None else pushed.events,
            only=chosen.only,
            snaplen=options.snaplen,
            latency=options.latency or (self._filter is not None and "evt.latency" in self._filter.fields),
            arguments_limit=options.arguments_limit,
            environment_limit=options.environment_limit,
            thread_filter=pushed.thread_filter if pushed else None,
            event_filter=pushed.event_filter if pushed else None,
            follow=self._pids,
            follow_from_exec=(self._command.pid,) if self._command else (),
            exclude=(os.getpid(),) if live and not options.include_self else (),
            exclude_children=options.exclude_children,
            ring_bytes=options.ring_bytes,
        )

    @property
    def _is_live(self) -> bool:
        return self._probe.name != "replay"

    def _push(self, definitions: Sequence[Definition]) -> Pushed | None:
        if self._filter is None or not self._is_live:
            return None
        numbers = ((definition.name, slot_of(definition, machine())) for definition in definitions)
        return push_down(self._filter, definitions, {name: slot for name, slot in numbers if slot is not None})

    def _use(self, slots: Slots) -> None:
        lost = self._catalogue.get("lost")
        if self._is_live:
            self._definitions = {**self._definitions, **slots.definitions, LOST_SLOT: lost}
        else:
            self._definitions = slots.definitions
        self._machine = slots.machine

    def change(self, *patterns: str, where: str | Filter | None = None) -> None:
        """Deliver these events from now on, with this filter. What was wanted before and still is has no gap."""
        self._patterns, self._filter = tuple(patterns), _filter(where)
        self._use(self._probe.change(self._plan()))

    def add(self, *patterns: str) -> None:
        """Deliver these events as well."""
        self._patterns = (*self._patterns, *patterns)
        self._use(self._probe.change(self._plan()))

    def remove(self, *patterns: str) -> None:
        """Deliver these events no longer."""
        self._patterns = (*self._patterns, *(f"-{pattern}" for pattern in patterns))
        self._use(self._probe.change(self._plan()))

    @property
    def selection(self) -> Selection:
        """The definitions that are wanted now."""
        return select(self._catalogue, self._patterns)

    @property
    def definitions(self) -> Mapping[int, Definition]:
        """Every event that may come, by the slot its records carry."""
        return self._definitions

    @property
    def refusals(self) -> Sequence[Refusal]:
        """Events that were asked for and cannot be had, with the reason."""
        return self._refusals

    @property
    def objects(self) -> Objects:
        """The threads and descriptors seen so far."""
        return self._objects

    @property
    def machine(self) -> str:
        """The machine the events come from, as the catalogue spells it."""
        return self._machine

    @property
    def probe(self) -> Probe:
        """Where the events come from."""
        return self._probe

    @property
    def command(self) -> Command | None:
        """The command that is traced, if one is."""
        return self._command

    def explain(self) -> str:
        """Which part of the filter runs where."""
        if self._filter is None:
            return "no filter: every event that is asked for is delivered"
        return explain(self._filter)

    # Iterating

    def __iter__(self) -> Iterator[Event]:
        for batch in self.batches():
            yield from batch

    async def __aiter__(self) -> AsyncIterator[Event]:
        async for batch in self.batches():
            for event in batch:
                yield event

    def batches(self, *, empty: bool = False) -> Batches:
        """The stream as batches, for `for` and `async for`. With `empty` also those without events (ten a second)."""
        return Batches(self, empty)

    def next_batch(self, timeout: float = POLL) -> Batch | None:
        """The next batch, perhaps empty after `timeout` seconds; None at the end of the stream."""
        if self._finished:
            return None
        self._watch()
        if self._forget:
            # The batches that may refer to them were delivered before.
            self._objects.forget_old()
            self._forget = False
        since = time.monotonic_ns()
        if self._stopping.is_set():
            self._finished = True
            return self._batch(self._probe.flush(), since)
        raw = self._probe.next_batch(timeout)
        if raw is None:
            self._finished = True
            return None
        return self._batch(raw, since)

    def _watch(self) -> None:
        """Stop when the command has ended or the time is up."""
        if self._command is not None and self._command.poll() is not None:
            self._stopping.set()
        if self._duration is not None and time.monotonic() - self._started >= self._duration:
            self._stopping.set()

    def _batch(self, raw: RawBatch, since: int) -> Batch:
        objects = self._objects
        objects.add(raw.threads, raw.descriptors)
        records, data = raw.records, raw.data
        if raw.losses:
            records, data = with_losses(raw, records, data)
        batch = Batch(records, data, self._definitions, objects, raw.clock_offset, self._machine)
        if self._residual is not None and len(batch):
            # Whatever the filter: a gap must be seen.
            keep = self._residual.mask(batch) | (records["event"] == LOST_SLOT)
            if not keep.all():
                batch = batch.select(keep)
        if self._count is not None and self._delivered + len(batch) >= self._count:
            batch = batch.select(np.arange(self._count - self._delivered))
            self._finished = True
        self._delivered += len(batch)
        first = int(raw.records["time"][0]) if self._is_live and len(raw.records) else since
        self._keep_bounded(min(first, since))
        return batch

    def _keep_bounded(self, since: int) -> None:
        """Forget old objects; all that happened before `since` has been delivered.

        The probe is told to send objects anew. Records from before may wait in its rings, so the old ones go later.
        """
        objects = self._objects
        if self._renewal is None:
            if objects.full:
                self._probe.resend_objects()
                objects.mark_old()
                self._renewal = time.monotonic_ns() + RENEWAL
        elif since >= self._renewal:
            self._renewal = None
            self._forget = True

    def stop(self) -> None:
        """End the stream: what is still in the buffers is delivered, then iteration ends. Any thread may call it."""
        self._stopping.set()

    @property
    def stopped(self) -> bool:
        """Whether the stream has ended or is about to."""
        return self._stopping.is_set() or self._finished

    def statistics(self) -> Statistics:
        """Counts so far."""
        probe = self._probe.statistics()
        return Statistics(
            events=probe.events,
            delivered=self._delivered,
            lost=probe.lost,
            losses=dict(probe.losses),
            objects=probe.objects,
            seconds=time.monotonic() - self._started,
            buffer_bytes=probe.buffer_bytes,
            probe=self._probe.name,
        )

    def close(self) -> None:
        """Detach from the kernel, or close the file. May be called twice."""
        if self._closed:
            return
        self._closed = True
        self._finished = True
        try:
            self._probe.close()
        finally:
            if self._command is not None:
                self._command.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


class Batches:
    """The batches of a stream, for `for` and for `async for`."""

    def __init__(self, stream: Stream, empty: bool) -> None:
        self._stream = stream
        self._empty = empty

    def __iter__(self) -> Iterator[Batch]:
        while (batch := self._stream.next_batch()) is not None:
            if len(batch) or self._empty:
                yield batch

    async def __aiter__(self) -> AsyncIterator[Batch]:
        pause = 0.001
        while (batch := self._stream.next_batch(0)) is not None:
            if len(batch) or self._empty:
                yield batch
                pause = 0.001
                await asyncio.sleep(0)
            else:
                pause = min(pause * 2, 0.05)
                await asyncio.sleep(pause)


def with_losses(raw: RawBatch, records: Records, data: bytes) -> tuple[Records, bytes]:
    """The records with one `lost` event per loss, where in time the loss began."""
    extra = np.zeros(len(raw.losses), layout.RECORD)
    pieces: list[bytes] = []
    at = len(data)
    for row, loss in zip(extra, raw.losses, strict=True):
        piece = _piece(0, loss.event.encode())
        row["event"] = LOST_SLOT
        row["time"] = loss.since
        row["latency"] = layout.NO_LATENCY
        row["fd"] = layout.NO_FD
        row["data"], row["length"] = at, len(piece)
        row["args"][0] = loss.count
        row["args"][2] = LOSS_CAUSES[loss.cause][0] if loss.cause in LOSS_CAUSES else 0
        row["args"][3] = loss.since + raw.clock_offset
        pieces.append(piece)
        at += len(piece)
    joined = np.concatenate([records, extra])
    order = np.argsort(joined["time"], kind="stable")
    return joined[order], data + b"".join(pieces)


def _piece(number: int, value: bytes) -> bytes:
    head = bytes((number, 0)) + len(value).to_bytes(2, "little") + value
    return head + bytes(-len(head) % 8)


def _catalogue_of(probe: Probe) -> Catalogue:
    """What a probe's events are chosen from: a capture may hold some that no catalogue has."""
    definitions: Mapping[int, Definition] | None = getattr(probe, "definitions", None)
    return catalogue() if definitions is None else Catalogue(definitions.values())


def _filter(where: str | Filter | None) -> Filter | None:
    if where is None or isinstance(where, Filter):
        return where
    if not where.strip():
        raise UsageError("the filter is empty; leave it out, or see 'kindling events --fields'")
    return compile_filter(where, catalogue())
