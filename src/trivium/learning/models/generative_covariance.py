"""Means and covariances of classes by maximum likelihood, singular ones repaired and named.

All in units of each feature's spread, so that the result does not depend on the units of the
columns: rescaling or shifting a column leaves every class probability as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..data.scaling import centre_and_spread
from ..data.words import quoted
from .generative import Estimate, Sample
from .generative_whitening import RIDGE, note_on_condition, whiten

__all__ = ["gaussian"]

Array = np.ndarray[Any, Any]

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


def gaussian(sample: Sample, covariance: str, shrinkage: float | str | None) -> Estimate:
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
        which, one = _named(sample.features, moments.constant)
        notes.append(
            f"{which} the same value in every row and {'says' if one else 'say'} nothing about "
            f"the class; {'its' if one else 'their'} variance was taken as 1 in every "
            "class, which changes no class probability."
        )
    if moments.pure.any():
        which, one = _named(sample.features, moments.pure)
        notes.append(
            f"{which} the same value in all rows of a class but not in all classes; "
            f"{'its' if one else 'their'} variance was taken as {RIDGE:g} of that over all rows, "
            "so that such a feature tells the classes apart almost with certainty."
        )
    return notes


def _named(features: Sequence[str], which: Array) -> tuple[str, bool]:
    """The features with their verb, and whether it is a single one."""
    names = [str(features[int(i)]) for i in np.flatnonzero(which)]
    one = len(names) == 1
    return f"{quoted(names, 6)} {'has' if one else 'have'}", one


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
    sample: Sample, moments: _Moments, separate: bool, shrinkage: float | str | None
) -> tuple[Array, list[str]]:
    """Whitening matrices in the features' units: (d, d), or (K, d, d)."""
    weight, classes = sample.weight, len(sample.classes)
    deviation = np.sqrt(moments.pooled)
    pooled = whiten(moments.residual / deviation, weight, shrinkage, classes)
    shared = pooled.root / deviation
    if not separate:
        return shared / moments.unit, [pooled.note(shrinkage)]
    roots, lacking, conditions, amounts = [], [], [], []
    for k, rows in sample.by_class():
        own = None
        if ((moments.variance[k] > moments.rounding) | moments.constant).all():
            deviation = np.sqrt(np.where(moments.constant, 1.0, moments.variance[k]))
            own = whiten(moments.residual[rows] / deviation, weight[rows], shrinkage, 1)
        if own is None or own.singular:
            roots.append(shared)
            lacking.append(f"{sample.classes[k]!r} ({len(rows):,})")
        else:
            roots.append(own.root / deviation)
            conditions.append(own.condition)
            amounts.append(own.shrinkage)
    notes = []
    if lacking:
        notes.append(
            "Of these classes (examples in brackets) the covariance is singular, and that of "
            f"all classes together was taken instead: {', '.join(lacking[:8])}"
            f"{', …' if len(lacking) > 8 else ''}. A shrinkage, such as 0.1, may spare it."
        )
        notes.append(pooled.note(shrinkage))
    if amounts and shrinkage == "auto":
        notes.append(f"Shrinkage {min(amounts):.3g} to {max(amounts):.3g} was estimated.")
    if conditions:
        notes.append(note_on_condition("covariances", max(conditions)))
    return np.stack(roots) / moments.unit, notes
