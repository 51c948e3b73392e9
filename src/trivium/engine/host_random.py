"""The functions of ``random`` that host code needs, on arrays, equal bit for bit.

So the order of a training set can be known before a program runs, and after it was resumed.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .dtypes import int64
from .primitives.random import draw
from .random import FOLD, seed_words

__all__ = ["fold_in", "key", "permutation"]

Array = np.ndarray[Any, Any]


def key(seed: int) -> Array:
    """The value of ``random.key(seed)``: shape (2,), int64."""
    return np.array(seed_words(seed), int64)


def fold_in(key: Array, number: int) -> Array:
    """The value of ``random.fold_in(key, number)``: shape (2,), int64."""
    return draw(key ^ np.array([0, FOLD], int64), number, 2, int64)


def permutation(key: Array, count: int) -> Array:
    """The value of ``random.permutation(key, count)``: shape (count,), int64."""
    return np.argsort(draw(key, 0, count, int64), kind="stable")
