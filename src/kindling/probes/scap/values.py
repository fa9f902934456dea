"""How parameters of sysdig's become registers and copied bytes as the catalogue's types read them."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from kindling.probes.scap import flags

Number = Callable[[int], int]
Builder = Callable[..., bytes | None]

_U64 = struct.Struct("<Q")
_TWO_U64 = struct.Struct("<2Q")
_MASK = (1 << 64) - 1
UNIX, IPV4, IPV6 = 1, 2, 10
_SECOND = 1_000_000_000

NUMBERS: Mapping[str, Number] = {
    "open": flags.open_flags,
    "prot": flags.MEMORY_PROTECTION,
    "map": flags.MEMORY_MAP,
    "clone": flags.CLONE,
    "nonblock": flags.NONBLOCK,
    "cloexec": flags.CLOSE_ON_EXEC,
    "delete_module": flags.DELETE_MODULE,
    "execveat": flags.EXECVEAT,
    "fcntl": flags.FCNTL,
    "level": flags.SOCKET_LEVEL,
    "option_name": flags.SOCKET_OPTION,
    "semctl": flags.SEMAPHORE_COMMAND,
    "ptrace": flags.PTRACE,
}
"""From a number of sysdig's to the register."""


def endpoint(family: int, address: bytes, port: int) -> bytes:
    """A struct sockaddr_in or sockaddr_in6."""
    if family == IPV4:
        return struct.pack("<H", IPV4) + struct.pack(">H", port) + address + bytes(8)
    return struct.pack("<H", IPV6) + struct.pack(">H", port) + bytes(4) + address + bytes(4)


def _unix(path: bytes) -> bytes:
    # The kernel side writes the leading NUL of an abstract name as it is, or as "@".
    name = path.split(b"\0", 1)[0] if path[:1] != b"\0" else path.rstrip(b"\0")
    return struct.pack("<H", UNIX) + (b"\0" + name[1:] if name[:1] == b"@" else name)


@lru_cache(maxsize=16_384)
def sockaddr(packed: bytes) -> bytes | None:
    """A struct sockaddr from sysdig's packed address; None if it is none."""
    family = packed[0] if packed else 0
    if family == IPV4 and len(packed) >= 7:
        return endpoint(IPV4, packed[1:5], packed[5] | packed[6] << 8)
    if family == IPV6 and len(packed) >= 19:
        return endpoint(IPV6, packed[1:17], packed[17] | packed[18] << 8)
    if family == UNIX and len(packed) > 1:
        return _unix(packed[1:])
    return None


class Tuple:
    """Both ends of a connection as sysdig packs them. `source` and `target` are addresses; a unix socket has a path."""

    __slots__ = ("family", "path", "source", "source_port", "target", "target_port")

    def __init__(
        self, family: int, source: bytes, source_port: int, target: bytes, target_port: int, path: bytes = b""
    ) -> None:
        self.family = family
        self.source = source
        self.source_port = source_port
        self.target = target
        self.target_port = target_port
        self.path = path


def is_mapped(address: bytes) -> bool:
    """Whether 16 bytes are an IPv4 address in IPv6 form; the wildcard counts as one."""
    return address[:12] == b"\0" * 10 + b"\xff\xff" or not any(address)


@lru_cache(maxsize=16_384)
def parse_tuple(packed: bytes) -> Tuple | None:
    """The ends of a connection; None if there are none. Two IPv4 addresses in IPv6 form are IPv4."""
    family = packed[0] if packed else 0
    if family == IPV4 and len(packed) >= 13:
        return Tuple(IPV4, packed[1:5], packed[5] | packed[6] << 8, packed[7:11], packed[11] | packed[12] << 8)
    if family == IPV6 and len(packed) >= 37:
        source, target = packed[1:17], packed[19:35]
        source_port, target_port = packed[17] | packed[18] << 8, packed[35] | packed[36] << 8
        if is_mapped(source) and is_mapped(target):
            return Tuple(IPV4, source[12:], source_port, target[12:], target_port)
        return Tuple(IPV6, source, source_port, target, target_port)
    if family == UNIX and len(packed) >= 17:
        return Tuple(UNIX, packed[1:9], 0, packed[9:17], 0, packed[17:].split(b"\0", 1)[0])
    return None


@lru_cache(maxsize=16_384)
def source(packed: bytes) -> bytes | None:
    """The struct sockaddr of the end that a connection or message comes from."""
    ends = parse_tuple(packed)
    if ends is None:
        return None
    if ends.family == UNIX:
        # The path that is told is that of the side that was bound, which is not the one that connects.
        return struct.pack("<H", UNIX)
    return endpoint(ends.family, ends.source, ends.source_port)


@lru_cache(maxsize=16_384)
def target(packed: bytes) -> bytes | None:
    """The struct sockaddr of the end that a connection or message goes to."""
    ends = parse_tuple(packed)
    if ends is None:
        return None
    return _unix(ends.path) if ends.family == UNIX else endpoint(ends.family, ends.target, ends.target_port)


def _destination(address: bytes | None, ends: bytes | None) -> bytes | None:
    """The struct sockaddr that a connection is made to: as it was asked for, else as it came to be."""
    found = sockaddr(address) if address else None
    return found if found is not None or not ends else target(ends)


def _i32(value: int) -> bytes:
    return struct.pack("<I", value & 0xFFFFFFFF)


