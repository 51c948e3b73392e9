"""The generated NumPy file: it runs, and computes what the engine computes."""

import numpy as np

import trivium as tv
from trivium.insight.derivation.deriving import derive


def test_a_network():
    model = tv.models.MLP(hidden=[4, 3], activation="relu")
    derivation = derive(model, tv.objectives.CrossEntropy(), features=5, outputs=3)
    space = {}
    exec(derivation.python(), space)
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(6, 5)), rng.integers(0, 3, 6)
    values = {p: rng.normal(size=s.shape) for p, s in derivation.parameters.items()}
    loss, gradients = space["loss_and_gradients"](values, x, y)
    assert np.isfinite(loss) and list(gradients) == list(values)
