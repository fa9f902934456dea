"""The page about capture files: its programs run, and answer what they say they answer."""

from __future__ import annotations

import contextlib
import importlib
import io
import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kindling.catalogue.model import Definition
from kindling.catalogue.registry import catalogue
from kindling.enrich.objects import Descriptor, Objects, Thread
from kindling.probes import layout
from kindling.stream.batch import Batch
from kindling.stream.capture import CaptureWriter, convert

pytest.importorskip("pyarrow", reason="pyarrow is not installed (the extra 'arrow')")

PAGE = Path(__file__).resolve().parents[3] / "docs" / "capture.md"
PROGRAMS = re.findall(
    r"^### (.*?)$.*?^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
)
TITLES = [title for title, _ in PROGRAMS]

CALLS = ("read", "openat", "sendto")
PATH = b"/etc/git\xffconfig"


def sample() -> Batch:
    """git looks for a file in vain, reads another slowly, and talks to a server."""
    definitions: dict[int, Definition] = {n: catalogue().get(name) for n, name in enumerate(CALLS)}
    rows = [
        # event, tid, object, fd, ret, latency
        *[(1, 10, 0, layout.NO_FD, -2, 900)] * 3,
        *[(0, 10, 1, 3, 100, 2_000_000)] * 5,
        *[(0, 10, 2, 4, 1000, 1_000)] * 2,
        (2, 10, 2, 4, 70, 1_000),
        (0, 11, 1, 3, -9, layout.NO_LATENCY),
    ]
    records = np.zeros(len(rows), layout.RECORD)
    for record, (event, tid, identity, fd, ret, latency) in zip(records, rows, strict=True):
        record["event"], record["tid"], record["pid"], record["object"] = event, tid, tid, identity
        record["fd"], record["ret"], record["latency"] = fd, ret, latency
    records["time"] = np.arange(len(rows))
    # The path is the one copy after that of the directory's descriptor.
    piece = (bytes((1, 0, len(PATH), 0)) + PATH).ljust((4 + len(PATH) + 7) & ~7, b"\0")
    records["length"] = np.where(records["event"] == 1, len(piece), 0)
    objects = Objects()
    objects.add(
        (Thread(tid=10, pid=10, comm=b"git"), Thread(tid=11, pid=11, comm=b"sh")),
        (
            Descriptor(id=1, type="file", path=b"/repo/.git/index"),
            Descriptor(id=2, type="ipv4", protocol="tcp", role="client", sip="::1", sport=5, dip="::2", dport=443),
        ),
    )
    return Batch(records, piece, definitions, objects, 1_766_430_000_000_000_000)


@pytest.fixture
def capture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with the files that the page speaks of."""
    monkeypatch.chdir(tmp_path)
    batch = sample()
    with CaptureWriter("run.kindling", batch.definitions) as writer:
        writer.write(batch.select(np.arange(7)))
        # A second record batch, whose dictionaries differ.
        writer.flush()
        writer.write(batch.select(np.arange(7, len(batch))))
    convert("run.kindling", "run.parquet")
    return tmp_path


def run(title: str) -> Any:
    """Run the page's program under this title; its `answer`."""
    program = dict(PROGRAMS)[title]
    needed = set(re.findall(r"^import (\w+)", program, re.MULTILINE)) | {title.split(":")[0].lower()} & {"pandas"}
    for package in sorted(needed):
        try:
            importlib.import_module(package)
        except ImportError:
            pytest.skip(f"{package} is not installed")
    space: dict[str, Any] = {}
    with contextlib.redirect_stdout(io.StringIO()) as printed, warnings.catch_warnings():
        # What other packages deprecate among themselves is no fault of the page.
        warnings.simplefilter("ignore", DeprecationWarning)
        exec(compile(program, title, "exec"), space)
    assert printed.getvalue().strip()
    return space["answer"]


def test_every_program_of_the_page_is_tested() -> None:
    assert TITLES == [
        "DuckDB: where did the time go?",
        "polars: who talks to whom?",
        "pandas: what fails?",
        "SQL on arguments",
    ]


def test_duckdb(capture: Path) -> None:
    answer = run(TITLES[0])
    assert answer == [
        ("git", "/repo/.git/index", "read", 5, 10.0, 2000.0),
        ("git", "[::1]:5->[::2]:443", "read", 2, 0.002, 1.0),
        ("git", "[::1]:5->[::2]:443", "sendto", 1, 0.001, 1.0),
    ]


def test_polars(capture: Path) -> None:
    answer = run(TITLES[1])
    assert answer.rows() == [("git", "client", "::2", 443, 2000, 70)]


def test_pandas(capture: Path) -> None:
    answer = run(TITLES[2])
    assert list(answer.items()) == [(("git", "openat", "ENOENT"), 3), (("sh", "read", "EBADF"), 1)]


def test_arguments(capture: Path) -> None:
    answer = run(TITLES[3])
    assert answer.fetchall() == [("git", "/etc/git\\xffconfig", 3)]
