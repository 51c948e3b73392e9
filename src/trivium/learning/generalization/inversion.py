"""Exact inversions of tail bounds: the largest true error that the sample does not rule out."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from trivium.learning.errors import RequestError

__all__ = [
    "binary_kl",
    "binomial_inverse",
    "confidence_of",
    "kl_inverse",
    "one_number",
    "rate",
    "whole",
]


def binary_kl(q: float, p: float) -> float:
    """kl(q ‖ p) = q ln(q/p) + (1 - q) ln((1 - q)/(1 - p)) in nats, for coins.

    0 ln 0 = 0; ∞ where p excludes what q allows. Raises RequestError outside [0, 1].
    """
    q, p = rate("q", q), rate("p", p)
    total = 0.0
    for a, b in ((q, p), (1 - q, 1 - p)):
        if a > 0:
            total += math.inf if b == 0 else a * math.log(a / b)
    return max(total, 0.0)


def kl_inverse(q: float, budget: float) -> float:
    """The largest p with kl(q ‖ p) ≤ budget: what an observed rate q does not rule out.

    By bisection to the last place; for q = 0 it is 1 - e^-budget. ``budget``: in nats, not
    negative. At most q + √(budget/2), by Pinsker's inequality. Raises RequestError for q
    outside [0, 1] or a negative budget. Source: Langford & Seeger (2001), "Bounds for averaging
    classifiers", CMU-CS-01-102.
    """
    q = rate("q", q)
    if not one_number(budget) >= 0:
        raise RequestError(f"kl_inverse: the budget {budget!r} must be 0 or more nats")
    if q == 0:
        return -math.expm1(-budget)
    low, high = q, 1.0
    while True:
        middle = (low + high) / 2
        if not low < middle < high:
            return low
        if binary_kl(q, middle) <= budget:
            low = middle
        else:
            high = middle


def binomial_inverse(mistakes: int, n: int, log_delta: float) -> float:
    """The largest p for which at most ``mistakes`` of n have a probability of at least δ.

    The upper limit of Clopper & Pearson (1934); ``log_delta``: ln δ. Where δ is too small for
    float64, Chernoff's bound, which is larger, takes its place. Source: Langford (2005), JMLR
    6.
    """
    if mistakes >= n:
        return 1.0
    if log_delta < -700:
        return kl_inverse(mistakes / n, -log_delta / n)
    from scipy.special import betainccinv

    return float(betainccinv(mistakes + 1, n - mistakes, math.exp(log_delta)))


def rate(name: str, value: Any) -> float:
    """``value`` as a number from 0 to 1. Raises RequestError otherwise."""
    found = one_number(value)
    if not 0 <= found <= 1:
        raise RequestError(f"{name} must be a number from 0 to 1, got {value!r}")
    return found


def whole(name: str, value: Any, least: int = 1) -> int:
    """``value`` as a whole number of at least ``least``. Raises RequestError otherwise."""
    found = one_number(value)
    if not math.isfinite(found) or found != math.floor(found) or found < least:
        raise RequestError(f"{name} must be a whole number of at least {least}, got {value!r}")
    return int(value)


def one_number(value: Any) -> float:
    """``value`` as a float; NaN for what is not one real number."""
    real = isinstance(value, float | int | np.floating | np.integer)
    return float(value) if real and not isinstance(value, bool) else math.nan


def confidence_of(value: Any) -> float:
    """δ = 1 - confidence. Raises RequestError unless 0 < confidence < 1."""
    found = rate("confidence", value)
    if not 0 < found < 1:
        raise RequestError(
            f"confidence={value!r}: a bound holds with a probability between 0 and 1, such as "
            "0.95"
        )
    return 1 - found
