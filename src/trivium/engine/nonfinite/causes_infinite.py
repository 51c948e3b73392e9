"""Causes that lie in the numbers given: NaN or infinities in data, and arithmetic with ∞."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensor import Tensor, tensor, variable
from .causes import Case, Cause
from .formula import number

__all__ = ["CAUSES"]

_INF = float("inf")


def _leaf_says(case: Case) -> str:
    kind = {"variable": "the variable", "input": "the input", "constant": "the constant"}
    name = case.names.of(case.node)
    what = f"{kind[case.name]} {name}" if name else f"the {case.name} without a name"
    return f"{what} holds {number(case.value)} there, before anything is computed"


def _leaf_helps(case: Case) -> str:
    if case.name == "variable":
        return "look at what the variable was set to; an earlier step may have spoilt it"
    return "find and mend the data there: tv.array.isfinite(x) says which are good"


def _meant_says(case: Case) -> str:
    name = case.names.of(case.node)
    what = f"the constant {name}" if name else "a constant of yours"
    return (
        f"{what} is {number(case.value)}, and it reaches the result as an infinity; nothing "
        "takes it away on the way"
    )


def _row_has(case: Case, test: Any) -> bool:
    return any(bool(test(case.row(i)).any()) for i in range(len(case.arrays)))


def _meets_infinity(case: Case) -> bool:
    return bool(np.isnan(case.value)) and _row_has(case, np.isinf)


def _quotient(case: Case) -> bool:
    return bool(np.isnan(case.value) and np.isinf(case.at(0)) and np.isinf(case.at(1)))


def _leaf(dtype: Any) -> Tensor:
    return variable(np.array([1.0, np.nan], dtype), name="w") * 2.0


def _infinite_constant(dtype: Any) -> Tensor:
    return tensor(np.array([1.0, -_INF], dtype), name="mask") + 1.0


def _zero_example(dtype: Any) -> Tensor:
    mask = tensor(np.array([1.0, -_INF], dtype), name="mask")
    return mask * variable(np.array([1.0, 0.0], dtype), name="chosen")


def _difference_example(dtype: Any) -> Tensor:
    mask = tensor(np.array([1.0, -_INF], dtype), name="mask")
    return mask - mask.min()


def _quotient_example(dtype: Any) -> Tensor:
    mask = tensor(np.array([1.0, -_INF], dtype), name="mask")
    return mask / mask.min()


def _wave_example(dtype: Any) -> Tensor:
    from ..primitives.trigonometry import sin

    return sin(tensor(np.array([1.0, -_INF], dtype), name="mask"))


CAUSES: tuple[Cause, ...] = (
    Cause(
        "infinite constant",
        ("constant",),
        lambda case: bool(np.isinf(case.value)),
        _meant_says,
        lambda case: "use a large finite number, or choose with tv.array.where afterwards",
        _infinite_constant,
    ),
    Cause(
        "bad data",
        ("constant", "variable", "input"),
        lambda case: True,
        _leaf_says,
        _leaf_helps,
        _leaf,
    ),
    Cause(
        "zero times infinity",
        ("multiply", "chain", "contraction"),
        _meets_infinity,
        lambda case: (
            "0 · ∞ has no value: an infinity that was put in on purpose meets a 0"
            if case.name != "contraction"
            else "a sum of products with ∞ has no value: 0 · ∞, or ∞ and −∞ together"
        ),
        lambda case: "choose with tv.array.where instead of multiplying by 0 and 1",
        _zero_example,
    ),
    Cause(
        "infinity minus infinity",
        ("add", "subtract", "sum", "cumulative_sum", "scatter_add"),
        _meets_infinity,
        lambda case: "∞ − ∞ has no value: infinities that were put in on purpose meet",
        lambda case: "use large finite numbers in place of the infinities",
        _difference_example,
    ),
    Cause(
        "infinity over infinity",
        ("divide",),
        _quotient,
        lambda case: "∞ / ∞ has no value: infinities that were put in on purpose meet",
        lambda case: "use large finite numbers in place of the infinities",
        _quotient_example,
    ),
    Cause(
        "function of infinity",
        ("sin", "cos", "tan", "remainder", "floor_divide"),
        lambda case: np.isnan(case.value) and bool(np.isinf(case.at(0))),
        lambda case: f"{case.name} has no limit at ∞, so it has no value there",
        lambda case: "keep the argument finite",
        _wave_example,
    ),
)
