"""Generative classifiers: models of p(x, y) whose scores are its logarithms, one per class.

Bayes' rule turns the scores into class probabilities: p(y = k | x) = p(x, y = k) / Σ_j p(x, y =
j) is their softmax, so everything that takes logits takes them. What counting and averaging
finds is the maximum of the joint likelihood; ``tv.algorithms.ClosedForm`` does it. The
parameters have no constraint (a softmax gives the priors, a triangular matrix of any entries
the covariance), so that the algorithms which take steps, and objectives of the conditional
likelihood such as ``CrossEntropy``, work on them too.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from numbers import Real
from typing import Any

import numpy as np

from trivium.engine import array
from trivium.engine.composites import cast, label
from trivium.engine.tensor import Tensor, tensor

from ..errors import RequestError
from ..layers.flatten import flat
from .calls import state_of, unbuild
from .model import Model
from .parameters import Parameter, parameter

__all__ = ["Estimate", "Generative", "Sample"]

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class Sample:
    """What a generative model is estimated from.

    ``x``: (N, d) float64. ``codes``: (N,) places in ``classes``, each of which has examples.
    ``weight``: (N,), how much each example counts. ``features``: names for messages.
    """

    x: Array
    codes: Array
    weight: Array
    classes: Sequence[Any]
    features: Sequence[str]

    @cached_property
    def totals(self) -> Array:
        """The weight of each class, (K,)."""
        return np.bincount(self.codes, weights=self.weight, minlength=len(self.classes))

    def by_class(self) -> Iterator[tuple[int, Array]]:
        """Each class and the rows of its examples that count."""
        order = np.argsort(self.codes, kind="stable")
        order = order[self.weight[order] > 0]
        bounds = np.searchsorted(self.codes[order], np.arange(len(self.classes) + 1))
        for k in range(len(self.classes)):
            yield k, order[bounds[k] : bounds[k + 1]]

    def sums(self, values: Array) -> Array:
        """The weighted sum of the rows of ``values`` (N, d) over each class, (K, d)."""
        found = np.zeros((len(self.classes), values.shape[1]))
        for k, rows in self.by_class():
            found[k] = self.weight[rows] @ values[rows]
        return found


@dataclass(frozen=True, eq=False)
class Estimate:
    """Parameters at the maximum of the joint likelihood, and what the user should know."""

    values: dict[str, Array]
    notes: list[str] = field(default_factory=list)


class Generative(Model):
    """f(x)_k = ln p(x, y = k) = ln π_k + ln p(x | y = k): how the data of each class arise.

    Shapes: x (N, …), each example flattened to d features → (N, K). ``priors``: π, None to
    learn it (the maximum of the likelihood is the share of each class), "uniform", or K
    positive numbers that add up to 1, in the order of the classes. A subclass gives
    ``log_density``, ``build`` and ``estimate``.
    """

    #: The parameters are in the features' own units, so a fit does not standardise by default.
    has_units = True

    log_prior: Parameter

    def __init__(self, priors: Any = None) -> None:
        self.priors = _checked_priors(type(self).__name__, priors)
        self._count: int | None = None

    def open_layer(self) -> Model | None:
        """The model itself: the target says how many classes there are."""
        return self

    def resize(self, n_outputs: int | None) -> None:
        """Settle the number of classes. Raises RequestError for what are no classes."""
        name = type(self).__name__
        if n_outputs is None:
            raise RequestError(
                f"{name} gives one score for each class, and the objective asks for one number "
                "per example: use JointLikelihood() (or CrossEntropy()), also for two classes"
            )
        given = None if isinstance(self.priors, str | None) else len(self.priors)
        if given not in (None, n_outputs):
            raise RequestError(
                f"{name}: priors has {given} numbers, but the target has {n_outputs} classes; "
                "give one for each class, in the order of fit.classes"
            )
        if n_outputs == self._count:
            return
        if state_of(self).built and not unbuild(self):
            raise RequestError(
                f"{name} has values for {self._count} classes, but {n_outputs} are needed now; "
                "start from a new model"
            )
        self._count = n_outputs

    def build(self, input_shape: tuple[int, ...]) -> None:
        """Make the parameters for K classes and the features in ``input_shape``."""
        if self._count is None:
            raise RequestError(
                f"{type(self).__name__} does not know how many classes there are: fit it with "
                "tv.fit, whose target says it"
            )
        if self.priors is None:
            self.log_prior = parameter((self._count,), "zeros")
        self.make(self._count, math.prod(input_shape[1:]))

    def make(self, classes: int, features: int) -> None:
        """Make the parameters of the densities."""
        raise NotImplementedError

    def log_density(self, x: Tensor) -> Tensor:
        """ln p(x | y = k). Shapes: (N, d) → (N, K)."""
        raise NotImplementedError

    def estimate(self, sample: Sample) -> Estimate:
        """The densities' parameters of maximum likelihood. Raises DataError."""
        raise NotImplementedError

    def polynomial(self) -> tuple[Array | None, Array, Array]:
        """The scores as polynomials xᵀA_k x + W_k·x + b_k, up to a term that all share.

        Shapes: A (K, d, d) or None where it is the same for all classes, W (K, d), b (K,).
        """
        raise NotImplementedError

    def maximum(self, sample: Sample) -> Estimate:
        """All parameters at the maximum of the joint likelihood."""
        found = self.estimate(sample)
        if self.priors is not None:
            return found
        shares = np.log(sample.totals / sample.totals.sum())
        return Estimate({"log_prior": shares, **found.values}, found.notes)

    def __call__(self, x: Tensor) -> Tensor:
        """ln p(x, y = k) for each class."""
        scores = self.log_density(flat(x))
        return label(scores + cast(self._log_prior(), scores.dtype), "ln p(x, y)")

    def _log_prior(self) -> Tensor:
        if self.priors is None:
            return array.log_softmax(self.log_prior, axis=0)
        return tensor(np.log(self.prior))

    @property
    def prior(self) -> Array:
        """π, the probability of each class before x is seen, (K,)."""
        if self.priors == "uniform":
            return np.full(self._count or 0, 1 / max(self._count or 0, 1))
        if self.priors is not None:
            return np.array(self.priors)
        weights = np.exp(self.log_prior.value - self.log_prior.value.max())
        return weights / weights.sum()


def _checked_priors(owner: str, given: Any) -> str | list[float] | None:
    """Priors as None, "uniform" or a list of floats that add up to 1 to the last digits."""
    if given is None or (isinstance(given, str) and given == "uniform"):
        return given
    numbers = given.tolist() if isinstance(given, np.ndarray) else given
    if not isinstance(numbers, list | tuple) or not all(
        isinstance(each, Real) and not isinstance(each, bool) for each in numbers
    ):
        raise RequestError(
            f'{owner}: priors must be None (to learn them), "uniform" or one probability for '
            f"each class such as [0.7, 0.3], got {given!r}"
        )
    found = [float(each) for each in numbers]
    if len(found) < 2 or not all(each > 0 and math.isfinite(each) for each in found):
        raise RequestError(
            f"{owner}: priors must be at least two probabilities above zero, got {found}; a "
            "class that cannot occur is left out of the data instead"
        )
    total = math.fsum(found)
    if abs(total - 1) > 1e-6:
        raise RequestError(
            f"{owner}: priors must add up to 1, and {found} add up to {total:.6g}; divide each "
            "by their sum"
        )
    return [each / total for each in found]
