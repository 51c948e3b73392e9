"""scan: a loop as one node, with the values and derivatives of the loop written out."""

import tracemalloc

import numpy as np
import pytest

import trivium as tv
from trivium.engine.errors import DTypeError, ShapeError

A = tv.array
RNG = np.random.default_rng(0)
WEIGHT, BIAS, START = RNG.normal(size=(2, 2)) / 2, RNG.normal(size=2), RNG.normal(size=2)
XS = RNG.normal(size=(4, 2))
POINTS = (WEIGHT, BIAS, XS, START)


def looped(weight, bias, xs, start):
    """A recurrent net whose carry also counts the steps."""

    def step(carry, x):
        state, count = carry
        new = A.tanh(weight @ state + bias * x + 0.1 * tv.stop_gradient(state))
        return (new, count + 1), new * count

    (state, _), emitted = tv.scan(step, (start, tv.tensor(0)), xs)
    return (state**2).sum() + emitted.sum()


def unrolled(weight, bias, xs, start):
    state, total = start, 0.0
    for i in range(4):
        state = A.tanh(weight @ state + bias * xs[i] + 0.1 * tv.stop_gradient(state))
        total = total + (state * i).sum()
    return (state**2).sum() + total


@pytest.mark.parametrize("argument", range(4))
def test_derivatives_are_those_of_the_loop_written_out(argument):
    points = [tv.tensor(point) for point in POINTS]
    for transform in (tv.grad, tv.hessian):
        found = transform(looped, argument)(*points).value
        np.testing.assert_allclose(found, transform(unrolled, argument)(*points).value, 1e-10)


def test_third_derivatives_pass_through():
    def steps(x):
        return tv.scan(lambda c, _: (c * x + A.sin(c), c * c), x, length=3)[1].sum()

    def by_hand(x):
        carry, total = x, 0.0
        for _ in range(3):
            carry, total = carry * x + A.sin(carry), total + carry * carry
        return total

    third = [tv.grad(tv.grad(tv.grad(f)))(0.7).item() for f in (steps, by_hand)]
    assert third[0] == pytest.approx(third[1], rel=1e-12)


def test_a_loop_in_a_loop_sees_variables_inputs_and_the_outer_carry():
    v, given = tv.variable(2.0, name="v"), tv.input((3,), name="given")

    def outer(carry, x):
        def inner(k, y):
            return k * v + x * y + carry * given.sum(), k + given[0]

        k, emitted = tv.scan(inner, carry, given * x)
        return k, emitted.sum()

    carry, emitted = tv.scan(outer, tv.tensor(0.5), given)
    y = carry + emitted.sum()
    point = np.array([0.1, 0.2, 0.3])

    def by_hand(v, given):
        carry, total = 0.5, 0.0
        for x in (given[i] for i in range(3)):
            k = carry
            for i in range(3):
                total = total + k + given[0]
                k = k * v + x * given[i] * x + carry * given.sum()
            carry = k
        return carry + total

    program = tv.Program([given], (y, tv.gradient(y, v), tv.gradient(y, given)))
    found = program.run(point)
    at = tv.tensor(2.0), tv.tensor(point)
    value, (by_v, by_given) = tv.value_and_grad(by_hand, (0, 1))(*at)
    np.testing.assert_allclose(found[0], value.value)
    np.testing.assert_allclose(found[1], by_v.value)
    np.testing.assert_allclose(found[2], by_given.value)


def test_the_carry_is_matched_by_key():
    """A step that writes its dict in another order must not exchange the carried values."""
    carry, _ = tv.scan(
        lambda c, _: ({"b": c["b"] + 1, "a": c["a"] * 2}, None), {"a": 1.0, "b": 10.0}, length=3
    )
    assert carry["a"].item() == 8.0
    assert carry["b"].item() == 13.0


def test_no_steps_leave_the_carry_and_its_derivative():
    carry, emitted = tv.scan(lambda c, x: (c * x, c), tv.tensor(2.0), np.zeros(0))
    assert carry.item() == 2.0
    assert emitted.shape == (0,)
    ended = tv.grad(lambda c: tv.scan(lambda c, x: (c * x, c), c, np.zeros(0))[0])
    assert ended(2.0).item() == 1.0


def test_the_memory_of_a_derivative_does_not_grow_with_weights_times_steps():
    """What the sum of the weights' cotangents was at every step is no result that is kept."""
    weight = tv.tensor(np.eye(100) / 2)

    def last(weight):
        return tv.scan(lambda c, _: (weight @ c, None), tv.tensor(np.ones(100)), length=100)[0]

    slope = tv.grad(lambda weight: last(weight).sum())(weight)
    tracemalloc.start()
    try:
        found = slope.value
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 20 * weight.value.nbytes
    # Σ_t W^{t} 1 1ᵀ W^{99−t} with W = I/2: every entry is 100 · 2⁻⁹⁹.
    np.testing.assert_allclose(found, np.full((100, 100), 100 * 2.0**-99))


def test_reverse_keeps_the_places():
    total, before = tv.scan(lambda c, x: (c + x, c), 0.0, np.arange(4.0), reverse=True)
    assert total.item() == 6.0
    np.testing.assert_array_equal(before.value, [6.0, 5.0, 3.0, 0.0])


@pytest.mark.parametrize(
    ("ask", "error", "words"),
    [
        (
            lambda: tv.scan(lambda c, _: ({"p": c["a"]}, None), {"a": 1.0}, length=2),
            ShapeError,
            "carry must be a dict with the keys 'a', but is a dict with the keys 'p'",
        ),
        (
            lambda: tv.scan(lambda c, _: (c[0], None), (1.0, 2.0), length=2),
            ShapeError,
            "carry must be a tuple of 2, but is one tensor",
        ),
        (lambda: tv.scan(lambda c, _: (c, c), 1.0, length=-1), ShapeError, "negative, got -1"),
        (lambda: tv.scan(lambda c, _: (c, c), 1.0, length=2.5), DTypeError, "not 2.5"),
        (lambda: tv.scan(lambda c, _: (c, c), 1.0), ShapeError, "needs length="),
        (
            lambda: tv.scan(lambda c, x: (c, x), 1.0, 3.0),
            ShapeError,
            "a scalar cannot be scanned",
        ),
        (lambda: tv.scan(lambda c, x: c + x, 0.0, np.ones(3)), ShapeError, "return two things"),
        (
            lambda: tv.scan(lambda c, x: (c + x, x), 0.0, np.ones(3), length=4),
            ShapeError,
            r"different lengths: \[3, 4\]",
        ),
        (
            lambda: tv.scan(lambda c, x: (c + x, x), 0, np.ones(3)),
            DTypeError,
            "carry starts as int64 but step returns float64",
        ),
    ],
)
def test_requests_without_meaning_say_why(ask, error, words):
    with pytest.raises(error, match=words):
        ask()
