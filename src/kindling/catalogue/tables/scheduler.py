"""Tables and structures of scheduling, priorities, futexes and restartable sequences.

Numbers are those of linux/sched.h, sched/types.h, ioprio.h, futex.h, rseq.h and resource.h.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from kindling.catalogue.tables.common import TIMESPEC
from kindling.catalogue.types import (
    ADDRESS,
    HEX64,
    I32,
    NANOSECONDS,
    U32,
    Call,
    Capture,
    Copy,
    Enum,
    Flags,
    LengthFrom,
    Member,
    Quantity,
    Scalar,
    Structure,
    Type,
    Value,
)

_POLICIES = {
    "SCHED_NORMAL": 0,
    "SCHED_FIFO": 1,
    "SCHED_RR": 2,
    "SCHED_BATCH": 3,
    "SCHED_ISO": 4,
    "SCHED_IDLE": 5,
    "SCHED_DEADLINE": 6,
    "SCHED_EXT": 7,
}
SCHED_POLICY = Flags(
    table="SCHED_* policy",
    signed=True,
    fields={0x3FFFFFFF: _POLICIES},
    values={"SCHED_RESET_ON_FORK": 0x40000000},
)
"""A policy, with SCHED_RESET_ON_FORK if children shall not inherit it."""

SCHED_PARAM = Structure("sched_param", 4, (Member("sched_priority", 0, I32, "real-time priority, 1 to 99; else 0"),))

SCHED_ATTR_FLAGS = Flags(
    table="SCHED_FLAG_* flags",
    size=8,
    values={
        "SCHED_FLAG_RESET_ON_FORK": 0x01,
        "SCHED_FLAG_RECLAIM": 0x02,
        "SCHED_FLAG_DL_OVERRUN": 0x04,
        "SCHED_FLAG_KEEP_POLICY": 0x08,
        "SCHED_FLAG_KEEP_PARAMS": 0x10,
        "SCHED_FLAG_UTIL_CLAMP_MIN": 0x20,
        "SCHED_FLAG_UTIL_CLAMP_MAX": 0x40,
    },
)


@dataclass(frozen=True, slots=True)
class SelfSized(Structure):
    """A structure whose first 32 bits are its own size: shorter ones of older callers end there."""

    def unpack(self, data: bytes, call: Call = Call({})) -> Value:  # noqa: B008 - immutable
        # A size of 0 stands for the first published layout (sched_copy_attr in kernel/sched/syscalls.c).
        return Structure.unpack(self, data[: int.from_bytes(data[:4], "little") or 48], call)


SCHED_ATTR = SelfSized(
    "sched_attr",
    56,
    (
        Member("size", 0, U32, "size of the structure as the caller knows it"),
        Member("sched_policy", 4, Enum(table="SCHED_* policy", values=_POLICIES), "the policy"),
        Member("sched_flags", 8, SCHED_ATTR_FLAGS, "what else is set"),
        Member("sched_nice", 16, I32, "nice value, of SCHED_NORMAL and SCHED_BATCH"),
        Member("sched_priority", 20, U32, "real-time priority, of SCHED_FIFO and SCHED_RR"),
        Member("sched_runtime", 24, NANOSECONDS, "CPU time per period of SCHED_DEADLINE, or the slice of others"),
        Member("sched_deadline", 32, NANOSECONDS, "by when the CPU time is needed"),
        Member("sched_period", 40, NANOSECONDS, "length of a period"),
        Member("sched_util_min", 48, U32, "least utilization that the frequency is chosen for, of 1024"),
        Member("sched_util_max", 52, U32, "largest utilization that the frequency is chosen for, of 1024"),
    ),
)


@dataclass(frozen=True, slots=True)
class CpuSet(Type):
    """A mask of CPUs, shown as the kernel writes CPU lists: "0-3,8"; the first 1024 CPUs.

    `length` is as in Bytes.
    """

    length: str = "len"

    def captures(self, machine: str = "x86_64") -> tuple[Capture, ...]:
        if self.length == "ret":
            return (Capture(Copy.BYTES, LengthFrom.RESULT, 1, limit=128),)
        return (Capture(Copy.BYTES, LengthFrom.ARGUMENT, 1, self.length, limit=128),)

    def decode(self, raw: int, data: Sequence[bytes | None] = (), call: Call = Call({})) -> Value:  # noqa: B008
        if not data or data[0] is None:
            return None
        mask = int.from_bytes(data[0], "little")
        ranges: list[str] = []
        cpu = 0
        while mask >> cpu:
            if not mask >> cpu & 1:
                cpu += 1
                continue
            first = cpu
            while mask >> cpu & 1:
                cpu += 1
            ranges.append(str(first) if cpu - 1 == first else f"{first}-{cpu - 1}")
        return ",".join(ranges)

    def schema(self) -> dict[str, object]:
        return {"type": ["string", "null"], "pattern": "^([0-9]+(-[0-9]+)?(,[0-9]+(-[0-9]+)?)*)?$"}

    def meaning(self) -> str:
        return "CPU list"


PRIORITY_WHICH = Enum(
    table="PRIO_* which",
    signed=True,
    values={"PRIO_PROCESS": 0, "PRIO_PGRP": 1, "PRIO_USER": 2},
)
NICE = Quantity(4, True, unit="nice value")

IOPRIO_WHICH = Enum(
    table="IOPRIO_WHO_* which",
    signed=True,
    values={"IOPRIO_WHO_PROCESS": 1, "IOPRIO_WHO_PGRP": 2, "IOPRIO_WHO_USER": 3},
)
IOPRIO_CLASS = Enum(
    table="IOPRIO_CLASS_*",
    values={
        "IOPRIO_CLASS_NONE": 0,
        "IOPRIO_CLASS_RT": 1,
        "IOPRIO_CLASS_BE": 2,
        "IOPRIO_CLASS_IDLE": 3,
        "IOPRIO_CLASS_INVALID": 7,
    },
)
IOPRIO_HINT = Enum(
    table="IOPRIO_HINT_*",
    values={"IOPRIO_HINT_NONE": 0, **{f"IOPRIO_HINT_DEV_DURATION_LIMIT_{n}": n for n in range(1, 8)}},
)


@dataclass(frozen=True, slots=True)
class IoPriority(Scalar):
    """An I/O priority as the macro that makes it: "IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 4)"."""

    def show(self, value: int, machine: str) -> Value:
        if value >> 16:
            return f"{value:#x}" if value >= 0 else f"-{-value:#x}"
        kind = str(IOPRIO_CLASS.show(value >> 13, machine))
        hint = value >> 3 & 0x3FF
        if hint:
            return f"IOPRIO_PRIO_VALUE_HINT({kind}, {value & 7}, {IOPRIO_HINT.show(hint, machine)!s})"
        return f"IOPRIO_PRIO_VALUE({kind}, {value & 7})"

    def schema(self) -> dict[str, object]:
        return {"type": "string"}

    def meaning(self) -> str:
        return "I/O priority"


IOPRIO = IoPriority(4, True)

# futexes

_FUTEX_COMMAND = 0x7F
_FUTEX = {
    "FUTEX_WAIT": 0,
    "FUTEX_WAKE": 1,
    "FUTEX_FD": 2,
    "FUTEX_REQUEUE": 3,
    "FUTEX_CMP_REQUEUE": 4,
    "FUTEX_WAKE_OP": 5,
    "FUTEX_LOCK_PI": 6,
    "FUTEX_UNLOCK_PI": 7,
    "FUTEX_TRYLOCK_PI": 8,
    "FUTEX_WAIT_BITSET": 9,
    "FUTEX_WAKE_BITSET": 10,
    "FUTEX_WAIT_REQUEUE_PI": 11,
    "FUTEX_CMP_REQUEUE_PI": 12,
    "FUTEX_LOCK_PI2": 13,
}
FUTEX_OPERATION = Flags(
    table="FUTEX_* operation",
    signed=True,
    fields={_FUTEX_COMMAND: _FUTEX},
    values={
        "FUTEX_PRIVATE_FLAG": 128,
        "FUTEX_CLOCK_REALTIME": 256,
        "FUTEX_ROBUST_UNLOCK": 512,
        "FUTEX_ROBUST_LIST32": 1024,
    },
)

_FUTEX_OP = ("FUTEX_OP_SET", "FUTEX_OP_ADD", "FUTEX_OP_OR", "FUTEX_OP_ANDN", "FUTEX_OP_XOR")
_FUTEX_CMP = (
    "FUTEX_OP_CMP_EQ",
    "FUTEX_OP_CMP_NE",
    "FUTEX_OP_CMP_LT",
    "FUTEX_OP_CMP_LE",
    "FUTEX_OP_CMP_GT",
    "FUTEX_OP_CMP_GE",
)


@dataclass(frozen=True, slots=True)
class FutexWakeOp(Scalar):
    """FUTEX_WAKE_OP's change and comparison as the macro: "FUTEX_OP(FUTEX_OP_SET, 0, FUTEX_OP_CMP_GT, 1)"."""

    size: int = 4

    def show(self, value: int, machine: str) -> Value:
        operation, comparison = value >> 28 & 0x7, value >> 24 & 0xF
        change = _FUTEX_OP[operation] if operation < len(_FUTEX_OP) else f"{operation:#x}"
        if value >> 31:
            change += "|FUTEX_OP_OPARG_SHIFT"
        test = _FUTEX_CMP[comparison] if comparison < len(_FUTEX_CMP) else f"{comparison:#x}"
        # The kernel extends the sign of both 12-bit numbers.
        operand, compared = (((value >> shift & 0xFFF) ^ 0x800) - 0x800 for shift in (12, 0))
        return f"FUTEX_OP({change}, {operand}, {test}, {compared})"

    def schema(self) -> dict[str, object]:
        return {"type": "string"}

    def meaning(self) -> str:
        return "FUTEX_OP"


