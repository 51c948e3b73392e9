"""The register tile: a few rows times a few vectors of columns, summed in registers over k."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from .writer import Index, Writer

__all__ = [
    "Epilogue",
    "Operand",
    "Place",
    "Prologue",
    "Tile",
    "clear",
    "finish",
    "multiply",
    "store",
]


class Epilogue(NamedTuple):
    """What becomes of finished numbers.

    ``apply(builder, row, column, vector, mask or None)`` emits code and returns the vector to be
    stored instead, or None. The lanes are columns from ``column`` on, for a product with one
    column rows from ``row`` on. Rows are counted through the batch. ``ahead(builder)`` names
    operands of the shape of the product whose lines should be on their way while a tile is
    computed: pointer, offset and step of the rows in numbers, bytes of a number.
    """

    apply: Callable[[Any, Any, Any, Any, Any], Any]
    ahead: Callable[[Any], list[tuple[Any, int, int, int]]] = lambda builder: []


class Prologue(NamedTuple):
    """How an operand is computed that is not in memory.

    It is a matrix with rows of ``columns`` numbers; ``value(builder, row, column, lanes, mask or
    None)`` emits code for the vector that begins at ``column`` of ``row``. Rows are counted
    through the batch.
    """

    value: Callable[[Any, Any, Any, int, Any], Any]
    columns: int


@dataclass(frozen=True)
class Tile:
    """``rows`` × ``vectors`` vectors of ``lanes`` numbers, the last with ``tail`` of them."""

    rows: int
    vectors: int
    lanes: int
    tail: int

    def used(self, vector: int) -> int:
        """The lanes of a vector that are part of the matrix."""
        return self.tail if vector == self.vectors - 1 else self.lanes

    def mask(self, w: Writer, vector: int) -> Any:
        """The mask of a vector's memory; None for all lanes."""
        return w.mask(self.used(vector), self.lanes)


class Operand(NamedTuple):
    """Where a tile's rows (left) or columns (right) begin, and the steps from there.

    ``along``: to the next k; ``across``: to the next row or column. ``packed`` columns are
    aligned and padded with zeros to whole vectors.
    """

    pointer: Any
    along: int
    across: int
    packed: bool = False


class Place(NamedTuple):
    """Where finished vectors belong: the tile's first number, and its steps."""

    pointer: Any
    stride: int
    transposed: bool = False


def multiply(
    w: Writer, tile: Tile, left: Operand, right: Operand, length: Index, ways: int
) -> list[Any]:
    """Σ_k left[r, k] · right[k, vector v], k = 0 … length - 1: sums[r · vectors + v].

    ``ways`` sums per number take turns over k, and are added in the end: a sum waits for its
    last addition (4 cycles on most processors), so a small tile needs more sums in flight.
    """
    count = tile.rows * tile.vectors
    sums = [w.zero(tile.lanes)] * (count * ways)

    def turn(k: Any, *carried: Any) -> list[Any]:
        new: list[Any] = []
        for way in range(ways):
            part = list(carried[way * count : (way + 1) * count])
            new += _step(w, tile, left, right, w.add(k, way), part)
        return new

    if ways == 1:
        return w.loop(0, length, 1, turn, sums)
    rest = w.divide(length, ways)[1]
    whole = w.subtract(length, rest)
    sums = w.loop(0, whole, ways, turn, sums)

    def single(k: Any, *carried: Any) -> list[Any]:
        return _step(w, tile, left, right, k, list(carried))

    sums[:count] = w.loop(whole, length, 1, single, sums[:count])
    return w.combined(sums, count)


def _step(
    w: Writer, tile: Tile, left: Operand, right: Operand, k: Index, sums: list[Any]
) -> list[Any]:
    """One k."""
    lanes, vectors = tile.lanes, tile.vectors
    align = lanes * w.size if right.packed else 0
    row = w.at(right.pointer, w.multiply(k, right.along))
    columns = []
    for v in range(vectors):
        mask = None if right.packed else tile.mask(w, v)
        columns.append(w.load(w.at(row, v * lanes), lanes, mask, align))
    start = w.at(left.pointer, w.multiply(k, left.along))
    for r in range(tile.rows):
        number = w.splat(w.load(w.at(start, r * left.across), 1), lanes)
        for v, column in enumerate(columns):
            at = r * vectors + v
            sums[at] = w.multiply_add(number, column, sums[at])
    return sums


