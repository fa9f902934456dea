"""The eBPF probe: loads the generic programs of `bpf/`, gives them the plan, and drains what they write."""

from __future__ import annotations

import mmap
import os
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from kindling.catalogue.model import Definition
from kindling.enrich.objects import Descriptor, Thread
from kindling.errors import LoadError, PrivilegeError, ProbeError
from kindling.probes import _libbpf, layout
from kindling.probes._rings import ObjectBuffer, RecordRing, ring_size
from kindling.probes.base import Loss, ProbeStatistics, RawBatch, Records, Refusal, Slots, Wanted
from kindling.probes.facts import Facts, facts
from kindling.probes.layout import FilterField, FilterOp, LossKind, ObjectKind, ProcessBit
from kindling.probes.objects import decode_descriptor, decode_thread
from kindling.probes.plan import HOOKED, LOST_SLOT, Plan, make_plan

OBJECT_BUFFER = 1 << 22
MAX_RINGS = 32
"""On machines with more CPUs than this, neighbouring CPUs share a ring."""
HOLD_BACK = 2_000_000
"""Records younger than this many nanoseconds stay in their rings, so that an older one of another CPU comes first."""
OLD_RING_BYTES = 2 << 20
LANES = 3
"""Working areas of a CPU on the kernel side (LANES in `bpf/maps.h`)."""
BATCH_RECORDS = 16_384
"""So many records of one ring at most come in one batch: memory is bounded, and what is copied stays in the cache."""
FILL = 0.125
"""How full a ring should be when it is looked at: the pause between looks adapts to it."""
MIN_INTERVAL, MAX_INTERVAL = 0.0002, 0.008
"""Seconds between two looks at the rings. A CPU that only does system calls fills a default ring in some 20 ms."""
LOSS_CAUSES = {LossKind.RING_FULL: "ring_full", LossKind.NO_MEMORY: "objects", LossKind.FOREIGN_ABI: "foreign_abi"}
_HOUSEKEEPING = ("on_fork", "on_exec", "on_exit", "on_rename", "on_cgroup")


