"""Tables and structures of processes: clone, wait, limits, prctl, ptrace, seccomp, namespaces.

Numbers are those of the kernel's UAPI headers: linux/sched.h, prctl.h, ptrace.h, seccomp.h, pidfd.h,
asm-generic/resource.h.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from kindling.catalogue.tables.common import ERRNO, SIGNAL, TIMEVAL, SignalSet
from kindling.catalogue.tables.signal import AUDIT_ARCH, SIGNAL_INFO, syscall_name
from kindling.catalogue.tables.user import CAPABILITY, SECUREBITS
from kindling.catalogue.types import (
    ADDRESS,
    BOOLEAN,
    HEX64,
    I32,
    I64,
    PID,
    SIZE,
    U16,
    U32,
    U64,
    Call,
    Capture,
    Characters,
    Copy,
    Descriptor,
    Enum,
    Flags,
    LengthFrom,
    Member,
    Pointer,
    Quantity,
    Scalar,
    String,
    Structure,
    Switch,
    Type,
    Value,
)


@dataclass(frozen=True, slots=True)
class ProcessDescriptor(Descriptor):
    """A pidfd, or one of the numbers that stand for the caller itself."""

    def show(self, value: int, machine: str) -> Value:
        return {-10000: "PIDFD_SELF_THREAD", -10001: "PIDFD_SELF_THREAD_GROUP"}.get(value, value)

    def schema(self) -> dict[str, object]:
        return {"type": ["integer", "string"]}

    def meaning(self) -> str:
        return "process descriptor"


PIDFD = ProcessDescriptor()

REMOTE_FD = Quantity(4, True, unit="descriptor of the other process")
"""A descriptor number in another process's table, so not one whose object the caller's table could tell."""

PIDFD_FLAGS = Flags(table="PIDFD_* flags", values={"PIDFD_NONBLOCK": 0o4000, "PIDFD_THREAD": 0o200})

_CLONE = {
    "CLONE_VM": 0x100,
    "CLONE_FS": 0x200,
    "CLONE_FILES": 0x400,
    "CLONE_SIGHAND": 0x800,
    "CLONE_PIDFD": 0x1000,
    "CLONE_PTRACE": 0x2000,
    "CLONE_VFORK": 0x4000,
    "CLONE_PARENT": 0x8000,
    "CLONE_THREAD": 0x10000,
    "CLONE_NEWNS": 0x20000,
    "CLONE_SYSVSEM": 0x40000,
    "CLONE_SETTLS": 0x80000,
    "CLONE_PARENT_SETTID": 0x100000,
    "CLONE_CHILD_CLEARTID": 0x200000,
    "CLONE_DETACHED": 0x400000,
    "CLONE_UNTRACED": 0x800000,
    "CLONE_CHILD_SETTID": 0x1000000,
    "CLONE_NEWCGROUP": 0x2000000,
    "CLONE_NEWUTS": 0x4000000,
    "CLONE_NEWIPC": 0x8000000,
    "CLONE_NEWUSER": 0x10000000,
    "CLONE_NEWPID": 0x20000000,
    "CLONE_NEWNET": 0x40000000,
    "CLONE_IO": 0x80000000,
}
_CLONE_PIDFD = _CLONE["CLONE_PIDFD"]
_CLONE_PARENT_SETTID = _CLONE["CLONE_PARENT_SETTID"]


@dataclass(frozen=True, slots=True)
class CloneFlags(Flags):
    """clone's flags, whose low byte is the signal that the parent gets at the child's end: "CLONE_VM|SIGCHLD"."""

    def show(self, value: int, machine: str) -> Value:
        flags = str(Flags.show(self, value & ~0xFF, machine))
        if not value & 0xFF:
            return flags
        signal = str(SIGNAL.show(value & 0xFF, machine))
        return signal if flags == self.zero else f"{flags}|{signal}"


CLONE_FLAGS = CloneFlags(table="CLONE_* flags and a signal", size=8, values=_CLONE)

CLONE3_FLAGS = Flags(
    table="CLONE_* flags",
    size=8,
    values={
        **_CLONE,
        "CLONE_NEWTIME": 0x80,
        "CLONE_CLEAR_SIGHAND": 1 << 32,
        "CLONE_INTO_CGROUP": 1 << 33,
        "CLONE_AUTOREAP": 1 << 34,
        "CLONE_NNP": 1 << 35,
        "CLONE_PIDFD_AUTOKILL": 1 << 36,
        "CLONE_EMPTY_MNTNS": 1 << 37,
    },
)

UNSHARE_FLAGS = Flags(
    table="CLONE_* flags of unshare",
    size=8,
    values={
        **{name: bits for name, bits in _CLONE.items() if name != "CLONE_PARENT_SETTID"},
        "CLONE_NEWTIME": 0x80,
        "UNSHARE_EMPTY_MNTNS": 0x100000,
    },
)

NAMESPACE_TYPES = Flags(
    table="CLONE_NEW* namespace types",
    values={
        "CLONE_NEWTIME": 0x80,
        **{name: bits for name, bits in _CLONE.items() if name.startswith("CLONE_NEW")},
    },
)


@dataclass(frozen=True, slots=True)
class ParentTid(Type):
    """Where clone writes for the parent: the child's thread id or its pidfd. The address where neither is asked for."""

    def captures(self, machine: str = "x86_64") -> tuple[Capture, ...]:
        return (Capture(Copy.BYTES, LengthFrom.FIXED, 4, limit=4),)

    def decode(self, raw: int, data: Sequence[bytes | None] = (), call: Call = Call({})) -> Value:  # noqa: B008
        if not call.raw.get("flags", 0) & (_CLONE_PIDFD | _CLONE_PARENT_SETTID):
            return ADDRESS.show(raw, call.machine)
        if not data or data[0] is None or len(data[0]) < 4:
            return None
        return int.from_bytes(data[0][:4], "little", signed=True)

    def schema(self) -> dict[str, object]:
        return {"type": ["integer", "string", "null"]}

    def meaning(self) -> str:
        return "pointer to pid or file descriptor"


