"""Newton's method: the minimizer of the quadratic model, again and again.

Within a trust region it converges from any start and leaves saddle points; with a line search
along a direction whose curvatures were made positive it always goes down.
Source: Nocedal & Wright (2006), *Numerical Optimization*, 2nd ed., chapters 3, 4 and 7; Conn,
Gould & Toint (2000), *Trust-Region Methods*, §17.4.2 for values that differ by rounding only.
"""

from __future__ import annotations

import math
from typing import Any, Unpack

import numpy as np

from trivium.engine.errors import ArgumentError

from .function import Function
from .line_search import failed, longest_step, wolfe
from .result import Minimum, Reason
from .search import Options, Search, Visited, as_function
from .trust_region import MatrixModel, ProductModel

__all__ = ["METHODS", "MOST_DENSE", "newton"]

Array = np.ndarray[Any, Any]
METHODS = ("trust-region", "line-search")
CURVATURES = ("auto", "matrix", "products")
#: Up to so many unknowns the Hessian is a matrix whose eigenvalues are computed.
MOST_DENSE = 500
_NOWHERE = (Reason.UNBOUNDED, Reason.NON_FINITE)
_STATIONARY = (Reason.CONVERGED, Reason.CRITICAL_START)


@np.errstate(over="ignore", invalid="ignore", divide="ignore")
def newton(
    f: Any,
    start: Any = None,
    *,
    method: str = "trust-region",
    curvature: str = "auto",
    radius: float | None = None,
    **options: Unpack[Options],
) -> Minimum:
    """Minimize ``f`` by Newton's method.

    ``method``: "trust-region" (default: exact steps by Moré & Sorensen, or Steihaug's for
    products) or "line-search". ``curvature``: the Hessian as a "matrix", by "products" with
    vectors, or "auto": a matrix for at most 500 unknowns. ``radius``: the first trust region
    (default: the first Newton step's length). ``f``: a ``Function``, a Python function of
    Tensors, or an expression, with ``start``; ``options``: see ``Options``.

    Where the gradient vanishes but the curvature does not (a saddle), the trust region goes on
    downhill; a line search cannot, and the notes say so. Raises ArgumentError for other options
    and where f is not finite at the start.
    """
    if method not in METHODS:
        raise ArgumentError(f"method must be one of {', '.join(METHODS)}, got {method!r}")
    if curvature not in CURVATURES:
        raise ArgumentError(
            f"curvature must be one of {', '.join(CURVATURES)}, got {curvature!r}"
        )
    if radius is not None and not 0 < radius < math.inf:
        raise ArgumentError(f"radius must be positive, got {radius!r}")
    function, x = as_function(f, start)
    dense = curvature == "matrix" or (
        curvature == "auto" and function.has_hessian and x.size <= MOST_DENSE
    )
    if not (function.has_hessian if dense else function.has_products):
        raise ArgumentError(
            "Newton's method needs second derivatives: pass hessian= or hessian_vector= to "
            "Function.from_callables, or use lbfgs, which needs none"
        )
    search = Search(function, options)
    run = _TrustRegion(search, function, dense, radius)
    return run.line_search(x) if method == "line-search" else run.trust_region(x)


class _TrustRegion:
    def __init__(
        self, search: Search, function: Function, dense: bool, radius: float | None
    ) -> None:
        self.search, self.function, self.dense = search, function, dense
        self.radius = radius
        self.saddles = 0

    def model(self, point: Visited) -> MatrixModel | ProductModel | None:
        """The quadratic model at ``point``; None where the Hessian is not finite."""
        if not self.dense:
            return ProductModel(self.function, point.x, point.gradient)
        hessian = self.function.hessian(point.x)
        if not np.isfinite(hessian).all():
            return None
        return MatrixModel(point.gradient, hessian)

    def trust_region(self, x: Array) -> Minimum:
        """Newton steps within a trust region."""
        search = self.search
        point = search.begin(x)
        reason = search.at_start(point)
        model: MatrixModel | ProductModel | None = None
        while True:
            if reason is not None and reason not in _STATIONARY:
                break
            model = self.model(point)
            if model is None:
                reason = Reason.NON_FINITE
                break
            if reason in _STATIONARY:
                if not model.negative:
                    break
                self.saddles += 1
            if self.radius is None:
                self.radius = model.newton_length() or max(1.0, float(np.linalg.norm(x)))
            old = point
            point, reason = self._accepted(point, model)
            if reason is None:
                reason = search.moved(old, point)
        notes = [] if model is None else model.notes()
        if self.saddles:
            notes.insert(
                0,
                "On the way a critical point that is no minimum was left along a direction of "
                "negative curvature.",
            )
        return search.finish(reason, point, notes)

    def _accepted(
        self, point: Visited, model: MatrixModel | ProductModel
    ) -> tuple[Visited, Reason | None]:
        """The next point, after as many smaller radii as it takes."""
        search, finite = self.search, False
        noise = 10 * search.epsilon * max(abs(point.value), 1e-300)
        assert self.radius is not None
        for _ in range(200):
            step = model.within(self.radius)
            length = float(np.linalg.norm(step.p))
            if not step.predicted > 0 or not np.any(point.x + step.p != point.x):
                return point, Reason.PRECISION
            trial = search.at(point.x + step.p)
            if trial.value == -math.inf:
                return point, Reason.UNBOUNDED
            if not trial.finite:
                self.radius = 0.25 * length
                if spent := search.exhausted():
                    return point, spent
                continue
            finite = True
            actual = point.value - trial.value
            if step.predicted <= noise and abs(actual) <= noise:
                # Values differ by rounding only; the gradient still tells.
                if search.norm(trial) < search.norm(point):
                    return trial, None
                return point, Reason.PRECISION
            ratio = actual / step.predicted
            if ratio < 0.25:
                self.radius = length * _shrink(point, trial, step.p)
            elif ratio > 0.75 and step.on_boundary:
                self.radius = min(2 * max(self.radius, length), 1e100)
            if ratio > 1e-4:
                return trial, None
            if spent := search.exhausted():
                return point, spent
        return point, Reason.PRECISION if finite else Reason.NON_FINITE

    def line_search(self, x: Array) -> Minimum:
        """Newton directions made downhill, with a strong Wolfe search along them."""
        search = self.search
        point = search.begin(x)
        reason = search.at_start(point)
        step = 1.0
        while reason is None:
            model = self.model(point)
            if model is None:
                reason = Reason.NON_FINITE
                break
            direction = model.downhill()
            if not float(direction @ point.gradient) < 0:
                direction = -point.gradient
            found = wolfe(
                search.at,
                point,
                direction,
                step,
                longest=longest_step(point.x, direction),
                epsilon=search.epsilon,
            )
            if found.point is None:
                reason = failed(point, found, search.epsilon)
                break
            step = found.step if found.step > 1000 else 1.0  # the model has no minimum there
            old, point = point, found.point
            reason = search.moved(old, point)
        final = None if reason in _NOWHERE else self.model(point)
        if final is None:
            return search.finish(reason, point)
        final.negative  # noqa: B018  (asks for the lowest curvature, which the notes report)
        return search.finish(reason, point, final.notes())


def _shrink(point: Visited, trial: Visited, p: Array) -> float:
    """By how much to shorten a step that disappointed: the parabola through both values."""
    slope = float(point.gradient @ p)
    bend = trial.value - point.value - slope
    if slope >= 0 or bend <= 0:
        return 0.25
    return min(max(-slope / (2 * bend), 0.1), 0.5)
