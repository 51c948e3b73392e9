"""Bounds of a node's values from the bounds of its inputs (interval arithmetic).

Every rule holds for each element of the result. Source: Moore, Kearfott & Cloud (2009),
*Introduction to Interval Analysis*, ch. 2 and 5.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from trivium.engine.primitive import Unsupported
from trivium.engine.tensor import Tensor

from .state import State, hull, outward

__all__ = ["bounds_of", "bounds_of_array"]

Bounds = tuple[float, float]
_ALL: Bounds = (-math.inf, math.inf)


def bounds_of_array(array: np.ndarray[Any, Any]) -> Bounds:
    """The smallest and largest element; no elements are all 0; NaN has no bounds."""
    if array.size == 0:
        return 0.0, 0.0
    low, high = float(array.min()), float(array.max())
    return _ALL if math.isnan(low) or math.isnan(high) else (low, high)


def bounds_of(node: Tensor, inputs: Sequence[State]) -> Bounds:
    """The bounds of ``node``, whose inputs have the given states."""
    rule = _RULES.get(node.primitive.name)
    if rule is not None:
        return rule(node, inputs)
    return _monotone(node, inputs)


def _times(a: float, b: float) -> float:
    return 0.0 if a == 0 or b == 0 else a * b


def _product(x: State, y: State) -> Bounds:
    corners = [_times(a, b) for a in (x.low, x.high) for b in (y.low, y.high)]
    return outward(min(corners), max(corners))


def _multiply(node: Tensor, inputs: Sequence[State]) -> Bounds:
    if node.inputs[0] is node.inputs[1]:
        return _square(node, inputs[:1])
    return _product(*inputs)


def _square(node: Tensor, inputs: Sequence[State]) -> Bounds:
    (x,) = inputs
    size = (
        max(abs(x.low), abs(x.high)),
        0.0 if x.low <= 0 <= x.high else min(abs(x.low), abs(x.high)),
    )
    return outward(_times(size[1], size[1]), _times(size[0], size[0]))


def _abs(node: Tensor, inputs: Sequence[State]) -> Bounds:
    (x,) = inputs
    least = 0.0 if x.low <= 0 <= x.high else min(abs(x.low), abs(x.high))
    return least, max(abs(x.low), abs(x.high))


def _divide(node: Tensor, inputs: Sequence[State]) -> Bounds:
    x, y = inputs
    if y.low <= 0 <= y.high:
        # A quotient of what has signs still has one, wherever it is defined.
        if x.low >= 0 and y.low >= 0:
            return 0.0, math.inf
        return _ALL
    inverse = State("constant", *outward(1 / y.high if y.high else 0, 1 / y.low))
    return _product(x, inverse)


def _add(node: Tensor, inputs: Sequence[State]) -> Bounds:
    x, y = inputs
    return outward(x.low + y.low, x.high + y.high)


def _subtract(node: Tensor, inputs: Sequence[State]) -> Bounds:
    x, y = inputs
    return outward(x.low - y.high, x.high - y.low)


def _many(x: Bounds, count: int) -> Bounds:
    return outward(_times(x[0], count), _times(x[1], count))


def _sum(node: Tensor, inputs: Sequence[State]) -> Bounds:
    shape = node.inputs[0].shape
    count = math.prod(shape[axis] for axis in node.attributes.axes)
    return _many((inputs[0].low, inputs[0].high), count)


def _cumulative_sum(node: Tensor, inputs: Sequence[State]) -> Bounds:
    x, count = inputs[0], node.shape[node.attributes.axis]
    low, high = _many((x.low, x.high), count)
    return min(low, x.low), max(high, x.high)


def _contraction(node: Tensor, inputs: Sequence[State]) -> Bounds:
    left, right, out = node.attributes
    sizes = dict(zip(left, node.inputs[0].shape))
    count = math.prod(sizes[label] for label in left if label in right and label not in out)
    if node.inputs[0] is node.inputs[1] and left == right:
        return _many(_square(node, inputs[:1]), count)
    return _many(_product(*inputs), count)


def _power(node: Tensor, inputs: Sequence[State]) -> Bounds:
    x, p = inputs
    if p.low != p.high:
        return (0.0, math.inf) if x.low >= 0 else _ALL
    if p.low > 0 and p.low % 2 == 0:
        x = State("constant", *_abs(node, [x]))
    if x.low < 0:
        return _ALL
    with np.errstate(all="ignore"):
        ends = [float(np.power(each, p.low)) for each in (x.low, x.high)]
    return outward(min(ends), max(ends))


def _either(node: Tensor, inputs: Sequence[State]) -> Bounds:
    return hull(inputs[-2:])


def _moved(node: Tensor, inputs: Sequence[State]) -> Bounds:
    return inputs[0].low, inputs[0].high


def _joined(node: Tensor, inputs: Sequence[State]) -> Bounds:
    return hull(inputs)


def _padded(node: Tensor, inputs: Sequence[State]) -> Bounds:
    return min(inputs[0].low, 0.0), max(inputs[0].high, 0.0)


def _larger(node: Tensor, inputs: Sequence[State]) -> Bounds:
    return max(each.low for each in inputs), max(each.high for each in inputs)


def _smaller(node: Tensor, inputs: Sequence[State]) -> Bounds:
    return min(each.low for each in inputs), min(each.high for each in inputs)


def _between(low: float, high: float) -> Callable[[Tensor, Sequence[State]], Bounds]:
    return lambda node, inputs: (low, high)


def _scattered(node: Tensor, inputs: Sequence[State]) -> Bounds:
    low, high = _many((inputs[0].low, inputs[0].high), math.prod(node.inputs[1].shape))
    return min(low, 0.0, inputs[0].low), max(high, 0.0, inputs[0].high)


def _monotone(node: Tensor, inputs: Sequence[State]) -> Bounds:
    """One input in which the primitive rises or falls where it lies: the ends go to the ends."""
    curvature = node.primitive.curvature
    if len(inputs) != 1 or isinstance(curvature, Unsupported) or node.parts is not None:
        return _ALL
    slope = curvature.on(node.attributes, inputs[0].low, inputs[0].high)[1]
    if slope == "neither" or node.inputs[0].shape != node.shape:
        return _ALL
    ends = (inputs[0].low, inputs[0].high)
    with np.errstate(all="ignore"):
        try:
            found = [
                float(node.primitive.evaluate(node.attributes, np.array(end, np.float64)))
                for end in (ends if slope == "increasing" else ends[::-1])
            ]
        except (TypeError, ValueError, ArithmeticError):
            return _ALL
    return outward(*found)


_RULES: dict[str, Callable[[Tensor, Sequence[State]], Bounds]] = {
    "abs": _abs,
    "add": _add,
    "atan2": _between(-math.pi, math.pi),
    "broadcast": _moved,
    "cast": _moved,
    "chain": _multiply,
    "concat": _joined,
    "contraction": _contraction,
    "cos": _between(-1.0, 1.0),
    "cosh": _between(1.0, math.inf),
    "cumulative_sum": _cumulative_sum,
    "divide": _divide,
    "erf": _between(-1.0, 1.0),
    "flip": _moved,
    "gather": _moved,
    "label": _moved,
    "max": _moved,
    "maximum": _larger,
    "min": _moved,
    "minimum": _smaller,
    "multiply": _multiply,
    "pad": _padded,
    "permute": _moved,
    "power": _power,
    "reshape": _moved,
    "scatter_add": _scattered,
    "sin": _between(-1.0, 1.0),
    "slice": _moved,
    "sort": _moved,
    "square": _square,
    "stop_gradient": _moved,
    "subtract": _subtract,
    "sum": _sum,
    "where": _either,
}
