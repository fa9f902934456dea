"""What calls do to the threads of a capture and their descriptors, as sysdig has it.

Source: falcosecurity/libs, `userspace/libsinsp/parsers.cpp`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kindling.probes.scap.descriptors import NOTHING, Known
from kindling.probes.scap.state import MAX_THREADS, State, Task, arguments, joined, text
from kindling.probes.scap.values import IPV4, IPV6, UNIX, parse_tuple

_CLOSE_ON_EXEC = 1 << 12
_CLONE_NEWPID, _CLONE_PARENT, _CLONE_THREAD = 1 << 6, 1 << 8, 1 << 13
_CLONE_VFORK, _CHILD_IN_NAMESPACE = 1 << 27, 1 << 29
_STALE = 2_000_000_000
"""Nanoseconds after which a thread of the same number is another one."""
_DUPFD, _SETFD, _DUPFD_CLOEXEC = 1, 3, 26
_MAPPED = b"\0" * 10 + b"\xff\xff"


class Effects:
    """The effects on a state.

    Each method gets the thread, the result and the parameters that `NEEDS` names (None where there is none), and
    returns what the event's own descriptor stands for.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._make = state.make
        self.handlers: dict[str, Callable[..., Known]] = {
            name.removeprefix("on_"): getattr(self, name) for name in dir(self) if name.startswith("on_")
        }

    def on_open(self, task: Task, ret: int, path: bytes, flags: int, mode: int, device: int, inode: int) -> Known:
        return self._opened(task, ret, self._state.working_directory(task).path, path, flags, device, inode)

    def on_creat(self, task: Task, ret: int, path: bytes, device: int, inode: int) -> Known:
        return self._opened(task, ret, self._state.working_directory(task).path, path, 0, device, inode)

    def on_openat(
        self, task: Task, ret: int, directory: int | None, path: bytes, flags: int, device: int, inode: int
    ) -> Known:
        base = None if directory is None else self._state.directory(task, directory).path
        return self._opened(task, ret, base, path, flags, device, inode)

    def on_open_by_handle_at(self, task: Task, ret: int, path: bytes, flags: int, device: int, inode: int) -> Known:
        return self._opened(task, ret, None, path, flags, device, inode)

    def _opened(
        self, task: Task, ret: int, base: bytes | None, path: bytes, flags: int | None, device: int | None,
        inode: int | None,
    ) -> Known:  # fmt: skip
        if ret < 0:
            return NOTHING
        name = text(path)
        whole = joined(base, name) if name is not None else None
        known = self._make.opened(whole, flags or 0, device or 0, inode or 0)
        return self._state.put(task, ret, known, bool((flags or 0) & _CLOSE_ON_EXEC))

    def on_close(self, task: Task, ret: int, number: int | None) -> Known:
        if number is None:
            return NOTHING
        known = task.table.get(number, NOTHING)
        if ret >= 0 and known.id:
            self._state.drop(task.table, number)
        return known

    def on_close_range(self, task: Task, ret: int, first: int, last: int, flags: int) -> Known:
        if ret >= 0 and None not in (first, last):
            chosen = [number for number in task.table if first <= number <= last]
            if (flags or 0) & 4:
                task.table.closing.update(chosen)
            else:
                for number in chosen:
                    self._state.drop(task.table, number)
        return NOTHING

    def on_dup(self, task: Task, ret: int, old: int | None, flags: int | None) -> Known:
        if old is None or ret < 0:
            return NOTHING
        known = task.table.get(old, NOTHING)
        return self._state.put(task, ret, known, bool((flags or 0) & _CLOSE_ON_EXEC)) if known.id else known

    def on_fcntl(self, task: Task, ret: int, number: int | None, command: int, argument: int | None) -> Known:
        if number is None:
            return NOTHING
        known = task.table.get(number, NOTHING)
        if ret >= 0 and known.id:
            if command in (_DUPFD, _DUPFD_CLOEXEC):
                self._state.put(task, ret, known, command == _DUPFD_CLOEXEC)
            elif command == _SETFD and argument is not None:
                (task.table.closing.add if argument & 1 else task.table.closing.discard)(number)
        return known

    def on_pipe(self, task: Task, ret: int, first: int, second: int, inode: int, flags: int | None) -> Known:
        if ret >= 0 and None not in (first, second):
            known = self._make.named("pipe", None, inode or 0)
            for number in (first, second):
                self._state.put(task, number, known, bool((flags or 0) & _CLOSE_ON_EXEC))
        return NOTHING

    def _anonymous(self, task: Task, ret: int, kind: str, flags: int | None) -> Known:
        if ret < 0:
            return NOTHING
        return self._state.put(task, ret, self._make.named(kind), bool((flags or 0) & _CLOSE_ON_EXEC))

    def on_eventfd(self, task: Task, ret: int, flags: int | None) -> Known:
        return self._anonymous(task, ret, "eventfd", flags)

    def on_signalfd(self, task: Task, ret: int, flags: int | None) -> Known:
        return self._anonymous(task, ret, "signalfd", flags)

    def on_timerfd(self, task: Task, ret: int) -> Known:
        return self._anonymous(task, ret, "timerfd", None)

    def on_inotify(self, task: Task, ret: int, flags: int | None) -> Known:
        return self._anonymous(task, ret, "inotify", flags)

    def on_epoll(self, task: Task, ret: int, flags: int | None) -> Known:
        return self._anonymous(task, ret, "eventpoll", _CLOSE_ON_EXEC if flags else 0)

    def on_userfaultfd(self, task: Task, ret: int, flags: int | None) -> Known:
        return self._anonymous(task, ret, "userfaultfd", flags)

    def on_io_uring(self, task: Task, ret: int) -> Known:
        return self._anonymous(task, ret, "io_uring", _CLOSE_ON_EXEC)

    def on_memfd(self, task: Task, ret: int, name: bytes, flags: int | None) -> Known:
        if ret < 0:
            return NOTHING
        path = text(name)
        known = self._make.named("file", None if path is None else b"/memfd:" + path)
        return self._state.put(task, ret, known, bool((flags or 0) & 1))

    def on_pidfd_open(self, task: Task, ret: int, pid: int | None) -> Known:
        return NOTHING if ret < 0 else self._state.put(task, ret, self._make.named("pidfd", pid=pid or 0), True)

    def on_pidfd_getfd(self, task: Task, ret: int, pidfd: int | None, number: int | None) -> Known:
        if ret < 0 or pidfd is None or number is None:
            return NOTHING
        other = self._state.tasks.get(task.table.get(pidfd, NOTHING).pid)
        known = other.table.get(number, NOTHING) if other is not None else NOTHING
        return self._state.put(task, ret, known, True) if known.id else known

    # Sockets.

    def on_socket(self, task: Task, ret: int, domain: int, kind: int, protocol: int) -> Known:
        if ret < 0:
            return NOTHING
        known = self._make.socket(domain or 0, kind or 0, protocol or 0)
        return self._state.put(task, ret, known, bool((kind or 0) & 0o2000000))

    def on_socketpair(self, task: Task, ret: int, first: int, second: int, kind: int) -> Known:
        if ret >= 0 and None not in (first, second):
            known = self._make.socket(UNIX, kind or 0, 0)
            for number in (first, second):
                self._state.put(task, number, known, bool((kind or 0) & 0o2000000))
        return NOTHING

    def on_bind(self, task: Task, ret: int, number: int | None, address: bytes) -> Known:
        known = task.table.get(number, NOTHING) if number is not None else NOTHING
        if ret < 0 or not known.id or number is None or not address:
            return known
        family, made = address[0], None
        if family == IPV4 and len(address) >= 7:
            made = "ipv4", address[1:5], address[5] | address[6] << 8
        elif family == IPV6 and len(address) >= 19:
            made = "ipv6", address[1:17], address[17] | address[18] << 8
            if made[1][:12] == _MAPPED:
                made = "ipv4", made[1][12:], made[2]
        elif family == UNIX and len(address) > 1:
            name = address[1:].split(b"\0", 1)[0]
            return self._become(task, number, self._make.bound_unix(known, name)) if name else known
        return self._become(task, number, self._make.bound(known, *made)) if made and made[2] else known

    def on_connect(self, task: Task, ret: int, number: int | None, ends: bytes) -> Known:
        known = task.table.get(number, NOTHING) if number is not None else NOTHING
        # A failed attempt too tells whom it was meant for.
        if number is None or not known.id:
            return known
        found = parse_tuple(ends) if ends else None
        if found is None:
            return known
        return self._become(task, number, self._make.connected(known, found, known.role or "client"))

    def on_accept(self, task: Task, ret: int, ends: bytes) -> Known:
        if ret < 0:
            return NOTHING
        found = parse_tuple(ends) if ends else None
        if found is None:
            known = self._make.named("socket")
        else:
            protocol = "tcp" if found.family != UNIX else "stream"
            known = self._make.connected(Known(0, "", protocol=protocol), found, "server")
        return self._state.put(task, ret, known)

    def on_listen(self, task: Task, ret: int, number: int | None) -> Known:
        known = task.table.get(number, NOTHING) if number is not None else NOTHING
        return known

    def on_sent(self, task: Task, ret: int, number: int | None, ends: bytes) -> Known:
        return self._message(task, ret, number, ends, False)

    def on_received(self, task: Task, ret: int, number: int | None, ends: bytes) -> Known:
        return self._message(task, ret, number, ends, True)

    def _message(self, task: Task, ret: int, number: int | None, packed: bytes, incoming: bool) -> Known:
        if number is None:
            return NOTHING
        known = task.table.get(number, NOTHING)
        if ret < 0 or not packed or (known.ends and known.protocol == "tcp"):
            return known
        ends = parse_tuple(packed)
        if ends is None:
            return known
        if not known.id:
            # Only a datagram socket has a tuple in what it sends without having been connected.
            if incoming or ends.family == UNIX:
                return known
            known = self._make.socket(ends.family, 0, -1)
        return self._become(task, number, self._make.used(known, ends, incoming))

    def _become(self, task: Task, number: int, known: Known) -> Known:
        if task.table.get(number) is not known:
            self._state.put(task, number, known, number in task.table.closing)
        return known

    # The life of threads.

    def on_clone(self, task: Task, ret: int, time: int, kind: str, *given: Any) -> Known:
        if ret == 0:
            self._cloned_in_child(task, time, *given)
        elif ret > 0:
            self._cloned(task, ret, time, kind, *given)
        return NOTHING

    def _cloned(
        self, task: Task, child: int, time: int, kind: str, program: bytes, rest: bytes, pid: int, ptid: int,
        comm: bytes, cgroups: bytes, flags: int, uid: int, gid: int, vtid: int, vpid: int,
    ) -> None:  # fmt: skip
        """The call has returned in the one that made it."""
        valid = task.described
        flags = flags or 0
        if not valid:
            self._describe(task, program, rest, pid, ptid, comm, cgroups, uid, gid, vtid, vpid)
        inside = task.vtid not in (-1, task.tid)
        if flags & (_CHILD_IN_NAMESPACE | _CLONE_NEWPID | _CLONE_PARENT) or inside:
            # The result is a number of another namespace: the child tells itself.
            return
        if flags & _CLONE_VFORK or kind == "vfork":
            return
        there = self._state.tasks.get(child)
        if there is not None:
            if there.early and there.described:
                return
            self._state.remove(there)
        if flags & _CLONE_THREAD:
            self._add_child(child, task.pid, task.ptid, task, task.leader, True, valid, time, program, rest, comm,
                            cgroups, uid, gid, child, task.pid)  # fmt: skip
        else:
            self._add_child(child, child, task.tid, task, task.leader, False, valid, time, program, rest, comm,
                            cgroups, uid, gid, child, child)  # fmt: skip

    def _cloned_in_child(
        self, task: Task, time: int, program: bytes, rest: bytes, pid: int, ptid: int, comm: bytes, cgroups: bytes,
        flags: int, uid: int, gid: int, vtid: int, vpid: int,
    ) -> None:  # fmt: skip
        """The call has returned in the one that was made."""
        if task.described and task.born and time - task.born < _STALE:
            return
        thread = bool((flags or 0) & _CLONE_THREAD)
        origin = self._state.tasks.get(pid if thread else ptid)
        if self._state.tasks.get(task.tid) is task:
            self._state.remove(task)
        leader = self._state.tasks.get(pid, task) if thread else task
        made = self._add_child(
            task.tid, pid, ptid, origin or task, leader, thread, origin is not None and origin.described, time,
            program, rest, comm, cgroups, uid, gid, vtid, vpid,
        )  # fmt: skip
        if made is not None:
            made.early = True

    def _add_child(
        self, tid: int, pid: int, ptid: int, origin: Task, leader: Task, thread: bool, valid: bool, time: int,
        program: bytes, rest: bytes, comm: bytes, cgroups: bytes, uid: int, gid: int, vtid: int, vpid: int,
    ) -> Task | None:  # fmt: skip
        if len(self._state.tasks) >= MAX_THREADS:
            self._state.forgotten += 1
            return None
        child = Task(tid, pid, ptid)
        self._describe(child, program, rest, pid, ptid, comm, cgroups, uid, gid, vtid, vpid)
        child.born = time
        if valid:
            child.path = origin.path
            if not child.cgroups:
                child.cgroups = origin.cgroups
        if thread and leader.tid != tid:
            child.leader, child.table = leader, leader.table
            leader.members.add(tid)
        elif valid:
            child.cwd = origin.leader.cwd
            if self._state.room_for(len(origin.table)):
                child.table = origin.table.copy()
                self._state.entries += len(child.table)
            else:
                self._state.forgotten += len(origin.table)
        self._state.tasks[tid] = child
        return child

    def _describe(
        self, task: Task, program: bytes, rest: bytes, pid: int, ptid: int, comm: bytes, cgroups: bytes, uid: int,
        gid: int, vtid: int, vpid: int,
    ) -> None:  # fmt: skip
        task.pid = pid or task.tid
        task.ptid = ptid or 0
        task.comm = (text(comm) or _last_part(program))[:15]
        task.arguments = arguments(program, rest)
        if cgroups:
            task.cgroups = cgroups
        if uid is not None:
            task.uid = uid
        if gid is not None:
            task.gid = gid
        task.vtid = vtid if vpid else task.tid
        task.vpid = vpid or -1
        task.described, task.told = True, -1

    def on_execve(
        self, task: Task, ret: int, filename: bytes, directory: int | None, program: bytes, rest: bytes, pid: int,
        ptid: int, comm: bytes, cgroups: bytes, path: bytes, uid: int | None, gid: int | None,
    ) -> Known:  # fmt: skip
        if ret < 0:
            return NOTHING
        base = (
            self._state.working_directory(task).path
            if directory is None
            else self._state.directory(task, directory).path
        )
        if not task.described:
            task.ptid, task.described = ptid or 0, True
        task.pid = pid or task.pid or task.tid
        task.comm = (text(comm) or _last_part(program))[:15]
        task.arguments = arguments(program, rest)
        name = text(filename)
        task.path = text(path) or (joined(base, name) if name is not None else None)
        if cgroups:
            task.cgroups = cgroups
        if uid is not None:
            task.uid = uid
        if gid is not None:
            task.gid = gid
        for number in task.table.closing & task.table.keys():
            self._state.drop(task.table, number)
        task.table.closing.clear()
        for tid in list(task.members):
            other = self._state.tasks.get(tid)
            if other is not None and other.leader is task:
                self._state.remove(other)
        task.members.clear()
        task.told, task.dead = -1, False
        return NOTHING

    # What a thread says of itself.

    def on_chdir(self, task: Task, ret: int, path: bytes) -> Known:
        name = text(path)
        if ret >= 0 and name is not None:
            leader = task.leader
            leader.cwd, leader.cwd_known = joined(leader.cwd, name), None
        return NOTHING

    def on_fchdir(self, task: Task, ret: int, number: int | None) -> Known:
        known = task.table.get(number, NOTHING) if number is not None else NOTHING
        if ret >= 0 and known.id:
            task.leader.cwd, task.leader.cwd_known = known.path, None
        return known

    def on_setuid(self, task: Task, ret: int, uid: int | None) -> Known:
        if ret == 0 and uid is not None and uid != 0xFFFFFFFF:
            task.uid, task.told = uid, -1
        return NOTHING

    def on_setgid(self, task: Task, ret: int, gid: int | None) -> Known:
        if ret == 0 and gid is not None and gid != 0xFFFFFFFF:
            task.gid, task.told = gid, -1
        return NOTHING


