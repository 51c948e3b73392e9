"""Stop with one clear sentence where the interpreter is older than pyproject.toml allows."""

import sys

MINIMUM = (3, 11)

if sys.version_info < MINIMUM:
    sys.exit(
        "Trivium needs Python %d.%d or newer, but %s is Python %d.%d.\n"
        "Install a newer one and name it: make PYTHON=/path/to/python3.12 install"
        % (MINIMUM + (sys.executable,) + tuple(sys.version_info[:2]))
    )
