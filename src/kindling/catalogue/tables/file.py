"""Names and structures of files: how to open, lock, advise and allocate, stat and statx, directory entries."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from kindling.catalogue.tables.common import OPEN_FLAGS, SIGNAL, TIMESPEC, FileMode
from kindling.catalogue.types import (
    ADDRESS,
    DEVICE,
    GID,
    I32,
    I64,
    LENGTH,
    OFFSET,
    PID,
    U32,
    U64,
    UID,
    Array,
    Bytes,
    Call,
    Capture,
    DeviceNumber,
    Enum,
    Flags,
    Member,
    Octal,
    Pointer,
    Quantity,
    Scalar,
    Structure,
    Switch,
    Type,
    Value,
)

MODE = Octal(2)
"""The kernel's umode_t: a register's upper bits do not count."""

MKNOD_MODE = FileMode(2)

DEVICE32 = DeviceNumber(4)

OPENED = 0o100 | 0o20000000
"""O_CREAT, and the bit of O_TMPFILE that is no other flag's."""


@dataclass(frozen=True, slots=True)
class CreateMode(Octal):
    """The mode of open: null unless `flags` (an argument) ask for a new file, for then the register means nothing."""

    size: int = 2
    flags: str = "flags"

    @property
    def pure(self) -> bool:
        return False

    def decode(self, raw: int, data: Sequence[bytes | None] = (), call: Call = Call({})) -> Value:  # noqa: B008 - immutable
        if not call.raw.get(self.flags, OPENED) & OPENED:
            return None
        return self.show(self.number(raw), call.machine)

    def schema(self) -> dict[str, object]:
        return {"type": ["string", "null"], "pattern": "^0[0-7]+$"}


CREATE_MODE = CreateMode()

OPENAT2_FLAGS = Flags(
    table="open flags of openat2",
    size=8,
    fields=OPEN_FLAGS.fields,
    values={**OPEN_FLAGS.values, "OPENAT2_REGULAR": 1 << 32},
    machines=OPEN_FLAGS.machines,
)

RESOLVE_FLAGS = Flags(
    table="RESOLVE_* flags",
    size=8,
    values={
        "RESOLVE_NO_XDEV": 0x1,
        "RESOLVE_NO_MAGICLINKS": 0x2,
        "RESOLVE_NO_SYMLINKS": 0x4,
        "RESOLVE_BENEATH": 0x8,
        "RESOLVE_IN_ROOT": 0x10,
        "RESOLVE_CACHED": 0x20,
    },
)

OPEN_HOW = Structure(
    "open_how",
    24,
    (
        Member("flags", 0, OPENAT2_FLAGS, "access mode and creation and status flags"),
        Member("mode", 8, Octal(8), "permission bits of a new file; must be 0 when none is made"),
        Member("resolve", 16, RESOLVE_FLAGS, "how the path may be walked"),
    ),
)

PIPE_FLAGS = Flags(
    table="pipe flags",
    values={
        "O_NONBLOCK": 0o4000,
        "O_CLOEXEC": 0o2000000,
        "O_DIRECT": 0o40000,
        "O_NOTIFICATION_PIPE": 0o200,
    },
    machines={"aarch64": {"O_DIRECT": 0o200000}},
)

DUP3_FLAGS = Flags(table="dup3 flags", values={"O_CLOEXEC": 0o2000000})

CLOSE_RANGE_FLAGS = Flags(table="CLOSE_RANGE_* flags", values={"CLOSE_RANGE_UNSHARE": 0x2, "CLOSE_RANGE_CLOEXEC": 0x4})

RWF_FLAGS = Flags(
    table="RWF_* flags",
    values={
        "RWF_HIPRI": 0x1,
        "RWF_DSYNC": 0x2,
        "RWF_SYNC": 0x4,
        "RWF_NOWAIT": 0x8,
        "RWF_APPEND": 0x10,
        "RWF_NOAPPEND": 0x20,
        "RWF_ATOMIC": 0x40,
        "RWF_DONTCACHE": 0x80,
        "RWF_NOSIGNAL": 0x100,
    },
)

SEEK_WHENCE = Enum(table="SEEK_*", values={"SEEK_SET": 0, "SEEK_CUR": 1, "SEEK_END": 2, "SEEK_DATA": 3, "SEEK_HOLE": 4})

FACCESSAT_FLAGS = Flags(
    table="faccessat2 flags",
    values={"AT_SYMLINK_NOFOLLOW": 0x100, "AT_EACCESS": 0x200, "AT_EMPTY_PATH": 0x1000},
)