_PROCESS = ("exe", "args", "pid", "ptid", "comm", "cgroups")
_CLONED = (*_PROCESS, "flags", "uid", "gid", "vtid", "vpid")

NEEDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "open": ("open", ("^name", "^flags", "^mode", "dev", "ino")),
    "creat": ("creat", ("^name", "dev", "ino")),
    "openat": ("openat", ("^dirfd", "^name", "^flags", "dev", "ino")),
    "openat2": ("openat", ("^dirfd", "^name", "^flags", "dev", "ino")),
    "open_by_handle_at": ("open_by_handle_at", ("path", "flags", "dev", "ino")),
    "close": ("close", ("fd",)),
    "close_range": ("close_range", ("first", "last", "flags")),
    "dup": ("dup", ("oldfd|fd", "-")),
    "dup2": ("dup", ("oldfd|fd", "-")),
    "dup3": ("dup", ("oldfd|fd", "flags")),
    "fcntl": ("fcntl", ("fd", "cmd", "arg")),
    "pipe": ("pipe", ("fd1", "fd2", "ino", "-")),
    "pipe2": ("pipe", ("fd1", "fd2", "ino", "flags")),
    "eventfd": ("eventfd", ("-",)),
    "eventfd2": ("eventfd", ("flags",)),
    "signalfd": ("signalfd", ("-",)),
    "signalfd4": ("signalfd", ("flags",)),
    "timerfd_create": ("timerfd", ()),
    "inotify_init": ("inotify", ("-",)),
    "inotify_init1": ("inotify", ("flags",)),
    "epoll_create": ("epoll", ("-",)),
    "epoll_create1": ("epoll", ("flags",)),
    "userfaultfd": ("userfaultfd", ("flags",)),
    "io_uring_setup": ("io_uring", ()),
    "memfd_create": ("memfd", ("name", "flags")),
    "pidfd_open": ("pidfd_open", ("pid",)),
    "pidfd_getfd": ("pidfd_getfd", ("pid_fd", "target_fd")),
    "socket": ("socket", ("domain", "type", "proto")),
    "socketpair": ("socketpair", ("fd1", "fd2", "type")),
    "bind": ("bind", ("fd", "addr")),
    "connect": ("connect", ("fd", ">tuple")),
    "accept": ("accept", ("tuple",)),
    "accept4": ("accept", ("tuple",)),
    "sendto": ("sent", ("fd", "tuple")),
    "sendmsg": ("sent", ("fd", "tuple")),
    "sendmmsg": ("sent", ("fd", "tuple")),
    "recvfrom": ("received", ("fd", "tuple")),
    "recvmsg": ("received", ("fd", "tuple")),
    "recvmmsg": ("received", ("fd", "tuple")),
    "clone": ("clone", _CLONED),
    "clone3": ("clone", _CLONED),
    "fork": ("clone", _CLONED),
    "vfork": ("clone", _CLONED),
    "execve": ("execve", ("<filename|filename|<pathname", "<dirfd", *_PROCESS, "trusted_exepath", "uid", "gid")),
    "execveat": ("execve", ("<pathname|pathname", "<dirfd", *_PROCESS, "trusted_exepath", "uid", "gid")),
    "chdir": ("chdir", ("path",)),
    "getcwd": ("chdir", ("path",)),
    "fchdir": ("fchdir", ("fd",)),
    "setuid": ("setuid", ("uid",)),
    "setreuid": ("setuid", ("euid",)),
    "setresuid": ("setuid", ("euid",)),
    "setgid": ("setgid", ("gid",)),
    "setregid": ("setgid", ("egid",)),
    "setresgid": ("setgid", ("egid",)),
}
"""For each call that changes the state, what is to be done and the parameters for it (see `calls`; "-": None)."""


def _last_part(program: bytes) -> bytes:
    return program.rsplit(b"/", 1)[-1] if program else b""
