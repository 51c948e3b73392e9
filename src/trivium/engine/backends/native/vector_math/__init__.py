"""Functions on vectors of float32 and float64, emitted as LLVM IR.

``FUNCTIONS[name](builder, x, …)`` emits the primitive ``name`` for a value of type float, double
or a vector of these and returns the result's value. Errors are at most 2 ulp over all numbers of
the format; infinities, NaN, subnormal numbers and the sign of zero are as in C99's annex F.
A scalar and a lane of a vector get bit-identical results.

sin and cos end in another block of the function than they began in, because huge arguments branch
to a slow path: a caller that closes a loop asks ``builder.block`` after emitting.

One vector is a long chain of dependent steps. Loops that pass several vectors' worth of lanes
(2 to 4 times ``target.lanes``; LLVM cuts them into registers) are up to half again as fast.

The emission asks the module's target (``TargetModule``) whether there is a fused multiply-add.
"""

from __future__ import annotations

from collections.abc import Callable

from llvmlite import ir

from . import circular, error_function, exponential, library, logarithm
from . import power as powers
from .lanes import elementwise

__all__ = [
    "CALLS",
    "FUNCTIONS",
    "cos",
    "erf",
    "erfc",
    "exp",
    "expm1",
    "log",
    "log1p",
    "power",
    "sigmoid",
    "sin",
    "softplus",
    "sqrt",
    "tanh",
]

exp = elementwise(exponential.exp)
expm1 = elementwise(exponential.expm1)
sigmoid = elementwise(exponential.sigmoid)
tanh = elementwise(exponential.tanh)
log = elementwise(logarithm.log)
log1p = elementwise(logarithm.log1p)
softplus = elementwise(logarithm.softplus)
erf = elementwise(error_function.erf)
erfc = elementwise(error_function.erfc)
sin = elementwise(circular.sin)
cos = elementwise(circular.cos)
sqrt = elementwise(powers.sqrt)
power = elementwise(powers.power)

Emit = Callable[..., ir.Value]

# What is called in the C library, one lane at a time.
CALLS: dict[str, Emit] = {
    name: elementwise(library.per_lane(symbol)) for name, symbol in library.NAMES.items()
}

FUNCTIONS: dict[str, Emit] = {
    "exp": exp,
    "expm1": expm1,
    "log": log,
    "log1p": log1p,
    "sigmoid": sigmoid,
    "softplus": softplus,
    "tanh": tanh,
    "erf": erf,
    "erfc": erfc,
    "sin": sin,
    "cos": cos,
    "sqrt": sqrt,
    "power": power,
}
