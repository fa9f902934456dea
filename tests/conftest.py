"""What all tests share: the markers that say what a test needs of the machine."""

from __future__ import annotations

import os

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip, with the reason, what this machine cannot run."""
    reason = _no_root()
    if reason:
        skip = pytest.mark.skip(reason=reason)
        for item in items:
            if item.get_closest_marker("root") is not None:
                item.add_marker(skip)


def _no_root() -> str:
    return "" if os.geteuid() == 0 else "needs root: run the tests with sudo"
