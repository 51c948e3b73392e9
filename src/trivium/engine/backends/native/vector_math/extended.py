"""Numbers as unevaluated sums of two: error-free sums and products.

Source: T. J. Dekker, A floating-point technique for extending the available precision,
Numerische Mathematik 18 (1971); D. E. Knuth, The Art of Computer Programming 2, section 4.2.2.
"""

from __future__ import annotations

from typing import NamedTuple

from .lanes import Lanes

__all__ = ["Pair", "fast_two_sum", "two_product", "two_sum"]


class Pair(NamedTuple):
    """The number high + low, where |low| is at most half an ulp of high."""

    high: Lanes
    low: Lanes

    def times(self, other: Pair) -> Pair:
        """The product; its relative error is a few units of the square of the precision."""
        high, low = two_product(self.high, other.high)
        low = low + self.high.fma(other.low, self.low * other.high)
        return fast_two_sum(high, low)


def two_sum(a: Lanes, b: Lanes) -> Pair:
    """a + b exactly."""
    high = a + b
    back = high - a
    return Pair(high, (a - (high - back)) + (b - back))


def fast_two_sum(a: Lanes, b: Lanes) -> Pair:
    """a + b exactly, where |a| ≥ |b| or a = 0."""
    high = a + b
    return Pair(high, b - (high - a))


def two_product(a: Lanes, b: Lanes) -> Pair:
    """a·b exactly where it neither overflows nor underflows.

    Without a fused multiply-add both are split in halves by clearing low bits, and only the last
    of the four products may be rounded, in the 107th bit.
    """
    high = a * b
    if a.has_fma:
        return Pair(high, a.fma(b, -high))
    a_high, b_high = _upper_half(a), _upper_half(b)
    a_low, b_low = a - a_high, b - b_high
    error = ((a_high * b_high - high) + a_high * b_low + a_low * b_high) + a_low * b_low
    return Pair(high, error)


def _upper_half(a: Lanes) -> Lanes:
    return (a.bits & -(1 << (a.format.mantissa + 2) // 2)).real
