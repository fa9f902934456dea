"""Names and structures of the socket calls: protocols, option levels, options by level, control messages.

An option without a type of its own in `OPTION_TYPES` is shown as a number if it is at most four bytes long.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from kindling.catalogue.tables.common import (
    CLOCK,
    ERRNO,
    MESSAGE_FLAGS,
    SOCKET_FAMILY,
    SOCKET_TYPE,
    TIMESPEC,
    TIMEVAL,
)
from kindling.catalogue.tables.layout import merged, names, structure
from kindling.catalogue.types import (
    ADDRESS,
    FD,
    GID,
    HEX32,
    HEX64,
    I32,
    I64,
    LENGTH,
    PID,
    U8,
    U16,
    U32,
    U64,
    UID,
    Array,
    Bytes,
    Call,
    Capture,
    Characters,
    Copy,
    Enum,
    Flags,
    LengthFrom,
    Member,
    Quantity,
    Scalar,
    SocketAddress,
    Structure,
    Switch,
    Type,
    Value,
)

_NO_CALL = Call({})

OPTION_LIMIT = 320
"""Bytes of a socket option that are copied: struct tcp_info and struct group_source_req fit."""

RAW_OPTION_LIMIT = 64
"""Bytes of an option without a type that are shown."""


@dataclass(frozen=True, slots=True)
class NetworkNumber(Scalar):
    """A number in network byte order (big-endian), as ports and many IPv6 fields are."""

    def decode(self, raw: int, data: Sequence[bytes | None] = (), call: Call = _NO_CALL) -> Value:
        return self.unpack((raw & ((1 << self.size * 8) - 1)).to_bytes(self.size, "little"), call)

    def unpack(self, data: bytes, call: Call = _NO_CALL) -> Value:
        return self.show(int.from_bytes(data[: self.size], "big", signed=self.signed), call.machine)

    def meaning(self) -> str:
        return f"u{self.size * 8} in network byte order"


@dataclass(frozen=True, slots=True)
class NetworkEnum(Enum):
    """One of named numbers in network byte order."""

    def decode(self, raw: int, data: Sequence[bytes | None] = (), call: Call = _NO_CALL) -> Value:
        return self.unpack((raw & ((1 << self.size * 8) - 1)).to_bytes(self.size, "little"), call)

    def unpack(self, data: bytes, call: Call = _NO_CALL) -> Value:
        return self.show(int.from_bytes(data[: self.size], "big"), call.machine)


@dataclass(frozen=True, slots=True)
class InternetAddress(Type):
    """An IPv4 (4 bytes) or IPv6 (16 bytes) address in a structure, as text."""

    size: int = 4

    def unpack(self, data: bytes, call: Call = _NO_CALL) -> Value:
        address = data[: self.size]
        if len(address) < self.size:
            return address
        return socket.inet_ntop(socket.AF_INET if self.size == 4 else socket.AF_INET6, address)

    def size_on(self, machine: str) -> int:
        return self.size

    def schema(self) -> dict[str, object]:
        return {"type": "string"}

    def meaning(self) -> str:
        return "IPv4 address" if self.size == 4 else "IPv6 address"


@dataclass(frozen=True, slots=True)
class BitField(Scalar):
    """Some bits of a byte or word, as a number.

    There are `width` of them, from bit `shift` on.
    """

    shift: int = 0
    width: int = 1

    def show(self, value: int, machine: str) -> Value:
        return value >> self.shift & ((1 << self.width) - 1)

    def meaning(self) -> str:
        return f"{self.width} bits" if self.width > 1 else "1 bit"


@dataclass(frozen=True, slots=True)
class ByLength(Type):
    """An option whose meaning follows from how long it is: the case with the greatest length that fits counts."""

    cases: Mapping[int, Type] = field(hash=False)

    def unpack(self, data: bytes, call: Call = _NO_CALL) -> Value:
        for length in sorted(self.cases, reverse=True):
            if len(data) >= length:
                return self.cases[length].unpack(data, call)
        return data

    def schema(self) -> dict[str, object]:
        return {"anyOf": [case.schema() for case in self.cases.values()]}

    def meaning(self) -> str:
        return " or ".join(self.cases[length].meaning() for length in sorted(self.cases))


@dataclass(frozen=True, slots=True)
class Withheld(Type):
    """Key material: only how long it is, so that no capture file ever spreads it."""

    def unpack(self, data: bytes, call: Call = _NO_CALL) -> Value:
        return {"withheld": len(data)}

    def schema(self) -> dict[str, object]:
        return {"type": "object", "properties": {"withheld": {"type": "integer"}}}

    def meaning(self) -> str:
        return "key material, of which only the length is shown"


@dataclass(frozen=True, slots=True)
class Remaining(Type):
    """All the bytes there are, up to `limit`."""

    limit: int = RAW_OPTION_LIMIT

    def unpack(self, data: bytes, call: Call = _NO_CALL) -> Value:
        return data[: self.limit]

    def schema(self) -> dict[str, object]:
        return {"type": "string"}

    def meaning(self) -> str:
        return "bytes"


@dataclass(frozen=True, slots=True)
class Text(Type):
    """A name that need not end in NUL: up to the first NUL, or all of it."""

    def unpack(self, data: bytes, call: Call = _NO_CALL) -> Value:
        return data.split(b"\0", 1)[0]

    def schema(self) -> dict[str, object]:
        return {"type": "string"}

    def meaning(self) -> str:
        return "string"


@dataclass(frozen=True, slots=True)
class ExtendedError(Type):
    """A struct sock_extended_err with the address of who reported the error behind it."""

    def unpack(self, data: bytes, call: Call = _NO_CALL) -> Value:
        shown = SOCK_EXTENDED_ERR.unpack(data, call)
        if isinstance(shown, dict) and len(data) > SOCK_EXTENDED_ERR.size + 1:
            shown["offender"] = SocketAddress().unpack(data[SOCK_EXTENDED_ERR.size :], call)
        return shown

    def schema(self) -> dict[str, object]:
        return SOCK_EXTENDED_ERR.schema()

    def meaning(self) -> str:
        return "struct sock_extended_err"


IPV4 = InternetAddress(4)
IPV6 = InternetAddress(16)
PORT = NetworkNumber(2)
BE16 = NetworkNumber(2)
BE32 = NetworkNumber(4)
SECONDS32 = Quantity(4, True, unit="seconds")
MILLISECONDS_OPTION = Quantity(4, unit="milliseconds")
MICROSECONDS = Quantity(4, unit="microseconds")
MICROSECONDS64 = Quantity(8, unit="microseconds")
RATE = Quantity(8, unit="bytes per second")

IP_PROTOCOL = Enum(
    table="IP protocols",
    signed=True,
    values=names("""
        IPPROTO_IP 0 IPPROTO_ICMP 1 IPPROTO_IGMP 2 IPPROTO_IPIP 4 IPPROTO_TCP 6 IPPROTO_EGP 8 IPPROTO_PUP 12
        IPPROTO_UDP 17 IPPROTO_IDP 22 IPPROTO_TP 29 IPPROTO_DCCP 33 IPPROTO_IPV6 41 IPPROTO_ROUTING 43
        IPPROTO_FRAGMENT 44 IPPROTO_RSVP 46 IPPROTO_GRE 47 IPPROTO_ESP 50 IPPROTO_AH 51 IPPROTO_ICMPV6 58
        IPPROTO_NONE 59 IPPROTO_DSTOPTS 60 IPPROTO_MTP 92 IPPROTO_BEETPH 94 IPPROTO_ENCAP 98 IPPROTO_PIM 103
        IPPROTO_COMP 108 IPPROTO_L2TP 115 IPPROTO_SCTP 132 IPPROTO_MH 135 IPPROTO_UDPLITE 136 IPPROTO_MPLS 137
        IPPROTO_ETHERNET 143 IPPROTO_AGGFRAG 144 IPPROTO_RAW 255 IPPROTO_SMC 256 IPPROTO_MPTCP 262
    """),
)

NETLINK_PROTOCOL = Enum(
    table="netlink protocols",
    signed=True,
    values=names("""
        NETLINK_ROUTE 0 NETLINK_UNUSED 1 NETLINK_USERSOCK 2 NETLINK_FIREWALL 3 NETLINK_SOCK_DIAG 4 NETLINK_NFLOG 5
        NETLINK_XFRM 6 NETLINK_SELINUX 7 NETLINK_ISCSI 8 NETLINK_AUDIT 9 NETLINK_FIB_LOOKUP 10 NETLINK_CONNECTOR 11
        NETLINK_NETFILTER 12 NETLINK_IP6_FW 13 NETLINK_DNRTMSG 14 NETLINK_KOBJECT_UEVENT 15 NETLINK_GENERIC 16
        NETLINK_SCSITRANSPORT 18 NETLINK_ECRYPTFS 19 NETLINK_RDMA 20 NETLINK_CRYPTO 21 NETLINK_SMC 22
    """),
)

ETHER_TYPE = NetworkEnum(
    table="Ethernet protocols",
    size=2,
    values=names("""
        ETH_P_802_3 1 ETH_P_AX25 2 ETH_P_ALL 3 ETH_P_802_2 4 ETH_P_SNAP 5 ETH_P_DDCMP 6 ETH_P_WAN_PPP 7
        ETH_P_PPP_MP 8 ETH_P_LOCALTALK 9 ETH_P_CAN 12 ETH_P_CANFD 13 ETH_P_CANXL 14 ETH_P_PPPTALK 16
        ETH_P_TR_802_2 17 ETH_P_MOBITEX 21 ETH_P_CONTROL 22 ETH_P_IRDA 23 ETH_P_ECONET 24 ETH_P_HDLC 25
        ETH_P_ARCNET 26 ETH_P_DSA 27 ETH_P_TRAILER 28 ETH_P_LOOP 0x60 ETH_P_PHONET 0xf5 ETH_P_IEEE802154 0xf6
        ETH_P_CAIF 0xf7 ETH_P_XDSA 0xf8 ETH_P_MAP 0xf9 ETH_P_MCTP 0xfa ETH_P_PUP 0x200 ETH_P_PUPAT 0x201
        ETH_P_802_3_MIN 0x600 ETH_P_IP 0x800 ETH_P_X25 0x805 ETH_P_ARP 0x806 ETH_P_BPQ 0x8ff ETH_P_IEEEPUP 0xa00
        ETH_P_IEEEPUPAT 0xa01 ETH_P_ERSPAN2 0x22eb ETH_P_TSN 0x22f0 ETH_P_BATMAN 0x4305 ETH_P_DEC 0x6000
        ETH_P_DNA_DL 0x6001 ETH_P_DNA_RC 0x6002 ETH_P_DNA_RT 0x6003 ETH_P_LAT 0x6004 ETH_P_DIAG 0x6005
        ETH_P_CUST 0x6006 ETH_P_SCA 0x6007 ETH_P_TEB 0x6558 ETH_P_RARP 0x8035 ETH_P_ATALK 0x809b ETH_P_AARP 0x80f3
        ETH_P_8021Q 0x8100 ETH_P_IPX 0x8137 ETH_P_IPV6 0x86dd ETH_P_PAUSE 0x8808 ETH_P_SLOW 0x8809 ETH_P_WCCP 0x883e
        ETH_P_MPLS_UC 0x8847 ETH_P_MPLS_MC 0x8848 ETH_P_ATMMPOA 0x884c ETH_P_PPP_DISC 0x8863 ETH_P_PPP_SES 0x8864
        ETH_P_LINK_CTL 0x886c ETH_P_ATMFATE 0x8884 ETH_P_PAE 0x888e ETH_P_PROFINET 0x8892 ETH_P_REALTEK 0x8899
        ETH_P_AOE 0x88a2 ETH_P_ETHERCAT 0x88a4 ETH_P_8021AD 0x88a8 ETH_P_802_EX1 0x88b5 ETH_P_ERSPAN 0x88be
        ETH_P_PREAUTH 0x88c7 ETH_P_TIPC 0x88ca ETH_P_LLDP 0x88cc ETH_P_MRP 0x88e3 ETH_P_MACSEC 0x88e5
        ETH_P_8021AH 0x88e7 ETH_P_MVRP 0x88f5 ETH_P_1588 0x88f7 ETH_P_NCSI 0x88f8 ETH_P_PRP 0x88fb ETH_P_CFM 0x8902
        ETH_P_FCOE 0x8906 ETH_P_TDLS 0x890d ETH_P_FIP 0x8914 ETH_P_IBOE 0x8915 ETH_P_80221 0x8917 ETH_P_HSR 0x892f
        ETH_P_NSH 0x894f ETH_P_LOOPBACK 0x9000 ETH_P_QINQ1 0x9100 ETH_P_QINQ2 0x9200 ETH_P_QINQ3 0x9300
        ETH_P_YT921X 0x9988 ETH_P_MXLGSW 0x88c3 ETH_P_EDSA 0xdada ETH_P_DSA_8021Q 0xdadb ETH_P_DSA_A5PSW 0xe001
        ETH_P_IFE 0xed3e ETH_P_AF_IUCV 0xfbfb
    """),
)
"""In network byte order, as AF_PACKET takes it (htons(ETH_P_ALL))."""

HARDWARE_TYPE = Enum(
    table="ARP hardware types",
    size=2,
    values=names("""
        ARPHRD_NETROM 0 ARPHRD_ETHER 1 ARPHRD_EETHER 2 ARPHRD_AX25 3 ARPHRD_PRONET 4 ARPHRD_CHAOS 5 ARPHRD_IEEE802 6
        ARPHRD_ARCNET 7 ARPHRD_APPLETLK 8 ARPHRD_DLCI 15 ARPHRD_ATM 19 ARPHRD_METRICOM 23 ARPHRD_IEEE1394 24
        ARPHRD_EUI64 27 ARPHRD_INFINIBAND 32 ARPHRD_SLIP 256 ARPHRD_CSLIP 257 ARPHRD_SLIP6 258 ARPHRD_CSLIP6 259
        ARPHRD_RSRVD 260 ARPHRD_ADAPT 264 ARPHRD_ROSE 270 ARPHRD_X25 271 ARPHRD_HWX25 272 ARPHRD_CAN 280
        ARPHRD_MCTP 290 ARPHRD_PPP 512 ARPHRD_HDLC 513 ARPHRD_LAPB 516 ARPHRD_DDCMP 517 ARPHRD_RAWHDLC 518
        ARPHRD_RAWIP 519 ARPHRD_TUNNEL 768 ARPHRD_TUNNEL6 769 ARPHRD_FRAD 770 ARPHRD_SKIP 771 ARPHRD_LOOPBACK 772
        ARPHRD_LOCALTLK 773 ARPHRD_FDDI 774 ARPHRD_BIF 775 ARPHRD_SIT 776 ARPHRD_IPDDP 777 ARPHRD_IPGRE 778
        ARPHRD_PIMREG 779 ARPHRD_HIPPI 780 ARPHRD_ASH 781 ARPHRD_ECONET 782 ARPHRD_IRDA 783 ARPHRD_FCPP 784
        ARPHRD_FCAL 785 ARPHRD_FCPL 786 ARPHRD_FCFABRIC 787 ARPHRD_IEEE802_TR 800 ARPHRD_IEEE80211 801
        ARPHRD_IEEE80211_PRISM 802 ARPHRD_IEEE80211_RADIOTAP 803 ARPHRD_IEEE802154 804
        ARPHRD_IEEE802154_MONITOR 805 ARPHRD_PHONET 820 ARPHRD_PHONET_PIPE 821 ARPHRD_CAIF 822 ARPHRD_IP6GRE 823
        ARPHRD_NETLINK 824 ARPHRD_6LOWPAN 825 ARPHRD_VSOCKMON 826 ARPHRD_NONE 0xfffe ARPHRD_VOID 0xffff
    """),
)

PACKET_TYPE = Enum(
    table="packet types",
    size=1,
    values=names("""
        PACKET_HOST 0 PACKET_BROADCAST 1 PACKET_MULTICAST 2 PACKET_OTHERHOST 3 PACKET_OUTGOING 4 PACKET_LOOPBACK 5
        PACKET_USER 6 PACKET_KERNEL 7
    """),
)


def _protocols(table: str, text: str) -> Enum:
    return Enum(table=table, signed=True, values=names(text))


SOCKET_PROTOCOL = Switch(
    on="domain",
    enum=SOCKET_FAMILY,
    cases={
        "AF_INET": IP_PROTOCOL,
        "AF_INET6": IP_PROTOCOL,
        "AF_NETLINK": NETLINK_PROTOCOL,
        "AF_PACKET": ETHER_TYPE,
        "AF_CAN": _protocols(
            "CAN protocols", "CAN_RAW 1 CAN_BCM 2 CAN_TP16 3 CAN_TP20 4 CAN_MCNET 5 CAN_ISOTP 6 CAN_J1939 7"
        ),
        "AF_BLUETOOTH": _protocols(
            "Bluetooth protocols",
            "BTPROTO_L2CAP 0 BTPROTO_HCI 1 BTPROTO_SCO 2 BTPROTO_RFCOMM 3 BTPROTO_BNEP 4 BTPROTO_CMTP 5 BTPROTO_HIDP 6"
            " BTPROTO_AVDTP 7 BTPROTO_ISO 8",
        ),
        "AF_PPPOX": _protocols("PPPoX protocols", "PX_PROTO_OE 0 PX_PROTO_OL2TP 1 PX_PROTO_PPTP 2"),
        "AF_NFC": _protocols("NFC protocols", "NFC_SOCKPROTO_RAW 0 NFC_SOCKPROTO_LLCP 1"),
        "AF_KCM": _protocols("KCM protocols", "KCMPROTO_CONNECTED 0"),
        "AF_SMC": _protocols("SMC protocols", "SMCPROTO_SMC 0 SMCPROTO_SMC6 1"),
    },
    default=I32,
)

ACCEPT_FLAGS = Flags(table="accept4 flags", values={"SOCK_CLOEXEC": 0o2000000, "SOCK_NONBLOCK": 0o4000})

SHUTDOWN = Enum(table="shutdown", signed=True, values={"SHUT_RD": 0, "SHUT_WR": 1, "SHUT_RDWR": 2})

SOCKET_LEVEL = Enum(
    table="socket option levels",
    signed=True,
    values=names("""
        SOL_IP 0 SOL_SOCKET 1 SOL_TCP 6 SOL_UDP 17 SOL_RFCOMM 18 AF_VSOCK 40 SOL_IPV6 41 SOL_ICMPV6 58
        SOL_CAN_BASE 100 SOL_CAN_RAW 101 SOL_CAN_ISOTP 106 SOL_CAN_J1939 107 SOL_SCTP 132 SOL_UDPLITE 136
        SOL_RAW 255 SOL_IPX 256 SOL_AX25 257 SOL_ATALK 258 SOL_NETROM 259 SOL_ROSE 260 SOL_DECNET 261 SOL_X25 262
        SOL_PACKET 263 SOL_ATM 264 SOL_AAL 265 SOL_IRDA 266 SOL_NETBEUI 267 SOL_LLC 268 SOL_DCCP 269 SOL_NETLINK 270
        SOL_TIPC 271 SOL_RXRPC 272 SOL_PPPOL2TP 273 SOL_BLUETOOTH 274 SOL_PNPIPE 275 SOL_RDS 276 SOL_IUCV 277
        SOL_CAIF 278 SOL_ALG 279 SOL_NFC 280 SOL_KCM 281 SOL_TLS 282 SOL_XDP 283 SOL_MPTCP 284 SOL_MCTP 285
        SOL_SMC 286 SOL_VSOCK 287
    """),
)
"""AF_VSOCK is the level of the SO_VM_SOCKETS_* options; SOL_VSOCK is that of its control messages."""

OPTIONS: dict[str, dict[str, int]] = {
    "SOL_SOCKET": names("""
        SO_DEBUG 1 SO_REUSEADDR 2 SO_TYPE 3 SO_ERROR 4 SO_DONTROUTE 5 SO_BROADCAST 6 SO_SNDBUF 7 SO_RCVBUF 8
        SO_KEEPALIVE 9 SO_OOBINLINE 10 SO_NO_CHECK 11 SO_PRIORITY 12 SO_LINGER 13 SO_BSDCOMPAT 14 SO_REUSEPORT 15
        SO_PASSCRED 16 SO_PEERCRED 17 SO_RCVLOWAT 18 SO_SNDLOWAT 19 SO_RCVTIMEO_OLD 20 SO_SNDTIMEO_OLD 21
        SO_SECURITY_AUTHENTICATION 22 SO_SECURITY_ENCRYPTION_TRANSPORT 23 SO_SECURITY_ENCRYPTION_NETWORK 24
        SO_BINDTODEVICE 25 SO_ATTACH_FILTER 26 SO_DETACH_FILTER 27 SO_PEERNAME 28 SO_TIMESTAMP_OLD 29
        SO_ACCEPTCONN 30 SO_PEERSEC 31 SO_SNDBUFFORCE 32 SO_RCVBUFFORCE 33 SO_PASSSEC 34 SO_TIMESTAMPNS_OLD 35
        SO_MARK 36 SO_TIMESTAMPING_OLD 37 SO_PROTOCOL 38 SO_DOMAIN 39 SO_RXQ_OVFL 40 SO_WIFI_STATUS 41 SO_PEEK_OFF 42
        SO_NOFCS 43 SO_LOCK_FILTER 44 SO_SELECT_ERR_QUEUE 45 SO_BUSY_POLL 46 SO_MAX_PACING_RATE 47
        SO_BPF_EXTENSIONS 48 SO_INCOMING_CPU 49 SO_ATTACH_BPF 50 SO_ATTACH_REUSEPORT_CBPF 51
        SO_ATTACH_REUSEPORT_EBPF 52 SO_CNX_ADVICE 53 SCM_TIMESTAMPING_OPT_STATS 54 SO_MEMINFO 55
        SO_INCOMING_NAPI_ID 56 SO_COOKIE 57 SCM_TIMESTAMPING_PKTINFO 58 SO_PEERGROUPS 59 SO_ZEROCOPY 60 SO_TXTIME 61
        SO_BINDTOIFINDEX 62 SO_TIMESTAMP_NEW 63 SO_TIMESTAMPNS_NEW 64 SO_TIMESTAMPING_NEW 65 SO_RCVTIMEO_NEW 66
        SO_SNDTIMEO_NEW 67 SO_DETACH_REUSEPORT_BPF 68 SO_PREFER_BUSY_POLL 69 SO_BUSY_POLL_BUDGET 70
        SO_NETNS_COOKIE 71 SO_BUF_LOCK 72 SO_RESERVE_MEM 73 SO_TXREHASH 74 SO_RCVMARK 75 SO_PASSPIDFD 76
        SO_PEERPIDFD 77 SO_DEVMEM_LINEAR 78 SO_DEVMEM_DMABUF 79 SO_DEVMEM_DONTNEED 80 SCM_TS_OPT_ID 81
        SO_RCVPRIORITY 82 SO_PASSRIGHTS 83 SO_INQ 84
    """),
    "SOL_IP": names("""
        IP_TOS 1 IP_TTL 2 IP_HDRINCL 3 IP_OPTIONS 4 IP_ROUTER_ALERT 5 IP_RECVOPTS 6 IP_RETOPTS 7 IP_PKTINFO 8
        IP_PKTOPTIONS 9 IP_MTU_DISCOVER 10 IP_RECVERR 11 IP_RECVTTL 12 IP_RECVTOS 13 IP_MTU 14 IP_FREEBIND 15
        IP_IPSEC_POLICY 16 IP_XFRM_POLICY 17 IP_PASSSEC 18 IP_TRANSPARENT 19 IP_RECVORIGDSTADDR 20 IP_MINTTL 21
        IP_NODEFRAG 22 IP_CHECKSUM 23 IP_BIND_ADDRESS_NO_PORT 24 IP_RECVFRAGSIZE 25 IP_RECVERR_RFC4884 26
        IP_MULTICAST_IF 32 IP_MULTICAST_TTL 33 IP_MULTICAST_LOOP 34 IP_ADD_MEMBERSHIP 35 IP_DROP_MEMBERSHIP 36
        IP_UNBLOCK_SOURCE 37 IP_BLOCK_SOURCE 38 IP_ADD_SOURCE_MEMBERSHIP 39 IP_DROP_SOURCE_MEMBERSHIP 40
        IP_MSFILTER 41 MCAST_JOIN_GROUP 42 MCAST_BLOCK_SOURCE 43 MCAST_UNBLOCK_SOURCE 44 MCAST_LEAVE_GROUP 45
        MCAST_JOIN_SOURCE_GROUP 46 MCAST_LEAVE_SOURCE_GROUP 47 MCAST_MSFILTER 48 IP_MULTICAST_ALL 49
        IP_UNICAST_IF 50 IP_LOCAL_PORT_RANGE 51 IP_PROTOCOL 52 MRT_INIT 200 MRT_DONE 201 MRT_ADD_VIF 202
        MRT_DEL_VIF 203 MRT_ADD_MFC 204 MRT_DEL_MFC 205 MRT_VERSION 206 MRT_ASSERT 207 MRT_PIM 208 MRT_TABLE 209
        MRT_ADD_MFC_PROXY 210 MRT_DEL_MFC_PROXY 211 MRT_FLUSH 212
    """),
    "SOL_IPV6": names("""
        IPV6_ADDRFORM 1 IPV6_2292PKTINFO 2 IPV6_2292HOPOPTS 3 IPV6_2292DSTOPTS 4 IPV6_2292RTHDR 5
        IPV6_2292PKTOPTIONS 6 IPV6_CHECKSUM 7 IPV6_2292HOPLIMIT 8 IPV6_NEXTHOP 9 IPV6_AUTHHDR 10 IPV6_FLOWINFO 11
        IPV6_UNICAST_HOPS 16 IPV6_MULTICAST_IF 17 IPV6_MULTICAST_HOPS 18 IPV6_MULTICAST_LOOP 19
        IPV6_ADD_MEMBERSHIP 20 IPV6_DROP_MEMBERSHIP 21 IPV6_ROUTER_ALERT 22 IPV6_MTU_DISCOVER 23 IPV6_MTU 24
        IPV6_RECVERR 25 IPV6_V6ONLY 26 IPV6_JOIN_ANYCAST 27 IPV6_LEAVE_ANYCAST 28 IPV6_MULTICAST_ALL 29
        IPV6_ROUTER_ALERT_ISOLATE 30 IPV6_RECVERR_RFC4884 31 IPV6_FLOWLABEL_MGR 32 IPV6_FLOWINFO_SEND 33
        IPV6_IPSEC_POLICY 34 IPV6_XFRM_POLICY 35 IPV6_HDRINCL 36 MCAST_JOIN_GROUP 42 MCAST_BLOCK_SOURCE 43
        MCAST_UNBLOCK_SOURCE 44 MCAST_LEAVE_GROUP 45 MCAST_JOIN_SOURCE_GROUP 46 MCAST_LEAVE_SOURCE_GROUP 47
        MCAST_MSFILTER 48 IPV6_RECVPKTINFO 49 IPV6_PKTINFO 50 IPV6_RECVHOPLIMIT 51 IPV6_HOPLIMIT 52
        IPV6_RECVHOPOPTS 53 IPV6_HOPOPTS 54 IPV6_RTHDRDSTOPTS 55 IPV6_RECVRTHDR 56 IPV6_RTHDR 57
        IPV6_RECVDSTOPTS 58 IPV6_DSTOPTS 59 IPV6_RECVPATHMTU 60 IPV6_PATHMTU 61 IPV6_DONTFRAG 62
        IPV6_USE_MIN_MTU 63 IPV6_RECVTCLASS 66 IPV6_TCLASS 67 IPV6_AUTOFLOWLABEL 70 IPV6_ADDR_PREFERENCES 72
        IPV6_MINHOPCOUNT 73 IPV6_RECVORIGDSTADDR 74 IPV6_TRANSPARENT 75 IPV6_UNICAST_IF 76 IPV6_RECVFRAGSIZE 77
        IPV6_FREEBIND 78 MRT6_INIT 200 MRT6_DONE 201 MRT6_ADD_MIF 202 MRT6_DEL_MIF 203 MRT6_ADD_MFC 204
        MRT6_DEL_MFC 205 MRT6_VERSION 206 MRT6_ASSERT 207 MRT6_PIM 208 MRT6_TABLE 209 MRT6_ADD_MFC_PROXY 210
        MRT6_DEL_MFC_PROXY 211 MRT6_FLUSH 212
    """),
    "SOL_TCP": names("""
        TCP_NODELAY 1 TCP_MAXSEG 2 TCP_CORK 3 TCP_KEEPIDLE 4 TCP_KEEPINTVL 5 TCP_KEEPCNT 6 TCP_SYNCNT 7 TCP_LINGER2 8
        TCP_DEFER_ACCEPT 9 TCP_WINDOW_CLAMP 10 TCP_INFO 11 TCP_QUICKACK 12 TCP_CONGESTION 13 TCP_MD5SIG 14
        TCP_COOKIE_TRANSACTIONS 15 TCP_THIN_LINEAR_TIMEOUTS 16 TCP_THIN_DUPACK 17 TCP_USER_TIMEOUT 18 TCP_REPAIR 19
        TCP_REPAIR_QUEUE 20 TCP_QUEUE_SEQ 21 TCP_REPAIR_OPTIONS 22 TCP_FASTOPEN 23 TCP_TIMESTAMP 24
        TCP_NOTSENT_LOWAT 25 TCP_CC_INFO 26 TCP_SAVE_SYN 27 TCP_SAVED_SYN 28 TCP_REPAIR_WINDOW 29
        TCP_FASTOPEN_CONNECT 30 TCP_ULP 31 TCP_MD5SIG_EXT 32 TCP_FASTOPEN_KEY 33 TCP_FASTOPEN_NO_COOKIE 34
        TCP_ZEROCOPY_RECEIVE 35 TCP_INQ 36 TCP_TX_DELAY 37 TCP_AO_ADD_KEY 38 TCP_AO_DEL_KEY 39 TCP_AO_INFO 40
        TCP_AO_GET_KEYS 41 TCP_AO_REPAIR 42 TCP_IS_MPTCP 43 TCP_RTO_MAX_MS 44 TCP_RTO_MIN_US 45 TCP_DELACK_MAX_US 46
    """),
    "SOL_UDP": names("""
        UDP_CORK 1 UDP_ENCAP 100 UDP_NO_CHECK6_TX 101 UDP_NO_CHECK6_RX 102 UDP_SEGMENT 103 UDP_GRO 104
    """),
    "SOL_UDPLITE": names("UDP_CORK 1 UDPLITE_SEND_CSCOV 10 UDPLITE_RECV_CSCOV 11"),
    "SOL_ICMPV6": names("ICMPV6_FILTER 1"),
    "SOL_RAW": names("ICMP_FILTER 1"),
    "SOL_RFCOMM": names("RFCOMM_CONNINFO 2 RFCOMM_LM 3"),
    "AF_VSOCK": names("""
        SO_VM_SOCKETS_BUFFER_SIZE 0 SO_VM_SOCKETS_BUFFER_MIN_SIZE 1 SO_VM_SOCKETS_BUFFER_MAX_SIZE 2
        SO_VM_SOCKETS_PEER_HOST_VM_ID 3 SO_VM_SOCKETS_TRUSTED 5 SO_VM_SOCKETS_CONNECT_TIMEOUT_OLD 6
        SO_VM_SOCKETS_NONBLOCK_TXRX 7 SO_VM_SOCKETS_CONNECT_TIMEOUT_NEW 8
    """),
    "SOL_CAN_RAW": names("""
        CAN_RAW_FILTER 1 CAN_RAW_ERR_FILTER 2 CAN_RAW_LOOPBACK 3 CAN_RAW_RECV_OWN_MSGS 4 CAN_RAW_FD_FRAMES 5
        CAN_RAW_JOIN_FILTERS 6 CAN_RAW_XL_FRAMES 7 CAN_RAW_XL_VCID_OPTS 8
    """),
    "SOL_CAN_ISOTP": names("""
        CAN_ISOTP_OPTS 1 CAN_ISOTP_RECV_FC 2 CAN_ISOTP_TX_STMIN 3 CAN_ISOTP_RX_STMIN 4 CAN_ISOTP_LL_OPTS 5
    """),
    "SOL_CAN_J1939": names("SO_J1939_FILTER 1 SO_J1939_PROMISC 2 SO_J1939_SEND_PRIO 3 SO_J1939_ERRQUEUE 4"),
    "SOL_SCTP": names("""
        SCTP_RTOINFO 0 SCTP_ASSOCINFO 1 SCTP_INITMSG 2 SCTP_NODELAY 3 SCTP_AUTOCLOSE 4 SCTP_SET_PEER_PRIMARY_ADDR 5
        SCTP_PRIMARY_ADDR 6 SCTP_ADAPTATION_LAYER 7 SCTP_DISABLE_FRAGMENTS 8 SCTP_PEER_ADDR_PARAMS 9
        SCTP_DEFAULT_SEND_PARAM 10 SCTP_EVENTS 11 SCTP_I_WANT_MAPPED_V4_ADDR 12 SCTP_MAXSEG 13 SCTP_STATUS 14
        SCTP_GET_PEER_ADDR_INFO 15 SCTP_DELAYED_ACK_TIME 16 SCTP_CONTEXT 17 SCTP_FRAGMENT_INTERLEAVE 18
        SCTP_PARTIAL_DELIVERY_POINT 19 SCTP_MAX_BURST 20 SCTP_AUTH_CHUNK 21 SCTP_HMAC_IDENT 22 SCTP_AUTH_KEY 23
        SCTP_AUTH_ACTIVE_KEY 24 SCTP_AUTH_DELETE_KEY 25 SCTP_PEER_AUTH_CHUNKS 26 SCTP_LOCAL_AUTH_CHUNKS 27
        SCTP_GET_ASSOC_NUMBER 28 SCTP_GET_ASSOC_ID_LIST 29 SCTP_AUTO_ASCONF 30 SCTP_PEER_ADDR_THLDS 31
        SCTP_RECVRCVINFO 32 SCTP_RECVNXTINFO 33 SCTP_DEFAULT_SNDINFO 34 SCTP_AUTH_DEACTIVATE_KEY 35
        SCTP_REUSE_PORT 36 SCTP_PEER_ADDR_THLDS_V2 37 SCTP_SOCKOPT_BINDX_ADD 100 SCTP_SOCKOPT_BINDX_REM 101
        SCTP_SOCKOPT_PEELOFF 102 SCTP_SOCKOPT_CONNECTX_OLD 107 SCTP_GET_PEER_ADDRS 108 SCTP_GET_LOCAL_ADDRS 109
        SCTP_SOCKOPT_CONNECTX 110 SCTP_SOCKOPT_CONNECTX3 111 SCTP_GET_ASSOC_STATS 112 SCTP_PR_SUPPORTED 113
        SCTP_DEFAULT_PRINFO 114 SCTP_PR_ASSOC_STATUS 115 SCTP_PR_STREAM_STATUS 116 SCTP_RECONFIG_SUPPORTED 117
        SCTP_ENABLE_STREAM_RESET 118 SCTP_RESET_STREAMS 119 SCTP_RESET_ASSOC 120 SCTP_ADD_STREAMS 121
        SCTP_SOCKOPT_PEELOFF_FLAGS 122 SCTP_STREAM_SCHEDULER 123 SCTP_STREAM_SCHEDULER_VALUE 124
        SCTP_INTERLEAVING_SUPPORTED 125 SCTP_SENDMSG_CONNECT 126 SCTP_EVENT 127 SCTP_ASCONF_SUPPORTED 128
        SCTP_AUTH_SUPPORTED 129 SCTP_ECN_SUPPORTED 130 SCTP_EXPOSE_POTENTIALLY_FAILED_STATE 131
        SCTP_REMOTE_UDP_ENCAPS_PORT 132 SCTP_PLPMTUD_PROBE_INTERVAL 133
    """),
    "SOL_AX25": names("""
        AX25_WINDOW 1 AX25_T1 2 AX25_N2 3 AX25_T3 4 AX25_T2 5 AX25_BACKOFF 6 AX25_EXTSEQ 7 AX25_PIDINCL 8 AX25_IDLE 9
        AX25_PACLEN 10 AX25_IAMDIGI 12 SO_BINDTODEVICE 25
    """),
    "SOL_NETROM": names("NETROM_T1 1 NETROM_T2 2 NETROM_N2 3 NETROM_T4 6 NETROM_IDLE 7"),
    "SOL_ROSE": names("ROSE_DEFER 1 ROSE_T1 2 ROSE_T2 3 ROSE_T3 4 ROSE_IDLE 5 ROSE_QBITINCL 6 ROSE_HOLDBACK 7"),
    "SOL_X25": names("X25_QBITINCL 1"),
    "SOL_PACKET": names("""
        PACKET_ADD_MEMBERSHIP 1 PACKET_DROP_MEMBERSHIP 2 PACKET_RECV_OUTPUT 3 PACKET_RX_RING 5 PACKET_STATISTICS 6
        PACKET_COPY_THRESH 7 PACKET_AUXDATA 8 PACKET_ORIGDEV 9 PACKET_VERSION 10 PACKET_HDRLEN 11 PACKET_RESERVE 12
        PACKET_TX_RING 13 PACKET_LOSS 14 PACKET_VNET_HDR 15 PACKET_TX_TIMESTAMP 16 PACKET_TIMESTAMP 17
        PACKET_FANOUT 18 PACKET_TX_HAS_OFF 19 PACKET_QDISC_BYPASS 20 PACKET_ROLLOVER_STATS 21 PACKET_FANOUT_DATA 22
        PACKET_IGNORE_OUTGOING 23 PACKET_VNET_HDR_SZ 24
    """),
    "SOL_LLC": names("""
        LLC_OPT_RETRY 1 LLC_OPT_SIZE 2 LLC_OPT_ACK_TMR_EXP 3 LLC_OPT_P_TMR_EXP 4 LLC_OPT_REJ_TMR_EXP 5
        LLC_OPT_BUSY_TMR_EXP 6 LLC_OPT_TX_WIN 7 LLC_OPT_RX_WIN 8 LLC_OPT_PKTINFO 9
    """),
    "SOL_DCCP": names("""
        DCCP_SOCKOPT_PACKET_SIZE 1 DCCP_SOCKOPT_SERVICE 2 DCCP_SOCKOPT_CHANGE_L 3 DCCP_SOCKOPT_CHANGE_R 4
        DCCP_SOCKOPT_GET_CUR_MPS 5 DCCP_SOCKOPT_SERVER_TIMEWAIT 6 DCCP_SOCKOPT_SEND_CSCOV 10
        DCCP_SOCKOPT_RECV_CSCOV 11 DCCP_SOCKOPT_AVAILABLE_CCIDS 12 DCCP_SOCKOPT_CCID 13 DCCP_SOCKOPT_TX_CCID 14
        DCCP_SOCKOPT_RX_CCID 15 DCCP_SOCKOPT_QPOLICY_ID 16 DCCP_SOCKOPT_QPOLICY_TXQLEN 17
        DCCP_SOCKOPT_CCID_RX_INFO 128 DCCP_SOCKOPT_CCID_TX_INFO 192
    """),
    "SOL_NETLINK": names("""
        NETLINK_ADD_MEMBERSHIP 1 NETLINK_DROP_MEMBERSHIP 2 NETLINK_PKTINFO 3 NETLINK_BROADCAST_ERROR 4
        NETLINK_NO_ENOBUFS 5 NETLINK_RX_RING 6 NETLINK_TX_RING 7 NETLINK_LISTEN_ALL_NSID 8 NETLINK_LIST_MEMBERSHIPS 9
        NETLINK_CAP_ACK 10 NETLINK_EXT_ACK 11 NETLINK_GET_STRICT_CHK 12
    """),
    "SOL_TIPC": names("""
        TIPC_IMPORTANCE 127 TIPC_SRC_DROPPABLE 128 TIPC_DEST_DROPPABLE 129 TIPC_CONN_TIMEOUT 130
        TIPC_NODE_RECVQ_DEPTH 131 TIPC_SOCK_RECVQ_DEPTH 132 TIPC_MCAST_BROADCAST 133 TIPC_MCAST_REPLICAST 134
        TIPC_GROUP_JOIN 135 TIPC_GROUP_LEAVE 136 TIPC_SOCK_RECVQ_USED 137 TIPC_NODELAY 138
    """),
    "SOL_RXRPC": names("""
        RXRPC_SECURITY_KEY 1 RXRPC_SECURITY_KEYRING 2 RXRPC_EXCLUSIVE_CONNECTION 3 RXRPC_MIN_SECURITY_LEVEL 4
        RXRPC_UPGRADEABLE_SERVICE 5 RXRPC_SUPPORTED_CMSG 6 RXRPC_MANAGE_RESPONSE 7
    """),
    "SOL_PPPOL2TP": names("""
        PPPOL2TP_SO_DEBUG 1 PPPOL2TP_SO_RECVSEQ 2 PPPOL2TP_SO_SENDSEQ 3 PPPOL2TP_SO_LNSMODE 4
        PPPOL2TP_SO_REORDERTO 5
    """),
    "SOL_BLUETOOTH": names("""
        BT_SECURITY 4 BT_DEFER_SETUP 7 BT_FLUSHABLE 8 BT_POWER 9 BT_CHANNEL_POLICY 10 BT_VOICE 11 BT_SNDMTU 12
        BT_RCVMTU 13 BT_PHY 14 BT_MODE 15 BT_PKT_STATUS 16 BT_ISO_QOS 17 BT_CODEC 19 BT_ISO_BASE 20 BT_PKT_SEQNUM 22
    """),
    "SOL_PNPIPE": names("PNPIPE_ENCAP 1 PNPIPE_IFINDEX 2 PNPIPE_HANDLE 3 PNPIPE_INITSTATE 4"),
    "SOL_RDS": names("""
        RDS_CANCEL_SENT_TO 1 RDS_GET_MR 2 RDS_FREE_MR 3 RDS_RECVERR 5 RDS_CONG_MONITOR 6 RDS_GET_MR_FOR_DEST 7
        SO_RDS_TRANSPORT 8 SO_RDS_TOS 9 SO_RDS_MSG_RXPATH_LATENCY 10 RDS_INFO_COUNTERS 10000
        RDS_INFO_CONNECTIONS 10001 RDS_INFO_SEND_MESSAGES 10003 RDS_INFO_RETRANS_MESSAGES 10004
        RDS_INFO_RECV_MESSAGES 10005 RDS_INFO_SOCKETS 10006 RDS_INFO_TCP_SOCKETS 10007
        RDS_INFO_IB_CONNECTIONS 10008 RDS_INFO_CONNECTION_STATS 10009 RDS_INFO_IWARP_CONNECTIONS 10010
    """),
    "SOL_IUCV": names("SO_IPRMDATA_MSG 0x80 SO_MSGSIZE 0x800 SO_MSGLIMIT 0x1000"),
    "SOL_CAIF": names("CAIFSO_LINK_SELECT 127 CAIFSO_REQ_PARAM 128 CAIFSO_RSP_PARAM 129"),
    "SOL_ALG": names("""
        ALG_SET_KEY 1 ALG_SET_IV 2 ALG_SET_OP 3 ALG_SET_AEAD_ASSOCLEN 4 ALG_SET_AEAD_AUTHSIZE 5
        ALG_SET_DRBG_ENTROPY 6 ALG_SET_KEY_BY_KEY_SERIAL 7
    """),
    "SOL_NFC": names("NFC_LLCP_RW 0 NFC_LLCP_MIUX 1 NFC_LLCP_REMOTE_MIU 2 NFC_LLCP_REMOTE_LTO 3 NFC_LLCP_REMOTE_RW 4"),
    "SOL_KCM": names("KCM_RECV_DISABLE 1"),
    "SOL_TLS": names("TLS_TX 1 TLS_RX 2 TLS_TX_ZEROCOPY_RO 3 TLS_RX_EXPECT_NO_PAD 4 TLS_TX_MAX_PAYLOAD_LEN 5"),
    "SOL_XDP": names("""
        XDP_MMAP_OFFSETS 1 XDP_RX_RING 2 XDP_TX_RING 3 XDP_UMEM_REG 4 XDP_UMEM_FILL_RING 5
        XDP_UMEM_COMPLETION_RING 6 XDP_STATISTICS 7 XDP_OPTIONS 8 XDP_MAX_TX_SKB_BUDGET 9
    """),
    "SOL_MPTCP": names("MPTCP_INFO 1 MPTCP_TCPINFO 2 MPTCP_SUBFLOW_ADDRS 3 MPTCP_FULL_INFO 4"),
    "SOL_MCTP": names("MCTP_OPT_ADDR_EXT 1"),
    "SOL_SMC": names("SMC_LIMIT_HS 1"),
}
"""Options by level that both setsockopt and getsockopt know under one name."""

SET_OPTIONS: dict[str, dict[str, int]] = {
    "SOL_IP": names("""
        IPT_SO_SET_REPLACE 64 IPT_SO_SET_ADD_COUNTERS 65 ARPT_SO_SET_REPLACE 96 ARPT_SO_SET_ADD_COUNTERS 97
        EBT_SO_SET_ENTRIES 128 EBT_SO_SET_COUNTERS 129 IP_VS_SO_SET_NONE 1152 IP_VS_SO_SET_INSERT 1153
        IP_VS_SO_SET_ADD 1154 IP_VS_SO_SET_EDIT 1155 IP_VS_SO_SET_DEL 1156 IP_VS_SO_SET_FLUSH 1157
        IP_VS_SO_SET_LIST 1158 IP_VS_SO_SET_ADDDEST 1159 IP_VS_SO_SET_DELDEST 1160 IP_VS_SO_SET_EDITDEST 1161
        IP_VS_SO_SET_TIMEOUT 1162 IP_VS_SO_SET_STARTDAEMON 1163 IP_VS_SO_SET_STOPDAEMON 1164
        IP_VS_SO_SET_RESTORE 1165 IP_VS_SO_SET_SAVE 1166 IP_VS_SO_SET_ZERO 1167
    """),
    "SOL_IPV6": names("IP6T_SO_SET_REPLACE 64 IP6T_SO_SET_ADD_COUNTERS 65"),
}
"""Options whose numbers mean something else to getsockopt."""

GET_OPTIONS: dict[str, dict[str, int]] = {
    "SOL_SOCKET": names("SO_GET_FILTER 26"),
    "SOL_IP": names("""
        IPT_SO_GET_INFO 64 IPT_SO_GET_ENTRIES 65 IPT_SO_GET_REVISION_MATCH 66 IPT_SO_GET_REVISION_TARGET 67
        SO_ORIGINAL_DST 80 ARPT_SO_GET_INFO 96 ARPT_SO_GET_ENTRIES 97 ARPT_SO_GET_REVISION_TARGET 99
        EBT_SO_GET_INFO 128 EBT_SO_GET_ENTRIES 129 EBT_SO_GET_INIT_INFO 130 EBT_SO_GET_INIT_ENTRIES 131
        IP_VS_SO_GET_VERSION 1152 IP_VS_SO_GET_INFO 1153 IP_VS_SO_GET_SERVICES 1154 IP_VS_SO_GET_SERVICE 1155
        IP_VS_SO_GET_DESTS 1156 IP_VS_SO_GET_DEST 1157 IP_VS_SO_GET_TIMEOUT 1158 IP_VS_SO_GET_DAEMON 1159
    """),
    "SOL_IPV6": names("""
        IP6T_SO_GET_INFO 64 IP6T_SO_GET_ENTRIES 65 IP6T_SO_GET_REVISION_MATCH 68 IP6T_SO_GET_REVISION_TARGET 69
        IP6T_SO_ORIGINAL_DST 80
    """),
}
"""Options whose numbers mean something else to setsockopt."""


def _option_names(special: Mapping[str, Mapping[str, int]]) -> dict[str, Enum]:
    return {
        level: Enum(table=f"{level} options", signed=True, values=merged(special.get(level, {}), options))
        for level, options in OPTIONS.items()
    }


SET_OPTION_NAMES = _option_names(SET_OPTIONS)
GET_OPTION_NAMES = _option_names(GET_OPTIONS)
SET_OPTION = Switch("level", SOCKET_LEVEL, SET_OPTION_NAMES, default=I32)
GET_OPTION = Switch("level", SOCKET_LEVEL, GET_OPTION_NAMES, default=I32)

SOCKET_ERROR = Enum(table="errno", signed=True, values={"0": 0, **ERRNO.values})
"""The pending error of a socket; "0" when there is none."""

PMTU_DISCOVERY = Enum(
    table="path MTU discovery",
    signed=True,
    values=names("""
        IP_PMTUDISC_DONT 0 IP_PMTUDISC_WANT 1 IP_PMTUDISC_DO 2 IP_PMTUDISC_PROBE 3 IP_PMTUDISC_INTERFACE 4
        IP_PMTUDISC_OMIT 5
    """),
)
FILTER_MODE = Enum(table="source filter modes", values={"MCAST_EXCLUDE": 0, "MCAST_INCLUDE": 1})
UDP_ENCAPSULATION = Enum(
    table="UDP encapsulations",
    signed=True,
    values=names("""
        0 0 UDP_ENCAP_ESPINUDP_NON_IKE 1 UDP_ENCAP_ESPINUDP 2 UDP_ENCAP_L2TPINUDP 3 UDP_ENCAP_GTP0 4
        UDP_ENCAP_GTP1U 5 UDP_ENCAP_RXRPC 6 TCP_ENCAP_ESPINTCP 7
    """),
)
TIMESTAMPING_FLAGS = Flags(
    table="SOF_TIMESTAMPING_* flags",
    values=names("""
        SOF_TIMESTAMPING_TX_HARDWARE 0x1 SOF_TIMESTAMPING_TX_SOFTWARE 0x2 SOF_TIMESTAMPING_RX_HARDWARE 0x4
        SOF_TIMESTAMPING_RX_SOFTWARE 0x8 SOF_TIMESTAMPING_SOFTWARE 0x10 SOF_TIMESTAMPING_SYS_HARDWARE 0x20
        SOF_TIMESTAMPING_RAW_HARDWARE 0x40 SOF_TIMESTAMPING_OPT_ID 0x80 SOF_TIMESTAMPING_TX_SCHED 0x100
        SOF_TIMESTAMPING_TX_ACK 0x200 SOF_TIMESTAMPING_OPT_CMSG 0x400 SOF_TIMESTAMPING_OPT_TSONLY 0x800
        SOF_TIMESTAMPING_OPT_STATS 0x1000 SOF_TIMESTAMPING_OPT_PKTINFO 0x2000 SOF_TIMESTAMPING_OPT_TX_SWHW 0x4000
        SOF_TIMESTAMPING_BIND_PHC 0x8000 SOF_TIMESTAMPING_OPT_ID_TCP 0x10000 SOF_TIMESTAMPING_OPT_RX_FILTER 0x20000
        SOF_TIMESTAMPING_TX_COMPLETION 0x40000
    """),
)
TXTIME_FLAGS = Flags(table="SO_TXTIME flags", values={"SOF_TXTIME_DEADLINE_MODE": 1, "SOF_TXTIME_REPORT_ERRORS": 2})
BUFFER_LOCK = Flags(table="SO_BUF_LOCK flags", values={"SOCK_SNDBUF_LOCK": 1, "SOCK_RCVBUF_LOCK": 2})
ADDRESS_PREFERENCES = Flags(
    table="source address preferences",
    values=names("""
        IPV6_PREFER_SRC_TMP 0x1 IPV6_PREFER_SRC_PUBLIC 0x2 IPV6_PREFER_SRC_COA 0x4 IPV6_PREFER_SRC_CGA 0x8
        IPV6_PREFER_SRC_PUBTMP_DEFAULT 0x100 IPV6_PREFER_SRC_HOME 0x400 IPV6_PREFER_SRC_NONCGA 0x800
    """),
)
TCP_STATE = Enum(
    table="TCP states",
    size=1,
    values=names("""
        TCP_ESTABLISHED 1 TCP_SYN_SENT 2 TCP_SYN_RECV 3 TCP_FIN_WAIT1 4 TCP_FIN_WAIT2 5 TCP_TIME_WAIT 6 TCP_CLOSE 7
        TCP_CLOSE_WAIT 8 TCP_LAST_ACK 9 TCP_LISTEN 10 TCP_CLOSING 11 TCP_NEW_SYN_RECV 12 TCP_BOUND_INACTIVE 13
    """),
)
TCP_CONGESTION_STATE = Enum(
    table="TCP congestion states",
    size=1,
    values=names("TCP_CA_Open 0 TCP_CA_Disorder 1 TCP_CA_CWR 2 TCP_CA_Recovery 3 TCP_CA_Loss 4"),
)
TCP_INFO_OPTIONS = Flags(
    table="TCPI_OPT_* flags",
    size=1,
    values=names("""
        TCPI_OPT_TIMESTAMPS 1 TCPI_OPT_SACK 2 TCPI_OPT_WSCALE 4 TCPI_OPT_ECN 8 TCPI_OPT_ECN_SEEN 16
        TCPI_OPT_SYN_DATA 32 TCPI_OPT_USEC_TS 64 TCPI_OPT_TFO_CHILD 128
    """),
)
TCP_REPAIR = Enum(
    table="TCP_REPAIR",
    signed=True,
    values={"TCP_REPAIR_ON": 1, "TCP_REPAIR_OFF": 0, "TCP_REPAIR_OFF_NO_WP": -1},
)
TCP_QUEUE = Enum(table="TCP queues", values={"TCP_NO_QUEUE": 0, "TCP_RECV_QUEUE": 1, "TCP_SEND_QUEUE": 2})
TLS_VERSION = Enum(table="TLS versions", size=2, values={"TLS_1_2_VERSION": 0x303, "TLS_1_3_VERSION": 0x304})
TLS_CIPHER = Enum(
    table="TLS ciphers",
    size=2,
    values=names("""
        TLS_CIPHER_AES_GCM_128 51 TLS_CIPHER_AES_GCM_256 52 TLS_CIPHER_AES_CCM_128 53
        TLS_CIPHER_CHACHA20_POLY1305 54 TLS_CIPHER_SM4_GCM 55 TLS_CIPHER_SM4_CCM 56 TLS_CIPHER_ARIA_GCM_128 57
        TLS_CIPHER_ARIA_GCM_256 58
    """),
)
TLS_RECORD = Enum(
    table="TLS record types",
    size=1,
    values=names("change_cipher_spec 20 alert 21 handshake 22 application_data 23 heartbeat 24"),
)
PACKET_MEMBERSHIP = Enum(
    table="packet memberships",
    size=2,
    values=names("PACKET_MR_MULTICAST 0 PACKET_MR_PROMISC 1 PACKET_MR_ALLMULTI 2 PACKET_MR_UNICAST 3"),
)
PACKET_VERSION = Enum(table="packet ring versions", values={"TPACKET_V1": 0, "TPACKET_V2": 1, "TPACKET_V3": 2})
PACKET_FANOUT = Flags(
    table="packet fanout",
    size=2,
    fields={
        0xFF: names("""
            PACKET_FANOUT_HASH 0 PACKET_FANOUT_LB 1 PACKET_FANOUT_CPU 2 PACKET_FANOUT_ROLLOVER 3 PACKET_FANOUT_RND 4
            PACKET_FANOUT_QM 5 PACKET_FANOUT_CBPF 6 PACKET_FANOUT_EBPF 7
        """)
    },
    values=names("""
        PACKET_FANOUT_FLAG_ROLLOVER 0x1000 PACKET_FANOUT_FLAG_UNIQUEID 0x2000
        PACKET_FANOUT_FLAG_IGNORE_OUTGOING 0x4000 PACKET_FANOUT_FLAG_DEFRAG 0x8000
    """),
)
PACKET_STATUS = Flags(
    table="TP_STATUS_* flags",
    values=names("""
        TP_STATUS_USER 0x1 TP_STATUS_COPY 0x2 TP_STATUS_LOSING 0x4 TP_STATUS_CSUMNOTREADY 0x8
        TP_STATUS_VLAN_VALID 0x10 TP_STATUS_BLK_TMO 0x20 TP_STATUS_VLAN_TPID_VALID 0x40 TP_STATUS_CSUM_VALID 0x80
        TP_STATUS_GSO_TCP 0x100 TP_STATUS_TS_SOFTWARE 0x20000000 TP_STATUS_TS_SYS_HARDWARE 0x40000000
        TP_STATUS_TS_RAW_HARDWARE 0x80000000
    """),
)
UMEM_FLAGS = Flags(
    table="XDP umem flags",
    values={"XDP_UMEM_UNALIGNED_CHUNK_FLAG": 1, "XDP_UMEM_TX_SW_CSUM": 2, "XDP_UMEM_TX_METADATA_LEN": 4},
)
EXTENDED_ERROR_ORIGIN = Enum(
    table="error origins",
    size=1,
    values=names("""
        SO_EE_ORIGIN_NONE 0 SO_EE_ORIGIN_LOCAL 1 SO_EE_ORIGIN_ICMP 2 SO_EE_ORIGIN_ICMP6 3 SO_EE_ORIGIN_TXSTATUS 4
        SO_EE_ORIGIN_ZEROCOPY 5 SO_EE_ORIGIN_TXTIME 6
    """),
)

UCRED = structure(
    "ucred", ("pid", PID, "the process"), ("uid", UID, "its effective user"), ("gid", GID, "its effective group")
)
LINGER = structure(
    "linger",
    ("l_onoff", I32, "whether close waits for unsent data"),
    ("l_linger", SECONDS32, "how long at most; 0 resets the connection"),
)
SOCK_FPROG = structure("sock_fprog", ("len", U16, "number of instructions"), ("filter", ADDRESS, "where they are"))
SO_TIMESTAMPING = structure(
    "so_timestamping",
    ("flags", TIMESTAMPING_FLAGS, "which timestamps are taken and how they are reported"),
    ("bind_phc", I32, "hardware clock to use, with SOF_TIMESTAMPING_BIND_PHC"),
)
SOCK_TXTIME = structure(
    "sock_txtime",
    ("clockid", CLOCK, "clock that the times to send at refer to"),
    ("flags", TXTIME_FLAGS, "whether times are deadlines, and whether errors are reported"),
)
SO_MEMINFO = structure(
    "SO_MEMINFO",
    ("rmem_alloc", LENGTH, "memory that received data takes"),
    ("rcvbuf", LENGTH, "limit of received data"),
    ("wmem_alloc", LENGTH, "memory of data on its way out"),
    ("sndbuf", LENGTH, "limit of data to send"),
    ("fwd_alloc", LENGTH, "memory reserved and not yet used"),
    ("wmem_queued", LENGTH, "memory of data to send, queued or not acknowledged"),
    ("optmem", LENGTH, "memory of options"),
    ("backlog", LENGTH, "memory of packets that wait while the socket is in use"),
    ("drops", U32, "packets dropped"),
)
DMABUF_TOKEN = structure(
    "dmabuf_token", ("token_start", U32, "first fragment that is given back"), ("token_count", U32, "how many of them")
)
IP_MREQN = structure(
    "ip_mreqn",
    ("imr_multiaddr", IPV4, "the multicast group"),
    ("imr_address", IPV4, "address of the interface"),
    ("imr_ifindex", I32, "index of the interface; if not 0 the address does not count"),
)
IP_MREQ_SOURCE = structure(
    "ip_mreq_source",
    ("imr_multiaddr", IPV4, "the multicast group"),
    ("imr_interface", IPV4, "address of the interface"),
    ("imr_sourceaddr", IPV4, "the sender"),
)
IP_MSFILTER = structure(
    "ip_msfilter",
    ("imsf_multiaddr", IPV4, "the multicast group"),
    ("imsf_interface", IPV4, "address of the interface"),
    ("imsf_fmode", FILTER_MODE, "whether the senders are the only ones heard, or those not heard"),
    ("imsf_numsrc", U32, "number of senders"),
)
GROUP_REQ = structure(
    "group_req",
    ("gr_interface", U32, "index of the interface"),
    ("", U32),
    ("gr_group", SocketAddress(), "the multicast group"),
)
GROUP_SOURCE_REQ = structure(
    "group_source_req",
    ("gsr_interface", U32, "index of the interface"),
    ("", U32),
    ("gsr_group", SocketAddress(), "the multicast group"),
    ("gsr_source", SocketAddress(), "the sender"),
)
GROUP_FILTER = structure(
    "group_filter",
    ("gf_interface", U32, "index of the interface"),
    ("", U32),
    ("gf_group", SocketAddress(), "the multicast group"),
    ("gf_fmode", FILTER_MODE, "whether the senders are the only ones heard, or those not heard"),
    ("gf_numsrc", U32, "number of senders"),
)
PORT_RANGE = structure(
    "port range",
    ("low", U16, "lowest local port, 0 for the system's"),
    ("high", U16, "highest local port, 0 for the system's"),
)
IPV6_MREQ = structure(
    "ipv6_mreq",
    ("ipv6mr_multiaddr", IPV6, "the multicast or anycast group"),
    ("ipv6mr_ifindex", I32, "index of the interface, 0 lets the kernel choose"),
)
IN6_FLOWLABEL_REQ = structure(
    "in6_flowlabel_req",
    ("flr_dst", IPV6, "destination that the label is for"),
    ("flr_label", BE32, "the label, 0 lets the kernel choose"),
    (
        "flr_action",
        Enum(
            table="flow label actions",
            size=1,
            values={"IPV6_FL_A_GET": 0, "IPV6_FL_A_PUT": 1, "IPV6_FL_A_RENEW": 2},
        ),
        "lease it, give it back, or extend the lease",
    ),
    (
        "flr_share",
        Enum(
            table="flow label sharing",
            size=1,
            values=names("IPV6_FL_S_NONE 0 IPV6_FL_S_EXCL 1 IPV6_FL_S_PROCESS 2 IPV6_FL_S_USER 3 IPV6_FL_S_ANY 255"),
        ),
        "who else may use it",
    ),
    (
        "flr_flags",
        Flags(
            table="flow label flags",
            size=2,
            values=names("IPV6_FL_F_CREATE 1 IPV6_FL_F_EXCL 2 IPV6_FL_F_REFLECT 4 IPV6_FL_F_REMOTE 8"),
        ),
        "whether it may or must be new, or is taken over from the peer",
    ),
    ("flr_expires", Quantity(2, unit="seconds"), "how long the lease lasts"),
    ("flr_linger", Quantity(2, unit="seconds"), "how long it stays reserved after its last use"),
    ("", U32),
)
_TCP_INFO = structure(
    "tcp_info",
    ("tcpi_state", TCP_STATE, "state of the connection"),
    ("tcpi_ca_state", TCP_CONGESTION_STATE, "state of congestion control"),
    ("tcpi_retransmits", U8, "retransmission timeouts in a row without an answer"),
    ("tcpi_probes", U8, "zero window or keep-alive probes without an answer"),
    ("tcpi_backoff", U8, "how often the timeout has been doubled"),
    ("tcpi_options", TCP_INFO_OPTIONS, "options that both sides agreed on"),
    ("", U8),
    ("", U8),
    ("tcpi_rto", MICROSECONDS, "retransmission timeout"),
    ("tcpi_ato", MICROSECONDS, "timeout of delayed acknowledgements"),
    ("tcpi_snd_mss", LENGTH, "largest segment that is sent"),
    ("tcpi_rcv_mss", LENGTH, "largest segment received, an estimate"),
    ("tcpi_unacked", U32, "segments sent and not acknowledged; of a listener, connections that wait for accept"),
    ("tcpi_sacked", U32, "segments acknowledged selectively; of a listener, the limit of its backlog"),
    ("tcpi_lost", U32, "segments taken for lost"),
    ("tcpi_retrans", U32, "retransmitted segments not acknowledged yet"),
    ("tcpi_fackets", U32, "not used any more"),
    ("tcpi_last_data_sent", MILLISECONDS_OPTION, "since data was sent"),
    ("tcpi_last_ack_sent", MILLISECONDS_OPTION, "not kept, always 0"),
    ("tcpi_last_data_recv", MILLISECONDS_OPTION, "since data was received"),
    ("tcpi_last_ack_recv", MILLISECONDS_OPTION, "since an acknowledgement was received"),
    ("tcpi_pmtu", LENGTH, "largest packet on the path"),
    ("tcpi_rcv_ssthresh", LENGTH, "limit that the offered window grows to"),
    ("tcpi_rtt", MICROSECONDS, "smoothed round-trip time"),
    ("tcpi_rttvar", MICROSECONDS, "its mean deviation"),
    ("tcpi_snd_ssthresh", U32, "slow start threshold, in segments"),
    ("tcpi_snd_cwnd", U32, "congestion window, in segments"),
    ("tcpi_advmss", LENGTH, "largest segment that was offered to the peer"),
    ("tcpi_reordering", U32, "how many segments may arrive out of order before one is taken for lost"),
    ("tcpi_rcv_rtt", MICROSECONDS, "round-trip time as the receiver estimates it"),
    ("tcpi_rcv_space", LENGTH, "data that is read in a round trip, for sizing the receive buffer"),
    ("tcpi_total_retrans", U32, "segments retransmitted since the start"),
    ("tcpi_pacing_rate", RATE, "rate at which data is paced out; all bits set is no limit"),
    ("tcpi_max_pacing_rate", RATE, "highest pacing rate (SO_MAX_PACING_RATE); all bits set is no limit"),
    ("tcpi_bytes_acked", U64, "bytes sent that were acknowledged"),
    ("tcpi_bytes_received", U64, "bytes received in order"),
    ("tcpi_segs_out", U32, "segments sent"),
    ("tcpi_segs_in", U32, "segments received"),
    ("tcpi_notsent_bytes", LENGTH, "written and not sent yet"),
    ("tcpi_min_rtt", MICROSECONDS, "least round-trip time of late"),
    ("tcpi_data_segs_in", U32, "segments with data received"),
    ("tcpi_data_segs_out", U32, "segments with data sent"),
    ("tcpi_delivery_rate", RATE, "rate at which data got to the peer, of late"),
    ("tcpi_busy_time", MICROSECONDS64, "time with data to send or to be acknowledged"),
    ("tcpi_rwnd_limited", MICROSECONDS64, "of it limited by the peer's window"),
    ("tcpi_sndbuf_limited", MICROSECONDS64, "of it limited by the send buffer"),
    ("tcpi_delivered", U32, "segments delivered, repeated ones too"),
    ("tcpi_delivered_ce", U32, "of them acknowledged with a congestion mark"),
    ("tcpi_bytes_sent", U64, "data bytes sent, retransmitted ones too"),
    ("tcpi_bytes_retrans", U64, "data bytes retransmitted"),
    ("tcpi_dsack_dups", U32, "segments that the peer reported as received twice"),
    ("tcpi_reord_seen", U32, "how often reordering was seen"),
    ("tcpi_rcv_ooopack", U32, "segments received out of order"),
    ("tcpi_snd_wnd", LENGTH, "the peer's window, scaled"),
    ("tcpi_rcv_wnd", LENGTH, "the window offered to the peer, scaled"),
    ("tcpi_rehash", U32, "how often another path was tried (by the flow hash)"),
    ("tcpi_total_rto", U16, "retransmission timeouts"),
    ("tcpi_total_rto_recoveries", U16, "recoveries from retransmission timeouts"),
    ("tcpi_total_rto_time", MILLISECONDS_OPTION, "time spent in recovery from timeouts"),
    ("tcpi_received_ce", U32, "packets received with a congestion mark"),
    ("tcpi_delivered_e1_bytes", U32, "bytes delivered marked ECT(1)"),
    ("tcpi_delivered_e0_bytes", U32, "bytes delivered marked ECT(0)"),
    ("tcpi_delivered_ce_bytes", U32, "bytes delivered with a congestion mark"),
    ("tcpi_received_e1_bytes", U32, "bytes received marked ECT(1)"),
    ("tcpi_received_e0_bytes", U32, "bytes received marked ECT(0)"),
    ("tcpi_received_ce_bytes", U32, "bytes received with a congestion mark"),
    ("tcpi_accecn", HEX32, "state of accurate ECN, raw"),
)
"""The last word is raw because its bits were laid out anew after 6.18."""

TCP_INFO = replace(
    _TCP_INFO,
    members=(
        *_TCP_INFO.members[:6],
        Member("tcpi_snd_wscale", 6, BitField(1, shift=0, width=4), "the peer's window scale, as a power of two"),
        Member("tcpi_rcv_wscale", 6, BitField(1, shift=4, width=4), "our window scale, as a power of two"),
        Member(
            "tcpi_delivery_rate_app_limited",
            7,
            BitField(1, shift=0, width=1),
            "1 if the delivery rate was limited by what the program wrote",
        ),
        Member(
            "tcpi_fastopen_client_fail",
            7,
            BitField(1, shift=1, width=2),
            "why fast open failed: 0 unknown, 1 no cookie, 2 data not acknowledged, 3 retransmitted",
        ),
        *_TCP_INFO.members[6:],
    ),
)
TCP_REPAIR_WINDOW = structure(
    "tcp_repair_window",
    ("snd_wl1", U32, "sequence number of the segment that last updated the window"),
    ("snd_wnd", LENGTH, "the peer's window"),
    ("max_window", LENGTH, "largest window that the peer has offered"),
    ("rcv_wnd", LENGTH, "the window offered to the peer"),
    ("rcv_wup", U32, "sequence number at the last update of that window"),
)
TCP_REPAIR_OPTION = structure(
    "tcp_repair_opt",
    (
        "opt_code",
        U32,
        "number of the TCP option: 2 segment size, 3 window scale, 4 selective acknowledgement, 8 timestamps",
    ),
    ("opt_val", U32, "its value"),
)
TCP_MD5SIG = structure(
    "tcp_md5sig",
    ("tcpm_addr", SocketAddress(), "the peer"),
    (
        "tcpm_flags",
        Flags(table="TCP MD5 flags", size=1, values={"TCP_MD5SIG_FLAG_PREFIX": 1, "TCP_MD5SIG_FLAG_IFINDEX": 2}),
        "which of the prefix length and the interface count",
    ),
    ("tcpm_prefixlen", U8, "length of the address prefix"),
    ("tcpm_keylen", U16, "length of the key; 0 removes it"),
    ("tcpm_ifindex", I32, "index of the interface that the key is for"),
)
"""Without the key, as `Withheld`."""
TCP_AO_KEY = structure(
    "tcp_ao_add",
    ("addr", SocketAddress(), "the peer"),
    ("alg_name", Characters(64), "algorithm of the signature"),
    ("ifindex", I32, "index of the interface that the key is for"),
)
"""Up to the flags and the key, which are left out as those of TCP_MD5SIG."""
TCP_ZEROCOPY_RECEIVE = structure(
    "tcp_zerocopy_receive",
    ("address", ADDRESS, "where data is mapped"),
    ("length", LENGTH, "how much to map, afterwards how much was mapped"),
    ("recv_skip_hint", LENGTH, "bytes that must be read in the usual way before more can be mapped"),
    ("inq", LENGTH, "bytes that can be read"),
    ("err", I32, "error of the socket"),
    ("copybuf_address", ADDRESS, "where small data is copied instead"),
    ("copybuf_len", Quantity(4, True, unit="bytes"), "room there, afterwards the bytes copied or a negative error"),
    (
        "flags",
        Flags(table="zero-copy receive flags", values={"TCP_RECEIVE_ZEROCOPY_FLAG_TLB_CLEAN_HINT": 1}),
        "hints",
    ),
    ("msg_control", ADDRESS, "room for control messages"),
    ("msg_controllen", U64, "bytes of it"),
    ("msg_flags", MESSAGE_FLAGS, "flags as those of recvmsg"),
)
TLS_CRYPTO_INFO = structure(
    "tls_crypto_info", ("version", TLS_VERSION, "version of TLS"), ("cipher_type", TLS_CIPHER, "the cipher")
)
"""Only the head: keys, salts and sequence numbers behind it are left out."""
PACKET_MREQ = structure(
    "packet_mreq",
    ("mr_ifindex", I32, "index of the interface"),
    ("mr_type", PACKET_MEMBERSHIP, "what else is received"),
    ("mr_alen", U16, "length of the address"),
    ("mr_address", Bytes(8), "hardware address"),
)
TPACKET_STATS = structure(
    "tpacket_stats",
    ("tp_packets", U32, "packets since the last question"),
    ("tp_drops", U32, "of them dropped"),
    ("tp_freeze_q_cnt", U32, "how often the ring was full (version 3)"),
)
TPACKET_REQ = structure(
    "tpacket_req3",
    ("tp_block_size", LENGTH, "size of a block of the ring"),
    ("tp_block_nr", U32, "number of blocks"),
    ("tp_frame_size", LENGTH, "size of a frame"),
    ("tp_frame_nr", U32, "number of frames"),
    (
        "tp_retire_blk_tov",
        MILLISECONDS_OPTION,
        "after which time a block is handed over though it is not full (version 3)",
    ),
    ("tp_sizeof_priv", LENGTH, "room for private data in a block (version 3)"),
    ("tp_feature_req_word", HEX32, "features that are asked for (version 3)"),
)
TPACKET_AUXDATA = structure(
    "tpacket_auxdata",
    ("tp_status", PACKET_STATUS, "what is known about the packet"),
    ("tp_len", LENGTH, "its length"),
    ("tp_snaplen", LENGTH, "how much of it was captured"),
    ("tp_mac", U16, "where its link-layer header starts"),
    ("tp_net", U16, "where its network header starts"),
    ("tp_vlan_tci", U16, "priority and number of its VLAN"),
    ("tp_vlan_tpid", U16, "protocol of its VLAN tag"),
)
TPACKET_ROLLOVER_STATS = structure(
    "tpacket_rollover_stats",
    ("tp_all", U64, "packets moved to another socket"),
    ("tp_huge", U64, "of them because they belong to a flow that takes too much"),
    ("tp_failed", U64, "packets that no other socket could take"),
)
FANOUT_ARGS = structure(
    "fanout_args",
    ("id", U16, "the group of sockets"),
    ("type_flags", PACKET_FANOUT, "how packets are spread over the group"),
    ("max_num_members", U32, "how many sockets it may have"),
)
XDP_UMEM_REG = structure(
    "xdp_umem_reg",
    ("addr", ADDRESS, "where the memory of packets starts"),
    ("len", Quantity(8, unit="bytes"), "its size"),
    ("chunk_size", LENGTH, "room for one packet"),
    ("headroom", LENGTH, "room left before a packet's data"),
    ("flags", UMEM_FLAGS, "how chunks are aligned and what metadata they carry"),
    ("tx_metadata_len", LENGTH, "room for the metadata of a packet to send"),
)
XDP_STATISTICS = structure(
    "xdp_statistics",
    ("rx_dropped", U64, "packets dropped for other reasons than those below"),
    ("rx_invalid_descs", U64, "packets dropped because of an invalid descriptor"),
    ("tx_invalid_descs", U64, "packets not sent because of an invalid descriptor"),
    ("rx_ring_full", U64, "packets dropped because the receive ring was full"),
    ("rx_fill_ring_empty_descs", U64, "times that the fill ring had nothing"),
    ("tx_ring_empty_descs", U64, "times that the send ring had nothing"),
)
XDP_OPTIONS = structure(
    "xdp_options",
    ("flags", Flags(table="XDP options", values={"XDP_OPTIONS_ZEROCOPY": 1}), "whether packets are not copied"),
)
CAN_FILTER = structure(
    "can_filter",
    ("can_id", HEX32, "identifier to match; the bit 0x20000000 inverts the filter"),
    ("can_mask", HEX32, "which of its bits count"),
)
SCTP_INITMSG = structure(
    "sctp_initmsg",
    ("sinit_num_ostreams", U16, "outgoing streams to ask for"),
    ("sinit_max_instreams", U16, "incoming streams to allow"),
    ("sinit_max_attempts", U16, "how often INIT is sent"),
    ("sinit_max_init_timeo", Quantity(2, unit="milliseconds"), "longest timeout of INIT"),
)
SCTP_RTOINFO = structure(
    "sctp_rtoinfo",
    ("srto_assoc_id", I32, "the association"),
    ("srto_initial", MILLISECONDS_OPTION, "first retransmission timeout"),
    ("srto_max", MILLISECONDS_OPTION, "longest retransmission timeout"),
    ("srto_min", MILLISECONDS_OPTION, "shortest retransmission timeout"),
)
SCTP_SNDRCVINFO = structure(
    "sctp_sndrcvinfo",
    ("sinfo_stream", U16, "stream of the message"),
    ("sinfo_ssn", U16, "its sequence number in the stream"),
    (
        "sinfo_flags",
        Flags(
            table="SCTP message flags",
            size=2,
            values=names("""
                SCTP_UNORDERED 0x1 SCTP_ADDR_OVER 0x2 SCTP_ABORT 0x4 SCTP_SACK_IMMEDIATELY 0x8 SCTP_SENDALL 0x40
                SCTP_PR_SCTP_ALL 0x80 SCTP_EOF 0x200 SCTP_NOTIFICATION 0x8000
            """),
        ),
        "how it is sent, or what it is",
    ),
    ("sinfo_ppid", BE32, "identifier of the protocol above, passed through"),
    ("sinfo_context", U32, "the sender's own value, given back with an error"),
    ("sinfo_timetolive", MILLISECONDS_OPTION, "how long it is worth sending"),
    ("sinfo_tsn", U32, "transmission sequence number of a received message"),
    ("sinfo_cumtsn", U32, "cumulative transmission sequence number"),
    ("sinfo_assoc_id", I32, "the association"),
)
SCTP_SNDINFO = structure(
    "sctp_sndinfo",
    ("snd_sid", U16, "stream of the message"),
    ("snd_flags", U16, "how it is sent"),
    ("snd_ppid", BE32, "identifier of the protocol above, passed through"),
    ("snd_context", U32, "the sender's own value, given back with an error"),
    ("snd_assoc_id", I32, "the association"),
)
SCTP_RCVINFO = structure(
    "sctp_rcvinfo",
    ("rcv_sid", U16, "stream of the message"),
    ("rcv_ssn", U16, "its sequence number in the stream"),
    ("rcv_flags", U16, "what it is"),
    ("rcv_ppid", BE32, "identifier of the protocol above, passed through"),
    ("rcv_tsn", U32, "transmission sequence number"),
    ("rcv_cumtsn", U32, "cumulative transmission sequence number"),
    ("rcv_context", U32, "the receiver's own value for the association"),
    ("rcv_assoc_id", I32, "the association"),
)
TIPC_GROUP_REQ = structure(
    "tipc_group_req",
    ("type", U32, "the group"),
    ("instance", U32, "the member's number in it"),
    ("scope", U32, "2 the cluster, 3 this node"),
    ("flags", HEX32, "1 receives its own messages, 2 is told of joining and leaving members"),
)
IN_PKTINFO = structure(
    "in_pktinfo",
    ("ipi_ifindex", I32, "index of the interface"),
    ("ipi_spec_dst", IPV4, "local address of the packet"),
    ("ipi_addr", IPV4, "destination in its header"),
)
IN6_PKTINFO = structure(
    "in6_pktinfo", ("ipi6_addr", IPV6, "source or destination address"), ("ipi6_ifindex", I32, "index of the interface")
)
SOCK_EXTENDED_ERR = structure(
    "sock_extended_err",
    ("ee_errno", SOCKET_ERROR, "the error"),
    ("ee_origin", EXTENDED_ERROR_ORIGIN, "where it comes from"),
    ("ee_type", U8, "type of the ICMP message"),
    ("ee_code", U8, "code of the ICMP message, or of the origin"),
    ("", U8),
    ("ee_info", U32, "depends on the origin: the MTU of the path, a timestamp's kind, the first zero-copy send"),
    ("ee_data", U32, "depends on the origin: a timestamp's key, the last zero-copy send"),
)
SCM_TS_PKTINFO = structure(
    "scm_ts_pktinfo",
    ("if_index", U32, "index of the interface that the packet came in by"),
    ("pkt_length", LENGTH, "length of the packet"),
)
DMABUF_CMSG = structure(
    "dmabuf_cmsg",
    ("frag_offset", U64, "where the fragment starts in the buffer"),
    ("frag_size", LENGTH, "its size"),
    ("frag_token", U32, "token to give it back with"),
    ("dmabuf_id", U32, "the buffer"),
    ("flags", HEX32, "not used"),
)

OPTION_TYPES: dict[str, Type] = {
    "SO_TYPE": SOCKET_TYPE,
    "SO_ERROR": SOCKET_ERROR,
    "SO_DOMAIN": SOCKET_FAMILY,
    "SO_LINGER": LINGER,
    "SO_PEERCRED": UCRED,
    "SO_PEERGROUPS": Array(GID, RAW_OPTION_LIMIT),
    "SO_PEERPIDFD": FD,
    "SO_PEERNAME": SocketAddress(),
    "SO_PEERSEC": Text(),
    "SO_RCVTIMEO_OLD": TIMEVAL,
    "SO_SNDTIMEO_OLD": TIMEVAL,
    "SO_RCVTIMEO_NEW": TIMEVAL,
    "SO_SNDTIMEO_NEW": TIMEVAL,
    "SO_BINDTODEVICE": Text(),
    "SO_ATTACH_FILTER": SOCK_FPROG,
    "SO_GET_FILTER": Remaining(),
    "SO_ATTACH_REUSEPORT_CBPF": SOCK_FPROG,
    "SO_ATTACH_BPF": FD,
    "SO_ATTACH_REUSEPORT_EBPF": FD,
    "SO_MARK": HEX32,
    "SO_TIMESTAMPING_OLD": SO_TIMESTAMPING,
    "SO_TIMESTAMPING_NEW": SO_TIMESTAMPING,
    "SO_MAX_PACING_RATE": RATE,
    "SO_MEMINFO": SO_MEMINFO,
    "SO_COOKIE": HEX64,
    "SO_NETNS_COOKIE": HEX64,
    "SO_TXTIME": SOCK_TXTIME,
    "SO_BUF_LOCK": BUFFER_LOCK,
    "SO_DEVMEM_DONTNEED": Array(DMABUF_TOKEN, 32),
    "IP_OPTIONS": Remaining(),
    "IP_MTU_DISCOVER": PMTU_DISCOVERY,
    "IP_MULTICAST_IF": ByLength({4: IPV4, 8: IP_MREQN}),
    "IP_ADD_MEMBERSHIP": IP_MREQN,
    "IP_DROP_MEMBERSHIP": IP_MREQN,
    "IP_UNBLOCK_SOURCE": IP_MREQ_SOURCE,
    "IP_BLOCK_SOURCE": IP_MREQ_SOURCE,
    "IP_ADD_SOURCE_MEMBERSHIP": IP_MREQ_SOURCE,
    "IP_DROP_SOURCE_MEMBERSHIP": IP_MREQ_SOURCE,
    "IP_MSFILTER": IP_MSFILTER,
    "MCAST_JOIN_GROUP": GROUP_REQ,
    "MCAST_LEAVE_GROUP": GROUP_REQ,
    "MCAST_BLOCK_SOURCE": GROUP_SOURCE_REQ,
    "MCAST_UNBLOCK_SOURCE": GROUP_SOURCE_REQ,
    "MCAST_JOIN_SOURCE_GROUP": GROUP_SOURCE_REQ,
    "MCAST_LEAVE_SOURCE_GROUP": GROUP_SOURCE_REQ,
    "MCAST_MSFILTER": GROUP_FILTER,
    "IP_UNICAST_IF": BE32,
    "IP_LOCAL_PORT_RANGE": PORT_RANGE,
    "IP_PROTOCOL": IP_PROTOCOL,
    "SO_ORIGINAL_DST": SocketAddress(),
    "IP6T_SO_ORIGINAL_DST": SocketAddress(),
    "IPV6_ADDRFORM": SOCKET_FAMILY,
    "IPV6_MTU_DISCOVER": PMTU_DISCOVERY,
    "IPV6_ADD_MEMBERSHIP": IPV6_MREQ,
    "IPV6_DROP_MEMBERSHIP": IPV6_MREQ,
    "IPV6_JOIN_ANYCAST": IPV6_MREQ,
    "IPV6_LEAVE_ANYCAST": IPV6_MREQ,
    "IPV6_FLOWLABEL_MGR": IN6_FLOWLABEL_REQ,
    "IPV6_2292PKTINFO": ByLength({0: I32, 20: IN6_PKTINFO}),
    "IPV6_PKTINFO": IN6_PKTINFO,
    "IPV6_ADDR_PREFERENCES": ADDRESS_PREFERENCES,
    "IPV6_UNICAST_IF": BE32,
    "TCP_INFO": TCP_INFO,
    "TCP_CONGESTION": Text(),
    "TCP_ULP": Text(),
    "TCP_REPAIR": TCP_REPAIR,
    "TCP_REPAIR_QUEUE": TCP_QUEUE,
    "TCP_REPAIR_OPTIONS": Array(TCP_REPAIR_OPTION, 16),
    "TCP_REPAIR_WINDOW": TCP_REPAIR_WINDOW,
    "TCP_QUEUE_SEQ": U32,
    "TCP_MD5SIG": TCP_MD5SIG,
    "TCP_MD5SIG_EXT": TCP_MD5SIG,
    "TCP_AO_ADD_KEY": TCP_AO_KEY,
    "TCP_AO_GET_KEYS": Withheld(),
    "TCP_FASTOPEN_KEY": Withheld(),
    "TCP_ZEROCOPY_RECEIVE": TCP_ZEROCOPY_RECEIVE,
    "UDP_ENCAP": UDP_ENCAPSULATION,
    "ICMP_FILTER": HEX32,
    "SO_VM_SOCKETS_BUFFER_SIZE": U64,
    "SO_VM_SOCKETS_BUFFER_MIN_SIZE": U64,
    "SO_VM_SOCKETS_BUFFER_MAX_SIZE": U64,
    "SO_VM_SOCKETS_CONNECT_TIMEOUT_OLD": TIMEVAL,
    "SO_VM_SOCKETS_CONNECT_TIMEOUT_NEW": TIMEVAL,
    "CAN_RAW_FILTER": Array(CAN_FILTER, 32),
    "CAN_RAW_ERR_FILTER": HEX32,
    "SCTP_INITMSG": SCTP_INITMSG,
    "SCTP_RTOINFO": SCTP_RTOINFO,
    "SCTP_AUTH_KEY": Withheld(),
    "SCTP_DEFAULT_SEND_PARAM": SCTP_SNDRCVINFO,
    "SCTP_DEFAULT_SNDINFO": SCTP_SNDINFO,
    "SCTP_SOCKOPT_BINDX_ADD": SocketAddress(),
    "SCTP_SOCKOPT_BINDX_REM": SocketAddress(),
    "SCTP_SOCKOPT_CONNECTX": SocketAddress(),
    "SCTP_SOCKOPT_CONNECTX_OLD": SocketAddress(),
    "PACKET_ADD_MEMBERSHIP": PACKET_MREQ,
    "PACKET_DROP_MEMBERSHIP": PACKET_MREQ,
    "PACKET_RX_RING": TPACKET_REQ,
    "PACKET_TX_RING": TPACKET_REQ,
    "PACKET_STATISTICS": TPACKET_STATS,
    "PACKET_VERSION": PACKET_VERSION,
    "PACKET_TIMESTAMP": TIMESTAMPING_FLAGS,
    "PACKET_FANOUT": FANOUT_ARGS,
    "PACKET_ROLLOVER_STATS": TPACKET_ROLLOVER_STATS,
    "NETLINK_LIST_MEMBERSHIPS": Array(HEX32, RAW_OPTION_LIMIT),
    "TIPC_GROUP_JOIN": TIPC_GROUP_REQ,
    "RXRPC_SECURITY_KEY": Text(),
    "RXRPC_SECURITY_KEYRING": Text(),
    "ALG_SET_KEY": Withheld(),
    "ALG_SET_DRBG_ENTROPY": Withheld(),
    "TLS_TX": TLS_CRYPTO_INFO,
    "TLS_RX": TLS_CRYPTO_INFO,
    "TLS_TX_MAX_PAYLOAD_LEN": Quantity(2, unit="bytes"),
    "XDP_UMEM_REG": XDP_UMEM_REG,
    "XDP_STATISTICS": XDP_STATISTICS,
    "XDP_OPTIONS": XDP_OPTIONS,
}
"""What the value of an option is, where it is not just a number."""


@dataclass(frozen=True, slots=True)
class OptionValue(Type):
    """The value of a socket option, by the arguments `level` and `optname`.

    A number where it is at most four bytes long and no type says otherwise, the first 64 bytes where it is longer.
    `length` names the argument that holds its length; with "*name" that argument points to it.
    """

    length: str
    table: Mapping[str, Enum] = field(hash=False)
    cases: Mapping[str, Type] = field(default_factory=lambda: OPTION_TYPES, hash=False)

    def captures(self, machine: str = "x86_64") -> tuple[Capture, ...]:
        return Bytes(self.length, limit=OPTION_LIMIT).captures(machine)

    def decode(self, raw: int, data: Sequence[bytes | None] = (), call: Call = _NO_CALL) -> Value:
        if not data or data[0] is None:
            return None
        value = data[0]
        level = SOCKET_LEVEL.names(call.machine).get(I32.number(call.raw.get("level", 0)), "")
        options = self.table.get(level)
        if options is not None:
            name = options.names(call.machine).get(I32.number(call.raw.get("optname", 0)), "")
            type = self.cases.get(name)
            if type is not None:
                return type.unpack(value, call)
        if 0 < len(value) <= 4:
            return int.from_bytes(value, "little", signed=len(value) == 4)
        return value[:RAW_OPTION_LIMIT]

    def schema(self) -> dict[str, object]:
        return {}

    def meaning(self) -> str:
        return "depends on optname"


CONTROL: dict[str, dict[str, int]] = {
    "SOL_SOCKET": names("""
        SCM_RIGHTS 1 SCM_CREDENTIALS 2 SCM_SECURITY 3 SCM_PIDFD 4 SO_PRIORITY 12 SCM_TIMESTAMP 29 SCM_TIMESTAMPNS 35
        SO_MARK 36 SCM_TIMESTAMPING 37 SO_RXQ_OVFL 40 SCM_WIFI_STATUS 41 SCM_TIMESTAMPING_OPT_STATS 54
        SCM_TIMESTAMPING_PKTINFO 58 SCM_TXTIME 61 SO_TIMESTAMP_NEW 63 SO_TIMESTAMPNS_NEW 64 SO_TIMESTAMPING_NEW 65
        SCM_DEVMEM_LINEAR 78 SCM_DEVMEM_DMABUF 79 SCM_TS_OPT_ID 81 SCM_INQ 84
    """),
    "SOL_IP": names("""
        IP_TOS 1 IP_TTL 2 IP_RECVOPTS 6 IP_RETOPTS 7 IP_PKTINFO 8 IP_RECVERR 11 SCM_SECURITY 18 IP_ORIGDSTADDR 20
        IP_CHECKSUM 23 IP_RECVFRAGSIZE 25 IP_PROTOCOL 52
    """),
    "SOL_IPV6": names("""
        IPV6_2292PKTINFO 2 IPV6_2292HOPOPTS 3 IPV6_2292DSTOPTS 4 IPV6_2292RTHDR 5 IPV6_2292HOPLIMIT 8
        IPV6_FLOWINFO 11 IPV6_RECVERR 25 IPV6_PKTINFO 50 IPV6_HOPLIMIT 52 IPV6_HOPOPTS 54 IPV6_RTHDRDSTOPTS 55
        IPV6_RTHDR 57 IPV6_DSTOPTS 59 IPV6_PATHMTU 61 IPV6_DONTFRAG 62 IPV6_TCLASS 67 IPV6_ORIGDSTADDR 74
        IPV6_RECVFRAGSIZE 77
    """),
    "SOL_TCP": names("TCP_CM_INQ 36"),
    "SOL_UDP": names("UDP_SEGMENT 103 UDP_GRO 104"),
    "SOL_SCTP": names("""
        SCTP_INIT 0 SCTP_SNDRCV 1 SCTP_SNDINFO 2 SCTP_RCVINFO 3 SCTP_NXTINFO 4 SCTP_PRINFO 5 SCTP_AUTHINFO 6
        SCTP_DSTADDRV4 7 SCTP_DSTADDRV6 8
    """),
    "SOL_PACKET": names("PACKET_AUXDATA 8 PACKET_TX_TIMESTAMP 16"),
    "SOL_NETLINK": names("NETLINK_PKTINFO 3 NETLINK_LISTEN_ALL_NSID 8"),
    "SOL_ALG": names("ALG_SET_IV 2 ALG_SET_OP 3 ALG_SET_AEAD_ASSOCLEN 4"),
    "SOL_TLS": names("TLS_SET_RECORD_TYPE 1 TLS_GET_RECORD_TYPE 2"),
    "SOL_BLUETOOTH": names("BT_SCM_PKT_STATUS 3 BT_SCM_ERROR 4 BT_SCM_PKT_SEQNUM 5"),
    "SOL_RXRPC": names("""
        RXRPC_USER_CALL_ID 1 RXRPC_ABORT 2 RXRPC_ACK 3 RXRPC_NET_ERROR 5 RXRPC_BUSY 6 RXRPC_LOCAL_ERROR 7
        RXRPC_NEW_CALL 8 RXRPC_EXCLUSIVE_CALL 10 RXRPC_UPGRADE_SERVICE 11 RXRPC_TX_LENGTH 12
        RXRPC_SET_CALL_TIMEOUT 13 RXRPC_CHARGE_ACCEPT 14 RXRPC_OOB_ID 15 RXRPC_CHALLENGED 16 RXRPC_RESPOND 17
        RXRPC_RESPONDED 18 RXRPC_RESP_RXGK_APPDATA 19
    """),
    "SOL_TIPC": names("TIPC_ERRINFO 1 TIPC_RETDATA 2 TIPC_DESTNAME 3"),
    "SOL_RDS": names("""
        RDS_CMSG_RDMA_ARGS 1 RDS_CMSG_RDMA_DEST 2 RDS_CMSG_RDMA_MAP 3 RDS_CMSG_RDMA_STATUS 4 RDS_CMSG_CONG_UPDATE 5
        RDS_CMSG_ATOMIC_FADD 6 RDS_CMSG_ATOMIC_CSWP 7 RDS_CMSG_MASKED_ATOMIC_FADD 8 RDS_CMSG_MASKED_ATOMIC_CSWP 9
        RDS_CMSG_RXPATH_LATENCY 11 RDS_CMSG_ZCOPY_COOKIE 12 RDS_CMSG_ZCOPY_COMPLETION 13
    """),
    "SOL_IUCV": names("SCM_IUCV_TRGCLS 1"),
    "SOL_CAN_RAW": names("SCM_CAN_RAW_ERRQUEUE 1"),
    "SOL_CAN_J1939": names("SCM_J1939_DEST_ADDR 1 SCM_J1939_DEST_NAME 2 SCM_J1939_PRIO 3 SCM_J1939_ERRQUEUE 4"),
    "SOL_VSOCK": names("VSOCK_RECVERR 1"),
}
"""Control messages by level."""

CONTROL_NAMES = {
    level: Enum(table=f"{level} control messages", signed=True, values=values) for level, values in CONTROL.items()
}

TIMESTAMPS = Array(TIMESPEC, 3)
ALG_OPERATION = Enum(table="ALG_SET_OP", values={"ALG_OP_DECRYPT": 0, "ALG_OP_ENCRYPT": 1})

CONTROL_TYPES: dict[str, Type] = {
    "SCM_CREDENTIALS": UCRED,
    "SCM_SECURITY": Text(),
    "SCM_PIDFD": FD,
    "SCM_TIMESTAMP": TIMEVAL,
    "SO_TIMESTAMP_NEW": TIMEVAL,
    "SCM_TIMESTAMPNS": TIMESPEC,
    "SO_TIMESTAMPNS_NEW": TIMESPEC,
    "SCM_TIMESTAMPING": TIMESTAMPS,
    "SO_TIMESTAMPING_NEW": TIMESTAMPS,
    "SCM_TIMESTAMPING_PKTINFO": SCM_TS_PKTINFO,
    "SCM_TXTIME": U64,
    "SO_MARK": HEX32,
    "SO_RXQ_OVFL": U32,
    "SCM_DEVMEM_LINEAR": DMABUF_CMSG,
    "SCM_DEVMEM_DMABUF": DMABUF_CMSG,
    "SCM_TS_OPT_ID": U32,
    "SCM_INQ": LENGTH,
    "IP_PKTINFO": IN_PKTINFO,
    "IP_RECVERR": ExtendedError(),
    "IP_ORIGDSTADDR": SocketAddress(),
    "IP_PROTOCOL": IP_PROTOCOL,
    "IP_CHECKSUM": HEX32,
    "IPV6_PKTINFO": IN6_PKTINFO,
    "IPV6_2292PKTINFO": IN6_PKTINFO,
    "IPV6_FLOWINFO": BE32,
    "IPV6_RECVERR": ExtendedError(),
    "IPV6_ORIGDSTADDR": SocketAddress(),
    "TCP_CM_INQ": LENGTH,
    "SCTP_INIT": SCTP_INITMSG,
    "SCTP_SNDRCV": SCTP_SNDRCVINFO,
    "SCTP_SNDINFO": SCTP_SNDINFO,
    "SCTP_RCVINFO": SCTP_RCVINFO,
    "SCTP_DSTADDRV4": IPV4,
    "SCTP_DSTADDRV6": IPV6,
    "PACKET_AUXDATA": TPACKET_AUXDATA,
    "PACKET_TX_TIMESTAMP": ExtendedError(),
    "VSOCK_RECVERR": ExtendedError(),
    "ALG_SET_OP": ALG_OPERATION,
    "ALG_SET_IV": Withheld(),
    "TLS_SET_RECORD_TYPE": TLS_RECORD,
    "TLS_GET_RECORD_TYPE": TLS_RECORD,
    "RXRPC_USER_CALL_ID": HEX64,
    "RXRPC_TX_LENGTH": I64,
}
"""What a control message holds, where it is not just a number."""

MESSAGE_HEADER_SIZE = 64
"""Bytes of a struct mmsghdr: a struct msghdr and the length of the message."""

_MMSGHDR = Structure(
    "mmsghdr",
    MESSAGE_HEADER_SIZE,
    (
        Member("address_length", 8, LENGTH, "length of the address"),
        Member("segments", 24, Quantity(8, unit="count"), "number of I/O vectors"),
        Member("control_length", 40, Quantity(8, unit="bytes"), "length of the control data"),
        Member("flags", 48, MESSAGE_FLAGS, "MSG_* flags of what was received"),
        Member("length", 56, LENGTH, "bytes sent or received"),
    ),
)


@dataclass(frozen=True, slots=True)
class MessageVector(Type):
    """An array of struct mmsghdr: flags and length per message, for the first one also address and control data.

    `count` names the argument with the number of messages, or is "ret". No payload: copies of payload
    end at the call's result, which counts messages here.
    """

    count: str
    limit: int = 16

    def captures(self, machine: str = "x86_64") -> tuple[Capture, ...]:
        return (
            *Array(_MMSGHDR, self.count, self.limit).captures(machine),
            Capture(Copy.MSGHDR, LengthFrom.FIXED, 56),
            Capture(Copy.MSG_NAME, limit=128),
            Capture(Copy.MSG_CONTROL, limit=256),
        )

    def decode(self, raw: int, data: Sequence[bytes | None] = (), call: Call = _NO_CALL) -> Value:
        from kindling.catalogue.sockaddr import decode_message

        if not data or data[0] is None:
            return None
        size = MESSAGE_HEADER_SIZE
        messages: list[Value] = []
        for at in range(0, len(data[0]) - size + 1, size):
            header = data[0][at : at + size]
            shown = _MMSGHDR.unpack(header, call)
            first = decode_message((header[:56], *data[2:4])) if at == 0 else None
            if isinstance(first, dict) and isinstance(shown, dict):
                shown |= {name: first[name] for name in ("address", "control") if name in first}
            messages.append(shown)
        return messages

    def schema(self) -> dict[str, object]:
        return {"type": ["array", "null"], "items": _MMSGHDR.schema()}

    def meaning(self) -> str:
        return "array of message headers"


@dataclass(frozen=True, slots=True)
class Received(Bytes):
    """Received payload, cut at `size`: with MSG_TRUNC the result is the length of the datagram, stored or not."""

    size: str = "len"

    def decode(self, raw: int, data: Sequence[bytes | None] = (), call: Call = _NO_CALL) -> Value:
        if not data or data[0] is None:
            return None
        return data[0][: call.raw.get(self.size, len(data[0]))]
