"""Decoding of the process area, and all tables of the C side's headers that the areas of processes use."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import struct
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from kindling.catalogue import own, process
from kindling.catalogue.model import Definition
from kindling.catalogue.syscalls import process as process_calls
from kindling.catalogue.syscalls import scheduler as scheduler_calls
from kindling.catalogue.syscalls import signal as signal_calls
from kindling.catalogue.syscalls import time as time_calls
from kindling.catalogue.syscalls import user as user_calls
from kindling.catalogue.tables import process as tables
from kindling.catalogue.tables import scheduler, signal, time, user
from kindling.catalogue.types import Call, Enum, Flags, Structure, Switch, Value

CALLS = {
    definition.name: definition
    for module in (process_calls, scheduler_calls, signal_calls, time_calls, user_calls)
    for definition in module.SYSCALLS
}
ALL = [*CALLS.values(), *process.EVENTS, *own.EVENTS]

HEADERS = (
    "stddef.h linux/sched.h linux/sched/types.h linux/prctl.h linux/ptrace.h linux/seccomp.h linux/futex.h "
    "linux/kcmp.h linux/ioprio.h linux/timex.h linux/time.h linux/timerfd.h linux/wait.h linux/resource.h linux/rseq.h "
    "linux/pidfd.h linux/personality.h linux/capability.h linux/securebits.h linux/elf.h linux/audit.h linux/filter.h "
    "linux/times.h asm/prctl.h asm/ptrace-abi.h asm/ldt.h asm/signal.h asm-generic/siginfo.h"
)
STRUCTURES: dict[str, Structure] = {
    "struct clone_args": tables.CLONE_ARGS,
    "struct rlimit64": tables.RLIMIT64,
    "struct rlimit": tables.RLIMIT,
    "struct rusage": tables.RUSAGE,
    "struct kcmp_epoll_slot": tables.KCMP_EPOLL_SLOT,
    "struct sock_fprog": tables.FILTER_PROGRAM,
    "struct seccomp_notif_sizes": tables.SECCOMP_SIZES,
    "struct sched_attr": scheduler.SCHED_ATTR,
    "struct futex_waitv": scheduler.FUTEX_WAITER,
    "struct sigaction": signal.SIGACTION,
    "stack_t": signal.SIGNAL_STACK,
    "struct timex": time.TIMEX,
    "struct timezone": time.TIMEZONE,
    "struct tms": time.TMS,
    "struct __user_cap_header_struct": user.CAPABILITY_HEADER,
}

ENUMERATORS = (
    "PER_LINUX PER_BSD PER_LINUX32 PER_RISCOS PER_OSF4 PER_HPUX UNAME26 ADDR_NO_RANDOMIZE FDPIC_FUNCPTRS "
    "MMAP_PAGE_ZERO ADDR_COMPAT_LAYOUT READ_IMPLIES_EXEC ADDR_LIMIT_32BIT SHORT_INODE WHOLE_SECONDS STICKY_TIMEOUTS "
    "ADDR_LIMIT_3GB KCMP_FILE KCMP_VM KCMP_FILES KCMP_FS KCMP_SIGHAND KCMP_IO KCMP_SYSVSEM KCMP_EPOLL_TFD "
    "IOPRIO_CLASS_NONE IOPRIO_CLASS_RT IOPRIO_CLASS_BE IOPRIO_CLASS_IDLE IOPRIO_WHO_PROCESS IOPRIO_WHO_PGRP "
    "IOPRIO_WHO_USER RSEQ_FLAG_UNREGISTER"
).split()


def names() -> dict[str, int]:
    """Every name of every table of these areas with its number."""
    found: dict[str, int] = {}

    def add(values: Mapping[str, int]) -> None:
        found.update({name: value for name, value in values.items() if name.isidentifier()})

    for module in (tables, scheduler, signal, time, user):
        for value in vars(module).values():
            if isinstance(value, Enum | Flags):
                add(value.values)
                add(value.machines.get("x86_64", {}))
            if isinstance(value, Flags):
                for group in value.fields.values():
                    add(group)
    for codes in signal.SI_CODES.values():
        add(codes.values)
    add(scheduler._FUTEX)
    return found


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the values that are compared are those of x86_64")
@pytest.mark.skipif(shutil.which("gcc") is None, reason="needs a C compiler")
def test_tables_and_structures_are_those_of_the_headers(tmp_path: Path) -> None:
    # Only macros can be asked for whether this machine's headers have them; what is an enumeration is listed below.
    lines = [f"#if __has_include(<{header}>)\n#include <{header}>\n#endif" for header in HEADERS.split()]
    lines += ["extern int printf(const char *, ...);", "int main(void) {"]
    checked = names()
    for name in checked:
        lines += [f"#ifdef {name}", f'printf("{name} %lld\\n", (long long)({name}));', "#endif"]
    for c_name, structure in STRUCTURES.items():
        lines.append(f'printf("{c_name.replace(" ", "_")} %lld\\n", (long long)sizeof({c_name}));')
        for member in structure.members:
            where = f"offsetof({c_name}, {member.name})"
            lines.append(f'printf("{c_name.replace(" ", "_")}.{member.name} %lld\\n", (long long){where});')
    lines += [f'printf("{name} %lld\\n", (long long){name});' for name in ENUMERATORS]
    lines.append("return 0; }")
    source = tmp_path / "names.c"
    source.write_text("\n".join(lines))
    subprocess.run(["gcc", "-w", "-o", tmp_path / "names", source], check=True)
    printed = subprocess.run([tmp_path / "names"], check=True, capture_output=True, text=True).stdout
    expected: dict[str, int] = {}
    for c_name, structure in STRUCTURES.items():
        key = c_name.replace(" ", "_")
        expected[key] = structure.size
        expected |= {f"{key}.{member.name}": member.offset for member in structure.members}
    wrong: dict[str, tuple[int, int]] = {}
    seen = 0
    for line in printed.splitlines():
        name, number = line.split()
        ours = expected[name] if name in expected else checked[name]
        seen += 1
        if (ours ^ int(number)) & 0xFFFFFFFF:
            wrong[name] = (ours, int(number))
    assert not wrong
    assert seen > 300


def test_names_are_unique() -> None:
    spoken = [name for definition in ALL for name in (definition.name, *definition.aliases)]
    assert len(spoken) == len(set(spoken))


def decode(name: str, argument: str, raw: int, *data: bytes | None, **registers: int) -> Value:
    """What an argument shows for a register, copies in the order of its captures and other registers."""
    ret = registers.pop("ret", 0)
    shown: Value = CALLS[name].argument(argument).type.decode(raw, data, Call({argument: raw, **registers}, ret))
    return shown


def chosen(name: str, argument: str, option: str, raw: int, data: bytes) -> Value:
    """As `decode`, for an argument that depends on another one: `data` is put where the chosen case looks."""
    switch = CALLS[name].argument(argument).type
    assert isinstance(switch, Switch)
    number = switch.enum.values[option]
    copies = [data if capture.when == (switch.on, number) else None for capture in switch.captures()]
    assert copies.count(data) == 1
    return decode(name, argument, raw, *copies, **{switch.on: number})


def test_clone_flags_end_with_the_exit_signal() -> None:
    show = tables.CLONE_FLAGS.show
    assert show(0x01200011, "x86_64") == "CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD"
    assert show(0x4111, "x86_64") == "CLONE_VM|CLONE_VFORK|SIGCHLD"
    assert show(17, "x86_64") == "SIGCHLD"
    assert show(0, "x86_64") == "0"
    assert show(0x100, "x86_64") == "CLONE_VM"
    assert show(1 << 40 | 0xFF, "x86_64") == "0x10000000000|0xff"


def test_clone_registers_by_machine() -> None:
    registers = {"child_tid": 0x1000, "tls": 0x2000}
    for machine, child, tls in (("x86_64", "0x1000", "0x2000"), ("aarch64", "0x2000", "0x1000")):
        call = Call(registers, 7, machine)
        clone = CALLS["clone"]
        assert clone.argument("child_tid").type.decode(0x1000, (), call) == child
        assert clone.argument("tls").type.decode(0x2000, (), call) == tls


def test_clone_parent_word() -> None:
    word = struct.pack("<i", 815)
    assert decode("clone", "parent_tid", 0x1000, word, flags=0x100000) == 815
    assert decode("clone", "parent_tid", 0x1000, word, flags=0x1000) == 815
    assert decode("clone", "parent_tid", 0x1000, word, flags=17) == "0x1000"
    assert decode("clone", "parent_tid", 0x1000, None, flags=0x1000) is None


def test_clone3_of_every_size() -> None:
    full = struct.pack("<11Q", 1 << 33 | 0x3D0F00, 0, 1, 2, 17, 3, 4096, 4, 5, 1, 9)
    shown = decode("clone3", "cl_args", 0x1000, full, size=88)
    assert isinstance(shown, dict)
    assert shown["flags"] == (
        "CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD|CLONE_SYSVSEM|CLONE_SETTLS|CLONE_PARENT_SETTID|"
        "CLONE_CHILD_CLEARTID|CLONE_INTO_CGROUP"
    )
    assert shown["exit_signal"] == "SIGCHLD"
    assert shown["stack_size"] == 4096
    assert shown["cgroup"] == 9
    older = decode("clone3", "cl_args", 0x1000, full[:64], size=64)
    assert isinstance(older, dict)
    assert list(older) == list(shown)[:8]
    assert tables.UNSHARE_FLAGS.show(0x100080, "x86_64") == "CLONE_NEWTIME|UNSHARE_EMPTY_MNTNS"


def test_wait_results_only_with_a_child() -> None:
    status = struct.pack("<i", 3 << 8)
    assert decode("wait4", "wstatus", 1, status, ret=99) == {"exited": 3}
    assert decode("wait4", "wstatus", 1, status, ret=0) is None
    assert tables.WAIT4_OPTIONS.show(0x40000003, "x86_64") == "WNOHANG|WUNTRACED|__WALL"
    assert tables.WAITID_OPTIONS.show(0x01000006, "x86_64") == "WSTOPPED|WEXITED|WNOWAIT"


def test_wait4_status_of_a_real_child() -> None:
    child = os.fork()
    if child == 0:
        os._exit(7)
    _, status, usage = os.wait4(child, 0)
    assert decode("wait4", "wstatus", 1, struct.pack("<i", status), ret=child) == {"exited": 7}
    assert usage.ru_utime >= 0


def test_limits() -> None:
    rlimit = tables.RESOURCE.values
    for name in dir(resource):
        if name.startswith("RLIMIT_") and name != "RLIMIT_OFILE":
            assert rlimit[name] == getattr(resource, name)
    data = struct.pack("<QQ", 20000, (1 << 64) - 1)
    assert decode("prlimit64", "old_rlim", 1, data) == {"rlim_cur": 20000, "rlim_max": "RLIM64_INFINITY"}
    assert decode("getrlimit", "rlim", 1, data) == {"rlim_cur": 20000, "rlim_max": "RLIM_INFINITY"}
    assert tables.RUSAGE_WHO.decode(0xFFFFFFFF) == "RUSAGE_CHILDREN"


def test_prctl_arguments() -> None:
    assert chosen("prctl", "arg2", "PR_SET_NAME", 0x1000, b"worker") == b"worker"
    assert chosen("prctl", "arg2", "PR_GET_NAME", 0x1000, b"worker".ljust(16, b"\0")) == b"worker"
    assert chosen("prctl", "arg2", "PR_GET_PDEATHSIG", 0x1000, struct.pack("<i", 15)) == "SIGTERM"
    assert chosen("prctl", "arg5", "PR_SET_VMA", 0x1000, b"heap") == b"heap"
    option = tables.PRCTL.values
    assert decode("prctl", "arg2", 9, *[None] * 8, option=option["PR_SET_PDEATHSIG"]) == "SIGKILL"
    assert decode("prctl", "arg2", 40, *[None] * 8, option=option["PR_CAPBSET_READ"]) == "CAP_CHECKPOINT_RESTORE"
    assert decode("prctl", "arg2", 2, *[None] * 8, option=option["PR_CAP_AMBIENT"]) == "PR_CAP_AMBIENT_RAISE"
    assert decode("prctl", "arg3", 21, *[None] * 8, option=option["PR_CAP_AMBIENT"]) == "CAP_SYS_ADMIN"
    assert decode("prctl", "arg3", 2, option=option["PR_SET_THP_DISABLE"]) == "PR_THP_DISABLE_EXCEPT_ADVISED"
    assert decode("prctl", "arg2", (1 << 64) - 1, *[None] * 8, option=option["PR_SET_PTRACER"]) == "PR_SET_PTRACER_ANY"
    assert decode("prctl", "arg2", 812, *[None] * 8, option=option["PR_SET_PTRACER"]) == 812
    assert decode("prctl", "arg2", 0x1234, *[None] * 8, option=0xDEAD) == "0x1234"
    assert tables.PRCTL.decode(0xDEAD) == "0xdead"


def test_arch_prctl_arguments() -> None:
    assert chosen("arch_prctl", "addr", "ARCH_GET_FS", 0x1000, struct.pack("<Q", 0x7F00)) == "0x7f00"
    assert chosen("arch_prctl", "addr", "ARCH_SHSTK_STATUS", 0x1000, struct.pack("<Q", 3)) == (
        "ARCH_SHSTK_SHSTK|ARCH_SHSTK_WRSS"
    )
    assert decode("arch_prctl", "addr", 0x7F12, *[None] * 8, op=0x1002) == "0x7f12"
    assert decode("arch_prctl", "op", 0x3001) == "0x3001"


def test_ptrace_requests_by_machine() -> None:
    assert tables.PTRACE_REQUEST.show(33, "x86_64") == "PTRACE_SINGLEBLOCK"
    assert tables.PTRACE_REQUEST.show(33, "aarch64") == "PTRACE_PEEKMTETAGS"
    assert tables.PTRACE_REQUEST.show(12, "aarch64") == "0xc"


def test_ptrace_data() -> None:
    assert chosen("ptrace", "data", "PTRACE_PEEKDATA", 0x1000, struct.pack("<Q", 0xABC)) == "0xabc"
    requests = tables.PTRACE_REQUEST.values
    assert decode("ptrace", "data", 0x100001, *[None] * 8, request=requests["PTRACE_SEIZE"]) == (
        "PTRACE_O_TRACESYSGOOD|PTRACE_O_EXITKILL"
    )
    assert decode("ptrace", "data", 11, *[None] * 8, request=requests["PTRACE_CONT"]) == "SIGSEGV"
    assert decode("ptrace", "addr", 1, request=requests["PTRACE_GETREGSET"]) == "NT_PRSTATUS"
    entry = struct.pack("<B3xIQQQ6Q", 1, 0xC000003E, 0x400000, 0x7FFF, 257, 1, 2, 3, 4, 5, 6)
    assert chosen("ptrace", "data", "PTRACE_GET_SYSCALL_INFO", 0x1000, entry.ljust(88, b"\0")) == {
        "op": "PTRACE_SYSCALL_INFO_ENTRY",
        "arch": "AUDIT_ARCH_X86_64",
        "instruction_pointer": "0x400000",
        "stack_pointer": "0x7fff",
        "nr": "openat",
        "args": ["0x1", "0x2", "0x3", "0x4", "0x5", "0x6"],
    }
    leave = struct.pack("<B3xIQQqB", 2, 0xC00000B7, 1, 2, -errno.ENOENT, 1)
    shown = chosen("ptrace", "data", "PTRACE_GET_SYSCALL_INFO", 0x1000, leave.ljust(88, b"\0"))
    assert isinstance(shown, dict)
    assert (shown["arch"], shown["rval"], shown["error"]) == ("AUDIT_ARCH_AARCH64", -errno.ENOENT, "ENOENT")


def test_seccomp_arguments() -> None:
    program = struct.pack("<H6xQ", 12, 0x7F00)
    assert chosen("seccomp", "args", "SECCOMP_SET_MODE_FILTER", 0x1000, program) == {"len": 12, "filter": "0x7f00"}
    action = struct.pack("<I", 0x7FC00000)
    assert chosen("seccomp", "args", "SECCOMP_GET_ACTION_AVAIL", 0x1000, action) == "SECCOMP_RET_USER_NOTIF"
    assert decode("seccomp", "flags", 9, operation=1) == "SECCOMP_FILTER_FLAG_TSYNC|SECCOMP_FILTER_FLAG_NEW_LISTENER"
    assert decode("seccomp", "flags", 0, operation=2) == "0"


def test_kcmp_arguments() -> None:
    assert decode("kcmp", "idx1", 7, None, type=0) == 7
    slot = struct.pack("<III", 3, 5, 0)
    assert chosen("kcmp", "idx2", "KCMP_EPOLL_TFD", 0x1000, slot) == {"efd": 3, "tfd": 5, "toff": 0}


def test_personality() -> None:
    assert tables.PERSONALITY.decode(0xFFFFFFFF) == "0xffffffff"
    assert tables.PERSONALITY.decode(0) == "PER_LINUX"
    assert tables.PERSONALITY.decode(0x0040008) == "PER_LINUX32|ADDR_NO_RANDOMIZE"


def test_process_descriptors() -> None:
    assert tables.PIDFD.decode(5) == 5
    assert tables.PIDFD.decode(-10000 & (1 << 64) - 1) == "PIDFD_SELF_THREAD"
    assert CALLS["pidfd_open"].descriptor == "ret"
    assert CALLS["pidfd_getfd"].descriptor == "ret"
    assert CALLS["pidfd_send_signal"].descriptor == "pidfd"


def test_user_descriptor() -> None:
    data = struct.pack("<iIII", -1, 0, 0xFFFFF, 0b1010001)
    assert tables.USER_DESC.unpack(data) == {
        "entry_number": -1,
        "base_addr": 0,
        "limit": 0xFFFFF,
        "flags": "MODIFY_LDT_CONTENTS_DATA|seg_32bit|limit_in_pages|useable",
    }


def event(name: str) -> Definition:
    return next(definition for definition in (*process.EVENTS, *own.EVENTS) if definition.name == name)


def test_signal_codes_depend_on_the_signal() -> None:
    code = event("signal_deliver").argument("code").type

    def show(signal_number: int, value: int) -> Value:
        return code.decode(value & (1 << 64) - 1, (), Call({"signal": signal_number}))

    assert show(11, 1) == "SEGV_MAPERR"
    assert show(17, 1) == "CLD_EXITED"
    assert show(15, 0) == "SI_USER"
    assert show(11, -6) == "SI_TKILL"
    assert show(34, -1) == "SI_QUEUE"
    assert show(9, 0x80) == "SI_KERNEL"
    assert show(5, 5 | 4 << 8) == "SIGTRAP|PTRACE_EVENT_EXEC<<8"
    assert show(15, 77) == "0x4d"


def test_process_end_and_loss() -> None:
    assert event("process_exit").argument("status").type.decode(0x8B) == {"killed": "SIGSEGV", "core": True}
    assert event("process_exit").argument("group_dead").type.decode(1) is True
    assert event("signal_deliver").argument("handler").type.decode(0) == "SIG_DFL"
    assert event("signal_deliver").argument("handler").type.decode(0x55AA) == "0x55aa"
    assert event("lost").argument("cause").type.decode(1) == "ring_full"
    assert list(own.LOSS_CAUSE.values.values()) == [1, 2, 3, 4, 5, 6]
