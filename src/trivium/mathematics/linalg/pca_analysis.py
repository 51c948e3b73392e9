"""Principal component analysis: one call, four methods, one result."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Literal

import numpy as np

from trivium.engine.errors import ArgumentError, ShapeError
from trivium.engine.messages import counted

from ..errors import DomainError
from .low_rank_input import (
    Array,
    checked_magnitude,
    first_signs,
    positive_integer,
    real_matrix,
    tamed,
)
from .pca_incremental import Merged, batches_of
from .pca_methods import Spectrum, centre, exact, kept_by, randomized
from .pca_parallel import above_chance
from .pca_result import PCA, check_whitening, notes_of

__all__ = ["pca"]

Method = Literal["auto", "exact", "randomized", "incremental"]

_METHODS = ("auto", "exact", "randomized", "incremental")
_WIDE = 1000  # smaller sides than this are decomposed exactly by "auto"
_EPS = float(np.finfo(np.float64).eps)


def pca(
    data: Any,
    components: int | float | Literal["parallel"] | None = None,
    *,
    whiten: bool = False,
    method: Method = "auto",
    oversampling: int = 10,
    passes: int | None = None,
    keep: int | None = None,
    batch_rows: int | None = None,
    seed: int = 0,
) -> PCA:
    """The directions of largest variance of a table, C = (X − 1μᵀ)ᵀ(X − 1μᵀ) / (n − 1) = Wᵀ Λ W.

    ``data``: (n, d) with n ≥ 2; for data that do not fit in memory a memory-mapped array or an
    iterator of batches (m, d). float32 stays float32, everything else becomes float64.

    ``components``: how many (at most min(n − 1, d)); a share of the variance in (0, 1], reached
    by as few as possible; None for all; "parallel" for those whose variance is above the 95th
    percentile of unrelated normal columns of the same variances (Horn 1965), maybe none.

    ``whiten``: coordinates get variance 1. ``method``:

    * "exact": from the covariance matrix if the smallest kept eigenvalue has 9 digits there
      (float32: 6), else from the singular values of the table, which lose half as many.
    * "randomized": block Krylov on ``components`` + ``oversampling`` random directions with
      ``passes`` passes over the data (left out: 5, or 4 when that is more than a tenth of all
      directions), each of which does what a power iteration does.
    * "incremental": one pass, batch by batch; the exact answer unless ``keep`` limits how many
      directions are carried from batch to batch.
    * "auto": incremental for iterators and memory maps; randomized when min(n, d) > 1,000 and
      less than a tenth of the directions is asked for; else exact.

    Raises ShapeError (no table, one row), DomainError (NaN, infinity, no variance at all),
    ArgumentError (more components than there are), SingularError (whitening a direction without
    variance). Source: Jolliffe, Principal Component Analysis (2002), §1.1 and §3; Halko,
    Martinsson and Tropp (2011) for "randomized", Ross et al. (2008) for "incremental".
    """
    wanted = _components(components)
    batched = isinstance(data, Iterator | np.memmap)
    if method not in _METHODS:
        raise ArgumentError(
            f"pca: no method is called {method!r}; choose from {', '.join(_METHODS)}"
        )
    if keep is not None:
        positive_integer("pca", "keep", keep)
    if method == "incremental" or (method == "auto" and batched):
        return _incremental(data, wanted, whiten, keep, batch_rows, seed)
    if isinstance(data, Iterator):
        raise ArgumentError(
            f"pca: an iterator of batches is read once, which only method='incremental' can "
            f"do, not {method!r}"
        )
    if keep is not None or batch_rows is not None:
        raise ArgumentError("pca: keep= and batch_rows= belong to method='incremental'")
    return _whole(data, wanted, whiten, method, oversampling, passes, seed)


def _whole(
    data: Any,
    wanted: Any,
    whiten: bool,
    method: Method,
    oversampling: int,
    passes: int | None,
    seed: int,
) -> PCA:
    """Of a table in memory: exact or randomized."""
    x = real_matrix("pca", "data", data)
    _check_rows(len(x))
    x, exponent = tamed(x, checked_magnitude("pca", "data", x))
    _check_count(wanted, *x.shape)
    mean = centre(x)
    many = min(x.shape) > _WIDE and isinstance(wanted, int) and 10 * wanted < min(x.shape)
    if method == "randomized" or (method == "auto" and many):
        spectrum = _randomized(x, mean, wanted, oversampling, passes, seed)
    else:
        spectrum = exact(x, mean, math.inf if wanted == "parallel" else wanted)
    return _result(spectrum, mean, x.dtype, len(x), wanted, whiten, exponent, seed)


def _randomized(
    x: Array, mean: Array, wanted: Any, oversampling: int, passes: int | None, seed: int
) -> Spectrum:
    if not isinstance(wanted, int):
        raise ArgumentError(
            "pca: method='randomized' finds a number of components, as components=10; a share, "
            "all or 'parallel' need the whole spectrum: method='exact'"
        )
    positive_integer("pca", "oversampling", oversampling, 0)
    if passes is None:  # a larger space needs fewer steps
        passes = 5 if 10 * (wanted + oversampling) <= min(x.shape) else 4
    positive_integer("pca", "passes", passes)
    return randomized(x, mean, wanted, oversampling, passes, seed)


def _incremental(
    data: Any, wanted: Any, whiten: bool, keep: int | None, batch_rows: int | None, seed: int
) -> PCA:
    if batch_rows is not None:
        positive_integer("pca", "batch_rows", batch_rows)
    if not isinstance(data, Iterator) and not hasattr(data, "shape"):
        data = real_matrix("pca", "data", data)
    merged = Merged(keep)
    for batch in batches_of(data, batch_rows):
        if not merged.rows:
            _check_count(wanted, math.inf, batch.shape[1])
            if keep is not None and isinstance(wanted, int) and keep < wanted:
                raise ArgumentError(
                    f"pca: keep={keep} carries fewer directions than the {wanted} components "
                    f"asked for; keep at least {2 * wanted}"
                )
        merged.add(batch)
    _check_rows(merged.rows)
    _check_count(wanted, merged.rows, len(merged.mean))
    spectrum = merged.spectrum()
    if wanted == "parallel" and not spectrum.complete:
        raise ArgumentError("pca: components='parallel' needs all directions; leave keep=None")
    return _result(spectrum, merged.mean, merged.dtype, merged.rows, wanted, whiten, 0, seed)


def _components(given: Any) -> int | float | Literal["parallel"]:
    """The request: an int, a share, "parallel"; ∞ stands for all."""
    if given is None:
        return math.inf
    if isinstance(given, str):
        if given == "parallel":
            return "parallel"
    elif isinstance(given, int | np.integer) and not isinstance(given, bool):
        if given >= 1:
            return int(given)
    elif isinstance(given, float | np.floating) and 0 < given <= 1:
        return float(given)
    raise ArgumentError(
        f"pca: components={given!r}; give a number of components (at least 1), a share of the "
        "variance in (0, 1] as a float, 'parallel', or None for all"
    )


def _check_rows(rows: int) -> None:
    if rows < 2:
        raise ShapeError(
            f"pca: the data have {counted(rows, 'row')}; a variance needs at least two"
        )


def _check_count(wanted: Any, rows: float, width: int) -> None:
    most = min(rows - 1, width)
    if isinstance(wanted, int) and wanted > most:
        raise ArgumentError(
            f"pca: components={wanted}, but {rows:,} rows of {width:,} columns have at most "
            f"{most:,} directions of variance (min(rows − 1, columns))"
        )


def _check_share(wanted: int | float, values: Array, total: float) -> None:
    """Raise where ``keep`` has left fewer directions than the share needs."""
    share = float(values.sum()) / total
    if isinstance(wanted, float) and wanted <= 1 and share < wanted * (1 - 1e-9):
        raise ArgumentError(
            f"pca: components={wanted} is a share of the variance, and the {len(values)} "
            f"directions that keep= carried hold {share:.4f} of it; keep more"
        )


def _result(
    spectrum: Spectrum,
    mean: Array,
    dtype: Any,
    rows: int,
    wanted: int | float | str,
    whiten: bool,
    exponent: int,
    seed: int,
) -> PCA:
    size = np.abs(mean)
    constant = np.zeros(0, np.int64)
    if spectrum.variances is not None:
        constant = np.flatnonzero(spectrum.variances <= (4 * _EPS * size) ** 2)
    if spectrum.total <= 0 or len(constant) == len(mean):
        raise DomainError(
            f"pca: every column is constant over the {rows:,} rows, as far as squares of float64 "
            "(above 1e-308) can tell: there is no variance, and no direction of it"
        )
    values = spectrum.values
    if wanted == "parallel":
        assert spectrum.variances is not None
        count = above_chance(values, spectrum.variances, rows, seed)
    else:
        assert not isinstance(wanted, str)
        count = min(rows - 1, kept_by(wanted, values, spectrum.total))
        _check_share(wanted, values, spectrum.total)
    kept, vectors, noise = values[:count], spectrum.vectors[:count], spectrum.noise[:count]
    if whiten:
        rounding = noise if spectrum.residuals is None else noise - spectrum.residuals[:count]
        check_whitening(kept, rounding, constant)
    digits = -math.log10(np.finfo(dtype).eps)
    gaps = _gaps(values)[:count]
    variance_digits = _digits(noise, kept, 15.95 if spectrum.residuals is None else digits)
    direction_digits = _digits(noise, gaps, digits)
    notes = notes_of(constant, direction_digits)
    if wanted == "parallel" and not count:
        notes += ("no component has more variance than unrelated columns would have",)
    found, total = _in_units(kept, spectrum.total, exponent)
    residuals = spectrum.residuals
    return PCA(
        mean=np.ldexp(mean, exponent).astype(dtype),
        components=np.ascontiguousarray(first_signs(vectors)[:, None] * vectors).astype(dtype),
        explained_variance=found,
        explained_variance_ratio=kept / spectrum.total,
        total_variance=total,
        rows=rows,
        whiten=whiten,
        method=spectrum.method,
        condition=_condition(kept),
        variance_digits=variance_digits,
        direction_digits=direction_digits,
        residuals=None if residuals is None else np.ldexp(residuals[:count], 2 * exponent),
        notes=notes,
    )


def _in_units(kept: Array, total: float, exponent: int) -> tuple[Array, float]:
    """Variances of data that were divided by 2^exponent, and their sum, in the data's units."""
    with np.errstate(over="ignore", under="ignore"):
        found = np.ldexp(kept, 2 * exponent)
        whole = float(np.ldexp(total, 2 * exponent))
    if not 0 < whole < math.inf:
        raise DomainError(
            f"pca: the variance is about 2^{2 * exponent}, which no float64 holds; multiply the "
            "data by a constant first"
        )
    return found, whole


def _gaps(values: Array) -> Array:
    """The distance of each eigenvalue to its nearest neighbour."""
    steps = np.abs(np.diff(values))
    edge = np.array([math.inf])
    return np.minimum(np.concatenate([edge, steps]), np.concatenate([steps, edge]))


def _digits(error: Array, size: Array, most: float) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.where(error > 0, np.log10(size) - np.log10(error), most)
    return np.clip(np.nan_to_num(found, nan=0.0, neginf=0.0, posinf=most), 0.0, most)


def _condition(kept: Array) -> float:
    if not len(kept):
        return 1.0
    return math.inf if kept[-1] <= 0 else math.sqrt(kept[0] / kept[-1])
