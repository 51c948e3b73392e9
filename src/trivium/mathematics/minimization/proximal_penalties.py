"""Penalties with a kink, by their proximal operators: L1, elastic net, groups."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from trivium.engine.errors import ArgumentError

__all__ = ["ElasticNet", "GroupNorm", "L1Norm", "ProximalPenalty"]

Array = np.ndarray[Any, Any]


class ProximalPenalty(Protocol):
    """A convex penalty R whose proximal operator is known in closed form."""

    def value(self, x: Array) -> float:
        """R(x)."""

    def prox(self, x: Array, step: float) -> Array:
        """argmin_z R(z) + ‖z - x‖² / (2 step)."""


@dataclass(frozen=True)
class L1Norm:
    """R(x) = Σ_j λ_j |x_j|; the proximal operator is the soft threshold.

    ``weight``: λ, a number or one for each element (0 leaves an element out). Raises
    ArgumentError for negative or infinite ones. Source: Parikh & Boyd (2014), *Proximal
    Algorithms*, §6.5.2.
    """

    weight: Any

    def __post_init__(self) -> None:
        _require_weight("L1Norm", self.weight)

    def value(self, x: Array) -> float:
        """Σ λ |x|."""
        return float((np.asarray(self.weight) * np.abs(x)).sum())

    def prox(self, x: Array, step: float) -> Array:
        """sign(x) max(|x| - step λ, 0)."""
        shrunk = np.maximum(np.abs(x) - step * np.asarray(self.weight), 0.0)
        return np.asarray(np.sign(x) * shrunk + 0.0)  # no negative zeros


@dataclass(frozen=True)
class ElasticNet:
    """R(x) = Σ_j l1_j |x_j| + l2_j x_j²: no factor ½ before the squares, as in ``L2``.

    Raises ArgumentError for negative or infinite weights. Source: Zou & Hastie (2005), J. R.
    Stat. Soc. B 67; Parikh & Boyd (2014), §6.5.3.
    """

    l1: Any
    l2: Any

    def __post_init__(self) -> None:
        _require_weight("ElasticNet", self.l1)
        _require_weight("ElasticNet", self.l2)

    def value(self, x: Array) -> float:
        """Σ l1 |x| + l2 x²."""
        return float((np.asarray(self.l1) * np.abs(x) + np.asarray(self.l2) * x * x).sum())

    def prox(self, x: Array, step: float) -> Array:
        """The soft threshold, divided by 1 + 2 step l2."""
        return np.asarray(L1Norm(self.l1).prox(x, step) / (1 + 2 * step * np.asarray(self.l2)))


@dataclass(frozen=True)
class GroupNorm:
    """R(x) = λ Σ_g √|g| ‖x_g‖₂: whole groups become zero together (the group lasso).

    ``groups``: sequences of positions; those in none are not penalised. Raises ArgumentError
    for a negative weight and for positions in two groups. Source: Yuan & Lin (2006), J. R.
    Stat. Soc. B 68, eq. (2.1); Parikh & Boyd (2014), §6.5.4.
    """

    weight: float
    groups: Sequence[Sequence[int]]

    def __post_init__(self) -> None:
        _require_weight("GroupNorm", self.weight)
        every = [int(i) for group in self.groups for i in group]
        if len(set(every)) != len(every) or any(i < 0 for i in every):
            raise ArgumentError(
                "GroupNorm: groups hold positions from 0 on, none of them twice"
            )

    def value(self, x: Array) -> float:
        """λ Σ √|g| ‖x_g‖."""
        sizes = [math.sqrt(len(g)) * float(np.linalg.norm(x[list(g)])) for g in self.groups]
        return float(self.weight) * sum(sizes)

    def prox(self, x: Array, step: float) -> Array:
        """Every group shortened by step λ √|g|, to zero where it is shorter."""
        found = x.copy()
        for group in self.groups:
            places = list(group)
            length = float(np.linalg.norm(x[places]))
            cut = step * float(self.weight) * math.sqrt(len(places))
            found[places] = x[places] * max(1 - cut / length, 0.0) if length > 0 else 0.0
        return found


def _require_weight(owner: str, given: Any) -> None:
    array = np.asarray(given, np.float64)
    if not (np.isfinite(array).all() and (array >= 0).all()):
        raise ArgumentError(
            f"{owner}: weights must be zero or positive and finite, got {given!r}"
        )
