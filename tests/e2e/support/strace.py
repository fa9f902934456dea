"""Reads what `strace -ff -v -xx -X abbrev` writes, one file per thread, into calls with their arguments as trees.

A value is an int, bytes (a string), None (NULL), a list, a dict (a structure), or one of the classes below. Whatever
the grammar does not know is an error: nothing that strace said is passed over in silence.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias


@dataclass(frozen=True)
class Symbols:
    """Names joined by "|": flags, or a single one of an enumeration. Bits without a name are numbers."""

    names: tuple[str, ...]

    def __str__(self) -> str:
        return "|".join(self.names)


@dataclass(frozen=True)
class Function:
    """A value that strace writes as a call: makedev(0xfe, 0), htons(80), inet_addr("127.0.0.1")."""

    name: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True)
class Cut:
    """A string of which strace wrote only the beginning."""

    start: bytes


@dataclass(frozen=True)
class Changed:
    """A value that the call changed: before and after."""

    before: Node
    after: Node


@dataclass(frozen=True)
class Not:
    """Everything but this: the complement of a signal set."""

    value: Node


@dataclass(frozen=True)
class More:
    """ "...": strace left out the rest of a list or structure."""


@dataclass(frozen=True)
class Abstract:
    """The name of an abstract unix socket, without its leading NUL."""

    name: bytes


Node: TypeAlias = (
    "int | bytes | list[Node] | dict[str, Node] | Symbols | Function | Cut | Changed | Not | More | Abstract | None"
)


@dataclass(frozen=True)
class Call:
    """One system call. `ret` is None where strace wrote "?"; `note` is what followed the result in parentheses."""

    name: str
    arguments: tuple[Node, ...]
    named: dict[str, Node]
    ret: int | None
    errno: str | None
    note: str
    text: str

    @property
    def unfinished(self) -> bool:
        """Whether the thread was killed in the call. Those that end a thread do not return either."""
        return self.ret is None and self.errno is None and self.name not in ("exit", "exit_group")


@dataclass(frozen=True)
class Signal:
    """A signal that reached the thread."""

    name: str
    info: dict[str, Node]
    text: str

    @property
    def number(self) -> Node:
        return Symbols((self.name,))


@dataclass(frozen=True)
class End:
    """The thread's end: its exit status, or the signal that killed the process."""

    status: int | None
    signal: str | None
    text: str

    @property
    def shown(self) -> Node:
        """As strace shows the status that a waiting parent gets."""
        if self.signal is None:
            return Function("expression", (f"WIFEXITED(s) && WEXITSTATUS(s) == {self.status}".encode(),))
        core = " && WCOREDUMP(s)" if "core dumped" in self.text else ""
        return Function("expression", (f"WIFSIGNALED(s) && WTERMSIG(s) == {self.signal}{core}".encode(),))


Line: TypeAlias = Call | Signal | End


class GrammarError(ValueError):
    """A line that this module does not understand."""


@dataclass
class _Scanner:
    text: str
    at: int = 0
    named: dict[str, Node] = field(default_factory=dict)

    def fail(self, wanted: str) -> GrammarError:
        return GrammarError(
            f"{wanted} expected at {self.at}: {self.text[self.at : self.at + 60]!r} in {self.text[:400]!r}"
        )

    def skip(self) -> None:
        while True:
            if self.text.startswith(" ", self.at):
                self.at += 1
            elif self.text.startswith("/*", self.at):
                self.at = self.text.index("*/", self.at) + 2
            else:
                return

    def take(self, token: str) -> bool:
        self.skip()
        if self.text.startswith(token, self.at):
            self.at += len(token)
            return True
        return False

    def need(self, token: str) -> None:
        if not self.take(token):
            raise self.fail(repr(token))

    def match(self, pattern: re.Pattern[str]) -> str | None:
        self.skip()
        found = pattern.match(self.text, self.at)
        if found is None:
            return None
        self.at = found.end()
        return found.group()


