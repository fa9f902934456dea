"""Pipes: made, filled, emptied, moved between; FIFOs with their names."""

from __future__ import annotations

import ctypes
import errno
import os
import signal
from pathlib import Path

from tests.conformance.harness import ANY, Expected, Having, Watch, system

ROUNDS = 13


def test_a_pipe_from_end_to_end(watch: Watch) -> None:
    ends = (ctypes.c_int * 2)()
    buffer = ctypes.create_string_buffer(16)

    def act() -> list[int]:
        system.pipe2(ends, os.O_NONBLOCK | os.O_CLOEXEC)
        for _ in range(ROUNDS):
            system.write(ends[1], b"ping", 4)
            system.read(ends[0], buffer, 16)
        system.read(ends[0], buffer, 16)
        system.close(ends[1])
        system.read(ends[0], buffer, 16)
        return list(ends)

    seen = watch(act, "pipe2", "read", "write", "close", snaplen=16)
    reader, writer = seen.value
    at_reader, at_writer = {"num": reader, "type": "pipe"}, {"num": writer, "type": "pipe"}
    put = Expected("write", {"fd": writer, "data": b"ping", "count": 4}, 4, fd=at_writer, category="ipc")
    got = Expected("read", {"fd": reader, "data": b"ping", "count": 16}, 4, fd=at_reader, category="ipc")
    nothing = {"fd": reader, "data": None, "count": 16}
    seen.expect(
        Expected("pipe2", {"pipefd": [reader, writer], "flags": "O_NONBLOCK|O_CLOEXEC"}, 0),
        *[put, got] * ROUNDS,
        Expected("read", nothing, -errno.EAGAIN, fd=at_reader),
        Expected("close", {"fd": writer}, 0, fd=at_writer, category="ipc"),
        Expected("read", {**nothing, "data": ANY}, 0, fd=at_reader),
    )
    inodes = {event.fd.inode for event in seen.events if event.fd is not None}
    assert len(inodes) == 1, "both ends are the same pipe"


def test_pipe(watch: Watch) -> None:
    ends = (ctypes.c_int * 2)()

    def act() -> list[int]:
        system.pipe(ends)
        return list(ends)

    seen = watch(act, "pipe")
    seen.expect(Expected("pipe", {"pipefd": seen.value}, 0))


def test_a_pipe_without_reader(watch: Watch) -> None:
    def act() -> int:
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        reader, writer = os.pipe()
        os.close(reader)
        system.write(writer, b"x", 1)
        return writer

    seen = watch(act, "write")
    seen.expect(
        Expected(
            "write",
            {"fd": seen.value, "data": None, "count": 1},
            -errno.EPIPE,
            fd={"num": seen.value, "type": "pipe"},
        )
    )


def test_a_fifo(watch: Watch, tmp_path: Path) -> None:
    path = os.fsencode(tmp_path / "fifo")
    os.mkfifo(path)

    def act() -> int:
        fd = system.openat(-100, path, os.O_RDWR, 0)
        system.write(fd, b"x", 1)
        return fd

    seen = watch(act, "openat", "write")
    fd = seen.value
    fifo = {"num": fd, "type": "pipe", "path": path}
    seen.expect(
        Expected("openat", {"dirfd": "AT_FDCWD", "path": path, "flags": "O_RDWR", "mode": None}, fd, fd=fifo),
        Expected("write", {"fd": fd, "data": None, "count": 1}, 1, fd=fifo, category="ipc"),
    )


def test_moved_without_copying(watch: Watch, tmp_path: Path) -> None:
    path = os.fsencode(tmp_path / "file")
    text = ctypes.create_string_buffer(b"spliced", 7)
    vector = (ctypes.c_ulong * 2)(ctypes.addressof(text), 7)

    def act() -> tuple[int, int, int, int, int]:
        first_reader, first_writer = os.pipe()
        second_reader, second_writer = os.pipe()
        fd = os.open(path, os.O_RDWR | os.O_CREAT)
        system.vmsplice(first_writer, vector, 1, 0)
        system.tee(first_reader, second_writer, 5, 2)
        system.splice(first_reader, None, fd, None, 97, 1)
        return first_reader, first_writer, second_reader, second_writer, fd

    seen = watch(act, "vmsplice", "tee", "splice")
    first_reader, first_writer, _, second_writer, fd = seen.value
    seen.expect(
        Expected(
            "vmsplice",
            {"fd": first_writer, "data": Having(segments=1, total=7), "nr_segs": 1, "flags": "0"},
            7,
            fd={"num": first_writer, "type": "pipe"},
        ),
        Expected(
            "tee",
            {"fd_in": first_reader, "fd_out": second_writer, "len": 5, "flags": "SPLICE_F_NONBLOCK"},
            5,
            fd={"num": first_reader, "type": "pipe"},
        ),
        Expected(
            "splice",
            {
                "fd_in": first_reader,
                "off_in": None,
                "fd_out": fd,
                "off_out": None,
                "len": 97,
                "flags": "SPLICE_F_MOVE",
            },
            7,
            fd={"num": first_reader, "type": "pipe"},
        ),
    )
