"""Decoding of the time area: clocks, timers and sleep, against Python's constants and the kernel."""

from __future__ import annotations

import ctypes
import os
import platform
import signal
import struct
import threading
import time
from collections.abc import Iterator

import pytest

from kindling.catalogue.numbers import NUMBERS
from kindling.catalogue.syscalls.time import SYSCALLS
from kindling.catalogue.tables import time as tables
from kindling.catalogue.types import Call, Value

BY_NAME = {definition.name: definition for definition in SYSCALLS}
MACHINE = platform.machine()
native = pytest.mark.skipif(MACHINE not in ("x86_64", "aarch64"), reason="a machine whose calls are not known")


def kernel(name: str, *arguments: object) -> int:
    """Make a system call by its number of the catalogue."""
    libc = ctypes.CDLL(None, use_errno=True)
    result = int(libc.syscall(NUMBERS[name][MACHINE], *arguments))
    if result < 0:
        raise OSError(ctypes.get_errno(), name)
    return result


def fields(value: Value) -> dict[str, Value]:
    assert isinstance(value, dict)
    return value


def test_fixed_clocks_are_those_of_python() -> None:
    for name in dir(time):
        if name.startswith("CLOCK_"):
            assert tables.CLOCK_ID.decode(getattr(time, name)) == name
    assert tables.CLOCK_ID.decode(16) == "CLOCK_AUX"
    assert tables.CLOCK_ID.decode(19) == "CLOCK_AUX+3"
    assert tables.CLOCK_ID.decode(77) == "0x4d"


def test_dynamic_clocks() -> None:
    own = time.pthread_getcpuclockid(threading.get_ident())
    assert own < 0
    assert (
        tables.CLOCK_ID.decode(own & 0xFFFFFFFF) == f"MAKE_THREAD_CPUCLOCK({threading.get_native_id()}, CPUCLOCK_SCHED)"
    )
    assert tables.CLOCK_ID.decode(~812 << 3 & 0xFFFFFFFF) == "MAKE_PROCESS_CPUCLOCK(812, CPUCLOCK_PROF)"
    assert tables.CLOCK_ID.decode((~0 << 3 | 1) & 0xFFFFFFFF) == "MAKE_PROCESS_CPUCLOCK(0, CPUCLOCK_VIRT)"
    assert tables.CLOCK_ID.decode((~7 << 3 | 3) & 0xFFFFFFFF) == "FD_TO_CLOCKID(7)"
    assert tables.CLOCK_ID.decode(0xFFFFFFFF) == "-0x1"


def test_timer_names_are_those_of_python() -> None:
    for name in ("ITIMER_REAL", "ITIMER_VIRTUAL", "ITIMER_PROF"):
        assert tables.ITIMER.values[name] == getattr(signal, name)
    assert tables.TIMERFD_FLAGS.decode(os.O_CLOEXEC | os.O_NONBLOCK) == "TFD_CLOEXEC|TFD_NONBLOCK"
    assert tables.TIMERFD_SET_FLAGS.decode(3) == "TFD_TIMER_ABSTIME|TFD_TIMER_CANCEL_ON_SET"
    assert BY_NAME["timerfd_create"].descriptor == "ret"
    assert BY_NAME["timerfd_settime"].descriptor == "fd"


@pytest.fixture
def timer_fd() -> Iterator[int]:
    fd = kernel("timerfd_create", 1, 0)
    yield fd
    os.close(fd)


@native
def test_timer_descriptor_as_the_kernel_tells_it(timer_fd: int) -> None:
    kernel("timerfd_settime", timer_fd, 0, struct.pack("<qqqq", 7, 5, 1000, 0), None)
    buffer = ctypes.create_string_buffer(32)
    kernel("timerfd_gettime", timer_fd, buffer)
    shown = fields(BY_NAME["timerfd_gettime"].argument("curr_value").type.decode(1, (buffer.raw,)))
    assert shown["it_interval"] == {"tv_sec": 7, "tv_nsec": 5}
    left = fields(shown["it_value"])["tv_sec"]
    assert isinstance(left, int)
    assert 900 < left <= 1000


@native
def test_posix_timer_as_the_kernel_tells_it() -> None:
    event = struct.pack("<Qiii", 0x1234, int(signal.SIGUSR1), 1, 0).ljust(64, b"\0")
    number = ctypes.create_string_buffer(4)
    kernel("timer_create", 1, event, number)
    shown = BY_NAME["timer_create"].argument("timerid").type.decode(1, (number.raw,))
    assert isinstance(shown, int)
    kernel("timer_delete", shown)
    assert BY_NAME["timer_create"].argument("sevp").type.decode(1, (event,)) == {
        "sigev_value": "0x1234",
        "sigev_signo": "SIGUSR1",
        "sigev_notify": "SIGEV_NONE",
    }


def test_event_to_a_thread() -> None:
    data = struct.pack("<Qiii", 0, 34, 4, 815).ljust(64, b"\0")
    assert tables.SIGEVENT.unpack(data) == {
        "sigev_value": None,
        "sigev_signo": "SIGRT_2",
        "sigev_notify": "SIGEV_THREAD_ID",
        "sigev_notify_thread_id": 815,
    }


@native
def test_clock_discipline_as_the_kernel_tells_it() -> None:
    buffer = ctypes.create_string_buffer(208)
    state = kernel("adjtimex", buffer)
    assert tables.CLOCK_STATE.decode(state) in tables.CLOCK_STATE.values
    shown = fields(tables.TIMEX.unpack(buffer.raw))
    assert shown["modes"] == "0"
    assert shown["tick"] == 10000
    now = fields(shown["time"])["tv_sec"]
    assert isinstance(now, int)
    assert abs(now - time.time()) < 60


def test_discipline_modes() -> None:
    assert tables.ADJUST_MODES.decode(0x8001) == "ADJ_OFFSET_SINGLESHOT"
    assert tables.ADJUST_MODES.decode(0xA001) == "ADJ_OFFSET_SS_READ"
    assert tables.ADJUST_MODES.decode(0x2001) == "ADJ_OFFSET|ADJ_NANO"
    assert tables.CLOCK_STATUS.decode(0x2041) == "STA_PLL|STA_UNSYNC|STA_NANO"


def test_remaining_time_only_after_an_interruption() -> None:
    left = BY_NAME["clock_nanosleep"].argument("remain").type
    data = (struct.pack("<qq", 3, 4),)
    for ret in (-4, -516):
        assert left.decode(1, data, Call({}, ret)) == {"tv_sec": 3, "tv_nsec": 4}
    for ret in (0, -22):
        assert left.decode(1, data, Call({}, ret)) is None


@native
def test_times_as_the_kernel_tells_them() -> None:
    buffer = ctypes.create_string_buffer(32)
    kernel("times", buffer)
    shown = fields(BY_NAME["times"].argument("buf").type.decode(1, (buffer.raw,)))
    ticks = shown["tms_utime"]
    assert isinstance(ticks, int)
    assert abs(ticks / os.sysconf("SC_CLK_TCK") - os.times().user) < 1
