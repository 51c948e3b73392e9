"""Truncated and randomized SVD: Eckart-Young, SciPy and scikit-learn as oracles, bad input."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from sklearn.decomposition import TruncatedSVD

from trivium.engine.errors import ArgumentError, DTypeError, ShapeError
from trivium.mathematics.errors import DomainError
from trivium.mathematics.linalg.low_rank import eckart_young, truncated_svd

METHODS = ("lapack", "lanczos", "randomized")


def matrix(n, d, ratio=0.8, seed=0, dtype=np.float64):
    generator = np.random.default_rng(seed)
    k = min(n, d)
    left, _ = np.linalg.qr(generator.normal(size=(n, k)))
    right, _ = np.linalg.qr(generator.normal(size=(d, k)))
    return ((left * 10 * ratio ** np.arange(k)) @ right.T).astype(dtype)


@given(
    st.integers(1, 14),
    st.integers(1, 14),
    st.integers(1, 14),
    st.sampled_from(["lapack", "randomized"]),
    st.integers(0, 10_000),
)
def test_eckart_young(n, d, rank, method, seed):
    """No matrix of rank k is nearer than the bound; the truncated SVD is as near."""
    rank = min(rank, n, d)
    a = np.random.default_rng(seed).normal(size=(n, d))
    s = np.linalg.svd(a, compute_uv=False)
    found = truncated_svd(a, rank, method=method)
    tail = np.sqrt((s[rank:] ** 2).sum())
    following = s[rank] if rank < min(n, d) else 0.0
    rounding = 1e-13 * s[0]
    assert found.bound_frobenius <= tail + rounding * 1e6 * (method == "randomized") + rounding
    measured = np.linalg.norm(a - found.matrix())
    assert found.error_frobenius == pytest.approx(measured, abs=rounding)
    assert measured >= tail - rounding
    assert found.error_spectral >= found.bound_spectral
    assert found.error_spectral <= np.linalg.norm(a - found.matrix(), 2) + rounding
    other = np.random.default_rng(seed + 1)
    rival = other.normal(size=(n, rank)) @ other.normal(size=(rank, d))
    assert np.linalg.norm(a - rival) >= tail
    assert np.linalg.norm(a - rival, 2) >= following
    if method == "lapack":
        assert found.exact
        assert found.bound_frobenius == pytest.approx(tail, abs=rounding)
        assert found.bound_spectral == pytest.approx(following, abs=rounding)
        assert measured == pytest.approx(tail, abs=rounding)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("shape", [(60, 40), (40, 60), (50, 50)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_leading_triples(method, shape, dtype):
    a = matrix(*shape, dtype=dtype)
    _, s, vh = np.linalg.svd(a.astype(np.float64), full_matrices=False)
    found = truncated_svd(a, 6, method=method)
    single = dtype == np.float32
    assert (found.u.dtype, found.s.dtype, found.vh.dtype) == (dtype,) * 3
    assert (found.method, found.rank) == (method, 6)
    np.testing.assert_allclose(found.s, s[:6], rtol=1e-5 if single else 1e-9)
    np.testing.assert_allclose(
        np.abs(np.sum(found.vh * vh[:6], axis=1)), 1, atol=1e-4 if single else 1e-8
    )
    for side in (found.u.T @ found.u, found.vh @ found.vh.T):
        np.testing.assert_allclose(side, np.eye(6), atol=1e-5 if single else 1e-12)
    for row in found.vh:
        assert row[np.abs(row) >= 0.999 * np.abs(row).max()][0] > 0
    assert found.storage_share == pytest.approx(6 * (sum(shape) + 1) / (shape[0] * shape[1]))


def test_agrees_with_scikit_learn_on_sparse_data():
    a = sp.random_array((300, 250), density=0.05, rng=np.random.default_rng(0), format="csr")
    theirs = TruncatedSVD(7, algorithm="arpack", random_state=0).fit(a)
    s = np.linalg.svd(a.toarray(), compute_uv=False)
    for method in ("auto", *METHODS):
        found = truncated_svd(a, 7, method=method)
        tolerance = 2e-2 if method == "randomized" else 1e-9
        np.testing.assert_allclose(found.s, theirs.singular_values_, rtol=tolerance)
        tail = np.sqrt((s[7:] ** 2).sum())
        measured = np.linalg.norm(a.toarray() - found.matrix())
        assert found.error_frobenius == pytest.approx(measured, rel=1e-9)
        assert found.bound_frobenius <= tail * (1 + 1e-9)
        assert found.bound_frobenius >= tail * (0.9 if method == "randomized" else 1 - 1e-6)
    assert truncated_svd(a, 7).method == "lanczos"


@pytest.mark.parametrize("norm", ["frobenius", "spectral"])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("error", [0.9, 0.3, 0.05])
def test_the_rank_from_an_error(norm, method, error):
    """The smallest rank that reaches it, checked one rank lower."""
    a = matrix(80, 70, ratio=0.9)
    s = np.linalg.svd(a, compute_uv=False)
    found = truncated_svd(a, error=error, norm=norm, method=method)
    size = eckart_young(s, 0, norm)
    assert eckart_young(s, found.rank, norm) <= error * size * (1 + 1e-6)
    assert eckart_young(s, found.rank - 1, norm) > error * size
    achieved = found.error_frobenius if norm == "frobenius" else found.error_spectral
    assert achieved <= error * size * (1 + 1e-6)


def test_error_zero_finds_the_numerical_rank():
    generator = np.random.default_rng(0)
    a = generator.normal(size=(50, 4)) @ generator.normal(size=(4, 30))
    for method in ("auto", *METHODS):
        found = truncated_svd(a, error=0.0, method=method)
        assert found.rank == 4
        assert found.relative_error < 1e-13


def test_the_zero_matrix():
    for given_ in (np.zeros((5, 4)), sp.csr_array((500, 400))):
        found = truncated_svd(given_, 2)
        np.testing.assert_array_equal(found.s, 0)
        assert (found.error_frobenius, found.bound_frobenius) == (0, 0)
        assert (found.error_spectral, found.relative_error) == (0, 0)
        np.testing.assert_array_equal(found.matrix(), 0)
        assert truncated_svd(given_, error=0.5).rank == 0


def test_one_row_one_column_one_number():
    for a in (np.array([[3.0, 4]]), np.array([[3.0], [4]])):
        assert truncated_svd(a, 1).s == pytest.approx([5])
    found = truncated_svd([[-7]], 1)
    assert (found.u.item(), found.s.item(), found.vh.item()) == (-1, 7, 1)


@pytest.mark.parametrize("exponent", [-300, 300])
def test_squares_neither_overflow_nor_vanish(exponent):
    a = matrix(20, 10)
    plain, found = truncated_svd(a, 3), truncated_svd(np.ldexp(a, exponent), 3)
    np.testing.assert_allclose(found.s, np.ldexp(plain.s, exponent), rtol=1e-12)
    assert found.bound_frobenius == pytest.approx(np.ldexp(plain.bound_frobenius, exponent))
    assert found.relative_error == pytest.approx(plain.relative_error)


def test_auto_takes_randomized_where_the_matrix_is_huge():
    generator = np.random.default_rng(0)
    a = (generator.normal(size=(1700, 5)) @ generator.normal(size=(5, 1600))).astype(np.float32)
    found = truncated_svd(a, 5)
    assert (found.method, found.passes) == ("randomized", 3)
    assert found.relative_error < 1e-5


def test_randomized_depends_on_the_seed_alone():
    a = np.random.default_rng(0).normal(size=(60, 50))
    first, again, other = (
        truncated_svd(a, 3, method="randomized", passes=1, oversampling=0, seed=seed).s
        for seed in (5, 5, 6)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_eckart_young_of_given_values():
    assert eckart_young([3, 4, 12], 1) == 5
    assert eckart_young([3, 4, 12], 1, "spectral") == 4
    assert eckart_young([3, 4], 2) == eckart_young([3, 4], 5, "spectral") == 0
    with pytest.raises(ArgumentError, match="norm must be"):
        eckart_young([1], 0, "nuclear")
    with pytest.raises(ArgumentError, match="at least 0"):
        eckart_young([1], -1)


WRONG = {
    "neither": (lambda a: truncated_svd(a), ArgumentError, "neither is given"),
    "both": (lambda a: truncated_svd(a, 2, error=0.1), ArgumentError, "both are given"),
    "rank": (lambda a: truncated_svd(a, 5), ArgumentError, r"at most rank 4"),
    "zero": (lambda a: truncated_svd(a, 0), ArgumentError, "at least 1"),
    "error": (lambda a: truncated_svd(a, error=1.0), ArgumentError, r"\[0, 1\)"),
    "norm": (lambda a: truncated_svd(a, 1, norm="nuclear"), ArgumentError, "norm must be"),
    "method": (lambda a: truncated_svd(a, 1, method="qr"), ArgumentError, "choose from auto"),
    "Lanczos": (lambda a: truncated_svd(a, 3, method="lanczos"), ArgumentError, "lapack"),
    "Lanczos on two rows": (
        lambda a: truncated_svd(a[:2], error=0.1, method="lanczos"), ArgumentError, "lapack",
    ),
    "NaN": (lambda a: truncated_svd(a * np.nan, 1), DomainError, "nan at row 0, column 0"),
    "vector": (lambda a: truncated_svd(a[0], 1), ShapeError, "two axes"),
    "empty": (lambda a: truncated_svd(a[:0], 1), ShapeError, "nothing in it"),
    "complex": (lambda a: truncated_svd(a * 1j, 1), DTypeError, "complex"),
    "sparse NaN": (
        lambda a: truncated_svd(sp.csr_array(a * np.nan), 1), DomainError, "stored values",
    ),
    "sparse complex": (
        lambda a: truncated_svd(sp.csr_array(a * 1j), 1), DTypeError, "complex128",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_wrong_requests_say_what_is_wrong(name):
    ask, kind, words = WRONG[name]
    with pytest.raises(kind, match=words):
        ask(np.arange(24.0).reshape(6, 4))


def test_the_text_shows_the_bound_beside_the_error():
    text = str(truncated_svd(matrix(30, 20), 3))
    assert "rank 3 of a 30 × 20 matrix (lapack), 25.5 % of its storage" in text
    assert "achieved error  best possible" in text
    whole = str(truncated_svd(np.eye(3)[:, :2], 2))
    assert "Frobenius  below " in whole
    assert "at least" in str(truncated_svd(matrix(30, 20), 3, method="randomized"))
