"""Expressions as one line of Unicode, for terminals."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from .alphabet import Alphabet, Box, Piece
from .notation import Font, Name, Script, Space, Words, parse
from .precedence import Binding
from .signs import ACCENTS, DOUBLE_STRUCK, SIGNS, SUBSCRIPTS, SUPERSCRIPTS
from .written import Written

if TYPE_CHECKING:
    from trivium.engine.tensor import Tensor

    from ..derivation.symbols import Symbol, Symbols

__all__ = ["TextAlphabet", "columns", "printable", "text"]

_BRACKETS = {r"\{": "{", r"\}": "}", r"\lfloor": "⌊", r"\rfloor": "⌋", r"\lceil": "⌈",
             r"\rceil": "⌉", r"\lVert": "‖", r"\rVert": "‖", r"\langle": "⟨",
             r"\rangle": "⟩", ".": ""}  # fmt: skip
_INSIDE = re.compile(r"\[[^][]*\]|\([^()]*\)")
_IN_BRACKETS = re.compile(r"\([^()]*\)")
_OPEN = re.compile(r"[\s/+−·⊙]")


def text(
    expression: Tensor,
    symbols: Symbols,
    *,
    lang: str = "en",
    known: Mapping[int, Symbol] | None = None,
) -> str:
    """``expression`` as one line of Unicode; leaves and names as in ``latex``.

    Raises ArgumentError for an unknown language.
    """
    from ..words import translator
    from .lines import equation, finished
    from .writer import Writer

    word = translator(lang)
    writer = Writer(TextAlphabet(word), symbols, known)
    whole = finished(writer.write(expression))
    if not writer.definitions:
        return whole
    said = [equation(each) for each in writer.definitions]
    return f"{whole}, {word('with')} " + "; ".join(said)


def columns(string: str) -> int:
    """How many columns of a terminal ``string`` takes."""
    wide = sum(unicodedata.east_asian_width(sign) in "WF" for sign in string)
    return len(string) + wide - sum(unicodedata.combining(sign) > 0 for sign in string)


def printable(string: str) -> str:
    """``string`` without what would steer a terminal or end a line."""
    return "".join(sign if sign.isprintable() else "�" for sign in string)


def _box(string: str) -> Box:
    return Box(string, columns(string))


class TextAlphabet(Alphabet):
    """Unicode. Widths are columns."""

    fraction_binding = Binding.HADAMARD
    cases_binding = Binding.ATOM  # written between braces
    flat = True
    gap = ", "
    limit = 96.0

    @property
    def inner(self) -> tuple[Binding, Binding, Binding]:
        """A fraction is written with a slash, and a root without a line over its body."""
        return Binding.PRODUCT, Binding.POWER, Binding.ATOM

    def sign(self, latex: str) -> Box:
        """A letter, number or sign."""
        return _box(SIGNS.get(latex, latex))

    def join(self, pieces: Sequence[Piece]) -> Box:
        """Pieces beside each other, with spaces as in print."""
        string = ""
        for at, (box, kind) in enumerate(pieces):
            before = pieces[at - 1].kind if at else ""
            signed = at == 1 and before == "sum"  # a minus before the first term
            tight = signed or not string or kind == "comma" or before == "call"
            tight = tight or before == "prefix" or (at > 0 and pieces[at - 1].box.string == ":")
            tight = tight or kind == "space" or before == "space" or box.string in ("", "!")
            tight = tight or (box.string == "…" and string[-1:].isdigit())
            string += box.string if tight else f" {box.string}"
        return _box(string)

    def fence(self, left: str, body: Box, right: str) -> Box:
        """``body`` between brackets."""
        return _box(f"{_BRACKETS.get(left, left)}{body.string}{_BRACKETS.get(right, right)}")

    def script(self, base: Box, sub: Box | None, sup: Box | None, limits: bool) -> Box:
        """``base`` with small letters where Unicode has them, else with ^( ) and [ ]."""
        string = base.string
        if sub is not None and sub.string:
            string += _small(sub.string, SUBSCRIPTS) or _bracketed(sub.string, limits)
        if sup is not None:
            bare = len(sup.string) == 1 or _IN_BRACKETS.fullmatch(sup.string)
            long = sup.string if bare else f"({sup.string})"
            string += _small(sup.string, SUPERSCRIPTS) or f"^{long}"
        return _box(string)

    def fraction(self, top: Box, bottom: Box) -> Box:
        """``top`` over ``bottom``, on one line."""
        return _box(f"{top.string}/{bottom.string}")

    def root(self, body: Box) -> Box:
        """The square root of ``body``."""
        return _box(f"√{body.string}")

    def cases(self, rows: Sequence[tuple[Box, Box]]) -> Box:
        """Rows of (value, condition)."""
        parts = [f"{value.string} {self.word('if')} {when.string}" for value, when in rows[:-1]]
        value, when = rows[-1]
        return _box("{" + "; ".join([*parts, f"{value.string} {when.string}"]) + "}")

    def plain(self, layout: Name | Words | Space | Font) -> Box:
        """A name, words, space, or letters in a font."""
        match layout:
            case Name(text):
                return _box(text.replace(r"\_", "_"))
            case Words(text):
                return _box(self.word(text))
            case Space():
                return _box("")
        if layout.name == "mathbb":
            return _box("".join(DOUBLE_STRUCK.get(sign, sign) for sign in layout.text))
        if (layout.name, layout.text) == ("mathbf", "1"):
            return _box("𝟏")
        return _box(layout.text)

    def named(self, latex: str, text: str = "") -> Written:
        """A symbol by its text, or by its LaTeX read as text."""
        if not text:
            layout = parse(latex)
            tight = self.tightness(layout)
            tight = Binding.ATOM if isinstance(layout, Script) else tight
            return Written(self, self.box(layout), tight)
        text = printable(text)
        flat = _INSIDE.sub("", text)
        loose = Binding.SUM if "+" in flat or "−" in flat or " - " in flat else Binding.HADAMARD
        return Written(self, _box(text), loose if _OPEN.search(flat) else Binding.ATOM)

    def accent(self, name: str, body: Box) -> Box:
        """A hat, bar or tilde over ``body``."""
        return _box(body.string + ACCENTS[name])


def _small(string: str, letters: dict[str, str]) -> str:
    """``string`` in small letters, or "" where one of its signs has none."""
    packed = string.replace(" ", "")
    if not all(sign in letters for sign in packed):
        return ""
    return "".join(letters[sign] for sign in packed)


def _bracketed(string: str, limits: bool) -> str:
    if len(string) == 1 and string.isalpha():
        return f"_{string}"
    if limits:
        return f"_({string})"
    return string if string.startswith("[") and string.endswith("]") else f"[{string}]"
