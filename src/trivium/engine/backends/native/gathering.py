"""Code for a GatherKernel: rows copied by index, with every index checked."""

from __future__ import annotations

import llvmlite.ir as ir

from .emitter import I64, POINTER, Emitter
from .kernels import GatherKernel, View

__all__ = ["emit_gather"]


def emit_gather(emitter: Emitter, name: str, kernel: GatherKernel, status: int) -> ir.Function:
    """The function ``name(table, begin, end)`` that copies the rows from begin to end.

    An index outside the source sets the word at ``table[status]`` and row 0 is copied instead,
    so that nothing outside memory is read; the caller turns the word into an error.
    """
    assert kernel.source is not None and kernel.indices is not None and kernel.out is not None
    e, b = emitter, emitter.b
    source, indices, out = kernel.source, kernel.indices, kernel.out
    function = e.kernel_function(name)
    table, begin, end = function.args
    x, at, y = (e.base(table, each) for each in (source.buffer, indices.buffer, out))
    row = View(source.buffer, source.shape[1:], source.strides[1:])
    size = source.buffer.dtype.itemsize
    kind = ir.FunctionType(ir.VoidType(), [POINTER, POINTER, I64, ir.IntType(1)])
    known = "llvm.memcpy.p0.p0.i64"
    copy = e.module.globals.get(known) or ir.Function(e.module, kind, known)
    word = b.load(b.gep(table, [e.i64(status)], source_etype=POINTER), typ=POINTER)

    def one(i: ir.Value) -> None:
        index = e.load_scalar(at, b.add(i, e.i64(indices.offset)), indices.buffer.dtype)
        if index.type != I64:
            index = b.sext(index, I64)
        inside = b.icmp_unsigned("<", index, e.i64(source.shape[0]))
        with b.if_then(b.not_(inside), likely=False):
            b.store(e.i64(1), word)
        safe = b.select(inside, index, e.i64(0))
        offset = b.add(e.i64(source.offset), b.mul(safe, e.i64(source.strides[0])))
        start = b.gep(x, [b.mul(offset, e.i64(size))], source_etype=ir.IntType(8))
        target = b.gep(y, [b.mul(i, e.i64(row.size * size))], source_etype=ir.IntType(8))
        b.call(copy, [target, start, e.i64(row.size * size), ir.Constant(ir.IntType(1), 0)])

    e.loop(begin, end, 1, one)
    b.ret_void()
    return function
