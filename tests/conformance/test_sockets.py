"""Sockets: made, bound, connected, accepted, sent through; both ends know who is client and who is server."""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import struct
from pathlib import Path

from tests.conformance.harness import ANY, Expected, Having, Watch, system

LOOPBACK = "127.0.0.1"


def ipv4(port: int, address: str = LOOPBACK) -> bytes:
    """A struct sockaddr_in."""
    return struct.pack("<H", socket.AF_INET) + struct.pack(">H", port) + socket.inet_aton(address) + bytes(8)


def test_a_tcp_connection(watch: Watch) -> None:
    length = ctypes.c_uint(16)
    peer = ctypes.create_string_buffer(16)

    def act() -> tuple[int, int, int, int, int]:
        listener = system.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_CLOEXEC, 0)
        system.bind(listener, ipv4(0), 16)
        system.listen(listener, 7)
        with socket.socket(fileno=os.dup(listener)) as view:
            port = view.getsockname()[1]
        client = system.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        system.connect(client, ipv4(port), 16)
        server = system.accept4(listener, peer, length, os.O_CLOEXEC)
        with socket.socket(fileno=os.dup(client)) as view:
            client_port = view.getsockname()[1]
        system.sendto(client, b"GET / HTTP/1.1\r\n\r\n", 18, 0, None, 0)
        system.recvfrom(server, ctypes.create_string_buffer(64), 64, 0, None, None)
        system.write(server, b"HTTP/1.1 200 OK\r\n\r\n", 19)
        system.read(client, ctypes.create_string_buffer(64), 64)
        system.shutdown(client, socket.SHUT_RDWR)
        system.close(server)
        return listener, client, server, port, client_port

    names = "socket bind listen connect accept4 sendto recvfrom write read shutdown close".split()
    seen = watch(act, *names, snaplen=64)
    listener, client, server, port, client_port = seen.value
    seen = seen.only(lambda event: event.name != "close" or event.args.fd == server)
    ends = {
        "type": "ipv4",
        "protocol": "tcp",
        "sip": LOOPBACK,
        "sport": client_port,
        "dip": LOOPBACK,
        "dport": port,
    }
    at_client, at_server = {"num": client, "role": "client", **ends}, {"num": server, "role": "server", **ends}
    request, answer = b"GET / HTTP/1.1\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n"
    seen.expect(
        Expected(
            "socket",
            {"domain": "AF_INET", "type": "SOCK_STREAM|SOCK_CLOEXEC", "protocol": "IPPROTO_IP"},
            listener,
            fd={"num": listener, "type": "ipv4", "protocol": "tcp"},
            category="net",
        ),
        Expected(
            "bind",
            {"sockfd": listener, "addr": {"family": "AF_INET", "address": LOOPBACK, "port": 0}, "addrlen": 16},
            0,
            fd={"num": listener, "type": "ipv4", "protocol": "tcp"},
        ),
        Expected(
            "listen",
            {"sockfd": listener, "backlog": 7},
            0,
            fd={"num": listener, "role": "server", "dip": LOOPBACK, "dport": port},
        ),
        Expected(
            "socket",
            {"domain": "AF_INET", "type": "SOCK_STREAM", "protocol": "IPPROTO_TCP"},
            client,
            fd={"num": client, "type": "ipv4", "protocol": "tcp"},
        ),
        Expected(
            "connect",
            {"sockfd": client, "addr": {"family": "AF_INET", "address": LOOPBACK, "port": port}, "addrlen": 16},
            0,
            fd=at_client,
        ),
        Expected(
            "accept4",
            {
                "sockfd": listener,
                "addr": {"family": "AF_INET", "address": LOOPBACK, "port": client_port},
                "addrlen": 16,
                "flags": "SOCK_CLOEXEC",
            },
            server,
            fd=at_server,
        ),
        Expected(
            "sendto",
            {"sockfd": client, "data": request, "len": 18, "flags": "0", "dest_addr": None, "addrlen": 0},
            18,
            fd=at_client,
        ),
        Expected(
            "recvfrom",
            {"sockfd": server, "data": request, "len": 64, "flags": "0", "src_addr": None, "addrlen": None},
            18,
            fd=at_server,
        ),
        Expected("write", {"fd": server, "data": answer, "count": 19}, 19, fd=at_server, category="net"),
        Expected("read", {"fd": client, "data": answer, "count": 64}, 19, fd=at_client, category="net"),
        Expected("shutdown", {"sockfd": client, "how": "SHUT_RDWR"}, 0, fd={"num": client, "type": "ipv4"}),
        Expected("close", {"fd": server}, 0, fd={"num": server, "type": "ipv4", "role": "server"}, category="net"),
    )


