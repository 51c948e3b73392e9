"""Derivations against what textbooks print, finite differences and the engine's own gradients."""

from dataclasses import replace

import numpy as np
import pytest

import trivium as tv
from trivium.engine.composites import ones_like
from trivium.engine.errors import ArgumentError, ShapeError
from trivium.engine.primitives import arithmetic, reductions
from trivium.engine.reverse import gradients
from trivium.engine.traversal import topological
from trivium.insight.derivation import textbook
from trivium.learning.batch import Batch
from trivium.learning.errors import RequestError
from trivium.learning.layers.activations import ACTIVATIONS

RNG = np.random.default_rng(7)
X = RNG.normal(size=(6, 4))
NUMBERS = RNG.normal(size=6)
TWO = np.array([0, 1, 1, 0, 1, 0])
THREE = np.array([0, 1, 2, 0, 1, 2])
TARGETS = {
    "CrossEntropy": THREE,
    "BinaryCrossEntropy": TWO,
    "Hinge": TWO,
    "SquaredError": NUMBERS,
    "AbsoluteError": NUMBERS,
    "Huber": NUMBERS,
}


def equation(derivation, text):
    """The equation that defines the symbol written ``text``."""
    return next(each for each in derivation.equations if each.defines.text == text)


def leaf(derivation, text):
    """The leaf that stands for the symbol written ``text``."""
    return next(each.leaf for each in derivation.symbols if each.text == text)


def assert_checked(derivation, tolerance=1e-6):
    """Every gradient agrees with central differences."""
    numbers = derivation.numbers()
    for each in derivation.backward:
        check = numbers.check(each.defines)
        if check is not None:
            assert check.relative < tolerance or check.difference < 1e-8, (each.defines, check)


def test_softmax_regression_is_the_textbook_s():
    derivation = tv.insight.derive(tv.models.Linear(), tv.objectives.CrossEntropy(), (X, THREE))
    names = [each.defines.text for each in derivation.equations]
    assert names == ["z", "P", "Y", "L", "Δ", "∂L/∂W", "∂L/∂b"]
    delta = equation(derivation, "Δ").expression
    assert delta.primitive is arithmetic.multiply
    assert delta.inputs[1] is arithmetic.subtract(leaf(derivation, "P"), leaf(derivation, "Y"))
    quotient = delta.inputs[0].inputs[0]
    assert quotient.primitive is arithmetic.divide
    assert quotient.inputs[1] is leaf(derivation, "n")
    assert float(quotient.inputs[0].attributes.array) == 1.0
    weight = equation(derivation, "∂L/∂W").expression
    assert weight.shape == (4, 3)
    assert weight.inputs == (leaf(derivation, "X"), leaf(derivation, "Δ"))
    assert equation(derivation, "∂L/∂b").expression is reductions.sum_(
        leaf(derivation, "Δ"), axes=(0,)
    )
    assert equation(derivation, "Δ").rules == ("softmax-cross-entropy",)
    assert {each.text for each in equation(derivation, "Δ").uses} == {"P", "Y"}


def test_logistic_regression_is_the_textbook_s():
    derivation = tv.insight.derive(
        tv.models.Linear(), tv.objectives.BinaryCrossEntropy(), (X, TWO)
    )
    difference = equation(derivation, "Δ").expression.inputs[1]
    assert difference.primitive is arithmetic.subtract
    assert difference.inputs[0] is leaf(derivation, "p")
    assert equation(derivation, "p").expression is tv.array.sigmoid(leaf(derivation, "z"))


