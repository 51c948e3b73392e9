"""The functions of the Python Array API standard (2024.12), composed from the primitives.

Every function takes tensors, NumPy arrays, nested lists or Python numbers and returns a
Tensor, so a floating result has derivatives of any order. Beside the standard there are the
functions of neural networks, the gamma family, ``einsum``, ``norm`` and ``pad``. Source: Python
array API standard 2024.12, https://data-apis.org/array-api/2024.12.
"""

from typing import TYPE_CHECKING

from ..lazy import lazy

__array_api_version__ = "2024.12"

# Module → its functions, each of which loads when it is first used.
# fmt: off
_MODULES = {
    "activations": [
        "elu", "gelu", "hard_sigmoid", "hard_tanh", "leaky_relu", "log_sigmoid",
        "log_softmax", "logsumexp", "mish", "one_hot", "relu", "selu", "sigmoid", "silu",
        "softmax", "softplus", "softsign", "unit_step",
    ],
    "arithmetic": [
        "abs", "add", "ceil", "clip", "copysign", "divide", "floor", "floor_divide",
        "hypot", "maximum", "minimum", "multiply", "negative", "positive", "pow",
        "reciprocal", "remainder", "round", "sign", "signbit", "sqrt", "square", "subtract",
        "trunc",
    ],
    "constants": [
        "bool", "e", "float32", "float64", "inf", "int32", "int64", "nan", "newaxis", "pi",
    ],
    "creation": [
        "arange", "asarray", "empty", "empty_like", "eye", "from_dlpack", "full",
        "full_like", "linspace", "ones", "ones_like", "tril", "triu", "zeros", "zeros_like",
    ],
    "data_types": [
        "FloatLimits", "IntegerLimits", "astype", "can_cast", "finfo", "iinfo", "isdtype",
        "result_type",
    ],
    "indexing": ["take", "take_along_axis"],
    "linear": [
        "diagonal", "dot", "matmul", "matrix_transpose", "outer", "tensordot", "trace",
        "vecdot",
    ],
    "logic": [
        "bitwise_and", "bitwise_invert", "bitwise_left_shift", "bitwise_or",
        "bitwise_right_shift", "bitwise_xor", "equal", "greater", "greater_equal",
        "isfinite", "isinf", "isnan", "less", "less_equal", "logical_and", "logical_not",
        "logical_or", "logical_xor", "not_equal",
    ],
    "manipulation": [
        "broadcast_arrays", "broadcast_to", "concat", "expand_dims", "flatten", "flip",
        "moveaxis", "permute_dims", "reshape", "roll", "squeeze", "stack", "swapaxes",
        "unstack",
    ],
    "norms": ["norm"],
    "repetition": ["meshgrid", "pad", "repeat", "tile"],
    "searching": ["argmax", "argmin", "count_nonzero", "nonzero", "searchsorted", "where"],
    "sorting": [
        "UniqueAll", "UniqueCounts", "UniqueInverse", "argsort", "sort", "unique_all",
        "unique_counts", "unique_inverse", "unique_values",
    ],
    "special": [
        "digamma", "erf", "erfc", "erfinv", "gammainc", "gammaincc", "log_gamma",
        "polygamma",
    ],
    "statistical": [
        "cumulative_prod", "cumulative_sum", "max", "mean", "min", "prod", "std", "sum",
        "var",
    ],
    "subscripts": ["einsum"],
    "transcendental": [
        "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "cos", "cosh", "exp",
        "expm1", "log", "log10", "log1p", "log2", "logaddexp", "sin", "sinh", "tan", "tanh",
    ],
    "utility": ["all", "any", "diff"],
}
# fmt: on

if TYPE_CHECKING:
    from .activations import *  # noqa: F403
    from .arithmetic import *  # noqa: F403
    from .constants import *  # noqa: F403
    from .creation import *  # noqa: F403
    from .data_types import *  # noqa: F403
    from .indexing import *  # noqa: F403
    from .linear import *  # noqa: F403
    from .logic import *  # noqa: F403
    from .manipulation import *  # noqa: F403
    from .norms import *  # noqa: F403
    from .repetition import *  # noqa: F403
    from .searching import *  # noqa: F403
    from .sorting import *  # noqa: F403
    from .special import *  # noqa: F403
    from .statistical import *  # noqa: F403
    from .subscripts import *  # noqa: F403
    from .transcendental import *  # noqa: F403
    from .utility import *  # noqa: F403
else:
    __all__ = [name for names in _MODULES.values() for name in names]

    def _missing(name: str) -> str:
        from .absent import explain

        return explain(name, __all__)

    __getattr__, __dir__ = lazy(__name__, _MODULES, _missing)
