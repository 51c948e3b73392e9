"""Differentiable special functions, against mpmath and SciPy."""

import math

import mpmath
import numpy as np
import pytest
from scipy import special as scipy_special
from scipy import stats

import trivium as tv
from trivium.engine.traversal import topological
from trivium.mathematics.probability import links, special, tails
from trivium.mathematics.probability.expected import (
    expected_log_gamma,
    scaled_exponential_integral,
)


@pytest.mark.parametrize(
    ("s", "q"),
    [(1.0001, 1), (1.5, 1), (2.5, 7), (17, 1), (30, 5), (61, 50), (200, 3), (5, 0.3), (3, 1e6)],
)
def test_the_hurwitz_zeta_function_and_its_derivative(s, q):
    with mpmath.workdps(40):
        exact = mpmath.log(mpmath.zeta(mpmath.mpf(s), mpmath.mpf(q)))
    assert special.log_hurwitz_zeta(s, q).item() == pytest.approx(
        float(exact), rel=1e-14, abs=1e-15
    )
    if s < 30:
        with mpmath.workdps(40):
            top = mpmath.zeta(mpmath.mpf(s), mpmath.mpf(q), 1)
            slope = top / mpmath.zeta(mpmath.mpf(s), mpmath.mpf(q))
        found = tv.grad(lambda t: special.log_hurwitz_zeta(t, q))(tv.tensor(float(s)))
        assert found.item() == pytest.approx(float(slope), rel=1e-12)


def test_the_zeta_function_where_exponent_and_start_are_large():
    """Σ (1 + k/q)⁻ˢ by direct summation."""
    total = math.fsum((1 + k / 1000) ** -100.0 for k in range(20_000))
    found = special.log_hurwitz_zeta(100.0, 1000.0).item()
    assert found == pytest.approx(math.log(total) - 100 * math.log(1000), rel=1e-15)


@pytest.mark.parametrize("a", [1e-8, 0.3, 1.0, 9.9, 10.1, 250.0, 1e10])
@pytest.mark.parametrize("b", [1e-3, 0.7, 5.0, 10.0, 1e5])
def test_log_beta_keeps_its_digits(a, b):
    with mpmath.workdps(50):
        exact = float(mpmath.log(mpmath.beta(mpmath.mpf(a), mpmath.mpf(b))))
    assert special.log_beta(a, b).item() == pytest.approx(exact, rel=3e-14, abs=3e-15)


def test_log1p_minus_near_zero():
    x = np.array([-0.9, -0.3, -1e-3, -1e-9, 0.0, 1e-12, 1e-5, 0.19, 0.21, 7.0])
    with mpmath.workdps(60):
        exact = [float(mpmath.log1p(mpmath.mpf(v)) - mpmath.mpf(v)) for v in x]
    np.testing.assert_allclose(special.log1p_minus(tv.tensor(x)).value, exact, rtol=4e-15)


def test_the_normal_quantile_and_cdf_far_out():
    p = np.array([1e-300, 1e-40, 1e-5, 0.0199, 0.0201, 0.3, 0.5, 0.9, 1 - 1e-10])
    np.testing.assert_allclose(
        special.normal_quantile(p).value, scipy_special.ndtri(p), rtol=2e-14, atol=1e-16
    )
    ends = special.normal_quantile([0.0, 1.0, -0.1]).value
    np.testing.assert_array_equal(ends, [-np.inf, np.inf, np.nan])
    x = np.array([-1e8, -300.0, -5.01, -4.99, 0.0, 0.99, 1.01, 8.0, 40.0])
    np.testing.assert_allclose(
        special.log_normal_cdf(x).value, scipy_special.log_ndtr(x), rtol=1e-13
    )


