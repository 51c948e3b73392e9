"""The methods on published problems: Moré, Garbow & Hillstrom's and NIST's."""

import numpy as np
import pytest

from tests.mathematics.minimization import mgh, strd
from tests.mathematics.minimization.table import PAIRS, compare, solved
from trivium.mathematics.minimization import (
    Function,
    Reason,
    Residuals,
    gauss_newton,
    least_squares_step,
    levenberg_marquardt,
)


@pytest.mark.parametrize("problem", mgh.PROBLEMS, ids=str)
def test_the_problems_are_those_of_the_paper(problem: mgh.Problem) -> None:
    """Their derivatives fit, and the lowest value that the paper states is attained."""
    residuals = Residuals(problem.residuals, np.array(problem.start), backend="reference")
    found = levenberg_marquardt(residuals)
    assert solved(problem, found.value)
    assert found.converged


@pytest.mark.parametrize("name", ["lbfgs", "newton", "newton line search"])
def test_all_problems_are_solved_with_no_more_evaluations_than_scipy_needs(name: str) -> None:
    rows = compare(name)
    assert all(mine.solved for _, mine, _ in rows)
    assert sum(theirs.solved for _, _, theirs in rows) <= len(rows)
    ours = sum(mine.functions for _, mine, _ in rows)
    scipys = sum(theirs.functions for _, _, theirs in rows)
    assert ours <= 1.2 * scipys, (ours, scipys)


@pytest.mark.parametrize(
    "name, most, least", [("bfgs", 1000, 40), ("cg", 400, 31), ("newton products", 100, 35)]
)
def test_most_problems_are_solved(name: str, most: int, least: int) -> None:
    method = PAIRS[name][0]
    count = 0
    for problem in mgh.PROBLEMS:
        function = Function(problem.value, np.array(problem.start), backend="reference")
        found = method(function, None, gradient_tolerance=1e-6, evaluations=most)
        count += solved(problem, found.value)
        assert found.counts.functions <= most + 60
        # Never worse than the start, and the best value is that of the point returned.
        assert found.value <= function.value(function.start)
        assert function.value(found.x) == found.value
    assert count >= least


@pytest.mark.parametrize(
    "start, geodesic, tall",
    [(0, True, 4096), (1, True, 4096), (1, False, 4096), (0, True, 0), (1, True, 0)],
    ids=["start 1", "start 2", "start 2, plain", "start 1, products", "start 2, products"],
)
@pytest.mark.parametrize("problem", strd.PROBLEMS, ids=lambda problem: problem.name)
def test_nist_certified_values_are_found_from_both_starts(
    problem: strd.Problem,
    start: int,
    geodesic: bool,
    tall: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also where JᵀJ is factored although J is small."""
    monkeypatch.setattr(least_squares_step, "_TALL", tall)
    residuals = Residuals(problem.residuals, problem.starts[start], backend="reference")
    found = levenberg_marquardt(residuals, geodesic=geodesic)
    assert found.converged
    assert problem.digits(found.x) >= 6
    # The sum of squares of Lanczos1, 1.4e-25, is made of the rounding of its data.
    tolerance = 1e-2 if problem.name == "Lanczos1" else 1e-8
    assert found.value == pytest.approx(problem.sum_of_squares, rel=tolerance)


def test_a_start_from_which_the_minimum_is_not_found_is_said_to_be_so() -> None:
    (problem,) = [each for each in strd.PROBLEMS if each.name == "BoxBOD"]
    found = levenberg_marquardt(problem.residuals, problem.starts[0], factor=100)
    assert problem.digits(found.x) < 6
    assert found.stopped is Reason.PLATEAU and not found.converged
    assert "x[1]" in " ".join(found.notes)


def test_gauss_newton_finds_certified_values_from_the_nearer_starts() -> None:
    names = {"Chwirut2", "DanWood", "Gauss1", "Hahn1", "Kirby2", "Misra1a", "Nelson", "Rat42"}
    for problem in strd.PROBLEMS:
        if problem.name in names:
            found = gauss_newton(problem.residuals, problem.starts[1])
            assert found.converged and problem.digits(found.x) >= 6, problem.name


def test_scipy_agrees_on_a_fit_with_noise() -> None:
    from scipy.optimize import least_squares

    (problem,) = [each for each in strd.PROBLEMS if each.name == "Thurber"]
    residuals = Residuals(problem.residuals, problem.starts[1], backend="reference")
    mine = levenberg_marquardt(residuals)
    theirs = least_squares(
        residuals.residuals,
        problem.starts[1],
        jac=residuals.jacobian,
        method="lm",
        xtol=1e-14,
        ftol=1e-14,
    )
    np.testing.assert_allclose(mine.x, theirs.x, rtol=1e-5)
