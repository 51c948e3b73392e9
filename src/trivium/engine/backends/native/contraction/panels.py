"""A product as a grid of register tiles; operands in place ("direct") or copied ("packed").

For each piece of k, column block and row tile, in this order; the tiles of a row run through the
panels of the column block, so that the row's numbers stay in the nearest cache while the panels,
small enough for the next one, pass by. Goto and van de Geijn (2008), *Anatomy of
High-Performance Matrix Multiplication*, with left and right exchanged, as rows are contiguous.

A part is a row tile of a column block. A thread that shares a column block with another packs its
panels a second time: parts are independent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from llvmlite import ir

from .computing import Part, compute
from .packing import Panel, pack
from .plan import Plan, power_of_two
from .tile import Epilogue, Operand, Place, Prologue, Tile, clear, finish, multiply, store
from .writer import POINTER, Index, Writer

__all__ = ["Panels"]

_LINE = 64  # bytes
_FAR = 2**20  # bytes of an output from which on what is read with it comes from far away


class Task(NamedTuple):
    """One register tile and one piece of k."""

    shape: Tile
    left: Operand
    right: Operand
    place: Place
    length: Index
    first: Any  # True, False, or a value: whether nothing has been written yet


class Panels:
    """Emits a plan of the methods "direct", "transposed" and "packed"."""

    def __init__(
        self,
        w: Writer,
        plan: Plan,
        pointers: tuple[Any, ...],
        epilogue: Epilogue | None,
        keep: bool,
        prologues: Mapping[str, Prologue],
    ) -> None:
        self.w = w
        self.plan = plan
        self.product = plan.product
        self.left, self.right, self.out, scratch = pointers
        self.epilogue = epilogue
        self.prologues = prologues
        # Without ``keep`` a tile that is finished at once is nowhere but in a place of its own.
        self.own_tile = None
        if not keep and plan.k_block >= plan.product.k:
            self.own_tile = w.space(plan.rows * plan.width)
        self.right_panels = scratch
        self.left_panels = w.byte(scratch, plan.right_bytes)
        self.functions: dict[Any, ir.Function] = {}
        same = plan.full_rows == plan.row_tiles and plan.full_panel == plan.last_panel
        self.outlined = not same or plan.k_block < plan.product.k

    # The grid, from the outside in.

    def emit(self, begin: Any, end: Any) -> None:
        """The parts ``begin`` … ``end`` - 1."""
        product, plan, w = self.product, self.plan, self.w
        cells = plan.column_blocks * plan.row_tiles

        def batch(b: Any, first: Any, last: Any) -> None:
            self.matrix = b
            self.start_left = w.at(self.left, w.multiply(b, product.left[0]))
            self.start_right = w.at(self.right, w.multiply(b, product.right[0]))
            self.start_out = w.at(self.chunk_out, w.multiply(b, product.m * product.n))
            per_matrix = product.n if plan.method == "transposed" else product.m
            self.start_row = w.multiply(b, per_matrix)
            self.pieces(first, last)

        def chunk(c: Any, first: Any, last: Any) -> None:
            self.chunk_start = w.multiply(c, plan.chunk)
            size = product.batch * product.m * product.n
            self.chunk_out = w.at(self.out, w.multiply(c, size))
            w.spans(first, last, product.batch, cells, batch)

        w.spans(begin, end, plan.chunks, product.batch * cells, chunk)

    def pieces(self, begin: Any, end: Any) -> None:
        """Each piece of k: the first one writes the output, the others add to it."""
        w, plan, k, block = self.w, self.plan, self.product.k, self.plan.k_block
        if block >= k:
            self.piece(0, k, True, True, begin, end)
            return
        rest = k % block
        stop = w.minimum(w.add(self.chunk_start, plan.chunk), k)
        whole = w.minimum(stop, k - rest) if plan.static else stop

        def each(start: Any) -> None:
            length = block
            if rest and not plan.static:
                length = w.minimum(w.subtract(k, start), block)
            first = w.b.icmp_signed("==", start, w.index(self.chunk_start))
            last = w.b.not_(w.less(w.add(start, block), k))
            self.piece(start, length, first, last, begin, end)

        w.loop(self.chunk_start, whole, block, each)
        if rest and plan.static:

            def final() -> list[Any]:
                first = plan.chunks > 1 and w.b.icmp_signed(
                    "==", whole, w.index(self.chunk_start)
                )
                self.piece(k - rest, rest, first, True, begin, end)
                return []

            if plan.chunks == 1:
                final()
            else:
                w.when(w.less(whole, stop), final)

    def piece(
        self, start: Index, length: Index, first: Any, last: Any, begin: Any, end: Any
    ) -> None:
        """One piece of k for the cells ``begin`` … ``end`` - 1 of the grid."""
        w, plan, product = self.w, self.plan, self.product
        self.first, self.last, self.length, self.start_k = first, last, length, start
        self.origin_left = w.at(self.start_left, w.multiply(start, product.left[2]))
        self.origin_right = w.at(self.start_right, w.multiply(start, product.right[1]))
        if plan.pack_left and not plan.pack_each_row:
            self.each_row(0, plan.row_tiles, self.pack_left)
        w.spans(begin, end, plan.column_blocks, plan.row_tiles, self.columns)

    def columns(self, block: Any, begin: Any, end: Any) -> None:
        """The panels of a column block, for the row tiles ``begin`` … ``end`` - 1."""
        w, plan = self.w, self.plan
        self.block_start = start = w.multiply(block, plan.block_panels)
        stop = w.minimum(w.add(start, plan.block_panels), plan.panels)
        if plan.pack_right:
            self.each_panel(start, stop, self.pack_right)

        def row(tile: Any, rows: int) -> None:
            if plan.pack_each_row:
                self.pack_left(tile, rows)
            self.each_panel(start, stop, lambda p, shape: self.tile(tile, rows, p, shape))

        self.each_row(begin, end, row)

    def each_row(self, begin: Any, end: Any, body: Callable[[Any, int], None]) -> None:
        """``body(tile, rows)`` for row tiles: those of full height come first."""
        w, plan = self.w, self.plan
        full = plan.full_rows
        if full == plan.row_tiles:
            w.loop(begin, end, 1, lambda tile: body(tile, plan.rows))
            return
        w.loop(begin, w.minimum(end, full), 1, lambda tile: body(tile, plan.rows))
        w.loop(w.maximum(begin, full), end, 1, lambda tile: body(tile, plan.rows - 1))

    def each_panel(self, start: Any, stop: Any, body: Callable[[Any, Tile], None]) -> None:
        """``body(panel, shape)`` for panels: only the very last one may be narrower."""
        w, plan = self.w, self.plan
        full, last, final = plan.full_panel, plan.last_panel, plan.panels - 1
        if full == last:
            w.loop(start, stop, 1, lambda panel: body(panel, full))
            return
        if final:
            w.loop(start, w.minimum(stop, final), 1, lambda panel: body(panel, full))
        if isinstance(stop, int):
            body(final, last)
            return

        def narrow() -> list[Any]:
            body(final, last)
            return []

        w.when(w.less(final, stop), narrow)

    # Inside.

    def first_row(self, tile: Any, rows: int) -> Any:
        """The row in which a row tile begins."""
        extra = 0 if rows == self.plan.rows else self.plan.full_rows
        return self.w.add(self.w.multiply(tile, rows), extra)

    def left_rows(self, tile: Any, rows: int) -> Operand:
        """The rows of a tile in the operand itself."""
        _, across, along = self.product.left
        row = self.w.multiply(self.first_row(tile, rows), across)
        return Operand(self.w.at(self.origin_left, row), along, across)

    def left_panel(self, tile: Any) -> Any:
        """Where the packed rows of a tile are."""
        if self.plan.pack_each_row:
            return self.left_panels
        size = self.plan.rows * self.plan.longest_k
        return self.w.at(self.left_panels, self.w.multiply(tile, size))

    def packed_left(self, tile: Any, rows: int) -> Operand:
        """The packed rows of a tile."""
        if self.left_along:
            return Operand(self.left_panel(tile), 1, self.plan.k_step)
        return Operand(self.left_panel(tile), rows, 1)

    @property
    def left_along(self) -> bool:
        """Whether rows are computed, and lie along k."""
        return "left" in self.plan.computed and self.product.left[2] == 1

    def pack_left(self, tile: Any, rows: int) -> None:
        """Copy or compute a row tile of this piece of k."""
        w, plan = self.w, self.plan
        panel = Panel(self.left_panel(tile), rows, plan.left_lanes, False)
        if "left" not in plan.computed:
            pack(w, panel, self.left_rows(tile, rows), rows, self.length, plan.least_k)
            return
        prologue, first = self.prologues["left"], self.first_row(tile, rows)
        start = self.matrix_row(self.product.left[0], prologue)
        if self.left_along:
            lanes = plan.target.lanes(plan.spec.dtype)
            part = Part(w.add(start, first), rows, self.start_k, self.length, lanes)
            compute(w, prologue, part, panel.pointer, plan.k_step)
        else:
            k = w.add(start, self.start_k)
            part = Part(k, self.length, first, rows, plan.left_lanes)
            compute(w, prologue, part, panel.pointer, rows)

    def matrix_row(self, step: int, prologue: Prologue) -> Any:
        """The first row of this matrix of a batch in a computed operand."""
        return self.w.multiply(self.matrix, step // prologue.columns)

    def right_columns(self, panel: Any) -> Operand:
        """The columns of a panel in the operand itself."""
        _, along, across = self.product.right
        column = self.w.multiply(self.w.multiply(panel, self.plan.width), across)
        return Operand(self.w.at(self.origin_right, column), along, across)

    def right_panel(self, panel: Any) -> Any:
        """Where the packed columns of a panel are."""
        offset = self.w.multiply(self.w.subtract(panel, self.block_start), self.plan.panel_size)
        return self.w.at(self.right_panels, offset)

    def pack_right(self, panel: Any, shape: Tile) -> None:
        """Copy or compute the columns of a panel."""
        w, plan = self.w, self.plan
        count = (shape.vectors - 1) * shape.lanes + shape.tail
        place = Panel(self.right_panel(panel), plan.width, plan.lanes, True)
        source = self.right_columns(panel)
        if "right" in plan.computed:
            prologue, column = self.prologues["right"], w.multiply(panel, plan.width)
            start = self.matrix_row(self.product.right[0], prologue)
            if not plan.stages_right:
                k = w.add(start, self.start_k)
                part = Part(k, self.length, column, count, plan.lanes)
                compute(w, prologue, part, place.pointer, plan.width)
                return
            lanes = plan.target.lanes(plan.spec.dtype)
            stage = w.at(self.right_panels, plan.panels_at_once * plan.panel_size)
            part = Part(w.add(start, column), count, self.start_k, self.length, lanes)
            compute(w, prologue, part, stage, plan.k_step)
            source = Operand(stage, 1, plan.k_step)
        pack(w, place, source, count, self.length, plan.least_k)

    def tile(self, tile: Any, rows: int, panel: Any, shape: Tile) -> None:
        """One register tile."""
        w, plan, product = self.w, self.plan, self.product
        shape = Tile(rows, shape.vectors, shape.lanes, shape.tail)
        row, column = self.first_row(tile, rows), w.multiply(panel, plan.width)
        if self.own_tile is not None:
            turned = plan.method == "transposed"
            place = Place(self.own_tile, rows if turned else plan.width, turned)
        elif plan.method == "transposed":  # then all rows are in the tile
            place = Place(w.at(self.start_out, w.multiply(column, rows)), rows, True)
        else:
            offset = w.add(w.multiply(row, product.n), column)
            place = Place(w.at(self.start_out, offset), product.n)
        left, right = self.left_rows(tile, rows), self.right_columns(panel)
        if plan.pack_left:
            left = self.packed_left(tile, rows)
        if plan.pack_right:
            right = Operand(self.right_panel(panel), plan.width, 1, packed=True)
        task = Task(shape, left, right, place, self.length, self.first)
        if self.epilogue is not None:
            self.fetch_ahead(shape, row, column)
        if self.outlined:
            self.call(task)
        else:
            self.inner(w, task)
        if self.epilogue is not None:
            self.finish(shape, place, row, column)

    def inner(self, w: Writer, task: Task) -> None:
        """A tile's sums, and where they go."""
        if isinstance(task.first, ir.Value):

            def fresh() -> list[Any]:
                clear(w, task.shape, task.place)
                return []

            w.when(task.first, fresh)
        elif self.plan.prefetch and self.own_tile is None:
            fetch(w, task.shape, task.place)
        sums = multiply(w, task.shape, task.left, task.right, task.length, self.plan.ways)
        store(w, task.shape, sums, task.place, add=task.first is not True)

    def call(self, task: Task) -> None:
        """The same as a function of its own, one for each kind of tile.

        LLVM's time grows with the square of what is in nested loops, addresses above all.
        """
        varying = [each for each in (task.length, task.first) if isinstance(each, ir.Value)]
        key = (
            task.shape,
            task.length if isinstance(task.length, int) else 0,
            task.first is False,
        )
        if key not in self.functions:
            self.functions[key] = self.define(task, [each.type for each in varying])
        pointers = [each.pointer for each in (task.left, task.right, task.place)]
        self.w.b.call(self.functions[key], [*pointers, *varying])

    def define(self, task: Task, varying: list[Any]) -> ir.Function:
        """The function for a kind of tile."""
        kind = ir.FunctionType(ir.VoidType(), [POINTER] * 3 + varying)
        name = f"{self.w.function.name}_tile{len(self.functions)}"
        function = self.plan.target.prepare(ir.Function(self.w.module, kind, name))
        function.linkage = "internal"
        function.attributes.add("noinline")
        for argument in function.args[:3]:
            argument.add_attribute("noalias")
        left, right, out, *rest = function.args
        w = Writer(function, self.plan.spec.dtype, self.plan.target)
        task = Task(
            task.shape,
            task.left._replace(pointer=left),
            task.right._replace(pointer=right),
            task.place._replace(pointer=out),
            rest.pop(0) if isinstance(task.length, ir.Value) else task.length,
            rest.pop(0) if isinstance(task.first, ir.Value) else task.first,
        )
        self.inner(w, task)
        w.b.ret_void()
        return function

    def fetch_ahead(self, shape: Tile, row: Any, column: Any) -> None:
        """Have the epilogue's operands of a tile come while the tile is computed."""
        assert self.epilogue is not None
        w, plan = self.w, self.plan
        operands = self.epilogue.ahead(w.b)
        if not operands or plan.swapped or plan.product.m * plan.product.n * w.size < _FAR:
            return
        first = w.add(self.start_row, row)

        def lines() -> list[Any]:
            def each(r: Any) -> None:
                for pointer, offset, step, size in operands:
                    at = w.add(w.multiply(w.add(first, r), step), w.add(column, offset))
                    start = w.byte(pointer, w.multiply(at, size))
                    for line in range(0, shape.vectors * shape.lanes * size, _LINE):
                        w.prefetch(w.byte(start, line))

            w.loop(0, shape.rows, 1, each)
            return []

        if self.last is True:
            lines()
        else:
            w.when(self.last, lines)

    def finish(self, shape: Tile, place: Place, row: Any, column: Any) -> None:
        """The epilogue, after the last piece of k."""
        assert self.epilogue is not None
        apply = self.plan.on_output(self.w, self.epilogue)
        if place.transposed:
            count = (shape.vectors - 1) * shape.lanes + shape.tail
            columns = shape.rows
            shape = Tile(count, 1, power_of_two(columns), columns)
            row, column = column, 0
        row = self.w.add(self.start_row, row)

        def body() -> list[Any]:
            finish(self.w, shape, place, row, column, apply)
            return []

        if self.last is True:
            body()
        else:
            self.w.when(self.last, body)


def fetch(w: Writer, shape: Tile, place: Place) -> None:
    """Have the output's lines come while the sums are computed."""
    for r in range(shape.rows):
        for start in range(0, shape.vectors * shape.lanes * w.size, _LINE):
            w.prefetch(w.byte(w.at(place.pointer, r * place.stride), start))
