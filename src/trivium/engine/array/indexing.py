"""Elements by their place."""

from __future__ import annotations

import numpy as np

from ..composites import as_tensor, full
from ..dtypes import int64, is_integer
from ..errors import DTypeError
from ..getitem import getitem
from ..tensor import Tensor
from .arguments import ArrayLike, one_axis, positions, refused
from .manipulation import broadcast_to, reshape

__all__ = ["take", "take_along_axis"]


def _indices(asked: str, indices: ArrayLike) -> Tensor:
    found = as_tensor(indices)
    if not found.size:
        return full(found.shape, 0, int64)
    if not is_integer(found.dtype):
        raise DTypeError(f"{asked}: indices must be integers, not {found.dtype}")
    return found


def take(x: ArrayLike, indices: ArrayLike, /, *, axis: int | None = None) -> Tensor:
    """The entries ``indices`` of an axis, which may be left out in one dimension.

    Shapes: x (a…, n, b…), indices (i…) → (a…, i…, b…). Negative indices count from the end.
    Raises IndexRangeError for an index outside the axis: at once when the indices are known,
    else when the program runs.
    """
    given = as_tensor(x)
    if axis is None and given.ndim > 1:
        raise refused(
            "take",
            [given],
            f"with {given.ndim} axes, the one to take entries of must be named",
            "give axis=, or x.flatten() first",
        )
    along = one_axis("take", given, 0 if axis is None else axis)
    return getitem(given, (*[slice(None)] * along, _indices("take", indices)))


def take_along_axis(x: ArrayLike, indices: ArrayLike, /, *, axis: int = -1) -> Tensor:
    """Entries along an axis, with indices of their own at every place of the other axes.

    Shapes: x (a…, n, b…), indices (a…, k, b…) → (a…, k, b…); the other axes broadcast. So
    ``take_along_axis(x, argsort(x))`` is ``sort(x)``. Raises ShapeError when the numbers of
    axes differ, IndexRangeError for an index outside the axis.
    """
    given, places = as_tensor(x), _indices("take_along_axis", indices)
    along = one_axis("take_along_axis", given, axis)
    if places.ndim != given.ndim:
        raise refused(
            "take_along_axis", [given, places], "both must have the same number of axes"
        )
    rest = [i for i in range(given.ndim) if i != along]
    try:
        common = np.broadcast_shapes(
            *[tuple(t.shape[i] for i in rest) for t in (given, places)]
        )
    except ValueError:
        raise refused(
            "take_along_axis", [given, places], f"all axes but {along} must broadcast"
        ) from None
    shape, target = list(given.shape), list(places.shape)
    for i, size in zip(rest, common, strict=True):
        shape[i] = target[i] = size
    given, places = broadcast_to(given, shape), broadcast_to(places, target)
    key = [
        places if i == along else reshape(positions(size), _along(i, size, given.ndim))
        for i, size in enumerate(shape)
    ]
    return getitem(given, tuple(key))


def _along(axis: int, size: int, ndim: int) -> tuple[int, ...]:
    """The shape of a vector of ``size`` entries that lies along ``axis``."""
    return tuple(size if i == axis else 1 for i in range(ndim))
