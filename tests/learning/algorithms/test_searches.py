"""Constrained, proximal and heuristic solvers in ``tv.fit`` and on plain functions."""

import numpy as np
import pytest

import trivium as tv
from trivium.learning.specification import from_spec, parse_algorithm

O, G = tv.objectives, tv.algorithms
RNG = np.random.default_rng(3)
X = RNG.normal(size=(50, 3))
Y = X @ [1.0, -2.0, 0.0] + 0.5 + 0.1 * RNG.normal(size=50)
ALL = [
    G.AugmentedLagrangian(radius=1.5),
    G.ProjectedGradient("l2", 1.5),
    G.ProximalGradient(),
    G.SimulatedAnnealing(),
    G.Genetic(),
    G.CMAES(),
]


def fitted(algorithm, objective=None, model=None, data=(X, Y)):
    return tv.fit(
        model or tv.models.Linear(), objective or O.SquaredError(), algorithm, data,
        scale=False, progress=False,
    )  # fmt: skip


@pytest.mark.parametrize("algorithm", ALL)
def test_they_are_written_and_read(algorithm):
    assert from_spec(algorithm.spec()) == algorithm
    text = {"CMAES": "cma-es"}.get(type(algorithm).__name__)
    if text:
        assert parse_algorithm("cma-es:step=0.3,restarts=2") == G.CMAES(0.3, restarts=2)


def test_text_forms():
    assert parse_algorithm("projected-gradient:l1,2.5") == G.ProjectedGradient("l1", 2.5)
    assert parse_algorithm("proximal-gradient") == G.ProximalGradient()
    assert parse_algorithm("augmented-lagrangian:radius=2") == G.AugmentedLagrangian(2)
    assert parse_algorithm("simulated-annealing:seed=4") == G.SimulatedAnnealing(seed=4)
    assert parse_algorithm("genetic:population=50") == G.Genetic(50)


@pytest.mark.parametrize("radius", [0.5, 1.5, 10.0])
def test_ridge_regression_said_as_a_constraint(radius):
    within = fitted(G.AugmentedLagrangian(radius=radius))
    weight = within.parameters()["weight"]
    assert np.linalg.norm(weight) <= radius * (1 + 1e-7)
    projected = fitted(G.ProjectedGradient("l2", radius))
    np.testing.assert_allclose(projected.parameters()["weight"], weight, atol=1e-6)
    note = " ".join(within.notes)
    if radius == 10.0:
        assert "not active" in note
        return
    multiplier = float(note.split("multiplier ")[1].split(":")[0])
    ridge = fitted(G.ClosedForm(), O.SquaredError() + multiplier * O.L2())
    np.testing.assert_allclose(ridge.parameters()["weight"], weight, rtol=1e-4)
    np.testing.assert_allclose(
        ridge.parameters()["bias"], within.parameters()["bias"], rtol=1e-4
    )


def test_the_lasso_by_proximal_gradient_with_its_gap():
    from sklearn.linear_model import Lasso

    wide = np.column_stack([X, RNG.normal(size=(50, 10))])
    fit = fitted(G.ProximalGradient(), O.SquaredError() + 0.4 * O.L1(), data=(wide, Y))
    peer = Lasso(alpha=0.2, tol=1e-14, max_iter=100_000).fit(wide, Y)  # its loss has a half
    np.testing.assert_allclose(fit.parameters()["weight"], peer.coef_, atol=1e-7)
    assert fit.parameters()["bias"] == pytest.approx(peer.intercept_, abs=1e-7)
    assert (fit.parameters()["weight"] == 0).sum() == (peer.coef_ == 0).sum()
    assert "Duality gap" in " ".join(fit.notes)
    assert fit.stopped.name == "CONVERGED"
    assert len(fit.history) == fit.history[-1]["iteration"]


def test_example_weights_keep_the_gap_a_gap():
    weight = RNG.uniform(0.1, 3, 50)
    fit = tv.fit(
        tv.models.Linear(), O.SquaredError() + 0.1 * O.L1(), G.ProximalGradient(), (X, Y),
        sample_weight=weight, scale=False, progress=False,
    )  # fmt: skip
    gap = float(" ".join(fit.notes).split("Duality gap ")[1].split(":")[0])
    assert gap < 1e-6


