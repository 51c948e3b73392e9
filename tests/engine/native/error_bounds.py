"""How far two right evaluations of an expression may differ, element by element.

Running error analysis (Higham, Accuracy and Stability of Numerical Algorithms, §3.3): every
element has a bound on the difference of two evaluations whose sums may be in any order and
whose functions may be off by some units in the last place. 0: both must give the same bits. NaN:
nothing can be said, for example of x < y where x and y are closer than their bounds.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.engine.table import TABLE
from trivium.engine.tensor import Tensor, Variable
from trivium.engine.traversal import topological

Array = np.ndarray[Any, Any]
Known = tuple[Any, Any]  # a value and its bound; tuples of them for several results
ANYTHING = np.nan

# One rounding, or none: the same bits from every right implementation.
EXACT = {
    "negative", "add", "subtract", "multiply", "divide", "floor_divide", "remainder", "abs",
    "floor", "ceil", "trunc", "round", "sign", "sqrt", "square", "where", "cast", "chain",
    "equal", "not_equal", "less", "less_equal", "greater", "greater_equal",
    "isnan", "isinf", "isfinite", "random_bits",
    "logical_and", "logical_or", "logical_xor", "logical_not",
    "bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_invert",
    "bitwise_left_shift", "bitwise_right_shift",
}  # fmt: skip
SAME = {"label", "stop_gradient", "outside_ties"}
MOVEMENT = {"reshape", "permute", "broadcast", "pad", "slice", "concat", "flip"}
COMPARISONS = {"equal", "not_equal", "less", "less_equal", "greater", "greater_equal"}
POSITIONS = {"argmax", "argmin", "argsort"}
# Of whole matrices, computed by the reference function whatever the backend.
MATRICES = {
    "cholesky", "eigvalsh", "svdvals", "solve", "det", "adjugate", "pinv", "lstsq", "expm",
    "commutator_solve", "spectral_sum", "singular_sum",
}  # fmt: skip
_ULP = 16  # of a function, beside what its record allows


def evaluate(outputs: list[Tensor], leaves: dict[int, Known]) -> list[Known]:
    """Values and bounds of ``outputs``; ``leaves``: those of inputs and variables by id."""
    found: dict[int, Known] = {}
    with np.errstate(all="ignore"):
        for node in topological(outputs):
            if id(node) in leaves:
                found[id(node)] = leaves[id(node)]
            elif node.primitive.name == "constant":
                array = node.attributes.array
                found[id(node)] = (array, np.zeros(array.shape))
            else:
                assert not isinstance(node, Variable)
                given = [found[id(each)] for each in node.inputs]
                found[id(node)] = _apply(node, given)
    return [found[id(node)] for node in outputs]


def _apply(node: Tensor, given: list[Known]) -> Known:
    name, attributes = node.primitive.name, node.attributes
    if name == "project":
        values, bounds = given[0]
        return values[attributes.part], bounds[attributes.part]
    value = node.primitive.evaluate(attributes, *[value for value, _ in given])
    if node.parts is not None:
        certain = all(np.all(bound == 0) for _, bound in given)
        return value, tuple(_loop_bound(part, certain) for part in value)
    value = np.asarray(value)
    bound = np.array(_bound(node, value, given), dtype=np.float64)
    assert bound.shape == value.shape, name
    if value.dtype.kind != "f":
        bound[bound != 0] = ANYTHING
    bound[np.isinf(bound)] = ANYTHING
    return value, bound


def _loop_bound(value: Array, certain: bool) -> Array:
    if value.dtype.kind != "f":
        return np.full(value.shape, 0.0 if certain else ANYTHING)
    return np.where(
        certain, 1000 * _unit(value) * (1 + np.abs(value.astype(np.float64))), ANYTHING
    )


def _unit(value: Array) -> float:
    return float(np.finfo(value.dtype).eps) / 2


def _tiny(value: Array) -> float:
    return float(np.finfo(value.dtype).smallest_subnormal)


def _wide(value: Array) -> Array:
    return value.astype(np.float64) if value.dtype.kind == "f" else value


def _size(value: Array) -> Array:
    """|x|, and 0 for what is not finite: its share of a rounding error."""
    wide = np.abs(_wide(value)).astype(np.float64)
    return np.where(np.isfinite(wide), wide, 0.0)


def _guarded(value: Array, bound: Any, reach: Any) -> Array:
    """``bound``, or ANYTHING where finite numbers came near the largest one on the way."""
    limit = float(np.finfo(value.dtype).max) / 8
    bound = np.where(np.isfinite(value), bound, np.where(np.isnan(bound), ANYTHING, 0.0))
    return np.where(np.asarray(reach) > limit, ANYTHING, bound)


def _bound(node: Tensor, value: Array, given: list[Known]) -> Any:
    name, attributes, primitive = node.primitive.name, node.attributes, node.primitive
    bounds = [bound for _, bound in given]
    certain = all(np.all(bound == 0) for bound in bounds)
    if name in SAME:
        return bounds[0]
    if name in MATRICES:
        return _loop_bound(value, certain)
    if name in MOVEMENT:
        return primitive.evaluate(attributes, *bounds)
    if name in ("sum", "prod", "cumulative_sum", "cumulative_prod", "contraction"):
        return _long(node, value, given)
    if name in ("max", "min", "sort") or name in POSITIONS:
        return _ordered(node, value, given)
    if name == "gather":
        (_, bound), (index, doubt) = given
        spread = doubt.reshape(doubt.shape + (1,) * (value.ndim - doubt.ndim))
        return bound[index] + spread
    if name == "scatter_add":
        return _scattered(node, value, given)
    if name == "random_bits":
        return np.full(value.shape, sum(float(bound.sum()) for bound in bounds) * ANYTHING
                       if not certain else 0.0)  # fmt: skip
    if name in ("maximum", "minimum"):
        return _extreme(value, given)
    if certain and (name in EXACT or value.dtype.kind != "f"):
        return np.zeros(value.shape)
    return _elementwise(node, value, given)


def _long(node: Tensor, value: Array, given: list[Known]) -> Any:
    """Sums and products of many terms, in any order."""
    name, attributes = node.primitive.name, node.attributes
    evaluate = node.primitive.evaluate
    bounds = [bound for _, bound in given]
    if value.dtype.kind != "f":
        return (
            evaluate(attributes, *[np.where(bound != 0, ANYTHING, 1.0) for bound in bounds]) * 0
        )
    terms = max(given[0][0].size // max(value.size, 1), 1)
    unit, tiny = _unit(value), _tiny(value)
    if name.startswith("cumulative"):
        terms = value.shape[attributes.axis]
    if name == "contraction":
        (x, ex), (y, ey) = given
        sizes = _size(x), _size(y)
        terms = max(x.size, 1)
        reach = evaluate(attributes, *sizes)
        bound = (
            evaluate(attributes, ex, sizes[1])
            + evaluate(attributes, sizes[0], ey)
            + evaluate(attributes, ex, ey)
            + (terms + 1) * (unit * reach + tiny)
        )
        if not all(np.all(each == 0) for each in bounds):
            bound = np.where(np.isfinite(value), bound, ANYTHING)
        return _guarded(value, bound, reach)
    x, bound = given[0]
    if name.endswith("sum"):
        reach = evaluate(attributes, _size(x))
        total = evaluate(attributes, bound) + (terms + 1) * unit * reach + tiny
        return _guarded(value, total, reach)
    if np.any(bound != 0):
        return np.full(value.shape, ANYTHING)
    finite = np.where(np.isfinite(x) & (x != 0), np.abs(_wide(x)), 1.0)
    reach = evaluate(attributes, np.maximum(finite, 1.0))
    least = evaluate(attributes, np.minimum(finite, 1.0))
    factors = (terms + 1) * unit * np.abs(_wide(value)) + tiny
    factors = np.where(np.isfinite(value), factors, 0.0)
    lost = least < 8 * float(np.finfo(value.dtype).tiny)
    return np.where(lost, ANYTHING, _guarded(value, factors, reach))


def _ordered(node: Tensor, value: Array, given: list[Known]) -> Any:
    (x, bound), attributes = given[0], node.attributes
    axes = getattr(attributes, "axes", None)
    if axes is None:
        axes = (attributes.axis,)
    kept = node.primitive.name in ("sort", "argsort")
    if not x.size:
        return np.zeros(value.shape)
    worst = np.max(bound, axis=axes, keepdims=kept)  # NaN if any is
    if node.primitive.name in POSITIONS:
        worst = np.where(worst == 0, 0.0, ANYTHING)
    elif value.dtype.kind == "f":  # which of 0 and -0 comes first is nobody's promise
        worst = np.where(value == 0, np.maximum(worst, _tiny(value)), worst)
    return np.broadcast_to(worst, value.shape)


def _scattered(node: Tensor, value: Array, given: list[Known]) -> Any:
    (x, bound), (index, doubt) = given
    if np.any(np.isnan(doubt)):
        return np.full(value.shape, ANYTHING)
    if np.all(bound == 0):
        return np.zeros(value.shape)
    total = node.primitive.evaluate(node.attributes, bound, index)
    if value.dtype.kind != "f":
        return total
    reach = node.primitive.evaluate(node.attributes, _size(x), index)
    rounding = (index.size + 1) * _unit(value) * reach + _tiny(value)
    return _guarded(value, total + rounding, reach)


def _extreme(value: Array, given: list[Known]) -> Any:
    (x, ex), (y, ey) = given
    worst = np.maximum(ex, ey)  # NaN if either is
    if value.dtype.kind == "f":
        zeros = (x == 0) & (y == 0) & (np.signbit(x) != np.signbit(y))
        worst = np.where(zeros, np.maximum(worst, _tiny(value)), worst)
    return worst


def _elementwise(node: Tensor, value: Array, given: list[Known]) -> Any:
    name = node.primitive.name
    bounds = [bound for _, bound in given]
    doubtful = np.isnan(sum(bounds[1:], start=bounds[0]))
    if name == "where":
        condition, ((_, ex), (_, ey)) = given[0], (given[1], given[2])
        chosen = np.where(condition[0], ex, ey)
        return np.where(np.isnan(condition[1]), ANYTHING, chosen)
    if name in COMPARISONS and given[0][0].dtype.kind == "f":
        (x, ex), (y, ey) = given
        near = np.abs(_wide(x) - _wide(y)) <= ex + ey
        return np.where(doubtful | (near & (ex + ey > 0)), ANYTHING, 0.0)
    if value.dtype.kind != "f" and given[0][0].dtype.kind != "f":
        return np.where(doubtful, ANYTHING, 0.0)
    if name == "cast" and given[0][0].dtype.kind != "f":
        return np.where(doubtful, ANYTHING, 0.0)
    unit = _unit(value) if value.dtype.kind == "f" else 0.0
    tiny = _tiny(value) if value.dtype.kind == "f" else 0.0
    sizes = [_size(x) for x, _ in given]
    finite = np.isfinite(value)
    if name in ("add", "subtract"):
        reach = sizes[0] + sizes[1]
        bound = bounds[0] + bounds[1] + unit * reach
        return np.where(doubtful, ANYTHING, _guarded(value, bound, reach))
    if name in ("multiply", "square", "chain"):
        (x, ex), (y, ey) = given[0], given[-1]
        bound = sizes[0] * ey + sizes[-1] * ex + ex * ey + unit * _size(value) + tiny
        unsure = ~(np.isfinite(x) & np.isfinite(y)) & (ex + ey > 0)
        guarded = _guarded(value, bound, sizes[0] * sizes[-1])
        return np.where(doubtful | unsure, ANYTHING, guarded)
    if name in ("remainder", "floor_divide") and value.dtype.kind == "f":
        # An error of a quarter of the divisor may be any remainder; the corners need not show it.
        doubtful = doubtful | (4 * bounds[0] >= sizes[1])
    return _by_corners(node, value, given, doubtful, unit, tiny, finite)


def _by_corners(
    node: Tensor, value: Array, given: list[Known], doubtful: Any, unit: float, tiny: float,
    finite: Any,
) -> Any:  # fmt: skip
    """The largest change when every operand is moved to either end of its bound."""
    name = node.primitive.name
    exact = name in EXACT
    slack = _ULP + node.primitive.ulp if not exact else 1
    rounding = np.where(
        finite, slack * unit * _size(value) + tiny * (slack if not exact else 1), 0
    )
    bound = np.zeros(value.shape)
    moved = [bound_ > 0 for _, bound_ in given]
    anywhere = moved[0] if len(moved) == 1 else np.logical_or.reduce(moved)
    if not np.any(anywhere | doubtful):
        return rounding
    unsure = doubtful.copy()
    ends = []
    for x, own in given:
        wide = _wide(x).astype(np.float64)
        span = np.where(np.isnan(own), 0.0, own)
        steps = [np.nextafter(wide + s * span, s * np.inf) for s in (-1, 1)]
        ends.append([np.where(span > 0, step, wide) for step in steps])
        # Far from a point, functions may have poles between the ends.
        unsure |= span > 1e-2 * np.maximum(1.0, np.abs(wide)) * (span > 0)
        if name in ("divide", "power", "atan2", "remainder", "floor_divide", "log", "sqrt"):
            unsure |= (span > 0) & (np.abs(wide) <= 2 * span)
        unsure |= (span > 0) & ~np.isfinite(wide)
    corners = [[a] for a in ends[0]] if len(ends) == 1 else [
        [a, b] for a in ends[0] for b in ends[1]
    ]  # fmt: skip
    for corner in corners:
        there = np.asarray(node.primitive.evaluate(node.attributes, *corner))
        if value.dtype.kind != "f":
            unsure |= anywhere & (there != value)
            continue
        there = there.astype(np.float64)
        unsure |= anywhere & (np.isfinite(there) != finite)
        change = np.where(finite & np.isfinite(there), np.abs(there - _wide(value)), 0.0)
        if name in ("floor", "ceil", "trunc", "round", "sign", "floor_divide", "remainder"):
            unsure |= anywhere & (
                change > (0 if name != "remainder" else 1e-3 * (1 + _size(value)))
            )
        bound = np.maximum(bound, change)
    limit = float(np.finfo(value.dtype).max) / 8 if value.dtype.kind == "f" else np.inf
    near_end = anywhere & (_size(value) > limit)
    return np.where(unsure | near_end, ANYTHING, 2 * bound + rounding)


def assert_agree(found: Array, expected: Array, bound: Array, what: str) -> None:
    """Fail where the two differ by more than ``bound``."""
    assert found.dtype == expected.dtype, what
    assert found.shape == expected.shape == bound.shape, what
    known = ~np.isnan(bound)
    if found.dtype.kind != "f":
        wrong = known & (found != expected)
    else:
        both_nan = np.isnan(found) & np.isnan(expected)
        same = (found == expected) & (
            (bound > 0) | (found != 0) | (np.signbit(found) == np.signbit(expected))
        )
        with np.errstate(all="ignore"):
            near = np.abs(_wide(found) - _wide(expected)) <= bound
        near &= np.isfinite(found) & np.isfinite(expected)
        wrong = known & ~(both_nan | same | (near & (bound > 0)))
    if np.any(wrong):
        place = tuple(int(i) for i in np.argwhere(wrong)[0])
        raise AssertionError(
            f"{what}: {np.sum(wrong)} of {found.size} elements differ; at {place} native gives "
            f"{found[place]!r}, the reference {expected[place]!r}, bound {bound[place]}"
        )


assert set(TABLE) >= EXACT
