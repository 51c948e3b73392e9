"""Names that are not here: why the standard's are left out, and what NumPy's are called."""

from __future__ import annotations

import difflib
from collections.abc import Collection

__all__ = ["ELSEWHERE", "OMITTED", "explain"]

_COMPLEX = "tensors are real; there are no complex dtypes"
_WIDTH = "numbers are bool, int32, int64, float32 or float64; other data become one of these"

# Names of the Python Array API standard 2024.12 without a function here.
OMITTED = {
    "__array_namespace_info__": "tensors are expressions; code that asks an array for its "
    "namespace, in order to compute with values, must be given tensor.value",
    "complex64": _COMPLEX,
    "complex128": _COMPLEX,
    "conj": _COMPLEX,
    "imag": _COMPLEX,
    "real": _COMPLEX,
    "int8": _WIDTH,
    "int16": _WIDTH,
    "uint8": _WIDTH,
    "uint16": _WIDTH,
    "uint32": _WIDTH,
    "uint64": _WIDTH,
    "nextafter": "it reads a number's bits, which no primitive does, and has no useful "
    "derivative; call numpy.nextafter on the data",
    "fft": "the extension for Fourier transforms needs complex numbers",
    "linalg": "the extension for linear algebra is tv.linalg",
}

# What NumPy or another library calls it → what the standard calls it.
ELSEWHERE = {
    "absolute": "abs",
    "amax": "max",
    "amin": "min",
    "arccos": "acos",
    "arccosh": "acosh",
    "arcsin": "asin",
    "arcsinh": "asinh",
    "arctan": "atan",
    "arctan2": "atan2",
    "arctanh": "atanh",
    "argwhere": "nonzero",
    "array": "asarray",
    "average": "mean",
    "cat": "concat",
    "concatenate": "concat",
    "cumprod": "cumulative_prod",
    "cumsum": "cumulative_sum",
    "gammaln": "log_gamma",
    "invert": "bitwise_invert",
    "left_shift": "bitwise_left_shift",
    "lgamma": "log_gamma",
    "mod": "remainder",
    "power": "pow",
    "ravel": "flatten",
    "right_shift": "bitwise_right_shift",
    "rint": "round",
    "swish": "silu",
    "transpose": "permute_dims",
    "true_divide": "divide",
    "unique": "unique_values",
    "unsqueeze": "expand_dims",
    "vector_norm": "norm",
}


def explain(name: str, present: Collection[str]) -> str:
    """Why ``tv.array`` has no ``name``, and which of the ``present`` names may be meant."""
    if name in OMITTED:
        return f"tv.array has no {name}: {OMITTED[name]}"
    if name in ELSEWHERE:
        return (
            f"tv.array has no {name}; as in the Python Array API it is called {ELSEWHERE[name]}"
        )
    near = difflib.get_close_matches(name, present, n=1)
    return f"tv.array has no {name}" + (f"; did you mean {near[0]}?" if near else "")
