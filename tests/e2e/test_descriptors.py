"""What a descriptor stands for: its type, path, inode and device, against fstat and /proc, however it came about."""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.e2e.support import system
from tests.e2e.support.system import CLONE_FILES, MS_BIND, mounted
from tests.e2e.support.watching import descriptor, watching

pytestmark = pytest.mark.root


def touch(fd: int) -> None:
    """A call on a descriptor that changes nothing."""
    fcntl.fcntl(fd, fcntl.F_GETFD)


def _file(directory: Path) -> int:
    return os.open(directory / "file", os.O_CREAT | os.O_RDWR)


def _deleted(directory: Path) -> int:
    fd = os.open(directory / "gone", os.O_CREAT | os.O_RDWR)
    os.unlink(directory / "gone")
    return fd


def _fifo(directory: Path) -> int:
    os.mkfifo(directory / "fifo")
    return os.open(directory / "fifo", os.O_RDWR)


def _symlink(directory: Path) -> int:
    os.symlink("nowhere", directory / "link")
    return os.open(directory / "link", os.O_PATH | os.O_NOFOLLOW)


def _block(directory: Path) -> int:
    for name in sorted(os.listdir("/sys/class/block")):
        try:
            return os.open(f"/dev/{name}", os.O_RDONLY)
        except OSError:
            continue
    pytest.skip("no block device can be opened")


def _signalfd(directory: Path) -> int:
    mask = (ctypes.c_ulong * 16)(1 << (signal.SIGUSR2 - 1))
    return system.function("signalfd", -1, ctypes.byref(mask), 0)


