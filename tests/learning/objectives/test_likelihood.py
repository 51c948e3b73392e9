"""Negative log-likelihoods: SciPy's densities, extreme predictors, targets that cannot occur."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

import trivium as tv
from tests.learning.objectives.helpers import Batch, loss_of, slope_of
from trivium.engine.errors import ShapeError
from trivium.learning.errors import DataError, RequestError
from trivium.learning.objectives import L2, NegativeLogLikelihood
from trivium.learning.objectives.families import log_factorial
from trivium.learning.specification import from_spec, parse_objective

rng = np.random.default_rng(0)
N = 40
ETA = 0.6 * rng.normal(size=N)
COUNTS = rng.poisson(2.0, N).astype(float)
CODES = rng.integers(0, 2, N)
SUCCESSES = rng.binomial(7, 0.4, N).astype(float)
POSITIVE = rng.gamma(2.0, 1.0, N)
EXPOSURE = rng.uniform(0.5, 4.0, N)
MEAN = np.exp(ETA)
R = 1 / 0.7

Y_MEAN = {
    "logit": special.expit,
    "probit": stats.norm.cdf,
    "cloglog": lambda e: -np.expm1(-np.exp(e)),
    "loglog": lambda e: np.exp(-np.exp(-e)),
    "cauchit": stats.cauchy.cdf,
}

# objective, predictor, target, SciPy's mean -ln p
CASES: dict[str, tuple[Any, Any, Any, Any]] = {
    "poisson": (NegativeLogLikelihood("poisson"), ETA, COUNTS, -stats.poisson(MEAN).logpmf(COUNTS)),
    "poisson identity": (
        NegativeLogLikelihood("poisson", "identity"), MEAN, COUNTS,
        -stats.poisson(MEAN).logpmf(COUNTS),
    ),
    "poisson sqrt": (
        NegativeLogLikelihood("poisson", "sqrt"), np.sqrt(MEAN), COUNTS,
        -stats.poisson(MEAN).logpmf(COUNTS),
    ),
    "exposure": (
        NegativeLogLikelihood("poisson", exposure=True), ETA, np.c_[COUNTS, EXPOSURE],
        -stats.poisson(EXPOSURE * MEAN).logpmf(COUNTS),
    ),
    "trials": (
        NegativeLogLikelihood("binomial", trials=7), ETA, SUCCESSES,
        -stats.binom(7, special.expit(ETA)).logpmf(SUCCESSES),
    ),
    "pairs": (
        NegativeLogLikelihood("binomial"), ETA, np.c_[SUCCESSES, 7 - SUCCESSES],
        -stats.binom(7, special.expit(ETA)).logpmf(SUCCESSES),
    ),
    "log probability": (
        NegativeLogLikelihood("binomial", "log", trials=7), -MEAN, SUCCESSES,
        -stats.binom(7, np.exp(-MEAN)).logpmf(SUCCESSES),
    ),
    "gamma": (
        NegativeLogLikelihood("gamma", dispersion=0.3), ETA, POSITIVE,
        -stats.gamma(1 / 0.3, scale=MEAN * 0.3).logpdf(POSITIVE),
    ),
    "gamma inverse": (
        NegativeLogLikelihood("gamma", "inverse", dispersion=0.3), 1 / MEAN, POSITIVE,
        -stats.gamma(1 / 0.3, scale=MEAN * 0.3).logpdf(POSITIVE),
    ),
    "inverse gaussian": (
        NegativeLogLikelihood("inverse-gaussian", "inverse-squared", dispersion=0.4), MEAN**-2,
        POSITIVE, -stats.invgauss(MEAN * 0.4, scale=1 / 0.4).logpdf(POSITIVE),
    ),
    "negative binomial": (
        NegativeLogLikelihood("negative_binomial", dispersion=0.7), ETA, COUNTS,
        -stats.nbinom(R, R / (R + MEAN)).logpmf(COUNTS),
    ),
    "normal": (
        NegativeLogLikelihood("normal", dispersion=0.7), ETA, POSITIVE,
        -stats.norm(ETA, np.sqrt(0.7)).logpdf(POSITIVE),
    ),
} | {
    name: (
        NegativeLogLikelihood("bernoulli", name), ETA, CODES,
        -stats.bernoulli(mean(ETA)).logpmf(CODES),
    )
    for name, mean in Y_MEAN.items()
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_loss_is_the_negative_logarithm_of_scipys_density(name: str) -> None:
    objective, eta, y, losses = CASES[name]
    np.testing.assert_allclose(loss_of(objective, eta, y), losses.mean(), rtol=1e-13)
    weight = rng.uniform(0, 2, N)
    weighted = loss_of(objective, eta, y, weight)
    np.testing.assert_allclose(weighted, (weight * losses).mean(), rtol=1e-13)


def test_the_logarithm_of_a_factorial_keeps_its_digits() -> None:
    counts = np.r_[np.arange(0.0, 200.0), 10.0 ** np.arange(3, 16)]
    found = log_factorial(tv.tensor(counts)).value
    np.testing.assert_allclose(found, special.gammaln(counts + 1), rtol=1e-15, atol=4e-15)


@pytest.mark.parametrize("name", CASES)
def test_slopes_are_those_of_the_density(name: str) -> None:
    objective, eta, y, _ = CASES[name]
    found = slope_of(objective, eta, y)
    step = 1e-6
    for i in range(3):
        moved = np.zeros(N)
        moved[i] = step
        difference = loss_of(objective, eta + moved, y) - loss_of(objective, eta - moved, y)
        np.testing.assert_allclose(found[i], difference / (2 * step), rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("link", Y_MEAN)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@given(size=st.floats(0.1, 300.0))
def test_probabilities_of_far_predictors_keep_their_losses(
    link: str, dtype: str, size: float
) -> None:
    objective = NegativeLogLikelihood("bernoulli", link)
    eta = np.array([size, -size], dtype)
    right = loss_of(objective, eta, np.array([1, 0]))
    assert 0 <= right < 10
    slopes = slope_of(objective, eta, np.array([0, 1]))
    assert not np.isnan(slopes).any() and slopes[0] >= 0 >= slopes[1]


def test_a_predictor_without_a_mean_has_an_infinite_loss_and_no_slope() -> None:
    for objective, y in (
        (NegativeLogLikelihood("poisson", "identity"), [1.0, 2.0]),
        (NegativeLogLikelihood("gamma", "inverse"), [1.0, 2.0]),
        (NegativeLogLikelihood("bernoulli", "log"), [1, 0]),
    ):
        bad = 0.5 if objective.link == "log" else -0.5
        good = -bad
        eta, target = np.array([good, bad]), np.array(y)
        assert loss_of(objective, eta, target) == np.inf
        slopes = slope_of(objective, eta, target)
        assert np.isfinite(slopes).all() and slopes[0] != 0


def test_what_the_objective_says_of_itself() -> None:
    text = (NegativeLogLikelihood("poisson") + 0.1 * L2()).reading(100)
    assert "Maximum a posteriori" in text and "Poisson distribution" in text
    assert "ln μ = f(x; θ) (link log, the canonical one)" in text
    assert "variance τ² = 1/(2λn), λ = 0.1, n = 100: 0.05" in text
    text = NegativeLogLikelihood("gamma").reading()
    assert text.startswith("Maximum likelihood under a gamma distribution, log link")
    assert "held at φ = 1" in text
    for objective in (
        NegativeLogLikelihood("gamma", "inverse", dispersion=0.5),
        NegativeLogLikelihood("binomial", trials=3),
        NegativeLogLikelihood("negative_binomial", exposure=True),
    ):
        assert from_spec(objective.spec()) == objective
    assert parse_objective("negative-log-likelihood:poisson") == NegativeLogLikelihood(
        "poisson"
    )
    assert NegativeLogLikelihood("poisson").link == "log"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"family": "poison"}, "no family 'poison'"),
        ({"family": "poisson", "link": "lgo"}, "no link 'lgo'"),
        ({"family": "poisson", "dispersion": 2.0}, "has no dispersion to set"),
        ({"family": "gamma", "dispersion": -1.0}, "dispersion must be positive"),
        ({"family": "gamma", "dispersion": "guess"}, "'estimate' or None"),
        ({"family": "gamma", "exposure": True}, "only counts"),
        ({"family": "gamma", "trials": 3}, "only the binomial"),
        ({"family": "binomial", "trials": 0}, "at least 1"),
    ],
)
def test_options_without_a_meaning_are_refused(options: Any, words: str) -> None:
    with pytest.raises(RequestError, match=words):
        NegativeLogLikelihood(**options)


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ShapeError, match="one linear predictor for each example"):
        loss_of(NegativeLogLikelihood("poisson"), np.ones((3, 2)), np.ones((3, 2)))
    with pytest.raises(ShapeError, match="successes and failures"):
        loss_of(NegativeLogLikelihood("binomial"), np.ones(3), np.ones(3))


def test_an_estimated_dispersion_is_a_parameter() -> None:
    objective = NegativeLogLikelihood("gamma", dispersion="estimate")
    with pytest.raises(RequestError, match="log_dispersion"):
        loss_of(objective, ETA, POSITIVE)
    omega = tv.variable(np.log(0.3))
    batch = Batch(None, POSITIVE)
    value = objective.value(tv.tensor(ETA), batch, {"log_dispersion": omega})
    np.testing.assert_allclose(value.value, CASES["gamma"][3].mean(), rtol=1e-13)
    ridge = objective + 0.5 * L2(biases=True)
    parameters = {"weight": tv.variable(np.ones(2)), "log_dispersion": omega}
    np.testing.assert_allclose(
        ridge.value(tv.tensor(ETA), batch, parameters).value - value.value, 1.0
    )


@pytest.mark.parametrize(
    ("objective", "y", "words"),
    [
        (
            NegativeLogLikelihood("poisson"),
            [1, 2, -1],
            "row 2.*is -1.*whole numbers, 0 or more",
        ),
        (NegativeLogLikelihood("poisson"), [1.0, 2.5, 1.0], "row 1.*is 2.5"),
        (NegativeLogLikelihood("gamma"), [1.0, 2.0, 0.0], "row 2.*positive"),
        (
            NegativeLogLikelihood("binomial", trials=2),
            [1, 3, 0],
            "row 1.*at most the trials, 2",
        ),
        (NegativeLogLikelihood("binomial"), [[1, 2], [0, 0], [1, 1]], "each row has a trial"),
        (NegativeLogLikelihood("binomial"), [1, 2, 0], "pairs"),
        (
            NegativeLogLikelihood("poisson", exposure=True),
            [[1, 2.0], [0, 1.0], [1, 0.0]],
            "row 2.*exposures are positive",
        ),
        (NegativeLogLikelihood("bernoulli"), [0.0, 1.0, 0.5], "labels"),
    ],
)
def test_targets_that_cannot_occur_are_named(objective: Any, y: Any, words: str) -> None:
    x = np.arange(6.0).reshape(3, 2)
    with pytest.raises(DataError, match=words):
        tv.fit(
            tv.models.Linear(), objective, tv.algorithms.Adam(), (x, np.array(y)), epochs=1,
            progress=False,
        )  # fmt: skip


def test_columns_of_responses_are_refused() -> None:
    with pytest.raises(RequestError, match="one response per example"):
        tv.fit(
            tv.models.Linear(), NegativeLogLikelihood("poisson"), tv.algorithms.Adam(),
            (np.ones((3, 2)), np.arange(6).reshape(3, 2)), epochs=1, progress=False,
        )  # fmt: skip


def test_predictions_are_means() -> None:
    x = np.random.default_rng(3).normal(size=(200, 2))
    y = np.random.default_rng(4).poisson(np.exp(0.5 + x @ [0.3, -0.6]))
    options: dict[str, Any] = {"epochs": 150, "progress": False, "scale": True}
    fit = tv.fit(
        tv.models.Linear(), NegativeLogLikelihood("poisson"), tv.algorithms.Adam(0.01), (x, y),
        **options,
    )  # fmt: skip
    assert fit.task == "regression"
    np.testing.assert_allclose(fit.predict(x), np.exp(fit.outputs(x)), rtol=1e-6)
    assert (fit.predict(x) > 0).all()
    # The mean of the fitted means is that of the counts (the score of the intercept).
    np.testing.assert_allclose(fit.predict(x).mean(), y.mean(), rtol=0.05)
    rates = tv.fit(
        tv.models.Linear(), NegativeLogLikelihood("poisson", exposure=True),
        tv.algorithms.Adam(0.01), (x, np.c_[2.0 * y, np.full(200, 2.0)]), **options,
    )  # fmt: skip
    np.testing.assert_allclose(rates.predict(x), fit.predict(x), rtol=0.1)
    assert rates.score((x, np.c_[2.0 * y, np.full(200, 2.0)]))["r2"] > 0.1
    labels = np.array(["no", "yes"])[(y > 1).astype(int)]
    probit = tv.fit(
        tv.models.Linear(), NegativeLogLikelihood("bernoulli", "probit"),
        tv.algorithms.Adam(0.01), (x, labels), **options,
    )  # fmt: skip
    assert probit.task == "classification" and set(probit.predict(x)) <= {"no", "yes"}
    p = probit.probabilities(x)
    np.testing.assert_allclose(p[:, 1], stats.norm.cdf(probit.outputs(x)), rtol=1e-5)
    assert probit.score((x, labels))["accuracy"] > 0.6
