"""What descriptors of a capture stand for: made from its lists and calls, told when they are first referred to."""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass

from kindling.enrich.descriptors import FAMILIES
from kindling.enrich.objects import Descriptor
from kindling.probes.scap import lists
from kindling.probes.scap.values import IPV4, IPV6, UNIX, Tuple

_KINDS = {
    1: "file",
    2: "directory",
    7: "pipe",
    9: "eventfd",
    10: "anon",
    11: "signalfd",
    12: "eventpoll",
    13: "inotify",
    14: "timerfd",
    15: "netlink",
    16: "file",
    17: "bpf",
    18: "userfaultfd",
    19: "io_uring",
    20: "file",
    21: "pidfd",
}
"""How sysdig numbers the kinds that have a name and nothing else."""

_PROTOCOLS = {2: "tcp", 3: "udp", 4: "icmp", 5: "raw"}
_UNKNOWN_PATH = ("path_unknown",)
_INODE = re.compile(rb"^\w+:\[(\d+)\]$")
_OPENED_DIRECTORY = 1 << 10


@dataclass(slots=True, eq=False)
class Known:
    """What a descriptor stands for. Never changed: when it becomes something else, a new one takes its place.

    Addresses are 4 or 16 bytes, empty where not known. `id` 0 is that of no descriptor.
    """

    id: int
    kind: str
    path: bytes | None = None
    inode: int | None = None
    device: int = 0
    protocol: str | None = None
    role: str | None = None
    source: bytes = b""
    source_port: int = 0
    target: bytes = b""
    target_port: int = 0
    ends: bool = False
    """Whether it is told which ends it has, as for a socket that is bound, connected or was used."""
    pid: int = 0
    """For a pidfd."""
    unknown_path: bool = False
    sent: bool = False

    def told(self) -> Descriptor:
        """As it is sent."""
        sip = sport = dip = dport = None
        if self.ends and self.kind in ("ipv4", "ipv6"):
            sip, sport = _end(self.source, self.source_port)
            dip, dport = _end(self.target, self.target_port)
        return Descriptor(
            id=self.id,
            type=self.kind,
            path=self.path,
            inode=self.inode or None,
            device=_device(self.device) if self.device else None,
            protocol=self.protocol,
            role=self.role,
            sip=sip,
            sport=sport,
            dip=dip,
            dport=dport,
            quality=_UNKNOWN_PATH if self.unknown_path else (),
        )


NOTHING = Known(0, "", sent=True)
"""What a number stands for that was not opened, or not seen to be."""


def _end(address: bytes, port: int) -> tuple[str | None, int | None]:
    if not address or (port == 0 and not any(address)):
        return None, None
    return socket.inet_ntop(socket.AF_INET if len(address) == 4 else socket.AF_INET6, address), port


def _device(number: int) -> str:
    """A device number as user space knows it."""
    return f"{number >> 8 & 0xFFF}:{(number & 0xFF) | (number >> 12 & 0xFFF00)}"


