"""Moments, correlation and tests of independence, against SciPy and by hand."""

import math

import numpy as np
import pytest
from scipy import stats

import trivium as tv
from trivium.engine.errors import ArgumentError, DomainError, ShapeError

P = tv.probability
_RNG = np.random.default_rng(3)
X = _RNG.normal(size=40)
Y = 0.5 * X + _RNG.normal(size=40)
Z = _RNG.normal(size=(40, 2)) + X[:, None]
TABLE = np.array([[10, 20], [30, 15]])


def test_means_and_variances():
    found = P.expectation(X)
    assert found.interval == pytest.approx(stats.t.interval(0.95, 39, X.mean(), stats.sem(X)))
    assert float(P.expectation(X, lambda x: x**2)) == pytest.approx((X**2).mean())
    spread = P.variance(X, normal=True)
    assert spread.estimate == pytest.approx(X.var(ddof=1))
    assert spread.interval == pytest.approx(
        tuple(39 * X.var(ddof=1) / stats.chi2.ppf([0.975, 0.025], 39))
    )
    wide = P.variance(X).interval
    assert wide[0] < spread.estimate < wide[1]
    assert P.variance([2.0] * 5).interval == (0, math.inf)


def test_expectations_of_distributions():
    assert P.expectation(P.Gamma(2.0, 3.0), np.square) == pytest.approx(2 / 3, rel=1e-12)
    assert P.expectation(P.Normal(), tv.array.exp) == pytest.approx(math.exp(0.5), rel=1e-9)
    assert P.expectation(P.Poisson(3.0), np.square) == pytest.approx(12)
    assert P.expectation(P.Beta(2.0, 3.0)) == pytest.approx(0.4)


def test_pearson_is_scipys():
    found, reference = P.correlation(X, Y), stats.pearsonr(X, Y)
    assert found.estimate == pytest.approx(reference.statistic)
    assert found.p_value == pytest.approx(reference.pvalue)
    assert found.interval == pytest.approx(tuple(reference.confidence_interval()))
    exact = P.correlation(X, 3 * X + 1)
    assert exact.estimate == pytest.approx(1) and exact.interval[1] <= 1
    far = P.correlation(X + 1e6, Y * 1e-200)
    assert far.estimate == pytest.approx(found.estimate, rel=1e-8)


def test_spearman_is_scipys_with_ties():
    a, b = np.round(X, 1), np.round(Y, 1)
    found, reference = P.correlation(a, b, method="spearman"), stats.spearmanr(a, b)
    assert found.estimate == pytest.approx(reference.statistic)
    assert found.p_value == pytest.approx(reference.pvalue)
    assert found.interval[0] < found.estimate < found.interval[1]


def test_covariance_has_the_unbiased_estimate():
    found = P.covariance(X, Y)
    assert found.estimate == pytest.approx(np.cov(X, Y)[0, 1])
    assert found.interval[0] < found.estimate < found.interval[1]


def test_partial_correlation_is_in_the_inverse_covariance():
    found = P.partial_correlation(X, Y, Z)
    inverse = np.linalg.inv(np.cov(np.column_stack([X, Y, Z]).T))
    expected = -inverse[0, 1] / math.sqrt(inverse[0, 0] * inverse[1, 1])
    assert found.estimate == pytest.approx(expected)
    t = abs(expected) * math.sqrt(36 / (1 - expected**2))
    assert found.p_value == pytest.approx(2 * stats.t.sf(t, 36))
    repeated = P.partial_correlation(X, Y, np.column_stack([Z, Z[:, 0], np.ones(40)]))
    assert repeated.estimate == pytest.approx(expected)
    assert repeated.p_value == pytest.approx(found.p_value)
    assert P.conditional_independence(X, Y, Z).estimate == pytest.approx(expected)


def test_tests_of_tables_are_scipys():
    for method, power in (("chi-squared", "pearson"), ("g", "log-likelihood")):
        found = P.independence(TABLE, method=method)
        reference = stats.chi2_contingency(TABLE, correction=False, lambda_=power)
        assert found.statistic == pytest.approx(reference.statistic)
        assert found.p_value == pytest.approx(reference.pvalue) and found.df == 1
    fisher = P.independence(TABLE, method="fisher")
    assert fisher.p_value == pytest.approx(stats.fisher_exact(TABLE).pvalue)
    assert fisher.effects["Cramér's V"] == pytest.approx(
        stats.contingency.association(TABLE, correction=False)
    )
    odds = stats.contingency.odds_ratio(TABLE, kind="sample")
    assert fisher.effects["odds ratio"] == pytest.approx(odds.statistic)
    assert fisher.intervals["odds ratio"] == pytest.approx(tuple(odds.confidence_interval()))
    for small in ([[0, 5], [4, 1]], [[3, 1], [1, 3]], [[0, 2], [0, 9]][::-1]):
        if np.asarray(small).sum(axis=0).min():
            assert P.independence(small, method="fisher").p_value == pytest.approx(
                stats.fisher_exact(small).pvalue
            )


def test_labels_make_the_table():
    x = np.repeat(["a", "a", "b", "b"], TABLE.ravel())
    y = np.repeat([0, 1, 0, 1], TABLE.ravel())
    np.testing.assert_array_equal(P.contingency(x, y), TABLE)
    assert P.independence(x, y).p_value == P.independence(TABLE).p_value
    assert "expected counts" in str(P.independence([[1, 3], [2, 1]])) and "fisher" in str(
        P.independence([[1, 3], [2, 1]])
    )


