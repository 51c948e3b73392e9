"""Dtypes: conversion, promotion, limits and kinds."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .. import dtypes
from ..composites import as_tensor, cast
from ..errors import ArgumentError, DTypeError
from ..tensor import Tensor
from .arguments import ArrayLike

__all__ = ["FloatLimits", "IntegerLimits", "astype", "can_cast", "finfo", "iinfo", "isdtype"]
__all__ += ["result_type"]

DType = np.dtype[Any]


class FloatLimits(NamedTuple):
    """What ``finfo`` says: width, distance from 1 to the next number, range."""

    bits: int
    eps: float
    max: float
    min: float
    smallest_normal: float
    dtype: DType


class IntegerLimits(NamedTuple):
    """What ``iinfo`` says: width and range."""

    bits: int
    max: int
    min: int
    dtype: DType


def astype(x: ArrayLike, dtype: Any, /, *, copy: bool = True) -> Tensor:
    """``x`` in another dtype; the derivative is converted back.

    Floating numbers lose their fraction on the way to integers, and become bool by x ≠ 0.
    ``copy`` is accepted and changes nothing: tensors are immutable. Raises DTypeError for a
    dtype other than the five.
    """
    return cast(as_tensor(x), dtypes.as_dtype(dtype))


def _dtype_of(value: Any) -> DType:
    return value.dtype if isinstance(value, Tensor) else dtypes.as_dtype(value)


def can_cast(from_: Any, to: Any, /) -> bool:
    """Whether promotion leads from a dtype (or a tensor's) to ``to``: ``to`` wins over it.

    float32 wins over int64, as in arithmetic, although it does not hold every int64.
    """
    target = dtypes.as_dtype(to)
    return bool(dtypes.promote(_dtype_of(from_), target) == target)


def result_type(*arrays_and_dtypes: Any) -> DType:
    """The dtype in which tensors, arrays, dtypes and Python numbers are combined.

    Python numbers take the dtype of the others where their kind allows it. Raises DTypeError
    when there is nothing to combine.
    """
    if not arrays_and_dtypes:
        raise DTypeError("result_type: name at least one tensor, array, dtype or number")
    strong: list[DType] = []
    weak: list[DType] = []
    for each in arrays_and_dtypes:
        if isinstance(each, bool | int | float):
            weak.append(as_tensor(each).dtype)
        elif isinstance(each, Tensor | np.ndarray | np.generic):
            strong.append(as_tensor(each).dtype)
        else:
            strong.append(dtypes.as_dtype(each))
    if not strong:
        return dtypes.promote(*weak)
    found = dtypes.promote(*strong)
    higher = [each for each in weak if "bif".index(each.kind) > "bif".index(found.kind)]
    return dtypes.promote(found, *higher)


def finfo(type: Any, /) -> FloatLimits:
    """The limits of a floating dtype, or of a tensor's. Raises DTypeError for other dtypes."""
    dtype = _dtype_of(type)
    if not dtypes.is_floating(dtype):
        raise DTypeError(f"finfo: {dtype} is not floating; for integers there is iinfo")
    found = np.finfo(dtype)
    return FloatLimits(
        found.bits,
        float(found.eps),
        float(found.max),
        float(found.min),
        float(found.smallest_normal),
        dtype,
    )


def iinfo(type: Any, /) -> IntegerLimits:
    """The limits of an integer dtype, or of a tensor's. Raises DTypeError for other dtypes."""
    dtype = _dtype_of(type)
    if not dtypes.is_integer(dtype):
        raise DTypeError(f"iinfo: {dtype} is not an integer dtype; for floating there is finfo")
    found = np.iinfo(dtype)
    return IntegerLimits(found.bits, int(found.max), int(found.min), dtype)


_KINDS = {
    "bool": "b",
    "signed integer": "i",
    "unsigned integer": "",
    "integral": "i",
    "real floating": "f",
    "complex floating": "",
    "numeric": "if",
}


def isdtype(dtype: Any, kind: Any) -> bool:
    """Whether ``dtype`` is of ``kind``: a dtype, a name such as "real floating", or a tuple.

    The names: bool, signed integer, unsigned integer, integral, real floating, complex
    floating, numeric. Raises ArgumentError for another name.
    """
    found = dtypes.as_dtype(dtype)
    if isinstance(kind, tuple):
        return any(isdtype(found, each) for each in kind)
    if isinstance(kind, str):
        if kind not in _KINDS:
            raise ArgumentError(f"isdtype: the kind {kind!r} is none of {', '.join(_KINDS)}")
        return found.kind in _KINDS[kind]
    return bool(found == dtypes.as_dtype(kind))
