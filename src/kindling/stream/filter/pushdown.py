"""Which part of a filter the kernel side evaluates, and which part is left for here; both mean the same.

The kernel side keeps two lists of tests, one about the thread and one about the event. What it cannot say exactly it
still approximates: events that cannot pass are left out there, the rest is decided here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import TypeAlias, cast

from kindling.catalogue.model import Category, Definition
from kindling.catalogue.registry import catalogue
from kindling.catalogue.tables.common import ERRNO, MAX_ERRNO
from kindling.enrich.categories import SOCKETS
from kindling.enrich.kinds import FdType
from kindling.probes.base import Records
from kindling.probes.facts import machine
from kindling.probes.layout import FILTER_INSTRUCTIONS, FdKind, FilterField
from kindling.probes.plan import slot_of
from kindling.stream.fields import CONTAINER_ID, Field, FieldType, Level, lookup
from kindling.stream.filter.compiled import Filter
from kindling.stream.filter.expression import And, Expression, Not, Operator, Test, both, either, negate, tests
from kindling.stream.filter.matching import field_of, matcher
from kindling.stream.filter.program import (
    MAX,
    MIN,
    Program,
    all_of,
    any_of,
    encode,
    equal,
    equal_bytes,
    greater,
    less,
    member,
    opposite,
)

COMM_LENGTH = 15
"""The kernel cuts the names of threads to so many bytes."""

THREAD_FIELDS = frozenset(
    {
        FilterField.PID,
        FilterField.TID,
        FilterField.UID,
        FilterField.GID,
        FilterField.COMM,
        FilterField.CGROUP,
        FilterField.CONTAINER,
    }
)

KINDS: Mapping[FdType, FdKind] = {
    FdType.FILE: FdKind.FILE,
    FdType.DIRECTORY: FdKind.DIRECTORY,
    FdType.PIPE: FdKind.PIPE,
    FdType.CHAR: FdKind.CHAR,
    FdType.BLOCK: FdKind.BLOCK,
    FdType.SYMLINK: FdKind.SYMLINK,
    FdType.IPV4: FdKind.IPV4,
    FdType.IPV6: FdKind.IPV6,
    FdType.UNIX: FdKind.UNIX,
    FdType.NETLINK: FdKind.NETLINK,
    FdType.PACKET: FdKind.PACKET,
    FdType.SOCKET: FdKind.SOCKET,
}
"""What the kernel side's coarser view takes each type of descriptor for; those that are not listed for OTHER."""


class Place(StrEnum):
    """Where a part of a filter is decided."""

    EVENTS = "events"
    """By which events are captured at all."""
    THREAD = "thread"
    """In the kernel, once per call, before anything is copied."""
    EVENT = "event"
    """In the kernel, at the end of the call."""
    HERE = "here"
    """In this process, per batch."""


@dataclass(frozen=True, slots=True)
class Part:
    """One conjunct: what it says, where it is decided, and for HERE why not in the kernel.

    `relieved` says where in the kernel a weaker form of it leaves events out already.
    """

    expression: Expression
    place: Place
    reasons: tuple[str, ...] = ()
    relieved: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class Pushed:
    """A filter, split.

    An event passes if its definition is one of `events`, and both kernel filters and `residual` hold (None: always).
    `parts` says which conjunct went where.
    """

    thread_filter: Records | None
    event_filter: Records | None
    residual: Filter | None
    events: tuple[Definition, ...]
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class _Bounds:
    """A program that is true whenever the expression is (`upper`), and one that is true only if it is (`lower`)."""

    lower: Program
    upper: Program

    @property
    def exact(self) -> bool:
        return self.lower == self.upper


_UNKNOWN = _Bounds(False, True)
_Folded: TypeAlias = "Expression | bool"


