"""Proximal gradient: the definition of the operator, scikit-learn's lasso, the duality gap."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize

import trivium as tv
from trivium.mathematics.minimization import (
    ElasticNet,
    GroupNorm,
    L1Norm,
    Reason,
    lasso_gap,
    proximal_gradient,
)

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 12))
Y = X[:, :3] @ [3, -2, 1.0] + 0.1 * RNG.normal(size=60) + 2


@given(
    st.sampled_from(
        [L1Norm(0.7), L1Norm([0.0, 1.0, 2.0]), ElasticNet(0.5, 0.3), GroupNorm(0.6, [[0, 2]])]
    ),
    st.lists(st.floats(-5, 5), min_size=3, max_size=3),
    st.floats(0.05, 3),
    st.integers(0, 2**32 - 1),
)
def test_the_operator_is_the_minimum_that_it_stands_for(penalty, x, step, seed):
    x = np.array(x)
    found = penalty.prox(x, step)

    def whole(z):
        return penalty.value(z) + ((z - x) ** 2).sum() / (2 * step)

    rng = np.random.default_rng(seed)
    for scale in (1e-3, 0.1, 1.0):
        assert whole(found) <= whole(found + scale * rng.normal(size=3)) + 1e-12


@pytest.mark.parametrize("accelerated", [True, False])
def test_the_lasso_of_scikit_learn(accelerated):
    from sklearn.linear_model import Lasso

    weight = np.r_[np.full(12, 6.0), 0.0]  # the last element is the intercept

    def residuals(x):
        return X @ x[:12] + x[12] - Y

    gap = lasso_gap(residuals, np.zeros(13), weight)
    found = proximal_gradient(
        lambda x: 0.5 * (residuals(x) ** 2).sum(), np.zeros(13), penalty=L1Norm(weight),
        accelerated=accelerated, gap=gap,
    )  # fmt: skip
    peer = Lasso(alpha=0.1, tol=1e-14, max_iter=100_000).fit(X, Y)
    np.testing.assert_allclose(found.x, np.r_[peer.coef_, peer.intercept_], atol=1e-7)
    assert found.zeros == (peer.coef_ == 0).sum() > 5
    assert 0 <= found.gap < 1e-5
    assert "duality gap" in str(found)


def test_elastic_net_of_scikit_learn():
    from sklearn.linear_model import ElasticNet as Peer

    found = proximal_gradient(
        lambda x: 0.5 * ((X @ x - Y) ** 2).mean(), np.zeros(12), penalty=ElasticNet(0.05, 0.025)
    )
    peer = Peer(alpha=0.1, l1_ratio=0.5, fit_intercept=False, tol=1e-14, max_iter=100_000)
    np.testing.assert_allclose(found.x, peer.fit(X, Y).coef_, atol=1e-7)


def test_groups_vanish_together():
    groups = [range(0, 3), range(3, 8), range(8, 12)]
    found = proximal_gradient(
        lambda x: 0.5 * ((X @ x - Y + 2) ** 2).sum(),
        np.zeros(12),
        penalty=GroupNorm(6.0, groups),
    )
    assert (found.x[:3] != 0).all()
    assert (found.x[3:] == 0).all()
    # The optimality conditions: zero groups have gradients no longer than λ√|g|.
    slope = X.T @ (X @ found.x - Y + 2)
    for group in groups[1:]:
        assert np.linalg.norm(slope[list(group)]) <= 6 * np.sqrt(len(group)) + 1e-6


@given(st.integers(0, 2**32 - 1), st.floats(0.1, 30))
def test_the_gap_bounds_the_distance_to_the_minimum(seed, weight):
    rng = np.random.default_rng(seed)
    m, b = rng.normal(size=(8, 4)), rng.normal(size=8)
    gap = lasso_gap(lambda x: m @ x - b, np.zeros(4), weight)

    def value(x):
        return 0.5 * ((m @ x - b) ** 2).sum() + weight * np.abs(x).sum()

    best = proximal_gradient(
        lambda x: 0.5 * ((m @ x - b) ** 2).sum(), np.zeros(4), penalty=L1Norm(weight)
    )
    for _ in range(3):
        x = rng.normal(size=4)
        assert gap(x) >= value(x) - best.value - 1e-9
    assert gap(best.x) <= 1e-5 * (1 + best.value)


def test_it_stops_at_a_gap_that_is_small_enough_and_fista_beats_ista():
    bad = RNG.normal(size=(40, 30)) * 10 ** np.linspace(0, -1, 30)

    def f(x):
        return 0.5 * ((bad @ x - Y[:40]) ** 2).sum()

    gap = lasso_gap(lambda x: bad @ x - Y[:40], np.zeros(30), 0.05)
    runs = [
        proximal_gradient(
            f, np.zeros(30), penalty=L1Norm(0.05), accelerated=a, gap=gap, gap_tolerance=1e-4,
            gradient_tolerance=0.0, iterations=1500,
        )
        for a in (True, False)
    ]  # fmt: skip
    assert runs[0].stopped is Reason.CONVERGED
    assert runs[0].gap <= 1e-4
    assert 2 * runs[0].iterations < runs[1].iterations


def test_logistic_regression_with_l1_against_bfgs_in_split_variables():
    y = np.sign(X[:, 0] - 0.5 * X[:, 1] + 0.3 * RNG.normal(size=60))
    found = proximal_gradient(
        lambda w: tv.array.softplus(-y * (X @ w)).sum(), np.zeros(12), penalty=L1Norm(2.0)
    )

    def split(s):
        w = s[:12] - s[12:]
        margin = -y * (X @ w)
        slope = X.T @ (-y / (1 + np.exp(-margin)))
        return np.logaddexp(0, margin).sum() + 2 * s.sum(), np.r_[slope + 2, 2 - slope]

    peer = optimize.minimize(
        split, np.full(24, 0.1), jac=True, method="L-BFGS-B", bounds=[(0, None)] * 24,
        options={"ftol": 1e-15, "gtol": 1e-9, "maxiter": 10_000},
    )  # fmt: skip
    assert found.value == pytest.approx(peer.fun, rel=1e-8)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: L1Norm(-1.0), "zero or positive"),
        (lambda: L1Norm(np.inf), "zero or positive"),
        (lambda: GroupNorm(1.0, [[0, 1], [1, 2]]), "twice"),
        (lambda: proximal_gradient(lambda x: x.sum(), [1.0], penalty=3), "penalty="),
    ],
)
def test_penalties_that_make_no_sense_are_refused(make, words):
    with pytest.raises(tv.TriviumError, match=words):
        make()
