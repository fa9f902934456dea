"""The public library on the real kernel: live streams, changes while running, captures, shared rings."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import kindling
from kindling.probes import ebpf

pytestmark = pytest.mark.root

CALLS = 1009


def spin(call: str, times: int = CALLS) -> list[str]:
    """A command that makes `times` calls."""
    return [sys.executable, "-c", f"import os\nfor _ in range({times}): {call}"]


def count(stream: kindling.Stream, name: str) -> int:
    """How many events of this name a stream gives until it ends."""
    return sum(int((batch["name"] == name).sum()) for batch in stream.batches())


def test_a_command_is_traced_to_its_end() -> None:
    with kindling.open("getppid", "process_exit", command=spin("os.getppid()")) as stream:
        events = list(stream)
        assert stream.command is not None
        assert stream.command.poll() == 0
    assert sum(event.name == "getppid" for event in events) == CALLS
    assert events[-1].name == "process_exit"
    assert events[-1].args.status == {"exited": 0}
    assert [event.timestamp for event in events] == sorted(event.timestamp for event in events)
    assert stream.statistics().lost == 0


def test_exit_status_and_signal() -> None:
    for code, expected in (("import sys; sys.exit(7)", 7), ("import os; os.kill(os.getpid(), 9)", 137)):
        with kindling.open("process_exit", command=[sys.executable, "-c", code]) as stream:
            assert list(stream)
            assert stream.command is not None
            assert stream.command.poll() == expected


def test_there_is_no_such_command() -> None:
    with pytest.raises(kindling.UsageError, match="no such program"):
        kindling.open("read", command=["/nonexistent/program"])


def test_async_iteration() -> None:
    async def collect() -> list[str]:
        with kindling.open("getppid", command=spin("os.getppid()", 101)) as stream:
            return [event.name async for event in stream]

    assert asyncio.run(collect()) == ["getppid"] * 101


def test_async_batches() -> None:
    async def collect() -> int:
        with kindling.open("getppid", command=spin("os.getppid()", 101)) as stream:
            total = 0
            async for batch in stream.batches():
                total += len(batch)
            return total

    assert asyncio.run(collect()) == 101


def test_count_and_duration() -> None:
    with kindling.open("getppid", command=spin("os.getppid()"), count=13) as stream:
        assert len(list(stream)) == 13
    with kindling.open("getppid", duration=0.05) as stream:
        assert isinstance(list(stream), list)


def test_stop_from_another_thread() -> None:
    with kindling.open("getppid", include_self=True) as stream:
        threading.Timer(0.05, stream.stop).start()
        for _ in range(CALLS):
            os.getppid()
        mine = [event for event in stream if event.pid == os.getpid()]
    assert len(mine) == CALLS


def test_the_agent_is_not_traced_unless_asked() -> None:
    with kindling.open("getppid") as stream:
        for _ in range(CALLS):
            os.getppid()
        stream.stop()
        assert all(event.pid != os.getpid() for event in stream)


def test_children_of_the_agent() -> None:
    for excluded in (False, True):
        with kindling.open("getppid", exclude_children=excluded) as stream:
            child = subprocess.Popen(spin("os.getppid()", 53))
            child.wait()
            stream.stop()
            seen = sum(event.pid == child.pid for event in stream)
        assert seen == (0 if excluded else 53)


def test_a_running_subscription_changes() -> None:
    ask = "import os, sys\nfor line in sys.stdin:\n for _ in range(101): os.getppid(); os.getuid()\n print(flush=True)"
    with (
        subprocess.Popen([sys.executable, "-c", ask], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child,
        kindling.open("getppid", pids=[child.pid]) as stream,
    ):

        def once() -> None:
            assert child.stdin is not None
            assert child.stdout is not None
            child.stdin.write(b"\n")
            child.stdin.flush()
            child.stdout.readline()

        once()
        stream.add("getuid")
        once()
        stream.remove("getppid")
        once()
        stream.change("getppid", where="evt.rawres < 0")
        once()
        stream.stop()
        names = [event.name for event in stream]
    assert names.count("getppid") == 202
    assert names.count("getuid") == 202


def test_wrong_names_have_a_nearest_right_one() -> None:
    with pytest.raises(kindling.UnknownEventError, match="openat"):
        kindling.open("openatt")
    with pytest.raises(kindling.FilterError, match=r"proc\.name"):
        kindling.open("openat", where="proc.nam = x")


def test_a_process_that_does_not_exist() -> None:
    with pytest.raises(kindling.ProbeError, match="does not exist"):
        kindling.open("openat", pids=[2**22 - 3])


def test_two_cpus_share_a_ring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ebpf, "MAX_RINGS", 1)
    code = (
        "import os, threading\n"
        "def work(cpu):\n"
        "    os.sched_setaffinity(0, {cpu})\n"
        f"    for _ in range({CALLS}): os.getppid()\n"
        "cpus = sorted(os.sched_getaffinity(0))[:2]\n"
        "threads = [threading.Thread(target=work, args=(cpu,)) for cpu in cpus * 2]\n"
        "[t.start() for t in threads]; [t.join() for t in threads]\n"
    )
    with kindling.open("getppid", command=[sys.executable, "-c", code]) as stream:
        batches = list(stream.batches())
    assert sum(map(len, batches)) == 4 * CALLS if len(os.sched_getaffinity(0)) > 1 else 2 * CALLS
    per_thread: dict[int, list[int]] = {}
    for batch in batches:
        for tid, time in zip(batch["tid"].tolist(), batch["timestamp"].tolist(), strict=True):
            per_thread.setdefault(tid, []).append(time)
    assert all(times == sorted(times) for times in per_thread.values())


def test_entries_are_events_where_asked_for() -> None:
    with kindling.open("syscall_enter-getppid", "getppid", command=spin("os.getppid()", 101)) as stream:
        events = list(stream)
    names = [event.name for event in events]
    assert names.count("syscall_enter-getppid") == 101
    assert names.count("getppid") == 101
    entries = [event for event in events if event.source == "syscall_enter"]
    assert all(event.ret is None and event.latency is None for event in entries)


def test_capture_and_replay_give_the_same_objects(tmp_path: Path) -> None:
    from kindling.stream.capture import CaptureWriter

    path = tmp_path / "run.kindling"
    command = ["sh", "-c", "cat /etc/hostname /nonexistent; ls / | wc -l"]
    live: list[str] = []
    with (
        kindling.open(command=command, snaplen=64) as stream,
        CaptureWriter(path, stream.definitions, machine=stream.machine) as writer,
    ):
        for batch in stream.batches(empty=True):
            live += [event.json() for event in batch]
            writer.write(batch)
    with kindling.open(str(path)) as stream:
        assert [event.json() for event in stream] == live
    with kindling.open(str(path), "openat", where="evt.res = ENOENT and evt.arg.path = /nonexistent") as stream:
        (event,) = list(stream)
    assert event.args.path == b"/nonexistent"
