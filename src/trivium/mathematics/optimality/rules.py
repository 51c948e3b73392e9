"""The state of a node from the states of its inputs: the calculus of disciplined convexity.

The general rule is composition (``state.compose``) with the curvature and the slopes that the
primitive's record claims. Products, quotients, powers, roots and logarithms have a rule of
their own here, because what they do depends on signs or on where their argument came from.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

from trivium.engine import dtypes
from trivium.engine.passes.rewrite import unwrap
from trivium.engine.primitive import Curvature, Unsupported
from trivium.engine.primitives import rules as record_rules
from trivium.engine.tensor import Tensor

from .intervals import bounds_of
from .state import Bend, Slope, State, compose, compose_slope, flipped, spoken

__all__ = ["elementwise", "exponent", "transfer"]

# Movements and choices: what holds of every element before holds of every element after.
_KEEPING = frozenset(
    ("broadcast", "cast", "flip", "gather", "label", "permute", "reshape", "slice")
)
_ADDING = frozenset(("add", "sum", "concat", "cumulative_sum", "pad", "scatter_add"))


def transfer(node: Tensor, inputs: Sequence[State]) -> State:
    """The state of ``node`` from those of its inputs, of which some vary with the variables."""
    if node.parts is not None or node.dtype is None or node.primitive.name == "project":
        return _unknown(node, f"{node.primitive.name} makes no claim about its curvature")
    if not dtypes.is_floating(node.dtype):
        return _unknown(node, f"{node.primitive.name} gives {node.dtype}, which moves in jumps")
    for source, each in zip(node.inputs, inputs):
        if each.bend == "unknown" and not each.quadratic:
            return State("unknown", causes=(source,))
    curvature = node.primitive.curvature
    if isinstance(curvature, Unsupported):
        return _unknown(node, f"{node.primitive.name} makes no claim about its curvature")
    low, high = bounds_of(node, inputs)
    rule = _RULES.get(node.primitive.name, _general)
    found = rule(node, inputs, curvature)
    # What is known of the values may be sharper than the rule's own bounds.
    return replace(
        found,
        low=max(low, found.low),
        high=min(high, found.high),
        quadratic=found.quadratic or found.flat,
        squares=found.squares or (found.bend == "constant" and low >= 0),
        log_convex=found.log_convex or (found.bend == "constant" and low > 0),
        causes=found.causes or node.inputs,
    )


def _unknown(node: Tensor, reason: str) -> State:
    return State("unknown", causes=node.inputs, reason=reason)


def _general(node: Tensor, inputs: Sequence[State], curvature: Curvature) -> State:
    """Composition with what the record claims, in the region where the argument lies."""
    name = node.primitive.name
    if name == "stop_gradient":
        return _unknown(
            node,
            "stop_gradient hides a dependence on the variables from the gradient, so gradients "
            "are not those of this function",
        )
    varying = [i for i, each in enumerate(inputs) if each.varies]
    if curvature.linear_in and not set(varying) <= set(curvature.linear_in):
        return _unknown(node, f"{name} is not linear in all that varies here")
    slopes: Sequence[str] = curvature.slope
    shape: str = curvature.shape
    if len(inputs) == 1 and node.inputs[0].shape == node.shape:
        shape, only = curvature.on(node.attributes, inputs[0].low, inputs[0].high)
        slopes = (only,)
    bend = compose(shape, slopes, inputs)
    made = State(bend, slope=compose_slope(slopes, inputs))
    if name in _KEEPING or name in _ADDING:
        made = replace(
            made,
            squares=all(each.squares for each in inputs),
            log_convex=all(each.log_convex for each in inputs) and name != "pad",
            quadratic=shape == "affine" and all(each.quadratic for each in inputs),
        )
        if name in ("gather", "scatter_add"):
            made = replace(
                made,
                squares=inputs[0].squares,
                log_convex=inputs[0].log_convex and name == "gather",
                quadratic=inputs[0].quadratic,
            )
    elif shape == "affine":
        made = replace(made, quadratic=all(each.quadratic for each in inputs))
    elif name in ("max", "maximum", "prod") and all(each.log_convex for each in inputs):
        made = replace(made, bend="convex", log_convex=True)
    if made.bend == "unknown":
        return replace(made, reason=_why_not(name, shape, slopes, inputs))
    return made


def _why_not(name: str, shape: str, slopes: Sequence[str], inputs: Sequence[State]) -> str:
    """Why the composition rule gave up."""
    if shape == "neither":
        return f"{name} is neither convex nor concave on the values that its argument may take"
    for i, inner in enumerate(inputs):
        if inner.flat:
            continue
        slope = slopes[min(i, len(slopes) - 1)]
        moves = f"and {slope}" if slope != "neither" else "but not monotone"
        return f"{name} is {shape} {moves} here, and its argument is {inner.bend}"
    return f"{name} joins convex with concave values"


# Products.


def _scaled(node: Tensor, x: State, factor: State, source: Tensor) -> State:
    """A constant factor times x: the factor's sign decides."""
    sign = factor.sign
    if sign == 0 and not x.flat:
        if x.quadratic:
            return State("unknown", quadratic=True, causes=(source,))
        return replace(
            _unknown(
                node,
                f"{spoken(x.bend)} value is multiplied by a factor that is not known to have one "
                f"sign ({_range(factor)})",
            ),
            causes=node.inputs,
        )
    bend: Bend = x.bend
    if sign < 0 and bend in ("convex", "concave"):
        bend = "concave" if bend == "convex" else "convex"
    slope: Slope = "neither"
    if sign > 0:
        slope = x.slope
    elif sign < 0:
        slope = flipped(x.slope)
    elif x.slope == "constant":
        slope = "constant"
    return State(
        bend,
        slope=slope,
        squares=sign > 0 and x.squares,
        log_convex=factor.low > 0 and x.log_convex,
        quadratic=x.quadratic,
        causes=(source,) if bend == "unknown" else (),
    )


