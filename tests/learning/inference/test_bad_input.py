"""Summaries of hostile designs and options: refused in words, or answered with a note."""

import math
import warnings
from typing import Any

import numpy as np
import pytest

import trivium as tv
from trivium.learning.errors import RequestError

rng = np.random.default_rng(0)
X = rng.normal(size=(30, 2))
Y = X[:, 0] + rng.normal(size=30)
pytestmark = pytest.mark.filterwarnings("error")


def fitted(x: Any, y: Any = Y, **options: Any) -> Any:
    return tv.fit(
        tv.models.Linear(), tv.objectives.SquaredError(), tv.algorithms.ClosedForm(), (x, y),
        progress=False, **options,
    )  # fmt: skip


@pytest.mark.parametrize(
    "bad", [[], [0.9], np.zeros(2), {}, "x", math.nan, math.inf, -1, 0], ids=str
)
def test_options_that_are_none(bad: Any) -> None:
    fit = fitted(X)
    for name in ("level", "dispersion", "robust", "intervals", "covariance"):
        with pytest.raises(RequestError, match=name):
            fit.summary(**{name: bad})


@pytest.mark.parametrize("scale", [False, True])
@pytest.mark.parametrize("size", [1e-200, 1e120])
@pytest.mark.parametrize("several", [False, True])
def test_columns_whose_squares_leave_double_precision(
    size: float, scale: bool, several: bool
) -> None:
    fit = fitted(X * [1.0, size], np.c_[Y, Y**2] if several else Y, scale=scale)
    with pytest.raises(RequestError, match=r"column 'x\[1\]' has numbers of about"):
        fit.summary()
    assert np.isfinite(fitted(X * [1.0, 1e60], scale=scale).summary().standard_errors).all()


def test_counts_without_overdispersion_are_said_to_be_poisson() -> None:
    counts = rng.poisson(2.0, 30).clip(1, 3).astype(float)
    fit = tv.fit(
        tv.models.Linear(), tv.objectives.NegativeLogLikelihood("negative_binomial"),
        tv.algorithms.Newton(), (X, counts), progress=False,
    )  # fmt: skip
    summary = fit.summary()
    assert any("'poisson' fits with a parameter less" in note for note in summary.notes)
    assert "inf" not in str(summary).replace("information", "") and "nan" not in str(summary)


@pytest.mark.parametrize("size", [1e-300, 1e120])
def test_targets_whose_squares_leave_double_precision(size: float) -> None:
    fit = tv.fit(
        tv.models.Linear(), tv.objectives.NegativeLogLikelihood("gamma"), tv.algorithms.Newton(),
        (X, size * np.exp(Y)), progress=False,
    )  # fmt: skip
    with pytest.raises(RequestError, match="the target has numbers of about"):
        fit.summary()


def test_newton_on_features_of_any_size_ends_in_words() -> None:
    labels = (Y > 0).astype(int)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the gradient's norm overflows
        fit = tv.fit(
            tv.models.Linear(), tv.objectives.CrossEntropy(), tv.algorithms.Newton(),
            (X * 1e150, labels), progress=False,
        )  # fmt: skip
    with pytest.raises(RequestError, match="other units"):
        fit.summary()
