"""The maximum of the joint likelihood of a generative classifier, by counting and averaging."""

from __future__ import annotations

from typing import Any

import numpy as np

from trivium.engine.composites import as_tensor
from trivium.engine.evaluate import value_of, values_of
from trivium.engine.tensor import Tensor, tensor
from trivium.engine.transforms import gradient
from trivium.engine.traversal import substitute

from ..batch import Batch
from ..errors import DataError, NonFiniteError, RequestError
from ..models.generative import Generative, Sample
from ..objectives import JointLikelihood, Objective
from ..stop import Stop
from .base import Problem, Solution

__all__ = ["is_joint", "joint_maximum", "refuse_joint"]

Array = np.ndarray[Any, Any]

# How many numbers an intermediate result may have while the gradient is checked.
_NUMBERS = 2**21


def is_joint(model: Any, objective: Objective) -> bool:
    """Whether this is a likelihood of features and class, or a model of them."""
    terms = [term for weight, term in objective.data_terms if weight > 0]
    return isinstance(model, Generative) or any(
        isinstance(term, JointLikelihood) for term in terms
    )


def refuse_joint(model: Any, objective: Objective) -> None:
    """Raise RequestError unless counting and averaging give the minimum."""
    others = [
        repr(term)
        for weight, term in objective.terms()
        if weight > 0 and not isinstance(term, JointLikelihood)
    ]
    if others:
        raise RequestError(
            f"no closed form: counting and averaging give the maximum of the joint likelihood "
            f"alone, and the objective has {', '.join(others)}; use "
            "JointLikelihood(), or an algorithm that takes steps, such as Adam()"
        )
    if not isinstance(model, Generative):
        raise RequestError(
            f"no closed form: {type(model).__name__} is no model of p(x, y); use "
            "GaussianClassifier() or NaiveBayes()"
        )


def joint_maximum(problem: Problem) -> Solution:
    """The parameters of largest joint likelihood, with the model's notes.

    Raises DataError for classes without examples and features that the model does not have,
    NonFiniteError for results beyond float64.
    """
    sample = _sample(problem)
    estimate = problem.model.maximum(sample)
    for path, value in estimate.values.items():
        if not np.isfinite(value).all():
            raise NonFiniteError(
                f"no closed form: {path} is not finite, because the features are too large or "
                "too small for float64; scale the columns"
            )
    values = {path: np.asarray(estimate.values[path]) for path in problem.parameters}
    return Solution(
        values=values,
        stopped=Stop.CLOSED_FORM,
        gradient_norm=_gradient_norm(problem, values),
        evaluations=1,
        notes=list(estimate.notes),
    )


def _sample(problem: Problem) -> Sample:
    x = value_of(as_tensor(problem.batch.x)).astype(np.float64)
    x = x.reshape(len(x), -1)
    codes = value_of(as_tensor(problem.batch.y))
    given = problem.batch.weight
    weight = np.ones(len(x)) if given is None else value_of(as_tensor(given))
    weight = weight.astype(np.float64)
    if not np.isfinite(x).all() or not np.isfinite(weight).all():
        raise NonFiniteError("no closed form: the features or weights are not all finite")
    # Builds the objective only for its checks of shapes and codes.
    prediction = problem.model(as_tensor(problem.batch.x))
    problem.objective.value(prediction, problem.batch, problem.parameters)
    classes = list(problem.classes or range(prediction.shape[1]))
    names = problem.feature_names
    if names is None or len(names) != x.shape[1]:
        names = [f"feature {i}" for i in range(x.shape[1])]
    sample = Sample(x, codes, weight, classes, names)
    empty = np.flatnonzero(~(sample.totals > 0))
    if len(empty) or (weight < 0).any():
        what = (
            f"the class {classes[int(empty[0])]!r} has no examples with a weight above zero"
            if len(empty)
            else "an example's weight is negative"
        )
        raise DataError(f"no closed form: {what}, so nothing can be said about its features")
    return sample


def _gradient_norm(problem: Problem, values: dict[str, Array]) -> float:
    """‖∇ objective‖ at ``values``, a piece of the examples at a time."""
    x, y = value_of(as_tensor(problem.batch.x)), value_of(as_tensor(problem.batch.y))
    given = problem.batch.weight
    weight = None if given is None else value_of(as_tensor(given))
    each = max(1, x[:1].size) * max(1, len(problem.model.prior))
    piece = max(1, _NUMBERS // each)
    new: dict[Tensor, Tensor] = {
        parameter: tensor(values[path].astype(parameter.dtype))
        for path, parameter in problem.parameters.items()
    }
    total = [np.zeros(parameter.shape) for parameter in new]
    for start in range(0, len(x), piece):
        part = slice(start, start + piece)
        batch = Batch(
            tensor(x[part]), tensor(y[part]), None if weight is None else tensor(weight[part])
        )
        value = problem.objective(problem.model, batch)
        slopes = substitute(gradient(value, list(new)), new)
        for sum_, slope in zip(total, values_of(slopes), strict=True):
            sum_ += slope * (len(x[part]) / len(x))
    largest = max((float(np.abs(each).max()) for each in total), default=0.0) or 1.0
    return largest * float(np.sqrt(sum(((each / largest) ** 2).sum() for each in total)))