UNLINK_FLAGS = Flags(table="unlinkat flags", values={"AT_REMOVEDIR": 0x200})

LINK_FLAGS = Flags(table="linkat flags", values={"AT_SYMLINK_FOLLOW": 0x400, "AT_EMPTY_PATH": 0x1000})

LOOKUP_FLAGS = Flags(
    table="AT_* flags of a look-up",
    values={"AT_SYMLINK_NOFOLLOW": 0x100, "AT_NO_AUTOMOUNT": 0x800, "AT_EMPTY_PATH": 0x1000},
)

STATX_FLAGS = Flags(
    table="statx flags",
    values={
        "AT_SYMLINK_NOFOLLOW": 0x100,
        "AT_NO_AUTOMOUNT": 0x800,
        "AT_EMPTY_PATH": 0x1000,
        "AT_STATX_FORCE_SYNC": 0x2000,
        "AT_STATX_DONT_SYNC": 0x4000,
    },
    zero="AT_STATX_SYNC_AS_STAT",
)

RENAME_FLAGS = Flags(
    table="RENAME_* flags", values={"RENAME_NOREPLACE": 0x1, "RENAME_EXCHANGE": 0x2, "RENAME_WHITEOUT": 0x4}
)

FALLOCATE_MODE = Flags(
    table="FALLOC_FL_* flags",
    values={
        "FALLOC_FL_KEEP_SIZE": 0x1,
        "FALLOC_FL_PUNCH_HOLE": 0x2,
        "FALLOC_FL_NO_HIDE_STALE": 0x4,
        "FALLOC_FL_COLLAPSE_RANGE": 0x8,
        "FALLOC_FL_ZERO_RANGE": 0x10,
        "FALLOC_FL_INSERT_RANGE": 0x20,
        "FALLOC_FL_UNSHARE_RANGE": 0x40,
        "FALLOC_FL_WRITE_ZEROES": 0x80,
    },
    zero="FALLOC_FL_ALLOCATE_RANGE",
)

FADVISE = Enum(
    table="POSIX_FADV_*",
    signed=True,
    values={
        "POSIX_FADV_NORMAL": 0,
        "POSIX_FADV_RANDOM": 1,
        "POSIX_FADV_SEQUENTIAL": 2,
        "POSIX_FADV_WILLNEED": 3,
        "POSIX_FADV_DONTNEED": 4,
        "POSIX_FADV_NOREUSE": 5,
    },
)

SYNC_RANGE_FLAGS = Flags(
    table="SYNC_FILE_RANGE_* flags",
    values={
        "SYNC_FILE_RANGE_WAIT_BEFORE": 0x1,
        "SYNC_FILE_RANGE_WRITE": 0x2,
        "SYNC_FILE_RANGE_WAIT_AFTER": 0x4,
    },
)

SPLICE_FLAGS = Flags(
    table="SPLICE_F_* flags",
    values={"SPLICE_F_MOVE": 0x1, "SPLICE_F_NONBLOCK": 0x2, "SPLICE_F_MORE": 0x4, "SPLICE_F_GIFT": 0x8},
)

FLOCK_OPERATION = Flags(
    table="flock operations",
    values={
        "LOCK_SH": 1,
        "LOCK_EX": 2,
        "LOCK_NB": 4,
        "LOCK_UN": 8,
        "LOCK_RW": 192,
        "LOCK_MAND": 32,
        "LOCK_READ": 64,
        "LOCK_WRITE": 128,
    },
)

FCNTL_COMMAND = Enum(
    table="fcntl commands",
    values={
        "F_DUPFD": 0,
        "F_GETFD": 1,
        "F_SETFD": 2,
        "F_GETFL": 3,
        "F_SETFL": 4,
        "F_GETLK": 5,
        "F_SETLK": 6,
        "F_SETLKW": 7,
        "F_SETOWN": 8,
        "F_GETOWN": 9,
        "F_SETSIG": 10,
        "F_GETSIG": 11,
        "F_SETOWN_EX": 15,
        "F_GETOWN_EX": 16,
        "F_GETOWNER_UIDS": 17,
        "F_OFD_GETLK": 36,
        "F_OFD_SETLK": 37,
        "F_OFD_SETLKW": 38,
        "F_SETLEASE": 1024,
        "F_GETLEASE": 1025,
        "F_NOTIFY": 1026,
        "F_DUPFD_QUERY": 1027,
        "F_CREATED_QUERY": 1028,
        "F_CANCELLK": 1029,
        "F_DUPFD_CLOEXEC": 1030,
        "F_SETPIPE_SZ": 1031,
        "F_GETPIPE_SZ": 1032,
        "F_ADD_SEALS": 1033,
        "F_GET_SEALS": 1034,
        "F_GET_RW_HINT": 1035,
        "F_SET_RW_HINT": 1036,
        "F_GET_FILE_RW_HINT": 1037,
        "F_SET_FILE_RW_HINT": 1038,
        "F_GETDELEG": 1039,
        "F_SETDELEG": 1040,
    },
)

