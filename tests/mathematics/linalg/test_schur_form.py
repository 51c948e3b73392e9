"""QR iteration: LAPACK's eigenvalues, Schur's form, and its own rates."""

import numpy as np
import pytest
from hypothesis import given, settings

import trivium as tv
from trivium.mathematics.linalg.schur_form import QRStop

from .matrices import shaped, similar, size, with_eigenvalues

L = tv.linalg
FEW = settings(max_examples=settings.default.max_examples // 2)


def assert_schur(a, found):
    n, scale = len(a), max(size(a), 1e-300)
    t, q = found.triangle, found.vectors
    assert found.converged and found.residual < 1e-13 and found.orthogonality < 1e-13
    np.testing.assert_allclose(q @ t @ q.T, a, atol=1e-12 * scale * n)
    np.testing.assert_array_equal(np.tril(t, -2), 0)
    below = np.diagonal(t, -1)
    for i in np.flatnonzero(below):  # blocks stand alone and have complex eigenvalues
        assert i + 1 >= len(below) or below[i + 1] == 0
        half = (t[i, i] - t[i + 1, i + 1]) / 2
        assert half * half + t[i, i + 1] * t[i + 1, i] < 0
    np.testing.assert_allclose(
        found.eigenvalues.sum().real, np.trace(a), atol=1e-12 * scale * n
    )


@given(shaped(square=True, batch=False, largest=7))
def test_schur_form_of_any_matrix(a):
    if not a.size:
        return
    assert_schur(a, L.qr_iteration(a))
    symmetric = a + a.T
    found = L.qr_iteration(symmetric)
    assert_schur(symmetric, found)
    assert found.symmetric and found.eigenvalues.dtype == np.float64
    np.testing.assert_allclose(
        np.sort(found.eigenvalues), np.linalg.eigvalsh(symmetric), atol=1e-12 * size(a) * len(a)
    )
    np.testing.assert_array_equal(found.triangle, np.diag(np.diagonal(found.triangle)))


@pytest.mark.parametrize("n", [10, 40])
def test_eigenvalues_are_lapacks_after_a_few_steps_each(n):
    a = np.random.default_rng(n).normal(size=(n, n))
    found = L.qr_iteration(a)
    assert_schur(a, found)
    left = list(np.linalg.eigvals(a))
    for value in found.eigenvalues:
        nearest = min(left, key=lambda each: abs(each - value))
        assert abs(nearest - value) < 1e-11
        left.remove(nearest)
    assert found.steps < 4 * n
    symmetric = L.qr_iteration(a + a.T)
    assert symmetric.steps < 3 * n


AWKWARD = {
    "cyclic": np.roll(np.eye(5), 1, axis=0),  # resists shifts without exceptional ones
    "cyclic of two": np.roll(np.eye(2), 1, axis=0),
    "jordan": np.eye(5) + np.diag(np.ones(4), 1),
    "nilpotent": np.diag(np.ones(4), -1),
    "rotations": similar([[0, -1, 0, 0], [1, 0, 0, 0], [0, 0, 0, -1], [0, 0, 1, 0]]),
    "rank one": np.ones((5, 5)),
    "graded": np.diag(10.0 ** -np.arange(0, 40, 8)) + 1e-30,
    "tiny": 1e-290 * np.arange(9.0).reshape(3, 3),
    "huge": 1e290 * np.arange(9.0).reshape(3, 3),
    "zero": np.zeros((3, 3)),
    "identity": np.eye(4),
    "one": np.array([[-7.0]]),
}


@pytest.mark.parametrize("name", AWKWARD)
def test_awkward_matrices(name):
    a = AWKWARD[name]
    found = L.qr_iteration(a)
    assert_schur(a, found)
    if name == "cyclic":
        np.testing.assert_allclose(np.abs(found.eigenvalues), 1, rtol=1e-13)


def test_without_shifts_entries_vanish_at_the_rates_of_theory():
    values = [8.0, 4.0, 3.0, 1.0]
    for a in (with_eigenvalues(values)[0], similar(np.diag(values))):
        found = L.qr_iteration(a, shifts="none")
        assert found.converged
        np.testing.assert_allclose(found.eigenvalues, values, rtol=1e-12)
        np.testing.assert_allclose(found.predicted_rates, [0.5, 0.75, 1 / 3], rtol=1e-12)
        np.testing.assert_allclose(found.observed_rates, found.predicted_rates, atol=0.02)
        shifted = L.qr_iteration(a)
        assert shifted.steps < found.steps / 4
        assert shifted.observed_rates is None


def test_what_plain_iteration_cannot_separate():
    found = L.qr_iteration(with_eigenvalues([2.0, -2.0, 1.0])[0], shifts="none")
    assert found.stopped is QRStop.STEPS_DONE or found.converged
    assert "1 and 2 have equal size" in found.notes[0]
    pair = L.qr_iteration(similar([[0, -2, 0], [2, 0, 0], [0, 0, 1]]), shifts="none", steps=200)
    np.testing.assert_allclose(pair.eigenvalues, [2j, -2j, 1], atol=1e-9)


def test_the_trajectory_and_the_limits():
    a = np.random.default_rng(0).normal(size=(6, 6))
    found = L.qr_iteration(a)
    assert found.subdiagonals.shape == (found.steps + 1, 5)
    assert [each.step for each in found.deflations] == sorted(e.step for e in found.deflations)
    stopped = L.qr_iteration(a, steps=1)
    assert stopped.stopped is QRStop.STEPS_DONE and stopped.steps == 1
    np.testing.assert_allclose(
        np.sort_complex(stopped.eigenvalues), np.sort_complex(np.linalg.eigvals(a)), atol=1e-12
    )
    assert L.qr_iteration(a.astype(np.float32)).triangle.dtype == np.float32
    for bad in ({"shifts": "rayleigh"}, {"steps": -1}, {"steps": 1.5}):
        with pytest.raises(tv.TriviumError, match="qr_iteration"):
            L.qr_iteration(a, **bad)
    assert "QR iteration on a general 6 × 6 matrix" in str(found)
