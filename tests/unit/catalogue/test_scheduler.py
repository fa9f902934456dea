"""Decoding of the scheduler area: policies, CPU sets, priorities and futexes, against the kernel itself."""

from __future__ import annotations

import ctypes
import os
import platform
import struct

import pytest

from kindling.catalogue.numbers import NUMBERS
from kindling.catalogue.syscalls.scheduler import SYSCALLS
from kindling.catalogue.tables import scheduler as tables
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


def futex(argument: str, op: int, raw: int, data: bytes | None = None) -> Value:
    definition = BY_NAME["futex"]
    shown: Value = definition.argument(argument).type.decode(raw, (data,), Call({"op": op, argument: raw}))
    return shown


def test_policies_are_those_of_python() -> None:
    values = tables._POLICIES
    for name in ("SCHED_FIFO", "SCHED_RR", "SCHED_BATCH", "SCHED_IDLE"):
        assert values[name] == getattr(os, name)
    assert values["SCHED_NORMAL"] == os.SCHED_OTHER
    assert tables.SCHED_POLICY.decode(os.SCHED_RR | os.SCHED_RESET_ON_FORK) == "SCHED_RR|SCHED_RESET_ON_FORK"
    assert tables.SCHED_POLICY.decode(0) == "SCHED_NORMAL"
    assert tables.SCHED_POLICY.decode(9) == "0x9"
    for name in ("PRIO_PROCESS", "PRIO_PGRP", "PRIO_USER"):
        assert tables.PRIORITY_WHICH.values[name] == getattr(os, name)


@native
def test_affinity_as_the_kernel_tells_it() -> None:
    buffer = ctypes.create_string_buffer(1024)
    size = kernel("sched_getaffinity", 0, ctypes.c_size_t(len(buffer)), buffer)
    shown = BY_NAME["sched_getaffinity"].argument("mask").type.decode(1, (buffer.raw[:size],))
    cpus: set[int] = set()
    for part in str(shown).split(","):
        first, _, last = part.partition("-")
        cpus |= set(range(int(first), int(last or first) + 1))
    assert cpus == os.sched_getaffinity(0)


@pytest.mark.parametrize(
    ("mask", "shown"),
    [(b"", ""), (b"\0" * 8, ""), (b"\x0f\x01", "0-3,8"), (b"\x05", "0,2"), (b"\0" * 16 + b"\xff", "128-135")],
)
def test_cpu_lists(mask: bytes, shown: str) -> None:
    assert tables.CpuSet().decode(1, (mask,)) == shown


@native
def test_attributes_as_the_kernel_tells_them() -> None:
    buffer = ctypes.create_string_buffer(56)
    kernel("sched_getattr", 0, buffer, 56, 0)
    shown = BY_NAME["sched_getattr"].argument("attr").type.decode(1, (buffer.raw,))
    assert isinstance(shown, dict)
    assert shown["size"] == 56
    assert shown["sched_policy"] in tables._POLICIES
    assert shown["sched_nice"] == os.getpriority(os.PRIO_PROCESS, 0)


def test_attributes_end_at_their_own_size() -> None:
    data = struct.pack("<IIQiIQQQII", 48, 6, 0x21, 0, 0, 10, 20, 30, 77, 78)
    shown = tables.SCHED_ATTR.unpack(data)
    assert isinstance(shown, dict)
    assert shown["sched_flags"] == "SCHED_FLAG_RESET_ON_FORK|SCHED_FLAG_UTIL_CLAMP_MIN"
    assert (shown["sched_policy"], shown["sched_period"]) == ("SCHED_DEADLINE", 30)
    assert "sched_util_min" not in shown
    assert tables.SCHED_ATTR.unpack(b"\0" * 4 + data[4:]) == {**shown, "size": 0}


