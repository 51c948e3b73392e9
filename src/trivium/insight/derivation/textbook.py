"""Operations as textbooks write them, where the engine has several primitives for one.

Few primitives and many composites make a good engine, but nobody reads the derivative of softmax
as that of a maximum, a subtraction, an exponential, a sum and a quotient. An operation here has
everything that a primitive has, so expressions may contain it, reverse mode differentiates it and
the reference evaluates it; only the table of the engine does not list it, because no program that
is compiled ever holds one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from scipy import special

from trivium.engine.errors import ShapeError
from trivium.engine.primitive import Curvature, Primitive, Unsupported, by_input
from trivium.engine.primitives import reductions, rules
from trivium.engine.primitives.exponential import exp
from trivium.engine.primitives.reductions import Axes, restore
from trivium.engine.primitives.special import polygamma
from trivium.engine.tensor import Tensor

__all__ = [
    "OPERATIONS",
    "Operation",
    "attains_largest",
    "attains_smallest",
    "counting",
    "largest",
    "log_choose",
    "log_factorial",
    "log_normal_cdf",
    "log_softmax",
    "log_sum_exp",
    "normal_cdf",
    "normal_density",
    "one_hot",
    "pick",
    "relu",
    "sign_of_code",
    "smallest",
    "softmax",
    "step",
]

Shape = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Operation(Primitive):
    """A primitive of derivations: fields as in ``Primitive``, not listed in the engine."""

    def __post_init__(self) -> None:
        """The engine's table stays as it is."""


_NOT_COMPILED = Unsupported("derivations are read and checked, not compiled")
_NEITHER = Curvature("neither")


class Classes(NamedTuple):
    """Attributes of ``one_hot``: how many classes there are, and the dtype of the result."""

    classes: int
    dtype: np.dtype[Any]


class ToFloat(NamedTuple):
    """Attributes of ``sign_of_code``: the dtype of the result."""

    dtype: np.dtype[Any]


def _without(attributes: Axes, shape: Shape) -> Shape:
    return tuple(size for axis, size in enumerate(shape) if axis not in attributes.axes)


def _operation(name: str, **fields: Any) -> Operation:
    given: dict[str, Any] = {
        "shape": rules.same_shape,
        "dtype": rules.floating,
        "curvature": _NEITHER,
        "samples": _NOT_COMPILED,
        "native": _NOT_COMPILED,
        **fields,
    }
    return Operation(name=name, **given)


step = _operation(
    "step",
    notation=r"\mathbb{{1}}\left[ {0} > 0 \right]",
    evaluate=lambda a, x: (x > 0).astype(x.dtype),
    vjp=by_input(rules.zero),
)

relu = _operation(
    "relu",
    notation=r"\operatorname{{ReLU}}({0})",
    evaluate=lambda a, x: np.where(x <= 0, x.dtype.type(0), x),
    vjp=by_input(lambda n, c: c * step(n.inputs[0])),
)


def _summed(x: Tensor, axes: tuple[int, ...]) -> Tensor:
    return restore(reductions.sum_(x, axes=axes), axes, x.shape)


softmax = _operation(
    "softmax",
    notation=r"\operatorname{{softmax}}({0})",
    attributes=Axes,
    evaluate=lambda a, x: special.softmax(x, axis=a.axes),
    vjp=by_input(lambda n, c: n * (c - _summed(c * n, n.attributes.axes))),
)

log_softmax = _operation(
    "log_softmax",
    notation=r"\ln\operatorname{{softmax}}({0})",
    attributes=Axes,
    evaluate=lambda a, x: special.log_softmax(x, axis=a.axes),
    vjp=by_input(
        lambda n, c: (
            c - softmax(n.inputs[0], axes=n.attributes.axes) * _summed(c, n.attributes.axes)
        )
    ),
)


log_sum_exp = _operation(
    "log_sum_exp",
    notation=r"\ln\textstyle\sum e^{{{0}}}",
    attributes=Axes,
    shape=_without,
    evaluate=lambda a, x: special.logsumexp(x, axis=a.axes),
    vjp=by_input(
        lambda n, c: (
            restore(c, n.attributes.axes, n.inputs[0].shape)
            * softmax(n.inputs[0], axes=n.attributes.axes)
        )
    ),
)


def _one_hot(attributes: Classes, codes: Any) -> Any:
    return (codes[..., None] == np.arange(attributes.classes)).astype(attributes.dtype)


one_hot = _operation(
    "one_hot",
    notation=r"\operatorname{{onehot}}({0})",
    attributes=Classes,
    shape=lambda a, shape: (*shape, a.classes),
    dtype=lambda a, dtype: a.dtype,
    evaluate=_one_hot,
    vjp=by_input(rules.zero),
)


def _pick_shape(attributes: Any, values: Shape, codes: Shape) -> Shape:
    if len(values) != 2 or codes != values[:1]:
        raise ShapeError(f"pick takes rows (N, K) and codes (N,), got {values} and {codes}")
    return codes


def _spread(n: Tensor, c: Tensor) -> Tensor:
    """The cotangent of row i, at the column of its class."""
    values, codes = n.inputs
    return restore(c, (1,), values.shape) * one_hot(
        codes, classes=values.shape[1], dtype=c.dtype
    )


