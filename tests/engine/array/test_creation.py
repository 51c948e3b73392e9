"""New tensors: values as NumPy makes them, one identity each, one number stored once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trivium.engine import array
from trivium.engine.errors import ArgumentError, DTypeError, ShapeError
from trivium.engine.reverse import gradients
from trivium.engine.tensor import tensor

from .helpers import ALL, agree, arrays, few, shapes


@few
@given(shape=shapes(), dtype=st.sampled_from(ALL))
def test_constant_tensors(shape: Any, dtype: str) -> None:
    agree(array.zeros(shape, dtype=dtype), np.zeros(shape, dtype))
    agree(array.ones(shape, dtype=dtype), np.ones(shape, dtype))
    agree(array.empty(shape, dtype=dtype), np.zeros(shape, dtype))
    agree(array.full(shape, 3, dtype=dtype), np.full(shape, 3, dtype))
    agree(array.full(shape, np.nan), np.full(shape, np.nan))
    like = np.zeros(shape, dtype)
    agree(array.zeros_like(like), like)
    agree(array.ones_like(tensor(like)), np.ones_like(like))
    agree(array.empty_like(like), like)
    agree(array.full_like(like, 1, dtype="float32"), np.ones(shape, np.float32))


def test_default_dtypes() -> None:
    assert array.zeros(3).dtype == array.ones((2, 2)).dtype == array.eye(2).dtype == np.float64
    assert array.full(2, 1).dtype == array.arange(3).dtype == np.int64
    assert array.full(2, True).dtype == np.bool_
    assert array.arange(3.0).dtype == array.linspace(0, 1, 3).dtype == np.float64


def test_every_new_tensor_is_a_leaf_of_its_own() -> None:
    """A derivative with respect to one of them does not see the other."""
    for make in (
        lambda: array.zeros(3),
        lambda: array.ones(3),
        lambda: array.full(3, 2.0),
        lambda: array.eye(3),
        lambda: array.arange(3.0),
        lambda: array.linspace(0, 1, 3),
        lambda: array.zeros_like(tensor([1.0])),
        lambda: array.asarray([1.0, 2.0]),
    ):
        x, y = make(), make()
        assert x is not y
        assert x.primitive.name == "constant"
        dx, dy = gradients([(x * x + y).sum()], [x, y])
        agree(dx, 2 * x.value)
        agree(dy, np.ones_like(y.value))


def test_a_huge_constant_costs_nothing() -> None:
    huge = array.zeros((10**6, 10**6))
    assert huge.shape == (10**6, 10**6)
    assert huge.attributes.array.strides == (0, 0)
    assert array.full_like(huge, 2.5)[999_999, 3].value == 2.5


def test_full_of_a_tensor_passes_its_derivative() -> None:
    x = tensor(2.0)
    (grad,) = gradients([(array.full((2, 3), x) * 5.0).sum()], [x])
    agree(grad, 30.0)


@few
@given(n=st.integers(0, 5), m=st.none() | st.integers(0, 5), k=st.integers(-7, 7))
def test_eye_and_triangles(n: int, m: int | None, k: int) -> None:
    agree(array.eye(n, m, k=k), np.eye(n, m, k))
    x = np.arange(2.0 * n * (m or 0)).reshape(2, n, m or 0) + 1
    agree(array.tril(x, k=k), np.tril(x, k))
    agree(array.triu(x, k=k), np.triu(x, k))


def test_triangles_hold_no_nan_from_outside() -> None:
    x = np.array([[1.0, np.nan], [2.0, np.inf]])
    agree(array.tril(x), np.array([[1.0, 0.0], [2.0, np.inf]]))


@few
@given(
    start=st.integers(-20, 20), stop=st.integers(-20, 20), step=st.integers(-5, 5).filter(bool)
)
def test_arange(start: int, stop: int, step: int) -> None:
    agree(array.arange(start, stop, step), np.arange(start, stop, step))
    agree(array.arange(stop), np.arange(stop))
    agree(array.arange(start / 2, stop, step / 4), np.arange(start / 2, stop, step / 4))
    agree(array.arange(start, stop, dtype="float32"), np.arange(start, stop, dtype=np.float32))


@few
@given(
    start=st.floats(-1e6, 1e6), stop=st.floats(-1e6, 1e6), num=st.integers(0, 9),
    endpoint=st.booleans(),
)  # fmt: skip
def test_linspace(start: float, stop: float, num: int, endpoint: bool) -> None:
    got = array.linspace(start, stop, num, endpoint=endpoint)
    agree(got, np.linspace(start, stop, num, endpoint=endpoint))


@few
@given(x=arrays())
def test_asarray_and_dlpack(x: Any) -> None:
    agree(array.asarray(x), x)
    if x.size:  # an empty list does not say how it is empty
        agree(array.asarray(x.tolist(), dtype=x.dtype), x)
    agree(array.from_dlpack(x), x)
    made = tensor(x)
    assert array.asarray(made) is made
    assert array.asarray(made, copy=False) is made


def test_asarray_takes_a_copy() -> None:
    x = np.zeros(2)
    made = array.asarray(x)
    x[0] = 7.0
    agree(made, np.zeros(2))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: array.zeros((2, -1)), ShapeError, "negative size"),
        (lambda: array.zeros(2.0), DTypeError, "a size must be an integer"),
        (lambda: array.zeros(2, dtype="int8"), DTypeError, "int8"),
        (lambda: array.full(2, [1, 2]), ShapeError, "must be a scalar"),
        (lambda: array.full(2, "a"), DTypeError, "cannot become a tensor"),
        (lambda: array.arange(0, 5, 0), ShapeError, "no finite number"),
        (lambda: array.arange(0, np.inf), ShapeError, "no finite number"),
        (lambda: array.arange(0, np.nan), ShapeError, "no finite number"),
        (lambda: array.arange("a"), DTypeError, "cannot become"),
        (lambda: array.arange([1, 2]), DTypeError, "must be numbers"),
        (lambda: array.linspace(0, 1, -3), ShapeError, "negative size"),
        (lambda: array.linspace(0, 1, 2.5), DTypeError, "must be an integer"),
        (lambda: array.eye(-1), ShapeError, "negative size"),
        (lambda: array.asarray([[1], [1, 2]]), ShapeError, "rectangular"),
        (lambda: array.asarray([1j]), DTypeError, "complex128"),
        (lambda: array.asarray(np.zeros(2), copy=False), ArgumentError, "copy=False"),
        (lambda: array.from_dlpack([1, 2]), DTypeError, "DLPack"),
        (lambda: array.from_dlpack(np.zeros(2), copy=False), ArgumentError, "copy=False"),
    ],
)
def test_what_is_refused(call: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        call()
