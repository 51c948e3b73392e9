"""Bounds against closed forms, mpmath, SciPy and enumeration."""

import math
from itertools import pairwise, product

import mpmath
import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

import trivium as tv
from trivium.learning import generalization as theory
from trivium.learning.errors import DataError, RequestError
from trivium.learning.generalization.bounds import log_sauer
from trivium.learning.generalization.inversion import binomial_inverse


@given(st.floats(0, 1), st.floats(0, 1))
def test_binary_kl_obeys_pinsker_and_is_never_negative(q, p):
    assert theory.binary_kl(q, p) >= 2 * (p - q) ** 2 - 1e-12


@given(st.floats(0, 0.99), st.floats(1e-9, 5))
def test_kl_inverse_is_the_inverse(q, budget):
    p = theory.kl_inverse(q, budget)
    assert q <= p <= min(1, q + math.sqrt(budget / 2) + 1e-12)
    if p < 1 - 1e-9:
        assert theory.binary_kl(q, p) == pytest.approx(budget, rel=1e-4, abs=1e-12)


@pytest.mark.parametrize("q, budget", [(0.028, 0.0935), (0.1, 0.01), (0.5, 1.0), (0.0, 0.3)])
def test_kl_inverse_against_mpmath(q, budget):
    def kl(p):
        left = q * mpmath.log(q / p) if q else 0
        return left + (1 - q) * mpmath.log((1 - q) / (1 - p)) - budget

    root = mpmath.findroot(kl, (q + 1e-6, 0.9999), solver="anderson", tol=1e-24)
    assert theory.kl_inverse(q, budget) == pytest.approx(float(root), rel=1e-9)


@pytest.mark.parametrize("mistakes, n, delta", [(3, 100, 0.05), (0, 20, 0.01), (60, 61, 1e-9)])
def test_the_binomial_inverse_is_scipys_tail(mistakes, n, delta):
    p = binomial_inverse(mistakes, n, math.log(delta))
    assert scipy.stats.binom.cdf(mistakes, n, p) == pytest.approx(delta, rel=1e-9)
    assert binomial_inverse(n, n, math.log(delta)) == 1


def test_the_binomial_inverse_where_delta_underflows():
    assert binomial_inverse(0, 100_000, -1000) == pytest.approx(-math.expm1(-0.01), 1e-12)
    near = [binomial_inverse(500, 100_000, log) for log in (-699.0, -701.0)]
    assert near[0] <= near[1] <= near[0] * 1.02


def test_closed_forms():
    bound = theory.test_set_bound(0.0, 50, confidence=0.95)
    assert bound.value == pytest.approx(1 - 0.05 ** (1 / 50), 1e-12)
    assert not bound.vacuous and bound.gap == bound.value
    occam = theory.occam_bound(0.1, 1000, hypotheses=2**20, confidence=0.9)
    cost = 20 * math.log(2) + math.log(10)
    assert occam.details["Hoeffding"] == pytest.approx(0.1 + math.sqrt(cost / 2000), 1e-12)
    assert 0.1 < occam.value < occam.details["Hoeffding"]
    assert occam.value == theory.occam_bound(0.1, 1000, bits=20, confidence=0.9).value
    exact = theory.occam_bound(0.0, 1000, hypotheses=100)
    assert exact.details["without mistakes"] == pytest.approx(math.log(2000) / 1000, 1e-12)
    assert exact.value <= exact.details["without mistakes"]
    rademacher = theory.rademacher_bound(0.1, 500, 0.05, confidence=0.9)
    assert rademacher.value == pytest.approx(0.15 + 3 * math.sqrt(math.log(20) / 1000), 1e-12)
    margin = theory.rademacher_bound(0.1, 500, 0.05, margin=0.5, confidence=0.9)
    assert margin.value == pytest.approx(rademacher.value + 0.15, 1e-12)


@pytest.mark.parametrize("n, d", [(10, 3), (30, 0), (7, 7), (5, 9), (60, 40), (1000, 5)])
def test_sauers_sum(n, d):
    exact = sum(math.comb(n, i) for i in range(min(n, d) + 1))
    assert log_sauer(n, d) == pytest.approx(math.log(exact), rel=1e-12, abs=1e-12)


def test_the_vc_bound_by_hand_and_when_vacuous():
    bound = theory.vc_bound(0.05, 10_000, dimension=3)
    growth = math.log(sum(math.comb(10_000, i) for i in range(4)))
    chance = math.sqrt(math.log(20) / 20_000)
    assert bound.value == pytest.approx(0.05 + math.sqrt(2 * growth / 10_000) + chance, 1e-12)
    vacuous = theory.vc_bound(0.0, 50, dimension=1000)
    assert vacuous.vacuous and "vacuous, it says nothing" in str(vacuous)
    assert vacuous.details["ln Π(n)"] == pytest.approx(50 * math.log(2))


