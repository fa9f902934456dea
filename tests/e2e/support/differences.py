"""What strace and Kindling say differently about the same call, and why. docs/comparison.md shows this list.

A difference holds at the places in `where` (patterns over "call.argument.member") and says how the two forms compare;
it never makes unequal values equal. Anything that is not in this list must be the same in both.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

from tests.e2e.support import strace
from tests.e2e.support.strace import Abstract, Changed, Cut, Function, More, Node, Not, Symbols

import kindling
from kindling.catalogue.tables.user import CAPABILITY

Same: TypeAlias = Callable[[Node, object, str], bool]


@dataclass(frozen=True)
class Difference:
    """One difference: what it is, why it is so, where it holds, and how the forms compare there."""

    title: str
    reason: str
    where: tuple[str, ...]
    same: Callable[[Node, object, Same, str], bool]


@dataclass(frozen=True)
class Ignored:
    """Events that strace cannot have a line for."""

    title: str
    reason: str
    ignores: Callable[[kindling.Event], bool]


def integer(value: object) -> int | None:
    """A number from Kindling: as it is, or written in hexadecimal or octal; None if it is anything else."""
    if isinstance(value, int):
        return int(value)
    if isinstance(value, str) and re.fullmatch(r"-?(0x[0-9a-f]+|[0-9]+)", value):
        return strace.number(value)
    return None


def flags(names: Iterable[str]) -> tuple[frozenset[str], int]:
    """Flags without regard to order: the names, and the bits that have none."""
    words: set[str] = set()
    bits = 0
    for name in names:
        number = integer(name)
        if number is None:
            words.add(name)
        else:
            bits |= number
    return frozenset(words), bits


def _renamed(renames: dict[str, str]) -> Callable[[Node, object, Same, str], bool]:
    """Members have other names: strace's to Kindling's ("" where Kindling has none). Others must be in both."""

    def compare(node: Node, value: object, same: Same, where: str) -> bool:
        if not isinstance(node, dict) or not isinstance(value, dict):
            return False
        pairs = [(renames.get(name, name), member) for name, member in node.items() if not isinstance(member, More)]
        return all(
            name == "" or (name in value and same(member, value[name], f"{where}.{name}")) for name, member in pairs
        )

    return compare


# Zero, and names


_ZERO_NAMES = {
    "AT_STATX_SYNC_AS_STAT", "MAP_FILE", "FUTEX_BITSET_MATCH_ANY",
}  # fmt: skip


def _without_zero(node: Node, value: object, same: Same, where: str) -> bool:
    if not isinstance(node, Symbols):
        return False
    names = tuple(name for name in node.names if name not in _ZERO_NAMES)
    if len(names) == len(node.names):
        return False
    return same(Symbols(names) if names else 0, value, where)


def _same_bits(*equal: tuple[str, str]) -> Callable[[Node, object, Same, str], bool]:
    """strace has one name for what Kindling names by several, or the other way round."""
    table = {ours: set(theirs.split("|")) for ours, theirs in equal}

    def spread(names: Iterable[str]) -> set[str]:
        result: set[str] = set()
        for name in names:
            result |= table.get(name, {name})
        return result

    def compare(node: Node, value: object, same: Same, where: str) -> bool:
        if not isinstance(node, Symbols) or not isinstance(value, str):
            return False
        return flags(spread(node.names)) == flags(spread(value.split("|")))

    return compare


def _futex_operation(node: Node, value: object, same: Same, where: str) -> bool:
    if not isinstance(node, Symbols):
        return False
    names = [part for name in node.names for part in re.sub(r"_PRIVATE$", "|FUTEX_PRIVATE_FLAG", name).split("|")]
    return isinstance(value, str) and flags(names) == flags(value.split("|"))


def _alternatives(node: Node, value: object, same: Same, where: str) -> bool:
    """ "BTRFS_IOC_CLONE or FICLONE": the names that one number has."""
    return (
        isinstance(node, Function)
        and node.name == "expression"
        and isinstance(node.arguments[0], bytes)
        and isinstance(value, str)
        and value in node.arguments[0].decode().split(" or ")
    )


def _mode(node: Node, value: object, same: Same, where: str) -> bool:
    """S_IFREG|S_ISUID|0755 against S_IFREG|04755."""
    special = {"S_ISUID": 0o4000, "S_ISGID": 0o2000, "S_ISVTX": 0o1000}
    if not isinstance(node, Symbols) or not isinstance(value, str):
        return False
    words, bits = flags(node.names)
    for name in words & special.keys():
        bits |= special[name]
    return (words - special.keys(), bits) == flags(value.split("|"))


# Structures


def _stat(node: Node, value: object, same: Same, where: str) -> bool:
    """st_atime and st_atime_nsec are one member of two."""
    if not isinstance(node, dict) or not isinstance(value, dict):
        return False
    flat = dict(value)
    for name in ("st_atime", "st_mtime", "st_ctime"):
        time = flat.pop(name, None)
        if isinstance(time, dict):
            flat[name], flat[f"{name}_nsec"] = time["tv_sec"], time["tv_nsec"]
    return node.keys() <= flat.keys() and all(same(node[name], flat[name], f"{where}.{name}") for name in node)


def _device(node: Node, value: object, same: Same, where: str) -> bool:
    return (
        isinstance(node, Function)
        and node.name == "makedev"
        and value == ":".join(str(integer(part)) for part in node.arguments)
    )


def _address(node: Node, value: object, same: Same, where: str) -> bool:
    if not isinstance(node, dict) or not isinstance(value, dict) or "sa_family" not in node:
        return False
    shown = {name: _address_member(name, member) for name, member in node.items() if not isinstance(member, More)}
    shown = {_MEMBERS.get(name, name): member for name, member in shown.items()}
    family = shown.pop("family")
    if not same(family, value.get("family"), f"{where}.family"):
        return False
    if "sa_data" in shown:
        # Too short for the structure of the family, in strace's eyes.
        return isinstance(shown["sa_data"], (bytes, Cut))
    # Padding without a meaning, and what is zero in most addresses.
    shown.pop("nl_pad", None)
    for name in ("flowinfo", "scope_id"):
        if shown.get(name) == 0:
            shown.pop(name)
    if "groups" in shown:
        groups = shown.pop("groups")
        if integer(groups) != integer(value.get("groups")):
            return False
    return all(name in value and same(member, value[name], f"{where}.{name}") for name, member in shown.items())


_MEMBERS = {
    "sa_family": "family",
    "sin_port": "port",
    "sin_addr": "address",
    "sin6_port": "port",
    "sin6_addr": "address",
    "sin6_flowinfo": "flowinfo",
    "sin6_scope_id": "scope_id",
    "sun_path": "path",
    "nl_pid": "pid",
    "nl_groups": "groups",
}


def _address_member(name: str, node: Node) -> Node:
    if isinstance(node, Abstract):
        return b"@" + node.name
    if isinstance(node, Function):
        if node.name in ("htons", "htonl"):
            return node.arguments[0]
        if node.name == "inet_addr":
            text = node.arguments[0]
            assert isinstance(text, bytes)
            return Symbols((text.decode(),))
        if node.name == "inet_pton":
            text = node.arguments[1]
            assert isinstance(text, bytes)
            return Symbols((socket.inet_ntop(socket.AF_INET6, socket.inet_pton(socket.AF_INET6, text.decode())),))
    return node


def _directory(node: Node, value: object, same: Same, where: str) -> bool:
    """As many entries as payload was asked for, under shorter names."""
    if not isinstance(node, list) or not isinstance(value, list):
        return False
    compare = _renamed({"d_ino": "inode", "d_type": "type", "d_name": "name", "d_off": "", "d_reclen": ""})
    return len(value) <= len(node) and all(
        compare(one, other, same, where) for one, other in zip(node[: len(value)], value, strict=True)
    )


def _file_system_id(node: Node, value: object, same: Same, where: str) -> bool:
    if not isinstance(node, dict) or not isinstance(node.get("val"), list):
        return False
    low, high = node["val"]  # type: ignore[misc]
    return integer(value) == (int(high) << 32 | int(low))  # type: ignore[arg-type]


def _loads(node: Node, value: object, same: Same, where: str) -> bool:
    """The load average is a number of 1/65536."""
    if not isinstance(node, list) or not isinstance(value, list) or len(node) != len(value):
        return False
    return all(
        isinstance(one, int) and isinstance(other, (int, float)) and abs(one / 65536 - other) < 0.01
        for one, other in zip(node, value, strict=True)
    )


# Sets


def _signals(node: Node, value: object, same: Same, where: str) -> bool:
    """[INT CHLD] and ~[KILL] against ["SIGINT", "SIGCHLD"] and ["~", "SIGKILL"]."""
    inverted = isinstance(node, Not)
    inner = node.value if isinstance(node, Not) else node
    if not isinstance(inner, list) or not isinstance(value, list):
        return False
    names = set()
    for one in inner:
        if not isinstance(one, Symbols):
            return False
        names.add("SIGRT_0" if one.names == ("RTMIN",) else f"SIG{one}")
    ours = [str(one) for one in value]
    if ours[:1] == ["~"]:
        return inverted and names == set(ours[1:])
    return not inverted and names == set(ours)


def _processors(node: Node, value: object, same: Same, where: str) -> bool:
    """[0 1 3] against "0-1,3"."""
    if not isinstance(node, list) or not isinstance(value, str):
        return False
    found: list[int] = []
    for part in value.split(",") if value else []:
        first, _, last = part.partition("-")
        found += range(int(first), int(last or first) + 1)
    return found == node


def _mask_words(node: Node, value: object, same: Same, where: str) -> bool:
    """Words of a mask against the numbers of its bits."""
    if not isinstance(node, list) or not isinstance(value, list):
        return False
    words = [one for one in node if isinstance(one, int)]
    bits = [64 * at + bit for at, word in enumerate(words) for bit in range(64) if word >> bit & 1]
    return bits == value


# Single values


def _nothing(node: Node, value: object, same: Same, where: str) -> bool:
    return node in (b"", []) and value is None


def _address_of_random(node: Node, value: object, same: Same, where: str) -> bool:
    return isinstance(node, (bytes, Cut)) and isinstance(value, str) and integer(value) is not None


def _wait_status(node: Node, value: object, same: Same, where: str) -> bool:
    """[{WIFEXITED(s) && WEXITSTATUS(s) == 0}] against {"exited": 0}."""
    if isinstance(node, list) and len(node) == 1:
        node = node[0]
    if isinstance(node, dict) and list(node) == ["0"]:
        node = node["0"]
    if not isinstance(node, Function) or not isinstance(value, dict):
        return False
    text = str(node.arguments[0], "latin-1") if isinstance(node.arguments[0], bytes) else ""
    if found := re.search(r"WEXITSTATUS\(s\) == (\d+)", text):
        return value == {"exited": int(found[1])}
    if found := re.search(r"WTERMSIG\(s\) == (\w+)", text):
        return value == {"killed": found[1], "core": "WCOREDUMP" in text}
    if found := re.search(r"WSTOPSIG\(s\) == (\w+)", text):
        return value.get("stopped") == found[1]
    return text == "WIFCONTINUED(s)" and value == {"continued": True}


def _single(node: Node, value: object, same: Same, where: str) -> bool:
    """[28] against 28: strace brackets what stands in memory, a structure of one member too."""
    if not isinstance(node, list) or len(node) != 1 or isinstance(value, list):
        return False
    if isinstance(value, dict) and len(value) == 1 and not isinstance(node[0], dict):
        (value,) = value.values()
    return same(node[0], value, where)


def _written_call(node: Node, value: object, same: Same, where: str) -> bool:
    """Macros that both write out."""
    if not isinstance(node, Function) or not isinstance(value, str):
        return False
    return value == f"{node.name}({', '.join(str(argument) for argument in node.arguments)})"


def _more_decoded(node: Node, value: object, same: Same, where: str) -> bool:
    """strace shows an address, Kindling what stands there."""
    return isinstance(node, int) and node > 4096 and isinstance(value, (dict, list, bytes))


def _named_zero(node: Node, value: object, same: Same, where: str) -> bool:
    return node == 0 and value in {"FALLOC_FL_ALLOCATE_RANGE"}


def _segments(node: Node) -> tuple[bytes, int]:
    """The bytes that strace shows of iovecs, as far as they have no gap, and how many there is room for."""
    start, total, whole = b"", 0, True
    for one in node if isinstance(node, list) else []:
        if not isinstance(one, dict):
            continue
        base, length = one.get("iov_base"), one.get("iov_len")
        total += length if isinstance(length, int) else 0
        if whole and isinstance(base, bytes):
            start += base
        elif whole and isinstance(base, Cut):
            start += base.start
            whole = False
        else:
            whole = False
    return start, total


def _same_start(one: bytes, other: object) -> bool:
    """Whether two beginnings of the same bytes agree."""
    if not isinstance(other, bytes):
        return not one
    shared = min(len(one), len(other))
    return one[:shared] == other[:shared]


def _vector(node: Node, value: object, same: Same, where: str) -> bool:
    if not isinstance(node, list) or not isinstance(value, dict) or "total" not in value:
        return False
    start, total = _segments(node)
    return value["segments"] == len(node) and value["total"] == total and _same_start(start, value.get("data"))


def _message(node: Node, value: object, same: Same, where: str) -> bool:
    if not isinstance(node, dict) or not isinstance(value, dict) or "msg_iov" not in node:
        return False
    if not same(node["msg_iovlen"], value["segments"], f"{where}.segments"):
        return False
    if "msg_flags" in node and not same(node["msg_flags"], value["flags"], f"{where}.flags"):
        return False
    if not _same_start(_segments(node["msg_iov"])[0], value.get("data")):
        return False
    name = node.get("msg_name")
    if isinstance(name, dict) and not same(name, value.get("address"), f"{where}.address"):
        return False
    control = node.get("msg_control")
    return not isinstance(control, list) or _control(control, value.get("control"), same, where)


def _control(node: list[Node], value: object, same: Same, where: str) -> bool:
    if not isinstance(value, list) or len(node) != len(value):
        return False
    for one, other in zip(node, value, strict=True):
        if not isinstance(one, dict) or not isinstance(other, dict):
            return False
        if not same(one["cmsg_level"], other["level"], f"{where}.level"):
            return False
        if not same(one["cmsg_type"], other["type"], f"{where}.type"):
            return False
        if "fds" in other and not same(one["cmsg_data"], other["fds"], f"{where}.fds"):
            return False
    return True


def _names_in_row(node: Node, value: object, same: Same, where: str) -> bool:
    """Strings, each with its NUL, against their list."""
    if not isinstance(value, list):
        return False
    joined = b"".join(one + b"\0" for one in value if isinstance(one, bytes))
    return joined == node or (isinstance(node, Cut) and joined.startswith(node.start))


def _network_order(node: Node, value: object, same: Same, where: str) -> bool:
    return isinstance(node, Function) and node.name == "htons" and same(node.arguments[0], value, where)


def _decoded_payload(node: Node, value: object, same: Same, where: str) -> bool:
    return isinstance(node, (list, dict)) and isinstance(value, bytes)


def _messages(node: Node, value: object, same: Same, where: str) -> bool:
    """struct mmsghdr: the header's numbers and how much was sent."""
    if not isinstance(node, list) or not isinstance(value, list) or len(node) != len(value):
        return False
    names = {
        "msg_namelen": "address_length",
        "msg_iovlen": "segments",
        "msg_flags": "flags",
        "msg_controllen": "control_length",
    }
    for one, other in zip(node, value, strict=True):
        if not isinstance(one, dict) or not isinstance(other, dict):
            return False
        header = one["msg_hdr"]
        if not isinstance(header, dict) or not same(one.get("msg_len", More()), other["length"], f"{where}.length"):
            return False
        for name, ours in names.items():
            if name in header and not same(header[name], other[ours], f"{where}.{ours}"):
                return False
    return True


