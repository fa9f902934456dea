"""Syscalls on clocks, timers, timer descriptors and sleep."""

from __future__ import annotations

from kindling.catalogue.define import Category, Result, arg, inout, out, syscall
from kindling.catalogue.model import Definition
from kindling.catalogue.tables.common import (
    ITIMERSPEC,
    ITIMERVAL,
    TIMESPEC,
    TIMESPEC_POINTER,
    TIMEVAL_POINTER,
)
from kindling.catalogue.tables.time import (
    CLOCK_ID,
    CLOCK_STATE,
    ITIMER,
    SIGEVENT,
    TIMER_FLAGS,
    TIMER_ID,
    TIMERFD_FLAGS,
    TIMERFD_SET_FLAGS,
    TIMEX,
    TIMEZONE,
    TMS,
    RemainingTime,
)
from kindling.catalogue.types import COUNT32, FD, I32, I64, SECONDS, Pointer, Quantity

_SECONDS32 = Quantity(4, False, unit="seconds")
_CLOCK_EINVAL = "there is no such clock, or it cannot do this"
_ADJUST_ERRORS = {
    "EPERM": "modes sets something and the caller lacks CAP_SYS_TIME",
    "EINVAL": "a value that is set is out of range",
    "EFAULT": "buf is not accessible memory",
}

