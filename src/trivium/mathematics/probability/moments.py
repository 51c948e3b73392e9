"""Expectation, variance, covariance and correlation, of samples with intervals.

Source: Lehmann (1999), *Elements of Large-Sample Theory*, §5.2 (moments); Fisher (1921),
Metron 1, 3 (correlation); Bonett & Wright (2000), Psychometrika 65, 23 (Spearman).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from trivium.engine.array.arguments import ArrayLike
from trivium.engine.composites import as_tensor
from trivium.engine.errors import ArgumentError, DomainError, ShapeError

from .distribution import Distribution, Interval
from .divergence import integrated
from .support import as_data, level_of

__all__ = [
    "Moment",
    "correlation",
    "covariance",
    "expectation",
    "partial_correlation",
    "variance",
]

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Moment:
    """An estimated moment.

    ``estimate``, ``standard_error`` (NaN where none is known), ``interval`` at ``level``,
    ``p_value`` of the hypothesis that it is 0 (None if not tested), ``n`` observations, ``name``
    and ``assumptions`` in words.
    """

    name: str
    estimate: float
    standard_error: float
    interval: Interval
    level: float
    n: int
    p_value: float | None
    assumptions: tuple[str, ...]

    def __float__(self) -> float:
        return self.estimate

    def __str__(self) -> str:
        test = "" if self.p_value is None else f", p = {self.p_value:.3g} against 0"
        return "\n".join(
            [
                f"{self.name} = {self.estimate:.6g} (n = {self.n})",
                f"  {100 * self.level:g} % interval {self.interval[0]:.6g} … "
                f"{self.interval[1]:.6g}{test}",
                *(f"  assumes: {each}" for each in self.assumptions),
            ]
        )


def _level(level: float) -> float:
    return 0.5 + level_of(level) / 2


def _column(data: ArrayLike, what: str, fewest: int) -> Array:
    values = as_data(data, what)
    if values.ndim != 1:
        raise ShapeError(f"the {what} must be a vector (n,), not of shape {values.shape}")
    if len(values) < fewest:
        raise ArgumentError(
            f"the {what} have {len(values)} observations; at least {fewest} are needed"
        )
    return values


def _in_range(name: str, value: float, varies: bool) -> float:
    """``value``, unless it has left double precision. Raises ArgumentError."""
    if not math.isfinite(value) or (value == 0 and varies):
        raise ArgumentError(
            f"{name}: its value leaves the range of double precision; rescale the data, for "
            "example by the largest of them"
        )
    return value


def _pair(x: ArrayLike, y: ArrayLike, fewest: int) -> tuple[Array, Array]:
    first, second = _column(x, "values of x", fewest), _column(y, "values of y", fewest)
    if len(first) != len(second):
        raise ShapeError(
            f"x has {len(first)} observations and y {len(second)}; they must come in pairs"
        )
    return first, second


def expectation(
    subject: ArrayLike | Distribution,
    function: Callable[[Any], Any] | None = None,
    *,
    level: float = 0.95,
) -> Any:
    """E f(X): of a Distribution as a number, of a sample as a Moment with its t interval.

    ``function``: f, elementwise on arrays or Tensors; None is the identity. For a distribution
    of one number it is a sum or a quadrature (about ten digits for a smooth f); an
    expectation that is infinite or does not exist is not recognised as such. Raises
    ArgumentError for batches and for fewer than two observations.
    """
    if isinstance(subject, Distribution):
        if function is None:
            return float(subject.mean.item())
        return integrated(subject, lambda x: _applied(function, x))
    given = as_data(subject, "data")
    values = _column(given if function is None else _applied(function, given), "values", 2)
    from .continuous import StudentT

    with np.errstate(all="ignore"):
        n, mean = len(values), _in_range("expectation", float(values.mean()), False)
        error = float(values.std(ddof=1)) / math.sqrt(n)
    error = _in_range("expectation", error, bool((values != values[0]).any()))
    reach = float(StudentT(n - 1).quantile(_level(level)))
    return Moment(
        "mean", mean, error, (mean - reach * error, mean + reach * error), level, n, None,
        ("independent observations; normal ones, or enough of them for the mean to be normal",),
    )  # fmt: skip


def _applied(function: Callable[[Any], Any], x: Array) -> Array:
    return np.asarray(as_tensor(function(x)).value, dtype=np.float64)


def variance(data: ArrayLike, *, level: float = 0.95, normal: bool = False) -> Moment:
    """The unbiased variance Σ(x - x̄)²/(n - 1) of a sample.

    ``normal``: the data are known to be normal, so that the χ² interval is exact; otherwise the
    interval is that of ln s² with the sample's own fourth moment, for large n. Raises
    ArgumentError for fewer than two observations (four without ``normal``).
    """
    from scipy import special

    values = _column(data, "data", 2 if normal else 4)
    with np.errstate(all="ignore"):
        n, centred = len(values), values - values.mean()
        estimate = float((centred**2).sum()) / (n - 1)
        fourth = float((centred**4).mean())
    varies = bool((values != values[0]).any())
    estimate = _in_range("variance", estimate, varies)
    fourth = _in_range("variance", fourth, varies)
    if normal:
        half, tail = (n - 1) / 2, 1 - _level(level)
        low, high = (
            (n - 1) * estimate / (2 * float(f(half, tail)))
            for f in (special.gammainccinv, special.gammaincinv)
        )
        error = estimate * math.sqrt(2 / (n - 1))
        words = "independent normal observations (the χ² interval is wrong without normality)"
        return Moment("variance", estimate, error, (low, high), level, n, None, (words,))
    if estimate == 0:
        note = "all observations are equal: nothing is known of the spread of others"
        return Moment("variance", 0.0, math.nan, (0.0, math.inf), level, n, None, (note,))
    spread = float((centred**2).mean())
    kurtosis = fourth / spread**2
    relative = math.sqrt(max(kurtosis - (n - 3) / (n - 1), 0.0) / n)
    reach = math.exp(float(special.ndtri(_level(level))) * relative)
    words = "independent observations with a fourth moment, and many of them"
    return Moment(
        "variance", estimate, estimate * relative, (estimate / reach, estimate * reach),
        level, n, None, (words,),
    )  # fmt: skip


def covariance(x: ArrayLike, y: ArrayLike, *, level: float = 0.95) -> Moment:
    """The unbiased covariance Σ(x - x̄)(y - ȳ)/(n - 1) of two samples, with its interval.

    The interval is the large-sample one with the standard error √(Var((x - x̄)(y - ȳ))/n).
    Raises ShapeError for unequal lengths, ArgumentError for fewer than four pairs.
    """
    from scipy import special

    first, second = _pair(x, y, 4)
    n = len(first)
    with np.errstate(all="ignore"):
        products = (first - first.mean()) * (second - second.mean())
        estimate = _in_range("covariance", float(products.sum()) / (n - 1), False)
        error = float(products.std(ddof=1)) / math.sqrt(n)
    error = _in_range("covariance", error, False)
    reach = float(special.ndtri(_level(level))) * error
    words = "independent pairs with fourth moments, and many of them"
    return Moment(
        "covariance", estimate, error, (estimate - reach, estimate + reach), level, n, None,
        (words,),
    )  # fmt: skip


def correlation(
    x: ArrayLike, y: ArrayLike, *, method: str = "pearson", level: float = 0.95
) -> Moment:
    """The correlation of two samples: Pearson's r or Spearman's ρ (r of the ranks).

    The interval is Fisher's: artanh r is nearly normal with variance 1/(n - 3) (Spearman: (1 +
    ρ²/2)/(n - 3)). The p-value of no correlation is that of t = r √((n - 2)/(1 - r²)), exact
    for normal pairs. Raises DomainError when one sample is constant, ArgumentError for fewer
    than four pairs or another method.
    """
    first, second = _pair(x, y, 4)
    if not isinstance(method, str) or method not in ("pearson", "spearman"):
        raise ArgumentError(f'correlation: method is "pearson" or "spearman", not {method!r}')
    ranks = method == "spearman"
    if ranks:
        from scipy import stats

        first, second = stats.rankdata(first), stats.rankdata(second)
    words = (
        "independent pairs; a monotone relation is what it measures"
        if ranks
        else "independent pairs, normal for the interval and p-value to be exact; a linear "
        "relation is what it measures"
    )
    return _correlated(
        "Spearman's ρ" if ranks else "Pearson's r", first, second, 0, level, ranks, words
    )


def _correlated(
    name: str, x: Array, y: Array, given: int, level: float, ranks: bool, words: str
) -> Moment:
    """The correlation of x and y, from which ``given`` variables have been regressed out."""
    from scipy import special

    from .continuous import StudentT

    n = len(x)
    estimate = _pearson(x, y, "x", "y")
    freedom = n - given - 2
    rest = max(1.0 - estimate * estimate, 0.0)
    if rest == 0:
        p_value, error = (0.0, 0.0)
    else:
        t = abs(estimate) * math.sqrt(freedom / rest)
        p_value = 2.0 * float(StudentT(freedom).survival(t))
        error = math.sqrt(rest / freedom)
    scale = 1.0 + (0.5 * estimate * estimate if ranks else 0.0)
    reach = float(special.ndtri(_level(level))) * math.sqrt(scale / (n - given - 3))
    if rest == 0:
        ends = (estimate, estimate)
    else:
        centre = math.atanh(estimate)
        ends = (math.tanh(centre - reach), math.tanh(centre + reach))
    return Moment(name, estimate, error, ends, level, n, min(p_value, 1.0), (words,))


def _pearson(x: Array, y: Array, first: str, second: str) -> float:
    scaled = []
    for name, values in ((first, x), (second, y)):
        centred = values - values.mean()
        largest = float(np.abs(centred).max())
        # Rounding of the mean leaves a few units in the last place of a constant.
        if largest <= 8 * np.finfo(float).eps * float(np.abs(values).max()):
            raise DomainError(
                f"correlation: {name} is constant ({values[0]:g}), so its variance is 0 and a "
                "correlation does not exist"
            )
        centred = centred / largest
        scaled.append(centred / np.linalg.norm(centred))
    return float(np.clip(scaled[0] @ scaled[1], -1.0, 1.0))


def partial_correlation(
    x: ArrayLike, y: ArrayLike, given: ArrayLike, *, level: float = 0.95
) -> Moment:
    """The correlation of x and y, given other variables: that of the least squares residuals.

    ``given``: (n,) or (n, k). For normal vectors it is 0 exactly when x and y are independent
    given the others. Interval and p-value lose one degree of freedom per independent column
    (Fisher 1924). Raises DomainError when the others determine x or y, ArgumentError when there
    are fewer than k + 4 observations.
    """
    others = as_data(given, "values of given")
    others = others[:, None] if others.ndim == 1 else others
    if others.ndim != 2:
        raise ShapeError(f"given must be (n,) or (n, k), not of shape {others.shape}")
    first, second = _pair(x, y, others.shape[1] + 4)
    if len(others) != len(first):
        raise ShapeError(f"given has {len(others)} rows, x has {len(first)}")
    centred = others - others.mean(axis=0)
    size = np.abs(centred).max(axis=0)
    left, values, _ = np.linalg.svd(
        centred / np.where(size > 0, size, 1.0), full_matrices=False
    )
    rank = int((values > len(first) * np.finfo(float).eps * values.max(initial=0.0)).sum())
    basis = left[:, :rank]
    residuals = []
    for name, column in (("x", first), ("y", second)):
        centre = column - column.mean()
        rest = centre - basis @ (basis.T @ centre)
        rest = rest - basis @ (basis.T @ rest)  # twice is enough
        if np.linalg.norm(rest) <= 1e-12 * max(float(np.linalg.norm(centre)), 1e-300):
            raise DomainError(
                f"partial_correlation: the given variables determine {name}, so nothing of it is "
                "left to correlate"
            )
        residuals.append(rest)
    words = (
        f"independent rows, normal and linear in the {rank} given variable"
        f"{'' if rank == 1 else 's'}; it is about conditional independence only then"
    )
    return _correlated(
        "partial correlation", residuals[0], residuals[1], rank, level, False, words
    )
