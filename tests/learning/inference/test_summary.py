"""Summaries: identities of maximum likelihood, the definitions again in NumPy, refusals."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

import trivium as tv
from trivium.learning.errors import RequestError

Likelihood = tv.objectives.NegativeLogLikelihood
NEWTON = tv.algorithms.Newton(gradient_tolerance=1e-12)
rng = np.random.default_rng(12)
N = 80
X = rng.normal(size=(N, 2)) * [1.0, 30.0] + [5.0, -100.0]
Z = (X - X.mean(axis=0)) / X.std(axis=0)
ETA = 0.4 + Z @ [0.5, -0.3]
COUNTS = rng.poisson(np.exp(ETA)).astype(float)
POSITIVE = rng.gamma(3.0, np.exp(ETA) / 3)
LABELS = (rng.random(N) < special.expit(ETA)).astype(int)
NORMAL = ETA + rng.normal(size=N)
PAIRS = np.stack([rng.binomial(9, special.expit(ETA)), np.full(N, 9)], axis=1) * 1.0
PAIRS[:, 1] -= PAIRS[:, 0]

CASES: dict[str, tuple[Any, Any]] = {
    "normal": (tv.objectives.SquaredError(), NORMAL),
    "poisson": (Likelihood("poisson"), COUNTS),
    "poisson sqrt": (Likelihood("poisson", "sqrt"), COUNTS),
    "negative binomial": (Likelihood("negative_binomial", dispersion=0.5), COUNTS),
    "gamma": (Likelihood("gamma"), POSITIVE),
    "gamma inverse": (Likelihood("gamma", "inverse"), POSITIVE),
    "inverse gaussian": (Likelihood("inverse_gaussian"), POSITIVE),
    "binomial": (Likelihood("binomial"), PAIRS),
    "logit": (tv.objectives.BinaryCrossEntropy(), LABELS),
    "probit": (Likelihood("bernoulli", "probit"), LABELS),
    "cloglog": (Likelihood("bernoulli", "cloglog"), LABELS),
    "softmax": (tv.objectives.CrossEntropy(), LABELS + (COUNTS > 2)),
}


def fitted(name: str, **options: Any) -> Any:
    objective, y = CASES[name]
    algorithm = tv.algorithms.ClosedForm() if name == "normal" else NEWTON
    options = {"scale": True, "progress": False, **options}
    return tv.fit(tv.models.Linear(), objective, algorithm, (X, y), **options)


@pytest.fixture(scope="module")
def fits() -> Any:
    return {name: fitted(name) for name in CASES}


def design() -> np.ndarray:
    return np.c_[np.ones(N), X]


@pytest.mark.parametrize("name", CASES)
def test_at_the_maximum(fits: Any, name: str) -> None:
    summary = fits[name].summary()
    assert summary.distance < 1e-6 and summary.deviance >= 0 and summary.pearson >= 0
    assert summary.null_deviance >= summary.deviance
    assert summary.log_likelihood >= summary.null_log_likelihood
    assert summary.n == N and np.all(summary.standard_errors > 0)
    for each in summary:
        assert each.lower < each.estimate < each.upper
        assert each.statistic == pytest.approx(each.estimate / each.standard_error)
        assert 0 <= each.p_value <= 1
        half = each.standard_error * float(
            stats.t.ppf(0.975, summary.df_residual)
            if summary.statistic == "t"
            else stats.norm.ppf(0.975)
        )
        assert each.upper - each.estimate == pytest.approx(half)
    np.testing.assert_allclose(np.diag(summary.covariance), summary.standard_errors**2)
    assert summary.aic == pytest.approx(2 * summary.parameters - 2 * summary.log_likelihood)
    text = str(summary)
    assert "standard errors from the maximum" in text and "intercept" in text


@pytest.mark.parametrize("name", ["normal", "poisson", "gamma inverse", "binomial", "softmax"])
def test_units_of_the_features_do_not_matter(fits: Any, name: str) -> None:
    """Standardised inside or not, the coefficients are those of the user's numbers."""
    summary = fits[name].summary()
    if "softmax" not in name:
        eta = design() @ summary.estimates
        outputs = fits[name].outputs(X) if name != "normal" else fits[name].predict(X)
        np.testing.assert_allclose(eta, outputs, rtol=1e-8)
    objective, y = CASES[name]
    stretched = tv.fit(
        tv.models.Linear(), objective,
        tv.algorithms.ClosedForm() if name == "normal" else NEWTON,
        (X * [10.0, 0.1], y), scale=True, progress=False,
    ).summary()  # fmt: skip
    factor = np.tile([1.0, 0.1, 10.0], len(summary.estimates) // 3)
    np.testing.assert_allclose(stretched.estimates, summary.estimates * factor, rtol=1e-6)
    np.testing.assert_allclose(
        stretched.standard_errors, summary.standard_errors * factor, rtol=1e-6
    )


CANONICAL = ["normal", "poisson", "gamma inverse", "binomial", "logit", "softmax"]


@pytest.mark.parametrize("name", CASES)
def test_observed_is_expected_information_under_the_canonical_link(
    fits: Any, name: str
) -> None:
    expected = fits[name].summary(covariance="expected").standard_errors
    observed = fits[name].summary(covariance="observed").standard_errors
    same = np.allclose(expected, observed, rtol=1e-7)
    assert same == (name in CANONICAL)
    np.testing.assert_allclose(expected, observed, rtol=0.4)


def test_the_definitions_for_the_normal_family(fits: Any) -> None:
    summary = fits["normal"].summary()
    a = design()
    theta, rss, *_ = np.linalg.lstsq(a, NORMAL, rcond=None)
    sigma2 = float(rss[0]) / (N - 3)
    np.testing.assert_allclose(summary.estimates, theta, rtol=1e-9)
    np.testing.assert_allclose(summary.covariance, sigma2 * np.linalg.inv(a.T @ a), rtol=1e-7)
    assert summary.dispersion == pytest.approx(sigma2)
    assert summary.log_likelihood == pytest.approx(
        stats.norm(a @ theta, np.sqrt(float(rss[0]) / N)).logpdf(NORMAL).sum()
    )
    total = ((NORMAL - NORMAL.mean()) ** 2).sum()
    assert summary.r_squared == pytest.approx(1 - float(rss[0]) / total)
    assert summary.bic == pytest.approx(4 * np.log(N) - 2 * summary.log_likelihood)


@pytest.mark.parametrize("kind", ["HC0", "HC1", "HC2", "HC3"])
def test_sandwiches_from_their_definitions(fits: Any, kind: str) -> None:
    a = design()
    bread = np.linalg.inv(a.T @ a)
    rest = NORMAL - a @ np.linalg.lstsq(a, NORMAL, rcond=None)[0]
    leverage = np.einsum("ij,jk,ik->i", a, bread, a)
    power = {"HC0": 0, "HC1": 0, "HC2": 0.5, "HC3": 1}[kind]
    scores = a * (rest / (1 - leverage) ** power)[:, None]
    factor = N / (N - 3) if kind == "HC1" else 1.0
    want = factor * bread @ scores.T @ scores @ bread
    found = fits["normal"].summary(robust=kind)
    np.testing.assert_allclose(found.covariance, want, rtol=1e-6)
    assert kind in found.covariance_from


def test_a_sandwich_of_a_likelihood(fits: Any) -> None:
    summary = fits["poisson"].summary(robust="HC0")
    a = design()
    mean = np.exp(a @ summary.estimates)
    bread = np.linalg.inv(a.T @ (mean[:, None] * a))
    scores = a * (COUNTS - mean)[:, None]
    np.testing.assert_allclose(summary.covariance, bread @ scores.T @ scores @ bread, rtol=1e-6)
    several = fits["softmax"].summary(robust="HC1")
    assert np.all(several.standard_errors > 0)


@pytest.mark.parametrize("name", ["poisson", "logit", "gamma", "normal", "softmax"])
def test_profile_intervals_end_where_the_ratio_test_rejects(fits: Any, name: str) -> None:
    wald, profile = fits[name].summary(), fits[name].summary(intervals="profile")
    if name == "normal":  # a parabola: both are the t interval
        for one, other in zip(wald, profile):
            np.testing.assert_allclose(
                [one.lower, one.upper], [other.lower, other.upper], rtol=1e-7
            )
        return
    for one, other in zip(wald, profile):
        width = one.upper - one.lower
        np.testing.assert_allclose(
            [one.lower, one.upper], [other.lower, other.upper], atol=0.35 * width
        )
        assert other.lower < other.estimate < other.upper
    if name != "poisson":
        return
    each = profile["x[1]"]
    a = np.c_[np.ones(N), X[:, 0]]
    for end in (each.lower, each.upper):  # the others fitted again at the end
        theta = np.array([0.0, 0.0])
        for _ in range(50):
            mean = np.exp(a @ theta + end * X[:, 1])
            theta = theta + np.linalg.solve(
                a.T @ (mean[:, None] * a) + 1e-12 * np.eye(2), a.T @ (COUNTS - mean)
            ) / (1 + np.abs(a.T @ (COUNTS - mean)).max() / 1e4)
        log_likelihood = stats.poisson(mean).logpmf(COUNTS).sum()
        ratio = 2 * (profile.log_likelihood - log_likelihood)
        assert ratio == pytest.approx(stats.chi2.ppf(0.95, 1), rel=1e-5)


def test_quasi_likelihood_widens_the_errors(fits: Any) -> None:
    plain, quasi = fits["poisson"].summary(), fits["poisson"].summary(dispersion="pearson")
    assert quasi.dispersion == pytest.approx(plain.pearson / plain.df_residual)
    np.testing.assert_allclose(
        quasi.standard_errors, plain.standard_errors * np.sqrt(quasi.dispersion)
    )
    assert quasi.statistic == "t" and plain.statistic == "z"
    fixed = fits["poisson"].summary(dispersion=4.0)
    np.testing.assert_allclose(fixed.standard_errors, 2 * plain.standard_errors)
    by_deviance = fits["gamma"].summary(dispersion="deviance")
    assert by_deviance.dispersion == pytest.approx(
        by_deviance.deviance / by_deviance.df_residual
    )


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), name=st.sampled_from(["poisson", "gamma", "logit"]))
def test_whatever_the_data_the_score_is_zero_and_the_deviance_positive(
    seed: int, name: str
) -> None:
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(40, 2))
    eta = 0.3 * x[:, 0]
    y = {
        "poisson": lambda: draw.poisson(np.exp(eta)),
        "gamma": lambda: draw.gamma(2.0, np.exp(eta)),
        "logit": lambda: draw.integers(0, 2, 40),
    }[name]()
    if np.all(y == y[0]):
        return
    try:
        fit = tv.fit(tv.models.Linear(), CASES[name][0], NEWTON, (x, y), progress=False)
    except RequestError as error:
        assert "no maximum" in str(error)
        return
    summary = fit.summary()
    mean = fit.predict(x) if name != "logit" else fit.probabilities(x)[:, 1]
    a = np.c_[np.ones(40), x]
    variance = mean if name == "gamma" else 1.0  # log link: the score is Aᵀ(y - μ)/μ
    np.testing.assert_allclose(a.T @ ((y - mean) / variance), 0, atol=1e-6)
    assert summary.deviance >= 0 and summary.distance < 1e-6
    if name == "poisson":
        assert summary.deviance == pytest.approx(
            2 * (special.xlogy(y, y / mean) - (y - mean)).sum(), rel=1e-9
        )


