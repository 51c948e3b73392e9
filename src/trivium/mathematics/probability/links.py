"""Links of generalised linear models: monotone functions from a mean to a linear predictor.

Every function takes and gives Tensors and is differentiable. Inverses are built so that the
engine recognises the stable form of a log-likelihood: ln σ(z), ln(1 - σ(z)) and ln eᶻ.
Source: McCullagh & Nelder (1989), *Generalized Linear Models*, 2nd ed., §2.2.3 and §4.3.1.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from trivium.engine import array
from trivium.engine.array.arguments import ArrayLike, floating
from trivium.engine.composites import as_tensor, where
from trivium.engine.errors import ArgumentError
from trivium.engine.tensor import Tensor

from .naming import unknown_name
from .special import log_normal_cdf, normal_cdf, normal_quantile

__all__ = [
    "Link",
    "cauchit",
    "cloglog",
    "identity",
    "inverse",
    "inverse_squared",
    "link",
    "log",
    "logit",
    "loglog",
    "negative_binomial",
    "power",
    "probit",
    "sqrt",
]

Function = Callable[[Tensor], Tensor]


@dataclass(frozen=True, eq=False)
class Link:
    """A link g: the linear predictor is η = g(μ), the mean μ = g⁻¹(η).

    ``function``: g. ``inverse``: g⁻¹. ``derivative``: g'(μ). ``inverse_derivative``: dμ/dη as a
    function of η, stable where the mean saturates. ``domain``: the open interval of means,
    ``predictors``: that of linear predictors. All elementwise, Tensors in and out.
    ``log_inverse``, ``log_complement``: ln μ and ln(1 - μ) of η without cancellation, where
    they differ from the plain logarithms.
    """

    name: str
    function: Function
    inverse: Function
    derivative: Function
    inverse_derivative: Function
    domain: tuple[float, float]
    predictors: tuple[float, float] = (-math.inf, math.inf)
    formula: str = ""
    log_inverse: Function | None = None
    log_complement: Function | None = None

    def __post_init__(self) -> None:
        """The functions read lists and NumPy arrays too, as those of ``tv.array`` do."""
        for name in ("function", "inverse", "derivative", "inverse_derivative"):
            own = getattr(self, name)
            object.__setattr__(self, name, lambda x, own=own: own(floating(x)))

    def __call__(self, mean: ArrayLike) -> Tensor:
        """The linear predictor g(mean)."""
        return self.function(floating(mean))

    def __repr__(self) -> str:
        return f"Link({self.name}: η = {self.formula})"

    def log_mean(self, predictor: ArrayLike) -> Tensor:
        """ln g⁻¹(η), accurate also where the mean underflows."""
        eta = floating(predictor)
        if self.log_inverse is not None:
            return self.log_inverse(eta)
        return array.log(self.inverse(eta))

    def log_one_minus_mean(self, predictor: ArrayLike) -> Tensor:
        """ln(1 - g⁻¹(η)) for means that are probabilities, accurate where 1 - μ underflows."""
        eta = floating(predictor)
        if self.log_complement is not None:
            return self.log_complement(eta)
        return array.log1p(-self.inverse(eta))


identity = Link(
    "identity",
    function=lambda m: m,
    inverse=lambda e: e,
    derivative=array.ones_like,
    inverse_derivative=array.ones_like,
    domain=(-math.inf, math.inf),
    formula="μ",
)

log = Link(
    "log",
    function=array.log,
    inverse=array.exp,
    derivative=lambda m: 1.0 / m,
    inverse_derivative=array.exp,
    domain=(0.0, math.inf),
    formula="ln μ",
    log_inverse=lambda e: e,
)

logit = Link(
    "logit",
    function=lambda m: array.log(m) - array.log1p(-m),
    inverse=array.sigmoid,
    derivative=lambda m: 1.0 / (m * (1.0 - m)),
    inverse_derivative=lambda e: array.sigmoid(e) * array.sigmoid(-e),
    domain=(0.0, 1.0),
    formula="ln(μ/(1 - μ))",
    log_inverse=lambda e: -array.softplus(-e),
    log_complement=lambda e: -array.softplus(e),
)


def _normal_density(x: Tensor) -> Tensor:
    return array.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)


probit = Link(
    "probit",
    function=normal_quantile,
    inverse=normal_cdf,
    derivative=lambda m: math.sqrt(2 * math.pi) * array.exp(0.5 * normal_quantile(m) ** 2),
    inverse_derivative=_normal_density,
    domain=(0.0, 1.0),
    formula="Φ⁻¹(μ)",
    log_inverse=log_normal_cdf,
    log_complement=lambda e: log_normal_cdf(-e),
)


def _capped_exp(e: Tensor) -> Tensor:
    """eᵉ without infinity: past 700 the mean is 1 to every digit and its slope is 0."""
    return array.exp(array.minimum(e, as_tensor(700.0 if e.dtype.itemsize == 8 else 88.0)))


def _log_one_minus_exp(x: Tensor) -> Tensor:
    """ln(1 - e⁻ˣ) for x ≥ 0 (Mächler 2012, eq. 7)."""
    small = x < math.log(2)
    near = where(small, x, 1.0)
    far = where(small, 1.0, x)
    return where(small, array.log(-array.expm1(-near)), array.log1p(-array.exp(-far)))


cloglog = Link(
    "cloglog",
    function=lambda m: array.log(-array.log1p(-m)),
    inverse=lambda e: -array.expm1(-_capped_exp(e)),
    derivative=lambda m: -1.0 / ((1.0 - m) * array.log1p(-m)),
    inverse_derivative=lambda e: array.exp(e - _capped_exp(e)),
    domain=(0.0, 1.0),
    formula="ln(-ln(1 - μ))",
    log_inverse=lambda e: _log_one_minus_exp(_capped_exp(e)),
    log_complement=lambda e: -_capped_exp(e),
)

loglog = Link(
    "loglog",
    function=lambda m: -array.log(-array.log(m)),
    inverse=lambda e: array.exp(-_capped_exp(-e)),
    derivative=lambda m: -1.0 / (m * array.log(m)),
    inverse_derivative=lambda e: array.exp(-e - _capped_exp(-e)),
    domain=(0.0, 1.0),
    formula="-ln(-ln μ)",
    log_inverse=lambda e: -_capped_exp(-e),
    log_complement=lambda e: _log_one_minus_exp(_capped_exp(-e)),
)


def _cauchy_cdf(e: Tensor) -> Tensor:
    """½ + arctan(e)/π, as arctan(1/-e)/π in the lower tail, where ½ would cancel."""
    return array.atan2(array.ones_like(e), -e) / math.pi


cauchit = Link(
    "cauchit",
    function=lambda m: -1.0 / array.tan(math.pi * m),
    inverse=_cauchy_cdf,
    derivative=lambda m: math.pi / array.square(array.sin(math.pi * m)),
    inverse_derivative=lambda e: 1.0 / (math.pi * (1.0 + e * e)),
    domain=(0.0, 1.0),
    formula="tan(π(μ - ½))",
    log_complement=lambda e: array.log(_cauchy_cdf(-e)),
)

inverse = Link(
    "inverse",
    function=lambda m: 1.0 / m,
    inverse=lambda e: 1.0 / e,
    derivative=lambda m: -1.0 / (m * m),
    inverse_derivative=lambda e: -1.0 / (e * e),
    domain=(0.0, math.inf),
    predictors=(0.0, math.inf),
    formula="1/μ",
)

inverse_squared = Link(
    "inverse_squared",
    function=lambda m: 1.0 / (m * m),
    inverse=lambda e: 1.0 / array.sqrt(e),
    derivative=lambda m: -2.0 / (m * m * m),
    inverse_derivative=lambda e: -0.5 / (e * array.sqrt(e)),
    domain=(0.0, math.inf),
    predictors=(0.0, math.inf),
    formula="1/μ²",
)

sqrt = Link(
    "sqrt",
    function=array.sqrt,
    inverse=array.square,
    derivative=lambda m: 0.5 / array.sqrt(m),
    inverse_derivative=lambda e: 2.0 * e,
    domain=(0.0, math.inf),
    predictors=(0.0, math.inf),
    formula="√μ",
)


def power(exponent: float) -> Link:
    """The link μᵖ for positive means; the exponent 0 stands for ln μ, its limit.

    Raises ArgumentError for an exponent that is not finite.
    """
    p = float(exponent)
    if not math.isfinite(p):
        raise ArgumentError(f"links.power: the exponent must be finite, not {exponent!r}")
    if p == 0:
        return log
    return Link(
        f"power({p:g})",
        function=lambda m: m**p,
        inverse=lambda e: e ** (1.0 / p),
        derivative=lambda m: p * m ** (p - 1.0),
        inverse_derivative=lambda e: (1.0 / p) * e ** (1.0 / p - 1.0),
        domain=(0.0, math.inf),
        predictors=(0.0, math.inf),
        formula=f"μ^{p:g}",
    )


def negative_binomial(size: float) -> Link:
    """The canonical link ln(μ/(μ + r)) of the negative binomial family with size r.

    Raises ArgumentError unless r is positive and finite.
    """
    r = float(size)
    if not 0 < r < math.inf:
        raise ArgumentError(f"links.negative_binomial: the size must be positive, not {size!r}")
    return Link(
        f"negative_binomial({r:g})",
        function=lambda m: array.log(m) - array.log(m + r),
        inverse=lambda e: r / array.expm1(-e),
        derivative=lambda m: r / (m * (m + r)),
        inverse_derivative=lambda e: r * array.exp(-e) / array.square(array.expm1(-e)),
        domain=(0.0, math.inf),
        predictors=(-math.inf, 0.0),
        formula=f"ln(μ/(μ + {r:g}))",
    )


_LINKS = {
    each.name: each
    for each in (
        identity, log, logit, probit, cloglog, loglog, cauchit, inverse, inverse_squared, sqrt,
    )
}  # fmt: skip


def link(name: str | Link) -> Link:
    """The link called ``name``; a Link is returned as it is.

    Case, hyphens and underscores do not matter. Raises ArgumentError with the nearest name.
    """
    if isinstance(name, Link):
        return name
    found = _LINKS.get(str(name).strip().lower().replace("-", "_"))
    if found is None:
        raise unknown_name("link", name, _LINKS)
    return found
