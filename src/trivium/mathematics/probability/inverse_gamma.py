"""The inverse gamma distribution of a variance, and that of its square root."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from trivium.engine import array
from trivium.engine.array.arguments import ArrayLike
from trivium.engine.composites import where
from trivium.engine.tensor import Tensor

from .distribution import POSITIVE, Distribution
from .family_parts import POSITIVE as POSITIVE_NUMBERS
from .positive import Gamma, Positive
from .support import Support
from .tails import log_gamma_lower, log_gamma_upper

__all__ = ["InverseGamma", "RootInverseGamma"]

Array = np.ndarray[Any, Any]


class InverseGamma(Positive):
    """The distribution of 1/X for a gamma variable X: p(x) = bᵃ x^(-a-1) e^(-b/x)/Γ(a).

    ``shape`` a, ``rate`` b; the mean is ∞ for a ≤ 1, the variance for a ≤ 2. Raises ArgumentError
    unless both are positive and finite.
    """

    rules = {"shape": POSITIVE, "rate": POSITIVE}

    def __init__(self, shape: ArrayLike, rate: ArrayLike = 1.0) -> None:
        super().__init__(shape=shape, rate=rate)

    @property
    def support(self) -> Support:
        """Positive numbers."""
        return POSITIVE_NUMBERS

    def _inside(self, x: Tensor, **own: Tensor) -> Tensor:
        return (x > 0) & (x < math.inf)

    def _log_density(self, x: Tensor, **own: Tensor) -> Tensor:
        inverse = Gamma(shape=own["shape"], rate=own["rate"]).log_density(1.0 / x)
        return inverse - 2.0 * array.log(x)

    def _turned(self, x: Array) -> Array:
        return np.where(x > 0, 1.0 / np.where(x > 0, x, 1.0), np.inf)

    def _cdf(self, x: Array, **own: Array) -> Array:
        from scipy import special

        return special.gammaincc(own["shape"], own["rate"] * self._turned(x))

    def _survival(self, x: Array, **own: Array) -> Array:
        from scipy import special

        return special.gammainc(own["shape"], own["rate"] * self._turned(x))

    def _log_cdf(self, x: Array, **own: Array) -> Array:
        return log_gamma_upper(own["shape"], own["rate"] * self._turned(x))

    def _log_survival(self, x: Array, **own: Array) -> Array:
        return log_gamma_lower(own["shape"], own["rate"] * self._turned(x))

    def _quantile(self, q: Array, **own: Array) -> Array:
        from scipy import special

        return own["rate"] / special.gammainccinv(own["shape"], q)

    def _upper_quantile(self, q: Array, **own: Array) -> Array:
        from scipy import special

        return own["rate"] / special.gammaincinv(own["shape"], q)

    @property
    def mean(self) -> Tensor:
        """b/(a - 1), ∞ for a ≤ 1."""
        a = self.parameters["shape"]
        return where(a > 1, self.parameters["rate"] / where(a > 1, a - 1.0, 1.0), math.inf)

    @property
    def variance(self) -> Tensor:
        """b²/((a - 1)²(a - 2)), ∞ for a ≤ 2."""
        a = self.parameters["shape"]
        safe = where(a > 2, a, 3.0)
        finite = array.square(self.parameters["rate"] / (safe - 1.0)) / (safe - 2.0)
        return where(a > 2, finite, math.inf)

    @property
    def mode(self) -> Array:
        """b/(a + 1)."""
        return self.parameters["rate"].value / (self.parameters["shape"].value + 1.0)

    def entropy(self) -> Tensor:
        """a + ln(b Γ(a)) - (1 + a) ψ(a)."""
        a = self.parameters["shape"]
        return (
            a
            + array.log(self.parameters["rate"])
            + array.log_gamma(a)
            - (1.0 + a) * array.digamma(a)
        )

    def kl(self, other: Distribution) -> Tensor:
        """As that of the gamma distributions of 1/X, because divergence has no units."""
        if isinstance(other, InverseGamma):
            return Gamma(**self.parameters).kl(Gamma(**other.parameters))
        return super().kl(other)


class RootInverseGamma(Positive):
    """The standard deviation √X of an inverse gamma variance X ~ InverseGamma(a, b).

    ``shape`` a and ``rate`` b as there; the mean is ∞ for a ≤ ½, the variance for a ≤ 1. Raises
    ArgumentError unless both are positive and finite.
    """

    rules = {"shape": POSITIVE, "rate": POSITIVE}

    def __init__(self, shape: ArrayLike, rate: ArrayLike = 1.0) -> None:
        super().__init__(shape=shape, rate=rate)
        self._square = InverseGamma(shape, rate)

    @property
    def support(self) -> Support:
        """Positive numbers."""
        return POSITIVE_NUMBERS

    def _inside(self, x: Tensor, **own: Tensor) -> Tensor:
        return (x > 0) & (x < math.inf)

    def _log_density(self, x: Tensor, **own: Tensor) -> Tensor:
        square = InverseGamma(shape=own["shape"], rate=own["rate"]).log_density(x * x)
        return square + array.log(2.0 * x)

    def _cdf(self, x: Array, **own: Array) -> Array:
        return self._square._cdf(np.maximum(x, 0.0) ** 2, **own)

    def _survival(self, x: Array, **own: Array) -> Array:
        return self._square._survival(np.maximum(x, 0.0) ** 2, **own)

    def _log_cdf(self, x: Array, **own: Array) -> Array:
        return self._square._log_cdf(np.maximum(x, 0.0) ** 2, **own)

    def _log_survival(self, x: Array, **own: Array) -> Array:
        return self._square._log_survival(np.maximum(x, 0.0) ** 2, **own)

    def _quantile(self, q: Array, **own: Array) -> Array:
        return np.sqrt(self._square._quantile(q, **own))

    def _upper_quantile(self, q: Array, **own: Array) -> Array:
        return np.sqrt(self._square._upper_quantile(q, **own))

    @property
    def mean(self) -> Tensor:
        """√b Γ(a - ½)/Γ(a), ∞ for a ≤ ½."""
        a = self.parameters["shape"]
        safe = where(a > 0.5, a, 1.0)
        ratio = array.exp(array.log_gamma(safe - 0.5) - array.log_gamma(safe))
        return where(a > 0.5, array.sqrt(self.parameters["rate"]) * ratio, math.inf)

    @property
    def variance(self) -> Tensor:
        """b/(a - 1) - mean², ∞ for a ≤ 1."""
        a = self.parameters["shape"]
        safe = where(a > 1, a, 2.0)
        square = self.parameters["rate"] / (safe - 1.0)
        finite = square - array.square(where(a > 1, self.mean, 0.0))
        return where(a > 1, finite, math.inf)

    @property
    def mode(self) -> Array:
        """√(2b/(2a + 1))."""
        a, b = self.parameters["shape"].value, self.parameters["rate"].value
        return np.asarray(np.sqrt(b / (a + 0.5)))

    def entropy(self) -> Tensor:
        """That of the variance X, less E ln(2√X) = ln 2 + ½(ln b - ψ(a))."""
        a, b = self.parameters["shape"], self.parameters["rate"]
        shift = math.log(2.0) + 0.5 * (array.log(b) - array.digamma(a))
        return self._square.entropy() - shift
