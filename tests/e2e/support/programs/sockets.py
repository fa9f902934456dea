"""Sockets of all families, with every way to send, receive and wait."""

import contextlib
import os
import select
import socket

server = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(server.getsockname())
select.select([server], [], [], 1)
accepted, _ = server.accept()
accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
accepted.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
client.sendall(b"hello")
accepted.recv(10)
client.sendmsg([b"a", b"bc"])
accepted.recvmsg(10)
accepted.shutdown(socket.SHUT_WR)
accepted.getpeername()
client.recv(10)
client.close()
accepted.close()

six = socket.socket(socket.AF_INET6)
six.bind(("::1", 0))
six.listen()
other = socket.create_connection(six.getsockname()[:2])
mapped = socket.socket(socket.AF_INET6)
mapped.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
mapped.connect(("::ffff:127.0.0.1", server.getsockname()[1]))
mapped.send(b"mapped")

abstract = socket.socket(socket.AF_UNIX)
abstract.bind(f"\0abstract {os.getpid()}")
abstract.listen()
named = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
named.bind("name")
connected = socket.socket(socket.AF_UNIX)
connected.connect(abstract.getsockname())
abstract.accept()
with contextlib.suppress(OSError):
    socket.socket(socket.AF_UNIX).connect("nobody")

left, right = socket.socketpair()
socket.send_fds(left, [b"z"], [0, 1])
socket.recv_fds(right, 10, 4)

one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
one.bind(("127.0.0.1", 0))
one.sendto(b"datagram", one.getsockname())
one.recvfrom(10)
one.setblocking(False)
with contextlib.suppress(BlockingIOError):
    one.recv(1)
one.connect(one.getsockname())
one.send(b"connected")

for family, kind, protocol in (
    (socket.AF_NETLINK, socket.SOCK_RAW, 0),
    (socket.AF_PACKET, socket.SOCK_RAW, 3),
    (77, 1, 0),
):
    with contextlib.suppress(OSError):
        special = socket.socket(family, kind, protocol)
        if family == socket.AF_NETLINK:
            special.bind((0, 0))
with contextlib.suppress(OSError):
    socket.create_connection(("127.0.0.1", 1))
with contextlib.suppress(OSError):
    socket.getaddrinfo("host.invalid", 80)
socket.if_nameindex()

reader, writer = os.pipe()
poll = select.poll()
poll.register(reader, select.POLLIN | select.POLLPRI)
poll.poll(1)
os.write(writer, b"1")
poll.poll(100)
os.read(reader, 10)
with select.epoll() as events:
    events.register(reader, select.EPOLLIN | select.EPOLLET)
    events.modify(reader, select.EPOLLOUT)
    events.register(writer, select.EPOLLOUT)
    events.poll(0.01)
    events.unregister(reader)
