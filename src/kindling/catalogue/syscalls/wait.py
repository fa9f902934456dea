"""System calls that wait for descriptors: poll, select, epoll."""

from __future__ import annotations

from kindling.catalogue.define import Category, Result, arg, inout, out, syscall
from kindling.catalogue.model import Definition
from kindling.catalogue.tables.common import SIGNAL_SET, TIMESPEC_POINTER, TIMEVAL_POINTER
from kindling.catalogue.tables.wait import (
    DESCRIPTOR_SET,
    EPOLL_CREATE_FLAGS,
    EPOLL_EVENT,
    EPOLL_OPERATION,
    POLLFD,
    SIGNAL_SET_ARGUMENT,
)
from kindling.catalogue.types import (
    ADDRESS,
    COUNT32,
    FD,
    I32,
    MILLISECONDS,
    SIZE,
    Array,
    Pointer,
    Quantity,
)

_READY = {
    "EINTR": "a signal arrived before anything was ready",
    "EFAULT": "an argument does not point to accessible memory",
    "ENOMEM": "memory is short",
}
_POLL = _READY | {"EINVAL": "nfds is greater than the process may have descriptors, or the timeout is invalid"}
_SELECT = _READY | {
    "EBADF": "a set contains a descriptor that is not open",
    "EINVAL": "n is negative, or the timeout is invalid",
}
_EPOLL_WAIT = {
    "EINTR": "a signal arrived before anything was ready",
    "EBADF": "epfd is not an open descriptor",
    "EINVAL": "epfd is not an epoll instance, or maxevents is not positive",
    "EFAULT": "events is not writable memory",
}
_EPOLL_PWAIT = {
    **_EPOLL_WAIT,
    "EINVAL": "epfd is not an epoll instance, maxevents is not positive, or sigsetsize or timeout is invalid",
}
_EPOLL_CREATE = {
    "EINVAL": "size is not positive, or a flag is unknown",
    "EMFILE": "the process has as many descriptors as it may have",
    "ENFILE": "the system has as many open files as it may have",
    "ENOMEM": "memory is short",
}

_POLLFDS = Array(POLLFD, "nfds", 64)
_EVENTS = Array(EPOLL_EVENT, "ret", 64)
_DESCRIPTOR_COUNT = Quantity(4, unit="count")
_READY_COUNT = "entries with events; 0 when the time ran out"
_READY_DESCRIPTORS = "descriptors in the three sets together; 0 when the time ran out"
_EVENT_COUNT = "events in the array; 0 when the time ran out"

_READ_SET = "descriptors that can be read from; after the call those of the asked that can"
_WRITE_SET = "descriptors that can be written to; after the call those of the asked that can"
_EXCEPT_SET = (
    "descriptors with an exceptional condition such as urgent data; after the call those of the asked that have one"
)

