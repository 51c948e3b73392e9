"""A dataset: features, a target, and what was noticed about them. It never changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np

from trivium.learning.data.column import Column
from trivium.learning.data.mapped import MappedRows
from trivium.learning.data.source import MEMORY, Origin, content_hash, recorded_rows
from trivium.learning.data.splitting import check_seed, part_size, split_rows
from trivium.learning.data.targets import quiet_task, target_kind
from trivium.learning.data.words import ROWS, Places, counted, did_you_mean, quoted
from trivium.learning.errors import DataError

__all__ = ["Dataset"]


@dataclass(frozen=True, eq=False)
class Dataset:
    """N examples: features, and usually a target and weights (immutable).

    A table has named ``columns``; array data have ``array`` of shape (N, ...) instead, one
    of the two is None; an array in a memory-mapped file stays there.
    ``target`` is the raw target, (N,) of text, bool, int64 or float64, or (N, k) of float64;
    None without one. ``weight`` is (N,) float64 or None.

    ``set_aside`` holds columns that are no features (constants, identifiers ...), ``notes``
    one sentence for everything that was noticed. ``task`` is known for built-in data only;
    infer_task decides otherwise. ``places`` names rows in messages: lines of the file.

    Made by tv.data.load, tv.data.read and tv.data.as_dataset.
    """

    name: str
    columns: tuple[Column, ...] | None = None
    array: np.ndarray | MappedRows | None = None
    target: np.ndarray | None = None
    target_name: str = ""
    weight: np.ndarray | None = None
    set_aside: tuple[Column, ...] = ()
    notes: tuple[str, ...] = ()
    task: str | None = None
    places: Places = ROWS
    origin: Origin = MEMORY

    def __post_init__(self) -> None:
        for array in (self.array, self.target, self.weight):
            if isinstance(array, np.ndarray):
                array.flags.writeable = False

    @cached_property
    def n(self) -> int:
        """The number of examples."""
        if self.array is not None:
            return len(self.array)
        if self.columns:
            return len(self.columns[0])
        if self.set_aside:
            return len(self.set_aside[0])
        return 0 if self.target is None else len(self.target)

    def __len__(self) -> int:
        return self.n

    @property
    def is_table(self) -> bool:
        """Whether the features are named columns (a table) and not an array."""
        return self.columns is not None

    @property
    def y(self) -> np.ndarray | None:
        """The raw target, the second of the pair (x, y)."""
        return self.target

    @cached_property
    def x(self) -> np.ndarray:
        """The raw features: the array (N, ...), or a table's columns as float64 (N, d).

        Truth values are 0 and 1, missing cells are NaN. Raises DataError for a table with
        text columns: these need an Encoder.
        """
        if self.columns is None:
            assert self.array is not None
            return np.asarray(self.array)
        text = [column.name for column in self.columns if column.is_text]
        if text:
            raise DataError(
                f"{self.name} is no matrix of numbers: {quoted(text)} "
                f"{'holds' if len(text) == 1 else 'hold'} text. tv.fit encodes it; for the "
                "numbers use tv.data.Encoder.fit(dataset, task).transform(dataset).x, for one "
                "column dataset.column(name)."
            )
        matrix = np.empty((self.n, len(self.columns)))
        for place, column in enumerate(self.columns):
            matrix[:, place] = column.values
        matrix.flags.writeable = False
        return matrix

    def column(self, name: str) -> Column:
        """Return the column called ``name``, also if it was set aside; DataError if none."""
        every = (*(self.columns or ()), *self.set_aside)
        for column in every:
            if column.name == name:
                return column
        raise DataError(
            f"{self.name} has no column {name!r}."
            + did_you_mean(name, [column.name for column in every])
        )

    @property
    def target_kind(self) -> str | None:
        """What the target holds: category, integer, boolean, number; None without one."""
        return None if self.target is None else target_kind(self.target)

    @property
    def source(self) -> dict[str, Any]:
        """A JSON-able reference with a SHA-256: tv.data.reload(source) gets the data again."""
        return self.origin.reference(self)

    @cached_property
    def sha256(self) -> str:
        """The SHA-256 of what these rows hold (not of the file they came from)."""
        return content_hash(self)

    def take(self, indices: Sequence[int] | np.ndarray) -> Dataset:
        """Return the rows at ``indices`` (whole numbers, or N truth values), in that order.

        Raises DataError for an index outside 0 … N-1 and for anything that is no index.
        """
        rows = _row_numbers(indices, self.n, self.name)
        return self._rows(rows, recorded_rows(rows))

    def _rows(self, rows: np.ndarray, part: dict[str, Any] | None) -> Dataset:
        return replace(
            self,
            columns=None if self.columns is None else tuple(c.take(rows) for c in self.columns),
            set_aside=tuple(c.take(rows) for c in self.set_aside),
            array=None if self.array is None else self.array.take(rows, axis=0),
            target=None if self.target is None else self.target[rows],
            weight=None if self.weight is None else self.weight[rows],
            places=self.places.take(rows),
            origin=self.origin.then(part),
        )

    def numbered(self) -> Dataset:
        """Return the same data, of which parts call their rows as they are counted here."""
        return replace(self, places=self.places.numbered(self.n))

    def split(
        self,
        test: float | int = 0.2,
        seed: int = 0,
        stratify: bool | Literal["auto"] = "auto",
    ) -> tuple[Dataset, Dataset]:
        """Return two disjoint parts that together hold every row: (train, test).

        ``test`` is the second part's fraction or number of rows. The rows are shuffled by
        ``seed`` alone, the same on every platform. ``stratify="auto"`` gives every class its
        share in both parts when the target is class labels (see infer_task); True insists,
        False does not look at the target.

        Raises DataError when a part would be empty and when a class cannot be in both parts.
        """
        size = part_size(test, self.n)
        seed = check_seed(seed)
        if stratify not in (True, False, "auto"):
            raise DataError(f"stratify is True, False or 'auto', not {stratify!r}.")
        classes = None
        if stratify is True:
            if self.target is None or self.target.ndim > 1:
                raise DataError(
                    f"stratify=True needs one class label per row, but {self.name} has "
                    + ("no target." if self.target is None else "several targets per row.")
                )
            classes = self.target
        elif stratify == "auto" and quiet_task(self) == "classification":
            classes = self.target
        first, second = split_rows(self.n, size, seed, classes, self.places, self.target_name)
        kept = int(test) if isinstance(test, int | np.integer) else float(test)
        how = {"test": kept, "seed": seed, "stratify": stratify}
        return (
            self._rows(first, {"split": how, "part": "train"}),
            self._rows(second, {"split": dict(how), "part": "test"}),
        )

    def with_target(self, name: str, training: bool = True) -> Dataset:
        """Return the table with its column ``name`` as the target, checked like read's."""
        from trivium.learning.data.review import choose_target

        return choose_target(self, name, training=training)

    def with_weight(self, weight: Sequence[float] | np.ndarray) -> Dataset:
        """Return the same data with a weight (N,) for each example: finite, not negative."""
        from trivium.learning.data.arrays import checked_weight

        return replace(self, weight=checked_weight(weight, self.n), origin=MEMORY)

    def describe(self, width: int | None = None) -> str:
        """Return the summary that print shows: columns, types, missing cells, notes.

        ``width``: of the lines, in characters (96).
        """
        from trivium.learning.data.summary import WIDTH, summary

        return summary(self, width or WIDTH)

    def __str__(self) -> str:
        return self.describe()

    def __repr__(self) -> str:
        if self.columns is not None:
            what = counted(len(self.columns), "column")
        else:
            assert self.array is not None
            what = f"x {self.array.shape} {self.array.dtype}"
        target = f", target {self.target_name!r}" if self.target is not None else ""
        return f"Dataset({self.name!r}, {counted(self.n, 'row')}, {what}{target})"


def _row_numbers(indices: object, n: int, name: str) -> np.ndarray:
    try:
        rows = np.asarray(indices)
    except ValueError:
        rows = np.asarray(None)
    if rows.ndim == 1 and rows.dtype == bool:
        if len(rows) != n:
            raise DataError(f"{name} has {counted(n, 'row')}, the mask has {len(rows):,}.")
        return np.flatnonzero(rows)
    if rows.ndim == 1 and rows.size == 0:
        return np.zeros(0, dtype=np.int64)
    if rows.ndim != 1 or rows.dtype.kind not in "iu":
        raise DataError(
            f"take needs a list of row numbers or of {n:,} truth values, not {indices!r:.60}."
        )
    outside = np.flatnonzero((rows < 0) | (rows >= n))
    if len(outside):
        raise DataError(
            f"{name} has {counted(n, 'row')}, numbered from 0 to {n - 1:,}: "
            f"there is no row {int(rows[outside[0]])}."
        )
    return rows.astype(np.int64)
