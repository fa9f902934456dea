"""The catalogue as a whole: every definition, found by name, alias, glob, category, source or syscall number."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import cache

from kindling.catalogue import own, process
from kindling.catalogue.model import Category, Definition, Direction, Field, Source
from kindling.catalogue.syscalls import (
    aio,
    file,
    filesystem,
    ipc,
    memory,
    net,
    scheduler,
    signal,
    system,
    time,
    user,
    wait,
)
from kindling.catalogue.syscalls import process as process_syscalls
from kindling.catalogue.types import ADDRESS, LengthFrom
from kindling.errors import UnknownEventError

DEFINITIONS: tuple[tuple[Definition, ...], ...] = (
    file.SYSCALLS,
    filesystem.SYSCALLS,
    aio.SYSCALLS,
    net.SYSCALLS,
    wait.SYSCALLS,
    ipc.SYSCALLS,
    memory.SYSCALLS,
    process_syscalls.SYSCALLS,
    scheduler.SYSCALLS,
    signal.SYSCALLS,
    time.SYSCALLS,
    user.SYSCALLS,
    system.SYSCALLS,
    process.EVENTS,
    own.EVENTS,
)
"""All events, area by area. The order is the catalogue's."""

_ENTRY = "syscall_enter-"
_ENTRY_PREFIXES = (_ENTRY, "sys_enter_")
_NEAREST = 3


class Catalogue:
    """All definitions in a fixed order. The entries of syscalls are not among them: they are derived when asked for.

    Raises ValueError if two definitions share a name or alias.
    """

    def __init__(self, definitions: Iterable[Definition]) -> None:
        self._definitions = tuple(definitions)
        self._position: dict[str, int] = {}
        self._by_name: dict[str, Definition] = {}
        for position, definition in enumerate(self._definitions):
            self._position[definition.name] = position
            for name in (definition.name, *definition.aliases):
                if name in self._by_name:
                    raise ValueError(f"two events are called {name}")
                self._by_name[name] = definition

    def __iter__(self) -> Iterator[Definition]:
        return iter(self._definitions)

    def __len__(self) -> int:
        return len(self._definitions)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._find(name) is not None

    def get(self, name: str) -> Definition:
        """The definition called `name`, or with that alias; "syscall_enter-read" is the entry of read.

        Raises UnknownEventError, which knows the nearest names.
        """
        found = self._find(name)
        if found is None:
            raise UnknownEventError(name, self._nearest(name))
        return found

    def select(self, *patterns: str) -> list[Definition]:
        """The definitions that the patterns name, each once, in the catalogue's order.

        A pattern is a name or alias, a glob ("open*"), "category:net", "source:syscall", "all" or "*". One with a
        "-" before it takes away; if all do, they take away from everything. Raises UnknownEventError for a pattern that
        matches nothing.
        """
        wanted: dict[str, Definition] = {}
        unwanted: list[str] = []
        for pattern in patterns:
            if pattern.startswith("-"):
                unwanted.append(pattern[1:])
            else:
                wanted.update((definition.name, definition) for definition in self._matching(pattern))
        if unwanted and len(unwanted) == len(patterns):
            wanted = {definition.name: definition for definition in self}
        for pattern in unwanted:
            matches = self._matches(pattern)
            taken = [definition.name for definition in wanted.values() if matches(definition)]
            if not taken:
                # What is not among the wanted must at least exist.
                self._matching(pattern)
            for name in taken:
                del wanted[name]
        return sorted(wanted.values(), key=self._order)

    def by_number(self, machine: str) -> dict[int, Definition]:
        """The syscalls that a machine has, by their number."""
        return {
            definition.numbers[machine]: definition
            for definition in self
            if definition.source is Source.SYSCALL and machine in definition.numbers
        }

    def categories(self) -> dict[Category, list[Definition]]:
        """The definitions by category, in the order in which Category has them; empty categories are left out."""
        found: dict[Category, list[Definition]] = {category: [] for category in Category}
        for definition in self:
            found[definition.category].append(definition)
        return {category: definitions for category, definitions in found.items() if definitions}

    def _find(self, name: str) -> Definition | None:
        if name in self._by_name:
            return self._by_name[name]
        for prefix in _ENTRY_PREFIXES:
            call = self._by_name.get(name.removeprefix(prefix)) if name.startswith(prefix) else None
            if call is not None and call.source is Source.SYSCALL and call.name == name.removeprefix(prefix):
                return entry_of(call)
        return None

    def _matching(self, pattern: str) -> list[Definition]:
        """What a pattern without "-" selects from everything; UnknownEventError if nothing."""
        if not _is_set(pattern):
            return [self.get(pattern)]
        matches = self._matches(pattern)
        found = [definition for definition in self if matches(definition)]
        if pattern.startswith(_ENTRY_PREFIXES) or pattern == f"source:{Source.SYSCALL_ENTER}":
            entries = (entry_of(definition) for definition in self if definition.source is Source.SYSCALL)
            found += [definition for definition in entries if matches(definition)]
        if not found:
            raise UnknownEventError(pattern, self._nearest(pattern))
        return found

    def _matches(self, pattern: str) -> Callable[[Definition], bool]:
        if pattern in ("all", "*"):
            return lambda definition: True
        kind, colon, value = pattern.partition(":")
        if colon and kind == "category":
            return lambda definition: definition.category == value
        if colon and kind == "source":
            return lambda definition: definition.source == value
        if not _is_set(pattern):
            return lambda definition: pattern == definition.name or pattern in definition.aliases
        # Nearly every event has an alias that begins with "sys", so aliases are looked at only if no name fits.
        if any(fnmatchcase(definition.name, pattern) for definition in self):
            return lambda definition: fnmatchcase(definition.name, pattern)
        return lambda definition: any(fnmatchcase(name, pattern) for name in (definition.name, *definition.aliases))

    def _order(self, definition: Definition) -> tuple[int, bool]:
        entry = definition.source is Source.SYSCALL_ENTER
        name = definition.name.removeprefix(_ENTRY) if entry else definition.name
        return self._position[name], not entry

    def _nearest(self, name: str) -> list[str]:
        # Only a mistake needs it: it takes a while to import.
        from difflib import get_close_matches

        kind, colon, value = name.partition(":")
        if colon and kind in ("category", "source"):
            known = self.categories() if kind == "category" else sorted({definition.source for definition in self})
            return [f"{kind}:{near}" for near in get_close_matches(value, known, _NEAREST, 0.5)]
        plain = name.strip("*?").lower()
        for prefix in _ENTRY_PREFIXES:
            if plain.startswith(prefix):
                calls = [definition.name for definition in self if definition.source is Source.SYSCALL]
                return [f"{_ENTRY}{near}" for near in get_close_matches(plain.removeprefix(prefix), calls, _NEAREST)]
        names = list(self._position)
        found = get_close_matches(plain, names, _NEAREST) or get_close_matches(plain, list(self._by_name), _NEAREST)
        return found or [known for known in names if plain and plain in known][:_NEAREST]


