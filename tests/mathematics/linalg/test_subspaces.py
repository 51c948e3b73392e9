"""Bases, projections and coordinates."""

import numpy as np
import pytest
from hypothesis import given, settings

import trivium as tv
from trivium.mathematics.errors import DomainError, SingularError

from .matrices import shaped, size, with_singular_values

L = tv.linalg
FEW = settings(max_examples=settings.default.max_examples // 2)
RNG = np.random.default_rng(0)


@FEW
@given(shaped(batch=False))
def test_gram_schmidt(a):
    found = L.gram_schmidt(a, rtol=1e-10)
    assert found.orthogonality < 1e-13
    assert found.basis.shape == (a.shape[0], found.rank)
    scale = size(a) * 1e-8
    np.testing.assert_allclose(found.basis @ found.coefficients, a, atol=scale)
    assert found.rank + len(found.dependent) == a.shape[1]


def test_dependent_columns_are_named():
    x, y = RNG.normal(size=5), RNG.normal(size=5)
    found = L.gram_schmidt(np.column_stack([x, 2 * x, y, 0 * x, x - y]))
    assert found.dependent == (1, 3, 4) and found.rank == 2
    assert "columns 1, 3, 4 are combinations" in str(found)


def test_loss_of_orthogonality_by_method():
    """Classical loses like κ², modified like κ, twice not at all (Björck 1967)."""
    a = with_singular_values(np.logspace(0, -7, 8), 12, 8)[0]
    lost = {
        m: L.gram_schmidt(a, method=m).orthogonality for m in ("twice", "modified", "classical")
    }
    assert lost["twice"] < 1e-14 < lost["modified"] < 1e-7 < lost["classical"]
    with pytest.raises(tv.TriviumError, match='"twice", "modified"'):
        L.gram_schmidt(a, method="householder")


@FEW
@given(shaped(batch=False))
def test_a_space_and_its_complement(a):
    basis, rest = L.orthonormal_basis(a), L.orthogonal_complement(a)
    both = np.column_stack([basis, rest])
    np.testing.assert_allclose(both.T @ both, np.eye(len(a)), atol=1e-13)
    np.testing.assert_allclose(rest.T @ a, 0, atol=1e-12 * size(a))
    null = L.null_space(a)
    np.testing.assert_allclose(a @ null, 0, atol=1e-12 * size(a))
    assert basis.shape[1] + null.shape[1] == a.shape[1]  # rank and nullity


def test_projections():
    a = RNG.normal(size=(6, 3))
    points = RNG.normal(size=(4, 2, 6))
    found = L.project(points, a)
    projector = a @ np.linalg.inv(a.T @ a) @ a.T
    np.testing.assert_allclose(found.point, points @ projector, atol=1e-13)
    np.testing.assert_allclose(found.point + found.rest, points, atol=1e-14)
    np.testing.assert_allclose(found.rest @ a, 0, atol=1e-13)
    np.testing.assert_allclose(found.coordinates @ a.T, found.point, atol=1e-12)
    np.testing.assert_allclose(found.distance, np.linalg.norm(found.rest, axis=-1))
    again = L.project(found.point, a)
    np.testing.assert_allclose(again.point, found.point, atol=1e-14)
    # Pythagoras, and no point of the space is nearer.
    near = points - RNG.normal(size=(4, 2, 3)) @ a.T
    assert np.all(np.linalg.norm(near, axis=-1) >= found.distance)
    assert found.dimension == 3 and found.conditioning.full_rank


def test_projections_on_dependent_vectors():
    x = RNG.normal(size=4)
    found = L.project(np.ones(4), np.column_stack([x, x, -3 * x]))
    assert found.dimension == 1 and not found.conditioning.full_rank
    np.testing.assert_allclose(found.point, x * (x.sum() / (x @ x)), atol=1e-14)
    assert "rank 1 of 3" in str(found)
    zero = L.project(np.ones(2), np.zeros((2, 1)))
    assert zero.dimension == 0 and zero.point.tolist() == [0.0, 0.0]


def test_change_of_basis():
    old, new = RNG.normal(size=(3, 3)), RNG.normal(size=(3, 3))
    points = RNG.normal(size=(5, 3))
    change = L.change_of_basis(old, new)
    first, second = L.coordinates(points, old), L.coordinates(points, new)
    np.testing.assert_allclose(first @ change.T, second, atol=1e-10)
    np.testing.assert_allclose(first @ old.T, points, atol=1e-12)
    np.testing.assert_allclose(L.change_of_basis(new, old) @ change, np.eye(3), atol=1e-10)


def test_bad_bases_and_points():
    with pytest.raises(SingularError, match=r"no basis.*rank 1"):
        L.coordinates([1.0, 2.0], np.ones((2, 2)))
    with pytest.raises(tv.TriviumError, match="n vectors of n entries"):
        L.change_of_basis(np.ones((2, 3)), np.eye(2))
    with pytest.raises(tv.TriviumError, match="2 and 3 vectors"):
        L.change_of_basis(np.eye(2), np.eye(3))
    with pytest.raises(tv.TriviumError, match="last axis must have that size"):
        L.project(np.ones(3), np.eye(2))
    with pytest.raises(tv.TriviumError, match="at least one"):
        L.project(np.ones(3), np.zeros((3, 0)))
    with pytest.raises(DomainError, match="not finite"):
        L.project([np.nan, 1.0], np.eye(2))


def test_float32_stays_float32():
    a = RNG.normal(size=(4, 2)).astype(np.float32)
    for found in (
        L.gram_schmidt(a).basis, L.orthonormal_basis(a), L.project(a.T, a).point,
        L.coordinates(a[:2], a[:2]),
    ):  # fmt: skip
        assert found.dtype == np.float32
