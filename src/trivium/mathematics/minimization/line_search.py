"""A step along a descent direction that satisfies the strong Wolfe conditions.

φ(α) = f(x + αd); wanted: φ(α) ≤ φ(0) + c₁αφ'(0) and |φ'(α)| ≤ c₂|φ'(0)|.
Source: Moré & Thuente (1994), "Line search algorithms with guaranteed sufficient decrease", ACM
Trans. Math. Softw. 20; the approximate conditions near the minimum, where rounding hides the
decrease of f but not that of its slope: Hager & Zhang (2005), SIAM J. Optim. 16, eq. (4.1).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .result import Reason
from .search import Visited

__all__ = ["Searched", "failed", "longest_step", "wolfe"]

Array = np.ndarray[Any, Any]
_MOST = 60  # evaluations; each extrapolation multiplies the step by at most 5
_FARTHER = 4.0
_TINY = 1e-300
_EPSILON = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Searched:
    """What a line search found.

    ``point``: the last point with a sufficient decrease, None if there is none. ``step``: α.
    ``finite``: whether any trial was finite. ``at_limit``: the step is the largest allowed, and
    the function still falls there.
    """

    point: Visited | None
    step: float
    finite: bool
    at_limit: bool = False


@dataclass
class _Trial:
    """φ and φ' at a step."""

    step: float
    value: float
    slope: float


def wolfe(
    at: Callable[[Array], Visited],
    start: Visited,
    direction: Array,
    step: float,
    *,
    decrease: float = 1e-4,
    curvature: float = 0.9,
    width: float = 1e-10,
    longest: float = 1e20,
    epsilon: float = _EPSILON,
) -> Searched:
    """A step that satisfies the strong Wolfe conditions, from the first trial ``step``.

    ``direction`` (n,) is one of descent. ``decrease``, ``curvature``: c₁ < c₂ < 1. ``width``:
    the interval is narrowed to at most this fraction of the step. A trial that is not finite
    shortens the way, so the search stays in the function's domain. ``epsilon``: the relative
    rounding error of f.
    """
    search = _Search(start, direction, decrease, curvature, width, longest, epsilon)
    return search.run(at, min(step, longest))


class _Search:
    def __init__(
        self,
        start: Visited,
        direction: Array,
        decrease: float,
        curvature: float,
        width: float,
        longest: float,
        epsilon: float,
    ) -> None:
        self.start, self.direction = start, direction
        self.decrease, self.curvature, self.width = decrease, curvature, width
        self.longest = longest
        self.first = _Trial(0.0, start.value, float(start.gradient @ direction))
        self.best = self.other = self.first  # stx and sty of the paper
        self.bracketed, self.modified = False, True
        self.low, self.high = 0.0, 0.0
        self.extent = self.extent_before = 0.0
        # φ is known to about this; a smaller difference says nothing.
        self.noise = 64 * epsilon * abs(start.value)

    def run(self, at: Callable[[Array], Visited], step: float) -> Searched:
        """The search itself; see ``wolfe``."""
        self.extent = self.longest
        self.extent_before = 2 * self.extent
        self.high = step + _FARTHER * step
        finite, barrier = False, math.inf
        points: dict[float, Visited] = {}
        for _ in range(_MOST):
            point = at(self.start.x + step * self.direction)
            if not point.finite:
                if point.value == -math.inf:
                    return Searched(point, step, True)
                barrier = step
                shorter = self.best.step + 0.25 * (step - self.best.step)
                if shorter in (step, self.best.step) or abs(shorter) < _TINY:
                    break
                step = shorter
                continue
            finite = True
            trial = _Trial(step, point.value, float(point.gradient @ self.direction))
            points[step] = point
            if self._accepts(trial):
                return Searched(point, step, True)
            if step == self.longest and self._falls(trial):
                return Searched(point, step, True, at_limit=True)
            if self.bracketed and (
                step <= self.low
                or step >= self.high
                or self.high - self.low <= self.width * self.high
            ):
                break
            step = self._next(trial)
            if step >= barrier:
                step = 0.5 * (self.best.step + barrier)
            if step in points:
                break
        found = points.get(self.best.step)
        if found is not None and found.value < self.start.value:
            return Searched(found, self.best.step, finite)
        return Searched(None, 0.0, finite)

    def _accepts(self, trial: _Trial) -> bool:
        slope = self.first.slope
        small = abs(trial.slope) <= self.curvature * -slope
        if small and trial.value <= self.first.value + self.decrease * trial.step * slope:
            return True
        flat = abs(trial.value - self.first.value) <= self.noise
        return flat and (2 * self.decrease - 1) * slope >= trial.slope >= self.curvature * slope

    def _falls(self, trial: _Trial) -> bool:
        test = self.decrease * self.first.slope
        return trial.value <= self.first.value + trial.step * test and trial.slope <= test

    def _next(self, trial: _Trial) -> float:
        test = self.decrease * self.first.slope
        enough = trial.value <= self.first.value + trial.step * test
        if self.modified and enough and trial.slope >= 0:
            self.modified = False
        if self.modified and trial.value <= self.best.value and not enough:
            # ψ(α) = φ(α) - φ(0) - c₁αφ'(0) instead of φ: §2 of the paper.
            shifted = [_tilted(each, test) for each in (self.best, self.other, trial)]
            step, best, other = self._bracket(*shifted)
            self.best, self.other = _tilted(best, -test), _tilted(other, -test)
        else:
            step, self.best, self.other = self._bracket(self.best, self.other, trial)
        if self.bracketed:
            gap = abs(self.other.step - self.best.step)
            if gap >= 0.66 * self.extent_before:
                step = self.best.step + 0.5 * (self.other.step - self.best.step)
            self.extent_before, self.extent = self.extent, gap
            self.low = min(self.best.step, self.other.step)
            self.high = max(self.best.step, self.other.step)
        else:
            self.low = _least(step, self.best.step)
            self.high = step + _FARTHER * (step - self.best.step)
        return min(max(step, 0.0), self.longest)

    def _bracket(
        self, best: _Trial, other: _Trial, trial: _Trial
    ) -> tuple[float, _Trial, _Trial]:
        """The next step and the new ends of the interval: §4 of the paper (dcstep)."""
        step, bracketed = _trial_value(best, other, trial, self.bracketed, self.low, self.high)
        opposite = trial.slope * math.copysign(1.0, best.slope) < 0
        if trial.value > best.value:
            other = trial
        else:
            if opposite:
                other = best
            best = trial
        self.bracketed = bracketed
        return step, best, other


