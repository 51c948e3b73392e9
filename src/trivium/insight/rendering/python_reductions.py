"""Source of reductions, and of the operations that textbooks write."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trivium.engine.tensor import Tensor

from .python_operations import emits
from .python_source import ATOM, Code, attribute, axes_text, binary, call, inside

if TYPE_CHECKING:
    from .python_writer import Writer


# --- reductions ---------------------------------------------------------------------------------


@emits("sum")
def _sum(w: Writer, node: Tensor, x: Code) -> Code:
    shape, axes = node.inputs[0].shape, node.attributes.axes
    missing = len(shape) - len(x.shape)
    repeated = [
        axis
        for axis in axes
        if shape[axis] != 1 and (axis < missing or x.shape[axis - missing] == 1)
    ]
    x = w.number(x)
    if repeated and (set(axes) <= set(range(missing)) or x.shape == ()):
        # A sum of equal terms is a product with their number.
        factor = w.product_of_sizes([shape[axis] for axis in axes])
        return binary("*", factor, x)
    return _reduced(w, node, "sum", x)


def _reduced(w: Writer, node: Tensor, name: str, x: Code) -> Code:
    shape, axes = node.inputs[0].shape, node.attributes.axes
    if not axes:
        return x
    options = [axes_text(axes)] if len(axes) < len(shape) else []
    if node.dtype.kind == "i" and name in ("sum", "prod"):
        options.append(f"dtype={w.dtype(node.dtype)}")
    full = w.full(x, shape, node.dtype)
    return attribute(full, f".{name}({', '.join(options)})", node.shape)


@emits("max", "min", "prod")
def _extreme(w: Writer, node: Tensor, x: Code) -> Code:
    return _reduced(w, node, node.primitive.name, w.number(x))


@emits("argmax", "argmin")
def _position(w: Writer, node: Tensor, x: Code) -> Code:
    full = w.full(x, node.inputs[0].shape, node.inputs[0].dtype)
    ending = f".{node.primitive.name}(axis={node.attributes.axis})"
    return attribute(full, ending, node.shape)


@emits("cumulative_sum", "cumulative_prod", "sort", "argsort")
def _along(w: Writer, node: Tensor, x: Code) -> Code:
    name = node.primitive.name
    function = {"cumulative_sum": "np.cumsum", "cumulative_prod": "np.cumprod"}.get(
        name, f"np.{name}"
    )
    options = [f"axis={node.attributes.axis}"]
    if name == "argsort":
        options.append('kind="stable"')
    elif name != "sort" and node.dtype.kind == "i":
        options.append(f"dtype={w.dtype(node.dtype)}")
    full = w.full(x, node.shape, node.inputs[0].dtype)
    return call(function, full, *options, shape=node.shape)


# --- operations of textbooks --------------------------------------------------------------------


@emits("relu")
def _relu(w: Writer, node: Tensor, x: Code) -> Code:
    return call("np.maximum", w.number(x), "0", shape=x.shape)


@emits("step")
def _step(w: Writer, node: Tensor, x: Code) -> Code:
    made = binary(">", w.number(x), Code("0", ATOM, weak=True, value=0))
    return Code(made.text, made.level, made.shape, truth=True)


@emits("softmax", "log_softmax", "log_sum_exp")
def _softmax(w: Writer, node: Tensor, x: Code) -> Code:
    shape, axes = node.inputs[0].shape, node.attributes.axes
    full = w.full(x, shape, node.dtype)
    return call(w.helper(node.primitive.name), full, axes_text(axes), shape=node.shape)


@emits("one_hot")
def _one_hot(w: Writer, node: Tensor, codes: Code) -> Code:
    codes = w.full(codes, node.inputs[0].shape, node.inputs[0].dtype)
    identity = f"np.eye({node.attributes.classes}, dtype={w.dtype(node.dtype)})"
    return Code(f"{identity}[{codes.text}]", ATOM, node.shape)


@emits("counting")
def _counting(w: Writer, node: Tensor) -> Code:
    options = [] if node.dtype == np.int64 else [f"dtype={w.dtype(node.dtype)}"]
    return call("np.arange", w.size(node.shape[0]), *options, shape=node.shape)


@emits("pick")
def _pick(w: Writer, node: Tensor, values: Code, codes: Code) -> Code:
    values = w.full(values, node.inputs[0].shape, node.dtype)
    codes = w.full(codes, node.inputs[1].shape, node.inputs[1].dtype)
    rows = w.size(node.shape[0])
    return attribute(values, f"[np.arange({rows}), {codes.text}]", node.shape)


@emits("largest", "smallest")
def _largest(w: Writer, node: Tensor, x: Code) -> Code:
    return _reduced(w, node, "max" if node.primitive.name == "largest" else "min", w.number(x))


@emits("attains_largest", "attains_smallest")
def _attains(w: Writer, node: Tensor, x: Code) -> Code:
    full = w.full(x, node.shape, node.dtype)
    axes = axes_text(node.attributes.axes)
    return call(w.helper(node.primitive.name), full, axes, shape=node.shape)


@emits("normal_density", "normal_cdf")
def _normal(w: Writer, node: Tensor, x: Code) -> Code:
    given = w.full(x, (), node.dtype) if x.weak else w.number(x)
    return call(w.helper(node.primitive.name), given)


@emits("sign_of_code")
def _sign_of_code(w: Writer, node: Tensor, codes: Code) -> Code:
    codes = w.full(codes, node.shape, node.inputs[0].dtype)
    text = f"(2 * {inside(codes, ATOM)} - 1).astype({w.dtype(node.dtype)})"
    return Code(text, ATOM, node.shape)
