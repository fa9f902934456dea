"""What must not go wrong: agents that are killed, two at once, changes on the way, hostile names, full tables."""

from __future__ import annotations

import ctypes
import errno
import json
import os
import re
import threading
import time
from collections import Counter
from pathlib import Path

import pytest
from tests.e2e.support import system
from tests.e2e.support.watching import descriptor, watching
from tests.e2e.support.workers import Worker

import kindling
from kindling.probes import ebpf

PRIME = 10_007
DEADLINE = 30.0

_BY_ID = {"prog_id": 13, "map_id": 14, "link_id": 30}
"""bpf(2)'s commands to open an object by its id, by what fdinfo calls that."""


def kernel_objects(pid: int) -> set[tuple[str, int]]:
    """BPF programs, maps and links that a process holds by a descriptor."""
    found = set()
    for path in Path(f"/proc/{pid}/fdinfo").iterdir():
        for name, number in re.findall(r"^(prog_id|map_id|link_id):\s*(\d+)$", path.read_text(), re.MULTILINE):
            found.add((name, int(number)))
    return found


def exists(name: str, number: int) -> bool:
    """Whether the kernel still has a BPF object."""
    attributes = (ctypes.c_uint32 * 4)(number)
    try:
        fd = system.syscall("bpf", _BY_ID[name], ctypes.byref(attributes), 12)
    except OSError as error:
        if error.errno == errno.ENOENT:
            return False
        raise
    os.close(fd)
    return True


@pytest.mark.root
@pytest.mark.parametrize("how", ["kill -9", "its end"])
def test_nothing_stays_in_the_kernel(how: str) -> None:
    with Worker("calls.py", 1) as worker:
        with Worker("count.py", worker.pid, 1 << 20, "getppid") as agent:
            held = kernel_objects(agent.pid)
            assert {name for name, _ in held} >= {"prog_id", "map_id"}
            assert all(exists(*one) for one in held)
            if how == "kill -9":
                agent.process.kill()
            else:
                assert worker.end() == 0
            agent.process.wait()
        # The kernel frees them a moment after the last descriptor is closed.
        deadline = time.monotonic() + DEADLINE
        while left := {one for one in held if exists(*one)}:
            assert time.monotonic() < deadline, left
            time.sleep(0.01)


@pytest.mark.root
def test_two_agents_at_once() -> None:
    """Each gets all of what it asked for, and neither disturbs the other, also when one of them ends before."""
    with (
        Worker("calls.py", 2) as worker,
        kindling.open("getppid", "lseek", pids=[worker.pid]) as one,
        kindling.open("lseek", "pread64", pids=[worker.pid]) as other,
    ):
        assert worker.do("getppid 101 lseek 211 pread64 7") == "done"
        one.stop()
        assert Counter(event.name for event in one) == {"getppid": 202, "lseek": 422}
        one.close()
        assert worker.do("getppid 101 lseek 11 pread64 7") == "done"
        other.stop()
        assert Counter(event.name for event in other) == {"lseek": 444, "pread64": 28}


@pytest.mark.root
def test_change_loses_nothing_of_what_stays() -> None:
    """The calls go on while the subscription is changed to and fro."""
    captured: Counter[str] = Counter()
    changes = rounds = 0
    with Worker("calls.py", 2) as worker:
        with kindling.open("pread64", "lseek", pids=[worker.pid], ring_bytes=64 << 20) as stream:
            while changes < 7:
                changes += _changes_while_it_works(worker, stream, captured)
                rounds += 1
            stream.stop()
            for batch in stream.batches():
                captured.update(batch["name"].tolist())
            assert stream.statistics().lost == 0
        assert worker.end() == 0
    assert captured["pread64"] == rounds * 2 * PRIME
    assert captured["lseek"] <= rounds * 2 * 13
    assert captured["getppid"] <= rounds * 2 * 17


def _changes_while_it_works(worker: Worker, stream: kindling.Stream, captured: Counter[str]) -> int:
    """How often the subscription could be changed during one round of calls, which are counted in `captured`."""
    answered = threading.Event()

    def listen() -> None:
        assert worker.hear() == "done"
        answered.set()

    worker.tell(f"pread64 {PRIME} lseek 13 getppid 17")
    listener = threading.Thread(target=listen)
    listener.start()
    changes = 0
    while not answered.is_set():
        stream.change("pread64", "lseek" if changes % 2 else "getppid")
        changes += 1
        batch = stream.next_batch(0)
        assert batch is not None
        captured.update(batch["name"].tolist())
    listener.join()
    return changes


NAMES = [
    b"new\nline",
    b"\x1b[31mred",
    b"\xff\xfe\x80",
    b'"quo\\ted',
    b"tab\there",
    b"\xe2\x80\xae right to left",
    b"a" * 255,
]


