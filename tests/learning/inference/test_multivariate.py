"""Summaries of several responses: each by itself, and all together."""

from typing import Any

import numpy as np
import pytest
from scipy import stats

import trivium as tv
from trivium.learning.errors import RequestError

rng = np.random.default_rng(7)
N, K = 40, 3
X = rng.normal(size=(N, 2)) * [1.0, 20.0] + [3.0, -50.0]
MIXED = rng.normal(size=(N, K)) @ [[1.0, 0.6, 0.0], [0.0, 0.5, -0.3], [0.0, 0.0, 2.0]]
Y = X @ [[1.0, 0.0, -2.0], [0.1, 0.0, 0.3]] + [10.0, 0.0, -4.0] + MIXED
WEIGHT = rng.uniform(0.5, 2.0, N)


def fitted(x: Any, y: Any, penalty: float = 0.0, bias: bool = True, **options: Any) -> Any:
    objective: Any = tv.objectives.SquaredError()
    if penalty:
        objective = objective + penalty * tv.objectives.L2()
    return tv.fit(
        tv.models.Linear(bias=bias), objective, tv.algorithms.ClosedForm(), (x, y),
        progress=False, **options,
    )  # fmt: skip


@pytest.mark.parametrize("scale", [False, True])
@pytest.mark.parametrize("penalty", [0.0, 0.3])
@pytest.mark.parametrize("bias", [True, False])
def test_each_response_is_as_if_it_were_fitted_alone(
    scale: bool, penalty: float, bias: bool
) -> None:
    found = fitted(X, Y, penalty, bias, scale=scale).summary()
    assert found.responses == ("y[0]", "y[1]", "y[2]")
    for k, name in enumerate(found.responses):
        alone = fitted(X, Y[:, k], penalty, bias, scale=scale).summary()
        one = found[name]
        np.testing.assert_allclose(one.estimates, alone.estimates, rtol=1e-9)
        np.testing.assert_allclose(one.standard_errors, alone.standard_errors, rtol=1e-9)
        for field in ("dispersion", "deviance", "r_squared", "log_likelihood", "aic"):
            assert getattr(one, field) == pytest.approx(getattr(alone, field), rel=1e-10)
        assert found[name, "x[1]"].estimate == one["x[1]"].estimate
        assert {each.equation for each in one} == {name}
    assert (
        found.estimates.shape == found.standard_errors.shape == (K, 3 if bias or scale else 2)
    )
    assert len(list(found)) == found.estimates.size


def test_all_responses_together() -> None:
    """B̂ has the covariance Σ ⊗ (XᵀX)⁻¹; Σ̂ and the likelihood are those of SciPy's density."""
    found = fitted(X, Y).summary()
    rows = np.c_[np.ones(N), X]
    inverse = np.linalg.inv(rows.T @ rows)
    residuals = Y - rows @ np.linalg.lstsq(rows, Y, rcond=None)[0]
    sigma = residuals.T @ residuals / (N - 3)
    np.testing.assert_allclose(found.residual_covariance, sigma, rtol=1e-9)
    np.testing.assert_allclose(found.residual_correlation, np.corrcoef(residuals.T), rtol=1e-9)
    np.testing.assert_allclose(found.covariance, np.kron(sigma, inverse), rtol=1e-8, atol=1e-12)
    errors = np.sqrt(np.diag(found.covariance)).reshape(K, 3)
    np.testing.assert_allclose(errors, found.standard_errors, rtol=1e-9)
    exact = stats.multivariate_normal(cov=residuals.T @ residuals / N).logpdf(residuals).sum()
    assert found.log_likelihood == pytest.approx(exact, rel=1e-12)
    assert found.parameters == 3 * K + 6
    assert found.aic == pytest.approx(2 * 15 - 2 * exact, rel=1e-12)
    assert found.bic == pytest.approx(15 * np.log(N) - 2 * exact, rel=1e-12)


def test_wilks_is_the_ratio_of_the_generalised_variances() -> None:
    found = fitted(X, Y).summary()

    def error(rows: np.ndarray) -> float:
        rest = Y - rows @ np.linalg.lstsq(rows, Y, rcond=None)[0]
        return float(np.linalg.det(rest.T @ rest))

    ones = np.ones((N, 1))
    full = error(np.c_[ones, X])
    without = {
        "all features": ones, "intercept": X, "x[0]": np.c_[ones, X[:, 1]],
        "x[1]": np.c_[ones, X[:, 0]],
    }  # fmt: skip
    assert [test.name for test in found.tests] == list(without)
    for test in found.tests:
        assert test.wilks == pytest.approx(full / error(without[test.name]), rel=1e-9)
        assert test.p_value == pytest.approx(stats.f.sf(test.f_statistic, *test.df), rel=1e-9)
    assert found.tests[0].df == (6, 70) and found.tests[1].df == (3, 35)


