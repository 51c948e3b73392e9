"""Classes, proportions and normal vectors."""

import math

import numpy as np
import pytest
from scipy import stats

import trivium as tv
from trivium.engine.errors import ArgumentError, ShapeError

P = tv.probability
MEAN = np.array([1.0, -2.0, 0.5])
SPREAD = np.array([[2.0, 0.6, 0.1], [0.6, 1.0, -0.3], [0.1, -0.3, 0.7]])
FLAT = np.array([[1.0, 2.0], [2.0, 4.0]])  # rank 1


def test_normal_vectors_are_scipys():
    mine, reference = (
        P.MultivariateNormal(MEAN, SPREAD),
        stats.multivariate_normal(MEAN, SPREAD),
    )
    x = mine.sample((4, 50), seed=2)
    assert x.shape == (4, 50, 3)
    np.testing.assert_allclose(mine.log_density(x).value, reference.logpdf(x), rtol=1e-12)
    assert mine.entropy().item() == pytest.approx(reference.entropy())
    flat = mine.sample(20_000, seed=2)
    error = np.sqrt(np.diagonal(SPREAD) / 20_000)
    assert (np.abs(flat.mean(axis=0) - MEAN) < 5 * error).all()
    np.testing.assert_allclose(np.cov(flat.T), SPREAD, atol=0.1)
    assert mine.log_density([np.inf, 0.0, 0.0]).item() == -np.inf


def test_the_log_density_of_normal_vectors_is_differentiable():
    x = np.array([[0.0, 1.0, 2.0], [1.0, 1.0, 1.0]])

    def total(mean, covariance):
        return P.MultivariateNormal(mean, covariance).log_density(x).sum()

    slope, bend = tv.grad(total, (0, 1))(tv.tensor(MEAN), tv.tensor(SPREAD))
    inverse = np.linalg.inv(SPREAD)
    np.testing.assert_allclose(slope.value, inverse @ (x - MEAN).sum(axis=0), rtol=1e-12)
    gap = (x - MEAN).T @ (x - MEAN)
    expected = 0.5 * (inverse @ gap @ inverse - 2 * inverse)
    np.testing.assert_allclose((bend.value + bend.value.T) / 2, expected, rtol=1e-10)


def test_a_singular_covariance_has_a_density_on_its_subspace():
    mine = P.MultivariateNormal([1.0, 0.0], FLAT)
    assert mine.singular and mine.rank == 1 and mine.family is None
    reference = stats.multivariate_normal([1.0, 0.0], FLAT, allow_singular=True)
    on = np.array([[1.0, 0.0], [2.0, 2.0], [-1.5, -5.0]])
    np.testing.assert_allclose(mine.log_density(on).value, reference.logpdf(on), rtol=1e-12)
    assert mine.log_density([1.0, 1.0]).item() == -np.inf
    drawn = mine.sample(100, seed=0)
    np.testing.assert_allclose(drawn[:, 1], 2 * (drawn[:, 0] - 1), atol=1e-12)
    assert np.isfinite(mine.log_density(drawn).value).all()
    assert mine.entropy().item() == pytest.approx(0.5 * math.log(2 * math.pi * math.e * 5))
    other = P.MultivariateNormal([1.0, 0.0], 3 * FLAT)
    expected = P.Normal(0.0, 1.0).kl(P.Normal(0.0, math.sqrt(3))).item()
    assert mine.kl(other).item() == pytest.approx(expected)
    assert mine.kl(P.MultivariateNormal([1.0, 0.1], FLAT)).item() == math.inf
    assert mine.kl(P.MultivariateNormal([1.0, 0.0], np.eye(2))).item() == math.inf
    constant = P.MultivariateNormal([1.0, 2.0], np.zeros((2, 2)))
    np.testing.assert_array_equal(constant.sample(2, seed=0), [[1, 2], [1, 2]])


