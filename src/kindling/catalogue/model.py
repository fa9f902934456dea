"""What an event definition is: the data from which everything else about an event is derived."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from kindling.catalogue.types import Descriptor, Scalar, Switch, Type

MACHINES = ("x86_64", "aarch64")
"""The machines whose syscall numbers and structure layouts the catalogue knows."""


class Category(StrEnum):
    """Kindling's categories of events."""

    FILE = "file"
    NET = "net"
    IPC = "ipc"
    WAIT = "wait"
    SIGNAL = "signal"
    SLEEP = "sleep"
    TIME = "time"
    PROCESS = "process"
    SCHEDULER = "scheduler"
    MEMORY = "memory"
    USER = "user"
    SYSTEM = "system"
    OTHER = "other"


class Source(StrEnum):
    """Where the kernel (or Kindling itself) makes an event."""

    SYSCALL = "syscall"
    SYSCALL_ENTER = "syscall_enter"
    TRACEPOINT = "tracepoint"
    KPROBE = "kprobe"
    KRETPROBE = "kretprobe"
    UPROBE = "uprobe"
    URETPROBE = "uretprobe"
    USDT = "usdt"
    KINDLING = "kindling"


class Direction(StrEnum):
    """Whether an argument carries data into the kernel, out of it, or both.

    What a pointer of direction OUT points to is read only after the call has succeeded. Everything
    is read when the call completes, so for INOUT the value is the one after the call.
    """

    IN = "in"
    OUT = "out"
    INOUT = "inout"


@dataclass(frozen=True, slots=True)
class Field:
    """One argument of an event: its name (the manual page's), its type and what it means."""

    name: str
    type: Type
    description: str
    direction: Direction = Direction.IN


@dataclass(frozen=True, slots=True)
class Result:
    """What a call returns.

    `errors` maps the errno names that matter for this call to when they happen here.
    """

    type: Scalar
    description: str
    errors: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """One event of the catalogue.

    `arguments` are in the kernel's order, at most six for a syscall. `manual` names the page that says
    more ("read(2)"). `since` is the kernel release that brought it ("5.1"), empty if older than 3.10.
    `numbers` maps a machine to its syscall number; a machine that is missing does not have the call.
    """

    name: str
    source: Source
    category: Category
    description: str
    arguments: tuple[Field, ...] = ()
    result: Result | None = None
    aliases: tuple[str, ...] = ()
    related: tuple[str, ...] = ()
    manual: str = ""
    since: str = ""
    numbers: Mapping[str, int] = field(default_factory=dict)
    fires: str = ""
    fd: str | None = None

    def argument(self, name: str) -> Field:
        """The argument called `name`; KeyError if there is none."""
        for argument in self.arguments:
            if argument.name == name:
                return argument
        raise KeyError(name)

    def index(self, name: str) -> int:
        """The position of the argument called `name`; KeyError if there is none."""
        for position, argument in enumerate(self.arguments):
            if argument.name == name:
                return position
        raise KeyError(name)

    @property
    def descriptor(self) -> str | None:
        """What names the event's own descriptor: an argument, "ret" or None.

        The descriptor that the call made comes first (open, accept, socket), then the first argument
        that is one. `fd` overrides the rule ("" for none).
        """
        if self.fd is not None:
            return self.fd or None
        if self.result is not None and isinstance(self.result.type, Descriptor):
            return "ret"
        for argument in self.arguments:
            if isinstance(argument.type, Descriptor) and not argument.type.directory:
                return argument.name
        return None

    def __post_init__(self) -> None:
        for argument in self.arguments:
            if isinstance(argument.type, Switch):
                self.index(argument.type.on)
