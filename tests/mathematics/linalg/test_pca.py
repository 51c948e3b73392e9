"""Principal components against scikit-learn, algebra, and data that break other programs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import decomposition
from sklearn.datasets import load_diabetes, load_iris, load_wine

import trivium as tv
from trivium.engine.errors import ArgumentError, DTypeError, ShapeError
from trivium.mathematics.errors import DomainError, SingularError
from trivium.mathematics.linalg.pca_analysis import pca
from trivium.mathematics.linalg.pca_parallel import chance_variances

DATA = {
    "iris": load_iris().data,
    "wine": load_wine().data,
    "diabetes": load_diabetes(scaled=False).data,
    "wide": np.random.default_rng(5).normal(size=(12, 40)),
}


def decaying(n, d, ratio, seed=0, dtype=np.float64):
    """A table whose singular values fall by ``ratio``, with means that are not zero."""
    generator = np.random.default_rng(seed)
    left, _ = np.linalg.qr(generator.normal(size=(n, d)))
    right, _ = np.linalg.qr(generator.normal(size=(d, d)))
    return ((left * ratio ** np.arange(d)) @ right + generator.normal(size=d)).astype(dtype)


def follows_the_sign_rule(components):
    for row in components:
        first = row[np.abs(row) >= 0.999 * np.abs(row).max()][0]
        assert first > 0


@pytest.mark.parametrize("name", DATA)
@pytest.mark.parametrize("method", ["exact", "incremental"])
def test_agrees_with_scikit_learn(name, method):
    data = DATA[name]
    most = min(len(data) - 1, data.shape[1])
    ours = pca(data, method=method)
    theirs = decomposition.PCA(svd_solver="full").fit(data)
    np.testing.assert_allclose(ours.mean, theirs.mean_, rtol=1e-13)
    np.testing.assert_allclose(
        ours.explained_variance, theirs.explained_variance_[:most], rtol=1e-9
    )
    np.testing.assert_allclose(
        ours.explained_variance_ratio, theirs.explained_variance_ratio_[:most], rtol=1e-9
    )
    np.testing.assert_allclose(ours.singular_values, theirs.singular_values_[:most], rtol=1e-9)
    same = np.abs(np.sum(ours.components * theirs.components_[:most], axis=1))
    np.testing.assert_allclose(same, 1, atol=1e-9)
    follows_the_sign_rule(ours.components)
    signs = np.sign(np.sum(ours.components * theirs.components_[:most], axis=1))
    np.testing.assert_allclose(
        ours.transform(data), theirs.transform(data)[:, :most] * signs, atol=1e-8
    )


@given(
    st.integers(2, 12),
    st.integers(1, 9),
    st.integers(0, 10_000),
    st.sampled_from([1, 1e-6, 1e6]),
)
def test_the_algebra_of_components(n, d, seed, scale):
    """Orthonormal rows; Λ is the covariance of the coordinates; all of them give the data back."""
    data = np.random.default_rng(seed).normal(size=(n, d)) * scale + 3 * scale
    found = pca(data)
    k = min(n - 1, d)
    assert found.components.shape == (k, d)
    np.testing.assert_allclose(found.components @ found.components.T, np.eye(k), atol=1e-12)
    coordinates = found.transform(data)
    covariance = np.atleast_2d(np.cov(coordinates, rowvar=False))
    np.testing.assert_allclose(
        covariance, np.diag(found.explained_variance), atol=1e-11 * found.total_variance
    )
    np.testing.assert_allclose(found.inverse(coordinates), data, atol=1e-12 * scale * 10)
    assert found.total_variance == pytest.approx(np.var(data, axis=0, ddof=1).sum())
    assert found.explained_variance_ratio.sum() == pytest.approx(1)
    follows_the_sign_rule(found.components)


@given(st.integers(0, 10_000), st.lists(st.integers(1, 9), min_size=1, max_size=6))
def test_batches_give_the_exact_answer(seed, sizes):
    """However the rows are dealt out, batches smaller than the table is wide included."""
    data = np.random.default_rng(seed).normal(size=(sum(sizes) + 2, 6)) + 100
    batches = np.split(data, np.cumsum(sizes))
    whole, merged = pca(data), pca(iter(batches))
    assert merged.method == "incremental"
    np.testing.assert_allclose(
        merged.explained_variance, whole.explained_variance,
        rtol=1e-11, atol=1e-12 * whole.explained_variance[0],
    )  # fmt: skip
    np.testing.assert_allclose(merged.mean, whole.mean, rtol=1e-13)
    far = whole.direction_digits > 12
    np.testing.assert_allclose(merged.components[far], whole.components[far], atol=1e-10)


def test_truncated_batches_bound_their_error():
    """What is left out between batches is counted among the lost digits (Weyl)."""
    data = decaying(600, 30, 0.8)
    whole = pca(data, 3)
    merged = pca(iter(np.split(data, 12)), 3, keep=6)
    error = np.abs(merged.explained_variance - whole.explained_variance)
    promised = whole.explained_variance * 10**-merged.variance_digits
    assert (error <= promised).all()
    assert (error > 1e-12 * whole.explained_variance).any()
    theirs = decomposition.IncrementalPCA(3, batch_size=50).fit(data)
    assert error.max() <= np.abs(theirs.explained_variance_ - whole.explained_variance).max()


def test_a_memory_map_is_read_in_slices(tmp_path):
    data = decaying(500, 8, 0.5, dtype=np.float32)
    file = np.memmap(tmp_path / "rows.f32", np.float32, "w+", shape=data.shape)
    file[:] = data
    file.flush()
    opened = np.memmap(tmp_path / "rows.f32", np.float32, "r", shape=data.shape)
    merged = pca(opened, 4, batch_rows=37)
    assert (merged.method, merged.rows, merged.components.dtype) == ("incremental", 500, "f4")
    whole = pca(data, 4, method="exact")
    np.testing.assert_allclose(merged.explained_variance, whole.explained_variance, rtol=1e-6)
    np.testing.assert_allclose(merged.components, whole.components, atol=1e-5)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(3000, 60), (80, 900)])
def test_randomized_reaches_the_leading_components(dtype, shape):
    n, d = shape
    generator = np.random.default_rng(1)
    scale = 10 * 0.7 ** np.arange(min(n, d))
    left = generator.normal(size=(n, min(n, d))) * scale
    data = (left @ generator.normal(size=(min(n, d), d)) + 5).astype(dtype)
    whole = pca(data, 8, method="exact")
    found = pca(data, 8, method="randomized", seed=3)
    assert found.components.dtype == dtype
    single = dtype == np.float32
    np.testing.assert_allclose(
        found.explained_variance, whole.explained_variance, rtol=1e-4 if single else 1e-9
    )
    assert found.total_variance == pytest.approx(
        whole.total_variance, rel=1e-5 if single else 1e-12
    )
    np.testing.assert_allclose(
        found.components, whole.components, atol=1e-2 if single else 1e-6
    )
    error = np.abs(found.explained_variance - whole.explained_variance)
    rounding = 10 * np.finfo(dtype).eps * whole.explained_variance[0]
    assert (error <= found.residuals + rounding).all()


def test_randomized_is_no_worse_than_scikit_learn_on_a_flat_spectrum():
    """Noise without gaps, where power iterations converge slowly."""
    data = np.random.default_rng(0).normal(size=(2000, 120)) * 0.995 ** np.arange(120)
    whole = pca(data, 10, method="exact").explained_variance.sum()
    ours = pca(data, 10, method="randomized").explained_variance.sum()
    theirs = decomposition.PCA(10, svd_solver="randomized", random_state=0).fit(data)
    assert whole - ours <= whole - theirs.explained_variance_.sum()


def test_randomized_depends_on_the_seed_alone():
    data = DATA["wine"]
    first, again, other = (
        pca(data, 2, method="randomized", passes=1, oversampling=0, seed=seed)
        for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first.components, again.components)
    assert not np.array_equal(first.components, other.components)


def test_the_method_follows_the_digits_that_are_needed():
    """Eigenvalues of 1e-20 of the first are nothing but rounding in a covariance matrix."""
    good = decaying(200, 5, 0.5)
    assert pca(good).method == "covariance"
    steep = decaying(200, 6, 1e-2)
    found = pca(steep)
    assert found.method == "svd"
    theirs = decomposition.PCA(svd_solver="full").fit(steep)
    np.testing.assert_allclose(found.explained_variance, theirs.explained_variance_, rtol=1e-4)
    assert pca(steep, 2).method == "covariance"
    assert found.condition == pytest.approx(1e10, rel=0.05)
    assert found.digits_lost > 8
    error = np.abs(found.explained_variance / theirs.explained_variance_ - 1)
    assert (error <= 2 * 10**-found.variance_digits).all()


def test_a_large_offset_costs_no_digits():
    data = np.random.default_rng(2).integers(0, 100, (300, 4)).astype(float)
    near, far = pca(data), pca(data + 2.0**40)
    np.testing.assert_allclose(far.explained_variance, near.explained_variance, rtol=1e-12)
    np.testing.assert_array_equal(far.mean, near.mean + 2.0**40)


@pytest.mark.parametrize("method", ["exact", "randomized", "incremental"])
def test_ties_have_one_answer_and_say_that_it_is_arbitrary(method):
    """A square: both variances are equal, every direction is as good."""
    square = np.array([[1.0, 1], [1, -1], [-1, 1], [-1, -1]])
    found = pca(square, 2, method=method)
    np.testing.assert_allclose(found.explained_variance, 4 / 3)
    np.testing.assert_array_equal(found.direction_digits, 0)
    assert "the directions in it are not" in found.notes[-1]
    follows_the_sign_rule(found.components)


def test_tied_coordinates_do_not_flip():
    """(1, −1)/√2 keeps its sign when rounding changes which coordinate is the larger."""
    line = np.array([[1.0, -1], [2, -2], [4, -4.0]])
    for nudge in (0, 1e-15, -1e-15, 1e-9, -1e-9):
        row = pca(line * [1, 1 + nudge], 1).components[0]
        np.testing.assert_allclose(row, [np.sqrt(0.5), -np.sqrt(0.5)], atol=1e-6)


def test_whitening_gives_unit_variance_and_back():
    data = DATA["wine"]
    found = pca(data, 5, whiten=True)
    np.testing.assert_allclose(
        np.cov(found.transform(data), rowvar=False), np.eye(5), atol=1e-10
    )
    plain = pca(data, 5)
    np.testing.assert_allclose(
        found.inverse(found.transform(data)), plain.inverse(plain.transform(data)), atol=1e-9
    )
    theirs = decomposition.PCA(5, whiten=True, svd_solver="full").fit(data)
    np.testing.assert_allclose(np.abs(found.transform(data)), np.abs(theirs.transform(data)),
                               atol=1e-8)  # fmt: skip


@pytest.mark.parametrize("method", ["exact", "incremental", "randomized"])
def test_whitening_what_has_no_variance_is_refused(method):
    data = np.random.default_rng(0).normal(size=(50, 3))
    data = np.column_stack([data, data[:, 0] + data[:, 1], np.full(50, 0.1)])
    components = 4 if method == "randomized" else None
    with pytest.raises(SingularError, match=r"rank 3 .*Constant columns: 4.*components=3"):
        pca(data, components, whiten=True, method=method)
    assert pca(data, 3, whiten=True, method=method).components.shape == (3, 5)


def test_constant_columns_take_no_part():
    data = np.column_stack([np.full(20, 0.1), np.arange(20.0), np.full(20, 1e9)])
    for method in ("exact", "incremental"):
        found = pca(data, 1, method=method)
        np.testing.assert_allclose(np.abs(found.components), [[0, 1, 0]], atol=1e-15)
        assert found.explained_variance_ratio == pytest.approx(1, abs=1e-15)
        assert "columns 0, 2 (counted from 0) are constant" in found.notes[0]


def test_components_as_a_share():
    data = DATA["iris"]  # shares 0.9246, 0.0531, 0.0171, 0.0052
    for share, count in ((0.5, 1), (0.92, 1), (0.93, 2), (0.98, 3), (1.0, 4)):
        assert len(pca(data, share).components) == count
    flat = np.column_stack([data, data[:, 0]])
    assert len(pca(flat, 1.0).components) == 4


def test_parallel_analysis_finds_the_planted_components():
    generator = np.random.default_rng(4)
    planted = generator.normal(size=(300, 3)) @ generator.normal(size=(3, 20)) * 2
    data = planted + generator.normal(size=(300, 20))
    assert len(pca(data, "parallel").components) == 3
    noise = pca(generator.normal(size=(300, 20)), "parallel")
    assert noise.components.shape == (0, 20)
    assert "no component has more variance" in noise.notes[-1]
    assert noise.transform(data).shape == (300, 0)
    np.testing.assert_allclose(noise.inverse(np.zeros((2, 0))), [noise.mean] * 2)


@pytest.mark.parametrize(("rows", "width"), [(200, 6), (5, 12)])
def test_chance_variances_are_those_of_unrelated_columns(rows, width):
    """Bartlett's decomposition against drawing the rows themselves."""
    scale = np.linspace(1, 3, width)
    generator = np.random.default_rng(0)
    drawn = []
    for _ in range(400):
        table = generator.normal(size=(rows, width)) * scale
        drawn.append(np.linalg.svd(table - table.mean(0), compute_uv=False)[: rows - 1] ** 2)
    values = np.array(drawn) / (rows - 1)
    spread = values.std(axis=0)
    found = chance_variances(scale**2, rows, seed=0)
    wanted = np.quantile(values, 0.95, axis=0)
    assert found.shape == (min(rows - 1, width),)
    assert (np.abs(found - wanted) < 1.5 * spread).all()
    assert (found > values.mean(axis=0)).all()


