"""A derivation in a notebook: a table whose formulas the notebook's own MathJax sets.

Nothing here reaches beyond the output: no scripts, no style sheet, only styles on the elements
themselves, in colours that the notebook's theme decides. Formulas stand between ``\\(`` and
``\\)``, which JupyterLab, Notebook and Colab typeset in HTML outputs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from .html import page_of
from .page import PageEquation, Section, escaped

if TYPE_CHECKING:
    from ..derivation.derivation import Derivation

__all__ = ["notebook_html"]

_CELL = "text-align:left;vertical-align:top;padding:0.3em 1em 0.3em 0"
_NUMBERS = "margin:0;padding:0;white-space:pre;background:none"
_FORMULA = f"{_CELL};white-space:nowrap"


def notebook_html(derivation: Derivation, lang: str = "en") -> str:
    """``derivation`` as an HTML fragment: forward pass, backward pass, rules, numbers."""
    page = page_of(derivation, lang)
    _ = page.translate
    number = 0
    parts = [f'<div lang="{page.language}" style="overflow-x:auto;max-width:100%">']
    parts.append(f"<p><strong>{escaped(page.title)}</strong></p>")
    for note in page.notes:
        parts.append(f"<p>{escaped(note)}</p>")
    for section in page.sections:
        if section.equations:
            words = (
                _("Equation"), _("shape"), _("rule"), _("value"), _("finite differences")
            )  # fmt: skip
            parts += _equations(section, number, words)
            number += len(section.equations)
    parts.append("</div>")
    return "\n".join(parts)


def _equations(section: Section, number: int, words: Iterable[str]) -> Iterator[str]:
    valued = any(each.value for each in section.equations)
    ruled = any(each.rules for each in section.equations)
    equation, shape, rule, value, differences = words
    shown = ["", equation, shape, *([rule] if ruled else []), *([value] if valued else [])]
    yield f'<table style="margin-left:0"><caption style="text-align:left">{escaped(section.title)}'
    yield "</caption><thead><tr>"
    yield "".join(f'<th scope="col" style="{_CELL}">{escaped(each)}</th>' for each in shown)
    yield "</tr></thead><tbody>"
    for place, each in enumerate(section.equations, start=number + 1):
        cells = [
            f'<th scope="row" style="{_CELL}">({place})</th>',
            f'<td style="{_FORMULA}">{_formulas(each)}</td>',
            f'<td style="{_FORMULA}">{escaped(each.shape)}</td>',
        ]
        if ruled:
            cells.append(
                f'<td style="{_CELL};min-width:16em;max-width:34em">{_rules(each)}</td>'
            )
        if valued:
            cells.append(f'<td style="{_CELL}">{_value(each, differences)}</td>')
        yield f"<tr>{''.join(cells)}</tr>"
    yield "</tbody></table>"


def _formulas(equation: PageEquation) -> str:
    set_by_mathjax = (
        rf"\(\displaystyle {escaped(formula.latex)}\)" for formula in equation.formulas
    )
    return "<br>".join(set_by_mathjax)


def _rules(equation: PageEquation) -> str:
    return "<br>".join(
        f"<em>{escaped(rule)}</em>. {escaped(why)}" for rule, why in equation.rules
    )


def _value(equation: PageEquation, differences: str) -> str:
    """The numbers, and below them what finite differences say."""
    if not equation.value:
        return ""
    check = f"{escaped(differences)}: {escaped(equation.check)}" if equation.check else ""
    return f'<pre style="{_NUMBERS}">{escaped(equation.value)}</pre>{check}'
