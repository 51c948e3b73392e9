"""Arithmetic on vectors (or scalars) in LLVM IR that reads like the formula.

``Lanes`` wraps an IR value of type float, double, an integer or a vector of these. Its operators
emit one instruction for all lanes; a Python number beside it is a constant in every lane. No
instruction carries a fast-math flag: every operation is IEEE 754's, rounded to nearest, so a lane
does not depend on its neighbours, nor a result on the width of the vectors.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, NamedTuple

import llvmlite.binding as llvm
from llvmlite import ir

__all__ = ["FLOAT32", "FLOAT64", "Format", "Lanes", "elementwise", "polynomial"]

_SPLAT_SYNTAX = llvm.llvm_version_info >= (19,)


class Format(NamedTuple):
    """One of the two binary formats of IEEE 754 in use."""

    real: ir.Type
    integer: ir.IntType
    bits: int
    mantissa: int  # stored bits of it
    bias: int  # of the exponent

    @property
    def round_magic(self) -> float:
        """1.5·2^mantissa: adding it leaves the nearest integer in the low bits of the sum."""
        return 1.5 * 2.0**self.mantissa

    def word(self, value: float) -> int:
        """The bits of ``value`` as a signed integer."""
        real, integer = ("<f", "<i") if self.bits == 32 else ("<d", "<q")
        return int(struct.unpack(integer, struct.pack(real, value))[0])


FLOAT32 = Format(ir.FloatType(), ir.IntType(32), 32, 23, 127)
FLOAT64 = Format(ir.DoubleType(), ir.IntType(64), 64, 52, 1023)
_FORMATS = {str(each): f for f in (FLOAT32, FLOAT64) for each in (f.real, f.integer)}


class Lanes:
    """A value in every lane; see the module."""

    __slots__ = ("b", "value")

    def __init__(self, b: ir.IRBuilder, value: ir.Value) -> None:
        self.b = b
        self.value = value

    # Types

    @property
    def count(self) -> int:
        """The number of lanes; 0 for a scalar."""
        return self.value.type.count if isinstance(self.value.type, ir.VectorType) else 0

    @property
    def element(self) -> ir.Type:
        """The type of one lane."""
        return self.value.type.element if self.count else self.value.type

    @property
    def is_real(self) -> bool:
        """Whether the lanes are float or double."""
        return not isinstance(self.element, ir.IntType)

    @property
    def format(self) -> Format:
        """The format of the lanes, or the format that is as wide as these integers."""
        return _FORMATS[str(self.element)]

    def shaped(self, element: ir.Type) -> ir.Type:
        """The type with as many lanes of ``element``."""
        return ir.VectorType(element, self.count) if self.count else element

    @property
    def suffix(self) -> str:
        """How LLVM spells the type in the name of an intrinsic: f32, v8f64."""
        name = str(self.element.intrinsic_name)
        return f"v{self.count}{name}" if self.count else name

    def constant(self, number: float | int) -> Lanes:
        """``number`` in every lane, in this value's type."""
        return Lanes(self.b, constant(self.value.type, number))

    def _other(self, other: Any) -> ir.Value:
        return other.value if isinstance(other, Lanes) else constant(self.value.type, other)

    def _make(self, real: str, integer: str, other: Any) -> Lanes:
        emit = getattr(self.b, real if self.is_real else integer)
        return Lanes(self.b, emit(self.value, self._other(other)))

    # Arithmetic

    def __add__(self, other: Any) -> Lanes:
        return self._make("fadd", "add", other)

    def __radd__(self, other: Any) -> Lanes:
        return self.constant(other) + self

    def __sub__(self, other: Any) -> Lanes:
        return self._make("fsub", "sub", other)

    def __rsub__(self, other: Any) -> Lanes:
        return self.constant(other) - self

    def __mul__(self, other: Any) -> Lanes:
        return self._make("fmul", "mul", other)

    def __rmul__(self, other: Any) -> Lanes:
        return self.constant(other) * self

    def __truediv__(self, other: Any) -> Lanes:
        return Lanes(self.b, self.b.fdiv(self.value, self._other(other)))

    def __rtruediv__(self, other: Any) -> Lanes:
        return self.constant(other) / self

    def __neg__(self) -> Lanes:
        return Lanes(
            self.b, self.b.fneg(self.value) if self.is_real else self.b.neg(self.value)
        )

    @property
    def has_fma(self) -> bool:
        """Whether the module's target multiplies and adds with one rounding."""
        target = getattr(self.b.module, "target", None)
        return target is not None and target.has_fma

    def fma(self, factor: Any, term: Any) -> Lanes:
        """self·factor + term: rounded once where the target can, else twice."""
        if not self.has_fma:
            return self * factor + term
        kind = self.value.type
        function = declare(
            self.b.module, f"llvm.fma.{self.suffix}", ir.FunctionType(kind, [kind] * 3)
        )
        arguments = [self.value, self._other(factor), self._other(term)]
        return Lanes(self.b, self.b.call(function, arguments))

    def intrinsic(self, name: str) -> Lanes:
        """LLVM's elementwise intrinsic of one argument."""
        kind = self.value.type
        function = declare(
            self.b.module, f"{name}.{self.suffix}", ir.FunctionType(kind, [kind])
        )
        return Lanes(self.b, self.b.call(function, [self.value]))

    def sqrt(self) -> Lanes:
        """The square root, correctly rounded."""
        return self.intrinsic("llvm.sqrt")

    def __abs__(self) -> Lanes:
        return self.intrinsic("llvm.fabs")

    # Bits

    def __and__(self, other: Any) -> Lanes:
        return Lanes(self.b, self.b.and_(self.value, self._other(other)))

    def __or__(self, other: Any) -> Lanes:
        return Lanes(self.b, self.b.or_(self.value, self._other(other)))

    def __xor__(self, other: Any) -> Lanes:
        return Lanes(self.b, self.b.xor(self.value, self._other(other)))

    def __lshift__(self, count: int) -> Lanes:
        return Lanes(self.b, self.b.shl(self.value, self._other(count)))

    def __rshift__(self, count: int) -> Lanes:
        # Logical: x86 has no arithmetic shift of 64-bit lanes before AVX-512.
        return Lanes(self.b, self.b.lshr(self.value, self._other(count)))

    def __invert__(self) -> Lanes:
        return Lanes(self.b, self.b.not_(self.value))

    @property
    def bits(self) -> Lanes:
        """The same bits as integers."""
        kind = self.shaped(self.format.integer)
        return Lanes(self.b, self.b.bitcast(self.value, kind))

    @property
    def real(self) -> Lanes:
        """The same bits as floating numbers."""
        kind = self.shaped(self.format.real)
        return Lanes(self.b, self.b.bitcast(self.value, kind))

    def sign_bit(self) -> Lanes:
        """The bits with all but the sign cleared."""
        return self.bits & -(1 << (self.format.bits - 1))

    def to(self, format_: Format) -> Lanes:
        """The numbers converted to another format."""
        kind = self.shaped(format_.real)
        if format_.bits == self.format.bits:
            return self
        convert = self.b.fpext if format_.bits > self.format.bits else self.b.fptrunc
        return Lanes(self.b, convert(self.value, kind))

    # Comparison: false where an operand is NaN, except for "different"

    def _compare(self, sign: str, other: Any) -> Lanes:
        compare = self.b.fcmp_ordered if self.is_real else self.b.icmp_signed
        return Lanes(self.b, compare(sign, self.value, self._other(other)))

    def __lt__(self, other: Any) -> Lanes:
        return self._compare("<", other)

    def __le__(self, other: Any) -> Lanes:
        return self._compare("<=", other)

    def __gt__(self, other: Any) -> Lanes:
        return self._compare(">", other)

    def __ge__(self, other: Any) -> Lanes:
        return self._compare(">=", other)

    def equals(self, other: Any) -> Lanes:
        """Lanewise equality."""
        return self._compare("==", other)

    def differs(self, other: Any) -> Lanes:
        """Lanewise inequality; NaN differs from everything."""
        if self.is_real:
            return Lanes(self.b, self.b.fcmp_unordered("!=", self.value, self._other(other)))
        return self._compare("!=", other)

    def is_nan(self) -> Lanes:
        """Where the value is NaN."""
        return Lanes(self.b, self.b.fcmp_unordered("uno", self.value, self.value))

    def select(self, yes: Any, no: Any) -> Lanes:
        """Where this mask is set ``yes``, elsewhere ``no``; one of them must be Lanes."""
        model = yes if isinstance(yes, Lanes) else no
        return Lanes(self.b, self.b.select(self.value, model._other(yes), model._other(no)))

    def clamp(self, low: float | None, high: float | None) -> Lanes:
        """The nearest number of [low, high]; NaN stays NaN."""
        x = self
        # In this form each is one instruction of x86, whose minimum returns the second operand.
        if low is not None:
            x = (x.constant(low) > x).select(low, x)
        if high is not None:
            x = (x.constant(high) < x).select(high, x)
        return x


