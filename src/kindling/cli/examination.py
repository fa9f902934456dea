"""`kindling doctor` at work: asks the machine, tries the probes, and tells what is missing."""

from __future__ import annotations

import dataclasses
import json
import platform
import time
from argparse import Namespace
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata

from kindling import __version__
from kindling.catalogue.model import Definition, Source
from kindling.catalogue.registry import catalogue
from kindling.cli.output import Target
from kindling.cli.terminal import Style, wants_colour
from kindling.errors import KindlingError
from kindling.probes.base import Wanted
from kindling.probes.ebpf import EbpfProbe
from kindling.probes.facts import CAP_BPF, CAP_PERFMON, CAP_SYS_ADMIN, CAP_SYS_PTRACE, Facts, facts

_CAPABILITIES = {
    "CAP_SYS_ADMIN": CAP_SYS_ADMIN,
    "CAP_BPF": CAP_BPF,
    "CAP_PERFMON": CAP_PERFMON,
    "CAP_SYS_PTRACE": CAP_SYS_PTRACE,
}

OK, MISSING, OPTIONAL = "ok", "missing", "optional"

MOST = 8
"""So many names of events stand in one line."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing the machine has or lacks. `remedy` says what to do if it is not there."""

    name: str
    status: str
    detail: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class ProbeFinding:
    """Whether a probe works here. `tried` says that it was really started; `unavailable` maps events to reasons."""

    name: str
    works: bool
    tried: bool
    detail: str
    unavailable: Mapping[str, str]


def run(arguments: Namespace) -> int:
    """Examine this machine; exit status 1 if no live probe works."""
    target = Target(None)
    known = facts()
    definitions = catalogue().select(*arguments.events) if arguments.events else list(catalogue())
    probes = [_ebpf(known)]
    findings = [*_kernel(known), *_python()]
    if arguments.output == "json":
        target.write(json.dumps(_as_dict(known, findings, probes, definitions), ensure_ascii=False) + "\n")
    else:
        style = Style(wants_colour(target.descriptor))
        target.write(_text(style, known, findings, probes, definitions, bool(arguments.events)))
    return 0 if any(probe.works for probe in probes) else 1


def _kernel(known: Facts) -> list[Finding]:
    held = [name for name, number in _CAPABILITIES.items() if known.capable(number)]

    def found(name: str, there: bool, detail: str, remedy: str) -> Finding:
        return Finding(name, OK if there else MISSING, detail if there else "not there", "" if there else remedy)

    return [
        found("kernel types (BTF)", known.has_btf, "/sys/kernel/btf/vmlinux",
              "a kernel built with CONFIG_DEBUG_INFO_BTF=y; all newer distributions have one"),
        found("ring buffer", known.has_ring_buffer, "bpf_ringbuf_output", "Linux 5.8 or later"),
        Finding("task storage", OK if known.has_task_storage else OPTIONAL,
                "bpf_task_storage_get" if known.has_task_storage else "not there",
                "" if known.has_task_storage else "Linux 5.11 or later; without it the older programs are used"),
        Finding("bpf_rdonly_cast", OK if known.has_rdonly_cast else OPTIONAL,
                "there" if known.has_rdonly_cast else "not there",
                "" if known.has_rdonly_cast else "Linux 6.2 or later; without it the older programs are used"),
        found("libbpf", known.libbpf is not None, f"{known.libbpf}", "apt-get install libbpf1, or dnf install libbpf"),
        Finding("rights", OK if known.may_load else MISSING, ", ".join(held) or "none of those that tracing needs",
                "" if known.may_load else "root, or CAP_BPF, CAP_PERFMON and CAP_SYS_PTRACE: run it with sudo"),
        Finding("lockdown", MISSING if known.lockdown == "confidentiality" else OK, known.lockdown,
                "boot with lockdown=integrity" if known.lockdown == "confidentiality" else ""),
        Finding("tracefs", OK if known.tracefs else OPTIONAL, known.tracefs or "not mounted, or not readable",
                "" if known.tracefs else "mount -t tracefs nodev /sys/kernel/tracing; only root can read it"),
    ]  # fmt: skip


def _python() -> list[Finding]:
    found = []
    for package, purpose in (("numpy", ""), ("pyarrow", "capture files and -o arrow need it")):
        try:
            found.append(Finding(package, OK, metadata.version(package)))
        except metadata.PackageNotFoundError:
            status = OPTIONAL if purpose else MISSING
            found.append(Finding(package, status, "not installed", f"pip install {package}; {purpose}".rstrip("; ")))
    return found


