"""Eigenvalues of general matrices and what is said about their trust."""

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings

import trivium as tv

from .matrices import shaped, similar, size

L = tv.linalg
FEW = settings(max_examples=settings.default.max_examples // 2)


@FEW
@given(shaped(square=True, batch=False))
def test_pairs_are_eigenpairs(a):
    if not a.size:
        with pytest.raises(tv.TriviumError, match="no eigenvalues"):
            L.eig(a)
        return
    found = L.eig(a)
    scale = size(a) * len(a)
    residual = a @ found.eigenvectors - found.eigenvectors * found.eigenvalues
    assert np.abs(residual).max() <= 1e-13 * scale
    np.testing.assert_allclose(np.linalg.norm(found.eigenvectors, axis=0), 1, rtol=1e-12)
    np.testing.assert_allclose(found.eigenvalues.sum().real, np.trace(a), atol=1e-12 * scale)
    assert np.all(np.diff(np.abs(found.eigenvalues)) <= 1e-9 * scale)
    assert np.all(found.conditions >= 1 - 1e-12)
    if np.array_equal(a, a.T):
        np.testing.assert_allclose(found.conditions, 1, rtol=1e-6)
        assert found.eigenvalues.dtype == np.float64


def test_pairs_stand_together_the_positive_imaginary_part_first():
    found = L.eig(similar([[1, -2, 0, 0], [2, 1, 0, 0], [0, 0, -3, 0], [0, 0, 0, 0.5]]))
    expected = [-3, 1 + 2j, 1 - 2j, 0.5]
    np.testing.assert_allclose(found.eigenvalues, expected, atol=1e-13)
    assert found.eigenvalues.dtype == np.complex128
    np.testing.assert_allclose(found.spectral_radius, 3)
    assert "1 + 2i" in str(found) and "0.5  " in str(found) and not found.defective


@pytest.mark.parametrize("n", [3, 6, 9])
def test_conditions_foretell_the_error(n):
    """Triangular matrices with a far corner: eigenvalues lose the digits that are said."""
    a = np.diag(np.arange(1.0, n + 1)) + np.triu(np.full((n, n), 3.0), 1)
    a = similar(a, seed=n)
    found = L.eig(a)
    with mpmath.workdps(60):
        exact = mpmath.eig(mpmath.matrix(a.tolist()), left=False, right=False)
    exact = sorted((float(mpmath.re(each)) for each in exact), reverse=True)
    errors = np.abs(found.eigenvalues - exact)
    bound = found.conditions * np.linalg.norm(a, 2) * 2.3e-16
    assert np.all(errors <= 10 * bound)
    lost = found.conditions * np.linalg.norm(a, 2) / np.abs(exact)
    np.testing.assert_allclose(10**found.digits_lost, lost, rtol=1e-3)


def test_defective_matrices_are_called_so():
    assert L.eig(similar([[2.0, 1.0], [0.0, 2.0]])).defective
    assert "defective" in str(L.eig([[0.0, 1.0], [0.0, 0.0]]))
    assert not L.eig(np.eye(3)).defective and not L.eig(np.zeros((2, 2))).defective


def test_float32_and_single_numbers():
    found = L.eig(np.float32([[0, -1], [1, 0]]))
    assert found.eigenvalues.dtype == np.complex64 and found.digits < 7
    assert L.eig([[4]]).eigenvalues.tolist() == [4.0]
    long = L.eig(np.diag(np.arange(1.0, 31)))
    assert "… and 18 more" in str(long)
