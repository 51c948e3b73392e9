"""How one column of a table becomes numbers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from trivium.learning.data.column import Column
from trivium.learning.data.dataset import Dataset
from trivium.learning.data.saved import Saved
from trivium.learning.data.scaling import centre_and_spread, standardise
from trivium.learning.data.words import shortened
from trivium.learning.errors import DataError

__all__ = ["MAX_LEVELS", "CategoryCode", "NumberCode", "code_from_dict", "fit_code"]

MAX_LEVELS = 50  # a category column becomes at most this many columns


def fit_code(column: Column, scale: bool, dataset: Dataset) -> NumberCode | CategoryCode:
    """Learn the code of a training column; DataError if it cannot be a feature as it is."""
    if column.trouble:
        raise DataError(f"{dataset.name}: {column.trouble}")
    return (
        CategoryCode.fit(column)
        if column.is_text
        else NumberCode.fit(column, scale, dataset.weight)
    )


def _wrong_type(column: Column, row: int, wanted: str, dataset: Dataset) -> DataError:
    return DataError(
        f"{dataset.name}, {dataset.places.name(row)}: column {column.name!r} holds "
        f"{shortened(column.texts()[row])}, but the model was trained on {wanted} there."
    )


@dataclass(frozen=True)
class NumberCode:
    """A column of numbers or of truth values (``is_boolean``).

    A missing cell becomes ``fill``; then (x - centre) / spread, 0 where the spread is 0.
    ``marks_missing`` says that a second column is 1 where the cell was missing.
    """

    name: str
    is_boolean: bool
    fill: float
    centre: float
    spread: float
    marks_missing: bool

    @classmethod
    def fit(cls, column: Column, scale: bool, weight: np.ndarray | None = None) -> NumberCode:
        """Learn median (or the more frequent truth value), mean and standard deviation."""
        missing = column.missing
        there = column.values[~missing]
        is_boolean = column.kind == "boolean"
        marks = bool(missing.any())
        if len(there) == 0:
            return cls(column.name, is_boolean, 0.0, 0.0, 0.0, marks)
        fill = _median(there, None if weight is None else weight[~missing])
        if is_boolean:
            changes = not scale or bool((there != there[0]).any())
            return cls(column.name, True, float(fill > 0.5), 0.0, float(changes), marks)
        if not scale:
            return cls(column.name, False, fill, 0.0, 1.0, marks)
        centre, spread = centre_and_spread(np.where(missing, fill, column.values), weight)
        return cls(column.name, False, fill, float(centre), float(spread), marks)

    @property
    def width(self) -> int:
        """The number of encoded columns."""
        return 1 + self.marks_missing

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the encoded columns."""
        return (self.name, f"{self.name} is missing")[: self.width]

    def write(self, column: Column, block: np.ndarray, dataset: Dataset) -> int:
        """Write the column into ``block`` (N, width); return 0, no number is unseen."""
        values, misfit = column.truths() if self.is_boolean else column.numbers()
        if misfit is not None:
            wanted = "truth values" if self.is_boolean else "numbers"
            raise _wrong_type(column, misfit, wanted, dataset)
        infinite = np.flatnonzero(np.isinf(values))
        if len(infinite):
            row = int(infinite[0])
            raise DataError(
                f"{dataset.name}, {dataset.places.name(row)}: column {self.name!r} is infinite."
            )
        missing = np.isnan(values)
        filled = np.where(missing, self.fill, values)
        block[:, 0] = standardise(filled, self.centre, self.spread, self.name)
        if self.marks_missing:
            block[:, 1] = missing
        return 0

    def to_dict(self) -> dict[str, Any]:
        """Return the code as a JSON-able dictionary."""
        return {
            "kind": "boolean" if self.is_boolean else "number",
            "name": self.name,
            "fill": self.fill,
            "centre": self.centre,
            "spread": self.spread,
            "marks_missing": self.marks_missing,
        }


