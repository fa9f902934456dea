"""Fuzzes the capture reader: any bytes give batches, a problem or a CaptureError, never anything else.

python tests/fuzz/fuzz_capture.py [SECONDS]     mutates a small capture; prints the seed of what went wrong
python tests/fuzz/fuzz_capture.py CORPUS/       the same, guided by coverage, where atheris is installed
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
import time
from pathlib import Path
from unittest import mock

import numpy as np

from kindling.catalogue.model import Definition
from kindling.catalogue.registry import catalogue
from kindling.enrich.objects import Descriptor, Objects, Thread
from kindling.errors import CaptureError
from kindling.probes import capture_format, layout
from kindling.stream.arrow import to_record_batch
from kindling.stream.batch import Batch
from kindling.stream.capture import CaptureReader, CaptureWriter

SECONDS_FOR_ONE = 5.0
NUMBERS = (0, 1, 7, 8, 0x7F, 0x80, 0xFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 2**63 - 1, 2**63, 2**64 - 1)


def sample(path: Path) -> bytes:
    """A capture of two batches with strings, objects and variable parts.

    It has no checksums and no compressed texts: they would keep most changes from what lies behind them.
    """
    with (
        mock.patch.object(capture_format, "checksum", return_value=None),
        mock.patch.object(capture_format, "_PLAIN", 1 << 30),
    ):
        return _sample(path)


def _sample(path: Path) -> bytes:
    definitions: dict[int, Definition] = {
        n: catalogue().get(name) for n, name in enumerate(("read", "openat", "fcntl"))
    }
    piece = bytes((1, 0, 8, 0)) + b"/etc/\xff\\x" + bytes(4)
    with CaptureWriter(path, definitions, interval=0) as writer:
        for number in range(2):
            records = np.zeros(5, layout.RECORD)
            records["event"] = 0, 1, 2, 1, 0
            records["time"] = np.arange(5) + 10 * number
            records["tid"] = records["pid"] = 10 + number
            records["object"] = number + 1
            records["length"], records["data"] = len(piece), np.arange(5) * len(piece)
            objects = Objects()
            thread = Thread(tid=10 + number, pid=10 + number, comm=b"a\xff", arguments=(b"a", b"\\"))
            objects.add((thread,), (Descriptor(id=number + 1, type="file", path=b"/x\n", inode=5),))
            writer.write(Batch(records, piece * 5, definitions, objects, 10**18))
            writer.flush()
    return path.read_bytes()


def check(data: bytes, path: Path) -> None:
    """Read `data` as a capture and use all that comes of it."""
    path.write_bytes(data)
    started = time.monotonic()
    try:
        with CaptureReader(path) as reader:
            for batch in reader:
                to_record_batch(batch, arguments=True, raw=True)
                for event in batch:
                    event.json()
    except CaptureError:
        pass
    if time.monotonic() - started > SECONDS_FOR_ONE:
        raise TimeoutError(f"{len(data)} bytes took longer than {SECONDS_FOR_ONE} s")


def mutate(data: bytes, choose: random.Random) -> bytes:
    """A few random changes: bits, numbers, bytes taken out, put in, moved."""
    made = bytearray(data)
    for _ in range(choose.choice((1, 1, 1, 2, 4, 16))):
        at = choose.randrange(len(made) + 1)
        length = choose.choice((1, 2, 4, 8, 64))
        match choose.randrange(5):
            case 0 if made:
                made[at % len(made)] ^= 1 << choose.randrange(8)
            case 1:
                width = choose.choice((1, 2, 4, 8))
                number = choose.choice(NUMBERS) % (1 << 8 * width)
                made[at : at + width] = number.to_bytes(width, "little")
            case 2:
                del made[at : at + length]
            case 3:
                other = choose.randrange(len(made) + 1)
                made[at : at + length] = made[other : other + length]
            case _:
                made[at:at] = choose.randbytes(length)
    return bytes(made) if choose.random() < 0.95 else bytes(made[: choose.randrange(len(made) + 1)])


def run(seconds: float, path: Path) -> int:
    """Fuzz for so long with the random numbers of Python alone."""
    data = sample(path)
    seed, end = time.time_ns(), time.monotonic() + seconds
    count = 0
    while time.monotonic() < end:
        seed, count = seed + 1, count + 1
        mutated = mutate(data, random.Random(seed))
        try:
            check(mutated, path)
        except Exception:
            kept = Path(f"fuzz_capture-{seed}.kindling")
            kept.write_bytes(mutated)
            print(f"seed {seed}, kept as {kept}", file=sys.stderr)
            raise
    print(f"{count} captures read in {seconds:.0f} s, none of them surprising")
    return 0


def main(arguments: list[str]) -> int:
    """Choose the way to fuzz by what is asked for."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "fuzz.kindling"
        if not arguments or arguments[0].replace(".", "").isdigit():
            return run(float(arguments[0]) if arguments else 60.0, path)
        import atheris

        corpus = Path(arguments[0])
        if corpus.is_dir() and not any(corpus.iterdir()):
            (corpus / "sample").write_bytes(sample(path))
        atheris.Setup([sys.argv[0], *arguments, f"-artifact_prefix={os.getcwd()}/"], lambda data: check(data, path))
        atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
