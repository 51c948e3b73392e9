"""Loops around one emitted function, compiled and callable on arrays."""

from __future__ import annotations

import ctypes
import itertools
from collections.abc import Callable
from functools import cache
from typing import Any

import llvmlite.binding as llvm
import numpy as np
from llvmlite import ir

from trivium.engine.backends.native.target import Target

Emit = Callable[..., ir.Value]
Array = np.ndarray[Any, Any]
INDEX = ir.IntType(64)
_numbers = itertools.count()


def element(dtype: Any) -> ir.Type:
    return ir.FloatType() if np.dtype(dtype) == np.float32 else ir.DoubleType()


def emit(function: Emit, dtype: Any, target: Target, inputs: int = 1, lanes: int = 0) -> str:
    """The IR of ``kernel(x, …, out, n)``: whole vectors, then the remaining elements singly."""
    module = target.module("kernel")
    pointer = element(dtype).as_pointer()
    kind = ir.FunctionType(ir.VoidType(), [pointer] * (inputs + 1) + [INDEX])
    main = target.prepare(ir.Function(module, kind, "kernel"))
    *pointers, count = main.args
    for argument in pointers:
        argument.add_attribute("noalias")
    b = ir.IRBuilder(main.append_basic_block())
    lanes = lanes or target.lanes(dtype)
    whole = b.and_(count, INDEX(-lanes))
    vector = ir.VectorType(element(dtype), lanes)
    _loop(b, INDEX(0), whole, lanes, pointers, vector, function)
    _loop(b, whole, count, 1, pointers, element(dtype), function)
    b.ret_void()
    return str(module)


def _loop(
    b: ir.IRBuilder,
    start: ir.Value,
    stop: ir.Value,
    step: int,
    pointers: list[ir.Value],
    kind: ir.Type,
    function: Emit,
) -> None:
    before, body = b.block, b.append_basic_block("body")
    end = b.append_basic_block("end")
    b.cbranch(b.icmp_signed("<", start, stop), body, end)
    b.position_at_end(body)
    i = b.phi(INDEX)
    i.add_incoming(start, before)
    places = [b.bitcast(b.gep(p, [i]), kind.as_pointer()) for p in pointers]
    align = 4 if "float" in str(kind) else 8
    result = function(b, *[b.load(place, align=align) for place in places[:-1]])
    b.store(result, places[-1], align=align)
    following = b.add(i, INDEX(step))
    i.add_incoming(following, b.block)
    b.cbranch(b.icmp_signed("<", following, stop), body, end)
    b.position_at_end(end)


@cache
def machine(target: Target) -> llvm.TargetMachine:
    return target.machine()


@cache
def linker(target: Target) -> llvm.LLJIT:
    return llvm.create_lljit_compiler(target.machine())


def optimised(source: str, target: Target) -> llvm.ModuleRef:
    module = llvm.parse_assembly(source)
    module.verify()
    target.optimise(module, machine(target))
    return module


class Kernel:
    """``out[i] = function(x[i], …)`` on arrays."""

    def __init__(
        self, function: Emit, dtype: Any, target: Target, inputs: int = 1, lanes: int = 0
    ) -> None:
        self.dtype = np.dtype(dtype)
        self.target = target
        self.lanes = lanes or target.lanes(dtype)
        self._module = optimised(emit(function, dtype, target, inputs, lanes), target)
        library = llvm.JITLibraryBuilder()
        library.add_object_img(machine(target).emit_object(self._module))
        library.add_current_process()
        library.export_symbol("kernel")
        self._library = library.link(linker(target), f"kernel_{next(_numbers)}")
        self.call = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * (inputs + 1), ctypes.c_int64)(
            self._library["kernel"]
        )

    @property
    def assembly(self) -> str:
        return machine(self.target).emit_assembly(self._module)

    def __call__(self, *arrays: Array) -> Array:
        out = np.empty(arrays[0].shape, self.dtype)
        self.into(out, *arrays)
        return out

    def into(self, out: Array, *arrays: Array) -> None:
        for array in (out, *arrays):
            assert array.dtype == self.dtype
            assert array.flags.c_contiguous
            assert array.shape == out.shape
        self.call(*[array.ctypes.data for array in (*arrays, out)], out.size)
