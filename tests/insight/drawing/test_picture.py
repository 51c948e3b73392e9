"""Pictures: valid, readable, nothing on top of anything else, and what is refused."""

import itertools
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import trivium as tv
from tests.insight.drawing.expressions import NAMES, expressions
from tests.insight.drawing.page import SVG, cut_off, overlaps, parsed, texts
from trivium.insight.drawing.metrics import clean, shortened, text_width
from trivium.insight.drawing.words import number, summarise

DETAILS = st.sampled_from(["operation", "value", "layer"])

FEWER = settings(max_examples=settings().max_examples // 3)  # they take long


@given(expression=expressions(most=20), detail=DETAILS, gradients=st.booleans())
@FEWER
def test_texts_never_meet_and_are_never_cut_off(expression, detail, gradients):
    root = parsed(tv.insight.draw(expression, detail=detail, gradients=gradients))
    assert overlaps(root) == []
    assert cut_off(root) == []


@given(expression=expressions(most=20), detail=DETAILS)
@FEWER
def test_edges_pass_nothing_but_their_own_numbers(expression, detail):
    """In every column the places, edges that pass included, keep a distance."""
    drawing = tv.insight.draw(expression, detail=detail)
    layout, graph = drawing.layout, drawing.graph
    columns = {}
    for route in layout.routes:
        for place, (column, height) in enumerate(route):
            at_box = place in (0, len(route) - 1)
            columns.setdefault(column, {}).setdefault(round(height, 3), []).append(at_box)
    for places in columns.values():
        heights = sorted(places)
        assert all(b - a > 14 for a, b in itertools.pairwise(heights))
        for several in places.values():
            assert len(several) == 1 or all(several)  # several edges meet only at boxes
    for edge, route in zip(graph.edges, layout.routes):
        assert [column for column, _ in route] == list(range(route[0][0], route[-1][0] + 1))
        assert route[0][1] == layout.y[edge.source] and route[-1][1] == layout.y[edge.target]


@given(names=st.lists(st.text(max_size=40), min_size=3, max_size=3))
@FEWER
def test_any_name_gives_a_valid_picture(names):
    x = tv.variable([1.0, 2.0, 3.0, 4.0, 5.0], name=names[0])
    expression = tv.label(tv.label(x * 2, names[1]).sum(), names[2])
    drawing = tv.insight.draw(expression, title="".join(names))
    root = parsed(drawing)
    assert overlaps(root) == [] and cut_off(root) == []
    shown = [group.get("data-name") for group in root.iter(f"{SVG}g")]
    assert clean(names[0]).strip() in [(each or "").strip() for each in shown]


@pytest.mark.parametrize("name", NAMES)
def test_hostile_names(name):
    x = tv.variable(1.0, name=name)
    root = parsed(tv.insight.draw(tv.label(x + 1, name)))
    assert len({each.text for each in texts(root) if each.text == clean(name)[:1]}) <= 1
    assert "\x00" not in clean(name) and "\n" not in clean(name)


def test_a_picture_speaks_to_screen_readers():
    x = tv.variable(3.0, name="x")
    root = parsed(tv.insight.draw(tv.label(x * x, "y")))
    assert root.get("role") == "graphics-document document"
    labels = root.get("aria-labelledby").split()
    for tag, identity in zip(("title", "desc"), labels, strict=True):
        assert root.find(f"{SVG}{tag}").get("id") == identity
    groups = [group for group in root.iter(f"{SVG}g") if group.get("role") == "img"]
    assert len(groups) == 3 + 3  # x, ×, y and their edges
    for group in groups:
        assert group.get("aria-label") == group.find(f"{SVG}title").text.replace("\n", "; ")
    assert "from x to ×; value 3; gradient 3" in {g.get("aria-label") for g in groups}


def test_a_picture_needs_nothing_from_elsewhere():
    svg = tv.insight.draw(tv.variable(3.0, name="x") * 2).svg
    assert "url(" not in svg and "@import" not in svg and "<script" not in svg
    assert re.findall(r'(?:href|src)="', svg) == []
    assert "prefers-color-scheme:dark" in svg


def test_the_same_expression_gives_the_same_picture():
    x = tv.variable(np.arange(6.0), name="x")
    expression = (tv.array.tanh(x) * x).sum()
    assert tv.insight.draw(expression).svg == tv.insight.draw(expression).svg


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a, b):
    high, low = sorted([luminance(a), luminance(b)], reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("block", [0, 1])
def test_letters_have_enough_contrast(block):
    """WCAG 2.2, 1.4.3, in light and in dark."""
    style = tv.insight.draw(tv.variable(1.0, name="x") * 2).svg
    colours = dict(
        re.findall(
            r"--([\w-]+):(#\w{6})", re.findall(r"\.trivium-drawing\{(--.*?)\}", style)[block]
        )
    )
    for letters in ("ink", "quiet", "forward", "back", "odd"):
        assert contrast(colours[letters], colours["ground"]) >= 4.5
    for ground in ("input", "parameter", "constant", "layer", "box"):
        assert contrast(colours["ink"], colours[ground]) >= 4.5
        assert contrast(colours["quiet"], colours[ground]) >= 4.5


def heights(drawing):
    """The sign of each box → where its middle line lies."""
    layout = drawing.layout
    return {box.sign: layout.y[place] for place, box in enumerate(drawing.graph.boxes)}


def test_operands_stand_in_the_written_order():
    price, count, tax = (tv.variable(1.0, name=name) for name in ("price", "count", "tax"))
    found = heights(tv.insight.draw((price * count) * tax - 7))
    assert found["price"] < found["count"] < found["tax"]
    found = heights(tv.insight.draw(tv.array.sin(tax * (count * price))))
    assert found["tax"] < found["count"] < found["price"]


def test_operands_that_changed_places_say_so():
    x = tv.variable(2.0, name="x")
    drawing = tv.insight.draw(tv.array.sin(x) * x - x)
    svg = drawing.svg
    shown = [each.text for each in texts(parsed(drawing))]
    assert ("1st: 1.819" in shown and "2nd: 2" in shown) or ", the 1st operand" not in svg
    names = [box.sign for box in drawing.graph.boxes]
    (end,) = [place for place, sign in enumerate(names) if sign == "−"]
    into = [place for place, edge in enumerate(drawing.graph.edges) if edge.target == end]
    first, second = (drawing.layout.routes[place][-2][1] for place in into)
    assert (first > second) == ("1st: 1.819" in shown)


def test_parts_that_do_not_hang_together_lie_one_below_the_other():
    a, b, c = (tv.variable(2.0, name=name) for name in "abc")
    drawing = tv.insight.draw([tv.label(a * 2 + 1, "y"), tv.label(tv.array.sin(b) * b, "z"), c])
    root = parsed(drawing)
    assert overlaps(root) == [] and cut_off(root) == []
    found = heights(drawing)
    assert max(found["a"], found["y"]) < min(found["b"], found["z"])
    assert max(found["b"], found["z"]) < min(found["c"], found["output 2"])


# What is written.


@pytest.mark.parametrize(
    "value, text",
    [
        (220.00000000000003, "220"), (1.1, "1.1"), (-0.5, "−0.5"), (-0.0, "0"), (3, "3"),
        (123456.0, "1.235e5"), (1e-7, "1e−7"), (np.nan, "NaN"), (-np.inf, "−∞"),
        (True, "true"), (np.float32(0.1), "0.1"), (np.int64(-12), "−12"), (10**12, "1e12"),
    ],
)  # fmt: skip
def test_numbers(value, text):
    assert number(value) == text


@pytest.mark.parametrize(
    "array, text",
    [
        (np.zeros((0, 3)), "(0, 3) empty"),
        (np.arange(4.0).reshape(2, 2), "[[0, 1], [2, 3]]"),
        (np.array([True] * 3 + [False] * 3), "(6,) 3 true"),
        (np.full(5, np.nan), "(5,)"),
        (np.full((2, 3), 7), "(2, 3) 7 ± 0"),
        (np.array([1e308, -1e308] * 3), "(6,) 0 ± 1e308"),
        (np.array([1e-320] * 6), "(6,) 1e−320 ± 0"),
        (np.arange(5, dtype=np.float32), "(5,) 2 ± 1.414"),
        (1 + 1e-9 * np.arange(-3, 4), "(7,) 1 ± 2e−9"),
    ],
)
def test_arrays(array, text):
    assert summarise(array).text == text


@given(st.lists(st.floats(width=32), min_size=5, max_size=60))
def test_a_strip_shows_sign_and_size(values):
    array = np.array(values)
    cells = summarise(array).cells
    assert len(cells) == min(len(values), 24)
    finite = array[np.isfinite(array)]
    if len(values) <= 24 and finite.size and np.abs(finite).max():
        for value, cell in zip(array, cells):
            if np.isfinite(value):
                assert cell * value >= 0 and (cell == 0) == (value == 0)
            else:
                assert cell is None
        assert max(abs(cell) for cell in cells if cell is not None) == 4


@given(text=st.text(), room=st.floats(20, 300))
def test_shortened_texts_fit(text, room):
    short = shortened(text, 12, room)
    assert text_width(short, 12) <= room
    assert short == text or short.endswith("…")


# Size.


def tower(levels):
    x = tv.variable(0.5, name="x")
    for _ in range(levels):
        x = tv.array.sin(x) + x
    return x


def test_a_large_graph_is_drawn_at_a_coarser_level_that_is_said():
    drawing = tv.insight.draw(tower(2500))
    assert drawing.detail == "value"
    assert "5,002 boxes" in drawing.notes[0]
    assert "5,002 boxes" in " ".join(each.text for each in texts(parsed(drawing)))


def test_too_many_boxes_are_refused_with_advice():
    with pytest.raises(tv.TriviumError) as caught:
        tv.insight.draw(tower(600), detail="operation")
    message = str(caught.value)
    assert "1,202 boxes" in message and "detail='value' gives 3" in message
    values = [tv.label(tv.variable(1.0) * i, f"y{i}") for i in range(1, 510)]
    with pytest.raises(tv.TriviumError, match="cannot be read"):
        tv.insight.draw(values)


def test_a_picture_of_some_hundred_boxes():
    drawing = tv.insight.draw(tower(100), detail="operation")
    assert len(drawing.graph.boxes) == 202
    root = parsed(drawing)
    assert overlaps(root) == [] and cut_off(root) == []


# Files and refusals.


def test_saved_as_a_whole(tmp_path):
    drawing = tv.insight.draw(tv.label(tv.variable(1.0, name="层") * 2, "y"))
    path = tmp_path / "picture.svg"
    path.write_text("old")
    drawing.save(path)
    assert path.read_text(encoding="utf-8") == drawing.svg == drawing._repr_svg_()
    assert [each.name for each in tmp_path.iterdir()] == ["picture.svg"]
    with pytest.raises(tv.TriviumError, match="written as .svg"):
        drawing.save(tmp_path / "picture.png")
    with pytest.raises(tv.TriviumError, match="cannot write the drawing"):
        drawing.save(tmp_path / "missing" / "picture.svg")


@pytest.mark.parametrize(
    "subject, words",
    [
        (3, "not int 3"),
        ([], "an empty list"),
        ([tv.variable(1.0), 2], "draw takes an expression"),
        (np.ones(3), "draw takes an expression"),
    ],
)
def test_what_cannot_be_drawn(subject, words):
    with pytest.raises(tv.TriviumError, match=words):
        tv.insight.draw(subject)


def test_options_that_do_not_exist():
    x = tv.variable(1.0)
    with pytest.raises(tv.TriviumError, match="no level of detail"):
        tv.insight.draw(x, detail="everything")
    with pytest.raises(tv.TriviumError, match="say True, False"):
        tv.insight.draw(x, gradients="yes")
    with pytest.raises(tv.TriviumError, match="belongs to a model"):
        tv.insight.draw(x, objective=tv.objectives.SquaredError())


def test_a_leaf_alone_is_a_picture():
    drawing = tv.insight.draw(tv.variable(2.0, name="x"))
    assert [box.kind for box in drawing.graph.boxes] == ["parameter", "output"]
    assert [float(each) for each in drawing.flowing.gradients] == [1.0]
