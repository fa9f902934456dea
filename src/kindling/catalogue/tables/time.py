"""Tables and structures of clocks and timers.

Numbers are those of linux/time.h, linux/timex.h and asm-generic/siginfo.h.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kindling.catalogue.tables.common import CLOCK, SIGNAL, TIMEVAL
from kindling.catalogue.types import (
    ADDRESS,
    I32,
    I64,
    PID,
    Call,
    Enum,
    Flags,
    Member,
    Pointer,
    Quantity,
    Structure,
    Value,
)

_CPU_CLOCKS = ("CPUCLOCK_PROF", "CPUCLOCK_VIRT", "CPUCLOCK_SCHED")


@dataclass(frozen=True, slots=True)
class ClockId(Enum):
    """A clock: a fixed one, or a negative number that holds a process, a thread or a descriptor of a clock device.

    Dynamic clocks are shown as the macros that make them: "MAKE_PROCESS_CPUCLOCK(812, CPUCLOCK_SCHED)",
    "MAKE_THREAD_CPUCLOCK(815, CPUCLOCK_PROF)", "FD_TO_CLOCKID(7)". See include/linux/posix-timers.h.
    """

    def show(self, value: int, machine: str) -> Value:
        if value >= 0:
            return f"CLOCK_AUX+{value - 16}" if 16 < value < 24 else Enum.show(self, value, machine)
        number = ~(value >> 3)
        kind = value & 7
        if kind == 3:
            return f"FD_TO_CLOCKID({number})"
        if kind == 7:
            return f"-{-value:#x}"
        owner = "THREAD" if kind & 4 else "PROCESS"
        return f"MAKE_{owner}_CPUCLOCK({number}, {_CPU_CLOCKS[kind & 3]})"


CLOCK_ID = ClockId(table="clock", signed=True, values={**CLOCK.values, "CLOCK_AUX": 16})

TIMER_FLAGS = Flags(table="TIMER_* flags", signed=True, values={"TIMER_ABSTIME": 1})

ITIMER = Enum(
    table="ITIMER_* timer",
    signed=True,
    values={"ITIMER_REAL": 0, "ITIMER_VIRTUAL": 1, "ITIMER_PROF": 2},
)

TIMERFD_FLAGS = Flags(table="TFD_* flags", signed=True, values={"TFD_CLOEXEC": 0o2000000, "TFD_NONBLOCK": 0o4000})
TIMERFD_SET_FLAGS = Flags(
    table="TFD_TIMER_* flags",
    signed=True,
    values={"TFD_TIMER_ABSTIME": 1, "TFD_TIMER_CANCEL_ON_SET": 2},
)

TIMER_ID = Quantity(4, True, unit="timer")

SIGEV_NOTIFY = Enum(
    table="SIGEV_* notification",
    signed=True,
    values={
        "SIGEV_SIGNAL": 0,
        "SIGEV_NONE": 1,
        "SIGEV_THREAD": 2,
        "SIGEV_THREAD_ID": 4,
    },
)


@dataclass(frozen=True, slots=True)
class SignalEvent(Structure):
    """A struct sigevent. Its last member is a thread only with SIGEV_THREAD_ID, and left out otherwise."""

    def unpack(self, data: bytes, call: Call = Call({})) -> Value:  # noqa: B008 - immutable
        # super() without arguments does not work in a dataclass with slots.
        shown = Structure.unpack(self, data, call)
        if isinstance(shown, dict) and shown.get("sigev_notify") != "SIGEV_THREAD_ID":
            shown.pop("sigev_notify_thread_id", None)
        return shown


SIGEVENT = SignalEvent(
    "sigevent",
    64,
    (
        Member("sigev_value", 0, ADDRESS, "value that the signal carries, or (SIGEV_THREAD) the address of a cookie"),
        Member("sigev_signo", 8, SIGNAL, "the signal"),
        Member("sigev_notify", 12, SIGEV_NOTIFY, "how to notify"),
        Member("sigev_notify_thread_id", 16, PID, "the thread that gets the signal, with SIGEV_THREAD_ID"),
    ),
)

TIMEZONE = Structure(
    "timezone",
    8,
    (
        Member("tz_minuteswest", 0, I32, "minutes west of Greenwich"),
        Member("tz_dsttime", 4, I32, "obsolete"),
    ),
)

_TICKS = Quantity(8, True, unit="clock ticks")
TMS = Structure(
    "tms",
    32,
    (
        Member("tms_utime", 0, _TICKS, "CPU time in user mode"),
        Member("tms_stime", 8, _TICKS, "CPU time in the kernel"),
        Member("tms_cutime", 16, _TICKS, "CPU time in user mode of children that were waited for"),
        Member("tms_cstime", 24, _TICKS, "CPU time in the kernel of children that were waited for"),
    ),
)

ADJUST_MODES = Flags(
    table="ADJ_* modes",
    values={
        "ADJ_OFFSET_SS_READ": 0xA001,
        "ADJ_OFFSET_SINGLESHOT": 0x8001,
        "ADJ_OFFSET": 0x0001,
        "ADJ_FREQUENCY": 0x0002,
        "ADJ_MAXERROR": 0x0004,
        "ADJ_ESTERROR": 0x0008,
        "ADJ_STATUS": 0x0010,
        "ADJ_TIMECONST": 0x0020,
        "ADJ_TAI": 0x0080,
        "ADJ_SETOFFSET": 0x0100,
        "ADJ_MICRO": 0x1000,
        "ADJ_NANO": 0x2000,
        "ADJ_TICK": 0x4000,
    },
)
CLOCK_STATUS = Flags(
    table="STA_* status",
    values={
        name: 1 << number
        for number, name in enumerate(
            "STA_PLL STA_PPSFREQ STA_PPSTIME STA_FLL STA_INS STA_DEL STA_UNSYNC STA_FREQHOLD STA_PPSSIGNAL "
            "STA_PPSJITTER STA_PPSWANDER STA_PPSERROR STA_CLOCKERR STA_NANO STA_MODE STA_CLK".split()
        )
    },
)
CLOCK_STATE = Enum(
    table="TIME_* state",
    signed=True,
    values={"TIME_OK": 0, "TIME_INS": 1, "TIME_DEL": 2, "TIME_OOP": 3, "TIME_WAIT": 4, "TIME_ERROR": 5},
)

TIMEX = Structure(
    "timex",
    208,
    (
        Member("modes", 0, ADJUST_MODES, "what is set; 0 only reads"),
        Member("offset", 8, I64, "time offset, in microseconds, with STA_NANO in nanoseconds"),
        Member("freq", 16, I64, "frequency offset, in parts per million times 65536"),
        Member("maxerror", 24, I64, "largest error, in microseconds"),
        Member("esterror", 32, I64, "estimated error, in microseconds"),
        Member("status", 40, CLOCK_STATUS, "state of the clock discipline"),
        Member("constant", 48, I64, "time constant of the phase-locked loop"),
        Member("precision", 56, I64, "precision of the clock, in microseconds"),
        Member("tolerance", 64, I64, "frequency tolerance, in parts per million times 65536"),
        Member("time", 72, TIMEVAL, "current time; nanoseconds in tv_usec with STA_NANO"),
        Member("tick", 88, I64, "microseconds between clock ticks"),
        Member("ppsfreq", 96, I64, "frequency of the pulse-per-second signal, in parts per million times 65536"),
        Member("jitter", 104, I64, "its jitter, in microseconds, with STA_NANO in nanoseconds"),
        Member("shift", 112, I32, "its interval, as a power of two of seconds"),
        Member("stabil", 120, I64, "its stability, in parts per million times 65536"),
        Member("jitcnt", 128, I64, "how often the jitter was too large"),
        Member("calcnt", 136, I64, "number of calibrations"),
        Member("errcnt", 144, I64, "number of failed calibrations"),
        Member("stbcnt", 152, I64, "how often the stability was too bad"),
        Member("tai", 160, I32, "seconds between TAI and UTC"),
    ),
)


@dataclass(frozen=True, slots=True)
class RemainingTime(Pointer):
    """What is left of a sleep, which the kernel writes only when a signal cut it short."""

    def decode(self, raw: int, data: Sequence[bytes | None] = (), call: Call = Call({})) -> Value:  # noqa: B008
        # -EINTR for the caller; the tracepoint sees -ERESTART_RESTARTBLOCK, before it is turned into that.
        return Pointer.decode(self, raw, data, call) if call.ret in (-4, -516) else None
