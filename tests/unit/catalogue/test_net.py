"""The socket calls: names against the headers and Python, values against the kernel's own answers."""

from __future__ import annotations

import shutil
import socket
import struct
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kindling.catalogue.syscalls.net import SYSCALLS
from kindling.catalogue.tables import net
from kindling.catalogue.tables.common import SOCKET_FAMILY
from kindling.catalogue.types import Call, Enum, Flags, LengthFrom, Structure, Value

BY_NAME = {definition.name: definition for definition in SYSCALLS}
TABLES = [value for value in vars(net).values() if isinstance(value, (Enum, Flags))]
STRUCTURES = [value for value in vars(net).values() if isinstance(value, Structure)]

HEADERS = """
    can
    can/raw
    dccp
    errqueue
    filter
    icmp
    icmpv6
    if_alg
    if_arp
    if_ether
    if_packet
    if_xdp
    in
    in6
    ip_vs
    ipv6
    kcm
    mroute
    mroute6
    net_tstamp
    netlink
    rxrpc
    sctp
    smc
    tcp
    tipc
    tls
    udp
    vm_sockets
""".split()
"""Below linux/. Not all releases have all of them: DCCP is gone since 6.16."""

C_STRUCTURES = {
    "linger",
    "sock_fprog",
    "so_timestamping",
    "sock_txtime",
    "ip_mreqn",
    "ip_mreq_source",
    "ipv6_mreq",
    "in6_flowlabel_req",
    "tcp_info",
    "tcp_repair_window",
    "tcp_repair_opt",
    "tcp_md5sig",
    "tcp_zerocopy_receive",
    "packet_mreq",
    "tpacket_req3",
    "tpacket_auxdata",
    "tpacket_rollover_stats",
    "fanout_args",
    "xdp_statistics",
    "xdp_options",
    "can_filter",
    "sctp_initmsg",
    "sctp_rtoinfo",
    "sctp_sndrcvinfo",
    "sctp_sndinfo",
    "sctp_rcvinfo",
    "tipc_group_req",
    "in_pktinfo",
    "in6_pktinfo",
    "sock_extended_err",
    "scm_ts_pktinfo",
    "group_req",
    "group_source_req",
}

BIT_FIELDS = {
    "tcpi_snd_wscale",
    "tcpi_rcv_wscale",
    "tcpi_delivery_rate_app_limited",
    "tcpi_fastopen_client_fail",
}


def compiled(tmp_path: Path, lines: list[str]) -> dict[str, int]:
    """What a C program that has all the headers prints: "name number" per line."""
    compiler = shutil.which("gcc")
    if compiler is None:
        pytest.skip("gcc is not installed")
    source = tmp_path / "numbers.c"
    includes = ["#include <stddef.h>", "#include <stdint.h>", "#include <stdio.h>", "#include <sys/socket.h>"]
    for header in HEADERS:
        includes += [f"#if __has_include(<linux/{header}.h>)", f"#include <linux/{header}.h>", "#endif"]
    source.write_text("\n".join([*includes, "int main(void) {", *lines, "return 0; }\n"]))
    subprocess.run([compiler, "-w", str(source), "-o", str(tmp_path / "numbers")], check=True)
    printed = subprocess.run([str(tmp_path / "numbers")], capture_output=True, text=True, check=True).stdout
    return {name: int(number) for name, number in (line.split() for line in printed.splitlines())}


def option(definition: str, level: str, name: str, data: bytes) -> Value:
    call = BY_NAME[definition]
    names = net.SET_OPTION_NAMES if definition == "setsockopt" else net.GET_OPTION_NAMES
    raw = {"level": net.SOCKET_LEVEL.values[level], "optname": names[level].values[name]}
    assert call.argument("optname").type.decode(raw["optname"], (), Call(raw)) == name
    return call.argument("optval").type.decode(1, [data], Call(raw))


def test_descriptors() -> None:
    assert {name: definition.descriptor for name, definition in BY_NAME.items()} == {
        **dict.fromkeys(BY_NAME, "sockfd"),
        "socket": "ret",
        "accept": "ret",
        "accept4": "ret",
        "socketpair": None,
    }


def test_names_agree_with_python() -> None:
    checked = 0
    for table in TABLES + list(net.GET_OPTION_NAMES.values()) + list(net.CONTROL_NAMES.values()):
        for name, number in table.values.items():
            known = getattr(socket, name, None)
            if isinstance(known, int) and name not in ("SO_RCVTIMEO", "SO_SNDTIMEO"):
                assert known == number, name
                checked += 1
    assert checked > 150


