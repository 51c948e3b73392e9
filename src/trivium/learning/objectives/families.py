"""Response families as losses of the linear predictor, each in a form that keeps its digits.

What a family is (variance function, deviance, canonical link) is known to tv.probability; here
are its log-densities as functions of η = g(μ) and of a dispersion that may be a parameter.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from trivium.engine import array
from trivium.engine.composites import where
from trivium.engine.errors import ArgumentError
from trivium.engine.tensor import Tensor
from trivium.mathematics.probability import links
from trivium.mathematics.probability import mean_model as models
from trivium.mathematics.probability.special import log_choose, x_log_y

from ..errors import RequestError
from ..registry import near

if TYPE_CHECKING:
    from trivium.mathematics.probability.links import Link
    from trivium.mathematics.probability.mean_model import MeanModel

__all__ = ["FAMILIES", "Family", "family_called", "link_called"]

Array = np.ndarray[Any, Any]
Number = Tensor | float
Losses = Callable[[Any, Tensor, Tensor, Tensor | None, Number], Tensor]


@dataclass(frozen=True, eq=False)
class Family:
    """A response family. ``losses_inside``: (link, η, y, size, φ) → -ln p, for η in the domain.

    ``size``: trials (binomial; y is the proportion) or exposure (counts), None for 1.
    ``model``: (φ) → its variance function, deviance and domain. ``words``: its name in prose.
    ``has_dispersion``: whether φ is free. ``positive``, ``whole``: what responses are.
    """

    name: str
    words: str
    model: Callable[[float], MeanModel]
    losses_inside: Losses
    default_link: str
    has_dispersion: bool = False
    least: float | None = None
    open_least: bool = False
    whole: bool = False
    rule: str = ""

    @property
    def counts(self) -> bool:
        """Whether responses are counts without an upper limit."""
        return self.name in ("poisson", "negative_binomial")

    @property
    def domain(self) -> tuple[float, float]:
        """The open interval of means."""
        return self.model(1.0).mean_domain

    def inside(self, mean: float) -> bool:
        """Whether ``mean`` is a mean that the family can have."""
        low, high = self.domain
        return low < mean < high

    def misfits(self, y: Array) -> tuple[Array, str]:
        """Which responses cannot occur, and the rule that they break."""
        bad = ~np.isfinite(y)
        if self.least is not None:
            bad = bad | ((y <= self.least) if self.open_least else (y < self.least))
        if self.whole:
            bad = bad | (y != np.floor(y))
        return bad, self.rule

    def losses(
        self, link: Link, eta: Tensor, y: Tensor, size: Tensor | None, phi: Number
    ) -> Tensor:
        """-ln p of each response; ∞ where η gives no mean of the family. Shapes: (N,)."""
        inside = _inside(link, eta, self.domain)
        if inside is None:
            return self.losses_inside(link, eta, y, size, phi)
        harmless = float(_middle(link, self.domain))
        # The branch that is not taken is computed at a harmless place, so that its derivatives
        # are finite.
        value = self.losses_inside(link, where(inside, eta, harmless), y, size, phi)
        return where(inside, value, math.inf)


def _inside(link: Link, eta: Tensor, domain: tuple[float, float]) -> Tensor | None:
    """Which predictors give means of the family; None when all do."""
    conditions = []
    low, high = link.predictors
    if low > -math.inf:
        conditions.append(eta > low)
    if high < math.inf:
        conditions.append(eta < high)
    if link.domain[0] < domain[0] or link.domain[1] > domain[1]:
        # Such links do not saturate, so the mean itself can be compared.
        mean = link.inverse(where(conditions[0], eta, 1.0) if conditions else eta)
        if link.domain[0] < domain[0]:
            conditions.append(mean > domain[0])
        if link.domain[1] > domain[1]:
            conditions.append(mean < domain[1])
    if not conditions:
        return None
    found = conditions[0]
    for each in conditions[1:]:
        found = array.logical_and(found, each)
    return found


def _middle(link: Link, domain: tuple[float, float]) -> Any:
    """A predictor whose mean lies well inside the family's domain."""
    mean = 0.5 if domain[1] == 1.0 else 1.0
    return link.function(array.asarray(mean)).value


def _dispersion_log(phi: Number) -> Number:
    return array.log(phi) if isinstance(phi, Tensor) else math.log(phi)


def _normal(link: Any, eta: Tensor, y: Tensor, size: Tensor | None, phi: Number) -> Tensor:
    squares = array.square(y - link.inverse(eta))
    return 0.5 * (squares / phi + (_dispersion_log(phi) + math.log(2 * math.pi)))


def _bernoulli(link: Any, eta: Tensor, y: Tensor, size: Tensor | None, phi: Number) -> Tensor:
    return -(x_log_y(y, link.log_mean(eta)) + x_log_y(1.0 - y, link.log_one_minus_mean(eta)))


def _logistic(link: Any, eta: Tensor, y: Tensor, size: Tensor | None, phi: Number) -> Tensor:
    """ln(1 + e^η) - y η: one softplus instead of two."""
    if link.name != "logit":
        return _bernoulli(link, eta, y, size, phi)
    return array.softplus(eta) - y * eta


def _binomial(link: Any, eta: Tensor, y: Tensor, size: Tensor | None, phi: Number) -> Tensor:
    assert size is not None
    return size * _logistic(link, eta, y, None, phi) - log_choose(size, size * y)


