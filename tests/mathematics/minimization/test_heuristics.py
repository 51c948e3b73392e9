"""Searches without derivatives: known minima, bounds, chance that repeats, refusals."""

import numpy as np
import pytest
from scipy import stats

import trivium as tv
from trivium.mathematics.minimization import Function, Reason, annealing, cma_es, genetic
from trivium.mathematics.minimization.population import Chance

A = tv.array
ALL = [cma_es, genetic, annealing]


def sphere(x):
    return ((x - 1) ** 2).sum()


def rosenbrock(x):
    return ((1 - x[:-1]) ** 2 + 100 * (x[1:] - x[:-1] ** 2) ** 2).sum()


def rastrigin(x):
    return 10 * x.size + (x * x - 10 * A.cos(2 * np.pi * x)).sum()


def plain(function, start):
    return Function.from_callables(start, value=function)


@pytest.mark.parametrize("method", ALL)
def test_a_bowl_is_found_and_the_result_says_how(method):
    found = method(sphere, np.zeros(2), evaluations=8000, seed=3)
    assert found.value < 1e-3
    assert found.value == pytest.approx(float(sphere(tv.tensor(found.x))), rel=1e-12)
    assert found.gradient_norm == pytest.approx(np.abs(2 * (found.x - 1)).max(), rel=1e-6)
    assert found.counts.functions <= 8001
    assert found.iterations > 0
    assert found.stopped.sentence in str(found)


@pytest.mark.parametrize("method", ALL)
def test_equal_seeds_repeat_bit_for_bit_and_others_do_not(method):
    runs = [
        method(rosenbrock, np.zeros(3), evaluations=900, seed=seed, trajectory=True)
        for seed in (5, 5, 6)
    ]
    assert runs[0].value == runs[1].value
    assert (runs[0].x == runs[1].x).all()
    assert len(runs[0].trajectory) == len(runs[1].trajectory) == runs[0].iterations + 1
    assert runs[0].value != runs[2].value


@pytest.mark.parametrize("method", ALL)
def test_bounds_are_kept_at_every_point_and_a_minimum_on_them_is_found(method):
    asked = []

    def f(x):
        asked.append(x.copy())
        return float(((x + 2) ** 2).sum())

    found = method(
        plain(f, np.array([1.0, 2.0])),
        None,
        bounds=([0.5, -1.0], [3.0, None]),
        evaluations=4000,
    )
    every = np.array(asked)
    assert (every[:, 0] >= 0.5).all()
    assert (every[:, 0] <= 3).all()
    assert (every[:, 1] >= -1).all()
    np.testing.assert_allclose(found.x, [0.5, -1.0], atol=2e-2)
    assert "bound" in " ".join(found.notes)


@pytest.mark.parametrize("method", ALL)
def test_the_best_point_seen_is_returned_and_limits_are_kept(method):
    values = []

    def f(x):
        values.append(float(np.abs(x).sum()))
        return values[-1]

    found = method(plain(f, np.full(3, 4.0)), None, evaluations=300)
    assert found.value == min(values)
    assert len(values) <= 300
    assert np.isnan(found.gradient_norm)
    assert found.stopped is Reason.EVALUATIONS
    low = method(plain(f, np.full(3, 4.0)), None, target=6.0, evaluations=5000)
    assert low.stopped is Reason.TARGET
    assert low.value <= 6.0


@pytest.mark.parametrize("method", ALL)
def test_a_callback_sees_iterations_and_stops(method):
    seen = []

    def watch(iteration):
        seen.append(iteration.number)
        return iteration.number == 3

    found = method(rastrigin, np.full(2, 2.2), callback=watch)
    assert seen == [1, 2, 3]
    assert found.stopped is Reason.CALLBACK


@pytest.mark.parametrize("method", ALL)
def test_values_that_are_not_finite_are_never_kept(method):
    found = method(lambda x: A.sqrt(x[0]) + (x[1] - 1) ** 2, [1.0, 0.0], evaluations=3000)
    assert found.x[0] >= 0
    assert found.value < 0.1
    nowhere = method(lambda x: A.log(-1.0 - x[0] ** 2), [1.0], evaluations=200)
    assert nowhere.stopped is Reason.NON_FINITE
    endless = method(lambda x: A.log(A.abs(x[0] * 0)), [1.0], evaluations=2000)
    assert endless.stopped in (Reason.UNBOUNDED, Reason.NON_FINITE)


