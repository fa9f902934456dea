"""libbpf through ctypes: the few of its functions that Kindling uses, with its errors as exceptions."""

from __future__ import annotations

import ctypes
import ctypes.util
import errno
import mmap
import os
from collections.abc import Iterator
from ctypes import POINTER, c_char_p, c_int, c_size_t, c_uint32, c_void_p
from functools import cache
from typing import Any

from kindling.errors import LibraryError, LoadError, PrivilegeError

KIND_FUNC = 12
KIND_DATASEC = 15

_PRINT = ctypes.CFUNCTYPE(c_int, c_int, c_char_p, c_void_p)
_log: list[bytes] = []


@cache
def library() -> ctypes.CDLL:
    """The library, loaded when first needed. Raises LibraryError if there is none or it is older than 1.0."""
    try:
        lib = ctypes.CDLL("libbpf.so.1", use_errno=True)
    except OSError as error:
        old = ctypes.util.find_library("bpf")
        found = f"only {old}, which is too old, was found" if old else "it was not found"
        raise LibraryError(
            f"the eBPF probe needs libbpf 1.0 or later (libbpf.so.1), but {found}: "
            "apt-get install libbpf1 (Debian 12, Ubuntu 24.04 and later), dnf install libbpf (Fedora, RHEL 9)"
        ) from error
    signatures: dict[str, tuple[Any, list[Any]]] = {
        "bpf_object__open_mem": (c_void_p, [c_void_p, c_size_t, c_void_p]),
        "bpf_object__load": (c_int, [c_void_p]),
        "bpf_object__close": (None, [c_void_p]),
        "bpf_object__btf": (c_void_p, [c_void_p]),
        "bpf_object__find_map_by_name": (c_void_p, [c_void_p, c_char_p]),
        "bpf_object__find_program_by_name": (c_void_p, [c_void_p, c_char_p]),
        "bpf_object__next_program": (c_void_p, [c_void_p, c_void_p]),
        "bpf_program__name": (c_char_p, [c_void_p]),
        "bpf_program__set_autoload": (c_int, [c_void_p, ctypes.c_bool]),
        "bpf_program__attach": (c_void_p, [c_void_p]),
        "bpf_program__fd": (c_int, [c_void_p]),
        "bpf_link__destroy": (c_int, [c_void_p]),
        "bpf_map__fd": (c_int, [c_void_p]),
        "bpf_map__set_max_entries": (c_int, [c_void_p, c_uint32]),
        "bpf_map__set_value_size": (c_int, [c_void_p, c_uint32]),
        "bpf_map__initial_value": (c_void_p, [c_void_p, POINTER(c_size_t)]),
        "bpf_map_update_elem": (c_int, [c_int, c_void_p, c_void_p, ctypes.c_uint64]),
        "bpf_map_lookup_elem": (c_int, [c_int, c_void_p, c_void_p]),
        "bpf_map_delete_elem": (c_int, [c_int, c_void_p]),
        "bpf_obj_get_info_by_fd": (c_int, [c_int, c_void_p, POINTER(c_uint32)]),
        "btf__load_vmlinux_btf": (c_void_p, []),
        "btf__free": (None, [c_void_p]),
        "btf__find_by_name_kind": (c_int, [c_void_p, c_char_p, c_uint32]),
        "btf__type_by_id": (POINTER(c_uint32), [c_void_p, c_uint32]),
        "btf__name_by_offset": (c_char_p, [c_void_p, c_uint32]),
        "libbpf_set_print": (c_void_p, [c_void_p]),
        "libbpf_num_possible_cpus": (c_int, []),
        "bpf_enable_stats": (c_int, [c_int]),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(lib, name)
        function.restype = result
        function.argtypes = arguments
    lib.libbpf_set_print(_PRINT_CALLBACK)
    return lib


_libc = ctypes.CDLL(None)


def _collect(level: int, text: bytes, arguments: int) -> int:
    """Keep what libbpf warns of (the verifier's words among it) for the error message, and print nothing."""
    if level == 0:
        # The verifier's log comes in one piece of up to 16 MiB; its end says what was wrong.
        buffer = ctypes.create_string_buffer(17 << 20)
        _libc.vsnprintf(buffer, c_size_t(len(buffer)), c_char_p(text), c_void_p(arguments))
        _log.append(buffer.value[-4096:])
        del _log[:-20]
    return 0


# Kept here for as long as libbpf may call it.
_PRINT_CALLBACK = _PRINT(_collect)


def _error(what: str, code: int) -> LoadError | PrivilegeError:
    number = abs(code) or ctypes.get_errno()
    if number in (errno.EPERM, errno.EACCES) and os.geteuid() != 0:
        return PrivilegeError(
            f"{what}: {os.strerror(number)}; the eBPF probe needs root, or the capabilities CAP_BPF, CAP_PERFMON and "
            "CAP_SYS_PTRACE: run it with sudo"
        )
    return LoadError(f"{what}: {os.strerror(number)}")


def trim_memory() -> None:
    """Give back what loading needed for a moment (the kernel's BTF, parsed): a good ten megabytes."""
    trim = getattr(_libc, "malloc_trim", None)
    if trim is not None:
        trim(0)


class Link:
    """An attached program. Closing it detaches; so does the end of the process, however it ends."""

    def __init__(self, pointer: int) -> None:
        self._pointer: int | None = pointer

    def close(self) -> None:
        if self._pointer is not None:
            library().bpf_link__destroy(self._pointer)
            self._pointer = None


class Object:
    """A BPF object file: open it, size its maps, set its constants, choose its programs, load, attach."""

    def __init__(self, image: bytes) -> None:
        lib = library()
        self._image = image
        ctypes.set_errno(0)
        self._pointer = lib.bpf_object__open_mem(image, len(image), None)
        if not self._pointer:
            raise _error("cannot open the BPF object", 0)

    def map(self, name: str) -> Map:
        """The map called `name`; KeyError if there is none."""
        pointer = library().bpf_object__find_map_by_name(self._pointer, name.encode())
        if not pointer:
            raise KeyError(name)
        return Map(pointer, name)

    def variables(self, section: str) -> dict[str, tuple[int, int]]:
        """Name to (offset, size) of the variables in a data section, from the object's own BTF."""
        lib = library()
        btf = lib.bpf_object__btf(self._pointer)
        number = lib.btf__find_by_name_kind(btf, section.encode(), KIND_DATASEC)
        if number < 0:
            return {}
        section_type = lib.btf__type_by_id(btf, number)
        count = section_type[1] & 0xFFFF
        found: dict[str, tuple[int, int]] = {}
        for position in range(count):
            kind, offset, size = section_type[3 + 3 * position : 6 + 3 * position]
            name = lib.btf__name_by_offset(btf, lib.btf__type_by_id(btf, kind)[0])
            found[name.decode()] = (offset, size)
        return found

    def set_constants(self, values: dict[str, int]) -> None:
        """Set `const volatile` variables, before loading. KeyError for a name that the object does not have."""
        memory = self.map(".rodata").initial_value()
        variables = self.variables(".rodata")
        for name, value in values.items():
            offset, size = variables[name]
            memory[offset : offset + size] = value.to_bytes(size, "little")

    def programs(self) -> Iterator[str]:
        """The names of all programs."""
        lib = library()
        pointer = lib.bpf_object__next_program(self._pointer, None)
        while pointer:
            yield lib.bpf_program__name(pointer).decode()
            pointer = lib.bpf_object__next_program(self._pointer, pointer)

    def _program(self, name: str) -> int:
        pointer = library().bpf_object__find_program_by_name(self._pointer, name.encode())
        if not pointer:
            raise KeyError(name)
        return int(pointer)

    def skip(self, program: str) -> None:
        """Do not load this program."""
        library().bpf_program__set_autoload(self._program(program), False)

    def load(self) -> None:
        """Make the maps and load the programs. LoadError carries what the verifier said."""
        lib = library()
        code = lib.bpf_object__load(self._pointer)
        if code:
            error = _error("the kernel refused Kindling's BPF programs", code)
            if isinstance(error, LoadError):
                error.log = b"".join(_log).decode(errors="replace")
            raise error

    def attach(self, program: str) -> Link:
        """Attach a loaded program where its section says."""
        ctypes.set_errno(0)
        link = library().bpf_program__attach(self._program(program))
        if not link:
            raise _error(f"cannot attach {program}", 0)
        return Link(link)

    def program_info(self, program: str) -> tuple[int, int, int]:
        """(run_time_ns, run_cnt, recursion_misses) of a loaded program; zeros unless statistics are on."""
        fd = library().bpf_program__fd(self._program(program))
        info = (ctypes.c_uint64 * 32)()
        size = c_uint32(ctypes.sizeof(info))
        if library().bpf_obj_get_info_by_fd(fd, info, ctypes.byref(size)):
            return (0, 0, 0)
        raw = bytes(info)
        at = 192  # struct bpf_prog_info: run_time_ns, run_cnt, recursion_misses
        return (
            int.from_bytes(raw[at : at + 8], "little"),
            int.from_bytes(raw[at + 8 : at + 16], "little"),
            int.from_bytes(raw[at + 16 : at + 24], "little") if size.value >= at + 24 else 0,
        )

    def close(self) -> None:
        """Free everything. Links must be closed before."""
        if self._pointer:
            library().bpf_object__close(self._pointer)
            self._pointer = None


class Map:
    """One map of an object."""

    def __init__(self, pointer: int, name: str) -> None:
        self._pointer = pointer
        self.name = name

    @property
    def fd(self) -> int:
        return int(library().bpf_map__fd(self._pointer))

    def resize(self, entries: int | None = None, value_size: int | None = None) -> None:
        """Set sizes, before loading."""
        if value_size is not None:
            code = library().bpf_map__set_value_size(self._pointer, value_size)
            if code:
                raise _error(f"cannot size the map {self.name}", code)
        if entries is not None:
            code = library().bpf_map__set_max_entries(self._pointer, entries)
            if code:
                raise _error(f"cannot size the map {self.name}", code)

    def initial_value(self) -> memoryview:
        """The memory of a data section, writable until the object is loaded."""
        size = c_size_t()
        address = library().bpf_map__initial_value(self._pointer, ctypes.byref(size))
        return memoryview((ctypes.c_ubyte * size.value).from_address(address)).cast("B")

    def mapped(self, length: int, *, writable: bool = True, offset: int = 0) -> mmap.mmap:
        """The map's memory in this process."""
        protection = mmap.PROT_READ | (mmap.PROT_WRITE if writable else 0)
        return mmap.mmap(self.fd, length, mmap.MAP_SHARED, protection, offset=offset)

    def update(self, key: int, value: bytes) -> int:
        """Set the element at `key`; returns 0, or the errno."""
        number = c_uint32(key)
        if library().bpf_map_update_elem(self.fd, ctypes.byref(number), value, 0):
            return ctypes.get_errno()
        return 0


def version() -> str:
    """The library's version, such as "v1.1"."""
    function = library().libbpf_version_string
    function.restype = c_char_p
    return str(function().decode())


_ASKED = (
    "bpf_ringbuf_output",
    "bpf_task_storage_get",
    "bpf_task_storage_get_recur",
    "bpf_rdonly_cast",
)


@cache
def kernel_functions() -> frozenset[str]:
    """Those of the kernel functions Kindling asks about that the running kernel's BTF knows."""
    lib = library()
    btf = lib.btf__load_vmlinux_btf()
    if not btf:
        return frozenset()
    try:
        return frozenset(name for name in _ASKED if int(lib.btf__find_by_name_kind(btf, name.encode(), KIND_FUNC)) > 0)
    finally:
        lib.btf__free(btf)
