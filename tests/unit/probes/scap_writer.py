"""Writes small captures as sysdig does, in every version of its blocks, for the tests of the reader."""

from __future__ import annotations

import gzip
import socket
import struct
from collections.abc import Iterable, Sequence

from kindling.probes.scap.table import events

START = 1_700_000_000_000_000_000
"""Nanoseconds since the epoch, at which the written captures begin."""


_THREAD = 1 << 0 | 1 << 13
"""sysdig's CLONE_FILES and CLONE_THREAD."""


def i64(value: int) -> bytes:
    return struct.pack("<q", value)


def u64(value: int) -> bytes:
    return struct.pack("<Q", value)


def u32(value: int) -> bytes:
    return struct.pack("<I", value)


def i32(value: int) -> bytes:
    return struct.pack("<i", value)


def u16(value: int) -> bytes:
    return struct.pack("<H", value)


def u8(value: int) -> bytes:
    return struct.pack("<B", value)


def text(value: bytes | str) -> bytes:
    """A string parameter, with its NUL."""
    return (value.encode() if isinstance(value, str) else value) + b"\0"


def _address(value: str) -> bytes:
    return socket.inet_pton(socket.AF_INET6 if ":" in value else socket.AF_INET, value)


def ends(source: str, source_port: int, target: str, target_port: int) -> bytes:
    """A connection's tuple."""
    return u8(10 if ":" in source else 2) + _address(source) + u16(source_port) + _address(target) + u16(target_port)


def unix_ends(source: int, target: int, path: str) -> bytes:
    return u8(1) + u64(source) + u64(target) + text(path)


def address(host: str, port: int) -> bytes:
    """A socket address."""
    return u8(10 if ":" in host else 2) + _address(host) + u16(port)


def descriptor_list(*pairs: tuple[int, int]) -> bytes:
    """What poll is about: descriptors and sysdig's numbers of events."""
    return u16(len(pairs)) + b"".join(i64(fd) + u16(bits) for fd, bits in pairs)


def _short(value: bytes | str) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return u16(len(data)) + data


class Writer:
    """A capture in memory; blocks are written in the order of the calls."""

    def __init__(self, minor: int = 2, options: bytes = b"") -> None:
        self.data = b""
        self.time = START
        self.section(minor, options)

    def block(self, kind: int, content: bytes, trailer: int | None = None) -> Writer:
        """Any block."""
        content += bytes(-len(content) % 4)
        length = len(content) + 12
        self.data += u32(kind) + u32(length) + content + u32(length if trailer is None else trailer)
        return self

    def section(self, minor: int = 2, options: bytes = b"", major: int = 1) -> Writer:
        return self.block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, major, minor, -1) + options)

    def machine(self, hostname: bytes = b"box", old: bool = False) -> Writer:
        content = struct.pack("<IQQ128sQQQQ", 4, 1 << 30, 32768, hostname, START - 10**12, 0, 0, 0)
        return self.block(0x8002ABCD if old else 0x201, content)

    def processes(self, *entries: bytes, version: int = 9) -> Writer:
        """A list of processes; `entries` are from `process` of the same version."""
        kinds = {1: 0x202, 2: 0x207, 3: 0x209, 4: 0x210, 5: 0x211, 6: 0x212, 7: 0x213, 8: 0x214, 9: 0x215}
        return self.block(kinds[version], b"".join(entries))

    def descriptors(self, tid: int, *entries: bytes, version: int = 2) -> Writer:
        """The descriptors of a thread; `entries` are from `descriptor` of the same version."""
        return self.block({1: 0x203, 2: 0x218}[version], i64(tid) + b"".join(entries))

    def users(self, version: int = 2) -> Writer:
        user = u8(0) + u32(33) + u32(33) + _short("www-data") + _short("/var/www") + _short("/bin/false")
        group = u8(1) + u32(33) + _short("www-data")
        if version == 2:
            user, group = u32(len(user) + 4) + user, u32(len(group) + 4) + group
        return self.block({1: 0x206, 2: 0x220}[version], user + group)

    def interfaces(self, version: int = 2) -> Writer:
        content = u16(1) + u16(2) + _address("127.0.0.1") + _address("255.0.0.0") + bytes(4) + u64(0) + b"lo"
        if version == 2:
            content = u32(len(content)) + content
        return self.block({1: 0x205, 2: 0x219}[version], content)

    def event(
        self,
        number: int,
        tid: int,
        *parameters: bytes,
        after: int = 1000,
        cpu: int = 1,
        version: int = 2,
        flags: bool = False,
        large: bool = False,
    ) -> Writer:
        """An event, `after` nanoseconds after the one before it."""
        self.time += after
        wide = number in events() and events()[number].wide
        lengths = b"".join(u32(len(each)) if wide else u16(len(each)) for each in parameters)
        header = 22 if version == 1 else 26
        length = header + len(lengths) + sum(map(len, parameters))
        content = u16(cpu) + (u32(0) if flags else b"")
        content += u64(self.time) + u64(tid) + u32(length) + u16(number)
        content += (u32(len(parameters)) if version == 2 else b"") + lengths + b"".join(parameters)
        if version == 1:
            return self.block(0x208 if flags else 0x204, content)
        kinds = {(False, False): 0x216, (True, False): 0x217, (False, True): 0x221, (True, True): 0x222}
        return self.block(kinds[flags, large], content)

    def call(self, number: int, tid: int, entry: Sequence[bytes], exit: Sequence[bytes], latency: int = 500) -> Writer:
        """A call's entry and return; `number` is the entry's."""
        self.event(number, tid, *entry)
        return self.event(number + 1, tid, *exit, after=latency)

    def compressed(self) -> bytes:
        return gzip.compress(self.data)


