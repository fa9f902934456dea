"""Addresses and message headers: real ones from the kernel, and bytes of any kind."""

from __future__ import annotations

import array
import os
import socket
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kindling.catalogue.sockaddr import decode_control, decode_message, decode_sockaddr
from kindling.catalogue.tables.common import ADDRESS_FAMILY
from kindling.catalogue.types import MessageHeader, SocketAddress, Value


def header(name: int = 0, name_length: int = 0, segments: int = 1, control: int = 0, flags: int = 0) -> bytes:
    return struct.pack("<QI4xQQQQI4x", name, name_length, 0x1000, segments, 0x2000 if control else 0, control, flags)


def control(level: int, kind: int, payload: bytes) -> bytes:
    message = struct.pack("<Qii", 16 + len(payload), level, kind) + payload
    return message + bytes(-len(message) % 8)


def test_ipv4() -> None:
    data = struct.pack("<H", socket.AF_INET) + struct.pack(">H", 80) + socket.inet_aton("127.0.0.1") + bytes(8)
    assert decode_sockaddr(data) == {"family": "AF_INET", "address": "127.0.0.1", "port": 80}
    assert SocketAddress().decode(1, [data]) == decode_sockaddr(data)


def test_ipv6_shows_flow_and_scope_only_if_set() -> None:
    address = socket.inet_pton(socket.AF_INET6, "fe80::1")
    plain = struct.pack("<H", socket.AF_INET6) + struct.pack(">HI", 443, 0) + address + struct.pack("<I", 0)
    assert decode_sockaddr(plain) == {"family": "AF_INET6", "address": "fe80::1", "port": 443}
    assert decode_sockaddr(plain[:24]) == decode_sockaddr(plain)
    scoped = struct.pack("<H", socket.AF_INET6) + struct.pack(">HI", 443, 7) + address + struct.pack("<I", 3)
    assert decode_sockaddr(scoped) == {
        "family": "AF_INET6",
        "address": "fe80::1",
        "port": 443,
        "flowinfo": 7,
        "scope_id": 3,
    }


def test_ipv6_mapped() -> None:
    data = struct.pack("<H", 10) + struct.pack(">HI", 1, 0) + bytes(10) + b"\xff\xff\x0a\0\0\1" + bytes(4)
    assert decode_sockaddr(data) == {"family": "AF_INET6", "address": "::ffff:10.0.0.1", "port": 1}


@pytest.mark.parametrize(
    ("rest", "path"),
    [
        (b"", b""),
        (b"/run/x.sock", b"/run/x.sock"),
        (b"/run/x.sock\0garbage", b"/run/x.sock"),
        (b"\0name", b"@name"),
        (b"\0na\0me\0", b"@na\0me\0"),
        (b"/\xff\xfe\n", b"/\xff\xfe\n"),
        (b"x" * 108, b"x" * 108),
    ],
)
def test_unix(rest: bytes, path: bytes) -> None:
    assert decode_sockaddr(b"\1\0" + rest) == {"family": "AF_UNIX", "path": path}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"\0\0", {"family": "AF_UNSPEC"}),
        (b"\0\0" + bytes(14), {"family": "AF_UNSPEC"}),
        (b"\0\0\1", {"family": "AF_UNSPEC", "data": b"\1"}),
        (struct.pack("<HHII", 16, 0, 4711, 0x11), {"family": "AF_NETLINK", "pid": 4711, "groups": "0x11"}),
        (
            struct.pack("<H", 17) + struct.pack(">H", 0x0800) + struct.pack("<iHBB8s", 2, 1, 3, 6, b"\2\0\0\0\0\1"),
            {
                "family": "AF_PACKET",
                "protocol": "ETH_P_IP",
                "ifindex": 2,
                "hatype": "ARPHRD_ETHER",
                "pkttype": "PACKET_OTHERHOST",
                "address": "02:00:00:00:00:01",
            },
        ),
        (struct.pack("<HHIIBxxx", 40, 0, 1024, 2, 0), {"family": "AF_VSOCK", "cid": 2, "port": 1024}),
        (struct.pack("<HHIIBxxx", 40, 0, 1024, 2, 1), {"family": "AF_VSOCK", "cid": 2, "port": 1024, "flags": 1}),
        (
            struct.pack("<H14sII64s", 38, b"skcipher", 0, 0, b"cbc(aes)"),
            {"family": "AF_ALG", "type": b"skcipher", "name": b"cbc(aes)", "feat": "0x0", "mask": "0x0"},
        ),
        (struct.pack("<HHH", 31, 1, 3), {"family": "AF_BLUETOOTH", "device": 1, "channel": 3}),
        (b"\x1f\0\6\5\4\3\2\1", {"family": "AF_BLUETOOTH", "address": "01:02:03:04:05:06"}),
        (b"\x1f\0\6\5\4\3\2\1\7\0", {"family": "AF_BLUETOOTH", "address": "01:02:03:04:05:06", "channel": 7}),
        (
            struct.pack("<HH6sHBx", 31, 25, b"\6\5\4\3\2\1", 4, 2),
            {"family": "AF_BLUETOOTH", "address": "01:02:03:04:05:06", "psm": 25, "cid": 4, "address_type": 2},
        ),
        (struct.pack("<HHi16x", 29, 0, 5), {"family": "AF_CAN", "ifindex": 5}),
        (
            struct.pack("<HHIII", 44, 4, 2, 1, 7),
            {"family": "AF_XDP", "flags": "0x4", "ifindex": 2, "queue_id": 1, "shared_umem_fd": 7},
        ),
        (
            struct.pack("<HHHHH", 33, 52, 2, 16, 2) + struct.pack(">H", 7001) + b"\x0a\0\0\1" + bytes(8),
            {
                "family": "AF_RXRPC",
                "service": 52,
                "transport_type": 2,
                "transport": {"family": "AF_INET", "address": "10.0.0.1", "port": 7001},
            },
        ),
        (struct.pack("<HHII", 42, 0, 1, 9), {"family": "AF_QIPCRTR", "node": 1, "port": 9}),
        (b"\x09\0abc", {"family": "AF_X25", "data": b"abc"}),
        (b"\xff\xffabc", {"family": "0xffff", "data": b"abc"}),
        (b"\2\0\0", {"family": "AF_INET", "data": b"\0"}),
        (b"\2", {"data": b"\2"}),
        (b"", {"data": b""}),
    ],
)
def test_families(data: bytes, expected: Value) -> None:
    assert decode_sockaddr(data) == expected