class EbpfProbe:
    """Events from eBPF. Needs BTF, a ring buffer (5.8 and later) and the rights to load tracing programs."""

    name = "ebpf"

    def __init__(self, known: Facts | None = None) -> None:
        self._facts = known or facts()
        self._object: _libbpf.Object | None = None
        self._links: dict[str, _libbpf.Link] = {}
        self._plan: Plan | None = None
        # Also what was wanted before: its last losses may be found later.
        self._known: dict[int, Definition] = {}
        self._wanted: Wanted | None = None
        self._rings: list[RecordRing] = []
        self._mappings: list[mmap.mmap] = []
        self._objects: ObjectBuffer | None = None
        self._losses: np.ndarray[tuple[int], np.dtype[np.uint64]] | None = None
        self._losses_seen = np.zeros(layout.LOSS_COUNTERS, np.uint64)
        self._misses_seen = 0
        self._settings: Records | None = None
        self._generation = 1
        self._clock_offset = clock_offset()
        self._statistics = ProbeStatistics()
        self._totals: dict[tuple[str, str], int] = {}
        self._interval = MIN_INTERVAL
        self._next_look = 0.0
        self._finished = False
        self._old = False

    def refusals(self, definitions: Sequence[Definition]) -> Sequence[Refusal]:
        """Those of `definitions` that this machine or probe cannot give."""
        return make_plan(Wanted(definitions=definitions), self._facts.machine).refusals

    def obstacle(self) -> str | None:
        """Why this probe cannot work here at all, with what to do about it; None if it should."""
        known = self._facts
        if known.libbpf is None:
            return "libbpf 1.0 or later is missing: apt-get install libbpf1"
        if not known.has_btf:
            return "the kernel has no BTF (/sys/kernel/btf/vmlinux): it needs CONFIG_DEBUG_INFO_BTF"
        if not known.has_ring_buffer:
            return "the kernel has no BPF ring buffer: it needs Linux 5.8 or later"
        if known.lockdown == "confidentiality":
            return "kernel lockdown is in confidentiality mode, which forbids tracing: boot with lockdown=integrity"
        if not known.may_load:
            return "it needs root, or CAP_BPF and CAP_PERFMON: run it with sudo"
        return None

    def start(self, wanted: Wanted) -> Slots:
        """Load, plan, attach. Raises ProbeError with the reason if that cannot be done."""
        obstacle = self.obstacle()
        if obstacle is not None:
            kind = PrivilegeError if not self._facts.may_load else ProbeError
            raise kind(f"the eBPF probe does not work here: {obstacle}")
        self._plan = make_plan(wanted, self._facts.machine)
        self._wanted = wanted
        self._load(wanted)
        self._write_settings(wanted)
        self._write_plan(None, self._plan)
        self._mark_processes(wanted)
        self._attach()
        _libbpf.trim_memory()
        return self._slots()

    def change(self, wanted: Wanted) -> Slots:
        """Swap the plan and the filter while the programs run; what both plans hold is delivered without a gap."""
        if self._plan is None or self._wanted is None:
            raise ProbeError("the probe was not started")
        before, self._plan = self._plan, make_plan(wanted, self._facts.machine)
        self._wanted = replace(wanted, ring_bytes=self._wanted.ring_bytes, latency=self._wanted.latency)
        # New settings make every thread be decided about anew: a process must be marked before that.
        self._mark_processes(wanted)
        self._write_settings(self._wanted)
        self._write_plan(before, self._plan)
        self._attach()
        return self._slots()

    def _slots(self) -> Slots:
        assert self._plan is not None
        self._known.update(self._plan.definitions)
        return Slots(self._plan.definitions, self._facts.machine)

    # Loading

    def _load(self, wanted: Wanted) -> None:
        directory = Path(__file__).parent / "bpf"
        try:
            self._object = self._load_variant(directory / f"kindling.{self._facts.machine}.bpf.o", wanted, old=False)
        except LoadError as first:
            try:
                self._object = self._load_variant(
                    directory / f"kindling-old.{self._facts.machine}.bpf.o", wanted, old=True
                )
            except LoadError as second:
                second.log = f"{first.log}\n{second.log}"
                raise

    def _load_variant(self, path: Path, wanted: Wanted, *, old: bool) -> _libbpf.Object:
        try:
            image = path.read_bytes()
        except OSError as error:
            raise ProbeError(
                f"{path} is missing: the package was not built; 'python tools/build_bpf.py' in the checkout compiles "
                "it (it needs clang and libbpf-dev), a wheel has it"
            ) from error
        if old:
            # An array's element may be 4 MiB at most before 5.12.
            wanted = replace(wanted, ring_bytes=min(wanted.ring_bytes, OLD_RING_BYTES))
        size = ring_size(wanted.ring_bytes, wanted.snaplen > 0)
        shift = 0
        if not old:
            while (self._facts.possible_cpus - 1 >> shift) >= MAX_RINGS:
                shift += 1
        rings = (self._facts.possible_cpus - 1 >> shift) + 1
        loaded = _libbpf.Object(image)
        try:
            loaded.set_constants(
                {
                    "slot_mask": size.slots - 1,
                    "slot_bits": size.slots.bit_length() - 1,
                    "data_offset": size.data_offset,
                    "data_mask": size.data - 1,
                    "cpu_shift": shift,
                    "has_rdonly_cast": int(self._facts.has_rdonly_cast and not old),
                    "want_latency": int(wanted.latency),
                }
            )
            loaded.map("rings").resize(entries=rings, value_size=size.total)
            loaded.map("controls").resize(entries=rings)
            for lanes in ("scratches", "sightings", "messages"):
                loaded.map(lanes).resize(entries=LANES * self._facts.possible_cpus)
            loaded.map("cells").resize(entries=self._facts.possible_cpus)
            loaded.map("views").resize(entries=self._facts.possible_cpus)
            loaded.map("object_buffers").resize(entries=self._facts.possible_cpus)
            loaded.map("objects").resize(entries=OBJECT_BUFFER)
            loaded.load()
            self._map_memory(loaded, rings, size.total, wanted)
            self._old = old
        except BaseException:
            loaded.close()
            raise
        return loaded

    def _map_memory(self, loaded: _libbpf.Object, rings: int, total: int, wanted: Wanted) -> None:
        size = ring_size(wanted.ring_bytes, wanted.snaplen > 0)
        memory = self._mapped(loaded, "rings", rings * total)
        controls = np.frombuffer(self._mapped(loaded, "controls", rings * layout.CONTROL_SIZE), layout.CONTROL)
        self._rings = [RecordRing(memory, number * total, controls[number], size) for number in range(rings)]
        self._losses = np.frombuffer(self._mapped(loaded, "losses", 8 * layout.LOSS_COUNTERS), np.uint64)
        self._losses = self._losses[: layout.LOSS_COUNTERS]
        variables = loaded.variables(".bss")
        offset, length = variables["settings"]
        if length != layout.SETTINGS.itemsize:
            raise LoadError("the BPF object does not fit this version of Kindling: build the package again")
        self._settings = np.frombuffer(self._mapped(loaded, ".bss", mmap.PAGESIZE), layout.SETTINGS, 1, offset)
        self._objects = ObjectBuffer(loaded.map("objects").fd, OBJECT_BUFFER)

    def _mapped(self, loaded: _libbpf.Object, name: str, length: int) -> mmap.mmap:
        length = (length + mmap.PAGESIZE - 1) // mmap.PAGESIZE * mmap.PAGESIZE
        memory = loaded.map(name).mapped(length)
        self._mappings.append(memory)
        return memory

    # Telling the kernel side what is wanted

    def _write_settings(self, wanted: Wanted) -> None:
        assert self._settings is not None and self._object is not None
        thread_filter = _with_follow(wanted)
        filters = self._object.map("filters")
        for first, steps in ((0, thread_filter), (layout.FILTER_INSTRUCTIONS, wanted.event_filter)):
            for position, step in enumerate(() if steps is None else steps):
                filters.update(first + position, step.tobytes())
        settings = self._settings[0]
        settings["snaplen"] = min(wanted.snaplen, layout.MAX_PAYLOAD)
        settings["thread_filter"] = 0 if thread_filter is None else len(thread_filter)
        settings["event_filter"] = 0 if wanted.event_filter is None else len(wanted.event_filter)
        settings["arguments_limit"] = min(wanted.arguments_limit, layout.MAX_PAYLOAD)
        settings["environment_limit"] = min(wanted.environment_limit, layout.MAX_PAYLOAD)
        settings["exclude_children"] = int(wanted.exclude_children)
        self.resend_objects()

    def _write_plan(self, before: Plan | None, after: Plan) -> None:
        assert self._object is not None
        plans = self._object.map("plans")
        if before is None:
            changed = after.entries["flags"] != 0
        else:
            # As octets: NumPy compares records field by field, which takes a tenth of a second.
            new, old = (plan.entries.view(np.uint8).reshape(layout.SLOTS, -1) for plan in (after, before))
            changed = (new != old).any(axis=1)
        for slot in np.flatnonzero(changed).tolist():
            plans.update(slot, after.entries[slot].tobytes())

    def _mark_processes(self, wanted: Wanted) -> None:
        for pid in wanted.exclude:
            self._mark(pid, ProcessBit.EXCLUDED)
        marks = [(pid, ProcessBit.FOLLOWED) for pid in wanted.follow or ()]
        marks += [(pid, ProcessBit.FOLLOW_FROM_EXEC) for pid in wanted.follow_from_exec]
        for pid, bits in marks:
            if not self._mark(pid, bits):
                raise ProbeError(f"process {pid} does not exist (any more): 'ps -e' lists those that do")

    def _mark(self, pid: int, bits: int) -> bool:
        """Mark a process by pidfd, which names it in any PID namespace we are in; without task storage by number."""
        assert self._object is not None
        processes = self._object.map("processes")
        value = int(bits).to_bytes(4, "little")
        try:
            descriptor = os.pidfd_open(pid)
        except OSError:
            return False
        try:
            return processes.update(pid if self._old else descriptor, value) == 0
        finally:
            os.close(descriptor)

    def _attach(self) -> None:
        assert self._object is not None and self._plan is not None
        needed = dict.fromkeys(_HOUSEKEEPING)
        if self._plan.needs_entry:
            needed["on_sys_enter"] = None
        if self._plan.needs_return:
            needed["on_sys_exit"] = None
        if self._plan.wants(HOOKED["signal_deliver"]):
            needed["on_signal"] = None
        for name in needed:
            if name not in self._links:
                self._links[name] = self._object.attach(name)
        for name in [name for name in self._links if name not in needed]:
            self._links.pop(name).close()

    def resend_objects(self) -> None:
        """Have every object sent again at its next use."""
        assert self._settings is not None and self._object is not None
        self._generation = (self._generation + 1) & 0x7FFFFFFF
        self._settings[0]["generation"] = self._generation
        with self._object.map("sent").mapped(8 * layout.SENT_SLOTS) as memory:
            memory[:] = bytes(len(memory))

    # Draining

    def next_batch(self, timeout: float) -> RawBatch | None:
        """What the rings hold now; waits up to `timeout` seconds while they are empty.

        The pause between looks adapts to how full the rings were, so that a quiet machine is left alone and a busy one
        is read long before its rings are full.
        """
        if self._finished:
            return None
        deadline = time.monotonic() + timeout
        while True:
            # Looking again at once would give small batches, each with the cost of a large one.
            pause = min(self._next_look, deadline) - time.monotonic()
            if pause > 0:
                time.sleep(pause)
            fill = max(ring.fill for ring in self._rings)
            batch = self._drain(time.monotonic_ns() - HOLD_BACK)
            left = max(ring.fill for ring in self._rings)
            self._interval = min(max(self._interval * min(FILL / max(fill, 1e-9), 1.5), MIN_INTERVAL), MAX_INTERVAL)
            # What was left behind for the next batch does not wait.
            self._next_look = time.monotonic() + (0.0 if left > FILL else self._interval)
            if batch is not None:
                return batch
            if time.monotonic() >= deadline:
                return RawBatch(np.empty(0, layout.RECORD), clock_offset=self._clock_offset)

    def _drain(self, until: int | None) -> RawBatch | None:
        assert self._objects is not None
        # The order matters: an object is sent before the first record that refers to it is published.
        heads = [ring.head for ring in self._rings]
        # A batch is bounded, at the same moment for all rings, so that what is left does not come before what is taken.
        if until is not None:
            until = min(
                [until, *(ring.time_after(BATCH_RECORDS, head) for ring, head in zip(self._rings, heads, strict=True))]
            )
        records, data = self._take(heads, until)
        threads: list[Thread] = []
        descriptors: list[Descriptor] = []
        for message in self._objects.drain():
            if message[0] == ObjectKind.THREAD:
                threads.append(decode_thread(message))
            else:
                descriptors.append(decode_descriptor(message))
        losses = self._new_losses()
        if not len(records) and not losses and not threads and not descriptors:
            return None
        self._clock_offset = adjusted(self._clock_offset)
        records, since = _take_markers(records)
        losses = [replace(loss, since=since or loss.since) for loss in losses]
        statistics = self._statistics
        self._statistics = replace(
            statistics,
            events=statistics.events + len(records),
            objects=statistics.objects + len(threads) + len(descriptors),
            drains=statistics.drains + 1,
        )
        self._count(losses)
        return RawBatch(records, data, threads, descriptors, losses, self._clock_offset)

    def _take(self, heads: Sequence[int], until: int | None) -> tuple[Records, bytes]:
        """The records of all rings in time order, and their variable parts."""
        views = [ring.published(head, until) for ring, head in zip(self._rings, heads, strict=True)]
        full = [(ring, parts) for ring, parts in zip(self._rings, views, strict=True) if parts]
        if not full:
            return np.empty(0, layout.RECORD), b""
        joined = np.concatenate([part for _, parts in full for part in parts])
        pieces: list[bytes] = []
        start = base = 0
        for ring, parts in full:
            records = joined[start : start + sum(map(len, parts))]
            start += len(records)
            pieces.append(ring.take(records))
            if base and pieces[-1]:
                records["data"] += np.uint32(base)
            base += len(pieces[-1])
        if len(full) == 1:
            return joined, pieces[0]
        # The rings are sorted already: a stable sort finds their runs and merges them. Indexing copies field by field.
        return np.take(joined, np.argsort(joined["time"], kind="stable")), b"".join(pieces)

    def _new_losses(self) -> list[Loss]:
        assert self._losses is not None and self._plan is not None
        if np.array_equal(self._losses, self._losses_seen):
            return []
        found: list[Loss] = []
        now = time.monotonic_ns()
        counts = self._losses.copy()
        grown = counts - self._losses_seen
        for position in np.flatnonzero(grown):
            kind, slot = divmod(int(position), layout.SLOTS)
            definition = self._known.get(slot)
            name = definition.name if definition and kind != LossKind.FOREIGN_ABI else "unknown"
            found.append(Loss(name, int(grown[position]), LOSS_CAUSES[LossKind(kind)], now))
        self._losses_seen = counts
        return found

    def _missed(self) -> list[Loss]:
        """The kernel skips a program that would interrupt itself on one CPU, and counts that."""
        assert self._object is not None
        misses = sum(self._object.program_info(name)[2] for name in self._links)
        new, self._misses_seen = misses - self._misses_seen, misses
        return [Loss("unknown", new, "nested", time.monotonic_ns())] if new > 0 else []

    def _count(self, losses: Sequence[Loss]) -> None:
        for loss in losses:
            key = loss.event, loss.cause
            self._totals[key] = self._totals.get(key, 0) + loss.count

    def flush(self) -> RawBatch:
        """Detach, then give everything that is left."""
        losses = self._missed() if self._object is not None else []
        for link in self._links.values():
            link.close()
        self._links.clear()
        self._finished = True
        batch = self._drain(None) or RawBatch(np.empty(0, layout.RECORD), clock_offset=self._clock_offset)
        self._count(losses)
        return replace(batch, losses=[*losses, *batch.losses])

    def statistics(self) -> ProbeStatistics:
        """Counts so far, and the memory of the rings."""
        return replace(
            self._statistics,
            lost=sum(self._totals.values()),
            losses=dict(self._totals),
            buffer_bytes=sum(ring.size.total for ring in self._rings),
        )

    def close(self) -> None:
        """Detach and free everything."""
        self._finished = True
        for link in self._links.values():
            link.close()
        self._links.clear()
        for ring in self._rings:
            ring.release()
        self._rings = []
        self._losses = None
        self._settings = None
        if self._objects is not None:
            self._objects.close()
            self._objects = None
        mappings, self._mappings = self._mappings, []
        for mapping in mappings:
            mapping.close()
        if self._object is not None:
            self._object.close()
            self._object = None


