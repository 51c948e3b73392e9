"""The backward pass: one equation for the gradient of every named value and parameter.

The piece between two cuts is differentiated by the engine's reverse mode, seeded with the symbol
of the gradient that comes from behind, and then simplified. A value that goes into several others
gets the sum of what comes back from them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from trivium.engine.composites import ones_like
from trivium.engine.primitives import arithmetic
from trivium.engine.reverse import cotangents
from trivium.engine.tensor import Tensor, input
from trivium.engine.traversal import topological

from . import naming
from .cutting import Cut, Step
from .equations import Equation
from .raising import number_examples
from .rules import rule_between
from .simplify import simplify
from .symbols import Symbol

__all__ = ["backward_equations"]


def backward_equations(made: Cut, size: Tensor, batch: int) -> list[Equation]:
    """The equations of the gradients of the last step, from it back to the parameters.

    A parameter's equation stands where its gradient is complete: after the value of the
    forward pass that it goes into first.
    """
    pieces: dict[int, list[tuple[Step, Tensor]]] = {}
    equations: list[Equation] = []
    parameters = {id(symbol.leaf): symbol for symbol in made.parameters.values()}
    active = {id(step.symbol.leaf) for step in made.steps if step.active}
    # A parameter is ready when the last value that it goes into has passed its gradient back.
    ready = _first_uses(made, parameters)
    for step in reversed(made.steps):
        if not step.active:
            continue
        leaf = step.symbol.leaf
        if step is made.steps[-1]:
            seed = ones_like(leaf)
        else:
            if id(leaf) not in pieces:
                continue  # nothing that the loss needs
            found = _equation(made, step.symbol, pieces[id(leaf)], size, batch)
            equations.append(found)
            seed = found.defines.leaf
        _spread(made, step, seed, active, pieces)
        for symbol in ready.get(id(leaf), ()):
            if id(symbol.leaf) in pieces:
                equations.append(_equation(made, symbol, pieces[id(symbol.leaf)], size, batch))
    return equations


def _first_uses(made: Cut, parameters: dict[int, Symbol]) -> dict[int, list[Symbol]]:
    """For each step the parameters that occur in it and in no step before it."""
    found: dict[int, list[Symbol]] = {}
    seen: set[int] = set()
    for step in made.steps:
        inside = {id(each) for each in topological([step.expression])}
        for key, symbol in parameters.items():
            if key in inside and key not in seen and step.active:
                seen.add(key)
                found.setdefault(id(step.symbol.leaf), []).append(symbol)
    return found


def _spread(
    made: Cut,
    step: Step,
    seed: Tensor,
    active: set[int],
    pieces: dict[int, list[tuple[Step, Tensor]]],
) -> None:
    """Hand the gradient of ``step`` back to the ``active`` values that it was made of."""
    targets = [
        each
        for each in topological([step.expression])
        if (symbol := made.symbols.of(each)) is not None
        and (symbol.role == "parameter" or id(each) in active)
    ]
    for target, share in zip(
        targets, cotangents([step.expression], targets, [seed]), strict=True
    ):
        if share is not None:
            pieces.setdefault(id(target), []).append((step, share))


def _equation(
    made: Cut, symbol: Symbol, pieces: Sequence[tuple[Step, Tensor]], size: Tensor, batch: int
) -> Equation:
    leaf = symbol.leaf
    total = reduce(arithmetic.add, [share for _, share in pieces])
    (expression,) = simplify(number_examples([total], batch), size, batch)
    is_parameter = symbol.role == "parameter"
    rules = dict.fromkeys(
        rule_between(step.expression, leaf, parameter=is_parameter) for step, _ in pieces
    )
    if len(pieces) > 1:
        rules = {"paths": None, **rules}
    last = made.steps[-1].symbol
    name = naming.gradient_name(
        naming.Name(symbol.latex, symbol.text, symbol.code),
        naming.Name(last.latex, last.text, last.code),
        is_parameter,
    )
    gradient = Symbol(
        input(leaf.shape, leaf.dtype, name=name.text),
        *made.names.unique(name),
        symbol.shape,
        "gradient",
        symbol.path,
        symbol,
    )
    made.symbols.add(gradient)
    lines = [step.line for step, _ in pieces if step.line]
    return Equation(
        gradient,
        expression,
        "parameter" if is_parameter else "backward",
        tuple(rules),
        line=lines[0] if lines else "",
    )
