"""Capture files: events written as an Arrow IPC stream, read back as batches, and converted to other formats.

`docs/capture.md` describes the file. What is on the disk is readable up to the last whole batch at any moment.
"""

from __future__ import annotations

import dataclasses
import os
import stat
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from kindling.catalogue.model import Definition
from kindling.enrich.objects import Descriptor, Objects, Thread, ThreadKey
from kindling.errors import CaptureError, UsageError
from kindling.probes import capture_format as form
from kindling.probes import layout
from kindling.probes.base import Loss, Records
from kindling.probes.capture_events import encode_definitions, fingerprint
from kindling.probes.capture_reader import RawCapture
from kindling.probes.ipc import END_OF_STREAM
from kindling.stream.arrow import compact_record_batch, schema, to_record_batch
from kindling.stream.batch import Batch
from kindling.stream.references import References

BATCH_ROWS = 65_536
BATCH_DATA = 8 << 20
"""A record batch in the file holds at most so many events, and about so many bytes of their variable parts."""
BATCH_SECONDS = 1.0
OBJECTS_PER_BATCH = 1024


@dataclass(frozen=True, slots=True)
class CaptureStatistics:
    """What a writer did so far. `events`, `batches` and `bytes` are in the file; `pending` events are not yet."""

    events: int = 0
    batches: int = 0
    bytes: int = 0
    threads: int = 0
    descriptors: int = 0
    pending: int = 0


