"""Is it a power law, from where on, and with which exponent?

Source: Clauset, Shalizi & Newman (2009), SIAM Review 51, 661: maximum likelihood (§3.1), the
minimum by the Kolmogorov-Smirnov distance (§3.3), goodness of fit by a semi-parametric bootstrap
(§4.1). The discrete likelihood is the exact one, with the Hurwitz zeta function, also for
small minima, where the usual approximation α ≈ 1 + n/Σ ln(x/(m - ½)) is off.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from trivium.engine import random
from trivium.engine.array.arguments import ArrayLike
from trivium.engine.errors import ArgumentError, DomainError
from trivium.engine.program import Program
from trivium.engine.tensor import input
from trivium.engine.transforms import grad

from .power_law import DiscretePowerLaw, PowerLaw, log_zeta
from .special import log_hurwitz_zeta
from .support import as_data, one_number, whole_count

__all__ = ["PowerLawFit", "fit_power_law"]

Array = np.ndarray[Any, Any]
CANDIDATES = 400
FEWEST = 10
PAIRS = 100_000


@dataclass(frozen=True)
class PowerLawFit:
    """A fitted power law and how far it can be trusted.

    ``distribution``: PowerLaw or DiscretePowerLaw. ``exponent``, ``minimum``: α and m.
    ``standard_error``: of α, from Fisher's information, for the minimum as it was chosen.
    ``distance``: the Kolmogorov-Smirnov distance of the tail. ``tail``: how many of the ``n``
    observations are at or above the minimum. ``p_value``: the share of ``bootstrap`` synthetic
    data sets that fit worse, None if none were asked for; below 0.1 a power law is implausible
    (§4.1 of the source). ``candidates``: how many minima were compared; ``notes``.
    """

    distribution: PowerLaw | DiscretePowerLaw
    exponent: float
    minimum: float
    standard_error: float
    distance: float
    tail: int
    n: int
    log_likelihood: float
    p_value: float | None
    bootstrap: int
    candidates: int
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        kind = "discrete" if self.distribution.discrete else "continuous"
        lines = [
            f"Power law ({kind}): p(x) ∝ x^-α for x ≥ {self.minimum:g}",
            f"  α = {self.exponent:.4f} ± {self.standard_error:.4f} (standard error), "
            f"{self.tail} of {self.n} observations in the tail",
            f"  Kolmogorov-Smirnov distance {self.distance:.4f}, log-likelihood "
            f"{self.log_likelihood:.4f}",
        ]
        if self.p_value is None:
            lines.append("  goodness of fit not tested; ask with bootstrap=1000")
        else:
            verdict = "implausible" if self.p_value < 0.1 else "not ruled out"
            margin = 0.5 / math.sqrt(self.bootstrap)
            lines.append(
                f"  goodness of fit p = {self.p_value:.3f} (± {margin:.3f}, {self.bootstrap} "
                f"bootstrap samples): a power law is {verdict}"
            )
        return "\n".join([*lines, *(f"  {note}" for note in self.notes)])


def fit_power_law(
    data: ArrayLike,
    *,
    minimum: float | None = None,
    discrete: bool | None = None,
    bootstrap: int = 0,
    seed: int = 0,
) -> PowerLawFit:
    """Fit a power law to the tail of ``data``, by exact maximum likelihood.

    ``minimum``: where the tail starts; None chooses the observed value whose tail is nearest to
    its fitted law. ``discrete``: None takes whole numbers as discrete. ``bootstrap``: number of
    synthetic samples for the p-value (0: none), drawn from ``seed``. Raises ArgumentError for
    data that are not positive, DomainError when no tail has two different values.
    """
    values = np.sort(as_data(data, "data of a power law").reshape(-1))
    if not values.size:
        raise ArgumentError("a power law cannot be fitted to no observations")
    if values[0] <= 0:
        raise ArgumentError(
            f"a power law is of positive numbers; the data hold {values[0]:g} "
            f"({int((values <= 0).sum())} at or below 0): drop or shift them"
        )
    whole = bool((values == np.floor(values)).all())
    if discrete is not None and not isinstance(discrete, bool):
        raise ArgumentError(f"fit_power_law: discrete is True, False or None, not {discrete!r}")
    bootstrap = whole_count("fit_power_law", "bootstrap", bootstrap, 0)
    if discrete and not whole:
        raise ArgumentError("a discrete power law is of whole numbers; the data have fractions")
    kind = whole if discrete is None else bool(discrete)
    scan = _discrete_scan if kind else _continuous_scan
    starts, notes = _starts(values, minimum, kind)
    alpha, low, distance = _best(scan, values, starts)
    law: Any = (DiscretePowerLaw if kind else PowerLaw)(alpha, low)
    tail = values[values >= low]
    if len(tail) < 50:
        notes.append(f"With {len(tail)} observations in the tail, α is uncertain and biased.")
    p_value = None
    if bootstrap:
        p_value = _bootstrap(
            law, values, low, distance, bootstrap, seed, scan, minimum is not None, kind
        )
    information = law.family_or_refuse().fisher_information(law.natural).item()
    return PowerLawFit(
        distribution=law,
        exponent=alpha,
        minimum=low,
        standard_error=1.0 / math.sqrt(len(tail) * information),
        distance=distance,
        tail=len(tail),
        n=len(values),
        log_likelihood=float(law.log_density(tail).value.sum()),
        p_value=p_value,
        bootstrap=bootstrap,
        candidates=len(starts),
        notes=tuple(notes),
    )


def _starts(values: Array, minimum: float | None, kind: bool) -> tuple[Array, list[str]]:
    """The minima to compare: observed values with enough different ones above."""
    if minimum is not None:
        low = one_number(minimum)
        if not 0 < low < math.inf or (kind and low != math.floor(low)):
            raise ArgumentError(
                f"the minimum of a {'discrete ' if kind else ''}power law must be a positive "
                f"{'whole ' if kind else ''}number, not {minimum!r}"
            )
        if not (values > low).any():
            raise DomainError(
                f"no observation is above the minimum {low:g}, so the likelihood grows without "
                "bound with α; the largest is {:g}".format(values[-1])
            )
        return np.array([low]), []
    unique = np.unique(values)[:-1]
    if not len(unique):
        raise DomainError(
            f"all {len(values)} observations are {values[0]:g}: the likelihood of a power law "
            "grows without bound with α"
        )
    above = len(values) - np.searchsorted(values, unique)
    kept = unique[above >= min(FEWEST, len(values))]
    if len(kept) <= CANDIDATES:
        return kept, []
    places = np.unique(np.linspace(0, len(kept) - 1, CANDIDATES).round().astype(int))
    note = f"Of {len(kept)} possible minima, {len(places)} evenly spread ones were compared."
    return kept[places], [note]


Scan = Callable[[Array, Array], tuple[Array, Array]]


def _best(scan: Scan, values: Array, starts: Array) -> tuple[float, float, float]:
    exponents, distances = scan(values, starts)
    place = int(np.nanargmin(distances))
    return float(exponents[place]), float(starts[place]), float(distances[place])


def _log_means(values: Array, starts: Array) -> tuple[Array, Array]:
    """The number in each tail and the mean of ln(x/m) there."""
    logs = np.log(values)
    sums = np.concatenate([np.cumsum(logs[::-1])[::-1], [0.0]])
    first = np.searchsorted(values, starts)
    counts = len(values) - first
    return counts, np.maximum(sums[first] / counts - np.log(starts), 1e-300)


def _continuous_scan(values: Array, starts: Array) -> tuple[Array, Array]:
    _, mean = _log_means(values, starts)
    exponents = 1.0 + 1.0 / mean
    distances = np.empty(len(starts))
    for i, (low, alpha) in enumerate(zip(starts, exponents, strict=True)):
        tail = values[np.searchsorted(values, low) :]
        fitted = -np.expm1((1.0 - alpha) * np.log(tail / low))
        steps = np.arange(len(tail) + 1) / len(tail)
        distances[i] = max(np.max(steps[1:] - fitted), np.max(fitted - steps[:-1]))
    return exponents, distances


@lru_cache(maxsize=256)
def _zeta_program(count: int) -> Program:
    """ln ζ(α, m) + α ln m and its first two derivatives in α, for several α and m at once."""
    alpha, low = input((count,), name="exponent"), input((count,), name="minimum")

    def slope(a: Any) -> Any:
        return grad(lambda e: log_hurwitz_zeta(e, low).sum())(a)

    curvature = grad(lambda a: slope(a).sum())(alpha)
    return Program([alpha, low], (slope(alpha), curvature), backend="reference")


def _discrete_exponents(mean: Array, starts: Array) -> Array:
    """Newton's method in ln(α - 1) for all minima together: -d/dα ln ζ(α, m) = mean of ln x."""
    # Padded to a power of two, so that a bootstrap does not build a program for every count.
    count = len(starts)
    padding = (0, (1 << (count - 1).bit_length()) - count)
    mean, starts = np.pad(mean, padding, mode="edge"), np.pad(starts, padding, mode="edge")
    program = _zeta_program(len(starts))
    target = mean + np.log(starts)
    u = -np.log(mean + np.log(starts / (starts - 0.5)))  # ln(α - 1) of the approximation
    for _ in range(100):
        excess = np.exp(u)
        slope, curvature = program.run(1.0 + excess, starts)
        gap = slope + target
        # d/du = excess d/dα; the second derivative of the convex likelihood, kept positive
        step = gap * excess / (curvature * excess**2 + np.abs(gap) * excess + 1e-300)
        step = np.clip(step, -1.0, 1.0)
        newton = gap / (curvature * excess)
        step = np.where(np.abs(newton) < 0.1, newton, step)
        u = u - step
        if np.all(np.abs(step) < 1e-14 * np.maximum(1.0, np.abs(u))):
            break
    return (1.0 + np.exp(u))[:count]


