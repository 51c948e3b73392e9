"""What happens around a call: features, building, scopes, results."""

import numpy as np
import pytest

from tests.learning.models.examples import X
from trivium.engine.errors import DTypeError, ShapeError
from trivium.engine.tensor import Tensor, tensor, variable
from trivium.engine.traversal import topological
from trivium.learning.errors import RequestError
from trivium.learning.layers import Activation, Dense, Sequential
from trivium.learning.models import MLP, Linear, Model, parameter


@pytest.mark.parametrize(
    "x",
    [X, X.astype(np.float32), X.tolist(), tensor(X), np.ones((7, 30), np.int32), X > 0],
    ids=["float64", "float32", "list", "tensor", "int32", "bool"],
)
def test_arrays_tables_and_lists_become_tensors(x: object) -> None:
    model = MLP([3])
    made = model(x)
    assert isinstance(made, Tensor)
    assert made.shape == (7,)
    assert np.isfinite(made.value).all()


def test_data_frames_become_tensors() -> None:
    import pandas
    import polars

    model = Linear(init="he_normal")
    expected = model(X).value
    names = [f"c{i}" for i in range(30)]
    np.testing.assert_array_equal(model(pandas.DataFrame(X, columns=names)).value, expected)
    np.testing.assert_array_equal(model(polars.DataFrame(X, schema=names)).value, expected)


def test_text_and_objects_are_refused_as_features() -> None:
    with pytest.raises(DTypeError):
        MLP([3])(np.array([["a", "b"]]))
    with pytest.raises(ShapeError, match="same length"):
        MLP([3])([[1.0, 2.0], [3.0]])


def test_several_arguments_and_results_are_the_users_business() -> None:
    class Cell(Model):
        def __init__(self):
            self.w = variable(2.0)

        def __call__(self, x, state, *, scale=1.0):
            return x * self.w * scale, state + 1

    made, state = Cell()(np.ones(3), 4, scale=0.5)
    np.testing.assert_array_equal(made.value, np.ones(3))
    assert state == 5


def test_build_runs_once_with_the_shape_of_the_features() -> None:
    shapes = []

    class Lazy(Model):
        def build(self, input_shape):
            shapes.append(input_shape)
            self.w = parameter((input_shape[-1], 2))

        def __call__(self, x):
            return x @ self.w

    model = Lazy()
    assert model.parameters() == {}
    assert model(X).shape == (7, 2)
    assert model(X[:3]).shape == (3, 2)
    assert shapes == [(7, 30)]
    assert model.w.dtype == np.float64
    other = Lazy()
    other(X.astype(np.float32))
    assert other.w.dtype == np.float32


def test_super_call_and_net_enter_the_model_once() -> None:
    scopes = []

    class Base(Model):
        def net(self, x):
            made = x + 1
            scopes.append(made.scope)
            return made

        def __call__(self, x):
            return self.net(x)

    class Child(Base):
        def __call__(self, x):
            return super().__call__(x) * 2

    assert Child()(1.0).item() == 4.0
    assert scopes == [("Child",)]


def test_nodes_know_the_layer_that_made_them() -> None:
    class Outer(Model):
        def __init__(self):
            self.body = Sequential(Dense(3), Activation("relu"))

        def __call__(self, x):
            return self.body(x)

    made = Outer()(X)
    assert made.scope == ("Outer", "body (Sequential)", "layers.1 (Activation)")
    scopes = {node.scope for node in topological([made])}
    assert ("Outer", "body (Sequential)", "layers.0 (Dense)") in scopes
    assert MLP([2])(X).scope == ("MLP", "layers.1 (Dense)")


def test_a_forgotten_return_is_named() -> None:
    class Forgetful(Model):
        def __call__(self, x):
            x + 1

    with pytest.raises(RequestError, match=r"Forgetful.__call__ returned None.*return"):
        Forgetful()(X)


def test_an_error_inside_a_call_leaves_no_trace() -> None:
    class Failing(Model):
        def __init__(self):
            self.inner = Dense(2)

        def __call__(self, x):
            self.inner(x)
            raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        Failing()(X)
    assert Linear()(X).scope == ("Linear",)