def test_names_agree_with_the_headers(tmp_path: Path) -> None:
    # EBT, RFCOMM and other names of several libraries are not in these headers and stay unchecked.
    tables = [*TABLES, *net.SET_OPTION_NAMES.values(), *net.GET_OPTION_NAMES.values(), *net.CONTROL_NAMES.values()]
    wanted: dict[str, int] = {}
    for table in tables:
        values = dict(table.values)
        if isinstance(table, Flags):
            for group in table.fields.values():
                values |= group
        wanted |= {name: number for name, number in values.items() if name.isidentifier()}
    lines = [f'#ifdef {name}\nprintf("{name} %lld\\n", (long long)({name}));\n#endif' for name in wanted]
    found = compiled(tmp_path, lines)
    assert len(found) > 550
    differing = {name for name, number in found.items() if number & 0xFFFFFFFF != wanted[name] & 0xFFFFFFFF}
    assert differing == set()


def test_structures_agree_with_the_headers(tmp_path: Path) -> None:
    by_name = {structure.name: structure for structure in STRUCTURES}
    assert set(by_name) >= C_STRUCTURES
    offsets = {
        f"{name}.{member.name}": member.offset
        for name in C_STRUCTURES
        for member in by_name[name].members
        if member.name not in BIT_FIELDS
    }
    size = compiled(tmp_path, ['printf("tcp_info %zu\\n", sizeof(struct tcp_info));'])["tcp_info"]
    offsets = {name: at for name, at in offsets.items() if not name.startswith("tcp_info.") or at < size}
    lines = ['printf("{} %zu\\n", offsetof(struct {}, {}));'.format(name, *name.split(".")) for name in sorted(offsets)]
    assert compiled(tmp_path, lines) == offsets


@pytest.mark.parametrize(
    ("domain", "raw", "shown"),
    [
        (socket.AF_INET, 6, "IPPROTO_TCP"),
        (socket.AF_INET6, 58, "IPPROTO_ICMPV6"),
        (socket.AF_NETLINK, 0, "NETLINK_ROUTE"),
        (socket.AF_PACKET, socket.htons(3), "ETH_P_ALL"),
        (socket.AF_PACKET, socket.htons(0x86DD), "ETH_P_IPV6"),
        (socket.AF_UNIX, 0, 0),
        (999, 5, 5),
    ],
)
def test_protocol_depends_on_the_family(domain: int, raw: int, shown: Value) -> None:
    protocol = BY_NAME["socket"].argument("protocol").type
    assert protocol.decode(raw, (), Call({"domain": domain})) == shown


def test_protocols_are_of_known_families() -> None:
    assert set(net.SOCKET_PROTOCOL.cases) <= set(SOCKET_FAMILY.values)


def test_every_type_belongs_to_an_option() -> None:
    known = {
        name for table in (*net.SET_OPTION_NAMES.values(), *net.GET_OPTION_NAMES.values()) for name in table.values
    }
    assert set(net.OPTION_TYPES) <= known
    control = {name for table in net.CONTROL_NAMES.values() for name in table.values}
    assert set(net.CONTROL_TYPES) <= control
    levels = set(net.SOCKET_LEVEL.values)
    assert set(net.OPTIONS) | set(net.SET_OPTIONS) | set(net.GET_OPTIONS) | set(net.CONTROL) <= levels


