"""Derivatives of functions: structures of arguments and results, nesting, stable forms."""

import numpy as np
import pytest

import trivium as tv
from trivium.engine.errors import DTypeError, ShapeError

A = tv.array
FAR = np.array([1000.0, 0.0, -5.0])


def log_softmax(x):
    return A.log(A.exp(x) / A.sum(A.exp(x)))


def log_sum_exp(x):
    return A.log(A.sum(A.exp(x)))


SOFTMAX = np.array([1.0, 0.0, 0.0])
JACOBIAN = np.eye(3) - SOFTMAX


def test_every_transform_differentiates_the_stable_form():
    x = tv.tensor(FAR)
    np.testing.assert_allclose(tv.jacobian(log_softmax)(x).value, JACOBIAN)
    np.testing.assert_allclose(tv.jacobian(log_softmax(x), x).value, JACOBIAN)
    for hessian in (tv.hessian(log_sum_exp)(x), tv.hessian(log_sum_exp(x), x)):
        np.testing.assert_allclose(hessian.value, np.zeros((3, 3)))
    product = tv.hessian_vector_product(log_sum_exp(x), x, np.ones(3))
    np.testing.assert_allclose(product.value, np.zeros(3))
    value, slope = tv.jvp(log_softmax, (x,), (np.array([1.0, 0.0, 0.0]),))
    np.testing.assert_allclose(value.value, FAR - 1000)
    np.testing.assert_allclose(slope.value, JACOBIAN[:, 0])
    value, pull = tv.vjp(log_softmax, x)
    np.testing.assert_allclose(value.value, FAR - 1000)
    np.testing.assert_allclose(pull(np.ones(3))[0].value, JACOBIAN.sum(axis=0))
    value, gradient = tv.value_and_grad(log_sum_exp)(x)
    np.testing.assert_allclose(value.value, 1000)
    np.testing.assert_allclose(gradient.value, SOFTMAX)


def test_results_in_between_are_targets_although_a_stable_form_would_lose_them():
    a = tv.tensor([1.0, 2.0])
    powers = A.exp(a)
    y = A.log(A.sum(powers))
    expected = 1 / np.exp([1.0, 2.0]).sum()
    np.testing.assert_allclose(tv.gradient(y, powers).value, [expected, expected])
    np.testing.assert_allclose(tv.hessian(y, powers).value, np.full((2, 2), -(expected**2)))


def test_dicts_are_matched_by_key_whatever_their_order():
    def product(p):
        return p["a"] * p["b"]

    at = {"a": 2.0, "b": 3.0}
    _, slope = tv.jvp(product, (at,), ({"b": 1.0, "a": 0.0},))
    assert slope.item() == 2.0
    _, pull = tv.vjp(lambda x: {"p": x, "q": 10 * x}, 1.0)
    assert pull({"q": 1.0, "p": 0.0})[0].item() == 10.0


def test_jacobians_have_the_structure_of_results_and_arguments():
    a, b = tv.tensor([1.0, 2.0]), tv.tensor([3.0, 4.0])
    found = tv.jacobian(lambda p: {"ab": p["a"] * p["b"], "sum": p["a"].sum()})(
        {"a": a, "b": b}
    )
    np.testing.assert_allclose(found["ab"]["a"].value, np.diag([3.0, 4.0]))
    np.testing.assert_allclose(found["ab"]["b"].value, np.diag([1.0, 2.0]))
    np.testing.assert_allclose(found["sum"]["a"].value, [1.0, 1.0])
    np.testing.assert_allclose(found["sum"]["b"].value, [0.0, 0.0])
    one, other = tv.jacobian(a * b, [a, b])
    np.testing.assert_allclose(one.value, np.diag([3.0, 4.0]))
    np.testing.assert_allclose(other.value, np.diag([1.0, 2.0]))


def test_hessians_of_several_arguments_have_a_block_for_each_pair():
    a, b = tv.tensor([1.0, 2.0]), tv.tensor([3.0, 4.0])

    def f(a, b):
        return (a * a * b).sum()

    blocks = {
        ("a", "a"): np.diag([6.0, 8.0]),
        ("a", "b"): np.diag([2.0, 4.0]),
        ("b", "a"): np.diag([2.0, 4.0]),
        ("b", "b"): np.zeros((2, 2)),
    }
    by_number = tv.hessian(f, (0, 1))(a, b)
    by_key = tv.hessian(lambda p: f(p["a"], p["b"]))({"a": a, "b": b})
    of_expression = tv.hessian(f(a, b), {"a": a, "b": b})
    for (one, other), expected in blocks.items():
        np.testing.assert_allclose(by_key[one][other].value, expected)
        np.testing.assert_allclose(of_expression[one][other].value, expected)
        row = by_number["ab".index(one)]
        np.testing.assert_allclose(row["ab".index(other)].value, expected)


def test_nested_gradients_do_not_confuse_their_variables():
    # d/dx [x · d/dy (x + y)] = 1, not 2: the inner derivative does not see the outer x.
    inner = tv.grad(lambda x: x * tv.grad(lambda y: x + y)(1.0))
    assert inner(1.0).item() == 1.0
    assert tv.grad(tv.grad(tv.grad(lambda x: x**4)))(2.0).item() == 48.0
    assert tv.grad(lambda x: x * tv.grad(lambda y: x * y * y)(2.0))(3.0).item() == 24.0


def test_results_without_derivative():
    x = tv.tensor([1.0, 2.0])
    _, slopes = tv.jvp(lambda x: (2 * x, A.argmax(x), x > 1), (x,), (np.array([1.0, 0.0]),))
    np.testing.assert_allclose(slopes[0].value, [2.0, 0.0])
    assert not np.any(slopes[1].value) and not np.any(slopes[2].value)
    for function in (A.argmax, A.argsort):
        with pytest.raises(DTypeError, match="int64 has no Jacobian"):
            tv.jacobian(function)(x)


def test_empty_tensors_have_empty_derivatives():
    empty, two = tv.tensor(np.zeros((0, 3))), tv.tensor([1.0, 2.0])
    assert tv.grad(lambda x: x.sum())(empty).shape == (0, 3)
    assert tv.hessian(lambda x: (x * x).sum())(empty).value.shape == (0, 3, 0, 3)
    assert tv.jacobian(lambda x: x[:, None] * np.zeros(0))(two).value.shape == (2, 0, 2)


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (
            lambda: tv.jvp(lambda p: p["a"], ({"a": 1.0},), ({"b": 1.0},)),
            r"tangents\[0\] must be a dict with the keys 'a', but is a dict with the keys 'b'",
        ),
        (
            lambda: tv.jvp(lambda x: x, (tv.tensor([1.0, 2.0]),), ([1.0, 0.0],)),
            r"tangents\[0\] must be one tensor, but is a list of 2",
        ),
        (
            lambda: tv.vjp(lambda x: (x, x), 1.0)[1]((1.0, 2.0, 3.0)),
            "cotangent must be a tuple of 2, but is a tuple of 3",
        ),
        (
            lambda: tv.grad(lambda x: ((x, x), 1), has_aux=True)(1.0),
            "the first result must be the scalar",
        ),
    ],
)
def test_other_structures_are_refused(ask, words):
    with pytest.raises(ShapeError, match=words):
        ask()
