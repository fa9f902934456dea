"""From the words of a filter to values of the type that the field has."""

from __future__ import annotations

import ipaddress
import re
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from fractions import Fraction
from functools import lru_cache

from kindling.probes.layout import FilterField
from kindling.stream.fields import Field, FieldType, nearest
from kindling.stream.filter.expression import EQUALITY, ORDER, Literal, Loose, Operator
from kindling.stream.filter.scanner import Word

_INTEGER = re.compile(rb"([+-]?)(?:0[xX]([0-9A-Fa-f]{1,32})|([0-9]{1,40}))")
_QUANTITY = re.compile(rb"([+-]?)([0-9]{1,40})(?:\.([0-9]{0,30}))?([A-Za-z]{0,4})")
_SIZES = {"k": 10, "m": 20, "g": 30, "t": 40}
_DURATIONS = {
    "": 1,
    "ns": 1,
    "us": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "min": 60_000_000_000,
    "h": 3_600_000_000_000,
    "d": 86_400_000_000_000,
}
_TIME = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:[Tt_ ](\d{2}:\d{2}(?::\d{2})?)(?:\.(\d{1,9}))?)?([Zz]|[+-]\d{2}:?\d{2})?", re.ASCII
)
_UNKNOWN_ERRNO = re.compile(r"E[0-9]{1,4}")


class LiteralError(ValueError):
    """A word that is no value of the field's type; the message says what would be."""


def literal(field: Field, operator: Operator, word: Word) -> Literal:
    """The value that `word` stands for. Raises LiteralError."""
    if field.type is FieldType.ANY and operator not in _PATTERNS:
        number = None if word.quoted else loose_number(word.text)
        if number is None and operator in ORDER:
            raise LiteralError(
                f"{_shown(word.text)} is no number: write 42, 0x2a, 0644 (octal), 4k or 1MiB (powers of 1024)"
            )
        return Loose(word.text, number)
    if field.type.textual or field.type is FieldType.ANY:
        return _text(field, operator, word)
    return _READERS[field.type](word.text)


_PATTERNS = frozenset(
    {
        Operator.CONTAINS,
        Operator.ICONTAINS,
        Operator.STARTSWITH,
        Operator.ENDSWITH,
        Operator.GLOB,
        Operator.IGLOB,
        Operator.PMATCH,
        Operator.REGEX,
    }
)


def _text(field: Field, operator: Operator, word: Word) -> bytes:
    value = word.text
    if operator is Operator.REGEX:
        regular(value)
    if operator in EQUALITY:
        if field.normal is not None:
            value = field.normal(value)
        text = value.decode("utf-8", "backslashreplace")
        unknown_errno = field.kernel is FilterField.RET and _UNKNOWN_ERRNO.fullmatch(text)
        if field.values and text not in field.values and not unknown_errno:
            near = nearest(text, field.values) or field.values[:40]
            raise LiteralError(f"{field.name} is never {text!r}; it can be {', '.join(near)}")
    return value


def regular(pattern: bytes) -> re.Pattern[str]:
    """The regular expression `pattern`. Raises LiteralError."""
    try:
        with warnings.catch_warnings():
            # About syntax that later versions of Python may read differently.
            warnings.simplefilter("ignore")
            return re.compile(pattern.decode("utf-8", "surrogateescape"), re.DOTALL)
    except (re.error, OverflowError, RecursionError, MemoryError) as error:
        raise LiteralError(f"not a regular expression: {error}") from None


def loose_number(text: bytes) -> int | None:
    """The number that a bare word compared with an argument stands for: 10, 0x1f, 0644 (octal), 4k; or none."""
    if re.fullmatch(rb"-?0[0-7]+", text):
        return int(text, 8)
    try:
        return _integer(text)
    except LiteralError:
        return None


def _checked(value: int) -> int:
    if not -(1 << 63) <= value < 1 << 63:
        raise LiteralError("a number beyond 64 bits")
    return value


