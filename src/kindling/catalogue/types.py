"""Types of event fields: what a value means, what the kernel must copy for it, how it is shown.

A type turns the raw register of an argument, and the bytes that the kernel side copied from where it points
(None if there are none), into a value that JSON can hold: int, str, bytes, bool, None, list or dict.
Numbers that have a name in the kernel's headers come out as that name; what has none comes out as the number
in hexadecimal, so that no bit is ever hidden.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TypeAlias

Value: TypeAlias = "int | float | str | bytes | bool | list[Value] | dict[str, Value] | None"


class Copy(IntEnum):
    """How the kernel side copies what an argument points to. The numbers are shared with `bpf/layout.h`."""

    STRING = 1
    """A NUL-terminated string."""
    BYTES = 2
    """So many bytes, see `Length`."""
    STRINGS = 3
    """A NULL-terminated array of string pointers (argv), copied as NUL-terminated strings in a row."""
    IOVEC = 4
    """An array of struct iovec: the bytes it points to, in order, up to the result or snaplen."""
    MSGHDR = 5
    """A struct msghdr: its 56 bytes. Address, control data and payload come as copies of their own."""
    MSG_NAME = 6
    """The address a struct msghdr points to."""
    MSG_CONTROL = 7
    """The control data a struct msghdr points to."""
    MSG_PAYLOAD = 8
    """The bytes of the iovecs a struct msghdr points to."""
    OBJECT = 9
    """The descriptor in the register: eight bytes, the id of its object. Left out beside an absolute path."""
    CWD = 10
    """The same for the working directory, beside a relative path that has no directory of its own."""


class LengthFrom(IntEnum):
    """Where the number of bytes (or elements) to copy comes from. Shared with `bpf/layout.h`."""

    FIXED = 0
    ARGUMENT = 1
    RESULT = 2
    POINTED_32 = 3
    """A 32-bit number that the argument `length_argument` points to."""


@dataclass(frozen=True, slots=True)
class Capture:
    """One copy the kernel side makes for an argument; `when` limits it to calls where another argument has a value."""

    kind: Copy
    length_from: LengthFrom = LengthFrom.FIXED
    length: int = 0
    """FIXED: how many bytes. ARGUMENT and RESULT: size of one element."""
    length_argument: str = ""
    limit: int = 4096
    payload: bool = False
    """Copied only when payload is asked for, and only up to snaplen."""
    when: tuple[str, int] | None = None
    tentative: bool = False
    """May fail: whether the register points to this is known only afterwards. A failure leaves no mark."""


@dataclass(frozen=True, slots=True)
class Call:
    """What a type may look at besides its own argument: the raw registers by name, the result, the machine."""

    raw: Mapping[str, int]
    ret: int | None = None
    machine: str = "x86_64"
    names: Mapping[str, Type] = field(default_factory=dict)
    """The types of the other arguments, for Switch."""


_NO_CALL = Call({})


@dataclass(frozen=True, slots=True)
class Type:
    """Base of all types. `pure` types depend on the register (and the machine) alone, so their text may be cached."""

    @property
    def pure(self) -> bool:
        return False

    def captures(self, machine: str = "x86_64") -> tuple[Capture, ...]:
        """What the kernel side copies for an argument of this type."""
        return ()

    def decode(self, raw: int, data: Sequence[bytes | None] = (), call: Call = _NO_CALL) -> Value:
        """The value. `raw` is the register as an unsigned 64-bit number; `data` holds one entry per capture."""
        raise NotImplementedError

    def unpack(self, data: bytes, call: Call = _NO_CALL) -> Value:
        """The value of a structure member of this type from its bytes."""
        raise NotImplementedError

    def size_on(self, machine: str) -> int:
        """Bytes that a structure member of this type takes."""
        raise NotImplementedError

    def schema(self) -> dict[str, object]:
        """JSON Schema of the value."""
        raise NotImplementedError

    def meaning(self) -> str:
        """The type as the reference names it."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Scalar(Type):
    """A number in a register or a structure: `size` bytes, `signed` or not."""

    size: int = 8
    signed: bool = False

    @property
    def pure(self) -> bool:
        return True

    def number(self, raw: int) -> int:
        """`raw` cut to this type's size and sign."""
        bits = self.size * 8
        value = raw & ((1 << bits) - 1)
        if self.signed and value >> (bits - 1):
            value -= 1 << bits
        return value

    def decode(self, raw: int, data: Sequence[bytes | None] = (), call: Call = _NO_CALL) -> Value:
        return self.show(self.number(raw), call.machine)

    def unpack(self, data: bytes, call: Call = _NO_CALL) -> Value:
        return self.show(int.from_bytes(data[: self.size], "little", signed=self.signed), call.machine)

    def size_on(self, machine: str) -> int:
        return self.size

    def show(self, value: int, machine: str) -> Value:
        """`value`, already cut to size, as it is shown."""
        return value

    def schema(self) -> dict[str, object]:
        return {"type": "integer"}

    def meaning(self) -> str:
        return f"{'i' if self.signed else 'u'}{self.size * 8}"


