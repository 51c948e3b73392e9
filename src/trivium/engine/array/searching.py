"""Where extremes, nonzero elements and places in an order are."""

from __future__ import annotations

from typing import Literal

import numpy as np

from .. import composites, dtypes
from ..composites import as_tensor, cast, full, operands
from ..errors import ArgumentError, DTypeError
from ..primitive import Primitive
from ..primitives import comparison, indexing, reductions
from ..tensor import Tensor, tensor
from .arguments import ArrayLike, Axes, known, one_axis, refused
from .manipulation import flatten, reshape

__all__ = ["argmax", "argmin", "count_nonzero", "nonzero", "searchsorted", "where"]


def where(condition: ArrayLike, x: ArrayLike, y: ArrayLike, /) -> Tensor:
    """``x`` where the bool ``condition`` holds, else ``y``; all three broadcast.

    The derivative flows to the chosen element only: an infinity or NaN in the other branch
    never reaches it. Raises DTypeError when ``condition`` is not bool, ShapeError when the
    shapes do not broadcast.
    """
    chosen = as_tensor(condition)
    if not dtypes.is_boolean(chosen.dtype):
        raise DTypeError(
            f"where: the condition must be bool, not {chosen.dtype}; write a comparison, for "
            "example x != 0"
        )
    return composites.where(chosen, x, y)


def _position(
    primitive: Primitive, asked: str, x: ArrayLike, axis: int | None, keepdims: bool
) -> Tensor:
    given = as_tensor(x)
    flat = flatten(given) if axis is None else given
    along = 0 if axis is None else one_axis(asked, given, axis)
    if flat.shape[along] == 0:
        raise refused(asked, [given], "among no elements there is no extreme")
    result = primitive(flat, axis=along)
    if not keepdims:
        return result
    kept = (1 if axis is None or i == along else s for i, s in enumerate(given.shape))
    return reshape(result, tuple(kept))


def argmax(x: ArrayLike, /, axis: int | None = None, *, keepdims: bool = False) -> Tensor:
    """The index of the largest element along ``axis``, or in the flattened tensor; int64.

    Of equal elements the first, and NaN before all others. Shapes: ``axis`` vanishes, or stays
    with size 1 when ``keepdims``. Raises ShapeError when there are no elements.
    """
    return _position(reductions.argmax, "argmax", x, axis, keepdims)


def argmin(x: ArrayLike, /, axis: int | None = None, *, keepdims: bool = False) -> Tensor:
    """The index of the smallest element along ``axis``, or in the flattened tensor; int64.

    Ties, NaN, shapes and errors as for ``argmax``.
    """
    return _position(reductions.argmin, "argmin", x, axis, keepdims)


def count_nonzero(x: ArrayLike, /, *, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """How many elements over ``axis`` (all axes when None) are not zero; NaN is not zero.

    Shapes and errors as for ``sum``; int64.
    """
    from .statistical import sum as total

    return total(cast(as_tensor(x), dtypes.bool_), axis=axis, keepdims=keepdims)


def nonzero(x: ArrayLike, /) -> tuple[Tensor, ...]:
    """The indices of the elements that are not zero, one int64 tensor per axis, in row order.

    The result's shape depends on the values, so it is found when the expression is built.
    Raises UnboundInputError when ``x`` depends on inputs, ShapeError for a scalar.
    """
    given = as_tensor(x)
    if not given.ndim:
        raise refused("nonzero", [given], "a scalar has no axes to index", "add one: x[None]")
    return tuple(tensor(places) for places in np.nonzero(known("nonzero", given)))


def searchsorted(
    x1: ArrayLike,
    x2: ArrayLike,
    /,
    *,
    side: Literal["left", "right"] = "left",
    sorter: ArrayLike | None = None,
) -> Tensor:
    """Where the values ``x2`` would enter the ascending ``x1`` so that it stays so; int64.

    Shapes: x1 (n,), x2 (…) → (…), each from 0 to n. ``side`` "left": before equal elements;
    "right": after them. ``sorter``: the order that sorts x1 (from ``argsort``). NaN is the
    largest value. Found by bisection in ⌈log₂(n + 1)⌉ steps. Raises ShapeError when x1 has not
    one axis, ArgumentError for an unknown side.
    """
    ordered, wanted = operands(as_tensor(x1), as_tensor(x2))
    if ordered.ndim != 1:
        raise refused(
            "searchsorted", [ordered, wanted], "the sorted operand must have one axis"
        )
    if side not in ("left", "right"):
        raise ArgumentError(f'searchsorted: side must be "left" or "right", not {side!r}')
    if sorter is not None:
        order = as_tensor(sorter)
        if order.shape != ordered.shape:
            raise refused("searchsorted", [ordered, order], "the sorter must have x1's shape")
        ordered = indexing.gather(ordered, order)
    count = ordered.shape[0]
    found = full(wanted.shape, 0, dtypes.int64)
    if not count:
        return found
    for bit in reversed(range(count.bit_length())):
        tried = found + (1 << bit)  # invariant: the first `found` elements precede `wanted`
        there = composites.where(tried <= count, tried - 1, 0)
        before = _precedes(indexing.gather(ordered, there), wanted, side)
        found = composites.where(before & (tried <= count), tried, found)
    return found


def _precedes(element: Tensor, value: Tensor, side: str) -> Tensor:
    """Whether ``element`` lies before the place of ``value``; NaN is the largest value."""
    if not dtypes.is_floating(element.dtype):
        if dtypes.is_boolean(element.dtype):
            element, value = cast(element, dtypes.int32), cast(value, dtypes.int32)
        rule = comparison.less if side == "left" else comparison.less_equal
        return rule(element, value)
    if side == "left":
        return (element < value) | (comparison.isnan(value) & ~comparison.isnan(element))
    return (element <= value) | comparison.isnan(value)
