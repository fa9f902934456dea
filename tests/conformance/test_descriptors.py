"""Descriptors: duplicated, shared, inherited, passed on, closed; and the kinds that are no files."""

from __future__ import annotations

import array
import ctypes
import errno
import os
import socket
import threading
from pathlib import Path

from tests.conformance.harness import ANY, Expected, Having, Watch, system

AT_FDCWD = -100


def test_duplicates(watch: Watch, tmp_path: Path) -> None:
    path = os.fsencode(tmp_path / "file")

    def act() -> tuple[int, int, int]:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT)
        second = system.dup(fd)
        system.dup3(fd, 613, os.O_CLOEXEC)
        third = system.fcntl(fd, 0, 701)
        for number in (second, 613, third):
            system.write(number, b"x", 1)
        system.dup(997)
        return fd, second, third

    seen = watch(act, "dup", "dup3", "fcntl", "write")
    fd, second, third = seen.value
    assert third == 701

    def on(number: int) -> dict[str, object]:
        return {"num": number, "type": "file", "path": path}

    seen.expect(
        Expected("dup", {"oldfd": fd}, second, fd=on(second)),
        Expected("dup3", {"oldfd": fd, "newfd": 613, "flags": "O_CLOEXEC"}, 613, fd=on(613)),
        Expected("fcntl", {"fd": fd, "cmd": "F_DUPFD", "arg": 701}, 701, fd=on(fd)),
        *(
            Expected("write", {"fd": number, "data": None, "count": 1}, 1, fd=on(number))
            for number in (second, 613, third)
        ),
        Expected("dup", {"oldfd": 997}, -errno.EBADF),
    )


def test_dup2_over_an_open_one(watch: Watch, tmp_path: Path) -> None:
    one, two = os.fsencode(tmp_path / "one"), os.fsencode(tmp_path / "two")

    def act() -> tuple[int, int]:
        first, second = os.open(one, os.O_WRONLY | os.O_CREAT), os.open(two, os.O_WRONLY | os.O_CREAT)
        system.write(second, b"x", 1)
        system.dup2(first, second)
        system.write(second, b"x", 1)
        return first, second

    seen = watch(act, "dup2", "write")
    first, second = seen.value
    seen.expect(
        Expected("write", {"fd": second, "data": None, "count": 1}, 1, fd={"num": second, "path": two}),
        Expected("dup2", {"oldfd": first, "newfd": second}, second, fd={"num": second, "path": one}),
        Expected("write", {"fd": second, "data": None, "count": 1}, 1, fd={"num": second, "path": one}),
    )


def test_fcntl_by_its_commands(watch: Watch, tmp_path: Path) -> None:
    path = os.fsencode(tmp_path / "file")

    class Lock(ctypes.Structure):
        _fields_ = (
            ("type", ctypes.c_short),
            ("whence", ctypes.c_short),
            ("start", ctypes.c_long),
            ("length", ctypes.c_long),
            ("pid", ctypes.c_int),
        )

    lock = Lock(1, 0, 3, 5, 0)

    def act() -> int:
        fd = os.open(path, os.O_RDWR | os.O_CREAT)
        system.fcntl(fd, 2, 1)
        system.fcntl(fd, 1, 0)
        system.fcntl(fd, 4, os.O_APPEND | os.O_NONBLOCK)
        system.fcntl(fd, 3, 0)
        system.fcntl(fd, 6, lock)
        return fd

    seen = watch(act, "fcntl")
    fd = seen.value
    file = {"num": fd, "path": path}
    # The kernel adds O_LARGEFILE, whose number the C library hides on 64-bit machines.
    large = 0o400000 if os.uname().machine == "aarch64" else 0o100000
    got = os.O_RDWR | os.O_APPEND | os.O_NONBLOCK | large
    seen.expect(
        Expected("fcntl", {"fd": fd, "cmd": "F_SETFD", "arg": "FD_CLOEXEC"}, 0, fd=file),
        Expected("fcntl", {"fd": fd, "cmd": "F_GETFD", "arg": ANY}, 1, fd=file),
        Expected("fcntl", {"fd": fd, "cmd": "F_SETFL", "arg": "O_RDONLY|O_APPEND|O_NONBLOCK"}, 0, fd=file),
        Expected("fcntl", {"fd": fd, "cmd": "F_GETFL", "arg": ANY}, got, fd=file),
        Expected(
            "fcntl",
            {
                "fd": fd,
                "cmd": "F_SETLK",
                "arg": Having(l_type="F_WRLCK", l_whence="SEEK_SET", l_start=3, l_len=5),
            },
            0,
            fd=file,
        ),
    )