SYSCALLS: tuple[Definition, ...] = (
    syscall(
        "nanosleep",
        Category.SLEEP,
        "Sleep for a time, measured on CLOCK_MONOTONIC. A signal that runs a handler ends it early.",
        arg(
            "req",
            TIMESPEC_POINTER,
            "how long to sleep; the remaining time if rem is the same memory and it was cut short",
        ),
        inout("rem", RemainingTime(TIMESPEC), "time left, written only when a signal cut the sleep short"),
        result=Result(
            I32,
            "0 when the whole time has passed",
            {
                "EINTR": "a handler ran before the time was over",
                "ERESTART_RESTARTBLOCK": "a signal came; the caller sees EINTR if a handler runs, or sleeps on",
                "EINVAL": "negative seconds, or nanoseconds of a second or more",
                "EFAULT": "req or rem is not accessible memory",
            },
        ),
        related=("clock_nanosleep", "pause", "restart_syscall"),
    ),
    syscall(
        "clock_nanosleep",
        Category.SLEEP,
        "Sleep on a given clock, for a time or until a point of time. With TIMER_ABSTIME a sleep that is repeated "
        "after a signal does not drift. nanosleep and sleep of recent C libraries end here.",
        arg("clockid", CLOCK_ID, "clock that measures the sleep"),
        arg("flags", TIMER_FLAGS, "TIMER_ABSTIME: t is a point of time"),
        arg(
            "t",
            TIMESPEC_POINTER,
            "how long, or until when; the remaining time if remain is the same memory and it was cut",
        ),
        inout("remain", RemainingTime(TIMESPEC), "time left, written only when a signal cut a relative sleep short"),
        result=Result(
            I32,
            "0 when the time has come",
            {
                "EINTR": "a handler ran before the time was over",
                "ERESTART_RESTARTBLOCK": "a signal came; the caller sees EINTR if a handler runs, or sleeps on",
                "ERESTARTNOHAND": "the same for a sleep until a point of time",
                "EINVAL": "no such clock, the thread's own CPU clock, or not a valid time",
                "EOPNOTSUPP": "nothing can sleep on this clock",
                "EFAULT": "t or remain is not accessible memory",
            },
        ),
        related=("nanosleep", "clock_gettime", "timerfd_settime", "restart_syscall"),
    ),
    syscall(
        "alarm",
        Category.TIME,
        "Have SIGALRM sent after a number of seconds; replaces an alarm or ITIMER_REAL that was set before. Cannot "
        "fail.",
        arg("seconds", _SECONDS32, "seconds until the signal; 0 takes the alarm away"),
        result=Result(_SECONDS32, "seconds that were left of the alarm before; 0 if there was none"),
        related=("setitimer", "pause", "timer_create"),
    ),
    syscall(
        "getitimer",
        Category.TIME,
        "Ask how much is left of one of the three interval timers of the process.",
        arg("which", ITIMER, "real time (SIGALRM), user CPU time (SIGVTALRM) or all CPU time (SIGPROF)"),
        out("curr_value", Pointer(ITIMERVAL), "time left, and the interval after that"),
        result=Result(
            I32,
            "0",
            {"EINVAL": "which is none of the three timers", "EFAULT": "curr_value is not writable memory"},
        ),
        related=("setitimer", "alarm", "timer_gettime"),
    ),
    syscall(
        "setitimer",
        Category.TIME,
        "Set one of the three interval timers of the process, which sends a signal when it expires, perhaps again and "
        "again.",
        arg("which", ITIMER, "real time (SIGALRM), user CPU time (SIGVTALRM) or all CPU time (SIGPROF)"),
        arg("new_value", Pointer(ITIMERVAL), "time until it expires, 0 to stop it, and the interval after that"),
        out("old_value", Pointer(ITIMERVAL), "setting before the call; null if not wanted"),
        result=Result(
            I32,
            "0",
            {
                "EINVAL": "which is none of the three timers, or not a valid time",
                "EFAULT": "new_value or old_value is not accessible memory",
            },
        ),
        related=("getitimer", "alarm", "timer_settime"),
    ),
    syscall(
        "time",
        Category.TIME,
        "Ask the seconds since 1970. Seldom seen: the C library answers it from the vDSO without entering the kernel.",
        out("tloc", Pointer(I64), "where the seconds are stored too; null if not wanted"),
        result=Result(SECONDS, "seconds since 1970-01-01 00:00 UTC", {"EFAULT": "tloc is not writable memory"}),
        related=("gettimeofday", "clock_gettime"),
    ),
    syscall(
        "gettimeofday",
        Category.TIME,
        "Ask the time of day in microseconds. Seldom seen: the C library answers it from the vDSO without entering the "
        "kernel.",
        out("tv", TIMEVAL_POINTER, "time since 1970; null if not wanted"),
        out("tz", Pointer(TIMEZONE), "the kernel's time zone, which nothing should use; null if not wanted"),
        result=Result(I32, "0", {"EFAULT": "tv or tz is not writable memory"}),
        related=("clock_gettime", "settimeofday", "time"),
    ),
    syscall(
        "settimeofday",
        Category.TIME,
        "Set the time of day, the kernel's time zone, or both. The first time zone after boot shifts a clock that ran "
        "in local time.",
        arg("tv", TIMEVAL_POINTER, "the new time since 1970; null leaves it"),
        arg("tz", Pointer(TIMEZONE), "the new time zone; null leaves it"),
        result=Result(
            I32,
            "0",
            {
                "EPERM": "no CAP_SYS_TIME",
                "EINVAL": "not a valid time, before the uptime, or a time zone of more than 15 hours",
                "EFAULT": "tv or tz is not readable memory",
            },
        ),
        related=("clock_settime", "gettimeofday", "adjtimex"),
    ),
    syscall(
        "times",
        Category.TIME,
        "Ask the CPU time of the process and of its children that were waited for, in clock ticks (100 a second).",
        out("buf", Pointer(TMS), "the four times; null if not wanted"),
        result=Result(
            Quantity(8, True, unit="clock ticks"),
            "ticks since a point in the past; may wrap around",
            {"EFAULT": "buf is not writable memory"},
        ),
        related=("getrusage", "clock_gettime"),
    ),
    syscall(
        "adjtimex",
        Category.TIME,
        "Read or tune the discipline of the system clock: what time daemons steer it with.",
        inout("buf", Pointer(TIMEX), "what to set; after the call the state of the clock"),
        result=Result(
            CLOCK_STATE, "state of the clock: whether a leap second is due, or that it is not in step", _ADJUST_ERRORS
        ),
        related=("clock_adjtime", "clock_settime", "settimeofday"),
    ),
    syscall(
        "clock_adjtime",
        Category.TIME,
        "Read or tune a clock as adjtimex does for CLOCK_REALTIME; also for the clock devices of network cards (PTP).",
        arg("clk_id", CLOCK_ID, "the clock"),
        inout("buf", Pointer(TIMEX), "what to set; after the call the state of the clock"),
        result=Result(
            CLOCK_STATE,
            "state of the clock: whether a leap second is due, or that it is not in step",
            {**_ADJUST_ERRORS, "EOPNOTSUPP": "this clock cannot be tuned", "ENODEV": "the clock device is gone"},
        ),
        related=("adjtimex", "clock_settime", "clock_gettime"),
        manual="adjtimex(2)",
    ),
    syscall(
        "clock_gettime",
        Category.TIME,
        "Ask the time of a clock. For the common clocks the C library answers it from the vDSO; the call itself is "
        "seen for CPU clocks, clock devices and where the clock source cannot be read by programs.",
        arg("clockid", CLOCK_ID, "the clock"),
        out("tp", TIMESPEC_POINTER, "its time"),
        result=Result(
            I32,
            "0",
            {
                "EINVAL": "there is no such clock, or the process of a CPU clock has ended",
                "EFAULT": "tp is not writable memory",
                "ENODEV": "the clock device is gone",
            },
        ),
        related=("clock_settime", "clock_getres", "clock_nanosleep", "gettimeofday"),
    ),
    syscall(
        "clock_settime",
        Category.TIME,
        "Set a clock: CLOCK_REALTIME, an auxiliary clock or a clock device.",
        arg("clockid", CLOCK_ID, "the clock"),
        arg("tp", TIMESPEC_POINTER, "its new time"),
        result=Result(
            I32,
            "0",
            {
                "EPERM": "no CAP_SYS_TIME, or the clock device was not opened for writing",
                "EINVAL": "no such clock, one that cannot be set, or not a valid time",
                "EFAULT": "tp is not readable memory",
            },
        ),
        related=("clock_gettime", "clock_adjtime", "settimeofday"),
    ),
    syscall(
        "clock_getres",
        Category.TIME,
        "Ask the resolution of a clock: 1 ns with high-resolution timers, a tick for the coarse clocks.",
        arg("clockid", CLOCK_ID, "the clock"),
        out("res", TIMESPEC_POINTER, "its resolution; null only checks that it exists"),
        result=Result(I32, "0", {"EINVAL": _CLOCK_EINVAL, "EFAULT": "res is not writable memory"}),
        related=("clock_gettime", "clock_settime"),
    ),
    syscall(
        "timer_create",
        Category.TIME,
        "Make a timer of the process that runs on a clock and tells of its end by a signal. It starts with "
        "timer_settime.",
        arg("clockid", CLOCK_ID, "clock that the timer runs on"),
        arg("sevp", Pointer(SIGEVENT), "how it tells; null sends SIGALRM with the timer's id"),
        inout(
            "timerid", Pointer(TIMER_ID), "id of the new timer; read as the wanted id after PR_TIMER_CREATE_RESTORE_IDS"
        ),
        result=Result(
            I32,
            "0",
            {
                "EINVAL": "no such clock, signal or notification, or the thread is not of this process",
                "EAGAIN": "no memory, or the limit of pending signals is reached (RLIMIT_SIGPENDING)",
                "EOPNOTSUPP": "this clock has no timers",
                "EPERM": "an alarm clock and no CAP_WAKE_ALARM",
                "EFAULT": "sevp or timerid is not accessible memory",
            },
        ),
        related=("timer_settime", "timer_delete", "timerfd_create"),
    ),
    syscall(
        "timer_settime",
        Category.TIME,
        "Start, restart or stop a timer of the process.",
        arg("timerid", TIMER_ID, "the timer"),
        arg("flags", TIMER_FLAGS, "TIMER_ABSTIME: it_value is a point of time"),
        arg("new_value", Pointer(ITIMERSPEC), "time until it expires, 0 to stop it, and the interval after that"),
        out("old_value", Pointer(ITIMERSPEC), "setting before the call; null if not wanted"),
        result=Result(
            I32,
            "0",
            {
                "EINVAL": "there is no such timer, or not a valid time",
                "EFAULT": "new_value or old_value is not accessible memory",
            },
        ),
        related=("timer_create", "timer_gettime", "timer_getoverrun"),
    ),
    syscall(
        "timer_gettime",
        Category.TIME,
        "Ask how much is left of a timer of the process.",
        arg("timerid", TIMER_ID, "the timer"),
        out("curr_value", Pointer(ITIMERSPEC), "time left, 0 if it is stopped, and the interval after that"),
        result=Result(I32, "0", {"EINVAL": "there is no such timer", "EFAULT": "curr_value is not writable memory"}),
        related=("timer_settime", "timer_create"),
    ),
    syscall(
        "timer_getoverrun",
        Category.TIME,
        "Ask how often a timer has expired again between its last signal's sending and its delivery.",
        arg("timerid", TIMER_ID, "the timer"),
        result=Result(COUNT32, "expirations without a signal of their own", {"EINVAL": "there is no such timer"}),
        related=("timer_settime", "timer_create"),
    ),
    syscall(
        "timer_delete",
        Category.TIME,
        "Remove a timer of the process; it is stopped first.",
        arg("timerid", TIMER_ID, "the timer"),
        result=Result(I32, "0", {"EINVAL": "there is no such timer"}),
        related=("timer_create",),
    ),
    syscall(
        "timerfd_create",
        Category.TIME,
        "Make a timer that is a descriptor: it becomes readable when it expires, and a read tells how often it has.",
        arg("clockid", CLOCK_ID, "clock that the timer runs on"),
        arg("flags", TIMERFD_FLAGS, "close on exec, non-blocking reads"),
        result=Result(
            FD,
            "the new descriptor",
            {
                "EINVAL": "a clock that timers cannot run on, or unknown flags",
                "EPERM": "an alarm clock and no CAP_WAKE_ALARM",
                "EMFILE": "the process has as many descriptors as it may",
                "ENFILE": "the system has as many open files as it may",
                "ENODEV": "the anonymous inode file system could not be used",
                "ENOMEM": "no memory for the timer",
            },
        ),
        related=("timerfd_settime", "timerfd_gettime", "read", "epoll_wait"),
    ),
    syscall(
        "timerfd_settime",
        Category.TIME,
        "Start, restart or stop the timer behind a descriptor.",
        arg("fd", FD, "the timer"),
        arg(
            "flags",
            TIMERFD_SET_FLAGS,
            "whether it_value is a point of time, and whether a jump of the clock ends reads",
        ),
        arg("new_value", Pointer(ITIMERSPEC), "time until it expires, 0 to stop it, and the interval after that"),
        out("old_value", Pointer(ITIMERSPEC), "setting before the call; null if not wanted"),
        result=Result(
            I32,
            "0",
            {
                "EBADF": "fd is not an open descriptor",
                "EINVAL": "fd is not a timer, not a valid time, or unknown flags",
                "ECANCELED": "the timer was set, and the clock had jumped since it was last set with CANCEL_ON_SET",
                "EFAULT": "new_value or old_value is not accessible memory",
            },
        ),
        related=("timerfd_create", "timerfd_gettime", "timer_settime"),
    ),
    syscall(
        "timerfd_gettime",
        Category.TIME,
        "Ask how much is left of the timer behind a descriptor.",
        arg("fd", FD, "the timer"),
        out("curr_value", Pointer(ITIMERSPEC), "time left, 0 if it is stopped, and the interval after that"),
        result=Result(
            I32,
            "0",
            {
                "EBADF": "fd is not an open descriptor",
                "EINVAL": "fd is not a timer",
                "EFAULT": "curr_value is not writable memory",
            },
        ),
        related=("timerfd_create", "timerfd_settime"),
    ),
)
