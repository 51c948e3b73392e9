"""A derivation as a LaTeX document, and as a fragment for notebooks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..derivation.symbols import Size, Symbol
from ..words import translator
from .equations import Equations, definition_lines
from .latex import LatexAlphabet, escaped
from .phrases import (
    BACKWARD,
    CHECKS,
    FORWARD,
    MEANINGS,
    SIGNS_EXPLAINED,
    SPREAD,
    evaluated_on,
    explained,
    finding,
    listed,
    spread,
    steps,
    title,
)
from .signs import SIGNS
from .text import columns

if TYPE_CHECKING:
    from ..derivation.derivation import Derivation
    from ..derivation.equations import Equation

__all__ = ["document", "fragment"]

Translate = Callable[[str], str]

_WIDTH = 78.0  # of a line of an equation beside its number and shape, in digits
_LONG = 24  # columns of a symbol in a table
_FEW = 6  # rows and columns of an array that is written out

_PREAMBLE = r"""% Written by Trivium. Compile with %(engine)s.
\documentclass[10pt,a4paper]{article}
\usepackage[margin=22mm]{geometry}
\usepackage{amsmath,amssymb}
\usepackage{iftex}
\ifPDFTeX
  \usepackage[T1]{fontenc}
  \usepackage[utf8]{inputenc}
  \usepackage{lmodern}
  % A letter that this engine cannot set must not stop it.
  \makeatletter
  \def\UTFviii@undefined@err#1{\fbox{?}}
  \makeatother
\else
  \usepackage{fontspec}
\fi
\usepackage{xcolor}
\usepackage{array,booktabs}
\usepackage{longtable}
\setlength{\parindent}{0pt}
\setlength{\parskip}{4pt plus 2pt}
\allowdisplaybreaks
\emergencystretch=3em
\AtBeginDocument{%
  \setlength{\abovedisplayskip}{5pt plus 2pt}\setlength{\belowdisplayskip}{5pt plus 2pt}%
  \setlength{\abovedisplayshortskip}{3pt}\setlength{\belowdisplayshortskip}{3pt}}
