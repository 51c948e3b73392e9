"""Every cause on its smallest example, in both dtypes, forward and backward, both backends."""

import numpy as np
import pytest

import trivium as tv
from trivium.engine.nonfinite import BadValue, first_bad_value
from trivium.engine.nonfinite.causes import causes
from trivium.engine.nonfinite.causes_overflow import MORE_EXAMPLES
from trivium.engine.primitive import Unsupported, table
from trivium.engine.primitives import rules
from trivium.engine.tensor import node

FLOATS = (np.dtype("float32"), np.dtype("float64"))
EXAMPLES = [*[(cause.name, cause.example) for cause in causes()], *MORE_EXAMPLES]


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
@pytest.mark.parametrize(("name", "example"), EXAMPLES, ids=[name for name, _ in EXAMPLES])
def test_the_example_has_its_cause(name, example, dtype):
    expression = example(dtype)
    for compiled in (False, True):
        found = first_bad_value([expression], compiled=compiled)
        assert found is not None and found.cause == name
        assert found.phase == "forward" and found.primitive in table()
        assert found.dtype == str(expression.dtype)
        assert not np.isfinite(found.value)
        assert np.array_equal(
            np.asarray(expression.value)[found.index], found.value, equal_nan=True
        )


def test_causes_speak_of_primitives_that_exist_and_have_distinct_names():
    assert {name for cause in causes() for name in cause.primitives} <= set(table())
    names = [cause.name for cause in causes()]
    assert len(set(names)) == len(names)


def elementwise(count):
    """The names of all primitives of ``count`` floating numbers that work element by element."""
    found = []
    for name, primitive in table().items():
        if primitive.shape is not rules.same_shape or isinstance(
            primitive.samples, Unsupported
        ):
            continue
        first = primitive.samples(np.random.default_rng(0))[0]
        if [each.dtype.kind for each in first.inputs] == ["f"] * count:
            found.append(name)
    return found


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
@pytest.mark.parametrize("name", elementwise(1))
def test_no_function_of_one_variable_is_left_without_a_reason(name, dtype):
    """At any finite number where it gives NaN or an infinity, the sentence says why."""
    largest = float(np.finfo(dtype).max)
    points = [0.0, -0.0, 1.0, -1.0, 2.0, -2.0, -0.5, 1e3, -1e3, 1e-30, largest, -largest]
    attributes = table()[name].samples(np.random.default_rng(0))[0].attributes
    for point in points:
        leaf = tv.tensor(np.array([point], dtype), name="x")
        expression = node(table()[name], [leaf], attributes)
        if expression.dtype.kind != "f":
            return
        found = first_bad_value([expression])
        assert (found is None) == bool(np.isfinite(expression.value).all())
        if found is not None:
            assert found.cause not in ("unknown", "leaf"), (point, str(found))
            assert found.why and found.remedy


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
@pytest.mark.parametrize("name", elementwise(2))
def test_no_function_of_two_variables_is_left_without_a_reason(name, dtype):
    largest = float(np.finfo(dtype).max)
    points = [0.0, 1.0, -1.0, 0.5, -0.5, 3.0, 1e-30, largest, -largest]
    for x in points:
        for y in points:
            left, right = (tv.variable(np.array([v], dtype)) for v in (x, y))
            expression = table()[name](left, right)
            if expression.dtype.kind != "f":
                return
            found = first_bad_value([expression])
            assert (found is None) == bool(np.isfinite(expression.value).all())
            assert found is None or found.cause not in ("unknown", "leaf"), (x, y, str(found))


# The derivative: a function, a point where it is finite and its slope is not, the cause.
SLOPES = [
    (tv.array.sqrt, 0.0, "division by zero", "√x"),
    (lambda x: x**0.5, 0.0, "zero to a negative power", "a power"),
    (tv.array.asin, 1.0, "division by zero", "arcsin(x)"),
    (tv.array.acosh, 1.0, "division by zero", "arcosh(x)"),
    (lambda x: tv.array.log(x) * 0.0 + x, 1e-320, "overflow of a quotient", "ln x"),
]


