"""Arithmetic on the elements of a kernel: what primitives emit themselves with.

A primitive's ``native`` field receives an ``ElementBuilder`` and the values of its inputs, each
with its dtype, and returns its own. Values are LLVM vectors (or scalars) of one length.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import llvmlite.ir as ir
import numpy as np

from ... import dtypes
from .vector_math import CALLS, FUNCTIONS

__all__ = ["ElementBuilder", "Value", "llvm_type"]

_SCALARS = {
    "bool": ir.IntType(1),
    "int32": ir.IntType(32),
    "int64": ir.IntType(64),
    "float32": ir.FloatType(),
    "float64": ir.DoubleType(),
}


class Value(NamedTuple):
    """An LLVM value and the dtype it stands for (bool is i1 in registers, a byte in memory)."""

    llvm: Any
    dtype: np.dtype[Any]


def llvm_type(dtype: np.dtype[Any], lanes: int) -> Any:
    """The register type of ``lanes`` elements."""
    scalar = _SCALARS[dtype.name]
    return scalar if lanes == 1 else ir.VectorType(scalar, lanes)


class ElementBuilder:
    """Emits instructions on values of ``lanes`` elements through an IRBuilder."""

    def __init__(self, builder: ir.IRBuilder, lanes: int) -> None:
        self.b = builder
        self.lanes = lanes

    def constant(self, value: Any, dtype: np.dtype[Any]) -> Value:
        """The same number in every lane."""
        number = bool(value) if dtype.kind == "b" else value
        scalar = _SCALARS[dtype.name]
        if dtype.kind == "f":
            number = float(value)
        element = ir.Constant(scalar, number if dtype.kind == "f" else int(number))
        if self.lanes == 1:
            return Value(element, dtype)
        return Value(
            ir.Constant(ir.VectorType(scalar, self.lanes), [element] * self.lanes), dtype
        )

    def _pick(self, x: Value, floating: str, integer: str) -> Any:
        return getattr(self.b, floating if x.dtype.kind == "f" else integer)

    def add(self, x: Value, y: Value) -> Value:
        """x + y."""
        return Value(self._pick(x, "fadd", "add")(x.llvm, y.llvm), x.dtype)

    def subtract(self, x: Value, y: Value) -> Value:
        """x - y."""
        return Value(self._pick(x, "fsub", "sub")(x.llvm, y.llvm), x.dtype)

    def multiply(self, x: Value, y: Value) -> Value:
        """x · y."""
        return Value(self._pick(x, "fmul", "mul")(x.llvm, y.llvm), x.dtype)

    def divide(self, x: Value, y: Value) -> Value:
        """x / y of floating numbers."""
        return Value(self.b.fdiv(x.llvm, y.llvm), x.dtype)

    def negative(self, x: Value) -> Value:
        """-x."""
        if x.dtype.kind == "f":
            return Value(self.b.fneg(x.llvm), x.dtype)
        return self.subtract(self.constant(0, x.dtype), x)

    def compare(self, operator: str, x: Value, y: Value) -> Value:
        """x operator y, one of == != < <= > >=; with NaN only != holds."""
        if x.dtype.kind == "f":
            if operator == "!=":
                found = self.b.fcmp_unordered("!=", x.llvm, y.llvm)
            else:
                found = self.b.fcmp_ordered(operator, x.llvm, y.llvm)
        elif x.dtype.kind == "b":
            found = self.b.icmp_unsigned(operator, x.llvm, y.llvm)
        else:
            found = self.b.icmp_signed(operator, x.llvm, y.llvm)
        return Value(found, dtypes.bool_)

    def select(self, condition: Value, x: Value, y: Value) -> Value:
        """x where the condition holds, else y."""
        return Value(self.b.select(condition.llvm, x.llvm, y.llvm), x.dtype)

    def both(self, x: Value, y: Value) -> Value:
        """Bitwise and; logical and of booleans."""
        return Value(self.b.and_(x.llvm, y.llvm), x.dtype)

    def either(self, x: Value, y: Value) -> Value:
        """Bitwise or; logical or of booleans."""
        return Value(self.b.or_(x.llvm, y.llvm), x.dtype)

    def exclusive(self, x: Value, y: Value) -> Value:
        """Bitwise exclusive or."""
        return Value(self.b.xor(x.llvm, y.llvm), x.dtype)

    def complement(self, x: Value) -> Value:
        """Bitwise not."""
        return Value(self.b.not_(x.llvm), x.dtype)

    def left(self, x: Value, count: Value) -> Value:
        """x shifted left; 0 where the count is negative or not below the number of bits."""
        inside, places = self._places(count)
        shifted = Value(self.b.shl(x.llvm, places.llvm), x.dtype)
        return self.select(inside, shifted, self.constant(0, x.dtype))

    def right(self, x: Value, count: Value) -> Value:
        """x shifted right; its sign, 0 or −1, where the count is negative or too large."""
        inside, places = self._places(count)
        last = self.constant(8 * x.dtype.itemsize - 1, x.dtype)
        places = self.select(inside, places, last)
        return Value(self.b.ashr(x.llvm, places.llvm), x.dtype)

    def _places(self, count: Value) -> tuple[Value, Value]:
        """Whether a count is one that the machine can shift by, and the count or 0."""
        bits = self.constant(8 * count.dtype.itemsize, count.dtype)
        inside = Value(self.b.icmp_unsigned("<", count.llvm, bits.llvm), dtypes.bool_)
        return inside, self.select(inside, count, self.constant(0, count.dtype))

    def is_nan(self, x: Value) -> Value:
        """Whether x is NaN."""
        return Value(self.b.fcmp_unordered("uno", x.llvm, x.llvm), dtypes.bool_)

    def is_infinite(self, x: Value) -> Value:
        """Whether x is +∞ or −∞."""
        infinity = self.constant(float("inf"), x.dtype)
        return self.compare("==", self.intrinsic("fabs", x), infinity)

    def is_finite(self, x: Value) -> Value:
        """Whether x is neither NaN nor infinite."""
        infinity = self.constant(float("inf"), x.dtype)
        return self.compare("<", self.intrinsic("fabs", x), infinity)

    def sign(self, x: Value) -> Value:
        """−1, 0 or 1; NaN stays NaN."""
        zero, one = self.constant(0, x.dtype), self.constant(1, x.dtype)
        # Adding 0 makes 0 of −0, whose sign NumPy does not keep.
        rest = self.add(x, zero) if x.dtype.kind == "f" else x
        lower = self.select(self.compare("<", x, zero), self.negative(one), rest)
        return self.select(self.compare(">", x, zero), one, lower)

    def intrinsic(self, name: str, x: Value, *more: Value) -> Value:
        """An LLVM intrinsic of floating numbers: fabs, floor, ceil, trunc, rint, sqrt …"""
        arguments = [x.llvm, *[each.llvm for each in more]]
        kind = x.llvm.type
        element = "f32" if x.dtype.itemsize == 4 else "f64"
        suffix = element if self.lanes == 1 else f"v{self.lanes}{element}"
        full = f"llvm.{name}.{suffix}"
        function = self.b.module.globals.get(full) or ir.Function(
            self.b.module, ir.FunctionType(kind, [kind] * len(arguments)), full
        )
        return Value(self.b.call(function, arguments), x.dtype)

    def maximum(self, x: Value, y: Value) -> Value:
        """The larger; NaN if either is."""
        return self._extreme(">", x, y)

    def minimum(self, x: Value, y: Value) -> Value:
        """The smaller; NaN if either is."""
        return self._extreme("<", x, y)

    def _extreme(self, operator: str, x: Value, y: Value) -> Value:
        if x.dtype.kind == "b":
            return self.either(x, y) if operator == ">" else self.both(x, y)
        better = self.compare(operator, x, y)
        if x.dtype.kind == "f":
            better = self.either(better, self.is_nan(x))
        return self.select(better, x, y)

    def function(self, name: str, x: Value, *more: Value) -> Value:
        """A function of vector mathematics, else one of the C library, by the primitive's name."""
        emit = FUNCTIONS.get(name) or CALLS[name]
        return Value(emit(self.b, x.llvm, *[y.llvm for y in more]), x.dtype)

    def cast(self, x: Value, dtype: np.dtype[Any]) -> Value:
        """x in another dtype."""
        if x.dtype == dtype:
            return x
        target = llvm_type(dtype, self.lanes)
        b = self.b
        if dtype.kind == "b":
            return self.compare("!=", x, self.constant(0, x.dtype))
        if x.dtype.kind == "b":
            widen = b.uitofp if dtype.kind == "f" else b.zext
            return Value(widen(x.llvm, target), dtype)
        if x.dtype.kind == "f" and dtype.kind == "f":
            change = b.fpext if dtype.itemsize > x.dtype.itemsize else b.fptrunc
        elif x.dtype.kind == "f":
            return self._whole(x, dtype)
        elif dtype.kind == "f":
            change = b.sitofp
        else:
            change = b.sext if dtype.itemsize > x.dtype.itemsize else b.trunc
        return Value(change(x.llvm, target), dtype)

    def _whole(self, x: Value, dtype: np.dtype[Any]) -> Value:
        """The integer part; the least integer for NaN and for what ``dtype`` does not hold.

        That is what NumPy gives on x86; LLVM's instruction alone is undefined there.
        """
        end = 2.0 ** (8 * dtype.itemsize - 1)
        inside = self.both(
            self.compare(">=", x, self.constant(-end, x.dtype)),
            self.compare("<", x, self.constant(end, x.dtype)),
        )
        safe = self.select(inside, x, self.constant(0, x.dtype))
        whole = Value(self.b.fptosi(safe.llvm, llvm_type(dtype, self.lanes)), dtype)
        return self.select(inside, whole, self.constant(np.iinfo(dtype).min, dtype))
