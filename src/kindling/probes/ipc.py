"""Reads the messages of an Arrow IPC stream one by one, with every size checked before memory is taken for it.

pyarrow trusts what a message claims about itself; a capture file may be damaged or hostile. So the framing and the few
numbers that decide about memory are read here, and pyarrow gets only messages that have passed.
Format: https://arrow.apache.org/docs/format/Columnar.html#serialization-and-interprocess-communication-ipc
"""

from __future__ import annotations

import os
import select
import stat
import struct
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np

from kindling.errors import CaptureError

CONTINUATION = b"\xff\xff\xff\xff"
END_OF_STREAM = CONTINUATION + bytes(4)
MAX_METADATA = 64 << 20
MAX_BODY = 256 << 20
MAX_UNCOMPRESSED = 512 << 20
"""Bytes that one message may take in memory. Kindling's own writer stays below a tenth of it."""
MAX_BUFFERS = 4096
_CHUNK = 1 << 20


class Damaged(ValueError):
    """A message that cannot be what was written. `framed`: the one after it can still be found."""

    def __init__(self, message: str, framed: bool = False) -> None:
        self.framed = framed
        super().__init__(message)


class Kind(IntEnum):
    """The kinds of messages, as `MessageHeader` in Arrow's Message.fbs numbers them."""

    SCHEMA = 1
    DICTIONARY = 2
    RECORDS = 3


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `raw` is the whole of it as in the file; empty for dictionaries, which records do not need."""

    kind: int
    position: int
    raw: bytes = b""
    rows: int = 0
    custom: Mapping[str, str] = field(default_factory=dict)


class Input:
    """A file, pipe or standard input ("-"), read in steps: a length takes no memory before the bytes are there."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.name = "standard input" if str(path) == "-" else str(path)
        self.position = 0
        self._ahead = b""
        self._own = str(path) != "-"
        try:
            self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC) if self._own else sys.stdin.fileno()
            self._regular = stat.S_ISREG(os.fstat(self._fd).st_mode)
        except (OSError, ValueError) as error:
            raise _cannot_read(self.name, error) from error

    def ready(self, timeout: float) -> bool:
        """Whether something can be read (or the end is there), after at most `timeout` seconds."""
        if self._ahead or self._regular:
            return True
        poll = select.poll()
        poll.register(self._fd, select.POLLIN)
        return bool(poll.poll(max(0, timeout) * 1000))

    def peek(self, count: int) -> bytes:
        """What comes next, which stays to be read: up to `count` bytes, of a pipe at least 8 if it has so many."""
        least = count if self._regular else min(count, 8)
        while len(self._ahead) < least and (part := self._some(count - len(self._ahead))):
            self._ahead += part
        return self._ahead[:count]

    def read(self, count: int) -> bytes:
        """The next `count` bytes, fewer only at the end. Raises CaptureError if the system cannot read."""
        parts = [self._ahead[:count]]
        self._ahead = self._ahead[count:]
        missing = count - len(parts[0])
        while missing:
            part = self._some(missing)
            if not part:
                break
            parts.append(part)
            missing -= len(part)
        self.position += count - missing
        return b"".join(parts) if len(parts) > 1 else parts[0]

    def _some(self, count: int) -> bytes:
        try:
            return os.read(self._fd, min(count, _CHUNK))
        except OSError as error:
            raise _cannot_read(self.name, error) from error

    def skip(self, count: int) -> int:
        """Pass over `count` bytes; returns how many there were."""
        done = 0
        while done < count and (part := len(self.read(min(count - done, _CHUNK)))):
            done += part
        return done

    def close(self) -> None:
        """Close the file; standard input stays open. May be called twice."""
        if self._own and self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def _cannot_read(name: str, error: Exception) -> CaptureError:
    cause = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return CaptureError(
        f"{name} cannot be read: {cause}; give the name of a capture file ('kindling record -o FILE' makes one)"
    )


