"""The conformance suite's own options: which probe is tested, and where to write what it could give."""

from __future__ import annotations

import importlib
import json
import platform
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

# For `tests.conformance`, however pytest was started.
sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.conformance.harness import MACHINE, MARKER, Watch

from kindling.errors import LoadError, PrivilegeError, ProbeError
from kindling.probes.base import Probe, Wanted

DEFAULT = "kindling.probes.ebpf:EbpfProbe"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of `pytest tests/conformance`."""
    group = parser.getgroup("conformance")
    group.addoption("--probe", default=DEFAULT, metavar="MODULE:CLASS", help=f"the probe to test (default {DEFAULT})")
    group.addoption("--probe-restart", action="store_true", help="a new probe for every test, instead of changing one")
    group.addoption("--conformance-report", metavar="FILE", help="write what the probe could give as JSON")


@pytest.fixture(scope="session")
def make_probe(pytestconfig: pytest.Config) -> Callable[[], Probe]:
    """Makes a probe of the kind that is tested. Skips if it cannot work here; that it fails to load is an error."""
    module, _, name = str(pytestconfig.getoption("--probe", DEFAULT)).partition(":")
    kind: Callable[[], Probe] = getattr(importlib.import_module(module), name)
    from kindling.catalogue.registry import catalogue

    probe = kind()
    try:
        probe.start(Wanted(definitions=[catalogue().get(MARKER)]))
    except LoadError:
        raise
    except PrivilegeError as error:
        pytest.skip(f"no rights: {error}")
    except ProbeError as error:
        pytest.skip(f"no probe: {error}")
    finally:
        probe.close()
    return kind


@pytest.fixture(scope="session")
def _session_watch(make_probe: Callable[[], Probe], pytestconfig: pytest.Config) -> Iterator[Watch]:
    watch = Watch(make_probe, restart=bool(pytestconfig.getoption("--probe-restart", False)))
    yield watch
    watch.close()


@pytest.fixture
def watch(_session_watch: Watch) -> Watch:
    """Runs an action and gives the events that the probe saw of it."""
    return _session_watch


class Report:
    """Collects outcomes by test, and writes them at the end of the run."""

    def __init__(self, path: Path, probe: str) -> None:
        self._path = path
        self._probe = probe
        self._tests: dict[str, dict[str, str]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember what came of a test: its failure wherever it was, else the outcome of its call."""
        known = self._tests.get(report.nodeid)
        if known is not None and known["outcome"] != "passed":
            return
        reason = ""
        if report.skipped and isinstance(report.longrepr, tuple):
            reason = str(report.longrepr[2]).removeprefix("Skipped: ")
        elif report.failed:
            reason = report.longreprtext[-4000:]
        if report.when == "call" or not report.passed:
            self._tests[report.nodeid] = {"outcome": report.outcome, "reason": reason}

    def pytest_sessionfinish(self) -> None:
        """Write the file."""
        facts = {"release": platform.release(), "machine": MACHINE, "probe": self._probe}
        self._path.write_text(json.dumps({**facts, "tests": self._tests}, indent=1) + "\n")


def pytest_configure(config: pytest.Config) -> None:
    """Collect a report if one is wanted."""
    path = config.getoption("--conformance-report", None)
    if path:
        config.pluginmanager.register(Report(Path(path), str(config.getoption("--probe"))), "conformance-report")