def _is_set(pattern: str) -> bool:
    return pattern == "all" or ":" in pattern or any(character in pattern for character in "*?[")


def entry_of(call: Definition) -> Definition:
    """The event of a syscall's entry. What the call has yet to write is only an address then."""
    return replace(
        call,
        name=_ENTRY + call.name,
        source=Source.SYSCALL_ENTER,
        description=f"The entry of {call.name}. {call.description}",
        arguments=tuple(_at_entry(argument) for argument in call.arguments),
        result=None,
        aliases=(f"sys_enter_{call.name}",),
        related=(call.name, *call.related),
        fires="when the call is entered, before it does anything",
        fd=None if call.fd == "ret" else call.fd,
    )


def _at_entry(argument: Field) -> Field:
    # Arguments keep their places: the kernel side takes an argument's place for the number of its register.
    unknown = argument.direction is Direction.OUT or any(
        capture.length_from is LengthFrom.RESULT for capture in argument.type.captures()
    )
    if unknown:
        return Field(argument.name, ADDRESS, f"address of: {argument.description}")
    return Field(argument.name, argument.type, argument.description)


def load() -> Catalogue:
    """A catalogue of all `DEFINITIONS`."""
    return Catalogue(definition for area in DEFINITIONS for definition in area)


@cache
def catalogue() -> Catalogue:
    """The catalogue, made at the first call."""
    return load()