def _capabilities(node: Node, value: object, same: Same, where: str) -> bool:
    """1<<CAP_CHOWN|1<<CAP_KILL against ["CAP_CHOWN", "CAP_KILL"], or all but those after "~"."""
    if not isinstance(value, list):
        return False
    ours = {str(one) for one in value}
    names = set(re.findall(r"1<<(CAP_\w+)", str(node))) if isinstance(node, (Symbols, Function)) else set()
    if "~" in ours:
        ours = set(CAPABILITY.values) - ours
    return names == ours and (bool(names) or node == 0)


def _zero_is_null(node: Node, value: object, same: Same, where: str) -> bool:
    return node == 0 and value is None


def _real_time_signal(node: Node, value: object, same: Same, where: str) -> bool:
    """SIGRTMIN is the kernel's first one in strace, glibc's in programs."""
    return isinstance(node, Symbols) and node.names == ("SIGRTMIN",) and value == "SIGRT_0"


def _address_only(node: Node, value: object, same: Same, where: str) -> bool:
    return isinstance(node, (list, dict)) and isinstance(value, str) and integer(value) is not None


def _other_version(node: Node, value: object, same: Same, where: str) -> bool:
    return node == 0 and value == "_LINUX_CAPABILITY_VERSION_3"


DIFFERENCES: tuple[Difference, ...] = (
    Difference(
        "Names for zero are left out",
        "AT_STATX_SYNC_AS_STAT and the like name the absence of all bits; Kindling names bits that are set.",
        ("statx.flags", "mmap.flags"),
        _without_zero,
    ),
    Difference(
        "FUTEX_WAKE_PRIVATE is FUTEX_WAKE|FUTEX_PRIVATE_FLAG",
        "The flag can then be searched for whatever the operation is. linux/futex.h has names for both.",
        ("futex.op",),
        _futex_operation,
    ),
    Difference(
        "One number, several names",
        "BTRFS_IOC_CLONE is FICLONE. strace writes every name of the number, Kindling the one that is not tied to a "
        "driver.",
        ("ioctl.request",),
        _alternatives,
    ),
    Difference(
        "WUNTRACED is WSTOPPED",
        "One bit, two names: the manual page of waitpid has the first, that of waitid the second.",
        ("wait4.options",),
        _same_bits(("WUNTRACED", "WSTOPPED")),
    ),
    Difference(
        "Protocols of packet sockets are in host order",
        "strace writes htons(0x300) around the same number.",
        ("socket.protocol",),
        _network_order,
    ),
    Difference(
        "Netlink messages are payload",
        "strace takes them apart; Kindling gives the bytes, and only when asked for payload.",
        ("send*.data", "recv*.data", "read.data", "write.data"),
        _decoded_payload,
    ),
    Difference(
        "STATX_ALL",
        "It is what linux/stat.h calls deprecated: a different set of bits in every version. Kindling names the bits.",
        ("statx.*",),
        _same_bits(("STATX_ALL", "STATX_BASIC_STATS|STATX_BTIME")),
    ),
    Difference(
        "Set-user-id, set-group-id and sticky bits are octal digits",
        "04755 as chmod and find take it, instead of S_ISUID|0755.",
        ("*mode",),
        _mode,
    ),
    Difference(
        "Times of stat are one value",
        "Seconds and nanoseconds of a time are one structure in Kindling, as in statx; strace shows two members.",
        ("*.statbuf",),
        _stat,
    ),
    Difference(
        "Device numbers are major:minor",
        'makedev(0xfe, 0) and "254:0" are the same; the latter is how /proc and lsblk write it.',
        ("*.st_dev", "*.st_rdev", "mknod*.dev"),
        _device,
    ),
    Difference(
        "Socket addresses have the same members in every family",
        "family, address and port, whatever the family, in host byte order: strace shows the C structure of the "
        "family.",
        ("*",),
        _address,
    ),
    Difference(
        "Directory entries have short names and count as payload",
        "inode, type and name are what one asks for. As they are data that is read, only snaplen bytes of them are "
        "taken.",
        ("getdents*.data", "getdents.data"),
        _directory,
    ),
    Difference(
        "f_fsid is one number",
        "It is a 64-bit identity, as stat -f prints it; strace shows its halves.",
        ("*.f_fsid",),
        _file_system_id,
    ),
    Difference(
        "Load averages are numbers as uptime shows them",
        "The kernel counts them in units of 1/65536, which strace shows.",
        ("sysinfo.info.loads",),
        _loads,
    ),
    Difference(
        "Signal sets are lists of whole names",
        '["SIGINT", "SIGCHLD"] instead of [INT CHLD], and SIGRT_0 for the first real-time signal, which glibc hides.',
        ("*",),
        _signals,
    ),
    Difference(
        "Sets of processors and memory nodes",
        '"0-3,8" is how /proc, taskset and cpuset write them, a list of node numbers how numactl does; strace shows '
        "words.",
        ("sched_*affinity.mask",),
        _processors,
    ),
    Difference(
        "Memory nodes are their numbers",
        "strace shows the words of the mask.",
        ("*.nodemask",),
        _mask_words,
    ),
    Difference(
        "A mode that is zero has a name",
        "FALLOC_FL_ALLOCATE_RANGE is the name linux/falloc.h has for the plain allocation.",
        ("fallocate.mode",),
        _named_zero,
    ),
    Difference(
        "I/O vectors are a number of segments, their total, and the bytes",
        "How a program cuts its buffers up is seldom the question; the bytes are one payload of at most snaplen.",
        ("*readv*.data", "*writev*.data", "vmsplice.*", "process_vm_*"),
        _vector,
    ),
    Difference(
        "Message headers have an address, control messages and a payload",
        "The same for struct msghdr; lengths of buffers are left out, and so are addresses nobody asked for.",
        ("sendmsg.msg", "recvmsg.msg"),
        _message,
    ),
    Difference(
        "Several messages at once are their lengths",
        "sendmmsg and recvmmsg show for each message how many bytes it has, and the numbers of its header.",
        ("sendmmsg.msgvec", "recvmmsg.msgvec"),
        _messages,
    ),
    Difference(
        "Names of extended attributes are a list",
        "The kernel writes them in a row, each with its NUL.",
        ("*listxattr.list",),
        _names_in_row,
    ),
    Difference(
        "Sets of capabilities are lists",
        'Names without 1<<, and "~" before those that are missing where most are there.',
        ("capget.datap.*", "capset.datap.*"),
        _capabilities,
    ),
    Difference(
        "Zero is null where an argument may be an address",
        "prctl's arguments are numbers or addresses, depending on the operation; those that it does not use are null.",
        ("prctl.*",),
        _zero_is_null,
    ),
    Difference(
        "The first real-time signal is SIGRT_0",
        "The kernel's SIGRTMIN is 32, the one of programs is 34: glibc keeps two for itself. A count from 32 on means "
        "one thing.",
        ("*.signum", "*.sig", "signal_deliver.signal"),
        _real_time_signal,
    ),
    Difference(
        "What most ioctls point to is not taken",
        "There are thousands, of every driver. Those of terminals and sockets that programs use every day are decoded.",
        ("ioctl.arg",),
        _address_only,
    ),
    Difference(
        "capget tells the version that the kernel prefers",
        "It writes the version where the caller's was: Kindling shows what stands there after the call, as in all "
        "in/out arguments.",
        ("capget.hdrp.version",),
        _other_version,
    ),
    Difference(
        "Nothing read or written is null",
        'Payload of no bytes, lists of no elements: there is nothing to take, so it is not there. strace shows "" or '
        "[].",
        ("*",),
        _nothing,
    ),
    Difference(
        "Random bytes are not shown",
        "They are keys more often than not. Kindling shows where they went.",
        ("getrandom.buf",),
        _address_of_random,
    ),
    Difference(
        "Wait statuses are decoded",
        '{"exited": 0} and {"killed": "SIGTERM", "core": false} instead of the macros of wait(2).',
        ("*.wstatus", "process_exit.status"),
        _wait_status,
    ),
    Difference(
        "What a pointer points to has no brackets",
        "strace writes [28] for a number in memory; whether a value was passed by address is in the reference.",
        ("*",),
        _single,
    ),
    Difference(
        "Macros",
        "Both write a value out as the macro that makes it.",
        ("ioprio_*.ioprio",),
        _written_call,
    ),
    Difference(
        "Kindling decodes more",
        "Where strace shows the address of an argument, Kindling shows what stands there.",
        ("*",),
        _more_decoded,
    ),
)

