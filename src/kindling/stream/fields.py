"""The fields of events: what filters compare and columns hold. One table; the reference page is made from it.

Names are sysdig's where it has one. A field of an event may be absent (no descriptor, no such argument, not known):
then every comparison with it is false, `!=` and `not in` too, and only `exists` tells.
"""

from __future__ import annotations

import difflib
import grp
import posixpath
import pwd
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from kindling.catalogue.model import Category, Definition, Source
from kindling.catalogue.tables.common import ERRNO, MAX_ERRNO, errno_name
from kindling.enrich.categories import category_of, follows_descriptor
from kindling.enrich.kinds import FD_TYPES, FdType
from kindling.enrich.objects import Descriptor, Objects, Thread
from kindling.errors import UsageError
from kindling.probes.layout import NO_FD, NO_LATENCY, FilterField, Mark
from kindling.stream import arguments
from kindling.stream.batch import Batch, Indexed
from kindling.stream.event import quality


class FieldType(StrEnum):
    """What a field's values are, and so which operators and literals go with it."""

    INTEGER = "integer"
    DURATION = "duration"
    TIME = "time"
    STRING = "string"
    BYTES = "bytes"
    ADDRESS = "address"
    BOOLEAN = "boolean"
    ANY = "any"
    """An argument of an event: what it is depends on the event."""

    @property
    def numeric(self) -> bool:
        """Whether values are ordered numbers."""
        return self in (FieldType.INTEGER, FieldType.DURATION, FieldType.TIME)

    @property
    def textual(self) -> bool:
        """Whether values are text or bytes."""
        return self in (FieldType.STRING, FieldType.BYTES)


class Level(StrEnum):
    """What a field belongs to: how many values a batch has of it at most."""

    EVENT = "event"
    THREAD = "thread"
    DESCRIPTOR = "descriptor"
    DEFINITION = "definition"
    ARGUMENT = "argument"


@dataclass(frozen=True, slots=True)
class Numbers:
    """A column of 64-bit numbers: one for each row, and which rows have one (None: all)."""

    values: npt.NDArray[np.int64]
    present: npt.NDArray[np.bool_] | None = None


Column: TypeAlias = Numbers | Indexed
Extract: TypeAlias = Callable[[Batch], Column]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Field:
    """One field.

    `many` fields have several values, of which a comparison needs one that fits (for `!=` and `not in`: that none
    equals). `values` are all values there can be, where they can be listed. `outcomes` gives those that events of one
    definition can have, where that tells something (None: absent); `possible` says whether they can have any.
    `identity` is what `=`, `!=` and `in` compare with, if not the value itself; `normal` brings what it is compared
    with into the form of the values. `parameter` describes what stands in brackets after the name, and `bind` makes
    the field for one.
    """

    name: str
    type: FieldType
    description: str
    level: Level
    extract: Extract
    many: bool = False
    unit: str = ""
    kernel: FilterField | None = None
    aliases: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    outcomes: Callable[[Definition], tuple[object, ...]] | None = None
    possible: Callable[[Definition], bool] | None = None
    identity: Field | None = None
    normal: Callable[[bytes], bytes] | None = None
    parameter: str = ""
    bind: Callable[[str], Field] | None = None

    @property
    def type_text(self) -> str:
        """The type as the reference names it: "integer", "list of string"."""
        return f"list of {self.type}" if self.many else str(self.type)


def _numbers(
    name: str,
    description: str,
    get: Callable[[Batch], Column],
    *,
    type: FieldType = FieldType.INTEGER,
    level: Level = Level.EVENT,
    unit: str = "",
    kernel: FilterField | None = None,
    aliases: tuple[str, ...] = (),
    possible: Callable[[Definition], bool] | None = None,
    outcomes: Callable[[Definition], tuple[object, ...]] | None = None,
) -> Field:
    return Field(
        name=name,
        type=type,
        description=description,
        level=level,
        extract=get,
        unit=unit,
        kernel=kernel,
        aliases=aliases,
        possible=possible,
        outcomes=outcomes,
    )


def _definition(
    name: str,
    type: FieldType,
    description: str,
    get: Callable[[Definition], object],
    *,
    many: bool = False,
    aliases: tuple[str, ...] = (),
    values: tuple[str, ...] = (),
    identity: Field | None = None,
) -> Field:
    def extract(batch: Batch) -> Column:
        column = batch.definition_index
        return Indexed(column.index, [get(d) if isinstance(d, Definition) else None for d in column.values])

    return Field(
        name=name,
        type=type,
        description=description,
        level=Level.DEFINITION,
        extract=extract,
        many=many,
        aliases=aliases,
        values=values,
        outcomes=lambda definition: (get(definition),),
        identity=identity,
    )


