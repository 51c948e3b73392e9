"""The posterior of one positive number, tabulated on a grid or known from weighted draws."""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any

import numpy as np

from trivium.engine.errors import ArgumentError

from .distribution import Interval
from .divergence import interval_of
from .posterior_grid import Axis

__all__ = ["DrawnMarginal", "Marginal"]

Array = np.ndarray[Any, Any]
_UNLIKELY = 1e-6

# Gauss and Legendre's rule inside one step of the table.
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(6)


class Marginal:
    """A distribution of one positive number θ, from its density along an ``Axis`` of a grid.

    ``mean``, ``sd``, ``mode`` (of the density of θ), ``density``, ``cdf``, ``survival``,
    ``quantile``, ``upper_quantile`` and ``interval`` as those of a Distribution, NumPy. Between
    the nodes ln p is a cubic spline; quantiles have about six digits.
    """

    shape: tuple[int, ...] = ()
    event: tuple[int, ...] = ()
    discrete = False

    def __init__(self, axis: Axis, s: Array, log_density: Array) -> None:
        from scipy.interpolate import CubicSpline

        peak = log_density.max()
        used = np.flatnonzero(log_density > peak - 80.0)
        keep = slice(used[0], used[-1] + 1)
        self._axis, self._log = axis, CubicSpline(s[keep], log_density[keep])
        # Sums over the nodes themselves are more accurate than integrals of the spline.
        self._nodes, self._weights = np.exp(axis.log(s)), np.exp(log_density - peak)
        self._weights /= self._weights.sum()
        count = 8 * (used[-1] - used[0]) + 1
        fine = np.linspace(s[keep][0], s[keep][-1], count)
        mass = np.exp(self._log(fine))
        # Simpson's rule within each pair of steps.
        pieces = (fine[1] - fine[0]) / 3 * (mass[:-2:2] + 4 * mass[1:-1:2] + mass[2::2])
        self._total = pieces.sum()
        self._ends = fine[::2]
        self._below = np.r_[0.0, np.cumsum(pieces)] / self._total
        self._above = np.r_[np.cumsum(pieces[::-1])[::-1], 0.0] / self._total

    @cached_property
    def mean(self) -> Any:
        """E θ."""
        return np.float64(self._weights @ self._nodes)

    @cached_property
    def sd(self) -> Any:
        """The standard deviation of θ."""
        return np.float64(math.sqrt(self._weights @ (self._nodes - self.mean) ** 2))

    def _height(self, s: Any) -> Any:
        """ln of the density of θ at s."""
        return (
            self._log(s) - self._axis.log_slope(s) - self._axis.log(s) - math.log(self._total)
        )

    @cached_property
    def mode(self) -> float:
        """Where the density of θ is largest, the outermost millionth on both sides left out.

        (Under Jeffreys' prior it may be infinite at 0.) ArgumentError where there is no peak.
        """
        from scipy.optimize import minimize_scalar

        height = self._height(self._ends)
        likely = (self._below > _UNLIKELY) & (self._above > _UNLIKELY)
        best = int(np.argmax(np.where(likely, height, -np.inf)))
        if not (likely[best - 1] and likely[best + 1]):
            raise ArgumentError("the density grows towards 0 without a peak")
        found = minimize_scalar(
            lambda s: -float(self._height(s)),
            bounds=(self._ends[best - 1], self._ends[best + 1]),
            method="bounded",
            options={"xatol": 1e-10},
        )
        return math.exp(float(self._axis.log(found.x)))

    def density(self, x: Any) -> Array:
        """p(θ); elementwise, 0 where it is below rounding."""
        given = np.asarray(x, float)
        with np.errstate(all="ignore"):
            s = self._axis.inverse(np.log(given))
            inside = (s >= self._ends[0]) & (s <= self._ends[-1])
            found = np.exp(self._height(np.where(inside, s, self._ends[0])))
        return np.where(np.isnan(given), np.nan, np.where(inside, found, 0.0))

    def cdf(self, x: Any) -> Array:
        """P(Θ ≤ θ); elementwise."""
        return self._share(x, self._below)

    def survival(self, x: Any) -> Array:
        """P(Θ > θ); elementwise."""
        return self._share(x, self._above)

    def _share(self, x: Any, table: Array) -> Array:
        """The table at ln θ, and the rest of its step by Gauss-Legendre quadrature."""
        given = np.asarray(x, float)
        with np.errstate(all="ignore"):
            s = self._axis.inverse(np.log(np.where(given > 0, given, 5e-324)))
        return np.where(np.isnan(given), np.nan, self._share_at(s, table))

    def _share_at(self, s: Array, table: Array) -> Array:
        u = np.clip(s, self._ends[0], self._ends[-1])
        place = np.clip(np.searchsorted(self._ends, u) - 1, 0, len(self._ends) - 2)
        start = self._ends[place]
        half = (u - start) / 2
        at = start[..., None] + half[..., None] * (_NODES + 1)
        part = (np.exp(self._log(at)) * _WEIGHTS).sum(axis=-1) * half / self._total
        rising = table[-1] > table[0]
        return np.clip(table[place] + (part if rising else -part), 0.0, 1.0)

    def quantile(self, q: Any) -> Array:
        """θ with P(Θ ≤ θ) = q; elementwise. Raises ArgumentError outside [0, 1]."""
        return self._inverse(q, self._below)

    def upper_quantile(self, q: Any) -> Array:
        """θ with P(Θ > θ) = q; elementwise. Raises ArgumentError outside [0, 1]."""
        return self._inverse(q, self._above)

    def _inverse(self, q: Any, table: Array) -> Array:
        given = np.asarray(q, float)
        if not ((given >= 0) & (given <= 1)).all():
            raise ArgumentError(f"quantiles are asked of probabilities from 0 to 1, not {q!r}")
        rising = table[-1] > table[0]
        last = len(table) - 2
        place = np.searchsorted(table if rising else table[::-1], given) - 1
        place = np.clip(place if rising else last - place, 0, last)
        low, high = self._ends[place], self._ends[place + 1]
        at = 0.5 * (low + high)
        # Newton's steps, halved into the bracket where they leave it: the slope of the share is
        # the density, so a handful of them is exact to rounding inside one step of the table.
        for _ in range(55):
            miss = (self._share_at(at, table) - given) * (1 if rising else -1)
            low, high = np.where(miss < 0, at, low), np.where(miss >= 0, at, high)
            with np.errstate(all="ignore"):
                after = at - miss * self._total / np.exp(self._log(at))
            after = np.where((after > low) & (after < high), after, 0.5 * (low + high))
            settled = np.abs(after - at) <= 4 * np.finfo(float).eps * np.abs(at)
            at = after
            if settled.all():
                break
        found = np.exp(self._axis.log(at))
        ends = (0.0, np.inf) if rising else (np.inf, 0.0)
        return np.where(given == 0, ends[0], np.where(given == 1, ends[1], found))

    def interval(self, level: float = 0.95, kind: str = "equal-tailed") -> Interval:
        """A credible interval; see ``Distribution.interval``."""
        return interval_of(self, level, kind)  # type: ignore[arg-type]

    def __repr__(self) -> str:
        return f"Marginal(mean={float(self.mean):.6g}, sd={float(self.sd):.3g})"


