"""What a comparison means: as a test of one value, and of a whole column of numbers."""

from __future__ import annotations

import re
from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Network
from typing import cast

import numpy as np
import numpy.typing as npt

from kindling.stream.arguments import text
from kindling.stream.fields import Field, FieldType, lookup
from kindling.stream.filter.expression import EQUALITY, NEGATIVE, ORDER, Loose, Operator, Test
from kindling.stream.filter.literals import address, network, regular

Match = Callable[[object], bool]
Vector = Callable[[npt.NDArray[np.int64]], npt.NDArray[np.bool_]]


def field_of(test: Test) -> Field:
    """The field whose values `test` compares: for names that have synonyms, all of them."""
    field = lookup(test.field)
    return field.identity if field.identity is not None and test.operator in EQUALITY else field


def matcher(test: Test) -> Match:
    """A function that says whether a value of the field, which is never None, fits."""
    field, operator = field_of(test), test.operator
    if operator is Operator.EXISTS:
        return lambda value: True
    one = _one(field, test)
    if field.many:
        if operator in NEGATIVE:
            return lambda value: not any(one(v) for v in cast("tuple[object, ...]", value))
        return lambda value: any(one(v) for v in cast("tuple[object, ...]", value))
    if field.type is FieldType.ANY:
        return _of_any(one, operator)
    if operator in NEGATIVE:
        return lambda value: not one(value)
    return one


def vector(test: Test) -> Vector:
    """The same for a column of numbers."""
    operator = test.operator
    if operator is Operator.EXISTS:
        return lambda values: np.ones(len(values), np.bool_)
    numbers = cast("tuple[int, ...]", test.values)
    if operator in (Operator.IN, Operator.NOT_IN):
        wanted = np.array(numbers, np.int64)
        return lambda values: np.isin(values, wanted, invert=operator is Operator.NOT_IN)
    function, number = _VECTORS[operator], np.int64(numbers[0])
    return lambda values: function(values, number)


_VECTORS: dict[Operator, Callable[..., npt.NDArray[np.bool_]]] = {
    Operator.EQ: np.equal,
    Operator.NE: np.not_equal,
    Operator.LT: np.less,
    Operator.LE: np.less_equal,
    Operator.GT: np.greater,
    Operator.GE: np.greater_equal,
}


def _one(field: Field, test: Test) -> Match:
    """The comparison with one value, in its positive form: `!=` as `=`, `not in` as `in`."""
    operator = test.operator
    if operator in EQUALITY:
        if field.type is FieldType.ANY:
            return _loosely(cast("tuple[Loose, ...]", test.values))
        if field.type is FieldType.ADDRESS:
            return _within(cast("tuple[IPv4Network | IPv6Network, ...]", test.values))
        wanted = frozenset(test.values)
        if field.type.textual:
            return lambda value: text(value) in wanted
        return lambda value: value in wanted
    if operator in ORDER:
        compare = _ORDERS[operator]
        if field.type is FieldType.ANY:
            limit = cast(Loose, test.values[0]).number
            return lambda value: (number := _number(value)) is not None and compare(number, limit)
        bound = test.values[0]
        return lambda value: compare(value, bound)
    return _pattern(operator, cast("tuple[bytes, ...]", test.values))


_ORDERS: dict[Operator, Callable[..., bool]] = {
    Operator.LT: lambda a, b: a < b,
    Operator.LE: lambda a, b: a <= b,
    Operator.GT: lambda a, b: a > b,
    Operator.GE: lambda a, b: a >= b,
}


def _of_any(one: Match, operator: Operator) -> Match:
    def match(value: object) -> bool:
        parts = value if isinstance(value, list) else (value,)
        return any(one(part) for part in parts) != (operator in NEGATIVE)

    return match


def _loosely(values: tuple[Loose, ...]) -> Match:
    texts = frozenset(value.text for value in values)
    numbers = frozenset(value.number for value in values if value.number is not None)
    found = (network(value.text.decode("latin-1")) for value in values if b"/" in value.text)
    networks = _within(tuple(n for n in found if n is not None))

    def match(value: object) -> bool:
        if isinstance(value, bool):
            return (b"true" if value else b"false") in texts or int(value) in numbers
        return text(value) in texts or _number(value) in numbers or networks(value)

    return match