@pytest.mark.parametrize(
    ("level", "name", "data", "shown"),
    [
        ("SOL_SOCKET", "SO_REUSEADDR", struct.pack("<i", 1), 1),
        ("SOL_SOCKET", "SO_LINGER", struct.pack("<ii", 1, 5), {"l_onoff": 1, "l_linger": 5}),
        ("SOL_SOCKET", "SO_RCVTIMEO_OLD", struct.pack("<qq", 2, 500), {"tv_sec": 2, "tv_usec": 500}),
        ("SOL_SOCKET", "SO_BINDTODEVICE", b"eth0\0", b"eth0"),
        ("SOL_SOCKET", "SO_BINDTODEVICE", b"eth0", b"eth0"),
        ("SOL_SOCKET", "SO_MARK", struct.pack("<i", 0x10), "0x10"),
        ("SOL_SOCKET", "SO_TIMESTAMPING_OLD", struct.pack("<i", 1 << 4 | 1 << 30), {"flags": None}),
        ("SOL_SOCKET", "SO_MAX_PACING_RATE", struct.pack("<I", 10**6), 10**6),
        ("SOL_SOCKET", "SO_MAX_PACING_RATE", struct.pack("<Q", 10**12), 10**12),
        ("SOL_IP", "IP_MTU_DISCOVER", struct.pack("<i", 2), "IP_PMTUDISC_DO"),
        ("SOL_IP", "IP_TTL", b"\x40", 64),
        ("SOL_IP", "IP_MULTICAST_IF", b"\x0a\0\0\1", "10.0.0.1"),
        (
            "SOL_IP",
            "IP_ADD_MEMBERSHIP",
            b"\xe0\0\0\xfb\x0a\0\0\1" + struct.pack("<i", 2),
            {"imr_multiaddr": "224.0.0.251", "imr_address": "10.0.0.1", "imr_ifindex": 2},
        ),
        (
            "SOL_IP",
            "IP_ADD_MEMBERSHIP",
            b"\xe0\0\0\xfb\0\0\0\0",
            {"imr_multiaddr": "224.0.0.251", "imr_address": "0.0.0.0"},
        ),
        ("SOL_IP", "IP_LOCAL_PORT_RANGE", struct.pack("<HH", 40000, 50000), {"low": 40000, "high": 50000}),
        (
            "SOL_IPV6",
            "MCAST_JOIN_GROUP",
            struct.pack("<II", 3, 0)
            + b"\x0a\0\0\0"
            + bytes(4)
            + socket.inet_pton(socket.AF_INET6, "ff02::fb")
            + bytes(104),
            {"gr_interface": 3, "gr_group": {"family": "AF_INET6", "address": "ff02::fb", "port": 0}},
        ),
        ("SOL_TCP", "TCP_CONGESTION", b"bbr", b"bbr"),
        ("SOL_TCP", "TCP_REPAIR", struct.pack("<i", -1), "TCP_REPAIR_OFF_NO_WP"),
        ("SOL_TCP", "TCP_FASTOPEN_KEY", bytes(16), {"withheld": 16}),
        (
            "SOL_TLS",
            "TLS_TX",
            struct.pack("<HH", 0x304, 51) + b"secret" * 6,
            {"version": "TLS_1_3_VERSION", "cipher_type": "TLS_CIPHER_AES_GCM_128"},
        ),
        ("SOL_UDP", "UDP_SEGMENT", struct.pack("<i", 1400), 1400),
        ("SOL_PACKET", "PACKET_FANOUT", struct.pack("<HH", 7, 0x1001), {"id": 7, "type_flags": None}),
        ("SOL_NETLINK", "NETLINK_ADD_MEMBERSHIP", struct.pack("<i", 5), 5),
        ("SOL_SOCKET", "SO_RESERVE_MEM", b"x" * 100, b"x" * 64),
    ],
)
def test_option_values(level: str, name: str, data: bytes, shown: Value) -> None:
    value = option("setsockopt", level, name, data)
    if name == "SO_TIMESTAMPING_OLD":
        shown = {"flags": "SOF_TIMESTAMPING_SOFTWARE|0x40000000"}
    if name == "PACKET_FANOUT":
        shown = {"id": 7, "type_flags": "PACKET_FANOUT_LB|PACKET_FANOUT_FLAG_ROLLOVER"}
    assert value == shown


def test_options_that_only_one_of_the_two_calls_has() -> None:
    destination = struct.pack("<H", 2) + struct.pack(">H", 80) + b"\x0a\0\0\1" + bytes(8)
    assert option("getsockopt", "SOL_IP", "SO_ORIGINAL_DST", destination) == {
        "family": "AF_INET",
        "address": "10.0.0.1",
        "port": 80,
    }
    raw = {"level": 0, "optname": 64}
    assert BY_NAME["setsockopt"].argument("optname").type.decode(64, (), Call(raw)) == "IPT_SO_SET_REPLACE"
    assert BY_NAME["getsockopt"].argument("optname").type.decode(64, (), Call(raw)) == "IPT_SO_GET_INFO"