@dataclass(frozen=True, slots=True)
class MovedAddress(Type):
    """An address that a machine passes in another argument's place, named in `elsewhere` by machine."""

    elsewhere: Mapping[str, str] = field(default_factory=dict, hash=False)

    def decode(self, raw: int, data: Sequence[bytes | None] = (), call: Call = Call({})) -> Value:  # noqa: B008
        other = self.elsewhere.get(call.machine)
        return ADDRESS.show(raw if other is None else call.raw.get(other, 0), call.machine)

    def schema(self) -> dict[str, object]:
        return ADDRESS.schema()

    def meaning(self) -> str:
        return ADDRESS.meaning()


CLONE_CHILD_TID = MovedAddress({"aarch64": "tls"})
CLONE_TLS = MovedAddress({"aarch64": "child_tid"})
"""aarch64 is built with CONFIG_CLONE_BACKWARDS: there clone's tls comes before child_tid."""

CLONE_ARGS = Structure(
    "clone_args",
    88,
    (
        Member("flags", 0, CLONE3_FLAGS, "what the child shares with the caller and which namespaces are new"),
        Member("pidfd", 8, ADDRESS, "where the child's pidfd is stored"),
        Member("child_tid", 16, ADDRESS, "where the child's thread id is stored or cleared in the child's memory"),
        Member("parent_tid", 24, ADDRESS, "where the child's thread id is stored in the caller's memory"),
        Member("exit_signal", 32, Enum(table="signal", size=8, values=SIGNAL.values), "signal at the child's end"),
        Member("stack", 40, ADDRESS, "lowest address of the child's stack"),
        Member("stack_size", 48, SIZE, "its size"),
        Member("tls", 56, ADDRESS, "the child's thread-local storage"),
        Member("set_tid", 64, ADDRESS, "array of ids that the child shall have, innermost namespace first"),
        Member("set_tid_size", 72, U64, "number of ids in set_tid"),
        Member("cgroup", 80, Descriptor(8, True), "descriptor of the cgroup that the child starts in"),
    ),
)

EXEC_FLAGS = Flags(
    table="AT_* flags of execveat",
    values={"AT_SYMLINK_NOFOLLOW": 0x100, "AT_EMPTY_PATH": 0x1000, "AT_EXECVE_CHECK": 0x10000},
)

_WAIT = {
    "WNOHANG": 1,
    "WEXITED": 4,
    "WCONTINUED": 8,
    "WNOWAIT": 0x01000000,
    "__WNOTHREAD": 0x20000000,
    "__WALL": 0x40000000,
    "__WCLONE": 0x80000000,
}
WAIT4_OPTIONS = Flags(table="W* options", values={"WNOHANG": 1, "WUNTRACED": 2, **_WAIT})
WAITID_OPTIONS = Flags(table="W* options", values={"WNOHANG": 1, "WSTOPPED": 2, **_WAIT})
"""As wait4's; the bit that wait4 calls WUNTRACED is WSTOPPED here."""

WAITID_TYPE = Enum(table="P_* id type", values={"P_ALL": 0, "P_PID": 1, "P_PGID": 2, "P_PIDFD": 3})


@dataclass(frozen=True, slots=True)
class OnChild(Pointer):
    """What wait4 writes when it found a child: nothing when it returns 0 (WNOHANG and no child has changed)."""

    def decode(self, raw: int, data: Sequence[bytes | None] = (), call: Call = Call({})) -> Value:  # noqa: B008
        return None if call.ret == 0 else Pointer.decode(self, raw, data, call)


RESOURCE = Enum(
    table="RLIMIT_* resource",
    values={
        "RLIMIT_CPU": 0,
        "RLIMIT_FSIZE": 1,
        "RLIMIT_DATA": 2,
        "RLIMIT_STACK": 3,
        "RLIMIT_CORE": 4,
        "RLIMIT_RSS": 5,
        "RLIMIT_NPROC": 6,
        "RLIMIT_NOFILE": 7,
        "RLIMIT_MEMLOCK": 8,
        "RLIMIT_AS": 9,
        "RLIMIT_LOCKS": 10,
        "RLIMIT_SIGPENDING": 11,
        "RLIMIT_MSGQUEUE": 12,
        "RLIMIT_NICE": 13,
        "RLIMIT_RTPRIO": 14,
        "RLIMIT_RTTIME": 15,
    },
)


@dataclass(frozen=True, slots=True)
class AllOnes(Scalar):
    """A number whose largest value has a name: no limit, any process."""

    name: str = "RLIM_INFINITY"
    unit: str = "limit"

    def show(self, value: int, machine: str) -> Value:
        return self.name if value == (1 << self.size * 8) - 1 else value

    def schema(self) -> dict[str, object]:
        return {"type": ["integer", "string"]}

    def meaning(self) -> str:
        return f"{self.unit} or {self.name}"


def _rlimit(name: str, limit: Scalar) -> Structure:
    return Structure(
        name,
        16,
        (
            Member("rlim_cur", 0, limit, "the soft limit, which is enforced"),
            Member("rlim_max", 8, limit, "the hard limit, up to which the soft one may be raised"),
        ),
    )


RLIMIT = _rlimit("rlimit", AllOnes())
RLIMIT64 = _rlimit("rlimit64", AllOnes(name="RLIM64_INFINITY"))

RUSAGE_WHO = Enum(
    table="RUSAGE_* who",
    signed=True,
    values={"RUSAGE_SELF": 0, "RUSAGE_CHILDREN": -1, "RUSAGE_BOTH": -2, "RUSAGE_THREAD": 1},
)

RUSAGE = Structure(
    "rusage",
    144,
    (
        Member("ru_utime", 0, TIMEVAL, "CPU time in user mode"),
        Member("ru_stime", 16, TIMEVAL, "CPU time in the kernel"),
        Member("ru_maxrss", 32, I64, "largest resident set, in KiB"),
        Member("ru_ixrss", 40, I64, "not maintained"),
        Member("ru_idrss", 48, I64, "not maintained"),
        Member("ru_isrss", 56, I64, "not maintained"),
        Member("ru_minflt", 64, I64, "page faults without I/O"),
        Member("ru_majflt", 72, I64, "page faults with I/O"),
        Member("ru_nswap", 80, I64, "not maintained"),
        Member("ru_inblock", 88, I64, "512-byte blocks read from storage"),
        Member("ru_oublock", 96, I64, "512-byte blocks written to storage"),
        Member("ru_msgsnd", 104, I64, "not maintained"),
        Member("ru_msgrcv", 112, I64, "not maintained"),
        Member("ru_nsignals", 120, I64, "not maintained"),
        Member("ru_nvcsw", 128, I64, "switches away because the thread waited"),
        Member("ru_nivcsw", 136, I64, "switches away because the thread was preempted"),
    ),
)

