"""Decoding of the user area: ids, groups and capabilities, against the kernel."""

from __future__ import annotations

import ctypes
import os
import platform
import re
import struct
from pathlib import Path

import pytest

from kindling.catalogue.numbers import NUMBERS
from kindling.catalogue.syscalls.user import SYSCALLS
from kindling.catalogue.tables import user as tables
from kindling.catalogue.types import Call

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


@native
def test_capabilities_as_the_kernel_tells_them() -> None:
    data = ctypes.create_string_buffer(24)
    kernel("capget", struct.pack("<Ii", 0x20080522, 0), data)
    shown = BY_NAME["capget"].argument("datap").type.decode(1, (data.raw,))
    status = Path("/proc/thread-self/status").read_text()
    masks = {name: int(mask, 16) for name, mask in re.findall(r"Cap(\w{3}):\s+(\w+)", status)}
    assert shown == {
        "effective": tables.capability_names(masks["Eff"]),
        "permitted": tables.capability_names(masks["Prm"]),
        "inheritable": tables.capability_names(masks["Inh"]),
    }


def test_capability_names() -> None:
    assert tables.capability_names(0) == []
    assert tables.capability_names(1 << 41 | 1) == ["CAP_CHOWN", "0x20000000000"]
    everything = (1 << 41) - 1
    assert tables.capability_names(everything) == ["~"]
    assert tables.capability_names(everything & ~(1 << 21)) == ["~", "CAP_SYS_ADMIN"]
    assert tables.capability_names(1 << 40 | 1 << 12) == ["CAP_NET_ADMIN", "CAP_CHECKPOINT_RESTORE"]
    assert tables.CAPABILITY.decode(39) == "CAP_BPF"


def test_capability_halves_belong_together() -> None:
    data = struct.pack("<6I", 1 << 12, 1 << 13, 0, 1 << 7, 1 << 8, 0)
    assert BY_NAME["capset"].argument("datap").type.decode(1, (data,)) == {
        "effective": ["CAP_NET_ADMIN", "CAP_BPF"],
        "permitted": ["CAP_NET_RAW", "CAP_CHECKPOINT_RESTORE"],
        "inheritable": [],
    }
    for short in ((), (None,), (data[:12],)):
        assert BY_NAME["capset"].argument("datap").type.decode(1, short) is None


def test_capability_header() -> None:
    header = BY_NAME["capget"].argument("hdrp").type
    assert header.decode(1, (struct.pack("<Ii", 0x20080522, 812),)) == {
        "version": "_LINUX_CAPABILITY_VERSION_3",
        "pid": 812,
    }
    assert header.decode(1, (struct.pack("<Ii", 1, 0),)) == {"version": "0x1", "pid": 0}


def test_securebits() -> None:
    assert tables.SECUREBITS.decode(0x3) == "SECBIT_NOROOT|SECBIT_NOROOT_LOCKED"
    assert tables.SECUREBITS.decode(1 << 10) == "SECBIT_EXEC_DENY_INTERACTIVE"


@native
def test_groups_as_the_kernel_tells_them() -> None:
    buffer = ctypes.create_string_buffer(4 * 64)
    count = kernel("getgroups", 64, buffer)
    groups = BY_NAME["getgroups"].argument("list").type
    assert groups.decode(1, (buffer.raw[: 4 * count],), Call({"size": 64}, count)) == os.getgroups()
    assert groups.decode(1, (buffer.raw,), Call({"size": 0}, count)) is None


@native
def test_ids_as_the_kernel_tells_them() -> None:
    words = [ctypes.create_string_buffer(4) for _ in range(3)]
    kernel("getresuid", *words)
    definition = BY_NAME["getresuid"]
    shown = [
        definition.argument(name).type.decode(1, (word.raw,))
        for name, word in zip(("ruid", "euid", "suid"), words, strict=True)
    ]
    assert tuple(shown) == os.getresuid()
    assert BY_NAME["setresuid"].argument("ruid").type.decode(0xFFFFFFFF) == -1
