"""Short functions on top of the primitives that the engine itself needs: promotion, broadcasting,
matrix products. The public array functions are in ``array/``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Any

import numpy as np

from . import dtypes
from .errors import DTypeError, ShapeError
from .messages import shape_error
from .primitive import Primitive
from .primitives import contraction as _contraction
from .primitives import movement, structure
from .tensor import Tensor, literal, tensor

__all__ = [
    "as_tensor",
    "binary",
    "broadcast_shapes",
    "broadcast_to",
    "cast",
    "full",
    "label",
    "matmul",
    "operands",
    "ones_like",
    "stop_gradient",
    "strict_broadcasting",
    "unary_float",
    "where",
    "zeros_like",
]

Shape = tuple[int, ...]
_strict: ContextVar[str] = ContextVar("trivium_strict_broadcasting", default="")


def as_tensor(value: Any) -> Tensor:
    """``value`` as a tensor: itself, an interned literal for a scalar, or a new constant."""
    if isinstance(value, Tensor):
        return value
    if isinstance(value, bool):
        return _scalar(value, dtypes.bool_)
    if isinstance(value, int):
        return _scalar(value, dtypes.default_int)
    if isinstance(value, float):
        return _scalar(value, dtypes.default_float)
    return tensor(value)


@lru_cache(maxsize=4096)
def _known_literal(value: Any, sign: float, dtype: np.dtype[Any]) -> Tensor:
    return literal(value, dtype)


def _scalar(value: Any, dtype: np.dtype[Any]) -> Tensor:
    try:
        # 0.0 and -0.0 are equal, so they would be one key without the sign.
        return _known_literal(value, math.copysign(1.0, value) if value == 0 else 0.0, dtype)
    except (OverflowError, ValueError) as error:
        raise DTypeError(f"the number {value} does not fit {dtype}") from error


def operands(*values: Any) -> list[Tensor]:
    """``values`` as tensors of one dtype; Python scalars take the dtype of the tensors' kind."""
    tensors = [v if isinstance(v, bool | int | float) else as_tensor(v) for v in values]
    found = [each.dtype for each in tensors if isinstance(each, Tensor)]
    if not found:
        return operands(*[as_tensor(v) for v in values])
    dtype = dtypes.promote(*found)
    for each in tensors:
        if isinstance(each, float) and not dtypes.is_floating(dtype):
            dtype = dtypes.default_float
        elif type(each) is int and dtypes.is_boolean(dtype):
            dtype = dtypes.default_int
    return [
        cast(each, dtype) if isinstance(each, Tensor) else _scalar(each, dtype)
        for each in tensors
    ]


def cast(x: Tensor, dtype: np.dtype[Any]) -> Tensor:
    """``x`` in another dtype; itself when it already has it."""
    return x if x.dtype == dtype else structure.cast(x, dtype=dtype)


def label(x: Any, name: str) -> Tensor:
    """Name the value ``x`` for derivations, pictures and messages; it costs nothing."""
    return structure.label(as_tensor(x), name=name)


def stop_gradient(x: Any) -> Tensor:
    """The same value, through which no derivative passes."""
    return structure.stop_gradient(as_tensor(x))


def broadcast_to(x: Tensor, shape: Shape) -> Tensor:
    """``x`` repeated to ``shape`` by NumPy's rule. Raises ShapeError if it forbids it."""
    return x if x.shape == shape else movement.broadcast(x, shape=shape)


def full(shape: Shape, value: Any, dtype: np.dtype[Any]) -> Tensor:
    """The shared constant expression of ``shape`` filled with one number."""
    return broadcast_to(_scalar(value, dtype), shape)


def zeros_like(x: Tensor) -> Tensor:
    """Zeros of the shape and dtype of ``x``."""
    return full(x.shape, 0, x.dtype)


def ones_like(x: Tensor) -> Tensor:
    """Ones of the shape and dtype of ``x``."""
    return full(x.shape, 1, x.dtype)


@contextmanager
def strict_broadcasting(what: str) -> Iterator[None]:
    """Refuse, inside the block, that a column meets a row by accident: (N, 1) with (N,)."""
    token = _strict.set(what)
    try:
        yield
    finally:
        _strict.reset(token)


def broadcast_shapes(asked: str, tensors: Sequence[Tensor]) -> Shape:
    """The common shape by NumPy's rule. Raises ShapeError in the user's words."""
    try:
        result = np.broadcast_shapes(*[each.shape for each in tensors])
    except ValueError:
        raise shape_error(
            asked,
            tensors,
            "aligned from the last axis backwards, sizes must be equal or one of them 1",
            _broadcast_fix(tensors),
        ) from None
    if _strict.get():
        _refuse_silent_outer(asked, tensors, result)
    return result


def _broadcast_fix(tensors: Sequence[Tensor]) -> str:
    if len(tensors) == 2:
        x, y = tensors
        if x.ndim == y.ndim == 2 and x.shape == y.shape[::-1]:
            return "transpose one of them (.T)"
        for short, long in ((x, y), (y, x)):
            if short.ndim == 1 and long.ndim == 2 and short.shape[0] == long.shape[0]:
                return (
                    f"add an axis to the operand of shape {short.shape}: [:, None] makes it "
                    f"{(short.shape[0], 1)}"
                )
    return "reshape one operand, or add an axis with [:, None], so that the sizes agree"


