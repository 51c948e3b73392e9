"""Posteriors of families whose conjugate prior has no normaliser in closed form.

For gamma, beta and Dirichlet observations p(η) ∝ exp(⟨η, χ⟩ - ν A(η)) is proper where χ/ν could
be the mean of the statistic, but its integral is no known function. It is computed: on a grid up
to three parameters, by importance sampling beyond. Source: Diaconis & Ylvisaker (1979), Ann.
Statist. 7, 269, theorem 1; Robert & Casella (2004), *Monte Carlo Statistical Methods*, 2nd ed.,
§3.3.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from trivium.engine import array, random
from trivium.engine.array.arguments import ArrayLike, floating
from trivium.engine.errors import ArgumentError, DomainError
from trivium.engine.tensor import Tensor, tensor

from .conjugate_prior import ConjugatePrior
from .distribution import Distribution, Interval
from .exponential_family import ExponentialFamily
from .marginal import DrawnMarginal, Marginal
from .posterior_grid import Grid, grid_of
from .posterior_kernel import Kernel, integrated
from .support import as_array

__all__ = ["NUMERICAL", "NumericalPosterior", "NumericalPredictive", "numerical_posterior"]

Array = np.ndarray[Any, Any]
#: Families whose usual parameters are positive and differ from η by a constant and a sign.
NUMERICAL = ("beta", "dirichlet", "gamma")
_MOST = 60
_JEFFREYS = "Jeffreys' prior ∝ √|∇²A|"


@dataclass(frozen=True, eq=False)
class NumericalPosterior:
    """What is known of a family's parameters after n observations, by numerical integration.

    ``chi``, ``nu``: of p(η) ∝ exp(⟨η, χ⟩ - ν A(η)), times √|∇²A| under Jeffreys' prior.
    ``prior``: in words. ``log_evidence``: ln p(data), None under an improper prior. ``method``:
    "grid" (up to three parameters) or "importance sampling". ``error``: relative, of the
    evidence and of probabilities; estimated, by the last refinement of the grid or as the
    standard error of the draws. Quantiles from a grid have about six digits.
    """

    family: ExponentialFamily
    chi: Array
    nu: float
    n: float
    prior: str
    log_evidence: float | None
    method: str
    error: float
    kernel: Kernel = field(repr=False)
    points: Array = field(repr=False)
    weights: Array = field(repr=False)
    first: Grid | None = field(repr=False, default=None)

    @property
    def variable(self) -> str:
        """What the posterior is a distribution of."""
        return " and ".join(self.family.parameters)

    @property
    def names(self) -> list[str]:
        """The numbers by name: parameters, or those of the vector with their places."""
        names = self.family.parameters
        if len(names) == self.family.size:
            return list(names)
        return [f"{names[0]} {j}" for j in range(self.family.size)]

    @property
    def mean(self) -> Array:
        """The posterior means of the usual parameters (d,)."""
        return np.asarray(self.weights @ self.points)

    @property
    def covariance(self) -> Array:
        """The posterior covariance of the usual parameters (d, d)."""
        centred = self.points - self.mean
        return np.asarray((self.weights[:, None] * centred).T @ centred)

    def map(self) -> Distribution:
        """The member at the highest posterior density of the usual parameters.

        Raises ArgumentError where that density is not bounded (few data, Jeffreys' prior).
        """
        return self._member(self.kernel.mode())

    def _member(self, usual: Array) -> Distribution:
        names = self.family.parameters
        values = {names[0]: usual} if len(names) == 1 else dict(zip(names, usual, strict=True))
        return self.family.distribution(**values)

    @cached_property
    def _marginals(self) -> dict[str, Any]:
        if self.first is None:
            columns = zip(self.names, self.points.T, strict=True)
            return {name: DrawnMarginal(values, self.weights) for name, values in columns}
        peak = self.kernel.peak()
        grids = [self.first]
        grids += [
            grid_of(self.kernel, peak, j, self.kernel.words) for j in range(1, self.family.size)
        ]
        return {
            name: Marginal(grid.axis, grid.s, grid.log_marginal)
            for name, grid in zip(self.names, grids, strict=True)
        }

    def marginals(self) -> dict[str, Any]:
        """The posterior of each number by name: mean, sd, mode, quantiles, intervals."""
        return dict(self._marginals)

    def interval(
        self, level: float = 0.95, kind: str = "equal-tailed", *, of: str | None = None
    ) -> Interval:
        """A credible interval of the number called ``of``; see Distribution."""
        marginals = self._marginals
        if of is None and len(marginals) == 1:
            (of,) = marginals
        if of not in marginals:
            raise ArgumentError(
                f"the posterior is one of several numbers; say which with of=, one of "
                f"{', '.join(map(repr, marginals))}"
                + ("" if of is None else f" (there is no {of!r})")
            )
        found: Interval = marginals[of].interval(level, kind)
        return found

    def predictive(self) -> NumericalPredictive:
        """The distribution of a new observation."""
        return NumericalPredictive(self)

    def __str__(self) -> str:
        evidence = (
            "no evidence (the prior is improper)"
            if self.log_evidence is None
            else f"log-evidence {self.log_evidence:.6g}"
        )
        rows = [
            f"  {name} = {float(each.mean):.6g} ± {float(each.sd):.3g}"
            for name, each in list(self._marginals.items())[:20]
        ]
        return "\n".join(
            [
                f"Posterior of {self.variable} ({self.family.name}), n = {self.n:g}, by "
                f"{self.method}, relative error {self.error:.1g}",
                *rows,
                f"  prior: {self.prior}; {evidence}",
            ]
        )


@dataclass(frozen=True, eq=False)
class NumericalPredictive:
    """The distribution of a new observation: the members' mixture under the posterior."""

    posterior: NumericalPosterior

    @property
    def distribution(self) -> None:
        """It has no name."""
        return None

    def log_density(self, x: ArrayLike) -> Tensor:
        """ln Σ_k w_k p(x; θ_k) over the points of the posterior; -∞ outside the support.

        Shapes: (…, *event) → (…).
        """
        own = self.posterior
        family, given = own.family, floating(x).value.astype(np.float64)
        event = family.support.event
        shape = given.shape[: given.ndim - len(event)]
        flat = given.reshape((-1, *event))
        inside = np.asarray(family.support.contains(flat)).reshape(-1)
        anchor = own._member(own.mean).mean.value
        safe = np.where(inside.reshape((-1, *[1] * len(event))), flat, anchor)
        eta = own.kernel.natural(tensor(own.points)).value
        log_weights = np.log(own.weights) - family.log_partition(tensor(eta)).value
        statistic = family.statistic(tensor(safe)).value
        found = np.empty(len(flat))
        for i, row in enumerate(statistic):
            logs = eta @ row + log_weights
            top = logs.max()
            found[i] = top + math.log(np.exp(logs - top).sum())
        found = found + family.log_base(tensor(safe)).value
        missing = np.isnan(flat).reshape(len(flat), -1).any(axis=1)
        found = np.where(missing, np.nan, np.where(inside, found, -np.inf))
        return tensor(found.reshape(shape))

    def density(self, x: ArrayLike) -> Tensor:
        """p(x | data)."""
        return array.exp(self.log_density(x))

    def sample(self, shape: int | tuple[int, ...] = (), *, seed: int) -> Array:
        """New observations (``shape``, event): points of the posterior, a value of each.

        A pure function of ``seed``.
        """
        own = self.posterior
        first, second = random.split(random.key(seed))
        uniform = random.uniform(first, shape).value
        place = np.searchsorted(np.cumsum(own.weights), uniform * own.weights.sum())
        chosen = own.points[np.minimum(place, len(own.points) - 1)]
        names = own.family.parameters
        if len(names) == 1:
            values: dict[str, Any] = {names[0]: chosen}
        else:
            values = {name: chosen[..., i] for i, name in enumerate(names)}
        return own.family.distribution(**values).sample((), key=second)


def numerical_posterior(
    family: ExponentialFamily, prior: Any, data: ArrayLike | None
) -> NumericalPosterior:
    """See ``ExponentialFamily.posterior``; prior None is Jeffreys' prior."""
    from .estimation import weighted

    if prior is not None and not isinstance(prior, ConjugatePrior):
        member = ", ".join(f"{name}=…" for name in family.parameters)
        raise ArgumentError(
            f"the conjugate prior of the {family.name} family is ConjugatePrior(strength, "
            f"{member}), worth so many observations of that member; got {prior!r}"
        )
    if family.size > _MOST:
        raise ArgumentError(
            f"the posterior of {family.size} parameters is not computed; at most {_MOST}"
        )
    if data is not None and as_array(data, "data").size == 0:
        data = None
    if data is None and prior is None:
        raise ArgumentError("there are no data, and Jeffreys' prior alone says nothing")
    chi, nu = (np.zeros(family.size), 0.0) if prior is None else prior.hyper(family)
    n, base = 0.0, 0.0
    words = _JEFFREYS if prior is None else repr(prior)
    before = chi, nu
    if data is not None:
        values, weights = weighted(family, data, None)
        n = float(weights.sum())
        reason = None if family.no_estimate is None else family.no_estimate(values, weights)
        if prior is None and reason is not None:
            raise DomainError(f"under {words} there is no proper posterior: {reason}")
        chi = chi + family.statistic(tensor(values)).value.sum(axis=0)
        nu = nu + n
        base = float(family.log_base(tensor(values)).value.sum())
    kernel = Kernel(family, chi, nu, prior is None)
    found = integrated(kernel)
    evidence = None
    if prior is not None:
        earlier = integrated(Kernel(family, *before, False))[0] if n else found[0]
        evidence = base + found[0] - earlier
    method = "grid" if found[4] is not None else "importance sampling"
    return NumericalPosterior(
        family, chi, nu, n, words, evidence, method, found[1], kernel, np.exp(found[2]),
        found[3], found[4],
    )  # fmt: skip
