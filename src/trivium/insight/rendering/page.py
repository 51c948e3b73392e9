"""The page of a derivation as data, and those data as one HTML file.

The file needs nothing but itself: no network, no other file. Formulas stand in it as plain text
that its script replaces by what KaTeX makes of their LaTeX, with MathML for screen readers; so a
reader without scripts still reads every equation.
"""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path

from .katex import Katex, katex
from .page_graph import Graph, graph_svg

__all__ = [
    "Cell",
    "Formula",
    "Page",
    "PageEquation",
    "Section",
    "Table",
    "Typed",
    "document",
    "escaped",
]

ASSETS = Path(__file__).parent / "assets"
_LANGUAGE_TAGS = {"en": "en", "zh": "zh-Hans"}

#: Nothing is ever fetched, whatever a name in the user's model may contain.
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; font-src data:"
)


@dataclass(frozen=True)
class Formula:
    """A formula: its LaTeX, and the plain text that is read where LaTeX is not typeset."""

    latex: str
    text: str


@dataclass(frozen=True)
class Typed:
    """Numbers or code: every character as wide as the others, lines as they are."""

    text: str


Cell = Formula | Typed | str


@dataclass(frozen=True)
class PageEquation:
    """One line of a derivation, ready to be shown.

    ``key``: unique in the page. ``formulas``: the equation, and below it the definitions of what
    it abbreviates. ``defines``, ``reads``: keys of the nodes of the graph that the
    equation gives a value or a gradient to, and takes from. ``shape`` of the result; ``rules``
    (the name of each and why it holds), ``reuses`` (formulas of the forward pass) and ``source``
    (the user's line), ``value`` (its numbers) and ``check`` (of a gradient, how it compares with
    finite differences) are empty where there is nothing to say.
    """

    key: str
    formulas: tuple[Formula, ...]
    shape: str
    defines: str
    reads: tuple[str, ...] = ()
    rules: tuple[tuple[str, str], ...] = ()
    reuses: tuple[Formula, ...] = ()
    source: str = ""
    value: str = ""
    check: str = ""


