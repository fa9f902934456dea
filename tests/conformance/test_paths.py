"""Names in the file system: made, removed, renamed, linked, walked through."""

from __future__ import annotations

import ctypes
import errno
import os
from pathlib import Path

from tests.conformance.harness import ANY, Expected, Having, Watch, system

AT_FDCWD = -100
PATH_MAX = 4096


def test_directories(watch: Watch, tmp_path: Path) -> None:
    base = os.fsencode(tmp_path)

    def act() -> None:
        system.mkdirat(AT_FDCWD, base + b"/a", 0o750)
        system.mkdirat(AT_FDCWD, base + b"/a", 0o750)
        system.unlinkat(AT_FDCWD, base + b"/a", 0x200)
        system.unlinkat(AT_FDCWD, base + b"/a", 0)

    watch(act, "mkdirat", "unlinkat").expect(
        Expected("mkdirat", {"dirfd": "AT_FDCWD", "path": base + b"/a", "mode": "0750"}, 0),
        Expected("mkdirat", {"dirfd": "AT_FDCWD", "path": base + b"/a", "mode": "0750"}, -errno.EEXIST),
        Expected("unlinkat", {"dirfd": "AT_FDCWD", "path": base + b"/a", "flags": "AT_REMOVEDIR"}, 0),
        Expected("unlinkat", {"dirfd": "AT_FDCWD", "path": base + b"/a", "flags": "0"}, -errno.ENOENT),
    )


def test_the_older_calls(watch: Watch, tmp_path: Path) -> None:
    base = os.fsencode(tmp_path)
    one, two, three = base + b"/1", base + b"/2", base + b"/3"
    buffer = ctypes.create_string_buffer(64)

    def act() -> None:
        system.mkdir(one, 0o700)
        system.rename(one, two)
        system.rmdir(two)
        system.mknod(one, 0o100600, 0)
        system.link(one, two)
        system.symlink(b"no such target", three)
        system.readlink(three, buffer, 64)
        system.chmod(one, 0o4755)
        system.lchown(three, 1009, 2003)
        system.access(one, 5)
        system.unlink(two)
        system.unlink(two)

    names = "mkdir rename rmdir mknod link symlink readlink chmod lchown access unlink".split()
    watch(act, *names).expect(
        Expected("mkdir", {"path": one, "mode": "0700"}, 0),
        Expected("rename", {"oldpath": one, "newpath": two}, 0),
        Expected("rmdir", {"path": two}, 0),
        Expected("mknod", {"path": one, "mode": "S_IFREG|0600", "dev": "0:0"}, 0),
        Expected("link", {"oldpath": one, "newpath": two}, 0),
        Expected("symlink", {"target": b"no such target", "path": three}, 0),
        Expected("readlink", {"path": three, "target": b"no such target", "bufsiz": 64}, 14),
        Expected("chmod", {"path": one, "mode": "04755"}, 0),
        Expected("lchown", {"path": three, "owner": 1009, "group": 2003}, 0),
        Expected("access", {"path": one, "mode": "R_OK|X_OK"}, 0),
        Expected("unlink", {"path": two}, 0),
        Expected("unlink", {"path": two}, -errno.ENOENT),
    )