@pytest.mark.parametrize("exponent", [-300, -20, 18, 150])
@pytest.mark.parametrize("method", ["exact", "randomized"])
def test_huge_and_tiny_numbers(exponent, method):
    data = DATA["iris"] * 2.0**exponent
    plain, found = pca(DATA["iris"], 2, method=method), pca(data, 2, method=method)
    np.testing.assert_allclose(found.components, plain.components, atol=1e-12)
    np.testing.assert_allclose(
        found.explained_variance, plain.explained_variance * 4.0**exponent, rtol=1e-12
    )


def test_float32_of_extreme_size():
    data = (DATA["iris"] * 1e25).astype(np.float32)
    found = pca(data, 2)
    np.testing.assert_allclose(
        found.explained_variance, pca(DATA["iris"], 2).explained_variance * 1e50, rtol=1e-5
    )
    assert np.isfinite(found.transform(data)).all()


@pytest.mark.parametrize("kind", ["i4", "u1", "f2", ">f8", "?"])
def test_other_dtypes(kind):
    data = np.random.default_rng(0).integers(0, 2, (30, 4)).astype(kind)
    found = pca(data)
    assert found.components.dtype == ("f4" if kind == "f2" else "f8")
    theirs = decomposition.PCA().fit(data.astype(float))
    np.testing.assert_allclose(found.explained_variance, theirs.explained_variance_, rtol=1e-5)