_NUMBER = re.compile(r"-?(?:0x[0-9a-fA-F]+|\d+(?:\.\d+)?)(?![\w])")
_HARDWARE_ADDRESS = re.compile(r"[0-9a-f]{2}(?::[0-9a-f]{2})+(?![\w:])")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MEMBER = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*(?=\s*=(?!=))")
_POSITION = re.compile(r"\[[A-Z0-9_+-]+(?:\s*/\*.*?\*/\s*)?\](?=\s*=(?!=))")
_STRING = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_EXPRESSION = re.compile(r"\s*(?:&&|==|\s&\s|<<|\bor\b)")


def _string(scanner: _Scanner) -> Node:
    found = scanner.match(_STRING)
    if found is None:
        raise scanner.fail("a string")
    value = bytes.fromhex(found[1:-1].replace("\\x", ""))
    if scanner.text.startswith("...", scanner.at):
        scanner.at += 3
        return Cut(value)
    return value


def number(text: str) -> int:
    """A number as strace writes it: decimal, hexadecimal, or octal with a leading zero."""
    digits = text.lstrip("-")
    if digits.startswith("0x"):
        value = int(digits, 16)
    elif digits.startswith("0") and digits.isdigit():
        value = int(digits, 8)
    else:
        value = int(digits)
    return -value if text.startswith("-") else value


def _atom(scanner: _Scanner) -> Node:
    scanner.skip()
    text, at = scanner.text, scanner.at
    if text.startswith("...", at):
        scanner.at += 3
        return More()
    head = text[at : at + 1]
    if head == '"':
        return _string(scanner)
    if head == "@":
        scanner.at += 1
        inner = _string(scanner)
        if not isinstance(inner, bytes):
            raise scanner.fail("a whole name")
        return Abstract(inner)
    if head == "[":
        scanner.at += 1
        return _list(scanner)
    if head == "{":
        scanner.at += 1
        return _structure(scanner)
    if head == "~":
        scanner.at += 1
        return Not(_atom(scanner))
    if head == "&":
        scanner.at += 1
        return _atom(scanner)
    hardware = scanner.match(_HARDWARE_ADDRESS)
    if hardware is not None:
        return Symbols((hardware,))
    written = scanner.match(_NUMBER)
    if written is not None:
        return number(written) * (1024 if scanner.take("*1024") else 1)
    name = scanner.match(_NAME)
    if name is None:
        raise scanner.fail("a value")
    if name == "NULL":
        return None
    if name == "struct":
        return _atom(scanner)
    if scanner.text.startswith("(", scanner.at):
        scanner.at += 1
        return Function(name, tuple(_until(scanner, ")")))
    return Symbols((name,))


def _expression(scanner: _Scanner) -> Node:
    """Flags joined by "|", and the expressions of wait statuses and shifted bits, which are kept as text."""
    start = scanner.at
    value = _atom(scanner)
    parts: list[str] = []
    while True:
        if _EXPRESSION.match(scanner.text, scanner.at):
            while found := _EXPRESSION.match(scanner.text, scanner.at):
                scanner.at = found.end()
                _atom(scanner)
            value = Function("expression", (scanner.text[start : scanner.at].strip().encode(),))
        if scanner.text.startswith("|", scanner.at):
            parts.append(_written(value, scanner.text[start : scanner.at]))
            scanner.at += 1
            scanner.skip()
            start = scanner.at
            value = _atom(scanner)
            continue
        break
    if parts:
        parts.append(_written(value, scanner.text[start : scanner.at]))
        return Symbols(tuple(parts))
    return value


def _written(value: Node, text: str) -> str:
    return re.sub(r"\s*/\*.*?\*/\s*", "", text).strip() if not isinstance(value, Symbols) else str(value)


def _value(scanner: _Scanner) -> Node:
    value = _expression(scanner)
    if scanner.take("=>"):
        return Changed(value, _value(scanner))
    return value


def _list(scanner: _Scanner) -> list[Node]:
    return list(_until(scanner, "]"))


