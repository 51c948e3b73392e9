"""Cases: what both have goes outside, what a test decides already is decided."""

from __future__ import annotations

from functools import reduce

from trivium.engine.passes.rewrite import filled_with, unwrap
from trivium.engine.primitives import arithmetic, comparison, structure
from trivium.engine.tensor import Tensor

from .coefficient import ONE, Coefficient, Scaled
from .summing import factors, shared_factors

__all__ = ["where", "where_with_factor"]


def _outcome(test: Tensor) -> bool | None:
    """What a comparison of two written numbers says; None if it depends on anything."""
    if test.primitive not in _COMPARISONS:
        return None
    found = [unwrap(each, "broadcast", "reshape") for each in test.inputs]
    if any(each.primitive.name != "constant" or each.size != 1 for each in found):
        return None
    numbers = [each.attributes.array.reshape(()) for each in found]
    return bool(test.primitive.evaluate(test.attributes, *numbers))


_COMPARISONS = frozenset(
    {
        comparison.equal,
        comparison.not_equal,
        comparison.less,
        comparison.less_equal,
        comparison.greater,
        comparison.greater_equal,
    }
)


def _decided(each: Tensor, test: Tensor, x: Scaled, y: Scaled) -> Scaled | None:
    """Inside a case of c, [u if c else v] is decided; [0 if u = 0 else u] is u.

    Of a test of two numbers, such as an exponent that is not zero, one case is left.
    """
    outcome = _outcome(test)
    if outcome is not None:
        return x if outcome else y
    if test.primitive is comparison.equal and x.is_zero:
        u, zero = test.inputs
        if y.base is u and filled_with(zero, 0):
            return y
    cases = []
    for place, case in ((1, x), (2, y)):
        parts = [] if case.base is None else factors(case.base)
        known = [
            part.inputs[place]
            if part.primitive is structure.where and part.inputs[0] is test
            else part
            for part in parts
        ]
        changed = any(new is not old for new, old in zip(known, parts, strict=True))
        base = reduce(arithmetic.multiply, known) if changed else case.base
        cases.append(Scaled(case.coefficient, base) if changed else case)
    if cases[0] is x and cases[1] is y:
        return None
    inside = [case.tensor(each.shape, each.dtype) for case in cases]
    return Scaled(ONE, structure.where(test, *inside))


def where(each: Tensor, condition: Scaled, x: Scaled, y: Scaled) -> Scaled | None:
    """A coefficient that both cases have, or the only one that is not zero, goes outside."""
    if condition.base is None:
        return None
    decided = _decided(each, condition.base, x, y)
    if decided is not None:
        return decided
    if x.is_zero != y.is_zero:
        outside = (y if x.is_zero else x).coefficient
    elif x.coefficient.powers == y.coefficient.powers:
        outside = Coefficient(1.0, x.coefficient.atoms)
    else:
        return None
    if outside.is_one:
        return None
    inside = [
        (case if case.is_zero else Scaled(case.coefficient / outside, case.base)).tensor(
            each.shape, each.dtype
        )
        for case in (x, y)
    ]
    return Scaled(outside, structure.where(condition.base, *inside))


def where_with_factor(each: Tensor, condition: Scaled, x: Scaled, y: Scaled) -> Scaled | None:
    """Factors that both cases have go outside too."""
    if condition.base is None or x.base is None or y.base is None:
        return where(each, condition, x, y)
    decided = _decided(each, condition.base, x, y)
    if decided is not None:
        return decided
    common, *rests = shared_factors(x.base, y.base)
    if not common:
        return where(each, condition, x, y)
    slopes = [
        Scaled(case.coefficient, reduce(arithmetic.multiply, rest) if rest else None)
        for case, rest in zip((x, y), rests, strict=True)
    ]
    cases = [slope.tensor(each.shape, each.dtype) for slope in slopes]
    outside = reduce(arithmetic.multiply, common)
    return Scaled(ONE, arithmetic.multiply(outside, structure.where(condition.base, *cases)))