@pytest.mark.parametrize(
    ("function", "point", "cause", "of"), SLOPES, ids=[case[2] + case[3] for case in SLOPES]
)
def test_a_slope_that_is_infinite_is_found_in_the_backward_pass(function, point, cause, of):
    fine = 2.0 if point == 1.0 and of.startswith("arcosh") else 0.5
    x = tv.variable(np.array([fine, point]), name="x")
    y = function(x)
    loss = y.sum()
    if of == "ln x":  # 1 / x overflows before anything multiplies it with 0
        loss = tv.array.log(x).sum()
    found = first_bad_value([loss, tv.gradient(loss, x)])
    assert found.phase == "backward" and found.cause == cause
    assert found.derivative_of == of or of == "a power"
    assert found.index == (1,)
    assert "in the derivative of" in str(found)


def test_the_norm_has_no_infinite_slope_at_zero():
    x = tv.variable(np.zeros(3), name="x")
    assert first_bad_value([tv.gradient(tv.array.norm(x), x)]) is None


# Why a number is zero.
def log_of(make):
    x = tv.variable(np.array([[0.0, 200.0, -200.0]], np.float32), name="x")
    return str(first_bad_value([tv.array.log(make(x))]).why)


def test_a_zero_is_explained_by_what_underflowed():
    assert "a softmax underflowed: its logit is 200 below" in log_of(
        lambda x: tv.array.softmax(x)[:, 0]
    )
    assert "the sigmoid underflowed: σ(−200) is 0 in float32" in log_of(
        lambda x: tv.array.sigmoid(x)[0]
    )
    assert "underflowed: in float32 eˣ is 0 below −104" in log_of(
        lambda x: tv.array.exp(x - 200.0)
    )
    assert "ReLU(−200) is 0" in log_of(lambda x: tv.array.relu(x)[0, 2:])
    assert "1e−30 · 1e−30 is smaller than the smallest float32" in log_of(
        lambda x: (x * 0 + 1e-30) * (x * 0 + 1e-30)
    )
    assert "are equal there, both 200" in log_of(lambda x: (x - tv.array.max(x))[0, 1:2])
    assert "all 3 elements of the sum are 0" in log_of(lambda x: tv.array.sum(x * 0))
    assert "x is 0 at [0, 0]" in log_of(lambda x: tv.array.abs(x.T))
    assert "it is x[:, 1:] minus itself" in log_of(lambda x: x[0, 1:] - x[0, 1:])


def test_underflowed_softmax_and_sigmoid_name_the_function_that_helps():
    z = tv.variable(np.array([[0.0, 800.0]]), name="z")
    p = tv.label(tv.array.softmax(z), "p")
    assert "log_softmax" in first_bad_value([tv.array.log(p)]).remedy
    q = tv.label(tv.array.sigmoid(-z), "q")
    assert "log_sigmoid" in first_bad_value([tv.array.log(q)]).remedy


def test_the_message_reads_as_sentences():
    z = tv.variable(np.array([[0.0, 3.0], [0.0, 800.0]]), name="z")
    p = tv.label(tv.array.softmax(z), "p")
    text = str(first_bad_value([-tv.array.log(p[:, 0])]))
    head, *rest = text.splitlines()
    assert head == "forward pass: ln p[:, 0] became infinite (−∞) at [1] of shape (2,)"
    assert rest[0] == "  p[:, 0]: float64, shape (2,), from 0 to 0.0474; 0 there"
    assert rest[1] == (
        "  why: ln 0 is −∞, and p[:, 0] is 0 there, because a softmax underflowed: its logit is "
        "800 below the largest of its row, and in float64 eˣ is 0 below −745"
    )
    assert rest[-1].startswith("  your line: ") and "tv.array.log(p[:, 0])" in rest[-1]


def test_a_record_survives_json():
    import json

    x = tv.variable(np.array([1.0, 0.0]), name="x")
    found = first_bad_value([1 / x])
    fields = {**json.loads(json.dumps({**found.to_dict(), "value": 0})), "value": found.value}
    assert BadValue.from_dict(fields) == found
