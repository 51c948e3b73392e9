"""What repeated fits share: seeds, subsets of the rows, errors, and the text of tables."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from trivium.engine import host_random
from trivium.engine.errors import TriviumError
from trivium.learning.data import Dataset, infer_task
from trivium.learning.data.source import MEMORY
from trivium.learning.data.splitting import permutation
from trivium.learning.errors import DataError, RequestError

from .inversion import whole

__all__ = [
    "METRICS",
    "clear",
    "derived",
    "drawn",
    "fitted",
    "labels_of",
    "measured",
    "metric_words",
    "resampled",
    "rows_of",
    "standard_error",
    "table",
    "with_labels",
]

Array = np.ndarray[Any, Any]

METRICS = ("error", "loss")


def derived(seed: int, *numbers: int) -> int:
    """A seed from ``seed`` and its place among the repeats: equal places, equal seeds."""
    key = host_random.key(whole("seed", seed, 0))
    for number in numbers:
        key = host_random.fold_in(key, number)
    return int(key[0]) & (2**61 - 1)


def labels_of(data: Dataset, model: Any, objective: Any) -> Array | None:
    """The class labels (N,) if the target is learned as classes, else None."""
    task = infer_task(data, objective.wanted_task(model))
    return data.target if task == "classification" else None


def drawn(data: Dataset, size: int, seed: int, labels: Array | None) -> Array:
    """``size`` different row numbers by ``seed``; every class gets its share, at least one."""
    order = permutation(len(data), seed)
    if labels is None or size >= len(data):
        return order[:size]
    codes, shares = _shares(labels, size)
    picked = [order[codes[order] == code][:share] for code, share in enumerate(shares)]
    return order[np.isin(order, np.concatenate(picked))]


def resampled(data: Dataset, size: int, seed: int, labels: Array | None) -> Array:
    """``size`` row numbers drawn with replacement, class by class in their shares."""
    groups = [np.arange(len(data))]
    shares = np.array([size])
    if labels is not None:
        codes, shares = _shares(labels, size, limited=False)
        groups = [np.flatnonzero(codes == code) for code in range(len(shares))]
    words = np.random.Philox(seed).random_raw(size)
    picked, start = [], 0
    for rows, share in zip(groups, shares.tolist(), strict=True):
        chosen = words[start : start + share] % np.uint64(len(rows))
        picked.append(rows[chosen.astype(np.int64)])
        start += share
    return np.concatenate(picked)


def _shares(labels: Array, size: int, *, limited: bool = True) -> tuple[Array, Array]:
    """Codes of the labels, and how many of ``size`` rows each class gets (largest remainders)."""
    codes = np.unique(labels, return_inverse=True)[1]
    counts = np.bincount(codes.ravel())
    if size < len(counts):
        raise DataError(
            f"{size} rows cannot hold all {len(counts)} classes; ask for at least {len(counts)}"
        )
    exact = counts * (size / counts.sum())
    most = counts if limited else np.full(len(counts), size)
    shares = np.clip(np.floor(exact).astype(np.int64), 1, most)
    while (short := size - int(shares.sum())) != 0:
        room = shares < most if short > 0 else shares > 1
        off = np.where(room, (exact - shares) * np.sign(short), -np.inf)
        shares[int(off.argmax())] += np.sign(short)
    return codes.ravel(), shares


def rows_of(asked: str, sizes: Any, available: int, least: int = 2) -> list[int]:
    """Sizes of training sets as row counts: whole numbers, fractions, or how many sizes.

    A single whole number asks for that many sizes, evenly spaced in their logarithm from about
    a tenth of the rows to all. Raises RequestError for a size that is not there.
    """
    if isinstance(sizes, int | np.integer) and not isinstance(sizes, bool):
        count = whole("sizes", sizes)
        first = max(least, min(available, math.ceil(available / 10)))
        spaced = np.geomspace(first, available, count) if count > 1 else [available]
        return sorted({round(float(each)) for each in spaced})
    if not np.iterable(sizes) or isinstance(sizes, str):
        raise RequestError(
            f"{asked}: sizes={sizes!r} must be how many, or a list of row counts or fractions"
        )
    found = []
    for each in sizes:
        fraction = isinstance(each, float | np.floating)
        if fraction and not 0 < each <= 1:
            raise RequestError(f"{asked}: the size {each!r} is no fraction from 0 to 1")
        rows = max(1, round(each * available)) if fraction else whole("a size", each)
        if not least <= rows <= available:
            raise RequestError(
                f"{asked}: a training set of {rows:,} rows; from {least} to {available:,} are "
                "possible"
            )
        found.append(int(rows))
    if not found:
        raise RequestError(f"{asked}: there are no sizes")
    return sorted(set(found))


def with_labels(data: Dataset, labels: Array) -> Dataset:
    """The same rows with other targets; it no longer claims to come from a file."""
    return replace(
        data,
        target=np.array(labels),
        target_name=data.target_name or "y",
        origin=MEMORY,
        task=None,
    )


def fitted(steps: Sequence[Any], data: Any, seed: int, what: str, options: Any) -> Any:
    """``tv.fit`` without display; an error says which repeat it was."""
    from trivium.learning.fit import fit

    try:
        model, objective, algorithm = steps
        return fit(model, objective, algorithm, data, seed=seed, progress=False, **options)
    except TriviumError as error:
        error.args = (f"{what}: {error}",)
        raise


def checked_options(asked: str, options: Any) -> dict[str, Any]:
    """Options of ``tv.fit`` that make sense for repeated fits. Raises RequestError."""
    for name, instead in (("out", "the repeats are not written"), ("progress", "it is silent")):
        if name in options:
            raise RequestError(f"{asked}: {name}= is no option here; {instead}")
    return dict(options)


def checked_metric(asked: str, metric: str) -> str:
    """``metric`` if it is known. Raises RequestError otherwise."""
    if not isinstance(metric, str) or metric not in METRICS:
        raise RequestError(f"{asked}: metric={metric!r}; choose 'error' or 'loss'")
    return metric


def measured(scores: dict[str, float], metric: str) -> float:
    """One number of a fit's scores: the loss, the share of mistakes or the mean square."""
    if metric == "loss":
        return scores["loss"]
    if "accuracy" in scores:
        return 1.0 - scores["accuracy"]
    return scores["rmse"] ** 2