_PERSONALITIES = {
    "PER_LINUX": 0x00,
    "PER_SVR4": 0x01,
    "PER_SVR3": 0x02,
    "PER_OSR5": 0x03,
    "PER_WYSEV386": 0x04,
    "PER_ISCR4": 0x05,
    "PER_BSD": 0x06,
    "PER_XENIX": 0x07,
    "PER_LINUX32": 0x08,
    "PER_IRIX32": 0x09,
    "PER_IRIXN32": 0x0A,
    "PER_IRIX64": 0x0B,
    "PER_RISCOS": 0x0C,
    "PER_SOLARIS": 0x0D,
    "PER_UW7": 0x0E,
    "PER_OSF4": 0x0F,
    "PER_HPUX": 0x10,
}


@dataclass(frozen=True, slots=True)
class Personality(Flags):
    """An execution domain in the low byte and quirks above it; all ones asks without a change."""

    def show(self, value: int, machine: str) -> Value:
        return "0xffffffff" if value == 0xFFFFFFFF else Flags.show(self, value, machine)


PERSONALITY = Personality(
    table="PER_* domain and quirks",
    fields={0xFF: _PERSONALITIES},
    values={
        "UNAME26": 0x20000,
        "ADDR_NO_RANDOMIZE": 0x40000,
        "FDPIC_FUNCPTRS": 0x80000,
        "MMAP_PAGE_ZERO": 0x100000,
        "ADDR_COMPAT_LAYOUT": 0x200000,
        "READ_IMPLIES_EXEC": 0x400000,
        "ADDR_LIMIT_32BIT": 0x800000,
        "SHORT_INODE": 0x1000000,
        "WHOLE_SECONDS": 0x2000000,
        "STICKY_TIMEOUTS": 0x4000000,
        "ADDR_LIMIT_3GB": 0x8000000,
    },
)

KCMP_TYPE = Enum(
    table="KCMP_* type",
    values={
        "KCMP_FILE": 0,
        "KCMP_VM": 1,
        "KCMP_FILES": 2,
        "KCMP_FS": 3,
        "KCMP_SIGHAND": 4,
        "KCMP_IO": 5,
        "KCMP_SYSVSEM": 6,
        "KCMP_EPOLL_TFD": 7,
    },
)
KCMP_EPOLL_SLOT = Structure(
    "kcmp_epoll_slot",
    12,
    (
        Member("efd", 0, U32, "descriptor of the epoll instance in the second process"),
        Member("tfd", 4, U32, "number that the target was added with"),
        Member("toff", 8, U32, "which of several targets of that number"),
    ),
)
KCMP_FIRST = Switch("type", KCMP_TYPE, {"KCMP_FILE": REMOTE_FD, "KCMP_EPOLL_TFD": REMOTE_FD}, U64)
KCMP_SECOND = Switch("type", KCMP_TYPE, {"KCMP_FILE": REMOTE_FD, "KCMP_EPOLL_TFD": Pointer(KCMP_EPOLL_SLOT)}, U64)

# seccomp

SECCOMP_OPERATION = Enum(
    table="SECCOMP_* operation",
    values={
        "SECCOMP_SET_MODE_STRICT": 0,
        "SECCOMP_SET_MODE_FILTER": 1,
        "SECCOMP_GET_ACTION_AVAIL": 2,
        "SECCOMP_GET_NOTIF_SIZES": 3,
    },
)
SECCOMP_FILTER_FLAGS = Flags(
    table="SECCOMP_FILTER_FLAG_* flags",
    values={
        "SECCOMP_FILTER_FLAG_TSYNC": 1,
        "SECCOMP_FILTER_FLAG_LOG": 2,
        "SECCOMP_FILTER_FLAG_SPEC_ALLOW": 4,
        "SECCOMP_FILTER_FLAG_NEW_LISTENER": 8,
        "SECCOMP_FILTER_FLAG_TSYNC_ESRCH": 16,
        "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV": 32,
    },
)
SECCOMP_MODE = Enum(
    table="SECCOMP_MODE_*",
    size=8,
    values={"SECCOMP_MODE_DISABLED": 0, "SECCOMP_MODE_STRICT": 1, "SECCOMP_MODE_FILTER": 2},
)
SECCOMP_ACTION = Enum(
    table="SECCOMP_RET_* action",
    values={
        "SECCOMP_RET_KILL_PROCESS": 0x80000000,
        "SECCOMP_RET_KILL_THREAD": 0,
        "SECCOMP_RET_TRAP": 0x00030000,
        "SECCOMP_RET_ERRNO": 0x00050000,
        "SECCOMP_RET_USER_NOTIF": 0x7FC00000,
        "SECCOMP_RET_TRACE": 0x7FF00000,
        "SECCOMP_RET_LOG": 0x7FFC0000,
        "SECCOMP_RET_ALLOW": 0x7FFF0000,
    },
)
FILTER_PROGRAM = Structure(
    "sock_fprog",
    16,
    (
        Member("len", 0, U16, "number of instructions"),
        Member("filter", 8, ADDRESS, "where they are"),
    ),
)
SECCOMP_SIZES = Structure(
    "seccomp_notif_sizes",
    6,
    (
        Member("seccomp_notif", 0, U16, "size of a notification"),
        Member("seccomp_notif_resp", 2, U16, "size of an answer"),
        Member("seccomp_data", 4, U16, "size of the data that a filter sees"),
    ),
)
SECCOMP_FLAGS = Switch(
    "operation", SECCOMP_OPERATION, {"SECCOMP_SET_MODE_FILTER": SECCOMP_FILTER_FLAGS}, Flags(table="no flags")
)
SECCOMP_ARGS = Switch(
    "operation",
    SECCOMP_OPERATION,
    {
        "SECCOMP_SET_MODE_FILTER": Pointer(FILTER_PROGRAM),
        "SECCOMP_GET_ACTION_AVAIL": Pointer(SECCOMP_ACTION),
        "SECCOMP_GET_NOTIF_SIZES": Pointer(SECCOMP_SIZES),
    },
    ADDRESS,
)

