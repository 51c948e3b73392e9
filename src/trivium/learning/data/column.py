"""One feature column of a table: what it is called, what it holds, and how it reads as text."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

__all__ = ["FALSE_WORDS", "TRUE_WORDS", "Column", "number_text"]

TRUE_WORDS = frozenset({"true", "yes", "y", "t", "1", "1.0"})
FALSE_WORDS = frozenset({"false", "no", "n", "f", "0", "0.0"})


def number_text(value: float) -> str:
    """Write a number as a label: whole numbers without a decimal point."""
    return str(int(value)) if value == np.floor(value) and abs(value) < 2**63 else repr(value)


@dataclass(frozen=True, eq=False, slots=True)
class Column:
    """A named column of N cells (immutable).

    ``kind`` is one of

    - ``number``, ``integer``, ``boolean``: ``values`` is float64 (N,), NaN where missing;
    - ``category``, and the kinds that no model can use as they are, ``date`` and ``mixed``
      (numbers with words between them): ``values`` is int64 (N,), the place of each cell's
      text in ``levels`` (sorted), -1 where missing.

    ``raw`` keeps the cells' text as the source had it (None where the source was typed), so
    that ``007`` stays ``007`` when a model wants text; it is never copied, ``raw_rows`` says
    which of its rows these are (None: all). ``trouble`` says why a model cannot
    use the column as it is, ``note`` what was noticed while its type was found.
    """

    name: str
    kind: str
    values: np.ndarray
    levels: tuple[str, ...] | None = None
    raw: Any = None
    raw_rows: np.ndarray | None = None
    trouble: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        self.values.flags.writeable = False

    def __len__(self) -> int:
        return len(self.values)

    @property
    def is_text(self) -> bool:
        """Whether the cells are levels (text) and not numbers."""
        return self.levels is not None

    @property
    def missing(self) -> np.ndarray:
        """A boolean (N,) array, true where the cell is missing."""
        return self.values < 0 if self.is_text else np.isnan(self.values)

    @property
    def present_levels(self) -> tuple[str, ...]:
        """The sorted levels that occur in these rows (a part of a table may lack some)."""
        if self.levels is None:
            return ()
        counts = np.bincount(self.values[self.values >= 0], minlength=len(self.levels))
        return tuple(self.levels[i] for i in np.flatnonzero(counts))

    @property
    def is_constant(self) -> bool:
        """Whether all cells are alike, a missing cell being a value of its own."""
        if len(self.values) == 0:
            return True
        first = self.values[0]
        if not self.is_text and np.isnan(first):
            return bool(np.isnan(self.values).all())
        return bool((self.values == first).all())

    def take(self, rows: np.ndarray) -> Column:
        """Return the column of a selection of the rows."""
        chosen = None
        if self.raw is not None:
            chosen = rows if self.raw_rows is None else self.raw_rows[rows]
        return replace(self, values=self.values[rows], raw_rows=chosen)

    def texts(self) -> np.ndarray:
        """Return the cells as text: an object array (N,), None where missing."""
        out = np.full(len(self.values), None, dtype=object)
        there = np.flatnonzero(~self.missing)
        if self.levels is not None:
            table = np.array(self.levels, dtype=object)
            out[there] = table[self.values[there]]
        elif self.raw is not None:
            rows = there if self.raw_rows is None else self.raw_rows[there]
            out[there] = np.array(self.raw.gather(rows).to_list(), dtype=object)
        elif self.kind == "boolean":
            out[there] = np.where(self.values[there] > 0, "true", "false")
        else:
            out[there] = [number_text(value) for value in self.values[there].tolist()]
        return out

    def coded(self) -> tuple[tuple[str, ...], np.ndarray]:
        """Return the cells as levels: (sorted levels, places int64 (N,), -1 where missing)."""
        if self.levels is not None:
            return self.levels, self.values
        places = np.full(len(self.values), -1, dtype=np.int64)
        there = ~self.missing
        levels, inverse = np.unique(self.texts()[there].astype(str), return_inverse=True)
        places[there] = inverse
        return tuple(levels.tolist()), places

    def numbers(self) -> tuple[np.ndarray, int | None]:
        """Return the cells as float64 (N,), NaN where missing, and the first misfit's row.

        A text column gives numbers where its levels are written as numbers (``007``) or as
        truth values of a typed table; the row of the first cell that is neither comes
        second, None if none.
        """
        if self.levels is None:
            words = self.kind == "boolean" and self.raw is not None
            return self.values, int(np.argmin(self.missing)) if words else None
        table = np.array([_number(level) for level in (*self.levels, "nan")])
        misfit = np.array([not _is_number(level) for level in (*self.levels, "nan")])
        rows = np.flatnonzero(misfit[self.values])
        return table[self.values], int(rows[0]) if len(rows) else None

    def truths(self) -> tuple[np.ndarray, int | None]:
        """Return the cells as 0.0 and 1.0, NaN where missing, and the first misfit's row."""
        if self.levels is None:
            fits = np.isnan(self.values) | (self.values == 0) | (self.values == 1)
            rows = np.flatnonzero(~fits)
            return self.values, int(rows[0]) if len(rows) else None
        words = [level.casefold() for level in self.levels]
        table = np.array([float(word in TRUE_WORDS) for word in words] + [np.nan])
        known = [word in TRUE_WORDS or word in FALSE_WORDS for word in words]
        misfit = ~np.array([*known, True])
        rows = np.flatnonzero(misfit[self.values])
        return table[self.values], int(rows[0]) if len(rows) else None


def _number(level: str) -> float:
    return float(level) if _is_number(level) else np.nan


def _is_number(level: str) -> bool:
    if "_" in level:  # Python reads 1_000 as a number; a table does not
        return False
    try:
        float(level)
    except ValueError:
        return False
    return True
