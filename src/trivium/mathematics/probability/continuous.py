"""Distributions on the real line: normal, Student's t, uniform."""

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
from .distribution import FINITE, POSITIVE, Distribution
from .exponential_family import ExponentialFamily
from .family_parts import REAL
from .special import log_beta
from .support import Support, interval
from .tails import log_beta_lower

__all__ = ["Normal", "StudentT", "Uniform"]

Array = np.ndarray[Any, Any]
_LOG_2PI = math.log(2 * math.pi)


class Normal(Distribution):
    """The normal distribution with ``mean`` μ and standard deviation ``sd`` σ.

    p(x) = exp(-(x - μ)²/(2σ²))/(σ√(2π)). Raises ArgumentError unless μ is finite and 0 < σ < ∞.
    """

    rules = {"mean": FINITE, "sd": POSITIVE}

    def __init__(self, mean: ArrayLike = 0.0, sd: ArrayLike = 1.0) -> None:
        super().__init__(mean=mean, sd=sd)

    @property
    def family(self) -> ExponentialFamily:
        """The normal family with both parameters unknown."""
        return families_continuous.normal

    def _inside(self, x: Tensor, **own: Tensor) -> Tensor:
        return array.abs(x) < math.inf

    def _anchor(self, **own: Tensor) -> Tensor:
        return array.asarray(0.0)

    def _log_density(self, x: Tensor, **own: Tensor) -> Tensor:
        z = (x - own["mean"]) / own["sd"]
        return -0.5 * (z * z + _LOG_2PI) - array.log(own["sd"])

    def _cdf(self, x: Array, **own: Array) -> Array:
        from scipy import special

        return special.ndtr((x - own["mean"]) / own["sd"])

    def _survival(self, x: Array, **own: Array) -> Array:
        from scipy import special

        return special.ndtr((own["mean"] - x) / own["sd"])

    def _log_cdf(self, x: Array, **own: Array) -> Array:
        from scipy import special

        return special.log_ndtr((x - own["mean"]) / own["sd"])

    def _log_survival(self, x: Array, **own: Array) -> Array:
        from scipy import special

        return special.log_ndtr((own["mean"] - x) / own["sd"])

    def _quantile(self, q: Array, **own: Array) -> Array:
        from scipy import special

        return own["mean"] + own["sd"] * special.ndtri(q)

    def _upper_quantile(self, q: Array, **own: Array) -> Array:
        from scipy import special

        return own["mean"] - own["sd"] * special.ndtri(q)

    def _draw(self, key: Tensor, shape: tuple[int, ...], parameters: dict[str, Array]) -> Array:
        drawn = random.normal(key, shape).value
        return parameters["mean"] + parameters["sd"] * drawn

    @property
    def mean(self) -> Tensor:
        """μ."""
        return self.parameters["mean"] + 0.0 * self.parameters["sd"]

    @property
    def variance(self) -> Tensor:
        """σ²."""
        return array.square(self.parameters["sd"]) + 0.0 * self.parameters["mean"]

    @property
    def mode(self) -> Array:
        """μ."""
        return self.mean.value

    def entropy(self) -> Tensor:
        """½ ln(2πe σ²), which the family's definition gives with fewer digits."""
        return 0.5 * (_LOG_2PI + 1.0) + array.log(self.parameters["sd"])

    def _kl_within(self, family: ExponentialFamily, other: Distribution) -> Tensor:
        """½(r² - 1 - ln r²) + (μ - μ')²/(2σ'²) with r = σ/σ'; the definition cancels at far μ."""
        from .special import log1p_minus

        mine, its = self.parameters, other.parameters
        excess = array.square(mine["sd"] / its["sd"]) - 1.0
        gap = (mine["mean"] - its["mean"]) / its["sd"]
        return 0.5 * (gap * gap - log1p_minus(excess))


