"""System calls of sockets."""

from __future__ import annotations

from kindling.catalogue.define import Category, Result, arg, inout, out, syscall
from kindling.catalogue.model import Definition
from kindling.catalogue.tables.common import MESSAGE_FLAGS, SOCKET_FAMILY, SOCKET_TYPE, TIMESPEC_POINTER
from kindling.catalogue.tables.net import (
    ACCEPT_FLAGS,
    GET_OPTION,
    GET_OPTION_NAMES,
    SET_OPTION,
    SET_OPTION_NAMES,
    SHUTDOWN,
    SOCKET_LEVEL,
    SOCKET_PROTOCOL,
    MessageVector,
    OptionValue,
    Received,
)
from kindling.catalogue.types import (
    COUNT32,
    FD,
    I32,
    SIZE,
    Array,
    Bytes,
    MessageHeader,
    Pointer,
    Quantity,
    SocketAddress,
)

ADDRESS_LENGTH = Quantity(4, True, unit="bytes")
ADDRESS_LENGTH_POINTER = Pointer(ADDRESS_LENGTH)
VECTOR_LENGTH = Quantity(4, unit="count")
TRANSFERRED = Quantity(8, True, unit="bytes")

SUCCESS = "0 on success"
_OPTION_VALUE = "its value; of an option not named below a number if it has up to 4 bytes, else the first 64 bytes"

_NOT_A_SOCKET = {
    "EBADF": "sockfd is not an open descriptor",
    "ENOTSOCK": "the descriptor is not a socket",
}
_SENDING = {
    "EAGAIN": "the socket is non-blocking (or MSG_DONTWAIT is set) and its send buffer is full",
    "EPIPE": "the connection is shut down for writing; SIGPIPE is sent unless MSG_NOSIGNAL is set",
    "ECONNRESET": "the peer reset the connection",
    "EMSGSIZE": "the datagram is larger than the protocol or the path takes",
    "ENOTCONN": "the socket is not connected and no address was given",
    "EDESTADDRREQ": "the datagram socket has no peer and no address was given",
    "ECONNREFUSED": "an earlier datagram to that address was answered by ICMP port unreachable",
    "ENOBUFS": "the queue of the network interface is full, or memory is short",
    "EINTR": "a signal arrived before anything was sent",
}
_RECEIVING = {
    "EAGAIN": "the socket is non-blocking (or MSG_DONTWAIT is set) and nothing is there, or SO_RCVTIMEO ran out",
    "ECONNREFUSED": "the peer refused: a connecting socket, or ICMP port unreachable for a datagram sent before",
    "ECONNRESET": "the peer reset the connection",
    "ENOTCONN": "the stream socket is not connected",
    "EINTR": "a signal arrived before anything was received",
    "ETIMEDOUT": "the peer stopped answering, keep-alive or retransmission gave up",
}
_ACCEPTING = {
    "EAGAIN": "the socket is non-blocking and no connection waits, or SO_RCVTIMEO ran out",
    "ECONNABORTED": "the connection was gone before it was accepted",
    "EINTR": "a signal arrived before a connection did",
    "EINVAL": "the socket does not listen, or addrlen is negative, or a flag is unknown",
    "EMFILE": "the process has as many descriptors as it may have",
    "ENFILE": "the system has as many open files as it may have",
    "EOPNOTSUPP": "the socket is not of a type that accepts (SOCK_STREAM, SOCK_SEQPACKET)",
    "EPERM": "a firewall rule forbids the connection",
}

