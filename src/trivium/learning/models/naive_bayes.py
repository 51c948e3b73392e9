"""Naive Bayes: the features are independent given the class."""

from __future__ import annotations

from typing import Any

import numpy as np

from trivium.engine import array
from trivium.engine.composites import cast
from trivium.engine.messages import counted
from trivium.engine.tensor import Tensor

from ..errors import DataError, RequestError
from ..layers.dense import check_features
from ..options import non_negative, number
from ..specification import component, near
from .generative import Array, Estimate, Generative, Sample
from .generative_gaussian import gaussian_log_density, gaussian_polynomial
from .parameters import Parameter, parameter

__all__ = ["NaiveBayes"]

_FAMILIES = ("gaussian", "bernoulli", "multinomial")


@component(text="naive-bayes")
class NaiveBayes(Generative):
    """p(x, y = k) = π_k Π_j p(x_j | y = k): the features are independent given the class.

    ``family``: of x_j given the class. "gaussian": N(x_j; μ_kj, σ²_kj), for measurements; the
    same functions as ``GaussianClassifier("diagonal")``. "bernoulli": p_kj^x_j (1 -
    p_kj)^(1-x_j), for features that are 0 or 1. "multinomial": Π_j φ_kj^x_j with Σ_j φ_kj = 1,
    for counts such as those of words (the probability of the words in their order, so without
    the multinomial coefficient, which no class changes); fractions of counts are taken too.

    ``smoothing``: α ≥ 0 of Laplace, for the last two: p_kj = (n_kj + α)/(n_k + 2α), φ_kj =
    (n_kj + α)/(Σ_i n_ki + αd), with n_k the examples of class k and n_kj those with x_j = 1, or
    the sum of x_j over them; the mode under a Beta or Dirichlet prior with parameters 1 + α.
    Weights of examples have mean 1. ``threshold``: for "bernoulli", x_j above it counts as 1,
    any other number as 0; None takes 0 and 1 only. ``priors``: None to learn π, "uniform", or
    K probabilities in the order of the classes.

    Shapes: x (N, …), each example flattened to d features → ln p(x, y) (N, K). Parameters:
    ``logits`` (K, d), ln(p/(1-p)) or ln φ up to a constant in each row; or ``mean`` and
    ``root`` = 1/σ (K, d); ``log_prior`` (K,). Raises RequestError for options outside their
    range; DataError, naming row and feature, for features that the family does not have
    (negative counts; other numbers than 0 and 1), and without smoothing for a probability of
    zero or one.

    Source: Bishop (2006), *Pattern Recognition and Machine Learning*, §4.2.3; McCallum & Nigam
    (1998), "A comparison of event models for naive Bayes text classification", AAAI workshop.
    """

    logits: Parameter
    mean: Parameter
    root: Parameter

    def __init__(
        self,
        family: str = "gaussian",
        smoothing: float | None = None,
        threshold: float | None = None,
        priors: Any = None,
    ) -> None:
        super().__init__(priors)
        if family not in _FAMILIES:
            raise RequestError(
                f"NaiveBayes: the family {family!r} is none of the three."
                f"{near(str(family), _FAMILIES)}"
            )
        self.family = family
        self.smoothing = _checked_smoothing(smoothing, family)
        if threshold is not None:
            threshold = number("NaiveBayes", "threshold", threshold)
            if family != "bernoulli":
                raise RequestError(
                    "NaiveBayes: a threshold makes features 0 or 1, which the family "
                    f"{family!r} does not need; leave it out"
                )
        self.threshold = threshold

    def make(self, classes: int, features: int) -> None:
        """Make the parameters; steps would begin with classes that are all alike."""
        if self.family == "gaussian":
            self.mean = parameter((classes, features), "zeros")
            self.root = parameter((classes, features), "ones")
        else:
            self.logits = parameter((classes, features), "zeros")

    def log_density(self, x: Tensor) -> Tensor:
        """Σ_j ln p(x_j | y = k) for each class, (N, K)."""
        if self.family == "gaussian":
            check_features(self, x, array.matrix_transpose(self.mean))
            return gaussian_log_density(x, self.mean, self.root, "diagonal")
        check_features(self, x, array.matrix_transpose(self.logits))
        if self.family == "multinomial":
            return x @ array.matrix_transpose(array.log_softmax(self.logits, axis=1))
        assert x.dtype is not None
        if self.threshold is not None:
            x = cast(x > self.threshold, x.dtype)
        # x ln p + (1 - x) ln(1 - p) = x θ - ln(1 + e^θ) with the logit θ.
        return x @ array.matrix_transpose(self.logits) - array.softplus(self.logits).sum(axis=1)

    def estimate(self, sample: Sample) -> Estimate:
        """Means and deviations, or smoothed shares."""
        if self.family == "gaussian":
            from .generative_covariance import gaussian

            return gaussian(sample, "diagonal", None)
        if self.family == "bernoulli":
            return self._bernoulli(sample)
        return self._multinomial(sample)

    def _bernoulli(self, sample: Sample) -> Estimate:
        x = sample.x
        if self.threshold is not None:
            x = (x > self.threshold).astype(np.float64)
        else:
            odd = np.argwhere((x != 0) & (x != 1))
            if len(odd):
                raise DataError(
                    f"{_cell(sample, x, odd[0])}, and Bernoulli features are 0 or 1: give "
                    'threshold=…, above which a number counts as 1, or use family="gaussian" '
                    'or "multinomial" (and scale=False, which leaves 0 and 1 as they are)'
                )
        ones = sample.sums(x)
        zeros = np.maximum(sample.totals[:, None] - ones, 0.0)
        alpha = self.smoothing or 0.0
        if alpha == 0:
            rounding = 1e-12 * sample.totals[:, None]
            _refuse_certain(sample, (ones <= rounding) | (zeros <= rounding), "0 or 1")
        logits = np.log(ones + alpha) - np.log(zeros + alpha)
        return Estimate({"logits": logits}, self._note())

    def _multinomial(self, sample: Sample) -> Estimate:
        x = sample.x
        odd = np.argwhere(x < 0)
        if len(odd):
            raise DataError(
                f"{_cell(sample, x, odd[0])}, and multinomial features are counts, zero or "
                'more: use family="gaussian" for measurements (and scale=False, which leaves '
                "counts as they are)"
            )
        # In units of the largest count, so that no sum overflows.
        largest = float(x.max()) or 1.0
        unit = largest if largest > 1e100 else 1.0
        counts = sample.sums(x / unit)
        alpha = (self.smoothing or 0.0) / unit
        if alpha == 0:
            _refuse_certain(sample, counts <= 0, "0")
        # ln φ itself: its softmax is φ.
        smoothed = np.log(counts + alpha)
        logits = smoothed - np.log((counts + alpha).sum(axis=1, keepdims=True))
        return Estimate({"logits": logits}, self._note())

    def _note(self) -> list[str]:
        alpha = self.smoothing or 0.0
        if alpha == 0:
            return []
        return [
            f"Laplace smoothing {alpha:g}: the shares are those of the maximum a posteriori, so "
            "the gradient of the likelihood is not zero there."
        ]

    def polynomial(self) -> tuple[Array | None, Array, Array]:
        """The scores as polynomials: linear for counts and for features that are 0 or 1."""
        log_prior = np.log(self.prior)
        if self.family == "gaussian":
            return gaussian_polynomial(self.mean.value, self.root.value, "diagonal", log_prior)
        if self.threshold is not None:
            raise RequestError(
                "the posterior is linear in the features above their threshold, not in the "
                "features themselves: pass 0 and 1 and no threshold"
            )
        logits = self.logits.value.astype(np.float64)
        if self.family == "bernoulli":
            return None, logits, log_prior - np.logaddexp(0.0, logits).sum(axis=1)
        shares = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
        return None, shares, log_prior


def _checked_smoothing(smoothing: Any, family: str) -> float | None:
    if family == "gaussian":
        if smoothing is not None:
            raise RequestError(
                "NaiveBayes: smoothing is added to counts, and Gaussian features have none; "
                "leave it out"
            )
        return None
    return 1.0 if smoothing is None else non_negative("NaiveBayes", "smoothing", smoothing)


def _cell(sample: Sample, x: Array, place: Array) -> str:
    row, feature = (int(i) for i in place)
    return (
        f"row {row} (counted from 0), feature {sample.features[feature]!r} is "
        f"{x[row, feature]:g}"
    )


def _refuse_certain(sample: Sample, certain: Array, what: str) -> None:
    places = np.argwhere(certain)
    if len(places):
        k, j = (int(i) for i in places[0])
        raise DataError(
            f"without smoothing the probability of {sample.features[j]!r} in the class "
            f"{sample.classes[k]!r} is {what}, whose logarithm is not finite "
            f"({counted(len(places), 'such case')}): one new example against it would rule the "
            "class out; give smoothing=1.0 (Laplace's rule), or any number above zero"
        )
