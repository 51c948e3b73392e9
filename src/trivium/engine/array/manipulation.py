"""Joining, reshaping and reordering: every function moves elements and changes none."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from .. import composites
from ..composites import as_tensor, broadcast_shapes, operands
from ..errors import DTypeError
from ..primitives import movement
from ..tensor import Tensor
from .arguments import ArrayLike, Axes, integer, one_axis, refused, sizes, some_axes

__all__ = [
    "broadcast_arrays",
    "broadcast_to",
    "concat",
    "expand_dims",
    "flatten",
    "flip",
    "moveaxis",
    "permute_dims",
    "reshape",
    "roll",
    "squeeze",
    "stack",
    "swapaxes",
    "unstack",
]


def reshape(x: ArrayLike, /, shape: int | Sequence[int], *, copy: bool | None = None) -> Tensor:
    """The same elements, last axis fastest, in another shape; one size may be -1.

    Shapes: the numbers of elements must agree; -1 stands for the size that makes them. Raises
    ShapeError otherwise. ``copy`` is accepted and changes nothing: tensors are immutable.
    """
    given = as_tensor(x)
    wanted = shape if isinstance(shape, Sequence) else (shape,)
    found = [integer("reshape", "a size", size) for size in wanted]
    free = [i for i, size in enumerate(found) if size == -1]
    rest = math.prod(size for size in found if size != -1)
    if len(free) > 1 or any(size < -1 for size in found):
        raise refused(
            "reshape",
            [given],
            f"{tuple(found)} is no shape: one size may be -1, the others are 0 or more",
            "leave at most one size open",
        )
    if free:
        if not rest or given.size % rest:
            raise refused(
                "reshape",
                [given],
                f"no size in place of -1 makes {tuple(found)} hold {given.size} elements",
                "check the other sizes" if rest else "write 0 or the size that is meant",
            )
        found[free[0]] = given.size // rest
    elif rest != given.size:
        raise refused(
            "reshape",
            [given],
            f"the {given.size} elements do not fill {tuple(found)}, which holds {rest}",
            "write -1 for one size to have it worked out",
        )
    target = tuple(found)
    return given if target == given.shape else movement.reshape(given, shape=target)


def flatten(x: ArrayLike, /) -> Tensor:
    """All elements in one axis, last axis fastest: (…) → (n,)."""
    return reshape(x, (-1,)) if as_tensor(x).size else reshape(x, (0,))


def squeeze(x: ArrayLike, /, axis: Axes = None) -> Tensor:
    """Drop axes of size 1: those that ``axis`` names, or all of them when None.

    Raises ShapeError when a named axis does not exist or has another size.
    """
    given = as_tensor(x)
    axes = some_axes("squeeze", given, axis)
    if axis is None:
        axes = tuple(i for i in axes if given.shape[i] == 1)
    large = [i for i in axes if given.shape[i] != 1]
    if large:
        raise refused(
            "squeeze",
            [given],
            f"axis {large[0]} has size {given.shape[large[0]]}; only an axis of size 1 can go",
            "index it (x[0]), or reduce over it (x.sum(axis))",
        )
    return reshape(given, tuple(s for i, s in enumerate(given.shape) if i not in axes))


def expand_dims(x: ArrayLike, /, axis: int | Sequence[int] = 0) -> Tensor:
    """Insert axes of size 1 at the places ``axis`` of the result.

    Shapes: n axes become n + 1 for an integer. Raises ShapeError when a place does not exist or
    is named twice.
    """
    given = as_tensor(x)
    places = list(axis) if isinstance(axis, Sequence) else [axis]
    ndim = given.ndim + len(places)
    found = [integer("expand_dims", "an axis", place) for place in places]
    if any(not -ndim <= place < ndim for place in found):
        raise refused(
            "expand_dims",
            [given],
            f"the result has {ndim} axes, so axis {axis} is not one of them "
            f"({-ndim} … {ndim - 1})",
        )
    unique = {place % ndim for place in found}
    if len(unique) != len(found):
        raise refused("expand_dims", [given], f"the axes {axis} name one place twice")
    old = iter(given.shape)
    return reshape(given, tuple(1 if i in unique else next(old) for i in range(ndim)))


def permute_dims(x: ArrayLike, /, axes: Sequence[int]) -> Tensor:
    """Reorder the axes: axis i of the result is axis ``axes[i]`` of ``x``.

    Raises ShapeError when ``axes`` does not name every axis once.
    """
    given = as_tensor(x)
    named = axes if isinstance(axes, Iterable) else (axes,)
    order = tuple(one_axis("permute_dims", given, axis) for axis in named)
    if len(order) != given.ndim or len(set(order)) != given.ndim:
        raise refused(
            "permute_dims",
            [given],
            f"the order {axes} must name each of the {given.ndim} axes once",
        )
    return given if order == tuple(range(given.ndim)) else movement.permute(given, axes=order)


def moveaxis(
    x: ArrayLike, source: int | Sequence[int], destination: int | Sequence[int], /
) -> Tensor:
    """Move the axes ``source`` to the places ``destination``; the others keep their order.

    Raises ShapeError when the two differ in number, or an axis is wrong or named twice.
    """
    given = as_tensor(x)
    origins = list(source) if isinstance(source, Sequence) else [source]
    places = list(destination) if isinstance(destination, Sequence) else [destination]
    if len(origins) != len(places):
        raise refused(
            "moveaxis", [given], f"{len(origins)} axes cannot move to {len(places)} places"
        )
    some_axes("moveaxis", given, origins)
    some_axes("moveaxis", given, places)
    taken = [one_axis("moveaxis", given, axis) for axis in origins]
    put = [one_axis("moveaxis", given, axis) for axis in places]
    order = [axis for axis in range(given.ndim) if axis not in taken]
    for place, axis in sorted(zip(put, taken, strict=True)):
        order.insert(place, axis)
    return permute_dims(given, order)


def swapaxes(x: ArrayLike, axis1: int, axis2: int, /) -> Tensor:
    """Exchange two axes. Raises ShapeError when one does not exist."""
    given = as_tensor(x)
    first, second = (one_axis("swapaxes", given, axis) for axis in (axis1, axis2))
    order = list(range(given.ndim))
    order[first], order[second] = second, first
    return permute_dims(given, order)


def flip(x: ArrayLike, /, axis: Axes = None) -> Tensor:
    """Reverse the order of the elements along ``axis`` (every axis when None)."""
    given = as_tensor(x)
    axes = some_axes("flip", given, axis)
    return movement.flip(given, axes=axes) if axes else given


def broadcast_to(x: ArrayLike, /, shape: int | Sequence[int]) -> Tensor:
    """Repeat ``x`` to ``shape``: axes of size 1 grow, missing ones are added in front.

    Raises ShapeError when an axis of another size would have to grow.
    """
    given, target = as_tensor(x), sizes("broadcast_to", shape)
    padded = (1,) * (len(target) - given.ndim) + given.shape
    if len(padded) > len(target) or any(
        have not in (1, want) for have, want in zip(padded, target, strict=True)
    ):
        raise refused(
            "broadcast_to",
            [given],
            f"aligned from the last axis, each size must be 1 or that of {target}",
            "add axes with expand_dims, or choose another shape",
        )
    return composites.broadcast_to(given, target)


def broadcast_arrays(*arrays: ArrayLike) -> list[Tensor]:
    """Repeat every operand to their common shape by NumPy's rule.

    Raises ShapeError when there is none.
    """
    given = [as_tensor(each) for each in arrays]
    if not given:
        return []
    shape = broadcast_shapes("broadcast_arrays", given)
    return [composites.broadcast_to(each, shape) for each in given]


def concat(arrays: Iterable[ArrayLike], /, *, axis: int | None = 0) -> Tensor:
    """Join tensors along an axis that they have; with axis None they are flattened first.

    Shapes: equal but for ``axis``, where the sizes add up. Dtypes are promoted. Raises
    ShapeError when there is nothing to join, an operand is a scalar, or the other sizes differ.
    """
    given = _listed("concat", arrays)
    if axis is None:
        given, axis = [flatten(each) for each in given], 0
    along = one_axis("concat", given[0], axis)
    first = given[0].shape
    for each in given:
        if each.ndim != len(first) or any(
            a != b for i, (a, b) in enumerate(zip(each.shape, first, strict=True)) if i != along
        ):
            raise refused(
                "concat",
                [given[0], each],
                f"to be joined along axis {along}, all other sizes must be equal",
                "reshape one of them, or join along another axis",
            )
    return movement.concat(*given, axis=along) if len(given) > 1 else given[0]


def stack(arrays: Iterable[ArrayLike], /, *, axis: int = 0) -> Tensor:
    """Join tensors of one shape along a new axis: k times (…) → (…, k, …).

    Dtypes are promoted. Raises ShapeError when there is nothing to stack or the shapes differ.
    """
    given = _listed("stack", arrays)
    for each in given:
        if each.shape != given[0].shape:
            raise refused(
                "stack",
                [given[0], each],
                "tensors to be stacked must have one shape",
                "reshape one of them, or join along an axis that they have, with concat",
            )
    grown = [expand_dims(each, axis) for each in given]
    return concat(grown, axis=axis)


def _listed(asked: str, arrays: Iterable[ArrayLike]) -> list[Tensor]:
    """The operands as tensors of one dtype; a tensor stands for its rows."""
    if not isinstance(arrays, Iterable):
        raise DTypeError(f"{asked}: the tensors must be given in one list, not {arrays!r}")
    given = list(arrays)
    if not given:
        raise refused(asked, [], "at least one tensor is needed")
    return operands(*given)


def unstack(x: ArrayLike, /, *, axis: int = 0) -> tuple[Tensor, ...]:
    """The slices of ``x`` along ``axis``, without that axis: (…, k, …) → k times (…)."""
    given = as_tensor(x)
    along = one_axis("unstack", given, axis)
    rest = given.shape[:along] + given.shape[along + 1 :]
    return tuple(
        reshape(_part(given, along, i, i + 1), rest) for i in range(given.shape[along])
    )


def _part(x: Tensor, axis: int, start: int, stop: int) -> Tensor:
    """The entries start … stop - 1 along one axis."""
    first, last = [0] * x.ndim, list(x.shape)
    first[axis], last[axis] = start, stop
    return movement.slice_(x, start=tuple(first), stop=tuple(last), step=(1,) * x.ndim)


def roll(x: ArrayLike, /, shift: int | Sequence[int], *, axis: Axes = None) -> Tensor:
    """Shift the elements along ``axis``; those that leave at the end come in at the front.

    ``shift``: one integer, or one per axis; with axis None the flattened elements are shifted.
    Raises ShapeError when the numbers of shifts and axes differ.
    """
    given = as_tensor(x)
    if axis is None:
        return reshape(roll(flatten(given), shift, axis=0), given.shape)
    axes = list(axis) if isinstance(axis, Sequence) else [axis]
    shifts = list(shift) if isinstance(shift, Sequence) else [shift] * len(axes)
    if len(axes) == 1:
        axes = axes * len(shifts)
    if len(axes) != len(shifts):
        raise refused("roll", [given], f"{len(shifts)} shifts do not fit {len(axes)} axes")
    for each, by in zip(axes, shifts, strict=True):
        given = _rolled(given, one_axis("roll", given, each), integer("roll", "a shift", by))
    return given


def _rolled(x: Tensor, axis: int, by: int) -> Tensor:
    size = x.shape[axis]
    cut = (size - by) % size if size else 0
    if not cut:
        return x
    return concat([_part(x, axis, cut, size), _part(x, axis, 0, cut)], axis=axis)
