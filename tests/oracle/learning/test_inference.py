"""Generalised linear models against results of R and Stata that statsmodels records."""

import warnings
from typing import Any

import numpy as np
import pytest

import trivium as tv

pytestmark = pytest.mark.oracle
glm = pytest.importorskip("statsmodels.genmod.tests.results.results_glm")
discrete = pytest.importorskip("statsmodels.discrete.tests.results.results_discrete")
datasets = pytest.importorskip("statsmodels.datasets")

Likelihood = tv.objectives.NegativeLogLikelihood
NEWTON = tv.algorithms.Newton(gradient_tolerance=1e-12)


def fitted(objective: Any, x: Any, y: Any) -> Any:
    x, y = np.asarray(x, float), np.asarray(y)
    return tv.fit(tv.models.Linear(), objective, NEWTON, (x, y), progress=False)


def constant_last(values: Any) -> np.ndarray:
    return np.r_[values[1:], values[0]]


def close(found: Any, recorded: Any, digits: float) -> None:
    np.testing.assert_allclose(found, recorded, rtol=0.6 * 10.0**-digits)


def agree(summary: Any, recorded: Any, digits: float, deviance: float) -> None:
    """Parameters and standard errors, the constant last, and the deviances."""
    close(constant_last(summary.estimates), recorded.params, digits)
    close(constant_last(summary.standard_errors), recorded.bse, digits)
    close(summary.deviance, recorded.deviance, deviance)
    close(summary.null_deviance, recorded.null_deviance, min(deviance, 6))
    assert summary.df_residual == recorded.df_resid
    assert summary.distance is not None and summary.distance < 1e-5


def test_longley() -> None:
    data = datasets.longley.load()
    fit = tv.fit(
        tv.models.Linear(), tv.objectives.SquaredError(), tv.algorithms.ClosedForm(),
        (np.asarray(data.exog), np.asarray(data.endog)), progress=False,
    )  # fmt: skip
    summary, recorded = fit.summary(), glm.Longley()
    close(constant_last(summary.estimates), recorded.params, 8)
    close(constant_last(summary.standard_errors), recorded.bse, 8)
    close(summary.deviance, recorded.deviance, 9)
    close(summary.dispersion, recorded.scale, 9)
    close(summary.log_likelihood, recorded.llf, 12)
    close(summary.aic, recorded.aic_R, 12)


def test_normal_with_log_and_inverse_links() -> None:
    x = np.arange(100.0)
    noise = np.random.RandomState(54321).randn(100)
    features = np.c_[x, x**2]
    y = np.exp(-(-1.0 + 0.02 * x + 0.0001 * x**2)) + 0.001 * noise
    options = {"scale": True, "progress": False}
    summary = tv.fit(
        tv.models.Linear(), Likelihood("normal", "log"), NEWTON, (features, y), **options
    ).summary()
    recorded = glm.GaussianLog()
    close(summary.estimates, recorded.params, 8)
    close(summary.standard_errors, recorded.bse, 8)
    close(summary.deviance, recorded.deviance, 12)
    close(summary.log_likelihood, recorded.llf, 12)
    noise = np.random.RandomState(54321)
    noise.randn(100)
    y = 1 / (1.0 + 0.02 * x + 0.001 * x**2) + 0.001 * noise.randn(100)
    summary = tv.fit(
        tv.models.Linear(),
        Likelihood("normal", "inverse"),
        NEWTON,
        (features, y),
        **options,
    ).summary()
    recorded = glm.GaussianInverse()
    close(summary.estimates, recorded.params, 5)
    close(summary.standard_errors, recorded.bse, 7)
    close(summary.deviance, recorded.deviance, 12)


def test_binomial_star98() -> None:
    data = datasets.star98.load()
    fit = tv.fit(
        tv.models.Linear(), Likelihood("binomial"), NEWTON,
        (np.asarray(data.exog, float), np.asarray(data.endog, float)), scale=True, progress=False,
    )  # fmt: skip
    summary, recorded = fit.summary(), glm.Star98()
    agree(summary, recorded, 6, 12)
    close(summary.log_likelihood, recorded.llf, 12)
    close(summary.pearson, recorded.pearson_chi2, 6)
    close(summary.aic, recorded.aic_R, 12)


