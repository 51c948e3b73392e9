"""Frequentist beside Bayesian: intervals against SciPy, textbooks and their definitions."""

import math

import numpy as np
import pytest
from scipy import stats

import trivium as tv
from trivium.engine.errors import ArgumentError

P = tv.probability
CUT = stats.chi2.ppf(0.95, 1)
_RNG = np.random.default_rng(5)


def test_proportions_have_scipys_intervals():
    found = P.infer("bernoulli", [1] * 7 + [0] * 3)["probability"]
    test = stats.binomtest(7, 10)
    assert found.confidence["score"] == pytest.approx(
        tuple(test.proportion_ci(method="wilson"))
    )
    assert found.confidence["exact"] == pytest.approx(tuple(test.proportion_ci()))
    assert found.estimate == 0.7
    assert found.standard_error == pytest.approx(math.sqrt(0.7 * 0.3 / 10))
    for end in found.confidence["likelihood ratio"]:
        assert 20 * P.Bernoulli(0.7).kl(P.Bernoulli(end)).item() == pytest.approx(CUT)
    same = P.infer("binomial", [4, 3], trials=5)["probability"]
    for kind in found.confidence:
        assert same.confidence[kind] == pytest.approx(found.confidence[kind])


def test_counts_have_garwoods_interval():
    found = P.infer("poisson", [2, 3, 0, 5])["rate"]
    low, high = stats.chi2.ppf(0.025, 20) / 8, stats.chi2.ppf(0.975, 22) / 8
    assert found.confidence["exact"] == pytest.approx((low, high))
    assert found.standard_error == pytest.approx(math.sqrt(2.5 / 4))
    for end in found.confidence["score"]:
        assert 4 * (2.5 - end) ** 2 / end == pytest.approx(CUT)


def test_a_normal_sample_has_students_interval_and_the_reference_posterior_agrees():
    x = 1e6 + _RNG.normal(size=12)
    found = P.infer("normal", x, level=0.9)
    mean, sd = found["mean"], found["sd"]
    expected = stats.t.interval(0.9, 11, x.mean(), stats.sem(x))
    assert mean.confidence["exact"] == pytest.approx(expected, rel=1e-12)
    assert mean.credible["equal-tailed"] == pytest.approx(expected, rel=1e-12)
    squares = ((x - x.mean()) ** 2).sum()
    ends = tuple(np.sqrt(squares / stats.chi2.ppf([0.95, 0.05], 11)))
    assert sd.confidence["exact"] == pytest.approx(ends)
    assert sd.credible["equal-tailed"] == pytest.approx(ends)
    assert "1000000." in str(found)  # as many digits as the spread deserves


@pytest.mark.parametrize("name", ["gamma", "beta", "inverse_gaussian", "normal"])
def test_profile_likelihood_intervals_end_where_the_likelihood_has_fallen(name):
    """Against a direct maximisation over the other parameter."""
    from scipy import optimize

    x = {
        "gamma": _RNG.gamma(3, 2, 40),
        "beta": _RNG.beta(2, 3, 40),
        "inverse_gaussian": _RNG.wald(2, 3, 40),
        "normal": _RNG.normal(1, 2, 40),
    }[name]
    log_density = {
        "gamma": lambda shape, rate: stats.gamma.logpdf(x, shape, scale=1 / rate),
        "beta": lambda alpha, beta: stats.beta.logpdf(x, alpha, beta),
        "inverse_gaussian": lambda mean, shape: stats.invgauss.logpdf(
            x, mean / shape, scale=shape
        ),
        "normal": lambda mean, sd: stats.norm.logpdf(x, mean, sd),
    }[name]
    found = P.infer(name, x)
    best = found.likelihood
    first, second = found.family.parameters

    def log_likelihood(**parameters):
        return log_density(**parameters).sum()

    for fixed, free in ((first, second), (second, first)):
        start = float(best.parameters[free])
        for end in found[fixed].confidence["likelihood ratio"]:
            width = (0.2 * start, 5 * start) if start > 0 else (start - 5, start + 5)
            inner = optimize.minimize_scalar(
                lambda v, fixed=fixed, free=free, end=end: (
                    -log_likelihood(**{fixed: end, free: float(v)})
                ),
                bounds=width,
                method="bounded",
                options={"xatol": 1e-7},
            )
            assert 2 * (best.log_likelihood + inner.fun) == pytest.approx(CUT, rel=1e-4)


