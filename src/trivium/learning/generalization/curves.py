"""Learning curves: training and validation error as the training set grows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from trivium.learning.data import as_dataset
from trivium.learning.errors import RequestError
from trivium.learning.fit.problem import as_validation
from trivium.learning.stop import Stop

from .inversion import whole
from .trials import (
    checked_metric,
    checked_options,
    clear,
    derived,
    drawn,
    fitted,
    labels_of,
    measured,
    metric_words,
    plus_minus,
    rows_of,
    standard_error,
    table,
)

__all__ = ["LearningCurves", "learning_curves"]

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class LearningCurves:
    """Training and validation error for growing training sets, over repeats.

    ``sizes`` (S,): rows. ``training``, ``validation`` (S, R): a number for each repeat.
    ``metric``: in words, with the unit. ``validation_rows``: on how many each validation error
    rests. ``notes``: how far to trust it.
    """

    sizes: Array
    training: Array
    validation: Array
    metric: str
    validation_rows: int
    seed: int
    notes: tuple[str, ...]

    @property
    def repeats(self) -> int:
        """How many training sets of every size."""
        return int(self.training.shape[1])

    @property
    def gap(self) -> Array:
        """Validation minus training error, (S, R): the measured generalisation gap."""
        return self.validation - self.training

    def rows(self) -> list[dict[str, float]]:
        """One dict for every size: means and standard errors of both curves and the gap."""
        found = []
        for i, size in enumerate(self.sizes):
            row: dict[str, float] = {"size": int(size)}
            for name in ("training", "validation", "gap"):
                values = getattr(self, name)[i]
                row[name] = float(values.mean())
                row[f"{name}_standard_error"] = float(standard_error(values))
            found.append(row)
        return found

    def __str__(self) -> str:
        cells = [
            [
                f"{row['size']:,}",
                *(
                    plus_minus(row[name], row[f"{name}_standard_error"])
                    for name in ("training", "validation", "gap")
                ),
            ]
            for row in self.rows()
        ]
        lines = [f"{self.metric}, mean ± standard error over {self.repeats} repeats"]
        lines.append(table(("rows", "training", "validation", "gap"), cells))
        return "\n".join([*lines, *(f"note: {note}" for note in self.notes)])

    __repr__ = __str__

    def plot(self, axes: Any = None) -> Any:
        """Draw both curves with bands of one standard deviation; returns the figure.

        Needs matplotlib (``pip install trivium[plot]``).
        """
        from .drawing import axes_of

        place, figure = axes_of(axes)
        for name in ("training", "validation"):
            values = getattr(self, name)
            mean, spread = values.mean(axis=1), values.std(axis=1)
            (line,) = place.plot(self.sizes, mean, marker="o", label=name)
            place.fill_between(
                self.sizes, mean - spread, mean + spread, color=line.get_color(), alpha=0.2
            )
        place.set_xscale("log")
        place.set_xlabel("rows in the training set")
        place.set_ylabel(self.metric)
        place.legend(frameon=False)
        place.grid(alpha=0.3)
        return figure


def learning_curves(
    model: Any,
    objective: Any,
    algorithm: Any,
    data: Any,
    *,
    sizes: Any = 5,
    validation: Any = 0.25,
    repeats: int = 5,
    metric: str = "error",
    target: Any = None,
    seed: int = 0,
    **options: Any,
) -> LearningCurves:
    """Fit on training sets of growing size and measure the error on rows kept apart.

    ``data``, ``target``: as for ``tv.fit``. ``sizes``: row counts, fractions of what can be
    trained on, or how many sizes to choose. ``validation``: the fraction (or number) of rows
    kept apart anew in each repeat, or data of their own. ``repeats``: each with its own rows
    and its own seed of the fit; the training sets of one repeat begin with the same rows.
    ``metric``: "error" (share of mistakes, or mean squared error in the target's units;
    weighted as ``fit.score`` weights them) or "loss" (the objective). ``options``: of
    ``tv.fit`` (epochs, batch_size, dtype …). Raises what ``tv.fit`` raises, saying which
    repeat, and RequestError for sizes that do not fit the rows.
    """
    asked = "learning_curves"
    dataset = as_dataset(data, target)
    options = checked_options(asked, options)
    checked_metric(asked, metric)
    labels = labels_of(dataset, model, objective)
    given = None if _is_number(validation) else as_validation(validation, target)
    pools = [
        (dataset, given)
        if given is not None
        else dataset.split(test=validation, seed=derived(seed, r), stratify=labels is not None)
        for r in range(whole("repeats", repeats))
    ]
    classes = 2 if labels is None else max(2, len(np.unique(labels)))
    chosen = rows_of(asked, sizes, len(pools[0][0]), classes)
    training, apart = np.empty((2, len(chosen), len(pools)))
    broken, task = 0, ""
    for r, (pool, held) in enumerate(pools):
        own = None if labels is None else pool.target
        for i, size in enumerate(chosen):
            part = pool.take(drawn(pool, size, derived(seed, r, 1), own))
            what = f"{asked}, repeat {r + 1}, {size} rows"
            steps = (model, objective, algorithm)
            found = fitted(steps, part, derived(seed, r, 2), what, options)
            broken += found.stopped is Stop.NON_FINITE
            task = found.task
            training[i, r] = measured(found.metrics["train"], metric)
            apart[i, r] = measured(found.score(held), metric)
    notes = _notes(np.array(chosen), apart, len(dataset), len(pools), given is not None)
    if broken:
        notes.append(f"{broken} fits stopped because a value was not finite")
    return LearningCurves(
        sizes=np.array(chosen),
        training=training,
        validation=apart,
        metric=metric_words(task, metric),
        validation_rows=len(pools[0][1]),
        seed=seed,
        notes=tuple(notes),
    )


def _is_number(validation: Any) -> bool:
    if isinstance(validation, bool) or validation is None:
        raise RequestError(
            f"learning_curves: validation={validation!r}; a curve needs rows kept apart: give a "
            "fraction, a number of rows, or data"
        )
    return isinstance(validation, int | float | np.integer | np.floating)


def _notes(sizes: Array, apart: Array, rows: int, times: int, given: bool) -> list[str]:
    if times == 1:
        notes = ["one repeat shows no spread: give repeats=5 or more"]
    else:
        what = "" if given else " and so do their validation parts"
        notes = [
            f"the repeats' training sets overlap{what}: all come from the same {rows:,} rows, so "
            "the standard errors leave out what other data would change"
        ]
    if len(sizes) > 1 and times > 1:
        fell = apart[-2] - apart[-1]
        error = float(standard_error(fell))
        notes.append(
            f"from {sizes[-2]:,} to {sizes[-1]:,} rows the validation error "
            + (
                f"fell by {plus_minus(float(fell.mean()), error)} (paired): more rows would help"
                if clear(fell)
                else f"changed by {plus_minus(-float(fell.mean()), error)} (paired), "
                "which may be chance"
            )
        )
    return notes
