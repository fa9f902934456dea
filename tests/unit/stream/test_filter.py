"""What filters let through: operator by operator, and that kernel and user side together say what the filter says."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kindling.catalogue.model import Category, Definition, Field, Result, Source
from kindling.catalogue.types import COUNT, FD, PATH, SIZE, Bytes, Quantity, SocketAddress, StringArray
from kindling.enrich.kinds import FD_TYPES, FdType
from kindling.enrich.objects import Descriptor, Objects, Thread
from kindling.probes import layout
from kindling.probes.base import Records
from kindling.probes.layout import FILTER_INSTRUCTIONS, FdKind, FilterCompare, FilterField, FilterOp
from kindling.stream.batch import Batch
from kindling.stream.filter import Filter, Place, compile, explain, push_down
from kindling.stream.filter.expression import And, Expression, Not, Operator, Or, Test, both, either, negate, quote
from kindling.stream.filter.pushdown import KINDS


def definition(name: str, category: Category, *arguments: Field, result: bool = True, **more: object) -> Definition:
    made = Definition(
        name=name,
        source=Source.SYSCALL,
        category=category,
        description=name,
        arguments=arguments,
        result=Result(Quantity(8, True), "result") if result else None,
    )
    return replace(made, **more)  # type: ignore[arg-type]


READ = definition(
    "read",
    Category.FILE,
    Field("fd", FD, "d"),
    Field("data", Bytes("ret", payload=True), "p"),
    Field("count", SIZE, "c"),
    aliases=("syscall_exit-read",),
)
OPEN = definition("open", Category.FILE, Field("path", PATH, "p"), result=True)
OPEN = replace(OPEN, result=Result(FD, "d"))
EXEC = definition("execve", Category.PROCESS, Field("path", PATH, "p"), Field("argv", StringArray(), "a"))
CONNECT = definition(
    "connect", Category.NET, Field("fd", FD, "d"), Field("addr", SocketAddress(16), "a"), Field("flags", COUNT, "f")
)
EXIT = definition("exit_group", Category.PROCESS, Field("status", Quantity(4, True), "s"), result=False)
GETPID = definition("getpid", Category.PROCESS)
ENTER = definition("syscall_enter-read", Category.FILE, *READ.arguments, result=False, source=Source.SYSCALL_ENTER)
SWITCH = definition("sched_switch", Category.SCHEDULER, result=False, source=Source.TRACEPOINT)
DEFINITIONS = {0: READ, 2: OPEN, 59: EXEC, 42: CONNECT, 231: EXIT, 39: GETPID, 512: ENTER, 1500: SWITCH}
SLOTS = {d.name: slot for slot, d in DEFINITIONS.items()}

THREADS = (
    Thread(tid=1, pid=1, comm=b"systemd", uid=0, gid=0, exe=b"/lib/systemd", arguments=(b"/sbin/init",)),
    Thread(tid=20, pid=20, ppid=1, comm=b"bash", uid=1000, gid=100, cgroup_id=77, arguments=(b"-bash",)),
    Thread(tid=31, pid=30, ppid=20, comm=b"nginx", uid=33, gid=33, cgroup_id=78, container_id="0123456789abcdef" * 4),
    Thread(tid=32, pid=30, version=2, ppid=20, comm=b"a b\xff", uid=33, gid=33, cgroup_id=1, container_id="ff" * 32),
    Thread(tid=40, pid=40, version=1, ppid=9999, comm=b"", uid=(1 << 32) - 1, gid=5, exe=b"/bin/\xff"),
    Thread(tid=41, pid=40, version=1, ppid=9999, comm=b"fifteen-letters", uid=5, gid=5),
)
DESCRIPTORS = (
    Descriptor(id=1, type="file", path=b"/etc/passwd", inode=5, device="8:1"),
    Descriptor(id=2, type="file", path=b"/etc/nginx/\xffx.conf"),
    Descriptor(id=3, type="ipv4", protocol="tcp", role="server", sip="10.1.2.3", sport=40000, dip="10.9.9.9", dport=80),
    Descriptor(id=4, type="ipv6", protocol="udp", sip="::1", sport=53),
    Descriptor(id=5, type="ipv4", protocol="tcp", role="server", dip="0.0.0.0", dport=8080, sport=0),
    Descriptor(id=6, type="ipv4", protocol="tcp", sport=0, dport=0),
    Descriptor(id=7, type="eventfd", inode=9),
    Descriptor(id=8, type="timerfd"),
    Descriptor(id=9, type="pipe", inode=12),
    Descriptor(id=10, type="unix", path=b"@bus", role="client"),
    Descriptor(id=11, type="socket"),
    Descriptor(id=12, type="anon"),
)


def piece(number: int, data: bytes) -> bytes:
    whole = struct.pack("<BBH", number, 0, len(data)) + data
    return whole + b"\0" * (-len(whole) % 8)


@dataclass(frozen=True)
class Row:
    """One event of a batch."""

    slot: int
    thread: Thread = THREADS[0]
    descriptor: int = 0
    fd: int = layout.NO_FD
    ret: int = 0
    latency: int = layout.NO_LATENCY
    cpu: int = 0
    marks: int = 0
    args: tuple[int, ...] = ()
    pieces: tuple[tuple[int, bytes], ...] = ()
    time: int = 0


def batch_of(rows: Sequence[Row]) -> Batch:
    records = np.zeros(len(rows), layout.RECORD)
    data = b""
    for record, row in zip(records, rows, strict=True):
        record["event"], record["ret"], record["latency"], record["cpu"] = row.slot, row.ret, row.latency, row.cpu
        record["tid"], record["pid"], record["thread"] = row.thread.tid, row.thread.pid, row.thread.version
        record["fd"], record["object"], record["marks"], record["time"] = row.fd, row.descriptor, row.marks, row.time
        record["args"][: len(row.args)] = row.args
        whole = b"".join(piece(number, content) for number, content in row.pieces)
        record["data"], record["length"] = len(data), len(whole)
        data += whole
    objects = Objects()
    objects.add(THREADS, DESCRIPTORS)
    return Batch(records, data, DEFINITIONS, objects, 0)


def passes(text: str, row: Row) -> bool:
    return bool(compile(text).mask(batch_of([row]))[0])


NGINX = Row(
    0,
    THREADS[2],
    3,
    7,
    512,
    1_500_000,
    1,
    args=(7, 0, 4096),
    pieces=((1, b"GET / HTTP"),),
    time=1_700_000_000_000_000_000,
)
FAILED = Row(2, THREADS[3], ret=-2, pieces=((0, b"/etc/\xffshadow"),))
LOADER = Row(59, THREADS[1], ret=0, pieces=((0, b"/bin/ls"), (1, b"ls\0-l\0/tmp\0")))
DIALLED = Row(
    42,
    THREADS[0],
    4,
    3,
    -111,
    10,
    args=(3, 0, 0o644),
    pieces=((1, struct.pack("<HH4s8x", 2, 0x5000, bytes([10, 0, 0, 9]))),),
)
LEFT = Row(231, THREADS[4], args=(3,))


@pytest.mark.parametrize(
    ("row", "true", "false"),
    [
        (
            NGINX,
            """evt.type = read | evt.type = syscall_exit-read | evt.type in (open, read) | evt.type startswith re
            | evt.type != open | evt.category = net | evt.category in (ipc, net)
            | evt.source = syscall | evt.dir = '<' | syscall.type = read
            | evt.latency > 1ms | evt.latency <= 1500us | evt.latency != 3 | evt.latency in (1500000ns) | evt.cpu = 1
            | evt.res = SUCCESS | evt.res != ENOENT | evt.rawres = 512 | evt.rawres >= 0.5k | evt.failed = false
            | not evt.failed | evt.failed exists | not evt.error exists | evt.count = 1
            | evt.time > 2023-11-14T22:13:19 | evt.time < 2023-11-14T22:13:20.000000001
            | evt.rawtime = 1700000000000000000
            | evt.arg.count = 4k | evt.arg.count > 4095 | evt.arg.count = 0x1000 | evt.arg.fd in (1, 7)
            | evt.arg[2] = 4096
            | evt.arg.count != 5 | evt.args contains 'count=4096' | evt.buffer startswith GET
            | evt.buffer contains ' / '
            | evt.arg.data icontains http
            | proc.name = nginx | proc.name in (a, nginx) | proc.name != apache | proc.name not in (a, b)
            | proc.name startswith ng | proc.name endswith nx | proc.name contains gin | proc.name icontains GIN
            | proc.name glob 'n*x' | proc.name glob 'ngin[w-y]' | proc.name glob 'n?i[!a]*' | proc.name iglob NG*
            | proc.name regex 'ng.*' | proc.name regex '(?i)NGINX'
            | proc.pid = 30 | thread.tid = 31 | proc.ppid = 20 | user.uid = 33 | group.gid < 34 | thread.cgroup_id = 78
            | proc.pname = bash | proc.aname = bash | proc.aname = systemd | proc.aname != zsh | proc.aname[2] = systemd
            | proc.aname not in (zsh, fish) | proc.apid = 1 | proc.apid[1] = 20 | proc.aname contains ystem
            | container.id = 0123456789ab | container.id = 0123456789abcdef0000 | container.id != host
            | container.id exists | container.full_id startswith 0123456789abcdef
            | fd.num = 7 | fd.type = ipv4 | fd.type in (ipv6, ipv4) | fd.name = '10.1.2.3:40000->10.9.9.9:80'
            | fd.sip = 10.1.2.3 | fd.dip != 10.1.2.3 | fd.ip = 10.9.9.9 | fd.ip = 10.0.0.0/8
            | fd.net in (192.168.0.0/16, 10.9.0.0/16)
            | fd.ip != 1.2.3.4 | fd.port = 80 | fd.port > 30000 | fd.port < 81 | fd.port != 81 | fd.port not in (1, 2)
            | fd.sport = 40000 | fd.dport in (80, 443) | fd.lport = 80 | fd.rport = 40000 | fd.is_server
            | not fd.is_client
            | fd.l4proto = tcp | fd.role = server | fd.sockfamily = ip""",
            """evt.type = open | evt.type != read | evt.type != syscall_exit-read | evt.type not in (read)
            | evt.type startswith syscall | evt.latency < 1500us | evt.latency in () | evt.error != ENOENT
            | evt.error exists
            | evt.arg.path exists | evt.arg.path != x | evt.arg.count = '5' | evt.arg.count < 5 | evt.arg.fd not in (7)
            | proc.name = Nginx | proc.name glob ngin | proc.name regex ngin | proc.aname != bash
            | proc.aname not in (bash)
            | proc.aname[9] exists | container.id = host | container.id = 0123 | fd.port != 80 | fd.port < 80
            | fd.port in ()
            | fd.ip != 10.0.0.0/8 | fd.ip = 11.0.0.0/8 | fd.ip = ::/0 | fd.path exists | fd.path != x
            | fd.directory != x
            | proc.exepath exists | proc.args != x""",
        ),
        (
            FAILED,
            """evt.failed | evt.failed != false | evt.res = ENOENT | evt.error = ENOENT | evt.error != EPERM
            | evt.rawres < 0
            | evt.error in (EPERM, ENOENT) | evt.res not in (SUCCESS) | evt.res contains NO | not evt.latency exists
            | evt.arg.path startswith /etc | evt.arg.path contains "\\xff" | evt.arg.path = "/etc/\\xffshadow"
            | evt.arg.path pmatch (/etc) | evt.arg.path pmatch (/usr, /etc/) | evt.arg.path glob '/etc/?shadow'
            | evt.arg.path regex '/etc/.shadow' | fs.path.name endswith shadow | evt.arg.path pmatch (/)
            | proc.name = "a b\\xff" | proc.name glob 'a b?' | not fd.num exists | not fd.type exists
            | not fd.num != 3""",
            """evt.res = SUCCESS | evt.res != ENOENT | fd.num != 3 | fd.num not in (3) | fd.type != file | fd.name != x
            | fd.port != 1 | evt.latency != 3 | evt.latency < 1s | evt.arg.path pmatch (/et) | evt.arg.count < 5
            | evt.arg.path > 5 | evt.buffer exists""",
        ),
        (
            LOADER,
            """evt.arg.argv = -l | evt.arg.argv in (x, ls) | evt.arg.argv != -r | evt.arg.argv.0 = ls
            | evt.arg.argv startswith /t
            | evt.args = 'path=/bin/ls argv=[ls, -l, /tmp]' | proc.exe = -bash | proc.cmdline = bash | proc.cmdnargs = 0
            | container.id = host | not container.id exists | proc.apid = 1""",
            "evt.arg.argv != -l | evt.arg.argv.7 exists | evt.arg.argv not in (ls) | container.id != host",
        ),
        (
            DIALLED,
            """evt.arg.addr.port = 80 | evt.arg.addr.port < 81 | evt.arg.addr.address = 10.0.0.9
            | evt.arg.addr.address = 10.0.0.0/8 | evt.arg.addr contains AF_INET | evt.arg.addr.family = AF_INET
            | evt.res = ECONNREFUSED | evt.rawres = -111 | fd.ip = ::/16 | fd.port = 53 | fd.port != 0
            | evt.arg.flags = 0644""",
            """evt.arg.addr.nothing exists | evt.arg.addr.port.more exists | fd.dport exists | fd.dport != 1
            | fd.is_server exists | fd.lport exists""",
        ),
        (
            LEFT,
            """not evt.res exists | not evt.failed | proc.name = '' | user.uid = 4294967295
            | proc.exepath endswith "\\xff"
            | evt.arg.status = 3 | evt.arg.status exists""",
            """evt.failed | evt.failed = false | evt.rawres = 0 | evt.rawres exists | evt.res != SUCCESS
            | proc.aname exists
            | proc.aname != x""",
        ),
    ],
)
def test_meaning(row: Row, true: str, false: str) -> None:
    for text in true.split("|"):
        assert passes(text, row), text
    for text in false.split("|"):
        assert not passes(text, row), text


def test_connectives_and_a_whole_batch() -> None:
    batch = batch_of([NGINX, FAILED, LOADER, DIALLED, LEFT])
    assert compile("evt.type = read or evt.failed").mask(batch).tolist() == [True, True, False, True, False]
    assert compile("not (evt.type = read or evt.failed)").mask(batch).tolist() == [False, False, True, False, True]
    assert compile("evt.arg.path contains s and evt.failed").mask(batch).tolist() == [False, True, False, False, False]
    assert compile("evt.arg.path contains s or evt.arg.status = 3").mask(batch).tolist() == [
        False,
        True,
        True,
        False,
        True,
    ]
    assert compile("evt.args exists and not evt.arg.path exists").mask(batch).tolist() == [
        True,
        False,
        False,
        True,
        True,
    ]
    assert compile("evt.arg.path exists").mask(batch_of([])).tolist() == []


def test_one_event() -> None:
    @dataclass
    class Event:
        batch: Batch
        row: int

    batch = batch_of([NGINX, FAILED])
    failed = compile("evt.failed")
    assert [failed.matches(Event(batch, row)) for row in range(2)] == [False, True]


def test_hostile_names_do_not_slow_globs() -> None:
    name = b"a" * 4000
    row = replace(FAILED, pieces=((0, name),))
    assert not passes("evt.arg.path glob '" + "*a" * 30 + "*b'", row)
    assert passes("evt.arg.path glob '" + "*a" * 30 + "*'", row)


@given(st.text("ab*?[]!-\\^/", max_size=8), st.text("ab*[-/\\]", max_size=6))
def test_globs_agree_with_a_plain_matcher(pattern: str, name: str) -> None:
    row = replace(FAILED, pieces=((0, name.encode()),))
    escaped = pattern.replace("\\", "\\\\")
    assert passes(f'evt.arg.path glob "{escaped}"', row) == plain_glob(pattern, name)


def plain_glob(pattern: str, name: str) -> bool:
    """fnmatch(3) the slow way."""
    if not pattern:
        return not name
    head, rest = pattern[0], pattern[1:]
    if head == "*":
        return any(plain_glob(rest, name[at:]) for at in range(len(name) + 1))
    if head == "[":
        start = 1 if rest[:1] in ("!", "^") else 0
        end = rest.find("]", start + 1)
        if end >= 0:
            if not name:
                return False
            members, at, found = rest[start:end], 0, False
            while at < len(members):
                if at + 2 < len(members) and members[at + 1] == "-":
                    found |= members[at] <= name[0] <= members[at + 2]
                    at += 3
                else:
                    found |= members[at] == name[0]
                    at += 1
            return found != bool(start) and plain_glob(rest[end + 1 :], name[1:])
    if head == "\\" and rest:
        head, rest = rest[0], rest[1:]
    elif head == "?":
        return bool(name) and plain_glob(rest, name[1:])
    return name[:1] == head and plain_glob(rest, name[1:])


# The kernel side's half -----------------------------------------------------------------------------------------------


def interpret(program: Records | None, row: Row) -> bool:
    """What the kernel side does with a program (bpf/filter.h)."""
    stack: list[bool] = []
    for step in program if program is not None else ():
        match FilterOp(int(step["op"])):
            case FilterOp.TEST:
                stack.append(run_test(step, row))
            case FilterOp.AND:
                stack[-2:] = [stack[-2] and stack[-1]]
            case FilterOp.OR:
                stack[-2:] = [stack[-2] or stack[-1]]
            case FilterOp.NOT:
                stack[-1] = not stack[-1]
        assert len(stack) <= 64
    assert len(stack) == (program is not None)
    return stack.pop() if stack else True


def run_test(step: np.void, row: Row) -> bool:
    low, high = int(step["low"]), int(step["high"])
    operand = low - (1 << 64) if low >> 63 else low

    def compare(value: int | None) -> bool:
        if value is None:
            return False
        return {
            FilterCompare.EQ: value == operand,
            FilterCompare.LT: value < operand,
            FilterCompare.GT: value > operand,
        }[FilterCompare(int(step["compare"]))]

    thread = row.thread
    descriptor = next((d for d in DESCRIPTORS if d.id == row.descriptor), None)
    match FilterField(int(step["field"])):
        case FilterField.COMM:
            return thread.comm.ljust(16, b"\0") == struct.pack("<QQ", low, high)
        case FilterField.CONTAINER:
            name = (thread.container_id or "")[:12].encode()
            return thread.container_id is not None and name.ljust(16, b"\0") == struct.pack("<QQ", low, high)
        case FilterField.FD_TYPE:
            if descriptor is None:
                return False
            return compare(KINDS.get(FD_TYPES[descriptor.type], FdKind.OTHER))
        case FilterField.FD_PORT:
            if descriptor is None or descriptor.type not in ("ipv4", "ipv6"):
                return False
            return compare(descriptor.sport or 0) or compare(descriptor.dport or 0)
        case field:
            return compare(
                {
                    FilterField.PID: thread.pid,
                    FilterField.TID: thread.tid,
                    FilterField.UID: thread.uid,
                    FilterField.GID: thread.gid,
                    FilterField.CGROUP: thread.cgroup_id,
                    FilterField.EVENT: row.slot,
                    FilterField.RET: row.ret,
                    FilterField.LATENCY: None if row.latency == layout.NO_LATENCY else row.latency,
                    FilterField.FD_NUM: None if row.fd == layout.NO_FD else row.fd,
                    FilterField.CPU: row.cpu,
                }[field]
            )


def split_mask(filter: Filter, rows: Sequence[Row], slots: dict[str, int] | None = None) -> list[bool]:
    """Which rows pass when the work is shared."""
    pushed = push_down(filter, DEFINITIONS.values(), SLOTS if slots is None else slots)
    names = {d.name for d in pushed.events}
    for program in (pushed.thread_filter, pushed.event_filter):
        assert program is None or 0 < len(program) <= FILTER_INSTRUCTIONS
    batch = batch_of(rows)
    here = pushed.residual.mask(batch).tolist() if pushed.residual is not None else [True] * len(rows)
    if pushed.thread_filter is not None:
        tests = pushed.thread_filter[pushed.thread_filter["op"] == FilterOp.TEST]
        assert (tests["field"] <= FilterField.CONTAINER).all()
    return [
        DEFINITIONS[row.slot].name in names
        and interpret(pushed.thread_filter, row)
        and interpret(pushed.event_filter, row)
        and bool(last)
        for row, last in zip(rows, here, strict=True)
    ]


EXTREMES = (-(1 << 63), (1 << 63) - 1, -4096, -4095, -4094, -1, 0, 1)


@st.composite
def rows_of_events(draw: st.DrawFn) -> Row:
    slot = draw(st.sampled_from(sorted(DEFINITIONS)))
    made = DEFINITIONS[slot]
    has_fd = made.descriptor is not None or made.source is Source.TRACEPOINT
    pieces: dict[str, tuple[tuple[int, bytes], ...]] = {
        "open": ((0, draw(st.sampled_from([b"/etc/passwd", b"x", b"/var/\xff"]))),),
        "execve": ((0, b"/bin/ls"), (1, b"ls\0-l\0")),
        "read": ((1, b"GET"),),
    }
    return Row(
        slot,
        draw(st.sampled_from(THREADS)),
        draw(st.integers(0, len(DESCRIPTORS) + 1)) if has_fd else 0,
        draw(st.sampled_from([layout.NO_FD, -1, 0, 1, 2, 3, 7])) if has_fd else layout.NO_FD,
        draw(st.sampled_from([*EXTREMES, -2, -11, 3, 512])) if made.result is not None else 0,
        draw(st.sampled_from([layout.NO_LATENCY, 0, 10, 1_000_000, (1 << 63) - 1])),
        draw(st.integers(0, 3)),
        args=(draw(st.integers(0, 3)), 1, draw(st.sampled_from([0, 3, 4096]))),
        pieces=pieces.get(made.name, ()),
    )


NUMERIC = {
    "proc.pid": (1, 20, 30, 40),
    "thread.tid": (1, 31, 32, 40),
    "user.uid": (0, 33, 1000, (1 << 32) - 1),
    "group.gid": (0, 5, 33),
    "thread.cgroup_id": (1, 77),
    "evt.cpu": (0, 1, 2),
    "evt.rawres": (-2, 0, 512, -4095, -4096),
    "evt.latency": (0, 10, 1_000_000),
    "fd.num": (-1, 0, 3, layout.NO_FD),
    "fd.port": (-1, 0, 1, 53, 54, 80, 8080, 40000),
    "fd.dport": (80, 8080),
    "evt.count": (0, 1),
}
TEXTUAL = {
    "proc.name": (b"nginx", b"", b"a b\xff", b"fifteen-letters", b"fifteen-letters-", b"n"),
    "evt.res": (b"SUCCESS", b"ENOENT", b"EAGAIN", b"EPERM", b"E4095", b"E999", b"E4096"),
    "evt.error": (b"ENOENT", b"EAGAIN", b"EPERM", b"E4095"),
    "fd.type": tuple(kind.text.encode() for kind in FdType),
    "fd.name": (b"/etc/passwd", b"80", b"pipe:[12]"),
    "evt.type": (b"read", b"open", b"syscall_exit-read", b"syscall_enter-read", b"exit_group", b"e"),
    "evt.category": (b"file", b"net", b"ipc", b"process"),
    "evt.source": (b"syscall", b"tracepoint", b"syscall_enter"),
    "evt.arg.path": (b"/etc/passwd", b"/etc", b"x"),
    "evt.arg.count": (b"4096", b"3"),
    "container.id": (b"0123456789ab", b"ffffffffffff", b"ff", b""),
    "proc.aname": (b"bash", b"systemd", b"zsh"),
}
PATTERNS = (
    Operator.CONTAINS,
    Operator.STARTSWITH,
    Operator.ENDSWITH,
    Operator.ICONTAINS,
    Operator.PMATCH,
    Operator.GLOB,
)


@st.composite
def comparisons(draw: st.DrawFn) -> Expression:
    kind = draw(st.integers(0, 9))
    if kind == 0:
        return Test(draw(st.sampled_from([*NUMERIC, *TEXTUAL, "fd.role", "evt.failed"])), Operator.EXISTS)
    if kind == 1:
        field = draw(st.sampled_from(["evt.failed", "fd.is_server", "thread.ismain"]))
        return Test(field, draw(st.sampled_from([Operator.EQ, Operator.NE])), (draw(st.booleans()),))
    lists = (Operator.IN, Operator.NOT_IN)
    if kind < 6:
        field = draw(st.sampled_from(sorted(NUMERIC)))
        number = st.sampled_from([*NUMERIC[field], *EXTREMES])
        operator = draw(st.sampled_from([o for o in Operator if not o.value.isalpha() or o is Operator.IN]))
        size = draw(st.integers(0, 4)) if operator in lists else 1
        return Test(field, operator, tuple(draw(st.lists(number, min_size=size, max_size=size))))
    field = draw(st.sampled_from(sorted(TEXTUAL)))
    operator = draw(st.sampled_from([Operator.EQ, Operator.NE, *lists, *PATTERNS]))
    size = draw(st.integers(0, 4)) if operator in lists else 1
    values = draw(st.lists(st.sampled_from(TEXTUAL[field]), min_size=size, max_size=size))
    if field.startswith("evt.arg"):
        words = [repr(value.decode()) for value in values]
        written = f"({', '.join(words)})" if operator in (*lists, Operator.PMATCH) else words[0]
        return compile(f"{field} {operator} {written}").expression
    return Test(field, operator, tuple(values))


EXPRESSIONS = st.recursive(
    comparisons(),
    lambda inner: st.one_of(
        inner.map(negate),
        st.lists(inner, min_size=2, max_size=4).map(both),
        st.lists(inner, min_size=2, max_size=4).map(either),
    ),
    max_leaves=12,
)


@settings(max_examples=400, deadline=None)
@given(EXPRESSIONS, st.lists(rows_of_events(), min_size=1, max_size=12), st.booleans())
def test_kernel_and_user_side_together_say_what_the_filter_says(
    expression: Expression, rows: list[Row], slots_known: bool
) -> None:
    filter = Filter(expression)
    assert split_mask(filter, rows, None if slots_known else {}) == filter.mask(batch_of(rows)).tolist()


def every_value() -> list[Row]:
    """Rows in which every thread, descriptor, result and latency occurs."""
    rows = [Row(slot, thread) for slot in (0, 231) for thread in THREADS]
    rows += [Row(0, descriptor=number, fd=3) for number in range(len(DESCRIPTORS) + 2)]
    rows += [Row(0, ret=ret, fd=fd) for ret, fd in zip((*EXTREMES, -2, -11, 512), (-1, 0, 3) * 4, strict=False)]
    return rows + [Row(0, latency=latency, cpu=2) for latency in (0, 9, 10, 11, 1_000_000, (1 << 63) - 1)]


@pytest.mark.parametrize("field", [*NUMERIC, *TEXTUAL, "evt.failed"])
def test_every_comparison_with_every_value(field: str) -> None:
    rows = every_value()
    batch = batch_of(rows)
    written = ["true", "false"] if field == "evt.failed" else []
    written += [str(number) for number in (*NUMERIC.get(field, ()), *(EXTREMES if field in NUMERIC else ()))]
    written += [quote(value) for value in TEXTUAL.get(field, ()) if value != b"E4096"]
    operators = ["=", "!="]
    if field in NUMERIC:
        operators += ["<", "<=", ">", ">="]
    if field in TEXTUAL:
        operators += ["startswith", "contains"]
    texts = [f"{field} exists", f"{field} in ({', '.join(written)})", f"{field} not in ({', '.join(written[:2])})"]
    texts += [f"{field} {operator} {value}" for operator in operators for value in written]
    for text in texts:
        filter = compile(text)
        wanted = filter.mask(batch).tolist()
        assert split_mask(filter, rows) == wanted, text
        opposite = Filter(negate(filter.expression))
        assert split_mask(opposite, rows) == [not passes for passes in wanted], text


@given(EXPRESSIONS)
def test_normal_form_of_any_expression_parses_to_it(expression: Expression) -> None:
    if "E4096" not in str(expression):
        again = compile(str(expression)).expression
        assert Filter(again).mask(batch_of([NGINX, DIALLED])).tolist() == (
            Filter(expression).mask(batch_of([NGINX, DIALLED])).tolist()
        )


def places(text: str) -> dict[str, Place]:
    pushed = push_down(compile(text), DEFINITIONS.values(), SLOTS)
    return {str(part.expression): part.place for part in pushed.parts}


def test_where_things_run() -> None:
    assert places(
        "evt.type in (read, open) and proc.name = nginx and not (proc.pid = 3 or user.uid > 5) and evt.latency > 1ms"
        " and (fd.type = ipv4 or evt.failed) and fd.name contains x and (proc.pid = 1 or fd.num = 2)"
    ) == {
        "evt.type in (read, open)": Place.EVENTS,
        "proc.name = nginx": Place.THREAD,
        "not (proc.pid = 3 or user.uid > 5)": Place.THREAD,
        "evt.latency > 1ms": Place.EVENT,
        "fd.type = ipv4 or evt.failed = true": Place.EVENT,
        "proc.pid = 1 or fd.num = 2": Place.EVENT,
        "fd.name contains x": Place.HERE,
    }


def events(text: str) -> list[str]:
    return [d.name for d in push_down(compile(text), DEFINITIONS.values(), SLOTS).events]


def test_events_that_cannot_pass_are_not_captured() -> None:
    assert events("evt.type = read") == ["read"]
    assert events("evt.category = process or evt.type startswith con") == ["execve", "connect", "exit_group", "getpid"]
    assert events("evt.category = net") == ["read", "connect", "syscall_enter-read"]
    assert events("evt.category = memory") == []
    assert events("evt.arg.path contains x") == ["open", "execve"]
    assert events("(evt.type = read and fd.num = 1) or (evt.type = open and evt.failed)") == ["read", "open"]
    assert events("fd.num > 1") == ["read", "open", "connect", "syscall_enter-read", "sched_switch"]
    assert events("evt.type = read and evt.type = open") == []
    assert events("proc.name = a-name-of-more-than-fifteen-letters") == []
    assert events("proc.pid = 1 and proc.pid in ()") == []


def test_what_does_not_fit_is_left_for_here() -> None:
    many = compile("fd.num in (" + ",".join(map(str, range(0, 60, 2))) + ") and proc.pid = 1 and evt.cpu = 2")
    pushed = push_down(many, DEFINITIONS.values(), SLOTS)
    assert str(pushed.residual) == str(compile("fd.num in (" + ",".join(map(str, range(0, 60, 2))) + ")"))
    assert pushed.thread_filter is not None
    assert pushed.event_filter is not None
    assert "no room" in explain(many, DEFINITIONS.values(), SLOTS)


def test_part_of_an_alternative_still_relieves_the_kernel() -> None:
    text = "(proc.name = nginx and fd.name contains x) or (proc.name = bash and evt.arg.path contains y)"
    pushed = push_down(compile(text), DEFINITIONS.values(), SLOTS)
    assert pushed.thread_filter is not None
    assert len(pushed.thread_filter) == 3
    assert pushed.residual == compile(text)
    assert pushed.parts[0].relieved[0] is Place.THREAD


def test_explain() -> None:
    text = (
        "evt.type in (read, open) and proc.name = nginx and evt.latency > 1ms"
        " and fd.name contains x and fd.type = eventfd"
    )
    assert explain(compile(text), DEFINITIONS.values(), SLOTS) == "\n".join(
        [
            f"filter: {text}",
            "events: 2 of 8 can pass: read, open",
            "decided by which events are captured:",
            "    evt.type in (read, open)",
            "in the kernel, for the thread (1 of 48 instructions):",
            "    proc.name = nginx",
            "in the kernel, for the event (3 of 48 instructions):",
            "    evt.latency > 1ms",
            "here, for each batch:",
            "    fd.name contains x",
            "        because fd.name is not known in the kernel",
            "    fd.type = eventfd",
            "        because the kernel side takes all anonymous inodes (eventfd, timerfd ...) for one type",
            "        the kernel already leaves out what cannot pass",
        ]
    )
    assert "events: 0 of 8" in explain(compile("fd.num in ()"), DEFINITIONS.values(), SLOTS)


def test_explain_for_this_machine() -> None:
    assert explain(compile("evt.type = read")).startswith("filter: evt.type = read\nevents: 1 of ")


def test_expressions_are_kept_flat() -> None:
    one, two = compile("fd.num = 1").expression, compile("fd.num = 2").expression
    assert both([one, both([two, one])]) == And((one, two, one))
    assert either([either([one, two]), one]) == Or((one, two, one))
    assert negate(negate(one)) == one
    assert negate(one) == Not(one)
