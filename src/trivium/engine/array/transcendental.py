"""Elementwise exponentials, logarithms and trigonometry; integers and bool become float64."""

from __future__ import annotations

from ..composites import binary, unary_float, where
from ..primitives import comparison, exponential, trigonometry
from ..tensor import Tensor
from .arguments import ArrayLike, floating_pair

__all__ = [
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "cos",
    "cosh",
    "exp",
    "expm1",
    "log",
    "log10",
    "log1p",
    "log2",
    "logaddexp",
    "sin",
    "sinh",
    "tan",
    "tanh",
]


def exp(x: ArrayLike, /) -> Tensor:
    """The exponential eˣ."""
    return unary_float(exponential.exp, x)


def expm1(x: ArrayLike, /) -> Tensor:
    """eˣ - 1, exact also where x is near 0."""
    return unary_float(exponential.expm1, x)


def log(x: ArrayLike, /) -> Tensor:
    """The natural logarithm ln x: -∞ at 0, NaN below."""
    return unary_float(exponential.log, x)


def log1p(x: ArrayLike, /) -> Tensor:
    """ln(1 + x), exact also where x is near 0."""
    return unary_float(exponential.log1p, x)


def log2(x: ArrayLike, /) -> Tensor:
    """The logarithm to base 2, exact at powers of 2."""
    return unary_float(exponential.log2, x)


def log10(x: ArrayLike, /) -> Tensor:
    """The logarithm to base 10."""
    return unary_float(exponential.log10, x)


def logaddexp(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """ln(eˣ¹ + eˣ²) = larger + ln(1 + e^(smaller - larger)), without overflow.

    Smooth everywhere, also where the operands are equal: the choice of the larger one does not
    show in any derivative. -∞ is the neutral element.
    """
    left, right = floating_pair(x1, x2)
    first = left >= right
    larger, smaller = where(first, left, right), where(first, right, left)
    # ∞ - ∞ has no value, but two equal infinities have the gap 0.
    same = comparison.logical_and(larger == smaller, comparison.isinf(larger))
    return larger + exponential.softplus(where(same, 0.0, smaller - larger))


def sin(x: ArrayLike, /) -> Tensor:
    """The sine of x in radians."""
    return unary_float(trigonometry.sin, x)


def cos(x: ArrayLike, /) -> Tensor:
    """The cosine of x in radians."""
    return unary_float(trigonometry.cos, x)


def tan(x: ArrayLike, /) -> Tensor:
    """The tangent of x in radians."""
    return unary_float(trigonometry.tan, x)


def asin(x: ArrayLike, /) -> Tensor:
    """The arc sine in radians, in [-π/2, π/2]; NaN where |x| > 1."""
    return unary_float(trigonometry.asin, x)


def acos(x: ArrayLike, /) -> Tensor:
    """The arc cosine in radians, in [0, π]; NaN where |x| > 1."""
    return unary_float(trigonometry.acos, x)


def atan(x: ArrayLike, /) -> Tensor:
    """The arc tangent in radians, in [-π/2, π/2]."""
    return unary_float(trigonometry.atan, x)


def atan2(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """The angle in radians, in [-π, π], of the point with ordinate x₁ and abscissa x₂."""
    return binary(trigonometry.atan2, *floating_pair(x1, x2))


def sinh(x: ArrayLike, /) -> Tensor:
    """The hyperbolic sine (eˣ - e⁻ˣ) / 2."""
    return unary_float(trigonometry.sinh, x)


def cosh(x: ArrayLike, /) -> Tensor:
    """The hyperbolic cosine (eˣ + e⁻ˣ) / 2."""
    return unary_float(trigonometry.cosh, x)


def tanh(x: ArrayLike, /) -> Tensor:
    """The hyperbolic tangent sinh x / cosh x."""
    return unary_float(trigonometry.tanh, x)


def asinh(x: ArrayLike, /) -> Tensor:
    """The inverse of sinh."""
    return unary_float(trigonometry.asinh, x)


def acosh(x: ArrayLike, /) -> Tensor:
    """The inverse of cosh, in [0, ∞); NaN where x < 1."""
    return unary_float(trigonometry.acosh, x)


def atanh(x: ArrayLike, /) -> Tensor:
    """The inverse of tanh; ±∞ at ±1, NaN outside."""
    return unary_float(trigonometry.atanh, x)
