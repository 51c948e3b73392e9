"""The continuous families of one variable, one definition each."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from trivium.engine import array
from trivium.engine.composites import where
from trivium.engine.tensor import Tensor

from . import mean_model
from .conjugate_forms import (
    GAMMA_EXPONENTIAL,
    GAMMA_POWER_LAW,
    NORMAL_INVERSE_GAMMA,
    gamma_gamma,
    normal_normal,
)
from .expected import scaled_exponential_integral
from .exponential_family import ExponentialFamily
from .family_parts import (
    POSITIVE,
    REAL,
    UNIT,
    average,
    columns,
    maker,
    number,
    one,
    spread_needed,
    zero,
)
from .support import interval

__all__ = [
    "beta",
    "exponential",
    "gamma",
    "gamma_known_shape",
    "inverse_gaussian",
    "normal",
    "normal_known_variance",
    "power_law",
]

Array = np.ndarray[Any, Any]


def _normal_partition(eta: Tensor) -> Tensor:
    first, second = eta[..., 0], eta[..., 1]
    return 0.5 * (math.log(2 * math.pi) - array.log(-2.0 * second)) - first * first / (
        4.0 * second
    )


def _normal_estimate(x: Array, weights: Array) -> dict[str, Any]:
    mean = average(x, weights)
    largest = float(np.abs(x - mean).max())  # so that no square overflows or vanishes
    return {
        "mean": mean,
        "sd": largest * math.sqrt(average(((x - mean) / largest) ** 2, weights)),
    }


normal = ExponentialFamily(
    name="normal",
    parameters=("mean", "sd"),
    statistics=("x", "x²"),
    statistic=lambda x: columns(x, x * x),
    log_partition=_normal_partition,
    log_base=zero,
    natural=lambda mean, sd: columns(mean / (sd * sd), -0.5 / (sd * sd)),
    usual=lambda eta: {
        "mean": -0.5 * eta[..., 0] / eta[..., 1],
        "sd": array.sqrt(-0.5 / eta[..., 1]),
    },
    support=REAL,
    inside=lambda eta: np.isfinite(eta).all(axis=-1) & (eta[..., 1] < 0),
    make=maker("Normal"),
    usual_from_mean=lambda m: {
        "mean": m[..., 0],
        "sd": array.sqrt(m[..., 1] - array.square(m[..., 0])),
    },
    closed_form=_normal_estimate,
    representative=lambda own: {"mean": np.zeros_like(own["mean"]), "sd": own["sd"]},
    no_estimate=spread_needed("the standard deviation goes to 0"),
    mean_model=mean_model.NORMAL,
    conjugate=NORMAL_INVERSE_GAMMA,
)


def normal_known_variance(sd: float = 1.0) -> ExponentialFamily:
    """The normal distributions with a known standard deviation."""
    sigma = number("normal_known_variance", "standard deviation sd", sd)
    variance = sigma * sigma
    return ExponentialFamily(
        name="normal_known_variance",
        parameters=("mean",),
        statistics=("x",),
        statistic=one,
        log_partition=lambda eta: 0.5 * variance * array.square(eta[..., 0]),
        log_base=lambda x: -0.5 * (array.square(x / sigma) + math.log(2 * math.pi * variance)),
        natural=lambda mean: one(mean / variance),
        usual=lambda eta: {"mean": variance * eta[..., 0]},
        support=REAL,
        inside=lambda eta: np.isfinite(eta[..., 0]),
        make=maker("Normal"),
        usual_from_mean=lambda m: {"mean": m[..., 0]},
        expected_log_base=lambda eta: (
            -0.5
            * (1.0 + variance * array.square(eta[..., 0]) + math.log(2 * math.pi * variance))
        ),
        fixed={"sd": sigma},
        mean_model=mean_model.NORMAL,
        conjugate=normal_normal(variance),
    )


exponential = ExponentialFamily(
    name="exponential",
    parameters=("rate",),
    statistics=("x",),
    statistic=one,
    log_partition=lambda eta: -array.log(-eta[..., 0]),
    log_base=zero,
    natural=lambda rate: one(-rate),
    usual=lambda eta: {"rate": -eta[..., 0]},
    support=interval(0.0, math.inf, "numbers, 0 or more", closed=True),
    inside=lambda eta: np.isfinite(eta[..., 0]) & (eta[..., 0] < 0),
    make=maker("Exponential"),
    usual_from_mean=lambda m: {"rate": 1.0 / m[..., 0]},
    no_estimate=lambda x, weights: (
        "every observation is 0, so the likelihood grows without bound with the rate"
        if not (x[weights > 0] > 0).any()
        else None
    ),
    mean_model=mean_model.GAMMA,
    conjugate=GAMMA_EXPONENTIAL,
)


def _gamma_start(mean: Array) -> Array:
    """Minka (2002), "Estimating a Gamma distribution": a ≈ (3 - s + √((s-3)² + 24 s))/(12 s)."""
    s = max(math.log(mean[1]) - mean[0], 1e-15)
    shape = (3 - s + math.sqrt((s - 3) ** 2 + 24 * s)) / (12 * s)
    return np.array([shape - 1, -shape / mean[1]])


gamma = ExponentialFamily(
    name="gamma",
    parameters=("shape", "rate"),
    statistics=("ln x", "x"),
    statistic=lambda x: columns(array.log(x), x),
    log_partition=lambda eta: (
        array.log_gamma(eta[..., 0] + 1.0) - (eta[..., 0] + 1.0) * array.log(-eta[..., 1])
    ),
    log_base=zero,
    natural=lambda shape, rate: columns(shape - 1.0, -rate),
    usual=lambda eta: {"shape": eta[..., 0] + 1.0, "rate": -eta[..., 1]},
    support=POSITIVE,
    inside=lambda eta: np.isfinite(eta).all(axis=-1) & (eta[..., 0] > -1) & (eta[..., 1] < 0),
    make=maker("Gamma"),
    start=_gamma_start,
    no_estimate=spread_needed("the shape goes to infinity"),
    mean_model=mean_model.GAMMA,
)


def gamma_known_shape(shape: float = 1.0) -> ExponentialFamily:
    """The gamma distributions with a known shape a: sums of a waiting times, if a is whole."""
    a = number("gamma_known_shape", "shape", shape)
    return ExponentialFamily(
        name="gamma_known_shape",
        parameters=("rate",),
        statistics=("x",),
        statistic=one,
        log_partition=lambda eta: -a * array.log(-eta[..., 0]),
        log_base=lambda x: (a - 1.0) * array.log(x) - math.lgamma(a),
        natural=lambda rate: one(-rate),
        usual=lambda eta: {"rate": -eta[..., 0]},
        support=POSITIVE,
        inside=lambda eta: np.isfinite(eta[..., 0]) & (eta[..., 0] < 0),
        make=maker("Gamma"),
        usual_from_mean=lambda m: {"rate": a / m[..., 0]},
        # E ln X = ψ(a) - ln r
        expected_log_base=lambda eta: (
            (a - 1.0)
            * (array.digamma(array.zeros_like(eta[..., 0]) + a) - array.log(-eta[..., 0]))
            - math.lgamma(a)
        ),
        fixed={"shape": a},
        mean_model=mean_model.GAMMA,
        conjugate=gamma_gamma(a),
    )


def _inverse_gaussian_estimate(x: Array, weights: Array) -> dict[str, Any]:
    mean = average(x, weights)
    return {"mean": mean, "shape": 1.0 / average((x / mean - 1.0) ** 2 / x, weights)}


def _inverse_gaussian_base(eta: Tensor) -> Tensor:
    """E ln X = ln μ - eᶻ E₁(z), z = 2λ/μ, in the base measure (2π x³)^(-½)."""
    shape = -2.0 * eta[..., 1]
    mean = array.sqrt(eta[..., 1] / eta[..., 0])
    log_mean = array.log(mean) - scaled_exponential_integral(2.0 * shape / mean)
    return -0.5 * math.log(2 * math.pi) - 1.5 * log_mean


inverse_gaussian = ExponentialFamily(
    name="inverse_gaussian",
    parameters=("mean", "shape"),
    statistics=("x", "1/x"),
    statistic=lambda x: columns(x, 1.0 / x),
    log_partition=lambda eta: (
        -2.0 * array.sqrt(eta[..., 0] * eta[..., 1]) - 0.5 * array.log(-2.0 * eta[..., 1])
    ),
    log_base=lambda x: -0.5 * (math.log(2 * math.pi) + 3.0 * array.log(x)),
    natural=lambda mean, shape: columns(-0.5 * shape / (mean * mean), -0.5 * shape),
    usual=lambda eta: {
        "mean": array.sqrt(eta[..., 1] / eta[..., 0]),
        "shape": -2.0 * eta[..., 1],
    },
    support=POSITIVE,
    inside=lambda eta: np.isfinite(eta).all(axis=-1) & (eta < 0).all(axis=-1),
    make=maker("InverseGaussian"),
    usual_from_mean=lambda m: {
        "mean": m[..., 0],
        "shape": 1.0 / (m[..., 1] - 1.0 / m[..., 0]),
    },
    closed_form=_inverse_gaussian_estimate,
    expected_log_base=_inverse_gaussian_base,
    no_estimate=spread_needed("the shape goes to infinity"),
    mean_model=mean_model.INVERSE_GAUSSIAN,
)


def _beta_start(mean: Array) -> Array:
    """The moments of the geometric means: Johnson, Kotz & Balakrishnan (1995), §25.4."""
    first, second = np.exp(mean)
    rest = max(1.0 - first - second, 1e-12)
    return np.array([0.5 + first / (2 * rest), 0.5 + second / (2 * rest)]) - 1.0


def _beta_partition(eta: Tensor) -> Tensor:
    """ln B(α, β), plainly: its derivatives, digamma functions, are short and do not cancel."""
    alpha, beta = eta[..., 0] + 1.0, eta[..., 1] + 1.0
    return array.log_gamma(alpha) + array.log_gamma(beta) - array.log_gamma(alpha + beta)


beta = ExponentialFamily(
    name="beta",
    parameters=("alpha", "beta"),
    statistics=("ln x", "ln(1 - x)"),
    statistic=lambda x: columns(array.log(x), array.log1p(-x)),
    log_partition=_beta_partition,
    log_base=zero,
    natural=lambda alpha, beta: columns(alpha - 1.0, beta - 1.0),
    usual=lambda eta: {"alpha": eta[..., 0] + 1.0, "beta": eta[..., 1] + 1.0},
    support=UNIT,
    inside=lambda eta: np.isfinite(eta).all(axis=-1) & (eta > -1).all(axis=-1),
    make=maker("Beta"),
    start=_beta_start,
    no_estimate=spread_needed("the density concentrates there"),
)


def power_law(minimum: float = 1.0) -> ExponentialFamily:
    """The power law p(x) = (α - 1)/m · (x/m)⁻ᵅ on x ≥ m = ``minimum`` (Pareto's law).

    Source: Clauset, Shalizi & Newman (2009), SIAM Review 51, eq. 2.2 and 3.1.
    """
    m = number("power_law", "minimum", minimum)

    def refuse(x: Array, weights: Array) -> str | None:
        if (x[weights > 0] == m).all():
            return f"every observation is the minimum {m:g}, so the likelihood grows with α"
        return None

    return ExponentialFamily(
        name="power_law",
        parameters=("exponent",),
        statistics=("ln(x/minimum)",),
        statistic=lambda x: one(array.log(x / m)),
        log_partition=lambda eta: -array.log(-1.0 - eta[..., 0]),
        log_base=lambda x: where(x >= m, -math.log(m), -math.inf),
        natural=lambda exponent: one(-exponent),
        usual=lambda eta: {"exponent": -eta[..., 0]},
        support=interval(m, math.inf, f"numbers from {m:g} on", closed=True),
        inside=lambda eta: np.isfinite(eta[..., 0]) & (eta[..., 0] < -1),
        make=maker("PowerLaw"),
        usual_from_mean=lambda m: {"exponent": 1.0 + 1.0 / m[..., 0]},
        expected_log_base=lambda eta: array.zeros_like(eta[..., 0]) - math.log(m),
        no_estimate=refuse,
        fixed={"minimum": m},
        conjugate=GAMMA_POWER_LAW,
    )
