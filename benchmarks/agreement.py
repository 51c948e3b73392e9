"""The same arithmetic for all: what contenders compute is compared before anything is timed."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["Disagreement", "check"]


class Disagreement(Exception):
    """A contender computed something else."""


def check(name: str, found: Any, expected: Any, tolerance: float) -> float:
    """The largest difference, relative to the largest expected size; the two must agree.

    ``found`` may hold means over equal groups of what is expected one by one. Raises
    Disagreement when the difference is larger than ``tolerance`` or not a number.
    """
    actual = np.asarray(found, np.float64)
    oracle = np.asarray(expected, np.float64)
    if actual.shape != oracle.shape and oracle.ndim == 1 and actual.ndim == 1:
        if actual.size == 0 or oracle.size % actual.size:
            raise Disagreement(f"{name} gave {actual.size} values instead of {oracle.size}")
        oracle = oracle.reshape(actual.size, -1).mean(axis=1)
    if actual.shape != oracle.shape:
        raise Disagreement(f"{name} gave shape {actual.shape} instead of {oracle.shape}")
    scale = float(np.max(np.abs(oracle), initial=0.0)) or 1.0
    difference = float(np.max(np.abs(actual - oracle), initial=0.0)) / scale
    if not difference <= tolerance:
        worst = int(np.argmax(~(np.abs(actual - oracle) / scale <= tolerance)))
        raise Disagreement(
            f"{name} does not compute the same: at place {worst} it has "
            f"{actual.flat[worst]:.9g}, expected {oracle.flat[worst]:.9g} "
            f"(relative difference {difference:.2g}, allowed {tolerance:.2g})"
        )
    return difference
