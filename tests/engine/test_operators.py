"""Operators are NumPy's for every pair of dtypes, and promotion is that of the standard."""

import math
import operator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import trivium as tv
from trivium.engine import dtypes

NAMES = ["bool", "int32", "int64", "float32", "float64"]
NUMBERS = NAMES[1:]

# The Python array API standard 2024.12, "Type promotion rules", for the dtypes there are; then
# mixed kinds, which the standard leaves open: the higher kind wins with its own width.
PROMOTION = {
    ("bool", "bool"): "bool",
    ("int32", "int32"): "int32",
    ("int32", "int64"): "int64",
    ("int64", "int64"): "int64",
    ("float32", "float32"): "float32",
    ("float32", "float64"): "float64",
    ("float64", "float64"): "float64",
    ("bool", "int32"): "int32",
    ("bool", "int64"): "int64",
    ("bool", "float32"): "float32",
    ("bool", "float64"): "float64",
    ("int32", "float32"): "float32",
    ("int32", "float64"): "float64",
    ("int64", "float32"): "float32",
    ("int64", "float64"): "float64",
}


def promoted(a, b):
    return PROMOTION.get((a, b)) or PROMOTION[b, a]


@pytest.mark.parametrize("a", NAMES)
@pytest.mark.parametrize("b", NAMES)
def test_promotion_is_that_of_the_standard(a, b):
    assert dtypes.promote(np.dtype(a), np.dtype(b)) == promoted(a, b)
    x, y = tv.tensor(np.ones(2, a)), tv.tensor(np.ones(2, b))
    assert tv.array.where(True, x, y).dtype == promoted(a, b)
    assert (x == y).dtype == np.bool_
    if "bool" not in (a, b):
        assert (x + y).dtype == (y * x).dtype == promoted(a, b)
    if a[:-2] == b[:-2]:  # one kind: NumPy agrees
        assert np.promote_types(a, b) == promoted(a, b)


# Python's numbers are weak: they take the dtype of the tensor if its kind can hold them.
@pytest.mark.parametrize(
    ("name", "number", "result"),
    [
        ("int32", 2, "int32"), ("int32", 2.0, "float64"), ("int64", True, "int64"),
        ("float32", 2, "float32"), ("float32", 2.5, "float32"), ("float32", True, "float32"),
        ("float64", 2, "float64"), ("bool", 2, "int64"), ("bool", 2.0, "float64"),
    ],
)  # fmt: skip
def test_python_numbers_are_weak(name, number, result):
    x = tv.tensor(np.ones(3, name))
    assert (x * number).dtype == (number * x).dtype == result
    assert tv.array.where(x == x, x, number).dtype == result


def test_numbers_that_do_not_fit_are_refused():
    x = tv.tensor(np.ones(3, np.int32))
    with pytest.raises(TypeError, match="2147483648 does not fit int32"):
        x + 2**31
    with pytest.raises(TypeError, match="does not fit int64"):
        tv.tensor([1]) + 2**63


ARITHMETIC = ["add", "sub", "mul", "truediv", "floordiv", "mod", "pow"]
COMPARISONS = ["lt", "le", "gt", "ge", "eq", "ne"]
BITS = ["and_", "or_", "xor", "lshift", "rshift"]


def operands(name, dtype, rng):
    if dtype == "bool":
        return rng.random(12) < 0.5
    values = rng.integers(-4, 5, 12) if "shift" not in name else rng.integers(0, 5, 12)
    values = values.astype(dtype)
    return values + np.dtype(dtype).type(0.25) if dtype.startswith("float") else values


def common(x, y):
    dtype = promoted(x.dtype.name, y.dtype.name)
    return x.astype(dtype), y.astype(dtype)


@pytest.mark.parametrize("a", NAMES)
@pytest.mark.parametrize("b", NAMES)
@pytest.mark.parametrize("name", ARITHMETIC + COMPARISONS + BITS)
def test_operators_are_numpys(name, a, b):
    """In the promoted dtype; with arrays, tensors and numbers on either side."""
    rng = np.random.default_rng(0)
    x, y = operands(name, a, rng), operands(name, b, rng)
    compute = getattr(operator, name)
    left, right = common(x, y)
    kind = left.dtype.kind
    allowed = {"b": COMPARISONS + BITS[:3], "i": ARITHMETIC + COMPARISONS + BITS,
               "f": ARITHMETIC + COMPARISONS}[kind]  # fmt: skip
    if name not in allowed and name != "truediv":
        with pytest.raises(TypeError):
            compute(tv.tensor(x), tv.tensor(y))
        return
    if kind == "i" and name in ("floordiv", "mod"):
        right = np.where(right == 0, right.dtype.type(3), right)
        y = np.where(y == 0, 3, y).astype(y.dtype) if y.dtype.kind == "i" else y
        if y.dtype.kind == "b":
            y, right = np.ones_like(y), np.ones_like(right)
    if kind == "i" and name == "pow":
        y, right = np.abs(y), np.abs(right)
    with np.errstate(all="ignore"):
        if name == "truediv" and kind != "f":
            expected = left.astype(float) / right.astype(float)
        else:
            expected = compute(left, right)
    for result in (
        compute(tv.tensor(x), tv.tensor(y)),
        compute(tv.tensor(x), y),
        compute(x, tv.tensor(y)),
    ):
        assert result.dtype == expected.dtype
        np.testing.assert_allclose(
            result.value, expected, rtol=1e-6 if "32" in str(result.dtype) else 1e-14
        )


