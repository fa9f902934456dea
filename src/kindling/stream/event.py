"""Event: one row of a batch, with typed attribute access. Made on demand; the columns stay where they are."""

from __future__ import annotations

from datetime import UTC, datetime

from kindling.catalogue.model import Definition, Source
from kindling.catalogue.text import escape
from kindling.catalogue.types import Hexadecimal, Value
from kindling.enrich.categories import category_of
from kindling.enrich.objects import Descriptor, Thread
from kindling.probes import layout
from kindling.probes.layout import Mark
from kindling.stream.batch import Batch

MARKS: dict[Mark, str] = {
    Mark.TRUNCATED: "truncated",
    Mark.FAULT: "fault",
    Mark.NO_ROOM: "no_room",
    Mark.NO_OBJECT: "fd_unknown",
    Mark.NO_ENTRY: "no_entry",
    Mark.FD_CHANGED: "fd_changed",
}
"""Quality marks by their names in `Event.quality`. BAD_FD is none: the error says it."""


class Arguments(dict[str, Value]):
    """The arguments of an event by name, as attributes too: `event.args.flags`."""

    def __getattr__(self, name: str) -> Value:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"this event has no argument {name}; it has {', '.join(self)}") from None


class Fd:
    """The descriptor of an event: its number, and the attributes of `Descriptor` (None where not known)."""

    __slots__ = ("descriptor", "num")

    def __init__(self, num: int, descriptor: Descriptor | None) -> None:
        self.num = num
        self.descriptor = descriptor

    def __getattr__(self, name: str) -> object:
        if name not in Descriptor.__dataclass_fields__ and name != "name":
            raise AttributeError(f"a descriptor has no {name}")
        return None if self.descriptor is None else getattr(self.descriptor, name)

    def __repr__(self) -> str:
        return f"<Fd {self.num} {escape(self.descriptor.name) if self.descriptor else '?'}>"

    def to_dict(self) -> dict[str, Value]:
        """As in the JSON form: what does not apply to the type is left out."""
        shown: dict[str, Value] = {"num": self.num, "type": None}
        if self.descriptor is not None:
            shown.update(descriptor_fields(self.descriptor))
        return shown


def descriptor_fields(descriptor: Descriptor) -> dict[str, Value]:
    """A descriptor's fields of the JSON form, without the number."""
    shown: dict[str, Value] = {"type": descriptor.type}
    if descriptor.protocol is not None or descriptor.role is not None or descriptor.dip or descriptor.sip:
        shown["protocol"] = descriptor.protocol
        shown["role"] = descriptor.role
    if descriptor.sip is not None or descriptor.dip is not None or descriptor.type in ("ipv4", "ipv6"):
        shown["sip"] = descriptor.sip
        shown["sport"] = descriptor.sport
        shown["dip"] = descriptor.dip
        shown["dport"] = descriptor.dport
        return shown
    shown["path"] = descriptor.path
    shown["inode"] = descriptor.inode
    if descriptor.device is not None:
        shown["dev"] = descriptor.device
    if descriptor.deleted:
        shown["deleted"] = True
    if descriptor.peer_inode is not None:
        shown["peer_inode"] = descriptor.peer_inode
    return shown


def thread_fields(thread: Thread | None, pid: int, tid: int) -> dict[str, Value]:
    """A thread's fields of the JSON form."""
    if thread is None:
        return {
            "pid": pid, "tid": tid, "ppid": None, "uid": None, "gid": None, "comm": None, "exe": None,
            "container_id": None,
        }  # fmt: skip
    return {
        "pid": thread.pid,
        "tid": thread.tid,
        "ppid": thread.ppid,
        "uid": thread.uid,
        "gid": thread.gid,
        "comm": thread.comm,
        "exe": thread.exe,
        "container_id": thread.container_id,
    }


