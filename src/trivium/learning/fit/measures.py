"""Metrics of predictions against targets, in the units of the data."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["accuracy", "r2", "rmse"]

Array = np.ndarray[Any, Any]


def accuracy(predicted: Array, actual: Array, weight: Array | None = None) -> float:
    """The (weighted) share of labels that agree. Shapes: (N,) and (N,)."""
    return float(np.average(predicted == actual, weights=weight))


def rmse(predicted: Array, actual: Array, weight: Array | None = None) -> float:
    """√ of the (weighted) mean squared error over examples and outputs. Shapes: equal."""
    squares = (np.asarray(predicted, float) - actual) ** 2
    per_example = squares.reshape(len(squares), -1).mean(axis=1)
    return float(np.sqrt(np.average(per_example, weights=weight)))


def r2(predicted: Array, actual: Array, weight: Array | None = None) -> float:
    """The coefficient of determination 1 − Σ(y − ŷ)² / Σ(y − ȳ)², averaged over outputs.

    1 is perfect, 0 is as good as the mean. For a constant target it is 1 when every prediction
    is exact, else 0 (as in scikit-learn).
    """
    y = np.asarray(actual, float).reshape(len(actual), -1)
    f = np.asarray(predicted, float).reshape(y.shape)
    w = np.ones(len(y)) if weight is None else np.asarray(weight, float)
    residual = (w[:, None] * (y - f) ** 2).sum(axis=0)
    total = (w[:, None] * (y - np.average(y, axis=0, weights=w)) ** 2).sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        scores = np.where(total > 0, 1 - residual / total, np.where(residual == 0, 1.0, 0.0))
    return float(scores.mean())
