"""The objects that events refer to, and the bounded tables that hold them.

A probe sends an object once, before the first event that refers to it; from then on events carry its id only.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

ThreadKey = tuple[int, int]
"""(tid, version): the version is new whenever what is told about a thread changes (exec, name, credentials ...)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """A thread and its process, as they were at the moment of the event that first referred to this version.

    Ids are those of the host (the probe's own PID namespace); `ns_pid` and `ns_tid` are the innermost namespace's.
    `exe` and `arguments` are None where they could not be read (kernel threads, processes gone before the start).
    """

    tid: int
    pid: int
    version: int = 0
    ppid: int = 0
    uid: int | None = None
    gid: int | None = None
    euid: int | None = None
    egid: int | None = None
    comm: bytes = b""
    exe: bytes | None = None
    arguments: tuple[bytes, ...] | None = None
    cgroup: bytes | None = None
    cgroup_id: int | None = None
    container_id: str | None = None
    start: int | None = None
    """CLOCK_BOOTTIME nanoseconds at which the thread started."""
    ns_tid: int | None = None
    ns_pid: int | None = None
    pid_ns: int | None = None
    mnt_ns: int | None = None
    net_ns: int | None = None
    quality: tuple[str, ...] = ()

    @property
    def key(self) -> ThreadKey:
        return self.tid, self.version


@dataclass(frozen=True, slots=True, kw_only=True)
class Descriptor:
    """What a file descriptor stood for: a file, a socket, or one of the kernel's other kinds.

    `type` is file, directory, pipe, ipv4, ipv6, unix, eventpoll, eventfd, timerfd, signalfd, inotify, pidfd, netlink,
    char, block ... (see `enrich.descriptors`). File-like: `path`, `inode`, `device`. Sockets: `protocol`, `role`
    (client or server), client side `sip`/`sport`, server side `dip`/`dport`; what is not known is None.
    """

    id: int
    type: str
    path: bytes | None = None
    inode: int | None = None
    device: str | None = None
    deleted: bool = False
    protocol: str | None = None
    state: str | None = None
    role: str | None = None
    sip: str | None = None
    sport: int | None = None
    dip: str | None = None
    dport: int | None = None
    net_ns: int | None = None
    peer_inode: int | None = None
    quality: tuple[str, ...] = ()

    @property
    def name(self) -> bytes:
        """One line that names it, as sysdig does: a path, "1.2.3.4:5->6.7.8.9:80", or the type and inode."""
        if self.path is not None:
            return self.path
        if self.dip is not None or self.sip is not None:
            client, server = _endpoint(self.sip, self.sport), _endpoint(self.dip, self.dport)
            return (f"{client}->{server}" if client and server else client or server).encode()
        if self.inode:
            return f"{self.type}:[{self.inode}]".encode()
        return self.type.encode()


def _endpoint(address: str | None, port: int | None) -> str:
    if address is None:
        return ""
    host = f"[{address}]" if ":" in address else address
    return host if port is None else f"{host}:{port}"


@dataclass(slots=True)
class Objects:
    """The objects seen so far: bounded, those that no event referred to lately are forgotten when `limit` are held.

    `pids` holds the newest version of each process's leading thread, for looking up ancestors.
    """

    limit: int = 131_072
    """How many descriptors; threads, which are larger, an eighth of it."""
    threads: dict[ThreadKey, Thread] = field(default_factory=dict)
    descriptors: dict[int, Descriptor] = field(default_factory=dict)
    pids: dict[int, Thread] = field(default_factory=dict)
    forgotten: int = 0
    old_threads: set[ThreadKey] = field(default_factory=set)
    old_descriptors: set[int] = field(default_factory=set)

    def add(self, threads: Iterable[Thread], descriptors: Iterable[Descriptor]) -> None:
        """Remember new objects."""
        for thread in threads:
            self.threads[thread.key] = thread
            if thread.tid == thread.pid or thread.pid not in self.pids:
                self.pids[thread.pid] = thread
            self.old_threads.discard(thread.key)
        for descriptor in descriptors:
            self.descriptors[descriptor.id] = descriptor
            self.old_descriptors.discard(descriptor.id)

    @property
    def full(self) -> bool:
        """Whether a table has reached its limit, so that the probe should be asked to send its objects anew."""
        return max(len(self.threads), len(self.pids)) >= self.limit // 8 or len(self.descriptors) >= self.limit

    def mark_old(self) -> None:
        """Those held now are old until they are sent again. Call it when the probe was told to send objects anew."""
        self.old_threads, self.old_descriptors = set(self.threads), set(self.descriptors)

    def forget_old(self) -> None:
        """Drop the old ones. Call it when no event that refers to them can come any more."""
        for key in self.old_threads:
            del self.threads[key]
        for identity in self.old_descriptors:
            del self.descriptors[identity]
        pids = list(self.pids)[: len(self.pids) // 2] if len(self.pids) >= self.limit // 8 else []
        for pid in pids:
            del self.pids[pid]
        self.forgotten += len(self.old_threads) + len(self.old_descriptors) + len(pids)
        self.old_threads, self.old_descriptors = set(), set()

    def ancestors(self, thread: Thread) -> list[Thread]:
        """The processes above `thread`, its parent first, as far as they are known (at most 64)."""
        found: list[Thread] = []
        seen = {thread.pid}
        current: Thread | None = thread
        while current is not None and current.ppid and current.ppid not in seen and len(found) < 64:
            seen.add(current.ppid)
            current = self.pids.get(current.ppid)
            if current is not None:
                found.append(current)
        return found
