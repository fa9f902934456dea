"""What a filter says, as a tree of frozen nodes; and the same written out in its normal form.

`And` and `Or` hold at least two operands and none of their own kind; `Not` never holds a `Not`. So filters that are
written differently but read the same have equal trees.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from typing import TypeAlias

from kindling.stream.fields import FieldType, lookup


class Operator(StrEnum):
    """How a field is compared. The values are what is written in a filter."""

    EQ = "="
    NE = "!="
    LT = "<"
    LE = "<="
    GT = ">"
    GE = ">="
    IN = "in"
    NOT_IN = "not in"
    CONTAINS = "contains"
    ICONTAINS = "icontains"
    STARTSWITH = "startswith"
    ENDSWITH = "endswith"
    GLOB = "glob"
    IGLOB = "iglob"
    PMATCH = "pmatch"
    REGEX = "regex"
    EXISTS = "exists"


EQUALITY = frozenset({Operator.EQ, Operator.NE, Operator.IN, Operator.NOT_IN})
ORDER = frozenset({Operator.LT, Operator.LE, Operator.GT, Operator.GE})
LISTS = frozenset({Operator.IN, Operator.NOT_IN, Operator.PMATCH})
NEGATIVE = frozenset({Operator.NE, Operator.NOT_IN})


@dataclass(frozen=True, slots=True)
class Loose:
    """What an argument is compared with: its text, and the number it may stand for (none if it was quoted)."""

    text: bytes
    number: int | None = None


Literal: TypeAlias = "bytes | int | bool | IPv4Network | IPv6Network | Loose"


@dataclass(frozen=True, slots=True)
class Test:
    """One comparison. `field` is the full name; `values` is one literal, none for `exists`, any number for lists."""

    # pytest would take the name for a class of tests.
    __test__ = False

    field: str
    operator: Operator
    values: tuple[Literal, ...] = ()

    def __str__(self) -> str:
        if self.operator is Operator.EXISTS:
            return f"{self.field} exists"
        kind = lookup(self.field).type
        words = [_literal(value, kind) for value in self.values]
        if self.operator in LISTS:
            return f"{self.field} {self.operator} ({', '.join(words)})"
        return f"{self.field} {self.operator} {words[0]}"


@dataclass(frozen=True, slots=True)
class Not:
    """True where the operand is not."""

    operand: Expression

    def __str__(self) -> str:
        return f"not {self.operand}" if isinstance(self.operand, Test) else f"not ({self.operand})"


@dataclass(frozen=True, slots=True)
class And:
    """True where all operands are."""

    operands: tuple[Expression, ...]

    def __str__(self) -> str:
        return " and ".join(f"({o})" if isinstance(o, Or) else str(o) for o in self.operands)


@dataclass(frozen=True, slots=True)
class Or:
    """True where any operand is."""

    operands: tuple[Expression, ...]

    def __str__(self) -> str:
        return " or ".join(map(str, self.operands))


Expression: TypeAlias = "Test | Not | And | Or"


def negate(operand: Expression) -> Expression:
    """The opposite of `operand`."""
    return operand.operand if isinstance(operand, Not) else Not(operand)


def both(operands: list[Expression]) -> Expression:
    """All of `operands`, at least one."""
    flat = [part for o in operands for part in (o.operands if isinstance(o, And) else (o,))]
    return flat[0] if len(flat) == 1 else And(tuple(flat))


def either(operands: list[Expression]) -> Expression:
    """Any of `operands`, at least one."""
    flat = [part for o in operands for part in (o.operands if isinstance(o, Or) else (o,))]
    return flat[0] if len(flat) == 1 else Or(tuple(flat))


def tests(expression: Expression) -> list[Test]:
    """Every comparison in `expression`, from left to right."""
    if isinstance(expression, Test):
        return [expression]
    if isinstance(expression, Not):
        return tests(expression.operand)
    return [test for operand in expression.operands for test in tests(operand)]


_BARE = re.compile(rb"[A-Za-z_/*.][\w./*?:@+\-]*")
_WORDS = {b"and", b"or", b"not"}
_ESCAPES = {ord('"'): '\\"', ord("\\"): "\\\\", 10: "\\n", 13: "\\r", 9: "\\t"}


def quote(text: bytes) -> str:
    """`text` as a filter writes it: bare where that is safe, else quoted; bytes that are not UTF-8 as \\xHH."""
    if _BARE.fullmatch(text) and text.lower() not in _WORDS:
        return text.decode("ascii")
    out: list[str] = []
    for character in text.decode("utf-8", "surrogateescape"):
        code = ord(character)
        if code in _ESCAPES:
            out.append(_ESCAPES[code])
        elif 0xDC80 <= code <= 0xDCFF:
            out.append(f"\\x{code - 0xDC00:02x}")
        elif code < 32 or code == 127:
            out.append(f"\\x{code:02x}")
        else:
            out.append(character)
    return f'"{"".join(out)}"'


_UNITS = ((1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "us"), (1, "ns"))


def _literal(value: Literal, kind: FieldType) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        if kind is FieldType.DURATION and value:
            size, unit = next((s, u) for s, u in _UNITS if value % s == 0)
            return f"{value // size}{unit}"
        if kind is FieldType.TIME:
            return _time(value)
        return str(value)
    if isinstance(value, bytes):
        return quote(value)
    if isinstance(value, Loose):
        # What was bare and a number must stay bare to be one again.
        return quote(value.text) if value.number is None else value.text.decode("ascii")
    return str(value.network_address) if value.prefixlen == value.max_prefixlen else str(value)


def _time(nanoseconds: int) -> str:
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    try:
        moment = datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError):
        return str(nanoseconds)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{rest:09d}Z" if moment.year >= 1000 else str(nanoseconds)
