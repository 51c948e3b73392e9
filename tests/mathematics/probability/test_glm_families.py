"""Links and the families of generalised linear models, against their definitions and SciPy."""

import numpy as np
import pytest
from scipy import stats

import trivium as tv
from trivium.engine.errors import ArgumentError, TriviumError

LINKS = (
    "identity", "log", "logit", "probit", "cloglog", "loglog", "cauchit", "inverse",
    "inverse_squared", "sqrt",
)  # fmt: skip
PROBABILITIES = np.array([1e-9, 1e-3, 0.1, 0.3, 0.5, 0.9, 1 - 1e-6])
FAMILIES = {
    "bernoulli": ({}, [0.0, 1.0, 1.0]),
    "binomial": ({}, [0.25, 0.5, 1.0]),
    "gamma": ({}, [0.3, 0.6, 1.4]),
    "inverse_gaussian": ({}, [0.3, 0.6, 1.4]),
    "negative_binomial": ({"size": 2.5}, [0.0, 1.0, 4.0]),
    "normal": ({}, [-0.3, 0.6, 1.4]),
    "poisson": ({}, [0.0, 1.0, 4.0]),
}
MEANS = np.array([0.2, 0.45, 0.9])


def slope(function, at):
    return tv.grad(lambda z: function(z).sum())(at).value


@pytest.mark.parametrize("name", LINKS)
def test_a_link_agrees_with_its_inverse_and_derivatives(name):
    link = tv.probability.link(name)
    mean = tv.tensor(PROBABILITIES)
    predictor = link(mean)
    np.testing.assert_allclose(link.inverse(predictor).value, PROBABILITIES, rtol=1e-13)
    np.testing.assert_allclose(
        slope(link.function, mean), link.derivative(mean).value, rtol=1e-13
    )
    np.testing.assert_allclose(
        slope(link.inverse, predictor), link.inverse_derivative(predictor).value, rtol=1e-13
    )
    product = link.derivative(mean) * link.inverse_derivative(predictor)
    np.testing.assert_allclose(product.value, 1, rtol=1e-8)
    np.testing.assert_allclose(
        link.log_mean(predictor).value, np.log(PROBABILITIES), rtol=1e-12, atol=1e-14
    )


@pytest.mark.parametrize("name", ["logit", "probit", "cloglog", "loglog"])
def test_logarithms_of_saturated_means_stay_finite(name):
    link = tv.probability.link(name)
    far = tv.tensor(np.array([-30.0, -6.0, -1.0, 0.0, 1.0, 6.0]))
    low, high = link.log_mean(far).value, link.log_one_minus_mean(far).value
    assert np.isfinite(low).all() and np.isfinite(high).all()
    np.testing.assert_allclose(np.exp(low) + np.exp(high), 1, rtol=1e-13)
    reference = {
        "logit": stats.logistic, "probit": stats.norm, "cloglog": stats.gumbel_l,
        "loglog": stats.gumbel_r,
    }[name]  # fmt: skip
    np.testing.assert_allclose(low, reference.logcdf(far.value), rtol=1e-10, atol=1e-300)
    np.testing.assert_allclose(high, reference.logsf(far.value), rtol=1e-10, atol=1e-300)


def test_links_with_a_number():
    for link in (tv.probability.links.power(1.5), tv.probability.links.negative_binomial(3)):
        mean = tv.tensor(np.array([0.1, 2.0, 50.0]))
        np.testing.assert_allclose(link.inverse(link(mean)).value, mean.value, rtol=1e-12)
        np.testing.assert_allclose(
            slope(link.function, mean), link.derivative(mean).value, rtol=1e-12
        )
    assert tv.probability.links.power(0) is tv.probability.links.log
    for bad in (lambda: tv.probability.links.power(np.nan),
                lambda: tv.probability.links.negative_binomial(0)):  # fmt: skip
        with pytest.raises(ArgumentError):
            bad()


@pytest.mark.parametrize("name", FAMILIES)
def test_mean_and_variance_are_the_derivatives_of_the_cumulant(name):
    family = tv.probability.family(name, **FAMILIES[name][0])
    mean = tv.tensor(MEANS)
    theta = family.glm.natural(mean)
    cumulant = family.glm.cumulant
    np.testing.assert_allclose(slope(cumulant, theta), MEANS, rtol=1e-14)
    second = tv.grad(lambda t: tv.grad(lambda s: cumulant(s).sum())(t).sum())(theta)
    np.testing.assert_allclose(second.value, family.variance_function(mean).value, rtol=1e-14)


@pytest.mark.parametrize("name", FAMILIES)
def test_the_canonical_link_is_proportional_to_the_natural_parameter(name):
    family = tv.probability.family(name, **FAMILIES[name][0])
    ratio = family.canonical_link(MEANS).value / family.glm.natural(tv.tensor(MEANS)).value
    np.testing.assert_allclose(ratio, ratio[0] * np.ones(3), rtol=1e-13)


