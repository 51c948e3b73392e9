"""How primitives of one variable bend where their argument is known to lie in a region.

The records of the primitives claim what holds on the whole domain; here stands what holds on a
part of it. Outside a region nothing is claimed, so these are used only where bounds of the
argument prove that it stays inside.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from trivium.engine.primitive import Unsupported
from trivium.engine.tensor import Tensor

__all__ = ["Region", "behaviour", "least_curvature"]


class Region(NamedTuple):
    """On [low, high] a function has this curvature and this slope."""

    low: float
    high: float
    shape: str
    slope: str


_INF = math.inf
_CUBE_LIKE = (
    Region(0, _INF, "convex", "increasing"),
    Region(-_INF, 0, "concave", "increasing"),
)
_SIGMOID_LIKE = (
    Region(0, _INF, "concave", "increasing"),
    Region(-_INF, 0, "convex", "increasing"),
)
_BOWL = (
    Region(0, _INF, "convex", "increasing"),
    Region(-_INF, 0, "convex", "decreasing"),
    Region(-_INF, _INF, "convex", "neither"),
)

_REGIONS: dict[str, tuple[Region, ...]] = {
    "abs": (
        Region(0, _INF, "affine", "increasing"),
        Region(-_INF, 0, "affine", "decreasing"),
        Region(-_INF, _INF, "convex", "neither"),
    ),
    "square": _BOWL,
    "cosh": _BOWL,
    "sinh": _CUBE_LIKE,
    "tanh": _SIGMOID_LIKE,
    "sigmoid": _SIGMOID_LIKE,
    "atan": _SIGMOID_LIKE,
    "asinh": _SIGMOID_LIKE,
    "erf": _SIGMOID_LIKE,
    "erfc": (
        Region(0, _INF, "convex", "decreasing"),
        Region(-_INF, 0, "concave", "decreasing"),
    ),
    "acosh": (Region(-_INF, _INF, "concave", "increasing"),),
    "asin": (
        Region(0, 1, "convex", "increasing"),
        Region(-1, 0, "concave", "increasing"),
    ),
    "acos": (
        Region(0, 1, "concave", "decreasing"),
        Region(-1, 0, "convex", "decreasing"),
    ),
    "atanh": (
        Region(0, 1, "convex", "increasing"),
        Region(-1, 0, "concave", "increasing"),
    ),
    "erfinv": (
        Region(0, 1, "convex", "increasing"),
        Region(-1, 0, "concave", "increasing"),
    ),
    "normal_quantile": (
        Region(0.5, 1, "convex", "increasing"),
        Region(0, 0.5, "concave", "increasing"),
    ),
    # Γ is least at 1.4616…, and ln Γ convex for positive arguments (Bohr & Mollerup 1922).
    "log_gamma": (
        Region(1.4616321449683624, _INF, "convex", "increasing"),
        Region(0, 1.46163214496836, "convex", "decreasing"),
        Region(0, _INF, "convex", "neither"),
    ),
}


def behaviour(node: Tensor, low: float, high: float) -> tuple[str, str]:
    """Curvature and slope of a primitive of one input whose values lie in [low, high]."""
    name = node.primitive.name
    regions = (
        _polygamma(node.attributes.order) if name == "polygamma" else _REGIONS.get(name, ())
    )
    for region in regions:
        if region.low <= low and high <= region.high:
            return region.shape, region.slope
    curvature = node.primitive.curvature
    if isinstance(curvature, Unsupported):
        return "neither", "neither"
    return curvature.shape, curvature.slope[0]


def _polygamma(order: int) -> tuple[Region, ...]:
    """(-1)ⁿ⁺¹ ψ⁽ⁿ⁾ is positive, falling and convex on (0, ∞) for n ≥ 1 (DLMF 5.15.1); ψ itself
    rises and is concave."""
    if order % 2:
        return (Region(0, _INF, "convex", "decreasing"),)
    return (Region(0, _INF, "concave", "increasing"),)


# The least |f''| of functions that bend strictly, on [low, high]; 0 says strictly, but by no
# fixed amount. A function is in here only if its curvature is that of ``behaviour``.
_STRICT: dict[str, Callable[[float, float], float]] = {
    "square": lambda low, high: 2.0,
    "exp": lambda low, high: math.exp(min(low, 700.0)),
    "expm1": lambda low, high: math.exp(min(low, 700.0)),
    "softplus": lambda low, high: 0.0,
    "cosh": lambda low, high: 1.0,
    "log": lambda low, high: 0.0 if math.isinf(high) else 1 / max(high, 1e-300) ** 2,
    "log1p": lambda low, high: 0.0,
    "log2": lambda low, high: 0.0,
    "log10": lambda low, high: 0.0,
    "sqrt": lambda low, high: 0.0,
}


def least_curvature(node: Tensor, low: float, high: float) -> float | None:
    """The least |f''| of the primitive on [low, high], or None where it need not bend."""
    if node.primitive.name == "power":
        return _of_power(node, low)
    rule: Any = _STRICT.get(node.primitive.name)
    return None if rule is None else rule(low, high)


def _of_power(node: Tensor, low: float) -> float | None:
    from trivium.engine.passes.rewrite import unwrap

    exponent = unwrap(node.inputs[1], "broadcast", "reshape", "cast")
    if exponent.primitive.name != "constant" or exponent.size != 1:
        return None
    p = float(exponent.attributes.array)
    if p in (0.0, 1.0):
        return None
    if p == 2.0:
        return 2.0
    return 0.0 if low >= 0 or (p > 0 and p % 2 == 0) else None
