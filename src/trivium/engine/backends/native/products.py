"""Code for a ContractionKernel: the generated product, called on the buffers of the program."""

from __future__ import annotations

from typing import Any

import llvmlite.ir as ir

from . import contraction
from .emitter import I8, POINTER, Emitter
from .kernels import Buffer, ContractionKernel, Kernel, PartialSumKernel, View, whole

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
    return contraction.plan(spec, target, _THREADS, may_split=True)


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
            made.append(PartialSumKernel(source=whole(kernel.out), out=out, plan=kernel.plan))
    return made


def emit_partial_sum(e: Emitter, name: str, kernel: PartialSumKernel) -> ir.Function:
    """The function ``name(table, begin, end)``."""
    assert kernel.source is not None and kernel.out is not None
    total = contraction.emit_sum(e.module, f"{name}_sum", kernel.plan)
    total.linkage = "internal"
    function = e.kernel_function(name)
    table, begin, end = function.args
    e.b.call(total, [_start(e, table, kernel.source), e.base(table, kernel.out), begin, end])
    e.b.ret_void()
    return function


def _three(view: View) -> tuple[int, int, int]:
    first, second, third = view.strides
    return first, second, third


def emit_product(e: Emitter, name: str, kernel: ContractionKernel, scratch: int) -> ir.Function:
    """The function ``name(table, begin, end)``; ``table[scratch]`` is the thread's own memory."""
    assert kernel.left is not None and kernel.right is not None and kernel.out is not None
    product = contraction.emit(e.module, f"{name}_product", kernel.plan)
    product.linkage = "internal"
    function = e.kernel_function(name)
    table, begin, end = function.args
    own = e.b.load(e.b.gep(table, [e.i64(scratch)], source_etype=POINTER), typ=POINTER)
    e.b.call(
        product,
        [_start(e, table, kernel.left), _start(e, table, kernel.right),
         e.base(table, kernel.out), own, begin, end],
    )  # fmt: skip
    e.b.ret_void()
    return function


def _start(e: Emitter, table: Any, view: View) -> Any:
    offset = view.offset * view.buffer.dtype.itemsize
    return e.b.gep(e.base(table, view.buffer), [e.i64(offset)], source_etype=I8)
