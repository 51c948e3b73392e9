"""A penalty is a constraint with the same multiplier; searches side by side."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import trivium as tv
from trivium.mathematics.minimization import augmented_lagrangian, cma_es, lbfgs
from trivium.mathematics.optimality import compare_searches, penalty_as_constraint

A = tv.array


@settings(max_examples=12)
@given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.floats(0.01, 100))
def test_the_multiplier_of_the_ball_is_the_ridge_penalty(seed, n, weight):
    """min ‖Aw - b‖² subject to ‖w‖² ≤ r² with r = ‖w_λ‖ has the multiplier λ."""
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(n + 3, n)), rng.normal(size=n + 3)
    ridge = np.linalg.solve(a.T @ a + weight * np.eye(n), a.T @ b)
    size = float(ridge @ ridge)
    if size < 1e-6:
        return
    found = augmented_lagrangian(
        lambda w: ((a @ w - b) ** 2).sum(), np.zeros(n),
        inequalities=lambda w: ((w * w).sum() - size) / size,
    )  # fmt: skip
    assert found.inequality_multipliers[0] / size == pytest.approx(weight, rel=1e-4, abs=1e-6)
    np.testing.assert_allclose(found.x, ridge, atol=1e-5 * (1 + np.abs(ridge).max()))


@pytest.mark.parametrize("weight", [0.05, 1.0, 20.0])
def test_any_convex_loss_has_the_correspondence(weight):
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(30, 3)), rng.choice([-1.0, 1.0], 30)
    found = penalty_as_constraint(
        lambda w: A.softplus(-y * (x @ w[:3] + w[3])).sum(), np.zeros(4), weight,
        chosen=[True, True, True, False],
    )  # fmt: skip
    assert found.multiplier == pytest.approx(weight, rel=1e-6)
    assert found.distance < 1e-6
    assert found.radius == pytest.approx(np.linalg.norm(found.penalised.x[:3]))
    assert "multiplier" in str(found)


def test_the_larger_the_penalty_the_smaller_the_ball():
    def f(w):
        return ((w - 1) ** 2).sum()

    radii = [penalty_as_constraint(f, np.zeros(2), weight).radius for weight in (0.1, 1, 10)]
    assert radii == sorted(radii, reverse=True)
    # (w - 1)² + λw² has its minimum at 1/(1 + λ).
    np.testing.assert_allclose(radii, np.sqrt(2) / (1 + np.array([0.1, 1, 10])), rtol=1e-6)


@pytest.mark.parametrize("weight", [0.0, -1.0, np.inf])
def test_a_weight_that_is_not_positive_is_refused(weight):
    with pytest.raises(tv.TriviumError, match="must be positive"):
        penalty_as_constraint(lambda w: (w * w).sum(), np.ones(2), weight)


def valley(x):
    return ((1 - x[:-1]) ** 2 + 100 * (x[1:] - x[:-1] ** 2) ** 2).sum()


def rastrigin(x):
    return 10 * x.size + (x * x - 10 * A.cos(2 * np.pi * x)).sum()


def test_on_a_smooth_valley_the_gradient_is_better_by_far():
    searches = {"gradient": lbfgs, "evolution": cma_es}
    found = compare_searches(valley, [np.zeros(8), np.full(8, -0.5)], searches, lowest=0.0)
    assert found.ranking[0] == "gradient"
    assert found.solved("gradient") == 2
    assert 10 * found.work("gradient") < found.work("evolution")
    assert "gradient" in str(found)


def test_among_many_minima_evolution_with_restarts_is_better():
    searches = {
        "gradient": lbfgs,
        "evolution": tv.algorithms.CMAES(step=2.0, restarts=6, evaluations=30_000),
    }
    starts = [np.array([3.3, -2.2]), np.array([-4.1, 4.2])]
    found = compare_searches(rastrigin, starts, searches, lowest=0.0)
    assert found.solved("gradient") == 0
    assert found.solved("evolution") == 2
    assert found.ranking[0] == "evolution"


def test_the_counts_are_those_of_the_results():
    found = compare_searches(valley, [np.zeros(2)], {"gradient": lbfgs})
    (run,) = found.runs
    direct = lbfgs(valley, np.zeros(2))
    assert (run.functions, run.gradients) == (direct.counts.functions, direct.counts.gradients)
    assert run.value == direct.value == found.lowest
    assert run.to_target <= run.work


@pytest.mark.parametrize(("starts", "searches"), [([], None), ([np.zeros(2)], {"none": 3})])
def test_comparisons_of_nothing_are_refused(starts, searches):
    with pytest.raises(tv.TriviumError):
        compare_searches(valley, starts, searches)
