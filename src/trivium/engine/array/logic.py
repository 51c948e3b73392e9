"""Elementwise comparison, logic, bits and tests for special numbers; operands broadcast."""

from __future__ import annotations

from .. import operators
from ..composites import as_tensor, binary, full
from ..dtypes import bool_, is_floating
from ..primitive import Primitive
from ..primitives import comparison
from ..tensor import Tensor
from .arguments import ArrayLike

__all__ = [
    "bitwise_and",
    "bitwise_invert",
    "bitwise_left_shift",
    "bitwise_or",
    "bitwise_right_shift",
    "bitwise_xor",
    "equal",
    "greater",
    "greater_equal",
    "isfinite",
    "isinf",
    "isnan",
    "less",
    "less_equal",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "not_equal",
]


def equal(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """Whether x₁ = x₂; bool. NaN equals nothing, itself included."""
    return binary(comparison.equal, x1, x2)


def not_equal(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """Whether x₁ ≠ x₂; bool."""
    return binary(comparison.not_equal, x1, x2)


def less(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """Whether x₁ < x₂; bool."""
    return binary(comparison.less, x1, x2)


def less_equal(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """Whether x₁ ≤ x₂; bool."""
    return binary(comparison.less_equal, x1, x2)


def greater(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """Whether x₁ > x₂; bool."""
    return binary(comparison.greater, x1, x2)


def greater_equal(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """Whether x₁ ≥ x₂; bool."""
    return binary(comparison.greater_equal, x1, x2)


def _test(primitive: Primitive, of_exact: bool, x: ArrayLike) -> Tensor:
    given = as_tensor(x)
    return primitive(given) if is_floating(given.dtype) else full(given.shape, of_exact, bool_)


def isnan(x: ArrayLike, /) -> Tensor:
    """Whether x is not a number; bool. False for integers and booleans."""
    return _test(comparison.isnan, False, x)


def isinf(x: ArrayLike, /) -> Tensor:
    """Whether x is ∞ or -∞; bool. False for integers and booleans."""
    return _test(comparison.isinf, False, x)


def isfinite(x: ArrayLike, /) -> Tensor:
    """Whether x is neither NaN nor infinite; bool. True for integers and booleans."""
    return _test(comparison.isfinite, True, x)


def logical_and(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """Whether both hold. Raises DTypeError for operands that are not bool."""
    return binary(comparison.logical_and, x1, x2)


def logical_or(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """Whether one or both hold."""
    return binary(comparison.logical_or, x1, x2)


def logical_xor(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """Whether exactly one holds."""
    return binary(comparison.logical_xor, x1, x2)


def logical_not(x: ArrayLike, /) -> Tensor:
    """Whether x does not hold."""
    return comparison.logical_not(as_tensor(x))


def bitwise_and(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """The bits that are set in both; of booleans, logical and."""
    return operators.bit_and(x1, x2)


def bitwise_or(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """The bits that are set in one or both; of booleans, logical or."""
    return operators.bit_or(x1, x2)


def bitwise_xor(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """The bits that are set in exactly one; of booleans, logical xor."""
    return operators.bit_xor(x1, x2)


def bitwise_invert(x: ArrayLike, /) -> Tensor:
    """Every bit inverted, -x - 1; of booleans, logical not."""
    return operators.invert(x)


def bitwise_left_shift(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """The bits of the integer x₁ moved up by x₂ places, 0 ≤ x₂ < width; zeros come in."""
    return binary(comparison.bitwise_left_shift, x1, x2)


def bitwise_right_shift(x1: ArrayLike, x2: ArrayLike, /) -> Tensor:
    """The bits of the integer x₁ moved down by x₂ places, 0 ≤ x₂ < width; the sign stays."""
    return binary(comparison.bitwise_right_shift, x1, x2)
