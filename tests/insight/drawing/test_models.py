"""Pictures of models and fits."""

import numpy as np
import pytest

import trivium as tv
from tests.insight.drawing.page import cut_off, overlaps, parsed
from trivium.learning.fit.problem import encode_part

SILENT = {"progress": False, "epochs": 2}


@pytest.fixture(scope="module")
def iris():
    data = tv.data.load("iris")
    objective = tv.objectives.CrossEntropy() + 1e-3 * tv.objectives.L2()
    return tv.fit(tv.models.MLP(hidden=[8, 6]), objective, tv.algorithms.Adam(), data, **SILENT)


def edges_from(drawing, name):
    graph = drawing.graph
    return [i for i, edge in enumerate(graph.edges) if graph.boxes[edge.source].sign == name]


@pytest.mark.parametrize("detail", ["auto", "operation", "value", "layer"])
def test_a_fit(iris, detail):
    drawing = tv.insight.draw(iris, detail=detail)
    root = parsed(drawing)
    assert overlaps(root) == [] and cut_off(root) == []
    data = tv.data.load("iris")
    part = encode_part(data, iris.encoder, iris.objective, iris.options)
    loss = iris.objective(iris.model, tv.Batch(tv.tensor(part.x), tv.tensor(part.y)))
    assert float(drawing.flowing.values[-1]) == pytest.approx(float(loss.value), rel=1e-6)
    for path, parameter in iris.model.parameters().items():
        places = edges_from(drawing, path)
        if places:
            found = sum(drawing.flowing.gradients[place] for place in places)
            np.testing.assert_allclose(
                found, tv.gradient(loss, parameter).value, rtol=1e-4, atol=1e-7
            )
        else:
            assert drawing.detail == "layer"


def test_named_values_of_a_network(iris):
    signs = [box.sign for box in tv.insight.draw(iris, detail="value").graph.boxes]
    for name in ("x", "y", "z[1]", "a[1]", "z[2]", "a[2]", "z[3]", "loss", "layers.1.bias"):
        assert signs.count(name) == 1


def test_the_layers_of_a_network(iris):
    boxes = tv.insight.draw(iris, detail="layer").graph.boxes
    layers = [box.sign for box in boxes if box.kind == "layer"]
    assert layers == [
        "layers.0 (Dense)", "layers.1 (Dense)", "layers.2 (Dense)", repr(iris.objective),
    ]  # fmt: skip


def test_a_fit_without_data_shows_shapes_with_n_examples():
    x = np.random.default_rng(0).normal(size=(20, 3))
    model, objective = tv.models.Linear(), tv.objectives.SquaredError()
    fit = tv.fit(model, objective, tv.algorithms.Adam(), (x, x @ [1.0, 2, 3]), **SILENT)
    drawing = tv.insight.draw(fit)
    assert drawing.flowing.values == [None] * len(drawing.graph.edges)
    assert "passed from memory" in drawing.notes[0]
    assert "(n, 3)" in drawing.svg and "7919" not in drawing.svg
    shown = tv.insight.draw(fit, (x, x @ [1.0, 2, 3]))
    assert shown.flowing.values[-1] is not None and not shown.notes


def test_many_rows_are_not_all_drawn():
    digits = tv.data.load("digits")
    fit = tv.fit(
        tv.models.Linear(), tv.objectives.CrossEntropy(), tv.algorithms.Adam(), digits, **SILENT
    )
    drawing = tv.insight.draw(fit)
    assert "first 256 of 1,797 rows" in drawing.notes[0]
    (place,) = edges_from(drawing, "x")
    assert drawing.flowing.values[place].shape == (256, 64)


def test_a_model_alone_and_with_an_objective():
    x = np.random.default_rng(0).normal(size=(12, 3))
    model = tv.models.MLP(hidden=[4])
    drawing = tv.insight.draw(model, x)
    assert drawing.graph.outputs[0].shape == (12,)
    assert "has shape (12,)" in drawing.notes[0]
    assert model.parameters() == {}  # the model itself has settled no sizes
    loss = tv.insight.draw(model, (x, x[:, 0]), objective=tv.objectives.SquaredError())
    assert loss.flowing.values[-1].shape == ()
    classes = tv.insight.draw(
        model, (x, np.arange(12) % 3), objective=tv.objectives.CrossEntropy()
    )
    assert classes.flowing.values[-1] > 0


