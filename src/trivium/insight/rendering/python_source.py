"""Pieces of Python source: expressions with their precedence and the shape of what they give.

NumPy repeats what is too small by itself, so generated code leaves broadcasting out wherever it
can. A piece therefore knows the shape that its value *has*; the node that it stands for may have a
larger one, to which the value broadcasts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

__all__ = [
    "ATOM",
    "COMPARISON",
    "POSTFIX",
    "POWER",
    "PRODUCT",
    "SUM",
    "UNARY",
    "Code",
    "attribute",
    "axes_text",
    "binary",
    "call",
    "indexed",
    "inside",
    "number",
    "power",
    "transposed",
    "unary",
]

Shape = tuple[int, ...]
Number = float | int | bool

# How tightly an expression holds together, from Python's grammar.
COMPARISON, EITHER, EXCLUSIVE, BOTH, SHIFT, SUM, PRODUCT, UNARY, POWER, POSTFIX, ATOM = range(
    11
)

_LEVELS = {
    "==": COMPARISON, "!=": COMPARISON, "<": COMPARISON, "<=": COMPARISON, ">": COMPARISON,
    ">=": COMPARISON, "|": EITHER, "^": EXCLUSIVE, "&": BOTH, "<<": SHIFT, ">>": SHIFT,
    "+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT, "//": PRODUCT, "%": PRODUCT, "@": PRODUCT,
}  # fmt: skip
# Whole numbers up to here are written without a point: 2 * x, not 2.0 * x.
_WHOLE = 1e6
# What is no short decimal may be a simple fraction: 1 / 6, not 0.16666666666666666.
_LONG, _DENOMINATOR = 10, 1000


@dataclass(frozen=True)
class Code:
    """One expression.

    ``text``, ``level``: the source and how tightly it holds together. ``shape``: of its value.
    ``weak``: it is a Python number, which takes the dtype of the array that it meets.
    ``value``: the number, if it is written as one. ``truth``: its values are True and False
    where the expression that it stands for has 1 and 0. ``base``, ``items``: of an indexed
    value: what is indexed, and by what along each axis. ``transpose_of``: of X.T, X.
    """

    text: str
    level: int
    shape: Shape = ()
    weak: bool = False
    value: Number | None = None
    truth: bool = False
    base: str = ""
    items: tuple[str, ...] = ()
    transpose_of: Code | None = None


def inside(code: Code, level: int) -> str:
    """The source of ``code`` where something of ``level`` is needed."""
    return code.text if code.level >= level else f"({code.text})"


def number(value: Any, dtype: np.dtype[Any]) -> Code:
    """A number as it is written: the shortest form that ``dtype`` reads back."""
    if dtype.kind == "b":
        return Code(str(bool(value)), ATOM, weak=True, value=bool(value))
    if dtype.kind == "i":
        whole = int(value)
        return Code(str(whole), ATOM if whole >= 0 else UNARY, weak=True, value=whole)
    real = float(value)
    if math.isnan(real):
        return Code("np.nan", ATOM, weak=True, value=real)
    if math.isinf(real):
        return Code(
            "np.inf" if real > 0 else "-np.inf",
            ATOM if real > 0 else UNARY,
            weak=True,
            value=real,
        )
    if dtype == np.float64 and len(repr(real)) > _LONG:
        fraction = Fraction(real).limit_denominator(_DENOMINATOR)
        if fraction.numerator / fraction.denominator == real:
            text = f"{fraction.numerator} / {fraction.denominator}"
            return Code(text, PRODUCT, weak=True, value=real)
    negative = math.copysign(1.0, real) < 0
    if real == round(real) and abs(real) < _WHOLE and not (real == 0 and negative):
        text = str(int(real))
    else:
        text = repr(real) if dtype == np.float64 else str(dtype.type(value))
    return Code(text, UNARY if negative else ATOM, weak=True, value=real)


def _combined(operands: Sequence[Code]) -> dict[str, Any]:
    return {
        "shape": np.broadcast_shapes(*[each.shape for each in operands]),
        "weak": all(each.weak for each in operands),
    }


def binary(operator: str, left: Code, right: Code, shape: Shape | None = None) -> Code:
    """``left`` operator ``right``; chains associate to the left, as Python reads them.

    ``shape``: of the result, where it is not that of an elementwise operation.
    """
    level = _LEVELS[operator]
    first = inside(left, level + 1 if level == COMPARISON else level)
    text = f"{first} {operator} {inside(right, level + 1)}"
    if shape is not None:
        return Code(text, level, shape)
    return Code(text, level, **_combined((left, right)))


def power(base: Code, exponent: Code) -> Code:
    """``base`` ** ``exponent``, spaced as formatters do: closely between simple operands."""
    first, second = inside(base, POSTFIX), inside(exponent, UNARY)
    close = _is_simple(first.strip("()")) and first[0] != "(" and _is_simple(second)
    operator = "**" if close else " ** "
    return Code(f"{first}{operator}{second}", POWER, **_combined((base, exponent)))


def _is_simple(text: str) -> bool:
    """Whether a formatter counts ``text`` as simple: a name, a dotted name or a number."""
    bare = text.lstrip("-")
    if bare[:1].isdigit():
        return all(each.isalnum() or each in ".-+" for each in bare) and " " not in bare
    return all(part.isidentifier() for part in bare.split("."))


def unary(operator: str, operand: Code) -> Code:
    """Minus or the complement of ``operand``."""
    return Code(f"{operator}{inside(operand, UNARY)}", UNARY, operand.shape, weak=operand.weak)


def call(function: str, *arguments: Code | str, shape: Shape | None = None) -> Code:
    """``function(arguments)``; without ``shape`` the result's is that of an elementwise one.

    What NumPy makes of Python numbers alone has a dtype of its own, so it becomes one again.
    """
    codes = [each for each in arguments if isinstance(each, Code)]
    text = ", ".join(each.text if isinstance(each, Code) else each for each in arguments)
    if shape is not None:
        return Code(f"{function}({text})", POSTFIX, shape)
    made = _combined(codes)
    if made["weak"]:
        return Code(f"float({function}({text}))", POSTFIX, weak=True)
    return Code(f"{function}({text})", POSTFIX, **made)


def attribute(code: Code, ending: str, shape: Shape) -> Code:
    """``code`` with ``ending`` attached, such as ``.sum(axis=0)``."""
    return Code(f"{inside(code, POSTFIX)}{ending}", POSTFIX, shape)


def axes_text(axes: tuple[int, ...]) -> str:
    """The argument that names ``axes``."""
    return f"axis={axes[0] if len(axes) == 1 else axes}"


def transposed(code: Code) -> Code:
    """A matrix with its axes exchanged; twice is not at all."""
    if code.transpose_of is not None:
        return code.transpose_of
    return replace(attribute(code, ".T", code.shape[::-1]), transpose_of=code)


def indexed(code: Code, items: Sequence[str], shape: Shape) -> Code:
    """``code[items]``; an index of an indexed value becomes one index.

    Along each axis ``items`` has ``:``, a slice, a whole number, or is ``None`` for a new axis.
    """
    base = code.base or inside(code, POSTFIX)
    merged = _merged(code.items, items) if code.items else list(items)
    if merged is None:
        base, merged = code.text, list(items)
    shown = list(merged)
    while shown and shown[-1] == ":":
        shown.pop()
    if not shown:
        return replace(code, shape=shape) if not code.items else Code(base, POSTFIX, shape)
    text = f"{base}[{', '.join(shown)}]"
    return Code(text, POSTFIX, shape, base=base, items=tuple(merged))


def _merged(old: Sequence[str], new: Sequence[str]) -> list[str] | None:
    """One index for ``[old][new]``; None if they do not combine into one."""
    rest, result = list(new), []
    for item in old:
        if item.lstrip("-").isdigit():
            result.append(item)  # this axis is gone already
            continue
        while rest and rest[0] == "None":
            result.append(rest.pop(0))
        follow = rest.pop(0) if rest else ":"
        if follow == ":":
            result.append(item)
        elif item == ":":
            result.append(follow)
        elif follow == "0" and item == "None":
            continue
        elif follow == "0" and item.count(":") == 1 and item.split(":")[0]:
            result.append(item.split(":")[0])  # the first of a slice is where it begins
        elif follow == "0" and item.count(":") == 1:
            result.append("0")
        else:
            return None
    return [*result, *rest]
