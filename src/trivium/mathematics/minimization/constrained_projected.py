"""Projected gradient descent with spectral steps over a convex set.

Source: Birgin, Martínez & Raydan (2000), "Nonmonotone spectral projected gradient methods on
convex sets", SIAM J. Optim. 10, algorithm SPG2; the step lengths: Barzilai & Borwein (1988), IMA
J. Numer. Anal. 8; the line search: Grippo, Lampariello & Lucidi (1986), SIAM J. Numer. Anal. 23.
"""

from __future__ import annotations

import math
from collections import deque
from typing import Any, Unpack

import numpy as np

from trivium.engine.errors import ArgumentError

from .constrained_sets import ConvexSet
from .result import Minimum, Reason
from .search import Options, Search, Visited, as_function, largest

__all__ = ["projected_gradient"]

Array = np.ndarray[Any, Any]
_SHORTEST, _LONGEST = 1e-30, 1e30
_DECREASE = 1e-4


def projected_gradient(
    f: Any,
    start: Any = None,
    *,
    onto: ConvexSet | None = None,
    memory: int = 10,
    **options: Unpack[Options],
) -> Minimum:
    """Minimize ``f`` over the convex set ``onto`` (``Box``, ``Ball``, ``CrossPolytope``,
    ``Simplex``, or anything with ``project``).

    x⁺ = x + α (P(x - τ∇f) - x) with P the exact projection, τ the Barzilai-Borwein length
    sᵀs/sᵀy and α from a line search that lets f rise above the last value, but not above the
    largest of the last ``memory``. The gradient tolerance of ``options`` is compared with
    ‖P(x - ∇f) - x‖_∞, which is zero exactly at critical points; the result's gradient norm is
    this. A start outside is projected.

    Raises ArgumentError without a set and where f is not finite at the start.
    """
    if onto is None or not callable(getattr(onto, "project", None)):
        raise ArgumentError(
            "projected_gradient needs onto=, a convex set with a projection such as Ball(1.0), "
            f"Box(0, 1) or Simplex(); got {onto!r}"
        )
    if memory < 1:
        raise ArgumentError(f"memory counts at least one value, got {memory!r}")
    function, x = as_function(f, start)
    search = Search(function, options, project=lambda x, slope: x - onto.project(x - slope))
    here = search.begin(_projected(onto, x))
    reason = search.at_start(here)
    values: deque[float] = deque([here.value], maxlen=memory)
    size = search.norm(here)
    length = min(max(1 / size, _SHORTEST), _LONGEST) if size > 0 else 1.0
    while reason is None:
        direction = _projected(onto, here.x - length * here.gradient) - here.x
        slope = float(here.gradient @ direction)
        if slope >= 0 or largest(direction) == 0:
            if length == 1.0:
                reason = Reason.PRECISION
                break
            length = 1.0
            continue
        new = _searched(search, here, direction, slope, max(values))
        if new is None:
            reason = Reason.PRECISION if length == 1.0 or search.norm(here) < 1e-6 else None
            if reason is None:
                length = 1.0
            continue
        step, change = new.x - here.x, new.gradient - here.gradient
        curvature = float(step @ change)
        length = _LONGEST if curvature <= 0 else float(step @ step) / curvature
        length = min(max(length, _SHORTEST), _LONGEST)
        reason = search.moved(here, new)
        here = new
        values.append(here.value)
    return search.finish(reason, here, _notes(onto, here))


def _projected(onto: ConvexSet, x: Array) -> Array:
    if not np.isfinite(x).all():
        x = np.nan_to_num(x, nan=0.0, posinf=1e300, neginf=-1e300)
    return np.asarray(onto.project(x), np.float64)


def _searched(
    search: Search, here: Visited, direction: Array, slope: float, ceiling: float
) -> Visited | None:
    """The first point along ``direction`` that is low enough, or None."""
    share = 1.0
    for _ in range(60):
        new = search.at(here.x + share * direction)
        if new.finite and new.value <= ceiling + _DECREASE * share * slope:
            return new
        if new.finite:
            # The minimum of the parabola through f(x), its slope and this value.
            bend = new.value - here.value - share * slope
            best = -0.5 * share * share * slope / bend if bend > 0 else 0.5 * share
        else:
            best = 0.1 * share
        share = best if 0.1 * share <= best <= 0.9 * share else 0.5 * share
        if share * largest(direction) <= 1e-16 * max(largest(here.x), 1e-300):
            return None
    return None


def _notes(onto: ConvexSet, here: Visited) -> list[str]:
    inside = here.x - 1e-6 * here.gradient / max(float(np.linalg.norm(here.gradient)), 1e-300)
    outside = largest(_projected(onto, inside) - inside) > 0
    slope = largest(here.gradient)
    if outside and math.isfinite(slope) and slope > 0:
        return [f"The minimum lies on the edge of the set; the gradient there is {slope:.3g}."]
    return []