# prctl

PRCTL = Enum(
    table="PR_* operation",
    values={
        "PR_SET_PDEATHSIG": 1,
        "PR_GET_PDEATHSIG": 2,
        "PR_GET_DUMPABLE": 3,
        "PR_SET_DUMPABLE": 4,
        "PR_GET_UNALIGN": 5,
        "PR_SET_UNALIGN": 6,
        "PR_GET_KEEPCAPS": 7,
        "PR_SET_KEEPCAPS": 8,
        "PR_GET_FPEMU": 9,
        "PR_SET_FPEMU": 10,
        "PR_GET_FPEXC": 11,
        "PR_SET_FPEXC": 12,
        "PR_GET_TIMING": 13,
        "PR_SET_TIMING": 14,
        "PR_SET_NAME": 15,
        "PR_GET_NAME": 16,
        "PR_GET_ENDIAN": 19,
        "PR_SET_ENDIAN": 20,
        "PR_GET_SECCOMP": 21,
        "PR_SET_SECCOMP": 22,
        "PR_CAPBSET_READ": 23,
        "PR_CAPBSET_DROP": 24,
        "PR_GET_TSC": 25,
        "PR_SET_TSC": 26,
        "PR_GET_SECUREBITS": 27,
        "PR_SET_SECUREBITS": 28,
        "PR_SET_TIMERSLACK": 29,
        "PR_GET_TIMERSLACK": 30,
        "PR_TASK_PERF_EVENTS_DISABLE": 31,
        "PR_TASK_PERF_EVENTS_ENABLE": 32,
        "PR_MCE_KILL": 33,
        "PR_MCE_KILL_GET": 34,
        "PR_SET_MM": 35,
        "PR_SET_CHILD_SUBREAPER": 36,
        "PR_GET_CHILD_SUBREAPER": 37,
        "PR_SET_NO_NEW_PRIVS": 38,
        "PR_GET_NO_NEW_PRIVS": 39,
        "PR_GET_TID_ADDRESS": 40,
        "PR_SET_THP_DISABLE": 41,
        "PR_GET_THP_DISABLE": 42,
        "PR_MPX_ENABLE_MANAGEMENT": 43,
        "PR_MPX_DISABLE_MANAGEMENT": 44,
        "PR_SET_FP_MODE": 45,
        "PR_GET_FP_MODE": 46,
        "PR_CAP_AMBIENT": 47,
        "PR_SVE_SET_VL": 50,
        "PR_SVE_GET_VL": 51,
        "PR_GET_SPECULATION_CTRL": 52,
        "PR_SET_SPECULATION_CTRL": 53,
        "PR_PAC_RESET_KEYS": 54,
        "PR_SET_TAGGED_ADDR_CTRL": 55,
        "PR_GET_TAGGED_ADDR_CTRL": 56,
        "PR_SET_IO_FLUSHER": 57,
        "PR_GET_IO_FLUSHER": 58,
        "PR_SET_SYSCALL_USER_DISPATCH": 59,
        "PR_PAC_SET_ENABLED_KEYS": 60,
        "PR_PAC_GET_ENABLED_KEYS": 61,
        "PR_SCHED_CORE": 62,
        "PR_SME_SET_VL": 63,
        "PR_SME_GET_VL": 64,
        "PR_SET_MDWE": 65,
        "PR_GET_MDWE": 66,
        "PR_SET_MEMORY_MERGE": 67,
        "PR_GET_MEMORY_MERGE": 68,
        "PR_RISCV_V_SET_CONTROL": 69,
        "PR_RISCV_V_GET_CONTROL": 70,
        "PR_RISCV_SET_ICACHE_FLUSH_CTX": 71,
        "PR_PPC_GET_DEXCR": 72,
        "PR_PPC_SET_DEXCR": 73,
        "PR_GET_SHADOW_STACK_STATUS": 74,
        "PR_SET_SHADOW_STACK_STATUS": 75,
        "PR_LOCK_SHADOW_STACK_STATUS": 76,
        "PR_TIMER_CREATE_RESTORE_IDS": 77,
        "PR_FUTEX_HASH": 78,
        "PR_RSEQ_SLICE_EXTENSION": 79,
        "PR_GET_CFI": 80,
        "PR_SET_CFI": 81,
        "PR_GET_AUXV": 0x41555856,
        "PR_SET_VMA": 0x53564D41,
        "PR_SET_PTRACER": 0x59616D61,
    },
)


def _second(table: str, *names: str, first: int = 0) -> Enum:
    return Enum(table=table, size=8, values={name: number for number, name in enumerate(names, first)})


def _bits(table: str, *names: str) -> Flags:
    return Flags(table=table, size=8, values={name: 1 << number for number, name in enumerate(names)})


