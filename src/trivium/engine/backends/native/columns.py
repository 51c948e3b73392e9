"""Code for a ColumnKernel: out[j] = ⊕_i x[i, j], a strip of columns at a time.

Every column is reduced from the first row to the last by one thread, so the order is fixed.
"""

from __future__ import annotations

from typing import Any

import llvmlite.ir as ir

from .elements import ElementBuilder, Value, llvm_type
from .emitter import Emitter
from .kernels import ColumnKernel
from .layout import STRIP
from .reductions import combine, identity

__all__ = ["emit_columns"]


def emit_columns(emitter: Emitter, name: str, kernel: ColumnKernel, lanes: int) -> ir.Function:
    """The function ``name(table, begin, end)`` that reduces the strips from begin to end."""
    assert kernel.source is not None and kernel.out is not None
    e, b, source = emitter, emitter.b, kernel.source
    dtype, (rows, columns) = source.buffer.dtype, source.shape
    function = e.kernel_function(name)
    table, begin, end = function.args
    x, out = e.base(table, source.buffer), e.base(table, kernel.out)
    build = ElementBuilder(b, lanes)
    places = [e.alloca(llvm_type(dtype, lanes), 1) for _ in range(STRIP)]

    def strip(j: Any, masks: list[Any]) -> None:
        start = build.constant(identity(kernel.operation, dtype), dtype)
        for place, _ in zip(places, masks, strict=False):
            b.store(start.llvm, place)

        def row(i: Any) -> None:
            offset = b.add(e.i64(source.offset), b.mul(i, e.i64(source.strides[0])))
            for which, mask in enumerate(masks):
                at = b.add(offset, b.add(j, e.i64(which * lanes)))
                value = Value(e.load_vector(x, at, dtype, lanes, mask), dtype)
                old = Value(b.load(places[which], typ=start.llvm.type), dtype)
                b.store(combine(kernel.operation, build, value, old).llvm, places[which])

        e.loop(e.i64(0), e.i64(rows), 1, row)
        for which, mask in enumerate(masks):
            total = b.load(places[which], typ=start.llvm.type)
            e.store_vector(out, b.add(j, e.i64(which * lanes)), total, dtype, lanes, mask)

    width = STRIP * lanes
    whole_strips = columns // width
    last = e.minimum(end, e.i64(whole_strips))
    e.loop(begin, last, 1, lambda p: strip(b.mul(p, e.i64(width)), [None] * STRIP))
    left = columns - whole_strips * width
    if left:
        masks = [None] * (left // lanes)
        if left % lanes:
            masks.append(e.constant_mask(left % lanes, lanes))
        with e.when(b.icmp_signed(">", end, e.i64(whole_strips))):
            strip(e.i64(whole_strips * width), masks)
    b.ret_void()
    return function
