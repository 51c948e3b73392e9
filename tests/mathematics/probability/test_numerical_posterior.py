"""Posteriors of gamma, beta and Dirichlet data, against brute-force quadrature and identities."""

import math

import numpy as np
import pytest
from scipy import integrate, special, stats

import trivium as tv
from trivium.engine.errors import ArgumentError, DomainError
from trivium.mathematics.probability.posterior_kernel import Kernel, drawn

P = tv.probability
_RNG = np.random.default_rng(3)
GAMMA = _RNG.gamma(2.5, 2.0, 9)
BETA = _RNG.beta(2.0, 0.8, 11)
THREE = _RNG.dirichlet([0.8, 2.0, 4.0], 8)
PRIOR = P.ConjugatePrior(1.5, shape=2.0, rate=1.0)


def gamma_by_one_integral(data, chi, nu, power):
    """E f of a gamma posterior: the rate given the shape a is Gamma(νa + power, χ₂), exactly."""

    def log_density(a):
        own = nu * a + power
        return (
            (a - 1) * chi[0]
            - nu * special.gammaln(a)
            + special.gammaln(own)
            - own * np.log(chi[1])
        )

    def jeffreys(a):
        return 0.5 * np.log(a * special.polygamma(1, a) - 1) if power == 0 else 0.0

    top = max(log_density(a) + jeffreys(a) for a in np.geomspace(0.01, 100, 2000))

    def expect(f):
        def inside(v):
            a = math.exp(v)
            return math.exp(log_density(a) + jeffreys(a) - top + v) * f(a)

        return integrate.quad(inside, -14, 7, limit=400, epsabs=0, epsrel=1e-12)[0]

    total = expect(lambda a: 1.0)
    return (lambda f: expect(f) / total), math.log(total) + top


@pytest.mark.parametrize("prior", [None, PRIOR], ids=["Jeffreys", "conjugate"])
def test_gamma_posterior_is_that_of_one_exact_integral(prior):
    """Moments, probabilities, quantiles, evidence and predictions."""
    found = P.family("gamma").posterior(prior, GAMMA)
    power = 0 if prior is None else 1
    expect, log_total = gamma_by_one_integral(GAMMA, found.chi, found.nu, power)

    def own(a):
        return found.nu * a + power

    mean = [expect(lambda a: a), expect(lambda a: own(a) / found.chi[1])]
    np.testing.assert_allclose(found.mean, mean, rtol=1e-8)
    second = expect(lambda a: own(a) * (own(a) + 1) / found.chi[1] ** 2)
    marginals = found.marginals()
    assert marginals["shape"].sd == pytest.approx(
        math.sqrt(expect(lambda a: a * a) - mean[0] ** 2), rel=1e-7
    )
    assert marginals["rate"].sd == pytest.approx(math.sqrt(second - mean[1] ** 2), rel=1e-7)
    spreads = [marginals["shape"].sd, marginals["rate"].sd]
    np.testing.assert_allclose(np.sqrt(np.diag(found.covariance)), spreads, rtol=1e-7)
    for q in (1e-4, 0.025, 0.5, 0.9):
        rate = float(marginals["rate"].quantile(q))
        assert expect(lambda a, r=rate: special.gammainc(own(a), r * found.chi[1])) == (
            pytest.approx(q, rel=1e-6)
        )
        shape = float(marginals["shape"].quantile(q))
        assert marginals["shape"].cdf(shape) == pytest.approx(q, rel=1e-9)
        assert expect(lambda a, s=shape: float(a <= s)) == pytest.approx(q, abs=2e-5)
    tail = float(marginals["rate"].upper_quantile(1e-6))
    assert expect(lambda a: special.gammaincc(own(a), tail * found.chi[1])) == (
        pytest.approx(1e-6, rel=1e-5)
    )
    x = np.array([0.01, 1.0, 5.0, 40.0])
    exact = [
        expect(
            lambda a, v=v: math.exp(
                (a - 1) * math.log(v)
                - special.gammaln(a)
                + special.gammaln(own(a) + a)
                - special.gammaln(own(a))
                + own(a) * math.log(found.chi[1])
                - (own(a) + a) * math.log(found.chi[1] + v)
            )
        )
        for v in x
    ]
    np.testing.assert_allclose(found.predictive().density(x).value, exact, rtol=1e-8)
    if prior is not None:
        chi, nu = prior.hyper(found.family)
        before = gamma_by_one_integral(GAMMA, chi, nu, power)[1]
        assert found.log_evidence == pytest.approx(log_total - before, rel=1e-9)
        assert found.error < 1e-9


