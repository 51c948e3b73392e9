"""Bias and variance: what a learner gets wrong on average, and what depends on the sample."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from trivium.learning.data import Dataset, as_dataset
from trivium.learning.errors import DataError, RequestError
from trivium.learning.fit.problem import as_validation

from .inversion import whole
from .trials import (
    checked_options,
    derived,
    drawn,
    fitted,
    labels_of,
    plus_minus,
    resampled,
    rows_of,
    standard_error,
    table,
)

__all__ = ["BiasVariance", "bias_variance"]

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class BiasVariance:
    """The parts of a mean error on test examples, over training sets.

    ``parts``: by name, numbers that add up to ``error`` exactly. For squared error "bias²" and
    "variance" ("noise" and "noise × bias" too when the truth is known; else the noise is in
    bias²); for 0-1 loss "bias", "variance, unbiased examples" and "variance, biased examples",
    which is negative: there, deviating from a wrong main prediction helps.
    ``standard_errors``: of each, over test examples. ``per_example``: (N,) arrays of the parts.
    ``main`` (N,) or (N, k): the mean prediction, or the most frequent label. ``notes``: how far
    to trust it.
    """

    task: str
    error: float
    parts: dict[str, float]
    standard_errors: dict[str, float]
    per_example: dict[str, Array]
    main: Array
    repeats: int
    training_rows: int
    test_rows: int
    resampling: str
    notes: tuple[str, ...]

    @property
    def bias(self) -> float:
        """The bias (0-1 loss) or squared bias."""
        return self.parts["bias" if self.task == "classification" else "bias²"]

    @property
    def variance(self) -> float:
        """The part due to the sample: net of both kinds for 0-1 loss."""
        return sum(value for name, value in self.parts.items() if name.startswith("variance"))

    def __str__(self) -> str:
        what = "share of mistakes" if self.task == "classification" else "mean squared error"
        rows = [
            [name, plus_minus(value, self.standard_errors[name])]
            for name, value in self.parts.items()
        ]
        rows.append([f"= {what}", f"{self.error:.4g}"])
        how = "bootstrap samples" if self.resampling == "bootstrap" else "subsamples"
        lines = [
            f"{self.repeats} {how} of {self.training_rows:,} rows, {self.test_rows:,} test rows",
            table(("part", "mean ± standard error"), rows),
        ]
        return "\n".join([*lines, *(f"note: {note}" for note in self.notes)])

    __repr__ = __str__


def bias_variance(
    model: Any,
    objective: Any,
    algorithm: Any,
    data: Any,
    *,
    test: Any = 0.3,
    repeats: int = 20,
    size: Any = None,
    resampling: str = "bootstrap",
    truth: Any = None,
    target: Any = None,
    seed: int = 0,
    **options: Any,
) -> BiasVariance:
    """Decompose the test error of model × objective × algorithm by fitting many samples.

    Squared error, with f̄ the mean over R fits: mean (f_r - y)² = (f̄ - y)² + mean (f_r - f̄)²,
    averaged over test examples (and outputs). With ``truth``, the noise-free target t as a
    function of raw test features or an array, the first part becomes noise (y - t)², bias²
    (f̄ - t)² and their product 2 (f̄ - t)(t - y), which is 0 in expectation.

    0-1 loss, with m the most frequent label: the mean share of mistakes is bias B = 1[m ≠ y],
    plus P(f_r ≠ m) where B = 0, minus P(f_r = y) where B = 1. The labels' noise is in the bias.

    ``data``, ``target``: as for ``tv.fit``. ``test``: fraction or number of rows kept apart, or
    data. ``size``: rows of a training set (a number or fraction; None: all for the bootstrap,
    half otherwise). ``resampling``: "bootstrap" (with replacement) or "subsample"; classes keep
    their shares in both. ``options``: of ``tv.fit``. Raises what ``tv.fit`` raises, saying
    which repeat, and RequestError for options that do not fit.

    Source: Geman, Bienenstock & Doursat (1992), Neural Computation 4; Domingos
    (2000), "A unified bias-variance decomposition and its applications", ICML.
    """
    asked = "bias_variance"
    if resampling not in ("bootstrap", "subsample"):
        raise RequestError(
            f"{asked}: resampling={resampling!r}; choose 'bootstrap' or 'subsample'"
        )
    options = checked_options(asked, options)
    times = whole("repeats", repeats, 2)
    dataset = as_dataset(data, target)
    labels = labels_of(dataset, model, objective)
    pool, held = _parts(dataset, test, target, seed, labels)
    own = None if labels is None else pool.target
    rows = _size(asked, size, len(pool), resampling, own)
    predictions = []
    for r in range(times):
        draw = resampled if resampling == "bootstrap" else drawn
        part = pool.take(draw(pool, rows, derived(seed, r, 1), own))
        what = f"{asked}, repeat {r + 1}"
        found = fitted((model, objective, algorithm), part, derived(seed, r, 2), what, options)
        predictions.append(found.predict(held))
    assert held.target is not None
    shared = {"repeats": times, "training_rows": rows, "test_rows": len(held),
              "resampling": resampling}  # fmt: skip
    if labels is not None:
        if truth is not None:
            raise RequestError(
                f"{asked}: truth= is for quantities; the noise of labels is part of the bias"
            )
        return _zero_one(np.array(predictions), held.target, shared, len(pool))
    exact = None if truth is None else _truth(truth, held)
    return _squared(np.array(predictions, float), held.target, exact, shared, len(pool))


def _parts(
    dataset: Dataset, test: Any, target: Any, seed: int, labels: Array | None
) -> tuple[Dataset, Dataset]:
    if isinstance(test, int | float | np.number) and not isinstance(test, bool):
        return dataset.split(test=test, seed=derived(seed, 0), stratify=labels is not None)  # type: ignore[arg-type]
    held = as_validation(test, target)
    if held.target is None:
        raise DataError("bias_variance: the test data have no target to compare with")
    return dataset, held


def _size(asked: str, size: Any, available: int, resampling: str, own: Array | None) -> int:
    least = 2 if own is None else max(2, len(np.unique(own)))
    if size is None:
        return available if resampling == "bootstrap" else max(least, available // 2)
    rows = rows_of(asked, [size], available, least)[0]
    if resampling == "subsample" and rows == available:
        raise RequestError(
            f"{asked}: subsamples of all {available:,} rows are all the same; ask for fewer, or "
            "resampling='bootstrap'"
        )
    return rows


def _truth(truth: Array | Callable[[Any], Any], held: Dataset) -> Array:
    try:
        values = np.asarray(truth(held.x) if callable(truth) else truth, np.float64)
    except (TypeError, ValueError):
        raise DataError(
            f"bias_variance: truth must be numbers, one for each test row, or a function of x that "
            f"gives them; got {str(truth)[:40]}"
        ) from None
    assert held.target is not None
    if values.shape != held.target.shape:
        raise DataError(
            f"bias_variance: truth has shape {values.shape}, the test target "
            f"{held.target.shape}; one noise-free value for each is needed"
        )
    return values


def _squared(
    predictions: Array, y: Array, truth: Array | None, shared: dict[str, Any], pool: int
) -> BiasVariance:
    y = y.astype(np.float64)
    main = predictions.mean(axis=0)
    spread = _flat((predictions - main) ** 2).mean(axis=0)
    error = _flat((predictions - y) ** 2).mean(axis=0)
    each: dict[str, Array] = {}
    if truth is None:
        each["bias²"] = _flat((main - y)[None] ** 2)[0]
    else:
        each["noise"] = _flat((y - truth)[None] ** 2)[0]
        each["bias²"] = _flat((main - truth)[None] ** 2)[0]
        each["noise × bias"] = _flat((2 * (main - truth) * (truth - y))[None])[0]
    each["variance"] = spread
    times = shared["repeats"]
    inflated = float(spread.mean()) / (times - 1)
    notes = [
        *_sampling_notes(shared, pool),
        f"the mean of only {times} fits is itself uncertain, which puts {inflated:.3g} of the "
        "variance into bias²",
    ]
    if truth is None:
        notes.append(
            "the noise of the target is in bias²: it cannot be told apart without truth="
        )
    return _result("regression", error, each, main, shared, notes)


def _flat(values: Array) -> Array:
    """The mean over outputs: (R, N, …) → (R, N)."""
    return values.reshape(*values.shape[:2], -1).mean(axis=2)


def _zero_one(predictions: Array, y: Array, shared: dict[str, Any], pool: int) -> BiasVariance:
    labels, codes = np.unique(np.concatenate([predictions.ravel(), y]), return_inverse=True)
    codes = codes.ravel()
    fits, actual = (
        codes[: predictions.size].reshape(predictions.shape),
        codes[predictions.size :],
    )
    votes = np.stack([(fits == code).sum(axis=0) for code in range(len(labels))])
    main = votes.argmax(axis=0)  # of equal votes the first label in order
    biased = main != actual
    deviates = (fits != main).mean(axis=0)
    right = (fits == actual).mean(axis=0)
    each = {
        "bias": biased.astype(float),
        "variance, unbiased examples": np.where(biased, 0.0, deviates),
        "variance, biased examples": np.where(biased, -right, 0.0),
    }
    error = (fits != actual).mean(axis=0)
    notes = [*_sampling_notes(shared, pool), "the noise of the labels is in the bias"]
    return _result("classification", error, each, labels[main], shared, notes)


def _sampling_notes(shared: dict[str, Any], pool: int) -> list[str]:
    if shared["resampling"] == "subsample":
        return [f"the subsamples of {pool:,} rows overlap, which makes the variance too small"]
    note = f"bootstrap samples, drawn from {pool:,} rows, stand for new samples"
    if shared["training_rows"] == pool:
        note += ": they repeat rows, so each fit sees about 63 % of them"
    return [note]


def _result(
    task: str,
    error: Array,
    each: dict[str, Array],
    main: Array,
    shared: dict[str, Any],
    notes: list[str],
) -> BiasVariance:
    return BiasVariance(
        task=task,
        error=float(error.mean()),
        parts={name: float(values.mean()) for name, values in each.items()},
        standard_errors={name: float(standard_error(v)) for name, v in each.items()},
        per_example=each,
        main=main,
        notes=tuple(notes),
        **shared,
    )
