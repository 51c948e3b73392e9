"""L-BFGS-B: limited-memory BFGS where every unknown may have a lower and an upper bound.

The quadratic model uses the compact form B = θI - W M Wᵀ with W = [Y, θS]. Each iteration finds
the generalized Cauchy point along the projected gradient, minimizes the model over the
variables that are free there, and searches towards the result.
Source: Byrd, Lu, Nocedal & Zhu (1995), "A limited memory algorithm for bound constrained
optimization", SIAM J. Sci. Comput. 16; the projection of the subspace minimizer: Morales &
Nocedal (2011), ACM Trans. Math. Softw. 38.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from trivium.engine.errors import ArgumentError, ShapeError

from .function import Function
from .line_search import failed, longest_step, wolfe
from .result import Minimum, Reason
from .search import Options, Search

__all__ = ["Bounds", "lbfgs_in_bounds"]

Array = np.ndarray[Any, Any]
_EPSILON = np.finfo(np.float64).eps


@dataclass(frozen=True)
class Bounds:
    """lower ≤ x ≤ upper, element by element, (n,) each; infinite where there is no bound."""

    lower: Array
    upper: Array

    @classmethod
    def of(cls, given: Any, size: int) -> Bounds:
        """The bounds of a pair (lower, upper); None stands for no bound.

        Raises ArgumentError for what is no pair, for nan, and where lower > upper; ShapeError
        for arrays of another size.
        """
        if not isinstance(given, tuple | list) or len(given) != 2:
            raise ArgumentError(
                f"bounds are a pair (lower, upper) of numbers or arrays, not {given!r}"
            )
        lower = _bound("lower", given[0], -math.inf, size)
        upper = _bound("upper", given[1], math.inf, size)
        crossed = np.flatnonzero(lower > upper)
        if crossed.size:
            i = int(crossed[0])
            raise ArgumentError(
                f"the lower bound of x[{i}], {lower[i]:g}, is above its upper bound, "
                f"{upper[i]:g}: no value is left"
            )
        return cls(lower, upper)

    @property
    def some(self) -> bool:
        """Whether anything is bounded."""
        return bool(np.isfinite(self.lower).any() or np.isfinite(self.upper).any())

    def project(self, x: Array) -> Array:
        """The nearest point within the bounds."""
        return np.clip(x, self.lower, self.upper)

    def projected_gradient(self, x: Array, gradient: Array) -> Array:
        """x - P(x - ∇f): zero exactly at a critical point of the bounded problem."""
        return np.clip(gradient, x - self.upper, x - self.lower)

    def note(self, x: Array) -> list[str]:
        """Which unknowns stand at a bound."""
        at = [
            f"x[{i}] at its {name} bound {bound[i]:.6g}"
            for name, bound in (("lower", self.lower), ("upper", self.upper))
            for i in np.flatnonzero(x == bound)
        ]
        if not at:
            return ["No bound is active."]
        more = f" and {len(at) - 5} more" if len(at) > 5 else ""
        return [f"Active bounds: {', '.join(at[:5])}{more}."]


def _bound(name: str, given: Any, missing: float, size: int) -> Array:
    if given is None:
        return np.full(size, missing)
    if isinstance(given, tuple | list):
        given = [missing if each is None else each for each in given]
    array = np.asarray(given, np.float64)
    if array.size not in (1, size):
        raise ShapeError(f"the {name} bounds have {array.size} numbers, x has {size}")
    array = np.broadcast_to(array.ravel(), (size,)).copy()
    if np.isnan(array).any():
        raise ArgumentError(f"a {name} bound is nan; use None or an infinity for no bound")
    return array


class _Model:
    """B = θI - W M Wᵀ from the last pairs (s, y)."""

    def __init__(self, memory: int, size: int) -> None:
        self.memory, self.size = memory, size
        self.forget()

    def forget(self) -> None:
        """Begin anew from the identity."""
        self.s: list[Array] = []
        self.y: list[Array] = []
        self.theta = 1.0
        self.w = np.zeros((self.size, 0))
        self.m = np.zeros((0, 0))

    def learn(self, s: Array, y: Array) -> None:
        """Take in a pair of positive curvature; forget all if M becomes singular."""
        self.s, self.y = [*self.s, s][-self.memory :], [*self.y, y][-self.memory :]
        self.theta = float(y @ y) / float(s @ y)
        steps, changes = np.stack(self.s, axis=1), np.stack(self.y, axis=1)
        products = steps.T @ changes
        lower = np.tril(products, -1)
        inverse = np.block(
            [[-np.diag(np.diag(products)), lower.T], [lower, self.theta * steps.T @ steps]]
        )
        self.w = np.concatenate([changes, self.theta * steps], axis=1)
        try:
            self.m = np.linalg.inv(inverse)
        except np.linalg.LinAlgError:
            self.forget()
            return
        if not np.isfinite(self.m).all():
            self.forget()


@np.errstate(over="ignore", invalid="ignore", divide="ignore")
def lbfgs_in_bounds(
    function: Function, x: Array, bounds: Bounds, options: Options, memory: int
) -> Minimum:
    """Minimize within ``bounds`` from the projection of ``x`` on them."""
    search = Search(function, options, bounds.projected_gradient)
    if memory != int(memory) or memory < 1:
        raise ArgumentError(f"memory must be a whole number of at least 1, got {memory!r}")
    inside = bounds.project(x)
    if not np.array_equal(inside, x):
        search.notes.append("The start lay outside the bounds and was moved onto them.")
    point = search.begin(inside)
    model = _Model(int(memory), x.size)
    reason = search.at_start(point)
    boxed = bool(np.isfinite(bounds.lower).all() and np.isfinite(bounds.upper).all())
    length = 0.0
    while reason is None:
        if not model.s and length:  # nothing was learned: go as far as the last time
            model.theta = max(float(np.linalg.norm(point.gradient)), 1e-300) / length
        target = _model_minimizer(point.x, point.gradient, bounds, model)
        direction = target - point.x
        slope = float(direction @ point.gradient)
        if not (slope < 0 and math.isfinite(slope)):
            if not model.s:
                reason = Reason.PRECISION
                break
            model.forget()
            continue
        longest = _farthest(point.x, direction, bounds) if search.iterations else 1.0
        size = float(np.linalg.norm(direction))
        step = 1.0
        if not (model.s or boxed or length):
            step = min(1.0, 1.0 / size)
        found = wolfe(
            lambda trial: search.at(bounds.project(trial)),
            point,
            direction,
            step,
            decrease=1e-3,
            width=0.1,
            longest=longest,
            epsilon=search.epsilon,
        )
        if found.point is None:
            if model.s:
                model.forget()
                length = 0.0
                continue
            reason = failed(point, found, search.epsilon)
            break
        old, point = point, found.point
        reason = search.moved(old, point)
        s, y = point.x - old.x, point.gradient - old.gradient
        length = float(np.linalg.norm(s))
        if float(s @ y) > _EPSILON * float(y @ y):
            model.learn(s, y)
    return search.finish(reason, point, bounds.note(point.x))


def _farthest(x: Array, direction: Array, bounds: Bounds) -> float:
    """The largest α for which x + αd is within the bounds."""
    with np.errstate(divide="ignore", invalid="ignore"):
        upper = np.where(direction > 0, (bounds.upper - x) / direction, math.inf)
        lower = np.where(direction < 0, (bounds.lower - x) / direction, math.inf)
    most = float(min(upper.min(), lower.min()))
    return max(1.0, min(most, longest_step(x, direction)))


def _model_minimizer(x: Array, g: Array, bounds: Bounds, model: _Model) -> Array:
    """Where the quadratic model is least: over the variables free at the Cauchy point."""
    cauchy, c = _cauchy_point(x, g, bounds, model)
    free = (cauchy > bounds.lower) & (cauchy < bounds.upper)
    if not model.s or not free.any():
        return cauchy
    theta, w, m = model.theta, model.w[free], model.m
    reduced = (g + theta * (cauchy - x) - model.w @ (m @ c))[free]
    inner = np.eye(len(m)) - m @ (w.T @ w) / theta
    try:
        v = np.linalg.solve(inner, m @ (w.T @ reduced))
    except np.linalg.LinAlgError:
        return cauchy
    step = -reduced / theta - (w @ v) / theta**2
    target = cauchy.copy()
    target[free] = np.clip(cauchy[free] + step, bounds.lower[free], bounds.upper[free])
    if float((target - x) @ g) < 0:
        return target
    alpha = _truncation(cauchy[free], step, bounds.lower[free], bounds.upper[free])
    target[free] = cauchy[free] + alpha * step
    return target


def _truncation(x: Array, step: Array, lower: Array, upper: Array) -> float:
    """The largest α ≤ 1 for which x + α·step is within the bounds."""
    with np.errstate(divide="ignore", invalid="ignore"):
        room = np.where(step > 0, (upper - x) / step, (lower - x) / step)
    return float(min(1.0, np.min(np.where(step == 0, math.inf, room), initial=1.0)))


def _cauchy_point(x: Array, g: Array, bounds: Bounds, model: _Model) -> tuple[Array, Array]:
    """The first local minimizer of the model along P(x - tg), and c = Wᵀ(x_c - x).

    Algorithm CP of Byrd et al. (1995), §4: the path is straight between the breakpoints t_i at
    which one more variable reaches its bound.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        breaks = np.where(g < 0, (x - bounds.upper) / g, (x - bounds.lower) / g)
    breaks = np.where(g == 0, math.inf, breaks)
    d = np.where(breaks > 0, -g, 0.0)
    theta, w, m = model.theta, model.w, model.m
    p, c = w.T @ d, np.zeros(len(m))
    first = -float(d @ d)
    second = -theta * first - float(p @ m @ p)
    least = -_EPSILON * theta * first
    cauchy = x.copy()
    if first == 0:
        return cauchy, c
    best, before = -first / max(second, least), 0.0
    order = np.argsort(breaks, kind="stable")
    moving = [int(i) for i in order[breaks[order] > 0] if math.isfinite(breaks[i])]
    for b in moving:
        gap = float(breaks[b]) - before
        if best < gap:
            break
        cauchy[b] = bounds.upper[b] if d[b] > 0 else bounds.lower[b]
        z = cauchy[b] - x[b]
        c += gap * p
        row, slope = w[b], float(g[b])
        first += gap * second + slope**2 + theta * slope * z - slope * float(row @ m @ c)
        second -= theta * slope**2 + 2 * slope * float(row @ m @ p)
        second -= slope**2 * float(row @ m @ row)
        second = max(second, least)
        p = p + slope * row
        d[b] = 0.0
        before = float(breaks[b])
        best = -first / second if second > 0 else 0.0
    best = max(best, 0.0)
    rest = d != 0
    cauchy[rest] = x[rest] + (before + best) * d[rest]
    return bounds.project(cauchy), c + best * p
