"""Batches as Arrow: the fields of the JSON form as columns, without a step per event.

What is said of a thread, a descriptor or a definition is looked up once per distinct one; a column of text is a
dictionary of those and the rows' indices. Bytes that need not be UTF-8 (names, paths) are text by the escape rule of
`catalogue.text`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from kindling.catalogue.model import Definition
from kindling.catalogue.tables.common import errno_name
from kindling.catalogue.text import escape
from kindling.enrich.objects import Descriptor, Thread
from kindling.probes import layout
from kindling.probes.capture_format import compact, import_pyarrow
from kindling.probes.capture_reader import (
    ARGUMENTS_COLUMN,
    ARGUMENTS_TYPE,
    DATA_COLUMN,
    DATA_TYPE,
    PLAIN_COLUMNS,
)
from kindling.stream.batch import Batch, Indexed

Codes = npt.NDArray[np.int32]

TEXT = "dictionary<values=string, indices=int32, ordered=0>"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, its Arrow type as Arrow writes it, and what it holds."""

    name: str
    type: str
    description: str


COLUMNS: tuple[Column, ...] = (
    Column("timestamp", "timestamp[ns, tz=UTC]", "when the event completed"),
    Column("name", TEXT, "the event's name"),
    Column("source", TEXT, "what made it: syscall, tracepoint, kprobe ..."),
    Column(
        "category", TEXT, "file, net, ipc, wait, signal, sleep, time, process, scheduler, memory, user, system or other"
    ),
    Column("cpu", "uint16", "the CPU it completed on"),
    Column("latency", "int64", "nanoseconds in the call; null where it has none or it was not measured"),
    Column("pid", "uint32", "process id"),
    Column("tid", "uint32", "thread id"),
    Column("ppid", "uint32", "process id of the parent; null where the thread is not known"),
    Column("uid", "uint32", "real user id"),
    Column("gid", "uint32", "real group id"),
    Column("comm", TEXT, "the thread's name, escaped"),
    Column("exe", TEXT, "path of the process's program, escaped; null for kernel threads"),
    Column("container_id", TEXT, "the container's full id; null outside of containers"),
    Column("fd_num", "int32", "the file descriptor; null where the event has none"),
    Column("fd_type", TEXT, "what the descriptor stands for: file, directory, pipe, ipv4, ipv6, unix, eventpoll ..."),
    Column("fd_name", TEXT, "one line that names it: path, client->server or type and inode, escaped"),
    Column("path", TEXT, "path of a file, escaped"),
    Column("inode", "uint64", "inode number"),
    Column("dev", TEXT, "device of the file as major:minor"),
    Column("protocol", TEXT, "tcp, udp ..."),
    Column("role", TEXT, "client or server: this end of the connection; null where it is not known"),
    Column("sip", TEXT, "address of the client side"),
    Column("sport", "uint16", "port of the client side"),
    Column("dip", TEXT, "address of the server side"),
    Column("dport", "uint16", "port of the server side"),
    Column("ret", "int64", "the raw result; null where the event has none"),
    Column("error", TEXT, "name of the error, such as ENOENT; null if the call did not fail"),
    Column("quality", "list<item: string>", "marks: what could not be had or was cut, empty if nothing"),
)
"""The columns for readers of every kind."""

ARGS = Column("args", "string", "all arguments as one JSON object, bytes escaped; only where asked for")

RAW: tuple[Column, ...] = (
    Column("raw_slot", "uint16", "number of the event in this capture"),
    Column("raw_thread", "uint32", "version of the thread's description"),
    Column("raw_object", "uint64", "id of the descriptor's description, 0 for none"),
    Column("raw_marks", "uint16", "quality marks as bits"),
    Column(ARGUMENTS_COLUMN, ARGUMENTS_TYPE, "the argument registers"),
    Column(DATA_COLUMN, DATA_TYPE, "what the arguments point to, as the kernel side copied it"),
)
"""The columns which a capture file holds besides, so that the records can be restored exactly."""


def columns(*, arguments: bool = False, raw: bool = False) -> tuple[Column, ...]:
    """The columns in order; `arguments` adds `args`, `raw` those that capture files hold."""
    return COLUMNS + ((ARGS,) if arguments else ()) + (RAW if raw else ())


def schema(*, arguments: bool = False, raw: bool = False, metadata: Mapping[str, str] | None = None) -> Any:
    """The `pyarrow.Schema` of these columns."""
    pyarrow = import_pyarrow("the Arrow schema")
    return pyarrow.schema(
        [pyarrow.field(c.name, _type(pyarrow, c.type)) for c in columns(arguments=arguments, raw=raw)],
        metadata=metadata,
    )


def to_table(batch: Batch, *, arguments: bool = False, raw: bool = False) -> Any:
    """The batch as a `pyarrow.Table`."""
    pyarrow = import_pyarrow("an Arrow table")
    return pyarrow.Table.from_batches([to_record_batch(batch, arguments=arguments, raw=raw)])


