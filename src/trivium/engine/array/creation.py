"""New tensors: constants with an identity of their own, so that derivatives are unambiguous.

A tensor of one repeated number holds that number once, whatever its shape.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import composites, dtypes
from ..composites import as_tensor, binary
from ..errors import ArgumentError, DTypeError, ShapeError
from ..primitives import arithmetic, comparison
from ..tensor import Tensor, constant, tensor
from .arguments import ArrayLike, integer, positions, refused, sizes
from .manipulation import reshape

__all__ = [
    "arange",
    "asarray",
    "empty",
    "empty_like",
    "eye",
    "from_dlpack",
    "full",
    "full_like",
    "linspace",
    "ones",
    "ones_like",
    "tril",
    "triu",
    "zeros",
    "zeros_like",
]


def _leaf(array: np.ndarray[Any, Any]) -> Tensor:
    """A constant of its own from an array that nobody else holds."""
    array.setflags(write=False)
    return constant(array, object())


def asarray(obj: ArrayLike, /, *, dtype: Any = None, copy: bool | None = None) -> Tensor:
    """``obj`` (numbers, nested lists, an array) as a tensor; a tensor stays itself.

    Shapes: that of ``obj``. ``dtype`` converts. Arrays are always copied, so ``copy=False`` is
    possible for tensors only (ArgumentError). Raises DTypeError for data that are not numbers,
    ShapeError for ragged lists.
    """
    if copy is False and not isinstance(obj, Tensor):
        raise ArgumentError(
            f"asarray: a tensor is immutable, so it cannot share the memory of {type(obj)}; "
            "leave out copy=False"
        )
    return tensor(obj, dtype)


def from_dlpack(x: Any, /, *, copy: bool | None = None) -> Tensor:
    """A copy of another library's array on the CPU, by the DLPack protocol.

    Raises DTypeError when ``x`` does not offer the protocol, ArgumentError for ``copy=False``.
    """
    if copy is False:
        raise ArgumentError("from_dlpack: a tensor never shares memory; leave out copy=False")
    try:
        return tensor(np.from_dlpack(x))
    except (AttributeError, BufferError, RuntimeError, TypeError) as error:
        raise DTypeError(
            f"from_dlpack: {type(x)} does not lend its data on the CPU by DLPack: {error}"
        ) from error


def full(shape: Any, fill_value: ArrayLike, *, dtype: Any = None) -> Tensor:
    """A tensor of ``shape`` whose elements are all ``fill_value``.

    The dtype is that of ``fill_value`` unless given. A scalar tensor as ``fill_value`` passes
    its derivative. Raises ShapeError for negative sizes or a ``fill_value`` that is no scalar.
    """
    target = sizes("full", shape)
    value = tensor(fill_value, dtype)
    if value.ndim:
        raise refused("full", [value], "the value to fill with must be a scalar")
    if isinstance(fill_value, Tensor):
        return composites.broadcast_to(value, target)
    return constant(np.broadcast_to(value.attributes.array, target), object())


def zeros(shape: Any, *, dtype: Any = None) -> Tensor:
    """A tensor of ``shape`` full of zeros, float64 unless ``dtype`` says otherwise."""
    return full(shape, 0, dtype=dtypes.default_float if dtype is None else dtype)


def ones(shape: Any, *, dtype: Any = None) -> Tensor:
    """A tensor of ``shape`` full of ones, float64 unless ``dtype`` says otherwise."""
    return full(shape, 1, dtype=dtypes.default_float if dtype is None else dtype)


def empty(shape: Any, *, dtype: Any = None) -> Tensor:
    """A tensor of ``shape`` for values that do not matter; they are zeros."""
    return zeros(shape, dtype=dtype)


def full_like(x: ArrayLike, /, fill_value: ArrayLike, *, dtype: Any = None) -> Tensor:
    """A tensor of the shape and dtype of ``x`` whose elements are all ``fill_value``."""
    like = as_tensor(x)
    return full(like.shape, fill_value, dtype=like.dtype if dtype is None else dtype)


def zeros_like(x: ArrayLike, /, *, dtype: Any = None) -> Tensor:
    """Zeros of the shape and dtype of ``x``."""
    return full_like(x, 0, dtype=dtype)


def ones_like(x: ArrayLike, /, *, dtype: Any = None) -> Tensor:
    """Ones of the shape and dtype of ``x``."""
    return full_like(x, 1, dtype=dtype)


def empty_like(x: ArrayLike, /, *, dtype: Any = None) -> Tensor:
    """A tensor like ``x`` for values that do not matter; they are zeros."""
    return zeros_like(x, dtype=dtype)


def eye(n_rows: int, n_cols: int | None = None, /, *, k: int = 0, dtype: Any = None) -> Tensor:
    """The matrix with ones on diagonal ``k`` (k > 0 above the main one) and zeros elsewhere.

    Shapes: (n_rows, n_cols), square unless ``n_cols`` is given; float64 unless ``dtype`` is.
    Raises ShapeError for negative sizes.
    """
    rows, columns = sizes("eye", (n_rows, n_rows if n_cols is None else n_cols))
    found = dtypes.default_float if dtype is None else dtypes.as_dtype(dtype)
    offset = integer("eye", "k", k)
    return _leaf(np.eye(rows, columns, max(-rows, min(offset, columns)), dtype=found))


def arange(
    start: float, /, stop: float | None = None, step: float = 1, *, dtype: Any = None
) -> Tensor:
    """The numbers start, start + step, … before ``stop``; with one argument, from 0 up to it.

    Shapes: (⌈(stop - start) / step⌉,), at least 0. int64 when all arguments are integers, else
    float64, unless ``dtype`` is given. Raises ShapeError when the step is 0 or the length is
    not finite.
    """
    given = [
        _number("arange", each) for each in ((0, start) if stop is None else (start, stop))
    ]
    given.append(_number("arange", step))
    exact = all(isinstance(each, int) for each in given)
    wanted = dtypes.default_int if exact else dtypes.default_float
    wanted = wanted if dtype is None else dtypes.as_dtype(dtype)
    try:
        return _leaf(np.arange(*given, dtype=wanted))
    except (OverflowError, ValueError, ZeroDivisionError) as error:
        raise ShapeError(
            f"arange: from {given[0]} to {given[1]} in steps of {given[2]} there is no finite "
            f"number of {wanted} values ({error})"
        ) from error


def linspace(
    start: float, stop: float, /, num: int, *, dtype: Any = None, endpoint: bool = True
) -> Tensor:
    """``num`` numbers at equal distances from ``start`` to ``stop``.

    Shapes: (num,). The last number is ``stop``, or one distance before it when not
    ``endpoint``. float64 unless ``dtype`` is given. Raises ShapeError for a negative ``num``.
    """
    (count,) = sizes("linspace", (num,))
    first, last = _number("linspace", start), _number("linspace", stop)
    found = dtypes.default_float if dtype is None else dtypes.as_dtype(dtype)
    with np.errstate(all="ignore"):
        return _leaf(np.linspace(first, last, count, endpoint=endpoint, dtype=found))


def _number(asked: str, value: Any) -> int | float:
    """``value`` as a Python number. Raises DTypeError when it is none."""
    array = tensor(value).value
    if array.ndim or array.dtype.kind == "b":
        raise DTypeError(f"{asked}: the arguments must be numbers, not {value!r}")
    number: int | float = array.item()
    return number


def _triangle(asked: str, x: ArrayLike, k: int, lower: bool) -> Tensor:
    given = as_tensor(x)
    if given.ndim < 2:
        raise refused(asked, [given], "a triangle needs two axes, the last two of the tensor")
    rows, columns = given.shape[-2:]
    offset = integer(asked, "k", k)
    edges = binary(arithmetic.add, reshape(positions(rows), (rows, 1)), offset)
    rule = comparison.less_equal if lower else comparison.greater_equal
    kept = binary(rule, reshape(positions(columns), (1, columns)), edges)
    return composites.where(kept, given, composites.zeros_like(given))


def tril(x: ArrayLike, /, *, k: int = 0) -> Tensor:
    """The lower triangle of the matrices in the last two axes; zeros above diagonal ``k``.

    Shapes: (…, n, m) → (…, n, m). Raises ShapeError for fewer than two axes.
    """
    return _triangle("tril", x, k, lower=True)


def triu(x: ArrayLike, /, *, k: int = 0) -> Tensor:
    """The upper triangle of the matrices in the last two axes; zeros below diagonal ``k``.

    Shapes and errors as for ``tril``.
    """
    return _triangle("triu", x, k, lower=False)
