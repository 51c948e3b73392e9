"""Power laws and their fit, against published values, SciPy and brute force."""

import numpy as np
import pytest
from scipy import optimize, special, stats

import trivium as tv
from trivium.engine.errors import ArgumentError, DomainError, DTypeError

P = tv.probability


def test_the_discrete_law_is_scipys_zipf():
    mine, reference = P.DiscretePowerLaw(2.5), stats.zipf(2.5)
    k = np.arange(1.0, 40)
    np.testing.assert_allclose(mine.log_density(k).value, reference.logpmf(k), rtol=1e-12)
    assert mine.mean.item() == pytest.approx(reference.mean())
    assert P.DiscretePowerLaw(2.0).mean.item() == np.inf
    assert P.DiscretePowerLaw(2.5).variance.item() == np.inf
    shifted = P.DiscretePowerLaw(2.2, 7)
    k = np.arange(7.0, 4000)
    weights = k**-2.2 / special.zeta(2.2, 7)
    np.testing.assert_allclose(shifted.density(k).value, weights, rtol=1e-12)
    assert shifted.density([6.0, 7.5]).value.tolist() == [0, 0]
    np.testing.assert_allclose(
        shifted.survival(k), special.zeta(2.2, k + 1) / special.zeta(2.2, 7), rtol=1e-12
    )
    far = P.DiscretePowerLaw(30.0)
    assert np.isfinite(far.log_survival(1e6)) and far.survival(1e12) == 0


@pytest.mark.parametrize("minimum", [1, 2, 6])
def test_discrete_maximum_likelihood_is_exact_for_small_minima(minimum):
    """Against a minimisation of -ℓ with SciPy's zeta; the usual approximation is off."""
    x = P.DiscretePowerLaw(2.5, minimum).sample(3000, seed=8)
    total = np.log(x).sum()

    def loss(alpha):
        return alpha * total + len(x) * np.log(special.zeta(alpha, minimum))

    best = optimize.minimize_scalar(loss, bounds=(1.1, 6), options={"xatol": 1e-12}).x
    fit = P.fit_power_law(x, minimum=minimum)
    assert fit.exponent == pytest.approx(best, abs=1e-6)
    member = P.family("discrete_power_law", minimum=minimum).mle(x)
    assert member.parameters["exponent"] == pytest.approx(fit.exponent, rel=1e-10)
    assert member.standard_errors["exponent"] == pytest.approx(fit.standard_error, rel=1e-8)
    assert abs(fit.exponent - 2.5) < 4 * fit.standard_error
    rough = 1 + len(x) / np.log(x / (minimum - 0.5)).sum()
    if minimum == 1:
        assert abs(rough - 2.5) > 10 * fit.standard_error


def test_the_standard_error_is_that_of_the_paper():
    """Clauset, Shalizi & Newman (2009), eq. 3.2 and 3.6."""
    x = P.PowerLaw(2.5, 3.0).sample(1000, seed=1)
    fit = P.fit_power_law(x, minimum=3.0)
    assert fit.exponent == pytest.approx(1 + 1000 / np.log(x / 3.0).sum())
    assert fit.standard_error == pytest.approx((fit.exponent - 1) / np.sqrt(1000))
    k = P.DiscretePowerLaw(2.5).sample(1000, seed=1)
    fit = P.fit_power_law(k, minimum=1)
    a, h = fit.exponent, 1e-4
    logs = [np.log(special.zeta(a + shift, 1)) for shift in (-h, 0, h)]
    curvature = (logs[0] - 2 * logs[1] + logs[2]) / h**2
    assert fit.standard_error == pytest.approx(1 / np.sqrt(1000 * curvature), rel=1e-5)


def test_the_minimum_is_where_the_tail_is_nearest_to_its_law():
    tail = P.PowerLaw(2.5, 10.0).sample(600, seed=3)
    body = P.Uniform(0.5, 10.0).sample(400, seed=4)
    fit = P.fit_power_law(np.concatenate([tail, body]))
    assert 8 < fit.minimum < 16
    assert abs(fit.exponent - 2.5) < 4 * fit.standard_error
    assert fit.n == 1000 and fit.tail == int(
        (np.concatenate([tail, body]) >= fit.minimum).sum()
    )
    # the distance, by SciPy, at the chosen minimum and at another
    above = np.concatenate([tail, body])
    for low in (fit.minimum, 2.0):
        part = above[above >= low]
        own = P.fit_power_law(above, minimum=low)
        test = stats.kstest(part, stats.pareto(own.exponent - 1, scale=low).cdf)
        assert own.distance == pytest.approx(test.statistic, rel=1e-9)
        assert own.distance >= fit.distance - 1e-12


def test_the_discrete_distance_is_the_largest_over_all_whole_numbers():
    x = P.DiscretePowerLaw(2.1, 2).sample(200, seed=6)
    fit = P.fit_power_law(x, minimum=2)
    k = np.arange(2, x.max() + 1)
    empirical = np.searchsorted(np.sort(x), k, side="right") / len(x)
    assert fit.distance == pytest.approx(np.abs(empirical - fit.distribution.cdf(k)).max())


def test_goodness_of_fit_tells_a_power_law_from_another():
    good = P.fit_power_law(P.PowerLaw(2.5, 1.0).sample(200, seed=0), bootstrap=40, seed=1)
    bad = P.fit_power_law(
        P.Exponential(1.0).sample(1000, seed=2) + 1.0, minimum=1.0, bootstrap=40, seed=1
    )
    assert good.p_value > 0.1 and "not ruled out" in str(good)
    assert bad.p_value < 0.1 and "implausible" in str(bad)
    again = P.fit_power_law(P.PowerLaw(2.5, 1.0).sample(200, seed=0), bootstrap=40, seed=1)
    assert again.p_value == good.p_value


def test_a_small_tail_is_noted():
    fit = P.fit_power_law([1, 1, 2, 3, 9, 1, 1, 2])
    assert fit.distribution.discrete and any("uncertain" in note for note in fit.notes)
    assert "goodness of fit not tested" in str(fit)


@pytest.mark.parametrize(
    ("ask", "error", "words"),
    [
        (lambda: P.fit_power_law([0, 1, 2]), ArgumentError, "positive numbers"),
        (lambda: P.fit_power_law([]), ArgumentError, "no observations"),
        (lambda: P.fit_power_law([2, 2]), DomainError, "all 2 observations are 2"),
        (lambda: P.fit_power_law([1.0, np.inf]), ArgumentError, "finite"),
        (lambda: P.fit_power_law(["a"]), DTypeError, "numbers"),
        (lambda: P.fit_power_law([1.5, 2.0], discrete=True), ArgumentError, "fractions"),
        (lambda: P.fit_power_law([1, 2], minimum=2), DomainError, "no observation is above"),
        (lambda: P.fit_power_law([1, 2], minimum=0.5), ArgumentError, "whole number"),
        (lambda: P.fit_power_law([1, 2, 3], bootstrap=-1), ArgumentError, "0 or more"),
    ],
)
def test_data_that_are_no_power_law(ask, error, words):
    with pytest.raises(error, match=words):
        ask()
