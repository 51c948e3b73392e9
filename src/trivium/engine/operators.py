"""Operators, indexing and methods of Tensor, as NumPy's users know them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from . import dtypes
from .composites import as_tensor, binary, cast, matmul, operands
from .errors import DTypeError, UnboundInputError
from .getitem import getitem
from .primitive import Primitive
from .primitives import arithmetic as ar
from .primitives import comparison as cmp
from .primitives import movement
from .tensor import Tensor
from .tracing import refuse_plain_number

__all__: list[str] = []

_CONVERTIBLE = (Tensor, bool, int, float, np.ndarray, np.generic, list, tuple)


def _pair(function: Primitive | Callable[[Any, Any], Tensor]) -> tuple[Any, Any]:
    compute = partial(binary, function) if isinstance(function, Primitive) else function

    def forward(self: Tensor, other: Any) -> Any:
        return compute(self, other) if isinstance(other, _CONVERTIBLE) else NotImplemented

    def backward(self: Tensor, other: Any) -> Any:
        return compute(other, self) if isinstance(other, _CONVERTIBLE) else NotImplemented

    return forward, backward


def divide(x: Any, y: Any) -> Tensor:
    """The quotient; integers become float64 first."""
    left, right = operands(x, y)
    if not dtypes.is_floating(left.dtype):
        left, right = cast(left, dtypes.default_float), cast(right, dtypes.default_float)
    return binary(ar.divide, left, right)


def power(x: Any, y: Any) -> Tensor:
    """``x`` to the power ``y``; the exponents 1 and 2 need no power."""
    if isinstance(y, int | float) and not isinstance(y, bool) and isinstance(x, Tensor):
        if y == 1 and (isinstance(y, int) or dtypes.is_floating(x.dtype)):
            return x
        if y == 2 and dtypes.is_floating(x.dtype):
            return ar.square(x)
    return binary(ar.power, x, y)


def _bits_or_logic(bits: Primitive, logic: Primitive) -> Callable[[Any, Any], Tensor]:
    def compute(x: Any, y: Any) -> Tensor:
        left, right = operands(x, y)
        return binary(logic if dtypes.is_boolean(left.dtype) else bits, left, right)

    return compute


bit_and = _bits_or_logic(cmp.bitwise_and, cmp.logical_and)
bit_or = _bits_or_logic(cmp.bitwise_or, cmp.logical_or)
bit_xor = _bits_or_logic(cmp.bitwise_xor, cmp.logical_xor)


def invert(x: Any) -> Tensor:
    """Bitwise complement of integers, negation of booleans."""
    given = as_tensor(x)
    return (
        cmp.logical_not(given) if dtypes.is_boolean(given.dtype) else cmp.bitwise_invert(given)
    )


def _install() -> None:
    pairs: dict[str, Primitive | Callable[[Any, Any], Tensor]] = {
        "add": ar.add,
        "sub": ar.subtract,
        "mul": ar.multiply,
        "truediv": divide,
        "floordiv": ar.floor_divide,
        "mod": ar.remainder,
        "pow": power,
        "matmul": matmul,
        "and": bit_and,
        "or": bit_or,
        "xor": bit_xor,
        "lshift": cmp.bitwise_left_shift,
        "rshift": cmp.bitwise_right_shift,
    }
    for name, primitive in pairs.items():
        forward, backward = _pair(primitive)
        setattr(Tensor, f"__{name}__", forward)
        setattr(Tensor, f"__r{name}__", backward)
    for name, comparison in {
        "lt": cmp.less,
        "le": cmp.less_equal,
        "gt": cmp.greater,
        "ge": cmp.greater_equal,
        "eq": cmp.equal,
        "ne": cmp.not_equal,
    }.items():
        setattr(Tensor, f"__{name}__", _pair(comparison)[0])
    for function in (
        __setitem__,
        __len__,
        __iter__,
        __bool__,
        __float__,
        __int__,
        __index__,
        __array__,
        __array_ufunc__,
        __repr__,
        __format__,
        __contains__,
        item,
        astype,
        permute,
        transpose,
        reshape,
    ):
        setattr(Tensor, function.__name__, function)
    more: dict[str, Any] = {
        "__hash__": object.__hash__,  # defining __eq__ removed it
        "__neg__": lambda self: ar.negative(self),
        "__pos__": lambda self: self,
        "__abs__": lambda self: ar.absolute(self),
        "__invert__": invert,
        "__getitem__": getitem,
        "T": property(_transposed),
        "mT": property(_matrix_transposed),
        **{name: _method(name) for name in _METHODS},
    }
    for name, member in more.items():
        setattr(Tensor, name, member)


# Methods that are the array function of the same name with the tensor as first argument.
_METHODS = (
    "all", "any", "argmax", "argmin", "argsort", "clip", "cumulative_prod", "cumulative_sum",
    "flatten", "max", "mean", "min", "prod", "repeat", "round", "sort", "squeeze", "std", "sum",
    "swapaxes", "var",
)  # fmt: skip


def _method(name: str) -> Callable[..., Tensor]:
    def call(self: Tensor, *arguments: Any, **options: Any) -> Tensor:
        from . import array

        return getattr(array, name)(self, *arguments, **options)

    call.__name__ = name
    call.__doc__ = f"See ``tv.array.{name}``."
    return call


def __setitem__(self: Tensor, key: Any, value: Any) -> None:
    raise TypeError(
        "tensors are immutable, so an element cannot be assigned; build the new value, for "
        "example tv.array.where(mask, value, x), or assign to a variable with .assign"
    )


def __len__(self: Tensor) -> int:
    if not self.shape:
        raise TypeError("a scalar tensor has no length")
    return self.shape[0]


def __iter__(self: Tensor) -> Iterator[Tensor]:
    return (getitem(self, i) for i in range(__len__(self)))


def __contains__(self: Tensor, value: Any) -> bool:
    return bool(np.any(self.value == np.asarray(value)))


def _scalar_value(self: Tensor, kind: str) -> Any:
    if self.size != 1:
        raise DTypeError(
            f"only a tensor with one element has a {kind}; this one has shape {self.shape}. "
            "Use .any() or .all(), or index one element"
        )
    try:
        return self.value.reshape(())[()]
    except UnboundInputError as error:
        raise UnboundInputError(
            f"{error} A Python `if` or `while` cannot depend on it, because the expression is "
            "built before data arrive; use tv.array.where(condition, a, b) instead"
        ) from None


def __bool__(self: Tensor) -> bool:
    return bool(_scalar_value(self, "truth value"))


def __float__(self: Tensor) -> float:
    refuse_plain_number(self, "a plain number")
    return float(_scalar_value(self, "number"))


def __int__(self: Tensor) -> int:
    if dtypes.is_floating(self.dtype):
        refuse_plain_number(self, "a plain number")
    return int(_scalar_value(self, "number"))


def __index__(self: Tensor) -> int:
    if not dtypes.is_integer(self.dtype):
        raise TypeError(f"a tensor of dtype {self.dtype} is not an integer")
    return int(_scalar_value(self, "number"))


def item(self: Tensor) -> bool | int | float:
    """The only element as a Python number."""
    return _scalar_value(self, "number").item()


def __array__(
    self: Tensor, dtype: Any = None, copy: bool | None = None
) -> np.ndarray[Any, Any]:
    refuse_plain_number(self, "a NumPy array")
    value = self.value
    return value if dtype is None else value.astype(dtype)


# NumPy's name of a function where ``tv.array`` follows the standard's.
_NUMPY_NAMES = {
    "absolute": "abs",
    "arccos": "acos",
    "arccosh": "acosh",
    "arcsin": "asin",
    "arcsinh": "asinh",
    "arctan": "atan",
    "arctan2": "atan2",
    "arctanh": "atanh",
    "fabs": "abs",
    "invert": "bitwise_invert",
    "left_shift": "bitwise_left_shift",
    "power": "pow",
    "right_shift": "bitwise_right_shift",
    "rint": "round",
}


def __array_ufunc__(
    self: Tensor, ufunc: Any, method: str, *inputs: Any, **options: Any
) -> Tensor:
    """NumPy's elementwise functions of tensors are the array functions of the same meaning."""
    from . import array

    name = _NUMPY_NAMES.get(ufunc.__name__, ufunc.__name__)
    function = getattr(array, name, None)
    if function is not None and method == "__call__" and not options:
        found: Tensor = function(*inputs)
        return found
    how = f" with {', '.join(options)}=" if options else ""
    how = how or (f" as .{method}" if method != "__call__" else "")
    own = f" (tv.array.{name})" if function is not None else ""
    raise TypeError(
        f"np.{ufunc.__name__} does not work on tensors{how}; use the functions of tv.array{own}, "
        "or x.value for a NumPy array"
    )


