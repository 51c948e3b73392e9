"""Errors in units in the last place (ulp), against mpmath.

One ulp of the exact value e is the distance of the format's numbers around e: 2^(x - p + 1) for
2^x ≤ |e| < 2^(x+1), and never less than the smallest subnormal number (J.-M. Muller, On the
definition of ulp(x), INRIA research report 5504, 2005, Harrison's definition).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from mpmath import mp, mpf

Array = np.ndarray[Any, Any]
PRECISION = 160


class Exact(NamedTuple):
    """Exact values (whole + fraction)·2^shift, where 2^shift is one ulp; special ones as such."""

    whole: Array
    fraction: Array
    shift: Array


def exact(function: Callable[..., Any], arguments: Sequence[Array], dtype: Any) -> Exact:
    """The values of ``function`` on mpmath's numbers."""
    info = np.finfo(dtype)
    count = arguments[0].size
    whole, fraction = np.zeros(count), np.zeros(count)
    shift = np.zeros(count, np.int64)
    with mp.workprec(PRECISION):
        for i, values in enumerate(zip(*[a.tolist() for a in arguments], strict=True)):
            value = function(*map(mpf, values))
            if not mp.isfinite(value):
                whole[i] = float(value)
                continue
            exponent = max(mp.mag(value) - 1, info.minexp) if value else info.minexp
            if exponent >= info.maxexp:
                whole[i] = np.copysign(np.inf, float(mp.sign(value)))
                continue
            shift[i] = exponent - info.nmant
            scaled = value * mpf(2) ** int(-shift[i])
            whole[i] = float(mp.nint(scaled))
            fraction[i] = float(scaled - mp.nint(scaled))
    return Exact(whole, fraction, shift)


def ulps(got: Array, truth: Exact) -> Array:
    """|got - truth| in ulp of truth; infinite where only one of them is a number.

    An overflow to infinity counts as the number after the largest one.
    """
    info = np.finfo(got.dtype)
    wide = got.astype(np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        scaled = np.ldexp(wide, -truth.shift)
        beyond = np.copysign(np.ldexp(1.0, info.maxexp - truth.shift), wide)
        scaled = np.where(np.isinf(wide) & np.isfinite(truth.whole), beyond, scaled)
        error = np.abs((scaled - truth.whole) - truth.fraction)
    same = (np.isnan(wide) & np.isnan(truth.whole)) | (wide == truth.whole)
    special = ~np.isfinite(truth.whole) | np.isnan(wide)
    return np.where(special, np.where(same, 0.0, np.inf), error)


def ulps_of_float32(got: Array, truth: Array) -> Array:
    """The same for float32 results and float64 truth, whose own error does not matter."""
    whole = np.where(np.isfinite(truth), truth, 0.0)
    exponent = np.maximum(np.frexp(whole)[1] - 1, np.finfo(np.float32).minexp)
    too_large = np.isfinite(truth) & (exponent > 127)
    shift = np.minimum(exponent, 127) - 23
    scaled = np.ldexp(whole, -shift)
    nearest = np.rint(scaled)
    huge = np.where(too_large, np.copysign(np.inf, truth), truth)
    special = ~np.isfinite(huge)
    return ulps(
        got, Exact(np.where(special, huge, nearest), scaled - nearest, shift.astype(np.int64))
    )
