"""The comparison with strace itself: its parser, what it takes for equal, and the page that explains it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.e2e.support import strace
from tests.e2e.support.compare import same
from tests.e2e.support.differences import DIFFERENCES, IGNORED_EVENTS, NOTES
from tests.e2e.support.strace import Changed, Cut, Function, More, Not, Symbols

PAGE = Path(__file__).parents[2] / "docs/comparison.md"


def call(text: str) -> strace.Call:
    parsed = strace.parse_line(text)
    assert isinstance(parsed, strace.Call)
    return parsed


def test_call() -> None:
    parsed = call(r'openat(AT_FDCWD, "\x2f\x0a", O_RDONLY|O_CLOEXEC, 0600) = -1 ENOENT (No such file or directory)')
    assert parsed.name == "openat"
    assert parsed.arguments == (Symbols(("AT_FDCWD",)), b"/\n", Symbols(("O_RDONLY", "O_CLOEXEC")), 0o600)
    assert (parsed.ret, parsed.errno) == (-1, "ENOENT")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r'"\x61"...', Cut(b"a")),
        ("NULL", None),
        ("[28 => 16]", [Changed(28, 16)]),
        ("~[KILL STOP]", Not([Symbols(("KILL",)), Symbols(("STOP",))])),
        ("{st_size=8192*1024, ...}", {"st_size": 8 << 20, "0": More()}),
        ("makedev(0xfe, 0)", Function("makedev", (254, 0))),
        ("0x40 /* FOO_??? */", 0x40),
        (
            "[{WIFEXITED(s) && WEXITSTATUS(s) == 3}]",
            [{"0": Function("expression", (b"WIFEXITED(s) && WEXITSTATUS(s) == 3",))}],
        ),
        ("[[FOO-1]=3, [59 /* FOO_??? */]=4]", [3, 4]),
        ("00:1b:2c:00:00:0a", Symbols(("00:1b:2c:00:00:0a",))),
    ],
)
def test_values(text: str, value: strace.Node) -> None:
    assert call(f"f({text}) = 0").arguments == (value,)


def test_calls_without_result() -> None:
    assert call("exit_group(0) = ?").ret is None
    assert call("futex(0x7f, FUTEX_WAIT, 2, NULL <unfinished ...>) = ?").arguments[2:] == (2, None)
    interrupted = call("pause() = ? ERESTARTNOHAND (To be restarted if no handler)")
    assert (interrupted.ret, interrupted.errno) == (None, "ERESTARTNOHAND")
    assert call("restart_syscall(<... resuming interrupted read ...>) = 0").arguments == ()


def test_signals_and_ends() -> None:
    signal = strace.parse_line("--- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=3, si_status=0} ---")
    assert isinstance(signal, strace.Signal)
    assert (signal.name, signal.info["si_pid"]) == ("SIGCHLD", 3)
    assert strace.parse_line("+++ exited with 3 +++") == strace.End(3, None, "+++ exited with 3 +++")
    killed = strace.parse_line("+++ killed by SIGSEGV (core dumped) +++")
    assert isinstance(killed, strace.End)
    assert killed.signal == "SIGSEGV"


@pytest.mark.parametrize("text", ["", "open", "open(", 'open("plain") = 3', "f({a=1) = 0", "f() = x", "f(]) = 0"])
def test_unknown_grammar_is_an_error(text: str) -> None:
    with pytest.raises(strace.GrammarError):
        strace.parse_line(text)


@pytest.mark.parametrize(
    ("node", "value", "where"),
    [
        (b"/a", b"/b", "openat.path"),
        (Cut(b"ab"), b"ac", "read.data"),
        (Symbols(("O_RDONLY",)), "O_WRONLY", "openat.flags"),
        (Symbols(("O_RDONLY",)), "O_RDONLY|O_CLOEXEC", "openat.flags"),
        (3, 4, "close.fd"),
        (Symbols(("FUTEX_WAKE_PRIVATE",)), "FUTEX_WAKE", "futex.op"),
        ([1, 2], [1], "pipe.pipefd"),
        (Function("makedev", (254, 1)), "254:2", "stat.statbuf.st_dev"),
        ([Symbols(("INT",))], ["SIGTERM"], "rt_sigprocmask.set"),
        (
            {"sa_family": Symbols(("AF_INET",)), "sin_port": Function("htons", (80,))},
            {"family": "AF_INET", "port": 81},
            "x.addr",
        ),
        ({"tv_sec": 1, "tv_nsec": 2}, {"tv_sec": 1, "tv_nsec": 3}, "nanosleep.req"),
    ],
)
def test_what_differs_is_seen(node: strace.Node, value: object, where: str) -> None:
    """The rules that make two forms equal do not make different values equal."""
    assert not same(node, value, where)


def test_page_explains_every_difference() -> None:
    text = " ".join(PAGE.read_text().split())
    listed = [(d.title, d.reason) for d in DIFFERENCES] + [(i.title, i.reason) for i in IGNORED_EVENTS] + list(NOTES)
    missing = [title for title, reason in listed if f"**{title}.** {reason}" not in text]
    assert not missing, "docs/comparison.md does not have: " + "; ".join(missing)
