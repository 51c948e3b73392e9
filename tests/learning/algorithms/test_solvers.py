"""Solvers in a fit: the minimum that others find, refusals, notes, interrupts, text forms."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import trivium as tv
from tests.mathematics.minimization import strd
from trivium import array as xp
from trivium.learning.algorithms import (
    BFGS,
    LBFGS,
    ConjugateGradient,
    GaussNewton,
    LevenbergMarquardt,
    Minimizer,
    Newton,
    Problem,
    Stop,
)
from trivium.learning.algorithms.curvature import with_affine_curvature
from trivium.learning.algorithms.minimizing_problem import objective_function
from trivium.learning.errors import NonFiniteError, RequestError
from trivium.learning.specification import from_spec, parse_algorithm

SMOOTH = [
    LBFGS(),
    BFGS(),
    ConjugateGradient(),
    Newton(),
    Newton("line-search"),
]
SQUARES = [GaussNewton(), LevenbergMarquardt(), LevenbergMarquardt(geodesic=False)]
every = pytest.mark.parametrize("algorithm", [*SMOOTH, *SQUARES], ids=repr)
smooth = pytest.mark.parametrize("algorithm", SMOOTH, ids=repr)
squares = pytest.mark.parametrize("algorithm", SQUARES, ids=repr)


def logistic(n: int = 300, d: int = 4) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, d))
    p = 1 / (1 + np.exp(-(x @ rng.normal(size=d) + 0.3)))
    return x, (rng.random(n) < p).astype(int)


def fitted(algorithm: Any, model: Any, objective: Any, data: Any, **options: Any) -> Any:
    return tv.fit(model, objective, algorithm, data, progress=False, **options)


@smooth
@pytest.mark.parametrize("weights", [False, True])
def test_logistic_regression_is_scikit_learns(algorithm: Any, weights: bool) -> None:
    from sklearn.linear_model import LogisticRegression

    x, y = logistic()
    weight = np.random.default_rng(1).uniform(0.5, 2, len(y)) if weights else None
    objective = tv.objectives.BinaryCrossEntropy() + 0.01 * tv.objectives.L2()
    fit = fitted(algorithm, tv.models.Linear(), objective, (x, y), sample_weight=weight)
    # scikit-learn: ½‖w‖² + C Σ w_i ℓ_i, with our weights normalised to mean 1.
    scaled = None if weight is None else weight / weight.mean()
    theirs = LogisticRegression(C=1 / (0.02 * len(y)), tol=1e-10, max_iter=1000)
    theirs.fit(x, y, sample_weight=scaled)
    np.testing.assert_allclose(fit.model.weight.value.ravel(), theirs.coef_[0], rtol=1e-6)
    assert float(fit.model.bias.value) == pytest.approx(theirs.intercept_[0], rel=1e-6)
    assert fit.stopped is Stop.CONVERGED and fit.gradient_norm < 1e-7
    assert fit.history[-1]["loss"] == pytest.approx(fit.metrics["train"]["loss"], rel=1e-12)
    assert [row["iteration"] for row in fit.history] == list(range(1, len(fit.history) + 1))


@every
def test_ridge_regression_is_the_closed_forms(algorithm: Any) -> None:
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(60, 3)), rng.normal(size=(60, 2))
    objective = tv.objectives.SquaredError() + 0.1 * tv.objectives.L2()
    weight = rng.uniform(0.1, 3, 60)
    found = fitted(algorithm, tv.models.Linear(), objective, (x, y), sample_weight=weight)
    exact = fitted(
        tv.algorithms.ClosedForm(), tv.models.Linear(), objective, (x, y), sample_weight=weight
    )
    for path, value in exact.parameters().items():
        np.testing.assert_allclose(found.parameters()[path], value, atol=1e-7)


@pytest.mark.parametrize("name", ["Misra1a", "Rat43", "MGH09", "Hahn1"])
def test_nist_curves_are_fitted_through_the_three_steps(name: str) -> None:
    (problem,) = [each for each in strd.PROBLEMS if each.name == name]
    model = tv.models.Formula(lambda x, b: problem.model(b, x[:, 0]), b=problem.starts[1])
    data = (problem.x[:, None], problem.y)
    fit = fitted(LevenbergMarquardt(), model, tv.objectives.SquaredError(), data)
    assert problem.digits(fit.parameters()["b"]) >= 6
    total = fit.metrics["train"]["loss"] * len(problem.y)
    assert total == pytest.approx(problem.sum_of_squares, rel=1e-8)


@smooth
def test_a_network_is_trained_to_a_small_gradient(algorithm: Any) -> None:
    data = tv.data.load("iris")
    objective = tv.objectives.CrossEntropy() + 1e-2 * tv.objectives.L2()
    model = tv.models.MLP(hidden=[3], activation="tanh")
    fit = fitted(algorithm, model, objective, data, validation=0.2)
    assert fit.stopped.name in ("CONVERGED", "PRECISION") and fit.gradient_norm < 1e-6
    assert fit.metrics["validation"]["accuracy"] > 0.8


def test_many_parameters_use_products_and_say_what_the_hessian_would_take() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(50, 600))
    data = (x, x[:, 0] + rng.normal(size=50))
    objective = tv.objectives.SquaredError() + 0.1 * tv.objectives.L2()
    fit = fitted(Newton(), tv.models.Linear(), objective, data, scale=False)
    assert fit.stopped is Stop.CONVERGED
    assert "601 parameters the Hessian would take 2.76 MiB" in fit.notes[0]


@pytest.mark.parametrize(
    "objective, task",
    [
        (tv.objectives.BinaryCrossEntropy(), "classes"),
        (tv.objectives.SquaredError() + 0.3 * tv.objectives.L2(), "numbers"),
        (2 * tv.objectives.Huber(0.5) + 0.1 * tv.objectives.L2(biases=True), "numbers"),
    ],
    ids=str,
)
@pytest.mark.parametrize("weighted", [False, True])
def test_the_hessian_of_affine_predictions_is_the_engines(
    objective: Any, task: str, weighted: bool
) -> None:
    x, y = logistic(50, 3)
    target = y if task == "classes" else x[:, 0] * 2 + y
    model = tv.models.Linear()
    model.prepare(tv.input((50, 3), "float64", name="x"), None)
    model = model.copy(dtype="float64")
    model.initialise(0)
    weight = tv.variable(np.linspace(0.1, 2, 50)) if weighted else None
    batch = tv.Batch(tv.variable(x), tv.variable(target), weight)
    problem = Problem(model, objective, batch, model.parameters())
    plain = objective_function(problem)
    quick = with_affine_curvature(problem, plain)
    assert quick is not plain
    for theta in np.random.default_rng(5).normal(size=(3, 4)):
        np.testing.assert_allclose(
            quick.hessian(theta), plain.hessian(theta), rtol=1e-10, atol=1e-14
        )
        assert quick.value(theta) == plain.value(theta)


def test_predictions_that_bend_keep_the_general_hessian() -> None:
    x = np.linspace(0, 1, 9)[:, None]
    model = tv.models.Formula(lambda x, a, b: a * xp.exp(-b * x[:, 0]), a=1.0, b=2.0)
    batch = tv.Batch(tv.variable(x), tv.variable(x[:, 0]))
    problem = Problem(model, tv.objectives.SquaredError(), batch, model.parameters())
    function = objective_function(problem)
    assert with_affine_curvature(problem, function) is function


@every
def test_what_has_no_meaning_is_refused_in_words(algorithm: Any) -> None:
    x = logistic(30, 2)[0]
    with pytest.raises(RequestError, match="kink at 0|sum of squares"):
        objective = tv.objectives.SquaredError() + 0.1 * tv.objectives.L1()
        fitted(algorithm, tv.models.Linear(), objective, (x, x[:, 0]))
    unused = tv.models.Formula(lambda x, a, b: a * x[:, 0], a=1.0, b=2.0)
    with pytest.raises(RequestError, match="parameter b cannot be learned"):
        fitted(algorithm, unused, tv.objectives.SquaredError(), (x, x[:, 0]))
    endless = tv.models.Formula(lambda x, a: xp.log(a) * x[:, 0], a=-1.0)
    with pytest.raises(NonFiniteError, match="nan at the first parameters"):
        fitted(algorithm, endless, tv.objectives.SquaredError(), (x, x[:, 0]))


def test_least_squares_and_newton_refuse_what_has_no_meaning_for_them() -> None:
    x, y = logistic(30, 2)
    for algorithm in SQUARES:
        with pytest.raises(RequestError, match=r"BinaryCrossEntropy\(\) is none"):
            fitted(algorithm, tv.models.Linear(), tv.objectives.BinaryCrossEntropy(), (x, y))
    with pytest.raises(RequestError, match="second derivative of AbsoluteError"):
        fitted(Newton(), tv.models.Linear(), tv.objectives.AbsoluteError(), (x, x[:, 0]))


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: Newton("trust"), "trust-region, line-search"),
        (lambda: LBFGS(memory=0), "memory"),
        (lambda: LBFGS(lower=2.0, upper=1.0), "no value is left"),
        (lambda: BFGS(gradient_tolerance=-1.0), "gradient_tolerance"),
        (lambda: ConjugateGradient(iterations=-1), "iterations"),
        (lambda: GaussNewton(trajectory=1), "trajectory"),
        (lambda: LevenbergMarquardt(factor=0), "factor"),
        (lambda: LevenbergMarquardt(geodesic="yes"), "geodesic"),
    ],
)
def test_options_out_of_range_are_refused(make: Any, message: str) -> None:
    with pytest.raises(RequestError, match=message):
        make()


@pytest.mark.parametrize(
    "text, algorithm",
    [
        ("lbfgs", LBFGS()),
        ("lbfgs:memory=5,lower=0", LBFGS(5, lower=0)),
        ("bfgs:gradient_tolerance=1e-6", BFGS(1e-6)),
        ("conjugate-gradient", ConjugateGradient()),
        ("newton:method=line-search", Newton("line-search")),
        ("newton:line-search,trajectory=true", Newton("line-search", trajectory=True)),
        ("gauss-newton:iterations=20", GaussNewton(iterations=20)),
        ("levenberg-marquardt:geodesic=false", LevenbergMarquardt(False)),
    ],
)
def test_text_forms_and_specifications_build_the_same(text: str, algorithm: Minimizer) -> None:
    assert parse_algorithm(text) == algorithm
    assert from_spec(algorithm.spec()) == algorithm
    assert eval(repr(algorithm)) == algorithm


def test_bounds_hold_in_a_fit() -> None:
    rng = np.random.default_rng(0)
    x = rng.uniform(size=(80, 3))
    y = x @ [2.0, -1.0, 0.5]
    model = tv.models.Linear(bias=False)
    fit = fitted(LBFGS(lower=0.0), model, tv.objectives.SquaredError(), (x, y))
    from scipy.optimize import nnls

    np.testing.assert_allclose(fit.model.weight.value.ravel(), nnls(x, y)[0], atol=1e-6)
    assert "weight[1] at its lower bound 0" in " ".join(fit.notes)


def test_the_trajectory_is_kept_on_request_only() -> None:
    x, y = logistic()
    objective = tv.objectives.BinaryCrossEntropy()
    fit = fitted(BFGS(trajectory=True), tv.models.Linear(), objective, (x, y))
    assert fit.trajectory is not None and len(fit.trajectory) == len(fit.history) + 1
    last, value = fit.trajectory[-1]
    assert value == fit.history[-1]["loss"] and last.shape == (5,)
    assert fitted(BFGS(), tv.models.Linear(), objective, (x, y)).trajectory is None


def test_limits_are_said() -> None:
    x, y = logistic()
    objective = tv.objectives.BinaryCrossEntropy()
    fit = fitted(LBFGS(iterations=2), tv.models.Linear(), objective, (x, y))
    assert fit.stopped is Stop.ITERATIONS and len(fit.history) == 2
    assert "largest number of iterations" in repr(fit)


def test_float32_is_possible_and_noted() -> None:
    x, y = logistic()
    objective = tv.objectives.BinaryCrossEntropy()
    fit = fitted(LBFGS(), tv.models.Linear(), objective, (x, y), dtype="float32")
    exact = fitted(LBFGS(), tv.models.Linear(), objective, (x, y))
    assert "float32" in fit.notes[-1] and fit.stopped.finished
    np.testing.assert_allclose(
        fit.model.weight.value, exact.model.weight.value, rtol=1e-3, atol=1e-4
    )


class Interrupted(LBFGS):
    """Sends Ctrl-C to itself in its third iteration."""

    def _options(self, callback: Any) -> Any:
        options = super()._options(callback)

        def send(iteration: Any) -> Any:
            if iteration.number == 3:
                os.kill(os.getpid(), signal.SIGINT)
            return callback(iteration)

        return {**options, "callback": send}


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """Ctrl-C as in a terminal, also where the tests run in the background and ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_ends_a_solver_between_iterations_and_the_run_goes_on(tmp_path: Path) -> None:
    x, y = logistic()
    objective = tv.objectives.BinaryCrossEntropy()
    whole = fitted(LBFGS(), tv.models.Linear(), objective, (x, y))
    part = fitted(Interrupted(), tv.models.Linear(), objective, (x, y), out=tmp_path / "run")
    assert part.stopped is Stop.INTERRUPTED and len(part.history) == 3
    assert part.metrics["train"]["loss"] < whole.history[0]["loss"]
    again = tv.resume(tmp_path / "run", data=(x, y), algorithm=LBFGS(), progress=False)
    assert again.stopped is Stop.CONVERGED
    assert again.history[0]["loss"] < part.history[-1]["loss"]
    np.testing.assert_allclose(again.model.weight.value, whole.model.weight.value, atol=1e-7)
    assert tv.load(tmp_path / "run", algorithm=LBFGS()).stopped is Stop.CONVERGED


