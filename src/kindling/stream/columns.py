"""One field of a whole batch as a NumPy array."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from kindling.errors import UsageError
from kindling.stream.batch import Batch, Indexed
from kindling.stream.fields import SHORT_NAMES, Field, Numbers, lookup, nearest

ABSENT = -1
"""What stands in a column of numbers where an event has none. It is None in the columns of objects."""


def column(batch: Batch, name: str) -> npt.NDArray[np.generic]:
    """The field `name` (of the filter fields, or a short one as in the JSON form) of every event in `batch`.

    Numbers are int64 with -1 where absent; `ret` is the raw result, 0 for events that return nothing. Everything else
    is an array of objects: str, bytes (comm, exe, path, names of descriptors, command lines), bool, tuple for lists,
    and for arguments whatever they are; None where absent. Raises UsageError with the nearest names.
    """
    field = field_of(name)
    values = field.extract(batch)
    if isinstance(values, Numbers):
        if values.present is None or field.name == "evt.rawres":
            return values.values
        return np.where(values.present, values.values, ABSENT)
    if field.type.numeric and not field.many:
        numbers = [_signed(v) if isinstance(v, int) else ABSENT for v in values.values]
        return np.array(numbers, np.int64)[values.index]
    return _objects(values)[values.index]


def field_of(name: str) -> Field:
    """The field that the column `name` shows."""
    try:
        return lookup(SHORT_NAMES.get(name, name))
    except UsageError:
        near = nearest(name, SHORT_NAMES) if "." not in name else []
        if near:
            raise UsageError(f"no column is called {name!r}; did you mean {' or '.join(near)}?") from None
        raise


def _signed(value: int) -> int:
    # Inode numbers take all 64 bits on some file systems (overlayfs with xino).
    return (value + (1 << 63)) % (1 << 64) - (1 << 63)


def _objects(values: Indexed) -> npt.NDArray[np.object_]:
    found = np.empty(len(values.values), np.object_)
    for place, value in enumerate(values.values):
        # NumPy would spread a tuple over the array if it got the list as a whole.
        found[place] = value
    return found


def distinct(keys: npt.NDArray[np.unsignedinteger]) -> tuple[npt.NDArray[np.int64], Sequence[int]]:
    """For each of `keys` the number of its value, and the values: like np.unique, but linear and unsorted."""
    wide = keys.astype(np.uint64, copy=False)
    count = len(wide)
    index = np.empty(count, np.int64)
    rows = np.arange(count)
    found: list[npt.NDArray[np.uint64]] = []
    known = 0
    bits = max(10, count.bit_length() + 1)
    # Every key goes to a bucket by its hash; of each bucket one key is taken, and those that equal it are done with.
    # The few that shared a bucket with another key part with the next multiplier.
    for multiplier in (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9):
        part = wide if len(rows) == count else wide[rows]
        hashed = part * np.uint64(multiplier) >> np.uint64(64 - bits)
        table = np.empty(1 << bits, np.int64)
        table[hashed] = np.arange(len(part))
        chosen = table[hashed]
        same = part[chosen] == part
        representatives = np.flatnonzero(chosen == np.arange(len(part)))
        table[hashed[representatives]] = np.arange(known, known + len(representatives))
        found.append(part[representatives])
        known += len(representatives)
        index[rows[same]] = table[hashed[same]]
        rows = rows[~same]
        if not len(rows):
            break
    else:
        rest, inverse = np.unique(wide[rows], return_inverse=True)
        index[rows] = known + inverse
        found.append(rest)
    return index, np.concatenate(found).tolist()


__all__ = ["ABSENT", "column", "distinct", "field_of"]