def test_bounds_hold_as_often_as_they_say():
    # The best of 50 random classifiers on n examples; its true error is known.
    rng = np.random.default_rng(0)
    truth = rng.uniform(0.2, 0.5, 50)
    broken = {"occam": 0, "test": 0}
    for _ in range(400):
        errors = rng.binomial(60, truth) / 60
        best = errors.argmin()
        bound = theory.occam_bound(errors[best], 60, hypotheses=50, confidence=0.8)
        broken["occam"] += truth[best] > bound.value
        fresh = rng.binomial(60, truth[best]) / 60
        broken["test"] += truth[best] > theory.test_set_bound(fresh, 60, confidence=0.8).value
    assert broken["occam"] <= 0.2 * 400 and 0.1 * 400 < broken["test"] <= 0.2 * 400 + 20


def test_the_pac_bayes_bound_of_a_network_on_many_examples():
    """As for MNIST, n = 55,000: the root of kl(q ‖ p) = budget by mpmath, below McAllester's."""
    for error, divergence in ((0.028, 5144), (0.027, 5977), (0.0, 201_131)):
        bound = theory.pac_bayes_bound(error, 55_000, divergence, confidence=0.965)
        with mpmath.workdps(40):
            budget = (
                divergence + mpmath.log(2 * mpmath.sqrt(55_000) / mpmath.mpf("0.035"))
            ) / 55_000
            q = mpmath.mpf(error)

            def excess(p, q=q, budget=budget):
                heads = q * mpmath.log(q / p) if q else 0
                return heads + (1 - q) * mpmath.log((1 - q) / (1 - p)) - budget

            exact = mpmath.findroot(
                excess, (mpmath.mpf("0.04"), mpmath.mpf("0.9999")), solver="anderson"
            )
        assert bound.value == pytest.approx(float(exact), rel=1e-9)
        assert bound.value < bound.details["McAllester"]


def test_maurers_constant_holds_for_few_examples_too():
    for n in range(1, 60):
        xi = sum(math.comb(n, k) * (k / n) ** k * (1 - k / n) ** (n - k) for k in range(n + 1))
        assert xi <= 2 * math.sqrt(n) * (1 + 1e-12)


def test_half_spaces_have_the_labelings_that_cover_counted():
    rng = np.random.default_rng(0)
    for n, expected in ((3, 8), (4, 14), (5, 22)):
        angle = 2 * math.pi * np.arange(n) / n
        points = np.column_stack([np.cos(angle), np.sin(angle)])
        w, b = rng.normal(size=(2, 20_000)), rng.normal(size=20_000)
        seen = {tuple(row) for row in ((points @ w + b) > 0).T.tolist()}
        found = theory.capacity(tv.models.Linear(), 2)
        assert len(seen) == expected == round(math.exp(found.log_growth(n)))
    assert found.dimension == 3 and found.exact
    assert theory.capacity(tv.models.Linear(bias=False), 2).dimension == 2
    assert theory.capacity(tv.models.ThresholdNeuron(), 2).dimension == 3


@pytest.mark.parametrize("d, hidden", [(2, [3]), (10, [8, 4]), (784, [128, 64])])
def test_the_bound_for_relu_networks_is_below_the_papers_closed_form(d, hidden):
    found = theory.capacity(tv.models.MLP(hidden), d)
    sizes = [d, *hidden, 1]
    counts = np.array([(a + 1) * b for a, b in pairwise(sizes)])
    depth, total = len(counts), counts.sum()
    mean_depth = np.cumsum(counts).sum() / total
    r = sum(k * i for i, k in enumerate(sizes[1:], 1))
    closed = depth + mean_depth * total * math.log2(4 * math.e * r * math.log2(2 * math.e * r))
    # A network realises at least the half-spaces of one unit, and no more than the theorem.
    assert d + 1 <= found.dimension <= closed
    assert found.log_growth(found.dimension + 1) < (found.dimension + 1) * math.log(2)
    assert found.log_growth(5) == pytest.approx(5 * math.log(2))


