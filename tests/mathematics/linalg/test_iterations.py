"""Iterations find the eigenpair that theory names, at the rate that theory names."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import trivium as tv
from trivium.mathematics.errors import DomainError
from trivium.mathematics.linalg.eigen_steps import EigenStop

from .matrices import similar, with_eigenvalues

L = tv.linalg
FEW = settings(max_examples=settings.default.max_examples // 2)


def near(x, y, tolerance=1e-9):
    assert abs(x - y) <= tolerance, (x, y)


@st.composite
def spectra(draw):
    """Eigenvalues whose sizes are at least 5 % apart."""
    count = draw(st.integers(2, 5))
    sizes = np.cumprod([draw(st.floats(1.06, 3.0)) for _ in range(count)])
    return [draw(st.sampled_from([-1.0, 1.0])) * float(each) for each in sizes]


@FEW
@given(spectra(), st.integers(0, 99))
def test_power_iteration(values, seed):
    """λ₁ at the rate |λ₂/λ₁|, for symmetric and for general matrices."""
    for a in (with_eigenvalues(values, seed)[0], similar(np.diag(values), seed)):
        found = L.power_iteration(a, seed=seed)
        assert found.converged and found.residual <= 1e-12 * np.linalg.norm(a, 2)
        near(found.eigenvalue, values[-1], 1e-9 * abs(values[-1]))
        near(found.predicted_rate, abs(values[-2] / values[-1]), 1e-6)
        assert (
            found.observed_rate is None
            or found.steps < 30
            or (abs(found.observed_rate - found.predicted_rate) < 0.1)
        )
        assert found.vectors.shape == (found.steps + 1, len(a))
        assert len(found.residuals) == len(found.eigenvalues) == found.steps + 1
        residual = np.linalg.norm(a @ found.eigenvector - found.eigenvalue * found.eigenvector)
        near(residual, found.residual, 1e-13 * abs(values[-1]))


def test_a_slow_rate_is_observed_to_three_digits():
    a = with_eigenvalues([0.3, 0.97, 1.0])[0]
    found = L.power_iteration(a, steps=3000)
    assert found.converged and found.steps > 500
    near(found.predicted_rate, 0.97, 1e-9)
    near(found.observed_rate, 0.97, 1e-3)


@FEW
@given(spectra(), st.integers(0, 99))
def test_inverse_iteration(values, seed):
    """The nearest eigenvalue at the rate |λ₁ - σ|/|λ₂ - σ|."""
    for target in values:
        others = [each for each in values if each != target]
        gap = min(abs(each - target) for each in others)
        shift = target + 0.2 * gap
        for a in (with_eigenvalues(values, seed)[0], similar(np.diag(values), seed)):
            found = L.inverse_iteration(a, shift=shift, seed=seed)
            assert found.converged
            near(found.eigenvalue, target, 1e-8 * max(map(abs, values)))
            second = min(abs(each - shift) for each in others)
            near(found.predicted_rate, 0.2 * gap / second, 1e-6)


@pytest.mark.parametrize("shift", [-4.0, -1.0, 0.5, 10.0])
def test_shifted_iteration_finds_the_farthest(shift):
    values = np.array([-2.0, 0.5, 1.0, 2.0])
    found = L.shifted_iteration(with_eigenvalues(values)[0], shift=shift)
    order = np.argsort(-np.abs(values - shift))
    assert found.converged
    near(found.eigenvalue, values[order[0]])
    rate = abs(values[order[1]] - shift) / abs(values[order[0]] - shift)
    near(found.predicted_rate, rate)
    near(found.observed_rate, rate, 0.02)


@FEW
@given(spectra(), st.integers(0, 99))
def test_rayleigh_quotients_converge_cubically(values, seed):
    a = with_eigenvalues(values, seed)[0]
    found = L.shifted_iteration(a, seed=seed)
    assert found.converged and found.steps <= 15
    assert min(abs(found.eigenvalue - each) for each in values) <= 1e-9 * abs(values[-1])


def test_the_order_is_observed():
    values = np.arange(1.0, 9)
    a = with_eigenvalues(values)[0]
    symmetric = L.shifted_iteration((a + a.T) / 2, np.ones(8))
    assert (
        symmetric.predicted_order == 3
        and symmetric.order is not None
        and 2.5 < symmetric.order < 3.6
    )
    general = L.shifted_iteration(similar(np.diag(values)), np.ones(8))
    assert general.order is not None and 1.6 < general.order < 2.5
    assert general.predicted_rate is None and general.observed_rate is None
    assert "order of convergence" in str(general) and "predicted 2" in str(general)


# --- what stands in the way -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("block", "words"),
    [
        ([[0.0, -2.0, 0.0], [2.0, 0.0, 0.0], [0.0, 0.0, 1.0]], "0 + 2i and 0 - 2i"),
        ([[2.0, 0.0, 0.0], [0.0, -2.0, 0.0], [0.0, 0.0, 1.0]], "2 and -2"),
    ],
)
def test_several_eigenvalues_of_the_largest_size(block, words):
    found = L.power_iteration(block)
    assert found.stopped is EigenStop.NO_SINGLE_DIRECTION and not found.converged
    assert found.predicted_rate == 1.0 and words in " ".join(found.notes)
    assert found.steps == 60  # enough to see it turn
    assert EigenStop.NO_SINGLE_DIRECTION.sentence in str(found)


def test_a_shift_separates_what_has_equal_size():
    a = with_eigenvalues([-2.0, 1.0, 2.0])[0]
    assert not L.power_iteration(a).converged
    found = L.shifted_iteration(a, shift=-1.0)
    assert found.converged
    near(found.eigenvalue, 2.0)


def test_no_real_shift_reaches_a_complex_pair():
    turning = similar([[0.0, -2.0, 0.0], [2.0, 0.0, 0.0], [0.0, 0.0, 9.0]])
    found = L.inverse_iteration(turning)
    assert found.stopped is EigenStop.NO_SINGLE_DIRECTION
    found = L.shifted_iteration([[0.0, -1.0], [1.0, 0.0]])
    assert found.stopped is EigenStop.NO_SINGLE_DIRECTION
    assert "complex pair" in found.notes[0] and found.order is None


@pytest.mark.parametrize("multiplicity", [2, 3])
def test_defective_eigenvalues(multiplicity):
    """The error falls like 1/k: k · error tends to a constant."""
    block = 2.0 * np.eye(4)
    block[3, 3] = 1.0
    for i in range(multiplicity - 1):
        block[i, i + 1] = 1.0
    if multiplicity == 2:
        block[2, 2] = 0.5
    for a in (block, similar(block)):
        found = L.power_iteration(a, steps=4000)
        assert found.stopped is EigenStop.STEPS_DONE
        assert (
            f"defective (it has fewer eigenvectors than its multiplicity {multiplicity}"
            in str(found)
        )
        errors = np.abs(found.eigenvalues - 2.0)
        near(errors[4000] * 4000 / (errors[2000] * 2000), 1.0, 0.1)


def test_a_start_without_the_dominant_component():
    found = L.power_iteration(np.diag([3.0, 2.0, 1.0]), [0.0, 1.0, 1.0])
    assert found.converged and "orthogonal to the (left) eigenvector of 3" in found.notes[0]
    near(found.eigenvalue, 2.0)
    near(found.predicted_rate, 0.5)
    # Of a rotated matrix rounding lets the dominant vector in, in the end.
    a, vectors = with_eigenvalues([1.0, 2.0, 3.0])
    found = L.power_iteration(a, vectors[:, 0] + vectors[:, 1], tolerance=1e-15, steps=300)
    assert found.notes
    assert min(abs(found.eigenvalue - 2), abs(found.eigenvalue - 3)) < 1e-9


def test_matrices_that_annihilate():
    for a in (np.zeros((3, 3)), np.diag([1.0, 1.0], 1)):
        found = L.power_iteration(a)
        assert found.stopped is EigenStop.EXACT and found.eigenvalue == 0
        assert "null space" in found.notes[-1]
    found = L.inverse_iteration(np.zeros((2, 2)))
    assert found.converged and found.eigenvalue == 0


def test_a_shift_that_is_an_eigenvalue():
    for a in (np.diag([1.0, 2.0, 3.0]), 1e-200 * np.diag([1.0, 2.0, 3.0])):
        shift = float(a[1, 1])
        found = L.inverse_iteration(a, shift=shift)
        assert found.converged and found.steps <= 2
        near(found.eigenvalue / shift, 1.0)
        assert "moved by" in found.notes[-1]


def test_repeated_but_not_defective_eigenvalues_are_no_obstacle():
    found = L.power_iteration(with_eigenvalues([1.0, 2.0, 2.0])[0])
    assert found.converged and not found.notes
    near(found.predicted_rate, 0.5)


@pytest.mark.parametrize("scale", [1e-250, 1e-20, 1e20, 1e250])
def test_size_does_not_matter(scale):
    a = scale * with_eigenvalues([1.0, -3.0, 2.0])[0]
    for found in (L.power_iteration(a), L.inverse_iteration(a, shift=-2.9 * scale)):
        assert found.converged
        near(found.eigenvalue / scale, -3.0)


def test_zero_tolerance_ends_at_rounding():
    found = L.power_iteration(with_eigenvalues([1.0, 3.0, 0.5])[0], tolerance=0.0, steps=5000)
    assert found.stopped in (EigenStop.STALLED, EigenStop.EXACT) and found.steps < 500


def test_steps_are_a_limit_and_seeds_a_promise():
    a = with_eigenvalues([0.99, 1.0])[0]
    found = L.power_iteration(a, steps=5)
    assert found.steps == 5 and found.stopped is EigenStop.STEPS_DONE
    again = L.power_iteration(a, steps=5)
    np.testing.assert_array_equal(found.vectors, again.vectors)
    assert np.any(L.power_iteration(a, steps=5, seed=1).vectors != found.vectors)
    single = L.power_iteration(a.astype(np.float32))
    assert single.eigenvector.dtype == np.float32


@pytest.mark.parametrize("name", ["power_iteration", "inverse_iteration", "shifted_iteration"])
def test_bad_input(name):
    call = getattr(L, name)
    with pytest.raises(tv.TriviumError, match="only a square matrix"):
        call(np.ones((2, 3)))
    with pytest.raises(tv.TriviumError, match="no eigenvalues"):
        call(np.zeros((0, 0)))
    with pytest.raises(DomainError, match="not finite"):
        call([[np.inf]])
    with pytest.raises(DomainError, match="zero vector"):
        call(np.eye(2), [0.0, 0.0])
    with pytest.raises(tv.TriviumError, match=r"must have \(2,\)"):
        call(np.eye(2), [1.0])
    with pytest.raises(tv.TriviumError, match="tolerance"):
        call(np.eye(2), tolerance=-1.0)
    with pytest.raises(tv.TriviumError, match="steps"):
        call(np.eye(2), steps=0)
    if name != "power_iteration":
        with pytest.raises(tv.TriviumError, match="shift must be a finite number"):
            call(np.eye(2), shift=np.nan)