def test_below_a_directory(watch: Watch, tmp_path: Path) -> None:
    base = os.fsencode(tmp_path)
    buffer = ctypes.create_string_buffer(64)

    def act() -> int:
        here = os.open(base, os.O_RDONLY | os.O_DIRECTORY)
        system.mknodat(here, b"fifo", 0o010644, 0)
        system.linkat(here, b"fifo", here, b"second", 0)
        system.renameat2(here, b"second", here, b"fifo", 1)
        system.renameat2(here, b"second", AT_FDCWD, base + b"/third", 0)
        system.symlinkat(b"third", here, b"link")
        system.readlinkat(here, b"link", buffer, 3)
        system.fchmodat(here, b"fifo", 0o600)
        system.fchownat(here, b"link", 1009, -1, 0x100)
        system.faccessat(here, b"fifo", 0)
        return here

    names = "mknodat linkat renameat2 symlinkat readlinkat fchmodat fchownat faccessat".split()
    seen = watch(act, *names)
    here = seen.value
    seen.expect(
        Expected("mknodat", {"dirfd": here, "path": b"fifo", "mode": "S_IFIFO|0644", "dev": "0:0"}, 0),
        Expected(
            "linkat",
            {"olddirfd": here, "oldpath": b"fifo", "newdirfd": here, "newpath": b"second", "flags": "0"},
            0,
        ),
        Expected(
            "renameat2",
            {
                "olddirfd": here,
                "oldpath": b"second",
                "newdirfd": here,
                "newpath": b"fifo",
                "flags": "RENAME_NOREPLACE",
            },
            -errno.EEXIST,
        ),
        Expected(
            "renameat2",
            {
                "olddirfd": here,
                "oldpath": b"second",
                "newdirfd": "AT_FDCWD",
                "newpath": base + b"/third",
                "flags": "0",
            },
            0,
        ),
        Expected("symlinkat", {"target": b"third", "newdirfd": here, "path": b"link"}, 0),
        Expected("readlinkat", {"dirfd": here, "path": b"link", "target": b"thi", "bufsiz": 3}, 3),
        Expected("fchmodat", {"dirfd": here, "path": b"fifo", "mode": "0600"}, 0),
        Expected(
            "fchownat",
            {"dirfd": here, "path": b"link", "owner": 1009, "group": -1, "flags": "AT_SYMLINK_NOFOLLOW"},
            0,
        ),
        Expected("faccessat", {"dirfd": here, "path": b"fifo", "mode": "F_OK"}, 0),
    )


def test_working_directory(watch: Watch, tmp_path: Path) -> None:
    base = os.fsencode(tmp_path)
    (tmp_path / "inner").mkdir()
    buffer = ctypes.create_string_buffer(PATH_MAX)

    def act() -> tuple[int, int]:
        system.chdir(base)
        fd = system.openat(AT_FDCWD, b"inner/../file", os.O_WRONLY | os.O_CREAT, 0o600)
        inner = system.openat(AT_FDCWD, b"./inner", os.O_PATH, 0)
        system.fchdir(inner)
        system.getcwd(buffer, PATH_MAX)
        system.chdir(b"nowhere")
        return fd, inner

    seen = watch(act, "chdir", "fchdir", "getcwd", "openat")
    fd, inner = seen.value
    seen.expect(
        Expected("chdir", {"path": base}, 0),
        Expected(
            "openat",
            {"dirfd": "AT_FDCWD", "path": b"inner/../file", "flags": "O_WRONLY|O_CREAT", "mode": "0600"},
            fd,
            fd={"num": fd, "path": base + b"/file"},
        ),
        Expected(
            "openat",
            {"dirfd": "AT_FDCWD", "path": b"./inner", "flags": "O_RDONLY|O_PATH", "mode": None},
            inner,
            fd={"num": inner, "type": "directory", "path": base + b"/inner"},
        ),
        Expected("fchdir", {"fd": inner}, 0, fd={"num": inner, "path": base + b"/inner"}),
        Expected("getcwd", {"path": base + b"/inner", "size": PATH_MAX}, len(base) + 7),
        Expected("chdir", {"path": b"nowhere"}, -errno.ENOENT),
    )


def test_hostile_names(watch: Watch, tmp_path: Path) -> None:
    base = os.fsencode(tmp_path)
    names = [b"two\nlines", b"tab\tand \x1b[31m", b"\xff\xfe not text", "π€".encode(), b" ", b"\\", b'"', b"x" * 255]

    def act() -> list[int]:
        return [system.openat(AT_FDCWD, base + b"/" + name, os.O_WRONLY | os.O_CREAT, 0o600) for name in names]

    seen = watch(act, "openat")
    seen.expect(
        *(
            Expected(
                "openat",
                {"dirfd": "AT_FDCWD", "path": base + b"/" + name, "flags": "O_WRONLY|O_CREAT", "mode": "0600"},
                fd,
                fd={"num": fd, "type": "file", "path": base + b"/" + name},
            )
            for name, fd in zip(names, seen.value, strict=True)
        )
    )


