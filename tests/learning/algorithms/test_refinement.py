"""Refined least squares: the exact solution for the very numbers given."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.learning.algorithms.exact import digits, exact_least_squares
from trivium.learning.algorithms.refinement import refined


def triangle_of(rows: Any, weight: Any = None, penalty: Any = 0.0) -> np.ndarray:
    scaled = rows if weight is None else np.sqrt(weight)[:, None] * rows
    extra = np.diag(np.sqrt(np.broadcast_to(penalty, rows.shape[1])))
    return np.linalg.qr(np.concatenate([scaled, extra]), mode="r")


@given(seed=st.integers(0, 2**32 - 1), near=st.floats(1e-5, 1.0), size=st.floats(0.0, 1e6))
def test_any_small_problem_is_solved_to_rounding(seed: int, near: float, size: float) -> None:
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(12, 4))
    rows[:, 3] = rows[:, 0] + near * rows[:, 3]  # the condition number is about 1/near
    b = rows @ rng.normal(size=4) + size * rng.normal(size=12)
    exact = exact_least_squares(rows, b)
    start = exact * (1 + 1e-6 * rng.normal(size=4))
    found = refined(rows, b[:, None], None, np.zeros(4), triangle_of(rows), start[:, None])
    np.testing.assert_allclose(found[:, 0], exact, rtol=1e-13, atol=1e-15 * abs(exact).max())


def test_weights_and_penalties_take_part() -> None:
    rng = np.random.default_rng(1)
    rows, right = rng.normal(size=(30, 3)), rng.normal(size=(30, 2))
    weight, penalty = rng.uniform(0.1, 1, 30), np.array([0.0, 0.5, 2.0])
    extra = np.diag(np.sqrt(penalty))[1:]
    whole = np.concatenate([np.sqrt(weight)[:, None] * rows, extra])
    found = refined(
        rows, right, weight, penalty, triangle_of(rows, weight, penalty), np.zeros((3, 2))
    )
    for k in range(2):
        target = np.concatenate([np.sqrt(weight) * right[:, k], np.zeros(2)])
        assert digits(found[:, k], exact_least_squares(whole, target)) > 13


def test_what_cannot_be_refined_is_returned_as_it_came() -> None:
    rows = np.array([[1.0, 1.0], [1.0, 1.0 + 1e-15], [1.0, 1.0]])
    start = np.array([[1.0], [2.0]])
    triangle = np.array([[np.sqrt(3.0), np.sqrt(3.0)], [0.0, 0.0]])
    with np.errstate(divide="ignore"):
        found = refined(rows, np.ones((3, 1)), None, np.zeros(2), triangle + 1e-300, start)
    np.testing.assert_array_equal(found, start)
    huge = np.full((3, 1), 1e308)
    assert np.isfinite(
        refined(rows[:, :1], huge, None, np.zeros(1), triangle[:1, :1], huge[:1])
    ).all()


@pytest.mark.parametrize("rows", [1, 2, 3, 8, 9])
def test_every_number_of_rows(rows: int) -> None:
    rng = np.random.default_rng(rows)
    a, b = rng.normal(size=(rows, 1)), rng.normal(size=(rows, 1))
    found = refined(a, b, None, np.zeros(1), triangle_of(a), np.zeros((1, 1)))
    assert digits(found[:, 0], exact_least_squares(a, b[:, 0])) > 15
