"""Exponential families: a few functions define one, everything else is derived from them.

p(x; η) = h(x) exp(⟨η, t(x)⟩ - A(η)) with the statistic t, the natural parameter η, the
log-partition A and the base measure h. The gradient of A is the mean of t, its Hessian the
covariance of t (and the Fisher information of η), its Bregman divergence the KL divergence.
Source: Wainwright & Jordan (2008), Found. Trends Mach. Learn. 1, §3; Brown (1986),
*Fundamentals of Statistical Exponential Families*.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from trivium.engine import array
from trivium.engine.array.arguments import ArrayLike, floating
from trivium.engine.composites import as_tensor, where
from trivium.engine.errors import ArgumentError, ShapeError
from trivium.engine.tensor import Tensor
from trivium.engine.transforms import grad

from .links import Link
from .mean_model import MeanModel
from .support import Support, as_data

if TYPE_CHECKING:
    from .conjugate import Posterior, Predictive
    from .conjugate_forms import Conjugate
    from .distribution import Distribution
    from .estimation import Estimate
    from .numerical_posterior import NumericalPosterior, NumericalPredictive

__all__ = ["ExponentialFamily"]

Array = np.ndarray[Any, Any]
Parameters = dict[str, Tensor]


@dataclass(frozen=True, eq=False)
class ExponentialFamily:
    """One definition of an exponential family; Tensors in and out, batched over leading axes.

    ``statistic``: t(x), (…, *event) → (…, d). ``log_partition``: A(η), (…, d) → (…).
    ``log_base``: ln h(x), (…, *event) → (…). ``natural``: the usual parameters by name → η.
    ``usual``: η → the usual parameters by name. ``support``: where h is positive.
    ``inside``: which η are in the natural parameter space. ``usual_from_mean``: mean of t →
    the usual parameters where that has a closed form, else None (Newton's method finds it).
    ``closed_form``: the estimate from (data, weights) where it keeps more digits than that.
    ``expected_log_base``: η → E ln h where h is not constant. ``no_estimate``: (data, weights)
    → why there is no maximum likelihood estimate, or None. ``start``: mean of t → where Newton
    starts. ``representative``: usual parameters → those of a member whose estimates vary
    alike and whose natural parameters keep more digits (a normal's mean moved to 0).
    ``fixed``: known parameters such as the trials of a binomial; ``known``: other numbers such
    as a dimension. ``mean_model``: what a GLM needs. ``conjugate``: the conjugate prior's
    normaliser and named form.

    Source: Brown (1986), chapters 1-3.
    """

    name: str
    parameters: tuple[str, ...]
    statistics: tuple[str, ...]
    statistic: Callable[[Tensor], Tensor]
    log_partition: Callable[[Tensor], Tensor]
    log_base: Callable[[Tensor], Tensor]
    natural: Callable[..., Tensor]
    usual: Callable[[Tensor], Parameters]
    support: Support
    inside: Callable[[Array], Any]
    make: Callable[..., Distribution]
    usual_from_mean: Callable[[Tensor], Parameters] | None = None
    closed_form: Callable[[Array, Array], dict[str, Any]] | None = None
    expected_log_base: Callable[[Tensor], Tensor] | None = None
    no_estimate: Callable[[Array, Array], str | None] | None = None
    start: Callable[[Array], Array] | None = None
    representative: Callable[[dict[str, Array]], dict[str, Array]] | None = None
    fixed: dict[str, Any] = field(default_factory=dict)
    known: dict[str, Any] = field(default_factory=dict)
    mean_model: MeanModel | None = None
    conjugate: Conjugate | None = None

    def __repr__(self) -> str:
        known = "".join(
            f", {name}={value}" for name, value in (self.fixed | self.known).items()
        )
        return f"ExponentialFamily({self.name}{known}: t(x) = {', '.join(self.statistics)})"

    # --- what follows from the definition ------------------------------------------------

    @property
    def size(self) -> int:
        """The number d of natural parameters."""
        return len(self.statistics)

    def distribution(self, **parameters: Any) -> Distribution:
        """The member of the family with the usual ``parameters``."""
        return self.make(**{**self.fixed, **parameters})

    def log_density(self, x: ArrayLike, natural: ArrayLike) -> Tensor:
        """ln p(x; η) = ⟨η, t(x)⟩ - A(η) + ln h(x), straight from the definition.

        Shapes: x (…, *event), η (…, d), which broadcast. Outside the support: -∞. The
        distribution's own ``log_density`` is the same function arranged to keep more digits.
        """
        given, eta = floating(x), self._eta(natural)
        inner = (eta * self.statistic(given)).sum(axis=-1)
        return inner - self.log_partition(eta) + self.log_base(given)

    def mean_statistic(self, natural: ArrayLike) -> Tensor:
        """E t(X) = ∇A(η), by differentiating the log-partition. Shapes: (…, d) → (…, d)."""
        return grad(lambda eta: self.log_partition(eta).sum())(self._eta(natural))

    def covariance_statistic(self, natural: ArrayLike) -> Tensor:
        """Cov t(X) = ∇²A(η), which is the Fisher information of η. Shapes: (…, d) → (…, d, d)."""
        eta = self._eta(natural)

        def row(i: int) -> Tensor:
            slope = grad(lambda e: self.log_partition(e).sum())
            return grad(lambda e: slope(e)[..., i].sum())(eta)

        return array.stack([row(i) for i in range(self.size)], axis=-2)

    fisher_information = covariance_statistic

    def entropy(self, natural: ArrayLike) -> Tensor:
        """The entropy A(η) - ⟨η, ∇A(η)⟩ - E ln h(X) in nats.

        For a density it is the differential entropy, which may be negative. Shapes: (…, d) →
        (…). Source: Wainwright & Jordan (2008), eq. 3.42.
        """
        eta = self._eta(natural)
        inner = (eta * self.mean_statistic(eta)).sum(axis=-1)
        base = 0.0 if self.expected_log_base is None else self.expected_log_base(eta)
        return self.log_partition(eta) - inner - base

    def kl(self, natural: ArrayLike, other: ArrayLike) -> Tensor:
        """KL(p_η ‖ p_η') = A(η') - A(η) - ⟨η' - η, ∇A(η)⟩ in nats, never negative.

        It is the Bregman divergence of A. Where that difference cancels (η' near η) it is
        computed as ∫₀¹ (1 - s) d²/ds² A(η + s(η' - η)) ds, whose integrand is a variance, by
        Gauss-Legendre quadrature. Shapes: (…, d), which broadcast → (…).
        """
        eta, there = self._eta(natural), self._eta(other)
        step = there - eta
        first, last = self.log_partition(eta), self.log_partition(there)
        slope = (step * self.mean_statistic(eta)).sum(axis=-1)
        direct = last - first - slope
        scale = array.abs(last) + array.abs(first) + array.abs(slope)
        # Where the difference has lost more than five digits the parameters are close enough
        # for the quadrature to be exact.
        return where(direct < 1e-5 * scale, self._kl_nearby(eta, step), direct)

    def _kl_nearby(self, eta: Tensor, step: Tensor) -> Tensor:
        nodes, weights = np.polynomial.legendre.leggauss(12)
        ray = tuple([1] * (max(eta.ndim, step.ndim) - 1))
        at = ((nodes + 1) / 2).reshape(-1, *ray)
        batch = np.broadcast_shapes(eta.shape[:-1], step.shape[:-1])
        times = as_tensor(np.broadcast_to(at, (len(nodes), *batch)).astype(eta.dtype))

        def along(s: Tensor) -> Tensor:
            return self.log_partition(eta + s[..., None] * step).sum()

        curvature = grad(lambda s: grad(along)(s).sum())(times)
        weighted = as_tensor((weights.reshape(-1, *ray) / 2 * (1 - at)).astype(eta.dtype))
        return (curvature * weighted).sum(axis=0)

    def _eta(self, natural: ArrayLike) -> Tensor:
        eta = floating(natural)
        if eta.ndim == 0 and self.size == 1:
            return eta.reshape((1,))
        if eta.ndim == 0 or eta.shape[-1] != self.size:
            raise ShapeError(
                f"the {self.name} family has {self.size} natural parameters (for t = "
                f"{', '.join(self.statistics)}) on the last axis; got shape {eta.shape}"
            )
        return eta

    def check(self, data: ArrayLike, what: str = "data") -> Array:
        """``data`` as a float64 array in the support. Raises ArgumentError or ShapeError."""
        return self.support.check(data, f"{what} for the {self.name} family")

    # --- estimation ----------------------------------------------------------------------

    def mle(self, data: ArrayLike, weights: ArrayLike | None = None) -> Estimate:
        """The maximum likelihood estimate: the member whose mean statistic is the data's.

        Solves ∇A(η) = (1/n) Σ t(x_i), in closed form where there is one, else by Newton's
        method. ``weights``: (n,) numbers of times that each observation counts. Raises
        DomainError when no member maximises the likelihood, with the reason.
        """
        from .estimation import maximum_likelihood

        return maximum_likelihood(self, data, weights)

    def map(self, data: ArrayLike, prior: Any) -> Distribution:
        """The member at the posterior mode of its usual parameters."""
        return self.posterior(prior, data).map()

    def posterior(self, prior: Any, data: ArrayLike) -> Posterior | NumericalPosterior:
        """The conjugate posterior: χ + Σ t(x_i) and ν + n (Diaconis & Ylvisaker 1979).

        ``prior``: a distribution of the conjugate family, such as ``Beta(1, 1)`` for Bernoulli
        data; for gamma, beta and Dirichlet data a ``ConjugatePrior``, whose posterior is
        integrated numerically. None: the family's reference prior. Raises ArgumentError for a
        prior that is not conjugate, DomainError where the posterior is improper or too wide.
        """
        from .conjugate import posterior

        return posterior(self, prior, data)

    def predictive(
        self, prior: Any, data: ArrayLike | None = None
    ) -> Predictive | NumericalPredictive:
        """The distribution of a new observation under ``prior``, or after ``data``."""
        from .conjugate import posterior

        return posterior(self, prior, data).predictive()

    # --- as a generalised linear model ----------------------------------------------------

    @property
    def glm(self) -> MeanModel:
        """The family as an exponential dispersion model. Raises ArgumentError if it is none."""
        if self.mean_model is None:
            raise ArgumentError(
                f"the {self.name} family is no one-parameter exponential dispersion model, so "
                "there is no GLM of it; the families with one are bernoulli, binomial, gamma, "
                "inverse_gaussian, negative_binomial, normal and poisson"
            )
        return self.mean_model

    @property
    def canonical_link(self) -> Link:
        """The link g for which g(μ) is proportional to the natural parameter θ."""
        return self.glm.canonical_link

    @property
    def dispersion(self) -> float | None:
        """φ where the family fixes it (1 for Bernoulli, Poisson …), None where it is free."""
        return self.glm.dispersion

    def variance_function(self, mean: ArrayLike) -> Tensor:
        """V(μ) = b''(θ(μ)): the variance of a response is V(μ) φ / weight. Elementwise."""
        return self.glm.variance(floating(mean))

    def log_density_from_mean(
        self,
        y: ArrayLike,
        mean: ArrayLike,
        dispersion: ArrayLike = 1.0,
        weights: ArrayLike = 1.0,
    ) -> Tensor:
        """ln p(y; μ, φ), elementwise and differentiable in μ and φ.

        The binomial's ``y`` is the proportion of successes, ``mean`` the probability and
        ``weights`` the numbers of trials. The dispersion φ is σ² (normal), 1/shape (gamma),
        1/λ (inverse Gaussian), 1 for the others.
        """
        given, mu = floating(y), floating(mean)
        return self.glm.log_density(given, mu, floating(dispersion), floating(weights))

    def log_kernel(self, y: ArrayLike, mean: ArrayLike) -> Tensor:
        """y θ(μ) - b(θ(μ)): the log-density per 1/φ without the terms that have no mean."""
        given, mu = floating(y), floating(mean)
        theta = self.glm.natural(mu)
        return given * theta - self.glm.cumulant(theta)

    def unit_deviance(self, y: ArrayLike, mean: ArrayLike) -> Tensor:
        """d(y, μ) = 2(sup_μ ln p(y; μ) - ln p(y; μ)) at φ = 1; elementwise, not negative."""
        return self.glm.unit_deviance(floating(y), floating(mean))

    def deviance(
        self, y: ArrayLike, mean: ArrayLike, weights: ArrayLike | None = None
    ) -> Tensor:
        """The deviance Σ w_i d(y_i, μ_i), a scalar. Source: McCullagh & Nelder (1989), §2.3."""
        units = self.unit_deviance(y, mean)
        return (units if weights is None else units * floating(weights)).sum()

    def check_response(self, y: ArrayLike, weights: ArrayLike | None = None) -> Array:
        """The responses of a GLM as float64. Raises ArgumentError for what cannot occur."""
        values = as_data(y, f"{self.name} responses")
        counts = None if weights is None else np.asarray(weights, dtype=np.float64)
        wrong = self.glm.refuse(values, counts) if values.size else None
        if wrong is not None:
            raise ArgumentError(f"{self.name} family: {wrong}")
        return values
