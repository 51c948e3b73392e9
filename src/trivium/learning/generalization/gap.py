"""The generalisation gap of one fit, measured, beside the bounds that theory offers for it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from trivium.learning.data import as_dataset
from trivium.learning.errors import DataError, RequestError

from .bounds import Bound, occam_bound, test_set_bound, vc_bound
from .growth import capacity
from .posterior import pac_bayes
from .trials import measured, metric_words, plus_minus, table

__all__ = ["GeneralizationGap", "generalization_gap"]


@dataclass(frozen=True)
class GeneralizationGap:
    """Training and test error of a fit, and bounds on its true error.

    ``training``, ``test``: errors; ``test_standard_error``: of the second, from its examples.
    ``bounds``: those that apply, from the tightest. ``refused``: the others, by name, with the
    reason. ``metric``: in words.
    """

    training: float
    test: float
    test_standard_error: float
    metric: str
    training_rows: int
    test_rows: int
    bounds: tuple[Bound, ...]
    refused: dict[str, str]

    @property
    def gap(self) -> float:
        """Test minus training error."""
        return self.test - self.training

    def __str__(self) -> str:
        lines = [
            f"{self.metric}: training {self.training:.4g} on {self.training_rows:,} rows, test "
            f"{plus_minus(self.test, self.test_standard_error)} on {self.test_rows:,}",
            f"gap: {plus_minus(self.gap, self.test_standard_error)}",
        ]
        if self.bounds:
            rows = [
                [each.name, f"{each.value:.4g}", f"{each.confidence:g}",
                 "vacuous" if each.vacuous else ""]
                for each in self.bounds
            ]  # fmt: skip
            lines.append(table(("bound on the true error", "≤", "with probability", ""), rows))
            lines.append("each bound holds with its probability alone, not all together")
        lines += [f"no {name} bound: {reason}" for name, reason in self.refused.items()]
        return "\n".join(lines)

    __repr__ = __str__


def generalization_gap(
    fit: Any,
    train: Any,
    test: Any,
    *,
    target: Any = None,
    confidence: float = 0.95,
    draws: int = 300,
    seed: int = 0,
) -> GeneralizationGap:
    """Measure a fit's gap between training and test error, and set the bounds beside it.

    ``train``: the data it was fitted on; ``test``: data that it has not seen. For a classifier:
    the test-set bound; Occam's, with a description of 32 or 64 bits for each parameter
    and of their number; the VC
    bound where the dimension is known (see ``capacity``); PAC-Bayes (see ``pac_bayes``, whose
    ``draws`` and ``seed`` these are). For a regression the gap alone: the bounds are for errors
    between 0 and 1. Raises DataError for data that the fit cannot score.
    """
    if target is None:
        target = fit.data_source.get("target")
    named = target if isinstance(target, str) else None
    known, unseen = (
        as_dataset(each, None if isinstance(each, tuple) else named) for each in (train, test)
    )
    if not len(known) or not len(unseen):
        raise DataError("generalization_gap: both the training and the test data need rows")
    training = measured(fit.score(known), "error")
    apart = measured(fit.score(unseen), "error")
    bounds: list[Bound] = []
    refused: dict[str, str] = {}
    if fit.task == "classification" and _weighted(fit, known, unseen):
        error = math.nan
        refused["error-rate"] = "they count every example alike, and these have weights"
    elif fit.task == "classification":
        error = math.sqrt(apart * (1 - apart) / len(unseen))
        bounds, refused = _bounds(
            fit, known, training, apart, len(unseen), confidence, draws, seed
        )
    else:
        squares = (fit.predict(unseen) - np.asarray(unseen.target, np.float64)) ** 2
        per_row = squares.reshape(len(squares), -1).mean(axis=1)
        count = len(per_row)
        error = float(per_row.std(ddof=1)) / math.sqrt(count) if count > 1 else math.nan
        refused["error-rate"] = "squared errors have no largest value, as those bounds need"
    return GeneralizationGap(
        training=training,
        test=apart,
        test_standard_error=error,
        metric=metric_words(fit.task, "error"),
        training_rows=len(known),
        test_rows=len(unseen),
        bounds=tuple(sorted(bounds, key=lambda each: each.value)),
        refused=refused,
    )


def _weighted(fit: Any, *parts: Any) -> bool:
    """Whether some mistakes count more than others in ``fit.score``."""
    by_class = any(term.class_weight is not None for _, term in fit.objective.data_terms)
    return by_class or any(each.weight is not None for each in parts)


def _bounds(
    fit: Any,
    known: Any,
    training: float,
    apart: float,
    held: int,
    confidence: float,
    draws: int,
    seed: int,
) -> tuple[list[Bound], dict[str, str]]:
    n, refused = len(known), {}
    bounds = [test_set_bound(apart, held, confidence=confidence)]
    parameters = fit.model.parameters().values()
    bits = sum(each.size * each.dtype.itemsize * 8 for each in parameters)
    if bits:
        # How many there are must be described, too: by Elias' γ code.
        bits += 2 * int(math.log2(sum(each.size for each in parameters))) + 1
        bounds.append(occam_bound(training, n, bits=bits, confidence=confidence))
    else:
        refused["Occam"] = (
            f"{type(fit.model).__name__} has no parameters whose description could be counted"
        )
    try:
        found = capacity(fit)
        bounds.append(vc_bound(training, n, log_growth=found.log_growth, confidence=confidence))
    except RequestError as error:
        refused["VC"] = str(error)
    try:
        bounds.append(pac_bayes(fit, known, draws=draws, confidence=confidence, seed=seed))
    except RequestError as error:
        refused["PAC-Bayes"] = str(error)
    return bounds, refused