def test_intervals_of_the_other_families():
    found = P.infer("exponential", [1.0, 2.0, 4.5])["rate"]
    assert found.confidence["exact"] == pytest.approx(
        tuple(stats.gamma.ppf([0.025, 0.975], 3) / 7.5)
    )
    assert found.credible["equal-tailed"] == pytest.approx(found.confidence["exact"])
    found = P.infer("power_law", [1.5, 2.0, 9.0], minimum=1.0)["exponent"]
    low, high = 1 + stats.gamma.ppf([0.025, 0.975], 3) / np.log([1.5, 2, 9]).sum()
    assert found.confidence["exact"] == pytest.approx((low, high))
    assert found.credible["equal-tailed"] == pytest.approx((low, high))
    known = P.infer("normal_known_variance", [3.0, 5.0], sd=2.0)["mean"]
    z = stats.norm.ppf(0.975) * math.sqrt(2)
    for kind in ("Wald", "likelihood ratio", "score", "exact"):
        assert known.confidence[kind] == pytest.approx((4 - z, 4 + z))
    found = P.infer("geometric", [3, 0, 2, 8])["probability"]
    low, high = found.confidence["exact"]
    assert stats.nbinom.cdf(13, 4, low) == pytest.approx(0.025)
    assert stats.nbinom.sf(12, 4, high) == pytest.approx(0.025)


def test_estimates_on_the_edge_have_one_sided_intervals():
    found = P.infer("poisson", [0, 0, 0])
    rate = found["rate"]
    assert math.isnan(rate.standard_error) and "Wald" not in rate.confidence
    assert rate.confidence["likelihood ratio"] == pytest.approx((0, CUT / 6))
    assert rate.confidence["exact"] == pytest.approx((0, -math.log(0.025) / 3))
    assert rate.credible["highest-density"][0] == 0
    assert any("edge" in note for note in found.notes)
    ones = P.infer("bernoulli", [1, 1, 1])["probability"]
    assert ones.confidence["likelihood ratio"] == pytest.approx((math.exp(-CUT / 6), 1))


def test_what_one_side_cannot_say_the_other_may():
    found = P.infer("normal", [1.0, 1.0, 1.0], prior=P.NormalInverseGamma(0.0, 1.0, 1.0, 1.0))
    assert found.likelihood is None and math.isnan(found["mean"].estimate)
    assert found["mean"].posterior_mean == pytest.approx(0.75)
    assert any("grows without bound" in note for note in found.notes)
    neither = P.infer("normal", [3.0])
    assert neither.posterior is None and "no answer" in str(neither)
    assert any("no proper posterior" in note for note in neither.notes)
    only = P.infer("inverse_gaussian", _RNG.wald(2, 1, 20))
    assert only.posterior is None and any("no conjugate prior" in n for n in only.notes)


def test_classes_and_vectors():
    found = P.infer("categorical", [0, 1, 1, 2, 2, 2], classes=4)
    assert list(found.parameters) == [f"probability {j}" for j in range(4)]
    alone = P.infer("bernoulli", [1, 1, 0, 0, 0, 0])["probability"]
    assert found["probability 1"].confidence["exact"] == pytest.approx(
        alone.confidence["exact"]
    )
    assert found["probability 1"].credible["equal-tailed"] == pytest.approx(
        P.Beta(2.5, 5.5).interval(0.95)
    )
    x = _RNG.normal(size=(20, 2)) @ np.array([[1.0, 0.5], [0.0, 2.0]])
    many = P.infer("multivariate_normal", x)
    column = P.infer("normal", x[:, 1])["mean"]
    assert many["mean 1"].confidence["exact"] == pytest.approx(column.confidence["exact"])
    assert many["variance 1"].estimate == pytest.approx(x[:, 1].var())
    assert P.infer("dirichlet", _RNG.dirichlet([2, 3], 30))["concentration 0"].estimate > 0


def test_coverage_is_the_level():
    """Exactly: five Poisson counts matter through their total only, whose law is known."""
    totals = np.arange(3, 32)
    weights = stats.poisson.pmf(totals, 15)
    covered = dict.fromkeys(("likelihood ratio", "exact", "score"), 0.0)
    for total, weight in zip(totals, weights, strict=True):
        found = P.infer("poisson", [total, 0, 0, 0, 0])["rate"].confidence
        for kind in covered:
            covered[kind] += weight * (found[kind][0] <= 3.0 <= found[kind][1])
    assert covered["exact"] >= 0.95
    assert 0.93 < covered["likelihood ratio"] < 0.97
    assert 0.93 < covered["score"] < 0.97


def test_the_table_reads_in_one_glance():
    text = str(P.infer("bernoulli", [1] * 7 + [0] * 3, prior=P.Beta(2.0, 2.0)))
    for words in ("bernoulli, n = 10", "level 95 %", "prior: Beta(alpha=2., beta=2.)",
                  "maximum likelihood", "0.7 ± 0.145", "Wald interval", "highest-density",
                  "next observation: Bernoulli"):  # fmt: skip
        assert words in text


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda: P.infer("bernoulli", [0, 1], level=1.0), "between 0 and 1"),
        (lambda: P.infer("poisson", [1, -1]), "-1 at position 1"),
        (lambda: P.infer("poisson", []), "no observations"),
        (lambda: P.infer("poison", [1]), "did you mean 'poisson'"),
        (lambda: P.infer("poisson", [1], prior=P.Beta(1.0, 1.0)), "is Gamma"),
        (lambda: P.infer("binomial", [3], trials=2), "from 0 to 2"),
    ],
)
def test_bad_requests_are_refused(ask, words):
    with pytest.raises(ArgumentError, match=words):
        ask()
