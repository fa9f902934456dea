"""Filter: an expression made ready to be asked which events of a batch it lets through."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, TypeAlias, cast

import numpy as np
import numpy.typing as npt

from kindling.catalogue.model import Definition
from kindling.stream.batch import Batch
from kindling.stream.fields import Extract, Level, Numbers, lookup
from kindling.stream.filter.expression import Expression, Not, Or, Test, tests
from kindling.stream.filter.matching import field_of, matcher, vector
from kindling.stream.filter.parser import parse

Mask: TypeAlias = npt.NDArray[np.bool_]


class InBatch(Protocol):
    """An event that knows its place."""

    @property
    def batch(self) -> Batch: ...

    @property
    def row(self) -> int: ...


class Filter:
    """A filter. `str()` gives its normal form, which means the same; equal expressions make equal filters."""

    def __init__(self, expression: Expression) -> None:
        self.expression = expression
        self._node = _node(expression)

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the fields it looks at, each once, from left to right."""
        return tuple(dict.fromkeys(test.field for test in tests(self.expression)))

    def mask(self, batch: Batch) -> Mask:
        """For each event of `batch` whether it passes."""
        return self._node.mask(batch)

    def matches(self, event: InBatch) -> bool:
        """Whether one event passes. `mask` is far quicker for many."""
        return bool(self.mask(event.batch.select(np.array([event.row])))[0])

    def __str__(self) -> str:
        return str(self.expression)

    def __repr__(self) -> str:
        return f"Filter({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return self.expression == other.expression if isinstance(other, Filter) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.expression)


def compile(text: str, definitions: Iterable[Definition] | None = None) -> Filter:
    """The filter that `text` says, in the syntax of sysdig and Falco.

    With `definitions` (the catalogue's), names of events and arguments that none of them has are errors too. Raises
    FilterError, which knows the column and names the nearest right word.
    """
    return Filter(parse(text, definitions))


class _Node(Protocol):
    costly: bool
    """Whether arguments must be decoded one event after the other."""

    def mask(self, batch: Batch) -> Mask: ...


class _Test:
    def __init__(self, test: Test) -> None:
        field = field_of(test)
        self.costly = field.level is Level.ARGUMENT
        self._extract: Extract = field.extract
        self._match = matcher(test)
        # Only fields of numbers give columns of numbers.
        self._vector = vector(test) if lookup(test.field).type.numeric else None

    def mask(self, batch: Batch) -> Mask:
        column = self._extract(batch)
        if isinstance(column, Numbers):
            assert self._vector is not None
            result = self._vector(column.values)
            return result if column.present is None else result & column.present
        match = self._match
        fits = np.fromiter((v is not None and match(v) for v in column.values), np.bool_, len(column.values))
        return cast(Mask, fits[column.index])


class _Not:
    def __init__(self, operand: Expression) -> None:
        self._operand = _node(operand)
        self.costly = self._operand.costly

    def mask(self, batch: Batch) -> Mask:
        return ~self._operand.mask(batch)


class _Several:
    """All (`decided` by a False) or any (by a True) of the operands, the costly ones only where it still matters."""

    def __init__(self, operands: Iterable[Expression], decided: bool) -> None:
        self._operands = sorted(map(_node, operands), key=lambda node: node.costly)
        self._decided = decided
        self.costly = self._operands[-1].costly

    def mask(self, batch: Batch) -> Mask:
        result = np.full(len(batch), not self._decided)
        for operand in self._operands:
            if operand.costly:
                rows = np.flatnonzero(result != self._decided)
                if len(rows) == 0:
                    break
                if len(rows) < len(result):
                    result[rows] = operand.mask(batch.select(rows))
                    continue
            part = operand.mask(batch)
            if self._decided:
                result |= part
            else:
                result &= part
        return result


def _node(expression: Expression) -> _Node:
    if isinstance(expression, Test):
        return _Test(expression)
    if isinstance(expression, Not):
        return _Not(expression.operand)
    return _Several(expression.operands, decided=isinstance(expression, Or))
