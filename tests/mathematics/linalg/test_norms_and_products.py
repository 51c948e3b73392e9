"""Norms, inner products, cross and Kronecker products: NumPy's values and the identities."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import trivium as tv

from .matrices import shaped, size

L = tv.linalg
ORDERS = ["fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf]
FEW = settings(max_examples=settings.default.max_examples // 2)


@FEW
@given(shaped(), st.sampled_from(ORDERS), st.booleans())
def test_matrix_norms_are_numpys(a, order, keep):
    if 0 in a.shape[-2:] and order not in ("fro", "nuc"):
        return
    expected = np.linalg.norm(a, ord=order, axis=(-2, -1), keepdims=keep)
    found = L.matrix_norm(a, ord=order, keepdims=keep).value
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13 * size(a))
    assert found.shape == expected.shape


@FEW
@given(shaped(batch=False), st.sampled_from([1, 2, np.inf]))
def test_operator_norms_bound_the_stretch(a, order):
    """‖Ax‖ ≤ ‖A‖ ‖x‖ and ‖AB‖ ≤ ‖A‖ ‖B‖."""
    if not a.size:
        return
    bound = float(L.matrix_norm(a, ord=order).value)
    for x in (np.ones(a.shape[1]), np.arange(1.0, a.shape[1] + 1), np.eye(a.shape[1])[0]):
        stretched = float(L.vector_norm(a @ x, ord=order).value)
        assert stretched <= bound * float(L.vector_norm(x, ord=order).value) * (1 + 1e-12)
    assert float(L.matrix_norm(a @ a.T, ord=order).value) <= bound * float(
        L.matrix_norm(a.T, ord=order).value
    ) * (1 + 1e-12)


@pytest.mark.parametrize("axis", [None, 0, -1, (0, 1), (2, 0), [1, 2]], ids=str)
@pytest.mark.parametrize("order", [None, 1, 2, np.inf, "fro"], ids=str)
@pytest.mark.parametrize("keep", [False, True])
def test_norm_takes_numpys_arguments(axis, order, keep):
    x = np.random.default_rng(0).normal(size=(2, 3, 4))
    single = not isinstance(axis, tuple | list)
    if order == "fro" and single:
        with pytest.raises(tv.TriviumError, match="two axes"):
            L.norm(x, axis=axis, ord=order)
        return
    if axis is None and order is not None:
        x = x.ravel()
    pair = axis if single else tuple(axis)
    np.testing.assert_allclose(
        L.norm(x, axis=axis, ord=order, keepdims=keep).value,
        np.linalg.norm(x, axis=pair, ord=order, keepdims=keep),
        rtol=1e-13,
    )


def test_unknown_orders_are_refused():
    with pytest.raises(tv.TriviumError, match='"fro", "nuc"'):
        L.matrix_norm(np.eye(2), ord=3)


def test_inner_products_and_metrics():
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(5, 3)), rng.normal(size=(5, 3))
    np.testing.assert_allclose(L.inner(x, y).value, np.sum(x * y, axis=1), rtol=1e-14)
    metric = np.diag([1.0, 2.0, 3.0]) + 0.1
    np.testing.assert_allclose(
        L.inner(x, y, metric=metric).value, np.einsum("ni,ij,nj->n", x, metric, y), rtol=1e-12
    )
    np.testing.assert_allclose(
        L.inner(x, y, metric=metric).value, L.inner(y, x, metric=metric).value, rtol=1e-12
    )
    with pytest.raises(tv.TriviumError, match="square matrix of the vectors' size 3"):
        L.inner(x, y, metric=np.eye(2))


@pytest.mark.parametrize("axis", [-1, 0])
def test_cross_products(axis):
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(3, 4, 3)), rng.normal(size=(3, 1, 3))
    found = L.cross(x, y, axis=axis).value
    np.testing.assert_allclose(found, np.cross(x, y, axis=axis), rtol=1e-12)
    np.testing.assert_allclose(np.sum(found * x, axis=axis), 0, atol=1e-14)
    leaf = tv.tensor(x)
    assert tv.check_gradient(L.cross(leaf, y, axis=axis), leaf)
    with pytest.raises(tv.TriviumError, match="size 3"):
        L.cross(np.ones(2), np.ones(2))


@pytest.mark.parametrize("shapes", [((2, 3), (4, 2)), ((3,), (2,)), ((2, 2), (3,)), ((), (2,))])
def test_kronecker_products(shapes):
    rng = np.random.default_rng(3)
    x, y = (rng.normal(size=shape) for shape in shapes)
    np.testing.assert_allclose(L.kron(x, y).value, np.kron(x, y), rtol=1e-15)


def test_the_mixed_product_rule():
    """(A ⊗ B)(C ⊗ D) = AC ⊗ BD."""
    rng = np.random.default_rng(4)
    a, b, c, d = (rng.normal(size=(2, 2)) for _ in range(4))
    left = L.kron(a, b).value @ L.kron(c, d).value
    np.testing.assert_allclose(left, L.kron(a @ c, b @ d).value, atol=1e-14)


@pytest.mark.parametrize("order", [None, 2, -2, "fro", 1, np.inf])
def test_condition_numbers(order):
    a = np.random.default_rng(5).normal(size=(3, 4, 4))
    np.testing.assert_allclose(L.cond(a, p=order).value, np.linalg.cond(a, p=order), rtol=1e-10)


def test_condition_numbers_of_singular_matrices():
    assert L.cond(np.zeros((2, 2))).value == np.inf
    assert L.cond(np.diag([1.0, 0.0])).value == np.inf
    assert L.digits_lost(np.diag([1.0, 0.0])) == np.inf
    assert L.cond(np.ones((3, 1))).value == 1
    with pytest.raises(tv.TriviumError, match="no singular values"):
        L.cond(np.zeros((0, 3)))


@pytest.mark.parametrize("lost", [0, 3, 9, 14])
def test_digits_lost_are_lost(lost):
    """With κ = 10ᵏ a rounding of the data moves the solution in the digit that is foretold."""
    a = np.diag([1.0, 10.0**-lost])
    found = L.conditioning(a)
    assert abs(found.digits_lost - lost) < 1e-6
    assert abs(found.digits_left - (15.65 - lost)) < 0.1
    moved = np.linalg.solve(a + [[0, 0], [0, 2.0**-53]], [0.0, 10.0**-lost])[1]
    assert abs(moved - 1) < 10 ** (-found.digits_left + 0.5)
    assert "digits" in str(found)
    assert L.conditioning(a.astype(np.float32)).digits < 7


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0)])
def test_matrices_without_entries_have_the_norm_zero(shape):
    for order in ("fro", "nuc", 1, 2, np.inf):
        assert tv.linalg.matrix_norm(np.zeros(shape), ord=order).value == 0
        assert tv.linalg.norm(np.zeros(shape), ord=order).value == 0
    with pytest.raises(tv.TriviumError, match="there is no smallest one"):
        tv.linalg.matrix_norm(np.zeros(shape), ord=-2)


def test_ranks_of_matrices_that_are_not_finite():
    """NaN where a result can be, 0 where it is a whole number; the others of the stack stay."""
    stack = np.stack([np.eye(2), [[1.0, np.nan], [0.0, 1.0]]])
    for asked in (tv.linalg.effective_rank, tv.linalg.stable_rank):
        found = asked(stack).value
        assert found[0] == pytest.approx(2) and np.isnan(found[1])
    assert tv.linalg.matrix_rank(stack).value.tolist() == [2, 0]