def _refuse_silent_outer(asked: str, tensors: Sequence[Tensor], result: Shape) -> None:
    ranks = {each.ndim for each in tensors if each.ndim}
    grown = all(each.size < int(np.prod(result)) for each in tensors if each.ndim)
    if len(ranks) > 1 and grown and sum(1 for each in tensors if each.ndim) > 1:
        raise shape_error(
            asked,
            tensors,
            f"inside {_strict.get()} a column must not meet a row: broadcasting would silently "
            f"make {result} and average over pairs of different examples",
            "give both the same shape: drop the model's last axis with [:, 0], or give the "
            "target that axis with [:, None]",
        )


def binary(primitive: Primitive, x: Any, y: Any) -> Tensor:
    """Apply an elementwise primitive of two inputs with promotion and broadcasting."""
    left, right = x, y
    if not (isinstance(x, Tensor) and isinstance(y, Tensor) and x.dtype is y.dtype):
        left, right = operands(x, y)
    if left.shape != right.shape:
        shape = broadcast_shapes(primitive.name, (left, right))
        left, right = broadcast_to(left, shape), broadcast_to(right, shape)
    return primitive(left, right)


def unary_float(primitive: Primitive, x: Any) -> Tensor:
    """Apply a floating elementwise primitive; integers and booleans become float64 first."""
    given = as_tensor(x)
    return primitive(
        given if dtypes.is_floating(given.dtype) else cast(given, dtypes.default_float)
    )


def where(condition: Any, x: Any, y: Any) -> Tensor:
    """``x`` where ``condition`` holds, else ``y``; all three broadcast."""
    chosen = as_tensor(condition)
    left, right = operands(x, y)
    if not chosen.shape == left.shape == right.shape:
        shape = broadcast_shapes("where", (chosen, left, right))
        chosen, left, right = (broadcast_to(each, shape) for each in (chosen, left, right))
    return structure.where(chosen, left, right)


def matmul(x: Any, y: Any) -> Tensor:
    """The matrix product of the last two axes; axes before them are batch and broadcast.

    Shapes: (…, n, k) and (…, k, m) → (…, n, m); a vector is a row on the left, a column on the
    right. Raises ShapeError when the inner sizes differ or an operand is a scalar.
    """
    left, right = operands(x, y)
    if not left.shape or not right.shape:
        raise shape_error(
            "matrix product",
            (left, right),
            "a scalar is no matrix",
            "use * to multiply by a scalar",
        )
    inner = left.shape[-1], right.shape[-2 if right.ndim > 1 else 0]
    if inner[0] != inner[1]:
        raise shape_error(
            "matrix product",
            (left, right),
            f"the last axis of the left operand ({inner[0]}) must equal the "
            f"{'first axis' if right.ndim < 3 else 'last axis but one'} of the right operand "
            f"({inner[1]})",
            _matmul_fix(left, right),
        )
    batch = _batch_shape(left, right)
    first = broadcast_to(left, (*batch, *left.shape[-2:])) if left.ndim > 1 else left
    second = broadcast_to(right, (*batch, *right.shape[-2:])) if right.ndim > 1 else right
    lead = tuple(range(3, 3 + len(batch)))
    rows, columns = ((0,) if left.ndim > 1 else ()), ((2,) if right.ndim > 1 else ())
    return _contraction.contraction(
        first,
        second,
        left=((*lead, *rows, 1) if rows else (1,)),
        right=((*lead, 1, *columns) if columns else (1,)),
        out=(*lead, *rows, *columns),
    )


def _batch_shape(left: Tensor, right: Tensor) -> Shape:
    try:
        return np.broadcast_shapes(left.shape[:-2], right.shape[:-2])
    except ValueError:
        raise shape_error(
            "matrix product",
            (left, right),
            f"the batch axes {left.shape[:-2]} and {right.shape[:-2]} must broadcast",
            "reshape one operand so that the leading axes are equal or 1",
        ) from None


def _matmul_fix(left: Tensor, right: Tensor) -> str:
    if right.ndim == 2 and left.shape[-1] == right.shape[1]:
        return "transpose the right operand (.T)"
    if left.ndim == 2 and right.ndim in (1, 2) and left.shape[0] == right.shape[0]:
        return "transpose the left operand (.T)"
    for each, axis, size in ((right, 0, left.shape[-1]), (left, -1, right.shape[0])):
        if each.primitive.name == "variable":
            wanted = list(each.shape)
            wanted[axis] = size
            return f"give {each.name or 'the parameter'} the shape {tuple(wanted)}"
    return "check which axis holds the features; reshape or transpose one operand"


def require_axis(axis: int, ndim: int, shape: Shape) -> int:
    """``axis`` counted from the front. Raises ShapeError when there is no such axis."""
    if not -ndim <= axis < ndim:
        raise ShapeError(
            f"there is no axis {axis} in shape {shape}: axes run from {-ndim} to {ndim - 1}"
            if ndim
            else f"a scalar has no axes, so not axis {axis}"
        )
    return axis % ndim
