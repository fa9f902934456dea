"""System V IPC, POSIX message queues, eventfd, signalfd, memfd: names and structures against the kernel's headers."""

from __future__ import annotations

import os
import shutil
import signal
import struct
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kindling.catalogue.syscalls.ipc import SYSCALLS
from kindling.catalogue.tables import ipc
from kindling.catalogue.tables.memory import huge_sizes
from kindling.catalogue.tables.time import SIGEVENT
from kindling.catalogue.types import Call, Enum, Flags, Structure, Value

BY_NAME = {definition.name: definition for definition in SYSCALLS}
TABLES = [value for value in vars(ipc).values() if isinstance(value, (Enum, Flags))]

HEADERS = """
#include <stddef.h>
#include <stdio.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <linux/ipc.h>
#include <linux/memfd.h>
#include <linux/mqueue.h>
#include <linux/msg.h>
#include <linux/sem.h>
#include <linux/shm.h>
#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif
"""

C_STRUCTURES = [
    ipc.IPC_PERMISSIONS,
    ipc.SHMID_DS,
    ipc.SHMINFO,
    ipc.SHM_INFO,
    ipc.SEMID_DS,
    ipc.SEMINFO,
    ipc.SEMBUF,
    ipc.MSQID_DS,
    ipc.MSGINFO,
    ipc.MQ_ATTR,
    SIGEVENT,
]


def compiled(tmp_path: Path, lines: list[str]) -> dict[str, int]:
    """What a C program that has all the headers prints: "name number" per line."""
    compiler = shutil.which("gcc")
    if compiler is None:
        pytest.skip("gcc is not installed")
    source = tmp_path / "numbers.c"
    source.write_text(HEADERS + "int main(void) {\n" + "\n".join(lines) + "\nreturn 0; }\n")
    subprocess.run([compiler, "-w", str(source), "-o", str(tmp_path / "numbers")], check=True)
    printed = subprocess.run([str(tmp_path / "numbers")], capture_output=True, text=True, check=True).stdout
    return {name: int(number) for name, number in (line.split() for line in printed.splitlines())}


def test_descriptors() -> None:
    queues = ("mq_timedsend", "mq_timedreceive", "mq_notify", "mq_getsetattr")
    assert {BY_NAME[name].descriptor for name in queues} == {"mqdes"}
    makers = ("mq_open", "eventfd", "eventfd2", "signalfd", "signalfd4", "memfd_create", "memfd_secret")
    assert {BY_NAME[name].descriptor for name in makers} == {"ret"}
    assert BY_NAME["semop"].descriptor is None


def test_names_agree_with_the_headers(tmp_path: Path) -> None:
    wanted: dict[str, int] = {}
    for table in TABLES:
        wanted |= table.values
        if isinstance(table, Flags):
            for group in table.fields.values():
                wanted |= group
    lines = [
        f'#ifdef {name}\nprintf("{name} %lld\\n", (long long)({name}));\n#endif'
        for name in wanted
        if name.isidentifier()
    ]
    found = compiled(tmp_path, lines)
    assert {name: wanted[name] for name in found} == found
    assert len(found) > 60


def test_structures_agree_with_the_headers(tmp_path: Path) -> None:
    if os.uname().machine != "x86_64":
        pytest.skip("the layouts compared are those of x86_64")
    wanted = {f"{structure.name}": structure.size for structure in C_STRUCTURES}
    lines = [f'printf("{name} %zu\\n", sizeof(struct {name}));' for name in wanted]
    for structure in C_STRUCTURES:
        for member in structure.members:
            wanted[f"{structure.name}.{member.name}"] = member.offset
            lines.append(
                f'printf("{structure.name}.{member.name} %zu\\n", offsetof(struct {structure.name}, {member.name}));'
            )
    assert compiled(tmp_path, lines) == wanted


def test_semaphore_sets_have_another_layout_on_aarch64() -> None:
    """The generic layout has no room between the times (include/uapi/asm-generic/sembuf.h)."""
    data = bytes(48) + struct.pack("<qqQ", 11, 22, 33) + bytes(16)
    shown = ipc.SEMID_DS.unpack(data, Call({}, machine="aarch64"))
    assert isinstance(shown, dict)
    assert (shown["sem_otime"], shown["sem_ctime"], shown["sem_nsems"]) == (11, 22, 33)
    assert ipc.SEMID_DS.size_on("aarch64") == len(data) == 88


