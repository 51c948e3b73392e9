"""Power laws on the real numbers and on the whole numbers from a minimum on.

Source: Clauset, Shalizi & Newman (2009), "Power-law distributions in empirical data", SIAM
Review 51, 661, Table 2.1 and Appendix D.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from trivium.engine import array, random
from trivium.engine.array.arguments import ArrayLike
from trivium.engine.composites import where
from trivium.engine.tensor import Tensor, tensor

from . import families_continuous, families_discrete
from .discrete import Discrete
from .distribution import POSITIVE, Distribution
from .exponential_family import ExponentialFamily
from .special import log_hurwitz_zeta
from .support import Support, interval, whole_numbers
from .tails import whole_quantile

__all__ = ["DiscretePowerLaw", "PowerLaw", "log_zeta"]

Array = np.ndarray[Any, Any]
EXPONENT = ("above 1 and finite", lambda v: (v > 1) & np.isfinite(v))
TABLE = 4096


class PowerLaw(Distribution):
    """p(x) = (α - 1)/m (x/m)⁻ᵅ for x ≥ m, also called Pareto's distribution.

    ``exponent`` α > 1, ``minimum`` m > 0. The mean is ∞ for α ≤ 2, the variance for α ≤ 3.
    Raises ArgumentError otherwise.
    """

    rules = {"exponent": EXPONENT, "minimum": POSITIVE}

    def __init__(self, exponent: ArrayLike, minimum: ArrayLike = 1.0) -> None:
        super().__init__(exponent=exponent, minimum=minimum)

    @property
    def family(self) -> ExponentialFamily | None:
        """The power laws from this minimum on, if it is one number."""
        minimum = self.parameters["minimum"]
        return families_continuous.power_law(minimum.item()) if minimum.shape == () else None

    @property
    def support(self) -> Support:
        """Numbers from the minimum on."""
        low = float(self.parameters["minimum"].value.min())
        return interval(low, math.inf, f"numbers from {low:g} on", closed=True)

    def _inside(self, x: Tensor, **own: Tensor) -> Tensor:
        return (x >= own["minimum"]) & (x < math.inf)

    def _anchor(self, **own: Tensor) -> Tensor:
        return own["minimum"]

    def _log_density(self, x: Tensor, **own: Tensor) -> Tensor:
        alpha, low = own["exponent"], own["minimum"]
        return array.log((alpha - 1.0) / low) - alpha * array.log(x / low)

    def _log_survival(self, x: Array, **own: Array) -> Array:
        return (1.0 - own["exponent"]) * np.log(np.maximum(x / own["minimum"], 1.0))

    def _survival(self, x: Array, **own: Array) -> Array:
        return np.exp(self._log_survival(x, **own))

    def _cdf(self, x: Array, **own: Array) -> Array:
        return -np.expm1(self._log_survival(x, **own))

    def _quantile(self, q: Array, **own: Array) -> Array:
        return own["minimum"] * np.exp(-np.log1p(-q) / (own["exponent"] - 1.0))

    def _upper_quantile(self, q: Array, **own: Array) -> Array:
        return own["minimum"] * np.exp(-np.log(q) / (own["exponent"] - 1.0))

    @property
    def mean(self) -> Tensor:
        """m (α - 1)/(α - 2), ∞ for α ≤ 2."""
        alpha = self.parameters["exponent"]
        safe = where(alpha > 2, alpha, 3.0)
        finite = self.parameters["minimum"] * (safe - 1.0) / (safe - 2.0)
        return where(alpha > 2, finite, math.inf)

    @property
    def variance(self) -> Tensor:
        """m² (α - 1)/((α - 2)²(α - 3)), ∞ for α ≤ 3."""
        alpha = self.parameters["exponent"]
        safe = where(alpha > 3, alpha, 4.0)
        square = array.square(self.parameters["minimum"] / (safe - 2.0))
        return where(alpha > 3, square * (safe - 1.0) / (safe - 3.0), math.inf)

    @property
    def mode(self) -> Array:
        """The minimum."""
        return np.broadcast_to(self.parameters["minimum"].value, self.shape)


def log_zeta(exponent: ArrayLike, start: ArrayLike) -> Array:
    """ln ζ(α, q) as a NumPy array."""
    return log_hurwitz_zeta(tensor(exponent), tensor(start)).value


class DiscretePowerLaw(Discrete):
    """P(x) = x⁻ᵅ/ζ(α, m) on the whole numbers x ≥ m (Zipf's or the zeta distribution, m = 1).

    ``exponent`` α > 1, ``minimum`` m a whole number ≥ 1. The mean is ∞ for α ≤ 2, the variance
    for α ≤ 3. Raises ArgumentError otherwise.
    """

    rules = {
        "exponent": EXPONENT,
        "minimum": (
            "a whole number, 1 or more",
            lambda v: (v >= 1) & (v == np.floor(v)) & np.isfinite(v),
        ),
    }

    def __init__(self, exponent: ArrayLike, minimum: ArrayLike = 1) -> None:
        super().__init__(exponent=exponent, minimum=minimum)

    @property
    def family(self) -> ExponentialFamily | None:
        """The discrete power laws from this minimum on, if it is one number."""
        minimum = self.parameters["minimum"]
        if minimum.shape != ():
            return None
        return families_discrete.discrete_power_law(int(minimum.item()))

    @property
    def support(self) -> Support:
        """Whole numbers from the minimum on."""
        low = float(self.parameters["minimum"].value.min())
        return whole_numbers(low, math.inf, f"whole numbers from {low:g} on")

    def _inside(self, x: Tensor, **own: Tensor) -> Tensor:
        return (x >= own["minimum"]) & (x == array.floor(x)) & (x < math.inf)

    def _anchor(self, **own: Tensor) -> Tensor:
        return own["minimum"]

    def _log_density(self, x: Tensor, **own: Tensor) -> Tensor:
        alpha, low = own["exponent"], own["minimum"]
        # relative to the minimum, so that nothing is large
        return (
            -alpha * array.log(x / low)
            - log_hurwitz_zeta(alpha, low)
            - (alpha * array.log(low))
        )

    def _log_survival(self, x: Array, **own: Array) -> Array:
        alpha, low = own["exponent"], own["minimum"]
        after = np.maximum(np.floor(x), low - 1) + 1
        return np.minimum(log_zeta(alpha, after) - log_zeta(alpha, low), 0.0)

    def _survival(self, x: Array, **own: Array) -> Array:
        return np.exp(self._log_survival(x, **own))

    def _cdf(self, x: Array, **own: Array) -> Array:
        return -np.expm1(self._log_survival(x, **own))

    def _search(
        self, q: Array, reached: Any, parameters: dict[str, Array], *, upper: bool
    ) -> Array:
        many = np.broadcast_arrays(np.asarray(q, float), *parameters.values())
        level, own = many[0], dict(zip(parameters, many[1:], strict=True))
        low = own["minimum"]
        first, last = (level >= 1, level <= 0) if upper else (level <= 0, level >= 1)
        # Far out P(X > x) ≈ (x + ½)^(1 - α)/((α - 1) ζ(α, m)), DLMF 25.11.43.
        alpha = own["exponent"]
        tail = np.log(level) if upper else np.log1p(-level)
        scale = np.log(alpha - 1) + log_zeta(parameters["exponent"], parameters["minimum"])
        guess = np.maximum(np.exp(-(tail + scale) / (alpha - 1)) - 0.5, low)
        # Past 2⁵² neighbouring whole numbers cannot be told apart, and that is exact.
        far = guess > 2.0**52
        found = whole_quantile(
            lambda k: reached(np.maximum(k, low - 1), level, own) | first | last | far,
            level.shape,
            float(low.min(initial=np.inf)) if level.size else 1.0,
            np.inf,
            np.where(far, low, guess),
        )
        found = np.where(far, guess, found)
        return np.where(last, np.inf, np.where(first, low, np.maximum(found, low)))

    def _draw(self, key: Tensor, shape: tuple[int, ...], parameters: dict[str, Array]) -> Array:
        """By inversion of the survival function: a table near the minimum, a search beyond."""
        uniform = random.uniform(key, shape).value + 2.0**-54
        if self.shape != ():
            return self._upper_quantile(uniform, **parameters)
        first = float(parameters["minimum"])
        values = first + np.arange(TABLE)
        survival = self._survival(values, **parameters)
        place = np.searchsorted(-survival, -uniform)
        found = first + place
        beyond = place >= TABLE
        if beyond.any():
            found[beyond] = self._upper_quantile(uniform[beyond], **parameters)
        return found

    @property
    def mean(self) -> Tensor:
        """ζ(α - 1, m)/ζ(α, m), ∞ for α ≤ 2."""
        alpha = self.parameters["exponent"]
        return where(alpha > 2, self._moment(1.0), math.inf)

    def _moment(self, order: float) -> Tensor:
        alpha, low = self.parameters["exponent"], self.parameters["minimum"]
        safe = where(alpha > order + 1, alpha, order + 2.0)
        return array.exp(log_hurwitz_zeta(safe - order, low) - log_hurwitz_zeta(safe, low))

    @property
    def variance(self) -> Tensor:
        """ζ(α - 2, m)/ζ(α, m) - mean², ∞ for α ≤ 3."""
        alpha = self.parameters["exponent"]
        inner = self._moment(2.0) - array.square(self._moment(1.0))
        return where(alpha > 3, inner, math.inf)

    @property
    def mode(self) -> Array:
        """The minimum."""
        return np.broadcast_to(self.parameters["minimum"].value, self.shape)
