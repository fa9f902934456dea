"""Tests that boot other kernels: `pytest tests/kernel --kernel 5.10 --kernel 6.1`. Without --kernel none is booted."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

# For `tools.vm` and `tests.conformance`, however pytest was started.
sys.path.insert(0, str(Path(__file__).parents[2]))

from tools.vm import KERNELS


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of `pytest tests/kernel`."""
    group = parser.getgroup("kernel")
    group.addoption("--kernel", action="append", default=[], choices=KERNELS, help="boot this kernel; may be repeated")
    group.addoption("--kernel-reports", metavar="FOLDER", help="keep the reports of the runs here, for the matrix")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One run per kernel that is wanted."""
    if "kernel_name" in metafunc.fixturenames:
        names = metafunc.config.getoption("--kernel", []) or [
            pytest.param("none", marks=pytest.mark.skip(reason="boots virtual machines: make test-kernels"))
        ]
        metafunc.parametrize("kernel_name", names)
