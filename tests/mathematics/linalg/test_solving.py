"""Equations, inverses, determinants, powers and exponentials against exact arithmetic."""

from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import trivium as tv
from trivium.mathematics.errors import SingularError

from .matrices import shaped, similar, size, with_singular_values

L = tv.linalg
FEW = settings(max_examples=settings.default.max_examples // 2)


@st.composite
def regular(draw):
    """A matrix of integers and a bit of the identity, so that it is far from singular."""
    n = draw(st.integers(1, 5))
    whole = draw(hnp.arrays(np.int64, (n, n), elements=st.integers(-3, 3)))
    return whole + 20.0 * np.eye(n)


def exact_determinant(a):
    rows = [[Fraction(float(x)) for x in row] for row in a]
    n, result = len(rows), Fraction(1)
    for i in range(n):
        pivot = next((k for k in range(i, n) if rows[k][i] != 0), None)
        if pivot is None:
            return Fraction(0)
        if pivot != i:
            rows[i], rows[pivot], result = rows[pivot], rows[i], -result
        result *= rows[i][i]
        for k in range(i + 1, n):
            factor = rows[k][i] / rows[i][i]
            rows[k] = [x - factor * y for x, y in zip(rows[k], rows[i])]
    return result


@FEW
@given(regular())
def test_regular_equations(a):
    n = len(a)
    b = np.arange(2.0 * n).reshape(n, 2)
    np.testing.assert_allclose(a @ L.solve(a, b).value, b, atol=1e-12)
    np.testing.assert_allclose(L.solve(a, b[:, 0]).value, L.solve(a, b).value[:, 0], atol=1e-15)
    np.testing.assert_allclose(L.inv(a).value @ a, np.eye(n), atol=1e-13)
    determinant = float(exact_determinant(a))
    np.testing.assert_allclose(L.det(a).value, determinant, rtol=1e-13)
    sign, size_ = (each.value for each in L.slogdet(a))
    np.testing.assert_allclose(sign * np.exp(size_), determinant, rtol=1e-13)
    np.testing.assert_allclose(
        a @ L.adjugate(a).value, determinant * np.eye(n), atol=1e-12 * abs(determinant)
    )
    np.testing.assert_allclose(L.matrix_power(a, -2).value @ a @ a, np.eye(n), atol=1e-12)


def test_batches_broadcast():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(3, 1, 4, 4)), rng.normal(size=(2, 4, 5))
    found = L.solve(a, b).value
    assert found.shape == (3, 2, 4, 5)
    np.testing.assert_allclose(np.broadcast_to(a, (3, 2, 4, 4)) @ found, np.broadcast_to(
        b, (3, 2, 4, 5)), atol=1e-12)  # fmt: skip
    assert L.solve(a, b[0, :, 0]).shape == (3, 1, 4)
    assert L.det(np.zeros((3, 0, 0))).value.tolist() == [1, 1, 1]
    assert L.solve(np.zeros((0, 0)), np.zeros((0, 2))).shape == (0, 2)


@pytest.mark.parametrize(
    "a",
    [
        np.ones((3, 3)),
        np.zeros((2, 2)),
        [[0.1, 0.2], [0.3, 0.6]],
        np.diag([1.0, 1e-17]),
        1 / (np.arange(14)[:, None] + np.arange(14) + 1),  # Hilbert
    ],
    ids=["ones", "zeros", "thirds", "tiny", "hilbert"],
)
def test_singular_to_working_precision_is_said_not_answered(a):
    with pytest.raises(SingularError, match=r"singular.*lstsq"):
        _ = L.solve(a, np.ones(len(a))).value
    assert L.conditioning(a).digits_left == 0
    assert np.all(np.isfinite(L.lstsq(a, np.ones(len(a))).x.value))


def test_the_singular_one_of_a_batch_is_named():
    with pytest.raises(SingularError, match=r"batch index \[2\]"):
        _ = L.inv(np.stack([np.eye(2), np.eye(2), np.ones((2, 2))])).value


def test_bad_shapes_are_refused_in_words():
    with pytest.raises(tv.TriviumError, match="the right-hand side has 3 rows, the matrix 2"):
        L.solve(np.eye(2), np.ones(3))
    with pytest.raises(tv.TriviumError, match="must broadcast"):
        L.solve(np.zeros((2, 2, 2)), np.zeros((3, 2, 1)))
    with pytest.raises(tv.TriviumError, match="must be an integer"):
        L.matrix_power(np.eye(2), 0.5)
    with pytest.raises(tv.TriviumError, match="rtol must be"):
        L.pinv(np.eye(2), rtol=-1.0)


@FEW
@given(shaped())
def test_the_moore_penrose_conditions(a):
    """The four conditions that only the pseudoinverse meets (Penrose 1955)."""
    p = L.pinv(a, rtol=1e-9).value
    s = np.linalg.svd(a, compute_uv=False)
    if s.size and np.any((s > 1e-11 * s.max(initial=0)) & (s < 1e-7 * s.max(initial=0))):
        return  # too near to the tolerance to say which rank it has
    unit = 1e-8
    ap, pa = a @ p, p @ a
    np.testing.assert_allclose(ap @ a, a, atol=unit * size(a))
    np.testing.assert_allclose(pa @ p, p, atol=unit * size(p))
    np.testing.assert_allclose(ap, np.swapaxes(ap, -1, -2), atol=unit)
    np.testing.assert_allclose(pa, np.swapaxes(pa, -1, -2), atol=unit)


EXPONENTIALS = {
    "rotation": [[0.0, -2.5], [2.5, 0.0]],
    "jordan": [[-1.0, 1.0, 0.0], [0.0, -1.0, 1.0], [0.0, 0.0, -1.0]],
    "stiff": [[-49.0, 24.0], [-64.0, 31.0]],  # Moler & Van Loan (1978), §3
    "nilpotent": [[0.0, 6.0, 0.0, 0.0], [0.0, 0.0, 6.0, 0.0], [0.0] * 3 + [6.0], [0.0] * 4],
    "large": [[40.0, 3.0], [1.0, -40.0]],
}


@pytest.mark.parametrize("name", EXPONENTIALS)
def test_exponentials_against_exact_arithmetic(name):
    a = EXPONENTIALS[name]
    with mpmath.workdps(60):
        exact = np.array(mpmath.expm(mpmath.matrix(a), method="taylor").tolist(), float)
    found = L.expm(a).value
    np.testing.assert_allclose(found, exact, atol=1e-12 * np.abs(exact).max())
    back = L.expm(-np.array(a)).value
    scale = size(exact) * size(back)
    np.testing.assert_allclose(found @ back, np.eye(len(a)), atol=1e-12 * scale)


@pytest.mark.parametrize("power", range(-3, 7))
def test_powers(power):
    a = similar(np.diag([0.5, -1.0, 2.0]))
    found = L.matrix_power(a, power).value
    np.testing.assert_allclose(found, np.linalg.matrix_power(a, power), atol=1e-11)
    if power == 1:
        np.testing.assert_array_equal(found, a)


def test_slogdet_does_not_overflow():
    a = 1e200 * with_singular_values([3.0, 2.0, 1.0], 3, 3)[0]
    assert not np.isfinite(L.det(a).value)
    np.testing.assert_allclose(L.slogdet(a).logabsdet.value, np.log(6) + 600 * np.log(10))
