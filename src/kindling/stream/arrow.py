"""Batches as Arrow: the fields of the JSON form as columns, without a step per event.

What is said of a thread, a descriptor or a definition is looked up once per distinct one; a column of text is a
dictionary of those and the rows' indices. Bytes that need not be UTF-8 (names, paths) are text by the escape rule of
`catalogue.text`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from kindling.catalogue.model import Definition
from kindling.catalogue.tables.common import errno_name
from kindling.catalogue.text import escape
from kindling.enrich.categories import category_of
from kindling.enrich.objects import Descriptor, Thread
from kindling.probes import layout
from kindling.probes.capture_format import compact, import_pyarrow
from kindling.probes.capture_reader import (
    ARGUMENTS_COLUMN,
    ARGUMENTS_TYPE,
    DATA_COLUMN,
    DATA_TYPE,
    PLAIN_COLUMNS,
    RESULT_COLUMN,
    RESULT_TYPE,
)
from kindling.probes.layout import Mark
from kindling.stream.batch import Batch, Indexed
from kindling.stream.event import MARKS
from kindling.stream.jsonlines import JsonLines
from kindling.stream.references import walk

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
    Column(RESULT_COLUMN, RESULT_TYPE, "what an event without result carried in its place; null if nothing"),
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
    if raw:
        records, data = compact(batch.records, batch.data)
        batch = Batch(records, data, batch.definitions, batch.objects, batch.clock_offset, batch.machine)
    return compact_record_batch(batch, arguments=arguments, raw=raw)


def compact_record_batch(batch: Batch, *, arguments: bool = False, raw: bool = True) -> Any:
    """The same for a batch whose records and data are compact already (see `capture_format.compact`)."""
    pyarrow = import_pyarrow("an Arrow record batch")
    made = _Columns(pyarrow, batch)
    arrays = [made.named(column.name) for column in COLUMNS]
    if arguments:
        arrays.append(pyarrow.array(_arguments(batch), pyarrow.string()))
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


def _arguments(batch: Batch) -> list[str]:
    """The arguments of each row as JSON: cut out of its line, which is made far faster than a row at a time.

    Quotes within JSON strings have a backslash before them, so what is looked for stands only where it is meant.
    """
    return [
        line[line.index('"args": {') + 8 : line.rindex(', "ret": ')]
        for line in JsonLines(batch.objects, batch.machine).lines(batch)
    ]


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
            return self.plain(records["ret"], self.without_result())
        if name == "category":
            return self.category()
        if name == "error":
            return self.error()
        if name == "quality":
            return self.quality()
        return self.plain(records[name])

    def raw(self) -> list[Any]:
        """The columns of `RAW`. The batch's data must be compact."""
        records = self.batch.records
        made = [self.plain(records[PLAIN_COLUMNS[column.name][1]]) for column in RAW if column.name in PLAIN_COLUMNS]
        made.append(self.plain(records["ret"], ~self.without_result() | (records["ret"] == 0)))
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

    def category(self) -> Any:
        """That of the definition or of what the descriptor stands for: made once for each pair of both."""
        definitions, descriptors = self.batch.definition_index, self.batch.descriptor_index
        types: dict[str | None, int] = {}
        of_type = [types.setdefault(getattr(d, "type", None), len(types)) for d in descriptors.values]
        pairs = [str(category_of(definition, kind)) for definition in definitions.values for kind in types]  # type: ignore[arg-type]
        index = self.narrow(definitions) * np.int32(len(types)) + np.array(of_type, np.int32).take(
            self.narrow(descriptors)
        )
        return self.coded(index, pairs)

    def without_result(self) -> npt.NDArray[np.bool_]:
        """Whether each row's event is one that has no result."""
        indexed = self.batch.definition_index
        without = np.array([definition.result is None for definition in indexed.values], np.bool_)  # type: ignore[attr-defined]
        return without.take(self.narrow(indexed))

    def error(self) -> Any:
        ret = self.batch.records["ret"]
        numbers = np.where((ret < 0) & (ret >= -4095) & ~self.without_result(), -ret, 0).astype(np.int32)
        present = np.flatnonzero(np.bincount(numbers, minlength=1))
        codes = np.zeros(4096, np.int32)
        codes[present] = np.arange(len(present))
        return self.coded(codes.take(numbers), [errno_name(-int(n)) for n in present])

    def quality(self) -> Any:
        """The marks as `Event.quality` gives them, made once for each combination that occurs."""
        batch, records, rows = self.batch, self.batch.records, len(self.batch)
        unknown = np.array([thread is None for thread in batch.thread_index.values], np.bool_)
        marked = (records["marks"] & np.uint16(_SHOWN)) > 0
        if unknown.any():
            marked |= unknown.take(self.narrow(batch.thread_index))
        at = np.flatnonzero(marked)
        pyarrow = self.pyarrow
        lengths = np.zeros(rows, np.int32)
        names = pyarrow.array([], pyarrow.string())
        if len(at):
            keys = np.zeros(len(at), _COMBINATION)
            keys["event"], keys["marks"] = records["event"][at], records["marks"][at] & np.uint16(_SHOWN)
            keys["unknown"] = unknown.take(self.narrow(batch.thread_index)[at])
            keys["pieces"] = self.marks_of_pieces(at)
            distinct, index = np.unique(keys, return_inverse=True)
            lists = [self.marks(key) for key in distinct]
            lengths[at] = np.array([len(marks) for marks in lists], np.int32).take(index)
            names = pyarrow.array(lists, pyarrow.list_(pyarrow.string())).take(pyarrow.array(index)).flatten()
        offsets = np.zeros(rows + 1, np.int32)
        np.cumsum(lengths, out=offsets[1:])
        return pyarrow.ListArray.from_arrays(pyarrow.array(offsets), names)

    def marks_of_pieces(self, at: npt.NDArray[np.int64]) -> npt.NDArray[np.uint64]:
        """For these rows, two bits for each of the first 32 captures: TRUNCATED and FAULT of its piece."""
        records = self.batch.records
        found = np.zeros(len(records), np.uint64)
        some = at[(records["marks"][at] & np.uint16(_OF_PIECES)) > 0]
        octets = np.frombuffer(self.batch.data, np.uint8)
        for rows, content, number, _ in walk(records, self.batch.data, some):
            bits = octets[content - layout.DATA_HEADER.itemsize + 1].astype(np.uint64) & np.uint64(_OF_PIECES)
            found[rows] |= np.where(number < 32, bits << (2 * number.astype(np.uint64) & np.uint64(63)), np.uint64(0))
        return found[at]

    def marks(self, key: Any) -> list[str]:
        marks, pieces = int(key["marks"]), int(key["pieces"])
        found: list[str] = []
        number = 0
        for argument in self.batch.definitions[int(key["event"])].arguments:
            for _ in argument.type.captures(self.batch.machine):
                own = pieces >> 2 * number & _OF_PIECES
                found += [f"{MARKS[mark]}:{argument.name}" for mark in (Mark.TRUNCATED, Mark.FAULT) if own & mark]
                number += 1
        if found:
            marks &= ~_OF_PIECES
        found += [name for mark, name in MARKS.items() if marks & mark]
        if key["unknown"]:
            found.append("thread_unknown")
        return list(dict.fromkeys(found))


_SHOWN = int(sum(MARKS))
_OF_PIECES = int(Mark.TRUNCATED | Mark.FAULT)
_COMBINATION = np.dtype([("event", "<u2"), ("marks", "<u2"), ("unknown", "?"), ("pieces", "<u8")])
