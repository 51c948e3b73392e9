"""Functions made of pieces: where(condition, f, g) as one function of the value it tests.

If all of ``where(u ≤ c, f, g)`` depends on the variables through u alone, element by element,
it is φ(u) with φ a function of one real variable. φ is convex if it is convex on each piece,
continuous where pieces meet, and its slope does not fall there (Boyd & Vandenberghe (2004),
*Convex Optimization*, exercise 3.1 and §3.1.3). Huber's loss, the rectifiers and the pinball
loss are of this form.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from trivium.engine.evaluate import values_of
from trivium.engine.passes.rewrite import unwrap
from trivium.engine.reverse import gradients
from trivium.engine.tensor import Tensor, input, tensor
from trivium.engine.traversal import depends_on, substitute, topological

from .rules import elementwise
from .state import Slope, State, compose, compose_slope

if TYPE_CHECKING:
    from .analysis import Analysis

__all__ = ["piecewise"]

Array = np.ndarray[Any, Any]
_BELOW = ("less", "less_equal")
_ABOVE = ("greater", "greater_equal")


def piecewise(analysis: Analysis, node: Tensor) -> State | None:
    """The state of a ``where`` whose condition varies, or None where this argument fails."""
    condition, first, second = node.inputs
    split = _split(analysis, condition)
    if split is None:
        return None
    tested, threshold, first_is_below = split
    candidates = [(tested, False)]
    if tested.primitive.name == "abs":
        candidates.append((tested.inputs[0], True))
    for u, folded in candidates:
        if u.shape != node.shape or not _only_through(analysis, [first, second], u):
            continue
        inner, outer = (first, second) if first_is_below else (second, first)
        pieces = _pieces(inner, outer, threshold, folded)
        if pieces is None:
            continue
        found = _joined(analysis, node, u, pieces)
        if found is not None:
            return found
    return None


def _split(analysis: Analysis, condition: Tensor) -> tuple[Tensor, Array, bool] | None:
    """What is tested, against which threshold, and whether the first branch is for less."""
    name = condition.primitive.name
    if name not in _BELOW + _ABOVE:
        return None
    left, right = condition.inputs
    if analysis.varies(left) and not analysis.varies(right):
        tested, threshold, below = left, right, name in _BELOW
    elif analysis.varies(right) and not analysis.varies(left):
        tested, threshold, below = right, left, name in _ABOVE
    else:
        return None
    array = _value(threshold)
    if array is None or not np.isfinite(array).all() or not array.size:
        return None
    return unwrap(tested, "label"), array.astype(np.float64), below


def _value(node: Tensor) -> Array | None:
    if any(each.primitive.name == "input" for each in topological([node])):
        return None
    return values_of([node])[0]


def _only_through(analysis: Analysis, branches: Sequence[Tensor], u: Tensor) -> bool:
    """Whether the branches depend on the variables through u only, element by element."""
    order = topological(branches, lambda each: each is not u)
    if any(each is variable for each in order for variable in analysis.variables):
        return False
    order = topological(branches)
    reached = depends_on(order, [u])
    return all(elementwise(each) for each in order if id(each) in reached and each is not u)


def _pieces(
    inner: Tensor, outer: Tensor, threshold: Array, folded: bool
) -> list[tuple[Tensor, float, float, Array | None]] | None:
    """Branch, bounds of the argument there, and the place where the next piece begins."""
    low, high = float(threshold.min()), float(threshold.max())
    if not folded:
        return [(inner, -math.inf, high, threshold), (outer, low, math.inf, None)]
    if low <= 0:
        return None
    return [
        (outer, -math.inf, -low, -threshold),
        (inner, -high, high, threshold),
        (outer, low, math.inf, None),
    ]


def _joined(
    analysis: Analysis,
    node: Tensor,
    u: Tensor,
    pieces: Sequence[tuple[Tensor, float, float, Array | None]],
) -> State | None:
    from .analysis import Analysis

    t = input(u.shape, u.dtype, name="t")
    branches = substitute([branch for branch, *_ in pieces], {u: t})
    if any(each.primitive.name == "input" and each is not t for each in topological(branches)):
        return None
    states: list[State] = []
    inner = analysis[u]
    for branch, (_, low, high, _end) in zip(branches, pieces):
        region = (max(low, inner.low), min(high, inner.high))
        if region[0] > region[1]:
            region = (low, high)
        made = Analysis([branch], [t], {t: region}, analysis.depth + 1)
        states.append(made[branch])
    bend = _common(states)
    if bend is None or not _fit(branches, pieces, t, bend):
        return None
    slopes = {each.slope for each in states} - {"constant"}
    slope: Slope = slopes.pop() if len(slopes) == 1 else "neither" if slopes else "constant"
    low, high = min(each.low for each in states), max(each.high for each in states)
    outer = compose(bend, (slope,), [inner])
    if outer == "unknown":
        return State(
            "unknown",
            low,
            high,
            causes=(u,),
            reason=f"a function in pieces is {bend} here, and its argument is {inner.bend}",
        )
    return State(outer, low, high, slope=compose_slope((slope,), [inner]), causes=(u,))


def _common(states: Sequence[State]) -> str | None:
    bends = {each.bend for each in states}
    if bends <= {"constant", "affine", "convex"}:
        return "convex"
    return "concave" if bends <= {"constant", "affine", "concave"} else None


def _fit(
    branches: Sequence[Tensor],
    pieces: Sequence[tuple[Tensor, float, float, Array | None]],
    t: Tensor,
    bend: str,
) -> bool:
    """Whether the pieces meet without a jump and the slope turns the right way there."""
    for i, (_, _, _, place) in enumerate(pieces[:-1]):
        assert place is not None
        where = np.broadcast_to(place, t.shape).astype(t.dtype)
        step = (1e-9 if t.dtype == np.float64 else 1e-4) * np.maximum(np.abs(where), 1.0)
        left, right = _at(branches[i], t, where), _at(branches[i + 1], t, where)
        size = 1 + np.abs(left[0]) + np.abs(right[0])
        eps = float(np.finfo(t.dtype).eps)
        if not np.all(np.abs(left[0] - right[0]) <= 64 * eps * size):
            return False
        before = _at(branches[i], t, where - step)[1]
        after = _at(branches[i + 1], t, where + step)[1]
        rise = after - before if bend == "convex" else before - after
        if not np.all(rise >= -64 * eps * (1 + np.abs(after) + np.abs(before))):
            return False
    return True


def _at(branch: Tensor, t: Tensor, where: Array) -> tuple[Array, Array]:
    """Value and derivative of an elementwise branch at the points ``where``."""
    (slope,) = gradients([branch.sum()], [t])
    value, rate = values_of(substitute([branch, slope], {t: tensor(where.astype(t.dtype))}))
    return value.astype(np.float64), rate.astype(np.float64)
