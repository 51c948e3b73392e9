"""Entropy and mutual information estimated from samples: the public functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from trivium.engine import host_random
from trivium.engine.array.arguments import integer
from trivium.engine.errors import ArgumentError, DTypeError, ShapeError
from trivium.engine.tensor import Tensor
from trivium.mathematics.errors import DomainError

from .counts import METHODS, entropy_of_counts, jackknife_deviation, table
from .estimate import Baseline, Estimate
from .neighbours import Space, joint_points, ksg, mixed
from .units import nats_in

__all__ = ["estimate_entropy", "estimate_mutual_information"]

Array = np.ndarray[Any, Any]

_NEIGHBOURS = ("ksg1", "ksg2", "mixed")


def estimate_entropy(x: Any, *, method: str = "miller-madow", unit: str = "nats") -> Estimate:
    """The entropy of a discrete variable from samples, with its bias and standard error.

    Shapes: ``x`` (n,) labels of any kind, or (n, d), whose rows are the values. ``method``:
    "plug-in" (too low by about (K - 1)/(2n) for K values), "miller-madow" (adds that),
    "grassberger", "chao-shen" (counts values not seen) or "jackknife". ``unit``: "nats", "bits"
    or "bans". Numbers count as values, not as points of a line: a continuous variable has no
    entropy in this sense. Raises ShapeError for no samples, DomainError for missing ones,
    ArgumentError for a method or unit that does not exist.

    Sources: see each method in ``counts``; Paninski (2003), Neural Computation 15, for the bias.
    """
    asked = "estimate_entropy"
    size = nats_in(asked, unit)
    _check_method(asked, method, tuple(METHODS))
    codes = _codes(_samples(asked, "x", x))
    counts, _ = table(codes)
    value, raw = entropy_of_counts(counts, method), entropy_of_counts(counts, "plug-in")
    n, once = int(counts.sum()), int((counts == 1).sum())
    notes = []
    if len(counts) == 1:
        notes.append("all samples are equal")
    if once > 0.1 * n:
        notes.append(
            f"{once:,} of {n:,} samples have a value that was seen once, so about {once / n:.0%} "
            "of the probability lies on values that were not seen; the entropy is mostly a guess"
        )
    return Estimate(
        quantity="H(X)",
        value=value / size,
        unit=unit,
        method=method,
        samples=n,
        uncorrected=raw / size,
        standard_error=jackknife_deviation(counts, []) / size,
        upper_bound=None,
        notes=tuple(notes),
    )


def estimate_mutual_information(
    x: Any,
    y: Any,
    *,
    method: str = "auto",
    neighbours: int = 3,
    permutations: int = 0,
    seed: int = 0,
    unit: str = "nats",
) -> Estimate:
    """The mutual information of two variables from samples, with bias, error and a baseline.

    Shapes: ``x`` and ``y`` (n,), or (n, d) for several columns taken together. Floats are
    points of a space, everything else (whole numbers, text, truth values) labels; make whole
    numbers that are quantities floats. ``method``:

    - "plug-in", "miller-madow", "grassberger", "chao-shen", "jackknife": Ĥ(X) + Ĥ(Y) - Ĥ(X, Y)
      from counts; every different value is a label;
    - "ksg1", "ksg2": from k = ``neighbours`` nearest neighbours, for continuous variables;
    - "mixed": for a label with points, or for points of which some coincide;
    - "auto": "miller-madow" for two labels, "ksg1" for points without ties, else "mixed".

    Points are standardised column by column and compared by the maximum norm. ``permutations``:
    how many times y is shuffled (by ``seed``) to see what the same method finds where there is
    no dependence; 200 are usual. ``unit``: "nats", "bits" or "bans". Estimates are not clipped:
    a negative one says that the truth is near 0. Raises ShapeError for lengths that differ or
    fewer samples than neighbours, DomainError for values that are not finite, DTypeError for
    text where numbers are needed, ArgumentError for options that do not exist.

    Sources: Kraskov, Stögbauer & Grassberger (2004); Gao et al. (2017); Ross (2014); see
    ``neighbours`` and ``counts``.
    """
    asked = "estimate_mutual_information"
    size = nats_in(asked, unit)
    _check_method(asked, method, ("auto", *METHODS, *_NEIGHBOURS))
    left, right = _samples(asked, "x", x), _samples(asked, "y", y)
    if len(left) != len(right):
        raise ShapeError(
            f"{asked}: x holds {len(left):,} samples and y {len(right):,}; both need one for "
            "each joint observation"
        )
    times = integer(asked, "permutations", permutations)
    if times < 0:
        raise ArgumentError(f"{asked}: permutations={times}; 0 or more are possible")
    k = integer(asked, "neighbours", neighbours)
    chosen = _choose(left, right) if method == "auto" else method
    if chosen in METHODS:
        found, again = _from_counts(left, right, chosen)
    else:
        found, again = _from_neighbours(asked, left, right, chosen, k)
    value, uncorrected, deviation, bound, notes = found
    baseline = _baseline(again, value, len(left), times, seed, size) if times else None
    return Estimate(
        quantity="I(X; Y)",
        value=value / size,
        unit=unit,
        method=chosen if chosen in METHODS else f"{chosen}, k = {k}",
        samples=len(left),
        uncorrected=None if uncorrected is None else uncorrected / size,
        standard_error=deviation / size,
        upper_bound=None if bound is None else bound / size,
        baseline=baseline,
        notes=(*notes, *_doubts(value, bound, len(left), unit, size)),
    )


# value, uncorrected, standard error, upper bound, notes: all in nats
_Found = tuple[float, float | None, float, float | None, list[str]]
_Again = Callable[[Array], float]


def _check_method(asked: str, method: Any, known: tuple[str, ...]) -> None:
    if not isinstance(method, str) or method not in known:
        raise ArgumentError(f"{asked}: no method {method!r}; choose one of {', '.join(known)}")


def _array(asked: str, name: str, given: Any) -> Array:
    try:
        return np.asarray(given.value if isinstance(given, Tensor) else given)
    except ValueError:
        raise ShapeError(
            f"{asked}: {name} must be one array, but its rows have different lengths"
        ) from None


def _samples(asked: str, name: str, given: Any) -> Array:
    """Samples as an array (n,) or (n, d) without missing or infinite values."""
    array = _array(asked, name, given)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim not in (1, 2) or array.size == 0:
        raise ShapeError(
            f"{asked}: {name} has shape {array.shape}; samples are (n,) or (n, d) with at least "
            "one of them"
        )
    if array.dtype.kind == "O":
        array = _of_objects(asked, name, array)
    if array.dtype.kind == "c":
        raise DTypeError(f"{asked}: {name} is complex; give its real and imaginary columns")
    if array.dtype.kind == "f":
        bad = ~np.isfinite(array)
        if bad.any():
            row = int(np.argwhere(bad)[0][0])
            raise DomainError(
                f"{asked}: {name} is {array[bad][0]} in row {row} (counted from 0); leave out or "
                "impute samples that are missing"
            )
        return array.astype(np.float64)
    return array


def _of_objects(asked: str, name: str, array: Array) -> Array:
    absent = np.array([each is None or each != each for each in array.ravel()])
    if absent.any():
        row = int(np.flatnonzero(absent)[0]) // (array.shape[1] if array.ndim > 1 else 1)
        raise DomainError(
            f"{asked}: {name} is missing in row {row} (counted from 0); leave it out, or give "
            "missing cells a label of their own"
        )
    return array.astype(str)


def _codes(samples: Array) -> Array:
    """Each sample's value as a number 0 … K - 1. Shapes: (n,) or (n, d) → (n,)."""
    axis = 0 if samples.ndim > 1 else None
    return np.unique(samples, axis=axis, return_inverse=True)[1].reshape(len(samples))


