"""Minima of least squares with an L1 or L2 penalty, for one penalty after the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from trivium.engine import array
from trivium.engine.program import Program
from trivium.engine.tensor import Tensor, Variable, variable

__all__ = ["LassoProblem", "Proximal", "lasso_steps", "ridge_steps"]

Array = np.ndarray[Any, Any]
_STEPS = 50  # of the proximal gradient between two looks at the optimality conditions
_ROUNDS = 400
_EXACT = 1e-10  # violation, as a part of λ_max, at which a minimum is taken as found


def ridge_steps(z: Array, y: Array, penalties: Array) -> tuple[Array, Array]:
    """The minima of (1/N)‖Zw - y‖² + λ‖w‖² for each λ, (L, d); and how far the slopes are from 0.

    Where λ is 0 and columns depend on each other, the shortest of the minima.
    """
    n = len(y)
    left, singular, right = np.linalg.svd(z, full_matrices=False)
    tiny = singular.max(initial=0.0) * max(z.shape) * np.finfo(np.float64).eps
    good = singular > tiny
    left, singular, right = left[:, good], singular[good], right[good]
    side = left.T @ y
    shrunk = singular / (singular**2 + n * penalties[:, None])
    w = (shrunk * side) @ right
    slopes = 2 / n * (w @ z.T - y) @ z + 2 * penalties[:, None] * w
    scale = np.abs(2 / n * z.T @ y).max(initial=0.0) or 1.0
    return w, np.abs(slopes).max(axis=1, initial=0.0) / scale


@dataclass(frozen=True, eq=False)
class LassoProblem:
    """(1/N)‖Zw - y‖² = wᵀGw - 2cᵀw + constant, by G where that is smaller, else by Z.

    ``gram``: G (d, d) or None; ``rows``: Z (N, d); ``side``: c = Zᵀy/N; ``lipschitz``: of the
    slope 2(Gw - c).
    """

    gram: Array | None
    rows: Array
    y: Array
    side: Array
    lipschitz: float

    @classmethod
    def of(cls, z: Array, y: Array) -> LassoProblem:
        """The problem of features ``z`` (N, d) and responses ``y`` (N,)."""
        n, d = z.shape
        gram = z.T @ z / n if d <= 2 * n else None
        largest = float(np.linalg.norm(z, 2)) ** 2 / n if z.size else 0.0
        return cls(gram, z, y, z.T @ y / n, 2 * largest * (1 + 1e-9) or 1.0)

    def slope(self, w: Array) -> Array:
        """The gradient of the data term (d,)."""
        n = len(self.y)
        if self.gram is not None:
            return np.asarray(2 * (self.gram @ w - self.side))
        return np.asarray(2 / n * (self.rows.T @ (self.rows @ w - self.y)))

    def violation(self, w: Array, penalty: float) -> float:
        """The largest failure of 0 ∈ ∂J(w): |g_j + λ sign w_j|, or |g_j| - λ where w_j = 0."""
        slope = self.slope(w)
        active = w != 0
        wrong = np.where(active, np.abs(slope + penalty * np.sign(w)), np.abs(slope) - penalty)
        return max(float(wrong.max(initial=0.0)), 0.0)


def lasso_steps(
    problem: LassoProblem, penalties: Array, programs: dict[tuple[int, ...], Proximal]
) -> tuple[Array, Array]:
    """The minima of (1/N)‖Zw - y‖² + λ‖w‖₁ for each λ, (L, d), each from the one before.

    And the violations of the optimality conditions as parts of λ_max. ``programs``: those made
    for problems of the same shape, which are used again.
    """
    d = problem.rows.shape[1]
    scale = float(np.abs(2 * problem.side).max(initial=0.0)) or 1.0
    found, violations = np.zeros((len(penalties), d)), np.zeros(len(penalties))
    w = np.zeros(d)
    steps: Proximal | None = None
    for i, penalty in enumerate(penalties.tolist()):
        w, violation = _finished(problem, w, penalty)
        if violation > _EXACT * scale:
            steps = steps or _proximal(problem, programs)
            w, violation = _approached(problem, steps, w, penalty, scale)
        found[i], violations[i] = w, violation / scale
    return found, violations


def _approached(
    problem: LassoProblem, steps: Proximal, w: Array, penalty: float, scale: float
) -> tuple[Array, float]:
    best, least = w, problem.violation(w, penalty)
    steps.start(w, penalty)
    for _ in range(_ROUNDS):
        w = steps.walk()
        for candidate, wrong in (
            (w, problem.violation(w, penalty)),
            _finished(problem, w, penalty),
        ):
            if wrong < least:
                best, least = candidate, wrong
        if least <= _EXACT * scale:
            break
    return best, least


def _finished(problem: LassoProblem, w: Array, penalty: float) -> tuple[Array, float]:
    """The minimum with the signs that ``w`` has, and those that its slope asks for, solved for.

    On the nonzero coefficients A the conditions are linear: 2(G w - c)_A + λ s_A = 0. A
    coefficient that changes its sign on the way leaves, one whose slope is too large joins.
    """
    signs = np.sign(w)
    best, least = w, problem.violation(w, penalty)
    for _ in range(8):
        slope = problem.slope(best)
        joining = (signs == 0) & (np.abs(slope) > penalty * (1 + 1e-12))
        signs = np.where(joining, -np.sign(slope), signs)
        active = np.flatnonzero(signs)
        if len(active) > len(problem.y):
            break
        candidate = _solved(problem, active, signs[active], penalty)
        if candidate is None:
            break
        wrong_sign = np.sign(candidate) * signs < 0
        if wrong_sign.any():
            signs = np.where(wrong_sign, 0.0, signs)
            candidate = np.where(wrong_sign, 0.0, candidate)
        wrong = problem.violation(candidate, penalty)
        if wrong < least:
            best, least = candidate, wrong
        elif not wrong_sign.any() and not joining.any():
            break
        if least <= 1e-14 * max(float(np.abs(problem.side).max(initial=0.0)), penalty):
            break
    return best, least


def _solved(problem: LassoProblem, active: Array, signs: Array, penalty: float) -> Array | None:
    w = np.zeros(problem.rows.shape[1])
    if not len(active):
        return w
    if problem.gram is not None:
        matrix = problem.gram[np.ix_(active, active)]
    else:
        part = problem.rows[:, active]
        matrix = part.T @ part / len(problem.y)
    from scipy.linalg import LinAlgError, cho_factor, cho_solve

    try:
        factor = cho_factor(matrix, check_finite=False)
    except LinAlgError:
        return None
    right = problem.side[active] - penalty / 2 * signs
    found = cho_solve(factor, right, check_finite=False)
    # Once more for the digits that the normal equations cost.
    found = found + cho_solve(factor, right - matrix @ found, check_finite=False)
    if not np.isfinite(found).all():
        return None
    w[active] = found
    return w


def _proximal(problem: LassoProblem, programs: dict[tuple[int, ...], Proximal]) -> Proximal:
    shape = problem.rows.shape if problem.gram is None else problem.gram.shape
    key = (*shape, int(problem.gram is None))
    if key not in programs:
        programs[key] = Proximal(shape, problem.gram is not None)
    programs[key].take(problem)
    return programs[key]


class Proximal:
    """Proximal gradient steps with momentum and restarts, as one program (FISTA).

    w⁺ = S(v - g(v)/L, λ/L), v⁺ = w⁺ + ((t - 1)/t⁺)(w⁺ - w), S the soft threshold; momentum
    that points uphill is dropped (O'Donoghue & Candès 2015, Found. Comput. Math. 15, eq. (12)).
    ``shape``: of G (d, d) if ``by_gram``, else of Z (N, d).
    """

    def __init__(self, shape: tuple[int, ...], by_gram: bool) -> None:
        d = shape[1]
        self._by_gram = by_gram
        self._matrix = variable(np.zeros(shape), name="G" if by_gram else "Z")
        self._side = variable(np.zeros(shape[0]), name="c" if by_gram else "y")
        self._w, self._v = variable(np.zeros(d), name="w"), variable(np.zeros(d), name="v")
        self._t = variable(np.array(1.0), name="t")
        self._penalty = variable(np.array(0.0), name="penalty")
        self._step = variable(np.array(1.0), name="step")
        moved = self._v - self._step * self._slope()
        size = array.maximum(array.abs(moved) - self._step * self._penalty, 0.0)
        new = array.sign(moved) * size
        uphill = ((self._v - new) * (new - self._w)).sum() > 0
        t = array.where(uphill, 1.0, self._t)
        following = (1.0 + array.sqrt(1.0 + 4.0 * t * t)) / 2.0
        momentum = array.where(uphill, 0.0, (t - 1.0) / following)
        updates: dict[Variable, Tensor] = {
            self._w: new,
            self._v: new + momentum * (new - self._w),
            self._t: following,
        }
        self._program = Program([], self._penalty, updates)

    def _slope(self) -> Tensor:
        if self._by_gram:
            return 2.0 * (array.matmul(self._matrix, self._v) - self._side)
        rest = array.matmul(self._matrix, self._v) - self._side
        return (2.0 / self._matrix.shape[0]) * array.matmul(rest, self._matrix)

    def take(self, problem: LassoProblem) -> None:
        """Work on ``problem`` from now on."""
        if problem.gram is not None:
            self._matrix.assign(problem.gram)
            self._side.assign(problem.side)
        else:
            self._matrix.assign(problem.rows)
            self._side.assign(problem.y)
        self._step.assign(1.0 / problem.lipschitz)

    def start(self, w: Array, penalty: float) -> None:
        """Begin at ``w`` without momentum."""
        self._w.assign(w)
        self._v.assign(w)
        self._t.assign(1.0)
        self._penalty.assign(penalty)

    def walk(self) -> Array:
        """Some steps on; where they have led."""
        self._program.run(steps=_STEPS)
        return self._w.value