def constant(kind: ir.Type, number: float | int) -> ir.Constant:
    """``number`` of type ``kind``, in every lane if it is a vector."""
    if _SPLAT_SYNTAX and isinstance(kind, ir.VectorType):
        return _Splat(kind, number)
    return ir.Constant(kind, number)


class _Splat(ir.Constant):
    """A vector constant printed as LLVM's ``splat (float 1.0)``, which is faster to parse."""

    def _get_reference(self) -> str:
        return f"splat ({self.constant[0]})"


def declare(module: ir.Module, name: str, kind: ir.FunctionType) -> ir.Function:
    """The module's function ``name``, declared when first asked for."""
    found = module.globals.get(name)
    return found if found is not None else ir.Function(module, kind, name)


def elementwise(function: Callable[..., Lanes]) -> Callable[..., ir.Value]:
    """Make an emitter of IR values from a function of Lanes."""

    @wraps(function)
    def emit(b: ir.IRBuilder, *arguments: ir.Value) -> ir.Value:
        return function(*[Lanes(b, argument) for argument in arguments]).value

    return emit


def polynomial(x: Lanes, coefficients: Sequence[float]) -> Lanes:
    """The polynomial with these coefficients, the constant one first.

    Long ones are split into even and odd powers, P(x) = E(x²) + x O(x²): two chains of half the
    length run at the same time. The rounding errors of the low coefficients decide, and the
    callers multiply P by something small before they add it to what they know exactly.
    """
    if len(coefficients) < 8:
        return _horner(x, coefficients)
    square = x * x
    even, odd = _horner(square, coefficients[::2]), _horner(square, coefficients[1::2])
    return odd.fma(x, even)


def _horner(x: Lanes, coefficients: Sequence[float]) -> Lanes:
    total = x.constant(coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        total = total.fma(x, coefficient)
    return total