def test_the_longest_paths(watch: Watch, tmp_path: Path) -> None:
    base = os.fsencode(tmp_path)
    # What the caller wrote is as long as a path may be; the file's own path is short.
    longest = base + b"/." * ((PATH_MAX - 1 - len(base) - 4) // 2) + b"/"
    longest += b"f" * (PATH_MAX - 1 - len(longest))
    too_long = b"/" * PATH_MAX

    def act() -> int:
        fd = system.openat(AT_FDCWD, longest, os.O_WRONLY | os.O_CREAT, 0o600)
        system.openat(AT_FDCWD, too_long, os.O_RDONLY, 0)
        return fd

    seen = watch(act, "openat")
    short = base + b"/" + os.path.basename(longest)
    seen.expect(
        Expected(
            "openat",
            {"dirfd": "AT_FDCWD", "path": longest, "flags": "O_WRONLY|O_CREAT", "mode": "0600"},
            seen.value,
            fd={"num": seen.value, "path": short},
        ),
        Expected(
            "openat",
            {"dirfd": "AT_FDCWD", "path": ANY, "flags": "O_RDONLY", "mode": None},
            -errno.ENAMETOOLONG,
            quality=["truncated:path"],
        ),
    )


def test_a_deep_file(watch: Watch, tmp_path: Path) -> None:
    base = os.fsencode(tmp_path)
    parts = [b"directory number %d with a long name" % number for number in range(53)]

    def act() -> int:
        os.chdir(base)
        for part in parts:
            os.mkdir(part)
            os.chdir(part)
        fd = os.open(b"leaf", os.O_WRONLY | os.O_CREAT)
        system.write(fd, b"x", 1)
        return fd

    seen = watch(act, "write")
    leaf = b"/".join([base, *parts, b"leaf"])
    seen.expect(
        Expected(
            "write",
            {"fd": seen.value, "data": None, "count": 1},
            1,
            fd={"num": seen.value, "type": "file", "path": leaf},
        )
    )


def test_a_renamed_file(watch: Watch, tmp_path: Path) -> None:
    before, after = os.fsencode(tmp_path / "before"), os.fsencode(tmp_path / "after")

    def act() -> int:
        fd = os.open(before, os.O_WRONLY | os.O_CREAT)
        system.write(fd, b"x", 1)
        os.rename(before, after)
        system.write(fd, b"y", 1)
        return fd

    seen = watch(act, "write")
    fd = seen.value
    seen.expect(
        Expected("write", {"fd": fd, "data": None, "count": 1}, 1, fd={"num": fd, "path": before}),
        Expected("write", {"fd": fd, "data": None, "count": 1}, 1, fd={"num": fd, "path": after}),
    )


def test_times_and_owners(watch: Watch, tmp_path: Path) -> None:
    path = os.fsencode(tmp_path / "file")
    times = (ctypes.c_long * 4)(1_000_003, 7, 2_000_003, 11)
    now = (ctypes.c_long * 4)(0, 0x3FFFFFFF, 0, 0x3FFFFFFE)

    def act() -> int:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT)
        system.utimensat(AT_FDCWD, path, times, 0)
        system.utimensat(fd, None, now, 0)
        system.fchmod(fd, 0o1640)
        system.fchown(fd, 1013, 1019)
        return fd

    seen = watch(act, "utimensat", "fchmod", "fchown")
    fd = seen.value
    seen.expect(
        Expected(
            "utimensat",
            {
                "dirfd": "AT_FDCWD",
                "path": path,
                "times": [Having(tv_sec=1_000_003, tv_nsec=7), Having(tv_sec=2_000_003, tv_nsec=11)],
                "flags": "0",
            },
            0,
        ),
        Expected("utimensat", {"dirfd": fd, "path": None, "times": ANY, "flags": "0"}, 0),
        Expected("fchmod", {"fd": fd, "mode": "01640"}, 0, fd={"num": fd, "path": path}),
        Expected("fchown", {"fd": fd, "owner": 1013, "group": 1019}, 0, fd={"num": fd, "path": path}),
    )