class CaptureWriter:
    """Writes batches to a capture file, or to standard output ("-").

    An existing file is replaced. Small batches are joined until there are 65,536 events or a second has passed, which
    is looked at whenever `write` is called: call it with empty batches too. Raises CaptureError, naming file and cause,
    if the file cannot be written; the writer is then closed, and what it had written stays readable. `definitions` are
    the events by slot that may occur; others that do occur are added. `info` describes the capture, by default this
    machine and process.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        definitions: Mapping[int, Definition],
        *,
        machine: str = "x86_64",
        info: form.CaptureInfo | None = None,
        interval: float = BATCH_SECONDS,
    ) -> None:
        self._pyarrow = form.import_pyarrow("recording a capture file")
        self.name = "standard output" if str(path) == "-" else str(path)
        self.definitions = dict(definitions)
        self.machine = info.machine if info else machine
        self._interval = interval
        self._references = References()
        self._objects = Objects(limit=form.OBJECT_LIMIT)
        self._new_threads: dict[ThreadKey, Thread] = {}
        self._new_descriptors: dict[int, Descriptor] = {}
        self._new_definitions: dict[int, Definition] = {}
        self._losses: list[Loss] = []
        self._pending: list[tuple[Records, bytes]] = []
        self._rows = self._data = 0
        self._since = time.monotonic()
        self._clock_offset = 0
        self._anew = False
        self._counts = {"events": 0, "batches": 0, "bytes": 0, "threads": 0, "descriptors": 0}
        self._chunks: list[bytes] = []
        info = info or form.CaptureInfo.here(sys.argv, machine)
        metadata = {
            form.FORMAT_KEY: str(form.FORMAT),
            form.INFO_KEY: form.encode_info(_identified(info, self.definitions.values())),
            form.EVENTS_KEY: encode_definitions(self.definitions, self.machine),
        }
        metadata[form.DIGEST_KEY] = form.digest(metadata[form.INFO_KEY] + metadata[form.EVENTS_KEY])
        self._own = str(path) != "-"
        self._fd, self._regular = _open_for_writing(path, self.name)
        # The stream's own closing is never asked for: its end mark is written here, also after a failure.
        columns = schema(raw=True, metadata=metadata)
        self._stream = self._pyarrow.ipc.new_stream(
            _Sink(self._chunks), columns, options=self._pyarrow.ipc.IpcWriteOptions(compression="zstd")
        )
        # Arrow's writer waits with the schema for the first batch. It is wanted at once, so that a capture in which
        # nothing has happened yet is a capture.
        self._begun = False
        self._chunks.append(columns.serialize().to_pybytes())
        self._put()

    def write(self, batch: Batch, losses: Sequence[Loss] = ()) -> None:
        """Add a batch. `losses` are those that are not rows of the batch."""
        if self._fd < 0:
            raise CaptureError(f"{self.name} is closed: nothing more can be recorded into it")
        if len(batch):
            self._add(batch)
        self._losses += losses
        now = time.monotonic()
        if not (self._rows or self._losses):
            self._since = now
        elif self._rows >= BATCH_ROWS or self._data >= BATCH_DATA or now - self._since >= self._interval:
            self.flush()
            self._since = now

    def _add(self, batch: Batch) -> None:
        if self._rows and batch.clock_offset != self._clock_offset:
            self.flush()
        self._clock_offset = batch.clock_offset
        self._define(batch)
        self._refer(batch)
        # A copy: the probe may use the memory of its records again after the next batch.
        records, data = form.compact(batch.records, batch.data)
        self._pending.append((records, data))
        self._rows += len(records)
        self._data += len(data)

    def _define(self, batch: Batch) -> None:
        for slot in np.flatnonzero(np.bincount(batch.records["event"])).tolist():
            definition = batch.definitions[slot]
            known = self.definitions.get(slot)
            if known is not definition and known != definition:
                if self._rows and known is not None:
                    self.flush()
                self.definitions[slot] = self._new_definitions[slot] = definition

    def _refer(self, batch: Batch) -> None:
        """Note the objects that the batch refers to and the file does not hold yet, with their ancestors."""
        if self._objects.full:
            self.flush()
            self._objects = Objects(limit=form.OBJECT_LIMIT)
            self._anew = True
        threads, descriptors = self._references.of(batch)
        for thread in threads:
            if self._objects.threads.get(thread.key) is not thread:
                for related in (thread, *batch.objects.ancestors(thread)):
                    # An ancestor may be remembered as it was before it changed.
                    current = batch.objects.threads.get(related.key, related) is related
                    if current and self._changed(self._objects.threads.get(related.key), related):
                        self._new_threads[related.key] = related
                        self._objects.add((related,), ())
        for descriptor in descriptors:
            if self._changed(self._objects.descriptors.get(descriptor.id), descriptor):
                self._new_descriptors[descriptor.id] = descriptor
                self._objects.add((), (descriptor,))

    def _changed(self, written: object, now: object) -> bool:
        """Whether an object is not in the file yet as it is now."""
        if written is now or written == now:
            return False
        if written is not None:
            # Events that are still pending belong to the object as it was.
            self.flush()
        return True

    def flush(self) -> None:
        """Write what is pending, so that it is in the file whatever happens to this process."""
        if self._fd < 0 or not (self._rows or self._losses):
            return
        base, parts = 0, []
        for records, data in self._pending:
            records["data"] += np.where(records["length"] > 0, np.uint32(base), np.uint32(0))
            base += len(data)
            parts.append(records)
        records = form.joined(parts) if parts else np.empty(0, layout.RECORD)
        data = b"".join(data for _, data in self._pending)
        self._pending, self._rows, self._data = [], 0, 0
        self._write_objects()
        portions = list(_portions(records["length"]))
        for first, last in portions:
            self._write(*((records, data) if len(portions) == 1 else form.compact(records[first:last], data)))

    def _write_objects(self) -> None:
        """All but the last few new objects, in batches without events: no message becomes too large to be read."""
        threads, descriptors = list(self._new_threads.values()), list(self._new_descriptors.values())
        nothing = np.empty(0, layout.RECORD)
        while len(threads) + len(descriptors) > OBJECTS_PER_BATCH:
            some = threads[:OBJECTS_PER_BATCH]
            others = descriptors[: OBJECTS_PER_BATCH - len(some)]
            threads, descriptors = threads[len(some) :], descriptors[len(others) :]
            self._write(nothing, b"", some, others)
        self._new_threads = {thread.key: thread for thread in threads}
        self._new_descriptors = {descriptor.id: descriptor for descriptor in descriptors}

    def _write(
        self,
        records: Records,
        data: bytes,
        threads: Sequence[Thread] | None = None,
        descriptors: Sequence[Descriptor] | None = None,
    ) -> None:
        last = threads is None
        threads = list(self._new_threads.values()) if threads is None else threads
        descriptors = list(self._new_descriptors.values()) if descriptors is None else descriptors
        batch = Batch(records, data, self.definitions, self._objects, self._clock_offset, self.machine)
        custom: dict[str, str] = {}
        if threads:
            custom[form.THREADS_KEY] = form.encode_objects(threads)
        if descriptors:
            custom[form.DESCRIPTORS_KEY] = form.encode_objects(descriptors)
        if self._losses:
            custom[form.LOSSES_KEY] = form.encode_objects(self._losses)
        if self._new_definitions:
            custom[form.EVENTS_KEY] = encode_definitions(self._new_definitions, self.machine)
        info = form.BatchInfo(self._clock_offset, form.checksum(records, data, custom.values()), self._anew)
        custom[form.BATCH_KEY] = form.encode_batch(info)
        self._stream.write_batch(compact_record_batch(batch), custom_metadata=custom)
        if not self._begun:
            self._begun = True
            written = b"".join(self._chunks)
            self._chunks[:] = [written[8 + int.from_bytes(written[4:8], "little") :]]
        self._put()
        self._counts["events"] += len(records)
        self._counts["batches"] += 1
        self._counts["threads"] += len(threads)
        self._counts["descriptors"] += len(descriptors)
        self._new_definitions, self._losses, self._anew = {}, [], False
        if last:
            self._new_threads, self._new_descriptors = {}, {}

    def _put(self) -> None:
        """Hand what the stream made to the system, whole messages at once."""
        data = memoryview(b"".join(self._chunks))
        self._chunks.clear()
        done = 0
        try:
            while done < len(data):
                done += os.write(self._fd, data[done:])
        except OSError as error:
            self._abandon()
            raise CaptureError(
                f"{self.name} cannot be written: {error.strerror}; "
                f"the {self._counts['events']} events before stay readable"
            ) from error
        self._counts["bytes"] += done

    def _abandon(self) -> None:
        """After a failure: cut off the part of a batch that did arrive, so that every reader can read the rest."""
        try:
            if self._regular:
                os.ftruncate(self._fd, self._counts["bytes"])
                os.lseek(self._fd, 0, os.SEEK_END)
                os.write(self._fd, END_OF_STREAM)
        except OSError:
            # The end mark may be missing; what matters is in the file.
            pass
        finally:
            self._release()

    def _release(self) -> None:
        if self._own and self._fd >= 0:
            os.close(self._fd)
        self._fd = -1
        self._pending, self._rows, self._data = [], 0, 0

    def statistics(self) -> CaptureStatistics:
        """Counts so far."""
        return CaptureStatistics(**self._counts, pending=self._rows)

    def close(self) -> None:
        """Write what is pending and the end mark, and close the file. May be called twice."""
        if self._fd < 0:
            return
        self.flush()
        self._chunks.append(END_OF_STREAM)
        self._put()
        self._release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Sink:
    """What Arrow's writer sees as a file: keeps the pieces until a whole batch is there."""

    closed = False

    def __init__(self, chunks: list[bytes]) -> None:
        self._chunks = chunks

    def write(self, data: Any) -> int:
        self._chunks.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing to do: the writer decides when."""

    def close(self) -> None:
        """Nothing to do: the writer owns the file."""

    def writable(self) -> bool:
        return True

    def readable(self) -> bool:
        return False

    def seekable(self) -> bool:
        return False


def _identified(info: form.CaptureInfo, definitions: Iterable[Definition]) -> form.CaptureInfo:
    return dataclasses.replace(info, catalogue=fingerprint(definitions, info.machine))


def _open_for_writing(path: str | os.PathLike[str], name: str) -> tuple[int, bool]:
    """The file's number, and whether it is a regular file. Raises CaptureError."""
    try:
        if str(path) == "-":
            fd = sys.stdout.fileno()
            sys.stdout.flush()
        else:
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
        mode = os.fstat(fd).st_mode
    except (OSError, ValueError) as error:
        cause = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise CaptureError(f"{name} cannot be written: {cause}; choose another file") from error
    if stat.S_ISBLK(mode) or os.isatty(fd):
        kind = "a disk" if stat.S_ISBLK(mode) else "a terminal"
        if str(path) != "-":
            os.close(fd)
        raise CaptureError(f"{name} is {kind}, and a capture is binary; send it to a file or a pipe")
    regular = stat.S_ISREG(mode) and str(path) != "-"
    if regular:
        os.ftruncate(fd, 0)
    return fd, regular


