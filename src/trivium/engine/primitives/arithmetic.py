"""Elementwise arithmetic on numbers of one dtype and one shape."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ..primitive import Curvature, Elementwise, Primitive, Region, by_input
from . import rules

if TYPE_CHECKING:
    from ..tensor import Tensor


def chain(cotangent: Tensor, factor: Tensor) -> Tensor:
    """Cotangent times local derivative, exactly zero where the cotangent is exactly zero.

    So a branch of ``where`` that was not taken (cotangent 0) never turns an infinite or
    undefined local derivative into NaN.
    """
    return CHAIN(cotangent, factor)


def _chain(attributes: Any, cotangent: Any, factor: Any) -> Any:
    return np.where(cotangent == 0, cotangent, cotangent * factor)


def _harmless(factor: Tensor, by: Tensor) -> Tensor:
    """``factor``, with 0 for what is infinite or undefined where ``by`` is exactly zero.

    Derivatives of ``chain`` need it: there the product is 0 whatever the factor, so neither
    input's derivative may see the other's infinity (second and higher derivatives of branches
    that were not taken).
    """
    from ..composites import where
    from .comparison import isfinite

    return where((by == 0) & ~isfinite(factor), 0.0, factor)


CHAIN = Primitive(
    name="chain",
    notation=r"{0} \odot {1}",
    shape=rules.same_shape,
    dtype=rules.floating,
    evaluate=_chain,
    vjp=by_input(
        lambda n, c: chain(c, _harmless(n.inputs[1], n.inputs[0])),
        lambda n, c: chain(_harmless(c, n.inputs[0]), n.inputs[0]),
    ),
    curvature=Curvature("neither", linear_in=(0, 1)),
    samples=rules.uniform((-2, 2), (-2, 2)),
    native=Elementwise(
        lambda b, a, c, f: b.select(
            b.compare("==", c, b.constant(0, c.dtype)), c, b.multiply(c, f)
        )
    ),
)

negative = Primitive(
    name="negative",
    notation=r"-{0}",
    shape=rules.same_shape,
    dtype=rules.numeric,
    evaluate=lambda a, x: np.negative(x),
    vjp=by_input(lambda n, c: -c),
    curvature=Curvature("affine", ("decreasing",)),
    samples=rules.both(rules.uniform((-2, 2)), rules.whole((-5, 5))),
    native=Elementwise(lambda b, a, x: b.negative(x)),
)

add = Primitive(
    name="add",
    notation=r"{0} + {1}",
    shape=rules.same_shape,
    dtype=rules.numeric,
    evaluate=lambda a, x, y: np.add(x, y),
    vjp=by_input(lambda n, c: c, lambda n, c: c),
    curvature=Curvature("affine", ("increasing", "increasing")),
    samples=rules.both(rules.uniform((-2, 2), (-2, 2)), rules.whole((-5, 5), (-5, 5))),
    native=Elementwise(lambda b, a, x, y: b.add(x, y)),
)

subtract = Primitive(
    name="subtract",
    notation=r"{0} - {1}",
    shape=rules.same_shape,
    dtype=rules.numeric,
    evaluate=lambda a, x, y: np.subtract(x, y),
    vjp=by_input(lambda n, c: c, lambda n, c: -c),
    curvature=Curvature("affine", ("increasing", "decreasing")),
    samples=rules.both(rules.uniform((-2, 2), (-2, 2)), rules.whole((-5, 5), (-5, 5))),
    native=Elementwise(lambda b, a, x, y: b.subtract(x, y)),
)

multiply = Primitive(
    name="multiply",
    notation=r"{0} \odot {1}",
    shape=rules.same_shape,
    dtype=rules.numeric,
    evaluate=lambda a, x, y: np.multiply(x, y),
    vjp=by_input(
        lambda n, c: chain(c, n.inputs[1]),
        lambda n, c: chain(c, n.inputs[0]),
    ),
    curvature=Curvature("neither", linear_in=(0, 1)),
    samples=rules.both(rules.uniform((-2, 2), (-2, 2)), rules.whole((-5, 5), (-5, 5))),
    native=Elementwise(lambda b, a, x, y: b.multiply(x, y)),
)

divide = Primitive(
    name="divide",
    notation=r"\frac{{{0}}}{{{1}}}",
    shape=rules.same_shape,
    dtype=rules.floating,
    evaluate=lambda a, x, y: np.divide(x, y),
    vjp=by_input(
        lambda n, c: chain(c, 1 / n.inputs[1]),
        lambda n, c: chain(c, -n / n.inputs[1]),
    ),
    curvature=Curvature("neither", linear_in=(0,)),
    samples=rules.uniform((-2, 2), (0.5, 2)),
    native=Elementwise(lambda b, a, x, y: b.divide(x, y)),
)


def _floor_divide(attributes: Any, x: Any, y: Any) -> Any:
    if x.dtype.kind == "f":
        return np.floor_divide(x, y)
    # Division by zero has no integer answer; NumPy's choice, 0, is the definition.
    return np.where(y == 0, x.dtype.type(0), np.floor_divide(x, np.where(y == 0, 1, y)))


floor_divide = Primitive(
    name="floor_divide",
    notation=r"\left\lfloor {0} / {1} \right\rfloor",
    shape=rules.same_shape,
    dtype=rules.numeric,
    evaluate=_floor_divide,
    vjp=by_input(rules.zero, rules.zero),
    curvature=Curvature("neither"),
    samples=rules.both(rules.uniform((2.1, 2.9), (0.9, 1.0)), rules.whole((-9, 9), (-3, 3))),
    native=rules.REFERENCE_ONLY,
)


def _remainder(attributes: Any, x: Any, y: Any) -> Any:
    if x.dtype.kind == "f":
        return np.remainder(x, y)
    return np.where(y == 0, x.dtype.type(0), np.remainder(x, np.where(y == 0, 1, y)))


remainder = Primitive(
    name="remainder",
    notation=r"{0} \bmod {1}",
    shape=rules.same_shape,
    dtype=rules.numeric,
    evaluate=_remainder,
    vjp=by_input(
        lambda n, c: c,
        lambda n, c: chain(c, -floor_divide(n.inputs[0], n.inputs[1])),
    ),
    curvature=Curvature("neither"),
    samples=rules.both(rules.uniform((2.1, 2.9), (0.8, 1.0)), rules.whole((-9, 9), (-3, 3))),
    native=rules.REFERENCE_ONLY,
)


def _power(attributes: Any, x: Any, y: Any) -> Any:
    if x.dtype.kind == "f":
        return np.power(x, y)
    # An integer to a negative power is a fraction; its integer part is the definition.
    whole = np.power(x, np.maximum(y, 0))
    unit = np.where(x == -1, np.where(y % 2 == 0, 1, -1), (x == 1).astype(x.dtype))
    return np.where(y < 0, unit, whole).astype(x.dtype)


def _power_base(n: Tensor, c: Tensor) -> Tensor:
    from ..composites import where

    x, y = n.inputs
    return chain(c, where(y == 0, 0.0, y * x ** where(y == 0, 1.0, y - 1)))


def _power_exponent(n: Tensor, c: Tensor) -> Tensor:
    from ..composites import where
    from .exponential import log

    x = n.inputs[0]
    return chain(c, where(x == 0, 0.0, n * log(where(x == 0, 1.0, x))))


power = Primitive(
    name="power",
    notation=r"{0}^{{{1}}}",
    shape=rules.same_shape,
    dtype=rules.numeric,
    evaluate=_power,
    vjp=by_input(_power_base, _power_exponent),
    curvature=Curvature("neither"),
    samples=rules.both(rules.uniform((0.5, 2), (-2, 2)), rules.whole((-3, 3), (-2, 4))),
    native=Elementwise(lambda b, a, x, y: b.function("power", x, y), floating_only=True),
    ulp=32,
)

absolute = Primitive(
    name="abs",
    notation=r"\left| {0} \right|",
    shape=rules.same_shape,
    dtype=rules.numeric,
    evaluate=lambda a, x: np.abs(x),
    vjp=by_input(lambda n, c: chain(c, sign(n.inputs[0]))),
    curvature=Curvature(
        "convex",
        regions=(
            Region(0.0, math.inf, "affine", "increasing"),
            Region(-math.inf, 0.0, "affine", "decreasing"),
        ),
    ),
    samples=rules.both(
        rules.uniform((0.5, 2)), rules.uniform((-2, -0.5)), rules.whole((-5, 5))
    ),
    native=Elementwise(
        lambda b, a, x: (
            b.intrinsic("fabs", x) if x.dtype.kind == "f" else b.maximum(x, b.negative(x))
        )
    ),
)


def _step_like(name: str, notation: str, evaluate: Any, intrinsic: str) -> Primitive:
    return Primitive(
        name=name,
        notation=notation,
        shape=rules.same_shape,
        dtype=rules.numeric,
        evaluate=lambda a, x: evaluate(x) if x.dtype.kind == "f" else x,
        vjp=by_input(rules.zero),
        curvature=Curvature("neither", ("increasing",)),
        samples=rules.both(
            rules.uniform((0.1, 0.4)), rules.uniform((-1.4, -1.1)), rules.whole((-5, 5))
        ),
        native=Elementwise(
            lambda b, a, x: b.intrinsic(intrinsic, x) if x.dtype.kind == "f" else x
        ),
    )


floor = _step_like("floor", r"\left\lfloor {0} \right\rfloor", np.floor, "floor")
ceil = _step_like("ceil", r"\left\lceil {0} \right\rceil", np.ceil, "ceil")
trunc = _step_like("trunc", r"\operatorname{{trunc}} {0}", np.trunc, "trunc")
round_ = _step_like("round", r"\operatorname{{round}} {0}", np.round, "rint")

sign = Primitive(
    name="sign",
    notation=r"\operatorname{{sign}} {0}",
    shape=rules.same_shape,
    dtype=rules.numeric,
    evaluate=lambda a, x: np.sign(x),
    vjp=by_input(rules.zero),
    curvature=Curvature("neither", ("increasing",)),
    samples=rules.both(
        rules.uniform((0.1, 0.4)), rules.uniform((-1.4, -1.1)), rules.whole((-5, 5))
    ),
    native=Elementwise(lambda b, a, x: b.sign(x)),
)


def _share(winner: Tensor, loser: Tensor, like: Tensor) -> Tensor:
    """1 where ``winner`` is larger, ½ at a tie, 0 elsewhere."""
    return (winner > loser).astype(like.dtype) + (winner == loser).astype(like.dtype) * 0.5


maximum = Primitive(
    name="maximum",
    notation=r"\max({0}, {1})",
    shape=rules.same_shape,
    dtype=rules.numeric,
    evaluate=lambda a, x, y: np.maximum(x, y),
    vjp=by_input(
        lambda n, c: chain(c, _share(n.inputs[0], n.inputs[1], c)),
        lambda n, c: chain(c, _share(n.inputs[1], n.inputs[0], c)),
    ),
    curvature=Curvature("convex", ("increasing", "increasing")),
    samples=rules.both(
        rules.uniform((-2, 0), (0.1, 2)),
        rules.uniform((0.1, 2), (-2, 0)),
        rules.whole((-5, 5), (-5, 5)),
    ),
    native=Elementwise(lambda b, a, x, y: b.maximum(x, y)),
)

minimum = Primitive(
    name="minimum",
    notation=r"\min({0}, {1})",
    shape=rules.same_shape,
    dtype=rules.numeric,
    evaluate=lambda a, x, y: np.minimum(x, y),
    vjp=by_input(
        lambda n, c: chain(c, _share(n.inputs[1], n.inputs[0], c)),
        lambda n, c: chain(c, _share(n.inputs[0], n.inputs[1], c)),
    ),
    curvature=Curvature("concave", ("increasing", "increasing")),
    samples=rules.both(
        rules.uniform((-2, 0), (0.1, 2)),
        rules.uniform((0.1, 2), (-2, 0)),
        rules.whole((-5, 5), (-5, 5)),
    ),
    native=Elementwise(lambda b, a, x, y: b.minimum(x, y)),
)

sqrt = Primitive(
    name="sqrt",
    notation=r"\sqrt{{{0}}}",
    shape=rules.same_shape,
    dtype=rules.floating,
    evaluate=lambda a, x: np.sqrt(x),
    vjp=by_input(lambda n, c: chain(c, 0.5 / n)),
    curvature=Curvature("concave", ("increasing",), strict=rules.at_least(0.0)),
    samples=rules.uniform((0.5, 3)),
    native=Elementwise(lambda b, a, x: b.intrinsic("sqrt", x)),
)

square = Primitive(
    name="square",
    notation="{0}^2",
    shape=rules.same_shape,
    dtype=rules.numeric,
    evaluate=lambda a, x: np.multiply(x, x),
    vjp=by_input(lambda n, c: chain(c, 2 * n.inputs[0])),
    curvature=Curvature("convex", regions=rules.BOWL, strict=rules.at_least(2.0)),
    samples=rules.both(rules.uniform((-2, 2)), rules.whole((-5, 5))),
    native=Elementwise(lambda b, a, x: b.multiply(x, x)),
)