def test_close_range(watch: Watch, tmp_path: Path) -> None:
    path = os.fsencode(tmp_path / "file")

    def act() -> int:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT)
        system.dup3(fd, 811, 0)
        system.close_range(800, 820, 0)
        return system.write(811, b"x", 1)

    seen = watch(act, "close_range", "write")
    assert seen.value == -errno.EBADF
    seen.expect(
        Expected("close_range", {"first": 800, "last": 820, "flags": "0"}, 0),
        Expected("write", {"fd": 811, "data": None, "count": 1}, -errno.EBADF, fd={"num": 811, "type": None}),
    )


def test_inherited_and_shared(watch: Watch, tmp_path: Path) -> None:
    path = os.fsencode(tmp_path / "file")

    def act() -> tuple[int, int, int]:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT)
        child = os.fork()
        if child == 0:
            system.write(fd, b"child", 5)
            os._exit(0)
        os.waitpid(child, 0)
        threads: list[int] = []

        def work() -> None:
            threads.append(threading.get_native_id())
            system.write(fd, b"thread!", 7)

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        return fd, child, threads[0]

    seen = watch(act, "write")
    fd, child, tid = seen.value
    file = {"num": fd, "type": "file", "path": path}
    seen.expect(
        Expected("write", {"fd": fd, "data": None, "count": 5}, 5, fd=file, pid=child),
        Expected("write", {"fd": fd, "data": None, "count": 7}, 7, fd=file, tid=tid),
    )
    assert seen.events[0].thread.ppid == seen.pid
    assert seen.events[1].thread.pid == seen.pid


def test_open_before_the_start(watch: Watch, tmp_path: Path) -> None:
    path = os.fsencode(tmp_path / "file")
    fd = os.open(path, os.O_WRONLY | os.O_CREAT)
    listener = socket.create_server(("127.0.0.1", 0))
    try:
        seen = watch(lambda: (system.write(fd, b"x", 1), system.listen(listener.fileno(), 5)), "write", "listen")
        port = listener.getsockname()[1]
        seen.expect(
            Expected("write", {"fd": fd, "data": None, "count": 1}, 1, fd={"num": fd, "type": "file", "path": path}),
            Expected(
                "listen",
                {"sockfd": listener.fileno(), "backlog": 5},
                0,
                fd={"num": listener.fileno(), "type": "ipv4", "role": "server", "dip": "127.0.0.1", "dport": port},
            ),
        )
    finally:
        os.close(fd)
        listener.close()


def test_passed_over_a_socket(watch: Watch, tmp_path: Path) -> None:
    path = os.fsencode(tmp_path / "file")

    def act() -> tuple[int, int, int]:
        here, there = socket.socketpair()
        fd = os.open(path, os.O_WRONLY | os.O_CREAT)
        here.sendmsg([b"take it"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]))])
        _, control, _, _ = there.recvmsg(16, socket.CMSG_SPACE(4))
        received = array.array("i", control[0][2][:4])[0]
        system.write(received, b"x", 1)
        return here.fileno(), fd, received

    seen = watch(act, "sendmsg", "write")
    sender, fd, received = seen.value
    sent = seen.events[0]
    assert sent.args["msg"] == Having(control=[Having(level="SOL_SOCKET", type="SCM_RIGHTS", fds=[fd])]), sent
    seen.expect(
        Expected("sendmsg", {"sockfd": sender, "msg": ANY, "flags": "0"}, 7, fd={"num": sender, "type": "unix"}),
        Expected(
            "write",
            {"fd": received, "data": None, "count": 1},
            1,
            fd={"num": received, "type": "file", "path": path},
        ),
    )