def _number(value: object) -> int | float | None:
    """The number that an argument stands for: addresses are shown as 0x..., permission bits as 0644."""
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return value
    if isinstance(value, str):
        if re.fullmatch("-?0x[0-9a-f]+", value):
            return int(value, 16)
        if re.fullmatch("0[0-7]+", value):
            return int(value, 8)
    return None


def _within(networks: tuple[IPv4Network | IPv6Network, ...]) -> Match:
    def match(value: object) -> bool:
        found = address(value) if networks and isinstance(value, str) else None
        return found is not None and any(found in network for network in networks)

    return match


def _pattern(operator: Operator, values: tuple[bytes, ...]) -> Match:
    if operator is Operator.PMATCH:
        prefixes = tuple(value.rstrip(b"/") for value in values)
        exact, below = frozenset(prefixes), tuple(prefix + b"/" for prefix in prefixes)
        return lambda value: (path := text(value)) in exact or path.startswith(below)
    wanted = values[0]
    if operator is Operator.CONTAINS:
        return lambda value: wanted in text(value)
    if operator is Operator.ICONTAINS:
        lower = wanted.lower()
        return lambda value: lower in text(value).lower()
    if operator is Operator.STARTSWITH:
        return lambda value: text(value).startswith(wanted)
    if operator is Operator.ENDSWITH:
        return lambda value: text(value).endswith(wanted)
    pattern = regular(wanted) if operator is Operator.REGEX else glob(wanted, operator is Operator.IGLOB)
    return lambda value: pattern.fullmatch(text(value).decode("utf-8", "surrogateescape")) is not None


def glob(pattern: bytes, ignore_case: bool = False) -> re.Pattern[str]:
    """The shell pattern as fnmatch(3) reads it: * and ? match slashes too, [a-z], [!a-z], \\ quotes the next."""
    source = pattern.decode("utf-8", "surrogateescape")
    out: list[str] = []
    pieces: list[str] = []
    at = 0
    while at < len(source):
        character = source[at]
        at += 1
        if character == "*":
            pieces.append("".join(out))
            out = []
        elif character == "?":
            out.append(".")
        elif character == "\\" and at < len(source):
            out.append(re.escape(source[at]))
            at += 1
        elif character == "[" and (closed := _bracket(source, at)) is not None:
            part, at = closed
            out.append(part)
        else:
            out.append(re.escape(character))
    flags = re.DOTALL | (re.IGNORECASE | re.ASCII if ignore_case else re.NOFLAG)
    last = "".join(out)
    if not pieces:
        return re.compile(last, flags)
    # What stands between two stars may match at its first place for good, so that no name, however hostile, takes long.
    middle = "".join(f"(?>.*?{piece})" for piece in pieces[1:] if piece)
    return re.compile(f"{pieces[0]}{middle}.*{last}", flags)


def _bracket(source: str, at: int) -> tuple[str, int] | None:
    """The set that begins after a bracket, as part of a regular expression, and where it ends; None if it does not."""
    start = at
    if source.startswith(("!", "^"), at):
        at += 1
    first = at
    while at < len(source) and (source[at] != "]" or at == first):
        at += 1
    if at >= len(source):
        return None
    members = source[first:at]
    parts: list[str] = []
    place = 0
    while place < len(members):
        low = members[place]
        if members[place + 1 : place + 2] == "-" and place + 2 < len(members):
            high = members[place + 2]
            # A range that runs backwards has no members.
            if low <= high:
                parts.append(f"{re.escape(low)}-{re.escape(high)}")
            place += 3
        else:
            parts.append(re.escape(low))
            place += 1
    body = "".join(parts)
    if first > start:
        return (f"[^{body}]" if body else "."), at + 1
    return (f"[{body}]" if body else "(?!)"), at + 1
