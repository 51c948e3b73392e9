"""Written expressions as finished strings: with their sign, their names, and broken into lines."""

from __future__ import annotations

from .alphabet import Piece
from .precedence import Binding
from .writer import Definition
from .written import Sum, Written

__all__ = ["broken", "equation", "finished"]


def finished(written: Written) -> str:
    """``written`` with its sign."""
    return written.alphabet.operand(written, Binding.LIST).string


def broken(written: Written, width: float) -> list[str]:
    """The lines of ``written``: a sum that is wider than ``width`` is broken before a sign."""
    if not isinstance(written, Sum):
        return [finished(written)]
    alphabet = written.alphabet
    lines: list[list[Piece]] = [[]]
    room = width
    for at, term in enumerate(written.terms):
        sign = Piece(alphabet.sign("-" if term.negative else "+"), "sum")
        pieces = [Piece(alphabet.positive(term), "")]
        if term.negative or at:
            pieces.insert(0, sign)
        wide = sum(each.box.width for each in pieces) + (2 if alphabet.flat else 0)
        if lines[-1] and wide > room:
            lines.append([])
            room = width
        room -= wide
        lines[-1] += pieces
    later = [f"{line[0].box.string} {alphabet.join(line[1:]).string}" for line in lines[1:]]
    return [alphabet.join(lines[0]).string, *later]


def equation(definition: Definition) -> str:
    """name = value, when; on one line."""
    line = f"{finished(definition.name)} = {finished(definition.value)}"
    if definition.when is not None:
        line += definition.name.alphabet.gap + finished(definition.when)
    return line
