"""Coverage-guided fuzzing of the filter language: `python tests/fuzz/fuzz_filter.py [-max_total_time=60]`.

Any text is a filter or a FilterError; a filter's normal form parses to the same filter. Needs the package atheris; the
unit tests do the same with Hypothesis. A file of one's own to try: give its name as the argument.
"""

from __future__ import annotations

import sys


def one_input(data: bytes) -> None:
    """Parse `data` as text; raises whatever should not have happened."""
    from kindling.errors import FilterError
    from kindling.stream.filter import compile

    try:
        filter = compile(data.decode("utf-8", "surrogateescape"))
    except FilterError:
        return
    normal = str(filter)
    # Escapes make the normal form longer than the text: one near the limit may be beyond it.
    if len(normal) < 60_000 and compile(normal) != filter:
        raise AssertionError(f"{normal!r} means something else than {data!r}")


def main() -> int:
    """Run until a failure or the time is up."""
    try:
        import atheris
    except ImportError:
        print("fuzzing needs the package atheris: pip install atheris", file=sys.stderr)
        return 1
    with atheris.instrument_imports(include=["kindling.stream.filter"]):
        import kindling.stream.filter  # noqa: F401
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
