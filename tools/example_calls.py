"""Makes nearly every system call once, harmlessly, for `tools/examples.py` to watch.

What could leave a trace behind runs in a child, in namespaces of its own, or on files below one folder that is removed
at the end. Before each call stands another one that says which comes next (`announce`), so that the watcher can tell
the calls meant from those that the interpreter makes.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import platform
import shutil
import signal
import socket
import struct
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "src"))

from kindling.catalogue.numbers import NUMBERS  # noqa: E402

FOLDER = Path("/tmp/example")
ANNOUNCE = 0x7E00_0000
"""Added to a system call's number: process ids are never that large, so that getpgid of it does nothing."""

AT_FDCWD = -100
PAGE = 4096
MACHINE = platform.machine()

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long

Argument = int | bytes | None | Any
"""A register: a number, bytes or a ctypes object to point to, or NULL."""


def _register(argument: Argument) -> ctypes.c_void_p | ctypes.c_long | ctypes.c_char_p:
    if argument is None:
        return ctypes.c_long(0)
    if isinstance(argument, int):
        return ctypes.c_long(argument)
    if isinstance(argument, bytes):
        return ctypes.c_char_p(argument)
    return ctypes.c_void_p(ctypes.addressof(argument))


def number_of(name: str) -> int | None:
    """The number of a system call here; None where this machine does not have it."""
    return NUMBERS[name].get(MACHINE)


def announce(name: str) -> None:
    """Say that the next call of this name, by this thread, is the one to show."""
    number = number_of(name)
    if number is not None:
        _libc.syscall(ctypes.c_long(NUMBERS["getpgid"][MACHINE]), ctypes.c_long(ANNOUNCE + number))


def call(name: str, *arguments: Argument) -> int:
    """The result of a system call, a negative errno if it failed or this machine does not have it."""
    number = number_of(name)
    if number is None:
        return -38
    announce(name)
    result = _libc.syscall(ctypes.c_long(number), *map(_register, arguments))
    return -ctypes.get_errno() if result == -1 else int(result)


def room(size: int) -> ctypes.Array[ctypes.c_char]:
    """Memory that a call may write to."""
    return ctypes.create_string_buffer(size)


def packed(layout: str, *values: int) -> ctypes.Array[ctypes.c_char]:
    """A structure in memory."""
    data = struct.pack("<" + layout, *values)
    return ctypes.create_string_buffer(data, len(data))


def address(of: Any) -> int:
    """Where a ctypes object stands."""
    return ctypes.addressof(of)


def vector(*buffers: Any) -> ctypes.Array[ctypes.c_char]:
    """An array of struct iovec."""
    parts = [part for buffer in buffers for part in (address(buffer), len(buffer))]
    return packed(f"{len(parts)}Q", *parts)


def strings(*texts: bytes) -> ctypes.Array[ctypes.c_char_p]:
    """An array of strings with NULL at its end, as execve takes it."""
    return (ctypes.c_char_p * (len(texts) + 1))(*texts, None)