IGNORED_EVENTS: tuple[Ignored, ...] = (
    Ignored(
        "A call that was not made",
        "A thread that is killed while strace holds it at the entry of a call leaves the call without having made it: "
        "the kernel says ENOSYS, Kindling that it saw no entry, strace nothing or '= ?'.",
        lambda event: event.error == "ENOSYS" and "no_entry" in event.quality,
    ),
    Ignored(
        "SIGKILL",
        "A tracer is not told of the delivery of SIGKILL: strace only has the line of the end.",
        lambda event: event.name == "signal_deliver" and event.args.signal == "SIGKILL",
    ),
)


def _after(node: Node) -> Node:
    return node.after if isinstance(node, Changed) else node


def _clone(line: strace.Call, event: kindling.Event) -> list[Node]:
    """By name, in strace's order, and only what the flags make use of."""
    names = {"child_stack": "stack", "parent_tid": "parent_tid", "child_tidptr": "child_tid", "child_tid": "child_tid"}
    given = {names.get(name, name): node for name, node in line.named.items()}
    # strace shows the thread id that was written there, Kindling where: it is the result.
    given = {name: More() if isinstance(node, list) else node for name, node in given.items()}
    return [given.get(argument.name, More()) for argument in event.definition.arguments]


def _clone3(line: strace.Call, event: kindling.Event) -> list[Node]:
    """The structure as it was passed: what was written is where it points to."""
    first = line.arguments[0]
    return [first.before if isinstance(first, Changed) else first, *line.arguments[1:]]


