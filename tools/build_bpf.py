"""Compile the BPF objects of `bpf/` into the package: `python tools/build_bpf.py`. The build hook calls it too.

Needs clang, llvm-strip and libbpf's headers; CLANG and LLVM_STRIP in the environment name other programs.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "bpf"
OUTPUT = ROOT / "src" / "kindling" / "probes" / "bpf"


@dataclass(frozen=True, slots=True)
class Object:
    """One BPF object of the package: its source in `bpf/`, its name without machine and suffix, and its own flags."""

    source: str
    name: str
    flags: tuple[str, ...]


OBJECTS = (
    Object("kindling.bpf.c", "kindling", ("-mcpu=v3",)),
    Object("kindling.bpf.c", "kindling-old", ("-mcpu=v3", "-DKINDLING_OLD")),
)

MACHINES = {
    "x86_64": "-D__TARGET_ARCH_x86",
    "aarch64": "-D__TARGET_ARCH_arm64",
}

FLAGS = ("-target", "bpf", "-O2", "-g", "-std=gnu11", "-Wall")

INSTALL = (
    "Install what compiles them and try again:\n"
    "    Debian, Ubuntu: apt-get install clang llvm libbpf-dev\n"
    "    Fedora, RHEL:   dnf install clang llvm libbpf-devel\n"
    "A ready-made wheel needs none of these."
)


class BuildError(Exception):
    """A BPF object cannot be compiled; the message says what to do."""


def build(output: Path = OUTPUT, strict: bool = False) -> list[Path]:
    """Compile every object for every machine into `output`; the files that were made.

    `strict` makes errors of warnings: for our own machines, not for a user whose compiler is newer than ours.
    Raises BuildError if a tool or header is missing or a source does not compile.
    """
    clang, strip = _tools()
    output.mkdir(parents=True, exist_ok=True)
    made: list[Path] = []
    warnings = ("-Werror",) if strict else ()
    for item in OBJECTS:
        for machine, define in MACHINES.items():
            target = output / f"{item.name}.{machine}.bpf.o"
            # A tracer that starts meanwhile must find the old object or the new one, never half of one.
            scratch = target.with_suffix(f".{os.getpid()}")
            try:
                flags = [*FLAGS, *warnings, *item.flags, define, *_includes()]
                _run([clang, *flags, "-c", str(SOURCES / item.source), "-o", str(scratch)])
                # Debugging sections go, the types in .BTF stay: the kernel and CO-RE need them.
                _run([strip, "-g", str(scratch)])
                scratch.replace(target)
            finally:
                scratch.unlink(missing_ok=True)
            made.append(target)
    return made


def _tools() -> tuple[str, str]:
    names = {"clang": os.environ.get("CLANG", "clang"), "llvm-strip": os.environ.get("LLVM_STRIP", "llvm-strip")}
    missing = [tool for tool, name in names.items() if shutil.which(name) is None]
    if not any(header.exists() for header in _headers()):
        missing.append("libbpf's headers (bpf/bpf_helpers.h)")
    if missing:
        raise BuildError(f"Kindling's BPF objects cannot be compiled: {' and '.join(missing)} not found.\n{INSTALL}")
    return names["clang"], names["llvm-strip"]


def _headers() -> list[Path]:
    return [Path(prefix) / "bpf" / "bpf_helpers.h" for prefix in ("/usr/include", "/usr/local/include")]


def _includes() -> list[str]:
    # Debian keeps <asm/types.h> in the host's own folder, which clang does not search for the target bpf.
    multiarch = f"/usr/include/{platform.machine()}-linux-gnu"
    return ["-I", str(SOURCES), "-idirafter", "/usr/local/include", "-idirafter", multiarch]


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BuildError(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")


def main() -> int:
    """Build and list what was made; 1 on failure."""
    try:
        for path in build(strict=True):
            print(f"{path.stat().st_size:>8}  {path.relative_to(ROOT)}")
    except BuildError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
