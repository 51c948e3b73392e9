"""Features as numbers: every column of a table its own code, or an array as a whole."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, overload

import numpy as np

from trivium.learning.data.codes import (
    CategoryCode,
    NumberCode,
    code_from_dict,
    fit_code,
)
from trivium.learning.data.column import Column
from trivium.learning.data.dataset import Dataset
from trivium.learning.data.mapped import MappedRows, ScaledRows
from trivium.learning.data.saved import Saved
from trivium.learning.data.scaling import centre_and_spread, standardise
from trivium.learning.data.words import counted, did_you_mean, quoted
from trivium.learning.errors import DataError

__all__ = ["ArrayFeatures", "ArrayNames", "TableFeatures", "features_from_dict"]


@dataclass(frozen=True, eq=False)
class TableFeatures:
    """The codes of a table's columns, in the order of the training table."""

    codes: tuple[NumberCode | CategoryCode, ...]

    @classmethod
    def fit(cls, dataset: Dataset, scale: bool) -> TableFeatures:
        """Learn a code for each column."""
        columns = dataset.columns or ()
        if not columns:
            raise DataError(f"{dataset.name} has no feature columns.")
        return cls(tuple(fit_code(column, scale, dataset) for column in columns))

    @cached_property
    def names(self) -> Sequence[str]:
        """The names of the encoded columns."""
        return tuple(name for code in self.codes for name in code.names)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one encoded row: (d,)."""
        return (sum(code.width for code in self.codes),)

    def transform(self, dataset: Dataset) -> tuple[np.ndarray, dict[str, int]]:
        """Return the rows as float64 (N, d), and how many cells were of no known level."""
        columns = self._columns(dataset)
        encoded = np.zeros((len(dataset), *self.shape))
        unseen: dict[str, int] = {}
        start = 0
        for code, column in zip(self.codes, columns):
            block = encoded[:, start : start + code.width]
            unknown = code.write(column, block, dataset)
            if unknown:
                unseen[code.name] = unknown
            start += code.width
        return encoded, unseen

    def _columns(self, dataset: Dataset) -> list[Column]:
        if dataset.columns is None:
            return self._columns_of_array(dataset)
        table = {column.name: column for column in (*dataset.set_aside, *dataset.columns)}
        missing = [code.name for code in self.codes if code.name not in table]
        if missing:
            near = did_you_mean(missing[0], table)
            one, it = ("column", "it") if len(missing) == 1 else ("columns", "them")
            raise DataError(
                f"{dataset.name} lacks the {one} {quoted(missing, 20)}, which the model was "
                f"trained on.{near} Its columns: {quoted(table, 12)}. Add {it}; single cells "
                "may be empty."
            )
        return [table[code.name] for code in self.codes]

    def _columns_of_array(self, dataset: Dataset) -> list[Column]:
        """Take the columns of a matrix in the order of the training table."""
        x = dataset.x
        text = [code.name for code in self.codes if isinstance(code, CategoryCode)]
        if text or x.ndim != 2 or x.shape[1] != len(self.codes):
            raise DataError(
                f"The model was trained on a table with {counted(len(self.codes), 'column')} "
                f"({quoted((code.name for code in self.codes), 6)}"
                + (f"; text: {quoted(text, 4)}" if text else "")
                + f"), and got an array of shape {x.shape}: pass a dataframe instead."
            )
        return [
            Column(code.name, "number", np.array(x[:, place], dtype=np.float64))
            for place, code in enumerate(self.codes)
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return the codes as a JSON-able dictionary."""
        return {"kind": "table", "columns": [code.to_dict() for code in self.codes]}


class ArrayNames(Sequence[str]):
    """The names of an array's features, made when asked for: x[0], x[1] … or x[0, 0] …"""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self._shape = shape

    def __len__(self) -> int:
        return math.prod(self._shape)

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[str]: ...
    def __getitem__(self, place: int | slice) -> str | Sequence[str]:
        if isinstance(place, slice):
            return tuple(self[i] for i in range(*place.indices(len(self))))
        if not -len(self) <= place < len(self):
            raise IndexError(f"there are {len(self):,} features, no number {place}")
        if not self._shape:
            return "x"
        index = np.unravel_index(place % len(self), self._shape)
        return f"x[{', '.join(str(int(i)) for i in index)}]"

    def __iter__(self) -> Iterator[str]:
        return (self[i] for i in range(len(self)))

    def __eq__(self, other: object) -> bool:
        if isinstance(other, ArrayNames):
            return self._shape == other._shape
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        shown = ", ".join(repr(self[i]) for i in range(min(3, len(self))))
        return f"<{len(self):,} names: {shown}{', …' if len(self) > 3 else ''}>"


