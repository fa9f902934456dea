"""Decoding of the signal area, against what the kernel itself writes."""

from __future__ import annotations

import ctypes
import os
import platform
import signal
import struct
import threading

import pytest

from kindling.catalogue.numbers import NUMBERS
from kindling.catalogue.syscalls.signal import SYSCALLS
from kindling.catalogue.tables import signal as tables
from kindling.catalogue.tables.common import SIGNAL, SignalSet
from kindling.catalogue.types import Value

BY_NAME = {definition.name: definition for definition in SYSCALLS}
MACHINE = platform.machine()
native = pytest.mark.skipif(MACHINE not in ("x86_64", "aarch64"), reason="a machine whose calls are not known")
INFO = tables.SignalInfo()


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


def info(number: int, code: int, union: bytes, error: int = 0) -> dict[str, Value]:
    return fields(INFO.unpack((struct.pack("<iii4x", number, error, code) + union).ljust(48, b"\0")))


@native
def test_sigaction_as_the_kernel_tells_it() -> None:
    def handler(number: int, frame: object) -> None: ...

    buffer = ctypes.create_string_buffer(32)
    before = signal.signal(signal.SIGUSR2, handler)
    try:
        signal.siginterrupt(signal.SIGUSR2, False)
        kernel("rt_sigaction", int(signal.SIGUSR2), None, buffer, ctypes.c_size_t(8))
    finally:
        signal.signal(signal.SIGUSR2, before)
    shown = fields(tables.SIGACTION.unpack(buffer.raw))
    assert str(shown["sa_handler"]).startswith("0x")
    assert shown["sa_mask"] == []
    assert "SA_RESTART" in str(shown["sa_flags"])
    kernel("rt_sigaction", int(signal.SIGPIPE), None, buffer, ctypes.c_size_t(8))
    assert fields(tables.SIGACTION.unpack(buffer.raw))["sa_handler"] == "SIG_IGN"
    assert BY_NAME["rt_sigaction"].argument("oldact").type.decode(1, (buffer.raw,)) == tables.SIGACTION.unpack(
        buffer.raw
    )


@native
def test_signal_mask_as_the_kernel_tells_it() -> None:
    buffer = ctypes.create_string_buffer(8)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1, signal.SIGWINCH})
    try:
        kernel("rt_sigprocmask", 0, None, buffer, ctypes.c_size_t(8))
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    shown = SignalSet().unpack(buffer.raw)
    assert isinstance(shown, list)
    assert {"SIGUSR1", "SIGWINCH"} <= set(shown)
    assert tables.SIGPROCMASK_HOW.values == {
        name: getattr(signal, name) for name in ("SIG_BLOCK", "SIG_UNBLOCK", "SIG_SETMASK")
    }


@native
def test_waiting_for_a_queued_signal() -> None:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGRTMIN})
    try:
        sent = struct.pack("<iii4xiIQ", 0, 0, -1, os.getpid(), os.getuid(), 4711).ljust(128, b"\0")
        # To this thread: others of the process, which libraries may have started, do not block the signal.
        kernel("rt_tgsigqueueinfo", os.getpid(), threading.get_native_id(), int(signal.SIGRTMIN), sent)
        taken = ctypes.create_string_buffer(128)
        mask = struct.pack("<Q", 1 << int(signal.SIGRTMIN) - 1)
        number = kernel("rt_sigtimedwait", mask, taken, struct.pack("<qq", 1, 0), ctypes.c_size_t(8))
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    assert SIGNAL.show(number, MACHINE) == f"SIGRT_{int(signal.SIGRTMIN) - 32}"
    assert INFO.unpack(taken.raw) == {
        "si_signo": f"SIGRT_{int(signal.SIGRTMIN) - 32}",
        "si_code": "SI_QUEUE",
        "si_pid": os.getpid(),
        "si_uid": os.getuid(),
        "si_int": 4711,
        "si_ptr": "0x1267",
    }


@native
def test_waitid_as_the_kernel_tells_it() -> None:
    child = os.fork()
    if child == 0:
        os._exit(7)
    buffer = ctypes.create_string_buffer(128)
    kernel("waitid", 1, child, buffer, 4, None)
    assert tables.SignalInfo(times=False).unpack(buffer.raw) == {
        "si_signo": "SIGCHLD",
        "si_code": "CLD_EXITED",
        "si_pid": child,
        "si_uid": os.getuid(),
        "si_status": 7,
    }


