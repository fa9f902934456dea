"""The command line on real programs: as root, with a kernel that can be traced."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

import kindling

pytestmark = pytest.mark.root

KINDLING = [sys.executable, "-m", "kindling.cli"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(kindling.__file__).parents[1])}
PRIME = 23


def run(*words: str, **options: object) -> subprocess.CompletedProcess[str]:
    """A command line of Kindling, to its end."""
    return subprocess.run(  # type: ignore[call-overload, no-any-return]
        [*KINDLING, *words], env=ENVIRONMENT, text=True, timeout=60, **{"capture_output": True, **options}
    )


@contextlib.contextmanager
def started(*words: str, **options: object) -> Iterator[subprocess.Popen[str]]:
    """A command line of Kindling that runs meanwhile."""
    process = subprocess.Popen(  # type: ignore[call-overload]
        [*KINDLING, *words],
        env=ENVIRONMENT,
        text=True,
        start_new_session=True,
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options},
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()


def test_a_command_as_json(tmp_path: Path) -> None:
    path = tmp_path / "events.json"
    done = run("trace", "-o", "json", "-w", str(path), "--", "cat", "/etc/hostname")
    assert done.returncode == 0
    assert done.stdout == Path("/etc/hostname").read_text()
    events = [json.loads(line) for line in path.read_text().splitlines()]
    opened = [event for event in events if event["name"] == "openat" and event["args"]["path"] == "/etc/hostname"]
    assert len(opened) == 1
    read = [event for event in events if event["name"] == "read" and event["fd"]["path"] == "/etc/hostname"]
    assert read[0]["args"]["fd"] == opened[0]["ret"]
    assert read[0]["ret"] == len(done.stdout)
    assert {event["thread"]["comm"] for event in events} == {"cat"}
    assert events[-1]["name"] == "process_exit"
    assert re.fullmatch(rf"kindling: {len(events)} events, 0 lost, in \d+\.\d\d s\n", done.stderr)


def test_the_table_stands_beside_the_output_of_the_command() -> None:
    done = run("trace", "execve", "--", "sh", "-c", "echo out; exec /bin/cat /nonexistent")
    assert done.returncode == 1
    assert done.stdout == "out\n"
    lines = [line for line in done.stderr.splitlines() if "execve(" in line]
    assert len(lines) == 2
    assert 'argv=["/bin/cat", "/nonexistent"]' in lines[1]


def test_children_are_followed_unless_told_otherwise() -> None:
    command = ("--", "sh", "-c", "/bin/cat /dev/null; true")
    both = run("trace", "execve", "-o", "text", *command).stderr
    alone = run("trace", "execve", "-o", "text", "--no-children", *command).stderr
    assert both.count("execve(") == 2
    assert alone.count("execve(") == 1


def test_the_first_event_comes_soon_and_every_line_at_once() -> None:
    """Events are there within a second of the start, which includes that of Python."""
    with started("trace", "clock_nanosleep", "--comm", "ticker", "-o", "text") as process:
        begun = time.monotonic()
        ticker = subprocess.Popen([sys.executable, "-c", TICKER])
        try:
            assert process.stdout is not None
            assert process.stdout.readline()
            first = time.monotonic() - begun
            lags = []
            for _ in range(PRIME):
                line = process.stdout.readline()
                seen = time.time()
                hours, minutes, seconds = line.split()[0].split(":")
                at = float(seconds) + 60 * int(minutes) + 3600 * int(hours)
                now = time.localtime(seen)
                lags.append((now.tm_hour * 3600 + now.tm_min * 60 + now.tm_sec + seen % 1 - at) % 86400)
        finally:
            ticker.kill()
            ticker.wait()
        # The machine that runs the tests may be busy: the goal for the first event is one second.
        assert first < 3
        assert sorted(lags)[len(lags) // 2] < 0.1


TICKER = """
import time
open("/proc/self/comm", "w").write("ticker")
while True: time.sleep(0.02)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly(number: signal.Signals) -> None:
    with started("trace", "clock_nanosleep", "-o", "json") as process:
        ticker = subprocess.Popen([sys.executable, "-c", TICKER])
        try:
            assert process.stdout is not None
            assert process.stderr is not None
            assert json.loads(process.stdout.readline())["name"] == "clock_nanosleep"
            process.send_signal(number)
            out, err = process.communicate(timeout=30)
        finally:
            ticker.kill()
            ticker.wait()
        assert process.returncode == 0
        assert all(json.loads(line) for line in out.splitlines())
        assert re.fullmatch(r"kindling: [\d,]+ events?, \d+ lost, in \d+\.\d\d s.*\n", err)


def test_a_signal_is_passed_on_to_the_command() -> None:
    script = "trap 'exit 9' TERM; echo ready; while :; do sleep 0.01; done"
    with started("trace", "-q", "-o", "json", "-w", "/dev/null", "--", "sh", "-c", script) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.terminate()
        assert process.wait(timeout=30) == 9


def test_it_ends_with_its_processes() -> None:
    sleeper = subprocess.Popen(["sleep", "3"])
    try:
        done = run("trace", "-p", str(sleeper.pid), "-o", "json")
    finally:
        sleeper.kill()
        sleeper.wait()
    assert done.returncode == 0
    assert {json.loads(line)["thread"]["pid"] for line in done.stdout.splitlines()} == {sleeper.pid}


