"""Waiting for descriptors: epoll, poll, select."""

from __future__ import annotations

import ctypes
import errno
import os

from tests.conformance.harness import ANY, Expected, Having, Watch, system


class EpollEvent(ctypes.Structure):
    """struct epoll_event of x86_64, packed; other machines align it."""

    _pack_ = 1 if os.uname().machine == "x86_64" else 8
    _fields_ = (("events", ctypes.c_uint), ("data", ctypes.c_ulong))


class PollFd(ctypes.Structure):
    """struct pollfd."""

    _fields_ = (("fd", ctypes.c_int), ("events", ctypes.c_short), ("revents", ctypes.c_short))


def test_epoll(watch: Watch) -> None:
    ready = (EpollEvent * 8)()

    def act() -> tuple[int, int, int]:
        reader, writer = os.pipe()
        poll = system.epoll_create1(os.O_CLOEXEC)
        system.epoll_ctl(poll, 1, reader, EpollEvent(0x1, 4242))
        system.epoll_ctl(poll, 1, reader, EpollEvent(0x1, 4242))
        system.epoll_pwait(poll, ready, 8, 0, None, 8)
        os.write(writer, b"x")
        system.epoll_pwait(poll, ready, 8, -1, None, 8)
        system.epoll_ctl(poll, 3, reader, EpollEvent(1 << 31, 7))
        system.epoll_ctl(poll, 2, reader, None)
        return poll, reader, writer

    seen = watch(act, "epoll_create1", "epoll_ctl", "epoll_pwait")
    poll, reader, _ = seen.value
    epoll, pipe = {"num": poll, "type": "eventpoll"}, {"num": reader, "type": "pipe"}
    added = {"epfd": poll, "op": "EPOLL_CTL_ADD", "fd": reader, "event": Having(events="EPOLLIN", u32=4242)}
    waited = {"epfd": poll, "maxevents": 8, "sigmask": None, "sigsetsize": 8}
    seen.expect(
        Expected("epoll_create1", {"flags": "EPOLL_CLOEXEC"}, poll, fd=epoll, category="wait"),
        Expected("epoll_ctl", added, 0, fd=pipe),
        Expected("epoll_ctl", added, -errno.EEXIST, fd=pipe),
        Expected("epoll_pwait", _ordered({**waited, "events": [], "timeout": 0}), 0, fd=epoll),
        Expected(
            "epoll_pwait",
            _ordered({**waited, "events": [Having(events="EPOLLIN", u32=4242)], "timeout": -1}),
            1,
            fd=epoll,
        ),
        Expected(
            "epoll_ctl",
            {"epfd": poll, "op": "EPOLL_CTL_MOD", "fd": reader, "event": Having(events="EPOLLET", u32=7)},
            0,
            fd=pipe,
        ),
        Expected("epoll_ctl", {"epfd": poll, "op": "EPOLL_CTL_DEL", "fd": reader, "event": None}, 0, fd=pipe),
    )


def _ordered(args: dict[str, object]) -> dict[str, object]:
    return {name: args[name] for name in ("epfd", "events", "maxevents", "timeout", "sigmask", "sigsetsize")}


def test_epoll_wait(watch: Watch) -> None:
    ready = (EpollEvent * 3)()

    def act() -> int:
        poll = system.epoll_create1(0)
        system.epoll_wait(poll, ready, 3, 0)
        system.epoll_wait(poll, ready, 0, 0)
        return poll

    seen = watch(act, "epoll_wait")
    epoll = {"num": seen.value, "type": "eventpoll"}
    seen.expect(
        Expected("epoll_wait", {"epfd": seen.value, "events": [], "maxevents": 3, "timeout": 0}, 0, fd=epoll),
        Expected(
            "epoll_wait", {"epfd": seen.value, "events": None, "maxevents": 0, "timeout": 0}, -errno.EINVAL, fd=epoll
        ),
    )


def test_poll(watch: Watch) -> None:
    fds = (PollFd * 2)()

    def act() -> tuple[int, int]:
        reader, writer = os.pipe()
        fds[0] = PollFd(reader, 1, 0)
        fds[1] = PollFd(writer, 4, 0)
        system.poll(fds, 2, 1000)
        return reader, writer

    seen = watch(act, "poll")
    reader, writer = seen.value
    seen.expect(
        Expected(
            "poll",
            {
                "fds": [
                    {"fd": reader, "events": "POLLIN", "revents": "0"},
                    {"fd": writer, "events": "POLLOUT", "revents": "POLLOUT"},
                ],
                "nfds": 2,
                "timeout": 1000,
            },
            1,
        )
    )


def test_ppoll(watch: Watch) -> None:
    fds = (PollFd * 1)()
    timeout = (ctypes.c_long * 2)(0, 1009)
    mask = ctypes.c_ulong(1 << 1)

    def act() -> int:
        fds[0] = PollFd(997, 1 | 2, 0)
        system.ppoll(fds, 1, timeout, mask, 8)
        system.ppoll(None, 0, timeout, None, 8)
        return 0

    seen = watch(act, "ppoll")
    seen.expect(
        Expected(
            "ppoll",
            {
                "fds": [{"fd": 997, "events": "POLLIN|POLLPRI", "revents": "POLLNVAL"}],
                "nfds": 1,
                "tmo_p": ANY,
                "sigmask": ["SIGINT"],
                "sigsetsize": 8,
            },
            1,
        ),
        Expected(
            "ppoll",
            {"fds": ANY, "nfds": 0, "tmo_p": {"tv_sec": 0, "tv_nsec": 0}, "sigmask": None, "sigsetsize": 8},
            0,
        ),
    )


def test_select(watch: Watch) -> None:
    reading, writing = (ctypes.c_ulong * 16)(), (ctypes.c_ulong * 16)()
    timeout = (ctypes.c_long * 2)(3, 0)

    def act() -> tuple[int, int]:
        reader, writer = os.pipe()
        os.write(writer, b"x")
        reading[reader // 64] |= 1 << reader % 64
        writing[writer // 64] |= 1 << writer % 64
        system.pselect6(max(reader, writer) + 1, reading, writing, None, timeout, None)
        return reader, writer

    seen = watch(act, "pselect6")
    reader, writer = seen.value
    seen.expect(
        Expected(
            "pselect6",
            {
                "n": max(reader, writer) + 1,
                "readfds": [reader],
                "writefds": [writer],
                "exceptfds": None,
                "timeout": ANY,
                "sig": None,
            },
            2,
        )
    )
