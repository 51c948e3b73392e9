"""Arguments of the vector functions: over all exponents, and where their formulas meet.

HYPOTHESIS_PROFILE=thorough takes a grid that is twenty times as dense.
"""

from __future__ import annotations

import math
import os

import numpy as np
from mpmath import mp, mpf

from .ulps import Array

DENSITY = 20 if os.environ.get("HYPOTHESIS_PROFILE") == "thorough" else 1

DOMAIN = {
    "log": lambda x: x > 0,
    "log1p": lambda x: x > -1,
    "sqrt": lambda x: x >= 0,
}


def neighbours(values: list[float], dtype: str) -> Array:
    """The values and four numbers of the format on each side."""
    x = np.array(values, dtype)
    below, above, found = x, x, [x]
    with np.errstate(over="ignore", under="ignore"):
        for _ in range(4):
            below = np.nextafter(below, np.array(-np.inf, dtype))
            above = np.nextafter(above, np.array(np.inf, dtype))
            found += [below, above]
    return np.concatenate(found)


def boundaries(dtype: str) -> Array:
    """Where formulas meet: limits of the format and of the range, switches, multiples."""
    info = np.finfo(dtype)
    largest = math.log(float(info.max))
    smallest = math.log(2.0) * (info.minexp - info.nmant)
    switches = [0.25, 0.5, 0.625, 0.875, 1.0, math.sqrt(0.5), math.sqrt(2), 2.0, 4.0, 6.0]
    saturation = [9.0, 18.0, 19.1, 38.0, 10.06, 10.25, 26.6, 27.5, -smallest, largest]
    reduction = [2.0**15, 2.0**20, 2.0**30, 2.0**24, 2.0**53]
    half_ln2 = [math.log(2) / 2 * k for k in range(1, 40)]
    quarter_pi = [math.pi / 4 * k for k in range(1, 40)]
    format_ = [float(info.max), float(info.tiny), float(info.eps), float(info.eps) ** 0.5]
    values = switches + saturation + reduction + half_ln2 + quarter_pi + format_
    x = neighbours(values, dtype)
    x = np.concatenate([x, np.arange(1, 9) * info.smallest_subnormal])
    return x[np.isfinite(x)].astype(dtype)


def points(name: str, dtype: str) -> tuple[Array, ...]:
    """Arguments over all exponents, denser where the function changes, and the boundaries."""
    rng = np.random.default_rng(sum(map(ord, name)))
    if name == "power":
        return power_points(rng, dtype)
    info, n = np.finfo(dtype), 200 * DENSITY

    def spread(low: int, high: int, count: int) -> Array:
        return np.ldexp(rng.uniform(1, 2, count), rng.integers(low, high, count))

    x = np.concatenate(
        [
            spread(info.minexp - info.nmant, info.maxexp, n),
            spread(-6, 8, n),
            spread(-2, 5, n),
            rng.uniform(0, 110 if dtype == "float32" else 750, n),
            rng.uniform(0, 2, n),
        ]
    )
    x = np.concatenate([x.astype(dtype), boundaries(dtype)])
    x = np.concatenate([x, -x])
    return (x[DOMAIN[name](x)] if name in DOMAIN else x,)


def power_points(rng: np.random.Generator, dtype: str) -> tuple[Array, Array]:
    """Pairs whose power lies between the format's limits, near them too, and whole exponents."""
    info, n = np.finfo(dtype), 300 * DENSITY
    spread = np.ldexp(rng.uniform(1, 2, n), rng.integers(info.minexp, info.maxexp, n))
    near_one = 1 + rng.normal(size=n) * 10.0 ** rng.uniform(-info.precision, -1, n)
    moderate = rng.uniform(0.4, 2.5, 2 * n)
    x = np.abs(np.concatenate([spread, near_one, moderate])).astype(dtype)
    size = np.maximum(np.abs(np.log(x.astype(np.float64))), 1e-300)
    exponent = rng.uniform(-1.1, 1.03, x.size) * math.log(float(info.max)) / size
    y = np.clip(exponent, -float(info.max), float(info.max)).astype(dtype)
    whole_x = (rng.normal(size=n) * 4).astype(dtype)
    whole_y = rng.integers(-30, 30, n).astype(dtype)
    tiny = (np.arange(1, 40) * info.smallest_subnormal).astype(dtype)
    ones = np.linspace(-1.03, 1.4, tiny.size).astype(dtype)
    return np.concatenate([x, whole_x, tiny]), np.concatenate([y, whole_y, ones])


def closest_to_quarter_turns(digits: int, exponent: int) -> list[float]:
    """Numbers m 2^exponent, m of ``digits`` bits at most, nearest to multiples of π/2.

    They are the denominators of the continued fraction of 2^exponent·2/π.
    """
    with mp.workprec(max(exponent, 0) + 400):
        rest = 2 / mp.pi * mpf(2) ** exponent
        before, m = 0, 1
        found = []
        rest -= mp.floor(rest)
        while rest != 0:
            rest = 1 / rest
            whole = int(mp.floor(rest))
            rest -= whole
            before, m = m, whole * m + before
            if m >= 2**digits:
                break
            found.append(math.ldexp(float(m), exponent))
    return found[-3:]
