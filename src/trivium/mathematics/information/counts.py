"""Entropy from counts: the plug-in estimate, its bias, and four ways to correct it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["METHODS", "entropy_of_counts", "table", "jackknife_deviation"]

Array = np.ndarray[Any, Any]


def table(*codes: Array) -> tuple[Array, list[Array]]:
    """How often each combination of values occurs, and which values it consists of.

    Shapes: codes (n,) each → counts (m,) of the m combinations that occur, and for each code
    (m,) its value in them.
    """
    first, sizes = codes[0].astype(np.int64), [int(each.max()) + 1 for each in codes]
    index = first
    for each, size in zip(codes[1:], sizes[1:], strict=True):
        index = index * size + each
    cells, counts = np.unique(index, return_counts=True)
    parts: list[Array] = []
    for size in reversed(sizes[1:]):
        parts.append(cells % size)
        cells = cells // size
    return counts, [cells, *reversed(parts)]


def _log_sum(counts: Array) -> Array:
    """c ln c for each count, 0 for 0."""
    return counts * np.log(np.maximum(counts, 1))


def plug_in(counts: Array) -> float:
    """-Σ (c/n) ln (c/n): the maximum-likelihood estimate, too low by about (K - 1)/(2n)."""
    share = counts[counts > 0] / counts.sum()
    return float(-(share * np.log(share)).sum()) + 0.0


def miller_madow(counts: Array) -> float:
    """Plug-in + (K - 1)/(2n), K the number of values seen: the bias to first order in 1/n.

    Source: Miller (1955), "Note on the bias of information estimates".
    """
    return plug_in(counts) + (int((counts > 0).sum()) - 1) / (2 * int(counts.sum()))


def grassberger(counts: Array) -> float:
    """ln n - (1/n) Σ c G(c), G(c) = ψ(c) + ½ (-1)^c (ψ((c + 1)/2) - ψ(c/2)).

    Source: Grassberger (2003), "Entropy estimates from insufficient samplings",
    arXiv:physics/0307138.
    """
    from scipy.special import digamma

    seen = counts[counts > 0].astype(np.float64)
    sign = np.where(seen % 2 == 0, 1.0, -1.0)
    g = digamma(seen) + 0.5 * sign * (digamma((seen + 1) / 2) - digamma(seen / 2))
    n = float(seen.sum())
    return float(np.log(n) - (seen * g).sum() / n)


def chao_shen(counts: Array) -> float:
    """-Σ C p̂ ln(C p̂) / (1 - (1 - C p̂)^n): values not seen count by the coverage C = 1 - f₁/n.

    f₁ is the number of values seen once; where all n are, f₁ = n - 1 is taken, as C = 0 says
    nothing. Source: Chao & Shen (2003), Environmental and Ecological Statistics 10.
    """
    seen = counts[counts > 0].astype(np.float64)
    n = float(seen.sum())
    once = float((seen == 1).sum())
    coverage = 1 - min(once, n - 1) / n
    share = coverage * seen / n
    with np.errstate(divide="ignore"):
        # 1 - (1 - p)^n without cancellation; the inner logarithm of 0 (p = 1) is -∞.
        found = -np.expm1(n * np.log1p(-share))
    return float(-(share * np.log(share) / found).sum()) + 0.0


def jackknife(counts: Array) -> float:
    """n Ĥ - (n - 1) mean of Ĥ without one sample each: removes the bias of order 1/n.

    Source: Zahl (1977), Ecology 58; Efron & Stein (1981), Annals of Statistics 9.
    """
    n = int(counts.sum())
    if n < 2:
        return plug_in(counts)
    without = _without_one(counts[counts > 0])
    mean = float((counts[counts > 0] * without).sum()) / n
    return n * plug_in(counts) - (n - 1) * mean


def _without_one(counts: Array) -> Array:
    """The plug-in entropy when one sample of each value is left out. Shapes: (K,) → (K,)."""
    n = int(counts.sum())
    total = _log_sum(counts).sum() - _log_sum(counts) + _log_sum(counts - 1)
    return np.log(n - 1) - total / (n - 1)


METHODS: dict[str, Callable[[Array], float]] = {
    "plug-in": plug_in,
    "miller-madow": miller_madow,
    "grassberger": grassberger,
    "chao-shen": chao_shen,
    "jackknife": jackknife,
}


def entropy_of_counts(counts: Array, method: str) -> float:
    """The entropy in nats by ``method``, a key of METHODS. Shapes: counts (K,)."""
    return METHODS[method](counts)


def jackknife_deviation(counts: Array, parts: list[Array]) -> float:
    """The jackknife's standard error of a plug-in entropy or mutual information, in nats.

    ``counts`` (m,): of the combinations of values that occur. ``parts``: for an entropy [], for
    a mutual information the two variables' values in them. Source: Efron & Stein (1981), Annals
    of Statistics 9.
    """
    n = int(counts.sum())
    if n < 2:
        return float("nan")
    left_out = _without_one(counts)
    if parts:
        left_out = -left_out
        for part in parts:
            marginal = np.bincount(part, weights=counts)
            left_out = left_out + _without_one_of(marginal)[part]
    mean = float((counts * left_out).sum()) / n
    return float(np.sqrt((n - 1) / n * (counts * (left_out - mean) ** 2).sum()))


def _without_one_of(counts: Array) -> Array:
    """As ``_without_one`` for counts some of which may be 0 (their entries mean nothing)."""
    n = counts.sum()
    total = _log_sum(counts).sum() - _log_sum(counts) + _log_sum(np.maximum(counts - 1, 0))
    return np.log(n - 1) - total / (n - 1)
