"""What several families share: reductions, entries by place, and roots that are safe at 0."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..composites import where, zeros_like
from ..dtypes import int64
from ..primitive import Primitive
from ..primitives import arithmetic, comparison, indexing, movement, structure
from ..tensor import Tensor, literal
from .arguments import Shape
from .manipulation import moveaxis

__all__ = ["entries", "reduce", "safe_sqrt", "scale_of"]


def reduce(primitive: Primitive, x: Tensor, axes: Shape, keepdims: bool) -> Tensor:
    """Apply a reduction over ``axes``; with ``keepdims`` they remain with size 1."""
    result = primitive(x, axes=axes) if axes else x
    if not keepdims or not axes:
        return result
    kept = tuple(1 if axis in axes else size for axis, size in enumerate(x.shape))
    return movement.reshape(result, shape=kept)


def entries(x: Tensor, places: np.ndarray[Any, Any], axis: int) -> Tensor:
    """The entries at known, valid ``places`` of one axis; equal places are one constant."""
    rows = indexing.gather(moveaxis(x, axis, 0), literal(places, int64))
    return moveaxis(rows, 0, axis)


def safe_sqrt(x: Tensor) -> Tensor:
    """√x with derivative 0, not ∞, where x = 0.

    For a length √(Σ xᵢ²) this chooses 0, the element of the subdifferential at the origin that
    keeps a descent step finite (Rockafellar, *Convex Analysis*, §23).
    """
    at_zero = comparison.equal(x, zeros_like(x))
    return where(at_zero, 0.0, arithmetic.sqrt(where(at_zero, 1.0, x)))


def scale_of(largest: Tensor) -> Tensor:
    """What to divide by before squaring: ``largest``, or 1 if that is 0, ∞ or NaN.

    A length does not depend on it, so it is a constant to every derivative.
    """
    usable = comparison.logical_and(
        comparison.greater(largest, zeros_like(largest)), comparison.isfinite(largest)
    )
    return structure.stop_gradient(where(usable, largest, 1.0))