@dataclass(frozen=True, eq=False)
class ArrayFeatures:
    """Array features of one example's ``shape``; centre and spread are None if unscaled."""

    shape: tuple[int, ...]
    centre: np.ndarray | None = None
    spread: np.ndarray | None = None

    @classmethod
    def fit(
        cls, x: np.ndarray | MappedRows, scale: bool, weight: np.ndarray | None = None
    ) -> ArrayFeatures:
        """Learn mean and standard deviation of every feature of x (N, ...), if ``scale``."""
        if not scale:
            return cls(x.shape[1:])
        return cls(x.shape[1:], *centre_and_spread(x, weight))

    @property
    def names(self) -> Sequence[str]:
        """The names of the flattened features."""
        return ArrayNames(self.shape)

    def transform(self, dataset: Dataset) -> tuple[np.ndarray | ScaledRows, dict[str, int]]:
        """Return x as float64 (N, ...); a table of as many numbers is taken in order."""
        x = self._numbers_of_table(dataset) if dataset.is_table else dataset.array
        assert x is not None
        if x.shape[1:] != self.shape:
            one = " A single example is passed as x[None]." if x.shape == self.shape else ""
            raise DataError(
                f"The model was trained on examples of shape {self.shape}, and got examples of "
                f"shape {x.shape[1:]} (x has shape {x.shape}).{one}"
            )
        if isinstance(x, MappedRows):
            return ScaledRows(x, self.centre, self.spread, np.dtype(np.float64)), {}
        if self.centre is None or self.spread is None:
            return np.array(x, dtype=np.float64), {}
        return standardise(x, self.centre, self.spread), {}

    def _numbers_of_table(self, dataset: Dataset) -> np.ndarray:
        wanted = math.prod(self.shape)
        columns = dataset.columns or ()
        if len(columns) != wanted or any(column.is_text for column in columns):
            sizes = ", ".join(map(str, self.shape))
            raise DataError(
                f"The model was trained on an array of shape (N, {sizes}), which takes "
                f"{counted(wanted, 'column')} of numbers; {dataset.name} has "
                f"{counted(len(columns), 'column')}."
            )
        x = dataset.x
        empty = np.argwhere(np.isnan(x))
        if len(empty):
            row, place = (int(i) for i in empty[0])
            raise DataError(
                f"{dataset.name}, {dataset.places.name(row)}: {columns[place].name!r} is "
                "missing, and the model was trained on arrays, where nothing is imputed."
            )
        return x.reshape(len(x), *self.shape)

    def to_dict(self) -> dict[str, Any]:
        """Return the features as a JSON-able dictionary."""
        numbers = [
            None if array is None else array.ravel().tolist()
            for array in (self.centre, self.spread)
        ]
        return {
            "kind": "array",
            "shape": list(self.shape),
            "centre": numbers[0],
            "spread": numbers[1],
        }


def features_from_dict(saved: Saved) -> TableFeatures | ArrayFeatures:
    """Return the features that to_dict described; DataError for anything else."""
    if saved.choice("kind", ("table", "array")) == "table":
        codes = tuple(code_from_dict(record) for record in saved.records("columns"))
        names = [code.name for code in codes]
        if not codes or len(set(names)) != len(names):
            raise DataError(f"The saved {saved.path}.columns are not different columns.")
        return TableFeatures(codes)
    shape = saved.sizes("shape", 1)
    if "centre" not in saved and "spread" not in saved:
        return ArrayFeatures(shape)
    count = math.prod(shape)
    centre = saved.numbers("centre", count).reshape(shape)
    spread = saved.numbers("spread", count, least=0.0).reshape(shape)
    return ArrayFeatures(shape, centre, spread)
