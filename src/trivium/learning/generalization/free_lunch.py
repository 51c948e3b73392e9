"""No free lunch: over all labelings of a small domain, every learner guesses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np

from trivium.learning.errors import RequestError

from .inversion import whole
from .trials import fitted, table

__all__ = ["NoFreeLunch", "no_free_lunch"]

Array = np.ndarray[Any, Any]
Learner = Callable[[Array, Array, Array], Any]


@dataclass(frozen=True)
class NoFreeLunch:
    """Errors off the training set of several learners, over every labeling of a domain.

    ``domain`` (m, d): all points; ``training`` (n,): the row numbers of those with known
    labels. ``average``: for each learner the exact mean share of mistakes on the other points,
    over all 2^m labelings. ``histogram``: for each learner, how many labelings give 0, 1, …,
    m - n mistakes. ``monotone``: the same average over the monotone labelings (a point
    whose coordinates are all at least as large as another's has no smaller label): where the
    labels have structure, learners differ.
    """

    domain: Array
    training: Array
    average: dict[str, Fraction]
    histogram: dict[str, tuple[int, ...]]
    monotone: dict[str, Fraction]
    labelings: int
    monotone_labelings: int

    def __str__(self) -> str:
        m, n = len(self.domain), len(self.training)
        rows = [
            [name, str(mean), str(self.histogram[name][0]), str(self.histogram[name][-1]),
             f"{float(self.monotone[name]):.4g}"]
            for name, mean in self.average.items()
        ]  # fmt: skip
        head = ("learner", "mean error", "labelings without a mistake", "all wrong",
                "mean, monotone only")  # fmt: skip
        return "\n".join(
            [
                f"{self.labelings:,} labelings of {m} points, {n} of them known; errors on the "
                f"other {m - n}",
                table(head, rows),
                f"over all labelings every learner's mean error is 1/2; over the "
                f"{self.monotone_labelings} monotone ones it is not",
            ]
        )

    __repr__ = __str__


def no_free_lunch(
    learners: Mapping[str, Any] | None = None,
    *,
    bits: int = 3,
    training: Any = None,
    seed: int = 0,
    **options: Any,
) -> NoFreeLunch:
    """Try learners on every labeling of all ``bits``-bit inputs, exactly.

    ``learners``: name → a function (x known, y known, x asked) → labels 0 and 1, or a tuple
    (model, objective, algorithm) fitted by ``tv.fit`` with ``options`` (where all known labels
    are equal it answers with them); None: a majority vote, the nearest neighbour, and its
    opposite. ``training``: the row numbers with known labels, or how many (None: half), the
    first in counting order. Each learner is called for the 2^n labelings of the known points
    only: what it cannot see cannot change its answer. At most 4 bits (65,536 labelings). Raises
    RequestError for learners that answer anything but 0 and 1.

    Equation: Σ_f E_off(A, S, f) / 2^m = 1/2 for every learner A. Source: Wolpert (1996), "The
    lack of a priori distinctions between learning algorithms", Neural Computation 8;
    Schaffer (1994), ICML, "A conservation law for generalization performance".
    """
    d = whole("bits", bits)
    if d > 4:
        raise RequestError(f"no_free_lunch: bits={d}: 2^(2^{d}) labelings are too many; use 4")
    domain = np.array(list(product((0.0, 1.0), repeat=d)))
    m = len(domain)
    known = _known(training, m)
    asked = np.setdiff1d(np.arange(m), known)
    if learners is not None and not isinstance(learners, Mapping):
        raise RequestError(
            "no_free_lunch: learners are a dictionary, name → function or (model, objective, "
            f"algorithm), not {learners!r}"
        )
    chosen = dict(learners) if learners is not None else dict(_LEARNERS)
    if not chosen:
        raise RequestError("no_free_lunch: there are no learners")
    monotone = _monotone(domain)
    average, histogram, structured = {}, {}, {}
    for name, learner in chosen.items():
        answers = {
            labels: _answer(name, learner, domain, known, asked, labels, seed, options)
            for labels in product((0, 1), repeat=len(known))
        }
        counts, mistakes = np.zeros(len(asked) + 1, np.int64), 0
        for labels, answer in answers.items():
            for rest in product((0, 1), repeat=len(asked)):
                wrong = sum(a != b for a, b in zip(answer, rest, strict=True))
                counts[wrong] += 1
                whole_labeling = np.empty(m, np.int64)
                whole_labeling[known], whole_labeling[asked] = labels, rest
                if tuple(whole_labeling.tolist()) in monotone:
                    mistakes += wrong
        total = sum(wrong * int(count) for wrong, count in enumerate(counts))
        average[name] = Fraction(total, 2**m * len(asked))
        structured[name] = Fraction(mistakes, len(monotone) * len(asked))
        histogram[name] = tuple(int(count) for count in counts)
    return NoFreeLunch(domain, known, average, histogram, structured, 2**m, len(monotone))


def _known(training: Any, m: int) -> Array:
    if training is None:
        return np.arange(m // 2)
    if isinstance(training, int | np.integer) and not isinstance(training, bool):
        count = whole("training", training, 0)
        rows = np.arange(count)
    else:
        try:
            given = np.asarray(training)
        except ValueError:
            given = np.zeros(1, object)
        if given.dtype.kind not in "iu" and given.size:
            raise RequestError(
                f"no_free_lunch: training={training!r} must be how many points are known, or "
                "their numbers"
            )
        rows = np.unique(given.astype(np.int64))
    if len(rows) >= m or (len(rows) and not 0 <= rows.min() <= rows.max() < m):
        raise RequestError(
            f"no_free_lunch: training={training!r}; the domain has {m} points, numbered from 0, "
            "of which at least one must stay unknown"
        )
    return rows


def _answer(
    name: str,
    learner: Any,
    domain: Array,
    known: Array,
    asked: Array,
    labels: tuple[int, ...],
    seed: int,
    options: Any,
) -> tuple[int, ...]:
    x, y = domain[known], np.array(labels, np.int64)
    if isinstance(learner, tuple):
        if len(learner) != 3:
            raise RequestError(
                f"no_free_lunch: the learner {name!r} has {len(learner)} members; (model, "
                "objective, algorithm) are needed"
            )
        found = _by_fit(name, learner, x, y, domain[asked], seed, options)
    elif callable(learner):
        found = np.asarray(learner(x, y, domain[asked]))
    else:
        raise RequestError(
            f"no_free_lunch: the learner {name!r} is {learner!r}; a function or (model, "
            "objective, algorithm) is needed"
        )
    if found.shape != (len(asked),) or not np.isin(found, (0, 1)).all():
        raise RequestError(
            f"no_free_lunch: the learner {name!r} answered {found!r:.80}; {len(asked)} labels, "
            "each 0 or 1, are needed"
        )
    return tuple(int(each) for each in found)


def _by_fit(
    name: str, steps: Any, x: Array, y: Array, asked: Array, seed: int, options: Any
) -> Array:
    if len(set(y.tolist())) < 2:
        return np.full(len(asked), y[0] if len(y) else 0)
    model, objective, _ = steps
    if objective.wanted_task(model) == "regression":
        found = fitted(steps, (x, y.astype(float)), seed, name, options).predict(asked)
        return (found > 0.5).astype(np.int64)
    answers: Array = fitted(steps, (x, y), seed, name, options).predict(asked)
    return answers


def _monotone(domain: Array) -> set[tuple[int, ...]]:
    """Labelings in which a point never has a smaller label than one that it dominates."""
    m = len(domain)
    below = [
        (i, j) for i in range(m) for j in range(m) if i != j and (domain[i] <= domain[j]).all()
    ]
    found: set[tuple[int, ...]] = set()
    for labels in product((0, 1), repeat=m):
        if all(labels[i] <= labels[j] for i, j in below):
            found.add(labels)
    return found


def _majority(x: Array, y: Array, asked: Array) -> Array:
    return np.full(len(asked), int(2 * y.sum() > len(y)))


def _nearest(x: Array, y: Array, asked: Array) -> Array:
    if not len(y):
        return np.zeros(len(asked), np.int64)
    distance = np.abs(asked[:, None] - x[None]).sum(axis=2)
    return np.asarray(y[distance.argmin(axis=1)])


def _opposite(x: Array, y: Array, asked: Array) -> Array:
    return 1 - _nearest(x, y, asked)


_LEARNERS: dict[str, Learner] = {
    "majority": _majority,
    "nearest neighbour": _nearest,
    "its opposite": _opposite,
}
