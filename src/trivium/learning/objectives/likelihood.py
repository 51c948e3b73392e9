"""Maximum likelihood of a generalised linear model's response: family × link."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from trivium.engine import array
from trivium.engine.composites import as_tensor, cast
from trivium.engine.evaluate import value_of
from trivium.engine.messages import shape_error
from trivium.engine.tensor import Tensor, tensor

from ..errors import DataError, RequestError
from ..options import flag, positive, whole
from ..specification import component
from .base import LOG_DISPERSION, DataTerm, Parameters

if TYPE_CHECKING:
    from .families import Family

__all__ = ["NegativeLogLikelihood"]

Array = np.ndarray[Any, Any]


@component(text="negative-log-likelihood")
class NegativeLogLikelihood(DataTerm):
    """The mean of -ln p(y_i | μ_i, φ) in nats, with the mean μ_i = g⁻¹(η_i), η_i = f(x_i).

    ``family``: "normal", "bernoulli", "binomial", "poisson", "negative_binomial", "gamma" or
    "inverse_gaussian" (or such a family of tv.probability). ``link``: g by name (or a Link of
    tv.probability); default: the canonical link, but log for gamma, inverse_gaussian and
    negative_binomial, whose canonical links do not keep the mean positive. The model gives the
    linear predictor η, (N,); ``fit.predict`` gives the mean.

    Targets: real numbers; classes or 0/1 (bernoulli); counts (N,) with ``trials`` n, or pairs
    (N, 2) of successes and failures (binomial); counts (poisson, negative_binomial), or with
    ``exposure`` pairs (N, 2) of count and exposure E, and then the mean of the count is E μ;
    positive numbers (gamma, inverse_gaussian). Other values raise DataError, naming the row.

    ``dispersion``: φ: σ² (normal), 1/shape (gamma), 1/λ (inverse_gaussian), 1/r
    (negative_binomial, Var y = μ + φ μ²). A number keeps it fixed. "estimate" finds it together
    with the mean, as the parameter ``log_dispersion``. Default: 1, which has no influence on
    the estimate of the mean (``fit.summary()`` estimates φ afterwards); for negative_binomial
    "estimate". Bernoulli, binomial and poisson have none. Raises RequestError for options that
    do not fit the family, ShapeError for other shapes.

    Every form is stable: logits through softplus, ln Φ and ln(1 - e⁻ᵗ) without cancellation.
    A predictor outside the link's domain has the loss ∞. Source: Nelder & Wedderburn (1972), J.
    R. Stat. Soc. A 135; McCullagh & Nelder (1989), *Generalized Linear Models*, 2nd ed., §2.2.
    """

    def __init__(
        self,
        family: Any = "normal",
        link: Any = None,
        dispersion: Any = None,
        trials: int | None = None,
        exposure: bool = False,
    ) -> None:
        from .families import family_called, link_called  # with tv.probability

        found = family_called(family)
        self._family, self._link = found, link_called(found, link)
        self.family, self.link = found.name, self._link.name
        self.dispersion = _dispersion(found, dispersion)
        self.trials = (
            None if trials is None else whole("NegativeLogLikelihood", "trials", trials)
        )
        self.exposure = flag("NegativeLogLikelihood", "exposure", exposure)
        self.linked = found.name == "bernoulli"
        self.task = "classification" if self.linked else "regression"
        if self.trials is not None and found.name != "binomial":
            raise RequestError(
                f"NegativeLogLikelihood({found.name!r}): only the binomial family has trials"
            )
        if self.exposure and not found.counts:
            raise RequestError(
                f"NegativeLogLikelihood({found.name!r}): only counts (poisson, "
                "negative_binomial) have an exposure"
            )

    scaled_target = False  # the values themselves have a distribution

    @property
    def pairs(self) -> bool:
        """Whether each target is a pair: successes and failures, or count and exposure."""
        return self.exposure or (self.family == "binomial" and self.trials is None)

    @property
    def estimates_dispersion(self) -> bool:
        """Whether the dispersion is a parameter of the fit."""
        return self.dispersion == "estimate"

    def outputs(self, count: int, y_ndim: int) -> int | None:
        """A vector: one linear predictor per example."""
        if self.pairs and (y_ndim != 2 or count != 2):
            raise RequestError(f"{self!r} needs a target of pairs (N, 2): {self._pair()}")
        if not self.pairs and y_ndim > 1:
            raise RequestError(
                f"{self!r} needs one response per example, (N,); the target has {count} "
                "columns. Fit each of them by itself"
            )
        return None

    def _pair(self) -> str:
        if self.exposure:
            return "a count and its exposure (time, area, people) in each row"
        return "successes and failures in each row; with one number of trials for all, trials=n"

    def refuse_with(self, model: Any, task: str, classes: list[Any] | None) -> None:
        """Refuse models that end in probabilities, and other than two classes."""
        if getattr(model, "output", None) == "probability":
            raise RequestError(
                f"{self!r} takes the linear predictor, but the output of {type(model).__name__} "
                "is already a probability; leave it as scores (output=None): the link belongs "
                "to this objective"
            )
        if self.task == "classification" and classes is not None and len(classes) != 2:
            raise RequestError(
                f"{self!r} is for two classes, but the target has {len(classes)}; use "
                "CrossEntropy()"
            )

    def check_values(self, target: Array, row: Any, name: str) -> None:
        """Raise DataError, naming the first row, for responses that the family does not have.

        ``row``: position → the words for a row, such as "line 3".
        """
        if self.task == "classification" or target.dtype.kind not in "biuf":
            return
        if self.pairs and (target.ndim != 2 or target.shape[1] != 2):
            raise DataError(
                f"{self!r} needs a target of pairs (N, 2): {self._pair()}; {name!r} has shape "
                f"{target.shape}"
            )
        values = np.asarray(target, dtype=np.float64)
        main = values[:, 0] if self.pairs else values
        bad, rule = self._family.misfits(main)
        if self.pairs:
            other = values[:, 1]
            also = other <= 0 if self.exposure else (other < 0) | (other != np.floor(other))
            if not self.exposure:
                also |= main + other <= 0
            if also.any() and not bad[: int(np.argmax(also)) + 1].any():
                what = "exposures are positive" if self.exposure else (
                    "failures are whole numbers, 0 or more, and each row has a trial"
                )  # fmt: skip
                bad, rule, main = also, what, other
        elif self.trials is not None and not bad.any():
            bad, rule = main > self.trials, f"successes are at most the trials, {self.trials}"
        if bad.any():
            first = int(np.argmax(bad if bad.ndim == 1 else bad.any(axis=1)))
            raise DataError(
                f"{row(first)}: target {name!r} is {main[first]:g}, but for {self!r} {rule} "
                f"({int(bad.sum()):,} such row{'s' if bad.sum() > 1 else ''}){self._advice()}"
            )

    def _advice(self) -> str:
        if self.family == "poisson":
            return "; for numbers that are no counts use SquaredError() or the gamma family"
        if self.family in ("gamma", "inverse_gaussian"):
            return "; for zeros and negative numbers use SquaredError(), for counts poisson"
        return ""

    def words(self) -> str:
        """The family in prose."""
        return self._family.words

    def sentence(self) -> str:
        """What the likelihood is, for ``reading``."""
        text = (
            f"Likelihood: y has {self.words()} with mean μ, and {self._link.formula} = f(x; θ) "
            f"(link {self.link}"
            + (", the canonical one); " if self._is_canonical() else "); ")
            + "the objective is the mean of -ln p(y | x, θ) in nats."
        )
        if self.exposure:
            text += " The mean of a count is its exposure times μ."
        if self.estimates_dispersion:
            text += " The dispersion φ is estimated with it."
        elif self._family.has_dispersion:
            known = float(self.dispersion or 1.0)
            text += f" The dispersion is held at φ = {known:g}"
            text += "." if self.family == "negative_binomial" else (
                ", which the estimate of the mean does not depend on."
            )  # fmt: skip
        return text

    def _is_canonical(self) -> bool:
        return self._family.model(1.0).canonical_link.name == self.link

    # --- the losses -----------------------------------------------------------------------

    def losses_of(self, prediction: Tensor, target: Tensor, parameters: Parameters) -> Tensor:
        """-ln p(y | μ, φ) of each example. Shapes: (N,), (N,) or (N, 2) → (N,)."""
        if not self.estimates_dispersion:
            return self.losses(prediction, target)
        found = parameters.get(LOG_DISPERSION)
        if found is None:
            raise RequestError(
                f"{self!r} estimates the dispersion, but the model has no parameter "
                f"{LOG_DISPERSION!r}; tv.fit adds it, or give a number: dispersion=0.5"
            )
        return self.losses_at(prediction, target, array.exp(found))

    def losses(self, prediction: Tensor, target: Tensor) -> Tensor:
        """-ln p(y | μ, φ) of each example, where φ is a number."""
        if self.estimates_dispersion:
            return self.losses_of(prediction, target, {})
        return self.losses_at(prediction, target, float(self.dispersion or 1.0))

    def losses_at(self, prediction: Tensor, target: Tensor, phi: Tensor | float) -> Tensor:
        """The losses at the dispersion ``phi``, which may be an expression."""
        if prediction.ndim != 1 or target.ndim != (2 if self.pairs else 1):
            raise shape_error(
                f"{self!r}",
                (prediction, target),
                "it takes one linear predictor for each example, (N,), and "
                + (f"pairs (N, 2): {self._pair()}" if self.pairs else "one response, (N,)"),
                "give the model one output (outputs=None)",
                ("the model's output", "the target"),
            )
        y, size = self._split(cast(target, prediction.dtype))
        return self._family.losses(self._link, prediction, y, size, phi)

    def _split(self, target: Tensor) -> tuple[Tensor, Tensor | None]:
        """The response, and trials or exposure: the proportion for the binomial."""
        if self.exposure:
            return target[:, 0], target[:, 1]
        if self.family == "binomial":
            if self.trials is not None:
                return target / float(self.trials), as_tensor(float(self.trials))
            size = target[:, 0] + target[:, 1]
            return target[:, 0] / size, size
        return target, None

    # --- what the mean is -----------------------------------------------------------------

    def means_of(self, outputs: Array) -> Array:
        """The means g⁻¹(η) of linear predictors (N,), in float64."""
        found: Array = value_of(self._link.inverse(tensor(outputs.astype(np.float64))))
        return found

    def observed(self, target: Array) -> Array:
        """What the means are compared with: proportions, rates, or the responses; (N,)."""
        values, sizes = self.response(target)
        return values / sizes if self.exposure else values

    def response(self, target: Array) -> tuple[Array, Array]:
        """The response and the prior weight m of each example: trials, exposure, or 1."""
        y, size = self._split(tensor(np.asarray(target, np.float64)))
        values = np.asarray(value_of(y), np.float64)
        sizes = 1.0 if size is None else value_of(size)
        return values, np.broadcast_to(np.asarray(sizes, np.float64), values.shape)

    def attach(self, model: Any) -> None:
        """Add the dispersion to the model's parameters if it is estimated."""
        from ..models import parameter

        known = model.parameters()
        if self.estimates_dispersion and LOG_DISPERSION not in known:
            dtype = next((each.dtype for each in known.values()), None)
            setattr(model, LOG_DISPERSION, parameter((), "zeros", dtype))
            model.parameters()[LOG_DISPERSION].assign(0.0)

    def start(self, model: Any, target: Array, weight: Array | None) -> None:
        """Let a Linear model that has not been fitted start at the mean of the responses.

        From η = 0 a mean outside the family's domain could not be left (the inverse link is
        infinite there); from g(ȳ) every family can start.
        """
        from ..models import Linear

        known = model.parameters()
        if type(model) is not Linear or "bias" not in known:
            return
        if any(known[path].value.any() for path in ("weight", "bias")):
            return  # it goes on from a fit, or the user chose where to begin
        values, sizes = self.response(target)
        counts = np.ones(len(values)) if weight is None else np.asarray(weight, np.float64)
        total = (counts * sizes).sum()
        mean = float((counts * values * (1.0 if self.exposure else sizes)).sum() / total)
        if not self._family.inside(mean):
            return  # no event at all, or nothing else: there is no maximum, as is said later
        predictor = value_of(self._link.function(tensor(mean)))
        if np.isfinite(predictor):
            known["bias"].assign(float(predictor))


def _dispersion(family: Family, given: Any) -> float | str | None:
    if given is None:
        return "estimate" if family.name == "negative_binomial" else None
    if not family.has_dispersion:
        raise RequestError(
            f"NegativeLogLikelihood({family.name!r}): this family has no dispersion to set; "
            "for counts that vary more than its variance allows use negative_binomial"
        )
    if isinstance(given, str):
        if given != "estimate":
            raise RequestError(
                "NegativeLogLikelihood: dispersion is a positive number, 'estimate' or None, "
                f"not {given!r}"
            )
        return given
    return positive("NegativeLogLikelihood", "dispersion", given)
