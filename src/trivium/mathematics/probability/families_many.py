"""The families of several variables: categorical, Dirichlet, multivariate normal."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from trivium.engine import array
from trivium.engine.composites import as_tensor
from trivium.engine.errors import ArgumentError
from trivium.engine.tensor import Tensor

from .conjugate_forms import dirichlet_categorical
from .conjugate_wishart import normal_inverse_wishart
from .exponential_family import ExponentialFamily
from .family_parts import average, maker, number, spread_needed, zero
from .support import Support, whole_numbers

__all__ = ["categorical", "dirichlet", "multivariate_normal"]

Array = np.ndarray[Any, Any]
LARGEST = 1000


def _whole(asked: str, name: str, value: Any, low: int) -> int:
    found = number(asked, name, value)
    if found != math.floor(found) or found < low:
        raise ArgumentError(f"the {asked} family needs {name} of {low} or more, not {value!r}")
    if found > LARGEST:
        raise ArgumentError(
            f"the {asked} family with {name} of {found:g}: its information matrix has the square "
            f"of that many entries; at most {LARGEST} are possible"
        )
    return int(found)


@lru_cache(maxsize=64)
def categorical(classes: int) -> ExponentialFamily:
    """The classes 0 … k - 1; the statistic marks all classes but the last.

    So the natural parameters ln(p_j/p_k) are unique and their covariance has full rank.
    """
    k = _whole("categorical", "a number of classes", classes, 2)

    def statistic(x: Tensor) -> Tensor:
        codes = as_tensor(np.arange(k - 1))
        return (x[..., None] == codes.astype(x.dtype)).astype(x.dtype)

    def log_partition(eta: Tensor) -> Tensor:
        padded = array.concat([eta, array.zeros_like(eta[..., :1])], axis=-1)
        return array.logsumexp(padded, axis=-1)

    def usual(eta: Tensor) -> dict[str, Tensor]:
        padded = array.concat([eta, array.zeros_like(eta[..., :1])], axis=-1)
        return {"probabilities": array.softmax(padded, axis=-1)}

    def from_mean(m: Tensor) -> dict[str, Tensor]:
        rest = 1.0 - m.sum(axis=-1, keepdims=True)
        return {"probabilities": array.concat([m, array.maximum(rest, 0.0)], axis=-1)}

    def natural(probabilities: Tensor) -> Tensor:
        logs = array.log(probabilities)
        return logs[..., :-1] - logs[..., -1:]

    def closed_form(x: Array, weights: Array) -> dict[str, Any]:
        counts = np.bincount(x.astype(np.int64), weights, minlength=k)
        return {"probabilities": counts / weights.sum()}

    return ExponentialFamily(
        name="categorical",
        parameters=("probabilities",),
        statistics=tuple(f"x = {j}" for j in range(k - 1)),
        statistic=statistic,
        log_partition=log_partition,
        log_base=zero,
        natural=natural,
        usual=usual,
        support=whole_numbers(0, k - 1, f"class codes, whole numbers from 0 to {k - 1}"),
        inside=lambda eta: np.isfinite(eta).all(axis=-1),
        make=maker("Categorical"),
        usual_from_mean=from_mean,
        closed_form=closed_form,
        known={"classes": k},
        conjugate=dirichlet_categorical(k),
    )


def _on_simplex(x: Array) -> Array:
    return (x > 0).all(axis=-1) & (np.abs(x.sum(axis=-1) - 1) < 1e-8)


@lru_cache(maxsize=64)
def dirichlet(classes: int) -> ExponentialFamily:
    """Vectors of k positive proportions that add up to 1."""
    k = _whole("dirichlet", "a number of classes", classes, 2)

    def log_partition(eta: Tensor) -> Tensor:
        alpha = eta + 1.0
        return array.log_gamma(alpha).sum(axis=-1) - array.log_gamma(alpha.sum(axis=-1))

    def start(mean: Array) -> Array:
        """As for the beta: α from geometric means that do not quite add up to 1."""
        shares = np.exp(mean)
        rest = max(1.0 - shares.sum(), 1e-12)
        return 0.5 + shares * (k - 1) / (2 * rest) - 1.0

    return ExponentialFamily(
        name="dirichlet",
        parameters=("concentration",),
        statistics=tuple(f"ln x{j}" for j in range(k)),
        statistic=array.log,
        log_partition=log_partition,
        log_base=lambda x: array.zeros_like(x[..., 0]),
        natural=lambda concentration: concentration - 1.0,
        usual=lambda eta: {"concentration": eta + 1.0},
        support=Support(
            f"vectors of {k} positive proportions that add up to 1",
            _on_simplex,
            discrete=False,
            event=(k,),
        ),
        inside=lambda eta: np.isfinite(eta).all(axis=-1) & (eta > -1).all(axis=-1),
        make=maker("Dirichlet"),
        start=start,
        no_estimate=spread_needed("the density concentrates there"),
        known={"classes": k},
    )


def _pairs(d: int) -> tuple[Array, Array]:
    return np.triu_indices(d)


@lru_cache(maxsize=64)
def multivariate_normal(dimension: int) -> ExponentialFamily:
    """Normal vectors with unknown mean and positive definite covariance.

    The statistic is minimal: x and the products x_i x_j with i ≤ j.
    """
    d = _whole("multivariate_normal", "a dimension", dimension, 1)
    rows, columns = _pairs(d)
    count = len(rows)
    # Λ from its upper triangle: η_ij = -Λ_ij for i < j and -Λ_ii/2 on the diagonal.
    spread = np.zeros((count, d * d))
    for place, (i, j) in enumerate(zip(rows, columns, strict=True)):
        spread[place, i * d + j] = spread[place, j * d + i] = -2.0 if i == j else -1.0
    scale = np.where(rows == columns, -0.5, -1.0)
    flat = rows * d + columns

    def precision(eta: Tensor) -> Tensor:
        upper = eta[..., d:]
        full = array.matmul(upper, as_tensor(spread.astype(eta.dtype)))
        return full.reshape((*eta.shape[:-1], d, d))

    def log_partition(eta: Tensor) -> Tensor:
        from trivium.mathematics import linalg

        inner = precision(eta)
        mean = linalg.solve(inner, eta[..., :d, None])[..., 0]
        square = (eta[..., :d] * mean).sum(axis=-1)
        return 0.5 * (square - linalg.slogdet(inner)[1] + d * math.log(2 * math.pi))

    def natural(mean: Tensor, covariance: Tensor) -> Tensor:
        from trivium.mathematics import linalg

        inner = linalg.inv(covariance)
        first = array.matmul(inner, mean[..., None])[..., 0]
        upper = array.take(inner.reshape((*inner.shape[:-2], d * d)), flat, axis=-1)
        second = upper * scale.astype(inner.dtype)
        first, second = _same_batch(first, second)
        return array.concat([first, second], axis=-1)

    def usual(eta: Tensor) -> dict[str, Tensor]:
        from trivium.mathematics import linalg

        covariance = linalg.inv(precision(eta))
        mean = array.matmul(covariance, eta[..., :d, None])[..., 0]
        return {"mean": mean, "covariance": covariance}

    def statistic(x: Tensor) -> Tensor:
        outer = x[..., :, None] * x[..., None, :]
        upper = array.take(outer.reshape((*x.shape[:-1], d * d)), flat, axis=-1)
        return array.concat([x, upper], axis=-1)

    def closed_form(x: Array, weights: Array) -> dict[str, Any]:
        mean = average(x, weights)
        centred = x - mean
        return {
            "mean": mean,
            "covariance": (centred * weights[:, None]).T @ centred / weights.sum(),
        }

    def refuse(x: Array, weights: Array) -> str | None:
        used = x[weights > 0]
        centred = used - used.mean(axis=0)
        size = np.linalg.norm(centred, axis=0)
        rank = int(np.linalg.matrix_rank(centred / np.where(size > 0, size, 1.0)))
        if rank < d:
            return (
                f"the {len(used)} observations of {d} variables span only {rank} dimension"
                f"{'' if rank == 1 else 's'} about their mean, so the covariance is singular "
                "and the likelihood grows without bound; drop variables that the others "
                "determine, or give a prior (NormalInverseWishart)"
            )
        return None

    def inside(eta: Array) -> Array:
        inner = (eta[..., d:] @ spread).reshape((*eta.shape[:-1], d, d))
        return np.isfinite(eta).all(axis=-1) & (np.linalg.eigvalsh(inner)[..., 0] > 0)

    return ExponentialFamily(
        name="multivariate_normal",
        parameters=("mean", "covariance"),
        statistics=tuple(f"x{i}" for i in range(d))
        + tuple(f"x{i}x{j}" for i, j in zip(rows, columns, strict=True)),
        statistic=statistic,
        log_partition=log_partition,
        log_base=lambda x: array.zeros_like(x[..., 0]),
        natural=natural,
        usual=usual,
        support=Support(
            f"vectors of {d} real numbers",
            lambda x: np.isfinite(x).all(axis=-1),
            discrete=False,
            event=(d,),
        ),
        inside=inside,
        make=maker("MultivariateNormal"),
        closed_form=closed_form,
        representative=lambda own: {
            "mean": np.zeros_like(own["mean"]),
            "covariance": own["covariance"],
        },
        no_estimate=refuse,
        known={"dimension": d},
        conjugate=normal_inverse_wishart(d),
    )


def _same_batch(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    batch = np.broadcast_shapes(first.shape[:-1], second.shape[:-1])
    return (
        array.broadcast_to(first, (*batch, first.shape[-1])),
        array.broadcast_to(second, (*batch, second.shape[-1])),
    )
