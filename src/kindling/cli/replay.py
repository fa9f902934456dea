"""`kindling replay`: the events of a capture file."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from kindling.cli import options

NAME = "replay"
SUMMARY = "show the events of a capture file; needs no root"

DESCRIPTION = """\
Show the events of a capture file as 'kindling trace' would have shown them. Needs no root, and no Linux kernel that can
be traced. A file whose writer was killed, or that is damaged, is shown as far as it can be read.
"""

EXAMPLES = """\
examples:
  kindling replay run.kindling
  kindling replay run.kindling openat --where 'evt.error = ENOENT'
  kindling replay run.kindling -o json | jq -r .name | sort | uniq -c
  ssh host kindling record -o - --duration 5s | kindling replay -
"""


def configure(parser: ArgumentParser) -> None:
    """Its options."""
    parser.description, parser.epilog = DESCRIPTION, EXAMPLES
    options.usage(parser, "FILE [EVENT...] [OPTION...]")
    parser.add_argument("file", metavar="FILE", help="the capture file, '-' for standard input")
    options.add_events(parser, "what to show")
    options.add_selection(parser)
    options.add_limits(parser, "the first so many seconds of the capture: 5s, 200ms, 2m")
    options.add_output(parser)


def run(arguments: Namespace) -> int:
    """Replay."""
    from kindling.cli import live

    return live.replay(arguments)
