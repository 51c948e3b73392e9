"""How a search over all parameters answers a problem of ``tv.fit``: history, interrupts, notes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from trivium.engine import dtypes

from .base import Problem, Solution

if TYPE_CHECKING:
    from trivium.mathematics.minimization import Function, Iteration, Minimum

    Callback = Callable[["Iteration"], bool | None]

__all__ = ["answered"]


def answered(
    problem: Problem,
    function: Function,
    minimize: Callable[[Callback], Minimum],
    notes: Callable[[Any], Sequence[str]] | None = None,
) -> Solution:
    """What ``minimize``, given a callback, finds for the problem's parameters.

    ``function``: what is minimized, in the order of the parameters. ``notes``: what else is to
    be said of the minimum. Raises NonFiniteError where it is not finite at the start.
    """
    from trivium.mathematics.minimization import Reason

    from .minimizing_problem import require_finite, solution_of

    history: list[dict[str, Any]] = []
    interrupted = False

    def watch(iteration: Iteration) -> bool:
        nonlocal interrupted
        row: dict[str, Any] = {"iteration": iteration.number, "loss": iteration.value}
        if math.isfinite(iteration.gradient_norm):
            row["gradient_norm"] = iteration.gradient_norm
        history.append(row)
        interrupted = problem.interrupted is not None and problem.interrupted()
        return interrupted

    require_finite(problem, function)
    found = minimize(watch)
    stopped = interrupted and found.stopped is Reason.CALLBACK
    solution = solution_of(problem, found, history, interrupted=stopped)
    if notes is not None:
        solution.notes.extend(notes(found))
    if any(each.dtype == dtypes.float32 for each in problem.parameters.values()):
        solution.notes.append(
            "Parameters and objective are float32, so about 7 digits are what can be had; "
            "solvers use float64 unless dtype is given."
        )
    return solution