def clear(w: Writer, tile: Tile, place: Place) -> None:
    """Zeros in memory: a loop over rows, so that its code is short."""
    if place.transposed:
        numbers = ((tile.vectors - 1) * tile.lanes + tile.tail) * tile.rows
        whole = numbers // tile.lanes * tile.lanes
        zero = w.zero(tile.lanes)
        w.loop(0, whole, tile.lanes, lambda at: w.store(zero, w.at(place.pointer, at)))
        if numbers > whole:
            mask = w.mask(numbers - whole, tile.lanes)
            w.store(zero, w.at(place.pointer, whole), mask)
        return

    def each(r: Any) -> None:
        start = w.at(place.pointer, w.multiply(r, place.stride))
        for v in range(tile.vectors):
            w.store(w.zero(tile.lanes), w.at(start, v * tile.lanes), tile.mask(w, v))

    w.loop(0, tile.rows, 1, each)


def store(w: Writer, tile: Tile, sums: list[Any], place: Place, add: bool) -> None:
    """Write the sums to memory, or ``add`` them to what is there."""
    for v in range(tile.vectors):
        column = sums[v :: tile.vectors]
        if place.transposed:
            numbers = tile.used(v) * tile.rows
            for j, value in enumerate(interleaved(w, column, tile.lanes)):
                used = min(tile.lanes, numbers - j * tile.lanes)
                if used > 0:
                    offset = (v * tile.rows + j) * tile.lanes
                    _write(
                        w,
                        tile,
                        value,
                        w.at(place.pointer, offset),
                        w.mask(used, tile.lanes),
                        add,
                    )
        else:
            for r, value in enumerate(column):
                pointer = w.at(place.pointer, r * place.stride + v * tile.lanes)
                _write(w, tile, value, pointer, tile.mask(w, v), add)


def _write(w: Writer, tile: Tile, value: Any, pointer: Any, mask: Any, add: bool) -> None:
    if add:
        value = w.plus(value, w.load(pointer, tile.lanes, mask))
    w.store(value, pointer, mask)


def interleaved(w: Writer, vectors: list[Any], lanes: int) -> list[Any]:
    """x₀[0], x₁[0], …, x₀[1], x₁[1], … as vectors of ``lanes`` lanes."""
    count = len(vectors)
    values = []
    for start in range(0, count * lanes, lanes):
        value = vectors[0]
        for c in range(1 if count > 1 else 0, count):
            chosen = []
            for lane in range(lanes):
                source, origin = (start + lane) % count, (start + lane) // count
                if c == 1 and source == 0:
                    chosen.append(origin)
                else:
                    chosen.append(lanes + origin if source == c else lane)
            value = w.shuffle(value, vectors[c], chosen)
        values.append(value)
    return values


def finish(
    w: Writer,
    tile: Tile,
    place: Place,
    row: Index,
    column: Index,
    apply: Callable[[Any, Any, Any, Any, Any], Any],
) -> None:
    """Apply an epilogue to a tile in memory: loops over rows and vectors, for short code."""

    def each(r: Any) -> None:
        start = w.at(place.pointer, w.multiply(r, place.stride))

        def vector(first: Index, mask: Any = None) -> None:
            address = w.at(start, first)
            here = w.index(w.add(row, r)), w.index(w.add(column, first))
            value = apply(w.b, *here, w.load(address, tile.lanes, mask), mask)
            if value is not None:
                w.store(value, address, mask)

        last = (tile.vectors - 1) * tile.lanes
        mask = tile.mask(w, tile.vectors - 1)
        stop = last if mask is not None else last + tile.lanes
        if stop == tile.lanes:
            vector(0)
        else:
            w.loop(0, stop, tile.lanes, vector)
        if mask is not None:
            vector(last, mask)

    w.loop(0, tile.rows, 1, each)
