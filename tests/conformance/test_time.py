"""Time: clocks that are read, sleeps, timers."""

from __future__ import annotations

import ctypes
import errno

from tests.conformance.harness import ANY, Expected, Having, Watch, system


def timespec(seconds: int, nanoseconds: int) -> ctypes.Array[ctypes.c_long]:
    """A struct timespec or timeval."""
    return (ctypes.c_long * 2)(seconds, nanoseconds)


def test_clocks(watch: Watch) -> None:
    got, day = timespec(0, 0), timespec(0, 0)

    def act() -> tuple[int, int]:
        # The C library reads clocks without a call; these are real ones.
        system.clock_gettime(1, got)
        system.clock_getres(0, timespec(0, 0))
        system.gettimeofday(day, None)
        system.clock_gettime(0x63, got)
        return got[0], day[0]

    seen = watch(act, "clock_gettime", "clock_getres", "gettimeofday")
    seconds, day_seconds = seen.value
    seen.expect(
        Expected("clock_gettime", {"clockid": "CLOCK_MONOTONIC", "tp": Having(tv_sec=seconds)}, 0, category="time"),
        Expected("clock_getres", {"clockid": "CLOCK_REALTIME", "res": Having(tv_sec=0)}, 0),
        Expected("gettimeofday", {"tv": Having(tv_sec=day_seconds), "tz": None}, 0),
        Expected("clock_gettime", {"clockid": "0x63", "tp": None}, -errno.EINVAL),
    )


def test_sleeps(watch: Watch) -> None:
    def act() -> None:
        system.nanosleep(timespec(0, 1009), None)
        system.clock_nanosleep(1, 0, timespec(0, 2003), None)
        system.clock_nanosleep(1, 1, timespec(0, 5), None)
        system.nanosleep(timespec(0, -1), None)

    seen = watch(act, "nanosleep", "clock_nanosleep")
    seen.expect(
        Expected("nanosleep", {"req": {"tv_sec": 0, "tv_nsec": 1009}, "rem": None}, 0, category="sleep"),
        Expected(
            "clock_nanosleep",
            {"clockid": "CLOCK_MONOTONIC", "flags": "0", "t": {"tv_sec": 0, "tv_nsec": 2003}, "remain": None},
            0,
        ),
        Expected(
            "clock_nanosleep",
            {
                "clockid": "CLOCK_MONOTONIC",
                "flags": "TIMER_ABSTIME",
                "t": {"tv_sec": 0, "tv_nsec": 5},
                "remain": None,
            },
            0,
        ),
        Expected("nanosleep", {"req": {"tv_sec": 0, "tv_nsec": -1}, "rem": None}, -errno.EINVAL),
    )
    slept = [event.latency for event in seen.events[:2]]
    assert slept[0] is not None
    assert slept[0] >= 1009, "the latency is at least what was slept"


def test_posix_timers(watch: Watch) -> None:
    number = ctypes.c_int()
    setting, current = (ctypes.c_long * 4)(0, 0, 1009, 0), (ctypes.c_long * 4)()

    def act() -> int:
        system.timer_create(1, None, number)
        system.timer_settime(number.value, 0, setting, None)
        system.timer_gettime(number.value, current)
        system.timer_delete(number.value)
        system.timer_delete(number.value)
        return number.value

    seen = watch(act, "timer_create", "timer_settime", "timer_gettime", "timer_delete")
    timer = seen.value
    seen.expect(
        Expected("timer_create", {"clockid": "CLOCK_MONOTONIC", "sevp": None, "timerid": timer}, 0),
        Expected(
            "timer_settime",
            {
                "timerid": timer,
                "flags": "0",
                "new_value": {"it_interval": {"tv_sec": 0, "tv_nsec": 0}, "it_value": {"tv_sec": 1009, "tv_nsec": 0}},
                "old_value": None,
            },
            0,
        ),
        Expected("timer_gettime", {"timerid": timer, "curr_value": Having(it_interval=ANY)}, 0),
        Expected("timer_delete", {"timerid": timer}, 0),
        Expected("timer_delete", {"timerid": timer}, -errno.EINVAL),
    )


def test_interval_timers(watch: Watch) -> None:
    setting, old = (ctypes.c_long * 4)(0, 0, 1013, 7), (ctypes.c_long * 4)()

    def act() -> None:
        system.setitimer(0, setting, old)
        system.getitimer(0, old)
        system.getitimer(9, old)

    watch(act, "setitimer", "getitimer").expect(
        Expected(
            "setitimer",
            {
                "which": "ITIMER_REAL",
                "new_value": {"it_interval": {"tv_sec": 0, "tv_usec": 0}, "it_value": {"tv_sec": 1013, "tv_usec": 7}},
                "old_value": {"it_interval": {"tv_sec": 0, "tv_usec": 0}, "it_value": {"tv_sec": 0, "tv_usec": 0}},
            },
            0,
        ),
        Expected("getitimer", {"which": "ITIMER_REAL", "curr_value": Having(it_interval=ANY)}, 0),
        Expected("getitimer", {"which": "0x9", "curr_value": None}, -errno.EINVAL),
    )


def test_alarm_and_times(watch: Watch) -> None:
    watch.needs("alarm")

    def act() -> None:
        system.alarm(1019)
        system.alarm(0)

    watch(act, "alarm").expect(
        Expected("alarm", {"seconds": 1019}, 0),
        Expected("alarm", {"seconds": 0}, 1019),
    )
