"""Class codes inside expressions: checked, and as a choice of columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trivium.engine import dtypes
from trivium.engine.composites import as_tensor, cast
from trivium.engine.errors import DTypeError, IndexRangeError
from trivium.engine.messages import shape_error
from trivium.engine.primitives import indexing
from trivium.engine.tensor import Tensor

if TYPE_CHECKING:
    from .base import DataTerm

__all__ = ["chosen", "class_codes"]


def class_codes(term: DataTerm, target: Tensor, count: int) -> Tensor:
    """``target`` as int64 codes that are certainly in 0 … count - 1.

    Raises DTypeError or ShapeError for targets that are no codes; a code outside the range
    raises IndexRangeError, at once for constants, else when the expression runs.
    """
    if dtypes.is_floating(target.dtype):
        raise DTypeError(
            f"{term!r} needs class codes (integers 0 … {count - 1}), but the target is "
            f"{target.dtype}; for a continuous target use SquaredError(), for labels convert "
            "them with .astype('int64')"
        )
    if target.ndim != 1:
        raise shape_error(
            f"{term!r}",
            (target,),
            "class codes are a vector (N,), one code for each example",
            "give codes instead of one-hot rows, for example rows.argmax(axis=1)",
            ("the target",),
        )
    codes = cast(target, dtypes.int64)
    if target.primitive.name == "constant":
        found = target.value
        wrong = np.flatnonzero((found < 0) | (found >= count))
        if wrong.size:
            raise IndexRangeError(
                f"{term!r}: the target's code {int(found[wrong[0]])} at position "
                f"{int(wrong[0])} is none of the {count} classes 0 … {count - 1} that the "
                "model's output has"
            )
    # Gathering from 0 … count - 1 returns the codes and fails on every other number.
    return indexing.gather(as_tensor(np.arange(count)), codes)


def chosen(values: Tensor, codes: Tensor) -> Tensor:
    """values[i, codes[i]] for each i: (N, K), (N,) → (N,)."""
    rows, columns = values.shape
    places = as_tensor(np.arange(rows) * columns) + codes
    return indexing.gather(values.reshape((rows * columns,)), places)
