"""An activation function as a layer."""

from __future__ import annotations

import inspect
from typing import Any

from trivium.engine.tensor import Tensor

from ..errors import RequestError
from ..models.model import Model
from ..specification import component, near
from .activations import named, output_of, resolve

__all__ = ["Activation"]


@component()
class Activation(Model):
    """a = f(z), elementwise (softmax: over the last axis).

    ``function``: a name or any callable on tensors; ``options``: its further arguments, for
    example ``Activation("leaky_relu", slope=0.1)``. Shapes: (...) → (...).

    Which one when:

    - hidden layers: ``relu`` first; ``leaky_relu`` where units die; ``elu``, ``celu``,
      ``gelu``, ``silu`` (swish), ``mish`` smooth relatives for deep networks; ``selu`` with
      ``lecun_normal`` weights; ``tanh``, ``softsign`` for small or recurrent networks;
      ``relu6``, ``hard_tanh``, ``hard_sigmoid``, ``hard_silu`` for small machines;
    - outputs: ``sigmoid`` only for a binary output, ``softmax`` for one of several classes,
      ``log_sigmoid`` and ``log_softmax`` for log-probabilities, ``softplus`` for positive
      values, ``identity`` for anything else; ``step`` for threshold neurons, which have no
      gradient.

    Raises RequestError for an unknown name (with the nearest one) or option. Source:
    Goodfellow, Bengio & Courville (2016), *Deep Learning*, §6.2.2 and §6.3.
    """

    def __init__(self, function: Any, **options: Any) -> None:
        if isinstance(function, Model):
            raise RequestError(
                f"Activation: {function!r} is a layer already; use it in place of the "
                "Activation"
            )
        if callable(function):
            self.function: Any = function
        else:
            self.function = named(function, "Activation").name
            self.output = output_of(self.function)
        self.options = options
        _check_options(self.name, resolve(self.function, "Activation"), options)

    @property
    def name(self) -> str:
        """The function's name."""
        own = self.function
        return own if isinstance(own, str) else getattr(own, "__name__", type(own).__name__)

    def __call__(self, x: Tensor) -> Tensor:
        """f applied to ``x``."""
        function: Any = resolve(self.function, "Activation")
        return function(x, **self.options)


def _check_options(called: str, function: Any, options: dict[str, Any]) -> None:
    """Refuse options that the function does not have, where it can be known."""
    if not options:
        return
    try:
        known = inspect.signature(function).parameters
    except (TypeError, ValueError):
        return
    if any(each.kind is each.VAR_KEYWORD for each in known.values()):
        return
    takes = list(known)[1:]
    for name in options:
        if name not in takes:
            raise RequestError(
                f"Activation: {called} has no option {name!r}."
                f"{near(name, takes, listed=False)} Its options: {', '.join(takes) or 'none'}"
            )
