"""`kindling completion`: scripts that complete command lines in a shell."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from kindling.cli import options

NAME = "completion"
SUMMARY = "print the completion script of a shell"

SHELLS = ("bash", "zsh", "fish")

DESCRIPTION = """\
Print a script that completes kindling's commands, options, events and categories in your shell.
"""

EXAMPLES = """\
examples:
  kindling completion bash >/etc/bash_completion.d/kindling
  kindling completion zsh >"${fpath[1]}/_kindling"
  kindling completion fish >~/.config/fish/completions/kindling.fish
"""


def configure(parser: ArgumentParser) -> None:
    """Its options."""
    parser.description, parser.epilog = DESCRIPTION, EXAMPLES
    options.usage(parser, "bash|zsh|fish")
    parser.add_argument("shell", choices=SHELLS, help="the shell")


def run(arguments: Namespace) -> int:
    """Print it."""
    from kindling.cli import scripts

    return scripts.run(arguments)
