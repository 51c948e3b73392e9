"""A power of two changes the scale of what the procedures say, and nothing else."""

import warnings

import numpy as np
import pytest

import trivium as tv
from trivium.mathematics.linalg.arguments import magnitude

from .matrices import similar

L = tv.linalg
SYMMETRIC = np.array([[2.0, 1.0, 0.0], [1.0, 3.0, 0.5], [0.0, 0.5, 5.0]])
GENERAL = similar(np.array([[2.0, 1.0, 0.0], [-1.0, 2.0, 0.0], [0.0, 0.0, 4.0]]), seed=1)
TALL = np.array([[1.0, 2.0], [3.0, -1.0], [0.5, 4.0]])
SCALES = [2.0**1000, 2.0**-1000]


@pytest.fixture(autouse=True)
def _no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def _same(found, plain, scale):
    np.testing.assert_allclose(found, np.asarray(plain) * scale, rtol=1e-13, atol=1e-13 * scale)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("matrix", [SYMMETRIC, GENERAL])
def test_eigenvalues_scale(matrix, scale):
    plain, found = L.eig(matrix), L.eig(matrix * scale)
    _same(found.eigenvalues, plain.eigenvalues, scale)
    _same(found.conditions, plain.conditions, 1.0)
    _same(L.qr_iteration(matrix * scale).eigenvalues, L.qr_iteration(matrix).eigenvalues, scale)
    _same(
        L.power_iteration(matrix * scale).eigenvalue,
        L.power_iteration(matrix).eigenvalue,
        scale,
    )


@pytest.mark.parametrize("scale", SCALES)
def test_bases_ranks_and_kinds_scale(scale):
    plain, found = L.gram_schmidt(TALL), L.gram_schmidt(TALL * scale)
    assert found.rank == 2 and not found.dependent and found.residual < 1e-15
    _same(found.basis, plain.basis, 1.0)
    _same(found.coefficients, plain.coefficients, scale)
    assert found.condition == pytest.approx(plain.condition)
    for name in ("numerical", "effective", "stable"):
        assert getattr(L.rank(TALL * scale), name) == pytest.approx(getattr(L.rank(TALL), name))
    assert L.conditioning(TALL * scale).condition == pytest.approx(
        L.conditioning(TALL).condition
    )
    assert L.transformation(SYMMETRIC * scale).kinds == L.transformation(SYMMETRIC).kinds
    _same(L.lstsq(TALL * scale, [1.0, 2, 3]).x.value * scale, L.lstsq(TALL, [1.0, 2, 3]).x, 1.0)


def test_numbers_of_very_different_sizes():
    far = np.diag([1e200, 1e-200])
    assert L.eig(far).eigenvalues[0] == pytest.approx(1e200)
    found = L.rank(far)
    assert (found.numerical, found.effective, found.stable) == (1, 1.0, 1.0)
    assert not L.conditioning(far).full_rank
    assert L.gram_schmidt(far).basis.tolist() == np.eye(2).tolist()  # each in its own units
    assert "[1e+200, 0]" in str(L.transformation(far))


def test_magnitude_is_an_exact_divisor():
    for largest in (3.0, 1e300, 1e-310, 5e-324):
        scale = magnitude(np.array([largest, -largest / 2]))
        assert np.frexp(scale)[0] == 0.5 and largest / scale * scale == largest
    assert magnitude(np.zeros(3)) == magnitude(np.zeros(0)) == 1.0


def test_tolerances_are_checked_everywhere():
    for asked in (L.rank, L.gram_schmidt, L.orthonormal_basis, L.null_space, L.matrix_rank):
        for wrong in (-1e-3, np.nan, np.inf, "small"):
            with pytest.raises(tv.TriviumError, match=f"{asked.__name__}: rtol must be"):
                asked(TALL, rtol=wrong)
    with pytest.raises(tv.TriviumError, match="project: rtol must be"):
        L.project([1.0, 2.0, 3.0], TALL, rtol=-1)


def test_counts_are_spoken_in_the_singular():
    with pytest.raises(
        tv.TriviumError, match="1 entry that is not finite.*remove or replace it"
    ):
        L.eig([[1.0, np.nan], [0.0, 1.0]])
    assert "after 1 step." in str(L.power_iteration([[1.0, 2.0], [2.0, 4.0]]))
    text = str(L.gram_schmidt([[1.0, 2.0]]))
    assert "1 vector for the span of 2 in 1 dimension" in text
    assert "column 1 is a combination of those before" in text


def test_solutions_out_of_range_are_called_so():
    assert "entries that are not finite" in str(L.lstsq([[1.0, np.nan]], [1.0]))
    assert "beyond the range of float64" in str(L.lstsq([[1e-310]], [1.0]))
