"""Events that Kindling itself makes: what it had to drop."""

from __future__ import annotations

from kindling.catalogue.define import Category, arg
from kindling.catalogue.model import Definition, Source
from kindling.catalogue.types import COUNT, NANOSECONDS, STRING, Enum

LOSS_CAUSES = {
    "ring_full": (1, "no room in the ring buffer"),
    "nested": (2, "the hook was interrupted by itself"),
    "objects": (3, "the description of a descriptor or thread had no room"),
    "foreign_abi": (4, "a 32-bit call"),
    "consumer": (5, "the reader's own queue was full"),
    "file": (6, "the capture file could not be written"),
}
"""Name of a cause of loss to its number, which is shared with `bpf/layout.h`, and what it means."""

LOSS_CAUSE = Enum(table="cause of loss", values={name: number for name, (number, _) in LOSS_CAUSES.items()})

EVENTS: tuple[Definition, ...] = (
    Definition(
        name="lost",
        source=Source.KINDLING,
        category=Category.OTHER,
        description=(
            "Events were dropped. It stands in the stream where they are missing, one for every kind of event and "
            "cause, so that what was captured and what was lost add up to what happened."
        ),
        arguments=(
            arg("count", COUNT, "how many events were dropped"),
            arg("event", STRING, "name of the event that was dropped"),
            arg("cause", LOSS_CAUSE, "why: " + "; ".join(f"{name}: {text}" for name, (_, text) in LOSS_CAUSES.items())),
            arg("since", NANOSECONDS, "when the first of them was dropped, in nanoseconds since the epoch"),
        ),
        related=("process_fork", "process_exit"),
        fires="as soon as there is room again after a loss",
    ),
)