SYSCALLS: tuple[Definition, ...] = (
    syscall(
        "poll",
        Category.WAIT,
        "Wait until one of several descriptors is ready, with a timeout in milliseconds.",
        inout("fds", _POLLFDS, "descriptors with the events asked for and (revents) those that happened; the first 64"),
        arg("nfds", _DESCRIPTOR_COUNT, "how many entries fds has"),
        arg("timeout", MILLISECONDS, "how long to wait; 0 only looks, a negative number waits for ever"),
        result=Result(I32, _READY_COUNT, _POLL),
        related=("ppoll", "select", "epoll_wait"),
        fd="",
    ),
    syscall(
        "ppoll",
        Category.WAIT,
        "Wait until one of several descriptors is ready, as poll does, with a timeout in nanoseconds and with other "
        "signals blocked while it waits.",
        inout("fds", _POLLFDS, "descriptors with the events asked for and (revents) those that happened; the first 64"),
        arg("nfds", _DESCRIPTOR_COUNT, "how many entries fds has"),
        inout("tmo_p", TIMESPEC_POINTER, "how long to wait, afterwards what is left of it; null waits for ever"),
        arg("sigmask", SIGNAL_SET, "signals blocked while it waits; null leaves them as they are"),
        arg("sigsetsize", SIZE, "size of sigmask, 8"),
        result=Result(I32, _READY_COUNT, _POLL),
        related=("poll", "pselect6", "epoll_pwait"),
        manual="poll(2)",
        fd="",
    ),
    syscall(
        "select",
        Category.WAIT,
        "Wait until one of the descriptors in three sets is ready. The sets are replaced by what is ready; a set of "
        "the C library holds descriptors below 1024 only.",
        arg("n", COUNT32, "the highest descriptor in the sets plus one"),
        inout("readfds", DESCRIPTOR_SET, _READ_SET),
        inout("writefds", DESCRIPTOR_SET, _WRITE_SET),
        inout("exceptfds", DESCRIPTOR_SET, _EXCEPT_SET),
        inout("timeout", TIMEVAL_POINTER, "how long to wait, afterwards what is left of it; null waits for ever"),
        result=Result(I32, _READY_DESCRIPTORS, _SELECT),
        related=("pselect6", "poll", "epoll_wait"),
        fd="",
    ),
    syscall(
        "pselect6",
        Category.WAIT,
        "Wait until one of the descriptors in three sets is ready, as select does, with a timeout in nanoseconds and "
        "with other signals blocked while it waits. Select of the C library is this call where there is no select.",
        arg("n", COUNT32, "the highest descriptor in the sets plus one"),
        inout("readfds", DESCRIPTOR_SET, _READ_SET),
        inout("writefds", DESCRIPTOR_SET, _WRITE_SET),
        inout("exceptfds", DESCRIPTOR_SET, _EXCEPT_SET),
        inout("timeout", TIMESPEC_POINTER, "how long to wait, afterwards what is left of it; null waits for ever"),
        arg("sig", Pointer(SIGNAL_SET_ARGUMENT), "where the signals blocked while it waits are, and their size"),
        result=Result(I32, _READY_DESCRIPTORS, _SELECT),
        related=("select", "ppoll", "epoll_pwait"),
        manual="select(2)",
        fd="",
    ),
    syscall(
        "epoll_create",
        Category.WAIT,
        "Create an epoll instance: a set of descriptors that the kernel watches. epoll_create1 has flags, too.",
        arg("size", COUNT32, "once a hint how many descriptors would be watched; must be positive, means nothing"),
        result=Result(FD, "descriptor of the epoll instance", _EPOLL_CREATE),
        related=("epoll_create1", "epoll_ctl", "epoll_wait"),
    ),
    syscall(
        "epoll_create1",
        Category.WAIT,
        "Create an epoll instance: a set of descriptors that the kernel watches.",
        arg("flags", EPOLL_CREATE_FLAGS, "flags of the new descriptor"),
        result=Result(FD, "descriptor of the epoll instance", _EPOLL_CREATE),
        related=("epoll_create", "epoll_ctl", "epoll_wait"),
        manual="epoll_create(2)",
    ),
    syscall(
        "epoll_ctl",
        Category.WAIT,
        "Add a descriptor to an epoll instance, remove it, or change what to wait for. The descriptor of the event is "
        "the watched one.",
        arg("epfd", FD, "the epoll instance"),
        arg("op", EPOLL_OPERATION, "whether to add, remove or change"),
        arg("fd", FD, "the descriptor to watch"),
        arg("event", Pointer(EPOLL_EVENT), "what to wait for, and data that the events carry; not needed to remove"),
        result=Result(
            I32,
            "0 on success",
            {
                "EBADF": "epfd or fd is not an open descriptor",
                "EEXIST": "fd is in the set already",
                "ENOENT": "fd is not in the set",
                "EPERM": "fd is of a kind that is always ready: a regular file or directory",
                "EINVAL": "epfd is not an epoll instance, or fd is epfd, or EPOLLEXCLUSIVE is used where it cannot be",
                "ELOOP": "epoll instances would watch each other in a circle, or too deeply",
                "ENOSPC": "the user watches as many descriptors as fs.epoll.max_user_watches",
            },
        ),
        related=("epoll_create1", "epoll_wait", "epoll_pwait"),
        fd="fd",
    ),
    syscall(
        "epoll_wait",
        Category.WAIT,
        "Wait until a descriptor in an epoll instance is ready, with a timeout in milliseconds.",
        arg("epfd", FD, "the epoll instance"),
        out("events", _EVENTS, "the events with the data that came with their descriptors; the first 64"),
        arg("maxevents", COUNT32, "how many events there is room for"),
        arg("timeout", MILLISECONDS, "how long to wait; 0 only looks, a negative number waits for ever"),
        result=Result(I32, _EVENT_COUNT, _EPOLL_WAIT),
        related=("epoll_pwait", "epoll_pwait2", "epoll_ctl", "poll"),
    ),
    syscall(
        "epoll_pwait",
        Category.WAIT,
        "Wait until a descriptor in an epoll instance is ready, as epoll_wait does, with other signals blocked while it"
        " waits.",
        arg("epfd", FD, "the epoll instance"),
        out("events", _EVENTS, "the events with the data that came with their descriptors; the first 64"),
        arg("maxevents", COUNT32, "how many events there is room for"),
        arg("timeout", MILLISECONDS, "how long to wait; 0 only looks, a negative number waits for ever"),
        arg("sigmask", SIGNAL_SET, "signals blocked while it waits; null leaves them as they are"),
        arg("sigsetsize", SIZE, "size of sigmask, 8"),
        result=Result(I32, _EVENT_COUNT, _EPOLL_PWAIT),
        related=("epoll_wait", "epoll_pwait2", "epoll_ctl", "ppoll"),
        manual="epoll_wait(2)",
    ),
    syscall(
        "epoll_pwait2",
        Category.WAIT,
        "Wait until a descriptor in an epoll instance is ready, as epoll_pwait does, with a timeout in nanoseconds.",
        arg("epfd", FD, "the epoll instance"),
        out("events", _EVENTS, "the events with the data that came with their descriptors; the first 64"),
        arg("maxevents", COUNT32, "how many events there is room for"),
        arg("timeout", TIMESPEC_POINTER, "how long to wait; null waits for ever"),
        arg("sigmask", SIGNAL_SET, "signals blocked while it waits; null leaves them as they are"),
        arg("sigsetsize", SIZE, "size of sigmask, 8"),
        result=Result(I32, _EVENT_COUNT, _EPOLL_PWAIT),
        related=("epoll_pwait", "epoll_wait", "epoll_ctl"),
        manual="epoll_wait(2)",
        since="5.11",
    ),
    syscall(
        "epoll_ctl_old",
        Category.WAIT,
        "A number kept from the first version of epoll. It was never in a released kernel and always fails.",
        arg("epfd", FD, "not used"),
        arg("op", EPOLL_OPERATION, "not used"),
        arg("fd", FD, "not used"),
        arg("event", ADDRESS, "not used"),
        result=Result(I32, "never succeeds", {"ENOSYS": "always"}),
        related=("epoll_ctl",),
        manual="unimplemented(2)",
    ),
    syscall(
        "epoll_wait_old",
        Category.WAIT,
        "A number kept from the first version of epoll. It was never in a released kernel and always fails.",
        arg("epfd", FD, "not used"),
        arg("events", ADDRESS, "not used"),
        arg("maxevents", COUNT32, "not used"),
        arg("timeout", MILLISECONDS, "not used"),
        result=Result(I32, "never succeeds", {"ENOSYS": "always"}),
        related=("epoll_wait",),
        manual="unimplemented(2)",
    ),
)
