"""Products of vectors and matrices that the array functions do not have."""

from __future__ import annotations

import numpy as np

from ...engine.array.arguments import ArrayLike, floating_pair, integer, one_axis, refused
from ...engine.array.indexing import take
from ...engine.array.linear import (
    diagonal,
    matmul,
    matrix_transpose,
    outer,
    tensordot,
    trace,
    vecdot,
)
from ...engine.array.manipulation import moveaxis
from ...engine.composites import broadcast_shapes, broadcast_to, operands
from ...engine.tensor import Tensor

__all__ = [
    "cross",
    "diagonal",
    "inner",
    "kron",
    "matmul",
    "matrix_transpose",
    "outer",
    "tensordot",
    "trace",
    "vecdot",
]


def inner(x1: ArrayLike, x2: ArrayLike, /, *, metric: ArrayLike | None = None) -> Tensor:
    """The inner product ⟨x, y⟩ = Σ xᵢ yᵢ of vectors along the last axis; with ``metric`` M, xᵀMy.

    Shapes: (…, n), (…, n) → (…); the metric (n, n) should be symmetric and positive definite
    (``tv.linalg.definiteness`` tests it), else the product is no inner product. Raises
    ShapeError when the sizes differ.
    """
    left, right = floating_pair(x1, x2)
    if metric is None:
        return vecdot(left, right)
    weights, right = floating_pair(metric, right)
    size = right.shape[-1] if right.ndim else 0
    if weights.shape != (size, size):
        raise refused(
            "inner",
            [weights, right],
            f"the metric must be a square matrix of the vectors' size {size}",
        )
    return vecdot(left, matmul(right, matrix_transpose(weights)))


def cross(x1: ArrayLike, x2: ArrayLike, /, *, axis: int = -1) -> Tensor:
    """The cross product of vectors of three entries along ``axis``.

    Shapes: broadcast, with size 3 along ``axis`` in both. Raises ShapeError for another size.
    """
    left, right = operands(x1, x2)
    shape = broadcast_shapes("cross", (left, right))
    for each in (left, right):
        if each.shape[one_axis("cross", each, integer("cross", "axis", axis))] != 3:
            raise refused("cross", [left, right], f"axis {axis} of both must have size 3")
    left, right = (moveaxis(broadcast_to(x, shape), axis, -1) for x in (left, right))
    ahead, behind = np.array([1, 2, 0]), np.array([2, 0, 1])
    found = take(left, ahead, axis=-1) * take(right, behind, axis=-1) - take(
        left, behind, axis=-1
    ) * take(right, ahead, axis=-1)
    return moveaxis(found, -1, axis)


def kron(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """The Kronecker product: (n, m), (p, q) → (np, mq), in blocks aᵢⱼ B; vectors: (n,), (p,).

    Axes are matched from the last backwards, missing ones count as 1.
    """
    left, right = operands(x1, x2)
    ndim = max(left.ndim, right.ndim)
    a = (1,) * (ndim - left.ndim) + left.shape
    b = (1,) * (ndim - right.ndim) + right.shape
    one = [size for each in a for size in (each, 1)]
    two = [size for each in b for size in (1, each)]
    blocks = left.reshape(tuple(one)) * right.reshape(tuple(two))
    return blocks.reshape(tuple(i * j for i, j in zip(a, b, strict=True)))
