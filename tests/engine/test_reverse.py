"""Reverse mode: the numerical policy, its cost, and derivatives of any order."""

import gc
import math
import threading
import weakref

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import trivium as tv
from trivium.engine import tensor as tensors
from trivium.engine.traversal import topological


def test_the_apples():
    """Price 100, count 2, tax 1.1: the bill is 220, and its derivatives 2.2, 110 and 200."""
    price, count, tax = tv.tensor(100.0), tv.tensor(2.0), tv.tensor(1.1)
    apples = price * count
    bill = apples * tax
    assert bill.value == pytest.approx(220.0, rel=1e-15)
    slopes = tv.gradient(bill, [bill, apples, tax, price, count])
    np.testing.assert_allclose([s.value for s in slopes], [1, 1.1, 200, 2.2, 110], rtol=1e-15)


# --- numerical policy -------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_relu_has_slope_zero_at_zero_and_does_not_hide_nan(dtype):
    x = tv.tensor(np.array([-1.0, -0.0, 0.0, 2.0, np.inf], dtype))
    y = tv.array.relu(x)
    np.testing.assert_array_equal(y.value, [0, 0, 0, 2, np.inf])
    np.testing.assert_array_equal(tv.gradient(y.sum(), x).value, [0, 0, 0, 1, 1])
    assert np.isnan(tv.array.relu(tv.tensor(np.array(np.nan, dtype))).value)


def test_nan_is_never_hidden():
    x = tv.tensor([1.0, np.nan, -2.0])
    for value in (x.max(), x.min(), x.sum(), x.mean(), x.prod(), tv.array.norm(x)):
        assert np.isnan(value.value)
    assert np.isnan(tv.array.maximum(x, 0.0).value[1])
    assert np.isnan(tv.array.clip(x, 0.0, 1.0).value[1])
    assert np.isnan((x * 0.0).value[1])
    assert np.isnan((tv.tensor([0.0, np.inf, 1.0]) * 0.0).value[1])
    chosen = tv.array.where(tv.tensor([True, True, False]), x, 0.0)
    np.testing.assert_array_equal(np.isnan(chosen.value), [False, True, False])
    through_log = tv.gradient(tv.array.log(x * 1.0)[1], x)
    assert np.isnan(through_log.value[1])


def test_ties_share_the_gradient_evenly():
    x, y = tv.tensor([1.0, 2.0, 3.0]), tv.tensor([1.0, 5.0, 2.0])
    for function in (tv.array.maximum, tv.array.minimum):
        to_x, to_y = tv.gradient(function(x, y).sum(), [x, y])
        np.testing.assert_array_equal(to_x.value + to_y.value, [1, 1, 1])
        assert to_x.value[0] == to_y.value[0] == 0.5
    z = tv.tensor([[2.0, 2.0, 1.0], [0.0, 0.0, 0.0]])
    slopes = tv.gradient(z.max(axis=1).sum(), z).value
    np.testing.assert_allclose(slopes, [[0.5, 0.5, 0], [1 / 3] * 3])
    slopes = tv.gradient(z.min(), z).value
    np.testing.assert_allclose(slopes, [[0, 0, 0], [1 / 3] * 3])
    same = tv.tensor(4.0)
    assert tv.gradient(tv.array.maximum(same, same), same).value == 1


