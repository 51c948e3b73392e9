"""Principal components: what was found, how far it can be trusted, and what to do with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from trivium.engine.errors import ShapeError

from ..errors import SingularError
from .low_rank_input import (
    Array,
    checked_magnitude,
    described,
    real_array,
    row_blocks,
)

__all__ = ["PCA"]

_SHOWN = 12  # components in the text for people


@dataclass(frozen=True, eq=False, repr=False)
class PCA:
    """Principal components of a table of n rows and d columns, k of them kept.

    ``mean`` (d,); ``components`` (k, d), orthonormal rows, the largest variance first;
    ``explained_variance`` (k,): the eigenvalues λ of the covariance matrix (divisor n − 1);
    ``explained_variance_ratio`` (k,): λ over ``total_variance``, the sum of all d eigenvalues.
    The mean and the components have the data's dtype, what describes them is float64.

    Sign rule: the first coordinate of a component whose magnitude is at least 0.999 of its
    largest is positive.

    Trust: ``variance_digits`` and ``direction_digits`` (k,) are the decimal digits that rounding
    and the method leave in λ and in the component. A direction is as uncertain as
    ‖error‖ / gap, the gap being the distance to the nearest other eigenvalue (Davis and Kahan
    1970): equal eigenvalues have a common plane and no directions of their own, so 0 digits.
    ``condition``: √(λ₁ / λ_k). ``residuals`` (k,): ‖Cv − λv‖ of the randomized method.
    ``method``: covariance, svd, randomized or incremental. ``notes``: what should be known.
    """

    mean: Array
    components: Array
    explained_variance: Array
    explained_variance_ratio: Array
    total_variance: float
    rows: int
    whiten: bool
    method: str
    condition: float
    variance_digits: Array
    direction_digits: Array
    residuals: Array | None = None
    notes: tuple[str, ...] = ()

    @property
    def singular_values(self) -> Array:
        """The singular values √(λ (n − 1)) of the centred table, (k,)."""
        return np.sqrt(self.explained_variance * (self.rows - 1))

    @property
    def digits_lost(self) -> float:
        """Decimal digits that the least certain λ lost, of the 15.95 (float64) there are."""
        return float(15.95 - self.variance_digits.min(initial=15.95))

    def transform(self, data: Any) -> Array:
        """The coordinates of rows along the components: (x − μ) Wᵀ, over √λ when whitened.

        Shapes: (n, d) → (n, k); one row (d,) → (k,). Raises ShapeError for another number of
        columns, DomainError for a value that is not finite.
        """
        x = self._given("data", data, len(self.mean), "columns", "d")
        checked_magnitude("transform", "data", x)
        flat = x.reshape(-1, x.shape[-1])
        dtype = np.result_type(x.dtype, self.components.dtype)
        found = np.empty((len(flat), len(self.components)), dtype)
        for start, block in row_blocks(flat):
            np.matmul(
                block - self.mean, self.components.T, out=found[start : start + len(block)]
            )
        if self.whiten:
            found /= np.sqrt(self.explained_variance).astype(dtype)
        return found.reshape(*x.shape[:-1], len(self.components))

    def inverse(self, coordinates: Any) -> Array:
        """The rows that have these coordinates and nothing outside the components: μ + z W.

        Shapes: (n, k) → (n, d); (k,) → (d,). ``inverse(transform(x))`` is the point of the
        affine subspace that is nearest to x; it is x itself, up to rounding, when the components
        span all the variance. Raises ShapeError for another number of coordinates.
        """
        z = self._given("coordinates", coordinates, len(self.components), "coordinates", "k")
        if self.whiten:
            z = z * np.sqrt(self.explained_variance).astype(z.dtype)
        found: Array = z @ self.components + self.mean
        return found

    def _given(self, name: str, data: Any, width: int, what: str, letter: str) -> Array:
        asked = "transform" if letter == "d" else "inverse"
        x = real_array(asked, name, data)
        if x.ndim not in (1, 2) or x.shape[-1] != width:
            raise ShapeError(
                f"{asked}: {name} has shape {x.shape}, and this PCA has {width} {what}: "
                f"rows must have shape (n, {width}), one row ({width},)"
            )
        return x

    def __str__(self) -> str:
        k, d = self.components.shape
        share = float(self.explained_variance_ratio.sum())
        lines = [
            f"{k} of {d} principal components of {self.rows:,} rows ({self.method}), "
            f"{described(share)} of the variance{', whitened' if self.whiten else ''}"
        ]
        if k:
            lines.append(
                "  component  variance    share  together  digits (variance, direction)"
            )
        together = np.cumsum(self.explained_variance_ratio)
        for i in range(min(k, _SHOWN)):
            lines.append(
                f"  {i + 1:>9}  {self.explained_variance[i]:>8.4g}  "
                f"{self.explained_variance_ratio[i]:>7.4f}  {together[i]:>8.4f}  "
                f"{self.variance_digits[i]:.0f}, {self.direction_digits[i]:.0f}"
            )
        if k > _SHOWN:
            lines.append(f"  … {k - _SHOWN} more")
        return "\n".join([*lines, *(f"  note: {each}" for each in self.notes)])

    def __repr__(self) -> str:
        k, d = self.components.shape
        return f"<PCA: {k} of {d} components, {self.rows:,} rows, {self.method}>"


def check_whitening(variances: Array, noise: Array, constant: Array) -> None:
    """Raise SingularError when a kept variance is no more than rounding: it cannot be 1."""
    dead = np.flatnonzero(variances <= noise)
    if not len(dead):
        return
    first = int(dead[0])
    columns = f" Constant columns: {_some(constant)}." if len(constant) else ""
    raise SingularError(
        f"pca: whitening divides by √λ, and component {first + 1} of {len(variances)} has "
        f"λ = {variances[first]:.3g}, which is no more than rounding ({noise[first]:.3g}): the "
        f"table has rank {first} after centring.{columns} Ask for components={first} or fewer, "
        "for a share such as components=0.99, or leave whiten=False"
    )


def _some(places: Array, limit: int = 6) -> str:
    shown = ", ".join(str(int(i)) for i in places[:limit])
    return f"{shown} and {len(places) - limit} more" if len(places) > limit else shown


def notes_of(constant: Array, gaps: Array) -> tuple[str, ...]:
    """What a reader should know: constant columns, directions that share an eigenvalue."""
    notes = []
    if len(constant):
        one = len(constant) == 1
        notes.append(
            f"{'column' if one else 'columns'} {_some(constant)} (counted from 0) "
            f"{'is' if one else 'are'} constant: no part in any component"
        )
    blurred = np.flatnonzero(gaps < 1)
    if len(blurred):
        one = len(blurred) == 1
        notes.append(
            f"{'component' if one else 'components'} {_some(blurred + 1)} "
            f"{'shares its' if one else 'share their'} variance with a neighbour up to rounding: "
            "the space they span is determined, the directions in it are not"
        )
    return tuple(notes)