@pytest.mark.parametrize("through", ["bernoulli", "BinaryCrossEntropy", "CrossEntropy"])
def test_bernoulli_lbw(through: str) -> None:
    recorded = glm.Lbw()
    objective = (
        Likelihood("bernoulli") if through == "bernoulli" else getattr(tv.objectives, through)()
    )
    x = np.asarray(recorded.exog, float)[:, :-1]
    model_scale = {"scale": True, "progress": False}
    fit = tv.fit(
        tv.models.Linear(),
        objective,
        NEWTON,
        (x, np.asarray(recorded.endog)),
        **model_scale,
    )
    summary = fit.summary()
    agree(summary, recorded, 4.5, 12)
    close(summary.log_likelihood, recorded.llf, 12)
    close(summary.pearson, recorded.pearson_chi2, 8)


def test_gamma_with_inverse_and_log_links() -> None:
    data = datasets.scotland.load()
    options = {"scale": True, "progress": False}
    fit = tv.fit(
        tv.models.Linear(), Likelihood("gamma", "inverse"), NEWTON,
        (np.asarray(data.exog, float), np.asarray(data.endog, float)), **options,
    )  # fmt: skip
    summary, recorded = fit.summary(), glm.Scotvote()
    agree(summary, recorded, 6, 12)
    close(summary.dispersion, recorded.scale, 7)
    close(summary.pearson, recorded.pearson_chi2, 6)
    recorded = glm.CancerLog()
    summary = fitted(
        Likelihood("gamma"), recorded.exog[:, :-1], np.asarray(recorded.endog, float)
    ).summary()
    agree(summary, recorded, 4, 9)
    close(summary.dispersion, recorded.scale, 5)


def cpunish() -> tuple[np.ndarray, np.ndarray]:
    data = datasets.cpunish.load()
    x = np.array(data.exog, float)
    x[:, 3] = np.log(x[:, 3])
    return x, np.asarray(data.endog, float)


