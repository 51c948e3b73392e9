"""The observed cells of a table: where they are and what they hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from trivium.engine.errors import DTypeError, ShapeError
from trivium.engine.tensor import Tensor

from ..errors import DomainError
from .low_rank_input import Array, is_sparse, real_matrix

__all__ = ["Cells", "read_cells"]


@dataclass(frozen=True)
class Cells:
    """``values`` (m,) float64 at ``rows`` (m,) and ``columns`` (m,), in order of the rows."""

    shape: tuple[int, int]
    rows: Array
    columns: Array
    values: Array
    dtype: Any

    def take(self, kept: Array) -> Cells:
        """Some of the cells."""
        return Cells(
            self.shape, self.rows[kept], self.columns[kept], self.values[kept], self.dtype
        )

    def unobserved(self, axis: int) -> Array:
        """The rows (axis 0) or columns (axis 1) without observed cells."""
        index = (self.rows, self.columns)[axis]
        return np.flatnonzero(np.bincount(index, minlength=self.shape[axis]) == 0)

    def notes(self) -> tuple[str, ...]:
        """Rows and columns of which nothing is known."""
        found = []
        for axis, word, other in ((0, "row", "column"), (1, "column", "row")):
            empty = self.unobserved(axis)
            if len(empty):
                some = ", ".join(str(int(i)) for i in empty[:6])
                more = f" and {len(empty) - 6:,} more" if len(empty) > 6 else ""
                plural = "s" if len(empty) > 1 else ""
                found.append(
                    f"{word}{plural} {some}{more} (counted from 0) without observed cells: "
                    f"predicted by the mean and the {other}'s bias"
                )
        return tuple(found)


def read_cells(table: Any, mask: Any) -> Cells:
    """The observed cells of a dense or sparse table.

    Raises ShapeError, DTypeError, and DomainError for an observed cell that is not finite.
    """
    if is_sparse(table):
        return _sparse(table, mask)
    values = real_matrix("complete", "table", table)
    if mask is None:
        seen = ~np.isnan(values)
    else:
        seen = np.asarray(mask.value if isinstance(mask, Tensor) else mask)
        if seen.dtype != bool:
            raise DTypeError(
                f"complete: mask has the dtype {seen.dtype}; it must be boolean, True where a "
                "cell was observed"
            )
        if seen.shape != values.shape:
            raise ShapeError(
                f"complete: mask has shape {seen.shape} and table {values.shape}; they must be "
                "equal"
            )
    rows, columns = np.nonzero(seen)
    return _checked(values.shape, rows, columns, values[rows, columns], values.dtype)


def _sparse(table: Any, mask: Any) -> Cells:
    if mask is not None:
        raise ShapeError(
            "complete: a sparse table needs no mask: its stored cells are the observed ones"
        )
    if np.dtype(table.dtype).kind not in "biuf":
        raise DTypeError(
            f"complete: table has the dtype {table.dtype}; real numbers are needed"
        )
    if len(table.shape) != 2 or 0 in table.shape:
        raise ShapeError(
            f"complete: table has shape {table.shape}; rows and columns are needed"
        )
    kept = table.tocsr().tocoo()
    order = np.lexsort((kept.col, kept.row))
    dtype = np.dtype(np.float32 if kept.dtype == np.float32 else np.float64)
    return _checked(
        kept.shape,
        np.asarray(kept.row, np.int64)[order],
        np.asarray(kept.col, np.int64)[order],
        np.asarray(kept.data)[order],
        dtype,
    )


def _checked(shape: Any, rows: Array, columns: Array, values: Array, dtype: Any) -> Cells:
    bad = np.flatnonzero(~np.isfinite(values))
    if len(bad):
        first = int(bad[0])
        raise DomainError(
            f"complete: the observed cell in row {int(rows[first])}, column "
            f"{int(columns[first])} (counted from 0) is {values[first]}; mark missing cells with "
            "NaN and leave out the mask, or mask them out"
        )
    found = values.astype(np.float64)
    if len(found) and np.abs(found).max() > 1e100:
        raise DomainError(
            f"complete: a cell holds {np.abs(found).max():.3g}, whose square is too large; divide "
            "the table by a constant first"
        )
    return Cells((int(shape[0]), int(shape[1])), rows, columns, found, dtype)
