"""The command line: ``trivium fit``, ``predict``, ``resume``, ``show``, ``runs``, ``data``.

Results go to standard output, everything else to standard error. Exit codes: 0 done, 1 failed
while running, 2 the request or the data is wrong, 130 interrupted.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. ``arguments``: those of the process if None."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    from .running import run

    return run(given)
