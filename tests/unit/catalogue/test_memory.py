"""Memory: names against the headers and Python, masks of nodes, definitions."""

from __future__ import annotations

import errno
import mmap
import shutil
import struct
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kindling.catalogue.syscalls.memory import SYSCALLS
from kindling.catalogue.tables import memory
from kindling.catalogue.types import Call, Enum, Flags, Value

BY_NAME = {definition.name: definition for definition in SYSCALLS}
TABLES = [value for value in vars(memory).values() if isinstance(value, (Enum, Flags))]

HEADERS = """
#include <stddef.h>
#include <stdio.h>
#include <fcntl.h>
#include <linux/mman.h>
#include <linux/membarrier.h>
#include <linux/mempolicy.h>
#include <linux/userfaultfd.h>
"""


def test_descriptors() -> None:
    assert BY_NAME["mmap"].descriptor == "fd"
    assert BY_NAME["process_madvise"].descriptor == "pidfd"
    assert BY_NAME["userfaultfd"].descriptor == "ret"
    assert BY_NAME["munmap"].descriptor is None


def test_names_agree_with_the_headers(tmp_path: Path) -> None:
    compiler = shutil.which("gcc")
    if compiler is None:
        pytest.skip("gcc is not installed")
    wanted: dict[str, int] = {}
    for table in TABLES:
        wanted |= {**table.values, **table.machines.get("x86_64", {})}
        if isinstance(table, Flags):
            for group in table.fields.values():
                wanted |= group
    lines = [f'#ifdef {name}\nprintf("{name} %lld\\n", (long long)({name}));\n#endif' for name in wanted]
    source = tmp_path / "numbers.c"
    source.write_text(HEADERS + "int main(void) {\n" + "\n".join(lines) + "\nreturn 0; }\n")
    subprocess.run([compiler, "-w", str(source), "-o", str(tmp_path / "numbers")], check=True)
    printed = subprocess.run([str(tmp_path / "numbers")], capture_output=True, text=True, check=True).stdout
    found = {name: int(number) for name, number in (line.split() for line in printed.splitlines())}
    assert {name: wanted[name] for name in found} == found
    assert len(found) > 70


def test_names_agree_with_python() -> None:
    checked = 0
    for table in TABLES:
        for name, number in table.values.items():
            if hasattr(mmap, name):
                assert getattr(mmap, name) == number
                checked += 1
    assert checked > 20


@pytest.mark.parametrize(
    ("table", "value", "machine", "shown"),
    [
        (memory.PROTECTION, 0, "x86_64", "PROT_NONE"),
        (memory.PROTECTION, 5, "x86_64", "PROT_READ|PROT_EXEC"),
        (memory.PROTECTION, 0x11, "x86_64", "PROT_READ|0x10"),
        (memory.PROTECTION, 0x31, "aarch64", "PROT_READ|PROT_BTI|PROT_MTE"),
        (memory.MAP_FLAGS, 0x22, "x86_64", "MAP_PRIVATE|MAP_ANONYMOUS"),
        (memory.MAP_FLAGS, 0x62, "x86_64", "MAP_PRIVATE|MAP_ANONYMOUS|MAP_32BIT"),
        (memory.MAP_FLAGS, 0x62, "aarch64", "MAP_PRIVATE|MAP_ANONYMOUS|0x40"),
        (memory.MAP_FLAGS, 0x80003, "x86_64", "MAP_SHARED_VALIDATE|MAP_SYNC"),
        (memory.MAP_FLAGS, 21 << 26 | 0x40022, "x86_64", "MAP_PRIVATE|MAP_HUGE_2MB|MAP_ANONYMOUS|MAP_HUGETLB"),
        (memory.MAP_FLAGS, 0x4000022, "x86_64", "MAP_PRIVATE|MAP_ANONYMOUS|MAP_UNINITIALIZED"),
        (memory.MAP_FLAGS, 0x10, "x86_64", "MAP_FIXED"),
        (memory.MAP_FLAGS, 1 << 63 | 1, "x86_64", "MAP_SHARED|0x8000000000000000"),
        (memory.REMAP_FLAGS, 3, "x86_64", "MREMAP_MAYMOVE|MREMAP_FIXED"),
        (memory.ADVICE, 4, "x86_64", "MADV_DONTNEED"),
        (memory.ADVICE, 102, "x86_64", "MADV_GUARD_INSTALL"),
        (memory.ADVICE, 77, "x86_64", "0x4d"),
        (memory.POLICY, 2, "x86_64", "MPOL_BIND"),
        (memory.POLICY, 0, "x86_64", "MPOL_DEFAULT"),
        (memory.POLICY, 0x8003, "x86_64", "MPOL_INTERLEAVE|MPOL_F_STATIC_NODES"),
        (memory.PKEY_RIGHTS, 4, "aarch64", "PKEY_DISABLE_EXECUTE"),
        (memory.PKEY_RIGHTS, 4, "x86_64", "0x4"),
        (memory.MEMBARRIER_COMMAND, 0x100, "x86_64", "MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ"),
    ],
)
def test_names(table: Flags | Enum, value: int, machine: str, shown: Value) -> None:
    assert table.decode(value, (), Call({}, machine=machine)) == shown


