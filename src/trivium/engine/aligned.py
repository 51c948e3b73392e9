"""Arrays that begin at a cache line, so that no vector of theirs lies across two."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

__all__ = ["CACHE_LINE", "aligned_empty"]

CACHE_LINE = 64  # bytes; also the longest vector of the processors known today
_PAGE = 4096  # bytes
_STEP = 11  # cache lines; odd, so that 64 arrays in a row begin in different lines of a page
_numbers = itertools.count()


def aligned_empty(shape: tuple[int, ...], dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """An uninitialised row-major array whose first element is at a multiple of 64 bytes.

    NumPy aligns to 16 bytes only; matrix products then run a quarter slower. Large arrays begin
    at different places of a page: a load that follows a store to the same place of another page
    is held up, and arrays of equal size are often walked together.
    """
    size = math.prod(shape) * dtype.itemsize
    large = size >= _PAGE
    raw = np.empty(size + CACHE_LINE + (_PAGE if large else 0), np.uint8)
    start = -raw.ctypes.data % CACHE_LINE
    if large:
        here = (raw.ctypes.data + start) % _PAGE
        wanted = next(_numbers) * _STEP * CACHE_LINE % _PAGE
        start += (wanted - here) % _PAGE
    return raw[start : start + size].view(dtype).reshape(shape)