def test_tensors_frames_and_lists_are_taken():
    import polars as pl

    data = DATA["iris"]
    whole = pca(data, 2).components
    for given_ in (tv.tensor(data), pl.DataFrame(data), data.tolist(), np.asfortranarray(data)):
        np.testing.assert_allclose(pca(given_, 2).components, whole, atol=1e-12)


def test_one_row_at_a_time():
    found = pca(DATA["iris"], 2)
    table = found.transform(DATA["iris"])
    np.testing.assert_allclose(found.transform(DATA["iris"][7]), table[7], atol=1e-12)
    assert found.inverse(table[7]).shape == (4,)


WRONG = {
    "NaN": (lambda x: pca(np.where(x == x[3, 1], np.nan, x)), DomainError, "row .* column 1"),
    "infinite": (lambda x: pca(np.where(x > 7.8, np.inf, x)), DomainError, "inf at row 131"),
    "one row": (lambda x: pca(x[:1]), ShapeError, "1 row; .* at least two"),
    "no rows": (lambda x: pca(x[:0]), ShapeError, "nothing in it"),
    "a vector": (lambda x: pca(x[0]), ShapeError, r"data\[:, None\]"),
    "three axes": (lambda x: pca(x[None]), ShapeError, "two axes"),
    "ragged": (lambda x: pca([[1.0, 2], [3]]), ShapeError, "not one table"),
    "text": (lambda x: pca([["a"], ["b"]]), DTypeError, "numbers are needed"),
    "complex": (lambda x: pca(x * 1j), DTypeError, "complex"),
    "masked": (lambda x: pca(np.ma.array(x)), DTypeError, "masked"),
    "too many": (lambda x: pca(x, 5), ArgumentError, "at most 4 directions"),
    "more than rows": (lambda x: pca(x[:3], 3), ArgumentError, "at most 2"),
    "zero": (lambda x: pca(x, 0), ArgumentError, "components=0"),
    "true": (lambda x: pca(x, True), ArgumentError, "components=True"),
    "share": (lambda x: pca(x, 1.5), ArgumentError, r"\(0, 1\]"),
    "word": (lambda x: pca(x, "mle"), ArgumentError, "'parallel'"),
    "method": (lambda x: pca(x, method="arpack"), ArgumentError, "choose from auto, exact"),
    "share randomized": (
        lambda x: pca(x, 0.9, method="randomized"), ArgumentError, "whole spectrum",
    ),
    "all constant": (lambda x: pca(np.full((9, 3), 0.1)), DomainError, "every column is constant"),
    "all constant, batches": (
        lambda x: pca(iter([np.full((9, 3), 0.1)] * 3)), DomainError, "every column is constant",
    ),
    "no batch": (lambda x: pca(iter([])), ShapeError, "no batch"),
    "widths": (lambda x: pca(iter([x, x[:, :3]])), ShapeError, "batch 1 .* 3 columns .* 4"),
    "NaN in a batch": (
        lambda x: pca(iter([x, x * np.nan])), DomainError, "batch 1 .* holds nan at row 0",
    ),
    "one row in batches": (lambda x: pca(iter([x[:1]])), ShapeError, "at least two"),
    "iterator exact": (lambda x: pca(iter([x]), method="exact"), ArgumentError, "read once"),
    "keep": (lambda x: pca(iter([x]), 3, keep=2), ArgumentError, "keep=2"),
    "keep and a share": (
        lambda x: pca(iter([x[:70], x[70:]]), 0.999, keep=2), ArgumentError, "keep more",
    ),
    "keep exact": (lambda x: pca(x, keep=2), ArgumentError, "incremental"),
    "passes": (lambda x: pca(x, 2, method="randomized", passes=0), ArgumentError, "passes"),
    "too large": (lambda x: pca(x * 1e200), DomainError, "no float64 holds"),
    "transform": (lambda x: pca(x).transform(x[:, :3]), ShapeError, "has 4 columns"),
    "transform NaN": (lambda x: pca(x).transform(x * np.nan), DomainError, "row 0, column 0"),
    "inverse": (lambda x: pca(x, 2).inverse(x), ShapeError, "has 2 coordinates"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_wrong_requests_say_what_is_wrong(name):
    ask, kind, words = WRONG[name]
    with pytest.raises(kind, match=words):
        ask(DATA["iris"].copy())


def test_sparse_data_are_sent_elsewhere():
    from scipy.sparse import csr_array

    with pytest.raises(DTypeError, match="truncated_svd"):
        pca(csr_array(DATA["iris"]))


def test_the_text_says_how_much_and_how_sure():
    text = str(pca(DATA["iris"], 2))
    assert (
        "2 of 4 principal components of 150 rows (covariance), 97.8 % of the variance" in text
    )
    assert "digits (variance, direction)" in text
    assert repr(pca(DATA["iris"], 2)) == "<PCA: 2 of 4 components, 150 rows, covariance>"


def test_randomized_of_a_wide_table_with_a_large_offset():
    """The short side is iterated on; what lies in the mean must not come back."""
    generator = np.random.default_rng(2)
    data = (generator.normal(size=(40, 6)) * 3 ** np.arange(6.0)) @ generator.normal(
        size=(6, 900)
    )
    data += 0.01 * generator.normal(size=data.shape)
    near = pca(data, 5, method="exact")
    found = pca(data + 1e6, 5, method="randomized")
    np.testing.assert_allclose(found.explained_variance, near.explained_variance, rtol=1e-8)
    np.testing.assert_allclose(found.components, near.components, atol=1e-6)
    np.testing.assert_allclose(found.components @ found.components.T, np.eye(5), atol=1e-12)
