"""Differentiable functions that distributions need beside those of ``tv.array``."""

from __future__ import annotations

import math
from typing import Any

from trivium.engine import array
from trivium.engine.array.arguments import ArrayLike, floating, floating_pair
from trivium.engine.composites import unary_float, where
from trivium.engine.primitives import special as primitives
from trivium.engine.tensor import Tensor

__all__ = [
    "hurwitz_zeta",
    "log1p_minus",
    "log_beta",
    "log_choose",
    "log_factorial",
    "log_hurwitz_zeta",
    "log_normal_cdf",
    "normal_cdf",
    "normal_quantile",
    "stirling_rest",
    "x_log_y",
]

_HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)


def x_log_y(x: Tensor, log_y: Tensor) -> Tensor:
    """x·ln y given ln y, with 0·ln 0 = 0; the derivative there is 0 too."""
    return where(x == 0, 0.0, x * where(x == 0, 0.0, log_y))


def log_factorial(n: Tensor) -> Tensor:
    """ln n! = ln Γ(n + 1)."""
    return array.log_gamma(n + 1.0)


def stirling_rest(x: Tensor) -> Tensor:
    """ln Γ(x) - ((x - ½) ln x - x + ½ ln 2π) for x ≥ 10 (DLMF 5.11.1)."""
    inverse = 1.0 / x
    square = inverse * inverse
    total: Any = 0.0  # a Python number takes the dtype of what it meets
    for coefficient in (
        -3617 / 122400, 1 / 156, -691 / 360360, 1 / 1188, -1 / 1680, 1 / 1260, -1 / 360, 1 / 12,
    ):  # fmt: skip
        total = total * square + coefficient
    return total * inverse


def log_beta(a: ArrayLike, b: ArrayLike) -> Tensor:
    """ln B(a, b) = ln Γ(a) + ln Γ(b) - ln Γ(a + b) for a, b > 0.

    Where an argument exceeds 10, the large parts of Stirling's series (DLMF 5.11.1) are
    subtracted before they are rounded; the differences of plain log-gammas would cancel.
    """
    first, second = floating_pair(a, b)
    small = array.minimum(first, second)
    large = array.maximum(first, second)
    total = small + large
    big = where(large >= 10.0, large, 10.0)
    whole = where(large >= 10.0, total, 20.0)
    # ln Γ(large) - ln Γ(small + large), where small may be tiny or huge.
    ratio = (
        stirling_rest(big)
        - stirling_rest(whole)
        + small
        - small * array.log(whole)
        - (big - 0.5) * array.log1p(small / big)
    )
    both = where(small >= 10.0, small, 10.0)
    # Both large: also ln Γ(small) by the series, so that its own large part cancels too.
    wide = (
        stirling_rest(both)
        + stirling_rest(big)
        - stirling_rest(whole)
        + _HALF_LOG_2PI
        - 0.5 * array.log(both)
        - both * array.log1p(big / both)
        - (big - 0.5) * array.log1p(both / big)
    )
    plain = array.log_gamma(small) + array.log_gamma(large) - array.log_gamma(total)
    mixed = array.log_gamma(small) + ratio
    return where(small >= 10.0, wide, where(large >= 10.0, mixed, plain))


def log_choose(n: ArrayLike, k: ArrayLike) -> Tensor:
    """ln C(n, k) = -ln(n + 1) - ln B(n - k + 1, k + 1)."""
    top, bottom = floating_pair(n, k)
    return -array.log1p(top) - log_beta(top - bottom + 1.0, bottom + 1.0)


def log1p_minus(x: Tensor) -> Tensor:
    """ln(1 + x) - x, exact also where x is near 0.

    With s = x/(2 + x): ln(1 + x) = 2 artanh s, so the difference is 2(s³/3 + s⁵/5 + …) - x s.
    """
    near = array.abs(x) < 0.2
    small = where(near, x, 0.0)
    s = small / (2.0 + small)
    square = s * s
    series: Any = 0.0
    for odd in range(21, 2, -2):
        series = series * square + 1.0 / odd
    far = where(near, 0.0, x)
    return where(near, 2.0 * s * square * series - small * s, array.log1p(far) - far)


def normal_cdf(x: ArrayLike) -> Tensor:
    """Φ(x) = ½ erfc(-x/√2), exact also in the lower tail."""
    return 0.5 * array.erfc(floating(x) * -math.sqrt(0.5))


def normal_quantile(p: ArrayLike) -> Tensor:
    """Φ⁻¹(p), with all digits in the lower tail; ∓∞ at 0 and 1, NaN outside (DLMF 7.17)."""
    return unary_float(primitives.normal_quantile, p)


def log_normal_cdf(x: ArrayLike) -> Tensor:
    """ln Φ(x), finite and accurate as far as the lower tail reaches.

    Below -5 by the continued fraction of Mills' ratio, DLMF 7.9.3:
    Φ(-t) = φ(t)/(t + 1/(t + 2/(t + 3/(t + …)))); above 5 as ln(1 - Φ(-x)).
    """
    given = floating(x)
    far, high = given < -5.0, given > 1.0
    t = where(far, -given, 6.0)
    fraction = t
    for k in range(32, 0, -1):
        fraction = t + k / fraction
    tail = -0.5 * t * t - _HALF_LOG_2PI - array.log(fraction)
    middle = array.log(normal_cdf(where(far | high, 0.0, given)))
    upper = array.log1p(-normal_cdf(-where(high, given, 1.0)))
    return where(far, tail, where(high, upper, middle))


# B_{2j}/(2j)!, j = 1 … 12 (DLMF 24.2.1).
_BERNOULLI = (
    1 / 12, -1 / 720, 1 / 30240, -1 / 1209600, 1 / 47900160, -691 / 1307674368000,
    1 / 74724249600, -3617 / 10670622842880000, 43867 / 5109094217170944000,
    -174611 / 802857662698291200000, 77683 / 14101100039391805440000,
    -236364091 / 1693824136731743669452800000,
)  # fmt: skip
_TERMS = 12


def log_hurwitz_zeta(s: ArrayLike, q: ArrayLike) -> Tensor:
    """ln ζ(s, q) = ln Σ_{k≥0} (q + k)⁻ˢ for s > 1, q > 0, with derivatives in s and q.

    Euler-Maclaurin summation (DLMF 25.11.5 with its remainder expanded, 25.11.43) of the terms
    relative to q⁻ˢ, so that nothing underflows for large s or q.
    """
    power, start = floating_pair(s, q)
    relative = array.ones_like(power * start)
    for k in range(1, _TERMS):
        relative = relative + array.exp(-power * array.log1p(k / start))
    end = start + float(_TERMS)
    last = array.exp(-power * array.log1p(_TERMS / start))
    tail = end / (power - 1.0) + 0.5
    factor = power / end
    for j, coefficient in enumerate(_BERNOULLI, start=1):
        tail = tail + coefficient * factor
        factor = factor * (power + (2 * j - 1)) * (power + 2 * j) / (end * end)
    # Where the expansion converges slowly, (end/q)⁻ˢ < e⁻³⁷ is below rounding.
    small = power < math.pi * end - 2.0 * _TERMS
    return array.log(relative + where(small, last * where(small, tail, 0.0), 0.0)) - (
        power * array.log(start)
    )


def hurwitz_zeta(s: ArrayLike, q: ArrayLike) -> Tensor:
    """ζ(s, q) = Σ_{k≥0} (q + k)⁻ˢ for s > 1, q > 0 (DLMF 25.11.1)."""
    return array.exp(log_hurwitz_zeta(s, q))