def __format__(self: Tensor, specification: str) -> str:
    return format(self.item(), specification) if specification else repr(self)


def __repr__(self: Tensor) -> str:
    name = f"{self.name}: " if isinstance(self.name, str) else ""
    if self.parts is not None:
        return f"<{self.primitive.name} with {len(self.parts)} results>"
    try:
        values = np.array2string(self.value, separator=", ", threshold=60)
    except UnboundInputError:
        return f"<{name}{self.primitive.name}, shape={self.shape}, dtype={self.dtype}>"
    return f"tensor({name}{values}, shape={self.shape}, dtype={self.dtype})"


def astype(self: Tensor, dtype: Any) -> Tensor:
    """The tensor in another dtype."""
    return cast(self, dtypes.as_dtype(dtype))


def permute(self: Tensor, axes: tuple[int, ...]) -> Tensor:
    """The tensor with its axes in the order ``axes``."""
    order = tuple(axis % self.ndim if self.ndim else axis for axis in axes)
    return self if order == tuple(range(self.ndim)) else movement.permute(self, axes=order)


def transpose(self: Tensor, *axes: Any) -> Tensor:
    """The tensor with its axes reversed, or in the order ``axes``."""
    if not axes or axes == (None,):
        return _transposed(self)
    return permute(self, tuple(axes[0]) if isinstance(axes[0], tuple | list) else axes)


def reshape(self: Tensor, *shape: Any) -> Tensor:
    """The same elements in another shape; one size may be -1."""
    from . import array

    sizes = shape[0] if len(shape) == 1 and isinstance(shape[0], tuple | list) else shape
    return array.reshape(self, tuple(sizes))


def _transposed(self: Tensor) -> Tensor:
    return permute(self, tuple(reversed(range(self.ndim))))


def _matrix_transposed(self: Tensor) -> Tensor:
    if self.ndim < 2:
        raise DTypeError(f"a tensor of shape {self.shape} has no last two axes to exchange")
    return permute(self, (*range(self.ndim - 2), self.ndim - 1, self.ndim - 2))


_install()
