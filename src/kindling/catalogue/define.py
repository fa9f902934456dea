"""The few words in which definitions are written."""

from __future__ import annotations

from kindling.catalogue.model import Category, Definition, Direction, Field, Result, Source
from kindling.catalogue.numbers import NUMBERS
from kindling.catalogue.types import Type

__all__ = ["Category", "Result", "arg", "inout", "out", "syscall"]


def arg(name: str, type: Type, description: str) -> Field:
    """An argument that carries data into the kernel (or none beyond its own value)."""
    return Field(name, type, description)


def out(name: str, type: Type, description: str) -> Field:
    """A pointer that the kernel writes through; looked at only when the call succeeded."""
    return Field(name, type, description, Direction.OUT)


def inout(name: str, type: Type, description: str) -> Field:
    """A pointer that the kernel reads and writes; what is shown is the state after the call."""
    return Field(name, type, description, Direction.INOUT)


def syscall(
    name: str,
    category: Category,
    description: str,
    *arguments: Field,
    result: Result | None,
    related: tuple[str, ...] = (),
    manual: str = "",
    since: str = "",
    fires: str = "when the call returns",
    fd: str | None = None,
) -> Definition:
    """A system call; its number comes from `numbers`, Kindling's names for it ("syscall_exit-read") are aliases."""
    return Definition(
        name=name,
        source=Source.SYSCALL,
        category=category,
        description=description,
        arguments=arguments,
        result=result,
        aliases=(f"syscall_exit-{name}", f"sys_exit_{name}"),
        related=related,
        manual=manual or f"{name}(2)",
        since=since,
        numbers=NUMBERS[name],
        fires=fires,
        fd=fd,
    )
