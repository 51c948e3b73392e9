"""How the first value of a parameter is drawn: initialisation by the book.

A weight's *fan-in* is the number of values that each of its outputs sums, its *fan-out* the
number of outputs that each of its inputs reaches. For a weight of shape (inputs, outputs) these
are its two sizes; a vector (inputs,) has one output; leading axes (a convolution's kernel)
multiply both.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from trivium.engine.tensor import Tensor

from .errors import RequestError
from .options import non_negative, number
from .specification import Component, component, entries, near

__all__ = [
    "ConstantValue",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Initializer",
    "LeCunNormal",
    "LeCunUniform",
    "Normal",
    "Ones",
    "Orthogonal",
    "Uniform",
    "Zeros",
    "fans",
    "initializer",
    "initializer_for",
]

Shape = tuple[int, ...]
Array = np.ndarray[Any, Any]


def fans(shape: Shape) -> tuple[int, int]:
    """Fan-in and fan-out of a weight of ``shape``; at least 1, so that variances exist."""
    if len(shape) < 2:
        return max(1, math.prod(shape)), 1
    field = math.prod(shape[:-2])
    return max(1, field * shape[-2]), max(1, field * shape[-1])


def _uniform(key: Any, shape: Shape) -> Array:
    """Values uniform on [0, 1)."""
    from trivium.engine import random

    return random.uniform(key, shape).value


def _normal(key: Any, shape: Shape) -> Array:
    """Values with mean 0 and variance 1."""
    from trivium.engine import random

    return random.normal(key, shape).value


class Initializer(Component):
    """A rule that draws the first value of a parameter.

    A rule of your own: a subclass with ``draw(key, shape)``. Values are drawn in float64 and
    then converted, so the same seed gives the same value up to rounding in both dtypes.
    """

    def draw(self, key: Any, shape: Shape) -> Any:
        """A float64 array of ``shape``, a function of ``key`` (see ``tv.random.key``) alone."""
        raise NotImplementedError(f"{type(self).__name__} does not define draw(key, shape)")

    def checked(self, key: Any, shape: Shape, name: str | None) -> Array:
        """What ``draw`` gives, as an array. Raises RequestError for another shape."""
        drawn = self.draw(key, shape)
        array = np.asarray(drawn.value if isinstance(drawn, Tensor) else drawn)
        if array.shape != shape or array.dtype.kind not in "fiu":
            raise RequestError(
                f"the initialiser {self!r} of the parameter {name or 'without a name'} gave "
                f"shape {array.shape}, {array.dtype}; it must give numbers of shape {shape}"
            )
        return array.astype(np.float64, copy=False)


class _Scaled(Initializer):
    """Zero mean and a variance that depends on the fans."""

    uniform = True

    def variance(self, fan_in: int, fan_out: int) -> float:
        """The variance of each value."""
        raise NotImplementedError

    def draw(self, key: Any, shape: Shape) -> Array:
        """Uniform on ±√(3·variance), or normal."""
        deviation = math.sqrt(self.variance(*fans(shape)))
        if self.uniform:
            return (2 * _uniform(key, shape) - 1) * (math.sqrt(3) * deviation)
        return _normal(key, shape) * deviation


@component()
class GlorotUniform(_Scaled):
    """w ~ U[−√6/√(fan_in + fan_out), +√6/√(fan_in + fan_out)]; also called Xavier.

    For linear, tanh, sigmoid and softmax units. Source: Glorot & Bengio (2010), "Understanding
    the difficulty of training deep feedforward neural networks", eq. 16.
    """

    def variance(self, fan_in: int, fan_out: int) -> float:
        """Var w = 2/(fan_in + fan_out), eq. 12."""
        return 2 / (fan_in + fan_out)


@component()
class GlorotNormal(GlorotUniform):
    """w ~ N(0, 2/(fan_in + fan_out)); also called Xavier.

    Source: Glorot & Bengio (2010), eq. 12.
    """

    uniform = False


@component()
class HeUniform(_Scaled):
    """w ~ U[−√6/√fan_in, +√6/√fan_in]; also called Kaiming.

    For ReLU and its relatives. Source: He et al. (2015), "Delving deep into rectifiers", eq.
    10.
    """

    def variance(self, fan_in: int, fan_out: int) -> float:
        """½ · fan_in · Var w = 1, eq. 10."""
        return 2 / fan_in


@component()
class HeNormal(HeUniform):
    """w ~ N(0, 2/fan_in); also called Kaiming. Source: He et al. (2015), eq. 10."""

    uniform = False


@component(text="lecun-uniform")
class LeCunUniform(_Scaled):
    """w ~ U[−√3/√fan_in, +√3/√fan_in].

    Keeps the variance of the net inputs at that of the inputs. Source: LeCun, Bottou, Orr &
    Müller (1998), "Efficient BackProp", eq. 16.
    """

    def variance(self, fan_in: int, fan_out: int) -> float:
        """Var w = 1/fan_in, eq. 16."""
        return 1 / fan_in


@component(text="lecun-normal")
class LeCunNormal(LeCunUniform):
    """w ~ N(0, 1/fan_in): for SELU units.

    Source: LeCun et al. (1998), eq. 16; Klambauer et al. (2017), "Self-normalizing neural
    networks", paragraph "Initialization".
    """

    uniform = False


@component()
class Orthogonal(Initializer):
    """W with orthonormal rows or columns (whichever are fewer), times ``gain``.

    Uniform over such matrices: the Q of A = QR, A standard normal, with the signs of R's
    diagonal moved into Q (Mezzadri 2007, section 5). Axes before the last count as rows.
    Source: Saxe, McClelland & Ganguli (2014), "Exact solutions to the nonlinear dynamics of
    learning in deep linear neural networks".
    """

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = number("Orthogonal", "gain", gain)

    def draw(self, key: Any, shape: Shape) -> Array:
        """The signed Q of a normal matrix."""
        columns = shape[-1] if shape else 1
        rows = math.prod(shape[:-1])
        if not rows * columns:
            return np.zeros(shape)
        tall = _normal(key, (max(rows, columns), min(rows, columns)))
        q, r = np.linalg.qr(tall)
        q = q * np.where(np.diagonal(r) < 0, -1.0, 1.0)
        return self.gain * (q if rows >= columns else q.T).reshape(shape)


@component()
class Zeros(Initializer):
    """w = 0: for biases, and for the only layer of a model."""

    def draw(self, key: Any, shape: Shape) -> Array:
        """Zeros."""
        return np.zeros(shape)


@component()
class Ones(Initializer):
    """w = 1: for scales."""

    def draw(self, key: Any, shape: Shape) -> Array:
        """Ones."""
        return np.ones(shape)


@component()
class ConstantValue(Initializer):
    """w = ``value``, a number."""

    def __init__(self, value: float) -> None:
        self.value = number("ConstantValue", "value", value)

    def draw(self, key: Any, shape: Shape) -> Array:
        """Copies of the number."""
        return np.full(shape, self.value)


@component()
class Uniform(Initializer):
    """w ~ U[``low``, ``high``)."""

    def __init__(self, low: float = -0.05, high: float = 0.05) -> None:
        self.low = number("Uniform", "low", low)
        self.high = number("Uniform", "high", high)
        if not self.low <= self.high:
            raise RequestError(f"Uniform: low ({low}) must not exceed high ({high})")

    def draw(self, key: Any, shape: Shape) -> Array:
        """low + (high − low)·u with u uniform on [0, 1)."""
        return self.low + (self.high - self.low) * _uniform(key, shape)


@component()
class Normal(Initializer):
    """w ~ N(``mean``, ``std``²)."""

    def __init__(self, mean: float = 0.0, std: float = 0.05) -> None:
        self.mean = number("Normal", "mean", mean)
        self.std = non_negative("Normal", "std", std)

    def draw(self, key: Any, shape: Shape) -> Array:
        """mean + std·z with z standard normal."""
        return self.mean + self.std * _normal(key, shape)


_ALIASES = {"xavieruniform": "GlorotUniform", "xaviernormal": "GlorotNormal",
            "kaiminguniform": "HeUniform", "kaimingnormal": "HeNormal",
            "constant": "ConstantValue"}  # fmt: skip


def initializer(init: Any) -> Initializer:
    """The initialiser that ``init`` names: a name, a number (a constant) or itself.

    Raises RequestError with the nearest name and all names.
    """
    if isinstance(init, Initializer):
        return init
    if isinstance(init, str):
        known = {_plain(each.name): each.cls for each in entries("initializers")}
        plain = _plain(init)
        cls = known.get(_plain(_ALIASES.get(plain, plain)))
        if cls is ConstantValue:
            raise RequestError(
                'a constant needs its value: init=0.1 instead of init="constant"'
            )
        if cls is not None:
            made: Initializer = cls()
            return made
        names = [each.text.replace("-", "_") for each in entries("initializers")]
        raise RequestError(f"no initialiser is called {init!r}.{near(init, names)}")
    if isinstance(init, int | float | np.integer | np.floating) and not isinstance(init, bool):
        return ConstantValue(float(init))
    raise RequestError(
        f'init must be a name such as "glorot_uniform", a number or an Initializer, '
        f"not {init!r}"
    )


def _plain(name: str) -> str:
    return name.replace("-", "").replace("_", "").casefold()


_RECTIFIERS = frozenset(
    ["relu", "relu6", "leaky_relu", "elu", "celu", "gelu", "silu", "swish", "mish", "softplus",
     "hard_silu", "hard_swish"]
)  # fmt: skip


def initializer_for(activation: str | None) -> Initializer:
    """The initialiser made for weights that feed ``activation``.

    He for rectifiers and their smooth relatives, LeCun for selu, Glorot for all others.
    """
    if activation in _RECTIFIERS:
        return HeNormal()
    return LeCunNormal() if activation == "selu" else GlorotUniform()
