"""Syscalls that send, block, wait for and handle signals."""

from __future__ import annotations

from kindling.catalogue.define import Category, Result, arg, out, syscall
from kindling.catalogue.model import Definition
from kindling.catalogue.tables.common import SIGNAL, SIGNAL_SET, TIMESPEC_POINTER
from kindling.catalogue.tables.process import PIDFD
from kindling.catalogue.tables.signal import (
    PIDFD_SIGNAL_FLAGS,
    SIGACTION,
    SIGNAL_INFO,
    SIGNAL_STACK,
    SIGPROCMASK_HOW,
)
from kindling.catalogue.types import I32, PID, SIZE, Hexadecimal, Pointer

_ZERO = "0"
_SET_SIZE = "size of a signal set: the kernel takes only 8"

SYSCALLS: tuple[Definition, ...] = (
    syscall(
        "rt_sigaction",
        Category.SIGNAL,
        "Set or ask what a process does when a signal arrives. The disposition is shared by all threads of the "
        "process.",
        arg("signum", SIGNAL, "the signal; SIGKILL and SIGSTOP cannot be changed"),
        arg("act", Pointer(SIGACTION), "the new disposition; null to ask only"),
        out("oldact", Pointer(SIGACTION), "the disposition before the call; null if not wanted"),
        arg("sigsetsize", SIZE, _SET_SIZE),
        result=Result(
            I32,
            _ZERO,
            {
                "EINVAL": "no such signal, a change of SIGKILL or SIGSTOP, or a set size other than 8",
                "EFAULT": "act or oldact is not readable or writable memory",
            },
        ),
        related=("rt_sigprocmask", "rt_sigreturn", "sigaltstack", "signal_deliver"),
        manual="sigaction(2)",
    ),
    syscall(
        "rt_sigprocmask",
        Category.SIGNAL,
        "Change or ask the set of signals that are blocked in the calling thread. Blocked signals stay pending until "
        "they are unblocked or taken with rt_sigtimedwait or a signalfd.",
        arg("how", SIGPROCMASK_HOW, "add to the blocked signals, take away from them, or replace them"),
        arg("set", SIGNAL_SET, "the signals; null to ask only"),
        out("oldset", SIGNAL_SET, "the blocked signals before the call; null if not wanted"),
        arg("sigsetsize", SIZE, _SET_SIZE),
        result=Result(
            I32,
            _ZERO,
            {
                "EINVAL": "how is none of the three operations, or the set size is not 8",
                "EFAULT": "set or oldset is not readable or writable memory",
            },
        ),
        related=("rt_sigaction", "rt_sigpending", "rt_sigsuspend", "rt_sigtimedwait"),
        manual="sigprocmask(2)",
    ),
    syscall(
        "rt_sigreturn",
        Category.SIGNAL,
        "Return from a signal handler: registers, signal mask and alternate stack come back from the frame that the "
        "kernel left on the stack. Called by the trampoline behind a handler, never by a program itself.",
        result=Result(
            Hexadecimal(8, null=False),
            "the result register of the interrupted code, which goes on as if nothing had been: not a result of this "
            "call",
        ),
        related=("rt_sigaction", "sigaltstack", "signal_deliver"),
        manual="sigreturn(2)",
        fires="when the interrupted code is about to go on",
    ),
    syscall(
        "rt_sigpending",
        Category.SIGNAL,
        "Ask which signals are pending for the thread or its process while they are blocked.",
        out("set", SIGNAL_SET, "the pending signals"),
        arg("sigsetsize", SIZE, "size of a signal set: at most 8"),
        result=Result(
            I32,
            _ZERO,
            {"EFAULT": "set is not writable memory", "EINVAL": "the set size is larger than 8"},
        ),
        related=("rt_sigprocmask", "rt_sigtimedwait"),
        manual="sigpending(2)",
    ),
    syscall(
        "rt_sigtimedwait",
        Category.SIGNAL,
        "Take one pending signal of a set, waiting for it up to a limit. The signal is consumed: no handler runs. "
        "sigwait, sigwaitinfo and sigtimedwait of the C library end here.",
        arg("set", SIGNAL_SET, "signals to wait for; they should be blocked"),
        out("info", SIGNAL_INFO, "what the signal says of itself; null if not wanted"),
        arg("timeout", TIMESPEC_POINTER, "longest wait; null waits for ever, zero only looks"),
        arg("sigsetsize", SIZE, _SET_SIZE),
        result=Result(
            SIGNAL,
            "the signal that was taken",
            {
                "EAGAIN": "no signal of the set came within the timeout",
                "EINTR": "a signal outside the set was handled meanwhile",
                "EINVAL": "the timeout is not a valid time, or the set size is not 8",
                "EFAULT": "set, info or timeout is not accessible memory",
            },
        ),
        related=("rt_sigprocmask", "rt_sigsuspend", "signalfd4", "rt_sigqueueinfo"),
        manual="sigwaitinfo(2)",
    ),
    syscall(
        "rt_sigsuspend",
        Category.SIGNAL,
        "Replace the signal mask and wait, in one step, until a signal ends the process or runs a handler; the old "
        "mask comes back on return. Always ends in an error.",
        arg("mask", SIGNAL_SET, "signals that are blocked during the wait"),
        arg("sigsetsize", SIZE, _SET_SIZE),
        result=Result(
            I32,
            "never: the call only returns with an error",
            {
                "EINTR": "a handler ran; that is how the wait ends",
                "ERESTARTNOHAND": "a signal came; the caller sees EINTR if a handler runs, or waits on",
                "EINVAL": "the set size is not 8",
                "EFAULT": "mask is not readable memory",
            },
        ),
        related=("rt_sigprocmask", "pause", "rt_sigtimedwait"),
        manual="sigsuspend(2)",
    ),
    syscall(
        "rt_sigqueueinfo",
        Category.SIGNAL,
        "Send a signal to a process together with a siginfo that the sender fills in: what sigqueue uses to pass a "
        "value.",
        arg("tgid", PID, "process that gets the signal"),
        arg("sig", SIGNAL, "the signal; 0 only checks that it could be sent"),
        arg(
            "info", SIGNAL_INFO, "what the receiver will see; to another process si_code must be negative, not SI_TKILL"
        ),
        result=Result(
            I32,
            _ZERO,
            {
                "ESRCH": "there is no such process",
                "EPERM": "no permission to signal it, or si_code would pretend to come from the kernel or kill",
                "EAGAIN": "the receiver's queue of signals is full (RLIMIT_SIGPENDING)",
                "EINVAL": "no such signal",
                "EFAULT": "info is not readable memory",
            },
        ),
        related=("rt_tgsigqueueinfo", "pidfd_send_signal", "kill", "rt_sigtimedwait"),
    ),
    syscall(
        "rt_tgsigqueueinfo",
        Category.SIGNAL,
        "Send a signal with a siginfo of the sender's to one thread of a process.",
        arg("tgid", PID, "process of the thread"),
        arg("tid", PID, "thread that gets the signal"),
        arg("sig", SIGNAL, "the signal; 0 only checks that it could be sent"),
        arg(
            "info", SIGNAL_INFO, "what the receiver will see; to another process si_code must be negative, not SI_TKILL"
        ),
        result=Result(
            I32,
            _ZERO,
            {
                "ESRCH": "that process has no such thread",
                "EPERM": "no permission to signal it, or si_code would pretend to come from the kernel or kill",
                "EAGAIN": "the receiver's queue of signals is full (RLIMIT_SIGPENDING)",
                "EINVAL": "no such signal, or an id that is not positive",
                "EFAULT": "info is not readable memory",
            },
        ),
        related=("rt_sigqueueinfo", "tgkill", "pidfd_send_signal"),
    ),
    syscall(
        "sigaltstack",
        Category.SIGNAL,
        "Set or ask the stack on which handlers with SA_ONSTACK run, so that a stack overflow can be handled.",
        arg("ss", Pointer(SIGNAL_STACK), "the new stack; null to ask only"),
        out("old_ss", Pointer(SIGNAL_STACK), "the stack before the call; null if not wanted"),
        result=Result(
            I32,
            _ZERO,
            {
                "EPERM": "the thread is running on the alternate stack",
                "ENOMEM": "the new stack is smaller than the machine's signal frame needs",
                "EINVAL": "ss_flags has unknown bits",
                "EFAULT": "ss or old_ss is not accessible memory",
            },
        ),
        related=("rt_sigaction", "rt_sigreturn"),
    ),
    syscall(
        "pause",
        Category.SIGNAL,
        "Wait until a signal ends the process or runs a handler. Always ends in an error.",
        result=Result(
            I32,
            "never: the call only returns with an error",
            {
                "EINTR": "a handler ran; that is how the wait ends",
                "ERESTARTNOHAND": "a signal came; the caller sees EINTR if a handler runs, or waits on",
            },
        ),
        related=("rt_sigsuspend", "alarm", "rt_sigtimedwait"),
    ),
    syscall(
        "kill",
        Category.SIGNAL,
        "Send a signal to a process, to a process group or to every process that the caller may signal.",
        arg(
            "pid",
            PID,
            "receiver: a process id; 0 for the caller's process group; -1 for every process; less than -1 for the "
            "group of that number",
        ),
        arg("sig", SIGNAL, "the signal; 0 only checks that the receiver exists and may be signalled"),
        result=Result(
            I32,
            _ZERO,
            {
                "ESRCH": "there is no such process or group; a process that is a zombie does count",
                "EPERM": "the caller may signal none of the receivers",
                "EINVAL": "no such signal",
            },
        ),
        related=("tgkill", "pidfd_send_signal", "rt_sigqueueinfo", "signal_deliver"),
    ),
    syscall(
        "tkill",
        Category.SIGNAL,
        "Send a signal to one thread. Obsolete: the thread id may have been reused by another process; tgkill is safe.",
        arg("tid", PID, "thread that gets the signal"),
        arg("sig", SIGNAL, "the signal; 0 only checks that it could be sent"),
        result=Result(
            I32,
            _ZERO,
            {
                "ESRCH": "there is no such thread",
                "EPERM": "no permission to signal it",
                "EINVAL": "no such signal, or a thread id that is not positive",
                "EAGAIN": "a real-time signal, and the receiver's queue is full (RLIMIT_SIGPENDING)",
            },
        ),
        related=("tgkill", "kill", "rt_tgsigqueueinfo"),
    ),
    syscall(
        "tgkill",
        Category.SIGNAL,
        "Send a signal to one thread of a given process: what pthread_kill and raise use.",
        arg("tgid", PID, "process of the thread; -1 skips the check, as tkill does"),
        arg("tid", PID, "thread that gets the signal"),
        arg("sig", SIGNAL, "the signal; 0 only checks that it could be sent"),
        result=Result(
            I32,
            _ZERO,
            {
                "ESRCH": "that process has no such thread",
                "EPERM": "no permission to signal it",
                "EINVAL": "no such signal, or an id that is not positive",
                "EAGAIN": "a real-time signal, and the receiver's queue is full (RLIMIT_SIGPENDING)",
            },
        ),
        related=("tkill", "kill", "rt_tgsigqueueinfo", "signal_deliver"),
    ),
    syscall(
        "pidfd_send_signal",
        Category.SIGNAL,
        "Send a signal to the process, thread or process group behind a pidfd, which cannot hit another process that "
        "got the same number.",
        arg("pidfd", PIDFD, "the receiver"),
        arg("sig", SIGNAL, "the signal; 0 only checks that it could be sent"),
        arg("info", SIGNAL_INFO, "what the receiver will see; null fills it in as kill does"),
        arg("flags", PIDFD_SIGNAL_FLAGS, "whom to signal; 0 goes by how the pidfd was opened"),
        result=Result(
            I32,
            _ZERO,
            {
                "EBADF": "pidfd is not an open descriptor of a process",
                "ESRCH": "the process has ended and was waited for",
                "EPERM": "no permission to signal it, or si_code would pretend to come from the kernel or kill",
                "EINVAL": "no such signal, unknown flags, or info is for another signal",
                "EFAULT": "info is not readable memory",
            },
        ),
        related=("pidfd_open", "kill", "rt_sigqueueinfo", "waitid"),
        since="5.1",
    ),
)