@dataclass(frozen=True, slots=True)
class Quantity(Scalar):
    """A number with a unit ("bytes", "nanoseconds", "milliseconds", "pid" ...)."""

    unit: str = ""

    def meaning(self) -> str:
        return f"{self.unit} ({'i' if self.signed else 'u'}{self.size * 8})"


@dataclass(frozen=True, slots=True)
class Hexadecimal(Scalar):
    """A number read in hexadecimal: an address, a cookie, a mask without names. Shown as "0x7f12..."; NULL as null."""

    null: bool = True

    def show(self, value: int, machine: str) -> Value:
        if value == 0 and self.null:
            return None
        return f"{value:#x}"

    def schema(self) -> dict[str, object]:
        return {"type": ["string", "null"], "pattern": "^0x[0-9a-f]+$"}

    def meaning(self) -> str:
        return "address" if self.null else "hexadecimal"


@dataclass(frozen=True, slots=True)
class Octal(Scalar):
    """Permission bits, shown in octal as ls and strace users know them: "0644"."""

    size: int = 4

    def show(self, value: int, machine: str) -> Value:
        return f"0{value:03o}"

    def schema(self) -> dict[str, object]:
        return {"type": "string", "pattern": "^0[0-7]+$"}

    def meaning(self) -> str:
        return "permission bits"


@dataclass(frozen=True, slots=True)
class Boolean(Scalar):
    """A number of which only zero or not matters."""

    size: int = 4

    def show(self, value: int, machine: str) -> Value:
        return value != 0

    def schema(self) -> dict[str, object]:
        return {"type": "boolean"}

    def meaning(self) -> str:
        return "boolean"


@dataclass(frozen=True, slots=True)
class Descriptor(Scalar):
    """A file descriptor. With `directory` it is one that a relative path starts from, and may be AT_FDCWD."""

    size: int = 4
    signed: bool = True
    directory: bool = False

    def captures(self, machine: str = "x86_64") -> tuple[Capture, ...]:
        return (Capture(Copy.OBJECT),)

    def show(self, value: int, machine: str) -> Value:
        if self.directory and value == -100:
            return "AT_FDCWD"
        return value

    def schema(self) -> dict[str, object]:
        if self.directory:
            return {"type": ["integer", "string"]}
        return {"type": "integer"}

    def meaning(self) -> str:
        return "directory descriptor" if self.directory else "file descriptor"


@dataclass(frozen=True, slots=True)
class DeviceNumber(Scalar):
    """A device number as the kernel's stat and mknod encode it, shown as "major:minor"."""

    def show(self, value: int, machine: str) -> Value:
        major = (value >> 8 & 0xFFF) | (value >> 32 & ~0xFFF)
        minor = (value & 0xFF) | (value >> 12 & ~0xFF)
        return f"{major & 0xFFFFFFFF}:{minor & 0xFFFFFFFF}"

    def schema(self) -> dict[str, object]:
        return {"type": "string", "pattern": "^[0-9]+:[0-9]+$"}

    def meaning(self) -> str:
        return "device number"


