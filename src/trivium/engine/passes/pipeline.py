"""The order of the passes, in one place.

``improve`` is for expressions that will still be differentiated; ``optimise`` is for programs,
which only run. Backends add their own (fusing, memory planning) after these.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from ..tensor import Tensor
from .canonicalize import canonicalize
from .share import share
from .stabilize import stabilize
from .verify import verify

__all__ = ["PASSES", "improve", "optimise"]

Pass = Callable[[list[Tensor]], list[Tensor]]

PASSES: tuple[tuple[str, Pass], ...] = (
    ("verify", verify),
    ("canonicalize", canonicalize),
    ("stabilize", stabilize),
    ("share", share),
    # Sharing makes equal what was only equal in value, which can expose further identities.
    ("canonicalize again", canonicalize),
)


def improve(outputs: Sequence[Tensor]) -> list[Tensor]:
    """``outputs`` in stable form, with labels, stop_gradient and leaves as they were."""
    return stabilize(list(outputs))


def optimise(outputs: Sequence[Tensor], *, check: bool | None = None) -> list[Tensor]:
    """``outputs`` after all passes. ``check`` verifies between them (TRIVIUM_VERIFY=1 too)."""
    checking = os.environ.get("TRIVIUM_VERIFY") == "1" if check is None else check
    current = list(outputs)
    for _, run in PASSES:
        current = run(current)
        if checking:
            verify(current)
    return current
