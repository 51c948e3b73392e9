"""A problem of ``tv.fit`` as a minimization sees it, and a minimum as an answer to the problem."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from trivium.engine.passes.pipeline import improve
from trivium.engine.passes.rewrite import filled_with
from trivium.engine.reverse import gradients
from trivium.engine.tensor import Tensor
from trivium.mathematics.minimization import Function, Minimum, Residuals

from ..errors import NonFiniteError, RequestError
from ..stop import Stop
from .base import Problem, Solution

__all__ = ["objective_function", "require_finite", "require_reached", "solution_of"]


def objective_function(problem: Problem) -> Function:
    """The objective of all the data as a function of the parameters, flat and in order.

    The problem's variables keep their values. Raises RequestError where a parameter cannot be
    learned because nothing differentiable leads to it.
    """
    loss = problem.objective(problem.model, problem.batch)
    require_reached(problem, loss)
    return Function(loss, list(problem.parameters.values()))


def require_reached(problem: Problem, loss: Tensor) -> None:
    """Raise RequestError unless the objective depends on every parameter."""
    if not problem.parameters:
        raise RequestError("the model has no parameters, so there is nothing to fit")
    (loss,) = improve([loss])
    slopes = gradients([loss], list(problem.parameters.values()))
    unreached = [
        path
        for path, slope in zip(problem.parameters, slopes, strict=True)
        if filled_with(slope, 0)
    ]
    if unreached:
        one = len(unreached) == 1
        raise RequestError(
            f"the parameter{'' if one else 's'} {', '.join(unreached)} cannot be learned: the "
            f"objective does not depend on {'it' if one else 'them'} by any differentiable "
            "path. Use it in the model, or remove it; a threshold (unit step) has derivative "
            "zero everywhere: use tv.algorithms.DeltaRule() for it"
        )


def solution_of(
    problem: Problem,
    found: Minimum,
    history: list[dict[str, Any]] | None = None,
    *,
    interrupted: bool = False,
) -> Solution:
    """What a minimization over the problem's parameters found, as a solver's answer.

    ``interrupted``: whether the callback that stopped it did so because of a signal.
    """
    values, start = {}, 0
    for path, each in problem.parameters.items():
        part = found.x[start : start + each.size]
        values[path] = part.reshape(each.shape).astype(each.dtype)
        start += each.size
    gradient = found.gradient
    return Solution(
        values=values,
        stopped=Stop.INTERRUPTED if interrupted else Stop[found.stopped.name],
        gradient_norm=float("nan") if gradient is None else float(np.linalg.norm(gradient)),
        evaluations=found.counts.evaluations,
        notes=[_in_words(note, problem) for note in found.notes],
        history=history or [],
        trajectory=found.trajectory,
    )


def _in_words(note: str, problem: Problem) -> str:
    """``note`` with the parameters' names in place of x[0], x[1], …"""
    names: list[str] = []
    for path, each in problem.parameters.items():
        if each.shape == ():
            names.append(path)
        else:
            names += [f"{path}{list(index)}" for index in np.ndindex(each.shape)]
    return re.sub(r"\bx\[(\d+)\]", lambda found: names[int(found[1])], note)


def require_finite(problem: Problem, function: Function | Residuals) -> None:
    """Raise NonFiniteError where the objective is not finite at the first parameters."""
    if isinstance(function, Function):
        value = function.value(function.start)
    else:
        r = function.residuals(function.start)
        value = float(np.sum(np.square(r)))
    if not np.isfinite(value):
        from trivium.engine.nonfinite import first_bad_value

        loss = problem.objective(problem.model, problem.batch)
        found = first_bad_value([loss], compiled=True)
        where = "" if found is None else f"\n{found}"
        raise NonFiniteError(
            f"the objective {problem.objective!r} is {value} at the first parameters, so there "
            "is no direction to go; scale the features (scale=True) or give other first "
            f"values{where}"
        )
