"""Predictions and scores of a model on many examples, a fixed-size piece at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from trivium.engine.program import Program
from trivium.engine.tensor import Tensor, input
from trivium.engine.transforms import gradient
from trivium.learning.batch import Batch
from trivium.learning.data import Encoder
from trivium.learning.data.mapped import ScaledRows
from trivium.learning.fit import measures
from trivium.learning.fit.problem import Part

__all__ = ["Evaluator", "decode", "predicted_by", "probabilities"]

Array = np.ndarray[Any, Any]

# Large enough that the cost per call vanishes, small enough to stay in the cache.
_PIECE = 1024
# Programs are kept for this many different sizes of the last piece.
_KEPT = 8
# How often somebody who predicts is taken to do so.
_CALLS = 100


class Evaluator:
    """Runs one model (its parameters as they are at the call) on arrays of examples.

    ``calls``: about how often; machine code is made where that pays.
    """

    def __init__(self, model: Any, objective: Any, dtype: str, calls: int = _CALLS) -> None:
        self._model = model
        self._calls = max(calls, 1)
        self._objective = objective
        self._dtype = dtype
        self._programs: dict[Any, Program] = {}

    def predict(self, x: Array | ScaledRows) -> Array:
        """The model's outputs for encoded examples. Shapes: (N, …) → (N,) or (N, k)."""
        pieces = [self._program(x[i : i + _PIECE]).run(x[i : i + _PIECE])
                  for i in range(0, len(x), _PIECE)]  # fmt: skip
        return np.concatenate(pieces) if pieces else self._empty(x)

    def measure(self, part: Part) -> tuple[Array, float]:
        """The outputs and the objective's value over all examples of ``part``."""
        total, outputs = 0.0, []
        for arrays in _pieces(part):
            prediction, value = self._program(*arrays).run(*arrays)
            outputs.append(prediction)
            total += float(value) * len(arrays[0])
        return np.concatenate(outputs), total / len(part)

    def gradient_norm(self, part: Part) -> float:
        """‖∇ objective‖ over all examples of ``part``, at the parameters as they are."""
        parameters = list(self._model.parameters().values())
        total = [np.zeros(each.shape) for each in parameters]
        programs: dict[int, Program] = {}
        for arrays in _pieces(part):
            size = len(arrays[0])
            if size not in programs:
                leaves, _, value = self._expressions(*arrays)
                programs[size] = Program(leaves, gradient(value, parameters), steps=1)
            for sum_, slope in zip(total, programs[size].run(*arrays), strict=True):
                sum_ += slope * (size / len(part))
        # In units of the largest, whose square may be beyond float64.
        largest = max((float(np.abs(each).max(initial=0.0)) for each in total), default=0.0)
        if not 0 < largest < np.inf:
            return largest
        return largest * float(np.sqrt(sum(((each / largest) ** 2).sum() for each in total)))

    def scores(self, part: Part, task: str, encoder: Encoder) -> dict[str, float]:
        """``loss`` and ``accuracy``, or ``loss``, ``r2`` and ``rmse`` in the target's units."""
        outputs, loss = self.measure(part)
        result = {"loss": loss}
        if task == "classification":
            codes = to_codes(*predicted_by(outputs, self._model, self._objective))
            result["accuracy"] = measures.accuracy(codes, part.y, part.weight)
        else:
            predicted, actual = self._objective.means(outputs), self._objective.observed(part.y)
            if self._objective.scales_target:
                predicted = encoder.decode_target(predicted.astype(np.float64))
                actual = encoder.decode_target(actual.astype(np.float64))
            result["r2"] = measures.r2(predicted, actual, part.weight)
            result["rmse"] = measures.rmse(predicted, actual, part.weight)
        return result

    def _empty(self, x: Array | ScaledRows) -> Array:
        leaf = input((1, *x.shape[1:]), self._dtype, name="x")
        return np.empty((0, *self._model(leaf).shape[1:]), self._dtype)

    def _program(self, *arrays: Array) -> Program:
        key = tuple((array.shape, array.dtype) for array in arrays)
        if key not in self._programs:
            if len(self._programs) >= _KEPT:
                self._programs.pop(next(iter(self._programs)))
            self._programs[key] = self._compile(*arrays)
        return self._programs[key]

    def _compile(self, *arrays: Array) -> Program:
        if len(arrays) == 1:
            leaf = input(arrays[0].shape, arrays[0].dtype, name="x")
            return Program([leaf], self._model(leaf), steps=self._calls)
        leaves, prediction, value = self._expressions(*arrays)
        return Program(leaves, (prediction, value), steps=self._calls)

    def _expressions(self, *arrays: Array) -> tuple[list[Tensor], Tensor, Tensor]:
        """Leaves for x, y and, if there is one, the weight; the prediction; the objective."""
        names = ("x", "y", "weight")
        leaves = [
            input(array.shape, array.dtype, name=name)
            for array, name in zip(arrays, names, strict=False)
        ]
        prediction = self._model(leaves[0])
        batch = Batch(leaves[0], leaves[1], leaves[2] if len(leaves) > 2 else None)
        value: Tensor = self._objective.value(prediction, batch, self._model.parameters())
        return leaves, prediction, value


def _pieces(part: Part) -> Iterator[list[Array]]:
    whole: list[Any] = [part.x, part.y] + ([] if part.weight is None else [part.weight])
    for i in range(0, len(part), _PIECE):
        yield [array[i : i + _PIECE] for array in whole]


def predicted_by(outputs: Array, model: Any, objective: Any) -> tuple[Array, str]:
    """What outputs predict, through the objective's link if it has one, and of which kind."""
    linked = any(term.linked for _, term in objective.data_terms)
    return objective.means(outputs), "probability" if linked else model.output


def to_codes(outputs: Array, kind: str) -> Array:
    """Class codes from a model's outputs: argmax of (N, K), threshold of (N,).

    A vector of scores is split at 0, a vector of probabilities at ½.
    """
    if outputs.ndim > 1:
        return outputs.argmax(axis=1)
    return (outputs >= 0.5 if kind == "probability" else outputs > 0).astype(np.int64)


def probabilities(outputs: Array, kind: str) -> Array:
    """Class probabilities (N, K) from outputs; scores go through softmax or sigmoid."""
    values = outputs.astype(np.float64)
    if kind != "probability":
        if values.ndim > 1:
            shifted = np.exp(values - values.max(axis=1, keepdims=True))
            return shifted / shifted.sum(axis=1, keepdims=True)
        small = np.exp(-np.abs(values))
        values = np.where(values >= 0, 1 / (1 + small), small / (1 + small))
    return values if values.ndim > 1 else np.stack([1 - values, values], axis=1)


def decode(outputs: Array, model: Any, objective: Any, task: str, encoder: Encoder) -> Array:
    """Outputs in the user's words: labels for classification, units for regression."""
    means, kind = predicted_by(outputs, model, objective)
    if task == "classification":
        return encoder.decode_target(to_codes(means, kind))
    means = means.astype(np.float64)
    return encoder.decode_target(means) if objective.scales_target else means