def process(
    tid: int,
    pid: int,
    ptid: int,
    comm: str = "",
    exe: str = "",
    path: str = "",
    arguments: Iterable[str] = (),
    cwd: str = "/",
    uid: int = 0,
    gid: int = 0,
    cgroups: Iterable[str] = (),
    vtid: int | None = None,
    vpid: int | None = None,
    version: int = 9,
) -> bytes:
    """A thread of a list of processes."""
    content = i64(tid) + i64(pid) + i64(ptid)
    if version >= 6:
        content += i64(pid)
    if version >= 8:
        content += i64(pid)
    content += _short(comm) + _short(exe)
    if version >= 7:
        content += _short(path)
    content += _short(b"".join(text(each) for each in arguments)) + _short(cwd)
    content += u64(1024) + u32(0 if tid == pid else _THREAD) + u32(uid) + u32(gid)
    if version >= 2:
        content += u32(1) + u32(2) + u32(3) + u64(4) + u64(5)
    if version >= 3:
        content += _short(b"A=b\0")
    if version >= 4:
        content += i64(tid if vtid is None else vtid) + i64(pid if vpid is None else vpid)
        content += _short(b"".join(text(each) for each in cgroups))
    if version >= 5:
        content += _short("/")
    if version >= 9:
        content += (
            u64(0) + u32(0) + u32(0xFFFFFFFF) + u8(0) + u64(0) * 3 + u8(0) + u64(0) * 3 + u8(0) + u8(0) + i64(pid)
        )
        content = u32(len(content) + 4) + content
    return content


def descriptor(number: int, kind: int, content: bytes, inode: int = 0, version: int = 2) -> bytes:
    """A descriptor of a list of descriptors."""
    found = i64(number) + u64(inode) + u8(kind) + content
    return u32(len(found) + 4) + found if version == 2 else found


def named(number: int, kind: int, name: str, inode: int = 0, version: int = 2) -> bytes:
    return descriptor(number, kind, _short(name), inode, version)


def file(number: int, name: str, inode: int = 0, device: int = 0, version: int = 2) -> bytes:
    return descriptor(number, 16, u32(1) + _short(name) + (u32(device) if version == 2 else b""), inode, version)


def listening(number: int, host: str, port: int, protocol: int = 2, version: int = 2) -> bytes:
    return descriptor(number, 6 if ":" in host else 5, _address(host) + u16(port) + u8(protocol), 77, version)


def connection(
    number: int, source: str, source_port: int, target: str, target_port: int, protocol: int = 2, version: int = 2
) -> bytes:
    content = _address(source) + _address(target) + u16(source_port) + u16(target_port) + u8(protocol)
    return descriptor(number, 4 if ":" in source else 3, content, 78, version)


def unix(number: int, name: str, version: int = 2) -> bytes:
    return descriptor(number, 8, u64(1) + u64(2) + _short(name), 79, version)


def executed(
    result: int, exe: str, arguments: Iterable[str], tid: int, pid: int, ptid: int, comm: str, path: str | None = None,
    cgroups: Iterable[str] = (), environment: Iterable[str] = (), uid: int = 0,
) -> list[bytes]:  # fmt: skip
    """The parameters of an execve's return, in its newest form (28 of them, or 17 without the path)."""
    found = [
        i64(result), text(exe), b"".join(text(each) for each in arguments), i64(tid), i64(pid), i64(ptid), text("/"),
        u64(1024), u64(0), u64(0), u32(0), u32(0), u32(0), text(comm), b"".join(text(each) for each in cgroups),
        b"".join(text(each) for each in environment), u32(0),
    ]  # fmt: skip
    if path is not None:
        found += [
            i64(pid),
            u32(0xFFFFFFFF),
            u32(0),
            u64(0),
            u64(0),
            u64(0),
            u64(9),
            u64(0),
            u64(0),
            u32(uid),
            text(path),
        ]
    return found


def cloned(
    result: int, exe: str, arguments: Iterable[str], tid: int, pid: int, ptid: int, comm: str, flags: int = 0,
    vtid: int | None = None, vpid: int | None = None, cgroups: Iterable[str] = (), uid: int = 0, gid: int = 0,
) -> list[bytes]:  # fmt: skip
    """The parameters of a clone's return (event 223)."""
    return [
        i64(result), text(exe), b"".join(text(each) for each in arguments), i64(tid), i64(pid), i64(ptid), text(""),
        i64(1024), u64(0), u64(0), u32(0), u32(0), u32(0), text(comm), b"".join(text(each) for each in cgroups),
        u32(flags), u32(uid), u32(gid), i64(tid if vtid is None else vtid), i64(pid if vpid is None else vpid),
    ]  # fmt: skip
