"""Logarithms: log, log1p and softplus.

All write their argument as 2^k (1 + f) with √½ ≤ 1 + f < √2, so that the logarithm is
k ln 2 + log(1 + f) and the two parts hardly cancel (J.-M. Muller, Elementary Functions,
chapter 11).
"""

from __future__ import annotations

import math
from typing import NamedTuple

from .coefficients import LOG, LOG_FOLDED
from .exponential import RANGES, exp
from .lanes import FLOAT32, Lanes, polynomial

__all__ = ["log", "log1p", "softplus"]


class Split(NamedTuple):
    """A positive number 2^k (1 + f); ``word`` is k + bias as an integer."""

    word: Lanes
    k: Lanes
    f: Lanes


def split(x: Lanes) -> Split:
    """Split normal positive numbers, with 1 + f between √½ and √2."""
    format_ = x.format
    half = format_.word(math.sqrt(0.5))
    # Adding this carries into the exponent exactly where the mantissa exceeds √2.
    shifted = x.bits + (format_.word(1.0) - half)
    word = shifted >> format_.mantissa
    magic = 2.0**format_.mantissa
    k = (word | format_.word(magic)).real - (magic + format_.bias)
    mantissa = (shifted & ((1 << format_.mantissa) - 1)) + half
    return Split(word, k, mantissa.real - 1)


def log1p_rest(f: Lanes) -> Lanes:
    """log(1 + f) - f for 1 + f between √½ and √2.

    In float32 -f²/2 + f³ P(f). In float64 the polynomial would be twice as long as that of the
    artanh series: with s = f / (2 + f), log(1 + f) = 2 artanh s = 2 s + s R(s²), and
    2 s = f - s f gives log(1 + f) = f - f²/2 + s (f²/2 + R).
    """
    half = f * f * 0.5
    if f.format is FLOAT32:
        return (f * f * f).fma(polynomial(f, LOG[32]), -half)
    s = f / (f + 2)
    square = s * s
    return s.fma(square.fma(polynomial(square, LOG_FOLDED[64]), half), -half)


def assemble(k: Lanes, f: Lanes, rest: Lanes) -> Lanes:
    """k ln 2 + f + rest, where k times the first part of ln 2 is exact."""
    range_ = RANGES[f.format]
    return k.fma(range_.ln2_high, f + k.fma(range_.ln2_low, rest))


def log(x: Lanes) -> Lanes:
    """log x = k ln 2 + (f + (log(1 + f) - f)); -∞ at ±0, NaN below.

    Where k = 0 the rest is a fifth of f at most, so its errors count a fifth; elsewhere
    |k ln 2 + f| is at least half of ln 2 and two roundings of half an ulp are added. Below
    1.5 ulp. Subnormal numbers are scaled first.
    """
    format_ = x.format
    digits = format_.mantissa + 1
    subnormal = x < 2.0 ** (1 - format_.bias)
    parts = split(subnormal.select(x * 2.0**digits, x))
    k = parts.k - subnormal.select(x.constant(digits), 0)
    result = assemble(k, parts.f, log1p_rest(parts.f))
    outside = x.equals(0).select(x.constant(-math.inf), math.nan)
    return (x > 0).select((x < math.inf).select(result, x), outside)


def log1p(x: Lanes) -> Lanes:
    """log(1 + x), from 1 + x = u + δ, u rounded: k ln 2 + (f + (rest + δ/2^k)).

    δ is exact (D. E. Knuth, The Art of Computer Programming 2, section 4.2.2, theorem B). Its
    part beyond the first order, δ log'(1 + f) - δ, comes with the rest at f + δ. For small x,
    u = 1 and f = 0, and δ is x itself. Below 1.5 ulp.
    """
    result = _log1p(x)
    outside = x.equals(-1).select(x.constant(-math.inf), math.nan)
    result = (x > -1).select((x < math.inf).select(result, x), outside)
    # 1 + (-0) has lost the sign.
    return x.equals(0).select(x, result)


def _log1p(x: Lanes) -> Lanes:
    """log(1 + x) for finite x > -1."""
    format_ = x.format
    u = x + 1
    back = u - 1
    delta = (1 - (u - back)) + (x - back)
    parts = split(u)
    # 2^-k, or 0 for the last k: it would be subnormal, and δ does not matter there.
    room = 2 * format_.bias - parts.word
    room = (room > 0).select(room, 0)
    delta = delta * (room << format_.mantissa).real
    rest = log1p_rest(parts.f + delta) + delta
    return assemble(parts.k, parts.f, rest)


def softplus(x: Lanes) -> Lanes:
    """log(1 + e^x) = max(x, 0) + log1p(e^-|x|), which never overflows.

    The relative error of the exponential, 0.9 ulp, is that of its log1p or less, to which log1p
    adds 0.9; a positive x, added last, rounds once more where both count half. Below 1.8 ulp.
    """
    positive = (x > 0).select(x, 0)
    small = exp(-abs(x))
    return positive + _log1p(small)
