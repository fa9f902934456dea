"""Signals: handlers, masks, sending, delivery."""

from __future__ import annotations

import ctypes
import errno
import faulthandler
import os
import resource
import signal

from tests.conformance.harness import ANY, Expected, Having, Watch, system

USR1, USR2 = int(signal.SIGUSR1), int(signal.SIGUSR2)
ROUNDS = 7


def test_masks(watch: Watch) -> None:
    mask, old = ctypes.c_ulong(1 << USR1 - 1 | 1 << 33), ctypes.c_ulong()
    pending = ctypes.c_ulong()

    def act() -> None:
        system.rt_sigprocmask(0, mask, None, 8)
        system.rt_sigprocmask(1, None, old, 8)
        system.kill(os.getpid(), USR1)
        system.rt_sigpending(pending, 8)
        system.rt_sigprocmask(99, mask, None, 8)

    seen = watch(act, "rt_sigprocmask", "rt_sigpending", "kill")
    both = ["SIGUSR1", "SIGRT_2"]
    blocked = seen.events[0].args["set"]
    assert isinstance(blocked, list)
    assert blocked[0] == "SIGUSR1"
    assert len(blocked) == len(both)
    seen.expect(
        Expected("rt_sigprocmask", {"how": "SIG_BLOCK", "set": ANY, "oldset": None, "sigsetsize": 8}, 0),
        Expected("rt_sigprocmask", {"how": "SIG_UNBLOCK", "set": None, "oldset": blocked, "sigsetsize": 8}, 0),
        Expected("kill", {"pid": seen.pid, "sig": "SIGUSR1"}, 0, category="signal"),
        Expected("rt_sigpending", {"set": ["SIGUSR1"], "sigsetsize": 8}, 0),
        Expected(
            "rt_sigprocmask",
            {"how": "0x63", "set": blocked, "oldset": None, "sigsetsize": 8},
            -errno.EINVAL,
        ),
    )


def test_a_handled_signal_is_delivered(watch: Watch) -> None:
    def act() -> int:
        caught = []
        signal.signal(signal.SIGUSR1, lambda number, frame: caught.append(number))
        for _ in range(ROUNDS):
            system.kill(os.getpid(), USR1)
        return len(caught)

    seen = watch(act, "kill", "signal_deliver", "rt_sigaction", "rt_sigreturn")
    assert seen.value == ROUNDS
    delivered = seen.of("signal_deliver")
    assert len(delivered) == ROUNDS
    assert len(seen.of("kill")) == ROUNDS
    assert len(seen.of("rt_sigreturn")) == ROUNDS
    action = seen.of("rt_sigaction")[0]
    assert action.args.signum == "SIGUSR1"
    for event in delivered:
        assert (event.args["signal"], event.args["code"], event.args["sender"]) == ("SIGUSR1", "SI_USER", seen.pid)
        assert str(event.args["handler"]).startswith("0x")
        assert event.ret is None
        assert event.latency is None
        assert event.quality == []


def test_one_that_kills(watch: Watch) -> None:
    def act() -> int:
        # A signal that ends a process without a core file is delivered as SIGKILL, by the kernel's own accounting.
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        child = os.fork()
        if child == 0:
            signal.pause()
        system.kill(child, int(signal.SIGQUIT))
        os.waitpid(child, 0)
        return child

    seen = watch(act, "signal_deliver")
    seen.only(lambda event: event.pid == seen.value).expect(
        Expected(
            "signal_deliver",
            {"signal": "SIGQUIT", "code": "SI_USER", "sender": seen.pid, "handler": "SIG_DFL", "flags": "0"},
            pid=seen.value,
        )
    )


def test_a_fault(watch: Watch) -> None:
    def act() -> int:
        child = os.fork()
        if child == 0:
            faulthandler.disable()
            ctypes.string_at(8)
        os.waitpid(child, 0)
        return child

    seen = watch(act, "signal_deliver")
    event = seen.of("signal_deliver", pid=seen.value)[0]
    assert (event.args["signal"], event.args["code"]) == ("SIGSEGV", "SEGV_MAPERR")
    assert event.args["handler"] == "SIG_DFL"
    assert event.args["sender"] == 0


def test_sending_to_threads(watch: Watch) -> None:
    def act() -> tuple[int, int]:
        signal.signal(signal.SIGUSR2, signal.SIG_IGN)
        tid = system.gettid()
        system.tgkill(os.getpid(), tid, USR2)
        system.tkill(tid, USR2)
        system.tgkill(os.getpid(), 1_999_999_873, USR2)
        system.kill(0, 0)
        return tid, os.getpid()

    seen = watch(act, "tgkill", "tkill", "kill", "signal_deliver")
    tid, pid = seen.value
    seen.expect(
        Expected("tgkill", {"tgid": pid, "tid": tid, "sig": "SIGUSR2"}, 0),
        Expected("tkill", {"tid": tid, "sig": "SIGUSR2"}, 0),
        Expected("tgkill", {"tgid": pid, "tid": 1_999_999_873, "sig": "SIGUSR2"}, -errno.ESRCH),
        Expected("kill", {"pid": 0, "sig": "0"}, 0),
    )


def test_waiting_for_one(watch: Watch) -> None:
    mask = ctypes.c_ulong(1 << USR1 - 1)
    information = ctypes.create_string_buffer(128)
    timeout = (ctypes.c_long * 2)(0, 1009)

    def act() -> None:
        system.rt_sigprocmask(0, mask, None, 8)
        system.kill(os.getpid(), USR1)
        system.rt_sigtimedwait(mask, information, timeout, 8)
        system.rt_sigtimedwait(mask, None, timeout, 8)

    seen = watch(act, "rt_sigtimedwait")
    time_left = {"tv_sec": 0, "tv_nsec": 1009}
    seen.expect(
        Expected(
            "rt_sigtimedwait",
            {
                "set": ["SIGUSR1"],
                "info": Having(si_signo="SIGUSR1", si_code="SI_USER", si_pid=seen.pid),
                "timeout": time_left,
                "sigsetsize": 8,
            },
            USR1,
        ),
        Expected(
            "rt_sigtimedwait",
            {"set": ["SIGUSR1"], "info": None, "timeout": time_left, "sigsetsize": 8},
            -errno.EAGAIN,
        ),
    )


def test_an_interrupted_call(watch: Watch) -> None:
    def act() -> int:
        signal.signal(signal.SIGALRM, lambda number, frame: None)
        signal.siginterrupt(signal.SIGALRM, True)
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        reader, _ = os.pipe()
        system.read(reader, ctypes.create_string_buffer(1), 1)
        return reader

    seen = watch(act, "read", "signal_deliver")
    seen = seen.only(lambda event: event.name != "read" or event.args.fd == seen.value)
    reads = seen.of("read")
    # What the caller gets is EINTR; at the return hook the kernel has not yet decided whether to restart the call.
    assert [event.error for event in reads] == ["ERESTARTSYS"], str(seen)
    assert seen.one("signal_deliver").args["signal"] == "SIGALRM"


def test_alternate_stack(watch: Watch) -> None:
    stack = (ctypes.c_ulong * 3)(0, 2, 0)
    old = (ctypes.c_ulong * 3)()

    def act() -> None:
        system.sigaltstack(stack, old)

    watch(act, "sigaltstack").expect(
        Expected("sigaltstack", {"ss": Having(ss_flags="SS_DISABLE"), "old_ss": ANY}, 0),
    )
