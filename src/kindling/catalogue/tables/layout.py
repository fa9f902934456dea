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


def numbered(names: str, start: int = 0, prefix: str = "") -> dict[str, int]:
    """The names of a C enum (after `prefix`) in a row, counted from `start`."""
    return {prefix + name: number for number, name in enumerate(names.split(), start)}


def bits(names: str, start: int = 0, prefix: str = "") -> dict[str, int]:
    """Flags whose names (after `prefix`) stand in the order of their bits, from bit `start` on."""
    return {prefix + name: 1 << number for number, name in enumerate(names.split(), start)}


def _alignment(type: Type) -> int:
    if isinstance(type, Scalar):
        return type.size
    if isinstance(type, Array):
        return _alignment(type.of)
    if isinstance(type, Structure):
        return max(_alignment(member.type) for member in type.members)
    return 1


def structure(name: str, *members: tuple[str, Type] | tuple[str, Type, str], size: int = 0) -> Structure:
    """A structure laid out as a C compiler does on 64-bit machines: every member at its natural alignment.

    A member is (name, type, description); one without a name only takes its place. `size` is needed only where the
    C structure has a tail that is not described. For packed structures, and those that differ by machine, write the
    offsets out.
    """
    placed: list[Member] = []
    offset = 0
    widest = 1
    for name_of_member, type, *description in members:
        alignment = _alignment(type)
        widest = max(widest, alignment)
        offset = -(-offset // alignment) * alignment
        if name_of_member:
            placed.append(Member(name_of_member, offset, type, "".join(description)))
        offset += type.size_on("x86_64")
    return Structure(name, size or -(-offset // widest) * widest, tuple(placed))


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
