"""Conjugate priors without a name of their own, described by a member of the family."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from trivium.engine.errors import ArgumentError
from trivium.engine.tensor import tensor

from .exponential_family import ExponentialFamily
from .support import as_data

__all__ = ["ConjugatePrior"]

Array = np.ndarray[Any, Any]


class ConjugatePrior:
    """The conjugate prior that is worth ``strength`` observations like those of one member.

    p(η) ∝ exp(ν(⟨η, m⟩ - A(η))) with ν = ``strength`` > 0 and m = ∇A(η₀) the mean statistic of
    the member with the usual parameters given: ``ConjugatePrior(2.0, shape=3.0, rate=1.0)``. m
    is also the prior expectation of the mean statistic; the density of the usual parameters is
    highest at that member. Source: Diaconis & Ylvisaker (1979), theorem 2.
    """

    shape: tuple[int, ...] = ()

    def __init__(self, strength: float, **member: Any) -> None:
        try:
            self.strength = float(strength)
        except (TypeError, ValueError):
            self.strength = math.nan
        if not 0 < self.strength < math.inf:
            raise ArgumentError(
                f"ConjugatePrior: the strength is a positive number of observations, not "
                f"{strength!r}"
            )
        self.member = {name: as_data(value, name) for name, value in member.items()}

    def hyper(self, family: ExponentialFamily) -> tuple[Array, float]:
        """χ (d,) and ν in ``family``. Raises ArgumentError for other parameters than its own."""
        if set(self.member) != set(family.parameters):
            raise ArgumentError(
                f"{self!r} describes a member by {', '.join(self.member) or 'nothing'}; the "
                f"{family.name} family has {', '.join(family.parameters)}"
            )
        family.distribution(**self.member)  # refuses what is no member
        eta = family.natural(**{name: tensor(each) for name, each in self.member.items()})
        if eta.shape != (family.size,):
            raise ArgumentError(f"the prior {self!r} does not have the {family!r}'s dimension")
        return self.strength * family.mean_statistic(eta).value, self.strength

    def __repr__(self) -> str:
        member = "".join(
            f", {name}={np.array2string(value, precision=6, separator=', ')}"
            for name, value in self.member.items()
        )
        return f"ConjugatePrior({self.strength:g}{member})"
