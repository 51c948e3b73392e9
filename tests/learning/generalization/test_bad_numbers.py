"""Bounds and demonstrations given what is no number: an error that names the argument."""

import math
from typing import Any

import numpy as np
import pytest

import trivium as tv
from trivium.learning import generalization as theory
from trivium.learning.errors import DataError, RequestError

BAD = [None, "hello", [0.1], [], np.zeros((2, 2)), np.zeros((0, 2)), 1j, {}, math.nan, -1.0, True,
       np.array(["2020-01-01"], "datetime64[D]")]  # fmt: skip
pytestmark = pytest.mark.filterwarnings("error")


@pytest.mark.parametrize("bad", BAD, ids=str)
def test_bounds(bad: Any) -> None:
    asks = [
        lambda: theory.test_set_bound(bad, 100), lambda: theory.test_set_bound(0.1, bad),
        lambda: theory.occam_bound(0.1, 100, bits="x" if bad is None else bad),
        lambda: theory.occam_bound(0.1, 100, hypotheses="x" if bad is None else bad),
        lambda: theory.vc_bound(0.1, 100, dimension="x" if bad is None else bad),
        lambda: theory.vc_bound(0.1, 100, log_growth="x" if bad is None else bad),
        lambda: theory.rademacher_bound(0.1, 100, bad),
        lambda: theory.rademacher_bound(0.1, 100, 0.1, margin="x" if bad is None else bad),
        lambda: theory.pac_bayes_bound(0.1, 100, bad),
        lambda: theory.kl_inverse(0.1, bad), lambda: theory.binary_kl(bad, 0.5),
        lambda: theory.test_set_bound(0.1, 100, confidence=bad),
        lambda: theory.rademacher_linear([[1.0, 2.0]], bad),
        lambda: theory.no_free_lunch(bits=bad if bad is not True else 0),
    ]  # fmt: skip
    for i, ask in enumerate(asks):
        with pytest.raises(RequestError):
            print(i, ask())


def test_samples_and_learners() -> None:
    for ask in (
        lambda: theory.rademacher_linear([[1.0], [1.0, 2.0]], 1.0),
        lambda: theory.rademacher_finite([[1.0], [1.0, 2.0]]),
        lambda: theory.rademacher_linear([[1.0, 2.0]], 1.0, norm=np.zeros(2)),
        lambda: theory.no_free_lunch([1, 2]),
        lambda: theory.no_free_lunch(training=[[1], [1, 2]]),
        lambda: theory.no_free_lunch(training=[0.5, math.nan]),
        lambda: theory.no_free_lunch(training="abc"),
    ):
        with pytest.raises(RequestError):
            ask()
    with pytest.raises(DataError, match="1e150"):
        theory.rademacher_linear([[1e200, 1.0], [2.0, 3.0]], 1.0)


def test_options_of_repeated_fits() -> None:
    x = np.random.default_rng(0).normal(size=(30, 2))
    learner = tv.models.Linear(), tv.objectives.SquaredError(), tv.algorithms.ClosedForm()
    data = (x, x[:, 0])
    for ask in (
        lambda: theory.learning_curves(*learner, data, sizes=None, repeats=2),
        lambda: theory.learning_curves(*learner, data, sizes=0.5, repeats=2),
        lambda: theory.learning_curves(*learner, data, sizes=2, metric=np.zeros(2), repeats=2),
        lambda: theory.compare(
            {"a": learner, "b": learner}, data, sizes=2, repeats=2, flips=0.1
        ),
    ):
        with pytest.raises(RequestError):
            ask()
    with pytest.raises(DataError, match="truth"):
        theory.bias_variance(*learner, data, repeats=2, truth="hello")
