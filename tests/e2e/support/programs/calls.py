"""Waits for a line on its standard input, makes the calls that it names ("read 101 getppid 97"), and says "done".

Its argument is the number of threads, each of which makes that many calls, pinned to one CPU after the other.
"""

import os
import sys
import threading
from collections.abc import Callable

CALLS: dict[str, Callable[[int], object]] = {
    "read": lambda fd: os.read(fd, 1),
    "getppid": lambda fd: os.getppid(),
    "pread64": lambda fd: os.pread(fd, 1, 0),
    "lseek": lambda fd: os.lseek(fd, 0, os.SEEK_SET),
}


def say(line: str) -> None:
    """Answer whoever reads the other end."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def work(number: int, fd: int, counts: list[tuple[str, int]]) -> None:
    """Make the calls from the CPU whose turn it is."""
    processors = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {processors[number % len(processors)]})
    for name, count in counts:
        call = CALLS[name]
        for _ in range(count):
            call(fd)


def main() -> None:
    """One round for every line."""
    threads = int(sys.argv[1])
    fd = os.open("/dev/zero", os.O_RDONLY)
    say("ready")
    while words := sys.stdin.readline().split():
        counts = [(name, int(count)) for name, count in zip(words[::2], words[1::2], strict=True)]
        workers = [threading.Thread(target=work, args=(number, fd, counts)) for number in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        say("done")


main()
