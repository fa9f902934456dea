"""Fuzzes the reader of sysdig's captures: any bytes give batches, a problem or a CaptureError, never anything else.

python tests/fuzz/fuzz_scap.py [SECONDS]     mutates a small capture; prints the seed of what went wrong
python tests/fuzz/fuzz_scap.py CORPUS/       the same, guided by coverage, where atheris is installed
"""

from __future__ import annotations

import gzip
import random
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.unit.probes.scap_scenario import scenario

from kindling.enrich.objects import Objects
from kindling.errors import CaptureError
from kindling.probes.base import Wanted
from kindling.probes.replay import ReplayProbe
from kindling.stream.batch import Batch
from kindling.stream.jsonlines import JsonLines

SECONDS_FOR_ONE = 5.0
NUMBERS = (0, 1, 7, 8, 0x7F, 0x80, 0xFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 2**63 - 1, 2**63, 2**64 - 1)
MANY = 2_000
"""Events of one input that are made into text."""


def read(path: Path) -> None:
    """Read a file to its end, and use everything that it gives."""
    try:
        probe = ReplayProbe(path)
    except CaptureError:
        return
    slots = probe.start(Wanted(definitions=list(probe.definitions.values())))
    objects = Objects()
    shown = 0
    while (raw := probe.next_batch(0)) is not None:
        objects.add(raw.threads, raw.descriptors)
        batch = Batch(raw.records, raw.data, slots.definitions, objects, raw.clock_offset, slots.machine)
        JsonLines(objects, slots.machine).text(batch.slice(0, MANY))
        for event in batch.slice(0, max(0, MANY - shown)):
            str(event)
            shown += 1
    probe.statistics()
    assert isinstance(probe.notes, list)
    probe.close()


def mutate(data: bytes, chance: random.Random) -> bytes:
    """`data` with a few changes: bits, numbers, parts left out, doubled or exchanged."""
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 5, 20))):
        kind = chance.randrange(6)
        at = chance.randrange(max(1, len(changed)))
        if kind == 0 and changed:
            changed[at] ^= 1 << chance.randrange(8)
        elif kind == 1:
            width = chance.choice((1, 2, 4, 8))
            number = chance.choice(NUMBERS) & ((1 << 8 * width) - 1)
            changed[at : at + width] = number.to_bytes(width, "little")
        elif kind == 2:
            del changed[at : at + chance.randrange(1, 64)]
        elif kind == 3:
            changed[at:at] = changed[at : at + chance.randrange(1, 400)]
        elif kind == 4:
            other = chance.randrange(max(1, len(changed)))
            changed[at : at + 8] = changed[other : other + 8]
        elif chance.randrange(8) == 0:
            del changed[at:]
    return bytes(changed)


def attempt(data: bytes, path: Path, packed: bool) -> None:
    """Read these bytes, and see how long it takes."""
    path.write_bytes(gzip.compress(data, 1) if packed else data)
    start = time.monotonic()
    read(path)
    taken = time.monotonic() - start
    assert taken < SECONDS_FOR_ONE, f"took {taken:.1f} s"


def main(arguments: list[str]) -> int:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "fuzzed.scap"
        data = scenario().data
        if arguments and not arguments[0].isdigit():
            import atheris

            atheris.instrument_all()
            atheris.Setup(sys.argv, lambda given: attempt(given, path, False))
            atheris.Fuzz()
            return 0
        end = time.monotonic() + int(arguments[0] if arguments else 60)
        seed = 0
        while time.monotonic() < end:
            chance = random.Random(seed)
            try:
                changed = mutate(data, chance)
                attempt(changed, path, chance.randrange(10) == 0)
            except BaseException:
                print(f"seed {seed}", file=sys.stderr)
                raise
            seed += 1
        print(f"{seed} inputs, nothing wrong")
        return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
