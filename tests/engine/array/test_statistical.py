"""Reductions agree with NumPy for every axis, dtype and shape, and keep their promises."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from trivium.engine import array
from trivium.engine.errors import DTypeError, ShapeError
from trivium.engine.reverse import gradients
from trivium.engine.tensor import tensor

from .helpers import (
    ALL,
    BOOL,
    REAL,
    agree,
    arrays,
    as_float,
    check_gradient,
    few,
    gradient_at,
    quiet,
)


@st.composite
def axes(draw: st.DrawFn, ndim: int) -> Any:
    """None, one axis, or several; negative ones too."""
    one = st.integers(-ndim, ndim - 1)
    if not ndim:
        return draw(st.sampled_from([None, ()]))
    return draw(st.none() | one | st.lists(one, unique_by=lambda a: a % ndim).map(tuple))


def accumulator(x: Any) -> Any:
    return x.dtype if x.dtype.kind == "f" else np.int64


@pytest.mark.parametrize("name", ["sum", "prod"])
@few
@given(data=st.data(), keepdims=st.booleans())
def test_sums_and_products(name: str, data: Any, keepdims: bool) -> None:
    x = data.draw(arrays(ALL, small=True))
    axis = data.draw(axes(x.ndim))
    expected = getattr(np, name)(x, axis=axis, keepdims=keepdims, dtype=accumulator(x))
    agree(getattr(array, name)(x, axis=axis, keepdims=keepdims), expected, ulp=16)


@few
@given(data=st.data(), dtype=st.sampled_from(REAL))
def test_sums_and_products_in_a_given_dtype(data: Any, dtype: str) -> None:
    x = data.draw(arrays(ALL, small=True, max_dims=2))
    for name in ("sum", "prod", "cumulative_sum", "cumulative_prod"):
        options = {"axis": 0} if name.startswith("cumulative") else {}
        if options and x.ndim == 0:
            continue
        got = getattr(array, name)(x, dtype=dtype, **options)
        expected = getattr(np, name)(x.astype(dtype), dtype=dtype, **options)
        agree(got, expected, ulp=32)


@pytest.mark.parametrize("name", ["max", "min"])
@few
@given(data=st.data(), keepdims=st.booleans())
def test_extremes(name: str, data: Any, keepdims: bool) -> None:
    x = data.draw(arrays(ALL))
    axis = data.draw(axes(x.ndim))
    try:
        expected = getattr(np, name)(x, axis=axis, keepdims=keepdims)
    except ValueError:
        with pytest.raises(ShapeError, match=f"is empty, so it has no {name}imum"):
            getattr(array, name)(x, axis=axis, keepdims=keepdims)
        return
    agree(getattr(array, name)(x, axis=axis, keepdims=keepdims), expected)


@pytest.mark.parametrize("name", ["mean", "var", "std"])
@few
@given(data=st.data(), keepdims=st.booleans(), correction=st.sampled_from([0, 1, 0.5, 3]))
def test_mean_and_spread(name: str, data: Any, keepdims: bool, correction: float) -> None:
    x = data.draw(arrays(ALL, small=True))
    axis = data.draw(axes(x.ndim))
    options: dict[str, Any] = {} if name == "mean" else {"correction": correction}
    got = getattr(array, name)(x, axis=axis, keepdims=keepdims, **options)
    expected = quiet(getattr(np, name), as_float(x), axis=axis, keepdims=keepdims, **options)
    agree(got, expected, ulp=32, atol=1e-5 if got.dtype == np.float32 else 1e-13)


@pytest.mark.parametrize("name", ["all", "any"])
@few
@given(data=st.data(), keepdims=st.booleans())
def test_all_and_any(name: str, data: Any, keepdims: bool) -> None:
    x = data.draw(arrays(ALL))
    axis = data.draw(axes(x.ndim))
    expected = getattr(np, name)(x, axis=axis, keepdims=keepdims)
    agree(getattr(array, name)(x, axis=axis, keepdims=keepdims), expected)


@few
@given(data=st.data(), keepdims=st.booleans())
def test_count_nonzero(data: Any, keepdims: bool) -> None:
    x = data.draw(arrays(ALL))
    axis = data.draw(axes(x.ndim))
    got = array.count_nonzero(x, axis=axis, keepdims=keepdims)
    agree(got, np.sum(x != 0, axis=axis, keepdims=keepdims, dtype=np.int64))


@pytest.mark.parametrize("name", ["cumulative_sum", "cumulative_prod"])
@few
@given(data=st.data(), initial=st.booleans())
def test_running_sums_and_products(name: str, data: Any, initial: bool) -> None:
    x = data.draw(arrays(ALL, small=True, min_dims=1))
    axis = data.draw(st.integers(-x.ndim, x.ndim - 1))
    options = {"axis": axis, "include_initial": initial}
    expected = getattr(np, name)(x, dtype=accumulator(x), **options)
    agree(getattr(array, name)(x, **options), expected, ulp=32)
    if x.ndim == 1:
        agree(getattr(array, name)(x), getattr(np, name)(x, dtype=accumulator(x)), ulp=32)


@few
@given(data=st.data(), n=st.integers(0, 3))
def test_diff(data: Any, n: int) -> None:
    x = data.draw(arrays(ALL, small=True, min_dims=1))
    axis = data.draw(st.integers(-x.ndim, x.ndim - 1))
    agree(array.diff(x, axis=axis, n=n), np.diff(x, axis=axis, n=n))


def test_diff_with_ends() -> None:
    x = np.arange(6.0).reshape(2, 3) ** 2
    agree(array.diff(x, prepend=0, append=x[:, :1]), np.diff(x, prepend=0, append=x[:, :1]))
    agree(array.diff(x, axis=0, prepend=x), np.diff(x, axis=0, prepend=x))


@few
@given(x=arrays(BOOL + REAL, max_dims=2))
def test_nan_and_infinity_pass_through_reductions(x: Any) -> None:
    assume(x.size)
    x = as_float(x).astype(np.float64)
    for extreme in (np.nan, np.inf):
        x.flat[0] = extreme
        for name in ("sum", "max", "mean"):
            agree(getattr(array, name)(x), quiet(getattr(np, name), x), ulp=64)


def test_huge_counts_and_values_do_not_wrap() -> None:
    ones = array.ones((3, 2**20), dtype="int32")
    agree(array.sum(ones), np.int64(3 * 2**20))
    agree(array.sum(np.full(4, 2**31 - 1, np.int32)), np.int64(4 * (2**31 - 1)))
    agree(array.mean(np.array([2**62, 2**62])), float(2**62))


def test_products_of_zeros_have_exact_derivatives() -> None:
    grad = gradient_at(array.prod, [0.0, 2.0, 3.0])
    np.testing.assert_array_equal(grad, [6.0, 0.0, 0.0])
    np.testing.assert_array_equal(gradient_at(array.prod, [0.0, 0.0, 3.0]), [0.0, 0.0, 0.0])


def test_ties_of_an_extreme_share_the_derivative() -> None:
    for f in (array.max, array.min):
        np.testing.assert_array_equal(gradient_at(f, [2.0, 2.0, 2.0, 2.0]), [0.25] * 4)


def test_the_spread_of_equal_numbers_has_derivative_zero() -> None:
    np.testing.assert_array_equal(gradient_at(array.std, [3.0, 3.0, 3.0]), [0.0, 0.0, 0.0])
    rows = tensor([[1.0, 1.0], [1.0, 3.0]])
    (grad,) = gradients([array.std(rows, axis=1).sum()], [rows])
    np.testing.assert_array_equal(grad.value, [[0.0, 0.0], [-0.5, 0.5]])


def test_derivatives_of_reductions() -> None:
    x = np.random.default_rng(0).normal(size=(3, 4))
    check_gradient(lambda t: array.mean(t, axis=0), x)
    check_gradient(lambda t: array.var(t, axis=1, correction=1), x)
    check_gradient(lambda t: array.std(t, keepdims=True), x)
    check_gradient(lambda t: array.cumulative_prod(t, axis=1), x)
    check_gradient(lambda t: array.cumulative_sum(t, axis=0, include_initial=True), x)
    check_gradient(lambda t: array.prod(t, axis=(0, 1)) + array.max(t) + array.diff(t, n=2), x)


def test_what_is_refused() -> None:
    x = tensor(np.zeros((2, 3)), name="features")
    message = r"(?s)sum.*features.*\(2, 3\).*no axis 2.*0 to 1.*your line.*array.sum"
    with pytest.raises(ShapeError, match=message):
        array.sum(x, axis=2)
    with pytest.raises(ShapeError, match="name one axis twice"):
        array.mean(x, axis=(0, -2))
    with pytest.raises(ShapeError, match="a scalar has no axes"):
        array.max(1.0, axis=0)
    with pytest.raises(ShapeError, match="must be named"):
        array.cumulative_sum(x)
    with pytest.raises(ShapeError, match="a scalar has no axes"):
        array.cumulative_sum(1.0)
    with pytest.raises(DTypeError, match="an axis must be an integer"):
        array.sum(x, axis=0.5)  # type: ignore[arg-type]
    with pytest.raises(ShapeError, match="cannot be taken -1 times"):
        array.diff(x, n=-1)
    with pytest.raises(DTypeError, match="complex64"):
        array.sum(x, dtype="complex64")
