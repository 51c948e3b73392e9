"""A derivation as a page: equations, the graph of its named values, and the numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from ..derivation.equations import Equation
from ..derivation.symbols import Symbol, shape_text
from ..words import translator
from . import phrases
from .equations import Equations, definition_lines
from .latex import LatexAlphabet
from .page import Cell, Formula, Page, PageEquation, Section, Table, Typed, document
from .page_layout import MOST, Keys, leaves_of, placed, too_large
from .text import TextAlphabet

if TYPE_CHECKING:
    from ..derivation.derivation import Derivation
    from .writer import Definition

__all__ = ["page", "page_of"]

Translate = Callable[[str], str]
_WHOLE = 24  # arrays of up to so many elements are shown whole


def page(derivation: Derivation, lang: str = "en") -> str:
    """``derivation`` as one HTML file that needs no network.

    ``lang``: the language of the words, one of ``insight.words.languages()``. Raises
    ArgumentError for another one and MissingKatexError where KaTeX is not installed.
    """
    return document(page_of(derivation, lang))


def page_of(derivation: Derivation, lang: str = "en") -> Page:
    """What the page of ``derivation`` shows. Raises ArgumentError for an unknown language."""
    _ = translator(lang)
    forward = Section(
        key="forward",
        title=_("Forward pass"),
        introduction=_(phrases.FORWARD),
        equations=_equations(derivation, derivation.forward, 1, _),
    )
    backward = Section(
        key="backward",
        title=_("Backward pass"),
        introduction=_(phrases.BACKWARD),
        equations=_equations(derivation, derivation.backward, 1 + len(derivation.forward), _),
    )
    sections = [forward, backward]
    if derivation.has_data:
        sections.append(_numbers(derivation, _))
    sections.append(_notation(derivation, _))
    return Page(
        language=lang,
        title=phrases.title(derivation, _),
        steps=tuple(phrases.steps(derivation, _)),
        notes=tuple(_remarks(derivation, _)),
        graph=placed(derivation),
        sections=tuple(sections),
        translate=_,
    )


def _remarks(derivation: Derivation, _: Translate) -> Iterator[str]:
    yield from (note.said(_) for note in derivation.notes)
    if too_large(derivation):
        yield _(
            "The graph of these {count} values is left out: it would have more than {most}."
        ).format(count=len(derivation.forward), most=MOST)


def _equations(
    derivation: Derivation, equations: tuple[Equation, ...], first: int, _: Translate
) -> tuple[PageEquation, ...]:
    several_lines = len({each.line for each in derivation.equations if each.line}) > 1
    numbers = derivation.numbers() if derivation.has_data else None
    formulas, keys = _Formulas(derivation, _), Keys(derivation)
    made = []
    for number, equation in enumerate(equations, start=first):
        value = "" if numbers is None else array_text(numbers.of(equation.defines), _)
        check = None if numbers is None else numbers.check(equation.defines)
        made.append(
            PageEquation(
                key=f"equation-{number}",
                formulas=formulas.of(equation),
                shape=shape_text(equation.defines.shape),
                defines=keys.of(equation.defines),
                reads=tuple(dict.fromkeys(
                    keys.of(leaf) for leaf in leaves_of(equation, derivation)
                )),
                rules=tuple(phrases.explained(equation, _)),
                reuses=tuple(_symbol(each) for each in equation.uses),
                # One line that all equations come from says nothing about any of them.
                source=equation.line if several_lines and not equation.rules else "",
                value=value,
                check="" if check is None else phrases.finding(check, _),
            )
        )  # fmt: skip
    return tuple(made)


class _Formulas:
    """The equations of a derivation in LaTeX, and as the plain text that stands for it."""

    def __init__(self, derivation: Derivation, _: Translate) -> None:
        self.word = _("with")
        self.latex = Equations(derivation, LatexAlphabet(_))
        self.plain = Equations(derivation, TextAlphabet(_))

    def of(self, equation: Equation) -> tuple[Formula, ...]:
        """The equation, and below it what it abbreviates."""
        latex = [_line(each) for each in self.latex.of(equation)]
        plain = [_line(each) for each in self.plain.of(equation)]
        if len(plain) > 1:
            plain[1] = f"{self.word} {plain[1]}"
        if len(latex) > 1:
            latex[1] = rf"\text{{{self.word}}} \quad {latex[1]}"
        # Alphabets are not equally wide, so they may abbreviate differently.
        first = "; ".join((plain[0], *plain[len(latex) :]))
        rest = plain[1 : len(latex)] + [""] * (len(latex) - len(plain))
        return tuple(Formula(*each) for each in zip(latex, [first, *rest], strict=True))


def _line(definition: Definition) -> str:
    left, (right,) = definition_lines(definition, math.inf)
    return f"{left} = {right}"


def _symbol(symbol: Symbol) -> Formula:
    return Formula(symbol.latex, symbol.text)


def _numbers(derivation: Derivation, _: Translate) -> Section:
    """Data and parameters, and every gradient beside its finite differences."""
    numbers = derivation.numbers()
    defined = {id(each.defines) for each in derivation.equations}
    given = tuple(
        (_symbol(each), Typed(shape_text(each.shape)), Typed(array_text(numbers.of(each), _)))
        for each in derivation.symbols
        if id(each) not in defined and each.role != "size" and id(each.leaf) in numbers.values
    )
    checks = []
    for equation in derivation.backward:
        check = numbers.check(equation.defines)
        if check is not None:
            checks.append(
                (
                    _symbol(equation.defines),
                    Typed(f"{check.scale:.3g}"),
                    Typed(f"{check.difference:.1e}"),
                    Typed(f"{check.relative:.1e}"),
                    Typed(str(check.directions)),
                    phrases.finding(check, _),
                )
            )
    return Section(
        key="numbers",
        title=_("Numbers"),
        introduction=phrases.evaluated_on(derivation, numbers.n, _),
        tables=(
            Table(
                _("Data and parameters"),
                (_("symbol"), _("shape"), _("value")),
                given,
            ),
            Table(
                _(phrases.CHECKS),
                (
                    _("gradient"), _("largest derivative"), _("largest deviation"),
                    _("relative"), _("directions compared"), _("finite differences"),
                ),
                tuple(checks),
            ),
        ),
    )  # fmt: skip


def _notation(derivation: Derivation, _: Translate) -> Section:
    """What every letter stands for."""
    plain = TextAlphabet(_)
    rows: list[tuple[Cell, ...]] = [
        (
            _symbol(each),
            _(phrases.MEANINGS[each.role]),
            Typed(shape_text(each.shape)),
            Typed(each.path),
        )
        for each in phrases.listed(derivation)
    ]
    rows += [
        (Formula(sign, plain.named(sign).box.string), _(meaning), Typed(""), Typed(""))
        for sign, meaning in phrases.SIGNS_EXPLAINED
    ]
    table = Table(
        _("Symbols"),
        (_("symbol"), _("meaning"), _("shape"), _("name in the program")),
        tuple(rows),
    )
    return Section(key="notation", title=_("Notation"), tables=(table,))


def array_text(array: np.ndarray[Any, Any], _: Translate) -> str:
    """Small arrays whole, larger ones in part, with their mean, spread and range."""
    array = np.asarray(array)
    if array.ndim == 0 and array.dtype.kind == "f":
        return f"{float(array):.6g}"
    if array.size <= _WHOLE or array.ndim <= 2:
        shown = np.array2string(
            array, precision=4, suppress_small=True, threshold=_WHOLE, edgeitems=2,
            max_line_width=56,
        )  # fmt: skip
    else:
        shown = ""
    if array.size <= _WHOLE or array.dtype.kind not in "fiub":
        return shown
    finite = array[np.isfinite(array)].astype(np.float64)
    lines = [shown] if shown else []
    if finite.size:
        lines.append(
            _(
                "mean {mean:.4g}, standard deviation {sd:.4g}, from {low:.4g} to {high:.4g}"
            ).format(mean=finite.mean(), sd=finite.std(), low=finite.min(), high=finite.max())
        )
    if finite.size < array.size:
        lines.append(
            _("{count} of {size} are not finite").format(
                count=array.size - finite.size, size=array.size
            )
        )
    return "\n".join(lines)
