"""`kindling events`, `doctor`, `completion` and the help."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from tests.unit.cli.fake import Run

import kindling
from kindling.catalogue.registry import catalogue
from kindling.cli.parser import COMMANDS, parser_of
from kindling.cli.scripts import SCRIPTS

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(kindling.__file__).parents[1])}


def test_all_events_are_listed(run: Run) -> None:
    names = [line.split()[0] for line in run("events").out.splitlines()]
    assert sorted(names) == sorted(d.name for d in catalogue())


def test_the_page_of_an_event(run: Run) -> None:
    page = run("events", "openat").out
    for expected in ("openat  file, system call", "ARGUMENTS", "O_CLOEXEC", "ERRORS", "ENOENT", "syscall_exit-openat"):
        assert expected in page
    assert max(map(len, page.splitlines())) <= 100


def test_every_event_has_a_page(run: Run) -> None:
    names = [definition.name for definition in catalogue()]
    page = run("events", *names).out
    assert page.count("\n  fires ") == len(names)


def test_lists_can_be_narrowed(run: Run) -> None:
    assert [line.split()[1] for line in run("events", "--category", "net").out.splitlines()].count("net") > 10
    assert run("events", "net").out == run("events", "--category", "net").out
    assert "openat" in run("events", "--search", "creating relative").out
    assert all(line.startswith("epoll_") for line in run("events", "epoll_*").out.splitlines())
    for words in (("events", "nothing"), ("events", "--search", "xyzzy"), ("events", "--category", "no")):
        assert run(*words).status == 2


def test_json_of_events(run: Run) -> None:
    (event,) = [json.loads(line) for line in run("events", "read", "-o", "json").out.splitlines()]
    assert event["numbers"] == {"x86_64": 0, "aarch64": 63}
    assert [a["name"] for a in event["arguments"]] == ["fd", "data", "count"]


def test_fields(run: Run) -> None:
    lines = run("events", "--fields").out.splitlines()
    assert any(line.startswith("proc.name") for line in lines)
    assert all(line.startswith("fd.s") for line in run("events", "--fields", "fd.s*").out.splitlines()[:-1])
    assert json.loads(run("events", "--fields", "evt.latency", "-o", "json").out.splitlines()[0])["kernel"] is True
    assert run("events", "--fields", "xyzzy").status == 2


def test_doctor_tells_what_there_is(run: Run) -> None:
    ran = run("doctor", "-o", "json")
    told = json.loads(ran.out)
    assert ran.status == (0 if told["probes"][0]["works"] else 1)
    assert {event["event"] for event in told["events"]} == {d.name for d in catalogue()}
    assert all(event["probe"] or event["reason"] for event in told["events"])
    assert "libbpf" in run("doctor", "read").out


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: str(command.NAME))
def test_every_command_has_help(run: Run, command: Any) -> None:
    ran = run(command.NAME, "--help")
    assert ran.status == 0
    assert "examples:" in ran.out
    assert run("help", command.NAME).out == ran.out
    assert all(action.help for action in parser_of(command)._actions)


def test_the_help_lists_all_commands(run: Run) -> None:
    listed = run("--help").out
    assert all(f"  {command.NAME}" in listed for command in COMMANDS)
    assert run("--version").out == f"kindling {kindling.__version__}\n"
    assert run().status == 2


@pytest.mark.parametrize("shell", sorted(SCRIPTS))
def test_completion_is_valid_and_complete(run: Run, shell: str) -> None:
    script = run("completion", shell).out
    for expected in ("openat", "category:net", "--snaplen" if shell != "fish" else "-l snaplen", "proc.name"):
        assert expected in script
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed: its syntax cannot be checked")
    subprocess.run([program, "-n"], input=script.encode(), check=True)


def test_bash_completes() -> None:
    program = shutil.which("bash")
    if program is None:
        pytest.skip("bash is not installed")
    script = (
        SCRIPTS["bash"]()
        + """
COMP_WORDS=(kindling trace opena); COMP_CWORD=2; COMP_LINE="kindling trace opena"; COMP_POINT=20
_kindling; echo "${COMPREPLY[@]}"
COMP_WORDS=(kindling trace category : n); COMP_CWORD=4; COMP_LINE="kindling trace category:n"; COMP_POINT=25
_kindling; echo "${COMPREPLY[@]}"
COMP_WORDS=(kindling trace -o ""); COMP_CWORD=3; COMP_LINE="kindling trace -o "; COMP_POINT=18
_kindling; echo "${COMPREPLY[@]}"
"""
    )
    done = subprocess.run([program], input=script, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["openat openat2", "net", "table text json arrow"]


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_standard_streams_may_be_closed(closed: str) -> None:
    command = f"exec {sys.executable} -m kindling.cli events openat {closed}"
    done = subprocess.run(["sh", "-c", command], capture_output=True, env=ENVIRONMENT)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_full_disk_is_told() -> None:
    for words in ("--help", "events"):
        with open("/dev/full", "w") as full:
            command = [sys.executable, "-m", "kindling.cli", words]
            done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, env=ENVIRONMENT)
        message = b"kindling: standard output cannot be written: No space left on device\n"
        assert (done.returncode, done.stderr) == (1, message)


def test_the_help_is_fast() -> None:
    """What is slow to import is not imported."""
    program = "import sys, kindling.cli; kindling.cli.main(['--help']); print(sorted(sys.modules), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=ENVIRONMENT)
    assert "numpy" not in done.stderr
    assert "kindling.catalogue.registry" not in done.stderr
    best = min(_seconds([sys.executable, "-c", program]) - _seconds([sys.executable, "-c", ""]) for _ in range(5))
    assert best < 0.15


def _seconds(command: list[str]) -> float:
    begun = time.monotonic()
    subprocess.run(command, capture_output=True, check=True, env=ENVIRONMENT)
    return time.monotonic() - begun
