"""The error function and its complement."""

from __future__ import annotations

from .coefficients import ERF, ERF_TAIL, ERFC, ERFC_WIDE, EXP_WIDE
from .exponential import expm1_corrected, expm1_reduced, power_of_two, reduce, scale
from .extended import Pair, fast_two_sum, two_product
from .lanes import FLOAT32, FLOAT64, Lanes, polynomial

__all__ = ["erf", "erfc"]


def erf(x: Lanes) -> Lanes:
    """erf |x| with the sign of x: |x| + |x| P(x²) up to 1, then 1 - e^-Q(|x|).

    In the first form the product is 0.13 |x| at most. In the second Q = -log erfc |x| is a
    polynomial; e^-Q is 0.16 at most, so that its errors, and those of Q, count less than half
    an ulp. Beyond the last x where erf differs from 1 the argument is clamped.
    """
    f = x.format
    size = abs(x).clamp(None, 4.0 if f is FLOAT32 else 6.0)
    square = size * size
    small = size.fma(polynomial(square, ERF[f.bits]), size)
    word, _, r, _ = reduce(-polynomial(size, ERF_TAIL[f.bits]), f.bias)
    power = power_of_two(word)
    large = (1 - power) - power * expm1_reduced(r)
    return ((size < 1).select(small, large).bits | x.sign_bit()).real


def erfc(x: Lanes) -> Lanes:
    """1 - erf x, without its cancellation: 1 - (x + x P(x²)) where |x| < ½, elsewhere T(x) for
    positive and 2 - T(|x|) for negative x, T(x) = e^(-x²) P(t) / (1 + 2 x), t = (x-K) / (x+K).

    P varies by a tenth only, so that the errors of t hardly count (M. M. Shepherd and
    J. G. Laframboise, Chebyshev approximation of (1 + 2x) exp(x²) erfc x in 0 ≤ x < ∞,
    Mathematics of Computation 36 (1981)).
    """
    size = abs(x)
    square = x * x
    near = 1 - x.fma(polynomial(square, ERF[x.format.bits]), x)
    tail = _tail_float32(size) if x.format is FLOAT32 else _tail_float64(size)
    return (size < 0.5).select(near, (x < 0).select(2 - tail, tail))


def _tail_float32(x: Lanes) -> Lanes:
    """erfc x, x ≥ ½, in float64, where x² is exact."""
    wide = x.clamp(None, 10.25).to(FLOAT64)
    fold = (wide - 2.5) / (wide + 2.5)
    ratio = polynomial(fold, ERFC_WIDE[64]) / (wide + wide + 1)
    word, _, r, _ = reduce(-(wide * wide), FLOAT64.bias)
    growth = (r * r).fma(polynomial(r, EXP_WIDE[64]), r)
    return (power_of_two(word) * ratio.fma(growth, ratio)).to(FLOAT32)


def _tail_float64(x: Lanes) -> Lanes:
    """erfc x, x ≥ ½; what rounding x² loses is added to the rest of the exponent.

    Three roundings of half an ulp would meet here, that of P(t) / (1 + 2 x), of the
    exponential and of their product; so the quotient is a pair.
    """
    x = x.clamp(None, 27.5)
    quotient = _ratio(x)
    square, lost = two_product(x, x)
    parts = reduce(-square, 2 * FLOAT64.bias)
    growth = expm1_corrected(parts.r, parts.error - lost)
    rest = quotient.high.fma(growth, quotient.low.fma(growth, quotient.low))
    return scale(quotient.high + rest, parts)


def _ratio(x: Lanes) -> Pair:
    """P(t) / (1 + 2 x) as a quotient and the remainder's."""
    fold = (x - 3.5) / (x + 3.5)
    first, *others = ERFC[64]
    top, top_low = fast_two_sum(x.constant(first), fold * polynomial(fold, others))
    below, below_low = fast_two_sum(x + x, x.constant(1))
    inverse = 1 / below
    high = top * inverse
    product, error = two_product(high, below)
    rest = ((top - product) - error) + (top_low - high * below_low)
    return Pair(high, rest * inverse)