def test_the_normal_quantile_has_small_derivatives_that_hold_in_both_tails():
    """f' = √(2π) e^{f²/2} and f'' = f f'²; through f' of the probit link as well."""
    p = np.array([1e-150, 1e-30, 1e-5, 0.3, 0.5, 0.9, 1 - 1e-10, 1 - 2**-53])
    leaf = tv.tensor(p)
    found = special.normal_quantile(leaf)
    first = tv.gradient(found.sum(), leaf)
    second = tv.gradient(first.sum(), leaf)
    third = tv.gradient(second.sum(), leaf)
    of_link = links.link("probit").derivative(leaf)
    with mpmath.workdps(60):
        for i, each in enumerate(p):
            tail, side = (each, 1) if each <= 0.5 else (1 - each, -1)  # 1 - p is exact
            x = mpmath.findroot(
                lambda t, tail=tail: mpmath.log(mpmath.ncdf(t)) - mpmath.log(mpmath.mpf(tail)),
                scipy_special.ndtri(tail),
            )
            slope = mpmath.sqrt(2 * mpmath.pi) * mpmath.exp(x * x / 2)
            x = side * x
            expected = [
                x, slope, slope, x * slope**2, slope**3 * (1 + 2 * x * x),
            ]  # fmt: skip
            for tensor, exact in zip((found, first, of_link, second, third), expected):
                value = tensor.value[i]
                if mpmath.fabs(exact) > 1e308:
                    assert np.isinf(value)
                else:
                    assert value == pytest.approx(float(exact), rel=1e-12, abs=1e-30)
    sizes = [len(topological([each])) for each in (found, first, second, of_link)]
    assert sizes[0] == 2 and max(sizes) < 30, sizes
    inner = tv.tensor(np.array([1e-3, 0.02, 0.5, 0.98, 0.999]))
    assert tv.check_gradient(special.normal_quantile(inner).sum(), inner, order=2)


def test_expectations_by_quadrature():
    rate = tv.tensor(np.array([0.01, 3.0, 400.0]))
    found = expected_log_gamma(1.0, rate, lambda t: rate * tv.array.expm1(-t))
    for value, mean in zip(found.value, rate.value, strict=True):
        k = np.arange(0, 2000)
        exact = (stats.poisson.pmf(k, mean) * scipy_special.gammaln(k + 1)).sum()
        assert value == pytest.approx(exact, rel=1e-11, abs=1e-15)
    x = np.array([1e-6, 0.5, 3.0, 500.0])
    np.testing.assert_allclose(
        scaled_exponential_integral(tv.tensor(x)).value,
        [float(mpmath.exp(v) * mpmath.e1(v)) for v in x],
        rtol=1e-13,
    )


def test_log_tails_that_underflow():
    with mpmath.workdps(50):
        upper = float(mpmath.log(mpmath.gammainc(3, 2000, regularized=True)))
        lower = float(mpmath.log(mpmath.gammainc(400, 0, 2, regularized=True)))
        beta = float(mpmath.log(mpmath.betainc(300, 5, 0, 0.01, regularized=True)))
    assert tails.log_gamma_upper(3.0, 2000.0) == pytest.approx(upper, rel=1e-13)
    assert tails.log_gamma_lower(400.0, 2.0) == pytest.approx(lower, rel=1e-13)
    assert tails.log_beta_lower(300.0, 5.0, 0.01) == pytest.approx(beta, rel=1e-13)


def test_the_search_for_whole_quantiles_meets_every_target():
    """From guesses that are far off on either side, bounded and not."""
    targets = np.array([0.0, 1.0, 17.0, 1847.0, 123_456.0, 2.0**40])
    for guess in (0.0, 3.5, 1847.8, 9e5, 1e12, np.nan, np.inf):
        found = tails.whole_quantile(lambda k: k >= targets, (6,), 0.0, np.inf, guess)
        np.testing.assert_array_equal(found, targets)
        bounded = tails.whole_quantile(lambda k: k >= targets, (6,), 0.0, 2.0**41, guess)
        np.testing.assert_array_equal(bounded, targets)
