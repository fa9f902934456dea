"""Captures of sysdig and Falco: events, threads, descriptors and every version of the blocks."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from tests.unit.probes import scap_writer as w
from tests.unit.probes.scap_scenario import CONTAINER, scenario

import kindling
from kindling.errors import CaptureError
from kindling.probes.replay import ReplayProbe
from kindling.probes.scap import flags, values
from kindling.probes.scap.calls import NAMES, origins
from kindling.probes.scap.effects import NEEDS, Effects
from kindling.probes.scap.shapes import Shapes
from kindling.probes.scap.state import State
from kindling.probes.scap.table import events, system_calls
from kindling.stream.event import Event


def read(path: Path, data: bytes, *selected: str, where: str | None = None) -> tuple[list[Event], ReplayProbe]:
    """All events of a capture, and the probe that read it."""
    file = path / "x.scap"
    file.write_bytes(data)
    with kindling.open(str(file), *selected, where=where) as stream:
        found = list(stream)
        assert isinstance(stream.probe, ReplayProbe)
        return found, stream.probe


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Event], ReplayProbe]:
    return read(tmp_path_factory.mktemp("scap"), scenario().data)


def only(told: tuple[list[Event], ReplayProbe], name: str, number: int = 0) -> Event:
    return [event for event in told[0] if event.name == name][number]


def test_every_call_is_one_event_at_its_return(told: tuple[list[Event], ReplayProbe]) -> None:
    found, probe = told
    assert probe.problem is None
    assert len(found) == 52
    assert all(event.latency == 500 for event in found if event.name in ("read", "openat", "connect", "poll"))
    assert found[0].timestamp == w.START + 1500
    assert [event.timestamp for event in found] == sorted(event.timestamp for event in found)
    assert probe.notes == [
        "not shown, for they are no events of the catalogue: 1 switch",
        "not shown: 1 calls whose return was not captured",
    ]
    assert probe.info.hostname == "box"
    assert probe.info.start == w.START + 1000


def test_files_are_known_by_their_paths(told: tuple[list[Event], ReplayProbe]) -> None:
    opened = only(told, "openat")
    assert dict(opened.args) == {
        "dirfd": "AT_FDCWD", "path": b"notes.txt", "flags": "O_RDONLY|O_CLOEXEC", "mode": None,
    }  # fmt: skip
    assert opened.fd is not None
    assert (opened.fd.num, opened.fd.path, opened.fd.type) == (3, b"/home/me/notes.txt", "file")
    assert (opened.fd.inode, opened.fd.device) == (4711, "8:1")
    assert only(told, "read").fd.path == b"/home/me/notes.txt"  # type: ignore[union-attr]
    other = only(told, "openat", 1)
    assert other.fd.path == b"/srv/new"  # type: ignore[union-attr]
    assert other.args["mode"] == "0640"
    cut = only(told, "write")
    assert cut.ret == 300
    assert cut.args["data"] == b"0123456789" * 8
    assert cut.quality == ["truncated:data"]
    assert only(told, "open").error == "ENOENT"
    assert only(told, "open", 1).fd.path == b"/tmp/here"  # type: ignore[union-attr]
    assert only(told, "open", 1).fd.type == "directory"  # type: ignore[union-attr]
    assert only(told, "write", 1).fd.path == b"/srv/new"  # type: ignore[union-attr]
    closed = only(told, "close", 1)
    assert (closed.error, closed.fd.type, closed.quality) == ("EBADF", None, [])  # type: ignore[union-attr]
    assert only(told, "fcntl").args["cmd"] == "F_DUPFD_CLOEXEC"
    assert only(told, "pipe").args["pipefd"] == [11, 12]
    assert only(told, "mount").args["mountflags"] == "MS_RDONLY|MS_BIND"


def test_processes_become_other_programs(told: tuple[list[Event], ReplayProbe]) -> None:
    child, parent = only(told, "clone"), only(told, "clone", 1)
    assert (child.ret, child.pid, child.thread.ppid, child.latency) == (0, 200, 100, None)
    assert (parent.ret, parent.pid, parent.latency) == (200, 100, 2000)
    executed = only(told, "execve")
    assert executed.args["path"] == b"bin/tool"
    assert executed.args["argv"] == [b"tool", b"-v", b"all files"]
    assert executed.args["envp"] == [b"A=1", b"B=2"]
    assert executed.thread.comm == b"tool"
    assert executed.thread.exe == b"/tmp/bin/tool"
    assert executed.thread.ppid == 100
    # Descriptor 3 was to be closed by an exec, 1 was made by dup.
    assert only(told, "read", 1).error == "EBADF"
    assert only(told, "write", 2).fd.path == b"/srv/new"  # type: ignore[union-attr]
    assert only(told, "setuid").thread.uid == 33
    assert only(told, "getuid").ret == 33
    assert only(told, "signal_deliver").args == {"signal": "SIGTERM", "sender": 100}
    assert only(told, "process_exit").args["status"] == {"killed": "SIGTERM", "core": False}
    # A call that carries only its number has neither arguments nor a result.
    ended = only(told, "exit_group")
    assert (ended.args, ended.ret, ended.tid) == ({}, None, 301)


def test_threads_of_the_list(told: tuple[list[Event], ReplayProbe]) -> None:
    server = only(told, "accept").thread
    assert (server.comm, server.exe, server.container_id) == (b"nginx", b"/usr/sbin/nginx", CONTAINER)
    assert (server.ns_pid, server.ns_tid, server.uid) == (7, 7, 33)
    worker = only(told, "futex")
    assert (worker.pid, worker.tid, worker.thread.comm) == (300, 301, b"worker")
    shell = only(told, "openat").thread
    assert shell.arguments == (b"-sh", b"-c", b"x y")
    assert shell.ppid == 1


def test_connections_have_sides(told: tuple[list[Event], ReplayProbe]) -> None:
    def sides(event: Event) -> tuple[object, ...]:
        fd = event.fd
        assert fd is not None
        return fd.type, fd.protocol, fd.role, fd.sip, fd.sport, fd.dip, fd.dport

    connected = only(told, "connect")
    assert sides(connected) == ("ipv4", "tcp", "client", "10.0.0.2", 51000, "10.0.0.1", 80)
    assert connected.args["addr"] == {"family": "AF_INET", "address": "10.0.0.1", "port": 80}
    accepted = only(told, "accept")
    assert sides(accepted) == ("ipv4", "tcp", "server", "10.0.0.2", 51000, "10.0.0.1", 80)
    assert accepted.args == {"addr": {"family": "AF_INET", "address": "10.0.0.2", "port": 51000}}
    # The thread beside it shares its descriptors.
    received = only(told, "recvfrom")
    assert received.tid == 301
    assert sides(received) == sides(accepted)
    # From the list: the side that listens on the port is the server.
    assert sides(only(told, "read", 2)) == ("ipv4", "tcp", "server", "10.0.0.9", 40000, "10.0.0.1", 80)
    assert sides(only(told, "read", 3)) == ("ipv4", "tcp", "client", "10.0.0.1", 50000, "10.0.0.3", 3306)
    assert sides(only(told, "recvfrom", 1)) == ("ipv4", "udp", "client", "10.0.0.2", 33000, "10.0.0.53", 53)
    assert sides(only(told, "listen")) == ("ipv6", "tcp", "server", None, None, "::", 8080)
    unix = only(told, "connect", 1).fd
    assert unix is not None
    assert (unix.type, unix.path, unix.role) == ("unix", b"/run/db.sock", "client")
    assert sides(only(told, "accept", 1))[3:] == ("::1", 40001, "::1", 80)


def test_structures_and_flags(told: tuple[list[Event], ReplayProbe]) -> None:
    assert only(told, "poll").args["fds"] == [
        {"fd": 6, "events": "POLLIN", "revents": "0"},
        {"fd": 9, "events": "POLLIN|POLLOUT", "revents": "POLLIN"},
    ]
    assert only(told, "nanosleep").args["req"] == {"tv_sec": 1, "tv_nsec": 500_000_000}
    mapped = only(told, "mmap")
    assert (mapped.args["prot"], mapped.args["flags"]) == ("PROT_READ|PROT_WRITE", "MAP_PRIVATE|MAP_ANONYMOUS")
    assert only(told, "futex").args["op"] == "FUTEX_WAKE|FUTEX_PRIVATE_FLAG"
    assert only(told, "socket", 3).args["type"] == "SOCK_STREAM|SOCK_CLOEXEC"
    assert only(told, "lseek").args["whence"] == "SEEK_END"


def test_selection_and_filters(tmp_path: Path) -> None:
    data = scenario().data
    found, _ = read(tmp_path, data, "category:net", where="fd.dport = 80 and proc.name = nginx")
    assert Counter(event.name for event in found) == {"accept": 2, "read": 1}
    found, _ = read(tmp_path, data, where="evt.arg.path = /srv/new or fd.name = /home/me/notes.txt")
    assert {event.name for event in found} >= {"openat", "read", "lseek"}
    found, _ = read(tmp_path, data, "source:tracepoint")
    assert Counter(event.name for event in found) == {"process_exit": 2, "signal_deliver": 1}
    with pytest.raises(kindling.UnknownEventError):
        read(tmp_path, data, "opennat")


def test_json_lines_agree_with_events(told: tuple[list[Event], ReplayProbe]) -> None:
    from kindling.stream.jsonlines import JsonLines

    batch = told[0][0].batch
    lines = JsonLines(batch.objects, batch.machine).lines(batch)
    assert [json.loads(line) for line in lines] == [json.loads(event.json()) for event in batch]


@pytest.mark.parametrize("version", range(1, 10))
def test_every_version_of_the_lists(tmp_path: Path, version: int) -> None:
    lists = 2 if version >= 9 else 1
    writer = w.Writer().machine(old=version < 3).users(lists).interfaces(lists)
    writer.processes(
        w.process(5, 5, 1, "one", "/bin/one", "/usr/bin/one", ["-a"], "/home", 7, 8, version=version),
        w.process(6, 5, 1, "two", "/bin/one", "/usr/bin/one", ["-a"], "/home", 7, 8, version=version),
        version=version,
    )
    writer.descriptors(
        5,
        w.file(3, "/etc/hosts", 99, 0x801, lists),
        w.named(4, 12, "anon_inode:[eventpoll]", version=lists),
        w.connection(5, "::1", 1000, "2001:db8::1", 443, version=lists),
        w.unix(6, "/run/x", lists),
        w.listening(7, "::", 53, 3, lists),
        w.named(8, 7, "pipe:[1234]", 5, lists),
        version=lists,
    )
    for number in range(3, 9):
        writer.call(6, 6, [w.i64(number), w.u32(1)], [w.i64(0), b""])
    found, probe = read(tmp_path, writer.data)
    assert probe.problem is None
    thread = found[0].thread
    assert (thread.comm, thread.pid, thread.uid, thread.gid) == (b"two", 5, 7, 8)
    assert thread.arguments == (b"/bin/one", b"-a")
    assert thread.exe == (b"/usr/bin/one" if version >= 7 else None)
    names = [event.fd.name for event in found]  # type: ignore[union-attr]
    assert names == [
        b"/etc/hosts",
        b"anon_inode:[eventpoll]",
        b"[::1]:1000->[2001:db8::1]:443",
        b"/run/x",
        b"[::]:53",
        b"pipe:[1234]",
    ]
    assert found[0].fd.device == ("8:1" if lists == 2 else None)  # type: ignore[union-attr]


@pytest.mark.parametrize("flagged", [False, True])
@pytest.mark.parametrize("version", [1, 2])
def test_both_event_headers(tmp_path: Path, version: int, flagged: bool) -> None:
    writer = w.Writer()
    writer.event(6, 9, w.i64(3), w.u32(4096), version=version, flags=flagged, cpu=3)
    writer.event(7, 9, w.i64(5), b"hello", version=version, flags=flagged, cpu=3)
    # An old capture does not say how many parameters there are: an open without dev and ino.
    writer.event(2, 9, version=version, flags=flagged)
    opened = (w.i64(4), w.text("/x"), w.u32(2), w.u32(0))
    writer.event(3, 9, *opened, version=version, flags=flagged)
    found, probe = read(tmp_path, writer.data)
    assert probe.problem is None
    assert [(event.name, event.cpu) for event in found] == [("read", 3), ("open", 1)]
    assert found[0].args == {"fd": 3, "data": b"hello", "count": 4096}
    assert found[1].fd.path == b"/x"  # type: ignore[union-attr]
    assert found[0].quality == ["fd_unknown", "thread_unknown"]


def test_the_newest_captures_have_no_entries(tmp_path: Path) -> None:
    writer = w.Writer()
    writer.event(7, 9, w.i64(5), b"hello", w.i64(3), w.u32(4096))
    writer.event(81, 9, w.i64(1), w.descriptor_list((3, 1)), w.i64(50))
    writer.event(335, 9, *w.cloned(77, "a", [], 9, 9, 1, "a", 1 << 13 | 1 << 15))
    writer.event(327, 9, w.i64(4), w.i64(-100), w.text("/q"), w.u32(2), w.u32(0), w.u32(1 | 1 << 5), w.u32(0), w.u64(3))
    found, _ = read(tmp_path, writer.data)
    assert found[0].args == {"fd": 3, "data": b"hello", "count": 4096}
    assert found[0].latency is None
    assert "no_entry" not in found[0].quality
    assert found[1].args["fds"] == [{"fd": 3, "revents": "POLLIN"}]
    assert found[2].args == {"cl_args": {"flags": "CLONE_VM|CLONE_THREAD"}}
    assert found[3].args["how"] == {"flags": "O_WRONLY", "mode": "0000", "resolve": "RESOLVE_BENEATH|RESOLVE_CACHED"}


def test_what_was_not_captured_is_absent(tmp_path: Path) -> None:
    writer = w.Writer()
    writer.call(6, 9, [w.i64(3), w.u32(8)], [w.i64(8), b"x" * 8])
    writer.event(7, 9, w.i64(5), b"hello")
    writer.event(3, 9, w.i64(-13), b"<NA>\0", w.u32(2), b"")
    found, _ = read(tmp_path, writer.data)
    assert set(found[1].args) == {"data"}
    assert found[1].fd is None
    assert found[1].latency is None
    assert "no_entry" in found[1].quality
    assert found[2].args == {"path": None, "flags": "O_WRONLY"}
    assert "fault" in found[2].quality
    assert found[2].error == "EACCES"


def test_numbers_without_a_name_of_sysdigs(tmp_path: Path) -> None:
    writer = w.Writer()
    writer.call(0, 9, [w.u16(0), w.u16(221)], [w.u16(0)])
    writer.call(0, 9, [w.u16(278), w.u16(0)], [w.u16(278)])
    writer.call(0, 9, [w.u16(293), w.u16(0)], [w.u16(293)])
    writer.call(0, 9, [w.u16(60000), w.u16(0)], [w.u16(60000)])
    found, _ = read(tmp_path, writer.data)
    assert [event.name for event in found] == ["fadvise64", "stat", "waitpid", "unknown"]


def test_entries_wait_for_their_return(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from kindling.probes.scap import reader

    monkeypatch.setattr(reader, "FIRST_PIECE", 400)
    monkeypatch.setattr(reader, "PIECE", 400)
    writer = w.Writer().processes(w.process(5, 5, 1, "slow"), w.process(6, 6, 1, "quick"))
    writer.descriptors(6, w.file(3, "/x"))
    writer.event(6, 5, w.i64(1), w.u32(10))
    for _ in range(100):
        writer.call(6, 6, [w.i64(3), w.u32(4096)], [w.i64(5), b"hello"])
    writer.event(7, 5, w.i64(0), b"")
    found, probe = read(tmp_path, writer.data)
    assert len(found) == 101
    assert probe.statistics().drains > 10
    # Objects are sent once, for all batches.
    assert {(event.comm, event.fd and event.fd.path) for event in found} == {(b"quick", b"/x"), (b"slow", None)}
    assert found[-1].latency == writer.time - w.START - 1000
    assert found[-1].args == {"fd": 1, "data": b"", "count": 10}
    assert probe.notes == []


def test_compressed_and_concatenated(tmp_path: Path) -> None:
    plain, _ = read(tmp_path, scenario().data)
    packed, probe = read(tmp_path, scenario().compressed())
    assert probe.problem is None
    assert [event.json() for event in packed] == [event.json() for event in plain]
    twice, probe = read(tmp_path, scenario().data * 2)
    assert probe.problem is None
    assert len(twice) == 2 * len(plain)
    assert twice[52].fd.path == plain[0].fd.path  # type: ignore[union-attr]
    cut, probe = read(tmp_path, scenario().compressed()[:-30])
    assert "compressed data" in (probe.problem or "")
    assert 0 < len(cut) <= len(plain)


def test_large_events_unknown_blocks_and_options(tmp_path: Path) -> None:
    writer = w.Writer(options=w.u16(1) + w.u16(4) + b"note" + w.u32(0))
    writer.machine().block(0x999, b"from the future")
    writer.event(7, 9, w.i64(50_000), b"y" * 60_000, w.i64(3), w.u32(50_000), large=True)
    writer.event(322, 9, w.u32(1), b"z" * 100_000, large=True)
    writer.event(900, 9, b"?")
    found, probe = read(tmp_path, writer.data)
    assert probe.problem is None
    assert len(found) == 1
    data = found[0].args["data"]
    assert isinstance(data, bytes)
    assert set(data) == {ord("y")}
    assert len(data) > 48_000
    assert found[0].quality[0] == "truncated:data"
    assert probe.notes == [
        "not shown, for they are no events of the catalogue: 1 pluginevent",
        "not shown: 1 events of kinds that a newer sysdig has added",
    ]


def test_every_truncation_gives_what_is_there(tmp_path: Path) -> None:
    data = scenario().data
    whole, _ = read(tmp_path, data)
    before = 0
    for length in range(0, len(data), 37):
        try:
            found, probe = read(tmp_path, data[:length])
        except CaptureError:
            assert length < 64
            continue
        assert before <= len(found) <= len(whole)
        assert probe.problem is None or "cut off" in probe.problem
        before = len(found)
    assert before >= len(whole) - 2


def test_what_is_damaged_is_told(tmp_path: Path) -> None:
    writer = scenario()
    size = len(writer.data)
    garbage = writer.data + b"\xff" * 64
    found, probe = read(tmp_path, garbage)
    assert len(found) == 52
    assert f"damaged at byte {size}" in (probe.problem or "")
    writer = w.Writer().call(6, 9, [w.i64(3), w.u32(8)], [w.i64(8), b"x" * 8])
    writer.block(0x216, w.u16(0) + w.u64(1) + w.u64(2) + w.u32(1 << 30) + w.u16(7) + w.u32(2))
    writer.call(6, 9, [w.i64(3), w.u32(8)], [w.i64(8), b"x" * 8])
    found, probe = read(tmp_path, writer.data)
    assert len(found) == 2
    assert "left out" in (probe.problem or "")
    assert probe.statistics().losses == {("*", "damaged"): 1}
    lists = w.Writer().block(0x215, w.u32(500) + w.i64(5)).call(6, 9, [w.i64(3), w.u32(8)], [w.i64(0), b""])
    found, probe = read(tmp_path, lists.data)
    assert len(found) == 1
    assert "damaged in its lists" in (probe.problem or "")


def test_what_cannot_be_read_at_all(tmp_path: Path) -> None:
    swapped = b"\x0a\x0d\x0d\x0a\0\0\0\x1c\x1a\x2b\x3c\x4d\0\x01\0\x02" + b"\xff" * 8 + b"\0\0\0\x1c" + b"\0\0\x02\x01"
    with pytest.raises(CaptureError, match="big-endian"):
        read(tmp_path, swapped)
    newer = w.Writer()
    newer.data = b""
    newer.section(major=2).machine()
    with pytest.raises(CaptureError, match="newer sysdig"):
        read(tmp_path, newer.data)
    # A pcapng file of packets is no capture of calls.
    packets = w.Writer().block(1, bytes(8))
    with pytest.raises(CaptureError, match="not a capture"):
        read(tmp_path, packets.data)


def test_names_lead_to_events() -> None:
    catalogue = kindling.catalogue()
    known = {pair.name for pair in events().values() if pair.kind in ("call", "trace")} - {
        "syscall",
        "switch",
        "page_fault",
    }
    assert {NAMES.get(name, name) for name in known} <= {definition.name for definition in catalogue}
    parameters = {NAMES.get(pair.name, pair.name): set() for pair in events().values()}  # type: dict[str, set[str]]
    for pair in events().values():
        parameters[NAMES.get(pair.name, pair.name)] |= {*pair.entry.names, *pair.exit.names}
    for name, found in origins().items():
        definition = catalogue.get(name)
        for origin in found:
            assert origin.extra or definition.argument(origin.argument), name
            assert any(parameter.name in parameters[name] for parameter in origin.parameters), (name, origin)
            assert not origin.form or any(
                origin.form in table for table in (values.NUMBERS, values.BUILDERS, values.JOINED, values.LENIENT)
            ), origin.form
    handlers = Effects(State()).handlers
    for name, (handler, needs) in NEEDS.items():
        assert handler in handlers
        for need in needs:
            for word in need.split("|"):
                assert word == "-" or word.lstrip("^<>") in parameters[name] | {"dirfd", "pathname", "filename"}, (
                    name,
                    word,
                )
    assert len(system_calls()) == len(set(system_calls()))


def test_every_shape_can_be_made() -> None:
    shapes = Shapes(None)
    for number, pair in events().items():
        if pair.kind == "meta" or pair.name in ("syscall", "switch", "page_fault"):
            continue
        exit = bool(number & 1)
        if not exit and pair.kind == "call":
            continue
        own = len(pair.side(number).names)
        for count in range(own + 1):
            for entry in (-1, len(pair.entry.names)):
                shape = shapes.of(pair, exit, count, entry if exit else -1)
                assert shape is not None
                assert len(shape.definition.arguments) <= 6
                assert shape.definition.name == NAMES.get(pair.name, pair.name)
    names = [definition.name for definition in shapes.definitions.values()]
    assert len(shapes.definitions) < 1500
    assert "openat" in names


def test_flags_are_the_kernels() -> None:
    assert flags.open_flags(3 | 1 << 2 | 1 << 12) == 0o2 | 0o100 | 0o2000000
    assert flags.open_flags(1) == 0
    catalogue = kindling.catalogue()
    names = {
        "fcntl": ("cmd", flags.FCNTL),
        "semctl": ("cmd", flags.SEMAPHORE_COMMAND),
        "ptrace": ("request", flags.PTRACE),
    }
    for event, (argument, translation) in names.items():
        kind = catalogue.get(event).argument(argument).type
        shown = [kind.decode(number) for number in translation.values.values()]
        assert not [each for each in shown if str(each).startswith("0x")], (event, shown)
    for event, argument, table in (
        ("mmap", "prot", flags.MEMORY_PROTECTION),
        ("mmap", "flags", flags.MEMORY_MAP),
        ("clone", "flags", flags.CLONE),
        ("openat", "flags", flags.OPEN),
        ("poll", "fds", flags.POLL),
    ):
        if event == "poll":
            continue
        kind = catalogue.get(event).argument(argument).type
        for number in table.values.values():
            assert "|0x" not in str(kind.decode(number)), (event, number)
    assert flags.FCNTL(255) == flags.UNKNOWN
