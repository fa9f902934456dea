"""The memory layout that the kernel side and Python share: records, plan entries, objects, and their constants.

`bpf/layout.h` is generated from this module (`python -m kindling.probes.layout`), so nothing is written twice.
All numbers are little-endian, in the byte order of the machine that both sides run on.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from enum import IntEnum, IntFlag

import numpy as np

from kindling.catalogue.types import Copy, LengthFrom

SYSCALLS = 512
"""Plan slots 0..511 are syscalls at their return, 512..1023 the same at their entry."""
ENTER = 512
FIXED_SLOTS = 1024
SLOTS = 2048
MAX_ARGUMENTS = 6
MAX_CAPTURES = 16
LOST_MARKER = 0xFFFF
NO_LATENCY = 0xFFFFFFFFFFFFFFFF
NO_FD = -(1 << 31)
NO_ARGUMENT = 255
CWD_PIECE = 255
"""The number of the piece that holds the id of the working directory."""
FROM_RESULT = 6
DATA_SLACK = 1 << 16
MAX_DATA = 48 << 10
MAX_PAYLOAD = 32 << 10
FILTER_INSTRUCTIONS = 48
SENT_SLOTS = 1 << 16
CONTROL_SIZE = 256
MAX_STRINGS = 8192
STRINGS_MASK = 0x7FFF
"""Offsets into an object's strings are cut to this, so that every verifier sees a bound where they are used."""
STRINGS_SIZE = STRINGS_MASK + 1 + MAX_STRINGS
SCRATCH_MASK = 0xFFFF
SCRATCH_DATA = 2 * (SCRATCH_MASK + 1) + 4096
NAME_MAX = 255


class Slot(IntEnum):
    """Plan slots of the events that are not syscalls."""

    PROCESS_FORK = FIXED_SLOTS
    PROCESS_EXEC = FIXED_SLOTS + 1
    PROCESS_EXIT = FIXED_SLOTS + 2
    SIGNAL_DELIVER = FIXED_SLOTS + 3


class Mark(IntFlag):
    """Quality marks of one record."""

    TRUNCATED = 1 << 0
    """A string, address list or payload was longer than what was copied."""
    FAULT = 1 << 1
    """User memory could not be read (not present, or a bad pointer)."""
    NO_ROOM = 1 << 2
    """The data ring had no room: the record came without its variable part."""
    NO_OBJECT = 1 << 3
    """The descriptor's description had no room in the object buffer."""
    NO_ENTRY = 1 << 4
    """The entry of the call was not seen (it began before the start): no latency."""
    FD_CHANGED = 1 << 5
    """Another thread closed or replaced the descriptor during the call."""
    BAD_FD = 1 << 6
    """The descriptor was not open."""


class EventFlag(IntFlag):
    """Flags of a plan entry."""

    WANTED = 1 << 0
    """Emit a record when the call returns."""
    ENTRY = 1 << 1
    """The entry hook must note the call (latency, or something that is gone at the return)."""
    ENTRY_FD = 1 << 2
    """The descriptor must be looked up at the entry (close)."""
    EMIT_ENTRY = 1 << 3
    """Emit a record at the entry."""
    NEW_CHILD = 1 << 4
    """The call returns in the child too, with 0 (fork): leave that one out."""
    EXEC = 1 << 5
    """On success path, argv and environment are read from the new program's memory."""


class CaptureFlag(IntFlag):
    """Flags of a capture."""

    PAYLOAD = 1 << 0
    ON_SUCCESS = 1 << 1
    """Only when the call did not fail (the kernel wrote it)."""
    ENVIRONMENT = 1 << 2
    """The strings are an environment, which has a limit of its own."""
    TENTATIVE = 1 << 3
    """A copy that fails leaves nothing behind."""


class ProcessBit(IntFlag):
    """What is kept for a process, at its leading thread."""

    FOLLOWED = 1
    EXCLUDED = 2
    FOLLOW_FROM_EXEC = 4
    """Follow it once it has become another program: a command that is about to be started."""


class ObjectKind(IntEnum):
    THREAD = 1
    DESCRIPTOR = 2


class FilterOp(IntEnum):
    """Instructions of the kernel-side filter: a stack of truth values."""

    TEST = 0
    AND = 1
    OR = 2
    NOT = 3


class FilterField(IntEnum):
    """What a TEST instruction looks at."""

    PID = 0
    TID = 1
    UID = 2
    GID = 3
    COMM = 4
    CGROUP = 5
    CONTAINER = 6
    FOLLOWED = 7
    EVENT = 8
    RET = 9
    LATENCY = 10
    FD_NUM = 11
    FD_TYPE = 12
    FD_PORT = 13
    CPU = 14


class FilterCompare(IntEnum):
    EQ = 0
    LT = 1
    """Less than, signed."""
    GT = 2


