"""The nonlinearities of neural networks, and the softmax family.

Where a formula has two branches, the branch that is not taken never reaches a value or a
derivative. NaN stays NaN.
"""

from __future__ import annotations

import math
from typing import Literal

from ..composites import as_tensor, binary, cast, full, unary_float, where, zeros_like
from ..dtypes import as_dtype, default_float, is_integer
from ..errors import ArgumentError, DTypeError
from ..primitives import (
    arithmetic,
    comparison,
    exponential,
    indexing,
    reductions,
    special,
    structure,
    trigonometry,
)
from ..tensor import Tensor
from .arguments import ArrayLike, Axes, Shape, floating, positions, sizes, some_axes
from .arithmetic import clip
from .manipulation import expand_dims, moveaxis, reshape, squeeze
from .shared import reduce

__all__ = [
    "elu",
    "gelu",
    "hard_sigmoid",
    "hard_tanh",
    "leaky_relu",
    "log_sigmoid",
    "log_softmax",
    "logsumexp",
    "mish",
    "one_hot",
    "relu",
    "selu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "softsign",
    "unit_step",
]

# The fixed point (0, 1) of mean and variance in Klambauer, Unterthiner, Mayr & Hochreiter,
# "Self-Normalizing Neural Networks" (2017).
_SELU_ALPHA = 1.6732632423543772
_SELU_SCALE = 1.0507009873554805


def relu(x: ArrayLike, /) -> Tensor:
    """The rectifier max(0, x); its derivative at 0 is 0."""
    given = as_tensor(x)
    zero = zeros_like(given)
    return where(comparison.less_equal(given, zero), zero, given)


def leaky_relu(x: ArrayLike, /, slope: float = 0.01) -> Tensor:
    """x for x > 0, else ``slope`` · x; its derivative at 0 is ``slope``."""
    given = floating(x)
    return where(given > 0, given, given * slope)


def elu(x: ArrayLike, /, alpha: float = 1.0) -> Tensor:
    """The exponential linear unit: x for x > 0, else α (eˣ - 1).

    Source: Clevert, Unterthiner & Hochreiter 2016, §3.
    """
    given = floating(x)
    return where(given > 0, given, exponential.expm1(given) * alpha)


def selu(x: ArrayLike, /) -> Tensor:
    """λ elu(x, α) with the λ and α that keep mean 0 and variance 1 (Klambauer et al. 2017)."""
    return elu(x, _SELU_ALPHA) * _SELU_SCALE


def gelu(x: ArrayLike, /, approximate: Literal["none", "tanh"] = "none") -> Tensor:
    """The Gaussian error linear unit x Φ(x) = ½ x erfc(-x/√2), Φ the normal distribution.

    ``approximate`` "tanh": ½ x (1 + tanh(√(2/π) (x + 0.044715 x³))). Source: Hendrycks & Gimpel
    2016, §2. Raises ArgumentError for another word.
    """
    given = floating(x)
    if approximate == "none":
        return given * 0.5 * special.erfc(given * -math.sqrt(0.5))
    if approximate != "tanh":
        raise ArgumentError(f'gelu: approximate must be "none" or "tanh", not {approximate!r}')
    # (1 + tanh u) / 2 = σ(2u) without cancellation; past ±32 it is 0 or 1, and the cube may not
    # overflow there.
    near = clip(given, -32.0, 32.0)
    inner = near + arithmetic.square(near) * near * 0.044715
    return given * exponential.sigmoid(inner * math.sqrt(8 / math.pi))


def silu(x: ArrayLike, /) -> Tensor:
    """x σ(x), also called swish (Ramachandran, Zoph & Le 2017)."""
    given = floating(x)
    return given * exponential.sigmoid(given)


def mish(x: ArrayLike, /) -> Tensor:
    """x tanh(ln(1 + eˣ)) (Misra 2019)."""
    given = floating(x)
    return given * trigonometry.tanh(exponential.softplus(given))


def softplus(x: ArrayLike, /) -> Tensor:
    """ln(1 + eˣ), the smooth rectifier, without overflow."""
    return unary_float(exponential.softplus, x)


def sigmoid(x: ArrayLike, /) -> Tensor:
    """The logistic function σ(x) = 1 / (1 + e⁻ˣ), without overflow."""
    return unary_float(exponential.sigmoid, x)


