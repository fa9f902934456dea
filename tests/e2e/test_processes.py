"""Who did it: processes, threads, programs, namespaces and containers, also of those that are long gone."""

from __future__ import annotations

import ctypes
import os
import platform
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from tests.e2e.support import system
from tests.e2e.support.system import CLONE_NEWNS, CLONE_NEWPID
from tests.e2e.support.watching import watching
from tests.e2e.support.workers import Worker

import kindling

pytestmark = pytest.mark.root

SHORT_LIVED = 4999
READ = {"x86_64": 0, "aarch64": 63}[platform.machine()]
ID = "0123456789abcdef" * 4


def namespace(kind: str, pid: int | str = "self") -> int:
    """The inode of a namespace of a process."""
    return int(os.readlink(f"/proc/{pid}/ns/{kind}").split("[")[1].rstrip("]"))


def test_as_proc_shows_it() -> None:
    """Everything that is told about a thread, against /proc."""
    with watching("getppid") as seen:
        os.getppid()
    thread = seen.named("getppid")[0].thread
    status = dict(line.split(":\t", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":\t" in line)
    assert (thread.pid, thread.tid, thread.ppid) == (os.getpid(), threading.get_native_id(), os.getppid())
    assert [str(one) for one in (thread.uid, thread.euid)] == status["Uid"].split("\t")[:2]
    assert [str(one) for one in (thread.gid, thread.egid)] == status["Gid"].split("\t")[:2]
    assert thread.comm == Path("/proc/self/comm").read_bytes().removesuffix(b"\n")
    assert thread.exe == os.readlink("/proc/self/exe").encode()
    assert thread.arguments == tuple(Path("/proc/self/cmdline").read_bytes().removesuffix(b"\0").split(b"\0"))
    assert (thread.ns_pid, thread.ns_tid) == (os.getpid(), threading.get_native_id())
    assert (thread.pid_ns, thread.mnt_ns, thread.net_ns) == tuple(namespace(kind) for kind in ("pid", "mnt", "net"))
    ticks = int(Path("/proc/self/stat").read_text().rsplit(")", 1)[1].split()[19])
    assert thread.start is not None
    assert abs(thread.start * os.sysconf("SC_CLK_TCK") // 10**9 - ticks) <= 1
    assert thread.quality == ()


def test_processes_that_ran_before_the_start() -> None:
    """They are known at their first event, whole."""
    with Worker("calls.py", 2) as worker:
        with watching("getppid", pids=(worker.pid,)) as seen:
            assert worker.do("getppid 3") == "done"
        events = seen.named("getppid")
        assert len(events) == 6
        assert {event.thread.pid for event in events} == {worker.pid}
        assert len({event.tid for event in events}) == 2
        for event in events:
            assert event.thread.exe == os.readlink(f"/proc/{worker.pid}/exe").encode()
            assert event.thread.arguments is not None
            assert event.thread.arguments[1].endswith(b"calls.py")
            assert event.thread.ppid == os.getpid()


def test_fork_exec_exit() -> None:
    """The life of a process, in order: its fork in the parent, its program, its end with its status."""
    with watching("process_fork", "process_exec", "process_exit", "execve", "exit_group") as seen:
        done = subprocess.Popen(["/bin/sh", "-c", "exit 7", "first", "second arg"])
        assert done.wait() == 7
    (fork,) = [e for e in seen.named("process_fork") if e.args.child_pid == done.pid]
    assert fork.pid == os.getpid()
    own = [event for event in seen.events if event.pid == done.pid]
    assert [event.name for event in own] == ["process_exec", "execve", "exit_group", "process_exit"]
    executed, call, leaving, ended = own
    arguments = [b"/bin/sh", b"-c", b"exit 7", b"first", b"second arg"]
    assert executed.args.path == call.args.path == b"/bin/sh"
    assert executed.args.argv == call.args.argv == arguments
    assert list(ended.thread.arguments or ()) == arguments
    assert ended.thread.exe == os.path.realpath("/bin/sh").encode()
    assert leaving.args.status == 7
    assert ended.args.status == {"exited": 7}
    assert ended.args.group_dead is True


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGSEGV])
def test_killed(number: signal.Signals) -> None:
    with watching("process_exit", "signal_deliver") as seen:
        child = subprocess.Popen(["sleep", "100"], preexec_fn=lambda: ctypes.CDLL(None).prctl(4, 0))
        child.send_signal(number)
        assert child.wait() == -number
    (delivered,) = [event for event in seen.named("signal_deliver") if event.pid == child.pid]
    if number == signal.SIGSEGV:
        assert (delivered.args.signal, delivered.args.sender) == (number.name, os.getpid())
    else:
        # A signal that ends the process without a core dump is turned into SIGKILL for all threads when it is sent.
        assert (delivered.args.signal, delivered.args.sender) == ("SIGKILL", 0)
    (ended,) = [event for event in seen.named("process_exit") if event.pid == child.pid]
    assert isinstance(ended.args.status, dict)
    assert ended.args.status["killed"] == number.name


