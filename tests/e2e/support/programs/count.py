"""Counts what a stream of the process in its first argument gives, until that has ended; writes counts as JSON.

Further arguments: the size of the rings, and the events. The first line says that it is ready.
"""

import json
import os
import select
import sys
from collections import Counter
from typing import Any

import kindling


def say(line: str) -> None:
    """Answer whoever reads the other end."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    """Captured and lost events by name, and what the statistics say."""
    pid, ring_bytes, *events = sys.argv[1:]
    captured: Counter[str] = Counter()
    lost: Counter[str] = Counter()
    process = select.poll()
    process.register(os.pidfd_open(int(pid)))
    with kindling.open(*events, pids=[int(pid)], ring_bytes=int(ring_bytes)) as stream:
        say("ready")
        for batch in stream.batches(empty=True):
            names = batch["name"].tolist()
            captured.update(name for name in names if name != "lost")
            for row, name in enumerate(names):
                if name == "lost":
                    arguments: dict[str, Any] = dict(batch.event(row).args)
                    lost[arguments["event"].decode()] += arguments["count"]
            if process.poll(0):
                stream.stop()
        counted = stream.statistics()
    say(json.dumps({"captured": captured, "lost": lost, "statistics": [counted.events, counted.lost]}))


main()
