"""Norms of values and gradients through training, and what they say."""

import numpy as np
import pytest

import trivium as tv
from trivium.insight.drawing.flow import _verdict
from trivium.learning.fit.flow import layer_outputs


def fitted(activation="relu", hidden=(6, 5), epochs=3, **options):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 3))
    y = (x[:, 0] > x[:, 1]).astype(int)
    return tv.fit(
        tv.models.MLP(hidden=list(hidden), activation=activation),
        tv.objectives.CrossEntropy() + 1e-2 * tv.objectives.L2(),
        options.pop("algorithm", tv.algorithms.SGD(0.1)),
        (x, y), epochs=epochs, progress=False, batch_size=8, **options,
    )  # fmt: skip


def test_rows_are_the_norms_of_each_layer():
    fit = fitted(record="flow", dtype="float64")
    assert [row["epoch"] for row in fit.flow] == [e for e in range(4) for _ in range(3)]
    found = tv.insight.flow(fit)
    assert found.layers == ["layers.0 (Dense)", "layers.1 (Dense)", "layers.2 (Dense)"]
    assert found.values.shape == found.gradients.shape == (4, 3)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 3))
    y = (x[:, 0] > x[:, 1]).astype(int)
    # The last row is that of the last parameters.
    leaf = tv.tensor(x)
    last = {path: fit.state[0][f"parameters/{path}"] for path in fit.parameters()}
    fit.model.assign(last)
    prediction = fit.model(leaf)
    loss = fit.objective.value(prediction, tv.Batch(leaf, tv.tensor(y)), fit.model.parameters())
    outputs = [node for _, node in layer_outputs(_with_input(fit.model, x.shape))]
    assert len(outputs) == 3
    a = tv.array.relu(leaf @ last["layers.0.weight"] + last["layers.0.bias"])
    first = np.sqrt((a.value**2).sum(axis=1).mean())
    assert found.values[-1, 0] == pytest.approx(first)
    slope = tv.gradient(loss, prediction).value * len(x)
    assert found.gradients[-1, -1] == pytest.approx(np.sqrt((slope**2).sum(axis=1).mean()))


def _with_input(model, shape):
    return model(tv.input(shape, name="x"))


def test_recording_changes_nothing_else():
    with_flow, without = fitted(record="flow"), fitted()
    for path, value in without.parameters().items():
        np.testing.assert_array_equal(value, with_flow.parameters()[path])
    assert without.flow is None
    drop = ("seconds",)
    for a, b in zip(with_flow.history, without.history, strict=True):
        assert {k: v for k, v in a.items() if k not in drop} == {
            k: v for k, v in b.items() if k not in drop
        }


def test_rows_survive_saving_and_resuming(tmp_path):
    whole = fitted(record="flow", epochs=4)
    whole.save(tmp_path / "whole")
    assert tv.load(tmp_path / "whole").flow == whole.flow
    halted = fitted(
        record="flow", epochs=4, out=tmp_path / "run", callbacks=[lambda row: row["epoch"] == 2]
    )
    assert len(halted.flow) == 3 * 3
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 3))
    again = tv.resume(
        tmp_path / "run", epochs=5, data=(x, (x[:, 0] > x[:, 1]).astype(int)), progress=False
    )
    assert again.flow[: 3 * 3] == halted.flow
    assert [row["epoch"] for row in again.flow] == [e for e in range(6) for _ in range(3)]


def test_sigmoids_vanish_and_rectifiers_do_not():
    """Glorot & Bengio (2010): each sigmoid passes on at most a quarter."""
    deep = [12] * 8
    vanishing = tv.insight.flow(fitted("sigmoid", deep, 2, record="flow"))
    assert vanishing.verdict.startswith("Vanishing gradients: after epoch 2 the gradient at")
    ratios = vanishing.gradients[0, :-2] / vanishing.gradients[0, 1:-1]
    assert (ratios < 0.5).all()
    flowing = tv.insight.flow(fitted("relu", deep, 2, record="flow"))
    assert flowing.verdict.startswith("Gradients flow: ")


