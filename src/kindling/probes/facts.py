"""What this machine can do, asked once as questions with names. Nothing is inferred from a version number."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from functools import cache
from pathlib import Path

TRACEFS = (Path("/sys/kernel/tracing"), Path("/sys/kernel/debug/tracing"))
BTF = Path("/sys/kernel/btf/vmlinux")

CAP_SYS_ADMIN, CAP_PERFMON, CAP_BPF, CAP_SYS_PTRACE = 21, 38, 39, 19


@dataclass(frozen=True, slots=True)
class Facts:
    """Answers about the running kernel and this process's rights."""

    machine: str
    release: str
    possible_cpus: int
    has_btf: bool
    has_bpf: bool
    has_ring_buffer: bool
    has_task_storage: bool
    has_rdonly_cast: bool
    lockdown: str
    capabilities: int
    tracefs: str | None
    libbpf: str | None

    def capable(self, capability: int) -> bool:
        """Whether this process has a capability."""
        return bool(self.capabilities >> capability & 1)

    @property
    def may_load(self) -> bool:
        """Whether this process may load tracing programs."""
        if self.capable(CAP_SYS_ADMIN):
            return True
        return self.capable(CAP_BPF) and self.capable(CAP_PERFMON)


def machine() -> str:
    """The machine's name as the catalogue spells it."""
    name = platform.machine()
    return {"amd64": "x86_64", "arm64": "aarch64"}.get(name, name)


def possible_cpus() -> int:
    """How many CPUs the kernel may ever bring up: one more than the highest number."""
    text = Path("/sys/devices/system/cpu/possible").read_text().strip()
    return int(text.replace(",", "-").split("-")[-1]) + 1


def _capabilities() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapEff:"):
            return int(line.split()[1], 16)
    return 0


def _lockdown() -> str:
    try:
        text = Path("/sys/kernel/security/lockdown").read_text()
    except OSError:
        return "none"
    return text.partition("[")[2].partition("]")[0] or "none"


@cache
def facts() -> Facts:
    """The facts of this machine, gathered once. Needs no rights; what needs them is tried when a probe starts."""
    from kindling.errors import LibraryError
    from kindling.probes import _libbpf

    try:
        _libbpf.library()
        libbpf: str | None = _libbpf.version()
    except LibraryError:
        libbpf = None
    has_btf = BTF.exists()
    known = _libbpf.kernel_functions() if has_btf and libbpf else frozenset()
    tracefs = next((str(path) for path in TRACEFS if os.access(path / "events", os.R_OK)), None)
    return Facts(
        machine=machine(),
        release=platform.release(),
        possible_cpus=possible_cpus(),
        has_btf=has_btf,
        has_bpf=has_btf or Path("/proc/sys/kernel/unprivileged_bpf_disabled").exists(),
        has_ring_buffer="bpf_ringbuf_output" in known,
        has_task_storage="bpf_task_storage_get" in known or "bpf_task_storage_get_recur" in known,
        has_rdonly_cast="bpf_rdonly_cast" in known,
        lockdown=_lockdown(),
        capabilities=_capabilities(),
        tracefs=tracefs,
        libbpf=libbpf,
    )
