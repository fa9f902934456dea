"""Capture files: what is written comes back, whatever happens to the file or the disk."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kindling.catalogue.model import Category, Definition, Field, Result, Source
from kindling.catalogue.types import FD, I64, PATH, SIZE, Bytes, Enum, Pointer, Scalar
from kindling.enrich.objects import Descriptor, Objects, Thread
from kindling.errors import CaptureError, MissingPackageError, UsageError
from kindling.probes import capture_format, layout
from kindling.probes.base import Loss
from kindling.probes.capture_events import Recorded, decode_definitions, encode_definitions, lookup
from kindling.stream import arrow, capture
from kindling.stream.batch import Batch
from kindling.stream.capture import CaptureReader, CaptureWriter, convert

pyarrow = pytest.importorskip("pyarrow", reason="pyarrow is not installed (the extra 'arrow')")

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
DUP2 = Definition(
    name="dup2",
    source=Source.SYSCALL,
    category=Category.FILE,
    description="Duplicate.",
    arguments=(Field("oldfd", FD, "from"), Field("newfd", FD, "to")),
    result=Result(FD, "the new one"),
)
DEFINITIONS = {0: READ, 33: DUP2}
CLOCK = 1_766_430_000_000_000_000


def piece(number: int, content: bytes) -> bytes:
    """One copied piece, padded as in the ring."""
    return (bytes((number, 0)) + len(content).to_bytes(2, "little") + content).ljust((4 + len(content) + 7) & ~7, b"\0")


def objects() -> Objects:
    """A shell and its child, and two descriptors."""
    made = Objects()
    made.add(
        (
            Thread(tid=1, pid=1, comm=b"init", uid=0, gid=0),
            Thread(tid=10, pid=10, ppid=1, comm=b"sh \xff", uid=0, gid=0, exe=b"/bin/sh"),
            Thread(tid=11, pid=11, ppid=10, version=3, comm=b"cat", uid=0, gid=0, arguments=(b"cat", b"\xfe\\x")),
        ),
        (Descriptor(id=5, type="file", path=b"/etc/\xc3\xa4\xff", inode=7), Descriptor(id=6, type="pipe", inode=8)),
    )
    return made


def batch(rows: int = 7, start: int = 1000, table: Objects | None = None, clock: int = CLOCK) -> Batch:
    """`rows` reads by the child, each with its own payload."""
    pieces = [piece(1, f"payload {start} {row}".encode() + b"\xff" * (row % 5)) for row in range(rows)]
    records = np.zeros(rows, layout.RECORD)
    records["time"] = np.arange(start, start + rows)
    records["tid"] = records["pid"] = 11
    records["thread"] = 3
    records["object"] = 5
    records["ret"] = np.arange(rows)
    records["latency"] = layout.NO_LATENCY
    records["fd"] = 3
    records["args"] = np.arange(rows * 6).reshape(rows, 6)
    records["length"] = [len(p) for p in pieces]
    records["data"] = np.cumsum(records["length"]) - records["length"]
    return Batch(records, b"".join(pieces), DEFINITIONS, table or objects(), clock)


def write(
    path: Path, *batches: Batch, interval: float = 0, info: capture_format.CaptureInfo | None = None
) -> capture.CaptureStatistics:
    """A capture of these batches, by default each in a record batch of its own."""
    with CaptureWriter(path, DEFINITIONS, interval=interval, info=info) as writer:
        for each in batches:
            writer.write(each)
            if not interval:
                writer.flush()
    return writer.statistics()


def read(path: Path) -> tuple[list[Batch], str | None]:
    """All that can be read of a capture, and the problem."""
    with CaptureReader(path, DEFINITIONS.values()) as reader:
        return list(reader), reader.problem


def rows(batches: list[Batch]) -> int:
    return sum(len(each) for each in batches)


def test_what_was_written_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "run.kindling"
    first, second = batch(7), batch(11, start=5000)
    statistics = write(path, first, second)
    assert (statistics.events, statistics.batches, statistics.pending) == (18, 2, 0)
    assert statistics.bytes == path.stat().st_size - 0
    found, problem = read(path)
    assert problem is None
    for original, copy in zip((first, second), found, strict=True):
        assert np.array_equal(original.records, copy.records)
        assert original.data == copy.data
        assert np.array_equal(original.timestamp, copy.timestamp)
        assert [original.arguments(row) for row in range(len(original))] == [
            copy.arguments(r) for r in range(len(copy))
        ]
        assert copy.thread(0) == original.thread(0)
        assert copy.descriptor(0) == original.descriptor(0)
        assert copy.definitions[0] is READ


def test_description_of_the_capture(tmp_path: Path) -> None:
    path = tmp_path / "run.kindling"
    with CaptureWriter(path, DEFINITIONS, machine="aarch64", info=None):
        pass
    with CaptureReader(path, DEFINITIONS.values()) as reader:
        info = reader.info
        assert list(reader) == []
        assert reader.problem is None
    assert info.machine == "aarch64"
    assert info.hostname == os.uname().nodename
    assert info.kernel == os.uname().release
    assert info.command == tuple(sys.argv)
    assert abs(info.start - time.time_ns()) < 3600 * 10**9
    assert info.clock == "CLOCK_MONOTONIC"
    assert len(info.catalogue) == 16


def test_objects_are_written_once_with_ancestors(tmp_path: Path) -> None:
    path = tmp_path / "run.kindling"
    table = objects()
    statistics = write(path, batch(3, table=table), batch(3, start=2000, table=table))
    assert (statistics.threads, statistics.descriptors) == (3, 1)
    found, _ = read(path)
    thread = found[0].thread(0)
    assert thread is not None
    assert [ancestor.comm for ancestor in found[0].objects.ancestors(thread)] == [b"sh \xff", b"init"]
    assert found[1].objects.threads == table.threads


def test_descriptors_among_the_arguments_are_written(tmp_path: Path) -> None:
    path = tmp_path / "run.kindling"
    original = batch(2)
    data = piece(1, b"") + piece(0, (6).to_bytes(8, "little"))
    records = original.records.copy()
    records["event"], records["object"] = 33, 0
    records["data"], records["length"] = 0, len(data)
    write(path, Batch(records, data, DEFINITIONS, original.objects, CLOCK))
    found, problem = read(path)
    assert problem is None
    assert set(found[0].objects.descriptors) == {6}


def test_an_object_that_changed_is_written_again(tmp_path: Path) -> None:
    path = tmp_path / "run.kindling"
    table = objects()
    with CaptureWriter(path, DEFINITIONS, interval=1000) as writer:
        writer.write(batch(3, table=table))
        table.add((), (Descriptor(id=5, type="file", path=b"/new"),))
        writer.write(batch(5, start=2000, table=table))
    with CaptureReader(path, DEFINITIONS.values()) as reader:
        paths = [(len(each), each.descriptor(0).path) for each in reader]  # type: ignore[union-attr]
    assert paths == [(3, b"/etc/\xc3\xa4\xff"), (5, b"/new")]


def test_small_batches_are_joined_and_clock_changes_kept(tmp_path: Path) -> None:
    path = tmp_path / "run.kindling"
    statistics = write(path, batch(3), batch(5), batch(7, clock=CLOCK + 10**9), interval=1000)
    assert statistics.batches == 2
    found, _ = read(path)
    assert [(len(each), each.clock_offset) for each in found] == [(8, CLOCK), (7, CLOCK + 10**9)]
    assert found[0].pieces(3) == batch(5).pieces(0)


def test_what_is_pending_is_written_when_its_time_has_come(tmp_path: Path) -> None:
    path = tmp_path / "run.kindling"
    with CaptureWriter(path, DEFINITIONS, interval=0.01) as writer:
        writer.write(batch(3))
        while writer.statistics().pending:
            writer.write(batch(0))
        assert rows(read(path)[0]) == 3


def test_large_batches_are_split(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "run.kindling"
    monkeypatch.setattr(capture, "BATCH_ROWS", 13)
    monkeypatch.setattr(capture, "BATCH_DATA", 100)
    monkeypatch.setattr(capture, "OBJECTS_PER_BATCH", 2)
    original = batch(53)
    write(path, original)
    found, problem = read(path)
    assert problem is None
    assert max(len(each) for each in found) <= 13
    full = [each for each in found if len(each)]
    assert [full[n].pieces(r) for n in range(len(full)) for r in range(len(full[n]))] == [
        original.pieces(row) for row in range(53)
    ]
    assert full[-1].objects.threads == original.objects.threads


def test_objects_are_sent_anew_before_there_are_too_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capture_format, "OBJECT_LIMIT", 5)
    path = tmp_path / "run.kindling"
    with CaptureWriter(path, DEFINITIONS, interval=0) as writer:
        for number in range(1, 30):
            table = objects()
            table.add((), (Descriptor(id=number + 100, type="file", path=b"/%d" % number),))
            each = batch(2, table=table)
            each.records["object"] = number + 100
            writer.write(each)
    with CaptureReader(path, DEFINITIONS.values()) as reader:
        for number, each in enumerate((b for b in reader if len(b)), 1):
            descriptor, thread = each.descriptor(1), each.thread(1)
            assert descriptor is not None
            assert descriptor.path == b"/%d" % number
            assert thread is not None
            assert len(each.objects.descriptors) <= 6


def test_losses_beside_the_rows(tmp_path: Path) -> None:
    path = tmp_path / "run.kindling"
    loss = Loss("read", 2**40, "ring_full", 123)
    with CaptureWriter(path, DEFINITIONS) as writer:
        writer.write(batch(0), [loss])
    with CaptureReader(path, DEFINITIONS.values()) as reader:
        assert [(len(each), list(losses)) for each, losses in reader.batches()] == [(0, [loss])]


def test_select_writes_only_what_is_selected(tmp_path: Path) -> None:
    path = tmp_path / "run.kindling"
    original = batch(17)
    write(path, original.select(np.arange(17) % 3 == 0))
    found, problem = read(path)
    assert problem is None
    assert [found[0].pieces(n) for n in range(6)] == [original.pieces(n) for n in range(0, 17, 3)]
    assert len(found[0].data) < len(original.data)


def test_events_that_come_later_are_defined(tmp_path: Path) -> None:
    path = tmp_path / "run.kindling"
    with CaptureWriter(path, {}, interval=0) as writer:
        writer.write(batch(3))
    with CaptureReader(path, []) as reader:
        (found,) = reader
        assert reader.definitions[0].name == "read"
    # Not in this reader's catalogue: made again from what the file says.
    assert found.arguments(0) == batch(3).arguments(0)


def test_types_that_the_reader_does_not_know_are_shown_raw() -> None:
    ours = Definition(
        name="fancy",
        source=Source.SYSCALL,
        category=Category.NET,
        description="New.",
        arguments=(
            Field("op", Enum(table="fancy ops", values={"A": 1}), "operation"),
            Field("where", Pointer(Scalar(4)), "place"),
            Field("path", PATH, "path"),
        ),
    )
    text = encode_definitions({7: ours}, "x86_64")
    same, notes = decode_definitions(text, "x86_64", lookup([ours]))
    assert same[7] is ours
    assert notes == []
    found, notes = decode_definitions(text, "x86_64", lookup([]))
    assert len(notes) == 1
    assert "fancy" in notes[0]
    assert "op, where" in notes[0]
    kinds = [argument.type for argument in found[7].arguments]
    assert kinds[0] == Recorded("Enum", 0)
    assert kinds[1] == Recorded("Pointer", 1)
    assert kinds[2] == PATH
    assert kinds[0].decode(0x10) == "0x10"
    assert kinds[1].decode(0x10, [b"\x01\0\0\0"]) == {"raw": "0x10", "data": [b"\x01\0\0\0"]}
    assert found[7].category is Category.NET


def test_names_in_a_file_do_no_harm() -> None:
    evil = Definition(
        name="x\x1b[2J'}}\n{__import__('os')}",
        source=Source.KPROBE,
        category=Category.OTHER,
        description="Evil\x1b[2J.",
        arguments=(Field('a"]\n', SIZE, "argument"),),
    )
    found, _ = decode_definitions(encode_definitions({7: evil}, "x86_64"), "x86_64", lookup([]))
    assert found[7].name == "x__2J_______import____os___"
    assert found[7].arguments[0].name == "a___"
    assert found[7].description == "Evil [2J."
    many = Definition(
        name="many",
        source=Source.KPROBE,
        category=Category.OTHER,
        description="More arguments than there are registers.",
        arguments=tuple(Field(f"a{n}", SIZE, "argument") for n in range(7)),
    )
    with pytest.raises(ValueError, match="arguments of many"):
        decode_definitions(encode_definitions({7: many}, "x86_64"), "x86_64", lookup([]))


@pytest.mark.parametrize("argument", ["op", "where"])
def test_other_arguments_keep_their_types_when_one_changed(argument: str) -> None:
    fields = {
        "op": Field("op", Enum(table="fancy ops", values={"A": 1}), "operation"),
        "where": Field("where", Pointer(Scalar(4)), "place"),
    }
    old = Definition(
        name="fancy", source=Source.SYSCALL, category=Category.NET, description=".", arguments=tuple(fields.values())
    )
    fields[argument] = Field(argument, Pointer(Scalar(8)) if argument == "op" else Scalar(2), "changed")
    new = Definition(
        name="fancy", source=Source.SYSCALL, category=Category.NET, description=".", arguments=tuple(fields.values())
    )
    found, notes = decode_definitions(encode_definitions({7: old}, "x86_64"), "x86_64", lookup([new]))
    changed = {a.name for a in found[7].arguments if isinstance(a.type, Recorded)}
    assert changed == {argument}
    assert len(notes) == 1


def test_other_readers_open_it(tmp_path: Path) -> None:
    path = tmp_path / "run.kindling"
    write(path, batch(7), batch(11, start=3000))
    table = pyarrow.ipc.open_stream(path).read_all()
    assert table.num_rows == 18
    assert table.column("comm").to_pylist() == ["cat"] * 18
    assert table.schema.metadata[b"kindling.format"] == b"1"


def cut_points(path: Path) -> list[int]:
    """Where each whole message of a capture ends."""
    from kindling.probes.ipc import Input, read_message

    source, ends = Input(path), []
    while read_message(source) is not None:
        ends.append(source.position)
    return ends


def test_a_truncated_file_gives_its_whole_batches(tmp_path: Path) -> None:
    path, cut = tmp_path / "run.kindling", tmp_path / "cut.kindling"
    write(path, *(batch(5, start=1000 * n) for n in range(3)))
    whole = path.read_bytes()
    schema_end = cut_points(path)[0]
    seen = []
    for size in [*range(schema_end, len(whole), 97), len(whole) - 1, len(whole) - 8, len(whole)]:
        cut.write_bytes(whole[:size])
        found, problem = read(cut)
        seen.append(rows(found))
        at_boundary = size in cut_points(path) or size in (len(whole) - 8, len(whole))
        assert (problem is None) == at_boundary, (size, problem)
        assert problem is None or str(cut) in problem
    assert seen == sorted(seen)
    assert seen[0] == 0
    assert seen[-1] == 15


def test_a_file_cut_within_its_beginning_is_no_capture(tmp_path: Path) -> None:
    path, cut = tmp_path / "run.kindling", tmp_path / "cut.kindling"
    write(path, batch(5))
    whole = path.read_bytes()
    for size in range(0, cut_points(path)[0], 13):
        cut.write_bytes(whole[:size])
        with pytest.raises(CaptureError, match=r"cut\.kindling"):
            CaptureReader(cut, [])


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("capture") / "run.kindling"
    # The same bytes in every run, so that what was found once is found again.
    info = capture_format.CaptureInfo(kernel="6.1.0", hostname="host", command=("true",), start=CLOCK)
    write(path, *(batch(5, start=1000 * n) for n in range(3)), info=info)
    return path.read_bytes()


ORIGINALS = {n: batch(5, start=1000 * n) for n in range(3)}


def hostile(data: bytes, path: Path) -> None:
    """Reading it ends, without any error but ours, and gives no event that was not written."""
    path.write_bytes(data)
    try:
        found, problem = read(path)
    except CaptureError:
        return
    for each in (b for b in found if len(b)):
        for row in range(len(each)):
            each.arguments(row)
        assert each.thread(0) in (None, batch(1).thread(0))
        assert each.descriptor(0) in (None, batch(1).descriptor(0))
        assert problem is not None or each.definitions[0] is READ
        original = ORIGINALS.get(int(each.records["time"][0]) // 1000)
        if original is None or not np.array_equal(each.records, original.records) or each.data != original.data:
            pytest.fail(f"wrong events were read; the problem told is {problem!r}")
    assert rows(found) == 15 or problem is not None


POSITIONS = st.integers(0, 2**32 - 1)
NUMBERS = st.integers(-(2**63), 2**63 - 1).map(lambda number: number.to_bytes(8, "little", signed=True))


@settings(deadline=None, max_examples=300)
@given(st.lists(POSITIONS, min_size=1, max_size=4, unique=True))
def test_flipped_bits(whole: bytes, tmp_path_factory: pytest.TempPathFactory, positions: list[int]) -> None:
    damaged = bytearray(whole)
    for position in {position % (len(whole) * 8) for position in positions}:
        damaged[position // 8] ^= 1 << position % 8
    hostile(bytes(damaged), tmp_path_factory.getbasetemp() / "flipped.kindling")


@settings(deadline=None, max_examples=100)
@given(POSITIONS, st.integers(0, 64), st.binary(max_size=64) | NUMBERS)
def test_bytes_put_in_taken_out_and_replaced(
    whole: bytes, tmp_path_factory: pytest.TempPathFactory, position: int, removed: int, put_in: bytes
) -> None:
    first = position % len(whole)
    damaged = whole[:first] + put_in + whole[first + removed :]
    if damaged != whole:
        hostile(damaged, tmp_path_factory.getbasetemp() / "replaced.kindling")


def test_a_damaged_batch_is_told_and_the_rest_read(tmp_path: Path, whole: bytes) -> None:
    path = tmp_path / "run.kindling"
    path.write_bytes(whole)
    counts = {0: 0, 5: 0, 10: 0, 15: 0}
    for position in range(cut_points(path)[0], len(whole) - 8, 16):
        damaged = bytearray(whole)
        damaged[position] ^= 0xFF
        path.write_bytes(damaged)
        found, problem = read(path)
        counts[rows(found)] += 1
        assert problem is not None or rows(found) == 15
    # One batch of three lost is the rule, for the framing is a small part of the file.
    assert counts[10] > counts[0] + counts[5] > 0


def test_events_of_damaged_batches_are_counted(tmp_path: Path, whole: bytes) -> None:
    path = tmp_path / "run.kindling"
    damaged = bytearray(whole)
    damaged[-20] ^= 0xFF
    path.write_bytes(damaged)
    with CaptureReader(path, DEFINITIONS.values()) as reader:
        assert sum(len(each) for each in reader) == 10
        assert reader.raw.damaged_events == 5
        assert "5 events" in str(reader.problem)


def memory_of(path: Path) -> int:
    """Peak memory in bytes of a process that reads the file; it must end by itself and quickly."""
    code = (
        "import sys, resource\n"
        "from kindling.stream.capture import CaptureReader\n"
        "from kindling.errors import CaptureError\n"
        "import pyarrow\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try:\n"
        "    with CaptureReader(sys.argv[1], []) as reader:\n"
        "        list(reader)\n"
        "        assert reader.problem\n"
        "except CaptureError:\n"
        "    pass\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, path],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return int(done.stdout) * 1024


def test_claimed_sizes_take_no_memory(tmp_path: Path, whole: bytes) -> None:
    path = tmp_path / "run.kindling"
    path.write_bytes(whole)
    end = cut_points(path)[0]
    # A message that claims 60 MiB of metadata, in a file that ends there; and columns that claim to be huge when
    # uncompressed.
    path.write_bytes(whole[:end] + b"\xff\xff\xff\xff" + (60 << 20).to_bytes(4, "little"))
    assert memory_of(path) < 64 << 20
    huge = bytearray(whole)
    magic = b"\x28\xb5\x2f\xfd"
    at = whole.find(magic, end)
    while at >= 0:
        huge[at - 8 : at] = (1 << 40).to_bytes(8, "little")
        at = whole.find(magic, at + 1)
    path.write_bytes(huge)
    assert memory_of(path) < 64 << 20


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"hello world, this is no capture", "not a capture"),
        (b"ARROW1\0\0" + bytes(100), "an Arrow file, not a stream"),
        (b"PAR1" + bytes(100), "a Parquet file"),
        (b"\xff\xff\xff\xff" + bytes(4), "not a capture"),
        (b"\xff\xff\xff\xff\x10\0\0\0" + bytes(16), "damaged"),
    ],
)
def test_what_is_no_capture_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "x"
    path.write_bytes(content)
    with pytest.raises(CaptureError, match=message):
        CaptureReader(path, [])


def test_an_arrow_stream_of_someone_else_is_no_capture(tmp_path: Path) -> None:
    path = tmp_path / "x.arrow"
    table = pyarrow.table({"a": [1]})
    with pyarrow.ipc.new_stream(str(path), table.schema) as stream:
        stream.write_table(table)
    with pytest.raises(CaptureError, match="not a capture"):
        CaptureReader(path, [])


def test_a_newer_format_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "new.kindling"
    monkeypatch.setattr(capture_format, "FORMAT", 2)
    write(path, batch(3))
    monkeypatch.undo()
    with pytest.raises(CaptureError, match=r"newer Kindling .* update Kindling"):
        CaptureReader(path, [])


def test_unreadable_paths(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="No such file"):
        CaptureReader(tmp_path / "missing", [])
    with pytest.raises(CaptureError, match="directory"):
        CaptureReader(tmp_path, [])
    with pytest.raises(CaptureError, match="cannot be read"):
        CaptureReader("a\0b", [])


def test_unwritable_paths(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="directory"):
        CaptureWriter(tmp_path, DEFINITIONS)
    with pytest.raises(CaptureError, match=r"missing/x\.kindling cannot be written: No such file"):
        CaptureWriter(tmp_path / "missing" / "x.kindling", DEFINITIONS)
    main, replica = os.openpty()
    with pytest.raises(CaptureError, match="terminal"):
        CaptureWriter(os.ttyname(replica), DEFINITIONS)
    os.close(main)
    os.close(replica)


def test_an_existing_file_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "run.kindling"
    path.write_bytes(b"x" * 1_000_000)
    write(path, batch(3))
    assert path.stat().st_size < 100_000
    assert rows(read(path)[0]) == 3


def test_a_closed_writer_takes_nothing(tmp_path: Path) -> None:
    writer = CaptureWriter(tmp_path / "x.kindling", DEFINITIONS)
    writer.close()
    writer.close()
    with pytest.raises(CaptureError, match="closed"):
        writer.write(batch(1))


def test_pyarrow_is_named_when_it_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingPackageError, match="pip install pyarrow"):
        CaptureWriter(tmp_path / "x", DEFINITIONS)


def test_a_full_disk(tmp_path: Path) -> None:
    path = tmp_path / "run.kindling"
    limit = 60_000
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    written = 0
    writer = CaptureWriter(path, DEFINITIONS, interval=0)
    try:
        # The limit fails in the middle of a batch, as a full disk does.
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, old[1]))
        with pytest.raises(CaptureError, match=r"run\.kindling cannot be written: .*stay readable"):  # noqa: PT012
            for number in range(10_000):
                writer.write(batch(97, start=number * 1000))
                writer.flush()
                written += 97
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
        signal.signal(signal.SIGXFSZ, handler)
    assert writer.statistics().events == written > 0
    found, problem = read(path)
    assert problem is None
    assert rows(found) == written
    # Other readers are stricter about what follows the last batch.
    assert pyarrow.ipc.open_stream(path).read_all().num_rows == written
    with pytest.raises(CaptureError, match="closed"):
        writer.write(batch(1))


def test_the_device_that_is_always_full() -> None:
    with pytest.raises(CaptureError, match="/dev/full cannot be written: No space left"):
        CaptureWriter("/dev/full", DEFINITIONS)


def test_kill_minus_nine(tmp_path: Path) -> None:
    path = tmp_path / "run.kindling"
    code = (
        "import sys, importlib.util, pathlib\n"
        "spec = importlib.util.spec_from_file_location('sample', sys.argv[2])\n"
        "sample = importlib.util.module_from_spec(spec)\n"
        "spec.loader.exec_module(sample)\n"
        "writer = sample.CaptureWriter(sys.argv[1], sample.DEFINITIONS, interval=0)\n"
        "for number in range(1, 1000000):\n"
        "    writer.write(sample.batch(97, start=number * 1000))\n"
        "    writer.flush()\n"
        "    print(number, flush=True)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, path, __file__],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        told = 0
        while told < 23:
            told = int(process.stdout.readline())
        process.kill()
        told += len(process.stdout.read().split())
    found, _ = read(path)
    # What the writer said it had written is there; one batch more may have arrived.
    assert rows(found) in (told * 97, told * 97 + 97)


def test_through_pipes(tmp_path: Path) -> None:
    path = tmp_path / "run.kindling"
    write(path, batch(7))
    code = (
        "import sys\n"
        "from kindling.stream.capture import CaptureReader, CaptureWriter\n"
        "with CaptureReader('-', []) as reader, CaptureWriter('-', reader.definitions, info=reader.info) as writer:\n"
        "    for batch in reader:\n"
        "        writer.write(batch)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        input=path.read_bytes(),
        stdout=subprocess.PIPE,
        timeout=60,
        check=True,
    )
    path.write_bytes(done.stdout)
    found, problem = read(path)
    assert problem is None
    assert np.array_equal(found[0].records, batch(7).records)


def test_convert_to_parquet(tmp_path: Path) -> None:
    path, target = tmp_path / "run.kindling", tmp_path / "run.parquet"
    write(path, batch(7), batch(4, start=9000))
    done = convert(path, target, DEFINITIONS.values())
    assert (done.events, done.batches, done.problem) == (11, 2, None)
    assert done.bytes == target.stat().st_size
    import pyarrow.parquet

    table = pyarrow.parquet.read_table(target)
    assert table.num_rows == 11
    assert table.schema.names == [column.name for column in arrow.columns(arguments=True)]
    assert json.loads(table.column("args").to_pylist()[1])["data"] == "payload 1000 1\\xff"
    assert table.column("comm").to_pylist()[0] == "cat"


def test_convert_to_json_lines(tmp_path: Path) -> None:
    path, target = tmp_path / "run.kindling", tmp_path / "run.ndjson"
    write(path, batch(7), batch(4, start=9000))
    done = convert(path, target, DEFINITIONS.values())
    assert (done.events, done.bytes) == (11, target.stat().st_size)
    shown = [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]
    assert len(shown) == 11
    assert shown[0]["thread"]["comm"] == "cat"
    assert shown[7]["timestamp"] == CLOCK + 9000
    assert shown[1]["args"]["data"] == "payload 1000 1\\xff"


def test_convert_repairs(tmp_path: Path, whole: bytes) -> None:
    path, target = tmp_path / "cut.kindling", tmp_path / "whole.arrow"
    path.write_bytes(whole[:-50])
    done = convert(path, target, DEFINITIONS.values())
    assert done.events == 10
    assert done.problem is not None
    found, problem = read(target)
    assert problem is None
    assert rows(found) == 10
    with CaptureReader(path, []) as before, CaptureReader(target, []) as after:
        assert before.info == after.info


def test_convert_refuses(tmp_path: Path) -> None:
    path = tmp_path / "run.kindling"
    write(path, batch(7))
    with pytest.raises(UsageError, match=r"\.parquet"):
        convert(path, tmp_path / "x.csv")
    with pytest.raises(UsageError, match="another file"):
        convert(path, tmp_path / ".." / tmp_path.name / "run.kindling")
    with pytest.raises(CaptureError, match="missing"):
        convert(path, tmp_path / "missing" / "x.parquet", DEFINITIONS.values())
    assert rows(read(path)[0]) == 7


TEXT = st.text(st.characters(exclude_categories=["C", "Z"]), max_size=8)


@given(
    st.builds(
        Thread,
        tid=st.integers(0, 2**32 - 1),
        pid=st.integers(0, 2**32 - 1),
        uid=st.none() | st.integers(0, 2**32 - 1),
        comm=st.binary(max_size=16),
        exe=st.none() | st.binary(max_size=2000),
        arguments=st.none() | st.lists(st.binary(max_size=8)).map(tuple),
        container_id=st.none() | TEXT,
        start=st.none() | st.integers(0, 2**64 - 1),
        quality=st.lists(TEXT).map(tuple),
    ),
    st.builds(
        Descriptor,
        id=st.integers(1, 2**64 - 1),
        type=TEXT,
        path=st.none() | st.binary(),
        deleted=st.booleans(),
        sport=st.none() | st.integers(0, 65535),
        quality=st.lists(TEXT).map(tuple),
    ),
)
def test_objects_come_back_exactly(thread: Thread, descriptor: Descriptor) -> None:
    assert capture_format.decode_objects(Thread, capture_format.encode_objects([thread])) == [thread]
    assert capture_format.decode_objects(Descriptor, capture_format.encode_objects([descriptor])) == [descriptor]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["tid", "pid", "name", "0"]), inner),
    max_leaves=8,
)


@given(JSON | st.lists(st.fixed_dictionaries({"tid": JSON, "pid": JSON}, optional={"comm": JSON, "quality": JSON})))
def test_objects_of_any_json_are_objects_or_a_value_error(value: Any) -> None:
    text = capture_format.pack(value)
    for decode in (
        lambda: capture_format.decode_objects(Thread, text),
        lambda: capture_format.decode_objects(Loss, text),
        lambda: capture_format.decode_batch(text),
        lambda: capture_format.decode_info(text),
        lambda: decode_definitions(text, "x86_64", lookup([READ])),
    ):
        try:
            decode()
        except ValueError:
            continue


@given(st.text() | st.binary().map(lambda data: "zlib:" + data.hex()) | st.just("[" * 100_000))
def test_text_of_any_kind_is_a_value_or_a_value_error(text: str) -> None:
    with contextlib.suppress(ValueError):
        capture_format.unpack(text)


def test_a_small_text_that_would_become_huge_is_refused() -> None:
    import base64
    import zlib

    bomb = "zlib:" + base64.b64encode(zlib.compress(b"[" + b" " * (200 << 20) + b"]", 9)).decode()
    with pytest.raises(ValueError, match="too long"):
        capture_format.unpack(bomb)
    many = "zlib:" + base64.b64encode(zlib.compress(b"[" + b"[]," * (5 << 20) + b"0]", 9)).decode()
    with pytest.raises(ValueError, match="too many"):
        capture_format.unpack(many)
