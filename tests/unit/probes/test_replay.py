"""The replay probe: what comes out of a file is what went in."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kindling.catalogue.model import Category, Definition, Field, Result, Source
from kindling.catalogue.types import FD, I64, SIZE, Bytes
from kindling.enrich.objects import Descriptor, Objects, Thread
from kindling.errors import CaptureError, ProbeError
from kindling.probes import layout
from kindling.probes.base import Loss, Probe, RawBatch, Wanted
from kindling.probes.plan import LOST_SLOT
from kindling.probes.replay import LOST, ReplayProbe
from kindling.stream.batch import Batch
from kindling.stream.capture import CaptureWriter

pytest.importorskip("pyarrow", reason="pyarrow is not installed (the extra 'arrow')")

READ = Definition(
    name="read",
    source=Source.SYSCALL,
    category=Category.FILE,
    description="Read.",
    arguments=(
        Field("fd", FD, "descriptor"),
        Field("data", Bytes("ret", payload=True), "bytes"),
        Field("count", SIZE, "size"),
    ),
    result=Result(I64, "bytes read"),
)
GETPID = Definition(
    name="getpid",
    source=Source.SYSCALL,
    category=Category.PROCESS,
    description="Own id.",
    result=Result(I64, "id"),
)
DEFINITIONS = {0: READ, 39: GETPID, LOST_SLOT: LOST}
EVERYTHING = tuple(DEFINITIONS.values())
CLOCK = 1_766_430_000_000_000_000

T = TypeVar("T")

NAMES = st.binary(max_size=12) | st.sampled_from([b"", b"\\", b"\xff\xfe", b"a\nb", b"x" * 4096])
ID = st.integers(0, 2**32 - 1)
LONG = st.integers(0, 2**64 - 1)
TEXT = st.sampled_from(["", "tcp", "server", "\u00e4\U0001f600", '"\\', "8:1"])


def maybe(strategy: st.SearchStrategy[T]) -> st.SearchStrategy[T | None]:
    return st.none() | strategy


THREADS = st.builds(
    Thread,
    tid=st.integers(0, 3),
    pid=st.integers(0, 3),
    version=st.integers(0, 2),
    ppid=st.integers(0, 3),
    uid=maybe(ID),
    euid=maybe(ID),
    comm=NAMES,
    exe=maybe(NAMES),
    arguments=maybe(st.lists(NAMES, max_size=3).map(tuple)),
    cgroup=maybe(NAMES),
    cgroup_id=maybe(LONG),
    container_id=maybe(TEXT),
    start=maybe(LONG),
    pid_ns=maybe(ID),
    quality=st.lists(TEXT, max_size=2).map(tuple),
)
DESCRIPTORS = st.builds(
    Descriptor,
    id=st.integers(1, 5),
    type=TEXT,
    path=maybe(NAMES),
    inode=maybe(LONG),
    device=maybe(TEXT),
    deleted=st.booleans(),
    protocol=maybe(TEXT),
    role=maybe(TEXT),
    sip=maybe(TEXT),
    sport=maybe(st.integers(0, 65535)),
    net_ns=maybe(ID),
    peer_inode=maybe(LONG),
    quality=st.lists(TEXT, max_size=2).map(tuple),
)


@st.composite
def raw_batches(draw: st.DrawFn) -> RawBatch:
    """What a probe could deliver: any registers, results and marks, whole variable parts one after the other."""
    parts = draw(st.lists(st.none() | st.binary(max_size=20), max_size=9))
    pieces = [
        b"" if p is None else (b"\1\0" + len(p).to_bytes(2, "little") + p).ljust((len(p) + 11) & ~7, b"\0")
        for p in parts
    ]
    rows = len(parts)
    size = layout.RECORD.itemsize * rows
    records = np.frombuffer(draw(st.binary(min_size=size, max_size=size)), layout.RECORD).copy()
    records["commit"] = 0
    records["event"] = draw(st.lists(st.sampled_from(list(DEFINITIONS)), min_size=rows, max_size=rows))
    records["tid"] = draw(st.lists(st.integers(0, 3), min_size=rows, max_size=rows))
    records["thread"] = draw(st.lists(st.integers(0, 2), min_size=rows, max_size=rows))
    records["object"] = draw(st.lists(st.integers(0, 5), min_size=rows, max_size=rows))
    records["length"] = [len(piece) for piece in pieces]
    records["data"] = np.where(records["length"] > 0, np.cumsum(records["length"]) - records["length"], 0)
    return RawBatch(
        records,
        b"".join(pieces),
        draw(st.lists(THREADS, max_size=4, unique_by=lambda thread: thread.key)),
        draw(st.lists(DESCRIPTORS, max_size=4, unique_by=lambda descriptor: descriptor.id)),
        clock_offset=draw(st.sampled_from([0, CLOCK, -(2**63), 2**63 - 1])),
    )


def record(path: Path, *batches: RawBatch) -> Objects:
    """Write these batches as a subscription would, each in a record batch of its own."""
    objects = Objects()
    with CaptureWriter(path, DEFINITIONS) as writer:
        for raw in batches:
            objects.add(raw.threads, raw.descriptors)
            writer.write(Batch(raw.records, raw.data, DEFINITIONS, objects, raw.clock_offset), raw.losses)
            writer.flush()
    return objects


def replay(probe: ReplayProbe) -> list[RawBatch]:
    """All batches until the end."""
    found: list[RawBatch] = []
    while (batch := probe.next_batch(0)) is not None:
        found.append(batch)
    return found


@settings(deadline=None)
@given(st.lists(raw_batches(), max_size=4))
def test_replay_gives_what_was_recorded(tmp_path_factory: pytest.TempPathFactory, batches: list[RawBatch]) -> None:
    path = tmp_path_factory.getbasetemp() / "property.kindling"
    record(path, *batches)
    probe = ReplayProbe(path, EVERYTHING)
    slots = probe.start(Wanted(definitions=EVERYTHING))
    assert slots.definitions == DEFINITIONS
    found = [batch for batch in replay(probe) if len(batch.records)]
    assert probe.problem is None
    before, after = Objects(), Objects()
    originals = iter(batches)
    for copy in found:
        original = next(originals)
        before.add(original.threads, original.descriptors)
        while not len(original.records):
            original = next(originals)
            before.add(original.threads, original.descriptors)
        after.add(copy.threads, copy.descriptors)
        assert np.array_equal(copy.records, original.records)
        assert copy.data == original.data
        assert copy.clock_offset == original.clock_offset
        rows = Batch(original.records, b"", DEFINITIONS, before, 0)
        restored = Batch(copy.records, b"", DEFINITIONS, after, 0)
        for row in range(len(rows)):
            assert restored.thread(row) == rows.thread(row)
            assert restored.descriptor(row) == rows.descriptor(row)
    assert not any(len(original.records) for original in originals)
    probe.close()


def simple(pids: list[int], events: list[int], start: int = 0, threads: tuple[Thread, ...] = ()) -> RawBatch:
    records = np.zeros(len(pids), layout.RECORD)
    records["pid"] = records["tid"] = pids
    records["event"] = events
    records["time"] = np.arange(start, start + len(pids))
    records["object"] = 1
    return RawBatch(records, b"", threads, (Descriptor(id=1, type="file", path=b"/x"),), clock_offset=CLOCK)


FAMILY = (
    Thread(tid=1, pid=1, comm=b"init"),
    # Children may be told of before their parents.
    Thread(tid=30, pid=30, ppid=20, comm=b"grandchild"),
    Thread(tid=20, pid=20, ppid=10, comm=b"child"),
    Thread(tid=10, pid=10, ppid=1, comm=b"parent"),
    Thread(tid=40, pid=40, ppid=1, comm=b"other"),
)


@pytest.fixture
def family(tmp_path: Path) -> Path:
    path = tmp_path / "family.kindling"
    lost = simple([0], [LOST_SLOT], 50)
    lost.records["args"][0, :3] = 13, 0, 1
    lost.records["length"] = 8
    lost = RawBatch(lost.records, b"\0\0\4\0read", (), lost.descriptors, clock_offset=CLOCK)
    record(path, simple([10, 20, 30, 40, 10], [0, 39, 0, 39, 39], 0, FAMILY), lost, simple([40, 30], [0, 0], 100))
    return path


def pids(batches: list[RawBatch]) -> list[int]:
    return [int(pid) for batch in batches for pid in batch.records["pid"]]


def test_it_is_a_probe(family: Path) -> None:
    probe: Probe = ReplayProbe(family, EVERYTHING)
    assert probe.name == "replay"
    probe.close()
    probe.close()


def test_only_wanted_events_and_what_was_lost(family: Path) -> None:
    probe = ReplayProbe(family, EVERYTHING)
    slots = probe.start(Wanted(definitions=(GETPID,)))
    assert set(slots.definitions) == {39, LOST_SLOT}
    found = replay(probe)
    assert pids(found) == [20, 40, 10, 0]
    statistics = probe.statistics()
    assert (statistics.events, statistics.lost) == (4, 13)
    assert statistics.losses == {("read", "ring_full"): 13}


def test_change_takes_effect_with_the_next_batch(family: Path) -> None:
    probe = ReplayProbe(family, EVERYTHING)
    probe.start(Wanted(definitions=(GETPID,)))
    first = probe.next_batch(0)
    slots = probe.change(Wanted(definitions=(READ,)))
    assert 0 in slots.definitions
    assert 39 not in slots.definitions
    assert first is not None
    assert pids([first, *replay(probe)]) == [20, 40, 10, 0, 40, 30]


def test_follow_a_process_and_its_descendants(family: Path) -> None:
    probe = ReplayProbe(family, EVERYTHING)
    probe.start(Wanted(definitions=EVERYTHING, follow=(20,)))
    assert pids(replay(probe)) == [20, 30, 0, 30]
    probe = ReplayProbe(family, EVERYTHING)
    probe.start(Wanted(definitions=EVERYTHING, follow=(10,), exclude=(20,)))
    assert pids(replay(probe)) == [10, 30, 10, 0, 30]
    probe = ReplayProbe(family, EVERYTHING)
    probe.start(Wanted(definitions=EVERYTHING, exclude=(20,), exclude_children=True))
    assert pids(replay(probe)) == [10, 40, 10, 0, 40]


def test_events_on_some_kinds_of_descriptors_alone(tmp_path: Path) -> None:
    path = tmp_path / "x.kindling"
    batch = simple([1, 2, 3, 4, 5], [0, 0, 0, 39, 0])
    batch.records["object"] = 1, 2, 3, 1, 99
    kinds = [Descriptor(id=n, type=kind) for n, kind in enumerate(("file", "unix", "eventfd"), 1)]
    record(path, RawBatch(batch.records, descriptors=kinds))
    for mask, expected in ((1 << 12, [2, 4, 5]), (0xFFFF & ~(1 << 12), [1, 3, 4, 5]), (1 << 1, [4, 5])):
        probe = ReplayProbe(path, EVERYTHING)
        probe.start(Wanted(definitions=EVERYTHING, only={"read": mask}))
        assert pids(replay(probe)) == expected


def test_refusals_name_what_was_not_recorded(family: Path) -> None:
    other = Definition(name="other", source=Source.SYSCALL, category=Category.FILE, description="Other.")
    probe = ReplayProbe(family, EVERYTHING)
    (refusal,) = probe.refusals((READ, other))
    assert refusal.event == "other"
    assert "recording" in refusal.reason


def test_kernel_filters_are_refused(family: Path) -> None:
    probe = ReplayProbe(family, EVERYTHING)
    with pytest.raises(ProbeError, match="filter"):
        probe.start(Wanted(definitions=EVERYTHING, event_filter=np.zeros(1, layout.FILTER)))
    with pytest.raises(ProbeError, match="start"):
        probe.next_batch(0)


def test_objects_are_sent_again_on_demand(family: Path) -> None:
    probe = ReplayProbe(family, EVERYTHING)
    probe.start(Wanted(definitions=EVERYTHING))
    first, second = probe.next_batch(0), probe.next_batch(0)
    probe.resend_objects()
    third = probe.next_batch(0)
    assert first is not None
    assert second is not None
    assert third is not None
    assert len(second.descriptors) == 0
    assert list(third.descriptors) == list(first.descriptors)
    assert {thread.key for thread in third.threads} == {thread.key for thread in first.threads}


def test_flush_ends_it(family: Path) -> None:
    probe = ReplayProbe(family, EVERYTHING)
    probe.start(Wanted(definitions=EVERYTHING))
    assert probe.next_batch(0) is not None
    assert len(probe.flush().records) == 0
    assert probe.next_batch(0) is None


def test_losses_are_handed_on_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "x.kindling"
    loss = Loss("read", 17, "ring_full", 5)
    batch = simple([1], [0])
    record(path, RawBatch(batch.records, losses=(loss,)))
    probe = ReplayProbe(path, EVERYTHING)
    slots = probe.start(Wanted(definitions=(READ,)))
    (found,) = replay(probe)
    assert LOST_SLOT in slots.definitions
    assert list(found.losses) == [loss]
    assert probe.statistics().losses == {("read", "ring_full"): 17}


def test_a_damaged_file_ends_with_its_readable_part(family: Path) -> None:
    content = family.read_bytes()
    family.write_bytes(content[:-100])
    probe = ReplayProbe(family, EVERYTHING)
    probe.start(Wanted(definitions=EVERYTHING))
    assert pids(replay(probe)) == [10, 20, 30, 40, 10, 0]
    assert probe.problem is not None


def test_what_is_no_recording(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"hello" * 100)
    with pytest.raises(CaptureError, match="not a capture"):
        ReplayProbe(path, EVERYTHING)
    with pytest.raises(CaptureError, match="No such file"):
        ReplayProbe(tmp_path / "missing", EVERYTHING)


def test_a_slow_pipe_gives_empty_batches_meanwhile(
    family: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = family.read_bytes()
    reading, writing = os.pipe()
    os.write(writing, content[: len(content) // 2 - 7])
    with os.fdopen(reading) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        probe = ReplayProbe("-", EVERYTHING)
        probe.start(Wanted(definitions=EVERYTHING))
        fed = threading.Event()

        def feed() -> None:
            fed.wait()
            os.write(writing, content[len(content) // 2 - 7 :])
            os.close(writing)

        feeder = threading.Thread(target=feed)
        feeder.start()
        fed.set()
        found = []
        while (batch := probe.next_batch(0.01)) is not None:
            found.append(batch)
        feeder.join()
    assert probe.problem is None
    assert pids(found) == [10, 20, 30, 40, 10, 0, 40, 30]


def test_nothing_within_the_timeout_is_an_empty_batch(family: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from kindling.probes.ipc import Input, read_message

    source = Input(family)
    read_message(source)
    content = family.read_bytes()
    reading, writing = os.pipe()
    os.write(writing, content[: source.position])
    source.close()
    with os.fdopen(reading) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        probe = ReplayProbe("-", EVERYTHING)
        probe.start(Wanted(definitions=EVERYTHING))
        batch = probe.next_batch(0.001)
        assert batch is not None
        assert len(batch.records) == 0
        os.close(writing)
        assert probe.next_batch(0.001) is None
