"""Panels: a strip of rows or columns copied so that the inner loop reads it from end to end.

A panel holds, for each k, the numbers of its rows (left) or columns (right) side by side. Missing
ones at the edge are zeros, so that they cost nothing (a denormal left over in memory would).
"""

from __future__ import annotations

from typing import Any, NamedTuple

from .tile import Operand
from .writer import Index, Writer

__all__ = ["Panel", "pack"]

_PIECE = 16  # bytes that a transposition moves as one


class Panel(NamedTuple):
    """Memory for ``width`` numbers per k, written by vectors of ``lanes`` numbers.

    An ``aligned`` width is a multiple of ``lanes``, and vectors are aligned to their size. Else
    the last vector of each k may run over into the next k, which is written after it, and the
    memory needs ``lanes`` numbers more.
    """

    pointer: Any
    width: int
    lanes: int
    aligned: bool

    @property
    def starts(self) -> range:
        """Where the vectors of a k begin."""
        return range(0, self.width, self.lanes)

    def write(self, w: Writer, value: Any, at: Index, start: int) -> None:
        """Store a vector."""
        align = self.lanes * w.size if self.aligned else 0
        w.store(value, w.at(self.pointer, w.add(at, start)), align=align)


def pack(
    w: Writer, panel: Panel, source: Operand, count: int, length: Index, least: int
) -> None:
    """panel[k, i] = source[k, i] for k < length, i < count, and 0 for count ≤ i < width.

    ``length`` is at least ``least``.
    """
    if source.across == 1:
        _copy(w, panel, source, count, length)
    elif source.along == 1 and least >= _PIECE // w.size:
        _transpose(w, panel, source, count, length, least)
    else:
        _gather(w, panel, source, count, length)


def _copy(w: Writer, panel: Panel, source: Operand, count: int, length: Index) -> None:
    """Neighbours in memory stay neighbours."""

    def each(k: Any) -> None:
        start, at = (
            w.at(source.pointer, w.multiply(k, source.along)),
            w.multiply(k, panel.width),
        )
        for first in panel.starts:
            value = w.zero(panel.lanes)
            if first < count:
                mask = w.mask(min(panel.lanes, count - first), panel.lanes)
                value = w.load(w.at(start, first), panel.lanes, mask)
            panel.write(w, value, at, first)

    w.loop(0, length, 1, each)