def _choose(x: Array, y: Array) -> str:
    floats = (x.dtype.kind == "f") + (y.dtype.kind == "f")
    if floats == 0:
        return "miller-madow"
    if floats == 1:
        return "mixed"
    both = np.column_stack([x, y])
    return "ksg1" if len(np.unique(both, axis=0)) == len(both) else "mixed"


def _from_counts(x: Array, y: Array, method: str) -> tuple[_Found, _Again]:
    first, second = _codes(x), _codes(y)
    marginals = [np.bincount(each) for each in (first, second)]
    entropies = [entropy_of_counts(each, method) for each in marginals]

    def again(other: Array, by: str = method) -> float:
        joint, _ = table(first, other)
        sums = entropies if by == method else [entropy_of_counts(m, by) for m in marginals]
        return sums[0] + sums[1] - entropy_of_counts(joint, by)

    counts, parts = table(first, second)
    n, cells = len(first), len(marginals[0]) * len(marginals[1])
    notes = [
        f"{name} is constant, so it can say nothing"
        for name, each in zip("xy", marginals, strict=True)
        if len(each) == 1
    ]
    if n < cells and not notes:
        notes.append(
            f"{n:,} samples for {len(marginals[0]):,} × {len(marginals[1]):,} combinations: much "
            "of a plug-in value can be bias then, which corrections remove in part only"
        )
    found = (
        again(second),
        again(second, "plug-in"),
        jackknife_deviation(counts, parts),
        min(entropies),
        notes,
    )
    return found, lambda order: again(second[order])


