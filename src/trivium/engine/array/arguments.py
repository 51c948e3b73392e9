"""How the array functions read their arguments: tensors, axes, sizes, known values."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import dtypes
from ..composites import as_tensor, cast, operands
from ..errors import DTypeError, ShapeError, UnboundInputError
from ..messages import shape_error
from ..tensor import Tensor, constant

__all__ = [
    "ArrayLike",
    "Axes",
    "Shape",
    "floating",
    "floating_pair",
    "integer",
    "known",
    "one_axis",
    "positions",
    "refused",
    "sizes",
    "some_axes",
]

Shape = tuple[int, ...]
Axes = int | Sequence[int] | None
ArrayLike = Tensor | np.ndarray[Any, Any] | np.generic | bool | int | float | Sequence[Any]


def floating(x: ArrayLike) -> Tensor:
    """``x`` as a floating tensor; integers and booleans become float64."""
    given = as_tensor(x)
    return given if dtypes.is_floating(given.dtype) else cast(given, dtypes.default_float)


def floating_pair(x: ArrayLike, y: ArrayLike) -> tuple[Tensor, Tensor]:
    """Both operands in one floating dtype; if neither is floating they become float64."""
    left, right = operands(x, y)
    return floating(left), floating(right)


def integer(asked: str, what: str, value: Any) -> int:
    """``value`` as a Python integer. Raises DTypeError when it is a bool or has a fraction."""
    try:
        if not isinstance(value, bool | np.bool_):
            return operator.index(value)
    except TypeError:
        pass
    raise DTypeError(f"{asked}: {what} must be an integer, not {value!r}")


def refused(asked: str, tensors: Sequence[Tensor], rule: str, fix: str = "") -> ShapeError:
    """The error for ``tensors`` that break ``rule``, each called by its name or its place."""
    names = [
        each.name if isinstance(each.name, str) else f"operand {i + 1}"
        for i, each in enumerate(tensors)
    ]
    return shape_error(asked, tensors, rule, fix, names)


def one_axis(asked: str, x: Tensor, axis: Any) -> int:
    """``axis`` of ``x`` counted from the front. Raises ShapeError if it does not exist."""
    number = integer(asked, "an axis", axis)
    if -x.ndim <= number < x.ndim:
        return number % x.ndim
    if not x.ndim:
        raise refused(
            asked, [x], f"a scalar has no axes, so no axis {number}", "add one: x[None]"
        )
    there = (
        f"axes are 0 to {x.ndim - 1}, or -{x.ndim} to -1" if x.ndim > 1 else "axis is 0 or -1"
    )
    raise refused(
        asked, [x], f"there is no axis {number}: the {there}", "name an axis that exists"
    )


def some_axes(asked: str, x: Tensor, axis: Axes) -> tuple[int, ...]:
    """The axes that ``axis`` names, sorted; None names all.

    Raises ShapeError when one does not exist or is named twice.
    """
    if axis is None:
        return tuple(range(x.ndim))
    if not isinstance(axis, Sequence):
        return (one_axis(asked, x, axis),)
    found = [one_axis(asked, x, each) for each in axis]
    if len(set(found)) != len(found):
        raise refused(
            asked, [x], f"the axes {tuple(axis)} name one axis twice", "name every axis once"
        )
    return tuple(sorted(found))


def sizes(asked: str, shape: Any) -> Shape:
    """``shape``, one size or several, as a tuple. Raises ShapeError for negative sizes."""
    many = shape if isinstance(shape, Sequence | np.ndarray) else (shape,)
    found = tuple(integer(asked, "a size", each) for each in many)
    if any(size < 0 for size in found):
        raise ShapeError(f"{asked}: the shape {found} has a negative size; sizes are 0 or more")
    return found


def known(asked: str, x: Tensor) -> np.ndarray[Any, Any]:
    """The present value of ``x``, on which the shape of a result depends.

    Raises UnboundInputError when it depends on inputs, which have no value yet.
    """
    try:
        return x.value
    except UnboundInputError as error:
        raise UnboundInputError(
            f"{asked}: the shape of the result depends on the values, and shapes are fixed "
            f"when an expression is built; but {error} Call {asked} on the data before they "
            "enter the expression, or keep the shape and mark elements with "
            "tv.array.where(mask, x, 0)"
        ) from None


def positions(count: int) -> Tensor:
    """The shared constant 0, 1, …, count - 1."""
    array = np.arange(count, dtype=np.int64)
    array.setflags(write=False)
    return constant(array, ("positions", count))
