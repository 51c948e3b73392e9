"""Means and covariances of classes by maximum likelihood, singular ones repaired and named.

All in units of each feature's spread, so that the result does not depend on the units of the
columns: rescaling or shifting a column leaves every class probability as it is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..data.scaling import centre_and_spread
from ..data.words import quoted
from .generative import Estimate, Sample

__all__ = ["gaussian"]

Array = np.ndarray[Any, Any]

#: What is added to a covariance that is singular, relative to each feature's variance.
RIDGE = 1e-6
# Of the eigenvalues of a correlation matrix, smallest by largest: below it is rounding.
_RANK = 1e-12
_EPS = float(np.finfo(np.float64).eps)


class _Moments(NamedTuple):
    """The sample in units of its spread: z = (x - centre)/unit.

    ``mean`` (K, d); ``residual`` (N, d): z less the mean of its class; ``variance`` (K, d):
    within each class; ``pooled`` (d,): within all classes, repaired so that none is zero.
    ``constant``, ``pure`` (d,): which do not vary at all, or not within any class.
    """

    centre: Array
    unit: Array
    mean: Array
    residual: Array
    variance: Array
    rounding: Array
    pooled: Array
    constant: Array
    pure: Array


def gaussian(sample: Sample, covariance: str, shrinkage: float | None) -> Estimate:
    """The parameters ``mean`` and ``root`` (see ``GaussianClassifier``), with notes."""
    moments = _moments(sample)
    notes = _notes_on_features(sample, moments)
    if covariance.endswith("diagonal"):
        deviations, more = _deviations(sample, moments, covariance == "shared-diagonal")
        root = 1 / (deviations * moments.unit)
    else:
        root, more = _roots(sample, moments, covariance == "separate", shrinkage)
    mean = moments.centre + moments.unit * moments.mean
    return Estimate({"mean": mean, "root": root}, [*notes, *more])


def _moments(sample: Sample) -> _Moments:
    weight = sample.weight
    centre, spread = centre_and_spread(sample.x, weight)
    constant = spread == 0
    unit = np.where(constant, 1.0, spread)
    z = np.where(constant, 0.0, (sample.x - centre) / unit)
    totals = sample.totals[:, None]
    mean = sample.sums(z) / totals
    residual = z - mean[sample.codes]
    # A second pass, because the first mean is only as good as its rounding.
    shift = sample.sums(residual) / totals
    mean, residual = mean + shift, residual - shift[sample.codes]
    variance = sample.sums(residual**2) / totals
    largest = np.abs(sample.x[weight > 0]).max(axis=0) / unit
    rounding = (16 * _EPS * np.where(constant, 0.0, largest)) ** 2
    pooled = (sample.totals @ variance) / sample.totals.sum()
    pure = (pooled <= rounding) & ~constant
    pooled = np.where(constant, 1.0, np.where(pure, RIDGE, pooled))
    return _Moments(centre, unit, mean, residual, variance, rounding, pooled, constant, pure)


def _notes_on_features(sample: Sample, moments: _Moments) -> list[str]:
    notes = []
    if moments.constant.any():
        which = _named(sample.features, moments.constant)
        notes.append(
            f"{which} the same value in every row and say nothing about the class; their "
            "variance was taken as 1 in every class, which changes no class probability."
        )
    if moments.pure.any():
        which = _named(sample.features, moments.pure)
        notes.append(
            f"{which} the same value in all rows of a class but not in all classes; their "
            f"variance was taken as {RIDGE:g} of that over all rows, so that such a feature "
            "tells the classes apart almost with certainty."
        )
    return notes


def _named(features: Sequence[str], which: Array) -> str:
    names = [str(features[int(i)]) for i in np.flatnonzero(which)]
    return f"{quoted(names, 6)} {'has' if len(names) == 1 else 'have'}"


def _deviations(sample: Sample, moments: _Moments, shared: bool) -> tuple[Array, list[str]]:
    """Standard deviations in z's units: (d,), or (K, d) with zeros taken from all classes."""
    if shared:
        return np.sqrt(moments.pooled), []
    zero = moments.variance <= moments.rounding
    found = np.where(zero, moments.pooled, moments.variance)
    changed = zero & ~moments.constant & ~moments.pure
    notes = []
    if changed.any():
        k, j = (int(i) for i in np.argwhere(changed)[0])
        count = int(changed.sum())
        more = f", and {count - 1:,} more such pairs" if count > 1 else ""
        notes.append(
            f"{sample.features[j]!r} has variance zero in the class {sample.classes[k]!r}"
            f"{more}: there the variance within all classes together was taken."
        )
    return np.sqrt(found), notes