def test_weights_count_each_example_as_often() -> None:
    twice = np.concatenate([np.arange(N), np.arange(0, N, 2)])
    weight = 1.0 + (np.arange(N) % 2 == 0)
    options: dict[str, Any] = {"progress": False}
    one = tv.fit(
        tv.models.Linear(), CASES["poisson"][0], NEWTON, (Z, COUNTS), sample_weight=weight,
        **options,
    )  # fmt: skip
    other = tv.fit(
        tv.models.Linear(),
        CASES["poisson"][0],
        NEWTON,
        (Z[twice], COUNTS[twice]),
        **options,
    )
    np.testing.assert_allclose(one.summary().estimates, other.summary().estimates, rtol=1e-7)
    ratio = one.summary().standard_errors / other.summary().standard_errors
    np.testing.assert_allclose(ratio, np.sqrt(len(twice) / N), rtol=1e-6)  # weights: mean 1


def test_an_estimated_dispersion_has_an_error_and_an_interval() -> None:
    size = 2.0
    y = np.random.default_rng(8).negative_binomial(size, size / (size + np.exp(1 + ETA)))
    fit = tv.fit(
        tv.models.Linear(), Likelihood("negative_binomial"), NEWTON, (Z, y), progress=False
    )
    found = fit.summary(covariance="observed", intervals="profile")["dispersion"]
    assert found.lower < found.estimate < found.upper and found.p_value is None
    assert found.lower < 1 / size < found.upper
    wald = fit.summary()["dispersion"]
    assert 0 < wald.lower < found.estimate < wald.upper
    np.testing.assert_allclose([wald.lower, wald.upper], [found.lower, found.upper], rtol=0.5)


