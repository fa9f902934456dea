"""Real captures: against what sysdig itself says of them, where it is installed, and against hostile changes."""

from __future__ import annotations

import random
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fuzz.fuzz_scap import attempt, mutate
from tests.unit.probes.scap_scenario import scenario

import kindling
from kindling.probes.scap.calls import NAMES
from kindling.stream.event import Event

SAMPLES = Path(__file__).parents[4] / "shared" / "data" / "scap"
NO_SAMPLES = "needs the captures of shared/data/scap, which are not part of the repository"
NO_SYSDIG = "needs sysdig to compare with: apt-get install --no-install-recommends sysdig"
FIELDS = (
    "evt.rawtime evt.dir evt.type thread.tid proc.pid proc.ppid proc.name proc.args evt.rawres evt.latency fd.num "
    "fd.type fd.name fd.cip fd.cport fd.sip fd.sport"
).split()
NOT_RETURNING = ("procexit", "signaldeliver", "exit_group", "exit")


def samples() -> list[Path]:
    return sorted(SAMPLES.glob("*.scap")) if SAMPLES.is_dir() else []


def read(path: Path) -> tuple[list[Event], str | None]:
    with kindling.open(str(path)) as stream:
        found = list(stream)
        return found, getattr(stream.probe, "problem", None)


def sysdig(path: Path) -> list[dict[str, str]]:
    """What sysdig shows of the returns of calls, and of the events that have none."""
    form = "*" + "\x1f".join(f"%{field}" for field in FIELDS)
    output = subprocess.run(["sysdig", "-r", path, "-p", form], capture_output=True, check=True).stdout
    rows = [line.split("\x1f") for line in output.decode("utf-8", "replace").split("\n")]
    shown = [dict(zip(FIELDS, row, strict=True)) for row in rows if len(row) == len(FIELDS)]
    return [row for row in shown if row["evt.dir"] == "<" or row["evt.type"] in NOT_RETURNING]


@pytest.fixture(params=["written here", *(path.name for path in samples())])
def capture(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    if request.param == "written here":
        path = tmp_path / "x.scap"
        path.write_bytes(scenario().data)
        yield path
    else:
        yield SAMPLES / request.param


def compared(event: Event) -> dict[str, str]:
    """The fields that both sides know, as sysdig writes them."""
    shown = {
        "evt.rawtime": str(event.timestamp),
        "evt.type": event.name,
        "thread.tid": str(event.tid),
        "evt.latency": str(event.latency or 0),
    }
    thread = event.batch.thread(event.row)
    if thread is not None:
        shown["proc.pid"], shown["proc.ppid"] = str(thread.pid), str(thread.ppid)
        shown["proc.name"] = thread.comm.decode("utf-8", "replace")
        shown["proc.args"] = b" ".join((thread.arguments or ())[1:]).decode("utf-8", "replace")
    if event.ret is not None and event.name not in ("getuid", "geteuid", "getgid", "getegid"):
        shown["evt.rawres"] = str(event.ret)
    # sysdig has no descriptor for mmap, and the new one for fcntl; -1 where a call that makes one failed.
    if event.fd is not None and event.name not in ("mmap", "fcntl"):
        shown["fd.num"] = str(event.fd.num)
        if event.fd.path is not None and event.fd.type in ("file", "directory"):
            shown["fd.name"] = event.fd.name.decode("utf-8", "replace")  # type: ignore[attr-defined]
            shown["fd.type"] = str(event.fd.type)
        elif event.fd.protocol == "tcp" and event.fd.sip is not None and event.fd.dip is not None:
            shown["fd.cip"], shown["fd.cport"] = str(event.fd.sip), str(event.fd.sport)
            shown["fd.sip"], shown["fd.sport"] = str(event.fd.dip), str(event.fd.dport)
    return shown


@pytest.mark.skipif(shutil.which("sysdig") is None, reason=NO_SYSDIG)
def test_sysdig_says_the_same(capture: Path) -> None:
    theirs = sysdig(capture)
    ours, problem = read(capture)
    assert problem is None
    assert len(ours) == len(theirs)
    for event, row in zip(ours, theirs, strict=True):
        row["evt.type"] = NAMES.get(row["evt.type"], row["evt.type"])
        if row["evt.type"] == "<unknown>":
            # Numbers that sysdig has no name for are known by the machine's own.
            row["evt.type"] = event.name
        mine = compared(event)
        assert mine == {name: row[name] for name in mine}


@pytest.mark.skipif(not samples(), reason=NO_SAMPLES)
def test_the_samples_are_read_to_their_end() -> None:
    counts = {path.name: len(read(path)[0]) for path in samples()}
    known = {
        "cat_write.scap": 44,
        "connect_localhost.scap": 4,
        "curl_google.scap": 601,
        "open-multiple-files.scap": 44,
        "ping_sendto.scap": 10,
        "sample.scap": 87,
        "single_ipv6_conn.scap": 14,
        "test_ipv6_client.scap": 35,
    }
    assert {name: counts[name] for name in known if name in counts} == {n: c for n, c in known.items() if n in counts}


@pytest.mark.skipif(not (SAMPLES / "curl_google.scap").exists(), reason=NO_SAMPLES)
def test_a_request_can_be_followed() -> None:
    found, _ = read(SAMPLES / "curl_google.scap")
    names = Counter(event.name for event in found)
    assert (names["mmap"], names["clock_gettime"], names["socket"]) == (110, 94, 5)
    sent = next(e for e in found if e.name == "sendto" and e.fd is not None and e.fd.dport == 80)
    assert sent.fd is not None
    assert (sent.fd.role, sent.fd.protocol, sent.comm) == ("client", "tcp", b"curl")
    assert bytes(sent.args["data"]).startswith(b"GET / HTTP/1.1\r\n")  # type: ignore[arg-type]


def test_hostile_changes(tmp_path: Path) -> None:
    data = scenario().data
    for seed in range(60):
        attempt(mutate(data, random.Random(seed)), tmp_path / "x.scap", seed % 10 == 0)
