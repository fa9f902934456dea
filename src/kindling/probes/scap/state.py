"""The threads of a capture and their open descriptors.

Source: falcosecurity/libs, `userspace/libsinsp/threadinfo.cpp` and `threadinfo.h`. Where sysdig simplifies, so does
this: the threads of a process share one table of descriptors, a new process gets a copy of its parent's.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Sequence

from kindling.enrich.containers import container_id
from kindling.enrich.objects import Thread
from kindling.probes.scap import lists
from kindling.probes.scap.descriptors import NOTHING, Known, Makers

MAX_THREADS = 262_144
MAX_DESCRIPTORS = 4 << 20
"""Threads and descriptors that are kept: beyond that, new ones are not."""

MAX_COPIED, USUAL_COPY = 1 << 26, 256
"""Descriptors that new processes may inherit in all, and on average beyond that: no file may take for ever."""

AT_FDCWD = -100
_NOT_AVAILABLE = b"<NA>"


class Table(dict[int, Known]):
    """The open descriptors of a process, and which of them an exec closes."""

    __slots__ = ("closing",)

    def __init__(self, *given: dict[int, Known]) -> None:
        super().__init__(*given)
        self.closing: set[int] = set()

    def copy(self) -> Table:
        table = Table(self)
        table.closing = set(self.closing)
        return table


class Task:
    """A thread.

    `told` is the version last sent, -1 if it changed since then. `described`: more than its id is known.
    """

    __slots__ = (
        "arguments", "born", "cgroups", "comm", "cwd", "cwd_known", "dead", "described", "early", "gid", "leader",
        "members", "path", "pid", "ptid", "table", "tid", "told", "uid", "vpid", "vtid",
    )  # fmt: skip

    def __init__(self, tid: int, pid: int, ptid: int = 0) -> None:
        self.tid = tid
        self.pid = pid
        self.ptid = ptid
        self.comm = b""
        self.path: bytes | None = None
        self.arguments: tuple[bytes, ...] | None = None
        self.cwd: bytes | None = None
        self.cwd_known: Known | None = None
        self.uid: int | None = None
        self.gid: int | None = None
        self.vtid = -1
        self.vpid = -1
        self.cgroups = b""
        self.leader: Task = self
        self.table = Table()
        self.members: set[int] = set()
        self.told = -1
        self.described = False
        self.dead = False
        self.born = 0
        self.early = False


def joined(directory: bytes | None, path: bytes) -> bytes | None:
    """`path` from `directory`, without "." and ".."; None if it is relative and the directory is not known."""
    if path[:1] != b"/":
        if directory is None or directory[:1] != b"/":
            return None
        path = directory + b"/" + path
    if b"//" not in path and b"/." not in path and path[-1:] != b"/":
        return path
    return b"/" + posixpath.normpath(path).lstrip(b"/")


def text(value: bytes | None) -> bytes | None:
    """A string parameter: None where it could not be read."""
    return None if not value or value == _NOT_AVAILABLE else value


class State:
    """Threads by their ids. `forgotten` counts what did not fit."""

    def __init__(self) -> None:
        self.tasks: dict[int, Task] = {}
        self.make = Makers()
        self.forgotten = 0
        self._version = 0
        self.entries = 0
        self._server_ports: set[int] = set()
        self._listed: list[tuple[Task, list[lists.Open]]] = []
        self._fresh: list[Task] = []
        self._copies = self._copied = 0

    def clear(self) -> None:
        """Begin anew: what follows is another capture. Versions and ids go on, so that none stands for two things."""
        self.tasks.clear()
        self._server_ports.clear()
        self._listed.clear()
        self._fresh.clear()
        self.entries = 0

    # The lists at the beginning.

    def list_process(self, entry: lists.Process) -> None:
        """Take a thread from the list of processes."""
        if len(self.tasks) >= MAX_THREADS:
            self.forgotten += 1
            return
        task = Task(entry.tid, entry.pid, entry.ptid)
        task.comm = entry.comm
        task.path = text(entry.path)
        task.arguments = arguments(entry.program, entry.arguments)
        task.cwd = text(entry.cwd)
        task.uid, task.gid = entry.uid, entry.gid
        task.vtid, task.vpid = entry.vtid, entry.vpid
        task.cgroups = entry.cgroups
        task.described = True
        self.tasks[task.tid] = task
        self._fresh.append(task)

    def list_descriptors(self, tid: int, entries: Iterable[lists.Open]) -> None:
        """Take the descriptors of a thread from the list of descriptors."""
        task = self.tasks.get(tid)
        if task is None:
            return
        kept: list[lists.Open] = []
        for entry in entries:
            if self.entries >= MAX_DESCRIPTORS:
                self.forgotten += 1
                continue
            self.entries += 1
            kept.append(entry)
            if entry.kind in (lists.IPV4_SERVER, lists.IPV6_SERVER):
                self._server_ports.add(entry.target_port)
        self._listed.append((task, kept))

    def listed(self) -> None:
        """The lists are complete: put together what belongs together."""
        for task, entries in self._listed:
            for entry in entries:
                task.table[entry.number] = self.make.listed(entry, self._server_ports)
        self._listed.clear()
        fresh, self._fresh = self._fresh, []
        for task in fresh:
            leader = self.tasks.get(task.pid)
            if leader is not None and task is not leader and task.leader is task:
                task.leader, task.table = leader, leader.table or task.table
                leader.table = task.table
                leader.members.add(task.tid)

    # What the events need.

    def task(self, tid: int) -> Task:
        """The thread of an event; one that nothing is known of if it was not seen before."""
        task = self.tasks.get(tid)
        if task is None:
            task = Task(tid, tid)
            if len(self.tasks) < MAX_THREADS:
                self.tasks[tid] = task
            else:
                self.forgotten += 1
        return task

    def tell(self, task: Task) -> Thread | None:
        """A new version of the thread, to be sent; None if nothing is known of it."""
        # One count for all: a number that is used again by another thread must not meet an old version.
        version = task.told = self._version
        self._version = version + 1 & 0xFFFFFFFF
        if not task.described:
            return None
        parent = self.tasks.get(task.ptid)
        cgroup, container = _cgroup(task.cgroups)
        return Thread(
            tid=task.tid & 0xFFFFFFFF,
            pid=task.pid & 0xFFFFFFFF,
            version=version,
            ppid=max(0, parent.pid if parent is not None and parent.described else task.ptid),
            uid=task.uid,
            gid=task.gid,
            comm=task.comm,
            exe=task.path,
            arguments=task.arguments,
            cgroup=cgroup,
            container_id=container,
            ns_tid=task.vtid if task.vtid > 0 else None,
            ns_pid=task.vpid if task.vpid > 0 else None,
        )

    def working_directory(self, task: Task) -> Known:
        """What relative paths of the thread start from."""
        leader = task.leader
        if leader.cwd_known is None:
            cwd = leader.cwd
            if cwd is None:
                return NOTHING
            leader.cwd_known = self.make.named("directory", cwd.rstrip(b"/") or b"/")
        return leader.cwd_known

    def directory(self, task: Task, number: int) -> Known:
        """What a directory descriptor or AT_FDCWD stands for."""
        return self.working_directory(task) if number == AT_FDCWD else task.table.get(number, NOTHING)

    def put(self, task: Task, number: int, known: Known, closing: bool = False) -> Known:
        """The number now stands for `known`; `closing`: until the next exec."""
        table = task.table
        if number not in table:
            if self.entries >= MAX_DESCRIPTORS:
                self.forgotten += 1
                return known
            self.entries += 1
        table[number] = known
        if closing:
            table.closing.add(number)
        else:
            table.closing.discard(number)
        return known

    def room_for(self, count: int) -> bool:
        """Whether a new process may have a copy of so many descriptors."""
        self._copies += 1
        self._copied += count
        within = self._copied <= MAX_COPIED + USUAL_COPY * self._copies
        return within and self.entries + count <= MAX_DESCRIPTORS

    def drop(self, table: Table, number: int) -> None:
        """The number stands for nothing any more."""
        if table.pop(number, None) is not None:
            self.entries -= 1
            table.closing.discard(number)

    def end(self, task: Task) -> None:
        """The thread has ended."""
        leader = task.leader
        task.dead = True
        if task is not leader or not task.members:
            self.remove(task)
        if leader.dead and not leader.members and self.tasks.get(leader.tid) is leader:
            self.remove(leader)

    def remove(self, task: Task) -> None:
        """Forget a thread."""
        if self.tasks.get(task.tid) is task:
            del self.tasks[task.tid]
        if task.leader is not task:
            task.leader.members.discard(task.tid)
        elif not task.members:
            self.entries -= len(task.table)


def arguments(program: bytes, rest: bytes) -> tuple[bytes, ...] | None:
    """The arguments of a program from the first of them and the others."""
    if not program and not rest:
        return None
    strings = rest.split(b"\0")
    if strings and not strings[-1]:
        strings.pop()
    return (program or b"", *strings)


def _cgroup(packed: bytes) -> tuple[bytes | None, str | None]:
    """The cgroup to show and the container, from "controller=path" strings.

    The cgroup is the one that names a container, else the first.
    """
    paths: Sequence[bytes] = [part.partition(b"=")[2] for part in packed.split(b"\0") if b"=" in part]
    for path in paths:
        found = container_id(path)
        if found is not None:
            return path, found
    return (paths[0] if paths else None), None
