"""Lengths of vectors."""

from __future__ import annotations

import math

from ..composites import binary, cast, ones_like, where, zeros_like
from ..errors import ArgumentError
from ..primitives import arithmetic, comparison, reductions
from ..tensor import Tensor
from .arguments import ArrayLike, Axes, Shape, floating, refused, some_axes
from .manipulation import squeeze
from .shared import reduce, safe_sqrt, scale_of

__all__ = ["norm"]


def norm(
    x: ArrayLike, /, *, axis: Axes = None, keepdims: bool = False, ord: float = 2
) -> Tensor:
    """The p-norm (Σ |xᵢ|ᵖ)^(1/p) of the vectors along ``axis`` (all elements when None).

    ``ord`` is p; ∞ and -∞ are the largest and smallest |xᵢ|, and 0 counts the elements that are
    not 0. Shapes: as for ``sum``. The elements are scaled, so that their powers neither
    overflow nor vanish. The derivative at the origin, and along an element that is 0, is 0.
    Integers become float64. Raises ArgumentError when ``ord`` is no number, ShapeError for an
    axis that does not exist, or is empty with p = -∞.
    """
    given = floating(x)
    if isinstance(ord, bool) or not isinstance(ord, int | float) or math.isnan(ord):
        raise ArgumentError(f"norm: ord must be a number or an infinity, not {ord!r}")
    axes = some_axes("norm", given, axis)
    if ord == 0:
        given = cast(comparison.not_equal(given, zeros_like(given)), given.dtype)
        return reduce(reductions.sum_, given, axes, keepdims)
    size = arithmetic.absolute(given)
    if ord == 1:
        return reduce(reductions.sum_, size, axes, keepdims)
    empty = any(given.shape[i] == 0 for i in axes)
    if math.isinf(ord) and empty and ord < 0:
        raise refused("norm", [given], f"of no elements along {axes} there is no smallest one")
    if empty:
        return reduce(reductions.sum_, size, axes, keepdims)
    if math.isinf(ord):
        extreme = reductions.max_ if ord > 0 else reductions.min_
        return reduce(extreme, size, axes, keepdims)
    scale = scale_of(reduce(reductions.max_, size, axes, True))
    scaled = binary(arithmetic.divide, given if ord == 2 else size, scale)
    length = _euclidean(scaled, axes) if ord == 2 else _general(scaled, axes, float(ord))
    length = arithmetic.multiply(length, scale)
    return length if keepdims else squeeze(length, axes)


def _euclidean(x: Tensor, axes: Shape) -> Tensor:
    return safe_sqrt(reduce(reductions.sum_, arithmetic.square(x), axes, True))


def _general(size: Tensor, axes: Shape, p: float) -> Tensor:
    return _safe_power(reduce(reductions.sum_, _safe_power(size, p), axes, True), 1 / p)


def _safe_power(x: Tensor, p: float) -> Tensor:
    """x to the power p for x ≥ 0, with derivative 0 where x = 0."""
    at_zero = comparison.equal(x, zeros_like(x))
    power = binary(arithmetic.power, where(at_zero, ones_like(x), x), p)
    return where(at_zero, 0.0 if p > 0 else math.inf, power)
