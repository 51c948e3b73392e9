"""Pages as a browser draws them: on phones and desks, by day and night, in every language."""

import re
from collections.abc import Callable

import pytest

from tests.insight.pages.examples import by_hand, deep, hostile, loop, network, ridge, twice
from tests.insight.pages.looking import Looked
from trivium.insight.derivation.derivation import Derivation
from trivium.insight.rendering.html import page
from trivium.insight.rendering.page import document

Look = Callable[..., Looked]
PHONE, DESK = 360, 1280


def assert_sound(seen: Looked) -> None:
    """What holds for every page, whatever is on it."""
    assert seen.complaints == []
    assert seen.requests == []
    assert seen.page.locator(".untypeset, .katex-error").count() == 0
    assert not re.search(r"[$\\�]", seen.visible_text())
    assert seen.missing_glyphs() == []
    assert seen.wider_than_the_window() <= 0


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("width", [PHONE, DESK])
@pytest.mark.parametrize("dark", [False, True])
def test_a_derivation_looks_right(look: Look, lang: str, width: int, dark: bool) -> None:
    assert_sound(look(page(network(), lang), width, dark))


@pytest.mark.parametrize(("lang", "width", "dark"), [("en", PHONE, False), ("zh", DESK, True)])
def test_nothing_bars_anybody_from_reading(look: Look, lang: str, width: int,
                                           dark: bool) -> None:  # fmt: skip
    seen = look(page(network(), lang), width, dark)
    # With an equation and its nodes lit, for those colours must be readable too.
    seen.page.locator(".equations.backward .formula").nth(1).focus()
    assert seen.page.locator(".equation.lit").count() == 1
    assert seen.barriers() == []


def test_every_notation_is_set_in_the_fonts_that_the_page_carries(look: Look) -> None:
    seen = look(document(by_hand()), PHONE)
    assert_sound(seen)
    chinese = ".katex-html .cjk_fallback"
    fonts = seen.fonts_of(f".katex-html *:not({chinese}, :has(.cjk_fallback))")
    assert {each.split("_")[0] for each in fonts} == {"KaTeX"}
    assert {"KaTeX_Main", "KaTeX_Math", "KaTeX_AMS", "KaTeX_Size1"} <= set(fonts)
    assert sum(seen.fonts_of(chinese).values()) == 2 * len("层归一化")  # equation and table


@pytest.mark.parametrize(
    ("derivation", "lang"),
    [(ridge, "zh"), (deep, "zh"), (twice, "en"), (loop, "en")],
)
def test_other_derivations_fit_a_phone(
    look: Look, derivation: Callable[[], Derivation], lang: str
) -> None:
    assert_sound(look(page(derivation(), lang), PHONE))


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_names_from_outside_are_shown_as_they_are(look: Look, width: int) -> None:
    seen = look(page(hostile()), width)
    assert seen.complaints == [] and seen.requests == []
    assert seen.page.locator(".untypeset, .katex-error, img").count() == 0
    assert seen.missing_glyphs() == []
    assert seen.wider_than_the_window() <= 0
    shown = " ".join(seen.visible_text().replace("\u200b", "").split())
    assert "</script><img src=x onerror=alert(1)>" in shown
    assert "名字" in shown
    assert "\u202e" not in seen.page.content()  # which would turn what follows it around


def test_formulas_in_sentences_stand_on_one_line(look: Look) -> None:
    seen = look(page(network()), PHONE)
    heights = seen.page.evaluate(
        "[...document.querySelectorAll('.facts .katex-base')].map(e => e.offsetHeight)"
    )
    assert heights and max(heights) < 45


def test_letters_as_large_as_a_reader_may_ask_for_fit_a_phone(look: Look) -> None:
    seen = look(page(network()), PHONE)
    seen.page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert seen.wider_than_the_window() <= 0


def test_chinese_pages_say_so_and_speak_no_english(look: Look) -> None:
    seen = look(page(network(), "zh"))
    assert seen.page.evaluate("document.documentElement.lang") == "zh-Hans"
    headings = seen.page.locator("h2, figcaption, th[scope=col]").all_inner_texts()
    assert headings and not [each for each in headings if re.search(r"[a-z]{3}", each)]


def test_the_checker_sees_a_missing_glyph_and_a_barrier(look: Look) -> None:
    """The checks above can fail: U+0378 is not assigned, and grey on grey is not readable."""
    bad = '<html><body><p style="color:#999;background:#aaa">\u0378 and ∂</p></body></html>'
    seen = look(bad)
    assert [each[0] for each in seen.missing_glyphs()] == ["\u0378"]
    assert {each.split()[1][:-1] for each in seen.barriers()} >= {"color-contrast"}


def test_without_scripts_every_equation_is_plain_text(look: Look) -> None:
    seen = look(page(network()), PHONE, scripts=False)
    texts = seen.page.locator(".formula").all_inner_texts()
    assert len(texts) == len(network().equations)
    assert not [each for each in texts if "=" not in each or re.search(r"[$\\{]", each)]
    assert "a[1] = ReLU(z[1])" in texts[1]
