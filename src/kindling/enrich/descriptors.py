"""From what the kernel knows of an open file to what it is called: type, path, connection and role."""

from __future__ import annotations

import socket

_REGULAR, _DIRECTORY, _CHAR, _BLOCK, _FIFO, _LINK = 0o100000, 0o040000, 0o020000, 0o060000, 0o010000, 0o120000

ANON_INODE_MAGIC = 0x09041934
PID_FS_MAGIC = 0x50494446
NS_FS_MAGIC = 0x6E736673
PIPE_FS_MAGIC = 0x50495045

_ANONYMOUS = {
    b"inotify": "inotify",
    b"bpf-map": "bpf",
    b"bpf-prog": "bpf",
    b"bpf_link": "bpf",
    b"bpf_iter": "bpf",
    b"bpf-token": "bpf",
    b"btf": "bpf",
    b"[perf_event]": "perf",
    b"[eventpoll]": "eventpoll",
    b"[eventfd]": "eventfd",
    b"[timerfd]": "timerfd",
    b"[signalfd]": "signalfd",
    b"[fanotify]": "fanotify",
    b"[pidfd]": "pidfd",
    b"[io_uring]": "io_uring",
    b"[userfaultfd]": "userfaultfd",
}
"""Names the kernel gives anonymous inodes, and what Kindling calls them; others are "anon"."""

FAMILIES = {1: "unix", 2: "ipv4", 10: "ipv6", 16: "netlink", 17: "packet"}

IP_PROTOCOLS = {
    0: "ip",
    1: "icmp",
    6: "tcp",
    17: "udp",
    33: "dccp",
    58: "icmpv6",
    132: "sctp",
    136: "udplite",
    255: "raw",
    262: "mptcp",
}
SOCKET_TYPES = {1: "stream", 2: "dgram", 3: "raw", 5: "seqpacket"}
TCP_STATES = (
    "",
    "established",
    "syn_sent",
    "syn_recv",
    "fin_wait1",
    "fin_wait2",
    "time_wait",
    "close",
    "close_wait",
    "last_ack",
    "listen",
    "closing",
    "new_syn_recv",
)


def file_type(mode: int, magic: int, name: bytes) -> str:
    """The type of something that is not a socket, from its inode's mode, its file system's magic and its own name."""
    if magic == ANON_INODE_MAGIC:
        return _ANONYMOUS.get(name, "anon")
    if magic == PID_FS_MAGIC:
        return "pidfd"
    if magic == NS_FS_MAGIC:
        return "namespace"
    return {
        _REGULAR: "file",
        _DIRECTORY: "directory",
        _CHAR: "char",
        _BLOCK: "block",
        _FIFO: "pipe",
        _LINK: "symlink",
    }.get(mode & 0o170000, "anon")


def socket_type(family: int) -> str:
    """The type of a socket, from its address family."""
    return FAMILIES.get(family, "socket")


def socket_protocol(family: int, kind: int, protocol: int) -> str | None:
    """The protocol of a socket: tcp, udp ... for IP, stream, dgram or seqpacket for unix, a name for netlink."""
    if family in (2, 10):
        return IP_PROTOCOLS.get(protocol, str(protocol))
    return SOCKET_TYPES.get(kind)


def device_name(device: int) -> str:
    """The kernel's own device number as "major:minor"."""
    return f"{device >> 20}:{device & 0xFFFFF}"


def address_text(family: int, address: bytes) -> str:
    """An IP address from its 4 or 16 bytes. A v4-mapped one is shown as IPv4, so that both ends agree."""
    if family == 2:
        return socket.inet_ntop(socket.AF_INET, address[:4])
    if is_mapped(address):
        return socket.inet_ntop(socket.AF_INET, address[12:16])
    return socket.inet_ntop(socket.AF_INET6, address)


def is_mapped(address: bytes) -> bool:
    """Whether 16 bytes are an IPv4 address in IPv6 form."""
    return address[:12] == b"\0" * 10 + b"\xff\xff"


def is_any(address: bytes) -> bool:
    """Whether an address is the wildcard."""
    return not any(address) or (is_mapped(address) and not any(address[12:]))


def unix_name(sockaddr: bytes) -> bytes | None:
    """The name in a struct sockaddr_un; an abstract one has "@" for its leading NUL, an unnamed one is None."""
    path = sockaddr[2:]
    if not path:
        return None
    if path[0] == 0:
        return b"@" + path[1:]
    return path.split(b"\0", 1)[0]