LOCK_TYPES = {"F_RDLCK": 0, "F_WRLCK": 1, "F_UNLCK": 2, "F_EXLCK": 4, "F_SHLCK": 8}

LEASE_TYPE = Enum(table="lease types", values=LOCK_TYPES)

FD_FLAGS = Flags(table="descriptor flags", values={"FD_CLOEXEC": 1})

NOTIFY_FLAGS = Flags(
    table="DN_* flags",
    values={
        "DN_ACCESS": 0x1,
        "DN_MODIFY": 0x2,
        "DN_CREATE": 0x4,
        "DN_DELETE": 0x8,
        "DN_RENAME": 0x10,
        "DN_ATTRIB": 0x20,
        "DN_MULTISHOT": 0x80000000,
    },
)

SEALS = Flags(
    table="F_SEAL_* flags",
    values={
        "F_SEAL_SEAL": 0x1,
        "F_SEAL_SHRINK": 0x2,
        "F_SEAL_GROW": 0x4,
        "F_SEAL_WRITE": 0x8,
        "F_SEAL_FUTURE_WRITE": 0x10,
        "F_SEAL_EXEC": 0x20,
    },
)

FLOCK = Structure(
    "flock",
    32,
    (
        Member("l_type", 0, Enum(table="lock types", size=2, signed=True, values=LOCK_TYPES), "kind of lock"),
        Member(
            "l_whence",
            2,
            Enum(table="SEEK_*", size=2, signed=True, values=SEEK_WHENCE.values),
            "where l_start counts from",
        ),
        Member("l_start", 8, OFFSET, "first byte"),
        Member("l_len", 16, OFFSET, "how many bytes; 0 is up to the end of the file"),
        Member("l_pid", 24, PID, "who holds the lock (F_GETLK); -1 if an open file description does"),
    ),
)

OWNER_TYPE = Enum(table="F_OWNER_*", signed=True, values={"F_OWNER_TID": 0, "F_OWNER_PID": 1, "F_OWNER_PGRP": 2})

OWNER_EX = Structure(
    "f_owner_ex",
    8,
    (
        Member("type", 0, OWNER_TYPE, "what the id names"),
        Member("pid", 4, PID, "thread, process or process group"),
    ),
)

FCNTL_ARGUMENT = Switch(
    on="cmd",
    enum=FCNTL_COMMAND,
    cases={
        "F_DUPFD": I32,
        "F_DUPFD_CLOEXEC": I32,
        "F_DUPFD_QUERY": I32,
        "F_SETFD": FD_FLAGS,
        "F_SETFL": OPEN_FLAGS,
        "F_GETLK": Pointer(FLOCK),
        "F_SETLK": Pointer(FLOCK),
        "F_SETLKW": Pointer(FLOCK),
        "F_OFD_GETLK": Pointer(FLOCK),
        "F_OFD_SETLK": Pointer(FLOCK),
        "F_OFD_SETLKW": Pointer(FLOCK),
        "F_SETOWN": PID,
        "F_SETOWN_EX": Pointer(OWNER_EX),
        "F_SETSIG": SIGNAL,
        "F_SETLEASE": LEASE_TYPE,
        "F_NOTIFY": NOTIFY_FLAGS,
        "F_SETPIPE_SZ": LENGTH,
        "F_ADD_SEALS": SEALS,
    },
    default=ADDRESS,
)

STAT_MODE = FileMode(4)

