"""Symbols: what the leaves of an equation stand for, and how they are written.

Every equation of a derivation is an ordinary expression. Its leaves are inputs of the engine, and
a symbol says for each of them what it stands for: a value of the forward pass, a parameter, a
gradient. So an equation can be printed, evaluated and differentiated by the same means as any
other expression.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from trivium.engine.tensor import Tensor

__all__ = ["Role", "Size", "Symbol", "Symbols"]

Role = Literal[
    "input", "target", "weight", "parameter", "value", "gradient", "size", "constant", "random"
]
#: A size of an axis: a number, or the name of a size that data decide ("n", the examples).
Size = int | str


@dataclass(frozen=True, eq=False)
class Symbol:
    """One name in a derivation.

    ``leaf``: the engine's input that stands for it in expressions. ``latex``, ``text``, ``code``:
    how it is written in formulas, in plain text, and as a Python identifier; each is unique in
    its derivation. ``shape``: sizes; the axis of the examples is "n". ``role``: what it is.
    ``path``: the label or the parameter's path. ``of``: of a gradient: the symbol of the value
    with respect to which the loss is differentiated.
    """

    leaf: Tensor
    latex: str
    text: str
    code: str
    shape: tuple[Size, ...]
    role: Role
    path: str = ""
    of: Symbol | None = None

    def __repr__(self) -> str:
        return f"<{self.role} {self.text} {shape_text(self.shape)}>"


def shape_text(shape: tuple[Size, ...]) -> str:
    """A shape as in NumPy: (n, 3), (3,), ()."""
    inside = ", ".join(str(size) for size in shape)
    return f"({inside},)" if len(shape) == 1 else f"({inside})"


@dataclass
class Symbols:
    """The symbols of a derivation, found by the leaf that stands for them."""

    by_leaf: dict[int, Symbol] = field(default_factory=dict)

    def add(self, symbol: Symbol) -> Symbol:
        """Register ``symbol``."""
        self.by_leaf[id(symbol.leaf)] = symbol
        return symbol

    def of(self, leaf: Tensor) -> Symbol | None:
        """The symbol that ``leaf`` stands for, if it stands for one."""
        return self.by_leaf.get(id(leaf))

    def __iter__(self) -> Iterator[Symbol]:
        return iter(self.by_leaf.values())

    def __len__(self) -> int:
        return len(self.by_leaf)
