"""End-to-end tests: programs that run under Kindling, compared with what they did."""

from __future__ import annotations

import sys
from pathlib import Path

# For `tests.e2e.support`, however pytest was started.
sys.path.insert(0, str(Path(__file__).parents[2]))
