"""Names and structures of poll, select and epoll."""

from __future__ import annotations

from kindling.catalogue.tables.layout import BitSet, names, structure
from kindling.catalogue.types import (
    ADDRESS,
    FD,
    HEX64,
    SIZE,
    U32,
    Enum,
    Flags,
    Member,
    Structure,
)

_POLL_NAMES = names("""
    IN 0x1 PRI 0x2 OUT 0x4 ERR 0x8 HUP 0x10 NVAL 0x20 RDNORM 0x40 RDBAND 0x80 WRNORM 0x100 WRBAND 0x200 MSG 0x400
    RDHUP 0x2000
""")

POLL_EVENTS = Flags(
    table="POLL* events",
    size=2,
    values={f"POLL{name}": bit for name, bit in _POLL_NAMES.items()}
    | {"POLLREMOVE": 0x1000, "POLLFREE": 0x4000, "POLL_BUSY_LOOP": 0x8000},
)
POLLFD = structure(
    "pollfd",
    ("fd", FD, "the descriptor; a negative one is skipped"),
    ("events", POLL_EVENTS, "what is waited for; POLLERR, POLLHUP and POLLNVAL always are"),
    ("revents", POLL_EVENTS, "what happened"),
)

EPOLL_EVENTS = Flags(
    table="EPOLL* events",
    values={f"EPOLL{name}": bit for name, bit in _POLL_NAMES.items()}
    | names("""
        EPOLL_URING_WAKE 0x08000000 EPOLLEXCLUSIVE 0x10000000 EPOLLWAKEUP 0x20000000 EPOLLONESHOT 0x40000000
        EPOLLET 0x80000000
    """),
)
EPOLL_CREATE_FLAGS = Flags(table="epoll_create1 flags", values={"EPOLL_CLOEXEC": 0o2000000})
EPOLL_OPERATION = Enum(
    table="epoll_ctl operations",
    signed=True,
    values={"EPOLL_CTL_ADD": 1, "EPOLL_CTL_DEL": 2, "EPOLL_CTL_MOD": 3},
)
EPOLL_EVENT = Structure(
    "epoll_event",
    12,
    (
        Member("events", 0, EPOLL_EVENTS, "what is waited for, or what happened"),
        Member("u32", 4, U32, "low half of the caller's data, often a descriptor", offsets={"aarch64": 8}),
        Member("u64", 4, HEX64, "the caller's data, often a pointer", offsets={"aarch64": 8}),
    ),
    sizes={"aarch64": 16},
)
"""Packed on x86_64 only. The data is the caller's own, so it is shown in both readings that are common."""

DESCRIPTOR_SET = BitSet("n")
"""The fd_set of select, as long as its argument `n` says."""

SIGNAL_SET_ARGUMENT = structure(
    "signal set and its size",
    ("sigmask", ADDRESS, "where the signal set stands that is blocked during the wait; null leaves the mask as it is"),
    ("sigsetsize", SIZE, "bytes of the set, 8"),
)
"""What the last argument of pselect6 points to, because six arguments are all that a call may have."""
