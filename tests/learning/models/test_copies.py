"""Copies have variables of their own and the structure of the original."""

from collections import OrderedDict

import numpy as np

from tests.learning.models.examples import Holder, Mine, X, assert_same, values
from trivium.engine import array
from trivium.engine.tensor import tensor, variable
from trivium.engine.transforms import gradient
from trivium.learning.layers import Dense
from trivium.learning.models import MLP, Model, Parameter


def test_a_copy_has_variables_of_its_own_with_the_same_values() -> None:
    model = MLP([4])
    model.initialise(1)
    model(X)
    copied = model.copy()
    assert_same(values(model), values(copied))
    np.testing.assert_array_equal(copied(X).value, model(X).value)
    copied.layers[0].bias.assign(np.ones(4))
    assert (model.layers[0].bias.value == 0).all()
    assert copied.spec() == model.spec()
    assert not {id(v) for v in model.parameters().values()} & {
        id(v) for v in copied.parameters().values()
    }


def test_a_copy_in_another_dtype_computes_in_it() -> None:
    model = MLP([4])
    model(X)
    model.initialise(0)
    copied = model.copy(dtype="float32")
    assert {v.dtype for v in copied.parameters().values()} == {np.dtype("float32")}
    assert copied(X.astype(np.float32)).dtype == np.float32
    np.testing.assert_allclose(copied(X).value, model(X).value, rtol=1e-5)
    for path, value in values(model).items():
        np.testing.assert_array_equal(values(copied)[path], value.astype(np.float32))


def test_what_is_shared_stays_shared_in_the_copy() -> None:
    layer, w = Dense(30), variable(1.0)
    model = Holder(one=layer, two=[layer], w=w, w2=(w,))
    copied = model.copy("float32")
    assert copied.one is copied.two[0]
    assert copied.w is copied.w2[0]
    assert copied.one is not layer
    assert copied.w is not w


def test_what_awaits_its_value_still_does_in_the_copy() -> None:
    model = MLP([4])
    model(X)  # provisional
    copied = model.copy("float32")
    copied.initialise(5)
    fresh = MLP([4])
    fresh(X)
    fresh.initialise(5)
    for path, value in values(fresh).items():
        np.testing.assert_array_equal(values(copied)[path], value.astype(np.float32))
    assert all(isinstance(v, Parameter) and v.pending for v in model.parameters().values())


def test_expressions_and_constants_kept_as_attributes_follow_the_copy() -> None:
    class Kept(Model):
        def __init__(self):
            self.log_scale = variable(0.0)
            self.scale = array.exp(self.log_scale)
            self.shift = tensor([1.0, 2.0])
            self.counts = tensor([1, 2])

        def __call__(self, x):
            return (x + self.shift) * self.scale * self.counts

    model = Kept()
    for dtype in (None, "float32"):
        copied = model.copy(dtype)
        assert copied(np.zeros((1, 2), dtype or "float64")).dtype == (dtype or "float64")
        copied.log_scale.assign(np.log(3.0))
        np.testing.assert_allclose(copied(np.zeros((1, 2))).value, [[3.0, 12.0]], rtol=1e-6)
        np.testing.assert_array_equal(model(np.zeros((1, 2))).value, [[1.0, 4.0]])
        made = copied(np.zeros((1, 2))).sum()
        np.testing.assert_allclose(gradient(made, copied.log_scale).value, 15.0, rtol=1e-6)
        assert copied.counts.dtype == np.int64


def test_methods_and_containers_are_bound_to_the_copy() -> None:
    class Bound(Model):
        def __init__(self):
            self.w = variable(2.0)
            self.act = self.times
            self.table = OrderedDict(b=variable(1.0), a=variable(2.0))

        def times(self, x):
            return x * self.w

        def __call__(self, x):
            return self.act(x) + self.table["b"]

    model = Bound()
    copied = model.copy()
    copied.w.assign(5.0)
    assert copied(1.0).item() == 6.0
    assert model(1.0).item() == 3.0
    assert type(copied.table) is OrderedDict
    assert list(copied.parameters()) == list(model.parameters()) == ["w", "table.b", "table.a"]
    assert copied.table["a"] is not model.table["a"]


def test_deepcopy_is_copy() -> None:
    from copy import deepcopy

    model = Mine()
    model.initialise(0)
    copied = deepcopy({"model": model})["model"]
    assert copied.w is not model.w
    assert_same(values(copied), values(model))