class StudentT(Distribution):
    """Student's t with ``df`` ν degrees of freedom, ``location`` and ``scale``.

    p(x) ∝ (1 + z²/ν)^(-(ν+1)/2), z = (x - location)/scale. The mean is NaN for ν ≤ 1; the
    variance is ∞ for 1 < ν ≤ 2 and NaN for ν ≤ 1, where they do not exist. It is no exponential
    family. Raises ArgumentError unless 0 < ν < ∞ and 0 < scale < ∞.
    """

    rules = {"df": POSITIVE, "location": FINITE, "scale": POSITIVE}

    def __init__(
        self, df: ArrayLike, location: ArrayLike = 0.0, scale: ArrayLike = 1.0
    ) -> None:
        super().__init__(df=df, location=location, scale=scale)

    @property
    def support(self) -> Support:
        """All real numbers."""
        return REAL

    def _inside(self, x: Tensor, **own: Tensor) -> Tensor:
        return array.abs(x) < math.inf

    def _anchor(self, **own: Tensor) -> Tensor:
        return array.asarray(0.0)

    def _log_density(self, x: Tensor, **own: Tensor) -> Tensor:
        df, scale = own["df"], own["scale"]
        width = array.abs((x - own["location"]) / scale) / array.sqrt(df)
        far = width > 1e15
        near = where(far, 1.0, width)
        log_square = where(
            far, 2.0 * array.log(where(far, width, 1.0)), array.log1p(near * near)
        )
        constant = log_beta(0.5 * df, 0.5) + 0.5 * array.log(df) + array.log(scale)
        return -constant - 0.5 * (df + 1.0) * log_square

    def _log_tail(self, z: Array, df: Array) -> Array:
        """ln P(T < -z) for z ≥ 0: ½ I_x(ν/2, ½) with x = ν/(ν + z²)."""
        from scipy import special

        width = z / np.sqrt(df)
        far = width > 1e100
        x = 1.0 / (1.0 + np.where(far, 0.0, width) ** 2)
        y = np.where(width > 1, 1.0 / (1.0 + width**-2.0), width**2 * x)
        near = log_beta_lower(0.5 * df, np.asarray(0.5), x, y)
        limit = (
            -df * np.log(np.where(far, width, 1.0))
            - np.log(0.5 * df)
            - special.betaln(0.5 * df, 0.5)
        )
        return math.log(0.5) + np.where(far, limit, near)

    def _log_cdf(self, x: Array, **own: Array) -> Array:
        z = (x - own["location"]) / own["scale"]
        tail = self._log_tail(np.abs(z), own["df"])
        return np.where(z <= 0, tail, np.log1p(-np.exp(tail)))

    def _log_survival(self, x: Array, **own: Array) -> Array:
        mirrored = {**own, "location": -own["location"]}
        return self._log_cdf(-x, **mirrored)

    def _cdf(self, x: Array, **own: Array) -> Array:
        z = (x - own["location"]) / own["scale"]
        tail = np.exp(self._log_tail(np.abs(z), own["df"]))
        return np.where(z <= 0, tail, 1.0 - tail)

    def _survival(self, x: Array, **own: Array) -> Array:
        return self._cdf(-x, **{**own, "location": -own["location"]})

    def _quantile(self, q: Array, **own: Array) -> Array:
        return own["location"] - own["scale"] * self._upper(q, own["df"])

    def _upper_quantile(self, q: Array, **own: Array) -> Array:
        return own["location"] + own["scale"] * self._upper(q, own["df"])

    def _upper(self, q: Array, df: Array) -> Array:
        """The standard t's upper quantile, through the quantile of the beta distribution."""
        from scipy import special

        tail = np.minimum(q, 1.0 - q)
        # x = ν/(ν + z²) has I_x(ν/2, ½) = 2 tail; for tails near ½ its complement is exact.
        x = special.betaincinv(0.5 * df, 0.5, 2.0 * tail)
        y = special.betainccinv(0.5, 0.5 * df, 2.0 * tail)
        z = np.sqrt(df) * np.where(x < 0.5, np.sqrt((1.0 - x) / x), np.sqrt(y / (1.0 - y)))
        # x underflows before the quantile overflows: there I_x(a, ½) = xᵃ/(a B(a, ½)).
        log_x = np.log(2.0 * tail * 0.5 * df) + special.betaln(0.5 * df, 0.5)
        log_x = log_x / (0.5 * df)
        z = np.where(x < 1e-200, np.sqrt(df) * np.exp(-0.5 * log_x), z)
        return np.where(q <= 0.5, z, -z)

    @property
    def mean(self) -> Tensor:
        """The location where ν > 1, else NaN."""
        return where(self.parameters["df"] > 1, self.parameters["location"], math.nan)

    @property
    def variance(self) -> Tensor:
        """scale² ν/(ν - 2) where ν > 2, ∞ for 1 < ν ≤ 2, NaN for ν ≤ 1."""
        df = self.parameters["df"]
        safe = where(df > 2, df, 3.0)
        finite = array.square(self.parameters["scale"]) * safe / (safe - 2.0)
        return where(df > 2, finite, where(df > 1, math.inf, math.nan))

    @property
    def mode(self) -> Array:
        """The location."""
        return np.broadcast_to(self.parameters["location"].value, self.shape)

    def entropy(self) -> Tensor:
        """(ν+1)/2 (ψ((ν+1)/2) - ψ(ν/2)) + ln(√ν B(ν/2, ½)) + ln scale."""
        df = self.parameters["df"]
        gap = array.digamma(0.5 * (df + 1.0)) - array.digamma(0.5 * df)
        return (
            0.5 * (df + 1.0) * gap
            + 0.5 * array.log(df)
            + log_beta(0.5 * df, 0.5)
            + array.log(self.parameters["scale"])
        )


