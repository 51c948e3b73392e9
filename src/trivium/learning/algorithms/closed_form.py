"""Minima that can be computed: least squares, ridge regression, joint likelihoods."""

from __future__ import annotations

from typing import Any

from ..errors import RequestError
from ..objectives import L2, Objective, SquaredError
from ..specification import component
from .base import Problem, Solution, Solver

__all__ = ["ClosedForm"]


@component()
class ClosedForm(Solver):
    """The minimum of a quadratic objective or a joint likelihood, computed directly.

    J(θ) = (c/N) Σ_i w_i ‖f(x_i; θ) - y_i‖² + λ‖θ‖² with predictions affine in θ, f = Aθ + b.

    This linear least-squares problem is solved by QR of the design matrix A, with rows √λ e_j
    for the penalty, and not by the normal equations; solutions of small problems are refined
    with residuals of twice the precision. When columns depend on each other, the
    solution of smallest norm is found by SVD, and the notes name those columns. All in float64.

    That f is affine is read off the graph, so any model will do: Linear, a Formula such as
    w₁x + w₂x², a network whose layers have no activation in between. Raises RequestError,
    naming node, layer and line, when f is not affine in θ, or naming the term that is no
    square; NonFiniteError for data that are not finite.

    For ``JointLikelihood`` and a model of p(x, y) it counts classes and averages features and
    their products, which maximises the likelihood; see ``GaussianClassifier``, ``NaiveBayes``.

    Source: Gauss (1809), *Theoria motus*; Golub & Van Loan (2013), *Matrix Computations*, 4th
    ed., §5.3 and §6.1.4; Hoerl & Kennard (1970), "Ridge regression", Technometrics 12.
    """

    def refuse(self, model: Any, objective: Objective) -> None:
        """Refuse objectives with terms that are not quadratic in predictions and parameters."""
        from .joint import is_joint, refuse_joint

        if is_joint(model, objective):
            refuse_joint(model, objective)
            return
        reasons = {
            repr(term): "is not the square of a residual"
            for weight, term in objective.data_terms
            if weight > 0 and type(term) is not SquaredError
        } | {
            repr(term): "is not a square of parameters"
            for weight, term in objective.penalties
            if weight > 0 and type(term) is not L2
        }
        for name, reason in reasons.items():
            raise RequestError(
                f"no closed form: the objective {objective!r} is not quadratic in θ because "
                f"{name} {reason}; use SquaredError() and L2(), or an algorithm that takes "
                "steps, such as Adam()"
            )
        if not any(weight > 0 for weight, _ in objective.data_terms):
            raise RequestError(
                f"no closed form: the objective {objective!r} has no data term; add "
                "SquaredError()"
            )

    def solve(self, problem: Problem) -> Solution:
        """The parameters at the minimum, with rank, condition and lost digits in the notes."""
        self.refuse(problem.model, problem.objective)
        from .joint import is_joint, joint_maximum

        if is_joint(problem.model, problem.objective):
            return joint_maximum(problem)
        from .quadratic import minimum  # with all the linear algebra

        return minimum(problem)