def _roots(
    sample: Sample, moments: _Moments, separate: bool, shrinkage: float | None
) -> tuple[Array, list[str]]:
    """Whitening matrices in the features' units: (d, d), or (K, d, d)."""
    weight = sample.weight[:, None]
    scatter = moments.residual.T @ (weight * moments.residual) / sample.totals.sum()
    shared = _whiten(scatter, np.sqrt(moments.pooled), shrinkage)
    notes = [] if separate else _notes_on_rank(shared)
    root = shared.repaired()
    if not separate:
        return root / moments.unit, notes
    roots, lacking, conditions, borrowed = [], [], [], False
    for k, rows in sample.by_class():
        variance = np.where(moments.constant, 1.0, moments.variance[k])
        flat = (moments.variance[k] <= moments.rounding) & ~moments.constant
        own = None
        if not flat.any():
            residual = moments.residual[rows]
            scatter = residual.T @ (weight[rows] * residual) / sample.totals[k]
            own = _whiten(scatter, np.sqrt(variance), shrinkage)
        if own is None or own.root is None:
            roots.append(root)
            lacking.append(f"{sample.classes[k]!r} ({len(rows):,})")
            borrowed = True
        else:
            roots.append(own.root)
            conditions.append(own.condition)
    if borrowed:
        notes.append(
            "Of these classes (examples in brackets) the covariance is singular, and that of "
            f"all classes together was taken instead: {', '.join(lacking[:8])}"
            f"{', …' if len(lacking) > 8 else ''}. With shrinkage=0.1, say, each keeps its own."
        )
        notes += _notes_on_rank(shared)
    if conditions:
        notes.append(_note_on_condition("covariances", max(conditions)))
    return np.stack(roots) / moments.unit, notes


class _Whitening(NamedTuple):
    """L⁻¹ D⁻¹ for the covariance D C D, C = L Lᵀ; ``root`` is None where C is singular."""

    correlation: Array
    deviation: Array
    rank: int
    condition: float
    root: Array | None

    def repaired(self) -> Array:
        """The root, of C + RIDGE·I where C is singular."""
        if self.root is not None:
            return self.root
        steadied = self.correlation + RIDGE * np.eye(len(self.correlation))
        return _inverse_factor(steadied) / self.deviation


def _whiten(scatter: Array, deviation: Array, shrinkage: float | None) -> _Whitening:
    correlation = scatter / deviation[:, None] / deviation
    if shrinkage is not None:
        correlation = (1 - shrinkage) * correlation
    # Exactly 1, also where the variance was repaired.
    np.fill_diagonal(correlation, 1.0)
    eigenvalues = np.linalg.eigvalsh(correlation)
    least = max(_RANK, 10 * len(deviation) * _EPS) * eigenvalues[-1]
    rank = int((eigenvalues > least).sum())
    full = rank == len(deviation)
    condition = float(eigenvalues[-1] / eigenvalues[0]) if full else math.inf
    root = _inverse_factor(correlation) / deviation if full else None
    return _Whitening(correlation, deviation, rank, condition, root)


def _inverse_factor(matrix: Array) -> Array:
    """L⁻¹ of the Cholesky factor: lower triangular."""
    from scipy.linalg import solve_triangular

    factor = np.linalg.cholesky(matrix)
    found: Array = solve_triangular(factor, np.eye(len(matrix)), lower=True)
    return found


def _notes_on_rank(shared: _Whitening) -> list[str]:
    size = len(shared.deviation)
    if shared.root is None:
        return [
            f"The covariance within the classes is singular (rank {shared.rank} for {size} "
            f"features): {RIDGE:g} of each variance was added to the diagonal. Where features "
            "follow from others in the same way in all classes this changes nothing; for few "
            "examples give shrinkage=0.1, say."
        ]
    return [_note_on_condition("covariance", shared.condition)]


def _note_on_condition(what: str, condition: float) -> str:
    lost = round(math.log10(max(condition, 1.0)))
    return (
        f"Condition number of the {what} (as correlations) {condition:.2g}, so about {lost} of "
        "16 digits are lost."
    )
