"""Conjugate posteriors and predictives: derived from the normaliser, checked by identities."""

import numpy as np
import pytest

import trivium as tv
from trivium.engine.errors import ArgumentError

P = tv.probability
_RNG = np.random.default_rng(4)
CASES = {
    "bernoulli": ({}, P.Beta(2.0, 3.0), [0, 1, 1, 0, 1], np.arange(2.0)),
    "binomial": ({"trials": 10}, P.Beta(2.0, 3.0), [3, 4, 6], np.arange(11.0)),
    "categorical": ({"classes": 3}, P.Dirichlet([1.0, 2.0, 0.5]), [0, 1, 2, 2], np.arange(3.0)),
    "exponential": ({}, P.Gamma(2.0, 3.0), [0.4, 2.0, 1.1], None),
    "gamma_known_shape": ({"shape": 2.5}, P.Gamma(2.0, 3.0), [0.4, 2.0, 1.1], None),
    "geometric": ({}, P.Beta(9.0, 3.0), [0, 3, 2], np.arange(30_000.0)),
    "multivariate_normal": (
        {"dimension": 2}, P.NormalInverseWishart([0.0, 1.0], 2.0, 4.0, [[1.0, 0.2], [0.2, 2.0]]),
        _RNG.normal(size=(5, 2)), None,
    ),
    "negative_binomial": ({"size": 2.5}, P.Beta(9.0, 3.0), [4, 1, 7], np.arange(30_000.0)),
    "normal": ({}, P.NormalInverseGamma(1.0, 2.0, 3.0, 4.0), _RNG.normal(size=5), None),
    "normal_known_variance": ({"sd": 2.0}, P.Normal(1.0, 2.0), [1.0, 2.5], None),
    "poisson": ({}, P.Gamma(2.0, 3.0), [2, 3, 0, 5], np.arange(400.0)),
    "power_law": ({"minimum": 2.0}, P.Gamma(2.0, 3.0), [2.5, 7.0, 2.1], None),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_evidence_is_the_product_of_predictions(name):
    """ln p(x₁ … x_n) = Σ ln p(x_i | x₁ … x_{i-1}), each from the normaliser."""
    known, prior, data, _ = CASES[name]
    family, data = P.family(name, **known), np.asarray(data, float)
    total = 0.0
    for i in range(len(data)):
        before = family.posterior(prior, data[:i] if i else None)
        total += before.predictive().log_density_by_definition(data[i : i + 1]).value[0]
    assert family.posterior(prior, data).log_evidence == pytest.approx(total, rel=1e-12)


@pytest.mark.parametrize("name", CASES)
def test_posteriors_do_not_depend_on_the_order_or_the_batches(name):
    known, prior, data, _ = CASES[name]
    family, data = P.family(name, **known), np.asarray(data, float)
    once = family.posterior(prior, data)
    first = family.posterior(prior, data[:2])
    again = family.posterior(first.distribution, data[2:])
    np.testing.assert_allclose(again.chi, once.chi, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(again.nu, once.nu, rtol=1e-12)
    statistic = family.statistic(tv.tensor(data)).value.sum(axis=0)
    chi, _ = family.conjugate.hyper(prior)
    np.testing.assert_allclose(once.chi, chi + statistic, rtol=1e-10, atol=1e-12)
    assert "Posterior" in str(once) and repr(prior) in str(once)


@pytest.mark.parametrize("name", CASES)
def test_a_named_predictive_is_the_one_of_the_definition(name):
    known, prior, data, grid = CASES[name]
    predictive = P.family(name, **known).posterior(prior, data).predictive()
    x = np.asarray(data, float) if grid is None else grid[:50]
    np.testing.assert_allclose(
        predictive.log_density(x).value,
        predictive.log_density_by_definition(x).value,
        rtol=1e-10,
        atol=1e-11,
    )
    if grid is not None:
        assert predictive.density(grid).value.sum() == pytest.approx(1, abs=1e-7)


@pytest.mark.parametrize("name", CASES)
def test_a_sample_of_the_predictive_is_the_mixture(name):
    known, prior, data, grid = CASES[name]
    family = P.family(name, **known)
    predictive = family.predictive(prior, data)
    drawn = predictive.sample(4000, seed=3)
    assert drawn.shape[:1] == (4000,) and np.isfinite(drawn).all()
    if grid is not None:
        low = grid[: max(1, len(grid) // 2)] if len(grid) < 20 else grid[:3]
        share = predictive.density(low).value.sum()
        error = np.sqrt(share * (1 - share) / 4000)
        assert abs((drawn <= low[-1]).mean() - share) < 5 * error


def test_textbook_posteriors():
    found = P.family("bernoulli").posterior(P.Beta(1.0, 1.0), [1, 1, 0])
    assert repr(found.distribution) == repr(P.Beta(3.0, 2.0))
    assert found.map().mean.item() == pytest.approx(2 / 3)
    found = P.family("poisson").posterior(P.Gamma(2.0, 3.0), [2, 3, 0, 5])
    assert repr(found.distribution) == repr(P.Gamma(12.0, 7.0))
    assert P.family("poisson").map([2, 3, 0, 5], P.Gamma(2.0, 3.0)).mean.item() == (
        pytest.approx(11 / 7)
    )
    found = P.family("normal_known_variance", sd=2.0).posterior(P.Normal(1.0, 2.0), [1.0, 2.0])
    # precisions ¼ + 2·¼, means weighted by them
    assert found.distribution.mean.item() == pytest.approx((1 + 3) / 3)
    assert found.distribution.variance.item() == pytest.approx(4 / 3)
    alpha = P.family("categorical", classes=3).posterior(
        P.Dirichlet([1.0, 1.0, 1.0]), [0, 2, 2]
    )
    np.testing.assert_allclose(alpha.distribution.parameters["concentration"].value, [2, 1, 3])


def test_normal_inverse_gamma_as_in_the_textbook():
    """Murphy (2007), §6.3, and the marginal of the mean by quadrature."""
    x = np.array([1.0, 4.0, 2.0, 5.5])
    found = P.family("normal").posterior(P.NormalInverseGamma(0.5, 2.0, 3.0, 4.0), x)
    own = {k: v.item() for k, v in found.distribution.parameters.items()}
    n, mean = 4, x.mean()
    assert own["mean"] == pytest.approx((2 * 0.5 + n * mean) / 6)
    assert own["strength"] == 6 and own["shape"] == 5
    rate = 4 + 0.5 * ((x - mean) ** 2).sum() + 2 * n * (mean - 0.5) ** 2 / (2 * 6)
    assert own["rate"] == pytest.approx(rate)
    variance = np.linspace(0.01, 60, 40_001)
    joint = found.distribution.density({"mean": 1.7, "variance": variance}).value
    marginal = found.marginals()["mean"].density(1.7).item()
    assert np.trapezoid(joint, variance) == pytest.approx(marginal, rel=1e-5)


def test_the_wishart_in_one_dimension_is_the_gamma():
    x = np.array([1.0, 4.0, 2.0, 5.5])
    many = P.family("multivariate_normal", dimension=1).posterior(
        P.NormalInverseWishart([0.5], 2.0, 6.0, [[8.0]]), x[:, None]
    )
    one = P.family("normal").posterior(P.NormalInverseGamma(0.5, 2.0, 3.0, 4.0), x)
    assert many.log_evidence == pytest.approx(one.log_evidence, rel=1e-12)
    for name in ("mean", "variance"):
        first, second = many.marginals()[f"{name} 0"], one.marginals()[name]
        np.testing.assert_allclose(first.interval(0.9), second.interval(0.9), rtol=1e-12)
    at = {"mean": np.array([1.0]), "covariance": np.array([[2.0]])}
    assert many.distribution.log_density(at).item() == pytest.approx(
        one.distribution.log_density({"mean": 1.0, "variance": 2.0}).item(), rel=1e-12
    )


def test_draws_from_the_joint_priors_have_their_moments():
    prior = P.NormalInverseWishart([0.0, 1.0], 2.0, 9.0, [[2.0, 0.5], [0.5, 3.0]])
    drawn = prior.sample(4000, seed=1)
    spread = drawn["covariance"].std(axis=0) / np.sqrt(4000)
    gap = drawn["covariance"].mean(axis=0) - prior.mean["covariance"].value
    assert (np.abs(gap) < 5 * spread).all()
    one = P.NormalInverseGamma(1.0, 2.0, 5.0, 4.0).sample(4000, seed=1)
    assert abs(one["variance"].mean() - 1.0) < 5 * one["variance"].std() / np.sqrt(4000)


def test_far_data_keep_their_digits():
    x = np.array([0.1, 0.9, 0.4])
    near = P.family("normal").posterior(None, x).distribution.parameters
    far = P.family("normal").posterior(None, 2.0**30 + x).distribution.parameters
    assert far["rate"].item() == pytest.approx(near["rate"].item(), rel=1e-6)


def test_no_data_leave_the_prior():
    prior = P.Beta(2.0, 3.0)
    found = P.family("bernoulli").posterior(prior, None)
    assert found.distribution is prior and found.log_evidence == 0


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda: P.family("poisson").posterior(P.Beta(1.0, 1.0), [1]), "is Gamma"),
        (
            lambda: P.family("inverse_gaussian").posterior(P.Gamma(1.0), [1.0]),
            "no conjugate prior",
        ),
        (lambda: P.family("poisson").posterior(None, []), "no data"),
        (lambda: P.family("poisson").posterior(P.Gamma([1.0, 2.0]), [1]), "not a batch"),
        (
            lambda: P.family("categorical", classes=4).posterior(P.Dirichlet([1.0, 1.0]), [0]),
            "dimension",
        ),
        (lambda: P.NormalInverseWishart([0.0, 0.0], 1.0, 0.5, np.eye(2)), "above d - 1"),
        (lambda: P.NormalInverseWishart([0.0], 1.0, 2.0, [[0.0]]), "positive definite"),
    ],
)
def test_priors_that_do_not_fit_are_refused(ask, words):
    with pytest.raises(ArgumentError, match=words):
        ask()