def test_categories_are_compared_with_their_first_level() -> None:
    import pandas

    level = np.random.default_rng(2).choice(["low", "mid", "top"], N)
    y = np.random.default_rng(3).poisson(np.exp(0.5 + 0.7 * (level == "mid")))
    frame = pandas.DataFrame({"level": level, "x": Z[:, 0], "y": y})
    fit = tv.fit(
        tv.models.Linear(), Likelihood("poisson"), NEWTON, frame, target="y", progress=False
    )
    assert any("every row has one level of 'level'" in note for note in fit.notes)
    summary = fit.summary()
    assert list(summary.dropped) == ["level=low"]
    dummies = np.c_[np.ones(N), level == "mid", level == "top", Z[:, 0]].astype(float)
    same = tv.fit(
        tv.models.Linear(bias=False), Likelihood("poisson"), NEWTON, (dummies, y),
        progress=False,
    ).summary()  # fmt: skip
    for name, other in zip(["intercept", "level=mid", "level=top", "x"], same):
        assert summary[name].estimate == pytest.approx(other.estimate, abs=1e-6)
        assert summary[name].standard_error == pytest.approx(other.standard_error, rel=1e-6)
    with pytest.raises(RequestError, match="the others are compared with"):
        summary["level=low"]
    with pytest.raises(
        RequestError, match="did you mean 'level=mid'|no coefficient 'level=mdi'"
    ):
        summary["level=mdi"]


