"""Movement of elements agrees with NumPy, and derivatives follow the elements."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trivium.engine import array
from trivium.engine.errors import ArgumentError, DTypeError, IndexRangeError, ShapeError
from trivium.engine.tensor import input as make_input
from trivium.engine.tensor import tensor

from .helpers import agree, arrays, check_gradient, few, promoted


@st.composite
def factored(draw: st.DrawFn, size: int) -> tuple[int, ...]:
    """A shape of ``size`` elements, perhaps with one -1."""
    shape: list[int] = []
    rest = size
    while rest > 1 and draw(st.booleans()):
        divisor = draw(st.sampled_from([d for d in range(1, rest + 1) if rest % d == 0]))
        shape.append(divisor)
        rest //= divisor
    shape.append(rest)
    if size and draw(st.booleans()):
        shape[draw(st.integers(0, len(shape) - 1))] = -1
    return tuple(draw(st.permutations(shape)))


@few
@given(data=st.data())
def test_reshape_and_flatten(data: Any) -> None:
    x = data.draw(arrays())
    shape = data.draw(factored(x.size))
    agree(array.reshape(x, shape), x.reshape(shape))
    agree(tensor(x).reshape(*shape), x.reshape(shape))
    agree(array.flatten(x), x.flatten())


@few
@given(data=st.data())
def test_axes(data: Any) -> None:
    x = data.draw(arrays())
    order = data.draw(st.permutations(range(x.ndim)))
    agree(array.permute_dims(x, order), np.permute_dims(x, order))
    place = data.draw(st.integers(-x.ndim - 1, x.ndim))
    agree(array.expand_dims(x, axis=place), np.expand_dims(x, place))
    agree(array.squeeze(array.expand_dims(x, axis=place), axis=place), x)
    agree(array.squeeze(x), np.squeeze(x))
    agree(array.expand_dims(x, axis=(0, -1)), np.expand_dims(x, (0, -1)))
    if x.ndim:
        a, b = (data.draw(st.integers(-x.ndim, x.ndim - 1)) for _ in range(2))
        agree(array.swapaxes(x, a, b), np.swapaxes(x, a, b))
        agree(array.moveaxis(x, a, b), np.moveaxis(x, a, b))
        agree(array.flip(x, axis=a), np.flip(x, axis=a))
    agree(array.flip(x), np.flip(x))
    if x.ndim >= 2:
        agree(array.moveaxis(x, (0, -1), (-1, 0)), np.moveaxis(x, (0, -1), (-1, 0)))
        agree(array.matrix_transpose(x), np.matrix_transpose(x))


@few
@given(data=st.data())
def test_concat_and_stack(data: Any) -> None:
    x = data.draw(arrays(min_dims=1))
    axis = data.draw(st.integers(-x.ndim, x.ndim - 1))
    other = list(x.shape)
    other[axis] = data.draw(st.integers(0, 3))
    y = data.draw(arrays(shape=tuple(other)))
    both = promoted(x, y)
    agree(array.concat([x, y], axis=axis), np.concat(both, axis=axis))
    agree(array.concat([x, y], axis=None), np.concat(both, axis=None))
    agree(array.concat([x]), x)
    z = data.draw(arrays(shape=x.shape))
    place = data.draw(st.integers(-x.ndim - 1, x.ndim))
    stacked = array.stack([x, z], axis=place)
    agree(stacked, np.stack(promoted(x, z), axis=place))
    for part, wanted in zip(array.unstack(stacked, axis=place), promoted(x, z), strict=True):
        agree(part, wanted)


@few
@given(data=st.data())
def test_repetition(data: Any) -> None:
    x = data.draw(arrays(max_dims=2))
    count = data.draw(st.integers(0, 3))
    agree(array.repeat(x, count), np.repeat(x, count))
    if x.ndim:
        axis = data.draw(st.integers(-x.ndim, x.ndim - 1))
        agree(array.repeat(x, count, axis=axis), np.repeat(x, count, axis=axis))
        size = x.shape[axis]
        each = data.draw(st.lists(st.integers(0, 3), min_size=size, max_size=size))
        each = np.array(each, np.int64)
        agree(array.repeat(x, each, axis=axis), np.repeat(x, each, axis=axis))
        shift = data.draw(st.integers(-5, 5))
        agree(array.roll(x, shift, axis=axis), np.roll(x, shift, axis=axis))
    agree(array.roll(x, 2), np.roll(x, 2))
    counts = tuple(data.draw(st.lists(st.integers(0, 2), max_size=3)))
    agree(array.tile(x, counts), np.tile(x, counts))


def test_any_iterable_of_tensors_can_be_joined() -> None:
    x = np.arange(6.0).reshape(2, 3)
    agree(array.concat(row for row in x), x.ravel())
    agree(array.stack(tensor(x), axis=1), x.T)


def test_roll_along_several_axes() -> None:
    x = np.arange(12).reshape(3, 4)
    agree(array.roll(x, (1, -1), axis=(0, 1)), np.roll(x, (1, -1), axis=(0, 1)))
    agree(array.roll(x, 2, axis=(0, 1)), np.roll(x, 2, axis=(0, 1)))
    agree(array.roll(x, (1, 2)), np.roll(x, (1, 2)))


@few
@given(data=st.data())
def test_broadcasting(data: Any) -> None:
    x = data.draw(arrays(max_dims=2))
    front = tuple(data.draw(st.lists(st.integers(0, 3), max_size=2)))
    grown = tuple(data.draw(st.integers(0, 3)) if size == 1 else size for size in x.shape)
    agree(array.broadcast_to(x, front + grown), np.broadcast_to(x, front + grown))
    y = np.zeros(front + grown)
    for got, wanted in zip(array.broadcast_arrays(x, y), np.broadcast_arrays(x, y)):
        agree(got, wanted)


@few
@given(data=st.data(), indexing=st.sampled_from(["xy", "ij"]))
def test_meshgrid(data: Any, indexing: Any) -> None:
    count = data.draw(st.integers(0, 3))
    vectors = [data.draw(arrays(min_dims=1, max_dims=1)) for _ in range(count)]
    wanted = np.meshgrid(*promoted(*vectors), indexing=indexing) if vectors else []
    for got, grid in zip(array.meshgrid(*vectors, indexing=indexing), wanted, strict=True):
        agree(got, grid)


@pytest.mark.parametrize("mode", ["constant", "edge", "reflect", "symmetric", "wrap"])
@few
@given(data=st.data())
def test_pad(mode: Any, data: Any) -> None:
    x = data.draw(arrays(min_side=1, max_dims=2))
    width = st.integers(0, 5)
    pairs = [(data.draw(width), data.draw(width)) for _ in range(x.ndim)]
    if x.ndim:
        agree(array.pad(x, pairs, mode=mode), np.pad(x, pairs, mode=mode))
        agree(array.pad(x, 2, mode=mode), np.pad(x, 2, mode=mode))
        agree(array.pad(x, (1, 2), mode=mode), np.pad(x, (1, 2), mode=mode))


def test_pad_with_a_value() -> None:
    x = np.array([[1.0, np.inf]])
    agree(array.pad(x, 1, value=-np.inf), np.pad(x, 1, constant_values=-np.inf))
    agree(array.pad([1, 2], (1, 0), value=0.5), np.array([0.5, 1.0, 2.0]))
    agree(array.pad([True], 1), np.array([False, True, False]))


@few
@given(data=st.data())
def test_take(data: Any) -> None:
    x = data.draw(arrays(min_dims=1, min_side=1))
    axis = data.draw(st.integers(-x.ndim, x.ndim - 1))
    places = st.integers(-x.shape[axis], x.shape[axis] - 1)
    indices = np.array(data.draw(st.lists(places, max_size=5)), np.int64)
    agree(array.take(x, indices, axis=axis), np.take(x, indices, axis=axis))
    grid = np.array(data.draw(st.lists(places, min_size=4, max_size=4))).reshape(2, 2)
    agree(array.take(x, grid, axis=axis), np.take(x, grid, axis=axis))
    shape = list(x.shape)
    shape[axis] = data.draw(st.integers(0, 3))
    along = np.array(
        data.draw(st.lists(places, min_size=(n := int(np.prod(shape))), max_size=n)), np.int64
    ).reshape(shape)
    agree(array.take_along_axis(x, along, axis=axis), np.take_along_axis(x, along, axis=axis))


def test_take_along_axis_broadcasts_the_other_axes() -> None:
    x, places = np.arange(6.0).reshape(2, 3), np.array([[2, 0]])
    agree(array.take_along_axis(x, places), np.take_along_axis(x, places, axis=-1))
    agree(
        array.take_along_axis(x[:1], [[2], [0]]),
        np.take_along_axis(x[:1], np.array([[2], [0]]), -1),
    )


def test_derivatives_follow_the_elements() -> None:
    x = np.random.default_rng(1).normal(size=(2, 3))
    for f in (
        lambda t: array.roll(t, (1, 2), axis=(0, 1)) * t,
        lambda t: array.tile(t, (2, 2)) ** 2,
        lambda t: array.repeat(t, [1, 0, 3], axis=1) ** 3,
        lambda t: array.stack(array.unstack(t, axis=1)) ** 2,
        lambda t: array.concat([t, t[:1]], axis=0) ** 2,
        lambda t: array.pad(t, 1, mode="reflect") ** 2,
        lambda t: array.pad(t, 1, value=3.0) ** 2,
        lambda t: array.take_along_axis(t, np.array([[2, 2], [0, 1]])) ** 2,
        lambda t: array.meshgrid(t[0], t[1])[0] * array.meshgrid(t[0], t[1])[1],
        lambda t: array.tril(t) * array.triu(t, k=1) + array.tril(t, k=-1) ** 2,
    ):
        check_gradient(f, x)


def test_equal_calls_are_one_expression() -> None:
    """Hash-consing survives the constants that functions make for themselves."""
    x = make_input((3, 4), name="x")
    for f in (
        lambda: array.tril(x),
        lambda: array.pad(x, 1, mode="edge"),
        lambda: array.repeat(x, 2, axis=0),
        lambda: array.softmax(x),
        lambda: array.norm(x, axis=1),
        lambda: array.var(x),
    ):
        assert f() is f()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: array.reshape(x, (4, -1)), ShapeError, "no size in place of -1"),
        (lambda x: array.reshape(x, (-1, -1)), ShapeError, "one size may be -1"),
        (lambda x: array.reshape(x, (5,)), ShapeError, "6 elements do not fill"),
        (lambda x: array.reshape(x, (2, 1.5)), DTypeError, "a size must be an integer"),
        (lambda x: array.squeeze(x, axis=0), ShapeError, "only an axis of size 1"),
        (lambda x: array.expand_dims(x, axis=3), ShapeError, "is not one of them"),
        (lambda x: array.expand_dims(x, axis=(0, 0)), ShapeError, "one place twice"),
        (lambda x: array.permute_dims(x, (0,)), ShapeError, "each of the 2 axes once"),
        (lambda x: array.permute_dims(x, 0), ShapeError, "each of the 2 axes once"),
        (lambda x: array.permute_dims(x, (0, 0)), ShapeError, "each of the 2 axes once"),
        (lambda x: array.moveaxis(x, (0, 1), 0), ShapeError, "cannot move to 1 places"),
        (
            lambda x: array.concat([x, x[:, :1]], axis=0),
            ShapeError,
            "other sizes must be equal",
        ),
        (lambda x: array.concat([]), ShapeError, "at least one"),
        (lambda x: array.stack(1.0), DTypeError, "must be given in one list"),
        (lambda x: array.concat([x, 1.0]), ShapeError, "other sizes must be equal"),
        (lambda x: array.stack([x, x.T]), ShapeError, "one shape"),
        (lambda x: array.broadcast_to(x, (2, 4)), ShapeError, "must be 1 or that of"),
        (lambda x: array.broadcast_to(x, (3,)), ShapeError, "must be 1 or that of"),
        (lambda x: array.repeat(x, [1, 2], axis=1), ShapeError, "has 3 entries"),
        (lambda x: array.repeat(x, -1), ShapeError, "cannot be repeated -1 times"),
        (lambda x: array.repeat(x, 0.5), DTypeError, "must be integers"),
        (lambda x: array.tile(x, -1), ShapeError, "must not be negative"),
        (lambda x: array.roll(x, (1, 2, 3), axis=(0, 1)), ShapeError, "3 shifts do not fit"),
        (lambda x: array.meshgrid(x), ShapeError, "must be a vector"),
        (lambda x: array.meshgrid(x[0], indexing="yx"), ArgumentError, '"xy" or "ij"'),
        (lambda x: array.pad(x, -1), ShapeError, "no numbers ≥ 0"),
        (lambda x: array.pad(x, (1, 2, 3)), ShapeError, "no numbers ≥ 0"),
        (lambda x: array.pad(x, 1, mode="mirror"), ArgumentError, "none of constant"),
        (lambda x: array.pad(x[:0], 1, mode="edge"), ShapeError, "axis 0 is empty"),
        (lambda x: array.pad(x, 1, value=[1, 2]), ShapeError, "must be a scalar"),
        (lambda x: array.take(x, [0]), ShapeError, "must be named"),
        (lambda x: array.take(x, [3], axis=1), IndexRangeError, "index 3"),
        (lambda x: array.take(x, [0.5], axis=1), DTypeError, "must be integers"),
        (lambda x: array.take_along_axis(x, [0]), ShapeError, "same number of axes"),
        (lambda x: array.take_along_axis(x, [[0]] * 3), ShapeError, "must broadcast"),
        (lambda x: array.tril(x[0]), ShapeError, "two axes"),
    ],
)
def test_what_is_refused(call: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        call(tensor(np.arange(6.0).reshape(2, 3)))
