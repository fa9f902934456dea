"""`kindling summary`: counts, errors and times of events."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from kindling.cli import options, values

NAME = "summary"
SUMMARY = "count events and add up their times, by event, process, file or container"

BY = ("event", "process", "fd", "container")
SORT = ("time", "calls", "errors", "mean", "p50", "p95", "p99", "max", "name")

DESCRIPTION = """\
Count events and add up their times, like 'strace -c', but for the whole machine if you want, and live: by event, by
process, by file or connection, by container. Times are those from entering a call to its return, waiting included;
percentiles are within 3 %. Ctrl-C ends it and shows the figures.

With COMMAND the figures go to standard error, else to standard output. The exit status is COMMAND's.
"""

EXAMPLES = """\
examples:
  kindling summary -- make
  kindling summary --duration 10s --by process
  kindling summary category:net -p "$(pidof nginx)" --interval 1s
  kindling summary run.kindling --by fd --sort p99 --top 10
"""


def configure(parser: ArgumentParser) -> None:
    """Its options."""
    parser.description, parser.epilog = DESCRIPTION, EXAMPLES
    options.usage(parser, "[FILE] [EVENT...] [OPTION...] [-- COMMAND...]")
    options.add_events(parser, "what to count; the first may be a capture file")
    parser.add_argument("--replay", dest="file", metavar="FILE", help="count the events of this capture file")
    group = parser.add_argument_group("figures")
    group.add_argument(
        "--by",
        action="append",
        choices=BY,
        help="one line for each event, process, file or connection (fd), or container; may be repeated "
        "(default: event and process)",
    )
    group.add_argument("--sort", choices=SORT, default="time", help="the largest of these first (default: time)")
    group.add_argument("--top", type=values.count, metavar="N", help="the first N lines only")
    group.add_argument(
        "--interval",
        type=values.duration,
        metavar="TIME",
        help="show the figures of each such time, and those of all at the end",
    )
    options.add_selection(parser)
    options.add_limits(parser)
    options.add_capture(parser, payload=False)
    output = parser.add_argument_group("output")
    output.add_argument(
        "-o",
        "--output",
        choices=("table", "json"),
        default="table",
        help="table (default), or json: one object per line",
    )
    output.add_argument("-w", "--write", metavar="FILE", help="write to FILE, '-' for standard output")
    options.add_quiet(output)


def run(arguments: Namespace) -> int:
    """Summarise."""
    from kindling.cli import live

    return live.summary(arguments)
