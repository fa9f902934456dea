"""`kindling doctor`: what this machine offers, and what is missing."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from kindling.cli import options

NAME = "doctor"
SUMMARY = "what can be traced on this machine, what is missing and how to get it"

DESCRIPTION = """\
Show what this machine offers for tracing, which events would come from which probe, what is missing, and how to get it.
As root it really loads the programs into the kernel, attaches them, and takes them out again. Exits with 1 if no probe
works.
"""

EXAMPLES = """\
examples:
  sudo kindling doctor
  sudo kindling doctor 'epoll_*' signal_deliver      where these events would come from
  kindling doctor -o json | jq .probes
"""


def configure(parser: ArgumentParser) -> None:
    """Its options."""
    parser.description, parser.epilog = DESCRIPTION, EXAMPLES
    options.usage(parser, "[EVENT...] [-o json]")
    parser.add_argument("events", nargs="*", metavar="EVENT", help="tell of each of these where it would come from")
    parser.add_argument("-o", "--output", choices=("table", "json"), default="table", help="json: one object")


def run(arguments: Namespace) -> int:
    """Examine."""
    from kindling.cli import examination

    return examination.run(arguments)
