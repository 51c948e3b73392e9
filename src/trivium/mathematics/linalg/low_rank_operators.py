"""Products with a matrix that is dense or sparse, and the size of what an approximation misses."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from trivium.engine.errors import DTypeError, ShapeError

from .low_rank_input import (
    Array,
    checked_magnitude,
    is_sparse,
    real_matrix,
    row_blocks,
    tamed,
)
from .low_rank_krylov import gram_times, leading

__all__ = ["frobenius", "frobenius_error", "gram", "read", "spectral_error"]

_EPS = float(np.finfo(np.float64).eps)


def read(asked: str, data: Any) -> tuple[Any, int]:
    """(A · 2⁻ᵉ, e): a dense float matrix or a CSR array whose squares are safe."""
    if not is_sparse(data):
        dense = real_matrix(asked, "a", data)
        return tamed(dense, checked_magnitude(asked, "a", dense))
    from scipy.sparse import csr_array

    if len(data.shape) != 2 or 0 in data.shape:
        raise ShapeError(f"{asked}: a has shape {data.shape}; a matrix with elements is needed")
    if np.dtype(data.dtype).kind not in "biuf":
        raise DTypeError(f"{asked}: a has the dtype {data.dtype}; real numbers are needed")
    matrix = csr_array(data)
    if matrix.dtype not in (np.float32, np.float64):
        matrix = matrix.astype(np.float64)
    magnitude = checked_magnitude(asked, "the stored values of a", matrix.data)
    values, exponent = tamed(matrix.data, magnitude)
    if exponent:
        matrix = matrix.copy()
        matrix.data = values
    return matrix, exponent


def gram(matrix: Any, vectors: Array) -> Array:
    """AᵀA V, (d, m) float64."""
    if isinstance(matrix, np.ndarray):
        return gram_times(matrix, vectors)
    found: Array = matrix.T @ (matrix @ vectors)
    return found


def frobenius(matrix: Any) -> float:
    """‖A‖_F, in float64."""
    if not isinstance(matrix, np.ndarray):
        return float(np.linalg.norm(matrix.data.astype(np.float64)))
    total = 0.0
    for _, block in row_blocks(matrix):
        part = np.asarray(block, np.float64).ravel()
        total += float(part @ part)
    return math.sqrt(total)


def frobenius_error(matrix: Any, u: Array, s: Array, vh: Array) -> tuple[float, float]:
    """‖A − U S Vᵀ‖_F and the uncertainty of it: summed directly for a dense matrix.

    For a sparse one from ‖A‖² − 2⟨A V, U S⟩ + ‖S‖² (U, V orthonormal), which cannot tell an
    error below √ε ‖A‖ from zero.
    """
    right = s[:, None] * vh
    if isinstance(matrix, np.ndarray):
        total = 0.0
        for start, block in row_blocks(matrix):
            rest = (block - u[start : start + len(block)] @ right).astype(np.float64).ravel()
            total += float(rest @ rest)
        return math.sqrt(total), 8 * float(np.finfo(matrix.dtype).eps) * frobenius(matrix)
    size = frobenius(matrix)
    inner = float(np.einsum("ij,ij->", (matrix @ vh.T).astype(np.float64), u * s))
    squared = size**2 - 2 * inner + float(s @ s)
    eps = float(np.finfo(matrix.dtype).eps)
    return math.sqrt(max(squared, 0.0)), math.sqrt(64 * eps) * size


def spectral_error(
    matrix: Any, u: Array, s: Array, vh: Array, seed: int
) -> tuple[float, float]:
    """‖A − U S Vᵀ‖₂ (a lower estimate by block Krylov) and how far above the truth may lie."""
    right = s[:, None] * vh

    def product(vectors: Array) -> Array:
        if isinstance(matrix, np.ndarray):
            total = np.zeros(vectors.shape)
            for start, block in row_blocks(matrix):
                rest = block - u[start : start + len(block)] @ right
                total += rest.T @ (rest @ vectors.astype(rest.dtype))
            return total
        image = matrix @ vectors - u @ (right @ vectors)
        found: Array = matrix.T @ image - right.T @ (u.T @ image)
        return found

    found = leading(product, vh.shape[1], 8, 8, seed + 1, wanted=1)
    value = math.sqrt(float(found.values[0]))
    above = math.sqrt(float(found.values[0] + found.residuals[0]))
    return value, above - value
