"""Sums of scaled values: common coefficients and factors outside, cases merged, signs in order."""

from __future__ import annotations

import math
from collections import Counter
from functools import reduce

from trivium.engine.passes.rewrite import filled_with
from trivium.engine.primitives import arithmetic, structure
from trivium.engine.tensor import Tensor

from .coefficient import ONE, Coefficient, Scaled

__all__ = ["add", "factors", "shared_factors", "subtract"]


def add(each: Tensor, x: Scaled, y: Scaled) -> Scaled:
    """x + y in the shape and dtype of ``each``."""
    if x.is_zero or y.is_zero:
        return y if x.is_zero else x
    left = _undone(x, y) or _undone(y, x)
    if left is not None:
        return left
    merged = _merged_cases(each, x, y) or _common_factor(each, x, y)
    if merged is not None:
        return merged
    common = x.coefficient.powers == y.coefficient.powers
    if x.base is y.base and common:
        total = x.coefficient.number + y.coefficient.number
        return Scaled(Coefficient(total, x.coefficient.atoms), x.base)
    if not common or (x.base is None and y.base is None):
        return Scaled(ONE, _sum_of(each, x, y))
    return _factored(each, x, y)


def _undone(difference: Scaled, back: Scaled) -> Scaled | None:
    """(u − v) + v = u."""
    base = difference.base
    if base is None or base.primitive is not arithmetic.subtract or not back.coefficient.is_one:
        return None
    if not difference.coefficient.is_one or base.inputs[1] is not back.base:
        return None
    return Scaled(ONE, base.inputs[0])


def _factored(each: Tensor, x: Scaled, y: Scaled) -> Scaled:
    """c x ± c y = c (x ± y); numbers stay inside unless they are equal but for the sign."""
    first, second = x.coefficient.number, y.coefficient.number
    outside = Coefficient(1.0, x.coefficient.atoms)
    if abs(first) == abs(second):
        outside = Coefficient(abs(first), x.coefficient.atoms)
        first, second = math.copysign(1, first), math.copysign(1, second)
    if first < 0 and second < 0:
        outside, first, second = -outside, -first, -second
    if outside.is_one and first == x.coefficient.number:
        return Scaled(ONE, _sum_of(each, x, y))
    inside = _sum_of(
        each, Scaled(Coefficient(first), x.base), Scaled(Coefficient(second), y.base)
    )
    return Scaled(outside, inside)


def _sum_of(each: Tensor, x: Scaled, y: Scaled) -> Tensor:
    """x + y with what is subtracted after what it is subtracted from."""
    if x.coefficient.number < 0 < y.coefficient.number and each.ndim:
        x, y = y, x
    left = x.tensor(each.shape, each.dtype)
    if y.coefficient.number < 0:
        return arithmetic.subtract(
            left, Scaled(-y.coefficient, y.base).tensor(each.shape, each.dtype)
        )
    return arithmetic.add(left, y.tensor(each.shape, each.dtype))


def _merged_cases(each: Tensor, x: Scaled, y: Scaled) -> Scaled | None:
    """[x if c else 0] + [0 if c else y] = [x if c else y]."""
    if x.base is None or y.base is None:
        return None
    if not (x.base.primitive is structure.where and y.base.primitive is structure.where):
        return None
    if x.base.inputs[0] is not y.base.inputs[0]:
        return None
    for first, second in ((x, y), (y, x)):
        assert first.base is not None and second.base is not None
        if filled_with(first.base.inputs[2], 0) and filled_with(second.base.inputs[1], 0):
            yes = Scaled(first.coefficient, first.base.inputs[1])
            no = Scaled(second.coefficient, second.base.inputs[2])
            cases = [case.tensor(each.shape, each.dtype) for case in (yes, no)]
            return Scaled(ONE, structure.where(x.base.inputs[0], *cases))
    return None


def factors(x: Tensor) -> list[Tensor]:
    """The factors of an elementwise product, in order."""
    found, stack = [], [x]
    while stack:
        current = stack.pop()
        if current.primitive is arithmetic.multiply:
            stack += reversed(current.inputs)
        else:
            found.append(current)
    return found


def _in_both(first: list[Tensor], second: list[Tensor]) -> list[Tensor]:
    """The factors of both lists, each as often as it is in both."""
    left = Counter(id(factor) for factor in second)
    common = []
    for factor in first:
        if left[id(factor)]:
            left[id(factor)] -= 1
            common.append(factor)
    return common


def _without(factors: list[Tensor], common: list[Tensor]) -> list[Tensor]:
    """``factors`` after those of ``common`` are taken away, each as often as it is there."""
    taken = Counter(id(factor) for factor in common)
    rest = []
    for factor in factors:
        if taken[id(factor)]:
            taken[id(factor)] -= 1
        else:
            rest.append(factor)
    return rest


def shared_factors(x: Tensor, y: Tensor) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
    """The factors that two elementwise products have in common, and what is left of each."""
    first, second = factors(x), factors(y)
    common = _in_both(first, second)
    return common, _without(first, common), _without(second, common)


def _common_factor(each: Tensor, x: Scaled, y: Scaled) -> Scaled | None:
    """c u + c v = c (u + v) for arrays c that are factors of both."""
    if x.base is None or y.base is None or x.coefficient.powers != y.coefficient.powers:
        return None
    common, *lefts = shared_factors(x.base, y.base)
    if not common or not any(lefts):
        return None
    rests = []
    for left, part in zip(lefts, (x, y), strict=True):
        base = reduce(arithmetic.multiply, left) if left else None
        rests.append(Scaled(Coefficient(part.coefficient.number), base))
    inside = _sum_of(each, rests[0], rests[1])
    outside = reduce(arithmetic.multiply, common)
    coefficient = Coefficient(1.0, x.coefficient.atoms)
    return Scaled(coefficient, arithmetic.multiply(outside, inside))


def subtract(each: Tensor, x: Scaled, y: Scaled) -> Scaled:
    """x − y."""
    return add(each, x, Scaled(-y.coefficient, y.base))