@pytest.mark.parametrize("call, words", [
    (lambda: theory.capacity(tv.models.MLP([3], "tanh"), 2), "Karpinski"),
    (lambda: theory.capacity(tv.models.MLP([3], outputs=3), 2), "Natarajan"),
    (lambda: theory.capacity(tv.models.Linear(5), 2), "Natarajan"),
    (lambda: theory.capacity(tv.models.Linear()), "features="),
    (lambda: theory.capacity(tv.models.Formula(lambda x, w: w * x[:, 0], w=1.0)), "not known"),
    (lambda: theory.occam_bound(0.1, 10), "hypotheses="),
    (lambda: theory.occam_bound(0.1, 10, hypotheses=0), "at least 1"),
    (lambda: theory.vc_bound(0.1, 10), "dimension="),
    (lambda: theory.vc_bound(1.5, 10, dimension=1), "from 0 to 1"),
    (lambda: theory.vc_bound(0.5, 0, dimension=1), "at least 1"),
    (lambda: theory.test_set_bound(0.5, 9, confidence=1.0), "between 0 and 1"),
    (lambda: theory.rademacher_bound(0.1, 10, -1.0), "0 or more"),
    (lambda: theory.pac_bayes_bound(0.1, 10, -1.0), "0 or more"),
    (lambda: theory.kl_inverse(0.1, -1), "0 or more"),
])  # fmt: skip
def test_what_is_refused_and_how(call, words):
    with pytest.raises(RequestError, match=words):
        call()


def by_enumeration(sup, n):
    return np.mean([sup(np.array(signs)) for signs in product((-1, 1), repeat=n)])


def test_linear_classes_exactly():
    x = np.random.default_rng(0).normal(size=(8, 3))
    for norm, dual in ((2, 2), (1, np.inf)):
        found = theory.rademacher_linear(x, 1.5, norm=norm)
        exact = by_enumeration(lambda s, q=dual: 1.5 * np.linalg.norm(s @ x, q) / 8, 8)
        assert found.exact and found.value == pytest.approx(exact, 1e-12)
        assert found.value <= found.bound
    many = np.tile(x, (5, 1))
    drawn = theory.rademacher_linear(many, 1.5, draws=4000)
    assert drawn.value == pytest.approx(
        theory.rademacher_linear(many, 1.5, draws=4000, seed=1).value,
        abs=5 * drawn.standard_error,
    )
    assert drawn.value <= drawn.bound == float(drawn)


def test_finite_classes_exactly():
    rng = np.random.default_rng(0)
    rows = rng.choice([-1.0, 1.0], size=(6, 9))
    found = theory.rademacher_finite(rows)
    assert found.value == pytest.approx(
        by_enumeration(lambda s: (rows @ s).max() / 9, 9), 1e-12
    )
    assert found.value <= found.bound == pytest.approx(math.sqrt(2 * math.log(6) / 9), 1e-12)
    everything = np.array(list(product((-1.0, 1.0), repeat=5)))
    assert theory.rademacher_finite(everything).value == 1
    single = theory.rademacher_finite(np.ones((1, 100)))
    assert float(single) == 0 and abs(single.value) < 5 * single.standard_error


def test_a_model_that_fits_all_labels_has_complexity_one():
    steps = (tv.models.Linear(), tv.objectives.BinaryCrossEntropy(), tv.algorithms.Adam(0.1))
    rng = np.random.default_rng(0)
    wide = theory.rademacher_fitted(
        *steps, (rng.normal(size=(12, 40)), np.arange(12) % 2), draws=3, epochs=60
    )
    assert wide.value == 1 and wide.lower
    exact = (tv.models.Linear(), tv.objectives.SquaredError(), tv.algorithms.ClosedForm())
    assert theory.rademacher_fitted(*exact, rng.normal(size=(12, 40)), draws=2).value == 1
    with pytest.raises(DataError, match="at least 4"):
        theory.rademacher_fitted(*exact, np.ones((3, 2)))
    narrow = theory.rademacher_fitted(
        *steps, (rng.normal(size=(60, 1)), np.arange(60) % 2), draws=4, epochs=30
    )
    assert narrow.value < 0.5
    bound = theory.rademacher_bound(0.0, 12, wide)
    assert bound.vacuous and "lower bound of the supremum" in str(bound)


@pytest.mark.parametrize("call", [
    lambda: theory.rademacher_linear(np.ones((3, 2)), -1.0),
    lambda: theory.rademacher_linear(np.ones((3, 2)), 1.0, norm=3),
    lambda: theory.rademacher_linear(np.ones((0, 2)), 1.0),
    lambda: theory.rademacher_finite(np.ones(3)),
])  # fmt: skip
def test_complexities_that_are_refused(call):
    with pytest.raises(RequestError):
        call()
