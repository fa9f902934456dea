"""The life of processes and threads: made, turned into another program, ended, waited for."""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import sys
import threading
import time
from pathlib import Path

from tests.conformance.harness import ANY, COMM, Expected, Having, Watch, system

SIGCHLD = int(signal.SIGCHLD)


def fork(status: int = 0) -> int:
    """A child by the plain call (or clone where there is none) that ends at once; its pid."""
    child = system.clone(SIGCHLD, None, None, None, None)
    if child == 0:
        system.exit_group(status)
    return child


def test_a_child(watch: Watch) -> None:
    status = ctypes.c_int()

    def act() -> int:
        child = fork(7)
        system.wait4(child, status, 0, None)
        return child

    seen = watch(act, "clone", "exit_group", "wait4", "process_fork", "process_exit")
    child = seen.value
    cloned = {"flags": "SIGCHLD", "stack": None, "parent_tid": None, "child_tid": None, "tls": None}
    waited = {"pid": child, "wstatus": {"exited": 7}, "options": "0", "rusage": None}
    order = [(event.name, event.pid) for event in seen.events]
    assert sorted(order) == sorted(
        [
            ("process_fork", seen.pid),
            ("clone", seen.pid),
            ("exit_group", child),
            ("process_exit", child),
            ("wait4", seen.pid),
        ]
    ), str(seen)
    seen.only(lambda event: event.pid == seen.pid).expect(
        Expected("process_fork", {"child_pid": child, "child_tid": child, "child_comm": COMM}),
        Expected("clone", cloned, child),
        Expected("wait4", waited, child),
    )
    seen.only(lambda event: event.pid == child).expect(
        Expected("exit_group", {"status": 7}, None, pid=child),
        Expected("process_exit", {"status": {"exited": 7}, "group_dead": True}, pid=child),
    )
    assert seen.of(pid=child)[0].thread.ppid == seen.pid


def test_a_prime_number_of_children(watch: Watch) -> None:
    def act() -> list[int]:
        children = []
        for number in range(23):
            children.append(fork(number))
            os.waitpid(children[-1], 0)
        return children

    seen = watch(act, "process_fork", "process_exit")
    assert [event.args.child_pid for event in seen.of("process_fork")] == seen.value
    assert [event.pid for event in seen.of("process_exit")] == seen.value
    assert [event.thread.ppid for event in seen.of("process_exit")] == [seen.pid] * 23


def test_statuses(watch: Watch) -> None:
    def act() -> tuple[int, int]:
        exits = fork(7)
        os.waitpid(exits, 0)
        killed = os.fork()
        if killed == 0:
            signal.pause()
        os.kill(killed, signal.SIGKILL)
        os.waitpid(killed, 0)
        return exits, killed

    seen = watch(act, "process_exit", "wait4")
    exits, killed = seen.value
    statuses = [(event.pid, event.args.status) for event in seen.of("process_exit")]
    waited = [(event.args.pid, event.args.wstatus) for event in seen.of("wait4")]
    assert statuses == waited, "the status at the exit is the one that the parent gets"
    assert statuses[0][0] == exits
    assert statuses[1][0] == killed
    assert "7" in str(statuses[0][1])
    assert "SIGKILL" in str(statuses[1][1])


