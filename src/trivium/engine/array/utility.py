"""Tests of all elements, and differences of neighbours."""

from __future__ import annotations

import builtins

from ..composites import as_tensor, binary, cast, full
from ..dtypes import bool_, is_boolean
from ..primitive import Primitive
from ..primitives import arithmetic, comparison, movement, reductions
from ..tensor import Tensor
from .arguments import ArrayLike, Axes, integer, one_axis, refused, some_axes
from .manipulation import concat
from .shared import reduce

__all__ = ["all", "any", "diff"]


def _reduced(
    primitive: Primitive, empty: bool, x: ArrayLike, axis: Axes, keepdims: bool
) -> Tensor:
    given = cast(as_tensor(x), bool_)
    axes = some_axes("all" if empty else "any", given, axis)
    if builtins.all(given.shape[i] for i in axes):
        return reduce(primitive, given, axes, keepdims)
    kept = [1 if i in axes else size for i, size in enumerate(given.shape)]
    shape = [size for i, size in enumerate(kept) if keepdims or i not in axes]
    return full(tuple(shape), empty, bool_)


def all(x: ArrayLike, /, axis: Axes = None, *, keepdims: bool = False) -> Tensor:
    """Whether every element over ``axis`` (all axes when None) is true or nonzero; bool.

    NaN counts as true; of no elements the answer is true. Shapes: as for ``sum``. Raises
    ShapeError for an axis that does not exist.
    """
    return _reduced(reductions.min_, True, x, axis, keepdims)


def any(x: ArrayLike, /, axis: Axes = None, *, keepdims: bool = False) -> Tensor:
    """Whether some element over ``axis`` (all axes when None) is true or nonzero; bool.

    NaN counts as true; of no elements the answer is false. Shapes and errors as for ``all``.
    """
    return _reduced(reductions.max_, False, x, axis, keepdims)


def diff(
    x: ArrayLike,
    /,
    *,
    axis: int = -1,
    n: int = 1,
    prepend: ArrayLike | None = None,
    append: ArrayLike | None = None,
) -> Tensor:
    """The n-th difference of neighbours along ``axis``: yᵢ = xᵢ₊₁ - xᵢ, taken n times.

    ``prepend`` and ``append`` are joined to ``x`` first. Shapes: ``axis`` shrinks by n, at most
    to 0. Differences of booleans say where they differ. Raises ShapeError for a scalar or a
    negative n.
    """
    given = as_tensor(x)
    along = one_axis("diff", given, axis)
    order = integer("diff", "n", n)
    if order < 0:
        raise refused("diff", [given], f"a difference cannot be taken {order} times")
    if order == 0:
        return given
    ends = [as_tensor(each) for each in (prepend, given, append) if each is not None]
    if len(ends) > 1:
        one = tuple(1 if i == along else size for i, size in enumerate(given.shape))
        ends = [each if each.ndim else _filled(each, one) for each in ends]
        given = concat(ends, axis=along)
    for _ in range(order):
        size = given.shape[along]
        later, earlier = (_without(given, along, end) for end in (0, size - 1))
        given = binary(
            comparison.not_equal if is_boolean(given.dtype) else arithmetic.subtract,
            later,
            earlier,
        )
    return given


def _filled(x: Tensor, shape: tuple[int, ...]) -> Tensor:
    """The scalar ``x`` repeated to ``shape``."""
    return movement.broadcast(x, shape=shape)


def _without(x: Tensor, axis: int, end: int) -> Tensor:
    """``x`` without its first (end 0) or last entry along ``axis``."""
    first, last = [0] * x.ndim, list(x.shape)
    if x.shape[axis]:
        first[axis], last[axis] = (1, last[axis]) if end == 0 else (0, last[axis] - 1)
    return movement.slice_(x, start=tuple(first), stop=tuple(last), step=(1,) * x.ndim)
