"""tv.insight.first_nonfinite: programs on both backends, expressions, steps, fits, refusals."""

import numpy as np
import pytest

import trivium as tv
from trivium.engine.errors import ArgumentError, DTypeError, ShapeError, UnboundInputError
from trivium.insight import AllFinite, first_nonfinite


@pytest.mark.parametrize("backend", ["native", "reference"])
def test_a_compiled_function_is_run_again_on_the_arguments(backend):
    def plain(x, scale):
        return tv.array.log(tv.array.exp(x * scale) - 1.0)

    function = tv.compile(plain, backend=backend)
    x = np.array([1.0, 0.0, 2.0])
    assert np.isneginf(function(x, 3.0)[1])
    found = first_nonfinite(function, x, 3.0)
    assert found.cause == "logarithm of zero" and found.index == (1,)
    assert found.formula == "ln(e^(x · scale) − 1)"
    assert "return tv.array.log" in found.line
    good = first_nonfinite(function, x + 1, 3.0)
    assert not good and isinstance(good, AllFinite) and "finite" in str(good)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("backend", ["native", "reference"])
def test_the_steps_of_a_program_are_followed_without_changing_its_state(backend, dtype):
    v = tv.variable(np.array(2.0, dtype), name="v")
    count = tv.variable(np.int64(0), name="count")
    program = tv.Program([], v * 1.0, {v: v * v, count: count + 1}, backend=backend)
    # v is 2 to the power 2ᵏ before step k + 1; v·v overflows beyond 2¹²⁸ or 2¹⁰²⁴.
    last = 7 if dtype == "float32" else 10
    found = first_nonfinite(program, steps=20)
    assert found.step == last and found.cause == "overflow of a product"
    assert str(found).startswith(f"step {last}, ")
    assert v.value == 2 and count.value == 0
    fine = first_nonfinite(program, steps=last - 1)
    assert not fine and fine.steps == last - 1
    assert fine.largest == 2.0 ** (2 ** (last - 1))
    program.run(steps=last - 1)
    assert first_nonfinite(program)
    assert first_nonfinite(program).step is None


def test_a_program_gets_arrays_for_its_inputs_and_values_for_its_variables():
    x, w = tv.input((3,), name="x"), tv.variable(np.ones(3), name="w")
    program = tv.Program([x], {"y": w / x})
    assert not first_nonfinite(program, np.ones(3))
    assert first_nonfinite(program, np.array([1.0, 1.0, 0.0])).index == (2,)
    found = first_nonfinite(program, np.ones(3), values={"w": np.array([1.0, np.nan, 1.0])})
    assert found.cause == "bad data" and found.index == (1,) and found.name == "w"
    assert np.array_equal(w.value, np.ones(3))


def test_expressions_with_inputs_take_values_by_leaf_or_name():
    x = tv.input((2,), "float32", name="x")
    y = tv.array.sqrt(x)
    assert first_nonfinite(y, values={"x": np.float32([4, -1])}).kind == "NaN"
    assert first_nonfinite({"a": [y]}, values={x: np.float32([4, 0])}).__bool__() is False
    both = first_nonfinite([y.sum(), 1 / y], values={x: np.float32([4, 0])})
    assert both.primitive == "divide"


def test_a_gradient_is_told_with_the_formula_whose_derivative_it_is():
    x = tv.variable(np.array([0.0, 1.0]), name="x")
    loss = tv.array.sqrt(x).sum()
    found = first_nonfinite([loss, tv.gradient(loss, x)])
    assert (found.phase, found.derivative_of) == ("backward", "√x")
    assert "0.5 / √x, in the derivative of √x, became infinite (∞) at [0]" in str(found)


def test_overflow_of_weights_names_the_product_and_the_magnitudes():
    x = tv.variable(np.ones((4, 8), np.float32), name="x")
    w = tv.variable(np.full((8, 2), 1e38, np.float32), name="w")
    found = first_nonfinite(tv.label(x @ w, "z"))
    assert found.formula == "x @ w" and found.name == "z" and found.index == (0, 0)
    assert "the sum of 8 products" in found.why and "to 1e38 in w" in found.why
    assert "z = x @ w became infinite" in str(found)


def test_a_fit_tells_what_it_found():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(50, 2))
    arguments = (tv.models.Linear(), tv.objectives.SquaredError())
    data = (x, x @ [1.0, 2.0])
    fit = tv.fit(*arguments, tv.algorithms.SGD(0.01), data, epochs=2, progress=False)
    assert not first_nonfinite(fit) and "The fit" in str(first_nonfinite(fit))
    with pytest.warns(RuntimeWarning, match="became infinite"):
        fit = tv.fit(*arguments, tv.algorithms.SGD(1e9), data, epochs=9, progress=False)
    assert first_nonfinite(fit) is fit.bad_value


def test_a_fitted_model_is_looked_at_on_other_data():
    x = np.array([[1.0], [2.0], [3.0], [4.0]])
    model = tv.models.Formula(lambda x, w: w * tv.array.log(x[:, 0]), w=0.5)
    fit = tv.fit(
        model, tv.objectives.SquaredError(), tv.algorithms.SGD(0.01), (x, x[:, 0]),
        epochs=2, progress=False,
    )  # fmt: skip
    assert not first_nonfinite(fit) and not first_nonfinite(fit, (x, x[:, 0]))
    found = first_nonfinite(fit, (x - 2, x[:, 0]))
    assert found.cause == "logarithm of a negative number"
    assert found.rows == "row 0 (counted from 0) of the data"
    with pytest.raises(ArgumentError, match="first_nonfinite\\(fit, data\\)"):
        first_nonfinite(fit, steps=2)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: first_nonfinite(3.0), ArgumentError, "programs and fits, not at 3.0"),
        (lambda x: first_nonfinite([]), ArgumentError, "expressions"),
        (lambda x: first_nonfinite(np.sqrt), ArgumentError, "tv.compile"),
        (lambda x: first_nonfinite(x), UnboundInputError, "input x has no value"),
        (lambda x: first_nonfinite(x, 1.0), ArgumentError, "values="),
        (lambda x: first_nonfinite(x, steps=2), ArgumentError, "only a program"),
        (lambda x: first_nonfinite(x, steps=0), ArgumentError, "whole number from 1"),
        (lambda x: first_nonfinite(x, values={"y": 1}), ArgumentError, "called 'y'.*'x'"),
        (lambda x: first_nonfinite(x, values={"x": 1.0}), ShapeError, r"x has shape \(2,\)"),
        (lambda x: first_nonfinite(x, values={"x": [1j, 2]}), DTypeError, "complex"),
    ],
)
def test_what_cannot_be_searched_is_refused_in_words(call, error, message):
    with pytest.raises(error, match=message):
        call(tv.input((2,), name="x"))


def test_huge_and_empty_arrays():
    big = tv.variable(np.ones((1000, 1000), np.float32), name="big")
    assert not first_nonfinite((big @ big).sum())
    assert first_nonfinite(1 / (big - 1)).count == 1_000_000
    empty = tv.variable(np.zeros((0, 3)), name="empty")
    assert not first_nonfinite(1 / empty)
    found = first_nonfinite(tv.array.mean(empty, axis=0))
    assert found.cause == "division by zero" or found.kind == "NaN"
