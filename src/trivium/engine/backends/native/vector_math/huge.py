"""Arguments of sin and cos beyond the reach of vector reduction, one lane at a time.

The vector code tests whether any lane is that large and if so calls a function, out of line, that
computes these lanes. Everything is float64: a float32 argument is converted first, its result
last.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from llvmlite import ir

from .coefficients import HALF_PI_FUSED, TWO_OVER_PI
from .extended import two_product
from .lanes import FLOAT64, Lanes, declare

__all__ = ["reduce", "replace"]

I64, I192 = ir.IntType(64), ir.IntType(192)
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
    x, value = function.args
    for lane in range(max(model.count, 1)):
        position = ir.IntType(32)(lane)
        each = Lanes(b, b.extract_element(x, position) if model.count else x)
        is_huge = (abs(each) > bound).value
        before = b.block
        with b.if_then(is_huge):
            single = Lanes(b, b.call(one, [each.to(FLOAT64).value])).to(model.format).value
            changed = b.insert_element(value, single, position) if model.count else single
            inside = b.block
        merged = b.phi(kind)
        merged.add_incoming(value, before)
        merged.add_incoming(changed, inside)
        value = merged
    b.ret(value)
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
    2^-137. Their product with m, modulo 2^192, is x·2/π modulo 4 with 190 binary places. No
    float64 number is closer than 2^-62 to a multiple of π/2, so 75 bits of r are right (Muller,
    Elementary Functions, section 11.3).
    """
    b = x.b
    word = x.bits
    exponent = (word >> 52) - (1023 + 52)
    m = (word & ((1 << 52) - 1)) | (1 << 52)
    start = exponent + (64 - 2)  # the table begins with 64 zeros
    window = _window(b, start.value)
    product = b.mul(window, b.zext(m.value, I192))
    turns = b.add(product, I192(1 << 189))
    quadrant = b.trunc(b.lshr(turns, I192(190)), I64)
    return Lanes(b, quadrant), *_angle(x, b.shl(product, I192(2)))


def _window(b: ir.IRBuilder, start: ir.Value) -> ir.Value:
    """The 192 bits of the table from bit ``start``."""
    table = _digits(b.module)
    first = b.lshr(start, I64(6))
    wide = ir.IntType(256)
    total: ir.Value = wide(0)
    for i in range(4):
        place = b.gep(table, [I64(0), b.add(first, I64(i))], inbounds=True)
        total = b.or_(b.shl(total, wide(64)), b.zext(b.load(place), wide))
    shift = b.zext(b.and_(start, I64(63)), wide)
    return b.trunc(b.lshr(b.shl(total, shift), wide(64)), I192)


def _angle(x: Lanes, fraction: ir.Value) -> tuple[Lanes, Lanes]:
    """fraction/2^192 quarter turns, from -½ to ½, in radians as a pair of float64 numbers."""
    b = x.b
    negative = b.icmp_signed("<", fraction, I192(0))
    size = b.select(negative, b.neg(fraction), fraction)
    zeros = b.ctlz(size, ir.IntType(1)(0))
    size = b.shl(size, zeros)
    # The first 53 bits and the next 53, as numbers below 1.
    parts = []
    for place in (53, 106):
        word = b.trunc(b.lshr(size, I192(192 - place)), I64)
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