def test_units_do_not_decide_the_rank():
    mine = P.MultivariateNormal([0.0, 0.0], [[1e-20, 0.0], [0.0, 1e20]])
    assert mine.rank == 2
    assert mine.log_density([1e-10, 1e10]).item() == pytest.approx(-1 - math.log(2 * math.pi))


def test_marginals_and_conditionals():
    mine = P.MultivariateNormal(MEAN, SPREAD)
    part = mine.marginal([0, 2])
    np.testing.assert_array_equal(part.mean.value, MEAN[[0, 2]])
    given = mine.conditional([1], [0.3])
    x = np.array([0.2, 0.9])
    joint = mine.log_density([0.2, 0.3, 0.9]).item()
    assert given.log_density(x).item() == pytest.approx(
        joint - P.Normal(-2.0, 1.0).log_density(0.3).item()
    )
    with pytest.raises(ArgumentError, match="not all"):
        mine.conditional([0, 1, 2], MEAN)


@pytest.mark.parametrize(
    ("mean", "covariance", "error", "words"),
    [
        ([0, 0], [[1, 2], [2, 1]], ArgumentError, "not positive semidefinite"),
        ([0, 0], [[1, 0.2], [0.1, 1]], ArgumentError, "not symmetric"),
        ([0, 0], [[1]], ShapeError, "a matrix"),
        (0.0, [[1]], ShapeError, "a vector"),
        ([0, np.inf], np.eye(2), ArgumentError, "mean must be finite"),
    ],
)
def test_what_is_no_covariance_is_refused(mean, covariance, error, words):
    with pytest.raises(error, match=words):
        P.MultivariateNormal(mean, covariance)


def test_classes():
    mine = P.Categorical([0.2, 0.0, 0.5, 0.3])
    np.testing.assert_allclose(
        mine.density([0, 1, 2, 3, 4, 0.5]).value, [0.2, 0, 0.5, 0.3, 0, 0]
    )
    np.testing.assert_allclose(mine.cdf([-1, 0, 1.5, 2, 3]), [0, 0.2, 0.2, 0.7, 1])
    np.testing.assert_allclose(mine.survival([-1, 0, 1.5, 2, 3]), [1, 0.8, 0.8, 0.3, 0])
    np.testing.assert_array_equal(mine.quantile([0, 0.2, 0.21, 0.7, 1]), [0, 0, 2, 2, 3])
    assert mine.entropy().item() == pytest.approx(stats.entropy([0.2, 0, 0.5, 0.3]))
    drawn = mine.sample(4000, seed=1)
    counts = np.bincount(drawn.astype(int), minlength=4)
    assert counts[1] == 0
    assert stats.chisquare(counts[[0, 2, 3]], 4000 * np.array([0.2, 0.5, 0.3])).pvalue > 1e-4
    assert mine.kl(P.Categorical([0.25] * 4)).item() == pytest.approx(
        stats.entropy([0.2, 0, 0.5, 0.3], [0.25] * 4)
    )
    assert P.Categorical([0.25] * 4).kl(mine).item() == math.inf
    batch = P.Categorical([[0.5, 0.5], [0.1, 0.9]])
    np.testing.assert_allclose(batch.density([0, 0]).value, [0.5, 0.1])
    assert batch.sample(3, seed=0).shape == (3, 2)
    assert mine.mode == 2 and mine.mean.item() == pytest.approx(1.9)


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: P.Categorical([0.5, 0.6]), ArgumentError, "add up to 1.1, not 1"),
        (lambda: P.Categorical([1.5, -0.5]), ArgumentError, "a probability"),
        (lambda: P.Categorical([1.0]), ShapeError, "two or more"),
        (
            lambda: P.Categorical([0.5, 0.5]).kl(P.Categorical([0.2, 0.3, 0.5])),
            ArgumentError, "2 classes, the other 3",
        ),
        (lambda: P.Dirichlet([1.0, 0.0]), ArgumentError, "positive"),
        (lambda: P.Dirichlet([1.0, 2.0]).cdf([0.5, 0.5]), ArgumentError, "marginal"),
        (lambda: P.Dirichlet([1.0, 2.0]).mode, ArgumentError, "no mode inside"),
        (lambda: P.NormalInverseGamma(0.0, 1.0, 1.0, 1.0).quantile(0.5), ArgumentError, "marg"),
    ],
)  # fmt: skip
def test_vectors_without_an_answer_are_refused(make, error, words):
    with pytest.raises(error, match=words):
        make()