@dataclass(frozen=True, slots=True)
class FutexArgument(Type):
    """An argument of futex that depends on the command in the low bits of `op`; null where the command has none.

    `pointed` are the commands for which it points to `to`, whose bytes are copied for every command: the flags beside
    the command make too many combinations for copies of their own.
    """

    scalars: Mapping[str, Scalar] = field(default_factory=dict, hash=False)
    to: Structure | None = None
    pointed: tuple[str, ...] = ()

    def captures(self, machine: str = "x86_64") -> tuple[Capture, ...]:
        if self.to is None:
            return ()
        size = self.to.size_on(machine)
        return (Capture(Copy.BYTES, LengthFrom.FIXED, size, limit=size, tentative=True),)

    def decode(self, raw: int, data: Sequence[bytes | None] = (), call: Call = Call({})) -> Value:  # noqa: B008
        number = call.raw.get("op", 0) & _FUTEX_COMMAND
        for name in self.pointed:
            if _FUTEX[name] == number:
                if self.to is None or not data or data[0] is None or len(data[0]) < self.to.size_on(call.machine):
                    return None
                return self.to.unpack(data[0], call)
        for name, scalar in self.scalars.items():
            if _FUTEX[name] == number:
                return scalar.decode(raw, (), call)
        # A command that the table does not know may use any argument.
        return None if number in _FUTEX.values() else ADDRESS.decode(raw, (), call)

    def schema(self) -> dict[str, object]:
        return {}

    def meaning(self) -> str:
        return "depends on op"


