"""The inverse Gaussian distribution, which a GLM of skewed positive responses assumes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from trivium.engine import array, random
from trivium.engine.array.arguments import ArrayLike
from trivium.engine.tensor import Tensor

from . import families_continuous
from .distribution import POSITIVE
from .exponential_family import ExponentialFamily
from .positive import Positive

__all__ = ["InverseGaussian"]

Array = np.ndarray[Any, Any]


class InverseGaussian(Positive):
    """First passage times of Brownian motion: mean μ and ``shape`` λ.

    p(x) = √(λ/(2πx³)) exp(-λ(x - μ)²/(2μ²x)). Raises ArgumentError unless both are positive and
    finite. Source: Johnson, Kotz & Balakrishnan (1994), *Continuous Univariate Distributions*
    1, ch. 15.
    """

    rules = {"mean": POSITIVE, "shape": POSITIVE}

    def __init__(self, mean: ArrayLike, shape: ArrayLike = 1.0) -> None:
        super().__init__(mean=mean, shape=shape)

    @property
    def family(self) -> ExponentialFamily:
        """The inverse Gaussian family."""
        return families_continuous.inverse_gaussian

    def _inside(self, x: Tensor, **own: Tensor) -> Tensor:
        return (x > 0) & (x < math.inf)

    def _log_density(self, x: Tensor, **own: Tensor) -> Tensor:
        mean, shape = own["mean"], own["shape"]
        deviance = shape * array.square((x - mean) / mean) / x
        return 0.5 * (array.log(shape) - math.log(2 * math.pi) - 3.0 * array.log(x) - deviance)

    def _parts(self, x: Array, own: dict[str, Array]) -> tuple[Array, Array, Array]:
        mean, shape = own["mean"], own["shape"]
        safe = np.where(x > 0, x, 1.0)
        root = np.sqrt(shape / safe)
        return root * (safe / mean - 1.0), root * (safe / mean + 1.0), 2.0 * shape / mean

    def _log_cdf(self, x: Array, **own: Array) -> Array:
        from scipy import special

        first, second, twice = self._parts(x, own)
        found = np.logaddexp(special.log_ndtr(first), twice + special.log_ndtr(-second))
        return np.where(x > 0, np.minimum(found, 0.0), -np.inf)

    def _log_survival(self, x: Array, **own: Array) -> Array:
        from scipy import special

        first, second, twice = self._parts(x, own)
        upper = special.log_ndtr(-first)
        rest = np.minimum(twice + special.log_ndtr(-second) - upper, 0.0)
        return np.where(x > 0, upper + np.log1p(-np.exp(rest)), 0.0)

    def _cdf(self, x: Array, **own: Array) -> Array:
        return np.exp(self._log_cdf(x, **own))

    def _survival(self, x: Array, **own: Array) -> Array:
        return np.exp(self._log_survival(x, **own))

    def _quantile(self, q: Array, **own: Array) -> Array:
        return self._bisected(lambda x: self._cdf(x, **own) < q, q, own, (0.0, np.inf))

    def _upper_quantile(self, q: Array, **own: Array) -> Array:
        return self._bisected(lambda x: self._survival(x, **own) > q, q, own, (np.inf, 0.0))

    def _bisected(self, below: Any, q: Array, own: dict[str, Array], ends: Any) -> Array:
        """By bisection of ln x over all positive numbers of double precision."""
        shape = np.broadcast_shapes(np.shape(q), *[each.shape for each in own.values()])
        low, high = np.full(shape, -740.0), np.full(shape, 709.0)
        for _ in range(70):
            middle = 0.5 * (low + high)
            left = below(np.exp(middle))
            low, high = np.where(left, middle, low), np.where(left, high, middle)
        inner = np.exp(0.5 * (low + high))
        return np.where(q == 0, ends[0], np.where(q == 1, ends[1], inner))

    def _draw(self, key: Tensor, shape: tuple[int, ...], parameters: dict[str, Array]) -> Array:
        """Michael, Schucany & Haas (1976), Amer. Statist. 30, 88."""
        first, second = random.split(key)
        mean, size = parameters["mean"], parameters["shape"]
        square = mean * random.normal(first, shape).value ** 2 / (2.0 * size)
        # the smaller root of the quadratic, without cancellation
        smaller = mean / (1.0 + square + np.sqrt(square * (2.0 + square)))
        uniform = random.uniform(second, shape).value
        return np.where(uniform * (mean + smaller) <= mean, smaller, mean * (mean / smaller))

    @property
    def mean(self) -> Tensor:
        """μ."""
        return self.parameters["mean"] + 0.0 * self.parameters["shape"]

    @property
    def variance(self) -> Tensor:
        """μ³/λ."""
        return self.parameters["mean"] ** 3 / self.parameters["shape"]

    @property
    def mode(self) -> Array:
        """μ(√(1 + r²) - r) with r = 3μ/(2λ)."""
        mean = self.parameters["mean"].value
        with np.errstate(over="ignore"):
            ratio = 1.5 * mean / self.parameters["shape"].value
        return np.asarray(mean / (np.hypot(1.0, ratio) + ratio))
