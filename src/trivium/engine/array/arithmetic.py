"""Elementwise arithmetic, rounding, signs and bounds, with broadcasting and promotion."""

from __future__ import annotations

from .. import composites, operators
from ..composites import as_tensor, binary, unary_float
from ..primitives import arithmetic, comparison
from ..tensor import Tensor
from .arguments import ArrayLike, floating, floating_pair
from .shared import safe_sqrt, scale_of

__all__ = [
    "abs",
    "add",
    "ceil",
    "clip",
    "copysign",
    "divide",
    "floor",
    "floor_divide",
    "hypot",
    "maximum",
    "minimum",
    "multiply",
    "negative",
    "positive",
    "pow",
    "reciprocal",
    "remainder",
    "round",
    "sign",
    "signbit",
    "sqrt",
    "square",
    "subtract",
    "trunc",
]


def abs(x: ArrayLike, /) -> Tensor:
    """The absolute value |x|; its derivative at 0 is 0."""
    return arithmetic.absolute(as_tensor(x))


def add(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """The sum x₁ + x₂."""
    return binary(arithmetic.add, x1, x2)


def subtract(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """The difference x₁ - x₂."""
    return binary(arithmetic.subtract, x1, x2)


def multiply(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """The elementwise product x₁ x₂."""
    return binary(arithmetic.multiply, x1, x2)


def divide(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """The quotient x₁ / x₂; of integers a float64."""
    return operators.divide(x1, x2)


def floor_divide(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """The quotient rounded towards -∞, ⌊x₁ / x₂⌋; of an integer and 0 it is 0."""
    return binary(arithmetic.floor_divide, x1, x2)


def remainder(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """The remainder x₁ - x₂ ⌊x₁ / x₂⌋, with the sign of x₂; of an integer and 0 it is 0."""
    return binary(arithmetic.remainder, x1, x2)


def pow(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """The power x₁ to the x₂; an integer to a negative power is rounded towards 0."""
    return operators.power(x1, x2)


def square(x: ArrayLike, /) -> Tensor:
    """The square x²."""
    return arithmetic.square(as_tensor(x))


def sqrt(x: ArrayLike, /) -> Tensor:
    """The square root √x, NaN where x < 0; its derivative at 0 is infinite."""
    return unary_float(arithmetic.sqrt, x)


def reciprocal(x: ArrayLike, /) -> Tensor:
    """The reciprocal 1 / x; integers become float64 first."""
    return binary(arithmetic.divide, 1.0, floating(x))


def negative(x: ArrayLike, /) -> Tensor:
    """The negation -x."""
    return arithmetic.negative(as_tensor(x))


def positive(x: ArrayLike, /) -> Tensor:
    """The tensor ``x`` itself."""
    return as_tensor(x)


def sign(x: ArrayLike, /) -> Tensor:
    """-1, 0 or 1 by the sign of x, NaN for NaN; its derivative is 0."""
    return arithmetic.sign(as_tensor(x))


def signbit(x: ArrayLike, /) -> Tensor:
    """Whether x is negative or the negative zero; bool. NaN always counts as positive."""
    given = floating(x)
    zero = composites.zeros_like(given)
    # -0.0 is told from 0.0 by its reciprocal, -∞.
    below = comparison.less(binary(arithmetic.divide, 1.0, given), zero)
    return comparison.logical_or(comparison.less(given, zero), below)


def copysign(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """The magnitude of x₁ with the sign of x₂, that of -0.0 too; integers become float64."""
    left, right = floating_pair(x1, x2)
    size = arithmetic.absolute(left)
    return composites.where(signbit(right), arithmetic.negative(size), size)


def floor(x: ArrayLike, /) -> Tensor:
    """The largest integer ≤ x, in the dtype of ``x``; its derivative is 0."""
    return arithmetic.floor(as_tensor(x))


def ceil(x: ArrayLike, /) -> Tensor:
    """The smallest integer ≥ x, in the dtype of ``x``; its derivative is 0."""
    return arithmetic.ceil(as_tensor(x))


def trunc(x: ArrayLike, /) -> Tensor:
    """x without its fraction, in the dtype of ``x``; its derivative is 0."""
    return arithmetic.trunc(as_tensor(x))


def round(x: ArrayLike, /) -> Tensor:
    """The nearest integer, the even one of two, in the dtype of ``x``; its derivative is 0."""
    return arithmetic.round_(as_tensor(x))


def maximum(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """The larger of x₁ and x₂, NaN if one is; at a tie each gets half of the derivative."""
    return binary(arithmetic.maximum, x1, x2)


def minimum(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """The smaller of x₁ and x₂, NaN if one is; at a tie each gets half of the derivative."""
    return binary(arithmetic.minimum, x1, x2)


def clip(x: ArrayLike, /, min: ArrayLike | None = None, max: ArrayLike | None = None) -> Tensor:
    """x kept between ``min`` and ``max``: min(max(x, lower), upper); None is no bound.

    The bounds broadcast with ``x``; where the lower exceeds the upper, the upper wins. At a
    bound the derivative is ½ of that inside, as for every tie.
    """
    result = as_tensor(x)
    if min is not None:
        result = maximum(result, min)
    return result if max is None else minimum(result, max)


def hypot(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """The length √(x₁² + x₂²), without overflow of the squares; its derivative at (0, 0) is 0.

    Infinite when an operand is, even if the other is NaN.
    """
    left, right = floating_pair(x1, x2)
    left, right = _aligned("hypot", left, right)
    larger = arithmetic.maximum(arithmetic.absolute(left), arithmetic.absolute(right))
    scale = scale_of(larger)
    squares = arithmetic.square(left / scale) + arithmetic.square(right / scale)
    infinite = comparison.logical_or(comparison.isinf(left), comparison.isinf(right))
    return composites.where(infinite, float("inf"), scale * safe_sqrt(squares))


def _aligned(asked: str, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    shape = composites.broadcast_shapes(asked, (x, y))
    return composites.broadcast_to(x, shape), composites.broadcast_to(y, shape)