def test_io_priorities() -> None:
    assert tables.IOPRIO.decode(2 << 13 | 4) == "IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 4)"
    assert tables.IOPRIO.decode(0) == "IOPRIO_PRIO_VALUE(IOPRIO_CLASS_NONE, 0)"
    assert tables.IOPRIO.decode(1 << 13 | 3 << 3 | 1) == (
        "IOPRIO_PRIO_VALUE_HINT(IOPRIO_CLASS_RT, 1, IOPRIO_HINT_DEV_DURATION_LIMIT_3)"
    )
    assert tables.IOPRIO.decode(5 << 13) == "IOPRIO_PRIO_VALUE(0x5, 0)"
    assert tables.IOPRIO.decode(0x12345678) == "0x12345678"
    assert tables.IOPRIO.decode((1 << 64) - 1) == "-0x1"


def test_futex_operations() -> None:
    assert tables.FUTEX_OPERATION.decode(393) == "FUTEX_WAIT_BITSET|FUTEX_PRIVATE_FLAG|FUTEX_CLOCK_REALTIME"
    assert tables.FUTEX_OPERATION.decode(0) == "FUTEX_WAIT"
    assert tables.FUTEX_OPERATION.decode(129) == "FUTEX_WAKE|FUTEX_PRIVATE_FLAG"
    assert tables.FUTEX_OPERATION.decode(0x1000 | 100) == "0x1064"


def test_futex_arguments_depend_on_the_operation() -> None:
    timeout = struct.pack("<qq", 1, 500)
    shown = {"tv_sec": 1, "tv_nsec": 500}
    assert futex("timeout", 128, 0x1000, timeout) == shown
    assert futex("timeout", 393, 0x1000, timeout) == shown
    assert futex("timeout", 128, 0, None) is None
    assert futex("timeout", 129, 0x1000, timeout) is None
    assert futex("timeout", 132, 7, None) == 7
    assert futex("val", 128, 2) == 2
    assert futex("val", 129, 0x7FFFFFFF) == 0x7FFFFFFF
    assert futex("uaddr2", 132, 0x2000) == "0x2000"
    assert futex("uaddr2", 129, 0x2000) is None
    assert futex("val3", 393, 0xFFFFFFFF) == "FUTEX_BITSET_MATCH_ANY"
    assert futex("val3", 138, 3) == "0x3"
    assert futex("val3", 128, 3) is None
    assert futex("val3", 100, 3) == "0x3"


def test_futex_wake_op() -> None:
    assert futex("val3", 133, 0x04000001) == "FUTEX_OP(FUTEX_OP_SET, 0, FUTEX_OP_CMP_GT, 1)"
    assert futex("val3", 133, 0x91FFFFFF) == "FUTEX_OP(FUTEX_OP_ADD|FUTEX_OP_OPARG_SHIFT, -1, FUTEX_OP_CMP_NE, -1)"
    assert futex("val3", 133, 0x7F000000) == "FUTEX_OP(0x7, 0, 0xf, 0)"


def test_futex_vectors() -> None:
    data = struct.pack("<QQII", 5, 0x1000, 0x82, 0) + struct.pack("<QQII", 6, 0x2000, 0, 0)
    assert BY_NAME["futex_waitv"].argument("waiters").type.decode(1, (data,)) == [
        {"val": "0x5", "uaddr": "0x1000", "flags": "FUTEX2_SIZE_U32|FUTEX2_PRIVATE"},
        {"val": "0x6", "uaddr": "0x2000", "flags": "FUTEX2_SIZE_U8"},
    ]
    assert BY_NAME["futex_wake"].argument("mask").type.decode(0xFFFFFFFF) == "FUTEX_BITSET_MATCH_ANY"


@native
def test_robust_list_as_the_kernel_tells_it() -> None:
    head, length = ctypes.create_string_buffer(8), ctypes.create_string_buffer(8)
    kernel("get_robust_list", 0, head, length)
    definition = BY_NAME["get_robust_list"]
    assert definition.argument("len_ptr").type.decode(1, (length.raw,)) == 24
    assert str(definition.argument("head_ptr").type.decode(1, (head.raw,))).startswith("0x")


@native
def test_cpu_as_the_kernel_tells_it() -> None:
    cpu = ctypes.create_string_buffer(4)
    kernel("getcpu", cpu, None, None)
    shown = BY_NAME["getcpu"].argument("cpu").type.decode(1, (cpu.raw,))
    assert shown in os.sched_getaffinity(0)
