"""The commands there are, and how a command line is taken apart."""

from __future__ import annotations

import argparse
import sys
from argparse import Namespace
from collections.abc import Sequence
from typing import Protocol

from kindling.cli import completion, convert, doctor, events, record, replay, summary, trace
from kindling.cli.options import Parser
from kindling.errors import UsageError


class Command(Protocol):
    """What the module of a command gives."""

    NAME: str
    SUMMARY: str
    """One line for the list of commands."""

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add its description and its options."""
        ...

    def run(self, arguments: Namespace) -> int:
        """Do it, and return the exit status."""
        ...


COMMANDS: tuple[Command, ...] = (trace, record, replay, summary, events, doctor, convert, completion)
"""All commands, in the order of the help."""

TAKES_COMMAND = frozenset({"trace", "record", "summary"})
"""Those that trace what stands after "--"."""

DESCRIPTION = """\
What the kernel does, for which thread, on which file or connection: every system call and process event,
live or from a capture file.
"""

EXAMPLES = """\
examples:
  kindling trace -- curl http://localhost/     what happens during one command
  kindling trace openat --where 'evt.failed = true'    every file that could not be opened, on the whole machine
  kindling trace category:net -p 812 -o json | jq .
  kindling summary --duration 10s              where the time of the machine's system calls goes
  kindling record -o run.kindling -- make      keep it, and look at it later:
  kindling replay run.kindling execve
  kindling events openat                       what an event means

'kindling COMMAND --help' tells the rest.
"""


def parse(words: Sequence[str]) -> Namespace:
    """The command line, with `run` of its command. Raises UsageError, or SystemExit for --help and --version."""
    if not words:
        sys.stderr.write(top().format_help())
        raise SystemExit(2)
    name, rest = words[0], list(words[1:])
    if name.startswith("-"):
        top().parse_args([name])
        raise UsageError(f"{name} comes after the command; 'kindling --help' lists the commands")
    if name == "help":
        name, rest = (rest[0], ["--help"]) if rest else ("help", rest)
        if name == "help":
            top().print_help()
            raise SystemExit(0)
    command = _command(name)
    traced: list[str] = []
    if name in TAKES_COMMAND and "--" in rest:
        at = rest.index("--")
        rest, traced = rest[:at], rest[at + 1 :]
        if not traced:
            raise UsageError("there is no command after --; write it there with its arguments")
    parsed = parser_of(command).parse_intermixed_args(rest)
    parsed.traced = traced
    parsed.run = command.run
    return parsed


def _command(name: str) -> Command:
    for command in COMMANDS:
        if name == command.NAME:
            return command
    from difflib import get_close_matches

    near = get_close_matches(name, [command.NAME for command in COMMANDS], 1)
    hint = f"did you mean {near[0]}?" if near else "'kindling --help' lists them"
    raise UsageError(f"there is no command {name!r}; {hint}")


def top() -> argparse.ArgumentParser:
    """The parser of what stands before a command: help and version."""
    width = max(len(command.NAME) for command in COMMANDS)
    listed = "".join(f"  {command.NAME:{width}}  {command.SUMMARY}\n" for command in COMMANDS)
    parser = Parser(
        prog="kindling",
        usage="kindling COMMAND [ARGUMENT...]",
        description=f"{DESCRIPTION}\ncommands:\n{listed}",
        epilog=EXAMPLES,
    )
    parser.add_argument("--version", action="version", version=_version(), help="show the version")
    return parser


def parser_of(command: Command) -> argparse.ArgumentParser:
    """The parser of one command."""
    parser = Parser(prog=f"kindling {command.NAME}")
    command.configure(parser)
    return parser


def _version() -> str:
    import kindling

    return f"kindling {kindling.__version__}"