def _portions(lengths: Any) -> Iterator[tuple[int, int]]:
    """Ranges of rows, each within what one record batch may hold."""
    ends = np.cumsum(lengths, dtype=np.int64)
    first, rows = 0, len(ends)
    while first < rows:
        before = int(ends[first - 1]) if first else 0
        last = min(first + BATCH_ROWS, int(np.searchsorted(ends, before + BATCH_DATA, side="right")))
        last = max(last, first + 1)
        yield first, last
        first = last
    if not rows:
        yield 0, 0


class CaptureReader:
    """A capture file, or standard input ("-"), as batches.

    A truncated or damaged file gives what of it is readable; `problem` then says what is wrong. Raises CaptureError if
    it is no capture, comes from a newer Kindling, or cannot be read at all.
    """

    def __init__(self, path: str | os.PathLike[str], known: Iterable[Definition] | None = None) -> None:
        self.raw = RawCapture(path, known)
        self.objects = Objects()

    @property
    def info(self) -> form.CaptureInfo:
        """Where and when the capture was made."""
        return self.raw.info

    @property
    def definitions(self) -> Mapping[int, Definition]:
        """The events that the file holds or may hold, by slot; grows while reading if more came while recording."""
        return self.raw.definitions

    @property
    def problem(self) -> str | None:
        """What is wrong with the file, as far as it was read; None if nothing is."""
        return self.raw.problem

    @property
    def notes(self) -> Sequence[str]:
        """What of the events this version of Kindling cannot decode."""
        return self.raw.notes

    def __iter__(self) -> Iterator[Batch]:
        for batch, _ in self.batches():
            yield batch

    def batches(self) -> Iterator[tuple[Batch, Sequence[Loss]]]:
        """The batches, each with the losses that are not rows of it."""
        while (raw := self.raw.next_batch()) is not None:
            if self.raw.anew or self.objects.full:
                # A new table, since batches that the caller still holds refer to the old one.
                self.objects = Objects()
            self.objects.add(raw.threads, raw.descriptors)
            batch = Batch(
                raw.records, raw.data, self.raw.definitions, self.objects, raw.clock_offset, self.info.machine
            )
            yield batch, raw.losses

    def close(self) -> None:
        """Close the file. May be called twice."""
        self.raw.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@dataclass(frozen=True, slots=True)
