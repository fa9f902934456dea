"""Reads a capture file back into the records, data and objects that were written, as far as it is whole."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from kindling.catalogue.model import Definition
from kindling.enrich.objects import Descriptor, Thread
from kindling.errors import CaptureError
from kindling.probes import capture_format as form
from kindling.probes import layout
from kindling.probes.base import Loss, RawBatch, Records
from kindling.probes.capture_events import decode_definitions, lookup, unknown_event
from kindling.probes.ipc import Damaged, Input, Kind, Message, read_message

PLAIN_COLUMNS: Mapping[str, tuple[str, str, int]] = {
    "timestamp": ("timestamp[ns, tz=UTC]", "time", 0),
    "cpu": ("uint16", "cpu", 0),
    "latency": ("int64", "latency", -1),
    "ret": ("int64", "ret", 0),
    "pid": ("uint32", "pid", 0),
    "tid": ("uint32", "tid", 0),
    "fd_num": ("int32", "fd", layout.NO_FD),
    "raw_slot": ("uint16", "event", 0),
    "raw_thread": ("uint32", "thread", 0),
    "raw_object": ("uint64", "object", 0),
    "raw_marks": ("uint16", "marks", 0),
}
"""The columns that records are restored from: Arrow type, the record's field, and what a null stands for there."""

RESULT_COLUMN = "raw_ret"
RESULT_TYPE = "int64"
ARGUMENTS_COLUMN = "raw_args"
ARGUMENTS_TYPE = "fixed_size_list<item: uint64>[6]"
DATA_COLUMN = "raw_data"
DATA_TYPE = "binary"
MAX_NOTES = 1000


def looks_like_capture(head: bytes) -> bool:
    """Whether a file that begins with `head` (64 KiB are enough) may be a capture of ours."""
    return head.startswith(b"\xff\xff\xff\xff") and form.FORMAT_KEY.encode() in head


