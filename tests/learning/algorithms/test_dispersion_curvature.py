"""Newton where the loss sees a parameter beside the predictions: an estimated dispersion."""

from typing import Any

import numpy as np
import pytest

import trivium as tv
from trivium.learning.algorithms import Newton, Problem, Stop
from trivium.learning.algorithms.curvature import with_affine_curvature
from trivium.learning.algorithms.minimizing_problem import objective_function

FAMILIES = ["normal", "negative_binomial", "gamma", "inverse_gaussian"]


def regression(family: str) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    x = rng.normal(size=(400, 3))
    mean = np.exp(0.5 + x @ [0.3, -0.2, 0.1])
    if family == "normal":
        return x, mean + rng.normal(size=400)
    if family == "negative_binomial":
        return x, rng.poisson(mean * rng.gamma(2.0, 0.5, size=400)).astype(float)
    return x, mean * rng.gamma(3.0, 1 / 3, size=400)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_hessian_has_the_row_of_the_dispersion(family: str) -> None:
    x, y = regression(family)
    term = tv.objectives.NegativeLogLikelihood(family, "log", "estimate")
    objective: Any = term + 0.2 * tv.objectives.L2()
    model = tv.models.Linear()
    model.prepare(tv.input((400, 3), "float64", name="x"), None)
    model = model.copy(dtype="float64")
    model.initialise(0)
    term.attach(model)
    problem = Problem(
        model, objective, tv.Batch(tv.variable(x), tv.variable(y)), model.parameters()
    )
    plain = objective_function(problem)
    quick = with_affine_curvature(problem, plain)
    assert quick is not plain and plain.size == 5
    for theta in 0.3 * np.random.default_rng(5).normal(size=(3, 5)):
        want = plain.hessian(theta)
        assert np.abs(want).max(axis=0).min() > 1e-3
        np.testing.assert_allclose(quick.hessian(theta), want, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    "family, method", [*((each, "trust-region") for each in FAMILIES), ("gamma", "line-search")]
)
def test_newton_converges_quadratically_with_a_dispersion(family: str, method: str) -> None:
    """With a zero row for ln φ it went to the maximum linearly and called it singular."""
    fit = tv.fit(
        tv.models.Linear(), tv.objectives.NegativeLogLikelihood(family, "log", "estimate"),
        Newton(method, gradient_tolerance=1e-11), regression(family), progress=False,
    )  # fmt: skip
    assert fit.stopped is Stop.CONVERGED and fit.gradient_norm < 1e-11
    assert fit.steps < 15
    assert not any("singular" in note for note in fit.notes)