class Makers:
    """Makes descriptors, each with an id of its own."""

    def __init__(self) -> None:
        self._last = 0

    def _next(self) -> int:
        self._last += 1
        return self._last

    def listed(self, entry: lists.Open, server_ports: set[int]) -> Known:
        """One of the list of descriptors. `server_ports` are those that are listened on in the process's namespace."""
        identity, inode = self._next(), entry.inode
        kind = entry.kind
        if kind in (lists.IPV4, lists.IPV6):
            return _connection(identity, entry, server_ports)
        if kind in (lists.IPV4_SERVER, lists.IPV6_SERVER):
            return Known(
                identity,
                "ipv4" if kind == lists.IPV4_SERVER else "ipv6",
                inode=inode,
                protocol=_PROTOCOLS.get(entry.protocol),
                role="server",
                target=entry.target,
                target_port=entry.target_port,
                ends=True,
            )
        if kind == lists.UNIX:
            return Known(
                identity, "unix", entry.name or None, inode, role="server" if entry.name else "client", ends=True
            )
        name = entry.name
        path: bytes | None = name or None
        if kind in (7, 15):
            found = _INODE.match(name)
            inode, path = (int(found[1]) & ((1 << 64) - 1), None) if found else (inode, path)
        return Known(identity, _KINDS.get(kind, "anon"), path, inode, entry.device)

    def opened(self, path: bytes | None, flags: int, device: int, inode: int) -> Known:
        """A file that was opened; `flags` are sysdig's."""
        kind = "directory" if flags & _OPENED_DIRECTORY else "file"
        return Known(self._next(), kind, path, inode, device, unknown_path=path is None)

    def named(self, kind: str, path: bytes | None = None, inode: int = 0, pid: int = 0) -> Known:
        """Something that has a kind and perhaps a name."""
        return Known(self._next(), kind, path, inode, pid=pid)

    def socket(self, domain: int, kind: int, protocol: int) -> Known:
        """A socket that is neither bound nor connected."""
        transport = None
        if domain in (IPV4, IPV6):
            transport = _transport(kind & 0xF, protocol)
        elif domain == UNIX:
            transport = {1: "stream", 2: "dgram", 5: "seqpacket"}.get(kind & 0xF)
        return Known(self._next(), FAMILIES.get(domain, "socket"), protocol=transport)

    def connected(self, old: Known, ends: Tuple, role: str) -> Known:
        """A socket that has been connected, or came to be by a connection."""
        if ends.family == UNIX:
            return Known(
                self._next(), "unix", ends.path or old.path, old.inode, protocol=old.protocol, role=role, ends=True
            )
        kind = "ipv4" if ends.family == IPV4 else "ipv6"
        return Known(
            self._next(), kind, None, old.inode, 0, old.protocol, role,
            ends.source, ends.source_port, ends.target, ends.target_port, True,
        )  # fmt: skip

    def bound(self, old: Known, kind: str, address: bytes, port: int) -> Known:
        """A socket that has got an address of its own."""
        return Known(
            self._next(), kind, None, old.inode, 0, old.protocol, "server",
            target=address, target_port=port, ends=True,
        )  # fmt: skip

    def bound_unix(self, old: Known, path: bytes) -> Known:
        """A unix socket that has got a path."""
        return Known(self._next(), "unix", path, old.inode, protocol=old.protocol, role=old.role, ends=True)

    def used(self, old: Known, ends: Tuple, incoming: bool) -> Known:
        """A socket that a message with these ends went through; `old` itself if nothing is new.

        As sysdig has it, who sent or received first decides which side is which; for IPv6 it is always the client.
        """
        if ends.family == UNIX:
            if old.kind == "unix" and (old.path or not ends.path):
                return old
            return Known(self._next(), "unix", ends.path or None, old.inode, protocol=old.protocol, role=old.role)
        kind = "ipv4" if ends.family == IPV4 else "ipv6"
        role = old.role or ("server" if incoming and kind == "ipv4" else "client")
        here, there = (ends.source, ends.source_port), (ends.target, ends.target_port)
        if incoming:
            here, there = there, here
        before = (old.source, old.source_port) if role == "client" else (old.target, old.target_port)
        # A socket that is bound to no address of its own does not tell through which one the message went.
        if not any(here[0]) and len(before[0]) == len(here[0]) and before[1] in (here[1], 0):
            here = before[0], here[1]
        source, target = (here, there) if role == "client" else (there, here)
        if (old.kind, old.role, old.source, old.source_port, old.target, old.target_port) == (
            kind, role, *source, *target
        ):  # fmt: skip
            return old
        return Known(
            self._next(), kind, None, old.inode, 0, old.protocol, role, *source, *target, True,
        )  # fmt: skip


def _transport(kind: int, protocol: int) -> str | None:
    if kind == 3 or protocol == 255:
        return "raw"
    if protocol == 0:
        return {1: "tcp", 2: "udp"}.get(kind)
    return {1: "icmp", 6: "tcp", 17: "udp", 33: "dccp", 58: "icmpv6", 132: "sctp", 136: "udplite", 262: "mptcp"}.get(
        protocol
    )


def _connection(identity: int, entry: lists.Open, server_ports: set[int]) -> Known:
    """A connection of the list: which side is which follows from the ports that are listened on."""
    source, target = entry.source, entry.target
    mapped = b"\0" * 10 + b"\xff\xff"
    if len(source) == 16 and all(end[:12] == mapped or not any(end) for end in (source, target)):
        source, target = source[12:], target[12:]
    source_port, target_port, role = entry.source_port, entry.target_port, "client"
    if source_port in server_ports:
        source, source_port, target, target_port, role = target, target_port, source, source_port, "server"
    return Known(
        identity, "ipv4" if len(source) == 4 else "ipv6", None, entry.inode, 0, _PROTOCOLS.get(entry.protocol), role,
        source, source_port, target, target_port, True,
    )  # fmt: skip
