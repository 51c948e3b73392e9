"""How many vector instructions a primitive takes: they are counted in the code that it emits."""

from __future__ import annotations

import functools
from typing import Any

import llvmlite.ir as ir
import numpy as np

from ...primitive import Elementwise, Primitive
from ...tensor import Tensor
from .elements import ElementBuilder, Value, llvm_type
from .target import Target

__all__ = ["cost"]

# These are no instructions of the processor, or are not on the way that is usually taken.
_FREE = ("bitcast", "phi", "br", "ret", "alloca")


def cost(node: Tensor, target: Target) -> float:
    """Instructions for each vector of an elementwise node's results, divisions by their time."""
    dtypes = tuple(each.dtype for each in node.inputs)
    return _cost(node.primitive, node.attributes, dtypes, target)


@functools.cache
def _cost(
    primitive: Primitive, attributes: Any, dtypes: tuple[np.dtype[Any], ...], target: Target
) -> float:
    if not isinstance(primitive.native, Elementwise):
        return 0.0
    wide = any(dtype.itemsize == 8 for dtype in dtypes)
    lanes = target.lanes(np.float64 if wide else np.float32)
    kinds = [llvm_type(dtype, lanes) for dtype in dtypes]
    function = ir.Function(
        target.module("cost"), ir.FunctionType(ir.VoidType(), kinds), "primitive"
    )
    builder = ir.IRBuilder(function.append_basic_block())
    values = [Value(argument, dtype) for argument, dtype in zip(function.args, dtypes)]
    primitive.native.emit(ElementBuilder(builder, lanes), attributes, *values)
    # A division or a root keeps its unit busy for this many places of other instructions.
    slow = (32 if wide else 20) * target.vector_bits / 512
    total = 0.0
    for block in function.blocks:
        for instruction in block.instructions:
            if instruction.opname in ("fdiv", "frem", "sdiv", "srem"):
                total += slow
            elif instruction.opname == "call":
                total += slow if "sqrt" in str(instruction.callee.name) else 1
            elif instruction.opname not in _FREE:
                total += 1
    return total
