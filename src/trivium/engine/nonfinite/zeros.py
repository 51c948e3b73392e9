"""Why an element is zero: it underflowed, a softmax vanished, a rectifier was off, data held 0."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from ..tensor import Tensor
from .finding import Run
from .formula import Names, guarded_root, number, operand, softmax_logits

__all__ = ["Reason", "source_of", "why_zero"]

Index = tuple[int, ...]
Moved = tuple[Tensor, Index]
_DEEPEST = 5


class Reason(NamedTuple):
    """Why a number is zero. ``kind``: for choosing what helps. ``text``: empty if unknown."""

    kind: str
    text: str


_UNKNOWN = Reason("unknown", "")


@dataclass(frozen=True)
class _Place:
    """An element of a node."""

    node: Tensor
    index: Index
    run: Run
    names: Names

    def value(self) -> float:
        (array,) = self.run.values([self.node])
        return float(array[self.index])

    def input(self, i: int) -> _Place:
        """The element at the same index of input i."""
        return replace(self, node=self.node.inputs[i])

    @property
    def text(self) -> str:
        return operand(self.node, self.names)

    @property
    def dtype(self) -> np.finfo[Any]:
        return np.finfo(self.node.dtype)


def why_zero(node: Tensor, index: Index, run: Run, names: Names) -> Reason:
    """Why the element of ``node`` at ``index`` is zero."""
    return _why(_Place(node, index, run, names), _DEEPEST)


def source_of(node: Tensor, index: Index, run: Run) -> tuple[Tensor, Index]:
    """Where the element was computed before it was moved, repeated, renamed or chosen."""
    while True:
        rule = _MOVED.get(node.primitive.name)
        found = None if rule is None else rule(node, index, run)
        if found is None:
            return node, index
        node, index = found


def _reshaped(node: Tensor, index: Index, run: Run) -> Moved:
    flat = np.ravel_multi_index(index, node.shape) if index else 0
    return node.inputs[0], tuple(int(i) for i in np.unravel_index(flat, node.inputs[0].shape))


def _permuted(node: Tensor, index: Index, run: Run) -> Moved:
    back = [0] * len(index)
    for place, axis in enumerate(node.attributes.axes):
        back[axis] = index[place]
    return node.inputs[0], tuple(back)


def _repeated(node: Tensor, index: Index, run: Run) -> Moved:
    shape = node.inputs[0].shape
    last = index[len(index) - len(shape) :]
    return node.inputs[0], tuple(
        0 if size == 1 else i for i, size in zip(last, shape, strict=True)
    )


def _sliced(node: Tensor, index: Index, run: Run) -> Moved:
    start, _, step = node.attributes
    return node.inputs[0], tuple(a + i * s for a, i, s in zip(start, index, step, strict=True))


def _flipped(node: Tensor, index: Index, run: Run) -> Moved:
    axes = node.attributes.axes
    return node.inputs[0], tuple(
        node.shape[axis] - 1 - i if axis in axes else i for axis, i in enumerate(index)
    )


def _joined(node: Tensor, index: Index, run: Run) -> Moved:
    axis, which = node.attributes.axis, 0
    at = index[axis]
    while at >= node.inputs[which].shape[axis]:
        at, which = at - node.inputs[which].shape[axis], which + 1
    return node.inputs[which], (*index[:axis], at, *index[axis + 1 :])


def _gathered(node: Tensor, index: Index, run: Run) -> Moved:
    (rows,) = run.values([node.inputs[1]])
    return node.inputs[0], (int(rows[index[: rows.ndim]]), *index[rows.ndim :])


def _chosen(node: Tensor, index: Index, run: Run) -> Moved | None:
    condition = node.inputs[0]
    if guarded_root(node) is not None:
        return condition.inputs[0], index
    (held,) = run.values([condition])
    if bool(held[index]) and _rectified(node):
        return None  # that the rectifier is off is the reason
    return node.inputs[1 if bool(held[index]) else 2], index


def _rectified(node: Tensor) -> bool:
    condition = node.inputs[0]
    return condition.primitive.name == "less_equal" and condition.inputs[0] is node.inputs[2]


def _same(node: Tensor, index: Index, run: Run) -> Moved:
    return node.inputs[0], index


_MOVED: dict[str, Callable[[Tensor, Index, Run], Moved | None]] = {
    **dict.fromkeys(("label", "stop_gradient", "cast"), _same),
    "reshape": _reshaped,
    "permute": _permuted,
    "broadcast": _repeated,
    "slice": _sliced,
    "flip": _flipped,
    "concat": _joined,
    "gather": _gathered,
    "where": _chosen,
}


def _why(place: _Place, deepest: int) -> Reason:
    node, index = source_of(place.node, place.index, place.run)
    place = replace(place, node=node, index=index)
    if not node.inputs:
        return _leaf(place)
    rule = _RULES.get(node.primitive.name)
    if rule is None or deepest == 0 or node.dtype.kind != "f":
        return _UNKNOWN
    return rule(place, deepest - 1)


def _leaf(place: _Place) -> Reason:
    node, name = place.node, place.names.of(place.node)
    if source := place.names.source(node):
        return Reason("data", source)
    at = f" at [{', '.join(map(str, place.index))}]" if place.index else ""
    if node.primitive.name == "variable":
        return Reason("parameter", f"{name or 'a variable'} is 0{at}")
    if node.primitive.name == "input":
        return Reason("data", f"{name or 'an input'} is 0{at}")
    if node.size == 1 and not name:
        return Reason("constant", "it is the number 0 that is written there")
    return Reason("data", f"{name or 'the array given as a constant'} is 0{at}")


def _vanishing(dtype: Any) -> float:
    """Below this, eˣ is 0: half of the smallest positive number is rounded to 0."""
    return float(np.log(np.finfo(dtype).smallest_subnormal.astype(np.longdouble) / 2))


def _exp(place: _Place, deepest: int) -> Reason:
    x = place.input(0)
    return Reason(
        "exp",
        f"{place.text} underflowed: in {place.node.dtype} eˣ is 0 below "
        f"{number(round(_vanishing(place.node.dtype), 1))}, and the exponent is "
        f"{number(x.value())}",
    )


def _divide(place: _Place, deepest: int) -> Reason:
    logits = softmax_logits(place.node)
    top = place.input(0)
    if logits is not None and top.value() == 0:
        exponent, index = source_of(place.node.inputs[0], place.index, place.run)
        shifted = replace(place, node=exponent.inputs[0], index=index)
        return Reason(
            "softmax",
            f"a softmax underflowed: its logit is {number(-shifted.value())} below the "
            f"largest of its row, and in {place.node.dtype} eˣ is 0 below "
            f"{number(round(_vanishing(place.node.dtype), 1))}",
        )
    if top.value() == 0:
        return _because(place, top, deepest)
    bottom = place.input(1)
    return Reason(
        "underflow",
        f"{number(top.value())} / {number(bottom.value())} is smaller than the smallest "
        f"{place.node.dtype}, {number(float(place.dtype.smallest_subnormal))}",
    )


def _because(place: _Place, part: _Place, deepest: int) -> Reason:
    """Zero because a part of it is zero."""
    found = _why(part, deepest)
    if found.text:
        return found
    return Reason("unknown", f"{part.text} is 0")


def _multiply(place: _Place, deepest: int) -> Reason:
    parts = [place.input(i) for i in range(len(place.node.inputs))]
    for part in parts:
        if part.value() == 0:
            return _because(place, part, deepest)
    product = " · ".join(number(part.value()) for part in parts)
    return Reason(
        "underflow",
        f"{product} is smaller than the smallest {place.node.dtype}, "
        f"{number(float(place.dtype.smallest_subnormal))}",
    )


def _square(place: _Place, deepest: int) -> Reason:
    x = place.input(0)
    if x.value() == 0:
        return _because(place, x, deepest)
    return Reason(
        "underflow",
        f"the square of {number(x.value())} is smaller than the smallest "
        f"{place.node.dtype}, {number(float(place.dtype.smallest_subnormal))}",
    )


def _inherited(place: _Place, deepest: int) -> Reason:
    return _because(place, place.input(0), deepest)


def _power(place: _Place, deepest: int) -> Reason:
    if place.input(0).value() == 0:
        return _because(place, place.input(0), deepest)
    return Reason(
        "underflow",
        f"{number(place.input(0).value())} to the power {number(place.input(1).value())} "
        f"underflowed in {place.node.dtype}",
    )


def _sigmoid(place: _Place, deepest: int) -> Reason:
    return Reason(
        "sigmoid",
        f"the sigmoid underflowed: σ({number(place.input(0).value())}) is 0 in "
        f"{place.node.dtype}",
    )


def _relu(place: _Place, deepest: int) -> Reason:
    x = place.input(2)
    return Reason("relu", f"ReLU({number(x.value())}) is 0")


def _subtract(place: _Place, deepest: int) -> Reason:
    x, y = place.input(0), place.input(1)
    if x.value() == 0 and y.value() == 0:
        return _because(place, x, deepest)
    if x.node is y.node:
        return Reason("equal", f"it is {x.text} minus itself")
    return Reason("equal", f"{x.text} and {y.text} are equal there, both {number(x.value())}")


def _add(place: _Place, deepest: int) -> Reason:
    x, y = place.input(0), place.input(1)
    if x.value() == 0:
        return _because(place, x, deepest)
    return Reason("equal", f"{number(x.value())} and {number(y.value())} add up to 0")


def _sum(place: _Place, deepest: int) -> Reason:
    """Of a sum of squares or of other numbers that are all zero."""
    (array,) = place.run.values([place.node.inputs[0]])
    axes = place.node.attributes.axes
    rest = iter(place.index)
    chosen = array[tuple(slice(None) if i in axes else next(rest) for i in range(array.ndim))]
    if chosen.size == 0:
        return Reason("empty", "it is a sum of no elements")
    if not chosen.any():
        rest = iter(place.index)
        index = tuple(0 if i in axes else next(rest) for i in range(array.ndim))
        first = _why(replace(place.input(0), index=index), deepest)
        text = f"all {chosen.size:,} elements of the sum are 0"
        return Reason(first.kind, text + (f": {first.text}" if first.text else ""))
    return Reason("equal", f"the {chosen.size:,} elements of the sum add up to 0")


_RULES: dict[str, Callable[[_Place, int], Reason]] = {
    "exp": _exp,
    "divide": _divide,
    "multiply": _multiply,
    "chain": _multiply,
    "square": _square,
    "power": _power,
    "sigmoid": _sigmoid,
    "where": _relu,
    "subtract": _subtract,
    "add": _add,
    "sum": _sum,
    **dict.fromkeys(("sqrt", "abs", "negative", "sin", "tan", "tanh", "expm1"), _inherited),
}
