"""The command line. It alone prints and exits; everything it does, the library can do too."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence

from kindling.errors import KindlingError, UsageError

DEBUG = "KINDLING_DEBUG"
"""Environment variable: set to 1, errors come with their traceback."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line (by default this process's) and return its exit status.

    0 for success, 1 for what failed, 2 for what was asked for in a wrong way; that of COMMAND where one is traced.
    """
    _open_standard_streams()
    try:
        return _run(sys.argv[1:] if arguments is None else list(arguments))
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        _abandon_output()
        return 0
    except Exception as error:
        if os.environ.get(DEBUG, "") not in ("", "0"):
            raise
        return _report(error)
    finally:
        _flush()


def _run(words: list[str]) -> int:
    from kindling.cli.parser import parse

    try:
        parsed = parse(words)
        status: int = parsed.run(parsed)
    except SystemExit as end:
        # argparse ends so after --help and --version.
        status = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    sys.stdout.flush()
    return status


def _open_standard_streams() -> None:
    """Give standard streams that are closed to nowhere: else the next file that is opened would take their place."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)
    if sys.stdout is None:
        sys.stdout = os.fdopen(1, "w", closefd=False)
    if sys.stderr is None:
        sys.stderr = os.fdopen(2, "w", closefd=False)


def _report(error: Exception) -> int:
    if isinstance(error, KindlingError):
        message = str(error)
    elif isinstance(error, OSError):
        name = f"{error.filename}: " if error.filename is not None else ""
        if not name and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO):
            name = "standard output cannot be written: "
        message = f"{name}{error.strerror or error}"
    elif isinstance(error, RecursionError):
        message = "what was asked for is nested too deeply"
    else:
        message = f"this is a bug: {type(error).__name__}: {error} ({DEBUG}=1 shows where; please report it)"
    complain(message)
    return 2 if isinstance(error, UsageError) else 1


def complain(message: str) -> None:
    """One line on standard error."""
    from kindling.cli.terminal import harmless

    try:
        sys.stderr.write(f"kindling: {harmless(message)}\n")
        sys.stderr.flush()
    except (OSError, ValueError, AttributeError):
        # Nobody can be told: standard error is closed or full.
        pass


def _abandon_output() -> None:
    """Point standard output to nowhere, so that nothing fails when the interpreter flushes it at its end."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.close(nowhere)
    except OSError:
        pass


def _flush() -> None:
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except (OSError, ValueError):
        # It was reported where it happened, or there is no reader any more.
        _abandon_output()


__all__ = ["complain", "main"]
