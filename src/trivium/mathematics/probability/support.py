"""Where a distribution lives, and data checked against it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from trivium.engine.array.arguments import ArrayLike
from trivium.engine.errors import ArgumentError, DTypeError, ShapeError
from trivium.engine.tensor import Tensor

__all__ = [
    "Support", "as_array", "as_data", "as_numbers", "interval", "level_of", "one_number",
    "whole_count", "whole_numbers",
]  # fmt: skip

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class Support:
    """The set of possible values.

    ``words``: the set in words, for messages. ``contains``: (…, *event) → (…), bool.
    ``discrete``: whether the values are whole numbers. ``event``: the shape of one value.
    ``low``, ``high``: bounds of a scalar value.
    """

    words: str
    contains: Callable[[Array], Any]
    discrete: bool
    low: float = -np.inf
    high: float = np.inf
    event: tuple[int, ...] = ()

    def check(self, data: ArrayLike, what: str) -> Array:
        """``data`` as float64 inside the support.

        Raises ArgumentError that names the first value outside, ShapeError for a wrong shape.
        """
        values = as_data(data, what)
        ndim = len(self.event)
        if values.ndim < ndim or values.shape[values.ndim - ndim :] != self.event:
            raise ShapeError(
                f"the {what} must have one observation of shape {self.event} on the last "
                f"{'axis' if ndim == 1 else f'{ndim} axes'}; got shape {values.shape}"
            )
        if not values.size:
            return values
        good = np.asarray(self.contains(values))
        if not good.all():
            place = np.unravel_index(int(np.argmin(good)), good.shape)
            shown = values[place] if place else values
            where = f" at position {', '.join(map(str, place))}" if place else ""
            raise ArgumentError(
                f"the {what} must be {self.words}; {_shown(shown)}{where} is not "
                f"({int((~good).sum())} such in all)"
            )
        return values


def _shown(value: Any) -> str:
    return f"{float(value):g}" if np.ndim(value) == 0 else np.array2string(value, threshold=8)


def as_data(data: ArrayLike, what: str) -> Array:
    """``data`` as a float64 array of finite numbers.

    Raises DTypeError for what are no numbers, ArgumentError for NaN and infinities.
    """
    if isinstance(data, Tensor):
        data = data.value
    try:
        values = np.asarray(data)
        if values.dtype.kind not in "bifu":
            raise TypeError
        values = values.astype(np.float64)
    except (TypeError, ValueError):
        raise DTypeError(
            f"the {what} must be numbers in an array, not {type(data).__name__}"
            f" such as {str(data)[:40]}"
        ) from None
    bad = ~np.isfinite(values)
    if bad.any():
        place = tuple(int(i[0]) for i in np.nonzero(bad)) if values.ndim else ()
        where = f" at position {', '.join(map(str, place))}" if place else ""
        raise ArgumentError(
            f"the {what} must be finite; there is {values[place]}{where} "
            f"({int(bad.sum())} such in all). Drop or replace them first"
        )
    return values


def as_array(given: Any, what: str) -> Array:
    """``given`` as an array of whatever kind. Raises ShapeError for rows of unequal lengths."""
    try:
        return np.asarray(given.value if isinstance(given, Tensor) else given)
    except ValueError:
        raise ShapeError(
            f"the {what} must be one array, but its parts have different lengths: "
            f"{str(given)[:40]}"
        ) from None


def as_numbers(given: Any, what: str) -> Array:
    """``given`` as an array of real numbers, NaN and infinities included. Raises DTypeError."""
    values = as_array(given, what)
    if values.dtype.kind not in "bifu":
        raise DTypeError(
            f"the {what} must be real numbers, not {type(given).__name__} such as "
            f"{str(given)[:40]}"
        )
    return values


def level_of(level: Any) -> float:
    """The probability that an interval holds. Raises ArgumentError outside (0, 1)."""
    found = one_number(level)
    if not 0 < found < 1:
        raise ArgumentError(f"the level of an interval lies between 0 and 1, not {level!r}")
    return found


def one_number(value: Any) -> float:
    """``value`` as a float; NaN for what is not one real number."""
    real = isinstance(value, float | int | np.floating | np.integer)
    return float(value) if real and not isinstance(value, bool) else math.nan


def whole_count(asked: str, what: str, value: Any, least: int) -> int:
    """``value`` as a whole number of at least ``least``. Raises ArgumentError."""
    found = one_number(value)
    if not found >= least or not math.isfinite(found) or found != math.floor(found):
        raise ArgumentError(
            f"{asked}: {what} must be a whole number, {least} or more, not {value!r}"
        )
    return int(found)


def interval(low: float, high: float, words: str, *, closed: bool = False) -> Support:
    """The real numbers between ``low`` and ``high``, with or without the ends."""

    def contains(x: Array) -> Array:
        return (x >= low) & (x <= high) if closed else (x > low) & (x < high)

    return Support(words, contains, discrete=False, low=low, high=high)


def whole_numbers(low: float, high: float, words: str) -> Support:
    """The whole numbers from ``low`` to ``high``, both included."""

    def contains(x: Array) -> Array:
        return (x >= low) & (x <= high) & (x == np.floor(x))

    return Support(words, contains, discrete=True, low=low, high=high)