def test_poisson_cpunish_with_and_without_exposure() -> None:
    x, y = cpunish()
    options = {"scale": True, "progress": False}
    fit = tv.fit(tv.models.Linear(), Likelihood("poisson"), NEWTON, (x, y), **options)
    summary, recorded = fit.summary(), glm.Cpunish()
    agree(summary, recorded, 4, 12)
    close(summary.log_likelihood, recorded.llf, 12)
    close(summary.pearson, recorded.pearson_chi2, 7)
    fit = tv.fit(
        tv.models.Linear(), Likelihood("poisson", exposure=True), NEWTON,
        (x, np.c_[y, np.full(len(y), 100.0)]), **options,
    )  # fmt: skip
    summary, recorded = fit.summary(), glm.Cpunish_offset()
    # recorded with the constant first
    np.testing.assert_allclose(summary.estimates, recorded.params, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(summary.standard_errors, recorded.bse, rtol=5e-4)  # four digits
    close(summary.deviance, recorded.deviance, 10)


def test_inverse_gaussian_with_canonical_and_log_links() -> None:
    recorded = glm.InvGauss()
    summary = fitted(
        Likelihood("inverse_gaussian", "inverse_squared"), recorded.exog[:, :-1], recorded.endog
    ).summary()
    agree(summary, recorded, 5, 12)
    close(summary.dispersion, recorded.scale, 5)
    recorded = glm.InvGaussLog()
    summary = fitted(
        Likelihood("inverse_gaussian"), recorded.exog[:, :-1], np.asarray(recorded.endog, float)
    ).summary()
    agree(summary, recorded, 4, 9)
    close(summary.dispersion, recorded.scale, 4.5)


def test_negative_binomial_committee() -> None:
    data = datasets.committee.load()
    x = np.array(data.exog, float)
    x[:, 2] = np.log(x[:, 2])
    x = np.c_[x, x[:, 2] * x[:, 1]]
    fit = tv.fit(
        tv.models.Linear(), Likelihood("negative_binomial", dispersion=1.0), NEWTON,
        (x, np.asarray(data.endog, float)), scale=True, progress=False,
    )  # fmt: skip
    summary, recorded = fit.summary(dispersion="pearson"), glm.Committee()
    agree(summary, recorded, 3, 7)


@pytest.mark.parametrize("link", ["logit", "probit"])
def test_spector(link: str) -> None:
    data = datasets.spector.load()
    recorded = getattr(discrete.Spector, link)
    summary = fitted(
        Likelihood("bernoulli", link), np.asarray(data.exog), np.asarray(data.endog, int)
    ).summary(covariance="observed")
    close(constant_last(summary.estimates), recorded.params, 6)
    close(constant_last(summary.standard_errors), recorded.bse, 5)
    # Stata kept these data in single precision.
    close(summary.log_likelihood, recorded.llf, 7)
    close(summary.null_log_likelihood, recorded.llnull, 12)
    close(summary.likelihood_ratio, recorded.llr, 6)
    close(summary.likelihood_ratio_p_value, recorded.llr_pvalue, 5)
    intervals = [(each.lower, each.upper) for each in summary]
    close(np.roll(intervals, -1, axis=0), recorded.conf_int, 5)
    if hasattr(recorded, "aic"):
        close(summary.aic, recorded.aic, 7)
        close(summary.bic, recorded.bic, 7)


def test_multinomial_anes() -> None:
    data = datasets.anes96.load()
    x = np.asarray(data.exog, float)
    recorded = discrete.Anes.mnlogit_basezero
    recorded = recorded() if callable(recorded) else recorded
    summary = tv.fit(
        tv.models.Linear(), tv.objectives.CrossEntropy(), NEWTON,
        (x, np.asarray(data.endog, int)), scale=True, progress=False,
    ).summary()  # fmt: skip
    found = summary.estimates.reshape(6, -1)
    close(np.roll(found, -1, axis=1).T, recorded.params, 5)
    close(np.roll(summary.standard_errors.reshape(6, -1), -1, axis=1).T, recorded.bse, 7)
    close(summary.log_likelihood, recorded.llf, 10)
    close(summary.null_log_likelihood, recorded.llnull, 10)
    assert summary.df_model == recorded.df_model


def randhie() -> tuple[np.ndarray, np.ndarray]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = datasets.randhie.load()
    return np.asarray(data.exog, float), np.asarray(data.endog, float)


def test_counts_of_randhie() -> None:
    x, y = randhie()
    options = {"scale": True, "progress": False}
    recorded = discrete.RandHIE.poisson
    fit = tv.fit(tv.models.Linear(), Likelihood("poisson"), NEWTON, (x, y), **options)
    summary = fit.summary()
    close(constant_last(summary.estimates), recorded.params, 6)
    close(constant_last(summary.standard_errors), recorded.bse, 7)
    close(summary.log_likelihood, recorded.llf, 9)
    close(summary.likelihood_ratio, recorded.llr, 7)
    recorded = discrete.RandHIE.negativebinomial_nb2_bfgs
    fit = tv.fit(tv.models.Linear(), Likelihood("negative_binomial"), NEWTON, (x, y), **options)
    summary = fit.summary(covariance="observed")
    found, errors = summary.estimates, summary.standard_errors
    close(np.r_[found[1:-1], found[0]], recorded.params[:-1], 5.5)
    close(np.r_[errors[1:-1], errors[0]], recorded.bse[:-1], 1.3)  # they: expected
    expected = fit.summary().standard_errors
    close(np.r_[expected[1:-1], expected[0]], recorded.bse[:-1], 4)
    close(np.log(found[-1]), recorded.lnalpha, 7)
    close(errors[-1] / found[-1], recorded.lnalpha_std_err, 5)
    close(summary.log_likelihood, recorded.llf, 12)
    close(summary.null_log_likelihood, recorded.llnull, 12)
    close(summary.aic, recorded.aic, 12)
