"""What a capture file holds beside Arrow's own columns: its description, the events' definitions and the objects.

Everything here is text in the metadata of Arrow IPC messages, so that other readers pass over it. Rules of evolution:
names are added, never changed in meaning; a reader ignores names that it does not know; only what an older reader would
get wrong raises `FORMAT`. `docs/capture.md` is the format's page for users.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import hashlib
import importlib
import json
import os
import platform
import time
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np

from kindling.catalogue.text import escape, unescape
from kindling.enrich.objects import Descriptor, Thread
from kindling.errors import MissingPackageError
from kindling.probes import layout
from kindling.probes.base import Loss, Records

FORMAT = 1
"""The version of the format that this code writes, and the newest that it reads."""

FORMAT_KEY = "kindling.format"
INFO_KEY = "kindling.capture"
EVENTS_KEY = "kindling.events"
BATCH_KEY = "kindling.batch"
THREADS_KEY = "kindling.threads"
DESCRIPTORS_KEY = "kindling.descriptors"
LOSSES_KEY = "kindling.losses"
DIGEST_KEY = "kindling.digest"

OBJECT_LIMIT = 65_536
"""After so many objects of a kind a writer begins to write them anew: the bound for readers too."""

_PLAIN = 1024
_MAX_TEXT = 64 << 20
_MAX_VALUES = 4 << 20

Object = TypeVar("Object", Thread, Descriptor, Loss)


def import_pyarrow(purpose: str, module: str = "pyarrow") -> Any:
    """pyarrow or one of its modules. Raises MissingPackageError if it is not installed."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingPackageError("pyarrow", purpose) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureInfo:
    """Where and when a capture was made. `start` is in nanoseconds since the epoch."""

    kindling: str = "unknown"
    catalogue: str = ""
    """Identifies the definitions of the recorded events: equal for equal definitions."""
    machine: str = "x86_64"
    kernel: str = ""
    hostname: str = ""
    command: tuple[str, ...] = ()
    start: int = 0
    clock: str = "CLOCK_MONOTONIC"
    """What the events' times were measured with, before `clock_offset` of each batch made them time of day."""

    @classmethod
    def here(cls, command: Sequence[str] = (), machine: str = "") -> CaptureInfo:
        """This machine and moment."""
        from importlib.metadata import PackageNotFoundError, version

        try:
            kindling = version("kindling")
        except PackageNotFoundError:
            kindling = "unknown"
        system = os.uname()
        return cls(
            kindling=kindling,
            machine=machine or platform.machine(),
            kernel=system.release,
            hostname=system.nodename,
            command=tuple(part.encode("utf-8", "backslashreplace").decode() for part in command),
            start=time.time_ns(),
        )


@dataclass(frozen=True, slots=True)
class BatchInfo:
    """What belongs to one record batch as a whole.

    `checksum` is the CRC-32 of its records and data as they are in memory, and of its other texts (None: not known).
    `anew`: what was sent before may be forgotten, for every object that is still needed is sent again from here on.
    """

    clock_offset: int = 0
    checksum: int | None = None
    anew: bool = False


def pack(value: object) -> str:
    """`value` as JSON; if that is long, compressed: "zlib:" and base64."""
    text = json.dumps(value, separators=(",", ":"))
    if len(text) <= _PLAIN:
        return text
    return "zlib:" + base64.b64encode(zlib.compress(text.encode(), 6)).decode()


def unpack(text: str) -> Any:
    """What `pack` was given. Raises ValueError, also for more than 64 MiB or some four million values."""
    try:
        data = text.encode()
        if text.startswith("zlib:"):
            stream = zlib.decompressobj()
            data = stream.decompress(base64.b64decode(data[5:], validate=True), _MAX_TEXT)
            if not stream.eof:
                raise ValueError("too long or cut off")
        # A value takes a few bytes here and fifty times that in memory.
        if data.count(b",") + data.count(b"[") + data.count(b"{") > _MAX_VALUES:
            raise ValueError("too many values")
        return json.loads(data)
    except (zlib.error, binascii.Error, RecursionError) as error:
        raise ValueError(str(error)) from error


def encode_info(info: CaptureInfo) -> str:
    """The capture's description as text."""
    return pack(dataclasses.asdict(info))


def decode_info(text: str) -> CaptureInfo:
    """The capture's description; what is missing or of another type stays at its default. Raises ValueError."""
    found = _mapping(unpack(text))
    known: dict[str, Any] = {}
    for field in dataclasses.fields(CaptureInfo):
        value = found.get(field.name)
        if field.name == "command" and isinstance(value, list) and all(isinstance(part, str) for part in value):
            known[field.name] = tuple(value)
        elif type(value) is type(field.default) and not isinstance(value, tuple):
            known[field.name] = value
    return CaptureInfo(**known)


def encode_batch(info: BatchInfo) -> str:
    """The batch's description as text."""
    return pack({"clock_offset": info.clock_offset, "checksum": info.checksum, "anew": info.anew})


def decode_batch(text: str) -> BatchInfo:
    """The batch's description. Raises ValueError."""
    found = _mapping(unpack(text))
    offset, checksum = found.get("clock_offset"), found.get("checksum")
    if type(offset) is not int or not -(1 << 63) <= offset < 1 << 63:
        raise ValueError("no clock offset")
    return BatchInfo(offset, checksum if type(checksum) is int else None, found.get("anew") is True)


