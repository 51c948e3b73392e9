"""Causes that are numbers outside the domain of a function: ln 0, 1/0, √−1, poles."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..primitives import arithmetic, exponential, special, trigonometry
from ..tensor import Tensor, variable
from .causes import Case, Cause
from .formula import number

__all__ = ["CAUSES"]


def _with(function: Callable[..., Tensor], *values: float) -> Callable[[Any], Tensor]:
    """An example: the function at these values, and at a place where it is finite."""

    def make(dtype: Any) -> Tensor:
        leaves = [
            variable(np.array([0.5, value], dtype), name=name)
            for name, value in zip("xyz", values)
        ]
        return function(*leaves)

    return make


_LOGARITHMS = {"log": "ln", "log2": "log₂", "log10": "log₁₀"}


def _after_zero(case: Case) -> str:
    """What helps where a logarithm met a zero."""
    kind = case.why_zero(0).kind
    if kind == "softmax":
        return (
            "take the logarithm and the softmax as one, tv.array.log_softmax(z), or give the "
            "logits z to tv.objectives.CrossEntropy, which takes logits"
        )
    if kind == "sigmoid":
        return (
            "take the logarithm and the sigmoid as one, tv.array.log_sigmoid(z), or give the "
            "logits z to tv.objectives.BinaryCrossEntropy, which takes logits"
        )
    if kind == "exp":
        return "keep the exponent: ln eˣ is x, and sums of exponentials have tv.array.logsumexp"
    if kind == "underflow":
        return "scale the values, add logarithms instead of multiplying, or use float64"
    return (
        "keep the argument positive: add a small number, or choose with tv.array.where; "
        "x ln x at 0 is 0"
    )


def _log_of_zero(case: Case) -> str:
    return f"{_LOGARITHMS[case.name]} 0 is −∞, and {case.zero_text(0)}"


def _divisor_zero(case: Case) -> bool:
    return case.has(1) and case.at(1) == 0


def _division_says(case: Case) -> str:
    if case.at(0) == 0 and case.why_zero(0).kind == "empty":
        return "a mean over no elements is 0 / 0, which has no value"
    if case.text(1) == "0":
        return f"division of {case.text(0)} by the number 0 that is written there"
    if case.at(0) == 0:
        return f"0 / 0 has no value: {case.text(0)} is 0 there, and {case.zero_text(1)}"
    return f"division by zero: {case.zero_text(1)}"


def _division_helps(case: Case) -> str:
    kind = case.why_zero(1).kind
    if case.why_zero(0).kind == "empty" and case.at(0) == 0:
        return "see that there is at least one element"
    if case.node.inputs[1].primitive.name == "sqrt":
        return (
            "a square root has an infinite slope at 0: add a small number under the root, or "
            "use tv.array.norm, whose derivative at 0 is 0"
        )
    if kind in ("softmax", "exp", "sigmoid", "underflow"):
        return "work with logarithms (log_softmax, log_sigmoid), which do not underflow"
    return "add a small positive number below, or choose with tv.array.where(y == 0, 1, y)"


def _positive_only(what: str) -> Callable[[Case], str]:
    return lambda case: (
        f"{what} of a negative number is not real: {case.text(0)} is {number(case.at(0))} there"
    )


def _between(what: str, interval: str) -> Callable[[Case], str]:
    return lambda case: (
        f"{what} is defined on {interval} only: {case.text(0)} is {number(case.at(0))} there"
    )


def _clip(low: str, high: str) -> Callable[[Case], str]:
    return lambda case: (
        f"keep the argument inside, for example with tv.array.clip(x, {low}, {high}); rounding "
        "can carry it just beyond the ends"
    )


_POSITIVE = "make the argument positive (tv.array.softplus, tv.array.exp, a square), or clip it"


def _power_zero(case: Case) -> bool:
    return case.at(0) == 0 and case.at(1) < 0


def _power_negative(case: Case) -> bool:
    return case.at(0) < 0 and np.isnan(case.value)


def _power_zero_says(case: Case) -> str:
    return f"0 to the power {number(case.at(1))} is infinite: {case.zero_text(0)}"


def _whole(x: float) -> bool:
    return x <= 0 and x == math.floor(x)


def _polygamma(x: Tensor) -> Tensor:
    return special.polygamma(x, order=1)


CAUSES: tuple[Cause, ...] = (
    Cause(
        "logarithm of zero",
        tuple(_LOGARITHMS),
        lambda case: case.at(0) == 0,
        _log_of_zero,
        _after_zero,
        _with(exponential.log, 0.0),
    ),
    Cause(
        "logarithm of a negative number",
        tuple(_LOGARITHMS),
        lambda case: case.at(0) < 0,
        _positive_only("the logarithm"),
        lambda case: _POSITIVE,
        _with(exponential.log10, -0.5),
    ),
    Cause(
        "ln(1 + x) at or below −1",
        ("log1p",),
        lambda case: case.at(0) <= -1,
        lambda case: f"ln(1 + x) needs x > −1: {case.text(0)} is {number(case.at(0))} there",
        lambda case: "keep 1 + x positive, or choose with tv.array.where",
        _with(exponential.log1p, -1.0),
    ),
    Cause(
        "division by zero",
        ("divide",),
        _divisor_zero,
        _division_says,
        _division_helps,
        _with(arithmetic.divide, 1.0, 0.0),
    ),
    Cause(
        "remainder by zero",
        ("remainder", "floor_divide"),
        _divisor_zero,
        lambda case: f"a remainder modulo 0 does not exist: {case.zero_text(1)}",
        lambda case: "see that the divisor is not 0",
        _with(arithmetic.remainder, 1.0, 0.0),
    ),
    Cause(
        "square root of a negative number",
        ("sqrt",),
        lambda case: case.at(0) < 0,
        _positive_only("the square root"),
        lambda case: (
            "a difference that should be 0 can round to a tiny negative number: "
            "tv.array.maximum(x, 0); for lengths use tv.array.norm"
        ),
        _with(arithmetic.sqrt, -0.25),
    ),
    Cause(
        "zero to a negative power",
        ("power",),
        _power_zero,
        _power_zero_says,
        lambda case: (
            "add a small number to the base, or choose with tv.array.where(x == 0, 1, x)"
        ),
        _with(arithmetic.power, 0.0, -1.0),
    ),
    Cause(
        "power of a negative number",
        ("power",),
        _power_negative,
        lambda case: (
            f"{number(case.at(0))} to the power {number(case.at(1))} is not real: a negative "
            "base needs a whole exponent"
        ),
        lambda case: "take tv.array.abs(x) first, or make the base positive",
        _with(arithmetic.power, -2.0, 0.5),
    ),
    Cause(
        "arcsin or arccos outside [−1, 1]",
        ("asin", "acos"),
        lambda case: abs(case.at(0)) > 1,
        lambda case: _between(f"arc{case.name[1:]}", "[−1, 1]")(case),
        _clip("-1", "1"),
        _with(trigonometry.asin, 1.5),
    ),
    Cause(
        "arcosh below 1",
        ("acosh",),
        lambda case: case.at(0) < 1,
        _between("arcosh", "[1, ∞)"),
        lambda case: "keep the argument at 1 or above: tv.array.maximum(x, 1)",
        _with(lambda x: trigonometry.acosh(x + 1.0), -2.0),
    ),
    Cause(
        "artanh outside (−1, 1)",
        ("atanh",),
        lambda case: abs(case.at(0)) >= 1,
        _between("artanh", "(−1, 1), with ±∞ at its ends,"),
        _clip("-0.999", "0.999"),
        _with(trigonometry.atanh, 1.0),
    ),
    Cause(
        "erf⁻¹ outside (−1, 1)",
        ("erfinv",),
        lambda case: abs(case.at(0)) >= 1,
        _between("erf⁻¹", "(−1, 1), with ±∞ at its ends,"),
        _clip("-0.999", "0.999"),
        _with(special.erfinv, -1.0),
    ),
    Cause(
        "normal quantile outside (0, 1)",
        ("normal_quantile",),
        lambda case: not 0 < case.at(0) < 1,
        _between("the normal quantile", "(0, 1), with ±∞ at its ends,"),
        _clip("1e-6", "1 - 1e-6"),
        _with(special.normal_quantile, 1.0),
    ),
    Cause(
        "pole of the gamma function",
        ("log_gamma", "polygamma"),
        lambda case: _whole(case.at(0)),
        lambda case: (
            f"the gamma function has poles at 0, −1, −2, …: {case.text(0)} is "
            f"{number(case.at(0))} there"
        ),
        lambda case: "keep the argument positive",
        _with(_polygamma, -1.0),
    ),
    Cause(
        "incomplete gamma function outside its domain",
        ("gammainc", "gammaincc"),
        lambda case: case.at(0) < 0 or case.at(1) < 0 or case.at(0) == case.at(1) == 0,
        lambda case: (
            f"P(a, x) and Q(a, x) need a > 0 and x ≥ 0: a is {number(case.at(0))} and x is "
            f"{number(case.at(1))} there"
        ),
        lambda case: "make the order positive and the limit not negative",
        _with(special.gammainc, 1.0, -1.0),
    ),
    Cause(
        "incomplete gamma function of huge numbers",
        ("gammainc", "gammaincc"),
        lambda case: max(case.at(0), case.at(1)) > 1e100,
        lambda case: (
            f"P(a, x) and Q(a, x) cannot be computed where a is {number(case.at(0))} and x is "
            f"{number(case.at(1))}"
        ),
        lambda case: "make the order and the limit smaller",
        lambda dtype: special.gammainc(
            variable(np.array([1.0, np.finfo(np.float64).max])), variable(np.array([1.0, 3.0]))
        ),
    ),
)
