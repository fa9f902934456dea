"""`kindling completion` at work: the scripts of three shells, made from the parsers and the catalogue."""

from __future__ import annotations

import argparse
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from kindling.catalogue.registry import catalogue
from kindling.cli.output import Target
from kindling.cli.parser import COMMANDS, TAKES_COMMAND, parser_of


@dataclass(frozen=True, slots=True)
class Option:
    """One option: its spellings, what it is for, and what may follow it ("" for nothing, else one of `VALUES`)."""

    names: tuple[str, ...]
    help: str
    value: str = ""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Completed:
    """What can be completed of a command. `positional` is one of `VALUES`, "" where nothing can be offered."""

    name: str
    summary: str
    options: tuple[Option, ...]
    positional: str
    choices: tuple[str, ...]
    takes_command: bool


EVENTS, FILES, PIDS, FIELDS, CATEGORIES, CHOICES, OTHER = (
    "events",
    "files",
    "pids",
    "fields",
    "categories",
    "choices",
    "other",
)
VALUES = (EVENTS, FILES, PIDS, FIELDS, CATEGORIES, CHOICES, OTHER)

_BY_METAVAR: Mapping[str, str] = {
    "EVENT": EVENTS, "NAME": OTHER, "FILE": FILES, "SOURCE": FILES, "TARGET": FILES, "PID": PIDS, "FILTER": FIELDS,
    "CATEGORY": CATEGORIES,
}  # fmt: skip


def run(arguments: Namespace) -> int:
    """Write the script of a shell."""
    Target(None).write(SCRIPTS[arguments.shell]())
    return 0


def completed() -> list[Completed]:
    """All commands, as their parsers have them."""
    found = []
    for command in COMMANDS:
        options: list[Option] = []
        positional = ""
        choices: tuple[str, ...] = ()
        for action in parser_of(command)._actions:
            words = tuple(str(choice) for choice in action.choices or ())
            value = CHOICES if words else _BY_METAVAR.get(str(action.metavar), OTHER)
            if action.option_strings:
                takes = action.nargs != 0 and not isinstance(action, argparse._HelpAction)
                text = (action.help or "").replace("%(default)s", str(action.default))
                options.append(Option(tuple(action.option_strings), text, value if takes else "", words))
            else:
                # Of several the last is offered: a capture file comes first and is found by any shell.
                positional = EVENTS if command.NAME == "events" else value
                choices = words
        if command.NAME == "replay":
            positional = FILES
        found.append(
            Completed(command.NAME, command.SUMMARY, tuple(options), positional, choices, command.NAME in TAKES_COMMAND)
        )
    return found


def events() -> list[str]:
    """What can stand for events: names, categories and sources."""
    known = catalogue()
    names = sorted(definition.name for definition in known)
    kinds = [f"category:{category}" for category in known.categories()]
    return names + kinds + sorted({f"source:{definition.source}" for definition in known})


def fields() -> list[str]:
    """The names of the filter fields."""
    from kindling.stream.fields import fields

    return [field.name for field in fields()]


def categories() -> list[str]:
    """The names of the categories."""
    return [str(category) for category in catalogue().categories()]


# bash -----------------------------------------------------------------------------------------------------------------


def bash() -> str:
    """The script of bash. It needs no bash-completion package."""
    cases = []
    for command in completed():
        names = " ".join(name for option in command.options for name in option.names)
        values = "".join(
            f"            {'|'.join(option.names)}) {_bash_value(option.value, option.choices)}; return ;;\n"
            for option in command.options
            if option.value
        )
        cases.append(
            f"    {command.name})\n"
            f'        case "$previous" in\n{values}        esac\n'
            f'        if [[ "$current" == -* ]]; then COMPREPLY=($(compgen -W "{names}" -- "$current")); return; fi\n'
            f"        {_bash_value(command.positional, command.choices)}\n"
            "        ;;\n"
        )
    names = " ".join(command.NAME for command in COMMANDS)
    traced = "|".join(sorted(TAKES_COMMAND))
    return f"""\
# bash completion of kindling; made by `kindling completion bash`

_kindling_events="{" ".join(events())}"
_kindling_fields="{" ".join(fields())}"
_kindling_categories="{" ".join(categories())}"

# A colon separates words in bash: of "category:n" it sees "n" alone, so offered words lose what stands before it too.
_kindling_offer() {{
    local typed="$current" prefix=""
    local line="${{COMP_LINE:0:COMP_POINT}}"
    local word="${{line##*[[:space:]]}}"
    if [[ "$word" == *:* && "$COMP_WORDBREAKS" == *:* ]]; then prefix="${{word%:*}}:"; typed="$word"; fi
    COMPREPLY=($(compgen -W "$1" -- "$typed"))
    COMPREPLY=("${{COMPREPLY[@]#"$prefix"}}")
}}

_kindling() {{
    local current="${{COMP_WORDS[COMP_CWORD]}}" previous="${{COMP_WORDS[COMP_CWORD-1]}}" command="${{COMP_WORDS[1]}}"
    local index
    COMPREPLY=()
    if [[ $COMP_CWORD -eq 1 ]]; then
        COMPREPLY=($(compgen -W "{names} --help --version" -- "$current"))
        return
    fi
    case "$command" in
    {traced})
        for ((index = 2; index < COMP_CWORD; index++)); do
            if [[ "${{COMP_WORDS[index]}}" == -- ]]; then
                if [[ $((index + 1)) -eq $COMP_CWORD ]]; then COMPREPLY=($(compgen -c -- "$current"))
                else COMPREPLY=($(compgen -f -- "$current")); fi
                return
            fi
        done
        ;;
    esac
    case "$command" in
{"".join(cases)}    esac
}}

complete -o filenames -o bashdefault -F _kindling kindling
"""