_WOKEN = Quantity(4, True, unit="waiters")


@dataclass(frozen=True, slots=True)
class Bitset(Scalar):
    """The bits that a waiter and a waker must share."""

    def show(self, value: int, machine: str) -> Value:
        return "FUTEX_BITSET_MATCH_ANY" if value == 0xFFFFFFFF else f"{value:#x}"

    def schema(self) -> dict[str, object]:
        return {"type": "string"}

    def meaning(self) -> str:
        return "bit set"


BITSET = Bitset(4)
BITSET64 = Bitset(8)

FUTEX_VALUE = FutexArgument(
    {
        "FUTEX_WAIT": U32,
        "FUTEX_WAIT_BITSET": U32,
        "FUTEX_WAIT_REQUEUE_PI": U32,
        "FUTEX_WAKE": _WOKEN,
        "FUTEX_WAKE_BITSET": _WOKEN,
        "FUTEX_WAKE_OP": _WOKEN,
        "FUTEX_REQUEUE": _WOKEN,
        "FUTEX_CMP_REQUEUE": _WOKEN,
        "FUTEX_CMP_REQUEUE_PI": _WOKEN,
        "FUTEX_FD": U32,
    }
)
FUTEX_SECOND = FutexArgument(
    dict.fromkeys(
        ("FUTEX_REQUEUE", "FUTEX_CMP_REQUEUE", "FUTEX_CMP_REQUEUE_PI", "FUTEX_WAKE_OP", "FUTEX_WAIT_REQUEUE_PI"),
        ADDRESS,
    )
)
FUTEX_THIRD = FutexArgument(
    {
        "FUTEX_WAIT_BITSET": BITSET,
        "FUTEX_WAKE_BITSET": BITSET,
        "FUTEX_WAKE_OP": FutexWakeOp(),
        "FUTEX_CMP_REQUEUE": U32,
        "FUTEX_CMP_REQUEUE_PI": U32,
    }
)


FUTEX_FOURTH = FutexArgument(
    dict.fromkeys(("FUTEX_REQUEUE", "FUTEX_CMP_REQUEUE", "FUTEX_CMP_REQUEUE_PI", "FUTEX_WAKE_OP"), _WOKEN),
    TIMESPEC,
    ("FUTEX_WAIT", "FUTEX_WAIT_BITSET", "FUTEX_WAIT_REQUEUE_PI", "FUTEX_LOCK_PI", "FUTEX_LOCK_PI2"),
)

FUTEX2_FLAGS = Flags(
    table="FUTEX2_* flags",
    fields={0x3: {"FUTEX2_SIZE_U8": 0, "FUTEX2_SIZE_U16": 1, "FUTEX2_SIZE_U32": 2, "FUTEX2_SIZE_U64": 3}},
    values={"FUTEX2_NUMA": 0x04, "FUTEX2_MPOL": 0x08, "FUTEX2_PRIVATE": 0x80},
)
NO_FLAGS = Flags(table="no flags")

FUTEX_WAITER = Structure(
    "futex_waitv",
    24,
    (
        Member("val", 0, HEX64, "value that the futex is expected to hold"),
        Member("uaddr", 8, ADDRESS, "address of the futex"),
        Member("flags", 16, FUTEX2_FLAGS, "its size and whether other processes share it"),
    ),
)

RSEQ_FLAGS = Flags(
    table="RSEQ_FLAG_* flags",
    signed=True,
    values={"RSEQ_FLAG_UNREGISTER": 1, "RSEQ_FLAG_SLICE_EXT_DEFAULT_ON": 2},
)
