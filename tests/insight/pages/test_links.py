"""Equations and graph point at each other, for the pointer, the keyboard and screen readers."""

from collections.abc import Callable

import pytest

from tests.insight.pages.examples import network
from tests.insight.pages.looking import Looked
from trivium.insight.derivation.symbols import Symbol
from trivium.insight.rendering.html import page, page_of
from trivium.insight.rendering.page_layout import Keys, leaves_of

Look = Callable[..., Looked]


def key_of(symbol: Symbol) -> str:
    """The node of a symbol of the network."""
    return Keys(network()).of(symbol)


@pytest.fixture
def seen(look: Look) -> Looked:
    return look(page(network()))


def lit(seen: Looked) -> set[str]:
    """The keys of the nodes that are lit."""
    return set(seen.keys_of(".node.lit"))


def test_pointing_at_an_equation_lights_what_it_defines_and_reads(seen: Looked) -> None:
    derivation = network()
    equations = seen.page.locator(".equation")
    for i, equation in enumerate(derivation.equations):
        equations.nth(i).hover()
        wanted = {key_of(each) for each in leaves_of(equation, derivation)}
        assert lit(seen) == wanted | {key_of(equation.defines)}
        assert seen.keys_of(".node.defined") == [key_of(equation.defines)]
    seen.page.mouse.move(5, 5)
    assert lit(seen) == set()


def test_focus_lights_as_the_pointer_does(seen: Looked) -> None:
    formulas = seen.page.locator(".formula")
    for i, equation in enumerate(network().equations):
        formulas.nth(i).focus()
        assert seen.keys_of(".node.defined") == [key_of(equation.defines)]


def test_pointing_at_a_node_lights_the_equations_that_speak_of_it(seen: Looked) -> None:
    derivation = network()
    for symbol in (derivation.parameters["layers.1.weight"], derivation.forward[0].defines):
        seen.page.locator(f'.node[data-key="{key_of(symbol)}"]').hover()
        wanted = [
            f"equation-{i}"
            for i, equation in enumerate(derivation.equations, start=1)
            if key_of(symbol)
            in {key_of(equation.defines), *map(key_of, leaves_of(equation, derivation))}
        ]
        assert seen.keys_of(".equation.lit .formula") == wanted


def test_edges_are_lit_that_join_what_is_lit(seen: Looked) -> None:
    seen.page.locator(".equation").first.hover()  # z[1] = X W[1] + 1 b[1]ᵀ
    ends = seen.page.evaluate(
        "[...document.querySelectorAll('.edge.lit')].map(e => e.dataset.from + e.dataset.to)"
    )
    assert sorted(ends) == ["W1z1", "b1z1", "xz1"]


def test_the_keyboard_reaches_everything_in_the_order_of_the_page(seen: Looked) -> None:
    derivation = network()
    reached = []
    for _step in range(200):
        seen.page.keyboard.press("Tab")
        focused = seen.page.evaluate(
            "(() => { const e = document.activeElement;"
            " return e === document.body ? '' : e.className.baseVal ?? e.className })()"
        )
        if focused == "" and seen.page.evaluate("document.activeElement === document.body"):
            break
        reached.append(focused)
    assert reached[0] == "skip"
    assert reached.count("formula") == len(derivation.equations)
    nodes = len(page_of(derivation).graph.nodes)  # type: ignore[union-attr]
    assert sum(each.startswith("node ") for each in reached) == nodes
    first_formula = reached.index("formula")
    assert all(not each.startswith("node ") for each in reached[first_formula:])


def test_the_first_stop_leads_past_the_graph(seen: Looked) -> None:
    seen.page.keyboard.press("Tab")
    seen.page.keyboard.press("Enter")
    seen.page.keyboard.press("Tab")
    assert seen.page.evaluate("document.activeElement.id") == "equation-1"


def test_a_node_leads_to_the_equation_that_defines_it(seen: Looked) -> None:
    node = seen.page.locator('.node[data-key="a1"]')
    node.focus()
    seen.page.keyboard.press("Enter")
    assert seen.page.evaluate("document.activeElement.id") == "equation-2"
    assert seen.page.url.endswith("#equation-2")


def test_the_focus_is_never_hidden_under_the_graph(look: Look) -> None:
    seen = look(page(network()), 360)
    seen.page.locator("#equation-1").focus()
    for _step in range(12):
        seen.page.keyboard.press("Tab")
        hidden = seen.page.evaluate(
            """(() => {
                const box = document.activeElement.getBoundingClientRect();
                const panel = document.querySelector("#graph").getBoundingClientRect();
                return box.bottom <= panel.bottom || box.top >= innerHeight;
            })()"""
        )
        assert not hidden


def test_screen_readers_get_mathml_names_and_landmarks(seen: Looked) -> None:
    evaluate = seen.page.evaluate
    formulas = evaluate("document.querySelectorAll('.formula .math').length")
    assert evaluate("document.querySelectorAll('.formula .math math').length") == formulas
    spoken = "[...document.querySelectorAll('.katex-html')].every(e => e.ariaHidden === 'true')"
    assert evaluate(spoken)
    assert evaluate("document.querySelectorAll('main').length") == 1
    assert evaluate("document.querySelectorAll('h1').length") == 1
    names = evaluate("[...document.querySelectorAll('.node')].map(e => e.ariaLabel)")
    assert "z[1], shape (n, 3), Equation 1" in names
