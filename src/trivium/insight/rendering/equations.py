"""The equations of a derivation, written: the equation itself, then what it abbreviates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from .alphabet import Alphabet, Piece
from .lines import broken, finished
from .writer import Definition, Writer, known_softmax
from .written import Sum, Written

if TYPE_CHECKING:
    from ..derivation.derivation import Derivation
    from ..derivation.equations import Equation
    from ..derivation.symbols import Symbol

__all__ = ["Equations", "definition_lines"]


_LONGEST_LEFT = 0.3  # of the width; after a longer left side the right one begins a line


class Equations:
    """Writes the equations of one derivation in one alphabet."""

    def __init__(self, derivation: Derivation, alphabet: Alphabet) -> None:
        self.derivation, self.alphabet = derivation, alphabet
        self.known: Mapping[int, Symbol] = known_softmax(derivation)

    def of(self, equation: Equation) -> list[Definition]:
        """The equation as a definition of its symbol; after it the names that it gave.

        A gradient that has a letter of its own is said to be that gradient: Δ = ∂L/∂z = ….
        """
        writer = Writer(self.alphabet, self.derivation.symbols, self.known)
        value = writer.write(equation.expression)
        return [Definition(self._left(equation), value), *writer.definitions]

    def _left(self, equation: Equation) -> Written:
        """The symbol, and which gradient it is where its letter does not say it."""
        symbol = equation.defines
        own = self.alphabet.named(symbol.latex, symbol.text)
        # In a derivation of second derivatives gradients of the first are values on the way.
        if equation.kind == "forward" or symbol.of is None or r"\partial" in symbol.latex:
            return own
        loss = self.derivation.loss
        gradient = self.alphabet.named(
            rf"\frac{{\partial {loss.latex}}}{{\partial {symbol.of.latex}}}",
            f"∂{loss.text}/∂{symbol.of.text}",
        )
        equals = Piece(self.alphabet.sign("="), "relation")
        both = self.alphabet.join([Piece(own.box, ""), equals, Piece(gradient.box, "")])
        return Written(self.alphabet, both)


def definition_lines(definition: Definition, width: float) -> tuple[str, list[str]]:
    """The left side, and the lines of the right side with the steps that it holds for."""
    alphabet = definition.name.alphabet
    left = definition.name.box
    whole = left.width + 3 + definition.value.box.width
    breakable = isinstance(definition.value, Sum) and left.width <= _LONGEST_LEFT * width
    if whole > width and not breakable:
        lines = ["", *broken(definition.value, width)]
    else:
        lines = broken(definition.value, width - left.width - 3)
    if definition.when is not None:
        lines[-1] += alphabet.gap + finished(definition.when)
    return left.string, lines