RECORD = np.dtype(
    [
        ("commit", "<u4"),
        ("event", "<u2"),
        ("cpu", "<u2"),
        ("time", "<u8"),
        ("ret", "<i8"),
        ("latency", "<u8"),
        ("tid", "<u4"),
        ("pid", "<u4"),
        ("thread", "<u4"),
        ("fd", "<i4"),
        ("object", "<u8"),
        ("data", "<u4"),
        ("length", "<u2"),
        ("marks", "<u2"),
        ("args", "<u8", (6,)),
    ]
)
"""One event. `time` is CLOCK_MONOTONIC nanoseconds at completion; `data` and `length`: where its variable part is."""

CAPTURE = np.dtype(
    [
        ("kind", "u1"),
        ("argument", "u1"),
        ("length_from", "u1"),
        ("length_argument", "u1"),
        ("length", "<u2"),
        ("limit", "<u2"),
        ("when_argument", "u1"),
        ("flags", "u1"),
        ("number", "<u2"),
        ("when_value", "<u4"),
    ]
)

PLAN = np.dtype(
    [
        ("flags", "<u2"),
        ("descriptor", "u1"),
        ("captures", "u1"),
        ("only", "<u2"),
        ("path", "u1"),
        ("spare", "u1"),
        ("capture", CAPTURE, (MAX_CAPTURES,)),
    ]
)

"""`only`: if not 0, bit (mode >> 12) says for which file types of the descriptor the event is wanted. `path`: the
argument that is the path of a program (EXEC)."""

CONTROL = np.dtype(
    [
        ("head", "<u8"),
        ("data_head", "<u8"),
        ("pending", "<u8"),
        ("since", "<u8"),
        ("spare", "<u8", (12,)),
        ("tail", "<u8"),
        ("data_tail", "<u8"),
        ("spare2", "<u8", (14,)),
    ]
)
"""One ring's positions: the first 128 bytes belong to the kernel side, the rest to the reader."""

FILTER = np.dtype(
    [
        ("op", "u1"),
        ("field", "u1"),
        ("compare", "u1"),
        ("spare", "u1"),
        ("spare2", "<u4"),
        ("low", "<u8"),
        ("high", "<u8"),
    ]
)

SETTINGS = np.dtype(
    [
        ("generation", "<u4"),
        ("snaplen", "<u4"),
        ("thread_filter", "<u4"),
        ("event_filter", "<u4"),
        ("arguments_limit", "<u4"),
        ("environment_limit", "<u4"),
        ("exclude_children", "<u4"),
        ("spare", "<u4"),
    ]
)
"""What can change while the programs run. `*_filter` are numbers of instructions."""

SCRATCH = np.dtype(
    [
        ("args", "<u8", (6,)),
        ("ret", "<i8"),
        ("argument_start", "<u8"),
        ("argument_end", "<u8"),
        ("environment_start", "<u8"),
        ("environment_end", "<u8"),
        ("marks", "<u4"),
        ("snaplen", "<u4"),
        ("slot", "<u4"),
        ("executed", "<u4"),
        ("tentative", "<u4"),
        ("spare", "<u4"),
        ("data", "u1", (SCRATCH_DATA,)),
    ]
)
"""Where one CPU puts the variable part of a record together."""

THREAD_OBJECT = np.dtype(
    [
        ("kind", "<u2"),
        ("marks", "<u2"),
        ("exe", "<u2"),
        ("arguments", "<u2"),
        ("cgroup", "<u2"),
        ("spare", "<u2"),
        ("thread", "<u4"),
        ("time", "<u8"),
        ("start", "<u8"),
        ("cgroup_id", "<u8"),
        ("tid", "<u4"),
        ("pid", "<u4"),
        ("ppid", "<u4"),
        ("uid", "<u4"),
        ("gid", "<u4"),
        ("euid", "<u4"),
        ("egid", "<u4"),
        ("ns_tid", "<u4"),
        ("ns_pid", "<u4"),
        ("pid_ns", "<u4"),
        ("mnt_ns", "<u4"),
        ("net_ns", "<u4"),
        ("comm", "S16"),
    ]
)
"""A thread as it was when its first event came. The strings `exe`, `arguments`, `cgroup` follow, with these lengths.

`exe` and `cgroup` are names from the leaf to the root, each one byte of length and that many bytes.
"""

