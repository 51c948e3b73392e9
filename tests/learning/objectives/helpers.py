"""The smallest things that objectives accept: a model and a batch."""

from typing import Any, NamedTuple

import numpy as np

from trivium.engine.reverse import gradients
from trivium.engine.tensor import Tensor, Variable, tensor, variable


class Batch(NamedTuple):
    x: Any
    y: Any
    weight: Any = None


class Affine:
    """x @ weight + bias, with as many outputs as ``weight`` has columns."""

    def __init__(self, weight: Any, bias: Any, output: str = "scores") -> None:
        self.weight = variable(np.asarray(weight), name="weight")
        self.bias = variable(np.asarray(bias), name="bias")
        self.output = output

    def __call__(self, x: Tensor) -> Tensor:
        return x @ self.weight + self.bias

    def parameters(self) -> dict[str, Variable]:
        return {"weight": self.weight, "bias": self.bias}


class Ends:
    """Only what ``refuse`` looks at."""

    def __init__(self, output: str) -> None:
        self.output = output


def loss_of(objective: Any, prediction: Any, y: Any, weight: Any = None) -> Any:
    """The objective's value on given predictions."""
    return objective.value(tensor(prediction), Batch(None, y, weight), {}).value


def slope_of(objective: Any, prediction: Any, y: Any, weight: Any = None) -> Any:
    """The derivative of the objective with respect to given predictions."""
    leaf = tensor(prediction)
    value = objective.value(leaf, Batch(None, y, weight), {})
    return gradients([value], [leaf])[0].value