def _thread(
    name: str,
    type: FieldType,
    description: str,
    get: Callable[[Thread, Objects], object],
    *,
    many: bool = False,
    unit: str = "",
    kernel: FilterField | None = None,
    aliases: tuple[str, ...] = (),
    normal: Callable[[bytes], bytes] | None = None,
    parameter: str = "",
    bind: Callable[[str], Field] | None = None,
) -> Field:
    def extract(batch: Batch) -> Column:
        column, objects = batch.thread_index, batch.objects
        return Indexed(column.index, [get(t, objects) if isinstance(t, Thread) else None for t in column.values])

    return Field(
        name=name,
        type=type,
        description=description,
        level=Level.THREAD,
        extract=extract,
        many=many,
        unit=unit,
        kernel=kernel,
        aliases=aliases,
        normal=normal,
        parameter=parameter,
        bind=bind,
    )


def _has_descriptor(definition: Definition) -> bool:
    # Other sources may tie a descriptor to an event that has no argument for it.
    return definition.source not in (Source.SYSCALL, Source.SYSCALL_ENTER) or definition.descriptor is not None


def _descriptor(
    name: str,
    type: FieldType,
    description: str,
    get: Callable[[Descriptor], object],
    *,
    many: bool = False,
    unit: str = "",
    kernel: FilterField | None = None,
    aliases: tuple[str, ...] = (),
    values: tuple[str, ...] = (),
) -> Field:
    def extract(batch: Batch) -> Column:
        column = batch.descriptor_index
        return Indexed(column.index, [get(d) if isinstance(d, Descriptor) else None for d in column.values])

    return Field(
        name=name,
        type=type,
        description=description,
        level=Level.DESCRIPTOR,
        extract=extract,
        many=many,
        unit=unit,
        kernel=kernel,
        aliases=aliases,
        values=values,
        possible=_has_descriptor,
    )


def _argument(
    name: str,
    type: FieldType,
    description: str,
    get: Extract,
    possible: Callable[[Definition], bool],
    *,
    aliases: tuple[str, ...] = (),
    parameter: str = "",
    bind: Callable[[str], Field] | None = None,
) -> Field:
    return Field(
        name=name,
        type=type,
        description=description,
        level=Level.ARGUMENT,
        extract=get,
        aliases=aliases,
        possible=possible,
        parameter=parameter,
        bind=bind,
    )


# Events ---------------------------------------------------------------------------------------------------------------


def _has_result(definition: Definition) -> bool:
    return definition.result is not None


def _result_rows(batch: Batch) -> npt.NDArray[np.bool_] | None:
    """Which events return something; None if all do."""
    column = batch.definition_index
    having = [isinstance(d, Definition) and _has_result(d) for d in column.values]
    return None if all(having) else np.array(having, np.bool_)[column.index]


def _result(batch: Batch) -> Column:
    return Numbers(batch.records["ret"].astype(np.int64), _result_rows(batch))


def _of_error(convert: Callable[[int], object]) -> Extract:
    """A column made from each event's errno, 0 if it did not fail."""

    def extract(batch: Batch) -> Column:
        ret = batch.records["ret"]
        codes = np.where((ret < 0) & (ret >= -MAX_ERRNO), -ret, 0).astype(np.int64) + 1
        present = _result_rows(batch)
        if present is not None:
            codes[~present] = 0
        counts = np.bincount(codes, minlength=1)
        distinct = np.flatnonzero(counts)
        places = np.zeros(len(counts), np.int64)
        places[distinct] = np.arange(len(distinct))
        return Indexed(places[codes], [None if code == 0 else convert(code - 1) for code in distinct.tolist()])

    return extract


def _latency(batch: Batch) -> Column:
    latency = batch.records["latency"]
    return Numbers(latency.astype(np.int64), latency != NO_LATENCY)


PLAIN_IO = (None, FdType.IPV4.text, FdType.PIPE.text)
"""One type of descriptor for each category that plain I/O can have."""


def _categories(definition: Definition) -> tuple[object, ...]:
    """The categories that events of `definition` can have."""
    return tuple(dict.fromkeys(category_of(definition, kind).value for kind in PLAIN_IO))


