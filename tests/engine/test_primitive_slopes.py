"""Derivatives of transcendental functions against exact arithmetic, extremes included."""

import numpy as np
import pytest

import trivium as tv
from tests.engine.test_primitive_values import DOMAIN, FUNCTIONS, TABLE, mp, points, rounded

ROOT_PI = mp.sqrt(mp.pi)

# Name → derivative, largest magnitude at which the rule is exact. Past that it is 0 too early:
# tanh's rule 1 - tanh² loses digits as tanh rounds to 1, the others when x² overflows.
SLOPES = {
    "exp": (mp.exp, 800),
    "log": (lambda x: 1 / x, np.inf),
    "log2": (lambda x: 1 / (x * mp.log(2)), np.inf),
    "log10": (lambda x: 1 / (x * mp.log(10)), np.inf),
    "expm1": (mp.exp, 800),
    "log1p": (lambda x: 1 / (1 + x), np.inf),
    "sigmoid": (lambda x: mp.exp(-x) / (1 + mp.exp(-x)) ** 2, 800),
    "softplus": (lambda x: 1 / (1 + mp.exp(-x)), 800),
    "sqrt": (lambda x: 1 / (2 * mp.sqrt(x)), np.inf),
    "sin": (mp.cos, 1e5),
    "cos": (lambda x: -mp.sin(x), 1e5),
    "tan": (lambda x: 1 / mp.cos(x) ** 2, 1e5),
    "asin": (lambda x: 1 / mp.sqrt((1 - x) * (1 + x)), 1),
    "acos": (lambda x: -1 / mp.sqrt((1 - x) * (1 + x)), 1),
    "atan": (lambda x: 1 / (1 + x * x), np.inf),
    "sinh": (mp.cosh, 800),
    "cosh": (mp.sinh, 800),
    "tanh": (lambda x: 1 / mp.cosh(x) ** 2, 3),
    "asinh": (lambda x: 1 / mp.sqrt(1 + x * x), 1e18),
    "acosh": (lambda x: 1 / mp.sqrt((x - 1) * (x + 1)), 1e18),
    "atanh": (lambda x: 1 / ((1 - x) * (1 + x)), 1),
    "erf": (lambda x: 2 / ROOT_PI * mp.exp(-x * x), 40),
    "erfc": (lambda x: -2 / ROOT_PI * mp.exp(-x * x), 40),
    "erfinv": (lambda x: ROOT_PI / 2 * mp.exp(mp.erfinv(x) ** 2), 1),
    "normal_quantile": (
        lambda x: mp.sqrt(2 * mp.pi) * mp.exp(FUNCTIONS["normal_quantile"][0](x) ** 2 / 2),
        1,
    ),
    "log_gamma": (lambda x: mp.psi(0, x), 1e3),
}


def test_no_rule_is_left_out():
    """The polygamma functions are compared as values: the rule is the next order."""
    assert {*SLOPES} == {*FUNCTIONS} - {"digamma", "trigamma", "tetragamma", "polygamma5"}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", SLOPES)
def test_slopes_are_exact(name, dtype):
    """Within 200 units in the last place: what an argument's own rounding makes of e^{-x²}.

    In e^{x²/2} with x = Φ⁻¹(p) rounded, 4 units of x become 4 x² units of the slope.
    """
    dtype = np.dtype(dtype)
    function, largest = SLOPES[name]
    x = points(dtype, largest)
    x = x[DOMAIN.get(name, lambda v: v == v)(x)]
    if name == "log_gamma":
        x = x[(x > 0) | (x != np.round(x))]
    leaf = tv.tensor(x)
    found = tv.gradient(TABLE[name](leaf).sum(), leaf).value
    assert found.dtype == dtype
    tiny = np.finfo(dtype).smallest_normal
    for value, slope in zip(x, found):
        try:
            exact = mp.re(function(mp.mpf(float(value))))
        except (ZeroDivisionError, ValueError):
            assert np.isinf(slope), value  # the edge of the domain
            continue
        nearest = rounded(exact, dtype)
        if np.isinf(nearest) or np.isinf(slope):
            assert abs(slope) >= np.finfo(dtype).max / 2 <= abs(nearest), value
        elif abs(nearest) < tiny:
            assert abs(slope) <= 2 * tiny, value
        else:
            scale = max(abs(exact), mp.mpf(1)) if name == "log_gamma" else abs(exact)
            error = abs(mp.mpf(float(slope)) - exact) / scale / float(np.finfo(dtype).eps)
            allowed = 200
            if name == "normal_quantile":
                allowed += 4 * FUNCTIONS[name][0](mp.mpf(float(value))) ** 2
            assert error < allowed, (float(value), float(slope), float(exact), float(error))
