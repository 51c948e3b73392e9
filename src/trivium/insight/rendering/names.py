"""Names that people gave to values, as letters and words of formulas."""

from __future__ import annotations

import re

from .latex import escaped
from .signs import SIGNS

__all__ = ["name_of"]

_INDEXED = re.compile(r"([A-Za-z]|[a-z]+?)_?(\d+)")


def name_of(name: str | None, otherwise: str) -> str:
    """A name in LaTeX: one letter in italics, a Greek letter as such, words upright.

    ``otherwise``: what stands for nothing.
    """
    if not name:
        return otherwise
    if len(name) == 1 and name.isascii() and name.isalpha():
        return name
    if f"\\{name}" in SIGNS and SIGNS[f"\\{name}"].isalpha():
        return f"\\{name}"
    indexed = _INDEXED.fullmatch(name)
    if indexed is not None:
        base = name_of(indexed[1], otherwise)
        if "{" not in base:
            return f"{base}_{{{indexed[2]}}}"
    return rf"\text{{{escaped(name)}}}"