def test_the_activation_s_derivative_reuses_its_value():
    model = tv.models.MLP(hidden=[3], activation="sigmoid")
    derivation = tv.insight.derive(model, tv.objectives.SquaredError(), (X, NUMBERS))
    a, back = leaf(derivation, "a[1]"), leaf(derivation, "∂L/∂a[1]")
    one = ones_like(a)
    expected = arithmetic.multiply(back, arithmetic.multiply(a, arithmetic.subtract(one, a)))
    assert equation(derivation, "Δ[1]").expression is expected

    model = tv.models.MLP(hidden=[3], activation="tanh")
    derivation = tv.insight.derive(model, tv.objectives.SquaredError(), (X, NUMBERS))
    a, back = leaf(derivation, "a[1]"), leaf(derivation, "∂L/∂a[1]")
    slope = arithmetic.subtract(ones_like(a), arithmetic.square(a))
    assert equation(derivation, "Δ[1]").expression is arithmetic.multiply(back, slope)

    model = tv.models.MLP(hidden=[3], activation="relu")
    derivation = tv.insight.derive(model, tv.objectives.SquaredError(), (X, NUMBERS))
    z, back = leaf(derivation, "z[1]"), leaf(derivation, "∂L/∂a[1]")
    assert equation(derivation, "Δ[1]").expression is arithmetic.multiply(
        back, textbook.step(z)
    )


def test_a_penalty_adds_its_own_path():
    objective = tv.objectives.SquaredError() + 0.1 * tv.objectives.L2()
    derivation = tv.insight.derive(tv.models.Linear(), objective, (X, NUMBERS))
    weight = equation(derivation, "∂L/∂w")
    assert weight.rules == ("paths", "penalty-square", "product-right")
    assert weight.expression.primitive is arithmetic.add
    assert float(weight.expression.inputs[0].inputs[0].inputs[0].attributes.array) == 0.2
    assert "penalty-square" not in equation(derivation, "∂L/∂b").rules


@pytest.mark.parametrize("activation", sorted(set(ACTIVATIONS) - {"step"}))
def test_every_activation_agrees_with_finite_differences(activation):
    model = tv.models.MLP(hidden=[5, 3], activation=activation)
    objective = tv.objectives.SquaredError() + 0.1 * tv.objectives.L2()
    assert_checked(tv.insight.derive(model, objective, (X, NUMBERS)))


@pytest.mark.parametrize("loss", sorted(TARGETS))
def test_every_loss_agrees_with_finite_differences(loss):
    model = tv.models.MLP(hidden=[5, 3], activation="tanh")
    objective = getattr(tv.objectives, loss)() + 0.01 * tv.objectives.L1()
    assert_checked(tv.insight.derive(model, objective, (X, TARGETS[loss])))


@pytest.mark.parametrize(
    ("family", "target"),
    [
        ("poisson", np.array([0, 1, 2, 0, 3, 1])),
        ("gamma", np.abs(NUMBERS) + 0.1),
        ("normal", NUMBERS),
        ("inverse_gaussian", np.abs(NUMBERS) + 0.1),
    ],
)
def test_likelihoods_agree_with_finite_differences(family, target):
    objective = tv.objectives.NegativeLogLikelihood(family)
    assert_checked(tv.insight.derive(tv.models.Linear(), objective, (X, target)))


@pytest.mark.parametrize("loss", ["CrossEntropy", "Huber"])
def test_the_gradients_are_those_of_the_engine(loss):
    model = tv.models.MLP(hidden=[5], activation="gelu")
    objective = getattr(tv.objectives, loss)() + 0.1 * tv.objectives.L2()
    derivation = tv.insight.derive(model, objective, (X, TARGETS[loss]), examples=6)
    own = tv.models.MLP(
        hidden=[5], activation="gelu", outputs=3 if loss == "CrossEntropy" else None
    ).copy("float64")
    own(tv.tensor(X))
    numbers = derivation.numbers()
    own.assign({path: numbers.of(symbol) for path, symbol in derivation.parameters.items()})
    value = objective(own, Batch(tv.tensor(X), tv.tensor(TARGETS[loss])))
    parameters = own.parameters()
    expected = gradients([value], list(parameters.values()))
    assert float(numbers.of(derivation.loss)) == pytest.approx(float(value.value), rel=1e-12)
    for path, gradient in zip(parameters, expected, strict=True):
        found = numbers.of(derivation.gradients[path])
        np.testing.assert_allclose(found, gradient.value, rtol=1e-10, atol=1e-13)


