"""Norms of vectors and matrices."""

from __future__ import annotations

import math
from typing import Literal

from ...engine.array.arguments import ArrayLike, Axes, refused
from ...engine.array.manipulation import expand_dims
from ...engine.array.norms import norm as _vector_norm
from ...engine.errors import ArgumentError
from ...engine.tensor import Tensor
from .arguments import matrices
from .factorizations import svdvals

__all__ = ["matrix_norm", "norm", "vector_norm"]

Order = Literal["fro", "nuc"] | float
_INF = math.inf


def vector_norm(
    x: ArrayLike, /, *, axis: Axes = None, keepdims: bool = False, ord: float = 2
) -> Tensor:
    """The p-norm (Σ |xᵢ|ᵖ)^(1/p) of vectors: ``tv.array.norm``, where everything is said."""
    return _vector_norm(x, axis=axis, keepdims=keepdims, ord=ord)


def matrix_norm(x: ArrayLike, /, *, keepdims: bool = False, ord: Order = "fro") -> Tensor:
    """A norm of the matrices in the last two axes: (…, n, m) → (…).

    ``ord``: "fro" √Σ aᵢⱼ²; "nuc" Σ σᵢ; 2 (-2) the largest (smallest) singular value; 1 (-1) the
    largest (smallest) sum of |aᵢⱼ| down a column; ∞ (-∞) along a row. ‖A‖ for ord 1, 2, ∞ is
    the largest stretch ‖Ax‖/‖x‖ in that vector norm. Of singular values that tie for the
    largest the derivative is shared evenly. A matrix without entries has the norm 0. Raises
    ShapeError for fewer than two axes and for the smallest of nothing, ArgumentError for another
    ``ord``.
    """
    given = matrices("matrix_norm", x)
    if ord == "fro":
        return _vector_norm(given, axis=(-2, -1), keepdims=keepdims)
    if ord == "nuc":
        found = svdvals(given).sum(axis=-1)
    elif ord in (2, -2):
        found = _extreme(given, svdvals(given), largest=ord == 2)
    elif ord in (1, -1, _INF, -_INF):
        sums = abs(given).sum(axis=-2 if abs(float(ord)) == 1 else -1)
        found = _extreme(given, sums, largest=float(ord) > 0)
    else:
        raise ArgumentError(
            f'matrix_norm: ord must be "fro", "nuc", 1, -1, 2, -2, inf or -inf, not {ord!r}'
        )
    return expand_dims(expand_dims(found, axis=-1), axis=-1) if keepdims else found


def _extreme(given: Tensor, sizes: Tensor, *, largest: bool) -> Tensor:
    if sizes.shape[-1]:
        return sizes.max(axis=-1) if largest else sizes.min(axis=-1)
    if largest:
        return sizes.sum(axis=-1)
    raise refused("matrix_norm", [given], "of no rows or columns there is no smallest one")


def norm(
    x: ArrayLike, /, *, axis: Axes = None, keepdims: bool = False, ord: Order | None = None
) -> Tensor:
    """NumPy's ``norm``: of all elements, of vectors along one axis, of matrices along two.

    ``ord`` None: the Euclidean length. With two axes (or none and a matrix) and an ``ord`` it
    is ``matrix_norm``, else ``vector_norm``. Raises as they do.
    """
    from ...engine.array.manipulation import moveaxis
    from ...engine.composites import as_tensor

    if ord is None:
        return _vector_norm(x, axis=axis, keepdims=keepdims)
    given = as_tensor(x)
    pair = axis if isinstance(axis, tuple | list) else None
    if axis is None and given.ndim == 2:
        return matrix_norm(given, keepdims=keepdims, ord=ord)
    if pair is not None and len(pair) == 2:
        if keepdims:
            found = norm(given, axis=axis, ord=ord)
            for place in sorted(i % given.ndim for i in pair):
                found = expand_dims(found, axis=place)
            return found
        return matrix_norm(moveaxis(given, tuple(pair), (-2, -1)), ord=ord)
    if isinstance(ord, str):
        raise ArgumentError(f"norm: ord={ord!r} is a norm of matrices; name two axes")
    return _vector_norm(given, axis=axis, keepdims=keepdims, ord=ord)
