"""Indexing as in NumPy: integers, slices, None, Ellipsis, boolean masks, integer arrays."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from . import dtypes
from .composites import as_tensor, binary, broadcast_shapes, broadcast_to, cast, where
from .errors import DTypeError, IndexRangeError
from .primitives import arithmetic, indexing, movement
from .tensor import Tensor, literal

__all__ = ["getitem"]


def getitem(x: Tensor, key: Any) -> Tensor:
    """``x[key]`` by NumPy's rules (basic and advanced indexing, in any mixture).

    Raises IndexRangeError for an index outside its axis and for too many indices, DTypeError
    for a key that is no index. A boolean mask must not depend on unbound inputs: it fixes the
    shape.
    """
    entries = _expand(x, key if isinstance(key, tuple) else (key,))
    basic: list[Any] = []
    arrays: list[tuple[int, Tensor]] = []  # axis of the result of basic indexing, indices
    separated, last = False, None
    position = 0
    for place, entry in enumerate(entries):
        if isinstance(entry, Tensor):
            separated |= last is not None and place != last + 1
            last = place
            arrays.append((position, entry))
            basic.append(slice(None))
            position += 1
        elif entry is not Ellipsis:  # one that stands for no axis only separates
            basic.append(entry)
            position += entry is None or isinstance(entry, slice)
    result = _basic(x, basic)
    if not arrays:
        return result
    return _advanced(result, arrays, separated)


def _expand(x: Tensor, key: tuple[Any, ...]) -> list[Any]:
    """One entry per axis: ints, slices, integer tensors; and None, and an idle Ellipsis."""
    entries: list[Any] = []
    for entry in key:
        entries.extend(_normalized(entry))
    used = sum(1 for entry in entries if entry is not None and entry is not Ellipsis)
    if used > x.ndim:
        raise IndexRangeError(
            f"too many indices: shape {x.shape} has {x.ndim} axes, but {used} were indexed"
        )
    ellipses = [i for i, entry in enumerate(entries) if entry is Ellipsis]
    if len(ellipses) > 1:
        raise IndexRangeError("an index can contain only one ellipsis (...)")
    place = ellipses[0] if ellipses else len(entries)
    if used < x.ndim or not ellipses:
        entries[place : place + 1] = [slice(None)] * (x.ndim - used)
    if any(isinstance(entry, Tensor | _MaskAxis) for entry in entries):
        # NumPy lets an integer take part in advanced indexing as a scalar index array.
        entries = [
            literal(entry, dtypes.int64) if isinstance(entry, int) else entry
            for entry in entries
        ]
    return _masks_checked(x, entries)


def _masks_checked(x: Tensor, entries: list[Any]) -> list[Any]:
    axis = 0
    for i, entry in enumerate(entries):
        if entry is None or entry is Ellipsis:
            continue
        if isinstance(entry, _MaskAxis):
            if entry.size != x.shape[axis]:
                raise IndexRangeError(
                    f"a mask of {entry.size} entries cannot index axis {axis} of shape "
                    f"{x.shape}"
                )
            entries[i] = entry.indices
        axis += 1
    return entries


class _MaskAxis:
    """One axis of a boolean mask: the positions that are true, and the mask's size there."""

    def __init__(self, indices: Tensor, size: int) -> None:
        self.indices, self.size = indices, size


def _normalized(entry: Any) -> list[Any]:
    if entry is None or entry is Ellipsis or isinstance(entry, slice):
        return [entry]
    if isinstance(entry, bool | np.bool_):
        raise DTypeError("a single bool is not an index here; use None to add an axis")
    if not isinstance(entry, Tensor | np.ndarray | list):
        try:
            return [operator.index(entry)]
        except TypeError:
            raise DTypeError(
                f"{entry!r} is not an index; use integers, slices, None, ..., masks or arrays"
            ) from None
    index = as_tensor(np.asarray(entry, dtype=np.int64) if _is_empty(entry) else entry)
    if dtypes.is_boolean(index.dtype):
        if index.ndim == 0:
            raise DTypeError("a single bool is not an index here; use None to add an axis")
        mask = index.value
        return [
            _MaskAxis(as_tensor(places), size)
            for places, size in zip(np.nonzero(mask), mask.shape, strict=True)
        ]
    if not dtypes.is_integer(index.dtype):
        raise DTypeError(f"indices must be integers or bool, got {index.dtype}")
    return [index]


