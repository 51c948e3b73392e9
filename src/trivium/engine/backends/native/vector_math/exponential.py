"""Exponentials: exp, expm1, sigmoid and tanh.

All begin with x = k ln 2 + r, k whole and |r| ≤ ln 2 / 2 (J.-M. Muller, Elementary Functions,
chapter 11), where e^x = 2^k e^r. The product k ln 2 is subtracted in two parts; the first has so
few bits that k times it is exact, so r is as good as if it had been rounded once. Adding
1.5·2^mantissa rounds to a whole number and leaves it in the low bits, from where a shift moves it
into the exponent of a power of two.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from . import x86
from .coefficients import EXP, TANH
from .lanes import FLOAT32, FLOAT64, Lanes, polynomial

__all__ = ["RANGES", "exp", "expm1", "sigmoid", "tanh"]


class _Range(NamedTuple):
    """Constants of one format. Above and below the limits exp overflows and is 0."""

    ln2_high: float  # 16 (float32) or 40 (float64) bits: exact when multiplied by k
    ln2_low: float
    lowest: float
    highest: float
    saturated: float  # beyond it e^-x no longer changes 1 + e^-x


RANGES = {
    FLOAT32: _Range(0.693145751953125, 1.4286068203094172e-06, -104.0, 89.0, 18.0),
    FLOAT64: _Range(0.6931471805601177, -1.7239444525614835e-13, -746.0, 710.0, 38.0),
}


class Reduced(NamedTuple):
    """x = k ln 2 + r + error, where ``word`` holds k + offset in its low bits."""

    word: Lanes
    k: Lanes
    r: Lanes
    error: Lanes


def reduce(x: Lanes, offset: int) -> Reduced:
    """Split x into a multiple of ln 2 and a rest; ``offset`` is added to the multiple."""
    f = x.format
    range_ = RANGES[f]
    magic = f.round_magic + offset
    shifted = x.fma(1 / math.log(2), magic)
    k = shifted - magic
    high = k.fma(-range_.ln2_high, x)
    r = k.fma(-range_.ln2_low, high)
    return Reduced(shifted.bits, k, r, k.fma(-range_.ln2_low, high - r))


def expm1_reduced(r: Lanes) -> Lanes:
    """e^r - 1 for |r| ≤ ln 2 / 2."""
    return (r * r).fma(polynomial(r, EXP[r.format.bits]), r)


def expm1_corrected(r: Lanes, error: Lanes) -> Lanes:
    """e^(r + error) - 1, where the error may be much larger than an ulp of r."""
    whole = r + error
    rest = (r - whole) + error
    small = (whole * whole).fma(polynomial(whole, EXP[r.format.bits]), rest)
    return whole + small


def power_of_two(word: Lanes) -> Lanes:
    """2^k from k + bias in the low bits, where 2^k is normal."""
    return (word << word.format.mantissa).real


def scale(y: Lanes, parts: Reduced) -> Lanes:
    """y·2^k for every k between the format's limits, y between ¼ and 4, offset 2 bias.

    2^k is a product of two normal powers. The first multiplication is exact, so the result is
    rounded once, also where it is subnormal or overflows.
    """
    if x86.can_scale(y):
        return x86.scale(y, parts.k)
    mantissa = y.format.mantissa
    first = (parts.word >> 1) << mantissa
    second = (parts.word << mantissa) - first
    return y * first.real * second.real


def exp(x: Lanes) -> Lanes:
    """e^x = 2^k e^r, e^r = 1 + r (1 + r P(r)).

    Errors in ulp of the result: rounding of r and of the bracket less than a quarter each, the
    last step a half, P less than 0.2; together below 1.2.
    """
    f = x.format
    range_ = RANGES[f]
    parts = reduce(x.clamp(range_.lowest, range_.highest), 2 * f.bias)
    bracket = polynomial(parts.r, EXP[f.bits]).fma(parts.r, 1)
    return scale(bracket.fma(parts.r, 1), parts)


def expm1(x: Lanes) -> Lanes:
    """e^x - 1 = 2 (s (e^r - 1) + (s - ½)), s = 2^(k-1).

    s - ½ is exact or negligible. The large part s r + (s - ½) and the small part s (r² P(r)) are
    added last, so that only two roundings of the size of half an ulp remain, where r is negative
    and k = 1; elsewhere one. The power is halved for e^x of the last binade.
    """
    f = x.format
    range_ = RANGES[f]
    word, _, r, error = reduce(x.clamp(-range_.saturated, range_.highest), f.bias - 1)
    s = power_of_two(word)
    small = (r * r).fma(polynomial(r, EXP[f.bits]), error)
    half = s.fma(small, s.fma(r, s - 0.5))
    # Halving loses bits of subnormal numbers, and e^x - 1 = x there.
    return (abs(x) < 2.0 ** -(f.mantissa + 2)).select(x, half + half)


def sigmoid(x: Lanes) -> Lanes:
    """1 / (1 + e^-x) = c / (c + s e^r), s = c 2^k, with one rounding in the denominator.

    c + s is exact up to ``lost``, and s (e^r - 1) is small next to it where rounding the
    denominator hurts most, close to powers of two. So the error is one rounding of the
    denominator and one of the quotient, below 1.8 ulp. The factor c lets e^-x be greater
    than the largest number where the quotient is still subnormal.
    """
    f = x.format
    range_ = RANGES[f]
    exponent = f.mantissa + 8
    c = 2.0**-exponent
    y = (-x).clamp(-range_.saturated, -range_.lowest)
    word, _, r, _ = reduce(y, f.bias - exponent)
    s = power_of_two(word)
    whole = s + c
    lost = c - (whole - s)
    return c / (whole + s.fma(expm1_reduced(r), lost))


_SMALL_TANH = 0.625


def tanh(x: Lanes) -> Lanes:
    """1 - 2 / (e^2|x| + 1) with the sign of x; |x| + |x|³ P(x²) where |x| < 0.625.

    In the first form the quotient is less than 0.446 and the result more than 0.554, so that the
    quotient's errors shrink to one ulp; in the second all but the last rounding is scaled by
    x²/3. Together less than 1.6 ulp.
    """
    f = x.format
    size = abs(x)
    square = size * size
    small = (size * square).fma(polynomial(square, TANH[f.bits]), size)
    bounded = size.clamp(None, RANGES[f].saturated)
    word, _, r, _ = reduce(bounded + bounded, f.bias)
    s = power_of_two(word)
    large = 1 - 2 / s.fma(expm1_reduced(r), s + 1)
    return ((size < _SMALL_TANH).select(small, large).bits | x.sign_bit()).real
