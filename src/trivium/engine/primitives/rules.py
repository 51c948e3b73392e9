"""Shape rules, dtype rules and sample makers that many records share."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import dtypes
from ..errors import DTypeError, ShapeError
from ..primitive import NoAttributes, Region, Sample, Shaped, Sloped, Unsupported

if TYPE_CHECKING:
    from ..tensor import Tensor

REFERENCE_ONLY = Unsupported("runs on the reference backend")
BOWL = (  # of a convex function that is least at 0
    Region(0.0, math.inf, "convex", "increasing"),
    Region(-math.inf, 0.0, "convex", "decreasing"),
)

Shape = tuple[int, ...]
DType = np.dtype[Any]


def inflected(
    slope: Sloped,
    below: Shaped,
    above: Shaped,
    at: float = 0.0,
    low: float = -math.inf,
    high: float = math.inf,
) -> tuple[Region, Region]:
    """The regions of a monotone function on (low, high) that bends otherwise from ``at`` on."""
    return Region(at, high, above, slope), Region(low, at, below, slope)


def at_least(least: float) -> Callable[[float, float], float]:
    """Of a function that bends strictly: |f″| is ``least`` at least wherever it is looked at."""
    return lambda low, high: least


def same_shape(attributes: Any, *shapes: Shape) -> Shape:
    """Elementwise: all inputs have one shape (broadcasting is explicit in the graph)."""
    if shapes.count(shapes[0]) != len(shapes):
        raise ShapeError(f"an elementwise operation needs equal shapes, got {shapes}")
    return shapes[0]


def any_dtype(attributes: Any, *found: DType) -> DType:
    """One dtype in, the same out."""
    if found.count(found[0]) != len(found):
        raise DTypeError(f"the operands have different dtypes: {', '.join(map(str, found))}")
    return found[0]


def floating(attributes: Any, *found: DType) -> DType:
    """One floating dtype in, the same out."""
    if found[0].kind != "f":
        raise DTypeError(f"this operation needs floating numbers, got {found[0]}")
    return any_dtype(attributes, *found)


def numeric(attributes: Any, *found: DType) -> DType:
    """One integer or floating dtype in, the same out."""
    if found[0].kind == "b":
        raise DTypeError("this operation needs numbers, got bool; cast with .astype first")
    return any_dtype(attributes, *found)


def integers(attributes: Any, *found: DType) -> DType:
    """One integer dtype in, the same out."""
    if found[0].kind != "i":
        raise DTypeError(f"this operation needs integers, got {found[0]}")
    return any_dtype(attributes, *found)


def booleans(attributes: Any, *found: DType) -> DType:
    """Booleans in, booleans out."""
    if found[0].kind != "b":
        raise DTypeError(f"a logical operation needs bool, got {found[0]}")
    return any_dtype(attributes, *found)


def to_bool(attributes: Any, *found: DType) -> DType:
    """One dtype in, bool out."""
    any_dtype(attributes, *found)
    return dtypes.bool_


def float_to_bool(attributes: Any, *found: DType) -> DType:
    """A floating dtype in, bool out."""
    floating(attributes, *found)
    return dtypes.bool_


def zero(node: Tensor, cotangent: Tensor) -> None:
    """The derivative is zero wherever it exists."""
    return None


SHAPES: tuple[Shape, ...] = ((), (3,), (2, 3), (2, 0))


def uniform(
    *bounds: tuple[float, float], smooth: bool = True, shapes: Sequence[Shape] = SHAPES
) -> Callable[[np.random.Generator], list[Sample]]:
    """Samples with input i drawn uniformly from ``bounds[i]``."""

    def make(rng: np.random.Generator) -> list[Sample]:
        along = tuple(range(len(bounds))) if smooth else ()
        return [
            Sample(
                tuple(rng.uniform(low, high, shape) for low, high in bounds),
                NoAttributes(),
                along,
            )
            for shape in shapes
        ]

    return make


def whole(
    *bounds: tuple[int, int], shapes: Sequence[Shape] = SHAPES
) -> Callable[[np.random.Generator], list[Sample]]:
    """Samples of int64 with input i drawn from ``bounds[i]``, upper bound included."""

    def make(rng: np.random.Generator) -> list[Sample]:
        return [
            Sample(tuple(rng.integers(low, high + 1, shape) for low, high in bounds))
            for shape in shapes
        ]

    return make


def both(
    *makers: Callable[[np.random.Generator], Sequence[Sample]],
) -> Callable[[np.random.Generator], list[Sample]]:
    """The samples of several makers."""

    def make(rng: np.random.Generator) -> list[Sample]:
        return [sample for maker in makers for sample in maker(rng)]

    return make
