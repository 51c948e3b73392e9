"""Separated data: a direction along which the likelihood rises for ever, so no maximum exists.

A direction γ ≠ 0 separates when it never lowers any example's likelihood: s_i x_iᵀγ ≥ 0 where
only one sign of the predictor fits the response (s_i = ±1: a class, no success, no failure, a
count of 0), x_iᵀγ = 0 where the response is inside its range (s_i = 0), and somewhere > 0. Along
γ the likelihood rises towards a supremum that no finite parameters attain. Whether there is one
is a linear programme (Konis 2007). Source: Albert & Anderson (1984), Biometrika 71; Konis
(2007), *Linear programming algorithms for detecting separated data in binary logistic regression
models*, DPhil thesis, Oxford, §3; for counts Correia, Guimarães & Zylkin (2019), arXiv 1903.01633.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..errors import RequestError
from .rank import independent

__all__ = [
    "Separation",
    "categorical_rows",
    "columns_named",
    "mixed",
    "separation",
    "spans",
]

Array = np.ndarray[Any, Any]
_FIRST = 500  # rows of the first, cheap attempt
_EXTREMES = 2  # rows of each group that stick out, for each column and side
_TINY = 1e-7  # of a direction whose largest component is 1, on columns of largest entry 1


@dataclass(frozen=True)
class Separation:
    """A direction γ that separates. ``complete``: every signed row lies strictly on its side.

    ``direction``: (p,) in the columns' own units, the largest |γ_j|·max|x_j| is 1; of all that
    separate one with the least Σ_j |γ_j| max|x_j|, so that few columns take part.
    ``columns``: the places of the columns that take part. ``rows``: how many are strictly on
    their side.
    """

    direction: Array
    columns: tuple[int, ...]
    complete: bool
    rows: int


def separation(rows: Any, signs: Any) -> Separation | None:
    """A separating direction of ``rows`` (N, p) with ``signs`` (N,) of -1, 0, +1; or None.

    Rows of sign 0 must have x_iᵀγ = 0. None also when every γ that fits has Xγ = 0: columns
    that depend on each other are another matter. Values must be finite.

    A part of the rows that has the rank of all columns and is not separated proves that the
    whole is not; so parts of growing size are tried, and data that overlap cost little however
    many they are.
    """
    x, sign = np.asarray(rows, np.float64), np.asarray(signs)
    kept = np.arange(x.shape[1])
    if not spans(x):  # what the columns have in common is asked of independent ones
        kept = np.array(independent(x).kept, int)
        x = x[:, kept]
    found = _separation(x, sign)
    if found is None or len(kept) == np.shape(rows)[1]:
        return found
    direction = np.zeros(np.shape(rows)[1])
    direction[kept] = found.direction
    return replace(
        found, direction=direction, columns=tuple(int(kept[j]) for j in found.columns)
    )


def _separation(x: Array, sign: Array) -> Separation | None:
    """The same for independent columns."""
    inside, bound = np.flatnonzero(sign == 0), np.flatnonzero(sign != 0)
    if not len(bound) or not x.shape[1] or _spans(x[_part(inside, _size(x))]):
        return None
    unit = _unit(x)
    order = bound[mixed(x[bound], sign[bound])]
    count = _size(x)
    while count < len(order) and not len(inside):
        part = x[order[:count]] * sign[order[:count], None] / unit
        if _spans(part):
            found = _programme(part)
            if found is None:
                return None
            if ((x[order] * sign[order, None]) @ (found / unit)).min() >= -_TINY:
                break
        count *= 4
    return _of_all(x / unit, sign, bound, unit)


def mixed(rows: Array, groups: Array) -> Array:
    """An order of ``rows``, mixed and always the same, that begins with those that stick out.

    In every group the largest and the smallest of each column come first, so that a column which
    is seldom other than 0 is among the first rows.
    """
    n, p = rows.shape
    first: list[Array] = []
    for group in np.unique(groups):
        places = np.flatnonzero(groups == group)
        few = min(_EXTREMES, len(places))
        for part in (rows[places], -rows[places]):
            chosen = np.argpartition(part, few - 1, axis=0)[:few]
            first.append(places[chosen].ravel())
    leading = np.unique(np.concatenate(first)) if first and p else np.zeros(0, int)
    rest = np.random.Generator(np.random.Philox(0)).permutation(n)
    rest = rest[~np.isin(rest, leading)]
    # Those that stick out among as many others as fit into the first part.
    return np.concatenate([leading[: _size(rows) // 2], rest, leading[_size(rows) // 2 :]])


def _of_all(scaled: Array, sign: Array, bound: Array, unit: Array) -> Separation | None:
    """The answer from every row."""
    basis = _null_space(scaled[sign == 0])
    signed = scaled[bound] * sign[bound, None]
    if not basis.shape[1]:
        return None
    reduced = signed @ basis
    reduced = reduced[np.abs(reduced).max(axis=1) > _TINY]
    found = _programme(reduced) if len(reduced) else None
    return None if found is None else _described(basis @ found, basis, signed, unit)


def _size(rows: Array) -> int:
    return max(_FIRST, 20 * rows.shape[1])


def _part(places: Array, count: int) -> Array:
    """About ``count`` of the places, evenly spread."""
    return places[:: max(len(places) // count, 1)]


def _unit(rows: Array) -> Array:
    largest = np.abs(rows).max(axis=0, initial=0.0)
    return np.where(largest > 0, largest, 1.0)


def spans(rows: Array) -> bool:
    """Whether some of ``rows`` (N, p) already show, beyond rounding, that the rank is p."""
    return _spans(rows[_part(np.arange(len(rows)), _size(rows))])


def _spans(rows: Array) -> bool:
    if len(rows) < rows.shape[1]:
        return False
    scaled = rows / _unit(rows)
    triangle = np.linalg.qr(scaled, mode="r") if len(scaled) > 1 else scaled
    lengths = np.linalg.norm(triangle, axis=0)
    if not lengths.all():
        return False
    singular = np.linalg.svd(triangle / lengths, compute_uv=False)
    return bool(singular[-1] > 1e-6 * singular[0]) if singular.size else True


def _null_space(rows: Array) -> Array:
    """A basis (p, k) of the γ with ``rows`` γ = 0."""
    p = rows.shape[1]
    if not len(rows):
        return np.eye(p)
    triangle = np.linalg.qr(rows, mode="r") if len(rows) > p else rows
    _, singular, right = np.linalg.svd(triangle, full_matrices=True)
    largest = singular[0] if singular.size else 0.0
    rank = int((singular > largest * max(rows.shape) * 4e-16).sum())
    return np.asarray(right[rank:].T)


def _programme(rows: Array) -> Array | None:
    """The γ with rows γ ≥ 0 and |γ| ≤ 1 that maximises their sum, if that is positive."""
    from scipy.optimize import linprog

    found = linprog(
        -rows.sum(axis=0) / len(rows),
        A_ub=-rows,
        b_ub=np.zeros(len(rows)),
        bounds=(-1.0, 1.0),
        method="highs",
    )
    if found.x is None:
        raise RequestError(
            "whether the data are separated could not be decided: the linear programme ended "
            f"with {found.message!r}; a penalty such as 1e-4 * L2() makes the answer irrelevant"
        )
    margins = rows @ found.x
    # A sum of rounding errors is no separation: some margin must be a real one.
    return found.x if margins.max(initial=0.0) > 1e3 * _TINY else None


def _described(found: Array, basis: Array, signed: Array, unit: Array) -> Separation:
    complete = _widest(signed @ basis) > 1e2 * _TINY
    direction = _sparse(basis, signed)
    if direction is None:
        direction = found
    direction = direction / np.abs(direction).max()
    columns = tuple(int(j) for j in np.flatnonzero(np.abs(direction) > 1e-6))
    strict = signed @ direction > 1e2 * _TINY
    return Separation(direction / unit, columns, complete, int(strict.sum()))


def _widest(rows: Array) -> float:
    """The largest margin that every row can have at once, for |γ| ≤ 1."""
    from scipy.optimize import linprog

    n, k = rows.shape
    found = linprog(
        np.r_[np.zeros(k), -1.0],
        A_ub=np.c_[-rows, np.ones(n)],
        b_ub=np.zeros(n),
        bounds=[(-1.0, 1.0)] * k + [(0.0, 1.0)],
        method="highs",
    )
    return 0.0 if found.x is None else float(found.x[-1])


def _sparse(basis: Array, signed: Array) -> Array | None:
    """The separating direction with the least Σ|γ_j| at a mean margin of 1."""
    from scipy.optimize import linprog

    p, k = basis.shape
    rows = signed @ basis
    # Unknowns: δ with γ = basis δ, and bounds u ≥ |γ|.
    above = np.block([[basis, -np.eye(p)], [-basis, -np.eye(p)]])
    found = linprog(
        np.r_[np.zeros(k), np.ones(p)],
        A_ub=np.r_[np.c_[-rows, np.zeros((len(rows), p))], above],
        b_ub=np.zeros(len(rows) + 2 * p),
        A_eq=np.r_[rows.mean(axis=0), np.zeros(p)][None],
        b_eq=[1.0],
        bounds=[(None, None)] * k + [(0.0, None)] * p,
        method="highs",
    )
    return None if found.x is None else np.asarray(basis @ found.x[:k])


def categorical_rows(rows: Array, codes: Array, classes: int) -> tuple[Array, Array]:
    """K classes as one problem of signs: the rows and signs of all comparisons y_i with k.

    γ is (K - 1)·p, class 0 having the parameters 0; each comparison asks (γ_{y_i} - γ_k)ᵀx_i ≥
    0. Shapes: (N, p), (N,) → (N (K - 1), (K - 1) p), (N (K - 1),).
    """
    n, p = rows.shape
    others = np.array([[k for k in range(classes) if k != c] for c in range(classes)])
    made = np.zeros((n, classes - 1, classes - 1, p))
    for place in range(classes - 1):
        rival = others[codes, place]
        for k in range(1, classes):
            made[codes == k, place, k - 1] += rows[codes == k]
            made[rival == k, place, k - 1] -= rows[rival == k]
    flat = made.reshape(n * (classes - 1), (classes - 1) * p)
    return flat, np.ones(len(flat), int)


def columns_named(found: Separation, names: Sequence[str]) -> str:
    """The columns that separate, in words, the strongest first."""
    weights = np.abs(found.direction)
    ordered = sorted(found.columns, key=lambda j: -weights[j])
    chosen = [names[j] for j in sorted(ordered[:5])]
    more = len(found.columns) - len(chosen)
    return ", ".join(chosen) + (f" and {more} more" if more > 0 else "")
