"""Code for a RowKernel: a loop over rows, and for each row one pass per stage.

A pass walks the row in vectors: loads, arithmetic in registers, stores, partial results of
reductions. The last, shorter vector is masked. Between passes the partial results are combined
in a fixed order, so the result does not depend on how rows are shared among threads.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import llvmlite.ir as ir
import numpy as np

from ...tensor import Tensor
from .elements import ElementBuilder, Value, llvm_type
from .emitter import Emitter
from .kernels import Buffer, RowKernel, View
from .lower import immediate, reshape_view
from .reductions import combine, identity
from .row_plans import RowPlan, inner_stride

__all__ = ["FinishedWork", "computed_vector", "emit_rows"]

_UNROLL = 4  # vectors of a row whose partial results are kept apart


def emit_rows(emitter: Emitter, name: str, kernel: RowKernel, plan: RowPlan) -> ir.Function:
    """The function ``name(table, begin, end)`` that does the parts from begin to end."""
    return _Rows(emitter, kernel, plan).emit(name)


def computed_vector(
    emitter: Emitter, kernel: RowKernel, bases: dict[int, Any], row: Any, column: Any,
    lanes: int, mask: Any,
) -> Any:  # fmt: skip
    """The vector that the kernel would store in ``row`` from ``column`` on, in registers.

    ``bases``: buffer → pointer, known in the function.
    """
    (result,) = kernel.stores
    writer = _Rows(emitter, replace(kernel, stores={}), _by_vector(kernel, lanes))
    writer.bases = {key: bases[id(view.buffer)] for key, view in kernel.loads.items()}
    writer.start_row(row)
    return writer.body(0, column, [], {}, 0, mask)[result].llvm


def _by_vector(kernel: RowKernel, lanes: int) -> RowPlan:
    rows, inner = kernel.shape
    return RowPlan(1, rows, inner, lanes, False, inner, ())


class FinishedWork:
    """Emits the elementwise work of a kernel on vectors that a matrix product has finished."""

    def __init__(
        self, emitter: Emitter, kernel: RowKernel, given: Buffer, bases: dict[int, Any]
    ) -> None:
        """``given``: the product's buffer; ``bases``: buffer → pointer, known in the function."""
        self.e = emitter
        self.kernel = kernel
        self.given = given
        self.bases = bases

    def emit(self, row: Any, column: Any, vector: Any, lanes: int, mask: Any) -> None:
        """The work on ``vector``: numbers of ``row`` from ``column`` on."""
        kernel = self.kernel
        writer = _Rows(self.e, kernel, _by_vector(kernel, lanes))
        writer.bases = {key: self.bases[id(v.buffer)] for key, v in kernel.loads.items()}
        writer.store_bases = {key: self.bases[id(x)] for key, x in kernel.stores.items()}
        given = {
            key: Value(vector, self.given.dtype)
            for key, view in kernel.loads.items()
            if view.buffer is self.given
        }
        writer.start_row(row)
        writer.body(0, column, [], {}, 0, mask, given)

    def whole_rows(self) -> list[tuple[Any, int, int, int]]:
        """Operands from far away: pointer, offset and step of the rows, bytes of a number."""
        found = {}
        for view in self.kernel.loads.values():
            if view.buffer is not self.given and view.strides[0] and view.strides[1] == 1:
                size = view.buffer.dtype.itemsize
                place = (self.bases[id(view.buffer)], view.offset, view.strides[0], size)
                found[id(view.buffer), view.offset] = place
        return list(found.values())


