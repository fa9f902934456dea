"""Names and structures that several areas use: open flags, modes, errnos, signals, times, address families.

Numbers are those of the kernel's UAPI headers.
"""

from __future__ import annotations

from dataclasses import dataclass

from kindling.catalogue.types import (
    I64,
    Call,
    Enum,
    Flags,
    Member,
    Octal,
    Pointer,
    Scalar,
    Structure,
    Type,
    Value,
)

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
        "O_EMPTYPATH": 0o400000000,
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

_ERRORS = [
    line.split(maxsplit=2)
    for line in """
    1 EPERM Operation not permitted
    2 ENOENT No such file or directory
    3 ESRCH No such process
    4 EINTR Interrupted system call
    5 EIO Input/output error
    6 ENXIO No such device or address
    7 E2BIG Argument list too long
    8 ENOEXEC Exec format error
    9 EBADF Bad file descriptor
    10 ECHILD No child processes
    11 EAGAIN Resource temporarily unavailable
    12 ENOMEM Cannot allocate memory
    13 EACCES Permission denied
    14 EFAULT Bad address
    15 ENOTBLK Block device required
    16 EBUSY Device or resource busy
    17 EEXIST File exists
    18 EXDEV Invalid cross-device link
    19 ENODEV No such device
    20 ENOTDIR Not a directory
    21 EISDIR Is a directory
    22 EINVAL Invalid argument
    23 ENFILE Too many open files in system
    24 EMFILE Too many open files
    25 ENOTTY Inappropriate ioctl for device
    26 ETXTBSY Text file busy
    27 EFBIG File too large
    28 ENOSPC No space left on device
    29 ESPIPE Illegal seek
    30 EROFS Read-only file system
    31 EMLINK Too many links
    32 EPIPE Broken pipe
    33 EDOM Numerical argument out of domain
    34 ERANGE Numerical result out of range
    35 EDEADLK Resource deadlock avoided
    36 ENAMETOOLONG File name too long
    37 ENOLCK No locks available
    38 ENOSYS Function not implemented
    39 ENOTEMPTY Directory not empty
    40 ELOOP Too many levels of symbolic links
    42 ENOMSG No message of desired type
    43 EIDRM Identifier removed
    44 ECHRNG Channel number out of range
    45 EL2NSYNC Level 2 not synchronized
    46 EL3HLT Level 3 halted
    47 EL3RST Level 3 reset
    48 ELNRNG Link number out of range
    49 EUNATCH Protocol driver not attached
    50 ENOCSI No CSI structure available
    51 EL2HLT Level 2 halted
    52 EBADE Invalid exchange
    53 EBADR Invalid request descriptor
    54 EXFULL Exchange full
    55 ENOANO No anode
    56 EBADRQC Invalid request code
    57 EBADSLT Invalid slot
    59 EBFONT Bad font file format
    60 ENOSTR Device not a stream
    61 ENODATA No data available
    62 ETIME Timer expired
    63 ENOSR Out of streams resources
    64 ENONET Machine is not on the network
    65 ENOPKG Package not installed
    66 EREMOTE Object is remote
    67 ENOLINK Link has been severed
    68 EADV Advertise error
    69 ESRMNT Srmount error
    70 ECOMM Communication error on send
    71 EPROTO Protocol error
    72 EMULTIHOP Multihop attempted
    73 EDOTDOT RFS specific error
    74 EBADMSG Bad message
    75 EOVERFLOW Value too large for defined data type
    76 ENOTUNIQ Name not unique on network
    77 EBADFD File descriptor in bad state
    78 EREMCHG Remote address changed
    79 ELIBACC Can not access a needed shared library
    80 ELIBBAD Accessing a corrupted shared library
    81 ELIBSCN .lib section in a.out corrupted
    82 ELIBMAX Attempting to link in too many shared libraries
    83 ELIBEXEC Cannot exec a shared library directly
    84 EILSEQ Invalid or incomplete multibyte or wide character
    85 ERESTART Interrupted system call should be restarted
    86 ESTRPIPE Streams pipe error
    87 EUSERS Too many users
    88 ENOTSOCK Socket operation on non-socket
    89 EDESTADDRREQ Destination address required
    90 EMSGSIZE Message too long
    91 EPROTOTYPE Protocol wrong type for socket
    92 ENOPROTOOPT Protocol not available
    93 EPROTONOSUPPORT Protocol not supported
    94 ESOCKTNOSUPPORT Socket type not supported
    95 EOPNOTSUPP Operation not supported
    96 EPFNOSUPPORT Protocol family not supported
    97 EAFNOSUPPORT Address family not supported by protocol
    98 EADDRINUSE Address already in use
    99 EADDRNOTAVAIL Cannot assign requested address
    100 ENETDOWN Network is down
    101 ENETUNREACH Network is unreachable
    102 ENETRESET Network dropped connection on reset
    103 ECONNABORTED Software caused connection abort
    104 ECONNRESET Connection reset by peer
    105 ENOBUFS No buffer space available
    106 EISCONN Transport endpoint is already connected
    107 ENOTCONN Transport endpoint is not connected
    108 ESHUTDOWN Cannot send after transport endpoint shutdown
    109 ETOOMANYREFS Too many references: cannot splice
    110 ETIMEDOUT Connection timed out
    111 ECONNREFUSED Connection refused
    112 EHOSTDOWN Host is down
    113 EHOSTUNREACH No route to host
    114 EALREADY Operation already in progress
    115 EINPROGRESS Operation now in progress
    116 ESTALE Stale file handle
    117 EUCLEAN Structure needs cleaning
    118 ENOTNAM Not a XENIX named type file
    119 ENAVAIL No XENIX semaphores available
    120 EISNAM Is a named type file
    121 EREMOTEIO Remote I/O error
    122 EDQUOT Disk quota exceeded
    123 ENOMEDIUM No medium found
    124 EMEDIUMTYPE Wrong medium type
    125 ECANCELED Operation canceled
    126 ENOKEY Required key not available
    127 EKEYEXPIRED Key has expired
    128 EKEYREVOKED Key has been revoked
    129 EKEYREJECTED Key was rejected by service
    130 EOWNERDEAD Owner died
    131 ENOTRECOVERABLE State not recoverable
    132 ERFKILL Operation not possible due to RF-kill
    133 EHWPOISON Memory page has hardware error
    512 ERESTARTSYS Interrupted by a signal; restarted if its handler has SA_RESTART, else it fails with EINTR
    513 ERESTARTNOINTR Interrupted by a signal; always restarted
    514 ERESTARTNOHAND Interrupted by a signal; restarted if it has no handler, else it fails with EINTR
    515 ENOIOCTLCMD No such ioctl request; the caller sees ENOTTY
    516 ERESTART_RESTARTBLOCK Interrupted by a signal; goes on with restart_syscall, or fails with EINTR
    517 EPROBE_DEFER Driver asks to be probed again later
    518 EOPENSTALE Open found a stale directory entry
    519 ENOPARAM Parameter not supported
    521 EBADHANDLE Illegal NFS file handle
    522 ENOTSYNC Update synchronization mismatch
    523 EBADCOOKIE Cookie is stale
    524 ENOTSUPP Operation is not supported
    525 ETOOSMALL Buffer or request is too small
    526 ESERVERFAULT An untranslatable error occurred
    527 EBADTYPE Type not supported by server
    528 EJUKEBOX Request initiated, but will not complete before timeout
    529 EIOCBQUEUED Request queued; its completion is reported later
    530 ERECALLCONFLICT Conflict with recalled state
    531 ENOGRACE NFS file lock reclaim refused
    """.strip().splitlines()
]
"""Number, name and meaning: those of asm-generic/errno.h and, from 512 on, include/linux/errno.h."""