DUMPABLE = _second("SUID_DUMP_*", "SUID_DUMP_DISABLE", "SUID_DUMP_USER", "SUID_DUMP_ROOT")
UNALIGN = _bits("PR_UNALIGN_*", "PR_UNALIGN_NOPRINT", "PR_UNALIGN_SIGBUS")
FPEMU = _bits("PR_FPEMU_*", "PR_FPEMU_NOPRINT", "PR_FPEMU_SIGFPE")
FPEXC = Flags(
    table="PR_FP_EXC_*",
    size=8,
    zero="PR_FP_EXC_DISABLED",
    values={
        "PR_FP_EXC_SW_ENABLE": 0x80,
        "PR_FP_EXC_DIV": 0x010000,
        "PR_FP_EXC_OVF": 0x020000,
        "PR_FP_EXC_UND": 0x040000,
        "PR_FP_EXC_RES": 0x080000,
        "PR_FP_EXC_INV": 0x100000,
        "PR_FP_EXC_PRECISE": 3,
        "PR_FP_EXC_NONRECOV": 1,
        "PR_FP_EXC_ASYNC": 2,
    },
)
TIMING = _second("PR_TIMING_*", "PR_TIMING_STATISTICAL", "PR_TIMING_TIMESTAMP")
ENDIAN = _second("PR_ENDIAN_*", "PR_ENDIAN_BIG", "PR_ENDIAN_LITTLE", "PR_ENDIAN_PPC_LITTLE")
TSC = Enum(table="PR_TSC_*", size=8, values={"PR_TSC_ENABLE": 1, "PR_TSC_SIGSEGV": 2})
MCE_KILL = _second("PR_MCE_KILL_*", "PR_MCE_KILL_CLEAR", "PR_MCE_KILL_SET")
MCE_KILL_POLICY = _second("PR_MCE_KILL_* policy", "PR_MCE_KILL_LATE", "PR_MCE_KILL_EARLY", "PR_MCE_KILL_DEFAULT")
SET_MM = _second(
    "PR_SET_MM_*",
    "PR_SET_MM_START_CODE",
    "PR_SET_MM_END_CODE",
    "PR_SET_MM_START_DATA",
    "PR_SET_MM_END_DATA",
    "PR_SET_MM_START_STACK",
    "PR_SET_MM_START_BRK",
    "PR_SET_MM_BRK",
    "PR_SET_MM_ARG_START",
    "PR_SET_MM_ARG_END",
    "PR_SET_MM_ENV_START",
    "PR_SET_MM_ENV_END",
    "PR_SET_MM_AUXV",
    "PR_SET_MM_EXE_FILE",
    "PR_SET_MM_MAP",
    "PR_SET_MM_MAP_SIZE",
    first=1,
)
FP_MODE = _bits("PR_FP_MODE_*", "PR_FP_MODE_FR", "PR_FP_MODE_FRE")
CAP_AMBIENT = _second(
    "PR_CAP_AMBIENT_*",
    "PR_CAP_AMBIENT_IS_SET",
    "PR_CAP_AMBIENT_RAISE",
    "PR_CAP_AMBIENT_LOWER",
    "PR_CAP_AMBIENT_CLEAR_ALL",
    first=1,
)
SVE_VECTOR = Flags(
    table="vector length and PR_SVE_* flags",
    size=8,
    values={"PR_SVE_VL_INHERIT": 1 << 17, "PR_SVE_SET_VL_ONEXEC": 1 << 18},
)
SME_VECTOR = Flags(
    table="vector length and PR_SME_* flags",
    size=8,
    values={"PR_SME_VL_INHERIT": 1 << 17, "PR_SME_SET_VL_ONEXEC": 1 << 18},
)
SPECULATION = _second("PR_SPEC_*", "PR_SPEC_STORE_BYPASS", "PR_SPEC_INDIRECT_BRANCH", "PR_SPEC_L1D_FLUSH")
SPECULATION_CONTROL = Flags(
    table="PR_SPEC_* control",
    size=8,
    zero="PR_SPEC_NOT_AFFECTED",
    values={
        "PR_SPEC_PRCTL": 1,
        "PR_SPEC_ENABLE": 2,
        "PR_SPEC_DISABLE": 4,
        "PR_SPEC_FORCE_DISABLE": 8,
        "PR_SPEC_DISABLE_NOEXEC": 16,
    },
)
PAC_KEYS = _bits(
    "PR_PAC_* keys", "PR_PAC_APIAKEY", "PR_PAC_APIBKEY", "PR_PAC_APDAKEY", "PR_PAC_APDBKEY", "PR_PAC_APGAKEY"
)
TAGGED_ADDRESS = Flags(
    table="PR_TAGGED_ADDR_* and PR_MTE_* flags",
    size=8,
    values={
        "PR_TAGGED_ADDR_ENABLE": 1,
        "PR_MTE_TCF_SYNC": 2,
        "PR_MTE_TCF_ASYNC": 4,
        "PR_MTE_STORE_ONLY": 1 << 19,
    },
)
DISPATCH = _second("PR_SYS_DISPATCH_*", "PR_SYS_DISPATCH_OFF", "PR_SYS_DISPATCH_ON", "PR_SYS_DISPATCH_INCLUSIVE_ON")
SCHED_CORE = _second(
    "PR_SCHED_CORE_*",
    "PR_SCHED_CORE_GET",
    "PR_SCHED_CORE_CREATE",
    "PR_SCHED_CORE_SHARE_TO",
    "PR_SCHED_CORE_SHARE_FROM",
)
SCHED_CORE_SCOPE = _second(
    "PR_SCHED_CORE_SCOPE_*",
    "PR_SCHED_CORE_SCOPE_THREAD",
    "PR_SCHED_CORE_SCOPE_THREAD_GROUP",
    "PR_SCHED_CORE_SCOPE_PROCESS_GROUP",
)
MDWE = _bits("PR_MDWE_*", "PR_MDWE_REFUSE_EXEC_GAIN", "PR_MDWE_NO_INHERIT")
SHADOW_STACK = _bits("PR_SHADOW_STACK_*", "PR_SHADOW_STACK_ENABLE", "PR_SHADOW_STACK_WRITE", "PR_SHADOW_STACK_PUSH")
RESTORE_IDS = _second(
    "PR_TIMER_CREATE_RESTORE_IDS_*",
    "PR_TIMER_CREATE_RESTORE_IDS_OFF",
    "PR_TIMER_CREATE_RESTORE_IDS_ON",
    "PR_TIMER_CREATE_RESTORE_IDS_GET",
)
FUTEX_HASH = _second("PR_FUTEX_HASH_*", "PR_FUTEX_HASH_SET_SLOTS", "PR_FUTEX_HASH_GET_SLOTS", first=1)
SLICE_EXTENSION = _second(
    "PR_RSEQ_SLICE_EXTENSION_*", "PR_RSEQ_SLICE_EXTENSION_GET", "PR_RSEQ_SLICE_EXTENSION_SET", first=1
)
SLICE_EXTENSION_FLAGS = _bits("PR_RSEQ_SLICE_EXT_*", "PR_RSEQ_SLICE_EXT_ENABLE")
CFI = _second("PR_CFI_*", "PR_CFI_BRANCH_LANDING_PADS")
CFI_CONTROL = _bits("PR_CFI_* control", "PR_CFI_ENABLE", "PR_CFI_DISABLE", "PR_CFI_LOCK")
THP_DISABLE = Flags(table="PR_THP_DISABLE_*", size=8, values={"PR_THP_DISABLE_EXCEPT_ADVISED": 2})
SET_VMA = _second("PR_SET_VMA_*", "PR_SET_VMA_ANON_NAME")
PTRACER = AllOnes(name="PR_SET_PTRACER_ANY", unit="pid")
_SLACK = Quantity(8, unit="nanoseconds")
_SIGNAL8 = Enum(table="signal", size=8, values=SIGNAL.values)

