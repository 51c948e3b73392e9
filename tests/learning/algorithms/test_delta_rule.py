"""The delta rule: LMS for linear units, the perceptron's rule for threshold units."""

from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from trivium.engine.program import Program
from trivium.engine.reverse import gradients
from trivium.engine.tensor import input, variable
from trivium.learning.algorithms import SGD, DeltaRule, GradientDescent
from trivium.learning.batch import Batch
from trivium.learning.errors import RequestError
from trivium.learning.models import MLP, Linear, ThresholdNeuron
from trivium.learning.objectives import (
    L2,
    AbsoluteError,
    BinaryCrossEntropy,
    CrossEntropy,
    SquaredError,
)

rng = np.random.default_rng(11)


def prepared(model: Any, x: np.ndarray, n_outputs: int | None = None) -> Any:
    model.prepare(input(x.shape, x.dtype, name="x"), n_outputs)
    model.initialise(0)
    return model


def slopes(algorithm: Any, objective: Any, model: Any, batch: Batch) -> list[np.ndarray]:
    found = algorithm.gradients(objective, model, batch, list(model.parameters().values()))
    return [each.value for each in found[1]]


@pytest.mark.parametrize("n_outputs", [None, 1, 3])
@pytest.mark.parametrize("weighted", [False, True])
def test_for_a_linear_unit_it_is_half_the_gradient_of_the_squared_error(
    n_outputs: int | None, weighted: bool
) -> None:
    x = rng.normal(size=(20, 4))
    y = rng.normal(size=(20,) if n_outputs is None else (20, n_outputs))
    model = prepared(Linear(init="normal"), x, n_outputs)
    weight = variable(rng.uniform(0, 2, 20)) if weighted else None
    batch = Batch(variable(x), variable(y), weight)
    ours = slopes(DeltaRule(), SquaredError(), model, batch)
    theirs = slopes(SGD(), 0.5 * SquaredError(), model, batch)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)
    loss = DeltaRule().gradients(SquaredError(), model, batch, [])[0]
    assert loss.name == "loss"
    np.testing.assert_allclose(loss.value, SquaredError()(model, batch).value)


def test_one_example_gives_the_textbook_correction() -> None:
    """Δw = η (t - o) x and Δθ = -η (t - o) with o = step(w·x - θ)."""
    x = np.array([[2.0, -1.0]])
    model = prepared(ThresholdNeuron(), x)
    model.weight.assign(np.array([0.5, 3.0]))
    model.threshold.assign(np.array(0.25))  # w·x - θ = -2.25, so o = 0
    rule, step = DeltaRule(0.1), variable(np.int64(0))
    parameters = list(model.parameters().values())
    for target, change in ((1, 1.0), (0, 0.0)):
        loss, found = rule.gradients(
            SquaredError(), model, Batch(variable(x), variable(np.array([target]))), parameters
        )
        updates = rule.updates(loss, found, parameters, {}, step)
        moved = [updates[each].value - each.value for each in parameters]
        np.testing.assert_allclose(moved[0], 0.1 * change * x[0], atol=1e-16)
        np.testing.assert_allclose(moved[1], -0.1 * change, atol=1e-16)


@pytest.mark.parametrize("seed", range(5))
def test_a_perceptron_makes_at_most_r_over_gamma_squared_mistakes(seed: int) -> None:
    """Novikoff's theorem: on separable data, one example at a time, from zero, at any rate."""
    draw = np.random.default_rng(seed)
    normal = draw.normal(size=3)
    normal /= np.linalg.norm(normal)
    x = draw.uniform(-1, 1, (300, 3))
    x = x[np.abs(x @ normal - 0.1) > 0.05]
    code = (x @ normal > 0.1).astype(np.int64)
    # The threshold is a weight of a constant input -1.
    extended = np.c_[x, -np.ones(len(x))]
    best = np.r_[normal, 0.1] / np.linalg.norm(np.r_[normal, 0.1])
    margin = np.min((2 * code - 1) * (extended @ best))
    bound = (np.linalg.norm(extended, axis=1).max() / margin) ** 2
    model = prepared(ThresholdNeuron(), x)
    row, label = input((1, 3), name="x"), input((1,), "int64", name="y")
    parameters = list(model.parameters().values())
    rule = DeltaRule(learning_rate=0.37)
    loss, found = rule.gradients(SquaredError(), model, Batch(row, label), parameters)
    updates = rule.updates(loss, found, parameters, {}, variable(np.int64(0)))
    program = Program([row, label], loss, updates)
    mistakes, clean = 0, False
    for _ in range(1000):
        wrong = sum(float(program.run(x[i : i + 1], code[i : i + 1])) for i in range(len(x)))
        mistakes += int(wrong)
        clean = wrong == 0
        if clean:
            break
    assert clean
    assert 0 < mistakes <= bound
    np.testing.assert_array_equal(model(x).value, code)


def test_a_sigmoid_unit_is_taught_as_by_cross_entropy() -> None:
    x = rng.normal(size=(30, 3))
    code = rng.integers(0, 2, 30)
    model = prepared(Linear(output="sigmoid", init="normal"), x)
    logits = prepared(Linear(), x)
    for path, each in logits.parameters().items():
        each.assign(model.parameters()[path].value)
    batch = Batch(variable(x), variable(code))
    ours = slopes(DeltaRule(), SquaredError(), model, batch)
    theirs = slopes(SGD(), BinaryCrossEntropy(), logits, batch)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(
    ("model", "objective", "words"),
    [
        (MLP([3]), SquaredError(), "MLP has no method net"),
        (Linear(), AbsoluteError(), "AbsoluteError()"),
        (Linear(), CrossEntropy(), "SGD or Adam"),
        (Linear(), SquaredError() + 0.1 * L2(), "knows no other term"),
        (Linear(), L2(), "knows no other term"),
    ],
)
def test_models_and_objectives_that_it_does_not_know_are_refused(
    model: Any, objective: Any, words: str
) -> None:
    with pytest.raises(RequestError) as caught:
        DeltaRule().refuse(model, objective)
    assert words in str(caught.value)
    with pytest.raises(RequestError):
        DeltaRule().gradients(objective, model, Batch(variable([[1.0]]), variable([1.0])), [])
    DeltaRule().refuse(Linear(), SquaredError() + 0 * L2())


def test_logistic_regression_by_descent_reaches_the_solution_of_scikit_learn() -> None:
    x = rng.normal(size=(60, 3))
    code = (x @ [1.0, -2.0, 0.5] + rng.logistic(size=60) > 0).astype(np.int64)
    model = prepared(Linear(), x)
    objective = BinaryCrossEntropy() + 0.01 * L2()
    parameters = list(model.parameters().values())
    batch = Batch(variable(x), variable(code))
    descent = GradientDescent(1.0)
    loss, found = descent.gradients(objective, model, batch, parameters)
    updates = descent.updates(loss, found, parameters, {}, variable(np.int64(0)))
    Program([], loss, updates).run(steps=400)
    # Ours is the mean, theirs C times the sum plus half the square.
    other = LogisticRegression(C=1 / (2 * 0.01 * 60), tol=1e-10, max_iter=10**4).fit(x, code)
    np.testing.assert_allclose(model.weight.value, other.coef_[0], atol=1e-6)
    np.testing.assert_allclose(model.bias.value, other.intercept_[0], atol=1e-6)
    assert all(np.abs(g.value).max() < 1e-7 for g in gradients([loss], parameters))
