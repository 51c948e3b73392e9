"""Which learner wins with how many rows and how much noise, measured on the user's data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trivium.learning.data import Dataset, as_dataset
from trivium.learning.errors import DataError, RequestError
from trivium.learning.models import Linear, Model, NaiveBayes

from .inversion import rate, whole
from .trials import (
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
    with_labels,
)

__all__ = ["Comparison", "compare"]

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Comparison:
    """Test errors of several learners over training sizes, flipped labels and repeats.

    ``errors`` (M, F, S, R): by learner, share of flipped labels, size and repeat; every learner
    meets the same rows, so differences are paired. ``metric``: in words. ``notes``: how far to
    trust it.
    """

    names: tuple[str, ...]
    flips: Array
    sizes: Array
    errors: Array
    metric: str
    test_rows: int
    notes: tuple[str, ...]

    @property
    def repeats(self) -> int:
        """How many training sets of every kind."""
        return int(self.errors.shape[3])

    def rows(self) -> list[dict[str, Any]]:
        """One dict for every learner, flip and size: the mean error and its standard error."""
        return [
            {
                "name": name,
                "flip": float(flip),
                "size": int(size),
                "error": float(self.errors[m, f, s].mean()),
                "standard_error": float(standard_error(self.errors[m, f, s])),
            }
            for m, name in enumerate(self.names)
            for f, flip in enumerate(self.flips)
            for s, size in enumerate(self.sizes)
        ]

    def winner(self, flip: int, size: int) -> tuple[str | None, float, float]:
        """The best learner at those positions, its lead over the second, and the lead's error.

        The name is None where the lead, paired over repeats, may be chance (Student's t, 5 %).
        """
        errors = self.errors[:, flip, size]
        order = errors.mean(axis=1).argsort(kind="stable")
        if len(order) < 2:
            return None, float("nan"), float("nan")
        lead = errors[order[1]] - errors[order[0]]
        spread = float(standard_error(lead))
        return (self.names[order[0]] if clear(lead) else None), float(lead.mean()), spread

    def __str__(self) -> str:
        lines = [f"{self.metric} on {self.test_rows:,} test rows, mean ± standard error over "
                 f"{self.repeats} repeats"]  # fmt: skip
        for f, flip in enumerate(self.flips):
            lines.append(
                f"{flip:.0%} of the training labels flipped" if flip else "labels as given"
            )
            cells = []
            for s, size in enumerate(self.sizes):
                name, lead, spread = self.winner(f, s)
                even = "even" if len(self.names) > 1 else "alone"
                verdict = even if name is None else f"{name} by {plus_minus(lead, spread)}"
                errors = self.errors[:, f, s]
                cells.append([
                    f"{size:,}",
                    *(plus_minus(float(e.mean()), float(standard_error(e))) for e in errors),
                    verdict,
                ])  # fmt: skip
            lines.append(table(("rows", *self.names, "better"), cells))
        return "\n".join([*lines, *(f"note: {note}" for note in self.notes)])

    __repr__ = __str__

    def plot(self) -> Any:
        """Draw errors over sizes, one panel for each share of flips; returns the figure.

        Needs matplotlib (``pip install trivium[plot]``).
        """
        from .drawing import panels

        figure, places = panels(len(self.flips))
        for f, place in enumerate(places):
            for m, name in enumerate(self.names):
                mean = self.errors[m, f].mean(axis=1)
                spread = self.errors[m, f].std(axis=1)
                (line,) = place.plot(self.sizes, mean, marker="o", label=name)
                place.fill_between(
                    self.sizes, mean - spread, mean + spread, color=line.get_color(), alpha=0.15
                )
            place.set_xscale("log")
            place.set_xlabel("rows in the training set")
            place.set_title(f"{self.flips[f]:.0%} of the labels flipped")
            place.grid(alpha=0.3)
        places[0].set_ylabel(self.metric)
        places[0].legend(frameon=False)
        return figure


def compare(
    models: Mapping[str, Any] | Sequence[Any] | None,
    data: Any,
    *,
    sizes: Any = 4,
    flips: Sequence[float] = (0.0,),
    test: Any = 0.3,
    repeats: int = 5,
    target: Any = None,
    seed: int = 0,
    **options: Any,
) -> Comparison:
    """Which learner predicts better as rows grow and as training labels are flipped.

    ``models``: name → (model, objective, algorithm), or a model alone, whose other steps and
    epochs are then chosen from its training set as on the command line; a list of such names
    them as they are written; None: discriminative against generative, logistic regression and
    Gaussian naive Bayes. ``data``, ``target``: as
    for ``tv.fit``. ``sizes``: row counts, fractions of the training part, or how many.
    ``flips``: shares of the training labels that are replaced by another class; the test labels
    stay. ``test``: rows kept apart anew in each repeat. ``options``: of ``tv.fit``, for all.
    Errors are shares of mistakes, or mean squared errors for a quantity (without flips),
    weighted as ``fit.score`` weights them. Raises
    what ``tv.fit`` raises, saying which repeat.

    Source: Ng & Jordan (2002), "On discriminative vs. generative classifiers: a comparison of
    logistic regression and naive Bayes", NIPS 14; for flipped labels Frénay & Verleysen (2014),
    IEEE Transactions on Neural Networks and Learning Systems 25.
    """
    asked = "compare"
    options = checked_options(asked, options)
    dataset, times = as_dataset(data, target), whole("repeats", repeats)
    learners = _learners(models)
    labels = _labels(asked, dataset, learners)
    if models is None and labels is None:
        raise RequestError(
            f"{asked}: models=None compares classifiers, but this target is a quantity; name the "
            "models to compare"
        )
    if not np.iterable(flips) or isinstance(flips, str):
        raise RequestError(
            f"{asked}: flips={flips!r} must be a list of shares, such as [0.0, 0.2]"
        )
    shares = np.array([rate("a share of flips", each) for each in flips])
    if not len(shares):
        raise RequestError("compare: flips= has no shares; give [0.0] for labels as they are")
    if labels is None and shares.any():
        raise RequestError("compare: flips= is for class labels; this target is a quantity")
    parts = [
        dataset.split(test=test, seed=derived(seed, r), stratify=labels is not None)
        for r in range(times)
    ]
    classes = 2 if labels is None else max(2, len(np.unique(labels)))
    chosen = rows_of(asked, sizes, len(parts[0][0]), classes)
    errors = np.empty((len(learners), len(shares), len(chosen), times))
    for r, (pool, held) in enumerate(parts):
        own = None if labels is None else pool.target
        for s, size in enumerate(chosen):
            part = pool.take(drawn(pool, size, derived(seed, r, 1), own))
            for f, share in enumerate(shares):
                noisy = _flipped(part, float(share), derived(seed, r, 2)) if share else part
                for m, (name, learner) in enumerate(learners.items()):
                    what = f"{asked}, {name}, repeat {r + 1}, {size} rows, {share:.0%} flipped"
                    errors[m, f, s, r] = _error(
                        learner, noisy, held, derived(seed, r, 3), what, options
                    )
    task = "regression" if labels is None else "classification"
    notes = _notes(times, len(dataset))
    return Comparison(
        tuple(learners), shares, np.array(chosen), errors, metric_words(task, "error"),
        len(parts[0][1]), notes,
    )  # fmt: skip


def _notes(times: int, rows: int) -> tuple[str, ...]:
    if times == 1:
        return ("one repeat shows no spread, so no winner is named: give repeats=5 or more",)
    return (
        "a winner's lead, paired over the repeats, is beyond chance by Student's t (5 %)",
        f"all repeats come from the same {rows:,} rows: the standard errors leave out what other "
        "data would change",
    )


def _learners(models: Mapping[str, Any] | Sequence[Any] | None) -> dict[str, Any]:
    if models is None:
        chosen = _discriminative_and_generative()
    elif isinstance(models, Mapping):
        chosen = dict(models)
    elif isinstance(models, list | tuple):
        chosen = {_called(each): each for each in models}
        if len(chosen) < len(models):
            raise RequestError(
                "compare: two of the models are written alike; give a dict with a name for each"
            )
    else:
        raise RequestError(
            f"compare: models are a dict of names and learners, or a list; got {models!r:.80}"
        )
    if not chosen:
        raise RequestError("compare: there are no models")
    for name, learner in chosen.items():
        if isinstance(learner, Model):
            continue
        if not isinstance(learner, tuple | list) or len(learner) != 3:
            raise RequestError(
                f"compare: {name!r} is {learner!r:.80}; a model, or (model, objective, "
                "algorithm), is needed"
            )
    return chosen


def _called(learner: Any) -> str:
    """The name of a learner that was given without one."""
    parts = learner if isinstance(learner, tuple | list) else (learner,)
    return " · ".join(map(repr, parts))


def _discriminative_and_generative() -> dict[str, Any]:
    return {"logistic regression": Linear(), "naive Bayes": NaiveBayes()}


def _labels(asked: str, dataset: Dataset, learners: Mapping[str, Any]) -> Array | None:
    """The class labels, on which all learners must agree."""
    kinds = {}
    for name, learner in learners.items():
        if isinstance(learner, Model):
            from trivium.learning.data import infer_task

            kinds[name] = infer_task(dataset) == "classification"
        else:
            kinds[name] = labels_of(dataset, learner[0], learner[1]) is not None
    if len(set(kinds.values())) > 1:
        words = ", ".join(f"{k}: {'classes' if v else 'a quantity'}" for k, v in kinds.items())
        raise RequestError(
            f"{asked}: the models take the target for different things ({words})"
        )
    return dataset.target if next(iter(kinds.values())) else None


def _flipped(part: Dataset, share: float, seed: int) -> Dataset:
    """``share`` of the labels replaced by another class; no class loses its last row."""
    from trivium.learning.data.splitting import permutation

    assert part.target is not None
    values, codes = np.unique(part.target, return_inverse=True)
    codes, counts = codes.ravel().copy(), np.bincount(codes.ravel())
    if len(values) < 2:
        raise DataError("compare: labels cannot be flipped where there is one class only")
    wanted, words = round(share * len(codes)), np.random.Philox(seed).random_raw(len(codes))
    for row in permutation(len(codes), seed):
        if wanted == 0:
            break
        if counts[codes[row]] < 2:
            continue
        other = (codes[row] + 1 + int(words[row] % np.uint64(len(values) - 1))) % len(values)
        counts[codes[row]] -= 1
        counts[other] += 1
        codes[row] = other
        wanted -= 1
    return with_labels(part, values[codes])


def _error(
    learner: Any, part: Dataset, held: Dataset, seed: int, what: str, options: dict[str, Any]
) -> float:
    if isinstance(learner, Model):
        from trivium.learning.defaults import recommend

        chosen = recommend(part, learner, validation=0)
        steps = (chosen.model, chosen.objective, chosen.algorithm)
        own = {**chosen.options(), **options}
    else:
        steps, own = tuple(learner), options
    return measured(fitted(steps, part, seed, what, own).score(held), "error")