def test_anonymous_mapping_and_its_result() -> None:
    call = BY_NAME["mmap"]
    assert call.argument("fd").type.decode(0xFFFF_FFFF_FFFF_FFFF) == -1
    assert call.argument("fd").type.decode(0xFFFF_FFFF) == -1
    assert call.argument("addr").type.decode(0) is None
    assert call.result is not None
    assert call.result.type.decode(0x7F00_0000_1000) == "0x7f0000001000"


def test_nodes() -> None:
    nodes = BY_NAME["mbind"].argument("nodemask").type
    mask = (1 << 0 | 1 << 2 | 1 << 63).to_bytes(128, "little")
    assert nodes.decode(1, [mask], Call({"maxnode": 65})) == [0, 2, 63]
    assert nodes.decode(1, [mask], Call({"maxnode": 64})) == [0, 2]
    assert nodes.decode(1, [mask], Call({"maxnode": 0})) == []
    assert nodes.decode(0, [None], Call({"maxnode": 64})) is None
    (capture,) = nodes.captures()
    assert (capture.length, capture.limit) == (128, 128)


def test_policy_or_node() -> None:
    mode = BY_NAME["get_mempolicy"].argument("mode").type
    data = struct.pack("<i", 3)
    assert mode.decode(1, [data], Call({"flags": 0})) == "MPOL_INTERLEAVE"
    assert mode.decode(1, [data], Call({"flags": 3})) == 3
    assert mode.decode(0, [None], Call({"flags": 0})) is None


def test_status_of_pages() -> None:
    status = BY_NAME["move_pages"].argument("status").type
    data = struct.pack("<3i", 1, -errno.ENOENT, 0)
    assert status.decode(1, [data]) == [1, "ENOENT", 0]


def test_ranges_of_another_process() -> None:
    ranges = BY_NAME["process_vm_readv"].argument("remote_iov").type
    data = struct.pack("<4Q", 0x1000, 16, 0x2000, 32)
    assert ranges.decode(1, [data]) == [{"iov_base": "0x1000", "iov_len": 16}, {"iov_base": "0x2000", "iov_len": 32}]


@given(st.sampled_from(TABLES), st.integers(0, 2**64 - 1), st.sampled_from(["x86_64", "aarch64"]))
def test_no_bit_is_hidden(table: Flags | Enum, value: int, machine: str) -> None:
    shown = table.decode(value, (), Call({}, machine=machine))
    assert isinstance(shown, str)
    if isinstance(table, Enum):
        return
    numbers = {**table.values, **table.machines.get(machine, {}), table.zero: 0}
    for group in table.fields.values():
        numbers |= group
    total = 0
    for part in shown.split("|"):
        total |= numbers[part] if part in numbers else int(part, 16)
    assert total == value & ((1 << table.size * 8) - 1)