@native
def test_alternate_stack_as_the_kernel_tells_it() -> None:
    buffer = ctypes.create_string_buffer(24)
    kernel("sigaltstack", None, buffer)
    shown = fields(tables.SIGNAL_STACK.unpack(buffer.raw))
    assert shown["ss_flags"] in ("0", "SS_DISABLE", "SS_AUTODISARM")
    assert tables.SS_FLAGS.show(0x80000002, MACHINE) == "SS_DISABLE|SS_AUTODISARM"


def test_senders() -> None:
    union = struct.pack("<iIQ", 812, 33, 9)
    assert info(15, 0, union) == {"si_signo": "SIGTERM", "si_code": "SI_USER", "si_pid": 812, "si_uid": 33}
    assert info(6, -6, union) == {"si_signo": "SIGABRT", "si_code": "SI_TKILL", "si_pid": 812, "si_uid": 33}
    assert info(5, 5 | 6 << 8, union)["si_code"] == "SIGTRAP|PTRACE_EVENT_EXIT<<8"
    assert info(15, 0, union, 2)["si_errno"] == "ENOENT"
    assert info(15, 0, union, 5000)["si_errno"] == 5000


def test_children() -> None:
    union = struct.pack("<iIi4xqq", 812, 33, 11, 5, 6)
    shown = info(17, 3, union)
    assert (shown["si_code"], shown["si_status"]) == ("CLD_DUMPED", "SIGSEGV")
    assert (shown["si_utime"], shown["si_stime"]) == (5, 6)


def test_faults() -> None:
    address = struct.pack("<Q", 0x7F00)
    assert info(11, 1, address) == {"si_signo": "SIGSEGV", "si_code": "SEGV_MAPERR", "si_addr": "0x7f00"}
    bounds = address + struct.pack("<8xQQ", 1, 2)
    assert (info(11, 3, bounds)["si_lower"], info(11, 3, bounds)["si_upper"]) == ("0x1", "0x2")
    assert info(11, 4, address + struct.pack("<8xI", 5))["si_pkey"] == 5
    assert info(7, 5, address + struct.pack("<h", 12))["si_addr_lsb"] == 12
    perf = info(5, 6, address + struct.pack("<QII", 1, 2, 3))
    assert (perf["si_code"], perf["si_perf_data"], perf["si_perf_type"]) == ("TRAP_PERF", 1, 2)
    assert info(8, 15, address)["si_code"] == "FPE_CONDTRAP"


def test_timers_descriptors_and_filtered_calls() -> None:
    timer = info(14, -2, struct.pack("<iiQ", 3, 2, 0))
    assert (timer["si_timerid"], timer["si_overrun"], timer["si_ptr"]) == (3, 2, None)
    assert info(29, 1, struct.pack("<qi", 0x41, 7)) == {
        "si_signo": "SIGIO",
        "si_code": "POLL_IN",
        "si_band": 0x41,
        "si_fd": 7,
    }
    assert info(34, 2, struct.pack("<qi", 4, 7))["si_fd"] == 7
    filtered = info(31, 1, struct.pack("<QiI", 0x400000, 56, 0xC00000B7))
    assert (filtered["si_code"], filtered["si_syscall"]) == ("SYS_SECCOMP", "openat")
    assert filtered["si_arch"] == "AUDIT_ARCH_AARCH64"
    assert info(31, 1, struct.pack("<QiI", 0, 5, 0x40000003))["si_syscall"] == 5


def test_handlers_and_flags() -> None:
    assert tables.SIGNAL_HANDLER.decode(1) == "SIG_IGN"
    assert tables.SIGNAL_HANDLER.decode((1 << 64) - 1) == "SIG_ERR"
    assert tables.SA_FLAGS.decode(0x14000004) == "SA_RESTORER|SA_SIGINFO|SA_RESTART"
    assert tables.PIDFD_SIGNAL_FLAGS.decode(4) == "PIDFD_SIGNAL_PROCESS_GROUP"


def test_short_copies_are_null() -> None:
    for data in ((), (None,), (b"\0" * 47,)):
        assert tables.SIGNAL_INFO.decode(1, data) is None


def test_results_and_descriptors() -> None:
    result = BY_NAME["rt_sigtimedwait"].result
    assert result is not None
    assert result.type.decode(15) == "SIGTERM"
    assert BY_NAME["kill"].descriptor is None
