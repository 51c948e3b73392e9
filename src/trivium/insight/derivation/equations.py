"""Equations: symbol = expression, with the rule that gave it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from trivium.engine.tensor import Tensor

from .symbols import Symbol

__all__ = ["Equation"]


@dataclass(frozen=True, eq=False)
class Equation:
    """One line of a derivation: ``defines`` = ``expression``.

    ``expression``: an expression whose leaves stand for symbols or are constants; its nodes are
    primitives of the engine and operations of ``textbook``. ``kind``: "forward", "backward" (the
    gradient of a value) or "parameter" (the gradient of a parameter). ``rules``: the ids of the
    rules that were applied, see ``rules``; none in the forward pass. ``uses``: values of the
    forward pass that the backward pass reuses here. ``line``: the user's line that the equation
    comes from.
    """

    defines: Symbol
    expression: Tensor
    kind: Literal["forward", "backward", "parameter"]
    rules: tuple[str, ...] = ()
    uses: tuple[Symbol, ...] = ()
    line: str = ""