class DrawnMarginal:
    """The distribution of one number from weighted draws; it has no density and no mode."""

    shape: tuple[int, ...] = ()
    event: tuple[int, ...] = ()
    discrete = False

    def __init__(self, values: Array, weights: Array) -> None:
        order = np.argsort(values)
        self._values, share = values[order], weights[order] / weights.sum()
        self._below = np.cumsum(share) - 0.5 * share
        self.mean = np.float64((share * self._values).sum())
        self.sd = np.float64(math.sqrt((share * (self._values - self.mean) ** 2).sum()))

    @property
    def mode(self) -> float:
        """Raises ArgumentError: draws have no density."""
        raise ArgumentError("a mode is not known from draws; ask the posterior's map()")

    def cdf(self, x: Any) -> Array:
        """P(Θ ≤ θ); elementwise."""
        return np.interp(np.asarray(x, float), self._values, self._below, left=0.0, right=1.0)

    def quantile(self, q: Any) -> Array:
        """θ with P(Θ ≤ θ) = q; elementwise. Raises ArgumentError outside [0, 1]."""
        given = np.asarray(q, float)
        if not ((given >= 0) & (given <= 1)).all():
            raise ArgumentError(f"quantiles are asked of probabilities from 0 to 1, not {q!r}")
        return np.interp(given, self._below, self._values)

    def upper_quantile(self, q: Any) -> Array:
        """θ with P(Θ > θ) = q; elementwise."""
        return self.quantile(1.0 - np.asarray(q, float))

    def interval(self, level: float = 0.95, kind: str = "equal-tailed") -> Interval:
        """A credible interval; see ``Distribution.interval``."""
        return interval_of(self, level, kind)  # type: ignore[arg-type]

    def __repr__(self) -> str:
        return f"DrawnMarginal(mean={float(self.mean):.6g}, sd={float(self.sd):.3g})"
