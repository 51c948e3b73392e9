"""Writing layouts: what LaTeX and plain text have in common, and the interface they fill.

An alphabet says how a sign, a fraction, a script or a pair of brackets is written. Where brackets
are needed, where signs meet and how operands take scripts is decided here, once for both.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from . import precedence
from .notation import (
    Accent,
    Cases,
    Fence,
    Font,
    Fraction,
    Layout,
    Name,
    Root,
    Row,
    Script,
    Sign,
    Slot,
    Space,
    Words,
)
from .precedence import Binding

if TYPE_CHECKING:
    from .written import Written

__all__ = ["Alphabet", "Box", "Piece"]

_OPPOSITE = {"+": "-", "-": "+"}
_MINUS = Sign("-")


class Box(NamedTuple):
    """Something written: its string, its width in average characters, whether it is tall."""

    string: str
    width: float
    tall: bool = False


class Piece(NamedTuple):
    """A box in a row and what it is for its neighbours."""

    box: Box
    kind: str


class Alphabet(ABC):
    """How layouts become strings. ``word`` puts words into the reader's language."""

    #: How tightly a fraction binds as it is written here.
    fraction_binding: Binding
    #: How tightly cases bind as they are written here.
    cases_binding: Binding
    #: Whether scripts stand behind each other on the line.
    flat: bool
    #: What separates an equation from what stands beside it.
    gap: str
    #: How wide an operand may become before it gets a name of its own.
    limit: float

    def __init__(self, word: Callable[[str], str]) -> None:
        self.word = word

    @abstractmethod
    def sign(self, latex: str) -> Box:
        """A letter, number or sign."""

    @abstractmethod
    def join(self, pieces: Sequence[Piece]) -> Box:
        """Pieces beside each other."""

    @abstractmethod
    def fence(self, left: str, body: Box, right: str) -> Box:
        """``body`` between brackets."""

    @abstractmethod
    def script(self, base: Box, sub: Box | None, sup: Box | None, limits: bool) -> Box:
        """``base`` with scripts; ``limits``: as the limits of a sum."""

    @abstractmethod
    def fraction(self, top: Box, bottom: Box) -> Box:
        """``top`` over ``bottom``."""

    @abstractmethod
    def root(self, body: Box) -> Box:
        """The square root of ``body``."""

    @abstractmethod
    def cases(self, rows: Sequence[tuple[Box, Box]]) -> Box:
        """Rows of (value, condition)."""

    @abstractmethod
    def plain(self, layout: Name | Words | Space | Font) -> Box:
        """A name, words, space, or letters in a font."""

    @abstractmethod
    def accent(self, name: str, body: Box) -> Box:
        """A hat, bar or tilde over ``body``."""

    @abstractmethod
    def named(self, latex: str, text: str = "") -> Written:
        """A symbol, ``latex`` in formulas; ``text`` in plain text, if that is said."""

    def tightness(self, layout: Layout) -> Binding:
        """How tightly ``layout`` binds as it is written here."""
        return precedence.binding(layout, self.fraction_binding, self.cases_binding)

    @property
    def inner(self) -> tuple[Binding, Binding, Binding]:
        """What the top and bottom of a fraction and the body of a root demand."""
        return (Binding.LIST,) * 3

    # --- from layouts to boxes -----------------------------------------------------------------

    def box(self, layout: Layout, operands: Sequence[Written] = ()) -> Box:
        """Write ``layout`` with ``operands`` in its places."""
        match layout:
            case Sign(latex):
                return self.sign(latex)
            case Row(items):
                return self.row(items, operands)
            case Slot():
                return self.part(layout, operands, Binding.LIST)
            case Script(base, sub, sup):
                return self.scripted(base, sub, sup, operands)
            case Fraction(top, bottom):
                over, under, _ = self.inner
                return self.fraction(
                    self.part(top, operands, over), self.part(bottom, operands, under)
                )
            case Root(body):
                return self.root(self.part(body, operands, self.inner[2]))
            case Fence(left, right, body):
                return self.fence(left, self.box(body, operands), right)
            case Cases(rows):
                return self.cases(
                    [(self.box(a, operands), self.box(b, operands)) for a, b in rows]
                )
            case Accent(name, body):
                return self.accent(name, self.box(body, operands))
        return self.plain(layout)

    def part(self, layout: Layout, operands: Sequence[Written], demand: Binding) -> Box:
        """``layout`` in a place that demands a binding, in brackets if it binds less."""
        if isinstance(layout, Slot):
            return self.operand(operands[layout.index], demand)
        box = self.box(layout, operands)
        if self.tightness(layout) < demand:
            return self.fence("(", box, ")")
        return box

    def operand(self, written: Written, demand: Binding, last: bool = True) -> Box:
        """An operand in a place that demands a binding.

        ``last``: no factor follows it that could be read as part of it.
        """
        box = written.box
        binding = written.binding
        if written.negative:
            box = self.join([Piece(self.sign("-"), "sum"), Piece(self.positive(written), "")])
            binding = min(binding, Binding.SUM)
        if binding < demand or (written.opens_right and not last):
            return self.fence("(", box, ")")
        return box

    def positive(self, written: Written) -> Box:
        """The operand without its sign, ready to stand after a minus."""
        if written.binding <= Binding.SUM:
            return self.fence("(", written.box, ")")
        return written.box

    def row(self, items: tuple[Layout, ...], operands: Sequence[Written]) -> Box:
        """Layouts beside each other: brackets where neighbours demand them, signs merged."""
        pieces: list[Piece] = []
        for at, item in enumerate(items):
            kind = precedence.kind(item)
            if precedence.is_call(items, at):
                kind = "call"
            if not isinstance(item, Slot):
                pieces.append(Piece(self.box(item, operands), kind))
                continue
            written = operands[item.index]
            demand = precedence.demand(items, at)
            before = items[at - 1] if at else None
            if written.negative and at > 1 and before in (Sign("+"), _MINUS):
                assert isinstance(before, Sign)
                pieces[-1] = Piece(self.sign(_OPPOSITE[before.latex]), "sum")
                pieces.append(Piece(self.positive(written), ""))
                continue
            after = precedence.kind(items[at + 1]) if at + 1 < len(items) else "end"
            box = self.operand(written, demand, after in _STOPS)
            if pieces and pieces[-1].kind == "function" and box is not written.box:
                pieces[-1] = Piece(pieces[-1].box, "call")  # ln (x + 1) is written ln(x + 1)
            pieces.append(Piece(box, ""))
        return self.join(pieces)

    def scripted(
        self, base: Layout, sub: Layout | None, sup: Layout | None, operands: Sequence[Written]
    ) -> Box:
        """A base with scripts; a symbol takes them beside those that it has."""
        low, high = (None if each is None else self.box(each, operands) for each in (sub, sup))
        if not isinstance(base, Slot):
            limits = precedence.kind(base) == "big" or base in (Name("max"), Name("min"))
            return self.script(self.part(base, operands, Binding.ATOM), low, high, limits)
        written = operands[base.index]
        merged = None if written.negative else self.merged(written, low, high, sup)
        if merged is not None:
            return merged
        tight = Binding.CALL if sup is None else Binding.ATOM
        if isinstance(written.layout, Script):  # it has such a script already
            tight = Binding.CLOSED
        if written.indexed and sup is not None:
            tight = Binding.POWER
        return self.script(self.operand(written, tight), low, high, False)

    def merged(
        self, written: Written, sub: Box | None, sup: Box | None, layout: Layout | None
    ) -> Box | None:
        """A symbol with more scripts, where they can stand beside its own."""
        own = written.layout
        if not isinstance(own, Script):
            return None
        mine = [None if each is None else self.box(each) for each in (own.sub, own.sup)]
        if sup is not None and mine[1] is not None:
            if layout != Sign(r"\top"):
                return None
            sup = self.join([Piece(mine[1], ""), Piece(sup, "")])
        if sub is not None and mine[0] is not None:
            comma = Piece(self.sign(","), "comma")
            sub = self.join([Piece(mine[0], ""), comma, Piece(sub, "")])
        return self.script(self.box(own.base), sub or mine[0], sup or mine[1], False)


#: Kinds of neighbours that end the operand of Σ or ln before them.
_STOPS = ("end", "comma", "relation", "logic", "sum")