@pytest.mark.parametrize(
    ("table", "value", "shown"),
    [
        (ipc.SHM_GET_FLAGS, 0o1600, "IPC_CREAT|0600"),
        (ipc.SHM_GET_FLAGS, 0o7666, "IPC_CREAT|IPC_EXCL|SHM_HUGETLB|0666"),
        (ipc.SHM_GET_FLAGS, 21 << 26 | 0o5600, "SHM_HUGE_2MB|IPC_CREAT|SHM_HUGETLB|0600"),
        (ipc.SEM_GET_FLAGS, 0, "0000"),
        (ipc.SEM_GET_FLAGS, 0o100600, "0x8000|0600"),
        (ipc.SHM_ATTACH_FLAGS, 0o10000, "SHM_RDONLY"),
        (ipc.MEMFD_FLAGS, 0x3, "MFD_CLOEXEC|MFD_ALLOW_SEALING"),
        (ipc.MEMFD_FLAGS, 30 << 26 | 4, "MFD_HUGE_1GB|MFD_HUGETLB"),
        (ipc.MEMFD_FLAGS, 63 << 26, "0xfc000000"),
        (ipc.EVENTFD_FLAGS, 0o2004001, "EFD_SEMAPHORE|EFD_NONBLOCK|EFD_CLOEXEC"),
        (ipc.KEY, 0, "IPC_PRIVATE"),
        (ipc.KEY, 0x5001, "0x5001"),
        (ipc.SegmentMode(), 0o3600, "SHM_DEST|SHM_LOCKED|0600"),
        (ipc.SegmentMode(), 0o644, "0644"),
    ],
)
def test_flags(table: Flags, value: int, shown: Value) -> None:
    assert table.decode(value) == shown


def test_python_agrees() -> None:
    for name, value in {**ipc.EVENTFD_FLAGS.values, **ipc.MEMFD_FLAGS.values}.items():
        assert getattr(os, name, value) == value
    for name, value in huge_sizes("MFD").items():
        assert getattr(os, name, value) & 0xFFFFFFFF == value


def test_argument_of_semctl_depends_on_the_command() -> None:
    argument = BY_NAME["semctl"].argument("arg").type
    width = len(argument.captures())

    def decoded(command: str, raw: int, data: bytes | None = None) -> Value:
        number = ipc.SEM_CONTROL.values[command]
        copies = [data if capture.when == ("cmd", number) else None for capture in argument.captures()]
        return argument.decode(raw, copies, Call({"cmd": number}))

    assert width == 6
    assert decoded("SETVAL", 7) == 7
    assert decoded("SETALL", 0x7F00) == "0x7f00"
    assert decoded("GETVAL", 0) is None
    permissions = struct.pack("<iIIIIIHHxxxxQQ", 0x51, 1, 2, 3, 4, 0o600, 9, 0, 0, 0)
    stat = decoded("IPC_STAT", 1, permissions + struct.pack("<qQqQQQQ", 10, 0, 20, 0, 3, 0, 0))
    assert stat == {
        "sem_perm": {"key": "0x51", "uid": 1, "gid": 2, "cuid": 3, "cgid": 4, "mode": "0600", "seq": 9},
        "sem_otime": 10,
        "sem_ctime": 20,
        "sem_nsems": 3,
    }
    limits = decoded("IPC_INFO", 1, struct.pack("<10i", *range(10)))
    assert isinstance(limits, dict)
    assert list(limits.values()) == list(range(10))


def test_semaphore_operations() -> None:
    data = struct.pack("<HhHHhH", 0, -1, 0o14000, 1, 1, 0)
    assert BY_NAME["semop"].argument("sops").type.decode(1, [data]) == [
        {"sem_num": 0, "sem_op": -1, "sem_flg": "IPC_NOWAIT|SEM_UNDO"},
        {"sem_num": 1, "sem_op": 1, "sem_flg": "0"},
    ]


def test_queue_attributes_and_notification() -> None:
    data = struct.pack("<8q", 0o4000, 10, 8192, 2, 0, 0, 0, 0)
    assert BY_NAME["mq_getsetattr"].argument("oldattr").type.decode(1, [data]) == {
        "mq_flags": "O_NONBLOCK",
        "mq_maxmsg": 10,
        "mq_msgsize": 8192,
        "mq_curmsgs": 2,
    }
    event = struct.pack("<Qii48x", 5, signal.SIGUSR1, 0)
    assert BY_NAME["mq_notify"].argument("notification").type.decode(1, [event]) == {
        "sigev_value": "0x5",
        "sigev_signo": "SIGUSR1",
        "sigev_notify": "SIGEV_SIGNAL",
    }


def test_message_type() -> None:
    assert BY_NAME["msgsnd"].argument("msgp").type.decode(1, [struct.pack("<q", 42)]) == {"mtype": 42}


@given(st.sampled_from(C_STRUCTURES), st.sampled_from(["x86_64", "aarch64"]), st.binary(max_size=150))
def test_any_bytes_are_a_structure(structure: Structure, machine: str, data: bytes) -> None:
    assert isinstance(structure.unpack(data, Call({}, machine=machine)), dict)
