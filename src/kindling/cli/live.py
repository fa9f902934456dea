"""What `trace`, `record`, `replay` and `summary` share: from the options to a stream, and through to its end."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence

from kindling.catalogue.registry import Catalogue, catalogue
from kindling.cli import complain
from kindling.cli.output import CaptureSink, Sink, Target, sink_for
from kindling.cli.session import Outcome, Session, closing
from kindling.cli.signals import hold, release
from kindling.cli.values import bytes_text
from kindling.errors import KindlingError, UnknownEventError, UsageError
from kindling.probes.base import Probe
from kindling.stream.filter import Filter, explain
from kindling.stream.filter import compile as compile_filter
from kindling.stream.filter.expression import Expression, Operator, Test, both, either
from kindling.stream.selection import select
from kindling.stream.subscription import Options, Stream

COMM_LENGTH = 15
"""The kernel cuts the names of threads to so many bytes."""


def _ebpf() -> Probe:
    from kindling.probes.ebpf import EbpfProbe

    return EbpfProbe()


PROBES: dict[str, Callable[[], Probe]] = {"ebpf": _ebpf}
"""How the live probes of `options.PROBES` are made."""


def trace(arguments: Namespace) -> int:
    """`kindling trace`."""
    if arguments.explain:
        return _explain(arguments, live=True)
    sink = sink_for(arguments.output, arguments.write, bool(arguments.traced))
    stream = _open(arguments)
    return _finish(arguments, _session(arguments, stream, sink).run())


def record(arguments: Namespace) -> int:
    """`kindling record`."""
    if arguments.explain:
        return _explain(arguments, live=True)
    if arguments.output is None:
        raise UsageError("name the capture file: kindling record -o run.kindling")
    sink = CaptureSink(arguments.output)
    stream = _open(arguments)
    outcome = _session(arguments, stream, sink).run()
    name = "" if arguments.output == "-" else f"; {arguments.output}: {bytes_text(sink.bytes)}"
    return _finish(arguments, outcome, name)


def replay(arguments: Namespace) -> int:
    """`kindling replay`."""
    if arguments.explain:
        return _explain(arguments, live=False)
    stream = _open_capture(arguments, arguments.file)
    sink = sink_for(arguments.output, arguments.write, False)
    outcome = _session(arguments, stream, sink, live=False).run()
    return _finish_capture(arguments, stream, outcome)


def summary(arguments: Namespace) -> int:
    """`kindling summary`."""
    from kindling.cli.figures import SummarySink

    path = _capture_of(arguments)
    if arguments.explain:
        return _explain(arguments, live=path is None)
    target = Target(arguments.write, 2 if arguments.traced else 1)
    sink = SummarySink(target, arguments)
    if path is not None:
        if arguments.traced:
            raise UsageError("either a capture file or a command: 'kindling record -o FILE -- COMMAND' makes a capture")
        stream = _open_capture(arguments, path)
        return _finish_capture(arguments, stream, _session(arguments, stream, sink, live=False).run())
    return _finish(arguments, _session(arguments, _open(arguments), sink).run())


def _capture_of(arguments: Namespace) -> str | None:
    """The capture file that a summary is asked of; taken away from the events if it stands there."""
    if arguments.file is not None:
        return str(arguments.file)
    events: list[str] = arguments.events
    if events and events[0] not in catalogue() and (events[0] == "-" or os.path.isfile(events[0])):
        return events.pop(0)
    return None


def _session(arguments: Namespace, stream: Stream, sink: Sink, live: bool = True) -> Session:
    alone = None
    if arguments.no_children:
        alone = arguments.pids or ()
    return Session(
        stream,
        sink,
        count=arguments.count,
        recorded=None if live else arguments.duration,
        alone=alone,
        pids=arguments.pids or () if live else (),
    )


def _open(arguments: Namespace) -> Stream:
    """The live stream that is asked for."""
    patterns = _patterns(arguments)
    _check(arguments, patterns, catalogue())
    command: Sequence[str] = arguments.traced
    if command and arguments.pids:
        raise UsageError("either -p or a command, not both: a trace follows one of them")
    hold()
    try:
        stream = _stream(arguments, patterns, command)
    except BaseException:
        release()
        raise
    _tell_refusals(stream, arguments.events)
    return stream


def _stream(arguments: Namespace, patterns: Sequence[str], command: Sequence[str]) -> Stream:
    return Stream(
        PROBES[arguments.probe](),
        patterns,
        where=_filter(arguments, catalogue()),
        pids=arguments.pids,
        command=command or None,
        duration=arguments.duration,
        options=Options(
            snaplen=arguments.snaplen,
            latency=not arguments.no_latency,
            environment_limit=arguments.env,
            ring_bytes=arguments.buffer,
        ),
    )


def _open_capture(arguments: Namespace, path: str) -> Stream:
    from kindling.probes.replay import ReplayProbe

    probe = ReplayProbe(path)
    try:
        known = Catalogue(probe.definitions.values())
        events = [pattern for pattern in arguments.events if _is_held(known, pattern, path)]
        if arguments.events and not events:
            raise KindlingError(f"nothing of that is in {path}; 'kindling replay {path}' shows what is")
        excluded = [f"-{name}" for name in arguments.exclude if _is_held(known, name, None)]
        _check(arguments, [*events, *excluded], known)
        return Stream(probe, [*events, *excluded], where=_filter(arguments, known), pids=arguments.pids)
    except BaseException:
        probe.close()
        raise


def _is_held(known: Catalogue, pattern: str, path: str | None) -> bool:
    """Whether a capture holds what a pattern names; if not, it must at least exist, and `path` is told to lack it."""
    try:
        select(known, [pattern])
    except UnknownEventError:
        select(catalogue(), [pattern])
        if path is not None:
            complain(f"{path} does not hold {pattern}; it must be asked for when recording")
        return False
    return True


def _patterns(arguments: Namespace) -> list[str]:
    return [*arguments.events, *(f"-{name}" for name in arguments.exclude)]


def _check(arguments: Namespace, patterns: Sequence[str], known: Catalogue) -> None:
    """What can be found wrong before anything is started."""
    _check_events(patterns, known)
    if arguments.no_children and arguments.pids is None and not arguments.traced:
        raise UsageError("--no-children is about the processes of -p or of a command; name them")


def _check_events(patterns: Sequence[str], known: Catalogue) -> None:
    """Nothing may be left over; and a wrong name may be a command that lacks its "--"."""
    try:
        if not select(known, patterns).definitions:
            raise UsageError("nothing is left of these events; leave out less with -x")
    except UnknownEventError as error:
        import shutil

        if error.name.isdigit():
            raise UsageError(
                f"{error.name} is no event; several process ids go into one word: -p 812,{error.name}"
            ) from error
        if error.name == patterns[0] and shutil.which(error.name):
            raise UsageError(
                f"{error}; or, to trace the command {error.name}, write -- before it: -- {' '.join(patterns)}"
            ) from error
        raise


def _tell_refusals(stream: Stream, asked: Sequence[str]) -> None:
    """Events that were asked for by name and cannot be had. Of a glob's or category's only their number is told."""
    if not asked:
        return
    others: dict[str, int] = {}
    for refusal in stream.refusals:
        if refusal.event in asked:
            complain(f"{refusal.event} cannot be had: {refusal.reason}")
        else:
            others[refusal.reason] = others.get(refusal.reason, 0) + 1
    for reason, count in others.items():
        complain(f"{count} of these events cannot be had: {reason}")


def _filter(arguments: Namespace, known: Catalogue) -> Filter | None:
    """--where, --comm and --container in one."""
    parts: list[Expression] = []
    if arguments.where is not None:
        if not arguments.where.strip():
            raise UsageError("the filter is empty; leave --where out, or see 'kindling events --fields'")
        parts.append(compile_filter(arguments.where, known).expression)
    if arguments.comm:
        names = tuple(os.fsencode(name)[:COMM_LENGTH] for name in arguments.comm)
        parts.append(Test("proc.name", Operator.IN, names))
    if arguments.container:
        parts.append(_containers(arguments.container))
    return Filter(both(parts)) if parts else None


def _containers(ids: Sequence[str]) -> Expression:
    tests: list[Expression] = []
    for given in ids:
        short = given.encode()[:12]
        operator = Operator.EQ if len(short) == 12 else Operator.STARTSWITH
        tests.append(Test("container.id", operator, (short,)))
    return either(tests)


def _explain(arguments: Namespace, live: bool) -> int:
    chosen = select(catalogue(), _patterns(arguments))
    where = _filter(arguments, catalogue())
    if where is None:
        sys.stdout.write("no filter: every event that is asked for is delivered\n")
    elif live:
        sys.stdout.write(explain(where, chosen.definitions).rstrip("\n") + "\n")
    else:
        sys.stdout.write(f"filter: {where}\nhere, per batch (a capture file has no kernel): all of it\n")
    return 0


def _finish(arguments: Namespace, outcome: Outcome, extra: str = "") -> int:
    """The closing line and the exit status."""
    if outcome.failure is not None:
        if outcome.status is None:
            raise outcome.failure
        # The session has told it before it waited for the command.
        return 1
    if not arguments.quiet and not outcome.unread:
        complain(closing(outcome, extra))
    return outcome.status or 0


def _finish_capture(arguments: Namespace, stream: Stream, outcome: Outcome) -> int:
    """The same for a capture, with what is wrong with the file."""
    from kindling.probes.replay import ReplayProbe

    status = _finish(arguments, outcome)
    probe = stream.probe
    if isinstance(probe, ReplayProbe):
        for note in probe.notes:
            complain(note)
        if probe.problem is not None and not outcome.unread:
            raise KindlingError(probe.problem)
    return status