def _category(batch: Batch) -> Column:
    definitions = batch.definition_index
    known = [d for d in definitions.values if isinstance(d, Definition)]
    moving = next((d for d in known if follows_descriptor(d)), None)
    if moving is None:
        return Indexed(definitions.index, [d.category.value for d in known])
    descriptors = batch.descriptor_index
    codes = {category_of(moving, kind): code for code, kind in enumerate(PLAIN_IO)}
    of_descriptor = np.array(
        [codes[category_of(moving, d.type)] if isinstance(d, Descriptor) else 0 for d in descriptors.values], np.int64
    )
    return Indexed(
        definitions.index * len(PLAIN_IO) + of_descriptor[descriptors.index],
        [category_of(d, kind).value for d in known for kind in PLAIN_IO],
    )


def _quality(batch: Batch) -> Column:
    # What is about a single argument is found event by event; all else follows from the marks and the thread.
    records, threads = batch.records, batch.thread_index
    unknown = np.fromiter((t is None for t in threads.values), np.bool_, len(threads.values))[threads.index]
    marks = records["marks"].astype(np.int64)
    single = ((marks & int(Mark.TRUNCATED | Mark.FAULT)) != 0) & (records["length"] > 0)
    keys = np.where(single, -1, marks << 1 | unknown)
    _, first, index = np.unique(keys, return_index=True, return_inverse=True)
    values: list[object] = [tuple(quality(batch, row)) or None for row in first.tolist()]
    rows = np.flatnonzero(single)
    index[rows] = np.arange(len(values), len(values) + len(rows))
    return Indexed(index, [*values, *(tuple(quality(batch, row)) or None for row in rows.tolist())])


def _marks(batch: Batch) -> Column:
    """The marks with and without the argument they are about."""
    column = _quality(batch)
    assert isinstance(column, Indexed)
    return Indexed(
        column.index,
        [tuple({*v, *(mark.partition(":")[0] for mark in v)}) if isinstance(v, tuple) else None for v in column.values],
    )


def _names(definition: Definition) -> tuple[str, ...]:
    return (definition.name, *definition.aliases)


def _errno(literal: bytes) -> bytes:
    # EWOULDBLOCK and ENOTSUP are other names for numbers that have one already.
    number = ERRNO.values.get(literal.decode("latin-1")) or _ERRNO_SYNONYMS.get(literal)
    return (errno_name(-number) or "").encode() if number else literal


_ERRNO_SYNONYMS = {b"EWOULDBLOCK": 11, b"EDEADLOCK": 35, b"ENOTSUP": 95}
_ERRNO_NAMES = tuple(ERRNO.values)


def _argument_bind(parameter: str) -> Field:
    path = tuple(parameter.split("."))
    if not re.fullmatch(r"\w+(\.\w+)*", parameter, re.ASCII):
        raise UsageError(f"{parameter!r} is not the name or number of an argument: write evt.arg.path or evt.arg[0]")
    name = f"evt.arg[{parameter}]" if path[0].isdigit() else f"evt.arg.{parameter}"
    return _argument(
        name,
        FieldType.ANY,
        "the event's argument " + parameter,
        lambda batch: arguments.argument(batch, path),
        lambda definition: arguments.position_of(definition, path[0]) is not None,
    )