PRCTL_SECOND = Switch(
    "option",
    PRCTL,
    {
        "PR_SET_PDEATHSIG": _SIGNAL8,
        "PR_GET_PDEATHSIG": Pointer(SIGNAL),
        "PR_SET_DUMPABLE": DUMPABLE,
        "PR_SET_UNALIGN": UNALIGN,
        "PR_SET_KEEPCAPS": BOOLEAN,
        "PR_SET_FPEMU": FPEMU,
        "PR_SET_FPEXC": FPEXC,
        "PR_SET_TIMING": TIMING,
        "PR_SET_NAME": String(16),
        "PR_GET_NAME": Pointer(Characters(16)),
        "PR_SET_ENDIAN": ENDIAN,
        "PR_SET_SECCOMP": SECCOMP_MODE,
        "PR_CAPBSET_READ": CAPABILITY,
        "PR_CAPBSET_DROP": CAPABILITY,
        "PR_GET_TSC": Pointer(Enum(table="PR_TSC_*", values=TSC.values)),
        "PR_SET_TSC": TSC,
        "PR_SET_SECUREBITS": SECUREBITS,
        "PR_SET_TIMERSLACK": _SLACK,
        "PR_MCE_KILL": MCE_KILL,
        "PR_SET_MM": SET_MM,
        "PR_SET_CHILD_SUBREAPER": BOOLEAN,
        "PR_GET_CHILD_SUBREAPER": Pointer(BOOLEAN),
        "PR_SET_NO_NEW_PRIVS": BOOLEAN,
        "PR_GET_TID_ADDRESS": Pointer(ADDRESS),
        "PR_SET_THP_DISABLE": BOOLEAN,
        "PR_SET_FP_MODE": FP_MODE,
        "PR_CAP_AMBIENT": CAP_AMBIENT,
        "PR_SVE_SET_VL": SVE_VECTOR,
        "PR_GET_SPECULATION_CTRL": SPECULATION,
        "PR_SET_SPECULATION_CTRL": SPECULATION,
        "PR_PAC_RESET_KEYS": PAC_KEYS,
        "PR_SET_TAGGED_ADDR_CTRL": TAGGED_ADDRESS,
        "PR_SET_IO_FLUSHER": BOOLEAN,
        "PR_SET_SYSCALL_USER_DISPATCH": DISPATCH,
        "PR_PAC_SET_ENABLED_KEYS": PAC_KEYS,
        "PR_SCHED_CORE": SCHED_CORE,
        "PR_SME_SET_VL": SME_VECTOR,
        "PR_SET_MDWE": MDWE,
        "PR_SET_MEMORY_MERGE": BOOLEAN,
        "PR_GET_SHADOW_STACK_STATUS": Pointer(SHADOW_STACK),
        "PR_SET_SHADOW_STACK_STATUS": SHADOW_STACK,
        "PR_LOCK_SHADOW_STACK_STATUS": SHADOW_STACK,
        "PR_TIMER_CREATE_RESTORE_IDS": RESTORE_IDS,
        "PR_FUTEX_HASH": FUTEX_HASH,
        "PR_RSEQ_SLICE_EXTENSION": SLICE_EXTENSION,
        "PR_GET_CFI": CFI,
        "PR_SET_CFI": CFI,
        "PR_SET_VMA": SET_VMA,
        "PR_SET_PTRACER": PTRACER,
    },
    ADDRESS,
)
PRCTL_THIRD = Switch(
    "option",
    PRCTL,
    {
        "PR_MCE_KILL": MCE_KILL_POLICY,
        "PR_CAP_AMBIENT": CAPABILITY,
        "PR_SET_SPECULATION_CTRL": SPECULATION_CONTROL,
        "PR_SCHED_CORE": PID,
        "PR_PAC_SET_ENABLED_KEYS": PAC_KEYS,
        "PR_SET_THP_DISABLE": THP_DISABLE,
        "PR_FUTEX_HASH": U64,
        "PR_RSEQ_SLICE_EXTENSION": SLICE_EXTENSION_FLAGS,
        "PR_SET_CFI": CFI_CONTROL,
        "PR_GET_AUXV": SIZE,
    },
    ADDRESS,
)
PRCTL_FOURTH = Switch(
    "option",
    PRCTL,
    {"PR_SCHED_CORE": SCHED_CORE_SCOPE, "PR_SET_MM": SIZE, "PR_SET_VMA": SIZE, "PR_SET_SYSCALL_USER_DISPATCH": SIZE},
    ADDRESS,
)
PRCTL_FIFTH = Switch("option", PRCTL, {"PR_SET_VMA": String(80)}, ADDRESS)

# arch_prctl

