"""Writes initramfs archives: cpio in the format "newc" (Documentation/driver-api/early-userspace/buffer-format.rst)."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO


class Archive:
    """An archive that is being written. Files belong to root, whoever owns them here; times are left out."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._inode = 0
        self._folders: set[str] = set()

    def tree(self, source: Path, target: str) -> None:
        """Add `source`, a file or a folder with everything below it, as `target` ("host/src")."""
        if source.is_symlink():
            self.link(target, os.readlink(source))
        elif source.is_dir():
            self.folder(target)
            for entry in sorted(source.iterdir()):
                if entry.name != "__pycache__":
                    self.tree(entry, f"{target}/{entry.name}" if target else entry.name)
        elif source.is_file():
            self.file(target, source.read_bytes(), stat.S_IMODE(source.stat().st_mode))

    def folder(self, name: str) -> None:
        """Add a folder and those above it, unless they were added before."""
        parts = name.split("/") if name else []
        for depth in range(1, len(parts) + 1):
            path = "/".join(parts[:depth])
            if path not in self._folders:
                self._folders.add(path)
                self._entry(path, stat.S_IFDIR | 0o755, b"")

    def file(self, name: str, content: bytes, mode: int = 0o644) -> None:
        """Add a regular file."""
        self.folder(os.path.dirname(name))
        self._entry(name, stat.S_IFREG | mode, content)

    def link(self, name: str, target: str) -> None:
        """Add a symbolic link."""
        self.folder(os.path.dirname(name))
        self._folders.add(name)
        self._entry(name, stat.S_IFLNK | 0o777, os.fsencode(target))

    def end(self) -> None:
        """Write what marks the end. Archives may follow each other in one file."""
        self._entry("TRAILER!!!", 0, b"")

    def _entry(self, name: str, mode: int, content: bytes) -> None:
        self._inode += 1
        encoded = os.fsencode(name) + b"\0"
        numbers = (self._inode, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(encoded), 0)
        head = b"070701" + b"".join(b"%08x" % number for number in numbers) + encoded
        self._stream.write(head + bytes(-len(head) % 4))
        self._stream.write(content + bytes(-len(content) % 4))
