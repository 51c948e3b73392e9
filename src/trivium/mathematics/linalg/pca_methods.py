"""Spectra of covariance matrices: exact by the digits that are needed, and randomized."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .low_rank_input import Array, row_blocks
from .low_rank_krylov import gram_times, leading

__all__ = ["Spectrum", "centre", "exact", "from_factor", "randomized"]

_EPS = float(np.finfo(np.float64).eps)
# Relative error that is allowed in a kept eigenvalue before the SVD replaces the covariance.
_ENOUGH = {"float32": 1e-6, "float64": 1e-9}


@dataclass(frozen=True)
class Spectrum:
    """Eigenvalues of the covariance matrix and how uncertain they are.

    ``values`` (m,) descending, ``vectors`` (m, d) rows, ``total``: the trace, ``noise`` (m,):
    bound on the error of each value, ``variances`` (d,): of the columns (None where unknown),
    ``complete``: whether all min(n − 1, d) values are there.
    """

    values: Array
    vectors: Array
    total: float
    noise: Array
    method: str
    complete: bool
    variances: Array | None = None
    residuals: Array | None = None


def centre(data: Array) -> Array:
    """The mean of the rows, (d,) float64; exact for constant columns.

    Differences to the first row are added, not the values themselves: a large common offset
    would take their digits.
    """
    first = data[0].astype(np.float64)
    total = np.zeros(data.shape[1])
    for _, block in row_blocks(data):
        total += np.ones(len(block)) @ (block - first)
    found: Array = first + total / len(data)
    return found


def exact(data: Array, mean: Array, count: int | float) -> Spectrum:
    """All eigenvalues; from the covariance matrix if that leaves enough digits, else an SVD.

    An eigenvalue of XᵀX is known to ε λ₁, so λ_k loses log₁₀(λ₁/λ_k) digits, and half as many
    from the singular values of X (Golub and Van Loan, §8.6.3). ``count``: how many components
    are wanted, or which share of the variance.
    """
    rows, width = data.shape
    if rows > width:
        found = _by_covariance(data, mean)
        kept = found.values[: kept_by(count, found.values, found.total)]
        least = kept[-1] if len(kept) else 0.0
        if least > 0 and found.noise[0] <= _ENOUGH[data.dtype.name] * least:
            return found
    return _by_svd(data, mean)


def kept_by(count: int | float, values: Array, total: float) -> int:
    """How many of ``values`` an int or a share of ``total`` keeps."""
    if isinstance(count, int):
        return min(count, len(values))
    # The share 1 is reached when what is left is no more than rounding.
    reached = np.cumsum(values) >= count * total * (1 - 4 * _EPS)
    return int(reached.argmax()) + 1 if reached.any() else len(values)


def _by_covariance(data: Array, mean: Array) -> Spectrum:
    rows, width = data.shape
    matrix, left = np.zeros((width, width)), np.zeros(width)
    for _, block in row_blocks(data):
        centred = block - mean  # float64, as the mean is
        matrix += centred.T @ centred
        left += centred.sum(axis=0)
    # What the rounding of a large mean leaves of it.
    matrix -= np.outer(left, left / rows)
    matrix /= rows - 1
    values, vectors = np.linalg.eigh(matrix)
    values = np.maximum(values[::-1], 0.0)
    size = values[0] * _EPS * max(8.0, math.sqrt(width))
    return Spectrum(
        values=values,
        vectors=np.ascontiguousarray(vectors[:, ::-1].T),
        total=float(np.trace(matrix)),
        noise=np.full(len(values), size),
        method="covariance",
        complete=True,
        variances=np.diagonal(matrix).copy(),
    )


def _by_svd(data: Array, mean: Array) -> Spectrum:
    centred = data - mean
    centred -= centred.mean(axis=0)
    variances = np.einsum("ij,ij->j", centred, centred) / (len(data) - 1)
    factor: Array = centred
    if len(data) > data.shape[1]:
        factor = np.asarray(np.linalg.qr(centred, mode="r"))
    return from_factor(factor, len(data), variances, "svd")


def from_factor(factor: Array, rows: int, variances: Array, method: str) -> Spectrum:
    """The spectrum of RᵀR / (n − 1) from the singular values of R (m, d)."""
    _, singular, vectors = np.linalg.svd(factor, full_matrices=False)
    most = min(rows - 1, factor.shape[1])  # centring takes one dimension
    singular, vectors = singular[:most], vectors[:most]
    values = singular**2 / (rows - 1)
    error = singular[:1] * _EPS * max(8.0, math.sqrt(factor.shape[1]))
    return Spectrum(
        values=values,
        vectors=vectors,
        total=float(variances.sum()),
        noise=(2 * singular + error) * error / (rows - 1),
        method=method,
        complete=len(values) == most,
        variances=variances,
    )


def randomized(
    data: Array, mean: Array, count: int, oversampling: int, passes: int, seed: int
) -> Spectrum:
    """The leading eigenvalues, by products in the data's own dtype."""
    rows, width = data.shape
    block = min(count + oversampling, rows, width)
    centre_ = mean.astype(data.dtype)
    if rows >= width:
        found = leading(
            lambda v: gram_times(data, v, mean=centre_),
            width, block, passes, seed, block, data.dtype,
        )  # fmt: skip
        vectors = found.vectors
    else:
        # The same eigenvalues belong to X Xᵀ, which is smaller; v = Xᵀu / ‖Xᵀu‖.
        found = leading(
            lambda u: gram_times(data.T, u, row_mean=centre_),
            rows, block, passes, seed, block, data.dtype,
        )  # fmt: skip
        basis = found.vectors.astype(data.dtype)
        image = np.vstack(
            [
                (block - centre_[first : first + len(block), None]) @ basis
                for first, block in row_blocks(data.T)
            ]
        )
        vectors = np.linalg.qr(image.astype(np.float64))[0]
    variances = column_variances(data, centre_)
    values = found.values[:block] / (rows - 1)
    residuals = found.residuals[:block] / (rows - 1)
    rounding = float(np.finfo(data.dtype).eps) * 8 * (values[0] if len(values) else 0.0)
    return Spectrum(
        values=values,
        vectors=np.ascontiguousarray(vectors[:, :block].T),
        total=float(variances.sum()),
        noise=residuals + rounding,
        method="randomized",
        complete=False,
        variances=variances,
        residuals=residuals,
    )


def column_variances(data: Array, mean: Array) -> Array:
    """The variance of every column, (d,) float64, in one pass."""
    total = np.zeros(data.shape[1])
    for _, block in row_blocks(data):
        centred = block - mean
        total += np.einsum("ij,ij->j", centred, centred)
    return total / (len(data) - 1)
