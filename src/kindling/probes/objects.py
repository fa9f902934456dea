"""Objects as the kernel side sends them (`layout.THREAD_OBJECT`, `layout.DESCRIPTOR_OBJECT`), decoded."""

from __future__ import annotations

import struct

from kindling.enrich import descriptors
from kindling.enrich.containers import container_id
from kindling.enrich.objects import Descriptor, Thread
from kindling.probes import layout
from kindling.probes.layout import Mark, Role

_THREAD = struct.Struct("<6HI3Q12I16s")
_DESCRIPTOR = struct.Struct("<4HIIQQQQHHBBHHHI16s16sQ")
assert _THREAD.size == layout.THREAD_OBJECT.itemsize
assert _DESCRIPTOR.size == layout.DESCRIPTOR_OBJECT.itemsize

_ROLES = {Role.UNKNOWN: None, Role.CLIENT: "client", Role.SERVER: "server"}
_PSEUDO = 2
_DELETED = 1


_shared: dict[bytes, bytes] = {}


def _share(value: bytes) -> bytes:
    """One object for equal names: thousands of threads have the same few."""
    if len(_shared) > 4096:
        _shared.clear()
    return _shared.setdefault(value, value)


def split_names(data: bytes) -> list[bytes]:
    """Names from leaf to root, as the kernel side writes them, in the order of a path."""
    names: list[bytes] = []
    at = 0
    while at < len(data):
        end = at + 1 + data[at]
        names.append(data[at + 1 : end])
        at = end
    names.reverse()
    return names


def decode_thread(data: bytes) -> Thread:
    """A Thread from the bytes of a thread object."""
    (
        _, marks, exe_length, arguments_length, cgroup_length, _, version, _, start, cgroup_id,
        tid, pid, ppid, uid, gid, euid, egid, ns_tid, ns_pid, pid_ns, mnt_ns, net_ns, comm,
    ) = _THREAD.unpack_from(data)  # fmt: skip
    at = _THREAD.size
    exe = data[at : at + exe_length]
    at += exe_length
    arguments = data[at : at + arguments_length]
    at += arguments_length
    cgroup = _share(b"/" + b"/".join(split_names(data[at : at + cgroup_length])))
    quality: list[str] = []
    if marks & Mark.TRUNCATED:
        quality.append("truncated")
    if marks & Mark.FAULT:
        quality.append("fault:arguments")
    return Thread(
        tid=tid,
        pid=pid,
        version=version,
        ppid=ppid,
        uid=uid,
        gid=gid,
        euid=euid,
        egid=egid,
        comm=_share(comm.split(b"\0", 1)[0]),
        exe=_share(b"/" + b"/".join(split_names(exe))) if exe_length else None,
        arguments=tuple(arguments.removesuffix(b"\0").split(b"\0")) if arguments_length else None,
        cgroup=cgroup,
        cgroup_id=cgroup_id,
        container_id=container_id(cgroup),
        start=start,
        ns_tid=ns_tid,
        ns_pid=ns_pid,
        pid_ns=pid_ns,
        mnt_ns=mnt_ns,
        net_ns=net_ns,
        quality=tuple(quality),
    )


def decode_descriptor(data: bytes) -> Descriptor:
    """A Descriptor from the bytes of a descriptor object."""
    (
        _, marks, path_length, family, mode, device, identity, inode, magic, _, kind, protocol, state, role,
        local_port, remote_port, name_length, net_ns, local, remote, peer,
    ) = _DESCRIPTOR.unpack_from(data)  # fmt: skip
    quality = ("truncated",) if marks & Mark.TRUNCATED else ()
    strings = data[_DESCRIPTOR.size :]
    if mode & 0o170000 == 0o140000:
        return _socket(
            identity, inode, family, kind, protocol, state, _ROLES.get(Role(role)), (local, local_port),
            (remote, remote_port), descriptors.unix_name(strings[:name_length]), net_ns, peer or None, quality,
        )  # fmt: skip
    names = split_names(strings[:path_length])
    own = names[-1] if names else b""
    file_type = descriptors.file_type(mode, magic, own)
    deleted = bool(state & _DELETED)
    path: bytes | None = b"/" + b"/".join(names)
    if state & _PSEUDO:
        if file_type in ("pipe", "namespace"):
            path = None
        elif file_type == "pidfd":
            path = b"anon_inode:[pidfd]"
        elif magic == descriptors.ANON_INODE_MAGIC:
            path = b"anon_inode:" + own
        elif own == b"/":
            path = b"/"
        else:
            # memfd_create and other files that never had a name in a directory.
            path, deleted = b"/" + own, True
    return Descriptor(
        id=identity,
        type=file_type,
        path=path,
        inode=inode,
        device=descriptors.device_name(peer if kind == 1 else device),
        deleted=deleted,
        quality=quality,
    )


def _socket(
    identity: int,
    inode: int,
    family: int,
    kind: int,
    protocol: int,
    state: int,
    role: str | None,
    local: tuple[bytes, int],
    remote: tuple[bytes, int],
    unix_name: bytes | None,
    net_ns: int,
    peer: int | None,
    quality: tuple[str, ...],
) -> Descriptor:
    sides: dict[str, str | int | None] = {}
    socket_type = descriptors.socket_type(family)
    if family in (2, 10):
        ends = [_end(family, *local), _end(family, *remote)]
        if family == 10 and (descriptors.is_mapped(local[0]) or descriptors.is_mapped(remote[0])):
            socket_type = "ipv4"
        client, server = ends if role == "client" else ends[::-1]
        if role is None:
            # Which side is which is not known: ours is the source, as in ss and netstat.
            client, server = ends
        sides = {"sip": client[0], "sport": client[1], "dip": server[0], "dport": server[1]}
    name = descriptors.TCP_STATES[state] if family in (2, 10) and protocol == 6 and state < 13 else None
    return Descriptor(
        id=identity,
        type=socket_type,
        path=unix_name if family == 1 else None,
        inode=inode,
        protocol=descriptors.socket_protocol(family, kind, protocol),
        state=name,
        role=role,
        net_ns=net_ns,
        peer_inode=peer,
        quality=quality,
        **sides,  # type: ignore[arg-type]
    )


def _end(family: int, address: bytes, port: int) -> tuple[str | None, int | None]:
    """One end of a connection; nothing where it has neither address nor port."""
    if port == 0 and descriptors.is_any(address[:4] if family == 2 else address):
        return None, None
    return descriptors.address_text(family, address), port