# Value, first and second derivative of the branch that is taken; where x ≤ 0 it is undefined or
# infinite, or has such derivatives.
A = tv.array
BRANCHES = {
    "log": (lambda x: A.log(x), lambda x: (np.log(x), 1 / x, -1 / x**2)),
    "sqrt": (lambda x: A.sqrt(x), lambda x: (np.sqrt(x), 0.5 * x**-0.5, -0.25 * x**-1.5)),
    "reciprocal": (lambda x: 1 / x, lambda x: (1 / x, -1 / x**2, 2 / x**3)),
    "quotient": (lambda x: A.sin(x) / x, lambda x: (
        np.sin(x) / x,
        np.cos(x) / x - np.sin(x) / x**2,
        -np.sin(x) / x - 2 * np.cos(x) / x**2 + 2 * np.sin(x) / x**3,
    )),
    "power": (lambda x: x**0.3, lambda x: (x**0.3, 0.3 * x**-0.7, -0.21 * x**-1.7)),
    "negative power": (lambda x: x**-3, lambda x: (x**-3, -3 * x**-4, 12 * x**-5)),
    "variable power": (lambda x: x**x, lambda x: (
        x**x,
        x**x * (np.log(x) + 1),
        x**x * ((np.log(x) + 1) ** 2 + 1 / x),
    )),
    "atan2": (lambda x: A.atan2(x * 0, x), lambda x: (0 * x, 0 * x, 0 * x)),
    "norm": (
        lambda x: A.sqrt((A.stack([x, 2 * x]) ** 2).sum(axis=0)),
        lambda x: (np.sqrt(5) * x, np.sqrt(5) + 0 * x, 0 * x),
    ),
    "acosh": (lambda x: A.acosh(1 + x), lambda x: (
        np.arccosh(1 + x),
        (x * (x + 2)) ** -0.5,
        -(1 + x) * (x * (x + 2)) ** -1.5,
    )),
    "xlogx": (lambda x: x * A.log(x), lambda x: (x * np.log(x), np.log(x) + 1, 1 / x)),
    "exp overflow": (
        lambda x: A.exp(-1e3 * x) * x,
        lambda x: (
            x * np.exp(-1e3 * x), (1 - 1e3 * x) * np.exp(-1e3 * x),
            (1e6 * x - 2e3) * np.exp(-1e3 * x),
        ),
    ),
    "mean of logs": (lambda x: A.cumulative_sum(A.log(A.flip(x))), None),
    "products": (lambda x: A.cumulative_prod(1 / A.flip(x)), None),
    "sorted": (lambda x: A.roll(A.sort(A.log(x)), -1), None),
}  # fmt: skip


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", [name for name, (_, exact) in BRANCHES.items() if exact])
def test_the_branch_not_taken_never_poisons_a_derivative(name, dtype):
    function, exact = BRANCHES[name]
    points = np.array([-2.0, -1.0, -0.0, 0.0, 0.5, 1.5], dtype)
    taken = points > 0
    x = tv.tensor(points)
    total = tv.array.where(x > 0, function(x), 0.0).sum()
    first = tv.gradient(total, x)
    second = tv.gradient(first.sum(), x)
    third = tv.gradient(second.sum(), x)
    _, slope, bend = exact(points[taken].astype(np.float64))
    for found, expected in [(first, slope), (second, bend)]:
        np.testing.assert_array_equal(found.value[~taken], 0)
        tolerance = 2e-5 if dtype == "float32" else 1e-12
        np.testing.assert_allclose(found.value[taken], expected, rtol=tolerance, atol=tolerance)
    assert np.all(np.isfinite(third.value))
    np.testing.assert_array_equal(third.value[~taken], 0)


@pytest.mark.parametrize("name", [name for name, (_, exact) in BRANCHES.items() if not exact])
def test_elements_that_are_not_used_never_poison_those_that_are(name):
    """The first results depend on good elements only; the others are NaN or infinite."""
    function, _ = BRANCHES[name]
    x = tv.tensor([-1.0, 0.0, 0.5, 2.0])
    total = tv.array.where(tv.tensor([True, True, False, False]), function(x), 0.0).sum()
    assert np.isfinite(total.value)
    first = tv.gradient(total, x)
    second = tv.gradient((first * first).sum(), x)
    for found in (first, second):
        assert np.all(np.isfinite(found.value))
        np.testing.assert_array_equal(found.value[:2], 0)
        assert np.all(found.value[2:] != 0)


def test_a_cotangent_of_zero_is_not_asked_what_it_multiplies():
    """0 · ∂log(0) is 0, but a cotangent of NaN stays NaN."""
    x = tv.tensor([0.0, 2.0])
    _, pull = tv.vjp(tv.array.log, x)
    np.testing.assert_array_equal(pull(np.array([0.0, 1.0]))[0].value, [0.0, 0.5])
    np.testing.assert_array_equal(pull(np.array([1.0, 0.0]))[0].value, [np.inf, 0.0])
    assert np.isnan(pull(np.array([np.nan, 0.0]))[0].value[0])


# --- structure and cost -----------------------------------------------------------------------


def test_equal_expressions_are_one_object():
    x, y = tv.tensor(1.0), tv.tensor(2.0)
    assert x + y is x + y
    assert x + y is not y + x
    assert x * 2 is x * 2.0  # the literal takes the dtype of x
    assert x * 0.0 is not x * -0.0
    assert x * math.nan is x * math.nan
    assert tv.tensor(1.0) is not tv.tensor(1.0)
    assert tv.variable(1.0) is not tv.variable(1.0)
    assert tv.input((), name="x") is not tv.input((), name="x")
    assert tv.array.exp(x).sum() is tv.array.exp(x).sum()
    assert (x + y).reshape((1,)) is not (x + y).reshape((1, 1))
    assert tv.gradient(tv.array.sin(x), x) is tv.gradient(tv.array.sin(x), x)


