"""`kindling record`: events into a capture file."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from kindling.cli import options

NAME = "record"
SUMMARY = "keep events in a capture file"

DESCRIPTION = """\
Keep events in a capture file: of COMMAND and all that it starts, of processes (-p), or of the whole machine.
The file is an Arrow IPC stream: 'kindling replay' shows it like a live trace, 'kindling convert' makes Parquet or JSON
of it, and DuckDB, Polars and pandas open it as it is. What is in it stays readable whatever happens.
"""

EXAMPLES = """\
examples:
  kindling record -o build.kindling -- make -j8
  kindling record -o net.kindling category:net --snaplen 256 --duration 30s
  kindling record -o - | ssh store 'cat >run.kindling'
"""


def configure(parser: ArgumentParser) -> None:
    """Its options."""
    parser.description, parser.epilog = DESCRIPTION, EXAMPLES
    options.usage(parser, "-o FILE [EVENT...] [OPTION...] [-- COMMAND...]")
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="the capture file, replaced if it exists; '-' for standard output"
    )
    options.add_events(parser, "what to keep")
    options.add_selection(parser)
    options.add_limits(parser)
    options.add_capture(parser)
    options.add_quiet(parser)


def run(arguments: Namespace) -> int:
    """Record."""
    from kindling.cli import live

    return live.record(arguments)
