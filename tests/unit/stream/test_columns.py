"""Columns of a batch: numbers, objects, what is absent, arguments."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import pytest

from kindling.catalogue.model import Category, Definition, Field, Result, Source
from kindling.catalogue.types import (
    AT_PATH,
    DIRECTORY_FD,
    FD,
    MODE,
    PATH,
    SIZE,
    Bytes,
    IoVector,
    Quantity,
    SocketAddress,
    StringArray,
)
from kindling.enrich.objects import Descriptor, Objects, Thread
from kindling.errors import UsageError
from kindling.probes import layout
from kindling.stream.batch import Batch
from kindling.stream.columns import column
from kindling.stream.filter import compile

READ = Definition(
    name="read",
    source=Source.SYSCALL,
    category=Category.FILE,
    description="Read.",
    arguments=(
        Field("fd", FD, "descriptor"),
        Field("data", Bytes("ret", payload=True), "payload"),
        Field("count", SIZE, "how many"),
    ),
    result=Result(Quantity(8, True, unit="bytes"), "bytes"),
    aliases=("syscall_exit-read",),
)
OPENAT = Definition(
    name="openat",
    source=Source.SYSCALL,
    category=Category.FILE,
    description="Open.",
    arguments=(
        Field("dirfd", DIRECTORY_FD, "directory"),
        Field("path", AT_PATH, "path"),
        Field("mode", MODE, "mode"),
    ),
    result=Result(FD, "descriptor"),
)
RENAME = Definition(
    name="rename",
    source=Source.SYSCALL,
    category=Category.FILE,
    description="Rename.",
    arguments=(Field("oldpath", PATH, "old"), Field("newpath", PATH, "new")),
    result=Result(Quantity(4, True), "0"),
)
EXEC = Definition(
    name="execve",
    source=Source.SYSCALL,
    category=Category.PROCESS,
    description="Execute.",
    arguments=(Field("path", PATH, "path"), Field("argv", StringArray(), "arguments")),
    result=Result(Quantity(4, True), "0"),
)
WRITEV = Definition(
    name="writev",
    source=Source.SYSCALL,
    category=Category.FILE,
    description="Write.",
    arguments=(
        Field("fd", FD, "descriptor"),
        Field("iov", IoVector("iovcnt"), "vector"),
        Field("iovcnt", SIZE, "count"),
    ),
    result=Result(Quantity(8, True), "bytes"),
)
CONNECT = Definition(
    name="connect",
    source=Source.SYSCALL,
    category=Category.NET,
    description="Connect.",
    arguments=(Field("fd", FD, "d"), Field("addr", SocketAddress("addrlen"), "a"), Field("addrlen", SIZE, "l")),
    result=Result(Quantity(4, True), "0"),
)
EXIT = Definition(
    name="exit_group",
    source=Source.SYSCALL,
    category=Category.PROCESS,
    description="Exit.",
    arguments=(Field("status", Quantity(4, True), "status"),),
)
DEFINITIONS = {0: READ, 1: OPENAT, 2: RENAME, 3: EXEC, 4: WRITEV, 5: CONNECT, 6: EXIT}

INIT = Thread(tid=1, pid=1, comm=b"systemd", uid=0, exe=b"/lib/systemd/systemd", arguments=(b"/sbin/init",))
SHELL = Thread(tid=70, pid=70, ppid=1, comm=b"bash", uid=0, arguments=(b"-bash",))
WORKER = Thread(
    tid=81,
    pid=80,
    version=3,
    ppid=70,
    uid=0,
    comm=b"wor ker\xff",
    exe=b"/bin/worker",
    arguments=(b"worker", b"-v", b"x y"),
    container_id="ab" * 32,
    ns_pid=7,
)
SOCKET = Descriptor(id=11, type="ipv4", protocol="tcp", role="client", sip="10.1.2.3", sport=4000, dip="::1", dport=80)
FILE = Descriptor(id=12, type="file", path=b"/var/log/a\xff.log", inode=(1 << 64) - 2, device="8:1")
DIRECTORY = Descriptor(id=13, type="directory", path=b"/srv/www")


def piece(number: int, data: bytes) -> bytes:
    padded = struct.pack("<BBH", number, 0, len(data)) + data
    return padded + b"\0" * (-len(padded) % 8)


def make(rows: list[dict[str, Any]]) -> Batch:
    records = np.zeros(len(rows), layout.RECORD)
    records["fd"] = layout.NO_FD
    records["latency"] = layout.NO_LATENCY
    data = b""
    for record, row in zip(records, rows, strict=True):
        for name, value in row.items():
            if name == "args" and isinstance(value, tuple):
                record["args"][: len(value)] = [v % (1 << 64) for v in value]
            elif name == "pieces" and isinstance(value, dict):
                whole = b"".join(piece(number, content) for number, content in value.items())
                record["data"], record["length"] = len(data), len(whole)
                data += whole
            else:
                record[name] = value
    objects = Objects()
    objects.add([INIT, SHELL, WORKER], [SOCKET, FILE, DIRECTORY])
    return Batch(records, data, DEFINITIONS, objects, 1_000)


def identity(descriptor: Descriptor) -> bytes:
    return descriptor.id.to_bytes(8, "little")


BATCH = make(
    [
        {"event": 0, "tid": 81, "pid": 80, "thread": 3, "time": 5, "ret": 3, "latency": 9, "fd": 7, "object": 11}
        | {"args": (7, 0, 16), "pieces": {1: b"GET"}},
        {"event": 0, "tid": 81, "pid": 80, "thread": 3, "ret": -11, "fd": 8, "object": 12, "args": (8, 0, 4096)},
        {
            "event": 1,
            "tid": 1,
            "pid": 1,
            "ret": -2,
            "args": (-100, 0, 0o644),
            "pieces": {0: identity(DIRECTORY), 1: b"a/../b"},
        },
        {
            "event": 1,
            "tid": 1,
            "pid": 1,
            "ret": 4,
            "fd": 4,
            "object": 12,
            "args": (-100, 0, 0),
            "pieces": {1: b"a.log"},
        },
        {"event": 2, "tid": 99, "pid": 99, "args": (1, 1), "pieces": {0: b"/x//y", 1: b"z"}},
        {"event": 3, "tid": 70, "pid": 70, "ret": -1, "pieces": {0: b"/bin/ls", 1: b"ls\0-l\0"}, "marks": 3},
        {"event": 4, "tid": 70, "pid": 70, "ret": 4, "args": (1, 1, 1)}
        | {"pieces": {1: struct.pack("<QQ", 1, 4), 2: b"abcd"}},
        {"event": 5, "tid": 70, "pid": 70, "args": (1, 1, 16)}
        | {"pieces": {1: struct.pack("<HH4s8x", 2, 0x5000, bytes([127, 0, 0, 1]))}},
        {"event": 6, "tid": 70, "pid": 70, "args": (3,)},
    ]
)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("timestamp", [1005, *[1000] * 8]),
        ("name", ["read", "read", "openat", "openat", "rename", "execve", "writev", "connect", "exit_group"]),
        ("category", ["net", *["file"] * 4, "process", "file", "net", "process"]),
        ("latency", [9, *[-1] * 8]),
        ("ret", [3, -11, -2, 4, 0, -1, 4, 0, 0]),
        ("error", [None, "EAGAIN", "ENOENT", None, None, "EPERM", None, None, None]),
        ("evt.res", ["SUCCESS", "EAGAIN", "ENOENT", "SUCCESS", "SUCCESS", "EPERM", "SUCCESS", "SUCCESS", None]),
        ("evt.failed", [False, True, True, False, False, True, False, False, None]),
        ("quality", [None] * 4 + [("thread_unknown",), ("truncated", "fault")] + [None] * 3),
        ("pid", [80, 80, 1, 1, 99, 70, 70, 70, 70]),
        ("tid", [81, 81, 1, 1, 99, 70, 70, 70, 70]),
        ("ppid", [70, 70, 0, 0, -1, 1, 1, 1, 1]),
        ("uid", [0, 0, 0, 0, -1, 0, 0, 0, 0]),
        ("comm", [b"wor ker\xff"] * 2 + [b"systemd"] * 2 + [None] + [b"bash"] * 4),
        ("proc.cmdline", [b"wor ker\xff -v x y"] * 2 + [b"systemd"] * 2 + [None] + [b"bash"] * 4),
        ("proc.exeline", [b"worker -v x y"] * 2 + [b"/sbin/init"] * 2 + [None] + [b"-bash"] * 4),
        ("proc.pname", [b"bash"] * 2 + [None] * 3 + [b"systemd"] * 4),
        ("proc.aname", [(b"bash", b"systemd")] * 2 + [None] * 3 + [(b"systemd",)] * 4),
        ("proc.aname[2]", [b"systemd"] * 2 + [None] * 7),
        ("proc.apid[1]", [70, 70, -1, -1, -1, 1, 1, 1, 1]),
        ("thread.ismain", [False, False, True, True, None, True, True, True, True]),
        ("container_id", ["ab" * 32] * 2 + [None] * 7),
        ("container.id", ["ab" * 6] * 2 + [None] * 7),
        ("user.name", ["root"] * 4 + [None] + ["root"] * 4),
        ("fd", [7, 8, -1, 4, -1, -1, -1, -1, -1]),
        ("fd_type", ["ipv4", "file", None, "file", None, None, None, None, None]),
        ("fd_name", [b"10.1.2.3:4000->[::1]:80", FILE.path, None, FILE.path, None, None, None, None, None]),
        ("fd.directory", [None, b"/var/log", None, b"/var/log", None, None, None, None, None]),
        ("fd.filename", [None, b"a\xff.log", None, b"a\xff.log", None, None, None, None, None]),
        ("inode", [-1, -2, -1, -2, -1, -1, -1, -1, -1]),
        ("fd.dev.major", [-1, 8, -1, 8, -1, -1, -1, -1, -1]),
        ("fd.port", [(4000, 80), *[None] * 8]),
        ("fd.lport", [4000, *[-1] * 8]),
        ("fd.rip", ["::1", *[None] * 8]),
        ("evt.arg.count", [16, 4096, *[None] * 7]),
        ("evt.arg.mode", [None, None, "0644", "0000", *[None] * 5]),
        ("evt.arg.path", [None, None, b"a/../b", b"a.log", None, b"/bin/ls", None, None, None]),
        ("evt.arg[0]", [7, 8, "AT_FDCWD", "AT_FDCWD", b"/x//y", b"/bin/ls", 1, 1, 3]),
        ("evt.arg.argv.1", [None] * 5 + [b"-l"] + [None] * 3),
        ("evt.arg.addr.port", [None] * 7 + [80, None]),
        ("evt.buffer", [b"GET", None, None, None, None, None, b"abcd", None, None]),
        ("fs.path.name", [None, None, b"/srv/www/b", FILE.path, b"/x/y", b"/bin/ls", None, None, None]),
        ("fs.path.nameraw", [None, None, b"a/../b", b"a.log", b"/x//y", b"/bin/ls", None, None, None]),
        ("fs.path.source", [None] * 4 + [b"/x/y"] + [None] * 4),
        ("fs.path.target", [None] * 9),
    ],
)
def test_columns(name: str, values: list[object]) -> None:
    found = column(BATCH, name)
    assert found.tolist() == values
    assert BATCH[name].tolist() == values
    assert found.dtype == (np.int64 if all(type(v) is int for v in values) else np.object_)


def test_all_arguments_as_text() -> None:
    assert column(BATCH, "evt.args")[[0, 8]].tolist() == [b"fd=7 data=GET count=16", b"status=3"]


def test_an_empty_batch_has_empty_columns() -> None:
    batch = make([])
    for name in ("latency", "comm", "fd.port", "evt.arg.path", "evt.args", "evt.res", "fs.path.name", "quality"):
        assert len(column(batch, name)) == 0


def test_wrong_names() -> None:
    with pytest.raises(UsageError, match="no column is called 'latncy'; did you mean latency"):
        column(BATCH, "latncy")
    with pytest.raises(UsageError, match=r"did you mean evt\.latency"):
        column(BATCH, "evt.latncy")


def test_damaged_variable_parts_give_no_values() -> None:
    batch = make([{"event": 3, "args": (1, 1)}, {"event": 5, "args": (1, 1, 16)}, {"event": 4, "args": (1, 1, 1)}])
    batch.records["length"] = 60
    batch.records["data"] = 1
    for data in (b"", b"\0\0\xff\xff", bytes(range(64)), b"\0\0\3\0abc\0\1\0"):
        damaged = Batch(batch.records, data, DEFINITIONS, batch.objects, 0)
        for name in ("evt.arg.argv", "evt.arg.addr.port", "evt.buffer", "fs.path.name", "evt.arg.iov.total"):
            assert len(column(damaged, name)) == 3


def test_quality_is_that_of_the_events() -> None:
    records = BATCH.records.copy()
    records["marks"] = [1, 2, 4, 8, 16, 32, 64, 0, 3]
    data = bytearray(BATCH.data)
    data[1] = 1
    batch = Batch(records, bytes(data), DEFINITIONS, BATCH.objects, 0)
    assert column(batch, "quality").tolist() == [tuple(event.quality) or None for event in batch]
    assert column(batch, "quality")[[0, 4]].tolist() == [("truncated:data",), ("no_entry", "thread_unknown")]
    assert compile("evt.quality = truncated").mask(batch).tolist() == [True] + [False] * 7 + [True]
    assert compile("evt.quality startswith 'truncated:'").mask(batch).tolist() == [True] + [False] * 8


def test_columns_are_the_attributes_of_events() -> None:
    for name in ("timestamp", "name", "source", "category", "cpu", "pid", "tid", "error"):
        assert column(BATCH, name).tolist() == [getattr(event, name) for event in BATCH]
    assert [compile("evt.failed").matches(event) for event in BATCH] == compile("evt.failed").mask(BATCH).tolist()
