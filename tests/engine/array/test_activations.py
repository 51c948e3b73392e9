"""The nonlinearities: their formulas, exact values, derivatives, and calm at the extremes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trivium.engine import array
from trivium.engine.errors import ArgumentError, DTypeError, IndexRangeError, ShapeError
from trivium.engine.reverse import gradients
from trivium.engine.tensor import Tensor, tensor

from .helpers import FLOATING, agree, arrays, as_float, check_gradient, few, gradient_at, quiet

mp = mpmath.mp

# Each nonlinearity, and its definition in exact arithmetic.
DEFINITIONS: dict[str, Callable[[Any], Any]] = {
    "relu": lambda x: max(x, 0),
    "leaky_relu": lambda x: x if x > 0 else mpmath.mpf(0.01) * x,
    "elu": lambda x: x if x > 0 else mp.expm1(x),
    "selu": lambda x: (
        mpmath.mpf(1.0507009873554805)
        * (x if x > 0 else mpmath.mpf(1.6732632423543772) * mp.expm1(x))
    ),
    "gelu": lambda x: x * mp.erfc(-x / mp.sqrt(2)) / 2,
    "silu": lambda x: x / (1 + mp.exp(-x)),
    "mish": lambda x: x * mp.tanh(mp.log1p(mp.exp(x))),
    "softplus": lambda x: mp.log1p(mp.exp(x)),
    "sigmoid": lambda x: 1 / (1 + mp.exp(-x)),
    "log_sigmoid": lambda x: -mp.log1p(mp.exp(-x)),
    "hard_sigmoid": lambda x: min(max(x / 6 + mpmath.mpf(0.5), 0), 1),
    "hard_tanh": lambda x: min(max(x, -1), 1),
    "softsign": lambda x: x / (1 + abs(x)),
    "unit_step": lambda x: 1 if x >= 0 else 0,
}
POINTS = np.array([-30.0, -8.0, -3.3, -1.0, -0.3, -1e-9, 0.0, 1e-9, 0.4, 1.0, 2.7, 9.0, 40.0])
LARGE = {"float32": 8e37, "float64": 4e307}  # a quarter of the largest number


@pytest.mark.parametrize("name", DEFINITIONS)
@pytest.mark.parametrize("dtype", FLOATING)
def test_values_against_exact_arithmetic(name: str, dtype: str) -> None:
    x = POINTS.astype(dtype)
    with mpmath.workdps(60):
        exact = [float(DEFINITIONS[name](mpmath.mpf(float(v)))) for v in x]
    # erfc's condition number is 2x², so the error of its argument is amplified at the far left.
    agree(getattr(array, name)(x), np.array(exact, dtype), ulp=600 if name == "gelu" else 8)


def test_the_tanh_form_of_gelu() -> None:
    x = np.linspace(-6, 6, 41)
    inner = np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)
    agree(array.gelu(x, "tanh"), 0.5 * x * (1 + np.tanh(inner)), ulp=8, atol=1e-15)
    difference = array.gelu(x, "tanh").value - array.gelu(x).value
    assert 1e-5 < np.abs(difference).max() < 1e-3


@pytest.mark.parametrize("name", DEFINITIONS)
def test_derivatives_against_differences(name: str) -> None:
    check_gradient(getattr(array, name), POINTS[(np.abs(POINTS) > 0.1) & (np.abs(POINTS) != 1)])


def test_the_derivative_of_the_tanh_form_of_gelu() -> None:
    check_gradient(lambda x: array.gelu(x, "tanh"), [-2.0, -0.4, 0.3, 1.7])


def test_policies_at_the_kinks() -> None:
    assert gradient_at(array.relu, 0.0) == 0.0
    assert gradient_at(lambda x: array.leaky_relu(x, 0.2), 0.0) == 0.2
    assert gradient_at(array.elu, 0.0) == 1.0
    assert gradient_at(array.softsign, 0.0) == 1.0
    np.testing.assert_array_equal(gradient_at(array.hard_tanh, [-1.0, 1.0]), [0.5, 0.5])
    np.testing.assert_array_equal(gradient_at(array.unit_step, [-1.0, 0.0, 2.0]), [0.0] * 3)


@pytest.mark.parametrize("name", [*DEFINITIONS, "gelu tanh"])
@pytest.mark.parametrize("dtype", FLOATING)
def test_no_derivative_is_nan_at_the_far_ends(name: str, dtype: str) -> None:
    """First and second order, from just past saturation to nearly the largest number."""
    word, *approximate = name.split()
    ends = [s * v for s in (-1, 1) for v in (90.0, 1e4, 1e20, LARGE[dtype])]
    leaf = tensor(np.array(ends, dtype))
    value = getattr(array, word)(leaf, *approximate)
    (first,) = gradients([value.sum()], [leaf])
    (second,) = gradients([first.sum()], [leaf])
    for each in (value, first, second):
        assert each.dtype == dtype
        assert not np.isnan(each.value).any()
    assert np.isfinite(first.value).all()


@pytest.mark.parametrize("name", DEFINITIONS)
def test_nan_stays_nan(name: str) -> None:
    assert np.isnan(getattr(array, name)(np.nan).value)


@few
@given(
    x=arrays(("bool", "int32", "int64"), small=True), name=st.sampled_from(list(DEFINITIONS))
)
def test_integers_become_float64(x: Any, name: str) -> None:
    if name == "relu":
        if x.dtype.kind == "i":
            agree(array.relu(x), np.maximum(x, 0))
        return
    agree(getattr(array, name)(x), getattr(array, name)(x.astype(np.float64)).value)


def reference_logsumexp(x: Any, axis: Any) -> Any:
    largest = np.max(x, axis=axis, keepdims=True)
    largest = np.where(np.isfinite(largest), largest, 0.0)
    total = quiet(lambda: np.log(np.sum(np.exp(x - largest), axis=axis, keepdims=True)))
    return np.squeeze(total + largest, axis)


@few
@given(data=st.data())
def test_the_softmax_family(data: Any) -> None:
    x = as_float(data.draw(arrays(min_dims=1, min_side=1, small=True)))
    axis = data.draw(st.integers(-x.ndim, x.ndim - 1))
    powers = np.exp(x)
    wanted = powers / powers.sum(axis, keepdims=True)
    agree(array.softmax(x, axis=axis), wanted, ulp=16)
    agree(array.log_softmax(x, axis=axis), np.log(wanted), ulp=16, atol=1e-5 if
          x.dtype == np.float32 else 1e-14)  # fmt: skip
    agree(
        array.logsumexp(x, axis=axis), reference_logsumexp(x, axis).astype(x.dtype), ulp=16,
        atol=1e-6 if x.dtype == np.float32 else 1e-14,
    )  # fmt: skip


@pytest.mark.parametrize("dtype", FLOATING)
def test_softmax_at_the_extremes(dtype: str) -> None:
    x = np.array([[1e4, -1e4, 0.0], [-1e4, -1e4, -1e4], [1e4, 1e4, 1e4]], dtype)
    third = np.array(1 / 3, dtype)
    agree(array.softmax(x), np.array([[1, 0, 0], [third] * 3, [third] * 3], dtype), ulp=1)
    log3 = np.log(np.array(3, dtype))
    agree(array.log_softmax(x), np.array([[0, -2e4, -1e4], [-log3] * 3, [-log3] * 3], dtype), 1)
    agree(array.logsumexp(x, axis=1), np.array([1e4, -1e4 + log3, 1e4 + log3], dtype), ulp=1)
    for f in (array.softmax, array.log_softmax, lambda t: array.logsumexp(t, axis=1)):
        leaf = tensor(x)
        (first,) = gradients([(f(leaf) * (np.arange(3.0) + 1)).sum()], [leaf])
        (second,) = gradients([(first * first).sum()], [leaf])
        assert np.isfinite(first.value).all()
        assert np.isfinite(second.value).all()


def test_log_softmax_is_exact_where_softmax_vanishes() -> None:
    with mpmath.workdps(60):
        exact = [float(v - mp.log(mp.exp(0) + mp.exp(-800))) for v in (0, -800)]
    agree(array.log_softmax([0.0, -800.0]), exact, ulp=2)


def test_minus_infinity_is_an_impossible_class() -> None:
    inf = np.inf
    x = np.array([[0.0, -inf, np.log(3.0)], [-inf, 2.0, -inf]])
    agree(array.softmax(x), np.array([[0.25, 0.0, 0.75], [0.0, 1.0, 0.0]]), ulp=2)
    agree(array.logsumexp(x, axis=1), np.array([np.log(4.0), 2.0]), ulp=2)
    agree(array.log_softmax(x)[:, 1], np.array([-inf, 0.0]))
    leaf = tensor(x)
    for loss in (
        array.logsumexp(leaf, axis=1).sum(),
        array.log_softmax(leaf)[[0, 1], [2, 1]].sum(),
        (array.softmax(leaf) * np.arange(3.0)).sum(),
    ):
        (grad,) = gradients([loss], [leaf])
        assert np.isfinite(grad.value).all()
        np.testing.assert_array_equal(grad.value[x == -inf], 0.0)


def test_logsumexp_of_nothing() -> None:
    inf = np.inf
    agree(array.logsumexp(np.full((2, 3), -inf), axis=1), np.array([-inf, -inf]))
    agree(array.logsumexp(np.zeros((2, 0)), axis=1), np.array([-inf, -inf]))
    agree(array.logsumexp([inf, 1.0]), inf)
    agree(array.logsumexp([np.nan, 1.0]), np.nan)
    agree(array.softmax(np.zeros((2, 0))), np.zeros((2, 0)))
    x = np.array([[-inf, -inf], [0.0, 0.0]])
    grad = gradient_at(lambda t: array.logsumexp(t, axis=1), x)
    np.testing.assert_array_equal(grad, [[0.0, 0.0], [0.5, 0.5]])


def test_derivatives_of_the_softmax_family() -> None:
    x = np.random.default_rng(0).normal(size=(3, 4)) * 2
    check_gradient(array.softmax, x)
    check_gradient(lambda t: array.softmax(t, axis=(0, 1)), x)
    check_gradient(lambda t: array.log_softmax(t, axis=0), x)
    check_gradient(lambda t: array.logsumexp(t, axis=1, keepdims=True), x)
    equal = tensor([2.0, 2.0, 2.0])
    (grad,) = gradients([array.logsumexp(equal)], [equal])
    agree(grad, np.full(3, 1 / 3), ulp=2)


@few
@given(data=st.data())
def test_one_hot(data: Any) -> None:
    shape = data.draw(st.sampled_from([(), (3,), (2, 3), (0,)]))
    classes = data.draw(arrays(("int32", "int64"), shape=shape)) % 4
    agree(array.one_hot(classes, 4), np.eye(4)[classes])
    axis = data.draw(st.integers(-classes.ndim - 1, classes.ndim))
    got = array.one_hot(classes, 4, axis=axis, dtype="float32")
    agree(got, np.moveaxis(np.eye(4, dtype=np.float32)[classes], -1, axis))


def test_what_is_refused() -> None:
    with pytest.raises(IndexRangeError, match="index 3 at position"):
        array.one_hot([0, 3], 3).value
    with pytest.raises(IndexRangeError, match="index -1"):
        array.one_hot([-1], 3).value
    with pytest.raises(DTypeError, match="classes are counted by integers"):
        array.one_hot([0.5], 3)
    with pytest.raises(ArgumentError, match='"none" or "tanh"'):
        array.gelu(1.0, "exact")  # type: ignore[arg-type]
    with pytest.raises(ShapeError, match="no axis 1"):
        array.softmax([1.0, 2.0], axis=1)


def test_kept_inside_a_strict_objective() -> None:
    """No function here breaks the rule against (N, 1) with (N,) by its own broadcasting."""
    from trivium.engine.composites import strict_broadcasting

    x: Tensor = tensor(np.ones((3, 3)))
    with strict_broadcasting("the objective"):
        for f in (
            array.softmax, array.log_softmax, array.logsumexp, array.var, array.norm,
            array.tril, array.triu,
            lambda t: array.one_hot(array.argmax(t, axis=1), 3), array.std, array.mean,
            lambda t: array.take_along_axis(t, array.argsort(t)), array.gelu, array.selu,
            lambda t: array.einsum("ij,i->ij", t, t[0]),
            lambda t: array.pad(t, 1, value=2.0),
        ):  # fmt: skip
            f(x)
