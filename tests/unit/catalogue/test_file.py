"""Decoding of the file area: tables against Python's constants and the C headers, structures against the kernel."""

from __future__ import annotations

import ctypes
import fcntl
import mmap
import os
import platform
import shutil
import socket
import stat
import struct
import subprocess
import termios
from pathlib import Path

import pytest

from kindling.catalogue.model import Direction
from kindling.catalogue.numbers import NUMBERS
from kindling.catalogue.syscalls.file import SYSCALLS
from kindling.catalogue.tables import file, ioctl
from kindling.catalogue.types import Call, Enum, Flags, Structure, Switch, Type, Value

BY_NAME = {definition.name: definition for definition in SYSCALLS}
MACHINE = platform.machine()
ARM = Call({}, machine="aarch64")
HERE = Call({}, machine=MACHINE)

native = pytest.mark.skipif(MACHINE not in ("x86_64", "aarch64"), reason="a machine whose calls are not known")
needs_compiler = pytest.mark.skipif(shutil.which("gcc") is None, reason="needs a C compiler")


def fields(value: Value) -> dict[str, Value]:
    assert isinstance(value, dict)
    return value


def call(name: str, *arguments: object) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    result: int = libc.syscall(ctypes.c_long(NUMBERS[name][MACHINE]), *arguments)
    assert result >= 0, os.strerror(ctypes.get_errno())
    return result


def test_every_name_once() -> None:
    assert len(BY_NAME) == len(SYSCALLS)


def test_relative_paths_name_their_directory() -> None:
    for definition in SYSCALLS:
        for argument in definition.arguments:
            directory = getattr(argument.type, "directory", "")
            if isinstance(directory, str) and directory:
                definition.argument(directory)


def test_descriptor_of_an_event() -> None:
    expected = {"openat": "ret", "dup2": "ret", "fcntl": "fd", "sendfile": "out_fd", "pipe2": None, "newfstatat": None}
    assert {name: BY_NAME[name].descriptor for name in expected} == expected
    assert BY_NAME["read"].argument("data").direction is Direction.OUT


def python_constants(table: Enum | Flags, *modules: object) -> int:
    found = 0
    for name, value in table.values.items():
        for module in modules:
            if hasattr(module, name):
                assert getattr(module, name) == value, name
                found += 1
                break
    return found


@pytest.mark.skipif(MACHINE != "x86_64", reason="the tables' own values are those of x86_64")
@pytest.mark.parametrize(
    ("table", "least"),
    [
        (file.PIPE_FLAGS, 3),
        (file.SEEK_WHENCE, 5),
        (file.RWF_FLAGS, 4),
        (file.FADVISE, 6),
        (file.SPLICE_FLAGS, 0),
        (file.FLOCK_OPERATION, 4),
        (file.FCNTL_COMMAND, 16),
        (file.NOTIFY_FLAGS, 7),
        (file.SEALS, 4),
        (file.FD_FLAGS, 1),
        (ioctl.TERMIOS_INPUT, 10),
        (ioctl.TERMIOS_OUTPUT, 10),
        (ioctl.TERMIOS_CONTROL, 6),
        (ioctl.TERMIOS_LOCAL, 8),
        (ioctl.IOCTL, 30),
        (ioctl.FLUSH_QUEUE, 3),
    ],
    ids=lambda value: getattr(value, "table", None),
)
def test_tables_against_python(table: Enum | Flags, least: int) -> None:
    assert python_constants(table, os, fcntl, termios, socket, mmap, stat) >= least


def compile_and_run(tmp_path: Path, source: str) -> list[str]:
    binary = tmp_path / "program"
    subprocess.run(
        ["gcc", "-w", "-O0", "-x", "c", "-", "-o", str(binary)], input=source.encode(), check=True, timeout=60
    )
    return subprocess.run([str(binary)], capture_output=True, check=True, text=True, timeout=10).stdout.split()


LAYOUTS = (file.OPEN_HOW, file.FLOCK, file.OWNER_EX, file.UTIMBUF, ioctl.WINSIZE, ioctl.TERMIOS)


