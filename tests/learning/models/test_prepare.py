"""Sizes from the data, and models that a fit must not accept."""

import numpy as np
import pytest

from tests.learning.models.examples import X
from trivium.engine import array
from trivium.engine.composites import stop_gradient
from trivium.engine.tensor import Tensor, input, variable
from trivium.learning.errors import RequestError
from trivium.learning.layers import Dense, Sequential
from trivium.learning.models import MLP, Formula, Linear, Model, parameter


def features(*shape: int, dtype: str = "float32") -> Tensor:
    return input(shape or (64, 30), dtype, name="x")


@pytest.mark.parametrize("make", [Linear, MLP, lambda: Sequential(Dense(3), Dense())])
@pytest.mark.parametrize(("n_outputs", "shape"), [(None, (64,)), (1, (64, 1)), (5, (64, 5))])
def test_an_open_size_follows_the_target(make, n_outputs, shape) -> None:
    model = make()
    made = model.prepare(features(), n_outputs)
    assert made.shape == shape
    assert made.dtype == np.float32
    assert all(v.dtype == np.float32 for v in model.parameters().values())
    assert not any(v.has_value for v in model.parameters().values())


def test_looking_at_a_model_first_does_not_fix_its_open_size() -> None:
    model = MLP([4])
    assert model(X).shape == (7,)
    assert model.copy().prepare(features(), 3).shape == (64, 3)


def test_a_settled_size_is_not_changed() -> None:
    model = MLP([4])
    model(X)
    model.initialise(0)
    assert model.prepare(features(), None).shape == (64,)
    with pytest.raises(RequestError, match=r"one output \(N,\), but outputs \(N, 3\)"):
        model.prepare(features(), 3)


def test_a_model_of_ones_own_may_leave_a_size_open() -> None:
    class Own(Model):
        def __init__(self):
            self.body, self.last = MLP([4], outputs=8), Dense()

        def __call__(self, x):
            return self.last(array.tanh(self.body(x)))

        def open_layer(self):
            return self.last

    assert Own().prepare(features(), 3).shape == (64, 3)
    assert Own().prepare(features(), None).shape == (64,)


class Column(Model):
    def __init__(self, units):
        self.dense = Dense(units)

    def __call__(self, x):
        return self.dense(x)


@pytest.mark.parametrize(
    ("model", "n_outputs", "says"),
    [
        (Column(1), None, r"gives shape \(N, 1\).*need \(N,\): one number.*\[:, 0\]"),
        (Column(3), 10, r"gives shape \(N, 3\).*need \(N, 10\): 10 numbers.*10 outputs"),
        (Column(3), None, r"gives shape \(N, 3\).*need \(N,\).*objective for several"),
        (MLP([2], outputs=4), 3, r"MLP gives shape \(N, 4\).*give the last layer 3 outputs"),
        (
            Formula(lambda x, a: a * x.sum(), a=1),
            None,
            r"gives shape \(\).*keep the first",
        ),
        (Formula(lambda x, a: x.argmax(axis=1), a=1), None, "int64.*argmax"),
        (Formula(lambda x, a: (x, a), a=1), None, "returned tuple"),
    ],
)
def test_outputs_that_do_not_fit_are_refused(model, n_outputs, says) -> None:
    with pytest.raises(RequestError, match=says):
        model.prepare(features(), n_outputs)


def test_integer_parameters_are_refused() -> None:
    class Whole(Model):
        def __init__(self):
            self.b = variable(0)

        def __call__(self, x):
            return x[:, 0] + self.b

    with pytest.raises(RequestError, match=r"parameter b is int64.*tv.variable\(0.0\)"):
        Whole().prepare(features())


def test_layers_made_inside_the_call_are_refused() -> None:
    class Temporary(Model):
        def __call__(self, x):
            return Dense(4)(x).sum(axis=1)

    with pytest.raises(RequestError, match=r"variable Dense.weight.*never be .*__init__"):
        Temporary().prepare(features())


def test_variables_outside_the_model_are_refused_unless_they_are_meant_to_be_fixed() -> None:
    scale = variable(2.0, name="scale")

    class Outside(Model):
        def __init__(self, fixed):
            self.w = parameter((30,))
            self.fixed = fixed

        def __call__(self, x):
            factor = stop_gradient(scale * 2.0) if self.fixed else scale * 2.0
            return x @ self.w * factor.astype(x.dtype)

    with pytest.raises(RequestError, match="uses the variable scale"):
        Outside(fixed=False).prepare(features())
    assert Outside(fixed=True).prepare(features()).shape == (64,)


def test_features_need_examples() -> None:
    with pytest.raises(RequestError, match="first axis of examples"):
        Linear().prepare(input((), name="x"))
