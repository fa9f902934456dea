"""The lists at the beginning of a capture: the machine, its processes, their open descriptors, its users.

Source: falcosecurity/libs, `userspace/libscap/engine/savefile/scap_savefile.c` (`scap_read_proclist`,
`scap_read_fdlist`, `scap_read_userlist`). Nothing here raises: a list that is damaged ends where the damage begins.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

_U8, _U16, _U32, _U64 = struct.Struct("<B"), struct.Struct("<H"), struct.Struct("<I"), struct.Struct("<Q")
_I64 = struct.Struct("<q")
_MACHINE = struct.Struct("<IQQ128sQ")


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine that was captured. `boot` is in nanoseconds since the epoch, 0 if it was not told."""

    cpus: int
    memory: int
    hostname: bytes
    boot: int


@dataclass(slots=True)
class Process:
    """A thread as the list of processes tells it. -1 and None stand for what this version of the list does not tell."""

    tid: int
    pid: int
    ptid: int
    comm: bytes = b""
    program: bytes = b""
    path: bytes | None = None
    arguments: bytes = b""
    cwd: bytes = b""
    flags: int = 0
    uid: int = 0
    gid: int = 0
    vtid: int = -1
    vpid: int = -1
    cgroups: bytes = b""
    root: bytes = b""


@dataclass(slots=True)
class Open:
    """A descriptor as the list of descriptors tells it.

    `kind` is sysdig's number of it; addresses are 4 or 16 bytes.
    """

    number: int
    inode: int
    kind: int
    name: bytes = b""
    flags: int = 0
    device: int = 0
    protocol: int = 0
    source: bytes = b""
    source_port: int = 0
    target: bytes = b""
    target_port: int = 0


@dataclass(slots=True)
class User:
    """A user, or a group if `home` is None."""

    identity: int
    name: bytes
    gid: int = -1
    home: bytes | None = None


class _End(Exception):
    """The content ends within an entry."""


@dataclass(slots=True)
class _Reader:
    data: bytes
    at: int
    end: int
    damaged: bool = field(default=False)

    def number(self, kind: struct.Struct) -> int:
        at = self.at
        self.at = at + kind.size
        if self.at > self.end:
            raise _End
        value: int = kind.unpack_from(self.data, at)[0]
        return value

    def some(self, count: int) -> bytes:
        at = self.at
        self.at = at + count
        if self.at > self.end:
            raise _End
        return self.data[at : self.at]

    def text(self) -> bytes:
        return self.some(self.number(_U16))


def machine(data: bytes) -> Machine | None:
    """The machine, from a block's content; None if it is too short."""
    if len(data) < _MACHINE.size:
        return None
    cpus, memory, _, hostname, boot = _MACHINE.unpack_from(data)
    return Machine(cpus, memory, hostname.split(b"\0", 1)[0], boot)


def processes(data: bytes, version: int) -> Iterator[Process | None]:
    """The processes of a block's content; None at the end if it is damaged."""
    at, end = 0, len(data)
    while end - at >= 4:
        limit = end
        if version >= 9:
            (length,) = _U32.unpack_from(data, at)
            limit = at + length
            if length < 4 or limit > end:
                yield None
                return
        reader = _Reader(data, at + 4 if version >= 9 else at, limit)
        try:
            yield _process(reader, version)
        except _End:
            yield None
            return
        at = limit if version >= 9 else reader.at


def _process(reader: _Reader, version: int) -> Process:
    number, text = reader.number, reader.text
    found = Process(number(_I64), number(_I64), number(_I64))
    if version >= 6:
        number(_U64)
    if version >= 8:
        number(_U64)
    found.comm, found.program = text(), text()
    if version >= 7:
        found.path = text()
    found.arguments, found.cwd = text(), text()
    number(_U64)
    found.flags, found.uid, found.gid = number(_U32), number(_U32), number(_U32)
    if version >= 2:
        reader.some(28)
    if version >= 3:
        text()
    if version >= 4:
        found.vtid, found.vpid, found.cgroups = number(_I64), number(_I64), text()
    if version >= 5:
        found.root = text()
    return found


# How sysdig numbers the kinds of descriptors that have more than a name.
IPV4, IPV6, IPV4_SERVER, IPV6_SERVER, UNIX, FILE = 3, 4, 5, 6, 8, 16
_NAMED = {1, 2, 7, 9, 10, 11, 12, 13, 14, 15, 17, 18, 19, 20, 21}


def descriptors(data: bytes, version: int) -> tuple[int, Iterator[Open | None]]:
    """The thread, and its descriptors, of a block's content; None at the end if it is damaged."""
    if len(data) < 8:
        return -1, iter(())
    return _I64.unpack_from(data)[0], _descriptors(data, version)


def _descriptors(data: bytes, version: int) -> Iterator[Open | None]:
    at, end = 8, len(data)
    while end - at >= 4:
        limit = end
        if version >= 2:
            (length,) = _U32.unpack_from(data, at)
            limit = at + length
            if length < 4 or limit > end:
                yield None
                return
        reader = _Reader(data, at + 4 if version >= 2 else at, limit)
        try:
            yield _descriptor(reader, version)
        except _End:
            yield None
            return
        at = limit if version >= 2 else reader.at


def _descriptor(reader: _Reader, version: int) -> Open:
    number = reader.number
    found = Open(number(_I64), number(_U64), number(_U8))
    kind = found.kind
    if kind in (IPV4, IPV6):
        size = 4 if kind == IPV4 else 16
        found.source, found.target = reader.some(size), reader.some(size)
        found.source_port, found.target_port, found.protocol = number(_U16), number(_U16), number(_U8)
    elif kind in (IPV4_SERVER, IPV6_SERVER):
        found.target = reader.some(4 if kind == IPV4_SERVER else 16)
        found.target_port, found.protocol = number(_U16), number(_U8)
    elif kind == UNIX:
        found.source, found.target = reader.some(8), reader.some(8)
        found.name = reader.text()
    elif kind == FILE:
        found.flags = number(_U32)
        found.name = reader.text()
        if version >= 2 and reader.at + 4 <= reader.end:
            found.device = number(_U32)
    elif kind in _NAMED:
        found.name = reader.text()
    return found


def users(data: bytes, version: int) -> Iterator[User | None]:
    """The users and groups of a block's content; None at the end if it is damaged."""
    at, end = 0, len(data)
    while end - at >= 4:
        limit = end
        if version >= 2:
            (length,) = _U32.unpack_from(data, at)
            limit = at + length
            if length < 4 or limit > end:
                yield None
                return
        reader = _Reader(data, at + 4 if version >= 2 else at, limit)
        try:
            yield _user(reader)
        except _End:
            yield None
            return
        at = limit if version >= 2 else reader.at


def _user(reader: _Reader) -> User:
    number, text = reader.number, reader.text
    if number(_U8) == 0:
        identity, gid = number(_U32), number(_U32)
        name, home, _ = text(), text(), text()
        return User(identity, name, gid, home)
    identity = number(_U32)
    return User(identity, text())
