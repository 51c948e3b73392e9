"""Frequentist beside Bayesian: one call, one table."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from trivium.engine.array.arguments import ArrayLike
from trivium.engine.errors import ArgumentError, DomainError

from .conjugate import Posterior, Predictive, posterior
from .estimation import Estimate, weighted
from .exponential_family import ExponentialFamily
from .families import family as find_family
from .intervals import confidence_intervals
from .numerical_posterior import NUMERICAL, NumericalPosterior, NumericalPredictive
from .support import level_of

if TYPE_CHECKING:
    from .distribution import Interval

__all__ = ["Inference", "ParameterInference", "infer"]

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class ParameterInference:
    """What the data say about one number.

    ``estimate``, ``standard_error``: maximum likelihood, with Fisher's information; NaN where
    there is none. ``confidence``: intervals by kind ("Wald", "likelihood ratio", "score",
    "exact"). ``posterior_mean``, ``posterior_sd``, ``posterior_mode``: NaN where there is none.
    ``credible``: intervals by kind ("equal-tailed", "highest-density").
    """

    name: str
    estimate: float
    standard_error: float
    confidence: dict[str, Interval]
    posterior_mean: float
    posterior_sd: float
    posterior_mode: float
    credible: dict[str, Interval]


@dataclass(frozen=True)
class Inference:
    """Maximum likelihood and the posterior of the same data, side by side; print it.

    ``parameters``: one ParameterInference per number, by name. ``likelihood``: the Estimate, or
    None when there is none. ``posterior``, ``predictive``: None when the family has no conjugate
    prior. ``notes``: what was assumed and what is missing.
    """

    family: ExponentialFamily
    n: int
    level: float
    parameters: dict[str, ParameterInference]
    likelihood: Estimate | None
    posterior: Posterior | NumericalPosterior | None
    predictive: Predictive | NumericalPredictive | None
    notes: tuple[str, ...]

    def __getitem__(self, name: str) -> ParameterInference:
        return self.parameters[name]

    def __str__(self) -> str:
        lines = [
            f"{self.family.name}, n = {self.n}: likelihood beside Bayes, level "
            f"{100 * self.level:g} %"
        ]
        if self.posterior is not None:
            lines.append(f"prior: {self.posterior.prior}")
        for each in self.parameters.values():
            lines += ["", *_rows(each)]
        if self.predictive is not None and self.predictive.distribution is not None:
            lines += ["", f"next observation: {self.predictive.distribution!r}"]
        if self.notes:
            lines += ["", *(f"note: {note}" for note in self.notes)]
        return "\n".join(lines)


def _rows(each: ParameterInference) -> list[str]:
    spreads = [size for size in (each.standard_error, each.posterior_sd) if size > 0]
    largest = max((abs(v) for v in (each.estimate, each.posterior_mean) if v == v), default=0.0)
    # as many digits as it takes to see three of the spread
    ratio = largest / min(spreads) if spreads and math.isfinite(largest) else 1.0
    digits = max(6, math.ceil(math.log10(max(ratio, 1.0))) + 3)

    def spread(value: float, size: float) -> str:
        return f"{value:.{digits}g}" + ("" if math.isnan(size) else f" ± {size:.3g}")

    def shown(ends: Interval) -> str:
        return f"{ends[0]:.{digits}g} … {ends[1]:.{digits}g}"

    rows = []
    if not math.isnan(each.estimate):
        words = spread(each.estimate, each.standard_error)
        rows.append(("maximum likelihood", words))
        rows += [(f"  {kind} interval", shown(ends)) for kind, ends in each.confidence.items()]
    if not math.isnan(each.posterior_mean) or each.credible:
        rows.append(("posterior mean", spread(each.posterior_mean, each.posterior_sd)))
        if not math.isnan(each.posterior_mode):
            rows.append(("posterior mode", f"{each.posterior_mode:.{digits}g}"))
        rows += [(f"  {kind} interval", shown(ends)) for kind, ends in each.credible.items()]
    rows = rows or [("no answer", "see the notes")]
    width = max(len(left) for left, _ in rows)
    return [each.name, *(f"  {left:<{width}}  {right}" for left, right in rows)]


def infer(
    family: str | ExponentialFamily,
    data: ArrayLike,
    *,
    prior: Any = None,
    level: float = 0.95,
    **known: Any,
) -> Inference:
    """Estimate a family's parameters from ``data`` in both ways.

    Frequentist: maximum likelihood, standard errors from Fisher's information (the Hessian of
    the log-partition), Wald, likelihood ratio (profile), score and exact intervals where they
    exist. Bayesian: posterior mean, mode, equal-tailed and highest-density credible intervals
    and the predictive, under ``prior`` (None: the family's reference prior, which is named).
    ``data``: (n,) or (n, d). ``level``: of all intervals. ``known``: see ``family``; the classes
    of a categorical are those up to the largest code unless ``classes`` says otherwise.

    Raises ArgumentError for data outside the support, for no data, for a prior that is not
    conjugate. Where only one of the two answers exists, the notes say why the other does not.
    """
    level = level_of(level)
    own = _guessed(family, data, known)
    values, _ = weighted(own, data, None)
    if own.name == "multivariate_normal":
        return _vectors(own, values, prior, level)
    notes: list[str] = []
    try:
        estimate: Estimate | None = own.mle(values)
    except DomainError as error:
        estimate = None
        notes.append(str(error))
    after = _posterior(own, prior, values, notes)
    if estimate is not None and estimate.note:
        notes.append(estimate.note)
    parameters = {name: _one(name, part, estimate, level, after) for name, part in _parts(own)}
    for each in parameters.values():
        notes += _outside(own, each)
    return Inference(
        own, len(values), level, parameters, estimate, after,
        None if after is None else after.predictive(), tuple(notes),
    )  # fmt: skip


def _guessed(
    family: str | ExponentialFamily, data: ArrayLike, known: dict[str, Any]
) -> ExponentialFamily:
    """The family; sizes that the data tell need not be said."""
    if isinstance(family, str) and not known:
        key = family.strip().lower().replace("-", "_").replace(" ", "_")
        if key in ("multivariate_normal", "dirichlet") and np.ndim(data) == 2:
            size = np.shape(data)[1]
            known = {"dimension" if key == "multivariate_normal" else "classes": size}
        elif key == "categorical" and np.size(data):
            known = {"classes": max(int(np.max(np.asarray(data))) + 1, 2)}
    return find_family(family, **known)


def _posterior(
    family: ExponentialFamily, prior: Any, values: Array, notes: list[str]
) -> Posterior | NumericalPosterior | None:
    if family.conjugate is None and family.name not in NUMERICAL:
        if prior is not None:
            posterior(family, prior, values)  # says that there is no conjugate prior
        notes.append(f"The {family.name} family has no conjugate prior that can be normalised.")
        return None
    try:
        found = posterior(family, prior, values)
    except (ArgumentError, DomainError) as error:
        if prior is not None:
            raise
        known = family.conjugate
        name, kind = (
            ("Jeffreys' prior", "ConjugatePrior")
            if known is None
            else (known.reference_name, known.prior)
        )
        notes.append(
            f"Under {name} these {len(values)} observations give no proper posterior; give a "
            f"prior ({kind}). {error}"
        )
        return None
    if isinstance(found, NumericalPosterior):
        notes.append(
            f"The posterior is integrated numerically ({found.method}), with a relative error of "
            f"about {found.error:.1g}."
        )
    return found


Part = tuple[str, int | None]


def _parts(family: ExponentialFamily) -> list[tuple[str, Part]]:
    """The numbers to report: name → (parameter, index in it or None)."""
    if family.name == "categorical":
        return [(f"probability {j}", ("probabilities", j)) for j in range(family.size + 1)]
    if family.name == "dirichlet":
        return [(f"concentration {j}", ("concentration", j)) for j in range(family.size)]
    return [(name, (name, None)) for name in family.parameters]


def _one(
    name: str,
    part: Part,
    estimate: Estimate | None,
    level: float,
    after: Posterior | NumericalPosterior | None,
) -> ParameterInference:
    value = spread = math.nan
    confidence: dict[str, Interval] = {}
    if estimate is not None:
        which, index = part
        value = float(np.ravel(estimate.parameters[which])[index or 0])
        spread = float(np.ravel(estimate.standard_errors[which])[index or 0])
        confidence = _confidence(estimate, part, level)
    mean = sd = mode = math.nan
    credible: dict[str, Interval] = {}
    own, shift = _marginal(name, after)
    if own is not None:
        mean, sd = own.mean.item() + shift, own.sd.item()
        try:
            mode = float(own.mode) + shift
        except ArgumentError:
            pass  # no single peak: the table leaves the line out
        for kind in ("equal-tailed", "highest-density"):
            low, high = own.interval(level, kind)
            credible[kind] = (low + shift, high + shift)
    return ParameterInference(name, value, spread, confidence, mean, sd, mode, credible)


def _confidence(estimate: Estimate, part: Part, level: float) -> dict[str, Interval]:
    which, index = part
    if index is None:
        return confidence_intervals(estimate, which, level)
    if which == "probabilities":
        # One class against the rest is a Bernoulli variable, and so is its profile likelihood.
        share = float(estimate.parameters[which][index])
        hits = round(share * estimate.n)
        alone = find_family("bernoulli").mle(
            np.array([1.0, 0.0]), weights=[hits, estimate.n - hits]
        )
        return confidence_intervals(alone, "probability", level)
    from scipy import special

    z = float(special.ndtri(0.5 + level / 2))
    value = float(estimate.parameters[which][index])
    spread = float(estimate.standard_errors[which][index])
    return {"Wald": (value - z * spread, value + z * spread)}


def _marginal(name: str, after: Posterior | NumericalPosterior | None) -> tuple[Any, float]:
    if after is None:
        return None, 0.0
    found = after.marginals()
    if name in found:
        return found[name], 0.0
    return found.get(f"{name} - 1"), 1.0


def _outside(family: ExponentialFamily, each: ParameterInference) -> list[str]:
    """Say when a Wald interval leaves the parameter space."""
    ends = each.confidence.get("Wald")
    if ends is None:
        return []
    high = 1.0 if each.name.startswith("probability") else math.inf
    low = 1.0 if each.name == "exponent" else 0.0
    real = each.name.startswith("mean") and family.name != "inverse_gaussian"
    if real or (ends[0] >= low and ends[1] <= high):
        return []
    return [
        f"The Wald interval of {each.name} leaves the parameter space: n is too small for it; "
        "trust the likelihood ratio or exact interval."
    ]


def _vectors(family: ExponentialFamily, values: Array, prior: Any, level: float) -> Inference:
    """Normal vectors: each mean and variance.

    A coordinate's profile likelihood is its own normal likelihood, because the others, given
    it, have parameters of their own.
    """
    notes: list[str] = ["The intervals hold for one number at a time, not for all together."]
    try:
        estimate: Estimate | None = family.mle(values)
    except DomainError as error:
        estimate = None
        notes.append(str(error))
    after = _posterior(family, prior, values, notes)
    normal = find_family("normal")
    parameters: dict[str, ParameterInference] = {}
    for kind, place in (("mean", "mean"), ("variance", "sd")):
        for j in range(values.shape[1]):
            try:
                alone: Estimate | None = normal.mle(values[:, j])
            except DomainError:
                alone = None
            row = _one(f"{kind} {j}", (place, None), alone, level, after)
            parameters[row.name] = _squared(row) if kind == "variance" else row
    return Inference(
        family, len(values), level, parameters, estimate, after,
        None if after is None else after.predictive(), tuple(notes),
    )  # fmt: skip


def _squared(row: ParameterInference) -> ParameterInference:
    """The frequentist side of a standard deviation, said of its variance."""
    value = row.estimate**2
    spread = 2.0 * row.estimate * row.standard_error
    confidence = {
        kind: (ends[0] ** 2, ends[1] ** 2)
        for kind, ends in row.confidence.items()
        if kind != "Wald"
    }
    return ParameterInference(
        row.name, value, spread, confidence, row.posterior_mean, row.posterior_sd,
        row.posterior_mode, row.credible,
    )  # fmt: skip
