"""The five dtypes of the engine and their promotion, as in the Python Array API standard.

Dtypes are NumPy's own dtype objects, so ``tensor.dtype == np.float32`` reads as expected.
Source: Python array API standard 2024.12, section "Type promotion rules".
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .errors import DTypeError

__all__ = [
    "DTYPES",
    "as_dtype",
    "bool_",
    "default_float",
    "default_int",
    "float32",
    "float64",
    "int32",
    "int64",
    "is_boolean",
    "is_floating",
    "is_integer",
    "promote",
    "storable",
]

bool_ = np.dtype("bool")
int32 = np.dtype("int32")
int64 = np.dtype("int64")
float32 = np.dtype("float32")
float64 = np.dtype("float64")

DTYPES = (bool_, int32, int64, float32, float64)
default_int = int64
default_float = float64

# Every other NumPy number is stored in the smallest of the five that holds all its values.
_LOSSLESS: dict[str, np.dtype[Any]] = {
    "int8": int32,
    "int16": int32,
    "uint8": int32,
    "uint16": int32,
    "uint32": int64,
    "float16": float32,
}


def as_dtype(dtype: Any) -> np.dtype[Any]:
    """Return the engine's dtype for ``dtype`` (a name, a Python type or a NumPy dtype).

    Raises DTypeError when it is not one of bool, int32, int64, float32, float64.
    """
    try:
        found = np.dtype(dtype)
    except TypeError as error:
        raise DTypeError(f"{dtype!r} is not a dtype; use one of {_names()}") from error
    if found not in DTYPES:
        raise DTypeError(f"dtype {found} is not supported; use one of {_names()}")
    return found


def storable(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return ``array`` in one of the five dtypes without losing a value, native byte order.

    Raises DTypeError for complex, object, text and date arrays, and for integers past int64.
    """
    dtype: np.dtype[Any] = array.dtype.newbyteorder("=")
    if dtype in DTYPES:
        return np.asarray(array, dtype=dtype)
    if dtype.name in _LOSSLESS:
        return array.astype(_LOSSLESS[dtype.name])
    if dtype.kind == "u" and (array.size == 0 or int(array.max()) <= np.iinfo(np.int64).max):
        return array.astype(int64)
    raise DTypeError(
        f"an array of dtype {array.dtype} cannot become a tensor; convert it first to one of "
        f"{_names()}, for example with array.astype('float64')"
    )


def _names() -> str:
    return ", ".join(dtype.name for dtype in DTYPES)


def is_floating(dtype: np.dtype[Any]) -> bool:
    """Whether ``dtype`` is float32 or float64, the dtypes that have derivatives."""
    return dtype.kind == "f"


def is_integer(dtype: np.dtype[Any]) -> bool:
    """Whether ``dtype`` is int32 or int64."""
    return dtype.kind == "i"


def is_boolean(dtype: np.dtype[Any]) -> bool:
    """Whether ``dtype`` is bool."""
    return dtype.kind == "b"


_KIND_ORDER = {"b": 0, "i": 1, "f": 2}


def promote(*dtypes: np.dtype[Any]) -> np.dtype[Any]:
    """Return the dtype in which operands of ``dtypes`` are combined.

    Within a kind the wider one wins, as the standard says. Where the standard leaves the result
    open (mixed kinds) the higher kind of bool < integer < floating wins with its own width, so
    that an integer operand never widens float32 to float64.
    """
    if not dtypes:
        raise DTypeError("promote needs at least one dtype")
    best = dtypes[0]
    for dtype in dtypes[1:]:
        if _KIND_ORDER[dtype.kind] > _KIND_ORDER[best.kind] or (
            dtype.kind == best.kind and dtype.itemsize > best.itemsize
        ):
            best = dtype
    return best
