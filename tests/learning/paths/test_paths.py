"""Lasso and ridge paths: scikit-learn's, the conditions of a minimum, and the choice of λ."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import Lasso, Ridge, lasso_path

import trivium as tv
from trivium.learning import paths
from trivium.learning.errors import DataError, RequestError

rng = np.random.default_rng(6)
N, D = 120, 8
X = rng.normal(size=(N, D)) * [1, 10, 0.1, 1, 1, 3, 1, 1] + rng.normal(size=D)
X[:, 7] = X[:, 0] + 0.05 * rng.normal(size=N)
Y = 2 + X[:, 0] - 0.2 * X[:, 1] + 5 * X[:, 2] + rng.normal(size=N)
Z = (X - X.mean(axis=0)) / X.std(axis=0)


def test_the_lasso_path_is_that_of_scikit_learn() -> None:
    path = paths.lasso((X, Y), folds=0)
    assert path.violations.max() < 1e-9
    # Theirs: ‖y - Xw‖²/(2N) + α‖w‖₁, so λ = 2α.
    alphas, theirs, _ = lasso_path(
        Z, Y - Y.mean(), alphas=path.penalties / 2, tol=1e-12, max_iter=100_000
    )
    np.testing.assert_allclose(alphas * 2, path.penalties)
    np.testing.assert_allclose(path.standardised, theirs.T, atol=1e-6)
    assert path.degrees_of_freedom[0] == 0 and path.degrees_of_freedom[-1] == D
    assert (
        np.count_nonzero(
            paths.lasso((X, Y), penalties=[path.penalties[0] * 0.999], folds=0).coefficients
        )
        == 1
    )
    # In the user's units the predictions are the same.
    outputs = path.predict(X, path.penalties[40])
    np.testing.assert_allclose(outputs, Y.mean() + Z @ path.standardised[40], rtol=1e-9)


def test_the_ridge_path_is_that_of_scikit_learn() -> None:
    path = paths.ridge((X, Y), penalties=20, folds=0)
    for i in (0, 7, 19):
        other = Ridge(alpha=N * path.penalties[i]).fit(Z, Y)
        np.testing.assert_allclose(path.standardised[i], other.coef_, rtol=1e-7)
    assert path.violations.max() < 1e-10
    hat = Z @ np.linalg.solve(Z.T @ Z + N * path.penalties[7] * np.eye(D), Z.T)
    assert path.degrees_of_freedom[7] == pytest.approx(np.trace(hat))
    shortest = paths.ridge((X, Y), penalties=[0.0], folds=0)
    a = np.c_[np.ones(N), X]
    theta = np.linalg.lstsq(a, Y, rcond=None)[0]
    np.testing.assert_allclose(
        np.r_[shortest.intercepts[0], shortest.coefficients[0]], theta, rtol=1e-7
    )


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1), n=st.integers(5, 30), d=st.integers(1, 12),
    near=st.sampled_from([0.0, 1e-3, 1.0]),
)  # fmt: skip
def test_the_conditions_of_a_minimum_hold(seed: int, n: int, d: int, near: float) -> None:
    """Also with more features than rows and with columns that repeat or nearly do."""
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(n, d))
    if d > 1:
        x[:, -1] = x[:, 0] + near * draw.normal(size=n)
    y = x[:, 0] + draw.normal(size=n)
    path = paths.lasso((x, y), penalties=12, folds=0)
    z = (x - x.mean(axis=0)) / x.std(axis=0)
    for penalty, w in zip(path.penalties, path.standardised):
        slope = 2 / n * z.T @ (z @ w - (y - y.mean()))
        scale = path.penalties[0]
        assert np.abs(slope).max() <= penalty + 1e-6 * scale
        active = w != 0
        np.testing.assert_allclose(
            slope[active], -penalty * np.sign(w[active]), atol=1e-6 * scale
        )
    assert path.violations.max() < 1e-6
    sums = np.abs(path.standardised).sum(axis=1)
    assert np.all(np.diff(sums) > -1e-6 * max(sums[-1], 1e-12))  # ‖w‖₁ grows as λ falls


def test_more_features_than_rows() -> None:
    x = rng.normal(size=(40, 150))
    y = x[:, :3] @ [3.0, -2.0, 1.0] + 0.1 * rng.normal(size=40)
    path = paths.lasso((x, y), folds=5, seed=1)
    assert path.violations.max() < 1e-8
    _, chosen = path.at("one_standard_error")
    assert {name for name, w in chosen.items() if abs(w) > 0.3} == {"x[0]", "x[1]", "x[2]"}
    place = int(np.argmin(np.abs(path.penalties - 0.1)))
    z = (x - x.mean(axis=0)) / x.std(axis=0)
    other = Lasso(alpha=path.penalties[place] / 2, tol=1e-12, max_iter=100_000).fit(z, y)
    np.testing.assert_allclose(path.standardised[place], other.coef_, atol=1e-6)


def test_the_penalty_is_chosen_by_cross_validation() -> None:
    path = paths.lasso((X, Y), folds=6, seed=3)
    assert path.errors is not None and path.standard_errors is not None
    best = int(np.argmin(path.errors))
    assert path.best == path.penalties[best]
    limit = path.errors[best] + path.standard_errors[best]
    simple = int(np.flatnonzero(path.penalties == path.one_standard_error)[0])
    assert simple <= best and path.errors[simple] <= limit
    assert simple == 0 or path.errors[simple - 1] > limit
    # One fold again by hand: standardised within, tested on the rows held out.
    again = paths.lasso((X, Y), folds=6, seed=3)
    np.testing.assert_array_equal(again.errors, path.errors)
    assert path.predict(X).shape == (N,)
    ridge = paths.ridge((X, Y), folds=5)
    assert 0.5 < ridge.errors.min() < 2.0 and ridge.best is not None
    text = str(path)
    assert "one standard error: λ =" in text and "6 folds" in text


def test_a_path_ends_where_the_objective_says() -> None:
    """The same λ means the same as SquaredError() + λ·L2() on standardised data."""
    fit = tv.fit(
        tv.models.Linear(), tv.objectives.SquaredError() + 0.3 * tv.objectives.L2(),
        tv.algorithms.ClosedForm(), (Z, Y), progress=False,
    )  # fmt: skip
    path = paths.ridge((X, Y), penalties=[0.3], folds=0)
    np.testing.assert_allclose(path.standardised[0], fit.parameters()["weight"], rtol=1e-9)


def test_weights_are_rows_counted_more_often() -> None:
    twice = np.concatenate([np.arange(N), np.arange(30)])
    weight = 1.0 + (np.arange(N) < 30)
    grid = [1.0, 0.1, 0.01]
    for make in (paths.lasso, paths.ridge):
        one = make((X, Y), penalties=grid, folds=0, sample_weight=weight)
        other = make((X[twice], Y[twice]), penalties=grid, folds=0)
        np.testing.assert_allclose(one.coefficients, other.coefficients, rtol=1e-6, atol=1e-9)


def test_without_a_bias_nothing_is_centred() -> None:
    path = paths.ridge((X, Y), penalties=[0.0], bias=False, folds=0)
    np.testing.assert_allclose(
        path.coefficients[0], np.linalg.lstsq(X, Y, rcond=None)[0], rtol=1e-7
    )
    assert path.intercepts[0] == 0


def test_constant_columns_have_no_coefficient() -> None:
    path = paths.lasso((np.c_[X, np.full(N, 7.0)], Y), penalties=5, folds=0)
    assert not path.coefficients[:, -1].any() and "x[8]" in path.notes[0]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"penalties": 1}, "at least 2"),
        ({"penalties": [-1.0]}, "not negative"),
        ({"penalties": "many"}, "values that are finite"),
        ({"folds": 1}, "from 2"),
        ({"folds": 1000}, "from 2"),
        ({"ratio": 0.0}, "ratio"),
        ({"bias": 1}, "True or False"),
    ],
)
@pytest.mark.parametrize("make", [paths.lasso, paths.ridge])
def test_options_without_a_meaning_are_refused(make: Any, options: Any, words: str) -> None:
    with pytest.raises(RequestError, match=words):
        make((X, Y), **options)


def test_data_without_a_path_are_refused() -> None:
    with pytest.raises(DataError, match="2 columns"):
        paths.lasso((X, np.c_[Y, Y]))
    with pytest.raises(DataError, match="nothing to learn"):
        paths.lasso((X, np.ones(N)))
    with pytest.raises(DataError, match="every coefficient is 0"):
        paths.lasso((np.ones((N, 2)), Y))
    with pytest.raises(DataError, match="text"):
        paths.lasso((X, np.array(["a", "b"] * (N // 2))))
    path = paths.lasso((X, Y), penalties=4, folds=0)
    with pytest.raises(RequestError, match="folds=0"):
        path.at("best")
    with pytest.raises(RequestError, match="'best' or"):
        path.at("worst")
    with pytest.raises(RequestError, match="not negative"):
        path.at(-1.0)
    with pytest.raises(DataError, match="8 features"):
        path.predict(X[:, :2], 0.1)


def test_it_draws_itself() -> None:
    pytest.importorskip("matplotlib")
    figure = paths.lasso((X, Y), folds=4).plot()
    assert len(figure.axes) == 2 and len(figure.axes[0].lines) >= D
    assert len(paths.ridge((X, Y), penalties=[1.0, 0.1, 0.0], folds=0).plot().axes) == 1


def test_the_edges_of_the_grid_and_of_the_numbers_are_spoken_of():
    rng = np.random.default_rng(2)
    x = rng.normal(size=(60, 3))
    y = x @ [1.0, -2.0, 0.5] + 0.01 * rng.normal(size=60)
    assert "smallest of the grid" in tv.paths.lasso((x, y), penalties=[1.0, 0.5]).notes[0]
    noise = tv.paths.lasso((x, rng.normal(size=60)), penalties=[100.0, 1e-6])
    assert "largest of the grid" in noise.notes[0]
    assert not tv.paths.lasso((x, y + rng.normal(size=60))).notes
    with pytest.raises(tv.TriviumError, match="reaches .*e[+]200.*divide it by a constant"):
        tv.paths.ridge((x, y * 1e200))
