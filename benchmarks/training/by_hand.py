"""NumPy by hand: forward, backward and update written out. In float64 it is the oracle."""

from __future__ import annotations

from typing import Any

import numpy as np

from .task import BETA1, BETA2, EPSILON, MOMENTUM, Task

__all__ = ["ByHand"]

Array = np.ndarray[Any, Any]


class ByHand:
    """Training steps in NumPy, with buffers reused where that is natural."""

    def __init__(self, task: Task, dtype: Any = np.float32) -> None:
        self.name = "NumPy"
        self.task = task
        self.dtype = np.dtype(dtype)

    def prepare(self) -> None:
        """Make room for parameters and the optimiser's state."""
        x, self.y, self.order = self.task.data()
        self.x = x.astype(self.dtype, copy=False)
        self.reset()

    def reset(self) -> None:
        """Start anew."""
        self.parameters = [
            array.astype(self.dtype) for pair in self.task.parameters() for array in pair
        ]
        self.first = [np.zeros_like(array) for array in self.parameters]
        self.second = [np.zeros_like(array) for array in self.parameters]
        self.count = 0

    def run(self, chunks: int) -> Any:
        """Perform ``chunks`` chunks of steps."""
        return [self.step() for _ in range(chunks * self.task.chunk)]

    def losses(self, result: Any) -> Array:
        """The loss of every step."""
        return np.asarray(result, np.float64)

    def step(self) -> float:
        """One training step; returns the loss before it."""
        x, y = self.x, self.y
        if not self.task.full_batch:
            rows = self.task.rows_of(self.order, self.count)
            x, y = x[rows], y[rows]
        self.count += 1
        loss, gradients = self.backward(x, y)
        getattr(self, f"_{self.task.algorithm}")(gradients)
        return loss

    def backward(self, x: Array, y: Array) -> tuple[float, list[Array]]:
        """The loss and its gradient with respect to every parameter."""
        weights, biases = self.parameters[::2], self.parameters[1::2]
        activations = [x]
        for weight, bias in zip(weights[:-1], biases[:-1]):
            z = activations[-1] @ weight
            z += bias
            activations.append(np.maximum(z, 0, out=z))
        z = activations[-1] @ weights[-1] + biases[-1]
        loss, delta = _binary(z, y) if self.task.binary else _classes(z, y)
        found: list[Array] = []
        for layer in range(len(weights) - 1, -1, -1):
            a = activations[layer]
            found[:0] = [a.T @ delta, delta.sum(axis=0)]
            if layer:
                delta = delta @ weights[layer].T
                delta *= a > 0
        return loss, found

    def _adam(self, gradients: list[Array]) -> None:
        rate = self.task.learning_rate / (1 - BETA1**self.count)
        root = 1 / np.sqrt(1 - BETA2**self.count)
        for value, m, v, g in zip(self.parameters, self.first, self.second, gradients):
            m *= BETA1
            m += (1 - BETA1) * g
            v *= BETA2
            g *= g
            v += (1 - BETA2) * g
            size = np.sqrt(v, out=g)
            size *= self.dtype.type(root)
            size += EPSILON
            np.divide(m, size, out=size)
            size *= self.dtype.type(rate)
            value -= size

    def _momentum(self, gradients: list[Array]) -> None:
        for value, velocity, g in zip(self.parameters, self.first, gradients):
            velocity *= MOMENTUM
            g *= self.task.learning_rate
            velocity -= g
            value += velocity

    def _descent(self, gradients: list[Array]) -> None:
        for value, g in zip(self.parameters, gradients):
            g *= self.task.learning_rate
            value -= g


def _classes(z: Array, y: Array) -> tuple[float, Array]:
    """Cross-entropy of logits (N, K) and its derivative."""
    rows = np.arange(len(y))
    z = z - z.max(axis=1, keepdims=True)
    e = np.exp(z)
    total = e.sum(axis=1, keepdims=True)
    loss = float((np.log(total[:, 0]) - z[rows, y]).mean())
    e /= total
    e[rows, y] -= 1
    e /= len(y)
    return loss, e


def _binary(z: Array, y: Array) -> tuple[float, Array]:
    """Binary cross-entropy of logits (N, 1) and its derivative."""
    column = z[:, 0]
    signed = np.where(y == 1, -column, column)
    small = np.exp(-np.abs(signed))
    loss = float((np.maximum(signed, 0) + np.log1p(small)).mean())
    slope = np.where(signed >= 0, 1, small) / (1 + small)  # the sigmoid of signed
    slope = np.where(y == 1, -slope, slope) / len(y)
    return loss, slope[:, None].astype(z.dtype, copy=False)
