"""System calls on files, directories and their metadata, on descriptors, and on pipes."""

from __future__ import annotations

from kindling.catalogue.define import Category, Result, arg, inout, out, syscall
from kindling.catalogue.model import Definition
from kindling.catalogue.tables.common import ACCESS_MODE, OPEN_FLAGS, TIMEVAL
from kindling.catalogue.tables.file import (
    CLOSE_RANGE_FLAGS,
    CREATE_MODE,
    DEVICE32,
    DUP3_FLAGS,
    FACCESSAT_FLAGS,
    FADVISE,
    FALLOCATE_MODE,
    FCNTL_ARGUMENT,
    FCNTL_COMMAND,
    FLOCK_OPERATION,
    LINK_FLAGS,
    LOOKUP_FLAGS,
    MKNOD_MODE,
    MODE,
    OPEN_HOW,
    PIPE_FLAGS,
    RENAME_FLAGS,
    RWF_FLAGS,
    SEEK_WHENCE,
    SPLICE_FLAGS,
    STAT_POINTER,
    STATX,
    STATX_FLAGS,
    STATX_MASK,
    SYNC_RANGE_FLAGS,
    UNLINK_FLAGS,
    UPDATE_TIMES,
    UTIMBUF,
    DirectoryEntries,
)
from kindling.catalogue.tables.ioctl import IOCTL, IOCTL_ARGUMENT
from kindling.catalogue.types import (
    AT_PATH,
    COUNT,
    DIRECTORY_FD,
    FD,
    GID,
    HEX64,
    I32,
    I64,
    LENGTH,
    OFFSET,
    PATH,
    SIZE,
    STRING,
    U32,
    UID,
    Array,
    Bytes,
    IoVector,
    Octal,
    Path,
    Pointer,
    Quantity,
    SizedStructure,
)

TRANSFERRED = Quantity(8, True, unit="bytes")
BUFFER_SIZE = Quantity(4, True, unit="bytes")
ZERO = I32

OLD_PATH = Path(directory="olddirfd")
NEW_PATH = Path(directory="newdirfd")

OFFSET_POINTER = Pointer(OFFSET)

PATH_ERRORS = {
    "ENOENT": "the path does not exist, a directory of it does not, or it is empty",
    "EACCES": "a directory of the path may not be searched",
    "ENOTDIR": "something on the path that is used as a directory is none",
    "ELOOP": "too many symbolic links on the path",
    "ENAMETOOLONG": "the path has over 4095 bytes, or one name of it is too long for the file system",
    "EFAULT": "the path lies outside the caller's memory",
}

AT_ERRORS = {
    **PATH_ERRORS,
    "EBADF": "the path is relative and the directory descriptor is not open",
    "ENOTDIR": "something used as a directory is none, or the directory descriptor is of another kind of file",
}

OPEN_ERRORS = {
    "ENOENT": "the file does not exist and O_CREAT is not set, or a directory of the path does not exist",
    "EACCES": "the mode of the file or of a directory of the path forbids it",
    "EEXIST": "O_CREAT and O_EXCL are set and the path exists",
    "EISDIR": "a directory was to be opened for writing",
    "ENOTDIR": "O_DIRECTORY is set and the file is no directory, or something on the path is none",
    "ELOOP": "too many symbolic links, or the last one is a link and O_NOFOLLOW is set",
    "EMFILE": "the process has no descriptor left below its limit",
    "ENFILE": "the system has reached its limit of open files",
    "ENXIO": "a FIFO without reader is opened for writing with O_NONBLOCK, or the device does not exist",
    "ETXTBSY": "the program is running and was to be opened for writing",
    "EROFS": "the file system is mounted read-only",
    "EINTR": "a signal came while waiting for the other end of a FIFO or for a slow device",
}

CREATE_ERRORS = {
    **{error: why for error, why in OPEN_ERRORS.items() if error != "EEXIST"},
    "ENOENT": "a directory of the path does not exist",
    "ENOTDIR": "something on the path that is used as a directory is none",
    "ELOOP": "too many symbolic links on the path",
    "ENXIO": "the path is a device that does not exist",
}
OPEN_AT_ERRORS = {**OPEN_ERRORS, "EBADF": "the path is relative and the directory descriptor is not open"}

READ_ERRORS = {
    "EBADF": "the descriptor is not open for reading",
    "EAGAIN": "it is non-blocking and there is nothing to read now",
    "EINTR": "a signal came before anything was read",
    "EFAULT": "the buffer lies outside the caller's memory",
    "EINVAL": "the object cannot be read, or O_DIRECT asks for another alignment",
    "EIO": "the device failed, or a background process reads its terminal",
    "EISDIR": "the descriptor is of a directory",
}

WRITE_ERRORS = {
    "EBADF": "the descriptor is not open for writing",
    "EAGAIN": "it is non-blocking and takes nothing now",
    "EPIPE": "nobody reads the pipe or socket any more; SIGPIPE is sent too",
    "EINTR": "a signal came before anything was written",
    "EFAULT": "the buffer lies outside the caller's memory",
    "EFBIG": "the file would become larger than RLIMIT_FSIZE or the file system allows",
    "ENOSPC": "the device has no room left",
    "EDQUOT": "the user's quota of blocks is used up",
    "EIO": "the device failed",
}

SEEK_ERROR = {"ESPIPE": "the descriptor is of a pipe, a socket or a terminal"}
POSITIONED_READ_ERRORS = {**READ_ERRORS, **SEEK_ERROR, "EINVAL": "the offset is negative or badly aligned for O_DIRECT"}
POSITIONED_WRITE_ERRORS = {
    **WRITE_ERRORS,
    **SEEK_ERROR,
    "EINVAL": "the offset is negative or badly aligned for O_DIRECT",
}
VECTOR_LIMIT = {"EINVAL": "over 1024 buffers, or their lengths overflow"}
POSITIONED_VECTOR_LIMIT = {"EINVAL": "over 1024 buffers, their lengths overflow, or the offset is negative"}
RWF_ERROR = {"EOPNOTSUPP": "one of the flags is not known, or the file does not support it"}

CHANGE_ERRORS = {
    "EPERM": "the caller is not the owner, or the file is immutable or append-only",
    "EROFS": "the file system is mounted read-only",
}

CHOWN_ERRORS = {
    "EPERM": "the caller lacks CAP_CHOWN for this change, or the file is immutable or append-only",
    "EROFS": "the file system is mounted read-only",
    "EDQUOT": "the new owner's quota is used up",
    "EINVAL": "an id has no mapping in the user namespace",
}

CREATE_ERRORS = {
    "EEXIST": "the path exists, also as a dangling symbolic link",
    "EACCES": "the directory may not be written, or one on the path not searched",
    "ENOENT": "a directory of the path does not exist",
    "ENOTDIR": "something on the path that is used as a directory is none",
    "ENOSPC": "the file system has no room for another entry",
    "EROFS": "the file system is mounted read-only",
    "EDQUOT": "the user's quota of blocks or inodes is used up",
}

MKNOD_ERRORS = {**CREATE_ERRORS, "EPERM": "a device needs CAP_MKNOD, or the file system has no such files"}

RENAME_ERRORS = {
    "ENOENT": "the old path, or a directory of the new one, does not exist",
    "EXDEV": "the two paths are not on the same mount",
    "EACCES": "a directory may not be written or searched",
    "ENOTEMPTY": "the new path is a directory with entries",
    "EISDIR": "the new path is a directory and the old one is not",
    "ENOTDIR": "the old path is a directory and the new one is not, or something on a path is no directory",
    "EINVAL": "a directory would become part of itself",
    "EBUSY": "one of the two is a mount point or in use by the system",
    "EPERM": "a sticky directory holds a file of somebody else",
    "EROFS": "the file system is mounted read-only",
}

LINK_ERRORS = {
    "EEXIST": "the new path exists",
    "ENOENT": "the old path, or a directory of the new one, does not exist",
    "EXDEV": "the two paths are not on the same mount",
    "EPERM": "the old path is a directory, or protected_hardlinks forbids it, or the file system has no links",
    "EACCES": "a directory may not be written or searched",
    "EMLINK": "the file has as many links as it can",
    "EROFS": "the file system is mounted read-only",
}

