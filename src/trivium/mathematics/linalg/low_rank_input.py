"""Tables and matrices as they are given: read once, checked once, wrong places named."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from trivium.engine.errors import ArgumentError, DTypeError, ShapeError
from trivium.engine.tensor import Tensor

from ..errors import DomainError

__all__ = [
    "Array",
    "blocks",
    "checked_magnitude",
    "described",
    "first_signs",
    "is_sparse",
    "positive_integer",
    "real_array",
    "real_matrix",
    "row_blocks",
    "tamed",
]

Array = np.ndarray[Any, Any]

_BLOCK_BYTES = 2**21  # rows at a time, so that they stay in the cache between two products
# Largest and smallest magnitudes whose squares, summed, neither overflow nor vanish.
_TAME = {"float32": (1e-12, 1e12), "float64": (1e-60, 1e60)}


def real_array(asked: str, name: str, data: Any) -> Array:
    """``data`` as a float32 or float64 array; integers and booleans become float64.

    Raises DTypeError for what is no real number, ShapeError for rows of unequal length.
    """
    if isinstance(data, Tensor):
        data = data.value
    if isinstance(data, np.ma.MaskedArray):
        raise DTypeError(
            f"{asked}: {name} is a masked array, whose masked cells have no value; give "
            f"{name}.filled(numpy.nan) where missing cells are allowed, or the rows without "
            "masked cells"
        )
    if is_sparse(data):
        raise DTypeError(
            f"{asked}: {name} is a sparse matrix of shape {data.shape}, and this needs a dense "
            f"one: give {name}.toarray(), or use tv.linalg.truncated_svd, which keeps it sparse"
        )
    try:
        found = data if isinstance(data, np.ndarray) else np.asarray(data)
    except ValueError:
        raise ShapeError(
            f"{asked}: {name} is not one table of numbers: every row must have the same length"
        ) from None
    kind = found.dtype.kind
    if kind == "c":
        raise DTypeError(
            f"{asked}: {name} is complex ({found.dtype}); only real data are meant"
        )
    if kind not in "biuf":
        raise DTypeError(
            f"{asked}: {name} has the dtype {found.dtype}; numbers are needed. Encode text and "
            "dates as numbers first, or leave those columns out"
        )
    if kind != "f":
        return found.astype(np.float64)
    if found.dtype.newbyteorder("=") in (np.float32, np.float64):
        native = found.dtype.newbyteorder("=")
        return found if found.dtype == native else found.astype(native)
    return found.astype(np.float32 if found.dtype.itemsize < 4 else np.float64)


def real_matrix(asked: str, name: str, data: Any, what: str = "rows and columns") -> Array:
    """``data`` as a float matrix with at least one row and one column.

    Raises ShapeError for another number of axes and for empty data, DTypeError as real_array.
    """
    found = real_array(asked, name, data)
    if found.ndim != 2:
        hint = f": for one column give {name}[:, None]" if found.ndim == 1 else ""
        raise ShapeError(
            f"{asked}: {name} has shape {found.shape}; it must have two axes, {what}{hint}"
        )
    if not found.size:
        raise ShapeError(f"{asked}: {name} has shape {found.shape}: there is nothing in it")
    return found


def is_sparse(data: Any) -> bool:
    """Whether ``data`` is one of SciPy's sparse matrices or arrays."""
    return hasattr(data, "tocsr") and hasattr(data, "nnz")


def checked_magnitude(asked: str, name: str, values: Array) -> float:
    """max |x|. Raises DomainError, with the place, when a value is NaN or infinite."""
    if not values.size:
        return 0.0
    largest = max(float(values.max()), -float(values.min()))
    if math.isfinite(largest):
        return largest
    for start, block in row_blocks(values):
        bad = np.argwhere(~np.isfinite(block))
        if len(bad):
            place = [int(i) for i in bad[0]]
            place[0] += start
            value = values[tuple(place)]
            words = (
                f"row {place[0]}, column {place[1]}" if len(place) == 2 else f"place {place}"
            )
            raise DomainError(
                f"{asked}: {name} holds {value} at {words} (counted from 0); every value must "
                "be finite. Leave those rows out, or fill them in (tv.linalg.complete fills "
                "missing cells)"
            )
    raise AssertionError("a maximum that is not finite without a value that is not")


def tamed(values: Array, magnitude: float) -> tuple[Array, int]:
    """(x · 2⁻ᵉ, e) so that squares are safe; x itself and 0 when they are already."""
    low, high = _TAME[values.dtype.name]
    if magnitude == 0 or low <= magnitude <= high:
        return values, 0
    exponent = math.frexp(magnitude)[1]
    return np.ldexp(values, -exponent), exponent


def blocks(values: Array, rows: int | None = None) -> int:
    """How many rows of ``values`` are worked on at a time."""
    width = max(values[0].size if len(values) else 1, 1) * max(values.dtype.itemsize, 4)
    return rows or max(_BLOCK_BYTES // width, 16)


def row_blocks(values: Array, rows: int | None = None) -> Any:
    """(first row, block of rows) after another, without copies."""
    step = blocks(values, rows)
    for start in range(0, len(values), step):
        yield start, values[start : start + step]


def first_signs(rows: Array) -> Array:
    """The factors ±1 of the sign rule, one for each of the ``rows`` (k, d).

    A direction v and its opposite −v mean the same, so one of them is chosen: **the first
    coordinate whose magnitude is at least 0.999 of the largest is positive**. The margin makes
    the rule insensitive to rounding where coordinates tie, as (1, −1)/√2 does.
    """
    size = np.abs(rows)
    leading = size >= 0.999 * size.max(axis=1, keepdims=True, initial=0.0)
    first = np.take_along_axis(rows, leading.argmax(axis=1)[:, None], axis=1)[:, 0]
    return np.where(first < 0, -1.0, 1.0).astype(rows.dtype)


def positive_integer(asked: str, name: str, value: Any, least: int = 1) -> int:
    """``value`` as an int of at least ``least``. Raises ArgumentError for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise ArgumentError(
            f"{asked}: {name} must be a whole number of at least {least}, not {value!r}"
        )
    return int(value)


def described(share: float) -> str:
    """A share as a percentage with enough digits to tell it from 100 %."""
    if share > 1 - 1e-12:
        return "100 %"
    for digits in (1, 3, 5):
        if round(100 * share, digits) < 100:
            return f"{100 * share:.{digits}f} %"
    return f"100 % less {100 * (1 - share):.1e} %"
