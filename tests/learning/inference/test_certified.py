"""NIST's Statistical Reference Datasets: estimates, standard errors and tests to their digits."""

from importlib.resources import files
from typing import Any

import numpy as np
import pytest

import trivium as tv
from tests.learning.algorithms.exact import LONGLEY, LONGLEY_CERTIFIED, digits


def summary(x: Any, y: Any, **options: Any) -> Any:
    fit = tv.fit(
        tv.models.Linear(bias=options.pop("bias", True)), tv.objectives.SquaredError(),
        tv.algorithms.ClosedForm(), (np.asarray(x, float), np.asarray(y, float)), progress=False,
        **options,
    )  # fmt: skip
    return fit.summary()


def nist(folder: str, name: str) -> list[str]:
    source = files(f"scipy.stats.tests.data.{folder}").joinpath(f"{name}.dat")
    if not source.is_file():
        pytest.skip("this build of SciPy comes without NIST's data")
    return source.read_text().splitlines()


LONGLEY_ERRORS = np.array(
    [
        890420.383607373, 84.9149257747669, 0.334910077722432e-01, 0.488399681651699,
        0.214274163161675, 0.226073200069370, 455.478499142212,
    ]
)  # fmt: skip


@pytest.mark.parametrize("scale", [False, True])
def test_longley(scale: bool) -> None:
    found = summary(LONGLEY[:, 1:], LONGLEY[:, 0], scale=scale)
    assert digits(found.estimates, LONGLEY_CERTIFIED) > (9 if scale else 13)
    assert digits(found.standard_errors, LONGLEY_ERRORS) > 9
    assert digits(np.sqrt(found.dispersion), 304.854073561965) > 9
    assert digits(found.r_squared, 0.995479004577296) > 12
    assert digits(found.f_statistic, 330.285339234588) > 9
    assert found.df_residual == 9 and found.df_model == 6
    # Scaled, centred columns hide how near the collinear ones are to the constant.
    assert found.condition == pytest.approx(110.5 if scale else 4.3e4, rel=0.02)
    assert found.digits_lost == pytest.approx(np.log10(found.condition))


def test_norris() -> None:
    table = np.array([line.split() for line in nist("nist_linregress", "Norris")[60:96]], float)
    found = summary(table[:, 1:], table[:, 0])
    assert digits(found.estimates, [-0.262323073774029, 1.00211681802045]) > 12
    assert digits(found.standard_errors, [0.232818234301152, 0.429796848199937e-03]) > 12
    assert digits(np.sqrt(found.dispersion), 0.884796396144373) > 12
    assert digits(found.r_squared, 0.999993745883712) > 14
    assert digits(found.f_statistic, 5436385.54079785) > 11


def test_through_the_origin() -> None:
    """NoInt1 and NoInt2."""
    found = summary(np.arange(60.0, 71.0)[:, None], np.arange(130.0, 141.0), bias=False)
    assert digits(found.estimates, 2.07438016528926) > 14
    assert digits(found.standard_errors, 0.165289256198347e-01) > 14
    assert digits(found.r_squared, 0.999365492298663) > 14
    assert digits(found.f_statistic, 15750.2500000000) > 13
    found = summary([[4.0], [5.0], [6.0]], [3.0, 4.0, 4.0], bias=False)
    assert digits(found.estimates, 0.727272727272727) > 14
    assert digits(found.standard_errors, 0.420827318078432e-01) > 14
    assert digits(np.sqrt(found.dispersion), 0.369274472937998) > 14
    assert digits(found.f_statistic, 298.6666666666667) > 13


X = np.arange(21.0)
POWERS = np.stack([X**k for k in range(1, 6)], axis=1)
DELTA = np.array(
    [
        759, -2048, 2048, -2048, 2523, -2048, 2048, -2048, 1838, -2048, 2048, -2048, 1838, -2048,
        2048, -2048, 2523, -2048, 2048, -2048, 759,
    ],
    float,
)  # fmt: skip
WAMPLER_ERRORS = np.array(
    [
        2152.32624678170, 2363.55173469681, 779.343524331583, 101.475507550350, 5.64566512170752,
        0.112324854679312,
    ]
)  # fmt: skip


@pytest.mark.parametrize("factor", [1.0, 100.0, 10000.0])
def test_wamplers_polynomials_with_errors(factor: float) -> None:
    """Wampler3, 4 and 5: coefficients of 1 under residuals up to 2·10⁷ times as large.

    Without refined residuals the size of these, times the squared condition number, leaves 7.6
    digits of Wampler4's estimates and 5.6 of Wampler5's.
    """
    found = summary(POWERS, 1 + POWERS.sum(axis=1) + factor * DELTA)
    assert digits(found.estimates, np.ones(6)) > 14
    assert digits(found.standard_errors, factor * WAMPLER_ERRORS) > 12
    assert digits(np.sqrt(found.dispersion), factor * 2360.14502379268) > 12


@pytest.mark.parametrize(
    ("name", "start", "sure"),
    [("SiRstv", 60, 9), ("AtmWtAg", 60, 8), ("SmLs01", 60, 13), ("SmLs02", 60, 12),
     ("SmLs03", 60, 11), ("SmLs04", 60, 8), ("SmLs05", 60, 8), ("SmLs06", 60, 7),
     ("SmLs07", 60, 2), ("SmLs08", 60, 2), ("SmLs09", 60, 2)],
)  # fmt: skip
def test_analysis_of_variance_is_a_regression_on_groups(
    name: str, start: int, sure: float
) -> None:
    """One-way tables as a category: its F is NIST's.

    SmLs04 to SmLs09 have 7 and 13 constant leading digits, which double precision cannot hold
    together with the rest: numbers near 10¹² are rounded to 10⁻⁴.
    """
    import pandas

    lines = nist("nist_anova", name)
    certified = next(line for line in lines if line.startswith("Between"))
    f = float(certified.split()[-1])
    r2 = float(next(line for line in lines if "Certified R-Squared" in line).split()[-1])
    table = np.array([line.split() for line in lines[start:] if line.strip()], float)
    group, y = table[:, 0], table[:, 1]
    frame = pandas.DataFrame({"group": [f"g{int(g)}" for g in group], "y": y})
    fit = tv.fit(
        tv.models.Linear(), tv.objectives.SquaredError(), tv.algorithms.ClosedForm(), frame,
        target="y", scale=True, progress=False,
    )  # fmt: skip
    found = fit.summary()
    assert found.df_model == len(np.unique(group)) - 1
    assert digits(found.f_statistic, f) > sure
    assert digits(found.r_squared, r2) > sure
    (baseline,) = found.dropped
    assert "that the others are compared with" in found.dropped[baseline]
