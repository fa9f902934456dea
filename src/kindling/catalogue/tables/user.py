"""Tables and structures of users, groups and capabilities.

Numbers are those of linux/capability.h and linux/securebits.h.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from kindling.catalogue.types import (
    PID,
    Array,
    Call,
    Capture,
    Copy,
    Enum,
    Flags,
    LengthFrom,
    Member,
    Structure,
    Type,
    Value,
)

_NAMES = (
    "CAP_CHOWN CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_FOWNER CAP_FSETID CAP_KILL CAP_SETGID CAP_SETUID CAP_SETPCAP "
    "CAP_LINUX_IMMUTABLE CAP_NET_BIND_SERVICE CAP_NET_BROADCAST CAP_NET_ADMIN CAP_NET_RAW CAP_IPC_LOCK CAP_IPC_OWNER "
    "CAP_SYS_MODULE CAP_SYS_RAWIO CAP_SYS_CHROOT CAP_SYS_PTRACE CAP_SYS_PACCT CAP_SYS_ADMIN CAP_SYS_BOOT CAP_SYS_NICE "
    "CAP_SYS_RESOURCE CAP_SYS_TIME CAP_SYS_TTY_CONFIG CAP_MKNOD CAP_LEASE CAP_AUDIT_WRITE CAP_AUDIT_CONTROL "
    "CAP_SETFCAP CAP_MAC_OVERRIDE CAP_MAC_ADMIN CAP_SYSLOG CAP_WAKE_ALARM CAP_BLOCK_SUSPEND CAP_AUDIT_READ "
    "CAP_PERFMON CAP_BPF CAP_CHECKPOINT_RESTORE"
).split()

CAPABILITY = Enum(table="CAP_* capability", size=8, values={name: number for number, name in enumerate(_NAMES)})

SECUREBITS = Flags(
    table="SECBIT_* flags",
    size=8,
    values={
        name: 1 << number
        for number, name in enumerate(
            "SECBIT_NOROOT SECBIT_NOROOT_LOCKED SECBIT_NO_SETUID_FIXUP SECBIT_NO_SETUID_FIXUP_LOCKED SECBIT_KEEP_CAPS "
            "SECBIT_KEEP_CAPS_LOCKED SECBIT_NO_CAP_AMBIENT_RAISE SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED "
            "SECBIT_EXEC_RESTRICT_FILE SECBIT_EXEC_RESTRICT_FILE_LOCKED SECBIT_EXEC_DENY_INTERACTIVE "
            "SECBIT_EXEC_DENY_INTERACTIVE_LOCKED".split()
        )
    },
)

CAPABILITY_VERSION = Enum(
    table="_LINUX_CAPABILITY_VERSION_*",
    values={
        "_LINUX_CAPABILITY_VERSION_1": 0x19980330,
        "_LINUX_CAPABILITY_VERSION_2": 0x20071026,
        "_LINUX_CAPABILITY_VERSION_3": 0x20080522,
    },
)

CAPABILITY_HEADER = Structure(
    "__user_cap_header_struct",
    8,
    (
        Member("version", 0, CAPABILITY_VERSION, "version 1 has 32 capabilities, 2 and 3 have 64"),
        Member("pid", 4, PID, "the thread; 0 is the caller"),
    ),
)


def capability_names(mask: int) -> list[Value]:
    """The capabilities of a mask, unknown bits in hexadecimal; `~` first and the missing ones when most are there."""
    known = (1 << len(_NAMES)) - 1
    if not mask & ~known and mask.bit_count() > len(_NAMES) // 2:
        return ["~", *capability_names(known & ~mask)]
    names: list[Value] = [name for number, name in enumerate(_NAMES) if mask >> number & 1]
    if mask & ~known:
        names.append(f"{mask & ~known:#x}")
    return names


@dataclass(frozen=True, slots=True)
class CapabilitySets(Type):
    """The two struct __user_cap_data_struct of capget and capset, put together to the three sets of 64 bits.

    Callers of the obsolete version 1 pass only the first one; the upper halves are then what lies behind it.
    """

    def captures(self, machine: str = "x86_64") -> tuple[Capture, ...]:
        return (Capture(Copy.BYTES, LengthFrom.FIXED, 24, limit=24),)

    def decode(self, raw: int, data: Sequence[bytes | None] = (), call: Call = Call({})) -> Value:  # noqa: B008
        if not data or data[0] is None or len(data[0]) < 24:
            return None
        low, high = struct.unpack("<3I", data[0][:12]), struct.unpack("<3I", data[0][12:24])
        names = ("effective", "permitted", "inheritable")
        return {name: capability_names(a | b << 32) for name, a, b in zip(names, low, high, strict=True)}

    def schema(self) -> dict[str, object]:
        names = {"type": "array", "items": {"type": "string"}}
        return {
            "type": ["object", "null"],
            "properties": {"effective": names, "permitted": names, "inheritable": names},
        }

    def meaning(self) -> str:
        return "pointer to capability sets"


@dataclass(frozen=True, slots=True)
class GroupList(Array):
    """getgroups' list: nothing is written when the caller only asks how many there are."""

    def decode(self, raw: int, data: Sequence[bytes | None] = (), call: Call = Call({})) -> Value:  # noqa: B008
        return None if call.raw.get("size") == 0 else Array.decode(self, raw, data, call)