def _integer(text: bytes) -> int:
    match = _INTEGER.fullmatch(text)
    if match:
        value = int(match[2], 16) if match[2] else int(match[3])
        return _checked(-value if match[1] == b"-" else value)
    amount, unit = _quantity(text)
    size = _SIZES.get(unit[:1].lower(), 0) if unit[1:].lower() in ("", "b", "ib") else 0
    if not size:
        raise LiteralError(f"{_shown(text)} is no number: write 42, 0x2a, 4k or 1MiB (powers of 1024)")
    return _whole(amount * (1 << size), text)


def _duration(text: bytes) -> int:
    value, unit = _quantity(text)
    if unit not in _DURATIONS:
        raise LiteralError(f"{_shown(text)} is no duration: write 250ns, 10us, 2.5ms, 1s, 3m, 1h or 1d")
    return _whole(value * _DURATIONS[unit], text)


def _quantity(text: bytes) -> tuple[Fraction, str]:
    match = _QUANTITY.fullmatch(text)
    if not match:
        return Fraction(0), "?"
    fraction = match[3] or b""
    value = Fraction(int(match[2] + fraction), 10 ** len(fraction))
    return -value if match[1] == b"-" else value, match[4].decode()


def _whole(value: Fraction, text: bytes) -> int:
    if value.denominator != 1:
        raise LiteralError(f"{_shown(text)} is no whole number of the field's unit")
    return _checked(value.numerator)


def _time(text: bytes) -> int:
    if _INTEGER.fullmatch(text):
        return _integer(text)
    examples = "2026-01-31, 2026-01-31T08:15:00.5, 2026-01-31T08:15:00+02:00 or nanoseconds since 1970"
    wrong = LiteralError(f"{_shown(text)} is no time: write {examples}")
    match = _TIME.fullmatch(text.decode("latin-1"))
    if not match:
        raise wrong
    zone = (match[4] or "Z").upper()
    try:
        moment = datetime.fromisoformat(f"{match[1]}T{match[2] or '00:00'}{'+00:00' if zone == 'Z' else zone}")
        seconds = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // _SECOND
    except (ValueError, OverflowError):
        raise wrong from None
    return _checked(seconds * 1_000_000_000 + int((match[3] or "0").ljust(9, "0")))


_SECOND = datetime(1970, 1, 1, 0, 0, 1) - datetime(1970, 1, 1)


def _boolean(text: bytes) -> bool:
    value = {b"true": True, b"1": True, b"false": False, b"0": False}.get(text.lower())
    if value is None:
        raise LiteralError(f"{_shown(text)} is neither true nor false")
    return value


def _address(text: bytes) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    value = network(text.decode("latin-1"))
    if value is None:
        raise LiteralError(f"{_shown(text)} is no address: write 10.1.2.3, 10.0.0.0/8, ::1 or fe80::/10")
    return value


def network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    """The network, or the address as a network of its own, that `text` names. v4-mapped addresses become IPv4."""
    try:
        value = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
    if isinstance(value, ipaddress.IPv6Network):
        if value.network_address.scope_id is not None:
            return None
        inner = value.network_address.ipv4_mapped
        if inner is not None and value.prefixlen >= 96:
            return ipaddress.IPv4Network((inner, value.prefixlen - 96))
    return value


@lru_cache(maxsize=65536)
def address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that a field holds, v4-mapped ones as IPv4; None if `text` is none."""
    try:
        value = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(value, ipaddress.IPv6Address):
        return value.ipv4_mapped or value
    return value


def _shown(text: bytes) -> str:
    return repr(text[:60].decode("utf-8", "backslashreplace"))


_READERS: dict[FieldType, Callable[[bytes], Literal]] = {
    FieldType.INTEGER: _integer,
    FieldType.DURATION: _duration,
    FieldType.TIME: _time,
    FieldType.BOOLEAN: _boolean,
    FieldType.ADDRESS: _address,
}
