"""Failures before a success: negative binomial and geometric distributions."""

from __future__ import annotations

from typing import Any

import numpy as np

from trivium.engine import array
from trivium.engine.array.arguments import ArrayLike
from trivium.engine.composites import where
from trivium.engine.errors import ArgumentError
from trivium.engine.tensor import Tensor

from . import families_discrete
from .discrete import Discrete, binary_kl
from .distribution import POSITIVE, POSITIVE_PROBABILITY, Distribution
from .exponential_family import ExponentialFamily
from .special import log_choose, x_log_y
from .tails import log_beta_lower

__all__ = ["Geometric", "NegativeBinomial"]

Array = np.ndarray[Any, Any]


class NegativeBinomial(Discrete):
    """The failures before success number r = ``size`` (any positive number).

    P(k) = Γ(k + r)/(k! Γ(r)) pʳ (1 - p)ᵏ with the ``probability`` p of success. Raises
    ArgumentError unless r > 0 and 0 < p ≤ 1.
    """

    rules = {"size": POSITIVE, "probability": POSITIVE_PROBABILITY}

    def __init__(self, size: ArrayLike, probability: ArrayLike) -> None:
        super().__init__(size=size, probability=probability)

    @property
    def family(self) -> ExponentialFamily | None:
        """The negative binomial family of this size, if it is one number."""
        size = self.parameters["size"]
        return families_discrete.negative_binomial(size.item()) if size.shape == () else None

    def _log_density(self, x: Tensor, **own: Tensor) -> Tensor:
        r, p = own["size"], own["probability"]
        return log_choose(x + (r - 1.0), x) + r * array.log(p) + x_log_y(x, array.log1p(-p))

    def _cdf(self, x: Array, **own: Array) -> Array:
        from scipy import special

        k = self._whole(x, **own)
        lower = special.betainc(own["size"], np.maximum(k, 0) + 1, own["probability"])
        return np.where(k < 0, 0.0, lower)

    def _survival(self, x: Array, **own: Array) -> Array:
        from scipy import special

        k = self._whole(x, **own)
        upper = special.betaincc(own["size"], np.maximum(k, 0) + 1, own["probability"])
        return np.where(k < 0, 1.0, upper)

    def _log_cdf(self, x: Array, **own: Array) -> Array:
        k = self._whole(x, **own)
        lower = log_beta_lower(own["size"], np.maximum(k, 0) + 1, own["probability"])
        return np.where(k < 0, -np.inf, lower)

    def _log_survival(self, x: Array, **own: Array) -> Array:
        k = self._whole(x, **own)
        p = own["probability"]
        return np.where(
            k < 0, 0.0, log_beta_lower(np.maximum(k, 0) + 1, own["size"], 1.0 - p, p)
        )

    @property
    def mean(self) -> Tensor:
        """r(1 - p)/p."""
        p = self.parameters["probability"]
        return self.parameters["size"] * (1.0 - p) / p

    @property
    def variance(self) -> Tensor:
        """r(1 - p)/p²."""
        return self.mean / self.parameters["probability"]

    @property
    def mode(self) -> Array:
        """⌊(r - 1)(1 - p)/p⌋, at least 0."""
        r, p = self.parameters["size"].value, self.parameters["probability"].value
        with np.errstate(over="ignore"):
            return np.asarray(np.maximum(np.floor((r - 1) * (1 - p) / p), 0.0))

    def entropy(self) -> Tensor:
        """From the family; 0 at p = 1."""
        family = self.family
        if family is None:
            raise ArgumentError("NegativeBinomial.entropy: the size must be one number")
        p = self.parameters["probability"]
        safe = where(p == 1, 0.5, p)
        return where(p == 1, 0.0, family.entropy(family.natural(probability=safe)))

    def _kl_within(self, family: ExponentialFamily, other: Distribution) -> Tensor:
        p = self.parameters["probability"]
        return self.parameters["size"] * binary_kl(p, other.parameters["probability"]) / p


class Geometric(NegativeBinomial):
    """The failures before the first success: P(k) = p (1 - p)ᵏ, k = 0, 1, 2, …

    SciPy's and NumPy's geometric counts the trials, one more. Raises ArgumentError unless 0 < p
    ≤ 1.
    """

    def __init__(self, probability: ArrayLike) -> None:
        super().__init__(size=1.0, probability=probability)

    def __repr__(self) -> str:
        return super().__repr__().replace("size=1., ", "")

    @property
    def family(self) -> ExponentialFamily:
        """The geometric family."""
        return families_discrete.geometric
