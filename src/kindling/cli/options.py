"""Options that several commands share, each described once."""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any, NoReturn

from kindling.cli import values
from kindling.errors import UsageError

PROBES = ("ebpf",)
"""The live probes, best first."""

OUTPUTS = ("table", "text", "json", "arrow")


class Parser(argparse.ArgumentParser):
    """argparse with Kindling's errors and help."""

    def __init__(self, **options: Any) -> None:
        super().__init__(formatter_class=_Help, allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; '{self.prog} --help' tells what there is")

    def _print_message(self, message: str, file: Any = None) -> None:
        # argparse's own hides that the output could not be written.
        (file or sys.stderr).write(message)


class _Help(argparse.RawDescriptionHelpFormatter):
    def __init__(self, prog: str, **options: Any) -> None:
        # argparse would use the whole width of a wide terminal, which nobody can read.
        options["width"] = min(_columns(), 110) - 2
        super().__init__(prog, max_help_position=28, **options)


def _columns() -> int:
    try:
        return int(os.environ.get("COLUMNS") or os.get_terminal_size().columns) or 80
    except (OSError, ValueError):
        return 80


def add_events(parser: argparse.ArgumentParser, what: str) -> None:
    """Which events."""
    parser.add_argument(
        "events",
        nargs="*",
        metavar="EVENT",
        help=f"{what}: names (openat), globs ('epoll_*'), categories (category:net), sources (source:tracepoint), "
        "entries of calls (syscall_enter-read); all if none is given; 'kindling events' lists them",
    )


def add_selection(parser: argparse.ArgumentParser) -> None:
    """Which events of them."""
    group = parser.add_argument_group("which events")
    group.add_argument(
        "-x", "--exclude", action="append", default=[], metavar="EVENT", help="leave these out; may be repeated"
    )
    group.add_argument(
        "--where",
        metavar="FILTER",
        help="a filter in the syntax of sysdig and Falco, such as 'proc.name = nginx and evt.latency > 1ms'; "
        "'kindling events --fields' lists its fields",
    )
    group.add_argument(
        "-p",
        "--pid",
        dest="pids",
        type=values.pids,
        action="extend",
        metavar="PID",
        help="these processes, and all that they start from now on; ends when they have ended",
    )
    group.add_argument("--comm", action="append", metavar="NAME", help="threads of this name (of 15 bytes at most)")
    group.add_argument(
        "--container", action="append", metavar="ID", help="this container, by its id or the beginning of it"
    )
    group.add_argument(
        "--no-children", action="store_true", help="with -p or COMMAND: these processes alone, not what they start"
    )
    group.add_argument(
        "--explain", action="store_true", help="show which part of the filter runs where, and do nothing else"
    )


def add_limits(parser: argparse.ArgumentParser, time: str = "for this long: 5s, 200ms, 2m") -> None:
    """How long and how many."""
    group = parser.add_argument_group("how much")
    group.add_argument("--duration", type=values.duration, metavar="TIME", help=time)
    group.add_argument("--count", type=values.count, metavar="N", help="so many events")


def add_capture(parser: argparse.ArgumentParser, payload: bool = True) -> None:
    """What to take of each event, and how."""
    group = parser.add_argument_group("what to take")
    if payload:
        group.add_argument(
            "--snaplen",
            type=values.payload,
            default=0,
            metavar="SIZE",
            help="so many bytes of what is read, written, sent and received (default: none, at most 32k)",
        )
        group.add_argument(
            "--env", type=values.payload, default=0, metavar="SIZE", help="so many bytes of a program's environment"
        )
        group.add_argument("--no-latency", action="store_true", help="do not measure how long calls take: cheaper")
    else:
        group.set_defaults(snaplen=0, env=0, no_latency=False)
    group.add_argument(
        "--buffer",
        type=values.buffer,
        default=8 << 20,
        metavar="SIZE",
        help="the ring buffer of each CPU (default: 8MiB); make it larger if events are lost",
    )
    group.add_argument(
        "--probe", choices=PROBES, default=PROBES[0], help="where events come from (default: %(default)s)"
    )


def add_output(parser: argparse.ArgumentParser) -> None:
    """Where events go, and in which form."""
    group = parser.add_argument_group("output")
    group.add_argument(
        "-o",
        "--output",
        choices=OUTPUTS,
        default="table",
        help="table: aligned and coloured for a terminal (default); text: one plain line per event; json: one object "
        "per line; arrow: an Arrow IPC stream",
    )
    group.add_argument("-w", "--write", metavar="FILE", help="write the events to FILE, '-' for standard output")
    add_quiet(group)


def add_quiet(group: Any) -> None:
    """Whether to say at the end how many events there were."""
    group.add_argument("-q", "--quiet", action="store_true", help="no closing line with the number of events")


def usage(parser: argparse.ArgumentParser, words: str) -> None:
    """The usage line: argparse's own would name every option."""
    parser.usage = f"{parser.prog} {words}"