def test_permutation_tests():
    found = P.independence(TABLE, method="permutation", permutations=999, seed=1)
    assert found.p_value == pytest.approx(stats.fisher_exact(TABLE).pvalue, abs=0.012)
    again = P.independence(TABLE, method="permutation", permutations=999, seed=1)
    assert again.p_value == found.p_value
    parabola = P.independence(X, X**2, method="distance", permutations=199)
    assert parabola.p_value < 0.02 and abs(P.correlation(X, X**2).estimate) < 0.9
    nothing = P.independence(X, _RNG.normal(size=40), method="distance", permutations=199)
    assert nothing.p_value > 0.01
    same = P.independence(X, 2 * X, method="distance", permutations=19)
    assert same.effects["distance correlation"] == pytest.approx(1)


def test_stratified_tests_are_the_textbooks():
    """Simpson's paradox: dependent over all, independent within each stratum."""
    x, y, g = [], [], []
    for stratum, cells in enumerate([[[8, 2], [80, 20]], [[20, 80], [2, 8]]]):
        for i in range(2):
            for j in range(2):
                x += [i] * cells[i][j]
                y += [j] * cells[i][j]
                g += [stratum] * cells[i][j]
    assert P.independence(x, y).p_value < 1e-6
    found = P.conditional_independence(x, y, g)
    assert found.method.startswith("Cochran") and found.statistic == pytest.approx(0, abs=1e-20)
    assert found.effects["common odds ratio"] == pytest.approx(1)
    plain = P.conditional_independence(x, y, g, method="stratified")
    assert plain.df == 2 and plain.p_value == pytest.approx(1)
    # one stratum: CMH is Pearson's χ² times (n - 1)/n, its odds ratio the sample's
    rows, columns = (
        np.repeat([0, 0, 1, 1], TABLE.ravel()),
        np.repeat([0, 1, 0, 1], TABLE.ravel()),
    )
    single = P.conditional_independence(rows, columns, np.zeros(75, int))
    chi = P.independence(TABLE)
    assert single.statistic == pytest.approx(chi.statistic * 74 / 75)
    assert single.effects["common odds ratio"] == pytest.approx(chi.effects["odds ratio"])
    assert single.intervals["common odds ratio"] == pytest.approx(chi.intervals["odds ratio"])


@pytest.mark.parametrize(
    ("ask", "error", "words"),
    [
        (lambda: P.correlation(X, np.full(40, 0.1)), DomainError, "y is constant"),
        (lambda: P.correlation(X, Y[:9]), ShapeError, "come in pairs"),
        (lambda: P.correlation(X[:3], Y[:3]), ArgumentError, "at least 4"),
        (lambda: P.correlation(X, Y, method="kendall"), ArgumentError, "pearson"),
        (lambda: P.correlation(X, Y * np.nan), ArgumentError, "finite"),
        (lambda: P.expectation([1.0]), ArgumentError, "at least 2"),
        (lambda: P.variance(X, level=2.0), ArgumentError, "between 0 and 1"),
        (lambda: P.partial_correlation(X, Y, X), DomainError, "determine x"),
        (lambda: P.independence([[1, 2], [0, 0]]), DomainError, "nothing to test"),
        (lambda: P.independence([[1, -2], [0, 3]]), ArgumentError, "counts"),
        (lambda: P.independence([[1.5, 2], [1, 3]]), ArgumentError, "counts"),
        (lambda: P.independence(["a", "b"], ["a"]), ShapeError, "pairs"),
        (lambda: P.independence(TABLE, method="fischer"), ArgumentError, "fisher"),
        (lambda: P.independence(np.ones((3, 2)), method="fisher"), ArgumentError, "2×2"),
        (lambda: P.independence(X, np.ones(40), method="distance"), DomainError, "constant"),
        (lambda: P.independence(TABLE, method="permutation", permutations=0),
         ArgumentError, "1 or more"),
        (lambda: P.conditional_independence([0, 1], [0, 1], [0, 1]), DomainError, "no stratum"),
        (lambda: P.conditional_independence([0, 1, 2], [0, 1, 0], [0, 0, 0], method="cmh"),
         ArgumentError, "two labels"),
    ],
)  # fmt: skip
def test_questions_without_an_answer_are_refused(ask, error, words):
    with pytest.raises(error, match=words):
        ask()


def test_squares_that_leave_double_precision_are_named():
    big, plain = np.array([1e300, -1e300, 1e299, 1e308]), np.arange(4.0)
    assert P.correlation(big, plain).estimate == pytest.approx(0.7745966692)
    for ask in (
        lambda: P.variance(big),
        lambda: P.variance(plain * 1e-200),
        lambda: P.covariance(big, plain),
        lambda: P.expectation(np.full(3, 1e308)),
    ):
        with pytest.raises(ArgumentError, match="rescale the data"):
            ask()
    tiny = P.family("normal").mle(np.array([1.0, 3.0]) * 1e-300)
    assert tiny.parameters["sd"] == pytest.approx(1e-300)
    huge = P.family("normal").mle(np.array([1.0, 3.0]) * 1e300)
    assert huge.parameters["sd"] == pytest.approx(1e300)