def test_l1_and_l2_together_and_logistic_regression():
    classes = (Y > 0).astype(int)
    objective = O.BinaryCrossEntropy() + 0.05 * O.L1() + 0.01 * O.L2()
    fit = fitted(G.ProximalGradient(), objective, data=(X, classes))
    assert fit.stopped.name == "CONVERGED"
    assert "exactly zero" in " ".join(fit.notes)
    plain = fitted(
        G.ProximalGradient(), O.BinaryCrossEntropy() + 0.01 * O.L2(), data=(X, classes)
    )
    same = fitted(G.LBFGS(), O.BinaryCrossEntropy() + 0.01 * O.L2(), data=(X, classes))
    np.testing.assert_allclose(
        plain.parameters()["weight"], same.parameters()["weight"], atol=1e-6
    )


def test_sets_are_kept():
    assert (
        np.abs(fitted(G.ProjectedGradient("l1", 1.0)).parameters()["weight"]).sum() <= 1 + 1e-9
    )
    box = fitted(G.ProjectedGradient("box", lower=0.0)).parameters()
    assert (box["weight"] >= 0).all()
    share = fitted(G.ProjectedGradient("simplex")).parameters()["weight"]
    assert share.sum() == pytest.approx(1)
    assert (share >= 0).all()


@pytest.mark.parametrize("algorithm", [G.CMAES(), G.Genetic(evaluations=6000),
                                       G.SimulatedAnnealing(evaluations=8000)])  # fmt: skip
def test_heuristics_fit_a_linear_model(algorithm):
    fit = fitted(algorithm)
    best = fitted(G.ClosedForm())
    assert fit.metrics["train"]["loss"] <= best.metrics["train"]["loss"] + 0.05
    again = fitted(algorithm)
    np.testing.assert_array_equal(fit.parameters()["weight"], again.parameters()["weight"])


def test_heuristics_teach_a_threshold_unit_which_has_no_gradient():
    classes = np.where(X[:, 0] - X[:, 1] > 0.2, 1, 0)
    model = tv.models.ThresholdNeuron()
    fit = fitted(G.CMAES(step=1.0), model=model, data=(X, classes))
    assert fit.metrics["train"]["accuracy"] >= 0.95


def test_plain_functions():
    found = G.CMAES(seed=1).minimize(lambda x: ((x - 1) ** 2).sum(), np.zeros(3))
    np.testing.assert_allclose(found.x, 1, atol=1e-5)
    found = G.AugmentedLagrangian().minimize(
        lambda x: (x * x).sum(), np.ones(2), equalities=lambda x: x.sum() - 1
    )
    np.testing.assert_allclose(found.x, 0.5, atol=1e-7)
    found = G.ProjectedGradient("simplex").minimize(lambda x: (x * x).sum(), np.ones(4))
    np.testing.assert_allclose(found.x, 0.25, atol=1e-8)
    found = G.ProximalGradient().minimize(lambda x: ((x - 1) ** 2).sum(), np.zeros(3))
    np.testing.assert_allclose(found.x, 1, atol=1e-8)
    found = G.Genetic(lower=-1, upper=0.5).minimize(lambda x: ((x - 1) ** 2).sum(), np.zeros(2))
    assert (found.x <= 0.5).all()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: fitted(G.AugmentedLagrangian()), "constrains nothing"),
        (lambda: fitted(G.ProjectedGradient(), O.AbsoluteError()), "kinks"),
        (lambda: fitted(G.ProximalGradient(), O.AbsoluteError()), "kinks"),
        (lambda: fitted(G.ProjectedGradient(), O.SquaredError() + O.L1()), "ProximalGradient"),
        (
            lambda: fitted(G.AugmentedLagrangian(1), O.SquaredError() + O.L1()),
            "ProximalGradient",
        ),
        (
            lambda: fitted(G.CMAES(), data=(RNG.normal(size=(3, 10_001)), Y[:3])),
            "follows the gradient",
        ),
        (lambda: G.ProjectedGradient("l3"), "onto must be"),
        (lambda: G.ProjectedGradient("box"), "a box needs"),
        (lambda: G.ProjectedGradient("box", lower=1, upper=0), "no value is left"),
        (lambda: G.CMAES(step=0), "step must be positive"),
        (lambda: G.Genetic(mutation=2), "probability"),
        (lambda: G.SimulatedAnnealing(cooling=1), "between 0 and 1"),
        (lambda: G.CMAES(lower=2, upper=1), "no value is left"),
    ],
)
def test_what_makes_no_sense_is_refused(make, words):
    with pytest.raises(tv.TriviumError, match=words):
        make()