_EVENT = (
    _definition(
        "evt.type",
        FieldType.STRING,
        "name of the event (read, openat); = and in know its other names too (syscall_exit-read)",
        lambda d: d.name,
        aliases=("evt.name",),
        identity=_definition("evt.type", FieldType.STRING, "name and aliases of the event", _names, many=True),
    ),
    _definition(
        "syscall.type",
        FieldType.STRING,
        "name of the system call, absent for other events",
        lambda d: d.name if d.source is Source.SYSCALL else None,
    ),
    _definition(
        "evt.source",
        FieldType.STRING,
        "where the event comes from",
        lambda d: d.source.value,
        values=tuple(s.value for s in Source),
    ),
    Field(
        name="evt.category",
        type=FieldType.STRING,
        description="the catalogue's category; for reads, writes and the like net on sockets, ipc on pipes",
        level=Level.EVENT,
        extract=_category,
        values=tuple(c.value for c in Category),
        outcomes=_categories,
    ),
    _definition(
        "evt.dir",
        FieldType.STRING,
        "< for what is told at its end, > for the entry of a system call (syscall_enter-NAME)",
        lambda d: ">" if d.source is Source.SYSCALL_ENTER else "<",
        values=("<", ">"),
    ),
    _numbers(
        "evt.time",
        "when the event completed; compare with 2026-01-31T08:15:00.5 (UTC unless an offset follows)",
        lambda batch: Numbers(batch.timestamp),
        type=FieldType.TIME,
        unit="nanoseconds since 1970",
        aliases=("evt.datetime",),
    ),
    _numbers(
        "evt.rawtime",
        "when the event completed, as a number",
        lambda batch: Numbers(batch.timestamp),
        unit="nanoseconds since 1970",
    ),
    _numbers(
        "evt.latency",
        "time spent in the call; absent where the event has no beginning or it was not seen",
        _latency,
        type=FieldType.DURATION,
        unit="nanoseconds",
        kernel=FilterField.LATENCY,
    ),
    Field(
        name="evt.res",
        type=FieldType.STRING,
        description="SUCCESS, or the name of the error (ENOENT)",
        level=Level.EVENT,
        extract=_of_error(lambda code: errno_name(-code) if code else "SUCCESS"),
        kernel=FilterField.RET,
        values=("SUCCESS", *_ERRNO_NAMES),
        possible=_has_result,
        normal=_errno,
    ),
    _numbers(
        "evt.rawres",
        "the raw result: negative errno on failure",
        _result,
        kernel=FilterField.RET,
        possible=_has_result,
    ),
    Field(
        name="evt.failed",
        type=FieldType.BOOLEAN,
        description="whether the call failed",
        level=Level.EVENT,
        extract=_of_error(bool),
        kernel=FilterField.RET,
        possible=_has_result,
    ),
    Field(
        name="evt.error",
        type=FieldType.STRING,
        description="name of the error (ENOENT); absent when the call did not fail",
        level=Level.EVENT,
        extract=_of_error(lambda code: errno_name(-code)),
        kernel=FilterField.RET,
        values=_ERRNO_NAMES,
        possible=_has_result,
        normal=_errno,
    ),
    _numbers(
        "evt.cpu",
        "number of the CPU",
        lambda batch: Numbers(batch.records["cpu"].astype(np.int64)),
        kernel=FilterField.CPU,
    ),
    _argument(
        "evt.args",
        FieldType.BYTES,
        "all arguments in one line (fd=3 count=512); absent where the event has none",
        arguments.all_text,
        lambda d: bool(d.arguments),
        aliases=("evt.info",),
    ),
    _argument(
        "evt.arg",
        FieldType.ANY,
        "an argument by name or number, its members by further names: evt.arg.flags, evt.arg.addr.port, evt.arg[0]",
        arguments.all_text,
        lambda d: bool(d.arguments),
        parameter="name or number of the argument, with members (required)",
        bind=_argument_bind,
    ),
    _argument(
        "evt.buffer",
        FieldType.BYTES,
        "the payload that was read, written, sent or received, as far as it was captured (--snaplen)",
        arguments.payload,
        arguments.has_payload,
    ),
    _numbers(
        "evt.count",
        "always 1",
        lambda batch: Numbers(np.ones(len(batch), np.int64)),
        outcomes=lambda _: (1,),
    ),
    Field(
        name="evt.quality",
        type=FieldType.STRING,
        description="what of the event is missing (truncated:path; = truncated fits too), absent when nothing is",
        level=Level.EVENT,
        extract=_quality,
        many=True,
        identity=Field(
            name="evt.quality",
            type=FieldType.STRING,
            description="what of the event is missing, with and without the argument",
            level=Level.EVENT,
            extract=_marks,
            many=True,
        ),
    ),
    _argument(
        "fs.path.name",
        FieldType.BYTES,
        "absolute path that the call names: the opened file's, else the path argument joined to its directory",
        lambda batch: arguments.path(batch, 0),
        lambda d: len(arguments.paths_of(d)) > 0,
        aliases=("evt.abspath",),
    ),
    _argument(
        "fs.path.nameraw",
        FieldType.BYTES,
        "the path argument as the caller wrote it",
        lambda batch: arguments.path(batch, 0, resolve=False),
        lambda d: len(arguments.paths_of(d)) > 0,
    ),
    _argument(
        "fs.path.source",
        FieldType.BYTES,
        "the first path of a call that names two (rename, link), made absolute",
        lambda batch: arguments.path(batch, 0, least=2),
        lambda d: len(arguments.paths_of(d)) > 1,
    ),
    _argument(
        "fs.path.target",
        FieldType.BYTES,
        "the second path of a call that names two (rename, link), made absolute",
        lambda batch: arguments.path(batch, 1),
        lambda d: len(arguments.paths_of(d)) > 1,
    ),
)


