"""Exponentials, logarithms and the two functions that saturate: sigmoid and softplus."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..primitive import Curvature, Elementwise, Primitive, by_input
from . import rules
from .arithmetic import chain


def _exponential_bend(low: float, high: float) -> float:
    """The least second derivative of eˣ on [low, high], finite."""
    return math.exp(min(low, 700.0))


exp = Primitive(
    name="exp",
    notation=r"e^{{{0}}}",
    shape=rules.same_shape,
    dtype=rules.floating,
    evaluate=lambda a, x: np.exp(x),
    vjp=by_input(lambda n, c: chain(c, n)),
    curvature=Curvature("convex", ("increasing",), strict=_exponential_bend),
    samples=rules.uniform((-2, 2)),
    native=Elementwise(lambda b, a, x: b.function("exp", x)),
)

log = Primitive(
    name="log",
    notation=r"\ln {0}",
    shape=rules.same_shape,
    dtype=rules.floating,
    evaluate=lambda a, x: np.log(x),
    vjp=by_input(lambda n, c: chain(c, 1 / n.inputs[0])),
    curvature=Curvature(
        "concave",
        ("increasing",),
        strict=lambda low, high: 0.0 if math.isinf(high) else 1 / max(high, 1e-300) ** 2,
    ),
    samples=rules.uniform((0.3, 3)),
    native=Elementwise(lambda b, a, x: b.function("log", x)),
)

log2 = Primitive(
    name="log2",
    notation=r"\log_2 {0}",
    shape=rules.same_shape,
    dtype=rules.floating,
    evaluate=lambda a, x: np.log2(x),
    vjp=by_input(lambda n, c: chain(c, 1 / (n.inputs[0] * math.log(2)))),
    curvature=Curvature("concave", ("increasing",), strict=rules.at_least(0.0)),
    samples=rules.uniform((0.3, 3)),
    native=rules.REFERENCE_ONLY,
)

log10 = Primitive(
    name="log10",
    notation=r"\log_{{10}} {0}",
    shape=rules.same_shape,
    dtype=rules.floating,
    evaluate=lambda a, x: np.log10(x),
    vjp=by_input(lambda n, c: chain(c, 1 / (n.inputs[0] * math.log(10)))),
    curvature=Curvature("concave", ("increasing",), strict=rules.at_least(0.0)),
    samples=rules.uniform((0.3, 3)),
    native=rules.REFERENCE_ONLY,
)

expm1 = Primitive(
    name="expm1",
    notation=r"e^{{{0}}} - 1",
    shape=rules.same_shape,
    dtype=rules.floating,
    evaluate=lambda a, x: np.expm1(x),
    vjp=by_input(lambda n, c: chain(c, exp(n.inputs[0]))),
    curvature=Curvature("convex", ("increasing",), strict=_exponential_bend),
    samples=rules.both(rules.uniform((-2, 2)), rules.uniform((-1e-4, 1e-4))),
    native=Elementwise(lambda b, a, x: b.function("expm1", x)),
)

log1p = Primitive(
    name="log1p",
    notation=r"\ln(1 + {0})",
    shape=rules.same_shape,
    dtype=rules.floating,
    evaluate=lambda a, x: np.log1p(x),
    vjp=by_input(lambda n, c: chain(c, 1 / (1 + n.inputs[0]))),
    curvature=Curvature("concave", ("increasing",), strict=rules.at_least(0.0)),
    samples=rules.both(rules.uniform((-0.5, 3)), rules.uniform((-1e-4, 1e-4))),
    native=Elementwise(lambda b, a, x: b.function("log1p", x)),
)


def _sigmoid(attributes: Any, x: Any) -> Any:
    # e^{-|x|} never overflows; both forms are exact where they are used.
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + small), small / (1 + small)).astype(x.dtype)


sigmoid = Primitive(
    name="sigmoid",
    notation=r"\sigma({0})",
    shape=rules.same_shape,
    dtype=rules.floating,
    evaluate=_sigmoid,
    # sigma(-x) = 1 - sigma(x) without the cancellation near 1.
    vjp=by_input(lambda n, c: chain(c, n * sigmoid(-n.inputs[0]))),
    curvature=Curvature(
        "neither", ("increasing",), regions=rules.inflected("increasing", "convex", "concave")
    ),
    samples=rules.uniform((-4, 4)),
    native=Elementwise(lambda b, a, x: b.function("sigmoid", x)),
)

softplus = Primitive(
    name="softplus",
    notation=r"\ln(1 + e^{{{0}}})",
    shape=rules.same_shape,
    dtype=rules.floating,
    evaluate=lambda a, x: np.logaddexp(x, x.dtype.type(0)),
    vjp=by_input(lambda n, c: chain(c, sigmoid(n.inputs[0]))),
    curvature=Curvature("convex", ("increasing",), strict=rules.at_least(0.0)),
    samples=rules.uniform((-4, 4)),
    native=Elementwise(lambda b, a, x: b.function("softplus", x)),
)
