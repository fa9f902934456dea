"""Names and structures that several areas use: open flags, modes, errnos, signals, times, address families.

Numbers are those of the kernel's UAPI headers.
"""

from __future__ import annotations

import errno
import os
import signal

from kindling.catalogue.types import (
    I64,
    U64,
    Enum,
    Flags,
    Hexadecimal,
    Member,
    Octal,
    Pointer,
    Scalar,
    Structure,
    Type,
    Value,
    Call,
)
from dataclasses import dataclass

OPEN_FLAGS = Flags(
    table="open flags",
    fields={0o3: {"O_RDONLY": 0, "O_WRONLY": 1, "O_RDWR": 2}},
    values={
        "O_CREAT": 0o100,
        "O_EXCL": 0o200,
        "O_NOCTTY": 0o400,
        "O_TRUNC": 0o1000,
        "O_APPEND": 0o2000,
        "O_NONBLOCK": 0o4000,
        "O_SYNC": 0o4010000,
        "O_DSYNC": 0o10000,
        "FASYNC": 0o20000,
        "O_DIRECT": 0o40000,
        "O_LARGEFILE": 0o100000,
        "O_TMPFILE": 0o20200000,
        "O_DIRECTORY": 0o200000,
        "O_NOFOLLOW": 0o400000,
        "O_NOATIME": 0o1000000,
        "O_CLOEXEC": 0o2000000,
        "O_PATH": 0o10000000,
    },
    machines={
        "aarch64": {
            "O_TMPFILE": 0o20040000,
            "O_DIRECTORY": 0o40000,
            "O_NOFOLLOW": 0o100000,
            "O_DIRECT": 0o200000,
            "O_LARGEFILE": 0o400000,
        }
    },
)

AT_FLAGS = Flags(
    table="AT_* flags",
    values={
        "AT_SYMLINK_NOFOLLOW": 0x100,
        "AT_REMOVEDIR": 0x200,
        "AT_SYMLINK_FOLLOW": 0x400,
        "AT_NO_AUTOMOUNT": 0x800,
        "AT_EMPTY_PATH": 0x1000,
        "AT_STATX_FORCE_SYNC": 0x2000,
        "AT_STATX_DONT_SYNC": 0x4000,
        "AT_RECURSIVE": 0x8000,
    },
)

ACCESS_MODE = Flags(table="access mode", values={"R_OK": 4, "W_OK": 2, "X_OK": 1}, zero="F_OK")

FILE_TYPES = {
    "S_IFSOCK": 0o140000,
    "S_IFLNK": 0o120000,
    "S_IFREG": 0o100000,
    "S_IFBLK": 0o060000,
    "S_IFDIR": 0o040000,
    "S_IFCHR": 0o020000,
    "S_IFIFO": 0o010000,
}


@dataclass(frozen=True, slots=True)
class FileMode(Octal):
    """A mode with its file type: "S_IFREG|0644"."""

    def show(self, value: int, machine: str) -> Value:
        kind = value & 0o170000
        name = next((name for name, bits in FILE_TYPES.items() if bits == kind), None)
        permissions = f"0{value & ~0o170000:03o}"
        if name is not None:
            return f"{name}|{permissions}"
        return permissions if kind == 0 else f"0{value:03o}"

    def schema(self) -> dict[str, object]:
        return {"type": "string"}

    def meaning(self) -> str:
        return "file type and permission bits"


FILE_MODE = FileMode(4)

ERRNO_NAMES: dict[int, str] = {
    **errno.errorcode,
    512: "ERESTARTSYS",
    513: "ERESTARTNOINTR",
    514: "ERESTARTNOHAND",
    515: "ENOIOCTLCMD",
    516: "ERESTART_RESTARTBLOCK",
    517: "EPROBE_DEFER",
    518: "EOPENSTALE",
    519: "ENOPARAM",
    521: "EBADHANDLE",
    522: "ENOTSYNC",
    523: "EBADCOOKIE",
    524: "ENOTSUPP",
    525: "ETOOSMALL",
    526: "ESERVERFAULT",
    527: "EBADTYPE",
    528: "EJUKEBOX",
    529: "EIOCBQUEUED",
    530: "ERECALLCONFLICT",
    531: "ENOGRACE",
}
"""Errno to name. From 512 on they are the kernel's own: a caller sees them only as a restarted call."""
ERRNO_NAMES[errno.EAGAIN] = "EAGAIN"
ERRNO_NAMES[errno.EDEADLK] = "EDEADLK"
ERRNO_NAMES[errno.EOPNOTSUPP] = "EOPNOTSUPP"

