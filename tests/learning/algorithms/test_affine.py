"""The certificate that predictions are affine in the parameters is sound, and not too shy."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from trivium.engine import array
from trivium.engine.primitives.structure import stop_gradient
from trivium.engine.tensor import Tensor, tensor, variable
from trivium.learning.algorithms.affine import find_obstacle

X = tensor(np.random.default_rng(0).normal(size=(5, 3)))
CODES = tensor(np.array([0, 2, 1, 0, 2]))
Formula = Callable[[Tensor, Tensor], Tensor]

AFFINE: dict[str, Formula] = {
    "x w + b": lambda w, b: X @ w + b,
    "w x": lambda w, b: (w * X).sum(axis=1) + b,
    "w / x": lambda w, b: (w / X).sum(axis=1),
    "mean": lambda w, b: (X - w).mean(axis=1) * 3 - b,
    "where with a fixed condition": lambda w, b: array.where(X > 0, w, 2 * w).sum(axis=1) + b,
    "rows of a table": lambda w, b: w[CODES] + b,
    "reshape, transpose, flip": lambda w, b: (X @ array.flip(w).reshape((3, 1))).T[0] + b,
    "concatenation": lambda w, b: X @ array.concat([w[:2], b.reshape((1,))]),
    "cumulative sum": lambda w, b: X @ array.cumulative_sum(w) + b,
    "functions of x": lambda w, b: array.exp(X) @ w + b * array.sin(X[:, 0]),
    "linear twice": lambda w, b: (X @ w + b) * X[:, 0] + X[:, 1] * b,
    "only b": lambda w, b: X[:, 0] + b,
    "stop_gradient of x": lambda w, b: stop_gradient(X) @ w,
}
OTHERWISE: dict[str, tuple[Formula, str]] = {
    "w²": (lambda w, b: X @ (w * w), "multiply"),
    "square": (lambda w, b: X @ array.square(w), "square"),
    "w b": (lambda w, b: X @ w * b, "multiply"),
    "1/w": (lambda w, b: X @ (1 / w), "divide"),
    "exp": (lambda w, b: array.exp(X @ w), "exp"),
    "relu": (lambda w, b: array.relu(X @ w), "less_equal"),
    "max": (lambda w, b: (X * w).max(axis=1), "max"),
    "maximum": (lambda w, b: array.maximum(X @ w, b), "maximum"),
    "a condition on w": (lambda w, b: array.where(X @ w > 0, 1.0, 2.0), "greater"),
    "rounding": (lambda w, b: X @ array.round(w), "round"),
    "through integers": (lambda w, b: X @ w.astype("int64").astype("float64"), "cast"),
    "absolute": (lambda w, b: abs(X @ w + b), "abs"),
    "softmax": (lambda w, b: array.softmax(X * w, axis=1)[:, 0], "max"),
}


def leaves() -> tuple[Any, Any]:
    return variable(np.array([0.5, -1.0, 2.0])), variable(np.array(0.3))


@pytest.mark.parametrize("name", AFFINE)
def test_affine_predictions_have_no_obstacle_and_are_affine(name: str) -> None:
    w, b = leaves()
    output = AFFINE[name](w, b)
    assert find_obstacle(output, {"w": w, "b": b}) is None
    draw = np.random.default_rng(1)
    values = []
    points = [(draw.normal(size=3), draw.normal()) for _ in range(2)]
    mix = [0.3 * u + 0.7 * v for u, v in zip(*points)]
    for point in (*points, mix):
        w.assign(point[0])
        b.assign(np.asarray(point[1]))
        values.append(output.value)
    np.testing.assert_allclose(values[2], 0.3 * values[0] + 0.7 * values[1], atol=1e-12)


@pytest.mark.parametrize("name", OTHERWISE)
def test_other_predictions_are_stopped_at_the_first_node_that_bends(name: str) -> None:
    formula, primitive = OTHERWISE[name]
    w, b = leaves()
    obstacle = find_obstacle(formula(w, b), {"w": w, "b": b})
    assert obstacle is not None
    assert obstacle.node.primitive.name == primitive


def test_only_the_parameters_asked_about_count() -> None:
    w, b = leaves()
    output = X @ w * b
    assert find_obstacle(output, {"w": w}) is None
    assert find_obstacle(output, {"b": b}) is None
    assert find_obstacle(output, {"w": w, "b": b}) is not None
