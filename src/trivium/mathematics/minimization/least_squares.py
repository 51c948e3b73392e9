"""Nonlinear least squares: f(x) = Σ r_i(x)², by Gauss-Newton and Levenberg-Marquardt.

Each step solves a linear least-squares problem with the Jacobian J of the residuals: by Cholesky
where J is tall and well-conditioned, by QR where it is small or JᵀJ would lose digits
(``least_squares_factor``). Source: Gauss (1809), *Theoria motus*; Moré (1978), "The
Levenberg-Marquardt algorithm: implementation and theory", LNM 630; Transtrum & Sethna (2012),
"Improvements to the Levenberg-Marquardt algorithm", arXiv:1201.5885.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Unpack

import numpy as np

from trivium.engine.errors import ArgumentError
from trivium.engine.tensor import Tensor

from .least_squares_step import Linearized, linearized, tall
from .residuals import Residuals
from .result import Minimum, Reason
from .search import Options, Search, Visited, starting_point

__all__ = ["gauss_newton", "levenberg_marquardt"]

Array = np.ndarray[Any, Any]
_EPSILON = float(np.finfo(np.float64).eps)
_BEND = 0.75  # the largest 2‖Da‖/‖Dv‖ for which the path is taken to be a parabola
_AHEAD = 0.1
_NEAR = 1e-3  # steps shorter than this, beside x, are straight
_LOST = 1e-8  # of the largest effect that an unknown has had on the residuals


@np.errstate(over="ignore", invalid="ignore", divide="ignore")
def gauss_newton(
    residuals: Callable[[Any], Any] | Tensor | Residuals,
    start: Any = None,
    **options: Unpack[Options],
) -> Minimum:
    """Minimize f(x) = Σ r_i(x)² by Gauss-Newton steps p = -J⁺r, shortened where f would rise.

    ``residuals``: a Python function of Tensors or an expression, of any shape, with ``start``.
    ``gradient_tolerance`` (default 1e-10) is compared with the largest cosine between r and a
    column of J, |J_jᵀr| / (‖J_j‖ ‖r‖), which has no unit. The other ``options``: see
    ``Options``. A rank-deficient J gives the shortest step, and the notes say so. Raises
    ArgumentError where the residuals are not finite at the start.
    """
    return _LeastSquares(residuals, start, options).gauss_newton()


@np.errstate(over="ignore", invalid="ignore", divide="ignore")
def levenberg_marquardt(
    residuals: Callable[[Any], Any] | Tensor | Residuals,
    start: Any = None,
    *,
    geodesic: bool = True,
    factor: float = 10.0,
    **options: Unpack[Options],
) -> Minimum:
    """Minimize f(x) = Σ r_i(x)² by the Levenberg-Marquardt method as Moré made it.

    The step minimizes ‖r + Jp‖ within ‖Dp‖ ≤ Δ, where D holds the largest norm that each column
    of J has had, so that the path does not depend on the parameters' units. ``geodesic``: the
    step follows the parabola v + a, a = -½(JᵀJ + λD²)⁻¹Jᵀr_vv with r_vv the second derivative
    along v, where it bends little (‖Da‖ ≤ ⅜‖Dv‖) and is longer than
    ‖Dx‖/1000. ``factor``: the first Δ is factor·‖Dx‖.
    Otherwise as ``gauss_newton``.
    """
    if not isinstance(geodesic, bool | np.bool_):
        raise ArgumentError(f"geodesic must be True or False, got {geodesic!r}")
    if not 0 < factor < math.inf:
        raise ArgumentError(f"factor must be positive, got {factor!r}")
    return _LeastSquares(residuals, start, options).levenberg_marquardt(bool(geodesic), factor)


class _LeastSquares:
    def __init__(self, residuals: Any, start: Any, options: Options) -> None:
        if isinstance(residuals, Residuals):
            self.residuals = residuals
        elif start is None:
            raise ArgumentError("least squares need a start: an array of first values")
        else:
            self.residuals = Residuals(residuals, start)
            start = None
        self.start = starting_point(self.residuals, start)
        given: Options = {"gradient_tolerance": 1e-10, **options}
        self.search = Search(self.residuals, given, measure=lambda point: self.here.cosine)
        self.here: Linearized
        self.lucky = True  # the last trial point was a better one

    def _begin(self) -> tuple[Visited, Reason | None]:
        self.here = linearized(self.residuals, self.start, None, regular=True)
        point = self.search.began(self._visited(self.start))
        reason = self._zero(point) or self.search.at_start(point)
        return point, reason

    def _visited(self, x: Array) -> Visited:
        return self.search.saw(Visited(x, self.here.value, self.here.gradient))

    def _zero(self, point: Visited) -> Reason | None:
        """Whether the residuals are no larger than what rounding x alone does to them."""
        rounding = 4 * _EPSILON * float(np.linalg.norm(self.here.lengths * point.x))
        small = math.sqrt(point.value) <= rounding
        return Reason.ZERO_RESIDUALS if small or point.value == 0 else None

    def _look(self, x: Array) -> tuple[Array, Linearized | None]:
        """The residuals at ``x``; with their linear model where that is likely to be wanted.

        One program for both takes little longer than one for the residuals alone.
        """
        if self.lucky and self.here.regular and tall(self.residuals):
            found = linearized(self.residuals, x, None, regular=True)
            return found.r, found
        return self.residuals.residuals(x), None

    def _accept(self, x: Array, r: Array, found: Linearized | None) -> Visited | None:
        """Move to ``x``; None where the derivative is not finite."""
        if found is None:
            found = linearized(self.residuals, x, r, self.here.regular)
        if not found.finite:
            return None
        self.here = found
        return self._visited(x)

    def _after(self, old: Visited, new: Visited) -> Reason | None:
        reason = self.search.moved(old, new)
        return self._zero(new) or reason

    def gauss_newton(self) -> Minimum:
        """Full steps where they help, shortened by parabolas where not."""
        point, reason = self._begin()
        while reason is None:
            p = self.here.step(np.ones(point.x.size), math.inf).p
            slope = float(self.here.gradient @ p)
            if not slope < 0 or not np.any(point.x + p != point.x):
                reason = Reason.PRECISION
                break
            old = point
            new, reason = self._backtrack(point, p, slope)
            if new is not None:
                point = new
                reason = self._after(old, point)
        notes = self.here.notes()
        if reason is Reason.NO_DESCENT:
            notes.append(
                "Where J is nearly singular, the Gauss-Newton step is long and almost level; "
                "levenberg_marquardt damps it."
            )
        return self.search.finish(reason, point, notes)

    def _backtrack(
        self, point: Visited, p: Array, slope: float
    ) -> tuple[Visited | None, Reason | None]:
        alpha, finite = 1.0, False
        for _ in range(60):
            x = point.x + alpha * p
            r, found = self._look(x)
            value = float(r @ r)
            if math.isfinite(value):
                finite = True
                if value <= point.value + 1e-4 * alpha * slope:
                    new = self._accept(x, r, found)
                    if new is not None:
                        self.lucky = alpha == 1
                        return new, None
                bend = value - point.value - alpha * slope
                best = -slope * alpha / (2 * bend) if bend > 0 else 0.5
                alpha *= min(max(best, 0.1), 0.5)
            else:
                alpha *= 0.25
            self.lucky = False
            if spent := self.search.exhausted():
                return None, spent
            if not np.any(point.x + alpha * p != point.x):
                break
        return None, self._stuck(finite, point)

    def _stuck(self, finite: bool, point: Visited) -> Reason:
        if not finite:
            return Reason.NON_FINITE
        small = max(1e-4, 10 * math.sqrt(self._noise(point)))
        return Reason.PRECISION if self.here.cosine <= small else Reason.NO_DESCENT

    def levenberg_marquardt(self, geodesic: bool, factor: float) -> Minimum:
        """Steps within a region that is scaled by D."""
        point, reason = self._begin()
        most = self.here.lengths
        scale = np.where(most > 0, most, 1.0)
        self.radius = factor * (float(np.linalg.norm(scale * point.x)) or 1.0)
        first = True
        while reason is None:
            old = point
            new, reason = self._step(point, scale, geodesic, first)
            if new is None:
                break
            point, first = new, False
            most = np.maximum(most, self.here.lengths)
            scale = np.maximum(scale, most)
            reason = self._after(old, point)
        reason = reason or Reason.PRECISION
        if reason is Reason.NO_DESCENT or (
            reason.converged and reason is not Reason.ZERO_RESIDUALS
        ):
            reason = self._plateau(most) or reason
        return self.search.finish(reason, point, self.here.notes())

    def _plateau(self, most: Array) -> Reason | None:
        """Whether an unknown has lost its effect; ``most``: the columns' largest lengths so far.

        Then r may be orthogonal to what is left of J, or at an angle to nothing but its rounding.
        """
        lost = np.flatnonzero(self.here.lengths < _LOST * most)
        if not lost.size or not self.search.iterations:
            return None
        named = ", ".join(f"x[{int(j)}]" for j in lost[:5])
        self.search.notes.append(f"The effect of {named} on the residuals is lost.")
        return Reason.PLATEAU

    def _step(
        self, point: Visited, scale: Array, geodesic: bool, first: bool
    ) -> tuple[Visited | None, Reason | None]:
        """One accepted step, after as many smaller regions as it takes."""
        here, finite = self.here, False
        for _ in range(200):
            step = here.step(scale, self.radius)
            if first:
                self.radius = min(self.radius, step.length)
            p = step.p
            if geodesic and step.length > _NEAR * float(np.linalg.norm(scale * point.x)):
                p = self._along_geodesic(point.x, step, scale)
            x = point.x + p
            if not np.any(x != point.x):
                return None, self._stuck(True, point)
            r, found = self._look(x)
            value = float(r @ r)
            self.lucky = value < point.value
            if not math.isfinite(value):
                self.radius = 0.25 * step.length
                if spent := self.search.exhausted():
                    return None, spent
                continue
            finite = True
            actual = 1 - value / point.value if value < 100 * point.value else -1.0
            if max(step.predicted, abs(actual)) <= self._noise(point):
                return self._flat(x, r, found)
            ratio = actual / step.predicted if step.predicted > 0 else 0.0
            self._resize(step, actual, ratio)
            if ratio >= 1e-4:
                new = self._accept(x, r, found)
                if new is not None:
                    return new, None
                self.radius = 0.25 * step.length
            if self.radius <= _EPSILON * float(np.linalg.norm(scale * point.x)):
                return None, self._stuck(True, point)
            if spent := self.search.exhausted():
                return None, spent
        return None, self._stuck(finite, point)

    def _noise(self, point: Visited) -> float:
        """The relative error of f: what rounding of x does to r, beside r."""
        moved = _EPSILON * float(np.linalg.norm(self.here.lengths * point.x))
        return max(16 * _EPSILON, 2 * moved / math.sqrt(point.value))

    def _flat(
        self, x: Array, r: Array, found: Linearized | None
    ) -> tuple[Visited | None, Reason | None]:
        """Where values differ by rounding only, the angle between r and J still tells."""
        before = self.here
        new = self._accept(x, r, found)
        if new is not None and self.here.cosine < 0.5 * before.cosine:
            return new, None
        self.here = before
        return None, Reason.PRECISION

    def _along_geodesic(self, x: Array, step: Any, scale: Array) -> Array:
        ahead = self.residuals.residuals(x + _AHEAD * step.p)
        a = self.here.acceleration(step, scale, ahead, _AHEAD)
        # Written so that NaN is refused, too.
        if not 2 * np.linalg.norm(scale * a) <= _BEND * step.length:
            return np.asarray(step.p)
        return np.asarray(step.p + a)

    def _resize(self, step: Any, actual: float, ratio: float) -> None:
        """Moré (1978), §4: the region follows how well the model did."""
        if ratio <= 0.25:
            shorter = 0.5
            if actual < 0:
                shorter = 0.5 * step.slope / (step.slope + 0.5 * actual)
            if actual <= -0.99 or shorter < 0.1:
                shorter = 0.1
            self.radius = shorter * min(self.radius, 10 * step.length)
        elif step.damping == 0 or ratio >= 0.75:
            self.radius = 2 * step.length
