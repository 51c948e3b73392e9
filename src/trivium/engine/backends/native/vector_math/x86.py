"""Instructions of AVX-512 that do in one step what others do in many, with the same result."""

from __future__ import annotations

from llvmlite import ir

from .lanes import FLOAT32, Lanes, declare

__all__ = ["can_scale", "scale"]

_BITS = 512


def can_scale(x: Lanes) -> bool:
    """Whether the target has vscalef and the vectors are 1, 2, 4 … whole registers."""
    target = getattr(x.b.module, "target", None)
    registers, rest = divmod(x.count * x.format.bits, _BITS)
    fills = rest == 0 and registers.bit_count() == 1
    return target is not None and "avx512f" in target.has and fills


def scale(y: Lanes, k: Lanes) -> Lanes:
    """y·2^k, rounded once, for a whole real k: the instruction vscalef."""
    b, format_ = y.b, y.format
    lanes = _BITS // format_.bits
    kind = ir.VectorType(format_.real, lanes)
    mask, rounding = ir.IntType(lanes), ir.IntType(32)
    suffix = "ps" if format_ is FLOAT32 else "pd"
    instruction = declare(
        b.module,
        f"llvm.x86.avx512.mask.scalef.{suffix}.{_BITS}",
        ir.FunctionType(kind, [kind, kind, kind, mask, rounding]),
    )
    current = rounding(4)  # as the control register says
    pieces = [
        b.call(instruction, [part, power, part, mask(-1), current])
        for part, power in zip(_registers(y, lanes), _registers(k, lanes), strict=True)
    ]
    while len(pieces) > 1:
        pieces = [_joined(b, *pair) for pair in zip(pieces[::2], pieces[1::2], strict=True)]
    return Lanes(b, pieces[0])


def _registers(x: Lanes, lanes: int) -> list[ir.Value]:
    """The vector cut into registers."""
    if x.count == lanes:
        return [x.value]
    index = ir.VectorType(ir.IntType(32), lanes)
    return [
        x.b.shuffle_vector(
            x.value, x.value, ir.Constant(index, list(range(start, start + lanes)))
        )
        for start in range(0, x.count, lanes)
    ]


def _joined(b: ir.IRBuilder, first: ir.Value, second: ir.Value) -> ir.Value:
    count = 2 * first.type.count
    order = ir.Constant(ir.VectorType(ir.IntType(32), count), list(range(count)))
    return b.shuffle_vector(first, second, order)
