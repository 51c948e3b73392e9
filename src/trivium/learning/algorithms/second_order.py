"""Solvers that use second derivatives or residuals: Newton, Gauss-Newton, Levenberg-Marquardt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import RequestError
from ..objectives import L2, AbsoluteError, Hinge, Objective, SquaredError
from ..options import flag, positive
from ..specification import component
from .base import Problem, Solution
from .minimizing import Minimizer

if TYPE_CHECKING:
    from trivium.mathematics.minimization import Function, Minimum, Options, Residuals

__all__ = ["GaussNewton", "LevenbergMarquardt", "Newton"]

_METHODS = ("trust-region", "line-search")
#: Up to so many parameters the Hessian is a matrix.
MOST_DENSE = 500


@component()
class Newton(Minimizer):
    """Newton's method: steps to the minimum of the quadratic model, H p = -∇J.

    ``method``: "trust-region" solves the model within a radius that follows its success and
    leaves saddle points; "line-search" makes every curvature positive and searches along the
    direction. Up to 500 parameters the Hessian is a matrix; where predictions are affine in the
    parameters it is AᵀDA, from one pass over the data. With more parameters only its products
    with vectors are used (Steihaug). ``gradient_tolerance``, ``iterations``, ``trajectory``: see
    ``Minimizer``. Raises RequestError for other options, and for objectives whose second
    derivative is zero wherever it exists.

    Source: Moré & Sorensen (1983), SIAM J. Sci. Stat. Comput. 4; Nocedal & Wright (2006),
    *Numerical Optimization*, 2nd ed., chapters 3, 4 and 7.
    """

    def __init__(
        self,
        method: str = "trust-region",
        gradient_tolerance: float = 1e-8,
        iterations: int = 1000,
        trajectory: bool = False,
    ) -> None:
        super().__init__(gradient_tolerance, iterations, trajectory)
        if method not in _METHODS:
            raise RequestError(
                f"Newton: method must be one of {', '.join(_METHODS)}, got {method!r}"
            )
        self.method = method

    def refuse(self, model: Any, objective: Objective) -> None:
        """Refuse kinks, and losses made of straight pieces, which have no curvature."""
        super().refuse(model, objective)
        for weight, term in objective.data_terms:
            if weight > 0 and type(term) in (AbsoluteError, Hinge):
                raise RequestError(
                    f"{self!r} needs curvature, but the second derivative of {term!r} is zero "
                    "wherever it exists; use Huber() or a logistic loss, or an algorithm of "
                    "first order"
                )

    def run(self, f: Any, start: Any, options: Options) -> Minimum:
        """Newton's method from ``start``."""
        from trivium.mathematics.minimization import newton

        return newton(f, start, method=self.method, **options)

    def function(self, problem: Problem) -> Function:
        """The objective; with the Hessian in closed form where predictions are affine."""
        from .curvature import with_affine_curvature
        from .minimizing_problem import objective_function

        function = objective_function(problem)
        if function.size > MOST_DENSE:
            return function
        return with_affine_curvature(problem, function)

    def solve(self, problem: Problem) -> Solution:
        """The parameters at the minimum, with the Hessian's condition in the notes."""
        solution = super().solve(problem)
        count = sum(each.size for each in problem.parameters.values())
        if count > MOST_DENSE:
            solution.notes.insert(
                0,
                f"With {count:,} parameters the Hessian would take {_bytes(8 * count**2)} of "
                "memory; its products with vectors were used instead.",
            )
        return solution


def _bytes(count: float) -> str:
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if count < 1024:
            return f"{count:.3g} {unit}"
        count /= 1024
    return f"{count:.3g} TiB"


class _LeastSquares(Minimizer):
    """What Gauss-Newton and Levenberg-Marquardt share: residuals in place of the objective."""

    def refuse(self, model: Any, objective: Objective) -> None:
        """Refuse objectives that are not a sum of squares."""
        wrong = [
            term
            for weight, term in objective.terms()
            if weight > 0 and type(term) not in (SquaredError, L2)
        ]
        if wrong:
            raise RequestError(
                f"{self!r} works on residuals, so the objective must be a sum of squares, "
                f"SquaredError() and L2(); {wrong[0]!r} is none. Use Newton() or LBFGS()"
            )
        if not any(weight > 0 for weight, _ in objective.data_terms):
            raise RequestError(
                f"{self!r}: the objective {objective!r} has no data term; add SquaredError()"
            )

    def function(self, problem: Problem) -> Residuals:
        """r with Σ r² = J: √(c w_i/N) (f(x_i) - y_i), and √λ θ_j for the penalties."""
        from .least_squares_problem import residuals_of

        return residuals_of(self, problem)


@component()
class GaussNewton(_LeastSquares):
    """Least squares by linearized steps p = -J⁺r, shortened where the objective would rise.

    Fast where the residuals at the minimum are small; LevenbergMarquardt() is safer.
    ``gradient_tolerance``: compared with the largest cosine between the residuals and a column
    of their Jacobian, which has no unit. ``iterations``, ``trajectory``: see ``Minimizer``.
    Raises RequestError for objectives that are no sum of squares.

    Source: Gauss (1809), *Theoria motus*; Nocedal & Wright (2006), *Numerical Optimization*, 2nd
    ed., §10.3.
    """

    def __init__(
        self,
        gradient_tolerance: float = 1e-10,
        iterations: int = 1000,
        trajectory: bool = False,
    ) -> None:
        super().__init__(gradient_tolerance, iterations, trajectory)

    def run(self, f: Any, start: Any, options: Options) -> Minimum:
        """Gauss-Newton on residuals ``f`` from ``start``."""
        from trivium.mathematics.minimization import gauss_newton

        return gauss_newton(f, start, **options)


@component()
class LevenbergMarquardt(_LeastSquares):
    """Least squares by steps within a region: min ‖r + Jp‖ subject to ‖Dp‖ ≤ Δ.

    ``geodesic``: the steps follow the parabola of the residuals' second derivative where it
    bends little. ``factor``: the first region is factor·‖Dθ‖; smaller is more careful.
    ``gradient_tolerance``: compared with the largest cosine between the residuals and a column
    of their Jacobian, which has no unit. ``iterations``, ``trajectory``: see ``Minimizer``.
    Raises RequestError for objectives that are no sum of squares.

    Source: Moré (1978), LNM 630; Transtrum & Sethna (2012), arXiv:1201.5885.
    """

    def __init__(
        self,
        geodesic: bool = True,
        factor: float = 10.0,
        gradient_tolerance: float = 1e-10,
        iterations: int = 1000,
        trajectory: bool = False,
    ) -> None:
        super().__init__(gradient_tolerance, iterations, trajectory)
        self.geodesic = flag("LevenbergMarquardt", "geodesic", geodesic)
        self.factor = positive("LevenbergMarquardt", "factor", factor)

    def run(self, f: Any, start: Any, options: Options) -> Minimum:
        """Levenberg-Marquardt on residuals ``f`` from ``start``."""
        from trivium.mathematics.minimization import levenberg_marquardt

        return levenberg_marquardt(
            f, start, geodesic=self.geodesic, factor=self.factor, **options
        )
