"""Files: opened, read, written, positioned, closed."""

from __future__ import annotations

import ctypes
import errno
import os
from pathlib import Path

import pytest
from tests.conformance.harness import ANY, Expected, Having, Watch, system

AT_FDCWD = -100
WRITES = 17
TEXT = b"The quick brown fox jumps over the lazy dog.\n"


@pytest.fixture
def path(tmp_path: Path) -> bytes:
    """The path of a file with TEXT in it."""
    file = tmp_path / "some file"
    file.write_bytes(TEXT)
    return os.fsencode(file)


def test_openat_of_a_new_file(watch: Watch, tmp_path: Path) -> None:
    path = os.fsencode(tmp_path / "new file")

    def act() -> tuple[int, int, str]:
        fd = system.openat(AT_FDCWD, path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        status = os.fstat(fd)
        return fd, status.st_ino, f"{os.major(status.st_dev)}:{os.minor(status.st_dev)}"

    seen = watch(act, "openat")
    fd, inode, device = seen.value
    seen.expect(
        Expected(
            "openat",
            {"dirfd": "AT_FDCWD", "path": path, "flags": "O_RDWR|O_CREAT|O_CLOEXEC", "mode": "0640"},
            fd,
            fd={"num": fd, "type": "file", "path": path, "inode": inode, "dev": device},
            category="file",
        )
    )


def test_openat_below_a_directory_descriptor(watch: Watch, path: bytes) -> None:
    directory, name = os.path.split(path)

    def act() -> tuple[int, int]:
        dirfd = system.openat(AT_FDCWD, directory, os.O_RDONLY | os.O_DIRECTORY, 0)
        return dirfd, system.openat(dirfd, name, os.O_RDONLY, 0)

    seen = watch(act, "openat")
    dirfd, fd = seen.value
    seen.expect(
        Expected(
            "openat",
            {"dirfd": "AT_FDCWD", "path": directory, "flags": "O_RDONLY|O_DIRECTORY", "mode": None},
            dirfd,
            fd={"num": dirfd, "type": "directory", "path": directory},
        ),
        Expected(
            "openat",
            {"dirfd": dirfd, "path": name, "flags": "O_RDONLY", "mode": None},
            fd,
            fd={"num": fd, "type": "file", "path": path},
        ),
    )


def test_openat_that_fails(watch: Watch, path: bytes) -> None:
    missing = path + b" that is not there"

    def act() -> None:
        system.openat(AT_FDCWD, missing, os.O_RDONLY, 0)
        system.openat(AT_FDCWD, path, os.O_RDONLY | os.O_CREAT | os.O_EXCL, 0o600)
        system.openat(AT_FDCWD, path, os.O_RDONLY | os.O_DIRECTORY, 0)
        system.openat(AT_FDCWD, None, os.O_RDONLY, 0)
        system.openat(997, b"relative", os.O_WRONLY | os.O_TRUNC | os.O_APPEND, 0)

    def failed(path: bytes | None, flags: str, error: int, **other: object) -> Expected:
        args = {"dirfd": other.get("dirfd", "AT_FDCWD"), "path": path, "flags": flags, "mode": other.get("mode")}
        return Expected("openat", args, -error, quality=[])

    watch(act, "openat").expect(
        failed(missing, "O_RDONLY", errno.ENOENT),
        failed(path, "O_RDONLY|O_CREAT|O_EXCL", errno.EEXIST, mode="0600"),
        failed(path, "O_RDONLY|O_DIRECTORY", errno.ENOTDIR),
        failed(None, "O_RDONLY", errno.EFAULT),
        failed(b"relative", "O_WRONLY|O_TRUNC|O_APPEND", errno.EBADF, dirfd=997),
    )


def test_open_and_creat(watch: Watch, path: bytes) -> None:
    def act() -> tuple[int, int]:
        return system.open(path, os.O_RDONLY | os.O_NOFOLLOW, 0), system.creat(path + b"2", 0o604)

    seen = watch(act, "open", "creat")
    opened, created = seen.value
    seen.expect(
        Expected(
            "open",
            {"path": path, "flags": "O_RDONLY|O_NOFOLLOW", "mode": None},
            opened,
            fd={"num": opened, "type": "file", "path": path},
        ),
        Expected(
            "creat",
            {"path": path + b"2", "mode": "0604"},
            created,
            fd={"num": created, "type": "file", "path": path + b"2"},
        ),
    )


def test_openat2(watch: Watch, path: bytes) -> None:
    how = (ctypes.c_ulong * 3)(os.O_RDONLY | os.O_CLOEXEC, 0, 0x04)

    def act() -> int:
        return system.openat2(AT_FDCWD, path, how, ctypes.sizeof(how))

    seen = watch(act, "openat2")
    seen.expect(
        Expected(
            "openat2",
            {
                "dirfd": "AT_FDCWD",
                "path": path,
                "how": Having(flags="O_RDONLY|O_CLOEXEC", resolve="RESOLVE_NO_SYMLINKS"),
                "size": 24,
            },
            seen.value,
            fd={"num": seen.value, "type": "file", "path": path},
        )
    )


def test_reads_to_the_end(watch: Watch, path: bytes) -> None:
    def act() -> tuple[int, list[int]]:
        fd = os.open(path, os.O_RDONLY)
        buffer = ctypes.create_string_buffer(29)
        return fd, [system.read(fd, buffer, 29) for _ in range(3)]

    seen = watch(act, "read")
    fd, results = seen.value
    assert results == [29, 16, 0]
    file = {"num": fd, "type": "file", "path": path}
    seen.expect(
        *(Expected("read", {"fd": fd, "data": None, "count": 29}, ret, fd=file, category="file") for ret in results)
    )


def test_payload_as_far_as_asked(watch: Watch, path: bytes) -> None:
    def act() -> tuple[int, int]:
        fd = os.open(path, os.O_RDWR)
        buffer = ctypes.create_string_buffer(7)
        system.read(fd, buffer, 7)
        system.write(fd, b"Kindling", 8)
        system.write(fd, bytes(range(31)), 31)
        return fd, system.pread64(fd, buffer, 7, 4)

    seen = watch(act, "read", "write", "pread64", snaplen=13)
    fd, _ = seen.value
    file = {"num": fd, "path": path}
    seen.expect(
        Expected("read", {"fd": fd, "data": TEXT[:7], "count": 7}, 7, fd=file),
        Expected("write", {"fd": fd, "data": b"Kindling", "count": 8}, 8, fd=file),
        Expected("write", {"fd": fd, "data": bytes(range(13)), "count": 31}, 31, fd=file, quality=["truncated:data"]),
        Expected("pread64", {"fd": fd, "data": b"quiKind", "count": 7, "offset": 4}, 7, fd=file),
    )


def test_a_prime_number_of_writes(watch: Watch, tmp_path: Path) -> None:
    path = os.fsencode(tmp_path / "log")

    def act() -> int:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT)
        for number in range(WRITES):
            system.write(fd, bytes(number), number)
        return fd

    seen = watch(act, "write")
    fd = seen.value
    seen.expect(
        *(
            Expected("write", {"fd": fd, "data": None, "count": n}, n, fd={"num": fd, "path": path})
            for n in range(WRITES)
        )
    )


