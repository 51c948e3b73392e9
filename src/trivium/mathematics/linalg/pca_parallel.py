"""Parallel analysis: which variances are larger than those of columns without any relation."""

from __future__ import annotations

import numpy as np

from trivium.engine import random

from .low_rank_input import Array
from .low_rank_krylov import gaussian

__all__ = ["above_chance", "chance_variances"]

_DRAWS = 20
_LEVEL = 0.95


def chance_variances(variances: Array, rows: int, seed: int) -> Array:
    """The 95th percentiles of the sorted eigenvalues for independent normal columns.

    ``variances`` (d,): of the columns; → (min(n − 1, d),). The covariance matrix of n normal
    rows is a Wishart matrix with n − 1 degrees of freedom, which Bartlett's decomposition T Tᵀ
    gives from d² numbers, whatever n is: chi-distributed on the diagonal of T, normal below it
    (Bartlett 1933). Source of the rule: Horn, Psychometrika 30 (1965); the percentile: Buja and
    Eyuboglu (1992).
    """
    freedom, width = rows - 1, len(variances)
    scale = np.sqrt(variances)
    drawn = []
    for number in range(_DRAWS):
        if freedom >= width:
            factor = np.tril(gaussian(seed, 2 * number + 1, (width, width)), -1)
            factor += np.diag(_chi(freedom - np.arange(width), seed, 2 * number + 2))
            factor = factor.T
        else:
            factor = gaussian(seed, 2 * number + 1, (freedom, width))
        drawn.append(np.linalg.svd(factor * scale, compute_uv=False) ** 2 / freedom)
    found: Array = np.quantile(np.array(drawn), _LEVEL, axis=0)
    return found


def _chi(freedom: Array, seed: int, number: int) -> Array:
    """Chi-distributed numbers by inverting the distribution function."""
    from scipy.special import gammaincinv

    key = random.fold_in(random.key(seed), number)
    share = np.array(random.uniform(key, (len(freedom),), dtype=np.float64).value)
    found: Array = np.sqrt(2 * gammaincinv(freedom / 2, share))
    return found


def above_chance(values: Array, variances: Array, rows: int, seed: int) -> int:
    """How many leading eigenvalues exceed their 95th percentile by chance."""
    limits = chance_variances(variances, rows, seed)
    count = min(len(values), len(limits))
    below = values[:count] <= limits[:count]
    return int(below.argmax()) if below.any() else count