def test_beta_posterior_is_that_of_a_double_integral():
    prior = P.ConjugatePrior(2.0, alpha=1.0, beta=2.0)
    found = P.family("beta").posterior(prior, BETA)

    def kernel(b, a):
        logs = (a - 1) * found.chi[0] + (b - 1) * found.chi[1] - found.nu * special.betaln(a, b)
        return math.exp(logs - 10)

    def integral(f):
        return integrate.dblquad(
            lambda b, a: kernel(b, a) * f(a, b), 0, 60, 0, 60, epsabs=0, epsrel=1e-9
        )[0]

    total = integral(lambda a, b: 1.0)
    np.testing.assert_allclose(
        found.mean,
        [integral(lambda a, b: a) / total, integral(lambda a, b: b) / total],
        rtol=1e-6,
    )
    assert found.covariance[0, 1] == pytest.approx(
        integral(lambda a, b: a * b) / total - found.mean[0] * found.mean[1], rel=1e-5
    )


def test_two_classes_of_a_dirichlet_are_a_beta():
    both = np.stack([BETA, 1 - BETA], axis=1)
    one = P.family("beta").posterior(None, BETA)
    other = P.family("dirichlet", classes=2).posterior(None, both)
    np.testing.assert_allclose(one.mean, other.mean, rtol=1e-9)
    assert one.interval(0.9, of="alpha") == pytest.approx(
        other.interval(0.9, of="concentration 0"), rel=1e-8
    )
    assert one.map().parameters["alpha"].item() == pytest.approx(
        other.map().parameters["concentration"].value[0], rel=1e-5
    )


CASES = {
    "gamma": ({}, PRIOR, GAMMA),
    "beta": ({}, P.ConjugatePrior(2.0, alpha=1.0, beta=2.0), BETA),
    "dirichlet": ({"classes": 3}, P.ConjugatePrior(1.0, concentration=[1.0, 1.0, 1.0]), THREE),
}


@pytest.mark.parametrize("name", ["gamma", "beta"])
def test_evidence_is_the_product_of_predictions(name):
    known, prior, data = CASES[name]
    family = P.family(name, **known)
    total = 0.0
    for i in range(4):
        before = family.posterior(prior, data[:i] if i else None)
        total += before.predictive().log_density(data[i : i + 1]).value[0]
    after = family.posterior(prior, data[:4])
    assert after.log_evidence == pytest.approx(total, rel=1e-7, abs=1e-7)


@pytest.mark.parametrize("name", CASES)
def test_the_prior_expects_the_mean_statistic_of_its_member(name):
    """E ∇A(η) = χ/ν, and the mode is that member (Diaconis & Ylvisaker, theorem 2)."""
    known, prior, _ = CASES[name]
    found = P.family(name, **known).posterior(prior, None)
    eta = found.kernel.natural(tv.tensor(found.points))
    statistics = found.family.mean_statistic(eta).value
    np.testing.assert_allclose(found.weights @ statistics, found.chi / found.nu, rtol=1e-4)
    for key, value in prior.member.items():
        np.testing.assert_allclose(found.map().parameters[key].value, value, rtol=1e-7)
    assert found.log_evidence == 0 and found.n == 0


