"""General contraction of two tensors: matrix products, batched products, einsum of a pair."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..errors import ShapeError
from ..primitive import Curvature, Primitive, Sample
from . import rules

if TYPE_CHECKING:
    from ..tensor import Tensor

Shape = tuple[int, ...]
Labels = tuple[int, ...]


class Contraction(NamedTuple):
    """Axis labels of the two operands and of the result, as in einsum.

    A label occurs at most once per operand. In both operands and the result: batch. In both
    operands only: summed. In one operand: kept, so it must be in the result.
    """

    left: Labels
    right: Labels
    out: Labels


def _sizes(attributes: Contraction, left: Shape, right: Shape) -> dict[int, int]:
    sizes: dict[int, int] = {}
    for labels, shape in ((attributes.left, left), (attributes.right, right)):
        if len(labels) != len(shape) or len(set(labels)) != len(labels):
            raise ShapeError(f"the labels {labels} do not fit the shape {shape}")
        for label, size in zip(labels, shape, strict=True):
            if sizes.setdefault(label, size) != size:
                raise ShapeError(
                    f"contraction of shapes {left} and {right}: sizes {sizes[label]} and "
                    f"{size} of one axis differ"
                )
    return sizes


def _shape(attributes: Contraction, left: Shape, right: Shape) -> Shape:
    sizes = _sizes(attributes, left, right)
    alone = set(attributes.left) ^ set(attributes.right)
    if not alone <= set(attributes.out) <= set(sizes):
        raise ShapeError(f"the labels {attributes} do not describe a contraction")
    return tuple(sizes[label] for label in attributes.out)


class _Plan(NamedTuple):
    """How both operands become stacks of matrices, and the product the result."""

    orders: tuple[list[int], list[int]]
    shapes: tuple[list[int], list[int]]
    product: list[int]
    order: list[int]


@lru_cache(maxsize=4096)
def _plan(attributes: Contraction, x: Shape, y: Shape) -> _Plan:
    left, right, out = attributes
    batch = [label for label in out if label in left and label in right]
    rows = [label for label in left if label not in right]
    columns = [label for label in right if label not in left]
    summed = [label for label in left if label in right and label not in out]
    sizes = _sizes(attributes, x, y)

    def arranged(labels: Labels, first: list[int], second: list[int]) -> tuple[list[int], ...]:
        order = [labels.index(label) for label in (*batch, *first, *second)]
        counts = [math.prod(sizes[i] for i in part) for part in (first, second)]
        return order, [*[sizes[i] for i in batch], *counts]

    x_order, x_shape = arranged(left, rows, summed)
    y_order, y_shape = arranged(right, summed, columns)
    made = (*batch, *rows, *columns)
    return _Plan(
        (x_order, y_order),
        (x_shape, y_shape),
        [sizes[label] for label in made],
        [made.index(label) for label in out],
    )


def _evaluate(attributes: Contraction, x: Any, y: Any) -> Any:
    plan = _plan(attributes, x.shape, y.shape)
    product = np.matmul(
        x.transpose(plan.orders[0]).reshape(plan.shapes[0]),
        y.transpose(plan.orders[1]).reshape(plan.shapes[1]),
    )
    return product.reshape(plan.product).transpose(plan.order)


def _vjp(n: Tensor, c: Tensor, i: int) -> Tensor:
    left, right, out = n.attributes
    x, y = n.inputs
    if i == 0:
        return contraction(c, y, left=out, right=right, out=left)
    return contraction(x, c, left=left, right=out, out=right)


def _notation(a: Contraction, x: str, y: str) -> str:
    if len(a.left) == len(a.right) == len(a.out) == 2:
        first = "" if a.left[1] in a.right else r"^\top"
        second = "" if a.right[0] in a.left else r"^\top"
        return f"{x}{first} {y}{second}"
    return rf"{x} \cdot {y}"


def _samples(rng: np.random.Generator) -> list[Sample]:
    cases = [
        ((2, 3), (3, 4), ((0, 1), (1, 2), (0, 2))),
        ((3, 2), (4, 3), ((1, 0), (2, 1), (0, 2))),
        ((3,), (3,), ((0,), (0,), ())),
        ((3,), (2,), ((0,), (1,), (1, 0))),
        ((5, 2, 3), (5, 3, 4), ((9, 0, 1), (9, 1, 2), (9, 0, 2))),
        ((2, 3, 4), (4, 3, 2), ((0, 1, 2), (2, 1, 3), (3, 0))),
        ((2, 3), (3, 2), ((0, 1), (1, 0), (0,))),
        ((2, 0), (0, 3), ((0, 1), (1, 2), (0, 2))),
        ((), (3,), ((), (0,), (0,))),
    ]
    return [
        Sample((rng.normal(size=x), rng.normal(size=y)), Contraction(*labels), (0, 1))
        for x, y, labels in cases
    ]


contraction = Primitive(
    name="contraction",
    notation=_notation,
    attributes=Contraction,
    shape=_shape,
    dtype=rules.numeric,
    evaluate=_evaluate,
    vjp=_vjp,
    curvature=Curvature("neither", linear_in=(0, 1)),
    samples=_samples,
    native=rules.REFERENCE_ONLY,
    ulp=256,
)
