"""Parameters and layers by attribute path: order, sharing, cycles, the summary."""

from collections import namedtuple

import numpy as np
import pytest

from tests.learning.models.examples import Holder, Mine, X
from trivium.engine.tensor import variable
from trivium.engine.transforms import gradient
from trivium.learning.errors import RequestError
from trivium.learning.layers import Activation, Dense, Sequential
from trivium.learning.models import MLP, Formula, Linear, Model


def test_the_documented_example_works_as_it_stands() -> None:
    model = Mine()
    assert list(model.parameters()) == ["w", "b"]
    model.initialise(5)
    w, b = model.w.value, model.b.value
    np.testing.assert_allclose(model(X).value, (X @ w + b)[:, 0])
    made = model(X).sum()
    np.testing.assert_allclose(gradient(made, model.w).value, X.sum(0)[:, None])


def test_paths_are_attribute_paths_in_the_order_of_the_attributes() -> None:
    pair = namedtuple("Pair", "first second")
    a, b, c, d, e, f = (variable(float(i)) for i in range(6))
    model = Holder(
        z=[Holder(a=a), (b, {"k": c, 3: Holder(q=[d])})],
        number=3,
        text="layers",
        nothing=None,
        function=np.sin,
        pairs=pair(e, variable(0.5)),
        a=f,
    )
    assert list(model.parameters()) == [
        "z.0.a", "z.1.0", "z.1.1.k", "z.1.1.3.q.0", "pairs.0", "pairs.1", "a",
    ]  # fmt: skip
    assert model.parameters()["z.1.1.3.q.0"] is d
    assert d.name == "z.1.1.3.q.0"
    assert list(model.sublayers()) == ["z.0", "z.1.1.3"]


def test_what_is_shared_appears_once_under_its_first_path() -> None:
    w = variable([1.0, 2.0])
    layer = Holder(w=w)
    model = Holder(first=layer, again=layer, listed=[layer, w], own=w)
    assert list(model.parameters()) == ["first.w"]
    assert list(model.sublayers()) == ["first"]


def test_a_parameter_used_twice_gets_both_gradients() -> None:
    class Twice(Model):
        def __init__(self):
            self.w = variable(3.0)
            self.again = self.w

        def __call__(self, x):
            return x * self.w * self.again

    model = Twice()
    assert list(model.parameters()) == ["w"]
    assert gradient(model(2.0), model.w).item() == 12.0  # d/dw 2w² at 3


def test_cycles_end() -> None:
    parent, child = Holder(w=variable(0.0)), Holder(v=variable(1.0))
    parent.child, child.parent = child, parent
    loop: list = [variable(2.0)]
    loop.append(loop)
    parent.loop = loop
    assert list(parent.parameters()) == ["w", "child.v", "loop.0"]
    assert list(child.parameters()) == ["v", "parent.w", "parent.loop.0"]
    copied = parent.copy()
    assert copied.child.parent is copied
    assert copied.loop[1] is copied.loop


def test_very_deep_containers_need_no_recursion() -> None:
    nested: list = [variable(1.0)]
    for _ in range(5000):
        nested = [nested]
    assert list(Holder(deep=nested).parameters()) == ["deep" + ".0" * 5001]


def test_two_variables_of_one_path_are_refused() -> None:
    model = Holder(d={1: variable(0.0), "1": variable(1.0)})
    with pytest.raises(RequestError, match=r"two parameters of Holder have the path 'd.1'"):
        model.parameters()


def test_a_model_without_parameters_is_a_model() -> None:
    class Double(Model):
        def __call__(self, x):
            return x * 2

    model = Double()
    assert model.parameters() == {}
    model.initialise(0)
    assert model.copy()(3.0).item() == 6.0
    assert "total" in str(model)


def test_attributes_must_not_hide_the_methods_of_every_model() -> None:
    for name in ("parameters", "copy", "spec", "initialise", "prepare", "build"):
        with pytest.raises(RequestError, match=f"Holder.{name} cannot be an attribute"):
            Holder(**{name: 1})
    Holder(output="probability", net=1, layers=[])  # these are free


def test_a_class_without_a_formula_is_refused_when_called() -> None:
    with pytest.raises(RequestError, match=r"Empty has no formula: define __call__"):
        type("Empty", (Model,), {})()(X)


def test_the_summary_counts_every_parameter_once() -> None:
    shared = Dense(30)
    model = Sequential(shared, Activation("relu"), shared, Dense(2))
    assert str(model).count("?") >= 4
    model(X)
    total = sum(v.size for v in model.parameters().values())
    lines = str(model).splitlines()
    assert lines[0] == repr(model)
    assert lines[-1].split() == ["total", "(N,", "2)", f"{total:,}"]
    assert any(line.split()[-2:] == ["as", "layers.0"] for line in lines)
    rows = {line.split()[0]: line.split()[-1] for line in lines[4:-2]}
    assert rows["layers.0"] == f"{30 * 30 + 30}"
    assert rows["layers.3"] == f"{30 * 2 + 2}"
    assert rows["layers.1"] == "0"


def test_printing_models_of_every_kind() -> None:
    for model in (Mine(), MLP(), Linear(), Formula(lambda x, a: x * a, a=1.5), Sequential()):
        assert "parameters" in str(model)
        assert repr(model) in str(model)
    assert repr(Mine()) == "Mine()"