KINDS: dict[str, tuple[str, Callable[[Path], int]]] = {
    "file": ("file", _file),
    "deleted": ("file", _deleted),
    "unnamed": ("file", lambda directory: os.open(directory, os.O_TMPFILE | os.O_RDWR)),
    "memfd": ("file", lambda directory: os.memfd_create("a memory")),
    "proc": ("file", lambda directory: os.open("/proc/self/status", os.O_RDONLY)),
    "directory": ("directory", lambda directory: os.open(directory, os.O_RDONLY)),
    "root": ("directory", lambda directory: os.open("/", os.O_RDONLY)),
    "pipe": ("pipe", lambda directory: os.pipe()[0]),
    "fifo": ("pipe", _fifo),
    "char": ("char", lambda directory: os.open("/dev/null", os.O_RDWR)),
    "block": ("block", _block),
    "symlink": ("symlink", _symlink),
    "epoll": ("eventpoll", lambda directory: system.function("epoll_create1", 0)),
    "eventfd": ("eventfd", lambda directory: os.eventfd(0)),
    "timerfd": ("timerfd", lambda directory: system.function("timerfd_create", 1, 0)),
    "signalfd": ("signalfd", _signalfd),
    "inotify": ("inotify", lambda directory: system.function("inotify_init1", 0)),
    "fanotify": ("fanotify", lambda directory: system.syscall("fanotify_init", 0, 0)),
    "pidfd": ("pidfd", lambda directory: os.pidfd_open(os.getpid())),
    "bpf": ("bpf", lambda directory: system.bpf_map()),
    "perf": ("perf", lambda directory: system.perf_event()),
    "io_uring": ("io_uring", lambda directory: system.io_uring()),
    "userfaultfd": ("userfaultfd", lambda directory: system.syscall("userfaultfd", 1)),
    "namespace": ("namespace", lambda directory: os.open("/proc/self/ns/net", os.O_RDONLY)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_kinds(kind: str, tmp_path: Path) -> None:
    expected, make = KINDS[kind]
    try:
        fd = make(tmp_path)
    except OSError as error:
        pytest.skip(f"not here: {error}")
    try:
        with watching("fcntl") as seen:
            touch(fd)
        (event,) = seen.on(fd)
        found = descriptor(event)
        status = os.fstat(fd)
        link = os.readlink(f"/proc/self/fd/{fd}").encode()
        assert found.type == expected
        assert found.inode == status.st_ino
        device = status.st_rdev if kind in ("char", "block") else status.st_dev
        assert found.device == f"{os.major(device)}:{os.minor(device)}"
        shown = found.path if found.path is not None else found.name
        if expected == "namespace":
            assert shown == b"namespace:[" + link.split(b"[")[1]
        else:
            assert shown == link.removesuffix(b" (deleted)")
        assert found.deleted == link.endswith(b" (deleted)")
        assert event.quality == []
    finally:
        os.close(fd)


def opened(path: Path) -> int:
    """A new file at `path`, open."""
    return os.open(path, os.O_CREAT | os.O_RDWR)


def test_every_way_to_duplicate(tmp_path: Path) -> None:
    fd = opened(tmp_path / "one")
    copies = [fd]
    with watching("fcntl", "dup", "dup2", "dup3") as seen:
        copies.append(system.function("dup", fd))
        copies.append(os.dup2(fd, 200))
        copies.append(os.dup2(fd, 201, inheritable=False))
        copies.append(fcntl.fcntl(fd, fcntl.F_DUPFD, 210))
        copies.append(fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 220))
        for copy in copies:
            touch(copy)
    for copy in copies:
        assert descriptor(seen.on(copy)[-1]).path == bytes(tmp_path / "one")
        os.close(copy)
    assert [event.fd.num for event in seen.named("dup", "dup2", "dup3") if event.fd] == copies[1:4]


def test_a_number_that_is_used_again_at_once(tmp_path: Path) -> None:
    """Close and open within microseconds, from two threads: every event has the file that the number meant then."""
    names = [bytes(tmp_path / f"file {number}") for number in range(8)]
    for name in names:
        os.close(os.open(name, os.O_CREAT | os.O_RDWR))
    rounds = 997

    def churn(own: list[bytes]) -> None:
        for number in range(rounds):
            fd = os.open(own[number % len(own)], os.O_RDONLY)
            os.pread(fd, 1, number)
            os.close(fd)

    with watching("openat", "pread64", "close") as seen:
        threads = [threading.Thread(target=churn, args=(names[start::2],)) for start in (0, 1)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    expected: dict[tuple[int, int], bytes | None] = {}
    checked = 0
    for event in seen.events:
        assert event.fd is not None
        key = (event.tid, event.fd.num)
        if event.name == "openat" and event.args.path in names:
            assert descriptor(event).path == event.args.path
            expected[key] = event.args.path
        elif event.name in ("pread64", "close") and key in expected:
            assert descriptor(event).path == expected[key]
            checked += 1
            if event.name == "close":
                del expected[key]
    assert checked == 2 * 2 * rounds


def test_inherited_by_fork_and_exec(tmp_path: Path) -> None:
    fd = opened(tmp_path / "inherited")
    os.set_inheritable(fd, True)
    code = f"import os; os.fstat({fd}); os.pwrite({fd}, b'x', 3); os.close({fd})"
    with watching("pwrite64", "close", "process_exec") as seen:
        if (child := os.fork()) == 0:
            os.pwrite(fd, b"y", 5)
            os._exit(0)
        os.waitpid(child, 0)
        program = subprocess.Popen([sys.executable, "-I", "-S", "-c", code], close_fds=False)
        assert program.wait() == 0
    os.close(fd)
    by_child, by_program = seen.on(fd, "pwrite64")
    assert (by_child.pid, by_program.pid) == (child, program.pid)
    assert {descriptor(event).path for event in (by_child, by_program)} == {bytes(tmp_path / "inherited")}
    assert by_program.thread.exe == os.path.realpath(sys.executable).encode()
    (closed,) = [event for event in seen.on(fd, "close") if event.pid == program.pid]
    assert descriptor(closed).path == bytes(tmp_path / "inherited")


def test_passed_over_a_unix_socket(tmp_path: Path) -> None:
    """The receiver's number means the sender's file, also when the sender has closed it before it was taken."""
    left, right = socket.socketpair()
    fd = opened(tmp_path / "passed")
    with watching("fcntl", "recvmsg", "sendmsg") as seen:
        socket.send_fds(left, [b"x"], [fd])
        os.close(fd)
        _, (received,), _, _ = socket.recv_fds(right, 10, 1)
        touch(received)
    assert descriptor(seen.on(received, "fcntl")[-1]).path == bytes(tmp_path / "passed")
    (sent,) = seen.on(left.fileno(), "sendmsg")
    assert sent.args.msg["control"] == [{"level": "SOL_SOCKET", "type": "SCM_RIGHTS", "fds": [fd]}]  # type: ignore[index, call-overload]
    (taken,) = seen.on(right.fileno(), "recvmsg")
    assert taken.args.msg["control"][0]["fds"] == [received]  # type: ignore[index, call-overload]
    os.close(received)
    left.close()
    right.close()


def test_threads_share_and_unshare(tmp_path: Path) -> None:
    """A thread sees what another one opened; after unshare(CLONE_FILES) numbers mean different files."""
    shared = opened(tmp_path / "shared")
    numbers: dict[str, int] = {}
    ready, go = threading.Event(), threading.Event()

    def other() -> None:
        touch(shared)
        system.unshare(CLONE_FILES)
        os.dup2(os.open(tmp_path / "own", os.O_CREAT | os.O_RDWR), shared)
        numbers["tid"] = threading.get_native_id()
        ready.set()
        go.wait()
        touch(shared)

    with watching("fcntl") as seen:
        thread = threading.Thread(target=other)
        thread.start()
        ready.wait()
        touch(shared)
        go.set()
        thread.join()
    in_thread = [descriptor(event).path for event in seen.on(shared) if event.tid == numbers["tid"]]
    in_main = [descriptor(event).path for event in seen.on(shared) if event.tid != numbers["tid"]]
    assert in_thread == [bytes(tmp_path / "shared"), bytes(tmp_path / "own")]
    assert in_main == [bytes(tmp_path / "shared")]
    os.close(shared)


def test_open_before_the_start(tmp_path: Path) -> None:
    """No event tells what a descriptor is that was open already, and yet the first call on it does."""
    fd = opened(tmp_path / "before")
    with watching("pwrite64") as seen:
        os.pwrite(fd, b"x", 0)
    assert descriptor(seen.on(fd)[0]).path == bytes(tmp_path / "before")
    os.close(fd)


def test_renamed_and_deleted_while_open(tmp_path: Path) -> None:
    fd = opened(tmp_path / "first")
    with watching("fcntl") as seen:
        touch(fd)
        os.rename(tmp_path / "first", tmp_path / "second")
        touch(fd)
        (tmp_path / "dir").mkdir()
        os.rename(tmp_path / "second", tmp_path / "dir" / "third")
        touch(fd)
        os.rename(tmp_path / "dir", tmp_path / "other")
        touch(fd)
        os.unlink(tmp_path / "other" / "third")
        touch(fd)
    found = [descriptor(event) for event in seen.on(fd)]
    names = ["first", "second", "dir/third", "other/third", "other/third"]
    assert [one.path for one in found] == [bytes(tmp_path / name) for name in names]
    assert [one.deleted for one in found] == [False] * 4 + [True]
    os.close(fd)


def test_relative_paths(tmp_path: Path) -> None:
    """As the caller wrote it in the argument, resolved in the descriptor, absolute in the filter's field."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "file").touch()
    before = os.getcwd()
    with watching("openat", "newfstatat", "unlinkat") as seen:
        os.chdir(tmp_path / "a" / "b")
        try:
            os.close(os.open("../file", os.O_RDONLY))
            directory = os.open("..", os.O_RDONLY)
            os.close(os.open("b/../file", os.O_RDONLY, dir_fd=directory))
            os.unlink("file", dir_fd=directory)
            os.close(directory)
        finally:
            os.chdir(before)
    first, _, second, unlinked = [event for event in seen.events if event.name != "newfstatat"]
    assert (first.args.path, second.args.path) == (b"../file", b"b/../file")
    assert descriptor(first).path == descriptor(second).path == bytes(tmp_path / "a" / "file")
    assert unlinked.batch["fs.path.name"][unlinked.row] == bytes(tmp_path / "a" / "file")


def test_mounts(tmp_path: Path) -> None:
    """The path is the one by which it was opened: through an overlay, a bind mount, a file system in a file system."""
    for name in ("lower", "upper", "work", "merged", "bound", "memory"):
        (tmp_path / name).mkdir()
    (tmp_path / "lower" / "deep").mkdir()
    (tmp_path / "lower" / "deep" / "file").write_text("x")
    layers = f"lowerdir={tmp_path}/lower,upperdir={tmp_path}/upper,workdir={tmp_path}/work"
    with (
        mounted("overlay", tmp_path / "merged", "overlay", data=layers) as merged,
        mounted(str(merged / "deep"), tmp_path / "bound", None, MS_BIND) as bound,
        mounted("tmpfs", tmp_path / "memory", "tmpfs") as memory,
    ):
        (memory / "inner").mkdir()
        with mounted("tmpfs", memory / "inner", "tmpfs") as inner:
            paths = [
                merged / "deep" / "file",
                bound / "file",
                memory / "a",
                inner / "b",
                inner,
                tmp_path / "lower/deep/file",
            ]
            for path in paths[2:4]:
                path.touch()
            with watching("openat") as seen:
                fds = [os.open(path, os.O_RDONLY) for path in paths]
            for fd, path, event in zip(fds, paths, seen.named("openat"), strict=True):
                status = os.fstat(fd)
                assert descriptor(event).path == bytes(path) == os.readlink(f"/proc/self/fd/{fd}").encode()
                assert descriptor(event).inode == status.st_ino
                assert descriptor(event).device == f"{os.major(status.st_dev)}:{os.minor(status.st_dev)}"
                os.close(fd)


def test_chroot(tmp_path: Path) -> None:
    """Inside, paths are those that the process sees itself."""
    (tmp_path / "jail" / "dir").mkdir(parents=True)
    with watching("openat", "chroot") as seen:
        if (child := os.fork()) == 0:
            os.chroot(tmp_path / "jail")
            os.chdir("/")
            os.open("dir/file", os.O_CREAT | os.O_WRONLY)
            os.open("/", os.O_RDONLY)
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
    assert [descriptor(event).path for event in seen.named("openat")] == [b"/dir/file", b"/"]


def test_what_is_not_open() -> None:
    with watching("fcntl", "close") as seen:
        for fd in (999, -1):
            with pytest.raises(OSError):  # noqa: PT011
                os.close(fd)
    (event,) = seen.on(999, "close")
    assert event.error == "EBADF"
    assert event.fd is not None
    assert event.fd.descriptor is None
    # A negative number is no descriptor, as for an anonymous mmap; the argument keeps it.
    (event,) = (event for event in seen.named("close") if event.args.fd == -1)
    assert event.error == "EBADF"
    assert event.fd is None