ERRNO = Enum(table="errno", values={name: number for number, name in ERRNO_NAMES.items()})

MAX_ERRNO = 4095


def errno_name(ret: int) -> str | None:
    """The name of the error in a raw result (a negative errno), None if it is not an error. Unknown numbers as "E<n>"."""
    if -MAX_ERRNO <= ret < 0:
        return ERRNO_NAMES.get(-ret, f"E{-ret}")
    return None


def errno_meaning(name: str) -> str:
    """What an errno means in general, in the C library's words."""
    number = ERRNO.values.get(name)
    if number is None:
        return ""
    if number >= 512:
        return "internal to the kernel: the call is restarted or fails with EINTR"
    return os.strerror(number)


SIGNALS: dict[str, int] = {s.name: int(s) for s in signal.Signals if s.name not in ("SIGRTMIN", "SIGRTMAX")}
SIGNALS |= {f"SIGRT_{number - 32}": number for number in range(32, 65)}


@dataclass(frozen=True, slots=True)
class SignalSet(Type):
    """A set of signals as a structure member or behind a pointer: ["SIGINT", "SIGTERM"]; `~` first when most are set."""

    def unpack(self, data: bytes, call: Call = Call({})) -> Value:  # noqa: B008 - immutable
        bits = int.from_bytes(data[:8], "little")
        names = {number: name for name, number in reversed(SIGNALS.items())}
        inverted = bits.bit_count() > 32
        if inverted:
            bits ^= (1 << 64) - 1
        shown: list[Value] = [names[n] for n in range(1, 65) if bits >> (n - 1) & 1]
        return ["~", *shown] if inverted else shown

    def size_on(self, machine: str) -> int:
        return 8

    def schema(self) -> dict[str, object]:
        return {"type": "array", "items": {"type": "string"}}

    def meaning(self) -> str:
        return "signal set"


SIGNAL = Enum(table="signal", values={"0": 0, **SIGNALS})
SIGNAL_SET = Pointer(SignalSet())

TIMESPEC = Structure("timespec", 16, (Member("tv_sec", 0, I64), Member("tv_nsec", 8, I64)))
TIMEVAL = Structure("timeval", 16, (Member("tv_sec", 0, I64), Member("tv_usec", 8, I64)))
ITIMERSPEC = Structure("itimerspec", 32, (Member("it_interval", 0, TIMESPEC), Member("it_value", 16, TIMESPEC)))
ITIMERVAL = Structure("itimerval", 32, (Member("it_interval", 0, TIMEVAL), Member("it_value", 16, TIMEVAL)))
TIMESPEC_POINTER = Pointer(TIMESPEC)
TIMEVAL_POINTER = Pointer(TIMEVAL)

CLOCK = Enum(
    table="clock",
    size=4,
    signed=True,
    values={
        "CLOCK_REALTIME": 0,
        "CLOCK_MONOTONIC": 1,
        "CLOCK_PROCESS_CPUTIME_ID": 2,
        "CLOCK_THREAD_CPUTIME_ID": 3,
        "CLOCK_MONOTONIC_RAW": 4,
        "CLOCK_REALTIME_COARSE": 5,
        "CLOCK_MONOTONIC_COARSE": 6,
        "CLOCK_BOOTTIME": 7,
        "CLOCK_REALTIME_ALARM": 8,
        "CLOCK_BOOTTIME_ALARM": 9,
        "CLOCK_SGI_CYCLE": 10,
        "CLOCK_TAI": 11,
    },
)

