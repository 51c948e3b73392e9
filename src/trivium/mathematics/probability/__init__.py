"""Probability: exponential families, distributions, estimation.

``family(name)`` finds an exponential family by name, ``link(name)`` a link of generalised
linear models. Distributions: ``Normal(mean=0, sd=1)`` and so on.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from trivium.engine.lazy import lazy

# fmt: off
_MODULES = {
    "conjugate": ["Posterior", "Predictive"],
    "conjugate_prior": ["ConjugatePrior"],
    "continuous": ["Normal", "StudentT", "Uniform"],
    "discrete": ["Bernoulli", "Binomial", "Poisson"],
    "distribution": ["Distribution"],
    "estimation": ["Estimate"],
    "exponential_family": ["ExponentialFamily"],
    "families": ["family"],
    "independence_tests": [
        "IndependenceTest", "conditional_independence", "contingency", "independence",
    ],
    "inference": ["Inference", "ParameterInference", "infer"],
    "inverse_gamma": ["InverseGamma", "RootInverseGamma"],
    "inverse_gaussian": ["InverseGaussian"],
    "links": ["Link", "link"],
    "many": ["Categorical", "Dirichlet"],
    "moments": [
        "Moment", "correlation", "covariance", "expectation", "partial_correlation", "variance",
    ],
    "multivariate_normal": ["MultivariateNormal"],
    "normal_priors": ["NormalInverseGamma", "NormalInverseWishart"],
    "numerical_posterior": ["NumericalPosterior", "NumericalPredictive"],
    "positive": ["Beta", "Exponential", "Gamma"],
    "power_law": ["DiscretePowerLaw", "PowerLaw"],
    "power_law_fit": ["PowerLawFit", "fit_power_law"],
    "waiting": ["Geometric", "NegativeBinomial"],
}
# fmt: on

__all__ = ["links", *[name for names in _MODULES.values() for name in names]]

if TYPE_CHECKING:
    from . import links as links
    from .conjugate import Posterior as Posterior
    from .conjugate import Predictive as Predictive
    from .conjugate_prior import ConjugatePrior as ConjugatePrior
    from .continuous import Normal as Normal
    from .continuous import StudentT as StudentT
    from .continuous import Uniform as Uniform
    from .discrete import Bernoulli as Bernoulli
    from .discrete import Binomial as Binomial
    from .discrete import Poisson as Poisson
    from .distribution import Distribution as Distribution
    from .estimation import Estimate as Estimate
    from .exponential_family import ExponentialFamily as ExponentialFamily
    from .families import family as family
    from .independence_tests import IndependenceTest as IndependenceTest
    from .independence_tests import conditional_independence as conditional_independence
    from .independence_tests import contingency as contingency
    from .independence_tests import independence as independence
    from .inference import Inference as Inference
    from .inference import ParameterInference as ParameterInference
    from .inference import infer as infer
    from .inverse_gamma import InverseGamma as InverseGamma
    from .inverse_gamma import RootInverseGamma as RootInverseGamma
    from .inverse_gaussian import InverseGaussian as InverseGaussian
    from .links import Link as Link
    from .links import link as link
    from .many import Categorical as Categorical
    from .many import Dirichlet as Dirichlet
    from .moments import Moment as Moment
    from .moments import correlation as correlation
    from .moments import covariance as covariance
    from .moments import expectation as expectation
    from .moments import partial_correlation as partial_correlation
    from .moments import variance as variance
    from .multivariate_normal import MultivariateNormal as MultivariateNormal
    from .normal_priors import NormalInverseGamma as NormalInverseGamma
    from .normal_priors import NormalInverseWishart as NormalInverseWishart
    from .numerical_posterior import NumericalPosterior as NumericalPosterior
    from .numerical_posterior import NumericalPredictive as NumericalPredictive
    from .positive import Beta as Beta
    from .positive import Exponential as Exponential
    from .positive import Gamma as Gamma
    from .power_law import DiscretePowerLaw as DiscretePowerLaw
    from .power_law import PowerLaw as PowerLaw
    from .power_law_fit import PowerLawFit as PowerLawFit
    from .power_law_fit import fit_power_law as fit_power_law
    from .waiting import Geometric as Geometric
    from .waiting import NegativeBinomial as NegativeBinomial
else:

    def _missing(name: str) -> str:
        from difflib import get_close_matches

        near = get_close_matches(name, __all__, n=1)
        hint = f"; did you mean tv.probability.{near[0]}?" if near else ""
        return f"tv.probability has no {name}{hint}"

    _find, _names = lazy(__name__, _MODULES, _missing)

    def __getattr__(name: str) -> Any:
        if name == "links":  # a room of its own: links.logit, links.power(2)
            return importlib.import_module(f"{__name__}.links")
        return _find(name)

    def __dir__() -> list[str]:
        return sorted({*_names(), "links"})