def push_down(filter: Filter, definitions: Iterable[Definition], slots: Mapping[str, int]) -> Pushed:
    """Split `filter` for events of `definitions`. `slots` maps names of events to their plan slots, as far as known."""
    events = [d for d in definitions if _decided(filter.expression, d) is not False]
    parts: list[Part] = []
    open_parts: list[Expression] = []
    for conjunct in filter.expression.operands if isinstance(filter.expression, And) else (filter.expression,):
        if all(_decided(conjunct, d) for d in events):
            parts.append(Part(conjunct, Place.EVENTS))
            continue
        folded = _folded(conjunct, events)
        # An And that a Not or a narrower choice of events laid open splits further.
        if not isinstance(folded, bool):
            open_parts += folded.operands if isinstance(folded, And) else (folded,)
    lists = {Place.THREAD: _List(), Place.EVENT: _List()}
    bounds_of = {
        Place.THREAD: partial(_bounds, test_bounds=partial(_thread_bounds, events=events, slots=slots)),
        Place.EVENT: partial(_bounds, test_bounds=partial(_test_bounds, events=events, slots=slots)),
    }
    left: list[Expression] = []
    for expression in open_parts:
        for place, bounds_in in bounds_of.items():
            bound = bounds_in(expression)
            if bound.exact and lists[place].add(bound.upper):
                parts.append(Part(expression, place))
                break
        else:
            left.append(expression)
    for expression in left:
        bounds = {place: bounds_in(expression) for place, bounds_in in bounds_of.items()}
        relieved: list[Place] = []
        for place, bound in bounds.items():
            if place is Place.EVENT and bound.upper == bounds[Place.THREAD].upper:
                continue
            if bound.upper is not True and lists[place].add(bound.upper):
                relieved.append(place)
        parts.append(
            Part(expression, Place.HERE, _reasons(expression, bounds[Place.EVENT], events, slots), tuple(relieved))
        )
    nothing = any(part.impossible for part in lists.values())
    return Pushed(
        lists[Place.THREAD].encoded(),
        lists[Place.EVENT].encoded(),
        Filter(both(left)) if left and not nothing else None,
        () if nothing else tuple(events),
        tuple(parts),
    )


class _List:
    """One of the kernel side's lists of instructions, filled conjunct by conjunct."""

    def __init__(self) -> None:
        self._programs: list[Program] = []

    def add(self, program: Program) -> bool:
        """Require `program` too. False if there is no room: the stack, 64 deep, is never the narrower limit."""
        joined = all_of([*self._programs, program])
        if not isinstance(joined, bool) and len(joined) > FILTER_INSTRUCTIONS:
            return False
        self._programs.append(program)
        return True

    @property
    def impossible(self) -> bool:
        return all_of(self._programs) is False

    def encoded(self) -> Records | None:
        joined = all_of(self._programs)
        return None if isinstance(joined, bool) else encode(joined)


# What the definition alone decides ------------------------------------------------------------------------------------


def _decided(expression: Expression, definition: Definition) -> bool | None:
    """Whether every event of `definition` passes (True), none does (False), or it depends on the event (None)."""
    if isinstance(expression, Test):
        return _test_decided(expression, definition)
    if isinstance(expression, Not):
        inner = _decided(expression.operand, definition)
        return None if inner is None else not inner
    values = [_decided(operand, definition) for operand in expression.operands]
    decisive = not isinstance(expression, And)
    if decisive in values:
        return decisive
    return None if None in values else not decisive


def _test_decided(test: Test, definition: Definition) -> bool | None:
    field = field_of(test)
    possible = lookup(test.field).possible
    if possible is not None and not possible(definition):
        return False
    if field.outcomes is None:
        return None
    match = matcher(test)
    found = {value is not None and match(value) for value in field.outcomes(definition)}
    return found.pop() if len(found) == 1 else None


def _folded(expression: Expression, events: Sequence[Definition]) -> _Folded:
    """`expression` without what is the same for all `events`."""
    if isinstance(expression, Test):
        values = {_test_decided(expression, d) for d in events}
        only = values.pop() if len(values) == 1 else None
        return expression if only is None else only
    if isinstance(expression, Not):
        inner = _folded(expression.operand, events)
        return not inner if isinstance(inner, bool) else negate(inner)
    decisive = not isinstance(expression, And)
    kept: list[Expression] = []
    for operand in expression.operands:
        part = _folded(operand, events)
        if isinstance(part, bool):
            if part is decisive:
                return decisive
        else:
            kept.append(part)
    if not kept:
        return not decisive
    return either(kept) if decisive else both(kept)


