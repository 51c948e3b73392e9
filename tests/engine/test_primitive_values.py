"""Transcendental functions against exact arithmetic (mpmath), extremes included."""

import math

import mpmath
import numpy as np
import pytest

from trivium.engine.primitive import NoAttributes, table
from trivium.engine.primitives.special import Order

TABLE = table()
INF, NAN = math.inf, math.nan
mp = mpmath.mp.clone()
mp.prec = 200


def logistic(x):
    return 1 / (1 + mp.exp(-x))


def log_gamma(x):
    return mp.log(abs(mp.gamma(x))) if abs(x) < 1000 else mp.re(mp.loggamma(x))


def normal_quantile(p):
    """The solution of Φ(x) = p by Newton's method, from the side that has the digits."""
    if p in (0, 1):
        return mp.inf if p else -mp.inf
    tail, x = min(p, 1 - p), mp.mpf(0)
    if tail < 0.02:  # DLMF 7.17.6
        u = -2 * mp.log(tail) - mp.log(2 * mp.pi)
        x = mp.sqrt(u - mp.log(u))
    for _ in range(60):
        above = mp.erfc(x / mp.sqrt(2)) / 2
        step = (above - tail) / mp.npdf(x)
        # Newton on the logarithm where the tail is steep, so that a far start converges too.
        x += step if tail > 0.02 else mp.log(above / tail) * above / mp.npdf(x)
        if abs(step) < mp.mpf(10) ** -45:
            break
    return x if p > mp.mpf(1) / 2 else -x


# Name → exact function, largest magnitude drawn, values at 0, -0, ∞, -∞ (NaN always gives NaN).
# The values at the extremes are those of C99, Annex F, or the limits.
FUNCTIONS = {
    "exp": (mp.exp, 800, (1, 1, INF, 0)),
    "log": (mp.log, INF, (-INF, -INF, INF, NAN)),
    "log2": (lambda x: mp.log(x, 2), INF, (-INF, -INF, INF, NAN)),
    "log10": (mp.log10, INF, (-INF, -INF, INF, NAN)),
    "expm1": (mp.expm1, 800, (0.0, -0.0, INF, -1)),
    "log1p": (mp.log1p, INF, (0.0, -0.0, INF, NAN)),
    "sigmoid": (logistic, 800, (0.5, 0.5, 1, 0)),
    "softplus": (lambda x: mp.log1p(mp.exp(x)), 800, (math.log(2), math.log(2), INF, 0)),
    "sqrt": (mp.sqrt, INF, (0.0, -0.0, INF, NAN)),
    "sin": (mp.sin, 1e5, (0.0, -0.0, NAN, NAN)),
    "cos": (mp.cos, 1e5, (1, 1, NAN, NAN)),
    "tan": (mp.tan, 1e5, (0.0, -0.0, NAN, NAN)),
    "asin": (mp.asin, 1, (0.0, -0.0, NAN, NAN)),
    "acos": (mp.acos, 1, (math.pi / 2, math.pi / 2, NAN, NAN)),
    "atan": (mp.atan, INF, (0.0, -0.0, math.pi / 2, -math.pi / 2)),
    "sinh": (mp.sinh, 800, (0.0, -0.0, INF, -INF)),
    "cosh": (mp.cosh, 800, (1, 1, INF, INF)),
    "tanh": (mp.tanh, 800, (0.0, -0.0, 1, -1)),
    "asinh": (mp.asinh, INF, (0.0, -0.0, INF, -INF)),
    "acosh": (mp.acosh, INF, (NAN, NAN, INF, NAN)),
    "atanh": (mp.atanh, 1, (0.0, -0.0, NAN, NAN)),
    "erf": (mp.erf, 40, (0.0, -0.0, 1, -1)),
    "erfc": (mp.erfc, 40, (1, 1, 0, 2)),
    "erfinv": (mp.erfinv, 1, (0.0, -0.0, NAN, NAN)),
    "normal_quantile": (normal_quantile, 1, (-INF, -INF, NAN, NAN)),
    "log_gamma": (log_gamma, 1e5, (INF, INF, INF, -INF)),
    "digamma": (lambda x: mp.psi(0, x), 1e3, (-INF, INF, INF, NAN)),
    "trigamma": (lambda x: mp.psi(1, x), 1e3, (INF, INF, 0, NAN)),
    "tetragamma": (lambda x: mp.psi(2, x), 1e3, (-INF, INF, -0.0, NAN)),
    "polygamma5": (lambda x: mp.psi(5, x), 1e3, (INF, INF, 0, NAN)),
}
ORDERS = {"digamma": 0, "trigamma": 1, "tetragamma": 2, "polygamma5": 5}
# Next to a zero between the poles only the absolute error is small, as in every libm.
ZEROS = {"log_gamma", *ORDERS}
DOMAIN = {
    "log": lambda x: x >= 0, "log2": lambda x: x >= 0, "log10": lambda x: x >= 0,
    "log1p": lambda x: x >= -1, "sqrt": lambda x: x >= 0,
    "acosh": lambda x: x >= 1, "normal_quantile": lambda x: (x >= 0) & (x <= 1),
}  # fmt: skip


