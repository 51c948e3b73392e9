"""The PAC-Bayes bound of a fitted classifier whose parameters are shaken by Gaussian noise."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from trivium.engine import random
from trivium.learning.data import as_dataset
from trivium.learning.errors import RequestError
from trivium.learning.fit.evaluation import Evaluator, to_codes
from trivium.learning.fit.problem import Part, encode_part
from trivium.learning.models import DecisionTree
from trivium.learning.models.parameters import Parameter

from .bounds import Bound, pac_bayes_bound
from .inversion import confidence_of, kl_inverse, whole

__all__ = ["pac_bayes"]

Array = np.ndarray[Any, Any]

# Prior variances are e^(j/20) for whole numbers j, with probabilities in proportion to
# 1/(1 + |j|)²; posterior deviations are tried from 1/1000 of the parameters' size to 10 times.
_STEP = 20
_DEVIATIONS = np.geomspace(1e-3, 10, 13)
_TRIED = 16
_BLOCK = 2**18  # normal numbers that are drawn together
# The share of δ that pays for estimating the posterior's training error from draws.
_SHARE = 0.2


def pac_bayes(
    fit: Any,
    data: Any,
    *,
    target: Any = None,
    prior: str = "initial",
    draws: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
) -> Bound:
    """Bound the true error of a fit's classifier with N(θ, σ²I) around its parameters.

    ``fit``: of a classification; ``data``: the very data it was trained on. ``prior``: N(θ₀,
    λI), where θ₀ are the values drawn from the fit's seed before training ("initial") or zero
    ("zero"). σ is chosen for the smallest bound, λ likewise among e^(j/20), each of which has
    its prior probability 3/(π²(1 + |j|)²), so that choosing costs ln of its inverse. KL(Q ‖ P) =
    ½ (k σ²/λ - k + ‖θ - θ₀‖²/λ + k ln(λ/σ²)) for k parameters. The expected training error
    under Q comes from ``draws`` new draws and is replaced by what these cannot rule out (a
    fifth of δ is spent on that). ``details``: KL, σ, λ, the error of the draws.

    The bound is about the classifier that draws parameters anew for every prediction, not about
    the fitted one. Raises RequestError for a regression and for another prior.

    Source: Dziugaite & Roy (2017), "Computing nonvacuous generalization bounds for deep
    (stochastic) neural networks with many more parameters than training data", UAI, §3, with
    one σ for all parameters; Langford & Caruana (2002), "(Not) bounding the true error", NIPS.
    """
    _require_shakeable(fit)
    delta = confidence_of(confidence)
    times = whole("draws", draws, 2)
    part = encode_part(as_dataset(data, target), fit.encoder, fit.objective, fit.options)
    shaken = _Shaken(fit, part, times)
    start = _prior_mean(fit, prior)
    distance = float(
        sum(((a - b) ** 2).sum() for a, b in zip(shaken.centre, start, strict=True))
    )

    def bound(error: float, deviation: float) -> tuple[Bound, float]:
        divergence, variance = _divergence(shaken.count, deviation, distance)
        main = 1 - delta * (1 - _SHARE)
        return pac_bayes_bound(error, len(part), divergence, confidence=main), variance

    tried = []
    for i, deviation in enumerate(_DEVIATIONS * shaken.size):
        error = shaken.errors(deviation, _TRIED, random.fold_in(random.key(seed), i)).mean()
        tried.append((bound(float(error), deviation)[0].value, float(deviation)))
    deviation = min(tried)[1]
    errors = shaken.errors(deviation, times, random.fold_in(random.key(seed), len(tried)))
    limit = _limit(errors, delta * _SHARE)
    found, variance = bound(limit, deviation)
    return replace(
        found,
        confidence=confidence,
        error=float(errors.mean()),
        source="Dziugaite & Roy (2017), §3; Maurer (2004), theorem 5",
        assumptions=(
            *found.assumptions,
            f"the prior's mean, {'the initial values' if prior == 'initial' else 'zero'}, and "
            "the features' encoding do not come from these labels",
            "every example counts alike (weights are left out)",
        ),
        details={
            **found.details,
            "σ": deviation,
            "λ": variance,
            "‖θ - θ₀‖²": distance,
            "parameters": shaken.count,
            "error under Q at most": limit,
            "draws": times,
        },
    )


def _require_shakeable(fit: Any) -> None:
    """Refuse fits that are no classifiers, or without parameters that are real numbers."""
    if fit.task != "classification":
        raise RequestError("pac_bayes: the bound is for classifiers; this fit is a regression")
    if isinstance(fit.model, DecisionTree):
        raise RequestError(
            "pac_bayes: the questions of a DecisionTree are choices, and noise on the numbers that "
            "stand for them has no meaning; bound it by what it takes to write it down, "
            "occam_bound(error, n, bits=…), or by a test set, test_set_bound(error, n)"
        )
    variables = fit.model.parameters().values()
    if not variables or any(each.dtype.kind != "f" for each in variables):
        raise RequestError(
            f"pac_bayes: {type(fit.model).__name__} has "
            + ("parameters that are no real numbers," if variables else "no parameters")
            + " that Gaussian noise could shake"
        )


class _Shaken:
    """The fit's classifier with noise on its parameters, run on the training examples."""

    def __init__(self, fit: Any, part: Part, calls: int) -> None:
        self._model = fit.model.copy()
        self._part = part
        self._variables = list(self._model.parameters().values())
        self._evaluator = Evaluator(self._model, fit.objective, fit.options.dtype, calls)
        self.centre = [each.value.astype(np.float64) for each in self._variables]
        self.count = sum(each.size for each in self.centre)
        squares = sum(float((each**2).sum()) for each in self.centre)
        self.size = math.sqrt(squares / self.count) or 1.0

    def errors(self, deviation: float, draws: int, key: Any) -> Array:
        """The share of mistakes for each draw of the parameters. Shapes: → (draws,)."""
        found = np.empty(draws)
        rows = max(1, _BLOCK // self.count)
        for start in range(0, draws, rows):
            shape = (min(rows, draws - start), self.count)
            noise = random.normal(random.fold_in(key, start), shape).value * deviation
            for i, each in enumerate(noise, start):
                found[i] = self._error(each)
        return found

    def _error(self, noise: Array) -> float:
        place = 0
        for variable, centre in zip(self._variables, self.centre, strict=True):
            part = noise[place : place + centre.size].reshape(centre.shape)
            variable.assign((centre + part).astype(variable.dtype))
            place += centre.size
        outputs = self._evaluator.predict(self._part.x)
        return float((to_codes(outputs, self._model.output) != self._part.y).mean())


def _prior_mean(fit: Any, prior: str) -> Sequence[Array]:
    """θ₀ for each parameter: zero, or what the fit's seed draws."""
    variables = fit.model.parameters()
    if not isinstance(prior, str):
        raise RequestError(f"pac_bayes: prior={prior!r}; choose 'initial' or 'zero'")
    if prior == "zero":
        return [np.zeros(each.shape) for each in variables.values()]
    if prior != "initial":
        raise RequestError(f"pac_bayes: prior={prior!r}; choose 'initial' or 'zero'")
    base, found = random.key(fit.options.seed), []
    for i, (path, variable) in enumerate(variables.items()):
        if not isinstance(variable, Parameter):
            raise RequestError(
                f"pac_bayes: the start of {path} is a value of its own and not drawn from the "
                "seed; use prior='zero'"
            )
        drawn = variable.initializer.checked(random.fold_in(base, i), variable.shape, path)
        found.append(np.asarray(drawn, np.float64))
    return found


def _divergence(count: int, deviation: float, distance: float) -> tuple[float, float]:
    """KL(Q ‖ P) at the best of the prior's variances, with what choosing it costs; and it."""
    best = math.inf, 1.0
    middle = round(_STEP * math.log(deviation**2 + distance / count))
    for j in range(middle - 60, middle + 61):
        variance = math.exp(j / _STEP)
        spread = count * (deviation**2 / variance - 1 + math.log(variance / deviation**2))
        divergence = 0.5 * (spread + distance / variance)
        cost = 2 * math.log(1 + abs(j)) + math.log(math.pi**2 / 3)
        best = min(best, (max(divergence, 0.0) + cost, variance))
    return best


def _limit(errors: Array, delta: float) -> float:
    """An upper limit of the errors' expectation: the better of two, each at δ/2.

    Chernoff's for numbers in [0, 1], and the empirical Bernstein bound. Source: Maurer & Pontil
    (2009), COLT, theorem 4.
    """
    draws, mean = len(errors), float(errors.mean())
    cost = math.log(4 / delta)  # ln(2/(δ/2))
    chernoff = kl_inverse(mean, cost / draws)
    spread = math.sqrt(2 * float(errors.var(ddof=1)) * cost / draws)
    bernstein = mean + spread + 7 * cost / (3 * (draws - 1))
    return min(chernoff, bernstein, 1.0)
