"""The face that all distributions share.

Densities, moments, entropy and KL divergence are Tensors, differentiable in the values and in
the parameters. Distribution functions, quantiles and samples are NumPy arrays, computed by
SciPy's special functions in float64.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from trivium.engine import array, random
from trivium.engine.array.arguments import ArrayLike, floating, sizes
from trivium.engine.composites import as_tensor, cast
from trivium.engine.dtypes import float32, float64
from trivium.engine.errors import (
    ArgumentError,
    DomainError,
    DTypeError,
    ShapeError,
    UnboundInputError,
)
from trivium.engine.tensor import Tensor

from .exponential_family import ExponentialFamily
from .support import Support, as_numbers

__all__ = ["Distribution", "Interval", "Rule", "Unordered"]

Array = np.ndarray[Any, Any]
Shape = tuple[int, ...]
Rule = tuple[str, Callable[[Array], Any]]
Interval = tuple[float, float]

POSITIVE: Rule = ("positive and finite", lambda v: (v > 0) & np.isfinite(v))
NOT_NEGATIVE: Rule = ("0 or more and finite", lambda v: (v >= 0) & np.isfinite(v))
FINITE: Rule = ("finite", np.isfinite)
PROBABILITY: Rule = ("a probability, from 0 to 1", lambda v: (v >= 0) & (v <= 1))
POSITIVE_PROBABILITY: Rule = ("a probability above 0, up to 1", lambda v: (v > 0) & (v <= 1))


class Distribution:
    """A probability distribution with parameters that broadcast against each other.

    ``parameters``: name → Tensor. ``shape``: the broadcast shape of the parameters; ``event``:
    the shape of one value. ``support``: where the values lie. A subclass gives ``rules``
    (parameter → what it must be) and the functions that start with an underscore.
    """

    rules: ClassVar[dict[str, Rule]] = {}
    discrete: ClassVar[bool] = False
    event: Shape = ()

    def __init__(self, **parameters: ArrayLike) -> None:
        self.parameters: dict[str, Tensor] = {}
        self._weak = all(isinstance(value, int | float) for value in parameters.values())
        for name, value in parameters.items():
            self.parameters[name] = self._checked(name, value)
        shapes = [each.shape for each in self.parameters.values()]
        try:
            self.shape: Shape = np.broadcast_shapes(*shapes)
        except ValueError:
            listed = ", ".join(f"{k} {v.shape}" for k, v in self.parameters.items())
            raise ShapeError(
                f"{type(self).__name__}: the parameters' shapes do not broadcast: {listed}"
            ) from None

    def _checked(self, name: str, value: ArrayLike) -> Tensor:
        try:
            given = floating(value)
        except (TypeError, ValueError) as error:
            raise DTypeError(
                f"{type(self).__name__}: {name} must be numbers: {error}"
            ) from None
        words, rule = self.rules[name]
        known = value_of(given)
        if known is not None:
            good = np.asarray(rule(known))
            if not good.all():
                bad = known[~good].flat[0] if known.ndim else known
                raise ArgumentError(
                    f"{type(self).__name__}: {name} must be {words}, not {float(bad):g}"
                )
        return given

    def __repr__(self) -> str:
        shown = []
        for name, tensor in self.parameters.items():
            known = value_of(tensor)
            text = "?" if known is None else np.array2string(known, precision=6, threshold=6)
            shown.append(f"{name}={text}")
        return f"{type(self).__name__}({', '.join(shown)})"

    # --- what subclasses say --------------------------------------------------------------

    @property
    def support(self) -> Support:
        """Where the values lie."""
        return self.family_or_refuse().support

    @property
    def family(self) -> ExponentialFamily | None:
        """The exponential family that this is a member of, or None."""
        return None

    def _log_density(self, x: Tensor, **parameters: Tensor) -> Tensor:
        """ln p on the support; the caller cuts the rest off."""
        raise NotImplementedError

    def _inside(self, x: Tensor, **parameters: Tensor) -> Tensor:
        """Whether x is in the support, as a bool Tensor."""
        raise NotImplementedError

    def _cdf(self, x: Array, **parameters: Array) -> Array:
        raise NotImplementedError

    def _survival(self, x: Array, **parameters: Array) -> Array:
        return 1.0 - self._cdf(x, **parameters)

    def _log_cdf(self, x: Array, **parameters: Array) -> Array:
        return np.log(self._cdf(x, **parameters))

    def _log_survival(self, x: Array, **parameters: Array) -> Array:
        return np.log(self._survival(x, **parameters))

    def _quantile(self, q: Array, **parameters: Array) -> Array:
        raise NotImplementedError

    def _upper_quantile(self, q: Array, **parameters: Array) -> Array:
        return self._quantile(1.0 - q, **parameters)

    def _draw(self, key: Tensor, shape: Shape, parameters: dict[str, Array]) -> Array:
        """Samples of the broadcast ``shape``: by default the quantiles of uniform numbers."""
        uniform = random.uniform(key, shape).value + 2.0**-54
        return self._quantile(uniform, **parameters)

    @property
    def mean(self) -> Tensor:
        """The expectation."""
        raise NotImplementedError

    @property
    def variance(self) -> Tensor:
        """The variance (the covariance matrix, where a value is a vector)."""
        raise NotImplementedError

    @property
    def mode(self) -> Any:
        """Where the density is highest, as NumPy numbers."""
        raise ArgumentError(f"{type(self).__name__} has no mode in closed form")

    # --- what everyone gets ---------------------------------------------------------------

    @property
    def sd(self) -> Tensor:
        """The standard deviation."""
        return array.sqrt(self.variance)

    def _given(self, x: Tensor) -> dict[str, Tensor]:
        """The parameters for a value: plain Python numbers take its dtype."""
        if self._weak and x.dtype == float32:
            return {name: cast(value, float32) for name, value in self.parameters.items()}
        return self.parameters

    def log_density(self, x: ArrayLike) -> Tensor:
        """ln p(x), or ln P(X = x) for a discrete distribution; -∞ outside the support.

        Shapes: x (…, *event), broadcast with the parameters → (…). Differentiable in x (where
        that has a meaning) and in the parameters.
        """
        given = floating(x)
        known = self._given(given)
        inside = self._inside(given, **known)
        anchor = cast(self._anchor(**known), given.dtype)
        safe = array.where(self._over_events(inside), given, anchor)
        found = array.where(inside, self._log_density(safe, **known), -np.inf)
        return array.where(self._missing(given), np.nan, found)

    def _missing(self, x: Tensor) -> Tensor:
        """Whether a value is NaN, of which nothing is known."""
        lost = array.isnan(x)
        return array.any(lost, axis=-1) if self.event else lost

    def _over_events(self, inside: Tensor) -> Tensor:
        return inside.reshape((*inside.shape, *[1] * len(self.event)))

    def _anchor(self, **parameters: Tensor) -> Tensor:
        """Some point of the support, to stand in for values outside it."""
        raise NotImplementedError

    def density(self, x: ArrayLike) -> Tensor:
        """p(x), or P(X = x) for a discrete distribution; 0 outside the support."""
        return array.exp(self.log_density(x))

    def _plain(self) -> dict[str, Array]:
        return {name: each.value.astype(np.float64) for name, each in self.parameters.items()}

    def _answer(
        self, function: Callable[..., Array], x: ArrayLike, ends: Interval | None = None
    ) -> Array:
        """``function`` in float64; ``ends``: what it is at -∞ and at ∞."""
        given = as_numbers(x, f"values for {type(self).__name__}")
        single = given.dtype == np.float32 and (
            self._weak or all(each.dtype == float32 for each in self.parameters.values())
        )
        with np.errstate(all="ignore"):
            result = np.asarray(function(given.astype(np.float64), **self._plain()))
        if ends is not None:
            result = np.where(given == -np.inf, ends[0], result)
            result = np.where(given == np.inf, ends[1], result)
        self._refuse_lost(np.isnan(result) & ~np.isnan(given))
        result = np.where(np.isnan(given), np.nan, result)
        return result.astype(np.float32 if single else np.float64)

    def _refuse_lost(self, lost: Array) -> None:
        """Raise DomainError where an answer was lost in double precision."""
        if lost.any():
            raise DomainError(
                f"{self!r}: with parameters of these sizes {int(lost.sum())} of the numbers asked "
                "for cannot be computed in double precision; use a limiting distribution, or "
                "other units"
            )

    def cdf(self, x: ArrayLike) -> Array:
        """P(X ≤ x), exact in the lower tail; elementwise, NumPy."""
        return self._answer(self._cdf, x, (0.0, 1.0))

    def survival(self, x: ArrayLike) -> Array:
        """P(X > x) = 1 - cdf, exact in the upper tail; elementwise, NumPy."""
        return self._answer(self._survival, x, (1.0, 0.0))

    def log_cdf(self, x: ArrayLike) -> Array:
        """ln P(X ≤ x), finite also where the probability underflows; elementwise, NumPy."""
        return self._answer(self._log_cdf, x, (-np.inf, 0.0))

    def log_survival(self, x: ArrayLike) -> Array:
        """ln P(X > x), finite also where the probability underflows; elementwise, NumPy."""
        return self._answer(self._log_survival, x, (0.0, -np.inf))

    def quantile(self, q: ArrayLike) -> Array:
        """The smallest x with P(X ≤ x) ≥ q; elementwise, NumPy.

        Raises ArgumentError for a q outside [0, 1].
        """
        return self._answer(self._quantile, self._probabilities(q))

    def upper_quantile(self, q: ArrayLike) -> Array:
        """The smallest x with P(X > x) ≤ q: the quantile of 1 - q, exact for tiny q.

        Raises ArgumentError for a q outside [0, 1].
        """
        return self._answer(self._upper_quantile, self._probabilities(q))

    def _probabilities(self, q: ArrayLike) -> Array:
        given = as_numbers(q, f"probabilities for {type(self).__name__}")
        if not ((given >= 0) & (given <= 1)).all():
            raise ArgumentError(
                f"{type(self).__name__}: quantiles are asked of probabilities from 0 to 1, not "
                f"{given[~((given >= 0) & (given <= 1))].flat[0] if given.ndim else given}"
            )
        return given

    def sample(
        self, shape: int | Shape = (), seed: int | None = None, *, key: Tensor | None = None
    ) -> Array:
        """Independent draws, NumPy of shape (``shape``, parameters' shape, event).

        They are a pure function of the ``seed`` (or of a ``key`` of ``tv.random``): a longer
        sample of one distribution begins with the shorter one. Raises ArgumentError unless
        exactly one of seed and key is given.
        """
        if (seed is None) == (key is None):
            raise ArgumentError(
                f"{type(self).__name__}.sample: give seed=, a whole number, or key= from "
                "tv.random.key; equal seeds give equal samples"
            )
        chosen = random.key(seed) if key is None else key  # type: ignore[arg-type]
        first = sizes(f"{type(self).__name__}.sample", shape)
        with np.errstate(all="ignore"):
            drawn = np.asarray(self._draw(chosen, (*first, *self.shape), self._plain()))
        self._refuse_lost(np.isnan(drawn))
        single = all(each.dtype == float32 for each in self.parameters.values())
        return np.asarray(drawn, dtype=np.float32 if single else np.float64)

    # --- from the exponential family -------------------------------------------------------

    def family_or_refuse(self) -> ExponentialFamily:
        """The exponential family. Raises ArgumentError when there is none."""
        if self.family is None:
            raise ArgumentError(
                f"{type(self).__name__} is no member of an exponential family, so it has no "
                "natural parameter"
            )
        return self.family

    @property
    def natural(self) -> Tensor:
        """The natural parameter η in the family. Raises ArgumentError when there is none."""
        family = self.family_or_refuse()
        own = {name: self.parameters[name] for name in family.parameters}
        return family.natural(**own)

    def entropy(self) -> Tensor:
        """The entropy in nats, from the family's definition (differential for a density)."""
        return self.family_or_refuse().entropy(self.natural)

    def kl(self, other: Distribution) -> Tensor:
        """KL(self ‖ other) = E ln p/q in nats; ∞ where other has no mass and self has.

        Two members of one family: the Bregman divergence of its log-partition, differentiable.
        Otherwise, for one variable, a sum or a quadrature with about eight digits. Raises
        ArgumentError for a discrete against a continuous distribution.
        """
        if not isinstance(other, Distribution):
            raise ArgumentError(f"kl: the other must be a distribution, not {other!r}")
        mine, its = self.family, other.family
        if type(self) is type(other) and mine is not None and its is not None:
            if dict(mine.fixed) == dict(its.fixed):
                return self._kl_within(mine, other)
        from .divergence import numerical_kl

        return as_tensor(numerical_kl(self, other))

    def _kl_within(self, family: ExponentialFamily, other: Distribution) -> Tensor:
        return family.kl(self.natural, other.natural)

    def interval(self, level: float = 0.95, kind: str = "equal-tailed") -> Interval:
        """An interval that holds ``level`` of the probability of one scalar distribution.

        ``kind``: "equal-tailed", or "highest-density", the shortest one (for a density with one
        peak). Raises ArgumentError for another kind or level.
        """
        from .divergence import interval_of

        return interval_of(self, level, kind)


def value_of(tensor: Tensor) -> Array | None:
    """The value of an expression, or None when it depends on inputs."""
    try:
        return tensor.value
    except UnboundInputError:
        return None


def as_float64(x: ArrayLike) -> Array:
    """``x`` as a float64 array."""
    return np.asarray(x.value if isinstance(x, Tensor) else x, dtype=float64)


class Unordered(Distribution):
    """A distribution of vectors or of several numbers: it has no distribution function."""

    instead: ClassVar[str] = ""

    def _refused(self, *arguments: Any, **parameters: Any) -> Array:
        raise ArgumentError(
            f"{type(self).__name__}: its values have no order, so no distribution function and "
            f"no quantiles; ask a marginal, {self.instead}"
        )

    _cdf = _survival = _log_cdf = _log_survival = _quantile = _upper_quantile = _refused
