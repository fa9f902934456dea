"""The code in the tutorial and in the README does what they say."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT / "src")}


def blocks(page: str) -> list[str]:
    """The Python code of a page."""
    return re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)


@pytest.mark.parametrize("page", ["README.md", "docs/tutorial.md"])
def test_code_is_python(page: str) -> None:
    assert blocks(page)
    for block in blocks(page):
        ast.parse(block if block.startswith("import") else f"import kindling\n{block}")


@pytest.mark.root
def test_the_tool_runs(tmp_path: Path) -> None:
    tool = tmp_path / "slowfiles.py"
    tool.write_text(blocks("docs/tutorial.md")[0])
    command = ["sh", "-c", "cat /etc/services | sort | uniq -c"]
    done = subprocess.run([sys.executable, tool, *command], capture_output=True, text=True, env=ENVIRONMENT, check=True)
    lines = done.stdout.splitlines()
    assert any(line.endswith("cat  /etc/services") for line in lines), done.stdout
    assert re.fullmatch(r"\d+ events, 0 lost", lines[-1]), done.stdout


@pytest.mark.root
def test_events_one_by_one(tmp_path: Path) -> None:
    tool = tmp_path / "events.py"
    tool.write_text(blocks("docs/tutorial.md")[1])
    done = subprocess.run([sys.executable, tool], capture_output=True, text=True, env=ENVIRONMENT, check=False)
    assert "could not open b'/nonexistent' because of ENOENT" in done.stdout, done.stderr
    assert "ended with {'exited': 1}" in done.stdout
