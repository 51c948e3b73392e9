"""Numbers and arrays in few words, and the strip that shows an array at a glance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..derivation import symbols

__all__ = ["SHADES", "Summary", "number", "shape_text", "summarise"]

Array = np.ndarray[Any, Any]

TINY = 4  # elements that are written out
CELLS = 24  # of a strip
#: Shades of a strip on each side of zero.
SHADES = 4


@dataclass(frozen=True)
class Summary:
    """What a picture says about an array.

    ``text``: the numbers themselves, or shape and mean ± standard deviation. ``cells``: up to 24
    elements, evenly spaced, as shades from −4 (the negative of the largest magnitude) to 4, None
    where not finite; empty when the text says everything. ``odd``: how many elements are NaN or
    infinite, in words, else empty. ``whole``: everything in one sentence.
    """

    text: str
    cells: tuple[int | None, ...]
    odd: str
    whole: str


def number(value: Any) -> str:
    """A number with four significant digits and a true minus sign; truth values in words."""
    item = np.asarray(value).item()
    if isinstance(item, bool):
        return "true" if item else "false"
    if isinstance(item, int) and abs(item) < 10**9:
        return str(item).replace("-", "−")
    if item != item:
        return "NaN"
    if item in (np.inf, -np.inf):
        return "∞" if item > 0 else "−∞"
    text = f"{item:.4g}"
    if "e" in text:
        digits, power = text.split("e")
        text = f"{digits}e{int(power)}"
    return "0" if text == "-0" else text.replace("-", "−")


def shape_text(shape: tuple[int, ...], batch: int | None = None) -> str:
    """A shape as in NumPy, with n in place of the size ``batch``."""
    return symbols.shape_text(tuple("n" if size == batch else size for size in shape))


def summarise(array: Array) -> Summary:
    """The array in few words, whatever its shape, dtype and values."""
    shape = shape_text(array.shape)
    if not array.size:
        return Summary(f"{shape} empty", (), "", f"{shape}, empty")
    odd = _odd(array)
    if array.size <= TINY and array.ndim <= 2:
        text = _tiny(array)
        if array.ndim == 0 and odd:
            return Summary("", (), text, text)
        return Summary(text, (), odd, text)
    if array.dtype.kind == "b":
        text = f"{shape} {int(array.sum())} true"
        return Summary(text, _cells(array.astype(np.int8), 1.0), "", f"{text} of {array.size}")
    values = array[np.isfinite(array)] if odd else array
    if not values.size:
        return Summary(shape, _cells(array, 1.0), odd, f"{shape}, {odd}")
    largest = float(np.abs(values.astype(np.float64)).max())
    mean, deviation = _moments(values, largest)
    about = f"{number(_to_digits_of(mean, deviation))} ± {number(deviation)}"
    low, high = number(values.min()), number(values.max())
    whole = f"shape {shape}, mean {number(mean)}, standard deviation {number(deviation)}, "
    whole += f"from {low} to {high}" + (f", {odd}" if odd else "")
    return Summary(f"{shape} {about}", _cells(array, largest), odd, whole)


def _moments(values: Array, largest: float) -> tuple[float, float]:
    """Mean and standard deviation, also of numbers whose squares float64 cannot hold."""
    if largest == 0:
        return 0.0, 0.0
    parts = values.astype(np.float64) / largest
    return float(parts.mean()) * largest, float(parts.std()) * largest


def _to_digits_of(mean: float, deviation: float) -> float:
    """The mean to the fourth digit of the deviation: what is far below it is only rounding."""
    if deviation == 0:
        return mean
    return round(mean, 3 - int(np.floor(np.log10(deviation))))


def _tiny(array: Array) -> str:
    if array.ndim == 0:
        return number(array)
    if array.ndim == 1:
        return f"[{', '.join(number(each) for each in array)}]"
    rows = ("[" + ", ".join(number(each) for each in row) + "]" for row in array)
    return f"[{', '.join(rows)}]"


def _odd(array: Array) -> str:
    if array.dtype.kind != "f" or np.isfinite(array).all():
        return ""
    counts = {"NaN": int(np.isnan(array).sum()), "∞": int(np.isinf(array).sum())}
    found = [
        f"{count} {name}" if array.size > 1 else name for name, count in counts.items() if count
    ]
    return " and ".join(found)


def _cells(array: Array, largest: float) -> tuple[int | None, ...]:
    flat = array.reshape(-1)
    count = min(flat.size, CELLS)
    picked = flat[np.linspace(0, flat.size - 1, count).round().astype(np.int64)]
    found: list[int | None] = []
    for each in picked.astype(np.float64):
        if not np.isfinite(each):
            found.append(None)
        else:
            share = each / largest if largest else 0.0
            found.append(int(np.sign(share) * np.ceil(SHADES * abs(share))))
    return tuple(found)