@pytest.mark.parametrize("name", FAMILIES)
def test_the_deviance_is_twice_the_distance_to_the_saturated_model(name):
    known, y = FAMILIES[name]
    family = tv.probability.family(name, **known)
    y = np.array(y)
    own = np.clip(y, 1e-300, 1 - 1e-16) if name in ("bernoulli", "binomial") else y
    own = own if name == "normal" else np.maximum(own, 1e-300)
    trials = 4.0 if name == "binomial" else 1.0
    best = family.log_density_from_mean(y, own, weights=trials)
    here = family.log_density_from_mean(y, MEANS, weights=trials)
    np.testing.assert_allclose(
        trials * family.unit_deviance(y, MEANS).value, 2 * (best - here).value, atol=1e-12
    )
    assert family.deviance(y, own).item() == pytest.approx(0, abs=1e-14)
    total = family.deviance(y, MEANS, weights=[1.0, 2.0, 0.0]).item()
    assert total == pytest.approx(family.unit_deviance(y, MEANS).value @ [1, 2, 0])


def test_log_densities_are_scipys():
    def density(name, y, mean, *rest, **known):
        family = tv.probability.family(name, **known)
        return family.log_density_from_mean(y, mean, *rest).value

    k, mean = np.array([0.0, 1.0, 3.0, 17.0]), np.array([0.1, 1.2, 2.9, 40.0])
    np.testing.assert_allclose(
        density("poisson", k, mean), stats.poisson.logpmf(k, mean), rtol=1e-13
    )
    np.testing.assert_allclose(
        density("negative_binomial", k, mean, size=2.5),
        stats.nbinom.logpmf(k, 2.5, 2.5 / (2.5 + mean)),
        rtol=1e-12,
    )
    y = mean + 0.3
    np.testing.assert_allclose(
        density("normal", y, mean, 4.0), stats.norm.logpdf(y, mean, 2), rtol=1e-13
    )
    np.testing.assert_allclose(
        density("gamma", y, mean, 0.4), stats.gamma.logpdf(y, 2.5, scale=mean / 2.5), rtol=1e-12
    )
    np.testing.assert_allclose(
        density("inverse_gaussian", y, mean, 0.5),
        stats.invgauss.logpdf(y, mean / 2.0, scale=2.0),
        rtol=1e-12,
    )
    trials, p = np.array([1.0, 7.0, 30.0, 400.0]), np.array([0.2, 0.4, 0.9, 0.5])
    successes = np.array([1.0, 0.0, 29.0, 211.0])
    np.testing.assert_allclose(
        density("binomial", successes / trials, p, 1.0, trials),
        stats.binom.logpmf(successes, trials, p),
        rtol=1e-12,
    )


def test_small_deviances_keep_their_digits():
    """d(y, μ) ≈ (y - μ)²/V(μ) for μ near y, where the plain formula has no digit left."""
    y = np.array([0.3])
    mean = y * (1 + 1e-9)
    for name in ("bernoulli", "gamma", "poisson"):
        family = tv.probability.family(name)
        expected = (y - mean) ** 2 / family.variance_function(y).value
        np.testing.assert_allclose(family.unit_deviance(y, mean).value, expected, rtol=1e-6)


def test_a_saturated_logit_does_not_poison_the_gradient():
    family, link = tv.probability.family("bernoulli"), tv.probability.link("logit")
    predictor = np.array([-800.0, 800.0, 800.0])
    y = np.array([0.0, 1.0, 0.0])

    def total(eta):
        return family.log_density_from_mean(y, link.inverse(eta)).sum()

    value, slopes = tv.value_and_grad(total)(predictor)
    assert value.item() == -800
    np.testing.assert_array_equal(slopes.value, [0, 0, -1])


@pytest.mark.parametrize(
    ("name", "y", "words"),
    [
        ("poisson", [1.0, -2.0], "whole numbers, 0 or more, not -2 at position 1"),
        ("poisson", [1.5], "whole numbers"),
        ("bernoulli", [0.0, 2.0], "0 or 1, not 2"),
        ("binomial", [1.2], "between 0 and 1"),
        ("gamma", [0.0, 1.0], "positive, not 0 at position 0"),
        ("inverse_gaussian", [-1.0], "positive"),
        ("normal", [np.nan], "finite"),
    ],
)
def test_responses_that_cannot_occur_are_refused(name, y, words):
    with pytest.raises(ArgumentError, match=words):
        tv.probability.family(name).check_response(y)


def test_proportions_need_whole_numbers_of_successes():
    family = tv.probability.family("binomial")
    np.testing.assert_array_equal(family.check_response([0.5], [4]), [0.5])
    with pytest.raises(ArgumentError, match="whole number of successes"):
        family.check_response([0.5], [3])


def test_unknown_names_are_answered_with_the_nearest():
    with pytest.raises(ArgumentError, match="no family 'poison'; did you mean 'poisson'"):
        tv.probability.family("poison")
    with pytest.raises(ArgumentError, match="no link 'logist'; did you mean 'logit'"):
        tv.probability.link("logist")
    with pytest.raises(ArgumentError, match="takes no known numbers"):
        tv.probability.family("poisson", size=3)
    with pytest.raises(TriviumError, match="size"):
        tv.probability.family("negative_binomial", size=-1)
    assert tv.probability.family("Inverse-Gaussian").name == "inverse_gaussian"
    with pytest.raises(ArgumentError, match="no GLM of it"):
        _ = tv.probability.family("beta").canonical_link