def _from_neighbours(
    asked: str, x: Array, y: Array, method: str, k: int
) -> tuple[_Found, _Again]:
    n = len(x)
    if k < 1:
        raise ArgumentError(f"{asked}: neighbours={k}; at least one is needed")
    if n < k + 2:
        raise ShapeError(
            f"{asked}: {n} samples have no neighbour number {k} to speak of; give at least {k + 2} "
            "samples, or fewer neighbours"
        )
    notes: list[str] = []
    first = _space(asked, "x", x, method, notes)
    second = _space(asked, "y", y, method, notes)
    if first is None or second is None:
        return (0.0, None, 0.0, 0.0, notes), lambda order: 0.0

    def local(right: Space) -> tuple[Array, Array]:
        if method == "mixed":
            return mixed(first, right, k)
        return ksg(first, right, k, 1 if method == "ksg1" else 2)

    if method != "mixed":
        notes.extend(_ties(asked, method, first, second, k))
    terms, radius = local(second)
    notes.extend(_lost(terms, radius, first, second, k, n))
    bounds = [_entropy_bound(each) for each in (first, second)]
    known = [each for each in bounds if each is not None]
    found = (
        float(terms.mean()) if len(terms) else 0.0,
        None,
        float(terms.std(ddof=1) / np.sqrt(len(terms))) if len(terms) > 1 else float("nan"),
        min(known) if known else None,
        notes,
    )

    def again(order: Array) -> float:
        shuffled = local(second.permuted(order))[0]
        return float(shuffled.mean()) if len(shuffled) else 0.0

    return found, again


def _space(
    asked: str, name: str, samples: Array, method: str, notes: list[str]
) -> Space | None:
    """The samples as a Space; None, with a note, where they are all equal."""
    if samples.dtype.kind != "f":
        if method == "mixed":
            codes = _codes(samples)
            if codes.max() == 0:
                notes.append(f"{name} is constant, so it can say nothing")
                return None
            return Space(codes.astype(np.float64), labels=True)
        if samples.dtype.kind not in "iub":
            raise DTypeError(
                f"{asked}: {method} measures distances between numbers, but {name} holds "
                f"{samples.dtype}; use method='mixed', which takes labels"
            )
        notes.append(f"the whole numbers of {name} were taken as points of a line")
    points = samples.astype(np.float64).reshape(len(samples), -1)
    moving = (points != points[0]).any(axis=0)
    if not moving.all():
        still = ", ".join(map(str, np.flatnonzero(~moving)))
        which = f"{name} is" if points.shape[1] == 1 else f"column {still} of {name} is"
        notes.append(f"{which} constant, so it can say nothing")
    if not moving.any():
        return None
    return Space(_standardised(points[:, moving]))


