"""Names and structures of memory mappings, memory policies and other processes' memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kindling.catalogue.tables.common import errno_name
from kindling.catalogue.tables.layout import BitSet, names, structure
from kindling.catalogue.types import ADDRESS, I32, SIZE, Call, Capture, Enum, Flags, Pointer, Scalar, Type, Value

_NO_CALL = Call({})

HUGE_SIZE_MASK = 0x3F << 26
_HUGE_SIZES = names("""
    16KB 14 64KB 16 512KB 19 1MB 20 2MB 21 8MB 23 16MB 24 32MB 25 256MB 28 512MB 29 1GB 30 2GB 31 16GB 34
""")


def huge_sizes(prefix: str) -> dict[str, int]:
    """The huge page sizes that flags carry in six of their bits, as MAP_HUGE_*, MFD_HUGE_* or SHM_HUGE_*."""
    return {f"{prefix}_HUGE_{name}": logarithm << 26 for name, logarithm in _HUGE_SIZES.items()}


PROTECTION = Flags(
    table="PROT_* flags",
    size=8,
    values=names("""
        PROT_READ 1 PROT_WRITE 2 PROT_EXEC 4 PROT_SEM 8 PROT_GROWSDOWN 0x01000000 PROT_GROWSUP 0x02000000
    """),
    machines={"aarch64": {"PROT_BTI": 0x10, "PROT_MTE": 0x20}},
    zero="PROT_NONE",
)
MAP_FLAGS = Flags(
    table="MAP_* flags",
    size=8,
    fields={
        0xF: names("MAP_SHARED 1 MAP_PRIVATE 2 MAP_SHARED_VALIDATE 3 MAP_DROPPABLE 8"),
        HUGE_SIZE_MASK: huge_sizes("MAP"),
    },
    values=names("""
        MAP_FIXED 0x10 MAP_ANONYMOUS 0x20 MAP_GROWSDOWN 0x100 MAP_DENYWRITE 0x800 MAP_EXECUTABLE 0x1000
        MAP_LOCKED 0x2000 MAP_NORESERVE 0x4000 MAP_POPULATE 0x8000 MAP_NONBLOCK 0x10000 MAP_STACK 0x20000
        MAP_HUGETLB 0x40000 MAP_SYNC 0x80000 MAP_FIXED_NOREPLACE 0x100000 MAP_UNINITIALIZED 0x4000000
    """),
    machines={"x86_64": {"MAP_32BIT": 0x40, "MAP_ABOVE4G": 0x80}},
)
REMAP_FLAGS = Flags(table="mremap flags", size=8, values=names("MREMAP_MAYMOVE 1 MREMAP_FIXED 2 MREMAP_DONTUNMAP 4"))
SYNC_FLAGS = Flags(table="msync flags", values=names("MS_ASYNC 1 MS_INVALIDATE 2 MS_SYNC 4"))
ADVICE = Enum(
    table="madvise advice",
    signed=True,
    values=names("""
        MADV_NORMAL 0 MADV_RANDOM 1 MADV_SEQUENTIAL 2 MADV_WILLNEED 3 MADV_DONTNEED 4 MADV_FREE 8 MADV_REMOVE 9
        MADV_DONTFORK 10 MADV_DOFORK 11 MADV_MERGEABLE 12 MADV_UNMERGEABLE 13 MADV_HUGEPAGE 14 MADV_NOHUGEPAGE 15
        MADV_DONTDUMP 16 MADV_DODUMP 17 MADV_WIPEONFORK 18 MADV_KEEPONFORK 19 MADV_COLD 20 MADV_PAGEOUT 21
        MADV_POPULATE_READ 22 MADV_POPULATE_WRITE 23 MADV_DONTNEED_LOCKED 24 MADV_COLLAPSE 25 MADV_HWPOISON 100
        MADV_SOFT_OFFLINE 101 MADV_GUARD_INSTALL 102 MADV_GUARD_REMOVE 103
    """),
)
LOCK_FLAGS = Flags(table="mlock2 flags", values={"MLOCK_ONFAULT": 1})
LOCK_ALL_FLAGS = Flags(table="mlockall flags", values=names("MCL_CURRENT 1 MCL_FUTURE 2 MCL_ONFAULT 4"))
PKEY_RIGHTS = Flags(
    table="protection key rights",
    size=8,
    values=names("PKEY_DISABLE_ACCESS 1 PKEY_DISABLE_WRITE 2"),
    machines={"aarch64": {"PKEY_DISABLE_EXECUTE": 4, "PKEY_DISABLE_READ": 8}},
)
SHADOW_STACK_FLAGS = Flags(
    table="map_shadow_stack flags", values=names("SHADOW_STACK_SET_TOKEN 1 SHADOW_STACK_SET_MARKER 2")
)
USERFAULTFD_FLAGS = Flags(
    table="userfaultfd flags", values=names("UFFD_USER_MODE_ONLY 1 O_NONBLOCK 0o4000 O_CLOEXEC 0o2000000")
)

MEMBARRIER_COMMAND = Enum(
    table="membarrier commands",
    signed=True,
    values=names("""
        MEMBARRIER_CMD_QUERY 0 MEMBARRIER_CMD_GLOBAL 0x1 MEMBARRIER_CMD_GLOBAL_EXPEDITED 0x2
        MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED 0x4 MEMBARRIER_CMD_PRIVATE_EXPEDITED 0x8
        MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED 0x10 MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE 0x20
        MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE 0x40 MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ 0x80
        MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ 0x100 MEMBARRIER_CMD_GET_REGISTRATIONS 0x200
    """),
)
MEMBARRIER_FLAGS = Flags(table="membarrier flags", values={"MEMBARRIER_CMD_FLAG_CPU": 1})

_POLICY_FLAGS = names("MPOL_F_NUMA_BALANCING 0x2000 MPOL_F_RELATIVE_NODES 0x4000 MPOL_F_STATIC_NODES 0x8000")
_POLICY_MODES = names("""
    MPOL_DEFAULT 0 MPOL_PREFERRED 1 MPOL_BIND 2 MPOL_INTERLEAVE 3 MPOL_LOCAL 4 MPOL_PREFERRED_MANY 5
    MPOL_WEIGHTED_INTERLEAVE 6
