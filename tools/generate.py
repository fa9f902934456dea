"""Write everything that is generated (`python tools/generate.py`), or check that it is what is committed (`--check`).

One visible list says which generator makes what. A check writes into a scratch folder and compares.
"""

from __future__ import annotations

import difflib
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Generator:
    """A module that writes a file to its standard output, or files below the folder that it is given."""

    module: str
    makes: str
    standard_output: bool = False


GENERATORS = (
    Generator("kindling.probes.layout", "bpf/layout.h", standard_output=True),
    Generator("kindling.stream.reference", "docs/reference"),
)

NOT_GENERATED = ("docs/reference/examples.json",)
"""Captured on a real machine by `tools/examples.py`: an input of the reference's generator."""


def generate(root: Path) -> None:
    """Run all generators; what they make goes below `root`."""
    for generator in GENERATORS:
        target = root / generator.makes
        # A package that imports the module itself is none of runpy's business.
        command = [sys.executable, "-W", "ignore::RuntimeWarning", "-m", generator.module]
        if generator.standard_output:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(_run(command))
        else:
            target.mkdir(parents=True, exist_ok=True)
            _run([*command, str(target)])


def _run(command: list[str]) -> bytes:
    path = os.pathsep.join(filter(None, [str(ROOT / "src"), os.environ.get("PYTHONPATH", "")]))
    return subprocess.run(
        command, check=True, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": path}, cwd=ROOT
    ).stdout


def check() -> list[str]:
    """What differs between the tree and what the generators write, one line or short diff each."""
    with tempfile.TemporaryDirectory() as scratch:
        fresh = Path(scratch)
        for name in NOT_GENERATED:
            if (ROOT / name).exists():
                (fresh / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, fresh / name)
        generate(fresh)
        made, kept = _files(fresh), _files(ROOT)
        problems = [f"{name} is missing" for name in sorted(made - kept)]
        problems += [f"{name} is no longer generated" for name in sorted(kept - made)]
        for name in sorted(made & kept):
            old, new = (ROOT / name).read_text(encoding="utf-8"), (fresh / name).read_text(encoding="utf-8")
            if old != new:
                lines = difflib.unified_diff(old.splitlines(), new.splitlines(), name, "generated", lineterm="", n=1)
                problems.append("\n".join(list(lines)[:12]))
        return problems


def _files(root: Path) -> set[str]:
    """The files below what the generators make, relative to `root`."""
    found: set[str] = set()
    for generator in GENERATORS:
        target = root / generator.makes
        files = [target] if target.is_file() else target.rglob("*")
        found |= {str(path.relative_to(root)) for path in files if path.is_file()}
    return found


def main(arguments: list[str]) -> int:
    """0 when all is well."""
    if arguments not in ([], ["--check"]):
        print("usage: python tools/generate.py [--check]", file=sys.stderr)
        return 2
    if not arguments:
        generate(ROOT)
        return 0
    problems = check()
    if problems:
        print("\n".join(problems), file=sys.stderr)
        print("Generated files differ from what is committed: run `make reference` and commit.", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