def verdict(gradients, values=None):
    gradients = np.array(gradients, float)
    values = np.ones_like(gradients) if values is None else np.array(values, float)
    layers = [f"l{i}" for i in range(gradients.shape[1])]
    return _verdict(layers, np.arange(len(gradients)), values, gradients)


@pytest.mark.parametrize(
    "gradients, values, words",
    [
        ([[1, 1], [0.99e-3, 1]], None, "Vanishing gradients: after epoch 1"),
        ([[1, 1], [1.01e-3, 1]], None, "Gradients flow"),
        ([[1e-9, 1], [1, 1]], None, "Gradients flow"),
        ([[1, 1], [1.01e3, 1]], None, "Exploding gradients: after epoch 1"),
        ([[1, 1], [0.99e3, 1]], None, "Gradients flow"),
        ([[1, 1], [np.inf, 1]], None, "Exploding gradients: after epoch 1 the gradient of l0"),
        (
            [[1, 1], [1, 1]],
            [[1, 1], [1, np.nan]],
            "Exploding values: after epoch 1 the value of l1",
        ),
        (
            [[1, 1], [1, 1]],
            [[1, 1], [1, 2e3]],
            "Exploding values: after epoch 1 the value of l1 is",
        ),
        (
            [[1, 1], [2e3, 2e3]],
            None,
            "Exploding gradients: after epoch 1 the gradient of l0 is",
        ),
        (
            [[1, 1], [1, 0]],
            None,
            "No gradient: after epoch 1 the gradient at l1 is exactly zero",
        ),
        ([[1, 1], [0, 1]], None, "No gradient: after epoch 1 the gradient at l0"),
        ([[1]], None, "There is one layer"),
        ([[1, 1e4]], None, "Vanishing gradients: before training"),
    ],
)
def test_verdicts(gradients, values, words):
    assert verdict(gradients, values).startswith(words)


def test_the_picture():
    figure = tv.insight.flow(fitted(record="flow")).plot()
    left, right = figure.axes
    assert len(left.lines) == len(right.lines) == 3
    assert left.get_yscale() == right.get_yscale() == "log"
    figure.canvas.draw()


def test_what_is_refused():
    with pytest.raises(tv.TriviumError, match='record="flow"'):
        tv.insight.flow(fitted())
    with pytest.raises(tv.TriviumError, match="takes a fit, what tv.fit returns, not int"):
        tv.insight.flow(3)
    with pytest.raises(tv.TriviumError, match="what can be recorded is 'flow'"):
        fitted(record="everything")
    with pytest.raises(tv.TriviumError, match="has no epochs"):
        fitted(record="flow", algorithm=tv.algorithms.LBFGS())


class Block(tv.Model):
    def __init__(self):
        self.first, self.second = tv.layers.Dense(4, "relu"), tv.layers.Dense(4)

    def __call__(self, x):
        return x + self.second(self.first(x))


class Residual(tv.Model):
    def __init__(self):
        self.start, self.blocks = tv.layers.Dense(4), [Block(), Block()]

    def __call__(self, x):
        h = self.start(x)
        for block in [*self.blocks, self.blocks[0]]:
            h = block(h)
        return h


def test_the_layers_of_nested_and_shared_models():
    names = [name for name, _ in layer_outputs(Residual()(tv.input((5, 3), name="x")))]
    block = ["first (Dense)", "second (Dense)"]
    assert names == [
        "start (Dense)",
        *[f"blocks.0 (Block) > {each}" for each in block], "blocks.0 (Block)",
        *[f"blocks.1 (Block) > {each}" for each in block], "blocks.1 (Block)",
        *[f"blocks.0 (Block) > {each} #2" for each in block], "blocks.0 (Block) #2",
    ]  # fmt: skip


def test_a_model_without_layers_is_one():
    f = tv.models.Formula(lambda x, a: a * x[:, 0], a=2.0)
    assert [name for name, _ in layer_outputs(f(tv.input((5, 3), name="x")))] == ["Formula"]
