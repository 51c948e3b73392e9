"""CMA-ES on the small problems of Moré, Garbow & Hillstrom, from their starting points."""

import numpy as np
import pytest

from tests.mathematics.minimization.mgh import PROBLEMS
from tests.mathematics.minimization.table import solved
from trivium.mathematics.minimization import Function, Reason, cma_es

SMALL = [problem for problem in PROBLEMS if len(problem.start) <= 4]
# Slow, curved valleys, along which σ grows as C shrinks, or the other way.
SLOW = {"meyer", "penalty_2"}


def run(problem, seed, evaluations):
    function = Function(problem.value, np.array(problem.start, float))
    return cma_es(function, None, evaluations=evaluations, seed=seed)


@pytest.mark.parametrize("problem", SMALL, ids=str)
def test_it_is_solved_from_the_standard_start(problem):
    most = 20_000 if problem.name in SLOW else 12_000
    assert solved(problem, run(problem, 1, most).value)


@pytest.mark.parametrize("number, seed", [(5, 0), (5, 2), (10, 0), (18, 0), (18, 2), (24, 0)])
def test_the_hard_ones_are_solved_with_other_seeds(number, seed):
    problem = next(each for each in PROBLEMS if each.number == number)
    assert solved(problem, run(problem, seed, 20_000).value)


def test_large_values_stop_by_their_digits():
    """Around 85,822 rounding alone is larger than 1e-12: the tolerance is relative there."""
    (problem,) = [each for each in PROBLEMS if each.name == "brown_dennis"]
    found = run(problem, 0, 20_000)
    assert found.stopped is Reason.SMALL_DECREASE and solved(problem, found.value)
    assert found.counts.functions < 2000


def test_a_function_that_falls_for_ever_ends_on_a_plateau():
    """1/(1 + e^{x₁}) has its infimum at infinity, x₂ nothing to do with it."""
    import trivium as tv

    found = cma_es(lambda x: -tv.array.log(1 + x[0] ** 2) + 0 * x[1], [1.0, 0.0])
    assert found.stopped is Reason.PLATEAU
    assert "beyond all bounds" in found.notes[0]