def test_counters_and_timers(watch: Watch) -> None:
    number = ctypes.create_string_buffer(8)
    setting = (ctypes.c_long * 4)(0, 0, 1009, 17)
    mask = ctypes.c_ulong(1 << 9 | 1 << 11)

    def act() -> tuple[int, int, int, int]:
        event = system.eventfd2(5, os.O_NONBLOCK)
        system.write(event, (2).to_bytes(8, "little"), 8)
        system.read(event, number, 8)
        system.read(event, number, 8)
        timer = system.timerfd_create(1, os.O_CLOEXEC)
        system.timerfd_settime(timer, 0, setting, None)
        signals = system.signalfd4(-1, mask, 8, os.O_CLOEXEC)
        poll = system.epoll_create1(0)
        return event, timer, signals, poll

    names = "eventfd2 write read timerfd_create timerfd_settime signalfd4 epoll_create1".split()
    seen = watch(act, *names, snaplen=8)
    event, timer, signals, poll = seen.value
    eventfd, timerfd = {"num": event, "type": "eventfd"}, {"num": timer, "type": "timerfd"}
    two, seven = (2).to_bytes(8, "little"), (7).to_bytes(8, "little")
    seen.expect(
        Expected("eventfd2", {"count": 5, "flags": "EFD_NONBLOCK"}, event, fd=eventfd),
        Expected("write", {"fd": event, "data": two, "count": 8}, 8, fd=eventfd),
        Expected("read", {"fd": event, "data": seven, "count": 8}, 8, fd=eventfd),
        Expected("read", {"fd": event, "data": None, "count": 8}, -errno.EAGAIN, fd=eventfd),
        Expected("timerfd_create", {"clockid": "CLOCK_MONOTONIC", "flags": "TFD_CLOEXEC"}, timer, fd=timerfd),
        Expected(
            "timerfd_settime",
            {
                "fd": timer,
                "flags": "0",
                "new_value": {"it_interval": {"tv_sec": 0, "tv_nsec": 0}, "it_value": {"tv_sec": 1009, "tv_nsec": 17}},
                "old_value": None,
            },
            0,
            fd=timerfd,
        ),
        Expected(
            "signalfd4",
            {"ufd": -1, "mask": ["SIGUSR1", "SIGUSR2"], "sizemask": 8, "flags": "SFD_CLOEXEC"},
            signals,
            fd={"num": signals, "type": "signalfd"},
        ),
        Expected("epoll_create1", {"flags": "0"}, poll, fd={"num": poll, "type": "eventpoll"}),
    )


def test_inotify(watch: Watch, tmp_path: Path) -> None:
    path = os.fsencode(tmp_path)

    def act() -> tuple[int, int]:
        fd = system.inotify_init1(os.O_CLOEXEC)
        number = system.inotify_add_watch(fd, path, 0x100 | 0x200)
        system.inotify_rm_watch(fd, number)
        return fd, number

    seen = watch(act, "inotify_init1", "inotify_add_watch", "inotify_rm_watch")
    fd, number = seen.value
    inotify = {"num": fd, "type": "inotify"}
    seen.expect(
        Expected("inotify_init1", {"flags": "IN_CLOEXEC"}, fd, fd=inotify),
        Expected("inotify_add_watch", {"fd": fd, "path": path, "mask": "IN_CREATE|IN_DELETE"}, number, fd=inotify),
        Expected("inotify_rm_watch", {"fd": fd, "wd": number}, 0, fd=inotify),
    )


def test_pidfd(watch: Watch, tmp_path: Path) -> None:
    path = os.fsencode(tmp_path / "file")

    def act() -> tuple[int, int, int, int]:
        own = os.getpid()
        fd = os.open(path, os.O_WRONLY | os.O_CREAT)
        process = system.pidfd_open(own, 0)
        second = system.pidfd_getfd(process, fd, 0)
        system.pidfd_send_signal(process, 0, None, 0)
        return own, fd, process, second

    seen = watch(act, "pidfd_open", "pidfd_getfd", "pidfd_send_signal")
    own, fd, process, second = seen.value
    pidfd = {"num": process, "type": "pidfd"}
    seen.expect(
        Expected("pidfd_open", {"pid": own, "flags": "0"}, process, fd=pidfd),
        Expected(
            "pidfd_getfd",
            {"pidfd": process, "targetfd": fd, "flags": "0"},
            second,
            fd={"num": second, "type": "file", "path": path},
        ),
        Expected("pidfd_send_signal", {"pidfd": process, "sig": "0", "info": None, "flags": "0"}, 0, fd=pidfd),
    )