ADDRESS_FAMILY = Enum(
    table="address family",
    size=2,
    values={
        name: number
        for number, name in enumerate(
            "AF_UNSPEC AF_UNIX AF_INET AF_AX25 AF_IPX AF_APPLETALK AF_NETROM AF_BRIDGE AF_ATMPVC AF_X25 AF_INET6 AF_ROSE "
            "AF_DECnet AF_NETBEUI AF_SECURITY AF_KEY AF_NETLINK AF_PACKET AF_ASH AF_ECONET AF_ATMSVC AF_RDS AF_SNA AF_IRDA "
            "AF_PPPOX AF_WANPIPE AF_LLC AF_IB AF_MPLS AF_CAN AF_TIPC AF_BLUETOOTH AF_IUCV AF_RXRPC AF_ISDN AF_PHONET "
            "AF_IEEE802154 AF_CAIF AF_ALG AF_NFC AF_VSOCK AF_KCM AF_QIPCRTR AF_SMC AF_XDP AF_MCTP".split()
        )
    },
)
"""The two bytes at the start of a struct sockaddr. For an argument use SOCKET_FAMILY, which has the size of an int."""

SOCKET_FAMILY = Enum(table="address family", size=4, signed=True, values=ADDRESS_FAMILY.values)

SOCKET_TYPE = Flags(
    table="socket type",
    fields={
        0xF: {
            "SOCK_STREAM": 1,
            "SOCK_DGRAM": 2,
            "SOCK_RAW": 3,
            "SOCK_RDM": 4,
            "SOCK_SEQPACKET": 5,
            "SOCK_DCCP": 6,
            "SOCK_PACKET": 10,
        }
    },
    values={"SOCK_CLOEXEC": 0o2000000, "SOCK_NONBLOCK": 0o4000},
)

MESSAGE_FLAGS = Flags(
    table="MSG_* flags",
    values={
        "MSG_OOB": 0x1,
        "MSG_PEEK": 0x2,
        "MSG_DONTROUTE": 0x4,
        "MSG_CTRUNC": 0x8,
        "MSG_PROBE": 0x10,
        "MSG_TRUNC": 0x20,
        "MSG_DONTWAIT": 0x40,
        "MSG_EOR": 0x80,
        "MSG_WAITALL": 0x100,
        "MSG_FIN": 0x200,
        "MSG_SYN": 0x400,
        "MSG_CONFIRM": 0x800,
        "MSG_RST": 0x1000,
        "MSG_ERRQUEUE": 0x2000,
        "MSG_NOSIGNAL": 0x4000,
        "MSG_MORE": 0x8000,
        "MSG_WAITFORONE": 0x10000,
        "MSG_BATCH": 0x40000,
        "MSG_SOCK_DEVMEM": 0x2000000,
        "MSG_ZEROCOPY": 0x4000000,
        "MSG_FASTOPEN": 0x20000000,
        "MSG_CMSG_CLOEXEC": 0x40000000,
    },
)

WAIT_STATUS_SIZE = 4


@dataclass(frozen=True, slots=True)
class WaitStatus(Scalar):
    """What wait4 reports: {"exited": 0}, {"killed": "SIGKILL", "core": false}, {"stopped": "SIGSTOP"} or {"continued": true}."""

    size: int = WAIT_STATUS_SIZE

    def show(self, value: int, machine: str) -> Value:
        low = value & 0x7F
        if low == 0:
            return {"exited": value >> 8 & 0xFF}
        if value == 0xFFFF:
            return {"continued": True}
        if low == 0x7F:
            shown: dict[str, Value] = {"stopped": SIGNAL.show(value >> 8 & 0xFF, machine)}
            if value >> 16:
                shown["event"] = value >> 16
            return shown
        return {"killed": SIGNAL.show(low, machine), "core": bool(value & 0x80)}

    def schema(self) -> dict[str, object]:
        return {"type": "object"}

    def meaning(self) -> str:
        return "wait status"


WAIT_STATUS = WaitStatus()

RLIMIT = Structure("rlimit64", 16, (Member("rlim_cur", 0, U64), Member("rlim_max", 8, U64)))

CAPABILITY_MASK = Hexadecimal(8, null=False)