def test_threads_have_names_of_their_own() -> None:
    """A new name is told with the next event, and the old one stays with those before it."""
    names = [b"first", b"a b\nwith (it)", b"\xff\xfe", b"0123456789abcde"]

    def work() -> None:
        for name in names:
            Path(f"/proc/self/task/{threading.get_native_id()}/comm").write_bytes(name)
            os.getppid()

    with watching("getppid") as seen:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        os.getppid()
    assert [event.comm for event in seen.named("getppid")[:-1]] == names
    assert seen.events[-1].comm == Path("/proc/self/comm").read_bytes().removesuffix(b"\n")


def test_credentials_follow() -> None:
    with watching("getppid", "setresuid") as seen:
        if (child := os.fork()) == 0:
            os.getppid()
            os.setresgid(11, 12, 13)
            os.setresuid(21, 22, 0)
            os.getppid()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
    before, after = (event.thread for event in seen.named("getppid") if event.pid == child)
    assert (before.uid, before.euid, before.gid) == (os.getuid(), os.geteuid(), os.getgid())
    assert (after.uid, after.euid, after.gid, after.egid) == (21, 22, 11, 12)


def test_orphans() -> None:
    """The parent is the one that made the process, also when it has gone and getppid names another."""
    reader, writer = os.pipe()
    done, finish = os.pipe()
    with watching("getppid") as seen:
        if (child := os.fork()) == 0:
            if (orphan := os.fork()) == 0:
                os.getppid()
                os.read(reader, 1)
                os.getppid()
                os.write(finish, b"y")
                os._exit(0)
            # It has asked for its first parent when it sleeps in read.
            while Path(f"/proc/{orphan}/syscall").read_text().split()[0] != str(READ):
                time.sleep(0.001)
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        os.write(writer, b"x")
        assert os.read(done, 1) == b"y"
    for fd in (reader, writer, done, finish):
        os.close(fd)
    first, second = [event for event in seen.named("getppid") if event.pid != os.getpid()]
    assert first.thread.ppid == first.ret == child
    assert second.thread.ppid == child != second.ret


def test_short_lived_processes() -> None:
    """Gone before anybody could look, and yet each has its name, program, parent, and what it opened."""
    code = """
import os, sys
for n in range(int(sys.argv[1])):
    if (child := os.fork()) == 0:
        os.access("/short", os.F_OK)
        os._exit(n % 251)
    os.waitpid(child, 0)
"""
    with kindling.open(
        "access",
        "faccessat*",
        "process_exit",
        command=[sys.executable, "-I", "-S", "-c", code, str(SHORT_LIVED)],
        ring_bytes=32 << 20,
    ) as stream:
        assert stream.command is not None
        parent = stream.command.pid
        told: Counter[tuple[bytes | None, int, tuple[str, ...]]] = Counter()
        status = []
        # Each is looked at while its batch is the newest: of many, the first are forgotten before the last have come.
        for event in stream:
            if event.pid != parent:
                thread = event.thread
                told[thread.exe, thread.ppid, (*event.quality, *thread.quality)] += 1
                if event.name == "process_exit":
                    status.append(event.args.status)
        assert stream.statistics().lost == 0
        assert stream.command.poll() == 0
    assert told == {(os.path.realpath(sys.executable).encode(), parent, ()): 2 * SHORT_LIVED}
    assert status == [{"exited": number % 251} for number in range(SHORT_LIVED)]


