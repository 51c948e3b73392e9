"""Second derivatives: the equations of a backward pass, differentiated once more.

The gradients ∂L/∂θ are expressions like any other, so s = Σ ⟨∂L/∂θ, v_θ⟩ has a derivation too.
Its gradient is the Hessian times the directions v (Pearlmutter, 1994, "Fast exact multiplication
by the Hessian", Neural Computation 6).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import Any

import numpy as np

from trivium.engine.primitives import arithmetic, reductions
from trivium.engine.tensor import Tensor, input
from trivium.engine.traversal import topological

from . import naming
from .backward import backward_equations
from .cutting import Cut, Step
from .derivation import Derivation
from .equations import Equation
from .sharing import share
from .symbols import Symbol, Symbols

__all__ = ["second"]


def second(derivation: Derivation) -> Derivation:
    """The derivation of s = Σ ⟨∂L/∂θ, v_θ⟩; its gradients are rows of the Hessian times v.

    The directions v_θ are constants of the parameters' shapes; where there are numbers they are
    arrays of ones.
    """
    names = naming.Names()
    symbols = Symbols(dict(derivation.symbols.by_leaf))
    for each in symbols:
        names.reserve(naming.Name(each.latex, each.text, each.code))
    made = Cut(symbols, names, _steps(derivation), dict(derivation.parameters))
    directions = {
        path: _direction(made, path, of) for path, of in derivation.parameters.items()
    }
    made.steps.append(_product(made, derivation, directions))
    size = next(each.leaf for each in symbols if each.role == "size")
    forward = [
        Equation(step.symbol, step.expression, "forward", line=step.line) for step in made.steps
    ]
    backward = backward_equations(made, size, derivation.batch)
    equations = share(made, forward + backward, derivation.batch)
    values: Mapping[int, np.ndarray[Any, Any]] = {
        **derivation.values,
        **{id(v.leaf): np.ones(v.leaf.shape, v.leaf.dtype) for v in directions.values()},
    }
    return Derivation(
        symbols=symbols,
        forward=tuple(each for each in equations if each.kind == "forward"),
        backward=tuple(each for each in equations if each.kind != "forward"),
        parameters=derivation.parameters,
        gradients={e.defines.path: e.defines for e in equations if e.kind == "parameter"},
        batch=derivation.batch,
        title=derivation.title,
        model=derivation.model,
        objective=derivation.objective,
        algorithm=derivation.algorithm,
        notes=derivation.notes,
        values=values,
        random=derivation.random,
    )


def _steps(derivation: Derivation) -> list[Step]:
    """Forward and backward pass as steps that the parameters go into."""
    active = {id(symbol.leaf) for symbol in derivation.parameters.values()}
    steps = []
    for each in derivation.equations:
        reached = any(id(node) in active for node in topological([each.expression]))
        if reached:
            active.add(id(each.defines.leaf))
        steps.append(Step(each.defines, each.expression, reached, each.line))
    return steps


def _direction(made: Cut, path: str, of: Symbol) -> Symbol:
    leaf = input(of.leaf.shape, of.leaf.dtype, name=f"v.{path}")
    name = naming.Name(rf"v_{{{of.latex}}}", f"v_{of.text}", f"v_{of.code}")
    return made.symbols.add(Symbol(leaf, *made.names.unique(name), of.shape, "constant", path))


def _product(made: Cut, derivation: Derivation, directions: Mapping[str, Symbol]) -> Step:
    parts: list[Tensor] = []
    for path, gradient in derivation.gradients.items():
        product = arithmetic.multiply(gradient.leaf, directions[path].leaf)
        axes = tuple(range(product.ndim))
        parts.append(reductions.sum_(product, axes=axes) if axes else product)
    leaf = input((), parts[0].dtype, name="s")
    name = made.names.unique(naming.Name("s", "s", "s"))
    symbol = made.symbols.add(Symbol(leaf, *name, (), "value", "s"))
    return Step(symbol, reduce(arithmetic.add, parts), True, "")