def test_positioned_and_vectored(watch: Watch, path: bytes) -> None:
    first, second = ctypes.create_string_buffer(b"AB", 2), ctypes.create_string_buffer(b"CDE", 3)
    vector = (ctypes.c_ulong * 4)(ctypes.addressof(first), 2, ctypes.addressof(second), 3)

    def act() -> int:
        fd = os.open(path, os.O_RDWR)
        system.pwrite64(fd, b"xyz", 3, 41)
        system.writev(fd, vector, 2)
        system.lseek(fd, -5, os.SEEK_END)
        system.readv(fd, vector, 2)
        system.preadv(fd, vector, 2, 3, 0)
        system.pwritev2(fd, vector, 1, 11, 0, 2)
        return fd

    seen = watch(act, "pwrite64", "writev", "lseek", "readv", "preadv", "pwritev2", snaplen=64)
    fd = seen.value
    file = {"num": fd, "path": path}
    five = Having(segments=2, total=5)
    seen.expect(
        Expected("pwrite64", {"fd": fd, "data": b"xyz", "count": 3, "offset": 41}, 3, fd=file),
        Expected("writev", {"fd": fd, "data": Having(segments=2, total=5, data=b"ABCDE"), "iovcnt": 2}, 5, fd=file),
        Expected("lseek", {"fd": fd, "offset": -5, "whence": "SEEK_END"}, 40, fd=file),
        Expected("readv", {"fd": fd, "data": five, "iovcnt": 2}, 5, fd=file),
        Expected("preadv", {"fd": fd, "data": five, "iovcnt": 2, "offset": 3, "pos_h": "0x0"}, 5, fd=file),
        Expected(
            "pwritev2",
            {
                "fd": fd,
                "data": Having(segments=1, total=2),
                "iovcnt": 1,
                "offset": 11,
                "pos_h": "0x0",
                "flags": "RWF_DSYNC",
            },
            2,
            fd=file,
        ),
    )