@pytest.mark.parametrize("name", ["gamma", "beta"])
def test_the_predictive_is_a_density_and_its_sample_comes_from_it(name):
    known, prior, data = CASES[name]
    predictive = P.family(name, **known).predictive(prior, data)
    own = predictive.posterior
    low, high = (0.05, 0.95) if name == "beta" else (0.1, 20.0)
    x, weights = np.polynomial.legendre.leggauss(120)
    x = low + (high - low) * (x + 1) / 2
    inside = float(weights @ predictive.density(x).value) * (high - low) / 2
    first, second = own.points.T
    if name == "beta":
        exact = special.betainc(first, second, high) - special.betainc(first, second, low)
    else:
        exact = special.gammainc(first, high * second) - special.gammainc(first, low * second)
    assert inside == pytest.approx(own.weights @ exact, rel=1e-8)
    outside = predictive.log_density([-1.0, math.nan]).value
    assert outside[0] == -math.inf and math.isnan(outside[1])
    sample = predictive.sample(4000, seed=1)
    np.testing.assert_array_equal(sample, predictive.sample(4000, seed=1))
    share = ((sample > low) & (sample < high)).mean()
    assert share == pytest.approx(inside, abs=4 * math.sqrt(inside * (1 - inside) / 4000))


def test_importance_sampling_agrees_with_the_grid_within_its_error():
    known, prior, data = CASES["dirichlet"]
    exact = P.family("dirichlet", **known).posterior(prior, data)
    kernel = Kernel(exact.family, exact.chi, exact.nu, False)
    log_total, error, u, weights = drawn(kernel, kernel.peak())
    assert log_total == pytest.approx(exact.first.log_total, abs=4 * error) and error < 0.02
    sd = np.sqrt(np.diag(exact.covariance))
    assert (np.abs(weights @ np.exp(u) - exact.mean) < 5 * error * sd).all()


def test_many_classes_are_sampled_and_say_so():
    data = np.random.default_rng(0).dirichlet(np.arange(1.0, 9.0), 200)
    found = P.family("dirichlet", classes=8).posterior(None, data)
    assert found.method == "importance sampling" and found.error < 0.02
    estimate = P.family("dirichlet", classes=8).mle(data)
    np.testing.assert_allclose(
        found.mean, estimate.parameters["concentration"], rtol=0.05, atol=0.05
    )
    errors = estimate.standard_errors["concentration"]
    np.testing.assert_allclose(np.sqrt(np.diag(found.covariance)), errors, rtol=0.1)
    row = P.infer("dirichlet", data)["concentration 3"]
    assert (
        row.credible["equal-tailed"][0] < row.posterior_mean < row.credible["equal-tailed"][1]
    )
    assert math.isnan(row.posterior_mode)
    lower, upper = found.marginals()["concentration 3"].interval(0.9, "highest-density")
    assert lower < row.estimate < upper


@pytest.mark.parametrize("name", CASES)
def test_many_observations_leave_little_of_the_prior(name):
    known, prior, _ = CASES[name]
    family = P.family(name, **known)
    usual = {key: value + 1.0 for key, value in prior.member.items()}
    data = family.distribution(**usual).sample(3000, seed=5)
    found, estimate = family.posterior(prior, data), family.mle(data)
    fitted = np.concatenate([np.ravel(estimate.parameters[key]) for key in family.parameters])
    errors = np.concatenate(
        [np.ravel(estimate.standard_errors[key]) for key in family.parameters]
    )
    assert (np.abs(found.mean - fitted) < 0.2 * errors).all()
    np.testing.assert_allclose(np.sqrt(np.diag(found.covariance)), errors, rtol=0.03)


def test_jeffreys_intervals_cover_as_often_as_they_say():
    draws, hits = np.random.default_rng(11), 0
    for _ in range(30):
        found = P.family("gamma").posterior(None, draws.gamma(2.0, 1.0, 8))
        low, high = found.interval(0.8, of="shape")
        hits += low < 2.0 < high
    assert stats.binomtest(hits, 30, 0.8).pvalue > 1e-3


