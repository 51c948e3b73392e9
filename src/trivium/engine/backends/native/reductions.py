"""What a reduction does with two values, and what it starts from."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .elements import ElementBuilder, Value

__all__ = ["combine", "identity"]


def combine(operation: str, build: ElementBuilder, x: Value, total: Value) -> Value:
    """One more value into the running result of sum, max or min."""
    if operation == "sum":
        return build.add(total, x)
    return build.maximum(x, total) if operation == "max" else build.minimum(x, total)


def identity(operation: str, dtype: np.dtype[Any]) -> Any:
    """The result over nothing: 0, or the extreme that every value beats."""
    if operation == "sum":
        return 0
    if dtype.kind == "f":
        return -math.inf if operation == "max" else math.inf
    if dtype.kind == "b":
        return operation == "min"
    limits = np.iinfo(dtype)
    return limits.min if operation == "max" else limits.max
