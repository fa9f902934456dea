"""Capture one real example line per event for the reference: docs/reference/examples.json.

Traces `tools/example_calls.py` and keeps, for every event, the best line that it led to. Needs root. What a line holds
differs from run to run (times, ids), so this is run by hand (`make examples`) and never by a check.
"""

from __future__ import annotations

import json
import platform
import sys
import time
from pathlib import Path

import kindling
from kindling.catalogue.numbers import NUMBERS

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "reference" / "examples.json"
CALLS = ROOT / "tools" / "example_calls.py"
PYTHON = "/usr/bin/python3"
"""The system's: the place of another one would say whose machine this was."""

ANNOUNCE = 0x7E00_0000
PAYLOAD = 256

BROUGHT = {"execve": "process_exec", "fork": "process_fork", "exit": "process_exit"}
"""Events that an announced call brings with it, on the same thread."""


class Examples:
    """The best line of every event seen so far."""

    def __init__(self) -> None:
        self.lines: dict[str, object] = {}
        self._ranks: dict[str, tuple[bool, bool, bool]] = {}
        self._next: dict[int, set[str]] = {}
        self._names = {
            calls[machine]: name for name, calls in NUMBERS.items() if (machine := platform.machine()) in calls
        }

    def see(self, event: kindling.Event) -> None:
        """Keep the event if it is better than what there is: announced, complete, successful; the first of equals."""
        if event.name == "getpgid" and (number := int(str(event.args["pid"])) - ANNOUNCE) >= 0:
            name = self._names[number]
            self._next[event.tid] = {name, BROUGHT.get(name, name)}
            return
        awaited = self._next.get(event.tid, set())
        announced = event.name in awaited
        awaited.discard(event.name)
        line = event.json()
        if str(ROOT) in line:
            return
        rank = (not announced, bool(event.quality), event.error is not None)
        if event.name not in self._ranks or rank < self._ranks[event.name]:
            self._ranks[event.name] = rank
            self.lines[event.name] = json.loads(line)


def main() -> int:
    """Write the examples; 0 when there is one for at least 300 events."""
    examples = Examples()
    with kindling.open("all", command=[PYTHON, "-I", str(CALLS)], snaplen=PAYLOAD, environment=PAYLOAD) as stream:
        for event in stream:
            examples.see(event)
    # A ring that is too small, and a reader that does not look at it: events are lost, and the stream says so.
    many = "import os\nfor _ in range(20000): os.getppid()"
    with kindling.open("getppid", command=[PYTHON, "-I", "-c", many], ring_bytes=4096) as stream:
        for batch in stream.batches():
            time.sleep(0.2)
            for event in batch:
                if event.name == "lost":
                    examples.see(event)
    names = [definition.name for definition in kindling.catalogue()]
    lines = {name: examples.lines[name] for name in names if name in examples.lines}
    TARGET.write_text(json.dumps(lines, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{len(lines)} of {len(names)} events; none of: {', '.join(name for name in names if name not in lines)}")
    return 0 if len(lines) >= 300 else 1


if __name__ == "__main__":
    sys.exit(main())
