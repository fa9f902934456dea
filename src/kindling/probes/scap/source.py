"""The bytes of a capture file, plain or compressed by gzip, in pieces of bounded size."""

from __future__ import annotations

import zlib

from kindling.probes.ipc import Input

PIECE = 1 << 20
"""Bytes that are taken from the file at a time."""

GZIP = b"\x1f\x8b"


def unpacked(head: bytes) -> bytes:
    """The beginning of a file as it is when it is unpacked, as far as `head` holds it."""
    if head[:2] != GZIP:
        return head
    try:
        return zlib.decompressobj(31).decompress(head, 1 << 16)
    except zlib.error:
        return b""


class Source:
    """Reads a file or pipe. `damage` says in words what is wrong with the compression, None if nothing was found."""

    def __init__(self, source: Input) -> None:
        self._source = source
        self._packed = source.peek(2) == GZIP
        self._unpack = zlib.decompressobj(31)
        self._pending = b""
        self._ended = False
        self.damage: str | None = None

    def ready(self, timeout: float) -> bool:
        """Whether `some` will give something at once, after at most `timeout` seconds."""
        return self._ended or bool(self._pending) or self._source.ready(timeout)

    def some(self, limit: int) -> bytes:
        """What comes next, at most `limit` bytes (a pipe gives what it has); empty at the end."""
        if not self._packed:
            return self._take(min(limit, PIECE))
        while not self._ended:
            given = self._pending or self._take(PIECE)
            self._pending = b""
            if not given:
                self._ended = True
                if not self._unpack.eof:
                    self.damage = "its compressed data ends too early"
                return self._unpacked(b"", limit)
            if self._unpack.eof:
                # Several compressed files in a row are one, as gzip itself has it; zeros after them are padding.
                if not given.strip(b"\0"):
                    continue
                self._unpack = zlib.decompressobj(31)
            found = self._unpacked(given, limit)
            if found:
                return found
        return b""

    def _unpacked(self, given: bytes, limit: int) -> bytes:
        try:
            found = self._unpack.decompress(given, limit)
        except zlib.error as error:
            self._ended = True
            self.damage = f"its compressed data is damaged ({error})"
            return b""
        self._pending = self._unpack.unconsumed_tail or self._unpack.unused_data
        return found

    def _take(self, count: int) -> bytes:
        part = self._source.peek(count)
        return self._source.read(len(part)) if part else b""

    def close(self) -> None:
        """Close the file. May be called twice."""
        self._source.close()
