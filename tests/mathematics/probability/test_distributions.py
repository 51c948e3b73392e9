"""Distributions of one number, against SciPy, mpmath and their own identities."""

import math

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import trivium as tv
from trivium.engine.errors import ArgumentError, DTypeError, ShapeError

P = tv.probability
CASES = {
    "normal": (P.Normal(1.0, 2.0), stats.norm(1, 2)),
    "student": (P.StudentT(3.0, 1.0, 2.0), stats.t(3, 1, 2)),
    "cauchy": (P.StudentT(1.0), stats.cauchy()),
    "uniform": (P.Uniform(-1.0, 3.0), stats.uniform(-1, 4)),
    "exponential": (P.Exponential(2.0), stats.expon(scale=0.5)),
    "gamma": (P.Gamma(2.5, 3.0), stats.gamma(2.5, scale=1 / 3)),
    "gamma, small shape": (P.Gamma(0.2, 3.0), stats.gamma(0.2, scale=1 / 3)),
    "gamma, large shape": (P.Gamma(250.0, 3.0), stats.gamma(250, scale=1 / 3)),
    "beta": (P.Beta(2.0, 0.7), stats.beta(2, 0.7)),
    "beta, large": (P.Beta(200.0, 70.0), stats.beta(200, 70)),
    "inverse gamma": (P.InverseGamma(3.0, 2.0), stats.invgamma(3, scale=2)),
    "inverse gaussian": (P.InverseGaussian(2.0, 3.0), stats.invgauss(2 / 3, scale=3)),
    "power law": (P.PowerLaw(4.5, 2.0), stats.pareto(3.5, scale=2)),
    "bernoulli": (P.Bernoulli(0.3), stats.bernoulli(0.3)),
    "binomial": (P.Binomial(20, 0.3), stats.binom(20, 0.3)),
    "binomial, large": (P.Binomial(500, 0.3), stats.binom(500, 0.3)),
    "poisson": (P.Poisson(4.0), stats.poisson(4)),
    "poisson, large": (P.Poisson(400.0), stats.poisson(400)),
    "negative binomial": (P.NegativeBinomial(2.5, 0.2), stats.nbinom(2.5, 0.2)),
    "geometric": (P.Geometric(0.2), stats.geom(0.2, loc=-1)),
    "zeta": (P.DiscretePowerLaw(4.5), stats.zipf(4.5)),
}  # fmt: skip
LEVELS = np.array([1e-12, 1e-6, 0.01, 0.1, 0.25, 0.5, 0.9, 0.99, 1 - 1e-6])


@pytest.mark.parametrize("name", CASES)
def test_density_and_distribution_functions_are_scipys(name):
    mine, reference = CASES[name]
    x = np.concatenate([reference.ppf(LEVELS), [-1.5, 0.25, 1.0, 2.0]])
    density = reference.logpmf if mine.discrete else reference.logpdf
    np.testing.assert_allclose(mine.log_density(x).value, density(x), rtol=2e-12, atol=1e-13)
    np.testing.assert_allclose(mine.density(x).value, np.exp(density(x)), rtol=1e-11)
    fuzz = 1e-15 if name in ("power law", "zeta") else 1e-300  # SciPy subtracts from 1 there
    np.testing.assert_allclose(mine.cdf(x), reference.cdf(x), rtol=1e-12, atol=fuzz)
    np.testing.assert_allclose(mine.survival(x), reference.sf(x), rtol=2e-12, atol=fuzz)
    np.testing.assert_allclose(np.exp(mine.log_cdf(x)), reference.cdf(x), rtol=1e-12, atol=fuzz)
    np.testing.assert_allclose(
        np.exp(mine.log_survival(x)), reference.sf(x), rtol=2e-12, atol=fuzz
    )


@pytest.mark.parametrize("name", CASES)
def test_quantiles_are_scipys_and_invert_the_distribution_function(name):
    mine, reference = CASES[name]
    np.testing.assert_allclose(mine.quantile(LEVELS), reference.ppf(LEVELS), rtol=1e-9)
    np.testing.assert_allclose(mine.upper_quantile(LEVELS), reference.isf(LEVELS), rtol=1e-9)
    x = mine.quantile(LEVELS)
    if mine.discrete:
        assert (mine.cdf(x) >= LEVELS).all() and (mine.cdf(x - 1) < LEVELS).all()
        upper = mine.upper_quantile(LEVELS)
        assert (mine.survival(upper) <= LEVELS).all()
        assert (mine.survival(upper - 1) > LEVELS).all()
    else:
        level = LEVELS[2:-1]
        np.testing.assert_allclose(mine.cdf(mine.quantile(level)), level, rtol=1e-11)
        np.testing.assert_allclose(mine.survival(mine.upper_quantile(level)), level, rtol=1e-11)
    ends = mine.quantile([0.0, 1.0])
    np.testing.assert_array_equal(ends[1], mine.upper_quantile(0.0))
    assert ends[1] == reference.support()[1]


