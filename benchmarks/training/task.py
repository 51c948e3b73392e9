"""What is trained: one description from which every contender builds the same computation."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

__all__ = ["LOGISTIC", "MNIST", "ODD", "TASKS", "TINY", "WIDE", "Data", "Task"]

Array = np.ndarray[Any, Any]

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8
MOMENTUM = 0.9


class Data(NamedTuple):
    """Examples in memory: x (N, d) float32, y (N,) int64 codes, order (N,) int64.

    Step i takes the rows ``order[i * batch : (i + 1) * batch]``.
    """

    x: Array
    y: Array
    order: Array


@dataclass(frozen=True)
class Task:
    """A network, its data and its optimiser.

    ``sizes``: features, hidden units …, outputs; hidden units are rectifiers. One output:
    binary cross-entropy of a logit; more: cross-entropy. ``algorithm``: "adam" (defaults of
    Kingma & Ba), "momentum" or "descent" (all examples in every step). ``batches``: batches in
    the data. ``chunk``: training steps that a sample consists of at least, and that loops
    inside compiled code perform in one call.
    """

    name: str
    sizes: tuple[int, ...]
    batch: int
    batches: int
    chunk: int
    algorithm: str
    learning_rate: float

    @property
    def rows(self) -> int:
        """Examples in the data."""
        return self.batch * self.batches

    @property
    def full_batch(self) -> bool:
        """Whether every step uses all examples, so that no batch is gathered."""
        return self.batches == 1

    @property
    def binary(self) -> bool:
        """Whether there is one logit."""
        return self.sizes[-1] == 1

    @property
    def flops(self) -> int:
        """Multiplications and additions of the matrix products of one step.

        Forward once, backward twice, but no gradient with respect to the features.
        """
        pairs = [a * b for a, b in zip(self.sizes, self.sizes[1:])]
        return 2 * self.batch * (3 * sum(pairs) - pairs[0])

    def data(self) -> Data:
        """The examples, the same each time."""
        return _data(self)

    def parameters(self) -> list[tuple[Array, Array]]:
        """Weights (in, out) and biases (out,) of every layer, float32: He's start.

        A network without hidden layers starts at zero.
        """
        random = np.random.default_rng(1)
        found = []
        for a, b in zip(self.sizes, self.sizes[1:]):
            weight = random.standard_normal((a, b), np.float32) * np.float32(np.sqrt(2 / a))
            if len(self.sizes) == 2:
                weight = np.zeros_like(weight)
            found.append((weight, np.zeros(b, np.float32)))
        return found

    def rows_of(self, order: Array, step: int) -> Array:
        """The rows of a step's batch, counted from 0."""
        start = step % self.batches * self.batch
        return order[start : start + self.batch]


@functools.lru_cache(maxsize=2)
def _data(task: Task) -> Data:
    """Normal features; labels of a random linear rule, one in five replaced at random.

    The noise keeps the loss away from zero however long the training goes on: gradients do
    not fade into subnormal numbers, with which processors are slow.
    """
    random = np.random.default_rng(0)
    x = random.standard_normal((task.rows, task.sizes[0]), np.float32)
    classes = max(task.sizes[-1], 2)
    rule = random.standard_normal((task.sizes[0], classes), np.float32)
    y = np.argmax(x @ rule, axis=1)
    noisy = random.random(task.rows) < 0.2
    y[noisy] = random.integers(0, classes, int(noisy.sum()))
    order = np.arange(task.rows) if task.full_batch else random.permutation(task.rows)
    return Data(x, y.astype(np.int64), order.astype(np.int64))


TINY = Task("mlp-tiny", (2, 8, 8, 1), 32, 256, 256, "adam", 1e-3)
MNIST = Task("mlp-mnist", (784, 128, 64, 10), 64, 64, 64, "adam", 1e-3)
WIDE = Task("mlp-wide", (784, 1024, 1024, 10), 128, 16, 16, "adam", 1e-3)
ODD = Task("mlp-odd", (613, 251, 97, 11), 37, 64, 64, "momentum", 1e-2)
LOGISTIC = Task("logistic", (50, 1), 100_000, 1, 16, "descent", 0.1)
TASKS = {task.name: task for task in (TINY, MNIST, WIDE, ODD, LOGISTIC)}
