"""The numbers of a derivation: the value of every symbol, and each gradient checked.

A gradient g of the loss L at a value v is compared with central differences along directions d:
⟨g, d⟩ ≈ (L(v + h d) − L(v − h d)) / 2h. To vary a value of the forward pass, the equations after
it are evaluated again with the varied value in its place; what stands behind stop_gradient keeps
its value. Small arrays are checked element by element, larger ones along fixed random directions.
Where the slopes to both sides differ, a function has a kink (ReLU at 0): there any slope between
them is a subgradient, and the difference to the nearest one counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from trivium.engine.backends.reference.interpreter import Interpreter
from trivium.engine.tensor import Tensor, input
from trivium.engine.traversal import topological

from .batches import resized, size
from .equations import Equation
from .symbols import Symbol

if TYPE_CHECKING:
    from .derivation import Derivation

__all__ = ["Check", "Numbers", "evaluate"]

Array = np.ndarray[Any, Any]

# Arrays up to this size are checked element by element, larger ones along so many directions.
_EVERY_ELEMENT = 64
_DIRECTIONS = 4
# Slopes to both sides that differ by this share are those of a kink, not of curvature.
_KINK = 1e-2
# Optimal for central differences in double precision: the cube root of the unit roundoff.
_STEP = float(np.finfo(np.float64).eps) ** (1 / 3)


@dataclass(frozen=True)
class Check:
    """One gradient against finite differences.

    ``difference``: the largest |derivative − difference quotient|; ``scale``: the largest
    derivative beside it; ``relative``: their quotient. ``directions``: how many were compared,
    ``kinks``: in how many of them the slopes to both sides differ.
    """

    difference: float
    scale: float
    directions: int
    kinks: int = 0

    @property
    def relative(self) -> float:
        """The difference in proportion to the derivatives; 0 when both are zero."""
        if self.difference == 0:
            return 0.0
        return self.difference / self.scale if self.scale else float("inf")


@dataclass(frozen=True)
class Numbers:
    """``values``: the arrays by the id of a symbol's leaf. ``checks``: by the gradient's leaf.

    ``n``: the number of examples.
    """

    values: Mapping[int, Array]
    checks: Mapping[int, Check]
    n: int

    def of(self, symbol: Symbol) -> Array:
        """The value of ``symbol``."""
        return self.values[id(symbol.leaf)]

    def check(self, symbol: Symbol) -> Check | None:
        """How the gradient ``symbol`` compares with finite differences."""
        return self.checks.get(id(symbol.leaf))


class _Evaluator:
    """Evaluates equations one after another at a fixed number of examples."""

    def __init__(self, derivation: Derivation, n: int) -> None:
        batch = derivation.batch
        self.leaf = {
            id(symbol.leaf): input(
                tuple(size(s, batch, n) for s in symbol.leaf.shape),
                symbol.leaf.dtype,
                name=symbol.text,
            )
            for symbol in derivation.symbols
        }
        self.derivation, self.n = derivation, n
        self._programs: dict[int, tuple[Interpreter, list[int], list[Tensor]]] = {}

    def run(self, equation: Equation, values: Mapping[int, Array]) -> Array:
        """The value of the equation's right side."""
        key = id(equation)
        if key not in self._programs:
            (made,) = resized([equation.expression], self.leaf, self.derivation.batch, self.n)
            wanted = {id(new): old for old, new in self.leaf.items()}
            leaves = [each for each in topological([made]) if id(each) in wanted]
            self._programs[key] = (
                Interpreter([made], leaves), [wanted[id(each)] for each in leaves], leaves
            )  # fmt: skip
        program, sources, leaves = self._programs[key]
        given = {id(leaf): values[source] for leaf, source in zip(leaves, sources, strict=True)}
        with np.errstate(all="ignore"):
            (result,) = program.run(given)
        return np.asarray(result)


def evaluate(derivation: Derivation) -> Numbers:
    """All values of ``derivation`` on its data, and the checks of all gradients."""
    n = _examples(derivation)
    evaluator = _Evaluator(derivation, n)
    values: dict[int, Array] = {
        key: np.asarray(value) for key, value in derivation.values.items()
    }
    for symbol in derivation.symbols:
        if symbol.role == "size":
            values[id(symbol.leaf)] = np.asarray(n, symbol.leaf.dtype)
    drawn = resized(list(derivation.random.values()), {}, derivation.batch, n)
    values.update(zip(derivation.random, Interpreter(drawn, ()).run({}), strict=True))
    for equation in derivation.equations:
        values[id(equation.defines.leaf)] = evaluator.run(equation, values)
    checks = {
        id(each.defines.leaf): _check(derivation, evaluator, values, each.defines)
        for each in derivation.backward
        if each.defines.of is not None
    }
    return Numbers(values, checks, n)


def _examples(derivation: Derivation) -> int:
    for symbol in derivation.symbols:
        if symbol.role in ("input", "target") and symbol.shape[:1] == ("n",):
            return len(derivation.values[id(symbol.leaf)])
    return 1


def _check(
    derivation: Derivation,
    evaluator: _Evaluator,
    values: Mapping[int, Array],
    gradient: Symbol,
) -> Check:
    varied = gradient.of
    assert varied is not None
    at = values[id(varied.leaf)]
    slope = values[id(gradient.leaf)]
    later = _equations_after(derivation, varied)
    largest = float(np.max(np.abs(at), initial=0.0))
    step = _STEP * max(1.0, largest)

    def loss(value: Array) -> float:
        here = {**values, id(varied.leaf): value.astype(at.dtype)}
        for each in later:
            here[id(each.defines.leaf)] = evaluator.run(each, here)
        return float(here[id(derivation.loss.leaf)])

    difference = scale = 0.0
    kinks = 0
    here = loss(at)
    directions = _directions(at.shape)
    for direction in directions:
        claimed = float(np.sum(slope * direction))
        above, below = loss(at + step * direction), loss(at - step * direction)
        found = (above - below) / (2 * step)
        right, left = (above - here) / step, (here - below) / step
        # Half the jump of the slopes is far beyond what curvature makes of it at this step.
        if abs(right - left) > _KINK * max(abs(right), abs(left)):
            kinks += 1
            found = min(max(claimed, min(left, right)), max(left, right))
        difference = max(difference, abs(claimed - found))
        scale = max(scale, abs(claimed), abs(found))
    return Check(difference, scale, len(directions), kinks)


def _equations_after(derivation: Derivation, varied: Symbol) -> list[Equation]:
    """The equations of the forward pass that depend on ``varied``, which itself stays given."""
    reached = {id(varied.leaf)}
    found = []
    for each in derivation.forward:
        if each.defines is varied or each.expression.primitive.name == "stop_gradient":
            continue
        if any(id(node) in reached for node in topological([each.expression])):
            reached.add(id(each.defines.leaf))
            found.append(each)
    return found


def _directions(shape: tuple[int, ...]) -> list[Array]:
    count = int(np.prod(shape))
    if count <= _EVERY_ELEMENT:
        return [each.reshape(shape) for each in np.eye(count)]
    rng = np.random.Generator(np.random.Philox(0))
    drawn = rng.standard_normal((_DIRECTIONS, *shape))
    return [each / np.linalg.norm(each) for each in drawn]
