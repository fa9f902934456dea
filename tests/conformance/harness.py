"""What the conformance tests are made of: an actor that makes known system calls, and the events that came of them.

An action runs in a process of its own, between two marker calls. The probe follows that process alone, so everything
between the markers is the action's doing and must be expected, event by event and field by field.
"""

from __future__ import annotations

import ctypes
import errno
import os
import pickle
import platform
import signal
import time
import traceback
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, NoReturn, TypeVar, cast

import pytest

from kindling.catalogue.model import Definition, Source
from kindling.catalogue.registry import catalogue
from kindling.enrich.objects import Objects
from kindling.probes.base import Loss, Probe, RawBatch, Slots, Wanted
from kindling.probes.plan import LOST_SLOT
from kindling.stream.batch import Batch
from kindling.stream.event import Event

T = TypeVar("T")

MACHINE = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine(), platform.machine())
COMM = b"conformance act"
"""Name of the actor's first thread; with a space in it, as names may have."""

MARKER = "getsid"
BEGIN, END = 1_999_999_973, 1_999_999_943
"""Process ids that cannot exist (they are above PID_MAX_LIMIT): getsid of them fails and does nothing."""

PATIENCE = 60.0
"""Seconds after which an actor is given up. Emulated machines are slow."""

NO_RETURN = frozenset({"exit", "exit_group", "rt_sigreturn"})


class System:
    """System calls by name, past the C library: `system.openat(-100, b"/etc", 0)` gives the result or -errno.

    Numbers are passed as they are, bytes and ctypes objects by address, None as NULL.
    """

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._libc.syscall.restype = ctypes.c_long
        self._numbers = {d.name: d.numbers[MACHINE] for d in catalogue() if MACHINE in d.numbers}

    def __getattr__(self, name: str) -> Callable[..., int]:
        number = self._numbers[name]

        def call(*arguments: object) -> int:
            ctypes.set_errno(0)
            result: int = self._libc.syscall(ctypes.c_long(number), *map(_register, arguments))
            return -ctypes.get_errno() if result == -1 and ctypes.get_errno() else result

        return call

    def has(self, name: str) -> bool:
        """Whether this machine and the running kernel have the call. Those as old as Linux 3.10 are not tried."""
        if name not in self._numbers:
            return False
        return not catalogue().get(name).since or getattr(self, name)(*[-1] * 6) != -errno.ENOSYS


def _register(value: object) -> object:
    if value is None:
        return ctypes.c_void_p(None)
    if isinstance(value, int):
        return ctypes.c_long(value if value < 1 << 63 else value - (1 << 64))
    if isinstance(value, bytes):
        return ctypes.c_char_p(value)
    if isinstance(value, (ctypes.Array, ctypes.Structure, ctypes.c_int, ctypes.c_uint, ctypes.c_ulong, ctypes.c_long)):
        return ctypes.byref(value)
    raise TypeError(f"{value!r} cannot be passed to a system call")


system = System()


def address_of(value: ctypes.Array[ctypes.c_char] | ctypes.Structure | ctypes.c_int) -> str:
    """The address of a ctypes object as events show addresses."""
    return f"{ctypes.addressof(value):#x}"


class Anything:
    """Equal to every value: for what a test cannot know (an address the kernel chose)."""

    def __eq__(self, other: object) -> bool:
        return True

    def __ne__(self, other: object) -> bool:
        return False

    def __hash__(self) -> int:
        return 0

    def __repr__(self) -> str:
        return "<anything>"


ANY = Anything()


