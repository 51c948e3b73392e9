"""Sorting along an axis and the permutation that sorts. NaN comes last, as in NumPy."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import dtypes
from ..primitive import Curvature, Primitive, Sample, by_input
from ..tensor import constant
from . import rules
from .indexing import gather
from .movement import Axis, permute, reshape
from .reductions import _along

if TYPE_CHECKING:
    from ..tensor import Tensor


def _samples(smooth: bool) -> Any:
    def make(rng: np.random.Generator) -> list[Sample]:
        along = (0,) if smooth else ()
        spread = rng.permutation(24).reshape(2, 3, 4) / 8.0 - 1.4  # no ties
        return [
            *[Sample((spread,), Axis(axis), along) for axis in range(3)],
            Sample((spread[0, 0],), Axis(0), along),
            Sample((np.zeros((2, 0)),), Axis(1), along),
            Sample((np.zeros((0, 2)),), Axis(1), along),
            Sample((np.array([1.0, np.nan, -np.inf, -0.0, 0.0, np.inf]),), Axis(0)),
            Sample((rng.integers(-3, 4, (3, 5)),), Axis(1)),
            Sample((rng.random((3, 5)) < 0.5,), Axis(0)),
        ]

    return make


argsort = Primitive(
    name="argsort",
    notation=r"\operatorname{{argsort}} {0}",
    attributes=Axis,
    shape=_along,
    dtype=lambda a, dtype: dtypes.int64,
    evaluate=lambda a, x: np.argsort(x, axis=a.axis, kind="stable"),
    vjp=by_input(rules.zero),
    curvature=Curvature("neither"),
    samples=_samples(smooth=False),
    native=rules.REFERENCE_ONLY,
)


def _unsorted(n: Tensor, c: Tensor) -> Tensor:
    """The cotangents put back where the elements came from; equal ones keep their order.

    With y = x[π] the cotangent is x̄[π] = ȳ, that is x̄ = ȳ[π⁻¹]. Rows of the sorted axis are
    laid end to end, so that one gather serves them all.
    """
    axis = n.attributes.axis
    order = (*[i for i in range(n.ndim) if i != axis], axis)
    back = tuple(int(i) for i in np.argsort(order))
    inverse = permute(argsort(argsort(n.inputs[0], axis=axis), axis=axis), axes=order)
    size = n.shape[axis]
    rows = math.prod(n.shape) // size if size else 0
    starts = np.repeat(np.arange(rows, dtype=np.int64) * size, size)
    starts.setflags(write=False)
    places = reshape(inverse, shape=(rows * size,)) + constant(starts, ("rows", rows, size))
    flat = reshape(permute(c, axes=order), shape=(rows * size,))
    moved = tuple(n.shape[i] for i in order)
    return permute(reshape(gather(flat, places), shape=moved), axes=back)


sort = Primitive(
    name="sort",
    notation=r"\operatorname{{sort}} {0}",
    attributes=Axis,
    shape=_along,
    dtype=rules.any_dtype,
    evaluate=lambda a, x: np.sort(x, axis=a.axis, kind="stable"),
    vjp=by_input(_unsorted),
    curvature=Curvature("neither", ("increasing",)),
    samples=_samples(smooth=True),
    native=rules.REFERENCE_ONLY,
)