class _Rows:
    def __init__(self, emitter: Emitter, kernel: RowKernel, plan: RowPlan) -> None:
        self.e = emitter
        self.kernel = kernel
        self.plan = plan
        self.b = emitter.b
        self.by_id = {id(node): node for node in kernel.nodes}
        self.bases: dict[int, Any] = {}
        self.store_bases: dict[int, Any] = {}
        self.scratch: dict[int, Any] = {}
        self.row_values: dict[int, Value] = {}

    def emit(self, name: str) -> ir.Function:
        kernel, plan = self.kernel, self.plan
        function = self.e.kernel_function(name)
        table, begin, end = function.args
        for node_id, view in kernel.loads.items():
            self.bases[node_id] = self.e.base(table, view.buffer)
        self.store_bases = {
            node_id: self.e.base(table, buffer) for node_id, buffer in kernel.stores.items()
        }
        self.partial_bases = {
            id(buffer): self.e.base(table, buffer)
            for _, buffer in kernel.partials + kernel.columns
        }
        for node_id in plan.crossing:
            if node_id not in kernel.stores:
                node = self.by_id[node_id]
                self.scratch[node_id] = self.e.alloca(
                    self.e.memory_type(node.dtype), plan.inner + plan.lanes
                )
        if kernel.partials:
            self.e.loop(begin, end, 1, self.part)
        elif kernel.columns:
            self.e.loop(begin, end, 1, self.rows_together)
        elif plan.flat:
            block = self.e.i64(plan.block)
            first = self.b.mul(begin, block)
            last = self.e.minimum(self.b.mul(end, block), self.e.i64(plan.inner))
            self.passes(self.e.i64(0), first, last)
        else:
            self.e.loop(begin, end, 1, lambda r: self.passes(r, None, None))
        self.b.ret_void()
        return function

    def part(self, number: Any) -> None:
        """One part of a long domain, and its share of what is reduced over all of it."""
        plan, e, b = self.plan, self.e, self.b
        first = b.mul(number, e.i64(plan.block))
        last = e.minimum(b.add(first, e.i64(plan.block)), e.i64(plan.inner))
        self.start_row(e.i64(0))
        nodes = [node for node, _ in self.kernel.partials]
        self.run_pass(0, nodes, first, last)
        for node, buffer in self.kernel.partials:
            value = self.row_values[id(node)]
            base = self.partial_bases[id(buffer)]
            e.store_vector(base, number, value.llvm, value.dtype, 1, None)

    def rows_together(self, number: Any) -> None:
        """A group of rows, whose sums begin at zero."""
        plan, e, b = self.plan, self.e, self.b
        first = b.mul(number, e.i64(plan.group))
        last = e.minimum(b.add(first, e.i64(plan.group)), e.i64(plan.rows))
        self.number = number
        for _, buffer in self.kernel.columns:
            size = plan.inner * buffer.dtype.itemsize
            at = b.mul(number, e.i64(size))
            place = b.gep(self.partial_bases[id(buffer)], [at], source_etype=ir.IntType(8))
            e.zero(place, size)
        e.loop(first, last, 1, lambda r: self.passes(r, None, None))

    # One row.

    def start_row(self, row: Any) -> None:
        self.row = row
        self.row_values = {}
        self.row_offsets = {
            node_id: self.row_offset(view) for node_id, view in self.kernel.loads.items()
        }

    def passes(self, row: Any, first: Any, last: Any) -> None:
        self.start_row(row)
        kernel = self.kernel
        last_stage = max(
            (kernel.stage[i] for i, role in kernel.role.items() if role != "row"), default=-1
        )
        reductions = [n for n in kernel.nodes if self.reduces(n)]
        top = max([last_stage, *[kernel.stage[id(n)] - 1 for n in reductions]])
        for stage in range(top + 1):
            here = [n for n in reductions if kernel.stage[id(n)] == stage + 1]
            self.run_pass(stage, here, first, last)
            for node in kernel.nodes:
                if kernel.role[id(node)] == "row" and kernel.stage[id(node)] == stage + 1:
                    self.row_node(node)

    def reduces(self, node: Tensor) -> bool:
        is_row = self.kernel.role[id(node)] == "row"
        return is_row and node.primitive.name in ("sum", "max", "min")

    def row_offset(self, view: View) -> Any:
        """Where the row begins in the operand, in elements."""
        split = self.plan.split
        rows = View(view.buffer, view.shape[:split], view.strides[:split], view.offset)
        return self.strided(rows, self.row)

    def strided(self, view: View, linear: Any) -> Any:
        """The offset of the element with the given row-major number."""
        b, e = self.b, self.e
        total = e.i64(view.offset)
        collapsed = reshape_view(view, (view.size,)) if view.shape else None
        if collapsed is not None:
            return b.add(total, b.mul(linear, e.i64(collapsed.strides[0])))
        left = linear
        for size, stride in zip(reversed(view.shape), reversed(view.strides), strict=True):
            index = b.urem(left, e.i64(size))
            left = b.udiv(left, e.i64(size))
            if stride:
                total = b.add(total, b.mul(index, e.i64(stride)))
        return total

    # One pass over a row.

    def run_pass(self, stage: int, reductions: list[Tensor], first: Any, last: Any) -> None:
        plan, e, b = self.plan, self.e, self.b
        lanes, inner = plan.lanes, plan.inner
        unroll = _UNROLL if reductions and inner >= _UNROLL * lanes else 1
        accumulators = {
            id(node): [self.accumulator(node) for _ in range(unroll)] for node in reductions
        }

        def vector(j: Any, which: int, mask: Any) -> None:
            self.body(stage, j, reductions, accumulators, which, mask)

        if plan.flat:
            whole_end = b.sub(last, b.urem(b.sub(last, first), e.i64(lanes)))
            e.loop(first, whole_end, lanes, lambda j: vector(j, 0, None))
            with e.when(b.icmp_signed("<", whole_end, last)):
                vector(whole_end, 0, e.mask_below(b.sub(last, whole_end), lanes))
            self.combine_all(reductions, accumulators)
            return
        done = 0
        if unroll > 1:
            done = inner - inner % (unroll * lanes)

            def several(j: Any) -> None:
                for which in range(unroll):
                    vector(b.add(j, e.i64(which * lanes)), which, None)

            e.loop(e.i64(0), e.i64(done), unroll * lanes, several)
        stop = inner - inner % lanes
        if stop > done:
            e.loop(e.i64(done), e.i64(stop), lanes, lambda j: vector(j, 0, None))
        if inner > stop:
            vector(e.i64(stop), 0, e.constant_mask(inner - stop, lanes))
        self.combine_all(reductions, accumulators)

    def combine_all(self, reductions: list[Tensor], accumulators: dict[int, list[Any]]) -> None:
        for node in reductions:
            self.row_values[id(node)] = self.combine(node, accumulators[id(node)])

    def body(
        self, stage: int, j: Any, reductions: list[Tensor], accumulators: dict[int, list[Any]],
        which: int, mask: Any, given: dict[int, Value] | None = None,
    ) -> dict[int, Value]:  # fmt: skip
        """One vector of every node of a stage; returns them."""
        build = ElementBuilder(self.b, self.plan.lanes)
        values: dict[int, Value] = dict(given or {})
        # Stores come last: a load right after a store to an address that differs by a multiple
        # of 4 KiB waits for it in vain, and equal arrays of a program tend to lie so.
        stores: list[tuple[Any, Any, Value]] = []

        def operand(node: Tensor) -> Value:
            return self.operand(node, j, values, build, mask, stage)

        for node in self.kernel.nodes:
            role = self.kernel.role[id(node)]
            if role == "row" or self.kernel.stage[id(node)] != stage:
                continue
            if role == "copy":
                value = self.read(id(node), node.dtype, j, build, mask)
            else:
                emit = node.primitive.native.emit  # type: ignore[union-attr]
                value = emit(build, node.attributes, *[operand(each) for each in node.inputs])
            values[id(node)] = value
            if id(node) in self.kernel.stores:
                offset = self.b.mul(self.row, self.e.i64(self.plan.inner))
                at = self.b.add(offset, j)
                stores.append((self.store_bases[id(node)], at, value))
            elif id(node) in self.scratch:
                stores.append((self.scratch[id(node)], j, value))
        for node, buffer in self.kernel.columns:
            source = self.kernel.alias.get(id(node.inputs[0]), node.inputs[0])
            if self.kernel.stage[id(source)] == stage:
                base = self.partial_bases[id(buffer)]
                at = self.b.add(self.b.mul(self.number, self.e.i64(self.plan.inner)), j)
                old = self.e.load_vector(base, at, node.dtype, self.plan.lanes, mask)
                total = build.add(Value(old, node.dtype), operand(node.inputs[0]))
                stores.append((base, at, total))
        for base, at, value in stores:
            self.write(base, at, value, mask)
        for node in reductions:
            x = operand(node.inputs[0])
            place = accumulators[id(node)][which]
            old = Value(self.b.load(place, typ=x.llvm.type), x.dtype)
            new = combine(node.primitive.name, build, x, old)
            if mask is not None:
                new = Value(self.b.select(mask, new.llvm, old.llvm), x.dtype)
            self.b.store(new.llvm, place)
        return values

    def operand(
        self, node: Tensor, j: Any, values: dict[int, Value], build: ElementBuilder, mask: Any,
        stage: int,
    ) -> Value:  # fmt: skip
        held = self.kernel.alias.get(id(node))
        if held is None and id(node) in self.by_id:
            held = node
        if held is not None and id(held) in values:
            return values[id(held)]
        if held is not None and id(held) in self.row_values:
            value = self.row_values[id(held)]
            return Value(self.e.splat(value.llvm, self.plan.lanes), value.dtype)
        if held is not None and id(held) in self.by_id:
            # Computed in an earlier pass: read it back.
            if id(held) in self.kernel.stores:
                offset = self.b.mul(self.row, self.e.i64(self.plan.inner))
                at, base = self.b.add(offset, j), self.store_bases[id(held)]
            else:
                at, base = j, self.scratch[id(held)]
            value = self.e.load_vector(base, at, held.dtype, self.plan.lanes, mask)
            found = Value(value, held.dtype)
            values[id(held)] = found
            return found
        number = immediate(node)
        if number is not None:
            return build.constant(number, node.dtype)
        if id(node) not in values:
            values[id(node)] = self.read(id(node), node.dtype, j, build, mask)
        return values[id(node)]

    def read(
        self, node_id: int, dtype: np.dtype[Any], j: Any, build: ElementBuilder, mask: Any
    ) -> Value:
        """Load a vector of an operand from outside, at position j of the row."""
        view, base = self.kernel.loads[node_id], self.bases[node_id]
        split, lanes, e, b = self.plan.split, self.plan.lanes, self.e, self.b
        offset = self.row_offsets[node_id]
        stride = inner_stride(view, split)
        if stride == 1:
            return Value(e.load_vector(base, b.add(offset, j), dtype, lanes, mask), dtype)
        if stride == 0:
            return Value(e.splat(e.load_scalar(base, offset, dtype), lanes), dtype)
        inner = View(view.buffer, view.shape[split:], view.strides[split:])
        vector = ir.Constant(llvm_type(dtype, lanes), ir.Undefined)
        limit = e.i64(self.plan.inner - 1)
        for lane in range(lanes):
            # Lanes past the end read the last element again: inside memory, and masked later.
            position = e.minimum(b.add(j, e.i64(lane)), limit)
            at = b.add(offset, self.strided(inner, position))
            scalar = e.load_scalar(base, at, dtype)
            if lanes == 1:
                return Value(scalar, dtype)
            vector = b.insert_element(vector, scalar, ir.Constant(ir.IntType(32), lane))
        return Value(vector, dtype)

    def write(self, base: Any, at: Any, value: Value, mask: Any) -> None:
        self.e.store_vector(base, at, value.llvm, value.dtype, self.plan.lanes, mask)

    # Between passes.

    def accumulator(self, node: Tensor) -> Any:
        dtype, lanes = node.dtype, self.plan.lanes
        place = self.e.alloca(llvm_type(dtype, lanes), 1)
        start = ElementBuilder(self.b, lanes).constant(
            identity(node.primitive.name, dtype), dtype
        )
        self.b.store(start.llvm, place)
        return place

    def combine(self, node: Tensor, places: list[Any]) -> Value:
        """All partial results as one number: accumulators in order, then halves of the vector."""
        lanes, name, dtype = self.plan.lanes, node.primitive.name, node.dtype
        build = ElementBuilder(self.b, lanes)
        kind = llvm_type(dtype, lanes)
        total = Value(self.b.load(places[0], typ=kind), dtype)
        for place in places[1:]:
            total = combine(name, build, Value(self.b.load(place, typ=kind), dtype), total)
        vector = total.llvm
        while lanes > 1:
            lanes //= 2
            half = ElementBuilder(self.b, lanes)
            low, high = self.e.halves(vector, lanes)
            vector = combine(name, half, Value(high, dtype), Value(low, dtype)).llvm
        return Value(vector, dtype)

    def row_node(self, node: Tensor) -> None:
        if id(node) not in self.row_values:
            build = ElementBuilder(self.b, 1)
            emit = node.primitive.native.emit  # type: ignore[union-attr]
            inputs = [self.row_operand(each, build) for each in node.inputs]
            self.row_values[id(node)] = emit(build, node.attributes, *inputs)
        if id(node) in self.kernel.stores:
            value = self.row_values[id(node)]
            base = self.store_bases[id(node)]
            self.e.store_vector(base, self.row, value.llvm, value.dtype, 1, None)

    def row_operand(self, node: Tensor, build: ElementBuilder) -> Value:
        held = self.kernel.alias.get(id(node), node)
        if id(held) in self.row_values:
            return self.row_values[id(held)]
        number = immediate(node)
        if number is not None:
            return build.constant(number, node.dtype)
        view = self.kernel.loads[id(node)]
        at = self.strided(view, self.row)
        return Value(self.e.load_scalar(self.bases[id(node)], at, node.dtype), node.dtype)
