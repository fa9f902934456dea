"""System calls that Python has no function for, and mounts; each cleans up after itself."""

from __future__ import annotations

import ctypes
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LIBC = ctypes.CDLL(None, use_errno=True)
_NUMBERS = {
    "x86_64": {"bpf": 321, "perf_event_open": 298, "io_uring_setup": 425, "userfaultfd": 323, "fanotify_init": 300},
    "aarch64": {"bpf": 280, "perf_event_open": 241, "io_uring_setup": 425, "userfaultfd": 282, "fanotify_init": 262},
}[platform.machine()]

MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000
CLONE_FILES, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWNET = 0x400, 0x20000, 0x20000000, 0x40000000


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def function(name: str, *arguments: object) -> int:
    """A function of the C library that returns -1 and sets errno on failure."""
    return _checked(getattr(_LIBC, name)(*arguments), name)


def syscall(name: str, *arguments: object) -> int:
    """A system call by name."""
    return _checked(_LIBC.syscall(ctypes.c_long(_NUMBERS[name]), *arguments), name)


def bpf_map() -> int:
    """A new BPF array map."""
    attributes = (ctypes.c_uint32 * 32)(2, 4, 8, 1)
    return syscall("bpf", 0, ctypes.byref(attributes), 72)


def perf_event() -> int:
    """A software clock of this thread."""
    attributes = (ctypes.c_uint32 * 28)(1, 112)
    return syscall("perf_event_open", ctypes.byref(attributes), 0, -1, -1, ctypes.c_ulong(8))


def io_uring() -> int:
    """A new ring."""
    parameters = (ctypes.c_uint8 * 120)()
    return syscall("io_uring_setup", 4, ctypes.byref(parameters))


def mount(source: str, target: Path, kind: str | None, flags: int = 0, data: str | None = None) -> None:
    """mount(2)."""
    function(
        "mount",
        source.encode(),
        bytes(target),
        kind.encode() if kind else None,
        ctypes.c_ulong(flags),
        data.encode() if data else None,
    )


def unshare(flags: int) -> None:
    """unshare(2)."""
    function("unshare", flags)


@contextmanager
def mounted(source: str, target: Path, kind: str | None, flags: int = 0, data: str | None = None) -> Iterator[Path]:
    """A mount that lasts as long as the block."""
    mount(source, target, kind, flags, data)
    try:
        yield target
    finally:
        function("umount2", bytes(target), 2)
