"""Operands that are already written: how they bind, their sign, and the parts of sums and products.

Sums know their terms and products their factors, so that signs and numbers come to the front,
scalars stand before arrays, and a long sum can be broken between its terms.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from .alphabet import Alphabet, Box, Piece
from .notation import Layout, Script, Sign, Space, parse
from .precedence import Binding, opens_right

__all__ = [
    "Product",
    "Sum",
    "Written",
    "begins",
    "filled",
    "has_no_superscript",
    "product",
    "product_of",
]

_DIGITS = tuple("0123456789")
_NARROW = 6.0  # the width of what textbooks put over a number: 2, λ, α m


@dataclass(frozen=True, eq=False)
class Written:
    """Something written in an alphabet, without its sign.

    ``negative``: a minus belongs before it. ``scalar``: it is one number, also where it stands for
    an array of equal numbers. ``literal``: it is a number written with digits. ``layout``: of a
    symbol, how it is composed. ``steps``: of a sequence that a recurrence made, its notation at
    step t, with @ for t. ``transposed``: of a transpose, what it is the transpose of.
    ``indexed``: it is a symbol with indices and no superscript. ``symbol``: it is a
    single symbol. ``powers``: of a power of a scalar
    symbol, that symbol and the exponent.
    """

    alphabet: Alphabet
    body: Box | None
    tightness: Binding = Binding.ATOM
    open: bool = False
    negative: bool = False
    scalar: bool = False
    literal: bool = False
    layout: Layout | None = None
    steps: str = ""
    transposed: Written | None = None
    indexed: bool = False
    symbol: bool = False
    powers: tuple[Written, int] | None = None

    @property
    def box(self) -> Box:
        """How it is written."""
        assert self.body is not None
        return self.body

    @property
    def binding(self) -> Binding:
        """How tightly it binds."""
        return self.tightness

    @property
    def opens_right(self) -> bool:
        """Whether a factor after it would be read as part of it."""
        return self.open

    @property
    def power(self) -> tuple[Written, int] | None:
        """The scalar symbol that it is a power of, with the exponent."""
        if self.powers is not None or not self.scalar or self.literal:
            return self.powers
        return (self.signed(False), 1) if self.symbol else None

    def signed(self, negative: bool) -> Written:
        """The same with this sign."""
        return self if negative == self.negative else replace(self, negative=negative)


def filled(
    alphabet: Alphabet, notation: str | Layout, *operands: Written, scalar: bool = False
) -> Written:
    """``notation`` (a layout, or LaTeX with {0}, {1} … for operands) with operands in it."""
    from .notation import template

    layout = notation
    if isinstance(layout, str):
        layout = template(layout, None, len(operands)) if operands else parse(layout)
    return Written(
        alphabet,
        alphabet.box(layout, operands),
        alphabet.tightness(layout),
        opens_right(layout),
        scalar=scalar,
    )


@dataclass(frozen=True, eq=False)
class Sum(Written):
    """A sum of terms, each with its sign."""

    terms: tuple[Written, ...] = ()

    @property
    def binding(self) -> Binding:
        """As a sum."""
        return Binding.SUM

    @property
    def opens_right(self) -> bool:
        """As its last term."""
        return False

    @cached_property
    def box(self) -> Box:
        """The terms in their order."""
        pieces: list[Piece] = []
        for term in self.terms:
            if term.negative or pieces:
                sign = self.alphabet.sign("-" if term.negative else "+")
                pieces.append(Piece(sign, "sum"))
            pieces.append(Piece(self.alphabet.positive(term), ""))
        return self.alphabet.join(pieces)


@dataclass(frozen=True, eq=False)
class Product(Written):
    """Scalars over scalars, times factors that are arrays.

    ``joint``: how the arrays are multiplied, elementwise ("odot") or as matrices ("matrix").
    """

    top: tuple[Written, ...] = ()
    bottom: tuple[Written, ...] = ()
    arrays: tuple[Written, ...] = ()
    joint: Literal["odot", "matrix"] = "odot"

    @cached_property
    def parts(self) -> tuple[tuple[Written, ...], tuple[Written, ...], tuple[Written, ...]]:
        """What stands over the fraction line, under it, and after it, each in order."""
        top = sorted(self.top, key=lambda each: (not each.literal, each.opens_right))
        arrays = sorted(self.arrays, key=lambda each: each.opens_right)
        if self.joint == "matrix":
            arrays = list(self.arrays)
        if not self.bottom:
            return (), (), (*top, *arrays)
        simple = all(each.box.width <= _NARROW and not each.box.tall for each in self.bottom)
        over = [each for each in top if not simple or _fits_over(each)]
        after = [each for each in top if simple and not _fits_over(each)]
        if not simple and len(arrays) == 1 and not after:
            over, arrays = [*over, *arrays], []
        bottom = sorted(self.bottom, key=lambda each: (not each.literal, each.opens_right))
        return tuple(over), tuple(bottom), (*after, *arrays)

    @property
    def binding(self) -> Binding:
        """As its loosest part."""
        _, bottom, after = self.parts
        if bottom and not after:
            return self.alphabet.fraction_binding
        return Binding.HADAMARD if self._elementwise else Binding.PRODUCT

    @property
    def _elementwise(self) -> bool:
        return len(self.arrays) > 1 and self.joint == "odot"

    @property
    def opens_right(self) -> bool:
        """As its last factor."""
        _, _, after = self.parts
        return bool(after) and after[-1].opens_right

    @cached_property
    def box(self) -> Box:
        """The fraction, then the factors."""
        over, bottom, after = self.parts
        pieces: list[Piece] = []
        if bottom:
            one = filled(self.alphabet, "1", scalar=True)
            top = _side(self.alphabet, over or (one,), self.alphabet.inner[0])
            under = _side(self.alphabet, bottom, self.alphabet.inner[1])
            box = self.alphabet.fraction(top, under)
            if after and self.alphabet.fraction_binding < Binding.POWER:
                box = self.alphabet.fence("(", box, ")")
            pieces.append(Piece(box, ""))
        pieces += self._factors(after, bool(bottom))
        return self.alphabet.join(pieces)

    def _factors(self, factors: tuple[Written, ...], begun: bool) -> list[Piece]:
        """Factors with the sign between them that they need."""
        pieces: list[Piece] = []
        arrays = {id(each) for each in self.arrays}
        before: Written | None = None
        for at, each in enumerate(factors):
            elementwise = self._elementwise and id(each) in arrays
            demand = Binding.FUNCTION if elementwise else Binding.PRODUCT
            if each.literal and not at and not begun and "/" not in each.box.string:
                demand = Binding.HADAMARD  # 2 · 10⁻⁴ x
            box = self.alphabet.operand(each, demand, at + 1 == len(factors))
            if before is not None or begun:
                both = id(each) in arrays and before is not None and id(before) in arrays
                if both and self._elementwise:
                    pieces.append(Piece(self.alphabet.sign(r"\odot"), "product"))
                elif _wordy(box) or (pieces and _wordy(pieces[-1].box)):
                    pieces.append(Piece(self.alphabet.plain(Space(r"\,")), "space"))
                elif box.string[:1] in _DIGITS and before is not None:
                    pieces.append(Piece(self.alphabet.sign(r"\cdot"), "product"))
            pieces.append(Piece(box, ""))
            before = each
        return pieces


def _wordy(box: Box) -> bool:
    """Whether a word stands here, which needs space around it."""
    return re.match(r"\\(?:text|mathrm|mathit)\b", box.string) is not None


def _side(alphabet: Alphabet, factors: Sequence[Written], demand: Binding) -> Box:
    """What stands above or below a fraction line."""
    if len(factors) == 1:
        return alphabet.operand(factors[0], demand)
    return alphabet.operand(product(False, factors, (), ()), demand)


def _fits_over(each: Written) -> bool:
    return each.box.width <= _NARROW and not each.box.tall and each.binding >= Binding.ATOM


def has_no_superscript(symbol: Written) -> bool:
    """Whether a superscript beside further indices of ``symbol`` would stand alone."""
    layout = symbol.layout
    if symbol.alphabet.flat:
        return symbol.binding == Binding.ATOM
    return isinstance(layout, Sign) or (isinstance(layout, Script) and layout.sup is None)


def begins(name: str, letter: str) -> bool:
    """Whether the LaTeX ``name`` is ``letter``, with scripts or without."""
    return name == letter or name.startswith((f"{letter}_", f"{letter}^"))


def _powers(
    top: tuple[Written, ...], bottom: tuple[Written, ...]
) -> tuple[tuple[Written, ...], tuple[Written, ...]]:
    """Equal symbols among scalar factors as one power: σ σ² under a line as σ³."""
    symbols = [each for each in (*top, *bottom) if each.power is not None]
    names = [each.power[0].box.string for each in symbols if each.power is not None]
    if len(set(names)) == len(names):
        return top, bottom
    exponents: dict[str, int] = {}
    bases: dict[str, Written] = {}
    for side, way in ((top, 1), (bottom, -1)):
        for each in side:
            if each.power is not None:
                base, exponent = each.power
                bases[base.box.string] = base
                exponents[base.box.string] = exponents.get(base.box.string, 0) + way * exponent
    over, under = ([each for each in side if each.power is None] for side in (top, bottom))
    for name, exponent in exponents.items():
        if exponent:
            place = over if exponent > 0 else under
            place.append(power(bases[name], abs(exponent)))
    if not over:
        over = [replace(filled(bases[names[0]].alphabet, "1", scalar=True), literal=True)]
    return tuple(over), tuple(under)


def power(base: Written, exponent: int) -> Written:
    """A scalar symbol to a whole power."""
    if exponent == 1:
        return base
    made = filled(base.alphabet, f"{{0}}^{{{{{exponent}}}}}", base, scalar=True)
    return replace(made, powers=(base, exponent))


def product(
    negative: bool,
    top: Iterable[Written],
    bottom: Iterable[Written],
    arrays: Iterable[Written],
    joint: Literal["odot", "matrix"] = "odot",
) -> Written:
    """A product; of one factor over nothing, that factor with its sign."""
    top, bottom = _powers(tuple(top), tuple(bottom))
    arrays = tuple(arrays)
    if len(top) + len(arrays) > 1 or bottom:
        top = tuple(each for each in top if not (each.literal and each.box.string == "1"))
    factors = (*top, *arrays)
    if len(factors) == 1 and not bottom:
        only = factors[0]
        if not negative or only.binding > Binding.SUM:
            return only.signed(negative)
    alphabet = (*factors, *bottom)[0].alphabet
    return Product(
        alphabet,
        None,
        negative=negative,
        scalar=not arrays,
        top=top,
        bottom=bottom,
        arrays=arrays,
        joint=joint,
    )


def product_of(written: Written) -> Product:
    """``written`` as a product, of itself alone if it is none."""
    if isinstance(written, Product) and not (written.scalar and written.arrays):
        return written
    one = (written.signed(False),)
    return Product(
        written.alphabet,
        None,
        negative=written.negative,
        scalar=written.scalar,
        top=one if written.scalar else (),
        arrays=() if written.scalar else one,
    )