def evaluate(name, *arrays):
    record = TABLE["polygamma" if name in ORDERS else name]
    attributes = Order(ORDERS[name]) if name in ORDERS else NoAttributes()
    with np.errstate(all="ignore"):
        return record, np.asarray(record.evaluate(attributes, *arrays))


def points(dtype, largest, seed=0):
    """Numbers of all magnitudes and both signs, and those where functions break."""
    rng = np.random.default_rng(seed)
    info = np.finfo(dtype)
    top = min(float(info.max), largest)
    low = math.log(float(info.smallest_subnormal))
    wide = np.exp(rng.uniform(low, math.log(top), 60))
    middle = rng.uniform(-min(top, 6), min(top, 6), 80)
    near_one = 1 + np.concatenate(
        [10.0 ** rng.uniform(-7, -1, 10), -(10.0 ** rng.uniform(-7, -1, 10))]
    )
    special = [
        info.smallest_subnormal, info.smallest_normal, info.eps, 0.5, 1.0, 2.0, 3.0, 8.0, 20.0,
        36.0, 88.0, 89.0, 103.0, 709.0, 710.0, 745.0, math.pi / 2, math.pi, 10 * math.pi,
        float(info.max), np.nextafter(dtype.type(1), dtype.type(0)),
    ]  # fmt: skip
    every = np.concatenate(
        [wide, -wide, middle, near_one, -near_one, special, np.negative(special)]
    )
    with np.errstate(over="ignore", under="ignore"):
        every = every.astype(dtype)
    return np.unique(every[np.abs(every) <= top])


def exact(function, value):
    try:
        found = function(mp.mpf(float(value)))
    except (ValueError, ZeroDivisionError, OverflowError):
        return None
    return None if isinstance(found, mp.mpc) and found.imag != 0 else mp.re(found)


def rounded(value, dtype):
    """The number of ``dtype`` nearest to an mpmath number, past the largest one infinity."""
    limit = mp.mpf(float(np.finfo(dtype).max)) * (1 + mp.mpf(2) ** -(np.finfo(dtype).nmant + 2))
    if abs(value) >= limit:
        return dtype.type(math.copysign(math.inf, value))
    with np.errstate(all="ignore"):
        return dtype.type(float(value))


ROUNDED_BY_DEFINITION = {
    "negative", "abs", "floor", "ceil", "trunc", "round", "sign", "square", "label", "cast",
    "stop_gradient",
}  # fmt: skip


