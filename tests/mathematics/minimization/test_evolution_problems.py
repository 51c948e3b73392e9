"""CMA-ES on the small problems of Moré, Garbow & Hillstrom, from their starting points."""

import numpy as np
import pytest

from tests.mathematics.minimization.mgh import PROBLEMS
from tests.mathematics.minimization.table import solved
from trivium.mathematics.minimization import Function, cma_es

SMALL = [problem for problem in PROBLEMS if len(problem.start) <= 4]
# Helical valleys of many orders of magnitude and basins that end at infinity: most seeds, not all.
HARD = {"beale", "meyer", "penalty_2", "powell_badly_scaled"}


def reached(problem, seed):
    function = Function(problem.value, np.array(problem.start, float))
    found = cma_es(function, None, evaluations=12_000, seed=seed)
    return solved(problem, found.value)


@pytest.mark.parametrize("problem", [each for each in SMALL if each.name not in HARD], ids=str)
def test_it_is_solved_from_the_standard_start(problem):
    assert reached(problem, 1)
