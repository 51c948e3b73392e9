"""Code for a ContractionKernel: the generated product, called on the buffers of the program."""

from __future__ import annotations

from typing import Any

import llvmlite.ir as ir

from . import contraction
from .emitter import I8, POINTER, Emitter
from .kernels import ContractionKernel, View

__all__ = ["emit_product", "plan_product"]


def plan_product(kernel: ContractionKernel, target: Any, threads: int) -> contraction.Plan:
    """The method, the tiles and the parts for this product."""
    assert kernel.left is not None and kernel.right is not None
    left, right = kernel.left, kernel.right
    batch, m, k = left.shape
    spec = contraction.Spec(
        left.buffer.dtype, batch, m, right.shape[2], k, _three(left), _three(right)
    )
    return contraction.plan(spec, target, threads)


def _three(view: View) -> tuple[int, int, int]:
    first, second, third = view.strides
    return first, second, third


def emit_product(
    e: Emitter, name: str, kernel: ContractionKernel, plan: contraction.Plan, scratch: int
) -> ir.Function:
    """The function ``name(table, begin, end)``; ``table[scratch]`` is the thread's own memory."""
    assert kernel.left is not None and kernel.right is not None and kernel.out is not None
    product = contraction.emit(e.module, f"{name}_product", plan)
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
