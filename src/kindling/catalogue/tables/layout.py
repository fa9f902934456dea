"""Words in which tables are written: names from text, structures laid out as C does, sets of bits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kindling.catalogue.types import Array, Bytes, Call, Capture, Member, Scalar, Structure, Type, Value

_NO_CALL = Call({})


def names(text: str) -> dict[str, int]:
    """Names and numbers ("0x" for hexadecimal) in turn, separated by white space."""
    words = text.split()
    return {name: int(number, 0) for name, number in zip(words[::2], words[1::2], strict=True)}


def _alignment(type: Type, machine: str) -> int:
    if isinstance(type, Scalar):
        return type.size
    if isinstance(type, Array):
        return _alignment(type.of, machine)
    if isinstance(type, Structure):
        return max(_alignment(member.type, machine) for member in type.members)
    return 1


def layout(name: str, **members: Type) -> Structure:
    """A structure with its members at their natural alignment, as C lays them out on 64-bit machines.

    Members whose name starts with "pad" only take their place. For packed structures, and those that
    differ by machine, write the offsets out.
    """
    machine = "x86_64"
    at, widest, shown = 0, 1, []
    for member, type in members.items():
        alignment = _alignment(type, machine)
        widest = max(widest, alignment)
        at = -(-at // alignment) * alignment
        if not member.startswith("pad"):
            shown.append(Member(member, at, type))
        at += type.size_on(machine)
    return Structure(name, -(-at // widest) * widest, tuple(shown))


def merged(*tables: Mapping[str, int]) -> dict[str, int]:
    """Several tables of names as one; where a name is in two of them, the last one counts."""
    result: dict[str, int] = {}
    for table in tables:
        result |= table
    return result


@dataclass(frozen=True, slots=True)
class BitSet(Type):
    """A bitmap as the list of the numbers that are set: [0, 3]. It has as many bits as the argument `count` says.

    `beyond` is added to the count where the kernel counts differently. No capture can divide by eight, so what is
    copied is `size` bytes or, if that is zero, a byte per bit up to `limit`; the bits beyond `count` are cut off here.
    """

    count: str
    beyond: int = 0
    size: int = 0
    limit: int = 1024

    def captures(self, machine: str = "x86_64") -> tuple[Capture, ...]:
        return Bytes(self.size or self.count, limit=self.size or self.limit).captures(machine)

    def decode(self, raw: int, data: Sequence[bytes | None] = (), call: Call = _NO_CALL) -> Value:
        if not data or data[0] is None:
            return None
        count = (call.raw.get(self.count, 0) & 0xFFFF_FFFF) + self.beyond
        width = min(max(count, 0), len(data[0]) * 8)
        bits = int.from_bytes(data[0], "little") & ((1 << width) - 1)
        numbers: list[Value] = []
        while bits:
            lowest = bits & -bits
            numbers.append(lowest.bit_length() - 1)
            bits ^= lowest
        return numbers

    def schema(self) -> dict[str, object]:
        return {"type": ["array", "null"], "items": {"type": "integer"}}

    def meaning(self) -> str:
        return "set of numbers"