def test_unknown_levels_and_options_stay_visible() -> None:
    value = BY_NAME["setsockopt"].argument("optval").type
    assert value.decode(1, [struct.pack("<i", -2)], Call({"level": 4242, "optname": 1})) == -2
    assert value.decode(1, [b"12345678"], Call({"level": 1, "optname": 4242})) == b"12345678"
    assert value.decode(1, [b""], Call({"level": 1, "optname": 4242})) == b""
    assert value.decode(0, [None], Call({"level": 1, "optname": 2})) is None
    assert net.SET_OPTION.decode(4242, (), Call({"level": 1})) == "0x1092"
    assert net.SET_OPTION.decode(4242, (), Call({"level": 4242})) == 4242


@given(st.sampled_from(sorted(net.OPTION_TYPES)), st.binary(max_size=320))
def test_any_bytes_are_an_option_value(name: str, data: bytes) -> None:
    for table in (net.SET_OPTION_NAMES, net.GET_OPTION_NAMES):
        for level, names in table.items():
            if name in names.values:
                raw = {"level": net.SOCKET_LEVEL.values[level], "optname": names.values[name]}
                net.OptionValue("optlen", table).decode(1, [data], Call(raw))


def test_answers_of_the_kernel() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        information = client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 320)
        shown = option("getsockopt", "SOL_TCP", "TCP_INFO", information)
        assert isinstance(shown, dict)
        assert shown["tcpi_state"] == "TCP_ESTABLISHED"
        assert shown["tcpi_ca_state"] == "TCP_CA_Open"
        assert shown["tcpi_snd_cwnd"] == 10
        assert shown["tcpi_pmtu"] == 65535
        memory = client.getsockopt(socket.SOL_SOCKET, 55, 64)
        meminfo = option("getsockopt", "SOL_SOCKET", "SO_MEMINFO", memory)
        assert isinstance(meminfo, dict)
        assert meminfo["rcvbuf"] == client.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
        kind = client.getsockopt(socket.SOL_SOCKET, socket.SO_TYPE, 4)
        assert option("getsockopt", "SOL_SOCKET", "SO_TYPE", kind) == "SOCK_STREAM"
        error = client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR, 4)
        assert option("getsockopt", "SOL_SOCKET", "SO_ERROR", error) == "0"
    left, right = socket.socketpair()
    with left, right:
        credentials = left.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        pid, uid, gid = struct.unpack("<iII", credentials)
        assert option("getsockopt", "SOL_SOCKET", "SO_PEERCRED", credentials) == {"pid": pid, "uid": uid, "gid": gid}


def test_received_payload_is_what_was_stored() -> None:
    data = BY_NAME["recvfrom"].argument("data").type
    assert data.decode(1, [b"abcdef"], Call({"len": 4}, ret=6)) == b"abcd"
    assert data.decode(1, [b"abc"], Call({"len": 4}, ret=3)) == b"abc"
    assert data.decode(1, [None], Call({"len": 4})) is None
    (capture,) = data.captures()
    assert capture.payload
    assert capture.length_from is LengthFrom.RESULT


def test_messages() -> None:
    def header(name: int, length: int, flags: int) -> bytes:
        return struct.pack("<QI4xQQQQI4xI4x", name, 16 if name else 0, 0, 2, 0, 0, flags, length)

    address = struct.pack("<H", 2) + struct.pack(">H", 53) + b"\x0a\0\0\1" + bytes(8)
    both = header(1, 100, 0x20) + header(0, 7, 0)
    vector = BY_NAME["recvmmsg"].argument("msgvec").type
    assert vector.decode(1, [both, both[:56], address, None]) == [
        {
            "address_length": 16,
            "segments": 2,
            "control_length": 0,
            "flags": "MSG_TRUNC",
            "length": 100,
            "address": {"family": "AF_INET", "address": "10.0.0.1", "port": 53},
        },
        {"address_length": 0, "segments": 2, "control_length": 0, "flags": "0", "length": 7},
    ]
    assert vector.decode(1, [None, None, None, None]) is None
    assert vector.decode(1, [b"", None, None, None]) == []


@given(st.lists(st.none() | st.binary(max_size=200), max_size=5))
def test_any_bytes_are_messages(parts: list[bytes | None]) -> None:
    net.MessageVector("vlen").decode(1, parts)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.table)
def test_tables_are_named_and_documented(table: Enum | Flags) -> None:
    assert table.table
    assert table.meaning()
    assert table.schema() == {"type": "string"}