def encode_objects(objects: Iterable[Thread] | Iterable[Descriptor] | Iterable[Loss]) -> str:
    """Objects as text: a list of JSON objects without the fields that have their default; bytes are escaped."""
    found: list[dict[str, object]] = []
    for item in objects:
        shown: dict[str, object] = {}
        for name, default, _ in _fields(type(item)):
            value = getattr(item, name)
            if value is not default and value != default:
                if isinstance(value, bytes):
                    value = escape(value)
                elif isinstance(value, tuple):
                    value = [escape(part) if isinstance(part, bytes) else part for part in value]
                shown[name] = value
        found.append(shown)
    return pack(found)


def decode_objects(cls: type[Object], text: str) -> list[Object]:
    """What `encode_objects` was given, of class `cls`. Raises ValueError if anything is not of its field's type."""
    listed = unpack(text)
    if not isinstance(listed, list):
        raise ValueError("not a list of objects")
    fields = _fields(cls)
    found: list[Object] = []
    for entry in listed:
        shown = _mapping(entry)
        try:
            values: dict[str, Any] = {name: read(shown[name]) for name, _, read in fields if name in shown}
            found.append(cls(**values))
        except TypeError as error:
            raise ValueError(str(error)) from error
    return found


_RANGES = {
    "sport": 16,
    "dport": 16,
    "id": 64,
    "inode": 64,
    "cgroup_id": 64,
    "start": 64,
    "peer_inode": 64,
    "count": 64,
    "since": 64,
}
"""Bits of the integer fields; those that are not listed have 32."""


_Fields = tuple[tuple[str, object, Callable[[object], object]], ...]
_KNOWN: dict[type, _Fields] = {}


def _fields(cls: type[Thread | Descriptor | Loss]) -> _Fields:
    """Of each field of a class of objects: its name, its default and what reads it."""
    if cls in _KNOWN:
        return _KNOWN[cls]
    hints = get_type_hints(cls)
    _KNOWN[cls] = tuple(
        (field.name, field.default, _reader(field.name, hints[field.name])) for field in dataclasses.fields(cls)
    )
    return _KNOWN[cls]


def _reader(name: str, hint: object) -> Callable[[object], object]:
    options = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    optional = NoneType in options
    (kind,) = (option for option in options if option is not NoneType)
    origin = get_origin(kind)
    limit = 1 << _RANGES.get(name, 32)

    def read(value: object) -> object:
        if value is None and optional:
            return None
        if kind is int and type(value) is int and 0 <= value < limit:
            return value
        if kind is bool and isinstance(value, bool):
            return value
        # Text is what Kindling chose itself: nothing that could act on a terminal belongs there.
        if kind is str and isinstance(value, str) and value.isprintable():
            return value
        if kind is bytes and isinstance(value, str):
            return unescape(value)
        if origin is tuple and isinstance(value, list):
            part = get_args(kind)[0]
            return tuple(_reader(name, part)(element) for element in value)
        raise ValueError(f"{name} is of the wrong type or size")

    return read


def _mapping(value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    return value


def compact(records: Records, data: bytes) -> tuple[Records, bytes]:
    """Copies of the records with exactly their own variable parts, one after the other, in `data`.

    `commit`, by which the ring tells what is finished, becomes 0, and so does `data` of a record without variable part.
    A part that does not lie within `data` is taken away, and the record marked NO_ROOM.
    """
    compacted = joined([records])
    compacted["commit"] = 0
    starts = records["data"].astype(np.int64)
    lengths = records["length"].astype(np.int64)
    outside = starts + lengths > len(data)
    if outside.any():
        lengths[outside] = 0
        compacted["length"] = lengths
        compacted["marks"][outside] |= int(layout.Mark.NO_ROOM)
    ends = np.cumsum(lengths)
    compacted["data"] = np.where(lengths > 0, ends - lengths, 0)
    rows = np.flatnonzero(lengths)
    if not len(rows):
        return compacted, b""
    starts, stops = starts[rows], starts[rows] + lengths[rows]
    # Neighbours in the ring lie next to each other: whole runs of them are copied at once.
    breaks = np.flatnonzero(starts[1:] != stops[:-1]) + 1
    firsts = starts[np.concatenate(([0], breaks))].tolist()
    lasts = stops[np.concatenate((breaks - 1, [len(rows) - 1]))].tolist()
    if len(firsts) == 1:
        return compacted, data[firsts[0] : lasts[0]]
    view = memoryview(data)
    return compacted, b"".join([view[first:last] for first, last in zip(firsts, lasts, strict=True)])


def joined(parts: Sequence[Records]) -> Records:
    """Copies of records, one part after the other. As opaque rows: NumPy would copy them field by field."""
    row = np.dtype((np.void, layout.RECORD.itemsize))
    return np.concatenate([np.ascontiguousarray(part).view(row) for part in parts]).view(layout.RECORD)


def checksum(records: Records, data: bytes, texts: Iterable[str] = ()) -> int:
    """The CRC-32 of compacted records, their data, and texts that belong to them."""
    found = zlib.crc32(data, zlib.crc32(np.ascontiguousarray(records).view(np.uint8).data))
    for text in texts:
        found = zlib.crc32(text.encode(), found)
    return found


def digest(text: str) -> str:
    """A short name for `text` that other text does not have."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]
