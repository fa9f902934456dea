"""Which events a subscription is about: names, aliases, globs, categories, sources; as definitions and conditions."""

from __future__ import annotations

import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kindling.catalogue.model import Category, Definition
from kindling.catalogue.registry import Catalogue
from kindling.enrich.categories import follows_descriptor

_ALL_TYPES = 0xFFFF
_TYPES = {
    Category.NET: 1 << (stat.S_IFSOCK >> 12),
    Category.IPC: 1 << (stat.S_IFIFO >> 12),
    Category.FILE: _ALL_TYPES & ~(1 << (stat.S_IFSOCK >> 12)) & ~(1 << (stat.S_IFIFO >> 12)),
}
"""File types (mode >> 12) of the descriptors on which plain I/O belongs to a category."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Definitions, and for some of them the file types of the descriptors they are wanted on (see `Wanted.only`)."""

    definitions: tuple[Definition, ...]
    only: Mapping[str, int]


def select(catalogue: Catalogue, patterns: Sequence[str]) -> Selection:
    """What `patterns` select; everything if there are none.

    Reads, writes and the like have the category of what their descriptor stands for: "category:net" takes them on
    sockets, "category:ipc" on pipes, "category:file" on everything else. Raises UnknownEventError for a pattern that
    matches nothing.
    """
    if not patterns:
        return Selection(tuple(catalogue.select("all")), {})
    categories = [_category(pattern) for pattern in patterns]
    wholly = [p for p, category in zip(patterns, categories, strict=True) if category is None and not p.startswith("-")]
    minus = [p for p in patterns if p.startswith("-")]
    chosen = {d.name: d for d in catalogue.select(*wholly)} if wholly else {}
    only: dict[str, int] = {}
    for pattern, category in zip(patterns, categories, strict=True):
        if category is None:
            continue
        for definition in (d for d in catalogue if follows_descriptor(d)):
            if definition.name not in chosen or definition.name in only:
                only[definition.name] = only.get(definition.name, 0) | _TYPES[category]
                chosen.setdefault(definition.name, definition)
        for definition in catalogue.select(pattern):
            chosen.setdefault(definition.name, definition)
    if minus:
        kept = {d.name for d in catalogue.select(*(chosen or ["all"]), *minus)}
        chosen = {
            name: d for name, d in (chosen or {d.name: d for d in catalogue.select("all")}).items() if name in kept
        }
    order = {d.name: position for position, d in enumerate(catalogue)}
    definitions = sorted(chosen.values(), key=lambda d: order.get(d.name, len(order)))
    complete = {name: mask for name, mask in only.items() if name in chosen and mask != _ALL_TYPES}
    return Selection(tuple(definitions), complete)


def _category(pattern: str) -> Category | None:
    name = pattern.removeprefix("category:")
    return Category(name) if name != pattern and name in (c.value for c in _TYPES) else None