def _standardised(points: Array) -> Array:
    """Every column with mean 0 and standard deviation 1, whatever its scale; (n, d) → (n, d)."""
    # Powers of two are exact, so that no two values become one; then nothing overflows.
    points = np.ldexp(points, -np.frexp(np.abs(points).max(axis=0))[1])
    centred = points - points.mean(axis=0)
    centred = np.ldexp(centred, -np.frexp(np.abs(centred).max(axis=0))[1])
    found: Array = centred / np.sqrt((centred**2).mean(axis=0))
    return found


def _ties(asked: str, method: str, x: Space, y: Space, k: int) -> list[str]:
    both = joint_points(x, y)
    _, counts = np.unique(both, axis=0, return_counts=True)
    if counts.max() > k:
        raise DomainError(
            f"{asked}: {int(counts.max())} samples coincide in x and y, so their neighbour "
            f"number {k} has distance 0, and {method} is for continuous variables; use "
            "method='mixed'"
        )
    tied = [
        name
        for name, each in (("x", x), ("y", y))
        if len(np.unique(each.points, axis=0)) < len(each.points)
    ]
    if not tied:
        return []
    return [
        f"{' and '.join(tied)} hold equal values, which a continuous variable does not; "
        "method='mixed' takes them into account"
    ]


def _lost(terms: Array, radius: Array, x: Space, y: Space, k: int, n: int) -> list[str]:
    notes = []
    if len(terms) < n:
        notes.append(
            f"left out, as their label was seen once: {n - len(terms):,} of {n:,} samples"
        )
    columns = sum(each.points.shape[1] for each in (x, y) if not each.labels)
    if len(radius) and np.median(radius) > 0.5:
        notes.append(
            f"half of the samples have neighbour number {k} farther than "
            f"{np.median(radius):.2g} standard deviations away: {n:,} samples are too few to see "
            f"structure in {columns} column{'s' if columns > 1 else ''}, and the estimate is "
            "biased, mostly towards 0"
        )
    return notes


def _entropy_bound(space: Space) -> float | None:
    """The entropy of a variable that looks discrete (by Miller and Madow); None otherwise."""
    _, counts = np.unique(space.points, axis=0, return_counts=True)
    if not space.labels and counts.min() < 2:
        return None
    return entropy_of_counts(counts, "miller-madow")


def _baseline(
    again: _Again, value: float, n: int, times: int, seed: int, size: float
) -> Baseline:
    key = host_random.key(seed)
    found = np.array(
        [again(host_random.permutation(host_random.fold_in(key, b), n)) for b in range(times)]
    )
    # Equal arrangements may differ in the last place.
    reached = int((found >= value - 1e-12 * max(1.0, abs(value))).sum())
    return Baseline(
        permutations=times,
        mean=float(found.mean()) / size,
        deviation=float(found.std(ddof=1)) / size if times > 1 else 0.0,
        p_value=(1 + reached) / (1 + times),
    )


def _doubts(value: float, bound: float | None, n: int, unit: str, size: float) -> list[str]:
    notes = []
    if bound is not None and value > bound + 1e-9:
        notes.append(
            f"the estimate exceeds the smaller entropy, {bound / size:.4g} {unit}, which no "
            "mutual information can: the method's error is at least as large as the excess"
        )
    if value < 0:
        notes.append("the estimate is below 0, where no truth can be: it is near 0")
    if bound is None and value > np.log(n):
        notes.append(
            f"the estimate exceeds ln n = {np.log(n) / size:.4g} {unit}: no method can be sure "
            f"of so much from {n:,} samples (McAllester & Stratos 2020)"
        )
    return notes
