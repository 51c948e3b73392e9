"""Integrals of a posterior density over one to three positive parameters, on a regular grid.

In u = ln θ = û + Lz, with L the Cholesky factor of the inverse curvature at the peak û, the
density is a smooth bump of unit width. Sums over a regular grid of s, z = sinh(c s)/c, converge
faster than any power of the spacing even where a tail falls slowly (the trapezoidal rule after a
change of variables; Takahasi & Mori (1974), Publ. RIMS 9; Trefethen & Weideman (2014), SIAM
Review 56). L is triangular, so the first parameter moves along the first axis only, and the sums
over the other axes are its marginal density.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from trivium.engine.errors import DomainError

__all__ = ["MOST_DIMENSIONS", "Grid", "Peak", "grid_of"]

Array = np.ndarray[Any, Any]
Density = Callable[[Array], Array]
MOST_DIMENSIONS = 3
_POINTS = 2_000_000
_BLOCK = 250_000
_FALL = 36.0  # e⁻³⁶ of the peak is below rounding
_SPACINGS = (0.5, 0.25, 0.125, 0.0625)
_ENOUGH = 1e-11
_BEND = 0.3  # c of z = sinh(c s)/c
_LEAST = -650.0  # ln of numbers that are near the smallest ones


class Peak(NamedTuple):
    """Where ln p(u) is largest, and L with L Lᵀ = -(its Hessian)⁻¹ there."""

    place: Array
    spread: Array

    def first(self, j: int) -> tuple[Array, Array, list[int]]:
        """Place and triangular spread with parameter ``j`` moved to the front, and the order."""
        order = [j, *(i for i in range(len(self.place)) if i != j)]
        covariance = (self.spread @ self.spread.T)[np.ix_(order, order)]
        return self.place[order], np.linalg.cholesky(covariance), order


class Axis(NamedTuple):
    """ln θ = place + scale · sinh(c s)/c as a function of s."""

    place: float
    scale: float

    def log(self, s: Array) -> Array:
        """ln θ."""
        return np.asarray(self.place + self.scale * np.sinh(_BEND * s) / _BEND)

    def log_slope(self, s: Array) -> Array:
        """ln of d ln θ/ds."""
        return np.asarray(math.log(self.scale) + np.log(np.cosh(_BEND * s)))

    def inverse(self, log: Array) -> Array:
        """s."""
        return np.asarray(np.arcsinh(_BEND * (log - self.place) / self.scale) / _BEND)


class Grid(NamedTuple):
    """Nodes u (m, d) with weights that add up to 1, and the marginal of the first parameter.

    ``s``: equal distances along ``axis``; ``log_marginal``: ln of the marginal density of s.
    ``log_total``: ln ∫ p(u) du. ``error``: how much the last refinement changed ``log_total``,
    or the mass near the smallest numbers, if that is more.
    """

    nodes: Array
    weights: Array
    s: Array
    axis: Axis
    log_marginal: Array
    log_total: float
    error: float


def grid_of(density: Density, peak: Peak, j: int, words: str) -> Grid:
    """The grid in which parameter ``j`` comes first (``nodes`` keep the order of parameters).

    ``density``: ln p, (m, d) → (m,). Raises DomainError, naming ``words``, where the density is
    so wide that the grid would have more than two million nodes.
    """
    place, spread, order = peak.first(j)
    back = np.argsort(order)
    d = len(order)

    def values(s: Array) -> tuple[Array, Array]:
        """u and ln p(u) |∂u/∂s|, up to the determinant of L."""
        u, found = np.empty_like(s), np.empty(len(s))
        for start in range(0, len(s), _BLOCK):
            part = slice(start, start + _BLOCK)
            with np.errstate(all="ignore"):
                u[part] = (place + np.sinh(_BEND * s[part]) / _BEND @ spread.T)[:, back]
                found[part] = density(u[part]) + np.log(np.cosh(_BEND * s[part])).sum(axis=1)
        return u, np.where(np.isfinite(found), found, -np.inf)

    low, high = _box(lambda s: values(s)[1], d, words)
    previous, error = math.nan, math.nan
    for spacing in _SPACINGS:
        # The marginal is interpolated, so its own axis is finer.
        steps = [spacing / (2 if d > 2 else 4), *[spacing] * (d - 1)]
        axes = _axes(low, high, steps)
        shape = tuple(len(each) for each in axes)
        if math.prod(shape) > _POINTS:
            if math.isnan(error):
                raise _too_wide(words)
            break
        u, logs = values(_points(axes))
        top = float(logs.max())
        weights = np.exp(logs - top)
        total = float(weights.sum())
        log_total = top + math.log(total * math.prod(steps))
        log_total += float(np.log(np.diag(spread)).sum())
        error, previous = abs(log_total - previous), log_total
        marginal = weights.reshape(shape).sum(axis=tuple(range(1, d))) / (total * steps[0])
        found = u, weights / total, axes[0], marginal
        if error < _ENOUGH:
            break
    nodes, weights, s, marginal = found
    error = max(error, float(weights[(nodes < _LEAST).any(axis=1)].sum()))
    with np.errstate(divide="ignore"):
        log_marginal = np.log(marginal)
    kept = weights > 1e-18 * weights.max()
    axis = Axis(float(place[0]), float(spread[0, 0]))
    return Grid(
        nodes[kept], weights[kept] / weights[kept].sum(), s, axis, log_marginal, previous, error
    )


def _points(axes: Sequence[Array]) -> Array:
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(axes))


def _axes(low: Array, high: Array, steps: Sequence[float]) -> list[Array]:
    return [
        step * np.arange(math.floor(a / step), math.ceil(b / step) + 1)
        for a, b, step in zip(low, high, steps, strict=True)
    ]


def _box(values: Density, d: int, words: str) -> tuple[Array, Array]:
    """Bounds of s past which the density is below rounding, found by growing their sides."""
    low, high = np.full(d, -5.0), np.full(d, 5.0)
    for _ in range(60):
        steps = [max(0.5, (b - a) / 60) for a, b in zip(low, high, strict=True)]
        axes = _axes(low, high, steps)
        table = values(_points(axes)).reshape([len(each) for each in axes])
        top = table.max()
        grown = False
        for i in range(d):
            for side, ends in ((0, low), (-1, high)):
                if np.take(table, side, axis=i).max() > top - _FALL:
                    ends[i] += (high[i] - low[i]) * (0.2 if side else -0.2)
                    grown = True
        if not grown:
            return low, high
    raise _too_wide(words)


def _too_wide(words: str) -> DomainError:
    return DomainError(
        f"{words} is too wide to integrate: so little is known that the parameters may be wrong "
        "by many powers of ten. Give more observations or a stronger prior"
    )
