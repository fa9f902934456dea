"""Mounts and namespaces: file systems put into place, roots changed."""

from __future__ import annotations

import ctypes
import errno
import os
from pathlib import Path

import pytest
from tests.conformance.harness import ANY, Expected, Having, Watch, system

CLONE_NEWNS = 0x20000
AT_FDCWD = -100


@pytest.fixture
def where(tmp_path: Path) -> bytes:
    """A directory to mount something on."""
    return os.fsencode(tmp_path)


def private() -> None:
    """A mount namespace of our own, from which nothing gets out."""
    assert system.unshare(CLONE_NEWNS) == 0
    assert system.mount(None, b"/", None, 0x4000 | 0x40000, None) == 0


def test_a_file_system(watch: Watch, where: bytes) -> None:
    def act() -> int:
        private()
        system.mount(b"scratch", where, b"tmpfs", 2 | 4, b"size=64k,mode=0700")
        fd = system.openat(AT_FDCWD, where + b"/file", os.O_WRONLY | os.O_CREAT, 0o600)
        system.write(fd, b"x", 1)
        system.close(fd)
        system.umount2(where, 2)
        system.umount2(where, 0)
        return fd

    seen = watch(act, "unshare", "mount", "openat", "write", "umount2")
    fd = seen.value
    file = {"num": fd, "type": "file", "path": where + b"/file"}
    seen.expect(
        Expected("unshare", {"flags": "CLONE_NEWNS"}, 0),
        Expected(
            "mount",
            {"source": None, "path": b"/", "filesystemtype": None, "mountflags": "MS_REC|MS_PRIVATE", "data": None},
            0,
        ),
        Expected(
            "mount",
            {
                "source": b"scratch",
                "path": where,
                "filesystemtype": b"tmpfs",
                "mountflags": "MS_NOSUID|MS_NODEV",
                "data": b"size=64k,mode=0700",
            },
            0,
        ),
        Expected(
            "openat",
            {"dirfd": "AT_FDCWD", "path": where + b"/file", "flags": "O_WRONLY|O_CREAT", "mode": "0600"},
            fd,
            fd=file,
        ),
        Expected("write", {"fd": fd, "data": None, "count": 1}, 1, fd=file),
        Expected("umount2", {"path": where, "flags": "MNT_DETACH"}, 0),
        Expected("umount2", {"path": where, "flags": "0"}, -errno.EINVAL),
    )


def test_a_new_root(watch: Watch, where: bytes) -> None:
    def act() -> int:
        private()
        system.chroot(where)
        os.chdir("/")
        fd = system.openat(AT_FDCWD, b"/inside", os.O_WRONLY | os.O_CREAT, 0o600)
        system.write(fd, b"x", 1)
        return fd

    seen = watch(act, "chroot", "openat", "write")
    fd = seen.value
    # The file's path is the one that the process itself sees.
    file = {"num": fd, "type": "file", "path": b"/inside"}
    seen.expect(
        Expected("chroot", {"path": where}, 0),
        Expected(
            "openat",
            {"dirfd": "AT_FDCWD", "path": b"/inside", "flags": "O_WRONLY|O_CREAT", "mode": "0600"},
            fd,
            fd=file,
        ),
        Expected("write", {"fd": fd, "data": None, "count": 1}, 1, fd=file),
    )


def test_an_overlay(watch: Watch, tmp_path: Path) -> None:
    for name in ("lower", "upper", "work", "merged", "base"):
        (tmp_path / name).mkdir()
    base = os.fsencode(tmp_path)

    def act() -> int:
        private()
        if system.mount(b"t", base + b"/base", b"tmpfs", 0, None):
            return 0
        for name in (b"lower", b"upper", b"work"):
            os.mkdir(base + b"/base/" + name)
        Path(os.fsdecode(base + b"/base/lower/file")).write_bytes(b"from below")
        options = b"lowerdir=%s/base/lower,upperdir=%s/base/upper,workdir=%s/base/work" % (base, base, base)
        if system.mount(b"o", base + b"/merged", b"overlay", 0, options):
            return 0
        fd = system.openat(AT_FDCWD, base + b"/merged/file", os.O_RDONLY, 0)
        system.read(fd, ctypes.create_string_buffer(16), 16)
        return fd

    seen = watch(act, "read")
    fd = seen.value
    if not fd:
        watch.unavailable("this kernel has no overlayfs at hand")
    seen.only(lambda event: event.args["fd"] == fd).expect(
        Expected(
            "read",
            {"fd": fd, "data": None, "count": 16},
            10,
            fd={"num": fd, "type": "file", "path": base + b"/merged/file"},
        )
    )


def test_the_newer_calls(watch: Watch, where: bytes) -> None:
    def act() -> tuple[int, int]:
        private()
        context = system.fsopen(b"tmpfs", 1)
        system.fsconfig(context, 1, b"size", b"64k", 0)
        system.fsconfig(context, 6, None, None, 0)
        mount = system.fsmount(context, 1, 2)
        system.move_mount(mount, b"", AT_FDCWD, where, 4)
        return context, mount

    seen = watch(act, "fsopen", "fsconfig", "fsmount", "move_mount")
    context, mount = seen.value
    file = {"num": context, "type": "anon"}
    seen.expect(
        Expected("fsopen", {"fsname": b"tmpfs", "flags": "FSOPEN_CLOEXEC"}, context, fd=file),
        Expected(
            "fsconfig",
            {"fd": context, "cmd": "FSCONFIG_SET_STRING", "key": b"size", "value": b"64k", "aux": ANY},
            0,
            fd=file,
        ),
        Expected(
            "fsconfig",
            {"fd": context, "cmd": "FSCONFIG_CMD_CREATE", "key": None, "value": ANY, "aux": ANY},
            0,
            fd=file,
        ),
        Expected(
            "fsmount",
            {"fs_fd": context, "flags": "FSMOUNT_CLOEXEC", "attr_flags": "MOUNT_ATTR_NOSUID"},
            mount,
            fd={"num": mount, "type": "directory"},
        ),
        Expected(
            "move_mount",
            {
                "from_dirfd": mount,
                "oldpath": b"",
                "to_dirfd": "AT_FDCWD",
                "newpath": where,
                "flags": "MOVE_MOUNT_F_EMPTY_PATH",
            },
            0,
            fd={"num": mount, "type": "directory"},
        ),
    )


def test_statistics(watch: Watch) -> None:
    buffer = ctypes.create_string_buffer(128)

    def act() -> int:
        fd = os.open("/proc", os.O_RDONLY)
        system.statfs(b"/proc", buffer)
        system.fstatfs(fd, buffer)
        return fd

    seen = watch(act, "statfs", "fstatfs")
    fd = seen.value
    seen.expect(
        Expected("statfs", {"path": b"/proc", "buf": Having(f_type="PROC_SUPER_MAGIC")}, 0),
        Expected(
            "fstatfs",
            {"fd": fd, "buf": Having(f_type="PROC_SUPER_MAGIC")},
            0,
            fd={"num": fd, "type": "directory", "path": b"/proc"},
        ),
    )
