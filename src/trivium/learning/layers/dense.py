"""The fully connected layer."""

from __future__ import annotations

from typing import Any

from trivium.engine.composites import label, matmul
from trivium.engine.messages import shape_error
from trivium.engine.tensor import Tensor

from ..errors import RequestError
from ..initializers import initializer, initializer_for
from ..models.calls import state_of, unbuild
from ..models.model import Model
from ..models.parameters import Parameter, parameter
from ..options import flag, whole
from ..specification import component
from .activations import name_of, output_of, resolve

__all__ = ["Dense", "Sized", "check_features"]

Shape = tuple[int, ...]


def check_features(layer: Model, x: Tensor, weight: Tensor | None) -> None:
    """Refuse, with a ShapeError, features that do not fit the layer's weight."""
    name = type(layer).__name__
    if x.ndim < 2:
        raise shape_error(
            name, (x,), "the first axis counts the examples, the last the features: (N, d)",
            "add the axis of features with x[:, None], or of examples with x[None, :]",
            names=("its input",),
        )  # fmt: skip
    if weight is not None and weight.shape[0] != x.shape[-1]:
        known, given = weight.shape[0], x.shape[-1]
        raise shape_error(
            name,
            (x, weight),
            f"the layer has weights for {known} features, its input has {given} (the last "
            "axis)",
            f"give it {known} features, or make a new model: the sizes of a model follow the "
            "data of its first call",
            names=("its input", weight.name or "its weight"),
        )


class Sized(Model):
    """A layer with a weight and a bias whose number of outputs may be left open.

    With a size the weight is (d, size) and the bias (size,); without, the output is one number
    per example, the weight (d,) and the bias ().
    """

    weight: Parameter
    bias: Parameter

    def _set_size(self, size: int | None, bias: bool) -> None:
        self._given = self._size = size
        self._bias = bias

    def open_layer(self) -> Model | None:
        """This layer, if no size was given."""
        return self if self._given is None else None

    def resize(self, n_outputs: int | None) -> None:
        """Settle the open size: (N,) for None, else (N, n_outputs).

        Raises RequestError when the layer has settled parameters of another size.
        """
        size = None if n_outputs is None else whole(type(self).__name__, "n_outputs", n_outputs)
        if size == self._size:
            return
        if state_of(self).built and not unbuild(self):
            raise RequestError(
                f"{type(self).__name__} has values for {_outputs(self._size)}, but "
                f"{_outputs(size)} are needed now; start from a new model, or give the values "
                "of that size"
            )
        self._size = size

    def _make(self, features: int, init: Any) -> None:
        last: Shape = () if self._size is None else (self._size,)
        self.weight = parameter((features, *last), init)
        if self._bias:
            self.bias = parameter(last, "zeros")

    def _affine(self, x: Tensor) -> Tensor:
        check_features(self, x, self.weight)
        product = matmul(x, self.weight)
        return product + self.bias if self._bias else product


def _outputs(size: int | None) -> str:
    return "one output (N,)" if size is None else f"outputs (N, {size})"


@component()
class Dense(Sized):
    """a = f(x W + b): every output sees every input.

    Shapes: x (..., d) → (..., units), W (d, units), b (units,); without ``units`` W is (d,), b
    is () and the result (...), unless a fit's target decides otherwise. d is known at the first
    call. ``activation``: f, a name, callable or layer (None: identity; for a name see
    ``Activation``). ``init``: of W; by default the one made for f (He for rectifiers, LeCun for
    selu, Glorot otherwise); b starts at 0. Raises RequestError for wrong options, ShapeError
    for features that do not fit. Source: Goodfellow, Bengio & Courville (2016), *Deep
    Learning*, eq. 6.40 and 6.41.
    """

    def __init__(
        self,
        units: int | None = None,
        activation: Any = None,
        bias: bool = True,
        init: Any = None,
    ) -> None:
        size = None if units is None else whole("Dense", "units", units)
        self._set_size(size, flag("Dense", "bias", bias))
        resolve(activation, "Dense")
        self.activation = activation
        self.output = output_of(activation)
        self.init = init if init is None else initializer(init)
        self._number: int | None = None

    def hyperparameters(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            "units": self._given,
            "activation": self.activation,
            "bias": self._bias,
            "init": self.init,
        }

    def numbered(self, number: int) -> Dense:
        """This layer, its values labelled z[number] and a[number] in derivations."""
        self._number = number
        return self

    def build(self, input_shape: Shape) -> None:
        """Make W and b for the last size of ``input_shape``."""
        if len(input_shape) > 1:  # else __call__ refuses, with the input's name and shape
            how = self.init or initializer_for(name_of(self.activation))
            self._make(input_shape[-1], how)

    def __call__(self, x: Tensor) -> Tensor:
        """f(x W + b)."""
        check_features(self, x, None)
        z = self._named("z", self._affine(x))
        function = resolve(self.activation, "Dense")
        return z if function is None else self._named("a", function(z))

    def _named(self, letter: str, value: Tensor) -> Tensor:
        return value if self._number is None else label(value, f"{letter}[{self._number}]")
