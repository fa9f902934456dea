"""`kindling trace` and `replay`: forms of output, limits, filters, the closing line and errors."""

from __future__ import annotations

import json
import os
import re
import signal
import threading
import time
from pathlib import Path

import pytest
from tests.unit.cli.fake import CALLS, FakeProbe, Run

from kindling.errors import PrivilegeError
from kindling.probes.base import Loss

CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f]")


def test_the_table(run: Run, probe: FakeProbe) -> None:
    ran = run("trace", "--count", "4")
    assert ran.status == 0
    lines = ran.out.splitlines()
    assert lines[0].split() == ["TIME", "PROCESS[TID]", "LATENCY", "EVENT"]
    assert len(lines) == 5
    assert "nginx[812]" in lines[1]
    assert lines[1].endswith("1.83us  read(fd=7<127.0.0.1:51842->127.0.0.1:80>, data=..., count=1024) = 78")
    assert lines[2].endswith(r'path="/etc/host\nname", flags=O_RDONLY|O_CLOEXEC) = 3</etc/host\nname>')
    assert lines[3].endswith("= -1 ENOENT (No such file or directory)")
    assert lines[4].endswith("-  process_exit(status={exited=1}, group_dead=true)")
    assert ran.err == "kindling: 4 events, 0 lost, in 0.00 s\n"
    assert probe.closed


@pytest.mark.parametrize("form", ["table", "text", "json"])
def test_control_bytes_of_names_never_reach_the_output(run: Run, probe: FakeProbe, form: str) -> None:
    ran = run("trace", "--count", "4", "-o", form)
    assert ran.status == 0
    assert not CONTROL.search(ran.out)
    assert "hi" in ran.out


def test_text_is_the_event_itself(run: Run, probe: FakeProbe) -> None:
    line = run("trace", "read", "--count", "1", "-o", "text", "-q").out
    assert line.endswith(" nginx[812] read(fd=7<127.0.0.1:51842->127.0.0.1:80>, data=..., count=1024) = 78 <1.83us>\n")


def test_json_is_one_object_per_line(run: Run, probe: FakeProbe) -> None:
    events = [json.loads(line) for line in run("trace", "--count", "4", "-o", "json").out.splitlines()]
    assert [event["name"] for event in events] == ["read", "openat", "openat", "process_exit"]
    assert events[0]["thread"]["comm"] == "nginx"
    assert events[0]["fd"]["dport"] == 80
    assert events[2]["error"] == "ENOENT"
    assert events[0]["timestamp"] > 1_766_430_000_000_000_000