def test_equal_expressions_are_one_object_across_threads():
    x = tv.tensor(3.0)
    found, ready = [], threading.Barrier(8)

    def build():
        ready.wait()
        y = x
        for i in range(500):
            y = y * x + i
        found.append(y)

    threads = [threading.Thread(target=build) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8 and all(each is found[0] for each in found)


def test_distinct_equal_leaves_do_not_mix_their_gradients():
    a, b = tv.tensor(3.0), tv.tensor(3.0)
    to_a, to_b = tv.gradient(a * a + 5 * b, [a, b])
    assert (to_a.value, to_b.value) == (6.0, 5.0)
    constant = tv.grad(lambda x: x * 3.0 + 3.0 * 3.0)(3.0)
    assert constant.value == 3.0


def test_shared_subexpressions_are_visited_once():
    """x + x doubled 60 times is 2⁶⁰ paths but 61 nodes; so is its gradient."""
    x = tv.tensor(1.0)
    y = x
    for _ in range(60):
        y = y + y
    assert len(topological([y])) == 61
    assert y.value == 2.0**60
    slope = tv.gradient(y, x)
    assert slope.value == 2.0**60
    assert len(topological([slope])) < 200
    z = x
    for _ in range(60):
        z = z * z
    assert tv.gradient(z, x).value == 2.0**60
    assert len(topological([tv.gradient(z, x)])) < 400


def test_a_chain_of_100_000_operations():
    """It builds, evaluates, differentiates and is freed, without recursion."""
    gc.collect()
    before = len(tensors._TABLE)
    x = tv.tensor(1.0)
    y = x
    for i in range(50_000):
        y = tv.array.sin(y) if i % 5 == 0 else y * 1.0001
        y = y + 1e-6
    assert len(topological([y])) > 100_000
    slope = tv.gradient(y, x)
    value = np.float64(1.0)
    product = 1.0
    for i in range(50_000):
        product *= np.cos(value) if i % 5 == 0 else 1.0001
        value = (np.sin(value) if i % 5 == 0 else value * 1.0001) + 1e-6
    np.testing.assert_allclose(y.value, value, rtol=1e-9)
    np.testing.assert_allclose(slope.value, product, rtol=1e-9)
    inner = weakref.ref(y.inputs[0].inputs[0].inputs[0])
    assert inner() is not None
    del y, slope
    gc.collect()
    assert inner() is None
    assert len(tensors._TABLE) < before + 1000  # literals may stay


def test_second_derivatives_of_a_long_chain():
    """y ← y + y²/n, n times: the chain rule of each step is applied to numbers beside it."""
    x = tv.tensor(0.25)
    y = x
    n = 2000
    for _ in range(n):
        y = y + y * y / n
    value, slope, bend = 0.25, 1.0, 0.0
    for _ in range(n):
        value, slope, bend = (
            value + value**2 / n,
            slope * (1 + 2 * value / n),
            bend * (1 + 2 * value / n) + 2 * slope**2 / n,
        )
    first = tv.gradient(y, x)
    assert first.value == pytest.approx(slope, rel=1e-11)
    assert tv.gradient(first, x).value == pytest.approx(bend, rel=1e-11)


def test_a_wide_expression_of_many_leaves():
    leaves = [tv.tensor(float(i)) for i in range(5000)]
    total = leaves[0]
    for leaf in leaves[1:]:
        total = total + leaf * leaf
    slopes = tv.gradient(total, leaves)
    assert [slope.value for slope in slopes[1:]] == [2.0 * i for i in range(1, 5000)]


# --- what is asked ----------------------------------------------------------------------------


def test_targets_may_be_any_node_and_need_not_matter():
    x, unused = tv.tensor([1.0, 2.0]), tv.tensor([[5.0]])
    hidden = x * x
    y = tv.array.exp(hidden).sum()
    to_hidden, to_x, to_unused, to_y = tv.gradient(y, [hidden, x, unused, y])
    np.testing.assert_allclose(to_hidden.value, np.exp([1, 4]))
    np.testing.assert_allclose(to_x.value, np.exp([1, 4]) * [2, 4])
    np.testing.assert_array_equal(to_unused.value, [[0.0]])
    assert to_y.value == 1
    assert tv.gradient(tv.tensor(3.0), x).value.tolist() == [0, 0]


def test_stop_gradient_and_integers_pass_nothing():
    x = tv.tensor([1.5, 2.5])
    y = (x * tv.stop_gradient(x)).sum()
    np.testing.assert_array_equal(tv.gradient(y, x).value, x.value)
    whole = x.astype("int64").astype("float64")
    np.testing.assert_array_equal(tv.gradient((whole * x).sum(), x).value, [1, 2])


def test_requests_without_meaning_say_why():
    x = tv.tensor([1.0, 2.0], name="x")
    with pytest.raises(ValueError, match=r"shape \(2,\).*\.sum\(\)"):
        tv.gradient(x * x, x)
    with pytest.raises(TypeError, match="floating target; count is int64"):
        tv.gradient(x.sum(), tv.tensor(3, name="count"))
    with pytest.raises(TypeError, match="no gradient"):
        tv.gradient(tv.tensor(3) * 2, x)


def test_derivatives_of_high_order():
    x = tv.tensor(0.7)
    y = tv.array.sin(x)
    for order in range(1, 9):
        y = tv.gradient(y, x)
        assert y.value == pytest.approx(np.sin(0.7 + order * np.pi / 2), rel=1e-13)
    z = tv.array.exp(3 * x)
    for order in range(1, 9):
        z = tv.gradient(z, x)
        assert z.value == pytest.approx(3.0**order * np.exp(2.1), rel=1e-13)


@given(
    hnp.arrays(np.float64, (3, 3), elements=st.floats(-2, 2)),
    hnp.arrays(np.float64, 3, elements=st.floats(-2, 2)),
)
def test_quadratic_forms(matrix, point):
    """f = xᵀAx has gradient (A + Aᵀ)x and Hessian A + Aᵀ; the Hessian is symmetric."""
    x = tv.tensor(point)
    f = x @ tv.tensor(matrix) @ x
    both = matrix + matrix.T
    np.testing.assert_allclose(tv.gradient(f, x).value, both @ point, atol=1e-12)
    np.testing.assert_allclose(tv.hessian(f, x).value, both, atol=1e-12)
    product = tv.hessian_vector_product(f, x, [1.0, -2.0, 0.5]).value
    np.testing.assert_allclose(product, both @ [1.0, -2.0, 0.5], atol=1e-12)
    jacobian = tv.jacobian(tv.gradient(f, x), x).value
    np.testing.assert_allclose(jacobian, jacobian.T, atol=1e-12)


def test_jacobians_by_rows_and_by_columns():
    def tall(x):
        return tv.array.stack([tv.array.sin(x[0] * x[1]), x[0] ** 2, tv.array.exp(x[1])])

    a, b = 0.4, 1.3
    expected = [[b * np.cos(a * b), a * np.cos(a * b)], [2 * a, 0], [0, np.exp(b)]]
    np.testing.assert_allclose(tv.jacobian(tall)(np.array([a, b])).value, expected, rtol=1e-13)

    def wide(x):
        return tall(x)[:1] * x.sum()

    s, c, t = np.sin(a * b), np.cos(a * b), a + b
    np.testing.assert_allclose(
        tv.jacobian(wide)(np.array([a, b])).value, [[b * c * t + s, a * c * t + s]], rtol=1e-13
    )
    matrix = tv.tensor(np.arange(6.0).reshape(2, 3))
    square = tv.jacobian(matrix * matrix, matrix)
    assert square.shape == (2, 3, 2, 3)
    np.testing.assert_array_equal(square.value.reshape(6, 6), np.diag(2 * np.arange(6.0)))


def test_forward_mode_sees_infinite_slopes_but_no_branch_that_was_not_taken():
    value, pushed = tv.jvp(lambda x, y: x**y, (2.0, 3.0), (1.0, 0.5))
    assert value.value == 8
    assert pushed.value == pytest.approx(3 * 4 + 8 * np.log(2) * 0.5)
    _, pushed = tv.jvp(lambda x: tv.array.sqrt(x), (4.0,), (2.0,))
    assert pushed.value == 0.5
    _, pushed = tv.jvp(A.log, (np.array([0.0, 0.0, 2.0]),), (np.array([1.0, 0.0, 1.0]),))
    np.testing.assert_array_equal(pushed.value, [np.inf, 0.0, 0.5])
    _, pushed = tv.jvp(
        lambda x: A.where(x > 0, A.log(x), 0.0), (np.array([0.0, -1.0, 2.0]),), (np.ones(3),)
    )
    np.testing.assert_array_equal(pushed.value, [0.0, 0.0, 0.5])
    jacobian = tv.jacobian(lambda x: A.stack([A.where(x > 0, A.sqrt(x), x), x]))(np.array(0.0))
    np.testing.assert_array_equal(jacobian.value, [1.0, 1.0])  # by columns
