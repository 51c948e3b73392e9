"""The notation of records, read into a layout: fractions, scripts, brackets, places for operands.

Records and renderers write notation in one language, a subset of LaTeX. Here it is parsed; an
alphabet then writes a layout as LaTeX or as a line of Unicode. So there is one notation for each
operation and no second copy for terminals.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from trivium.engine.errors import ArgumentError

from .signs import ACCENTS, FONTS, FUNCTIONS, SIGNS, SPACES

__all__ = [
    "Accent",
    "Cases",
    "Fence",
    "Font",
    "Fraction",
    "Layout",
    "Name",
    "Root",
    "Row",
    "Script",
    "Sign",
    "Slot",
    "Space",
    "Words",
    "parse",
    "template",
]

_FIRST_SLOT = 0xF0000  # private use: characters that no notation contains
MOST_OPERANDS = 0xFFFD


@dataclass(frozen=True)
class Slot:
    """The place of operand ``index``."""

    index: int


@dataclass(frozen=True)
class Sign:
    """A sign of ``SIGNS``, a letter or a number, as LaTeX."""

    latex: str


@dataclass(frozen=True)
class Name:
    """The upright name of a function."""

    text: str


@dataclass(frozen=True)
class Words:
    """Words of the reader's language."""

    text: str


@dataclass(frozen=True)
class Space:
    """Space that the notation asks for."""

    latex: str


@dataclass(frozen=True)
class Font:
    """Letters in a font: ``name`` is mathbf, mathbb, mathrm …"""

    name: str
    text: str


@dataclass(frozen=True)
class Accent:
    """A hat, bar or tilde over ``body``."""

    name: str
    body: Layout


@dataclass(frozen=True)
class Script:
    """``base`` with a subscript, a superscript or both."""

    base: Layout
    sub: Layout | None
    sup: Layout | None


@dataclass(frozen=True)
class Fraction:
    """``top`` over ``bottom``."""

    top: Layout
    bottom: Layout


@dataclass(frozen=True)
class Root:
    """The square root of ``body``."""

    body: Layout


@dataclass(frozen=True)
class Fence:
    """``body`` between brackets; "." is no bracket."""

    left: str
    right: str
    body: Layout


@dataclass(frozen=True)
class Cases:
    """Rows of (value, condition)."""

    rows: tuple[tuple[Layout, Layout], ...]


@dataclass(frozen=True)
class Row:
    """Layouts beside each other."""

    items: tuple[Layout, ...]


Layout = (
    Slot
    | Sign
    | Name
    | Words
    | Space
    | Font
    | Accent
    | Script
    | Fraction
    | Root
    | Fence
    | Cases
    | Row
)

_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|\d+(?:\.\d+)?|\S", re.DOTALL)
_BRACKETS = {"(": ")", "[": "]", r"\{": r"\}", r"\lfloor": r"\rfloor", r"\lceil": r"\rceil",
             r"\lVert": r"\rVert", r"\langle": r"\rangle"}  # fmt: skip


@lru_cache(maxsize=4096)
def parse(latex: str) -> Layout:
    """The layout that ``latex`` describes. Raises ArgumentError for what is not notation."""
    return _Parser(latex).read()


def template(notation: str | Callable[..., str], attributes: Any, operands: int) -> Layout:
    """The layout of a record's ``notation`` for so many operands."""
    if operands > MOST_OPERANDS:
        raise ArgumentError(f"an operation with {operands} operands cannot be written")
    slots = [chr(_FIRST_SLOT + i) for i in range(operands)]
    if callable(notation):
        return parse(notation(attributes, *slots))
    return parse(notation.format(*slots))