def _no_arguments(line: strace.Call, event: kindling.Event) -> list[Node]:
    return []


def _futex(line: strace.Call, event: kindling.Event) -> list[Node]:
    """strace leaves out what the operation does not use, so what follows moves up."""
    operation = str(event.args.op)
    given = list(line.arguments)
    bitset = "_BITSET" in operation
    if bitset and "WAKE" in operation:
        return [*given[:3], More(), More(), *given[3:]]
    if bitset or "WAIT_REQUEUE" in operation:
        return [*given[:4], *([] if "REQUEUE" in operation else [More()]), *given[4:]]
    return given


def _position_in_one(line: strace.Call, event: kindling.Event) -> list[Node]:
    """strace leaves out the upper half of the offset, which is nothing on 64-bit machines."""
    return [*line.arguments[:4], More(), *line.arguments[4:]]


def _select(line: strace.Call, event: kindling.Event) -> list[Node]:
    """The sets and the time left after the call, which strace writes after the result."""
    given = list(line.arguments)
    if line.ret is None or line.errno is not None:
        # An interrupted select writes the time that was left, strace shows what it was given.
        return [*given[:4], More() if given[4] is not None else None, *given[5:]]
    note = strace.parse_note(line.note)
    for at, name in ((1, "in"), (2, "out"), (3, "except")):
        if given[at] is not None:
            given[at] = note.get(name, [])
    if "left" in note:
        given[4] = note["left"]
    elif given[4] is not None:
        given[4] = More()
    return given