def _least(step: float, best: float) -> float:
    """The least extrapolation from ``best`` beyond ``step``."""
    return step + 1.1 * (step - best)


def _tilted(trial: _Trial, slope: float) -> _Trial:
    return _Trial(trial.step, trial.value - trial.step * slope, trial.slope - slope)


def _trial_value(
    x: _Trial, y: _Trial, p: _Trial, bracketed: bool, low: float, high: float
) -> tuple[float, bool]:
    """The four cases of trial value selection, by cubic and quadratic interpolation."""
    opposite = p.slope * math.copysign(1.0, x.slope) < 0
    if p.value > x.value:  # case 1: the minimum is between
        cubic = _cubic(x, p)
        drop = (x.value - p.value) / (p.step - x.step)
        quadratic = x.step + (x.slope / (drop + x.slope)) / 2 * (p.step - x.step)
        nearer = abs(cubic - x.step) < abs(quadratic - x.step)
        return (cubic if nearer else cubic + (quadratic - cubic) / 2), True
    secant = _secant(x, p)
    if opposite:  # case 2: the slope changes sign
        cubic = _cubic(p, x)
        return (cubic if abs(cubic - p.step) > abs(secant - p.step) else secant), True
    if abs(p.slope) < abs(x.slope):  # case 3: the slope shrinks
        cubic = _cubic_beyond(x, p, low, high)
        if bracketed:
            step = cubic if abs(cubic - p.step) < abs(secant - p.step) else secant
            bound = p.step + 0.66 * (y.step - p.step)
            return (min(bound, step) if p.step > x.step else max(bound, step)), True
        step = cubic if abs(cubic - p.step) > abs(secant - p.step) else secant
        return min(max(step, low), high), False
    if bracketed:  # case 4: the slope does not shrink
        return _cubic(p, y), True
    return (high if p.step > x.step else low), False


def _secant(x: _Trial, p: _Trial) -> float:
    difference = p.slope - x.slope
    if difference == 0:
        return math.copysign(math.inf, p.step - x.step)
    return p.step + p.slope / -difference * (p.step - x.step)


def _cubic(a: _Trial, b: _Trial) -> float:
    """The minimizer of the cubic through the values and slopes at ``a`` and ``b``."""
    theta = 3 * (a.value - b.value) / (b.step - a.step) + a.slope + b.slope
    scale = max(abs(theta), abs(a.slope), abs(b.slope))
    if scale == 0:
        return (a.step + b.step) / 2
    inner = (theta / scale) ** 2 - (a.slope / scale) * (b.slope / scale)
    gamma = scale * math.sqrt(max(0.0, inner))
    if b.step < a.step:
        gamma = -gamma
    top, bottom = (gamma - a.slope) + theta, ((gamma - a.slope) + gamma) + b.slope
    if bottom == 0:
        return (a.step + b.step) / 2
    return a.step + top / bottom * (b.step - a.step)


def _cubic_beyond(x: _Trial, p: _Trial, low: float, high: float) -> float:
    """The cubic's minimizer if it lies beyond ``p``, else the end of the range on that side."""
    theta = 3 * (x.value - p.value) / (p.step - x.step) + x.slope + p.slope
    scale = max(abs(theta), abs(x.slope), abs(p.slope))
    inner = (theta / scale) ** 2 - (x.slope / scale) * (p.slope / scale) if scale else 0.0
    gamma = scale * math.sqrt(max(0.0, inner))
    if p.step > x.step:
        gamma = -gamma
    top, bottom = (gamma - p.slope) + theta, (gamma + (x.slope - p.slope)) + gamma
    ratio = top / bottom if bottom else 0.0
    if ratio < 0 and gamma != 0:
        return p.step + ratio * (x.step - p.step)
    return high if p.step > x.step else low


def longest_step(x: Array, direction: Array) -> float:
    """The largest α that a line search tries: it may multiply ‖x‖ by 10¹⁰."""
    length = float(np.linalg.norm(direction))
    return max(1.0, 1e10 * max(1.0, float(np.linalg.norm(x))) / max(length, 1e-300))


def failed(point: Visited, found: Searched, epsilon: float = _EPSILON) -> Reason:
    """Why a line search along a direction of descent found nothing better.

    A slope that can be seen is g·d beside the errors of f, ε|f|: where the gradient is
    larger than √ε max(|f|, 1), the function should fall, and if it does not, something is
    wrong with it.
    """
    if not found.finite:
        return Reason.NON_FINITE
    small = math.sqrt(epsilon) * max(abs(point.value), 1.0)
    size = max(1.0, float(np.linalg.norm(point.x)))
    steep = float(np.linalg.norm(point.gradient)) > 1e3 * small * size
    return Reason.NO_DESCENT if steep else Reason.PRECISION
