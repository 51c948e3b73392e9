"""Proximal gradient descent: a smooth function plus a penalty with a kink.

Source: Beck & Teboulle (2009), "A fast iterative shrinkage-thresholding algorithm for linear
inverse problems", SIAM J. Imaging Sci. 2, eqs. (4.1)-(4.3) with the backtracking of §4; the
restart when the momentum points uphill: O'Donoghue & Candès (2015), "Adaptive restart for
accelerated gradient schemes", Found. Comput. Math. 15, §3.2.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from trivium.engine.errors import ArgumentError

from .function import Function
from .proximal_penalties import ElasticNet, GroupNorm, L1Norm, ProximalPenalty
from .residuals import Residuals
from .result import Minimum, Reason
from .search import Iteration, Options, Search, Visited, as_function, largest

__all__ = [
    "ElasticNet",
    "GroupNorm",
    "L1Norm",
    "ProximalMinimum",
    "lasso_gap",
    "proximal_gradient",
]

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class ProximalMinimum(Minimum):
    """The best point of f + R.

    ``value``: of f + R. ``gradient_norm``: of the gradient map ‖x - prox(x - ∇f)‖_∞, zero
    exactly at the minimum of a convex problem; ``gradient``: of f alone. ``penalty``: R(x).
    ``zeros``: how many elements of x are exactly zero. ``gap``: the duality gap, an upper bound
    of how far the value lies above the minimum; nan where none is known.
    """

    penalty: float = math.nan
    zeros: int = 0
    gap: float = math.nan

    def __str__(self) -> str:
        more = f"  penalty {self.penalty:.6g}; {self.zeros} of {self.x.size} elements are zero"
        if math.isfinite(self.gap):
            more += f"\n  duality gap {self.gap:.3g}: at most so far above the minimum"
        return f"{super().__str__()}\n{more}"

    __repr__ = __str__


def proximal_gradient(
    f: Any,
    start: Any = None,
    *,
    penalty: ProximalPenalty,
    accelerated: bool = True,
    gap: Callable[[Array], float] | None = None,
    gap_tolerance: float = 0.0,
    gradient_tolerance: float = 1e-8,
    iterations: int = 10_000,
    evaluations: int = 100_000,
    trajectory: bool = False,
    callback: Callable[[Iteration], bool | None] | None = None,
) -> ProximalMinimum:
    """Minimize f(x) + R(x), f smooth and R = ``penalty`` with a known proximal operator.

    x⁺ = prox_{τR}(y - τ∇f(y)), τ found by backtracking from f(x⁺) ≤ f(y) + ∇f(y)ᵀ(x⁺ - y) +
    ‖x⁺ - y‖²/(2τ). ``accelerated``: y runs ahead of x with Nesterov's momentum (FISTA), which
    is given up whenever it points uphill; False is ISTA with y = x. ``penalty``: ``L1Norm``,
    ``ElasticNet``, ``GroupNorm`` or anything with ``value`` and ``prox``. ``gap``: a function
    of x that bounds the distance to the minimal value, such as ``lasso_gap`` makes; it stops
    when this is at most ``gap_tolerance``. Other options as for ``lbfgs``.

    Raises ArgumentError for a penalty without proximal operator and where f is not finite at
    the start.
    """
    if not (
        callable(getattr(penalty, "prox", None)) and callable(getattr(penalty, "value", None))
    ):
        raise ArgumentError(
            "proximal_gradient needs penalty= with value(x) and prox(x, step), such as "
            f"L1Norm(0.1); got {penalty!r}"
        )
    function, x = as_function(f, start)
    options: Options = {
        "gradient_tolerance": gradient_tolerance, "iterations": iterations,
        "evaluations": evaluations, "trajectory": trajectory, "callback": callback,
    }  # fmt: skip
    return _Descent(function, penalty, options, accelerated, gap, gap_tolerance).run(x)


class _Descent:
    """FISTA with backtracking and restarts."""

    def __init__(
        self,
        function: Function,
        penalty: ProximalPenalty,
        options: Options,
        accelerated: bool,
        gap: Callable[[Array], float] | None,
        gap_tolerance: float,
    ) -> None:
        self.function, self.penalty = function, penalty
        self.accelerated, self.gap, self.gap_tolerance = accelerated, gap, gap_tolerance
        self.search = Search(
            function, options, project=lambda x, slope: x - penalty.prox(x - slope, 1.0)
        )
        self.step = 1.0

    def whole(self, x: Array, value: float, gradient: Array) -> Visited:
        """The point with the value of f + R and the gradient of f."""
        return self.search.saw(Visited(x, value + self.penalty.value(x), gradient))

    def run(self, x: Array) -> ProximalMinimum:
        """The iterations."""
        search = self.search
        value, gradient = self.function.value_and_gradient(x)
        here = search.began(self.whole(x, value, gradient))
        reason = search.at_start(here)
        size = largest(gradient)
        self.step = 1.0 if size == 0 else min(1.0, max(1.0, largest(x)) / size)
        ahead, momentum = (x, value, gradient), 1.0
        while reason is None:
            found = self._step(*ahead)
            if found is None:
                reason = Reason.PRECISION
                break
            new_x, new_value = found
            _, new_gradient = self.function.value_and_gradient(new_x)
            new = self.whole(new_x, new_value, new_gradient)
            reason = search.moved(here, new)
            if reason is None and self.gap is not None:
                if self.gap(new_x) <= self.gap_tolerance:
                    reason = Reason.CONVERGED
            move = new_x - here.x
            uphill = float((ahead[0] - new_x) @ move) > 0
            if not self.accelerated or uphill or new.value > here.value:
                momentum, ahead = 1.0, (new_x, new_value, new_gradient)
            else:
                grown = (1 + math.sqrt(1 + 4 * momentum * momentum)) / 2
                y = new_x + (momentum - 1) / grown * move
                momentum = grown
                ahead = (y, *self.function.value_and_gradient(y))
            here = new
            self.step *= 1.1  # a step that has become too short may grow again
        return self._result(here, reason)

    def _step(self, y: Array, value: float, gradient: Array) -> tuple[Array, float] | None:
        if not (math.isfinite(value) and np.isfinite(gradient).all()):
            return None
        for _ in range(100):
            x = self.penalty.prox(y - self.step * gradient, self.step)
            found = self.function.value(x)
            move = x - y
            bound = value + float(gradient @ move) + float(move @ move) / (2 * self.step)
            slack = 1e-15 * (abs(value) + abs(found))
            if math.isfinite(found) and found <= bound + slack:
                return x, found
            self.step *= 0.5
        return None

    def _result(self, here: Visited, reason: Reason) -> ProximalMinimum:
        found = self.search.finish(reason, here)
        gap = self.gap(found.x) if self.gap is not None else math.nan
        notes = list(found.notes)
        if math.isnan(gap) and found.converged:
            notes.append("The value is minimal if the smooth part is convex.")
        fields = {name: getattr(found, name) for name in found.__dataclass_fields__}
        fields["notes"] = tuple(notes)
        return ProximalMinimum(
            **fields,
            penalty=self.penalty.value(found.x),
            zeros=int((found.x == 0).sum()),
            gap=gap,
        )


def lasso_gap(residuals: Any, start: Any, weight: Any) -> Callable[[Array], float]:
    """The duality gap of ½‖r(x)‖² + Σ_j λ_j |x_j| as a function of x, for affine r(x) = Ax - b.

    ``residuals``: a function of Tensors (or ``Residuals``) with ``start``. ``weight``: λ, a
    number or one for each element; elements with λ_j = 0 are not penalised. With s the largest
    number ≤ 1 that makes ν = s r⊥ feasible, |Aᵀν|_j ≤ λ_j, the gap is ½‖r‖² + Σλ|x| + ½‖ν‖² +
    bᵀν; r⊥ is r without its part along the columns that are not penalised. It is never
    negative, and zero at the minimum only. The Jacobian A is taken once, (m, n).

    Source: Kim, Koh, Lustig, Boyd & Gorinevsky (2007), "An interior-point method for large-scale
    ℓ1-regularized least squares", IEEE J. Sel. Top. Signal Process. 1, §III.
    """
    r = residuals if isinstance(residuals, Residuals) else Residuals(residuals, start)
    matrix = r.jacobian(r.start)
    offset = -r.residuals(np.zeros(r.size))
    weights = np.broadcast_to(np.asarray(weight, np.float64), (r.size,))
    free = matrix[:, weights == 0]
    basis = _orthonormal(free) if free.shape[1] else np.zeros((r.length, 0))
    chosen, bound = matrix[:, weights > 0], weights[weights > 0]

    def gap(x: Array) -> float:
        left = r.residuals(x)
        primal = 0.5 * float(left @ left) + float((weights * np.abs(x)).sum())
        clean = left - basis @ (basis.T @ left)
        slopes = np.abs(chosen.T @ clean)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratios = np.where(slopes > 0, bound / slopes, math.inf)
        scale = min(1.0, float(ratios.min(initial=math.inf)))
        dual = scale * clean
        return max(primal + 0.5 * float(dual @ dual) + float(offset @ dual), 0.0)

    return gap


def _orthonormal(columns: Array) -> Array:
    u, s, _ = np.linalg.svd(columns, full_matrices=False)
    return np.asarray(u[:, s > s.max(initial=0.0) * max(columns.shape) * 2.3e-16])
