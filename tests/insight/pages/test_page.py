"""The page's file: whole in itself, safe with any name, and refused with a reason."""

import html.parser
import re
from pathlib import Path

import pytest

from tests.insight.pages.examples import by_hand, deep, network
from trivium.engine.errors import ArgumentError, TriviumError
from trivium.insight.rendering import katex
from trivium.insight.rendering.html import page, page_of
from trivium.insight.rendering.page import document

VOID = {"meta", "link", "br", "input"}
OPTIONAL = {"p", "li"}


class Tree(html.parser.HTMLParser):
    """Elements that are opened and closed in order; ids; what refers to other things."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.references: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            elif name in ("href", "src"):
                self.references.append(value or "")
            elif name in ("aria-labelledby", "aria-describedby"):
                self.references += [f"#{each}" for each in (value or "").split()]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_file_is_whole_in_itself(lang: str) -> None:
    text = page(network(), lang)
    tree = Tree()
    tree.feed(text)
    assert tree.open == []
    assert len(set(tree.ids)) == len(tree.ids)
    assert {each for each in tree.references if not each.startswith("#")} == set()
    assert {each[1:] for each in tree.references} <= set(tree.ids)
    assert not re.search(r"url\((?!data:|#)", text)


def test_the_file_stays_below_a_megabyte() -> None:
    assert len(page(deep()).encode()) < 1_000_000


def test_names_from_outside_are_text_and_nothing_else() -> None:
    hostile = "</title><script>alert(1)</script>\x00<!-- \"' & $\\x$"
    text = document(by_hand(title=hostile))
    assert text.count("<script>") == 2
    assert "alert(1)" in text and "<script>alert" not in text
    assert "\x00" not in text


def test_the_licence_of_what_is_embedded_stands_in_the_file() -> None:
    text = document(by_hand())
    assert "The MIT License" in text and "Khan Academy" in text


def test_only_the_fonts_that_formulas_need_are_embedded() -> None:
    plain, rich = katex.katex([r"a = \frac{1}{2} b"]), katex.katex([r"\mathcal{L} + \mathbf 1"])
    assert "KaTeX_Caligraphic;" not in plain.style.replace('"', "")
    assert "KaTeX_Caligraphic" in rich.style
    assert len(plain.style) < len(rich.style) < 300_000


def test_an_installation_without_katex_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(katex, "FOLDER", tmp_path / "nowhere")
    katex._text.cache_clear()
    katex._style.cache_clear()
    with pytest.raises(katex.MissingKatexError, match=r"scripts/fetch_katex\.py") as caught:
        document(by_hand())
    assert isinstance(caught.value, TriviumError)


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(ArgumentError, match="'fr'"):
        page(network(), "fr")


def test_every_word_of_a_chinese_page_is_chinese() -> None:
    for section in page_of(network(), "zh").sections:
        words = [section.title, section.introduction]
        words += [word for each in section.equations for rule in each.rules for word in rule]
        words += [word for each in section.tables for word in (each.caption, *each.columns)]
        assert not [each for each in words if each and not re.search(r"[\u4e00-\u9fff]", each)]


def test_numbers_stand_beside_their_finite_differences() -> None:
    found = page_of(network())
    numbers = next(each for each in found.sections if each.key == "numbers")
    checks = numbers.tables[1].rows
    assert len(checks) == len(network().backward)
    assert {row[-1] for row in checks} == {"agree"}
    backward = next(each for each in found.sections if each.key == "backward")
    assert all(each.value and each.check == "agree" for each in backward.equations)
