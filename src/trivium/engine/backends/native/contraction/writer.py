"""Loops with carried values, addresses, vectors: what the methods are written in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from llvmlite import ir

__all__ = ["POINTER", "Index", "Writer"]

POINTER = ir.PointerType()
_I1, _I8, _I32, _I64 = ir.IntType(1), ir.IntType(8), ir.IntType(32), ir.IntType(64)
_SCALARS: dict[str, Any] = {
    "float32": ir.FloatType(),
    "float64": ir.DoubleType(),
    "int32": _I32,
    "int64": _I64,
}

Index = Any  # an int, or an ir.Value of 64 bits


class Writer:
    """Emits the body of one function that works on numbers of one dtype."""

    def __init__(self, function: ir.Function, dtype: np.dtype[Any], target: Any) -> None:
        self.function = function
        self.module = function.module
        self.target = target
        self.size = dtype.itemsize
        self.scalar = _SCALARS[dtype.name]
        self.real = dtype.kind == "f"
        self.b: Any = ir.IRBuilder(function.append_basic_block("entry"))

    # Indices: Python integers are folded here, so that constants never become instructions.

    @staticmethod
    def index(value: Index) -> Any:
        """A value of 64 bits."""
        return ir.Constant(_I64, value) if isinstance(value, int) else value

    def add(self, x: Index, y: Index) -> Index:
        """x + y."""
        if isinstance(x, int) and isinstance(y, int):
            return x + y
        if isinstance(x, int) and x == 0:
            return y
        if isinstance(y, int) and y == 0:
            return x
        return self.b.add(self.index(x), self.index(y))

    def subtract(self, x: Index, y: Index) -> Index:
        """x - y."""
        if isinstance(y, int):
            return self.add(x, -y)
        return self.b.sub(self.index(x), y)

    def multiply(self, x: Index, y: int) -> Index:
        """x · y, y known."""
        if isinstance(x, int):
            return x * y
        return x if y == 1 else 0 if y == 0 else self.b.mul(x, self.index(y))

    def minimum(self, x: Index, y: Index) -> Index:
        """The smaller one."""
        if isinstance(x, int) and isinstance(y, int):
            return min(x, y)
        x, y = self.index(x), self.index(y)
        return self.b.select(self.b.icmp_signed("<", x, y), x, y)

    def maximum(self, x: Index, y: Index) -> Index:
        """The larger one."""
        if isinstance(x, int) and isinstance(y, int):
            return max(x, y)
        x, y = self.index(x), self.index(y)
        return self.b.select(self.b.icmp_signed(">", x, y), x, y)

    def less(self, x: Index, y: Index) -> Any:
        """Whether x < y."""
        return self.b.icmp_signed("<", self.index(x), self.index(y))

    def divide(self, x: Index, y: int) -> tuple[Index, Index]:
        """Quotient and remainder of numbers that are not negative, y known."""
        if y == 1:
            return x, 0
        if isinstance(x, int):
            return divmod(x, y)
        return self.b.udiv(x, self.index(y)), self.b.urem(x, self.index(y))

    # Control.

    def loop(
        self,
        start: Index,
        stop: Index,
        step: int,
        body: Callable[..., Sequence[Any] | None],
        carried: Sequence[Any] = (),
    ) -> list[Any]:
        """``for i in range(start, stop, step): carried = body(i, *carried)``; what is carried."""
        known = isinstance(start, int) and isinstance(stop, int)
        if known and start >= stop:
            return list(carried)
        b = self.b
        before = b.block
        head, after = b.append_basic_block("loop"), b.append_basic_block("after")
        if known:
            b.branch(head)
        else:
            b.cbranch(self.less(start, stop), head, after)
        b.position_at_end(head)
        i = b.phi(_I64)
        i.add_incoming(self.index(start), before)
        phis = [b.phi(value.type) for value in carried]
        for phi, value in zip(phis, carried):
            phi.add_incoming(value, before)
        values = list(body(i, *phis) or ())
        following = self.add(i, step)
        i.add_incoming(following, b.block)
        for phi, value in zip(phis, values):
            phi.add_incoming(value, b.block)
        last = b.block
        b.cbranch(self.less(following, stop), head, after)
        b.position_at_end(after)
        if known:
            return values
        ends = [b.phi(value.type) for value in carried]
        for end, first, value in zip(ends, carried, values):
            end.add_incoming(first, before)
            end.add_incoming(value, last)
        return ends

    def when(
        self, condition: Any, body: Callable[[], Sequence[Any]], otherwise: Sequence[Any] = ()
    ) -> list[Any]:
        """The values of ``body()`` where the condition holds, else the other ones."""
        b = self.b
        before = b.block
        inside, after = b.append_basic_block("when"), b.append_basic_block("after")
        b.cbranch(condition, inside, after)
        b.position_at_end(inside)
        values = list(body())
        last = b.block
        b.branch(after)
        b.position_at_end(after)
        phis = [b.phi(value.type) for value in values]
        for phi, value, other in zip(phis, values, otherwise):
            phi.add_incoming(value, last)
            phi.add_incoming(other, before)
        return phis

    def spans(
        self,
        begin: Any,
        end: Any,
        count: int,
        size: int,
        body: Callable[[Any, Any, Any], None],
    ) -> None:
        """The range ``begin`` … ``end`` - 1 cut at the multiples of ``size`` below count·size.

        ``body(q, first, last)`` gets the numbers within the q-th piece.
        """
        if count == 1:
            body(0, begin, end)
        elif size == 1:
            self.loop(begin, end, 1, lambda q: body(q, 0, 1))
        else:

            def each(q: Any) -> None:
                start = self.multiply(q, size)
                first = self.maximum(self.subtract(begin, start), 0)
                body(q, first, self.minimum(self.subtract(end, start), size))

            stop = self.divide(self.add(end, size - 1), size)[0]
            self.loop(self.divide(begin, size)[0], stop, 1, each)

    def choose(
        self, condition: Any, first: Callable[[], object], second: Callable[[], object]
    ) -> None:
        """Run one of two pieces of code."""
        with self.b.if_else(condition) as (then, otherwise):
            with then:
                first()
            with otherwise:
                second()

    # Memory.

    def at(self, pointer: Any, offset: Index) -> Any:
        """The address of the element ``offset`` elements further."""
        if isinstance(offset, int) and offset == 0:
            return pointer
        return self.b.gep(pointer, [self.index(offset)], source_etype=self.scalar)

    def byte(self, pointer: Any, offset: Index) -> Any:
        """The address ``offset`` bytes further."""
        if isinstance(offset, int) and offset == 0:
            return pointer
        return self.b.gep(pointer, [self.index(offset)], source_etype=_I8)

    def vector(self, lanes: int) -> Any:
        """The type of ``lanes`` numbers."""
        return self.scalar if lanes == 1 else ir.VectorType(self.scalar, lanes)

    def space(self, count: int) -> Any:
        """Memory for ``count`` numbers on the stack, at a cache line."""
        place = self.b.alloca(self.scalar, size=ir.Constant(_I32, count))
        place.align = 64
        place.type = POINTER
        return place

    def mask(self, count: int, lanes: int) -> Any:
        """The first ``count`` lanes, or None for all of them."""
        if count == lanes:
            return None
        bits = [ir.Constant(_I1, int(lane < count)) for lane in range(lanes)]
        return ir.Constant(ir.VectorType(_I1, lanes), bits)

    def below(self, count: Any, lanes: int) -> Any:
        """The mask of the first ``count`` lanes, known only when running."""
        numbers = [ir.Constant(_I64, lane) for lane in range(lanes)]
        if lanes == 1:
            return self.less(0, count)
        kind = ir.VectorType(_I64, lanes)
        undefined, zeros = ir.Constant(kind, ir.Undefined), ir.VectorType(_I32, lanes)
        one = self.b.insert_element(undefined, count, ir.Constant(_I32, 0))
        wide = self.b.shuffle_vector(one, undefined, ir.Constant(zeros, None))
        return self.b.icmp_signed("<", ir.Constant(kind, numbers), wide)

    def load(self, pointer: Any, lanes: int, mask: Any = None, align: int = 0) -> Any:
        """``lanes`` numbers; masked-out ones are zero and not touched in memory."""
        kind = self.vector(lanes)
        if mask is None:
            return self.b.load(pointer, typ=kind, align=align or self.size)
        name, types = self._masked("load", kind), [POINTER, mask.type, kind]
        function = self.intrinsic(name, kind, types)
        return self.b.call(function, [pointer, mask, ir.Constant(kind, None)])

    def store(self, value: Any, pointer: Any, mask: Any = None, align: int = 0) -> None:
        """Write a vector; masked-out lanes are not touched in memory."""
        if mask is None:
            self.b.store(value, pointer, align=align or self.size)
            return
        name, types = self._masked("store", value.type), [value.type, POINTER, mask.type]
        function = self.intrinsic(name, ir.VoidType(), types)
        self.b.call(function, [value, pointer, mask])

    def prefetch(self, pointer: Any, write: bool = False, locality: int = 3) -> None:
        """Ask for a cache line that will be needed soon; any address is allowed."""
        function = self.intrinsic(
            "llvm.prefetch.p0", ir.VoidType(), [POINTER, _I32, _I32, _I32]
        )
        arguments = [ir.Constant(_I32, int(each)) for each in (write, locality, True)]
        self.b.call(function, [pointer, *arguments])

    # Vectors.

    def zero(self, lanes: int) -> Any:
        """Zero in every lane."""
        return ir.Constant(self.vector(lanes), 0 if lanes == 1 and not self.real else None)

    def splat(self, scalar: Any, lanes: int) -> Any:
        """The same number in every lane."""
        if lanes == 1:
            return scalar
        nowhere = ir.Constant(self.vector(lanes), ir.Undefined)
        one = self.b.insert_element(nowhere, scalar, ir.Constant(_I32, 0))
        zeros = ir.Constant(ir.VectorType(_I32, lanes), None)
        return self.b.shuffle_vector(one, nowhere, zeros)

    def shuffle(self, x: Any, y: Any, lanes: Sequence[int]) -> Any:
        """The lanes with these numbers among those of x followed by those of y."""
        numbers = [ir.Constant(_I32, lane) for lane in lanes]
        chosen = ir.Constant(ir.VectorType(_I32, len(numbers)), numbers)
        return self.b.shuffle_vector(x, y, chosen)

    def part(self, vector: Any, start: int, count: int) -> Any:
        """``count`` neighbouring lanes."""
        if count == vector.type.count:
            return vector
        if count == 1:
            return self.b.extract_element(vector, ir.Constant(_I32, start))
        return self.shuffle(vector, vector, range(start, start + count))

    def plus(self, x: Any, y: Any) -> Any:
        """x + y of numbers."""
        return self.b.fadd(x, y) if self.real else self.b.add(x, y)

    def combined(self, sums: Sequence[Any], count: int) -> list[Any]:
        """``count`` sums from several partial ones of each: pairwise, 4 → 2 → 1."""
        sums = list(sums)
        while len(sums) > count:
            half = len(sums) // count // 2 * count
            pairs = zip(sums[:half], sums[-half:])
            sums = [*[self.plus(x, y) for x, y in pairs], *sums[half : len(sums) - half]]
        return sums

    def multiply_add(self, x: Any, y: Any, z: Any) -> Any:
        """x · y + z, rounded once where the target can."""
        if not self.real:
            return self.b.add(self.b.mul(x, y), z)
        if not self.target.has_fma:
            return self.b.fadd(self.b.fmul(x, y), z)
        function = self.intrinsic(f"llvm.fma.{self._suffix(x.type)}", x.type, [x.type] * 3)
        return self.b.call(function, [x, y, z])

    def intrinsic(self, name: str, result: Any, arguments: Sequence[Any]) -> Any:
        """The declaration of an intrinsic function."""
        found = self.module.globals.get(name)
        if found is None:
            found = ir.Function(self.module, ir.FunctionType(result, arguments), name)
        return found

    def _masked(self, what: str, kind: Any) -> str:
        return f"llvm.masked.{what}.{self._suffix(kind)}.p0"

    @staticmethod
    def _suffix(kind: Any) -> str:
        scalar = getattr(kind, "element", kind)
        lanes = f"v{kind.count}" if isinstance(kind, ir.VectorType) else ""
        if isinstance(scalar, ir.IntType):
            return f"{lanes}i{scalar.width}"
        return lanes + ("f32" if isinstance(scalar, ir.FloatType) else "f64")
