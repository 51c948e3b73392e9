"""Separated data and dependent columns: found, named, and told from what only looks like them."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

import trivium as tv
from trivium.learning.errors import DataError, RequestError
from trivium.learning.inference import separation
from trivium.learning.inference.rank import independent
from trivium.learning.inference.separating import categorical_rows

Likelihood = tv.objectives.NegativeLogLikelihood
rng = np.random.default_rng(4)


def overlap_certificate(signed: np.ndarray) -> bool:
    """Stiemke: no γ with Xγ ≥ 0, ≠ 0 if and only if some λ > 0 has Xᵀλ = 0."""
    n, p = signed.shape
    found = linprog(
        np.zeros(n), A_eq=signed.T, b_eq=np.zeros(p), bounds=(1.0, None), method="highs"
    )
    return found.status == 0


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(3, 14), p=st.integers(1, 4))
def test_either_a_direction_or_a_proof_that_there_is_none(seed: int, n: int, p: int) -> None:
    draw = np.random.default_rng(seed)
    rows = np.c_[np.ones(n), draw.integers(-3, 4, (n, p))].astype(float)
    signs = draw.choice([-1, 1], n)
    found = separation(rows, signs)
    signed = rows * signs[:, None]
    assert (found is None) == overlap_certificate(signed)
    if found is not None:
        margins = signed @ found.direction
        assert margins.min() > -1e-6 and margins.max() > 1e-4
        assert (margins > 1e-5).sum() == found.rows
        assert set(np.flatnonzero(abs(found.direction) > 1e-5)) <= set(found.columns)


def test_complete_and_quasi_complete_are_told_apart() -> None:
    x = np.array([-2.0, -1.0, 1.0, 2.0])
    rows = np.c_[np.ones(4), x]
    complete = separation(rows, np.sign(x).astype(int))
    assert complete is not None and complete.complete and complete.rows == 4
    assert complete.columns == (1,)
    quasi = separation(np.c_[np.ones(5), np.r_[x, 0.0]], np.array([-1, -1, 1, 1, 1]))
    assert quasi is not None and quasi.complete
    tied = separation(np.c_[np.ones(6), np.r_[x, 0.0, 0.0]], np.array([-1, -1, 1, 1, 1, -1]))
    assert tied is not None and not tied.complete and tied.rows == 4
    assert separation(rows, np.array([-1, 1, -1, 1])) is None


def test_rows_inside_their_range_bind_the_direction() -> None:
    rows = np.array([[1.0, 0.0], [1.0, 1.0], [1.0, 1.0], [1.0, 0.0]])
    # Counts 3, 2, 0, 0: the zero at x = 1 shares its row with a positive count.
    assert separation(rows, np.array([0, 0, -1, -1])) is None
    found = separation(rows[[0, 2, 3]], np.array([0, -1, -1]))
    assert found is not None and found.columns == (1,) and found.direction[1] < 0


@pytest.mark.parametrize("scale", [1e-8, 1.0, 1e8])
def test_units_do_not_matter_and_many_rows_cost_little(scale: float) -> None:
    x = rng.normal(size=(20_000, 5)) * [1, scale, 1, 1, 1 / scale]
    rows = np.c_[np.ones(len(x)), x]
    noisy = np.where(rng.random(len(x)) < 0.5, 1, -1)
    assert separation(rows, noisy) is None
    found = separation(rows[:3000], np.where(x[:3000, 1] > 0.1 * scale, 1, -1))
    assert found is not None and found.complete and set(found.columns) == {0, 2}


def test_a_rare_column_that_separates_is_not_missed() -> None:
    x = rng.normal(size=(8_000, 3))
    x[:, 2] = 0
    x[[7, 3_000, 7_000], 2] = 1
    signs = np.where(rng.random(len(x)) < 0.5, 1, -1)
    signs[x[:, 2] == 1] = 1
    found = separation(np.c_[np.ones(len(x)), x], signs)
    assert found is not None and found.columns == (3,) and found.rows == 3
    codes = rng.integers(0, 3, len(x))
    codes[x[:, 2] == 1] = 2
    with pytest.raises(RequestError, match="x\\[2\\]"):
        attempt(
            tv.objectives.CrossEntropy(), x[::2] + x[1::2], np.maximum(codes[::2], codes[1::2])
        )


def test_categories_of_many_rows_cost_little() -> None:
    """Dummies of all levels depend on the intercept, and one level is rare."""
    level = rng.integers(0, 12, 15_000)
    level[[5, 50, 500, 5_000]] = 12
    rows = np.c_[np.ones(len(level)), np.eye(13)[level], rng.normal(size=len(level))]
    signs = np.where(rng.random(len(level)) < 0.5, 1, -1)
    signs[[5, 50, 500, 5_000]] = [1, -1, 1, -1]
    assert separation(rows, signs) is None
    signs[level == 12] = -1
    found = separation(rows, signs)
    assert found is not None and found.rows == 4 and not found.complete


def test_classes_are_compared_with_each_other() -> None:
    x = rng.normal(size=(90, 2))
    codes = (x[:, 0] > 0.5).astype(int) + (x[:, 0] > -0.5)
    assert separation(*categorical_rows(np.c_[np.ones(90), x], codes, 3)) is not None
    mixed = rng.integers(0, 3, 90)
    assert separation(*categorical_rows(np.c_[np.ones(90), x], mixed, 3)) is None
    # One class apart from the two others is enough: its own scores rise for ever.
    apart = np.where(x[:, 0] > 0, 2, rng.integers(0, 2, 90))
    assert separation(*categorical_rows(np.c_[np.ones(90), x], apart, 3)) is not None


X = rng.normal(size=(60, 3))
NEWTON = tv.algorithms.Newton()


def attempt(objective: Any, x: Any, y: Any, algorithm: Any = NEWTON) -> Any:
    return tv.fit(tv.models.Linear(), objective, algorithm, (x, y), epochs=3, progress=False)


@pytest.mark.parametrize(
    ("objective", "y", "words"),
    [
        (Likelihood("bernoulli"), (X[:, 1] > 0.2).astype(int), "completely by .*x\\[1\\]"),
        (tv.objectives.BinaryCrossEntropy(), (X[:, 1] > 0).astype(int), "completely"),
        (tv.objectives.CrossEntropy(), (X[:, 0] > 0).astype(int) + (X[:, 0] > 1), "x\\[0\\]"),
        (Likelihood("binomial", trials=4), 4.0 * (X[:, 2] > 0), "x\\[2\\]"),
        (Likelihood("bernoulli", "cauchit"), (X[:, 1] > 0).astype(int), "no maximum"),
    ],
)
def test_a_solver_refuses_what_has_no_maximum(objective: Any, y: Any, words: str) -> None:
    with pytest.raises(RequestError, match=words):
        attempt(objective, X, y)
    steps = attempt(objective, X, y, tv.algorithms.Adam(0.01))  # a finite number of steps
    with pytest.raises(RequestError, match="no maximum"):
        steps.summary()
    penalised = attempt(objective + 0.01 * tv.objectives.L2(), X, y)
    assert np.isfinite(penalised.parameters()["weight"]).all()


def test_zero_counts_apart_from_all_others() -> None:
    group = rng.integers(0, 2, 60)
    y = np.where(group == 1, 0, rng.poisson(3.0, 60) + 1)
    with pytest.raises(RequestError, match="zero counts are separated.*x\\[0\\]"):
        attempt(Likelihood("poisson"), np.c_[group, X[:, 0]], y)
    y[np.flatnonzero(group == 1)[0]] = 1
    fit = attempt(Likelihood("poisson"), np.c_[group, X[:, 0]], y)
    assert fit.summary().distance < 1e-4


def test_dependent_columns_are_named_with_their_relation() -> None:
    x = np.c_[X, X[:, 0] - 2 * X[:, 1], np.full(60, 3.0), np.zeros(60)]
    y = rng.poisson(np.exp(0.3 * X[:, 0]))
    fit = attempt(Likelihood("poisson"), x, y)
    notes = "\n".join(fit.notes)
    assert "rank 4 for 7 columns" in notes and "x[3] = x[0] - 2·x[1]." in notes
    assert "x[4] is constant" in notes and "x[5] is zero in every row" in notes
    summary, plain = fit.summary(), attempt(Likelihood("poisson"), X, y).summary()
    np.testing.assert_allclose(summary.estimates, plain.estimates, atol=1e-6)
    np.testing.assert_allclose(summary.standard_errors, plain.standard_errors, rtol=1e-5)
    assert set(summary.dropped) == {"x[3]", "x[4]", "x[5]"}


def test_one_class_and_one_value_are_refused() -> None:
    with pytest.raises(DataError, match="one class only"):
        attempt(tv.objectives.CrossEntropy(), X, np.ones(60, int))
    with pytest.raises(DataError, match="nothing to learn"):
        attempt(Likelihood("poisson"), X, np.zeros(60))


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_independent_columns_span_the_design(seed: int) -> None:
    draw = np.random.default_rng(seed)
    base = draw.normal(size=(12, 3)) * 10.0 ** draw.integers(-6, 7, 3)
    mix = draw.integers(-2, 3, (3, 3))
    rows = np.c_[base, (base / np.abs(base).max(axis=0)) @ mix]
    order = list(draw.permutation(6))
    found = independent(rows, order)
    assert len(found.kept) == np.linalg.matrix_rank(
        rows / np.maximum(abs(rows).max(axis=0), 1e-300)
    )
    dropped = [each.column for each in found.dependences]
    assert sorted([*found.kept, *dropped]) == list(range(6))
    np.testing.assert_allclose(
        rows[:, list(found.kept)] @ found.combination, rows[:, dropped],
        atol=1e-8 * np.maximum(abs(rows[:, dropped]).max(initial=0.0), 1e-300),
    )  # fmt: skip
    assert found.condition >= 1
