"""Conjugate priors of the families: p(η) ∝ exp(⟨η, χ⟩ - ν A(η)) with its normaliser.

The posterior after observations x_i is the same with χ + Σ t(x_i) and ν + n; the predictive
density of x is h(x) exp(Z(χ + t(x), ν + 1) - Z(χ, ν)), where Z = ln ∫ exp(⟨η, χ⟩ - ν A(η)) dη.
Source: Diaconis & Ylvisaker (1979), Ann. Statist. 7, 269; Bernardo & Smith (1994), *Bayesian
Theory*, §5.2.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from trivium.engine import array
from trivium.engine.tensor import Tensor

from .special import log_beta

__all__ = [
    "BETA_BERNOULLI",
    "BETA_GEOMETRIC",
    "GAMMA_EXPONENTIAL",
    "GAMMA_POISSON",
    "GAMMA_POWER_LAW",
    "NORMAL_INVERSE_GAMMA",
    "Conjugate",
    "Hyper",
    "beta_binomial",
    "beta_negative_binomial",
    "dirichlet_categorical",
    "gamma_gamma",
    "normal_normal",
]

Array = np.ndarray[Any, Any]
Hyper = tuple[Array, Array]


@dataclass(frozen=True, eq=False)
class Conjugate:
    """The conjugate prior of a family.

    ``prior``: the class of the named distribution. ``variable``: what it is a distribution of.
    ``log_normalizer``: Z(χ, ν), (…, d), (…, c) → (…); ν has one count per part of A that may
    be counted apart (two for the mean and variance of a normal). ``hyper``: named prior → (χ,
    ν). ``named``: (χ, ν) → named distribution. ``usual``: a value of the variable → the usual
    parameters. ``reference``: (χ, ν) of the prior used when none is given, and ``reference_name``
    what it is called; ``proper``: whether it can be normalised. ``predictive``: the named
    predictive, where it has a name. ``draw``: (values of the variable, key) → observations,
    where the family's distributions have no batches. ``update``:
    (named prior or None, data, weights) → posterior, where χ would lose digits.
    """

    prior: str
    variable: str
    log_normalizer: Callable[[Tensor, Tensor], Tensor]
    hyper: Callable[[Any], Hyper]
    named: Callable[[Array, Array], Any]
    usual: Callable[[Any], dict[str, Any]]
    reference: Hyper
    reference_name: str
    proper: bool = False
    predictive: Callable[[Any], Any] | None = None
    draw: Callable[[Any, Tensor], Array] | None = None
    update: Callable[[Any, Array, Array], Any] | None = None


def _hyper(chi: Any, *counts: Any) -> Hyper:
    return np.atleast_1d(np.asarray(chi, float)), np.asarray(counts, dtype=float)


def _of(distribution: Any, *names: str) -> list[float]:
    return [float(distribution.parameters[name].value) for name in names]


def _beta(a: float, b: float) -> Any:
    from .positive import Beta

    return Beta(alpha=float(a), beta=float(b))


def _gamma(shape: float, rate: float) -> Any:
    from .positive import Gamma

    return Gamma(shape=float(shape), rate=float(rate))


def _beta_hyper(prior: Any) -> Hyper:
    a, b = _of(prior, "alpha", "beta")
    return _hyper(a, a + b)


def _bernoulli_predictive(prior: Any) -> Any:
    from .discrete import Bernoulli

    return Bernoulli(probability=float(prior.mean.value))


BETA_BERNOULLI = Conjugate(
    prior="Beta",
    variable="probability",
    log_normalizer=lambda chi, nu: log_beta(chi[..., 0], nu[..., 0] - chi[..., 0]),
    hyper=_beta_hyper,
    named=lambda chi, nu: _beta(chi[0], nu[0] - chi[0]),
    usual=lambda p: {"probability": p},
    reference=_hyper(0.5, 1.0),
    reference_name="Jeffreys' prior Beta(½, ½)",
    proper=True,
    predictive=_bernoulli_predictive,
)


def beta_binomial(n: float) -> Conjugate:
    """Beta prior of a binomial's probability: A = n ln(1 + eᵑ), so ν counts experiments."""

    def hyper(prior: Any) -> Hyper:
        a, b = _of(prior, "alpha", "beta")
        return _hyper(a, (a + b) / n)

    return Conjugate(
        prior="Beta",
        variable="probability",
        log_normalizer=lambda chi, nu: log_beta(chi[..., 0], n * nu[..., 0] - chi[..., 0]),
        hyper=hyper,
        named=lambda chi, nu: _beta(chi[0], n * nu[0] - chi[0]),
        usual=lambda p: {"probability": p},
        reference=_hyper(0.5, 1.0 / n),
        reference_name="Jeffreys' prior Beta(½, ½)",
        proper=True,
    )


