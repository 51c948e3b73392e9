"""Nonlinear conjugate gradients: two vectors of memory, for very many unknowns.

d_{k+1} = -g_{k+1} + β_k d_k with Hager and Zhang's β, which is a direction of descent whatever
the line search: gᵀd ≤ -⅞‖g‖².
Source: Hager & Zhang (2005), "A new conjugate gradient method with guaranteed descent and an
efficient line search", SIAM J. Optim. 16, eqs. (1.3)-(1.6).
"""

from __future__ import annotations

import math
from typing import Any, Unpack

import numpy as np

from .line_search import failed, longest_step, wolfe
from .result import Minimum
from .search import Options, Search, Visited, as_function

__all__ = ["nonlinear_cg"]

Array = np.ndarray[Any, Any]
_ETA = 0.01  # of the lower bound on β, Hager & Zhang (2005), §1


@np.errstate(over="ignore", invalid="ignore", divide="ignore")
def nonlinear_cg(f: Any, start: Any = None, **options: Unpack[Options]) -> Minimum:
    """Minimize ``f`` by the nonlinear conjugate gradient method.

    β = (y - 2d‖y‖²/dᵀy)ᵀ g₊ / dᵀy, not below -1/(‖d‖ min(0.01, ‖g‖)); strong Wolfe line search
    with c₂ = 0.4. ``f``: a ``Function``, a Python function of Tensors, or an expression, with
    ``start``; ``options``: see ``Options``. Raises ArgumentError where f is not finite at the
    start.
    """
    function, x = as_function(f, start)
    search = Search(function, options)
    point = search.begin(x)
    reason = search.at_start(point)
    direction, fresh = -point.gradient, True
    step = _first_step(point)
    while reason is None:
        found = wolfe(
            search.at,
            point,
            direction,
            step,
            curvature=0.4,
            longest=longest_step(point.x, direction),
            epsilon=search.epsilon,
        )
        if found.point is None:
            if fresh:
                reason = failed(point, found, search.epsilon)
                break
            direction, fresh = -point.gradient, True
            step = _first_step(point)
            continue
        old, point = point, found.point
        reason = search.moved(old, point)
        slope = float(old.gradient @ direction)
        direction, fresh = _next_direction(old, point, direction)
        after = float(point.gradient @ direction)
        # The first-order change of f is taken to be the same as in the step before.
        step = found.step * slope / after if after < 0 else _first_step(point)
        if not math.isfinite(step) or step <= 0:
            step = _first_step(point)
    return search.finish(reason, point)


def _first_step(point: Visited) -> float:
    norm = float(np.linalg.norm(point.gradient))
    return 1.0 / norm if norm > 0 else 1.0


def _next_direction(old: Visited, new: Visited, direction: Array) -> tuple[Array, bool]:
    """The next direction, and whether it is the plain negative gradient."""
    g = new.gradient
    y = g - old.gradient
    curvature = float(direction @ y)
    size = float(np.linalg.norm(direction))
    if not curvature > 0 or size == 0:
        return -g, True
    beta = float((y - 2 * direction * float(y @ y) / curvature) @ g) / curvature
    least = -1.0 / (size * min(_ETA, float(np.linalg.norm(old.gradient))))
    following = -g + max(beta, least) * direction
    if not (float(following @ g) < 0 and np.isfinite(following).all()):
        return -g, True
    return following, False
