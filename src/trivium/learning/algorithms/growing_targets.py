"""What the nodes of a tree answer, and what an answer costs, for each objective."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..data.scaling import centre_and_spread, check_squares
from ..models.tree_arrays import TreeArrays
from ..objectives import AbsoluteError, CrossEntropy

__all__ = ["Target", "as_target"]

Array = np.ndarray[Any, Any]
# Level by level: examples, and the nodes at which they arrive.
Members = Iterable[tuple[Array, Array]]


@dataclass(frozen=True, eq=False)
class Target:
    """The target of a tree, (N,) codes or (N,) or (N, k) numbers.

    ``classes``: how many, or 0. ``columns``: numbers in a node: shares of the classes, or of
    the second of two (1 column), or one number for each quantity.
    """

    classes: int
    columns: int
    kind: str  # "squares", "entropy" or "absolute"
    smoothing: float
    scores: bool

    @property
    def criterion(self) -> str:
        """scikit-learn's name of the measure of a question."""
        if self.kind == "entropy":
            return "entropy"
        if self.classes:
            return "gini"
        return "squared_error" if self.kind == "squares" else "absolute_error"

    def prepared(self, y: Array, weight: Array) -> Array:
        """The target as scikit-learn gets it: quantities near 0, where squares are exact.

        One factor for all columns, because the objective adds them up as they are.
        """
        if self.classes:
            return y
        columns = y.reshape(len(y), -1).astype(np.float64)
        if self.kind == "squares":
            check_squares("the target", columns)
        centre, spread = centre_and_spread(columns, weight)
        largest = float(spread.max())
        return (columns - centre) / (largest if largest > 0 else 1.0)

    def wanted(self, y: Array) -> Array:
        """What a perfect answer would be, (N, columns)."""
        if self.classes and self.columns > 1:
            return np.eye(self.classes)[y]
        return y.reshape(len(y), -1).astype(np.float64)

    def values(self, members: Members, y: Array, weight: Array, count: int) -> Array:
        """The best answer of each of ``count`` nodes: shares, means or medians."""
        if self.kind == "absolute":
            return _medians(members, y.reshape(len(y), -1), weight, count)
        wanted = self.wanted(y)
        # Quantities about the mean of all, so that no digits are lost far from 0.
        centre = 0.0 if self.classes else np.average(wanted, axis=0, weights=weight)
        away = (wanted - centre) * weight[:, None]
        total, sums = np.zeros(count), np.zeros((count, self.columns))
        for rows, nodes in members:
            total += np.bincount(nodes, weights=weight[rows], minlength=count)
            for j in range(self.columns):
                sums[:, j] += np.bincount(nodes, weights=away[rows, j], minlength=count)
        found = sums / total[:, None] + centre
        return np.clip(found, 0.0, 1.0) if self.classes else found

    def losses(self, value: Array, y: Array) -> Array:
        """What each example adds to the objective. Shapes: (n, columns), (n, …) → (n,)."""
        if self.kind == "entropy":
            return np.asarray(-np.log(value[np.arange(len(y)), y]))
        residual = value - self.wanted(y)
        each = np.abs(residual) if self.kind == "absolute" else residual**2
        return np.asarray(each.sum(axis=1))

    def errors(self, value: Array, y: Array) -> Array:
        """1 for a wrong class and 0 for the right one; of quantities the loss."""
        if not self.classes:
            return self.losses(value, y)
        if self.columns == 1:
            return np.asarray((value[:, 0] >= 0.5) != y).astype(np.float64)
        return np.asarray(value.argmax(axis=1) != y).astype(np.float64)

    def final(self, tree: TreeArrays) -> Array:
        """The nodes' answers with α added to each class's count, (m, columns)."""
        if not self.classes or not self.smoothing:
            return tree.value
        count = tree.count[:, None]
        added = self.smoothing * self.classes
        return np.asarray((tree.value * count + self.smoothing) / (count + added))

    def shown(self, tree: TreeArrays) -> Array:
        """What the model's leaves hold: logarithms of shares if they are scores."""
        found = self.final(tree)
        return np.log(found) if self.classes and self.scores else found

    def slopes(self, value: Array, y: Array) -> Array:
        """The derivative of each example's loss by what its leaf holds, (n, columns)."""
        residual = value - self.wanted(y)
        if self.kind == "entropy":
            return residual
        return np.sign(residual) if self.kind == "absolute" else 2 * residual


def as_target(term: Any, problem: Any, y: Array, smoothing: float) -> Target:
    """The target for the objective's one ``term``."""
    shape = problem.parameters["value"].shape
    columns = shape[1] if len(shape) > 1 else 1
    classes = 0
    if problem.classes is not None:
        classes = len(problem.classes)
    elif y.dtype.kind in "iu":
        classes = max(int(y.max()) + 1, 2)
    kind = "squares"
    if isinstance(term, CrossEntropy):
        kind = "entropy"
    elif isinstance(term, AbsoluteError):
        kind = "absolute"
    return Target(classes, columns, kind, smoothing, problem.model.output == "scores")


def _medians(members: Members, y: Array, weight: Array, count: int) -> Array:
    """The weighted median of each column at each node; of two middle values their mean."""
    found = np.zeros((count, y.shape[1]))
    for rows, nodes in members:
        for j in range(y.shape[1]):
            order = np.lexsort((y[rows, j], nodes))
            group, values = nodes[order], y[rows[order], j].astype(np.float64)
            passed = np.cumsum(weight[rows[order]])
            starts = np.flatnonzero(np.r_[True, group[1:] != group[:-1]])
            ends = np.r_[starts[1:], len(group)]
            before = np.r_[0.0, passed][starts]
            half = before + (passed[ends - 1] - before) / 2
            slack = 1e-12 * passed[-1]
            low = np.minimum(np.searchsorted(passed, half - slack, side="left"), ends - 1)
            high = np.minimum(np.searchsorted(passed, half + slack, side="right"), ends - 1)
            found[group[starts], j] = values[low] / 2 + values[high] / 2
    return found