@dataclass(frozen=True, slots=True)
class Enum(Scalar):
    """One of named numbers. `machines` holds names that differ on a machine."""

    table: str = ""
    values: Mapping[str, int] = field(default_factory=dict, hash=False)
    machines: Mapping[str, Mapping[str, int]] = field(default_factory=dict, hash=False)
    size: int = 4
    _names: dict[str, dict[int, str]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def names(self, machine: str) -> Mapping[int, str]:
        """Number to name; where one number has several names, the first one listed."""
        if machine not in self._names:
            merged = {**self.values, **self.machines.get(machine, {})}
            table: dict[int, str] = {}
            for name, value in merged.items():
                table.setdefault(value, name)
            self._names[machine] = table
        return self._names[machine]

    def value_of(self, name: str, machine: str) -> int:
        """The number called `name`; KeyError if there is none."""
        overridden = self.machines.get(machine, {})
        return overridden[name] if name in overridden else self.values[name]

    def show(self, value: int, machine: str) -> Value:
        name = self.names(machine).get(value)
        if name is not None:
            return name
        return f"-{-value:#x}" if value < 0 else f"{value:#x}"

    def schema(self) -> dict[str, object]:
        return {"type": "string"}

    def meaning(self) -> str:
        return f"one of {self.table}"


@dataclass(frozen=True, slots=True)
class Flags(Scalar):
    """Named bits, shown as "O_WRONLY|O_CREAT|0x40000000".

    `fields` are groups of bits that hold one of several values (O_ACCMODE); a value of zero in a group is named too if
    the group names it. `zero` is what is shown when nothing is set and no group says otherwise.
    """

    table: str = ""
    values: Mapping[str, int] = field(default_factory=dict, hash=False)
    fields: Mapping[int, Mapping[str, int]] = field(default_factory=dict, hash=False)
    machines: Mapping[str, Mapping[str, int]] = field(default_factory=dict, hash=False)
    zero: str = "0"
    size: int = 4

    def show(self, value: int, machine: str) -> Value:
        parts: list[str] = []
        rest = value & ((1 << self.size * 8) - 1)
        for mask, names in self.fields.items():
            part = rest & mask
            for name, number in names.items():
                if number == part:
                    parts.append(name)
                    rest &= ~mask
                    break
        merged = {**self.values, **self.machines.get(machine, {})}
        # A name for several bits together (O_SYNC, O_TMPFILE) wins over the names of its single bits.
        for name, bits in sorted(merged.items(), key=lambda item: -item[1].bit_count()):
            if bits and rest & bits == bits:
                parts.append(name)
                rest &= ~bits
        order = {name: position for position, name in enumerate(merged)}
        head = len(parts) - sum(1 for part in parts if part in order)
        parts[head:] = sorted(parts[head:], key=lambda name: order.get(name, -1))
        if rest:
            parts.append(f"{rest:#x}")
        return "|".join(parts) or self.zero

    def schema(self) -> dict[str, object]:
        return {"type": "string"}

    def meaning(self) -> str:
        return f"flags of {self.table}"


@dataclass(frozen=True, slots=True)
class String(Type):
    """A NUL-terminated string of the caller's, cut at `limit` bytes."""

    limit: int = 4096

    def captures(self, machine: str = "x86_64") -> tuple[Capture, ...]:
        return (Capture(Copy.STRING, limit=self.limit),)

    def decode(self, raw: int, data: Sequence[bytes | None] = (), call: Call = _NO_CALL) -> Value:
        return data[0] if data else None

    def unpack(self, data: bytes, call: Call = _NO_CALL) -> Value:
        return data.split(b"\0", 1)[0]

    def schema(self) -> dict[str, object]:
        return {"type": ["string", "null"]}

    def meaning(self) -> str:
        return "string"


@dataclass(frozen=True, slots=True)
class Path(String):
    """A path as the caller wrote it. `directory` names the argument a relative one starts from; without, the cwd."""

    directory: str = ""

    def meaning(self) -> str:
        return "path"


@dataclass(frozen=True, slots=True)
class Characters(Type):
    """A fixed array of characters inside a structure, up to its first NUL."""

    size: int = 16

    def unpack(self, data: bytes, call: Call = _NO_CALL) -> Value:
        return data[: self.size].split(b"\0", 1)[0]

    def size_on(self, machine: str) -> int:
        return self.size

    def schema(self) -> dict[str, object]:
        return {"type": "string"}

    def meaning(self) -> str:
        return f"char[{self.size}]"


@dataclass(frozen=True, slots=True)
class Bytes(Type):
    """So many bytes of the caller's memory: `length` is a number, the name of an argument, or "ret".

    With `payload` they are copied only when it is asked for (--snaplen), and up to that many; otherwise up to `limit`.
    """

    length: int | str = "ret"
    limit: int = 4096
    payload: bool = False

    def captures(self, machine: str = "x86_64") -> tuple[Capture, ...]:
        return (_sized(self.length, 1, self.limit, self.payload),)

    def decode(self, raw: int, data: Sequence[bytes | None] = (), call: Call = _NO_CALL) -> Value:
        return data[0] if data else None

    def unpack(self, data: bytes, call: Call = _NO_CALL) -> Value:
        return data[: self.size_on(call.machine)]

    def size_on(self, machine: str) -> int:
        if not isinstance(self.length, int):
            raise TypeError("only bytes of a fixed length can stand in a structure")
        return self.length

    def schema(self) -> dict[str, object]:
        return {"type": ["string", "null"]}

    def meaning(self) -> str:
        return "payload" if self.payload else "bytes"


def _sized(length: int | str, element: int, limit: int, payload: bool = False) -> Capture:
    if isinstance(length, int):
        return Capture(Copy.BYTES, LengthFrom.FIXED, length * element, limit=limit, payload=payload)
    if length == "ret":
        return Capture(Copy.BYTES, LengthFrom.RESULT, element, limit=limit, payload=payload)
    if length.startswith("*"):
        return Capture(Copy.BYTES, LengthFrom.POINTED_32, element, length[1:], limit=limit, payload=payload)
    return Capture(Copy.BYTES, LengthFrom.ARGUMENT, element, length, limit=limit, payload=payload)


@dataclass(frozen=True, slots=True)
class Pointer(Type):
    """A pointer to one scalar or structure."""

    to: Type

    def captures(self, machine: str = "x86_64") -> tuple[Capture, ...]:
        size = self.to.size_on(machine)
        return (Capture(Copy.BYTES, LengthFrom.FIXED, size, limit=size),)

    def decode(self, raw: int, data: Sequence[bytes | None] = (), call: Call = _NO_CALL) -> Value:
        if not data or data[0] is None or len(data[0]) < self.to.size_on(call.machine):
            return None
        return self.to.unpack(data[0], call)

    def schema(self) -> dict[str, object]:
        return {"anyOf": [self.to.schema(), {"type": "null"}]}

    def meaning(self) -> str:
        return f"pointer to {self.to.meaning()}"


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a structure: at `offset` bytes on every machine unless `offsets` says otherwise."""

    name: str
    offset: int
    type: Type
    description: str = ""
    offsets: Mapping[str, int] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Structure(Type):
    """A kernel structure, shown as an object of its members. Use `Pointer(Structure(...))` for an argument.

    Members that end beyond the bytes which were copied are left out (older callers pass shorter structures).
    """

    name: str
    size: int
    members: tuple[Member, ...]
    sizes: Mapping[str, int] = field(default_factory=dict, hash=False)

    def unpack(self, data: bytes, call: Call = _NO_CALL) -> Value:
        result: dict[str, Value] = {}
        for member in self.members:
            offset = member.offsets.get(call.machine, member.offset)
            if offset < 0 or offset + member.type.size_on(call.machine) > len(data):
                continue
            result[member.name] = member.type.unpack(data[offset:], call)
        return result

    def size_on(self, machine: str) -> int:
        return self.sizes.get(machine, self.size)

    def schema(self) -> dict[str, object]:
        return {"type": "object", "properties": {m.name: m.type.schema() for m in self.members}}

    def meaning(self) -> str:
        return f"struct {self.name}"


@dataclass(frozen=True, slots=True)
class SizedStructure(Type):
    """A pointer to a structure whose size the caller passes (`size` names the argument): clone_args, open_how."""

    to: Structure
    size: str
    limit: int = 256

    def captures(self, machine: str = "x86_64") -> tuple[Capture, ...]:
        return (_sized(self.size, 1, self.limit),)

    def decode(self, raw: int, data: Sequence[bytes | None] = (), call: Call = _NO_CALL) -> Value:
        if not data or data[0] is None:
            return None
        return self.to.unpack(data[0], call)

    def schema(self) -> dict[str, object]:
        return {"anyOf": [self.to.schema(), {"type": "null"}]}

    def meaning(self) -> str:
        return f"pointer to {self.to.meaning()}"


@dataclass(frozen=True, slots=True)
class Array(Type):
    """An array of scalars or structures.

    `count` is a number, an argument's name, "ret", or "*name" (a 32-bit count that it points to). As an argument
    at most `limit` elements are copied. With a number it can stand in a structure too.
    """

    of: Type
    count: int | str
    limit: int = 64

    def captures(self, machine: str = "x86_64") -> tuple[Capture, ...]:
        size = self.of.size_on(machine)
        return (_sized(self.count, size, size * self.limit),)

    def decode(self, raw: int, data: Sequence[bytes | None] = (), call: Call = _NO_CALL) -> Value:
        if not data or data[0] is None:
            # A call that gave no elements is known to have given none, though nothing was copied.
            return [] if raw and self.count == "ret" and call.ret == 0 else None
        return self._elements(data[0], call)

    def unpack(self, data: bytes, call: Call = _NO_CALL) -> Value:
        return self._elements(data[: self.size_on(call.machine)], call)

    def _elements(self, data: bytes, call: Call) -> list[Value]:
        size = self.of.size_on(call.machine)
        return [self.of.unpack(data[at : at + size], call) for at in range(0, len(data) - size + 1, size)]

    def size_on(self, machine: str) -> int:
        if not isinstance(self.count, int):
            raise TypeError("only an array of fixed length can stand in a structure")
        return self.count * self.of.size_on(machine)

    def schema(self) -> dict[str, object]:
        return {"type": ["array", "null"], "items": self.of.schema()}

    def meaning(self) -> str:
        return f"array of {self.of.meaning()}"


@dataclass(frozen=True, slots=True)
class StringArray(Type):
    """argv or envp: a NULL-terminated array of strings, at most `limit` bytes of them in all."""

    limit: int = 4096

    def captures(self, machine: str = "x86_64") -> tuple[Capture, ...]:
        return (Capture(Copy.STRINGS, limit=self.limit),)

    def decode(self, raw: int, data: Sequence[bytes | None] = (), call: Call = _NO_CALL) -> Value:
        if not data or data[0] is None:
            return None
        strings = data[0].split(b"\0")
        if strings and not strings[-1]:
            strings.pop()
        return list(strings)

    def schema(self) -> dict[str, object]:
        return {"type": ["array", "null"], "items": {"type": "string"}}

    def meaning(self) -> str:
        return "array of strings"


@dataclass(frozen=True, slots=True)
class SocketAddress(Type):
    """A struct sockaddr, shown by family: {"family": "AF_INET", "address": "127.0.0.1", "port": 80}.

    `length` names the argument that holds its length; with "*name" that argument points to it.
    """

    length: int | str = "addrlen"

    def captures(self, machine: str = "x86_64") -> tuple[Capture, ...]:
        return (_sized(self.length, 1, 128),)

    def decode(self, raw: int, data: Sequence[bytes | None] = (), call: Call = _NO_CALL) -> Value:
        if not data or data[0] is None:
            return None
        return self.unpack(data[0], call)

    def unpack(self, data: bytes, call: Call = _NO_CALL) -> Value:
        from kindling.catalogue.sockaddr import decode_sockaddr

        return decode_sockaddr(data)

    def size_on(self, machine: str) -> int:
        return 128

    def schema(self) -> dict[str, object]:
        return {"type": ["object", "null"], "properties": {"family": {"type": "string"}}}

    def meaning(self) -> str:
        return "socket address"


@dataclass(frozen=True, slots=True)
class IoVector(Type):
    """An array of struct iovec with `count` entries: their number, the total of bytes and, if wanted, the payload."""

    count: str = "iovcnt"
    limit: int = 64

    def captures(self, machine: str = "x86_64") -> tuple[Capture, ...]:
        return (
            _sized(self.count, 16, 16 * self.limit),
            Capture(Copy.IOVEC, LengthFrom.ARGUMENT, 16, self.count, payload=True),
        )

    def decode(self, raw: int, data: Sequence[bytes | None] = (), call: Call = _NO_CALL) -> Value:
        if not data or data[0] is None:
            return None
        lengths = [length for _, length in struct.iter_unpack("<QQ", data[0][: len(data[0]) // 16 * 16])]
        result: dict[str, Value] = {"segments": len(lengths), "total": sum(lengths)}
        if len(data) > 1 and data[1] is not None:
            result["data"] = data[1]
        return result

    def schema(self) -> dict[str, object]:
        return {
            "type": ["object", "null"],
            "properties": {
                "segments": {"type": "integer"},
                "total": {"type": "integer"},
                "data": {"type": "string"},
            },
        }

    def meaning(self) -> str:
        return "I/O vector"


@dataclass(frozen=True, slots=True)
class MessageHeader(Type):
    """A struct msghdr with its address, iovec total, passed descriptors, flags and, when asked for, payload."""

    def captures(self, machine: str = "x86_64") -> tuple[Capture, ...]:
        return (
            Capture(Copy.MSGHDR, LengthFrom.FIXED, 56),
            Capture(Copy.MSG_NAME, limit=128),
            Capture(Copy.MSG_CONTROL, limit=256),
            Capture(Copy.MSG_PAYLOAD, payload=True),
        )

    def decode(self, raw: int, data: Sequence[bytes | None] = (), call: Call = _NO_CALL) -> Value:
        from kindling.catalogue.sockaddr import decode_message

        return decode_message(data)

    def schema(self) -> dict[str, object]:
        return {"type": ["object", "null"]}

    def meaning(self) -> str:
        return "message header"


@dataclass(frozen=True, slots=True)
class Switch(Type):
    """An argument whose type depends on another one: `on` is an Enum argument, `cases` its names.

    `cases` maps a name of that enumeration to a type; everything else is of type `default`.
    """

    on: str
    enum: Enum
    cases: Mapping[str, Type] = field(hash=False)
    default: Scalar = Scalar()

    def captures(self, machine: str = "x86_64") -> tuple[Capture, ...]:
        found: list[Capture] = []
        for name, case in self.cases.items():
            value = self.enum.values[name]
            found += [_only_when(capture, self.on, value) for capture in case.captures(machine)]
        return tuple(found)

    def decode(self, raw: int, data: Sequence[bytes | None] = (), call: Call = _NO_CALL) -> Value:
        number = self.enum.number(call.raw.get(self.on, 0))
        at = 0
        for name, case in self.cases.items():
            width = len(case.captures(call.machine))
            if self.enum.values[name] == number:
                return case.decode(raw, data[at : at + width], call)
            at += width
        return self.default.decode(raw, (), call)

    def schema(self) -> dict[str, object]:
        return {}

    def meaning(self) -> str:
        return f"depends on {self.on}"


def _only_when(capture: Capture, argument: str, value: int) -> Capture:
    return Capture(
        capture.kind,
        capture.length_from,
        capture.length,
        capture.length_argument,
        capture.limit,
        capture.payload,
        (argument, value),
        capture.tentative,
    )


I8 = Scalar(1, True)
I16 = Scalar(2, True)
I32 = Scalar(4, True)
I64 = Scalar(8, True)
U8 = Scalar(1)
U16 = Scalar(2)
U32 = Scalar(4)
U64 = Scalar(8)
ADDRESS = Hexadecimal(8)
HEX32 = Hexadecimal(4, null=False)
HEX64 = Hexadecimal(8, null=False)
SIZE = Quantity(8, unit="bytes")
LENGTH = Quantity(4, unit="bytes")
OFFSET = Quantity(8, True, unit="bytes")
COUNT = Quantity(8, unit="count")
COUNT32 = Quantity(4, True, unit="count")
NANOSECONDS = Quantity(8, unit="nanoseconds")
MILLISECONDS = Quantity(4, True, unit="milliseconds")
SECONDS = Quantity(8, True, unit="seconds")
PID = Quantity(4, True, unit="pid")
UID = Quantity(4, True, unit="uid")
GID = Quantity(4, True, unit="gid")
FD = Descriptor()
DIRECTORY_FD = Descriptor(directory=True)
MODE = Octal()
BOOLEAN = Boolean()
DEVICE = DeviceNumber()
PATH = Path()
AT_PATH = Path(directory="dirfd")
NAME = String(256)
STRING = String()
