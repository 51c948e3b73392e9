"""Profile-likelihood intervals: all values that a likelihood-ratio test does not reject."""

from __future__ import annotations

from typing import Any

import numpy as np

from .maximum import Likelihood, maximise

__all__ = ["profile_interval"]

Array = np.ndarray[Any, Any]
_FARTHEST = 60.0  # standard errors


def profile_interval(
    likelihood: Likelihood,
    best: Array,
    functional: Array,
    error: float,
    cutoff: float,
    phi: float,
) -> tuple[float | None, float | None]:
    """Where the profile of t = functionalᵀθ crosses ``cutoff``: 2(ℓ(θ̂) - ℓ_p(t))/φ = cutoff.

    ``best``: the maximum θ̂. ``error``: the standard error of t. An end is None where the
    profile does not fall that far within 60 standard errors. Source: Venzon & Moolgavkar
    (1988), Appl. Statist. 37; McCullagh & Nelder (1989), §7.2.
    """
    length = float(functional @ functional)
    towards = functional / length
    # Directions that leave t as it is.
    basis = np.linalg.svd(functional[None] / np.sqrt(length), full_matrices=True)[2][1:].T
    top = likelihood.at(best).value
    ends: list[float | None] = []
    for side in (-1.0, 1.0):
        ends.append(_end(likelihood, best, towards * error * side, basis, top, cutoff, phi))
    middle = float(functional @ best)
    low, high = ends
    return (
        None if low is None else middle - low * error,
        None if high is None else middle + high * error,
    )


def _end(
    likelihood: Likelihood, best: Array, step: Array, basis: Array, top: float, cutoff: float,
    phi: float,
) -> float | None:  # fmt: skip
    """How many standard errors along ``step`` the profile has fallen to the cutoff."""
    from scipy.optimize import brentq

    known: dict[float, Array] = {0.0: best}

    def excess(s: float) -> float:
        if s == 0.0:
            return -cutoff
        near = min(known, key=lambda other: abs(other - s))
        found = maximise(likelihood, known[near] + (s - near) * step, basis)
        value = 2 * (found.state.value - top) / phi - cutoff
        if not np.isfinite(value):
            return 1e6  # outside of where the mean exists
        known[s] = found.parameters
        return float(value)

    low, high = 0.0, float(np.sqrt(cutoff))
    while excess(high) < 0:
        low, high = high, high * 1.5
        if high > _FARTHEST:
            return None
    return float(brentq(excess, low, high, xtol=1e-10, rtol=1e-12))