def metric_words(task: str, metric: str) -> str:
    """The metric in words, with its unit."""
    if metric == "loss":
        return "objective"
    if task == "classification":
        return "share of mistakes"
    return "mean squared error, in squared units of the target"


def standard_error(values: Array, axis: int = -1) -> Array:
    """Of a mean over ``axis``, from the spread; NaN for a single value."""
    count = values.shape[axis]
    if count < 2:
        return np.full(values.mean(axis=axis).shape, np.nan)
    return np.asarray(values.std(axis=axis, ddof=1) / math.sqrt(count))


def clear(differences: Array) -> bool:
    """Whether paired differences (R,) are positive beyond chance: Student's t, one side, 2.5 %."""
    if len(differences) < 2:
        return False
    from scipy.special import stdtrit

    needed = float(stdtrit(len(differences) - 1, 0.975)) * float(standard_error(differences))
    mean = float(differences.mean())
    return mean > 0 and mean > needed


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns that line up: the first to the left, the others to the right."""
    every = [list(header), *[list(row) for row in rows]]
    widths = [max(len(row[i]) for row in every) for i in range(len(header))]
    lines = []
    for row in every:
        cells = [
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def plus_minus(mean: float, error: float) -> str:
    """``0.123 ± 0.042``, two digits of the error; the mean alone where no error is known."""
    if not math.isfinite(error):
        return f"{mean:.4g}"
    if error == 0 or not 1e-5 < error < 1e7:
        return f"{mean:.4g} ± {error:.2g}"
    places = max(0, 1 - math.floor(math.log10(error)))
    return f"{mean:.{places}f} ± {error:.{places}f}"