def test_arrow_is_a_stream(run: Run, probe: FakeProbe, tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow", reason="pyarrow is not installed (the extra 'arrow')")
    path = tmp_path / "run.arrow"
    assert run("trace", "--count", "4", "-o", "arrow", "-w", str(path)).status == 0
    table = pyarrow.ipc.open_stream(path.read_bytes()).read_all()
    assert table["name"].to_pylist() == ["read", "openat", "openat", "process_exit"]


def test_events_can_be_chosen_and_left_out(run: Run, probe: FakeProbe) -> None:
    ran = run("trace", "read", "open*", "-x", "openat", "--duration", "50ms")
    assert probe.wanted is not None
    assert {d.name for d in probe.wanted.definitions} == {"read", "open", "openat2"} | {
        d.name for d in probe.wanted.definitions if d.name.startswith("open")
    }
    assert "openat" not in {d.name for d in probe.wanted.definitions}
    assert ran.err.startswith("kindling: 1 event, 0 lost")


def test_filters_go_to_the_probe(run: Run, probe: FakeProbe) -> None:
    run("trace", "--where", "evt.failed = true", "--comm", "nginx", "--count", "1")
    assert probe.wanted is not None
    assert probe.wanted.thread_filter is not None
    assert probe.wanted.event_filter is not None


def test_options_reach_the_probe(run: Run, probe: FakeProbe) -> None:
    run(
        "trace",
        "--snaplen",
        "1k",
        "--env",
        "64",
        "--buffer",
        "1MiB",
        "--no-latency",
        "-p",
        str(os.getppid()),
        "--count",
        "1",
    )
    wanted = probe.wanted
    assert wanted is not None
    assert (wanted.snaplen, wanted.environment_limit, wanted.ring_bytes, wanted.latency) == (1024, 64, 1 << 20, False)
    assert wanted.follow == (os.getppid(),)
    assert wanted.exclude == (os.getpid(),)


def test_losses_are_told(run: Run, probe: FakeProbe) -> None:
    probe.losses = [Loss("read", 17, "ring_full", 1_500)]
    ran = run("trace", "--duration", "50ms")
    assert "lost(count=17, event=" in ran.out
    assert "4 events, 17 lost" in ran.err
    assert "ring_full: 17 read; a larger --buffer or fewer events help" in ran.err


def test_lost_events_do_not_count(run: Run, probe: FakeProbe) -> None:
    probe.losses = [Loss("read", 17, "ring_full", 1)]
    ran = run("trace", "--count", "2", "-q", "-o", "json")
    assert [json.loads(line)["name"] for line in ran.out.splitlines()] == ["lost", "read", "openat"]


def test_refusals_are_told_if_asked_for(run: Run, probe: FakeProbe) -> None:
    probe.refused = {"read": "no such thing here", "readv": "nor this"}
    assert "read cannot be had: no such thing here" in run("trace", "read", "write", "--duration", "20ms").err
    assert "2 of these" not in run("trace", "--duration", "20ms").err
    assert "1 of these events cannot be had: nor this" in run("trace", "read*", "--duration", "20ms").err


def test_the_exit_status_of_the_command(run: Run, probe: FakeProbe) -> None:
    ran = run("trace", "--", "sh", "-c", "echo out; exit 7")
    assert ran.status == 7
    assert ran.out == "out\n"
    assert "EVENT" in ran.err
    assert run("trace", "-q", "-o", "json", "--", "sh", "-c", "kill -TERM $$").status == 128 + signal.SIGTERM


def test_the_command_goes_on_when_there_are_enough_events(run: Run, probe: FakeProbe) -> None:
    assert run("trace", "--count", "1", "--", "sh", "-c", "sleep 0.2; exit 4").status == 4


def test_without_children(run: Run, probe: FakeProbe) -> None:
    probe.rounds = [()]
    assert run("trace", "--no-children").status == 2
    ran = run("trace", "--no-children", "-p", str(os.getpid()), "--duration", "20ms")
    assert ran.status == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_end_it_cleanly(run: Run, probe: FakeProbe, number: signal.Signals) -> None:
    before = signal.getsignal(number)
    main_thread = threading.main_thread().ident
    assert main_thread is not None

    def interrupt() -> None:
        # The handler is there before the first batch is asked for.
        while probe.rounds:
            time.sleep(0.001)
        signal.pthread_kill(main_thread, number)

    thread = threading.Thread(target=interrupt)
    thread.start()
    ran = run("trace")
    thread.join()
    assert ran.status == 0
    assert ran.err.startswith("kindling: 4 events, 0 lost, in ")
    assert probe.closed
    assert signal.getsignal(number) is before


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (("trace", "opena"), 2, "did you mean openat"),
        (("trace", "sh", "-c"), 2, "unrecognized arguments: -c"),
        (("trace", "sh", "x"), 2, "to trace the command sh, write -- before it: -- sh x"),
        (("trace", "--where", "proc.nam = x"), 2, "no field is called 'proc.nam'"),
        (("trace", "--where", " "), 2, "the filter is empty"),
        (("trace", "--where", "(" * 5000), 2, "kindling: "),
        (("trace", "-p", "0"), 2, "is no process id"),
        (("trace", "-p", "1", "--", "true"), 2, "either -p or a command"),
        (("trace", "--"), 2, "no command after --"),
        (("trace", "--", "/nowhere/at/all"), 2, "no such program"),
        (("trace", "read", "-x", "read"), 2, "nothing is left"),
        (("trace", "-o", "xml"), 2, "invalid choice"),
        (("trace", "-w", "/nowhere/at/all"), 1, "cannot be written"),
        (("record",), 2, "name the capture file"),
        (("record", "-o", "/nowhere/at/all"), 1, "cannot be written"),
        (("replay",), 2, "FILE"),
        (("replay", "/nowhere"), 1, "/nowhere cannot be read"),
        (("trce",), 2, "did you mean trace"),
        (("--frobnicate",), 2, "unrecognized"),
        (("convert", "/nowhere", "/tmp/x.csv"), 2, "do not know what to write"),
    ],
)
def test_errors_are_one_line(run: Run, probe: FakeProbe, words: tuple[str, ...], status: int, message: str) -> None:
    ran = run(*words)
    assert ran.status == status
    assert ran.out == ""
    assert ran.err.startswith("kindling: ")
    assert ran.err.count("\n") == 1
    assert message in ran.err