class Shared(tv.Model):
    """One layer called twice, around another one."""

    def __init__(self):
        self.encoder = tv.layers.Dense(3, "tanh")
        self.other = tv.layers.Dense(3)

    def __call__(self, x):
        return self.encoder(self.other(self.encoder(x)))


def test_a_layer_called_twice_is_two_boxes_with_one_weight():
    drawing = tv.insight.draw(Shared(), np.ones((5, 3)), detail="layer")
    signs = [box.sign for box in drawing.graph.boxes]
    assert signs.count("encoder (Dense)") == 2
    assert signs.count("encoder.weight") == 1
    assert signs.count("other.weight") == 0  # it belongs to its layer alone


def test_a_deep_model_is_coarsened_by_itself():
    class Deep(tv.Model):
        def __init__(self, size):
            self.blocks = [tv.models.MLP(hidden=[4] * size, outputs=4) for _ in range(4)]

        def __call__(self, x):
            for block in self.blocks:
                x = block(x)
            return x

    drawing = tv.insight.draw(Deep(1), np.ones((2, 4)), detail="layer")
    layers = [box.sign for box in drawing.graph.boxes if box.kind == "layer"]
    assert layers[:3] == [
        "blocks.0 › layers.0 (Dense)", "blocks.0 › layers.1 (Dense)",
        "blocks.1 › layers.0 (Dense)",
    ]  # fmt: skip
    drawing = tv.insight.draw(Deep(49), np.ones((2, 4)))
    assert drawing.detail == "layer"
    layers = [box.sign for box in drawing.graph.boxes if box.kind == "layer"]
    assert layers == [f"blocks.{i} (MLP)" for i in range(4)]
    assert "layers are drawn; at detail operation there would be" in drawing.notes[0]


def test_layers_are_drawn_where_a_model_names_no_values():
    x = np.random.default_rng(0).normal(size=(6, 3))
    objective = tv.objectives.SquaredError()
    drawing = tv.insight.draw(Shared(), (x, x), objective=objective)
    assert drawing.detail == "operation"  # few as they are
    names = [name for box in drawing.graph.boxes for name in box.names]
    assert names == ["prediction", "SquaredError()"]

    class Longer(tv.Model):
        def __init__(self):
            self.layers = [tv.layers.Dense(3, "gelu") for _ in range(6)]

        def __call__(self, x):
            for layer in self.layers:
                x = layer(x)
            return x

    drawing = tv.insight.draw(Longer(), (x, x), objective=objective)
    assert drawing.detail == "layer"
    value = tv.insight.draw(Longer(), (x, x), objective=objective, detail="value")
    signs = [box.sign for box in value.graph.boxes if box.kind == "value"]
    assert signs == ["prediction", "SquaredError()"]


@pytest.mark.parametrize(
    "values, objective, words",
    [
        (None, None, "give an example"),
        ((np.ones((3, 2)), np.ones(3)), None, "say which loss"),
        (np.ones((3, 2)), tv.objectives.SquaredError(), "give the pair"),
        ((np.ones((3, 2)), np.ones(4)), tv.objectives.SquaredError(), "the same in x and y"),
        (np.array([["a", "b"]]), None, "cannot become a tensor"),
        ((np.ones((3, 2)), np.ones(3)), "loss", "no objective"),
        (np.float64(3), None, "the first axis"),
    ],
)
def test_models_that_cannot_be_drawn_so(values, objective, words):
    with pytest.raises(tv.TriviumError, match=words):
        tv.insight.draw(tv.models.MLP(hidden=[4]), values, objective=objective)


def test_a_fit_with_data_that_do_not_fit(iris):
    with pytest.raises(tv.TriviumError):
        tv.insight.draw(iris, np.ones((3, 4)))
    with pytest.raises(tv.TriviumError, match="leave objective= out"):
        tv.insight.draw(iris, objective=tv.objectives.SquaredError())
