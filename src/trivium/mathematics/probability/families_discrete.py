"""The discrete families of one variable, one definition each."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from trivium.engine import array
from trivium.engine.errors import ArgumentError
from trivium.engine.tensor import Tensor

from . import mean_model
from .conjugate_forms import (
    BETA_BERNOULLI,
    BETA_GEOMETRIC,
    GAMMA_POISSON,
    beta_binomial,
    beta_negative_binomial,
)
from .expected import expected_log_gamma
from .exponential_family import ExponentialFamily
from .family_parts import COUNTS, maker, number, one, zero
from .special import log_beta, log_choose, log_factorial, log_hurwitz_zeta
from .support import whole_numbers

__all__ = [
    "bernoulli",
    "binomial",
    "discrete_power_law",
    "geometric",
    "negative_binomial",
    "poisson",
]

Array = np.ndarray[Any, Any]


bernoulli = ExponentialFamily(
    name="bernoulli",
    parameters=("probability",),
    statistics=("x",),
    statistic=one,
    log_partition=lambda eta: array.softplus(eta[..., 0]),
    log_base=zero,
    natural=lambda probability: one(array.log(probability) - array.log1p(-probability)),
    usual=lambda eta: {"probability": array.sigmoid(eta[..., 0])},
    support=whole_numbers(0, 1, "0 or 1"),
    inside=lambda eta: np.isfinite(eta[..., 0]),
    make=maker("Bernoulli"),
    usual_from_mean=lambda m: {"probability": m[..., 0]},
    mean_model=mean_model.BERNOULLI,
    conjugate=BETA_BERNOULLI,
)


def binomial(trials: int = 1) -> ExponentialFamily:
    """The numbers of successes in ``trials`` trials; the probability is the parameter.

    As a GLM the response is the *proportion* of successes and the weights are the trials.
    """
    n = number("binomial", "number of trials", trials)
    if n != math.floor(n):
        raise ArgumentError(f"the binomial family: trials must be a whole number, not {trials}")

    def expected(eta: Tensor) -> Tensor:
        p = array.sigmoid(eta[..., 0])

        def fall(q: Tensor) -> Callable[[Tensor], Tensor]:
            return lambda t: n * array.log1p(q * array.expm1(-t))

        return math.lgamma(n + 1) - (
            expected_log_gamma(1.0, n * p, fall(p))
            + expected_log_gamma(1.0, n * (1.0 - p), fall(1.0 - p))
        )

    return ExponentialFamily(
        name="binomial",
        parameters=("probability",),
        statistics=("x",),
        statistic=one,
        log_partition=lambda eta: n * array.softplus(eta[..., 0]),
        log_base=lambda x: log_choose(n, x),
        natural=lambda probability: one(array.log(probability) - array.log1p(-probability)),
        usual=lambda eta: {"probability": array.sigmoid(eta[..., 0])},
        support=whole_numbers(0, n, f"whole numbers from 0 to {n:g}, the number of trials"),
        inside=lambda eta: np.isfinite(eta[..., 0]),
        make=maker("Binomial"),
        usual_from_mean=lambda m: {"probability": m[..., 0] / n},
        expected_log_base=expected,
        fixed={"trials": int(n)},
        mean_model=mean_model.BINOMIAL,
        conjugate=beta_binomial(n),
    )


poisson = ExponentialFamily(
    name="poisson",
    parameters=("rate",),
    statistics=("x",),
    statistic=one,
    log_partition=lambda eta: array.exp(eta[..., 0]),
    log_base=lambda x: -log_factorial(x),
    natural=lambda rate: one(array.log(rate)),
    usual=lambda eta: {"rate": array.exp(eta[..., 0])},
    support=COUNTS,
    inside=lambda eta: np.isfinite(eta[..., 0]),
    make=maker("Poisson"),
    usual_from_mean=lambda m: {"rate": m[..., 0]},
    expected_log_base=lambda eta: (
        -expected_log_gamma(
            1.0,
            array.exp(eta[..., 0]),
            lambda t: array.exp(eta[..., 0]) * array.expm1(-t),
        )
    ),
    mean_model=mean_model.POISSON,
    conjugate=GAMMA_POISSON,
)


def negative_binomial(size: float = 1.0) -> ExponentialFamily:
    """The failures before success number r = ``size``, which is known and may be a fraction."""
    r = number("negative_binomial", "size", size)

    def expected(eta: Tensor) -> Tensor:
        log_q = eta[..., 0]
        mean = r / array.expm1(-log_q)

        def fall(t: Tensor) -> Tensor:
            ratio = array.log(-array.expm1(log_q)) - array.log(-array.expm1(log_q - t))
            return r * ratio

        return (
            expected_log_gamma(r, mean, fall)
            - expected_log_gamma(1.0, mean, fall)
            - math.lgamma(r)
        )

    return ExponentialFamily(
        name="negative_binomial",
        parameters=("probability",),
        statistics=("x",),
        statistic=one,
        log_partition=lambda eta: -r * array.log(-array.expm1(eta[..., 0])),
        log_base=lambda x: -array.log(x + r) - log_beta(array.ones_like(x) * r, x + 1.0),
        natural=lambda probability: one(array.log1p(-probability)),
        usual=lambda eta: {"probability": -array.expm1(eta[..., 0])},
        support=COUNTS,
        inside=lambda eta: np.isfinite(eta[..., 0]) & (eta[..., 0] < 0),
        make=maker("NegativeBinomial"),
        usual_from_mean=lambda m: {"probability": r / (r + m[..., 0])},
        expected_log_base=expected,
        fixed={"size": r},
        mean_model=mean_model.negative_binomial(r),
        conjugate=beta_negative_binomial(r),
    )


geometric = ExponentialFamily(
    name="geometric",
    parameters=("probability",),
    statistics=("x",),
    statistic=one,
    log_partition=lambda eta: -array.log(-array.expm1(eta[..., 0])),
    log_base=zero,
    natural=lambda probability: one(array.log1p(-probability)),
    usual=lambda eta: {"probability": -array.expm1(eta[..., 0])},
    support=COUNTS,
    inside=lambda eta: np.isfinite(eta[..., 0]) & (eta[..., 0] < 0),
    make=maker("Geometric"),
    usual_from_mean=lambda m: {"probability": 1.0 / (1.0 + m[..., 0])},
    mean_model=mean_model.negative_binomial(1.0),
    conjugate=BETA_GEOMETRIC,
)


def discrete_power_law(minimum: int = 1) -> ExponentialFamily:
    """The zeta family p(x) = x⁻ᵅ/ζ(α, m) on the whole numbers x ≥ m = ``minimum``.

    Source: Clauset, Shalizi & Newman (2009), SIAM Review 51, eq. 2.4.
    """
    m = number("discrete_power_law", "minimum", minimum)
    if m != math.floor(m):
        raise ArgumentError(f"a discrete power law starts at a whole number, not {minimum}")

    def start(mean: Array) -> Array:
        return -(1.0 + 1.0 / np.maximum(mean + math.log(m / (m - 0.5)), 1e-300))

    def refuse(x: Array, weights: Array) -> str | None:
        if (x[weights > 0] == m).all():
            return f"every observation is the minimum {m:g}, so the likelihood grows with α"
        return None

    # t = ln(x/m) and h = 1 keep A near 0 for large m: A(η) = ln Σ (1 + k/m)^η.
    return ExponentialFamily(
        name="discrete_power_law",
        parameters=("exponent",),
        statistics=("ln(x/minimum)",),
        statistic=lambda x: one(array.log(x / m)),
        log_partition=lambda eta: log_hurwitz_zeta(-eta[..., 0], m) - eta[..., 0] * math.log(m),
        log_base=zero,
        natural=lambda exponent: one(-exponent),
        usual=lambda eta: {"exponent": -eta[..., 0]},
        support=whole_numbers(m, math.inf, f"whole numbers from {m:g} on"),
        inside=lambda eta: np.isfinite(eta[..., 0]) & (eta[..., 0] < -1),
        make=maker("DiscretePowerLaw"),
        start=start,
        no_estimate=refuse,
        fixed={"minimum": int(m)},
    )
