"""Hostile input: a clear error of the library's own, or a documented answer; never a warning."""

import math
from typing import Any

import numpy as np
import pytest

import trivium as tv
from trivium.engine.errors import ArgumentError, DomainError, TriviumError

P, I = tv.probability, tv.information
RAGGED = [[1], [1, 2]]


class Thing:
    """No number; its name is the same in every process, as the names of tests must be."""

    def __repr__(self):
        return "thing"


NO_NUMBERS = [None, "hello", ["a", "b"], {"a": 1}, RAGGED, [1j, 2.0], [Thing()],
              np.array(["2020-01-01"], "datetime64[D]")]  # fmt: skip
pytestmark = pytest.mark.filterwarnings("error")


@pytest.mark.parametrize("bad", NO_NUMBERS, ids=str)
@pytest.mark.parametrize(
    "name", ["cdf", "log_survival", "quantile", "upper_quantile", "density"]
)
def test_values_that_are_no_numbers(name: str, bad: Any) -> None:
    for each in (P.Normal(), P.Poisson(2.0), P.Beta(2.0, 3.0)):
        with pytest.raises(TriviumError):
            getattr(each, name)(bad)


@pytest.mark.parametrize(
    "bad", [*NO_NUMBERS, [], math.nan, 0, 1, -0.5, 1.5, True, [0.9]], ids=str
)
def test_levels(bad: Any) -> None:
    pairs = [1.0, 2.0, 4.0, 3.0], [1.0, 3.0, 2.0, 5.0]
    for ask in (
        lambda: P.Normal().interval(bad),
        lambda: P.expectation(pairs[0], level=bad),
        lambda: P.correlation(*pairs, level=bad),
        lambda: P.infer("normal", pairs[0], level=bad),
    ):
        with pytest.raises(ArgumentError, match="level"):
            ask()


@pytest.mark.parametrize("bad", NO_NUMBERS, ids=str)
@pytest.mark.parametrize("name", ["bernoulli", "gamma", "normal", "poisson", "power_law"])
def test_data_that_are_no_numbers(name: str, bad: Any) -> None:
    family = P.family(name)
    for ask in (
        lambda: family.mle(bad), lambda: family.posterior(None, bad), lambda: P.infer(name, bad),
    ):  # fmt: skip
        with pytest.raises(TriviumError):
            ask()


def test_rows_of_unequal_lengths() -> None:
    for ask in (
        lambda: P.contingency(RAGGED, RAGGED),
        lambda: P.independence(RAGGED, [0, 1]),
        lambda: P.conditional_independence([0, 1], [1, 0], RAGGED),
        lambda: I.estimate_entropy(RAGGED),
        lambda: I.estimate_mutual_information([1, 2], RAGGED),
        lambda: I.mutual_information([[0.25, 0.25], [0.25, 0.25]], x=RAGGED),
        lambda: P.ConjugatePrior(1.0, shape=RAGGED, rate=1.0),
    ):
        with pytest.raises(TriviumError):
            ask()


@pytest.mark.parametrize("bad", [None, "1", [2], 1.5, math.nan, -1, {}], ids=str)
def test_counts_of_repetitions_and_axes(bad: Any) -> None:
    for ask in (
        lambda: P.fit_power_law([1.0, 2.0, 9.0, 4.0], bootstrap=bad),
        lambda: P.independence(
            [0, 1, 0, 1], [0, 1, 1, 0], method="permutation", permutations=bad
        ),
    ):
        with pytest.raises(ArgumentError, match="whole number"):
            ask()
    if bad not in (-1, None):
        with pytest.raises(TriviumError):
            I.conditional_entropy([[0.25, 0.25], [0.25, 0.25]], of=bad)


def test_names_that_are_lists() -> None:
    for ask in (
        lambda: P.independence([[1, 2], [3, 4]], method=np.zeros(2)),
        lambda: P.correlation([1.0, 2.0, 4.0, 3.0], [1.0, 3.0, 2.0, 5.0], method=np.zeros(2)),
        lambda: I.estimate_entropy([1, 2], method=np.zeros(2)),
    ):
        with pytest.raises(ArgumentError):
            ask()


def test_numbers_whose_squares_leave_double_precision() -> None:
    with pytest.raises(DomainError, match="too large"):
        P.independence([1e200, -1e200, 0.0, 1.0], [1.0, 2.0, 3.0, 5.0], method="distance")
    with pytest.raises(ArgumentError, match="weights add up"):
        P.family("poisson").mle([1, 2], weights=[1e-310, 1e-310])


def test_answers_that_double_precision_loses_are_refused() -> None:
    with pytest.raises(DomainError, match="cannot be computed in double precision"):
        P.Beta(1e300, 3.0).quantile(0.5)
    with pytest.raises(DomainError, match="cannot be computed in double precision"):
        P.Gamma(5e-324, 1.0).sample(5, seed=0)
    for mode in (P.Gamma(2.0, 5e-324).mode, P.InverseGaussian(1e300, 1.0).mode,
                 P.RootInverseGamma(1e308, 1.0).mode):  # fmt: skip
        assert not np.isnan(mode)
    with pytest.raises(ArgumentError, match="up to 1e"):
        P.family("binomial", trials=1e308)


def test_densities_of_several_numbers_say_what_they_take() -> None:
    with pytest.raises(ArgumentError, match='"mean": …, "variance"'):
        P.NormalInverseGamma(0.0, 1.0, 1.0, 1.0).log_density([1.0, 2.0])
    with pytest.raises(ArgumentError, match='"covariance"'):
        P.NormalInverseWishart([0.0], 1.0, 2.0, [[1.0]]).log_density({"mean": [0.0]})


@pytest.mark.parametrize("name", ["logit", "probit", "log", "inverse", "sqrt", "cloglog"])
def test_links_read_lists_and_arrays(name: str) -> None:
    link = P.link(name)
    for part in (link.function, link.inverse, link.derivative, link.inverse_derivative):
        given = [0.25, 0.5]
        np.testing.assert_array_equal(part(given).value, part(tv.tensor(given)).value)
        np.testing.assert_array_equal(part(np.array(given)).value, part(given).value)
    assert np.isinf(P.link("inverse").inverse(np.zeros(2)).value).all()