@dataclass(frozen=True)
class Table:
    """A table under a caption; the first cell of each row is its heading."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class Section:
    """A part of the page: equations or tables under a heading."""

    key: str
    title: str
    introduction: str = ""
    equations: tuple[PageEquation, ...] = ()
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True)
class Page:
    """Everything that a page shows.

    ``steps``: what was derived, each with the word for it. ``translate`` gives the page's own
    words.
    """

    language: str
    title: str
    steps: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    graph: Graph | None
    sections: tuple[Section, ...]
    translate: Callable[[str], str]

    def formulas(self) -> Iterator[Formula]:
        """Every formula of the page."""
        for section in self.sections:
            for equation in section.equations:
                yield from equation.formulas
                yield from equation.reuses
            for table in section.tables:
                for row in table.rows:
                    yield from (cell for cell in row if isinstance(cell, Formula))


def document(page: Page) -> str:
    """The HTML file of ``page``. Raises MissingKatexError where KaTeX is not installed."""
    typesetter = katex(formula.latex for formula in page.formulas())
    return "\n".join(
        (
            "<!DOCTYPE html>",
            f'<html lang="{_LANGUAGE_TAGS[page.language]}">',
            *_head(page, typesetter),
            "<body>",
            *_body(page),
            _footer(page, typesetter),
            _script(typesetter.script),
            _script(_asset("page.js")),
            "</body>",
            "</html>",
            "",
        )
    )


def _head(page: Page, typesetter: Katex) -> Iterator[str]:
    yield "<head>"
    yield '<meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta name="color-scheme" content="light dark">'
    yield f'<meta name="generator" content="Trivium {version("trivium")}">'
    yield f"<title>{escaped(page.title)}</title>"
    yield f"<!-- KaTeX {typesetter.version}\n{typesetter.licence.replace('--', '- -')}-->"
    yield f"<style>{typesetter.style}</style>"
    yield f"<style>\n{_asset('page.css')}</style>"
    yield "</head>"


def _body(page: Page) -> Iterator[str]:
    _ = page.translate
    yield f'<a class="skip" href="#content">{escaped(_("Skip to the equations"))}</a>'
    yield "<header>"
    yield f"<h1>{escaped(page.title)}</h1>"
    if page.steps:
        described = (
            f"<div><dt>{escaped(name)}</dt> <dd>{escaped(what)}</dd></div>"
            for name, what in page.steps
        )
        yield f"<dl>{''.join(described)}</dl>"
    for note in page.notes:
        yield f"<p>{escaped(note)}</p>"
    yield f'<nav aria-label="{escaped(_("Contents"))}"><ul>'
    for section in page.sections:
        yield f'<li><a href="#{section.key}">{escaped(section.title)}</a></li>'
    yield "</ul></nav>"
    yield "</header>"
    yield f'<main class="{"with-graph" if page.graph else "without-graph"}">'
    if page.graph:
        yield from _graph_panel(page, page.graph)
    yield '<div id="content" tabindex="-1">'
    number = 0
    for section in page.sections:
        yield from _section(section, number, _)
        number += len(section.equations)
    yield "</div>"
    yield "</main>"


def _graph_panel(page: Page, graph: Graph) -> Iterator[str]:
    """The graph, which stays in sight while the reader goes through the equations."""
    _ = page.translate
    numbered: dict[str, tuple[int, str]] = {}
    number = 0
    for section in page.sections:
        for equation in section.equations:
            number += 1
            numbered.setdefault(equation.defines, (number, equation.key))
    title = escaped(_("Computational graph"))
    yield '<section id="graph" aria-labelledby="graph-title">'
    yield f'<details open><summary><h2 id="graph-title">{title}</h2></summary>'
    yield '<div class="canvas" role="group" aria-labelledby="graph-title" tabindex="0">'
    yield graph_svg(graph, numbered, _)
    yield "</div>"
    yield '<p class="legend">'
    yield f'<span class="key forward">{escaped(_("forward pass"))}</span>'
    yield f'<span class="key backward">{escaped(_("gradients"))}</span></p>'
    yield "</details>"
    yield "</section>"


def _section(section: Section, number: int, _: Callable[[str], str]) -> Iterator[str]:
    heading = f"{section.key}-title"
    yield f'<section id="{section.key}" aria-labelledby="{heading}">'
    yield f'<h2 id="{heading}">{escaped(section.title)}</h2>'
    if section.introduction:
        yield f"<p>{escaped(section.introduction)}</p>"
    if section.equations:
        yield f'<ol class="equations {section.key}" start="{number + 1}">'
        for position, equation in enumerate(section.equations, start=number + 1):
            yield from _equation(equation, position, _)
        yield "</ol>"
    for index, table in enumerate(section.tables):
        yield from _table(table, f"{section.key}-table-{index}")
    yield "</section>"


def _equation(equation: PageEquation, number: int, _: Callable[[str], str]) -> Iterator[str]:
    name = _("Equation {number}").format(number=number)
    if equation.rules:
        name = f"{name}: " + ", ".join(rule for rule, _why in equation.rules)
    reads = escaped(" ".join(equation.reads))
    yield (
        f'<li class="equation" data-defines="{escaped(equation.defines)}" data-reads="{reads}">'
    )
    yield '<div class="line">'
    # The box that a link leads to is the one that takes the focus.
    yield (
        f'<div class="formula" id="{equation.key}" role="group" tabindex="0" '
        f'aria-label="{escaped(name)}">'
    )
    for formula in equation.formulas:
        yield f"<div>{_math(formula)}</div>"
    yield "</div>"
    yield f'<span class="number" aria-hidden="true">({number})</span>'
    yield "</div>"
    for rule, why in equation.rules:
        yield (
            f'<p class="why"><strong class="rule">{escaped(rule)}</strong> {escaped(why)}</p>'
        )
    yield f'<p class="facts">{" ".join(_facts(equation, _))}</p>'
    if equation.value:
        what = _("value of equation {number}").format(number=number)
        yield (
            f'<pre class="value" role="region" tabindex="0" aria-label="{escaped(what)}">'
            f"{escaped(equation.value)}</pre>"
        )
    yield "</li>"


def _facts(equation: PageEquation, _: Callable[[str], str]) -> Iterator[str]:
    """What is to be known about the result, each with the word that says what it is."""
    yield _fact("shape", _("shape"), escaped(equation.shape))
    if equation.reuses:
        reused = " ".join(_math(formula) for formula in equation.reuses)
        yield _fact("reuses", _("reuses from the forward pass"), reused)
    if equation.check:
        yield _fact("check", _("finite differences"), escaped(equation.check))
    if equation.source:
        yield "<br>"
        yield _fact("source", _("your line"), f"<code>{escaped(equation.source)}</code>")


def _fact(kind: str, what: str, content: str) -> str:
    return f'<span class="{kind}"><span class="what">{escaped(what)}</span> {content}</span>'


def _table(table: Table, key: str) -> Iterator[str]:
    caption = f"{key}-caption"
    yield "<figure>"
    yield f'<figcaption id="{caption}">{escaped(table.caption)}</figcaption>'
    yield f'<div class="table" role="region" tabindex="0" aria-labelledby="{caption}">'
    yield f'<table aria-labelledby="{caption}">'
    headings = "".join(f'<th scope="col">{escaped(column)}</th>' for column in table.columns)
    yield f"<thead><tr>{headings}</tr></thead>"
    yield "<tbody>"
    for first, *others in table.rows:
        cells = "".join(
            f'<td class="words">{_cell(cell)}</td>'
            if isinstance(cell, str)
            else f"<td>{_cell(cell)}</td>"
            for cell in others
        )
        yield f'<tr><th scope="row">{_cell(first)}</th>{cells}</tr>'
    yield "</tbody></table></div></figure>"


def _cell(cell: Cell) -> str:
    if isinstance(cell, Formula):
        return _math(cell)
    if isinstance(cell, Typed):
        return f'<span class="typed">{escaped(cell.text)}</span>'
    return escaped(cell)


def _math(formula: Formula) -> str:
    """Text that the page's script replaces by the typeset formula."""
    return (
        f'<span class="math" data-tex="{escaped(formula.latex)}">{escaped(formula.text)}</span>'
    )


def _footer(page: Page, typesetter: Katex) -> str:
    made = page.translate("Made by Trivium {version}; formulas set by KaTeX {katex}.")
    words = made.format(version=version("trivium"), katex=typesetter.version)
    return f"<footer><p>{escaped(words)}</p></footer>"


def _script(source: str) -> str:
    """A script that stands in the page; nothing in it may end its element early."""
    safe = source.replace("</script", r"<\/script").replace("<!--", r"<\!--")
    return f"<script>{safe}</script>"


def escaped(text: str) -> str:
    """``text`` as text of an HTML file, in elements and in attributes."""
    return html.escape(_printable(text), quote=True)


def _printable(text: str) -> str:
    """``text`` without what an HTML file may not contain and what turns the way of reading."""
    made = []
    for sign in text:
        kind = unicodedata.category(sign)
        if (kind in ("Cc", "Cs") and sign not in "\n\t") or ord(sign) & 0xFFFE == 0xFFFE:
            made.append("�")
        elif kind != "Cf" or sign == "\u200d":  # which joins parts of one sign
            made.append(sign)
    return "".join(made)


@cache
def _asset(name: str) -> str:
    return (ASSETS / name).read_text(encoding="utf-8")
