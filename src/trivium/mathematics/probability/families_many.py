"""The families of several variables: categorical, Dirichlet, multivariate normal."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from trivium.engine import array
from trivium.engine.composites import as_tensor, stop_gradient
from trivium.engine.errors import ArgumentError
from trivium.engine.tensor import Tensor

from .conjugate_forms import dirichlet_categorical
from .conjugate_wishart import normal_inverse_wishart
from .exponential_family import ExponentialFamily
from .family_parts import average, maker, number, spread_needed, zero
from .support import Support, whole_numbers

__all__ = ["categorical", "dirichlet", "multivariate_normal"]

Array = np.ndarray[Any, Any]
MOST_CLASSES = 1000
MOST_DIMENSIONS = 60  # 1890 natural parameters


def _whole(asked: str, name: str, value: Any, low: int, high: int) -> int:
    found = number(asked, name, value)
    if found != math.floor(found) or found < low:
        raise ArgumentError(f"the {asked} family needs {name} of {low} or more, not {value!r}")
    if found > high:
        raise ArgumentError(
            f"the {asked} family with {name} of {found:g}: the information about its "
            f"natural parameters would not fit; at most {high} are possible"
        )
    return int(found)


@lru_cache(maxsize=64)
def categorical(classes: int) -> ExponentialFamily:
    """The classes 0 … k - 1; the statistic marks all classes but the last.

    So the natural parameters ln(p_j/p_k) are unique and their covariance has full rank.
    """
    k = _whole("categorical", "a number of classes", classes, 2, MOST_CLASSES)

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
    k = _whole("dirichlet", "a number of classes", classes, 2, MOST_CLASSES)

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


def _size(matrix: Tensor) -> Tensor:
    """The roots of the diagonal, in whose units a matrix has ones there; constant to derivatives.

    The results below do not depend on it, so that the units of the variables do not matter.
    """
    from trivium.mathematics import linalg

    diagonal = array.abs(linalg.diagonal(matrix))
    return stop_gradient(array.sqrt(array.where(diagonal > 0, diagonal, 1.0)))


def _scaled(matrix: Tensor, size: Tensor) -> Tensor:
    return matrix / size[..., :, None] / size[..., None, :]


def _positive(matrix: Array) -> Any:
    """Whether matrices are positive definite, judged with ones on their diagonals."""
    diagonal = np.diagonal(matrix, axis1=-2, axis2=-1)
    size = np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
    scaled = matrix / size[..., :, None] / size[..., None, :]
    return (diagonal > 0).all(axis=-1) & (np.linalg.eigvalsh(scaled)[..., 0] > 0)


def _inverse(matrix: Tensor) -> Tensor:
    from trivium.mathematics import linalg

    size = _size(matrix)
    return _scaled(linalg.inv(_scaled(matrix, size)), size)


class _NormalVectors:
    """The functions of the multivariate normal family in dimension d.

    The natural parameters are Λμ and, for i ≤ j, -Λ_ij (-Λ_ii/2 on the diagonal), Λ = Σ⁻¹.
    """

    def __init__(self, d: int) -> None:
        self.d = d
        self.rows, self.columns = np.triu_indices(d)
        self.flat = self.rows * d + self.columns
        self.scale = np.where(self.rows == self.columns, -0.5, -1.0)
        # Λ from its upper triangle, as one matrix product
        self.spread = np.zeros((len(self.rows), d * d))
        for place, (i, j) in enumerate(zip(self.rows, self.columns, strict=True)):
            inverse = 1.0 / self.scale[place]
            self.spread[place, i * d + j] = self.spread[place, j * d + i] = inverse

    def precision(self, eta: Tensor) -> Tensor:
        full = array.matmul(eta[..., self.d :], as_tensor(self.spread.astype(eta.dtype)))
        return full.reshape((*eta.shape[:-1], self.d, self.d))

    def log_partition(self, eta: Tensor) -> Tensor:
        from trivium.mathematics import linalg

        d, inner = self.d, self.precision(eta)
        size = _size(inner)
        scaled, first = _scaled(inner, size), eta[..., :d] / size
        square = (first * linalg.solve(scaled, first[..., None])[..., 0]).sum(axis=-1)
        log_det = linalg.slogdet(scaled)[1] + 2.0 * array.log(size).sum(axis=-1)
        return 0.5 * (square - log_det + d * math.log(2 * math.pi))

    def _upper(self, matrices: Tensor) -> Tensor:
        flat = matrices.reshape((*matrices.shape[:-2], self.d * self.d))
        return array.take(flat, self.flat, axis=-1)

    def natural(self, mean: Tensor, covariance: Tensor) -> Tensor:
        inner = _inverse(covariance)
        first = array.matmul(inner, mean[..., None])[..., 0]
        second = self._upper(inner) * self.scale.astype(inner.dtype)
        return array.concat(list(_same_batch(first, second)), axis=-1)

    def usual(self, eta: Tensor) -> dict[str, Tensor]:
        covariance = _inverse(self.precision(eta))
        mean = array.matmul(covariance, eta[..., : self.d, None])[..., 0]
        return {"mean": mean, "covariance": covariance}

    def statistic(self, x: Tensor) -> Tensor:
        products = self._upper(x[..., :, None] * x[..., None, :])
        return array.concat([x, products], axis=-1)

    def closed_form(self, x: Array, weights: Array) -> dict[str, Any]:
        mean = average(x, weights)
        centred = x - mean
        scatter = (centred * weights[:, None]).T @ centred
        return {"mean": mean, "covariance": scatter / weights.sum()}

    def refuse(self, x: Array, weights: Array) -> str | None:
        used = x[weights > 0]
        centred = used - used.mean(axis=0)
        size = np.abs(centred).max(axis=0)
        rank = int(np.linalg.matrix_rank(centred / np.where(size > 0, size, 1.0)))
        if rank == self.d:
            return None
        return (
            f"the {len(used)} observations of {self.d} variables span only {rank} dimension"
            f"{'' if rank == 1 else 's'} about their mean, so the covariance is singular and the "
            "likelihood grows without bound; drop variables that the others determine, or give a "
            "prior (NormalInverseWishart)"
        )

    def inside(self, eta: Array) -> Any:
        inner = (eta[..., self.d :] @ self.spread).reshape((*eta.shape[:-1], self.d, self.d))
        return np.isfinite(eta).all(axis=-1) & _positive(inner)


@lru_cache(maxsize=64)
def multivariate_normal(dimension: int) -> ExponentialFamily:
    """Normal vectors with unknown mean and positive definite covariance.

    The statistic is minimal: x and the products x_i x_j with i ≤ j.
    """
    d = _whole("multivariate_normal", "a dimension", dimension, 1, MOST_DIMENSIONS)
    own = _NormalVectors(d)
    products = [f"x{i}x{j}" for i, j in zip(own.rows, own.columns, strict=True)]
    return ExponentialFamily(
        name="multivariate_normal",
        parameters=("mean", "covariance"),
        statistics=(*(f"x{i}" for i in range(d)), *products),
        statistic=own.statistic,
        log_partition=own.log_partition,
        log_base=lambda x: array.zeros_like(x[..., 0]),
        natural=own.natural,
        usual=own.usual,
        support=Support(
            f"vectors of {d} real numbers",
            lambda x: np.isfinite(x).all(axis=-1),
            discrete=False,
            event=(d,),
        ),
        inside=own.inside,
        make=maker("MultivariateNormal"),
        closed_form=own.closed_form,
        representative=lambda usual: {
            "mean": np.zeros_like(usual["mean"]),
            "covariance": usual["covariance"],
        },
        no_estimate=own.refuse,
        known={"dimension": d},
        conjugate=normal_inverse_wishart(d),
    )


def _same_batch(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    batch = np.broadcast_shapes(first.shape[:-1], second.shape[:-1])
    return (
        array.broadcast_to(first, (*batch, first.shape[-1])),
        array.broadcast_to(second, (*batch, second.shape[-1])),
    )
