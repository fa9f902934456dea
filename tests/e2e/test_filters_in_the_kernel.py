"""What the kernel evaluates of a filter and what is evaluated here give the same events."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

import kindling
from kindling.stream.batch import Batch
from kindling.stream.filter import compile

pytestmark = pytest.mark.root

PROGRAM = """
import os, socket, sys
sys.stdin.read(1)
for n in range(7):
    a, b = socket.socketpair()
    a.send(b"x" * n); b.setblocking(False)
    try: b.recv(1); b.recv(99); b.recv(99)
    except BlockingIOError: pass
    a.close(); b.close()
    r, w = os.pipe(); os.write(w, b"yz"); os.read(r, 1); os.close(r); os.close(w)
    with open("/etc/passwd", "rb") as f: f.read(10)
    try: os.open("/nonexistent", os.O_RDONLY)
    except OSError: pass
    s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen()
    c = socket.create_connection(s.getsockname()); d, _ = s.accept(); c.sendall(b"ping"); d.recv(4)
    for each in (c, d, s): each.close()
    u = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM); u.bind(("::1", 0))
    u.sendto(b"z", u.getsockname()); u.recv(9); u.close()
    os.listdir("/"); os.getppid(); os.stat("/tmp")
    pid = os.fork()
    if pid == 0: os._exit(3)
    os.waitpid(pid, 0)
"""

FILTERS = [
    "fd.type = unix",
    "fd.type != file",
    "fd.type in (pipe, ipv4)",
    "not fd.type = file",
    "fd.type = directory or fd.type = char",
    "fd.port > 0",
    "fd.port = 1",
    "fd.type = ipv6 and fd.port > 1024",
    "evt.failed = true",
    "evt.failed = false and fd.type = unix",
    "evt.res = EAGAIN or evt.res = ENOENT",
    "evt.rawres > 3",
    "evt.rawres >= -2 and evt.rawres < 5",
    "not (evt.rawres = 0)",
    "proc.name = nosuchname",
    "proc.name startswith pyth",
    "user.uid = 0",
    "user.uid != 0",
    "group.gid >= 0 and fd.num > 3",
    "fd.num = 5 or fd.num = 6",
    "not fd.num exists",
    "evt.type in (read, openat, close) and fd.type = file",
    "evt.type = close and not fd.type = pipe",
    "container.id exists",
    "evt.cpu >= 0",
    "(evt.failed = true or fd.type = pipe) and not evt.type = close and evt.rawres != 2",
    "fd.name contains passwd or fd.type = pipe",
    "proc.pid > 1 and thread.tid > 1 and evt.arg.fd = 5",
]


def rows(batches: list[Batch]) -> list[tuple[object, ...]]:
    """What of the events does not depend on who looks."""
    found: list[tuple[object, ...]] = []
    for batch in batches:
        for event in batch:
            if event.name != "lost":
                found.append(
                    (event.tid, event.name, event.ret, tuple(int(a) for a in batch.records["args"][event.row]))
                )
    return found


@pytest.mark.parametrize("text", FILTERS)
def test_both_sides_give_the_same_events(text: str) -> None:
    with (
        subprocess.Popen([sys.executable, "-c", PROGRAM], stdin=subprocess.PIPE) as child,
        kindling.open(pids=[child.pid]) as all_events,
        kindling.open(where=text, pids=[child.pid]) as filtered,
    ):
        assert child.stdin is not None
        child.stdin.write(b"x")
        child.stdin.close()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        all_events.stop()
        filtered.stop()
        everything, kept = list(all_events.batches()), list(filtered.batches())
    wanted = compile(text)
    # The call that the program waited in began before either looked.
    expected = rows([batch.select(wanted.mask(batch)) for batch in everything])
    assert rows(kept) == expected
    assert len(rows(everything)) > 200
