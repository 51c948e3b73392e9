"""Sums, products, extremes, means and spreads over axes."""

from __future__ import annotations

import builtins
import math
from typing import Any

from .. import dtypes
from ..composites import as_tensor, binary, broadcast_to, cast, full
from ..primitive import Primitive
from ..primitives import arithmetic, reductions
from ..tensor import Tensor
from .arguments import ArrayLike, Axes, Shape, floating, one_axis, refused, some_axes
from .manipulation import concat
from .shared import reduce, safe_sqrt

__all__ = [
    "cumulative_prod",
    "cumulative_sum",
    "max",
    "mean",
    "min",
    "prod",
    "std",
    "sum",
    "var",
]


def _accumulated(x: ArrayLike, dtype: Any) -> Tensor:
    """``x`` in the dtype in which it is added up: ``dtype``, or int64 for bool and int32."""
    given = as_tensor(x)
    if dtype is not None:
        return cast(given, dtypes.as_dtype(dtype))
    return given if dtypes.is_floating(given.dtype) else cast(given, dtypes.default_int)


def sum(
    x: ArrayLike, /, axis: Axes = None, *, dtype: Any = None, keepdims: bool = False
) -> Tensor:
    """The sum of the elements over ``axis`` (all axes when None).

    Shapes: the named axes vanish, or stay with size 1 when ``keepdims``. An empty sum is 0.
    bool and int32 are added up in int64 unless ``dtype`` is given. Raises ShapeError for an
    axis that does not exist.
    """
    given = _accumulated(x, dtype)
    return reduce(reductions.sum_, given, some_axes("sum", given, axis), keepdims)


def prod(
    x: ArrayLike, /, axis: Axes = None, *, dtype: Any = None, keepdims: bool = False
) -> Tensor:
    """The product of the elements over ``axis`` (all axes when None); an empty product is 1.

    Shapes, dtypes and errors as for ``sum``. The derivative is exact also where factors are 0.
    """
    given = _accumulated(x, dtype)
    return reduce(reductions.prod, given, some_axes("prod", given, axis), keepdims)


def _extreme(primitive: Primitive, asked: str, x: ArrayLike, axis: Axes, keep: bool) -> Tensor:
    given = as_tensor(x)
    axes = some_axes(asked, given, axis)
    empty = [i for i in axes if given.shape[i] == 0]
    if empty:
        raise refused(
            asked,
            [given],
            f"axis {empty[0]} is empty, so it has no {asked}imum",
            "leave out empty data, or choose another axis",
        )
    return reduce(primitive, given, axes, keep)


def max(x: ArrayLike, /, axis: Axes = None, *, keepdims: bool = False) -> Tensor:
    """The largest element over ``axis`` (all axes when None); NaN if there is one.

    Shapes: as for ``sum``. Elements that tie share the derivative evenly. Raises ShapeError for
    an axis that does not exist or is empty.
    """
    return _extreme(reductions.max_, "max", x, axis, keepdims)


def min(x: ArrayLike, /, axis: Axes = None, *, keepdims: bool = False) -> Tensor:
    """The smallest element over ``axis`` (all axes when None); NaN if there is one.

    Shapes and errors as for ``max``. Elements that tie share the derivative evenly.
    """
    return _extreme(reductions.min_, "min", x, axis, keepdims)


def _count(shape: Shape, axes: Shape) -> int:
    return math.prod(shape[axis] for axis in axes)


def mean(x: ArrayLike, /, axis: Axes = None, *, keepdims: bool = False) -> Tensor:
    """The arithmetic mean over ``axis`` (all axes when None): Σ xᵢ / n; NaN when n = 0.

    Shapes: as for ``sum``. Integers and booleans give float64.
    """
    given = floating(x)
    axes = some_axes("mean", given, axis)
    total = reduce(reductions.sum_, given, axes, keepdims)
    return binary(arithmetic.divide, total, float(_count(given.shape, axes)))


def var(
    x: ArrayLike, /, axis: Axes = None, *, correction: float = 0.0, keepdims: bool = False
) -> Tensor:
    """The variance over ``axis`` (all axes when None): Σ (xᵢ - x̄)² / (n - correction).

    ``correction`` 0 is the variance of the data, 1 (Bessel's) the unbiased estimate from a
    sample. Shapes: as for ``sum``. Integers and booleans give float64. Where n ≤ correction the
    divisor is 0, so the result is NaN or infinite, as in NumPy.
    """
    given = floating(x)
    axes = some_axes("var", given, axis)
    centre = broadcast_to(mean(given, axis=axes, keepdims=True), given.shape)
    squares = arithmetic.square(arithmetic.subtract(given, centre))
    divisor = builtins.max(_count(given.shape, axes) - float(correction), 0.0)
    return binary(arithmetic.divide, reduce(reductions.sum_, squares, axes, keepdims), divisor)


def std(
    x: ArrayLike, /, axis: Axes = None, *, correction: float = 0.0, keepdims: bool = False
) -> Tensor:
    """The standard deviation √var over ``axis``; its derivative is 0 where the variance is 0.

    Shapes, dtypes and ``correction`` as for ``var``.
    """
    return safe_sqrt(var(x, axis=axis, correction=correction, keepdims=keepdims))


def _running(
    primitive: Primitive, start: int, x: ArrayLike, axis: int | None, dtype: Any, initial: bool
) -> Tensor:
    asked = primitive.name
    given = _accumulated(x, dtype)
    if axis is None and given.ndim > 1:
        raise refused(
            asked,
            [given],
            f"with {given.ndim} axes, the one to run along must be named",
            "give axis=, or x.flatten() first",
        )
    along = one_axis(asked, given, 0 if axis is None else axis)
    result = primitive(given, axis=along)
    if not initial:
        return result
    first = tuple(1 if i == along else size for i, size in enumerate(given.shape))
    return concat([full(first, start, given.dtype), result], axis=along)


def cumulative_sum(
    x: ArrayLike,
    /,
    axis: int | None = None,
    *,
    dtype: Any = None,
    include_initial: bool = False,
) -> Tensor:
    """The running sums yᵢ = x₀ + … + xᵢ along ``axis``, which may be left out in one dimension.

    Shapes: that of ``x``; one longer along ``axis`` with ``include_initial``, which puts a 0
    first. Dtypes as for ``sum``. Raises ShapeError for an axis that does not exist.
    """
    return _running(reductions.cumulative_sum, 0, x, axis, dtype, include_initial)


def cumulative_prod(
    x: ArrayLike,
    /,
    axis: int | None = None,
    *,
    dtype: Any = None,
    include_initial: bool = False,
) -> Tensor:
    """The running products yᵢ = x₀ · … · xᵢ along ``axis``.

    Shapes, dtypes and errors as for ``cumulative_sum``; ``include_initial`` puts a 1 first.
    """
    return _running(reductions.cumulative_prod, 1, x, axis, dtype, include_initial)
