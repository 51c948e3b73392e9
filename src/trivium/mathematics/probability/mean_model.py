"""Exponential dispersion models: the one-parameter families of generalised linear models.

p(y; μ, φ) = exp((y θ(μ) - b(θ(μ)))·w/φ + c(y, φ, w)): the mean is μ = b'(θ), the variance
V(μ) φ/w with V(μ) = b''(θ(μ)), and the deviance is twice the Bregman divergence of the
convex conjugate of b. Source: Jørgensen (1987), J. R. Statist. Soc. B 49; McCullagh & Nelder
(1989), *Generalized Linear Models*, 2nd ed., §2.2 and Table 2.1.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from trivium.engine import array
from trivium.engine.composites import where
from trivium.engine.tensor import Tensor

from . import links
from .links import Link
from .special import log1p_minus, log_choose, log_factorial, x_log_y

__all__ = [
    "BERNOULLI",
    "BINOMIAL",
    "GAMMA",
    "INVERSE_GAUSSIAN",
    "NORMAL",
    "POISSON",
    "MeanModel",
    "entropy_terms",
    "negative_binomial",
]

Array = np.ndarray[Any, Any]
Function = Callable[[Tensor], Tensor]
_LOG_2PI = math.log(2 * math.pi)


@dataclass(frozen=True, eq=False)
class MeanModel:
    """What a generalised linear model needs of a family, elementwise and differentiable.

    ``canonical_link``: the link that makes η proportional to θ. ``natural``: θ(μ).
    ``cumulant``: b(θ). ``variance``: V(μ). ``unit_deviance``: d(y, μ). ``log_density``: (y, μ,
    φ, w). ``dispersion``: φ where the family fixes it, else None. ``mean_domain``: the open
    interval of means. ``refuse``: what is wrong with responses, or None.
    """

    canonical_link: Link
    natural: Function
    cumulant: Function
    variance: Function
    unit_deviance: Callable[[Tensor, Tensor], Tensor]
    log_density: Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]
    dispersion: float | None
    mean_domain: tuple[float, float]
    refuse: Callable[[Array, Array | None], str | None]


def _first(bad: Array, values: Array) -> str:
    place = int(np.argmax(bad))
    return f"{values.flat[place]:g} at position {place} ({int(bad.sum())} such in all)"


def _refuse_outside(low: float, words: str, *, whole: bool = False, open_: bool = False) -> Any:
    def refuse(y: Array, weights: Array | None) -> str | None:
        flat = y.reshape(-1)
        bad = (flat <= low) if open_ else (flat < low)
        if whole:
            bad = bad | (flat != np.floor(flat))
        return f"{words}, not {_first(bad, flat)}" if bad.any() else None

    return refuse


def _refuse_proportion(y: Array, weights: Array | None) -> str | None:
    flat = y.reshape(-1)
    bad = (flat < 0) | (flat > 1)
    if bad.any():
        return f"proportions of successes lie between 0 and 1, not {_first(bad, flat)}"
    trials = (
        np.ones_like(flat) if weights is None else np.broadcast_to(weights, y.shape).ravel()
    )
    counts = flat * trials
    bad = np.abs(counts - np.rint(counts)) > 1e-6 * np.maximum(counts, 1.0)
    if bad.any():
        return (
            "proportion × trials must be a whole number of successes, not "
            f"{_first(bad, counts)}; give the numbers of trials as weights"
        )
    return None


def _refuse_binary(y: Array, weights: Array | None) -> str | None:
    flat = y.reshape(-1)
    bad = (flat != 0) & (flat != 1)
    return f"responses are 0 or 1, not {_first(bad, flat)}" if bad.any() else None


def _normal_density(y: Tensor, mean: Tensor, phi: Tensor, weight: Tensor) -> Tensor:
    return -0.5 * (_LOG_2PI + array.log(phi / weight) + weight * array.square(y - mean) / phi)


NORMAL = MeanModel(
    canonical_link=links.identity,
    natural=lambda m: m,
    cumulant=lambda t: 0.5 * t * t,
    variance=array.ones_like,
    unit_deviance=lambda y, m: array.square(y - m),
    log_density=_normal_density,
    dispersion=None,
    mean_domain=(-math.inf, math.inf),
    refuse=lambda y, weights: None,
)


def _bernoulli_log(y: Tensor, mean: Tensor) -> Tensor:
    """y ln μ + (1 - y) ln(1 - μ), in the form that the engine makes stable for logits."""
    return x_log_y(y, array.log(mean)) + x_log_y(1.0 - y, array.log1p(-mean))


def entropy_terms(y: Tensor, mean: Tensor) -> Tensor:
    """y ln(y/μ) - (y - μ), exact also where μ is near y: y·(r - ln(1 + r)), r = (μ - y)/y."""
    positive = y > 0
    safe = where(positive, y, 1.0)
    return where(positive, -safe * log1p_minus((mean - safe) / safe), mean)


def _bernoulli_deviance(y: Tensor, mean: Tensor) -> Tensor:
    return 2.0 * (entropy_terms(y, mean) + entropy_terms(1.0 - y, 1.0 - mean))


def _binomial_density(y: Tensor, mean: Tensor, phi: Tensor, weight: Tensor) -> Tensor:
    ways = log_choose(weight / phi, y * weight / phi)
    return ways + weight / phi * _bernoulli_log(y, mean)


BERNOULLI = MeanModel(
    canonical_link=links.logit,
    natural=links.logit.function,
    cumulant=array.softplus,
    variance=lambda m: m * (1.0 - m),
    unit_deviance=_bernoulli_deviance,
    log_density=lambda y, m, phi, weight: weight / phi * _bernoulli_log(y, m),
    dispersion=1.0,
    mean_domain=(0.0, 1.0),
    refuse=_refuse_binary,
)

BINOMIAL = MeanModel(
    canonical_link=links.logit,
    natural=links.logit.function,
    cumulant=array.softplus,
    variance=lambda m: m * (1.0 - m),
    unit_deviance=_bernoulli_deviance,
    log_density=_binomial_density,
    dispersion=1.0,
    mean_domain=(0.0, 1.0),
    refuse=_refuse_proportion,
)


def _poisson_density(y: Tensor, mean: Tensor, phi: Tensor, weight: Tensor) -> Tensor:
    return weight / phi * (x_log_y(y, array.log(mean)) - mean - log_factorial(y))


POISSON = MeanModel(
    canonical_link=links.log,
    natural=array.log,
    cumulant=array.exp,
    variance=lambda m: m,
    unit_deviance=lambda y, m: 2.0 * entropy_terms(y, m),
    log_density=_poisson_density,
    dispersion=1.0,
    mean_domain=(0.0, math.inf),
    refuse=_refuse_outside(0, "counts are whole numbers, 0 or more", whole=True),
)


def _gamma_density(y: Tensor, mean: Tensor, phi: Tensor, weight: Tensor) -> Tensor:
    shape = weight / phi
    ratio = y / mean
    return shape * (array.log(shape) + array.log(ratio) - ratio) - (
        array.log(y) + array.log_gamma(shape)
    )


GAMMA = MeanModel(
    canonical_link=links.inverse,
    natural=lambda m: -1.0 / m,
    cumulant=lambda t: -array.log(-t),
    variance=array.square,
    # (y - μ)/μ - ln(y/μ)
    unit_deviance=lambda y, m: -2.0 * log1p_minus((y - m) / m),
    log_density=_gamma_density,
    dispersion=None,
    mean_domain=(0.0, math.inf),
    refuse=_refuse_outside(0, "responses must be positive", open_=True),
)


def _inverse_gaussian_deviance(y: Tensor, mean: Tensor) -> Tensor:
    return array.square((y - mean) / mean) / y


def _inverse_gaussian_density(y: Tensor, mean: Tensor, phi: Tensor, weight: Tensor) -> Tensor:
    deviance = weight / phi * _inverse_gaussian_deviance(y, mean)
    return -0.5 * (deviance + _LOG_2PI + array.log(phi / weight) + 3.0 * array.log(y))


INVERSE_GAUSSIAN = MeanModel(
    canonical_link=links.inverse_squared,
    natural=lambda m: -0.5 / (m * m),
    cumulant=lambda t: -array.sqrt(-2.0 * t),
    variance=lambda m: m * m * m,
    unit_deviance=_inverse_gaussian_deviance,
    log_density=_inverse_gaussian_density,
    dispersion=None,
    mean_domain=(0.0, math.inf),
    refuse=_refuse_outside(0, "responses must be positive", open_=True),
)


def negative_binomial(size: float) -> MeanModel:
    """The negative binomial with known size r: V(μ) = μ + μ²/r."""
    r = float(size)

    def log_kernel(y: Tensor, mean: Tensor) -> Tensor:
        return x_log_y(y, array.log(mean) - array.log(mean + r)) - r * array.log1p(mean / r)

    def density(y: Tensor, mean: Tensor, phi: Tensor, weight: Tensor) -> Tensor:
        # C(y + r - 1, y), through the beta function
        ways = where(y > 0, log_choose(y + (r - 1.0), y), 0.0)
        return weight / phi * (log_kernel(y, mean) + ways)

    def deviance(y: Tensor, mean: Tensor) -> Tensor:
        # y ln(y/μ) - (y + r) ln((y + r)/(μ + r)), each as y·(-log1p_minus) so that they agree
        return 2.0 * (entropy_terms(y, mean) - entropy_terms(y + r, mean + r))

    return MeanModel(
        canonical_link=links.negative_binomial(r),
        natural=lambda m: array.log(m) - array.log(m + r),
        cumulant=lambda t: -r * array.log(-array.expm1(t)),
        variance=lambda m: m + m * m / r,
        unit_deviance=deviance,
        log_density=density,
        dispersion=1.0,
        mean_domain=(0.0, math.inf),
        refuse=_refuse_outside(0, "counts are whole numbers, 0 or more", whole=True),
    )
