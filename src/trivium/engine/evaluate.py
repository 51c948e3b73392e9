"""Values of expressions outside programs, by the reference backend."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .tensor import Tensor

__all__ = ["value_of", "values_of"]


def value_of(output: Tensor) -> np.ndarray[Any, Any]:
    """The array that one expression stands for; a fresh array that the caller may change."""
    return values_of([output])[0]


def values_of(outputs: Sequence[Tensor]) -> list[np.ndarray[Any, Any]]:
    """The arrays of several expressions, computed together; all are fresh arrays."""
    from .backends.reference.interpreter import Interpreter

    return [np.array(array) for array in Interpreter(outputs, ()).run({})]