# Threads, processes, users, containers --------------------------------------------------------------------------------


def _argv0(thread: Thread) -> bytes | None:
    return thread.arguments[0] if thread.arguments else None


def _args(thread: Thread) -> bytes | None:
    return None if thread.arguments is None else b" ".join(thread.arguments[1:])


def _line(first: bytes | None, thread: Thread) -> bytes | None:
    if first is None or thread.arguments is None:
        return None
    return b" ".join((first, *thread.arguments[1:]))


def _cmdline(thread: Thread) -> bytes | None:
    return _line(thread.comm, thread)


def _parent(thread: Thread, objects: Objects) -> Thread | None:
    return objects.pids.get(thread.ppid) if thread.ppid and thread.ppid != thread.pid else None


def _of_parent(get: Callable[[Thread], object]) -> Callable[[Thread, Objects], object]:
    def of_parent(thread: Thread, objects: Objects) -> object:
        parent = _parent(thread, objects)
        return None if parent is None else get(parent)

    return of_parent


def _ancestors(name: str, type: FieldType, what: str, get: Callable[[Thread], object]) -> Field:
    """A field of every process above, and with [N] of the one N levels up."""

    def of_all(thread: Thread, objects: Objects) -> object:
        return tuple(v for v in map(get, objects.ancestors(thread)) if v is not None) or None

    def bind(parameter: str) -> Field:
        if not re.fullmatch(r"[0-9]{1,2}", parameter):
            raise UsageError(f"{name}[{parameter}] has no such level: write {name}[1] for the parent, up to {name}[64]")
        level = int(parameter)

        def of_one(thread: Thread, objects: Objects) -> object:
            if level == 0:
                return get(thread)
            above = objects.ancestors(thread)
            return get(above[level - 1]) if level <= len(above) else None

        return _thread(f"{name}[{level}]", type, f"{what} of the process {level} levels up", of_one)

    return _thread(
        name,
        type,
        f"{what} of every process above (as far as known), or with [N] of the one N levels up: 1 is the parent",
        of_all,
        many=True,
        parameter="how many levels up, 0 for the process itself (optional)",
        bind=bind,
    )


@lru_cache(maxsize=4096)
def _user(uid: int) -> str | None:
    try:
        return pwd.getpwuid(uid).pw_name
    except (KeyError, OverflowError):
        return None


@lru_cache(maxsize=4096)
def _group(gid: int) -> str | None:
    try:
        return grp.getgrgid(gid).gr_name
    except (KeyError, OverflowError):
        return None


CONTAINER_ID = 12
"""How many characters of a container's id name it: as many as the kernel side looks at, and as Docker shows."""

