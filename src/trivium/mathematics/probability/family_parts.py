"""What the definitions of families share: supports, statistics, reasons without an estimate."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from trivium.engine import array
from trivium.engine.errors import ArgumentError
from trivium.engine.tensor import Tensor

from .support import interval, whole_numbers

if TYPE_CHECKING:
    from .distribution import Distribution

__all__ = [
    "COUNTS",
    "POSITIVE",
    "REAL",
    "UNIT",
    "average",
    "columns",
    "maker",
    "number",
    "one",
    "spread_needed",
    "zero",
]

Array = np.ndarray[Any, Any]
_LARGEST = 1e300
COUNTS = whole_numbers(0, math.inf, "whole numbers, 0 or more")
POSITIVE = interval(0.0, math.inf, "positive numbers")
REAL = interval(-math.inf, math.inf, "real numbers")
UNIT = interval(0.0, 1.0, "numbers strictly between 0 and 1")


def maker(name: str) -> Callable[..., Distribution]:
    """The constructor of the distribution called ``name``, which loads when it is used."""

    def make(**parameters: Any) -> Distribution:
        from trivium.mathematics import probability

        made: Distribution = getattr(probability, name)(**parameters)
        return made

    return make


def columns(*parts: Tensor) -> Tensor:
    """The parts, broadcast, as the last axis."""
    return array.stack(list(array.broadcast_arrays(*parts)), axis=-1)


def one(x: Tensor) -> Tensor:
    """The statistic x itself."""
    return x[..., None]


def zero(x: Tensor) -> Tensor:
    """The logarithm of a base measure that is 1."""
    return array.zeros_like(x)


def number(asked: str, name: str, value: Any, low: float = 0.0) -> float:
    """``value`` as a finite float above ``low``. Raises ArgumentError."""
    try:
        found = float(value)
    except (TypeError, ValueError):
        found = math.nan
    if not low < found <= _LARGEST:
        raise ArgumentError(
            f"the {asked} family needs one {name} above {low:g} and up to {_LARGEST:g}, not "
            f"{value!r}"
        )
    return found


def average(values: Array, weights: Array) -> Any:
    """The weighted mean along the first axis."""
    return np.tensordot(weights, values, axes=1) / weights.sum()


def spread_needed(words: str) -> Callable[[Array, Array], str | None]:
    """No estimate when all observations that count are equal."""

    def refuse(x: Array, weights: Array) -> str | None:
        used = x[weights > 0]
        if (used == used[0]).all():
            value = np.array2string(np.asarray(used[0]), precision=6)
            which = "the only observation is" if len(used) == 1 else f"all {len(used)} are"
            return f"{which} {value}, so the likelihood grows without bound as {words}"
        return None

    return refuse
