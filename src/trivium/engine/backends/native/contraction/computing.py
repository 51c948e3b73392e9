"""Operands that are computed where they are needed, instead of being read from memory."""

from __future__ import annotations

from typing import Any, NamedTuple

from .tile import Prologue
from .writer import Index, Writer

__all__ = ["Part", "compute"]


class Part(NamedTuple):
    """``rows`` × ``columns`` numbers of a matrix, computed by vectors of ``lanes``."""

    row: Index
    rows: Index
    column: Index
    columns: Index
    lanes: int


def compute(w: Writer, prologue: Prologue, part: Part, pointer: Any, step: int) -> None:
    """Write a part of the operand, its rows ``step`` numbers apart, from ``pointer`` on.

    Whole vectors are written: numbers after the last column are zeros, and may lie in the next
    row, which comes later.
    """
    lanes = part.lanes

    def each(r: Any) -> None:
        row = w.index(w.add(part.row, r))
        start = w.at(pointer, w.multiply(r, step))

        def vector(c: Index, mask: Any = None) -> None:
            column = w.index(w.add(part.column, c))
            value = prologue.value(w.b, row, column, lanes, mask)
            if mask is not None:
                value = w.b.select(mask, value, w.zero(lanes))
            w.store(value, w.at(start, c))

        rest = w.divide(part.columns, lanes)[1]
        whole = w.subtract(part.columns, rest)
        w.loop(0, whole, lanes, vector)
        if isinstance(rest, int):
            if rest:
                vector(whole, w.mask(rest, lanes))
            return

        def last() -> list[Any]:
            vector(whole, w.below(rest, lanes))
            return []

        w.when(w.less(0, rest), last)

    w.loop(0, part.rows, 1, each)
