"""Arrays that are written into generated files: as what they are, where they are regular."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np

from trivium.engine.errors import ArgumentError

from .python_source import ATOM, Code, binary, call, number

if TYPE_CHECKING:
    from .python_writer import Writer

__all__ = ["constant"]

Array = np.ndarray[Any, Any]

# So many numbers are written out; a file of more would be data, not a derivation.
_LARGEST = 100_000
_WIDTH = 84


def constant(w: Writer, array: Array) -> Code:
    """The source of ``array``: a number, a pattern such as np.eye(3), or all of it.

    Raises ArgumentError for a large array, and for one whose length is that of the batch and
    that follows no pattern: it belongs to other examples than those of the file.
    """
    if array.ndim == 0:
        return number(array[()], array.dtype)
    if array.size == 0:
        return call("np.zeros", w.sizes(array.shape), w.dtype(array.dtype), shape=array.shape)
    first = array.reshape(-1)[:1]
    if np.array_equal(
        array, np.broadcast_to(first, array.shape), equal_nan=array.dtype.kind == "f"
    ):
        return number(first[0], array.dtype)
    found = _pattern(w, array)
    if found is not None:
        return found
    if w.batch and any(size and size % w.batch == 0 for size in array.shape):
        return _along_batch(w, array)
    if array.size > _LARGEST:
        raise ArgumentError(
            f"the expression holds a constant of shape {array.shape}; a Python file writes "
            f"constants out, and {array.size} numbers are too many (at most {_LARGEST}). Make "
            "it a parameter, or compute it from the input"
        )
    return _written(w, array)


def _pattern(w: Writer, array: Array) -> Code | None:
    """An identity matrix, or equally spaced whole numbers."""
    if array.ndim == 2 and array.shape[0] == array.shape[1] > 1:
        if np.array_equal(array, np.eye(len(array))):
            arguments = (w.size(len(array)), f"dtype={w.dtype(array.dtype)}")
            return call("np.eye", *arguments, shape=array.shape)
    if array.ndim != 1 or array.dtype.kind != "i" or len(array) < 3:
        return None
    start, step = int(array[0]), int(array[1]) - int(array[0])
    if not np.array_equal(array, start + step * np.arange(len(array), dtype=array.dtype)):
        return None
    whole = np.dtype(np.int64)
    options = [] if array.dtype == whole else [f"dtype={w.dtype(array.dtype)}"]
    made = call("np.arange", w.size(len(array)), *options, shape=array.shape)
    if step != 1:
        made = binary("*", number(step, whole), made)
    return binary("+", made, number(start, whole)) if start else made


def _along_batch(w: Writer, array: Array) -> Code:
    """An array that repeats one block for every example, written as that block."""
    for axis, size in enumerate(array.shape):
        if size % w.batch == 0 and size == w.batch:
            block = array.take([0], axis=axis)
            if np.array_equal(array, np.broadcast_to(block, array.shape)):
                return constant(w, block)
    raise ArgumentError(
        f"the expression holds a constant of shape {array.shape} with different numbers for "
        "different examples; a file for any number of examples cannot hold it. Make it a "
        "feature instead"
    )


def _written(w: Writer, array: Array) -> Code:
    """All numbers: in one line if they fit, else in lines of their own that no tool reflows."""
    dtype = w.dtype(array.dtype)
    rows = _nested(array) if array.size < w.width else ""
    if rows and len(rows) + len(dtype) + len("np.array(, )") <= w.width:
        return call("np.array", rows, dtype, shape=array.shape)
    name = w.file.names.numbered("c")
    texts = ", ".join(number(each, array.dtype).text for each in array.reshape(-1))
    pad = " " * (4 * w.depth + 4)
    filled = textwrap.fill(
        f"[{texts}],", _WIDTH, initial_indent=pad, subsequent_indent=f"{pad} "
    )
    shape = f".reshape({w.sizes(array.shape, bare=True)})" if array.ndim > 1 else ""
    w.line(f"{name} = np.array(")
    w.lines.extend([filled, f"{pad}{dtype},"])
    w.line(f"){shape}  # fmt: skip")
    return Code(name, ATOM, array.shape)


def _nested(array: Array) -> str:
    if array.ndim == 0:
        return number(array[()], array.dtype).text
    return f"[{', '.join(_nested(each) for each in array)}]"