def test_a_model_without_a_bias() -> None:
    fit = tv.fit(
        tv.models.Linear(bias=False), tv.objectives.SquaredError(), tv.algorithms.ClosedForm(),
        (X, NORMAL), progress=False,
    )  # fmt: skip
    summary = fit.summary()
    theta, rss, *_ = np.linalg.lstsq(X, NORMAL, rcond=None)
    np.testing.assert_allclose(summary.estimates, theta, rtol=1e-9)
    assert summary.r_squared == pytest.approx(1 - float(rss[0]) / (NORMAL**2).sum())
    scaled = tv.fit(
        tv.models.Linear(bias=False), tv.objectives.SquaredError(), tv.algorithms.ClosedForm(),
        (X, NORMAL), scale=True, progress=False,
    )  # fmt: skip
    found = scaled.summary()
    np.testing.assert_allclose(design() @ found.estimates, scaled.predict(X), rtol=1e-8)


def test_with_a_prior_it_says_what_the_numbers_are() -> None:
    objective = CASES["poisson"][0] + 0.05 * tv.objectives.L2()
    fit = tv.fit(tv.models.Linear(), objective, NEWTON, (Z, COUNTS), progress=False)
    summary = fit.summary()
    a, theta = np.c_[np.ones(N), Z], summary.estimates
    mean = np.exp(a @ theta)
    curvature = a.T @ (mean[:, None] * a) + np.diag([0, 1, 1]) * 2 * N * 0.05
    np.testing.assert_allclose(summary.covariance, np.linalg.inv(curvature), rtol=1e-6)
    assert "not valid" in summary.notes[0] and summary["x[0]"].p_value is None
    assert "posterior" in summary.covariance_from and 1 < summary.parameters < 3
    with pytest.raises(RequestError, match="no sandwich"):
        fit.summary(robust="HC0")
    lasso = tv.fit(
        tv.models.Linear(), CASES["poisson"][0] + 0.01 * tv.objectives.L1(),
        tv.algorithms.Adam(0.01), (Z, COUNTS), epochs=20, progress=False,
    ).summary()  # fmt: skip
    assert lasso.covariance is None and "L1" in lasso.notes[0]
    assert lasso["x[0]"].standard_error is None and "-" in str(lasso)
    with pytest.raises(RequestError, match="no standard errors"):
        _ = lasso.standard_errors
    # Both columns of a softmax are penalised; the contrast of two classes is what is shown.
    ridge = tv.fit(
        tv.models.Linear(), tv.objectives.CrossEntropy() + 0.02 * tv.objectives.L2(), NEWTON,
        (Z, LABELS), progress=False,
    ).summary()  # fmt: skip
    binary = tv.fit(
        tv.models.Linear(), tv.objectives.BinaryCrossEntropy() + 0.01 * tv.objectives.L2(),
        NEWTON, (Z, LABELS), progress=False,
    ).summary()  # fmt: skip
    np.testing.assert_allclose(ridge.estimates, binary.estimates, rtol=1e-6)
    np.testing.assert_allclose(ridge.standard_errors, binary.standard_errors, rtol=1e-6)


