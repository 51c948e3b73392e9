"""Code for gather and scatter: rows copied or added by index, with every index checked.

An index outside the rows is noted in the status words, and nothing outside memory is touched:
row 0 is taken instead, or none where there are no rows. The caller turns the note into an error.
"""

from __future__ import annotations

import math
from typing import Any

import llvmlite.ir as ir

from .elements import ElementBuilder, Value
from .emitter import I64, POINTER, Emitter
from .kernels import GatherKernel, ScatterKernel, View
from .layout import WRONG_INDEX

__all__ = ["emit_gather", "emit_scatter"]


def emit_gather(emitter: Emitter, name: str, kernel: GatherKernel, status: int) -> ir.Function:
    """The function ``name(table, begin, end)`` that copies the rows from begin to end.

    ``table[status]`` is the address of the status words.
    """
    assert kernel.source is not None and kernel.indices is not None and kernel.out is not None
    e, b = emitter, emitter.b
    source, indices, out = kernel.source, kernel.indices, kernel.out
    function = e.kernel_function(name)
    table, begin, end = function.args
    x, at, y = (e.base(table, each) for each in (source.buffer, indices.buffer, out))
    row = View(source.buffer, source.shape[1:], source.strides[1:])
    size = source.buffer.dtype.itemsize
    words = _status_words(e, table, status)

    def one(i: ir.Value) -> None:
        safe = _checked(e, name, at, indices, i, source.shape[0], words)
        if safe is None:
            return
        offset = b.add(e.i64(source.offset), b.mul(safe, e.i64(source.strides[0])))
        start = b.gep(x, [b.mul(offset, e.i64(size))], source_etype=ir.IntType(8))
        target = b.gep(y, [b.mul(i, e.i64(row.size * size))], source_etype=ir.IntType(8))
        e.copy(target, start, row.size * size)

    e.loop(begin, end, 1, one)
    b.ret_void()
    return function


def emit_scatter(
    emitter: Emitter, name: str, kernel: ScatterKernel, status: int
) -> ir.Function:
    """The function ``name(table, begin, end)``; one part, because rows may be added to twice.

    ``table[status]`` is the address of the status words.
    """
    assert kernel.source is not None and kernel.indices is not None and kernel.out is not None
    e, b = emitter, emitter.b
    source, indices, out = kernel.source, kernel.indices, kernel.out
    function = e.kernel_function(name)
    table = function.args[0]
    x, at, y = (e.base(table, each) for each in (source.buffer, indices.buffer, out))
    words = _status_words(e, table, status)
    dtype, width = out.dtype, math.prod(out.shape[1:])
    e.zero(y, out.nbytes)
    build = ElementBuilder(b, 1)

    def one(i: ir.Value) -> None:
        safe = _checked(e, name, at, indices, i, out.shape[0], words)
        if safe is None:
            return
        start = b.add(e.i64(source.offset), b.mul(i, e.i64(width)))
        target = b.mul(safe, e.i64(width))

        def element(j: ir.Value) -> None:
            new = Value(e.load_scalar(x, b.add(start, j), dtype), dtype)
            old = Value(e.load_scalar(y, b.add(target, j), dtype), dtype)
            total = build.add(old, new).llvm
            e.store_vector(y, b.add(target, j), total, dtype, 1, None)

        e.loop(e.i64(0), e.i64(width), 1, element)

    e.loop(e.i64(0), e.i64(indices.size), 1, one)
    b.ret_void()
    return function


def _status_words(e: Emitter, table: ir.Value, status: int) -> ir.Value:
    return e.b.load(e.b.gep(table, [e.i64(status)], source_etype=POINTER), typ=POINTER)


def _checked(
    e: Emitter, name: str, at: ir.Value, indices: View, i: ir.Value, rows: int, words: ir.Value
) -> ir.Value | None:
    """The i-th index if it is inside 0 … rows - 1, else 0 and a note; None without rows."""
    b = e.b
    index = e.load_scalar(at, b.add(i, e.i64(indices.offset)), indices.buffer.dtype)
    if index.type != I64:
        index = b.sext(index, I64)
    inside = b.icmp_unsigned("<", index, e.i64(rows))
    with b.if_then(b.not_(inside), likely=False):
        # Several threads may come here: the first one writes the rest of the note.
        taken = b.atomic_rmw("xchg", words, e.i64(1), "monotonic")
        with b.if_then(b.icmp_signed("==", taken, e.i64(0))):
            number = e.i64(int(name.rpartition("_")[2]))
            note: list[Any] = [index, i, number]
            for word, value in zip(WRONG_INDEX[1:], note, strict=True):
                b.store(value, b.gep(words, [e.i64(word)], source_etype=I64))
    return b.select(inside, index, e.i64(0)) if rows else None