pick = _operation(
    "pick",
    notation=r"\left({0}\right)_{{i,\,{1}_i}}",
    shape=_pick_shape,
    dtype=lambda a, values, codes: values,
    evaluate=lambda a, values, codes: np.take_along_axis(values, codes[:, None], axis=1)[:, 0],
    vjp=by_input(_spread, rules.zero),
)

log_factorial = _operation(
    "log_factorial",
    notation=r"\ln {0}!",
    evaluate=lambda a, x: special.gammaln(x + 1),
    vjp=by_input(lambda n, c: c * polygamma(n.inputs[0] + 1, order=0)),
)

normal_density = _operation(
    "normal_density",
    notation=r"\varphi({0})",
    evaluate=lambda a, x: np.exp(-x * x / 2) / math.sqrt(2 * math.pi),
    vjp=by_input(lambda n, c: -(c * n.inputs[0] * n)),
)

normal_cdf = _operation(
    "normal_cdf",
    notation=r"\Phi({0})",
    evaluate=lambda a, x: special.ndtr(x),
    vjp=by_input(lambda n, c: c * normal_density(n.inputs[0])),
)


log_normal_cdf = _operation(
    "log_normal_cdf",
    notation=r"\ln \Phi({0})",
    evaluate=lambda a, x: special.log_ndtr(x),
    vjp=by_input(lambda n, c: c * exp(_log_density(n.inputs[0]) - n)),
)


def _log_density(x: Tensor) -> Tensor:
    """ln φ(x): the quotient φ/Φ would be 0/0 in the lower tail."""
    return -(x * x) / 2.0 - 0.5 * math.log(2 * math.pi)


def _log_choose(attributes: Any, n: Any, k: Any) -> Any:
    return -np.log1p(n) - special.betaln(n - k + 1, k + 1)


def _log_choose_by_all(n: Tensor, c: Tensor) -> Tensor:
    every, some = n.inputs
    return c * (polygamma(every + 1, order=0) - polygamma(every - some + 1, order=0))


def _log_choose_by_some(n: Tensor, c: Tensor) -> Tensor:
    every, some = n.inputs
    return c * (polygamma(every - some + 1, order=0) - polygamma(some + 1, order=0))


log_choose = _operation(
    "log_choose",
    notation=r"\ln C({0}, {1})",
    evaluate=_log_choose,
    vjp=by_input(_log_choose_by_all, _log_choose_by_some),
)


def _attaining(extreme: Any) -> Any:
    """1 where ``extreme`` over the axes is attained, shared among ties."""

    def evaluate(a: Axes, x: Any) -> Any:
        attains = x == extreme(x, axis=a.axes, keepdims=True)
        return (attains / attains.sum(axis=a.axes, keepdims=True)).astype(x.dtype)

    return evaluate


def _extreme_pair(word: str, symbol: str, extreme: Any) -> tuple[Operation, Operation]:
    """The largest or smallest elements over axes, and who attains them."""
    attains = _operation(
        f"attains_{word}",
        notation=rf"\mathbb{{{{1}}}}\left[ \arg\{symbol} {{0}} \right]",
        attributes=Axes,
        evaluate=_attaining(extreme),
        vjp=by_input(rules.zero),
    )

    def back(n: Tensor, c: Tensor) -> Tensor:
        axes, x = n.attributes.axes, n.inputs[0]
        return restore(c, axes, x.shape) * attains(x, axes=axes)

    reduction = _operation(
        word,
        notation=rf"\{symbol} {{0}}",
        attributes=Axes,
        shape=_without,
        evaluate=lambda a, x: extreme(x, axis=a.axes),
        vjp=by_input(back),
    )
    return reduction, attains


largest, attains_largest = _extreme_pair("largest", "max", np.max)
smallest, attains_smallest = _extreme_pair("smallest", "min", np.min)


class Count(NamedTuple):
    """Attributes of ``counting``: how many numbers, and their dtype."""

    size: int
    dtype: np.dtype[Any]


# The numbers of the examples, where an expression was built with them as a constant.
counting = _operation(
    "counting",
    notation=lambda a: r"(0, 1, 2, \dots)",
    attributes=Count,
    shape=lambda a: (a.size,),
    dtype=lambda a: a.dtype,
    evaluate=lambda a: np.arange(a.size, dtype=a.dtype),
    vjp=rules.zero,
)

# Codes 0 and 1 as the signs that margins are written with.
sign_of_code = _operation(
    "sign_of_code",
    notation=r"2 {0} - 1",
    attributes=ToFloat,
    dtype=lambda a, dtype: a.dtype,
    evaluate=lambda a, codes: (2 * codes - 1).astype(a.dtype),
    vjp=by_input(rules.zero),
)

#: Every operation by its name.
OPERATIONS: dict[str, Operation] = {
    each.name: each
    for each in (
        step, relu, softmax, log_softmax, log_sum_exp, one_hot, pick, log_factorial,
        log_choose, log_normal_cdf, normal_density, normal_cdf, attains_largest, attains_smallest,
        largest, smallest, sign_of_code, counting,
    )
}  # fmt: skip