def _ebpf(known: Facts) -> ProbeFinding:
    probe = EbpfProbe(known)
    every = list(catalogue())
    unavailable = {refusal.event: refusal.reason for refusal in probe.refusals(every)}
    obstacle = probe.obstacle()
    if obstacle is not None:
        return ProbeFinding("ebpf", False, False, obstacle, unavailable)
    wanted = Wanted(definitions=[d for d in every if d.name not in unavailable], ring_bytes=1 << 16)
    begun = time.monotonic()
    try:
        probe.start(wanted)
    except KindlingError as error:
        return ProbeFinding("ebpf", False, True, str(error), unavailable)
    finally:
        probe.close()
    seconds = time.monotonic() - begun
    return ProbeFinding("ebpf", True, True, f"loaded, attached and taken out again in {seconds:.2f} s", unavailable)


def _as_dict(
    known: Facts, findings: Sequence[Finding], probes: Sequence[ProbeFinding], definitions: Sequence[Definition]
) -> dict[str, object]:
    return {
        "kindling": __version__,
        "python": platform.python_version(),
        "facts": dataclasses.asdict(known),
        "findings": [dataclasses.asdict(finding) for finding in findings],
        "probes": [
            {"name": probe.name, "works": probe.works, "tried": probe.tried, "detail": probe.detail} for probe in probes
        ],
        "events": [_origin(definition, probes) for definition in definitions],
    }


def _origin(definition: Definition, probes: Sequence[ProbeFinding]) -> dict[str, object]:
    """Which probe would give an event, and if none, why."""
    if definition.source is Source.KINDLING:
        return {"event": definition.name, "probe": "all", "reason": None}
    reasons = []
    for probe in probes:
        reason = probe.unavailable.get(definition.name)
        if reason is None and probe.works:
            return {"event": definition.name, "probe": probe.name, "reason": None}
        reasons.append(reason or f"the {probe.name} probe does not work here: {probe.detail}")
    return {"event": definition.name, "probe": None, "reason": "; ".join(reasons)}


def _text(
    style: Style,
    known: Facts,
    findings: Sequence[Finding],
    probes: Sequence[ProbeFinding],
    definitions: Sequence[Definition],
    each: bool,
) -> str:
    lines = [
        f"Kindling {__version__}, Python {platform.python_version()}, Linux {known.release} on {known.machine}, "
        f"{known.possible_cpus} CPUs",
        "",
    ]
    width = max(len(finding.name) for finding in findings)
    for finding in findings:
        lines.append(_line(style, finding.status, finding.name, width, finding.detail, finding.remedy))
    lines += ["", style("bold", "probes")]
    for probe in probes:
        lines.append(_line(style, OK if probe.works else MISSING, probe.name, width, probe.detail, ""))
    lines.append(_line(style, OK, "replay", width, "capture files; needs no rights", ""))
    lines += ["", style("bold", "events"), *_events(style, probes, definitions, each)]
    return "\n".join(lines) + "\n"


def _line(style: Style, status: str, name: str, width: int, detail: str, remedy: str) -> str:
    mark = {OK: style("green", "ok "), MISSING: style("error", "NO "), OPTIONAL: style("yellow", "-  ")}[status]
    return f"  {mark} {name:{width}}  {detail}{f': {remedy}' if remedy else ''}".rstrip()


def _events(style: Style, probes: Sequence[ProbeFinding], definitions: Sequence[Definition], each: bool) -> list[str]:
    origins = [_origin(definition, probes) for definition in definitions]
    if each:
        width = max(len(str(origin["event"])) for origin in origins)
        return [
            f"  {origin['event']!s:{width}}  {origin['probe'] or style('error', 'NO') + '  ' + str(origin['reason'])}"
            for origin in origins
        ]
    lines = []
    for probe in probes:
        given = [d for d, origin in zip(definitions, origins, strict=True) if origin["probe"] == probe.name]
        kinds = {kind: [d for d in given if d.source is kind] for kind in Source}
        told = ", ".join(f"{len(ds)} of source {kind}" for kind, ds in kinds.items() if ds)
        lines.append(f"  {len(given)} of {len(definitions)} from {probe.name}{f': {told}' if told else ''}")
    own = sum(1 for definition in definitions if definition.source is Source.KINDLING)
    if own:
        lines.append(f"  {own} made by Kindling itself, whatever the probe")
    missing: dict[str, list[str]] = {}
    for origin in origins:
        if origin["probe"] is None:
            missing.setdefault(str(origin["reason"]), []).append(str(origin["event"]))
    for reason, names in missing.items():
        rest = f" and {len(names) - MOST} more" if len(names) > MOST else ""
        lines.append(f"  {len(names)} not here: {reason}")
        lines.append(f"     {', '.join(names[:MOST])}{rest}")
    return lines
