"""The sum of the partial results of a product whose k was cut into chunks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .plan import Plan, power_of_two
from .tile import Epilogue

if TYPE_CHECKING:
    from .writer import Writer

__all__ = ["Partial", "sum_parts"]


class Partial:
    """Emits out = Σ partial results, in their order; a part is a stretch of a row.

    For a product with one column, whose rows lie side by side, the result counts as one row.
    """

    STRETCH = 16  # vectors

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
        self.source, self.out = pointers
        self.epilogue = epilogue
        self.keep = keep

    @staticmethod
    def shape(plan: Plan) -> tuple[int, int]:
        """Rows and columns of the result."""
        spec = plan.spec
        rows = spec.batch * spec.m
        return (1, rows) if spec.n == 1 else (rows, spec.n)

    @staticmethod
    def lanes(plan: Plan) -> int:
        """The vectors in use."""
        columns = Partial.shape(plan)[1]
        return min(plan.target.lanes(plan.spec.dtype), power_of_two(columns))

    @staticmethod
    def parts(plan: Plan) -> int:
        """How many parts there are."""
        rows, columns = Partial.shape(plan)
        return rows * -(-columns // (Partial.lanes(plan) * Partial.STRETCH))

    def emit(self, begin: Any, end: Any) -> None:
        """The parts ``begin`` … ``end`` - 1."""
        w, plan = self.w, self.plan
        _, columns = self.shape(plan)
        lanes = self.lanes(plan)
        stretch = lanes * self.STRETCH
        pieces = -(-columns // stretch)
        whole = columns // lanes * lanes

        def part(p: Any) -> None:
            row, piece = w.divide(p, pieces)
            first = w.multiply(piece, stretch)
            last = w.minimum(w.add(first, stretch), columns)
            w.loop(
                first, w.minimum(last, whole), lanes, lambda c: self.vector(row, c, lanes, None)
            )
            if columns > whole:
                mask = w.mask(columns - whole, lanes)

                def tail() -> list[Any]:
                    self.vector(row, whole, lanes, mask)
                    return []

                w.when(w.less(whole, last), tail)

        w.loop(begin, end, 1, part)

    def vector(self, row: Any, column: Any, lanes: int, mask: Any) -> None:
        """One vector of the result."""
        w, plan = self.w, self.plan
        rows, columns = self.shape(plan)
        offset = w.add(w.multiply(row, columns), column)
        start = w.at(self.source, offset)

        def add(c: Any, total: Any) -> list[Any]:
            place = w.at(start, w.multiply(c, rows * columns))
            return [w.plus(total, w.load(place, lanes, mask))]

        (value,) = w.loop(1, plan.chunks, 1, add, [w.load(start, lanes, mask)])
        if self.epilogue is not None:
            first, second = (column, 0) if plan.spec.n == 1 else (row, column)
            changed = self.epilogue.apply(w.b, w.index(first), w.index(second), value, mask)
            value = changed if changed is not None else value if self.keep else None
        if value is not None:
            w.store(value, w.at(self.out, offset), mask)


def sum_parts(plan: Plan) -> int:
    """The number of independent parts of the function that adds the partial results."""
    return Partial.parts(plan)