ARCH_PRCTL = Enum(
    table="ARCH_* operation",
    values={
        "ARCH_SET_GS": 0x1001,
        "ARCH_SET_FS": 0x1002,
        "ARCH_GET_FS": 0x1003,
        "ARCH_GET_GS": 0x1004,
        "ARCH_GET_CPUID": 0x1011,
        "ARCH_SET_CPUID": 0x1012,
        "ARCH_GET_XCOMP_SUPP": 0x1021,
        "ARCH_GET_XCOMP_PERM": 0x1022,
        "ARCH_REQ_XCOMP_PERM": 0x1023,
        "ARCH_GET_XCOMP_GUEST_PERM": 0x1024,
        "ARCH_REQ_XCOMP_GUEST_PERM": 0x1025,
        "ARCH_MAP_VDSO_X32": 0x2001,
        "ARCH_MAP_VDSO_32": 0x2002,
        "ARCH_MAP_VDSO_64": 0x2003,
        "ARCH_GET_UNTAG_MASK": 0x4001,
        "ARCH_ENABLE_TAGGED_ADDR": 0x4002,
        "ARCH_GET_MAX_TAG_BITS": 0x4003,
        "ARCH_FORCE_TAGGED_SVA": 0x4004,
        "ARCH_SHSTK_ENABLE": 0x5001,
        "ARCH_SHSTK_DISABLE": 0x5002,
        "ARCH_SHSTK_LOCK": 0x5003,
        "ARCH_SHSTK_UNLOCK": 0x5004,
        "ARCH_SHSTK_STATUS": 0x5005,
    },
)
ARCH_SHSTK = _bits("ARCH_SHSTK_* features", "ARCH_SHSTK_SHSTK", "ARCH_SHSTK_WRSS")
ARCH_PRCTL_ARGUMENT = Switch(
    "op",
    ARCH_PRCTL,
    {
        "ARCH_GET_FS": Pointer(HEX64),
        "ARCH_GET_GS": Pointer(HEX64),
        "ARCH_SET_CPUID": BOOLEAN,
        "ARCH_GET_XCOMP_SUPP": Pointer(HEX64),
        "ARCH_GET_XCOMP_PERM": Pointer(HEX64),
        "ARCH_REQ_XCOMP_PERM": U64,
        "ARCH_GET_XCOMP_GUEST_PERM": Pointer(HEX64),
        "ARCH_REQ_XCOMP_GUEST_PERM": U64,
        "ARCH_GET_UNTAG_MASK": Pointer(HEX64),
        "ARCH_ENABLE_TAGGED_ADDR": U64,
        "ARCH_GET_MAX_TAG_BITS": Pointer(U64),
        "ARCH_SHSTK_ENABLE": ARCH_SHSTK,
        "ARCH_SHSTK_DISABLE": ARCH_SHSTK,
        "ARCH_SHSTK_LOCK": ARCH_SHSTK,
        "ARCH_SHSTK_UNLOCK": ARCH_SHSTK,
        "ARCH_SHSTK_STATUS": Pointer(ARCH_SHSTK),
    },
    ADDRESS,
)

USER_DESC = Structure(
    "user_desc",
    16,
    (
        Member("entry_number", 0, I32, "slot of the table; -1 lets the kernel choose"),
        Member("base_addr", 4, U32, "where the segment starts"),
        Member("limit", 8, U32, "where it ends"),
        Member(
            "flags",
            12,
            Flags(
                table="user_desc bits",
                fields={
                    0b110: {
                        "MODIFY_LDT_CONTENTS_DATA": 0b000,
                        "MODIFY_LDT_CONTENTS_STACK": 0b010,
                        "MODIFY_LDT_CONTENTS_CODE": 0b100,
                    }
                },
                values={
                    "seg_32bit": 1 << 0,
                    "read_exec_only": 1 << 3,
                    "limit_in_pages": 1 << 4,
                    "seg_not_present": 1 << 5,
                    "useable": 1 << 6,
                    "lm": 1 << 7,
                },
            ),
            "kind of the segment",
        ),
    ),
)

# ptrace

PTRACE_REQUEST = Enum(
    table="PTRACE_* request",
    size=8,
    values={
        "PTRACE_TRACEME": 0,
        "PTRACE_PEEKTEXT": 1,
        "PTRACE_PEEKDATA": 2,
        "PTRACE_PEEKUSR": 3,
        "PTRACE_POKETEXT": 4,
        "PTRACE_POKEDATA": 5,
        "PTRACE_POKEUSR": 6,
        "PTRACE_CONT": 7,
        "PTRACE_KILL": 8,
        "PTRACE_SINGLESTEP": 9,
        "PTRACE_ATTACH": 16,
        "PTRACE_DETACH": 17,
        "PTRACE_SYSCALL": 24,
        "PTRACE_SYSEMU": 31,
        "PTRACE_SYSEMU_SINGLESTEP": 32,
        "PTRACE_SETOPTIONS": 0x4200,
        "PTRACE_GETEVENTMSG": 0x4201,
        "PTRACE_GETSIGINFO": 0x4202,
        "PTRACE_SETSIGINFO": 0x4203,
        "PTRACE_GETREGSET": 0x4204,
        "PTRACE_SETREGSET": 0x4205,
        "PTRACE_SEIZE": 0x4206,
        "PTRACE_INTERRUPT": 0x4207,
        "PTRACE_LISTEN": 0x4208,
        "PTRACE_PEEKSIGINFO": 0x4209,
        "PTRACE_GETSIGMASK": 0x420A,
        "PTRACE_SETSIGMASK": 0x420B,
        "PTRACE_SECCOMP_GET_FILTER": 0x420C,
        "PTRACE_SECCOMP_GET_METADATA": 0x420D,
        "PTRACE_GET_SYSCALL_INFO": 0x420E,
        "PTRACE_GET_RSEQ_CONFIGURATION": 0x420F,
        "PTRACE_SET_SYSCALL_USER_DISPATCH_CONFIG": 0x4210,
        "PTRACE_GET_SYSCALL_USER_DISPATCH_CONFIG": 0x4211,
        "PTRACE_SET_SYSCALL_INFO": 0x4212,
    },
    machines={
        "x86_64": {
            "PTRACE_GETREGS": 12,
            "PTRACE_SETREGS": 13,
            "PTRACE_GETFPREGS": 14,
            "PTRACE_SETFPREGS": 15,
            "PTRACE_GETFPXREGS": 18,
            "PTRACE_SETFPXREGS": 19,
            "PTRACE_OLDSETOPTIONS": 21,
            "PTRACE_GET_THREAD_AREA": 25,
            "PTRACE_SET_THREAD_AREA": 26,
            "PTRACE_ARCH_PRCTL": 30,
            "PTRACE_SINGLEBLOCK": 33,
        },
        "aarch64": {"PTRACE_PEEKMTETAGS": 33, "PTRACE_POKEMTETAGS": 34},
    },
)
PTRACE_OPTIONS = Flags(
    table="PTRACE_O_* options",
    size=8,
    values={
        "PTRACE_O_TRACESYSGOOD": 1 << 0,
        "PTRACE_O_TRACEFORK": 1 << 1,
        "PTRACE_O_TRACEVFORK": 1 << 2,
        "PTRACE_O_TRACECLONE": 1 << 3,
        "PTRACE_O_TRACEEXEC": 1 << 4,
        "PTRACE_O_TRACEVFORKDONE": 1 << 5,
        "PTRACE_O_TRACEEXIT": 1 << 6,
        "PTRACE_O_TRACESECCOMP": 1 << 7,
        "PTRACE_O_EXITKILL": 1 << 20,
        "PTRACE_O_SUSPEND_SECCOMP": 1 << 21,
    },
)
REGISTER_SET = Enum(
    table="NT_* register set",
    size=8,
    values={
        "NT_PRSTATUS": 1,
        "NT_PRFPREG": 2,
        "NT_PRPSINFO": 3,
        "NT_TASKSTRUCT": 4,
        "NT_AUXV": 6,
        "NT_SIGINFO": 0x53494749,
        "NT_FILE": 0x46494C45,
        "NT_PRXFPREG": 0x46E62B7F,
        "NT_386_TLS": 0x200,
        "NT_386_IOPERM": 0x201,
        "NT_X86_XSTATE": 0x202,
        "NT_X86_SHSTK": 0x204,
        "NT_X86_XSAVE_LAYOUT": 0x205,
        "NT_ARM_VFP": 0x400,
        "NT_ARM_TLS": 0x401,
        "NT_ARM_HW_BREAK": 0x402,
        "NT_ARM_HW_WATCH": 0x403,
        "NT_ARM_SYSTEM_CALL": 0x404,
        "NT_ARM_SVE": 0x405,
        "NT_ARM_PAC_MASK": 0x406,
        "NT_ARM_PACA_KEYS": 0x407,
        "NT_ARM_PACG_KEYS": 0x408,
        "NT_ARM_TAGGED_ADDR_CTRL": 0x409,
        "NT_ARM_PAC_ENABLED_KEYS": 0x40A,
        "NT_ARM_SSVE": 0x40B,
        "NT_ARM_ZA": 0x40C,
        "NT_ARM_ZT": 0x40D,
        "NT_ARM_FPMR": 0x40E,
        "NT_ARM_POE": 0x40F,
        "NT_ARM_GCS": 0x410,
    },
)
_IOVEC = Structure(
    "iovec",
    16,
    (Member("iov_base", 0, ADDRESS, "where the registers go"), Member("iov_len", 8, SIZE, "how many bytes")),
)
PTRACE_STOP = Enum(
    table="PTRACE_SYSCALL_INFO_*",
    size=1,
    values={
        "PTRACE_SYSCALL_INFO_NONE": 0,
        "PTRACE_SYSCALL_INFO_ENTRY": 1,
        "PTRACE_SYSCALL_INFO_EXIT": 2,
        "PTRACE_SYSCALL_INFO_SECCOMP": 3,
    },
)


