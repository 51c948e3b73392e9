"""Elementwise functions agree with NumPy on every dtype, shape and special number."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from trivium.engine import array
from trivium.engine.errors import DTypeError, ShapeError
from trivium.engine.tensor import tensor

from .helpers import (
    ALL,
    BOOL,
    FLOATING,
    INTEGER,
    REAL,
    agree,
    arrays,
    as_float,
    check_gradient,
    elements,
    few,
    gradient_at,
    promoted,
    quiet,
)

EXACT_UNARY = ["abs", "ceil", "floor", "negative", "round", "sign", "square", "trunc"]
FLOAT_UNARY = {
    "acos": 4, "acosh": 4, "asin": 4, "asinh": 4, "atan": 4, "atanh": 4, "cos": 4, "cosh": 4,
    "exp": 4, "expm1": 4, "log": 4, "log10": 4, "log1p": 4, "log2": 4, "sin": 4, "sinh": 4,
    "sqrt": 0, "tan": 4, "tanh": 4,
}  # fmt: skip
RENAMED = {"acos": "arccos", "acosh": "arccosh", "asin": "arcsin", "asinh": "arcsinh",
           "atan": "arctan", "atanh": "arctanh", "atan2": "arctan2", "pow": "power",
           "bitwise_left_shift": "left_shift", "bitwise_right_shift": "right_shift",
           "bitwise_invert": "invert"}  # fmt: skip


def numpy_function(name: str) -> Any:
    return getattr(np, RENAMED.get(name, name))


@pytest.mark.parametrize("name", EXACT_UNARY)
@few
@given(x=arrays(REAL))
def test_exact_functions_of_one_number(name: str, x: Any) -> None:
    agree(getattr(array, name)(x), quiet(numpy_function(name), x))


@pytest.mark.parametrize("name", FLOAT_UNARY)
@few
@given(x=arrays(ALL))
def test_floating_functions_of_one_number(name: str, x: Any) -> None:
    expected = quiet(numpy_function(name), as_float(x))
    agree(getattr(array, name)(x), expected, ulp=FLOAT_UNARY[name])


@pytest.mark.parametrize("name", ["isnan", "isinf", "isfinite", "signbit"])
@few
@given(x=arrays(REAL))
def test_tests_for_special_numbers(name: str, x: Any) -> None:
    x = np.abs(x) if name == "signbit" and np.isnan(as_float(x)).any() else x
    agree(getattr(array, name)(x), quiet(numpy_function(name), as_float(x)))


def test_signbit_tells_negative_zero_and_counts_nan_as_positive() -> None:
    x = [-0.0, 0.0, -1.0, -np.inf, np.nan, -5e-324]
    agree(array.signbit(x), [True, False, True, True, False, True])


@st.composite
def pairs(draw: st.DrawFn, dtypes: tuple[str, ...]) -> Any:
    """Two arrays whose shapes broadcast and whose dtypes may differ."""
    drawn = draw(
        hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3, min_side=0)
    )
    return [draw(arrays(dtypes, shape=shape)) for shape in drawn.input_shapes]


@pytest.mark.parametrize("name", ["add", "subtract", "multiply", "maximum", "minimum"])
@few
@given(data=st.data())
def test_exact_functions_of_two_numbers(name: str, data: Any) -> None:
    x, y = data.draw(pairs(REAL))
    agree(getattr(array, name)(x, y), quiet(numpy_function(name), *promoted(x, y)))


@pytest.mark.parametrize("name", ["floor_divide", "remainder"])
@few
@given(data=st.data())
def test_division_with_remainder(name: str, data: Any) -> None:
    x, y = data.draw(pairs(REAL))
    agree(getattr(array, name)(x, y), quiet(numpy_function(name), *promoted(x, y)))


@pytest.mark.parametrize("name", ["divide", "copysign", "atan2", "hypot", "logaddexp"])
@few
@given(data=st.data())
def test_floating_functions_of_two_numbers(name: str, data: Any) -> None:
    x, y = (as_float(each) for each in promoted(*data.draw(pairs(ALL))))
    if name == "copysign":
        y = np.where(np.isnan(y), np.abs(y), y)  # the sign of NaN does not exist for copysign
    ulp = {"divide": 0, "copysign": 0}.get(name, 4)
    expected = quiet(numpy_function(name), x, y)
    agree(getattr(array, name)(x, y), expected, ulp=ulp, atol=0 if ulp == 0 else 1e-300)


@few
@given(data=st.data())
def test_floating_powers(data: Any) -> None:
    x, y = promoted(*data.draw(pairs(FLOATING)))
    agree(array.pow(x, y), quiet(np.power, x, y), ulp=4)


@few
@given(x=arrays(INTEGER, small=True), exponent=st.integers(0, 5))
def test_integer_powers(x: Any, exponent: int) -> None:
    agree(array.pow(x, exponent), np.power(x, exponent))


@pytest.mark.parametrize(
    "name", ["equal", "not_equal", "less", "less_equal", "greater", "greater_equal"]
)
@few
@given(data=st.data())
def test_comparison(name: str, data: Any) -> None:
    x, y = data.draw(pairs(ALL))
    agree(getattr(array, name)(x, y), numpy_function(name)(*promoted(x, y)))


@pytest.mark.parametrize("name", ["logical_and", "logical_or", "logical_xor"])
@few
@given(data=st.data())
def test_logic(name: str, data: Any) -> None:
    x, y = data.draw(pairs(BOOL))
    agree(getattr(array, name)(x, y), numpy_function(name)(x, y))
    agree(array.logical_not(x), np.logical_not(x))


@pytest.mark.parametrize("name", ["bitwise_and", "bitwise_or", "bitwise_xor"])
@few
@given(data=st.data())
def test_bits(name: str, data: Any) -> None:
    x, y = data.draw(pairs(BOOL + INTEGER))
    agree(getattr(array, name)(x, y), numpy_function(name)(*promoted(x, y)))
    agree(array.bitwise_invert(x), np.invert(x))


@pytest.mark.parametrize("name", ["bitwise_left_shift", "bitwise_right_shift"])
@few
@given(x=arrays(INTEGER), places=st.integers(0, 31))
def test_shifts(name: str, x: Any, places: int) -> None:
    agree(getattr(array, name)(x, places), numpy_function(name)(x, x.dtype.type(places)))


@few
@given(x=arrays(REAL), data=st.data())
def test_clip(x: Any, data: Any) -> None:
    low, high = (data.draw(elements(x.dtype.name, small=True)) for _ in range(2))
    wanted = np.minimum(np.maximum(x, x.dtype.type(low)), x.dtype.type(high))
    agree(array.clip(x, low, high), wanted)
    agree(array.clip(x, min=low), np.maximum(x, x.dtype.type(low)))
    agree(array.clip(x, max=high), np.minimum(x, x.dtype.type(high)))
    agree(array.clip(x), x)


@few
@given(x=arrays(ALL))
def test_reciprocal_and_positive(x: Any) -> None:
    agree(array.reciprocal(x), quiet(np.divide, 1.0, as_float(x)).astype(as_float(x).dtype))
    agree(array.positive(x), x)


def test_python_numbers_take_the_dtype_of_the_tensor() -> None:
    x = tensor([1.0, 2.0], "float32")
    assert array.add(x, 1).dtype == array.multiply(2.5, x).dtype == np.float32
    assert array.add(tensor([1], "int32"), 1).dtype == np.int32
    assert array.add(tensor([1], "int32"), 0.5).dtype == np.float64
    assert array.maximum(tensor([True]), 2).dtype == np.int64


def test_hypot_neither_overflows_nor_vanishes() -> None:
    agree(array.hypot([3e200, 3e-200], [4e200, 4e-200]), [5e200, 5e-200], ulp=2)
    agree(
        array.hypot([np.inf, np.nan, np.nan], [np.nan, -np.inf, 1.0]), [np.inf, np.inf, np.nan]
    )
    assert gradient_at(lambda x: array.hypot(x, 0.0 * x), 0.0) == 0.0


@pytest.mark.parametrize(("name", "base"), [("log2", 2), ("log10", 10)])
def test_logarithms_are_within_two_units(name: str, base: int) -> None:
    x = np.random.default_rng(0).uniform(1e-3, 1e3, 200)
    with mpmath.workdps(40):
        exact = np.array([float(mpmath.log(v, base)) for v in x])
    np.testing.assert_array_max_ulp(getattr(array, name)(x).value, exact, maxulp=2)


def test_logaddexp_keeps_what_is_small() -> None:
    x, y = np.array([0.0, 0.0, -50.0, 1e4, -1e300]), np.array([-40.0, 0.0, -90.0, 1e4, 1.0])
    with mpmath.workdps(60):
        exact = [float(mpmath.log(mpmath.exp(a) + mpmath.exp(b))) for a, b in zip(x, y)]
    agree(array.logaddexp(x, y), exact, ulp=2)


def test_logaddexp_is_smooth_where_its_operands_are_equal() -> None:
    """At x = y the derivatives are ½ and the second derivative along x is ¼."""
    check_gradient(lambda x: array.logaddexp(x, x[::-1]), [0.3, 0.3, -2.0, 0.3])
    check_gradient(lambda x: array.logaddexp(x, 0.0), [0.0, 5.0, -5.0], tolerance=1e-5)
    at_ends = gradient_at(lambda x: array.logaddexp(x, -np.inf), [-np.inf, 1.0, np.inf])
    assert not np.isnan(at_ends).any()


def test_derivatives_of_composites() -> None:
    x = np.array([[0.7, -1.3], [2.2, -0.4]])
    check_gradient(lambda t: array.hypot(t, t[::-1] * 2), x)
    check_gradient(lambda t: array.copysign(t, -t[::-1]), x)
    check_gradient(lambda t: array.log2(array.square(t)) + array.log10(array.abs(t)), x)
    check_gradient(lambda t: array.reciprocal(t) + array.clip(t, -1.0, 1.0), x)
    check_gradient(lambda t: array.atan2(t, t[::-1]), x)


def test_what_is_refused() -> None:
    with pytest.raises(ShapeError, match=r"(?s)add.*\(2,\).*\(3,\).*your line"):
        array.add([1.0, 2.0], [1.0, 2.0, 3.0])
    with pytest.raises(DTypeError, match="bool"):
        array.logical_and([1.0], [True])
    with pytest.raises(DTypeError, match="integers"):
        array.bitwise_and([1.0], [1])
    with pytest.raises(DTypeError, match="float64|numbers"):
        array.add(["a"], 1)
