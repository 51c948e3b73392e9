"""The normal-inverse-Wishart prior of a multivariate normal's mean and covariance.

Source: Gelman et al. (2013), *Bayesian Data Analysis*, 3rd ed., §3.6; Murphy (2007),
"Conjugate Bayesian analysis of the Gaussian distribution", §9.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from trivium.engine import array, random
from trivium.engine.composites import as_tensor
from trivium.engine.tensor import Tensor

from .conjugate_forms import Conjugate, Hyper

__all__ = ["normal_inverse_wishart"]

Array = np.ndarray[Any, Any]


def _values(prior: Any) -> tuple[Array, float, float, Array]:
    own = prior.parameters
    return (
        own["mean"].value,
        float(own["strength"].value),
        float(own["df"].value),
        own["scale"].value,
    )


def _prior(mean: Array, strength: float, df: float, scale: Array) -> Any:
    from .normal_priors import NormalInverseWishart

    return NormalInverseWishart(mean=mean, strength=strength, df=df, scale=scale)


def _update(prior: Any, data: Array, weights: Array, d: int) -> Any:
    n = float(weights.sum())
    if n == 0:
        return prior
    # Jeffreys' independence prior |Σ|^(-(d+1)/2): no strength, df = -1, no scale.
    m, kappa, df, psi = (
        (np.zeros(d), 0.0, -1.0, np.zeros((d, d))) if prior is None else _values(prior)
    )
    mean = np.tensordot(weights, data, axes=1) / n
    centred = data - mean
    scatter = (centred * weights[:, None]).T @ centred
    total = kappa + n
    gap = mean - m
    return _prior(
        mean + kappa * (m - mean) / total,
        total,
        df + n,
        psi + scatter + kappa * n / total * np.outer(gap, gap),
    )


def _draw(both: dict[str, Array], key: Tensor) -> Array:
    """One normal vector for each drawn mean and covariance."""
    mean, spread = both["mean"], both["covariance"]
    drawn = random.normal(key, (*mean.shape, 1)).value
    return mean + (np.linalg.cholesky(spread) @ drawn)[..., 0]


def normal_inverse_wishart(d: int) -> Conjugate:
    """The conjugate prior in dimension d: (μ | Σ) ~ N(m, Σ/κ), Σ ~ inverse Wishart(ψ, df).

    With Λ = Σ⁻¹ the natural measure is dη ∝ |Λ| dμ dΛ and exp(-ν A) contains |Λ|^(ν/2), so ν = df -
    d - 2; for d = 1 that is the normal-inverse-gamma's 2a - 3.
    """
    rows, columns = np.triu_indices(d)
    place = np.zeros((len(rows), d * d))
    for k, (i, j) in enumerate(zip(rows, columns, strict=True)):
        place[k, i * d + j] = place[k, j * d + i] = 1.0

    def hyper(prior: Any) -> Hyper:
        m, kappa, df, psi = _values(prior)
        second = psi + kappa * np.outer(m, m)
        chi = np.concatenate([kappa * m, second[rows, columns]])
        return chi, np.array([kappa, df - d - 2.0])

    def named(chi: Array, nu: Array) -> Any:
        m = chi[:d] / nu[0]
        second = (chi[d:] @ place).reshape(d, d)
        return _prior(m, nu[0], nu[1] + d + 2.0, second - nu[0] * np.outer(m, m))

    def log_normalizer(chi: Tensor, nu: Tensor) -> Tensor:
        from trivium.mathematics import linalg

        kappa, df = nu[..., 0], nu[..., 1] + (d + 2.0)
        first = chi[..., :d]
        full = array.matmul(chi[..., d:], as_tensor(place))
        second = full.reshape((*chi.shape[:-1], d, d))
        outer = first[..., :, None] * first[..., None, :]
        psi = second - outer / kappa[..., None, None]
        gammas = as_tensor(0.0)
        for j in range(d):
            gammas = gammas + array.log_gamma(0.5 * (df - j))
        return (
            gammas
            + 0.5 * d * math.log(2.0) * df
            - 0.5 * df * linalg.slogdet(psi)[1]
            - 0.5 * d * array.log(kappa)
            - 0.5 * d * math.log(2 * math.pi) * nu[..., 1]
        )

    return Conjugate(
        prior="NormalInverseWishart",
        variable="mean and covariance",
        log_normalizer=log_normalizer,
        hyper=hyper,
        named=named,
        usual=lambda both: both,
        reference=(np.zeros(d + len(rows)), np.array([0.0, -1.0 - d - 2.0])),
        reference_name="Jeffreys' independence prior ∝ |Σ|^(-(d+1)/2)",
        draw=_draw,
        update=lambda prior, data, weights: _update(prior, data, weights, d),
    )