def offsets(structure: Structure, machine: str) -> list[str]:
    return [
        str(structure.size_on(machine)),
        *(str(member.offsets.get(machine, member.offset)) for member in structure.members),
    ]


@native
@needs_compiler
def test_layouts_against_the_headers(tmp_path: Path) -> None:
    headers = (
        "stddef.h",
        "stdio.h",
        "linux/openat2.h",
        "linux/fcntl.h",
        "linux/utime.h",
        "asm/termbits.h",
        "asm/termios.h",
    )
    source = "".join(f"#include <{header}>\n" for header in headers) + "int main(void) {\n"
    expected: list[str] = []
    for structure in LAYOUTS:
        kind = f"struct {structure.name}"
        source += f'printf("%zu ", sizeof({kind}));\n'
        source += "".join(f'printf("%zu ", offsetof({kind}, {member.name}));\n' for member in structure.members)
        expected += offsets(structure, MACHINE)
    assert compile_and_run(tmp_path, source + "}\n") == expected


@needs_compiler
@pytest.mark.parametrize(
    ("header", "machine"), [("asm-generic/stat.h", "aarch64"), ("asm/stat.h", MACHINE)], ids=("aarch64", "native")
)
def test_stat_layout_against_the_headers(tmp_path: Path, header: str, machine: str) -> None:
    if machine not in ("x86_64", "aarch64"):
        pytest.skip("a machine whose layout is not known")
    source = f"#include <stddef.h>\n#include <stdio.h>\n#include <{header}>\nint main(void) {{\n"
    source += 'printf("%zu ", sizeof(struct stat));\n'
    source += "".join(f'printf("%zu ", offsetof(struct stat, {member.name}));\n' for member in file.STAT.members)
    assert compile_and_run(tmp_path, source + "}\n") == offsets(file.STAT, machine)


@native
@needs_compiler
def test_statx_layout_against_the_headers(tmp_path: Path) -> None:
    # Headers of an older kernel lack the newest members: those are left out of the comparison.
    known = [member for member in file.STATX.members if member.offset < 0x98]
    source = "#include <stddef.h>\n#include <stdio.h>\n#include <linux/stat.h>\nint main(void) {\n"
    source += 'printf("%zu ", sizeof(struct statx));\n'
    source += "".join(f'printf("%zu ", offsetof(struct statx, {member.name}));\n' for member in known)
    assert compile_and_run(tmp_path, source + "}\n") == ["256", *(str(member.offset) for member in known)]


@native
@needs_compiler
def test_ioctl_numbers_against_the_headers(tmp_path: Path) -> None:
    headers = "asm/termbits.h asm/ioctls.h asm/sockios.h linux/serial.h linux/fs.h linux/fiemap.h linux/blktrace_api.h "
    headers += "linux/sockios.h linux/if_tun.h linux/kvm.h linux/loop.h linux/perf_event.h linux/vt.h linux/kd.h"
    source = "#include <stdio.h>\n#include <linux/types.h>\n"
    source += "".join(f"#include <{header}>\n" for header in headers.split()) + "int main(void) {\n"
    names = sorted({**ioctl.IOCTL.values, **ioctl.IOCTL.machines.get(MACHINE, {})})
    for name in names:
        source += f'#ifdef {name}\nprintf("{name}=%x ", (unsigned)({name}));\n#endif\n'
    found = compile_and_run(tmp_path, source + "}\n")
    assert len(found) > 250
    for line in found:
        name, number = line.split("=")
        assert ioctl.IOCTL.value_of(name, MACHINE) == int(number, 16), name


