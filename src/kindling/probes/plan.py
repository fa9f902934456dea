"""From definitions to the capture plan: a pure function, so that every choice can be tested without a kernel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kindling.catalogue.model import Definition, Direction, Source
from kindling.catalogue.types import Capture, Copy, Path
from kindling.probes import layout
from kindling.probes.base import Records, Refusal, Wanted
from kindling.probes.layout import CaptureFlag, EventFlag, Slot

NO_RETURN = frozenset({"exit", "exit_group"})
"""Calls that never return: their event is made at the entry."""
RETURN_IN_CHILD = frozenset({"clone", "clone3", "fork", "vfork"})
GONE_AT_RETURN = frozenset({"close"})
"""Calls whose descriptor is no longer there when they return."""
EXEC = {"execve": 0, "execveat": 1}
"""Calls that replace the memory their arguments are in; the position of their path."""

HOOKED = {
    "process_fork": Slot.PROCESS_FORK,
    "process_exec": Slot.PROCESS_EXEC,
    "process_exit": Slot.PROCESS_EXIT,
    "signal_deliver": Slot.SIGNAL_DELIVER,
}
"""Events that are not syscalls, and their plan slots."""

LOST_SLOT = layout.SLOTS - 1


@dataclass(frozen=True, slots=True)
class Plan:
    """What the kernel side is told: one `layout.PLAN` entry per slot, and which definition each slot stands for."""

    entries: Records
    definitions: Mapping[int, Definition]
    refusals: Sequence[Refusal]
    needs_entry: bool
    needs_return: bool

    def wants(self, slot: int) -> bool:
        """Whether records of this slot are to come."""
        return slot in self.definitions


def slot_of(definition: Definition, machine: str) -> int | None:
    """The plan slot of a definition on `machine`; None where it has no such call or there is no hook for it."""
    if definition.source is Source.SYSCALL:
        return definition.numbers.get(machine)
    if definition.source is Source.SYSCALL_ENTER:
        number = definition.numbers.get(machine)
        return None if number is None else number + layout.ENTER
    if definition.name == "lost":
        return LOST_SLOT
    return HOOKED.get(definition.name)


def make_plan(wanted: Wanted, machine: str) -> Plan:
    """The plan for what is wanted on `machine`; what cannot be had there is refused by name."""
    entries = np.zeros(layout.SLOTS, layout.PLAN)
    entries["descriptor"] = layout.NO_ARGUMENT
    definitions: dict[int, Definition] = {}
    refusals: list[Refusal] = []
    for definition in wanted.definitions:
        slot = slot_of(definition, machine)
        if slot is None:
            refusals.append(
                Refusal(
                    definition.name,
                    f"{machine} has no such system call" if definition.numbers else "this probe has no hook for it",
                )
            )
            continue
        definitions[slot] = definition
        if slot == LOST_SLOT:
            continue
        _fill(entries, slot, definition, wanted, machine)
    flags = entries["flags"]
    calls = flags[: layout.SYSCALLS]
    return Plan(
        entries,
        definitions,
        refusals,
        needs_entry=bool((calls & (EventFlag.ENTRY | EventFlag.EMIT_ENTRY)).any()),
        needs_return=bool((calls & EventFlag.WANTED).any()),
    )


def _fill(entries: Records, slot: int, definition: Definition, wanted: Wanted, machine: str) -> None:
    entry = entries[slot]
    name = definition.name
    if definition.source is Source.SYSCALL_ENTER:
        entry["flags"] |= EventFlag.WANTED
        entries["flags"][slot - layout.ENTER] |= EventFlag.EMIT_ENTRY
    elif name in NO_RETURN:
        entry["flags"] |= EventFlag.EMIT_ENTRY
    else:
        entry["flags"] |= EventFlag.WANTED
        if wanted.latency and definition.source is Source.SYSCALL:
            entry["flags"] |= EventFlag.ENTRY
        if name in RETURN_IN_CHILD:
            entry["flags"] |= EventFlag.NEW_CHILD
        if name in GONE_AT_RETURN:
            entry["flags"] |= EventFlag.ENTRY | EventFlag.ENTRY_FD
        if name in EXEC:
            entry["flags"] |= EventFlag.EXEC
            entry["path"] = EXEC[name]
    entry["only"] = wanted.only.get(name, 0)
    descriptor = definition.descriptor
    if descriptor == "ret":
        entry["descriptor"] = layout.FROM_RESULT
    elif descriptor is not None:
        entry["descriptor"] = definition.index(descriptor)
    if slot in HOOKED.values():
        return
    used = 0
    for number, capture in _captures(definition, wanted, machine):
        if used == layout.MAX_CAPTURES:
            raise ValueError(f"{name}: more than {layout.MAX_CAPTURES} captures")
        entry["capture"][used] = capture
        entry["capture"][used]["number"] = number
        used += 1
    entry["captures"] = used


def _captures(definition: Definition, wanted: Wanted, machine: str) -> list[tuple[int, Records]]:
    """The captures to make, each with its number among all that the definition's types name."""
    found: list[tuple[int, Records]] = []
    number = 0
    for position, argument in enumerate(definition.arguments):
        for capture in argument.type.captures(machine):
            mine, number = number, number + 1
            if capture.payload and not wanted.snaplen:
                continue
            if capture.kind is Copy.OBJECT and definition.descriptor == argument.name:
                continue
            environment = argument.name == "envp"
            if environment and not wanted.environment_limit:
                continue
            entry = _capture(definition, position, argument.direction, capture, environment)
            if capture.kind is Copy.OBJECT:
                entry["length_argument"] = _path_from(definition, argument.name)
            found.append((mine, entry))
    return found + _working_directories(definition)


def _working_directories(definition: Definition) -> list[tuple[int, Records]]:
    """A capture of the working directory for a call whose path starts nowhere else."""
    for position, argument in enumerate(definition.arguments):
        if isinstance(argument.type, Path) and not argument.type.directory and definition.name not in EXEC:
            entry = np.zeros((), layout.CAPTURE)
            entry["kind"] = Copy.CWD
            entry["argument"] = entry["length_argument"] = position
            entry["when_argument"] = layout.NO_ARGUMENT
            return [(layout.CWD_PIECE, entry)]
    return []


def _path_from(definition: Definition, directory: str) -> int:
    """The argument that is a path starting from the directory descriptor `directory`."""
    for position, argument in enumerate(definition.arguments):
        if isinstance(argument.type, Path) and argument.type.directory == directory:
            return position
    return layout.NO_ARGUMENT


def _capture(
    definition: Definition, position: int, direction: Direction, capture: Capture, environment: bool
) -> Records:
    entry = np.zeros((), layout.CAPTURE)
    entry["kind"] = capture.kind
    entry["argument"] = position
    entry["length_from"] = capture.length_from
    entry["length"] = capture.length
    entry["length_argument"] = (
        definition.index(capture.length_argument) if capture.length_argument else layout.NO_ARGUMENT
    )
    entry["limit"] = min(capture.limit, layout.MAX_PAYLOAD)
    flags = CaptureFlag(0)
    if capture.payload:
        flags |= CaptureFlag.PAYLOAD
    if direction is Direction.OUT:
        flags |= CaptureFlag.ON_SUCCESS
    if environment:
        flags |= CaptureFlag.ENVIRONMENT
    if capture.tentative:
        flags |= CaptureFlag.TENTATIVE
    entry["flags"] = flags
    if capture.when is None:
        entry["when_argument"] = layout.NO_ARGUMENT
    else:
        entry["when_argument"] = definition.index(capture.when[0])
        entry["when_value"] = capture.when[1] & 0xFFFFFFFF
    return entry