def beta_negative_binomial(r: float) -> Conjugate:
    """Beta prior of the success probability: p ~ Beta(r ν + 1, χ)."""

    def hyper(prior: Any) -> Hyper:
        a, b = _of(prior, "alpha", "beta")
        return _hyper(b, (a - 1.0) / r)

    return Conjugate(
        prior="Beta",
        variable="probability",
        log_normalizer=lambda chi, nu: log_beta(chi[..., 0], r * nu[..., 0] + 1.0),
        hyper=hyper,
        named=lambda chi, nu: _beta(r * nu[0] + 1.0, chi[0]),
        usual=lambda p: {"probability": p},
        # Jeffreys: p⁻¹ (1 - p)^(-½), which is improper.
        reference=_hyper(0.5, -1.0 / r),
        reference_name="Jeffreys' prior ∝ 1/(p √(1 - p))",
    )


BETA_GEOMETRIC = beta_negative_binomial(1.0)


def _gamma_hyper(prior: Any) -> Hyper:
    shape, rate = _of(prior, "shape", "rate")
    return _hyper(shape, rate)


def _poisson_predictive(prior: Any) -> Any:
    from .waiting import NegativeBinomial

    shape, rate = _of(prior, "shape", "rate")
    return NegativeBinomial(size=shape, probability=rate / (rate + 1.0))


GAMMA_POISSON = Conjugate(
    prior="Gamma",
    variable="rate",
    log_normalizer=lambda chi, nu: (
        array.log_gamma(chi[..., 0]) - chi[..., 0] * array.log(nu[..., 0])
    ),
    hyper=_gamma_hyper,
    named=lambda chi, nu: _gamma(chi[0], nu[0]),
    usual=lambda rate: {"rate": rate},
    reference=_hyper(0.5, 0.0),
    reference_name="Jeffreys' prior ∝ 1/√λ",
    predictive=_poisson_predictive,
)


def _reversed_gamma_hyper(prior: Any) -> Hyper:
    shape, rate = _of(prior, "shape", "rate")
    return _hyper(rate, shape - 1.0)


def _reversed_gamma_normalizer(chi: Tensor, nu: Tensor) -> Tensor:
    shape = nu[..., 0] + 1.0
    return array.log_gamma(shape) - shape * array.log(chi[..., 0])


GAMMA_EXPONENTIAL = Conjugate(
    prior="Gamma",
    variable="rate",
    log_normalizer=_reversed_gamma_normalizer,
    hyper=_reversed_gamma_hyper,
    named=lambda chi, nu: _gamma(nu[0] + 1.0, chi[0]),
    usual=lambda rate: {"rate": rate},
    reference=_hyper(0.0, -1.0),
    reference_name="Jeffreys' prior ∝ 1/λ",
)


def gamma_gamma(shape: float) -> Conjugate:
    """Gamma prior of a gamma's rate when its shape a is known: r ~ Gamma(a ν + 1, χ)."""

    def hyper(prior: Any) -> Hyper:
        own, rate = _of(prior, "shape", "rate")
        return _hyper(rate, (own - 1.0) / shape)

    def log_normalizer(chi: Tensor, nu: Tensor) -> Tensor:
        own = shape * nu[..., 0] + 1.0
        return array.log_gamma(own) - own * array.log(chi[..., 0])

    return Conjugate(
        prior="Gamma",
        variable="rate",
        log_normalizer=log_normalizer,
        hyper=hyper,
        named=lambda chi, nu: _gamma(shape * nu[0] + 1.0, chi[0]),
        usual=lambda rate: {"rate": rate},
        reference=_hyper(0.0, -1.0 / shape),
        reference_name="Jeffreys' prior ∝ 1/λ",
    )


# With β = α - 1 the power law is an exponential distribution of ln(x/m) with rate β.
GAMMA_POWER_LAW = Conjugate(
    prior="Gamma",
    variable="exponent - 1",
    log_normalizer=lambda chi, nu: _reversed_gamma_normalizer(chi, nu) - chi[..., 0],
    hyper=_reversed_gamma_hyper,
    named=lambda chi, nu: _gamma(nu[0] + 1.0, chi[0]),
    usual=lambda beta: {"exponent": beta + 1.0},
    reference=_hyper(0.0, -1.0),
    reference_name="Jeffreys' prior ∝ 1/(α - 1)",
)