def test_no_function_of_one_variable_is_left_out():
    elementwise = {
        name
        for name, record in TABLE.items()
        if record.shape.__name__ in ("same_shape", "_polygamma_shape")
        for sample in record.samples(np.random.default_rng(0))
        if [a.dtype.kind for a in sample.inputs] == ["f"]
        and record.dtype(sample.attributes, sample.inputs[0].dtype).kind == "f"
    }
    assert elementwise - ROUNDED_BY_DEFINITION == {*FUNCTIONS, "polygamma"} - {*ORDERS}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_are_within_their_tolerance(name, dtype):
    dtype = np.dtype(dtype)
    function, largest, _ = FUNCTIONS[name]
    x = points(dtype, largest)
    x = x[DOMAIN.get(name, lambda v: v == v)(x)]
    if name in ZEROS:
        x = x[(x > 0) | (x != np.round(x))]  # the poles are tested apart
    record, found = evaluate(name, x)
    assert found.dtype == dtype and len(x) > 60
    worst = 0.0
    for value, result in zip(x, found):
        expected = exact(function, value)
        assert expected is not None, value
        nearest = rounded(expected, dtype)
        if np.isinf(nearest) or nearest == 0:
            limit = np.finfo(dtype).max if np.isinf(nearest) else 0
            assert abs(result) >= limit or abs(result) <= 4 * np.spacing(dtype.type(0)), value
            if np.isinf(nearest):
                assert np.sign(result) == np.sign(nearest)
            continue
        scale = abs(nearest)
        if name in ZEROS:
            scale = max(scale, dtype.type(1))
        error = abs(mp.mpf(float(result)) - expected) / mp.mpf(float(np.spacing(scale)))
        assert error <= record.ulp, (float(value), float(result), float(expected), float(error))
        worst = max(worst, float(error))
    assert worst < record.ulp


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_extremes(name, dtype):
    expected = np.array([*FUNCTIONS[name][2], NAN], dtype)
    _, found = evaluate(name, np.array([0.0, -0.0, INF, -INF, NAN], dtype))
    np.testing.assert_array_max_ulp(found[~np.isnan(expected)], expected[~np.isnan(expected)])
    np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))
    zero = expected == 0
    np.testing.assert_array_equal(np.signbit(found[zero]), np.signbit(expected[zero]))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_outside_the_domain_is_nan_and_its_edge_is_exact(dtype):
    beyond = np.array([1.5, -1.5, np.nextafter(np.dtype(dtype).type(1), 2)], dtype)
    for name in ("asin", "acos", "atanh", "erfinv", "normal_quantile"):
        assert np.all(np.isnan(evaluate(name, beyond)[1])), name
    for name in ("log", "sqrt"):
        assert np.isnan(evaluate(name, np.array([-1e-30], dtype))[1])
    assert np.isnan(evaluate("log1p", np.array([-1.5], dtype))[1])
    assert np.isnan(evaluate("acosh", np.array([0.5], dtype))[1])
    ends = np.array([1.0, -1.0], dtype)
    np.testing.assert_array_equal(evaluate("atanh", ends)[1], [INF, -INF])
    np.testing.assert_array_equal(evaluate("erfinv", ends)[1], [INF, -INF])
    np.testing.assert_array_equal(evaluate("normal_quantile", np.abs(ends))[1], [INF, INF])
    np.testing.assert_array_equal(evaluate("log1p", ends[1:])[1], [-INF])
    np.testing.assert_array_equal(evaluate("acosh", ends[:1])[1], [0])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_poles_of_the_gamma_family(dtype):
    poles = np.array([-1.0, -2.0, -7.0, -1e6], dtype)
    assert np.all(evaluate("log_gamma", poles)[1] == INF)
    assert np.all(np.isnan(evaluate("digamma", poles)[1]))  # the sign depends on the side
    assert np.all(evaluate("trigamma", poles)[1] == INF)
    assert np.all(np.isnan(evaluate("tetragamma", poles)[1]))
    assert np.all(evaluate("polygamma5", poles)[1] == INF)


@pytest.mark.parametrize("order", [1, 2, 3, 8])
def test_polygamma_far_to_the_left_is_immediate_and_right(order):
    """Reflection, not a sum of |x| terms: ψ⁽ⁿ⁾(1-x) → 0 leaves π dⁿ/dxⁿ cot πx."""
    x = np.array([-1e12 - 0.25, -1e15 - 0.5])
    record = TABLE["polygamma"]
    found = record.evaluate(Order(order), x)
    for value, result in zip(x, found):
        rest = mp.mpf(float(value)) - mp.nint(mp.mpf(float(value)))
        expected = -mp.pi * mp.diff(lambda t: mp.cot(mp.pi * t), rest, order)
        error = abs(float(result) - float(expected))
        assert error <= 1e-12 * max(1.0, abs(float(expected)))