def _poll_result(line: strace.Call, event: kindling.Event) -> list[Node]:
    """What was found, which strace writes after the result, goes to the entries it is about."""
    given = list(line.arguments)
    note = strace.parse_note(line.note) if line.ret else {}
    listed = note.get("")
    found = {str(one["fd"]): one["revents"] for one in _structures(listed)}
    # Of many it shows only the first.
    others: Node = More() if isinstance(listed, list) and More() in listed else 0
    entries: list[Node] = []
    for one in _structures(given[0]):
        fresh = dict(one)
        if line.errno is None and line.ret is not None:
            fresh["revents"] = found.get(str(one["fd"]), others)
        entries.append(fresh)
    if isinstance(given[0], list):
        given[0] = [*entries, More()] if More() in given[0] else list(entries)
    if event.name == "ppoll" and "left" in note:
        given[2] = note["left"]
    elif event.name == "ppoll" and given[2] is not None:
        given[2] = More()
    return given


def _structures(node: Node) -> list[dict[str, Node]]:
    return [one for one in node if isinstance(one, dict)] if isinstance(node, list) else []


NOTES: tuple[tuple[str, str], ...] = (
    (
        "Everything is read when the call returns",
        "In/out arguments (the timeout and sets of select, revents of poll, lengths of addresses, capget's header) "
        "show the "
        "state after the call; strace shows the one before it, and what changed behind the result.",
    ),
    (
        "What a call did not write is not shown",
        "Of a failed call the output arguments are absent, and so is payload that was not read or written; strace "
        "shows the "
        "address, or what happened to stand there.",
    ),
    (
        "All arguments are there, in the kernel's order",
        "strace leaves out those that an operation does not use (futex, clone) and the upper half of an offset, and "
        "writes "
        "clone's by name in an order of its own.",
    ),
    (
        "Long arrays are cut, and say so",
        'An array argument has at most 64 elements; the event is then marked "truncated".',
    ),
    (
        "A call that never returns has no event of its own",
        "exit, exit_group, and the calls in which a thread was killed: strace writes '= ?'. The first two are events "
        "at their "
        "entry; the others have the result with which the kernel left them, ERESTARTSYS or the like.",
    ),
    (
        "32-bit calls are counted, not decoded",
        "Calls of 32-bit programs have other numbers; they come as `lost` with the cause foreign_abi.",
    ),
)
"""Differences of the whole, which `ARGUMENTS` below and `support.compare` take care of."""

ARGUMENTS: dict[str, Callable[[strace.Call, kindling.Event], list[Node]]] = {
    "clone": _clone,
    "clone3": _clone3,
    "futex": _futex,
    "poll": _poll_result,
    "ppoll": _poll_result,
    "preadv2": _position_in_one,
    "pselect6": _select,
    "pwritev2": _position_in_one,
    "rt_sigreturn": _no_arguments,
    "select": _select,
}
"""Calls whose arguments strace writes elsewhere, in another order, or leaves out: brought into the kernel's order."""