class Event:
    """One event. Its attributes are those of the JSON form: timestamp, name, thread, fd, args, ret, error ...

    bytes (paths, payload, command names) are bytes here; text is what the kernel's headers name.
    """

    __slots__ = ("_args", "batch", "row")

    def __init__(self, batch: Batch, row: int) -> None:
        self.batch = batch
        self.row = row
        self._args: Arguments | None = None

    @property
    def definition(self) -> Definition:
        """The event's page in the catalogue."""
        return self.batch.definitions[int(self.batch.records["event"][self.row])]

    @property
    def timestamp(self) -> int:
        """Nanoseconds since the epoch, when it completed."""
        return int(self.batch.records["time"][self.row]) + self.batch.clock_offset

    @property
    def time(self) -> datetime:
        """The timestamp as UTC, to the microsecond."""
        seconds, nanoseconds = divmod(self.timestamp, 1_000_000_000)
        return datetime.fromtimestamp(seconds, UTC).replace(microsecond=nanoseconds // 1000)

    @property
    def name(self) -> str:
        return self.definition.name

    @property
    def source(self) -> str:
        return str(self.definition.source)

    @property
    def category(self) -> str:
        """The category; for reads, writes and the like that of what the descriptor stands for."""
        descriptor = self.batch.descriptor(self.row)
        return str(category_of(self.definition, descriptor.type if descriptor else None))

    @property
    def cpu(self) -> int:
        return int(self.batch.records["cpu"][self.row])

    @property
    def latency(self) -> int | None:
        """Nanoseconds in the call; None where it has none or the entry was not seen."""
        value = int(self.batch.records["latency"][self.row])
        return None if value == layout.NO_LATENCY else value

    @property
    def pid(self) -> int:
        return int(self.batch.records["pid"][self.row])

    @property
    def tid(self) -> int:
        return int(self.batch.records["tid"][self.row])

    @property
    def thread(self) -> Thread:
        """The thread and its process. Where its description was lost it holds the ids alone, and `quality` says so."""
        found = self.batch.thread(self.row)
        return found or Thread(tid=self.tid, pid=self.pid, quality=("thread_unknown",))

    @property
    def comm(self) -> bytes:
        """The name of the thread."""
        return self.thread.comm

    @property
    def fd(self) -> Fd | None:
        """The descriptor the event is about, None if it is about none."""
        number = int(self.batch.records["fd"][self.row])
        return None if number == layout.NO_FD else Fd(number, self.batch.descriptor(self.row))

    @property
    def args(self) -> Arguments:
        """The arguments, decoded."""
        if self._args is None:
            self._args = Arguments(self.batch.arguments(self.row))
        return self._args

    @property
    def ret(self) -> int | None:
        """The raw result; None for what returns nothing."""
        return int(self.batch.records["ret"][self.row]) if self.definition.result is not None else None

    @property
    def error(self) -> str | None:
        """The errno's name if the call failed."""
        return self.batch.error(self.row) if self.definition.result is not None else None

    @property
    def quality(self) -> list[str]:
        """What is not known or not complete about this event: marks, with the argument that they are about if any."""
        return quality(self.batch, self.row)

    def to_dict(self) -> dict[str, Value]:
        """The event as design and reference give it, with bytes as bytes."""
        fd = self.fd
        return {
            "timestamp": self.timestamp,
            "name": self.name,
            "source": self.source,
            "category": self.category,
            "cpu": self.cpu,
            "latency": self.latency,
            "thread": thread_fields(self.batch.thread(self.row), self.pid, self.tid),
            "fd": None if fd is None else fd.to_dict(),
            "args": dict(self.args),
            "ret": self.ret,
            "error": self.error,
            "quality": list(self.quality),
        }

    def json(self) -> str:
        """One line of JSON, without its newline."""
        from kindling.stream.jsonlines import to_json

        return to_json(self.to_dict())

    def __str__(self) -> str:
        from kindling.stream.text import line

        return line(self)

    def __repr__(self) -> str:
        return f"<Event {self}>"


def quality(batch: Batch, row: int) -> list[str]:
    """The quality marks of one row; those of a single argument as "mark:argument"."""
    record = batch.records[row]
    marks = Mark(int(record["marks"]))
    found: list[str] = []
    if marks & (Mark.TRUNCATED | Mark.FAULT) and record["length"]:
        definition = batch.definitions[int(record["event"])]
        pieces = batch.pieces(row)
        number = 0
        for argument in definition.arguments:
            for _ in argument.type.captures(batch.machine):
                if number in pieces:
                    own = Mark(pieces[number][1])
                    found += [f"{MARKS[m]}:{argument.name}" for m in (Mark.TRUNCATED, Mark.FAULT) if own & m]
                number += 1
        if found:
            marks &= ~(Mark.TRUNCATED | Mark.FAULT)
    found += [name for mark, name in MARKS.items() if marks & mark]
    if batch.thread(row) is None and batch.definitions[int(record["event"])].source is not Source.KINDLING:
        found.append("thread_unknown")
    return list(dict.fromkeys(found))


def value_text(value: Value) -> str:
    """An argument as one reads it in a line: strings quoted, structures in braces."""
    if isinstance(value, bytes):
        return quoted(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}={value_text(member)}" for key, member in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(value_text(member) for member in value) + "]"
    if value is None:
        return "NULL"
    return str(value).lower() if isinstance(value, bool) else str(value)


# C1 controls move the cursor of some terminals too, and the others make text read in another order than it stands.
_CONTROL = (
    {n: f"\\x{n:02x}" for n in [*range(32), 127]}
    | {n: f"\\u{n:04x}" for n in [*range(0x80, 0xA0), 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A)]}
    | {9: "\\t", 10: "\\n", 13: "\\r", 34: '\\"'}
)


def quoted(data: bytes) -> str:
    """Bytes as a quoted string that cannot disturb a terminal."""
    return f'"{escape(data).translate(_CONTROL)}"'


def result_text(event: Event) -> str:
    """The result as strace shows it: the number, or -1 and the error; addresses in hexadecimal."""
    ret = event.ret
    if ret is None:
        return "?"
    if event.error is not None:
        return f"-1 {event.error}"
    result = event.definition.result
    if result is not None and isinstance(result.type, Hexadecimal):
        return f"{ret & 0xFFFFFFFFFFFFFFFF:#x}"
    return str(ret)
