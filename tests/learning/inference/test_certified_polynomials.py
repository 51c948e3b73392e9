"""NIST's Filip and Pontius: how many digits polynomials leave, and what the summary says of it."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from numpy.polynomial import chebyshev

import trivium as tv
from tests.learning.algorithms.exact import digits, exact_least_squares
from tests.learning.inference import nist_polynomials as nist

DEGREE = 10


def summary(x: Any, y: Any, **options: Any) -> Any:
    fit = tv.fit(
        tv.models.Linear(), tv.objectives.SquaredError(), tv.algorithms.ClosedForm(), (x, y),
        progress=False, **options,
    )  # fmt: skip
    return fit.summary()


@pytest.mark.parametrize("scale", [False, True])
def test_pontius(scale: bool) -> None:
    x = nist.PONTIUS_X
    found = summary(np.stack([x, x**2], axis=1), nist.PONTIUS_Y, scale=scale)
    assert digits(found.estimates, nist.PONTIUS_ESTIMATES) > 11.5
    assert digits(found.standard_errors, nist.PONTIUS_ERRORS) > 12
    assert digits(np.sqrt(found.dispersion), nist.PONTIUS_RESIDUAL) > 12
    assert digits(found.r_squared, nist.PONTIUS_R_SQUARED) > 14
    assert digits(found.f_statistic, nist.PONTIUS_F) > 12
    assert found.digits_lost < 1.5


@pytest.mark.parametrize("scale", [False, True])
def test_filip_in_powers_has_the_digits_that_the_summary_promises(scale: bool) -> None:
    """Powers rounded to double precision have another solution: it agrees to 7.6 digits."""
    y, x = nist.FILIP.T
    powers = np.stack([x**k for k in range(1, DEGREE + 1)], axis=1)
    exact = exact_least_squares(np.c_[np.ones(len(x)), powers], y)
    assert 7 < digits(exact, nist.FILIP_ESTIMATES) < 8
    found = summary(powers, y, scale=scale)
    promised = 16 - found.digits_lost
    assert 6 < promised < 7
    assert digits(found.estimates, nist.FILIP_ESTIMATES) > promised
    assert digits(found.estimates, exact) > promised
    assert digits(found.standard_errors, nist.FILIP_ERRORS) > promised
    assert digits(np.sqrt(found.dispersion), nist.FILIP_RESIDUAL) > promised
    assert digits(found.r_squared, nist.FILIP_R_SQUARED) > 9
    assert digits(found.f_statistic, nist.FILIP_F) > promised
    (note,) = [each for each in found.notes if "nearly depend" in each]
    assert "about 6 digits" in note and "legvander" in note
    assert "about 10 of 16 digits are lost" in str(found)


def test_filip_in_orthogonal_polynomials_has_all_digits() -> None:
    """The columns T_k((x + 6)/3); their estimates as coefficients of powers by exact fractions."""
    y, x = nist.FILIP.T
    columns = chebyshev.chebvander((x + 6) / 3, DEGREE)[:, 1:]
    found = summary(columns, y)
    assert found.digits_lost < 2
    to_powers = powers_of_chebyshev(Fraction(2), Fraction(1, 3))
    theta = [Fraction(float(value)) for value in found.estimates]
    estimates = [float(sum(a * b for a, b in zip(row, theta))) for row in to_powers]
    assert digits(estimates, nist.FILIP_ESTIMATES) > 12
    matrix = np.array([[float(value) for value in row] for row in to_powers])
    errors = np.sqrt(np.diag(matrix @ found.covariance @ matrix.T))
    assert digits(errors, nist.FILIP_ERRORS) > 12
    assert digits(np.sqrt(found.dispersion), nist.FILIP_RESIDUAL) > 13
    assert digits(found.r_squared, nist.FILIP_R_SQUARED) > 14
    assert digits(found.f_statistic, nist.FILIP_F) > 13


def powers_of_chebyshev(constant: Fraction, slope: Fraction) -> list[list[Fraction]]:
    """Row j: the coefficients of x^j in T_0, …, T_10 of (constant + slope x)."""
    argument = [constant, slope]
    polynomials = [[Fraction(1)], argument]
    for _ in range(DEGREE - 1):
        product = [Fraction(0)] * (len(polynomials[-1]) + 1)
        for i, a in enumerate(polynomials[-1]):
            for j, b in enumerate(argument):
                product[i + j] += 2 * a * b
        for i, a in enumerate(polynomials[-2]):
            product[i] -= a
        polynomials.append(product)
    padded = [each + [Fraction(0)] * (DEGREE + 1 - len(each)) for each in polynomials]
    return [list(row) for row in zip(*padded)]
