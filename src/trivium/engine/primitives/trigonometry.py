"""Circular and hyperbolic functions and their inverses."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..primitive import Curvature, Elementwise, Primitive, by_input
from . import rules
from .arithmetic import chain, sqrt


def _function(
    name: str,
    notation: str,
    evaluate: Any,
    derivative: Any,
    bounds: tuple[float, float],
    slope: Any = "neither",
) -> Primitive:
    """A function of one variable; ``derivative(n, x)`` is f'(x), n the node f(x)."""
    return Primitive(
        name=name,
        notation=notation,
        shape=rules.same_shape,
        dtype=rules.floating,
        evaluate=lambda a, x: evaluate(x),
        vjp=by_input(lambda n, c: chain(c, derivative(n, n.inputs[0]))),
        curvature=Curvature("neither", (slope,)),
        samples=rules.uniform(bounds),
        native=Elementwise(lambda b, a, x: b.function(name, x)),
        ulp=8,
    )


sin = _function("sin", r"\sin {0}", np.sin, lambda n, x: cos(x), (-3, 3))
cos = _function("cos", r"\cos {0}", np.cos, lambda n, x: -sin(x), (-3, 3))
tan = _function("tan", r"\tan {0}", np.tan, lambda n, x: 1 + n * n, (-1, 1))
asin = _function(
    "asin",
    r"\arcsin {0}",
    np.arcsin,
    lambda n, x: 1 / sqrt((1 - x) * (1 + x)),
    (-0.8, 0.8),
    "increasing",
)
acos = _function(
    "acos",
    r"\arccos {0}",
    np.arccos,
    lambda n, x: -1 / sqrt((1 - x) * (1 + x)),
    (-0.8, 0.8),
    "decreasing",
)
atan = _function(
    "atan", r"\arctan {0}", np.arctan, lambda n, x: 1 / (1 + x * x), (-3, 3), "increasing"
)
sinh = _function("sinh", r"\sinh {0}", np.sinh, lambda n, x: cosh(x), (-2, 2), "increasing")
cosh = _function("cosh", r"\cosh {0}", np.cosh, lambda n, x: sinh(x), (-2, 2))
tanh = _function(
    "tanh", r"\tanh {0}", np.tanh, lambda n, x: (1 - n) * (1 + n), (-2, 2), "increasing"
)
asinh = _function(
    "asinh",
    r"\operatorname{{arsinh}} {0}",
    np.arcsinh,
    lambda n, x: 1 / sqrt(x * x + 1),
    (-3, 3),
    "increasing",
)
acosh = _function(
    "acosh",
    r"\operatorname{{arcosh}} {0}",
    np.arccosh,
    lambda n, x: 1 / sqrt((x - 1) * (x + 1)),
    (1.3, 4),
    "increasing",
)
atanh = _function(
    "atanh",
    r"\operatorname{{artanh}} {0}",
    np.arctanh,
    lambda n, x: 1 / ((1 - x) * (1 + x)),
    (-0.8, 0.8),
    "increasing",
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
