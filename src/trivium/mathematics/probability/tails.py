"""Logarithms of tail probabilities that underflow, and quantiles of whole numbers; NumPy."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["log_beta_lower", "log_gamma_lower", "log_gamma_upper", "whole_quantile"]

Array = np.ndarray[Any, Any]
TINY = 1e-290
_CUT = 1e-300


def _quiet(function: Callable[..., Array]) -> Callable[..., Array]:
    """Infinities at the ends of the domain are meant."""

    @functools.wraps(function)
    def call(*arguments: Any, **options: Any) -> Array:
        with np.errstate(all="ignore"):
            return function(*arguments, **options)

    return call


def _lentz(first: Array, terms: Callable[[int], tuple[Array, Array]], count: int) -> Array:
    """b₀ + a₁/(b₁ + a₂/(b₂ + …)) by the modified Lentz method (Thompson & Barnett 1986)."""
    value = np.where(first == 0, _CUT, first)
    ratio, inverse = value.copy(), np.zeros_like(value)
    for i in range(1, count + 1):
        a, b = terms(i)
        inverse = b + a * inverse
        inverse = 1.0 / np.where(inverse == 0, _CUT, inverse)
        ratio = b + a / ratio
        ratio = np.where(ratio == 0, _CUT, ratio)
        step = ratio * inverse
        value = value * step
        if np.all(np.abs(step - 1) < 1e-15):
            break
    return value


@_quiet
def log_gamma_upper(a: Array, x: Array) -> Array:
    """ln Q(a, x), the upper regularised incomplete gamma function, also where it underflows.

    There by the continued fraction DLMF 8.9.2, which converges fast for x far above a.
    """
    from scipy import special

    a, x = np.broadcast_arrays(np.asarray(a, float), np.asarray(x, float))
    plain = special.gammaincc(a, x)
    lower = special.gammainc(a, x)
    result = np.where(plain > 0.5, np.log1p(-lower), np.log(plain))
    far = (plain < TINY) & (x > a) & np.isfinite(x)
    if far.any():
        fa, fx = a[far], x[far]
        fraction = _lentz(fx + 1 - fa, lambda i: (-i * (i - fa), fx + 2 * i + 1 - fa), 2000)
        result = np.array(result)
        result[far] = fa * np.log(fx) - fx - special.gammaln(fa) - np.log(fraction)
    return result


@_quiet
def log_gamma_lower(a: Array, x: Array) -> Array:
    """ln P(a, x), also where it underflows: by the series DLMF 8.7.1 for x far below a."""
    from scipy import special

    a, x = np.broadcast_arrays(np.asarray(a, float), np.asarray(x, float))
    plain = special.gammainc(a, x)
    upper = special.gammaincc(a, x)
    result = np.where(plain > 0.5, np.log1p(-upper), np.log(plain))
    far = (plain < TINY) & (x > 0) & (x < a + 1)
    if far.any():
        fa, fx = a[far], x[far]
        term, total = np.ones_like(fx), np.ones_like(fx)
        for i in range(1, 5000):
            term = term * (fx / (fa + i))
            total = total + term
            if np.all(term < 1e-16 * total):
                break
        result = np.array(result)
        result[far] = fa * np.log(fx) - fx - special.gammaln(fa + 1) + np.log(total)
    return result


@_quiet
def log_beta_lower(a: Array, b: Array, x: Array, y: Array | None = None) -> Array:
    """ln I_x(a, b), the regularised incomplete beta function, also where it underflows.

    ``y``: 1 - x where that is known better. Far down by the continued fraction DLMF 8.17.22.
    """
    from scipy import special

    rest = 1.0 - np.asarray(x) if y is None else np.asarray(y)
    a, b, x, rest = np.broadcast_arrays(*(np.asarray(each, float) for each in (a, b, x, rest)))
    # By the smaller of x and 1 - x, which has all its digits: I_x(a, b) = 1 - I_{1-x}(b, a).
    near = rest < x
    plain = np.where(near, special.betaincc(b, a, rest), special.betainc(a, b, x))
    upper = np.where(near, special.betainc(b, a, rest), special.betaincc(a, b, x))
    result = np.where(plain > 0.5, np.log1p(-upper), np.log(plain))
    far = (plain < TINY) & (x > 0) & (x < (a + 1) / (a + b + 2))
    if far.any():
        fa, fb, fx, fy = a[far], b[far], x[far], rest[far]

        def terms(i: int) -> tuple[Array, Array]:
            m = i // 2
            if i % 2:
                top = -(fa + m) * (fa + fb + m) * fx / ((fa + 2 * m) * (fa + 2 * m + 1))
            else:
                top = m * (fb - m) * fx / ((fa + 2 * m - 1) * (fa + 2 * m))
            return top, np.ones_like(fx)

        fraction = _lentz(np.ones_like(fx), terms, 5000)
        result = np.array(result)
        result[far] = (
            fa * np.log(fx)
            + fb * np.log(fy)
            - special.betaln(fa, fb)
            - np.log(fa)
            - np.log(fraction)
        )
    return result


def whole_quantile(
    reached: Callable[[Array], Array],
    shape: tuple[int, ...],
    low: float,
    high: Any,
    guess: Array,
) -> Array:
    """The smallest whole number from ``low`` to ``high`` for which ``reached`` holds.

    ``reached`` must be monotone and hold at ``high`` (∞ is allowed: then a bracket is found by
    doubling from ``guess``). Elementwise, by bisection.
    """
    guess = np.broadcast_to(np.asarray(guess, float), shape)
    guess = np.clip(
        np.where(np.isfinite(guess), np.floor(guess), low), low, np.minimum(high, 2.0**53)
    )
    below = np.full(shape, low - 1.0)  # never reached, by definition
    above = np.broadcast_to(np.asarray(high, float), shape)
    step = np.floor(np.maximum(1.0, 1e-3 * guess))
    trial = guess
    for _ in range(80):  # gallop from the guess until it is bracketed
        hit = reached(np.minimum(trial, 2.0**60))
        above = np.where(hit, np.minimum(above, trial), above)
        below = np.where(hit, below, np.maximum(below, trial))
        open_up = ~np.isfinite(above)
        open_down = below < low
        if not (open_up | (open_down & (above > low))).any():
            break
        moved = np.where(open_up, below + step, np.maximum(low, above - step))
        trial = np.where(open_up | open_down, np.minimum(moved, high), above)
        step = step * 2
    for _ in range(80):
        if not (above - below > 1).any():
            break
        middle = np.where(above - below > 1, np.floor((above + below) / 2), above)
        hit = reached(middle)
        above = np.where(hit, middle, above)
        below = np.where(hit, below, middle)
    return above
