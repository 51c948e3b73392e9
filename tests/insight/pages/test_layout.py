"""The graph of a page: what is joined to what, and that nothing lies on anything else."""

from collections.abc import Callable
from itertools import combinations

import pytest

import trivium as tv
from tests.insight.pages.examples import deep, network, ridge, twice
from trivium.insight.derivation.derivation import Derivation
from trivium.insight.rendering.html import page_of
from trivium.insight.rendering.page_graph import Graph, graph_svg
from trivium.insight.rendering.page_layout import MOST, placed

Make = Callable[[], Derivation]


def graph_of(derivation: Derivation) -> Graph:
    graph = placed(derivation)
    assert graph is not None
    return graph


def ends(graph: Graph, backward: bool) -> set[str]:
    return {
        f"{edge.source} {edge.target}"
        for edge in graph.edges
        if edge.has_gradient or not backward
    }


def test_edges_are_the_uses_of_values() -> None:
    graph = graph_of(network())
    assert ends(graph, backward=False) == {
        "x z1", "W1 z1", "b1 z1", "z1 a1", "a1 z2", "W2 z2", "b2 z2", "z2 p", "z2 loss",
        "y loss", "y y_one_hot", "W1 loss", "W2 loss",
    }  # fmt: skip


def test_gradients_go_back_from_the_loss_and_nowhere_else() -> None:
    """Neither to data, nor along the probabilities, which the loss does not depend on."""
    graph = graph_of(network())
    assert ends(graph, backward=True) == {
        "W1 z1", "b1 z1", "z1 a1", "a1 z2", "W2 z2", "b2 z2", "z2 loss", "W1 loss", "W2 loss",
    }  # fmt: skip


def test_gradients_pass_values_whose_gradient_is_not_written() -> None:
    # The residual r stands between the prediction and the loss; ∂L/∂r is not an equation.
    assert {"z residual", "residual loss"} <= ends(graph_of(ridge()), backward=True)


@pytest.mark.parametrize("make", [network, ridge, deep, twice])
def test_boxes_are_apart_and_inside_and_values_flow_down(make: Make) -> None:
    graph = graph_of(make())
    for one, other in combinations(graph.nodes, 2):
        assert (
            abs(one.x - other.x) >= (one.width + other.width) / 2
            or abs(one.y - other.y) >= (one.height + other.height) / 2
        )
    for node in graph.nodes:
        assert node.width / 2 <= node.x <= graph.width - node.width / 2
        assert node.height / 2 <= node.y <= graph.height - node.height / 2
    place = {node.key: node for node in graph.nodes}
    for edge in graph.edges:
        assert place[edge.source].y < place[edge.target].y
        heights = [y for _, y in edge.points]
        assert heights == sorted(heights)


def test_gradients_that_a_second_derivation_computes_are_nodes_of_their_own() -> None:
    derivation = twice()
    keys = {node.key for node in graph_of(derivation).nodes}
    assert {equation.defines.code for equation in derivation.forward} <= keys


def test_names_are_text_and_nothing_else() -> None:
    from dataclasses import replace

    graph = graph_of(ridge())
    evil = replace(graph.nodes[0], text='<script>"[1]&_2', key='"><b>')
    svg = graph_svg(replace(graph, nodes=(evil,), edges=()), {}, lambda word: word)
    assert "<script>" not in svg and "<b>" not in svg
    assert "&lt;script&gt;&quot;" in svg


def test_a_graph_with_too_many_values_is_left_out_and_the_page_says_so():
    def steps(x, a):
        z = x[:, 0]
        for _ in range(140):
            z = tv.array.sin(z * a) + 0.5 * z
        return z

    derivation = tv.insight.derive(
        tv.models.Formula(steps, a=1.0), tv.objectives.SquaredError(), features=1
    )
    assert len(derivation.forward) > MOST
    page = page_of(derivation)
    assert page.graph is None
    assert f"values is left out: it would have more than {MOST}" in page.notes[0]
    assert "超过了" in page_of(derivation, "zh").notes[0]
