"""What a file descriptor can stand for: the values of `fd.type`, and how the kernel's own marks tell them apart."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from enum import IntEnum


class FdType(IntEnum):
    """The kinds of descriptors. In lower case the names are the values of `fd.type` and of `Descriptor.type`."""

    FILE = 1
    """A regular file."""
    DIRECTORY = 2
    PIPE = 3
    """A pipe or a FIFO of the file system."""
    CHAR = 4
    """A character device: terminals, /dev/null."""
    BLOCK = 5
    SYMLINK = 6
    """A symbolic link itself, opened with O_PATH and O_NOFOLLOW."""
    IPV4 = 7
    """An IPv4 socket, or an IPv6 one whose peer is IPv4 (v4-mapped)."""
    IPV6 = 8
    UNIX = 9
    NETLINK = 10
    PACKET = 11
    """A packet socket (AF_PACKET): whole frames of a network interface."""
    VSOCK = 12
    """A socket between a virtual machine and its host."""
    SOCKET = 13
    """A socket of another family: Bluetooth, CAN, XDP, key, algorithm ..."""
    EVENTPOLL = 14
    EVENTFD = 15
    TIMERFD = 16
    SIGNALFD = 17
    INOTIFY = 18
    FANOTIFY = 19
    PIDFD = 20
    BPF = 21
    """A BPF program, map, link, BTF or iterator."""
    PERF = 22
    """A perf event."""
    IO_URING = 23
    USERFAULTFD = 24
    MEMFD = 25
    """An anonymous file made by memfd_create."""
    SECRETMEM = 26
    NAMESPACE = 27
    """A namespace, as opened from /proc/PID/ns."""
    MQUEUE = 28
    """A POSIX message queue."""
    SECCOMP = 29
    """A listener for notifications of seccomp filters."""
    LANDLOCK = 30
    """A set of Landlock rules."""
    MOUNT = 31
    """A file system context (fsopen, fspick)."""
    KVM = 32
    DMABUF = 33
    ANON = 34
    """Another anonymous inode."""
    UNKNOWN = 35
    """What could not be told."""

    @property
    def text(self) -> str:
        """The value of `fd.type`."""
        return self.name.lower()


FD_TYPES: Mapping[str, FdType] = {kind.text: kind for kind in FdType}
"""Every value of `fd.type`."""

FAMILIES: Mapping[int, FdType] = {
    1: FdType.UNIX,
    2: FdType.IPV4,
    10: FdType.IPV6,
    16: FdType.NETLINK,
    17: FdType.PACKET,
    40: FdType.VSOCK,
}
"""Address family to type; every other one is SOCKET."""

MODES: Mapping[int, FdType] = {
    stat.S_IFREG: FdType.FILE,
    stat.S_IFDIR: FdType.DIRECTORY,
    stat.S_IFIFO: FdType.PIPE,
    stat.S_IFCHR: FdType.CHAR,
    stat.S_IFBLK: FdType.BLOCK,
    stat.S_IFLNK: FdType.SYMLINK,
    stat.S_IFSOCK: FdType.SOCKET,
}

ANON_INODE_FS_MAGIC = 0x09041934
PID_FS_MAGIC = 0x50494446
NSFS_MAGIC = 0x6E736673
MQUEUE_MAGIC = 0x19800202
SECRETMEM_MAGIC = 0x5345434D
DMA_BUF_MAGIC = 0x444D4142

MAGICS: Mapping[int, FdType] = {
    PID_FS_MAGIC: FdType.PIDFD,
    NSFS_MAGIC: FdType.NAMESPACE,
    MQUEUE_MAGIC: FdType.MQUEUE,
    SECRETMEM_MAGIC: FdType.SECRETMEM,
    DMA_BUF_MAGIC: FdType.DMABUF,
}
"""File systems of the kernel's own (include/uapi/linux/magic.h) whose regular files are of a kind of their own."""

ANON_NAMES: tuple[tuple[bytes, FdType], ...] = (
    (b"eventpoll", FdType.EVENTPOLL),
    (b"eventfd", FdType.EVENTFD),
    (b"timerfd", FdType.TIMERFD),
    (b"signalfd", FdType.SIGNALFD),
    (b"inotify", FdType.INOTIFY),
    (b"fanotify", FdType.FANOTIFY),
    (b"pidfd", FdType.PIDFD),
    (b"bpf", FdType.BPF),
    (b"btf", FdType.BPF),
    (b"perf_event", FdType.PERF),
    (b"io_uring", FdType.IO_URING),
    (b"userfaultfd", FdType.USERFAULTFD),
    (b"secretmem", FdType.SECRETMEM),
    (b"seccomp", FdType.SECCOMP),
    (b"landlock", FdType.LANDLOCK),
    (b"fscontext", FdType.MOUNT),
    (b"kvm", FdType.KVM),
    (b"dmabuf", FdType.DMABUF),
)
"""How the names of anonymous inodes begin, brackets and "anon_inode:" aside (anon_inode_getfd's callers)."""


def fd_type(mode: int, family: int = 0, name: bytes = b"", magic: int = 0) -> FdType:
    """The type of a file, from its inode's mode, its socket's family, its dentry's name and its superblock's magic number.

    An IPv6 socket with an IPv4 peer is IPV6 here: only its addresses tell.
    """
    if family:
        return FAMILIES.get(family, FdType.SOCKET)
    # Before 6.x pidfds and all other anonymous inodes shared one inode without a type in its mode; newer ones have S_IFREG.
    if magic == ANON_INODE_FS_MAGIC or (not magic and not stat.S_IFMT(mode)):
        bare = name.removeprefix(b"anon_inode:").lstrip(b"[")
        return next((kind for start, kind in ANON_NAMES if bare.startswith(start)), FdType.ANON)
    if magic in MAGICS and (stat.S_ISREG(mode) or not stat.S_IFMT(mode)):
        return MAGICS[magic]
    if stat.S_ISREG(mode) and name.startswith(b"memfd:"):
        return FdType.MEMFD
    if not stat.S_IFMT(mode):
        return FdType.ANON
    return MODES.get(stat.S_IFMT(mode), FdType.UNKNOWN)
