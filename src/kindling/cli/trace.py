"""`kindling trace`: events as they happen."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from kindling.cli import options

NAME = "trace"
SUMMARY = "show events as they happen, of a command, of processes or of the whole machine"

DESCRIPTION = """\
Show events as they happen: of COMMAND and all that it starts, of processes (-p), or of the whole machine.
Each line is one system call when it has returned, or one event in the life of a process.

Without COMMAND events go to standard output. With COMMAND tables and text go to standard error, as strace's do, so that
COMMAND's own output stays what it is; json and arrow go to standard output, which COMMAND shares: give -w FILE if
COMMAND prints something too. The exit status is COMMAND's.
"""

EXAMPLES = """\
examples:
  kindling trace -- curl -s http://localhost/
  kindling trace openat connect -p "$(pidof nginx)"
  kindling trace category:net --where 'fd.port = 443 and evt.latency > 10ms'
  kindling trace --comm redis-server --snaplen 64 -o json | jq -c '[.name, .args.data]'
"""


def configure(parser: ArgumentParser) -> None:
    """Its options."""
    parser.description, parser.epilog = DESCRIPTION, EXAMPLES
    options.usage(parser, "[EVENT...] [OPTION...] [-- COMMAND...]")
    options.add_events(parser, "what to show")
    options.add_selection(parser)
    options.add_limits(parser)
    options.add_capture(parser)
    options.add_output(parser)


def run(arguments: Namespace) -> int:
    """Trace."""
    from kindling.cli import live

    return live.trace(arguments)
