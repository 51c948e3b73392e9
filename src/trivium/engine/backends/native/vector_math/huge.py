"""Arguments of sin and cos beyond the reach of vector reduction, one lane at a time.

The vector code tests whether any lane is that large and if so calls a function, out of line, that
computes these lanes. Everything is float64: a float32 argument is converted first, its result
last.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

from llvmlite import ir

from .coefficients import HALF_PI_FUSED, TWO_OVER_PI
from .extended import two_product
from .lanes import FLOAT64, Lanes, declare

__all__ = ["reduce", "replace"]

I64, I128 = ir.IntType(64), ir.IntType(128)
DOUBLE = ir.DoubleType()


def replace(
    x: Lanes, value: Lanes, bound: float, name: str, scalar: Callable[[Lanes], Lanes]
) -> Lanes:
    """``value``, but ``scalar(x)`` in the lanes where |x| > bound.

    Emission continues in a new block: take the builder's block anew after calling.
    """
    b = x.b
    mask = abs(x) > bound
    before, rare = b.block, b.append_basic_block(f"{name}.huge")
    after = b.append_basic_block(f"{name}.done")
    b.cbranch(_any(mask), rare, after).set_weights([1, 1 << 20])
    b.position_at_end(rare)
    replaced = b.call(_lane_by_lane(x, bound, name, scalar), [x.value, value.value])
    b.branch(after)
    b.position_at_end(after)
    result = b.phi(value.value.type)
    result.add_incoming(value.value, before)
    result.add_incoming(replaced, rare)
    return Lanes(b, result)


def _any(mask: Lanes) -> ir.Value:
    """Whether a lane of the mask is set."""
    if not mask.count:
        return mask.value
    word = ir.IntType(mask.count)
    return mask.b.icmp_unsigned("!=", mask.b.bitcast(mask.value, word), word(0))


def _function(
    model: Lanes, name: str, result: ir.Type, arguments: list[ir.Type]
) -> ir.Function:
    """The module's internal function of this name, with blocks if it was emitted before."""
    module = model.b.module
    function = declare(module, name, ir.FunctionType(result, arguments))
    if not function.blocks:
        function.linkage = "internal"
        for attribute in ("noinline", "cold", "nounwind"):
            function.attributes.add(attribute)
        target = getattr(module, "target", None)
        if target is not None:
            target.prepare(function)
    return function


def _lane_by_lane(
    model: Lanes, bound: float, name: str, scalar: Callable[[Lanes], Lanes]
) -> ir.Function:
    """A function of (x, value) that replaces the huge lanes of value."""
    kind = model.value.type
    function = _function(model, f"trivium.{name}.huge.{model.suffix}", kind, [kind, kind])
    if function.blocks:
        return function
    one = _scalar_function(model, name, scalar)
    b = ir.IRBuilder(function.append_basic_block())
    place, end = b.alloca(kind), b.append_basic_block("end")
    b.store(function.args[1], place)
    arguments = b.alloca(kind)
    b.store(function.args[0], arguments)
    pointer = model.element.as_pointer()
    first, first_value = b.bitcast(arguments, pointer), b.bitcast(place, pointer)
    before, body = b.block, b.append_basic_block("lane")
    b.branch(body)
    b.position_at_end(body)
    lane = b.phi(I64)
    lane.add_incoming(I64(0), before)
    x = Lanes(b, b.load(b.gep(first, [lane])))
    with b.if_then((abs(x) > bound).value):
        single = Lanes(b, b.call(one, [x.to(FLOAT64).value])).to(model.format)
        b.store(single.value, b.gep(first_value, [lane]))
    following = b.add(lane, I64(1))
    lane.add_incoming(following, b.block)
    b.cbranch(b.icmp_unsigned("<", following, I64(max(model.count, 1))), body, end)
    b.position_at_end(end)
    b.ret(b.load(place))
    return function


