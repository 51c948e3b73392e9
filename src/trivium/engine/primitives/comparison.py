"""Comparison, logic and bits; their results are not floating, so have no derivative."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..primitive import Curvature, Elementwise, Primitive, by_input
from . import rules


def _comparison(name: str, symbol: str, operator: str, evaluate: Any) -> Primitive:
    return Primitive(
        name=name,
        notation=f"{{0}} {symbol} {{1}}",
        shape=rules.same_shape,
        dtype=rules.to_bool,
        evaluate=lambda a, x, y: evaluate(x, y),
        vjp=by_input(rules.zero, rules.zero),
        curvature=Curvature("neither"),
        samples=rules.both(
            rules.uniform((-1, 1), (-1, 1), smooth=False), rules.whole((0, 2), (0, 2))
        ),
        native=Elementwise(lambda b, a, x, y: b.compare(operator, x, y)),
    )


equal = _comparison("equal", "=", "==", np.equal)
not_equal = _comparison("not_equal", r"\ne", "!=", np.not_equal)
less = _comparison("less", "<", "<", np.less)
less_equal = _comparison("less_equal", r"\le", "<=", np.less_equal)
greater = _comparison("greater", ">", ">", np.greater)
greater_equal = _comparison("greater_equal", r"\ge", ">=", np.greater_equal)


def _test(name: str, notation: str, evaluate: Any, native: Any) -> Primitive:
    return Primitive(
        name=name,
        notation=notation,
        shape=rules.same_shape,
        dtype=rules.float_to_bool,
        evaluate=lambda a, x: evaluate(x),
        vjp=by_input(rules.zero),
        curvature=Curvature("neither"),
        samples=rules.uniform((-1, 1), smooth=False),
        native=Elementwise(native),
    )


isnan = _test("isnan", r"\operatorname{{isnan}}({0})", np.isnan, lambda b, a, x: b.is_nan(x))
isinf = _test(
    "isinf", r"\left| {0} \right| = \infty", np.isinf, lambda b, a, x: b.is_infinite(x)
)
isfinite = _test(
    "isfinite", r"\left| {0} \right| < \infty", np.isfinite, lambda b, a, x: b.is_finite(x)
)


def _bool_samples(count: int) -> Any:
    def make(rng: np.random.Generator) -> list[rules.Sample]:
        return [
            rules.Sample(tuple(rng.random(shape) < 0.5 for _ in range(count)))
            for shape in rules.SHAPES
        ]

    return make


def _logic(name: str, notation: str, evaluate: Any, count: int, native: str) -> Primitive:
    return Primitive(
        name=name,
        notation=notation,
        shape=rules.same_shape,
        dtype=rules.booleans,
        evaluate=lambda a, *x: evaluate(*x),
        vjp=by_input(*[rules.zero] * count),
        curvature=Curvature("neither"),
        samples=_bool_samples(count),
        native=Elementwise(lambda b, a, *x: getattr(b, native)(*x)),
    )


logical_and = _logic("logical_and", r"{0} \wedge {1}", np.logical_and, 2, "both")
logical_or = _logic("logical_or", r"{0} \vee {1}", np.logical_or, 2, "either")
logical_xor = _logic("logical_xor", r"{0} \oplus {1}", np.logical_xor, 2, "exclusive")
logical_not = _logic("logical_not", r"\neg {0}", np.logical_not, 1, "complement")


def _bits(
    name: str, notation: str, evaluate: Any, count: int, native: str, high: int = 99
) -> Primitive:
    bounds = [(-99, 99), (0 if high < 99 else -99, high)][:count]
    return Primitive(
        name=name,
        notation=notation,
        shape=rules.same_shape,
        dtype=rules.integers,
        evaluate=lambda a, *x: evaluate(*x),
        vjp=by_input(*[rules.zero] * count),
        curvature=Curvature("neither"),
        samples=rules.whole(*bounds),
        native=Elementwise(lambda b, a, *x: getattr(b, native)(*x)),
    )


bitwise_and = _bits("bitwise_and", r"{0} \mathbin{{\&}} {1}", np.bitwise_and, 2, "both")
bitwise_or = _bits("bitwise_or", r"{0} \mathbin{{|}} {1}", np.bitwise_or, 2, "either")
bitwise_xor = _bits("bitwise_xor", r"{0} \oplus {1}", np.bitwise_xor, 2, "exclusive")
bitwise_invert = _bits("bitwise_invert", r"\neg {0}", np.invert, 1, "complement")
bitwise_left_shift = _bits("bitwise_left_shift", r"{0} \ll {1}", np.left_shift, 2, "left", 20)
bitwise_right_shift = _bits(
    "bitwise_right_shift", r"{0} \gg {1}", np.right_shift, 2, "right", 20
)