@pytest.mark.parametrize("name", CASES)
def test_moments_and_entropy_are_scipys(name):
    mine, reference = CASES[name]
    if name == "cauchy":
        assert math.isnan(mine.mean.item()) and math.isnan(mine.variance.item())
    else:
        assert mine.mean.item() == pytest.approx(reference.mean(), rel=1e-11)
        assert mine.variance.item() == pytest.approx(reference.var(), rel=1e-10)
        assert mine.sd.item() == pytest.approx(reference.std(), rel=1e-10)
    if name not in ("zeta", "inverse gaussian"):
        assert mine.entropy().item() == pytest.approx(reference.entropy(), rel=1e-8, abs=1e-9)
    mean_log = P.expectation(mine, lambda x: mine.log_density(x).value)
    assert mine.entropy().item() == pytest.approx(-mean_log, rel=1e-7, abs=1e-9)


@pytest.mark.parametrize("name", CASES)
def test_the_density_adds_up_to_one(name):
    """Gauss-Legendre between quantiles, in ln x where a piece spans orders of magnitude."""
    mine, _ = CASES[name]
    if mine.discrete:
        k = np.arange(mine.quantile(1e-16), min(float(mine.upper_quantile(1e-11)), 1e5) + 1)
        total = mine.density(k).value.sum()
        assert total == pytest.approx(1, abs=2e-11)
        return
    tail = np.geomspace(1e-9, 0.5, 24)
    cuts = np.unique(np.concatenate([mine.quantile(tail), mine.upper_quantile(tail)]))
    nodes, weights = np.polynomial.legendre.leggauss(24)
    low, high = cuts[:-1, None], cuts[1:, None]
    x = low + (high - low) * (nodes + 1) / 2
    slope = (high - low) / 2 + 0 * x
    with np.errstate(all="ignore"):
        ratio = np.where(low > 0, high / low, 1.0)
        curved = low * ratio ** ((nodes + 1) / 2)
        wide = ratio > 2
        x, slope = np.where(wide, curved, x), np.where(wide, curved * np.log(ratio) / 2, slope)
    total = (mine.density(x).value * slope * weights).sum()
    assert total == pytest.approx(1 - 2e-9, abs=1e-9)


@pytest.mark.parametrize("name", CASES)
def test_samples_have_the_moments_and_the_distribution(name):
    mine, reference = CASES[name]
    n = 4000
    drawn = mine.sample(n, seed=11)
    assert drawn.shape == (n,)
    if name != "cauchy":
        error = math.sqrt(reference.var() / n)
        assert abs(drawn.mean() - reference.mean()) < 4.5 * error
    cuts = reference.ppf([0.1, 0.5, 0.9])
    for cut in cuts:
        share = reference.cdf(cut)
        error = math.sqrt(share * (1 - share) / n)
        assert abs((drawn <= cut).mean() - share) < 4.5 * error + 1e-12
    np.testing.assert_array_equal(mine.sample(n, key=tv.random.key(11)), drawn)
    assert (mine.sample(n, seed=12) != drawn).any()
    if name not in ("beta", "beta, large", "inverse gaussian"):
        np.testing.assert_array_equal(mine.sample(50, seed=11), drawn[:50])


@pytest.mark.parametrize("name", CASES)
def test_gradients_of_the_log_density_agree_with_differences(name):
    mine, reference = CASES[name]
    x = reference.ppf(np.array([0.2, 0.7]))
    parameters = {k: v.value.astype(float) for k, v in mine.parameters.items()}
    free = [k for k in parameters if k not in ("trials", "minimum", "low", "high")]
    if isinstance(mine, P.Geometric):
        free = ["probability"]
    for key in free:

        def total(value, key=key):
            own = {**parameters, key: value}
            if isinstance(mine, P.Geometric):
                own.pop("size")
            return type(mine)(**own).log_density(x).sum()

        at = tv.tensor(parameters[key])
        slope = tv.grad(total)(at).item()
        step = 1e-6 * max(1.0, abs(float(parameters[key])))
        up, down = (total(tv.tensor(parameters[key] + s)).item() for s in (step, -step))
        assert slope == pytest.approx((up - down) / (2 * step), rel=2e-6, abs=2e-6)