UNLINK_ERRORS = {
    "ENOENT": "the path does not exist",
    "EACCES": "the directory may not be written, or one on the path not searched",
    "EISDIR": "the path is a directory",
    "EPERM": "a sticky directory holds a file of somebody else, or the file is immutable or append-only",
    "EBUSY": "the file is a mount point or in use by the system",
    "ENOTDIR": "something on the path that is used as a directory is none",
    "EROFS": "the file system is mounted read-only",
}

RMDIR_ERRORS = {
    "ENOTEMPTY": "the directory has entries",
    "ENOENT": "the path does not exist",
    "ENOTDIR": "the path is no directory",
    "EBUSY": "the directory is a mount point or in use by the system",
    "EINVAL": "the path ends in `.`",
    "EACCES": "the parent may not be written, or a directory on the path not searched",
    "EPERM": "a sticky directory holds a directory of somebody else",
    "EROFS": "the file system is mounted read-only",
}

DUP_ERRORS = {
    "EBADF": "the old descriptor is not open, or the new number is beyond the limit",
    "EBUSY": "another thread is just opening a file under that number",
}

SYNC_ERRORS = {
    "EBADF": "the descriptor is not open",
    "EIO": "writing back failed, now or since the last call",
    "ENOSPC": "the device had no room left while writing back",
    "EDQUOT": "the quota was used up while writing back",
    "EINVAL": "the object cannot be synchronised: a pipe, a socket",
}

TRUNCATE_ERRORS = {
    "EINVAL": "the length is negative, or the file is not a regular one",
    "EFBIG": "the length is larger than RLIMIT_FSIZE or the file system allows",
    "EPERM": "the file is append-only, immutable or sealed",
    "ETXTBSY": "the file is a program that is running",
}

GETDENTS_ERRORS = {
    "EBADF": "the descriptor is not open",
    "ENOTDIR": "it is not of a directory",
    "EINVAL": "the buffer is too short for the next entry",
    "ENOENT": "the directory was removed",
    "EFAULT": "the buffer lies outside the caller's memory",
}

TIME_ERRORS = {
    "EACCES": "the clock's time was asked for and the caller neither owns the file nor may write it",
    "EPERM": "other times were asked for and the caller does not own the file, or it is immutable",
    "ENOENT": "the path does not exist",
    "EROFS": "the file system is mounted read-only",
}

ACCESS_ERRORS = {
    "EACCES": "the access would be refused, or a directory of the path may not be searched",
    "ENOENT": "the path does not exist",
    "ENOTDIR": "something on the path that is used as a directory is none",
    "EROFS": "writing was asked for and the file system is mounted read-only",
    "ELOOP": "too many symbolic links on the path",
    "EINVAL": "the mode has bits that are not known",
}

SPLICE_ERRORS = {
    "EBADF": "a descriptor is not open, or not open in the direction that is needed",
    "EAGAIN": "SPLICE_F_NONBLOCK is set, or an end is non-blocking, and it would have to wait",
    "EINVAL": "neither is a pipe, both are the same pipe, or the file system cannot splice",
    "ESPIPE": "an offset was given for a pipe",
    "EPIPE": "nobody reads the pipe or socket that is written to",
}

