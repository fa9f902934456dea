"""`kindling convert`: a capture file in another format."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from kindling.cli import options

NAME = "convert"
SUMMARY = "make Parquet, JSON lines or a repaired capture of a capture file"

DESCRIPTION = """\
Write a capture file in the format that the name of TARGET ends with: .parquet, .ndjson (or .jsonl, .json), or
.kindling (or .arrow) for a capture again, whole if SOURCE was damaged.
"""

EXAMPLES = """\
examples:
  kindling convert run.kindling run.parquet
  kindling convert run.kindling run.ndjson
"""


def configure(parser: ArgumentParser) -> None:
    """Its options."""
    parser.description, parser.epilog = DESCRIPTION, EXAMPLES
    options.usage(parser, "SOURCE TARGET")
    parser.add_argument("source", metavar="SOURCE", help="the capture file, '-' for standard input")
    parser.add_argument("target", metavar="TARGET", help="the file to write")
    options.add_quiet(parser)


def run(arguments: Namespace) -> int:
    """Convert."""
    from kindling.cli import complain
    from kindling.cli.values import bytes_text, plural
    from kindling.stream.capture import convert

    done = convert(arguments.source, arguments.target)
    if not arguments.quiet:
        complain(f"{plural(done.events, 'event')}; {arguments.target}: {bytes_text(done.bytes)}")
    if done.problem is not None:
        complain(done.problem)
        return 1
    return 0
