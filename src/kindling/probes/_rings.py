"""The reader's end of the kernel side's buffers: record rings as NumPy views, and the BPF ring buffer of objects."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kindling.probes import layout
from kindling.probes.base import Records

PAGE = mmap.PAGESIZE
_U32 = 0xFFFFFFFF
FAR_FUTURE = 1 << 62


@dataclass(frozen=True, slots=True)
class RingSize:
    """The shape of one ring: how many records, how many bytes of data, and how many bytes of memory in all."""

    slots: int
    data: int

    @property
    def data_offset(self) -> int:
        return _round_up(self.slots * layout.RECORD.itemsize, PAGE)

    @property
    def total(self) -> int:
        """Items of the data area are never split: one may reach into the slack behind its end."""
        return _round_up(self.data_offset + self.data + layout.DATA_SLACK, PAGE)


def ring_size(wanted: int, payload: bool = False) -> RingSize:
    """The largest ring whose records take at most `wanted` bytes, at least 128 records.

    Data takes a quarter more, or with `payload` as much again.
    """
    slots = 128
    while slots * 2 * layout.RECORD.itemsize <= wanted:
        slots *= 2
    return RingSize(slots, max(1 << max(wanted if payload else wanted // 4, 1).bit_length() - 1, 4 * layout.DATA_SLACK))


def _round_up(value: int, unit: int) -> int:
    return (value + unit - 1) // unit * unit


class RecordRing:
    """One ring in memory shared with the kernel side (see `bpf/ring.h`)."""

    def __init__(self, memory: mmap.mmap, offset: int, control: Records, size: RingSize) -> None:
        self.size = size
        self._records = np.frombuffer(memory, layout.RECORD, size.slots, offset)
        self._data = np.frombuffer(memory, np.uint8, size.data + layout.DATA_SLACK, offset + size.data_offset)
        self._control = control
        self._bits = size.slots.bit_length() - 1

    @property
    def head(self) -> int:
        """How many records were claimed so far."""
        return int(self._control["head"])

    @property
    def fill(self) -> float:
        """How full the ring is, between 0 and 1: its records or its data, whichever is more."""
        control = self._control
        records = int(control["head"]) - int(control["tail"])
        data = int(control["data_head"]) - int(control["data_tail"])
        return max(records / self.size.slots, data / self.size.data)

    def time_after(self, count: int, head: int) -> int:
        """When the record that is `count` from the reader's position completed; far in the future if fewer wait."""
        position = int(self._control["tail"]) + count
        if position >= head:
            return FAR_FUTURE
        mask = self.size.slots - 1
        record = self._records[position & mask]
        published = int(record["commit"]) == ((position >> self._bits) + 1) & _U32
        return int(record["time"]) if published else FAR_FUTURE

    def release(self) -> None:
        """Let go of the shared memory, so that it can be unmapped."""
        del self._records, self._data, self._control

    def published(self, head: int, until: int | None) -> list[Records]:
        """Views of the published records before `head` that completed at or before `until`; two where they wrap."""
        mask = self.size.slots - 1
        parts: list[Records] = []
        position = int(self._control["tail"])
        while position < head:
            start = position & mask
            stop = min(head - position, self.size.slots - start) + start
            part = self._records[start:stop]
            foreign = part["commit"] != ((position >> self._bits) + 1) & _U32
            count = int(foreign.argmax()) if foreign.any() else len(part)
            if until is not None and count and int(part["time"][count - 1]) > until:
                # Claims of different CPUs interleave, so times are sorted but for neighbours.
                count = int(np.searchsorted(part["time"][:count], until, "right"))
            if count:
                parts.append(part[:count])
            position += count
            if count < stop - start:
                break
        return parts

    def take(self, records: Records) -> bytes:
        """Free the room of `records`, copies of what `published` gave; the variable parts they then point into."""
        data = self._take_data(records)
        self._control["tail"] = int(self._control["tail"]) + len(records)
        return data

    def _take_data(self, records: Records) -> bytes:
        """The bytes that the variable parts of `records` are in; makes `data` of the records offsets into them."""
        lengths = records["length"]
        if not lengths.any():
            return b""
        tail = int(self._control["data_tail"])
        start = tail & (self.size.data - 1)
        # Positions are the low 32 bits of a running count.
        offsets = (records["data"] - np.uint32(tail & _U32)).astype(np.int64)
        ends = np.where(lengths > 0, offsets + lengths, 0)
        end = int(ends.max())
        border = self.size.data - start
        if end <= border:
            data = self._data[start : start + end].tobytes()
        else:
            # The piece that crosses the border lies in the slack; the next one starts where it would have ended.
            crossing = ends[(offsets < border) & (lengths > 0)]
            over = max(int(crossing.max()) - border, 0) if len(crossing) else 0
            data = self._data[start : self.size.data + over].tobytes() + self._data[over : end - border].tobytes()
        records["data"] = np.where(lengths > 0, offsets, 0)
        self._control["data_tail"] = tail + end
        return data


class ObjectBuffer:
    """The BPF ring buffer that objects come through: few, of any length."""

    _BUSY, _DISCARD = 1 << 31, 1 << 30

    def __init__(self, fd: int, size: int) -> None:
        self._size = size
        self._consumer_memory = mmap.mmap(fd, PAGE, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE)
        # The kernel offers the data twice in a row, for who cannot read around its end. Mapped once, it counts once.
        self._memory = mmap.mmap(fd, PAGE + size, mmap.MAP_SHARED, mmap.PROT_READ, offset=PAGE)
        self._consumer: npt.NDArray[np.uint64] | None = np.frombuffer(self._consumer_memory, np.uint64, 1)
        self._producer: npt.NDArray[np.uint64] | None = np.frombuffer(self._memory, np.uint64, 1)

    def drain(self) -> Iterator[bytes]:
        """The objects sent so far, each freed as it is taken."""
        assert self._consumer is not None and self._producer is not None
        position = int(self._consumer[0])
        while position < int(self._producer[0]):
            header = int.from_bytes(self._read(position, 4), "little")
            if header & self._BUSY:
                return
            length = header & ~(self._BUSY | self._DISCARD)
            if not header & self._DISCARD:
                yield self._read(position + 8, length)
            position += _round_up(length + 8, 8)
            self._consumer[0] = position

    def _read(self, position: int, length: int) -> bytes:
        at = position & (self._size - 1)
        over = at + length - self._size
        if over <= 0:
            return self._memory[PAGE + at : PAGE + at + length]
        return self._memory[PAGE + at : PAGE + self._size] + self._memory[PAGE : PAGE + over]

    def close(self) -> None:
        """Unmap it."""
        self._consumer = self._producer = None
        self._consumer_memory.close()
        self._memory.close()
