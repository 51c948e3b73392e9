"""A product as scalar products: vectors run along k, where both operands are contiguous.

For few rows times columns that lie as rows in memory (a matrix times a vector above all): every
number is read once, from memory's point of view in order.
"""

from __future__ import annotations

from typing import Any

from .plan import Plan
from .tile import Epilogue
from .writer import Index, Writer

__all__ = ["Dots"]

_PIECE = 16  # bytes within which every instruction set shuffles cheaply


class Dots:
    """Emits a plan of the method "dot"."""

    def __init__(
        self,
        w: Writer,
        plan: Plan,
        pointers: tuple[Any, ...],
        epilogue: Epilogue | None,
        keep: bool,
    ) -> None:
        self.w = w
        self.plan = plan
        self.product = plan.product
        self.left, self.right, self.out, scratch = pointers
        self.right_copy = scratch
        self.left_copy = w.byte(scratch, plan.right_bytes)
        self.left_step = self.product.k if plan.pack_left else self.product.left[1]
        self.right_step = self.product.k if plan.pack_right else self.product.right[2]
        self.apply = plan.on_output(w, epilogue) if epilogue else None
        self.keep = keep

    def emit(self, begin: Any, end: Any) -> None:
        """The parts ``begin`` … ``end`` - 1."""
        product, w, plan = self.product, self.w, self.plan

        def each(b: Any, first: Any, last: Any) -> None:
            self.start_left = w.at(self.left, w.multiply(b, product.left[0]))
            self.start_right = w.at(self.right, w.multiply(b, product.right[0]))
            self.start_row = w.multiply(b, product.m)
            self.start_out = w.at(self.out, w.multiply(b, product.m * product.n))
            if plan.pack_left:
                _, across, along = product.left
                self.copy(self.left_copy, self.start_left, product.m, across, along)
                self.start_left = self.left_copy
            if plan.pack_right:
                _, along, across = product.right
                self.copy(self.right_copy, self.start_right, product.n, across, along)
                self.start_right = self.right_copy
            w.spans(first, last, plan.panels, plan.row_tiles, self.group)

        w.spans(begin, end, product.batch, plan.panels * plan.row_tiles, each)

    def copy(self, place: Any, source: Any, count: int, across: int, along: int) -> None:
        """Rows (or columns), each from end to end."""
        w, k = self.w, self.product.k

        def row(i: Any) -> None:
            start = w.at(source, w.multiply(i, across))
            target = w.at(place, w.multiply(i, k))

            def number(at: Any) -> None:
                w.store(w.load(w.at(start, w.multiply(at, along)), 1), w.at(target, at))

            w.loop(0, k, 1, number)

        w.loop(0, count, 1, row)

    def group(self, group: Any, begin: Any, end: Any) -> None:
        """A group of columns, for the row tiles ``begin`` … ``end`` - 1."""
        w, plan = self.w, self.plan
        last = self.product.n - (plan.panels - 1) * plan.width
        full = plan.full_rows

        def rows(columns: int) -> None:
            first = w.minimum(end, full)
            w.loop(begin, first, 1, lambda tile: self.tile(tile, plan.rows, group, columns))
            if full < plan.row_tiles:
                middle, fewer = w.maximum(begin, full), plan.rows - 1
                w.loop(middle, end, 1, lambda tile: self.tile(tile, fewer, group, columns))

        if last == plan.width or plan.panels == 1:
            rows(last)
        else:
            inside = w.less(group, plan.panels - 1)
            w.choose(inside, lambda: rows(plan.width), lambda: rows(last))

    def tile(self, tile: Any, rows: int, group: Any, columns: int) -> None:
        """``rows`` × ``columns`` scalar products."""
        w, plan, product = self.w, self.plan, self.product
        first = w.add(w.multiply(tile, rows), 0 if rows == plan.rows else plan.full_rows)
        column = w.multiply(group, plan.width)
        left = w.at(self.start_left, w.multiply(first, self.left_step))
        right = w.at(self.start_right, w.multiply(column, self.right_step))
        sums = self.sums(left, right, rows, columns)
        out = w.at(w.at(self.start_out, w.multiply(first, product.n)), column)
        zero, width = w.zero(plan.lanes), plan.width
        vectors = []
        for r in range(rows):
            vectors += sums[r * columns : (r + 1) * columns] + [zero] * (width - columns)
        total = totals(w, vectors + [zero] * (plan.lanes - rows * width), plan.lanes)
        mask = w.mask(columns, width)
        for r in range(rows):
            value = w.part(total, r * width, width)
            if self.apply is not None:
                row = w.index(w.add(self.start_row, w.add(first, r)))
                changed = self.apply(w.b, row, w.index(column), value, mask)
                value = changed if changed is not None else value if self.keep else None
            if value is not None:
                w.store(value, w.at(out, r * product.n), mask)

    def sums(self, left: Any, right: Any, rows: int, columns: int) -> list[Any]:
        """A vector of partial sums for each number of the tile, row by row.

        Several sums for each, if there would be too few to keep the processor busy.
        """
        w, lanes, k = self.w, self.plan.lanes, self.product.k
        count = rows * columns
        ways = max(1, min(8 // count, k // lanes))

        def step(at: Index, sums: list[Any], mask: Any = None) -> list[Any]:
            start = w.at(left, at)
            a = [w.load(w.at(start, r * self.left_step), lanes, mask) for r in range(rows)]
            start = w.at(right, at)
            sums = list(sums)
            for c in range(columns):
                b = w.load(w.at(start, c * self.right_step), lanes, mask)
                for r in range(rows):
                    sums[r * columns + c] = w.multiply_add(a[r], b, sums[r * columns + c])
            return sums

        def turn(at: Any, *carried: Any) -> list[Any]:
            new: list[Any] = []
            for way in range(ways):
                new += step(w.add(at, way * lanes), list(carried[way * count :][:count]))
            return new

        sums = [w.zero(lanes)] * (count * ways)
        whole = k // (lanes * ways) * (lanes * ways)
        sums = w.loop(0, whole, lanes * ways, turn, sums)
        for at in range(whole, k // lanes * lanes, lanes):
            sums[:count] = step(at, sums[:count])
        if k % lanes:
            sums[:count] = step(k // lanes * lanes, sums[:count], w.mask(k % lanes, lanes))
        return w.combined(sums, count)


def totals(w: Writer, vectors: list[Any], lanes: int) -> Any:
    """The vector of the sums over the lanes of each of ``lanes`` vectors, in their order.

    Pairs are folded into one vector, first within pieces of 16 bytes, then piece by piece.
    """
    piece = min(_PIECE // w.size, lanes)
    for within, least in ((piece, 1), (lanes, piece)):
        size = within
        while size > least:
            pairs = zip(vectors[::2], vectors[1::2])
            vectors = [_folded(w, x, y, size, within, lanes) for x, y in pairs]
            size //= 2
    return vectors[0]


def _folded(w: Writer, x: Any, y: Any, size: int, within: int, lanes: int) -> Any:
    """Segments of ``size`` lanes folded to half as many: those of x, then those of y.

    "Then" applies within each stretch of ``within`` lanes.
    """
    half = size // 2

    def halves(offset: int) -> list[int]:
        return [
            base + segment + offset + i
            for stretch in range(0, lanes, within)
            for base in (0, lanes)
            for segment in range(stretch, stretch + within, size)
            for i in range(half)
        ]

    return w.plus(w.shuffle(x, y, halves(0)), w.shuffle(x, y, halves(half)))
