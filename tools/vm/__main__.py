"""Runs a command under another kernel: `python -m tools.vm 6.1 [--put FILE_OR_FOLDER]... -- COMMAND`."""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path

from tools.vm import KERNELS, Machine, VmError


def main() -> int:
    """Boot, print what the command wrote, and exit with its status; 125 if the machine failed."""
    parser = argparse.ArgumentParser(prog="python -m tools.vm", description=__doc__)
    parser.add_argument("kernel", choices=KERNELS, help="which kernel")
    parser.add_argument("--put", action="append", default=[], type=Path, help="copy this into the guest's /host")
    parser.add_argument("--keep", type=Path, help="write the files that the command left in /tmp/out here")
    parser.add_argument("--seconds", type=float, default=900, help="give up after this time (default 900)")
    parser.add_argument("command", nargs="+", help="the command; one word is taken as a line for the shell")
    chosen = parser.parse_args()
    command = chosen.command[0] if len(chosen.command) == 1 else shlex.join(chosen.command)
    try:
        outcome = Machine(KERNELS[chosen.kernel], seconds=chosen.seconds).run(
            command, {path.resolve().name: path for path in chosen.put}
        )
    except VmError as error:
        print(error, file=sys.stderr)
        return 125
    sys.stdout.write(outcome.console)
    for name, content in outcome.files.items():
        if chosen.keep:
            target = chosen.keep / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
    return outcome.status


if __name__ == "__main__":
    sys.exit(main())
