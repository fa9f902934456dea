"""The kernels that can be booted, and where their packages come from: Debian's archive, through an apt of our own."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

MIRROR = os.environ.get("KINDLING_DEBIAN_MIRROR", "http://deb.debian.org/debian")
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


class VmError(Exception):
    """A machine cannot be made or did not end as it should; the message says what to do or shows its console."""


@dataclass(frozen=True)
class Kernel:
    """A kernel of Debian: the name we give it, its suite, and its architecture as Debian and as the kernel name it."""

    name: str
    suite: str
    architecture: str = "amd64"

    @property
    def machine(self) -> str:
        """The machine as `uname -m` gives it."""
        return {"amd64": "x86_64", "arm64": "aarch64"}[self.architecture]


KERNELS = {
    kernel.name: kernel
    for kernel in (
        Kernel("5.10", "bullseye"),
        Kernel("6.1", "bookworm"),
        Kernel("6.12", "trixie"),
        Kernel("newest", "trixie-backports"),
        Kernel("5.10-arm64", "bullseye", "arm64"),
        Kernel("6.1-arm64", "bookworm", "arm64"),
    )
}
"""Every kernel by its name. Newer arm64 kernels are compressed in a way that QEMU reads from version 8 on only."""


def cache() -> Path:
    """Where kernels and guests are kept: KINDLING_KERNELS, or ~/.cache/kindling/kernels."""
    return Path(os.environ.get("KINDLING_KERNELS") or Path.home() / ".cache" / "kindling" / "kernels")


def image(kernel: Kernel) -> Path:
    """The kernel's image, downloaded if it is not there yet. Raises VmError if it cannot be had."""
    target = cache() / f"vmlinuz-{kernel.suite}-{kernel.architecture}"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
            found = _unpacked_image(Apt(kernel.suite, kernel.architecture), Path(scratch))
            found.replace(target)
    return target


def _unpacked_image(apt: Apt, scratch: Path) -> Path:
    # The package without a version depends on that of the kernel; from 6.19 on the image is in a further one.
    package = f"linux-image-cloud-{apt.architecture}"
    for _ in range(3):
        for deb in apt.download([package], scratch):
            subprocess.run(["dpkg-deb", "-x", deb, scratch / "root"], check=True)
        found = [path for path in sorted((scratch / "root").rglob("vmlinuz*")) if path.is_file()]
        if found:
            return found[0]
        package = next((n for n in apt.depends(package) if n.startswith(("linux-image-", "linux-binary-"))), package)
    raise VmError(f"{apt.suite}: no package holds the image of linux-image-cloud-{apt.architecture}")


class Apt:
    """An apt that knows one suite and architecture and leaves this machine's own packages alone."""

    def __init__(self, suite: str, architecture: str) -> None:
        self.suite = suite
        self.architecture = architecture
        self._home = cache() / f"apt-{suite}-{architecture}"
        for folder in ("lists/partial", "archives/partial"):
            (self._home / folder).mkdir(parents=True, exist_ok=True)
        signed = f"[signed-by={KEYRING}] " if KEYRING.exists() else ""
        (self._home / "sources.list").write_text(f"deb {signed}{MIRROR} {suite} main\n")
        (self._home / "status").touch()
        if not (self._home / "updated").exists():
            self._run("apt-get", "update", "-qq")
            (self._home / "updated").touch()

    def depends(self, package: str) -> list[str]:
        """The packages that `package` needs, directly."""
        lines = self._run("apt-cache", "depends", "--important", package).splitlines()
        return [line.split(": ")[1].strip() for line in lines if "Depends: " in line]

    def download(self, packages: Sequence[str], target: Path) -> list[Path]:
        """The files of these packages, without what they need, in `target`."""
        before = set(target.glob("*.deb"))
        self._run("apt-get", "download", "-qq", *packages, where=target)
        return sorted(set(target.glob("*.deb")) - before)

    def download_all(self, packages: Sequence[str]) -> list[Path]:
        """The files of these packages and of all that they need."""
        self._run("apt-get", "install", "-qq", "-y", "--download-only", "--no-install-recommends", *packages)
        return sorted((self._home / "archives").glob("*.deb"))

    def clean(self) -> None:
        """Forget the packages that were downloaded."""
        shutil.rmtree(self._home / "archives", ignore_errors=True)

    def _run(self, program: str, *arguments: str, where: Path | None = None) -> str:
        settings = {
            "Dir::Etc::SourceList": self._home / "sources.list",
            "Dir::Etc::SourceParts": "-",
            "Dir::Etc::Preferences": "-",
            "Dir::Etc::PreferencesParts": "-",
            "Dir::State": self._home,
            "Dir::State::Lists": self._home / "lists",
            "Dir::State::status": self._home / "status",
            "Dir::State::extended_states": self._home / "extended_states",
            "Dir::Cache": self._home,
            "Dir::Cache::Archives": self._home / "archives",
            "APT::Architecture": self.architecture,
            "APT::Architectures": self.architecture,
            "APT::Sandbox::User": "root",
            "APT::Install-Recommends": "false",
            # An old suite's index is not signed anew any more.
            "Acquire::Check-Valid-Until": "false",
            "Acquire::Languages": "none",
            "Debug::NoLocking": "true",
        }
        options = [part for name, value in settings.items() for part in ("-o", f"{name}={value}")]
        done = subprocess.run(
            [program, *options, *arguments],
            cwd=where,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            what = f"{program} {' '.join(arguments)} failed for {self.suite}, {self.architecture}"
            raise VmError(f"{what}:\n{done.stderr}")
        return done.stdout