@pytest.mark.parametrize("name", ["normal", "gamma", "beta", "student", "poisson", "bernoulli"])
def test_float32_stays_float32(name):
    mine, reference = CASES[name]
    x = reference.ppf([0.3, 0.8]).astype(np.float32)
    assert mine.log_density(x).dtype == np.float32
    assert mine.cdf(x).dtype == np.float32
    single = type(mine)(**{k: v.value.astype(np.float32) for k, v in mine.parameters.items()})
    assert single.sample(3, seed=1).dtype == np.float32
    np.testing.assert_allclose(
        single.log_density(x).value,
        mine.log_density(x.astype(float)).value,
        rtol=3e-5,
        atol=1e-6,
    )


def test_parameters_broadcast():
    d = P.Normal(mean=np.zeros((3, 1)), sd=np.array([1.0, 2.0]))
    assert d.shape == (3, 2)
    assert d.sample(5, seed=0).shape == (5, 3, 2)
    assert d.log_density(0.5).shape == (3, 2) and d.cdf(0.5).shape == (3, 2)
    assert d.entropy().shape == (2,) or d.entropy().shape == (3, 2)
    k = P.Poisson(np.array([1.0, 30.0, 0.0]))
    np.testing.assert_array_equal(k.quantile(0.5), stats.poisson.ppf(0.5, [1, 30, 0]).clip(0))
    assert k.sample((2, 4), seed=3).shape == (2, 4, 3)
    with pytest.raises(ShapeError, match="do not broadcast"):
        P.Normal(np.zeros(3), np.ones(2))


def test_far_tails_stay_finite():
    with mpmath.workdps(60):
        for d, x, exact in [
            (P.Normal(), 60.0, mpmath.log(mpmath.ncdf(-60))),
            (P.Gamma(2.0), 5000.0, mpmath.log(mpmath.gammainc(2, 5000, regularized=True))),
            (P.Poisson(3.0), 700.0, mpmath.log(mpmath.gammainc(701, 0, 3, regularized=True))),
            (
                P.Binomial(2000, 0.01), 900.0,
                mpmath.log(mpmath.betainc(901, 1100, 0, mpmath.mpf("0.01"), regularized=True)),
            ),
            (P.StudentT(5.0), 1e70, mpmath.log(mpmath.mpf("2.4503448219e0")) * 0),
        ]:  # fmt: skip
            if isinstance(d, P.StudentT):
                # P(T > t) ≈ c t⁻⁵ with c = 5^(5/2)/(5 B(5/2, 1/2)) far out
                exact = mpmath.log(mpmath.mpf(5) ** 2.5 / (5 * mpmath.beta(2.5, 0.5))) - (
                    5 * mpmath.log(mpmath.mpf(1e70))
                )
            assert float(d.log_survival(x)) == pytest.approx(float(exact), rel=1e-11), d
    t = P.StudentT(2.0)
    assert float(t.survival(t.upper_quantile(1e-200))) == pytest.approx(1e-200, rel=1e-9)
    assert t.log_density(1e200).item() == pytest.approx(-3 * math.log(1e200), rel=1e-12)


def test_large_counts_keep_their_digits():
    """Loader's form: at the mode ln P = -½ ln(2πλ) up to 1/(12λ), without λ ln λ cancelling."""
    rate = 1e12
    found = P.Poisson(rate).log_density(rate).item()
    assert found == pytest.approx(-0.5 * math.log(2 * math.pi * rate), rel=1e-12)
    n = 4e12
    assert P.Binomial(n, 0.5).log_density(n / 2).item() == pytest.approx(
        -0.5 * math.log(math.pi * n / 2), rel=1e-12
    )


def test_limits_join_the_exact_formulas():
    """Each shortcut for large arguments agrees with what it replaces, at the seam and beyond."""
    k = np.arange(600, 1500)
    for rate in (999.0, 1001.0):
        log_p = stats.poisson.logpmf(k, rate)
        assert P.Poisson(rate).entropy().item() == pytest.approx(
            -(np.exp(log_p) * log_p).sum(), rel=1e-10
        )
    huge = P.Poisson(1e15).entropy().item()
    assert huge == pytest.approx(0.5 * math.log(2 * math.pi * math.e * 1e15), rel=1e-14)
    n = 10**7
    k = np.arange(990_000, 1_290_000)
    log_p = stats.binom.logpmf(k, n, 0.114)
    assert P.Binomial(n, 0.114).variance.item() > 1e6
    assert P.Binomial(n, 0.114).entropy().item() == pytest.approx(
        -(np.exp(log_p) * log_p).sum(), rel=1e-8
    )
    x = np.array([-40.0, -5.0, -1.0, 0.0, 1.0])
    np.testing.assert_allclose(P.StudentT(1e14).cdf(x), P.Normal().cdf(x), rtol=1e-11)
    np.testing.assert_allclose(
        P.StudentT(1e14).log_density(x).value, P.Normal().log_density(x).value, rtol=1e-11
    )
    law = P.DiscretePowerLaw(1.05)
    at = float(law.upper_quantile(1e-2))  # about 10⁴⁰, where whole numbers are far apart
    assert law.survival(at) == pytest.approx(1e-2, rel=1e-10)