def to_record_batch(batch: Batch, *, arguments: bool = False, raw: bool = False) -> Any:
    """The batch as a `pyarrow.RecordBatch` with `schema(arguments=..., raw=...)`."""
    pyarrow = import_pyarrow("an Arrow record batch")
    if raw:
        records, data = compact(batch.records, batch.data)
        batch = Batch(records, data, batch.definitions, batch.objects, batch.clock_offset, batch.machine)
    made = _Columns(pyarrow, batch)
    arrays = [made.named(column.name) for column in COLUMNS]
    if arguments:
        arrays.append(pyarrow.array([_arguments(batch, row) for row in range(len(batch))], pyarrow.string()))
    if raw:
        arrays += made.raw()
    return pyarrow.record_batch(arrays, schema=schema(arguments=arguments, raw=raw))


def _type(pyarrow: Any, name: str) -> Any:
    made = {
        "timestamp[ns, tz=UTC]": lambda: pyarrow.timestamp("ns", "UTC"),
        TEXT: lambda: pyarrow.dictionary(pyarrow.int32(), pyarrow.string()),
        "list<item: string>": lambda: pyarrow.list_(pyarrow.string()),
        ARGUMENTS_TYPE: lambda: pyarrow.list_(pyarrow.uint64(), layout.MAX_ARGUMENTS),
    }.get(name)
    return made() if made else pyarrow.type_for_alias(name)


def _arguments(batch: Batch, row: int) -> str:
    return json.dumps(batch.arguments(row), ensure_ascii=False, separators=(",", ":"), default=_escaped)


def _escaped(value: object) -> str:
    if isinstance(value, bytes):
        return escape(value)
    raise TypeError(f"an argument decodes to {type(value).__name__}, which JSON cannot hold")


_THREAD_TEXT: Mapping[str, Callable[[Thread], str | None]] = {
    "comm": lambda thread: escape(thread.comm),
    "exe": lambda thread: None if thread.exe is None else escape(thread.exe),
    "container_id": lambda thread: thread.container_id,
}
_DESCRIPTOR_TEXT: Mapping[str, Callable[[Descriptor], str | None]] = {
    "fd_type": lambda descriptor: descriptor.type,
    "fd_name": lambda descriptor: escape(descriptor.name),
    "path": lambda descriptor: None if descriptor.path is None else escape(descriptor.path),
    "dev": lambda descriptor: descriptor.device,
    "protocol": lambda descriptor: descriptor.protocol,
    "role": lambda descriptor: descriptor.role,
    "sip": lambda descriptor: descriptor.sip,
    "dip": lambda descriptor: descriptor.dip,
}
_DEFINITION_TEXT: Mapping[str, Callable[[Definition], str | None]] = {
    "name": lambda definition: definition.name,
    "source": lambda definition: str(definition.source),
    "category": lambda definition: str(definition.category),
}
_THREAD_NUMBERS: Mapping[str, Any] = {"ppid": np.uint32, "uid": np.uint32, "gid": np.uint32}
_DESCRIPTOR_NUMBERS: Mapping[str, Any] = {"inode": np.uint64, "sport": np.uint16, "dport": np.uint16}