@dataclass(frozen=True, slots=True)
class SyscallInfo(Type):
    """A struct ptrace_syscall_info: the system call in which a tracee stopped."""

    def unpack(self, data: bytes, call: Call = Call({})) -> Value:  # noqa: B008 - immutable
        arch, instruction, stack = struct.unpack_from("<IQQ", data, 4)
        shown: dict[str, Value] = {
            "op": PTRACE_STOP.show(data[0], call.machine),
            "arch": AUDIT_ARCH.show(arch, call.machine),
            "instruction_pointer": ADDRESS.show(instruction, call.machine),
            "stack_pointer": ADDRESS.show(stack, call.machine),
        }
        if data[0] in (1, 3):
            number, *arguments = struct.unpack_from("<Q6Q", data, 24)
            shown |= {"nr": syscall_name(number, arch), "args": [f"{value:#x}" for value in arguments]}
            if data[0] == 3:
                shown["ret_data"] = struct.unpack_from("<I", data, 80)[0]
        elif data[0] == 2:
            result, failed = struct.unpack_from("<qB", data, 24)
            shown |= {"rval": result, "is_error": bool(failed)}
            if failed:
                shown["error"] = ERRNO.show(-result, call.machine)
        return shown

    def size_on(self, machine: str) -> int:
        return 88

    def schema(self) -> dict[str, object]:
        return {"type": "object", "properties": {"op": {"type": "string"}}}

    def meaning(self) -> str:
        return "struct ptrace_syscall_info"


PTRACE_ADDRESS = Switch(
    "request",
    PTRACE_REQUEST,
    {
        "PTRACE_GETREGSET": REGISTER_SET,
        "PTRACE_SETREGSET": REGISTER_SET,
        "PTRACE_GETSIGMASK": SIZE,
        "PTRACE_SETSIGMASK": SIZE,
        "PTRACE_GET_SYSCALL_INFO": SIZE,
        "PTRACE_SET_SYSCALL_INFO": SIZE,
        "PTRACE_GET_RSEQ_CONFIGURATION": SIZE,
        "PTRACE_SECCOMP_GET_FILTER": U64,
        "PTRACE_SECCOMP_GET_METADATA": SIZE,
    },
    ADDRESS,
)
PTRACE_DATA = Switch(
    "request",
    PTRACE_REQUEST,
    {
        "PTRACE_PEEKTEXT": Pointer(HEX64),
        "PTRACE_PEEKDATA": Pointer(HEX64),
        "PTRACE_PEEKUSR": Pointer(HEX64),
        "PTRACE_POKETEXT": HEX64,
        "PTRACE_POKEDATA": HEX64,
        "PTRACE_POKEUSR": HEX64,
        "PTRACE_CONT": _SIGNAL8,
        "PTRACE_SINGLESTEP": _SIGNAL8,
        "PTRACE_DETACH": _SIGNAL8,
        "PTRACE_SYSCALL": _SIGNAL8,
        "PTRACE_SYSEMU": _SIGNAL8,
        "PTRACE_SYSEMU_SINGLESTEP": _SIGNAL8,
        "PTRACE_SETOPTIONS": PTRACE_OPTIONS,
        "PTRACE_SEIZE": PTRACE_OPTIONS,
        "PTRACE_GETEVENTMSG": Pointer(U64),
        "PTRACE_GETSIGINFO": SIGNAL_INFO,
        "PTRACE_GETREGSET": Pointer(_IOVEC),
        "PTRACE_GETSIGMASK": Pointer(SignalSet()),
        "PTRACE_GET_SYSCALL_INFO": Pointer(SyscallInfo()),
    },
    ADDRESS,
)
"""Registers, what is poked and what is set in bulk stay addresses, to keep the number of copies small."""
