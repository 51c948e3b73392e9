"""Normal vectors, also those whose covariance is singular."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from trivium.engine import array, random
from trivium.engine.array.arguments import ArrayLike
from trivium.engine.composites import as_tensor
from trivium.engine.errors import ArgumentError, ShapeError
from trivium.engine.tensor import Tensor

from . import families_many
from .distribution import FINITE, Distribution, Unordered, value_of
from .exponential_family import ExponentialFamily
from .support import Support

__all__ = ["MultivariateNormal"]

Array = np.ndarray[Any, Any]
_LOG_2PI = math.log(2 * math.pi)


class MultivariateNormal(Unordered):
    """Normal vectors with ``mean`` (d,) and ``covariance`` (d, d).

    The covariance must be symmetric and positive semidefinite. If its rank r is below d, the
    vectors lie in an r-dimensional affine subspace; the density is then that on the subspace
    (Lebesgue measure there), -∞ outside it, and not differentiable in the covariance. ``rank``
    says r. Raises ArgumentError for a covariance that is none, ShapeError for shapes that do
    not fit. Source: Rao (1973), *Linear Statistical Inference*, §8a.4.
    """

    rules = {"mean": FINITE, "covariance": FINITE}
    instead = "d.marginal([j])"

    def __init__(self, mean: ArrayLike, covariance: ArrayLike) -> None:
        super().__init__(covariance=covariance, mean=[0.0])
        self.parameters = {
            "mean": self._checked("mean", mean),
            "covariance": self.parameters["covariance"],
        }
        centre, spread = self.parameters["mean"], self.parameters["covariance"]
        d = centre.shape[-1] if centre.ndim else 0
        if centre.ndim != 1 or spread.shape != (d, d) or d == 0:
            raise ShapeError(
                "MultivariateNormal: mean is a vector (d,) and covariance a matrix (d, d); got "
                f"{centre.shape} and {spread.shape}"
            )
        self.shape, self.event, self.dimension = (), (d,), d
        known = value_of(spread)
        self._spectrum = None if known is None else _spectrum(known)

    @property
    def rank(self) -> int:
        """The rank of the covariance, up to rounding."""
        return self.dimension if self._spectrum is None else len(self._spectrum[0])

    @property
    def singular(self) -> bool:
        """Whether the covariance is singular, up to rounding."""
        return self.rank < self.dimension

    @property
    def family(self) -> ExponentialFamily | None:
        """The multivariate normal family, or None if the covariance is singular."""
        return None if self.singular else families_many.multivariate_normal(self.dimension)

    @property
    def support(self) -> Support:
        """All vectors (those of the subspace, where the covariance is singular)."""
        return Support(
            f"vectors of {self.dimension} real numbers",
            lambda x: np.isfinite(x).all(axis=-1),
            discrete=False,
            event=self.event,
        )

    def _inside(self, x: Tensor, **own: Tensor) -> Tensor:
        finite = array.all(array.abs(x) < math.inf, axis=-1)
        if not self.singular:
            return finite
        assert self._spectrum is not None
        _, vectors = self._spectrum
        gap = array.where(finite[..., None], x - own["mean"], 0.0)
        inner = array.matmul(gap, as_tensor(vectors.astype(gap.dtype)))
        rest = gap - array.matmul(inner, as_tensor(vectors.T.astype(gap.dtype)))
        scale = array.max(array.abs(gap), axis=-1) + array.max(array.abs(own["mean"]))
        tolerance = self.dimension * (1e-10 if gap.dtype.itemsize == 8 else 1e-4)
        return finite & (array.max(array.abs(rest), axis=-1) <= tolerance * scale)

    def _anchor(self, **own: Tensor) -> Tensor:
        return own["mean"]

    def _log_density(self, x: Tensor, **own: Tensor) -> Tensor:
        gap = x - own["mean"]
        if self.singular:
            assert self._spectrum is not None
            values, vectors = self._spectrum
            whiten = (vectors / np.sqrt(values)).astype(gap.dtype)
            z = array.matmul(gap, as_tensor(whiten))
            log_det: Any = float(np.log(values).sum())
        else:
            from trivium.mathematics import linalg

            # Of the correlations, so that the units of the variables do not matter.
            size = array.sqrt(linalg.diagonal(own["covariance"]))
            factor = linalg.cholesky(own["covariance"] / (size[:, None] * size))
            flat = (gap / size).reshape((-1, self.dimension))
            z = linalg.solve(factor, flat.T).T.reshape(gap.shape)
            log_det = 2.0 * (array.log(linalg.diagonal(factor)) + array.log(size)).sum()
        return -0.5 * ((z * z).sum(axis=-1) + log_det + self.rank * _LOG_2PI)

    def _draw(self, key: Tensor, shape: tuple[int, ...], parameters: dict[str, Array]) -> Array:
        spectrum = self._spectrum or _spectrum(parameters["covariance"])
        values, vectors = spectrum
        drawn = random.normal(key, (*shape, len(values))).value
        return parameters["mean"] + drawn @ (vectors * np.sqrt(values)).T

    @property
    def mean(self) -> Tensor:
        """μ, (d,)."""
        return self.parameters["mean"]

    @property
    def variance(self) -> Tensor:
        """Σ, (d, d)."""
        return self.parameters["covariance"]

    @property
    def sd(self) -> Tensor:
        """The standard deviation of each coordinate, (d,)."""
        return array.sqrt(array.diagonal(self.parameters["covariance"]))

    @property
    def mode(self) -> Array:
        """μ."""
        return self.parameters["mean"].value

    def entropy(self) -> Tensor:
        """½ ln det(2πe Σ); on its subspace where Σ is singular (in ℝᵈ it would be -∞)."""
        if self.singular:
            assert self._spectrum is not None
            log_det: Any = float(np.log(self._spectrum[0]).sum())
            return as_tensor(0.5 * (log_det + self.rank * (_LOG_2PI + 1.0)))
        from trivium.mathematics import linalg

        log_det = linalg.slogdet(self.parameters["covariance"])[1]
        return 0.5 * (log_det + self.dimension * (_LOG_2PI + 1.0))

    def kl(self, other: Distribution) -> Tensor:
        """½(tr(Σ'⁻¹Σ) - d - ln det Σ'⁻¹Σ + (μ' - μ)ᵀΣ'⁻¹(μ' - μ)) in nats.

        ∞ where the subspace of one covariance does not hold the other's vectors. Raises
        ArgumentError for another dimension.
        """
        if not isinstance(other, MultivariateNormal) or other.dimension != self.dimension:
            raise ArgumentError(
                f"kl: both must be normal vectors of {self.dimension} dimensions, not {other!r}"
            )
        if self.singular or other.singular:
            return as_tensor(_singular_kl(self, other))
        from trivium.mathematics import linalg

        mine, its = self.parameters, other.parameters
        ratio = linalg.solve(its["covariance"], mine["covariance"])
        gap = its["mean"] - mine["mean"]
        square = (gap * linalg.solve(its["covariance"], gap)).sum()
        trace = array.trace(ratio) - float(self.dimension)
        return 0.5 * (trace - linalg.slogdet(ratio)[1] + square)

    def marginal(self, indices: Any) -> MultivariateNormal:
        """The distribution of some coordinates."""
        chosen = np.atleast_1d(np.asarray(indices, dtype=np.int64))
        mean = array.take(self.parameters["mean"], chosen, axis=0)
        rows = array.take(self.parameters["covariance"], chosen, axis=0)
        return MultivariateNormal(mean, array.take(rows, chosen, axis=1))

    def conditional(self, indices: Any, values: ArrayLike) -> MultivariateNormal:
        """The distribution of the other coordinates, given ``values`` of those at ``indices``.

        μ_a + Σ_ab Σ_bb⁺ (x_b - μ_b), Σ_aa - Σ_ab Σ_bb⁺ Σ_ba (Bishop 2006, eq. 2.81-2.82).
        """
        given = np.atleast_1d(np.asarray(indices, dtype=np.int64))
        rest = np.setdiff1d(np.arange(self.dimension), given)
        mean, spread = (self.parameters[name].value for name in ("mean", "covariance"))
        if not len(rest) or len(np.unique(given)) != len(given):
            raise ArgumentError("conditional: name some, not all coordinates, each once")
        weights = spread[np.ix_(rest, given)] @ np.linalg.pinv(
            spread[np.ix_(given, given)], hermitian=True
        )
        gap = np.atleast_1d(np.asarray(values, dtype=float)) - mean[given]
        left = spread[np.ix_(rest, rest)] - weights @ spread[np.ix_(given, rest)]
        return MultivariateNormal(mean[rest] + weights @ gap, 0.5 * (left + left.T))


def _spectrum(covariance: Array) -> tuple[Array, Array]:
    """The positive eigenvalues and their vectors. Raises ArgumentError if it is no covariance."""
    matrix = covariance.astype(np.float64)
    unit = float(np.finfo(covariance.dtype).eps)
    largest = float(np.abs(matrix).max(initial=0.0))
    if np.abs(matrix - matrix.T).max() > 1e3 * unit * largest:
        i, j = np.unravel_index(np.argmax(np.abs(matrix - matrix.T)), matrix.shape)
        raise ArgumentError(
            f"MultivariateNormal: the covariance is not symmetric: entry ({i}, {j}) is "
            f"{matrix[i, j]:g}, entry ({j}, {i}) {matrix[j, i]:g}"
        )
    # Scaled to ones on the diagonal, so that the units of the variables do not decide the rank.
    size = np.sqrt(np.abs(np.diagonal(matrix)))
    size = np.where(size > 0, size, 1.0)
    values = np.linalg.eigvalsh(matrix / np.outer(size, size))
    tolerance = 10 * len(matrix) * unit * max(float(np.abs(values).max()), 1e-300)
    if values[0] < -10 * tolerance:
        raise ArgumentError(
            "MultivariateNormal: the covariance is not positive semidefinite: its correlation "
            f"form has the eigenvalue {values[0]:.3g}, a negative variance along some direction"
        )
    rank = int((values > tolerance).sum())
    own, vectors = np.linalg.eigh(0.5 * (matrix + matrix.T))
    kept = own[len(own) - rank :]
    floor = np.finfo(np.float64).tiny
    return np.maximum(kept, floor), vectors[:, len(own) - rank :]


def _singular_kl(p: MultivariateNormal, q: MultivariateNormal) -> float:
    first = p._spectrum or _spectrum(p.variance.value)
    second = q._spectrum or _spectrum(q.variance.value)
    if len(first[0]) != len(second[0]):
        return math.inf  # a subspace of another dimension has measure zero
    values, vectors = second
    gap = p.mean.value - q.mean.value
    scale = max(float(np.abs(gap).max()), float(np.sqrt(first[0].max(initial=0.0))), 1e-300)
    factor = first[1] * np.sqrt(first[0])
    both = np.column_stack([factor, gap])
    if np.abs(both - vectors @ (vectors.T @ both)).max() > 1e-9 * scale:
        return math.inf
    whitened = (vectors / np.sqrt(values)).T @ factor
    shift = (vectors / np.sqrt(values)).T @ gap
    _, log_det = np.linalg.slogdet(whitened) if len(values) else (1.0, 0.0)
    excess = float((whitened**2).sum()) - len(values)
    return 0.5 * (excess - 2.0 * float(log_det) + float(shift @ shift))