DESCRIPTOR_OBJECT = np.dtype(
    [
        ("kind", "<u2"),
        ("marks", "<u2"),
        ("path", "<u2"),
        ("family", "<u2"),
        ("mode", "<u4"),
        ("device", "<u4"),
        ("id", "<u8"),
        ("inode", "<u8"),
        ("magic", "<u8"),
        ("time", "<u8"),
        ("type", "<u2"),
        ("protocol", "<u2"),
        ("state", "u1"),
        ("role", "u1"),
        ("local_port", "<u2"),
        ("remote_port", "<u2"),
        ("name_length", "<u2"),
        ("net_ns", "<u4"),
        ("local", "u1", (16,)),
        ("remote", "u1", (16,)),
        ("peer_inode", "<u8"),
    ]
)
"""A descriptor's file or socket. `path` bytes of names follow (leaf to root); for unix sockets the `name_length`
bytes of its address."""


class FdKind(IntEnum):
    """What the kernel side can tell of a descriptor for FD_TYPE; everything else is OTHER."""

    FILE = 1
    DIRECTORY = 2
    PIPE = 3
    CHAR = 4
    BLOCK = 5
    SYMLINK = 6
    IPV4 = 7
    IPV6 = 8
    UNIX = 9
    NETLINK = 10
    PACKET = 11
    SOCKET = 12
    OTHER = 13


class LossKind(IntEnum):
    """Why the kernel side dropped an event; the loss counters are at `kind * SLOTS + slot`."""

    RING_FULL = 0
    NO_MEMORY = 1
    FOREIGN_ABI = 2


LOSS_COUNTERS = 3 * SLOTS


class Role(IntEnum):
    UNKNOWN = 0
    CLIENT = 1
    SERVER = 2


DATA_HEADER = np.dtype([("capture", "u1"), ("marks", "u1"), ("length", "<u2")])
"""In front of every copied piece in a record's variable part; pieces are padded to 8 bytes."""

_C_TYPES = {
    "u1": "__u8",
    "<u2": "__u16",
    "<u4": "__u32",
    "<u8": "__u64",
    "<i4": "__s32",
    "<i8": "__s64",
    "|u1": "__u8",
}


def _c_struct(name: str, dtype: np.dtype[np.void], nested: Sequence[tuple[np.dtype[np.void], str]] = ()) -> str:
    lines = [f"struct {name} {{"]
    assert dtype.names is not None and dtype.fields is not None
    for member in dtype.names:
        kind: np.dtype[np.generic] = dtype.fields[member][0]
        suffix = "".join(f"[{n}]" for n in kind.shape)
        base = kind.base
        c = next((c for d, c in nested if d == base), None)
        if c is None and base.kind == "S":
            c, suffix = "char", f"[{base.itemsize}]"
        if c is None:
            c = _C_TYPES[base.str]
        lines.append(f"\t{c} {member}{suffix};")
    lines.append("};")
    lines.append(f'_Static_assert(sizeof(struct {name}) == {dtype.itemsize}, "{name}");')
    return "\n".join(lines)


def header() -> str:
    """The text of `bpf/layout.h`."""
    parts = [
        "/* Generated by `python -m kindling.probes.layout`; do not edit. */",
        "#pragma once",
    ]
    module = sys.modules[__name__]
    for name in (
        "SYSCALLS ENTER FIXED_SLOTS SLOTS MAX_ARGUMENTS MAX_CAPTURES LOST_MARKER NO_FD NO_ARGUMENT FROM_RESULT "
        "DATA_SLACK MAX_DATA MAX_PAYLOAD FILTER_INSTRUCTIONS SENT_SLOTS CONTROL_SIZE LOSS_COUNTERS MAX_STRINGS "
        "STRINGS_MASK STRINGS_SIZE SCRATCH_MASK SCRATCH_DATA NAME_MAX"
    ).split():
        parts.append(f"#define {name} ({getattr(module, name)})")
    parts.append("#define NO_LATENCY (~0ULL)")
    for enum in (
        Slot,
        Mark,
        EventFlag,
        CaptureFlag,
        ProcessBit,
        ObjectKind,
        FilterOp,
        FilterField,
        FilterCompare,
        FdKind,
        LossKind,
        Role,
        Copy,
        LengthFrom,
    ):
        prefix = "".join("_" + c if c.isupper() else c.upper() for c in enum.__name__).lstrip("_")
        parts.append(f"enum {{ {', '.join(f'{prefix}_{m.name} = {int(m.value)}' for m in enum)} }};")
    parts.append(_c_struct("record", RECORD))
    parts.append(_c_struct("capture", CAPTURE))
    parts.append(_c_struct("plan", PLAN, [(CAPTURE, "struct capture")]))
    parts.append(_c_struct("control", CONTROL))
    parts.append(_c_struct("filter", FILTER))
    parts.append(_c_struct("settings", SETTINGS))
    parts.append(_c_struct("scratch", SCRATCH))
    parts.append(_c_struct("thread_object", THREAD_OBJECT))
    parts.append(_c_struct("descriptor_object", DESCRIPTOR_OBJECT))
    parts.append(_c_struct("data_header", DATA_HEADER))
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    sys.stdout.write(header())
