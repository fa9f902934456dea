"""Users: ids, groups, capabilities; and what the events after a change say about their thread."""

from __future__ import annotations

import ctypes
import errno
import os

from tests.conformance.harness import ANY, Expected, Having, Watch, system

USER, GROUP = 10007, 10009


def test_reading_ids(watch: Watch) -> None:
    ids = [ctypes.c_int() for _ in range(3)]

    def act() -> None:
        for name in ("getuid", "geteuid", "getgid", "getegid"):
            getattr(system, name)()
        system.getresuid(*ids)

    watch(act, "getuid", "geteuid", "getgid", "getegid", "getresuid").expect(
        Expected("getuid", {}, os.getuid(), category="user"),
        Expected("geteuid", {}, os.geteuid()),
        Expected("getgid", {}, os.getgid()),
        Expected("getegid", {}, os.getegid()),
        Expected("getresuid", {"ruid": os.getuid(), "euid": os.geteuid(), "suid": ANY}, 0),
    )


def test_becoming_another(watch: Watch) -> None:
    def act() -> None:
        system.getppid()
        system.setresgid(GROUP, GROUP, GROUP)
        system.setresuid(USER, USER, -1)
        system.getppid()
        system.setuid(0)
        system.setgroups(0, None)
        system.setuid(USER)

    seen = watch(act, "getppid", "setresgid", "setresuid", "setuid", "setgroups")
    parent = os.getpid()
    seen.expect(
        Expected("getppid", {}, parent),
        Expected("setresgid", {"rgid": GROUP, "egid": GROUP, "sgid": GROUP}, 0),
        Expected("setresuid", {"ruid": USER, "euid": USER, "suid": -1}, 0),
        Expected("getppid", {}, parent),
        Expected("setuid", {"uid": 0}, 0),
        Expected("setgroups", {"size": 0, "list": ANY}, 0),
        Expected("setuid", {"uid": USER}, 0),
    )
    before, after = seen.of("getppid")
    assert (before.thread.uid, before.thread.gid) == (os.getuid(), os.getgid())
    assert (after.thread.uid, after.thread.gid) == (USER, GROUP)


def test_groups(watch: Watch) -> None:
    groups = (ctypes.c_int * 5)(2, 3, 5, 7, 11)
    got = (ctypes.c_int * 16)()

    def act() -> None:
        system.setgroups(5, groups)
        system.getgroups(16, got)
        system.getgroups(2, got)

    watch(act, "setgroups", "getgroups").expect(
        Expected("setgroups", {"size": 5, "list": [2, 3, 5, 7, 11]}, 0),
        Expected("getgroups", {"size": 16, "list": [2, 3, 5, 7, 11]}, 5),
        Expected("getgroups", {"size": 2, "list": None}, -errno.EINVAL),
    )


def test_file_mode_mask(watch: Watch) -> None:
    def act() -> None:
        system.umask(0o027)
        system.umask(0o022)

    seen = watch(act, "umask")
    seen.expect(
        Expected("umask", {"mask": "0027"}, ANY),
        Expected("umask", {"mask": "0022"}, 0o027),
    )


def test_capabilities(watch: Watch) -> None:
    header, data = (ctypes.c_uint * 2)(0x20080522, 0), (ctypes.c_uint * 6)()

    def act() -> None:
        system.capget(header, data)

    watch(act, "capget").expect(
        Expected("capget", {"hdrp": Having(version="_LINUX_CAPABILITY_VERSION_3", pid=0), "datap": ANY}, 0),
    )
