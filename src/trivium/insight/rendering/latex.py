"""Expressions as LaTeX, in the subset that LaTeX, KaTeX and MathJax read."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from trivium.engine.errors import ArgumentError

from .alphabet import Alphabet, Box, Piece
from .notation import Font, Name, Script, Space, Words, parse
from .precedence import Binding
from .signs import FUNCTIONS, KINDS
from .text import columns
from .written import Written

if TYPE_CHECKING:
    from trivium.engine.tensor import Tensor

    from ..derivation.symbols import Symbol, Symbols

__all__ = ["LatexAlphabet", "escaped", "latex"]

_ESCAPES = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "_": r"\_",
    "%": r"\%",
    "&": r"\&",
    "#": r"\#",
    "$": r"\$",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
}
_ESCAPED = re.compile(r"\\text[a-z]+\{\}|\\.")
_SPACE_WIDTHS = {r"\quad": 2.0, r"\qquad": 4.0, r"\!": -0.4}
_SCRIPT = 0.72


def latex(
    expression: Tensor,
    symbols: Symbols,
    *,
    lang: str = "en",
    known: Mapping[int, Symbol] | None = None,
) -> str:
    """``expression`` as LaTeX mathematics, without dollar signs.

    Leaves are written as their symbols; constants as numbers, or by name and shape; other inputs
    and variables by name. Parts that are too long for a line get names, which are said after
    "with". ``known``: by the id of a node log_softmax(z), the symbol of softmax(z), see
    ``known_softmax``. Raises ArgumentError for an unknown language.
    """
    from ..words import translator
    from .lines import equation, finished
    from .writer import Writer

    word = translator(lang)
    writer = Writer(LatexAlphabet(word), symbols, known)
    whole = finished(writer.write(expression))
    if not writer.definitions:
        return whole
    said = [equation(each) for each in writer.definitions]
    return rf"{whole} \quad \text{{{word('with')}}} \quad " + r"; \quad ".join(said)


def escaped(words: str) -> str:
    """Words that somebody chose, as LaTeX text: no character of theirs is a command."""
    printable = "".join(sign if sign.isprintable() else " " for sign in words)
    return "".join(_ESCAPES.get(sign, sign) for sign in printable)


class LatexAlphabet(Alphabet):
    """LaTeX. Widths are in average digits of the body font."""

    fraction_binding = Binding.POWER
    cases_binding = Binding.CASES  # nothing shows where they end
    flat = False
    gap = r", \quad "
    limit = 72.0

    def sign(self, latex: str) -> Box:
        """A letter, number or sign."""
        kind = KINDS.get(latex, "")
        if latex in ("|", r"\&"):
            return Box(rf"\mathbin{{{latex}}}", 3.0)
        width = {"relation": 3.0, "sum": 2.6, "product": 2.2, "logic": 2.8, "big": 3.4}
        if kind in width:
            return Box(latex, width[kind], kind == "big")
        if latex[0].isdigit():
            return Box(latex, len(latex))
        capital = latex.removeprefix("\\")[:1].isupper()
        return Box(latex, 0.6 if latex in ",;:" else 1.6 if capital else 1.15)

    def join(self, pieces: Sequence[Piece]) -> Box:
        """Pieces beside each other, a space between commands and what follows."""
        string = ""
        for at, (box, kind) in enumerate(pieces):
            tight = kind == "comma" or not string or pieces[at - 1].kind == "call"
            tight = tight or box.string == "!" or (at > 0 and pieces[at - 1].box.string == ":")
            if at == 1 and pieces[0].kind == "sum":
                tight = True  # a sign in front of the first term
            string += box.string if tight else f" {box.string}"
        return Box(
            string,
            sum(each.box.width for each in pieces),
            any(each.box.tall for each in pieces),
        )

    def fence(self, left: str, body: Box, right: str) -> Box:
        """``body`` between brackets as high as it is."""
        stretched = body.tall or "." in (left, right) or "|" in (left, right)
        if stretched:
            string = rf"\left{left} {body.string} \right{right}"
        else:
            gap = " " if left.startswith("\\") else ""
            string = f"{left}{gap}{body.string}{gap}{right}"
        return Box(string, body.width + 1.6, body.tall)

    def script(self, base: Box, sub: Box | None, sup: Box | None, limits: bool) -> Box:
        """``base`` with scripts."""
        string = base.string
        for mark, each in (("_", sub), ("^", sup)):
            if each is not None and each.string:
                short = each.string == r"\top" or re.fullmatch(r"\w", each.string)
                string += mark + (each.string if short else f"{{{each.string}}}")
        wide = max((each.width * _SCRIPT for each in (sub, sup) if each), default=0.0)
        width = max(base.width, wide) if limits else base.width + wide
        return Box(string, width, base.tall or bool(sup and sup.tall))

    def fraction(self, top: Box, bottom: Box) -> Box:
        """``top`` over ``bottom``."""
        width = max(top.width, bottom.width) + 0.6
        return Box(rf"\frac{{{top.string}}}{{{bottom.string}}}", width, True)

    def root(self, body: Box) -> Box:
        """The square root of ``body``."""
        return Box(rf"\sqrt{{{body.string}}}", body.width + 1.8, body.tall)

    def cases(self, rows: Sequence[tuple[Box, Box]]) -> Box:
        """Rows of (value, condition)."""
        inside = r" \\ ".join(f"{a.string} & {b.string}" for a, b in rows)
        width = max(a.width for a, _ in rows) + max(b.width for _, b in rows) + 4
        return Box(rf"\begin{{cases}} {inside} \end{{cases}}", width, True)

    def plain(self, layout: Name | Words | Space | Font) -> Box:
        """A name, words, space, or letters in a font."""
        match layout:
            case Name(text):
                string = f"\\{text}" if text in FUNCTIONS else rf"\operatorname{{{text}}}"
                return Box(string, len(text) + 0.4)
            case Words(text):
                words = self.word(text)
                return Box(rf"\text{{{words}}}", 1.1 * columns(_ESCAPED.sub("x", words)))
            case Space(latex):
                return Box(latex, _SPACE_WIDTHS.get(latex, 0.5))
        return Box(rf"\{layout.name}{{{layout.text}}}", 1.2 * len(layout.text))

    def named(self, latex: str, text: str = "") -> Written:
        """A symbol; its scripts and those that it gets later stand beside each other."""
        try:
            layout = parse(latex)
        except ArgumentError:  # LaTeX of its own, which is left as it is
            return Written(self, Box(latex, 1.2 * columns(text or latex)))
        tight = self.tightness(layout)
        tight = Binding.ATOM if isinstance(layout, Script | Words) else tight
        return Written(self, self.box(layout), tight, layout=layout)

    def accent(self, name: str, body: Box) -> Box:
        """A hat, bar or tilde over ``body``."""
        return Box(rf"\{name}{{{body.string}}}", body.width, body.tall)