def _descriptors(first: int, second: int) -> bytes:
    return struct.pack("<2I", first & 0xFFFFFFFF, second & 0xFFFFFFFF)


def _limits(soft: int, hard: int) -> bytes | None:
    # Both are -1 where the call failed or passed no structure; no limit at all looks the same, and is rare.
    return None if soft & hard & _MASK == _MASK else _TWO_U64.pack(soft & _MASK, hard & _MASK)


def _timespec(nanoseconds: int) -> bytes | None:
    if nanoseconds & _MASK == _MASK:
        return None
    return _TWO_U64.pack(nanoseconds // _SECOND, nanoseconds % _SECOND)


def _clone_arguments(value: int) -> bytes:
    return _U64.pack(flags.CLONE(value))


def _open_how(value: int, mode: int, resolve: int) -> bytes:
    return struct.pack("<3Q", flags.open_flags(value), mode, flags.RESOLVE(resolve))


def _quota_command(command: int, kind: int) -> int:
    number, which = flags.QUOTA_COMMAND(command), flags.QUOTA_TYPE(kind)
    return flags.UNKNOWN if flags.UNKNOWN in (number, which) else number << 8 | which


def _capabilities(inheritable: int, permitted: int, effective: int) -> bytes:
    sets = (effective, permitted, inheritable)
    return struct.pack("<6I", *(part & 0xFFFFFFFF for part in sets), *(part >> 32 & 0xFFFFFFFF for part in sets))


def _option(packed: bytes) -> bytes | None:
    """The value of a socket option: its first byte says in which form it follows."""
    form, value = packed[:1], packed[1:]
    if form == b"\0":
        return value
    if len(value) >= 8 and form == b"\1":
        return _i32(-struct.unpack_from("<q", value)[0])
    if len(value) >= 4 and form == b"\2":
        return value[:4]
    if len(value) >= 8 and form == b"\3":
        return value[:8]
    if len(value) >= 8 and form == b"\4":
        nanoseconds = int.from_bytes(value[:8], "little")
        return _TWO_U64.pack(nanoseconds // _SECOND, nanoseconds % _SECOND // 1000)
    return None


def _poll(events: bytes | None, results: bytes | None) -> bytes | None:
    """An array of struct pollfd from the lists at the entry (what is waited for) and at the return (what was found)."""
    asked, found = _descriptor_list(events), _descriptor_list(results)
    if asked is None or found is None or [fd for fd, _ in asked] != [fd for fd, _ in found]:
        return None
    return b"".join(
        struct.pack("<iHH", fd, flags.POLL(wanted), flags.POLL(got))
        for (fd, wanted), (_, got) in zip(asked, found, strict=True)
    )


def _poll_results(results: bytes | None) -> bytes | None:
    found = _descriptor_list(results)
    return None if found is None else b"".join(struct.pack("<iH2x", fd, flags.POLL(got)) for fd, got in found)


def _descriptor_list(packed: bytes | None) -> list[tuple[int, int]] | None:
    if packed is None or len(packed) < 2:
        return None
    count = int.from_bytes(packed[:2], "little")
    if len(packed) < 2 + 10 * count:
        return None
    pairs = struct.iter_unpack("<qH", packed[2 : 2 + 10 * count])
    return [(max(-(1 << 31), min(fd, (1 << 31) - 1)), bits) for fd, bits in pairs]


def _semaphores(count: int, *operations: int) -> bytes:
    triples = [operations[at : at + 3] for at in range(0, len(operations), 3)][: min(count, 2)]
    return b"".join(
        struct.pack("<HHH", number & 0xFFFF, operation & 0xFFFF, flags.SEMAPHORE_FLAGS(bits))
        for number, operation, bits in triples
    )


def _arguments(program: bytes | None, rest: bytes | None) -> bytes | None:
    """argv from its first string and the others."""
    if program is None and rest is None:
        return None
    return (program or b"") + b"\0" + (rest or b"")


def _name(option: int, text: bytes | None) -> bytes | None:
    return text if option == 15 else None


BUILDERS: Mapping[str, Builder] = {
    "sockaddr": sockaddr,
    "source": source,
    "target": target,
    "destination": _destination,
    "i32": _i32,
    "descriptors": _descriptors,
    "limits": _limits,
    "timespec": _timespec,
    "clone_args": _clone_arguments,
    "how": _open_how,
    "capabilities": _capabilities,
    "option": _option,
    "poll": _poll,
    "poll_results": _poll_results,
    "semaphores": _semaphores,
    "argv": _arguments,
    "prctl_name": _name,
}
"""From one or several parameters (numbers as int, all else as bytes, None where absent) to copied bytes."""

JOINED: Mapping[str, Callable[..., int]] = {"quota": _quota_command}
"""From several numbers to one register."""


def dynamic(packed: bytes) -> int | None:
    """A number after a byte that tells its form; None if it is something else."""
    value = packed[1:]
    return int.from_bytes(value, "little") if len(value) in (1, 2, 4, 8) else None


def count_of(packed: bytes) -> int | None:
    """How many descriptors a list holds."""
    return int.from_bytes(packed[:2], "little") if len(packed) >= 2 else None


LENIENT: Mapping[str, Callable[[bytes], Any]] = {"dynamic": dynamic, "count": count_of}
"""From bytes to a register; None where there is no number in them."""