def test_message_with_everything() -> None:
    address = struct.pack("<H", 2) + struct.pack(">H", 53) + b"\x08\x08\x08\x08" + bytes(8)
    credentials = control(socket.SOL_SOCKET, socket.SCM_CREDENTIALS, struct.pack("<iII", 12, 1000, 100))
    rights = control(socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack("<3i", 3, 9, 11))
    ancillary = credentials + rights
    data = [header(1, 16, 2, len(ancillary), 0x40000008), address + b"beyond", ancillary + b"beyond", b"GET"]
    expected = {
        "address": {"family": "AF_INET", "address": "8.8.8.8", "port": 53},
        "segments": 2,
        "control": [
            {"level": "SOL_SOCKET", "type": "SCM_CREDENTIALS", "pid": 12, "uid": 1000, "gid": 100},
            {"level": "SOL_SOCKET", "type": "SCM_RIGHTS", "fds": [3, 9, 11]},
        ],
        "flags": "MSG_CTRUNC|MSG_CMSG_CLOEXEC",
        "data": b"GET",
    }
    assert decode_message(data) == expected
    assert MessageHeader().decode(1, data) == expected


def test_message_without_anything() -> None:
    assert decode_message([header()]) == {"segments": 1, "flags": "0"}
    assert decode_message([header(), None, None, None]) == {"segments": 1, "flags": "0"}
    assert decode_message([None, None, None, None]) is None
    assert decode_message([]) is None
    assert decode_message([header()[:-1]]) is None


def test_message_parts_that_could_not_be_read_are_null() -> None:
    shown = decode_message([header(1, 16, 1, 64), None, None, None])
    assert shown == {"address": None, "segments": 1, "control": None, "flags": "0"}


@pytest.mark.parametrize(
    ("level", "kind", "payload", "expected"),
    [
        (socket.IPPROTO_IP, socket.IP_TTL, struct.pack("<i", 64), {"level": "SOL_IP", "type": "IP_TTL", "value": 64}),
        (socket.IPPROTO_IP, socket.IP_TOS, b"\x10", {"level": "SOL_IP", "type": "IP_TOS", "value": 16}),
        (
            0,
            8,
            struct.pack("<i", 2) + b"\x0a\0\0\1\x0a\0\0\2",
            {
                "level": "SOL_IP",
                "type": "IP_PKTINFO",
                "ipi_ifindex": 2,
                "ipi_spec_dst": "10.0.0.1",
                "ipi_addr": "10.0.0.2",
            },
        ),
        (
            1,
            35,
            struct.pack("<qq", 5, 6),
            {"level": "SOL_SOCKET", "type": "SCM_TIMESTAMPNS", "tv_sec": 5, "tv_nsec": 6},
        ),
        (17, 103, struct.pack("<H", 1200), {"level": "SOL_UDP", "type": "UDP_SEGMENT", "value": 1200}),
        (282, 2, b"\x15", {"level": "SOL_TLS", "type": "TLS_GET_RECORD_TYPE", "value": "alert"}),
        (1, 3, b"unconfined\0", {"level": "SOL_SOCKET", "type": "SCM_SECURITY", "value": b"unconfined"}),
        (1, 999, b"ab", {"level": "SOL_SOCKET", "type": "0x3e7", "data": b"ab"}),
        (9999, 1, b"ab", {"level": "0x270f", "type": 1, "data": b"ab"}),
        (1, 4, b"", {"level": "SOL_SOCKET", "type": "SCM_PIDFD", "data": b""}),
    ],
)
def test_control_messages(level: int, kind: int, payload: bytes, expected: Value) -> None:
    assert decode_control(control(level, kind, payload)) == [expected]