def test_an_early_stop_is_said() -> None:
    fit = tv.fit(
        tv.models.Linear(), CASES["poisson"][0], tv.algorithms.Adam(0.01), (Z, COUNTS), epochs=2,
        progress=False,
    )  # fmt: skip
    summary = fit.summary()
    assert summary.distance > 0.01
    assert any("standard errors away from the maximum" in note for note in summary.notes)


def test_as_many_parameters_as_examples() -> None:
    fit = tv.fit(
        tv.models.Linear(), tv.objectives.SquaredError(), tv.algorithms.ClosedForm(),
        (X[:3], NORMAL[:3]), progress=False,
    )  # fmt: skip
    summary = fit.summary()
    assert summary.covariance is None and summary.dispersion is None
    assert any("no residual degrees of freedom" in note for note in summary.notes)
    assert "not estimable" in str(summary)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"level": 1.5}, "level"),
        ({"level": 0.0}, "level"),
        ({"intervals": "bootstrap"}, "'wald', 'profile'"),
        ({"robust": "HC9"}, "HC0"),
        ({"covariance": "guess"}, "expected"),
        ({"dispersion": -1.0}, "positive"),
        ({"dispersion": "x"}, "pearson"),
        ({"robust": "HC0", "intervals": "profile"}, "one of them"),
    ],
)
def test_options_without_a_meaning_are_refused(fits: Any, options: Any, words: str) -> None:
    with pytest.raises(RequestError, match=words):
        fits["poisson"].summary(**options)


def test_models_and_objectives_without_inference_are_refused(tmp_path: Any) -> None:
    quick: dict[str, Any] = {"epochs": 1, "progress": False}
    adam = tv.algorithms.Adam()
    mlp = tv.fit(tv.models.MLP([2]), tv.objectives.SquaredError(), adam, (Z, NORMAL), **quick)
    with pytest.raises(RequestError, match="MLP is not linear"):
        mlp.summary()
    robust = tv.fit(tv.models.Linear(), tv.objectives.Huber(), adam, (Z, NORMAL), **quick)
    with pytest.raises(RequestError, match="Huber"):
        robust.summary()
    brier = tv.fit(
        tv.models.Linear(output="sigmoid"), tv.objectives.SquaredError(), adam, (Z, LABELS),
        **quick,
    )  # fmt: skip
    with pytest.raises(RequestError, match="output=None"):
        brier.summary()
    fit = tv.fit(
        tv.models.Linear(), Likelihood("gamma", dispersion="estimate"), adam, (Z, POSITIVE),
        **quick,
    )  # fmt: skip
    fit.save(tmp_path / "run")
    loaded = tv.load(tmp_path / "run")
    with pytest.raises(RequestError, match="pass them"):
        loaded.summary()
    np.testing.assert_allclose(
        loaded.summary((Z, POSITIVE)).estimates, fit.summary().estimates, rtol=1e-6
    )


def test_a_classifier_with_any_link_has_probabilities() -> None:
    text = "negative-log-likelihood:bernoulli,link=cloglog"
    found = tv.Classifier(objective=text, model="linear", algorithm="newton").fit(Z, LABELS)
    p = found.predict_proba(Z)[:, 1]
    np.testing.assert_array_equal(found.predict(Z), (p >= 0.5).astype(int))
    assert not hasattr(found, "decision_function")  # its zero is no even chance
    counts = tv.Regressor(
        objective="negative-log-likelihood:poisson", model="linear", algorithm="newton"
    ).fit(Z, COUNTS)
    assert (counts.predict(Z) > 0).all() and counts.score(Z, COUNTS) > 0


def test_the_table_prints_with_rich(fits: Any) -> None:
    from rich.console import Console

    console = Console(width=120, file=None, record=True, quiet=False)
    with console.capture() as captured:
        console.print(fits["softmax"].summary())
    assert "log-odds of 1 against 0" in captured.get() and "95 % from" in captured.get()