def _scalar_function(model: Lanes, name: str, scalar: Callable[[Lanes], Lanes]) -> ir.Function:
    function = _function(model, f"trivium.{name}.huge", DOUBLE, [DOUBLE])
    if not function.blocks:
        b = ir.IRBuilder(function.append_basic_block())
        x = Lanes(b, function.args[0])
        result = scalar(x)
        b.ret((abs(x) < math.inf).select(result, math.nan).value)
    return function


def _digits(module: ir.Module) -> ir.GlobalVariable:
    """The table of the digits of 2/π."""
    name = "trivium.two_over_pi"
    found = module.globals.get(name)
    if found is None:
        kind = ir.ArrayType(I64, len(TWO_OVER_PI))
        found = ir.GlobalVariable(module, kind, name)
        found.initializer = ir.Constant(kind, list(TWO_OVER_PI))
        found.global_constant = True
        found.linkage = "internal"
    return found


def reduce(x: Lanes) -> tuple[Lanes, Lanes, Lanes]:
    """Quadrant, r and its error for one float64 number x ≥ 2^15.

    x = m 2^e with a whole m of 53 bits. The digits of 2/π that matter for x·2/π modulo 4 are the
    192 after the first e - 2: earlier ones contribute multiples of 4, later ones less than
    2^-137. Their product with m, modulo 2^192, is x·2/π modulo 4 with 190 binary places, of which
    the first 126 are kept. No float64 number is closer than 2^-62 to a multiple of π/2, so 64 bits
    of r are right (Muller, Elementary Functions, section 11.3).
    """
    b = x.b
    word = x.bits
    exponent = (word >> 52) - (1023 + 52)
    m = ((word & ((1 << 52) - 1)) | (1 << 52)).value
    start = exponent + (64 - 2)  # the table begins with 64 zeros
    first, second, third = _window(b, start.value)
    wide = b.zext(m, I128)
    lower = b.lshr(b.mul(wide, b.zext(third, I128)), I128(64))
    middle = b.add(b.mul(wide, b.zext(second, I128)), lower)
    product = b.add(middle, b.shl(b.zext(b.mul(m, first), I128), I128(64)))
    turns = b.trunc(b.lshr(product, I128(64)), I64)
    quadrant = b.lshr(b.add(turns, I64(1 << 61)), I64(62))
    return Lanes(b, quadrant), *_angle(b, b.shl(product, I128(2)))


def _window(b: ir.IRBuilder, start: ir.Value) -> list[ir.Value]:
    """The 192 bits of the table from bit ``start``, as three words."""
    table = _digits(b.module)
    word = b.lshr(start, I64(6))
    words = []
    for i in range(4):
        place = b.gep(table, [I64(0), b.add(word, I64(i))], inbounds=True)
        words.append(b.load(place))
    funnel = declare(b.module, "llvm.fshl.i64", ir.FunctionType(I64, [I64] * 3))
    shift = b.and_(start, I64(63))
    return [b.call(funnel, [high, low, shift]) for high, low in itertools.pairwise(words)]


def _angle(b: ir.IRBuilder, fraction: ir.Value) -> tuple[Lanes, Lanes]:
    """fraction/2^128 quarter turns, from -½ to ½, in radians as a pair of float64 numbers."""
    negative = b.icmp_signed("<", fraction, I128(0))
    size = b.select(negative, b.neg(fraction), fraction)
    zeros = b.ctlz(size, ir.IntType(1)(0))
    size = b.shl(size, zeros)
    # The first 53 bits and the next 53, as numbers below 1.
    parts = []
    for place in (53, 106):
        word = b.trunc(b.lshr(size, I128(128 - place)), I64)
        word = b.and_(word, I64((1 << 53) - 1))
        parts.append(Lanes(b, b.sitofp(word, DOUBLE)) * 2.0**-place)
    exponent = b.sub(I64(1023), b.trunc(zeros, I64))
    power = Lanes(b, exponent) << 52
    sign = Lanes(b, b.zext(negative, I64)) << 63
    unit = (power | sign).real
    high, low = parts[0] * unit, parts[1] * unit
    first, second, _ = HALF_PI_FUSED[64]
    product, error = two_product(high, high.constant(first))
    error = error + (high * second + low * first)
    r = product + error
    return r, (product - r) + error
