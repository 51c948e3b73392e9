"""Integrals: closed forms, the fundamental theorem, SciPy, and honesty where there is none."""

from __future__ import annotations

import doctest
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, special

import trivium as tv
from trivium.engine.tensor import Tensor
from trivium.mathematics.calculus import antiderivative, integral

Function = Callable[[Any], Any]
A = tv.array

# Function, ends, the integral (Gradshteyn & Ryzhik, or elementary).
KNOWN: list[tuple[Function, float, float, float]] = [
    (lambda x: A.exp(-(x**2)), -math.inf, math.inf, math.sqrt(math.pi)),
    (lambda x: 1 / A.sqrt(x), 0, 1, 2),
    (A.log, 0, 1, -1),
    (lambda x: A.log(x) ** 2, 0, 1, 2),
    (lambda x: x**2, 0, 3, 9),
    (A.sin, 0, math.pi, 2),
    (lambda x: 1 / (1 + x**2), 0, math.inf, math.pi / 2),
    (lambda x: 1 / (1 + x**2), -math.inf, -1, math.pi / 4),
    (lambda x: A.exp(-x), 2, math.inf, math.exp(-2)),
    (lambda x: A.exp(x) * A.exp(-2 * x), 0, math.inf, 1),
    (lambda x: A.sqrt(x) / A.expm1(x), 0, math.inf, special.gamma(1.5) * special.zeta(1.5)),
    (lambda x: A.log1p(x) / (1 + x**2), 0, 1, math.pi / 8 * math.log(2)),
    (lambda x: 0 * x + 3, -2, 5, 21),
    (lambda x: A.exp(-((x - 1e3) ** 2)), 990, 1010, math.sqrt(math.pi)),
]


@pytest.mark.parametrize("function, start, end, expected", KNOWN)
def test_known_integrals(function: Function, start: float, end: float, expected: float) -> None:
    found = integral(function, start, end)
    assert found.converged and not found.notes
    assert abs(found.value - expected) <= max(found.error, 4e-16 * abs(expected))
    assert found.error <= 1e-11 * abs(expected)
    turned = integral(function, end, start)
    assert turned.value == -found.value and turned.error == found.error


@given(
    st.lists(st.floats(-5, 5), min_size=1, max_size=8),
    st.floats(-4, 4),
    st.floats(-4, 4),
    st.floats(-4, 4),
)
def test_polynomials_exactly_and_additively(
    coefficients: list[float], a: float, b: float, c: float
) -> None:
    polynomial = np.polynomial.Polynomial(coefficients)
    primitive = polynomial.integ()

    def f(x: Tensor) -> Tensor:
        return sum((c * x**k for k, c in enumerate(coefficients)), 0 * x)

    pieces = [integral(f, *ends) for ends in ((a, b), (b, c), (a, c))]
    for found, (start, end) in zip(pieces, ((a, b), (b, c), (a, c)), strict=True):
        expected = float(primitive(end) - primitive(start))
        assert found.converged
        assert abs(found.value - expected) <= found.error + 1e-11 * (1 + found.magnitude)
    error = 1e-11 + sum(each.error + 1e-12 * each.magnitude for each in pieces)
    assert abs(pieces[0].value + pieces[1].value - pieces[2].value) <= error


@given(st.floats(0.1, 5), st.floats(-3, 3), st.floats(0.2, 4))
def test_scipy_agrees(rate: float, centre: float, width: float) -> None:
    found = integral(lambda x: A.exp(-rate * (x - centre) ** 2), centre - width, centre + width)
    wanted, _ = integrate.quad(
        lambda x: math.exp(-rate * (x - centre) ** 2), centre - width, centre + width,
        epsabs=1e-13, epsrel=1e-13,
    )  # fmt: skip
    assert found.value == pytest.approx(wanted, rel=1e-11)


