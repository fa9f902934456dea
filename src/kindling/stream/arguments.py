"""Arguments of a batch's events as columns: one of them, a member of it, the paths a call names, its payload, or all.

Arguments that are plain registers are decoded once per distinct value; those that point to something, once per event.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from kindling.catalogue.model import Definition
from kindling.catalogue.types import Call, Path, Value
from kindling.enrich.objects import Descriptor
from kindling.probes.layout import CWD_PIECE, MAX_ARGUMENTS, Mark
from kindling.stream.batch import Batch, Indexed, Indices

CWD = -1 - CWD_PIECE
"""What a decoder takes for the path of the working directory."""


def text(value: object) -> bytes:
    """`value` as filters compare it: bytes as they are, members as {name=value ...}, elements as [a, b]."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape")
    if isinstance(value, bool):
        return b"true" if value else b"false"
    if value is None:
        return b"null"
    if isinstance(value, dict):
        return b"{" + b" ".join(text(k) + b"=" + text(v) for k, v in value.items()) + b"}"
    if isinstance(value, (list, tuple)):
        return b"[" + b", ".join(text(v) for v in value) + b"]"
    return str(value).encode()


def position_of(definition: Definition, name: str) -> int | None:
    """Which argument of `definition` has this name or, if it is a number, this position; None if there is none."""
    if name.isdigit():
        return int(name) if int(name) < len(definition.arguments) else None
    return next((i for i, argument in enumerate(definition.arguments) if argument.name == name), None)


def argument(batch: Batch, path: Sequence[str]) -> Indexed:
    """The argument `path[0]` of every event, and of its members `path[1:]`; None where there is none."""
    values: list[object] = [None]
    index = np.zeros(len(batch), np.int64)
    for definition, rows in _definitions(batch):
        position = position_of(definition, path[0])
        if position is None or position >= MAX_ARGUMENTS:
            continue
        field = definition.arguments[position]
        if field.type.pure:
            registers, inverse = np.unique(batch.records["args"][rows, position], return_inverse=True)
            index[rows] = len(values) + inverse
            for register in registers.tolist():
                call = Call({field.name: register}, machine=batch.machine)
                values.append(_member(field.type.decode(register, (), call), path[1:]))
        else:
            index[rows] = np.arange(len(values), len(values) + len(rows))
            values += [_member(decode(position), path[1:]) for decode in _decoders(batch, definition, rows)]
    return Indexed(index, values)


def all_text(batch: Batch) -> Indexed:
    """All arguments of every event in one line: "fd=3 count=512"; None where an event has none."""

    def line(row: int) -> bytes | None:
        return b" ".join(text(k) + b"=" + text(v) for k, v in batch.arguments(row).items()) or None

    return Indexed(np.arange(len(batch)), [line(row) for row in range(len(batch))])


def has_payload(definition: Definition) -> bool:
    """Whether an event of this definition can carry payload."""
    return bool(_payload_positions(definition))


def payload(batch: Batch) -> Indexed:
    """The bytes that a call read, wrote, sent or received, as far as they were captured."""

    def find(definition: Definition, decode: Callable[[int], Value]) -> bytes | None:
        for position in _payload_positions(definition):
            value = decode(position)
            if isinstance(value, dict):
                value = value.get("data")
            if isinstance(value, bytes):
                return value
        return None

    return _per_event(batch, has_payload, find)


def paths_of(definition: Definition) -> tuple[int, ...]:
    """Which arguments of `definition` are paths."""
    return tuple(i for i, field in enumerate(definition.arguments) if isinstance(field.type, Path))


def path(batch: Batch, which: int, least: int = 1, resolve: bool = True) -> Indexed:
    """The path number `which` of every event whose call names at least `least`; absolute with `resolve`, else as given.

    A relative path whose directory is not known is None when it should be resolved. "." and ".." are resolved by name.
    """

    def find(definition: Definition, decode: Callable[[int], Value]) -> bytes | None:
        position = paths_of(definition)[which]
        given = decode(position)
        if not isinstance(given, bytes) or not resolve or given.startswith(b"/"):
            return _clean(given) if resolve and isinstance(given, bytes) and given else _bytes(given)
        kind = definition.arguments[position].type
        directory = position_of(definition, kind.directory) if isinstance(kind, Path) and kind.directory else None
        base = decode(CWD if directory is None else -1 - directory)
        return _clean(base + b"/" + given) if isinstance(base, bytes) and base.startswith(b"/") else None

    def possible(definition: Definition) -> bool:
        return len(paths_of(definition)) >= max(least, which + 1)

    found = _per_event(batch, possible, find)
    return _opened(batch, found) if resolve and which == 0 and least == 1 else found