def _transpose(
    w: Writer, panel: Panel, source: Operand, count: int, length: Index, least: int
) -> None:
    """``lanes`` rows at a time, from beginning to end, a few k at a time through registers.

    The last few k may overlap those before: what is written twice is the same. The rows that do
    not fill a vector come first, so that nothing written runs over what others wrote.
    """
    lanes, piece = panel.lanes, _PIECE // w.size
    # Rows a multiple of 2 KiB apart compete for the same lines of the nearest cache: there each
    # line has to be read at once.
    competing = source.across * w.size % 2048 == 0
    depth = lanes if competing and least >= lanes else piece
    last = w.subtract(length, depth)

    def strip(first: Index, rows: int) -> None:
        start = w.at(source.pointer, w.multiply(first, source.across))

        def each(k: Any) -> None:
            k = w.minimum(k, last)
            at = w.at(start, k)
            places = [w.at(at, i * source.across) for i in range(rows)]
            places += [None] * (lanes - rows)
            values = _pieces(w, places) if depth == piece else _square(w, places)
            begin = w.add(w.multiply(k, panel.width), first)
            for i, value in enumerate(values):  # ascending, as it may run over
                panel.write(w, value, begin, i * panel.width)

        w.loop(0, length, depth, each)

    whole = count // lanes * lanes
    if count > whole:
        strip(whole, count - whole)
    if whole:
        w.loop(0, whole, lanes, lambda first: strip(first, lanes))
    if panel.aligned:
        for first in range(-(-count // lanes) * lanes, panel.width, lanes):
            _clear(w, panel, first, length)


def _clear(w: Writer, panel: Panel, first: int, length: Index) -> None:
    """A column of vectors of zeros."""

    def each(k: Any) -> None:
        panel.write(w, w.zero(panel.lanes), w.multiply(k, panel.width), first)

    w.loop(0, length, 1, each)


def _pieces(w: Writer, rows: list[Any]) -> list[Any]:
    """The vectors (row 0 [k], row 1 [k], …) of a piece of k, from the addresses of the rows.

    Piece p of a vector is loaded from row ``p · piece + c``, so that c = 0 … piece - 1 are then
    interleaved within pieces, which is cheap in every instruction set.
    """
    piece, lanes = _PIECE // w.size, len(rows)
    columns = []
    for c in range(piece):
        parts = [
            w.zero(piece) if rows[r] is None else w.load(rows[r], piece)
            for r in range(c, lanes, piece)
        ]
        while len(parts) > 1:
            both = range(2 * parts[0].type.count)
            parts = [w.shuffle(x, y, both) for x, y in zip(parts[::2], parts[1::2])]
        columns.append(parts[0])
    return _interleaved(w, columns)


def _square(w: Writer, rows: list[Any]) -> list[Any]:
    """The same for as many k as there are rows: every row is read once, a whole vector."""
    piece, lanes = _PIECE // w.size, len(rows)
    vectors = [w.zero(lanes) if row is None else w.load(row, lanes) for row in rows]
    groups = [_interleaved(w, vectors[at : at + piece]) for at in range(0, lanes, piece)]
    values: list[Any] = [None] * lanes
    for c in range(piece):  # piece L of groups[g][c] belongs to k = L · piece + c
        for at, value in enumerate(_exchanged(w, [group[c] for group in groups], piece)):
            values[at * piece + c] = value
    return values


def _exchanged(w: Writer, vectors: list[Any], piece: int) -> list[Any]:
    """Vectors as the rows of a square matrix of pieces, transposed."""
    count, lanes = len(vectors), len(vectors) * piece
    half = count // 2
    while half:
        vectors = list(vectors)
        for i in range(count):
            if not i & half:
                x, y = vectors[i], vectors[i + half]
                for target, inside in ((i, 0), (i + half, half)):
                    chosen: list[int] = []
                    for p in range(count):
                        origin = p & ~half | inside
                        base = lanes if p & half else 0
                        chosen += range(base + origin * piece, base + (origin + 1) * piece)
                    vectors[target] = w.shuffle(x, y, chosen)
        half //= 2
    return vectors


def _interleaved(w: Writer, columns: list[Any]) -> list[Any]:
    """As many vectors as a piece has numbers: within each piece, their matrix transposed."""
    piece, lanes = len(columns), columns[0].type.count

    def interleave(x: Any, y: Any, *pattern: int) -> Any:
        """Within each piece, numbers 0 … piece - 1 of x and from ``piece`` on of y."""
        return w.shuffle(
            x,
            y,
            [
                at + (each if each < piece else each - piece + lanes)
                for at in range(0, lanes, piece)
                for each in pattern
            ],
        )

    if piece == 2:
        return [interleave(*columns, 0, 2), interleave(*columns, 1, 3)]
    low = [interleave(x, y, 0, 4, 1, 5) for x, y in (columns[:2], columns[2:])]
    high = [interleave(x, y, 2, 6, 3, 7) for x, y in (columns[:2], columns[2:])]
    return [
        interleave(*pair, *at) for pair in (low, high) for at in ((0, 1, 4, 5), (2, 3, 6, 7))
    ]


def _gather(w: Writer, panel: Panel, source: Operand, count: int, length: Index) -> None:
    """Number by number, from anywhere."""

    def each(k: Any) -> None:
        start = w.at(source.pointer, w.multiply(k, source.along))
        place = w.at(panel.pointer, w.multiply(k, panel.width))

        def copy(i: Any) -> None:
            w.store(w.load(w.at(start, w.multiply(i, source.across)), 1), w.at(place, i))

        w.loop(0, count, 1, copy)
        if panel.width > count:
            w.loop(count, panel.width, 1, lambda i: w.store(w.zero(1), w.at(place, i)))

    w.loop(0, length, 1, each)