def test_a_refused_connection(watch: Watch) -> None:
    with socket.socket() as unused:
        unused.bind((LOOPBACK, 0))
        port = unused.getsockname()[1]

        def act() -> int:
            fd = system.socket(socket.AF_INET, socket.SOCK_STREAM, 0)
            system.connect(fd, ipv4(port), 16)
            return fd

        seen = watch(act, "connect")
    address = {"family": "AF_INET", "address": LOOPBACK, "port": port}
    seen.expect(
        Expected(
            "connect",
            {"sockfd": seen.value, "addr": address, "addrlen": 16},
            -errno.ECONNREFUSED,
            fd={"num": seen.value, "type": "ipv4", "protocol": "tcp"},
        )
    )


def test_udp_without_and_with_a_peer(watch: Watch) -> None:
    def act() -> tuple[int, int, int]:
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        server.bind((LOOPBACK, 0))
        port = server.getsockname()[1]
        client = system.socket(socket.AF_INET, socket.SOCK_DGRAM, 0)
        system.sendto(client, b"one", 3, 0x40, ipv4(port), 16)
        system.connect(client, ipv4(port), 16)
        system.write(client, b"three", 5)
        source, length = ctypes.create_string_buffer(16), ctypes.c_uint(16)
        system.recvfrom(server.fileno(), ctypes.create_string_buffer(64), 64, 0, source, length)
        return port, client, server.detach()

    seen = watch(act, "sendto", "connect", "write", "recvfrom", snaplen=16)
    port, client, server = seen.value
    address = {"family": "AF_INET", "address": LOOPBACK, "port": port}
    source = seen.one("recvfrom").args["src_addr"]
    assert isinstance(source, dict)
    ends = {"sip": LOOPBACK, "sport": source["port"], "dip": LOOPBACK, "dport": port}
    seen.expect(
        Expected(
            "sendto",
            {
                "sockfd": client,
                "data": b"one",
                "len": 3,
                "flags": "MSG_DONTWAIT",
                "dest_addr": address,
                "addrlen": 16,
            },
            3,
            fd={"num": client, "type": "ipv4", "protocol": "udp"},
        ),
        Expected(
            "connect",
            {"sockfd": client, "addr": address, "addrlen": 16},
            0,
            fd={"num": client, "protocol": "udp"},
        ),
        Expected(
            "write",
            {"fd": client, "data": b"three", "count": 5},
            5,
            fd={"num": client, "protocol": "udp", **ends},
        ),
        Expected(
            "recvfrom",
            {
                "sockfd": server,
                "data": b"one",
                "len": 64,
                "flags": "0",
                "src_addr": {"family": "AF_INET", "address": LOOPBACK, "port": ANY},
                "addrlen": 16,
            },
            3,
            fd={"num": server, "type": "ipv4", "protocol": "udp"},
        ),
    )


def test_ipv6_and_ipv4_over_it(watch: Watch) -> None:
    if not socket.has_ipv6 or not Path("/proc/net/if_inet6").exists():
        watch.unavailable("this kernel runs without IPv6")

    def act() -> tuple[int, int, int, int]:
        listener = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)
        port = listener.getsockname()[1]
        six = socket.create_connection(("::1", port))
        four = socket.create_connection((LOOPBACK, port))
        first, second = listener.accept()[0], listener.accept()[0]
        system.write(six.fileno(), b"6", 1)
        system.write(four.fileno(), b"4", 1)
        system.write(first.fileno(), b"6", 1)
        system.write(second.fileno(), b"4", 1)
        return port, six.getsockname()[1], four.getsockname()[1], 0

    seen = watch(act, "write")
    port, six, four, _ = seen.value
    wanted = [
        {"type": "ipv6", "role": "client", "sip": "::1", "sport": six, "dip": "::1", "dport": port},
        {"type": "ipv4", "role": "client", "sip": LOOPBACK, "sport": four, "dip": LOOPBACK, "dport": port},
        {"type": "ipv6", "role": "server", "sip": "::1", "sport": six, "dip": "::1", "dport": port},
        {"type": "ipv4", "role": "server", "sip": LOOPBACK, "sport": four, "dip": LOOPBACK, "dport": port},
    ]
    seen.expect(
        *(
            Expected("write", {"fd": ANY, "data": None, "count": 1}, 1, fd={**fd, "protocol": "tcp"}, category="net")
            for fd in wanted
        )
    )