@native
def test_stat_of_a_real_file(tmp_path: Path) -> None:
    target = tmp_path / "a"
    target.write_bytes(b"kindling")
    target.chmod(0o640)
    buffer = ctypes.create_string_buffer(file.STAT.size_on(MACHINE))
    call("newfstatat", -100, os.fsencode(target), buffer, 0)
    got = fields(file.STAT_POINTER.decode(1, [buffer.raw], HERE))
    real = target.stat()
    assert got["st_ino"] == real.st_ino
    assert got["st_size"] == 8
    assert got["st_mode"] == "S_IFREG|0640"
    assert got["st_nlink"] == 1
    assert got["st_uid"] == real.st_uid
    assert got["st_dev"] == f"{os.major(real.st_dev)}:{os.minor(real.st_dev)}"
    assert got["st_mtime"] == {"tv_sec": real.st_mtime_ns // 10**9, "tv_nsec": real.st_mtime_ns % 10**9}


def test_stat_of_a_device_on_both_machines() -> None:
    x86 = struct.pack("<QQQIII4xQqqq48x24x", 5, 9, 1, 0o20666, 0, 0, 0x103, 0, 4096, 0)
    arm = struct.pack("<QQIIIIQ8xqi4xq48x8x", 5, 9, 0o20666, 1, 0, 0, 0x103, 0, 4096, 0)
    assert len(x86) == file.STAT.size_on("x86_64")
    assert len(arm) == file.STAT.size_on("aarch64")
    one, two = fields(file.STAT_POINTER.decode(1, [x86])), fields(file.STAT_POINTER.decode(1, [arm], ARM))
    assert one == two
    assert one["st_mode"] == "S_IFCHR|0666"
    assert one["st_rdev"] == "1:3"


@native
def test_statx_of_a_real_file(tmp_path: Path) -> None:
    target = tmp_path / "a"
    target.write_bytes(b"kindling")
    buffer = ctypes.create_string_buffer(256)
    call("statx", -100, os.fsencode(target), 0, 0x7FF, buffer)
    got = fields(BY_NAME["statx"].argument("statxbuf").type.decode(1, [buffer.raw], HERE))
    real = target.stat()
    assert got["stx_ino"] == real.st_ino
    assert got["stx_size"] == 8
    assert got["stx_mtime"] == {"tv_sec": real.st_mtime_ns // 10**9, "tv_nsec": real.st_mtime_ns % 10**9}
    assert (got["stx_dev_major"], got["stx_dev_minor"]) == (os.major(real.st_dev), os.minor(real.st_dev))
    assert str(got["stx_mask"]).startswith("STATX_BASIC_STATS")
    assert str(got["stx_mode"]).startswith("S_IFREG|0")


@native
def test_directory_entries_of_a_real_directory(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    (tmp_path / "sub").mkdir()
    (tmp_path / "odd\n").symlink_to("a")
    for name, wide in (("getdents64", True), ("getdents", False)):
        if MACHINE not in NUMBERS[name]:
            continue
        descriptor = os.open(tmp_path, os.O_RDONLY)
        buffer = ctypes.create_string_buffer(4096)
        length = call(name, descriptor, buffer, 4096)
        os.close(descriptor)
        decoder = file.DirectoryEntries(wide=wide)
        entries = decoder.decode(1, [buffer.raw[:length]], HERE)
        assert isinstance(entries, list)
        found = {fields(entry)["name"]: fields(entry) for entry in entries}
        assert set(found) == {b".", b"..", b"a", b"sub", b"odd\n"}
        assert found[b"a"]["inode"] == (tmp_path / "a").stat().st_ino
        assert [found[name]["type"] for name in (b"a", b"sub", b"odd\n")] == ["DT_REG", "DT_DIR", "DT_LNK"]
        # Cut anywhere, only whole entries remain.
        for cut in range(length):
            part = decoder.decode(1, [buffer.raw[:cut]], HERE)
            assert part == entries[: len(part) if isinstance(part, list) else 0]


def test_directory_entries_with_hostile_lengths() -> None:
    assert file.DirectoryEntries().decode(1, [struct.pack("<QQHB", 1, 1, 0, 8) * 4]) == []
    assert file.DirectoryEntries().decode(1, [struct.pack("<QQHB", 1, 1, 65535, 8) * 4]) == []
    assert file.DirectoryEntries(wide=False).decode(1, [b"\xff" * 64]) == []
    assert file.DirectoryEntries().decode(1, [None]) is None
    assert file.DirectoryEntries().captures()[0].payload


def decode(name: str, argument: str, raw: int, data: bytes | None = None, **registers: int) -> Value:
    kind: Type = BY_NAME[name].argument(argument).type
    copies: list[bytes | None] = [None] * len(kind.captures())
    if isinstance(kind, Switch) and data is not None:
        number = registers[kind.on]
        for position, capture in enumerate(kind.captures()):
            if capture.when == (kind.on, number):
                copies[position] = data
    elif copies:
        copies[0] = data
    return kind.decode(raw, copies, Call(registers, ret=0))


def test_fcntl_arguments() -> None:
    def decode_command(command: str, raw: int, data: bytes | None = None) -> Value:
        return decode("fcntl", "arg", raw, data, cmd=file.FCNTL_COMMAND.values[command])

    lock = struct.pack("<hh4xqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 10, 100, 77)
    for command in ("F_GETLK", "F_SETLK", "F_SETLKW", "F_OFD_GETLK", "F_OFD_SETLK", "F_OFD_SETLKW"):
        assert decode_command(command, 0x7FFF0000, lock) == {
            "l_type": "F_WRLCK",
            "l_whence": "SEEK_SET",
            "l_start": 10,
            "l_len": 100,
            "l_pid": 77,
        }
    assert decode_command("F_SETOWN_EX", 0x7FFF0000, struct.pack("<ii", 1, 5)) == {"type": "F_OWNER_PID", "pid": 5}
    assert decode_command("F_SETFD", 1) == "FD_CLOEXEC"
    assert decode_command("F_SETFL", os.O_RDWR | os.O_APPEND | os.O_NONBLOCK) == "O_RDWR|O_APPEND|O_NONBLOCK"
    assert decode_command("F_DUPFD_CLOEXEC", 10) == 10
    assert decode_command("F_SETOWN", 2**64 - 7) == -7
    assert decode_command("F_SETSIG", 10) == "SIGUSR1"
    assert decode_command("F_ADD_SEALS", 0xF) == "F_SEAL_SEAL|F_SEAL_SHRINK|F_SEAL_GROW|F_SEAL_WRITE"
    assert decode_command("F_GETFL", 0) is None
    assert decode("fcntl", "cmd", 0x4242) == "0x4242"


@native
def test_lock_of_the_kernel(tmp_path: Path) -> None:
    with (tmp_path / "a").open("w+b") as opened:
        data = fcntl.fcntl(opened, fcntl.F_GETLK, struct.pack("<hh4xqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))
        assert fields(file.FLOCK.unpack(data))["l_type"] == "F_UNLCK"


def test_ioctl_requests() -> None:
    def show(value: int, machine: str = "x86_64") -> Value:
        return ioctl.IOCTL.decode(value, (), Call({}, machine=machine))

    assert show(0x5401) == "TCGETS"
    assert show(0x541B) == "FIONREAD"
    assert show(0xFFFFFFFF80045430) == "TIOCGPTN"
    assert show(0x40049409) == "FICLONE"
    assert show(0xAE80) == "KVM_RUN"
    assert show(0x81004506) == "EVIOCGNAME(256)"
    assert show(0x80604521) == "EVIOCGBIT(0x1, 96)"
    assert show(0x80184540) == "EVIOCGABS(0x0)"
    assert show(0x40406B00) == "SPI_IOC_MESSAGE(2)"
    assert show(0x89F1) == "SIOCDEVPRIVATE+1"
    assert show(0x3B71) == "VFIO_DEVICE_PCI_HOT_RESET or VFIO_IOMMU_MAP_DMA"
    assert show(0x8004AB99) == "_IOC(_IOC_READ, 0xab, 0x99, 0x4)"
    assert show(0xC010AB99) == "_IOC(_IOC_READ|_IOC_WRITE, 0xab, 0x99, 0x10)"
    assert show(0xAB99) == "_IOC(_IOC_NONE, 0xab, 0x99, 0x0)"
    assert show(0x8090AE81) == "KVM_GET_REGS"
    assert show(0x8360AE81, "aarch64") == "KVM_GET_REGS"
    assert ioctl.IOCTL.value_of("BTRFS_IOC_CLONE", "x86_64") == ioctl.IOCTL.value_of("FICLONE", "aarch64")


def test_ioctl_requests_never_hide_a_bit() -> None:
    names = ioctl.IOCTL.names("x86_64")
    seen = {ioctl.describe_request(value) for value in range(0x8004AB00, 0x8014AB00, 0x10001) if value not in names}
    assert len(seen) == len([v for v in range(0x8004AB00, 0x8014AB00, 0x10001) if v not in names])


def test_ioctl_arguments() -> None:
    def decode_request(request: str, raw: int, data: bytes | None = None) -> Value:
        return decode("ioctl", "arg", raw, data, request=ioctl.IOCTL.values[request])

    address = 0x7FFF12345678
    assert decode_request("FIONREAD", address, struct.pack("<i", 42)) == 42
    assert decode_request("FIONBIO", address, struct.pack("<i", 1)) == 1
    assert decode_request("TIOCGPGRP", address, struct.pack("<i", 812)) == 812
    assert decode_request("TIOCGWINSZ", address, struct.pack("<HHHH", 24, 80, 0, 0)) == {
        "ws_row": 24,
        "ws_col": 80,
        "ws_xpixel": 0,
        "ws_ypixel": 0,
    }
    assert decode_request("TCFLSH", 2) == "TCIOFLUSH"
    assert decode_request("TIOCGPTPEER", os.O_RDWR | os.O_NOCTTY) == "O_RDWR|O_NOCTTY"
    assert decode_request("BLKGETSIZE64", address) == "0x7fff12345678"
    assert decode_request("KVM_RUN", 0) is None


def test_ioctl_output_of_a_failed_call_is_not_shown() -> None:
    data = [b"\xaa" * 64] * len(ioctl.IOCTL_ARGUMENT.captures())
    registers = {"request": ioctl.IOCTL.values["TCGETS"]}
    assert ioctl.IOCTL_ARGUMENT.decode(0x1000, data, Call(registers, ret=-25)) == "0x1000"
    assert isinstance(ioctl.IOCTL_ARGUMENT.decode(0x1000, data, Call(registers, ret=0)), dict)
    nonblocking = {"request": ioctl.IOCTL.values["FIONBIO"]}
    assert ioctl.IOCTL_ARGUMENT.decode(0x1000, data, Call(nonblocking, ret=-9)) == -0x55555556


@native
def test_terminal_of_the_kernel() -> None:
    controller, terminal = os.openpty()
    try:
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("<HHHH", 33, 101, 0, 0))
        size = fcntl.ioctl(terminal, termios.TIOCGWINSZ, bytes(8))
        assert fields(ioctl.WINSIZE.unpack(size))["ws_col"] == 101
        settings = fields(ioctl.TERMIOS.unpack(fcntl.ioctl(terminal, ioctl.IOCTL.values["TCGETS"], bytes(36))))
    finally:
        os.close(controller)
        os.close(terminal)
    assert str(settings["c_cflag"]).startswith("B38400|CS8|")
    assert "ICANON" in str(settings["c_lflag"])
    assert "ICRNL" in str(settings["c_iflag"])
    assert isinstance(settings["c_cc"], list)
    assert settings["c_cc"][0] == 3


def test_open_mode_only_when_a_file_is_made() -> None:
    assert decode("openat", "mode", 0o644, flags=os.O_CREAT | os.O_WRONLY) == "0644"
    assert decode("openat", "mode", 0xDEAD0180, flags=0o20200000) == "0600"
    assert decode("openat", "mode", 0xDEADBEEF, flags=os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY) is None


def test_open_how() -> None:
    how = struct.pack("<QQQ", os.O_RDWR | os.O_CREAT, 0o600, 0x18)
    assert decode("openat2", "how", 1, how, size=24) == {
        "flags": "O_RDWR|O_CREAT",
        "mode": "0600",
        "resolve": "RESOLVE_BENEATH|RESOLVE_IN_ROOT",
    }
    assert decode("openat2", "how", 1, struct.pack("<Q", 1 << 32), size=8) == {"flags": "O_RDONLY|OPENAT2_REGULAR"}


@pytest.mark.parametrize(
    ("name", "argument", "raw", "shown"),
    [
        ("fallocate", "mode", 0, "FALLOC_FL_ALLOCATE_RANGE"),
        ("fallocate", "mode", 3, "FALLOC_FL_KEEP_SIZE|FALLOC_FL_PUNCH_HOLE"),
        ("flock", "operation", 6, "LOCK_EX|LOCK_NB"),
        ("flock", "operation", 192, "LOCK_RW"),
        ("lseek", "whence", 3, "SEEK_DATA"),
        ("lseek", "whence", 77, "0x4d"),
        ("lseek", "offset", 2**64 - 5, -5),
        ("access", "mode", 0, "F_OK"),
        ("access", "mode", 5, "R_OK|X_OK"),
        ("faccessat2", "flags", 0x200, "AT_EACCESS"),
        ("unlinkat", "flags", 0x200, "AT_REMOVEDIR"),
        ("linkat", "flags", 0x1400, "AT_SYMLINK_FOLLOW|AT_EMPTY_PATH"),
        ("renameat2", "flags", 2, "RENAME_EXCHANGE"),
        ("statx", "flags", 0, "AT_STATX_SYNC_AS_STAT"),
        ("statx", "mask", 0xFFF, "STATX_BASIC_STATS|STATX_BTIME"),
        ("preadv2", "flags", 0x88, "RWF_NOWAIT|RWF_DONTCACHE"),
        ("pipe2", "flags", os.O_CLOEXEC | 0x40000000, "O_CLOEXEC|0x40000000"),
        ("close_range", "last", 2**64 - 1, 2**32 - 1),
        ("mknod", "mode", 0o60660, "S_IFBLK|0660"),
        ("mknod", "dev", os.makedev(259, 300), "259:300"),
        ("chown", "owner", 2**32 - 1, -1),
        ("mkdir", "mode", 0xFFFF000001ED, "0755"),
        ("newfstatat", "dirfd", 2**32 - 100, "AT_FDCWD"),
        ("fadvise64", "advice", 4, "POSIX_FADV_DONTNEED"),
        ("sync_file_range", "flags", 7, "SYNC_FILE_RANGE_WAIT_BEFORE|SYNC_FILE_RANGE_WRITE|SYNC_FILE_RANGE_WAIT_AFTER"),
        ("splice", "flags", 0, "0"),
    ],
)
def test_values(name: str, argument: str, raw: int, shown: Value) -> None:
    assert decode(name, argument, raw) == shown


def test_flags_that_differ_on_aarch64() -> None:
    assert file.PIPE_FLAGS.decode(0o200000, (), ARM) == "O_DIRECT"
    how = struct.pack("<QQQ", 0o40000, 0, 0)
    assert fields(file.OPEN_HOW.unpack(how, ARM))["flags"] == "O_RDONLY|O_DIRECTORY"
    assert fields(file.OPEN_HOW.unpack(how))["flags"] == "O_RDONLY|O_DIRECT"


def test_times() -> None:
    special = struct.pack("<qqqq", 0, 0x3FFFFFFF, 12, 0x3FFFFFFE)
    assert decode("utimensat", "times", 1, special) == [
        {"tv_sec": 0, "tv_nsec": "UTIME_NOW"},
        {"tv_sec": 12, "tv_nsec": "UTIME_OMIT"},
    ]
    assert decode("utimensat", "times", 0) is None
    assert decode("utimes", "times", 1, struct.pack("<qqqq", 1, 2, 3, 4)) == [
        {"tv_sec": 1, "tv_usec": 2},
        {"tv_sec": 3, "tv_usec": 4},
    ]
    assert decode("utime", "times", 1, struct.pack("<qq", 5, -6)) == {"actime": 5, "modtime": -6}


def test_pipe_descriptors_and_offsets() -> None:
    assert decode("pipe", "pipefd", 1, struct.pack("<ii", 3, 4)) == [3, 4]
    assert decode("sendfile", "offset", 1, struct.pack("<q", 4096)) == 4096
    assert decode("sendfile", "offset", 0) is None
    assert decode("readlink", "target", 1, b"../a") == b"../a"
