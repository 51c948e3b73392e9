"""The empirical Rademacher complexity: how well a class of functions follows random signs."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np

from trivium.engine import random
from trivium.engine.tensor import Tensor
from trivium.learning.data import as_dataset
from trivium.learning.errors import DataError, RequestError

from .inversion import one_number, whole

__all__ = ["Complexity", "rademacher_finite", "rademacher_fitted", "rademacher_linear"]

Array = np.ndarray[Any, Any]

_ENUMERATED = 12  # examples up to which all 2^n signs are gone through


@dataclass(frozen=True)
class Complexity:
    """R̂_S(H) = E_σ sup_h (1/n) Σ σ_i h(x_i), with σ_i = ±1 independent and equally likely.

    ``value``: its estimate, exact where ``exact``; ``standard_error``: of the mean over
    ``draws`` of σ. ``bound``: a closed-form upper bound, or None. ``lower``: whether the
    supremum was only approached from below. ``caveats``: what a bound that uses it rests on.
    """

    value: float
    standard_error: float
    n: int
    draws: int
    exact: bool
    lower: bool
    bound: float | None
    source: str
    caveats: tuple[str, ...] = ()

    def __float__(self) -> float:
        """The closed-form upper bound where there is one, else the value."""
        return self.value if self.bound is None or self.exact else self.bound

    def __str__(self) -> str:
        how = "exact" if self.exact else f"± {self.standard_error:.2g}, {self.draws} draws"
        lines = [
            f"Rademacher complexity {'at least ' if self.lower else ''}{self.value:.4g} ({how}, "
            f"n = {self.n:,})"
        ]
        if self.bound is not None:
            lines.append(f"  at most {self.bound:.4g} ({self.source})")
        lines += [f"  note: {each}" for each in self.caveats]
        return "\n".join(lines)

    __repr__ = __str__


def rademacher_linear(
    x: Any, radius: float, *, norm: int | float = 2, draws: int = 1000, seed: int = 0
) -> Complexity:
    """The complexity of {x ↦ w·x : ‖w‖ ≤ radius} on the examples ``x``.

    Shapes: x (n, …), each example flattened to d features. ``norm``: of w, 2 or 1. The supremum
    for signs σ is radius · ‖Σ σ_i x_i‖* / n (the dual norm), whose mean is estimated from
    ``draws`` draws, exactly for up to 12 examples. The closed form above it is radius · √(Σ
    ‖x_i‖²)/n for norm 2, and radius · max_i ‖x_i‖_∞ √(2 ln(2d)/n) for norm 1. Raises
    RequestError for another norm, a negative radius or no examples.

    Source: Mohri, Rostamizadeh & Talwalkar (2018), theorems 5.10 and 11.15 (the sum instead of
    n times the largest norm is the second step of the proof).
    """
    points = _points(x)
    n, d = points.shape
    if one_number(norm) not in (1, 2):
        raise RequestError(f"rademacher_linear: norm={norm!r}; 1 and 2 are known")
    if not 0 <= one_number(radius) < math.inf:
        raise RequestError(f"rademacher_linear: radius={radius!r} must be finite, not negative")
    signs, exact = _signs(n, whole("draws", draws, 2), seed)
    sums = signs @ points
    dual = np.abs(sums).max(axis=1) if norm == 1 else np.sqrt((sums**2).sum(axis=1))
    if norm == 2:
        bound = radius * float(np.sqrt((points**2).sum())) / n
    else:
        bound = radius * float(np.abs(points).max()) * math.sqrt(2 * math.log(2 * d) / n)
    source = f"Mohri et al. (2018), theorem {'5.10' if norm == 2 else '11.15'}"
    caveat = f"‖w‖ ≤ {radius:g} was fixed before the data were seen"
    return _complexity(radius * dual / n, n, exact, False, bound, source, (caveat,))


def rademacher_finite(predictions: Any, *, draws: int = 1000, seed: int = 0) -> Complexity:
    """The complexity of a finite class, given what each function says on the examples.

    Shapes: predictions (H, n), one row for each function, real numbers (usually ±1). The
    supremum is a maximum over rows; its mean over σ is exact for up to 12 examples, else
    estimated from ``draws`` draws. Above it is Massart's max_h ‖h‖₂ √(2 ln H)/n. Raises
    RequestError for an empty class.

    Source: Mohri, Rostamizadeh & Talwalkar (2018), definition 3.1 and theorem 3.7.
    """
    rows = _array("rademacher_finite: predictions", predictions)
    if rows.ndim != 2 or 0 in rows.shape or rows.dtype.kind not in "biuf":
        raise RequestError(
            f"rademacher_finite: predictions of shape {rows.shape} ({rows.dtype}); numbers (H, "
            "n) are needed, a row for each function and a column for each example"
        )
    rows = rows.astype(np.float64)
    _require_finite("rademacher_finite: predictions", rows)
    count, n = rows.shape
    signs, exact = _signs(n, whole("draws", draws, 2), seed)
    largest = (signs @ rows.T).max(axis=1) / n
    length = float(np.sqrt((rows**2).sum(axis=1).max()))
    bound = length * math.sqrt(2 * math.log(count)) / n
    return _complexity(
        largest, n, exact, False, bound, "Massart's lemma, Mohri et al. (2018), theorem 3.7", ()
    )


def rademacher_fitted(
    model: Any,
    objective: Any,
    algorithm: Any,
    data: Any,
    *,
    draws: int = 10,
    seed: int = 0,
    **options: Any,
) -> Complexity:
    """How well model × objective × algorithm can learn random labels on these examples.

    The labels of ``data`` are replaced by coin flips ``draws`` times and fitted by ``tv.fit``
    with ``options`` (objectives for quantities get -1 and 1, and the sign of the prediction
    counts); each fit's 1 - 2 · (training error) is a value of (1/n) Σ σ_i h(x_i) that the class
    reaches, so their mean is a lower bound of R̂_S(H), as good as the algorithm. Near
    1 the class can learn anything, and a bound that uses it is vacuous. ``data``: a Dataset or
    pair (x, y), whose y is not looked at, or x alone. Raises what ``tv.fit`` raises, saying which
    draw, and DataError for fewer than 4 examples.

    Source: Zhang, Bengio, Hardt, Recht & Vinyals (2017), "Understanding deep learning requires
    rethinking generalization"; Mohri et al. (2018), definition 3.1.
    """
    from .trials import checked_options, derived, fitted, with_labels

    options = checked_options("rademacher_fitted", options)

    quantity = objective.wanted_task(model) == "regression"
    dataset = replace(as_dataset(data), weight=None)
    n, times = len(dataset), whole("draws", draws, 2)
    if n < 4:
        raise DataError(f"{n} examples: random labels of both kinds need at least 4")
    reached = np.empty(times)
    for i in range(times):
        signs = _signs(n, 2, derived(seed, i), enumerate_all=False)[0][0]
        if abs(signs.sum()) == n:  # the constant function follows these exactly
            reached[i] = 1.0
            continue
        flipped = with_labels(dataset, signs if quantity else np.where(signs > 0, "b", "a"))
        found = fitted(
            (model, objective, algorithm), flipped, derived(seed, i, 1),
            f"rademacher_fitted, draw {i + 1}", options,
        )  # fmt: skip
        answers = found.predict(flipped)
        follows = np.where(answers > 0, 1, -1) if quantity else np.where(answers == "b", 1, -1)
        # The opposite function is no member of every class: below 0 a constant does better.
        reached[i] = max(0.0, float((signs * follows).mean()))
    caveat = (
        "the complexity is what the algorithm reached, a lower bound of the supremum: a bound "
        "that uses it holds only as far as the algorithm finds the best fit of random labels"
    )
    return _complexity(reached, n, False, True, None, "Zhang et al. (2017)", (caveat,))


def _points(x: Any) -> Array:
    array = _array("rademacher_linear: x", x)
    if array.ndim == 1:
        array = array[:, None]
    if array.ndim < 2 or array.size == 0 or array.dtype.kind not in "biuf":
        raise RequestError(
            f"rademacher_linear: x of shape {array.shape} ({array.dtype}); numbers (n, d) are "
            "needed, with at least one example"
        )
    points = array.reshape(len(array), -1).astype(np.float64)
    _require_finite("rademacher_linear: x", points)
    return points


def _array(what: str, given: Any) -> Array:
    try:
        return np.asarray(given.value if isinstance(given, Tensor) else given)
    except ValueError:
        raise RequestError(
            f"{what} must be one array; its rows have different lengths"
        ) from None


def _require_finite(what: str, array: Array) -> None:
    bad = ~np.isfinite(array)
    if bad.any():
        raise DataError(f"{what} has {array[bad][0]} at {np.argwhere(bad)[0].tolist()}")
    if np.abs(array).max(initial=0.0) > 1e150:
        raise DataError(f"{what} has numbers above 1e150, whose squares leave double precision")


def _signs(n: int, draws: int, seed: int, *, enumerate_all: bool = True) -> tuple[Array, bool]:
    """Rows of ±1, (draws, n), and whether they are all there are."""
    if enumerate_all and n <= _ENUMERATED:
        return np.array(list(product((-1.0, 1.0), repeat=n))), True
    flips = random.bernoulli(random.key(seed), (draws, n), dtype="float32").value
    return np.where(flips, 1.0, -1.0), False


def _complexity(
    suprema: Array,
    n: int,
    exact: bool,
    lower: bool,
    bound: float | None,
    source: str,
    caveats: tuple[str, ...],
) -> Complexity:
    draws = len(suprema)
    error = 0.0 if exact else float(suprema.std(ddof=1)) / math.sqrt(draws)
    return Complexity(
        float(suprema.mean()), error, n, draws, exact, lower, bound, source, caveats
    )