def _until(scanner: _Scanner, end: str) -> Iterator[Node]:
    """Values up to `end`; strace separates them by commas, in sets by blanks."""
    while not scanner.take(end):
        if scanner.match(_MEMBER) is not None or scanner.match(_POSITION) is not None:
            scanner.need("=")
        yield _value(scanner)
        scanner.take(",")


def _structure(scanner: _Scanner) -> dict[str, Node]:
    members: dict[str, Node] = {}
    unnamed = 0
    while not scanner.take("}"):
        name = scanner.match(_MEMBER)
        if name is not None:
            scanner.need("=")
        else:
            name = str(unnamed)
            unnamed += 1
        if scanner.text[scanner.at :].lstrip().startswith("inet_pton("):
            # inet_pton(AF_INET6, "::1", &sin6_addr) stands where a member does, and names it at its end.
            function = _value(scanner)
            members["sin6_addr"] = function
        else:
            members[name] = _value(scanner)
        scanner.take(",")
    return members


_RESULT = re.compile(r"\s*= (?P<ret>\?|-?(?:0x[0-9a-f]+|\d+))(?: (?P<errno>E[A-Z0-9_]+))?(?: \((?P<note>.*)\))?$")
_SIGNAL = re.compile(r"--- (?P<name>\w+) (?P<info>\{.*\}) ---$")
_EXITED = re.compile(r"\+\+\+ exited with (\d+) \+\+\+$")
_KILLED = re.compile(r"\+\+\+ killed by (\w+)(?: \(core dumped\))? \+\+\+$")
_NAMED = re.compile(r"([a-z_]+)=")


def parse_line(line: str) -> Line | None:
    """One line; None for lines that tell of the tracing itself (job control stops). Raises GrammarError."""
    if found := _SIGNAL.match(line):
        info = _atom(_Scanner(found["info"]))
        assert isinstance(info, dict)
        return Signal(found["name"], info, line)
    if found := _EXITED.match(line):
        return End(int(found[1]), None, line)
    if found := _KILLED.match(line):
        return End(None, found[1], line)
    if line.startswith(("--- stopped by", "+++ superseded")):
        return None
    return _call(line)


def _call(line: str) -> Call:
    scanner = _Scanner(line)
    name = scanner.match(_NAME)
    if name is None:
        raise scanner.fail("the name of a call")
    scanner.need("(")
    arguments: list[Node] = []
    named: dict[str, Node] = {}
    if scanner.take("<... resuming interrupted"):
        scanner.at = line.index(")", scanner.at)
    unfinished = False
    while not scanner.take(")"):
        if scanner.take("<unfinished ...>"):
            unfinished = True
            scanner.take(")")
            break
        label = scanner.match(_MEMBER)
        if label is not None:
            scanner.need("=")
        value = _value(scanner)
        arguments.append(value)
        if label is not None:
            named[label] = value
        scanner.take(",")
    rest = line[scanner.at :]
    if unfinished and not rest.strip():
        return Call(name, tuple(arguments), named, None, None, "", line)
    result = _RESULT.match(rest)
    if result is None:
        raise scanner.fail("a result")
    ret = None if result["ret"] == "?" else number(result["ret"])
    return Call(name, tuple(arguments), named, ret, result["errno"], result["note"] or "", line)


def parse_note(note: str) -> dict[str, Node]:
    """What strace writes after the result of select and poll: "in [3], left {...}", or a list alone under ""."""
    scanner = _Scanner(note)
    found: dict[str, Node] = {}
    if note == "Timeout":
        return found
    while scanner.at < len(note):
        name = scanner.match(_NAME) or ""
        found[name] = _value(scanner)
        scanner.take(",")
        scanner.skip()
    return found


def threads(prefix: Path, keep: Callable[[str], bool] = lambda _: True) -> dict[int, list[Line]]:
    """The lines of every thread, from the files PREFIX.TID."""
    found: dict[int, list[Line]] = {}
    for path in sorted(prefix.parent.glob(prefix.name + ".*")):
        lines = path.read_text(encoding="latin-1").splitlines()
        found[int(path.suffix[1:])] = [
            parsed for line in lines if keep(line) and (parsed := parse_line(line)) is not None
        ]
    return found
