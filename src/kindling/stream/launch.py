"""Commands that are traced from their first instruction: forked, held until the probe is ready, then executed."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Sequence

from kindling.errors import UsageError


class Command:
    """A child process that waits for `release` before it becomes the command. UsageError if there is none such."""

    def __init__(self, arguments: Sequence[str]) -> None:
        program = shutil.which(arguments[0])
        if program is None:
            raise UsageError(f"cannot run {arguments[0]!r}: no such program in PATH")
        self.arguments = tuple(arguments)
        self._status: int | None = None
        reader, self._writer = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            self._child(program, reader)
        os.close(reader)

    def _child(self, program: str, reader: int) -> None:
        status = 126
        try:
            os.close(self._writer)
            if os.read(reader, 1) == b"":
                status = 125
                return
            os.close(reader)
            # What Python, or who holds signals back for a moment, changed for itself must not be inherited.
            signal.pthread_sigmask(signal.SIG_SETMASK, ())
            for number in (signal.SIGPIPE, signal.SIGINT, signal.SIGTERM, signal.SIGXFSZ):
                signal.signal(number, signal.SIG_DFL)
            os.execv(program, self.arguments)
        except OSError as error:
            os.write(2, f"kindling: cannot run {program}: {error.strerror}\n".encode())
        finally:
            os._exit(status)

    def release(self) -> None:
        """Let the command begin."""
        if self._writer >= 0:
            os.write(self._writer, b"x")
            self._close()

    def _close(self) -> None:
        if self._writer >= 0:
            os.close(self._writer)
            self._writer = -1

    def poll(self) -> int | None:
        """The exit status as a shell gives it (128 and the signal's number if one killed it); None while it runs."""
        if self._status is None:
            try:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
            except ChildProcessError:
                self._status = 127
                return self._status
            if pid:
                code = os.waitstatus_to_exitcode(status)
                self._status = code if code >= 0 else 128 - code
        return self._status

    def close(self) -> None:
        """Give up a command that was not released; one that runs is left alone."""
        self._close()
        if self._status is None:
            self.poll()
