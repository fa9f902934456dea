"""One run of a virtual machine: a kernel, files put into it, a command, and the files that the command left."""

from __future__ import annotations

import base64
import io
import os
import platform
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.vm import guest, kernels
from tools.vm.cpio import Archive
from tools.vm.kernels import Kernel, VmError

PARAMETERS = (
    "panic=-1 quiet loglevel=1 rootfstype=ramfs mitigations=off nokaslr random.trust_cpu=on no_timer_check tsc=reliable"
)
EMULATORS = {
    "amd64": ("qemu-system-x86_64", ("-M", "pc", "-cpu", "max"), "ttyS0"),
    # Newer processors check pointers by a cipher, which is slow where it is emulated.
    "arm64": ("qemu-system-aarch64", ("-M", "virt", "-cpu", "cortex-a72"), "ttyAMA0"),
}


@dataclass(frozen=True)
class Outcome:
    """How a command in a machine ended: its status, all that was on the console, and the files it left in /tmp/out."""

    status: int
    console: str
    files: Mapping[str, bytes]


def obstacle(kernel: Kernel) -> str | None:
    """Why this kernel cannot be booted here, with what to do about it; None if it should work."""
    emulator = EMULATORS[kernel.architecture][0]
    package = "qemu-system-x86" if kernel.architecture == "amd64" else "qemu-system-arm"
    if shutil.which(emulator) is None:
        return f"{emulator} is missing: apt-get install {package}"
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        return "kernels come from Debian's archive, by apt-get and dpkg-deb, which are not here"
    return None


@dataclass(frozen=True)
class Machine:
    """A virtual machine, in software emulation; with KINDLING_KVM=1 by KVM, faster where that works."""

    kernel: Kernel
    cpus: int = 2
    megabytes: int = 2048
    seconds: float = 900

    def run(self, command: str, files: Mapping[str, Path | bytes] | None = None) -> Outcome:
        """Boot, run `command` by a shell in /host, which holds `files` (name there: what is here), and end.

        Raises VmError if the machine does not come to the command's end within `seconds`.
        """
        problem = obstacle(self.kernel)
        if problem:
            raise VmError(f"{self.kernel.name} cannot be booted: {problem}")
        image, base = kernels.image(self.kernel), guest.image(self.kernel.architecture)
        with tempfile.TemporaryDirectory() as scratch:
            initramfs, console = Path(scratch) / "initramfs", Path(scratch) / "console"
            with initramfs.open("wb") as stream:
                with base.open("rb") as beginning:
                    shutil.copyfileobj(beginning, stream)
                archive = Archive(stream)
                archive.file("command", command.encode() + b"\n")
                for name, content in (files or {}).items():
                    if isinstance(content, bytes):
                        archive.file(f"host/{name}", content)
                    else:
                        archive.tree(content, f"host/{name}")
                archive.end()
            self._boot(image, initramfs, console)
            return _outcome(self.kernel, console.read_text(errors="replace"))

    def _boot(self, image: Path, initramfs: Path, console: Path) -> None:
        emulator, options, terminal = EMULATORS[self.kernel.architecture]
        accelerators = ["-accel", "tcg,thread=multi"]
        if os.environ.get("KINDLING_KVM") == "1" and platform.machine() == self.kernel.machine:
            accelerators = ["-accel", "kvm", *accelerators]
        parameters = f"console={terminal} {PARAMETERS}"
        machine = ["-smp", str(self.cpus), "-m", str(self.megabytes), "-kernel", str(image), "-initrd", str(initramfs)]
        quiet = ["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-serial", f"file:{console}"]
        try:
            subprocess.run(
                [emulator, *options, *accelerators, *machine, "-append", parameters, *quiet],
                timeout=self.seconds,
                check=True,
                capture_output=True,
            )
        except subprocess.TimeoutExpired:
            text = console.read_text(errors="replace")
            raise VmError(f"{self.kernel.name} took more than {self.seconds} s; its console:\n{text[-6000:]}") from None
        except subprocess.CalledProcessError as error:
            raise VmError(f"{emulator} failed:\n{error.stderr.decode(errors='replace')}") from None


def _outcome(kernel: Kernel, text: str) -> Outcome:
    console, found, rest = text.replace("\r\n", "\n").partition(guest.OUT_BEGIN)
    packed, ended, rest = rest.partition(guest.OUT_END)
    status = rest.partition(guest.EXIT)[2].split()
    if not found or not ended or not status:
        raise VmError(f"{kernel.name} did not come to its end; the end of its console:\n{text[-6000:]}")
    with tarfile.open(fileobj=io.BytesIO(base64.b64decode(packed)), mode="r:gz") as archive:
        members = [member for member in archive.getmembers() if member.isfile()]
        contents = {os.path.normpath(member.name): archive.extractfile(member) for member in members}
        files = {name: content.read() for name, content in contents.items() if content is not None}
    return Outcome(int(status[0]), console, files)
