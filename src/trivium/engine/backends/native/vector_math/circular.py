"""Circular functions: sin and cos.

With x = q π/2 + r, q whole and |r| ≤ π/4, both are ±sin r or ±cos r, by q modulo 4. Close to a
multiple of π/2 almost all digits of x cancel, so π/2 is subtracted in parts that leave r with all
its bits, and with the error that remains. Where a lane is so large that q π/2 would need more
parts, ``huge`` computes that lane from the binary digits of 2/π.

Sources: W. J. Cody and W. Waite, Software Manual for the Elementary Functions (1980), chapter 8;
M. Payne and R. Hanek, Radian reduction for trigonometric functions, ACM SIGNUM Newsletter 18
(1983).
"""

from __future__ import annotations

import math
from typing import NamedTuple

from . import huge
from .coefficients import COS, HALF_PI_FUSED, HALF_PI_SHORT, SIN
from .extended import two_sum
from .lanes import FLOAT32, FLOAT64, Lanes, polynomial

__all__ = ["cos", "sin"]


class Angle(NamedTuple):
    """x = q π/2 + r + error, with q modulo 4 in the low bits of ``quadrant``."""

    quadrant: Lanes
    r: Lanes
    error: Lanes


def _bound(x: Lanes) -> float:
    """The largest |x| that ``reduce`` takes."""
    if x.format is FLOAT32:
        return 2.0**15
    return 2.0**30 if x.has_fma else 2.0**20


def reduce(x: Lanes) -> Angle:
    """Reduce |x| ≤ ``_bound(x)``."""
    magic = x.format.round_magic
    shifted = x.fma(2 / math.pi, magic)
    q = shifted - magic
    if x.has_fma:
        r, error = _subtract_fused(x, q)
    elif x.format is FLOAT32:
        wide = _subtract_short(x.to(FLOAT64), q.to(FLOAT64))[0]
        r = wide.to(FLOAT32)
        error = (wide - r.to(FLOAT64)).to(FLOAT32)
    else:
        r, error = _subtract_short(x, q)
    return Angle(shifted.bits, r, error)


def _subtract_fused(x: Lanes, q: Lanes) -> tuple[Lanes, Lanes]:
    """x - q π/2 by three fused steps.

    The first is exact: x and q times the first part are multiples of the same ulp and their
    difference is less than one. The second is rounded once, to half an ulp of r; the third adds
    a term of half an ulp or less, and what its rounding loses is returned.
    """
    first, second, third = HALF_PI_FUSED[x.format.bits]
    rest = q.fma(-second, q.fma(-first, x))
    r = q.fma(-third, rest)
    return r, q.fma(-third, rest - r)


def _subtract_short(x: Lanes, q: Lanes) -> tuple[Lanes, Lanes]:
    """x - q π/2 without fused steps: |q| < 2^20 times parts of 33 bits is exact in float64."""
    first, second, third, tail = HALF_PI_SHORT
    rest, error_1 = two_sum(x - q * first, -(q * second))
    rest, error_2 = two_sum(rest, -(q * third))
    low = (error_1 + error_2) - q * tail
    r = rest + low
    return r, (rest - r) + low


def sin_cos(r: Lanes, error: Lanes) -> tuple[Lanes, Lanes]:
    """sin and cos of r + error, |r| ≤ π/4.

    sin r = r + (r³ P(r²) + error cos r) has one rounding of half an ulp and one of a term that
    is a tenth of r at most. cos r = (1 - r²/2) + (…) where the first difference is
    compensated: what its rounding loses joins the rest.
    """
    bits = r.format.bits
    square = r * r
    half = square * 0.5
    near = 1 - half
    sin_rest = (r * square).fma(polynomial(square, SIN[bits]), error * near)
    lost = (1 - near) - half
    cos_rest = (square * square).fma(polynomial(square, COS[bits]), lost - r * error)
    return r + sin_rest, near + cos_rest


def _in_quadrant(angle: Angle) -> Lanes:
    """sin of the angle."""
    sine, cosine = sin_cos(angle.r, angle.error)
    value = (angle.quadrant & 1).differs(0).select(cosine, sine)
    sign = (angle.quadrant << (value.format.bits - 2)).sign_bit()
    return (value.bits ^ sign).real


def sin(x: Lanes) -> Lanes:
    """sin x, odd in x; NaN at infinity. Below 1.6 ulp for every number."""
    angle = reduce(abs(x))
    value = (_in_quadrant(angle).bits ^ x.sign_bit()).real
    return huge.replace(x, value, _bound(x), "sin", _huge_sin)


def cos(x: Lanes) -> Lanes:
    """cos x = sin(x + π/2); NaN at infinity. Below 1.6 ulp for every number."""
    angle = reduce(abs(x))
    value = _in_quadrant(angle._replace(quadrant=angle.quadrant + 1))
    return huge.replace(x, value, _bound(x), "cos", _huge_cos)


def _huge_sin(x: Lanes) -> Lanes:
    """sin of one float64 number beyond every bound."""
    value = _in_quadrant(Angle(*huge.reduce(abs(x))))
    return (value.bits ^ x.sign_bit()).real


def _huge_cos(x: Lanes) -> Lanes:
    """cos of one float64 number beyond every bound."""
    angle = Angle(*huge.reduce(abs(x)))
    return _in_quadrant(angle._replace(quadrant=angle.quadrant + 1))
