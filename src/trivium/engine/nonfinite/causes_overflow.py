"""Causes that are numbers too large for their dtype."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..composites import cast, matmul
from ..primitives import arithmetic, exponential, reductions, special, trigonometry
from ..primitives.indexing import scatter_add
from ..tensor import Tensor, tensor, variable
from .causes import Case, Cause
from .formula import number

__all__ = ["CAUSES"]

# How far an exponential may be above eˣ: eˣ − 1, and half of it.
_EXPONENTIALS = {"exp": 0.0, "expm1": 0.0, "sinh": math.log(2), "cosh": math.log(2)}
_SIGNS = {
    "multiply": " · ",
    "chain": " · ",
    "add": " + ",
    "subtract": " − ",
    "divide": " / ",
    "floor_divide": " // ",
}


def _leaf(value: Any, dtype: Any, name: str = "x") -> Tensor:
    return variable(np.asarray(value, dtype), name=name)


def _near_end(dtype: Any) -> float:
    """A quarter of the largest number."""
    return float(np.finfo(dtype).max) / 4


def _limit(case: Case) -> str:
    return f"the largest {case.dtype}, {case.largest}"


def _wider(case: Case) -> str:
    return ", or compute in float64" if case.dtype == "float32" else ""


def _exponential_says(case: Case) -> str:
    limit = float(np.log(np.finfo(case.dtype).max.astype(np.float64)))
    limit += _EXPONENTIALS[case.name]
    symbol = {"exp": "eˣ", "expm1": "eˣ − 1"}.get(case.name, f"{case.name} x")
    return (
        f"{symbol} overflowed: in {case.dtype} the exponent may be at most "
        f"{number(round(limit, 1))}, and {case.text(0)} is {number(case.at(0))} there"
    )


def _exponential_helps(case: Case) -> str:
    return (
        "make the exponent smaller: subtract the largest one first, as tv.array.softmax and "
        f"tv.array.logsumexp do{_wider(case)}"
    )


def _pair_says(case: Case) -> str:
    sign = _SIGNS[case.name]
    return f"{number(case.at(0))}{sign}{_bracketed(case.at(1))} is beyond {_limit(case)}"


def _bracketed(value: float) -> str:
    return f"({number(value)})" if value < 0 else number(value)


def _power_says(case: Case) -> str:
    if case.name == "square":
        return f"the square of {number(case.at(0))} is beyond {_limit(case)}"
    return (
        f"{_bracketed(case.at(0))} to the power {number(case.at(1))} is beyond {_limit(case)}"
    )


def _sum_says(case: Case) -> str:
    count = case.row(0).size
    what = "product" if "prod" in case.name else "sum"
    if case.name == "scatter_add":
        return (
            f"the sum of the elements that were added up here is beyond {_limit(case)}; the "
            f"largest magnitude among all is {number(float(np.abs(case.arrays[0]).max()))}"
        )
    return (
        f"the {what} of {count:,} elements with magnitudes up to {number(case.top(0))} is beyond "
        f"{_limit(case)}"
    )


def _product_says(case: Case) -> str:
    return (
        f"the sum of {case.row(0).size:,} products is beyond {_limit(case)}: the magnitudes go up "
        f"to {number(case.top(0))} in {case.text(0)} and to {number(case.top(1))} in "
        f"{case.text(1)}"
    )


def _cast_says(case: Case) -> str:
    return f"{number(case.at(0))} is beyond {_limit(case)}"


def _smaller(case: Case) -> str:
    return f"make the values smaller (scale the data, bound the parameters){_wider(case)}"


def _overflowed(case: Case) -> bool:
    """Infinite, or NaN because partial results of both signs were infinite."""
    return all(np.isfinite(case.row(i)).all() for i in range(len(case.arrays)))


CAUSES: tuple[Cause, ...] = (
    Cause(
        "overflow of an exponential",
        tuple(_EXPONENTIALS),
        _overflowed,
        _exponential_says,
        _exponential_helps,
        lambda dtype: exponential.exp(_leaf([1.0, 1000.0], dtype)),
    ),
    Cause(
        "overflow of a product",
        ("multiply", "chain"),
        _overflowed,
        _pair_says,
        _smaller,
        lambda dtype: _leaf([1.0, _near_end(dtype)], dtype) * 5.0,
    ),
    Cause(
        "overflow of a sum",
        ("add", "subtract"),
        _overflowed,
        _pair_says,
        _smaller,
        lambda dtype: (
            _leaf([1.0, 3 * _near_end(dtype)], dtype)
            + _leaf([0.0, 2 * _near_end(dtype)], dtype, "y")
        ),
    ),
    Cause(
        "overflow of a quotient",
        ("divide", "floor_divide"),
        _overflowed,
        _pair_says,
        lambda case: "keep the denominator away from 0: add a small positive number to it",
        lambda dtype: _leaf([1.0, _near_end(dtype)], dtype) / _leaf([1.0, 0.125], dtype, "y"),
    ),
    Cause(
        "overflow of a power",
        ("square", "power"),
        _overflowed,
        _power_says,
        _smaller,
        lambda dtype: arithmetic.square(_leaf([1.0, _near_end(dtype)], dtype)),
    ),
    Cause(
        "overflow of a sum over an axis",
        ("sum", "prod", "cumulative_sum", "cumulative_prod", "scatter_add"),
        lambda case: bool(np.isfinite(case.arrays[0]).all()),
        _sum_says,
        _smaller,
        lambda dtype: reductions.sum_(_leaf([3 * _near_end(dtype)] * 2, dtype), axes=(0,)),
    ),
    Cause(
        "overflow of a matrix product",
        ("contraction",),
        _overflowed,
        _product_says,
        _smaller,
        lambda dtype: matmul(
            _leaf([[1.0, _near_end(dtype)]], dtype), _leaf([[1.0], [8.0]], dtype, "w")
        ),
    ),
    Cause(
        "overflow of a conversion",
        ("cast",),
        _overflowed,
        _cast_says,
        lambda case: "keep float64 here, or scale the values before they are converted",
        lambda dtype: cast(_leaf([1.0, 1e300], np.float64), np.dtype(np.float32)),
    ),
    Cause(
        "overflow of the gamma function",
        ("log_gamma", "polygamma"),
        _overflowed,
        lambda case: (
            f"the result is beyond {_limit(case)}: {case.text(0)} is {number(case.at(0))} there"
        ),
        lambda case: "keep the argument away from 0, and not so large",
        lambda dtype: special.polygamma(_leaf([1.0, 1e-30], dtype), order=20),
    ),
)

# For tests: other primitives that share a cause with an example above.
MORE_EXAMPLES: tuple[tuple[str, Callable[[Any], Tensor]], ...] = (
    ("overflow of an exponential", lambda dtype: trigonometry.cosh(_leaf(-1000.0, dtype))),
    ("overflow of an exponential", lambda dtype: trigonometry.sinh(_leaf(1000.0, dtype))),
    ("overflow of an exponential", lambda dtype: exponential.expm1(_leaf(1000.0, dtype))),
    (
        "overflow of a sum over an axis",
        lambda dtype: scatter_add(
            _leaf([3 * _near_end(dtype)] * 2, dtype), tensor(np.array([1, 1])), rows=3
        ),
    ),
)