def in_child(work: Callable[[], object]) -> None:
    """Do it in a child process, and wait for its end."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except Exception:
            traceback.print_exc()
        finally:
            os._exit(0)
    os.waitpid(child, 0)


def forking(name: str, *arguments: Argument) -> None:
    """A call that returns in a child too, which ends at once."""
    child = call(name, *arguments)
    if child == 0:
        _libc.syscall(ctypes.c_long(NUMBERS["exit_group"][MACHINE]), ctypes.c_long(0))
    if child > 0:
        os.waitpid(child, 0)


def files() -> None:
    """Reading, writing and descriptors."""
    text = ctypes.create_string_buffer(b"Hello, world\n", 13)
    fd = call("openat", AT_FDCWD, b"notes.txt", os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o644)
    call("write", fd, b"Hello, world\n", 13)
    call("pwrite64", fd, b"Hello again!\n", 13, 13)
    call("writev", fd, vector(text, text), 2)
    call("pwritev", fd, vector(text), 1, 26, 0)
    call("pwritev2", fd, vector(text), 1, 39, 0, 2)
    call("lseek", fd, 0, os.SEEK_SET)
    got = room(32)
    call("read", fd, got, 32)
    call("pread64", fd, got, 13, 0)
    call("lseek", fd, 0, os.SEEK_SET)
    call("readv", fd, vector(got), 1)
    call("preadv", fd, vector(got), 1, 0, 0)
    call("preadv2", fd, vector(got), 1, 0, 0, 0)
    copy = call("creat", b"copy.txt", 0o600)
    if copy < 0:
        copy = os.open("copy.txt", os.O_WRONLY | os.O_CREAT, 0o600)
    call("sendfile", copy, fd, packed("q", 0), 13)
    call("copy_file_range", fd, packed("q", 0), copy, None, 13, 0)
    ends = room(8)
    call("pipe", ends)
    call("pipe2", ends, os.O_CLOEXEC)
    out, into = struct.unpack("<ii", ends.raw)
    other_out, other_into = os.pipe()
    call("splice", fd, packed("q", 0), into, None, 13, 0)
    call("tee", out, other_into, 13, 0)
    call("vmsplice", into, vector(text), 1, 0)
    call("ioctl", out, 0x541B, packed("i", 0))
    call("open", b"notes.txt", os.O_RDONLY)
    call("openat2", AT_FDCWD, b"notes.txt", packed("QQQ", os.O_RDONLY | os.O_CLOEXEC, 0, 0x08), 24)
    duplicate = call("dup", fd)
    call("dup2", fd, duplicate)
    call("dup3", fd, duplicate, os.O_CLOEXEC)
    call("close", duplicate)
    call("close_range", 200, 210, 0)
    call("fcntl", fd, 3, 0)
    call("flock", fd, 2)
    call("truncate", b"copy.txt", 5)
    call("ftruncate", fd, 26)
    call("fallocate", fd, 1, 0, 65536)
    call("fadvise64", fd, 0, 0, 2)
    call("readahead", fd, 0, PAGE)
    call("fsync", fd)
    call("fdatasync", fd)
    call("sync_file_range", fd, 0, PAGE, 2)
    call("sync")
    call("syncfs", fd)
    call("cachestat", fd, packed("QQ", 0, PAGE), room(40), 0)
    call("fstat", fd, room(144))
    call("fstatfs", fd, room(120))
    call("fchmod", fd, 0o640)
    call("fchown", fd, 0, 0)
    handle = ctypes.create_string_buffer(struct.pack("<Ii", 128, 0), 136)
    call("name_to_handle_at", AT_FDCWD, b"notes.txt", handle, packed("i", 0), 0)
    call("open_by_handle_at", os.open(".", os.O_RDONLY), handle, os.O_RDONLY)
    for end in (out, into, other_out, other_into, fd, copy):
        os.close(end)


def names() -> None:
    """Paths, directories, links, modes, owners, times and extended attributes."""
    call("access", b"notes.txt", os.R_OK)
    call("faccessat", AT_FDCWD, b"missing.txt", os.F_OK)
    call("faccessat2", AT_FDCWD, b"notes.txt", os.W_OK, 0x200)
    call("stat", b"notes.txt", room(144))
    call("lstat", b"notes.txt", room(144))
    call("newfstatat", AT_FDCWD, b"notes.txt", room(144), 0)
    call("statx", AT_FDCWD, b"notes.txt", 0, 0xFFF, room(256))
    call("statfs", b"/tmp", room(120))
    call("ustat", os.stat(".").st_dev, room(32))
    call("sysfs", 3, 0, 0)
    call("chmod", b"notes.txt", 0o644)
    call("fchmodat", AT_FDCWD, b"notes.txt", 0o600)
    call("fchmodat2", AT_FDCWD, b"notes.txt", 0o644, 0x100)
    call("chown", b"notes.txt", 0, 0)
    call("lchown", b"notes.txt", 0, 0)
    call("fchownat", AT_FDCWD, b"notes.txt", 0, 0, 0)
    call("umask", 0o022)
    call("utime", b"notes.txt", packed("qq", 1_700_000_000, 1_700_000_000))
    call("utimes", b"notes.txt", packed("qqqq", 1_700_000_000, 0, 1_700_000_000, 500_000))
    call("futimesat", AT_FDCWD, b"notes.txt", packed("qqqq", 1_700_000_000, 0, 1_700_000_000, 500_000))
    call("utimensat", AT_FDCWD, b"notes.txt", packed("qqqq", 0, 0x3FFFFFFE, 0, 0x3FFFFFFF), 0)
    here = os.open(".", os.O_RDONLY | os.O_DIRECTORY)
    call("getdents64", here, room(1024), 1024)
    os.lseek(here, 0, os.SEEK_SET)
    call("getdents", here, room(1024), 1024)
    call("getcwd", room(PAGE), PAGE)
    call("mkdir", b"letters", 0o755)
    call("mkdirat", here, b"drafts", 0o755)
    call("chdir", b"letters")
    call("fchdir", here)
    call("rmdir", b"letters")
    call("mknod", b"queue", 0o010600, 0)
    call("mknodat", AT_FDCWD, b"null", 0o020600, 1 << 8 | 3)
    call("rename", b"queue", b"queue.old")
    call("renameat", AT_FDCWD, b"queue.old", here, b"queue")
    call("renameat2", AT_FDCWD, b"queue", AT_FDCWD, b"queue.new", 1)
    call("link", b"notes.txt", b"same.txt")
    call("linkat", AT_FDCWD, b"notes.txt", here, b"drafts/same.txt", 0)
    call("symlink", b"notes.txt", b"latest")
    call("symlinkat", b"../notes.txt", here, b"drafts/latest")
    call("readlink", b"latest", room(256), 256)
    call("readlinkat", here, b"drafts/latest", room(256), 256)
    call("unlink", b"same.txt")
    call("unlinkat", here, b"drafts/same.txt", 0)
    fd = os.open("notes.txt", os.O_RDWR)
    value, got = ctypes.create_string_buffer(b"draft", 5), room(64)
    call("setxattr", b"notes.txt", b"user.status", value, 5, 0)
    call("lsetxattr", b"notes.txt", b"user.status", value, 5, 0)
    call("fsetxattr", fd, b"user.status", value, 5, 2)
    call("setxattrat", AT_FDCWD, b"notes.txt", 0, b"user.author", packed("QII", address(value), 5, 0), 16)
    call("getxattr", b"notes.txt", b"user.status", got, 64)
    call("lgetxattr", b"notes.txt", b"user.status", got, 64)
    call("fgetxattr", fd, b"user.status", got, 64)
    call("getxattrat", AT_FDCWD, b"notes.txt", 0, b"user.status", packed("QII", address(got), 64, 0), 16)
    call("listxattr", b"notes.txt", got, 64)
    call("llistxattr", b"notes.txt", got, 64)
    call("flistxattr", fd, got, 64)
    call("listxattrat", AT_FDCWD, b"notes.txt", 0, got, 64)
    call("removexattrat", AT_FDCWD, b"notes.txt", 0, b"user.author")
    call("removexattr", b"notes.txt", b"user.status")
    os.setxattr("notes.txt", "user.status", b"final")
    call("lremovexattr", b"notes.txt", b"user.status")
    os.setxattr("notes.txt", "user.status", b"final")
    call("fremovexattr", fd, b"user.status")
    attributes = room(24)
    call("file_getattr", AT_FDCWD, b"notes.txt", attributes, 24, 0)
    call("file_setattr", AT_FDCWD, b"notes.txt", attributes, 24, 0)
    call("inotify_init")
    watcher = call("inotify_init1", os.O_NONBLOCK | os.O_CLOEXEC)
    watch = call("inotify_add_watch", watcher, bytes(FOLDER), 0x100 | 0x200)
    call("inotify_rm_watch", watcher, watch)
    watcher = call("fanotify_init", 1, os.O_RDONLY)
    call("fanotify_mark", watcher, 1, 0x20, AT_FDCWD, bytes(FOLDER))
    os.close(fd)
    os.close(here)


def mounts() -> None:
    """Mounts, in a mount namespace of their own."""
    call("unshare", 0x00020000)
    _libc.mount(b"none", b"/", None, ctypes.c_long(0x4000 | 1 << 18), None)
    for folder in ("disk", "other", "root"):
        os.mkdir(folder)
    call("mount", b"tmpfs", b"disk", b"tmpfs", 6, b"size=1m")
    tree = call("open_tree", AT_FDCWD, b"disk", 1 | os.O_CLOEXEC)
    call("move_mount", tree, b"", AT_FDCWD, b"other", 4)
    call("open_tree_attr", AT_FDCWD, b"disk", 1 | os.O_CLOEXEC, packed("QQQQ", 1, 0, 0, 0), 32)
    call("mount_setattr", AT_FDCWD, b"other", 0, packed("QQQQ", 1, 0, 0, 0), 32)
    maker = call("fsopen", b"tmpfs", 1)
    call("fsconfig", maker, 1, b"size", b"1m", 0)
    _libc.syscall(*map(ctypes.c_long, (number_of("fsconfig") or 0, maker, 6, 0, 0, 0)))
    call("fsmount", maker, 1, 2)
    call("fspick", AT_FDCWD, b"disk", 1)
    mount_id = struct.unpack_from("<Q", _statx(b"disk"), 0x90)[0]
    call("statmount", packed("IIQQ", 24, 0, mount_id, 0x2 | 0x10 | 0x20), room(1024), 1024, 0)
    call("listmount", packed("IIQQ", 24, 0, 0xFFFF_FFFF_FFFF_FFFF, 0), room(256), 8, 0)
    call("listns", packed("IIQIIQ", 32, 0, 0, 0x04000000, 0, 0), room(256), 32, 0)
    call("quotactl", 0x800001 << 8, None, 0, None)
    call("quotactl_fd", os.open("disk", os.O_RDONLY), 0x800005 << 8, 0, room(24))
    call("umount2", b"other", 2)
    _libc.mount(b"tmpfs", b"root", b"tmpfs", ctypes.c_long(0), b"size=1m")
    os.mkdir("root/old")
    call("pivot_root", b"root", b"root/old")
    call("chroot", b"/")


def _statx(path: bytes) -> bytes:
    """A struct statx with STATX_MNT_ID_UNIQUE."""
    found = room(256)
    _libc.statx(AT_FDCWD, path, 0, 0x4000, found)
    return found.raw


def asynchronous() -> None:
    """Linux AIO and io_uring."""
    fd = os.open("notes.txt", os.O_RDONLY)
    got, context = room(64), ctypes.c_uint64(0)
    call("io_setup", 4, context)
    request = packed("QIIHhIQQqQII", 1, 0, 0, 0, 0, fd, address(got), 13, 0, 0, 0, 0)
    requests = (ctypes.c_void_p * 1)(address(request))
    call("io_submit", context.value, 1, requests)
    call("io_getevents", context.value, 1, 1, room(32), packed("qq", 1, 0))
    call("io_pgetevents", context.value, 0, 1, room(32), packed("qq", 0, 0), None)
    call("io_cancel", context.value, request, room(32))
    call("io_destroy", context.value)
    ring = call("io_uring_setup", 8, room(120))
    call("io_uring_register", ring, 4, packed("i", os.eventfd(0)), 1)
    call("io_uring_enter", ring, 0, 0, 1, None, 8)


def _endpoint(port: int) -> ctypes.Array[ctypes.c_char]:
    data = struct.pack("<H", socket.AF_INET) + struct.pack(">H4s8x", port, bytes([127, 0, 0, 1]))
    return ctypes.create_string_buffer(data, 16)


def _message(buffer: Any, name: Any = None) -> bytes:
    parts = vector(buffer)
    _KEPT.extend((parts, name))
    return struct.pack(
        "<QI4xQQQQi4x",
        address(name) if name is not None else 0,
        16 if name is not None else 0,
        address(parts),
        1,
        0,
        0,
        0,
    )


_KEPT: list[Any] = []
"""What structures point to must live as long as they do."""


def network() -> None:
    """Sockets: a connection to ourselves, datagrams, a pair."""
    listener = call("socket", socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_CLOEXEC, 0)
    call("setsockopt", listener, socket.SOL_SOCKET, socket.SO_REUSEADDR, packed("i", 1), 4)
    call("bind", listener, _endpoint(0), 16)
    call("listen", listener, 128)
    port = socket.socket(fileno=os.dup(listener)).getsockname()[1]
    clients = [socket.socket() for _ in range(2)]
    call("connect", clients[0].fileno(), _endpoint(port), 16)
    clients[1].connect(("127.0.0.1", port))
    server = call("accept4", listener, room(16), packed("I", 16), socket.SOCK_CLOEXEC)
    call("accept", listener, room(16), packed("I", 16))
    client = clients[0].fileno()
    call("getsockname", client, room(16), packed("I", 16))
    call("getpeername", client, room(16), packed("I", 16))
    request = ctypes.create_string_buffer(b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n", 37)
    call("sendto", client, request, 37, socket.MSG_NOSIGNAL, None, 0)
    got = room(256)
    call("recvfrom", server, got, 256, 0, None, None)
    answer = ctypes.create_string_buffer(b"HTTP/1.1 204 No Content\r\n\r\n", 27)
    call("sendmsg", server, ctypes.create_string_buffer(_message(answer), 56), 0)
    call("recvmsg", client, ctypes.create_string_buffer(_message(got), 56), 0)
    call("getsockopt", client, socket.SOL_TCP, socket.TCP_NODELAY, packed("i", 0), packed("I", 4))
    call("shutdown", client, socket.SHUT_WR)
    first, second = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
    first.bind(("127.0.0.1", 0))
    to = _endpoint(first.getsockname()[1])
    messages = ctypes.create_string_buffer((_message(answer, to) + bytes(8)) * 2, 128)
    call("sendmmsg", second.fileno(), messages, 2, 0)
    rooms = ctypes.create_string_buffer((_message(got, room(16)) + bytes(8)) * 2, 128)
    call("recvmmsg", first.fileno(), rooms, 2, socket.MSG_DONTWAIT, None)
    call("socketpair", socket.AF_UNIX, socket.SOCK_STREAM, 0, room(8))


def waiting() -> None:
    """poll, select, epoll, and descriptors made for them."""
    out, into = os.pipe()
    os.write(into, b"!")
    watched = packed("ihh", out, 1, 0)
    call("poll", watched, 1, 100)
    call("ppoll", watched, 1, packed("qq", 0, 100_000_000), None, 8)
    ready = ctypes.create_string_buffer((1 << out).to_bytes(128, "little"), 128)
    call("select", out + 1, ready, None, None, packed("qq", 0, 100_000))
    call("pselect6", out + 1, ready, None, None, packed("qq", 0, 100_000_000), None)
    call("epoll_create", 1)
    poller = call("epoll_create1", os.O_CLOEXEC)
    call("epoll_ctl", poller, 1, out, packed("IQ" if MACHINE == "x86_64" else "I4xQ", 1, out))
    call("epoll_wait", poller, room(64), 4, 100)
    call("epoll_pwait", poller, room(64), 4, 100, None, 8)
    call("epoll_pwait2", poller, room(64), 4, packed("qq", 0, 100_000_000), None, 8)
    call("eventfd", 0)
    call("eventfd2", 1, os.O_CLOEXEC | os.O_NONBLOCK)
    mask = packed("Q", 1 << signal.SIGUSR1 - 1)
    call("signalfd", -1, mask, 8)
    call("signalfd4", -1, mask, 8, os.O_CLOEXEC)
    call("memfd_create", b"scratch", 3)
    call("memfd_secret", 0)
    os.close(out)
    os.close(into)


def communication() -> None:
    """System V IPC and POSIX message queues."""
    memory = call("shmget", 0, PAGE, 0o1600)
    where = call("shmat", memory, None, 0)
    call("shmctl", memory, 2, room(112))
    call("shmdt", where)
    _libc.shmctl(memory, 0, None)
    semaphores = call("semget", 0, 2, 0o1600)
    call("semop", semaphores, packed("HhH", 0, 1, 0), 1)
    call("semtimedop", semaphores, packed("HhH", 0, -1, 0), 1, packed("qq", 0, 100_000_000))
    call("semctl", semaphores, 0, 2, room(104))
    _libc.semctl(semaphores, 0, 0)
    queue = call("msgget", 0, 0o1600)
    call("msgsnd", queue, packed("q8s", 7, b"message\0"), 8, 0)  # type: ignore[arg-type]
    call("msgrcv", queue, room(64), 56, 0, 0)
    call("msgctl", queue, 2, room(120))
    _libc.msgctl(queue, 0, None)
    queue = call("mq_open", b"example", os.O_RDWR | os.O_CREAT, 0o600, packed("qqqq32x", 0, 4, 128, 0))
    call("mq_notify", queue, packed("Qii48x", 0, signal.SIGUSR1, 1))
    call("mq_timedsend", queue, b"message", 7, 1, packed("qq", 2_000_000_000, 0))
    call("mq_timedreceive", queue, room(128), 128, packed("I", 0), None)
    call("mq_getsetattr", queue, None, room(64))
    call("mq_unlink", b"example")


def memory() -> None:
    """Mappings and memory policies, in a child."""
    where = call("mmap", None, 4 * PAGE, 3, 0x22, -1, 0)
    ctypes.memset(where, 1, 4 * PAGE)
    call("mprotect", where, PAGE, 1)
    key = call("pkey_alloc", 0, 0)
    call("pkey_mprotect", where, PAGE, 3, key if key >= 0 else -1)
    call("pkey_free", key)
    call("madvise", where, PAGE, 4)
    call("mincore", where, 4 * PAGE, room(4))
    call("mlock", where, PAGE)
    call("mlock2", where, PAGE, 1)
    call("munlock", where, PAGE)
    call("mlockall", 1 | 4)
    call("munlockall")
    call("msync", where, PAGE, 4)
    shared = _mapping(2 * PAGE, 0x21)
    call("remap_file_pages", shared, PAGE, 0, 1, 0)
    call("mbind", where, 4 * PAGE, 1, packed("Q", 1), 2, 0)
    call("set_mempolicy", 0, None, 0)
    call("get_mempolicy", packed("i", 0), packed("16Q", *[0] * 16), 1024, None, 0)
    call("set_mempolicy_home_node", where, 4 * PAGE, 0, 0)
    call("migrate_pages", 0, 2, packed("Q", 1), packed("Q", 1))
    call("move_pages", 0, 1, packed("Q", where), None, packed("i", 0), 0)
    text, got = ctypes.create_string_buffer(b"Hello", 5), room(5)
    call("process_vm_readv", os.getpid(), vector(got), 1, vector(text), 1, 0)
    call("process_vm_writev", os.getpid(), vector(text), 1, vector(got), 1, 0)
    own = os.pidfd_open(os.getpid())
    call("process_madvise", own, packed("QQ", where, PAGE), 1, 20, 0)
    call("process_mrelease", own, 0)
    where = call("mremap", where, 4 * PAGE, 8 * PAGE, 1, 0)
    call("munmap", where, 8 * PAGE)
    call("brk", 0)
    call("map_shadow_stack", 0, PAGE, 1)
    call("membarrier", 0, 0, 0)
    call("userfaultfd", 1 | os.O_CLOEXEC)
    call("mseal", _mapping(PAGE, 0x22), PAGE, 0)


def _mapping(size: int, flags: int) -> int:
    _libc.mmap.restype = ctypes.c_void_p
    return int(_libc.mmap(None, ctypes.c_size_t(size), 3, flags, -1, ctypes.c_long(0)))


def processes() -> None:
    """Making, becoming and ending processes and threads."""
    forking("clone", signal.SIGCHLD, 0, 0, 0, 0)
    forking("fork")
    forking("clone3", packed("11Q", 0, 0, 0, 0, signal.SIGCHLD, 0, 0, 0, 0, 0, 0), 88)
    if MACHINE == "x86_64":
        _vfork()
    in_child(lambda: call("execve", b"/usr/bin/true", strings(b"true", b"example"), strings(b"LANG=C.UTF-8")))
    fd = os.open("/usr/bin", os.O_RDONLY | os.O_CLOEXEC)
    call("execveat", fd, b"missing", strings(b"missing"), strings(), 0)
    in_child(lambda: call("execveat", fd, b"true", strings(b"true"), strings(), 0))
    in_child(lambda: call("exit", 3))
    in_child(lambda: call("exit_group", 0))
    thread = threading.Thread(target=time.sleep, args=(0.001,))
    thread.start()
    thread.join()
    child = os.fork()
    if child == 0:
        os._exit(7)
    call("waitid", 1, child, room(128), 4 | 0x01000000, None)
    call("wait4", child, packed("i", 0), 0, room(144))


def _vfork() -> None:
    """vfork in machine code that leaves the stack alone, which both processes use: the child ends at once."""
    code = bytes.fromhex("b83a000000 0f05 85c0 7509 31ff b8e7000000 0f05 c3".replace(" ", ""))
    memory = mmap.mmap(-1, PAGE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    memory.write(code)
    function = ctypes.CFUNCTYPE(ctypes.c_long)(ctypes.addressof(ctypes.c_char.from_buffer(memory)))
    announce("vfork")
    child = function()
    if child > 0:
        os.waitpid(child, 0)
    _KEPT.append(memory)


def identities() -> None:
    """Ids, limits and what else belongs to a process, in a child."""
    for name in ("getpid", "gettid", "getppid", "getpgrp", "getuid", "geteuid", "getgid", "getegid"):
        call(name)
    call("getpgid", 0)
    call("setpgid", 0, 0)
    call("getsid", 0)
    in_child(lambda: call("setsid"))
    call("set_tid_address", room(4))
    limits = room(16)
    call("getrlimit", 4, limits)
    call("setrlimit", 4, limits)
    call("prlimit64", 0, 7, None, limits)
    call("getrusage", 0, room(144))
    call("personality", 0xFFFFFFFF)
    call("prctl", 38, 1, 0, 0, 0)
    call("arch_prctl", 0x1003, room(8))
    call("set_thread_area", packed("IIII", 0xFFFFFFFF, 0, 0xFFFFF, 0x51))
    call("get_thread_area", packed("IIII", 12, 0, 0, 0))
    in_child(lambda: call("ptrace", 0, 0, 0, 0))
    out, into = os.pipe()
    call("kcmp", os.getpid(), os.getpid(), 0, out, into)
    call("seccomp", 3, 0, room(6))
    call("setns", os.open("/proc/self/ns/uts", os.O_RDONLY), 0x04000000)
    own = call("pidfd_open", os.getpid(), 0)
    call("pidfd_getfd", own, out, 0)
    call("capget", packed("Ii", 0x20080522, 0), capabilities := room(24))
    call("capset", packed("Ii", 0x20080522, 0), capabilities)
    call("setgroups", 2, packed("II", 100, 101))
    call("getgroups", 16, room(64))
    call("getresuid", room(4), room(4), room(4))
    call("getresgid", room(4), room(4), room(4))
    call("setfsgid", 0)
    call("setfsuid", 0)
    call("setregid", 0, -1)
    call("setresgid", 0, 0, -1)
    call("setgid", 0)
    call("setreuid", 0, -1)
    call("setresuid", 0, 0, -1)
    call("setuid", 65534)


def scheduling() -> None:
    """Policies, priorities, affinity and futexes, in a child."""
    call("sched_yield")
    call("sched_getscheduler", 0)
    call("sched_setscheduler", 0, 3, packed("i", 0))
    call("sched_getparam", 0, room(4))
    call("sched_setparam", 0, packed("i", 0))
    call("sched_get_priority_max", 1)
    call("sched_get_priority_min", 1)
    call("sched_rr_get_interval", 0, room(16))
    call("sched_getattr", 0, attributes := room(56), 56, 0)
    call("sched_setattr", 0, attributes, 0)
    call("sched_getaffinity", 0, 128, room(128))
    call("sched_setaffinity", 0, 8, packed("Q", 1))
    call("getpriority", 0, 0)
    call("setpriority", 0, 0, 5)
    call("ioprio_set", 1, 0, 2 << 13 | 6)
    call("ioprio_get", 1, 0)
    call("getcpu", room(4), room(4), None)
    call("rseq", packed("8I", *[0] * 8), 32, 0, 0x53053053)
    call("rseq_slice_yield")
    word, other = packed("I", 1), packed("I", 1)
    call("futex", word, 0x81, 1, None, None, 0)
    waiters = packed("QQIIQQII", 0, address(word), 0x82, 0, 0, address(other), 0x82, 0)
    call("futex_waitv", waiters, 2, 0, packed("qq", 1, 0), 1)
    call("futex_wake", word, 0xFFFFFFFF, 1, 0x82)
    call("futex_wait", word, 0, 0xFFFFFFFF, 0x82, None, 1)
    call("futex_requeue", packed("QQIIQQII", 1, address(word), 0x82, 0, 1, address(other), 0x82, 0), 0, 1, 1)
    head, size = ctypes.c_uint64(0), ctypes.c_uint64(0)
    call("get_robust_list", 0, head, size)
    call("set_robust_list", head.value, 24)


def signals() -> None:
    """Signals and sleeps that they interrupt."""
    only = packed("Q", 1 << signal.SIGUSR1 - 1)
    call("rt_sigaction", signal.SIGINT, None, room(32), 8)
    call("rt_sigprocmask", 0, only, room(8), 8)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    pid, thread, own = os.getpid(), threading.get_native_id(), os.pidfd_open(os.getpid())
    information = packed("iiiiiiQ96x", signal.SIGUSR1, 0, -1, 0, pid, 0, 42)
    second = packed("qq", 1, 0)
    senders: list[Callable[[], object]] = [
        lambda: call("kill", pid, signal.SIGUSR1),
        lambda: call("tkill", thread, signal.SIGUSR1),
        lambda: call("tgkill", pid, thread, signal.SIGUSR1),
        lambda: call("pidfd_send_signal", own, signal.SIGUSR1, None, 0),
        lambda: call("rt_sigqueueinfo", pid, signal.SIGUSR1, information),
        lambda: call("rt_tgsigqueueinfo", pid, thread, signal.SIGUSR1, information),
    ]
    for send in senders:
        send()
        call("rt_sigpending", room(8), 8)
        call("rt_sigtimedwait", only, room(128), second, 8)
    call("sigaltstack", None, room(24))
    signal.signal(signal.SIGALRM, lambda *_: None)
    signal.setitimer(signal.ITIMER_REAL, 0.01)
    call("rt_sigsuspend", packed("Q", 0), 8)
    signal.setitimer(signal.ITIMER_REAL, 0.01)
    call("pause")
    child = os.fork()
    if child == 0:
        call("nanosleep", packed("qq", 0, 300_000_000), None)
        os._exit(0)
    time.sleep(0.1)
    os.kill(child, signal.SIGSTOP)
    os.waitpid(child, os.WUNTRACED)
    os.kill(child, signal.SIGCONT)
    os.waitpid(child, 0)


def times() -> None:
    """Clocks and timers."""
    call("nanosleep", packed("qq", 0, 1_000_000), None)
    call("clock_nanosleep", 1, 0, packed("qq", 0, 1_000_000), None)
    call("alarm", 0)
    call("setitimer", 1, packed("qqqq", 0, 0, 10, 0), room(32))
    call("getitimer", 1, room(32))
    signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    call("time", None)
    call("gettimeofday", room(16), room(8))
    call("settimeofday", None, None)
    call("times", room(32))
    call("adjtimex", room(208))
    call("clock_adjtime", 0, room(208))
    call("clock_gettime", 1, room(16))
    call("clock_settime", 1, packed("qq", 0, 0))
    call("clock_getres", 0, room(16))
    made = packed("i", 0)
    call("timer_create", 1, packed("Qii48x", 0, signal.SIGUSR1, 1), made)
    (timer,) = struct.unpack("<i", made.raw)
    setting = packed("qqqq", 0, 0, 60, 0)
    call("timer_settime", timer, 0, setting, None)
    call("timer_gettime", timer, room(32))
    call("timer_getoverrun", timer)
    call("timer_delete", timer)
    fd = call("timerfd_create", 1, os.O_CLOEXEC)
    call("timerfd_settime", fd, 0, setting, None)
    call("timerfd_gettime", fd, room(32))


def system() -> None:
    """The machine itself: what only tells something, works in a namespace, or is bound to fail."""
    call("unshare", 0x04000000)
    call("sethostname", b"example", 7)
    call("setdomainname", b"example.org", 11)
    call("uname", room(390))
    call("sysinfo", room(112))
    call("syslog", 10, None, 0)
    call("reboot", 0, 0, 0, None)
    call("getrandom", room(16), 16, 1)
    for name in ("acct", "swapoff", "uselib"):
        call(name, b"missing")
    call("swapon", b"missing", 0)
    call("kexec_load", 0, 0, None, 0)
    call("kexec_file_load", -1, -1, 0, None, 0)
    call("init_module", b"not a module", 12, b"")
    fd = os.open("notes.txt", os.O_RDONLY)
    call("finit_module", fd, b"", 0)
    call("delete_module", b"example", os.O_NONBLOCK)
    key = call("add_key", b"user", b"example:token", b"secret", 6, -2)
    call("request_key", b"user", b"example:token", None, 0)
    call("keyctl", 6, key, room(128), 128, 0)
    call("bpf", 0, ctypes.create_string_buffer(struct.pack("<IIIIIII", 2, 4, 8, 16, 0, 0, 0) + b"example", 72), 72)
    attributes = ctypes.create_string_buffer(struct.pack("<IIQ", 1, 128, 0), 128)
    call("perf_event_open", attributes, 0, -1, -1, 8)
    rules = call("landlock_create_ruleset", packed("Q", 0x1FFF), 8, 0)
    call("landlock_add_rule", rules, 1, packed("Qi", 0xC, os.open("/usr", os.O_PATH)), 0)
    call("landlock_restrict_self", rules, 0)
    call("lsm_get_self_attr", 100, room(256), packed("I", 256), 0)
    call("lsm_set_self_attr", 100, room(32), 32, 0)
    call("lsm_list_modules", room(128), packed("I", 128), 0)
    os.setsid()
    call("vhangup")
    call("ioperm", 0x80, 1, 0)
    call("iopl", 0)
    call("modify_ldt", 0, room(64), 64)
    for name in (
        "_sysctl nfsservctl create_module get_kernel_syms query_module getpmsg putpmsg afs_syscall tuxcall security "
        "vserver epoll_ctl_old epoll_wait_old lookup_dcookie"
    ).split():
        call(name, 0, 0, 0, 0, 0, 0)


def probes() -> None:
    """The calls that belong to user probes: whoever makes them by hand is ended by a signal."""
    for name in ("uretprobe", "uprobe"):
        in_child(lambda name=name: call(name))  # type: ignore[misc]


PARTS: tuple[Callable[[], None], ...] = (files, names, asynchronous, network, waiting, communication, processes, times)
"""What may run in the process itself, in this order."""

CHILDREN: tuple[Callable[[], None], ...] = (mounts, memory, identities, scheduling, signals, system, probes)
"""What changes the process that does it, and runs in children."""


def main() -> None:
    """Make all calls, each part even if one before it went wrong."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    os.chdir(FOLDER)
    _libc.prctl(15, b"example", 0, 0, 0)
    _libc.setrlimit(4, packed("QQ", 0, 0))
    for part in PARTS:
        part()
    for part in CHILDREN:
        in_child(part)
    os.chdir("/")
    shutil.rmtree(FOLDER, ignore_errors=True)


if __name__ == "__main__":
    main()