def test_a_reader_that_goes_away() -> None:
    command = (
        f"{' '.join(KINDLING)} trace -o json -- sh -c 'cat /dev/null; exit 3' | head -n 2; exit ${{PIPESTATUS[0]}}"
    )
    done = subprocess.run(["bash", "-c", command], env=ENVIRONMENT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 3
    assert len(done.stdout.splitlines()) == 2
    assert "Traceback" not in done.stderr
    assert "Broken" not in done.stderr


def test_full_disks() -> None:
    with open("/dev/full", "w") as full:
        done = run("trace", "-o", "json", "--", "true", stdout=full, capture_output=False, stderr=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (
        1,
        "kindling: standard output cannot be written: No space left on device\n",
    )


def test_a_full_disk_while_recording(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="pyarrow is not installed (the extra 'arrow')")
    folder = tmp_path / "small"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)], check=False).returncode:
        pytest.skip("a small file system cannot be mounted here")
    try:
        path = str(folder / "run.kindling")
        script = "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); /bin/cat /dev/null; done"
        with started("record", "-o", path, "--", "sh", "-c", f"({script}) & sleep 8; kill $!") as process:
            _, err = process.communicate(timeout=60)
        assert process.returncode == 1
        assert re.fullmatch(
            r"kindling: .*/run\.kindling cannot be written: No space left on device; "
            r"the \d+ events before stay readable\n",
            err,
        )
        kept = int(re.findall(r"the (\d+) events", err)[0])
        replayed = run("replay", path, "-o", "json", "-q")
        assert replayed.returncode == 0
        assert len(replayed.stdout.splitlines()) == kept > 0
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_without_rights(tmp_path: Path) -> None:
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        pytest.skip("setpriv is not installed")
    without = [setpriv, "--inh-caps=-all", "--bounding-set=-all", *KINDLING]
    done = subprocess.run(
        [*without, "trace", "--", "true"], env=ENVIRONMENT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    assert done.stderr.startswith(
        "kindling: the eBPF probe does not work here: it needs root, or CAP_BPF and CAP_PERFMON"
    )
    assert done.stderr.count("\n") == 1
    doctor = subprocess.run([*without, "doctor"], env=ENVIRONMENT, capture_output=True, text=True, timeout=60)
    assert doctor.returncode == 1
    assert "run it with sudo" in doctor.stdout


def test_on_a_terminal() -> None:
    shown = on_terminal(80, [*KINDLING, "trace", "--", "ls", "/nonexistent", "/etc/hostname"])
    assert b"\x1b[31m" in shown
    plain = re.sub(rb"\x1b\[[0-9;]*m", b"", shown).decode().splitlines()
    lines = [line for line in plain if re.match(r"\d\d:\d\d:\d\d\.\d{3} ", line)]
    assert len(lines) > PRIME
    assert max(map(len, lines)) <= 80
    assert any('statx("/nonexistent"' in line and line.endswith("= -1 ENOENT") for line in lines)
    quiet = on_terminal(80, ["env", "NO_COLOR=1", *KINDLING, "trace", "--", "true"])
    assert b"\x1b" not in quiet
    assert b"binary" in on_terminal(80, [*KINDLING, "trace", "-o", "arrow", "--", "true"])


def test_hostile_names_do_not_reach_the_terminal(tmp_path: Path) -> None:
    hostile = os.fsencode(tmp_path) + b"/\x1b[2J\x07\n\xff\xc2\x9b31m"
    Path(os.fsdecode(hostile)).write_bytes(b"")
    shown = on_terminal(200, ["env", "NO_COLOR=1", *KINDLING, "trace", "openat", "--", "cat", os.fsdecode(hostile)])
    assert not re.search(b"[\x00-\x09\x0b\x0c\x0e-\x1f]|\xc2[\x80-\x9f]", shown)
    assert rb"\x1b[2J\x07\n" in shown


def on_terminal(columns: int, command: Sequence[str]) -> bytes:
    """What a command shows on a terminal of so many columns."""
    controller, terminal = pty.openpty()
    process = subprocess.Popen(
        ["sh", "-c", f'stty cols {columns} rows 24; exec "$@"', "sh", *command],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env={**ENVIRONMENT, "TERM": "xterm"},
    )
    os.close(terminal)
    shown = b""
    try:
        while True:
            select.select([controller], [], [], 30)
            try:
                part = os.read(controller, 65536)
            except OSError:
                break
            if not part:
                break
            shown += part
    finally:
        os.close(controller)
        process.wait(timeout=30)
    return shown


def test_a_summary_of_a_command() -> None:
    script = f"i=0; while [ $i -lt {PRIME} ]; do i=$((i+1)); /bin/cat /nonexistent 2>/dev/null; done; true"
    done = run("summary", "openat", "execve", "-o", "json", "--by", "event", "--", "sh", "-c", script)
    assert done.returncode == 0
    figures = {line["event"]: line for line in map(json.loads, done.stderr.splitlines()[:-1])}
    assert figures["execve"]["calls"] == PRIME + 1
    assert figures["openat"]["errors"] >= PRIME


def test_the_doctor_tries_it() -> None:
    done = run("doctor", "-o", "json")
    assert done.returncode == 0
    told = json.loads(done.stdout)
    assert told["probes"][0] | {"detail": ""} == {"name": "ebpf", "works": True, "tried": True, "detail": ""}
