"""Ranks and definiteness: known spectra, tolerances at their edges, invariances."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import trivium as tv
from trivium.mathematics.errors import DomainError

from .matrices import shaped, with_eigenvalues, with_singular_values

L = tv.linalg
FEW = settings(max_examples=settings.default.max_examples // 2)
SPECTRA = [[1.0], [5.0, 5.0, 5.0], [4.0, 2.0, 1.0, 0.5], [1.0, 1e-8, 0.0], [0.0, 0.0]]


@pytest.mark.parametrize("values", SPECTRA, ids=str)
def test_of_known_singular_values(values):
    a = with_singular_values(values, 5, 4)[0]
    s = np.array(values)
    found = L.rank(a)
    assert found.numerical == int(L.matrix_rank(a).value) == np.sum(s > 0)
    share = s[s > 0] / s.sum() if s.sum() else np.array([])
    effective = np.exp(-np.sum(share * np.log(share))) if share.size else 0.0
    stable = np.sum(s**2) / s[0] ** 2 if s[0] else 0.0
    for result, expected in (
        (found.effective, effective),
        (L.effective_rank(a).value, effective),
        (found.stable, stable),
        (L.stable_rank(a).value, stable),
    ):
        np.testing.assert_allclose(result, expected, rtol=1e-9, atol=1e-12)


@FEW
@given(shaped())
def test_stable_and_effective_rank_lie_between_one_and_the_rank(a):
    if not a.size:
        return
    rank = L.matrix_rank(a).value
    for other in (L.effective_rank(a).value, L.stable_rank(a).value):
        assert np.all(other <= min(a.shape[-2:]) + 1e-9)
        assert np.all((other >= 1 - 1e-9) == (rank > 0))
    np.testing.assert_array_equal(rank, np.linalg.matrix_rank(a))
    np.testing.assert_allclose(
        L.effective_rank(a).value, L.effective_rank(np.swapaxes(a, -1, -2) * 3).value, rtol=1e-6
    )


def test_the_tolerance_is_the_rule_that_is_documented():
    """max(n, m) ε σ₁ and not a bit more."""
    unit = 4 * np.finfo(float).eps
    for factor, rank in ((1.01, 2), (0.99, 1)):
        a = np.zeros((4, 3))
        a[0, 0], a[1, 1] = 1.0, factor * unit
        assert L.rank(a).numerical == int(L.matrix_rank(a).value) == rank
        np.testing.assert_allclose(L.rank(a).tolerance, unit)
    assert L.rank(np.diag([1.0, 1e-9]), rtol=1e-6).numerical == 1
    assert L.rank(np.diag([1.0, 1e-9]).astype(np.float32)).numerical == 1
    assert L.rank(np.zeros((0, 3))).numerical == 0 and L.rank(np.zeros((0, 3))).full


def test_a_rank_that_depends_on_the_tolerance_says_so():
    assert "depends on the tolerance" in str(L.rank(np.diag([1.0, 1e-15, 1e-16])))
    assert "depends" not in str(L.rank(np.diag([1.0, 1e-3, 0.0])))


def test_redundant_data_is_of_low_rank():
    """A thousand mixtures of three signals need three bases."""
    rng = np.random.default_rng(0)
    data = rng.normal(size=(1000, 3)) @ rng.normal(size=(3, 40))
    assert L.rank(data).numerical == 3
    assert L.rank(data + 1e-3 * rng.normal(size=data.shape)).numerical == 40
    assert L.rank(data + 1e-3 * rng.normal(size=data.shape)).effective < 4


KINDS = {
    (1.0, 2.0, 3.0): "POSITIVE_DEFINITE",
    (0.0, 2.0, 3.0): "POSITIVE_SEMIDEFINITE",
    (-1.0, 0.0, 3.0): "INDEFINITE",
    (-3.0, -2.0, 0.0): "NEGATIVE_SEMIDEFINITE",
    (-3.0, -2.0, -1.0): "NEGATIVE_DEFINITE",
    (0.0, 0.0, 0.0): "ZERO",
}


@pytest.mark.parametrize("values", KINDS, ids=str)
def test_definiteness(values):
    a, _ = with_eigenvalues(values, seed=1)
    found = L.definiteness((a + a.T) / 2)
    assert found.kind.name == KINDS[values]
    np.testing.assert_allclose(
        [found.smallest, found.largest], [values[0], values[-1]], atol=1e-14
    )
    assert found.positive + found.zero + found.negative == 3
    assert found.kind.sentence in str(found)
    # A quadratic form has the signs that are claimed.
    x = np.random.default_rng(2).normal(size=(200, 3))
    forms = np.einsum("ni,ij,nj->n", x, a, x)
    if found.kind.name.startswith("POSITIVE"):
        assert np.all(forms > -1e-12)
    if found.kind.name == "INDEFINITE":
        assert forms.min() < 0 < forms.max()


def test_asymmetry_is_refused_or_said():
    a = np.array([[1.0, 4.0], [0.0, 1.0]])
    with pytest.raises(DomainError, match=r"not symmetric.*symmetric_part=True"):
        L.definiteness(a)
    found = L.definiteness(a, symmetric_part=True)
    assert found.symmetrized and found.kind.name == "INDEFINITE"
    assert "of the symmetric part from -1 to 3" in str(found)
    rounding = np.eye(3) + 1e-16 * np.triu(np.ones((3, 3)), 1)
    assert L.definiteness(rounding).kind.name == "POSITIVE_DEFINITE"


@given(st.floats(-1e300, 1e300, allow_subnormal=False))
def test_definiteness_of_a_number_is_its_sign(x):
    expected = {1: "POSITIVE_DEFINITE", -1: "NEGATIVE_DEFINITE", 0: "ZERO"}[int(np.sign(x))]
    assert L.definiteness([[x]]).kind.name == expected


@pytest.mark.parametrize(
    "call",
    [L.rank, L.definiteness, L.conditioning, L.eig, L.transformation],
    ids=lambda f: f.__name__,
)
def test_bad_input(call):
    with pytest.raises(DomainError, match=r"not finite.*\[0, 1\]"):
        call([[1.0, np.nan], [0.0, 1.0]])
    with pytest.raises(tv.TriviumError, match="two axes"):
        call([1.0, 2.0])