def _bash_value(value: str, choices: Sequence[str]) -> str:
    return {
        EVENTS: '_kindling_offer "$_kindling_events"',
        FILES: 'COMPREPLY=($(compgen -f -- "$current"))',
        PIDS: """COMPREPLY=($(compgen -W "$(cd /proc && echo [0-9]*)" -- "$current"))""",
        FIELDS: '_kindling_offer "$_kindling_fields"',
        CATEGORIES: '_kindling_offer "$_kindling_categories"',
        CHOICES: f'COMPREPLY=($(compgen -W "{" ".join(choices)}" -- "$current"))',
    }.get(value, ":")


# zsh ------------------------------------------------------------------------------------------------------------------


def zsh() -> str:
    """The script of zsh."""
    functions = []
    for command in completed():
        lines = []
        for option in command.options:
            text = _zsh_quoted(option.help)
            value = f":{option.value}:{_zsh_value(option.value, option.choices)}" if option.value else ""
            # An option that may stand several times must not exclude itself.
            names = "{" + ",".join(option.names) + "}" if len(option.names) > 1 else option.names[0]
            lines.append(f"        '*'{names}'[{text}]{value}' \\\n")
        if command.takes_command:
            lines.append("        '(-)--[the command to trace]:command:_normal' \\\n")
        positional = _zsh_value(command.positional, command.choices) if command.positional else ""
        lines.append(f"        '*:argument:{positional}'\n")
        functions.append(f"_kindling_{command.name}() {{\n    _arguments -S \\\n{''.join(lines)}}}\n")
    listed = "\n".join(f"        '{command.NAME}:{_zsh_quoted(command.SUMMARY)}'" for command in COMMANDS)
    return f"""\
#compdef kindling
# zsh completion of kindling; made by `kindling completion zsh`

_kindling_events() {{ compadd -- {" ".join(events())} }}
_kindling_fields() {{ compadd -- {" ".join(fields())} }}
_kindling_categories() {{ compadd -- {" ".join(categories())} }}

{"".join(functions)}
_kindling() {{
    local -a commands
    commands=(
{listed}
    )
    if (( CURRENT == 2 )); then
        _describe command commands
        return
    fi
    local after=${{words[(i)--]}}
    if (( after < CURRENT )); then
        shift $after words
        (( CURRENT -= after ))
        _normal
        return
    fi
    local name=$words[2]
    shift words
    (( CURRENT-- ))
    (( $+functions[_kindling_$name] )) && _kindling_$name
}}

if [ "$funcstack[1]" = "_kindling" ]; then _kindling "$@"; else compdef _kindling kindling; fi
"""


def _zsh_quoted(text: str) -> str:
    for character in "\\[]:":
        text = text.replace(character, f"\\{character}")
    return text.replace("'", "'\\''")


def _zsh_value(value: str, choices: Sequence[str]) -> str:
    return {
        EVENTS: "_kindling_events",
        FILES: "_files",
        PIDS: "_pids",
        FIELDS: "_kindling_fields",
        CATEGORIES: "_kindling_categories",
        CHOICES: f"({' '.join(choices)})",
    }.get(value, " ")


# fish -----------------------------------------------------------------------------------------------------------------


def fish() -> str:
    """The script of fish."""
    lines = [
        "# fish completion of kindling; made by `kindling completion fish`",
        "",
        f"set -g __kindling_events {' '.join(events())}",
        f"set -g __kindling_fields {' '.join(fields())}",
        f"set -g __kindling_categories {' '.join(categories())}",
        "",
        "function __kindling_after_dashes",
        "    contains -- -- (commandline -opc)",
        "end",
        "",
        "complete -c kindling -f",
        "complete -c kindling -n __kindling_after_dashes -xa '(__fish_complete_subcommand)'",
        "complete -c kindling -n __fish_use_subcommand -l version -d 'show the version'",
        "complete -c kindling -n __fish_use_subcommand -l help -s h -d 'show help'",
    ]
    for command in completed():
        lines.append(
            f"complete -c kindling -n __fish_use_subcommand -a {command.name} -d {_fish_quoted(command.summary)}"
        )
        here = f"-n '__fish_seen_subcommand_from {command.name}; and not __kindling_after_dashes'"
        if command.positional:
            lines.append(f"complete -c kindling {here} {_fish_value(command.positional, command.choices)}")
        for option in command.options:
            names = " ".join(f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in option.names)
            value = f" -r {_fish_value(option.value, option.choices)}" if option.value else ""
            lines.append(f"complete -c kindling {here} {names}{value} -d {_fish_quoted(option.help)}")
    return "\n".join(lines) + "\n"


def _fish_quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _fish_value(value: str, choices: Sequence[str]) -> str:
    return {
        EVENTS: "-fa '$__kindling_events'",
        FILES: "-F",
        PIDS: "-fa '(__fish_complete_pids)'",
        FIELDS: "-fa '$__kindling_fields'",
        CATEGORIES: "-fa '$__kindling_categories'",
        CHOICES: f"-fa '{' '.join(choices)}'",
    }.get(value, "-f")


SCRIPTS: Mapping[str, Callable[[], str]] = {"bash": bash, "zsh": zsh, "fish": fish}