def test_proportions_are_scipys():
    alpha = np.array([0.6, 2.0, 5.0])
    mine, reference = P.Dirichlet(alpha), stats.dirichlet(alpha)
    x = mine.sample(200, seed=4)
    np.testing.assert_allclose(x.sum(axis=1), 1, rtol=1e-12)
    ours = mine.log_density(x).value
    np.testing.assert_allclose(ours, [reference.logpdf(row) for row in x], rtol=1e-11)
    np.testing.assert_allclose(mine.mean.value, reference.mean())
    np.testing.assert_allclose(mine.variance.value, reference.cov())
    np.testing.assert_allclose(mine.sd.value**2, reference.var())
    assert mine.entropy().item() == pytest.approx(reference.entropy())
    assert mine.log_density([0.5, 0.6, 0.1]).item() == -np.inf
    large = mine.sample(20_000, seed=4)
    error = np.sqrt(reference.var() / 20_000)
    assert (np.abs(large.mean(axis=0) - reference.mean()) < 5 * error).all()
    tiny = P.Dirichlet([1e-3] * 3).sample(50, seed=1)
    np.testing.assert_allclose(tiny.sum(axis=1), 1)  # no 0/0 where all gammas underflow
    marginal = mine.marginal(1)
    assert repr(marginal) == repr(P.Beta(2.0, 5.6))


@pytest.mark.parametrize("d", [2, 7])
def test_standard_errors_of_normal_vectors_are_the_textbooks(d):
    """Var Σ̂_ij = (Σ_ii Σ_jj + Σ_ij²)/n (Anderson 2003, §3.4), from the Hessian of A."""
    x = np.random.default_rng(d).normal(size=(60, d)) @ np.random.default_rng(1).normal(
        size=(d, d)
    )
    found = P.family("multivariate_normal", dimension=d).mle(x)
    own = found.parameters["covariance"]
    np.testing.assert_allclose(own, np.cov(x.T, bias=True), rtol=1e-12)
    expected = np.sqrt((np.outer(np.diagonal(own), np.diagonal(own)) + own**2) / 60)
    np.testing.assert_allclose(found.standard_errors["covariance"], expected, rtol=1e-8)
    np.testing.assert_allclose(
        found.standard_errors["mean"], np.sqrt(np.diagonal(own) / 60), rtol=1e-9
    )


def test_many_dimensions_have_a_distribution_but_no_family():
    d = P.MultivariateNormal(np.zeros(100), np.eye(100))
    assert d.log_density(np.zeros(100)).item() == pytest.approx(-50 * math.log(2 * math.pi))
    with pytest.raises(ArgumentError, match="at most 60"):
        _ = d.family


def test_the_units_of_normal_vectors_do_not_matter():
    x = np.random.default_rng(2).normal(size=(30, 2)) @ np.array([[1.0, 0.5], [0.0, 1.0]])
    plain = P.family("multivariate_normal", dimension=2).mle(x)
    other = P.family("multivariate_normal", dimension=2).mle(x * [1e40, 1e-40])
    scale = np.array([[1e80, 1.0], [1.0, 1e-80]])
    for mine, its in (
        (plain.parameters["covariance"] * scale, other.parameters["covariance"]),
        (plain.standard_errors["covariance"] * scale, other.standard_errors["covariance"]),
    ):
        np.testing.assert_allclose(its, mine, rtol=1e-9)
    assert other.condition == pytest.approx(plain.condition, rel=1e-6)