@pytest.mark.root
def test_hostile_names(tmp_path: Path) -> None:
    """Bytes are kept as they are; a line of text or JSON stays one line without control characters."""
    with watching("openat") as seen:
        for name in NAMES:
            os.close(os.open(bytes(tmp_path) + b"/" + name, os.O_CREAT | os.O_RDONLY, 0o600))
    events = [event for event in seen.named("openat") if event.args.mode is not None]
    for event, name in zip(events, NAMES, strict=True):
        path = bytes(tmp_path) + b"/" + name
        assert event.args.path == descriptor(event).path == path
        for line in (str(event), event.json()):
            assert not re.search(r"[\x00-\x1f\x7f\x80-\x9f]", line), line
        shown = json.loads(event.json())
        if name.isascii() and b"\\" not in name:
            assert shown["args"]["path"] == shown["fd"]["path"] == path.decode()


@pytest.mark.root
def test_longest_path(tmp_path: Path) -> None:
    """A path of PATH_MAX bytes is whole in the argument, and so is that of a file deeper than a path may be long."""
    path = bytes(tmp_path) + b"/." * ((4095 - len(bytes(tmp_path))) // 2)
    path += b"/" * (4095 - len(path))
    assert len(path) == 4095
    before = os.getcwd()
    with watching("openat", "fstat", "newfstatat") as seen:
        os.close(os.open(path, os.O_RDONLY | os.O_DIRECTORY))
        os.chdir(tmp_path)
        try:
            for _ in range(15):
                os.mkdir("d" * 250)
                os.chdir("d" * 250)
            os.close(os.open("deep", os.O_CREAT | os.O_RDONLY))
        finally:
            os.chdir(before)
    long, deep = seen.named("openat")
    assert long.args.path == path
    assert long.quality == []
    assert descriptor(long).path == bytes(tmp_path)
    assert descriptor(deep).path == bytes(tmp_path) + (b"/" + b"d" * 250) * 15 + b"/deep"


@pytest.mark.root
def test_variable_parts_without_room(tmp_path: Path) -> None:
    """Where the data area is full the event comes without its path, and says so; it is never empty in silence."""
    path = bytes(tmp_path / ("x" * 200))
    calls = 4001
    with watching("faccessat", "faccessat2", "access", ring_bytes=1 << 20) as seen:
        for _ in range(calls):
            os.access(path, os.F_OK)
    own = [event for event in seen.events if "access" in event.name]
    assert len(own) == calls
    without = [event for event in own if event.args.path is None]
    assert without
    assert all("no_room" in event.quality for event in without)
    assert all(event.args.path == path and event.quality == [] for event in own if event.args.path is not None)


@pytest.mark.root
def test_tables_of_objects_stay_bounded(tmp_path: Path) -> None:
    """More files than a table may hold: the oldest are forgotten, and yet every event has its file, old ones too."""
    kept = [os.open(tmp_path / f"kept {number}", os.O_CREAT | os.O_RDWR) for number in range(5)]
    limit, seen, number = 500, 0, 0
    deadline = time.monotonic() + DEADLINE
    with kindling.open("pwrite64", pids=[os.getpid()], include_self=True) as stream:
        stream.objects.limit = limit
        while stream.objects.forgotten < 3 * limit:
            assert time.monotonic() < deadline
            for _ in range(101):
                path = tmp_path / str(number)
                fd = os.open(path, os.O_CREAT | os.O_RDWR)
                os.pwrite(fd, b"x", number)
                os.close(fd)
                os.pwrite(kept[number % 5], b"x", number)
                number += 1
            seen += _known(stream, tmp_path)
        stream.stop()
        seen += _known(stream, tmp_path)
    assert seen == 2 * number
    for fd in kept:
        os.close(fd)


def _known(stream: kindling.Stream, directory: Path) -> int:
    """How many events the next batch has; each has its file."""
    batch = stream.next_batch(0)
    assert batch is not None
    for event in batch:
        number = event.args.offset
        assert isinstance(number, int)
        assert descriptor(event).path in (bytes(directory / str(number)), bytes(directory / f"kept {number % 5}"))
    return len(batch)


def test_clock_that_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """The offset to the wall clock is kept while that drifts a little, and taken anew when it was set.

    Not tried on the real clock: there is no namespace for CLOCK_REALTIME, and the machine's is not ours to change.
    """
    offset = ebpf.clock_offset()
    assert abs(offset - (time.time_ns() - time.monotonic_ns())) < 10_000_000
    real = time.time_ns
    for step, moved in ((0, False), (20_000, False), (3_600_000_000_000, True), (-5_000_000_000, True)):
        monkeypatch.setattr(time, "time_ns", lambda step=step: real() + step)
        fresh = ebpf.adjusted(offset)
        if moved:
            assert abs(fresh - offset - step) < 10_000_000
        else:
            assert abs(fresh - offset) < 10_000_000
