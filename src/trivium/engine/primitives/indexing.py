"""Gather rows by index, and its transpose, scatter with addition."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .. import dtypes
from ..errors import DTypeError, IndexRangeError, ShapeError
from ..primitive import Curvature, Primitive, Sample, by_input
from . import rules

Shape = tuple[int, ...]


class Rows(NamedTuple):
    """Attributes of scatter_add: how many rows the result has."""

    rows: int


def _gather_shape(attributes: Any, shape: Shape, indices: Shape) -> Shape:
    if not shape:
        raise ShapeError("a scalar has no rows to gather")
    return (*indices, *shape[1:])


def _indexed(attributes: Any, dtype: Any, indices: Any) -> Any:
    if not dtypes.is_integer(indices):
        raise DTypeError(f"indices must be integers, got {indices}")
    return dtype


def _checked(indices: Any, rows: int) -> Any:
    wrong = (indices < 0) | (indices >= rows)
    if np.any(wrong):
        place = tuple(int(i) for i in np.argwhere(wrong)[0])
        raise IndexRangeError(
            f"the index {int(indices[place])}{f' at position {place}' if place else ''} lies "
            f"outside 0 … {rows - 1} (the axis has {rows} entries)"
        )
    return indices


def _gather_samples(rng: np.random.Generator) -> list[Sample]:
    return [
        Sample((rng.normal(size=(4, 3)), np.array([0, 3, 3])), smooth=(0,)),
        Sample((rng.normal(size=5), np.array([[1, 4], [0, 1]])), smooth=(0,)),
        Sample((rng.normal(size=5), np.array(2)), smooth=(0,)),
        Sample((rng.normal(size=(5, 2)), np.zeros((0,), np.int64)), smooth=(0,)),
    ]


gather = Primitive(
    name="gather",
    notation=r"{0}_{{[{1}]}}",
    shape=_gather_shape,
    dtype=_indexed,
    evaluate=lambda a, x, i: x[_checked(i, x.shape[0])],
    vjp=by_input(
        lambda n, c: scatter_add(c, n.inputs[1], rows=n.inputs[0].shape[0]),
        rules.zero,
    ),
    curvature=Curvature("affine", ("increasing", "neither"), linear_in=(0,)),
    samples=_gather_samples,
    native=rules.REFERENCE_ONLY,
)


def _scatter_shape(attributes: Rows, updates: Shape, indices: Shape) -> Shape:
    if updates[: len(indices)] != indices:
        raise ShapeError(
            f"the updates of shape {updates} do not begin with the indices' shape {indices}"
        )
    return (attributes.rows, *updates[len(indices) :])


def _scatter(attributes: Rows, updates: Any, indices: Any) -> Any:
    rest = updates.shape[indices.ndim :]
    result = np.zeros((attributes.rows, *rest), updates.dtype)
    np.add.at(result, _checked(indices, attributes.rows), updates)
    return result


def _scatter_samples(rng: np.random.Generator) -> list[Sample]:
    return [
        Sample((rng.normal(size=(3, 2)), np.array([0, 3, 3])), Rows(5), (0,)),
        Sample((rng.normal(size=(2, 2)), np.array([[1, 4], [0, 1]])), Rows(5), (0,)),
        Sample((rng.normal(size=2), np.array(2)), Rows(3), (0,)),
    ]


scatter_add = Primitive(
    name="scatter_add",
    notation=r"\operatorname{{scatter}}_{{{1}}}({0})",
    attributes=Rows,
    shape=_scatter_shape,
    dtype=_indexed,
    evaluate=_scatter,
    vjp=by_input(lambda n, c: gather(c, n.inputs[1]), rules.zero),
    curvature=Curvature("affine", ("increasing", "neither"), linear_in=(0,)),
    samples=_scatter_samples,
    native=rules.REFERENCE_ONLY,
    ulp=16,
)