ERRNO_NAMES: dict[int, str] = {int(number): name for number, name, _ in _ERRORS}
"""Errno to name. From 512 on they are the kernel's own: a caller sees them only as a restarted call."""

_MEANINGS = {name: meaning for _, name, meaning in _ERRORS}

ERRNO = Enum(table="errno", values={name: number for number, name in ERRNO_NAMES.items()})

MAX_ERRNO = 4095


def errno_name(ret: int) -> str | None:
    """The name of the error in a raw result (a negative errno), None if it is none. Unknown numbers as "E<n>"."""
    if -MAX_ERRNO <= ret < 0:
        return ERRNO_NAMES.get(-ret, f"E{-ret}")
    return None


def errno_meaning(name: str) -> str:
    """What an errno means in general, in the C library's words; empty if there is none of this name."""
    return _MEANINGS.get(name, "")


SIGNALS: dict[str, int] = {
    name: number
    for number, name in enumerate(
        "SIGHUP SIGINT SIGQUIT SIGILL SIGTRAP SIGABRT SIGBUS SIGFPE SIGKILL SIGUSR1 SIGSEGV SIGUSR2 SIGPIPE SIGALRM "
        "SIGTERM SIGSTKFLT SIGCHLD SIGCONT SIGSTOP SIGTSTP SIGTTIN SIGTTOU SIGURG SIGXCPU SIGXFSZ SIGVTALRM SIGPROF "
        "SIGWINCH SIGIO SIGPWR SIGSYS".split(),
        1,
    )
}
SIGNALS |= {f"SIGRT_{number - 32}": number for number in range(32, 65)}


@dataclass(frozen=True, slots=True)
class SignalSet(Type):
    """A set of signals in a structure or behind a pointer: ["SIGINT", "SIGTERM"]; `~` first when most are set."""

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

_WHOLE_SECONDS = Member("tv_sec", 0, I64, "whole seconds")
TIMESPEC = Structure("timespec", 16, (_WHOLE_SECONDS, Member("tv_nsec", 8, I64, "nanoseconds beyond the seconds")))
TIMEVAL = Structure("timeval", 16, (_WHOLE_SECONDS, Member("tv_usec", 8, I64, "microseconds beyond the seconds")))


def _timer(name: str, time: Structure) -> Structure:
    return Structure(
        name,
        32,
        (
            Member("it_interval", 0, time, "time from one expiry to the next, 0 to expire once"),
            Member("it_value", 16, time, "time until the next expiry, 0 when stopped"),
        ),
    )


ITIMERSPEC = _timer("itimerspec", TIMESPEC)
ITIMERVAL = _timer("itimerval", TIMEVAL)
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
            "AF_UNSPEC AF_UNIX AF_INET AF_AX25 AF_IPX AF_APPLETALK AF_NETROM AF_BRIDGE AF_ATMPVC AF_X25 AF_INET6 "
            "AF_ROSE AF_DECnet AF_NETBEUI AF_SECURITY AF_KEY AF_NETLINK AF_PACKET AF_ASH AF_ECONET AF_ATMSVC AF_RDS "
            "AF_SNA AF_IRDA AF_PPPOX AF_WANPIPE AF_LLC AF_IB AF_MPLS AF_CAN AF_TIPC AF_BLUETOOTH AF_IUCV AF_RXRPC "
            "AF_ISDN AF_PHONET AF_IEEE802154 AF_CAIF AF_ALG AF_NFC AF_VSOCK AF_KCM AF_QIPCRTR AF_SMC AF_XDP "
            "AF_MCTP".split()
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
    """What wait4 reports.

    {"exited": 0}, {"killed": "SIGKILL", "core": false}, {"stopped": "SIGSTOP"} or {"continued": true}.
    """

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
