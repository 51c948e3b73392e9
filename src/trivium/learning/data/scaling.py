"""Standardising numbers so that no column, however constant, tiny or huge, can do harm."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from trivium.learning.data.arrays import index_text
from trivium.learning.errors import DataError

if TYPE_CHECKING:
    from trivium.learning.data.mapped import MappedRows

__all__ = ["centre_and_spread", "check_squares", "standardise", "unstandardise"]

_EPS = float(np.finfo(np.float64).eps)
_SQUARABLE = 1e145  # squares of such numbers leave room for sums over examples


def centre_and_spread(
    values: np.ndarray | MappedRows, weight: np.ndarray | None = None
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
    if weight is not None and not weight.any():
        weight = None  # a part of the data in which no row counts: count them alike
    parts = _Counted(values, weight)
    low = np.min([x.min(axis=0) for x, _ in parts], axis=0)
    high = np.max([x.max(axis=0) for x, _ in parts], axis=0)
    largest = np.maximum(np.abs(low), np.abs(high))
    unit = np.ldexp(1.0, np.clip(np.frexp(largest)[1], -1020, 1020))
    first = next(iter(parts))[0][0] / unit
    centre = first + parts.mean(lambda x: x / unit - first)
    variance = parts.mean(lambda x: (x / unit - centre) ** 2)
    variance = variance - parts.mean(lambda x: x / unit - centre) ** 2
    spread = np.sqrt(np.maximum(variance, 0.0)) * unit
    extent = high / unit - low / unit
    constant = extent <= 16 * _EPS * (largest / unit)
    constant |= spread < np.finfo(np.float64).tiny
    return np.where(constant, first, centre) * unit, np.where(constant, 0.0, spread)


class _Counted:
    """The rows that count, with their weights; of an array in a file some at a time."""

    def __init__(self, values: np.ndarray | MappedRows, weight: np.ndarray | None) -> None:
        self.values = values
        self.weight = None if weight is None else weight / weight.max()

    def __iter__(self) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
        values = self.values
        pieces = [values] if isinstance(values, np.ndarray) else values.pieces()
        done = 0
        for piece in pieces:
            x = np.asarray(piece, dtype=np.float64)
            weight = None
            if self.weight is not None:
                weight = self.weight[done : done + len(x)]
                x, weight = x[weight > 0], weight[weight > 0]
            done += len(piece)
            if len(x):
                yield x, weight

    def mean(self, of: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        """The weighted mean of a function of the rows."""
        total, count = 0.0, 0.0
        for x, weight in self:
            found = of(x)
            if weight is None:
                total, count = total + found.sum(axis=0), count + len(x)
            else:
                shaped = weight.reshape(-1, *[1] * (x.ndim - 1))
                total, count = total + (found * shaped).sum(axis=0), count + weight.sum()
        return np.asarray(total / count)


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


def check_squares(what: str, values: np.ndarray) -> None:
    """Raise DataError for numbers whose squares, added up, float64 cannot hold."""
    largest = float(np.abs(values).max(initial=0.0))
    if largest > _SQUARABLE:
        raise DataError(
            f"{what} reaches {largest:.2g}, and sums of such squares are beyond float64: divide "
            "it by a constant first"
        )
