"""Signals that end a trace: the first ends it cleanly, the second at once."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Self

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def hold() -> None:
    """Let signals that end a trace wait: the command may run before there is somebody to ask."""
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)


def release() -> None:
    """Let them come again, those that waited first."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)


class Signals:
    """While entered, SIGINT, SIGTERM and SIGHUP call `ask`, until it returns True; then they do what they always do.

    A reader that has stopped reading can hold up a clean end for ever: hence the second signal's right.
    """

    def __init__(self, ask: Callable[[signal.Signals], bool]) -> None:
        self._ask = ask
        self._before: dict[signal.Signals, object] = {}

    def __enter__(self) -> Self:
        for number in ENDING:
            # nohup ignores SIGHUP, and means it; shells ignore SIGINT for whatever they start in the background.
            if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._received)
        release()
        return self

    def _received(self, number: int, frame: FrameType | None) -> None:
        if self._ask(signal.Signals(number)):
            for ending in self._before:
                signal.signal(ending, signal.SIG_DFL)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
        self._before.clear()


def from_terminal() -> bool:
    """Whether a SIGINT may be somebody's Ctrl-C: then the whole foreground group got it, a traced command too."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)
