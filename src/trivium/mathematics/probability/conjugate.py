"""Conjugate posteriors, evidence and predictions, from the definition of the family."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from trivium.engine import array, random
from trivium.engine.array.arguments import ArrayLike, floating
from trivium.engine.errors import ArgumentError
from trivium.engine.tensor import Tensor, tensor

from .conjugate_forms import Conjugate
from .distribution import Distribution, Interval
from .exponential_family import ExponentialFamily
from .support import as_array

if TYPE_CHECKING:
    from .numerical_posterior import NumericalPosterior

__all__ = ["Posterior", "Predictive", "posterior"]

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Posterior:
    """What is known of a family's parameter after n observations under a conjugate prior.

    ``distribution``: the named posterior of ``variable``. ``chi``, ``nu``: the hyperparameters
    of p(η) ∝ exp(⟨η, χ⟩ - ν A(η)). ``prior``: in words. ``log_evidence``: ln p(data), the
    marginal likelihood; None under an improper prior, for which it has no meaning.
    """

    family: ExponentialFamily
    variable: str
    distribution: Distribution
    chi: Array
    nu: Array
    n: float
    prior: str
    log_evidence: float | None

    @property
    def mean(self) -> Array:
        """The posterior mean of the variable, NumPy."""
        return self.distribution.mean.value

    def map(self) -> Distribution:
        """The member of the family at the posterior mode of the variable.

        The mode depends on the variable: that of a probability is not that of its logit. Raises
        ArgumentError where the density has no unique peak.
        """
        assert self.family.conjugate is not None
        return self.family.distribution(**self.family.conjugate.usual(self.distribution.mode))

    def interval(self, level: float = 0.95, kind: str = "equal-tailed") -> Interval:
        """A credible interval of the variable, which must be one number; see Distribution."""
        return self.distribution.interval(level, kind)

    def marginals(self) -> dict[str, Distribution]:
        """The posterior of each number by name."""
        found = getattr(self.distribution, "marginals", None)
        return {self.variable: self.distribution} if found is None else found()

    def predictive(self) -> Predictive:
        """The distribution of a new observation."""
        return Predictive(self)

    def __str__(self) -> str:
        evidence = (
            "no evidence (the prior is improper)"
            if self.log_evidence is None
            else f"log-evidence {self.log_evidence:.6g}"
        )
        return (
            f"Posterior of {self.variable} ({self.family.name}), n = {self.n:g}: "
            f"{self.distribution!r}\n  prior: {self.prior}; {evidence}"
        )


@dataclass(frozen=True)
class Predictive:
    """The distribution of a new observation given a posterior (or prior).

    ``distribution``: its name, where it has one; else None.
    """

    posterior: Posterior

    @property
    def distribution(self) -> Distribution | None:
        """The named predictive distribution, or None."""
        rule = _conjugate(self.posterior.family)
        return None if rule.predictive is None else rule.predictive(self.posterior.distribution)

    def log_density(self, x: ArrayLike) -> Tensor:
        """ln p(x | data); elementwise over observations."""
        named = self.distribution
        return self.log_density_by_definition(x) if named is None else named.log_density(x)

    def log_density_by_definition(self, x: ArrayLike) -> Tensor:
        """ln h(x) + Z(χ + t(x), ν + 1) - Z(χ, ν); -∞ outside the support."""
        family, given = self.posterior.family, floating(x)
        rule = _conjugate(family)
        known = given.value
        good = np.asarray(family.support.contains(known)) & np.isfinite(known).all(
            axis=tuple(range(known.ndim - len(family.support.event), known.ndim))
        )
        chi, nu = tensor(self.posterior.chi), tensor(self.posterior.nu)
        after = rule.log_normalizer(chi + family.statistic(given), nu + 1.0)
        value = family.log_base(given) + after - rule.log_normalizer(chi, nu)
        return array.where(good, value, -math.inf)

    def density(self, x: ArrayLike) -> Tensor:
        """p(x | data)."""
        return array.exp(self.log_density(x))

    def sample(self, shape: int | tuple[int, ...] = (), *, seed: int) -> Array:
        """New observations: a parameter from the posterior, then a value from its member.

        Shapes: (``shape``, event). A pure function of ``seed``.
        """
        first, second = random.split(random.key(seed))
        family = self.posterior.family
        named = self.distribution
        if named is not None:
            return named.sample(shape, key=first)
        variable = self.posterior.distribution.sample(shape, key=first)
        rule = _conjugate(family)
        if rule.draw is not None:
            return rule.draw(variable, second)
        usual = rule.usual(variable)
        return family.distribution(**usual).sample((), key=second)


def _conjugate(family: ExponentialFamily) -> Conjugate:
    if family.conjugate is None:
        raise ArgumentError(
            f"the {family.name} family has no conjugate prior that can be normalised; families "
            "with one: bernoulli, beta, binomial, categorical, dirichlet, exponential, gamma, "
            "gamma_known_shape, geometric, multivariate_normal, negative_binomial, normal, "
            "normal_known_variance, poisson, power_law"
        )
    return family.conjugate


def posterior(
    family: ExponentialFamily, prior: Any, data: ArrayLike | None
) -> Posterior | NumericalPosterior:
    """See ``ExponentialFamily.posterior``; prior None is the family's reference prior."""
    from .estimation import weighted
    from .numerical_posterior import NUMERICAL, numerical_posterior

    if family.conjugate is None and family.name in NUMERICAL:
        return numerical_posterior(family, prior, data)
    rule = _conjugate(family)
    if prior is not None and type(prior).__name__ != rule.prior:
        raise ArgumentError(
            f"the conjugate prior of the {family.name} family is {rule.prior}, a distribution "
            f"of its {rule.variable}; got {prior!r}"
        )
    if prior is not None and getattr(prior, "shape", ()) != ():
        raise ArgumentError(f"the prior must be one distribution, not a batch: {prior!r}")
    if prior is None and data is None:
        raise ArgumentError(f"{rule.reference_name} is improper or vague; give data or a prior")
    chi, nu = rule.reference if prior is None else rule.hyper(prior)
    if chi.shape != (family.size,):
        raise ArgumentError(f"the prior {prior!r} does not have the {family!r}'s dimension")
    words = rule.reference_name if prior is None else repr(prior)
    if data is None or as_array(data, "data").size == 0:
        if prior is None:
            raise ArgumentError(
                f"there are no data, and {rule.reference_name} alone says nothing; give a prior"
            )
        return Posterior(family, rule.variable, prior, chi, nu, 0.0, words, 0.0)
    values, weights = weighted(family, data, None)
    n = float(weights.sum())
    if rule.update is not None:
        with np.errstate(all="ignore"):  # what overflows is refused by the named distribution
            named = rule.update(prior, values, weights)
        new_chi, new_nu = rule.hyper(named)
    else:
        new_chi = chi + family.statistic(tensor(values)).value.sum(axis=0)
        new_nu = nu + n
        named = rule.named(new_chi, new_nu)
    evidence = None
    if prior is not None or rule.proper:
        base = float(family.log_base(tensor(values)).value.sum())
        last = rule.log_normalizer(tensor(new_chi), tensor(new_nu)).value
        evidence = base + float(last - rule.log_normalizer(tensor(chi), tensor(nu)).value)
    return Posterior(family, rule.variable, named, new_chi, new_nu, n, words, evidence)
