"""One field of a whole batch as a NumPy array."""

from __future__ import annotations

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


__all__ = ["ABSENT", "column", "field_of"]
