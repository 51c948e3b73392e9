"""Standardising numbers so that no column, however constant, tiny or huge, can do harm."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from trivium.learning.data.arrays import index_text
from trivium.learning.errors import DataError

__all__ = ["centre_and_spread", "standardise", "unstandardise"]

_EPS = float(np.finfo(np.float64).eps)


def centre_and_spread(
    values: np.ndarray, weight: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard deviation over the first axis, each of shape values.shape[1:].

    ``weight`` (N,) counts the rows: weight 2 is the row twice, 0 leaves it out; all 0 is as if
    there were none. The spread is 0 for a feature that is constant but for rounding: its range
    is at most 16 units in the last place of its largest value, or below the normal floats.
    Values are divided by a power of two and shifted by the first row before they are summed, so
    neither a large offset nor values near the ends of the float64 range lose the result:

        c = x₁ + mean(x - x₁),   s² = mean((x - c)²) - mean(x - c)²

    (the corrected two-pass algorithm; Chan, Golub and LeVeque, "Algorithms for computing
    the sample variance", The American Statistician 37 (1983), equation 1.7). The divisor
    is N, as for the population; with weights each mean is weighted.
    """
    x = np.asarray(values, dtype=np.float64)
    if weight is not None and not weight.any():
        weight = None  # a part of the data in which no row counts: count them alike
    if weight is not None:
        x, weight = x[weight > 0], weight[weight > 0] / weight.max()
    largest = np.max(np.abs(x), axis=0)
    unit = np.ldexp(1.0, np.clip(np.frexp(largest)[1], -1020, 1020))
    x = x / unit
    first = x[0]
    centre = first + np.average(x - first, axis=0, weights=weight)
    away = x - centre
    variance = np.average(away * away, axis=0, weights=weight)
    variance = variance - np.average(away, axis=0, weights=weight) ** 2
    spread = np.sqrt(np.maximum(variance, 0.0)) * unit
    extent = np.max(x, axis=0) - np.min(x, axis=0)
    constant = extent <= 16 * _EPS * np.max(np.abs(x), axis=0)
    constant |= spread < np.finfo(np.float64).tiny
    return np.where(constant, first, centre) * unit, np.where(constant, 0.0, spread)


def standardise(
    values: np.ndarray, centre: ArrayLike, spread: ArrayLike, name: str = "x"
) -> np.ndarray:
    """Return (values - centre) / spread; 0 where the spread is 0, whatever the value.

    A feature that never changed in training has taught the model nothing, so its later
    values must not move the prediction. Raises DataError for a value that is so far from
    the training data that float64 cannot hold the result.
    """
    x = np.asarray(values, dtype=np.float64)
    centre, spread = np.asarray(centre), np.asarray(spread)
    constant = spread == 0
    divisor = np.where(constant, 1.0, spread)
    with np.errstate(over="ignore", invalid="ignore"):
        z = (x - centre) / divisor
        if not np.isfinite(z).all():  # the difference may overflow where the ratio does not
            z = np.where(np.isfinite(z), z, (x / 4 - centre / 4) / (divisor / 4))
    z = np.where(constant, 0.0, z)
    bad = np.argwhere(~np.isfinite(z))
    if len(bad):
        raise DataError(
            f"{index_text(bad[0], name)} is {x[tuple(bad[0])]:g}, too far from the training "
            "data to be standardised (the result is no finite float64)."
        )
    return z


def unstandardise(values: np.ndarray, centre: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Return values · spread + centre, the inverse of standardise."""
    return np.asarray(values, dtype=np.float64) * spread + centre