class Shared(tv.Model):
    """One layer used twice, a connection around it, another one at the end."""

    def __init__(self):
        self.first = tv.layers.Dense(4, activation="tanh")
        self.last = tv.layers.Dense(3)

    def __call__(self, x):
        return self.last(self.first(self.first(x)) + x)


def test_shared_weights_sum_over_their_uses():
    derivation = tv.insight.derive(Shared(), tv.objectives.CrossEntropy(), (X, THREE))
    assert_checked(derivation)
    gradient = equation(derivation, "∂L/∂W[first]")
    assert gradient.rules == ("paths", "product-right")
    assert gradient.expression.primitive is arithmetic.add


class Recurrent(tv.Model):
    """A recurrent network over the features, one at a time."""

    def __init__(self):
        self.u = tv.parameter((1, 3))
        self.w = tv.parameter((3, 3))
        self.v = tv.parameter((3,))

    def __call__(self, x):
        steps = tv.array.permute_dims(x[:, :, None], (1, 0, 2))

        def step(h, now):
            h = tv.array.tanh(now @ self.u + h @ self.w)
            return h, h

        last, _ = tv.scan(step, tv.array.zeros((x.shape[0], 3)), steps)
        return last @ self.v


def test_loops_stay_loops():
    derivation = tv.insight.derive(Recurrent(), tv.objectives.SquaredError(), (X, NUMBERS))
    assert_checked(derivation)
    assert equation(derivation, "∂L/∂w").rules == ("recurrence",)


class Normalised(Recurrent):
    """A recurrent network that normalises over the examples inside its loop."""

    def __call__(self, x):
        steps = tv.array.permute_dims(x[:, :, None], (1, 0, 2))

        def step(h, now):
            z = now @ self.u + h @ self.w
            z = z - tv.array.mean(z, axis=0)
            h = tv.array.relu(z) + 0.1 * tv.array.softmax(z)
            return h, h

        last, _ = tv.scan(step, tv.array.zeros((x.shape[0], 3)), steps)
        return last @ self.v


def test_the_body_of_a_loop_is_derived_like_anything_else():
    derivation = tv.insight.derive(Normalised(), tv.objectives.SquaredError(), (X, NUMBERS))
    assert_checked(derivation)
    assert "7919" not in derivation.text() + derivation.python() + derivation.latex()
    (loop,) = [
        each for each in topological([equation(derivation, "∂L/∂w").expression])
        if each.primitive.name == "scan"
    ]  # fmt: skip
    inside = {each.primitive for each in topological(loop.attributes.outputs)}
    assert textbook.softmax in inside and textbook.step in inside


def test_formulas_and_dropout():
    formula = tv.models.Formula(lambda x, a, b: a * tv.array.exp(-b * x[:, 0]), a=1.0, b=0.5)
    derivation = tv.insight.derive(formula, tv.objectives.SquaredError(), (X[:, :1], NUMBERS))
    assert_checked(derivation)
    assert {"a", "b"} == {each.text for each in derivation.parameters.values()}

    model = tv.models.MLP(hidden=[8], dropout=0.5)
    squares = tv.objectives.SquaredError()
    without = tv.insight.derive(model, squares, (X, NUMBERS))
    assert not without.random
    trained = tv.insight.derive(model, squares, (X, NUMBERS), training=True)
    (mask,) = [each for each in trained.symbols if each.role == "random"]
    assert mask.shape == ("n", 8)
    assert_checked(trained)
    assert trained.numbers().of(mask).shape == (4, 8)


def test_small_numbers_are_no_counts_of_examples():
    formula = tv.models.Formula(lambda x, a: a * (x[:, 0] + 1e-9) / 7e-12, a=1.0)
    derivation = tv.insight.derive(formula, tv.objectives.SquaredError(), (X[:, :1], NUMBERS))
    assert_checked(derivation)
    value = float(derivation.numbers().of(derivation.loss))
    expected = np.mean(((X[:4, 0] + 1e-9) / 7e-12 - NUMBERS[:4]) ** 2)
    assert value == pytest.approx(expected, rel=1e-10)