_THREAD = (
    _thread(
        "proc.name",
        FieldType.BYTES,
        "name of the thread (comm), at most 15 bytes",
        lambda t, _: t.comm,
        kernel=FilterField.COMM,
    ),
    _thread(
        "proc.exe", FieldType.BYTES, "argv[0], what the process calls itself; see proc.exepath", lambda t, _: _argv0(t)
    ),
    _thread("proc.exepath", FieldType.BYTES, "path of the executable file", lambda t, _: t.exe),
    _thread("proc.args", FieldType.BYTES, "command line without argv[0], joined by blanks", lambda t, _: _args(t)),
    _thread("proc.cmdline", FieldType.BYTES, "proc.name and proc.args", lambda t, _: _cmdline(t)),
    _thread("proc.exeline", FieldType.BYTES, "proc.exe and proc.args", lambda t, _: _line(_argv0(t), t)),
    _thread(
        "proc.cmdnargs",
        FieldType.INTEGER,
        "how many arguments the command line has, argv[0] aside",
        lambda t, _: None if t.arguments is None else max(len(t.arguments) - 1, 0),
    ),
    _numbers(
        "proc.pid",
        "process id, as the host sees it",
        lambda batch: Numbers(batch.records["pid"].astype(np.int64)),
        level=Level.THREAD,
        kernel=FilterField.PID,
    ),
    _thread("proc.ppid", FieldType.INTEGER, "process id of the parent", lambda t, _: t.ppid),
    _thread("proc.vpid", FieldType.INTEGER, "process id in the process's own PID namespace", lambda t, _: t.ns_pid),
    _thread("proc.pname", FieldType.BYTES, "proc.name of the parent", _of_parent(lambda t: t.comm)),
    _thread("proc.pexe", FieldType.BYTES, "proc.exe of the parent", _of_parent(_argv0)),
    _thread("proc.pexepath", FieldType.BYTES, "proc.exepath of the parent", _of_parent(lambda t: t.exe)),
    _thread("proc.pcmdline", FieldType.BYTES, "proc.cmdline of the parent", _of_parent(_cmdline)),
    _thread("proc.pvpid", FieldType.INTEGER, "proc.vpid of the parent", _of_parent(lambda t: t.ns_pid)),
    _ancestors("proc.aname", FieldType.BYTES, "proc.name", lambda t: t.comm),
    _ancestors("proc.aexe", FieldType.BYTES, "proc.exe", _argv0),
    _ancestors("proc.aexepath", FieldType.BYTES, "proc.exepath", lambda t: t.exe),
    _ancestors("proc.acmdline", FieldType.BYTES, "proc.cmdline", _cmdline),
    _ancestors("proc.apid", FieldType.INTEGER, "proc.pid", lambda t: t.pid),
    _thread("proc.pid_ns", FieldType.INTEGER, "inode number of the PID namespace", lambda t, _: t.pid_ns),
    _thread("proc.mnt_ns", FieldType.INTEGER, "inode number of the mount namespace", lambda t, _: t.mnt_ns),
    _thread("proc.net_ns", FieldType.INTEGER, "inode number of the network namespace", lambda t, _: t.net_ns),
    _numbers(
        "thread.tid",
        "thread id, as the host sees it",
        lambda batch: Numbers(batch.records["tid"].astype(np.int64)),
        level=Level.THREAD,
        kernel=FilterField.TID,
    ),
    _thread("thread.vtid", FieldType.INTEGER, "thread id in the process's own PID namespace", lambda t, _: t.ns_tid),
    _thread(
        "thread.ismain", FieldType.BOOLEAN, "whether it is the process's first thread", lambda t, _: t.tid == t.pid
    ),
    _thread(
        "thread.cgroup",
        FieldType.BYTES,
        "path of the cgroup",
        lambda t, _: t.cgroup,
        aliases=("thread.cgroups", "proc.cgroup"),
    ),
    _thread(
        "thread.cgroup_id",
        FieldType.INTEGER,
        "number of the cgroup (bpf_get_current_cgroup_id, name_to_handle_at)",
        lambda t, _: t.cgroup_id,
        kernel=FilterField.CGROUP,
    ),
    _thread("user.uid", FieldType.INTEGER, "user id", lambda t, _: t.uid, kernel=FilterField.UID),
    _thread(
        "user.name",
        FieldType.STRING,
        "name of the user, from the user database of the machine that reads the events",
        lambda t, _: None if t.uid is None else _user(t.uid),
    ),
    _thread("user.euid", FieldType.INTEGER, "effective user id", lambda t, _: t.euid),
    _thread("group.gid", FieldType.INTEGER, "group id", lambda t, _: t.gid, kernel=FilterField.GID),
    _thread(
        "group.name",
        FieldType.STRING,
        "name of the group, from the group database of the machine that reads the events",
        lambda t, _: None if t.gid is None else _group(t.gid),
    ),
    _thread("group.egid", FieldType.INTEGER, "effective group id", lambda t, _: t.egid),
    _thread(
        "container.id",
        FieldType.STRING,
        "first 12 characters of the container's id, absent outside (= host tests that); = and in take longer ids",
        lambda t, _: t.container_id[:CONTAINER_ID] if t.container_id else None,
        kernel=FilterField.CONTAINER,
        normal=lambda literal: literal[:CONTAINER_ID],
    ),
    _thread("container.full_id", FieldType.STRING, "the container's whole id", lambda t, _: t.container_id or None),
)


# Descriptors ----------------------------------------------------------------------------------------------------------


def _file_number(batch: Batch) -> Column:
    number = batch.records["fd"]
    return Numbers(number.astype(np.int64), number != NO_FD)


def _port(port: int | None) -> int | None:
    # A socket that is not bound or not connected has port 0 on that side: there is none.
    return port or None


def _several(*values: object) -> tuple[object, ...] | None:
    return tuple(v for v in values if v is not None) or None


