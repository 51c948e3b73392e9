"""Factorizations put the matrix together again, whatever its shape and rank."""

import numpy as np
import pytest
from hypothesis import given, settings

import trivium as tv
from trivium.mathematics.errors import DomainError

from .matrices import orthogonal, shaped, size

L = tv.linalg
FEW = settings(max_examples=settings.default.max_examples // 2)


def identity_like(x):
    return np.broadcast_to(np.eye(x.shape[-1]), x.shape)


def close(x, y, scale=1.0):
    np.testing.assert_allclose(x, y, rtol=0, atol=1e-13 * scale)


@FEW
@given(shaped())
def test_svd(a):
    for full in (False, True):
        u, s, vh = (each.value for each in L.svd(a, full_matrices=full))
        k = min(a.shape[-2:])
        scale = size(a) * max(k, 1)
        close(u[..., :k] * s[..., None, :] @ vh[..., :k, :], a, scale)
        close(np.swapaxes(u, -1, -2) @ u, identity_like(np.swapaxes(u, -1, -2) @ u), 10)
        close(vh @ np.swapaxes(vh, -1, -2), identity_like(vh @ np.swapaxes(vh, -1, -2)), 10)
        assert np.all(s >= 0) and np.all(np.diff(s) <= 0)
    close(L.svdvals(a).value, s, scale)
    close(np.sum(s**2, axis=-1), np.sum(a**2, axis=(-2, -1)), scale**2 * 10)


@FEW
@given(shaped(square=True))
def test_eigh(a):
    symmetric = a + np.swapaxes(a, -1, -2)
    values, vectors = (each.value for each in L.eigh(symmetric))
    scale = size(a) * 10
    close(vectors * values[..., None, :] @ np.swapaxes(vectors, -1, -2), symmetric, scale)
    close(np.swapaxes(vectors, -1, -2) @ vectors, identity_like(vectors), 10)
    close(values.sum(-1), np.trace(symmetric, axis1=-2, axis2=-1), scale)  # Σλ = trace
    close(L.eigvalsh(symmetric).value, values, scale)
    np.testing.assert_allclose(
        values.prod(-1), L.det(symmetric).value, rtol=1e-9, atol=1e-12 * scale ** a.shape[-1]
    )  # Πλ = det


@FEW
@given(shaped())
def test_qr(a):
    for mode in ("reduced", "complete"):
        q, r = (each.value for each in L.qr(a, mode=mode))
        expected = a.shape[-2] if mode == "complete" else min(a.shape[-2:])
        assert q.shape == (*a.shape[:-1], expected)
        close(q @ r, a, size(a) * 10)
        close(np.swapaxes(q, -1, -2) @ q, identity_like(np.swapaxes(q, -1, -2) @ q), 10)
        np.testing.assert_array_equal(r, np.triu(r))
        assert np.all(np.diagonal(r, axis1=-2, axis2=-1) >= 0)


@FEW
@given(shaped(square=True))
def test_cholesky(a):
    definite = a @ np.swapaxes(a, -1, -2) + identity_like(a)
    lower = L.cholesky(definite).value
    close(lower @ np.swapaxes(lower, -1, -2), definite, size(definite) * 10)
    np.testing.assert_array_equal(lower, np.tril(lower))
    np.testing.assert_array_equal(
        L.cholesky(definite, upper=True).value, np.swapaxes(lower, -1, -2)
    )


def test_float32_is_computed_in_float64_and_rounded_once():
    a = np.random.default_rng(0).normal(size=(5, 5)).astype(np.float32)
    hilbert = (1 / (np.arange(6)[:, None] + np.arange(6) + 1)).astype(np.float32)
    for found, exact in (
        (L.svdvals(a), np.linalg.svd(a.astype(float), compute_uv=False)),
        (L.solve(hilbert, np.ones(6, np.float32)),
         np.linalg.solve(hilbert.astype(float), np.ones(6))),
    ):  # fmt: skip
        assert found.dtype == np.float32
        np.testing.assert_allclose(found.value, exact, rtol=1e-6)


def test_signs_are_a_rule_not_an_accident_of_the_routine():
    a = np.random.default_rng(1).normal(size=(6, 6))
    for vectors in (L.svd(a).U.value, L.svd(-a).U.value, L.eigh(a).eigenvectors.value):
        lead = np.take_along_axis(vectors, np.abs(vectors).argmax(0)[None], 0)
        assert np.all(lead > 0)
    np.testing.assert_allclose(L.svd(a).U.value, L.svd(-a).U.value, atol=1e-12)


def test_integers_and_lists_are_taken():
    assert L.eigvalsh([[2, 1], [1, 2]]).dtype == np.float64
    np.testing.assert_allclose(L.eigvalsh([[2, 1], [1, 2]]).value, [1, 3], rtol=1e-15)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize(
    "function", ["svdvals", "eigvalsh", "cholesky", "det", "pinv", "expm", "inv", "adjugate"]
)
def test_what_is_not_finite_spoils_its_own_matrix_alone(function, bad):
    good = np.diag([2.0, 3.0])
    both = np.stack([good, [[bad, 0.0], [0.0, 1.0]]])
    found = getattr(L, function)(both).value
    np.testing.assert_allclose(found[0], getattr(L, function)(good).value, rtol=1e-14)
    assert np.all(np.isnan(found[1]))


def test_bad_requests_are_refused_in_words():
    with pytest.raises(tv.TriviumError, match="must be square"):
        L.eigh(np.ones((2, 3)))
    with pytest.raises(tv.TriviumError, match="has two axes"):
        L.svd([1.0, 2.0])
    with pytest.raises(tv.TriviumError, match="complete"):
        L.qr(np.eye(2), mode="raw")
    with pytest.raises(DomainError, match=r"batch index \[1\].*smallest eigenvalue is -1"):
        _ = L.cholesky(np.stack([np.eye(2), np.diag([2.0, -1.0])])).value


def test_programs_run_factorizations_on_every_backend():
    a = tv.input((3, 3), name="a")
    u, s, vh = L.svd(a)
    outputs = [s, (u * s) @ vh, L.eigh(a @ a.T).eigenvalues, L.solve(a, a)]
    given_ = orthogonal(np.random.default_rng(2), 3, 3) @ np.diag([3.0, 2.0, 1.0])
    for backend in ("reference", "native"):
        found = tv.Program([a], outputs, backend=backend).run(given_)
        np.testing.assert_allclose(found[0], [3, 2, 1], rtol=1e-13)
        np.testing.assert_allclose(found[1], given_, atol=1e-13)
        np.testing.assert_allclose(found[2], [1, 4, 9], rtol=1e-12)
        np.testing.assert_allclose(found[3], np.eye(3), atol=1e-13)


def test_a_singular_matrix_in_a_program_is_named_with_the_users_line():
    a = tv.input((2, 2), name="a")
    program = tv.Program([a], [L.inv(a)], backend="native")
    with pytest.raises(tv.TriviumError, match=r"(?s)singular.*test_factorizations"):
        program.run(np.ones((2, 2)))
