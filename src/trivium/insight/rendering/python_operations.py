"""What each primitive and textbook operation is in NumPy: a table from names to source.

``evaluate`` in a primitive's record is its definition. Source is a matter of the reader: which
broadcasting stays implicit, what is called n, which form is the shortest. It depends on the
operands' source and on the writer of the file, and a record, which stands three floors below, can
know neither; so this table is here. A test walks the engine's table and the textbook operations,
and fails for one that has no entry here, or whose source does not compute what its record does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from trivium.engine.tensor import Tensor

from .python_source import (
    ATOM,
    Code,
    attribute,
    binary,
    call,
    number,
    power,
    unary,
)

if TYPE_CHECKING:
    from .python_writer import Writer

__all__ = ["OPERATIONS", "Emit", "emits"]

#: (writer, node, the source of each input) → the source of the node.
Emit = Callable[..., Code]

OPERATIONS: dict[str, Emit] = {}


def emits(*names: str) -> Callable[[Emit], Emit]:
    """Enter a function in the table under ``names``."""

    def register(emit: Emit) -> Emit:
        for name in names:
            OPERATIONS[name] = emit
        return emit

    return register


# --- elementwise --------------------------------------------------------------------------------

_FUNCTIONS = {
    "exp": "np.exp", "log": "np.log", "log2": "np.log2", "log10": "np.log10",
    "expm1": "np.expm1", "log1p": "np.log1p", "sin": "np.sin", "cos": "np.cos",
    "tan": "np.tan", "asin": "np.arcsin", "acos": "np.arccos", "atan": "np.arctan",
    "sinh": "np.sinh", "cosh": "np.cosh", "tanh": "np.tanh", "asinh": "np.arcsinh",
    "acosh": "np.arccosh", "atanh": "np.arctanh", "atan2": "np.arctan2", "abs": "np.abs",
    "sign": "np.sign", "maximum": "np.maximum", "minimum": "np.minimum", "sqrt": "np.sqrt",
}  # fmt: skip
_HELPERS = (
    "sigmoid",
    "erf",
    "erfc",
    "erfinv",
    "normal_quantile",
    "log_normal_cdf",
    "log_gamma",
    "gammainc",
    "gammaincc",
)
_TESTS = {"isnan": "np.isnan", "isinf": "np.isinf", "isfinite": "np.isfinite"}
_ROUNDING = {"floor": "np.floor", "ceil": "np.ceil", "trunc": "np.trunc", "round": "np.round"}
_OPERATORS = {
    "floor_divide": "//", "remainder": "%", "equal": "==", "not_equal": "!=", "less": "<",
    "less_equal": "<=", "greater": ">", "greater_equal": ">=", "bitwise_and": "&",
    "bitwise_or": "|", "bitwise_xor": "^", "bitwise_left_shift": "<<",
    "bitwise_right_shift": ">>", "logical_and": "&", "logical_or": "|", "logical_xor": "^",
}  # fmt: skip
_MIRRORED = {
    "equal": "==", "not_equal": "!=", "less": ">", "less_equal": ">=", "greater": "<",
    "greater_equal": "<=",
}  # fmt: skip


@emits(*_FUNCTIONS)
def _function(w: Writer, node: Tensor, *codes: Code) -> Code:
    return call(_FUNCTIONS[node.primitive.name], *[w.number(each) for each in codes])


@emits(*_HELPERS)
def _helper(w: Writer, node: Tensor, *codes: Code) -> Code:
    return call(w.helper(node.primitive.name), *_arrays(w, node, codes))


@emits("chain")
def _chain(w: Writer, node: Tensor, gradient: Code, factor: Code) -> Code:
    """A product, unless the factor may be infinite where the gradient is zero."""
    if w.is_tame(node.inputs[1]):
        return w.operation("multiply", node, gradient, factor)
    return call(w.helper("chain"), w.number(gradient), w.number(factor))


def _arrays(w: Writer, node: Tensor, codes: tuple[Code, ...]) -> list[Code]:
    """Operands of functions that ask for the dtype: arrays, not Python numbers."""
    return [
        w.full(each, (), source.dtype) if each.weak else w.number(each)
        for each, source in zip(codes, node.inputs, strict=True)
    ]


@emits(*_TESTS)
def _test(w: Writer, node: Tensor, x: Code) -> Code:
    return call(_TESTS[node.primitive.name], w.number(x), shape=x.shape)


@emits(*_ROUNDING)
def _rounded(w: Writer, node: Tensor, x: Code) -> Code:
    return x if node.dtype.kind == "i" else call(_ROUNDING[node.primitive.name], w.number(x))


@emits(*_OPERATORS)
def _operator(w: Writer, node: Tensor, x: Code, y: Code) -> Code:
    mirrored = _MIRRORED.get(node.primitive.name)
    if mirrored is not None and x.value is not None:
        return binary(mirrored, w.number(y), x)  # z < 1, not 1 > z
    return binary(_OPERATORS[node.primitive.name], w.number(x), w.number(y))


@emits("logical_not", "bitwise_invert")
def _complement(w: Writer, node: Tensor, x: Code) -> Code:
    if x.weak:
        return call("np.invert", x, shape=x.shape)
    return unary("~", x)


@emits("negative")
def _negative(w: Writer, node: Tensor, x: Code) -> Code:
    return unary("-", w.number(x))


@emits("add")
def _add(w: Writer, node: Tensor, x: Code, y: Code) -> Code:
    x, y = _one_may_be_truth(w, x, y)
    for each, other in ((x, y), (y, x)):
        if each.value == 0 and not other.weak:
            return other
    if x.value is not None and y.value is None:
        x, y = y, x
    if y.value is not None and y.text.startswith("-"):
        return binary("-", x, number(-y.value, node.dtype))
    return binary("+", x, y)


@emits("subtract")
def _subtract(w: Writer, node: Tensor, x: Code, y: Code) -> Code:
    x, y = _one_may_be_truth(w, x, y)
    if y.value == 0 and not x.weak:
        return x
    if x.value == 0 and not y.weak:
        return unary("-", y)
    if y.value is not None and y.text.startswith("-"):
        return binary("+", x, number(-y.value, node.dtype))
    return binary("-", x, y)


@emits("multiply")
def _multiply(w: Writer, node: Tensor, x: Code, y: Code) -> Code:
    x, y = _one_may_be_truth(w, x, y)
    if y.weak and not x.weak:
        x, y = y, x  # 2 * x, as one writes
    if x.value == 1 and not y.weak:
        return y
    if x.value == -1:
        return unary("-", y)
    if x.weak and x.text.startswith("1 / ") and x.text[4:].isalnum():
        return binary("/", y, Code(x.text[4:], ATOM, weak=True))
    return binary("*", x, y)


def _one_may_be_truth(w: Writer, x: Code, y: Code) -> tuple[Code, Code]:
    """Beside an array of floating numbers True and False count as 1 and 0 by themselves."""
    if x.truth and not (y.truth or y.weak):
        return x, y
    if y.truth and not (x.truth or x.weak):
        return x, y
    return w.number(x), w.number(y)


@emits("divide")
def _divide(w: Writer, node: Tensor, x: Code, y: Code) -> Code:
    if y.value == 1 and not x.weak:
        return w.number(x)
    return binary("/", w.number(x), w.number(y))


@emits("square")
def _square(w: Writer, node: Tensor, x: Code) -> Code:
    return power(w.number(x), number(2, np.dtype(np.int64)))


@emits("power")
def _power(w: Writer, node: Tensor, x: Code, y: Code) -> Code:
    if node.dtype.kind == "i" and not (y.value is not None and y.value >= 0):
        return call(w.helper("integer_power"), *_arrays(w, node, (x, y)))
    return power(w.number(x), w.number(y))


@emits("softplus")
def _softplus(w: Writer, node: Tensor, x: Code) -> Code:
    return call("np.logaddexp", w.number(x), number(0, node.dtype))


@emits("polygamma")
def _polygamma(w: Writer, node: Tensor, x: Code) -> Code:
    (given,) = _arrays(w, node, (x,))
    order = str(node.attributes.order)
    return call(w.helper("polygamma"), order, given, shape=given.shape)


@emits("log_choose")
def _log_choose(w: Writer, node: Tensor, n: Code, k: Code) -> Code:
    every, some = _arrays(w, node, (n, k))
    shape = np.broadcast_shapes(every.shape, some.shape)
    return call(w.helper("log_choose"), n if n.weak else every, some, shape=shape)


@emits("log_factorial")
def _log_factorial(w: Writer, node: Tensor, x: Code) -> Code:
    after = binary("+", w.number(x), number(1, node.dtype))
    return call(w.helper("log_gamma"), *_arrays(w, node, (after,)))


@emits("where")
def _where(w: Writer, node: Tensor, condition: Code, x: Code, y: Code) -> Code:
    if condition.value is not None:
        return x if condition.value else y
    if (x.value, y.value) == (1, 0) and not condition.weak and node.dtype.kind == "f":
        return Code(condition.text, condition.level, condition.shape, truth=True)
    codes = (condition, w.number(x), w.number(y))
    shape = np.broadcast_shapes(*[each.shape for each in codes])
    made = call("np.where", *codes, shape=shape)
    if x.weak and y.weak:
        return attribute(made, f".astype({w.dtype(node.dtype)})", shape)
    return made


@emits("label", "stop_gradient")
def _same(w: Writer, node: Tensor, x: Code) -> Code:
    return x


@emits("cast")
def _cast(w: Writer, node: Tensor, x: Code) -> Code:
    old, new = node.inputs[0].dtype, node.dtype
    if x.weak:
        if new.kind == "f" and old.kind != "b":
            return x
        return call({"b": "bool", "i": "int", "f": "float"}[new.kind], x, shape=())
    if old.kind == "b" and new == w.file.floating:
        return Code(x.text, x.level, x.shape, truth=True)
    return attribute(w.number(x), f".astype({w.dtype(new)})", x.shape)
