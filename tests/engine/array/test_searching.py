"""Places of extremes and values, order, and what is distinct."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trivium.engine import array
from trivium.engine.errors import (
    ArgumentError,
    DTypeError,
    ShapeError,
    TriviumError,
    UnboundInputError,
)
from trivium.engine.reverse import gradients
from trivium.engine.tensor import input as make_input
from trivium.engine.tensor import tensor, variable
from trivium.engine.traversal import topological

from .helpers import ALL, BOOL, agree, arrays, check_gradient, few, gradient_at, promoted


@pytest.mark.parametrize("name", ["argmax", "argmin"])
@few
@given(data=st.data(), keepdims=st.booleans())
def test_places_of_extremes(name: str, data: Any, keepdims: bool) -> None:
    x = data.draw(arrays(min_side=1))
    axis = data.draw(st.none() | st.integers(-x.ndim, x.ndim - 1)) if x.ndim else None
    expected = getattr(np, name)(x, axis=axis, keepdims=keepdims)
    agree(getattr(array, name)(x, axis=axis, keepdims=keepdims), np.asarray(expected, np.int64))


@few
@given(data=st.data())
def test_where(data: Any) -> None:
    shape = st.sampled_from([(), (1,), (3,), (2, 1), (2, 3)])
    condition, x, y = (data.draw(arrays(dtypes, shape=shape)) for dtypes in (BOOL, ALL, ALL))
    agree(array.where(condition, x, y), np.where(condition, *promoted(x, y)))


def test_where_takes_the_dtype_of_the_tensor_for_numbers() -> None:
    x = tensor([1.0, -1.0], "float32")
    agree(array.where(x > 0, x, 0), np.array([1.0, 0.0], np.float32))


def test_the_branch_that_was_not_taken_never_poisons_a_derivative() -> None:
    def safe_log(x: Any) -> Any:
        return array.where(x > 0, array.log(x), 0.0)

    np.testing.assert_array_equal(gradient_at(safe_log, [-1.0, 0.0, 2.0]), [0.0, 0.0, 0.5])


@few
@given(x=arrays(min_dims=1))
def test_nonzero(x: Any) -> None:
    for got, wanted in zip(array.nonzero(x), np.nonzero(x), strict=True):
        agree(got, wanted)


@few
@given(data=st.data(), side=st.sampled_from(["left", "right"]))
def test_searchsorted(data: Any, side: Any) -> None:
    x = data.draw(arrays(min_dims=1, max_dims=1))
    y = data.draw(arrays((x.dtype.name,)))
    probes = np.concatenate([y.ravel(), x])
    expected = np.searchsorted(np.sort(x), probes, side=side)
    agree(array.searchsorted(np.sort(x), probes, side=side), expected)
    order = np.argsort(x)
    agree(array.searchsorted(x, probes, side=side, sorter=order), expected)
    agree(
        array.searchsorted(np.sort(x), y, side=side), np.searchsorted(np.sort(x), y, side=side)
    )


def test_searchsorted_grows_with_the_logarithm() -> None:
    x, probe = make_input((100_000,), name="x"), make_input((), name="probe")
    assert len(topological([array.searchsorted(x, probe)])) < 400


@few
@given(data=st.data(), descending=st.booleans())
def test_sort_and_argsort(data: Any, descending: bool) -> None:
    x = data.draw(arrays(min_dims=1))
    axis = data.draw(st.integers(-x.ndim, x.ndim - 1))
    ascending = np.sort(x, axis=axis)
    expected = np.flip(ascending, axis) if descending else ascending
    agree(array.sort(x, axis=axis, descending=descending), expected)
    order = array.argsort(x, axis=axis, descending=descending)
    agree(array.take_along_axis(x, order, axis=axis), expected)
    # Stable: where the values are equal, the places ascend.
    places, values = np.moveaxis(order.value, axis, -1), np.moveaxis(expected, axis, -1)
    same = values[..., 1:] == values[..., :-1]
    assert (places[..., 1:] > places[..., :-1])[same].all()


def test_derivatives_of_sorting() -> None:
    x = np.random.default_rng(0).permutation(12).reshape(3, 4) / 3
    check_gradient(lambda t: array.sort(t, axis=0, descending=True) ** 2, x)
    check_gradient(lambda t: array.take_along_axis(t, array.argsort(t)) ** 3, x)


@few
@given(x=arrays())
def test_what_is_distinct(x: Any) -> None:
    found, expected = array.unique_all(x), np.unique_all(x)
    for got, wanted in zip(found, expected, strict=True):
        agree(got, wanted)
    if not np.isnan(x.astype(np.float64)).any():
        agree(array.reshape(array.take(found.values, found.inverse_indices), x.shape), x)
    agree(array.unique_values(x), expected.values)
    agree(array.unique_counts(x).counts, expected.counts)
    agree(array.unique_inverse(x).inverse_indices, expected.inverse_indices)


def test_the_derivative_of_distinct_values_goes_to_their_first_places() -> None:
    x = tensor([3.0, 1.0, 3.0])
    (grad,) = gradients([(array.unique_values(x) * [10.0, 20.0]).sum()], [x])
    agree(grad, [20.0, 10.0, 0.0])


@pytest.mark.parametrize(
    "call",
    [
        array.nonzero,
        array.unique_all,
        array.unique_counts,
        array.unique_inverse,
        array.unique_values,
        lambda x: array.repeat([1.0, 2.0, 3.0], array.astype(x, "int64")),
    ],
)
def test_shapes_that_depend_on_data_need_known_values(call: Any) -> None:
    call(variable([1.0, 2.0, 0.0], name="w") * 2)
    with pytest.raises(UnboundInputError, match=r"(?s)shape.*'features'.*tv\.array\.where"):
        call(make_input((3,), name="features") * 2)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: array.where(x, x, 0), DTypeError, "must be bool"),
        (lambda x: array.where(x > 0, x, [1.0, 2.0]), ShapeError, "where"),
        (lambda x: array.argmax(x[:0]), ShapeError, "no extreme"),
        (lambda x: array.argmax(x, axis=1), ShapeError, "no axis 1"),
        (lambda x: array.nonzero(1.0), ShapeError, "a scalar has no axes"),
        (lambda x: array.searchsorted(x[None], x), ShapeError, "must have one axis"),
        (lambda x: array.searchsorted(x, x, side="top"), ArgumentError, '"left" or "right"'),
        (lambda x: array.searchsorted(x, x, sorter=[0]), ShapeError, "x1's shape"),
        (lambda x: array.sort(1.0), ShapeError, "a scalar has no axes"),
        (lambda x: array.argsort(x, axis=3), ShapeError, "no axis 3"),
    ],
)
def test_what_is_refused(call: Any, error: type[TriviumError], message: str) -> None:
    with pytest.raises(error, match=message):
        call(tensor([1.0, 2.0, 3.0]))