def _local(d: Descriptor, client: object, server: object) -> object:
    return client if d.role == "client" else server if d.role == "server" else None


def _remote(d: Descriptor, client: object, server: object) -> object:
    return server if d.role == "client" else client if d.role == "server" else None


def _device(d: Descriptor, part: int) -> int | None:
    pieces = (d.device or "").split(":")
    return int(pieces[part]) if len(pieces) == 2 and pieces[part].isdigit() else None


_ROLE = ("client", "server")

_DESCRIPTOR = (
    _numbers(
        "fd.num",
        "number of the descriptor; absent when the event has none",
        _file_number,
        kernel=FilterField.FD_NUM,
        possible=_has_descriptor,
    ),
    _descriptor(
        "fd.type",
        FieldType.STRING,
        "what the descriptor stands for",
        lambda d: d.type,
        kernel=FilterField.FD_TYPE,
        values=tuple(FD_TYPES),
    ),
    _descriptor(
        "fd.name",
        FieldType.BYTES,
        "path of a file, 1.2.3.4:5->6.7.8.9:80 (client, then server) of a socket, type and inode of others",
        lambda d: d.name,
    ),
    _descriptor("fd.path", FieldType.BYTES, "path, absent for what has none", lambda d: d.path),
    _descriptor(
        "fd.directory",
        FieldType.BYTES,
        "directory that holds the file",
        lambda d: posixpath.dirname(d.path) if d.path is not None and b"/" in d.path else None,
    ),
    _descriptor(
        "fd.filename",
        FieldType.BYTES,
        "name of the file without its directory",
        lambda d: posixpath.basename(d.path) if d.path is not None and b"/" in d.path else None,
    ),
    _descriptor("fd.ino", FieldType.INTEGER, "inode number", lambda d: d.inode),
    _descriptor("fd.dev", FieldType.STRING, "device that holds the file, as major:minor", lambda d: d.device),
    _descriptor(
        "fd.dev.major", FieldType.INTEGER, "major number of the device that holds the file", lambda d: _device(d, 0)
    ),
    _descriptor(
        "fd.dev.minor", FieldType.INTEGER, "minor number of the device that holds the file", lambda d: _device(d, 1)
    ),
    _descriptor("fd.deleted", FieldType.BOOLEAN, "whether the file's name was removed", lambda d: d.deleted),
    _descriptor(
        "fd.ip",
        FieldType.ADDRESS,
        "address of either side; compare with an address or a network (10.0.0.0/8)",
        lambda d: _several(d.sip, d.dip),
        many=True,
        aliases=("fd.net",),
    ),
    _descriptor(
        "fd.sip",
        FieldType.ADDRESS,
        "source address: the client side's, as in Kindling's JSON (sysdig's fd.sip is the server: fd.dip here)",
        lambda d: d.sip,
        aliases=("fd.cip", "fd.cnet"),
    ),
    _descriptor(
        "fd.dip",
        FieldType.ADDRESS,
        "destination address: the server side's, as in Kindling's JSON",
        lambda d: d.dip,
    ),
    _descriptor(
        "fd.lip",
        FieldType.ADDRESS,
        "local address, where the role is known",
        lambda d: _local(d, d.sip, d.dip),
        aliases=("fd.lnet",),
    ),
    _descriptor(
        "fd.rip",
        FieldType.ADDRESS,
        "remote address, where the role is known",
        lambda d: _remote(d, d.sip, d.dip),
        aliases=("fd.rnet",),
    ),
    _descriptor(
        "fd.port",
        FieldType.INTEGER,
        "port of either side",
        lambda d: _several(_port(d.sport), _port(d.dport)),
        many=True,
        kernel=FilterField.FD_PORT,
    ),
    _descriptor(
        "fd.sport",
        FieldType.INTEGER,
        "source port: the client side's, as in Kindling's JSON (sysdig's fd.sport is the server's: fd.dport here)",
        lambda d: _port(d.sport),
        aliases=("fd.cport",),
    ),
    _descriptor(
        "fd.dport",
        FieldType.INTEGER,
        "destination port: the server side's, as in Kindling's JSON",
        lambda d: _port(d.dport),
    ),
    _descriptor(
        "fd.lport",
        FieldType.INTEGER,
        "local port, where the role is known",
        lambda d: _local(d, _port(d.sport), _port(d.dport)),
    ),
    _descriptor(
        "fd.rport",
        FieldType.INTEGER,
        "remote port, where the role is known",
        lambda d: _remote(d, _port(d.sport), _port(d.dport)),
    ),
    _descriptor(
        "fd.l4proto",
        FieldType.STRING,
        "protocol of a socket: tcp, udp, icmp, raw and others; stream, dgram or seqpacket for unix",
        lambda d: d.protocol,
        aliases=("fd.proto",),
    ),
    _descriptor(
        "fd.sockfamily",
        FieldType.STRING,
        "ip or unix, absent for other descriptors",
        lambda d: "ip" if d.type in ("ipv4", "ipv6") else "unix" if d.type == "unix" else None,
        values=("ip", "unix"),
    ),
    _descriptor("fd.state", FieldType.STRING, "state of a socket, where it has one", lambda d: d.state),
    _descriptor(
        "fd.role", FieldType.STRING, "which end of the connection the process is", lambda d: d.role, values=_ROLE
    ),
    _descriptor(
        "fd.is_server",
        FieldType.BOOLEAN,
        "whether the process is the server; absent where the role is not known",
        lambda d: None if d.role is None else d.role == "server",
    ),
    _descriptor(
        "fd.is_client",
        FieldType.BOOLEAN,
        "whether the process is the client; absent where the role is not known",
        lambda d: None if d.role is None else d.role == "client",
    ),
    _descriptor("fd.net_ns", FieldType.INTEGER, "inode number of the socket's network namespace", lambda d: d.net_ns),
)

