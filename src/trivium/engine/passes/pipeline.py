"""The order of the passes, in one place.

``improve`` is for expressions that will still be differentiated; ``optimise`` is for programs,
which only run. Backends add their own (fusing, memory planning) after these.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

from ..tensor import Tensor
from ..traversal import topological
from .canonicalize import canonicalize
from .rewrite import Counts
from .share import share
from .stabilize import stabilize
from .verify import verify

__all__ = ["PASSES", "PassRecord", "improve", "optimise"]

Pass = Callable[[list[Tensor], Counts | None], list[Tensor]]


class PassRecord(NamedTuple):
    """What a pass did: nodes before and after, seconds, and (rule, primitive) → how often."""

    name: str
    before: int
    after: int
    seconds: float
    rewrites: dict[tuple[str, str], int]


def _verified(outputs: list[Tensor], counts: Counts | None) -> list[Tensor]:
    return verify(outputs)


PASSES: tuple[tuple[str, Pass], ...] = (
    ("verify", _verified),
    ("canonicalize", canonicalize),
    ("stabilize", stabilize),
    ("share", share),
    # Sharing makes equal what was only equal in value, which can expose further identities.
    ("canonicalize again", canonicalize),
)


def improve(outputs: Sequence[Tensor]) -> list[Tensor]:
    """``outputs`` in stable form, with labels, stop_gradient and leaves as they were."""
    return stabilize(list(outputs))


def optimise(
    outputs: Sequence[Tensor],
    *,
    check: bool | None = None,
    records: list[PassRecord] | None = None,
) -> list[Tensor]:
    """``outputs`` after all passes. ``check`` verifies between them (TRIVIUM_VERIFY=1 too).

    ``records``: a list to which what each pass did is added. The passes depend on nothing but
    their argument, so whoever asks later what they did runs them again, and a program that
    nobody asks about does not pay.
    """
    checking = os.environ.get("TRIVIUM_VERIFY") == "1" if check is None else check
    current = list(outputs)
    size = len(topological(current)) if records is not None else 0
    for name, run in PASSES:
        counts: Counts = Counter()
        start = time.perf_counter()
        current = run(current, counts if records is not None else None)
        seconds = time.perf_counter() - start
        if records is not None:
            before, size = size, len(topological(current))
            records.append(PassRecord(name, before, size, seconds, dict(counts)))
        if checking:
            verify(current)
    return current