class Uniform(Distribution):
    """The uniform distribution on [``low``, ``high``]: p(x) = 1/(high - low).

    It is no exponential family. Raises ArgumentError unless low < high, both finite.
    """

    rules = {"low": FINITE, "high": FINITE}

    def __init__(self, low: ArrayLike = 0.0, high: ArrayLike = 1.0) -> None:
        super().__init__(low=low, high=high)
        from .distribution import value_of

        width = value_of(self.parameters["high"] - self.parameters["low"])
        if width is not None and not ((width > 0) & np.isfinite(width)).all():
            raise ArgumentError(f"{self!r}: low must be below high, and high - low finite")

    @property
    def support(self) -> Support:
        """From low to high, both included."""
        low = float(self.parameters["low"].value.min())
        high = float(self.parameters["high"].value.max())
        return interval(low, high, f"numbers from {low:g} to {high:g}", closed=True)

    def _inside(self, x: Tensor, **own: Tensor) -> Tensor:
        return (x >= own["low"]) & (x <= own["high"])

    def _anchor(self, **own: Tensor) -> Tensor:
        return own["low"]

    def _log_density(self, x: Tensor, **own: Tensor) -> Tensor:
        return -array.log(own["high"] - own["low"]) + array.zeros_like(x)

    def _cdf(self, x: Array, **own: Array) -> Array:
        return np.clip((x - own["low"]) / (own["high"] - own["low"]), 0.0, 1.0)

    def _survival(self, x: Array, **own: Array) -> Array:
        return np.clip((own["high"] - x) / (own["high"] - own["low"]), 0.0, 1.0)

    def _quantile(self, q: Array, **own: Array) -> Array:
        return np.minimum(own["low"] + q * (own["high"] - own["low"]), own["high"])

    def _upper_quantile(self, q: Array, **own: Array) -> Array:
        return np.maximum(own["high"] - q * (own["high"] - own["low"]), own["low"])

    @property
    def mean(self) -> Tensor:
        """(low + high)/2."""
        return 0.5 * self.parameters["low"] + 0.5 * self.parameters["high"]

    @property
    def variance(self) -> Tensor:
        """(high - low)²/12."""
        return array.square(self.parameters["high"] - self.parameters["low"]) / 12.0

    def entropy(self) -> Tensor:
        """ln(high - low)."""
        return array.log(self.parameters["high"] - self.parameters["low"])
