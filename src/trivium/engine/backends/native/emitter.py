"""Loops, memory and masks: the small vocabulary in which kernels are written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import llvmlite.ir as ir
import numpy as np

from .elements import llvm_type
from .kernels import Buffer

__all__ = ["Emitter", "I8", "I32", "I64", "POINTER"]

I1, I8, I32, I64 = ir.IntType(1), ir.IntType(8), ir.IntType(32), ir.IntType(64)
POINTER = ir.PointerType()


class Emitter:
    """Writes functions into a module. ``slots`` numbers the pointers of the program's table."""

    def __init__(self, module: Any, slots: Mapping[int, int]) -> None:
        self.module = module
        self.slots = slots
        self.b: ir.IRBuilder = ir.IRBuilder()
        self._entry: Any = None

    def kernel_function(self, name: str) -> ir.Function:
        """Begin ``void name(table, begin, end)``."""
        kind = ir.FunctionType(ir.VoidType(), [POINTER, I64, I64])
        function = ir.Function(self.module, kind, name)
        function.linkage = "internal"
        self.begin(function)
        return function

    def begin(self, function: ir.Function) -> None:
        """Emit into ``function`` from now on."""
        self._entry = function.append_basic_block("entry")
        body = function.append_basic_block("body")
        ir.IRBuilder(self._entry).branch(body)
        self.b.position_at_end(body)

    @contextmanager
    def using(self, builder: ir.IRBuilder) -> Iterator[None]:
        """Emit with another builder, in the middle of another's function."""
        own, self.b = self.b, builder
        try:
            yield
        finally:
            self.b = own

    @staticmethod
    def i64(value: int) -> ir.Constant:
        """A constant index."""
        return ir.Constant(I64, int(value))

    def alloca(self, kind: Any, count: int) -> Any:
        """Memory on the stack, made once at the function's entry."""
        builder = ir.IRBuilder(self._entry)
        builder.position_before(self._entry.terminator)
        place = builder.alloca(kind, size=ir.Constant(I32, count))
        place.align = 64
        place.type = POINTER  # opaque: elements and vectors are both stored there
        return place

    def base(self, table: Any, buffer: Buffer) -> Any:
        """The address of a buffer's first element."""
        slot = self.b.gep(table, [self.i64(self.slots[id(buffer)])], source_etype=POINTER)
        pointer = self.b.load(slot, typ=POINTER)
        if buffer.kind == "arena" and buffer.offset:
            return self.b.gep(pointer, [self.i64(buffer.offset)], source_etype=I8)
        return pointer

    def minimum(self, x: Any, y: Any) -> Any:
        """The smaller of two indices."""
        return self.b.select(self.b.icmp_signed("<", x, y), x, y)

    def maximum(self, x: Any, y: Any) -> Any:
        """The larger of two indices."""
        return self.b.select(self.b.icmp_signed(">", x, y), x, y)

    def loop(self, start: Any, stop: Any, step: int, body: Callable[[Any], None]) -> None:
        """for i in range(start, stop, step): body(i)."""
        b = self.b
        before = b.block
        function = b.function
        head = function.append_basic_block("loop")
        end = function.append_basic_block("after")
        b.cbranch(b.icmp_signed("<", start, stop), head, end)
        b.position_at_end(head)
        i = b.phi(I64)
        i.add_incoming(start, before)
        body(i)
        following = b.add(i, self.i64(step))
        i.add_incoming(following, b.block)
        b.cbranch(b.icmp_signed("<", following, stop), head, end)
        b.position_at_end(end)

    @contextmanager
    def when(self, condition: Any) -> Iterator[None]:
        """Run the block only where the condition holds."""
        with self.b.if_then(condition):
            yield

    # Blocks of memory.

    def copy(self, target: Any, source: Any, size: int) -> None:
        """Copy ``size`` bytes that do not overlap."""
        kind = ir.FunctionType(ir.VoidType(), [POINTER, POINTER, I64, I1])
        function = self._declared("llvm.memcpy.p0.p0.i64", kind)
        self.b.call(function, [target, source, self.i64(size), ir.Constant(I1, 0)])

    def zero(self, target: Any, size: int) -> None:
        """Set ``size`` bytes to zero."""
        kind = ir.FunctionType(ir.VoidType(), [POINTER, I8, I64, I1])
        function = self._declared("llvm.memset.p0.i64", kind)
        self.b.call(function, [target, I8(0), self.i64(size), ir.Constant(I1, 0)])

    def clock(self) -> ir.Function:
        """The processor's time stamp counter: a function without arguments."""
        return self._declared("llvm.readcyclecounter", ir.FunctionType(I64, []))

    def _declared(self, name: str, kind: Any) -> ir.Function:
        return self.module.globals.get(name) or ir.Function(self.module, kind, name)

    # Vectors.

    def splat(self, scalar: Any, lanes: int) -> Any:
        """The same value in every lane."""
        if lanes == 1:
            return scalar
        kind = ir.VectorType(scalar.type, lanes)
        one = self.b.insert_element(
            ir.Constant(kind, ir.Undefined), scalar, ir.Constant(I32, 0)
        )
        zeros = ir.Constant(ir.VectorType(I32, lanes), [ir.Constant(I32, 0)] * lanes)
        return self.b.shuffle_vector(one, ir.Constant(kind, ir.Undefined), zeros)

    def halves(self, vector: Any, lanes: int) -> tuple[Any, Any]:
        """The lower and the upper ``lanes`` lanes of a vector of twice as many."""
        if lanes == 1:
            return (
                self.b.extract_element(vector, ir.Constant(I32, 0)),
                self.b.extract_element(vector, ir.Constant(I32, 1)),
            )
        undefined = ir.Constant(vector.type, ir.Undefined)

        def part(first: int) -> Any:
            chosen = [ir.Constant(I32, first + i) for i in range(lanes)]
            mask = ir.Constant(ir.VectorType(I32, lanes), chosen)
            return self.b.shuffle_vector(vector, undefined, mask)

        return part(0), part(lanes)

    def constant_mask(self, count: int, lanes: int) -> Any:
        """The first ``count`` lanes."""
        bits = [ir.Constant(I1, int(lane < count)) for lane in range(lanes)]
        return ir.Constant(ir.VectorType(I1, lanes), bits) if lanes > 1 else bits[0]

    def mask_below(self, count: Any, lanes: int) -> Any:
        """The first ``count`` lanes, ``count`` known only when running."""
        numbers = ir.Constant(ir.VectorType(I64, lanes), [self.i64(i) for i in range(lanes)])
        return self.b.icmp_signed("<", numbers, self.splat(count, lanes))

    @staticmethod
    def memory_type(dtype: np.dtype[Any]) -> Any:
        """How an element lies in memory: a bool is a byte."""
        return I8 if dtype.kind == "b" else llvm_type(dtype, 1)

    def load_scalar(self, base: Any, at: Any, dtype: np.dtype[Any]) -> Any:
        """The element ``at``."""
        kind = self.memory_type(dtype)
        value = self.b.load(self.b.gep(base, [at], source_etype=kind), typ=kind)
        return self.b.icmp_unsigned("!=", value, I8(0)) if dtype.kind == "b" else value

    def load_vector(
        self, base: Any, at: Any, dtype: np.dtype[Any], lanes: int, mask: Any
    ) -> Any:
        """``lanes`` elements from ``at`` on; masked-out ones are not touched."""
        if lanes == 1:
            return self.load_scalar(base, at, dtype)
        kind = self.memory_type(dtype)
        vector = ir.VectorType(kind, lanes)
        place = self.b.gep(base, [at], source_etype=kind)
        if mask is None:
            value = self.b.load(place, typ=vector)
            value.align = dtype.itemsize
        else:
            value = self.b.call(
                self._masked("load", vector, lanes), [place, mask, ir.Constant(vector, None)]
            )
        if dtype.kind == "b":
            return self.b.icmp_unsigned("!=", value, ir.Constant(vector, None))
        return value

    def store_vector(
        self, base: Any, at: Any, value: Any, dtype: np.dtype[Any], lanes: int, mask: Any
    ) -> None:
        """Write ``lanes`` elements from ``at`` on; masked-out ones are not touched."""
        kind = self.memory_type(dtype)
        memory = kind if lanes == 1 else ir.VectorType(kind, lanes)
        if dtype.kind == "b":
            value = self.b.zext(value, memory)
        place = self.b.gep(base, [at], source_etype=kind)
        if mask is None:
            stored = self.b.store(value, place)
            stored.align = dtype.itemsize
        else:
            self.b.call(self._masked("store", memory, lanes), [value, place, mask])

    def _masked(self, what: str, vector: Any, lanes: int) -> Any:
        mask = ir.VectorType(I1, lanes)
        suffix = f"v{lanes}{_suffix(vector.element)}"
        if what == "load":
            kind = ir.FunctionType(vector, [POINTER, mask, vector])
        else:
            kind = ir.FunctionType(ir.VoidType(), [vector, POINTER, mask])
        name = f"llvm.masked.{what}.{suffix}.p0"
        return self._declared(name, kind)


def _suffix(kind: Any) -> str:
    if isinstance(kind, ir.IntType):
        return f"i{kind.width}"
    return "f32" if isinstance(kind, ir.FloatType) else "f64"
