"""Tables and structures of signals: dispositions, sa_flags, siginfo, alternate stacks.

Numbers are those of asm-generic/siginfo.h, asm-generic/signal.h and asm/signal.h.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass

from kindling.catalogue.numbers import NUMBERS
from kindling.catalogue.tables.common import SIGNAL, SIGNALS, SignalSet, errno_name
from kindling.catalogue.types import (
    ADDRESS,
    SIZE,
    Call,
    Enum,
    Flags,
    Member,
    Pointer,
    Structure,
    Type,
    Value,
)

SIGNAL_HANDLER = Enum(
    table="signal disposition",
    size=8,
    values={"SIG_DFL": 0, "SIG_IGN": 1, "SIG_ERR": (1 << 64) - 1},
)
"""SIG_DFL, SIG_IGN or the address of a handler, which is shown in hexadecimal."""

SA_FLAGS = Flags(
    table="SA_* flags",
    size=8,
    values={
        "SA_RESTORER": 0x04000000,
        "SA_NOCLDSTOP": 0x1,
        "SA_NOCLDWAIT": 0x2,
        "SA_SIGINFO": 0x4,
        "SA_UNSUPPORTED": 0x400,
        "SA_EXPOSE_TAGBITS": 0x800,
        "SA_ONSTACK": 0x08000000,
        "SA_RESTART": 0x10000000,
        "SA_NODEFER": 0x40000000,
        "SA_RESETHAND": 0x80000000,
    },
)

SIGACTION = Structure(
    "sigaction",
    32,
    (
        Member("sa_handler", 0, SIGNAL_HANDLER, "what happens: the default, nothing, or the function at this address"),
        Member("sa_mask", 24, SignalSet(), "signals that are blocked while the handler runs"),
        Member("sa_flags", 8, SA_FLAGS, "how the handler is called"),
        Member("sa_restorer", 16, ADDRESS, "code that returns from the handler with rt_sigreturn"),
    ),
)
"""The kernel's struct sigaction. Its layout is the same on both machines and is not the C library's."""

SIGPROCMASK_HOW = Enum(
    table="SIG_* how",
    signed=True,
    values={"SIG_BLOCK": 0, "SIG_UNBLOCK": 1, "SIG_SETMASK": 2},
)

SS_FLAGS = Flags(
    table="SS_* flags",
    values={"SS_ONSTACK": 1, "SS_DISABLE": 2, "SS_AUTODISARM": 1 << 31},
)

SIGNAL_STACK = Structure(
    "sigaltstack",
    24,
    (
        Member("ss_sp", 0, ADDRESS, "lowest address of the stack"),
        Member("ss_flags", 8, SS_FLAGS, "whether it is in use, disabled or disarmed on entry to a handler"),
        Member("ss_size", 16, SIZE, "its size"),
    ),
)

PIDFD_SIGNAL_FLAGS = Flags(
    table="PIDFD_SIGNAL_* flags",
    values={
        "PIDFD_SIGNAL_THREAD": 1,
        "PIDFD_SIGNAL_THREAD_GROUP": 2,
        "PIDFD_SIGNAL_PROCESS_GROUP": 4,
    },
)

_ANY_SIGNAL = {
    "SI_USER": 0,
    "SI_KERNEL": 0x80,
    "SI_QUEUE": -1,
    "SI_TIMER": -2,
    "SI_MESGQ": -3,
    "SI_ASYNCIO": -4,
    "SI_SIGIO": -5,
    "SI_TKILL": -6,
    "SI_DETHREAD": -7,
    "SI_ASYNCNL": -60,
}

_PTRACE_EVENTS = {
    "PTRACE_EVENT_FORK": 1,
    "PTRACE_EVENT_VFORK": 2,
    "PTRACE_EVENT_CLONE": 3,
    "PTRACE_EVENT_EXEC": 4,
    "PTRACE_EVENT_VFORK_DONE": 5,
    "PTRACE_EVENT_EXIT": 6,
    "PTRACE_EVENT_SECCOMP": 7,
    "PTRACE_EVENT_STOP": 128,
}


def _codes(table: str, names: str = "", **more: int) -> Enum:
    numbered = {name: number for number, name in enumerate(names.split(), 1)}
    return Enum(table=table, signed=True, values={**_ANY_SIGNAL, **numbered, **more})


SI_CODE = _codes("SI_* code")
"""The si_code of a signal that has no codes of its own."""

SI_CODES: Mapping[str, Enum] = {
    "SIGILL": _codes(
        "ILL_* code",
        "ILL_ILLOPC ILL_ILLOPN ILL_ILLADR ILL_ILLTRP ILL_PRVOPC ILL_PRVREG ILL_COPROC ILL_BADSTK ILL_BADIADDR "
        "__ILL_BREAK __ILL_BNDMOD",
    ),
    "SIGFPE": _codes(
        "FPE_* code",
        "FPE_INTDIV FPE_INTOVF FPE_FLTDIV FPE_FLTOVF FPE_FLTUND FPE_FLTRES FPE_FLTINV FPE_FLTSUB __FPE_DECOVF "
        "__FPE_DECDIV __FPE_DECERR __FPE_INVASC __FPE_INVDEC FPE_FLTUNK FPE_CONDTRAP",
    ),
    "SIGSEGV": _codes(
        "SEGV_* code",
        "SEGV_MAPERR SEGV_ACCERR SEGV_BNDERR SEGV_PKUERR SEGV_ACCADI SEGV_ADIDERR SEGV_ADIPERR SEGV_MTEAERR "
        "SEGV_MTESERR SEGV_CPERR",
    ),
    "SIGBUS": _codes("BUS_* code", "BUS_ADRALN BUS_ADRERR BUS_OBJERR BUS_MCEERR_AR BUS_MCEERR_AO"),
    "SIGTRAP": _codes(
        "TRAP_* code",
        "TRAP_BRKPT TRAP_TRACE TRAP_BRANCH TRAP_HWBKPT TRAP_UNK TRAP_PERF",
        **{f"SIGTRAP|{name}<<8": SIGNALS["SIGTRAP"] | number << 8 for name, number in _PTRACE_EVENTS.items()},
    ),
    "SIGCHLD": _codes("CLD_* code", "CLD_EXITED CLD_KILLED CLD_DUMPED CLD_TRAPPED CLD_STOPPED CLD_CONTINUED"),
    "SIGIO": _codes("POLL_* code", "POLL_IN POLL_OUT POLL_MSG POLL_ERR POLL_PRI POLL_HUP"),
    "SIGSYS": _codes("SYS_* code", "SYS_SECCOMP SYS_USER_DISPATCH"),
}
"""The si_code values of the signals that have their own, each with the general ones."""

AUDIT_ARCH = Enum(
    table="AUDIT_ARCH_*",
    values={
        "AUDIT_ARCH_X86_64": 0xC000003E,
        "AUDIT_ARCH_I386": 0x40000003,
        "AUDIT_ARCH_AARCH64": 0xC00000B7,
        "AUDIT_ARCH_ARM": 0x40000028,
    },
)
_ARCH_MACHINES = {0xC000003E: "x86_64", 0xC00000B7: "aarch64"}


def syscall_name(number: int, arch: int) -> Value:
    """The name of a syscall of an AUDIT_ARCH_* number, its number where the catalogue does not know it."""
    machine = _ARCH_MACHINES.get(arch)
    if machine is not None:
        for name, numbers in NUMBERS.items():
            if numbers.get(machine) == number:
                return name
    return number


def code_table(signal: int) -> Enum:
    """The si_code names that go with a signal number."""
    return SI_CODES.get(str(SIGNAL.show(signal, "")), SI_CODE)


_FAULTS = {SIGNALS[name] for name in ("SIGILL", "SIGFPE", "SIGSEGV", "SIGBUS", "SIGTRAP")}


@dataclass(frozen=True, slots=True)
class SignalInfo(Type):
    """A siginfo: the signal, its code, and of its union the members that go with them.

    Which member of the union holds is decided as the kernel does it (siginfo_layout in kernel/signal.c).
    Without `times` si_utime and si_stime are left out: waitid does not write them.
    """

    times: bool = True

    def unpack(self, data: bytes, call: Call = Call({})) -> Value:  # noqa: B008 - immutable
        signal, error, code = struct.unpack_from("<iii", data)
        shown: dict[str, Value] = {
            "si_signo": SIGNAL.show(signal, call.machine),
            "si_code": code_table(signal).show(code, call.machine),
        }
        if error:
            shown["si_errno"] = errno_name(-error) or error
        return shown | self._union(signal, code, data, call.machine)

    def _union(self, signal: int, code: int, data: bytes, machine: str) -> dict[str, Value]:
        if code == -2:
            timer, overrun = struct.unpack_from("<ii", data, 16)
            return {"si_timerid": timer, "si_overrun": overrun, **_sigval(data)}
        if code == -5:
            return _poll(data)
        if 0 < code < 0x80:
            if signal in _FAULTS and code <= _own_codes(signal):
                return _fault(signal, code, data, machine)
            if signal == SIGNALS["SIGCHLD"] and code <= 6:
                return self._child(code, data, machine)
            if signal == SIGNALS["SIGSYS"] and code <= 2:
                address, number, arch = struct.unpack_from("<QiI", data, 16)
                return {
                    "si_call_addr": ADDRESS.show(address, machine),
                    "si_syscall": syscall_name(number, arch),
                    "si_arch": AUDIT_ARCH.show(arch, machine),
                }
            if code <= 6:
                return _poll(data)
        pid, uid = struct.unpack_from("<iI", data, 16)
        # SI_TKILL and SI_DETHREAD carry no value although they share their layout with SI_QUEUE, which does.
        return {"si_pid": pid, "si_uid": uid, **(_sigval(data) if code < 0 and code not in (-6, -7) else {})}

    def _child(self, code: int, data: bytes, machine: str) -> dict[str, Value]:
        pid, uid, status, user, system = struct.unpack_from("<iIi4xqq", data, 16)
        shown: dict[str, Value] = {
            "si_pid": pid,
            "si_uid": uid,
            "si_status": status if code == 1 else SIGNAL.show(status, machine),
        }
        if self.times:
            shown |= {"si_utime": user, "si_stime": system}
        return shown

    def size_on(self, machine: str) -> int:
        return 48

    def schema(self) -> dict[str, object]:
        return {
            "type": "object",
            "properties": {"si_signo": {"type": "string"}, "si_code": {"type": "string"}},
        }

    def meaning(self) -> str:
        return "siginfo"


def _own_codes(signal: int) -> int:
    # The largest code of the signal's own; those that hold a ptrace event are not numbered on from it.
    return max(code for code in code_table(signal).values.values() if code < 0x80)


def _sigval(data: bytes) -> dict[str, Value]:
    (number,) = struct.unpack_from("<i", data, 24)
    (pointer,) = struct.unpack_from("<Q", data, 24)
    return {"si_int": number, "si_ptr": ADDRESS.show(pointer, "")}


def _poll(data: bytes) -> dict[str, Value]:
    band, fd = struct.unpack_from("<qi", data, 16)
    return {"si_band": band, "si_fd": fd}


def _fault(signal: int, code: int, data: bytes, machine: str) -> dict[str, Value]:
    (address,) = struct.unpack_from("<Q", data, 16)
    shown: dict[str, Value] = {"si_addr": ADDRESS.show(address, machine)}
    name = code_table(signal).show(code, machine)
    if name in ("BUS_MCEERR_AR", "BUS_MCEERR_AO"):
        shown["si_addr_lsb"] = struct.unpack_from("<h", data, 24)[0]
    elif name == "SEGV_BNDERR":
        lower, upper = struct.unpack_from("<QQ", data, 32)
        shown |= {"si_lower": ADDRESS.show(lower, machine), "si_upper": ADDRESS.show(upper, machine)}
    elif name == "SEGV_PKUERR":
        shown["si_pkey"] = struct.unpack_from("<I", data, 32)[0]
    elif name == "TRAP_PERF":
        value, kind, flags = struct.unpack_from("<QII", data, 24)
        shown |= {"si_perf_data": value, "si_perf_type": kind, "si_perf_flags": flags}
    return shown


SIGNAL_INFO = Pointer(SignalInfo())
WAIT_INFO = Pointer(SignalInfo(times=False))
