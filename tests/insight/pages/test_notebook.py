"""Derivations in notebooks: formulas for MathJax, and nothing that reaches beyond the output."""

import html
import re
from html.parser import HTMLParser

import pytest

from tests.insight.pages.examples import network, ridge
from trivium.insight.rendering.html import page_of
from trivium.insight.rendering.notebook import notebook_html


class Parts(HTMLParser):
    """Tags, attributes and text of a fragment."""

    def __init__(self, fragment: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.depth = 0
        self.feed(fragment)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        self.depth += tag != "br"

    def handle_endtag(self, tag: str) -> None:
        self.depth -= 1


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_nothing_reaches_beyond_the_output(lang: str) -> None:
    parts = Parts(notebook_html(network(), lang))
    assert parts.depth == 0
    assert not {"script", "style", "link", "iframe", "img"} & set(parts.tags)
    assert parts.attributes <= {"style", "scope", "lang"}  # no ids, classes or handlers


def test_every_equation_is_there_once_for_mathjax_to_set() -> None:
    shown = html.unescape(notebook_html(network()))
    formulas = re.findall(r"\\\(\\displaystyle (.*?)\\\)", shown)
    wanted = [
        formula.latex
        for section in page_of(network()).sections
        for equation in section.equations
        for formula in equation.formulas
    ]
    assert formulas == wanted and len(wanted) >= len(network().equations)
    assert "$" not in shown  # which a notebook would take for mathematics


def test_numbers_are_shown_where_there_are_data() -> None:
    assert "<pre" in notebook_html(network())
    assert "<pre" not in notebook_html(ridge())


def test_notebooks_find_it() -> None:
    assert network()._repr_html_() == notebook_html(network())
