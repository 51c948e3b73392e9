"""Mistakes in a user's own model, told in the user's own words: a real file, a real line."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from trivium.engine.errors import ShapeError
from trivium.engine.tensor import input
from trivium.learning.layers import Dense, Sequential
from trivium.learning.models import MLP, Linear, ThresholdNeuron

SOURCE = """
import trivium as tv


class Mine(tv.Model):
    def __init__(self):
        self.w = tv.parameter((30, 1))
        self.b = tv.variable(0.0)

    def __call__(self, x):
        hidden = x * 2.0
        return (hidden @ self.w + self.b)[:, 0]


class Block(tv.Model):
    def __init__(self):
        self.scale = tv.parameter((5,), 1.0)

    def __call__(self, x):
        return (
            x
            + self.scale
        )


class Outer(tv.Model):
    def __init__(self):
        self.blocks = {"first": [tv.layers.Dense(4), Block()]}

    def __call__(self, x):
        for layer in self.blocks["first"]:
            x = layer(x)
        return x
"""


@pytest.fixture
def module(tmp_path: Path) -> ModuleType:
    file = tmp_path / "my_models.py"
    file.write_text(SOURCE, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("my_models", file)
    made = importlib.util.module_from_spec(spec)
    sys.modules["my_models"] = made
    spec.loader.exec_module(made)
    yield made
    del sys.modules["my_models"]


def lines_of(refusal: pytest.ExceptionInfo) -> dict[str, str]:
    """The message's lines by their first word."""
    return {line.split()[0]: line.strip() for line in str(refusal.value).splitlines()}


def line_number(text: str) -> int:
    return SOURCE.splitlines().index(text) + 1


@pytest.mark.parametrize("call", ["array", "prepare"])
def test_a_broken_product_names_operands_shapes_layer_line_and_fix(module, call) -> None:
    with pytest.raises(ShapeError) as refusal:
        if call == "array":
            module.Mine()(np.ones((8, 31)))
        else:
            module.Mine().prepare(input((8, 31), name="x"))
    said = lines_of(refusal)
    assert said["matrix"] == "matrix product: the shapes do not fit."
    assert "has shape (8, 31)" in said["hidden"]
    assert "has shape (30, 1)" in said["self.w"]
    assert "parameter w" in said["self.w"]
    assert "(31) must equal" in said["rule:"]
    assert said["layer:"] == "layer: Mine"
    written = "        return (hidden @ self.w + self.b)[:, 0]"
    assert f"my_models.py, line {line_number(written)}: {written.strip()}" in said["your"]
    assert "give w the shape (31, 1)" in said["to"]


def test_a_layer_inside_is_named_by_its_path_and_class(module) -> None:
    with pytest.raises(ShapeError) as refusal:
        module.Outer()(np.ones((8, 3)))
    said = lines_of(refusal)
    assert said["layer:"] == "layer: Outer > blocks.first.1 (Block)"
    assert "has shape (8, 4)" in said["x"]
    assert "(parameter blocks.first.1.scale)" in said["self.scale"]
    assert "my_models.py, line" in said["your"]


def test_the_same_model_works_with_the_right_features(module) -> None:
    assert module.Mine().prepare(input((8, 30), name="x")).shape == (8,)


@pytest.mark.parametrize(
    ("model", "layer", "weight"),
    [
        (MLP([4, 3]), "MLP > layers.0 (Dense)", "layers.0.weight"),
        (Sequential(Dense(4), Dense(3)), "Sequential > layers.0 (Dense)", "layers.0.weight"),
        (Linear(), "Linear", "weight"),
        (ThresholdNeuron(), "ThresholdNeuron", "weight"),
    ],
    ids=repr,
)
def test_other_features_than_at_the_first_call_are_refused(model, layer, weight) -> None:
    model(np.ones((5, 6)))
    with pytest.raises(ShapeError) as refusal:
        model(np.ones((5, 7)))
    said = lines_of(refusal)
    assert "weights for 6 features, its input has 7" in said["rule:"]
    assert f"{weight} " in str(refusal.value)
    assert said["layer:"] == f"layer: {layer}"
    assert "model(np.ones((5, 7)))" in said["your"]
    assert "new model" in said["to"]


def test_features_without_an_axis_are_refused_with_the_remedy() -> None:
    with pytest.raises(ShapeError) as refusal:
        Sequential(Dense(3))(np.ones(5))
    assert "x[:, None]" in str(refusal.value)
    with pytest.raises(ShapeError, match="scalar"):
        MLP()(3.0)