class _Parser:
    def __init__(self, latex: str) -> None:
        self.latex = latex
        found = list(_TOKEN.finditer(latex))
        self.tokens = [each.group() for each in found]
        self.starts = [each.start() for each in found]
        self.at = 0

    def read(self) -> Layout:
        row = self.row(())
        if self.at < len(self.tokens):
            raise self.wrong(f"{self.tokens[self.at]} closes nothing")
        return row

    def wrong(self, why: str) -> ArgumentError:
        return ArgumentError(f"the notation {self.latex!r} is not understood: {why}")

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def next(self) -> str:
        token = self.peek()
        if not token:
            raise self.wrong("it ends too early")
        self.at += 1
        return token

    def row(self, ends: tuple[str, ...]) -> Layout:
        items: list[Layout] = []
        closing = (*ends, "}", r"\right", r"\end", "&", "\\\\", *_BRACKETS.values())
        while self.peek() and self.peek() not in closing:
            item = self.scripted(self.item())
            if item != Row(()):
                items.append(item)
        return items[0] if len(items) == 1 else Row(tuple(items))

    def scripted(self, base: Layout) -> Layout:
        scripts: dict[str, Layout] = {}
        primes: list[Layout] = []
        while self.peek() in ("^", "_", "'"):
            which = self.next()
            if which == "'":
                primes.append(Sign(r"\prime"))
                continue
            if which in scripts:
                raise self.wrong(f"two {which} on one sign")
            scripts[which] = self.argument()
        if primes:  # p'^2 has both above it
            primes += [scripts["^"]] if "^" in scripts else []
            scripts["^"] = primes[0] if len(primes) == 1 else Row(tuple(primes))
        if not scripts:
            return base
        return Script(base, scripts.get("_"), scripts.get("^"))

    def argument(self) -> Layout:
        return self.group() if self.peek() == "{" else self.item()

    def group(self) -> Layout:
        self.expect("{")
        body = self.row(())
        self.expect("}")
        return body

    def expect(self, token: str) -> None:
        if self.next() != token:
            raise self.wrong(f"{token} is missing")

    def raw(self) -> str:
        """The argument of a command that takes words, as it is written."""
        self.expect("{")
        first, depth = self.starts[self.at - 1] + 1, 1
        while depth:
            depth += {"{": 1, "}": -1}.get(self.next(), 0)
        return self.latex[first : self.starts[self.at - 1]]

    def item(self) -> Layout:
        token = self.next()
        command = token[1:] if token.startswith("\\") else ""
        if 0 <= ord(token[0]) - _FIRST_SLOT < MOST_OPERANDS:
            return Slot(ord(token) - _FIRST_SLOT)
        if token == "{":
            self.at -= 1
            return self.group()
        if token in SPACES:
            return Space(token)
        if token in _BRACKETS:
            return self.fence(token, _BRACKETS[token])
        if command in FONTS:
            return Font(command, self.raw())
        if command in ACCENTS:
            return Accent(command, self.argument())
        if command in FUNCTIONS:
            return Name(command)
        return self.structure(token, command)

    def structure(self, token: str, command: str) -> Layout:
        if command in ("frac", "tfrac", "dfrac"):
            top = self.argument()
            return Fraction(top, self.argument())
        if command == "sqrt":
            return Root(self.argument())
        if command == "operatorname":
            return Name(self.raw())
        if command in ("text", "textrm"):
            return Words(self.raw())
        if command in ("mathbin", "mathord"):
            return self.group()
        if command == "left":
            left = self.next()
            body = self.row(())
            self.expect(r"\right")
            return Fence(left, self.next(), body)
        if command == "begin":
            return self.cases()
        if command in ("textstyle", "displaystyle"):
            return Row(())
        if token in SIGNS or not command:
            return Sign(token)
        raise self.wrong(f"the command {token} is unknown")

    def fence(self, left: str, right: str) -> Layout:
        body = self.row(())
        if self.peek() != right:
            raise self.wrong(f"{left} is not closed by {right}")
        self.next()
        return Fence(left, right, body)

    def cases(self) -> Layout:
        for part in "{cases}":
            self.expect(part)
        rows = []
        while self.peek() != r"\end":
            value = self.row(())
            self.expect("&")
            rows.append((value, self.row(())))
            if self.peek() == "\\\\":
                self.next()
        self.next()
        for part in "{cases}":
            self.expect(part)
        return Cases(tuple(rows))