@given(
    st.sampled_from(ARITHMETIC + COMPARISONS),
    st.sampled_from(["float32", "float64"]),
    hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, min_side=0, max_side=4),
)
def test_operators_broadcast_as_in_numpy(name, dtype, shapes):
    rng = np.random.default_rng(0)
    x, y = (rng.uniform(0.5, 2, shape).astype(dtype) for shape in shapes.input_shapes)
    compute = getattr(operator, name)
    result = compute(tv.tensor(x), tv.tensor(y))
    expected = compute(x, y)
    assert result.shape == shapes.result_shape == expected.shape
    np.testing.assert_allclose(result.value, expected, rtol=1e-6)


@given(
    hnp.mutually_broadcastable_shapes(
        signature="(n?,k),(k,m?)->(n?,m?)", max_dims=2, max_side=4
    ),
    st.sampled_from(["int32", "int64", "float32", "float64"]),
)
def test_matmul_is_numpys(shapes, dtype):
    rng = np.random.default_rng(0)
    x, y = (rng.integers(-5, 6, shape).astype(dtype) for shape in shapes.input_shapes)
    result = tv.tensor(x) @ tv.tensor(y)
    expected = x @ y
    assert result.shape == np.shape(expected) and result.dtype == dtype
    np.testing.assert_array_equal(result.value, expected)
    np.testing.assert_array_equal((x @ tv.tensor(y)).value, expected)


@pytest.mark.parametrize("dtype", NAMES)
def test_unary_operators(dtype):
    x = operands("neg", dtype, np.random.default_rng(0))
    t = tv.tensor(x)
    assert +t is t
    if dtype != "bool":
        np.testing.assert_array_equal((-t).value, -x)
        np.testing.assert_array_equal(abs(t).value, abs(x))
    else:
        with pytest.raises(TypeError, match="bool"):
            -t
    if dtype.startswith("float"):
        with pytest.raises(TypeError, match="integers"):
            ~t
    else:
        np.testing.assert_array_equal((~t).value, ~x)


def test_powers_of_one_and_two_need_no_power():
    x = tv.tensor([1.5, -2.0])
    assert x**1 is x and x**1.0 is x
    assert (x**2).primitive.name == (x**2.0).primitive.name == "square"
    whole = tv.tensor([3, -2])
    np.testing.assert_array_equal((whole**2).value, [9, 4])
    assert (whole**2.0).dtype == np.float64 and (whole**1.0).dtype == np.float64
    np.testing.assert_array_equal((2**whole).value, [8, 0])  # 2⁻² has no integer part


def test_other_types_may_take_over():
    class Other:
        def __radd__(self, tensor):
            return "mine"

        def __eq__(self, tensor):
            return "equal"

        __hash__ = None

    x = tv.tensor(1.0)
    assert x + Other() == "mine"
    assert (x == Other()) == "equal"
    for wrong in (None, "text", {}, object()):
        with pytest.raises(TypeError):
            x + wrong
    assert (x == None) is False  # noqa: E711
    assert (x != "text") is True


def test_transposes():
    x = np.arange(24.0).reshape(2, 3, 4)
    t = tv.tensor(x)
    np.testing.assert_array_equal(t.T.value, x.T)
    np.testing.assert_array_equal(t.mT.value, np.swapaxes(x, -1, -2))
    np.testing.assert_array_equal(t.transpose(1, 0, 2).value, x.transpose(1, 0, 2))
    np.testing.assert_array_equal(t.transpose((2, 0, 1)).value, x.transpose(2, 0, 1))
    assert t.permute((0, 1, 2)) is t and tv.tensor(1.0).T.shape == ()
    with pytest.raises(TypeError, match="last two axes"):
        tv.tensor([1.0]).mT
    np.testing.assert_array_equal(t.reshape(4, -1).value, x.reshape(4, -1))
    np.testing.assert_array_equal(t.astype("int32").value, x.astype("int32"))


@pytest.mark.parametrize(
    "cut", [lambda x: math.sin(x), lambda x: float(x) * 2, lambda x: np.asarray(x) * 2]
)
def test_a_number_that_would_cut_the_derivative_is_refused(cut) -> None:
    with pytest.raises(tv.TriviumError, match=r"tv\.array\.sin"):
        tv.grad(cut)(1.0)
    assert float(tv.grad(lambda x: x * float(tv.stop_gradient(x)))(3.0)) == 3
    assert float(tv.grad(lambda x: x * 2 if x > 0 else -x)(3.0)) == 2


def test_elementwise_functions_of_numpy_work_on_tensors() -> None:
    x = tv.tensor([0.25, 0.75])
    for name in ("sin", "arcsin", "absolute", "sqrt", "rint", "exp", "log1p", "isnan"):
        function = getattr(np, name)
        np.testing.assert_allclose(function(x).value, function(x.value), rtol=1e-15)
    for name in ("add", "maximum", "power", "arctan2", "less", "matmul"):
        function = getattr(np, name)
        expected = function(np.array([0.5, 2.0]), x.value)
        found = function(np.array([0.5, 2.0]), x)
        assert isinstance(found, tv.Tensor)
        np.testing.assert_allclose(found.value, expected, rtol=1e-15)
    np.testing.assert_allclose(tv.grad(lambda x: np.sin(x).sum())(x).value, np.cos(x.value))
    for wrong in (lambda: np.add.reduce(x), lambda: np.sin(x, out=np.zeros(2))):
        with pytest.raises(TypeError, match=r"tv\.array\.(add|sin)"):
            wrong()
