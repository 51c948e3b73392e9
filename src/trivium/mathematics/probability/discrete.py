"""Distributions of whole numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from trivium.engine import array
from trivium.engine.array.arguments import ArrayLike
from trivium.engine.composites import where
from trivium.engine.errors import ArgumentError
from trivium.engine.tensor import Tensor

from . import families_discrete
from .distribution import (
    NOT_NEGATIVE,
    PROBABILITY,
    Distribution,
)
from .exponential_family import ExponentialFamily
from .mean_model import entropy_terms
from .special import log_choose, stirling_rest, x_log_y
from .support import Support, whole_numbers
from .tails import log_beta_lower, log_gamma_lower, log_gamma_upper, whole_quantile

__all__ = ["Bernoulli", "Binomial", "Poisson"]

Array = np.ndarray[Any, Any]
_LOG_2PI = math.log(2 * math.pi)


class Discrete(Distribution):
    """Whole numbers from ``_low`` to ``_high``; quantiles by bisection of the cdf."""

    discrete = True
    _low = 0.0

    def _high(self, **parameters: Any) -> Any:
        return math.inf

    def _inside(self, x: Tensor, **parameters: Tensor) -> Tensor:
        high = self._high(**parameters)
        return (x == array.floor(x)) & (x >= self._low) & (x <= high) & (x < math.inf)

    def _anchor(self, **parameters: Tensor) -> Tensor:
        return array.asarray(self._low)

    def _whole(self, x: Array, **parameters: Array) -> Array:
        """x rounded down, so that the cdf is that of the whole number below."""
        return np.clip(
            np.floor(x), self._low - 1, np.minimum(self._high(**parameters), 2.0**62)
        )

    def _quantile(self, q: Array, **parameters: Array) -> Array:
        def reached(k: Array, level: Array, own: dict[str, Array]) -> Array:
            return self._cdf(k, **own) >= level

        return self._search(q, reached, parameters, upper=False)

    def _upper_quantile(self, q: Array, **parameters: Array) -> Array:
        def reached(k: Array, level: Array, own: dict[str, Array]) -> Array:
            return self._survival(k, **own) <= level

        return self._search(q, reached, parameters, upper=True)

    def _search(
        self, q: Array, reached: Any, parameters: dict[str, Array], *, upper: bool
    ) -> Array:
        many = np.broadcast_arrays(np.asarray(q, float), *parameters.values())
        level, own = many[0], dict(zip(parameters, many[1:], strict=True))
        high = np.broadcast_to(self._high(**own), level.shape)
        # At the ends of [0, 1] there is nothing to search for.
        first, last = (level >= 1, level <= 0) if upper else (level <= 0, level >= 1)
        found = whole_quantile(
            lambda k: reached(k, level, own) | first | last,
            level.shape,
            self._low,
            high,
            self._guess(level, own, upper),
        )
        return np.where(last, high, np.where(first, self._low, found))

    def _guess(self, level: Array, own: dict[str, Array], upper: bool) -> Array:
        """Where the search for a quantile starts: that of a normal distribution."""
        from scipy import special

        mean, sd = self._shape_of(**own)
        away = np.clip(special.ndtri(level), -40, 40)
        return mean + sd * (-away if upper else away)

    def _shape_of(self, **parameters: Array) -> tuple[Array, Array]:
        """Mean and standard deviation, where the search for a quantile starts."""
        return self.mean.value.astype(float), np.sqrt(self.variance.value.astype(float))

    def _draw(self, key: Tensor, shape: tuple[int, ...], parameters: dict[str, Array]) -> Array:
        """Quantiles of uniform numbers, from a table of the cdf where one table serves all."""
        from trivium.engine import random

        uniform = random.uniform(key, shape).value + 2.0**-54
        if self.shape == () and uniform.size > 64:
            first = float(self._quantile(np.asarray(1e-17), **parameters))
            last = float(self._upper_quantile(np.asarray(1e-17), **parameters))
            if last - first < 100_000:
                table = self._cdf(np.arange(first, last), **parameters)
                return first + np.searchsorted(table, uniform)
        return self._quantile(uniform, **parameters)


class Bernoulli(Discrete):
    """One trial: 1 with the ``probability`` p, else 0.

    P(1) = p. Raises ArgumentError unless 0 ≤ p ≤ 1; both ends are allowed.
    """

    rules = {"probability": PROBABILITY}

    def __init__(self, probability: ArrayLike) -> None:
        super().__init__(probability=probability)

    @property
    def family(self) -> ExponentialFamily:
        """The Bernoulli family."""
        return families_discrete.bernoulli

    def _high(self, **parameters: Any) -> Any:
        return 1.0

    def _log_density(self, x: Tensor, **own: Tensor) -> Tensor:
        p = own["probability"]
        return x_log_y(x, array.log(p)) + x_log_y(1.0 - x, array.log1p(-p))

    def _cdf(self, x: Array, **own: Array) -> Array:
        return np.where(x < 0, 0.0, np.where(x < 1, 1.0 - own["probability"], 1.0))

    def _survival(self, x: Array, **own: Array) -> Array:
        return np.where(x < 0, 1.0, np.where(x < 1, own["probability"], 0.0))

    @property
    def mean(self) -> Tensor:
        """p."""
        return self.parameters["probability"]

    @property
    def variance(self) -> Tensor:
        """p(1 - p)."""
        return self.mean * (1.0 - self.mean)

    @property
    def mode(self) -> Array:
        """1 if p > ½, else 0."""
        return np.where(self.mean.value > 0.5, 1.0, 0.0)

    def entropy(self) -> Tensor:
        """-p ln p - (1 - p) ln(1 - p), 0 at p = 0 and 1."""
        p = self.parameters["probability"]
        return -(x_log_y(p, array.log(p)) + x_log_y(1.0 - p, array.log1p(-p)))

    def _kl_within(self, family: ExponentialFamily, other: Distribution) -> Tensor:
        return binary_kl(self.parameters["probability"], other.parameters["probability"])


def binary_kl(p: Tensor, q: Tensor) -> Tensor:
    """p ln(p/q) + (1 - p) ln((1 - p)/(1 - q)), without cancellation where p is near q."""
    return entropy_terms(p, q) + entropy_terms(1.0 - p, 1.0 - q)


class Binomial(Discrete):
    """The number of successes in n ``trials`` of ``probability`` p.

    P(k) = C(n, k) pᵏ (1 - p)ⁿ⁻ᵏ. Raises ArgumentError unless n is a whole number ≥ 0 and 0 ≤ p
    ≤ 1. Source of the log-density: Loader (2000), "Fast and accurate computation of binomial
    probabilities".
    """

    rules = {
        "trials": (
            "a whole number, 0 or more",
            lambda v: (v >= 0) & (v == np.floor(v)) & np.isfinite(v),
        ),
        "probability": PROBABILITY,
    }

    def __init__(self, trials: ArrayLike, probability: ArrayLike) -> None:
        super().__init__(trials=trials, probability=probability)

    @property
    def family(self) -> ExponentialFamily | None:
        """The binomial family of these trials, if they are one number above 0."""
        trials = self.parameters["trials"]
        if trials.shape != () or trials.item() < 1:
            return None
        return families_discrete.binomial(trials.item())

    def _high(self, **parameters: Any) -> Any:
        return parameters["trials"]

    def _log_density(self, x: Tensor, **own: Tensor) -> Tensor:
        n, p = own["trials"], own["probability"]
        rest = n - x
        ways = where((x == 0) | (rest == 0), 0.0, log_choose(n, x))
        plain = ways + x_log_y(x, array.log(p)) + x_log_y(rest, array.log1p(-p))
        large = (x >= 10) & (rest >= 10)
        k, m, total = where(large, x, 10.0), where(large, rest, 10.0), where(large, n, 20.0)
        away = -entropy_terms(k, total * p) - entropy_terms(m, total * (1.0 - p))
        saddle = (
            away
            + stirling_rest(total)
            - stirling_rest(k)
            - stirling_rest(m)
            + 0.5 * (array.log(total / (k * m)) - _LOG_2PI)
        )
        return where(large, saddle, plain)

    @property
    def support(self) -> Support:
        """0 … n."""
        n = float(self.parameters["trials"].value.max())
        return whole_numbers(0, n, f"whole numbers from 0 to {n:g}, the number of trials")

    def _cdf(self, x: Array, **own: Array) -> Array:
        from scipy import special

        n, p = own["trials"], own["probability"]
        k = self._whole(x, **own)
        inner = (k >= 0) & (k < n)
        safe = np.where(inner, k, 0.0)
        found = special.betaincc(safe + 1, np.where(inner, n - safe, 1.0), p)
        return np.where(k < 0, 0.0, np.where(k >= n, 1.0, found))

    def _survival(self, x: Array, **own: Array) -> Array:
        from scipy import special

        n, p = own["trials"], own["probability"]
        k = self._whole(x, **own)
        inner = (k >= 0) & (k < n)
        safe = np.where(inner, k, 0.0)
        found = special.betainc(safe + 1, np.where(inner, n - safe, 1.0), p)
        return np.where(k < 0, 1.0, np.where(k >= n, 0.0, found))

    def _log_cdf(self, x: Array, **own: Array) -> Array:
        n, p = own["trials"], own["probability"]
        k = self._whole(x, **own)
        inner = (k >= 0) & (k < n)
        safe = np.where(inner, k, 0.0)
        found = log_beta_lower(np.where(inner, n - safe, 1.0), safe + 1, 1.0 - p, p)
        return np.where(k < 0, -np.inf, np.where(k >= n, 0.0, found))

    def _log_survival(self, x: Array, **own: Array) -> Array:
        n, p = own["trials"], own["probability"]
        k = self._whole(x, **own)
        inner = (k >= 0) & (k < n)
        safe = np.where(inner, k, 0.0)
        found = log_beta_lower(safe + 1, np.where(inner, n - safe, 1.0), p)
        return np.where(k < 0, 0.0, np.where(k >= n, -np.inf, found))

    @property
    def mean(self) -> Tensor:
        """n p."""
        return self.parameters["trials"] * self.parameters["probability"]

    @property
    def variance(self) -> Tensor:
        """n p (1 - p)."""
        return self.mean * (1.0 - self.parameters["probability"])

    @property
    def mode(self) -> Array:
        """⌊(n + 1) p⌋, at most n."""
        n, p = self.parameters["trials"].value, self.parameters["probability"].value
        return np.minimum(np.floor((n + 1) * p), n)

    def entropy(self) -> Tensor:
        """From the family; 0 where the outcome is certain.

        From a variance v = n p (1 - p) of 10⁶ on ½ ln(2πe v) + (4p(1 - p) - 1)/(12 v), whose error
        is about 1/v², because the family's terms grow with n and cancel.
        """
        p = self.parameters["probability"]
        family = self.family
        if family is None:
            raise ArgumentError("Binomial.entropy: trials must be one number above 0")
        certain, large = (p == 0) | (p == 1), self.variance >= 1e6
        safe = where(certain | large, 0.5, p)
        inner = where(certain, 0.0, family.entropy(family.natural(probability=safe)))
        spread = where(large, self.variance, 1.0)
        away = (4.0 * p * (1.0 - p) - 1.0) / (12.0 * spread)
        return where(large, 0.5 * (_LOG_2PI + 1.0 + array.log(spread)) + away, inner)

    def _kl_within(self, family: ExponentialFamily, other: Distribution) -> Tensor:
        apart = binary_kl(self.parameters["probability"], other.parameters["probability"])
        return self.parameters["trials"] * apart


class Poisson(Discrete):
    """Counts with the ``rate`` λ: P(k) = λᵏ e^(-λ)/k!.

    Raises ArgumentError unless 0 ≤ λ < ∞. The log-density is Loader's (2000).
    """

    rules = {"rate": NOT_NEGATIVE}

    def __init__(self, rate: ArrayLike) -> None:
        super().__init__(rate=rate)

    @property
    def family(self) -> ExponentialFamily:
        """The Poisson family."""
        return families_discrete.poisson

    def _log_density(self, x: Tensor, **own: Tensor) -> Tensor:
        rate = own["rate"]
        plain = x_log_y(x, array.log(rate)) - rate - array.log_gamma(x + 1.0)
        large = x >= 10
        k = where(large, x, 10.0)
        saddle = -entropy_terms(k, rate) - stirling_rest(k) - 0.5 * (array.log(k) + _LOG_2PI)
        return where(large, saddle, plain)

    def _cdf(self, x: Array, **own: Array) -> Array:
        from scipy import special

        k = self._whole(x, **own)
        return np.where(k < 0, 0.0, special.gammaincc(np.maximum(k, 0) + 1, own["rate"]))

    def _survival(self, x: Array, **own: Array) -> Array:
        from scipy import special

        k = self._whole(x, **own)
        return np.where(k < 0, 1.0, special.gammainc(np.maximum(k, 0) + 1, own["rate"]))

    def _log_cdf(self, x: Array, **own: Array) -> Array:
        k = self._whole(x, **own)
        return np.where(k < 0, -np.inf, log_gamma_upper(np.maximum(k, 0) + 1, own["rate"]))

    def _log_survival(self, x: Array, **own: Array) -> Array:
        k = self._whole(x, **own)
        return np.where(k < 0, 0.0, log_gamma_lower(np.maximum(k, 0) + 1, own["rate"]))

    @property
    def mean(self) -> Tensor:
        """λ."""
        return self.parameters["rate"]

    @property
    def variance(self) -> Tensor:
        """λ."""
        return self.parameters["rate"]

    @property
    def mode(self) -> Array:
        """⌊λ⌋."""
        return np.floor(self.parameters["rate"].value)

    def entropy(self) -> Tensor:
        """From the family; 0 at λ = 0; from λ = 1000 on by the asymptotic series.

        ½ ln(2πe λ) - 1/(12λ) - 1/(24λ²) - 19/(360λ³) (Evans & Boersma 1988), because the family's
        terms grow with λ and cancel.
        """
        rate = self.parameters["rate"]
        large = rate >= 1000
        safe = where((rate == 0) | large, 1.0, rate)
        inner = where(rate == 0, 0.0, self.family.entropy(self.family.natural(rate=safe)))
        inverse = 1.0 / where(large, rate, 1.0)
        series = inverse * (1 / 12 + inverse * (1 / 24 + inverse * 19 / 360))
        return where(large, 0.5 * (_LOG_2PI + 1.0 - array.log(inverse)) - series, inner)

    def _kl_within(self, family: ExponentialFamily, other: Distribution) -> Tensor:
        return entropy_terms(self.parameters["rate"], other.parameters["rate"])