def _median(values: np.ndarray, weight: np.ndarray | None) -> float:
    """Return the median: the middle of the sorted rows, each as often as its weight says.

    Of two middle values it is the mean, taken without overflow.
    """
    order = np.argsort(values, kind="stable")
    counts = np.ones(len(values)) if weight is None or not weight.any() else weight
    passed = np.cumsum(counts[order])
    half = passed[-1] / 2
    low = values[order[np.searchsorted(passed, half, side="left")]]
    high = values[order[np.searchsorted(passed, half, side="right")]]
    return float(low) if low == high else float(low / 2 + high / 2)


@dataclass(frozen=True)
class CategoryCode:
    """A column of categories: one encoded column for each of ``levels`` (sorted).

    ``marks_missing`` adds a column for missing cells, ``rare`` (the levels beyond the most
    frequent ones) one that is 1 for every level that has no column of its own.
    """

    name: str
    levels: tuple[str, ...]
    rare: tuple[str, ...]
    marks_missing: bool

    @classmethod
    def fit(cls, column: Column) -> CategoryCode:
        """Learn the levels that occur, the most frequent ones if there are many."""
        assert column.levels is not None
        counts = np.bincount(column.values[column.values >= 0], minlength=len(column.levels))
        present = np.flatnonzero(counts)
        frequent = present[np.argsort(-counts[present], kind="stable")]
        kept, rest = frequent[:MAX_LEVELS], frequent[MAX_LEVELS:]
        return cls(
            column.name,
            tuple(column.levels[i] for i in np.sort(kept)),
            tuple(column.levels[i] for i in np.sort(rest)),
            bool(column.missing.any()),
        )

    @property
    def width(self) -> int:
        """The number of encoded columns."""
        return len(self.levels) + bool(self.rare) + self.marks_missing

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of the encoded columns."""
        names = [f"{self.name}={level}" for level in self.levels]
        if self.rare:
            names.append(f"{self.name} is another")
        if self.marks_missing:
            names.append(f"{self.name} is missing")
        return tuple(names)

    def write(self, column: Column, block: np.ndarray, dataset: Dataset) -> int:
        """Write the column into ``block`` (N, width) of zeros; return the unseen cells.

        Unseen is a level that training did not have, and a missing cell if training had none.
        """
        levels, places = column.coded()
        own = {level: code for code, level in enumerate(self.levels)}
        other = len(self.levels) if self.rare else -1
        rare = frozenset(self.rare)
        absent = self.width - 1 if self.marks_missing else -1
        targets = np.array([*(own.get(level, other) for level in levels), absent])
        new = [level not in own and level not in rare for level in levels]
        unseen = np.array([*new, not self.marks_missing])
        code = targets[places]
        rows = np.flatnonzero(code >= 0)
        block[rows, code[rows]] = 1.0
        return int(unseen[places].sum())

    def to_dict(self) -> dict[str, Any]:
        """Return the code as a JSON-able dictionary."""
        return {
            "kind": "category",
            "name": self.name,
            "levels": list(self.levels),
            "rare": list(self.rare),
            "marks_missing": self.marks_missing,
        }


def code_from_dict(saved: Saved) -> NumberCode | CategoryCode:
    """Return the code that to_dict described; DataError for anything else."""
    kind = saved.choice("kind", ("number", "boolean", "category"))
    name = saved.text("name")
    marks = saved.flag("marks_missing")
    if kind == "category":
        levels, rare = saved.texts("levels"), saved.texts("rare")
        if list(levels) != sorted(levels) or set(levels) & set(rare) or not (levels or marks):
            raise DataError(f"The saved {saved.path}.levels are not sorted, different levels.")
        return CategoryCode(name, levels, rare, marks)
    fill, centre = saved.number("fill"), saved.number("centre")
    spread = saved.number("spread", least=0.0)
    return NumberCode(name, kind == "boolean", fill, centre, spread, marks)
