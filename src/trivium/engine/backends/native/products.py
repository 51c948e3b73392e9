"""Code for a ContractionKernel: the generated product, called on the buffers of the program."""

from __future__ import annotations

from typing import Any

import llvmlite.ir as ir

from . import contraction
from .contraction import emission
from .emitter import I8, POINTER, Emitter
from .kernels import (
    ContractionKernel,
    PartialSumKernel,
    ProductKernel,
    RowKernel,
    View,
)
from .rows import FinishedWork, computed_vector

__all__ = ["emit_partial_sum", "emit_product"]


def emit_partial_sum(e: Emitter, name: str, kernel: PartialSumKernel) -> ir.Function:
    """The function ``name(table, begin, end)``."""
    assert kernel.source is not None and kernel.out is not None
    epilogue = _Fused(e, kernel, 4)
    total = emission.emit_sum(
        e.module, f"{name}_sum", kernel.plan, epilogue.hook, epilogue.types, kernel.stored
    )
    total.linkage = "internal"
    function = e.kernel_function(name)
    table, begin, end = function.args
    out = epilogue.place(table)
    e.b.call(
        total, [_start(e, table, kernel.source), out, begin, end, *epilogue.pointers(table)]
    )
    e.b.ret_void()
    return function


def emit_product(e: Emitter, name: str, kernel: ContractionKernel, scratch: int) -> ir.Function:
    """The function ``name(table, begin, end)``; ``table[scratch]`` is the thread's own memory."""
    assert kernel.left is not None and kernel.right is not None and kernel.out is not None
    epilogue = _Fused(e, kernel, 6)
    product = emission.emit(
        e.module,
        f"{name}_product",
        kernel.plan,
        epilogue.hook,
        epilogue.types,
        kernel.stored,
        epilogue.prologues(),
    )
    product.linkage = "internal"
    function = e.kernel_function(name)
    table, begin, end = function.args
    own = e.b.load(e.b.gep(table, [e.i64(scratch)], source_etype=POINTER), typ=POINTER)
    operands = [
        ir.Constant(POINTER, None)
        if side in kernel.prologues
        else _start(e, table, getattr(kernel, side))
        for side in ("left", "right")
    ]
    e.b.call(
        product,
        [*operands, epilogue.place(table), own, begin, end, *epilogue.pointers(table)],
    )
    e.b.ret_void()
    return function


def _start(e: Emitter, table: Any, view: View) -> Any:
    offset = view.offset * view.buffer.dtype.itemsize
    return e.b.gep(e.base(table, view.buffer), [e.i64(offset)], source_etype=I8)


class _Fused:
    """A product's epilogue and prologues for the emitter of products.

    Arguments of the product's function are their pointers.
    """

    def __init__(self, e: Emitter, kernel: ProductKernel, first: int) -> None:
        assert kernel.out is not None
        self.e = e
        self.kernel = kernel
        self.first = first
        self.before = kernel.prologues if isinstance(kernel, ContractionKernel) else {}
        used = [each for work in self.before.values() for each in work.reads]
        self.hook = None
        if kernel.epilogue is not None:
            used += [*kernel.epilogue.reads, *kernel.epilogue.writes]
            self.hook = contraction.Epilogue(self.emit, self.ahead)
        self.buffers = [each for each in dict.fromkeys(used) if each is not kernel.out]
        self.types = [POINTER] * len(self.buffers)

    def place(self, table: Any) -> Any:
        """Where the product goes; nowhere if only the epilogue wants it."""
        assert self.kernel.out is not None
        if self.kernel.stored:
            return self.e.base(table, self.kernel.out)
        return ir.Constant(POINTER, None)

    def pointers(self, table: Any) -> list[Any]:
        """The epilogue's operands."""
        return [self.e.base(table, each) for each in self.buffers]

    def bases(self, b: Any) -> dict[int, Any]:
        """Where the buffers are, in the function of the product."""
        arguments = b.function.args[self.first :]
        return {id(x): a for x, a in zip(self.buffers, arguments, strict=True)}

    def rows(self, b: Any) -> FinishedWork:
        """The epilogue's work, to be emitted with the builder of the product."""
        assert self.kernel.epilogue is not None and self.kernel.out is not None
        bases = self.bases(b)
        bases[id(self.kernel.out)] = ir.Constant(POINTER, None)  # its numbers are in registers
        return FinishedWork(self.e, self.kernel.epilogue, self.kernel.out, bases)

    def prologues(self) -> dict[str, contraction.Prologue]:
        """What computes the operands that are not in memory."""
        return {side: self.prologue(work) for side, work in self.before.items()}

    def prologue(self, work: RowKernel) -> contraction.Prologue:
        """The work on a vector of an operand."""

        def value(b: Any, row: Any, column: Any, lanes: int, mask: Any) -> Any:
            with self.e.using(b):
                return computed_vector(self.e, work, self.bases(b), row, column, lanes, mask)

        return contraction.Prologue(value, work.shape[1])

    def emit(self, b: Any, row: Any, column: Any, vector: Any, mask: Any) -> None:
        """The work on a vector of finished numbers."""
        if self.kernel.plan.spec.n == 1:
            row, column = self.e.i64(0), row
        lanes = vector.type.count if isinstance(vector.type, ir.VectorType) else 1
        with self.e.using(b):
            self.rows(b).emit(row, column, vector, lanes, mask)

    def ahead(self, b: Any) -> list[tuple[Any, int, int, int]]:
        """Operands whose lines should come while a tile is computed."""
        return self.rows(b).whole_rows()