""")
POLICY = Flags(table="memory policies", fields={0x1FFF: _POLICY_MODES}, values=_POLICY_FLAGS)
"""As an int. mbind takes it as a long: LONG_POLICY."""
LONG_POLICY = Flags(table="memory policies", size=8, fields={0x1FFF: _POLICY_MODES}, values=_POLICY_FLAGS)
GET_POLICY_FLAGS = Flags(
    table="get_mempolicy flags", size=8, values=names("MPOL_F_NODE 1 MPOL_F_ADDR 2 MPOL_F_MEMS_ALLOWED 4")
)
MOVE_FLAGS = Flags(
    table="MPOL_MF_* flags", values=names("MPOL_MF_STRICT 1 MPOL_MF_MOVE 2 MPOL_MF_MOVE_ALL 4 MPOL_MF_LAZY 8")
)

NODES = BitSet("maxnode", beyond=-1, size=128)
"""A mask of NUMA nodes. The kernel takes one bit less than it is told, and has 1024 nodes at most: 128 bytes."""

IOVEC = structure("iovec", ("iov_base", ADDRESS, "where the memory starts"), ("iov_len", SIZE, "bytes of it"))
"""For memory that is not the caller's: where it is and how long, without what is in it."""


@dataclass(frozen=True, slots=True)
class NodeOrError(Scalar):
    """What became of a page: the number of its NUMA node, or the name of an error."""

    size: int = 4
    signed: bool = True

    def show(self, value: int, machine: str) -> Value:
        return errno_name(value) or value

    def schema(self) -> dict[str, object]:
        return {"type": ["integer", "string"]}

    def meaning(self) -> str:
        return "NUMA node or error"


@dataclass(frozen=True, slots=True)
class FoundPolicy(Type):
    """What get_mempolicy gives back: a policy, or with MPOL_F_NODE in its flags the number of a NUMA node."""

    def captures(self, machine: str = "x86_64") -> tuple[Capture, ...]:
        return Pointer(POLICY).captures(machine)

    def decode(self, raw: int, data: Sequence[bytes | None] = (), call: Call = _NO_CALL) -> Value:
        wants_node = call.raw.get("flags", 0) & GET_POLICY_FLAGS.values["MPOL_F_NODE"]
        return Pointer(I32 if wants_node else POLICY).decode(raw, data, call)

    def schema(self) -> dict[str, object]:
        return {"type": ["string", "integer", "null"]}

    def meaning(self) -> str:
        return "pointer to a memory policy or NUMA node"
