"""Sockets: addresses, protocol and role, against getsockname and getpeername, `ss` and /proc/net."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import subprocess
from pathlib import Path

import pytest
from tests.e2e.support import system
from tests.e2e.support.system import CLONE_NEWNET
from tests.e2e.support.watching import Seen, descriptor, watching

import kindling

pytestmark = pytest.mark.root


def touch(one: socket.socket) -> None:
    """A call on a socket that changes nothing."""
    fcntl.fcntl(one.fileno(), fcntl.F_GETFD)


def on(seen: Seen, one: socket.socket) -> kindling.Descriptor:
    """What the last event on a socket says it was."""
    return descriptor(seen.on(one.fileno(), "fcntl")[-1])


def ends(found: kindling.Descriptor) -> tuple[object, ...]:
    """Client and server side as two addresses."""
    return (found.sip, found.sport), (found.dip, found.dport)


@pytest.mark.parametrize(
    ("family", "address", "shown", "kind"),
    [
        (socket.AF_INET, "127.0.0.1", "127.0.0.1", "ipv4"),
        (socket.AF_INET6, "::1", "::1", "ipv6"),
        (socket.AF_INET6, "::ffff:127.0.0.1", "127.0.0.1", "ipv4"),
    ],
)
@pytest.mark.parametrize("bound", [False, True], ids=["any port", "bound client"])
def test_tcp(family: int, address: str, shown: str, kind: str, bound: bool) -> None:
    """A listener, the two ends of a connection; also when the client has bound its own port, as databases do."""
    with socket.socket(family) as listener, socket.socket(family) as client:
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listener.bind((address, 0))
        listener.listen()
        if bound:
            client.bind((address, 0))
        with watching("fcntl", "connect", "accept4") as seen:
            touch(listener)
            client.connect(listener.getsockname())
            accepted, _ = listener.accept()
            for one in (client, accepted):
                touch(one)
        server, caller = accepted.getsockname()[1], client.getsockname()[1]
        listening = on(seen, listener)
        assert (listening.type, listening.protocol, listening.role, listening.state) == (
            kind,
            "tcp",
            "server",
            "listen",
        )
        assert (listening.dip, listening.dport) == (shown, listener.getsockname()[1])
        assert (listening.sip, listening.sport) == (None, None)
        for one, role in ((client, "client"), (accepted, "server")):
            found = on(seen, one)
            assert (found.type, found.protocol, found.role) == (kind, "tcp", role)
            assert ends(found) == ((shown, caller), (shown, server))
            assert found.state == "established"
            assert found.inode == os.fstat(one.fileno()).st_ino
        # The calls that made the connection already have it.
        (connected,) = seen.on(client.fileno(), "connect")
        assert ends(descriptor(connected)) == ((shown, caller), (shown, server))
        (accepting,) = seen.named("accept4")
        assert descriptor(accepting).role == "server"
        accepted.close()


def test_both_ends_of_a_connection_have_the_same_name() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as client:
        accepted, _ = listener.accept()
        with watching("fcntl") as seen:
            touch(client)
            touch(accepted)
        assert on(seen, client).name == on(seen, accepted).name
        accepted.close()


def test_listener_that_connects_out() -> None:
    """A port that was listened on tells nothing about a connection of another socket."""
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        client.bind(("127.0.0.1", 0))
        with watching("fcntl", "connect") as seen:
            touch(client)
            client.connect(listener.getsockname())
            touch(client)
        before, after = (descriptor(event) for event in seen.on(client.fileno(), "fcntl"))
        assert after.role == "client"
        assert after.sport == client.getsockname()[1]
        assert before.dport != listener.getsockname()[1]


def test_refused_connection() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with socket.socket() as client:
        with watching("connect") as seen, pytest.raises(ConnectionRefusedError):
            client.connect(("127.0.0.1", port))
        (event,) = seen.on(client.fileno())
        assert event.error == "ECONNREFUSED"
        assert event.args.addr == {"family": "AF_INET", "address": "127.0.0.1", "port": port}


def test_udp() -> None:
    """Unconnected ones have their own address alone, and the peer's in each call; connected ones have both."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client,
    ):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind(("127.0.0.1", 0))
            port = other.getsockname()[1]
        server.bind(("127.0.0.1", port))
        with watching("fcntl", "sendto", "recvfrom") as seen:
            touch(server)
            client.sendto(b"question", server.getsockname())
            touch(client)
            _, peer = server.recvfrom(100)
            client.connect(server.getsockname())
            touch(client)
        bound = on(seen, server)
        assert (bound.type, bound.protocol, bound.role) == ("ipv4", "udp", "server")
        assert (bound.dip, bound.dport) == server.getsockname()
        (sent,) = seen.named("sendto")
        assert sent.args.dest_addr == {"family": "AF_INET", "address": "127.0.0.1", "port": server.getsockname()[1]}
        (received,) = seen.named("recvfrom")
        assert received.args.src_addr == {"family": "AF_INET", "address": "127.0.0.1", "port": peer[1]}
        unconnected, connected = (descriptor(event) for event in seen.on(client.fileno(), "fcntl"))
        assert unconnected.sport == client.getsockname()[1] or unconnected.dport == client.getsockname()[1]
        assert connected.role == "client"
        assert ends(connected) == (client.getsockname(), server.getsockname())


