"""Equality and inequality constraints by the augmented Lagrangian, with multipliers.

    minimize f(x)  subject to  h(x) = 0, g(x) ≤ 0, lower ≤ x ≤ upper

L_ρ(x, λ, μ) = f(x) + λᵀh + ½ρ‖h‖² + (1/2ρ) Σ (max(0, μ + ρg)² - μ²) is minimized over the box for
fixed multipliers, which then move: λ ← λ + ρh, μ ← max(0, μ + ρg). Source: Nocedal & Wright
(2006), *Numerical Optimization*, 2nd ed., algorithm 17.4 and §17.3; for inequalities
Rockafellar (1973), J. Optim. Theory Appl. 12.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from trivium.engine.array import maximum
from trivium.engine.composites import as_tensor, cast
from trivium.engine.dtypes import float64
from trivium.engine.errors import ArgumentError
from trivium.engine.program import Program
from trivium.engine.tensor import Tensor, variable
from trivium.engine.trees import flatten, unflatten

from .function import Function
from .function_point import EVALUATIONS, Point
from .quasi_newton import lbfgs
from .quasi_newton_bounds import Bounds
from .result import Counts, Minimum, Reason
from .search import Iteration

__all__ = ["ConstrainedMinimum", "augmented_lagrangian"]

Array = np.ndarray[Any, Any]
_MOST_PENALTY = 1e14


@dataclass(frozen=True, eq=False)
class ConstrainedMinimum(Minimum):
    """The best point of a constrained problem with its multipliers and KKT residuals.

    ``equality_multipliers`` λ and ``inequality_multipliers`` μ ≥ 0: one for each constraint, in
    the order given; with L = f + λᵀh + μᵀg, -λ and -μ are the rates at which the minimum falls
    as a constraint's right-hand side grows. The KKT residuals: ``stationarity`` ‖∇L‖_∞ (with
    bounds projected), ``infeasibility`` the largest |h_i| or max(0, g_j), ``complementarity``
    the largest |μ_j g_j|. ``penalty``: ρ at the end. ``gradient_norm`` equals ``stationarity``.
    """

    equality_multipliers: Array = None  # type: ignore[assignment]
    inequality_multipliers: Array = None  # type: ignore[assignment]
    stationarity: float = math.nan
    infeasibility: float = math.nan
    complementarity: float = math.nan
    penalty: float = math.nan

    def __str__(self) -> str:
        lines = [super().__str__()]
        for name, values in (
            ("λ", self.equality_multipliers),
            ("μ", self.inequality_multipliers),
        ):
            if values.size:
                shown = np.array2string(values, precision=8, threshold=10, separator=", ")
                lines.append(f"  multipliers {name} = {shown}")
        lines.append(
            f"  KKT residuals: stationarity {self.stationarity:.2g}, infeasibility "
            f"{self.infeasibility:.2g}, complementarity {self.complementarity:.2g}"
        )
        return "\n".join(lines)

    __repr__ = __str__


def augmented_lagrangian(
    f: Any,
    start: Any = None,
    equalities: Any = None,
    inequalities: Any = None,
    *,
    bounds: Any = None,
    penalty: float = 10.0,
    gradient_tolerance: float = 1e-8,
    constraint_tolerance: float = 1e-8,
    iterations: int = 100,
    evaluations: int = 100_000,
    memory: int = 10,
    trajectory: bool = False,
    callback: Callable[[Iteration], bool | None] | None = None,
) -> ConstrainedMinimum:
    """Minimize ``f`` where ``equalities`` are zero and ``inequalities`` are not positive.

    ``f``: a Python function of Tensors in the structure of ``start``. ``equalities``,
    ``inequalities``: functions of the same argument that return a Tensor of any shape, or lists
    of such functions; None for none. ``bounds``: a pair (lower, upper). ``penalty``: the first
    ρ, which is multiplied by 10 as long as the infeasibility does not fall fast enough.
    ``gradient_tolerance``, ``constraint_tolerance``: it stops when ‖∇L‖_∞, the infeasibility
    and the complementarity are at most these. The inner minimizations are by L-BFGS (L-BFGS-B).
    ``iterations``: of the multipliers. ``trajectory``: (x, f) after each of them.

    The returned point is the most feasible one seen (to the tolerance), among these the lowest.
    Raises ArgumentError for what is no function, for missing constraints, and where f or a
    constraint is not finite at the start.
    """
    problem = _Lagrangian(f, start, equalities, inequalities)
    limits = Bounds.of((None, None) if bounds is None else bounds, problem.size)
    if not 0 < float(penalty) < math.inf:
        raise ArgumentError(f"augmented_lagrangian: penalty must be positive, got {penalty!r}")
    tolerances = _Tolerances(gradient_tolerance, constraint_tolerance)
    outer = _Multipliers(problem, limits, tolerances, float(penalty), trajectory)
    inner = functools.partial(lbfgs, problem.function, memory=memory, bounds=bounds)
    reason = outer.iterate(inner, iterations, evaluations, callback)
    notes = []
    if outer.best.infeasibility > math.sqrt(constraint_tolerance):
        reason = Reason.INFEASIBLE if reason is not Reason.UNBOUNDED else reason
        notes.append(
            "No point was found where all constraints hold: they may contradict each other, or "
            "the start is too far from where they hold."
        )
    size = max(_largest(outer.best.equality), _largest(outer.best.inequality))
    if size > 1e3 * max(1.0, abs(outer.best.value)):
        notes.append(
            "The multipliers are very large: it may be that the constraints' gradients are nearly "
            "dependent at this point, and then no multipliers need exist."
        )
    return problem.result(outer.best, reason, outer.done, outer.path, notes)


class _Tolerances(NamedTuple):
    """Of ‖∇L‖_∞, and of the constraints and the complementarity."""

    gradient: float
    constraint: float


class _Multipliers:
    """The outer iterations: ω and η are the tolerances of the next inner minimization."""

    def __init__(
        self,
        problem: _Lagrangian,
        limits: Bounds,
        tolerances: _Tolerances,
        penalty: float,
        trajectory: bool,
    ) -> None:
        self._problem, self._limits, self._tolerances = problem, limits, tolerances
        problem.rho.assign(np.float64(penalty))
        self._omega, self._eta = 1 / penalty, 1 / penalty**0.1
        self.best = problem.look(limits.project(problem.start), limits)
        if not self.best.finite:
            raise ArgumentError(
                "the function or a constraint is not finite at the start; choose a start inside "
                "their domains"
            )
        self.done = 0
        self.path = [(self.best.x.copy(), self.best.value)] if trajectory else None

    def iterate(
        self,
        inner: Callable[..., Minimum],
        iterations: int,
        evaluations: int,
        callback: Callable[[Iteration], bool | None] | None,
    ) -> Reason:
        """Minimize, move the multipliers or the penalty, and so on; why it ended."""
        x = self.best.x
        for done in range(1, iterations + 1):
            self.done = done
            left = evaluations - self._problem.counts.functions
            if left <= 0:
                return Reason.EVALUATIONS
            small = max(min(self._omega, 1e-2), 0.1 * self._tolerances.gradient)
            found = inner(x, gradient_tolerance=small, evaluations=left, iterations=2000)
            x = found.x
            violated = self._problem.violation(x)
            if found.stopped is Reason.UNBOUNDED:
                return Reason.UNBOUNDED
            if not math.isfinite(violated):
                return Reason.NON_FINITE
            exhausted = self._adapt(x, violated)
            state = self._saw(x)
            if state.solved(*self._tolerances):
                self.best = state
                return Reason.CONVERGED
            told = Iteration(done, x.copy(), state.value, state.stationarity)
            if callback is not None and callback(told):
                return Reason.CALLBACK
            if exhausted:
                return Reason.INFEASIBLE
        return Reason.ITERATIONS

    def _adapt(self, x: Array, violated: float) -> bool:
        """Move the multipliers where x is feasible enough, else ρ; whether ρ is at its end."""
        problem, rho = self._problem, float(self._problem.rho.value)
        if violated <= max(self._eta, self._tolerances.constraint):
            problem.move_multipliers(x)
            self._eta = max(self._eta / rho**0.9, 0.1 * self._tolerances.constraint)
            self._omega /= rho
            return False
        rho = min(rho * 10, _MOST_PENALTY)
        problem.rho.assign(np.float64(rho))
        self._eta, self._omega = 1 / rho**0.1, 1 / rho
        return rho >= _MOST_PENALTY

    def _saw(self, x: Array) -> _State:
        state = self._problem.look(x, self._limits)
        self.best = _better(self.best, state, self._tolerances.constraint)
        if self.path is not None:
            self.path.append((x.copy(), state.value))
        return state


def _largest(values: Array) -> float:
    return float(np.abs(values).max(initial=0.0))


@dataclass(frozen=True, eq=False)
class _State:
    """A point with everything that the KKT conditions speak of."""

    x: Array
    value: float
    slope: Array
    equality: Array
    inequality: Array
    stationarity: float
    infeasibility: float
    complementarity: float
    finite: bool

    def solved(self, gradient: float, constraint: float) -> bool:
        """Whether the KKT conditions hold to the tolerances."""
        return (
            self.stationarity <= gradient
            and self.infeasibility <= constraint
            and self.complementarity <= constraint * max(1.0, _largest(self.inequality))
        )


def _better(old: _State, new: _State, tolerance: float) -> _State:
    """The more feasible of two states; among feasible ones the lower."""
    a, b = max(old.infeasibility, tolerance), max(new.infeasibility, tolerance)
    if math.isclose(a, b):
        return new if new.value <= old.value else old
    return new if b < a else old


class _Lagrangian:
    """The augmented Lagrangian as one program whose multipliers are variables."""

    def __init__(self, f: Any, start: Any, equalities: Any, inequalities: Any) -> None:
        if not callable(f):
            raise ArgumentError(
                "augmented_lagrangian takes Python functions of Tensors (for f and the "
                f"constraints alike), not {f!r}"
            )
        if start is None:
            raise ArgumentError("augmented_lagrangian needs a start: an array of first values")
        self._h, self._g = (
            _functions("equalities", equalities),
            _functions("inequalities", inequalities),
        )
        if not self._h and not self._g:
            raise ArgumentError(
                "there are no constraints; without any use lbfgs, which is faster, or give "
                "equalities= or inequalities="
            )
        self._given, self._point = start, Point(start)
        at = unflatten(self._point.structure, self._point.leaves)
        self.start, self.size = self._point.start, self._point.start.size
        self.multipliers = {
            "h": variable(np.zeros(_joined(self._h, at).size), name="λ"),
            "g": variable(np.zeros(_joined(self._g, at).size), name="μ"),
        }
        self.rho = variable(np.float64(1.0), name="ρ")
        self._f = f
        self.function = Function(self._augmented, start, evaluations=EVALUATIONS)
        self._lagrangian = Function(self._plain, start, evaluations=EVALUATIONS)
        parts = [cast(as_tensor(f(at)), float64), _joined(self._h, at), _joined(self._g, at)]
        self._parts = Program([], parts, steps=EVALUATIONS)

    def _augmented(self, x: Any) -> Tensor:
        total = cast(as_tensor(self._f(x)), float64)
        if self._h:
            h = _joined(self._h, x)
            total = total + (self.multipliers["h"] * h).sum() + 0.5 * self.rho * (h * h).sum()
        if self._g:
            mu = self.multipliers["g"]
            pushed = maximum(mu + self.rho * _joined(self._g, x), 0.0)
            total = total + ((pushed * pushed).sum() - (mu * mu).sum()) / (2.0 * self.rho)
        return total

    def _plain(self, x: Any) -> Tensor:
        total = cast(as_tensor(self._f(x)), float64)
        for name, parts in (("h", self._h), ("g", self._g)):
            if parts:
                total = total + (self.multipliers[name] * _joined(parts, x)).sum()
        return total

    @property
    def counts(self) -> Counts:
        """What has been evaluated."""
        return self.function.counts + self._lagrangian.counts

    def values(self, x: Array) -> tuple[float, Array, Array]:
        """f, h and g at x."""
        self._point.move(x)
        value, h, g = self._parts.run()
        return float(value), np.asarray(h), np.asarray(g)

    def violation(self, x: Array) -> float:
        """How far the constraints are from holding, multipliers considered (N&W eq. 17.58)."""
        _, h, g = self.values(x)
        slack = np.maximum(g, -self.multipliers["g"].value / float(self.rho.value))
        return max(_largest(h), _largest(slack))

    def move_multipliers(self, x: Array) -> None:
        """λ ← λ + ρh, μ ← max(0, μ + ρg)."""
        _, h, g = self.values(x)
        rho = float(self.rho.value)
        self.multipliers["h"].assign(self.multipliers["h"].value + rho * h)
        self.multipliers["g"].assign(np.maximum(self.multipliers["g"].value + rho * g, 0.0))

    def look(self, x: Array, limits: Bounds) -> _State:
        """Everything about the point x with the present multipliers."""
        value, h, g = self.values(x)
        _, slope = self._lagrangian.value_and_gradient(x)
        mu = self.multipliers["g"].value
        return _State(
            x=x.copy(),
            value=value,
            slope=slope,
            equality=self.multipliers["h"].value,
            inequality=mu,
            stationarity=_largest(limits.projected_gradient(x, slope)),
            infeasibility=max(_largest(h), float(np.maximum(g, 0.0).max(initial=0.0))),
            complementarity=_largest(mu * g),
            finite=bool(
                math.isfinite(value)
                and np.isfinite(h).all()
                and np.isfinite(g).all()
                and np.isfinite(slope).all()
            ),
        )

    def result(
        self, best: _State, reason: Reason, iterations: int, path: Any, notes: list[str]
    ) -> ConstrainedMinimum:
        """The state as what is returned."""
        return ConstrainedMinimum(
            x=best.x,
            value=best.value,
            gradient_norm=best.stationarity,
            stopped=reason,
            iterations=iterations,
            counts=self.counts,
            trajectory=path,
            notes=tuple(notes),
            gradient=best.slope,
            point=self.function.arrange(best.x),
            equality_multipliers=best.equality,
            inequality_multipliers=best.inequality,
            stationarity=best.stationarity,
            infeasibility=best.infeasibility,
            complementarity=best.complementarity,
            penalty=float(self.rho.value),
        )


def _functions(name: str, given: Any) -> list[Callable[[Any], Any]]:
    if given is None:
        return []
    found = list(given) if isinstance(given, list | tuple) else [given]
    for each in found:
        if not callable(each):
            raise ArgumentError(
                f"{name} are Python functions of Tensors, or a list of them, not {each!r}"
            )
    return found


def _joined(parts: list[Callable[[Any], Any]], x: Any) -> Tensor:
    """All constraints one after the other, as one vector."""
    from trivium.engine.array import concat, zeros

    if not parts:
        return zeros(0)
    values = [cast(as_tensor(leaf), float64) for part in parts for leaf in flatten(part(x))]
    return concat([each.reshape((each.size,)) for each in values])
