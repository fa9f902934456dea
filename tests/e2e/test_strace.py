"""Programs of all kinds under strace and Kindling at once: per thread the same calls, results, errors and arguments."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
from tests.e2e.support.both import run
from tests.e2e.support.compare import compare, texts
from tests.e2e.support.strace import Call

PROGRAMS = Path(__file__).parent / "support/programs"

pytestmark = pytest.mark.root


@pytest.mark.parametrize(
    ("program", "needs"),
    [
        ("coreutils.sh", ["tar", "gzip", "ps"]),
        ("git.sh", ["git"]),
        ("gcc.sh", ["gcc"]),
        ("curl.sh", ["curl"]),
        ("nginx.sh", ["nginx", "curl"]),
        ("redis.sh", ["redis-server", "redis-benchmark"]),
        ("postgresql.sh", ["pg_ctlcluster", "setpriv"]),
        ("files.py", []),
        ("hostile.py", []),
        ("sockets.py", []),
        ("processes.py", []),
    ],
)
def test_same_as_strace(program: str, needs: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    missing = [name for name in ("strace", *needs) if shutil.which(name) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    # Users other than root, as servers run, must get there.
    for directory in (tmp_path, *tmp_path.parents[:2]):
        directory.chmod(0o755)
    interpreter = "sh" if program.endswith(".sh") else sys.executable
    seen = run([interpreter, str(PROGRAMS / program), sys.executable], tmp_path / "run")
    assert seen.lost == 0
    assert seen.status == (5 if program == "processes.py" else 0), capfd.readouterr().err
    mismatches = compare(seen.strace, seen.kindling)
    assert not mismatches, texts(mismatches)
    assert sum(isinstance(line, Call) for lines in seen.strace.values() for line in lines) > 300