def log_factorial(n: Tensor) -> Tensor:
    """ln n! for n ≥ 0 by Stirling's series (DLMF 5.11.1) from 9 on, shifted there from below.

    Made of operations that have machine code, because it is summed in every step of a fit.
    """
    z = n + 1.0
    small = z < 9.0
    low = where(small, z, 1.0)
    product = low
    for k in range(1, 8):
        product = product * (low + float(k))
    x = where(small, z + 8.0, z)
    inverse = 1.0 / x
    square = inverse * inverse
    series = 0.0 * square
    for coefficient in (
        1 / 156,
        -691 / 360360,
        1 / 1188,
        -1 / 1680,
        1 / 1260,
        -1 / 360,
        1 / 12,
    ):
        series = series * square + coefficient
    tail = where(small, array.log(product), 0.0)
    return (x - 0.5) * array.log(x) - x + 0.5 * math.log(2 * math.pi) + series * inverse - tail


def _poisson(link: Any, eta: Tensor, y: Tensor, size: Tensor | None, phi: Number) -> Tensor:
    mean, log_mean = link.inverse(eta), link.log_mean(eta)
    if size is not None:
        mean, log_mean = size * mean, log_mean + array.log(size)
    if link.name != "log":
        log_mean = where(y == 0, 0.0, log_mean)
    return mean - y * log_mean + log_factorial(y)


def _over_mean(link: Any, eta: Tensor, y: Tensor) -> Tensor:
    """y/μ; with the log link as y e^-η, which cannot become ∞/∞."""
    return y * array.exp(-eta) if link.name == "log" else y / link.inverse(eta)


def _gamma(link: Any, eta: Tensor, y: Tensor, size: Tensor | None, phi: Number) -> Tensor:
    shape = 1.0 / phi
    ratio = _over_mean(link, eta, y)
    log_gamma = array.log_gamma(shape)
    rest = shape * _dispersion_log(phi) + log_gamma
    return shape * (ratio + link.log_mean(eta) - array.log(y)) + array.log(y) + rest


def _inverse_gaussian(
    link: Any, eta: Tensor, y: Tensor, size: Tensor | None, phi: Number
) -> Tensor:
    """½((y/μ - 1)²/(φ y) + ln(2π φ y³))."""
    deviance = array.square(_over_mean(link, eta, y) - 1.0) / (y * phi)
    return 0.5 * (
        deviance + 3.0 * array.log(y) + (_dispersion_log(phi) + math.log(2 * math.pi))
    )


def _negative_binomial(
    link: Any, eta: Tensor, y: Tensor, size: Tensor | None, phi: Number
) -> Tensor:
    """(y + r) ln(1 + φμ) - y ln(φμ) - ln C(y + r - 1, y), r = 1/φ."""
    log_mean = link.log_mean(eta)
    if size is not None:
        log_mean = log_mean + array.log(size)
    log_ratio = log_mean + _dispersion_log(phi)  # ln φμ
    r = 1.0 / phi
    ways = where(y > 0, log_choose(where(y > 0, y, 1.0) + (r - 1.0), where(y > 0, y, 1.0)), 0.0)
    return (y + r) * array.softplus(log_ratio) - x_log_y(y, log_ratio) - ways


_COUNTS = "counts are whole numbers, 0 or more"
_POSITIVE = "responses are positive"

FAMILIES: dict[str, Family] = {
    each.name: each
    for each in (
        Family(
            "normal",
            "a normal distribution",
            lambda phi: models.NORMAL,
            _normal,
            "identity",
            has_dispersion=True,
            rule="responses are finite",
        ),
        Family(
            "bernoulli",
            "a Bernoulli distribution",
            lambda phi: models.BERNOULLI,
            _logistic,
            "logit",
        ),
        Family(
            "binomial",
            "a binomial distribution",
            lambda phi: models.BINOMIAL,
            _binomial,
            "logit",
            least=0.0,
            whole=True,
            rule="successes are whole numbers, 0 or more",
        ),
        Family(
            "poisson",
            "a Poisson distribution",
            lambda phi: models.POISSON,
            _poisson,
            "log",
            least=0.0,
            whole=True,
            rule=_COUNTS,
        ),
        Family(
            "negative_binomial",
            "a negative binomial distribution",
            lambda phi: models.negative_binomial(1.0 / phi),
            _negative_binomial,
            "log",
            has_dispersion=True,
            least=0.0,
            whole=True,
            rule=_COUNTS,
        ),
        Family(
            "gamma",
            "a gamma distribution",
            lambda phi: models.GAMMA,
            _gamma,
            "log",
            has_dispersion=True,
            least=0.0,
            open_least=True,
            rule=_POSITIVE,
        ),
        Family(
            "inverse_gaussian",
            "an inverse Gaussian distribution",
            lambda phi: models.INVERSE_GAUSSIAN,
            _inverse_gaussian,
            "log",
            has_dispersion=True,
            least=0.0,
            open_least=True,
            rule=_POSITIVE,
        ),
    )
}


def family_called(given: Any) -> Family:
    """The family that ``given`` is or names; RequestError with the nearest name otherwise."""
    if isinstance(given, Family):
        return given
    name = getattr(given, "name", given)
    found = None
    if isinstance(name, str):
        found = FAMILIES.get(name.strip().lower().replace("-", "_").replace(" ", "_"))
    if found is None:
        raise RequestError(
            f"NegativeLogLikelihood: there is no family {name!r}.{near(str(name), FAMILIES)}"
        )
    return found


def link_called(family: Family, given: Any) -> Link:
    """The link that ``given`` names, by default the family's; RequestError where it has none."""
    try:
        found = links.link(family.default_link if given is None else given)
    except ArgumentError as error:
        raise RequestError(f"NegativeLogLikelihood({family.name!r}): {error}") from error
    low = max(found.domain[0], family.domain[0])
    high = min(found.domain[1], family.domain[1])
    if not low < high:
        raise RequestError(
            f"NegativeLogLikelihood({family.name!r}): the link {found.name} has no mean in "
            f"common with the family"
        )
    return found
