"""Solvers with constraints or kinks: augmented Lagrangian, projected and proximal gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import RequestError
from ..objectives import L1, AbsoluteError, Hinge, Objective, is_bias
from ..options import flag, number, positive
from ..specification import component
from .base import Problem, Solution
from .minimizing import Callback, Minimizer
from .searching import answered

if TYPE_CHECKING:
    from trivium.engine.tensor import Tensor
    from trivium.mathematics.minimization import ConvexSet, Function, Minimum, Options

__all__ = ["AugmentedLagrangian", "ProjectedGradient", "ProximalGradient"]

_SETS = ("l2", "l1", "box", "simplex")


def weights_of(problem: Problem) -> np.ndarray[Any, Any]:
    """Which elements of the flat parameters are weights, not biases: (n,) of bool."""
    return np.concatenate(
        [
            np.full(each.size, not is_bias(path, each))
            for path, each in problem.parameters.items()
        ]
        or [np.zeros(0, bool)]
    )


@component()
class AugmentedLagrangian(Minimizer):
    """Minimization under constraints, with a multiplier for each.

    For ``tv.fit``: the objective subject to ‖w‖² ≤ radius², w all parameters but the biases. The
    multiplier μ is the λ for which the penalty λ·L2() has the same minimum, so this is ridge
    regression said in another way. For functions: ``minimize(f, start, equalities=…,
    inequalities=…)``.

    ``radius``: of the ball. ``penalty``: the first ρ. ``gradient_tolerance``, ``iterations``,
    ``trajectory``: see ``Minimizer``; an iteration is one of the multipliers. Raises RequestError
    for options outside their range.

    Source: Nocedal & Wright (2006), *Numerical Optimization*, 2nd ed., algorithm 17.4.
    """

    def __init__(
        self,
        radius: float | None = None,
        penalty: float = 10.0,
        gradient_tolerance: float = 1e-8,
        iterations: int = 100,
        trajectory: bool = False,
    ) -> None:
        super().__init__(gradient_tolerance, iterations, trajectory)
        owner = "AugmentedLagrangian"
        self.radius = None if radius is None else positive(owner, "radius", radius)
        self.penalty = positive(owner, "penalty", penalty)

    def minimize(
        self,
        f: Any,
        start: Any = None,
        *,
        equalities: Any = None,
        inequalities: Any = None,
        bounds: Any = None,
        callback: Callback | None = None,
    ) -> Minimum:
        """Minimize f where ``equalities`` are zero and ``inequalities`` are not positive.

        All are Python functions of Tensors in the structure of ``start``, or lists of such. The
        result has the multipliers and the KKT residuals. Errors as for
        ``trivium.mathematics.minimization.augmented_lagrangian``.
        """
        from trivium.mathematics.minimization import augmented_lagrangian

        return augmented_lagrangian(
            f, start, equalities, inequalities, bounds=bounds, penalty=self.penalty,
            gradient_tolerance=self.gradient_tolerance, iterations=self.iterations,
            trajectory=self.trajectory, callback=callback,
        )  # fmt: skip

    def refuse(self, model: Any, objective: Objective) -> None:
        """Refuse kinks, and a fit in which nothing is constrained."""
        super().refuse(model, objective)
        if self.radius is None:
            raise RequestError(
                "AugmentedLagrangian() constrains nothing in a fit: give radius=r for "
                "‖w‖² ≤ r², or use LBFGS(), which needs no constraints"
            )

    def solve(self, problem: Problem) -> Solution:
        """The parameters at the minimum in the ball, with the multiplier in the notes."""
        from trivium.engine.tensor import tensor
        from trivium.mathematics.optimality.objectives import over_one_vector

        self.refuse(problem.model, problem.objective)
        function = self.function(problem)
        chosen = weights_of(problem)
        if not chosen.any():
            raise RequestError(f"{self!r}: the model has no weights to constrain, only biases")
        mask, limit = tensor(chosen.astype(np.float64)), float(self.radius or 0.0) ** 2

        def ball(theta: Tensor) -> Tensor:
            return (mask * theta * theta).sum() - limit

        loss = problem.objective(problem.model, problem.batch)
        f, start = over_one_vector(loss, problem.parameters)
        return answered(
            problem,
            function,  # type: ignore[arg-type]
            lambda watch: self.minimize(f, start, inequalities=ball, callback=watch),
            self._multiplier,
        )

    def _multiplier(self, found: Any) -> list[str]:
        (mu,) = found.inequality_multipliers
        residuals = (
            f"KKT residuals: stationarity {found.stationarity:.2g}, infeasibility "
            f"{found.infeasibility:.2g}, complementarity {found.complementarity:.2g}."
        )
        if mu <= self.gradient_tolerance:
            return [
                "The constraint is not active: the minimum lies inside the ball.",
                residuals,
            ]
        return [
            f"The constraint ‖w‖² ≤ {float(self.radius or 0):.6g}² is active with the multiplier "
            f"{mu:.6g}: the same minimum as that of the objective + {mu:.6g} * L2().",
            residuals,
        ]


@component()
class ProjectedGradient(Minimizer):
    """Gradient steps, each projected onto a convex set; step lengths from the last change.

    ``onto``: "l2" or "l1" (the ball of that norm with ``radius``), "box" (between ``lower`` and
    ``upper``) or "simplex" (not negative, with the sum ``radius``). In ``tv.fit`` the set is for
    all parameters but the biases together. ``gradient_tolerance``, ``iterations``,
    ``trajectory``: see ``Minimizer``. Raises RequestError for options outside their range.

    Source: Birgin, Martínez & Raydan (2000), SIAM J. Optim. 10.
    """

    def __init__(
        self,
        onto: str = "l2",
        radius: float = 1.0,
        lower: float | None = None,
        upper: float | None = None,
        gradient_tolerance: float = 1e-8,
        iterations: int = 1000,
        trajectory: bool = False,
    ) -> None:
        super().__init__(gradient_tolerance, iterations, trajectory)
        owner = "ProjectedGradient"
        if onto not in _SETS:
            raise RequestError(f"{owner}: onto must be one of {', '.join(_SETS)}, got {onto!r}")
        self.onto, self.radius = onto, positive(owner, "radius", radius)
        self.lower = None if lower is None else number(owner, "lower", lower)
        self.upper = None if upper is None else number(owner, "upper", upper)
        if onto == "box" and lower is None and upper is None:
            raise RequestError(f"{owner}: a box needs lower= or upper=, or it is everything")
        if self.lower is not None and self.upper is not None and self.lower > self.upper:
            raise RequestError(
                f"{owner}: lower={lower!r} is above upper={upper!r}, so no value is left"
            )

    def set(self) -> ConvexSet:
        """The convex set of the options."""
        from trivium.mathematics.minimization import Ball, Box, CrossPolytope, Simplex

        if self.onto == "box":
            return Box(self.lower, self.upper)
        kind = {"l2": Ball, "l1": CrossPolytope, "simplex": Simplex}[self.onto]
        made: ConvexSet = kind(self.radius)
        return made

    def run(self, f: Any, start: Any, options: Options) -> Minimum:
        """Projected gradient from ``start``, all of it in the set."""
        from trivium.mathematics.minimization import projected_gradient

        return projected_gradient(f, start, onto=self.set(), **options)

    def refuse(self, model: Any, objective: Objective) -> None:
        """Refuse objectives with kinks."""
        super().refuse(model, objective)
        _refuse_kinks(self, objective)

    def solve(self, problem: Problem) -> Solution:
        """The parameters at the minimum in the set."""
        from trivium.mathematics.minimization import projected_gradient

        function: Any = self.function(problem)
        onto = _Partly(weights_of(problem), self.set())
        return answered(
            problem,
            function,
            lambda watch: projected_gradient(function, None, onto=onto, **self._options(watch)),
        )


class _Partly:
    """A set for some of the elements; the others are free."""

    def __init__(self, chosen: np.ndarray[Any, Any], onto: ConvexSet) -> None:
        self.chosen, self.onto = chosen, onto

    def project(self, x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """The chosen elements projected."""
        found = x.copy()
        found[self.chosen] = self.onto.project(x[self.chosen])
        return found

    def contains(self, x: np.ndarray[Any, Any], tolerance: float = 1e-9) -> bool:
        """Whether the chosen elements lie in the set."""
        return self.onto.contains(x[self.chosen], tolerance)


def _refuse_kinks(owner: Minimizer, objective: Objective) -> None:
    for weight, term in objective.data_terms:
        if weight > 0 and type(term) in (AbsoluteError, Hinge):
            raise RequestError(
                f"{owner!r} follows the gradient of the data term, but {term!r} has kinks, where "
                "it can stop short of the minimum; use Huber() or BinaryCrossEntropy(), which "
                "are smooth, or Adam()"
            )


@component()
class ProximalGradient(Minimizer):
    """FISTA: gradient steps on the smooth terms, soft thresholds for λ·L1().

    Made for penalties with a kink at zero: parameters become exactly zero. ``accelerated``:
    Nesterov's momentum (FISTA), given up whenever it points uphill; False is ISTA. For
    functions: ``minimize(f, start, penalty=…)`` with ``L1Norm``, ``ElasticNet`` or ``GroupNorm``.
    ``gradient_tolerance``: for the gradient map ‖θ - prox(θ - ∇J)‖_∞. ``iterations``,
    ``trajectory``: see ``Minimizer``. Raises RequestError for options outside their range.

    Source: Beck & Teboulle (2009), SIAM J. Imaging Sci. 2; O'Donoghue & Candès (2015).
    """

    def __init__(
        self,
        accelerated: bool = True,
        gradient_tolerance: float = 1e-8,
        iterations: int = 10_000,
        trajectory: bool = False,
    ) -> None:
        super().__init__(gradient_tolerance, iterations, trajectory)
        self.accelerated = flag("ProximalGradient", "accelerated", accelerated)

    def minimize(
        self,
        f: Any,
        start: Any = None,
        *,
        penalty: Any = None,
        gap: Any = None,
        callback: Callback | None = None,
    ) -> Minimum:
        """Minimize f + ``penalty``; ``gap`` as for ``proximal_gradient``."""
        from trivium.mathematics.minimization import L1Norm, proximal_gradient

        return proximal_gradient(
            f, start, penalty=L1Norm(0.0) if penalty is None else penalty, gap=gap,
            accelerated=self.accelerated, gradient_tolerance=self.gradient_tolerance,
            iterations=self.iterations, trajectory=self.trajectory, callback=callback,
        )  # fmt: skip

    def refuse(self, model: Any, objective: Objective) -> None:
        """Refuse data terms with kinks; L1 is what this is for."""
        _refuse_kinks(self, objective)

    def solve(self, problem: Problem) -> Solution:
        """The parameters at the minimum, exact zeros among them counted in the notes."""
        from trivium.mathematics.minimization import L1Norm

        self.refuse(problem.model, problem.objective)
        smooth, weights = self._split(problem)
        return answered(
            problem,
            smooth,
            lambda watch: self.minimize(
                smooth, None, penalty=L1Norm(weights), callback=watch,
                gap=self._gap(problem, weights),
            ),
            lambda found: _said(found, weights),
        )  # fmt: skip

    def _split(self, problem: Problem) -> tuple[Function, np.ndarray[Any, Any]]:
        """The smooth part of the objective, and λ for each element of the parameters."""
        from trivium.mathematics.minimization import Function

        from .minimizing_problem import require_reached

        kept = [(c, term) for c, term in problem.objective.terms() if not isinstance(term, L1)]
        sizes = {path: np.zeros(each.size) for path, each in problem.parameters.items()}
        for weight, term in problem.objective.penalties:
            if weight > 0 and isinstance(term, L1):
                for path in term.penalised(problem.parameters):
                    sizes[path] += weight
        smooth = sum((c * term for c, term in kept[1:]), start=kept[0][0] * kept[0][1])
        loss = smooth(problem.model, problem.batch)
        require_reached(problem, loss)
        weights = np.concatenate(list(sizes.values()))
        return Function(loss, list(problem.parameters.values())), weights

    @staticmethod
    def _gap(problem: Problem, weights: np.ndarray[Any, Any]) -> Any:
        """The duality gap where the objective is squared error of affine predictions + L1."""
        from trivium.engine.array import sqrt
        from trivium.engine.composites import as_tensor, cast
        from trivium.mathematics.minimization import Residuals, lasso_gap

        from ..objectives import SquaredError
        from .affine import find_obstacle

        terms = [(c, term) for c, term in problem.objective.terms() if c > 0]
        data = [(c, term) for c, term in terms if type(term) is SquaredError]
        if len(data) != 1 or any(
            not isinstance(term, L1) for _, term in terms if term is not data[0][1]
        ):
            return None
        prediction = problem.model(as_tensor(problem.batch.x))
        if find_obstacle(prediction, problem.parameters) is not None:
            return None
        if prediction.size * weights.size > 20_000_000:
            return None
        scale = np.sqrt(2 * data[0][0] / prediction.shape[0])
        left = prediction - data[0][1].goal(prediction, as_tensor(problem.batch.y))
        if problem.batch.weight is not None:
            root = sqrt(cast(as_tensor(problem.batch.weight), left.dtype))
            left = root.reshape((-1, *[1] * (left.ndim - 1))) * left
        parameters = list(problem.parameters.values())
        return lasso_gap(Residuals(float(scale) * left, parameters), None, weights)


def _said(found: Any, weights: np.ndarray[Any, Any]) -> list[str]:
    penalised = int((weights > 0).sum())
    if not penalised:
        return [
            "The objective has no L1 term, so nothing becomes exactly zero; LBFGS() is faster."
        ]
    zeros = int(((found.x == 0) & (weights > 0)).sum())
    notes = [f"{zeros} of {penalised} penalised parameters are exactly zero."]
    if np.isfinite(found.gap):
        notes.append(
            f"Duality gap {found.gap:.2g}: the objective is at most this far above its minimum."
        )
    return notes
