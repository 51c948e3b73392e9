"""What is known of a node as a function of the variables: how it bends, and its bounds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from trivium.engine.tensor import Tensor

__all__ = [
    "Bend",
    "Slope",
    "State",
    "compose",
    "compose_slope",
    "flipped",
    "hull",
    "outward",
    "spoken",
]

Bend = Literal["constant", "affine", "convex", "concave", "unknown"]
Slope = Literal["constant", "increasing", "decreasing", "neither"]


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """What holds for every element of a node.

    ``bend``: its curvature in all variables together. ``low``, ``high``: bounds of its values.
    ``slope``: its monotonicity, where there is one scalar-like variable. ``squares``: whether
    it is a sum of squares of affine values (or of convex ones that are not negative) with
    weights that are not negative. ``log_convex``: whether it is positive and its logarithm
    convex. ``quadratic``: whether it is a polynomial of degree two at most. ``causes``: the
    inputs on which the rule that was used looked. ``reason``: why ``bend`` is unknown.
    """

    bend: Bend
    low: float = -math.inf
    high: float = math.inf
    slope: Slope = "neither"
    squares: bool = False
    log_convex: bool = False
    quadratic: bool = False
    causes: tuple[Tensor, ...] = ()
    reason: str = ""

    @property
    def varies(self) -> bool:
        """Whether the node depends on the variables."""
        return self.bend != "constant"

    @property
    def flat(self) -> bool:
        """Whether the node is constant or affine."""
        return self.bend in ("constant", "affine")

    @property
    def sign(self) -> int:
        """1 where nothing is negative, -1 where nothing is positive, 0 where neither is known."""
        return 1 if self.low >= 0 else -1 if self.high <= 0 else 0


def compose(shape: str, slopes: Sequence[str], inputs: Sequence[State]) -> Bend:
    """The curvature of h(g₁, …, g_k) from that of h, its slopes and the curvature of the g_i.

    It is convex if h is convex and each g_i is affine, or convex where h increases in it, or
    concave where h decreases in it; concave likewise. Source: Boyd & Vandenberghe (2004),
    *Convex Optimization*, §3.2.4; Grant, Boyd & Ye (2006), "Disciplined convex programming",
    §6.4.
    """
    if all(not each.varies for each in inputs):
        return "constant"
    if shape == "affine" and all(each.flat for each in inputs):
        return "affine"
    pairs = [(slopes[min(i, len(slopes) - 1)], each) for i, each in enumerate(inputs)]
    if shape in ("affine", "convex") and all(
        _keeps(s, g, "convex", "concave") for s, g in pairs
    ):
        return "convex"
    if shape in ("affine", "concave") and all(
        _keeps(s, g, "concave", "convex") for s, g in pairs
    ):
        return "concave"
    return "unknown"


def _keeps(slope: str, inner: State, same: str, opposite: str) -> bool:
    if inner.flat:
        return True
    return (slope == "increasing" and inner.bend == same) or (
        slope == "decreasing" and inner.bend == opposite
    )


def compose_slope(slopes: Sequence[str], inputs: Sequence[State]) -> Slope:
    """The monotonicity of h(g₁, …, g_k) in the one variable, from that of h and of the g_i."""
    found: set[Slope] = set()
    for i, inner in enumerate(inputs):
        if inner.slope == "constant":
            continue
        outer = slopes[min(i, len(slopes) - 1)]
        if outer == "increasing":
            found.add(inner.slope)
        elif outer == "decreasing":
            found.add(flipped(inner.slope))
        else:
            return "neither"
    return "constant" if not found else found.pop() if len(found) == 1 else "neither"


def flipped(slope: Slope) -> Slope:
    """The monotonicity of the negative."""
    if slope == "increasing":
        return "decreasing"
    return "increasing" if slope == "decreasing" else slope


def outward(low: Any, high: Any) -> tuple[float, float]:
    """Bounds that rounding has not moved inwards; NaN bounds nothing. Zero stays zero: a sum or
    product that is exactly zero was not rounded."""
    low = -math.inf if math.isnan(low) else float(low)
    high = math.inf if math.isnan(high) else float(high)
    return (
        low if low == 0 or math.isinf(low) else float(np.nextafter(low, -math.inf)),
        high if high == 0 or math.isinf(high) else float(np.nextafter(high, math.inf)),
    )


def spoken(bend: Bend) -> str:
    """A curvature with its article: ``an affine``, ``a convex``."""
    return f"an {bend}" if bend in ("affine", "unknown") else f"a {bend}"


def hull(inputs: Sequence[State]) -> tuple[float, float]:
    """The bounds of what is one of the inputs."""
    return min(each.low for each in inputs), max(each.high for each in inputs)