def test_cancellation_is_said() -> None:
    nothing = integral(A.sin, 0, 2 * math.pi)
    assert abs(nothing.value) <= nothing.error and "0 to rounding" in str(nothing)
    little = integral(lambda x: A.sin(x) + 1e-8, 0, 2 * math.pi)
    assert "8 of 16 digits are lost" in str(little)
    assert little.value == pytest.approx(2e-8 * math.pi, rel=1e-6)


@pytest.mark.parametrize(
    "function, start, end",
    [
        (lambda x: 1 / x, 0, 1),
        (lambda x: A.sin(x) / x, 1, math.inf),
        (lambda x: A.abs(x - 0.3), 0, 1),
        (lambda x: 0 * x + 1, 0, math.inf),
    ],
)
def test_what_does_not_settle_says_so(function: Function, start: float, end: float) -> None:
    try:
        found = integral(function, start, end)
    except tv.TriviumError as error:
        assert "not finite" in str(error)
    else:
        assert not found.converged and "does not settle" in str(found)


def test_bad_requests() -> None:
    with pytest.raises(tv.TriviumError, match=r"not finite at x = 0\.5"):
        integral(lambda x: 1 / (x - 0.5), 0, 1)
    with pytest.raises(tv.TriviumError, match="elementwise"):
        integral(lambda x: A.sum(x) * A.ones(3), 0, 1)
    with pytest.raises(tv.TriviumError, match="a number or"):
        integral(A.sin, "zero", 1)  # type: ignore[arg-type]
    with pytest.raises(tv.TriviumError, match="the tolerance"):
        integral(A.sin, 0, 1, tolerance=0)
    with pytest.raises(tv.TriviumError, match="not finite at x"):
        antiderivative(lambda x: 1 / x, 0, 1)
    with pytest.raises(tv.TriviumError, match="both finite"):
        antiderivative(A.sin, 0, math.inf)
    assert integral(A.sin, 2, 2).value == 0


@pytest.mark.parametrize(
    "function",
    [A.sin, A.exp, lambda x: 1 / (1 + x**2), A.tanh, lambda x: x**5 - x, lambda x: 0 * x],
)
def test_the_fundamental_theorem(function: Function) -> None:
    start, end = -1.5, 2.25
    whole = antiderivative(function, start, end)
    assert whole.converged and float(whole(start).value) == pytest.approx(0, abs=1e-14)
    x = np.linspace(start, end, 41)
    for each in x[1:]:
        part = integral(function, start, each)
        error = whole.error + part.error
        assert abs(float(whole(float(each)).value) - part.value) <= error + 1e-14
    slopes = tv.grad(lambda z: A.sum(whole(z)))(tv.tensor(x[1:-1])).value
    np.testing.assert_allclose(slopes, function(tv.tensor(x[1:-1])).value, atol=1e-10)


def test_outside_the_interval_nothing_is_claimed() -> None:
    whole = antiderivative(A.cos, 0, 1)
    assert np.isnan(whole([-0.1, 1.1]).value).all()
    kink = antiderivative(A.abs, -1, 2)
    assert not kink.converged and "do not decay" in str(kink)
    assert abs(float(kink(2.0).value) - 2.5) <= kink.error


def test_the_page(repository: Path) -> None:
    result = doctest.testfile(str(repository / "docs" / "calculus.md"), module_relative=False)
    assert result.attempted > 6 and result.failed == 0


def test_integrals_that_do_not_exist_on_the_line_do_not_settle():
    found = integral(lambda x: x, -np.inf, np.inf)  # the odd part cancels, the rest does not
    assert not found.converged and "may not exist" in found.notes[0]
    assert not integral(lambda x: x**0, 0, np.inf).converged


def test_functions_that_are_not_elementwise_or_too_large_are_refused():
    with pytest.raises(tv.TriviumError, match="has to work elementwise"):
        integral(lambda x: x.sum(), 0, 1)
    assert float(integral(lambda x: 2.0, 0, 3)) == pytest.approx(6)
    assert float(integral(lambda x: tv.tensor(2.0), 0, 3)) == pytest.approx(6)
    with pytest.raises(tv.TriviumError, match="beyond double precision"):
        integral(lambda x: 1e300 * x, 0, 1e10)
