"""The numbers in a picture are those of the engine."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import trivium as tv
from tests.insight.drawing.expressions import expressions
from trivium.engine.dtypes import is_floating
from trivium.engine.errors import TriviumError

FEWER = settings(max_examples=settings().max_examples // 3)  # they take long


@pytest.fixture
def apples():
    price = tv.tensor(100.0, name="price")
    count = tv.tensor(2.0, name="count")
    tax = tv.tensor(1.1, name="tax")
    bought = tv.label(price * count, "apples")
    return tv.label(bought * tax, "total")


def by_source(drawing):
    """Name of the source → (value, gradient) of its one edge."""
    graph, flow = drawing.graph, drawing.flowing
    found = {}
    for place, edge in enumerate(graph.edges):
        box = graph.boxes[edge.source]
        name = box.names[0] if box.names else box.sign
        found[name if edge.output is None else "total"] = (
            float(flow.values[place]),
            float(flow.gradients[place]),
        )
    return found


def test_the_apples(apples):
    """Saitoh (2016), *Deep Learning from Scratch*, chapter 5."""
    found = by_source(tv.insight.draw(apples))
    assert found == {
        "price": (100, pytest.approx(2.2)),
        "count": (2, pytest.approx(110)),
        "tax": (pytest.approx(1.1), 200),
        "apples": (200, pytest.approx(1.1)),
        "total": (pytest.approx(220), 1),
    }


def test_the_apples_are_written_above_and_below_their_edges(apples):
    svg = tv.insight.draw(apples).svg
    for kind, words in {
        "value": ("100", "2", "1.1", "200", "220"),
        "gradient": ("2.2", "110", "200", "1.1", "1"),
    }.items():
        for word in words:
            assert f'class="{kind}"' in svg
            assert f">{word}</text>" in svg


@pytest.mark.parametrize("detail", ["operation", "value", "layer"])
@given(expression=expressions())
@FEWER
def test_values_on_edges_are_those_of_the_expression(detail, expression):
    drawing = tv.insight.draw(expression, detail=detail)
    for place, edge in enumerate(drawing.graph.edges):
        np.testing.assert_array_equal(drawing.flowing.values[place], edge.value.value)


@pytest.mark.parametrize("detail", ["operation", "value"])
@given(expression=expressions())
@FEWER
def test_gradients_on_the_edges_of_a_value_add_up_to_its_gradient(detail, expression):
    drawing = tv.insight.draw(expression, detail=detail)
    total = {}
    for place, edge in enumerate(drawing.graph.edges):
        back = drawing.flowing.gradients[place]
        if is_floating(edge.value.dtype):
            assert back.shape == edge.value.shape and back.dtype == edge.value.dtype
            total.setdefault(edge.value, []).append(back)
        else:
            assert back is None
    for value, parts in total.items():
        whole = tv.gradient(expression, value).value
        scale = np.abs(parts).max(initial=1e-30)
        tolerance = (1e-4 if value.dtype == np.float32 else 1e-10) * scale
        np.testing.assert_allclose(sum(parts), whole, rtol=0, atol=tolerance)


@given(expression=expressions())
@FEWER
def test_every_level_has_the_same_leaves_and_output(expression):
    names = {}
    for detail in ("operation", "value"):
        boxes = tv.insight.draw(expression, detail=detail).graph.boxes
        names[detail] = sorted(box.sign for box in boxes if box.kind in ("parameter", "output"))
    assert names["operation"] == names["value"]


@given(expression=expressions(), detail=st.sampled_from(["operation", "value", "layer"]))
@FEWER
def test_the_edges_form_no_cycle(expression, detail):
    graph = tv.insight.draw(expression, detail=detail).graph
    left = {place: set() for place in range(len(graph.boxes))}
    for edge in graph.edges:
        left[edge.target].add(edge.source)
    while left:
        ready = [place for place, before in left.items() if not before & left.keys()]
        assert ready
        for place in ready:
            del left[place]


def test_operands_stay_two_edges_when_they_are_one_value():
    x = tv.variable(3.0, name="x")
    drawing = tv.insight.draw(x * x)
    assert [float(each) for each in drawing.flowing.gradients] == [3, 3, 1]


def test_broadcasts_and_casts_are_part_of_the_edge():
    w = tv.variable(np.ones(3, np.float32), name="w")
    x = tv.tensor(np.arange(6.0).reshape(2, 3), name="x")
    drawing = tv.insight.draw((x * w).sum())
    assert sorted(box.sign for box in drawing.graph.boxes) == ["output", "w", "x", "×", "Σ"]
    (edge,) = [i for i, e in enumerate(drawing.graph.edges) if e.value is w]
    assert drawing.flowing.gradients[edge].tolist() == [3, 5, 7]


def test_a_literal_is_a_box_wherever_it_is_used():
    x = tv.variable(3.0, name="x")
    boxes = tv.insight.draw(x * 2 + 2).graph.boxes
    assert [box.sign for box in boxes if box.kind == "number"] == ["2", "2"]


def test_a_value_behind_stop_gradient_has_the_gradient_zero():
    x = tv.variable([1.0, 2.0], name="x")
    drawing = tv.insight.draw((tv.stop_gradient(x) * x).sum())
    found = [g.tolist() for g in drawing.flowing.gradients if g is not None and g.ndim]
    assert [0, 0] in found and [1, 2] in found


def test_results_of_one_operation_are_edges_of_one_box():
    a = tv.variable(np.diag([3.0, 2.0]) + 0.1, name="A")
    u, s, vt = tv.linalg.svd(a)
    drawing = tv.insight.draw([s.sum(), u.sum() + vt.sum()])
    assert sum(box.sign == "svd" for box in drawing.graph.boxes) == 1
    shapes = {edge.value.shape for edge in drawing.graph.edges if edge.uses}
    assert (2,) in shapes and (2, 2) in shapes


def test_a_loop_is_one_box():
    w = tv.variable(0.5, name="w")
    total, _ = tv.scan(lambda carry, x: (carry * w + x, carry), tv.tensor(1.0), np.arange(4.0))
    drawing = tv.insight.draw(total)
    assert sum(box.sign == "scan" for box in drawing.graph.boxes) == 1
    want = tv.gradient(total, w).value
    (found,) = [
        g for e, g in zip(drawing.graph.edges, drawing.flowing.gradients) if e.value is w
    ]
    assert found == pytest.approx(want)


def test_inputs_by_leaf_or_by_name():
    x, y = tv.input((2,), name="x"), tv.input((), name="y")
    z = (x * y).sum()
    for values in ({x: [1, 2], y: 3}, {"x": np.array([1.0, 2.0]), "y": tv.tensor(3.0)}):
        drawing = tv.insight.draw(z, values)
        assert float(drawing.flowing.values[-1]) == 9
    none = tv.insight.draw(z)
    assert none.flowing.values == [None] * len(none.graph.edges)
    assert "x, y" in none.notes[0] and "(2,)" in none.svg


@pytest.mark.parametrize(
    "values, words",
    [
        ({"x": [1.0, 2.0]}, "lacks the input y"),
        ({"x": [1.0, 2.0], "yy": 1.0}, "Did you mean 'y'"),
        ({"x": [1.0, 2.0, 3.0], "y": 1.0}, "the input x has shape (2,)"),
        ({"x": [1j, 2], "y": 1.0}, "complex"),
        ([1.0, 2.0], "mapping"),
        ({"x": [1.0, 2.0], 3: 1.0}, "no input 3"),
    ],
)
def test_values_that_do_not_fit(values, words):
    x, y = tv.input((2,), name="x"), tv.input((), name="y")
    with pytest.raises(TriviumError) as caught:
        tv.insight.draw((x * y).sum(), values)
    assert words in str(caught.value)


def test_which_output_the_gradients_are_of():
    x = tv.variable(3.0, name="x")
    a, b = tv.label(x * x, "a"), tv.label(x + 1, "b")
    drawing = tv.insight.draw([a, b])
    assert "those of a, the first scalar output" in drawing.notes[0]
    of_b = tv.insight.draw([a, b], gradients=b)
    edges = [place for place, edge in enumerate(of_b.graph.edges) if edge.value is x]
    assert [of_b.flowing.gradients[place] for place in edges] == [None, None, 1]
    none = tv.insight.draw([a, b], gradients=False)
    assert none.flowing.gradients == [None] * len(none.graph.edges)
    with pytest.raises(tv.TriviumError, match="not among the outputs"):
        tv.insight.draw([a], gradients=b)


def test_outputs_without_a_gradient_say_why():
    x = tv.variable([1.0, 2.0], name="x")
    assert "has shape (2,)" in tv.insight.draw(x * 2).notes[0]
    assert "int64, which has no derivatives" in tv.insight.draw(tv.array.argmax(x)).notes[0]
    sharp = tv.insight.draw(
        (tv.random.bits(tv.random.key(0), (2,)).astype("float64") * x).sum()
    )
    assert not sharp.notes  # random bits are constants for x


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_nan_and_infinity_are_named(dtype):
    x = tv.tensor(np.array([1.0, np.nan, np.inf, -np.inf, 5, 6], dtype), name="x")
    y = tv.tensor(np.array(np.nan, dtype), name="y")
    svg = tv.insight.draw((x * y).sum()).svg
    assert ">1 NaN and 2 ∞</text>" in svg
    assert re.search(r'class="value odd"[^>]*>NaN</text>', svg)
    assert 'class="cx"' in svg
