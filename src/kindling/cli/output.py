"""Where events go: the outputs of `trace` and `replay`, each a sink that takes batches."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

import numpy as np

from kindling.cli.table import TableLines, TextLines
from kindling.cli.terminal import Style, is_terminal, wants_colour, width_of
from kindling.errors import KindlingError, UsageError

if TYPE_CHECKING:
    from kindling.stream.batch import Batch
    from kindling.stream.capture import CaptureWriter
    from kindling.stream.jsonlines import JsonLines
    from kindling.stream.subscription import Stream

ROWS = 1000
"""Rows formatted at a time: few enough that the first are out soon and memory stays small, enough to be fast."""


class Sink(Protocol):
    """Takes the batches of a stream, also empty ones, in order."""

    def begin(self, stream: Stream) -> None:
        """The stream has started."""
        ...

    def write(self, batch: Batch) -> None:
        """Show these events. Raises BrokenPipeError when nobody reads any more, KindlingError when it cannot go on."""
        ...

    def close(self) -> None:
        """Nothing more will come."""
        ...


class Target:
    """An open file, written without a buffer of our own so that every line is out at once."""

    def __init__(self, path: str | None, default: int = 1) -> None:
        self._own = path is not None and path != "-"
        if path is not None and path != "-":
            self.name = path
            try:
                self.descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
            except OSError as error:
                raise KindlingError(f"{path} cannot be written: {error.strerror}; name another file") from error
        else:
            self.descriptor = 1 if path == "-" else default
            self.name = {1: "standard output", 2: "standard error"}[self.descriptor]
            sys.stdout.flush()

    def write(self, text: str | bytes) -> None:
        """All of it. Raises BrokenPipeError when nobody reads, KindlingError for any other failure."""
        left = memoryview(text.encode("utf-8", "backslashreplace") if isinstance(text, str) else text)
        try:
            while left:
                left = left[os.write(self.descriptor, left) :]
        except BrokenPipeError:
            raise
        except OSError as error:
            raise KindlingError(f"{self.name} cannot be written: {error.strerror}") from error

    def close(self) -> None:
        """Close it if it is ours."""
        if self._own:
            self._own = False
            os.close(self.descriptor)


class LinesSink:
    """A table, or plain lines."""

    def __init__(self, target: Target, table: bool, environment: Mapping[str, str] | None = None) -> None:
        self._target = target
        style = Style(wants_colour(target.descriptor, environment))
        self._table = TableLines(style, lambda: width_of(target.descriptor)) if table else None
        self._lines = self._table or TextLines()

    def begin(self, stream: Stream) -> None:
        if self._table is not None:
            self._target.write(self._table.header())

    def write(self, batch: Batch) -> None:
        for part in _parts(batch):
            self._target.write("".join(self._lines.lines(part)))

    def close(self) -> None:
        self._target.close()


class JsonSink:
    """One JSON object per line."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._lines: JsonLines | None = None

    def begin(self, stream: Stream) -> None:
        from kindling.stream.jsonlines import JsonLines

        self._lines = JsonLines(stream.objects, stream.machine)

    def write(self, batch: Batch) -> None:
        assert self._lines is not None
        for part in _parts(batch):
            self._target.write(self._lines.text(part))

    def close(self) -> None:
        self._target.close()


class CaptureSink:
    """A capture file, or an Arrow IPC stream to standard output, which is the same."""

    def __init__(self, path: str) -> None:
        self._path = path
        self.writer: CaptureWriter | None = None
        if path == "-" and is_terminal(1):
            raise UsageError(
                "an Arrow stream is binary, and standard output is a terminal: send it to a file or a pipe"
            )
        if path != "-":
            # A file that cannot be written shall be told before anything is started; its content is replaced later.
            Target(path, 1).close()
        from kindling.probes.capture_format import import_pyarrow

        import_pyarrow("writing a capture file")

    def begin(self, stream: Stream) -> None:
        from kindling.stream.capture import CaptureWriter

        self.writer = CaptureWriter(self._path, stream.definitions, machine=stream.machine)

    def write(self, batch: Batch) -> None:
        assert self.writer is not None
        with _PipeErrors():
            self.writer.write(batch)

    def close(self) -> None:
        if self.writer is not None:
            with _PipeErrors():
                self.writer.close()

    @property
    def bytes(self) -> int:
        """Bytes in the file so far."""
        return self.writer.statistics().bytes if self.writer is not None else 0


class _PipeErrors:
    """A reader that went away is no failure: its BrokenPipeError comes out instead of the CaptureError around it."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if error is not None and isinstance(error.__cause__, BrokenPipeError):
            raise error.__cause__


def sink_for(form: str, path: str | None, with_command: bool) -> Sink:
    """The sink for -o and -w. Lines for people go to standard error when a command has standard output for itself."""
    if form == "arrow":
        return CaptureSink(path or "-")
    if form == "json":
        return JsonSink(Target(path))
    return LinesSink(Target(path, 2 if with_command else 1), table=form == "table")


def _parts(batch: Batch) -> list[Batch]:
    if len(batch) <= ROWS:
        return [batch] if len(batch) else []
    return [batch.select(np.arange(first, min(first + ROWS, len(batch)))) for first in range(0, len(batch), ROWS)]
