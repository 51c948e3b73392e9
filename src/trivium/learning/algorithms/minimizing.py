"""Solvers that minimize a smooth objective over all the training data at once, by iterations.

The objective and its derivatives are programs made once; an iteration calls them and does the
rest on one flat float64 vector. What the methods do is in ``trivium.mathematics.minimization``,
which loads when a method is used.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from trivium.engine import dtypes

from ..errors import RequestError
from ..objectives import L1, Objective
from ..options import flag, non_negative, whole
from .base import Problem, Solution, Solver

if TYPE_CHECKING:
    from trivium.mathematics.minimization import (
        Function,
        Iteration,
        Minimum,
        Options,
        Residuals,
    )

__all__ = ["Callback", "Minimizer"]

Callback = Callable[["Iteration"], bool | None]


class Minimizer(Solver):
    """A method that goes from the start downhill until the gradient is small.

    ``gradient_tolerance``: stop where every |∂J/∂θ_j| is at most this. ``iterations``: the most
    there may be. ``trajectory``: keep every iterate (``Minimum.trajectory``,
    ``fit.trajectory``). A subclass gives ``run``.
    """

    def __init__(
        self,
        gradient_tolerance: float = 1e-8,
        iterations: int = 1000,
        trajectory: bool = False,
    ) -> None:
        owner = type(self).__name__
        self.gradient_tolerance = non_negative(owner, "gradient_tolerance", gradient_tolerance)
        self.iterations = whole(owner, "iterations", iterations, 0)
        self.trajectory = flag(owner, "trajectory", trajectory)

    def run(self, f: Any, start: Any, options: Options) -> Minimum:
        """The method itself, on a function (or residuals) and a start."""
        raise NotImplementedError

    def minimize(
        self, f: Any, start: Any = None, *, callback: Callback | None = None
    ) -> Minimum:
        """Minimize a plain function ``f`` of Tensors, or an expression, from ``start``.

        ``f``: takes Tensors in the structure of ``start`` (an array, or tuples and dicts of
        arrays) and returns a scalar; or an expression, and ``start`` its variables. Least-squares
        methods take residuals instead of the scalar. ``callback``: sees every ``Iteration``; one
        that returns True stops. Raises ArgumentError where f is not finite at the start.
        """
        return self.run(f, start, self._options(callback))

    def _options(self, callback: Callback | None) -> Options:
        return {
            "gradient_tolerance": self.gradient_tolerance,
            "iterations": self.iterations,
            "trajectory": self.trajectory,
            "callback": callback,
        }

    def refuse(self, model: Any, objective: Objective) -> None:
        """Refuse penalties with a kink where their minimum usually is."""
        for weight, term in objective.penalties:
            if weight > 0 and isinstance(term, L1):
                raise RequestError(
                    f"{self!r} needs a smooth objective, but {term!r} has a kink at 0, where "
                    "its minimum usually lies; use ProximalGradient(), which is made for it, or "
                    "L2()"
                )

    def function(self, problem: Problem) -> Function | Residuals:
        """What is minimized for a problem of ``tv.fit``."""
        from .minimizing_problem import objective_function

        return objective_function(problem)

    def solve(self, problem: Problem) -> Solution:
        """The parameters at the minimum. The problem's variables keep their values."""
        from trivium.mathematics.minimization import Reason

        from .minimizing_problem import require_finite, solution_of

        function = self.function(problem)
        history: list[dict[str, Any]] = []
        interrupted = False

        def watch(iteration: Iteration) -> bool:
            nonlocal interrupted
            history.append(
                {
                    "iteration": iteration.number,
                    "loss": iteration.value,
                    "gradient_norm": iteration.gradient_norm,
                }
            )
            interrupted = problem.interrupted is not None and problem.interrupted()
            return interrupted

        require_finite(problem, function)
        found = self.run(function, None, self._options(watch))
        stopped = interrupted and found.stopped is Reason.CALLBACK
        solution = solution_of(problem, found, history, interrupted=stopped)
        if any(each.dtype == dtypes.float32 for each in problem.parameters.values()):
            solution.notes.append(
                "Parameters and objective are float32, so about 7 digits are what can be had; "
                "solvers use float64 unless dtype is given."
            )
        return solution
