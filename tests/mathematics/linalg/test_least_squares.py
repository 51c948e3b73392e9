"""Least squares against exact rational arithmetic, and what the result says of itself."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings

import trivium as tv

from .matrices import shaped, with_singular_values

L = tv.linalg
FEW = settings(max_examples=settings.default.max_examples // 2)


def exact(a, b):
    """The solution of the normal equations in rational arithmetic."""
    rows = [[Fraction(float(x)) for x in row] for row in a]
    right = [Fraction(float(x)) for x in b]
    m = len(rows[0])
    system = [
        [sum(r[i] * r[j] for r in rows) for j in range(m)]
        + [sum(r[i] * y for r, y in zip(rows, right))]
        for i in range(m)
    ]
    for i in range(m):
        pivot = next(k for k in range(i, m) if system[k][i] != 0)
        system[i], system[pivot] = system[pivot], system[i]
        for k in range(m):
            if k != i:
                factor = system[k][i] / system[i][i]
                system[k] = [x - factor * y for x, y in zip(system[k], system[i])]
    return np.array([float(system[i][m] / system[i][i]) for i in range(m)])


@pytest.mark.parametrize("degree", [1, 3, 5, 8])
def test_digits_lost_are_an_honest_bound(degree):
    """Polynomials of growing degree: no more digits are lost than was said."""
    t = np.linspace(0, 1, 15)
    a, b = np.vander(t, degree + 1), np.sin(3 * t)
    found = L.lstsq(a, b)
    truth = exact(a, b)
    error = np.linalg.norm(found.x.value - truth) / np.linalg.norm(truth)
    assert error <= 10 * 2.3e-16 * 10**found.digits_lost
    assert found.rank == degree + 1 and found.full_rank
    np.testing.assert_allclose(found.residual, np.linalg.norm(b - a @ truth), rtol=1e-6)
    np.testing.assert_allclose(found.condition, np.linalg.cond(a), rtol=1e-6)


@FEW
@given(shaped(batch=False))
def test_the_residual_is_orthogonal_and_the_norm_least(a):
    b = np.arange(1.0, len(a) + 1)
    found = L.lstsq(a, b, rtol=1e-9)
    s = np.linalg.svd(a, compute_uv=False)
    if s.size and np.any((s > 1e-11 * s.max(initial=0)) & (s < 1e-7 * s.max(initial=0))):
        return  # too near to the tolerance to say which rank it has
    x = found.x.value
    assert x.shape == (a.shape[1],)
    scale = 1 + np.abs(a).max(initial=0.0) ** 2 * (1 + np.abs(x).max(initial=0.0))
    np.testing.assert_allclose(a.T @ (b - a @ x), 0, atol=1e-10 * scale * len(a))
    null = L.null_space(a, rtol=1e-9)
    np.testing.assert_allclose(null.T @ x, 0, atol=1e-8 * (1 + np.abs(x).max(initial=0.0)))
    assert found.rank == (int(np.sum(s > 1e-9 * s.max())) if s.size else 0)


def test_rank_deficiency_is_said():
    a = with_singular_values([3.0, 1.0, 1e-18], 6, 3)[0]
    found = L.lstsq(a, np.ones(6))
    assert found.rank == 2 and not found.full_rank
    np.testing.assert_allclose(found.condition, 3.0)
    assert "rank 2 of 3: of all solutions the one of least norm" in str(found)
    np.testing.assert_allclose(found.x.value, np.linalg.lstsq(a, np.ones(6), rcond=1e-12)[0])


def test_shapes_and_batches():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 1, 5, 3)), rng.normal(size=(4, 5, 2))
    found = L.lstsq(a, b)
    assert found.x.shape == (2, 4, 3, 2) and found.residual.shape == (2, 4, 2)
    assert found.rank.tolist() == [[3] * 4] * 2 and found.condition.shape == (2, 4)
    np.testing.assert_allclose(
        found.x.value[1, 2], np.linalg.lstsq(a[1, 0], b[2])[0], atol=1e-13
    )
    vector = L.lstsq(a, b[0, :, 0])
    assert vector.x.shape == (2, 1, 3) and vector.residual.shape == (2, 1)
    assert isinstance(L.lstsq(a[0, 0], b[0, :, 0]).residual, float)
    for n, m in ((0, 3), (3, 0), (0, 0)):
        empty = L.lstsq(np.zeros((n, m)), np.zeros(n))
        assert (
            empty.x.value.tolist() == [0.0] * m and empty.rank == 0 and empty.digits_lost == 0
        )


def test_a_right_hand_side_orthogonal_to_the_columns():
    found = L.lstsq([[1.0], [0.0]], [0.0, 1.0])
    assert found.x.value.tolist() == [0.0] and found.digits_lost == 0 and found.residual == 1


def test_bad_input():
    with pytest.raises(tv.TriviumError, match="has 2 rows, the matrix 3"):
        L.lstsq(np.ones((3, 2)), np.ones(2))
    with pytest.raises(tv.TriviumError, match="rtol must be"):
        L.lstsq(np.ones((3, 2)), np.ones(3), rtol=np.nan)
    spoiled = L.lstsq([[np.nan, 1.0], [0.0, 1.0]], [1.0, 2.0])
    assert np.all(np.isnan(spoiled.x.value)) and spoiled.digits_lost == np.inf


def test_float32_stays_float32():
    found = L.lstsq(np.ones((3, 1), np.float32), np.ones(3, np.float32))
    assert found.x.dtype == np.float32 and "of 6.9 digits" in str(found)
