"""All errors that Kindling raises on purpose.

    KindlingError                 base of all; the message ends with what to do next
    ├── UsageError                the caller asked for something that makes no sense
    │   ├── UnknownEventError     a name, glob or category that selects no event
    │   └── FilterError           a filter that cannot be parsed or names an unknown field
    ├── ProbeError                events cannot be had here
    │   ├── LibraryError          libbpf is missing or too old
    │   ├── PrivilegeError        the process lacks a capability
    │   └── LoadError             the kernel refused a program or map
    ├── CaptureError              a capture file cannot be read or written
    └── MissingPackageError       an optional Python package is needed for this

Only `kindling.cli` prints or exits: a UsageError becomes exit status 2, every other error 1.
"""

from __future__ import annotations

from collections.abc import Sequence


class KindlingError(Exception):
    """Base of all errors of Kindling."""


class UsageError(KindlingError):
    """The caller asked for something that makes no sense."""


class UnknownEventError(UsageError):
    """A name, alias, glob, category or source that selects no event. `nearest` holds similar names, best first."""

    def __init__(self, name: str, nearest: Sequence[str] = ()) -> None:
        self.name = name
        self.nearest = tuple(nearest)
        hint = f"did you mean {' or '.join(self.nearest)}?" if self.nearest else "'kindling events' lists them all"
        super().__init__(f"no event is called {name!r}; {hint}")


class FilterError(UsageError):
    """A filter that cannot be parsed. `position` is the offset in `text` where it went wrong (from 0)."""

    def __init__(self, message: str, text: str, position: int) -> None:
        self.text = text
        self.position = position
        super().__init__(f"filter: {message} at column {position + 1}: {text[:position]} <<here>> {text[position:]}")


class ProbeError(KindlingError):
    """Events cannot be had here, or no longer."""


class LibraryError(ProbeError):
    """libbpf is missing or too old."""


class PrivilegeError(ProbeError):
    """The process lacks a capability that the probe needs."""


class LoadError(ProbeError):
    """The kernel refused a program or a map. `log` holds what the verifier said."""

    def __init__(self, message: str, log: str = "") -> None:
        self.log = log
        super().__init__(message)


class CaptureError(KindlingError):
    """A capture file cannot be read or written."""


class MissingPackageError(KindlingError):
    """An optional Python package is needed for this."""

    def __init__(self, package: str, purpose: str) -> None:
        self.package = package
        super().__init__(f"{purpose} needs the Python package {package}: pip install {package}")