def test_without_rights(run: Run, probe: FakeProbe) -> None:
    probe.error = PrivilegeError("it needs root: run it with sudo")
    ran = run("trace", "--", "sleep", "100")
    assert (ran.status, ran.err) == (1, "kindling: it needs root: run it with sudo\n")


def test_what_is_a_bug_says_so(run: Run, probe: FakeProbe, monkeypatch: pytest.MonkeyPatch) -> None:
    probe.error = ZeroDivisionError("division\nby zero")
    monkeypatch.delenv("KINDLING_DEBUG", raising=False)
    ran = run("trace")
    assert ran.status == 1
    assert ran.err.count("\n") == 1
    assert "this is a bug: ZeroDivisionError: division" in ran.err
    assert "KINDLING_DEBUG=1" in ran.err
    monkeypatch.setenv("KINDLING_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        run("trace")


def test_a_full_disk_is_one_line(run: Run, probe: FakeProbe) -> None:
    ran = run("trace", "-o", "json", "-w", "/dev/full")
    assert (ran.status, ran.err) == (1, "kindling: /dev/full cannot be written: No space left on device\n")
    probe.rounds = [CALLS]
    ran = run("trace", "-o", "json", "-w", "/dev/full", "--", "sh", "-c", "exit 5")
    assert (ran.status, ran.err) == (1, "kindling: /dev/full cannot be written: No space left on device\n")


def test_explain_needs_nothing(run: Run, probe: FakeProbe) -> None:
    ran = run("trace", "read", "--where", "proc.name = nginx and fd.name contains log", "--explain")
    assert ran.status == 0
    assert "proc.name = nginx" in ran.out
    assert probe.wanted is None
    assert "no filter" in run("trace", "--explain").out


def test_record_and_replay(run: Run, probe: FakeProbe, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="pyarrow is not installed (the extra 'arrow')")
    path = str(tmp_path / "run.kindling")
    live = run("trace", "--count", "4", "-o", "json").out
    probe.__init__()  # type: ignore[misc]
    ran = run("record", "-o", path, "--count", "4")
    assert ran.status == 0
    assert re.fullmatch(rf"kindling: 4 events, 0 lost, in 0\.\d\d s; {re.escape(path)}: [\d.]+ KiB\n", ran.err)
    assert run("replay", path, "-o", "json").out == live
    assert len(run("replay", path, "openat").out.splitlines()) == 3
    assert len(run("replay", path, "--where", "evt.failed = true").out.splitlines()) == 2
    assert len(run("replay", path, "--comm", "cat").out.splitlines()) == 2
    assert len(run("replay", path, "--container", "01234567").out.splitlines()) == 2
    assert len(run("replay", path, "--container", "99", "--where", "evt.type = read").out.splitlines()) == 1
    assert len(run("replay", path, "-p", "900", "--no-children").out.splitlines()) == 2
    assert len(run("replay", path, "--count", "1").out.splitlines()) == 2
    assert len(run("replay", path, "--duration", "1us").out.splitlines()) == 2
    assert "capture file has no kernel" in run("replay", path, "--where", "evt.failed = true", "--explain").out
    target = str(tmp_path / "run.ndjson")
    assert "4 events" in run("convert", path, target).err
    assert Path(target).read_text() == live
    # Cut off in the middle: what is there is shown, and the status tells.
    whole = Path(path).read_bytes()
    Path(path).write_bytes(whole[:-200])
    cut = run("replay", path)
    assert cut.status == 1
    assert cut.err.startswith("kindling: ")


def test_what_was_not_recorded_is_told(run: Run, probe: FakeProbe, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="pyarrow is not installed (the extra 'arrow')")
    path = str(tmp_path / "run.kindling")
    run("record", "read", "-o", path, "--count", "1")
    ran = run("replay", path, "read", "write")
    assert "does not hold write; it must be asked for when recording" in ran.err
    assert ran.status == 0
    assert run("replay", path, "write").status == 1
    assert run("replay", path, "wrote").status == 2
    assert run("replay", path, "-x", "write").status == 0