class RawCapture:
    """A capture file, or standard input ("-"), as raw batches.

    What is damaged ends or interrupts the batches without an exception: `problem` then says what is missing, and
    `damaged_events` how many events the damaged batches held, as far as they say. Raises CaptureError if the file is no
    capture, comes from a newer Kindling, or cannot be read at all. `known` are the definitions to use, by default the
    catalogue's.
    """

    def __init__(self, path: str | os.PathLike[str] | Input, known: Iterable[Definition] | None = None) -> None:
        self._source = path if isinstance(path, Input) else Input(path)
        self.name = self._source.name
        self.problem: str | None = None
        self.notes: list[str] = []
        """What of the events this version of Kindling cannot decode, in words."""
        self.definitions: dict[int, Definition] = {}
        """The events that the file holds or may hold, by slot; grows while reading if more came while recording."""
        self.damaged_events = 0
        self.anew = False
        """Whether the last batch begins to send the objects anew: those of before need not be kept."""
        self._known = lookup(known)
        self._batches = 0
        self._ended = False
        try:
            self._open()
        except BaseException:
            self._source.close()
            raise

    def _open(self) -> None:
        pyarrow = form.import_pyarrow("reading a capture file")
        head = self._source.peek(8)
        try:
            message = read_message(self._source) if head[:4] == b"\xff\xff\xff\xff" else None
            if message is None or message.kind != Kind.SCHEMA:
                raise self._no_capture(head)
            schema = pyarrow.ipc.read_schema(pyarrow.py_buffer(message.raw))
        except (Damaged, pyarrow.ArrowException, OSError, ValueError) as error:
            raise CaptureError(
                f"{self.name}: its beginning is damaged ({error}), so nothing of it can be read"
            ) from error
        metadata = {key.decode("utf-8", "replace"): value for key, value in (schema.metadata or {}).items()}
        if form.FORMAT_KEY not in metadata:
            raise self._no_capture(head)
        try:
            version = int(metadata[form.FORMAT_KEY])
            if version <= form.FORMAT:
                info, events = metadata[form.INFO_KEY].decode(), metadata[form.EVENTS_KEY].decode()
                self.info = form.decode_info(info)
                self._define(events)
                if metadata.get(form.DIGEST_KEY, b"").decode() != form.digest(info + events):
                    self._tell("damaged in its description: names of events may be wrong")
        except (KeyError, ValueError) as error:
            raise CaptureError(
                f"{self.name}: its description is damaged ({error}), so nothing of it can be read"
            ) from error
        if version > form.FORMAT:
            raise CaptureError(
                f"{self.name} was made by a newer Kindling (its format is {version}, known here is {form.FORMAT}); "
                "update Kindling, or open the columns with any Arrow reader"
            )
        try:
            self._columns, self._header = self._plain(pyarrow, schema)
        except (pyarrow.ArrowException, OSError, ValueError) as error:
            raise CaptureError(f"{self.name}: its columns are damaged, so nothing of it can be read") from error

    def _no_capture(self, head: bytes) -> CaptureError:
        if not head:
            return CaptureError(f"{self.name} is empty: nothing was recorded into it")
        kinds = {b"ARROW1": "an Arrow file, not a stream", b"PAR1": "a Parquet file"}
        kind = next((text for magic, text in kinds.items() if head.startswith(magic)), "something else")
        return CaptureError(f"{self.name} is not a capture but {kind}; 'kindling record -o FILE' makes captures")

    def _plain(self, pyarrow: Any, schema: Any) -> tuple[list[int], bytes]:
        """Which columns are needed, and a schema message under which they are read.

        Dictionary columns stand in it as the plain numbers that they are in a record batch: nothing of them is needed,
        so no dictionary has to be read.
        """
        wanted = {name: kind for name, (kind, _, _) in PLAIN_COLUMNS.items()}
        wanted |= {RESULT_COLUMN: RESULT_TYPE, ARGUMENTS_COLUMN: ARGUMENTS_TYPE, DATA_COLUMN: DATA_TYPE}
        positions = {schema.names[n]: n for n in range(len(schema.names))}
        for name, kind in wanted.items():
            if name not in positions or str(schema.types[positions[name]]) != kind:
                raise CaptureError(
                    f"{self.name} is not a whole capture: it lacks the column {name} ({kind}); "
                    "'kindling record -o FILE' makes captures"
                )
        plain = [pyarrow.field(f.name, f.type.index_type) if pyarrow.types.is_dictionary(f.type) else f for f in schema]
        return sorted(positions[name] for name in wanted), pyarrow.schema(plain).serialize().to_pybytes()

    def ready(self, timeout: float) -> bool:
        """Whether `next_batch` will find something at once, after at most `timeout` seconds."""
        return self._ended or self._source.ready(timeout)

    def next_batch(self) -> RawBatch | None:
        """The next batch that is whole; None at the end, or where the damage begins."""
        while not self._ended:
            try:
                position = self._source.position
                message = read_message(self._source)
                if message is None:
                    break
                if message.kind == Kind.RECORDS:
                    batch = self._batch(message)
                    self._batches += 1
                    return batch
                if message.kind != Kind.DICTIONARY:
                    raise Damaged(f"a message is of an unknown kind ({message.kind})", framed=True)
            except Damaged as error:
                found = f"damaged at byte {position}: {error}"
                if not error.framed:
                    self._tell(f"{found}; the {self._batches} batches before it were read")
                    break
                self._tell(found)
        self._ended = True
        return None

    def _tell(self, problem: str) -> None:
        # The first problem says most; later ones are often its consequence.
        self.problem = self.problem or f"{self.name} is {problem}"

    def _define(self, text: str) -> None:
        found, notes = decode_definitions(text, self.info.machine, self._known)
        self.definitions.update(found)
        for note in notes:
            self._note(note)

    def _note(self, note: str) -> None:
        if note not in self.notes and len(self.notes) < MAX_NOTES:
            self.notes.append(note)

    def _batch(self, message: Message) -> RawBatch:
        try:
            custom = message.custom
            info = form.decode_batch(custom[form.BATCH_KEY])
            threads = form.decode_objects(Thread, custom.get(form.THREADS_KEY, "[]"))
            descriptors = form.decode_objects(Descriptor, custom.get(form.DESCRIPTORS_KEY, "[]"))
            losses = form.decode_objects(Loss, custom.get(form.LOSSES_KEY, "[]"))
            records, data = self._records(message, info.clock_offset)
        except KeyError as error:
            self.damaged_events += message.rows
            raise Damaged(f"a batch was not written by Kindling ({error} is missing)", framed=True) from error
        except (ValueError, MemoryError, OverflowError, OSError) as error:
            self.damaged_events += message.rows
            raise Damaged(f"a batch of {message.rows} events is damaged ({error})", framed=True) from error
        texts = (text for key, text in custom.items() if key != form.BATCH_KEY)
        if info.checksum is not None and form.checksum(records, data, texts) != info.checksum:
            self.damaged_events += message.rows
            raise Damaged(f"a batch of {message.rows} events is damaged (its checksum is wrong)", framed=True)
        try:
            if form.EVENTS_KEY in custom:
                self._define(custom[form.EVENTS_KEY])
        except ValueError as error:
            self._tell(f"damaged: the definitions of some events cannot be read ({error})")
        for slot in np.flatnonzero(np.bincount(records["event"])).tolist():
            if slot not in self.definitions:
                self.definitions[slot] = unknown_event(slot)
                self._note(f"event number {slot} has no definition in the file: only its raw arguments are shown")
        self.anew = info.anew
        return RawBatch(records, data, threads, descriptors, losses, info.clock_offset)

    def _records(self, message: Message, clock_offset: int) -> tuple[Records, bytes]:
        pyarrow = form.import_pyarrow("reading a capture file")
        options = pyarrow.ipc.IpcReadOptions(included_fields=self._columns, use_threads=False)
        try:
            stream = pyarrow.ipc.open_stream(pyarrow.py_buffer(self._header + message.raw), options=options)
            batch = stream.read_next_batch()
            batch.validate(full=True)
        except (pyarrow.ArrowException, StopIteration) as error:
            raise ValueError(str(error).split("\n")[0]) from error
        records = np.zeros(batch.num_rows, layout.RECORD)
        for name, (_, member, null) in PLAIN_COLUMNS.items():
            column = batch.column(name)
            if name == "timestamp":
                column = column.cast("int64")
            if column.null_count:
                column = column.fill_null(null)
            values: npt.NDArray[Any] = column.to_numpy()
            if name == "timestamp":
                values = values.view(np.uint64) - np.uint64(clock_offset % (1 << 64))
            records[member] = values.view(np.uint64) if name == "latency" else values
        # What an event that has no result carried in its place.
        result = batch.column(RESULT_COLUMN)
        if result.null_count < len(records):
            hidden = np.asarray(result.is_valid().to_numpy(zero_copy_only=False), np.bool_)
            records["ret"] = np.where(hidden, result.fill_null(0).to_numpy(), records["ret"])
        arguments, pieces = batch.column(ARGUMENTS_COLUMN), batch.column(DATA_COLUMN)
        if arguments.null_count or arguments.values.null_count or pieces.null_count:
            raise ValueError("there are nulls where none can be")
        records["args"] = arguments.flatten().to_numpy().reshape(-1, layout.MAX_ARGUMENTS)
        data, lengths = b"", np.zeros(len(records), np.int64)
        if len(records):
            _, offsets, content = pieces.buffers()
            ends = np.frombuffer(offsets, "<i4", len(records) + 1, pieces.offset * 4).astype(np.int64)
            lengths = np.diff(ends)
            if lengths.max() > 0xFFFF:
                raise ValueError("an event's variable part is too long")
            if ((lengths > 0) & (lengths < layout.DATA_HEADER.itemsize)).any():
                raise ValueError("an event's variable part is too short")
            if content is not None:
                data = content.slice(int(ends[0]), int(ends[-1] - ends[0])).to_pybytes()
        records["length"] = lengths
        records["data"] = np.where(lengths > 0, np.cumsum(lengths) - lengths, 0)
        return records, data

    def close(self) -> None:
        """Close the file. May be called twice."""
        self._ended = True
        self._source.close()
