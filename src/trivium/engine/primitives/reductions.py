"""Reductions over axes, the positions of extremes, and cumulative sums and products."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .. import dtypes
from ..errors import ShapeError
from ..primitive import Curvature, Primitive, Sample, by_input
from . import rules
from .arithmetic import chain
from .movement import Axes, Axis, broadcast, concat, flip, pad, reshape, slice_

if TYPE_CHECKING:
    from ..tensor import Tensor

Shape = tuple[int, ...]


def _reduced(attributes: Axes, shape: Shape) -> Shape:
    axes = attributes.axes
    if len(set(axes)) != len(axes) or any(not 0 <= axis < len(shape) for axis in axes):
        raise ShapeError(f"cannot reduce over axes {axes} of a tensor of shape {shape}")
    return tuple(size for axis, size in enumerate(shape) if axis not in axes)


def _nonempty(attributes: Axes, shape: Shape) -> Shape:
    result = _reduced(attributes, shape)
    if any(shape[axis] == 0 for axis in attributes.axes):
        raise ShapeError(f"the extreme over an empty axis of shape {shape} does not exist")
    return result


def restore(reduced: Tensor, axes: tuple[int, ...], shape: Shape) -> Tensor:
    """Repeat a reduced tensor along the reduced ``axes`` to the full ``shape``."""
    kept = tuple(1 if axis in axes else size for axis, size in enumerate(shape))
    return broadcast(reshape(reduced, shape=kept), shape=shape)


def _samples(*axes: tuple[int, ...], smooth: bool = True) -> Any:
    def make(rng: np.random.Generator) -> list[Sample]:
        shape = (2, 3, 4)
        along = (0,) if smooth else ()
        spread = rng.permutation(24).reshape(shape) / 8.0 - 1.4  # no ties, none near zero
        return [Sample((spread,), Axes(each), along) for each in axes]

    return make


sum_ = Primitive(
    name="sum",
    notation=r"\textstyle\sum {0}",
    attributes=Axes,
    shape=_reduced,
    dtype=rules.numeric,
    evaluate=lambda a, x: np.add.reduce(x, axis=a.axes, dtype=x.dtype),
    vjp=by_input(lambda n, c: restore(c, n.attributes.axes, n.inputs[0].shape)),
    curvature=Curvature("affine", ("increasing",)),
    samples=rules.both(
        _samples((0,), (1, 2), (0, 1, 2), ()),
        lambda rng: [Sample((np.zeros((0, 3)),), Axes((0,)), (0,))],
        lambda rng: [Sample((rng.integers(-9, 9, (2, 3)),), Axes((1,)))],
    ),
    native=rules.REFERENCE_ONLY,
    ulp=64,
)


def _extreme_vjp(n: Tensor, c: Tensor) -> Tensor:
    """Every element that attains the extreme gets an equal share."""
    axes, x = n.attributes.axes, n.inputs[0]
    attains = (x == restore(n, axes, x.shape)).astype(c.dtype)
    share = attains / restore(sum_(attains, axes=axes), axes, x.shape)
    return chain(restore(c, axes, x.shape), share)


max_ = Primitive(
    name="max",
    notation=r"\max {0}",
    attributes=Axes,
    shape=_nonempty,
    dtype=rules.any_dtype,
    evaluate=lambda a, x: np.max(x, axis=a.axes),
    vjp=by_input(_extreme_vjp),
    curvature=Curvature("convex", ("increasing",)),
    samples=_samples((0,), (1, 2), (0, 1, 2), ()),
    native=rules.REFERENCE_ONLY,
)

min_ = Primitive(
    name="min",
    notation=r"\min {0}",
    attributes=Axes,
    shape=_nonempty,
    dtype=rules.any_dtype,
    evaluate=lambda a, x: np.min(x, axis=a.axes),
    vjp=by_input(_extreme_vjp),
    curvature=Curvature("concave", ("increasing",)),
    samples=_samples((0,), (1, 2), (0, 1, 2), ()),
    native=rules.REFERENCE_ONLY,
)


def _prod_vjp(n: Tensor, c: Tensor) -> Tensor:
    """∂/∂x_i of the product is the product of the others, exact also where factors are zero."""
    axes, x = n.attributes.axes, n.inputs[0]
    kept = tuple(axis for axis in range(x.ndim) if axis not in axes)
    order = (*kept, *axes)
    moved = x.permute(order)
    count = int(np.prod([x.shape[axis] for axis in axes], dtype=np.int64))
    flat = reshape(moved, shape=(*n.shape, count))
    others = _exclusive(flat) * flip(_exclusive(flip(flat, axes=(n.ndim,))), axes=(n.ndim,))
    back = reshape(others, shape=moved.shape).permute(tuple(int(i) for i in np.argsort(order)))
    return chain(restore(c, axes, x.shape), back)


def _exclusive(x: Tensor) -> Tensor:
    """Products of all elements before each one along the last axis."""
    if x.shape[-1] == 0:
        return x
    running = cumulative_prod(x, axis=x.ndim - 1)
    from ..composites import full

    ones = full((*x.shape[:-1], 1), 1.0, x.dtype)
    return concat(ones, _drop_last(running), axis=x.ndim - 1)


def _drop_last(x: Tensor) -> Tensor:
    stop = (*x.shape[:-1], x.shape[-1] - 1)
    return slice_(x, start=(0,) * x.ndim, stop=stop, step=(1,) * x.ndim)


prod = Primitive(
    name="prod",
    notation=r"\textstyle\prod {0}",
    attributes=Axes,
    shape=_reduced,
    dtype=rules.numeric,
    evaluate=lambda a, x: np.prod(x, axis=a.axes, dtype=x.dtype),
    vjp=by_input(_prod_vjp),
    curvature=Curvature("neither"),
    samples=rules.both(
        _samples((0,), (0, 2), (0, 1), ()),
        lambda rng: [Sample((np.array([[0.0, 2.0, 3.0], [0.0, 0.0, 1.5]]),), Axes((1,)), (0,))],
        lambda rng: [Sample((np.zeros((0, 3)),), Axes((0,)), (0,))],
    ),
    native=rules.REFERENCE_ONLY,
    ulp=64,
)


def _position_shape(attributes: Axis, shape: Shape) -> Shape:
    return _nonempty(Axes((attributes.axis,)), shape)


def _position_dtype(attributes: Axis, dtype: Any) -> Any:
    return dtypes.int64


def _position_samples(rng: np.random.Generator) -> list[Sample]:
    x = rng.permutation(12).reshape(3, 4) / 2.0
    return [Sample((x,), Axis(axis)) for axis in (0, 1)]


def _position(name: str, evaluate: Any) -> Primitive:
    return Primitive(
        name=name,
        notation=rf"\operatorname{{{{{name}}}}} {{0}}",
        attributes=Axis,
        shape=_position_shape,
        dtype=_position_dtype,
        evaluate=lambda a, x: np.asarray(evaluate(x, axis=a.axis)).astype(np.int64),
        vjp=by_input(rules.zero),
        curvature=Curvature("neither"),
        samples=_position_samples,
        native=rules.REFERENCE_ONLY,
    )


argmax = _position("argmax", np.argmax)
argmin = _position("argmin", np.argmin)


def _along(attributes: Axis, shape: Shape) -> Shape:
    if not 0 <= attributes.axis < len(shape):
        raise ShapeError(f"there is no axis {attributes.axis} in a tensor of shape {shape}")
    return shape


def _along_samples(rng: np.random.Generator) -> list[Sample]:
    return [
        Sample((rng.uniform(0.5, 2, (5,)),), Axis(0), (0,)),
        Sample((rng.normal(size=(2, 3, 4)),), Axis(1), (0,)),
        Sample((np.array([2.0, 0.0, 3.0, 0.0, 1.0]),), Axis(0), (0,)),
        Sample((np.zeros((2, 0)),), Axis(1), (0,)),
        Sample((rng.integers(-3, 4, (2, 3)),), Axis(1)),
    ]


cumulative_sum = Primitive(
    name="cumulative_sum",
    notation=r"\operatorname{{cumsum}} {0}",
    attributes=Axis,
    shape=_along,
    dtype=rules.numeric,
    evaluate=lambda a, x: np.cumsum(x, axis=a.axis, dtype=x.dtype),
    vjp=by_input(lambda n, c: _reversed(n.attributes.axis, c)),
    curvature=Curvature("affine", ("increasing",)),
    samples=_along_samples,
    native=rules.REFERENCE_ONLY,
    ulp=64,
)


def _reversed(axis: int, c: Tensor) -> Tensor:
    return flip(cumulative_sum(flip(c, axes=(axis,)), axis=axis), axes=(axis,))


def _cumulative_prod_vjp(n: Tensor, c: Tensor) -> Tensor:
    """x̄_i = (Π_{k<i} x_k) r_i with r_i = c_i + x_{i+1} r_{i+1}: no division, so zeros are fine.

    The recurrence is solved by doubling: after step s, (r, p) at i sums and multiplies the
    2^s terms from i on.
    """
    axis, x = n.attributes.axis, n.inputs[0]
    last = tuple(i for i in range(x.ndim) if i != axis) + (axis,)
    back = tuple(int(i) for i in np.argsort(last))
    x, c = x.permute(last), c.permute(last)
    before = _exclusive(x)
    r, p = c, _shift(x, 1)
    step = 1
    while step < x.shape[-1]:
        r, p = r + chain(_shift(r, step), p), p * _shift(p, step)
        step *= 2
    return chain(r, before).permute(back)


def _shift(x: Tensor, by: int) -> Tensor:
    """x_{i+by} along the last axis, zero past the end."""
    size = x.shape[-1]
    by = min(by, size)
    kept = slice_(x, start=(0,) * (x.ndim - 1) + (by,), stop=x.shape, step=(1,) * x.ndim)
    zeros = (0,) * x.ndim
    return pad(kept, before=zeros, after=(0,) * (x.ndim - 1) + (by,), between=zeros)


cumulative_prod = Primitive(
    name="cumulative_prod",
    notation=r"\operatorname{{cumprod}} {0}",
    attributes=Axis,
    shape=_along,
    dtype=rules.numeric,
    evaluate=lambda a, x: np.cumprod(x, axis=a.axis, dtype=x.dtype),
    vjp=by_input(_cumulative_prod_vjp),
    curvature=Curvature("neither"),
    samples=_along_samples,
    native=rules.REFERENCE_ONLY,
    ulp=64,
)