SYSCALLS: tuple[Definition, ...] = (
    # Reading and writing
    syscall(
        "read",
        Category.FILE,
        "Read from a descriptor into a buffer, from the file's position, which moves on. Pipes, sockets and terminals "
        "give what they have and may return less than was asked for; a regular file only does so at its end.",
        arg("fd", FD, "descriptor to read from"),
        out("data", Bytes("ret", payload=True), "the bytes read"),
        arg("count", SIZE, "how many bytes were asked for"),
        result=Result(TRANSFERRED, "bytes read; 0 at the end of the file or when the peer has closed", READ_ERRORS),
        related=("pread64", "readv", "recvfrom", "write"),
    ),
    syscall(
        "write",
        Category.FILE,
        "Write a buffer to a descriptor, at the file's position or, with O_APPEND, at the end. "
        "It returns once the kernel holds the bytes, which is long before a disk does.",
        arg("fd", FD, "descriptor to write to"),
        arg("data", Bytes("ret", payload=True), "the bytes written"),
        arg("count", SIZE, "how many bytes were to be written"),
        result=Result(TRANSFERRED, "bytes written, perhaps fewer than asked for", WRITE_ERRORS),
        related=("pwrite64", "writev", "sendto", "fsync", "read"),
    ),
    syscall(
        "pread64",
        Category.FILE,
        "Read from a given offset of a file without moving its position, so that threads can share the descriptor.",
        arg("fd", FD, "descriptor to read from"),
        out("data", Bytes("ret", payload=True), "the bytes read"),
        arg("count", SIZE, "how many bytes were asked for"),
        arg("offset", OFFSET, "where in the file to start"),
        result=Result(TRANSFERRED, "bytes read; 0 at the end of the file", POSITIONED_READ_ERRORS),
        related=("read", "preadv", "pwrite64", "lseek"),
        manual="pread(2)",
    ),
    syscall(
        "pwrite64",
        Category.FILE,
        "Write at a given offset of a file without moving its position. "
        "With O_APPEND Linux appends all the same, whatever the offset.",
        arg("fd", FD, "descriptor to write to"),
        arg("data", Bytes("ret", payload=True), "the bytes written"),
        arg("count", SIZE, "how many bytes were to be written"),
        arg("offset", OFFSET, "where in the file to start"),
        result=Result(TRANSFERRED, "bytes written", POSITIONED_WRITE_ERRORS),
        related=("write", "pwritev", "pread64", "lseek"),
        manual="pwrite(2)",
    ),
    syscall(
        "readv",
        Category.FILE,
        "Read into several buffers in one call, filling one after the other. Otherwise the same as read.",
        arg("fd", FD, "descriptor to read from"),
        out("data", IoVector("iovcnt"), "the buffers and what was read into them"),
        arg("iovcnt", COUNT, "number of buffers, at most 1024"),
        result=Result(TRANSFERRED, "bytes read in all; 0 at the end of the file", {**READ_ERRORS, **VECTOR_LIMIT}),
        related=("read", "preadv", "preadv2", "writev"),
    ),
    syscall(
        "writev",
        Category.FILE,
        "Write several buffers in one call, one after the other and without another writer's bytes between them "
        "in a regular file. Otherwise the same as write.",
        arg("fd", FD, "descriptor to write to"),
        arg("data", IoVector("iovcnt"), "the buffers and what was written from them"),
        arg("iovcnt", COUNT, "number of buffers, at most 1024"),
        result=Result(TRANSFERRED, "bytes written in all", {**WRITE_ERRORS, **VECTOR_LIMIT}),
        related=("write", "pwritev", "pwritev2", "readv"),
    ),
    syscall(
        "preadv",
        Category.FILE,
        "Read from a given offset into several buffers without moving the file's position.",
        arg("fd", FD, "descriptor to read from"),
        out("data", IoVector("iovcnt"), "the buffers and what was read into them"),
        arg("iovcnt", COUNT, "number of buffers, at most 1024"),
        arg("offset", OFFSET, "where in the file to start"),
        arg("pos_h", HEX64, "upper half of the offset on 32-bit machines; without meaning on 64-bit ones"),
        result=Result(
            TRANSFERRED,
            "bytes read in all; 0 at the end of the file",
            {**POSITIONED_READ_ERRORS, **POSITIONED_VECTOR_LIMIT},
        ),
        related=("preadv2", "pread64", "readv", "pwritev"),
    ),
    syscall(
        "pwritev",
        Category.FILE,
        "Write several buffers at a given offset without moving the file's position.",
        arg("fd", FD, "descriptor to write to"),
        arg("data", IoVector("iovcnt"), "the buffers and what was written from them"),
        arg("iovcnt", COUNT, "number of buffers, at most 1024"),
        arg("offset", OFFSET, "where in the file to start"),
        arg("pos_h", HEX64, "upper half of the offset on 32-bit machines; without meaning on 64-bit ones"),
        result=Result(TRANSFERRED, "bytes written in all", {**POSITIONED_WRITE_ERRORS, **POSITIONED_VECTOR_LIMIT}),
        related=("pwritev2", "pwrite64", "writev", "preadv"),
    ),
    syscall(
        "preadv2",
        Category.FILE,
        "Read into several buffers like preadv, with flags for this one call. "
        "With RWF_NOWAIT it fails instead of waiting for a disk.",
        arg("fd", FD, "descriptor to read from"),
        out("data", IoVector("iovcnt"), "the buffers and what was read into them"),
        arg("iovcnt", COUNT, "number of buffers, at most 1024"),
        arg("offset", OFFSET, "where in the file to start; -1 is its position, which then moves on"),
        arg("pos_h", HEX64, "upper half of the offset on 32-bit machines; without meaning on 64-bit ones"),
        arg("flags", RWF_FLAGS, "how to read, for this call"),
        result=Result(
            TRANSFERRED,
            "bytes read in all; 0 at the end of the file",
            {
                **POSITIONED_READ_ERRORS,
                **POSITIONED_VECTOR_LIMIT,
                **RWF_ERROR,
                "EAGAIN": "RWF_NOWAIT is set and the data is not in memory",
            },
        ),
        related=("preadv", "readv", "pwritev2"),
        since="4.6",
    ),
    syscall(
        "pwritev2",
        Category.FILE,
        "Write several buffers like pwritev, with flags for this one call: synchronously, appending, or as one "
        "untorn write.",
        arg("fd", FD, "descriptor to write to"),
        arg("data", IoVector("iovcnt"), "the buffers and what was written from them"),
        arg("iovcnt", COUNT, "number of buffers, at most 1024"),
        arg("offset", OFFSET, "where in the file to start; -1 is its position, which then moves on"),
        arg("pos_h", HEX64, "upper half of the offset on 32-bit machines; without meaning on 64-bit ones"),
        arg("flags", RWF_FLAGS, "how to write, for this call"),
        result=Result(
            TRANSFERRED,
            "bytes written in all",
            {
                **POSITIONED_WRITE_ERRORS,
                **POSITIONED_VECTOR_LIMIT,
                **RWF_ERROR,
                "EAGAIN": "RWF_NOWAIT is set and it would have to wait",
            },
        ),
        related=("pwritev", "writev", "preadv2", "fdatasync"),
        since="4.6",
    ),
    syscall(
        "lseek",
        Category.FILE,
        "Move the position of an open file, which every descriptor duplicated from it shares; or find the next data "
        "or hole of a sparse file.",
        arg("fd", FD, "descriptor of the file"),
        arg("offset", OFFSET, "how far, from where `whence` says"),
        arg("whence", SEEK_WHENCE, "what the offset counts from"),
        result=Result(
            OFFSET,
            "the new position, in bytes from the start of the file",
            {
                "EBADF": "the descriptor is not open",
                "ESPIPE": "it is of a pipe, a socket or a FIFO",
                "EINVAL": "`whence` is not known, or the position would be negative",
                "ENXIO": "no data or hole comes after the offset",
                "EOVERFLOW": "the position does not fit the type",
            },
        ),
        related=("pread64", "pwrite64", "read", "write"),
    ),
    syscall(
        "sendfile",
        Category.FILE,
        "Copy bytes from one descriptor to another inside the kernel, without a buffer of the caller's. "
        "Servers use it to send files to sockets.",
        arg("out_fd", FD, "descriptor to write to"),
        arg("in_fd", FD, "descriptor to read from: a file or device, not a socket"),
        inout("offset", OFFSET_POINTER, "where the next read starts; null uses and moves the file's position"),
        arg("count", SIZE, "how many bytes to copy"),
        result=Result(
            TRANSFERRED,
            "bytes copied; 0 at the end of the file",
            {
                "EAGAIN": "`out_fd` is non-blocking and takes nothing now",
                "EBADF": "a descriptor is not open in the direction that is needed",
                "EINVAL": "the input cannot be read this way, or the output is opened with O_APPEND",
                "EIO": "reading the input failed",
                "EPIPE": "nobody reads the pipe or socket any more",
                "ESPIPE": "an offset was given and the input has no positions",
                "EOVERFLOW": "the count goes beyond the largest file",
            },
        ),
        related=("splice", "copy_file_range", "write", "read"),
    ),
    syscall(
        "splice",
        Category.FILE,
        "Move bytes between a pipe and another descriptor inside the kernel, by passing pages on instead of copying "
        "where that is possible. One end must be a pipe.",
        arg("fd_in", FD, "descriptor to read from"),
        inout("off_in", OFFSET_POINTER, "where in the input the next read starts; null uses its position"),
        arg("fd_out", FD, "descriptor to write to"),
        inout("off_out", OFFSET_POINTER, "where in the output the next write starts; null uses its position"),
        arg("len", SIZE, "how many bytes at most"),
        arg("flags", SPLICE_FLAGS, "hints, and whether to wait"),
        result=Result(TRANSFERRED, "bytes moved; 0 at the end of the input", SPLICE_ERRORS),
        related=("tee", "vmsplice", "sendfile", "copy_file_range"),
    ),
    syscall(
        "tee",
        Category.FILE,
        "Duplicate the bytes of one pipe into another without taking them out of the first, and without copying them.",
        arg("fd_in", FD, "pipe to read from"),
        arg("fd_out", FD, "pipe to write to"),
        arg("len", SIZE, "how many bytes at most"),
        arg("flags", SPLICE_FLAGS, "whether to wait"),
        result=Result(
            TRANSFERRED,
            "bytes duplicated; 0 when the input is empty and has no writer",
            {
                "EAGAIN": "SPLICE_F_NONBLOCK is set, or an end is non-blocking, and it would have to wait",
                "EBADF": "a descriptor is not open in the direction that is needed",
                "EINVAL": "one is no pipe, or both are the same pipe",
                "EPIPE": "nobody reads the output",
            },
        ),
        related=("splice", "vmsplice", "pipe2"),
    ),
    syscall(
        "vmsplice",
        Category.FILE,
        "Map pages of the caller's memory into a pipe, or copy a pipe's content into them if it is the reading end. "
        "With SPLICE_F_GIFT the caller must not touch the pages again.",
        arg("fd", FD, "either end of a pipe"),
        arg("data", IoVector("nr_segs"), "the memory"),
        arg("nr_segs", COUNT, "number of segments, at most 1024"),
        arg("flags", SPLICE_FLAGS, "whether to wait, and whether the pages are given away"),
        result=Result(
            TRANSFERRED,
            "bytes passed",
            {
                "EAGAIN": "the pipe is full or empty and it would have to wait",
                "EBADF": "the descriptor is no pipe",
                "EINVAL": "over 1024 segments, or badly aligned pages",
                "EPIPE": "nobody reads the pipe",
                "EFAULT": "a segment lies outside the caller's memory",
            },
        ),
        related=("splice", "tee", "writev"),
    ),
    syscall(
        "copy_file_range",
        Category.FILE,
        "Copy part of one file into another inside the kernel. File systems that can do so share the blocks or let "
        "the server copy.",
        arg("fd_in", FD, "file to copy from"),
        inout("off_in", OFFSET_POINTER, "where in the source the next copy starts; null uses its position"),
        arg("fd_out", FD, "file to copy to"),
        inout("off_out", OFFSET_POINTER, "where in the target the next copy starts; null uses its position"),
        arg("len", SIZE, "how many bytes at most"),
        arg("flags", U32, "must be 0"),
        result=Result(
            TRANSFERRED,
            "bytes copied, perhaps fewer than asked for; 0 at the end of the source",
            {
                "EBADF": "a descriptor is not open in the direction that is needed, or the target is append-only",
                "EINVAL": "not regular files, the ranges overlap, or flags are set",
                "EISDIR": "one of them is a directory",
                "EXDEV": "the file systems differ and cannot copy between each other",
                "ENOSPC": "the target's device has no room left",
                "EFBIG": "the target would become larger than allowed",
                "ETXTBSY": "one of them is a swap file",
                "EOPNOTSUPP": "the file system cannot do this",
            },
        ),
        related=("sendfile", "splice", "ioctl", "read"),
        since="4.5",
    ),
    # Descriptors
    syscall(
        "open",
        Category.FILE,
        "Open a file, perhaps creating it, and get a descriptor for it. New C libraries call openat instead.",
        arg("path", PATH, "path of the file"),
        arg("flags", OPEN_FLAGS, "access mode and creation and status flags"),
        arg("mode", CREATE_MODE, "permission bits of a new file, before the umask; null when none is made"),
        result=Result(FD, "the new descriptor, the lowest free one", OPEN_ERRORS),
        related=("openat", "openat2", "creat", "close"),
    ),
    syscall(
        "openat",
        Category.FILE,
        "Open a file, perhaps creating it, with the path relative to a directory descriptor.",
        arg("dirfd", DIRECTORY_FD, "directory that a relative path starts from; AT_FDCWD is the working directory"),
        arg("path", AT_PATH, "path of the file"),
        arg("flags", OPEN_FLAGS, "access mode and creation and status flags"),
        arg("mode", CREATE_MODE, "permission bits of a new file, before the umask; null when none is made"),
        result=Result(FD, "the new descriptor, the lowest free one", OPEN_AT_ERRORS),
        related=("open", "openat2", "creat", "close"),
        manual="open(2)",
    ),
    syscall(
        "openat2",
        Category.FILE,
        "Open a file as openat does, with rules for how the path may be walked, such as never to leave a directory. "
        "Unlike openat it refuses flags that it does not know.",
        arg("dirfd", DIRECTORY_FD, "directory that a relative path starts from; AT_FDCWD is the working directory"),
        arg("path", AT_PATH, "path of the file"),
        arg("how", SizedStructure(OPEN_HOW, "size"), "flags, mode, and how to walk the path"),
        arg("size", SIZE, "size of the structure, which tells its version"),
        result=Result(
            FD,
            "the new descriptor, the lowest free one",
            {
                **OPEN_AT_ERRORS,
                "E2BIG": "the structure has members that this kernel does not know, and they are not zero",
                "EINVAL": "a flag is not known, or the mode is set although no file is made",
                "EXDEV": "the path leaves the directory or the mount, which `resolve` forbids",
                "EAGAIN": "the kernel could not rule out a race while checking `..`, or RESOLVE_CACHED cannot be met",
            },
        ),
        related=("openat", "open", "close"),
        since="5.6",
    ),
    syscall(
        "creat",
        Category.FILE,
        "Create a file, or empty an existing one, and open it for writing: open with O_CREAT|O_WRONLY|O_TRUNC.",
        arg("path", PATH, "path of the file"),
        arg("mode", MODE, "permission bits of a new file, before the umask"),
        result=Result(FD, "the new descriptor, the lowest free one", CREATE_ERRORS),
        related=("open", "openat", "close"),
    ),
    syscall(
        "close",
        Category.FILE,
        "Release a descriptor; with the last one of an open file the file itself is released, its locks end and a "
        "connection is shut down. On Linux the descriptor is gone even if an error is returned.",
        arg("fd", FD, "descriptor to close"),
        result=Result(
            ZERO,
            "0",
            {
                "EBADF": "the descriptor is not open",
                "EINTR": "a signal came; the descriptor is closed all the same",
                "EIO": "an earlier write failed only now",
                "ENOSPC": "the device had no room for an earlier write (network file systems)",
                "EDQUOT": "the quota was used up by an earlier write (network file systems)",
            },
        ),
        related=("open", "openat", "close_range", "dup"),
    ),
    syscall(
        "close_range",
        Category.FILE,
        "Close all descriptors from one number to another, or mark them to be closed by exec.",
        arg("first", U32, "first descriptor"),
        arg("last", U32, "last descriptor, included; 4294967295 is all up to the highest"),
        arg("flags", CLOSE_RANGE_FLAGS, "whether to leave a shared table first, and whether only to mark them"),
        result=Result(
            ZERO,
            "0",
            {
                "EINVAL": "a flag is not known, or `first` is greater than `last`",
                "EMFILE": "the table could not be unshared below the limit of descriptors",
                "ENOMEM": "the kernel has no memory for a table of its own",
            },
        ),
        related=("close", "fcntl", "execve", "unshare"),
        since="5.9",
    ),
    syscall(
        "dup",
        Category.FILE,
        "Make another descriptor for the same open file, with which it shares position and status flags. "
        "The new one stays open over exec.",
        arg("oldfd", FD, "descriptor to duplicate"),
        result=Result(
            FD,
            "the new descriptor, the lowest free one",
            {
                "EBADF": "the descriptor is not open",
                "EMFILE": "the process has no descriptor left below its limit",
            },
        ),
        related=("dup2", "dup3", "fcntl", "close"),
    ),
    syscall(
        "dup2",
        Category.FILE,
        "Make a descriptor of a given number for the same open file. If that number is open it is closed first, in "
        "the same step and without a report of its errors.",
        arg("oldfd", FD, "descriptor to duplicate"),
        arg("newfd", FD, "number that the new descriptor gets; if both are equal nothing happens"),
        result=Result(
            FD,
            "the new descriptor",
            DUP_ERRORS,
        ),
        related=("dup", "dup3", "fcntl", "close"),
    ),
    syscall(
        "dup3",
        Category.FILE,
        "Make a descriptor of a given number for the same open file like dup2, perhaps one that exec closes.",
        arg("oldfd", FD, "descriptor to duplicate"),
        arg("newfd", FD, "number that the new descriptor gets"),
        arg("flags", DUP3_FLAGS, "whether exec closes the new descriptor"),
        result=Result(
            FD,
            "the new descriptor",
            {
                **DUP_ERRORS,
                "EINVAL": "a flag is not known, or both numbers are equal",
            },
        ),
        related=("dup", "dup2", "fcntl", "close"),
        manual="dup(2)",
    ),
    syscall(
        "fcntl",
        Category.FILE,
        "Do one of many things with a descriptor or its open file: duplicate it, get and set flags, lock ranges, "
        "choose who gets signals, take leases, seal memory files, size pipes.",
        arg("fd", FD, "descriptor that is asked or changed"),
        arg("cmd", FCNTL_COMMAND, "what to do"),
        inout(
            "arg",
            FCNTL_ARGUMENT,
            "the command's argument: a number, flags, or a structure that is shown after the call",
        ),
        result=Result(
            I32,
            "depends on the command: a new descriptor (F_DUPFD), flags (F_GETFD, F_GETFL), a number (F_GETOWN, "
            "F_GETPIPE_SZ, F_GETLEASE ...), else 0",
            {
                "EBADF": "the descriptor is not open, or not in the mode that a lock needs",
                "EINVAL": "the command is not known, or its argument is not valid for this file",
                "EAGAIN": "another process holds a lock that conflicts",
                "EACCES": "another process holds a lock that conflicts, or a lease is refused",
                "EDEADLK": "waiting for the lock would never end",
                "EINTR": "a signal came while waiting for a lock",
                "EMFILE": "the process has no descriptor left from the wanted number on",
                "EPERM": "O_APPEND of an append-only file was to be cleared, or a seal forbids it",
                "EBUSY": "the pipe holds more than its new size, or the file is mapped and cannot be sealed",
            },
        ),
        related=("flock", "dup", "open", "ioctl"),
        fd="fd",
    ),
    syscall(
        "flock",
        Category.FILE,
        "Lock or unlock a whole file, by advice only. The lock belongs to the open file: duplicated and inherited "
        "descriptors share it, and it ends with the last of them.",
        arg("fd", FD, "descriptor of the file"),
        arg("operation", FLOCK_OPERATION, "shared, exclusive or unlock, and whether to wait"),
        result=Result(
            ZERO,
            "0",
            {
                "EAGAIN": "LOCK_NB is set and somebody else holds a lock that conflicts",
                "EINTR": "a signal came while waiting for the lock",
                "EBADF": "the descriptor is not open",
                "EINVAL": "the operation is not valid",
                "ENOLCK": "the kernel has no memory for locks",
            },
        ),
        related=("fcntl", "open", "close"),
    ),
    syscall(
        "ioctl",
        Category.FILE,
        "Ask a driver, terminal, socket or file system for one of the thousands of things that have no call of their "
        "own. The request tells what the argument is. Libraries also use it to find out whether a descriptor is a "
        "terminal, so ENOTTY is common and harmless.",
        arg("fd", FD, "descriptor of the device or file"),
        arg("request", IOCTL, "what to do; _IOC(direction, type, number, size) if the number has no name"),
        inout(
            "arg",
            IOCTL_ARGUMENT,
            "what the request needs: a number, or an address whose content is shown after the call",
        ),
        result=Result(
            I32,
            "0, or a number that the request returns",
            {
                "ENOTTY": "the file does not know the request",
                "EBADF": "the descriptor is not open",
                "EINVAL": "the request or its argument is not valid",
                "EFAULT": "the argument lies outside the caller's memory",
                "EPERM": "the caller lacks the privilege that the request needs",
                "ENODEV": "the device is gone",
                "EAGAIN": "the device is not ready and the descriptor is non-blocking",
                "EOPNOTSUPP": "the file system or device cannot do this",
            },
        ),
        related=("fcntl", "read", "write", "setsockopt"),
    ),
    # Pipes
    syscall(
        "pipe",
        Category.IPC,
        "Make a pipe: what is written to its second descriptor can be read from its first.",
        out("pipefd", Array(FD, 2), "the reading end and the writing end"),
        result=Result(
            ZERO,
            "0",
            {
                "EMFILE": "the process has not two descriptors left below its limit",
                "ENFILE": "the system has reached its limit of open files, or the user that of pipe memory",
                "EFAULT": "the array lies outside the caller's memory",
            },
        ),
        related=("pipe2", "splice", "socketpair", "dup2"),
    ),
    syscall(
        "pipe2",
        Category.IPC,
        "Make a pipe with flags for both ends. O_DIRECT keeps each write apart as a packet.",
        out("pipefd", Array(FD, 2), "the reading end and the writing end"),
        arg("flags", PIPE_FLAGS, "non-blocking, closed by exec, packets"),
        result=Result(
            ZERO,
            "0",
            {
                "EMFILE": "the process has not two descriptors left below its limit",
                "ENFILE": "the system has reached its limit of open files, or the user that of pipe memory",
                "EINVAL": "a flag is not known",
                "EFAULT": "the array lies outside the caller's memory",
                "ENOPKG": "the kernel is built without notification pipes",
            },
        ),
        related=("pipe", "splice", "socketpair", "fcntl"),
        manual="pipe(2)",
    ),
    # Access and metadata
    syscall(
        "access",
        Category.FILE,
        "Check whether the real user (not the effective one) may read, write or execute a file, or whether it exists. "
        "The answer may be out of date when the file is then opened.",
        arg("path", PATH, "path of the file"),
        arg("mode", ACCESS_MODE, "what is asked for; F_OK is existence"),
        result=Result(ZERO, "0 if all of it would be allowed", ACCESS_ERRORS),
        related=("faccessat", "faccessat2", "stat", "open"),
    ),
    syscall(
        "faccessat",
        Category.FILE,
        "Check access to a file like access, with the path relative to a directory descriptor. The kernel's call has "
        "no flags: the C library emulates them or calls faccessat2.",
        arg("dirfd", DIRECTORY_FD, "directory that a relative path starts from; AT_FDCWD is the working directory"),
        arg("path", AT_PATH, "path of the file"),
        arg("mode", ACCESS_MODE, "what is asked for; F_OK is existence"),
        result=Result(
            ZERO,
            "0 if all of it would be allowed",
            {**ACCESS_ERRORS, "EBADF": "the path is relative and the directory descriptor is not open"},
        ),
        related=("access", "faccessat2", "newfstatat"),
        manual="access(2)",
    ),
    syscall(
        "faccessat2",
        Category.FILE,
        "Check access to a file like faccessat, with flags: for the effective user, or of a symbolic link itself.",
        arg("dirfd", DIRECTORY_FD, "directory that a relative path starts from; AT_FDCWD is the working directory"),
        arg("path", AT_PATH, "path of the file; may be empty with AT_EMPTY_PATH"),
        arg("mode", ACCESS_MODE, "what is asked for; F_OK is existence"),
        arg("flags", FACCESSAT_FLAGS, "whose access is checked, and how the path is looked up"),
        result=Result(
            ZERO,
            "0 if all of it would be allowed",
            {
                **ACCESS_ERRORS,
                "EBADF": "the path is relative and the directory descriptor is not open",
                "EINVAL": "the mode or the flags have bits that are not known",
            },
        ),
        related=("access", "faccessat", "newfstatat"),
        manual="access(2)",
        since="5.8",
    ),
    syscall(
        "stat",
        Category.FILE,
        "Get the metadata of a file, following symbolic links. No access to the file itself is needed, only to the "
        "directories of its path.",
        arg("path", PATH, "path of the file"),
        out("statbuf", STAT_POINTER, "the metadata"),
        result=Result(ZERO, "0", PATH_ERRORS),
        related=("fstat", "lstat", "newfstatat", "statx"),
    ),
    syscall(
        "fstat",
        Category.FILE,
        "Get the metadata of an open file.",
        arg("fd", FD, "descriptor of the file"),
        out("statbuf", STAT_POINTER, "the metadata"),
        result=Result(
            ZERO,
            "0",
            {"EBADF": "the descriptor is not open", "EFAULT": "the structure lies outside the caller's memory"},
        ),
        related=("stat", "lstat", "newfstatat", "statx"),
    ),
    syscall(
        "lstat",
        Category.FILE,
        "Get the metadata of a file, or of the symbolic link itself if the path is one.",
        arg("path", PATH, "path of the file"),
        out("statbuf", STAT_POINTER, "the metadata"),
        result=Result(ZERO, "0", PATH_ERRORS),
        related=("stat", "fstat", "newfstatat", "statx"),
    ),
    syscall(
        "newfstatat",
        Category.FILE,
        "Get the metadata of a file relative to a directory descriptor, or of the descriptor itself with "
        "AT_EMPTY_PATH. C libraries use it for stat, lstat and fstat as well.",
        arg("dirfd", DIRECTORY_FD, "directory that a relative path starts from; AT_FDCWD is the working directory"),
        arg("path", AT_PATH, "path of the file; may be empty with AT_EMPTY_PATH"),
        out("statbuf", STAT_POINTER, "the metadata"),
        arg("flags", LOOKUP_FLAGS, "how the path is looked up"),
        result=Result(ZERO, "0", {**AT_ERRORS, "EINVAL": "a flag is not known"}),
        related=("stat", "lstat", "fstat", "statx"),
        manual="fstatat(2)",
    ),
    syscall(
        "statx",
        Category.FILE,
        "Get chosen metadata of a file, among them its time of creation, its attributes and its mount. "
        "The file system may fill in less or more than was asked for, and says so in stx_mask.",
        arg("dirfd", DIRECTORY_FD, "directory that a relative path starts from; AT_FDCWD is the working directory"),
        arg("path", AT_PATH, "path of the file; may be empty with AT_EMPTY_PATH"),
        arg("flags", STATX_FLAGS, "how the path is looked up, and how fresh the answer of a remote file must be"),
        arg("mask", STATX_MASK, "what is wanted"),
        out("statxbuf", Pointer(STATX), "the metadata"),
        result=Result(ZERO, "0", {**AT_ERRORS, "EINVAL": "a flag or a reserved bit of the mask is not known"}),
        related=("newfstatat", "stat", "fstat", "lstat"),
        since="4.11",
    ),
    syscall(
        "chmod",
        Category.FILE,
        "Change the permission bits of a file, following symbolic links.",
        arg("path", PATH, "path of the file"),
        arg("mode", MODE, "the new permission, set-id and sticky bits"),
        result=Result(ZERO, "0", {**PATH_ERRORS, **CHANGE_ERRORS}),
        related=("fchmod", "fchmodat", "fchmodat2", "chown"),
    ),
    syscall(
        "fchmod",
        Category.FILE,
        "Change the permission bits of an open file.",
        arg("fd", FD, "descriptor of the file; not one opened with O_PATH"),
        arg("mode", MODE, "the new permission, set-id and sticky bits"),
        result=Result(ZERO, "0", {"EBADF": "the descriptor is not open", **CHANGE_ERRORS}),
        related=("chmod", "fchmodat", "fchown"),
    ),
    syscall(
        "fchmodat",
        Category.FILE,
        "Change the permission bits of a file relative to a directory descriptor. The kernel's call has no flags and "
        "follows symbolic links: for another way there is fchmodat2.",
        arg("dirfd", DIRECTORY_FD, "directory that a relative path starts from; AT_FDCWD is the working directory"),
        arg("path", AT_PATH, "path of the file"),
        arg("mode", MODE, "the new permission, set-id and sticky bits"),
        result=Result(ZERO, "0", {**AT_ERRORS, **CHANGE_ERRORS}),
        related=("chmod", "fchmod", "fchmodat2"),
        manual="chmod(2)",
    ),
    syscall(
        "fchmodat2",
        Category.FILE,
        "Change the permission bits of a file like fchmodat, with flags: of the descriptor itself, or without "
        "following a symbolic link.",
        arg("dirfd", DIRECTORY_FD, "directory that a relative path starts from; AT_FDCWD is the working directory"),
        arg("path", AT_PATH, "path of the file; may be empty with AT_EMPTY_PATH"),
        arg("mode", MODE, "the new permission, set-id and sticky bits"),
        arg("flags", LOOKUP_FLAGS, "AT_SYMLINK_NOFOLLOW and AT_EMPTY_PATH"),
        result=Result(
            ZERO,
            "0",
            {
                **AT_ERRORS,
                **CHANGE_ERRORS,
                "EINVAL": "a flag is not known",
                "EOPNOTSUPP": "the path is a symbolic link, whose mode cannot be changed",
            },
        ),
        related=("fchmodat", "chmod", "fchmod"),
        manual="chmod(2)",
        since="6.6",
    ),
    syscall(
        "chown",
        Category.FILE,
        "Change owner and group of a file, following symbolic links. Set-id bits of a program are cleared.",
        arg("path", PATH, "path of the file"),
        arg("owner", UID, "new owner; -1 keeps the old one"),
        arg("group", GID, "new group; -1 keeps the old one"),
        result=Result(ZERO, "0", {**PATH_ERRORS, **CHOWN_ERRORS}),
        related=("fchown", "lchown", "fchownat", "chmod"),
    ),
    syscall(
        "fchown",
        Category.FILE,
        "Change owner and group of an open file.",
        arg("fd", FD, "descriptor of the file; not one opened with O_PATH"),
        arg("owner", UID, "new owner; -1 keeps the old one"),
        arg("group", GID, "new group; -1 keeps the old one"),
        result=Result(ZERO, "0", {"EBADF": "the descriptor is not open", **CHOWN_ERRORS}),
        related=("chown", "lchown", "fchownat", "fchmod"),
    ),
    syscall(
        "lchown",
        Category.FILE,
        "Change owner and group of a file, or of the symbolic link itself if the path is one.",
        arg("path", PATH, "path of the file"),
        arg("owner", UID, "new owner; -1 keeps the old one"),
        arg("group", GID, "new group; -1 keeps the old one"),
        result=Result(ZERO, "0", {**PATH_ERRORS, **CHOWN_ERRORS}),
        related=("chown", "fchown", "fchownat"),
    ),
    syscall(
        "fchownat",
        Category.FILE,
        "Change owner and group of a file relative to a directory descriptor, of the descriptor itself with "
        "AT_EMPTY_PATH, or of a symbolic link with AT_SYMLINK_NOFOLLOW.",
        arg("dirfd", DIRECTORY_FD, "directory that a relative path starts from; AT_FDCWD is the working directory"),
        arg("path", AT_PATH, "path of the file; may be empty with AT_EMPTY_PATH"),
        arg("owner", UID, "new owner; -1 keeps the old one"),
        arg("group", GID, "new group; -1 keeps the old one"),
        arg("flags", LOOKUP_FLAGS, "how the path is looked up"),
        result=Result(
            ZERO, "0", {**AT_ERRORS, **CHOWN_ERRORS, "EINVAL": "a flag is not known, or an id has no mapping here"}
        ),
        related=("chown", "fchown", "lchown"),
        manual="chown(2)",
    ),
    syscall(
        "umask",
        Category.FILE,
        "Set the permission bits that new files of the process do not get. It cannot fail, and there is no other call "
        "to read the mask.",
        arg("mask", Octal(4), "the new mask, of which the permission bits count"),
        result=Result(Octal(4), "the mask that was set before"),
        related=("open", "mkdir", "mknod"),
    ),
    syscall(
        "utime",
        Category.FILE,
        "Set the times of last access and change of a file, in whole seconds. Superseded by utimensat.",
        arg("path", PATH, "path of the file"),
        arg("times", Pointer(UTIMBUF), "the new times; null is now"),
        result=Result(ZERO, "0", {**PATH_ERRORS, **TIME_ERRORS}),
        related=("utimes", "utimensat", "stat"),
    ),
    syscall(
        "utimes",
        Category.FILE,
        "Set the times of last access and change of a file, in microseconds. Superseded by utimensat.",
        arg("path", PATH, "path of the file"),
        arg("times", Array(TIMEVAL, 2), "new times of access and of change; null is now"),
        result=Result(ZERO, "0", {**PATH_ERRORS, **TIME_ERRORS, "EINVAL": "microseconds not within a second"}),
        related=("utime", "futimesat", "utimensat", "stat"),
    ),
    syscall(
        "futimesat",
        Category.FILE,
        "Set the times of a file relative to a directory descriptor, in microseconds; with a null path those of the "
        "descriptor's own file. Superseded by utimensat.",
        arg("dirfd", DIRECTORY_FD, "directory that a relative path starts from; AT_FDCWD is the working directory"),
        arg("path", AT_PATH, "path of the file; null is the descriptor's own file"),
        arg("times", Array(TIMEVAL, 2), "new times of access and of change; null is now"),
        result=Result(ZERO, "0", {**AT_ERRORS, **TIME_ERRORS, "EINVAL": "microseconds not within a second"}),
        related=("utimes", "utimensat", "stat"),
    ),
    syscall(
        "utimensat",
        Category.FILE,
        "Set the times of last access and change of a file, in nanoseconds. Each may be the clock's (UTIME_NOW) or be "
        "left alone (UTIME_OMIT). With a null path it acts on the descriptor, which is how futimens is made.",
        arg("dirfd", DIRECTORY_FD, "directory that a relative path starts from; AT_FDCWD is the working directory"),
        arg("path", AT_PATH, "path of the file; null is the descriptor's own file"),
        arg("times", UPDATE_TIMES, "new times of access and of change; null is now"),
        arg("flags", LOOKUP_FLAGS, "AT_SYMLINK_NOFOLLOW and AT_EMPTY_PATH"),
        result=Result(
            ZERO, "0", {**AT_ERRORS, **TIME_ERRORS, "EINVAL": "nanoseconds not within a second, or a flag not known"}
        ),
        related=("utimes", "utime", "statx", "newfstatat"),
    ),
    # Directories and names
    syscall(
        "getdents",
        Category.FILE,
        "Read entries of a directory into a buffer, in the layout that getdents64 has replaced.",
        arg("fd", FD, "descriptor of the directory"),
        out("data", DirectoryEntries(wide=False), "the entries"),
        arg("count", LENGTH, "size of the buffer"),
        result=Result(I32, "bytes of entries; 0 at the end of the directory", GETDENTS_ERRORS),
        related=("getdents64", "openat", "lseek"),
    ),
    syscall(
        "getdents64",
        Category.FILE,
        "Read entries of a directory into a buffer, from the position that the descriptor holds. Listing a directory "
        "calls it until it returns 0.",
        arg("fd", FD, "descriptor of the directory"),
        out("data", DirectoryEntries(), "the entries"),
        arg("count", LENGTH, "size of the buffer"),
        result=Result(I32, "bytes of entries; 0 at the end of the directory", GETDENTS_ERRORS),
        related=("getdents", "openat", "lseek"),
        manual="getdents(2)",
    ),
    syscall(
        "getcwd",
        Category.FILE,
        "Get the path of the working directory. It starts with `(unreachable)` if the directory lies outside the "
        "process's root.",
        out("path", STRING, "the path"),
        arg("size", SIZE, "size of the buffer"),
        result=Result(
            I32,
            "length of the path with its final NUL",
            {
                "ERANGE": "the buffer is too small",
                "ENOENT": "the working directory was removed",
                "ENAMETOOLONG": "the path has over 4095 bytes",
                "EFAULT": "the buffer lies outside the caller's memory",
            },
        ),
        related=("chdir", "fchdir"),
    ),
    syscall(
        "chdir",
        Category.FILE,
        "Change the working directory, for all threads that share it.",
        arg("path", PATH, "path of the directory"),
        result=Result(ZERO, "0", PATH_ERRORS),
        related=("fchdir", "getcwd", "chroot"),
    ),
    syscall(
        "fchdir",
        Category.FILE,
        "Change the working directory to that of a descriptor.",
        arg("fd", FD, "descriptor of the directory"),
        result=Result(
            ZERO,
            "0",
            {
                "EBADF": "the descriptor is not open",
                "ENOTDIR": "it is not of a directory",
                "EACCES": "the directory may not be searched",
            },
        ),
        related=("chdir", "getcwd", "openat"),
        manual="chdir(2)",
    ),
    syscall(
        "mkdir",
        Category.FILE,
        "Make an empty directory. A path that ends in a symbolic link is not followed: the call fails with EEXIST.",
        arg("path", PATH, "path of the new directory"),
        arg("mode", MODE, "its permission bits, before the umask"),
        result=Result(ZERO, "0", {**CREATE_ERRORS, "EMLINK": "the parent has as many directories as it can"}),
        related=("mkdirat", "rmdir", "mknod"),
    ),
    syscall(
        "mkdirat",
        Category.FILE,
        "Make a directory, with the path relative to a directory descriptor.",
        arg("dirfd", DIRECTORY_FD, "directory that a relative path starts from; AT_FDCWD is the working directory"),
        arg("path", AT_PATH, "path of the new directory"),
        arg("mode", MODE, "its permission bits, before the umask"),
        result=Result(
            ZERO,
            "0",
            {
                **CREATE_ERRORS,
                "EMLINK": "the parent has as many directories as it can",
                "EBADF": "the path is relative and the directory descriptor is not open",
            },
        ),
        related=("mkdir", "unlinkat", "mknodat"),
        manual="mkdir(2)",
    ),
    syscall(
        "rmdir",
        Category.FILE,
        "Remove an empty directory.",
        arg("path", PATH, "path of the directory"),
        result=Result(ZERO, "0", RMDIR_ERRORS),
        related=("unlinkat", "mkdir", "unlink"),
    ),
    syscall(
        "mknod",
        Category.FILE,
        "Make a device file, FIFO, socket or regular file.",
        arg("path", PATH, "path of the new file"),
        arg("mode", MKNOD_MODE, "its type and permission bits, before the umask; without a type it is a regular file"),
        arg("dev", DEVICE32, "the device that a device file names"),
        result=Result(ZERO, "0", MKNOD_ERRORS),
        related=("mknodat", "mkdir", "open"),
    ),
    syscall(
        "mknodat",
        Category.FILE,
        "Make a device file, FIFO, socket or regular file, with the path relative to a directory descriptor.",
        arg("dirfd", DIRECTORY_FD, "directory that a relative path starts from; AT_FDCWD is the working directory"),
        arg("path", AT_PATH, "path of the new file"),
        arg("mode", MKNOD_MODE, "its type and permission bits, before the umask; without a type it is a regular file"),
        arg("dev", DEVICE32, "the device that a device file names"),
        result=Result(
            ZERO,
            "0",
            {**MKNOD_ERRORS, "EBADF": "the path is relative and the directory descriptor is not open"},
        ),
        related=("mknod", "mkdirat", "openat"),
        manual="mknod(2)",
    ),
    syscall(
        "rename",
        Category.FILE,
        "Give a file another name or directory on the same mount. An existing file of the new name is replaced in one "
        "step, so that others see either the old one or the new one.",
        arg("oldpath", PATH, "present path"),
        arg("newpath", PATH, "new path"),
        result=Result(ZERO, "0", RENAME_ERRORS),
        related=("renameat", "renameat2", "link", "unlink"),
    ),
    syscall(
        "renameat",
        Category.FILE,
        "Rename a file like rename, with each path relative to a directory descriptor of its own.",
        arg("olddirfd", DIRECTORY_FD, "directory that a relative old path starts from"),
        arg("oldpath", OLD_PATH, "present path"),
        arg("newdirfd", DIRECTORY_FD, "directory that a relative new path starts from"),
        arg("newpath", NEW_PATH, "new path"),
        result=Result(
            ZERO, "0", {**RENAME_ERRORS, "EBADF": "a path is relative and its directory descriptor is not open"}
        ),
        related=("rename", "renameat2", "linkat"),
        manual="rename(2)",
    ),
    syscall(
        "renameat2",
        Category.FILE,
        "Rename a file like renameat, with flags: without replacing anything, by exchanging two files, or leaving a "
        "whiteout for overlay file systems.",
        arg("olddirfd", DIRECTORY_FD, "directory that a relative old path starts from"),
        arg("oldpath", OLD_PATH, "present path"),
        arg("newdirfd", DIRECTORY_FD, "directory that a relative new path starts from"),
        arg("newpath", NEW_PATH, "new path"),
        arg("flags", RENAME_FLAGS, "what to do with an existing file of the new name"),
        result=Result(
            ZERO,
            "0",
            {
                **RENAME_ERRORS,
                "EBADF": "a path is relative and its directory descriptor is not open",
                "EEXIST": "RENAME_NOREPLACE is set and the new path exists",
                "EINVAL": "flags that are not known or exclude each other, or a directory would become part of itself",
            },
        ),
        related=("rename", "renameat", "linkat"),
        manual="rename(2)",
        since="3.15",
    ),
    syscall(
        "link",
        Category.FILE,
        "Give a file one more name on the same mount (a hard link). A symbolic link is linked itself, not followed.",
        arg("oldpath", PATH, "path of the file"),
        arg("newpath", PATH, "its new name"),
        result=Result(ZERO, "0", LINK_ERRORS),
        related=("linkat", "symlink", "unlink", "rename"),
    ),
    syscall(
        "linkat",
        Category.FILE,
        "Give a file one more name, with each path relative to a directory descriptor of its own. With AT_EMPTY_PATH "
        "it names a file that has none, such as one opened with O_TMPFILE.",
        arg("olddirfd", DIRECTORY_FD, "directory that a relative old path starts from, or the file itself"),
        arg("oldpath", OLD_PATH, "path of the file; may be empty with AT_EMPTY_PATH"),
        arg("newdirfd", DIRECTORY_FD, "directory that a relative new path starts from"),
        arg("newpath", NEW_PATH, "its new name"),
        arg("flags", LINK_FLAGS, "whether to follow a symbolic link, and whether the old path may be empty"),
        result=Result(
            ZERO,
            "0",
            {
                **LINK_ERRORS,
                "EBADF": "a path is relative and its directory descriptor is not open",
                "EINVAL": "a flag is not known",
            },
        ),
        related=("link", "symlinkat", "unlinkat", "renameat2"),
        manual="link(2)",
    ),
    syscall(
        "unlink",
        Category.FILE,
        "Remove a name of a file. The file itself goes with its last name, once nobody has it open.",
        arg("path", PATH, "path to remove"),
        result=Result(ZERO, "0", UNLINK_ERRORS),
        related=("unlinkat", "rmdir", "link", "rename"),
    ),
    syscall(
        "unlinkat",
        Category.FILE,
        "Remove a name of a file or, with AT_REMOVEDIR, an empty directory, relative to a directory descriptor.",
        arg("dirfd", DIRECTORY_FD, "directory that a relative path starts from; AT_FDCWD is the working directory"),
        arg("path", AT_PATH, "path to remove"),
        arg("flags", UNLINK_FLAGS, "AT_REMOVEDIR to remove a directory"),
        result=Result(
            ZERO,
            "0",
            {
                **UNLINK_ERRORS,
                "EBADF": "the path is relative and the directory descriptor is not open",
                "EISDIR": "the path is a directory and AT_REMOVEDIR is not set",
                "ENOTDIR": "AT_REMOVEDIR is set and the path is no directory, or something on the path is none",
                "ENOTEMPTY": "the directory has entries",
            },
        ),
        related=("unlink", "rmdir", "linkat"),
        manual="unlink(2)",
    ),
    syscall(
        "symlink",
        Category.FILE,
        "Make a symbolic link. Its target is mere text: it need not exist, and a relative one counts from the link's "
        "directory.",
        arg("target", STRING, "what the link points to"),
        arg("path", PATH, "path of the new link"),
        result=Result(ZERO, "0", CREATE_ERRORS),
        related=("symlinkat", "readlink", "link", "unlink"),
    ),
    syscall(
        "symlinkat",
        Category.FILE,
        "Make a symbolic link, with its path relative to a directory descriptor.",
        arg("target", STRING, "what the link points to"),
        arg("newdirfd", DIRECTORY_FD, "directory that a relative path starts from; AT_FDCWD is the working directory"),
        arg("path", NEW_PATH, "path of the new link"),
        result=Result(
            ZERO,
            "0",
            {**CREATE_ERRORS, "EBADF": "the path is relative and the directory descriptor is not open"},
        ),
        related=("symlink", "readlinkat", "linkat"),
        manual="symlink(2)",
    ),
    syscall(
        "readlink",
        Category.FILE,
        "Read what a symbolic link points to. The text is cut at the buffer's end and has no final NUL.",
        arg("path", PATH, "path of the link"),
        out("target", Bytes("ret"), "what the link points to"),
        arg("bufsiz", BUFFER_SIZE, "size of the buffer"),
        result=Result(
            I32,
            "bytes of the target",
            {**PATH_ERRORS, "EINVAL": "the path is no symbolic link, or the size is not positive"},
        ),
        related=("readlinkat", "symlink", "lstat"),
    ),
    syscall(
        "readlinkat",
        Category.FILE,
        "Read what a symbolic link points to, with its path relative to a directory descriptor. With an empty path it "
        "reads the link that the descriptor itself names (O_PATH|O_NOFOLLOW).",
        arg("dirfd", DIRECTORY_FD, "directory that a relative path starts from; AT_FDCWD is the working directory"),
        arg("path", AT_PATH, "path of the link"),
        out("target", Bytes("ret"), "what the link points to"),
        arg("bufsiz", BUFFER_SIZE, "size of the buffer"),
        result=Result(
            I32,
            "bytes of the target",
            {**AT_ERRORS, "EINVAL": "the path is no symbolic link, or the size is not positive"},
        ),
        related=("readlink", "symlinkat", "newfstatat"),
        manual="readlink(2)",
    ),
    # Size, allocation, caching
    syscall(
        "truncate",
        Category.FILE,
        "Set the size of a file: what is beyond is cut off, what is missing reads as zeros.",
        arg("path", PATH, "path of the file"),
        arg("length", OFFSET, "the new size"),
        result=Result(
            ZERO,
            "0",
            {
                **PATH_ERRORS,
                **TRUNCATE_ERRORS,
                "EACCES": "the file may not be written, or a directory of the path not searched",
                "EISDIR": "the path is a directory",
                "EROFS": "the file system is mounted read-only",
            },
        ),
        related=("ftruncate", "fallocate", "open"),
    ),
    syscall(
        "ftruncate",
        Category.FILE,
        "Set the size of an open file: what is beyond is cut off, what is missing reads as zeros. Shared memory gets "
        "its size this way.",
        arg("fd", FD, "descriptor that is open for writing"),
        arg("length", OFFSET, "the new size"),
        result=Result(
            ZERO,
            "0",
            {
                **TRUNCATE_ERRORS,
                "EBADF": "the descriptor is not open",
                "EINVAL": "the length is negative, or the file is not a regular one that is open for writing",
            },
        ),
        related=("truncate", "fallocate", "memfd_create"),
        manual="truncate(2)",
    ),
    syscall(
        "fallocate",
        Category.FILE,
        "Allocate the blocks of a range of a file, or punch a hole, zero it, cut it out or make room for it.",
        arg("fd", FD, "descriptor that is open for writing"),
        arg("mode", FALLOCATE_MODE, "what to do with the range"),
        arg("offset", OFFSET, "start of the range"),
        arg("len", OFFSET, "its length"),
        result=Result(
            ZERO,
            "0",
            {
                "EBADF": "the descriptor is not open for writing",
                "ENOSPC": "the device has no room for the range",
                "EOPNOTSUPP": "the file system does not know the mode",
                "EINVAL": "a negative offset, an empty range, modes that exclude each other, or bad alignment",
                "EFBIG": "the file would become larger than allowed",
                "ENODEV": "the file is neither regular nor a directory",
                "EPERM": "the file is immutable, append-only or sealed",
                "EINTR": "a signal came",
            },
        ),
        related=("ftruncate", "fadvise64", "write"),
    ),
    syscall(
        "fadvise64",
        Category.FILE,
        "Tell the kernel how a range of a file will be used, so that it reads ahead more, less or not at all, or drops "
        "the range from the page cache.",
        arg("fd", FD, "descriptor of the file"),
        arg("offset", OFFSET, "start of the range"),
        arg("len", OFFSET, "its length; 0 is up to the end of the file"),
        arg("advice", FADVISE, "how it will be used"),
        result=Result(
            ZERO,
            "0",
            {
                "EBADF": "the descriptor is not open",
                "EINVAL": "the advice is not known, or the length is negative",
                "ESPIPE": "it is of a pipe or FIFO",
            },
        ),
        related=("readahead", "madvise", "sync_file_range"),
        manual="posix_fadvise(2)",
    ),
    syscall(
        "readahead",
        Category.FILE,
        "Start reading a range of a file into the page cache. It returns before the data is there, but may wait for "
        "the file system's own metadata.",
        arg("fd", FD, "descriptor that is open for reading"),
        arg("offset", OFFSET, "start of the range"),
        arg("count", SIZE, "its length"),
        result=Result(
            I64,
            "0",
            {
                "EBADF": "the descriptor is not open for reading",
                "EINVAL": "the file is of a kind that cannot be read ahead",
            },
        ),
        related=("fadvise64", "madvise", "read"),
    ),
    syscall(
        "fsync",
        Category.FILE,
        "Write a file's changed data and metadata to its device and wait until the device has them safe. "
        "The entry in the directory needs an fsync of the directory.",
        arg("fd", FD, "descriptor of the file"),
        result=Result(ZERO, "0", SYNC_ERRORS),
        related=("fdatasync", "sync_file_range", "syncfs", "sync"),
    ),
    syscall(
        "fdatasync",
        Category.FILE,
        "Write a file's changed data to its device and wait, with only the metadata that reading it needs, such as "
        "its size.",
        arg("fd", FD, "descriptor of the file"),
        result=Result(ZERO, "0", SYNC_ERRORS),
        related=("fsync", "sync_file_range", "pwritev2"),
        manual="fsync(2)",
    ),
    syscall(
        "sync_file_range",
        Category.FILE,
        "Start writing back a range of a file, or wait for it. It writes no metadata and empties no disk cache, so it "
        "makes nothing safe: it only spreads the work.",
        arg("fd", FD, "descriptor of the file"),
        arg("offset", OFFSET, "start of the range"),
        arg("nbytes", OFFSET, "its length; 0 is up to the end of the file"),
        arg("flags", SYNC_RANGE_FLAGS, "whether to wait before, to write, and to wait after"),
        result=Result(
            ZERO,
            "0",
            {
                "EBADF": "the descriptor is not open",
                "EIO": "writing back failed",
                "EINVAL": "a flag is not known, or the range is not valid",
                "ESPIPE": "the file is neither regular, nor a block device, directory or link",
                "ENOSPC": "the device had no room left",
            },
        ),
        related=("fsync", "fdatasync", "syncfs"),
    ),
    syscall(
        "sync",
        Category.FILE,
        "Write all changed data of all file systems to their devices and wait. It cannot fail.",
        result=Result(ZERO, "0"),
        related=("syncfs", "fsync", "fdatasync"),
    ),
    syscall(
        "syncfs",
        Category.FILE,
        "Write all changed data of the file system that holds a file to its device and wait.",
        arg("fd", FD, "descriptor of any file on it"),
        result=Result(
            ZERO,
            "0",
            {
                "EBADF": "the descriptor is not open",
                "EIO": "writing back failed since the file was opened (from Linux 5.8 on)",
                "ENOSPC": "the device had no room left",
                "EDQUOT": "the quota was used up",
            },
        ),
        related=("sync", "fsync", "sync_file_range"),
        manual="sync(2)",
    ),
)