def test_unix_sockets_by_path_and_abstract(watch: Watch, tmp_path: Path) -> None:
    path = os.fsencode(tmp_path / "socket")
    abstract = b"\0kindling conformance %d" % os.getpid()

    def act() -> list[tuple[int, int]]:
        fds = []
        for name in (path, abstract):
            listener = socket.socket(socket.AF_UNIX)
            address = struct.pack("<H", socket.AF_UNIX) + name
            system.bind(listener.fileno(), address, len(address))
            listener.listen(3)
            client = system.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0)
            system.connect(client, address, len(address))
            server = listener.accept()[0]
            system.write(server.detach(), b"x", 1)
            fds.append((listener.detach(), client))
        return fds

    seen = watch(act, "bind", "connect", "write")
    expected = []
    for name, (listener, client) in zip((path, b"@" + abstract[1:]), seen.value, strict=True):
        size = len(name) + 2
        address = {"family": "AF_UNIX", "path": name}
        unix = {"type": "unix", "protocol": "stream"}
        expected += [
            Expected(
                "bind",
                {"sockfd": listener, "addr": address, "addrlen": size},
                0,
                fd={"num": listener, "path": name, **unix},
            ),
            Expected(
                "connect",
                {"sockfd": client, "addr": address, "addrlen": size},
                0,
                fd={"num": client, "role": "client", **unix},
            ),
            Expected(
                "write",
                {"fd": ANY, "data": None, "count": 1},
                1,
                fd={"path": name, "role": "server", **unix},
                category="net",
            ),
        ]
    seen.expect(*expected)


def test_socketpair(watch: Watch) -> None:
    pair = (ctypes.c_int * 2)()

    def act() -> list[int]:
        system.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_NONBLOCK, 0, pair)
        system.write(pair[0], b"abc", 3)
        return list(pair)

    seen = watch(act, "socketpair", "write")
    first, second = seen.value
    seen.expect(
        Expected(
            "socketpair",
            {"domain": "AF_UNIX", "type": "SOCK_SEQPACKET|SOCK_NONBLOCK", "protocol": ANY, "sv": [first, second]},
            0,
        ),
        Expected(
            "write",
            {"fd": first, "data": None, "count": 3},
            3,
            fd={"num": first, "type": "unix", "protocol": "seqpacket"},
        ),
    )


def test_messages(watch: Watch) -> None:
    def act() -> tuple[int, int]:
        here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        here.sendmsg([b"two ", b"parts"], [], socket.MSG_NOSIGNAL)
        there.recvmsg(64, 0)
        return here.fileno(), there.fileno()

    seen = watch(act, "sendmsg", "recvmsg", snaplen=64)
    here, there = seen.value
    unix = {"type": "unix", "protocol": "dgram"}
    seen.expect(
        Expected(
            "sendmsg",
            {"sockfd": here, "msg": Having(data=b"two parts"), "flags": "MSG_NOSIGNAL"},
            9,
            fd={"num": here, **unix},
        ),
        Expected(
            "recvmsg",
            {"sockfd": there, "msg": Having(data=b"two parts"), "flags": "0"},
            9,
            fd={"num": there, **unix},
        ),
    )


def test_options_and_names(watch: Watch) -> None:
    on, value, size = ctypes.c_int(1), ctypes.c_int(), ctypes.c_uint(4)
    name, length = ctypes.create_string_buffer(16), ctypes.c_uint(16)

    def act() -> int:
        fd = system.socket(socket.AF_INET, socket.SOCK_STREAM, 0)
        system.setsockopt(fd, socket.SOL_SOCKET, socket.SO_REUSEADDR, on, 4)
        system.setsockopt(fd, socket.IPPROTO_TCP, socket.TCP_NODELAY, on, 4)
        system.getsockopt(fd, socket.SOL_SOCKET, socket.SO_TYPE, value, size)
        system.getsockname(fd, name, length)
        system.getpeername(fd, name, length)
        return fd

    seen = watch(act, "setsockopt", "getsockopt", "getsockname", "getpeername")
    fd = seen.value
    tcp = {"num": fd, "type": "ipv4", "protocol": "tcp"}
    nobody = {"family": "AF_INET", "address": "0.0.0.0", "port": 0}
    seen.expect(
        Expected(
            "setsockopt",
            {"sockfd": fd, "level": "SOL_SOCKET", "optname": "SO_REUSEADDR", "optval": ANY, "optlen": 4},
            0,
            fd=tcp,
        ),
        Expected(
            "setsockopt",
            {"sockfd": fd, "level": "SOL_TCP", "optname": "TCP_NODELAY", "optval": ANY, "optlen": 4},
            0,
            fd=tcp,
        ),
        Expected(
            "getsockopt",
            {"sockfd": fd, "level": "SOL_SOCKET", "optname": "SO_TYPE", "optval": "SOCK_STREAM", "optlen": 4},
            0,
            fd=tcp,
        ),
        Expected("getsockname", {"sockfd": fd, "addr": nobody, "addrlen": 16}, 0, fd=tcp),
        Expected("getpeername", {"sockfd": fd, "addr": ANY, "addrlen": ANY}, -errno.ENOTCONN, fd=tcp),
    )


def test_netlink(watch: Watch) -> None:
    def act() -> int:
        return system.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)

    seen = watch(act, "socket")
    seen.expect(
        Expected(
            "socket",
            {"domain": "AF_NETLINK", "type": "SOCK_RAW", "protocol": "NETLINK_ROUTE"},
            seen.value,
            fd={"num": seen.value, "type": "netlink"},
        )
    )
