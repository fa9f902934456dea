"""The guest's file system: Debian's Python with NumPy, libbpf, strace and busybox as an initramfs, made once."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from tools.vm.cpio import Archive
from tools.vm.kernels import Apt, cache

SUITE = "bookworm"
PACKAGES = ("python3", "python3-numpy", "libbpf1", "libelf1", "strace", "busybox-static", "bash", "libcap2-bin")
LEFT_OUT_PACKAGES = frozenset(
    "dpkg perl-base debconf tar tzdata debianutils dash base-passwd libc-bin readline-common sed libpam-runtime passwd "
    "python3-pkg-resources python3-setuptools libapparmor1 e2fsprogs".split()
)
"""Packages that others depend on for being installed, not for running."""
LEFT_OUT_FILES = re.compile(
    r"usr/share/(doc|man|locale|info|lintian|bash-completion)/|/(test|tests|idlelib|lib2to3|ensurepip|tkinter|f2py|turtledemo)/"
    r"|/__pycache__/|/gconv/|\.(a|pyi|h)$"
)

APPLETS = (
    "sh mount umount mkdir ip hostname stty dmesg setsid reboot tar gzip base64 cat ls id uname true sleep ps kill rm "
    "cp echo env grep sed head tail insmod chmod ln dd timeout mknod su".split()
)
"""What busybox stands in for, where no package has it."""

OUT_BEGIN, OUT_END, EXIT = "==== kindling: begin of files", "==== kindling: end of files", "==== kindling: exit"

INIT = f"""#!/bin/sh
export PATH=/usr/bin:/usr/sbin:/bin HOME=/root LANG=C.UTF-8 PYTHONDONTWRITEBYTECODE=1
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev 2>/dev/null
mkdir -p /dev/pts /dev/shm /dev/mqueue
mount -t devpts devpts /dev/pts; mount -t tmpfs tmp /dev/shm; mount -t tmpfs tmp /tmp; mount -t tmpfs run /run
mount -t mqueue mqueue /dev/mqueue 2>/dev/null; mount -t cgroup2 cgroup /sys/fs/cgroup 2>/dev/null
mount -t debugfs debugfs /sys/kernel/debug 2>/dev/null; mount -t tracefs tracefs /sys/kernel/tracing 2>/dev/null
mount -t bpf bpf /sys/fs/bpf 2>/dev/null
ip link set lo up; hostname guest; stty raw -echo; dmesg -n 1
mkdir /tmp/out; cd /host
setsid sh /command < /dev/null 2>&1
status=$?
echo; echo "{OUT_BEGIN}"; tar -C /tmp/out -cz . | base64; echo "{OUT_END}"
echo "{EXIT} $status"
reboot -f
"""


def image(architecture: str) -> Path:
    """The initramfs for an architecture (Debian's name), made if it is not there yet."""
    recipe = hashlib.sha256(repr((SUITE, PACKAGES, sorted(LEFT_OUT_PACKAGES), LEFT_OUT_FILES.pattern, INIT)).encode())
    target = cache() / f"guest-{architecture}-{recipe.hexdigest()[:12]}.cpio"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
            made = Path(scratch) / "guest.cpio"
            root = Path(scratch) / "root"
            _unpack(architecture, root)
            with made.open("wb") as stream:
                archive = Archive(stream)
                archive.tree(root, "")
                archive.end()
            made.replace(target)
    return target


def _unpack(architecture: str, root: Path) -> None:
    for folder in ("bin", "sbin", "lib", "lib64"):
        (root / "usr" / folder).mkdir(parents=True)
        (root / folder).symlink_to(f"usr/{folder}")
    for folder in ("proc", "sys", "dev", "tmp", "run", "etc", "root", "host"):
        (root / folder).mkdir()
    apt = Apt(SUITE, architecture)
    for deb in apt.download_all(PACKAGES):
        if deb.name.split("_")[0] not in LEFT_OUT_PACKAGES:
            _unpack_package(deb, root)
    apt.clean()
    _complete(root)


def _unpack_package(deb: Path, root: Path) -> None:
    with (
        subprocess.Popen(["dpkg-deb", "--fsys-tarfile", deb], stdout=subprocess.PIPE) as reader,
        tarfile.open(fileobj=reader.stdout, mode="r|") as content,
    ):
        for member in content:
            name = os.path.normpath(member.name)
            if LEFT_OUT_FILES.search(name):
                continue
            # Packages put files into /lib, which is a link to /usr/lib on every system that runs.
            first = name.split("/")[0]
            if first in ("bin", "sbin", "lib", "lib64"):
                name = f"usr/{name}"
            path = root / name
            if member.isdir():
                path.mkdir(parents=True, exist_ok=True)
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
            if member.issym():
                path.symlink_to(member.linkname)
            elif member.islnk():
                shutil.copy2(root / os.path.normpath(member.linkname), path)
            elif member.isfile():
                extracted = content.extractfile(member)
                assert extracted is not None
                path.write_bytes(extracted.read())
                path.chmod(member.mode)


def _complete(root: Path) -> None:
    """What the packages' scripts would have done, and what init needs."""
    for library in (*root.glob("usr/lib/*/blas/*.so.3"), *root.glob("usr/lib/*/lapack/*.so.3")):
        (library.parent.parent / library.name).symlink_to(f"{library.parent.name}/{library.name}")
    for applet in APPLETS:
        path = root / "usr" / "bin" / applet
        if not path.is_symlink() and not path.exists():
            path.symlink_to("busybox")
    (root / "etc" / "passwd").write_text("root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n")
    (root / "etc" / "group").write_text("root:x:0:\nnogroup:x:65534:\n")
    (root / "etc" / "hosts").write_text("127.0.0.1 localhost guest\n")
    (root / "init").write_text(INIT)
    (root / "init").chmod(0o755)
