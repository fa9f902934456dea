"""From sysdig's own numbers for flags and commands back to the kernel's (those of x86_64).

Source: falcosecurity/libs, `driver/ppm_events_public.h`. A table is here only where the numbers differ; where they are
the kernel's (futex, AT_*, MS_*, LOCK_*, SEEK_*, address families ...), nothing is translated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

UNKNOWN = -1
"""What a number becomes that has no counterpart."""


@dataclass(frozen=True, slots=True)
class Translation:
    """Bits (`values` maps sysdig's to the kernel's), or numbers of an enumeration if `whole`.

    Bits without a counterpart are sysdig's own notes (file was created, is on the upper layer) and fall away; so do
    numbers, which become UNKNOWN.
    """

    values: Mapping[int, int]
    whole: bool = False
    _known: dict[int, int] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __call__(self, value: int) -> int:
        """The kernel's number."""
        found = self._known.get(value)
        if found is None:
            if self.whole:
                found = self.values.get(value, UNKNOWN)
            else:
                found = 0
                for bit, number in self.values.items():
                    if value & bit == bit:
                        found |= number
            if len(self._known) < 4096:
                self._known[value] = found
        return found


def _bits(*numbers: int) -> dict[int, int]:
    """The kernel's numbers of sysdig's bits 0, 1, 2 ..."""
    return {1 << position: number for position, number in enumerate(numbers) if number}


def _numbers(start: int, *numbers: int) -> dict[int, int]:
    return dict(enumerate(numbers, start))


# O_RDONLY and O_WRONLY are bits of sysdig's, both of them O_RDWR. O_SYNC holds O_DSYNC, O_TMPFILE holds O_DIRECTORY.
OPEN = Translation(
    {
        1 << 0: 0,
        1 << 1: 0o1,
        3: 0o2,
        1 << 2: 0o100,
        1 << 3: 0o2000,
        1 << 4: 0o10000,
        1 << 5: 0o200,
        1 << 6: 0o4000,
        1 << 7: 0o4010000,
        1 << 8: 0o1000,
        1 << 9: 0o40000,
        1 << 10: 0o200000,
        1 << 11: 0o100000,
        1 << 12: 0o2000000,
        1 << 13: 0o20200000,
    }
)


def open_flags(value: int) -> int:
    """The flags of open and its like."""
    found = OPEN(value)
    return found & ~0o1 if value & 3 == 3 else found


MEMORY_PROTECTION = Translation(_bits(1, 2, 4, 8, 0x01000000, 0x02000000))
MEMORY_MAP = Translation(
    _bits(0x1, 0x2, 0x10, 0x20, 0x40, 0, 0x4000, 0x8000, 0x10000, 0x100, 0x800, 0x1000, 0, 0, 0x2000)
)
CLONE = Translation(
    _bits(
        0x400, 0x200, 0x80000000, 0x08000000, 0x40000000, 0x00020000, 0x20000000, 0x04000000, 0x8000, 0x00100000,
        0x2000, 0x800, 0x00040000, 0x00010000, 0x00800000, 0x100, 0, 0, 0, 0,
        0x10000000, 0, 0, 0x00200000, 0x01000000, 0x00080000, 0, 0x4000, 0x02000000,
    )
)  # fmt: skip
RESOLVE = Translation(_bits(0x08, 0x10, 0x02, 0x04, 0x01, 0x20))
NONBLOCK = Translation({1: 0o4000})
CLOSE_ON_EXEC = Translation({1: 0o2000000})
DELETE_MODULE = Translation(_bits(0o1000, 0o4000))
EXECVEAT = Translation(_bits(0x1000, 0x100))
IO_URING_SETUP = Translation(_bits(1, 2, 0, 4, 8, 16, 32, 64))
FCNTL = Translation(
    _numbers(1, 0, 1, 2, 3, 4, 5)
    | {8: 6, 9: 7, 10: 8, 12: 9, 13: 10, 15: 11, 21: 15, 22: 16, 23: 1024, 24: 1025, 25: 1029, 26: 1030, 27: 1026}
    | {28: 1031, 29: 1032, 30: 36, 31: 37, 32: 38},
    whole=True,
)
SOCKET_LEVEL = Translation({1: 1, 2: 6}, whole=True)
SOCKET_OPTION = Translation({number: number for number in range(1, 51)} | {51: 59, 52: 55, 53: 57}, whole=True)
SEMAPHORE_COMMAND = Translation(
    {1: 2, 2: 1, 4: 0, 8: 3, 16: 19, 32: 18, 64: 13, 128: 14, 256: 11, 512: 12, 1024: 15, 2048: 17, 4096: 16},
    whole=True,
)
SEMAPHORE_FLAGS = Translation(_bits(0o4000, 0x1000))
PTRACE = Translation(
    _numbers(1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 17, 24)
    | _numbers(14, 0x4200, 0x4201, 0x4202, 0x4203, 0x4204, 0x4205, 0x4206, 0x4207, 0x4208, 0x4209, 0x420A, 0x420B)
    | _numbers(26, 12, 13, 14, 15, 18, 19, 21, 25, 26, 30, 31, 32, 33),
    whole=True,
)
# The number of the quota command, before the type of quota is put beside it.
QUOTA_COMMAND = Translation(
    {
        1 << 0: 0x800002, 1 << 1: 0x800003, 1 << 2: 0x800004, 1 << 3: 0x800005, 1 << 4: 0x800006, 1 << 5: 0x800007,
        1 << 6: 0x800008, 1 << 7: 0x800001, 1 << 8: 0x5801, 1 << 9: 0x5802, 1 << 10: 0x5803, 1 << 11: 0x5804,
        1 << 12: 0x5805, 1 << 13: 0x5806, 1 << 14: 0x5807, 1 << 15: 0x5808,
    },
    whole=True,
)  # fmt: skip
QUOTA_TYPE = Translation({1: 0, 2: 1}, whole=True)
POLL = Translation(_bits(0x1, 0x2, 0x4, 0x2000, 0x8, 0x10, 0x20, 0x40, 0x80, 0x100, 0x200))
