"""Products of vectors, matrices and tensors, and diagonals."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Any

from .. import composites
from ..composites import as_tensor, operands
from ..primitives import arithmetic, contraction, movement
from ..tensor import Tensor
from .arguments import ArrayLike, integer, one_axis, refused, some_axes
from .manipulation import moveaxis, reshape
from .statistical import sum as total

__all__ = [
    "diagonal",
    "dot",
    "matmul",
    "matrix_transpose",
    "outer",
    "tensordot",
    "trace",
    "vecdot",
]


def matmul(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """The matrix product of the last two axes; axes before them are batch and broadcast.

    Shapes: (…, n, k) and (…, k, m) → (…, n, m); a vector is a row on the left, a column on the
    right. Raises ShapeError when the inner sizes differ or an operand is a scalar.
    """
    return composites.matmul(x1, x2)


def matrix_transpose(x: ArrayLike, /) -> Tensor:
    """The matrices in the last two axes, transposed: (…, n, m) → (…, m, n).

    Raises ShapeError for fewer than two axes.
    """
    given = as_tensor(x)
    if given.ndim < 2:
        raise refused(
            "matrix_transpose", [given], "a matrix has two axes", "add one: x[:, None]"
        )
    return moveaxis(given, -1, -2)


def outer(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """The outer product of two vectors: (n,) and (m,) → (n, m) with elements x₁ᵢ x₂ⱼ.

    Raises ShapeError for operands that are no vectors.
    """
    left, right = operands(x1, x2)
    if left.ndim != 1 or right.ndim != 1:
        raise refused("outer", [left, right], "both operands must be vectors", "flatten() them")
    return contraction.contraction(left, right, left=(0,), right=(1,), out=(0, 1))


def tensordot(
    x1: ArrayLike,
    x2: ArrayLike,
    /,
    *,
    axes: int | tuple[Sequence[int], Sequence[int]] = 2,
) -> Tensor:
    """The sum of products over axes of both operands; the other axes remain, x1's first.

    ``axes``: a number n pairs the last n axes of x1 with the first n of x2; two sequences pair
    axis by axis. Raises ShapeError when the axes do not exist or their sizes differ.
    """
    left, right = operands(x1, x2)
    first, second = _paired(left, right, axes)
    for i, j in zip(first, second, strict=True):
        if left.shape[i] != right.shape[j]:
            raise refused(
                "tensordot",
                [left, right],
                f"axis {i} of the left operand ({left.shape[i]}) is paired with axis {j} of "
                f"the right one ({right.shape[j]}); the sizes must be equal",
                "pair other axes, or transpose an operand",
            )
    here = list(range(left.ndim))
    there = list(range(left.ndim, left.ndim + right.ndim))
    for i, j in zip(first, second, strict=True):
        there[j] = here[i]
    kept = [i for i in here if i not in there] + [j for j in there if j not in here]
    return contraction.contraction(
        left, right, left=tuple(here), right=tuple(there), out=tuple(kept)
    )


def _paired(left: Tensor, right: Tensor, axes: Any) -> tuple[list[int], list[int]]:
    if not isinstance(axes, Sequence):
        count = integer("tensordot", "axes", axes)
        if not 0 <= count <= builtins.min(left.ndim, right.ndim):
            raise refused(
                "tensordot", [left, right], f"{count} axes of each operand cannot be paired"
            )
        return list(range(left.ndim - count, left.ndim)), list(range(count))
    sides = [list(each) if isinstance(each, Sequence) else [each] for each in axes]
    if len(sides) != 2 or len(sides[0]) != len(sides[1]):
        raise refused(
            "tensordot",
            [left, right],
            f"axes={axes} must be two sequences with as many axes of each operand",
        )
    for x, side in zip((left, right), sides, strict=True):
        some_axes("tensordot", x, side)
    first, second = (
        [one_axis("tensordot", x, axis) for axis in side]
        for x, side in zip((left, right), sides, strict=True)
    )
    return first, second


def dot(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """NumPy's ``dot``: Σ over the last axis of x1 and the last but one (or only) axis of x2.

    Shapes: (a…, k) and (b…, k, m) → (a…, b…, m); with a scalar, the product. Raises ShapeError
    when the sizes differ.
    """
    left, right = operands(x1, x2)
    if not left.ndim or not right.ndim:
        return composites.binary(arithmetic.multiply, left, right)
    return tensordot(left, right, axes=((-1,), (-2 if right.ndim > 1 else -1,)))


def vecdot(x1: ArrayLike, x2: ArrayLike, /, *, axis: int = -1) -> Tensor:
    """The dot products Σᵢ x₁ᵢ x₂ᵢ of the vectors along ``axis``; the other axes broadcast.

    Shapes: (…, k) and (…, k) → (…). Raises ShapeError when the sizes differ or the axis does
    not exist in both.
    """
    left, right = operands(x1, x2)
    ends = [one_axis("vecdot", each, axis) for each in (left, right)]
    if left.shape[ends[0]] != right.shape[ends[1]]:
        raise refused(
            "vecdot", [left, right], f"along axis {axis} both vectors must have one length"
        )
    left, right = moveaxis(left, ends[0], -1), moveaxis(right, ends[1], -1)
    shape = composites.broadcast_shapes("vecdot", (left, right))
    labels = tuple(range(len(shape)))
    return contraction.contraction(
        composites.broadcast_to(left, shape),
        composites.broadcast_to(right, shape),
        left=labels,
        right=labels,
        out=labels[:-1],
    )


def diagonal(x: ArrayLike, /, *, offset: int = 0) -> Tensor:
    """The diagonals of the matrices in the last two axes.

    Shapes: (…, n, m) → (…, k), k = 0 past the corner. ``offset`` > 0 is above the main
    diagonal. Raises ShapeError for fewer than two axes.
    """
    given = as_tensor(x)
    if given.ndim < 2:
        raise refused("diagonal", [given], "a diagonal needs two axes, the last two")
    *batch, rows, columns = given.shape
    by = integer("diagonal", "the offset", offset)
    count = builtins.max(
        builtins.min(rows + builtins.min(by, 0), columns - builtins.max(by, 0)), 0
    )
    flat = reshape(given, (*batch, rows * columns))
    first = by if by >= 0 else -by * columns
    # In a flat matrix the next element of the diagonal comes columns + 1 places later.
    start, stop = (first, first + (count - 1) * (columns + 1) + 1) if count else (0, 0)
    lead = (0,) * len(batch)
    return movement.slice_(
        flat,
        start=(*lead, start),
        stop=(*batch, stop),
        step=(*(1 for _ in batch), columns + 1),
    )


def trace(x: ArrayLike, /, *, offset: int = 0, dtype: Any = None) -> Tensor:
    """The sums of the diagonals of the matrices in the last two axes: (…, n, m) → (…).

    ``dtype`` as for ``sum``; errors as for ``diagonal``.
    """
    return total(diagonal(x, offset=offset), axis=-1, dtype=dtype)
