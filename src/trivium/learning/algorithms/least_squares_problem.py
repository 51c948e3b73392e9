"""The residuals of a problem of ``tv.fit``: what Gauss-Newton and Levenberg-Marquardt work on."""

from __future__ import annotations

import math
from typing import Any

from trivium.engine import array
from trivium.engine.composites import as_tensor, cast
from trivium.engine.tensor import Tensor
from trivium.mathematics.minimization import Residuals

from ..errors import RequestError
from ..objectives import L2
from .base import Problem
from .minimizing_problem import require_reached

__all__ = ["residuals_of"]


def residuals_of(owner: Any, problem: Problem) -> Residuals:
    """r(θ) with Σ r² = J: √(c w_i/N) (f(x_i) - y_i), and √λ θ_j for the penalties.

    Raises RequestError for negative weights, and where a parameter cannot be learned.
    """
    objective, batch = problem.objective, problem.batch
    prediction = problem.model(as_tensor(batch.x))
    # Builds the objective for its checks of shapes, targets, weights and reach.
    require_reached(problem, objective.value(prediction, batch, problem.parameters))
    if batch.weight is not None and (as_tensor(batch.weight).value < 0).any():
        raise RequestError(
            f"{owner!r}: an example's weight is negative, so J is no sum of squares"
        )
    parts = [
        _data_residuals(weight, term, prediction, batch)
        for weight, term in objective.data_terms
        if weight > 0
    ]
    for weight, term in objective.penalties:
        if weight > 0 and isinstance(term, L2):
            chosen = term.penalised(problem.parameters).values()
            root = math.sqrt(weight)
            parts += [
                cast(root * each.reshape((each.size,)), prediction.dtype) for each in chosen
            ]
    joined = parts[0] if len(parts) == 1 else array.concat(parts)
    return Residuals(joined, list(problem.parameters.values()))


def _data_residuals(weight: float, term: Any, prediction: Tensor, batch: Any) -> Tensor:
    r = prediction - term.goal(prediction, as_tensor(batch.y))
    count = prediction.shape[0]
    r = r.reshape((count, r.size // max(count, 1)))
    scale = math.sqrt(weight / count)
    if batch.weight is not None:
        roots = array.sqrt(cast(as_tensor(batch.weight), r.dtype))
        r = r * roots.reshape((count, 1))
    return (scale * r).reshape((r.size,))
