"""Arrays in memory-mapped files: data larger than memory, read when they are needed.

``numpy.load(path, mmap_mode="r")`` or ``numpy.memmap`` gives such an array. A dataset keeps it as
it is; parts of it are lists of row numbers. A training step gathers its batch from the file, and
casts and standardises it, inside the compiled program.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from trivium.engine.tensor import Tensor

__all__ = ["MappedRows", "ScaledRows", "is_mapped", "why_copied"]

Array = np.ndarray[Any, Any]

# Bytes that are read at once where all rows are needed one after the other.
_PIECE = 1 << 24
_DTYPES = ("bool", "int32", "int64", "float32", "float64")


def is_mapped(values: Any) -> bool:
    """Whether an array lies in a memory-mapped file."""
    if not isinstance(values, np.memmap):
        return False
    below: Any = values
    while isinstance(below, np.ndarray):  # results of arithmetic are of the class, too
        below = below.base
    return isinstance(below, mmap.mmap)


def why_copied(values: Array) -> str | None:
    """Why programs cannot read a memory-mapped array where it lies; None if they can."""
    if values.dtype.name not in _DTYPES or not values.dtype.isnative:
        return f"of type {values.dtype.str}; programs read {', '.join(_DTYPES)}"
    if not values.flags.c_contiguous:
        return "not in row-major order without gaps"
    return None if values.flags.aligned else "not aligned to the size of its numbers"


class MappedRows:
    """Rows of an array (N, …) that lies in a memory-mapped file; they may repeat.

    ``source``: the whole array. ``rows``: the row numbers (n,), None for all in their order.
    """

    def __init__(self, source: Array, rows: Array | None = None) -> None:
        self.source = source.view(np.ndarray)
        self.source.flags.writeable = False
        self.rows = rows

    def __len__(self) -> int:
        return len(self.source) if self.rows is None else len(self.rows)

    @property
    def shape(self) -> tuple[int, ...]:
        """(n, …)."""
        return (len(self), *self.source.shape[1:])

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self.source.ndim

    @property
    def dtype(self) -> np.dtype[Any]:
        """That of the file."""
        return self.source.dtype

    def take(self, rows: Array, axis: int = 0) -> MappedRows:
        """The rows with these numbers, as an array's ``take`` along axis 0; nothing is read."""
        assert axis == 0
        return MappedRows(self.source, rows if self.rows is None else self.rows[rows])

    def __getitem__(self, piece: slice) -> Array:
        if self.rows is None:
            return np.array(self.source[piece])
        return self.source[self.rows[piece]]

    def pieces(self) -> Iterator[Array]:
        """All rows, some megabytes at a time."""
        row = max(int(self.source.nbytes // max(len(self.source), 1)), 1)
        step = max(_PIECE // row, 1)
        for start in range(0, len(self), step):
            yield self[start : start + step]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        """All rows in memory."""
        if self.rows is None and not copy:
            return np.asarray(self.source, dtype)
        return np.array(self[:], dtype, copy=None)


class ScaledRows:
    """Memory-mapped rows as a model sees them: standardised and of the fit's dtype.

    ``centre`` and ``spread``: of every feature, None for numbers as they are.
    """

    def __init__(
        self,
        rows: MappedRows,
        centre: Array | None,
        spread: Array | None,
        dtype: np.dtype[Any],
    ) -> None:
        self.rows = rows
        self.centre = centre
        self.spread = spread
        self.dtype = dtype

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def shape(self) -> tuple[int, ...]:
        """(n, …)."""
        return self.rows.shape

    def astype(self, dtype: Any) -> ScaledRows:
        """The same numbers in another dtype."""
        return ScaledRows(self.rows, self.centre, self.spread, np.dtype(dtype))

    def __getitem__(self, piece: slice) -> Array:
        raw = self.rows[piece]
        if self.centre is None or self.spread is None:
            return raw.astype(self.dtype)
        from trivium.learning.data.scaling import standardise

        return standardise(raw, self.centre, self.spread).astype(self.dtype)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        """All rows in memory."""
        return np.asarray(self[:], dtype)

    def encoded(self, raw: Tensor) -> Tensor:
        """The expression that does with ``raw`` rows what indexing does: (n, …) → (n, …)."""
        from trivium.engine.composites import as_tensor, cast

        if self.centre is None or self.spread is None:
            return cast(raw, self.dtype)
        constant = self.spread == 0
        divisor = as_tensor(np.where(constant, 1.0, self.spread))
        scaled = (cast(raw, np.dtype(np.float64)) - as_tensor(self.centre)) / divisor
        if constant.any():
            from trivium.engine.composites import where

            scaled = where(as_tensor(constant), 0.0, scaled)
        return cast(scaled, self.dtype)
