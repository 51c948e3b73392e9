"""Powers and square roots.

x^y = e^(y log x), where every error of the logarithm is multiplied by |y log x|, up to 745. So
the logarithm needs 11 bits more than the result, and some: float32 computes in float64, float64
in pairs of float64.
"""

from __future__ import annotations

import math

from .coefficients import EXP_WIDE, LOG_DOUBLED, LOG_WIDE
from .exponential import RANGES, expm1_corrected, power_of_two, reduce, scale
from .extended import Pair, fast_two_sum, two_product
from .lanes import FLOAT32, FLOAT64, Lanes, polynomial
from .logarithm import split

__all__ = ["power", "sqrt"]


def sqrt(x: Lanes) -> Lanes:
    """√x, the processor's: correctly rounded, -0 at -0, NaN below."""
    return x.sqrt()


def power(x: Lanes, y: Lanes) -> Lanes:
    """x^y with the special cases of C99 (annex F.9.4.4). Below 1 ulp.

    In particular x^0 = 1^y = 1 even for NaN, (-1)^±∞ = 1, a negative x needs a whole y, and
    an odd y keeps the sign of ±0 and ±∞.
    """
    size = abs(x)
    magnitude = _power_float32(size, y) if x.format is FLOAT32 else _power_float64(size, y)
    return _special_cases(x, y, magnitude)


def _special_cases(x: Lanes, y: Lanes, magnitude: Lanes) -> Lanes:
    """x^y, given |x|^y where |x| and y are finite and |x| > 0."""
    size, count = abs(x), abs(y)
    # 0, ∞ and y = ±∞ give 0 or ∞, according to the sign of y log |x|.
    extreme = size.equals(0) | size.equals(math.inf) | count.equals(math.inf)
    grows = (size < 1) ^ (y > 0)
    result = extreme.select(grows.select(x.constant(math.inf), 0), magnitude)
    whole, even = _is_whole(count), _is_whole(count * 0.5)
    odd = whole & ~even
    result = ((size.equals(math.inf) | size.equals(0) | whole) | (x > 0)).select(
        result, math.nan
    )
    sign = odd.select(x.bits, x.bits.constant(0)).sign_bit()
    result = (result.bits ^ sign).real
    result = (x.is_nan() | y.is_nan()).select(x + y, result)
    always_one = x.equals(1) | y.equals(0) | (size.equals(1) & count.equals(math.inf))
    return always_one.select(x.constant(1), result)


def _is_whole(size: Lanes) -> Lanes:
    """Where size ≥ 0 is a whole number; every number of 2^mantissa and more is."""
    magic = 2.0**size.format.mantissa
    return (size >= magic) | ((size + magic) - magic).equals(size)


def _power_float32(x: Lanes, y: Lanes) -> Lanes:
    """x^y for positive finite x, by a logarithm of 37 bits and an exponential of 32 in float64.

    Errors in units of the result: 2^-37 times |y log x| ≤ 104 (above, the result is 0 or ∞) and
    2^-32; converting to float32 rounds, also to subnormal numbers and ∞.
    """
    parts = split(x.to(FLOAT64))
    s = _short_quotient(parts.f, parts.f + 2)
    square = s * s
    twice = s + s
    rest = (s * square).fma(polynomial(square, LOG_WIDE[64]), twice)
    logarithm = parts.k.fma(math.log(2), rest)
    word, _, r, _ = reduce((y.to(FLOAT64) * logarithm).clamp(-110.0, 110.0), FLOAT64.bias)
    growth = (r * r).fma(polynomial(r, EXP_WIDE[64]), r)
    factor = power_of_two(word)
    return factor.fma(growth, factor).to(FLOAT32)


def _short_quotient(a: Lanes, b: Lanes) -> Lanes:
    """a / b to 45 bits: a float32 reciprocal and one step of Newton's are cheaper."""
    inverse = (1 / b.to(FLOAT32)).to(FLOAT64)
    quotient = a * inverse
    return inverse.fma(a - quotient * b, quotient)


def _power_float64(x: Lanes, y: Lanes) -> Lanes:
    """x^y for positive finite x: e^(high + low) = 2^k (1 + g + (1 + g) δ), g = e^r - 1."""
    range_ = RANGES[FLOAT64]
    # Beyond 2^65 every power but that of 1 overflows or vanishes, as it does at 2^65.
    logarithm = _pair_log(x)
    bounded = y.clamp(-(2.0**65), 2.0**65)
    high, low = two_product(bounded, logarithm.high)
    low = bounded.fma(logarithm.low, low)
    inside = high.clamp(range_.lowest, range_.highest)
    low = inside.equals(high).select(low, 0)
    parts = reduce(inside, 2 * FLOAT64.bias)
    return scale(expm1_corrected(parts.r, parts.error + low) + 1, parts)


def _pair_log(x: Lanes) -> Pair:
    """log x with a relative error below 2^-65.

    With x = 2^k (1 + f), s = f / (2 + f) and z = s² as pairs, log x = k ln 2 + 2 s +
    2 s z (1/3 + z P(z)). Only z P(z), less than a fiftieth of the bracket and that a hundredth of
    the result, is computed in one number. Subnormal numbers are scaled first.
    """
    range_ = RANGES[FLOAT64]
    subnormal = x < 2.0 ** (1 - FLOAT64.bias)
    parts = split(subnormal.select(x * 2.0**54, x))
    k = parts.k - subnormal.select(x.constant(54), 0)
    s = _pair_quotient(parts.f)
    z = s.times(s)
    bracket = fast_two_sum(x.constant(1 / 3), z.high * polynomial(z.high, LOG_DOUBLED[64]))
    third_low = 1.850371707708594e-17  # 1/3 less its nearest number
    bracket = bracket._replace(low=bracket.low + third_low)
    cubic = s.times(z).times(bracket)
    total, error_1 = fast_two_sum(k * range_.ln2_high, s.high + s.high)
    total, error_2 = fast_two_sum(total, cubic.high + cubic.high)
    tail = s.low + cubic.low
    low = k.fma(range_.ln2_low, tail + tail) + (error_1 + error_2)
    return fast_two_sum(total, low)


def _pair_quotient(f: Lanes) -> Pair:
    """f / (2 + f) as a pair: a quotient and the remainder's, by one division."""
    below = f + 2
    below_low = f - (below - 2)
    inverse = 1 / below
    high = f * inverse
    product, error = two_product(high, below)
    rest = ((f - product) - error) - high * below_low
    return fast_two_sum(high, rest * inverse)