def test_infer_shows_both_schools():
    found = P.infer("gamma", GAMMA)
    assert found.posterior.method == "grid"
    for name in ("shape", "rate"):
        row = found[name]
        assert row.posterior_mean == pytest.approx(row.estimate, rel=0.3)
        low, high = row.credible["highest-density"]
        assert low < row.posterior_mode < high
    text = str(found)
    assert "prior: Jeffreys' prior" in text and "integrated numerically (grid)" in text
    one = P.infer("gamma", [2.0])
    assert one.posterior is None and any("no proper posterior" in note for note in one.notes)


def test_few_data_have_no_mode_under_jeffreys_prior_and_state_their_error():
    found = P.family("gamma").posterior(None, [1.0, 2.0])
    assert found.error < 1e-3
    with pytest.raises(ArgumentError, match="no mode"):
        found.map()


def test_a_marginal_is_a_distribution():
    marginal = P.family("gamma").posterior(PRIOR, GAMMA).marginals()["rate"]
    x = np.linspace(1e-3, 4, 40001)
    assert integrate.simpson(marginal.density(x), x=x) == pytest.approx(1, abs=1e-7)
    assert integrate.simpson(x * marginal.density(x), x=x) == pytest.approx(
        marginal.mean, rel=1e-6
    )
    q = np.array([0.0, 1e-12, 0.3, 1.0])
    np.testing.assert_allclose(marginal.cdf(marginal.quantile(q)), q, rtol=1e-6)
    np.testing.assert_allclose(marginal.survival(x) + marginal.cdf(x), 1, rtol=1e-12)
    assert marginal.quantile(0.0) == 0 and marginal.upper_quantile(0.0) == math.inf
    assert np.isnan(marginal.cdf(math.nan)) and marginal.cdf(-1.0) == 0
    peak = marginal.mode
    assert (marginal.density([peak * 0.999, peak * 1.001]) < marginal.density(peak)).all()
    low, high = marginal.interval(0.9, "highest-density")
    assert marginal.density(low) == pytest.approx(marginal.density(high), rel=1e-3)


@pytest.mark.parametrize(
    ("ask", "kind", "words"),
    [
        (lambda: P.family("gamma").posterior(P.Gamma(1.0), GAMMA), ArgumentError, "ConjugatePrior"),
        (lambda: P.family("gamma").posterior(None, []), ArgumentError, "no data"),
        (lambda: P.family("gamma").posterior(None, [2.0, 2.0]), DomainError, "no proper"),
        (lambda: P.family("gamma").posterior(None, [-1.0, 2.0]), ArgumentError, "positive"),
        (lambda: P.ConjugatePrior(0.0, shape=1.0, rate=1.0), ArgumentError, "strength"),
        (lambda: P.ConjugatePrior("2x", shape=1.0, rate=1.0), ArgumentError, "strength"),
        (
            lambda: P.family("gamma").posterior(P.ConjugatePrior(1.0, alpha=1.0), GAMMA),
            ArgumentError, "has shape, rate",
        ),
        (
            lambda: P.family("gamma").posterior(
                P.ConjugatePrior(1.0, shape=-1.0, rate=1.0), GAMMA
            ),
            ArgumentError, "shape",
        ),
        (
            lambda: P.family("dirichlet", classes=3).posterior(
                P.ConjugatePrior(1.0, concentration=[1.0, 1.0]), THREE
            ),
            ArgumentError, "dimension",
        ),
        (
            lambda: P.family("gamma").posterior(PRIOR, GAMMA).interval(),
            ArgumentError, "say which with of=",
        ),
        (
            lambda: P.family("inverse_gaussian").posterior(None, GAMMA),
            ArgumentError, "no conjugate prior",
        ),
        (
            lambda: P.family("dirichlet", classes=100).posterior(
                None, np.random.default_rng(0).dirichlet(np.ones(100), 3)
            ),
            ArgumentError, "at most 60",
        ),
    ],
)  # fmt: skip
def test_what_has_no_answer_is_refused(ask, kind, words):
    with pytest.raises(kind, match=words):
        ask()
