"""Programs for the kernel side's filter: tests in postfix order; AND, OR and NOT join them on a stack of truths."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from kindling.probes.base import Records
from kindling.probes.layout import FILTER, FilterCompare, FilterField, FilterOp

MIN, MAX = -(1 << 63), (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Instruction:
    """One `layout.FILTER` entry. A TEST of something that the event does not have is false."""

    op: FilterOp
    field: FilterField = FilterField.PID
    compare: FilterCompare = FilterCompare.EQ
    low: int = 0
    high: int = 0


Code: TypeAlias = tuple[Instruction, ...]
Program: TypeAlias = "Code | bool"
"""Instructions that leave one truth value, or the value itself where it is known."""

_AND = Instruction(FilterOp.AND)
_OR = Instruction(FilterOp.OR)
_NOT = Instruction(FilterOp.NOT)


def all_of(programs: Iterable[Program]) -> Program:
    """True where all are."""
    return _joined(programs, False, _AND)


def any_of(programs: Iterable[Program]) -> Program:
    """True where any is."""
    return _joined(programs, True, _OR)


def opposite(program: Program) -> Program:
    """True where `program` is not."""
    if isinstance(program, bool):
        return not program
    return program[:-1] if program[-1] == _NOT else (*program, _NOT)


def _joined(programs: Iterable[Program], decided: bool, join: Instruction) -> Program:
    parts: dict[Code, None] = {}
    for program in programs:
        if program is decided:
            return decided
        if not isinstance(program, bool):
            parts[program] = None
    if not parts:
        return not decided
    code: list[Instruction] = []
    for number, part in enumerate(parts):
        code += part
        if number:
            code.append(join)
    return tuple(code)


def equal(field: FilterField, number: int) -> Program:
    """Whether `field` is `number`."""
    return (Instruction(FilterOp.TEST, field, FilterCompare.EQ, number),)


def equal_bytes(field: FilterField, value: bytes) -> Program:
    """Whether `field` holds these bytes, at most 16, padded with NULs."""
    low, high = value[:8], value[8:16]
    return (
        Instruction(
            FilterOp.TEST, field, FilterCompare.EQ, int.from_bytes(low, "little"), int.from_bytes(high, "little")
        ),
    )


def less(field: FilterField, number: int) -> Program:
    """Whether `field` is less than `number`."""
    return number > MIN and (Instruction(FilterOp.TEST, field, FilterCompare.LT, number),)


def greater(field: FilterField, number: int) -> Program:
    """Whether `field` is greater than `number`."""
    return number < MAX and (Instruction(FilterOp.TEST, field, FilterCompare.GT, number),)


def member(field: FilterField, wanted: Collection[int], possible: Sequence[int], always: bool = True) -> Program:
    """Whether `field` is one of `wanted`, given that it is one of the ascending `possible` numbers.

    Without `always` it may be absent, and then is none of them.
    """
    direct = _runs(field, [number in wanted for number in possible], possible)
    inverse = opposite(_runs(field, [number not in wanted for number in possible], possible))
    if not always and possible:
        present = greater(field, possible[0] - 1)
        direct, inverse = present if direct is True else direct, all_of((present, inverse))
    if isinstance(direct, bool) or isinstance(inverse, bool):
        return direct if isinstance(direct, bool) else inverse
    return direct if len(direct) <= len(inverse) else inverse


def _runs(field: FilterField, wanted: Sequence[bool], possible: Sequence[int]) -> Program:
    found: list[Program] = []
    start = 0
    while start < len(wanted):
        end = start
        while end < len(wanted) and wanted[end] == wanted[start]:
            end += 1
        if wanted[start]:
            first, last = possible[start], possible[end - 1]
            if first == last:
                found.append(equal(field, first) if len(possible) > 1 else True)
            else:
                below: Program = greater(field, first - 1) if start else True
                above: Program = less(field, last + 1) if end < len(wanted) else True
                found.append(all_of((below, above)))
        start = end
    return any_of(found)


def encode(code: Code) -> Records:
    """The instructions as an array of dtype `layout.FILTER`."""
    table = np.zeros(len(code), FILTER)
    for place, instruction in enumerate(code):
        table[place]["op"] = instruction.op
        table[place]["field"] = instruction.field
        table[place]["compare"] = instruction.compare
        table[place]["low"] = instruction.low % (1 << 64)
        table[place]["high"] = instruction.high % (1 << 64)
    return table