@pytest.mark.parametrize("name", CASES)
def test_missing_and_infinite_values(name):
    mine, _ = CASES[name]
    assert math.isnan(mine.log_density(np.nan).item()) and np.isnan(mine.cdf(np.nan))
    np.testing.assert_array_equal(mine.density([-np.inf, np.inf]).value, [0, 0])
    np.testing.assert_array_equal(mine.cdf([-np.inf, np.inf]), [0, 1])
    np.testing.assert_array_equal(mine.survival([-np.inf, np.inf]), [1, 0])
    np.testing.assert_array_equal(mine.log_cdf([-np.inf, np.inf]), [-np.inf, 0])
    np.testing.assert_array_equal(mine.log_survival([-np.inf, np.inf]), [0, -np.inf])
    assert mine.log_density([]).shape == mine.cdf([]).shape == mine.sample(0, seed=1).shape


def test_parameters_may_be_inputs_of_a_program():
    mean = tv.input((3,), name="mean")
    expression = P.Normal(mean, 1.0).log_density(np.zeros(3)).sum()
    found = tv.Program([mean], (expression, tv.gradient(expression, mean))).run([0.0, 1.0, 2.0])
    assert found[0] == pytest.approx(-1.5 * math.log(2 * math.pi) - 2.5)
    np.testing.assert_allclose(found[1], [0, -1, -2])
    assert P.Gamma(tv.array.exp(mean)).kl(P.Gamma(2.0)).shape == (3,)


def test_certain_outcomes():
    never, always = P.Bernoulli(0.0), P.Bernoulli(1.0)
    np.testing.assert_array_equal(never.density([0, 1]).value, [1, 0])
    np.testing.assert_array_equal(always.density([0, 1]).value, [0, 1])
    assert never.entropy().item() == 0 and always.variance.item() == 0
    assert never.kl(P.Bernoulli(0.5)).item() == pytest.approx(math.log(2))
    assert P.Bernoulli(0.5).kl(never).item() == math.inf
    np.testing.assert_array_equal(P.Poisson(0.0).density([0, 1]).value, [1, 0])
    assert P.Poisson(0.0).entropy().item() == 0
    assert P.Poisson(0.0).kl(P.Poisson(2.0)).item() == 2
    np.testing.assert_array_equal(P.Binomial(3, 1.0).density([2, 3]).value, [0, 1])
    assert P.Binomial(3, 0.0).entropy().item() == 0
    np.testing.assert_array_equal(P.Geometric(1.0).sample(5, seed=0), np.zeros(5))
    np.testing.assert_array_equal(P.Binomial(0, 0.4).sample(3, seed=0), np.zeros(3))


def test_ends_of_the_support():
    np.testing.assert_array_equal(P.Gamma(0.5).density(0.0).value, np.inf)
    assert P.Gamma(1.0, 3.0).density(0.0).item() == pytest.approx(3)
    assert P.Gamma(2.0).density(0.0).item() == 0
    assert P.Beta(1.0, 1.0).density([0.0, 1.0]).value.tolist() == pytest.approx([1, 1])
    for d in (P.Gamma(2.0), P.Beta(2.0, 2.0), P.Poisson(2.0), P.PowerLaw(2.5)):
        assert d.log_density(-1.0).item() == -np.inf
        assert d.cdf(-1.0) == 0 and d.survival(-1.0) == 1
    assert P.Poisson(2.0).log_density(1.5).item() == -np.inf
    assert np.isnan(P.Normal().cdf(np.nan))
    assert P.Normal().cdf([-np.inf, np.inf]).tolist() == [0, 1]


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: P.Normal(0, -1), ArgumentError, "sd must be positive and finite, not -1"),
        (lambda: P.Normal(np.nan), ArgumentError, "mean must be finite"),
        (lambda: P.Normal(0, "wide"), DTypeError, "sd must be numbers"),
        (lambda: P.Bernoulli(1.2), ArgumentError, "a probability, from 0 to 1, not 1.2"),
        (lambda: P.Binomial(2.5, 0.1), ArgumentError, "trials must be a whole number"),
        (lambda: P.Geometric(0.0), ArgumentError, "above 0"),
        (lambda: P.Poisson(-2), ArgumentError, "rate must be 0 or more"),
        (lambda: P.Uniform(2, 1), ArgumentError, "low must be below high"),
        (lambda: P.PowerLaw(1.0), ArgumentError, "exponent must be above 1"),
        (lambda: P.DiscretePowerLaw(2.0, 0), ArgumentError, "whole number, 1 or more"),
        (lambda: P.Normal().quantile(1.5), ArgumentError, "from 0 to 1, not 1.5"),
        (lambda: P.Normal().sample(3), ArgumentError, "give seed="),
        (lambda: P.Normal().sample(-3, seed=1), ShapeError, "negative size"),
        (lambda: P.Normal().kl(P.Poisson(1.0)), ArgumentError, "no common measure"),
        (lambda: P.Normal().kl(3), ArgumentError, "must be a distribution"),
        (lambda: P.Uniform().natural, ArgumentError, "no member of an exponential family"),
        (lambda: P.Normal().interval(1.0), ArgumentError, "between 0 and 1"),
        (lambda: P.Normal().interval(0.9, "short"), ArgumentError, "highest-density"),
        (lambda: P.Normal(np.zeros(2)).interval(), ArgumentError, "batch"),
        (lambda: P.Beta(0.5, 0.5).mode, ArgumentError, "no single mode"),
    ],
)
def test_requests_without_an_answer_are_refused(make, error, words):
    with pytest.raises(error, match=words):
        make()


