"""What a file descriptor can stand for: the values of `Descriptor.type` and of the filter field `fd.type`."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum


class FdType(IntEnum):
    """The kinds of descriptors; in lower case the names are the values. `enrich.descriptors` tells them apart."""

    FILE = 1
    """A regular file, memfds and POSIX message queues too."""
    DIRECTORY = 2
    PIPE = 3
    """A pipe, or a FIFO of the file system."""
    CHAR = 4
    """A character device: terminals, /dev/null."""
    BLOCK = 5
    """A block device."""
    SYMLINK = 6
    """A symbolic link itself, opened with O_PATH and O_NOFOLLOW."""
    IPV4 = 7
    """An IPv4 socket, or an IPv6 one whose peer is IPv4 (v4-mapped)."""
    IPV6 = 8
    UNIX = 9
    NETLINK = 10
    PACKET = 11
    """A packet socket (AF_PACKET): whole frames of a network interface."""
    SOCKET = 12
    """A socket of another family: vsock, Bluetooth, CAN, XDP, algorithm ..."""
    EVENTPOLL = 13
    EVENTFD = 14
    TIMERFD = 15
    SIGNALFD = 16
    INOTIFY = 17
    FANOTIFY = 18
    PIDFD = 19
    BPF = 20
    """A BPF program, map, link, BTF, iterator or token."""
    PERF = 21
    """A perf event."""
    IO_URING = 22
    USERFAULTFD = 23
    NAMESPACE = 24
    """A namespace, as opened from /proc/PID/ns."""
    ANON = 25
    """Another anonymous inode."""

    @property
    def text(self) -> str:
        """The value of `fd.type`."""
        return self.name.lower()


FD_TYPES: Mapping[str, FdType] = {kind.text: kind for kind in FdType}
"""Every value of `fd.type`."""