def _discrete_scan(values: Array, starts: Array) -> tuple[Array, Array]:
    _, mean = _log_means(values, starts)
    exponents = _discrete_exponents(mean, starts)
    unique, counts = np.unique(values, return_counts=True)
    first = np.searchsorted(unique, starts)
    # The distance is largest at an observed value or just before the next one.
    points = np.concatenate([unique, unique[1:] - 1])
    cumulative = np.cumsum(counts)
    reached = np.concatenate([cumulative, cumulative[:-1]])
    total = cumulative[-1]
    below = np.where(first > 0, cumulative[first - 1], 0)
    # All pairs of a minimum and a point above it, a few at a time: one expression for many.
    i, j = np.nonzero(points[None, :] >= starts[:, None])
    log_low = log_zeta(exponents, starts)
    gaps = np.empty(len(i))
    for at in range(0, len(i), PAIRS):
        k, m = i[at : at + PAIRS], j[at : at + PAIRS]
        survival = np.exp(log_zeta(exponents[k], points[m] + 1) - log_low[k])
        gaps[at : at + PAIRS] = np.abs(survival - (total - reached[m]) / (total - below[k]))
    distances = np.zeros(len(starts))
    np.maximum.at(distances, i, gaps)
    return exponents, distances


def _bootstrap(
    law: Any,
    values: Array,
    low: float,
    distance: float,
    count: int,
    seed: int,
    scan: Scan,
    known: bool,
    kind: bool,
) -> float:
    """The share of synthetic samples whose own best fit is farther away than the data's.

    Below the minimum they repeat the data, above it they follow the fitted law.
    """
    body = values[values < low]
    share = 1.0 - len(body) / len(values)
    worse = 0
    for key in random.split(random.key(seed), max(count, 2))[:count]:
        first, second, third = random.split(key, 3)
        inside = random.uniform(first, (len(values),)).value < share
        size = int(inside.sum())
        sample = np.asarray(law.sample(size, key=second))
        if size < len(values):
            chosen = random.integers(third, (len(values) - size,), high=len(body)).value
            sample = np.concatenate([body[chosen], sample])
        sample.sort()
        try:
            starts, _ = _starts(sample, low if known else None, kind)
            worse += _best(scan, sample, starts)[2] >= distance
        except DomainError:  # a tail of one value, which fits anything
            continue
    return worse / count