def _range(state: State) -> str:
    return f"between {state.low:.3g} and {state.high:.3g}"


def _product(node: Tensor, inputs: Sequence[State], curvature: Curvature) -> State:
    x, y = inputs
    if not x.varies:
        return _scaled(node, y, x, node.inputs[1])
    if not y.varies:
        return _scaled(node, x, y, node.inputs[0])
    if node.inputs[0] is node.inputs[1] and _aligned(node):
        return _squared(node, x)
    quadratic = x.flat and y.flat
    if x.log_convex and y.log_convex:
        return State("convex", log_convex=True, quadratic=quadratic)
    name = node.primitive.name
    what = "product" if name in ("multiply", "chain") else f"product ({name})"
    return State(
        "unknown",
        quadratic=quadratic,
        causes=node.inputs,
        reason=f"the {what} of two values that both depend on the variables",
    )


def _aligned(node: Tensor) -> bool:
    """Whether a product of x with itself pairs every element with itself."""
    if node.primitive.name == "contraction":
        left, right, _ = node.attributes
        return bool(left == right)
    return True


def _squared(node: Tensor, x: State) -> State:
    """x²: convex for affine x, and for convex x ≥ 0 or concave x ≤ 0."""
    if x.flat or (x.bend == "convex" and x.low >= 0) or (x.bend == "concave" and x.high <= 0):
        slope: Slope = x.slope if x.low >= 0 else flipped(x.slope) if x.high <= 0 else "neither"
        if x.slope == "constant":
            slope = "constant"
        return State("convex", low=0.0, squares=True, quadratic=x.flat, slope=slope)
    return State(
        "unknown",
        low=0.0,
        quadratic=False,
        causes=node.inputs,
        reason=f"the square of {spoken(x.bend)} value that may be "
        f"{'negative' if x.bend == 'convex' else 'positive'}",
    )


def _square(node: Tensor, inputs: Sequence[State], curvature: Curvature) -> State:
    return _squared(node, inputs[0])


def _inverse(y: State) -> State:
    """The bounds of 1/y; a divisor that may be zero has no sign."""
    if y.low > 0:
        return State("constant", 1 / y.high, 1 / y.low)
    if y.high < 0:
        return State("constant", 1 / y.high, 1 / y.low)
    return State("constant")


def _divide(node: Tensor, inputs: Sequence[State], curvature: Curvature) -> State:
    x, y = inputs
    if not y.varies:
        return _scaled(node, x, _inverse(y), node.inputs[0])
    positive = y.low >= 0
    if positive and y.bend in ("affine", "concave") and x.low >= 0:
        # c/y is convex and falls; x²/y is convex in both (Boyd & Vandenberghe, §3.1.5).
        if not x.varies:
            return State("convex", low=0.0, slope=flipped(y.slope), log_convex=x.low > 0)
        if x.squares and y.flat and x.bend == "convex":
            return State("convex", low=0.0)
    if not x.varies:
        return _unknown(
            node, f"the divisor is {y.bend} and not known to be positive ({_range(y)})"
        )
    return _unknown(node, "the quotient of two values that both depend on the variables")


# Powers, roots and logarithms.