def log_sigmoid(x: ArrayLike, /) -> Tensor:
    """ln σ(x) = -ln(1 + e⁻ˣ), without overflow."""
    return -softplus(-floating(x))


def hard_sigmoid(x: ArrayLike, /) -> Tensor:
    """The broken line min(max(x/6 + ½, 0), 1)."""
    return clip(floating(x) / 6.0 + 0.5, 0.0, 1.0)


def hard_tanh(x: ArrayLike, /) -> Tensor:
    """The broken line min(max(x, -1), 1)."""
    return clip(floating(x), -1.0, 1.0)


def softsign(x: ArrayLike, /) -> Tensor:
    """x / (1 + |x|)."""
    given = floating(x)
    return given / (arithmetic.absolute(given) + 1.0)


def unit_step(x: ArrayLike, /) -> Tensor:
    """1 where x ≥ 0, else 0: the threshold neuron. Its derivative is 0 everywhere."""
    given = floating(x)
    step = cast(given >= 0, given.dtype)
    return where(comparison.isnan(given), structure.stop_gradient(given), step)


def _shifted(x: Tensor, axes: Shape) -> tuple[Tensor, Tensor]:
    """``x`` minus its largest element over ``axes``, and that element (0 where not finite).

    The functions below do not depend on the shift, so it is a constant to every derivative.
    """
    if not all(x.shape[i] for i in axes):
        return x, full((), 0, x.dtype)
    largest = structure.stop_gradient(reduce(reductions.max_, x, axes, True))
    shift = where(comparison.isfinite(largest), largest, 0.0)
    return binary(arithmetic.subtract, x, shift), shift


def logsumexp(x: ArrayLike, /, axis: Axes = None, *, keepdims: bool = False) -> Tensor:
    """ln Σ exp(xᵢ) over ``axis`` (all axes when None), without overflow.

    Shapes: as for ``sum``. -∞ where all elements are -∞, or there are none; the derivative
    there is 0. Integers become float64.
    """
    given = floating(x)
    axes = some_axes("logsumexp", given, axis)
    shifted, shift = _shifted(given, axes)
    total = reduce(reductions.sum_, exponential.exp(shifted), axes, True)
    nothing = comparison.equal(total, zeros_like(total))
    result = exponential.log(where(nothing, 1.0, total)) + shift
    result = where(nothing, -math.inf, result)
    return result if keepdims else squeeze(result, axes)


def softmax(x: ArrayLike, /, axis: Axes = -1) -> Tensor:
    """exp(xᵢ) / Σⱼ exp(xⱼ) along ``axis``, without overflow.

    Shapes: that of ``x``. An element -∞ gets probability 0; NaN where all of them are -∞.
    Integers become float64.
    """
    given = floating(x)
    axes = some_axes("softmax", given, axis)
    powers = exponential.exp(_shifted(given, axes)[0])
    return binary(arithmetic.divide, powers, reduce(reductions.sum_, powers, axes, True))


def log_softmax(x: ArrayLike, /, axis: Axes = -1) -> Tensor:
    """xᵢ - ln Σⱼ exp(xⱼ) along ``axis``, without overflow, exact where softmax vanishes.

    Shapes and -∞ as for ``softmax``.
    """
    given = floating(x)
    axes = some_axes("log_softmax", given, axis)
    shifted, _ = _shifted(given, axes)
    total = reduce(reductions.sum_, exponential.exp(shifted), axes, True)
    return binary(arithmetic.subtract, shifted, exponential.log(total))


def one_hot(
    x: ArrayLike, classes: int, /, *, axis: int = -1, dtype: object = default_float
) -> Tensor:
    """1 at the class of each element, 0 elsewhere, along a new axis of ``classes`` entries.

    Shapes: (…) → (…, classes), the new axis at the place ``axis`` of the result. Raises
    DTypeError for classes that are not integers; when the program runs, IndexRangeError for one
    that is not among 0 … classes - 1.
    """
    given = as_tensor(x)
    (count,) = sizes("one_hot", (classes,))
    if not is_integer(given.dtype):
        raise DTypeError(f"one_hot: classes are counted by integers, not {given.dtype}")
    every = positions(count)
    checked = indexing.gather(every, given)  # itself, once every class is found to exist
    column, row = expand_dims(checked, -1), reshape(every, (1,) * given.ndim + (count,))
    hits = binary(comparison.equal, column, row)
    result = cast(hits, as_dtype(dtype))
    return moveaxis(result, -1, axis)