def test_pid_namespace(tmp_path: Path) -> None:
    """Host and inner ids of a process whose namespace begins with it."""
    with watching("getppid", "exit_group") as seen:
        if (outer := os.fork()) == 0:
            system.unshare(CLONE_NEWPID | CLONE_NEWNS)
            if (inner := os.fork()) == 0:
                assert os.getpid() == 1
                os.getppid()
                os._exit(0)
            os.waitpid(inner, 0)
            os._exit(0)
        assert os.waitpid(outer, 0)[1] == 0
    (event,) = [event for event in seen.named("getppid") if event.pid not in (outer, os.getpid())]
    thread = event.thread
    assert (thread.ns_pid, thread.ns_tid) == (1, 1)
    assert thread.pid == thread.tid > 1
    assert thread.ppid == outer
    assert thread.pid_ns not in (None, namespace("pid"))
    assert thread.mnt_ns not in (None, namespace("mnt"))
    assert thread.net_ns == namespace("net")


@contextmanager
def cgroup(root: Path, name: str) -> Iterator[Path]:
    """A cgroup for as long as the block, with the directories above it."""
    path = root / name
    made = []
    for directory in [*reversed(path.relative_to(root).parents), path.relative_to(root)]:
        full = root / directory
        if not full.exists():
            full.mkdir()
            made.append(full)
    try:
        yield path
    finally:
        for directory in reversed(made):
            directory.rmdir()


def hierarchies(version: str) -> list[Path]:
    """Where cgroup v2 is mounted, or all hierarchies of v1."""
    found = []
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, where, kind, options, *_ = line.split()
        if kind == {"v1": "cgroup", "v2": "cgroup2"}[version] and "cpuset" not in options:
            found.append(Path(where))
    return found


RUNTIMES = {
    f"docker/{ID}": ID,
    f"system.slice/docker-{ID}.scope": ID,
    f"kubepods.slice/kubepods-pod1.slice/cri-containerd-{ID}.scope": ID,
    f"kubepods/burstable/pod0b1d2f3a/{ID}": ID,
    f"kubepods.slice/kubepods-pod2.slice/crio-{ID}.scope": ID,
    f"machine.slice/libpod-{ID}.scope/container": ID,
    f"docker/{'f' * 64}/docker/{ID}": ID,
    "system.slice/ssh.service": None,
    f"docker/{ID[:-1]}g": None,
}


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_containers(version: str) -> None:
    """The id of the container follows when a process is moved while it is watched, for every runtime's names."""
    roots = hierarchies(version)
    if not roots:
        pytest.skip(f"no cgroup {version} hierarchy is mounted")
    with Worker("calls.py", 1) as worker, ExitStack() as stack:
        paths = [
            [stack.enter_context(cgroup(root, f"kindling-test-{number}/{name}")) for root in roots]
            for number, name in enumerate(RUNTIMES)
        ]
        with watching("getppid", pids=(worker.pid,)) as seen:
            assert worker.do("getppid 1") == "done"
            for group in paths:
                for path in group:
                    (path / "cgroup.procs").write_text(str(worker.pid))
                assert worker.do("getppid 1") == "done"
        assert worker.end() == 0
    before, *moved = [event.thread for event in seen.named("getppid")]
    assert before.container_id is None
    assert [thread.container_id for thread in moved] == list(RUNTIMES.values())
    for thread, (number, name) in zip(moved, enumerate(RUNTIMES), strict=True):
        if version == "v2" or thread.container_id is not None:
            assert thread.cgroup == f"/kindling-test-{number}/{name}".encode()
