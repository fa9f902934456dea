"""Socket addresses and message headers from their bytes. Nothing here raises, whatever the bytes are.

Layouts are those of `include/uapi/linux` (in.h, in6.h, un.h, netlink.h, if_packet.h, vm_sockets.h, if_alg.h ...)
and of `struct user_msghdr` and `struct cmsghdr` on 64-bit machines.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Sequence

from kindling.catalogue.tables.common import ADDRESS_FAMILY, MESSAGE_FLAGS
from kindling.catalogue.tables.net import (
    CONTROL_NAMES,
    CONTROL_TYPES,
    ETHER_TYPE,
    HARDWARE_TYPE,
    PACKET_TYPE,
    SOCKET_LEVEL,
)
from kindling.catalogue.types import FD, U32, Call, Structure, Value

Fields = dict[str, Value]

_MACHINE = "x86_64"
"""Address families and control messages have the same numbers on all machines of the catalogue."""

_CALL = Call({}, machine=_MACHINE)
_MESSAGE_HEADER = struct.Struct("<QI4xQQQQI4x")
_CONTROL_HEADER = struct.Struct("<Qii")


def _unix(data: bytes) -> Fields:
    path = data[2:]
    if path.startswith(b"\0"):
        # An abstract name is all of the bytes that the length covers, NULs included.
        return {"path": b"@" + path[1:]}
    return {"path": path.split(b"\0", 1)[0]}


def _inet(data: bytes) -> Fields:
    (port,) = struct.unpack_from(">H", data, 2)
    return {"address": socket.inet_ntop(socket.AF_INET, data[4:8]), "port": port}


def _inet6(data: bytes) -> Fields:
    port, flowinfo = struct.unpack_from(">HI", data, 2)
    fields: Fields = {"address": socket.inet_ntop(socket.AF_INET6, data[8:24]), "port": port}
    if flowinfo:
        fields["flowinfo"] = flowinfo
    # Old callers pass 24 bytes, without a scope (RFC 2133).
    if len(data) >= 28 and (scope := int.from_bytes(data[24:28], "little")):
        fields["scope_id"] = scope
    return fields


def _netlink(data: bytes) -> Fields:
    pid, groups = struct.unpack_from("<II", data, 4)
    return {"pid": pid, "groups": f"{groups:#x}"}


def _packet(data: bytes) -> Fields:
    index, hardware, kind, length = struct.unpack_from("<iHBB", data, 4)
    return {
        "protocol": ETHER_TYPE.unpack(data[2:4]),
        "ifindex": index,
        "hatype": HARDWARE_TYPE.show(hardware, _MACHINE),
        "pkttype": PACKET_TYPE.show(kind, _MACHINE),
        "address": data[12 : 12 + min(length, 8)].hex(":"),
    }


def _vsock(data: bytes) -> Fields:
    port, cid = struct.unpack_from("<II", data, 4)
    fields: Fields = {"cid": cid, "port": port}
    if len(data) > 12 and data[12]:
        fields["flags"] = data[12]
    return fields


def _alg(data: bytes) -> Fields:
    feature, mask = struct.unpack_from("<II", data, 16)
    return {
        "type": data[2:16].split(b"\0", 1)[0],
        "name": data[24:].split(b"\0", 1)[0],
        "feat": f"{feature:#x}",
        "mask": f"{mask:#x}",
    }


def _bluetooth_address(data: bytes) -> str:
    return data[5::-1].hex(":")


def _bluetooth(data: bytes) -> Fields:
    # The protocol is not in the address, but its structures have different sizes. Only ISO's (10 bytes with the type
    # of the address last) cannot be told from RFCOMM's.
    if len(data) >= 13:
        psm, cid = struct.unpack_from("<H6xH", data, 2)
        return {"address": _bluetooth_address(data[4:10]), "psm": psm, "cid": cid, "address_type": data[12]}
    if len(data) >= 9:
        return {"address": _bluetooth_address(data[2:8]), "channel": data[8]}
    if len(data) == 8:
        return {"address": _bluetooth_address(data[2:8])}
    device, channel = struct.unpack_from("<HH", data, 2)
    return {"device": device, "channel": channel}


def _can(data: bytes) -> Fields:
    (index,) = struct.unpack_from("<i", data, 4)
    fields: Fields = {"ifindex": index}
    if any(data[8:]):
        fields["data"] = data[8:]
    return fields


def _tipc(data: bytes) -> Fields:
    kind, scope = struct.unpack_from("<Bb", data, 2)
    first, second, third = struct.unpack_from("<III", data, 4)
    if kind == 3:
        return {"addrtype": "TIPC_SOCKET_ADDR", "scope": scope, "ref": first, "node": second}
    if kind == 2:
        return {"addrtype": "TIPC_SERVICE_ADDR", "scope": scope, "type": first, "instance": second, "domain": third}
    if kind == 1:
        return {"addrtype": "TIPC_SERVICE_RANGE", "scope": scope, "type": first, "lower": second, "upper": third}
    return {"addrtype": f"{kind:#x}", "scope": scope, "data": data[4:]}


def _rxrpc(data: bytes) -> Fields:
    service, transport, length = struct.unpack_from("<HHH", data, 2)
    fields: Fields = {"service": service, "transport_type": transport}
    inner = data[8 : 8 + length]
    # An address inside an address inside an address ... could be made up: only IP may follow.
    if inner[:2] in (b"\x02\0", b"\x0a\0"):
        fields["transport"] = decode_sockaddr(inner)
    elif inner:
        fields["data"] = inner
    return fields


def _qipcrtr(data: bytes) -> Fields:
    node, port = struct.unpack_from("<II", data, 4)
    return {"node": node, "port": port}


def _xdp(data: bytes) -> Fields:
    flags, index, queue, shared = struct.unpack_from("<HIIi", data, 2)
    return {"flags": f"{flags:#x}", "ifindex": index, "queue_id": queue, "shared_umem_fd": shared}


def _mctp(data: bytes) -> Fields:
    network, address, kind, tag = struct.unpack_from("<IBBB", data, 4)
    return {"network": network, "address": address, "type": kind, "tag": tag}


def _unspec(data: bytes) -> Fields:
    return {"data": data[2:]} if any(data[2:]) else {}


_FAMILIES: dict[str, tuple[int, Callable[[bytes], Fields]]] = {
    "AF_UNSPEC": (2, _unspec),
    "AF_UNIX": (2, _unix),
    "AF_INET": (8, _inet),
    "AF_INET6": (24, _inet6),
    "AF_NETLINK": (12, _netlink),
    "AF_PACKET": (12, _packet),
    "AF_VSOCK": (12, _vsock),
    "AF_ALG": (24, _alg),
    "AF_BLUETOOTH": (6, _bluetooth),
    "AF_CAN": (8, _can),
    "AF_TIPC": (16, _tipc),
    "AF_RXRPC": (8, _rxrpc),
    "AF_QIPCRTR": (12, _qipcrtr),
    "AF_XDP": (16, _xdp),
    "AF_MCTP": (11, _mctp),
}
"""The fewest bytes that make sense, and what they mean."""


def decode_sockaddr(data: bytes) -> Value:
    """A struct sockaddr as an object with its "family" and what that family has.

    IPv4 and IPv6: "address", "port" (and "flowinfo", "scope_id" where not zero). Unix: "path" as bytes, empty if
    unnamed, an abstract name with "@" for its leading NUL. A family without fields here, or too few bytes: the rest
    as "data". Less than two bytes have no family.
    """
    if len(data) < 2:
        return {"data": data}
    family = ADDRESS_FAMILY.unpack(data[:2])
    result: Fields = {"family": family}
    known = _FAMILIES.get(family) if isinstance(family, str) else None
    if known is None or len(data) < known[0]:
        result["data"] = data[2:]
        return result
    result.update(known[1](data))
    return result


def _control_message(level: int, kind: int, payload: bytes) -> Fields:
    level_name = SOCKET_LEVEL.show(level, _MACHINE)
    kinds = CONTROL_NAMES.get(level_name) if isinstance(level_name, str) else None
    kind_name = kinds.show(kind, _MACHINE) if kinds is not None else U32.show(kind, _MACHINE)
    message: Fields = {"level": level_name, "type": kind_name}
    if kind_name == "SCM_RIGHTS":
        message["fds"] = [FD.unpack(payload[at : at + 4]) for at in range(0, len(payload) - 3, 4)]
        return message
    type = CONTROL_TYPES.get(kind_name) if isinstance(kind_name, str) else None
    if type is None:
        # TTL, traffic class and the like are numbers of one to four bytes, depending on kernel and direction.
        if kinds is not None and kind_name in kinds.values and 0 < len(payload) <= 4:
            message["value"] = int.from_bytes(payload, "little", signed=len(payload) == 4)
        else:
            message["data"] = payload
        return message
    if not payload:
        message["data"] = payload
        return message
    value = type.unpack(payload, _CALL)
    if isinstance(type, Structure) and isinstance(value, dict):
        message.update(value)
    else:
        message["value"] = value
    return message


def decode_control(control: bytes) -> list[Value]:
    """Control data as a list of messages, each with "level" and "type" and what it holds.

    Descriptors of SCM_RIGHTS are "fds"; what has no fields of its own is "value" or "data". Bytes that are no
    message (a length that cannot be) end the list as {"data": ...} unless they are zero.
    """
    messages: list[Value] = []
    at = 0
    while len(control) - at >= _CONTROL_HEADER.size:
        length, level, kind = _CONTROL_HEADER.unpack_from(control, at)
        if length < _CONTROL_HEADER.size:
            break
        messages.append(_control_message(level, kind, control[at + _CONTROL_HEADER.size : at + length]))
        at += (length + 7) & ~7
    if any(control[at:]):
        messages.append({"data": control[at:]})
    return messages


def decode_message(data: Sequence[bytes | None]) -> Value:
    """A struct msghdr from the copies of `MessageHeader`: the header, its address, its control data, its payload.

    {"address": ..., "segments": number of iovecs, "control": [...], "flags": ..., "data": payload}; address, control
    and data only where there are any, null where they could not be read.
    """
    parts = [*data, None, None, None, None]
    header = parts[0]
    if header is None or len(header) < _MESSAGE_HEADER.size:
        return None
    name, name_length, _, segments, control, control_length, flags = _MESSAGE_HEADER.unpack_from(header)
    result: Fields = {}
    if name and name_length:
        address = parts[1]
        result["address"] = None if address is None else decode_sockaddr(address[:name_length])
    result["segments"] = segments
    if control and control_length:
        messages = parts[2]
        result["control"] = None if messages is None else decode_control(messages[:control_length])
    result["flags"] = MESSAGE_FLAGS.show(flags, _MACHINE)
    if parts[3] is not None:
        result["data"] = parts[3]
    return result
