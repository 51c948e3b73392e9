"""Simplification as rewriting of graphs: structure before and after, and equal values."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trivium.engine import array
from trivium.engine.backends.reference.interpreter import Interpreter
from trivium.engine.composites import broadcast_to, ones_like, zeros_like
from trivium.engine.primitives import arithmetic, exponential, reductions, structure
from trivium.engine.primitives.contraction import contraction
from trivium.engine.tensor import input, literal
from trivium.insight.derivation import textbook
from trivium.insight.derivation.raising import raise_operations
from trivium.insight.derivation.simplify import simplify

BATCH = 7919
SIZE = input((), "float64", name="n")
X = input((BATCH, 3), "float64", name="x")
Y = input((BATCH, 3), "float64", name="y")
V = input((BATCH,), "float64", name="v")
CODES = input((BATCH,), "int64", name="codes")


def filled(value, like):
    return broadcast_to(literal(value, like.dtype), like.shape)


def one(expression):
    return simplify([expression], SIZE, BATCH)[0]


def matrix(x, y):
    return contraction(x, y, left=(0, 1), right=(1, 2), out=(0, 2))


W = input((3, 3), "float64", name="w")
SCALAR = arithmetic.divide(literal(1.0, X.dtype), SIZE)
EXAMPLES = {
    "one times": (lambda: X * 1.0, lambda: X),
    "signs meet": (lambda: arithmetic.negative(-X), lambda: X),
    "a sum with a negative": (lambda: X + (-Y), lambda: arithmetic.subtract(X, Y)),
    "what is subtracted comes second": (lambda: -X + Y, lambda: arithmetic.subtract(Y, X)),
    "coefficients meet": (
        lambda: 2.0 * (3.0 * X),
        lambda: arithmetic.multiply(filled(6.0, X), X),
    ),
    "a quotient by a number": (
        lambda: X / broadcast_to(SIZE, X.shape),
        lambda: arithmetic.multiply(broadcast_to(SCALAR, X.shape), X),
    ),
    "out of a product with a matrix": (
        lambda: matrix(2.0 * X, W),
        lambda: arithmetic.multiply(filled(2.0, X), matrix(X, W)),
    ),
    "out of a sum": (
        lambda: reductions.sum_(2.0 * X, axes=(1,)),
        lambda: arithmetic.multiply(filled(2.0, V), reductions.sum_(X, axes=(1,))),
    ),
    "a common coefficient": (
        lambda: 2.0 * X - 2.0 * Y,
        lambda: arithmetic.multiply(filled(2.0, X), arithmetic.subtract(X, Y)),
    ),
    "a common factor": (
        lambda: X * Y + X * exponential.exp(Y),
        lambda: arithmetic.multiply(X, arithmetic.add(Y, exponential.exp(Y))),
    ),
    "a common factor that one of them has twice": (
        lambda: X * Y * X + X,
        lambda: arithmetic.multiply(X, arithmetic.add(arithmetic.multiply(Y, X), ones_like(X))),
    ),
    "a square": (lambda: X * X, lambda: arithmetic.square(X)),
    "difference of squares": (
        lambda: (1.0 - X) * (1.0 + X),
        lambda: arithmetic.subtract(ones_like(X), arithmetic.square(X)),
    ),
    "the other sigmoid": (
        lambda: exponential.sigmoid(-X),
        lambda: arithmetic.subtract(ones_like(X), exponential.sigmoid(X)),
    ),
    "times a reciprocal": (lambda: X * (1.0 / Y), lambda: arithmetic.divide(X, Y)),
    "sums of sums": (
        lambda: reductions.sum_(reductions.sum_(X, axes=(1,)), axes=(0,)),
        lambda: reductions.sum_(X, axes=(0, 1)),
    ),
    "one class is the true one": (
        lambda: reductions.sum_(textbook.one_hot(CODES, classes=3, dtype=X.dtype), axes=(1,)),
        lambda: ones_like(V),
    ),
    "the examples are counted": (
        lambda: reductions.sum_(ones_like(V), axes=(0,)),
        lambda: SIZE,
    ),
    "cases that complete each other": (
        lambda: (
            structure.where(X > Y, X, zeros_like(X)) + structure.where(X > Y, zeros_like(X), Y)
        ),
        lambda: structure.where(X > Y, X, Y),
    ),
    "a product with ones": (
        lambda: contraction(X, ones_like(V), left=(0, 1), right=(0,), out=(1,)),
        lambda: reductions.sum_(X, axes=(0,)),
    ),
}


@pytest.mark.parametrize("name", list(EXAMPLES))
def test_before_and_after(name):
    before, after = EXAMPLES[name]
    assert one(before()) is after()
    assert one(after()) is one(one(after()))


def test_a_factor_of_all_cases_stays_where_it_was_unless_asked():
    cases = structure.where(X > Y, X, 0.5 * X)
    assert simplify([cases], SIZE, BATCH, cases=False)[0] is cases
    factored = one(cases)
    assert factored.primitive is arithmetic.multiply
    assert factored.inputs[0] is X


SMALL = 4
LEAVES = [input((SMALL, 3), "float64", name=name) for name in "abc"]
UNARY = [
    lambda x: -x,
    lambda x: x * 2.0,
    lambda x: x / 3.0,
    array.sigmoid,
    array.tanh,
    array.square,
    lambda x: array.sigmoid(-x),
    lambda x: broadcast_to(x.sum(axis=1, keepdims=True), x.shape),
]
BINARY = [
    lambda x, y: x + y,
    lambda x, y: x - y,
    lambda x, y: x * y,
    lambda x, y: (1.0 - x) * (1.0 + y),
    lambda x, y: array.where(x > y, x, 0.5 * x),
    lambda x, y: array.where(x > y, x, 0.0) + array.where(x > y, 0.0, y),
]


@given(
    choices=st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99)), min_size=1, max_size=9)
)
@settings(max_examples=150, deadline=None)
def test_values_stay(choices):
    made = list(LEAVES)
    for kind, place in choices:
        x, y = made[place % len(made)], made[(place // 3) % len(made)]
        function = (UNARY + BINARY)[kind % (len(UNARY) + len(BINARY))]
        made.append(
            function(x) if kind % (len(UNARY) + len(BINARY)) < len(UNARY) else function(x, y)
        )
    rng = np.random.default_rng(0)
    values = {id(leaf): rng.normal(size=leaf.shape) for leaf in LEAVES}
    before = Interpreter([made[-1]], LEAVES).run(values)[0]
    (better,) = simplify([made[-1]], SIZE, BATCH)
    after = Interpreter([better], LEAVES).run(values)[0]
    np.testing.assert_allclose(after, before, rtol=1e-9, atol=1e-9 * np.abs(before).max())


@pytest.mark.parametrize(
    ("made", "operation"),
    [
        (lambda: array.softmax(X), textbook.softmax),
        (lambda: array.log_softmax(X), textbook.log_softmax),
        (lambda: array.logsumexp(X, axis=1), textbook.log_sum_exp),
        (lambda: array.relu(X), textbook.relu),
        (lambda: array.one_hot(CODES, 3), textbook.one_hot),
        (lambda: array.log(array.softmax(X)), textbook.log_softmax),
        (lambda: array.exp(X) / array.exp(X).sum(axis=1, keepdims=True), textbook.softmax),
        (lambda: array.log(array.exp(X).sum(axis=1)), textbook.log_sum_exp),
        (lambda: X.max(axis=1), textbook.largest),
    ],
)
def test_composites_are_recognised(made, operation):
    (found,) = raise_operations([made()], BATCH).outputs
    assert found.primitive is operation


def test_sizes_become_symbols_and_other_numbers_stay():
    raised = raise_operations([X.mean(axis=0), X * 1e-9, X * 7918.0, X.mean()], BATCH)
    mean, small, other, whole = raised.outputs
    assert mean.inputs[1].inputs[0] is raised.size
    assert float(small.inputs[1].inputs[0].attributes.array) == 1e-9
    assert float(other.inputs[1].inputs[0].attributes.array) == 7918.0
    count = whole.inputs[1]
    assert count.inputs[1] is raised.size
    assert float(count.inputs[0].attributes.array) == 3.0
