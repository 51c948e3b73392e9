"""Rewrites that suit loops: the same numbers in an order that native code likes better."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ...passes.rewrite import Rules, rewrite
from ...primitives import reductions
from ...tensor import Tensor

__all__ = ["suited_to_loops"]

_ROW = 32  # elements from which on a row is worth being reduced on its own
_LARGE = 1 << 12  # elements from which on a reduction is worth two steps
_REDUCE = {"sum": reductions.sum_, "max": reductions.max_, "min": reductions.min_}


def suited_to_loops(outputs: Sequence[Tensor]) -> list[Tensor]:
    """``outputs`` with the rewrites applied everywhere."""
    return rewrite(outputs, _RULES)


def _rows_first(node: Tensor) -> Tensor | None:
    """⊕ over all axes → ⊕ over the rows' results.

    What computes the elements row by row can then reduce them on the way.
    """
    x = node.inputs[0]
    axes = tuple(sorted(node.attributes.axes))
    if x.ndim < 2 or axes != tuple(range(x.ndim)):
        return None
    if x.shape[-1] < _ROW or x.size < _LARGE or math.prod(x.shape[:-1]) < 2:
        return None
    reduce = _REDUCE[node.primitive.name]
    return reduce(reduce(x, axes=(x.ndim - 1,)), axes=axes[:-1])


_RULES: Rules = dict.fromkeys(_REDUCE, (_rows_first,))