def test_sizes_and_flushing(watch: Watch, path: bytes) -> None:
    def act() -> int:
        fd = os.open(path, os.O_RDWR)
        system.ftruncate(fd, 1 << 33)
        system.fallocate(fd, 1, 4096, 8192)
        system.fadvise64(fd, 0, 4099, 2)
        system.fsync(fd)
        system.fdatasync(fd)
        system.flock(fd, 6)
        system.truncate(path, 5)
        return fd

    seen = watch(act, "ftruncate", "fallocate", "fadvise64", "fsync", "fdatasync", "flock", "truncate")
    fd = seen.value
    file = {"num": fd, "type": "file", "path": path}
    seen.expect(
        Expected("ftruncate", {"fd": fd, "length": 1 << 33}, 0, fd=file),
        Expected("fallocate", {"fd": fd, "mode": "FALLOC_FL_KEEP_SIZE", "offset": 4096, "len": 8192}, ANY, fd=file),
        Expected("fadvise64", {"fd": fd, "offset": 0, "len": 4099, "advice": "POSIX_FADV_SEQUENTIAL"}, 0, fd=file),
        Expected("fsync", {"fd": fd}, 0, fd=file),
        Expected("fdatasync", {"fd": fd}, 0, fd=file),
        Expected("flock", {"fd": fd, "operation": "LOCK_EX|LOCK_NB"}, 0, fd=file),
        Expected("truncate", {"path": path, "length": 5}, 0),
    )


def test_close_still_knows_the_file(watch: Watch, path: bytes) -> None:
    def act() -> int:
        fd = os.open(path, os.O_RDONLY)
        system.close(fd)
        system.close(fd)
        return fd

    seen = watch(act, "close")
    fd = seen.value
    seen.expect(
        Expected("close", {"fd": fd}, 0, fd={"num": fd, "type": "file", "path": path}, category="file"),
        Expected("close", {"fd": fd}, -errno.EBADF, fd={"num": fd, "type": None}),
    )


def test_a_descriptor_used_again_at_once(watch: Watch, tmp_path: Path) -> None:
    paths = [os.fsencode(tmp_path / f"file {number}") for number in range(WRITES)]

    def act() -> list[int]:
        fds = []
        for path in paths:
            fd = system.openat(AT_FDCWD, path, os.O_WRONLY | os.O_CREAT, 0o600)
            system.write(fd, b"x", 1)
            system.close(fd)
            fds.append(fd)
        return fds

    seen = watch(act, "write", "close")
    assert len(set(seen.value)) == 1
    fd = seen.value[0]
    seen.expect(
        *(
            expected
            for path in paths
            for expected in (
                Expected("write", {"fd": fd, "data": None, "count": 1}, 1, fd={"num": fd, "path": path}),
                Expected("close", {"fd": fd}, 0, fd={"num": fd, "path": path}),
            )
        )
    )


def test_copying_inside_the_kernel(watch: Watch, path: bytes) -> None:
    offset = ctypes.c_long(4)

    def act() -> tuple[int, int]:
        source, target = os.open(path, os.O_RDONLY), os.open(path + b" copy", os.O_WRONLY | os.O_CREAT)
        system.sendfile(target, source, offset, 5)
        system.copy_file_range(source, None, target, None, 11, 0)
        return source, target

    seen = watch(act, "sendfile", "copy_file_range")
    source, target = seen.value
    seen.expect(
        Expected(
            "sendfile",
            {"out_fd": target, "in_fd": source, "offset": 9, "count": 5},
            5,
            fd={"num": target, "path": path + b" copy"},
        ),
        Expected(
            "copy_file_range",
            {"fd_in": source, "off_in": None, "fd_out": target, "off_out": None, "len": 11, "flags": 0},
            11,
            fd={"num": source, "path": path},
        ),
    )


def test_status(watch: Watch, path: bytes) -> None:
    buffer = ctypes.create_string_buffer(256)

    inode = os.stat(path).st_ino

    def act() -> int:
        fd = os.open(path, os.O_RDONLY)
        system.fstat(fd, buffer)
        system.newfstatat(AT_FDCWD, path, buffer, 0x100)
        system.statx(fd, b"", 0x1000, 0x7FF, buffer)
        return fd

    seen = watch(act, "fstat", "newfstatat", "statx")
    fd = seen.value
    file = {"num": fd, "path": path}
    status = Having(st_ino=inode, st_size=len(TEXT), st_nlink=1, st_uid=os.getuid())
    seen.expect(
        Expected("fstat", {"fd": fd, "statbuf": status}, 0, fd=file),
        Expected(
            "newfstatat",
            {"dirfd": "AT_FDCWD", "path": path, "statbuf": status, "flags": "AT_SYMLINK_NOFOLLOW"},
            0,
        ),
        Expected(
            "statx",
            {
                "dirfd": fd,
                "path": b"",
                "flags": "AT_EMPTY_PATH",
                "mask": "STATX_BASIC_STATS",
                "statxbuf": Having(stx_ino=inode, stx_size=len(TEXT)),
            },
            0,
        ),
    )