def _is_empty(entry: Any) -> bool:
    return isinstance(entry, list) and len(entry) == 0


def _basic(x: Tensor, entries: list[Any]) -> Tensor:
    start, stop, step, flips, kept = [], [], [], [], []
    axis = 0
    for entry in entries:
        if entry is None:
            kept.append(1)
            continue
        size = x.shape[axis]
        if isinstance(entry, slice):
            first, count, stride = _span(entry, size)
            if stride < 0:
                flips.append(axis)
                first = first + (count - 1) * stride if count else 0
            kept.append(count)
        else:
            if not -size <= entry < size:
                raise IndexRangeError(
                    f"index {entry} lies outside axis {axis} of shape {x.shape} "
                    f"({-size} … {size - 1})"
                )
            first, count, stride = entry % size, 1, 1
        start.append(first)
        stop.append(first + (count - 1) * abs(stride) + 1 if count else first)
        step.append(abs(stride))
        axis += 1
    if (start, stop) != ([0] * x.ndim, list(x.shape)) or any(each != 1 for each in step):
        x = movement.slice_(x, start=tuple(start), stop=tuple(stop), step=tuple(step))
    if flips:
        x = movement.flip(x, axes=tuple(flips))
    return x if x.shape == tuple(kept) else movement.reshape(x, shape=tuple(kept))


def _span(entry: slice, size: int) -> tuple[int, int, int]:
    try:
        span = range(*entry.indices(size))
    except (TypeError, ValueError) as error:
        raise DTypeError(f"{entry} is not a slice of integers: {error}") from None
    return (span.start if len(span) else 0), len(span), span.step


def _advanced(x: Tensor, arrays: list[tuple[int, Tensor]], separated: bool) -> Tensor:
    """Gather by one linear index over the indexed axes, moved to the front."""
    axes = [axis for axis, _ in arrays]
    shape = broadcast_shapes("indexing", [index for _, index in arrays])
    linear: Tensor | None = None
    for axis, index in arrays:
        index = broadcast_to(cast(index, dtypes.int64), shape)
        index = _wrapped(index, x.shape[axis], alone=len(axes) == 1)
        if linear is None:
            linear = index
        else:
            linear = binary(
                arithmetic.add, binary(arithmetic.multiply, linear, x.shape[axis]), index
            )
    assert linear is not None
    rest = [axis for axis in range(x.ndim) if axis not in axes]
    moved = movement.permute(x, axes=(*axes, *rest))
    count = math.prod(x.shape[axis] for axis in axes)
    rows = movement.reshape(moved, shape=(count, *[x.shape[axis] for axis in rest]))
    result = indexing.gather(rows, linear)
    before = 0 if separated else sum(1 for axis in rest if axis < axes[0])
    if before == 0:
        return result
    n = len(shape)
    order = (*range(n, n + before), *range(n), *range(n + before, result.ndim))
    return movement.permute(result, axes=order)


def _wrapped(index: Tensor, size: int, alone: bool) -> Tensor:
    """Negative indices counted from the end; what is out of range stays out of range.

    Indices of one axis must not spill into another when they are combined to one linear index,
    so an index outside its axis becomes one that is outside of every axis, unless it is ``alone``
    and can stay what the error will call it.
    """
    if index.primitive.name == "constant":
        values = index.value
        wrong = (values < -size) | (values >= size)
        if np.any(wrong):
            raise IndexRangeError(
                f"index {int(values[wrong][0])} lies outside an axis of {size} entries "
                f"({-size} … {size - 1})"
            )
        return as_tensor(np.where(values < 0, values + size, values))
    inside = where(index < 0, index + size, index)
    outside = index if alone else np.int64(-(2**40)).item()
    return where((inside >= 0) & (inside < size), inside, outside)