# What the kernel side can say -----------------------------------------------------------------------------------------

_TestBounds: TypeAlias = Callable[[Test], _Bounds]


def _bounds(expression: Expression, test_bounds: _TestBounds) -> _Bounds:
    if isinstance(expression, Test):
        return test_bounds(expression)
    if isinstance(expression, Not):
        inner = _bounds(expression.operand, test_bounds)
        return _Bounds(opposite(inner.upper), opposite(inner.lower))
    several = [_bounds(operand, test_bounds) for operand in expression.operands]
    join = all_of if isinstance(expression, And) else any_of
    return _Bounds(join(b.lower for b in several), join(b.upper for b in several))


def _thread_bounds(test: Test, events: Sequence[Definition], slots: Mapping[str, int]) -> _Bounds:
    if lookup(test.field).kernel not in THREAD_FIELDS:
        return _UNKNOWN
    return _test_bounds(test, events, slots)


def _test_bounds(test: Test, events: Sequence[Definition], slots: Mapping[str, int]) -> _Bounds:
    field = lookup(test.field)
    if field.outcomes is not None:
        decided = [_test_decided(test, d) for d in events]
        chosen = _slots_of([d for d, passes in zip(events, decided, strict=True) if passes], events, slots)
        moving = _slots_of([d for d, passes in zip(events, decided, strict=True) if passes is None], events, slots)
        if chosen is None or moving is None:
            return _UNKNOWN
        return _exact(any_of((chosen, moving is not False and all_of((moving, _category(test))))))
    if field.kernel is None:
        return _UNKNOWN
    bounds = _TESTS[field.kernel](field, test)
    if bounds is not _UNKNOWN and field.kernel is FilterField.RET:
        # The kernel side has a number there for events that return nothing too.
        having = _slots_of([d for d in events if d.result is not None], events, slots)
        if having is None:
            return _Bounds(False, bounds.upper)
        return _Bounds(all_of((having, bounds.lower)), all_of((having, bounds.upper)))
    return bounds


def _slots_of(chosen: Sequence[Definition], events: Sequence[Definition], slots: Mapping[str, int]) -> Program | None:
    """Whether the event is one of `chosen`, out of `events`; None where a slot is not known."""
    if len(chosen) in (0, len(events)):
        return len(chosen) > 0
    if not all(d.name in slots for d in events):
        return None
    return member(FilterField.EVENT, {slots[d.name] for d in chosen}, sorted({slots[d.name] for d in events}))


def _exact(program: Program) -> _Bounds:
    return _Bounds(program, program)


def _number(kernel: FilterField, present: Program, field: Field, test: Test) -> _Bounds:
    """Numbers. `present` is true where there is one; where that is a plain True, there always is."""
    operator = test.operator
    numbers = cast("tuple[int, ...]", test.values)
    if operator is Operator.EXISTS:
        return _exact(present)
    first = numbers[0] if numbers else 0
    if operator is Operator.LT:
        return _exact(less(kernel, first))
    if operator is Operator.LE:
        return _exact(present if first == MAX else less(kernel, first + 1))
    if operator is Operator.GT:
        return _exact(greater(kernel, first))
    if operator is Operator.GE:
        return _exact(present if first == MIN else greater(kernel, first - 1))
    among = any_of(equal(kernel, number) for number in numbers)
    if operator in (Operator.EQ, Operator.IN):
        return _exact(among)
    return _exact(all_of((present, opposite(among))))


def _port(field: Field, test: Test) -> _Bounds:
    # The kernel side tests both ports and has 0 for one that is not bound or connected; here there is none then.
    kernel = FilterField.FD_PORT
    present = greater(kernel, 0)
    numbers = cast("tuple[int, ...]", test.values)
    if test.operator in (Operator.LT, Operator.LE):
        limit = numbers[0] + (test.operator is Operator.LE)
        if limit <= 1:
            return _exact(False)
        both_ports = all_of((less(kernel, limit), opposite(equal(kernel, 0))))
        one_port = all_of((opposite(greater(kernel, limit - 1)), present))
        return _exact(any_of((both_ports, one_port)))
    if test.operator in (Operator.GT, Operator.GE) and numbers[0] <= 0:
        return _exact(present)
    among = any_of(equal(kernel, number) for number in numbers if number)
    if test.operator in (Operator.EQ, Operator.IN):
        return _exact(among)
    if test.operator in (Operator.NE, Operator.NOT_IN):
        return _exact(all_of((present, opposite(among))))
    return _number(kernel, present, field, test)