class Converted:
    """What `convert` did. `problem` says what of the source could not be read, None if all of it was."""

    events: int
    batches: int
    bytes: int
    problem: str | None = None


PARQUET = (".parquet", ".pq")
LINES = (".ndjson", ".jsonl", ".json")
CAPTURES = (".kindling", ".arrow", ".arrows")


def convert(
    source: str | os.PathLike[str], target: str | os.PathLike[str], known: Iterable[Definition] | None = None
) -> Converted:
    """Write a capture (or its readable part) in the format that the target's suffix names.

    .parquet: the columns with `args` as JSON text; .ndjson, .jsonl, .json: one JSON object per line; .kindling, .arrow:
    a capture, whole again if the source was damaged. Raises UsageError for another suffix, CaptureError if a file
    cannot be read or written.
    """
    suffix = Path(target).suffix.lower()
    if suffix not in PARQUET + LINES + CAPTURES:
        raise UsageError(
            f"{target}: do not know what to write; name a file that ends in {', '.join(PARQUET + LINES + CAPTURES)}"
        )
    if str(source) != "-" and os.path.exists(target) and os.path.exists(source) and os.path.samefile(source, target):
        raise UsageError(f"{source} would be written while it is read; name another file")
    with CaptureReader(source, known) as reader:
        try:
            if suffix in CAPTURES:
                events, batches = _to_capture(reader, target)
            elif suffix in PARQUET:
                events, batches = _to_parquet(reader, target)
            else:
                events, batches = _to_lines(reader, target)
            return Converted(events, batches, os.stat(target).st_size, reader.problem)
        except OSError as error:
            raise CaptureError(f"{target} cannot be written: {error.strerror or error}; choose another file") from error


def _to_capture(reader: CaptureReader, target: str | os.PathLike[str]) -> tuple[int, int]:
    with CaptureWriter(target, reader.definitions, info=reader.info) as writer:
        for batch, losses in reader.batches():
            writer.write(batch, losses)
    done = writer.statistics()
    return done.events, done.batches


def _to_parquet(reader: CaptureReader, target: str | os.PathLike[str]) -> tuple[int, int]:
    parquet = form.import_pyarrow("writing a Parquet file", "pyarrow.parquet")
    metadata = {form.INFO_KEY: form.encode_info(reader.info)}
    events = batches = 0
    with parquet.ParquetWriter(target, schema(arguments=True, metadata=metadata), compression="zstd") as writer:
        for batch in reader:
            writer.write_batch(to_record_batch(batch, arguments=True))
            events, batches = events + len(batch), batches + 1
    return events, batches


def _to_lines(reader: CaptureReader, target: str | os.PathLike[str]) -> tuple[int, int]:
    from kindling.stream.jsonlines import JsonLines

    events = batches = 0
    formatter = JsonLines(reader.objects, reader.info.machine)
    with open(target, "wb") as file:
        for batch in reader:
            if formatter.objects is not batch.objects:
                formatter = JsonLines(batch.objects, batch.machine)
            file.write(formatter.text(batch).encode())
            events, batches = events + len(batch), batches + 1
    return events, batches