def test_exec(watch: Watch, tmp_path: Path) -> None:
    script = tmp_path / "a script"
    script.write_text("#!/bin/sh\nexit 3\n")
    script.chmod(0o755)
    program = os.path.realpath("/bin/sh")
    argv = (ctypes.c_char_p * 4)(b"name of its own", b"-c", b"exit 5", None)
    short = (ctypes.c_char_p * 3)(os.fsencode(script), b"", None)
    envp = (ctypes.c_char_p * 3)(b"ONE=1", b"TWO=zwei", None)

    def act() -> tuple[int, int]:
        children = []
        for path, arguments in ((b"/bin/sh", argv), (os.fsencode(script), short)):
            child = os.fork()
            if child == 0:
                system.execve(b"/nowhere", arguments, envp)
                system.execve(path, arguments, envp)
            os.waitpid(child, 0)
            children.append(child)
        return children[0], children[1]

    seen = watch(act, "execve", "process_exec", environment_limit=4096)
    first, second = seen.value
    environment = [b"ONE=1", b"TWO=zwei"]
    given = {"argv": [b"name of its own", b"-c", b"exit 5"], "envp": environment}
    comm = b"sh"
    seen.only(lambda event: event.pid == first).expect(
        Expected("execve", {"path": b"/nowhere", **given}, -errno.ENOENT, pid=first),
        Expected(
            "process_exec",
            {"path": b"/bin/sh", "argv": given["argv"], "old_tid": first},
            pid=first,
            comm=comm,
        ),
        Expected("execve", {"path": b"/bin/sh", **given}, 0, pid=first, comm=comm),
    )
    last = seen.of("execve", pid=first)[-1].thread
    assert last.exe == os.fsencode(program)
    assert last.arguments == (b"name of its own", b"-c", b"exit 5")
    assert seen.of("execve", pid=first)[0].thread.exe == os.fsencode(os.path.realpath(sys.executable))
    name = os.fsencode(script)
    failed, done = seen.of("execve", pid=second)
    assert failed.args.argv == [name, b""]
    assert failed.quality == []
    # A script's arguments are those that its interpreter finds, as ps shows them.
    interpreted = [b"/bin/sh", name, b""]
    assert (done.args.path, done.args.argv, done.ret) == (name, interpreted, 0)
    executed = seen.one("process_exec", path=name)
    assert (executed.pid, executed.args.argv, executed.thread.comm) == (second, interpreted, b"a script")


def test_long_arguments(watch: Watch) -> None:
    many = [b"argument number %d" % number for number in range(97)]

    def act() -> int:
        child = os.fork()
        if child == 0:
            os.execv("/bin/true", [b"true", *many])
        os.waitpid(child, 0)
        return child

    seen = watch(act, "execve")
    event = seen.one("execve")
    assert event.args.argv == [b"true", *many]
    assert event.quality == []
    seen = watch(act, "execve", arguments_limit=64)
    event = seen.one("execve")
    assert event.quality == ["truncated:argv"]
    assert b"\0".join(event.args.argv or []).startswith(b"true\0argument number 0")  # type: ignore[arg-type]


def test_threads(watch: Watch) -> None:
    def act() -> int:
        tids = []

        def work() -> None:
            tids.append(threading.get_native_id())
            system.getppid()
            system.prctl(15, b"worker %d" % len(tids))
            system.getppid()

        for _ in range(5):
            thread = threading.Thread(target=work)
            thread.start()
            thread.join()
            # Python's join does not wait for the end of the kernel's thread.
            while os.path.exists(f"/proc/self/task/{tids[-1]}"):
                time.sleep(0.001)
        return len(set(tids))

    seen = watch(act, "getppid", "prctl", "process_fork", "process_exit")
    forks = seen.of("process_fork")
    assert len(forks) == 5, str(seen)
    for number, fork_event in enumerate(forks, 1):
        assert fork_event.args.child_pid == seen.pid
        tid = fork_event.args.child_tid
        assert isinstance(tid, int)
        name = b"worker %d" % number
        seen.only(lambda event, tid=tid: event.tid == tid and event.name != "process_fork").expect(  # type: ignore[misc]
            *_of_a_worker(tid, name)
        )


def _of_a_worker(tid: int, name: bytes) -> tuple[Expected, ...]:
    rest = {"arg3": ANY, "arg4": ANY, "arg5": ANY}
    return (
        Expected("getppid", {}, os.getpid(), tid=tid, comm=ANY_COMM),
        Expected("prctl", {"option": "PR_SET_NAME", "arg2": name, **rest}, 0, tid=tid, comm=name),
        Expected("getppid", {}, os.getpid(), tid=tid, comm=name),
        Expected("process_exit", {"status": {"exited": 0}, "group_dead": False}, tid=tid, comm=name),
    )