def _comm(field: Field, test: Test) -> _Bounds:
    if test.operator is Operator.EXISTS:
        return _exact(True)
    wanted = cast("tuple[bytes, ...]", test.values)
    possible = [name for name in wanted if len(name) <= COMM_LENGTH and b"\0" not in name]
    among = any_of(equal_bytes(FilterField.COMM, name) for name in possible)
    if test.operator in (Operator.EQ, Operator.IN):
        return _exact(among)
    if test.operator in (Operator.NE, Operator.NOT_IN):
        return _exact(opposite(among))
    return _UNKNOWN


def _container(field: Field, test: Test) -> _Bounds:
    if test.operator not in (Operator.EQ, Operator.IN):
        return _UNKNOWN
    wanted = cast("tuple[bytes, ...]", test.values)
    possible = [name for name in wanted if 0 < len(name) <= CONTAINER_ID and b"\0" not in name]
    return _exact(any_of(equal_bytes(FilterField.CONTAINER, name) for name in possible))


def _failed() -> Program:
    # Beyond -4095 a negative result is an address (mmap) or an offset, not an error.
    return all_of((less(FilterField.RET, 0), greater(FilterField.RET, -MAX_ERRNO - 1)))


def _result(field: Field, test: Test) -> _Bounds:
    if field.name == "evt.rawres":
        return _number(FilterField.RET, True, field, test)
    if field.type is FieldType.BOOLEAN:
        fits = matcher(test)
        return _exact(any_of(program for value, program in _outcomes() if fits(value)))
    always = field.name == "evt.res"
    if test.operator is Operator.EXISTS:
        return _exact(True if always else _failed())
    if test.operator not in (Operator.EQ, Operator.IN, Operator.NE, Operator.NOT_IN):
        return _UNKNOWN
    among = any_of(_named(value) for value in cast("tuple[bytes, ...]", test.values))
    if test.operator in (Operator.EQ, Operator.IN):
        return _exact(among)
    return _exact(all_of((True if always else _failed(), opposite(among))))


def _outcomes() -> tuple[tuple[bool, Program], tuple[bool, Program]]:
    return (True, _failed()), (False, opposite(_failed()))


def _named(value: bytes) -> Program:
    if value == b"SUCCESS":
        return opposite(_failed())
    name = value.decode("ascii")
    number = ERRNO.values.get(name) or int(name.removeprefix("E"))
    return equal(FilterField.RET, -number) if 0 < number <= MAX_ERRNO else False


def _category(test: Test) -> Program:
    """The comparison with the category of plain I/O, which its descriptor decides."""
    fits = matcher(test)
    possible = sorted(int(kind) for kind in FdKind)
    sockets = member(FilterField.FD_TYPE, {int(KINDS[kind]) for kind in SOCKETS}, possible, always=False)
    special = {Category.NET: sockets, Category.IPC: equal(FilterField.FD_TYPE, FdKind.PIPE)}
    if fits(Category.FILE.value):
        return opposite(any_of(program for category, program in special.items() if not fits(category.value)))
    return any_of(program for category, program in special.items() if fits(category.value))


def _fd_type(field: Field, test: Test) -> _Bounds:
    fits = matcher(test)
    fitting: dict[FdKind, list[bool]] = {kind: [] for kind in FdKind}
    for kind in FdType:
        fitting[KINDS.get(kind, FdKind.OTHER)].append(fits(kind.text))
    possible = sorted(int(kind) for kind in FdKind)
    lower, upper = (
        member(FilterField.FD_TYPE, {int(k) for k, v in fitting.items() if how(v)}, possible, always=False)
        for how in (all, any)
    )
    return _Bounds(lower, upper)