SYSCALLS: tuple[Definition, ...] = (
    syscall(
        "socket",
        Category.NET,
        "Create a socket: an endpoint for communication in one address family, not yet bound or connected to anything.",
        arg("domain", SOCKET_FAMILY, "address family: AF_INET, AF_INET6, AF_UNIX, AF_NETLINK, AF_PACKET ..."),
        arg(
            "type", SOCKET_TYPE, "semantics of the communication, and SOCK_NONBLOCK and SOCK_CLOEXEC for the descriptor"
        ),
        arg("protocol", SOCKET_PROTOCOL, "protocol within the family; 0 is the family's usual one for the type"),
        result=Result(
            FD,
            "the descriptor of the new socket",
            {
                "EACCES": "the process may not create such a socket (a raw one, say, without CAP_NET_RAW)",
                "EPERM": "CAP_NET_RAW or CAP_NET_ADMIN is missing for this family or protocol",
                "EAFNOSUPPORT": "the kernel does not have this address family",
                "EPROTONOSUPPORT": "the family does not have this protocol, or not with this type",
                "ESOCKTNOSUPPORT": "the family does not have this socket type",
                "EINVAL": "the type has unknown flags, or the protocol is out of range",
                "EMFILE": "the process has as many descriptors as it may have",
                "ENOBUFS": "memory is short",
            },
        ),
        related=("socketpair", "bind", "connect", "listen", "setsockopt"),
    ),
    syscall(
        "socketpair",
        Category.NET,
        "Create two sockets that are connected to each other. AF_UNIX has them, and AF_TIPC.",
        arg("domain", SOCKET_FAMILY, "address family, nearly always AF_UNIX"),
        arg(
            "type",
            SOCKET_TYPE,
            "semantics of the communication, and SOCK_NONBLOCK and SOCK_CLOEXEC for both descriptors",
        ),
        arg("protocol", SOCKET_PROTOCOL, "protocol within the family; 0 is the usual one"),
        out("sv", Array(FD, 2), "the two descriptors"),
        result=Result(
            I32,
            SUCCESS,
            {
                "EAFNOSUPPORT": "the kernel does not have this address family",
                "EOPNOTSUPP": "the family has no socket pairs",
                "EPROTONOSUPPORT": "the family does not have this protocol",
                "EMFILE": "the process has as many descriptors as it may have",
                "EFAULT": "sv is not writable memory",
            },
        ),
        related=("socket", "pipe2"),
    ),
    syscall(
        "connect",
        Category.NET,
        "Connect a socket to an address. For a stream this opens the connection and waits for it unless the socket is "
        "non-blocking; for datagrams it only sets the peer, and AF_UNSPEC removes it again.",
        arg("sockfd", FD, "socket to connect"),
        arg("addr", SocketAddress("addrlen"), "address of the peer"),
        arg("addrlen", ADDRESS_LENGTH, "length of addr"),
        result=Result(
            I32,
            SUCCESS,
            {
                "EINPROGRESS": "the socket is non-blocking; the connection is open once it is writable",
                "ECONNREFUSED": "nobody listens at the address",
                "ETIMEDOUT": "the peer did not answer in time",
                "EISCONN": "the socket is connected already",
                "EALREADY": "an earlier connect has not finished yet",
                "ENETUNREACH": "no route leads to the network",
                "EHOSTUNREACH": "the host cannot be reached: no answer to ARP, or ICMP said so",
                "EADDRNOTAVAIL": "no local address or port is free for it",
                "ENOENT": "the path of a Unix socket does not exist",
                "EAGAIN": "the backlog of the listening Unix socket is full, or no local port is free",
                "EACCES": "the Unix socket may not be written to, or the address is a broadcast without SO_BROADCAST",
                "EINTR": "a signal arrived; the connection is still being opened",
            },
        ),
        related=("socket", "bind", "accept", "getpeername"),
    ),
    syscall(
        "accept",
        Category.NET,
        "Take the first connection that waits at a listening socket, and wait for one if there is none. "
        "The descriptor of the event is the new connection.",
        arg("sockfd", FD, "the listening socket"),
        out("addr", SocketAddress("*addrlen"), "address of the peer; null if the caller did not ask for it"),
        inout(
            "addrlen",
            ADDRESS_LENGTH_POINTER,
            "length of the peer's address; it may be more than the caller had room for",
        ),
        result=Result(FD, "the descriptor of the connection", _NOT_A_SOCKET | _ACCEPTING),
        related=("accept4", "listen", "connect", "getsockname"),
    ),
    syscall(
        "accept4",
        Category.NET,
        "Take the first connection that waits at a listening socket, as accept does, with flags for the descriptor. "
        "The descriptor of the event is the new connection.",
        arg("sockfd", FD, "the listening socket"),
        out("addr", SocketAddress("*addrlen"), "address of the peer; null if the caller did not ask for it"),
        inout(
            "addrlen",
            ADDRESS_LENGTH_POINTER,
            "length of the peer's address; it may be more than the caller had room for",
        ),
        arg("flags", ACCEPT_FLAGS, "flags of the new descriptor"),
        result=Result(FD, "the descriptor of the connection", _NOT_A_SOCKET | _ACCEPTING),
        related=("accept", "listen", "connect", "getsockname"),
    ),
    syscall(
        "bind",
        Category.NET,
        "Give a socket its local address: an IP address and port, the path of a Unix socket, a netlink port id.",
        arg("sockfd", FD, "socket to bind"),
        arg("addr", SocketAddress("addrlen"), "the local address; port 0 lets the kernel choose"),
        arg("addrlen", ADDRESS_LENGTH, "length of addr"),
        result=Result(
            I32,
            SUCCESS,
            _NOT_A_SOCKET
            | {
                "EADDRINUSE": "another socket has the address, or (port 0) no port is free, or the path exists",
                "EADDRNOTAVAIL": "the address is not one of this machine's",
                "EACCES": "the port is below ip_unprivileged_port_start, or the directory may not be written to",
                "EINVAL": "the socket has an address already, or addrlen is wrong",
                "EAFNOSUPPORT": "the address is of another family than the socket",
                "ENOENT": "a directory in the path of the Unix socket does not exist",
            },
        ),
        related=("socket", "listen", "connect", "getsockname"),
    ),
    syscall(
        "listen",
        Category.NET,
        "Let a socket accept connections.",
        arg("sockfd", FD, "bound socket; an unbound Internet socket gets a free port"),
        arg("backlog", COUNT32, "how many finished connections may wait to be accepted, at most net.core.somaxconn"),
        result=Result(
            I32,
            SUCCESS,
            _NOT_A_SOCKET
            | {
                "EADDRINUSE": "another socket listens at the same port, or no port is free",
                "EOPNOTSUPP": "the type of the socket does not listen",
                "EINVAL": "the socket is connected, or a Unix socket without address",
            },
        ),
        related=("accept", "accept4", "bind", "socket"),
    ),
    syscall(
        "shutdown",
        Category.NET,
        "End one or both directions of a connection. Unlike close it works on the connection itself: also for other "
        "descriptors and processes that have it open.",
        arg("sockfd", FD, "connected socket"),
        arg("how", SHUTDOWN, "which direction ends: receiving, sending or both"),
        result=Result(
            I32,
            SUCCESS,
            _NOT_A_SOCKET
            | {
                "ENOTCONN": "the socket is not connected",
                "EINVAL": "how is none of the three",
            },
        ),
        related=("close", "connect", "socket"),
    ),
    syscall(
        "getsockname",
        Category.NET,
        "Ask for the local address of a socket, such as the port that the kernel chose.",
        arg("sockfd", FD, "the socket"),
        out("addr", SocketAddress("*addrlen"), "its local address"),
        inout("addrlen", ADDRESS_LENGTH_POINTER, "length of the address; it may be more than the caller had room for"),
        result=Result(
            I32,
            SUCCESS,
            _NOT_A_SOCKET
            | {
                "EINVAL": "the length passed in is negative",
                "EFAULT": "addr or addrlen is not writable memory",
                "ENOBUFS": "memory is short",
            },
        ),
        related=("getpeername", "bind", "socket"),
    ),
    syscall(
        "getpeername",
        Category.NET,
        "Ask for the address of the peer that a socket is connected to.",
        arg("sockfd", FD, "the socket"),
        out("addr", SocketAddress("*addrlen"), "address of the peer"),
        inout("addrlen", ADDRESS_LENGTH_POINTER, "length of the address; it may be more than the caller had room for"),
        result=Result(
            I32,
            SUCCESS,
            _NOT_A_SOCKET
            | {
                "ENOTCONN": "the socket is not connected",
                "EINVAL": "the length passed in is negative",
                "EFAULT": "addr or addrlen is not writable memory",
            },
        ),
        related=("getsockname", "connect", "accept"),
    ),
    syscall(
        "sendto",
        Category.NET,
        "Send data over a socket, for datagrams also to an address given here. send() of the C library is this call "
        "without an address.",
        arg("sockfd", FD, "socket to send over"),
        arg("data", Bytes("ret", payload=True), "the bytes that were sent"),
        arg("len", SIZE, "how many bytes were to be sent"),
        arg("flags", MESSAGE_FLAGS, "how to send: MSG_DONTWAIT, MSG_NOSIGNAL, MSG_MORE ..."),
        arg("dest_addr", SocketAddress("addrlen"), "address to send to; null for the socket's own peer"),
        arg("addrlen", ADDRESS_LENGTH, "length of dest_addr"),
        result=Result(
            TRANSFERRED, "bytes sent; fewer than asked for are possible on a stream", _NOT_A_SOCKET | _SENDING
        ),
        related=("sendmsg", "sendmmsg", "recvfrom", "write"),
        manual="send(2)",
    ),
    syscall(
        "recvfrom",
        Category.NET,
        "Receive data from a socket, with the sender's address if wanted. recv() of the C library is this call without "
        "an address.",
        arg("sockfd", FD, "socket to receive from"),
        out("data", Received("ret", payload=True), "the bytes received"),
        arg("len", SIZE, "how many bytes there is room for; the rest of a longer datagram is lost"),
        arg("flags", MESSAGE_FLAGS, "how to receive: MSG_DONTWAIT, MSG_PEEK, MSG_WAITALL, MSG_TRUNC ..."),
        out("src_addr", SocketAddress("*addrlen"), "address of the sender; null if not asked for or not known"),
        inout("addrlen", ADDRESS_LENGTH_POINTER, "length of the sender's address"),
        result=Result(
            TRANSFERRED,
            "bytes received; 0 is the end of a stream or an empty datagram. With MSG_TRUNC a datagram's whole length",
            _NOT_A_SOCKET | _RECEIVING,
        ),
        related=("recvmsg", "recvmmsg", "sendto", "read"),
        manual="recv(2)",
    ),
    syscall(
        "sendmsg",
        Category.NET,
        "Send data from several buffers over a socket, with an address and control messages: descriptors passed to "
        "another process, credentials, time stamps, packet options.",
        arg("sockfd", FD, "socket to send over"),
        arg("msg", MessageHeader(), "address, buffers and control messages"),
        arg("flags", MESSAGE_FLAGS, "how to send: MSG_DONTWAIT, MSG_NOSIGNAL, MSG_ZEROCOPY ..."),
        result=Result(
            TRANSFERRED,
            "bytes sent; fewer than asked for are possible on a stream",
            _NOT_A_SOCKET
            | _SENDING
            | {
                "EINVAL": "a control message is malformed",
                "ETOOMANYREFS": "too many descriptors are on their way in Unix sockets",
            },
        ),
        related=("sendto", "sendmmsg", "recvmsg", "writev"),
        manual="send(2)",
    ),
    syscall(
        "recvmsg",
        Category.NET,
        "Receive data from a socket into several buffers, with the sender's address and control messages: descriptors "
        "passed by another process, credentials, time stamps, packet information.",
        arg("sockfd", FD, "socket to receive from"),
        out("msg", MessageHeader(), "address of the sender, control messages and flags of what was received"),
        arg("flags", MESSAGE_FLAGS, "how to receive: MSG_DONTWAIT, MSG_PEEK, MSG_CMSG_CLOEXEC, MSG_ERRQUEUE ..."),
        result=Result(
            TRANSFERRED,
            "bytes received; 0 is the end of a stream or an empty datagram",
            _NOT_A_SOCKET | _RECEIVING | {"EMSGSIZE": "msg has more buffers than a call may have"},
        ),
        related=("recvfrom", "recvmmsg", "sendmsg", "readv"),
        manual="recv(2)",
    ),
    syscall(
        "sendmmsg",
        Category.NET,
        "Send several messages over a socket in one call. It stops at the first that fails, and reports that failure "
        "only if nothing was sent.",
        arg("sockfd", FD, "socket to send over"),
        inout("msgvec", MessageVector("vlen"), "the messages; their lengths are set for those that were sent"),
        arg("vlen", VECTOR_LENGTH, "how many messages there are; the kernel takes at most 1024"),
        arg("flags", MESSAGE_FLAGS, "how to send"),
        result=Result(COUNT32, "messages sent, possibly fewer than there are", _NOT_A_SOCKET | _SENDING),
        related=("sendmsg", "recvmmsg"),
    ),
    syscall(
        "recvmmsg",
        Category.NET,
        "Receive several messages from a socket in one call. The timeout is looked at only after a message has come: "
        "a call may wait longer for the next one.",
        arg("sockfd", FD, "socket to receive from"),
        out("msgvec", MessageVector("ret"), "the messages that were received"),
        arg("vlen", VECTOR_LENGTH, "how many messages there is room for; the kernel takes at most 1024"),
        arg("flags", MESSAGE_FLAGS, "how to receive; MSG_WAITFORONE does not wait once there is one"),
        inout(
            "timeout", TIMESPEC_POINTER, "how long to go on receiving, afterwards what is left of it; null is for ever"
        ),
        result=Result(
            COUNT32,
            "messages received",
            _NOT_A_SOCKET | _RECEIVING | {"EINVAL": "timeout is not a valid time"},
        ),
        related=("recvmsg", "sendmmsg"),
    ),
    syscall(
        "setsockopt",
        Category.NET,
        "Set an option of a socket, or of a protocol beneath it. Netfilter and multicast routing are set up so, too.",
        arg("sockfd", FD, "the socket"),
        arg("level", SOCKET_LEVEL, "whose option it is: the socket's (SOL_SOCKET) or a protocol's"),
        arg("optname", SET_OPTION, "the option"),
        arg("optval", OptionValue("optlen", SET_OPTION_NAMES), _OPTION_VALUE),
        arg("optlen", ADDRESS_LENGTH, "length of optval"),
        result=Result(
            I32,
            SUCCESS,
            _NOT_A_SOCKET
            | {
                "ENOPROTOOPT": "the level does not have this option",
                "EINVAL": "optlen or the value is wrong, or the socket is in a state that does not allow it",
                "EPERM": "the option needs CAP_NET_ADMIN or CAP_NET_RAW",
                "EDOM": "the value is out of range",
                "EFAULT": "optval is not readable memory",
                "EOPNOTSUPP": "the socket's family or type does not have the option",
            },
        ),
        related=("getsockopt", "socket", "ioctl"),
        manual="getsockopt(2)",
    ),
    syscall(
        "getsockopt",
        Category.NET,
        "Ask for an option of a socket, or of a protocol beneath it: pending error (SO_ERROR), state of a connection "
        "(TCP_INFO), the peer's credentials (SO_PEERCRED).",
        arg("sockfd", FD, "the socket"),
        arg("level", SOCKET_LEVEL, "whose option it is: the socket's (SOL_SOCKET) or a protocol's"),
        arg("optname", GET_OPTION, "the option"),
        out("optval", OptionValue("*optlen", GET_OPTION_NAMES), _OPTION_VALUE),
        inout("optlen", ADDRESS_LENGTH_POINTER, "length of the value, at most what the caller had room for"),
        result=Result(
            I32,
            SUCCESS,
            _NOT_A_SOCKET
            | {
                "ENOPROTOOPT": "the level does not have this option",
                "EINVAL": "the length passed in is wrong",
                "EFAULT": "optval or optlen is not writable memory",
                "EOPNOTSUPP": "the socket's family or type does not have the option",
            },
        ),
        related=("setsockopt", "getsockname", "ioctl"),
    ),
)
