"""How many labelings of n points a model can realise: VC dimensions and growth functions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from trivium.learning.errors import RequestError
from trivium.learning.layers.activations import name_of
from trivium.learning.models import MLP, Linear, ThresholdNeuron

from .inversion import whole

__all__ = ["Capacity", "capacity"]

#: Where piecewise linear activations bend, for the count of regions.
_BREAKPOINTS = {"identity": 0, "relu": 1, "leaky_relu": 1, "relu6": 2, "hard_sigmoid": 2,
                "hard_tanh": 2}  # fmt: skip


@dataclass(frozen=True)
class Capacity:
    """The Vapnik-Chervonenkis dimension of a class of two-class classifiers.

    ``dimension``: of points that can be labelled in all ways; ``exact``, or an upper bound.
    ``layers``: for a network, of each layer (k, p, W): its units, each unit's breakpoints and
    the parameters up to it. ``assumptions``: what the number rests on.
    """

    dimension: int
    exact: bool
    source: str
    assumptions: tuple[str, ...] = ()
    layers: tuple[tuple[int, int, int], ...] = ()

    def log_growth(self, n: int) -> float:
        """ln Π(n), or an upper bound: Π(n) is how many labelings of n points are possible."""
        if self.layers:
            return min(_log_regions(self.layers, n), n * math.log(2))
        return _log_cover(n, self.dimension)

    def __str__(self) -> str:
        sign = "=" if self.exact else "≤"
        lines = [f"VC dimension {sign} {self.dimension:,} ({self.source})"]
        lines += [f"  assumes that {each}" for each in self.assumptions]
        return "\n".join(lines)

    __repr__ = __str__


def capacity(model: Any, features: int | None = None) -> Capacity:
    """The VC dimension of a model that tells two classes apart.

    ``model``: a model or a fit (whose data settle its sizes); ``features``: d, where the model
    has not met data yet. Linear models and threshold neurons: exactly d + 1, or d without bias,
    with Cover's count of labelings. An ``MLP`` of piecewise linear units (relu, leaky_relu,
    relu6, hard_tanh, hard_sigmoid, identity): the largest m with 2^m ≤ Π_i 2 (2e m k_i p_i i /
    W_i)^{W_i} over layers i of k_i units with p_i breakpoints and W_i parameters up to there.
    Weights are any real numbers: penalties and finite precision play no part. Raises
    RequestError, with what is known, for every other model and for more than two classes.

    Source: Vapnik & Chervonenkis (1971); Cover (1965), IEEE Transactions on Electronic
    Computers 14; Bartlett, Harvey, Liaw & Mehrabian (2019), "Nearly-tight
    VC-dimension and pseudodimension bounds for piecewise linear neural networks", JMLR 20,
    theorem 7 (the growth function in its proof; its order is O(W L ln W)).
    """
    fitted = getattr(model, "encoder", None)
    if fitted is not None:
        model = model.model
    if isinstance(model, Linear | ThresholdNeuron):
        return _linear(model, _features(model, features, "weight"))
    if isinstance(model, MLP):
        return _network(model, _features(model, features, "layers.0.weight"))
    raise RequestError(
        f"the VC dimension of {type(model).__name__} is not known here; it is for Linear, "
        "ThresholdNeuron and MLP with piecewise linear units. Measure what the model can learn "
        "instead: rademacher_fitted(...)"
    )


def _features(model: Any, given: int | None, path: str) -> int:
    known = model.parameters().get(path)
    if known is not None:
        return int(known.shape[0])
    if given is None:
        raise RequestError(
            f"the VC dimension of {type(model).__name__} depends on the number of features: "
            "pass a fit, or features="
        )
    return whole("features", given)


def _two_classes(model: Any, shape: tuple[int, ...] | None) -> None:
    outputs = shape[1] if shape is not None and len(shape) > 1 else None
    if outputs is not None and outputs > 2:
        raise RequestError(
            f"{type(model).__name__} tells {outputs} classes apart, but the VC dimension is for "
            "two; for more there is the Natarajan dimension, whose bounds have constants that "
            "are not settled. Compare two classes, or use a test set, Occam's or the PAC-Bayes "
            "bound"
        )


def _shape(model: Any, path: str) -> tuple[int, ...] | None:
    found = model.parameters().get(path)
    return None if found is None else tuple(found.shape)


def _linear(model: Any, features: int) -> Capacity:
    shape = _shape(model, "weight")
    if shape is None and (getattr(model, "_given", None) or 0) > 2:
        shape = (features, model._given)
    _two_classes(model, shape)
    bias = isinstance(model, ThresholdNeuron) or bool(model.hyperparameters()["bias"])
    return Capacity(
        features + bias,
        True,
        "Vapnik & Chervonenkis (1971): half-spaces" + ("" if bias else " through the origin"),
        ("the features are not chosen by looking at the labels",),
    )


def _network(model: MLP, features: int) -> Capacity:
    _two_classes(model, _shape(model, f"layers.{len(model.hidden)}.weight"))
    if model.outputs is not None and model.outputs > 2:
        _two_classes(model, (1, model.outputs))
    name = name_of(model.activation)
    if name not in _BREAKPOINTS:
        raise RequestError(
            f"the bound is for piecewise linear units, and {model.activation!r} is none: for "
            "tanh and sigmoid units the VC dimension is known to be of order W²U² at most "
            "(Karpinski & Macintyre 1997; W parameters, U units), with constants too large to "
            'be of use. Use activation="relu", or measure: rademacher_fitted(...)'
        )
    sizes = [features, *model.hidden, 1 if model.outputs != 2 else 2]
    shape = _shape(model, f"layers.{len(model.hidden)}.weight")
    if shape is not None and len(shape) > 1:
        sizes[-1] = shape[1]
    layers, parameters = [], 0
    for i, (d, k) in enumerate(pairwise(sizes), 1):
        parameters += (d + 1) * k
        last = i == len(sizes) - 1
        # The last layer decides by one sign: of its output, or of the difference of two.
        layers.append((1, 1, parameters) if last else (k, _BREAKPOINTS[name], parameters))
    return Capacity(
        _largest(layers),
        False,
        "Bartlett, Harvey, Liaw & Mehrabian (2019), theorem 7",
        ("the features and the architecture are not chosen by looking at the labels",),
        tuple(layers),
    )


def _log_regions(layers: Sequence[tuple[int, int, int]], m: int) -> float:
    """ln Π_i 2 (2e m k_i p_i i / W_i)^{W_i}; a layer that never bends makes no regions.

    Each factor is Warren's bound on the sign patterns of m k_i p_i polynomials of degree i in
    W_i variables; where there are fewer polynomials than variables it is 2 to their number.
    """
    total = 0.0
    for i, (units, bends, weights) in enumerate(layers, 1):
        polynomials = m * units * bends
        if polynomials <= weights:
            total += polynomials * math.log(2)
        else:
            inside = math.log(2 * math.e * i) + math.log(polynomials) - math.log(weights)
            total += min(polynomials * math.log(2), math.log(2) + weights * inside)
    return total


def _largest(layers: Sequence[tuple[int, int, int]]) -> int:
    """The largest m with m ln 2 ≤ the bound on ln Π(m), whose ratio to m never grows."""
    low, high = 1, 2
    while _log_regions(layers, high) >= high * math.log(2):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if _log_regions(layers, middle) >= middle * math.log(2):
            low = middle
        else:
            high = middle
    return low


def _log_cover(n: int, dimension: int) -> float:
    """ln of 2 Σ_{i<D} C(n - 1, i): labelings of n points in general position by half-spaces.

    D is the number of free weights, the bias included. Source: Cover (1965).
    """
    from .bounds import log_sauer

    if n <= dimension:
        return n * math.log(2)
    return math.log(2) + log_sauer(n - 1, dimension - 1)