def normal_normal(variance: float) -> Conjugate:
    """Normal prior of a normal's mean when its variance is known."""

    def normal(mean: float, of: float) -> Any:
        from .continuous import Normal

        return Normal(mean=float(mean), sd=math.sqrt(of))

    def hyper(prior: Any) -> Hyper:
        mean, sd = _of(prior, "mean", "sd")
        return _hyper(mean * variance / sd**2, variance / sd**2)

    def predictive(prior: Any) -> Any:
        mean, sd = _of(prior, "mean", "sd")
        return normal(mean, variance + sd**2)

    def log_normalizer(chi: Tensor, nu: Tensor) -> Tensor:
        precision = nu[..., 0] * variance
        square = array.square(chi[..., 0]) / precision
        return 0.5 * (math.log(2 * math.pi) - array.log(precision) + square)

    return Conjugate(
        prior="Normal",
        variable="mean",
        log_normalizer=log_normalizer,
        hyper=hyper,
        named=lambda chi, nu: normal(chi[0] / nu[0], variance / nu[0]),
        usual=lambda mean: {"mean": mean},
        reference=_hyper(0.0, 0.0),
        reference_name="the flat prior",
        predictive=predictive,
    )


def _nig(mean: float, strength: float, shape: float, rate: float) -> Any:
    from .normal_priors import NormalInverseGamma

    return NormalInverseGamma(mean=mean, strength=strength, shape=shape, rate=rate)


def _nig_hyper(prior: Any) -> Hyper:
    m, kappa, a, b = _of(prior, "mean", "strength", "shape", "rate")
    return _hyper([kappa * m, 2 * b + kappa * m * m], kappa, 2 * a - 3)


def _nig_named(chi: Array, nu: Array) -> Any:
    m = chi[0] / nu[0]
    return _nig(m, nu[0], (nu[1] + 3) / 2, (chi[1] - nu[0] * m * m) / 2)


def _nig_normalizer(chi: Tensor, nu: Tensor) -> Tensor:
    kappa, a = nu[..., 0], 0.5 * (nu[..., 1] + 3.0)
    b = 0.5 * (chi[..., 1] - array.square(chi[..., 0]) / kappa)
    # the factor (2π)^(-ν/2) belongs to A, which contains ½ ln 2π per observation
    return (
        array.log_gamma(a)
        - a * array.log(b)
        - 0.5 * array.log(kappa)
        - 0.5 * math.log(2 * math.pi) * nu[..., 1]
    )


def _nig_update(prior: Any, data: Array, weights: Array) -> Any:
    """With the sum of squares about the mean, which does not cancel (Murphy 2007, §3)."""
    m, kappa, a, b = (
        (0.0, 0.0, -0.5, 0.0)
        if prior is None
        else _of(prior, "mean", "strength", "shape", "rate")
    )
    n = float(weights.sum())
    if n == 0:
        return prior
    mean = float(weights @ data) / n
    squares = float(weights @ (data - mean) ** 2)
    total = kappa + n
    return _nig(
        mean + kappa * (m - mean) / total,
        total,
        a + n / 2,
        b + squares / 2 + kappa * n * (mean - m) * (mean - m) / (2 * total),
    )


def _nig_predictive(prior: Any) -> Any:
    from .continuous import StudentT

    m, kappa, a, b = _of(prior, "mean", "strength", "shape", "rate")
    scale = math.sqrt(b * (kappa + 1) / (a * kappa))
    return StudentT(df=2 * a, location=m, scale=scale)


NORMAL_INVERSE_GAMMA = Conjugate(
    prior="NormalInverseGamma",
    variable="mean and variance",
    log_normalizer=_nig_normalizer,
    hyper=_nig_hyper,
    named=_nig_named,
    usual=lambda both: {"mean": both["mean"], "sd": math.sqrt(both["variance"])},
    reference=_hyper([0.0, 0.0], 0.0, -4.0),
    reference_name="the reference prior ∝ 1/σ²",
    predictive=_nig_predictive,
    update=_nig_update,
)


def dirichlet_categorical(k: int) -> Conjugate:
    """Dirichlet prior of the probabilities of k classes, the last one being the reference."""

    def dirichlet(alpha: Array) -> Any:
        from .many import Dirichlet

        return Dirichlet(concentration=alpha)

    def hyper(prior: Any) -> Hyper:
        alpha = prior.parameters["concentration"].value
        return _hyper(alpha[:-1], alpha.sum())

    def log_normalizer(chi: Tensor, nu: Tensor) -> Tensor:
        last = nu[..., 0] - chi.sum(axis=-1)
        total = array.log_gamma(nu[..., 0])
        return array.log_gamma(chi).sum(axis=-1) + array.log_gamma(last) - total

    def predictive(prior: Any) -> Any:
        from .many import Categorical

        return Categorical(probabilities=prior.mean.value)

    return Conjugate(
        prior="Dirichlet",
        variable="probabilities",
        log_normalizer=log_normalizer,
        hyper=hyper,
        named=lambda chi, nu: dirichlet(np.append(chi, nu[0] - chi.sum())),
        usual=lambda p: {"probabilities": p},
        reference=_hyper(np.full(k - 1, 0.5), 0.5 * k),
        reference_name="Jeffreys' prior Dirichlet(½, …, ½)",
        proper=True,
        predictive=predictive,
    )
