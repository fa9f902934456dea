"""`python -m kindling.cli` is `kindling`."""

import sys

from kindling.cli import main

if __name__ == "__main__":
    sys.exit(main())
