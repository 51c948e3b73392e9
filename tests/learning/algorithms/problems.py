"""A problem small enough to be done by hand, and the loop that steps through it."""

from collections.abc import Callable
from typing import Any

import numpy as np

from trivium.engine import array
from trivium.engine.program import Program
from trivium.engine.tensor import Tensor, Variable, variable

Arrays = dict[str, np.ndarray]

START: Arrays = {
    "w": np.array([[1.5, -2.0, 0.3], [0.0, 4.0, -1.0]]),
    "b": np.array([0.5, -0.5]),
    "c": np.array(3.0),
}
GOAL: Arrays = {
    "w": np.array([[1.0, 2.0, 0.1], [-0.5, 0.0, 1.0]]),
    "b": np.array([0.0, 1.0]),
    "c": np.array(-1.0),
}
STIFF = {"w": 3.0, "b": 0.2, "c": 1.0}


def loss_tensor(variables: dict[str, Variable]) -> Tensor:
    """Σ_p ½ s_p ‖p - p*‖² + ¼ sin² of the sum of all elements: convex far away, coupled."""
    total = 0.0
    everything = 0.0
    for name, p in variables.items():
        difference = p - GOAL[name].astype(p.dtype)
        total = total + 0.5 * STIFF[name] * (difference * difference).sum()
        everything = everything + p.sum()
    return total + 0.25 * array.sin(everything) ** 2


def gradient_arrays(p: Arrays) -> Arrays:
    """The gradient of ``loss_tensor``, derived on paper."""
    everything = sum(float(value.sum()) for value in p.values())
    shared = 0.25 * np.sin(2 * everything)
    return {name: STIFF[name] * (p[name] - GOAL[name]) + shared for name in p}


class Run:
    """An algorithm on its way through a problem."""

    def __init__(
        self,
        algorithm: Any,
        dtype: str = "float64",
        start: Arrays = START,
        loss: Callable[[dict[str, Variable]], Tensor] = loss_tensor,
    ) -> None:
        self.parameters = {
            name: variable(value.astype(dtype), name=name) for name, value in start.items()
        }
        self.states = {
            name: {slot: variable(value) for slot, value in algorithm.init(each).items()}
            for name, each in self.parameters.items()
        }
        self.step = variable(np.int64(0), name="step")
        chosen = list(self.parameters.values())
        built, gradients = algorithm.gradients(
            lambda model, batch: loss(self.parameters), None, None, chosen
        )
        self.updates = algorithm.updates(built, gradients, chosen, self.states, self.step)
        self.updates[self.step] = self.step + 1
        self.program = Program([], built, self.updates)

    def advance(self, steps: int) -> "Run":
        self.losses = self.program.run(steps=steps)
        return self

    @property
    def values(self) -> Arrays:
        return {name: each.value for name, each in self.parameters.items()}

    @property
    def vector(self) -> np.ndarray:
        return np.concatenate([value.ravel() for value in self.values.values()])
