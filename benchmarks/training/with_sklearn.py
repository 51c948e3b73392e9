"""scikit-learn's multi-layer perceptron, an epoch in each call."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..timing import Unavailable
from .task import BETA1, BETA2, EPSILON, MOMENTUM, Task

__all__ = ["WithScikitLearn"]

Array = np.ndarray[Any, Any]


class WithScikitLearn:
    """Training epochs by MLPClassifier.partial_fit; a chunk is an epoch.

    Its Adam adds ε before the bias correction instead of after it, which agrees to rounding as
    long as gradients are not as small as ε.
    """

    def __init__(self, task: Task) -> None:
        self.name = "scikit-learn"
        self.task = task

    def prepare(self) -> None:
        """Build the estimator. Raises Unavailable for what it does not offer."""
        task = self.task
        if task.full_batch:
            raise Unavailable("has no gradient step over all examples")
        try:
            from sklearn.neural_network import MLPClassifier
        except ImportError as error:
            raise Unavailable("not installed") from error
        x, y, order = task.data()
        self.x, self.y = x[order], y[order]
        self.classes = np.arange(max(task.sizes[-1], 2))
        self.estimator = MLPClassifier(
            hidden_layer_sizes=task.sizes[1:-1],
            solver="adam" if task.algorithm == "adam" else "sgd",
            alpha=0.0,
            batch_size=task.batch,
            learning_rate_init=task.learning_rate,
            shuffle=False,
            momentum=MOMENTUM,
            nesterovs_momentum=False,
            beta_1=BETA1,
            beta_2=BETA2,
            epsilon=EPSILON,
            n_iter_no_change=10**9,
        )
        self.estimator.partial_fit(self.x, self.y, classes=self.classes)
        self.reset()

    def reset(self) -> None:
        """Start anew: values in place, and no optimiser state."""
        estimator, start = self.estimator, self.task.parameters()
        for own, (weight, _) in zip(estimator.coefs_, start, strict=True):
            own[...] = weight
        for own, (_, bias) in zip(estimator.intercepts_, start, strict=True):
            own[...] = bias
        if hasattr(estimator, "_optimizer"):
            del estimator._optimizer
        estimator.loss_curve_ = []

    def run(self, chunks: int) -> Any:
        """An epoch for each chunk."""
        losses = []
        for _ in range(chunks):
            self.estimator.partial_fit(self.x, self.y)
            losses.append(self.estimator.loss_)
        return losses

    def losses(self, result: Any) -> Array:
        """The mean loss of each epoch."""
        return np.asarray(result, np.float64)