def test_under_no_effect_the_p_values_are_uniform() -> None:
    p_values = []
    draws = np.random.default_rng(1)
    for _ in range(30):
        y = draws.normal(size=(12, 2)) @ [[1.0, 0.9], [0.0, 0.4]]
        found = fitted(draws.normal(size=(12, 2)), y).summary()
        p_values.append([test.p_value for test in found.tests if test.name != "intercept"])
    for each in np.array(p_values).T:
        assert stats.kstest(each, "uniform").pvalue > 1e-3


def test_weights_count_rows() -> None:
    """Weights have mean 1, so the likelihood is that of as many examples as there are rows."""
    whole = np.array([1, 2, 3, 1, 1, 2, 1, 1] * 5)
    weighted = fitted(X, Y, sample_weight=whole.astype(float)).summary()
    repeated = fitted(np.repeat(X, whole, axis=0), np.repeat(Y, whole, axis=0)).summary()
    np.testing.assert_allclose(weighted.estimates, repeated.estimates, rtol=1e-9)
    np.testing.assert_allclose(
        weighted.residual_correlation, repeated.residual_correlation, rtol=1e-9
    )
    share = N / whole.sum()
    assert weighted.log_likelihood == pytest.approx(repeated.log_likelihood * share, rel=1e-12)
    assert weighted.tests[0].wilks == pytest.approx(repeated.tests[0].wilks, rel=1e-9)


def test_robust_errors_and_dependent_columns() -> None:
    doubled = np.c_[X, 2 * X[:, 0]]
    found = fitted(doubled, Y).summary(robust="HC3")
    assert found.covariance is None and found.tests == ()
    alone = fitted(doubled, Y[:, 2]).summary(robust="HC3")
    np.testing.assert_allclose(found["y[2]"].standard_errors, alone.standard_errors, rtol=1e-9)
    assert "x[2]: not estimated; x[2] = 2·x[0]" in str(found)
    profile = fitted(X, Y).summary(intervals="profile")
    wald = fitted(X, Y).summary()
    for one, other in zip(profile, wald, strict=True):  # exact for the normal distribution
        assert one.lower == pytest.approx(other.lower, rel=1e-6)


def test_responses_that_depend_on_each_other_have_no_joint_test_and_say_so() -> None:
    found = fitted(X, np.c_[Y, Y[:, 0] - 2 * Y[:, 1]]).summary()
    assert found.tests == () and found.log_likelihood is None and found.aic is None
    assert any("depend on each other" in note for note in found.notes)
    assert np.isfinite(found.standard_errors).all() and "nan" not in str(found)


@pytest.mark.filterwarnings("error")
def test_responses_that_are_constant_or_fitted_exactly() -> None:
    found = fitted(X, np.c_[Y[:, 0], np.full(N, 3.0), X[:, 0]]).summary()
    np.testing.assert_allclose(found["y[1]"].estimates, [3, 0, 0], atol=1e-12)
    np.testing.assert_allclose(found["y[2]"].estimates, [0, 1, 0], atol=1e-12)
    assert found.log_likelihood is None and found.tests == ()
    assert "nan" not in str(found)
    assert any(note.startswith("y[1], y[2]: the fit is exact") for note in found.notes)
    few = fitted(X[:3], Y[:3]).summary()
    assert few.residual_covariance is None and few.tests == () and "nan" not in str(few)
    with pytest.raises(RequestError, match="no standard errors"):
        few.standard_errors


def test_one_column_is_one_response() -> None:
    found = fitted(X, Y[:, :1]).summary()
    alone = fitted(X, Y[:, 0]).summary()
    np.testing.assert_allclose(found.estimates, alone.estimates, rtol=1e-12)
    assert type(found) is type(alone)


def test_unknown_names_are_refused_with_the_nearest() -> None:
    found = fitted(X, Y).summary()
    with pytest.raises(RequestError, match=r"no response 'y\[7\]'.*y\[0\]"):
        found["y[7]"]
    with pytest.raises(RequestError, match="no coefficient 'age'"):
        found["y[0]", "age"]


def test_the_table_reads_well() -> None:
    text = str(fitted(X, Y).summary())
    lines = text.splitlines()
    assert lines[0] == "Multivariate linear regression, 3 responses: SquaredError()"
    heads = next(line for line in lines if "std. error" in line)
    rows = [
        line for line in lines if line.startswith(("  intercept", "  x[")) and "," not in line
    ]
    assert len(rows) == 9 and all(len(row) <= len(heads) for row in rows)
    assert sum(line.startswith("y[") and "R²" in line for line in lines) == 3
    assert "correlations of the residuals" in text and "Wilks' Λ" in text