class _Columns:
    """Makes the columns of one batch."""

    def __init__(self, pyarrow: Any, batch: Batch) -> None:
        self.pyarrow = pyarrow
        self.batch = batch
        self.indices: dict[int, Codes] = {}

    def named(self, name: str) -> Any:
        batch, records = self.batch, self.batch.records
        if name in _THREAD_TEXT:
            return self.text(batch.thread_index, _THREAD_TEXT[name])
        if name in _DESCRIPTOR_TEXT:
            return self.text(batch.descriptor_index, _DESCRIPTOR_TEXT[name])
        if name in _DEFINITION_TEXT:
            return self.text(batch.definition_index, _DEFINITION_TEXT[name])
        if name in _THREAD_NUMBERS:
            return self.numbers(batch.thread_index, name, _THREAD_NUMBERS[name])
        if name in _DESCRIPTOR_NUMBERS:
            return self.numbers(batch.descriptor_index, name, _DESCRIPTOR_NUMBERS[name])
        if name == "timestamp":
            return self.plain(batch.timestamp).cast(self.pyarrow.timestamp("ns", "UTC"))
        if name == "latency":
            return self.plain(records["latency"].view(np.int64), records["latency"] == np.uint64(layout.NO_LATENCY))
        if name == "fd_num":
            return self.plain(records["fd"], records["fd"] == layout.NO_FD)
        if name == "ret":
            return self.result()
        if name == "error":
            return self.error()
        if name == "quality":
            return self.quality()
        return self.plain(records[name])

    def raw(self) -> list[Any]:
        """The columns of `RAW`. The batch's data must be compact."""
        records = self.batch.records
        made = [self.plain(records[PLAIN_COLUMNS[column.name][1]]) for column in RAW if column.name in PLAIN_COLUMNS]
        registers = self.plain(records["args"].reshape(-1))
        made.append(self.pyarrow.FixedSizeListArray.from_arrays(registers, layout.MAX_ARGUMENTS))
        offsets = np.zeros(len(records) + 1, np.int32)
        np.cumsum(records["length"], out=offsets[1:])
        buffers = [None, self.pyarrow.py_buffer(offsets), self.pyarrow.py_buffer(self.batch.data)]
        made.append(self.pyarrow.BinaryArray.from_buffers(self.pyarrow.binary(), len(records), buffers))
        return made

    def plain(self, values: npt.NDArray[Any], absent: npt.NDArray[np.bool_] | None = None) -> Any:
        if absent is not None and not absent.any():
            absent = None
        return self.pyarrow.array(np.ascontiguousarray(values), mask=absent)

    def text(self, indexed: Indexed, of: Callable[[Any], str | None]) -> Any:
        return self.coded(self.narrow(indexed), [None if value is None else of(value) for value in indexed.values])

    def coded(self, index: Codes, texts: Sequence[str | None]) -> Any:
        """A dictionary column: row i has `texts[index[i]]`. Each text stands in it once, as readers require."""
        numbers: dict[str, int] = {}
        codes = np.array([-1 if t is None else numbers.setdefault(t, len(numbers)) for t in texts], np.int32)
        rows = codes.take(index)
        absent = rows < 0 if (codes < 0).any() else None
        if absent is not None:
            rows[absent] = 0
        dictionary = self.pyarrow.array(list(numbers), self.pyarrow.string())
        return self.pyarrow.DictionaryArray.from_arrays(self.plain(rows, absent), dictionary)

    def numbers(self, indexed: Indexed, name: str, kind: Any) -> Any:
        found = [None if value is None else getattr(value, name) for value in indexed.values]
        values = np.array([0 if number is None else number for number in found], kind)
        absent = np.array([number is None for number in found], np.bool_)
        index = self.narrow(indexed)
        return self.plain(values.take(index), absent.take(index) if absent.any() else None)

    def narrow(self, indexed: Indexed) -> Codes:
        """The index with 32 bits, made once for all columns that share it: half the memory to walk through."""
        key = id(indexed)
        if key not in self.indices:
            self.indices[key] = indexed.index.astype(np.int32)
        return self.indices[key]

    def result(self) -> Any:
        ret, indexed = self.batch.records["ret"], self.batch.definition_index
        without = np.array([definition.result is None for definition in indexed.values], np.bool_)  # type: ignore[attr-defined]
        # An event that has no result may carry a number there all the same: it is not hidden.
        return self.plain(ret, without.take(self.narrow(indexed)) & (ret == 0) if without.any() else None)

    def error(self) -> Any:
        ret = self.batch.records["ret"]
        numbers = np.where((ret < 0) & (ret >= -4095), -ret, 0).astype(np.int32)
        present = np.flatnonzero(np.bincount(numbers, minlength=1))
        codes = np.zeros(4096, np.int32)
        codes[present] = np.arange(len(present))
        return self.coded(codes.take(numbers), [errno_name(-int(n)) for n in present])

    def quality(self) -> Any:
        rows = len(self.batch)
        threads, descriptors = self.batch.thread_index, self.batch.descriptor_index
        of_thread, thread_marks = _marks(threads.values)
        of_descriptor, descriptor_marks = _marks(descriptors.values)
        key = self.batch.records["marks"].astype(np.int64)
        if len(thread_marks) > 1:
            key |= of_thread.take(self.narrow(threads)).astype(np.int64) << 16
        if len(descriptor_marks) > 1:
            key |= of_descriptor.take(self.narrow(descriptors)).astype(np.int64) << 40
        if not key.any():
            nothing: list[tuple[str, ...]] = [()] if rows else []
            index, distinct = np.zeros(rows, np.int64), nothing
        else:
            keys, index = np.unique(key, return_inverse=True)
            distinct = [
                mark_names(int(k) & 0xFFFF) + thread_marks[int(k) >> 16 & 0xFFFFFF] + descriptor_marks[int(k) >> 40]
                for k in keys
            ]
        lengths = np.array([len(marks) for marks in distinct], np.int32)
        offsets = np.zeros(rows + 1, np.int32)
        if rows:
            np.cumsum(lengths.take(index), out=offsets[1:])
        pyarrow = self.pyarrow
        names: Any
        if offsets[-1]:
            marked = np.flatnonzero(np.diff(offsets))
            flat = pyarrow.array(list(distinct), pyarrow.list_(pyarrow.string()))
            names = flat.take(pyarrow.array(index[marked])).flatten()
        else:
            names = pyarrow.array([], pyarrow.string())
        return pyarrow.ListArray.from_arrays(pyarrow.array(offsets), names)


def mark_names(marks: int) -> tuple[str, ...]:
    """The quality marks of a record in words."""
    names = tuple(str(mark.name).lower() for mark in layout.Mark if marks & mark)
    rest = marks & ~sum(layout.Mark)
    return (*names, f"{rest:#x}") if rest else names


def _marks(objects: Sequence[Any]) -> tuple[Codes, list[tuple[str, ...]]]:
    """For each object the number of its marks, and the marks by number; number 0 is none."""
    numbers: dict[tuple[str, ...], int] = {(): 0}
    codes = [numbers.setdefault(() if o is None else tuple(o.quality), len(numbers)) for o in objects]
    return np.array(codes, np.int32), list(numbers)
