"""`kindling events`: the catalogue in the terminal."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from kindling.cli import options

NAME = "events"
SUMMARY = "list and explain all events and filter fields"

DESCRIPTION = """\
List the events that there are, or explain one: what it means, its arguments, result and errors.
"""

EXAMPLES = """\
examples:
  kindling events                         all of them
  kindling events openat                  one page about one event
  kindling events 'epoll_*' --category wait
  kindling events --search "socket address"
  kindling events --fields fd.            what --where can ask for
"""


def configure(parser: ArgumentParser) -> None:
    """Its options."""
    parser.description, parser.epilog = DESCRIPTION, EXAMPLES
    options.usage(parser, "[NAME|GLOB...] [OPTION...]")
    parser.add_argument("names", nargs="*", metavar="NAME", help="events by name, alias or glob")
    parser.add_argument("-c", "--category", metavar="CATEGORY", help="those of one category: file, net, process ...")
    parser.add_argument("-s", "--search", metavar="TEXT", help="those whose names, descriptions or arguments have TEXT")
    parser.add_argument("--fields", action="store_true", help="the fields of filters and columns, not the events")
    parser.add_argument("-o", "--output", choices=("table", "json"), default="table", help="json: one object per line")


def run(arguments: Namespace) -> int:
    """List, or explain."""
    from kindling.cli import listing

    return listing.run(arguments)
