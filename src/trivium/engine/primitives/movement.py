"""Movement of elements: reshape, permute, broadcast, pad, slice, concat, flip. All linear."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..errors import ShapeError
from ..primitive import Curvature, Primitive, Sample, by_input
from . import rules

if TYPE_CHECKING:
    from ..tensor import Tensor

Shape = tuple[int, ...]
LINEAR = Curvature("affine", ("increasing",))


class ToShape(NamedTuple):
    """Attributes of reshape and broadcast: the shape of the result."""

    shape: Shape


class Axes(NamedTuple):
    """Attributes that name axes, none negative."""

    axes: tuple[int, ...]


class Padding(NamedTuple):
    """Zeros before, after and between the elements, one entry per axis, none negative."""

    before: tuple[int, ...]
    after: tuple[int, ...]
    between: tuple[int, ...]


class Window(NamedTuple):
    """First index, end index (not included) and positive step, one entry per axis."""

    start: tuple[int, ...]
    stop: tuple[int, ...]
    step: tuple[int, ...]


class Axis(NamedTuple):
    """Attributes that name one axis, not negative."""

    axis: int


def _normal(rng: np.random.Generator, *shape: int) -> Any:
    return rng.normal(size=shape)


def _reshape_shape(attributes: ToShape, shape: Shape) -> Shape:
    if math.prod(shape) != math.prod(attributes.shape):
        raise ShapeError(
            f"cannot reshape {shape} ({math.prod(shape)} elements) to {attributes.shape} "
            f"({math.prod(attributes.shape)} elements)"
        )
    return attributes.shape


reshape = Primitive(
    name="reshape",
    notation=r"\operatorname{{reshape}}({0})",
    attributes=ToShape,
    shape=_reshape_shape,
    dtype=rules.any_dtype,
    evaluate=lambda a, x: np.reshape(x, a.shape),
    vjp=by_input(lambda n, c: reshape(c, shape=n.inputs[0].shape)),
    curvature=LINEAR,
    samples=lambda rng: [
        Sample((_normal(rng, 2, 6),), ToShape((3, 4)), (0,)),
        Sample((_normal(rng, 1),), ToShape(()), (0,)),
        Sample((_normal(rng, 0, 3),), ToShape((2, 0)), (0,)),
    ],
    native=rules.REFERENCE_ONLY,
)


def _permute_shape(attributes: Axes, shape: Shape) -> Shape:
    if sorted(attributes.axes) != list(range(len(shape))):
        raise ShapeError(f"{attributes.axes} is not a permutation of the axes of {shape}")
    return tuple(shape[axis] for axis in attributes.axes)


def _inverse(axes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(int(axis) for axis in np.argsort(axes))


permute = Primitive(
    name="permute",
    notation=lambda a, x: (
        rf"{x}^\top"
        if a.axes == (1, 0)
        else rf"\operatorname{{permute}}_{{{', '.join(map(str, a.axes))}}}({x})"
    ),
    attributes=Axes,
    shape=_permute_shape,
    dtype=rules.any_dtype,
    evaluate=lambda a, x: np.transpose(x, a.axes),
    vjp=by_input(lambda n, c: permute(c, axes=_inverse(n.attributes.axes))),
    curvature=LINEAR,
    samples=lambda rng: [
        Sample((_normal(rng, 2, 3),), Axes((1, 0)), (0,)),
        Sample((_normal(rng, 2, 3, 4),), Axes((2, 0, 1)), (0,)),
        Sample((_normal(rng),), Axes(()), (0,)),
    ],
    native=rules.REFERENCE_ONLY,
)


def _broadcast_shape(attributes: ToShape, shape: Shape) -> Shape:
    target = attributes.shape
    padded = (1,) * (len(target) - len(shape)) + shape
    if len(shape) > len(target) or any(
        have not in (1, want) for have, want in zip(padded, target, strict=True)
    ):
        raise ShapeError(f"cannot broadcast {shape} to {target}")
    return target


def _unbroadcast(n: Tensor, c: Tensor) -> Tensor:
    """The sum over the axes that broadcasting repeated."""
    from .reductions import sum_

    shape = n.inputs[0].shape
    lead = n.ndim - len(shape)
    axes = tuple(range(lead)) + tuple(
        lead + i for i, size in enumerate(shape) if size == 1 and n.shape[lead + i] != 1
    )
    return reshape(sum_(c, axes=axes), shape=shape) if axes else reshape(c, shape=shape)


def _broadcast(attributes: ToShape, x: Any) -> Any:
    if x.ndim:
        return np.broadcast_to(x, attributes.shape)
    # Scalars are most of what a training step broadcasts, and np.broadcast_to takes ten times
    # as long as making the view that it returns.
    shape = attributes.shape
    view: np.ndarray[Any, Any] = np.ndarray(shape, x.dtype, x, strides=(0,) * len(shape))
    view.flags.writeable = False
    return view


broadcast = Primitive(
    name="broadcast",
    notation="{0}",
    attributes=ToShape,
    shape=_broadcast_shape,
    dtype=rules.any_dtype,
    evaluate=_broadcast,
    vjp=by_input(_unbroadcast),
    curvature=LINEAR,
    samples=lambda rng: [
        Sample((_normal(rng),), ToShape((2, 3)), (0,)),
        Sample((_normal(rng, 3, 1),), ToShape((2, 3, 4)), (0,)),
        Sample((_normal(rng, 1),), ToShape((0,)), (0,)),
    ],
    native=rules.REFERENCE_ONLY,
)


def _pad_shape(attributes: Padding, shape: Shape) -> Shape:
    if (
        not len(attributes.before)
        == len(attributes.after)
        == len(attributes.between)
        == len(shape)
    ):
        raise ShapeError(f"padding {attributes} does not have one entry per axis of {shape}")
    if min((*attributes.before, *attributes.after, *attributes.between, 0)) < 0:
        raise ShapeError(f"padding {attributes} is negative")
    return tuple(
        low + size + max(size - 1, 0) * gap + high
        for size, low, high, gap in zip(shape, *_columns(attributes), strict=True)
    )


def _columns(a: Padding) -> tuple[tuple[int, ...], ...]:
    return a.before, a.after, a.between


def _pad(attributes: Padding, x: Any) -> Any:
    result = np.zeros(_pad_shape(attributes, x.shape), x.dtype)
    result[_occupied(attributes, x.shape)] = x
    return result


def _occupied(attributes: Padding, shape: Shape) -> tuple[slice, ...]:
    return tuple(
        slice(low, low + max((size - 1) * (gap + 1) + 1, 0), gap + 1)
        for size, low, _, gap in zip(shape, *_columns(attributes), strict=True)
    )


def _pad_vjp(n: Tensor, c: Tensor) -> Tensor:
    places = _occupied(n.attributes, n.inputs[0].shape)
    return slice_(
        c,
        start=tuple(place.start for place in places),
        stop=tuple(place.stop for place in places),
        step=tuple(place.step for place in places),
    )


pad = Primitive(
    name="pad",
    notation=r"\operatorname{{pad}}({0})",
    attributes=Padding,
    shape=_pad_shape,
    dtype=rules.any_dtype,
    evaluate=_pad,
    vjp=by_input(_pad_vjp),
    curvature=LINEAR,
    samples=lambda rng: [
        Sample((_normal(rng, 3),), Padding((1,), (2,), (0,)), (0,)),
        Sample((_normal(rng, 2, 3),), Padding((0, 1), (2, 0), (2, 1)), (0,)),
        Sample((_normal(rng, 0),), Padding((1,), (1,), (3,)), (0,)),
        Sample((_normal(rng),), Padding((), (), ()), (0,)),
    ],
    native=rules.REFERENCE_ONLY,
)


def _slice_shape(attributes: Window, shape: Shape) -> Shape:
    rows = list(zip(*attributes, strict=True))
    if len(rows) != len(shape) or any(
        not (0 <= start <= stop <= size and step > 0)
        for (start, stop, step), size in zip(rows, shape, strict=False)
    ):
        raise ShapeError(f"the window {attributes} does not lie inside the shape {shape}")
    return tuple(-(-(stop - start) // step) for start, stop, step in rows)


def _slice_vjp(n: Tensor, c: Tensor) -> Tensor:
    start, _, step = n.attributes
    after = tuple(
        size - first - (max((count - 1) * stride + 1, 0))
        for size, first, stride, count in zip(
            n.inputs[0].shape, start, step, n.shape, strict=True
        )
    )
    return pad(c, before=start, after=after, between=tuple(stride - 1 for stride in step))


slice_ = Primitive(
    name="slice",
    notation=r"{0}[\cdot]",
    attributes=Window,
    shape=_slice_shape,
    dtype=rules.any_dtype,
    evaluate=lambda a, x: x[tuple(slice(*row) for row in zip(*a, strict=True))],
    vjp=by_input(_slice_vjp),
    curvature=LINEAR,
    samples=lambda rng: [
        Sample((_normal(rng, 5),), Window((1,), (4,), (1,)), (0,)),
        Sample((_normal(rng, 4, 7),), Window((0, 1), (4, 6), (3, 2)), (0,)),
        Sample((_normal(rng, 3),), Window((2,), (2,), (1,)), (0,)),
        Sample((_normal(rng),), Window((), (), ()), (0,)),
    ],
    native=rules.REFERENCE_ONLY,
)


def _concat_shape(attributes: Axis, *shapes: Shape) -> Shape:
    axis = attributes.axis
    if not shapes:
        raise ShapeError("concat needs at least one tensor")
    rest = {shape[:axis] + shape[axis + 1 :] for shape in shapes}
    if len(rest) != 1 or any(axis >= len(shape) for shape in shapes):
        raise ShapeError(
            f"the shapes {', '.join(map(str, shapes))} differ in another axis than {axis}, "
            "along which they are to be joined"
        )
    size = sum(shape[axis] for shape in shapes)
    return (*shapes[0][:axis], size, *shapes[0][axis + 1 :])


def _concat_vjp(n: Tensor, c: Tensor, i: int) -> Tensor:
    axis = n.attributes.axis
    first = sum(each.shape[axis] for each in n.inputs[:i])
    start = [0] * n.ndim
    stop = list(n.shape)
    start[axis], stop[axis] = first, first + n.inputs[i].shape[axis]
    return slice_(c, start=tuple(start), stop=tuple(stop), step=(1,) * n.ndim)


concat = Primitive(
    name="concat",
    notation=lambda a, *x: rf"\left[ {' ; '.join(x)} \right]",
    attributes=Axis,
    shape=_concat_shape,
    dtype=rules.any_dtype,
    evaluate=lambda a, *x: np.concatenate(x, axis=a.axis),
    vjp=_concat_vjp,
    curvature=LINEAR,
    samples=lambda rng: [
        Sample((_normal(rng, 2), _normal(rng, 3)), Axis(0), (0, 1)),
        Sample(
            (_normal(rng, 2, 1), _normal(rng, 2, 3), _normal(rng, 2, 0)), Axis(1), (0, 1, 2)
        ),
    ],
    native=rules.REFERENCE_ONLY,
)


def _flip_shape(attributes: Axes, shape: Shape) -> Shape:
    if any(not 0 <= axis < len(shape) for axis in attributes.axes):
        raise ShapeError(f"cannot flip axes {attributes.axes} of a tensor of shape {shape}")
    return shape


flip = Primitive(
    name="flip",
    notation=lambda a, x: rf"\operatorname{{flip}}_{{{', '.join(map(str, a.axes))}}}({x})",
    attributes=Axes,
    shape=_flip_shape,
    dtype=rules.any_dtype,
    evaluate=lambda a, x: np.flip(x, a.axes),
    vjp=by_input(lambda n, c: flip(c, axes=n.attributes.axes)),
    curvature=LINEAR,
    samples=lambda rng: [
        Sample((_normal(rng, 3),), Axes((0,)), (0,)),
        Sample((_normal(rng, 2, 3),), Axes((0, 1)), (0,)),
        Sample((rng.random((2, 2)) < 0.5,), Axes((1,))),
    ],
    native=rules.REFERENCE_ONLY,
)