def test_udp_over_ipv6() -> None:
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as one:
        one.bind(("::1", 0))
        one.connect(("::1", one.getsockname()[1]))
        with watching("fcntl") as seen:
            touch(one)
        found = on(seen, one)
        assert (found.type, found.protocol) == ("ipv6", "udp")
        assert ends(found) == (("::1", one.getsockname()[1]), ("::1", one.getsockname()[1]))


@pytest.mark.parametrize("abstract", [False, True], ids=["path", "abstract"])
def test_unix(abstract: bool, tmp_path: Path) -> None:
    """Both ends name the server's address; each knows the other by its inode."""
    name = f"\0kindling test {os.getpid()}" if abstract else str(tmp_path / "socket")
    shown = name.replace("\0", "@").encode()
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as client:
        listener.bind(name)
        listener.listen()
        client.connect(name)
        accepted, _ = listener.accept()
        with watching("fcntl") as seen:
            for one in (listener, client, accepted):
                touch(one)
        listening, left, right = (on(seen, one) for one in (listener, client, accepted))
        assert {one.type for one in (listening, left, right)} == {"unix"}
        assert {one.protocol for one in (listening, left, right)} == {"stream"}
        assert [one.path for one in (listening, left, right)] == [shown] * 3
        assert [one.role for one in (listening, left, right)] == ["server", "client", "server"]
        assert left.peer_inode == right.inode == os.fstat(accepted.fileno()).st_ino
        assert right.peer_inode == left.inode == os.fstat(client.fileno()).st_ino
        accepted.close()


def test_socketpair() -> None:
    left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with left, right, watching("fcntl") as seen:
        touch(left)
        touch(right)
    one, other = (descriptor(event) for event in seen.named("fcntl"))
    assert (one.type, one.protocol, one.path) == ("unix", "dgram", None)
    assert (one.peer_inode, other.peer_inode) == (other.inode, one.inode)


def test_peer_that_is_in_another_process() -> None:
    left, right = socket.socketpair()
    with left, right, watching("write", "exit_group") as seen:
        if (child := os.fork()) == 0:
            left.close()
            os.write(right.fileno(), b"x")
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        assert left.recv(1) == b"x"
        inode = os.fstat(left.fileno()).st_ino
    (event,) = [event for event in seen.named("write") if event.pid == child]
    assert descriptor(event).peer_inode == inode


@pytest.mark.parametrize(
    ("family", "kind", "protocol", "type", "shown"),
    [
        (socket.AF_NETLINK, socket.SOCK_RAW, 0, "netlink", None),
        (socket.AF_PACKET, socket.SOCK_RAW, 0x300, "packet", "raw"),
        (socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP, "ipv4", "icmp"),
        (socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6, "ipv6", "icmpv6"),
        (socket.AF_VSOCK, socket.SOCK_STREAM, 0, "socket", "stream"),
    ],
)
def test_other_families(family: int, kind: int, protocol: int, type: str, shown: str | None) -> None:
    try:
        one = socket.socket(family, kind, protocol)
    except OSError as error:
        pytest.skip(f"not here: {error}")
    with one, watching("fcntl") as seen:
        touch(one)
    found = descriptor(seen.named("fcntl")[0])
    assert found.type == type
    assert shown in (None, found.protocol)


def test_another_network_namespace() -> None:
    """A socket belongs to the namespace it was made in, which is that of its process."""
    with watching("socket", "exit_group") as seen:
        if (child := os.fork()) == 0:
            system.unshare(CLONE_NEWNET)
            socket.socket(socket.AF_INET, socket.SOCK_STREAM).detach()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
    (event,) = [event for event in seen.named("socket") if event.pid == child]
    here = int(os.readlink("/proc/self/ns/net").split("[")[1].rstrip("]"))
    assert descriptor(event).net_ns not in (None, here)
    assert event.thread.net_ns == descriptor(event).net_ns


@pytest.mark.skipif(shutil.which("ss") is None, reason="not installed: ss")
def test_as_ss_shows_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as client:
        with watching("fcntl") as seen:
            touch(client)
        found = on(seen, client)
        port = client.getsockname()[1]
        table = subprocess.run(
            ["ss", "-tneH", "state", "established", f"sport = :{port}"], capture_output=True, text=True, check=True
        )
        (line,) = table.stdout.splitlines()
        words = line.split()
        assert words[2:4] == [f"{found.sip}:{found.sport}", f"{found.dip}:{found.dport}"]
        assert f"ino:{found.inode}" in words
