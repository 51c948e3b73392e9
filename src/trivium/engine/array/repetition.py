"""Repeating elements, tiling, grids and padding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np

from .. import composites
from ..composites import as_tensor, full
from ..dtypes import bool_
from ..errors import ArgumentError, DTypeError
from ..primitives import movement
from ..tensor import Tensor
from .arguments import ArrayLike, integer, known, one_axis, refused
from .manipulation import flatten, moveaxis, reshape
from .shared import entries

__all__ = ["meshgrid", "pad", "repeat", "tile"]


def repeat(x: ArrayLike, repeats: ArrayLike, /, *, axis: int | None = None) -> Tensor:
    """Repeat every element ``repeats`` times along ``axis``; None flattens ``x`` first.

    ``repeats``: one number, or one per entry of the axis (then its values must be known when
    the expression is built). Shapes: (…, n, …) → (…, Σ repeats, …). Raises ShapeError when the
    counts do not fit the axis or are negative.
    """
    given = as_tensor(x)
    if axis is None:
        return repeat(flatten(given), repeats, axis=0)
    along = one_axis("repeat", given, axis)
    counts = known("repeat", as_tensor(repeats))
    if counts.dtype.kind != "i":
        raise DTypeError(f"repeat: the numbers of repeats must be integers, not {counts.dtype}")
    size = given.shape[along]
    if counts.ndim > 1 or (counts.ndim == 1 and counts.size not in (1, size)):
        raise refused(
            "repeat",
            [given],
            f"axis {along} has {size} entries, but the repeats have shape {counts.shape}",
            "give one number, or one for each entry",
        )
    if counts.size and counts.min() < 0:
        raise refused("repeat", [given], f"an entry cannot be repeated {counts.min()} times")
    if counts.size == 1:
        count = int(counts.reshape(()))
        columns = reshape(given, (*given.shape[: along + 1], 1, *given.shape[along + 1 :]))
        shape = (*given.shape[: along + 1], count, *given.shape[along + 1 :])
        wide = composites.broadcast_to(columns, shape)
        return reshape(wide, (*given.shape[:along], size * count, *given.shape[along + 1 :]))
    return entries(given, np.repeat(np.arange(size), counts), along)


def tile(x: ArrayLike, repetitions: int | Sequence[int], /) -> Tensor:
    """Lay copies of ``x`` side by side, ``repetitions[i]`` of them along axis i.

    Shapes: the shorter of the shape and ``repetitions`` is filled with ones in front; then
    sizes multiply. Raises ShapeError for a negative number.
    """
    given = as_tensor(x)
    many = repetitions if isinstance(repetitions, Sequence) else (repetitions,)
    counts = [integer("tile", "a repetition", each) for each in many]
    if any(count < 0 for count in counts):
        raise refused("tile", [given], f"the repetitions {tuple(counts)} must not be negative")
    ndim = max(len(counts), given.ndim)
    counts = [1] * (ndim - len(counts)) + counts
    shape = (1,) * (ndim - given.ndim) + given.shape
    pairs = list(zip(counts, shape, strict=True))
    columns = reshape(given, tuple(s for size in shape for s in (1, size)))
    wide = composites.broadcast_to(columns, tuple(s for pair in pairs for s in pair))
    return reshape(wide, tuple(count * size for count, size in pairs))


def meshgrid(*arrays: ArrayLike, indexing: Literal["xy", "ij"] = "xy") -> list[Tensor]:
    """The coordinates of a grid from one vector per axis: one tensor per vector.

    Shapes: vectors (n₁,), (n₂,), … → each (n₁, n₂, …) with ``indexing`` "ij"; with "xy" the
    first two axes are exchanged. Dtypes are promoted. Raises ShapeError for operands that are
    no vectors.
    """
    if indexing not in ("xy", "ij"):
        raise ArgumentError(f'meshgrid: indexing must be "xy" or "ij", not {indexing!r}')
    given = composites.operands(*arrays) if arrays else []
    for each in given:
        if each.ndim != 1:
            raise refused("meshgrid", [each], "each operand must be a vector")
    shape = tuple(each.shape[0] for each in given)
    ndim = len(given)
    lying = [tuple(n if j == i else 1 for j in range(ndim)) for i, n in enumerate(shape)]
    grids = [
        composites.broadcast_to(reshape(each, column), shape)
        for each, column in zip(given, lying, strict=True)
    ]
    swapped = indexing == "xy" and ndim > 1
    return [moveaxis(grid, 0, 1) if swapped else grid for grid in grids]


PadMode = Literal["constant", "edge", "reflect", "symmetric", "wrap"]


def pad(
    x: ArrayLike,
    /,
    widths: int | Sequence[int] | Sequence[Sequence[int]],
    *,
    mode: PadMode = "constant",
    value: ArrayLike = 0,
) -> Tensor:
    """Add ``widths`` entries before and after each axis.

    ``widths``: one number, one pair (before, after) for all axes, or one pair per axis.
    ``mode``: "constant" adds ``value``; "edge" repeats the outermost entry; "reflect" mirrors
    without and "symmetric" with it; "wrap" continues from the other end. Raises ShapeError for
    negative widths, for pairs that do not fit the axes and for an empty axis that would have to
    be continued.
    """
    given = as_tensor(x)
    pairs = _pairs(given, widths)
    if mode not in get_args(PadMode):
        raise ArgumentError(f"pad: mode {mode!r} is none of {', '.join(get_args(PadMode))}")
    if mode == "constant":
        return _constant(given, pairs, value)
    for axis, pair in enumerate(pairs):
        if any(pair):
            if not given.shape[axis]:
                raise refused(
                    "pad", [given], f'axis {axis} is empty, so "{mode}" has no entries'
                )
            places = np.arange(given.shape[axis])
            places = np.pad(places, pair, mode=mode)
            given = entries(given, places, axis)
    return given


def _pairs(x: Tensor, widths: object) -> list[tuple[int, int]]:
    try:
        found = np.broadcast_to(np.asarray(widths), (x.ndim, 2))
    except ValueError:
        found = np.empty((0, 0))
    if found.shape != (x.ndim, 2) or found.dtype.kind not in "iu" or (found < 0).any():
        raise refused(
            "pad",
            [x],
            f"the widths {widths} are no numbers ≥ 0 of entries before and after each axis",
            "give one number, one pair (before, after), or one pair per axis",
        )
    return [(int(before), int(after)) for before, after in found]


def _constant(x: Tensor, pairs: list[tuple[int, int]], value: ArrayLike) -> Tensor:
    filled = as_tensor(value)
    if filled.ndim:
        raise refused("pad", [x, filled], "the value to pad with must be a scalar")
    before, after = (tuple(pair[side] for pair in pairs) for side in (0, 1))
    between = (0,) * x.ndim
    padded = movement.pad(x, before=before, after=after, between=between)
    if type(value) is int and value == 0:
        return padded
    inside = full(x.shape, True, bool_)
    inside = movement.pad(inside, before=before, after=after, between=between)
    return composites.where(inside, padded, value)
