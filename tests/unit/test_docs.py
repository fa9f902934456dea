"""The documentation is tested: links lead somewhere, commands exist, generated pages are what the generators write."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)


def _anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ +(.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def test_links_lead_somewhere() -> None:
    anchors = {page: _anchors(page) for page in PAGES}
    broken = []
    for page in PAGES:
        for link in LINK.findall(CODE.sub("", page.read_text(encoding="utf-8"))):
            if re.match(r"[a-z]+:", link):
                continue
            path, _, anchor = link.partition("#")
            target = (page.parent / path).resolve() if path else page
            if not target.exists() or (anchor and anchor not in anchors.get(target, set())):
                broken.append(f"{page.relative_to(ROOT)}: {link}")
    assert broken == []


def test_generated_files_are_what_the_generators_write() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "generate.py"), "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md"))], ids=lambda page: page.name)
def test_commands_exist(page: Path) -> None:
    """Every `make TARGET` that a page names is one of the Makefile's, every `tools/...` a file."""
    words = page.read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z-]+)(?=`|\s{2,}|$)", words, re.MULTILINE)) <= targets
    assert [name for name in re.findall(r"\btools/[\w.]+", words) if not (ROOT / name).exists()] == []


def test_ci_runs_the_readmes_command() -> None:
    assert "make test" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert (ROOT / ".ci" / "run").read_text(encoding="utf-8").rstrip().endswith("make test")


def test_every_decision_is_listed_and_short() -> None:
    index = (ROOT / "docs" / "decisions" / "README.md").read_text(encoding="utf-8")
    decisions = sorted(ROOT.glob("docs/decisions/0*.md"))
    assert [page.name for page in decisions] == re.findall(r"\((0\d+[\w-]+\.md)\)", index)
    for number, page in enumerate(decisions, 1):
        words = page.read_text(encoding="utf-8")
        assert words.startswith(f"# {number:04d} ")
        assert len(words.splitlines()) < 40, page.name


def test_architecture_names_every_package() -> None:
    words = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    packages = {path.parent.name for path in (ROOT / "src" / "kindling").glob("*/__init__.py")}
    assert [name for name in sorted(packages) if f"`{name}" not in words] == []


def test_pages_name_no_place_of_this_machine() -> None:
    found = [page for page in PAGES if re.search(r"/work/|/root/|/tmp/bash", page.read_text(encoding="utf-8"))]
    assert [page.relative_to(ROOT) for page in found if page.name != "examples.json"] == []