def exponent(node: Tensor) -> float | None:
    """The exponent of a power, if it is one known number."""
    source = unwrap(node.inputs[1], "broadcast", "reshape", "cast")
    if source.primitive.name != "constant" or source.size != 1:
        return None
    return float(source.attributes.array.reshape(()))


def _power(node: Tensor, inputs: Sequence[State], curvature: Curvature) -> State:
    x, y = inputs
    p = exponent(node)
    if y.varies:
        if not x.varies and x.low > 0:
            # aʸ = e^{y ln a}.
            return State(
                "convex" if y.flat else "unknown",
                low=0.0,
                log_convex=y.flat,
                causes=node.inputs,
                reason="" if y.flat else f"a power whose exponent is {y.bend}",
            )
        return _unknown(node, "a power whose exponent depends on the variables")
    if p is None:
        return _unknown(node, "a power whose exponent is not one known number")
    if p == 0:
        return State("affine", low=1.0, high=1.0, slope="constant", quadratic=True)
    if p == 1:
        return replace(x, causes=())
    if p == 2:
        return _squared(node, x)
    if x.log_convex and p > 0:
        return State("convex", low=0.0, log_convex=True)
    shape, slope = _power_shape(p, x)
    bend = compose(shape, (slope,), [x])
    if bend == "unknown":
        return _unknown(
            node,
            f"the power {p:g} of {spoken(x.bend)} value "
            f"{'' if x.low >= 0 else 'that may be negative'}".rstrip(),
        )
    return State(
        bend,
        low=0.0 if bend == "convex" and (p % 2 == 0 or x.low >= 0) else -math.inf,
        slope=compose_slope((slope,), [x]),
    )


def _power_shape(p: float, x: State) -> tuple[str, str]:
    """Curvature and slope of tᵖ where t lies, or on its domain t ≥ 0 for other exponents."""
    whole = p == int(p) if math.isfinite(p) else False
    if p > 1 and whole and p % 2 == 0:
        slope = "increasing" if x.low >= 0 else "decreasing" if x.high <= 0 else "neither"
        return "convex", slope
    if p > 1 and whole:
        if x.low >= 0:
            return "convex", "increasing"
        return ("concave", "increasing") if x.high <= 0 else ("neither", "increasing")
    if p > 1:
        # Of negative numbers there is no such power: the domain is a half space.
        return "convex", "increasing" if x.low >= 0 else "neither"
    if p > 0:
        return "concave", "increasing"
    if x.low >= 0:
        return "convex", "decreasing"
    return ("convex", "neither") if not whole else ("neither", "neither")


def _root(node: Tensor, inputs: Sequence[State], curvature: Curvature) -> State:
    x = inputs[0]
    if x.squares and x.varies:
        # A Euclidean length of affine values (and of the root of a constant).
        return State("convex", low=0.0)
    if x.log_convex and x.varies:
        return State("convex", low=0.0, log_convex=True)
    return replace(_general(node, inputs, curvature), low=0.0)


def _logarithm(node: Tensor, inputs: Sequence[State], curvature: Curvature) -> State:
    x = inputs[0]
    if x.log_convex and x.varies:
        found = _general(node, inputs, curvature)
        if found.bend != "affine":
            return State("convex", slope=x.slope)
    return _general(node, inputs, curvature)


def _exponential(node: Tensor, inputs: Sequence[State], curvature: Curvature) -> State:
    found = _general(node, inputs, curvature)
    return replace(found, low=0.0, log_convex=inputs[0].bend in ("affine", "convex"))


def _choice(node: Tensor, inputs: Sequence[State], curvature: Curvature) -> State:
    condition, x, y = inputs
    if condition.varies:
        return _unknown(node, "which branch is taken depends on the variables")
    found = _general(node, inputs, curvature)
    return replace(
        found,
        squares=x.squares and y.squares,
        log_convex=x.log_convex and y.log_convex,
        quadratic=x.quadratic and y.quadratic,
        slope=compose_slope(("increasing",), [x, y]),
    )


_Rule = Callable[[Tensor, Sequence[State], Curvature], State]
_RULES: dict[str, _Rule] = {
    "chain": _product,
    "contraction": _product,
    "divide": _divide,
    "exp": _exponential,
    "log": _logarithm,
    "log2": _logarithm,
    "log10": _logarithm,
    "multiply": _product,
    "power": _power,
    "sqrt": _root,
    "square": _square,
    "where": _choice,
}


def elementwise(node: Tensor) -> bool:
    """Whether every element of the node depends on the same elements of its inputs only."""
    return node.primitive.shape is record_rules.same_shape
