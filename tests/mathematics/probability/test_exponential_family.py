"""What follows from one definition: moments, entropy, divergence, maximum likelihood."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import trivium as tv
from trivium.engine.errors import ArgumentError, DomainError, ShapeError

P = tv.probability
_RNG = np.random.default_rng(7)
# name, what is known, usual parameters of some member
MEMBERS = [
    ("bernoulli", {}, {"probability": 0.3}),
    ("beta", {}, {"alpha": 2.0, "beta": 0.7}),
    ("binomial", {"trials": 7}, {"probability": 0.2}),
    ("categorical", {"classes": 3}, {"probabilities": [0.2, 0.5, 0.3]}),
    ("dirichlet", {"classes": 3}, {"concentration": [0.6, 2.0, 5.0]}),
    ("discrete_power_law", {"minimum": 2}, {"exponent": 4.5}),
    ("exponential", {}, {"rate": 0.4}),
    ("gamma", {}, {"shape": 2.5, "rate": 3.0}),
    ("gamma_known_shape", {"shape": 2.5}, {"rate": 3.0}),
    ("geometric", {}, {"probability": 0.3}),
    ("inverse_gaussian", {}, {"mean": 2.0, "shape": 3.0}),
    (
        "multivariate_normal", {"dimension": 2},
        {"mean": [1.0, -2.0], "covariance": [[2.0, 0.6], [0.6, 1.0]]},
    ),
    ("negative_binomial", {"size": 2.5}, {"probability": 0.4}),
    ("normal", {}, {"mean": 1.0, "sd": 2.0}),
    ("normal_known_variance", {"sd": 2.0}, {"mean": 1.0}),
    ("poisson", {}, {"rate": 3.0}),
    ("power_law", {"minimum": 2.0}, {"exponent": 3.5}),
]  # fmt: skip
NAMES = [name for name, _, _ in MEMBERS]


def member(name):
    known, usual = next((k, u) for n, k, u in MEMBERS if n == name)
    family = P.family(name, **known)
    usual = {key: np.asarray(value, float) for key, value in usual.items()}
    distribution = family.distribution(**usual)
    natural = family.natural(**{k: tv.tensor(v) for k, v in usual.items()}).value
    return family, usual, distribution, natural


@pytest.mark.parametrize("name", NAMES)
def test_natural_and_usual_parameters_are_one_to_one(name):
    family, usual, distribution, natural = member(name)
    assert natural.shape == (family.size,) and family.inside(natural)
    back = family.usual(tv.tensor(natural))
    for key, value in usual.items():
        np.testing.assert_allclose(back[key].value, value, rtol=1e-13)
    if distribution.family is not None and name not in (
        "normal_known_variance",
        "gamma_known_shape",
    ):
        np.testing.assert_allclose(distribution.natural.value, natural, rtol=1e-13)


@pytest.mark.parametrize("name", NAMES)
def test_the_definition_gives_the_distributions_density(name):
    family, _, distribution, natural = member(name)
    x = distribution.sample(20, seed=3)
    np.testing.assert_allclose(
        family.log_density(x, natural).value,
        distribution.log_density(x).value,
        rtol=1e-11,
        atol=1e-11,
    )


@pytest.mark.parametrize("name", NAMES)
def test_derivatives_of_the_log_partition_are_moments_of_the_statistic(name):
    """Against a large sample, within computed standard errors."""
    family, _, distribution, natural = member(name)
    n = 20_000
    t = family.statistic(tv.tensor(distribution.sample(n, seed=5))).value
    mean, covariance = family.mean_statistic(natural).value, None
    covariance = family.covariance_statistic(natural).value
    assert np.all(np.linalg.eigvalsh(covariance) > 0)
    error = np.sqrt(np.diagonal(covariance) / n)
    assert (np.abs(t.mean(axis=0) - mean) < 5 * error).all()
    products = np.einsum("ni,nj->nij", t - mean, t - mean)
    spread = products.std(axis=0) / np.sqrt(n)
    assert (np.abs(products.mean(axis=0) - covariance) < 5 * spread).all()


def test_known_moments_are_exact():
    family, _, _, natural = member("binomial")
    assert family.mean_statistic(natural).value == pytest.approx([1.4], rel=1e-14)
    assert family.covariance_statistic(natural).value.item() == pytest.approx(1.12, rel=1e-14)
    family, _, _, natural = member("normal")
    np.testing.assert_allclose(family.mean_statistic(natural).value, [1, 5], rtol=1e-14)
    # Var x = σ², Cov(x, x²) = 2μσ², Var x² = 2σ⁴ + 4μ²σ²
    np.testing.assert_allclose(
        family.covariance_statistic(natural).value, [[4, 8], [8, 48]], rtol=1e-14
    )


@pytest.mark.parametrize("name", NAMES)
def test_entropy_and_divergence_follow_from_the_log_partition(name):
    family, _, distribution, natural = member(name)
    assert family.entropy(natural).item() == pytest.approx(
        distribution.entropy().item(), rel=1e-9, abs=1e-9
    )
    away = natural * (1 + 0.1 * np.cos(np.arange(family.size)))
    other = family.distribution(
        **{k: v.value for k, v in family.usual(tv.tensor(away)).items()}
    )
    found = family.kl(natural, away).item()
    assert found > 0
    assert found == pytest.approx(distribution.kl(other).item(), rel=1e-9)
    x = distribution.sample(20_000, seed=9)
    terms = (distribution.log_density(x) - other.log_density(x)).value
    assert abs(terms.mean() - found) < 5 * terms.std() / np.sqrt(len(terms))


@pytest.mark.parametrize("name", NAMES)
def test_divergence_of_neighbours_is_half_the_fisher_metric(name):
    """KL(η, η + δ) = ½ δᵀ I δ, where the plain difference has no digit left."""
    family, _, _, natural = member(name)
    step = 1e-7 * natural
    expected = 0.5 * step @ family.fisher_information(natural).value @ step
    assert family.kl(natural, natural + step).item() == pytest.approx(expected, rel=1e-5)
    assert family.kl(natural, natural).item() == 0


@settings(max_examples=15)
@given(st.integers(0, 2**31), st.sampled_from(["gamma", "beta", "poisson", "normal"]))
def test_divergence_is_never_negative(seed, name):
    rng = np.random.default_rng(seed)
    family = P.family(name)
    low = {"gamma": 0.0, "beta": 0.0, "poisson": -3.0, "normal": 0.0}[name]
    one, two = (np.exp(rng.uniform(-5, 5, (30, family.size))) + low for _ in range(2))
    if name in ("gamma", "normal"):
        one[:, 1], two[:, 1] = -one[:, 1], -two[:, 1]
    if name == "poisson":
        one, two = np.log(one + 3.1), np.log(two + 3.1)
    assert (family.kl(one, two).value >= 0).all()


@pytest.mark.parametrize("name", NAMES)
def test_maximum_likelihood_matches_moments_and_is_a_maximum(name):
    family, _, distribution, _ = member(name)
    x = distribution.sample(400, seed=21)
    found = family.mle(x)
    moments = family.mean_statistic(found.natural).value
    np.testing.assert_allclose(moments, found.mean_statistic, rtol=1e-8, atol=1e-10)
    for shift in 0.01 * np.eye(family.size):
        for away in (found.natural * (1 + shift), found.natural * (1 - shift)):
            if family.inside(away):
                worse = family.log_density(x, away).value.sum()
                assert worse <= found.log_likelihood + 1e-9
    for key, value in found.parameters.items():
        error = found.standard_errors[key]
        truth = member(name)[1][key]
        assert (np.abs(value - truth) < 5 * error).all()
    assert "Maximum likelihood" in str(found) and np.isfinite(found.condition)


@pytest.mark.parametrize("name", ["gamma", "beta", "dirichlet", "discrete_power_law", "normal"])
def test_the_natural_parameter_of_a_mean(name):
    from trivium.mathematics.probability.estimation import natural_from_mean

    family, _, _, natural = member(name)
    mean = family.mean_statistic(natural).value
    np.testing.assert_allclose(natural_from_mean(family, mean), natural, rtol=1e-9)


def test_maximum_likelihood_against_scipy():
    x = _RNG.gamma(3, 2, 300)
    shape, _, scale = stats.gamma.fit(x, floc=0)
    found = P.family("gamma").mle(x).parameters
    assert found["shape"] == pytest.approx(shape, rel=1e-5)
    assert found["rate"] == pytest.approx(1 / scale, rel=1e-5)
    x = _RNG.beta(2, 5, 300)
    a, b, _, _ = stats.beta.fit(x, floc=0, fscale=1)
    found = P.family("beta").mle(x).parameters
    assert found["alpha"] == pytest.approx(a, rel=1e-4)
    assert found["beta"] == pytest.approx(b, rel=1e-4)


def test_estimates_do_not_depend_on_units():
    x = _RNG.gamma(3, 2, 100)
    for scale in (1e-100, 1e100):
        found = P.family("gamma").mle(x * scale).parameters
        plain = P.family("gamma").mle(x).parameters
        assert found["shape"] == pytest.approx(plain["shape"], rel=1e-9)
    with pytest.raises(DomainError, match="rescale the data"):
        P.family("gamma").mle(x * 1e200)
    far = P.family("normal").mle(1e9 + x)
    assert far.parameters["sd"] == pytest.approx(P.family("normal").mle(x).parameters["sd"])
    assert far.standard_errors["mean"] == pytest.approx(far.parameters["sd"] / 10)


def test_weights_count_observations():
    family = P.family("gamma")
    x = np.array([1.0, 2.0, 5.0])
    one = family.mle(x, weights=[1, 3, 2])
    two = family.mle(np.repeat(x, [1, 3, 2]))
    np.testing.assert_allclose(one.natural, two.natural, rtol=1e-12)
    np.testing.assert_allclose(one.covariance, two.covariance, rtol=1e-10)
    with pytest.raises(ArgumentError, match="must not be negative"):
        family.mle(x, weights=[1, -1, 2])
    with pytest.raises(ArgumentError, match="as many weights"):
        family.mle(x, weights=[1])


@pytest.mark.parametrize(
    ("name", "known", "data", "words"),
    [
        ("normal", {}, [2.0, 2.0], "all 2 are 2"),
        ("normal", {}, [2.0], "the only observation"),
        ("gamma", {}, [3.0, 3.0, 3.0], "grows without bound"),
        ("beta", {}, [0.5, 0.5], "grows without bound"),
        ("exponential", {}, [0.0, 0.0], "every observation is 0"),
        ("discrete_power_law", {"minimum": 3}, [3, 3], "every observation is the minimum"),
        (
            "multivariate_normal",
            {"dimension": 2},
            [[1, 2], [2, 4], [3, 6.0]],
            "only 1 dimension",
        ),
        ("dirichlet", {"classes": 2}, [[0.4, 0.6]] * 3, "grows without bound"),
    ],
)
def test_data_without_an_estimate_are_told_why(name, known, data, words):
    with pytest.raises(DomainError, match=words):
        P.family(name, **known).mle(data)


def test_estimates_on_the_edge_say_so():
    for name, data, key, value in [
        ("bernoulli", [0, 0, 0], "probability", 0),
        ("bernoulli", [1, 1], "probability", 1),
        ("poisson", [0, 0], "rate", 0),
        ("geometric", [0, 0], "probability", 1),
        ("categorical", [0, 0, 1], "probabilities", [2 / 3, 1 / 3, 0]),
    ]:
        known = {"classes": 3} if name == "categorical" else {}
        found = P.family(name, **known).mle(data)
        np.testing.assert_allclose(found.parameters[key], value)
        assert "edge of the parameter space" in found.note
        assert np.isnan(found.standard_errors[key]).all()
        assert np.isfinite(found.log_likelihood)


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("poisson", [1, -1], "-1 at position 1"),
        ("poisson", [0.5], "whole numbers"),
        ("poisson", [np.nan], "finite"),
        ("poisson", [], "no observations"),
        ("beta", [0.0, 0.5], "strictly between 0 and 1"),
        ("gamma", [-1.0], "positive"),
        ("bernoulli", [0, 3], "0 or 1"),
    ],
)
def test_data_outside_the_support_are_refused(name, data, words):
    with pytest.raises(ArgumentError, match=words):
        P.family(name).mle(data)


def test_shapes_are_checked():
    with pytest.raises(ShapeError, match="shape"):
        P.family("dirichlet", classes=3).mle([[0.5, 0.5]])
    with pytest.raises(ShapeError, match="natural parameters"):
        P.family("normal").kl([1.0], [2.0])
    with pytest.raises(ArgumentError, match="at most 1000"):
        P.infer("categorical", [0, 10**9])
    with pytest.raises(ArgumentError, match="takes trials.*given was n=3"):
        P.family("binomial", n=3)
    with pytest.raises(ArgumentError, match="classes"):
        P.family("categorical", classes=1)
    with pytest.raises(ArgumentError, match="add up to 1"):
        P.family("dirichlet", classes=2).mle([[0.5, 0.6]])


def test_nearly_constant_data_say_how_many_digits_are_left():
    spread = P.family("gamma").mle(1 + 1e-3 * np.arange(5.0))
    assert 5 < spread.digits < 12
    close = P.family("gamma").mle(1 + 1e-5 * np.arange(5.0))
    assert close.digits < 8 and "nearly constant" in close.note
    # shape ≈ mean²/variance, to the digits that are said to be left
    expected = (1 + 2e-5) ** 2 / (2e-10)
    assert close.parameters["shape"] == pytest.approx(expected, rel=10 ** (1 - close.digits))
    for x in (np.array([[0.5, 0.5], [0.5 + 1e-9, 0.5 - 1e-9]]),):
        with pytest.raises(DomainError, match="to within rounding"):
            P.family("dirichlet", classes=2).mle(x)