\let\amsbb\mathbb
\newcommand{\ones}{\mathord{\mathrm{1}\mkern-4.2mu\mathrm{l}}}
\renewcommand{\mathbb}[1]{\ifx1#1\ones\else\amsbb{#1}\fi}
\newcommand{\shape}[1]{\textcolor{gray}{#1}}
"""
_CJK = r"""\usepackage{xeCJK}
\IfFontExistsTF{Noto Serif CJK SC}{\setCJKmainfont{Noto Serif CJK SC}}{%
  \IfFontExistsTF{FandolSong-Regular.otf}{\setCJKmainfont{FandolSong-Regular.otf}}{}}
\IfFontExistsTF{Noto Sans Mono CJK SC}{\setCJKmonofont{Noto Sans Mono CJK SC}}{}
"""


def document(derivation: Derivation, lang: str = "en") -> str:
    """``derivation`` as a complete LaTeX document.

    It compiles with XeLaTeX; with pdfLaTeX too where ``lang`` is "en" and every name that it
    prints is written in Latin letters. Raises ArgumentError for an unknown language.
    """
    _ = translator(lang)
    body = "\n\n".join(_parts(derivation, lang, _))
    wide = lang == "zh" or any("\u2e80" <= sign <= "\uffef" for sign in body)
    preamble = _PREAMBLE.replace("%(engine)s", "xelatex" if wide else "xelatex or pdflatex")
    if wide:
        preamble = preamble.replace(
            "  \\usepackage{fontspec}\n", "  \\usepackage{fontspec}\n" + _CJK
        )
    return (
        f"{preamble}\\begin{{document}}\n\n"
        f"{{\\raggedright\\LARGE\\bfseries {prose(title(derivation, _))}\\par}}\n\\bigskip\n\n"
        f"{body}\n\n\\end{{document}}\n"
    )


def fragment(derivation: Derivation) -> str:
    """All equations of ``derivation`` as one displayed formula, for notebooks."""
    equations = Equations(derivation, LatexAlphabet(translator("en")))
    rows: list[str] = []
    for each in derivation.equations:
        rows += _rows(equations, each, "with")
    joined = " \\\\\n".join(rows)
    return f"$$\n\\begin{{aligned}}\n{joined}\n\\end{{aligned}}\n$$"


_SUPERSCRIPTS = {"²": "2", "³": "3"}
_IN_MATHS = {sign: latex for latex, sign in SIGNS.items() if not sign.isascii()} | {
    "⟨": r"\langle", "⟩": r"\rangle", "ᵀ": r"^\top", "ŷ": r"\hat y", "⊤": r"^\top",
    "₁": "_1", "₂": "_2",
}  # fmt: skip


def prose(words: str) -> str:
    """Words as LaTeX text; mathematical signs among them as mathematics."""
    made = []
    for sign in words:
        if sign in _SUPERSCRIPTS:
            made.append(rf"\textsuperscript{{{_SUPERSCRIPTS[sign]}}}")
        elif sign in _IN_MATHS:
            made.append(rf"\ensuremath{{{_IN_MATHS[sign]}}}")
        else:
            made.append(escaped(sign))
    return "".join(made)


# --- the parts ----------------------------------------------------------------------------------


def _parts(derivation: Derivation, lang: str, _: Translate) -> Iterable[str]:
    equations = Equations(derivation, LatexAlphabet(_))
    named = steps(derivation, _)
    if named:
        said = _("{name}: {what}")
        items = "\n".join(
            r"\item " + said.format(name=rf"\textbf{{{prose(a)}}}", what=prose(b))
            for a, b in named
        )
        yield f"\\begin{{enumerate}}\n\\raggedright\n{items}\n\\end{{enumerate}}"
    for note in derivation.notes:
        yield prose(note.said(_))
    yield rf"\section*{{{prose(_('Symbols'))}}}"
    yield _symbols(derivation, _)
    yield rf"\section*{{{prose(_('Forward pass'))}}}"
    rows = [row for each in derivation.forward for row in _numbered(equations, each, _)]
    yield f"{prose(_(FORWARD))}\n{_aligned(rows)}"
    yield rf"\section*{{{prose(_('Backward pass'))}}}"
    yield prose(_(BACKWARD))
    for each in derivation.backward:
        yield f"{_said(each, _)}\n{_aligned(_numbered(equations, each, _))}"
    if derivation.has_data:
        yield from _numbers(derivation, _)


def _symbols(derivation: Derivation, _: Translate) -> str:
    """What every letter stands for."""
    rows = [
        (_cell(each), prose(_(MEANINGS[each.role])), _shape(each.shape), _code(each.path))
        for each in listed(derivation)
    ]
    rows += [(f"${sign}$", prose(_(what)), "", "") for sign, what in SIGNS_EXPLAINED]
    head = (_("symbol"), _("meaning"), _("shape"), _("name in the program"))
    first = _first_column(derivation.symbols)
    return _table(head, rows, first + r">{\raggedright\arraybackslash}p{46mm}lp{42mm}")


def _aligned(rows: Sequence[str]) -> str:
    joined = " \\\\\n".join(rows)
    return f"\\begin{{align}}\n{joined}\n\\end{{align}}"


def _numbered(equations: Equations, equation: Equation, _: Translate) -> list[str]:
    """The rows of one equation, of which the first has the number."""
    shape = _shape(equation.defines.shape)[1:-1]
    beside = rf" \qquad \shape{{{shape}}}" if equation.defines.shape else ""
    first, *rest = _rows(equations, equation, _("with"), beside)
    return [first, *[f"{row} \\notag" for row in rest]]


def _said(equation: Equation, _: Translate) -> str:
    """The rules of an equation, and what it reuses."""
    said = [
        _("{rule}. {why}").format(rule=rf"\textbf{{{prose(rule)}}}", why=prose(why))
        for rule, why in explained(equation, _)
    ]
    if equation.uses:
        reused = ", ".join(f"${each.latex}$" for each in equation.uses)
        said.append(_("Reused from the forward pass: {values}.").format(values=reused))
    return "\n".join(said) or r"\leavevmode"


def _rows(equations: Equations, equation: Equation, word: str, beside: str = "") -> list[str]:
    """The rows of an alignment: the equation in lines, then what it abbreviates.

    ``beside``: what stands beside the equation's last line.
    """
    rows: list[str] = []
    for at, definition in enumerate(equations.of(equation)):
        left, lines = definition_lines(definition, _WIDTH)
        lead = rf"\text{{{word}}} \quad " if at == 1 else ""
        if not at:
            lines[-1] += beside
        rows.append(f"{lead}{left} &= {lines[0]}".rstrip())
        rows += [rf"&\quad {{}} {line}" for line in lines[1:]]
    return rows


# --- numbers ------------------------------------------------------------------------------------


def _numbers(derivation: Derivation, _: Translate) -> Iterable[str]:
    numbers = derivation.numbers()
    yield rf"\section*{{{prose(_('Numbers'))}}}"
    yield prose(evaluated_on(derivation, numbers.n, _))
    rows = []
    for symbol in derivation.symbols:
        if symbol.role != "size" and id(symbol.leaf) in numbers.values:
            array = numbers.of(symbol)
            rows.append((_cell(symbol), _shape(array.shape), _array(array, _)))
    first = _first_column(derivation.symbols)
    yield _table((_("symbol"), _("shape"), _("value")), rows, first + "ll")
    yield prose(_(SPREAD))
    checked = []
    for equation in derivation.backward:
        check = numbers.check(equation.defines)
        if check is not None:
            checked.append(
                (
                    _cell(equation.defines),
                    _number(check.scale),
                    _number(check.difference),
                    _number(check.relative),
                    prose(finding(check, _)),
                )
            )
    yield prose(_(CHECKS))
    head = (
        _("gradient"), _("largest derivative"), _("largest deviation"), _("relative"),
        _("finite differences"),
    )  # fmt: skip
    yield _table(head, checked, first + "rrrl")


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], kinds: str) -> str:
    """A table that may run over pages."""
    titles = " & ".join(rf"\textbf{{{prose(each)}}}" for each in head)
    lines = "\n".join(" & ".join(row) + r" \\" for row in rows)
    return (
        "{\\renewcommand{\\arraystretch}{1.25}\\setlength{\\LTleft}{0pt}\n"
        f"\\begin{{longtable}}{{{kinds}}}\n\\toprule\n{titles} \\\\\n\\midrule\n\\endhead\n"
        f"{lines}\n\\bottomrule\n\\end{{longtable}}}}"
    )


def _cell(symbol: Symbol) -> str:
    """A symbol in a table: with room for a fraction; a long one as words that can be broken."""
    if columns(symbol.text) > _LONG:
        return prose(symbol.text)
    room = r"\rule[-2.3ex]{0pt}{6.2ex}" if r"\frac" in symbol.latex else ""
    return f"{room}$\\displaystyle {symbol.latex}$"


def _first_column(symbols: Iterable[Symbol]) -> str:
    """The column type of a table's symbols."""
    if any(columns(each.text) > _LONG for each in symbols):
        return r">{\raggedright\arraybackslash}p{40mm}"
    return "l"


def _shape(shape: Sequence[Size]) -> str:
    """A shape in formulas: n × 3."""
    product = r" \times ".join(map(str, shape))
    return f"${product or '1'}$"


def _code(path: str) -> str:
    """A name in the program, breakable after dots."""
    return r"\texttt{" + prose(path).replace(".", r".\allowbreak ") + "}" if path else ""


def _number(value: float) -> str:
    """A measured number, to three digits."""
    if not np.isfinite(value):
        return f"${_entry(value)}$"
    mantissa, _, exponent = f"{value:.2e}".partition("e")
    power = int(exponent)
    if value == 0 or -3 <= power < 4:
        return f"${value:.4g}$"
    return rf"${mantissa} \cdot 10^{{{power}}}$"


def _array(array: np.ndarray[Any, Any], _: Translate) -> str:
    """A small array as a matrix; of a larger one the mean and the spread."""
    if array.ndim <= 2 and all(size <= _FEW for size in array.shape) and array.size:
        rows = np.atleast_2d(array)
        if array.ndim == 1:
            return rf"$\left({', '.join(_entry(each) for each in array)}\right)$"
        if array.ndim == 0:
            return f"${_entry(array[()])}$"
        inside = r" \\ ".join(" & ".join(_entry(each) for each in row) for row in rows)
        return rf"$\begin{{pmatrix}} {inside} \end{{pmatrix}}$"
    found = spread(array)
    if found is None:
        return prose(_("no finite number"))
    both = f"{_entry(found[0])} \\pm {_entry(found[1])}"
    return f"${both}$"


def _entry(value: Any) -> str:
    """A number of an array, to four digits."""
    if np.asarray(value).dtype.kind != "f":
        return str(int(value))
    if not np.isfinite(value):
        return r"\mathrm{NaN}" if np.isnan(value) else ("-" if value < 0 else "") + r"\infty"
    shown = f"{float(value) + 0.0:.4g}"  # minus zero is zero to readers
    mantissa, e, exponent = shown.partition("e")
    return rf"{mantissa} \cdot 10^{{{int(exponent)}}}" if e else mantissa
