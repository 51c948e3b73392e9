"""Convex sets with exact projections: boxes, balls and the simplex."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from trivium.engine.errors import ArgumentError

from .quasi_newton_bounds import Bounds

__all__ = ["Ball", "Box", "ConvexSet", "CrossPolytope", "Simplex"]

Array = np.ndarray[Any, Any]


class ConvexSet(Protocol):
    """A closed convex set in which a point can be found that is nearest to a given one."""

    def project(self, x: Array) -> Array:
        """The point of the set nearest to ``x`` (n,) in the Euclidean norm."""

    def contains(self, x: Array, tolerance: float = 1e-9) -> bool:
        """Whether ``x`` lies in the set, within a tolerance."""


class _Set:
    """What all sets share."""

    def project(self, x: Array) -> Array:
        """The point of the set nearest to ``x`` (n,) in the Euclidean norm."""
        raise NotImplementedError

    def contains(self, x: Array, tolerance: float = 1e-9) -> bool:
        """Whether ``x`` lies in the set, within ``tolerance`` · max(1, ‖x‖)."""
        x = np.asarray(x, np.float64)
        away = float(np.linalg.norm(x - self.project(x)))
        return away <= tolerance * max(1.0, float(np.linalg.norm(x)))


@dataclass(frozen=True)
class Box(_Set):
    """lower ≤ x ≤ upper, element by element; None or an infinity where there is no bound."""

    lower: Any = None
    upper: Any = None

    def project(self, x: Array) -> Array:
        """Each element moved to the nearer bound where it lies outside."""
        return Bounds.of((self.lower, self.upper), x.size).project(x)


@dataclass(frozen=True)
class Ball(_Set):
    """‖x‖₂ ≤ radius (around ``centre``, by default 0). Raises ArgumentError for a radius < 0."""

    radius: float
    centre: Any = 0.0

    def __post_init__(self) -> None:
        _radius("Ball", self.radius)

    def project(self, x: Array) -> Array:
        """x drawn back along the line to the centre."""
        away = x - self.centre
        length = float(np.linalg.norm(away))
        if length <= self.radius:
            return x.copy()
        return np.asarray(self.centre + away * (self.radius / length))


@dataclass(frozen=True)
class CrossPolytope(_Set):
    """‖x‖₁ ≤ radius: the ball of the L1 norm, whose corners are sparse.

    The projection is a soft threshold at the level that makes the length right. Source: Duchi,
    Shalev-Shwartz, Singer & Chandra (2008), "Efficient projections onto the ℓ₁-ball", ICML,
    figures 1 and 2. Raises ArgumentError for a radius < 0.
    """

    radius: float

    def __post_init__(self) -> None:
        _radius("CrossPolytope", self.radius)

    def project(self, x: Array) -> Array:
        """sign(x) max(|x| - θ, 0) with θ such that the length is the radius."""
        sizes = np.abs(x)
        if float(sizes.sum()) <= self.radius:
            return x.copy()
        return np.asarray(np.sign(x) * _onto_simplex(sizes, self.radius))


@dataclass(frozen=True)
class Simplex(_Set):
    """x ≥ 0 with Σ x = total: probabilities when total = 1. Raises ArgumentError for total < 0.

    Source: Held, Wolfe & Crowder (1974), Math. Program. 6; Duchi et al. (2008), figure 1.
    """

    total: float = 1.0

    def __post_init__(self) -> None:
        _radius("Simplex", self.total)

    def project(self, x: Array) -> Array:
        """max(x - θ, 0) with θ such that the sum is right."""
        return _onto_simplex(x, self.total)


def _radius(owner: str, given: float) -> None:
    if not 0 <= float(given) < math.inf:
        raise ArgumentError(f"{owner}: the size must be zero or positive, got {given!r}")


def _onto_simplex(x: Array, total: float) -> Array:
    if not x.size:
        return x.copy()
    falling = np.sort(x)[::-1]
    # Differences to the largest keep the sums small, so that large x lose no digits.
    excess = np.cumsum(falling - falling[0]) - total
    counts = np.arange(1, x.size + 1)
    last = int(np.flatnonzero((falling - falling[0]) * counts > excess)[-1]) if total > 0 else 0
    level = excess[last] / counts[last]
    return np.asarray(np.maximum((x - falling[0]) - level, 0.0))
