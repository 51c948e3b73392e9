"""Divergences and intervals of distributions of one number, by quadrature and search."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from trivium.engine.errors import ArgumentError

from .distribution import Distribution, Interval
from .support import level_of

__all__ = ["integrated", "interval_of", "numerical_kl"]

Array = np.ndarray[Any, Any]
LARGEST_SUM = 2_000_000


def _scalar(asked: str, distribution: Distribution) -> None:
    if distribution.shape != () or distribution.event != ():
        raise ArgumentError(
            f"{asked} is computed for one distribution of one number; {distribution!r} is a "
            "batch or a distribution of vectors"
        )


def numerical_kl(p: Distribution, q: Distribution) -> float:
    """E_p ln(p/q) by summation or quadrature; ∞ where q has no mass and p has.

    Raises ArgumentError for a discrete against a continuous distribution, and for batches.
    """
    for each in (p, q):
        _scalar("kl", each)
    if p.discrete != q.discrete:
        raise ArgumentError(
            f"kl: {p!r} and {q!r} have no common measure, one being of whole numbers and the "
            "other having a density, so the divergence does not exist"
        )

    def excess(x: Array) -> Array:
        log_p, log_q = p.log_density(x).value, q.log_density(x).value
        with np.errstate(all="ignore"):
            return np.where(log_p == -np.inf, 0.0, log_p - log_q)

    return max(integrated(p, excess), 0.0)


def integrated(p: Distribution, function: Callable[[Array], Array]) -> float:
    """E f(X); see ``expectation``.

    A sum over whole numbers; or E f = ½ ∫₀^∞ (f(Q(½e⁻ʷ)) + f(Q(1 - ½e⁻ʷ))) e⁻ʷ dw with the
    quantile function Q, by the double exponential rule w = exp(t - e⁻ᵗ) (Takahasi & Mori 1974),
    so that an infinite density or a long tail does no harm.
    """
    _scalar("an expectation", p)
    if p.discrete:
        first, last = float(p.quantile(1e-18)), float(p.upper_quantile(1e-18))
        if last - first > LARGEST_SUM:
            raise ArgumentError(f"{p!r} spreads over more than {LARGEST_SUM} numbers")
        x = np.arange(first, last + 1)
        return _weighted(p.density(x).value, function(x))
    step = 1 / 24
    t = np.arange(-4.0, 6.3, step)
    w = np.exp(t - np.exp(-t))
    weights = 0.5 * step * w * (1 + np.exp(-t)) * np.exp(-w)
    tail = 0.5 * np.exp(-w)
    x = np.concatenate([p.quantile(tail), p.upper_quantile(tail)])
    # Where rounding reaches an end of the support, a density may be infinite there.
    low, high = float(p.quantile(0.0)), float(p.upper_quantile(0.0))
    x = np.clip(x, np.nextafter(low, np.inf), np.nextafter(high, -np.inf))
    return _weighted(np.concatenate([weights, weights]), function(x))


def _weighted(weights: Array, values: Array) -> float:
    """Σ w f, where a weight that has underflowed counts nothing whatever f is."""
    values = np.broadcast_to(values, weights.shape)
    with np.errstate(all="ignore"):
        return float(np.where(weights < 1e-250, 0.0, weights * values).sum())


def interval_of(distribution: Distribution, level: float, kind: str) -> Interval:
    """See ``Distribution.interval``."""
    _scalar("an interval", distribution)
    level = level_of(level)
    rest = (1.0 - level) / 2
    if kind == "equal-tailed":
        return float(distribution.quantile(rest)), float(distribution.upper_quantile(rest))
    if kind != "highest-density":
        raise ArgumentError(f'an interval is "equal-tailed" or "highest-density", not {kind!r}')
    if distribution.discrete:
        return _highest_discrete(distribution, level)
    return _shortest(distribution, 1.0 - level)


def _shortest(distribution: Distribution, outside: float) -> Interval:
    """The shortest interval: the share of ``outside`` below it by golden-section search."""

    def ends(share: float) -> Interval:
        low = float(distribution.quantile(share * outside))
        return low, float(distribution.upper_quantile((1.0 - share) * outside))

    def width(share: float) -> float:
        low, high = ends(share)
        return high - low

    ratio = (math.sqrt(5) - 1) / 2
    left, right = 0.0, 1.0
    first, second = 1 - ratio, ratio
    at_first, at_second = width(first), width(second)
    # Beyond the root of the rounding error widths near the least one cannot be told apart.
    for _ in range(40):
        if at_first <= at_second:
            right, second, at_second = second, first, at_first
            first = right - ratio * (right - left)
            at_first = width(first)
        else:
            left, first, at_first = first, second, at_second
            second = left + ratio * (right - left)
            at_second = width(second)
    best = min((0.0, 0.5 * (left + right), 1.0), key=width)
    return ends(best)


def _highest_discrete(distribution: Distribution, level: float) -> Interval:
    """The shortest run of whole numbers that holds the level, the most probable of equals."""
    first = float(distribution.quantile((1.0 - level) * 1e-6))
    last = float(distribution.upper_quantile((1.0 - level) * 1e-6))
    if last - first > LARGEST_SUM:
        raise ArgumentError(f"{distribution!r} spreads over more than {LARGEST_SUM} numbers")
    values = np.arange(first, last + 1)
    total = np.concatenate([[0.0], np.cumsum(distribution.density(values).value)])
    stop = np.searchsorted(total, total[:-1] + level - 1e-12)
    usable = stop < len(total)
    starts = np.nonzero(usable)[0]
    held = total[stop[usable]] - total[starts]
    order = np.lexsort((-held, stop[usable] - starts))
    chosen = order[0]
    return float(values[starts[chosen]]), float(values[stop[usable][chosen] - 1])