def read_message(source: Input) -> Message | None:
    """The next message; None at the end of the stream, with or without an end mark. Raises Damaged."""
    position = source.position
    prefix = source.read(8)
    if not prefix or prefix == END_OF_STREAM:
        return None
    if len(prefix) < 8:
        raise Damaged("it ends within the prefix of a message")
    if prefix[:4] != CONTINUATION:
        raise Damaged("there is something else where a message should begin")
    length = int.from_bytes(prefix[4:], "little", signed=True)
    if not 0 < length <= MAX_METADATA:
        raise Damaged(f"a message claims {length} bytes of metadata")
    metadata = source.read(length)
    if len(metadata) < length:
        raise Damaged("it ends within the metadata of a message")
    try:
        table = _root(metadata)
        kind, body_length = table.number(1, "<B"), table.number(3, "<q")
    except (struct.error, ValueError) as error:
        raise Damaged("the metadata of a message make no sense") from error
    if not 0 <= body_length <= MAX_BODY:
        raise Damaged(f"a message claims {body_length} bytes of data")
    if kind not in (Kind.SCHEMA, Kind.RECORDS):
        if source.skip(body_length) < body_length:
            raise Damaged("it ends within a dictionary")
        return Message(kind, position)
    body = source.read(body_length)
    if len(body) < body_length:
        raise Damaged("it ends within a batch")
    try:
        rows = _check_records(table.table(2), body) if kind == Kind.RECORDS else 0
        return Message(kind, position, prefix + metadata + body, rows, table.pairs(4))
    except (struct.error, ValueError) as error:
        raise Damaged(f"a batch is damaged ({error})", framed=True) from error


def _check_records(header: _Table | None, body: bytes) -> int:
    """Hold what a record batch claims against its body; returns its number of rows. Raises ValueError."""
    if header is None:
        raise ValueError("no header")
    rows = header.number(0, "<q")
    buffers = header.structs(2, 16, MAX_BUFFERS)
    extents = np.frombuffer(buffers, "<i8").reshape(-1, 2)
    if len(extents) and (
        extents.min() < 0 or extents.max() > len(body) or int((extents[:, 0] + extents[:, 1]).max()) > len(body)
    ):
        raise ValueError("a column lies outside of it")
    if header.table(3) is not None:
        total = 0
        for offset, length in extents.tolist():
            if length >= 8:
                # -1 says that this buffer was not worth compressing.
                claimed = int.from_bytes(body[offset : offset + 8], "little", signed=True)
                if claimed < -1:
                    raise ValueError("a column claims a negative size")
                total += length if claimed == -1 else claimed
            elif length:
                raise ValueError("a compressed column has no size")
        if total > MAX_UNCOMPRESSED:
            raise ValueError(f"its columns claim {total} bytes")
    # Every row has its timestamp, eight bytes that no batch can do without.
    if not 0 <= rows <= MAX_UNCOMPRESSED // 8:
        raise ValueError(f"it claims {rows} rows")
    return rows


@dataclass(frozen=True, slots=True)
class _Table:
    """A FlatBuffers table. Every access is checked against the buffer: struct.error or ValueError if outside."""

    data: bytes
    at: int
    fields: tuple[int, ...]

    def number(self, field: int, form: str, default: int = 0) -> int:
        offset = self._offset(field)
        return _unpack(form, self.data, self.at + offset) if offset else default

    def table(self, field: int) -> _Table | None:
        offset = self._offset(field)
        return _table(self.data, self._follow(self.at + offset)) if offset else None

    def structs(self, field: int, size: int, limit: int) -> bytes:
        """The bytes of a vector of structures of `size` bytes each."""
        offset = self._offset(field)
        if not offset:
            return b""
        at = self._follow(self.at + offset)
        count = _unpack("<I", self.data, at)
        if count > limit or at + 4 + count * size > len(self.data):
            raise ValueError(f"a list claims {count} entries")
        return self.data[at + 4 : at + 4 + count * size]

    def pairs(self, field: int) -> dict[str, str]:
        """A vector of KeyValue tables."""
        offset = self._offset(field)
        found: dict[str, str] = {}
        if offset:
            at = self._follow(self.at + offset)
            count = _unpack("<I", self.data, at)
            if count > MAX_BUFFERS:
                raise ValueError(f"a list claims {count} entries")
            for entry in range(at + 4, at + 4 + 4 * count, 4):
                pair = _table(self.data, self._follow(entry))
                found[pair.string(0)] = pair.string(1)
        return found

    def string(self, field: int) -> str:
        return self.structs(field, 1, len(self.data)).decode("utf-8")

    def _offset(self, field: int) -> int:
        return self.fields[field] if field < len(self.fields) else 0

    def _follow(self, at: int) -> int:
        return at + _unpack("<I", self.data, at)


def _unpack(form: str, data: bytes, at: int) -> int:
    if at < 0:
        raise ValueError("an offset points before the beginning")
    value: int = struct.unpack_from(form, data, at)[0]
    return value


def _root(data: bytes) -> _Table:
    return _table(data, _unpack("<I", data, 0))


def _table(data: bytes, at: int) -> _Table:
    fields = at - _unpack("<i", data, at)
    size = _unpack("<H", data, fields)
    if size < 4 or fields + size > len(data):
        raise ValueError("a table has no fields")
    return _Table(data, at, struct.unpack_from(f"<{(size - 4) // 2}H", data, fields + 4))
