"""Models that several test files use."""

import numpy as np

from trivium.engine.tensor import variable
from trivium.learning.models import Model, parameter

X = np.random.default_rng(0).normal(size=(7, 30))


class Mine(Model):
    """The example of the documentation: no call of super().__init__."""

    def __init__(self):
        self.w = parameter((30, 1))
        self.b = variable(0.0)

    def __call__(self, x):
        return (x @ self.w + self.b)[:, 0]


class Holder(Model):
    """Whatever it is given, as attributes."""

    def __init__(self, **parts):
        for name, part in parts.items():
            setattr(self, name, part)

    def __call__(self, x):
        return x


def values(model: Model) -> dict[str, np.ndarray]:
    return {path: each.value for path, each in model.parameters().items()}


def assert_same(one: dict, other: dict) -> None:
    assert list(one) == list(other)
    for path in one:
        np.testing.assert_array_equal(one[path], other[path], err_msg=path)