def test_getdents64(watch: Watch, path: bytes) -> None:
    buffer = ctypes.create_string_buffer(4096)
    directory = os.path.dirname(path)

    def act() -> tuple[int, int]:
        fd = os.open(directory, os.O_RDONLY)
        return fd, system.getdents64(fd, buffer, 4096)

    seen = watch(act, "getdents64")
    fd, size = seen.value
    where = {"num": fd, "type": "directory", "path": directory}
    seen.expect(Expected("getdents64", {"fd": fd, "data": ANY, "count": 4096}, size, fd=where))


def test_files_without_a_name(watch: Watch, tmp_path: Path) -> None:
    gone = os.fsencode(tmp_path / "gone")

    def act() -> tuple[int, int, int]:
        memory = system.memfd_create(b"scratch", 1)
        deleted = os.open(gone, os.O_WRONLY | os.O_CREAT)
        os.unlink(gone)
        system.write(memory, b"abc", 3)
        system.write(deleted, b"abc", 3)
        return memory, deleted, 0

    seen = watch(act, "memfd_create", "write")
    memory, deleted, _ = seen.value
    anonymous = {"num": memory, "type": "file", "path": b"/memfd:scratch", "deleted": True}
    seen.expect(
        Expected("memfd_create", {"name": b"scratch", "flags": "MFD_CLOEXEC"}, memory, fd=anonymous),
        Expected("write", {"fd": memory, "data": None, "count": 3}, 3, fd=anonymous),
        Expected(
            "write",
            {"fd": deleted, "data": None, "count": 3},
            3,
            fd={"num": deleted, "type": "file", "path": gone, "deleted": True},
        ),
    )


def test_devices(watch: Watch) -> None:
    def act() -> tuple[int, int]:
        null, zero = os.open("/dev/null", os.O_WRONLY), os.open("/dev/zero", os.O_RDONLY)
        system.write(null, b"away", 4)
        system.read(zero, ctypes.create_string_buffer(5), 5)
        return null, zero

    seen = watch(act, "write", "read", snaplen=16)
    null, zero = seen.value
    seen.expect(
        Expected(
            "write",
            {"fd": null, "data": b"away", "count": 4},
            4,
            fd={"num": null, "type": "char", "path": b"/dev/null", "dev": "1:3"},
        ),
        Expected(
            "read",
            {"fd": zero, "data": bytes(5), "count": 5},
            5,
            fd={"num": zero, "type": "char", "path": b"/dev/zero", "dev": "1:5"},
        ),
    )


def test_bad_memory_and_bad_descriptors(watch: Watch, path: bytes) -> None:
    def act() -> int:
        fd = os.open(path, os.O_RDWR)
        system.write(fd, None, 3)
        system.openat(AT_FDCWD, 4099, os.O_RDONLY, 0)
        system.read(991, None, 3)
        system.read(-1, None, 3)
        return fd

    seen = watch(act, "read", "write", "openat").only(lambda event: event.error is not None)
    fd = seen.value
    # What could not be read is missing, and marked; an empty path would look like a value.
    unreadable = {"dirfd": "AT_FDCWD", "path": None, "flags": "O_RDONLY", "mode": None}
    seen.expect(
        Expected("write", {"fd": fd, "data": None, "count": 3}, -errno.EFAULT, fd={"num": fd, "path": path}),
        Expected("openat", unreadable, -errno.EFAULT, quality=["fault:path"]),
        Expected("read", {"fd": 991, "data": None, "count": 3}, -errno.EBADF, fd={"num": 991, "type": None}),
        Expected("read", {"fd": -1, "data": None, "count": 3}, -errno.EBADF),
    )


def test_ioctl(watch: Watch) -> None:
    waiting = ctypes.c_int()

    def act() -> tuple[int, int]:
        reader, writer = os.pipe()
        os.write(writer, b"abcdefg")
        return reader, system.ioctl(reader, 0x541B, waiting)

    seen = watch(act, "ioctl")
    reader, _ = seen.value
    seen.expect(
        Expected(
            "ioctl",
            {"fd": reader, "request": "FIONREAD", "arg": 7},
            0,
            fd={"num": reader, "type": "pipe"},
        )
    )