def _opened(batch: Batch, found: Indexed) -> Indexed:
    """Where a call that names a path made a descriptor, that descriptor's path: the kernel itself resolved it."""
    opening = np.zeros(len(batch), np.bool_)
    for definition, rows in _definitions(batch):
        if definition.descriptor == "ret" and paths_of(definition):
            opening[rows] = batch.records["ret"][rows] >= 0
    if not opening.any():
        return found
    descriptors = batch.descriptor_index
    paths = [d.path if isinstance(d, Descriptor) else None for d in descriptors.values]
    known = np.fromiter((p is not None for p in paths), np.bool_, len(paths))
    take = opening & known[descriptors.index]
    return Indexed(np.where(take, len(found.values) + descriptors.index, found.index), [*found.values, *paths])


def _bytes(value: object) -> bytes | None:
    return value if isinstance(value, bytes) else None


def _clean(path: bytes) -> bytes:
    # normpath keeps two leading slashes, which mean nothing on Linux.
    return b"/" + posixpath.normpath(path).lstrip(b"/")


def _payload_positions(definition: Definition) -> tuple[int, ...]:
    return tuple(i for i, f in enumerate(definition.arguments) if any(c.payload for c in f.type.captures()))


def _member(value: object, names: Sequence[str]) -> object:
    for at, name in enumerate(names):
        if isinstance(value, dict):
            value = value.get(name)
        elif isinstance(value, list):
            if not name.isdigit():
                found = [part for part in (_member(element, names[at:]) for element in value) if part is not None]
                return found or None
            value = value[int(name)] if int(name) < len(value) else None
        else:
            return None
    return value


def _definitions(batch: Batch) -> Iterator[tuple[Definition, Indices]]:
    definitions = batch.definition_index
    # Small integers are sorted by radix: linear in the number of events, however many definitions there are.
    rows = np.argsort(definitions.index.astype(np.uint16), kind="stable")
    ends = np.cumsum(np.bincount(definitions.index, minlength=len(definitions.values)))
    for definition, part in zip(definitions.values, np.split(rows, ends[:-1]), strict=False):
        if isinstance(definition, Definition):
            yield definition, part


def _per_event(
    batch: Batch,
    possible: Callable[[Definition], bool],
    find: Callable[[Definition, Callable[[int], Value]], object],
) -> Indexed:
    values: list[object] = [None]
    index = np.zeros(len(batch), np.int64)
    for definition, rows in _definitions(batch):
        if possible(definition):
            index[rows] = np.arange(len(values), len(values) + len(rows))
            values += [find(definition, decode) for decode in _decoders(batch, definition, rows)]
    return Indexed(index, values)


def _decoders(batch: Batch, definition: Definition, rows: Indices) -> Iterator[Callable[[int], Value]]:
    """For each row a function from an argument's position to its value; from -1 - position to its descriptor's path."""
    names = [field.name for field in definition.arguments]
    types = [field.type for field in definition.arguments]
    captures: list[range] = []
    number = 0
    for kind in types:
        width = len(kind.captures(batch.machine))
        captures.append(range(number, number + width))
        number += width
    chosen = batch.records[rows]
    descriptors = batch.objects.descriptors
    nothing: dict[int, bytes] = {}
    for registers, ret, start, length in zip(
        chosen["args"].tolist(), chosen["ret"].tolist(), chosen["data"].tolist(), chosen["length"].tolist(), strict=True
    ):
        call = Call(dict(zip(names, registers, strict=False)), ret, batch.machine)
        pieces = _pieces(batch.data, start, start + length) if length else nothing

        def decode(
            position: int,
            registers: list[int] = registers,
            call: Call = call,
            pieces: dict[int, bytes] = pieces,
        ) -> Value:
            if position < 0:
                position = -1 - position
                number = captures[position].start if position < len(captures) and captures[position] else CWD_PIECE
                identity = pieces.get(number, b"")
                descriptor = descriptors.get(int.from_bytes(identity, "little")) if len(identity) == 8 else None
                return descriptor.path if descriptor is not None else None
            if position >= len(registers):
                return None
            return types[position].decode(registers[position], [pieces.get(n) for n in captures[position]], call)

        yield decode


def _pieces(data: bytes, at: int, end: int) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    end = min(end, len(data))
    while at + 4 <= end:
        length = data[at + 2] | data[at + 3] << 8
        if length or not data[at + 1] & Mark.FAULT:
            found[data[at]] = data[at + 4 : at + 4 + length]
        at += (4 + length + 7) & ~7
    return found
