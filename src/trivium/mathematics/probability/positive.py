"""Distributions of positive numbers and of proportions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from trivium.engine import array, random
from trivium.engine.array.arguments import ArrayLike
from trivium.engine.composites import where
from trivium.engine.errors import ArgumentError
from trivium.engine.tensor import Tensor

from . import families_continuous
from .distribution import POSITIVE, Distribution
from .exponential_family import ExponentialFamily
from .mean_model import entropy_terms
from .special import log_beta, stirling_rest, x_log_y
from .tails import log_beta_lower, log_gamma_lower, log_gamma_upper

__all__ = [
    "Beta",
    "Exponential",
    "Gamma",
    "log_gamma_draws",
]

Array = np.ndarray[Any, Any]
_LOG_2PI = math.log(2 * math.pi)


class Positive(Distribution):
    """Values from 0 on."""

    def _inside(self, x: Tensor, **own: Tensor) -> Tensor:
        return (x >= 0) & (x < math.inf)

    def _anchor(self, **own: Tensor) -> Tensor:
        return array.asarray(1.0)


class Exponential(Positive):
    """Waiting times with the ``rate`` λ: p(x) = λ e^(-λx), x ≥ 0.

    Raises ArgumentError unless 0 < λ < ∞.
    """

    rules = {"rate": POSITIVE}

    def __init__(self, rate: ArrayLike = 1.0) -> None:
        super().__init__(rate=rate)

    @property
    def family(self) -> ExponentialFamily:
        """The exponential distributions."""
        return families_continuous.exponential

    def _log_density(self, x: Tensor, **own: Tensor) -> Tensor:
        return array.log(own["rate"]) - own["rate"] * x

    def _cdf(self, x: Array, **own: Array) -> Array:
        return -np.expm1(-own["rate"] * np.maximum(x, 0.0))

    def _survival(self, x: Array, **own: Array) -> Array:
        return np.exp(-own["rate"] * np.maximum(x, 0.0))

    def _log_survival(self, x: Array, **own: Array) -> Array:
        return -own["rate"] * np.maximum(x, 0.0)

    def _quantile(self, q: Array, **own: Array) -> Array:
        return -np.log1p(-q) / own["rate"]

    def _upper_quantile(self, q: Array, **own: Array) -> Array:
        return -np.log(q) / own["rate"]

    @property
    def mean(self) -> Tensor:
        """1/λ."""
        return 1.0 / self.parameters["rate"]

    @property
    def variance(self) -> Tensor:
        """1/λ²."""
        return array.square(self.mean)

    @property
    def mode(self) -> Array:
        """0."""
        return np.zeros(self.shape)


class Gamma(Positive):
    """The gamma distribution with ``shape`` a and ``rate`` b: p(x) = bᵃ xᵃ⁻¹ e^(-bx)/Γ(a).

    Raises ArgumentError unless both are positive and finite. At x = 0 the density is 0, b or ∞
    as a is above, at or below 1. The log-density of a large shape is Loader's (2000).
    """

    rules = {"shape": POSITIVE, "rate": POSITIVE}

    def __init__(self, shape: ArrayLike, rate: ArrayLike = 1.0) -> None:
        super().__init__(shape=shape, rate=rate)

    @property
    def family(self) -> ExponentialFamily:
        """The gamma family."""
        return families_continuous.gamma

    def _log_density(self, x: Tensor, **own: Tensor) -> Tensor:
        a, b = own["shape"], own["rate"]
        plain = x_log_y(a - 1.0, array.log(x)) - b * x + a * array.log(b) - array.log_gamma(a)
        large = (a >= 11.0) & (x > 0)
        k = where(a >= 11.0, a - 1.0, 10.0)
        saddle = (
            array.log(b)
            - entropy_terms(k, b * where(large, x, 1.0))
            - stirling_rest(k)
            - 0.5 * (array.log(k) + _LOG_2PI)
        )
        return where(large, saddle, plain)

    def _scaled(self, x: Array, own: dict[str, Array]) -> Array:
        return np.maximum(x, 0.0) * own["rate"]

    def _cdf(self, x: Array, **own: Array) -> Array:
        from scipy import special

        return special.gammainc(own["shape"], self._scaled(x, own))

    def _survival(self, x: Array, **own: Array) -> Array:
        from scipy import special

        return special.gammaincc(own["shape"], self._scaled(x, own))

    def _log_cdf(self, x: Array, **own: Array) -> Array:
        return log_gamma_lower(own["shape"], self._scaled(x, own))

    def _log_survival(self, x: Array, **own: Array) -> Array:
        return log_gamma_upper(own["shape"], self._scaled(x, own))

    def _quantile(self, q: Array, **own: Array) -> Array:
        from scipy import special

        return special.gammaincinv(own["shape"], q) / own["rate"]

    def _upper_quantile(self, q: Array, **own: Array) -> Array:
        from scipy import special

        return special.gammainccinv(own["shape"], q) / own["rate"]

    @property
    def mean(self) -> Tensor:
        """a/b."""
        return self.parameters["shape"] / self.parameters["rate"]

    @property
    def variance(self) -> Tensor:
        """a/b²."""
        return self.mean / self.parameters["rate"]

    @property
    def mode(self) -> Array:
        """(a - 1)/b, or 0 for a < 1."""
        a, b = self.parameters["shape"].value, self.parameters["rate"].value
        with np.errstate(over="ignore"):
            return np.asarray(np.maximum(a - 1.0, 0.0) / b)


class Beta(Distribution):
    """The beta distribution on [0, 1]: p(x) = x^(α-1) (1 - x)^(β-1)/B(α, β).

    Raises ArgumentError unless ``alpha`` and ``beta`` are positive and finite. The log-density
    of large parameters is Loader's (2000).
    """

    rules = {"alpha": POSITIVE, "beta": POSITIVE}

    def __init__(self, alpha: ArrayLike = 1.0, beta: ArrayLike = 1.0) -> None:
        super().__init__(alpha=alpha, beta=beta)

    @property
    def family(self) -> ExponentialFamily:
        """The beta family."""
        return families_continuous.beta

    def _inside(self, x: Tensor, **own: Tensor) -> Tensor:
        return (x >= 0) & (x <= 1)

    def _anchor(self, **own: Tensor) -> Tensor:
        return array.asarray(0.5)

    def _log_density(self, x: Tensor, **own: Tensor) -> Tensor:
        a, b = own["alpha"], own["beta"]
        plain = (
            x_log_y(a - 1.0, array.log(x)) + x_log_y(b - 1.0, array.log1p(-x)) - log_beta(a, b)
        )
        both = (a >= 11.0) & (b >= 11.0)
        inner = (x > 0) & (x < 1)
        k, m = where(both, a - 1.0, 10.0), where(both, b - 1.0, 10.0)
        n, p = k + m, where(inner, x, 0.5)
        saddle = (
            array.log(n + 1.0)
            - entropy_terms(k, n * p)
            - entropy_terms(m, n * (1.0 - p))
            + stirling_rest(n)
            - stirling_rest(k)
            - stirling_rest(m)
            + 0.5 * (array.log(n / (k * m)) - _LOG_2PI)
        )
        return where(both & inner, saddle, plain)

    def _cdf(self, x: Array, **own: Array) -> Array:
        from scipy import special

        return special.betainc(own["alpha"], own["beta"], np.clip(x, 0.0, 1.0))

    def _survival(self, x: Array, **own: Array) -> Array:
        from scipy import special

        return special.betaincc(own["alpha"], own["beta"], np.clip(x, 0.0, 1.0))

    def _log_cdf(self, x: Array, **own: Array) -> Array:
        return log_beta_lower(own["alpha"], own["beta"], np.clip(x, 0.0, 1.0))

    def _log_survival(self, x: Array, **own: Array) -> Array:
        inner = np.clip(x, 0.0, 1.0)
        return log_beta_lower(own["beta"], own["alpha"], 1.0 - inner, inner)

    def _quantile(self, q: Array, **own: Array) -> Array:
        from scipy import special

        return special.betaincinv(own["alpha"], own["beta"], q)

    def _upper_quantile(self, q: Array, **own: Array) -> Array:
        from scipy import special

        return special.betainccinv(own["alpha"], own["beta"], q)

    def _draw(self, key: Tensor, shape: tuple[int, ...], parameters: dict[str, Array]) -> Array:
        from scipy import special

        first, second = random.split(key)
        top = log_gamma_draws(first, shape, parameters["alpha"])
        return special.expit(top - log_gamma_draws(second, shape, parameters["beta"]))

    @property
    def mean(self) -> Tensor:
        """α/(α + β)."""
        return self.parameters["alpha"] / (self.parameters["alpha"] + self.parameters["beta"])

    @property
    def variance(self) -> Tensor:
        """αβ/((α + β)²(α + β + 1))."""
        total = self.parameters["alpha"] + self.parameters["beta"]
        share = self.parameters["beta"] / total
        return self.mean * share / (total + 1.0)

    @property
    def mode(self) -> Array:
        """(α - 1)/(α + β - 2), or the end where the density grows.

        Raises ArgumentError where both ends or all points are modes (α, β ≤ 1).
        """
        a, b = self.parameters["alpha"].value, self.parameters["beta"].value
        if ((a <= 1) & (b <= 1)).any():
            raise ArgumentError(
                f"{self!r} has no single mode: with α ≤ 1 and β ≤ 1 the density is highest at "
                "both ends or flat"
            )
        top, bottom = np.maximum(a - 1, 0.0), np.maximum(b - 1, 0.0)
        return top / (top + bottom)


def log_gamma_draws(key: Tensor, shape: tuple[int, ...], a: Array) -> Array:
    """Logarithms of gamma variables of shape a and rate 1, which do not underflow for tiny a.

    ln G(a) = ln G(a + 1) + (ln U)/a (Marsaglia & Tsang 2000, §6).
    """
    from scipy import special

    first, second = random.split(key)
    uniform = random.uniform(first, shape).value + 2.0**-54
    boost = random.uniform(second, shape).value + 2.0**-54
    return np.log(special.gammaincinv(a + 1.0, uniform)) + np.log(boost) / a
