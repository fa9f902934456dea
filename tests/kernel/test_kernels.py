"""The conformance suite on other kernels: one boot each, in which the whole suite runs and writes its report."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from tools.vm import KERNELS, Machine, obstacle

ROOT = Path(__file__).parents[2]
PYTEST = ("pytest", "_pytest", "py", "pluggy", "iniconfig", "packaging", "pygments")
"""The test runner and what it imports: all pure Python, so this machine's own copy runs in the guest too."""
COMMAND = (
    "PYTHONPATH=site python3 -m pytest -q -p no:cacheprovider --color=no --tb=short tests/conformance"
    " --conformance-report /tmp/out/report.json"
)
SECONDS = 1800


def guest_files() -> dict[str, Path]:
    """What the guest needs of this machine: the sources with the BPF objects, the suite, and the test runner."""
    names = ("src/kindling", "tests/conftest.py", "tests/conformance", "pyproject.toml")
    files = {name: ROOT / name for name in names}
    for name in PYTEST:
        found = importlib.util.find_spec(name)
        if found is not None and found.origin is not None:
            origin = Path(found.origin)
            package = origin.name == "__init__.py"
            files[f"site/{name}" if package else f"site/{origin.name}"] = origin.parent if package else origin
    return files


@pytest.mark.vm
def test_conformance(kernel_name: str, pytestconfig: pytest.Config) -> None:
    kernel = KERNELS[kernel_name]
    problem = obstacle(kernel)
    if problem:
        pytest.skip(problem)
    objects = list((ROOT / "src/kindling/probes/bpf").glob(f"*.{kernel.machine}.bpf.o"))
    assert objects, "the BPF objects are not compiled: make bpf"
    outcome = Machine(kernel, seconds=SECONDS).run(COMMAND, guest_files())
    assert "report.json" in outcome.files, f"the suite did not come to its end:\n{outcome.console[-6000:]}"
    report = json.loads(outcome.files["report.json"])
    keep = pytestconfig.getoption("--kernel-reports")
    if keep:
        Path(keep).mkdir(parents=True, exist_ok=True)
        (Path(keep) / f"{kernel.name}.json").write_bytes(outcome.files["report.json"])
    tests: Mapping[str, Mapping[str, str]] = report["tests"]
    failed = [f"{name}\n{test['reason']}" for name, test in tests.items() if test["outcome"] == "failed"]
    assert not failed, f"Linux {report['release']}: {len(failed)} of {len(tests)} failed\n" + "\n\n".join(failed)
    # A probe that does not work at all skips everything, and that must not pass for success.
    without = [name for name, test in tests.items() if test["reason"].startswith(("no probe", "no rights"))]
    assert not without, f"Linux {report['release']}: {tests[without[0]]['reason']}"
    assert sum(test["outcome"] == "passed" for test in tests.values()) > len(tests) // 2
