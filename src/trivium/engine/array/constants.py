"""Numbers and dtypes that the standard's namespace holds."""

from __future__ import annotations

import math

from ..dtypes import bool_ as bool
from ..dtypes import float32, float64, int32, int64

__all__ = [
    "bool",
    "e",
    "float32",
    "float64",
    "inf",
    "int32",
    "int64",
    "nan",
    "newaxis",
    "pi",
]

e = math.e
inf = math.inf
nan = math.nan
newaxis = None
pi = math.pi