def test_extended_error_with_offender() -> None:
    payload = struct.pack("<IBBBBII", 111, 2, 3, 3, 0, 0, 0)
    offender = struct.pack("<H", 2) + bytes(2) + b"\x0a\0\0\xfe" + bytes(8)
    (message,) = decode_control(control(0, 11, payload + offender))
    assert isinstance(message, dict)
    value = message["value"]
    assert isinstance(value, dict)
    assert value["ee_errno"] == "ECONNREFUSED"
    assert value["ee_origin"] == "SO_EE_ORIGIN_ICMP"
    assert value["offender"] == {"family": "AF_INET", "address": "10.0.0.254", "port": 0}


def test_control_cut_short_keeps_what_there_is() -> None:
    whole = control(1, 1, struct.pack("<16i", *range(16)))
    (message,) = decode_control(whole[:30])
    assert message == {"level": "SOL_SOCKET", "type": "SCM_RIGHTS", "fds": [0, 1, 2]}


def test_control_with_a_length_that_cannot_be_ends_the_list() -> None:
    good = control(1, 1, struct.pack("<i", 5))
    for length in (0, 15):
        broken = struct.pack("<Qii", length, 1, 1) + b"rest"
        assert decode_control(good + broken) == [
            {"level": "SOL_SOCKET", "type": "SCM_RIGHTS", "fds": [5]},
            {"data": broken},
        ]
    assert decode_control(good + bytes(40)) == [{"level": "SOL_SOCKET", "type": "SCM_RIGHTS", "fds": [5]}]
    assert len(decode_control(struct.pack("<Qii", 2**64 - 1, 1, 1) + b"abcd")) == 1


def test_real_descriptor_passing() -> None:
    """What Python's own parser makes of a message that the kernel delivered is what ours makes of the same bytes."""
    left, right = socket.socketpair()
    reader, writer = os.pipe()
    try:
        left.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [reader, writer]))])
        _, ancillary, _, _ = right.recvmsg(1, socket.CMSG_SPACE(8))
        ((level, kind, payload),) = ancillary
        received = array.array("i", payload)
        assert decode_control(control(level, kind, payload)) == [
            {"level": "SOL_SOCKET", "type": "SCM_RIGHTS", "fds": list(received)}
        ]
        for descriptor in received:
            os.close(descriptor)
    finally:
        left.close()
        right.close()
        os.close(reader)
        os.close(writer)


def test_families_agree_with_python() -> None:
    for name, number in ADDRESS_FAMILY.values.items():
        assert getattr(socket, name, number) == number


@given(st.binary(max_size=160))
def test_any_bytes_are_an_address(data: bytes) -> None:
    shown = decode_sockaddr(data)
    assert isinstance(shown, dict)
    assert ("family" in shown) == (len(data) >= 2)


@given(st.sampled_from(sorted(ADDRESS_FAMILY.values.values())), st.binary(max_size=140))
def test_any_bytes_of_a_known_family(family: int, rest: bytes) -> None:
    shown = decode_sockaddr(struct.pack("<H", family) + rest)
    assert isinstance(shown, dict)
    assert shown["family"] == ADDRESS_FAMILY.show(family, "x86_64")


@given(st.ip_addresses(v=4), st.integers(0, 65535))
def test_ipv4_round_trip(address: object, port: int) -> None:
    data = struct.pack("<H", 2) + struct.pack(">H", port) + socket.inet_aton(str(address)) + bytes(8)
    assert decode_sockaddr(data) == {"family": "AF_INET", "address": str(address), "port": port}


@given(st.binary(min_size=1, max_size=108))
def test_unix_paths_lose_nothing(path: bytes) -> None:
    shown = decode_sockaddr(b"\1\0" + path)
    assert isinstance(shown, dict)
    expected = b"@" + path[1:] if path[0] == 0 else path.split(b"\0")[0]
    assert shown["path"] == expected


_part = st.none() | st.binary(max_size=200)


@given(st.lists(_part, max_size=5))
def test_any_bytes_are_a_message(parts: list[bytes | None]) -> None:
    shown = decode_message(parts)
    whole = bool(parts) and parts[0] is not None and len(parts[0]) >= 56
    assert isinstance(shown, dict) == whole


@given(st.binary(min_size=56, max_size=56), _part, _part, _part)
def test_any_header_with_any_parts(
    first: bytes, name: bytes | None, ancillary: bytes | None, data: bytes | None
) -> None:
    shown = decode_message([first, name, ancillary, data])
    assert isinstance(shown, dict)
    assert shown.get("data") == data


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 100), st.binary(max_size=40)), max_size=6))
def test_control_messages_are_all_there(messages: list[tuple[int, int, bytes]]) -> None:
    data = b"".join(control(level, kind, payload) for level, kind, payload in messages)
    assert len(decode_control(data)) == len(messages)


@given(st.binary(max_size=300))
def test_any_control_bytes_end(data: bytes) -> None:
    assert len(decode_control(data)) <= len(data) // 16 + 1
