"""Contenders whose chunk is one whole answer: a minimization, a regression, an analysis."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["WholeAnswer"]

Array = np.ndarray[Any, Any]


class WholeAnswer:
    """A subclass gives ``name``, ``solve`` and, for its data and programs, ``prepare``."""

    name = ""

    def prepare(self) -> None:
        """Import, make the data, build and compile what ``solve`` runs."""

    def reset(self) -> None:
        """Every answer is found from the start."""

    def solve(self) -> Array:
        """The answer."""
        raise NotImplementedError

    def run(self, chunks: int) -> Array:
        """As many answers; the last one."""
        found = self.solve()
        for _ in range(chunks - 1):
            found = self.solve()
        return found

    def losses(self, result: Array) -> Array:
        """What is compared: the answer itself."""
        return result