def test_a_fit_by_a_solver_is_saved_and_loaded(tmp_path: Path) -> None:
    x, y = logistic()
    fit = fitted(Newton(), tv.models.Linear(), tv.objectives.BinaryCrossEntropy(), (x, y))
    fit.save(tmp_path / "run")
    again = tv.load(tmp_path / "run")
    assert again.algorithm == fit.algorithm and again.stopped is fit.stopped
    assert again.notes == fit.notes and list(again.history) == list(fit.history)
    np.testing.assert_array_equal(again.predict(x), fit.predict(x))


def test_the_page_is_true(repository: Path) -> None:
    import doctest

    page = repository / "docs" / "solvers.md"
    result = doctest.testfile(str(page), module_relative=False)
    assert result.attempted > 15 and result.failed == 0


class Coupled(tv.objectives.DataTerm):
    """A loss of a user's own in which an example's loss depends on another's prediction."""

    def losses(self, prediction: Any, target: Any) -> Any:
        return (prediction - target) ** 2 + (prediction - xp.flip(prediction)) ** 2 / 3

    def outputs(self, count: int, y_ndim: int) -> int | None:
        return None


def test_a_loss_that_couples_examples_keeps_the_general_hessian() -> None:
    x = np.random.default_rng(0).normal(size=(9, 1))
    model = tv.models.Formula(lambda x, a, b: a * x[:, 0] + b, a=1.0, b=2.0)
    batch = tv.Batch(tv.variable(x), tv.variable(x[:, 0]))
    problem = Problem(model, Coupled(), batch, model.parameters())
    function = objective_function(problem)
    assert with_affine_curvature(problem, function) is function
    own = type("Own", (tv.objectives.SquaredError,), {})()
    problem = Problem(model, own, batch, model.parameters())
    plain = objective_function(problem)
    assert with_affine_curvature(problem, plain) is not plain