class Having(dict[str, object]):
    """Equal to a structure that has at least these members with these values."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Mapping) and all(
            name in other and value == other[name] for name, value in self.items()
        )

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __repr__(self) -> str:
        return f"Having({super().__repr__()})"


@dataclass(frozen=True)
class Expected:
    """One event as it must come. `args` are all arguments, `fd` the members of the descriptor that matter.

    `ret` is the raw result; a failure's `error` follows from it. `pid`, `tid`, `comm` are the actor's unless given.
    """

    name: str
    args: Mapping[str, object]
    ret: object = None
    fd: Mapping[str, object] | None = None
    category: str | None = None
    quality: Sequence[str] = ()
    pid: int | None = None
    tid: int | None = None
    comm: bytes | None = None
    has_latency: bool | None = None


@dataclass(frozen=True)
class Seen(Generic[T]):
    """What a probe saw of an action: its events in order, and the value the action returned (`value`)."""

    pid: int
    value: T
    events: list[Event]

    def of(self, *names: str, pid: int | None = None, tid: int | None = None) -> list[Event]:
        """The events of these names (all, if none is given), of a process or thread."""
        return [
            event
            for event in self.events
            if (not names or event.name in names)
            and (pid is None or event.pid == pid)
            and (tid is None or event.tid == tid)
        ]

    def one(self, name: str, **args: object) -> Event:
        """The only event of this name, with these arguments."""
        found = [e for e in self.of(name) if all(e.args.get(key) == value for key, value in args.items())]
        assert len(found) == 1, f"expected one {name} with {args}, got {len(found)}:\n{self}"
        return found[0]

    def only(self, keep: Callable[[Event], bool]) -> Seen[T]:
        """The same without the events that `keep` refuses: those of the interpreter, where it makes the same calls."""
        return Seen(self.pid, self.value, [event for event in self.events if keep(event)])

    def expect(self, *expected: Expected) -> None:
        """Fail unless the events are exactly these, in this order."""
        names = [event.name for event in self.events]
        assert names == [one.name for one in expected], f"wrong events:\n{self}"
        problems: list[str] = []
        for number, (event, one) in enumerate(zip(self.events, expected, strict=True)):
            for problem in differences(event, one, self):
                problems.append(f"event {number}, {event}\n    {problem}")
        assert not problems, "\n".join(problems)
        self._in_order()

    def _in_order(self) -> None:
        last: dict[int, int] = {}
        for event in self.events:
            assert event.timestamp >= last.get(event.tid, 0), f"out of order: {event}"
            last[event.tid] = event.timestamp

    def __str__(self) -> str:
        return "\n".join(f"    {event.pid}/{event.tid} {event}" for event in self.events) or "    no events"


def differences(event: Event, expected: Expected, seen: Seen[T]) -> Iterable[str]:
    """Everything in which an event is not what it should be, one line each."""

    def differ(what: str, got: object, want: object) -> Iterable[str]:
        if want != got:
            yield f"{what} is {got!r}, not {want!r}"

    definition = event.definition
    args: dict[str, object] = dict(event.args)
    yield from differ("names of arguments", list(args), list(expected.args))
    for name, value in expected.args.items():
        if name in args:
            yield from differ(f"args.{name}", args[name], value)
    yield from differ("ret", event.ret, expected.ret)
    yield from differ("error", event.error, error_name(expected.ret) if definition.result is not None else None)
    if expected.fd is None:
        yield from differ("fd", event.fd, None)
    elif event.fd is None:
        yield "fd is missing"
    else:
        shown: dict[str, object] = dict(event.fd.to_dict())
        for name, value in expected.fd.items():
            yield from differ(f"fd.{name}", shown.get(name), value)
    if expected.category is not None:
        yield from differ("category", event.category, expected.category)
    yield from differ("quality", sorted(event.quality), sorted(expected.quality))
    pid = expected.pid or seen.pid
    yield from differ("pid", event.pid, pid)
    yield from differ("tid", event.tid, expected.tid or pid)
    yield from differ("thread.pid", event.thread.pid, pid)
    yield from differ("thread.tid", event.thread.tid, expected.tid or pid)
    yield from differ("thread.comm", event.thread.comm, expected.comm or COMM)
    has_latency = expected.has_latency
    if has_latency is None:
        has_latency = definition.source is Source.SYSCALL and definition.name not in NO_RETURN
    yield from differ("latency is present", event.latency is not None, has_latency)


def error_name(ret: object) -> str | None:
    """The name of a raw result's error as the kernel's headers have it; None if the call did not fail."""
    if not isinstance(ret, int) or not -4096 < ret < 0:
        return None
    # Where a number has two names, Python may know it by the other one.
    return {errno.EOPNOTSUPP: "EOPNOTSUPP", errno.EDEADLK: "EDEADLK"}.get(-ret, errno.errorcode[-ret])


class Watch:
    """Runs actions under a probe: `watch(action, "openat", "close")` gives what the probe saw of them."""

    def __init__(self, make: Callable[[], Probe], restart: bool = False) -> None:
        self._make = make
        self._restart = restart
        self._probe: Probe | None = None
        self._objects = Objects()
        self._definitions: dict[int, Definition] = {LOST_SLOT: catalogue().get("lost")}

    @property
    def probe(self) -> Probe:
        """The probe, started or not."""
        if self._probe is None:
            self._probe = self._make()
        return self._probe

    def new_probe(self) -> Probe:
        """Another probe of the same kind, for a test that needs its own; the test closes it."""
        return self._make()

    def needs(self, *names: str) -> None:
        """Skip the test if the kernel does not have these calls, or the probe says that it cannot give these events."""
        for name in names:
            definition = catalogue().get(name)
            if definition.source is Source.SYSCALL and not system.has(name):
                since = f", which came with Linux {definition.since}" if definition.since else ""
                where = f"Linux {platform.release()}" if MACHINE in definition.numbers else MACHINE
                pytest.skip(f"no call: {where} has no {name}{since}")
        for refusal in self.probe.refusals([catalogue().get(name) for name in names]):
            pytest.skip(f"refused: {refusal.event}: {refusal.reason}")

    def degraded(self, reason: str) -> NoReturn:
        """End the test: the probe gives less here than it should, and says so itself, which is why it is no failure."""
        pytest.skip(f"degraded: {reason}")

    def unavailable(self, reason: str) -> NoReturn:
        """Skip the test because this machine lacks something that has nothing to do with the probe."""
        pytest.skip(f"machine: {reason}")

    def __call__(
        self,
        act: Callable[[], T],
        *names: str,
        snaplen: int = 0,
        arguments_limit: int = 4096,
        environment_limit: int = 0,
        unknown: bool = False,
    ) -> Seen[T]:
        """Run `act` in a process of its own and give the events `names` of it and its descendants.

        The test is skipped if the kernel does not have one of the calls, unless `unknown` ones are welcome. What `act`
        returns must be picklable. Fails if `act` raised something or if the probe lost an event.
        """
        if not unknown:
            self.needs(*names)
        actor = Actor(act)
        try:
            wanted = Wanted(
                definitions=list({d.name: d for d in (*catalogue().select(*names), catalogue().get(MARKER))}.values()),
                follow=(actor.pid,),
                snaplen=snaplen,
                arguments_limit=arguments_limit,
                environment_limit=environment_limit,
            )
            self._definitions.update(self._start(wanted).definitions)
            actor.begin()
            events = self._collect(actor)
            value = actor.end()
        finally:
            actor.close()
            if self._restart:
                self.close()
        return Seen(actor.pid, cast(T, value), events)

    def _start(self, wanted: Wanted) -> Slots:
        if self._probe is not None and hasattr(self, "_started"):
            return self._probe.change(wanted)
        slots = self.probe.start(wanted)
        self._started = True
        return slots

    def _collect(self, actor: Actor) -> list[Event]:
        events: list[Event] = []
        losses: list[Loss] = []
        deadline = time.monotonic() + PATIENCE
        end: Event | None = None
        while end is None:
            raw = self.probe.next_batch(0.2)
            assert raw is not None, "the probe ended by itself"
            losses += raw.losses
            fresh = self.events_of(raw)
            events += fresh
            end = next((event for event in fresh if _is_marker(event, END, actor.pid)), None)
            if end is None and time.monotonic() > deadline:
                raise AssertionError(
                    f"the action's end was not seen within {PATIENCE} s; it {actor.state()}; seen so far:\n"
                    + "\n".join(f"    {event}" for event in events[-40:])
                )
        # What other CPUs did before the end may come in a batch of its own.
        while (raw := self.probe.next_batch(0.05)) is not None and len(raw.records):
            losses += raw.losses
            events += self.events_of(raw)
        assert not losses, f"the probe lost events: {losses}"
        begin = next((event for event in events if _is_marker(event, BEGIN, actor.pid)), None)
        assert begin is not None, "the action's begin was not seen"
        events.sort(key=lambda event: event.timestamp)
        return [
            event
            for event in events
            if begin.timestamp <= event.timestamp <= end.timestamp
            and not _is_marker(event, BEGIN, actor.pid)
            and not _is_marker(event, END, actor.pid)
        ]

    def events_of(self, raw: RawBatch) -> list[Event]:
        """The events of a probe's batch."""
        self._objects.add(raw.threads, raw.descriptors)
        return list(Batch(raw.records, raw.data, self._definitions, self._objects, raw.clock_offset, MACHINE))

    def close(self) -> None:
        """Close the probe."""
        if self._probe is not None:
            self._probe.close()
            self._probe = None
            del self.__dict__["_started"]