@pytest.mark.parametrize("method", ALL)
def test_one_unknown_and_structured_starts(method):
    found = method(lambda p: (p["a"] - 2) ** 2 + (p["b"] ** 2).sum(),
                   {"a": np.array(0.0), "b": np.ones(2)}, evaluations=5000)  # fmt: skip
    assert found.point["a"].shape == ()
    assert found.value < 1e-2
    assert method(lambda x: (x[0] - 3) ** 2, [0.0], evaluations=5000).value < 1e-3


def test_cma_es_does_not_care_about_rotations_and_scales():
    rng = np.random.default_rng(0)
    q, _ = np.linalg.qr(rng.normal(size=(6, 6)))
    scales = 10 ** np.linspace(0, 6, 6)
    found = cma_es(lambda x: (tv.tensor(scales) * (q @ x) ** 2).sum(), np.ones(6))
    assert found.value < 1e-10
    assert found.counts.functions < 6000
    # Only the ranking counts: a monotone transformation changes nothing but the values.
    one = cma_es(sphere, np.zeros(3), evaluations=400)
    two = cma_es(lambda x: A.exp(sphere(x)), np.zeros(3), evaluations=400)
    np.testing.assert_array_equal(one.x, two.x)


def test_restarts_with_larger_populations_leave_local_minima():
    start = np.full(3, 3.2)
    once = cma_es(rastrigin, start, step=1.0, seed=1)
    again = cma_es(rastrigin, start, step=1.0, seed=1, restarts=5)
    assert once.value > 0.9
    assert again.value < 1e-8
    assert len(again.notes) > 1


def test_the_parameters_of_the_tutorial():
    from trivium.mathematics.minimization.cma_es import _Weights

    w = _Weights.of(10, 10)
    assert w.parents == 5
    assert w.weights[:5].sum() == pytest.approx(1)
    assert (np.diff(w.weights) < 0).all()
    assert w.effective == pytest.approx(3.1672992, rel=1e-6)  # pycma's mueff for λ = 10
    assert (w.weights[5:] < 0).all()
    # The negative weights do not take the covariance's trace below zero.
    assert -w.rank_mu * 10 * w.weights[5:].sum() <= 1 - w.rank_one - w.rank_mu + 1e-12


def test_annealing_cools_geometrically_and_finds_the_deepest_of_many():
    found = annealing(
        rastrigin, np.full(2, 3.2), step=2.0, temperature=20.0, seed=1, sweeps=2, cooling=0.7
    )
    assert found.value < 1e-2
    assert "temperature" in found.notes[0]


def test_the_genetic_algorithm_finds_the_deepest_of_many():
    found = genetic(rastrigin, np.full(2, 3.2), bounds=(-5.12, 5.12), seed=1)
    assert found.value < 1e-2


def test_numbers_drawn_are_uniform_and_normal_and_depend_on_the_seed_alone():
    uniform = Chance(1).uniform(20_000)
    assert stats.kstest(uniform, "uniform").pvalue > 1e-3
    normal = Chance(2).normal(20_001)
    assert stats.kstest(normal, "norm").pvalue > 1e-3
    pieces = Chance(1)
    np.testing.assert_array_equal(
        np.concatenate([pieces.uniform(7), pieces.uniform(11, 3).ravel()]), uniform[:40]
    )
    assert set(Chance(3).whole(3, 500).tolist()) == {0, 1, 2}


@pytest.mark.parametrize(
    ("method", "options", "words"),
    [
        (cma_es, {"step": 0}, "step must be positive"),
        (cma_es, {"population": 2}, "at least 4"),
        (cma_es, {"restarts": -1}, "restarts"),
        (annealing, {"cooling": 1.5}, "cooling"),
        (annealing, {"temperature": -1}, "temperature"),
        (annealing, {"temperatures": 0}, "at least one"),
        (genetic, {"crossover": 2}, "probability"),
        (genetic, {"elite": 900}, "elite"),
        (genetic, {"spread": 0}, "spread"),
        (cma_es, {"bounds": (1, 0)}, "no value is left"),
        (cma_es, {"evaluations": 0}, "at least 1"),
    ],
)
def test_options_that_make_no_sense_are_refused(method, options, words):
    with pytest.raises(tv.TriviumError, match=words):
        method(sphere, np.zeros(2), **options)


def test_a_start_that_is_not_finite_is_refused():
    with pytest.raises(tv.TriviumError, match="not finite"):
        cma_es(sphere, [np.nan, 0.0])
