"""Compares what strace and Kindling say about the same calls, argument by argument, member by member.

The two write the same thing in different words, so a strict comparison of values comes first, and where that fails the
table `DIFFERENCES` of `support.differences`: each entry says where it holds, how the two forms compare, and why they
differ. Nothing else may differ.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase

from tests.e2e.support import strace
from tests.e2e.support.differences import ARGUMENTS, DIFFERENCES, IGNORED_EVENTS, flags, integer
from tests.e2e.support.strace import Changed, Cut, More, Node, Symbols

import kindling
from kindling.catalogue.model import Direction


@dataclass(frozen=True)
class Mismatch:
    """Something the two disagree on: about which thread and call, and both texts."""

    tid: int
    what: str
    strace: str
    kindling: str

    def __str__(self) -> str:
        return f"[{self.tid}] {self.what}\n    strace:   {self.strace[:900]}\n    kindling: {self.kindling[:900]}"


def compare(lines: dict[int, list[strace.Line]], events: dict[int, list[kindling.Event]]) -> list[Mismatch]:
    """Every disagreement about the threads of a run."""
    found: list[Mismatch] = []
    for tid in sorted(lines.keys() | events.keys()):
        found += compare_thread(tid, lines.get(tid, []), events.get(tid, []))
    return found


def compare_thread(tid: int, lines: list[strace.Line], events: list[kindling.Event]) -> list[Mismatch]:
    """Every disagreement about one thread: the calls in order, the signals among them, the end."""
    found: list[Mismatch] = []
    rest = [event for event in events if not any(rule.ignores(event) for rule in IGNORED_EVENTS)]
    last = lines[-2] if len(lines) > 1 else None
    if isinstance(last, strace.Call) and last.unfinished and not (len(rest) > 1 and rest[-2].name == last.name):
        # The thread was killed when it was about to make the call.
        lines = [*lines[:-2], lines[-1]]
    for position, line in enumerate(lines):
        if position >= len(rest):
            found.append(Mismatch(tid, f"{len(lines) - position} lines have no event", line.text, ""))
            return found
        event = rest[position]
        if kind_of(line) != event.name:
            found.append(Mismatch(tid, f"line {position} is about something else", line.text, str(event)))
            return found
        found += [Mismatch(tid, what, line.text, str(event)) for what in disagreements(line, event)]
    if len(rest) > len(lines):
        found.append(Mismatch(tid, f"{len(rest) - len(lines)} events have no line", "", str(rest[len(lines)])))
    return found


def kind_of(line: strace.Line) -> str:
    """The name of the event that a line is about."""
    if isinstance(line, strace.Call):
        return line.name
    return "signal_deliver" if isinstance(line, strace.Signal) else "process_exit"


def disagreements(line: strace.Line, event: kindling.Event) -> list[str]:
    """What a line and the event in its place do not agree on."""
    if isinstance(line, strace.Signal):
        pairs = [("signal", line.number, event.args.signal), ("code", line.info.get("si_code"), event.args.code)]
        if "si_pid" in line.info:
            pairs.append(("sender", line.info["si_pid"], event.args.sender))
        return [
            f"signal_deliver.{name}" for name, node, value in pairs if not same(node, value, f"signal_deliver.{name}")
        ]
    if isinstance(line, strace.End):
        return [] if same(line.shown, event.args.status, "process_exit.status") else ["process_exit.status"]
    found = [] if _same_result(line, event) else [f"{event.name}: result"]
    arrange = ARGUMENTS.get(event.name)
    nodes = arrange(line, event) if arrange is not None else list(line.arguments)
    for position, node in enumerate(nodes):
        if position >= len(event.definition.arguments):
            found.append(f"{event.name}: argument {position}")
            break
        field = event.definition.arguments[position]
        value = event.args[field.name]
        if isinstance(node, list) and isinstance(value, list) and f"truncated:{field.name}" in event.quality:
            node = [*node[: len(value)], More()]
        if value is None and field.name == "data" and event.error is not None:
            # Nothing was written or sent, so there is no payload.
            continue
        if value is None and field.direction != Direction.IN and (isinstance(node, int) or event.error is not None):
            # What a call did not write is not there; strace shows its address, or what it found there all the same.
            continue
        if not same(node, value, f"{event.name}.{field.name}"):
            found.append(f"{event.name}.{field.name}")
    return found


def _same_result(line: strace.Call, event: kindling.Event) -> bool:
    if line.errno is not None:
        return event.error == line.errno
    if line.ret is None:
        return True
    return event.ret is not None and event.error is None and (event.ret - line.ret) % (1 << 64) == 0


def same(node: Node, value: object, where: str) -> bool:
    """Whether what strace wrote and what Kindling decoded are the same thing; `where` is its place, "openat.flags"."""
    if isinstance(node, Changed):
        node = node.after
    if _plainly_same(node, value, where):
        return True
    return any(
        any(fnmatchcase(where, pattern) for pattern in difference.where) and difference.same(node, value, same, where)
        for difference in DIFFERENCES
    )


def _plainly_same(node: Node, value: object, where: str) -> bool:
    if isinstance(node, More):
        return True
    if node is None:
        return value is None
    if isinstance(node, bytes):
        return value == node
    if isinstance(node, Cut):
        return isinstance(value, bytes) and value.startswith(node.start)
    if isinstance(node, Symbols):
        return isinstance(value, (str, int)) and flags(node.names) == flags(str(value).split("|"))
    if isinstance(node, int):
        number = integer(value)
        return number is not None and (number - node) % (1 << 64) == 0
    if isinstance(node, list):
        if not isinstance(value, list):
            return False
        if node and isinstance(node[-1], More):
            node = node[:-1]
            value = value[: len(node)]
        return len(node) == len(value) and all(
            same(one, other, f"{where}.{at}") for at, (one, other) in enumerate(zip(node, value, strict=True))
        )
    if isinstance(node, dict):
        return isinstance(value, dict) and _same_members(node, value, where)
    return False


def _same_members(node: dict[str, Node], value: dict[str, object], where: str) -> bool:
    """Members that both show are equal; at least one is."""
    shared = node.keys() & value.keys()
    return bool(shared) and all(same(node[name], value[name], f"{where}.{name}") for name in sorted(shared))


def texts(mismatches: list[Mismatch], limit: int = 12) -> str:
    """Mismatches as a failed test shows them: one of each kind, with how often it was seen."""
    kinds: dict[str, list[Mismatch]] = {}
    for mismatch in mismatches:
        kinds.setdefault(re.sub(r"\d+", "N", mismatch.what), []).append(mismatch)
    shown = [f"{len(group)} x {group[0]}" for group in list(kinds.values())[:limit]]
    return "\n".join([f"{len(mismatches)} disagreements of {len(kinds)} kinds", *shown])
