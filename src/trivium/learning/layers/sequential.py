"""Layers one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..errors import RequestError
from ..models.model import Model
from ..specification import component
from .activation import Activation
from .dropout import Dropout

__all__ = ["Sequential"]


@component()
class Sequential(Model):
    """f = f_L ∘ ... ∘ f₂ ∘ f₁: each layer takes what the one before gives.

    Shapes: those of the layers; no layers at all are the identity. ``sequential[i]`` is a
    layer, a slice a Sequential of the same layers. If the last layer with a size leaves it open
    (``Dense()``), a fit's target decides it. Raises RequestError for what is not a layer.
    """

    def __init__(self, *layers: Model) -> None:
        self.layers = list(layers)
        for i, layer in enumerate(layers):
            if not isinstance(layer, Model):
                raise RequestError(f"Sequential: argument {i} is {_not_a_layer(layer)}")

    @property
    def output(self) -> str:  # type: ignore[override]
        """What the last layer that computes something returns."""
        for layer in reversed(self.layers):
            if not isinstance(layer, Dropout):
                return layer.output
        return "scores"

    def open_layer(self) -> Model | None:
        """The open layer of the last layer that is not an activation or dropout."""
        for layer in reversed(self.layers):
            if not isinstance(layer, Activation | Dropout):
                return layer.open_layer()
        return None

    def __call__(self, x: Any) -> Any:
        """The layers applied in order."""
        for layer in self.layers:
            x = layer(x)
        return x

    def __len__(self) -> int:
        return len(self.layers)

    def __iter__(self) -> Iterator[Model]:
        return iter(self.layers)

    def __getitem__(self, which: int | slice) -> Model:
        if isinstance(which, slice):
            return Sequential(*self.layers[which])
        return self.layers[which]


def _not_a_layer(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "a list; write tv.layers.Sequential(*layers) with a star"
    if isinstance(value, str) or (callable(value) and not isinstance(value, type)):
        shown = repr(value) if isinstance(value, str) else getattr(value, "__name__", "f")
        return f"{shown}, not a layer; write tv.layers.Activation({shown})"
    if isinstance(value, type) and issubclass(value, Model):
        return f"the class {value.__name__}, not a layer; write {value.__name__}(...)"
    return f"{value!r}, not a layer; layers are tv.layers.Dense(...), ... or your own tv.Model"
