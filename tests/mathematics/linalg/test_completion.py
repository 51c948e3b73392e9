"""Matrix completion: planted tables, two algorithms with one minimum, what is not observed."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from trivium.engine.errors import ArgumentError, DTypeError, ShapeError
from trivium.mathematics.errors import DomainError
from trivium.mathematics.linalg.completion import complete


def planted(n=120, d=60, rank=2, missing=0.6, noise=0.05, seed=0):
    """A table of given rank with biases and noise, and the same with cells missing."""
    generator = np.random.default_rng(seed)
    whole = generator.normal(size=(n, rank)) @ generator.normal(size=(rank, d))
    whole += 3 + generator.normal(size=(n, 1)) + generator.normal(size=d)
    table = whole + noise * generator.normal(size=(n, d))
    table[generator.random((n, d)) < missing] = np.nan
    return whole, table


def objective(found, table, nuclear=False):
    seen = ~np.isnan(table)
    rest = (table - found.table())[seen]
    biases = (found.row_bias**2).sum() + (found.column_bias**2).sum()
    if nuclear:
        product = found.row_factors @ found.column_factors.T
        size = 2 * np.linalg.svd(product, compute_uv=False).sum()
    else:
        size = (found.row_factors**2).sum() + (found.column_factors**2).sum()
    return 0.5 * (rest**2).sum() + 0.5 * found.ridge * (biases + size)


@pytest.mark.parametrize("method", ["als", "soft-impute"])
def test_a_planted_table_is_found_again(method):
    whole, table = planted()
    found = complete(table, 2, method=method)
    unseen = np.isnan(table)
    error = np.sqrt(np.mean((found.table() - whole)[unseen] ** 2))
    assert error < (0.12 if method == "als" else 0.3)
    assert found.held_out_error < 0.35 * found.baseline_error
    assert error < 1.5 * found.held_out_error
    assert found.converged
    assert "Converged: sweep" in found.stopped
    assert len(found.objectives) == found.iterations


@settings(max_examples=20)
@given(st.integers(0, 1000), st.sampled_from(["als", "soft-impute"]), st.booleans())
def test_the_objective_never_rises_and_is_the_one_that_is_stated(seed, method, biases):
    _, table = planted(15, 9, 2, 0.4, 0.5, seed)
    found = complete(
        table, 3, method=method, biases=biases, ridge=0.7, held_out=0, iterations=25
    )
    steps = np.diff(found.objectives)
    assert (steps <= 1e-9 * found.objectives[0]).all()
    assert found.objectives[-1] == pytest.approx(objective(found, table, method != "als"))
    if not biases:
        assert not found.row_bias.any()
        assert not found.column_bias.any()


def test_both_algorithms_have_one_minimum():
    """‖Z‖_* = min ½(‖U‖² + ‖V‖²): with enough factors the two objectives agree."""
    _, table = planted(16, 12, 2, 0.4, 0.3)
    options = {"ridge": 2.0, "held_out": 0, "tolerance": 0.0, "iterations": 1500}
    first = complete(table, 12, method="als", **options)
    second = complete(table, 12, method="soft-impute", **options)
    assert first.objectives[-1] == pytest.approx(second.objectives[-1], rel=1e-6)
    np.testing.assert_allclose(first.table(), second.table(), atol=2e-3)


def test_als_ends_where_the_gradient_is_zero():
    _, table = planted(20, 12, 2, 0.4)
    found = complete(table, 2, ridge=0.5, held_out=0, tolerance=0, iterations=3000)
    rest = np.where(np.isnan(table), 0, table - found.table())
    gradients = (
        found.ridge * found.row_factors - rest @ found.column_factors,
        found.ridge * found.column_factors - rest.T @ found.row_factors,
        found.ridge * found.row_bias - rest.sum(axis=1),
        found.ridge * found.column_bias - rest.sum(axis=0),
    )
    for gradient in gradients:
        np.testing.assert_allclose(gradient, 0, atol=1e-5)


def test_rows_and_columns_without_cells_are_named_and_get_the_mean():
    _, table = planted(30, 20)
    table[[4, 17]] = np.nan
    table[:, 3] = np.nan
    found = complete(table, 2)
    np.testing.assert_array_equal(found.unobserved_rows, [4, 17])
    np.testing.assert_array_equal(found.unobserved_columns, [3])
    np.testing.assert_allclose(found.table()[4], found.mean + found.column_bias)
    assert found.table()[4, 3] == pytest.approx(found.mean)
    assert "rows 4, 17 (counted from 0) without observed cells" in found.notes[0]
    assert "column 3 (counted from 0)" in found.notes[1]


def test_a_mask_and_a_sparse_table_say_the_same_as_NaN():
    _, table = planted(40, 25)
    seen = ~np.isnan(table)
    rows, columns = np.nonzero(seen)
    sparse = sp.coo_array((table[seen], (rows, columns)), shape=table.shape)
    first = complete(table, 2, ridge=0.5)
    for found in (
        complete(np.where(seen, table, 99.0), 2, mask=seen, ridge=0.5),
        complete(sparse, 2, ridge=0.5),
        complete(sparse.tocsc(), 2, ridge=0.5),
    ):
        np.testing.assert_array_equal(found.table(), first.table())
        assert found.held_out_error == first.held_out_error


def test_a_stored_zero_is_observed():
    sparse = sp.coo_array(([0.0, 1.0, 2.0], ([0, 1, 2], [0, 1, 0])), shape=(3, 2))
    assert complete(sparse, 1).observed == 3


def test_predictions_of_single_cells():
    _, table = planted(30, 20)
    found = complete(table, 2)
    np.testing.assert_allclose(
        found.predict([3, 29, 3], [0, 19, 5]), found.table()[[3, 29, 3], [0, 19, 5]]
    )
    with pytest.raises(ArgumentError, match="no row 30; the table has 30"):
        found.predict([1, 30], [0, 0])
    with pytest.raises(ArgumentError, match="integers"):
        found.predict([0.5], [0])


def test_nothing_is_held_out_that_leaves_a_row_empty():
    table = np.full((6, 6), np.nan)
    np.fill_diagonal(table, np.arange(6.0))
    found = complete(table, 1)
    assert (found.held_out, found.held_out_error) == (0, None)
    assert "too few cells to hold any out" in found.notes[-1]


def test_equal_cells_are_no_obstacle():
    found = complete(np.where(np.eye(5), np.nan, 4.0), 2)
    np.testing.assert_allclose(found.table(), 4)
    assert "all observed cells are equal" in found.notes[0]


def test_the_seed_decides_what_is_held_out():
    _, table = planted(40, 25)
    first, again, other = (complete(table, 2, ridge=0.5, seed=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.table(), again.table())
    assert first.held_out_error != other.held_out_error


def test_long_rows_and_many_rows_are_solved_alike():
    """A row with thousands of cells takes another way through the normal equations."""
    generator = np.random.default_rng(0)
    table = generator.normal(size=(3, 2000)) + 1
    table[0, ::2] = np.nan
    wide = complete(table, 2, ridge=3.0, held_out=0, tolerance=0, iterations=400)
    tall = complete(table.T, 2, ridge=3.0, held_out=0, tolerance=0, iterations=400)
    assert wide.objectives[-1] == pytest.approx(tall.objectives[-1], rel=1e-6)


def test_float32_stays_float32():
    _, table = planted(30, 20)
    found = complete(table.astype(np.float32), 2)
    assert found.row_factors.dtype == found.table().dtype == np.float32


WRONG = {
    "nothing": (lambda t: complete(t * np.nan, 1), DomainError, "no cell"),
    "infinite": (
        lambda t: complete(np.where(t > 10, np.inf, t), 1), DomainError, "row 3, column 2",
    ),
    "masked NaN": (
        lambda t: complete(t * np.nan, 1, mask=np.ones(t.shape, bool)), DomainError, "is nan",
    ),
    "mask shape": (lambda t: complete(t, 1, mask=np.ones(3, bool)), ShapeError, r"\(3,\)"),
    "mask dtype": (lambda t: complete(t, 1, mask=t), DTypeError, "boolean"),
    "rank": (lambda t: complete(t, 4), ArgumentError, "at most rank 3"),
    "no rank": (lambda t: complete(t, 0), ArgumentError, "at least 1"),
    "ridge": (lambda t: complete(t, 1, ridge=-1.0), ArgumentError, "ridge must be"),
    "no ridge": (lambda t: complete(t, 1, ridge=0), ArgumentError, "no one best fit"),
    "held out": (lambda t: complete(t, 1, held_out=1.0), ArgumentError, "from 0 to 0.9"),
    "method": (lambda t: complete(t, 1, method="svd"), ArgumentError, "als, soft-impute"),
    "vector": (lambda t: complete(t[0], 1), ShapeError, "two axes"),
    "large": (lambda t: complete(t * 1e200, 1), DomainError, "too large"),
    "text": (lambda t: complete([["a"]], 1), DTypeError, "numbers"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_wrong_requests_say_what_is_wrong(name):
    ask, kind, words = WRONG[name]
    with pytest.raises(kind, match=words):
        ask(np.arange(12.0).reshape(4, 3))


def test_the_text_sets_the_held_out_error_beside_the_baseline():
    _, table = planted(40, 25)
    text = str(complete(table, 2, iterations=3))
    assert "cells held out" in text
    full = str(complete(np.arange(12.0).reshape(3, 4), 1))
    assert "12 cells observed (100 %)" in full
    assert "on 1 cell held out" in full
    assert "without factors" in text
    assert "Stopped after 3 sweeps without converging." in text
    assert "not converged; allow more than 3 iterations" in text
