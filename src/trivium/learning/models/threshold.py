"""The threshold neuron: the first model of a neuron, and the perceptron's unit."""

from __future__ import annotations

import math

from trivium.engine import array
from trivium.engine.composites import label, matmul
from trivium.engine.tensor import Tensor

from ..layers.dense import check_features
from ..layers.flatten import flat
from ..specification import component
from .model import Model
from .parameters import Parameter, parameter

__all__ = ["ThresholdNeuron"]


@component(text="threshold")
class ThresholdNeuron(Model):
    """o = step(w·x − θ): 1 when the weighted sum of the inputs reaches the threshold, else 0.

    Shapes: x (N, ...), each example flattened to d features; w (d,) is ``weight``, θ () is
    ``threshold``, o (N,). Both start at 0. The step has gradient 0 everywhere, so gradient
    methods cannot learn it; the delta rule works on the net input instead. Raises ShapeError
    for features that do not fit. Source: McCulloch & Pitts (1943), "A logical calculus of the
    ideas immanent in nervous activity"; Rosenblatt (1958), "The perceptron", Psychological
    Review 65.
    """

    output = "probability"
    weight: Parameter
    threshold: Parameter

    def build(self, input_shape: tuple[int, ...]) -> None:
        """Make w and θ for the number of features in ``input_shape``."""
        if input_shape:
            self.weight = parameter((math.prod(input_shape[1:]),), "zeros")
            self.threshold = parameter((), "zeros")

    def net(self, x: Tensor) -> Tensor:
        """The net input w·x − θ, (N,)."""
        features = flat(x)
        check_features(self, features, self.weight)
        return label(matmul(features, self.weight) - self.threshold, "z")

    def __call__(self, x: Tensor) -> Tensor:
        """1 where the net input is at least 0, else 0."""
        return array.unit_step(self.net(x))
