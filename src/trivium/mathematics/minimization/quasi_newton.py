"""BFGS and L-BFGS: curvature learned from the changes of the gradient along the way.

With s = x_{k+1} - x_k and y = ∇f(x_{k+1}) - ∇f(x_k) the approximation satisfies the secant
equation H y = s. Source: Nocedal & Wright (2006), *Numerical Optimization*, 2nd ed., §6.1
(BFGS) and §7.2 (L-BFGS, algorithm 7.4).
"""

from __future__ import annotations

import math
from collections import deque
from typing import Any, Unpack

import numpy as np

from .function import Function
from .line_search import failed, longest_step, wolfe
from .quasi_newton_bounds import Bounds, lbfgs_in_bounds
from .result import Minimum, Reason
from .search import Options, Search, as_function

__all__ = ["bfgs", "lbfgs"]

Array = np.ndarray[Any, Any]


def bfgs(f: Any, start: Any = None, **options: Unpack[Options]) -> Minimum:
    """Minimize ``f`` by the Broyden-Fletcher-Goldfarb-Shanno method.

    The inverse Hessian's approximation is an (n, n) matrix: for n up to some thousands. ``f``:
    a ``Function``, a Python function of Tensors, or an expression, with ``start``; ``options``:
    see ``Options``. Raises ArgumentError where f is not finite at the start.

    H ← (I - ρsyᵀ) H (I - ρysᵀ) + ρssᵀ, ρ = 1/yᵀs (Nocedal & Wright 2006, eq. 6.17); H₀ =
    (yᵀs/yᵀy) I (eq. 6.20); strong Wolfe line search.
    """
    function, x = as_function(f, start)
    return _descend(function, x, options, _Dense(x.size))


def lbfgs(
    f: Any,
    start: Any = None,
    *,
    memory: int = 10,
    bounds: Any = None,
    **options: Unpack[Options],
) -> Minimum:
    """Minimize ``f`` by limited-memory BFGS, within ``bounds`` if there are any (L-BFGS-B).

    ``memory``: how many pairs (s, y) are kept; the cost of an iteration beside f is
    O(memory · n). ``bounds``: a pair (lower, upper) of numbers or arrays like x, None or ±inf
    where there is none. Otherwise as ``bfgs``. With bounds: a start outside is projected.

    Source: Liu & Nocedal (1989), Math. Program. 45; with bounds Byrd, Lu, Nocedal & Zhu (1995),
    SIAM J. Sci. Comput. 16.
    """
    function, x = as_function(f, start)
    if bounds is not None:
        limits = Bounds.of(bounds, x.size)
        if limits.some:
            return lbfgs_in_bounds(function, x, limits, options, memory)
    return _descend(function, x, options, _Limited(memory))


class _Dense:
    """The inverse Hessian's approximation as a matrix."""

    name = "BFGS"
    width = 1e-10
    decrease = 1e-4

    def __init__(self, size: int) -> None:
        self.matrix = np.eye(size)
        self.empty = True

    def forget(self) -> None:
        """Begin anew from the identity."""
        self.matrix = np.eye(len(self.matrix))
        self.empty = True

    def times(self, gradient: Array) -> Array:
        """H g."""
        return np.asarray(self.matrix @ gradient)

    def learn(self, s: Array, y: Array, curvature: float) -> None:
        """Take in a pair with yᵀs = ``curvature`` > 0."""
        if self.empty:
            self.matrix *= curvature / float(y @ y)
            self.empty = False
        hy = self.matrix @ y
        factor = (1 + float(y @ hy) / curvature) / curvature
        cross = np.outer(hy / curvature, s)
        self.matrix += factor * np.outer(s, s) - cross - cross.T

    def notes(self) -> list[str]:
        """How well conditioned the approximation says the problem is."""
        if self.empty or len(self.matrix) > 1000:
            return []
        values = np.abs(np.linalg.eigvalsh(self.matrix))
        if not values.min() > 0:
            return []
        condition = values.max() / values.min()
        lost = round(math.log10(condition))
        return [
            f"The approximate Hessian has condition number {condition:.2g}, so about {lost} "
            "of 16 digits of x are lost."
        ]


class _Limited:
    """The last pairs, from which H g is computed by the two-loop recursion."""

    name = "L-BFGS"
    width = 0.1  # as in L-BFGS-B: a narrow interval is good enough
    decrease = 1e-3

    def __init__(self, memory: int) -> None:
        from trivium.engine.errors import ArgumentError

        if memory != int(memory) or memory < 1:
            raise ArgumentError(f"memory must be a whole number of at least 1, got {memory!r}")
        self.pairs: deque[tuple[Array, Array, float]] = deque(maxlen=int(memory))

    @property
    def empty(self) -> bool:
        """Whether no pair is known."""
        return not self.pairs

    def forget(self) -> None:
        """Begin anew from the identity."""
        self.pairs.clear()

    def times(self, gradient: Array) -> Array:
        """H g, algorithm 7.4."""
        result = gradient.copy()
        alphas = []
        for s, y, curvature in reversed(self.pairs):
            alpha = float(s @ result) / curvature
            alphas.append(alpha)
            result -= alpha * y
        if self.pairs:
            _, y, curvature = self.pairs[-1]
            result *= curvature / float(y @ y)
        for (s, y, curvature), alpha in zip(self.pairs, reversed(alphas), strict=True):
            result += (alpha - float(y @ result) / curvature) * s
        return result

    def learn(self, s: Array, y: Array, curvature: float) -> None:
        """Take in a pair with yᵀs = ``curvature`` > 0."""
        self.pairs.append((s, y, curvature))

    def notes(self) -> list[str]:
        """Nothing is known about the conditioning."""
        return []


@np.errstate(over="ignore", invalid="ignore", divide="ignore")
def _descend(
    function: Function, x: Array, options: Options, inverse: _Dense | _Limited
) -> Minimum:
    search = Search(function, options)
    point = search.begin(x)
    reason = search.at_start(point)
    length = 0.0
    while reason is None:
        direction = -inverse.times(point.gradient)
        slope = float(point.gradient @ direction)
        if not (slope < 0 and math.isfinite(slope)):
            if inverse.empty:
                reason = Reason.NO_DESCENT
                break
            inverse.forget()
            continue
        step = 1.0
        if inverse.empty:  # as far as the last step went, where no curvature was learned on it
            size = float(np.linalg.norm(point.gradient))
            step = length / size if length else min(1.0, 1.0 / size)
        found = wolfe(
            search.at,
            point,
            direction,
            step,
            decrease=inverse.decrease,
            width=inverse.width,
            longest=longest_step(point.x, direction),
            epsilon=search.epsilon,
        )
        if found.point is None:
            if not inverse.empty:  # the learned curvature may mislead; try the gradient itself
                inverse.forget()
                length = 0.0
                continue
            reason = failed(point, found, search.epsilon)
            break
        old, point = point, found.point
        reason = search.moved(old, point)
        s, y = point.x - old.x, point.gradient - old.gradient
        curvature = float(s @ y)
        length = float(np.linalg.norm(s))
        if curvature > np.finfo(np.float64).eps * float(y @ y) and math.isfinite(curvature):
            inverse.learn(s, y, curvature)
    return search.finish(reason, point, inverse.notes())
