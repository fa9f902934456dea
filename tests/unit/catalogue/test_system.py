"""The tables and structures of system, filesystem and aio against the kernel's headers, and how `system` decodes."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from kindling.catalogue.model import Definition
from kindling.catalogue.syscalls import aio, filesystem, system
from kindling.catalogue.tables import aio as aio_tables
from kindling.catalogue.tables import filesystem as filesystem_tables
from kindling.catalogue.tables import system as tables
from kindling.catalogue.tables.layout import structure
from kindling.catalogue.types import (
    U8,
    U16,
    U32,
    U64,
    Array,
    Call,
    Capture,
    Characters,
    Copy,
    Enum,
    Flags,
    Structure,
    Type,
)
from kindling.catalogue.walk import types_of

DEFINITIONS = {definition.name: definition for definition in system.SYSCALLS}
AREAS: tuple[Definition, ...] = (*system.SYSCALLS, *filesystem.SYSCALLS, *aio.SYSCALLS)
INCLUDE = Path("/usr/include")
HEADERS = (
    "linux/aio_abi linux/bpf linux/dqblk_xfs linux/fanotify linux/fs linux/hw_breakpoint linux/inotify "
    "linux/io_uring linux/kexec linux/keyctl linux/landlock linux/lsm linux/magic linux/module linux/mount "
    "linux/perf_event linux/quota linux/random linux/reboot linux/utsname linux/xattr linux/sysinfo"
).split()
BPF_MEMBERS = {
    "BPF_MAP_LOOKUP_BATCH": "batch.",
    "BPF_PROG_TEST_RUN": "test.",
    "BPF_OBJ_GET_INFO_BY_FD": "info.",
    "BPF_PROG_QUERY": "query.",
    "BPF_RAW_TRACEPOINT_OPEN": "raw_tracepoint.",
    "BPF_TASK_FD_QUERY": "task_fd_query.",
    "BPF_LINK_CREATE": "link_create.",
    "BPF_LINK_UPDATE": "link_update.",
    "BPF_LINK_DETACH": "link_detach.",
    "BPF_ENABLE_STATS": "enable_stats.",
    "BPF_ITER_CREATE": "iter_create.",
    "BPF_PROG_BIND_MAP": "prog_bind_map.",
    "BPF_TOKEN_CREATE": "token_create.",
    "BPF_PROG_STREAM_READ_BY_FD": "prog_stream_read.",
    "BPF_PROG_ASSOC_STRUCT_OPS": "prog_assoc_struct_ops.",
}
WHOLE = (
    tables.UTSNAME,
    tables.SYSINFO,
    tables.KEXEC_SEGMENT,
    tables.KEYCTL_PKEY_PARAMETERS,
    tables.LANDLOCK_PATH_BENEATH,
    tables.LANDLOCK_NET_PORT,
    filesystem_tables.IF_DQBLK,
    filesystem_tables.IF_NEXTDQBLK,
    filesystem_tables.IF_DQINFO,
    filesystem_tables.FS_DISK_QUOTA,
    filesystem_tables.FS_QUOTA_STAT,
    filesystem_tables.FS_QUOTA_STATV,
    filesystem_tables.MOUNT_ATTR,
    aio_tables.IOCB,
    aio_tables.IO_EVENT,
    aio_tables.SQRING_OFFSETS,
    aio_tables.CQRING_OFFSETS,
    aio_tables.IO_URING_PARAMS,
    aio_tables.GETEVENTS_ARGUMENT,
    *(
        layout
        for operation, layout in aio_tables.REGISTER_STRUCTURES.items()
        # Parts of a structure, or none that the headers name.
        if operation
        not in (
            "IORING_REGISTER_EVENTFD",
            "IORING_REGISTER_EVENTFD_ASYNC",
            "IORING_REGISTER_FILES_UPDATE",
            "IORING_REGISTER_IOWQ_MAX_WORKERS",
            "IORING_REGISTER_RESIZE_RINGS",
            "IORING_REGISTER_ZCRX_IFQ",
        )
    ),
)
"""Structures of which size and all members can be compared."""
GROWN = (
    tables.PERF_EVENT_ATTR,
    tables.LANDLOCK_RULESET,
    filesystem_tables.STATMOUNT_REQUEST.to,
    filesystem_tables.LISTNS_REQUEST.to,
    filesystem_tables.FILE_ATTR,
)
"""Structures that older headers know in part."""


class Headers:
    """What a C compiler says about the installed headers, which may be older than the catalogue."""

    def __init__(self, folder: Path, include: Path = INCLUDE) -> None:
        self.folder = folder
        self.include = include
        paths = {header: include / f"{header}.h" for header in HEADERS}
        self.found = [header for header, path in paths.items() if path.exists()]
        text = "".join(path.read_text(errors="replace") for path in paths.values() if path.exists())
        self.text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
        self.words = set(re.findall(r"\w+", self.text))
        self.defined = set(re.findall(r"^\s*#\s*define\s+(\w+)(?!\()", self.text, re.MULTILINE))
        for body in re.findall(r"\benum\b[^{;]*\{([^}]*)\}", self.text):
            self.defined |= {part.split("=")[0].strip() for part in body.split(",")}

    def ask(self, expressions: list[str]) -> dict[str, int]:
        """The value of each C expression; those with a member that the installed headers do not have are left out."""
        source, program = self.folder / "ask.c", self.folder / "ask"
        includes = [f"#include <{header}.h>" for header in ("stdio", *self.found)]
        first = len(includes) + 2
        for _ in range(2):
            lines = [f'printf("%lld\\n", (long long)({expression}));' for expression in expressions]
            source.write_text("\n".join([*includes, "int main(void) {", *lines, "return 0; }"]))
            command = ["gcc", "-w", "-fmax-errors=0", "-I", str(self.include), "-o", str(program), str(source)]
            built = subprocess.run(command, capture_output=True, text=True, check=False)
            newer = {
                int(line) - first for line in re.findall(r":(\d+):\d+: error: .* has no member named", built.stderr)
            }
            if not newer:
                break
            expressions = [expression for number, expression in enumerate(expressions) if number not in newer]
        assert built.returncode == 0, built.stderr[:2000]
        answers = subprocess.run([program], capture_output=True, text=True, check=True).stdout.split()
        return {expression: int(answer) for expression, answer in zip(expressions, answers, strict=True)}


@pytest.fixture(scope="module")
def headers(tmp_path_factory: pytest.TempPathFactory) -> Headers:
    if shutil.which("gcc") is None or not (INCLUDE / "linux/bpf.h").exists():
        pytest.skip("gcc or the kernel's headers are missing")
    return Headers(tmp_path_factory.mktemp("headers"))


def _placed(headers: Headers) -> Iterator[tuple[str, int]]:
    for layout in (*WHOLE, *GROWN):
        if not re.search(rf"\bstruct {layout.name}\b", headers.text):
            continue
        name = f"struct {layout.name}"
        if layout in WHOLE:
            yield f"sizeof({name})", layout.size
        for member in layout.members:
            if member.name in headers.words and not (layout is tables.PERF_EVENT_ATTR and member.name == "flags"):
                yield f"__builtin_offsetof({name}, {member.name})", member.offset
    for command, layout in tables.BPF_ATTRIBUTES.items():
        prefix = BPF_MEMBERS.get(command, "batch." if command.endswith("_BATCH") else "")
        for member in layout.members:
            if member.name in headers.words and prefix.rstrip(".") in headers.words | {""}:
                yield f"__builtin_offsetof(union bpf_attr, {prefix}{member.name})", member.offset
    for tail in {id(tail): tail for tail in tables.BPF_LINK_TAILS.values()}.values():
        if tail.name in ("kprobe_multi", "perf_event", "tracing", "netfilter", "uprobe_multi") and re.search(
            rf"\}} {tail.name};", headers.text
        ):
            for member in tail.members:
                yield f"__builtin_offsetof(union bpf_attr, link_create.{tail.name}.{member.name})", 16 + member.offset


def _named(headers: Headers) -> Iterator[tuple[str, int]]:
    for definition in AREAS:
        for _, type in types_of(definition):
            if isinstance(type, Enum | Flags):
                groups = type.fields.values() if isinstance(type, Flags) else ()
                for names in (type.values, *groups):
                    yield from ((name, value) for name, value in names.items() if name in headers.defined)


def test_every_structure_lies_as_the_compiler_lays_it_out(headers: Headers) -> None:
    expected = dict(_placed(headers))
    found = headers.ask(list(expected))
    assert len(found) > 150
    assert len(found) > len(expected) * 0.9
    assert found == {expression: expected[expression] for expression in found}


def test_every_name_has_the_number_of_the_headers(headers: Headers) -> None:
    expected = dict(_named(headers))
    assert len(expected) > 400
    found = headers.ask(list(expected))
    # A flag in the highest bit of an int is negative in C.
    assert {
        name: value & 0xFFFFFFFF if value < 0 and expected[name] > 0 else value for name, value in found.items()
    } == expected


def test_structure_pads_like_c() -> None:
    inner = structure("inner", ("a", U8), ("b", U16))
    assert [(member.name, member.offset) for member in inner.members] == [("a", 0), ("b", 2)]
    assert inner.size == 4
    outer = structure(
        "outer", ("c", U8), ("inner", inner), ("", U32), ("d", U64), ("e", Characters(3)), ("f", Array(U16, 3))
    )
    placed = [(member.name, member.offset) for member in outer.members]
    assert placed == [("c", 0), ("inner", 2), ("d", 16), ("e", 24), ("f", 28)]
    assert outer.size == 40


def _decode(event: str, argument: str, raw: int, data: list[bytes | None], registers: dict[str, int]) -> object:
    type = DEFINITIONS[event].argument(argument).type
    return type.decode(raw, data, Call(registers))


def _bpf(cmd: int, data: bytes) -> object:
    return _decode("bpf", "attr", 0x7FFF0000, [data], {"cmd": cmd, "size": len(data)})


def test_bpf_map_create() -> None:
    attr = struct.pack("<7I16s4I", 27, 0, 0, 4096, 1 << 10 | 1 << 30, 3, 0, b"events", 0, 5, 1, 2)
    assert _bpf(0, attr) == {
        "map_type": "BPF_MAP_TYPE_RINGBUF",
        "key_size": 0,
        "value_size": 0,
        "max_entries": 4096,
        "map_flags": "BPF_F_MMAPABLE|0x40000000",
        "inner_map_fd": 3,
        "numa_node": 0,
        "map_name": b"events",
        "map_ifindex": 0,
        "btf_fd": 5,
        "btf_key_type_id": 1,
        "btf_value_type_id": 2,
    }


def test_bpf_update_element_and_unknown_command() -> None:
    attr = struct.pack("<IIQQQ", 4, 0, 0x1000, 0x2000, 1)
    assert _bpf(2, attr) == {"map_fd": 4, "key": "0x1000", "value": "0x2000", "flags": "BPF_NOEXIST"}
    assert _bpf(2, attr[:24] + bytes(8)) == {"map_fd": 4, "key": "0x1000", "value": "0x2000", "flags": "BPF_ANY"}
    assert _bpf(999, attr) == "0x7fff0000"


def test_bpf_link_create_shows_what_its_attach_type_has() -> None:
    head = struct.pack("<4I", 7, 0, 42, 0)
    assert _bpf(28, head + struct.pack("<IIQQQ", 1, 3, 0x10, 0, 0)) == {
        "prog_fd": 7,
        "target_fd": 0,
        "attach_type": "BPF_TRACE_KPROBE_MULTI",
        "flags": "0",
        "kprobe_multi": {
            "flags": "BPF_F_KPROBE_MULTI_RETURN",
            "cnt": 3,
            "syms": "0x10",
            "addrs": None,
            "cookies": None,
        },
    }
    assert _bpf(28, head) == {
        "prog_fd": 7,
        "target_fd": 0,
        "attach_type": "BPF_TRACE_KPROBE_MULTI",
        "flags": "0",
    }


def test_bpf_common_attributes_count_only_when_the_command_says_so() -> None:
    command = DEFINITIONS["bpf"].argument("cmd").type
    assert command.decode(0x10000) == "BPF_MAP_CREATE|BPF_COMMON_ATTRS"
    data = struct.pack("<QIIII", 0x5000, 256, 1, 0, 0)
    common = {"log_buf": "0x5000", "log_size": 256, "log_level": 1, "log_true_size": 0}
    assert _decode("bpf", "attr_common", 0x40, [data], {"cmd": 0x10000}) == common
    assert _decode("bpf", "attr_common", 0x40, [data], {"cmd": 0}) is None
    assert _decode("bpf", "size_common", 24, [], {"cmd": 0x10000}) == 24
    assert _decode("bpf", "size_common", 0xDEAD, [], {"cmd": 0}) is None
    assert isinstance(_bpf(0x10000, struct.pack("<I", 1)), dict)


def _perf(type: int, config: int, flags: int = 0, period: int = 0, size: int = 136, **tail: int) -> object:
    data = struct.pack("<IIQQQQQIIQQ", type, size, config, period, 0x107, 4, flags, 1, 0, 0, 0)
    copies = [data, None, data + bytes(136 - len(data)), None]
    return _decode("perf_event_open", "attr", 0x1000, copies, {})


def test_perf_attributes() -> None:
    assert _perf(1, 9, flags=1 << 0 | 1 << 10 | 2 << 15 | 1 << 36, period=99) == {
        "type": "PERF_TYPE_SOFTWARE",
        "size": 136,
        "config": "PERF_COUNT_SW_DUMMY",
        "sample_freq": 99,
        "sample_type": "PERF_SAMPLE_IP|PERF_SAMPLE_TID|PERF_SAMPLE_TIME|PERF_SAMPLE_PERIOD",
        "read_format": "PERF_FORMAT_ID",
        "flags": "precise_ip=2|disabled|freq|remove_on_exec",
        "wakeup_events": 1,
        "config1": "0x0",
        "config2": "0x0",
    }


@pytest.mark.parametrize(
    ("type", "config", "shown"),
    [
        (0, 1, "PERF_COUNT_HW_INSTRUCTIONS"),
        (0, 5 << 32, "0x5<<32|PERF_COUNT_HW_CPU_CYCLES"),
        (2, 414, 414),
        (3, 0x10002, "PERF_COUNT_HW_CACHE_RESULT_MISS<<16|PERF_COUNT_HW_CACHE_OP_READ<<8|PERF_COUNT_HW_CACHE_LL"),
        (4, 0x1C2, "0x1c2"),
        (9, 0, "0x0"),
    ],
)
def test_perf_config_is_named_after_its_type(type: int, config: int, shown: object) -> None:
    attributes = _perf(type, config)
    assert isinstance(attributes, dict)
    assert attributes["config"] == shown


def test_perf_attributes_of_the_first_version() -> None:
    attributes = _perf(1, 0, size=0)
    assert isinstance(attributes, dict)
    assert attributes["config"] == "PERF_COUNT_SW_CPU_CLOCK"
    assert "config2" not in attributes
    assert _decode("perf_event_open", "attr", 0, [None, None, None, None], {}) is None


def test_breakpoint() -> None:
    data = struct.pack("<IIQQQQQIIQQ", 5, 72, 0, 1, 0, 0, 0, 0, 3, 0x601040, 4)
    attributes = _decode("perf_event_open", "attr", 1, [data[:64], None, None, None], {})
    assert isinstance(attributes, dict)
    assert attributes["bp_type"] == "HW_BREAKPOINT_R|HW_BREAKPOINT_W"
    assert attributes["bp_addr"] == "0x601040"


def test_keyctl_arguments_follow_the_operation() -> None:
    search = {"option": 10}
    assert _decode("keyctl", "arg2", 0xFFFFFFFD, [None, None], search) == "KEY_SPEC_SESSION_KEYRING"
    assert _decode("keyctl", "arg2", 12345, [None, None], search) == 12345
    arg3 = DEFINITIONS["keyctl"].argument("arg3").type
    cases = [capture.when for capture in arg3.captures()]
    data: list[bytes | None] = [b"user" if case == ("option", 10) else None for case in cases]
    assert _decode("keyctl", "arg3", 0x1000, data, search) == b"user"
    assert _decode("keyctl", "arg3", 0x3F3F0000, [], {"option": 5}).startswith("KEY_POS_VIEW|KEY_POS_READ")  # type: ignore[attr-defined]
    assert _decode("keyctl", "arg2", 0x1000, [None, b"session"], {"option": 1}) == b"session"
    dh = struct.pack("<iii", 1, 2, 3) + bytes(28)
    assert _decode("keyctl", "arg2", 0x1000, [dh, None], {"option": 23}) == {"private": 1, "prime": 2, "base": 3}
    assert _decode("keyctl", "arg2", 7, [], {"option": 14}) == "KEY_REQKEY_DEFL_REQUESTOR_KEYRING"
    assert _decode("keyctl", "arg5", 1, [], {"option": 30}) == "KEYCTL_MOVE_EXCL"
    assert _decode("keyctl", "arg2", 1, [], {"option": 4711}) == "0x1"


def test_secrets_are_never_copied() -> None:
    def copied(event: str, argument: str) -> tuple[Capture, ...]:
        return DEFINITIONS[event].argument(argument).type.captures()

    assert copied("add_key", "payload") == ()
    assert copied("getrandom", "buf") == ()
    update, read, instantiate = (
        tables.KEYCTL_OPERATION.values[f"KEYCTL_{n}"] for n in ("UPDATE", "READ", "INSTANTIATE")
    )
    for capture in (*copied("keyctl", "arg3"), *copied("keyctl", "arg4"), *copied("keyctl", "arg5")):
        assert capture.when is not None
        assert capture.when[1] not in (update, read, instantiate)


def test_landlock() -> None:
    rule = struct.pack("<Qi", 1 << 2 | 1 << 3, 5)
    assert _decode("landlock_add_rule", "rule_attr", 1, [rule, None], {"rule_type": 1}) == {
        "allowed_access": "LANDLOCK_ACCESS_FS_READ_FILE|LANDLOCK_ACCESS_FS_READ_DIR",
        "parent_fd": 5,
    }
    port = struct.pack("<QQ", 2, 443)
    assert _decode("landlock_add_rule", "rule_attr", 1, [port[:12], port], {"rule_type": 2}) == {
        "allowed_access": "LANDLOCK_ACCESS_NET_CONNECT_TCP",
        "port": 443,
    }
    # The first version of the structure was eight bytes.
    ruleset = _decode("landlock_create_ruleset", "attr", 1, [struct.pack("<Q", 1 << 16 | 1 << 40)], {"size": 8})
    assert ruleset == {"handled_access_fs": "LANDLOCK_ACCESS_FS_RESOLVE_UNIX|0x10000000000"}


def test_security_contexts() -> None:
    def context(id: int, text: bytes) -> bytes:
        length = -(-(32 + len(text)) // 8) * 8
        return (struct.pack("<QQQQ", id, 0, length, len(text)) + text).ljust(length, b"\0")

    row = context(104, b"unconfined\n") + context(101, b"u:r:t\0")
    expected = [
        {"id": "LSM_ID_APPARMOR", "flags": "0x0", "context": b"unconfined\n"},
        {"id": "LSM_ID_SELINUX", "flags": "0x0", "context": b"u:r:t\0"},
    ]
    assert _decode("lsm_get_self_attr", "ctx", 1, [row], {}) == expected
    assert _decode("lsm_get_self_attr", "ctx", 1, [row[:-8]], {}) == [
        expected[0],
        {"id": "LSM_ID_SELINUX", "flags": "0x0", "context": b"u:r:t\0"[: len(row) - 8 - 48 - 32]},
    ]
    assert _decode("lsm_get_self_attr", "ctx", 1, [bytes(64)], {}) == []
    assert _decode("lsm_list_modules", "ids", 1, [struct.pack("<QQQ", 100, 110, 999)], {}) == [
        "LSM_ID_CAPABILITY",
        "LSM_ID_LANDLOCK",
        "0x3e7",
    ]


def test_uname_and_sysinfo() -> None:
    names = b"".join(name.ljust(65, b"\0") for name in (b"Linux", b"host", b"6.1.0", b"#1 SMP", b"x86_64", b"(none)"))
    uname = _decode("uname", "buf", 1, [names], {})
    assert isinstance(uname, dict)
    assert uname["sysname"] == b"Linux"
    assert uname["domainname"] == b"(none)"
    info = struct.pack("<q10QHHxxxxQQI4x", 3600, 65536, 32768, 655360, 1000, 500, 0, 10, 20, 30, 0, 0, 0, 0, 0, 4096)
    data = struct.pack("<q3Q6QHHxxxxQQI4x", 3600, 65536, 32768, 655360, 1, 2, 3, 4, 5, 6, 17, 0, 7, 8, 4096)
    assert len(data) == tables.SYSINFO.size <= len(info)
    shown = _decode("sysinfo", "info", 1, [data], {})
    assert isinstance(shown, dict)
    assert shown["loads"] == [1.0, 0.5, 10.0]
    assert (shown["procs"], shown["totalhigh"], shown["freehigh"], shown["mem_unit"]) == (17, 7, 8, 4096)


def test_reboot_kexec_and_swap() -> None:
    assert _decode("reboot", "cmd", 0xFFFFFFFFA1B2C3D4, [], {}) == "LINUX_REBOOT_CMD_RESTART2"
    assert _decode("reboot", "arg", 1, [b"bootloader"], {"cmd": 0xA1B2C3D4}) == b"bootloader"
    assert _decode("reboot", "arg", 0, [None], {"cmd": 0}) is None
    assert _decode("kexec_load", "flags", 62 << 16 | 1, [], {}) == "KEXEC_ARCH_X86_64|KEXEC_ON_CRASH"
    assert _decode("swapon", "flags", 0x8005, [], {}) == "SWAP_FLAG_PREFER|0x5"
    segment = struct.pack("<QQQQ", 0x1000, 10, 0x100000, 4096)
    assert _decode("kexec_load", "segments", 1, [segment], {}) == [
        {"buf": "0x1000", "bufsz": 10, "mem": "0x100000", "memsz": 4096}
    ]


def test_modify_ldt() -> None:
    entry = struct.pack("<IIII", 1, 0x1000, 0xFFFFF, 0x1 | 0x4 | 0x10 | 0x40)
    assert _decode("modify_ldt", "ptr", 1, [entry], {"func": 0x11}) == {
        "entry_number": 1,
        "base_addr": "0x1000",
        "limit": "0xfffff",
        "flags": "MODIFY_LDT_CONTENTS_CODE|seg_32bit|limit_in_pages|useable",
    }
    assert _decode("modify_ldt", "ptr", 0x10, [entry], {"func": 0}) == "0x10"


def test_nothing_decodes_badly_from_short_or_missing_data() -> None:
    for definition in AREAS:
        registers = {argument.name: 0 for argument in definition.arguments}
        for argument in definition.arguments:
            count = len(argument.type.captures())
            for data in ([], [None] * count, [b""] * count, [b"\xff"] * count, [b"\xff" * 64] * count):
                for value in (0, 1, 28, 0x8000_0007_00, 2**64 - 1):
                    call = Call(dict.fromkeys(registers, value), ret=-1)
                    argument.type.decode(value, data, call)


def test_every_definition_says_what_it_means() -> None:
    for definition in AREAS:
        assert definition.description.endswith("."), definition.name
        assert definition.result is not None
        assert definition.result.description
        assert definition.result.errors or definition.name in ("uretprobe",), definition.name
        assert all(definition.result.errors.values()), definition.name
        for argument in definition.arguments:
            assert argument.description, (definition.name, argument.name)
            assert len([capture for capture in argument.type.captures() if capture.kind is not Copy.OBJECT]) <= 8


def test_types_of_the_area_have_schema_and_meaning() -> None:
    seen: set[type[Type]] = set()
    for definition in AREAS:
        for _, type in types_of(definition):
            seen.add(type.__class__)
            assert isinstance(type.schema(), dict)
            assert type.meaning()
    assert {tables.Variant, tables.Versioned, tables.BpfAttributes, Structure} <= seen