def _is_marker(event: Event, which: int, pid: int) -> bool:
    return event.name == MARKER and event.pid == pid and event.args.get("pid") == which


class Actor:
    """A process that waits for `begin`, runs an action between two markers and hands its value over."""

    def __init__(self, act: Callable[[], object]) -> None:
        gate, self._gate = os.pipe()
        self._value, value = os.pipe()
        with warnings.catch_warnings():
            # Libraries may keep threads that do nothing; the action does not use those libraries.
            warnings.simplefilter("ignore", DeprecationWarning)
            self.pid = os.fork()
        if self.pid == 0:
            self._play(act, gate, value)
        os.close(gate)
        os.close(value)
        self._status: int | None = None

    def _play(self, act: Callable[[], object], gate: int, value: int) -> NoReturn:
        status = 1
        try:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            system.prctl(15, COMM)
            os.close(self._gate)
            os.close(self._value)
            if os.read(gate, 1) != b"x":
                os._exit(2)
            os.close(gate)
            system.getsid(BEGIN)
            try:
                outcome: tuple[object, str] = act(), ""
            except BaseException:
                outcome = None, traceback.format_exc()
            system.getsid(END)
            with os.fdopen(value, "wb") as stream:
                pickle.dump(outcome, stream)
            status = 0
        finally:
            os._exit(status)

    def begin(self) -> None:
        """Let it act."""
        os.write(self._gate, b"x")

    def end(self) -> object:
        """The action's value. Fails with the action's own traceback if it raised something."""
        with os.fdopen(os.dup(self._value), "rb") as stream:
            value, problem = pickle.load(stream)
        assert not problem, f"the action failed:\n{problem}"
        found: object = value
        return found

    def state(self) -> str:
        """What became of it, as the end of a sentence."""
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        if not pid:
            return "still runs"
        self._status = status
        return f"ended with {os.waitstatus_to_exitcode(status)}"

    def close(self) -> None:
        """Make sure that it is gone."""
        os.close(self._gate)
        os.close(self._value)
        if self._status is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
