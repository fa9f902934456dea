"""Extended attributes: set, read, listed, removed."""

from __future__ import annotations

import ctypes
import errno
import os
from pathlib import Path

from tests.conformance.harness import Expected, Watch, system


def test_extended_attributes(watch: Watch, tmp_path: Path) -> None:
    path = os.fsencode(tmp_path / "file")
    Path(tmp_path / "file").touch()
    name = b"trusted.kindling"
    value = ctypes.create_string_buffer(64)
    names = ctypes.create_string_buffer(256)

    def act() -> tuple[int, int, int]:
        fd = os.open(path, os.O_RDWR)
        result = system.setxattr(path, name, b"spark\0s", 7, 1)
        system.getxattr(path, name, value, 64)
        system.fsetxattr(fd, name, b"again", 5, 2)
        system.fgetxattr(fd, name, value, 64)
        size = system.listxattr(path, names, 256)
        system.fremovexattr(fd, name)
        system.removexattr(path, name)
        return fd, result, size

    calls = "setxattr getxattr fsetxattr fgetxattr listxattr fremovexattr removexattr".split()
    seen = watch(act, *calls)
    fd, result, size = seen.value
    if result == -errno.EOPNOTSUPP:
        watch.unavailable("the file system of temporary files has no extended attributes")
    file = {"num": fd, "type": "file", "path": path}
    listed = seen.one("listxattr").args["list"]
    assert isinstance(listed, list)
    assert name in listed
    seen.expect(
        Expected("setxattr", {"path": path, "name": name, "value": b"spark\0s", "size": 7, "flags": "XATTR_CREATE"}, 0),
        Expected("getxattr", {"path": path, "name": name, "value": b"spark\0s", "size": 64}, 7),
        Expected(
            "fsetxattr",
            {"fd": fd, "name": name, "value": b"again", "size": 5, "flags": "XATTR_REPLACE"},
            0,
            fd=file,
        ),
        Expected("fgetxattr", {"fd": fd, "name": name, "value": b"again", "size": 64}, 5, fd=file),
        Expected("listxattr", {"path": path, "list": listed, "size": 256}, size),
        Expected("fremovexattr", {"fd": fd, "name": name}, 0, fd=file),
        Expected("removexattr", {"path": path, "name": name}, -errno.ENODATA),
    )
