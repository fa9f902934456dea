"""Batches as Arrow: every column against what the batch says row by row."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kindling.catalogue.model import Category, Definition, Field, Result, Source
from kindling.catalogue.text import escape, unescape
from kindling.catalogue.types import AT_PATH, DIRECTORY_FD, FD, I64, SIZE, Bytes
from kindling.enrich.objects import Descriptor, Objects, Thread
from kindling.probes import layout
from kindling.stream import arrow
from kindling.stream.batch import Batch

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
OPENAT = Definition(
    name="openat",
    source=Source.SYSCALL,
    category=Category.FILE,
    description="Open.",
    arguments=(Field("dirfd", DIRECTORY_FD, "where"), Field("path", AT_PATH, "path")),
    result=Result(FD, "descriptor"),
)
EXIT = Definition(name="process_exit", source=Source.TRACEPOINT, category=Category.PROCESS, description="Process ends.")
DEFINITIONS = {0: READ, 257: OPENAT, 1026: EXIT}


def piece(number: int, content: bytes) -> bytes:
    """One copied piece, padded as in the ring."""
    return (bytes((number, 0)) + len(content).to_bytes(2, "little") + content).ljust((4 + len(content) + 7) & ~7, b"\0")


def sample() -> Batch:
    """Four events with all kinds of things known and not known."""
    path, payload = piece(1, b"/tmp/caf\xe9"), piece(1, b"GET / \\ \xff")
    data = b"garbage." + path + b"12345678" + payload
    records = np.zeros(4, layout.RECORD)
    records["event"] = 257, 0, 1026, 0
    records["time"] = 1000, 2000, 3000, 4000
    records["ret"] = -2, 9, 0, -2000
    records["latency"] = 150, 1834, layout.NO_LATENCY, 0
    records["tid"] = 815, 815, 815, 77
    records["pid"] = 812, 812, 812, 77
    records["thread"] = 1, 1, 2, 0
    records["fd"] = layout.NO_FD, 7, layout.NO_FD, -1
    records["object"] = 0, 5, 0, 6
    records["marks"] = layout.Mark.TRUNCATED, 0, 0, layout.Mark.BAD_FD | 1 << 15
    records["cpu"] = 0, 1, 1, 65535
    records["data"] = 8, 8 + len(path) + 8, 0, 0
    records["length"] = len(path), len(payload), 0, 0
    records["args"][0] = (2**64 - 100, 2**63, 0, 0, 0, 0)
    records["args"][1] = 7, 1, 1024, 0, 0, 2**64 - 1
    objects = Objects()
    nginx = Thread(tid=815, pid=812, version=1, ppid=1, uid=33, gid=33, comm=b"ng\xffinx", exe=b"/usr/sbin/nginx")
    objects.add(
        (nginx, Thread(tid=815, pid=812, version=2, ppid=1, uid=0, comm=b"ng\xffinx", quality=("late",))),
        (
            Descriptor(
                id=5,
                type="ipv4",
                protocol="tcp",
                role="server",
                sip="127.0.0.1",
                sport=51842,
                dip="127.0.0.1",
                dport=80,
            ),
            Descriptor(id=6, type="file", path=b"/a\nb", inode=2**64 - 1, device="8:1", quality=("path_cut",)),
        ),
    )
    return Batch(records, data, DEFINITIONS, objects, 1_766_430_000_000_000_000)


def test_columns_of_a_batch() -> None:
    made = arrow.to_record_batch(sample(), arguments=True)
    made.validate(full=True)
    columns = made.to_pydict()
    assert made.column("timestamp").cast("int64").to_pylist()[0] == 1_766_430_000_000_001_000
    expected: dict[str, list[Any]] = {
        "name": ["openat", "read", "process_exit", "read"],
        "source": ["syscall", "syscall", "tracepoint", "syscall"],
        "category": ["file", "net", "process", "file"],
        "cpu": [0, 1, 1, 65535],
        "latency": [150, 1834, None, 0],
        "pid": [812, 812, 812, 77],
        "tid": [815, 815, 815, 77],
        "ppid": [1, 1, 1, None],
        "uid": [33, 33, 0, None],
        "gid": [33, 33, None, None],
        "comm": ["ng\\xffinx"] * 3 + [None],
        "exe": ["/usr/sbin/nginx", "/usr/sbin/nginx", None, None],
        "container_id": [None] * 4,
        "fd_num": [None, 7, None, -1],
        "fd_type": [None, "ipv4", None, "file"],
        "fd_name": [None, "127.0.0.1:51842->127.0.0.1:80", None, "/a\nb"],
        "path": [None, None, None, "/a\nb"],
        "inode": [None, None, None, 2**64 - 1],
        "dev": [None, None, None, "8:1"],
        "protocol": [None, "tcp", None, None],
        "role": [None, "server", None, None],
        "sip": [None, "127.0.0.1", None, None],
        "sport": [None, 51842, None, None],
        "dip": [None, "127.0.0.1", None, None],
        "dport": [None, 80, None, None],
        "ret": [-2, 9, None, -2000],
        "error": ["ENOENT", None, None, "E2000"],
        "quality": [["truncated"], [], [], ["thread_unknown"]],
    }
    assert {name: columns[name] for name in expected} == expected
    assert [json.loads(text) for text in columns["args"][:2]] == [
        {"dirfd": "AT_FDCWD", "path": "/tmp/caf\\xe9"},
        {"fd": 7, "data": "GET / \\\\ \\xff", "count": 1024},
    ]
    assert set(expected) | {"timestamp", "args"} == set(made.schema.names)


def test_raw_columns_hold_each_event_and_nothing_else() -> None:
    batch = sample().select(np.array([1, 0]))
    made = arrow.to_record_batch(batch, raw=True).to_pydict()
    assert made["raw_data"] == [piece(1, b"GET / \\ \xff"), piece(1, b"/tmp/caf\xe9")]
    assert made["raw_args"] == [[7, 1, 1024, 0, 0, 2**64 - 1], [2**64 - 100, 2**63, 0, 0, 0, 0]]
    assert made["raw_slot"] == [0, 257]
    assert made["raw_thread"] == [1, 1]
    assert made["raw_object"] == [5, 0]
    assert made["raw_marks"] == [0, 1]


@pytest.mark.parametrize("arguments", [False, True])
@pytest.mark.parametrize("raw", [False, True])
def test_an_empty_batch_has_the_same_schema(arguments: bool, raw: bool) -> None:
    batch = sample().select(np.zeros(4, np.bool_))
    table = arrow.to_table(batch, arguments=arguments, raw=raw)
    assert table.num_rows == 0
    assert table.schema == arrow.schema(arguments=arguments, raw=raw)
    assert table.schema == arrow.to_table(sample(), arguments=arguments, raw=raw).schema


def test_schema_is_as_described() -> None:
    described = arrow.columns(arguments=True, raw=True)
    assert all(column.description for column in described)
    schema = arrow.schema(arguments=True, raw=True)
    assert [(column.name, column.type) for column in described] == [(f.name, str(f.type)) for f in schema]


NAMES = st.binary(max_size=6) | st.sampled_from([b"nginx", b"\\", b"\xff", b"a b\n"])
MAYBE = st.none()


@st.composite
def batches(draw: st.DrawFn) -> Batch:
    """Random records about few threads and descriptors, some of them not known."""
    threads = [
        Thread(
            tid=tid,
            pid=draw(st.integers(0, 3)),
            version=draw(st.integers(0, 1)),
            uid=draw(MAYBE | st.integers(0, 2**32 - 1)),
            comm=draw(NAMES),
            exe=draw(MAYBE | NAMES),
            container_id=draw(MAYBE | st.text("0123456789abcdef", max_size=64)),
            quality=draw(st.sampled_from([(), ("late",), ("late", "cut")])),
        )
        for tid in range(draw(st.integers(0, 3)))
    ]
    descriptors = [
        Descriptor(
            id=identity,
            type=draw(st.sampled_from(["file", "ipv6"])),
            path=draw(MAYBE | NAMES),
            inode=draw(MAYBE | st.integers(0, 2**64 - 1)),
            dip=draw(MAYBE | st.just("::1")),
            dport=draw(MAYBE | st.integers(0, 65535)),
            quality=draw(st.sampled_from([(), ("cut",)])),
        )
        for identity in range(1, draw(st.integers(1, 3)))
    ]
    rows = draw(st.integers(0, 12))
    records = np.frombuffer(draw(st.binary(min_size=112 * rows, max_size=112 * rows)), layout.RECORD).copy()
    for name, values in {
        "event": list(DEFINITIONS),
        "tid": [0, 1, 2, 9],
        "thread": [0, 1],
        "object": [0, 1, 2, 9],
    }.items():
        records[name] = draw(st.lists(st.sampled_from(values), min_size=rows, max_size=rows))
    records["ret"] = draw(st.lists(st.sampled_from([0, 1, -2, -4095, -4096, 2**62]), min_size=rows, max_size=rows))
    pieces = st.builds(
        lambda n, m, c: bytes((n, m)) + piece(n, c)[2:], st.integers(0, 4), st.integers(0, 3), st.binary(max_size=9)
    )
    records["latency"] = draw(st.lists(st.sampled_from([0, 5, 2**64 - 1]), min_size=rows, max_size=rows))
    data = draw(st.binary(max_size=40) | st.lists(pieces).map(b"".join))
    records["data"] = draw(st.lists(st.sampled_from([0, 0, 8, 16, 24, 32, 40, 5]), min_size=rows, max_size=rows))
    records["length"] = draw(st.lists(st.sampled_from([0, 8, 16, 32, 5]), min_size=rows, max_size=rows))
    objects = Objects()
    objects.add(threads, descriptors)
    return Batch(records, data, DEFINITIONS, objects, draw(st.sampled_from([0, 10**18, -5])))


@settings(deadline=None)
@given(batches())
def test_columns_agree_with_the_rows(batch: Batch) -> None:
    made = arrow.to_record_batch(batch, raw=True)
    made.validate(full=True)
    for row, shown in enumerate(made.drop_columns(["timestamp"]).to_pylist()):
        thread, descriptor, record = batch.thread(row), batch.descriptor(row), batch.records[row]
        assert shown["comm"] == (None if thread is None else escape(thread.comm))
        assert shown["uid"] == (None if thread is None else thread.uid)
        assert shown["container_id"] == (None if thread is None else thread.container_id)
        assert shown["fd_name"] == (None if descriptor is None else escape(descriptor.name))
        assert shown["inode"] == (None if descriptor is None else descriptor.inode)
        assert shown["dport"] == (None if descriptor is None else descriptor.dport)
        event = batch.event(row)
        assert (shown["ret"], shown["error"], shown["name"]) == (event.ret, event.error, event.name)
        assert (shown["category"], shown["source"], shown["latency"]) == (event.category, event.source, event.latency)
        if int(record["data"]) + int(record["length"]) <= len(batch.data):
            assert shown["quality"] == event.quality
        if thread is not None and thread.exe is not None:
            assert unescape(shown["exe"]) == thread.exe
        if int(record["data"]) + int(record["length"]) <= len(batch.data):
            assert shown["raw_data"] == batch.data[int(record["data"]) :][: int(record["length"])]
        else:
            assert shown["raw_data"] == b""
            assert "no_room" in shown["quality"]
    for name in ("comm", "exe", "fd_name", "path", "error", "name"):
        dictionary = made.column(name).dictionary.to_pylist()
        assert len(set(dictionary)) == len(dictionary)