@settings(max_examples=10)
@given(st.integers(0, 2**31))
def test_divergences_are_not_negative_and_vanish_only_at_equality(seed):
    a, b, c, d = np.exp(np.random.default_rng(seed).uniform(-4, 4, (4, 40)))
    c[:20], d[:20] = a[:20] * (1 + 1e-7), b[:20] * (1 - 1e-7)  # neighbours
    for p, q in [
        (P.Gamma(a, b), P.Gamma(c, d)),
        (P.Beta(a, b), P.Beta(c, d)),
        (P.Normal(a, b), P.Normal(c, d)),
        (P.Poisson(a), P.Poisson(c)),
        (P.InverseGaussian(a, b), P.InverseGaussian(c, d)),
    ]:
        assert (p.kl(q).value > 0).all()
        assert (p.kl(p).value == 0).all()


def test_divergences_across_families_by_quadrature():
    p, q = P.Gamma(2.0, 3.0), P.Gamma(3.0, 2.0)
    from trivium.mathematics.probability.divergence import numerical_kl

    assert numerical_kl(p, q) == pytest.approx(p.kl(q).item(), rel=1e-9)
    assert numerical_kl(P.Poisson(3.0), P.Poisson(4.0)) == pytest.approx(
        P.Poisson(3.0).kl(P.Poisson(4.0)).item(), rel=1e-12
    )
    assert P.Exponential(2.0).kl(P.Gamma(1.0, 3.0)).item() == pytest.approx(
        P.Exponential(2.0).kl(P.Exponential(3.0)).item(), rel=1e-9
    )
    assert P.Normal().kl(P.Uniform(-1.0, 1.0)).item() == math.inf
    assert P.Uniform(0.0, 1.0).kl(P.Uniform(0.0, 2.0)).item() == pytest.approx(math.log(2))
    student = P.StudentT(4.0)
    assert student.kl(P.StudentT(4.0)).item() == pytest.approx(0, abs=1e-12)
    assert student.kl(P.Normal()).item() > 0


@pytest.mark.parametrize("name", ["gamma", "beta, large", "student", "inverse gamma"])
def test_a_highest_density_interval_is_the_shortest(name):
    mine, _ = CASES[name]
    low, high = mine.interval(0.8, "highest-density")
    assert float(mine.cdf(high) - mine.cdf(low)) == pytest.approx(0.8, abs=1e-9)
    ends = mine.density([low, high]).value
    assert ends[0] == pytest.approx(ends[1], rel=1e-4)
    tails = mine.interval(0.8)
    assert high - low <= tails[1] - tails[0] + 1e-12
    assert float(mine.cdf(tails[0])) == pytest.approx(0.1)


def test_a_highest_density_interval_at_an_edge_and_of_counts():
    assert P.Exponential(1.0).interval(0.9, "highest-density")[0] == 0
    low, high = P.Poisson(3.2).interval(0.9, "highest-density")
    k = np.arange(low, high + 1)
    assert P.Poisson(3.2).density(k).value.sum() >= 0.9
    for start in range(8):  # no shorter run holds as much
        run = np.arange(start, start + len(k) - 1)
        assert P.Poisson(3.2).density(run).value.sum() < 0.9
