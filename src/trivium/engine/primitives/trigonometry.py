"""Circular and hyperbolic functions and their inverses."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..primitive import Curvature, Elementwise, Primitive, Shaped, Sloped, by_input
from . import rules
from .arithmetic import chain, sqrt


def _function(
    name: str,
    notation: str,
    evaluate: Any,
    derivative: Any,
    bounds: tuple[float, float],
    curvature: Curvature,
) -> Primitive:
    """A function of one variable; ``derivative(n, x)`` is f'(x), n the node f(x)."""
    return Primitive(
        name=name,
        notation=notation,
        shape=rules.same_shape,
        dtype=rules.floating,
        evaluate=lambda a, x: evaluate(x),
        vjp=by_input(lambda n, c: chain(c, derivative(n, n.inputs[0]))),
        curvature=curvature,
        samples=rules.uniform(bounds),
        native=Elementwise(lambda b, a, x: b.function(name, x)),
        ulp=8,
    )


def _bent(slope: Sloped, below: Shaped, above: Shaped, *domain: float) -> Curvature:
    """Of a monotone function that bends otherwise above 0 than below."""
    return Curvature("neither", (slope,), regions=rules.inflected(slope, below, above, *domain))


_WAVE = Curvature("neither")
sin = _function("sin", r"\sin {0}", np.sin, lambda n, x: cos(x), (-3, 3), _WAVE)
cos = _function("cos", r"\cos {0}", np.cos, lambda n, x: -sin(x), (-3, 3), _WAVE)
tan = _function("tan", r"\tan {0}", np.tan, lambda n, x: 1 + n * n, (-1, 1), _WAVE)
asin = _function(
    "asin",
    r"\arcsin {0}",
    np.arcsin,
    lambda n, x: 1 / sqrt((1 - x) * (1 + x)),
    (-0.8, 0.8),
    _bent("increasing", "concave", "convex", 0.0, -1.0, 1.0),
)
acos = _function(
    "acos",
    r"\arccos {0}",
    np.arccos,
    lambda n, x: -1 / sqrt((1 - x) * (1 + x)),
    (-0.8, 0.8),
    _bent("decreasing", "convex", "concave", 0.0, -1.0, 1.0),
)
atan = _function(
    "atan",
    r"\arctan {0}",
    np.arctan,
    lambda n, x: 1 / (1 + x * x),
    (-3, 3),
    _bent("increasing", "convex", "concave"),
)
sinh = _function(
    "sinh",
    r"\sinh {0}",
    np.sinh,
    lambda n, x: cosh(x),
    (-2, 2),
    _bent("increasing", "concave", "convex"),
)
cosh = _function(
    "cosh",
    r"\cosh {0}",
    np.cosh,
    lambda n, x: sinh(x),
    (-2, 2),
    Curvature("convex", regions=rules.BOWL, strict=rules.at_least(1.0)),
)
tanh = _function(
    "tanh",
    r"\tanh {0}",
    np.tanh,
    lambda n, x: (1 - n) * (1 + n),
    (-2, 2),
    _bent("increasing", "convex", "concave"),
)
asinh = _function(
    "asinh",
    r"\operatorname{{arsinh}} {0}",
    np.arcsinh,
    lambda n, x: 1 / sqrt(x * x + 1),
    (-3, 3),
    _bent("increasing", "convex", "concave"),
)
acosh = _function(
    "acosh",
    r"\operatorname{{arcosh}} {0}",
    np.arccosh,
    lambda n, x: 1 / sqrt((x - 1) * (x + 1)),
    (1.3, 4),
    Curvature("concave", ("increasing",)),
)
atanh = _function(
    "atanh",
    r"\operatorname{{artanh}} {0}",
    np.arctanh,
    lambda n, x: 1 / ((1 - x) * (1 + x)),
    (-0.8, 0.8),
    _bent("increasing", "concave", "convex", 0.0, -1.0, 1.0),
)

atan2 = Primitive(
    name="atan2",
    notation=r"\operatorname{{atan2}}({0}, {1})",
    shape=rules.same_shape,
    dtype=rules.floating,
    evaluate=lambda a, y, x: np.arctan2(y, x),
    vjp=by_input(
        lambda n, c: chain(c, n.inputs[1] / (n.inputs[0] ** 2 + n.inputs[1] ** 2)),
        lambda n, c: chain(c, -n.inputs[0] / (n.inputs[0] ** 2 + n.inputs[1] ** 2)),
    ),
    curvature=Curvature("neither"),
    samples=rules.both(rules.uniform((0.3, 2), (-2, 2)), rules.uniform((-2, -0.3), (-2, 2))),
    native=Elementwise(lambda b, a, y, x: b.function("atan2", y, x)),
    ulp=8,
)
