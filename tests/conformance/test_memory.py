"""Memory: mapped, protected, advised, moved, locked, given back."""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
from pathlib import Path

from tests.conformance.harness import ANY, Expected, Watch, system

PAGE = mmap.PAGESIZE
PAGES = 7


def hexadecimal(address: int) -> str:
    """An address as events show it."""
    return f"{address & 0xFFFFFFFFFFFFFFFF:#x}"


def test_anonymous_memory(watch: Watch) -> None:
    size = PAGES * PAGE

    def act() -> tuple[int, int]:
        address = system.mmap(None, size, 3, 0x22, -1, 0)
        system.mprotect(address, size, 1)
        system.madvise(address + PAGE, PAGE, 4)
        moved = system.mremap(address, size, 2 * size, 1, None)
        system.msync(moved, PAGE, 4)
        system.mlock(moved, PAGE)
        system.munlock(moved, PAGE)
        system.munmap(moved, 2 * size)
        return address, moved

    names = "mmap mprotect madvise mremap msync mlock munlock munmap".split()
    seen = watch(act, *names)
    address, moved = seen.value
    where, there = hexadecimal(address), hexadecimal(moved)
    ours = (where, there, hexadecimal(address + PAGE))
    # The interpreter asks for memory too.
    seen = seen.only(
        lambda event: (
            event.args.get("addr") in ours or event.name == "mremap" or (event.name == "mmap" and event.ret == address)
        )
    )
    seen.expect(
        Expected(
            "mmap",
            {
                "addr": None,
                "length": size,
                "prot": "PROT_READ|PROT_WRITE",
                "flags": "MAP_PRIVATE|MAP_ANONYMOUS",
                "fd": -1,
                "offset": 0,
            },
            address,
            category="memory",
        ),
        Expected("mprotect", {"addr": where, "len": size, "prot": "PROT_READ"}, 0),
        Expected("madvise", {"addr": hexadecimal(address + PAGE), "length": PAGE, "advice": "MADV_DONTNEED"}, 0),
        Expected(
            "mremap",
            {
                "old_address": where,
                "old_size": size,
                "new_size": 2 * size,
                "flags": "MREMAP_MAYMOVE",
                "new_address": ANY,
            },
            ANY,
        ),
        Expected("msync", {"addr": there, "length": PAGE, "flags": "MS_SYNC"}, 0),
        Expected("mlock", {"addr": there, "len": PAGE}, 0),
        Expected("munlock", {"addr": there, "len": PAGE}, 0),
        Expected("munmap", {"addr": there, "length": 2 * size}, 0),
    )


def test_a_mapped_file(watch: Watch, tmp_path: Path) -> None:
    path = os.fsencode(tmp_path / "file")
    Path(tmp_path / "file").write_bytes(bytes(3 * PAGE))

    def act() -> tuple[int, int]:
        fd = os.open(path, os.O_RDWR)
        return fd, system.mmap(None, PAGE, 1, 0x1, fd, 2 * PAGE)

    seen = watch(act, "mmap")
    fd, address = seen.value
    seen.only(lambda event: event.args["fd"] == fd).expect(
        Expected(
            "mmap",
            {
                "addr": None,
                "length": PAGE,
                "prot": "PROT_READ",
                "flags": "MAP_SHARED",
                "fd": fd,
                "offset": 2 * PAGE,
            },
            address,
            fd={"num": fd, "type": "file", "path": path},
        )
    )


def test_refused(watch: Watch) -> None:
    def act() -> None:
        system.mprotect(1, PAGE, 1)
        system.munmap(PAGE + 1, PAGE)
        system.mmap(None, 0, 1, 0x22, -1, 0)

    seen = watch(act, "mmap", "mprotect", "munmap")
    seen.only(lambda event: event.error is not None).expect(
        Expected("mprotect", {"addr": "0x1", "len": PAGE, "prot": "PROT_READ"}, -errno.EINVAL),
        Expected("munmap", {"addr": hexadecimal(PAGE + 1), "length": PAGE}, -errno.EINVAL),
        Expected(
            "mmap",
            {
                "addr": None,
                "length": 0,
                "prot": "PROT_READ",
                "flags": "MAP_PRIVATE|MAP_ANONYMOUS",
                "fd": -1,
                "offset": 0,
            },
            -errno.EINVAL,
        ),
    )


def test_brk(watch: Watch) -> None:
    def act() -> int:
        return system.brk(None)

    seen = watch(act, "brk")
    seen.only(lambda event: event.args["addr"] is None).expect(Expected("brk", {"addr": None}, seen.value))


def test_another_process(watch: Watch) -> None:
    text = ctypes.create_string_buffer(b"read from elsewhere", 19)
    target = ctypes.create_string_buffer(19)
    remote = (ctypes.c_ulong * 2)(ctypes.addressof(text), 19)
    local = (ctypes.c_ulong * 2)(ctypes.addressof(target), 19)
    parent = os.getpid()

    def act() -> int:
        return system.process_vm_readv(parent, local, 1, remote, 1, 0)

    seen = watch(act, "process_vm_readv")
    event = seen.one("process_vm_readv")
    assert (event.args["pid"], event.ret, event.args["riovcnt"]) == (parent, 19, 1)
    assert event.quality == []
