"""KaTeX as part of a page: its script, its style sheet, and the fonts that the formulas need.

KaTeX (https://katex.org, MIT licence) is fetched when Trivium is installed or packed, by
``scripts/fetch_katex.py``, and stands in ``assets/katex``. A page carries what it needs of it.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from trivium.engine.errors import TriviumError

__all__ = ["Katex", "MissingKatexError", "katex"]

FOLDER = Path(__file__).parent / "assets" / "katex"

# Letters, digits, operators and big delimiters of any formula.
_ALWAYS = frozenset(
    {"Main-Regular", "Math-Italic", "AMS-Regular", *(f"Size{i}-Regular" for i in range(1, 5))}
)
# Fonts that a formula needs only if one of these commands occurs in it.
_BY_COMMAND = (
    (r"\\(mathbf|textbf|bm|boldsymbol|pmb|bf)\b", ("Main-Bold",)),
    (r"\\(bm|boldsymbol|pmb|mathbfit)\b", ("Math-BoldItalic", "Main-BoldItalic")),
    (r"\\(mathit|textit|emph|it)\b", ("Main-Italic",)),
    (r"\\(mathcal|cal|mathscr|oldstyle)\b", ("Caligraphic-Regular", "Caligraphic-Bold")),
    (r"\\mathscr\b", ("Script-Regular",)),
    (r"\\(mathtt|texttt|tt|verb)\b", ("Typewriter-Regular",)),
    (r"\\(mathsf|textsf|sf)\b", ("SansSerif-Regular", "SansSerif-Bold", "SansSerif-Italic")),
    (r"\\(mathfrak|frak)\b", ("Fraktur-Regular", "Fraktur-Bold")),
)
_FACE = re.compile(r"@font-face\{[^}]*?url\(fonts/KaTeX_([\w-]+)\.woff2\)[^}]*\}")
_SOURCES = re.compile(r"src:[^;}]*")


class MissingKatexError(TriviumError, FileNotFoundError):
    """KaTeX, which typesets the HTML page, is not part of this installation."""


@dataclass(frozen=True)
class Katex:
    """What a page carries: ``version``, ``script``, ``style`` with fonts inside, ``licence``."""

    version: str
    script: str
    style: str
    licence: str


def katex(formulas: Iterable[str]) -> Katex:
    """KaTeX for a page with these LaTeX ``formulas``: only their fonts are in its style.

    Raises MissingKatexError where Trivium was installed without KaTeX.
    """
    together = "\n".join(formulas)
    needed = set(_ALWAYS)
    for command, fonts in _BY_COMMAND:
        if re.search(command, together):
            needed.update(fonts)
    return Katex(
        version=_text("VERSION").strip(),
        script=_text("katex.min.js"),
        style=_style(frozenset(needed)),
        licence=_text("LICENSE"),
    )


@cache
def _style(fonts: frozenset[str]) -> str:
    """The style sheet with these fonts written into it, and without the other ones."""

    def embedded(face: re.Match[str]) -> str:
        if face[1] not in fonts:
            return ""
        data = base64.b64encode(_read(f"fonts/KaTeX_{face[1]}.woff2")).decode("ascii")
        source = f'src:url(data:font/woff2;base64,{data}) format("woff2")'
        return _SOURCES.sub(lambda _: source, face[0])

    return _FACE.sub(embedded, _text("katex.min.css"))


@cache
def _text(name: str) -> str:
    return _read(name).decode("utf-8")


def _read(name: str) -> bytes:
    try:
        return (FOLDER / name).read_bytes()
    except OSError as error:
        raise MissingKatexError(
            "the HTML page of a derivation is typeset by KaTeX, which is not part of this "
            f"installation ({FOLDER / name}: {error.strerror}). Trivium's wheels contain it; in "
            "a clone of the repository, `make install` or `python scripts/fetch_katex.py` "
            "fetches it. .latex(), .text() and .python() work without it"
        ) from None
