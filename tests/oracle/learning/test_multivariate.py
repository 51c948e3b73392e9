"""Linear regression of several responses against statsmodels."""

import numpy as np
import pytest

import trivium as tv

pytestmark = pytest.mark.oracle
ols = pytest.importorskip("statsmodels.multivariate.multivariate_ols")


@pytest.mark.parametrize(("responses", "features"), [(2, 1), (2, 3), (4, 2), (3, 6)])
def test_estimates_errors_and_wilks(responses: int, features: int) -> None:
    rng = np.random.default_rng(responses)
    x = rng.normal(size=(40, features)) + np.arange(features)
    noise = rng.normal(size=(40, responses)) @ rng.normal(size=(responses, responses))
    y = x @ rng.normal(size=(features, responses)) * 0.4 + noise + 5
    fit = tv.fit(
        tv.models.Linear(), tv.objectives.SquaredError(), tv.algorithms.ClosedForm(), (x, y),
        progress=False,
    )  # fmt: skip
    summary = fit.summary()
    rows = np.c_[np.ones(40), x]
    theirs = ols.MultivariateLS(y, rows).fit()
    np.testing.assert_allclose(summary.estimates.T, theirs.params, rtol=1e-9)
    np.testing.assert_allclose(summary.standard_errors.T, theirs.bse, rtol=1e-9)
    np.testing.assert_allclose(summary.covariance, theirs.cov_params(), rtol=1e-8, atol=1e-12)
    ends = np.array([(each.lower, each.upper) for each in summary])
    np.testing.assert_allclose(
        ends.reshape(responses, -1, 2), theirs.conf_int(), rtol=1e-7, atol=1e-9
    )
    hypotheses = [("all features", np.eye(features + 1)[1:])]
    hypotheses += [
        (each.name, np.eye(features + 1)[[j]]) for j, each in enumerate(summary["y[0]"])
    ]
    recorded = theirs.mv_test(hypotheses).results
    for test in summary.tests:  # statsmodels leaves out eigenvalues below 1e-8
        row = recorded[test.name]["stat"].loc["Wilks' lambda"]
        assert test.wilks == pytest.approx(row["Value"], rel=3e-8)
        assert test.f_statistic == pytest.approx(row["F Value"], rel=3e-8)
        assert test.df == pytest.approx((row["Num DF"], row["Den DF"]))
        assert test.p_value == pytest.approx(row["Pr > F"], rel=1e-6)