PAIRS = {
    "power": (lambda x, y: mp.power(x, y), (1e-3, 50), (-30, 30)),
    "atan2": (mp.atan2, (-1e3, 1e3), (-1e3, 1e3)),
    "gammainc": (lambda a, x: mp.gammainc(a, 0, x, regularized=True), (0.05, 60), (1e-3, 80)),
    "gammaincc": (lambda a, x: mp.gammainc(a, x, regularized=True), (0.05, 60), (1e-3, 80)),
}  # fmt: skip


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", PAIRS)
def test_functions_of_two_variables(name, dtype):
    function, first, second = PAIRS[name]
    rng = np.random.default_rng(0)
    x, y = (rng.uniform(*bounds, 150).astype(dtype) for bounds in (first, second))
    record, found = evaluate(name, x, y)
    assert found.dtype == dtype
    for a, b, result in zip(x, y, found):
        expected = function(mp.mpf(float(a)), mp.mpf(float(b)))
        nearest = rounded(expected, np.dtype(dtype))
        if np.isinf(nearest) or abs(nearest) < np.finfo(dtype).smallest_normal:
            np.testing.assert_allclose(result, nearest, atol=np.finfo(dtype).smallest_normal)
            continue
        error = abs(mp.mpf(float(result)) - expected) / mp.mpf(float(np.spacing(abs(nearest))))
        assert error <= record.ulp, (a, b, result, float(error))


def test_regularised_gammas_add_to_one_and_start_at_zero():
    rng = np.random.default_rng(1)
    a, x = rng.uniform(0.1, 100, 500), rng.uniform(0, 200, 500)
    lower, upper = evaluate("gammainc", a, x)[1], evaluate("gammaincc", a, x)[1]
    np.testing.assert_allclose(lower + upper, 1, rtol=1e-13)
    np.testing.assert_array_equal(evaluate("gammainc", a, np.zeros(500))[1], 0)
    np.testing.assert_array_equal(evaluate("gammaincc", a, np.full(500, INF))[1], 0)


def test_power_at_the_corners_is_that_of_c99():
    cases = [
        (0.0, 0.0, 1), (NAN, 0.0, 1), (1.0, NAN, 1), (0.0, -1.0, INF), (-0.0, -3.0, -INF),
        (-8.0, 1 / 3, NAN), (-2.0, 3.0, -8), (-2.0, -2.0, 0.25), (0.0, 2.0, 0), (INF, -1.0, 0),
        (2.0, INF, INF), (0.5, INF, 0), (2.0, -INF, 0), (-1.0, INF, 1), (NAN, 1.0, NAN),
    ]  # fmt: skip
    x, y, expected = map(np.array, zip(*cases))
    np.testing.assert_array_equal(evaluate("power", x, y)[1], expected)
    whole = evaluate(
        "power", np.array([2, -1, -1, 1, 0, 3, 7]), np.array([-1, -3, -2, -9, 0, 4, -2])
    )
    np.testing.assert_array_equal(whole[1], [0, -1, 1, 1, 1, 81, 0])


@pytest.mark.parametrize("name", ["floor_divide", "remainder"])
def test_division_of_integers_is_that_of_python(name):
    x, y = np.meshgrid(np.arange(-7, 8), np.arange(-3, 4))
    expected = [
        (a // b if name == "floor_divide" else a % b) if b else 0
        for a, b in zip(x.ravel().tolist(), y.ravel().tolist())
    ]
    for dtype in ("int32", "int64"):
        found = evaluate(name, x.ravel().astype(dtype), y.ravel().astype(dtype))[1]
        assert found.dtype == dtype
        np.testing.assert_array_equal(found, expected)
