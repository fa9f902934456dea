"""poll, select and epoll: their names, structures and definitions."""

from __future__ import annotations

import ctypes
import os
import select
import struct
from ctypes.util import find_library

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kindling.catalogue.syscalls.wait import SYSCALLS
from kindling.catalogue.tables.layout import BitSet, names
from kindling.catalogue.tables.wait import (
    DESCRIPTOR_SET,
    EPOLL_CREATE_FLAGS,
    EPOLL_EVENT,
    EPOLL_EVENTS,
    EPOLL_OPERATION,
    POLL_EVENTS,
    POLLFD,
)
from kindling.catalogue.types import Array, Call, Enum, Flags, LengthFrom

BY_NAME = {definition.name: definition for definition in SYSCALLS}


def test_descriptor_of_epoll_ctl_is_the_watched_one() -> None:
    assert BY_NAME["epoll_ctl"].descriptor == "fd"
    assert BY_NAME["epoll_wait"].descriptor == "epfd"
    assert BY_NAME["epoll_create1"].descriptor == "ret"
    assert BY_NAME["select"].descriptor is None
    assert BY_NAME["poll"].descriptor is None


@pytest.mark.parametrize("table", [POLL_EVENTS, EPOLL_EVENTS, EPOLL_CREATE_FLAGS, EPOLL_OPERATION])
def test_numbers_agree_with_python(table: Flags | Enum) -> None:
    known = {name: getattr(select, name) & 0xFFFFFFFF for name in table.values if hasattr(select, name)}
    assert known == {name: table.values[name] for name in known}
    assert known or table is EPOLL_OPERATION


def test_pollfd_as_the_kernel_writes_it() -> None:
    class PollFd(ctypes.Structure):
        _fields_ = (("fd", ctypes.c_int), ("events", ctypes.c_short), ("revents", ctypes.c_short))

    libc = ctypes.CDLL(find_library("c"))
    reader, writer = os.pipe()
    os.write(writer, b"x")
    entries = (PollFd * 2)(PollFd(reader, select.POLLIN), PollFd(987, select.POLLIN | select.POLLOUT))
    assert libc.poll(entries, 2, 0) == 2
    os.close(reader)
    os.close(writer)
    assert Array(POLLFD, "nfds").decode(1, [bytes(entries)]) == [
        {"fd": reader, "events": "POLLIN", "revents": "POLLIN"},
        {"fd": 987, "events": "POLLIN|POLLOUT", "revents": "POLLNVAL"},
    ]


def test_epoll_event_is_packed_on_x86_64_only() -> None:
    packed = struct.pack("<IQ", 0x80000001, 0x7F00_0000_0009)
    shown = {"events": "EPOLLIN|EPOLLET", "u32": 9, "u64": "0x7f0000000009"}
    assert EPOLL_EVENT.unpack(packed) == shown
    padded = struct.pack("<IxxxxQ", 0x80000001, 0x7F00_0000_0009)
    assert EPOLL_EVENT.unpack(padded, Call({}, machine="aarch64")) == shown
    events = BY_NAME["epoll_wait"].argument("events").type
    assert events.decode(1, [packed * 2]) == [shown, shown]
    assert [capture.length for capture in events.captures("x86_64")] == [12]
    assert [capture.length for capture in events.captures("aarch64")] == [16]


def test_unknown_events_stay_visible() -> None:
    assert EPOLL_EVENTS.show(0x00800001, "x86_64") == "EPOLLIN|0x800000"


def test_sets_of_select() -> None:
    bits = (1 << 3 | 1 << 64 | 1 << 70).to_bytes(16, "little")
    assert DESCRIPTOR_SET.decode(1, [bits], Call({"n": 71})) == [3, 64, 70]
    assert DESCRIPTOR_SET.decode(1, [bits], Call({"n": 70})) == [3, 64]
    assert DESCRIPTOR_SET.decode(1, [bits], Call({"n": 0})) == []
    assert DESCRIPTOR_SET.decode(0, [None], Call({"n": 8})) is None
    assert DESCRIPTOR_SET.decode(0, [], Call({"n": 8})) is None
    (capture,) = DESCRIPTOR_SET.captures()
    assert (capture.length_from, capture.length_argument) == (LengthFrom.ARGUMENT, "n")


@given(st.sets(st.integers(0, 1023)), st.integers(0, 1024))
def test_sets_hold_what_is_below_the_count(numbers: set[int], count: int) -> None:
    bits = sum(1 << number for number in numbers).to_bytes(128, "little")
    assert BitSet("n").decode(1, [bits], Call({"n": count})) == sorted(n for n in numbers if n < count)
    assert BitSet("n", beyond=-1).decode(1, [bits], Call({"n": count})) == sorted(n for n in numbers if n < count - 1)


@given(st.binary(max_size=64), st.integers(0, 2**64 - 1))
def test_any_bytes_are_a_set(data: bytes, count: int) -> None:
    assert isinstance(DESCRIPTOR_SET.decode(1, [data], Call({"n": count})), list)


def test_names_need_a_number_each() -> None:
    assert names(" A 1\n B 0x10 ") == {"A": 1, "B": 16}
    with pytest.raises(ValueError, match="shorter"):
        names("A 1 B")
