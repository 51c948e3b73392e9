"""Functions that are declared calls of the C library's, one lane after the other.

They are rare in models, and glibc's errors (manual, section 19.7 "Known Maximum Errors") are
within 2 ulp for all of them. A program that uses them says so: their names are in ``NAMES``.
"""

from __future__ import annotations

from collections.abc import Callable

from llvmlite import ir

from .lanes import FLOAT32, Lanes, declare

__all__ = ["NAMES", "per_lane"]

# Of the primitive and of the C function; with an f appended it takes float32.
NAMES = {
    "tan": "tan",
    "asin": "asin",
    "acos": "acos",
    "atan": "atan",
    "atan2": "atan2",
    "sinh": "sinh",
    "cosh": "cosh",
    "asinh": "asinh",
    "acosh": "acosh",
    "atanh": "atanh",
}


def per_lane(name: str) -> Callable[..., Lanes]:
    """The function ``name`` of C, called for every lane."""

    def function(*arguments: Lanes) -> Lanes:
        model = arguments[0]
        b, real = model.b, model.element
        symbol = name + ("f" if model.format is FLOAT32 else "")
        kind = ir.FunctionType(real, [real] * len(arguments))
        callee = declare(b.module, symbol, kind)
        callee.attributes.update(("nounwind", "nonlazybind"))
        if not model.count:
            return Lanes(b, b.call(callee, [each.value for each in arguments]))
        result: ir.Value = ir.Constant(model.value.type, ir.Undefined)
        for lane in range(model.count):
            position = ir.IntType(32)(lane)
            scalars = [b.extract_element(each.value, position) for each in arguments]
            result = b.insert_element(result, b.call(callee, scalars), position)
        return Lanes(b, result)

    return function