_TESTS: dict[FilterField, Callable[[Field, Test], _Bounds]] = {
    FilterField.PID: partial(_number, FilterField.PID, True),
    FilterField.TID: partial(_number, FilterField.TID, True),
    FilterField.UID: partial(_number, FilterField.UID, True),
    FilterField.GID: partial(_number, FilterField.GID, True),
    FilterField.CPU: partial(_number, FilterField.CPU, True),
    FilterField.CGROUP: partial(_number, FilterField.CGROUP, greater(FilterField.CGROUP, -1)),
    FilterField.LATENCY: partial(_number, FilterField.LATENCY, greater(FilterField.LATENCY, -1)),
    FilterField.FD_PORT: _port,
    FilterField.FD_NUM: partial(
        _number, FilterField.FD_NUM, any_of((less(FilterField.FD_NUM, 0), greater(FilterField.FD_NUM, -1)))
    ),
    FilterField.COMM: _comm,
    FilterField.CONTAINER: _container,
    FilterField.RET: _result,
    FilterField.FD_TYPE: _fd_type,
}


# Explaining -----------------------------------------------------------------------------------------------------------


def _reasons(
    expression: Expression, bounds: _Bounds, events: Sequence[Definition], slots: Mapping[str, int]
) -> tuple[str, ...]:
    if bounds.exact:
        return (f"the kernel's list of {FILTER_INSTRUCTIONS} instructions has no room for it",)
    found: dict[str, None] = {}
    for test in tests(expression):
        if not _test_bounds(test, events, slots).exact:
            found[_reason(test)] = None
    return tuple(found)


def _reason(test: Test) -> str:
    field = lookup(test.field)
    if field.level is Level.ARGUMENT:
        return f"{field.name} is decoded from the event's arguments"
    if field.outcomes is not None:
        return f"{field.name} differs between events that have no number in the kernel"
    if field.kernel is None:
        return f"{field.name} is not known in the kernel"
    if field.kernel is FilterField.FD_TYPE:
        return "the kernel side takes all anonymous inodes (eventfd, timerfd ...) for one type"
    if field.kernel is FilterField.RET and field.type is not FieldType.STRING:
        return f"{field.name} is missing in events that have no number in the kernel"
    return f"the kernel compares {field.name} with whole values only, not with {test.operator}"


_TITLES = {
    Place.EVENTS: "decided by which events are captured",
    Place.THREAD: "in the kernel, for the thread",
    Place.EVENT: "in the kernel, for the event",
    Place.HERE: "here, for each batch",
}


def explain(
    filter: Filter, definitions: Iterable[Definition] | None = None, slots: Mapping[str, int] | None = None
) -> str:
    """Which part of `filter` runs where, and why the rest does not run in the kernel: several lines of text.

    Without `definitions` for all events of the catalogue, without `slots` for this machine's kernel.
    """
    wanted = list(catalogue() if definitions is None else definitions)
    if slots is None:
        here = machine()
        slots = {d.name: slot for d in wanted if (slot := slot_of(d, here)) is not None}
    pushed = push_down(filter, wanted, slots)
    counts = {Place.THREAD: pushed.thread_filter, Place.EVENT: pushed.event_filter}
    lines = [
        f"filter: {filter}",
        f"events: {len(pushed.events)} of {len(wanted)} can pass{_some(pushed.events, wanted)}",
    ]
    for place in Place:
        parts = [part for part in pushed.parts if part.place is place]
        program = counts.get(place)
        if not parts and program is None:
            continue
        size = f" ({len(program)} of {FILTER_INSTRUCTIONS} instructions)" if program is not None else ""
        lines.append(f"{_TITLES[place]}{size}:")
        for part in parts:
            lines.append(f"    {part.expression}")
            lines += [f"        because {reason}" for reason in part.reasons]
            if part.relieved:
                lines.append("        the kernel already leaves out what cannot pass")
        if not parts:
            lines.append("    what cannot pass the conditions below")
    return "\n".join(lines)


def _some(events: Sequence[Definition], wanted: Sequence[Definition]) -> str:
    if not events or len(events) == len(wanted):
        return ""
    names = ", ".join(d.name for d in events[:8])
    return f": {names}{', ...' if len(events) > 8 else ''}"