def test_second_derivatives_are_the_hessian():
    model = tv.models.MLP(hidden=[3], activation="tanh")
    derivation = tv.insight.derive(model, tv.objectives.CrossEntropy(), (X, THREE))
    twice = derivation.second()
    assert_checked(twice, 1e-5)
    # H v for v = 1 against a difference of gradients.
    numbers, step = twice.numbers(), 1e-6
    path = "layers.0.weight"

    def gradient_at(shift):
        values = {
            key: value + shift
            if any(key == id(s.leaf) for s in derivation.parameters.values())
            else value
            for key, value in derivation.values.items()
        }
        moved = replace(derivation, values=values, _cache={})
        return moved.numbers().of(derivation.gradients[path])

    expected = (gradient_at(step) - gradient_at(-step)) / (2 * step)
    np.testing.assert_allclose(
        numbers.of(twice.gradients[path]), expected, rtol=1e-6, atol=1e-8
    )


def test_expressions_of_variables():
    price = tv.variable(100.0, name="price")
    count = tv.variable(2.0, name="count")
    tax = tv.variable(1.1, name="tax")
    derivation = tv.insight.derive(price * count * tax)
    numbers = derivation.numbers()
    assert float(numbers.of(derivation.loss)) == pytest.approx(220)
    assert {
        path: float(numbers.of(symbol)) for path, symbol in derivation.gradients.items()
    } == pytest.approx({"price": 2.2, "count": 110.0, "tax": 200.0})


def test_tensors_of_an_expression_by_name():
    price, count = tv.tensor(100.0), tv.tensor(2.0)
    total = (price * count * 1.1).sum()
    both = tv.insight.derive(total)
    assert set(both.gradients) == {"x_1", "x_2"}
    named = tv.insight.derive(total, with_respect_to={"price": price})
    numbers = named.numbers()
    assert float(numbers.of(named.gradients["price"])) == pytest.approx(2.2)
    with pytest.raises(ArgumentError, match="no leaf of the expression"):
        tv.insight.derive(total, with_respect_to={"other": tv.tensor(1.0)})


def test_a_fit_is_derived_with_its_own_parameters():
    data = tv.data.load("iris")
    fit = tv.fit(
        tv.models.MLP(hidden=[8]), tv.objectives.CrossEntropy(), tv.algorithms.Adam(), data,
        epochs=2, progress=False,
    )  # fmt: skip
    derivation = fit.derive(data, examples=150)
    numbers = derivation.numbers()
    assert float(numbers.of(derivation.loss)) == pytest.approx(
        fit.score(data)["loss"], rel=1e-5
    )
    assert derivation.algorithm == "Adam(learning_rate=0.001)"
    assert not fit.derive().has_data


def test_what_cannot_be_derived_says_why():
    with pytest.raises(RequestError, match="pass the objective too"):
        tv.insight.derive(tv.models.Linear())
    with pytest.raises(RequestError, match="features=4"):
        tv.insight.derive(tv.models.MLP(hidden=[3]), tv.objectives.SquaredError())
    with pytest.raises(ShapeError, match="scalar"):
        tv.insight.derive(tv.variable([1.0, 2.0]))
    with pytest.raises(ArgumentError, match="no variables"):
        tv.insight.derive(tv.array.exp(tv.input((), name="x")))
    with pytest.raises(ArgumentError, match="no numbers"):
        tv.insight.derive(
            tv.models.Linear(), tv.objectives.SquaredError(), features=2
        ).numbers()
    with pytest.raises(ArgumentError, match=r"\.tex, \.py"):
        tv.insight.derive(tv.models.Linear(), tv.objectives.SquaredError(), features=2).save(
            "derivation.docx"
        )


def test_a_threshold_stops_the_gradient_and_the_note_says_so():
    model = tv.models.MLP(hidden=[3], activation="step")
    derivation = tv.insight.derive(model, tv.objectives.SquaredError(), (X, NUMBERS))
    assert set(derivation.gradients) == {"layers.1.weight", "layers.1.bias"}
    assert "No gradient reaches layers.0.weight, layers.0.bias:" in str(derivation.notes[0])
