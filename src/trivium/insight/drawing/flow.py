"""How far values and gradients reach, through training: vanishing and exploding at a glance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trivium.engine.errors import ArgumentError
from trivium.engine.extras import optional

from .words import number

__all__ = ["Flow", "flow"]

Array = np.ndarray[Any, Any]

#: By how much the gradient of the first layer may differ from that of the last.
FACTOR = 1000.0
_LISTED = 12  # layers that the legend names


@dataclass(frozen=True, eq=False)
class Flow:
    """Norms of values and gradients in every layer, from before the first step on.

    ``rows``: plain data, one dict per epoch and layer. ``layers``: in the order of their calls.
    ``epochs``: (E,), 0 is before training. ``values``, ``gradients``: (E, L), the quadratic mean
    over the examples of the norm of a layer's output, and of the gradient that one example sends
    back to it. ``verdict``: what they say, in a sentence.
    """

    rows: Sequence[dict[str, Any]]
    layers: Sequence[str]
    epochs: Array
    values: Array
    gradients: Array
    verdict: str

    def plot(self) -> Any:
        """Draw values and gradients over the epochs, a line per layer; returns the figure.

        Needs matplotlib (``pip install trivium[plot]``); raises MissingPackageError without it.
        """
        return _figure(self)

    def __repr__(self) -> str:
        return f"<flow of {len(self.layers)} layers, {len(self.epochs)} epochs>\n{self.verdict}"


def flow(fit: Any) -> Flow:
    """The norms of values and gradients per layer through training, and what they say.

    ``fit``: made by ``tv.fit(..., record="flow")``. Gradients vanish when that of the first
    layer is less than 1/1000 of that of the last, and explode when it is more than 1000 times
    that, or when a norm is not finite or more than 1000 times the largest before training. Raises
    ArgumentError for a fit that has not recorded them. Source: Glorot & Bengio (2010),
    "Understanding the difficulty of training deep feedforward neural networks", figures 6 to 9.
    """
    from trivium.learning.fit import Fit

    if not isinstance(fit, Fit):
        raise ArgumentError(f"flow takes a fit, what tv.fit returns, not {type(fit).__name__}")
    rows = fit.flow
    if not rows:
        raise ArgumentError(
            "this fit has not recorded the norms in its layers; record them while it trains: "
            'fit = tv.fit(model, objective, algorithm, data, record="flow")'
        )
    layers = list(dict.fromkeys(row["layer"] for row in rows))
    epochs = np.array(list(dict.fromkeys(row["epoch"] for row in rows)))
    shape = len(epochs), len(layers)
    values = np.array([row["value"] for row in rows]).reshape(shape)
    gradients = np.array([row["gradient"] for row in rows]).reshape(shape)
    verdict = _verdict(layers, epochs, values, gradients)
    return Flow(rows, layers, epochs, values, gradients, verdict)


# What the norms say.


def _verdict(layers: Sequence[str], epochs: Array, values: Array, gradients: Array) -> str:
    for what, norms in (("values", values), ("gradients", gradients)):
        if not np.isfinite(norms).all():
            epoch, layer = np.argwhere(~np.isfinite(norms))[0]
            return (
                f"Exploding {what}: {_when(epochs[epoch])} the {what[:-1]} of {layers[layer]} "
                "is not finite."
            )
    if len(layers) == 1:
        return f"There is one layer, {layers[0]}: gradients have nowhere to vanish."
    first, last = gradients[-1, 0], gradients[-1, -1]
    when = _when(epochs[-1])
    if not last or not first:
        where = layers[-1] if not last else layers[0]
        return (
            f"No gradient: {when} the gradient at {where} is exactly zero, so nothing before it "
            "learns."
        )
    grown = _grown(layers, epochs, values, gradients)
    ratio = first / last
    per_layer = ratio ** (1 / (len(layers) - 1))
    compared = (
        f"{when} the gradient at {layers[0]} is {number(ratio)} times that at {layers[-1]}"
    )
    step = f"a factor of {number(round(per_layer, 3))} per layer"
    if ratio < 1 / FACTOR:
        return (
            f"Vanishing gradients: {compared}, less than 1/1000 ({step}). The first layers "
            "hardly learn: use relu with its own initialisation, fewer layers, or connections "
            "that skip layers."
        )
    if ratio > FACTOR:
        return (
            f"Exploding gradients: {compared}, more than 1000 ({step}). Clip them (clip=1.0 in "
            "the algorithm), or start from smaller weights."
        )
    if grown:
        return grown
    return f"Gradients flow: {compared}, between 1/1000 and 1000 ({step})."


def _when(epoch: int) -> str:
    return "before training" if epoch == 0 else f"after epoch {epoch}"


def _grown(layers: Sequence[str], epochs: Array, values: Array, gradients: Array) -> str:
    """A layer whose norm has grown beyond bounds since before training, in a sentence."""
    for what, norms in (("values", values), ("gradients", gradients)):
        worst = int(norms[-1].argmax())
        if norms[-1, worst] > FACTOR * norms[0].max():
            growth = norms[-1, worst] / norms[0].max() if norms[0].any() else np.inf
            return (
                f"Exploding {what}: {_when(epochs[-1])} the {what[:-1]} of {layers[worst]} is "
                f"{number(growth)} times the largest before training, more than 1000. A smaller "
                "learning rate often helps."
            )
    return ""


# The picture.


def _figure(found: Flow) -> Any:
    optional("matplotlib", "plot", "drawing")
    import textwrap

    from matplotlib import colormaps
    from matplotlib.figure import Figure

    count = len(found.layers)
    figure = Figure(figsize=(10.5, 4.2), layout="constrained")
    places = figure.subplots(1, 2)
    # cividis is read alike by every kind of colour vision (Nuñez et al. 2018).
    colours = colormaps["cividis"](np.linspace(0, 0.92, count))
    named = np.unique(np.linspace(0, count - 1, min(count, _LISTED)).round().astype(int))
    for place, norms, title in (
        (places[0], found.values, "values: ‖h‖ of an example"),
        (places[1], found.gradients, "gradients: ‖∂loss/∂h‖ of an example"),
    ):
        shown = np.where(np.isfinite(norms) & (norms > 0), norms, np.nan)
        for layer in range(count):
            name = found.layers[layer] if layer in named else None
            place.plot(
                found.epochs, shown[:, layer], color=colours[layer], label=name,
                marker="o" if len(found.epochs) < 12 else None, markersize=3.5,
            )  # fmt: skip
        if np.isfinite(shown).any():
            place.set_yscale("log")
        place.set_xlabel("epoch (0: before training)")
        place.set_title(title, fontsize="medium")
        place.xaxis.get_major_locator().set_params(integer=True)
        place.grid(alpha=0.3)
    figure.legend(
        *places[0].get_legend_handles_labels(), loc="outside right center", frameon=False,
        title="layers", fontsize="small",
    )  # fmt: skip
    figure.suptitle(
        "\n".join(textwrap.wrap(found.verdict, 120)), fontsize="medium", ha="center"
    )
    return figure
