"""Numbers as people write them: 0.1, 10^{-4}, π; and arrays of numbers, never all of them."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from .alphabet import Alphabet
from .written import Written, filled, product

__all__ = ["array", "number"]

_DIGITS = 6
_LARGEST_ROOT = 4096  # √d of that many features is still recognised
_FEW = 4  # as many numbers of a vector are written out
_EXACT = {
    math.pi: r"\pi",
    2 * math.pi: r"2 \pi",
    math.pi / 2: r"\frac{\pi}{2}",
    math.e: "e",
    math.sqrt(2): r"\sqrt{2}",
    math.sqrt(math.pi): r"\sqrt{\pi}",
    math.sqrt(2 * math.pi): r"\sqrt{2 \pi}",
    math.sqrt(2 / math.pi): r"\sqrt{\frac{2}{\pi}}",
    1 / math.sqrt(2): r"\frac{1}{\sqrt{2}}",
    2 / math.sqrt(math.pi): r"\frac{2}{\sqrt{\pi}}",
    math.log(2): r"\ln 2",
    math.log(10): r"\ln 10",
    math.log(2 * math.pi): r"\ln(2 \pi)",
}
_FRACTIONS = {a / b: (a, b) for a, b in ((1, 2), (1, 3), (2, 3), (1, 6), (3, 2))}


def number(alphabet: Alphabet, value: Any) -> Written:
    """The scalar ``value`` (of NumPy) as it is read best; inexact digits end with dots."""
    if value.dtype.kind == "b":
        return filled(alphabet, r"\mathrm{true}" if value else r"\mathrm{false}", scalar=True)
    negative = bool(value < 0)
    if value.dtype.kind == "i":
        return _literal(alphabet, str(abs(int(value))), negative)
    size = abs(float(value))
    if math.isnan(size):
        return filled(alphabet, r"\mathrm{NaN}", scalar=True)
    if math.isinf(size):
        return _literal(alphabet, r"\infty", negative)
    kind = value.dtype.type
    for exact, notation in _EXACT.items():
        if kind(exact) == kind(size):
            return _literal(alphabet, notation, negative)
    for exact, parts in _FRACTIONS.items():
        if kind(exact) == kind(size):
            return _fraction(alphabet, parts, negative)
    root = _root(value)
    if root:
        return _literal(alphabet, root, negative)
    return _literal(alphabet, _decimal(abs(value)), negative)


def _root(value: Any) -> str:
    """√k or 1/√k for a small whole k, where that is the number up to the last place."""
    size = abs(float(value))
    if not 1 / _LARGEST_ROOT < size < _LARGEST_ROOT:
        return ""
    for inverse in (False, True):
        inside = round(size**-2 if inverse else size**2)
        if not 2 <= inside <= _LARGEST_ROOT or math.isqrt(inside) ** 2 == inside:
            continue
        exact = 1 / math.sqrt(inside) if inverse else math.sqrt(inside)
        if abs(size - exact) <= float(np.spacing(abs(value))):
            return rf"\frac{{1}}{{\sqrt{{{inside}}}}}" if inverse else rf"\sqrt{{{inside}}}"
    return ""


def _literal(alphabet: Alphabet, notation: str, negative: bool) -> Written:
    return replace(filled(alphabet, notation, scalar=True), negative=negative, literal=True)


def _fraction(alphabet: Alphabet, parts: tuple[int, int], negative: bool) -> Written:
    top, bottom = (_literal(alphabet, str(part), False) for part in parts)
    return product(negative, () if parts[0] == 1 else (top,), (bottom,), ())


def _decimal(size: Any) -> str:
    """The shortest digits that are this number in its dtype, or six of them and dots."""
    digits, _, exponent = np.format_float_scientific(size, trim="-").partition("e")
    power = int(exponent)
    dots = ""
    if len(digits.replace(".", "")) > _DIGITS:
        rounded = f"{float(size):.{_DIGITS - 1}e}"
        close = abs(float(rounded) - float(size)) <= 8 * np.finfo(size.dtype).eps * float(size)
        if close:
            digits, _, exponent = rounded.partition("e")
            digits, power = digits.rstrip("0").rstrip("."), int(exponent)
        else:
            digits, dots = digits[: _DIGITS + 1].rstrip("0").rstrip("."), r" \ldots"
    if -3 <= power < 0:
        return "0." + "0" * (-power - 1) + digits.replace(".", "") + dots
    if 0 <= power < 6:
        figures = digits.replace(".", "").ljust(power + 1, "0")
        point = f".{figures[power + 1 :]}" if figures[power + 1 :] else ""
        return figures[: power + 1] + point + dots
    ten = f"10^{{{power}}}"
    return ten if digits == "1" else rf"{digits}{dots} \cdot {ten}"


def array(alphabet: Alphabet, values: Any) -> Written | None:
    """A constant array where it has a short notation: equal numbers, I, a few numbers."""
    if values.size and (values == values.flat[0]).all():
        return number(alphabet, values.flat[0])
    if values.ndim == 2 and values.shape[0] == values.shape[1] > 1:
        if (values == np.eye(len(values), dtype=values.dtype)).all():
            return filled(alphabet, "I")
    if values.ndim == 1 and 0 < values.size <= _FEW:
        parts = [number(alphabet, each) for each in values]
        places = ", ".join(f"{{{i}}}" for i in range(len(parts)))
        written = filled(alphabet, f"({places})", *parts)
        return written if written.box.width <= 4 * _DIGITS else None
    return None
