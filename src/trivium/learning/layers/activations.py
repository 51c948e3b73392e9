"""The activation functions by name, with a word on which one when."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from trivium.engine import array
from trivium.engine.composites import as_tensor
from trivium.engine.messages import shape_error
from trivium.engine.tensor import Tensor

from ..errors import RequestError
from ..specification import near

__all__ = [
    "ACTIVATIONS",
    "Named",
    "name_of",
    "named",
    "output_activation",
    "output_of",
    "resolve",
]

Function = Callable[..., Tensor]


class Named(NamedTuple):
    """An activation function: its name, formula and use.

    ``probability``: whether its values are probabilities.
    """

    name: str
    formula: str
    use: str
    function: Function
    probability: bool = False


def _identity(x: Tensor) -> Tensor:
    return as_tensor(x)


def _relu6(x: Tensor) -> Tensor:
    return array.clip(x, 0.0, 6.0)


def _celu(x: Tensor, alpha: float = 1.0) -> Tensor:
    return array.where(x > 0, x, array.expm1(x / alpha) * alpha)


def _hard_silu(x: Tensor) -> Tensor:
    return x * array.hard_sigmoid(x)


def _over_classes(function: Callable[..., Tensor]) -> Function:
    """``function`` along the last axis, which must not be the axis of the examples."""

    def apply(x: Tensor) -> Tensor:
        if x.ndim < 2:
            raise shape_error(
                function.__name__,
                (x,),
                "it compares the classes of one example, so the last axis holds the classes "
                "and the first the examples: (N, K)",
                "give the last layer one output per class; for one output per example use "
                "sigmoid",
                names=("the scores",),
            )
        return function(x, axis=-1)

    return apply


_TABLE = [
    Named("identity", "x", "output layers that predict values or logits", _identity),
    Named("relu", "max(0, x)", "the first choice for hidden layers", array.relu),
    Named(
        "leaky_relu", "x for x > 0, else slope·x (slope=0.01)",
        "hidden layers where relu units die (always negative net inputs)", array.leaky_relu,
    ),
    Named("relu6", "min(max(0, x), 6)", "hidden layers for low precision", _relu6),
    Named(
        "elu", "x for x > 0, else alpha·(eˣ − 1)",
        "hidden layers: smooth for alpha=1, with mean values near 0", array.elu,
    ),
    Named("celu", "x for x > 0, else alpha·(e^{x/alpha} − 1)", "as elu, smooth for every alpha",
          _celu),
    Named(
        "selu", "λ·elu(x, α), λ and α fixed",
        "deep plain networks without normalisation, with lecun_normal weights", array.selu,
    ),
    Named("gelu", "x·Φ(x), Φ the normal distribution", "hidden layers of transformers",
          array.gelu),
    Named("silu", "x·σ(x)", "hidden layers of deep networks, as a smooth relu", array.silu),
    Named("mish", "x·tanh(ln(1 + eˣ))", "as silu, a little smoother and slower", array.mish),
    Named("softplus", "ln(1 + eˣ)", "outputs that must be positive, such as a deviation",
          array.softplus),
    Named("sigmoid", "1/(1 + e⁻ˣ)",
          "only for a binary output: in hidden layers its gradient vanishes",
          array.sigmoid, True),
    Named("log_sigmoid", "−ln(1 + e⁻ˣ)", "log-probabilities of a binary output",
          array.log_sigmoid),
    Named("hard_sigmoid", "min(max(x/6 + ½, 0), 1)", "gates on small machines, for sigmoid",
          array.hard_sigmoid),
    Named("tanh", "(eˣ − e⁻ˣ)/(eˣ + e⁻ˣ)",
          "small or recurrent hidden layers, where values around 0 help", array.tanh),
    Named("hard_tanh", "min(max(x, −1), 1)", "as tanh, cheaper, with zero gradient outside ±1",
          array.hard_tanh),
    Named("softsign", "x/(1 + |x|)", "as tanh, but saturates more slowly", array.softsign),
    Named("hard_silu", "x·hard_sigmoid(x)", "silu on small machines", _hard_silu),
    Named("softmax", "e^{xᵢ}/Σⱼ e^{xⱼ} over the last axis",
          "the output of a choice among several classes", _over_classes(array.softmax), True),
    Named("log_softmax", "xᵢ − ln Σⱼ e^{xⱼ} over the last axis",
          "log-probabilities of several classes", _over_classes(array.log_softmax)),
    Named("step", "1 for x ≥ 0, else 0",
          "threshold neurons only: its gradient is 0 everywhere", array.unit_step, True),
]  # fmt: skip

ACTIVATIONS: dict[str, Named] = {each.name: each for each in _TABLE}
_ALIASES = {"swish": "silu", "hard_swish": "hard_silu", "linear": "identity",
            "logsoftmax": "log_softmax", "logsigmoid": "log_sigmoid", "unit_step": "step",
            "leakyrelu": "leaky_relu"}  # fmt: skip


def named(name: Any, what: str = "activation") -> Named:
    """The activation called ``name``; an unknown one raises RequestError with the nearest."""
    if isinstance(name, str):
        plain = name.strip().casefold().replace("-", "_")
        found = ACTIVATIONS.get(_ALIASES.get(plain, plain))
        if found is not None:
            return found
    raise RequestError(
        f"{what}: no activation is called {name!r}."
        f"{near(str(name), [*ACTIVATIONS, *_ALIASES], listed=False)} "
        f"Choose from: {', '.join(ACTIVATIONS)}"
    )


def resolve(activation: Any, owner: str) -> Function | None:
    """The function that ``activation`` stands for: a name, a callable or layer, or None.

    Raises RequestError for an unknown name or anything else.
    """
    if activation is None:
        return None
    function: Function = (
        activation if callable(activation) else named(activation, owner).function
    )
    return function


def name_of(activation: Any) -> str | None:
    """The registered name of an activation given by name, else None."""
    return named(activation).name if isinstance(activation, str) else None


def output_of(activation: Any) -> str:
    """What a layer ending in ``activation`` returns: ``"scores"`` or ``"probability"``."""
    if isinstance(activation, str):
        return "probability" if named(activation).probability else "scores"
    return getattr(activation, "output", "scores")


def output_activation(owner: str, output: Any) -> str | None:
    """The checked ``output`` of a model: None (scores), ``"sigmoid"`` or ``"softmax"``."""
    if output is None or output in ("sigmoid", "softmax"):
        return None if output is None else str(output)
    raise RequestError(
        f"{owner}: output must be None (scores: values or logits), 'sigmoid' (the probability "
        f"of a binary output) or 'softmax' (probabilities of several classes), got {output!r}"
    )
