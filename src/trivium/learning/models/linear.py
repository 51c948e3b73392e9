"""The linear model: one layer, no hidden units."""

from __future__ import annotations

from typing import Any

from trivium.engine.composites import label
from trivium.engine.tensor import Tensor

from ..initializers import Initializer, initializer
from ..layers.activations import named, output_activation
from ..layers.dense import Sized
from ..layers.flatten import flat
from ..options import flag, whole
from ..specification import component
from .calls import is_outermost

__all__ = ["Linear"]


@component()
class Linear(Sized):
    """f(x) = x w + b: linear regression; with a loss for classes, logistic regression.

    Shapes: x (N, ...), each example flattened to d features; w (d,), b () and f (N,); with
    ``outputs`` k (or when a fit's target needs k) w (d, k), b (k,) and f (N, k). ``output``:
    ``"sigmoid"`` or ``"softmax"`` for probabilities instead of scores. ``init``: of w; by
    default 0, since the usual objectives are convex in w and b, and from 0 gradient descent
    reaches the shortest of all least-squares solutions; inside another model, where 0 is a
    symmetric point that is never left, Glorot's. Raises RequestError for wrong options,
    ShapeError for features that do not fit. Source: Bishop (2006), *Pattern Recognition and
    Machine Learning*, eq. 3.1 and 4.87.
    """

    def __init__(
        self,
        outputs: int | None = None,
        bias: bool = True,
        output: str | None = None,
        init: Any = None,
    ) -> None:
        size = None if outputs is None else whole("Linear", "outputs", outputs)
        self._set_size(size, flag("Linear", "bias", bias))
        self._activation = output_activation("Linear", output)
        self.output = "scores" if output is None else "probability"
        self.init: Initializer | None = init if init is None else initializer(init)

    def hyperparameters(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            "outputs": self._given,
            "bias": self._bias,
            "output": self._activation,
            "init": self.init,
        }

    def build(self, input_shape: tuple[int, ...]) -> None:
        """Make w and b for the number of features in ``input_shape``."""
        if input_shape:
            features = 1
            for size in input_shape[1:]:
                features *= size
            self._make(features, self.init or ("zeros" if is_outermost() else "glorot_uniform"))

    def net(self, x: Tensor) -> Tensor:
        """The net input x w + b, before ``output``."""
        return label(self._affine(flat(x)), "z")

    def __call__(self, x: Tensor) -> Tensor:
        """The scores x w + b, or their probabilities."""
        z = self.net(x)
        return z if self._activation is None else named(self._activation).function(z)
