"""The multi-layer perceptron."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trivium.engine.tensor import Tensor

from ..errors import RequestError
from ..initializers import initializer
from ..layers.activations import named, output_activation, resolve
from ..layers.dense import Dense
from ..layers.dropout import dropped
from ..layers.flatten import flat
from ..options import fraction, whole
from ..specification import component
from .model import Model

__all__ = ["MLP"]


@component(values="hidden")
class MLP(Model):
    """a₀ = x, a_l = f(a_{l−1} W_l + b_l) for l < L, output a_{L−1} W_L + b_L: fully connected.

    ``hidden``: the sizes of the hidden layers (a number for one). ``activation``: f, a name,
    callable or layer (see ``tv.layers.Activation`` for which one when; a layer's parameters are
    shared by all hidden layers). ``outputs``: k for (N, k), None
    for one number per example (N,) unless a fit's target needs k. ``dropout``: the probability
    that a hidden unit is left out while training. ``output``: None for scores, ``"sigmoid"`` or
    ``"softmax"`` for probabilities. ``init``: of the hidden weights; by default the one made
    for f (He for rectifiers, LeCun for selu, Glorot otherwise); the last layer starts by
    Glorot, biases at 0.

    Shapes: x (N, ...), each example flattened first → (N,) or (N, k). Parameters:
    ``layers.0.weight`` (d, hidden[0]), ``layers.0.bias``, ... Labels: z[l], a[l]. Raises
    RequestError for wrong options, ShapeError for features that do not fit. Source: Rumelhart,
    Hinton & Williams (1986), "Learning representations by back-propagating errors", eq. 1 and
    2; Goodfellow, Bengio & Courville (2016), *Deep Learning*, algorithm 6.3.
    """

    def __init__(
        self,
        hidden: int | Sequence[int] = (128, 64),
        activation: Any = "relu",
        outputs: int | None = None,
        dropout: float = 0.0,
        output: str | None = None,
        init: Any = None,
    ) -> None:
        self.hidden = _sizes(hidden)
        if activation is None:
            raise RequestError(
                "MLP: activation must be a name or a callable; without one all layers together "
                'are one linear layer, which is tv.models.Linear() (or say "identity")'
            )
        resolve(activation, "MLP")
        self.activation = activation
        self.outputs = None if outputs is None else whole("MLP", "outputs", outputs)
        self.dropout = fraction("MLP", "dropout", dropout)
        self._activation = output_activation("MLP", output)
        self.output = "scores" if output is None else "probability"
        self.init = None if init is None else initializer(init)
        sized = [Dense(size, activation, init=self.init) for size in self.hidden]
        layers = [*sized, Dense(self.outputs)]
        self.layers = [layer.numbered(i) for i, layer in enumerate(layers, 1)]

    def hyperparameters(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().hyperparameters(), "output": self._activation}

    def open_layer(self) -> Model | None:
        """The last layer, if ``outputs`` is None."""
        return self.layers[-1].open_layer()

    def __call__(self, x: Tensor) -> Tensor:
        """The scores, or their probabilities."""
        a = flat(x)
        for layer in self.layers[:-1]:
            a = dropped(layer(a), self.dropout)
        z = self.layers[-1](a)
        return z if self._activation is None else named(self._activation).function(z)


def _sizes(hidden: Any) -> list[int]:
    given = hidden if isinstance(hidden, list | tuple) else [hidden]
    try:
        return [whole("MLP", "hidden", size) for size in given]
    except RequestError:
        raise RequestError(
            "MLP: hidden must be the sizes of the hidden layers, whole numbers of at least 1 "
            f"such as [128, 64], got {hidden!r}"
        ) from None