def clock_offset() -> int:
    """Nanoseconds to add to CLOCK_MONOTONIC to get the time since the epoch: the best of three looks."""
    best: tuple[int, int] | None = None
    for _ in range(3):
        before = time.monotonic_ns()
        wall = time.time_ns()
        after = time.monotonic_ns()
        if best is None or after - before < best[0]:
            best = after - before, wall - (before + after) // 2
    assert best is not None
    return best[1]


def adjusted(offset: int) -> int:
    """The offset to use from now on: the old one unless the wall clock was set or has drifted by over 100 us."""
    fresh = time.time_ns() - time.monotonic_ns()
    if abs(fresh - offset) < 100_000:
        return offset
    return clock_offset()


def _with_follow(wanted: Wanted) -> Records | None:
    """The thread filter, with "is followed" in front when only some processes are."""
    if wanted.follow is None and not wanted.follow_from_exec:
        return wanted.thread_filter
    first = np.zeros(1, layout.FILTER)
    first["op"], first["field"] = FilterOp.TEST, FilterField.FOLLOWED
    if wanted.thread_filter is None or not len(wanted.thread_filter):
        return first
    last = np.zeros(1, layout.FILTER)
    last["op"] = FilterOp.AND
    return np.concatenate([first, wanted.thread_filter, last])


def _take_markers(records: Records) -> tuple[Records, int | None]:
    """The records without the gap markers, and when the first gap began."""
    markers = records["event"] == layout.LOST_MARKER
    if not markers.any():
        return records, None
    return np.compress(~markers, records), int(records["time"][markers][0])


__all__ = ["LOST_SLOT", "EbpfProbe"]
