"""All families by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from trivium.engine.errors import ArgumentError

from . import families_continuous as continuous
from . import families_discrete as discrete
from . import families_many as many
from .exponential_family import ExponentialFamily
from .naming import unknown_name

__all__ = ["family"]

_FAMILIES: dict[str, ExponentialFamily | Callable[..., ExponentialFamily]] = {
    "bernoulli": discrete.bernoulli,
    "beta": continuous.beta,
    "binomial": discrete.binomial,
    "categorical": many.categorical,
    "dirichlet": many.dirichlet,
    "discrete_power_law": discrete.discrete_power_law,
    "exponential": continuous.exponential,
    "gamma": continuous.gamma,
    "gamma_known_shape": continuous.gamma_known_shape,
    "geometric": discrete.geometric,
    "inverse_gaussian": continuous.inverse_gaussian,
    "multivariate_normal": many.multivariate_normal,
    "negative_binomial": discrete.negative_binomial,
    "normal": continuous.normal,
    "normal_known_variance": continuous.normal_known_variance,
    "poisson": discrete.poisson,
    "power_law": continuous.power_law,
}
_OTHER_NAMES = {"gaussian": "normal", "zeta": "discrete_power_law", "pareto": "power_law"}


def family(name: str | ExponentialFamily, **known: Any) -> ExponentialFamily:
    """The exponential family called ``name``; an ExponentialFamily is returned as it is.

    ``known``: what is not estimated: ``trials`` (binomial), ``size`` (negative_binomial),
    ``sd`` (normal_known_variance), ``shape`` (gamma_known_shape), ``minimum`` (power laws),
    ``classes`` (categorical, dirichlet), ``dimension`` (multivariate_normal). Case, hyphens and
    spaces do not matter.
    Raises ArgumentError for an unknown name, with the nearest one, and for numbers that do not
    fit.
    """
    if isinstance(name, ExponentialFamily):
        return name
    key = str(name).strip().lower().replace("-", "_").replace(" ", "_")
    key = _OTHER_NAMES.get(key, key)
    found = _FAMILIES.get(key)
    if found is None:
        raise unknown_name("family", name, [*_FAMILIES, *_OTHER_NAMES])
    if isinstance(found, ExponentialFamily):
        if known:
            raise ArgumentError(
                f"the {key} family takes no known numbers, but {', '.join(sorted(known))} "
                f"was given; its parameters {', '.join(found.parameters)} are estimated"
            )
        return found
    try:
        return found(**known)
    except TypeError:
        from inspect import signature

        takes = ", ".join(str(each) for each in signature(found).parameters.values())
        given = ", ".join(f"{name}={value!r}" for name, value in known.items()) or "nothing"
        raise ArgumentError(f"the {key} family takes {takes}; given was {given}") from None