class _AnyComm(bytes):
    """Any name: newer Python versions name their threads themselves."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, bytes)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return 0


ANY_COMM = _AnyComm(b"any")


def test_names_with_everything_in_them(watch: Watch) -> None:
    names = [b"with spaces in", b"new\nline", b"\xff\x01\x7f", b"fifteen letters", b"(paren) S 1"]

    def act() -> None:
        for name in names:
            system.prctl(15, name)
            system.getppid()
        system.prctl(15, COMM)

    seen = watch(act, "getppid")
    assert [event.thread.comm for event in seen.events] == [name[:15] for name in names]


def test_clone3(watch: Watch) -> None:
    arguments = (ctypes.c_ulong * 8)()
    arguments[4] = SIGCHLD

    def act() -> int:
        child = system.clone3(arguments, 64)
        if child == 0:
            system.exit_group(0)
        os.waitpid(child, 0)
        return child

    seen = watch(act, "clone3")
    child = seen.value
    given = {"cl_args": Having(exit_signal="SIGCHLD", flags="0"), "size": 64}
    seen.expect(Expected("clone3", given, child))


def test_waitid(watch: Watch) -> None:
    information = ctypes.create_string_buffer(128)

    def act() -> int:
        child = fork(11)
        system.waitid(1, child, information, 4, None)
        system.waitid(1, child, information, 4, None)
        return child

    seen = watch(act, "waitid")
    child = seen.value
    given = {"idtype": "P_PID", "id": child, "options": "WEXITED", "rusage": None}
    got = Having(si_signo="SIGCHLD", si_code="CLD_EXITED", si_pid=child)
    seen.expect(
        Expected("waitid", _in_order({**given, "infop": got}), 0),
        Expected("waitid", _in_order({**given, "infop": ANY}), -errno.ECHILD),
    )


def _in_order(args: dict[str, object]) -> dict[str, object]:
    return {name: args[name] for name in ("idtype", "id", "infop", "options", "rusage")}


def test_groups_and_sessions(watch: Watch) -> None:
    def act() -> None:
        system.getpgid(0)
        system.setpgid(0, 0)
        system.getpgid(0)
        system.setsid()
        system.getpid()
        system.getppid()

    seen = watch(act, "getpgid", "setpgid", "setsid", "getpid", "getppid")
    seen.expect(
        Expected("getpgid", {"pid": 0}, os.getpgid(0)),
        Expected("setpgid", {"pid": 0, "pgid": 0}, 0),
        Expected("getpgid", {"pid": 0}, seen.pid),
        Expected("setsid", {}, -errno.EPERM),
        Expected("getpid", {}, seen.pid, category="process"),
        Expected("getppid", {}, os.getpid()),
    )


def test_limits(watch: Watch) -> None:
    limits = (ctypes.c_ulong * 2)(1009, 2003)
    old = (ctypes.c_ulong * 2)()

    def act() -> None:
        system.prlimit64(0, 7, limits, old)
        system.prlimit64(0, 7, None, old)
        system.prlimit64(0, 99, None, old)

    watch(act, "prlimit64").expect(
        Expected(
            "prlimit64",
            {
                "pid": 0,
                "resource": "RLIMIT_NOFILE",
                "new_rlim": {"rlim_cur": 1009, "rlim_max": 2003},
                "old_rlim": ANY,
            },
            0,
        ),
        Expected(
            "prlimit64",
            {
                "pid": 0,
                "resource": "RLIMIT_NOFILE",
                "new_rlim": None,
                "old_rlim": {"rlim_cur": 1009, "rlim_max": 2003},
            },
            0,
        ),
        Expected(
            "prlimit64",
            {"pid": 0, "resource": "0x63", "new_rlim": None, "old_rlim": None},
            -errno.EINVAL,
        ),
    )


def test_gone_before_anyone_could_look(watch: Watch) -> None:
    """The child and its program are described although they lived for a moment."""

    def act() -> int:
        child = os.fork()
        if child == 0:
            os.execv("/bin/true", [b"/bin/true", b"short-lived"])
        os.waitpid(child, 0)
        time.sleep(0.01)
        return child

    seen = watch(act, "process_exit", "close", "exit_group")
    last = seen.one("process_exit")
    assert last.pid == seen.value
    assert last.thread.comm == b"true"
    assert last.thread.arguments == (b"/bin/true", b"short-lived")
    assert last.thread.exe == os.fsencode(os.path.realpath("/bin/true"))


def test_one_argument_that_is_too_long(watch: Watch) -> None:
    long = b"x" * 5003
    argv = (ctypes.c_char_p * 3)(b"program", long, None)

    def act() -> None:
        system.execve(b"/nowhere", argv, None)

    seen = watch(act, "execve")
    event = seen.one("execve")
    given = event.args.argv
    assert isinstance(given, list)
    assert given[0] == b"program"
    assert isinstance(given[1], bytes)
    # What is longer than a path may be is cut; whether a probe can tell that of a call that failed is its own affair.
    assert len(given[1]) >= 4095
    assert long.startswith(given[1])
