"""Distributions of classes, of vectors of proportions, and of normal vectors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from trivium.engine import array
from trivium.engine.array.arguments import ArrayLike
from trivium.engine.composites import as_tensor, cast
from trivium.engine.dtypes import int64
from trivium.engine.errors import ArgumentError, ShapeError
from trivium.engine.tensor import Tensor

from . import families_many
from .distribution import POSITIVE, PROBABILITY, Distribution, Unordered, value_of
from .exponential_family import ExponentialFamily
from .mean_model import entropy_terms
from .positive import log_gamma_draws
from .special import x_log_y

__all__ = ["Categorical", "Dirichlet"]

Array = np.ndarray[Any, Any]


def _vectors(asked: str, name: str, tensor: Tensor) -> None:
    if tensor.ndim == 0 or tensor.shape[-1] < 2:
        raise ShapeError(
            f"{asked}: {name} must have two or more entries on the last axis, not shape "
            f"{tensor.shape}"
        )


class Categorical(Distribution):
    """One of the classes 0 … k - 1 with the given ``probabilities``.

    ``probabilities``: (…, k) on the last axis, adding up to 1 (up to 10⁻⁶ in float32, 10⁻⁹ in
    float64). Zeros are allowed. Raises ArgumentError otherwise, ShapeError for k < 2.
    """

    rules = {"probabilities": PROBABILITY}
    discrete = True

    def __init__(self, probabilities: ArrayLike) -> None:
        super().__init__(probabilities=probabilities)
        given = self.parameters["probabilities"]
        _vectors("Categorical", "probabilities", given)
        known = value_of(given)
        if known is not None:
            sums = known.sum(axis=-1)
            worst = float(sums.flat[int(np.argmax(np.abs(sums - 1)))]) if sums.size else 1.0
            if abs(worst - 1) > (1e-6 if known.dtype == np.float32 else 1e-9):
                raise ArgumentError(
                    f"Categorical: the probabilities add up to {worst:.12g}, not 1; divide them "
                    "by their sum if they are weights"
                )
        self.classes = given.shape[-1]
        self.shape = given.shape[:-1]

    @property
    def family(self) -> ExponentialFamily:
        """The categorical family of k classes."""
        return families_many.categorical(self.classes)

    def _inside(self, x: Tensor, **own: Tensor) -> Tensor:
        return (x >= 0) & (x < self.classes) & (x == array.floor(x))

    def _anchor(self, **own: Tensor) -> Tensor:
        return array.asarray(0.0)

    def _log_density(self, x: Tensor, **own: Tensor) -> Tensor:
        shape = np.broadcast_shapes(x.shape, self.shape)
        codes = array.broadcast_to(cast(x, int64), shape)[..., None]
        logs = array.log(own["probabilities"])
        table = array.broadcast_to(logs, (*shape, self.classes))
        return array.take_along_axis(table, codes, axis=-1)[..., 0]

    def _cdf(self, x: Array, **own: Array) -> Array:
        return self._summed(x, own["probabilities"], below=True)

    def _survival(self, x: Array, **own: Array) -> Array:
        return self._summed(x, own["probabilities"], below=False)

    def _summed(self, x: Array, probabilities: Array, *, below: bool) -> Array:
        at = np.clip(np.floor(x), -1, self.classes - 1)[..., None]
        codes = np.arange(self.classes)
        chosen = codes <= at if below else codes > at
        return np.where(chosen, probabilities, 0.0).sum(axis=-1)

    def _quantile(self, q: Array, **own: Array) -> Array:
        total = np.cumsum(own["probabilities"], axis=-1)
        last = self._last(own["probabilities"])
        reached = total >= np.asarray(q)[..., None]
        first = np.where(reached.any(axis=-1), np.argmax(reached, axis=-1), last)
        return np.minimum(first, last).astype(float)

    def _upper_quantile(self, q: Array, **own: Array) -> Array:
        p = own["probabilities"]
        after = np.cumsum(p[..., ::-1], axis=-1)[..., ::-1] - p
        reached = after <= np.asarray(q)[..., None]
        return np.minimum(np.argmax(reached, axis=-1), self._last(p)).astype(float)

    def _last(self, probabilities: Array) -> Array:
        """The last class that can occur."""
        return self.classes - 1 - np.argmax(probabilities[..., ::-1] > 0, axis=-1)

    @property
    def mean(self) -> Tensor:
        """The mean of the class code, Σ j p_j."""
        codes = as_tensor(np.arange(float(self.classes)))
        return (self.parameters["probabilities"] * codes).sum(axis=-1)

    @property
    def variance(self) -> Tensor:
        """The variance of the class code."""
        codes = as_tensor(np.arange(float(self.classes)))
        gap = codes - self.mean[..., None]
        return (self.parameters["probabilities"] * gap * gap).sum(axis=-1)

    @property
    def mode(self) -> Array:
        """The most probable class, the first of equals."""
        return np.argmax(self.parameters["probabilities"].value, axis=-1).astype(float)

    def entropy(self) -> Tensor:
        """-Σ p ln p, with 0 ln 0 = 0."""
        p = self.parameters["probabilities"]
        return -x_log_y(p, array.log(p)).sum(axis=-1)

    def _kl_within(self, family: ExponentialFamily, other: Distribution) -> Tensor:
        """Σ p ln(p/q) as Σ (p ln(p/q) - p + q), each term of which is not negative."""
        p, q = self.parameters["probabilities"], other.parameters["probabilities"]
        return entropy_terms(p, q).sum(axis=-1)

    def kl(self, other: Distribution) -> Tensor:
        """KL divergence in nats. Raises ArgumentError for another number of classes."""
        if isinstance(other, Categorical) and other.classes != self.classes:
            raise ArgumentError(
                f"kl: one distribution has {self.classes} classes, the other {other.classes}; "
                "give both the same classes, with probability 0 where one cannot occur"
            )
        if isinstance(other, Categorical):
            return self._kl_within(self.family, other)
        return super().kl(other)


class Dirichlet(Unordered):
    """Vectors x of k proportions: p(x) = Π x_j^(α_j - 1)/B(α).

    ``concentration``: α, (…, k), positive. Values: (…, k), not negative, adding up to 1. Raises
    ArgumentError or ShapeError otherwise.
    """

    rules = {"concentration": POSITIVE}
    instead = "d.marginal(j)"

    def __init__(self, concentration: ArrayLike) -> None:
        super().__init__(concentration=concentration)
        given = self.parameters["concentration"]
        _vectors("Dirichlet", "concentration", given)
        self.classes = given.shape[-1]
        self.shape = given.shape[:-1]
        self.event = (self.classes,)

    @property
    def family(self) -> ExponentialFamily:
        """The Dirichlet family of k proportions."""
        return families_many.dirichlet(self.classes)

    def _inside(self, x: Tensor, **own: Tensor) -> Tensor:
        close = 1e-5 if x.dtype.itemsize == 4 else 1e-8
        return array.all(x >= 0, axis=-1) & (array.abs(x.sum(axis=-1) - 1.0) < close)

    def _anchor(self, **own: Tensor) -> Tensor:
        return array.asarray(np.full(self.classes, 1.0 / self.classes))

    def _log_density(self, x: Tensor, **own: Tensor) -> Tensor:
        alpha = own["concentration"]
        powers = x_log_y(alpha - 1.0 + array.zeros_like(x), array.log(x)).sum(axis=-1)
        total = array.log_gamma(alpha.sum(axis=-1))
        return powers + total - array.log_gamma(alpha).sum(axis=-1)

    def marginal(self, index: int) -> Distribution:
        """The distribution of one proportion: Beta(α_j, Σα - α_j)."""
        from .positive import Beta

        alpha = self.parameters["concentration"]
        own = alpha[..., index]
        return Beta(alpha=own, beta=alpha.sum(axis=-1) - own)

    def marginals(self) -> dict[str, Distribution]:
        """The distribution of each proportion by name."""
        return {f"probability {j}": self.marginal(j) for j in range(self.classes)}

    def _draw(self, key: Tensor, shape: tuple[int, ...], parameters: dict[str, Array]) -> Array:
        from scipy import special

        alpha = parameters["concentration"]
        return special.softmax(log_gamma_draws(key, (*shape, self.classes), alpha), axis=-1)

    def sample(
        self, shape: int | tuple[int, ...] = (), seed: int | None = None, *, key: Any = None
    ) -> Array:
        """Independent vectors, NumPy (``shape``, parameters' shape, k); see Distribution."""
        return super().sample(shape, seed, key=key)

    @property
    def mean(self) -> Tensor:
        """α/Σα."""
        alpha = self.parameters["concentration"]
        return alpha / alpha.sum(axis=-1, keepdims=True)

    @property
    def variance(self) -> Tensor:
        """The covariance matrices (diag(m) - m mᵀ)/(Σα + 1), (…, k, k)."""
        mean = self.mean
        total = self.parameters["concentration"].sum(axis=-1)
        diagonal = mean[..., None] * as_tensor(np.eye(self.classes).astype(mean.dtype))
        outer = mean[..., :, None] * mean[..., None, :]
        return (diagonal - outer) / (total[..., None, None] + 1.0)

    @property
    def sd(self) -> Tensor:
        """The standard deviation of each proportion, (…, k)."""
        total = self.parameters["concentration"].sum(axis=-1, keepdims=True)
        return array.sqrt(self.mean * (1.0 - self.mean) / (total + 1.0))

    @property
    def mode(self) -> Array:
        """(α - 1)/(Σα - k). Raises ArgumentError where some α ≤ 1 puts it at an edge."""
        alpha = self.parameters["concentration"].value
        if (alpha <= 1).any():
            raise ArgumentError(
                f"{self!r} has no mode inside the simplex: an α of 1 or less makes the density "
                f"highest at an edge, {math.inf} for α < 1"
            )
        return (alpha - 1) / (alpha - 1).sum(axis=-1, keepdims=True)
