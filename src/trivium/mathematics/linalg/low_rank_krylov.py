"""The leading eigenvectors of AᵀA from a few passes over A: randomized block Krylov."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from trivium.engine import random

from .low_rank_input import Array, blocks

__all__ = ["Ritz", "gaussian", "gram_times", "leading"]

Product = Callable[[Array], Array]


@dataclass(frozen=True)
class Ritz:
    """Approximate eigenpairs of AᵀA (d, d), the largest first, and how far they are off.

    ``values`` (m,), ``vectors`` (d, m) orthonormal, ``residuals`` (m,): ‖AᵀA v − λ v‖₂, so an
    eigenvalue lies within that distance of λ. ``passes``: how often A was read.
    """

    values: Array
    vectors: Array
    residuals: Array
    passes: int


def gaussian(seed: int, number: int, shape: tuple[int, ...]) -> Array:
    """Standard normal numbers, float64: a pure function of the seed and a stream's number."""
    key = random.fold_in(random.key(seed), number)
    return np.array(random.normal(key, shape, dtype=np.float64).value)


def gram_times(
    matrix: Array, vectors: Array, mean: Array | None = None, row_mean: Array | None = None
) -> Array:
    """AᵀA V in one pass: both products of a block of rows while it is in the cache.

    Shapes: A (n, d), V (d, m) → (d, m) float64. A is ``matrix`` less ``mean`` (d,), the same
    for every row, or less ``row_mean`` (n,), one number for each row. The products are made in
    the dtype of the matrix and added in float64. Nothing of its size is allocated.
    """
    right = np.asfortranarray(vectors.astype(matrix.dtype))
    total = np.zeros(vectors.shape)
    step = min(blocks(matrix), len(matrix))
    centred = mean is not None or row_mean is not None
    buffer = np.empty(
        (step if centred else 0, matrix.shape[1]),
        matrix.dtype,
        order="F" if matrix.flags.f_contiguous else "C",
    )
    for start in range(0, len(matrix), step):
        block = matrix[start : start + step]
        if mean is not None:
            block = np.subtract(block, mean, out=buffer[: len(block)])
        elif row_mean is not None:
            offset = row_mean[start : start + step, None]
            block = np.subtract(block, offset, out=buffer[: len(block)])
        total += block.T @ (block @ right)
    return total


def leading(
    product: Product,
    width: int,
    block: int,
    passes: int,
    seed: int,
    wanted: int,
    precision: Any = np.float64,
) -> Ritz:
    """Rayleigh-Ritz on the block Krylov space of C = AᵀA and a random start.

    ``product(V)`` is C V for V (d, m). The space is [Ω, CΩ, …, C^(p−1) Ω] with ``block``
    columns in Ω and p = ``passes``, orthonormalized against everything before, so it holds what
    p − 1 power iterations would reach and all polynomials of lower degree besides. Because
    every C Q is kept, the projection QᵀCQ costs no further pass. A direction that is no more
    than the rounding of ``precision``, the dtype of the products, is left out. Sources: Halko,
    Martinsson and Tropp, SIAM Review 53 (2011), algorithms 4.3 and 4.4; Halko, Martinsson,
    Shkolnisky and Tygert, SIAM J. Sci. Comput. 33 (2011); Musco and Musco, NeurIPS 2015.
    """
    block = min(block, width)
    basis, _ = np.linalg.qr(gaussian(seed, 0, (width, block)))
    fresh, images = basis, []
    floor = 64 * float(np.finfo(precision).eps)
    done = 0
    for done in range(1, passes + 1):
        image = product(fresh)
        images.append(image)
        if done == passes or basis.shape[1] >= width:
            break
        fresh = _orthonormal(image, basis, floor)[:, : width - basis.shape[1]]
        if not fresh.shape[1]:
            break
        basis = np.hstack([basis, fresh])
    image = np.hstack(images)
    projected = basis.T @ image
    values, inner = np.linalg.eigh((projected + projected.T) / 2)
    order = np.argsort(values)[::-1][: max(wanted, block)]
    values, inner = values[order], inner[:, order]
    vectors = basis @ inner
    residuals = np.linalg.norm(image @ inner - vectors * values, axis=0)
    return Ritz(np.maximum(values, 0.0), vectors, residuals, done)


def _orthonormal(image: Array, basis: Array, floor: float) -> Array:
    """An orthonormal basis of what ``image`` adds to ``basis``; may have fewer columns."""
    scale = np.linalg.norm(image, axis=0)
    kept = scale > 0
    rest: Any = image[:, kept] / scale[kept]
    for _ in range(2):  # twice is enough (Kahan, in Parlett 1980, §6.9)
        rest = rest - basis @ (basis.T @ rest)
    left, upper = np.linalg.qr(rest)
    turn, singular, _ = np.linalg.svd(upper)
    left = left @ turn[:, singular > floor]
    left = left - basis @ (basis.T @ left)
    found: Array = np.linalg.qr(left)[0]
    return found