STAT = Structure(
    "stat",
    144,
    (
        Member("st_dev", 0, DEVICE, "device that holds the file"),
        Member("st_ino", 8, U64, "inode number"),
        Member("st_mode", 24, STAT_MODE, "file type and permission bits", {"aarch64": 16}),
        Member("st_nlink", 16, U32, "hard links", {"aarch64": 20}),
        Member("st_uid", 28, UID, "owner", {"aarch64": 24}),
        Member("st_gid", 32, GID, "group", {"aarch64": 28}),
        Member("st_rdev", 40, DEVICE, "device that a device file names", {"aarch64": 32}),
        Member("st_size", 48, OFFSET, "size; of a symbolic link the length of its target"),
        Member("st_blksize", 56, I32, "bytes that I/O is best done in"),
        Member("st_blocks", 64, I64, "blocks of 512 bytes"),
        Member("st_atime", 72, TIMESPEC, "last access"),
        Member("st_mtime", 88, TIMESPEC, "last change of the content"),
        Member("st_ctime", 104, TIMESPEC, "last change of the inode"),
    ),
    {"aarch64": 128},
)
"""st_nlink and st_blksize are 64 bits wide on x86_64 and 32 on aarch64; the kernel itself holds both in 32."""

STAT_POINTER = Pointer(STAT)

STATX_MASK = Flags(
    table="STATX_* masks",
    values={
        "STATX_BASIC_STATS": 0x7FF,
        "STATX_TYPE": 0x1,
        "STATX_MODE": 0x2,
        "STATX_NLINK": 0x4,
        "STATX_UID": 0x8,
        "STATX_GID": 0x10,
        "STATX_ATIME": 0x20,
        "STATX_MTIME": 0x40,
        "STATX_CTIME": 0x80,
        "STATX_INO": 0x100,
        "STATX_SIZE": 0x200,
        "STATX_BLOCKS": 0x400,
        "STATX_BTIME": 0x800,
        "STATX_MNT_ID": 0x1000,
        "STATX_DIOALIGN": 0x2000,
        "STATX_MNT_ID_UNIQUE": 0x4000,
        "STATX_SUBVOL": 0x8000,
        "STATX_WRITE_ATOMIC": 0x10000,
        "STATX_DIO_READ_ALIGN": 0x20000,
        "STATX__RESERVED": 0x80000000,
    },
)

STATX_ATTRIBUTES = Flags(
    table="STATX_ATTR_* flags",
    size=8,
    values={
        "STATX_ATTR_COMPRESSED": 0x4,
        "STATX_ATTR_IMMUTABLE": 0x10,
        "STATX_ATTR_APPEND": 0x20,
        "STATX_ATTR_NODUMP": 0x40,
        "STATX_ATTR_ENCRYPTED": 0x800,
        "STATX_ATTR_AUTOMOUNT": 0x1000,
        "STATX_ATTR_MOUNT_ROOT": 0x2000,
        "STATX_ATTR_VERITY": 0x100000,
        "STATX_ATTR_DAX": 0x200000,
        "STATX_ATTR_WRITE_ATOMIC": 0x400000,
    },
)

STATX_TIMESTAMP = Structure(
    "statx_timestamp", 16, (TIMESPEC.members[0], Member("tv_nsec", 8, U32, TIMESPEC.members[1].description))
)

LENGTH32 = Quantity(4, unit="bytes")

STATX = Structure(
    "statx",
    256,
    (
        Member("stx_mask", 0x00, STATX_MASK, "which of the members hold something"),
        Member("stx_blksize", 0x04, LENGTH32, "bytes that I/O is best done in"),
        Member("stx_attributes", 0x08, STATX_ATTRIBUTES, "attributes that are set"),
        Member("stx_nlink", 0x10, U32, "hard links"),
        Member("stx_uid", 0x14, UID, "owner"),
        Member("stx_gid", 0x18, GID, "group"),
        Member("stx_mode", 0x1C, FileMode(2), "file type and permission bits"),
        Member("stx_ino", 0x20, U64, "inode number"),
        Member("stx_size", 0x28, OFFSET, "size; of a symbolic link the length of its target"),
        Member("stx_blocks", 0x30, U64, "blocks of 512 bytes"),
        Member("stx_attributes_mask", 0x38, STATX_ATTRIBUTES, "attributes that the file system knows"),
        Member("stx_atime", 0x40, STATX_TIMESTAMP, "last access"),
        Member("stx_btime", 0x50, STATX_TIMESTAMP, "creation"),
        Member("stx_ctime", 0x60, STATX_TIMESTAMP, "last change of the inode"),
        Member("stx_mtime", 0x70, STATX_TIMESTAMP, "last change of the content"),
        Member("stx_rdev_major", 0x80, U32, "device that a device file names"),
        Member("stx_rdev_minor", 0x84, U32, "device that a device file names"),
        Member("stx_dev_major", 0x88, U32, "device that holds the file"),
        Member("stx_dev_minor", 0x8C, U32, "device that holds the file"),
        Member("stx_mnt_id", 0x90, U64, "mount that holds the file"),
        Member("stx_dio_mem_align", 0x98, LENGTH32, "alignment that O_DIRECT needs in memory"),
        Member("stx_dio_offset_align", 0x9C, LENGTH32, "alignment that O_DIRECT needs in the file"),
        Member("stx_subvol", 0xA0, U64, "subvolume"),
        Member("stx_atomic_write_unit_min", 0xA8, LENGTH32, "shortest untorn write"),
        Member("stx_atomic_write_unit_max", 0xAC, LENGTH32, "longest untorn write"),
        Member("stx_atomic_write_segments_max", 0xB0, U32, "most iovecs of an untorn write"),
        Member("stx_dio_read_offset_align", 0xB4, LENGTH32, "alignment that an O_DIRECT read needs in the file"),
        Member("stx_atomic_write_unit_max_opt", 0xB8, LENGTH32, "longest untorn write that is fast"),
    ),
)


