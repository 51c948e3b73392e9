"""Code for a ContractionKernel: the generated product, called on the buffers of the program."""

from __future__ import annotations

from typing import Any

import llvmlite.ir as ir

from . import contraction
from .emitter import I8, POINTER, Emitter
from .kernels import Buffer, ContractionKernel, Kernel, PartialSumKernel, View, whole
from .rows import Epilogue

__all__ = ["emit_partial_sum", "emit_product", "plan_product", "with_plans"]


# The order of sums depends on the plan, so the plan must not depend on the number of threads.
_THREADS = 4


def plan_product(kernel: ContractionKernel, target: Any) -> contraction.Plan:
    """The method, the tiles and the parts for this product."""
    assert kernel.left is not None and kernel.right is not None
    left, right = kernel.left, kernel.right
    batch, m, k = left.shape
    spec = contraction.Spec(
        left.buffer.dtype, batch, m, right.shape[2], k, _three(left), _three(right)
    )
    return contraction.plan(
        spec, target, _THREADS, may_split=True, along_rows=_reads_rows(kernel)
    )


def _reads_rows(kernel: ContractionKernel) -> bool:
    """Whether the epilogue reads arrays as large as the product."""
    if kernel.epilogue is None:
        return False
    loads = kernel.epilogue.loads.values()
    return any(view.buffer is not kernel.out and all(view.strides) for view in loads)


def with_plans(kernels: list[Kernel], target: Any) -> list[Kernel]:
    """The kernels with every product planned, and the sums of partial results after products."""
    made: list[Kernel] = []
    for kernel in kernels:
        made.append(kernel)
        if not isinstance(kernel, ContractionKernel):
            continue
        kernel.plan = plan_product(kernel, target)
        if kernel.plan.chunks > 1:
            assert kernel.out is not None
            out, dtype = kernel.out, kernel.out.dtype
            kernel.out = Buffer((kernel.plan.partial_bytes // dtype.itemsize,), dtype, "arena")
            total = PartialSumKernel(source=whole(kernel.out), out=out, plan=kernel.plan)
            # Only the sum of the partial results is finished.
            total.epilogue, kernel.epilogue = kernel.epilogue, None
            total.keep, kernel.keep = kernel.keep, True
            made.append(total)
    return made


def emit_partial_sum(e: Emitter, name: str, kernel: PartialSumKernel) -> ir.Function:
    """The function ``name(table, begin, end)``."""
    assert kernel.source is not None and kernel.out is not None
    epilogue = _Fused(e, kernel, 4)
    total = contraction.emit_sum(
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


def _three(view: View) -> tuple[int, int, int]:
    first, second, third = view.strides
    return first, second, third


def emit_product(e: Emitter, name: str, kernel: ContractionKernel, scratch: int) -> ir.Function:
    """The function ``name(table, begin, end)``; ``table[scratch]`` is the thread's own memory."""
    assert kernel.left is not None and kernel.right is not None and kernel.out is not None
    epilogue = _Fused(e, kernel, 6)
    product = contraction.emit(
        e.module, f"{name}_product", kernel.plan, epilogue.hook, epilogue.types, kernel.stored
    )
    product.linkage = "internal"
    function = e.kernel_function(name)
    table, begin, end = function.args
    own = e.b.load(e.b.gep(table, [e.i64(scratch)], source_etype=POINTER), typ=POINTER)
    e.b.call(
        product,
        [_start(e, table, kernel.left), _start(e, table, kernel.right),
         epilogue.place(table), own, begin, end, *epilogue.pointers(table)],
    )  # fmt: skip
    e.b.ret_void()
    return function


def _start(e: Emitter, table: Any, view: View) -> Any:
    offset = view.offset * view.buffer.dtype.itemsize
    return e.b.gep(e.base(table, view.buffer), [e.i64(offset)], source_etype=I8)


class _Fused:
    """A product's epilogue for the emitter of products, whose arguments are its pointers."""

    def __init__(
        self, e: Emitter, kernel: ContractionKernel | PartialSumKernel, first: int
    ) -> None:
        assert kernel.out is not None
        self.e = e
        self.kernel = kernel
        self.first = first
        self.buffers: list[Buffer] = []
        if kernel.epilogue is not None:
            loads = [view.buffer for view in kernel.epilogue.loads.values()]
            used = {id(x): x for x in (*loads, *kernel.epilogue.stores.values())}
            self.buffers = [each for each in used.values() if each is not kernel.out]
        self.types = [POINTER] * len(self.buffers)
        self.hook = contraction.Epilogue(self.emit, self.ahead) if self.buffers else None

    def place(self, table: Any) -> Any:
        """Where the product goes; nowhere if only the epilogue wants it."""
        assert self.kernel.out is not None
        if self.kernel.stored:
            return self.e.base(table, self.kernel.out)
        return ir.Constant(POINTER, None)

    def pointers(self, table: Any) -> list[Any]:
        """The epilogue's operands."""
        return [self.e.base(table, each) for each in self.buffers]

    def rows(self, b: Any) -> Epilogue:
        """The epilogue's work, to be emitted with the builder of the product."""
        assert self.kernel.epilogue is not None and self.kernel.out is not None
        arguments = b.function.args[self.first :]
        bases = {id(x): a for x, a in zip(self.buffers, arguments, strict=True)}
        bases[id(self.kernel.out)] = ir.Constant(POINTER, None)  # its numbers are in registers
        return Epilogue(self.e, self.kernel.epilogue, self.kernel.out, bases)

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