FIELDS: tuple[Field, ...] = (*_EVENT, *_THREAD, *_DESCRIPTOR)
"""Every field, in the order of the reference page."""

SHORT_NAMES: dict[str, str] = {
    "timestamp": "evt.rawtime",
    "name": "evt.type",
    "source": "evt.source",
    "category": "evt.category",
    "cpu": "evt.cpu",
    "latency": "evt.latency",
    "ret": "evt.rawres",
    "error": "evt.error",
    "quality": "evt.quality",
    "pid": "proc.pid",
    "tid": "thread.tid",
    "ppid": "proc.ppid",
    "uid": "user.uid",
    "gid": "group.gid",
    "comm": "proc.name",
    "exe": "proc.exepath",
    "container_id": "container.full_id",
    "fd": "fd.num",
    "fd_num": "fd.num",
    "fd_type": "fd.type",
    "fd_name": "fd.name",
    "path": "fd.path",
    "inode": "fd.ino",
    "dev": "fd.dev",
    "protocol": "fd.l4proto",
    "role": "fd.role",
    "sip": "fd.sip",
    "sport": "fd.sport",
    "dip": "fd.dip",
    "dport": "fd.dport",
}
"""The names of the JSON form, which columns go by too."""

_BY_NAME: dict[str, Field] = {name: field for field in FIELDS for name in (field.name, *field.aliases)}


def fields() -> Sequence[Field]:
    """Every field, in the order of the reference page."""
    return FIELDS


@lru_cache(maxsize=1024)
def lookup(name: str) -> Field:
    """The field called `name`, with its parameter if it has one. Raises UsageError with the nearest names."""
    if name.startswith(("evt.arg.", "args.")):
        return _argument_bind(name.removeprefix("evt.arg.").removeprefix("args."))
    base, bracket, parameter = name.partition("[")
    field = _BY_NAME.get(base)
    if field is None:
        raise UsageError(f"no field is called {base!r}; {_hint(base)}")
    if bracket:
        if field.bind is None:
            raise UsageError(f"{field.name} takes nothing in brackets")
        return field.bind(parameter.removesuffix("]").strip("\"'"))
    if field.name == "evt.arg":
        raise UsageError("evt.arg needs the name of an argument: write evt.arg.path or evt.arg[0]")
    return field


def nearest(name: str, names: Iterable[str], count: int = 3) -> list[str]:
    """Those of `names` that look most like `name`, best first."""
    return difflib.get_close_matches(name[:100], list(names), count, 0.6)


def _hint(name: str) -> str:
    if name in SHORT_NAMES:
        return f"did you mean {SHORT_NAMES[name]}?"
    found = nearest(name, _BY_NAME)
    return f"did you mean {' or '.join(found)}?" if found else "'kindling events --fields' lists them all"


__all__ = [
    "CONTAINER_ID",
    "FIELDS",
    "SHORT_NAMES",
    "Column",
    "Field",
    "FieldType",
    "Level",
    "Numbers",
    "fields",
    "lookup",
    "nearest",
]