@dataclass(frozen=True, slots=True)
class UpdateNanoseconds(Scalar):
    """The nanoseconds of a time that utimensat sets, where two values say to take the clock's or to leave it alone."""

    size: int = 8
    signed: bool = True

    def show(self, value: int, machine: str) -> Value:
        return {0x3FFFFFFF: "UTIME_NOW", 0x3FFFFFFE: "UTIME_OMIT"}.get(value, value)

    def schema(self) -> dict[str, object]:
        return {"type": ["integer", "string"]}

    def meaning(self) -> str:
        return "nanoseconds, UTIME_NOW or UTIME_OMIT"


UPDATE_TIMESPEC = Structure(
    "timespec",
    16,
    (
        TIMESPEC.members[0],
        Member("tv_nsec", 8, UpdateNanoseconds(), "nanoseconds beyond the seconds, or UTIME_NOW or UTIME_OMIT"),
    ),
)

UTIMBUF = Structure(
    "utimbuf", 16, (Member("actime", 0, I64, "last access"), Member("modtime", 8, I64, "last change of the content"))
)

DIRECTORY_ENTRY_TYPE = Enum(
    table="directory entry types",
    size=1,
    values={
        "DT_UNKNOWN": 0,
        "DT_FIFO": 1,
        "DT_CHR": 2,
        "DT_DIR": 4,
        "DT_BLK": 6,
        "DT_REG": 8,
        "DT_LNK": 10,
        "DT_SOCK": 12,
        "DT_WHT": 14,
    },
)


@dataclass(frozen=True, slots=True)
class DirectoryEntries(Type):
    """What getdents writes: [{"inode": 12, "type": "DT_REG", "name": "a"}, ...]; null unless payload is asked for.

    `wide` is the layout of getdents64. An entry that was not copied whole is left out.
    """

    wide: bool = True

    def captures(self, machine: str = "x86_64") -> tuple[Capture, ...]:
        return Bytes("ret", payload=True).captures(machine)

    def decode(self, raw: int, data: Sequence[bytes | None] = (), call: Call = Call({})) -> Value:  # noqa: B008 - immutable
        if not data or data[0] is None:
            return None
        return self.unpack(data[0], call)

    def unpack(self, data: bytes, call: Call = Call({})) -> Value:  # noqa: B008 - immutable
        header = 19 if self.wide else 18
        entries: list[Value] = []
        at = 0
        while at + header <= len(data):
            inode, _, length = struct.unpack_from("<QQH", data, at)
            if length < header or at + length > len(data):
                break
            # The old layout grew its type later, in the last byte of the entry.
            kind = data[at + 18] if self.wide else data[at + length - 1]
            name = data[at + header : at + length].split(b"\0", 1)[0]
            entries.append({"inode": inode, "type": DIRECTORY_ENTRY_TYPE.show(kind, call.machine), "name": name})
            at += length
        return entries

    def schema(self) -> dict[str, object]:
        return {
            "type": ["array", "null"],
            "items": {
                "type": "object",
                "properties": {
                    "inode": {"type": "integer"},
                    "type": DIRECTORY_ENTRY_TYPE.schema(),
                    "name": {"type": "string"},
                },
            },
        }

    def meaning(self) -> str:
        return "directory entries"


UPDATE_TIMES = Array(UPDATE_TIMESPEC, 2)
