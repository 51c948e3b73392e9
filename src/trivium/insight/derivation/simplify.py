"""Expressions as a textbook would write them: one coefficient in front, nothing said twice.

A rewrite of graphs, not of strings. Every value is seen as a coefficient times a base; products,
quotients and everything linear hand the coefficients outwards, sums take a common one out. The
rest are identities of the operations: σ(−z) = 1 − σ(z), Σⱼ onehot(y)ⱼ = 1, (1 − u)(1 + u) = 1 − u².
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from trivium.engine import dtypes
from trivium.engine.composites import ones_like, zeros_like
from trivium.engine.passes.canonicalize import RULES
from trivium.engine.passes.rewrite import filled_with, rewrite, rule_name
from trivium.engine.primitives import arithmetic, exponential, reductions, structure
from trivium.engine.primitives.contraction import contraction
from trivium.engine.primitives.movement import reshape
from trivium.engine.tensor import Tensor, node
from trivium.engine.traversal import same, topological

from . import textbook
from .cases import where, where_with_factor
from .coefficient import ONE, Coefficient, Scaled
from .loops import with_body, with_literals
from .summing import add, subtract

__all__ = ["simplify"]

# Labels are what equations are named by; signs are put in order here, where it is known what reads
# better.
_OWN = ("subtract instead", "add instead")
_CANONICAL = {
    name: tuple(rule for rule in rules if rule_name(rule) not in _OWN)
    for name, rules in RULES.items()
    if name not in ("label", "stop_gradient")
}
_ROUNDS = 6


def simplify(
    outputs: Sequence[Tensor], size: Tensor, batch: int, *, cases: bool = True
) -> list[Tensor]:
    """Equal expressions for ``outputs``, shorter where the rules find something.

    ``size``: the leaf n that stands for the number of examples, which the shapes show as
    ``batch``. ``cases``: whether a factor that all cases have goes outside. Values agree with
    those of ``outputs`` wherever they are finite.
    """
    current = list(outputs)
    for _ in range(_ROUNDS):
        better = _Simplifier(size, batch, cases).run(rewrite(current, _CANONICAL))
        if all(new is old for new, old in zip(better, current, strict=True)):
            break
        current = better
    return current


class _Simplifier:
    """One walk from the leaves up."""

    def __init__(self, size: Tensor, batch: int, cases: bool) -> None:
        self.size = size
        self.batch = batch
        self.rules: dict[str, Rule] = {
            **_RULES,
            "sum": self._sum,
            "contraction": self._contraction,
        }
        if not cases:
            self.rules["where"] = where
        self.scaled: dict[int, Scaled] = {}
        self.made: dict[int, Tensor] = {}

    def run(self, outputs: list[Tensor]) -> list[Tensor]:
        for each in topological(outputs):
            found = self._simplified(each)
            self.scaled[id(each)] = found
            made = each
            if each.parts is not None:
                assert found.base is not None
                made = found.base
            elif not (found.coefficient.is_one and found.base is each):
                made = found.tensor(each.shape, each.dtype)
            self.made[id(each)] = made
        return [self.made[id(each)] for each in outputs]

    def _simplified(self, each: Tensor) -> Scaled:
        if each is self.size:
            return Scaled(Coefficient(1.0, {id(each): (each, 1)}), None)
        if not each.inputs:
            return _constant(each)
        inputs = [self.scaled[id(x)] for x in each.inputs]
        rule = self.rules.get(each.primitive.name)
        if rule is not None and each.parts is None and dtypes.is_floating(each.dtype):
            found = rule(each, *inputs)
            if found is not None:
                return found
        given = tuple(self.made[id(x)] for x in each.inputs)
        if each.primitive.name == "scan":
            return Scaled(ONE, self._loop(each, given))
        return Scaled(ONE, same(each, given))

    def _loop(self, loop: Tensor, inputs: tuple[Tensor, ...]) -> Tensor:
        """A loop with a simplified body, unless that would need n, which its body has not."""
        loop, inputs = with_literals(loop, inputs)
        outputs = _Simplifier(self.size, self.batch, True).run(list(loop.attributes.outputs))
        if any(each is self.size for each in topological(outputs)):
            return same(loop, inputs)
        return with_body(loop, inputs, outputs)

    def _count(self, number: int) -> Coefficient:
        """A number of elements: a multiple of n where the examples are among them."""
        found = Coefficient()
        while number and number % self.batch == 0:
            number //= self.batch
            found = found * Coefficient(1.0, {id(self.size): (self.size, 1)})
        return found * Coefficient(float(number))

    def _sum(self, each: Tensor, x: Scaled) -> Scaled:
        axes, shape = each.attributes.axes, each.inputs[0].shape
        base = x.base
        if base is not None and _sums_to_one(base, axes):
            return Scaled(x.coefficient, None)
        if base is None:
            count = math.prod(shape[axis] for axis in axes)
            return x.times(self._count(count))
        if base.primitive is reductions.sum_:
            inner = base.attributes.axes
            left = [axis for axis in range(base.inputs[0].ndim) if axis not in inner]
            together = tuple(sorted({*inner, *(left[axis] for axis in axes)}))
            return Scaled(x.coefficient, reductions.sum_(base.inputs[0], axes=together))
        return Scaled(x.coefficient, reductions.sum_(base, axes=axes))

    def _contraction(self, each: Tensor, x: Scaled, y: Scaled) -> Scaled | None:
        coefficient = x.coefficient * y.coefficient
        if x.base is not None and y.base is not None:
            made = node(contraction, (x.base, y.base), each.attributes)
            return Scaled(coefficient, made)
        if x.base is None and y.base is None:
            return None
        return self._contracted_with_ones(each, coefficient, x, y)

    def _contracted_with_ones(
        self, each: Tensor, coefficient: Coefficient, x: Scaled, y: Scaled
    ) -> Scaled | None:
        """A product with an array of ones is a sum, where the axes then stand in order."""
        left, right, out = each.attributes
        labels, base, ones = (left, x.base, right) if y.base is None else (right, y.base, left)
        assert base is not None
        kept = [label for label in labels if label in out]
        if [label for label in out if label in labels] != kept or len(out) != len(kept):
            return None
        axes = tuple(i for i, label in enumerate(labels) if label not in out)
        shape = dict(zip(ones, each.inputs[0 if labels is right else 1].shape, strict=True))
        extra = math.prod(size for label, size in shape.items() if label not in (*labels, *out))
        total = reductions.sum_(base, axes=axes) if axes else base
        return Scaled(coefficient * self._count(extra), total)


def _constant(each: Tensor) -> Scaled:
    """Constants filled with one number are that number times ones."""
    if each.primitive.name == "constant" and each.size and dtypes.is_floating(each.dtype):
        array = each.attributes.array
        first = array.flat[0]
        if np.isfinite(first) and (each.size == 1 or np.all(array == first)):
            return Scaled(Coefficient(float(first)), None)
    return Scaled(ONE, each)


def _atomic(x: Scaled, shape: tuple[int, ...]) -> Scaled:
    """A value with one element as a coefficient, for whatever it is repeated to."""
    if x.base is None or math.prod(shape) != 1:
        return x
    scalar = x.base if x.base.shape == () else reshape(x.base, shape=())
    return Scaled(x.coefficient * Coefficient(1.0, {id(scalar): (scalar, 1)}), None)


def _movement(each: Tensor, x: Scaled) -> Scaled:
    """Broadcasts and reshapes: ones stay ones, numbers become coefficients."""
    if each.size > 1 or each.shape == ():
        x = _atomic(x, each.inputs[0].shape)
    if x.base is None:
        return x if each.shape else _scalar(x)
    return Scaled(x.coefficient, node(each.primitive, (x.base,), each.attributes))


def _scalar(x: Scaled) -> Scaled:
    """A lone atom that became a scalar again is a base."""
    atoms = list(x.coefficient.atoms.values())
    if len(atoms) == 1 and atoms[0][1] == 1 and atoms[0][0].primitive.name != "input":
        return Scaled(Coefficient(x.coefficient.number), atoms[0][0])
    return x


def _linear(each: Tensor, x: Scaled, *rest: Scaled) -> Scaled | None:
    """Linear in the first input: its coefficient goes outside."""
    if x.base is None:
        return None
    others = [
        other.tensor(given.shape, given.dtype)
        for other, given in zip(rest, each.inputs[1:], strict=True)
    ]
    return Scaled(x.coefficient, node(each.primitive, (x.base, *others), each.attributes))


def _sums_to_one(base: Tensor, axes: tuple[int, ...]) -> bool:
    """One class is the true one; the largest elements share one whole; so do probabilities."""
    if base.primitive is textbook.one_hot:
        return axes == (base.ndim - 1,)
    wholes = (textbook.attains_largest, textbook.attains_smallest, textbook.softmax)
    return base.primitive in wholes and base.attributes.axes == axes


def _multiply(each: Tensor, x: Scaled, y: Scaled) -> Scaled:
    coefficient = x.coefficient * y.coefficient
    if x.base is None or y.base is None:
        return Scaled(coefficient, y.base if x.base is None else x.base)
    return Scaled(coefficient, _product(x.base, y.base))


def _chain(each: Tensor, x: Scaled, y: Scaled) -> Scaled:
    """A gradient times a slope; where a case gets no gradient the slope may be infinite."""
    if x.base is None or y.base is None or x.base.primitive is not structure.where:
        return _multiply(each, x, y)
    test, *cases = x.base.inputs
    empty = [filled_with(case, 0) for case in cases]
    if sum(empty) != 1:
        return _multiply(each, x, y)
    kept = [
        case if nothing else _product(case, y.base)
        for case, nothing in zip(cases, empty, strict=True)
    ]
    return Scaled(x.coefficient * y.coefficient, structure.where(test, *kept))


def _product(x: Tensor, y: Tensor) -> Tensor:
    if x is y:
        return arithmetic.square(x)
    for first, second in ((x, y), (y, x)):
        if second.primitive is arithmetic.divide and second.inputs[1] is first:
            return second.inputs[0]
        if second.primitive is arithmetic.divide and filled_with(second.inputs[0], 1):
            return arithmetic.divide(first, second.inputs[1])
        if second.primitive is structure.where and _is_choice(second):
            test, yes, no = second.inputs
            kept = [zeros_like(first) if filled_with(case, 0) else first for case in (yes, no)]
            return structure.where(test, *kept)
        if first.primitive is arithmetic.subtract and second.primitive is arithmetic.add:
            one, u = first.inputs
            if filled_with(one, 1) and {id(one), id(u)} == {id(each) for each in second.inputs}:
                return arithmetic.subtract(one, arithmetic.square(u))
    return arithmetic.multiply(x, y)


def _is_choice(cases: Tensor) -> bool:
    """Whether the cases are 1 and 0: an indicator."""
    _, yes, no = cases.inputs
    return (filled_with(yes, 1) and filled_with(no, 0)) or (
        filled_with(yes, 0) and filled_with(no, 1)
    )


def _divide(each: Tensor, x: Scaled, y: Scaled) -> Scaled | None:
    if y.is_zero:
        return None
    coefficient = x.coefficient / y.coefficient
    if y.base is None or x.base is y.base:
        return Scaled(coefficient, x.base if y.base is None else None)
    above = ones_like(each) if x.base is None else x.base
    return Scaled(coefficient, arithmetic.divide(above, y.base))


def _negative(each: Tensor, x: Scaled) -> Scaled:
    return Scaled(-x.coefficient, x.base)


def _square(each: Tensor, x: Scaled) -> Scaled:
    coefficient = x.coefficient * x.coefficient
    return Scaled(coefficient, None if x.base is None else arithmetic.square(x.base))


def _sigmoid(each: Tensor, x: Scaled) -> Scaled | None:
    """σ(−z) = 1 − σ(z)."""
    if x.base is None or x.coefficient.number != -1 or x.coefficient.atoms:
        return None
    return Scaled(ONE, arithmetic.subtract(ones_like(each), exponential.sigmoid(x.base)))


def _exp(each: Tensor, x: Scaled) -> Scaled | None:
    """e^{ln softmax(z)} = softmax(z)."""
    if x.base is not None and x.coefficient.is_one and x.base.primitive is textbook.log_softmax:
        return Scaled(ONE, textbook.softmax(x.base.inputs[0], axes=x.base.attributes.axes))
    return None


Rule = Callable[..., "Scaled | None"]

_RULES: dict[str, Rule] = {
    "add": add,
    "subtract": subtract,
    "negative": _negative,
    "multiply": _multiply,
    "chain": _chain,
    "divide": _divide,
    "square": _square,
    "where": where_with_factor,
    "sigmoid": _sigmoid,
    "exp": _exp,
    "broadcast": _movement,
    "reshape": _movement,
    **dict.fromkeys(
        ("permute", "flip", "slice", "gather", "scatter_add", "pick", "cumulative_sum"), _linear
    ),
}
